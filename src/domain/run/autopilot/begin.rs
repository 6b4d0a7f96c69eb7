//! Whether the site and the readings let this person begin such a run now.

use std::time::Duration;

use super::{Choice, Outlook, person, two_primaries};
use crate::domain::known::Known;
use crate::domain::rules::period;
use crate::domain::run::decide::{Context, permitted};
use crate::domain::run::event::Mode;
use crate::domain::run::intent::Kind;
use crate::domain::site::{Site, SiteRole};
use crate::domain::snapshot::earlier;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::{Primary, Verdict};

/// Looks in a row that a rule may want before it calls a system down, with some to spare.
const LOOKS_MAX: u32 = 8;

/// `choice`, where the site lets this person begin such a run now.
pub(super) fn begin(outlook: &Outlook<'_>, choice: Choice) -> Choice {
    let Outlook { context: Context { known, me, .. }, plan, .. } = outlook;
    let Known { site, assessment, now, .. } = *known;
    if let Err(refusal) = permitted(site, me, SiteRole::Commander, "command") {
        return person(refusal.to_string());
    }
    let declare = outlook.key(Kind::Declare);
    let declarer = me.person.as_ref().and_then(|id| site.person(id));
    if !site.people.is_empty() && !declarer.is_some_and(|person| person.may_declare) {
        let names = site.declarers().join(", ");
        return person(format!(
            "{me} may not declare at this site; it lets {names}: {declare} declares"
        ));
    }
    if !assessment.split_brain.is_empty() {
        return person(two_primaries(outlook));
    }
    let looked_for = now.since(outlook.since);
    let still_looking = looked_for < look_around(site);
    if assessment.active == plan.to {
        let why = format!("region {} serves already: this plan leads nowhere else", plan.to);
        return if still_looking { Choice::Wait(why.into()) } else { person(why) };
    }
    match (outlook.orders.mode, &assessment.primary) {
        (Mode::Ungraceful, Primary::Red { .. }) => match &assessment.verdict {
            verdict @ (Verdict::NoGo(reasons) | Verdict::Blind(reasons)) => {
                let why = reasons.first().map_or("", Clean::as_str);
                let word = verdict.word();
                person(format!("the standby is {word}: {why}; {declare} declares all the same"))
            }
            Verdict::Go | Verdict::Caution(_) => choice,
        },
        (Mode::Planned, Primary::Healthy) => match unwell(outlook) {
            None => choice,
            Some(why) if still_looking => Choice::Wait(why.into()),
            Some(why) => person(format!("{why}: {declare} declares all the same")),
        },
        (Mode::Planned, Primary::Red { .. }) => {
            let escalate = outlook.key(Kind::Escalate);
            person(format!(
                "the primary is red: this is no planned run; say --ungraceful, or {escalate} and \
                 {declare} in a console",
            ))
        }
        (mode, primary) => {
            let state = primary_words(primary);
            let wanted = if mode == Mode::Planned { "healthy" } else { "red by the site's rules" };
            // What does not answer says more than the word for it.
            let unwell = (mode == Mode::Planned).then(|| unwell(outlook)).flatten();
            let why = unwell.unwrap_or(format!("the primary is {state}, not {wanted}"));
            if still_looking {
                Choice::Wait(why.into())
            } else {
                person(format!("{why}: {declare} declares all the same"))
            }
        }
    }
}

/// What in the serving region has not answered since this console began to look. A rule wants
/// several failed looks before it speaks; to begin by itself, one of them is too many.
fn unwell(outlook: &Outlook<'_>) -> Option<String> {
    let Known { site, snapshot, assessment, .. } = outlook.context.known;
    let side = assessment.active;
    let mut here = site.systems.iter().filter(|system| system.sides[side.index()].is_some());
    here.find_map(|system| {
        let (id, cell) = (&system.id, snapshot.cell(&system.id, side));
        let since = |at: Stamp| earlier(outlook.since, at) == outlook.since;
        match cell {
            Some(cell) if cell.failures > 0 => Some(format!("{id} in {side} does not answer now")),
            Some(cell) if cell.heard.is_some_and(since) => None,
            Some(_) | None => Some(format!("{id} in {side} was not looked at yet")),
        }
    })
}

/// The time in which every rule has had the looks that it needs.
fn look_around(site: &Site) -> Duration {
    let slowest = site.systems.iter().map(period).max().unwrap_or_default();
    slowest.saturating_mul(LOOKS_MAX)
}

fn primary_words(primary: &Primary) -> String {
    match primary {
        Primary::Healthy => "healthy".to_owned(),
        Primary::Suspect { .. } => "suspect".to_owned(),
        Primary::Red { .. } => "red".to_owned(),
        Primary::ItIsUs { .. } => "out of our own reach: it is our network".to_owned(),
        Primary::Blind(why) => format!("not known ({why})"),
    }
}
