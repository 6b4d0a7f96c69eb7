//! Identity: a name that leads to another server than was shown is noticed, and nothing is done
//! there.

use warroom::app::kinds::KINDS;
use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::settings::Table;
use warroom::domain::site::SystemSpec;
use warroom::port::{Expected, Looks, OperateError};

use super::hands::{Hand, done};

/// What both sides of a look told of themselves, as what a step on `side` is meant for.
pub fn shown(looks: &Looks, side: Side) -> Expected {
    let told = |side: Side| {
        let reading = looks.side(side).unwrap().as_ref().unwrap();
        assert!(reading.role.is_none() || reading.writes.is_some(), "no writes: {reading:?}");
        Some(reading.identity.clone().unwrap_or_else(|| panic!("no identity: {reading:?}")))
    };
    Expected { target: told(side), other: told(side.other()), ..Expected::default() }
}

/// Every step of the system's kind on `side` that is meant for `expected` finds another server
/// there now: it says so, acts on nothing, and calls nothing done. `with` gives a step's settings,
/// `state` tells what must not change.
pub fn none_acts(
    spec: &SystemSpec,
    side: Side,
    expected: &Expected,
    with: impl Fn(&str) -> Table,
    state: impl Fn() -> String,
) {
    let before = state();
    let kind = KINDS.system(&spec.kind).unwrap();
    let named = kind.actions().iter().map(|action| action.spec());
    for action in named.filter(|action| action.needs_target) {
        let name = action.name;
        let mut hand = Hand::meant_for(spec, name, side, with(name), expected.clone());
        let met = hand.identity().unwrap().unwrap_or_else(|| panic!("{name} tells no identity"));
        assert_ne!(Some(met.server), expected.target.clone().map(|meant| meant.server), "{name}");
        let standing = hand.check();
        assert!(matches!(standing, Standing::Unknown(_)), "{name}: {standing:?}");
        let outcome = hand.apply();
        assert!(matches!(outcome, Err(OperateError::Refused(_))), "{name}: {outcome:?}");
        assert_eq!(state(), before, "{name} acted");
    }
}

/// A promotion that is meant only beside no open primary does nothing while the other side is one,
/// however lately that was read as closed; once `close` has closed it, it goes on.
pub fn promotes_alone(spec: &SystemSpec, action: &str, close: impl FnOnce()) {
    let alone = || Expected { alone: true, ..Expected::default() };
    let promote = || Hand::meant_for(spec, action, Side::B, Table::default(), alone());
    let refused = promote().apply().unwrap_err();
    assert!(refused.to_string().contains("nothing was done: fence it first"), "{refused}");
    assert!(matches!(refused, OperateError::Refused(_)), "{refused:?}");
    assert!(matches!(promote().check(), Standing::NotDone(_)), "it acted");
    close();
    promote().apply().unwrap();
    assert!(done(&promote().check()));
}
