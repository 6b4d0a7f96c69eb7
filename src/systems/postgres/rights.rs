//! The least rights that warroom's Postgres roles need, as SQL for an administrator.

/// What watching needs, one line a right; shown by `systems show postgres`.
pub(super) const PERMISSIONS: &[&str] = &[
    "CONNECT on the database (every role has it unless revoked)",
    "GRANT pg_monitor TO the watching role: without it the state of replication is NULL, which \
     is shown as a missing right and never as a missing replica, and whether a primary refuses \
     writes is unknown",
    "SELECT on the heartbeat table, where one is configured",
];

/// The watching role. It may change nothing. The password is set apart, with `\password wr_read`.
pub const WATCH_ROLE_SQL: &str = "\
create role wr_read login connection limit 8;
grant pg_monitor to wr_read;";

/// The acting role: promote, fence, a checkpoint before a rewind, and the probe table of
/// `postgres.verify_write`, nothing else. `ALTER SYSTEM ON PARAMETER` and `pg_checkpoint` exist
/// since Postgres 15. Create `public.warroom_probe` first,
/// with [`super::PROBE_TABLE_SQL`].
pub const ACT_ROLE_SQL: &str = "\
create role wr_act login connection limit 8;
grant pg_monitor, pg_signal_backend, pg_checkpoint to wr_act;
grant execute on function pg_promote(boolean, integer) to wr_act;
grant execute on function pg_reload_conf() to wr_act;
grant alter system on parameter default_transaction_read_only to wr_act;
grant usage on schema public to wr_act;
grant select, insert, update on public.warroom_probe to wr_act;";

/// The role of `warroom beat`: it writes the heartbeat row, of the table that is made with
/// [`super::BEAT_TABLE_SQL`], and nothing else.
pub const BEAT_ROLE_SQL: &str = "\
create role wr_beat login connection limit 8;
grant usage on schema public to wr_beat;
grant select, insert, update on public.dr_heartbeat to wr_beat;";

/// The role that a rejoined server replicates and is rewound with. Its password stands in a
/// password file on that server's machine.
pub const FOLLOW_ROLE_SQL: &str = "\
create role wr_follow login replication;
grant execute on function pg_ls_dir(text, boolean, boolean) to wr_follow;
grant execute on function pg_stat_file(text, boolean) to wr_follow;
grant execute on function pg_read_binary_file(text) to wr_follow;
grant execute on function pg_read_binary_file(text, bigint, bigint, boolean) to wr_follow;";
