//! The least rights that warroom's users need, as roles of the security plugin.

/// What watching needs, one line a right; shown by `systems show opensearch`.
pub(super) const PERMISSIONS: &[&str] = &[
    "cluster:monitor/main, cluster:monitor/health: which cluster it is and how it is",
    "cluster:monitor/state: blocks, settings and shards of the indices",
    "indices:monitor/stats on the indices: sequence numbers; without it no lag is known",
    "indices:admin/plugins/replication/index/status_check on the indices: role and lag",
    "indices:data/read/mget, and indices:data/read/mget* on the heartbeat's index, for seconds",
    "indices:admin/plugins/replication/autofollow/stats, for `autofollow_rules`",
    "cluster:admin/snapshot/get, where `snapshots` are named",
];

/// The role of who watches; it may change nothing. Narrow `index_patterns` to the indices.
pub const WATCH_ROLE: &str = r#"{
  "cluster_permissions": [
    "cluster:monitor/main", "cluster:monitor/health", "cluster:monitor/state",
    "cluster:admin/snapshot/get", "indices:data/read/mget",
    "indices:admin/plugins/replication/autofollow/stats"
  ],
  "index_permissions": [{
    "index_patterns": ["*"],
    "allowed_actions": [
      "indices:monitor/stats", "indices:data/read/mget*",
      "indices:admin/plugins/replication/index/status_check"
    ]
  }]
}"#;

/// The role of who acts.
pub const ACT_ROLE: &str = r#"{
  "cluster_permissions": [
    "cluster:monitor/main", "cluster:monitor/health", "cluster:monitor/state",
    "cluster:monitor/remote/info", "cluster:admin/settings/update",
    "cluster:admin/snapshot/get", "cluster:admin/snapshot/restore",
    "cluster:admin/plugins/replication/autofollow/update",
    "indices:admin/plugins/replication/autofollow/stats", "indices:data/read/mget"
  ],
  "index_permissions": [{
    "index_patterns": ["*"],
    "allowed_actions": [
      "indices:monitor/stats", "indices:monitor/recovery", "indices:data/read/get",
      "indices:data/read/mget*", "indices:data/write/index", "indices:data/write/bulk*",
      "indices:data/write/delete", "indices:admin/block/add",
      "indices:admin/settings/update", "indices:admin/open",
      "indices:admin/create", "indices:admin/mapping/put", "indices:admin/delete",
      "indices:admin/plugins/replication/index/status_check",
      "indices:admin/plugins/replication/index/stop",
      "indices:admin/plugins/replication/index/start",
      "indices:admin/plugins/replication/index/setup/validate",
      "indices:data/write/plugins/replication/changes"
    ]
  }]
}"#;

/// The role of `warroom beat`. Narrow `index_patterns` to the heartbeat's index.
pub const BEAT_ROLE: &str = r#"{
  "cluster_permissions": ["cluster:monitor/main", "cluster:monitor/state"],
  "index_permissions": [{
    "index_patterns": ["*"],
    "allowed_actions": [
      "indices:data/write/index", "indices:data/write/bulk*", "indices:admin/mapping/put"
    ]
  }]
}"#;
