//! The folder of a simulated world: plan and beginning in `world.json`, what was done in `acts`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::acts::{self, Act, AppendError};
use super::plan::WorldPlan;
use super::state::WorldState;
use crate::domain::catalogue::Change;
use crate::domain::ids::Side;
use crate::domain::time::Stamp;
use crate::port::Clock;

/// The version of `world.json`.
const SCHEMA: u32 = 1;

/// The largest `world.json` that is read, in bytes.
const WORLD_BYTES_MAX: u64 = 4 << 20;

/// Why a world cannot be made, read or changed.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// There is a world already; it is left alone.
    #[error("failed to create a simulated world in {}: there is one already", .0.display())]
    Exists(PathBuf),
    /// The folder or a file in it cannot be used.
    #[error("failed to use the simulated world in {}: {}", .0.display(), .1)]
    Files(PathBuf, #[source] io::Error),
    /// `world.json` is not one of ours.
    #[error("failed to read the simulated world in {}: {}", .0.display(), .1)]
    NotAWorld(PathBuf, String),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Written {
    schema: u32,
    start: Stamp,
    plan: WorldPlan,
}

/// A world in a folder.
#[derive(Debug, Clone)]
pub struct World {
    folder: PathBuf,
    start: Stamp,
    plan: WorldPlan,
}

impl World {
    /// Begins a world now, in a folder that has none yet.
    ///
    /// # Errors
    /// When there is one already or the folder cannot be written.
    pub fn create(folder: &Path, plan: WorldPlan, clock: &dyn Clock) -> Result<Self, WorldError> {
        let files = |error| WorldError::Files(folder.to_owned(), error);
        std::fs::create_dir_all(folder).map_err(files)?;
        let path = folder.join("world.json");
        if path.exists() {
            return Err(WorldError::Exists(folder.to_owned()));
        }
        let written = Written { schema: SCHEMA, start: clock.now(), plan };
        let text = serde_json::to_string_pretty(&written)
            .map_err(|error| WorldError::NotAWorld(folder.to_owned(), error.to_string()))?;
        // Beside it first: a half-written world must not be taken for one.
        let beside = folder.join("world.json.new");
        let mut file = std::fs::File::create(&beside).map_err(files)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(files)?;
        std::fs::rename(&beside, &path).map_err(files)?;
        Ok(Self { folder: folder.to_owned(), start: written.start, plan: written.plan })
    }

    /// Opens the world of a folder.
    ///
    /// # Errors
    /// When there is none or it cannot be read.
    pub fn open(folder: &Path) -> Result<Self, WorldError> {
        use std::io::Read as _;
        let files = |error| WorldError::Files(folder.to_owned(), error);
        let file = std::fs::File::open(folder.join("world.json")).map_err(files)?;
        let mut text = String::new();
        file.take(WORLD_BYTES_MAX).read_to_string(&mut text).map_err(files)?;
        let not_ours = |why: String| WorldError::NotAWorld(folder.to_owned(), why);
        let written: Written =
            serde_json::from_str(&text).map_err(|error| not_ours(error.to_string()))?;
        if written.schema != SCHEMA {
            let schema = written.schema;
            return Err(not_ours(format!("schema {schema} is not {SCHEMA}; create it again")));
        }
        Ok(Self { folder: folder.to_owned(), start: written.start, plan: written.plan })
    }

    /// What it is made of.
    pub fn plan(&self) -> &WorldPlan {
        &self.plan
    }

    /// When it began.
    pub fn start(&self) -> Stamp {
        self.start
    }

    /// Time since it began; goes on while no process looks.
    pub fn elapsed(&self, now: Stamp) -> Duration {
        now.since(self.start)
    }

    /// All that was done to it.
    ///
    /// # Errors
    /// When the acts are there and cannot be read.
    pub fn acts(&self) -> Result<Vec<Act>, WorldError> {
        acts::read(&self.acts_path()).map_err(|error| WorldError::Files(self.folder.clone(), error))
    }

    /// The truth after `elapsed`: a pure function of the plan, the time and the acts.
    pub fn state(&self, elapsed: Duration, acts: &[Act]) -> WorldState {
        WorldState::at(&self.plan, elapsed, acts)
    }

    /// The truth now.
    ///
    /// # Errors
    /// When the acts cannot be read.
    pub fn state_now(&self, now: Stamp) -> Result<WorldState, WorldError> {
        Ok(self.state(self.elapsed(now), &self.acts()?))
    }

    /// Does something to it, durably.
    ///
    /// # Errors
    /// When the act could not be written, or may or may not count.
    pub fn append(
        &self,
        now: Stamp,
        change: Change,
        system: &str,
        side: Side,
        amount: u32,
    ) -> Result<Act, AppendError> {
        let elapsed_ms = u64::try_from(self.elapsed(now).as_millis()).unwrap_or(u64::MAX);
        let act = Act { elapsed_ms, change, system: system.to_owned(), side, amount };
        acts::append(&self.acts_path(), &act)?;
        Ok(act)
    }

    fn acts_path(&self) -> PathBuf {
        self.folder.join("acts")
    }
}
