//! How far a replica is behind its source, and what of that did not even arrive.

use serde::{Deserialize, Serialize};

/// The unit in which a lag's amount is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LagUnit {
    /// Bytes of log.
    Bytes,
    /// Records of a stream.
    Records,
    /// Operations of an index.
    Operations,
    /// Objects of a bucket.
    Objects,
}

impl LagUnit {
    /// An amount with its unit, bytes in steps of 1024.
    pub fn amount_text(self, amount: u64) -> String {
        if self != Self::Bytes {
            return format!("{amount} {}", self.word());
        }
        let mut unit = "B";
        let mut scaled = amount;
        let mut tenths = 0;
        for next in ["KiB", "MiB", "GiB", "TiB"] {
            if scaled < 1024 {
                break;
            }
            (tenths, scaled, unit) = (scaled % 1024 * 10 / 1024, scaled / 1024, next);
        }
        if unit == "B" { format!("{scaled} B") } else { format!("{scaled}.{tenths} {unit}") }
    }

    /// The unit's short word after a number.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bytes => "B",
            Self::Records => "records",
            Self::Operations => "ops",
            Self::Objects => "objects",
        }
    }
}

/// How a lag was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The age of a row or key written on purpose.
    Heartbeat,
    /// Log positions of both sides, read in one poll.
    LogPosition,
    /// Stream offsets of both sides.
    Offset,
    /// The time of the last replayed transaction; only meaningful under writes.
    ReplayTimestamp,
    /// A metric published by the provider.
    Metric,
    /// The simulator's own truth.
    Simulated,
}

impl Basis {
    /// The word shown beside the number.
    pub fn word(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::LogPosition => "log position",
            Self::Offset => "offset",
            Self::ReplayTimestamp => "replay timestamp",
            Self::Metric => "metric",
            Self::Simulated => "simulated",
        }
    }
}

/// How far a lag may be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Both sides were read in this poll.
    Known,
    /// At least this much.
    LowerBound,
    /// The source was not read: whatever number there is, it is not the lag.
    Unknown,
}

/// The distance of a replica from its source. Belongs to the reading of the standby side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lag {
    /// Behind by this many seconds, where that can be known.
    pub seconds: Option<f64>,
    /// Behind by this much, in `unit`.
    pub amount: Option<u64>,
    /// What `amount` counts.
    pub unit: LagUnit,
    /// How the figures were obtained.
    pub basis: Basis,
    /// How far they may be believed.
    pub certainty: Certainty,
    /// What of it has not even arrived, where a store tells that apart; else maybe nothing has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreceived: Option<Unreceived>,
}

impl Lag {
    /// One of which nothing is known.
    pub fn unknown(unit: LagUnit, basis: Basis) -> Self {
        let certainty = Certainty::Unknown;
        Self { seconds: None, amount: None, unit, basis, certainty, unreceived: None }
    }
}

/// What a source has that its replica has not received: lost if the source were gone now. What was
/// received and not applied yet is applied by a promotion too; that costs time, and no data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Unreceived {
    /// Seconds of writes, where that can be known.
    pub seconds: Option<f64>,
    /// How much, in the unit of the lag.
    pub amount: u64,
}

impl Lag {
    /// Takes every figure back: what stands there is no copy that anybody may rely on.
    pub fn doubt(&mut self) {
        (self.seconds, self.certainty, self.unreceived) = (None, Certainty::Unknown, None);
    }

    /// The seconds of writes that would be lost: those that did not arrive, else all it is behind.
    pub fn loss_seconds(&self) -> Option<f64> {
        let behind = self.known_seconds()?;
        let told = self.unreceived.and_then(|unreceived| unreceived.seconds);
        Some(told.map_or(behind, |seconds| seconds.min(behind)))
    }

    /// How much has arrived and is not applied yet, in `unit`.
    pub fn unapplied(&self) -> Option<u64> {
        let waits = self.amount?.checked_sub(self.unreceived?.amount)?;
        (waits > 0).then_some(waits)
    }

    /// `733 KiB received, not replayed`; empty where nothing waits.
    pub fn unapplied_text(&self) -> Option<String> {
        Some(format!("{} received, not replayed", self.unit.amount_text(self.unapplied()?)))
    }

    /// The seconds, if they are a figure that may be shown as the lag.
    pub fn known_seconds(&self) -> Option<f64> {
        match self.certainty {
            Certainty::Known | Certainty::LowerBound => self.seconds,
            Certainty::Unknown => None,
        }
    }
}
