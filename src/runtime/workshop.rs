//! What the runtime asks of the app: operators for the steps of a plan, built when they are needed.

use crate::domain::text::Clean;
use crate::port::Operator;
use crate::runtime::effect::Job;

/// Builds operators. An observer's workshop has none.
pub trait Workshop: Send + Sync + 'static {
    /// The operator of a step, or of its compensation.
    ///
    /// # Errors
    /// A sentence when a setting is wrong or a secret cannot be opened.
    fn operator(&self, job: &Job) -> Result<Box<dyn Operator>, Clean>;
}
