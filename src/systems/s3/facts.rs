//! Every fact of a reading by name, and what each means.

use super::judge::View;
use super::lag::Found;
use crate::domain::catalogue::{FactSpec, fact};
use crate::domain::reading::{Fact, FactValue};
use crate::domain::text::Clean;

/// The most rules whose keys are told.
const RULES_NAMED_MAX: usize = 8;

/// The facts of a reading, for gates and docs.
pub(super) const FACTS: &[FactSpec] = &[
    fact("rules_on", "rules by which it is copied to the other side's bucket, and that are on"),
    fact("rules_off", "such rules that are off"),
    fact("rules_cover", "what those copy that are on, such as `everything` or keys below a prefix"),
    fact("canary_age", "age of this side's own newest canary, by the store's clock"),
    fact(
        "canary_status",
        "what became of that one: `COMPLETED`, `PENDING`, `FAILED`, or `not covered` by a rule",
    ),
    fact("canaries_missing", "canaries of the other side that have not arrived here"),
    fact(
        "last_replayed_unix_ms",
        "until when all canaries of the other side have arrived here, ms since 1970, by the clock \
         of its store",
    ),
    fact("pending_operations", "operations that wait to be copied, by CloudWatch"),
    fact("failed_operations", "operations that failed to be copied in the newest minute told"),
    fact("replication_latency", "the longest way of an object to the other side, by CloudWatch"),
    fact("versioning", "`enabled`, `suspended` or `off`"),
    fact("lifecycle", "how many rules let objects expire, or `none`"),
    fact("encryption", "how objects are encrypted where nobody says otherwise, or `none`"),
    fact("public_blocked", "yes when all four public access blocks are on"),
    fact("backup_age", "age of the newest complete backup, of the tenant that is worst off"),
    fact("backup_set", "what that backup is called"),
    fact("backup_tenant", "whose that is, where tenants have backups of their own"),
    fact("backup_tenants", "tenants with backups of their own"),
    fact("backup_size", "bytes of that backup; at least so many where it has very many files"),
    fact("backup_files", "files of that backup, as far as they were counted"),
    fact("endpoint_override", "the URL that is used in the place of Amazon's own"),
];

/// The facts of one side.
pub(super) fn facts(view: &View<'_>, found: &Found) -> Vec<Fact> {
    let mut facts = Facts(Vec::with_capacity(FACTS.len()));
    facts.of_rules(view);
    facts.of_canaries(view, found);
    facts.of_metrics(view);
    let setup = view.aside.setup();
    let later = || FactValue::unknown("not asked yet");
    facts.add("versioning", setup.map_or_else(later, |it| it.versioning.clone()));
    facts.add("lifecycle", setup.map_or_else(later, |it| it.lifecycle.clone()));
    facts.add("encryption", setup.map_or_else(later, |it| it.encryption.clone()));
    facts.add("public_blocked", setup.map_or_else(later, |it| it.public_blocked.clone()));
    facts.of_backups(view);
    if let Some(url) = &view.settings.at.endpoint {
        facts.add("endpoint_override", FactValue::text(url.as_str()));
    }
    facts.0
}

struct Facts(Vec<Fact>);

impl Facts {
    fn add(&mut self, name: &str, value: FactValue) {
        self.0.push(Fact { name: name.to_owned(), value });
    }

    fn of_rules(&mut self, view: &View<'_>) {
        let Some(to) = view.settings.other_bucket() else { return };
        let counted = |on: bool| match &view.own.rules {
            Ok(rules) => FactValue::count(
                rules.iter().filter(|rule| rule.to == to && rule.is_enabled == on).count() as u64,
            ),
            Err(why) => FactValue::Unknown(why.clone()),
        };
        self.add("rules_on", counted(true));
        self.add("rules_off", counted(false));
        let covers = match &view.own.rules {
            Ok(_) => {
                let all = view.own.rules_to(Some(to)).take(RULES_NAMED_MAX);
                let all: Vec<String> = all.map(|rule| rule.scope.to_string()).collect();
                FactValue::text(if all.is_empty() { "nothing".to_owned() } else { all.join(", ") })
            }
            Err(why) => FactValue::Unknown(why.clone()),
        };
        self.add("rules_cover", covers);
    }

    fn of_canaries(&mut self, view: &View<'_>, found: &Found) {
        let none = || FactValue::unknown("no canary of this side was read");
        self.add("canary_age", view.canary_age_s().map_or_else(none, FactValue::Seconds));
        self.add(
            "canary_status",
            match &view.own.status {
                Some(Ok(status)) => FactValue::text(status.as_deref().unwrap_or("not covered")),
                Some(Err(why)) => FactValue::Unknown(why.clone()),
                None => none(),
            },
        );
        if view.settings.other_bucket().is_none() {
            return;
        }
        self.add(
            "canaries_missing",
            match found {
                Found::Measured(arrived) if arrived.is_counted() => {
                    FactValue::count(arrived.count as u64)
                }
                Found::Measured(_) | Found::Reading => {
                    FactValue::unknown("not all of them were read yet")
                }
                Found::Unread => FactValue::unknown("the source is not read"),
                Found::Uncovered => FactValue::unknown("no rule copies canaries"),
                Found::NotAll(why) => FactValue::unknown(why.as_str()),
                Found::Ceased(_) => FactValue::unknown("no canary is written"),
            },
        );
        #[expect(clippy::cast_precision_loss, reason = "milliseconds are below 2^52")]
        let until = view.learned.until_ms[view.side.other().index()].map(|ms| ms as f64);
        let never = || FactValue::unknown("no canary of the other side was seen to arrive");
        self.add("last_replayed_unix_ms", until.map_or_else(never, FactValue::Number));
    }

    fn of_metrics(&mut self, view: &View<'_>) {
        if !view.settings.metrics {
            return;
        }
        let now_ms = view.at.wall_ms;
        let told = |figure: Option<Result<f64, Clean>>| match figure {
            Some(Ok(figure)) => Ok(figure),
            Some(Err(why)) => Err(FactValue::Unknown(why)),
            None => {
                Err(FactValue::unknown("no rule copies to the other side, or it was not asked yet"))
            }
        };
        let measured = view.own.measured.as_ref();
        let count = |figure| told(figure).map_or_else(|why| why, FactValue::Number);
        self.add("pending_operations", count(measured.map(|it| it.pending(now_ms))));
        self.add("failed_operations", count(measured.map(|it| it.failed(now_ms))));
        let latency = told(measured.map(|it| it.latency_s(now_ms)));
        self.add("replication_latency", latency.map_or_else(|why| why, FactValue::Seconds));
    }

    fn of_backups(&mut self, view: &View<'_>) {
        let Some(wanted) = &view.settings.backups else { return };
        let newest = match view.aside.backups() {
            None => return self.add("backup_age", FactValue::unknown("not asked yet")),
            Some(Err(why)) => return self.add("backup_age", FactValue::Unknown(why.clone())),
            Some(Ok(newest)) => newest,
        };
        let worst = newest.worst();
        if wanted.tenants {
            self.add("backup_tenants", FactValue::count(newest.of.len() as u64));
            self.add(
                "backup_tenant",
                worst.map_or_else(
                    || FactValue::text("none"),
                    |(name, _)| FactValue::text(name.as_str()),
                ),
            );
        }
        let Some(set) = worst.and_then(|(_, set)| set.as_ref()) else {
            return self.add("backup_age", FactValue::unknown("there is no complete backup"));
        };
        let age_s = super::lag::seconds((view.at.wall_ms - set.at_ms).max(0));
        self.add("backup_age", FactValue::Seconds(age_s));
        self.add("backup_set", FactValue::text(set.name.as_str()));
        #[expect(clippy::cast_precision_loss, reason = "sizes that are shown are below 2^52")]
        self.add("backup_size", FactValue::Number(set.size as f64));
        self.add("backup_files", FactValue::count(set.files as u64));
    }
}
