//! The states that a pair can be in: how each is made and ended, and what may be said of it.

use super::deeds as d;
use super::rig::Rig;
use super::servers::Servers;

/// A store of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Pg,
    Cache,
}

impl Store {
    /// Both, in the order of the site file.
    pub const BOTH: [Self; 2] = [Self::Pg, Self::Cache];

    /// As the site file calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pg => "pg",
            Self::Cache => "cache",
        }
    }

    /// Its place in [`Self::BOTH`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// Which stores are in a state; the other one is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Both,
    Pg,
    Cache,
}

impl Of {
    /// True when the store is in the state.
    pub fn has(self, store: Store) -> bool {
        match self {
            Self::Both => true,
            Self::Pg => store == Store::Pg,
            Self::Cache => store == Store::Cache,
        }
    }
}

/// Which figure of a lag may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// One that is true.
    True,
    /// None: what stands at B's name is no copy of A.
    No,
}

/// Whether the site may be called well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calm {
    /// Nothing is wrong, or it need not be seen.
    May,
    /// Once every rule had time to speak, `status` may not end with 0, and no screen be without
    /// any mark.
    Not,
    /// Beyond that everybody names an alarm.
    Alarm,
}

/// How a state ends.
#[derive(Clone, Copy)]
pub enum End {
    /// With the servers.
    Stays,
    /// By this; what is shown while it heals is held against the truth too.
    Heals(Deed),
    /// B is promoted by keys, and the measured loss is held against what is missing.
    Promoted,
}

/// Whether heartbeats matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beats {
    /// The state is seen with and without.
    Either,
    /// It is one of the heartbeats.
    Needed,
}

/// Makes or ends a state.
pub type Deed = fn(&mut Rig, &mut Servers);

/// A state by its name.
pub struct State {
    pub name: &'static str,
    pub of: Of,
    pub beats: Beats,
    pub figure: Figure,
    pub calm: Calm,
    /// In it no heartbeat is written, which takes a moment to be sure of.
    pub ceases: bool,
    pub make: Deed,
    pub end: End,
}

impl State {
    /// This state, and what may be said of it.
    const fn says(mut self, figure: Figure, calm: Calm) -> Self {
        (self.figure, self.calm) = (figure, calm);
        self
    }

    /// No heartbeat is written.
    const fn ceases(mut self) -> Self {
        self.ceases = true;
        self
    }

    /// Only with heartbeats.
    const fn of_beats(mut self) -> Self {
        self.beats = Beats::Needed;
        self
    }
}

const fn state(name: &'static str, of: Of, make: Deed, end: End) -> State {
    let (beats, figure, calm) = (Beats::Either, Figure::True, Calm::Alarm);
    State { name, of, beats, figure, calm, ceases: false, make, end }
}

use Calm::{Alarm, May, Not};
use End::{Heals, Promoted, Stays};
use Figure::{No, True};
use Of::{Both, Cache, Pg};

/// All of them.
pub const STATES: &[State] = &[
    state("healthy", Both, |_, _| {}, Stays).says(True, May),
    state("primary-killed", Both, d::kill_primaries, Promoted),
    state("standby-frozen", Both, d::freeze_standbys, Heals(d::thaw_standbys)),
    state("idle", Both, d::idle, Heals(d::busy)).says(True, May),
    state("primary-killed-behind", Both, d::kill_primaries_behind, Promoted),
    state("idle-primary-killed", Both, d::kill_idle_primaries, Promoted),
    state("replay-paused-primary-killed", Pg, d::kill_while_paused, Promoted),
    state("primary-frozen", Both, d::freeze_primaries, Heals(d::thaw_primaries)),
    state("primary-restarted", Both, d::restart_primaries, Stays).says(True, May),
    state("standby-killed", Both, d::kill_standbys, Heals(d::start_standbys)),
    state("standby-restarted", Both, d::restart_standbys, Stays).says(True, May),
    state("link-cut", Both, d::cut_lines, Heals(d::clear_lines)),
    state("link-silent", Both, d::silence_lines, Heals(d::clear_lines)),
    state("link-late", Both, d::delay_lines, Heals(d::clear_lines)).says(True, May),
    state("link-narrow", Both, d::narrow_lines, Heals(d::clear_lines)).says(True, May),
    state("idle-then-burst", Both, d::burst_after_idle, Heals(d::clear_lines)).says(True, May),
    state("path-to-a-refused", Both, d::refuse_names_of_a, Heals(d::heal)),
    state("path-to-a-silent", Both, d::silence_names_of_a, Heals(d::heal)),
    state("path-to-b-silent", Both, d::silence_names_of_b, Heals(d::heal)).says(True, Not),
    state("it-is-us", Both, d::silence_all_paths, Heals(d::heal)),
    state("standby-promoted", Both, d::promote_standbys, Stays).says(No, Alarm),
    state("one-server-two-names", Both, d::lead_b_to_a, Heals(d::heal)).says(No, Alarm),
    state("stranger-as-b", Both, d::lead_b_to_strangers, Heals(d::heal)).says(No, Alarm),
    state("nobody-primary", Both, d::make_a_follow_nobody, Stays),
    state("wrong-password", Both, d::change_passwords, Stays).says(True, Not),
    state("rights-missing", Both, d::take_rights, Heals(d::give_rights)).says(True, Not),
    state("heartbeat-stopped", Both, d::stop_beats, Heals(d::start_beats))
        .says(True, Not)
        .ceases()
        .of_beats(),
    state("heartbeat-and-link-stopped", Both, d::stop_beats_and_lines, Heals(d::clear_lines))
        .ceases()
        .of_beats(),
    state("walsender-frozen", Pg, d::freeze_sender, Heals(d::thaw_sender)),
    state("walreceiver-frozen", Pg, d::freeze_receiver, Heals(d::thaw_receiver)),
    state("replay-paused", Pg, d::pause_replay, Heals(d::resume_replay)).says(True, Not),
    state("replay-blocked", Pg, d::block_replay, Heals(d::end_guests)).says(True, May),
    state("primary-read-only", Pg, d::set_read_only, Heals(d::unset_read_only)).says(True, Not),
    state("primary-fenced", Pg, d::fence, Heals(d::unset_read_only)).says(True, Not),
    state("synchronous-with-nobody", Pg, d::wait_for_nobody, Heals(d::wait_for_none))
        .says(True, Not),
    state("log-removed", Pg, d::remove_log, Stays),
    state("history-split", Pg, d::split_history, Stays).says(No, Alarm),
    state("large-transaction", Pg, d::write_much_at_once, Heals(d::end_guests)).says(True, May),
    state("primary-emptied", Cache, d::empty_primary, Stays),
    state("primary-emptied-idle", Cache, d::empty_idle_primary, Stays),
    state("no-replicas", Cache, d::want_replicas, Heals(d::clear_lines)).ceases(),
    state("memory-full", Cache, d::fill_memory, Heals(d::free_memory)).says(True, Not),
    state("replica-writable", Cache, d::write_to_replica, Stays).says(True, May),
    state("full-copy", Cache, d::copy_slowly, Heals(d::clear_lines)).says(True, Not),
    state("config-hidden", Cache, d::hide_config, Heals(d::give_rights)).says(True, May),
    state("replica-without-primary", Cache, d::promote_replica_alone, Stays).says(No, Alarm),
];
