//! Peers that cannot be trusted or never answer.

use warroom::domain::ids::Side;
use warroom::domain::reading::LookErrorKind;
use warroom::domain::settings::Table;

use super::bench::{Hand, Watcher};
use crate::kind::Rig as _;
use crate::kind::hostile;
use crate::kind::recorded::serve;
use crate::servers::patroni::Pair;

#[test]
fn a_peer_that_never_answers_is_given_up_in_time() {
    hostile::never_answers::<Pair>();
}

#[test]
fn answers_that_lie_are_never_well() {
    let check = |first: &'static [u8], more: &'static [u8], want: &str| {
        let [error, _] = hostile::lies::<Pair>(Table::default(), first, more);
        assert!(error.to_string().contains(want), "{error} / {want}");
        error.kind
    };
    check(b"+OK\r\n", b"", "gave no valid answer");
    check(b"HTTP/1.0 200 OK\r\n\r\nhello", b"!", "sent more than 1 MiB");
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", b"", "what is no JSON");
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"", "told no `scope`");
    let told = b"HTTP/1.1 401 No\r\nContent-Length: 23\r\n\r\nno auth header received";
    let kind = check(told, b"", "does not accept our user or its secret");
    assert_eq!(kind, LookErrorKind::Permission);
    let other = b"HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n{\"patroni\":{\"scope\":\"north\"}}";
    check(other, b"", "is of the cluster `north`, not of `east`");
    let empty = b"HTTP/1.1 200 OK\r\nContent-Length: 98\r\n\r\n{\"patroni\":{\"scope\":\"east\",\
        \"name\":\"e1\"},\"state\":\"initializing new cluster\",\"role\":\"uninitialized\"}";
    check(empty, b"", "has no data yet: it is initializing new cluster");
}

#[test]
fn a_peer_that_hides_what_we_need_is_not_acted_on() {
    let port = serve::<Pair>(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"");
    let spec = Pair::system_at([port, port], "read", "act", Table::default());
    for action in ["patroni.promote", "patroni.fence", "patroni.demote", "patroni.pause"] {
        let mut hand = Hand::new(&spec, action, Side::B, Table::default());
        let error = hand.apply().unwrap_err().to_string();
        assert!(error.contains("nothing was sent"), "{action}: {error}");
    }
    let error = Watcher::new(&spec).side(Side::A).unwrap_err();
    assert_eq!(error.kind, LookErrorKind::Garbage, "{error}");
}
