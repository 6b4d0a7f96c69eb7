//! `warroom demo`: the demo site, written into a folder, with a world of its own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::args::{ConsoleArgs, DemoArgs};
use super::exit::Exit;
use super::opening::{load_from, need_terminal, start};
use super::refused::Refused;
use crate::app::compose;
use crate::app::kinds::read_site;
use crate::app::parting::Way;
use crate::app::record::Record;
use crate::domain::run::event::RunKind;
use crate::files::shipped::{DEMO_FAILBACK, DEMO_FAILOVER, DEMO_SITE};
use crate::port::Clock;
use crate::runtime::clock::SystemClock;
use crate::runtime::paths::{StatePaths, create_folders};
use crate::runtime::runs::Survey;
use crate::sim;
use crate::sim::{World, WorldPlan};

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
    let site = DEMO_SITE.replace(WORLD_MARK, &escaped(world));
    let systems = read_site(&site).context("failed to read the demo site")?;
    let mut world_plan = WorldPlan::of_site(&systems, plan.seed)
        .context("failed to read the systems of the demo")?;
    world_plan.fail_after = plan.fail_after;
    world_plan.returns_after = plan.returns_after;
    let runbooks = demo.site.join("runbooks");
    let files = [
        (demo.site.join("site.toml"), site.as_str()),
        (runbooks.join("failover.toml"), DEMO_FAILOVER),
        (runbooks.join("failback.toml"), DEMO_FAILBACK),
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

/// Opens the console on the demo.
pub(super) fn run(console: &ConsoleArgs, args: &DemoArgs) -> Result<ExitCode, Refused> {
    need_terminal()?;
    let paths = StatePaths::of_process().map_err(|error| anyhow::anyhow!(error))?;
    let folder = demo_folder(&paths, args)?;
    let site = load_from(&folder.join("site"))?;
    let mut start = start(console, RunKind::Simulation);
    start.person.get_or_insert_with(|| DEMO_COMMANDER.to_owned());
    start.memory = Some(folder.join("memory"));
    compose::command(site, &start, Way::Demo)?;
    Ok(Exit::Ok.into())
}

/// The person who sits at the demo's console.
const DEMO_COMMANDER: &str = "anna";

/// The demo's name, as a site and as the folder of its worlds.
const DEMO: &str = "demo";

/// The folder of the demo whose run is still open, so that a killed console goes on where it was;
/// else a new one.
fn demo_folder(paths: &StatePaths, args: &DemoArgs) -> anyhow::Result<PathBuf> {
    let demos = paths.root().join(DEMO);
    if let Some(run) = Survey::of(&paths.runs(), DEMO)?.the_open_one()?
        && let Some(world) = sim::world_of(&Record::read(run)?.site)
        && let Some(folder) = world.parent().filter(|folder| folder.is_dir())
    {
        return Ok(folder.to_owned());
    }
    let clock = SystemClock::new();
    let folder = demos.join(format!("{:015}", clock.now().wall_ms));
    create_folders(&folder)?;
    let plan =
        DemoPlan { seed: args.seed, fail_after: Some(args.fail_after), ..DemoPlan::default() };
    write(&folder, plan, &clock)?;
    Ok(folder)
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
    use crate::commands::check::{CheckSetup, check};
    use crate::sim::{Nature, SystemPlan};
    use crate::stand::HandClock;

    #[test]
    fn the_demo_is_written_with_its_world() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let odd = folder.path().join("with \"quotes\" and \\");
        let demo =
            write(&odd, DemoPlan::default(), &HandClock::at(60_000)).expect("the demo is written");
        let text = std::fs::read_to_string(demo.site.join("site.toml")).expect("a site file");
        assert!(!text.contains(WORLD_MARK));
        let site = read_site(&text).expect("the written site is right");
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
        assert!(
            write(&odd, DemoPlan::default(), &HandClock::at(60_000)).is_err(),
            "a world is never overwritten"
        );
    }

    #[tokio::test]
    async fn a_check_of_the_demo_finds_nothing() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let demo = write(folder.path(), DemoPlan::default(), &HandClock::at(60_000))
            .expect("it is written");
        let setup = CheckSetup::new(std::sync::Arc::new(HandClock::at(60_000)));
        let report = check(&demo.site, true, &setup).await;
        assert_eq!(report.exit(), Exit::Ok, "{report:#?}");
    }
}
