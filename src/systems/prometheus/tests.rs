//! Settings, recorded answers and every lie that is known of them, and peers that are none.

use std::time::Duration;

use hyper::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::judge::{Told, judge};
use super::query::{Sample, read};
use super::*;
use crate::domain::reading::{Fact, FactValue, Health, LookErrorKind, Reading};
use crate::domain::time::{BootId, Stamp};
use crate::systems::kit::testing::{probe_setup, spec, table};
use crate::systems::kit::web::Answer;

const LEAST: &str = "url = 'http://127.0.0.1:9'\nseries = 'hits_total'\n";

#[test]
fn settings_that_would_lie_are_refused() {
    let check = |more: &str, want: &str| {
        let read = Wanted::read(&table(&format!("{LEAST}{more}")), "system `m`");
        match read {
            Ok(_) => assert_eq!(want, "", "{more}"),
            Err(fault) => {
                assert!(!want.is_empty(), "{more}: {fault}");
                assert!(fault.message.contains(want), "{more}: {fault}");
            }
        }
    };
    check("lag = 'max(lag)'", "");
    check("traffic = 't'\nerror_rate = '(e or vector(0)) / (t > 0)'", "");
    check("traffic = 't'\nlatency = 'avg'\nlatency_over = '1s'", "");
    check("lag = 'max(lag{what=\"> bool last_over_time(vector(\"})'", "");
    check("", "needs `error_rate`, or `latency`, or `lag`");
    check("error_rate = 'e / t'", "`error_rate` needs `traffic`");
    check("latency = 'l'", "`latency` needs `traffic`");
    check("lag = 'l'\nlatency_over = '1s'", "`latency_over` needs `latency`");
    check("lag = 'l'\nerror_rate_over = 0.1", "`error_rate_over` needs `error_rate`");
    check("lag = 'l'\ndown_over = 0.1", "`down_over` needs `error_rate`");
    check("traffic = 't'\nerror_rate = 'e'\nlag_over = '1s'", "`lag_over` needs `lag`");
    check("traffic = 't'\nerror_rate = 'e'\nerror_rate_over = 5", "must be from 0 to 1");
    let both = "traffic = 't'\nerror_rate = 'e'\nerror_rate_over = 0.5\ndown_over = 0.1";
    check(both, "`down_over` in system `m` is less than `error_rate_over`");
    let quantile = "traffic = 't'\nlatency = 'histogram_quantile(0.95, b)'\n";
    check(quantile, "`latency` needs `latency_top`");
    check(&format!("{quantile}latency_top = '10s'\nlatency_over = '2s'"), "");
    check(&format!("{quantile}latency_top = '2s'\nlatency_over = '2s'"), "less than `latency_top`");
    check("lag = 'l > bool 3'", "compares with `bool`");
    check("lag = 'last_over_time(l[1h])'", "last_over_time");
    check("lag = 'l or vector(0)'", "makes a figure of nothing");
    check(&format!("lag = '{}'", "l".repeat(4097)), "longer than 4096 bytes");
    check("lag = 'l'\nlagg = 1", "did you mean `lag`");
    let url = |url: &str, want: &str| {
        let text = format!("url = '{url}'\nseries = 's'\nlag = 'l'");
        let fault = Wanted::read(&table(&text), "system `m`").expect_err("it is refused");
        assert!(fault.message.contains(want), "{fault}");
    };
    url("ftp://x", "must start with");
    url("http://me:it@x/", "must not hold a user or password; write `read = \"secret name\"`");
    url("http://169.254.169.254/", "never asked");
    url("nowhere", "not a URL");
    let series = |series: &str, want: Option<&str>| {
        let text = format!("url = 'http://x'\nlag = 'l'\nseries = '''{series}'''");
        let read = Wanted::read(&table(&text), "system `m`").map_err(|fault| fault.message);
        match (read, want) {
            (Ok(_), None) => {}
            (Err(message), Some(want)) => assert!(message.contains(want), "{series}: {message}"),
            (read, want) => panic!("{series}: {read:?}, {want:?}"),
        }
    };
    series("hits_total", None);
    series("hits_total{job=~\"a{2}|b()\", code!='5\\'0'}", None);
    for odd in ["rate(hits_total[1m])", "hits_total[1m]", "hits_total offset 1m", "a or b", "1"] {
        series(odd, Some("must be a plain selector"));
    }
    series("job:hits:rate1m", Some("is a recording rule"));
    for own in ["up", "up{job='a'}", "scrape_duration_seconds", "ALERTS"] {
        series(own, Some("is written by Prometheus itself"));
    }
}

/// Recorded answers of Prometheus 2.42.
#[test]
fn recorded_answers_are_read() {
    let check = |body: &str, want: Option<Sample>| {
        let answer = Answer {
            status: StatusCode::OK,
            json: serde_json::from_str(body).unwrap_or_default(),
            said: String::new(),
            told_s: None,
        };
        assert_eq!(
            format!("{:?}", read(&answer).map(|read| read.sample)),
            format!("{want:?}"),
            "{body}"
        );
    };
    let vector = |inner: &str| {
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{inner}]}}}}"#)
    };
    let failed = |why: &str| Some(Sample::Failed(why.to_owned()));
    check(&vector(""), Some(Sample::Empty));
    let one = r#"{"metric":{},"value":[1795375294.595,"NaN"]}"#;
    check(&vector(one), Some(Sample::Value(f64::NAN)));
    let endless = r#"{"metric":{},"value":[1795375294.872,"+Inf"]}"#;
    check(&vector(endless), Some(Sample::Value(f64::INFINITY)));
    let small = r#"{"metric":{"job":"app"},"value":[1795375294.1,"1.5e-05"]}"#;
    check(&vector(small), Some(Sample::Value(1.5e-5)));
    check(&vector(&format!("{one},{small}")), Some(Sample::Several(2)));
    let other = |kind: &str, rest: &str| {
        format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{rest}"#)
    };
    let scalar = |more: &str| other("scalar", &format!(r#"[1795375289.934,"1"]}}{more}}}"#));
    check(&scalar(""), Some(Sample::Value(1.0)));
    check(&other("matrix", "[]}}"), failed("is a range of time; ask for one figure"));
    let text = other("string", r#"[1795375294.7,"text"]}}"#);
    check(&text, failed("is a text; ask for a figure"));
    let wrong = concat!(
        r#"{"status":"error","errorType":"bad_data","error":"#,
        r#""invalid parameter \"query\": 1:5: parse error: unclosed left parenthesis"}"#,
    );
    let why = "is refused (bad_data): invalid parameter \"query\": 1:5: parse error: unclosed left \
               parenthesis";
    check(wrong, failed(why));
    let partial = scalar(r#","warnings":["store b is gone"]"#);
    check(&partial, failed("is answered in part only, with a warning: store b is gone"));
    let hint = scalar(r#","warnings":["PromQL info: metric might not be a counter"]"#);
    check(&hint, Some(Sample::Value(1.0)));
    let other_words = [r#"{"status":"success"}"#, r#"{"status":"green"}"#, "\"success\""];
    for none in ["", "[]", "{}"].into_iter().chain(other_words) {
        check(none, None);
    }
    check(&vector(r#"{"metric":{},"value":[1,"x"]}"#), None);
    check(&vector(r#"{"metric":{},"histogram":[1,{}]}"#), None);
}

/// `4`, `NaN`, `-` for no series, `2x` for two of them, `!` for one that failed.
fn sample(text: &str) -> Option<Sample> {
    Some(match text {
        "" => return None,
        "-" => Sample::Empty,
        "2x" => Sample::Several(2),
        "!" => Sample::Failed("is refused (execution): it is so".to_owned()),
        value => Sample::Value(value.parse().expect("a figure")),
    })
}

/// What is made of the age, the traffic, the error rate, the latency and the lag.
fn judged(told: [&str; 5]) -> Reading {
    judged_beside(told, "")
}

/// The same, with the age of the lag's own sample.
fn judged_beside(told: [&str; 5], lag_age: &str) -> Reading {
    let wanted = "scrape_every = '5s'\ntraffic = 't'\nerror_rate = 'e'\nerror_rate_over = 0.05\n\
                  down_over = 0.5\nlatency = 'l'\nlatency_over = '1s'\nlatency_top = '2500ms'\n\
                  lag = 'g'\nlag_over = '10s'";
    let wanted = Wanted::read(&table(&format!("{LEAST}{wanted}")), "m").expect("it is right");
    let [age, traffic, error_rate, latency, lag] = told.map(sample);
    let told = Told {
        age: age.expect("always asked for"),
        traffic,
        error_rate,
        latency,
        lag,
        lag_age: sample(lag_age),
        took: Duration::from_millis(100),
    };
    judge(&wanted, &told, Stamp { wall_ms: 0, boot_ms: 0, boot: BootId(1) })
}

/// Health, note and facts of what was told.
fn check_figures(told: [&str; 5], health: &Health, note: &str, facts: &str) {
    let reading = judged(told);
    assert_eq!(reading.health, *health, "{told:?}");
    assert_eq!(reading.note.as_str(), note, "{told:?}");
    let shown = |fact: &Fact| match &fact.value {
        FactValue::Unknown(_) => format!("{} ?", fact.name),
        value => format!("{} {}", fact.name, value.shown()),
    };
    let shown: Vec<String> = reading.facts.iter().map(shown).collect();
    assert_eq!(shown.join(", "), facts, "{told:?}");
}

fn unknown(why: &str) -> Health {
    Health::Unknown(why.into())
}

#[test]
fn figures_that_are_not_fresh_are_not_told() {
    let check = |told: [&str; 5], health: Health, note: &str, facts: &str| {
        check_figures(told, &health, note, facts);
    };
    let nothing = "traffic ?, user_errors ?, latency ?, lag_seconds ?";
    check(
        ["4", "12.34", "0.0012", "0.1201", "3.41"],
        Health::Up,
        "12.3 requests/s, 0.2 % fail, take 121 ms, 7.6s behind",
        "sample_age 4.1s, traffic 12.34, user_errors 0.1 %, latency 0.2s, lag_seconds 7.6s",
    );
    // Restarted, it answers with the value of before.
    check(
        ["27", "12", "0", "0.1", "3.5"],
        unknown(
            "the newest sample of `series` is 28s old, of one each 5 s: the service or the server \
             does not tell what is now",
        ),
        "no fresh samples",
        &format!("sample_age 28s, {nothing}"),
    );
    let gone = "`series` is empty: its last scrape failed, it has not been sampled for minutes, or \
                this server has no such series";
    let of_age = format!("sample_age ?, {nothing}");
    check(["-", "-", "-", "-", "-"], unknown(gone), "no fresh samples", &of_age);
    // What is kept of a dead exporter has no word in it.
    check(["-", "12", "0", "0.1", "0"], unknown(gone), "no fresh samples", &of_age);
    let future = "the newest sample of `series` is of the future: whoever writes its time has \
                  another clock than this server";
    check(["-3", "1", "0", "1", "0"], unknown(future), "no fresh samples", &of_age);
}

#[test]
fn figures_without_traffic_or_series_are_not_told() {
    let check = |told: [&str; 5], health: Health, note: &str, facts: &str| {
        check_figures(told, &health, note, facts);
    };
    // Idle after traffic: 0/0, and a rate of 0 where a comparison would say 0.
    let idle = "sample_age 4.1s, traffic 0, user_errors ?, latency ?, lag_seconds 4.1s";
    check(
        ["4", "0", "NaN", "NaN", "0"],
        unknown("no traffic: 0 requests/s"),
        "no traffic, 4.1s behind",
        idle,
    );
    check(
        ["4", "0", "0", "0", "0"],
        unknown("no traffic: 0 requests/s"),
        "no traffic, 4.1s behind",
        idle,
    );
    let uncounted = "`traffic` is empty: no request was ever counted, or its selector matches \
                     nothing";
    check(
        ["4", "-", "-", "NaN", "1"],
        unknown(uncounted),
        "5.1s behind",
        "sample_age 4.1s, traffic ?, user_errors ?, latency ?, lag_seconds 5.1s",
    );
    // Only 200s.
    check(
        ["4", "9", "-", "0.1", "1"],
        unknown(
            "`error_rate` is empty: where nothing fails there is no series of failing requests; \
             write `or vector(0)` behind the failing ones",
        ),
        "9.0 requests/s, take 100 ms, 5.1s behind",
        "sample_age 4.1s, traffic 9, user_errors ?, latency 0.1s, lag_seconds 5.1s",
    );
    // Above the top bucket.
    for above in ["2.5", "+Inf"] {
        check(
            ["4", "9", "0", above, "1"],
            Health::Degraded("requests take at least 2.5s".into()),
            "9.0 requests/s, 0 % fail, take at least 2.5s, 5.1s behind",
            "sample_age 4.1s, traffic 9, user_errors 0 %, latency ?, lag_seconds 5.1s",
        );
    }
}

#[test]
fn limits_and_odd_figures_are_told() {
    let check = |told: [&str; 5], health: Health| {
        assert_eq!(judged(told).health, health, "{told:?}");
    };
    let degraded = |why: &str| Health::Degraded(why.into());
    check(["4", "9", "0.05", "1", "5.9"], Health::Up);
    check(["4", "9", "0.0501", "1", "1"], degraded("5.1 % of the requests fail"));
    check(["4", "9", "0.6", "1", "1"], Health::Down("60 % of the requests fail".into()));
    check(["4", "9", "0", "1.0001", "1"], degraded("requests take 1.1s"));
    check(["4", "9", "0", "1", "6"], degraded("it is 11s behind"));
    // What is known to be bad is not made better by what is not known.
    check(["4", "9", "0.9", "NaN", "-"], Health::Down("90 % of the requests fail".into()));
    check(["4", "0", "NaN", "NaN", "94"], degraded("it is 99s behind"));
    check(["4", "9", "0", "1", "-"], unknown("`lag` is empty: nobody tells it"));
    let nan = "`lag` is no number: whoever tells it does not know it";
    check(["4", "9", "0", "1", "NaN"], unknown(nan));
    check(["4", "9", "0", "1", "-1"], unknown("`lag` is negative (-1)"));
    let endless = "`lag` is endless: it divides by nothing";
    check(["4", "9", "0", "1", "+Inf"], unknown(endless));
    let several = "`lag` answers 2 series; make one of them with `sum` or `max`";
    check(["4", "9", "0", "1", "2x"], unknown(several));
    check(["4", "9", "0", "1", "!"], unknown("`lag` is refused (execution): it is so"));
    let share = "`error_rate` is 3, and no share: divide by all requests";
    check(["4", "9", "3", "1", "1"], unknown(share));
    check(["4", "9", "0", "-1", "1"], unknown("`latency` is negative (-1)"));
    check(["!", "9", "0", "1", "1"], unknown("`series` is refused (execution): it is so"));
    check(["14.8", "9", "0", "1", "1"], degraded("it is 16s behind"));
    // The look itself took a tenth of a second.
    let late = unknown(
        "the newest sample of `series` is 16s old, of one each 5 s: the service or the server does \
         not tell what is now",
    );
    check(["14.95", "9", "0", "1", "1"], late);
}

/// An exporter may repeat what it was told long ago, with the time of then.
#[test]
fn a_lag_is_as_old_as_its_own_sample() {
    let check = |lag_age: &str, want: &str| {
        let reading = judged_beside(["4", "9", "0", "1", "1"], lag_age);
        let lag = reading.facts.iter().find(|fact| fact.name == "lag_seconds").expect("asked for");
        assert_eq!(lag.value.shown(), want, "{lag_age}");
    };
    check("100", "102s");
    check("2", "5.1s");
    for nothing in ["", "-", "!", "-9"] {
        check(nothing, "5.1s");
    }
}

/// A server that gives every request the same answer, and what the last one of them asked. `@mark@`
/// in it becomes what it was marked with, `@at@` 1 in an answer to what is not marked, else 7.
async fn server(head: &str, body: &str) -> (u16, std::sync::Arc<std::sync::Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let (head, body) = (head.to_owned(), body.to_owned());
    let last = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let asked = std::sync::Arc::clone(&last);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let Ok(count) = stream.read(&mut request).await else { continue };
            let request = String::from_utf8_lossy(&request[..count]).into_owned();
            let mark = request.split("%22warroom_look%22%2C+%22").nth(1);
            let mark = mark.and_then(|rest| rest.split("%22").next()).unwrap_or_default();
            let body = body.replace("@mark@", mark);
            let body = body.replace("@at@", if mark.is_empty() { "1" } else { "7" });
            let length = body.len();
            let reply = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n{body}");
            *asked.lock().expect("no test panics here") = request;
            // The other end may have gone.
            let _ = stream.write_all(reply.as_bytes()).await;
        }
    });
    (port, last)
}

#[tokio::test]
async fn answers_that_are_none_of_prometheus_are_told() {
    let check = async |head: &str, body: &str, kind: LookErrorKind, want: &str| {
        let (port, _) = server(head, body).await;
        let text = format!("a = {{ url = 'http://127.0.0.1:{port}' }}\nseries = 's'\nlag = 'l'");
        let spec = spec(&text);
        let mut probe = Prometheus.probe(probe_setup(&spec)).expect("the settings are right");
        let error = probe.look().await.a.expect("A is there").expect_err("it is no answer");
        assert_eq!(error.kind, kind, "{error}");
        let place = format!("127.0.0.1:{port} ");
        assert_eq!(error.to_string().strip_prefix(&place), Some(want));
    };
    let (ours, rights) = (LookErrorKind::Ours, LookErrorKind::Permission);
    let html = "<!doctype html><title>Log in</title>";
    check(
        "200 OK",
        html,
        LookErrorKind::Garbage,
        "does not answer as Prometheus does; is `url` its base? It said: <!doctype \
         html><title>Log in</title>",
    )
    .await;
    check(
        "404 Not Found",
        "404 page not found\n",
        ours,
        "does not have what was asked for (404: 404 page not found); is `url` the base of \
         Prometheus?",
    )
    .await;
    let unauthorized = "does not accept our user or its secret (401: Unauthorized)";
    check("401 Unauthorized", "Unauthorized\n", rights, unauthorized).await;
    check("403 Forbidden", "", rights, "does not give us the right (403)").await;
    check(
        "503 Service Unavailable",
        "Service Unavailable",
        LookErrorKind::Unreachable,
        "is not ready, or what stands before it is (503: Service Unavailable)",
    )
    .await;
    check("500 Oops", "", LookErrorKind::Garbage, "failed (500)").await;
}

/// One series with a mark, worked out at a moment.
fn vector_of(mark: &str, at_s: &str) -> String {
    format!(
        r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":
        {{"warroom_look":"{mark}"}},"value":[{at_s},"1"]}}]}}}}"#
    )
}

/// What stands between may keep answers, of all queries or of those that do not change.
#[tokio::test]
async fn answers_kept_from_before_are_told() {
    let check = async |body: &str, want: &str| {
        let (port, _) = server("200 OK", body).await;
        let text = format!("a = {{ url = 'http://127.0.0.1:{port}' }}\nseries = 's'\nlag = 'l'");
        let spec = spec(&text);
        let mut probe = Prometheus.probe(probe_setup(&spec)).expect("the settings are right");
        match probe.look().await.a.expect("A is there") {
            Ok(reading) => assert_eq!((reading.health, want), (Health::Up, "")),
            Err(error) => {
                assert!(error.to_string().contains(want) && !want.is_empty(), "{error}");
            }
        }
    };
    check(&vector_of("@mark@", "7"), "").await;
    check(&vector_of("1-1", "7"), "repeats an old answer for `series`").await;
    check(&vector_of("@mark@", "@at@"), "repeats an old answer for `lag`").await;
    check(r#"{"status":"success","data":{"resultType":"scalar","result":[7,"1"]}}"#, "`series`")
        .await;
}

#[tokio::test]
async fn it_is_asked_as_who_is_written() {
    let (port, asked) = server("200 OK", &vector_of("@mark@", "1")).await;
    let spec = spec(&format!(
        "a = {{ url = 'http://127.0.0.1:{port}/metrics/' }}\nseries = 's{{a=\"b\"}}'\nlag = 'l'\n\
         read = 'prom'"
    ));
    assert_eq!(Prometheus.secrets_to_watch(&spec).expect("right"), ["prom"]);
    let mut probe = Prometheus.probe(probe_setup(&spec)).expect("the settings are right");
    let reading = probe.look().await.a.expect("A is there").expect("it answers");
    assert_eq!(reading.health, Health::Up);
    let asked = asked.lock().expect("no test panics here").clone();
    assert!(asked.starts_with("GET /metrics/api/v1/query?query="), "{asked}");
    // `wr:hunter2-prom`.
    assert!(asked.contains("authorization: Basic d3I6aHVudGVyMi1wcm9t\r\n"), "{asked}");
}
