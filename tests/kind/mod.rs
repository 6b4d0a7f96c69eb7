//! How a kind of system is tested: one contract, and six questions to its real servers.
//!
//! A kind that is registered is held by the contract (`contract.rs`, in `tests/fast`): documented,
//! read strictly, in time and never fooled whatever its peer does. `worked.rs` is a whole kind,
//! made up. What only real servers answer is asked in `tests/real/<kind>/`, of servers that
//! `tests/real/servers/` starts and a [`Rig`] names. Both kinds with servers of their own ask:
//!
//! - of a hostile peer (`hostile.rs`): silent, lying, a stranger's certificate, in their
//!   `hostile.rs`;
//! - of recorded replies (`recorded.rs`): what a server once answered, there too; what it means is
//!   asked without a wire, in the kind's own `judge.rs`;
//! - for the truth under load (`truth.rs`): no lag below it, in their `truth.rs` and `looking.rs`;
//! - for identity (`identity.rs`): a name that moved, in `postgres/meant.rs`, `redis/moved.rs`;
//! - for rights (`rights.rs`): a role with too little, in their `acting.rs` and `looking.rs`;
//! - for the heartbeat that it is measured by, where `warroom beat` writes one, in their
//!   `beating.rs`.
//!
//! `hands.rs` looks and acts: a `Watcher` is a probe, a `Hand` one step on one side, a `Pulse` the
//! writer of one side's heartbeat.

pub mod hands;
pub mod hostile;
pub mod identity;
pub mod recorded;
pub mod rights;
pub mod truth;

use warroom::domain::settings::Table;
use warroom::domain::site::SystemSpec;

/// A pair of real servers of one kind, as its tests start and name them.
pub trait Rig: Sized {
    /// The ports of both sides.
    fn ports(&self) -> [u16; 2];

    /// Two ports as a system of a site, watched and acted on with these secrets.
    fn system_at(ports: [u16; 2], read: &str, act: &str, settings: Table) -> SystemSpec;

    /// The pair as a system of a site.
    fn system(&self, read: &str, act: &str, settings: Table) -> SystemSpec {
        Self::system_at(self.ports(), read, act, settings)
    }

    /// How many answers are due for what a client sent.
    fn commands_in(_asked: &[u8]) -> usize {
        1
    }
}
