//! What may be written of a Prometheus server: where it is, what it is asked, what is too much.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;
use url::Url;

use crate::domain::setting::{Kind, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields, Span, Table};
use crate::systems::kit::endpoint::{CA, READ};
use crate::systems::kit::web;

const URL: Setting<String> = Setting::new(
    "url",
    Kind::Word,
    "The server's base, `https://` or `http://`, without user or password",
)
.leads_to_hosts()
.required()
.example_each("\"http://127.0.0.1:9/\"");

const READ_SECRET: Setting<String> =
    READ.doc("The secret for watching: user and password, or a token alone");

const SERIES: Setting<String> = Setting::new(
    "series",
    Kind::Word,
    "A selector of what the service itself exports; its newest sample tells how old all is",
)
.required()
.example("'http_requests_total{job=\"app\"}'");

const SCRAPE_EVERY: Setting<Duration> = Setting::new(
    "scrape_every",
    Kind::Time(100, 600_000),
    "How often the server asks the service; older than three of these is stale",
)
.or("15s");

const TRAFFIC: Setting<String> = Setting::new(
    "traffic",
    Kind::Word,
    "PromQL: requests a second; tells no traffic from no errors",
)
.example("'sum(rate(http_requests_total{job=\"app\"}[1m]))'");

const ERROR_RATE: Setting<String> = Setting::new(
    "error_rate",
    Kind::Word,
    "PromQL: failing of all requests, 0 to 1, the failing ones with `or vector(0)`",
)
.example(
    "'(sum(rate(http_requests_total{job=\"app\",code=~\"5..\"}[1m])) or vector(0)) \
     / sum(rate(http_requests_total{job=\"app\"}[1m]))'",
);

const LATENCY: Setting<String> =
    Setting::new("latency", Kind::Word, "PromQL: how long requests take, in seconds");

const LATENCY_TOP: Setting<Duration> = Setting::new(
    "latency_top",
    Kind::Time(1, u64::MAX),
    "The highest finite bucket of the histogram that `latency` reads: above is \"at least\"",
);

const LAG: Setting<String> = Setting::new(
    "lag",
    Kind::Word,
    "PromQL: how far a replica is behind, in seconds, as the exporter of `series` tells it",
);

const ERROR_RATE_OVER: Setting<Table> = Setting::new(
    "error_rate_over",
    Kind::Shape("a number from 0 to 1"),
    "The error rate above which it is degraded",
)
.example("0.05");

const DOWN_OVER: Setting<Table> = Setting::new(
    "down_over",
    Kind::Shape("a number from 0 to 1"),
    "The error rate above which it is down",
);

const LATENCY_OVER: Setting<Duration> =
    Setting::new("latency_over", Kind::Time(1, u64::MAX), "The latency above which it is degraded");

const LAG_OVER: Setting<Duration> =
    Setting::new("lag_over", Kind::Time(1, u64::MAX), "The lag above which it is degraded");

/// The settings of a server.
pub const OF_SYSTEM: &[SettingSpec] = &[
    URL.spec,
    READ_SECRET.spec,
    CA.spec,
    SERIES.spec,
    SCRAPE_EVERY.spec,
    TRAFFIC.spec,
    ERROR_RATE.spec,
    LATENCY.spec,
    LATENCY_TOP.spec,
    LAG.spec,
    ERROR_RATE_OVER.spec,
    DOWN_OVER.spec,
    LATENCY_OVER.spec,
    LAG_OVER.spec,
];

/// The longest query that is sent, in bytes: it travels in a line of the request.
const QUERY_BYTES_MAX: usize = 4096;

/// What is wanted of one server.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where it is.
    pub url: Url,
    /// The name of the secret to ask with.
    pub read: Option<String>,
    /// The authorities to trust.
    pub ca: Option<PathBuf>,
    /// The selector whose newest sample tells the age of all.
    pub series: String,
    /// How often it is sampled.
    pub scrape_every: Duration,
    /// Requests a second.
    pub traffic: Option<String>,
    /// Failing of all requests.
    pub error_rate: Option<String>,
    /// Seconds that requests take.
    pub latency: Option<String>,
    /// Seconds that a replica is behind.
    pub lag: Option<String>,
    /// What is too much.
    pub limits: Limits,
    /// Where it is written.
    pub span: Span,
}

/// Above what it is not well any more.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Degraded above this error rate.
    pub error_rate: Option<f64>,
    /// Down above this error rate.
    pub down: Option<f64>,
    /// Degraded above this latency.
    pub latency: Option<Duration>,
    /// What the histogram of the latency tells at most.
    pub latency_top: Option<Duration>,
    /// Degraded above this lag.
    pub lag: Option<Duration>,
}

impl Limits {
    /// Whether there is none at all.
    pub const fn are_none(&self) -> bool {
        self.error_rate.is_none()
            && self.down.is_none()
            && self.latency.is_none()
            && self.lag.is_none()
    }
}

impl Wanted {
    /// Reads the settings of one side.
    ///
    /// # Errors
    /// When one is wrong or unknown, or would make the figures lie.
    pub fn read(table: &Table, what: &str) -> Result<Self, Fault> {
        let fields = &Fields::new(table, what);
        let url = web::url_of(&URL.get(fields)?, "read = \"secret name\"")
            .map_err(|why| fields.fault("url", why))?;
        let limits = Limits {
            error_rate: fields.number(ERROR_RATE_OVER.spec.name, 0.0, 1.0)?,
            down: fields.number(DOWN_OVER.spec.name, 0.0, 1.0)?,
            latency: LATENCY_OVER.of(fields)?,
            latency_top: LATENCY_TOP.of(fields)?,
            lag: LAG_OVER.of(fields)?,
        };
        let wanted = Self {
            url,
            read: READ_SECRET.of(fields)?,
            ca: CA.of(fields)?,
            series: SERIES.get(fields)?,
            scrape_every: SCRAPE_EVERY.get(fields)?,
            traffic: query(fields, &TRAFFIC, false)?,
            error_rate: query(fields, &ERROR_RATE, false)?,
            latency: query(fields, &LATENCY, true)?,
            lag: query(fields, &LAG, true)?,
            limits,
            span: fields.span(),
        };
        fields.finish()?;
        check_series(fields, &wanted.series)?;
        wanted.check_together(fields)?;
        Ok(wanted)
    }

    /// What holds between the settings.
    fn check_together(&self, fields: &Fields<'_>) -> Result<(), Fault> {
        let needs = |key: &str, why: &str| Err(fields.fault(key, format!("`{key}` needs {why}")));
        let (rate, latency, lag) = (&self.error_rate, &self.latency, &self.lag);
        if rate.is_none() && latency.is_none() && lag.is_none() {
            return Err(fields.missing("error_rate", "or `latency`, or `lag`: a PromQL query"));
        }
        if self.traffic.is_none() && (rate.is_some() || latency.is_some()) {
            let key = if rate.is_some() { "error_rate" } else { "latency" };
            return needs(
                key,
                "`traffic`, a query of requests a second: without any it means none",
            );
        }
        let limits = &self.limits;
        for (limit, query, name) in [
            (limits.error_rate.is_some(), rate, "error_rate"),
            (limits.latency.is_some(), latency, "latency"),
            (limits.lag.is_some(), lag, "lag"),
        ] {
            if limit && query.is_none() {
                return needs(&format!("{name}_over"), &format!("`{name}`, the query it is about"));
            }
        }
        if limits.down.is_some() && rate.is_none() {
            return needs("down_over", "`error_rate`, the query it is about");
        }
        if let (Some(degraded), Some(down)) = (limits.error_rate, limits.down)
            && down < degraded
        {
            return Err(fields.refuse("down_over", "is less than `error_rate_over`"));
        }
        let is_quantile = latency.as_ref().is_some_and(|of| of.contains("histogram_quantile"));
        match (limits.latency_top, limits.latency) {
            (None, _) if is_quantile => needs(
                "latency",
                "`latency_top`, the highest finite bucket of its histogram, such as \"10s\": a \
                 quantile above it is told as if it were that",
            ),
            (Some(top), Some(over)) if over >= top => {
                let why = "must be less than `latency_top`: above that no latency is told";
                Err(fields.refuse("latency_over", why))
            }
            _ => Ok(()),
        }
    }
}

/// Reads a query, and refuses those that make a figure of nothing: a comparison that answers 0, a
/// sample kept when its exporter is dead and, where absence is no zero, a vector of our own.
fn query(
    fields: &Fields<'_>,
    setting: &Setting<String>,
    is_no_count: bool,
) -> Result<Option<String>, Fault> {
    let Some(written) = setting.of(fields)? else { return Ok(None) };
    let refuse = |why: &str| Err(fields.refuse(setting.spec.name, why));
    if written.len() > QUERY_BYTES_MAX {
        return refuse("is longer than 4096 bytes; let a recording rule compute it");
    }
    let bare = QUOTED.replace_all(&written, "");
    if COMPARES.is_match(&bare) {
        return refuse(
            "compares with `bool`, which answers 0 where there is nothing: ask for the \
                       figure, and write its limit beside it",
        );
    }
    if KEEPS.is_match(&bare) {
        return refuse(
            "keeps old samples with `last_over_time`, also those of a dead service: \
                       leave it out",
        );
    }
    if is_no_count && MAKES.is_match(&bare) {
        return refuse("makes a figure of nothing with `vector(...)`: leave it out");
    }
    Ok(Some(written))
}

static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#""(\\.|[^"\\])*"|'(\\.|[^'\\])*'|`[^`]*`"#));
static COMPARES: LazyLock<Regex> = LazyLock::new(|| pattern(r"[=<>]\s*bool\b"));
static KEEPS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\blast_over_time\s*\("));
static MAKES: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bvector\s*\("));
static SELECTOR: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s*([a-zA-Z_][a-zA-Z0-9_:]*)\s*(\{[^{}\[\]()]*\})?\s*$"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("it is written right")
}

/// Refuses what has a fresh time of its own while the service is dead.
fn check_series(fields: &Fields<'_>, series: &str) -> Result<(), Fault> {
    let refuse = |why: &str| Err(fields.refuse("series", why));
    let bare = QUOTED.replace_all(series, "");
    let Some(found) = SELECTOR.captures(&bare) else {
        return refuse(
            "must be a plain selector such as `http_requests_total{job=\"app\"}`: of \
                       all else the time of the query is told, not that of a sample",
        );
    };
    let name = found.get(1).map_or("", |name| name.as_str());
    if name.contains(':') {
        return refuse(
            "is a recording rule, which is computed anew also from old samples: name \
                       a series that the service exports",
        );
    }
    if name == "up" || name == "ALERTS" || name.starts_with("scrape_") {
        return refuse(
            "is written by Prometheus itself, also when the service is dead: name a \
                       series that the service exports",
        );
    }
    Ok(())
}
