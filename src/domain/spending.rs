//! What watching costs at those who charge for questions: one round of looks, as a day of them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::text::several;
use super::time::short_time;

const DAY_S: f64 = 86_400.0;

const MINUTES_A_DAY: f64 = 1440.0;

/// What a request belongs to: that says how often it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// A question whose answer many systems share, by its number.
    Shared(u64),
    /// A system's own look, or a part of it, each so long after the last.
    Own(Duration),
}

/// How often a shared question is asked, and for how many metrics.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shared {
    every: Duration,
    metrics: usize,
    usd_each: f64,
}

/// Requests of one question to one place.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Sent {
    requests: u32,
    usd: f64,
    /// True where somebody charges for them.
    charged: bool,
}

/// One round of looks at a site: what was sent to whom, and how often it is sent again.
#[derive(Debug, Default)]
pub struct Round {
    shared: BTreeMap<u64, Shared>,
    sent: BTreeMap<(String, Question), Sent>,
}

impl Round {
    /// One request to a place: what it costs; none where nobody charges.
    pub fn count(&mut self, place: &str, question: Question, usd: Option<f64>) {
        let sent = self.sent.entry((place.to_owned(), question)).or_default();
        sent.requests = sent.requests.saturating_add(1);
        sent.usd += usd.unwrap_or_default();
        sent.charged |= usd.is_some();
    }

    /// Somebody wants the answer to a shared question so often: the fastest sets its pace.
    pub fn want(&mut self, number: u64, every: Duration) {
        let fresh = Shared { every, metrics: 0, usd_each: 0.0 };
        let shared = self.shared.entry(number).or_insert(fresh);
        shared.every = shared.every.min(every);
    }

    /// A shared question asks for so many metrics, each of which is charged.
    pub fn measure(&mut self, number: u64, metrics: usize, usd_each: f64) {
        if let Some(shared) = self.shared.get_mut(&number) {
            (shared.metrics, shared.usd_each) = (metrics, usd_each);
        }
    }

    /// A shared question is asked: what was counted of it before is of an earlier round.
    pub fn begin(&mut self, number: u64) {
        self.sent.retain(|(_, question), _| *question != Question::Shared(number));
    }

    /// What a day of such rounds comes to, for each place.
    pub fn bills(&self) -> Vec<Bill> {
        let mut bills: BTreeMap<&str, Bill> = BTreeMap::new();
        for ((place, question), sent) in &self.sent {
            let shared = match question {
                Question::Shared(number) => self.shared.get(number).copied(),
                Question::Own(_) => None,
            };
            let every = match (question, shared) {
                (Question::Own(every), _) => *every,
                (Question::Shared(_), Some(shared)) => shared.every,
                // Whoever asks has said how often.
                (Question::Shared(_), None) => continue,
            };
            let rounds = DAY_S / every.as_secs_f64().max(f64::EPSILON);
            let new = Bill { place: place.clone(), ..Bill::default() };
            let bill = bills.entry(place.as_str()).or_insert(new);
            bill.requests_a_day += rounds * f64::from(sent.requests);
            let mut usd = sent.usd;
            if let Some(Shared { metrics, usd_each, .. }) = shared.filter(|it| it.metrics > 0) {
                bill.metrics += metrics;
                bill.metrics_every =
                    bill.metrics_every.map_or(Some(every), |it| Some(it.min(every)));
                #[expect(clippy::cast_precision_loss, reason = "a site has below 2^52 metrics")]
                let metrics = metrics as f64;
                usd += metrics * usd_each;
            }
            if sent.charged {
                bill.usd_a_day = Some(bill.usd_a_day.unwrap_or_default() + rounds * usd);
            }
        }
        bills.into_values().collect()
    }
}

/// What a day of watching comes to at one place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bill {
    /// Where, and as whom it is asked.
    pub place: String,
    /// Requests of a day.
    pub requests_a_day: f64,
    /// Metrics that are asked for.
    pub metrics: usize,
    /// How often; none where there are none.
    pub metrics_every: Option<Duration>,
    /// What the day costs in dollars; none where nobody charges.
    pub usd_a_day: Option<f64>,
}

impl Bill {
    /// The sum of all.
    pub fn sum(bills: &[Self]) -> Self {
        let sum = |a: Self, b: &Self| Self {
            requests_a_day: a.requests_a_day + b.requests_a_day,
            metrics: a.metrics + b.metrics,
            metrics_every: [a.metrics_every, b.metrics_every].into_iter().flatten().min(),
            usd_a_day: match (a.usd_a_day, b.usd_a_day) {
                (None, None) => None,
                (a, b) => Some(a.unwrap_or_default() + b.unwrap_or_default()),
            },
            ..a
        };
        bills.iter().fold(Self { place: "all together".to_owned(), ..Self::default() }, sum)
    }

    /// Requests of a minute.
    pub fn requests_a_minute(&self) -> f64 {
        self.requests_a_day / MINUTES_A_DAY
    }
}

/// No figure is smaller than what it stands for.
impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minute = upwards(self.requests_a_minute(), 10.0);
        let day = grouped(upwards(self.requests_a_day, 1.0));
        write!(f, "{}: {minute} requests a minute, {day} a day", self.place)?;
        if let Some(every) = self.metrics_every {
            write!(f, ", {} each {}", several(self.metrics as u64, "metric"), short_time(every))?;
        }
        match self.usd_a_day {
            Some(usd) => write!(f, ": about {:.2} USD a day", upwards(usd, 100.0)),
            None => f.write_str(": nobody is known to charge for them"),
        }
    }
}

/// A figure cut off upwards, to so many parts of one; not for what arithmetic adds to a whole one.
fn upwards(figure: f64, parts: f64) -> f64 {
    let cut = (figure * parts - 1e-6).ceil();
    // Never `-0`.
    if cut > 0.0 { cut / parts } else { 0.0 }
}

/// `8,640`.
fn grouped(whole: f64) -> String {
    let digits = format!("{whole:.0}");
    let first = digits.len() % 3;
    let (lead, rest) = digits.split_at(first);
    let groups = rest.as_bytes().chunks(3).map(|three| String::from_utf8_lossy(three).into_owned());
    let groups: Vec<String> =
        Some(lead.to_owned()).filter(|lead| !lead.is_empty()).into_iter().chain(groups).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request to a place: of which question, and what it costs.
    type Request = (&'static str, Question, Option<f64>);

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn told(wants: &[(u64, u64)], metrics: &[(u64, usize)], requests: &[Request]) -> Vec<String> {
        let mut round = Round::default();
        for (number, every_s) in wants {
            round.want(*number, s(*every_s));
        }
        for (number, count) in metrics {
            round.measure(*number, *count, 0.01 / 1000.0);
        }
        for (place, question, usd) in requests {
            round.count(place, *question, *usd);
        }
        let bills = round.bills();
        bills.iter().chain([&Bill::sum(&bills)]).map(ToString::to_string).collect()
    }

    #[test]
    fn a_day_is_as_many_rounds_as_fit_into_it() {
        use Question::{Own, Shared};
        let check =
            |wants: &[(u64, u64)], metrics: &[(u64, usize)], sent: &[Request], want: &[&str]| {
                assert_eq!(told(wants, metrics, sent), want);
            };
        let nothing =
            "all together: 0 requests a minute, 0 a day: nobody is known to charge for them";
        check(&[], &[], &[], &[nothing]);
        // Three requests each 30 s, and 14 metrics each minute, in one region.
        let region = [
            ("one", Shared(1), Some(0.0)),
            ("one", Shared(1), Some(0.0)),
            ("one", Shared(1), Some(0.0)),
            ("one", Shared(2), Some(0.0)),
        ];
        let figures =
            "7 requests a minute, 10,080 a day, 14 metrics each 60s: about 0.21 USD a day";
        let want = [format!("one: {figures}"), format!("all together: {figures}")];
        check(&[(1, 30), (2, 60)], &[(2, 14)], &region, &[&want[0], &want[1]]);
        // Whoever wants it fastest sets the pace, whoever asked.
        let once = [("one", Shared(1), Some(0.0))];
        let fast = "1 requests a minute, 1,440 a day: about 0.00 USD a day";
        let want = [format!("one: {fast}"), format!("all together: {fast}")];
        check(&[(1, 300), (1, 60), (1, 90)], &[], &once, &[&want[0], &want[1]]);
        // A system's own looks, at a place that charges and at one that does not.
        let own = [("one", Own(s(5)), Some(0.005 / 1000.0)), ("two", Own(s(1)), None)];
        let want = [
            "one: 12 requests a minute, 17,280 a day: about 0.09 USD a day",
            "two: 60 requests a minute, 86,400 a day: nobody is known to charge for them",
            "all together: 72 requests a minute, 103,680 a day: about 0.09 USD a day",
        ];
        check(&[], &[], &own, &want);
        // What is asked once and kept for ever is of no day; what is rare is not nothing.
        let rare = [("one", Shared(1), Some(0.0)), ("two", Own(s(600)), Some(1e-9))];
        let want = [
            "one: 0 requests a minute, 0 a day: about 0.00 USD a day",
            "two: 0.1 requests a minute, 144 a day: about 0.01 USD a day",
            "all together: 0.1 requests a minute, 144 a day: about 0.01 USD a day",
        ];
        check(&[(1, u64::MAX)], &[], &rare, &want);
    }

    #[test]
    fn only_the_last_time_that_a_question_was_asked_counts() {
        let mut round = Round::default();
        round.want(1, s(30));
        for _ in 0..3 {
            round.begin(1);
            round.count("one", Question::Shared(1), None);
            round.count("one", Question::Own(s(60)), None);
        }
        let a_minute: Vec<f64> = round.bills().iter().map(Bill::requests_a_minute).collect();
        assert_eq!(a_minute, [5.0]);
    }
}
