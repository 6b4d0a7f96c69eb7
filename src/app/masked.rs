//! Probes and operators whose words are masked before anything else hears them: peers tell secrets.

use std::sync::Arc;

use secrecy::SecretString;

use super::secrets::{ActSecrets, ReadSecrets, listed_names};
use crate::domain::link::{Link, LinkWord};
use crate::domain::preview::{Preview, PreviewLine, Standing};
use crate::domain::reading::{FactValue, Health, Identity, Look, LookError, Position, Reading};
use crate::domain::run::commit::Execution;
use crate::domain::site::{SecretSource, Site};
use crate::domain::text::Clean;
use crate::port::{Boxed, Looks, OperateError, Operator, Output, Probe, Secrets};
use crate::runtime::last_words;
use crate::runtime::redact::Redactor;

/// The secrets that anything of a watching console may get hold of: those it opens, and those in
/// variables that the programs it starts see.
pub fn known_to_watch(site: &Site, read: &ReadSecrets) -> Vec<SecretString> {
    let seen: Vec<String> = site
        .systems
        .iter()
        .flat_map(|system| {
            let sides = system.sides.iter().flatten();
            sides.chain([&system.settings]).flat_map(listed_names).collect::<Vec<_>>()
        })
        .collect();
    let opened = read.names().filter_map(|name| read.open(name).ok()?.secret);
    let in_sight = site.secrets.iter().filter_map(|secret| match &secret.source {
        Some(SecretSource::Environment(name)) if seen.contains(name) => {
            super::secrets::environment(name).map(SecretString::from)
        }
        Some(SecretSource::Environment(_) | SecretSource::File(_)) | None => None,
    });
    opened.chain(in_sight).collect()
}

/// Every secret of the site that can be opened, for a process that acts.
pub fn known_to_act(site: &Site, secrets: &ActSecrets) -> Vec<SecretString> {
    site.secrets.iter().filter_map(|secret| secrets.open(&secret.name).ok()?.secret).collect()
}

/// What masks.
#[derive(Clone)]
pub struct Mask(Arc<Redactor>);

impl Mask {
    /// Masks these, and what looks like a secret; from here on in a fault of the program too.
    pub fn of(known: &[SecretString]) -> Self {
        last_words::know(known);
        Self(Arc::new(Redactor::new(known)))
    }

    fn text(&self, text: &Clean) -> Clean {
        Clean::new(&self.0.text(text.as_str()))
    }

    /// Masks what kept a probe or an operator from being built: it may quote what was opened.
    pub fn sentence(&self, text: &str) -> String {
        self.0.text(text)
    }

    fn look(&self, look: Look) -> Look {
        match look {
            Ok(reading) => Ok(self.reading(reading)),
            Err(error) => Err(LookError { kind: error.kind, message: self.text(&error.message) }),
        }
    }

    /// Every field by name: one that is added later does not compile until it is thought of here.
    fn reading(&self, reading: Reading) -> Reading {
        let Reading {
            at,
            took_ms,
            health,
            role,
            writes,
            hindered,
            identity,
            lag,
            link,
            held,
            end,
            parted,
            capacity,
            mut facts,
            note,
        } = reading;
        for fact in &mut facts {
            match &mut fact.value {
                FactValue::Text(text) | FactValue::Unknown(text) => *text = self.text(text),
                FactValue::Boolean(_)
                | FactValue::Number(_)
                | FactValue::Seconds(_)
                | FactValue::Share(_) => {}
            }
        }
        let position = |told: Position| Position { of: self.text(&told.of), ..told };
        Reading {
            at,
            took_ms,
            health: match health {
                Health::Up => Health::Up,
                Health::Degraded(why) => Health::Degraded(self.text(&why)),
                Health::Down(why) => Health::Down(self.text(&why)),
                Health::Unknown(why) => Health::Unknown(self.text(&why)),
            },
            role,
            writes,
            hindered: hindered.map(|why| self.text(&why)),
            identity: identity.map(|told| self.identity(&told)),
            lag,
            link: link.map(|told| self.link(told)),
            held,
            end: end.map(position),
            parted: parted.map(position),
            capacity,
            facts,
            note: self.text(&note),
        }
    }

    fn link(&self, told: Link) -> Link {
        let says = match told.says {
            LinkWord::Unknown(why) => LinkWord::Unknown(self.text(&why)),
            known @ (LinkWord::Up | LinkWord::Down) => known,
        };
        Link { says, ..told }
    }

    fn identity(&self, told: &Identity) -> Identity {
        Identity { server: self.text(&told.server), data: self.text(&told.data) }
    }

    fn standing(&self, standing: &Standing) -> Standing {
        match standing {
            Standing::Done(text) => Standing::Done(self.text(text)),
            Standing::NotDone(text) => Standing::NotDone(self.text(text)),
            Standing::Unknown(text) => Standing::Unknown(self.text(text)),
        }
    }

    fn preview(&self, preview: Preview) -> Preview {
        let line = |line: PreviewLine| PreviewLine { mark: line.mark, text: self.text(&line.text) };
        Preview {
            changes: preview.changes.into_iter().map(line).collect(),
            call: self.text(&preview.call),
            acts_as: self.text(&preview.acts_as),
        }
    }

    fn error(&self, error: &OperateError) -> OperateError {
        match error {
            OperateError::Refused(why) => OperateError::Refused(self.text(why)),
            OperateError::Permission(why) => OperateError::Permission(self.text(why)),
            OperateError::Ambiguous(why) => OperateError::Ambiguous(self.text(why)),
        }
    }
}

/// A probe that tells no secret.
pub struct MaskedProbe {
    /// The probe.
    pub probe: Box<dyn Probe>,
    /// What masks.
    pub mask: Mask,
}

impl Probe for MaskedProbe {
    fn look(&mut self) -> Boxed<'_, Looks> {
        Box::pin(async {
            let Looks { a, b } = self.probe.look().await;
            let mask = &self.mask;
            Looks { a: a.map(|look| mask.look(look)), b: b.map(|look| mask.look(look)) }
        })
    }

    fn learned(&self) -> Option<String> {
        Some(self.mask.sentence(&self.probe.learned()?))
    }

    fn recall(&mut self, learned: &str) {
        self.probe.recall(learned);
    }
}

/// An operator that tells no secret. What its attempt prints is masked where it is written down.
pub struct MaskedOperator {
    /// The operator.
    pub operator: Box<dyn Operator>,
    /// What masks.
    pub mask: Mask,
}

impl Operator for MaskedOperator {
    fn senses(&self) -> bool {
        self.operator.senses()
    }

    fn identity(&mut self) -> Boxed<'_, Result<Option<Identity>, Clean>> {
        Box::pin(async {
            let told = self.operator.identity().await;
            told.map(|told| told.map(|told| self.mask.identity(&told)))
                .map_err(|why| self.mask.text(&why))
        })
    }

    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(async {
            let standing = self.operator.check().await;
            self.mask.standing(&standing)
        })
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        Box::pin(async {
            let preview = self.operator.preview().await;
            self.mask.preview(preview)
        })
    }

    fn apply<'a>(
        &'a mut self,
        execution: &'a Execution,
        output: &'a mut dyn Output,
    ) -> Boxed<'a, Result<Clean, OperateError>> {
        Box::pin(async move {
            let outcome = self.operator.apply(execution, output).await;
            outcome
                .map(|evidence| self.mask.text(&evidence))
                .map_err(|error| self.mask.error(&error))
        })
    }
}
