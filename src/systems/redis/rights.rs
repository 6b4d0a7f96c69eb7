//! The least rights that warroom's Redis users need, as ACL rules for an administrator.

/// What watching needs, one line a right; shown by `systems show redis`.
pub(super) const PERMISSIONS: &[&str] = &[
    "+info: everything but what follows",
    "+get and the heartbeat keys, where they are configured",
    "+config|get: save points, replicas that a write wants, whether a failed save stops writes, \
     how often a link is pinged; without it `persistence` is unknown unless the append-only file \
     is on, and of what hinders writes only what INFO tells is told",
    "+select, only for a `database` other than 0",
    "+scan +ttl and the keys, for redis.verify_keys",
    "+cluster|nodes +cluster|info, only for a cluster",
    "at sentinels that know users (`sentinel_login`): +sentinel|myid +sentinel|master \
     +sentinel|get-master-addr-by-name +sentinel|replicas +sentinel|ckquorum",
];

/// Rules of the watching user, for `ACL SETUSER wr_read on >PASSWORD ...`. It may change nothing.
/// Add the heartbeat keys and those that `redis.verify_keys` compares, such as `~auth:*`.
pub const WATCH_RULES: &str = "resetkeys resetchannels -@all +info +config|get +get +scan +ttl \
     +select +cluster|nodes +cluster|info ~dr:hb:*";

/// Rules of the acting user, for `ACL SETUSER wr_act on >PASSWORD ...`.
pub const ACT_RULES: &str = "resetkeys resetchannels -@all +info +config|get +get +set +select \
     +replicaof +failover +cluster|nodes +cluster|info +cluster|failover ~warroom:probe:*";

/// Rules of the user of `warroom beat`, for `ACL SETUSER wr_beat on >PASSWORD ...`: it writes the
/// heartbeat keys and nothing else. Add `+select` for a `database` other than 0.
pub const BEAT_RULES: &str = "resetkeys resetchannels -@all +set +time ~dr:hb:*";

/// Rules of the watching user at sentinels, where they know users.
pub const SENTINEL_WATCH_RULES: &str = "resetkeys resetchannels -@all +sentinel|myid \
     +sentinel|master +sentinel|get-master-addr-by-name +sentinel|replicas +sentinel|ckquorum";

/// Rules of the acting user at sentinels, where they know users.
pub const SENTINEL_ACT_RULES: &str = "resetkeys resetchannels -@all +sentinel|myid \
     +sentinel|master +sentinel|get-master-addr-by-name +sentinel|replicas +sentinel|ckquorum \
     +sentinel|failover";
