//! The rigs themselves: a service, name servers and a load do what other tests rely on.

use crate::servers::dns::Dns;
use crate::servers::load::Load;
use crate::servers::postgres::Pair;
use crate::servers::service::Service;
use crate::servers::{DEADLINE, folder, free_port, until, versions};
use crate::turns::{Group, turn};

#[test]
fn services_tell_primary_from_standby_and_lost_rows_are_found() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let mut pair = Pair::start();
    let port = free_port("127.0.0.1");
    let a = Service::start("a", "127.0.0.1", port, &pair.a);
    let b = Service::start("b", "127.0.0.2", port, &pair.b);
    let check = |service: &Service, path: &str, status: u16, want: &str| {
        let (found, body) = service.get(path);
        assert_eq!(found, status, "{path}: {body}");
        assert!(body.contains(want), "{body}");
    };
    check(&a, "/health", 200, "\"status\": \"up\"");
    check(&b, "/health", 503, "\"status\": \"standby\"");
    check(&b, "/health?standby-ok", 200, "\"status\": \"standby\"");
    check(&b, "/live", 200, "\"region\": \"b\"");

    let folder = folder();
    let mut load = Load::start(&pair.a, folder.path(), 1);
    // What A acknowledges while B cannot receive is what will be lost.
    pair.b.stop();
    load.until_more(30);
    pair.a.kill9();
    check(&a, "/health", 503, "\"status\": \"down\"");
    load.stop();
    let acknowledged = load.acknowledged();
    pair.b.start();
    pair.b.sql("select pg_promote()");
    let lost = load.missing_in(&pair.b);
    assert!(lost.len() >= 30, "{} of {} lost", lost.len(), acknowledged.len());
    assert_eq!(lost.last(), acknowledged.last());
    check(&b, "/health", 200, "\"wrote\"");
}

#[test]
fn a_name_is_moved_and_the_resolver_forgets_in_its_time() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let versions = versions();
    assert!(versions.iter().all(|version| version.contains('.')), "{versions:?}");
    println!("{}", versions.join("\n"));
    let dns = Dns::start("127.0.0.1", 1);
    dns.set("app", "127.0.0.2", 1);
    assert_eq!(dns.ask_authority("app.warroom.test"), ["127.0.0.2"]);
    until("the resolver follows", DEADLINE, || {
        dns.ask_resolver("app.warroom.test") == ["127.0.0.2"]
    });
}
