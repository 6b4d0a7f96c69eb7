//! What a site file says of a Patroni pair, beside who asks and acts there.

use std::time::Duration;

use crate::domain::setting::{Kind, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields};
use crate::systems::kit::endpoint::{self, Endpoint, NO_HOST};

/// The kind `patroni`.
#[derive(Debug, Clone, Copy)]
pub struct Patroni;

/// The most members of one side: each is asked in each look.
const MEMBERS_MAX: usize = 16;

/// The port of the REST API, for members that are written without one.
pub(super) const PORT: Setting<u16> =
    endpoint::PORT.doc("The port of members that are written without one").or("8008");

/// PostgreSQL's own.
const POSTGRES_PORT: u16 = 5432;

const MEMBERS: Setting<Vec<String>> = Setting::new(
    "members",
    Kind::Texts(MEMBERS_MAX),
    "The REST API of every member of this side's cluster, such as `pg-a1:8008`: all are asked at \
     once, and one that is not named may take writes unseen",
)
.leads_to_hosts()
.required()
.example_each("[\"127.0.0.1:9\"]");

const SCOPE: Setting<String> = Setting::new(
    "scope",
    Kind::Word,
    "What this side's cluster calls itself (`scope` in patroni.yml): one that says otherwise is \
     another cluster",
)
.required()
.example_each("\"shop-{side}\"");

const TLS: Setting<bool> = Setting::new(
    "tls",
    Kind::Boolean,
    "True for TLS with a verified certificate; false only for loopback if absent",
);

const SERVES_AT: Setting<String> = Setting::new(
    "serves_at",
    Kind::Word,
    "Where the other region reaches this side's PostgreSQL while it leads, such as \
     `pg-a.example:5432`: what the other side follows once it is demoted",
)
.leads_to_hosts()
.example_each("\"127.0.0.1:9\"");

const SLOT: Setting<String> = Setting::new(
    "slot",
    Kind::Word,
    "The slot that the other side keeps for this one (`slots` in its configuration), for the time \
     that this side follows; none if absent",
);

const DCS_SILENCE: Setting<Duration> = Setting::new(
    "dcs_silence",
    Kind::Time(1000, 86_400_000),
    "How long ago a leader may have reached its DCS, by our clock; longer than `loop_wait`",
)
.or("30s");

/// What may be written at the system or in `a` and `b`.
pub(super) const SETTINGS: &[SettingSpec] = &[
    MEMBERS.spec,
    PORT.spec,
    SCOPE.spec,
    endpoint::READ.doc("The secret for watching; not needed where only changes ask for one").spec,
    endpoint::ACT.example("\"patroni-act\"").spec,
    TLS.spec,
    endpoint::CA.spec,
    SERVES_AT.spec,
    SLOT.spec,
    DCS_SILENCE.spec,
];

/// One side's settings beside its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// The REST API of each member.
    pub(super) members: Vec<Endpoint>,
    /// What the cluster calls itself.
    pub(super) scope: String,
    /// True to speak TLS only.
    pub(super) tls: bool,
    /// Its PostgreSQL as the other region reaches it.
    pub(super) serves_at: Option<Endpoint>,
    /// The slot by which it follows the other side.
    pub(super) slot: Option<String>,
    /// A leader that has not reached its DCS for longer is told.
    pub(super) dcs_silence: Duration,
}

impl Own {
    /// Reads them.
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Fault> {
        let members = members(fields)?;
        let serves_at = SERVES_AT.of(fields)?.map(|text| {
            let wrong = || fields.refuse("serves_at", NO_HOST);
            Endpoint::of(&text, POSTGRES_PORT).ok_or_else(wrong)
        });
        Ok(Self {
            scope: SCOPE.get(fields)?,
            tls: TLS.of(fields)?.unwrap_or_else(|| !members.iter().all(Endpoint::is_local)),
            members,
            serves_at: serves_at.transpose()?,
            slot: SLOT.of(fields)?,
            dcs_silence: DCS_SILENCE.get(fields)?,
        })
    }
}

/// Reads where the members of a side are.
pub(super) fn members(fields: &Fields<'_>) -> Result<Vec<Endpoint>, Fault> {
    let found = Endpoint::list(fields, &MEMBERS, PORT.get(fields)?)?;
    Ok(found.expect("it is required"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Side;
    use crate::systems::kit::server::Written;
    use crate::systems::kit::testing::spec;

    #[test]
    fn what_is_written_is_read() {
        let text = "port = 8009\na = { members = ['pg-a1', 'pg-a2:8008'], scope = 'east' }\n\
                    b = { members = ['127.0.0.1:9'], scope = 'west', serves_at = 'vip-b', \
                    slot = 'dr', dcs_silence = '1m' }";
        let [a, b] = Side::BOTH.map(|side| Written::<Patroni>::one(&spec(text), side).unwrap());
        let places: Vec<String> = a.own.members.iter().map(Endpoint::place).collect();
        assert_eq!(places, ["pg-a1:8009", "pg-a2:8008"]);
        assert_eq!((a.own.tls, b.own.tls, a.endpoint.port), (true, false, 8009));
        let serves_at = b.own.serves_at.map(|at| at.place());
        assert_eq!((serves_at.as_deref(), b.own.slot.as_deref()), (Some("vip-b:5432"), Some("dr")));
        assert_eq!(b.own.dcs_silence, Duration::from_secs(60));
    }

    #[test]
    fn refusals_say_what_to_do() {
        let check = |a: &str, want: &str| {
            let text = format!("a = {{ {a} }}\nb = {{ members = ['b1'], scope = 'west' }}");
            let found = Written::<Patroni>::both(&spec(&text)).err().expect(&text).message;
            assert!(found.contains(want), "{found}");
        };
        check("scope = 'east'", "needs `members`");
        check("members = ['a1']", "needs `scope`");
        check("members = [], scope = 'east'", "must name at least one");
        check("members = ['a1', 'a1:8008'], scope = 'east'", "names `a1:8008` twice");
        check("members = ['a1:x'], scope = 'east'", "must be a name or an address");
        check("members = ['/run/x'], scope = 'east'", "must be a name or an address");
        check("members = ['a1'], scope = 'west'", "have the same `scope`");
        check("members = ['a1'], scope = 'east', serves_at = ':5'", "must be a name");
        check("members = ['a1'], scope = 'east', slots = 'x'", "did you mean `slot`?");
    }
}
