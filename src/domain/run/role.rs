//! Who sits at the console, as types: an observer has no acts, so no flag can give it one.

use std::convert::Infallible;

use super::commit::Grant;

/// A part that a console plays.
pub trait Role {
    /// What the part may release to be performed.
    type Act;
}

/// Looks only. Its acts are a type without a value, so an effect that acts cannot be written down.
///
/// ```compile_fail
/// use warroom::domain::run::role::{Observer, Role};
/// // An observer's act cannot be made: `Infallible` has no value.
/// let act: <Observer as Role>::Act = ();
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Observer;

impl Role for Observer {
    type Act = Infallible;
}

/// Runs steps. Its acts are grants, which only the journal's receipt can make.
///
/// ```compile_fail
/// use warroom::domain::run::commit::Grant;
/// // A grant cannot be made by hand: its fields are private and it has no constructor.
/// let grant = Grant { pledge: todo!(), receipt: todo!() };
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Commander;

impl Role for Commander {
    type Act = Grant;
}
