//! Probes and operators whose words are masked before anything else hears them: peers tell secrets.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::secrets::{ActSecrets, ReadSecrets, listed_names};
use crate::domain::link::{Link, LinkWord};
use crate::domain::preview::{Preview, Standing};
use crate::domain::reading::{FactValue, Health, Identity, Look, LookError, Part, Reading, Rival};
use crate::domain::run::commit::Execution;
use crate::domain::site::{SecretSource, Site};
use crate::domain::text::Clean;
use crate::port::{Beat, Beater, Boxed, Looks, OperateError, Operator, Output, Probe, Secrets};
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

    fn all<'t>(&self, texts: impl IntoIterator<Item = &'t mut Clean>) {
        for text in texts {
            *text = self.text(text);
        }
    }

    fn look(&self, mut look: Look, memo: &mut Memo) -> Look {
        match &mut look {
            Ok(reading) => self.reading(reading, memo),
            Err(LookError { kind: _, message }) => *message = self.text(message),
        }
        look
    }

    /// Every field by name: one that is added later does not compile until it is thought of here.
    fn reading(&self, reading: &mut Reading, memo: &mut Memo) {
        let Reading {
            health,
            hindered,
            identity,
            rival,
            link,
            end,
            parted,
            parts,
            facts,
            note,
            // These hold no text of a peer.
            at: _,
            took_ms: _,
            role: _,
            writes: _,
            lag: _,
            held: _,
            credentials_end: _,
            capacity: _,
        } = reading;
        let mut mask = |text: &mut Clean| *text = memo.text(self, text);
        for fact in facts {
            match &mut fact.value {
                FactValue::Text(text) | FactValue::Unknown(text) => mask(text),
                FactValue::Boolean(_)
                | FactValue::Number(_)
                | FactValue::Seconds(_)
                | FactValue::Share(_) => {}
            }
        }
        match health {
            Health::Up => {}
            Health::Degraded(why) | Health::Down(why) | Health::Unknown(why) => mask(why),
        }
        if let Some(Link { says: LinkWord::Unknown(why), .. }) = link {
            mask(why);
        }
        if let Some(Identity { server, data }) = identity {
            [server, data].into_iter().for_each(&mut mask);
        }
        for Part { name, role: _, identity: Identity { server, data }, held: _ } in parts {
            [name, server, data].into_iter().for_each(&mut mask);
        }
        if let Some(Rival { place, is_silent: _ }) = rival {
            mask(place);
        }
        [end, parted].into_iter().flatten().for_each(|told| mask(&mut told.of));
        hindered.iter_mut().chain([note]).for_each(mask);
    }

    fn identity(&self, Identity { server, data }: &mut Identity) {
        self.all([server, data]);
    }

    fn standing(&self, mut standing: Standing) -> Standing {
        let (Standing::Done(text) | Standing::NotDone(text) | Standing::Unknown(text)) =
            &mut standing;
        self.all([text]);
        standing
    }

    fn preview(&self, mut preview: Preview) -> Preview {
        let Preview { changes, call, acts_as } = &mut preview;
        self.all(changes.iter_mut().map(|line| &mut line.text).chain([call, acts_as]));
        preview
    }

    fn error(&self, mut error: OperateError) -> OperateError {
        let (OperateError::Refused(why)
        | OperateError::Permission(why)
        | OperateError::Ambiguous(why)) = &mut error;
        self.all([why]);
        error
    }
}

/// What the texts of a look were masked to: most are told again in the next one.
#[derive(Default)]
struct Memo {
    before: HashMap<Clean, Clean>,
    now: HashMap<Clean, Clean>,
}

impl Memo {
    fn text(&mut self, mask: &Mask, text: &Clean) -> Clean {
        let known = self.before.remove_entry(text);
        let (text, masked) = known.unwrap_or_else(|| (text.clone(), mask.text(text)));
        self.now.insert(text, masked.clone());
        masked
    }

    fn end_look(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }
}

/// A probe that tells no secret.
pub struct MaskedProbe {
    probe: Box<dyn Probe>,
    mask: Mask,
    memo: Memo,
}

impl MaskedProbe {
    /// The probe, masked.
    pub fn new(probe: Box<dyn Probe>, mask: Mask) -> Self {
        Self { probe, mask, memo: Memo::default() }
    }
}

impl Probe for MaskedProbe {
    fn look(&mut self) -> Boxed<'_, Looks> {
        Box::pin(async {
            let Looks { a, b } = self.probe.look().await;
            let (mask, memo) = (&self.mask, &mut self.memo);
            let [a, b] = [a, b].map(|look| look.map(|look| mask.look(look, memo)));
            memo.end_look();
            Looks { a, b }
        })
    }

    fn anew(&mut self, step: u64) {
        self.probe.anew(step);
    }

    fn learned(&self) -> Option<String> {
        Some(self.mask.sentence(&self.probe.learned()?))
    }

    fn recall(&mut self, learned: &str) {
        self.probe.recall(learned);
    }
}

/// A writer of heartbeats that tells no secret.
pub struct MaskedBeater {
    /// The writer.
    pub beater: Box<dyn Beater>,
    /// What masks.
    pub mask: Mask,
}

impl Beater for MaskedBeater {
    fn what(&self) -> Clean {
        self.mask.text(&self.beater.what())
    }

    fn every(&self) -> Duration {
        self.beater.every()
    }

    fn limit(&self) -> Duration {
        self.beater.limit()
    }

    fn beat(&mut self) -> Boxed<'_, Result<Beat, LookError>> {
        Box::pin(async {
            let mut told = self.beater.beat().await;
            match &mut told {
                Ok(Beat::Written) => {}
                Ok(Beat::Standby(why)) | Err(LookError { kind: _, message: why }) => {
                    self.mask.all([why]);
                }
            }
            told
        })
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
            let mut told = self.operator.identity().await;
            match &mut told {
                Ok(Some(told)) => self.mask.identity(told),
                Ok(None) => {}
                Err(why) => self.mask.all([why]),
            }
            told
        })
    }

    fn check(&mut self) -> Boxed<'_, Standing> {
        Box::pin(async { self.mask.standing(self.operator.check().await) })
    }

    fn preview(&mut self) -> Boxed<'_, Preview> {
        Box::pin(async { self.mask.preview(self.operator.preview().await) })
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
                .map_err(|error| self.mask.error(error))
        })
    }
}
