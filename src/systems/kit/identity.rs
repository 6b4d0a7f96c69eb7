//! Tells the server that answers under a name from the one that the screen showed there.

use crate::domain::reading::Identity;
use crate::domain::text::Clean;
use crate::port::OperateError;

/// Why `met` is not the server that is meant; none where it is, or where nobody said which is. Its
/// data may have changed since by what was done here.
pub fn another(name: &str, expected: Option<&Identity>, met: &Identity) -> Option<String> {
    met.another(name, expected)
}

/// The end of a promotion that is meant only while no primary in `region` may take writes.
pub fn rival(region: &Clean) -> OperateError {
    let words = "answers and is not proven closed by now, so nothing was done: fence it first";
    OperateError::Refused(format!("{region} {words}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_told_apart_by_what_they_say() {
        let identity =
            |server: &str, data: &str| Identity { server: server.into(), data: data.into() };
        let check = |expected: Option<&Identity>, want: Option<&str>| {
            let found = another("cache in B", expected, &identity("run 2", "h2"));
            assert_eq!(found.as_deref(), want);
        };
        check(None, None);
        check(Some(&identity("run 2", "h1")), None);
        let words = "cache in B is another server than the screen showed, or was started anew: \
                     expected run 1, met run 2";
        check(Some(&identity("run 1", "h2")), Some(words));
    }
}
