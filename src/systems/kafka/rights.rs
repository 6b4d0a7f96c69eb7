//! The least rights that warroom's Kafka users need, as commands for an administrator.

/// What watching needs, one line a right; shown by `systems show kafka`.
pub(super) const PERMISSIONS: &[&str] = &[
    "DESCRIBE and READ on the topics that are copied, on their copies and on the heartbeats: \
     without DESCRIBE a topic seems not to be there, without READ its newest record is not seen",
    "DESCRIBE on the `groups` that are named: a broker does not say that this right is missing, it \
     does not answer",
    "at Connect: GET on /connectors, where it tells users apart",
    "with `replicator`: cloudwatch:GetMetricData",
];

/// The user that watches.
pub const WATCH_ACLS: &str = "\
kafka-acls.sh --add --allow-principal User:wr_read --operation Describe --operation Read --topic '*'
kafka-acls.sh --add --allow-principal User:wr_read --operation Describe --group '*'";

/// The user that acts.
pub const ACT_ACLS: &str = "\
kafka-acls.sh --add --allow-principal User:wr_act --operation Describe --operation Read --topic '*'
kafka-acls.sh --add --allow-principal User:wr_act --operation Write --topic warroom-probe";

/// The user that writes heartbeats.
pub const BEAT_ACLS: &str = "\
kafka-acls.sh --add --allow-principal User:wr_beat --operation Describe --operation Write \
--topic heartbeats";
