//! What is wrong, as few rows as possible: one cause a row, what follows from it folded beneath.
//!
//! What a system's looks, its rules and the criteria find of it is gathered in one place
//! ([`of_system`]), so that no list says `ok` of what another one refuses.

use super::scene::{Scene, state_words};
use crate::domain::ids::Side;
use crate::domain::ledger;
use crate::domain::reading::{Reading, Role};
use crate::domain::rules::it_is_us::Reference;
use crate::domain::rules::split_brain::{self, Roles};
use crate::domain::rules::{Finding, View, ask, behind_rpo, down, flapping, is_signal, stale};
use crate::domain::site::RuleTest;
use crate::domain::snapshot::{CellState, earlier};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::{
    Alarm, Consequence, Criterion, Met, Primary, Priority, SPLIT_KEY, Signal,
};

/// Rows shown for one side before the rest is folded into one more.
const SIDE_ROWS_MAX: usize = 1;

/// All alarms, most urgent first.
pub(super) fn alarms(
    scene: &Scene<'_>,
    primary: &Primary,
    reference: &Reference,
    criteria: &[Criterion],
) -> Vec<Alarm> {
    let mut sides = Side::BOTH.map(|side| of_side(scene, primary, side, criteria));
    let mut all = Vec::new();
    match primary {
        Primary::Red { t0, .. } => {
            let folded = std::mem::take(&mut sides[scene.active.index()]);
            all.push(red(scene, *t0, folded));
        }
        Primary::ItIsUs { signals } => {
            let folded = sides.iter_mut().flat_map(std::mem::take).collect();
            all.push(us(signals, folded));
        }
        Primary::Blind(why) => all.push(blind(scene, why)),
        Primary::Healthy | Primary::Suspect { .. } => {}
    }
    all.extend(disagreements(scene, primary, reference));
    let (mut split, roles) = roles(scene);
    for alarm in &mut split {
        let explained = |other: &mut Alarm| other.system == alarm.system;
        let folded = sides.iter_mut().flat_map(|side| side.extract_if(.., explained)).collect();
        alarm.consequences = consequences(folded);
    }
    all.extend(roles);
    all.extend(super::emptied::alarms(scene));
    for (side, alarms) in Side::BOTH.into_iter().zip(sides) {
        all.extend(fold_side(scene, side, alarms));
    }
    all.extend(split);
    all.sort_by_key(Alarm::urgency);
    all
}

/// `PRIMARY us-east-1 DOWN: 3 of 4 systems fail`, with everything else of that side folded.
fn red(scene: &Scene<'_>, t0: Stamp, folded: Vec<Alarm>) -> Alarm {
    let side = scene.active;
    let label = &scene.site.region(side).label;
    let all = scene.views(side).count();
    let failing = scene.views(side).filter(|view| scene.fails(view)).count();
    let early = scene.views(side).filter(|view| scene.early(view).is_some()).count();
    let more =
        if early > 0 { format!(", the last look of {early} more failed") } else { String::new() };
    let witness = scene
        .links()
        .0
        .first()
        .map(|view| format!("; {} lost its link to {side} too", view.name()))
        .unwrap_or_default();
    let sentence = format!("PRIMARY {label} DOWN: {failing} of {all} systems fail{more}{witness}");
    Alarm {
        side: Some(side),
        since: Some(t0),
        consequences: consequences(folded),
        ..Alarm::new(format!("red/{}", side.key()), Priority::ActNow, sentence)
    }
}

fn us(signals: &[Signal], folded: Vec<Alarm>) -> Alarm {
    let since = signals.iter().map(|signal| signal.since).reduce(earlier);
    let sentence = "it is us: the reference and both regions are silent; check our own network";
    let alarm = Alarm::new("us", Priority::ActNow, sentence);
    Alarm { since, consequences: consequences(folded), ..alarm }
}

fn blind(scene: &Scene<'_>, why: &Clean) -> Alarm {
    let side = scene.active;
    let label = &scene.site.region(side).label;
    let (key, sentence) =
        (format!("blind/{}", side.key()), format!("PRIMARY {label} is UNKNOWN: {why}"));
    Alarm { side: Some(side), ..Alarm::new(key, Priority::ActSoon, sentence) }
}

/// Witnesses that contradict each other, by name.
fn disagreements(scene: &Scene<'_>, primary: &Primary, reference: &Reference) -> Vec<Alarm> {
    let mut found = Vec::new();
    let (active, standby) = (scene.active, scene.standby());
    let (_, alive) = scene.links();
    if let Some(first) = alive.first() {
        let names: Vec<&str> = alive.iter().map(|view| view.system.id.as_str()).collect();
        let names = names.join(", ");
        let since = scene.view(first.system, active).and_then(|view| view.cell.first_failure);
        let sentence = format!(
            "{names} in {standby} still receives from {active}: it may be our path, not {active}"
        );
        found.push(Alarm {
            system: Some(first.system.id.clone()),
            side: Some(standby),
            since,
            ..Alarm::new(format!("link/{}", active.key()), Priority::ActSoon, sentence)
        });
    }
    if let (Reference::Silent { since, why }, false) =
        (reference, matches!(primary, Primary::ItIsUs { .. }))
    {
        let sentence = match primary {
            Primary::Suspect { .. } | Primary::Red { .. } if scene.answers(standby) => format!(
                "{active} fails and the reference is silent, but {standby} answers: \
                 it may be our path, not {active}"
            ),
            Primary::Suspect { .. } | Primary::Red { .. } => {
                format!("{active} fails and the reference is silent: it may be our path")
            }
            Primary::Healthy | Primary::Blind(_) | Primary::ItIsUs { .. } => {
                format!("the reference is silent, so our own outage could not be told: {why}")
            }
        };
        let alarm = Alarm::new("reference", Priority::ActSoon, sentence);
        found.push(Alarm { since: *since, ..alarm });
    }
    found
}

/// Systems with two primaries, the earliest first; and those whose roles are wrong otherwise.
fn roles(scene: &Scene<'_>) -> (Vec<Alarm>, Vec<Alarm>) {
    let (mut split, mut others) = (Vec::new(), Vec::new());
    for (system, pair) in scene.systems() {
        let id = &system.id;
        let alarm = |key: &str, since, sentence: String| Alarm {
            system: Some(id.clone()),
            since,
            ..Alarm::new(format!("{key}{id}"), Priority::ActNow, sentence)
        };
        match split_brain::ask(pair, scene.snapshot) {
            Roles::Two(since) => {
                let words = format!("SPLIT BRAIN: {id} is PRIMARY in A and in B; fence one now");
                split.push(alarm(SPLIT_KEY, Some(since), words));
            }
            Roles::Rival(since) => {
                let place = rival_at(&pair);
                let is_primary = |view| split_brain::role(&view) == Some(Role::Primary);
                let words = if pair.into_iter().flatten().any(is_primary) {
                    format!(
                        "SPLIT BRAIN: {id} is PRIMARY at {place} too, on neither side; fence it"
                    )
                } else {
                    format!("{id} is PRIMARY at {place}, which is on neither side")
                };
                split.push(alarm(SPLIT_KEY, Some(since), words));
            }
            Roles::MayBeRival(since) => {
                let place = rival_at(&pair);
                let words = format!(
                    "{id} was PRIMARY at {place} when that was last heard: it may still take writes"
                );
                let rival = alarm("rival/", Some(since), words);
                others.push(Alarm { priority: Priority::ActSoon, ..rival });
            }
            Roles::TwoLastSeen(since) => {
                let words = format!(
                    "SPLIT BRAIN: {id} had two primaries when last read; one is silent, that is \
                     not over"
                );
                split.push(alarm(SPLIT_KEY, Some(since), words));
            }
            Roles::OneServer(since) => {
                let words = format!(
                    "both names of {id} lead to the same server: nothing may act on it; look at \
                     its names"
                );
                others.push(alarm("server/", Some(since), words));
            }
            Roles::None => {
                let words = format!("{id} has no primary: A and B both say standby");
                others.push(alarm("roles/", None, words));
            }
            Roles::Fine => {}
        }
    }
    split.sort_by_key(Alarm::urgency);
    (split, others)
}

fn rival_at<'a>(pair: &[Option<View<'a>>; 2]) -> &'a Clean {
    let (_, rival) = split_brain::rival(pair).expect("its roles tell of one");
    &rival.place
}

/// The alarms of one side, one a system, most urgent first.
fn of_side(scene: &Scene<'_>, primary: &Primary, side: Side, criteria: &[Criterion]) -> Vec<Alarm> {
    let mut alarms: Vec<Alarm> = scene
        .views(side)
        .filter_map(|view| {
            let mut found = of_system(scene, primary, &view, criteria);
            found.sort_by_key(Alarm::urgency);
            let mut rest = found.into_iter();
            let mut first = rest.next()?;
            first.consequences.extend(rest.map(Consequence::from));
            Some(first)
        })
        .collect();
    alarms.sort_by_key(Alarm::urgency);
    alarms
}

fn of_system(
    scene: &Scene<'_>,
    primary: &Primary,
    view: &View<'_>,
    criteria: &[Criterion],
) -> Vec<Alarm> {
    let (id, place) = (&view.system.id, view.side.key());
    let is_active = view.side == scene.serving(id);
    let red = matches!(primary, Primary::Red { .. });
    let mut found = Vec::new();
    let mut add = |key: String, priority, since: Option<Stamp>, sentence: String| {
        let (system, side) = (Some(id.clone()), Some(view.side));
        found.push(Alarm { system, side, since, ..Alarm::new(key, priority, sentence) });
    };
    for rule in scene.rules(id) {
        // A standby waits at less than full size; that is a criterion, not an alarm.
        let waits = matches!(rule.test, RuleTest::CapacityUnder { .. }) && !is_active;
        if let (Finding::Speaks { since, why }, false) = (ask(&rule.test, view), waits) {
            let key = format!("rule/{}/{place}", rule.id);
            let priority = rule_priority(&rule.test, is_active, primary);
            add(key, priority, Some(since), format!("{}: {why}", view.name()));
        }
    }
    if let (Finding::Speaks { since, why }, false) =
        (down::ask(view, down::FAILURES_WITHOUT_RULE), scene.has_signal_rule(view))
    {
        let made_it_red = red && view.side == scene.active;
        let priority = if made_it_red { Priority::ActNow } else { Priority::ActSoon };
        add(format!("down/{id}/{place}"), priority, Some(since), said(view, &why));
    }
    if let Some(early) = scene.early(view) {
        let (since, why) = (Some(early.since), said(view, &early.why));
        add(format!("early/{id}/{place}"), Priority::ActSoon, since, why);
    }
    if matches!(view.state(), CellState::Degraded(_)) && !scene.fails(view) {
        let (since, words) = (view.cell.degraded_since, state_words(&view.state()));
        add(format!("degraded/{id}/{place}"), Priority::ActSoon, since, said(view, &words));
    }
    if let Finding::Speaks { since, why } = stale::ask(view) {
        add(format!("stale/{id}/{place}"), Priority::ActSoon, Some(since), said(view, &why));
    }
    if let Finding::Speaks { since, why } = flapping::ask(view) {
        add(format!("flapping/{id}/{place}"), Priority::Know, Some(since), said(view, &why));
    }
    if let CellState::Unknown(_) = view.state() {
        let words = state_words(&view.state());
        add(format!("unknown/{id}/{place}"), Priority::Know, None, said(view, &words));
    }
    if let Some(Reading { role: Some(Role::Primary), hindered: Some(why), at, .. }) = view.current()
    {
        let sentence = format!("{} takes no write: {why}", view.name());
        let since = view.cell.degraded_since.or(Some(*at));
        add(format!("hindered/{id}/{place}"), Priority::ActNow, since, sentence);
    }
    if let (Some(rpo), false) = (scene.site.rpo(view.system), is_active)
        && ledger::is_store(scene.snapshot, id, view.side)
        && let Finding::Speaks { since, why } = behind_rpo::ask(view, rpo)
    {
        add(format!("rpo/{id}/{place}"), Priority::ActSoon, Some(since), said(view, &why));
    }
    found.extend(refused(view, criteria, red, is_active, &found));
    found
}

/// What criteria refuse of a system, where no alarm says it yet.
fn refused(
    view: &View<'_>,
    criteria: &[Criterion],
    red: bool,
    serves: bool,
    found: &[Alarm],
) -> Vec<Alarm> {
    // What serves by now is no standby any more: nobody asks whether it may take over.
    let open = criteria.iter().filter(|line| line.met == Met::No && !serves);
    let here = open.filter(|line| {
        let about = line.alarm.as_ref();
        about.is_some_and(|(system, side)| *system == view.system.id && *side == view.side)
    });
    let unknown = |key: &String| found.iter().all(|alarm| alarm.key != *key);
    here.filter(|line| unknown(&line.key)).map(|line| against(line, red)).collect()
}

/// A criterion that is not met, as an alarm: act soon, and now where the primary is lost and what
/// it is about is to take its place.
pub(in crate::domain) fn against(criterion: &Criterion, red: bool) -> Alarm {
    let (system, side) = criterion.alarm.clone().unzip();
    let priority = if red { Priority::ActNow } else { Priority::ActSoon };
    let since = criterion.since.map(|since| since.at);
    let alarm = Alarm::new(criterion.key.clone(), priority, criterion.says());
    Alarm { system, side, since, ..alarm }
}

/// `pg in A: <why>`.
fn said(view: &View<'_>, why: &Clean) -> String {
    format!("{}: {why}", view.name())
}

fn rule_priority(test: &RuleTest, is_active: bool, primary: &Primary) -> Priority {
    let is_down = matches!(test, RuleTest::Down { .. } | RuleTest::ErrorRate { .. });
    let red = matches!(primary, Primary::Red { .. });
    match (is_down, is_active) {
        (true, true) => Priority::ActNow,
        // What makes the primary red, or is needed in its place.
        (true, false) if red => Priority::ActNow,
        (false, true) if red && is_signal(test) => Priority::ActNow,
        (true | false, false) | (false, true) => Priority::ActSoon,
    }
}

/// Keeps the first rows of a side and folds the others into one.
fn fold_side(scene: &Scene<'_>, side: Side, mut alarms: Vec<Alarm>) -> Vec<Alarm> {
    if alarms.len() <= SIDE_ROWS_MAX + 1 {
        return alarms;
    }
    let rest = alarms.split_off(SIDE_ROWS_MAX);
    let names: Vec<String> =
        rest.iter().filter_map(|alarm| Some(alarm.system.as_ref()?.to_string())).collect();
    let label = &scene.site.region(side).label;
    let sentence = format!("{} more systems of {label}: {}", rest.len(), names.join(", "));
    let priority = rest.iter().map(|alarm| alarm.priority).min().unwrap_or(Priority::Know);
    alarms.push(Alarm {
        side: Some(side),
        since: rest.iter().filter_map(|alarm| alarm.since).reduce(earlier),
        consequences: consequences(rest),
        ..Alarm::new(format!("more/{}", side.key()), priority, sentence)
    });
    alarms
}

/// Folded alarms, each before what it had folded itself.
fn consequences(folded: Vec<Alarm>) -> Vec<Consequence> {
    let unfolded = |mut alarm: Alarm| {
        let beneath = std::mem::take(&mut alarm.consequences);
        std::iter::once(Consequence::from(alarm)).chain(beneath)
    };
    folded.into_iter().flat_map(unfolded).collect()
}
