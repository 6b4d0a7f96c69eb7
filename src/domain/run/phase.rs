//! The life of a step and of a run as tables: what is not listed is refused.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// Where a step is in its life.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "lowercase")]
pub enum Phase {
    /// Waits for other steps.
    Pending,
    /// May be run.
    Ready,
    /// An attempt is on record.
    Granted,
    /// Its runner acts.
    Running,
    /// The call ended, the post-condition is looked for.
    Verifying,
    /// Seen or attested.
    Done,
    /// Did not work; certainly changed nothing, or what it says.
    #[strum(serialize = "FAILED")]
    Failed,
    /// Whether it took effect is not known.
    #[strum(serialize = "UNKNOWN")]
    Unknown,
    /// Left out, with a reason.
    Skipped,
    /// Taken back.
    #[strum(serialize = "taken back")]
    Compensated,
}

impl Phase {
    /// The word on the screen.
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// True while an attempt is open.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Granted | Self::Running | Self::Verifying)
    }

    /// True when steps that need this one may go on.
    pub fn satisfies(self) -> bool {
        matches!(self, Self::Done | Self::Skipped)
    }
}

/// What moves a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, VariantArray)]
pub enum Cue {
    /// All steps it needs are done or skipped.
    NeedsMet,
    /// One of them no longer is.
    NeedsLost,
    /// An attempt was put on record.
    Intended,
    /// Its runner started.
    Started,
    /// The call succeeded, or it was already so.
    Applied,
    /// The call failed.
    Refused,
    /// Nobody knows.
    Lost,
    /// The post-condition was seen.
    Verified,
    /// The post-condition was not seen in time.
    NotVerified,
    /// A probe or a person found the effect there.
    FoundDone,
    /// A probe or a person found the effect not there.
    FoundUndone,
    /// A person attested the value.
    Attested,
    /// A person or the plan left it out.
    Skipped,
    /// A person wants it tried again.
    Retried,
    /// An attempt to take it back was put on record.
    IntendedBack,
    /// The call to take it back failed.
    RefusedBack,
    /// It was seen to be taken back.
    VerifiedBack,
    /// It was not seen to be taken back.
    NotVerifiedBack,
    /// A probe or a person found it taken back.
    FoundDoneBack,
    /// A probe or a person found it still there.
    FoundUndoneBack,
    /// A failed step was not taken back: it is as failed as before.
    StillFailed,
}

impl Cue {
    /// What was done stays done when it is not taken back, and what was failed stays failed.
    pub fn of_step_that_was(self, phase: Phase) -> Self {
        match self {
            Self::RefusedBack | Self::NotVerifiedBack | Self::FoundUndoneBack
                if phase == Phase::Failed =>
            {
                Self::StillFailed
            }
            cue => cue,
        }
    }
}

/// Every move a step can make.
pub const TABLE: &[(Phase, Cue, Phase)] = &[
    (Phase::Pending, Cue::NeedsMet, Phase::Ready),
    (Phase::Ready, Cue::NeedsLost, Phase::Pending),
    (Phase::Ready, Cue::Intended, Phase::Granted),
    (Phase::Granted, Cue::Started, Phase::Running),
    (Phase::Granted, Cue::Applied, Phase::Verifying),
    (Phase::Granted, Cue::Refused, Phase::Failed),
    (Phase::Granted, Cue::Lost, Phase::Unknown),
    (Phase::Running, Cue::Applied, Phase::Verifying),
    (Phase::Running, Cue::Refused, Phase::Failed),
    (Phase::Running, Cue::Lost, Phase::Unknown),
    (Phase::Verifying, Cue::Verified, Phase::Done),
    (Phase::Verifying, Cue::NotVerified, Phase::Failed),
    (Phase::Verifying, Cue::Lost, Phase::Unknown),
    (Phase::Unknown, Cue::FoundDone, Phase::Done),
    (Phase::Unknown, Cue::FoundUndone, Phase::Failed),
    (Phase::Failed, Cue::Retried, Phase::Ready),
    (Phase::Done, Cue::Retried, Phase::Ready),
    (Phase::Skipped, Cue::Retried, Phase::Ready),
    (Phase::Compensated, Cue::Retried, Phase::Ready),
    (Phase::Ready, Cue::Attested, Phase::Done),
    (Phase::Pending, Cue::Skipped, Phase::Skipped),
    (Phase::Ready, Cue::Skipped, Phase::Skipped),
    (Phase::Failed, Cue::Skipped, Phase::Skipped),
    (Phase::Done, Cue::IntendedBack, Phase::Granted),
    (Phase::Failed, Cue::IntendedBack, Phase::Granted),
    (Phase::Granted, Cue::RefusedBack, Phase::Done),
    (Phase::Running, Cue::RefusedBack, Phase::Done),
    (Phase::Verifying, Cue::VerifiedBack, Phase::Compensated),
    (Phase::Verifying, Cue::NotVerifiedBack, Phase::Done),
    (Phase::Unknown, Cue::FoundDoneBack, Phase::Compensated),
    (Phase::Unknown, Cue::FoundUndoneBack, Phase::Done),
    (Phase::Granted, Cue::StillFailed, Phase::Failed),
    (Phase::Running, Cue::StillFailed, Phase::Failed),
    (Phase::Verifying, Cue::StillFailed, Phase::Failed),
    (Phase::Unknown, Cue::StillFailed, Phase::Failed),
];

/// Where a cue leads from a phase; none when the move is not listed.
pub fn next(phase: Phase, cue: Cue) -> Option<Phase> {
    TABLE.iter().find(|(from, on, _)| *from == phase && *on == cue).map(|(_, _, to)| *to)
}

/// Where a run is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Stage {
    /// Opened, not declared.
    Standby,
    /// A named person declared; no step was run yet.
    Declared,
    /// Steps are run.
    Executing,
    /// No new step starts; the clock goes on.
    #[strum(serialize = "HOLD")]
    Held,
    /// All steps are finished; the restored facts are waited for.
    Verifying,
    /// Being given up.
    Aborting,
    /// Ended well, or well but for named steps.
    Complete,
    /// Given up.
    Aborted,
}

impl Stage {
    /// The word on the screen.
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// True when nothing can happen any more.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Complete | Self::Aborted)
    }
}

/// What moves a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StageCue {
    /// A named person declared.
    Declared,
    /// An attempt was put on record, a step attested or skipped.
    Stepped,
    /// Every step is finished.
    AllFinished,
    /// A finished step is open again.
    Reopened,
    /// The plan was held.
    Held,
    /// The plan goes on.
    Released,
    /// The run is given up.
    AbortStarted,
    /// The run ended well.
    Completed,
    /// The run ended without.
    Aborted,
}

/// Every move a run can make.
pub const STAGES: &[(Stage, StageCue, Stage)] = &[
    (Stage::Standby, StageCue::Declared, Stage::Declared),
    (Stage::Declared, StageCue::Stepped, Stage::Executing),
    (Stage::Executing, StageCue::Stepped, Stage::Executing),
    (Stage::Executing, StageCue::AllFinished, Stage::Verifying),
    (Stage::Verifying, StageCue::AllFinished, Stage::Verifying),
    (Stage::Verifying, StageCue::Stepped, Stage::Verifying),
    (Stage::Verifying, StageCue::Reopened, Stage::Executing),
    (Stage::Declared, StageCue::Held, Stage::Held),
    (Stage::Executing, StageCue::Held, Stage::Held),
    (Stage::Verifying, StageCue::Held, Stage::Held),
    // An attempt that was open when the plan was held still ends.
    (Stage::Held, StageCue::Stepped, Stage::Held),
    (Stage::Held, StageCue::AllFinished, Stage::Held),
    (Stage::Held, StageCue::Reopened, Stage::Held),
    (Stage::Held, StageCue::Released, Stage::Executing),
    (Stage::Standby, StageCue::AbortStarted, Stage::Aborting),
    (Stage::Declared, StageCue::AbortStarted, Stage::Aborting),
    (Stage::Executing, StageCue::AbortStarted, Stage::Aborting),
    (Stage::Held, StageCue::AbortStarted, Stage::Aborting),
    (Stage::Verifying, StageCue::AbortStarted, Stage::Aborting),
    (Stage::Aborting, StageCue::Stepped, Stage::Aborting),
    // Giving up can be held too; it stays giving up.
    (Stage::Aborting, StageCue::Held, Stage::Aborting),
    (Stage::Aborting, StageCue::Released, Stage::Aborting),
    (Stage::Aborting, StageCue::Aborted, Stage::Aborted),
    (Stage::Executing, StageCue::Completed, Stage::Complete),
    (Stage::Verifying, StageCue::Completed, Stage::Complete),
];

/// Where a cue leads from a stage; none when the move is not listed.
pub fn next_stage(stage: Stage, cue: StageCue) -> Option<Stage> {
    STAGES.iter().find(|(from, on, _)| *from == stage && *on == cue).map(|(_, _, to)| *to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_listed_once() {
        for (index, (from, cue, _)) in TABLE.iter().enumerate() {
            let again = TABLE[..index].iter().any(|(f, c, _)| f == from && c == cue);
            assert!(!again, "{from:?} {cue:?} is listed twice");
        }
        for (index, (from, cue, _)) in STAGES.iter().enumerate() {
            let again = STAGES[..index].iter().any(|(f, c, _)| f == from && c == cue);
            assert!(!again, "{from:?} {cue:?} is listed twice");
        }
    }

    #[test]
    fn what_must_never_happen_is_not_listed() {
        for &cue in Cue::VARIANTS {
            // An unknown attempt is never run again without proof or a decision.
            let to = next(Phase::Unknown, cue);
            assert!(
                !matches!(to, Some(Phase::Running | Phase::Granted | Phase::Ready)),
                "unknown {cue:?}"
            );
            for &phase in Phase::VARIANTS {
                // Done needs a sensor, a named assertion, or a compensation that did not work.
                if next(phase, cue) == Some(Phase::Done) {
                    assert!(
                        matches!(
                            cue,
                            Cue::Verified
                                | Cue::FoundDone
                                | Cue::Attested
                                | Cue::RefusedBack
                                | Cue::NotVerifiedBack
                                | Cue::FoundUndoneBack
                        ),
                        "{phase:?} {cue:?}"
                    );
                }
                // Only a recorded intent grants, only a grant runs.
                if next(phase, cue) == Some(Phase::Running) {
                    assert_eq!((phase, cue), (Phase::Granted, Cue::Started));
                }
            }
        }
    }
}
