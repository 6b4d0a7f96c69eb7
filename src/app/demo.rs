//! The demo site that is built into the binary: written into a folder, with a world of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::site_file;
use crate::port::Clock;
use crate::systems::sim::plan::WorldPlan;
use crate::systems::sim::world::World;

/// The demo's site file; `@world@` stands for the folder of its world.
pub const SITE: &str = include_str!("../../sites/demo/site.toml");

/// The demo's runbook to region B.
pub const FAILOVER: &str = include_str!("../../sites/demo/runbooks/failover.toml");

/// The demo's runbook back to region A.
pub const FAILBACK: &str = include_str!("../../sites/demo/runbooks/failback.toml");

/// The place in the site file where the folder of the world goes.
const WORLD_MARK: &str = "@world@";

/// What happens in the demo by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoPlan {
    /// The seed of all chance.
    pub seed: u64,
    /// When region A is lost; none is never.
    pub fail_after: Option<Duration>,
    /// When region A comes back; none is never.
    pub returns_after: Option<Duration>,
}

impl Default for DemoPlan {
    /// Lost after 20 s, back after 15 min: time to see it well, to act, and to meet an old primary.
    fn default() -> Self {
        Self {
            seed: 7,
            fail_after: Some(Duration::from_secs(20)),
            returns_after: Some(Duration::from_secs(900)),
        }
    }
}

/// Where the demo was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demo {
    /// The site's folder: `site.toml` and `runbooks/`.
    pub site: PathBuf,
    /// The world's folder.
    pub world: PathBuf,
}

/// Writes the demo site and begins its world, both in `folder`.
///
/// # Errors
/// When the folder cannot be written, or has a world already.
pub fn write(folder: &Path, plan: DemoPlan, clock: &dyn Clock) -> anyhow::Result<Demo> {
    let demo = Demo { site: folder.join("site"), world: folder.join("world") };
    let world = demo.world.to_str().ok_or_else(|| {
        anyhow!("failed to write the demo: {} is not a path in UTF-8", demo.world.display())
    })?;
    let site = SITE.replace(WORLD_MARK, &escaped(world));
    let systems = site_file::parse(&site).context("failed to read the demo site")?;
    let mut world_plan = WorldPlan::of_site(&systems, plan.seed)
        .context("failed to read the systems of the demo")?;
    world_plan.fail_after = plan.fail_after;
    world_plan.returns_after = plan.returns_after;
    let runbooks = demo.site.join("runbooks");
    let files = [
        (demo.site.join("site.toml"), site.as_str()),
        (runbooks.join("failover.toml"), FAILOVER),
        (runbooks.join("failback.toml"), FAILBACK),
    ];
    std::fs::create_dir_all(&runbooks)
        .with_context(|| format!("failed to create {}", runbooks.display()))?;
    for (path, text) in files {
        std::fs::write(&path, text)
            .with_context(|| format!("failed to write {}", path.display()))?;
    }
    World::create(&demo.world, world_plan, clock)?;
    Ok(demo)
}

/// A path as it stands between the quotes of a TOML string.
fn escaped(path: &str) -> String {
    path.chars().fold(String::with_capacity(path.len()), |mut text, character| {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            control if control.is_control() => {
                text.extend([format!("\\u{:04X}", u32::from(control))]);
            }
            plain => text.push(plain),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::check::{CheckSetup, check};
    use crate::domain::time::{BootId, Stamp};
    use crate::systems::sim::plan::{Nature, SystemPlan};

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Stamp {
            Stamp { wall_ms: 1_795_183_330_000, boot_ms: 60_000, boot: BootId(1) }
        }
    }

    #[test]
    fn the_demo_is_written_with_its_world() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let odd = folder.path().join("with \"quotes\" and \\");
        let demo = write(&odd, DemoPlan::default(), &Still).expect("the demo is written");
        let text = std::fs::read_to_string(demo.site.join("site.toml")).expect("a site file");
        assert!(!text.contains(WORLD_MARK));
        let site = site_file::parse(&text).expect("the written site is right");
        let world = World::open(&demo.world).expect("the world opens");
        assert_eq!(world.plan().systems.len(), site.systems.len());
        for spec in &site.systems {
            let (place, _) = SystemPlan::of_sim(spec).expect("the settings are right");
            assert_eq!(place, demo.world);
        }
        let natures: Vec<Nature> = world.plan().systems.iter().map(|one| one.nature).collect();
        for nature in [
            Nature::Service,
            Nature::Store,
            Nature::Traffic,
            Nature::Compute,
            Nature::Cache,
            Nature::Users,
        ] {
            assert!(natures.contains(&nature), "{nature:?}");
        }
        assert!(write(&odd, DemoPlan::default(), &Still).is_err(), "a world is never overwritten");
    }

    #[tokio::test]
    async fn a_check_of_the_demo_finds_nothing() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let demo = write(folder.path(), DemoPlan::default(), &Still).expect("it is written");
        let setup = CheckSetup::new(std::sync::Arc::new(Still));
        let report = check(&demo.site, true, &setup).await;
        assert_eq!(report.exit(), crate::cli::Exit::Ok, "{report:#?}");
    }
}
