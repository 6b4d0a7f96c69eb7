//! Reads a site's rules of alarm: which looks at which system mean that something is wrong.

use std::time::Duration;

use crate::domain::ids::{RuleId, SystemId};
use crate::domain::settings::{Fault, Fields, Key, unknown};
use crate::domain::site::{RuleSpec, RuleTest, SystemSpec};
use crate::files::faults::Faults;
use crate::files::tables::{missing, name_of, read_named, written_names};

/// Samples below which a share or a percentile says nothing, unless the rule says otherwise.
pub const MIN_SAMPLES: usize = 10;

/// As many samples as a history keeps ([`crate::domain::history::SAMPLES_MAX`]).
const SAMPLES_MAX: i64 = 300;

/// The longest window of a rule.
pub const WINDOW_MAX: Duration = Duration::from_secs(3600);

/// The key that tells each shape of rule from the others.
const SHAPES: [&str; 6] =
    ["failures", "error_rate_over", "p95_over", "degraded_for", "lag_over", "capacity_under"];

/// The rules of `[rules]`, in the order written.
pub(super) fn read_rules(
    fields: &Fields<'_>,
    specs: &[SystemSpec],
    faults: &mut Faults,
) -> Vec<RuleSpec> {
    let known = written_names(fields, "systems");
    read_named(fields, "rules", "rule", faults, |key, fields| {
        let rule = read_rule(key, fields, &known)?;
        check_reach(key, &rule, specs)?;
        Ok(rule)
    })
}

fn read_rule(key: &Key, fields: &Fields<'_>, systems: &[&str]) -> Result<RuleSpec, Fault> {
    let what = fields.what();
    let id = name_of(key, RuleId::new)?;
    let wanted = "the system it is about";
    let system = fields.text("system")?.ok_or_else(|| missing(key.span, what, "system", wanted))?;
    if !systems.contains(&system) {
        let message = unknown("a system of this site", system, systems.iter().copied());
        return Err(fields.fault("system", message));
    }
    let system = SystemId::new(system).map_err(|bad| fields.fault("system", bad.to_string()))?;
    let test = read_test(fields, key)?;
    fields.finish()?;
    Ok(RuleSpec { id, system, test })
}

/// Refuses a rule whose window can never hold the samples that it asks for.
fn check_reach(key: &Key, rule: &RuleSpec, specs: &[SystemSpec]) -> Result<(), Fault> {
    let (RuleTest::ErrorRate { window, min_samples, .. }
    | RuleTest::P95 { window, min_samples, .. }) = &rule.test
    else {
        return Ok(());
    };
    let Some(spec) = specs.iter().find(|spec| spec.id == rule.system) else { return Ok(()) };
    let looks = window.as_millis() / spec.every.as_millis().max(1);
    if looks >= *min_samples as u128 {
        return Ok(());
    }
    let message = format!(
        "rule `{}` can never hold: in its window there are {looks} looks at `{}`, and \
         `min_samples` is {min_samples}",
        rule.id, rule.system
    );
    Err(Fault::new(key.span, message))
}

fn read_test(fields: &Fields<'_>, key: &Key) -> Result<RuleTest, Fault> {
    let what = fields.what();
    // All are asked for, so that a misspelt one finds its nearest.
    let written: Vec<&str> =
        SHAPES.into_iter().filter(|shape| fields.node(shape).is_some()).collect();
    let shape = match written.as_slice() {
        [shape] => *shape,
        [] => {
            fields.know(["window", "min_samples", "for"].into_iter());
            fields.finish()?;
            let message = format!("{what} needs one of {}", SHAPES.join(", "));
            return Err(Fault::new(key.span, message));
        }
        [_, second, ..] => {
            let message =
                format!("{what} asks two things ({}); write one rule for each", written.join(", "));
            return Err(fields.fault(second, message));
        }
    };
    let time = |name: &'static str| -> Result<Duration, Fault> {
        let wanted = "a time with its unit, such as \"60s\"";
        fields.duration(name)?.ok_or_else(|| missing(key.span, what, name, wanted))
    };
    let share = |name: &'static str| -> Result<f64, Fault> {
        let wanted = "a share from 0 to 1";
        fields.number(name, 0.0, 1.0)?.ok_or_else(|| missing(key.span, what, name, wanted))
    };
    Ok(match shape {
        "failures" => RuleTest::Down { failures: count(fields, "failures", 1)? },
        "error_rate_over" => RuleTest::ErrorRate {
            over: share("error_rate_over")?,
            window: window(fields, key)?,
            min_samples: samples(fields)?,
        },
        "p95_over" => RuleTest::P95 {
            over: time("p95_over")?,
            window: window(fields, key)?,
            min_samples: samples(fields)?,
        },
        "degraded_for" => RuleTest::DegradedFor { time: time("degraded_for")? },
        "lag_over" => RuleTest::LagOver { over: time("lag_over")?, time: time("for")? },
        _ => RuleTest::CapacityUnder { share: share("capacity_under")? },
    })
}

fn window(fields: &Fields<'_>, key: &Key) -> Result<Duration, Fault> {
    let wanted = "how far back it looks, such as \"60s\"";
    let window = fields.duration("window")?;
    let window = window.ok_or_else(|| missing(key.span, fields.what(), "window", wanted))?;
    if window.is_zero() || window > WINDOW_MAX {
        return Err(fields.refuse("window", "must be more than 0s, at most 1h"));
    }
    Ok(window)
}

fn count(fields: &Fields<'_>, name: &'static str, default: u32) -> Result<u32, Fault> {
    let written = fields.integer(name, 1, 1000)?;
    Ok(written.and_then(|count| u32::try_from(count).ok()).unwrap_or(default))
}

fn samples(fields: &Fields<'_>) -> Result<usize, Fault> {
    let written = fields.integer("min_samples", 1, SAMPLES_MAX)?;
    Ok(written.and_then(|count| usize::try_from(count).ok()).unwrap_or(MIN_SAMPLES))
}
