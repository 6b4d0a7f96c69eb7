//! From what both sides told to the reading of one side: health, role, lag and every fact by name.

use super::canary::folder;
use super::coverage::left_out;
use super::facts::facts;
use super::gap::Gap;
use super::lag::{Found, Measure};
use super::settings::S3;
use crate::domain::ids::Side;
use crate::domain::reading::{FactValue, Health, Reading, Role, Writes};
use crate::domain::text::several;
use crate::systems::kit::server::Sight;

/// One side in one look.
pub(super) type View<'a> = Sight<'a, S3>;

impl View<'_> {
    /// Whether a side copies to the other: as told now, else as it was told last.
    fn copies(&self, side: Side) -> Option<bool> {
        let told = if side == self.side { Some(self.own) } else { self.other };
        told.and_then(|state| state.copies).or(self.learned.copies[side.index()])
    }

    /// Its part: the source of the only rule between the two, or where that leads. With rules both
    /// ways, or none, there is no such part.
    pub(super) fn role(&self) -> Option<Role> {
        match (self.copies(self.side), self.copies(self.side.other())) {
            (Some(true), Some(false) | None) => Some(Role::Primary),
            (Some(false), Some(true)) => Some(Role::Standby),
            // Nobody ever saw the other side: a copy says itself that it is one.
            (Some(false), None) if self.own.is_copy => Some(Role::Standby),
            (Some(true | false) | None, _) => None,
        }
    }

    /// What the canaries that the other side writes tell of this side's copy.
    pub(super) fn measure(&self) -> Measure<'_> {
        Measure {
            at: self.at,
            side: self.side.other(),
            source: self.other,
            copy: self.own,
            own: self.settings,
            learned: self.learned,
        }
    }

    /// How old its own newest canary is.
    pub(super) fn canary_age_s(&self) -> Option<f64> {
        let newest = self.own.canaries[self.side.index()].newest()?;
        let now_ms = self.learned.clocks[self.side.index()].now_ms(self.at)?;
        Some(super::lag::seconds((now_ms - newest.at_ms).max(0)))
    }
}

/// The reading of one side.
pub(super) fn reading(view: &View<'_>) -> Reading {
    let (role, measure) = (view.role(), view.measure());
    let found = measure.found();
    let lag = (role == Some(Role::Standby)).then(|| measure.lag(&found));
    let mut reading = Reading::new(view.at, health(view, role, &found), note(view, role, &found));
    reading.took_ms = Some(view.took_ms);
    reading.role = role;
    // A copy takes whatever is written to it: nothing here proves that anybody is kept out.
    reading.writes = Some(Writes::Open);
    reading.identity = Some(view.own.identity());
    reading.lag = lag;
    reading.facts = facts(view, &found);
    reading
}

fn note(view: &View<'_>, role: Option<Role>, found: &Found) -> String {
    let to = view.settings.other_bucket().unwrap_or("no other bucket");
    match role {
        Some(Role::Primary) => format!("PRIMARY, copied to {to}"),
        Some(Role::Standby) => {
            let unproven = view.measure().gap().is_some_and(Gap::is_over);
            let more = if unproven { ", those of an outage are still being counted" } else { "" };
            format!("standby, {}{more}", words(found))
        }
        None => match (view.copies(view.side), view.copies(view.side.other())) {
            (Some(true), Some(true)) => "rules copy both ways: no side is the primary".to_owned(),
            (Some(false), Some(false)) => "no rule copies either way".to_owned(),
            _ => "which side copies to which is not known".to_owned(),
        },
    }
}

/// `all canaries are here`, `3 canaries missing`, `lag UNKNOWN: ...`.
fn words(found: &Found) -> String {
    let unknown = |why: &str| format!("lag UNKNOWN: {why}");
    match found {
        Found::Measured(arrived) if arrived.missing.is_none() => "all canaries are here".to_owned(),
        Found::Measured(arrived) => {
            let more = if arrived.is_counted() { "" } else { " or more" };
            let count = arrived.count as u64;
            format!("{} missing{more}", several(count, "canary").replace("canarys", "canaries"))
        }
        Found::Unread => unknown("the source is not read"),
        Found::Uncovered => unknown("no rule copies canaries"),
        Found::NotAll(why) => unknown(why),
        Found::Reading => unknown("canaries are still being read"),
        Found::Ceased(None) => unknown("no canary is written"),
        Found::Ceased(Some(_)) => unknown("canaries ceased"),
    }
}

fn health(view: &View<'_>, role: Option<Role>, found: &Found) -> Health {
    let (own, settings) = (view.own, view.settings);
    let mut reasons = Vec::new();
    if view.other.is_some_and(|other| other.server == own.server) {
        reasons.push("A and B are one and the same bucket".to_owned());
    }
    if let Err(why) = &own.rules {
        reasons.push(format!("its rules cannot be read: {why}"));
    } else if (view.copies(view.side), view.copies(view.side.other())) == (Some(false), Some(false))
    {
        reasons.push("no rule copies either way: what is written here stays here".to_owned());
    }
    let versioning = view.aside.setup().map(|setup| &setup.versioning);
    if let Some(FactValue::Text(how)) = versioning
        && how.as_str() != "enabled"
        && settings.other_bucket().is_some()
    {
        reasons.push(format!("versioning is {how}: nothing is copied without it"));
    }
    match role {
        Some(Role::Primary) => reasons.extend(source_reasons(view)),
        Some(Role::Standby) => {
            reasons.extend(view.measure().short());
            if let Found::Measured(arrived) = found
                && arrived.until.is_none()
            {
                reasons.push(match (arrived.there, arrived.count) {
                    (0, _) => "not one canary that was read has arrived".to_owned(),
                    (there, count) => format!(
                        "of {} canaries that were read the oldest and {} more have not arrived",
                        there + count,
                        count - 1
                    ),
                });
            }
        }
        None => {}
    }
    if let (Some(Ok(newest)), Some(wanted)) = (view.aside.backups(), &settings.backups) {
        reasons.extend(newest.faults(wanted, view.at.wall_ms));
    }
    Health::lacking(reasons)
}

/// What hinders a source in being copied, or its lag in being measured.
fn source_reasons(view: &View<'_>) -> Vec<String> {
    let (own, settings) = (view.own, view.settings);
    let mut reasons = Vec::new();
    let to = settings.other_bucket();
    let folder = folder(&settings.canary, view.side);
    let off =
        own.rules.iter().flatten().filter(|rule| !rule.is_enabled && Some(rule.to.as_str()) == to);
    reasons.extend(off.map(|rule| format!("rule {} to {} is off", rule.id, rule.to)));
    if !own.rules_to(to).any(|rule| rule.scope.covers(&folder)) {
        reasons.push(format!("no rule copies `{folder}`: the lag is not measured"));
    }
    reasons.extend(to.and_then(|to| left_out(own, to, settings)));
    match &own.status {
        Some(Ok(Some(status))) if status == "FAILED" => {
            reasons.push("the newest canary could not be copied (FAILED)".to_owned());
        }
        Some(Err(why)) => {
            reasons.push(format!("what became of the newest canary cannot be read: {why}"));
        }
        Some(Ok(_)) | None => {}
    }
    let pulse = &view.learned.pulses[view.side.index()];
    match view.canary_age_s() {
        Some(age_s) if pulse.has_ceased(age_s) => {
            reasons.push(format!("its canaries ceased {age_s:.0} s ago: the lag is not measured"));
        }
        None if own.canaries[view.side.index()].whole => {
            let why = "and the lag is not measured: run `warroom beat` in its region";
            reasons.push(format!("nobody writes canaries to `{folder}`, {why}"));
        }
        Some(_) | None => {}
    }
    let measured = own.measured.as_ref().map(|measured| measured.failed(view.at.wall_ms));
    if let Some(Ok(failed)) = measured
        && failed > 0.0
    {
        reasons.push(format!("{failed:.0} operations failed to be copied in the last minute told"));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::super::aside::Aside;
    use super::super::canary::{Canaries, Canary};
    use super::super::facts::FACTS;
    use super::super::learned::Learned;
    use super::super::sample::Page;
    use super::super::settings::Own;
    use super::super::state::State;
    use super::super::store::{Rule, Scope};
    use super::*;
    use crate::domain::reading::Certainty;
    use crate::domain::time::{BootId, Stamp};
    use crate::systems::kit::server::Written;
    use crate::systems::kit::testing::spec;

    const NOW_MS: i64 = 1_764_000_100_000;

    fn at(second: u64) -> Stamp {
        Stamp { wall_ms: NOW_MS, boot_ms: second * 1000, boot: BootId(1) }
    }

    fn settings(side: Side) -> Own {
        let text =
            "region = 'x'\ncanary_every = '1s'\na = { bucket = 'src' }\nb = { bucket = 'dst' }";
        Written::<S3>::one(&spec(text), side).unwrap().own
    }

    /// Canaries that were written so many seconds before now.
    fn canaries(ages_s: &[i64]) -> Canaries {
        let one = |age: &i64| Canary { name_ms: NOW_MS - age * 1000, at_ms: NOW_MS - age * 1000 };
        Canaries { from_ms: 1, list: ages_s.iter().map(one).collect(), whole: true }
    }

    fn state(bucket: &str, to: Option<(&str, bool)>, of_a: &[i64]) -> State {
        let rule = |(to, is_enabled): (&str, bool)| Rule {
            id: "r1".to_owned(),
            is_enabled,
            to: to.to_owned(),
            scope: Scope::Everything,
        };
        State {
            server: bucket.into(),
            made_ms: Some(NOW_MS - 60_000),
            data: "src and dst".into(),
            rules: Ok(to.map(rule).into_iter().collect()),
            canaries: [canaries(of_a), canaries(&[])],
            status: None,
            is_copy: false,
            clock_ms: Some(NOW_MS),
            copies: Some(to.is_some_and(|(to, on)| on && to != "elsewhere")),
            measured: None,
        }
    }

    /// The readings of A and B; none of a side that was not read.
    fn read(a: Option<&State>, b: Option<&State>, learned: &mut Learned) -> [Option<Reading>; 2] {
        read_with(&settings, a, b, learned)
    }

    fn read_with(
        own: &dyn Fn(Side) -> Own,
        a: Option<&State>,
        b: Option<&State>,
        learned: &mut Learned,
    ) -> [Option<Reading>; 2] {
        learned.learn([a, b], at(1));
        let told = [a, b];
        Side::BOTH.map(|side| {
            let view = View {
                at: at(1),
                took_ms: 5,
                side,
                own: told[side.index()]?,
                other: told[side.other().index()],
                settings: &own(side),
                user: "wr_read",
                learned,
                aside: &Aside::default(),
                nameless: None,
            };
            Some(reading(&view))
        })
    }

    fn learned() -> Learned {
        let owns = Side::BOTH.map(settings);
        Learned::new(owns.each_ref().map(Some))
    }

    #[test]
    fn roles_come_from_the_rules_between_the_two() {
        let (primary, standby) = (Some(Role::Primary), Some(Role::Standby));
        let check = |a: Option<(&str, bool)>, b: Option<(&str, bool)>, want: [Option<Role>; 2]| {
            let (a, b) = (state("src", a, &[0]), state("dst", b, &[0]));
            let found = read(Some(&a), Some(&b), &mut learned());
            assert_eq!(found.map(|one| one.unwrap().role), want);
        };
        check(Some(("dst", true)), None, [primary, standby]);
        check(None, Some(("src", true)), [standby, primary]);
        check(Some(("dst", true)), Some(("src", true)), [None, None]);
        check(Some(("dst", false)), None, [None, None]);
        check(Some(("elsewhere", true)), None, [None, None]);
        // With the source gone a copy knows what it was, or says so itself.
        let (a, b) = (state("src", Some(("dst", true)), &[0]), state("dst", None, &[0]));
        let mut seen = learned();
        read(Some(&a), Some(&b), &mut seen);
        assert_eq!(read(None, Some(&b), &mut seen)[1].as_ref().unwrap().role, standby);
        assert_eq!(read(None, Some(&b), &mut learned())[1].as_ref().unwrap().role, None);
        let copy = State { is_copy: true, ..b };
        assert_eq!(read(None, Some(&copy), &mut learned())[1].as_ref().unwrap().role, standby);
    }

    #[test]
    fn a_lag_is_told_since_the_last_canary_before_a_missing_one() {
        let check = |a: &[i64], b: &[i64], want: (Option<f64>, Certainty), words: &str| {
            let (a, b) = (state("src", Some(("dst", true)), a), state("dst", None, b));
            let found = read(Some(&a), Some(&b), &mut learned());
            let reading = found[1].as_ref().unwrap();
            let lag = reading.lag.as_ref().unwrap();
            // The clock of a store tells whole seconds: up to one more.
            let seconds = lag.seconds.map(|seconds| (seconds - 0.999).round());
            assert_eq!((seconds, lag.certainty), want, "{reading:?}");
            assert!(reading.note.as_str().contains(words), "{}", reading.note);
        };
        let (known, unknown) = (Certainty::Known, Certainty::Unknown);
        check(&[2, 1, 0], &[2, 1, 0], (Some(0.0), known), "all canaries are here");
        check(&[2, 1, 0], &[2, 1], (Some(1.0), known), "1 canary missing");
        // Newer ones came first: the newest that is there says nothing.
        check(&[9, 8, 7, 1, 0], &[9, 1, 0], (Some(9.0), known), "2 canaries missing");
        let bound = (Some(9.0), Certainty::LowerBound);
        check(&[9, 8, 7], &[8, 7], bound, "1 canary missing or more");
        // Ceased, or never written: nothing is measured, and never 0.
        check(&[60, 59], &[60, 59], (None, unknown), "canaries ceased");
        check(&[], &[], (None, unknown), "no canary is written");
        check(&[60, 59], &[60], (Some(60.0), known), "1 canary missing");
    }

    #[test]
    fn a_copy_that_was_made_anew_is_no_copy_until_it_holds_what_was_there() {
        let mut learned = learned();
        let page = |keys: &[(&str, i64)], after: Option<&str>| Page {
            at: at(1),
            after: after.map(str::to_owned),
            keys: keys
                .iter()
                .map(|(key, age_s)| ((*key).to_owned(), NOW_MS - age_s * 1000))
                .collect(),
            end: None,
        };
        let mut check = |pages: Option<[&[(&str, i64)]; 2]>, a_is_read: bool, want: &str| {
            let [there, here] = [&learned.shared.pages[0], &learned.shared.pages[1]];
            *there.lock().unwrap() = pages.map(|pages| page(pages[0], None));
            *here.lock().unwrap() = pages.map(|pages| page(pages[1], None));
            let a = state("src", Some(("dst", true)), &[1, 0]);
            let b = state("dst", None, &[1, 0]);
            let told = read(a_is_read.then_some(&a), Some(&b), &mut learned);
            let b = told[1].as_ref().unwrap();
            let is_known = b.lag.as_ref().unwrap().certainty == Certainty::Known;
            assert_eq!(is_known, want == "Up" && a_is_read, "{b:?}");
            let why = format!("{:?}", b.health);
            assert!(why.contains(want), "{why} / {want}");
        };
        let held: &[(&str, i64)] = &[("backups/1", 90), ("data/1", 80), ("data/2", 3)];
        check(Some([held, held]), true, "Up");
        let want = "bucket dst lacks 2 of 2 objects from before it was made, as `backups/1`";
        check(Some([held, &[("data/2", 3)]]), true, want);
        // It stays so while nothing is compared, and when the source is gone.
        check(None, true, want);
        check(None, false, want);
        check(Some([held, &[("backups/1", 2)]]), true, "lacks 1 of 2 objects from");
        check(Some([held, &[("backups/1", 2), ("data/1", 2)]]), true, "Up");
    }

    #[test]
    fn how_many_canaries_are_missing_is_true() {
        let check = |there: &[i64], want: &str| {
            let a = state("src", Some(("dst", true)), &[3, 2, 1, 0]);
            let b = state("dst", None, there);
            let told = read(Some(&a), Some(&b), &mut learned())[1].clone().unwrap();
            let why = format!("{:?}", told.health);
            assert!(why.contains(want), "{why} / {want}");
        };
        check(&[], "not one canary that was read has arrived");
        check(&[1, 0], "of 4 canaries that were read the oldest and 1 more have not arrived");
        check(&[3, 0], "Up");
    }

    #[test]
    fn what_hinders_copying_is_said() {
        let check = |a: &State, b: Option<&State>, want: &str| {
            let found = read(Some(a), b, &mut learned());
            let why = format!("{:?}", found[0].as_ref().unwrap().health);
            assert!(why.contains(want), "{why} / {want}");
        };
        let (a, b) = (state("src", Some(("dst", true)), &[1, 0]), state("dst", None, &[1, 0]));
        check(&a, Some(&b), "Up");
        check(&state("src", None, &[0]), Some(&b), "no rule copies either way");
        let failed = State { status: Some(Ok(Some("FAILED".to_owned()))), ..a.clone() };
        check(&failed, Some(&b), "the newest canary could not be copied (FAILED)");
        let hidden = State { rules: Err("no right".into()), copies: None, ..a.clone() };
        check(&hidden, Some(&b), "its rules cannot be read: no right");
        check(&state("src", Some(("dst", true)), &[60]), Some(&b), "its canaries ceased 61 s ago");
        check(&state("src", Some(("dst", true)), &[]), Some(&b), "nobody writes canaries");
        let same = State { server: "src".into(), ..b.clone() };
        check(&a, Some(&same), "A and B are one and the same bucket");
        let narrow =
            Rule { scope: Scope::Below("data/".to_owned()), ..a.rules.clone().unwrap()[0].clone() };
        check(&State { rules: Ok(vec![narrow]), ..a }, Some(&b), "no rule copies `dr-canary/a/`");
    }

    #[test]
    fn canaries_do_not_speak_for_what_no_rule_copies() {
        let [canaries, data] = ["dr-canary/", "data/"].map(|it| Scope::Below(it.to_owned()));
        let check = |rules: &[(&Scope, bool)], prefixes: &[&str], want: &str| {
            let mut a = state("src", Some(("dst", true)), &[1, 0]);
            let rule = |(scope, on): &(&Scope, bool)| Rule {
                is_enabled: *on,
                scope: (*scope).clone(),
                ..a.rules.as_ref().unwrap()[0].clone()
            };
            a.rules = Ok(rules.iter().map(rule).collect());
            let prefixes = prefixes.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
            let prefixes = (!prefixes.is_empty()).then_some(prefixes);
            let own = |side| Own { prefixes: prefixes.clone(), ..settings(side) };
            let b = state("dst", None, &[1, 0]);
            let told = read_with(&own, Some(&a), Some(&b), &mut learned());
            let [a, b] = told.map(Option::unwrap);
            let lag = b.lag.unwrap();
            assert_eq!(lag.certainty == Certainty::Known, want.is_empty(), "{rules:?}");
            assert_eq!(lag.seconds.is_some(), want.is_empty(), "{rules:?}");
            assert!(b.note.as_str().contains(want), "{} / {want}", b.note);
            let why = format!("{:?}", a.health);
            assert!(why.contains(want), "{why} / {want}");
            assert_eq!(a.health == Health::Up, want.is_empty() && rules.iter().all(|one| one.1));
        };
        let tagged = Scope::Tagged("data/".to_owned());
        check(&[(&Scope::Everything, true)], &[], "");
        check(&[(&Scope::Everything, true), (&data, false)], &[], "");
        check(&[(&canaries, true)], &[], "only keys below `dr-canary/` are copied to dst");
        check(&[(&canaries, true), (&data, false)], &[], "only keys below `dr-canary/` are");
        check(&[(&canaries, true), (&data, true)], &[], "only keys below `dr-canary/`, keys below");
        check(
            &[(&canaries, true), (&tagged, true)],
            &[],
            "objects with certain tags below `data/`",
        );
        // What the site means by it all.
        let data_only = &["data/"];
        check(&[(&canaries, true), (&data, true)], data_only, "");
        check(&[(&canaries, true), (&data, true)], &["data/x/"], "");
        check(&[(&canaries, true), (&data, true)], &["data/", "x/"], "no rule that is on copies");
        check(&[(&canaries, true), (&data, false)], data_only, "copies all of `data/` to dst");
        check(&[(&canaries, true), (&tagged, true)], data_only, "copies all of `data/` to dst");
        check(&[(&canaries, true), (&data, true)], &["dat"], "copies all of `dat` to dst");
    }

    #[test]
    fn every_fact_is_documented() {
        let (a, b) = (state("src", Some(("dst", true)), &[1, 0]), state("dst", None, &[1]));
        for reading in read(Some(&a), Some(&b), &mut learned()).into_iter().flatten() {
            for fact in reading.facts {
                assert!(FACTS.iter().any(|spec| spec.name == fact.name), "{}", fact.name);
            }
        }
    }
}
