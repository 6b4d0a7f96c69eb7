//! The sites that are built into the program: the demo, and those to begin one's own from.

/// The demo's site file; `@world@` stands for the folder of its world.
pub const DEMO_SITE: &str = include_str!("../../sites/demo/site.toml");

/// The demo's runbook to region B.
pub const DEMO_FAILOVER: &str = include_str!("../../sites/demo/runbooks/failover.toml");

/// The demo's runbook back to region A.
pub const DEMO_FAILBACK: &str = include_str!("../../sites/demo/runbooks/failback.toml");

/// A site that is built into the program.
#[derive(Debug, Clone, Copy)]
pub struct Shipped {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Its files: the path below the site's folder, and the text.
    pub files: &'static [(&'static str, &'static str)],
}

/// All sites that can be written.
pub const SHIPPED: &[Shipped] = &[
    Shipped {
        name: "shop",
        doc: "a web shop with two stores, to begin one's own from: PostgreSQL, Redis and DNS",
        files: &[
            ("site.toml", include_str!("../../sites/shop/site.toml")),
            ("runbooks/failover.toml", include_str!("../../sites/shop/runbooks/failover.toml")),
            ("runbooks/failback.toml", include_str!("../../sites/shop/runbooks/failback.toml")),
        ],
    },
    Shipped {
        name: "lms",
        doc: "a learning platform: PostgreSQL, Redis, Kafka, S3, Kubernetes, DNS and a CDN",
        files: &[
            ("site.toml", include_str!("../../sites/lms/site.toml")),
            ("runbooks/failover.toml", include_str!("../../sites/lms/runbooks/failover.toml")),
            ("runbooks/failback.toml", include_str!("../../sites/lms/runbooks/failback.toml")),
        ],
    },
];
