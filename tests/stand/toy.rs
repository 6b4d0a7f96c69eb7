//! Kinds of system made up for tests of files: they check settings and can do nothing.

use warroom::app::kinds::KINDS;
use warroom::domain::catalogue::{ActionSpec, Change, Class, FactSpec, Fencing, Guard};
use warroom::domain::reading::{Health, Look, LookError, LookErrorKind, Reading};
use warroom::domain::settings::{Fault, Fields, Table, Value};
use warroom::domain::site::SystemSpec;
use warroom::domain::time::Stamp;
use warroom::files::kinds::Kinds;
use warroom::port::{
    About, Action, Boxed, Looks, Operator, OperatorSetup, Probe, ProbeSetup, System,
};

pub const TOYS: Kinds = Kinds { systems: &[&WEB, &STORE], ..KINDS };

pub struct Toy {
    about: About,
    address: &'static str,
    secret: Option<&'static str>,
}

const ABOUT: About = About {
    kind: "toy-web",
    doc: "A toy.",
    settings: &[],
    facts: &[],
    permissions: &[],
    grants: &[],
    actions: &[&LOOK, &RUN, &FENCE, &SCALE, &SHIFT],
    example_name: "toy",
    example_pace: ["1s", "1s"],
};

static WEB: Toy = Toy { about: ABOUT, address: "url", secret: None };
static STORE: Toy = Toy {
    about: About {
        kind: "toy-store",
        facts: &[
            FactSpec { name: "slots", doc: "replication slots" },
            FactSpec { name: "disk_free", doc: "bytes free" },
        ],
        actions: &[&PROMOTE, &WRITE],
        ..ABOUT
    },
    address: "host",
    secret: Some("read"),
};

impl System for Toy {
    fn about(&self) -> &'static About {
        if self.address == "url" { &WEB.about } else { &STORE.about }
    }
    fn secrets_to_watch(&self, spec: &SystemSpec) -> Result<Vec<String>, Fault> {
        let what = format!("system `{}`", spec.id);
        let fields = Fields::new(&spec.settings, what.clone());
        fields.text("path")?;
        fields.finish()?;
        let mut names = Vec::new();
        for side in spec.sides.iter().flatten() {
            let fields = Fields::new(side, what.clone());
            fields.need_text(self.address)?;
            fields.text("act")?;
            if let Some(key) = self.secret {
                names.push(fields.need_text(key)?.to_owned());
            }
            fields.finish()?;
        }
        Ok(names)
    }
    fn probe(&self, setup: ProbeSetup<'_>) -> Result<Box<dyn Probe>, Fault> {
        let name = |side: usize| match setup.spec.sides[side].as_ref()?.get(self.address)?.value {
            Value::Text(ref text) => Some(text.clone()),
            _ => None,
        };
        if let Some(secret) = self.secrets_to_watch(setup.spec)?.first() {
            let span = setup.spec.span;
            setup.secrets.open(secret).map_err(|told| Fault::new(span, told.to_string()))?;
        }
        Ok(Box::new(ToyProbe { at: setup.clock.now(), names: [name(0), name(1)] }))
    }
}

/// Answers by the word in its address: `up`, `down`, `denied`, `hangs`; all else is unreachable.
struct ToyProbe {
    at: Stamp,
    names: [Option<String>; 2],
}

impl ToyProbe {
    fn answer(&self, side: usize) -> Option<Look> {
        let name = self.names[side].as_ref()?;
        Some(if name.contains("up") {
            Ok(Reading::new(self.at, Health::Up, "fine"))
        } else if name.contains("down") {
            Ok(Reading::new(self.at, Health::Down("says no".into()), "503"))
        } else if name.contains("denied") {
            Err(LookError::new(LookErrorKind::Permission, "wrong password"))
        } else {
            Err(LookError::new(LookErrorKind::Unreachable, "no route"))
        })
    }
}

impl Probe for ToyProbe {
    fn look(&mut self) -> Boxed<'_, Looks> {
        Box::pin(async {
            if self.names.iter().flatten().any(|name| name.contains("hangs")) {
                std::future::pending::<()>().await;
            }
            Looks { a: self.answer(0), b: self.answer(1) }
        })
    }
}

struct Deed(ActionSpec);

impl Action for &'static Deed {
    fn spec(&self) -> &'static ActionSpec {
        &self.0
    }
    fn check_settings(&self, with: &Table, _: Option<&SystemSpec>) -> Result<(), Fault> {
        let fields = Fields::new(with, format!("`{}`", self.0.name));
        if self.0.name == "toy.run" {
            fields.texts("argv")?;
        }
        fields.finish()
    }
    fn operator(&self, setup: OperatorSetup<'_>) -> Result<Box<dyn Operator>, Fault> {
        Err(Fault::new(setup.step.span, "a toy does nothing"))
    }
}

const fn deed(
    name: &'static str,
    class: Class,
    guard: Guard,
    needs_target: bool,
    change: Change,
) -> Deed {
    Deed(ActionSpec {
        name,
        doc: "A toy.",
        verb: "play",
        class,
        guard,
        fencing: Fencing::NotFenced,
        change,
        reversal: "none",
        permissions: &[],
        needs_target,
        settings: &[],
    })
}

static LOOK_DEED: Deed = deed("toy.look", Class::R, Guard::OneKey, true, Change::Check);
static RUN_DEED: Deed = deed("toy.run", Class::I, Guard::StopWindow, false, Change::None);
static FENCE_DEED: Deed = deed("toy.fence", Class::I, Guard::StopWindow, false, Change::Fence);
static SCALE_DEED: Deed = deed("toy.scale", Class::I, Guard::StopWindow, true, Change::Scale);
static SHIFT_DEED: Deed =
    deed("toy.shift", Class::I, Guard::StopWindow, false, Change::ShiftTraffic);
static PROMOTE_DEED: Deed = deed("toy.promote", Class::X, Guard::TypedVerb, true, Change::Promote);
static WRITE_DEED: Deed = deed("toy.write", Class::I, Guard::StopWindow, true, Change::ProveWrite);
static LOOK: &Deed = &LOOK_DEED;
static RUN: &Deed = &RUN_DEED;
static FENCE: &Deed = &FENCE_DEED;
static SCALE: &Deed = &SCALE_DEED;
static SHIFT: &Deed = &SHIFT_DEED;
static PROMOTE: &Deed = &PROMOTE_DEED;
static WRITE: &Deed = &WRITE_DEED;
