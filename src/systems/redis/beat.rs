//! Writes the heartbeat key of a primary, by that server's own clock.

use redis::Value;

use super::link::Session;
use crate::port::Beat;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// Writes the server's time to the key, as milliseconds since 1970: whoever reads it compares it
/// with that server's clock, and a writer's own, ahead of it, would make a lag look like none. The
/// time is asked first, so that what is written is never later than the write. A replica refuses.
pub(super) async fn write(session: &Session, key: &str, place: &str) -> Result<Beat, Trouble> {
    const TIME: &[&str] = &["TIME"];
    let answer = session.ask(TIME).await?;
    let now = milliseconds(&answer).ok_or_else(|| session.garbage(TIME, &answer))?;
    let words = ["SET", key, &now.to_string()];
    if session.text(&words).await?.as_deref() != Some("OK") {
        let message = format!("{place} did not answer OK to SET: is it Redis?");
        return Err(Trouble::new(TroubleKind::Garbage, message));
    }
    Ok(Beat::Written)
}

/// The answer to `TIME`: seconds since 1970 and microseconds, each as a text.
fn milliseconds(answer: &Value) -> Option<i64> {
    let Value::Array(parts) = answer else { return None };
    let number = |part: &Value| match part {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok()?.parse::<i64>().ok(),
        Value::Int(number) => Some(*number),
        _ => None,
    };
    let [seconds, micros] = parts.as_slice() else { return None };
    let (seconds, micros) = (number(seconds)?, number(micros)?);
    let is_time = seconds > 0 && (0..1_000_000).contains(&micros);
    is_time.then_some(())?;
    seconds.checked_mul(1000)?.checked_add(micros / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_time_is_a_time() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let check = |answer: Value, want: Option<i64>| {
            assert_eq!(milliseconds(&answer), want, "{answer:?}");
        };
        let two = |one: &str, other: &str| Value::Array(vec![text(one), text(other)]);
        check(two("1795183330", "123999"), Some(1_795_183_330_123));
        check(two("1795183330", "0"), Some(1_795_183_330_000));
        check(two("0", "5"), None);
        check(two("1795183330", "1000000"), None);
        check(two("1795183330", "-1"), None);
        check(two("9223372036854775807", "0"), None);
        check(two("soon", "0"), None);
        check(Value::Array(vec![text("1795183330")]), None);
        check(text("1795183330"), None);
        check(Value::Nil, None);
    }
}
