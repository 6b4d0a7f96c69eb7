//! Rights: a user with too little is told which right is missing and how it is granted, and nothing
//! was done.

use warroom::domain::ids::Side;
use warroom::domain::reading::LookErrorKind;
use warroom::domain::settings::Table;
use warroom::domain::site::SystemSpec;
use warroom::port::OperateError;

use super::Rig;
use super::hands::{Hand, Watcher};

/// A step of a user with too little ends as a missing right, with the words that grant it.
pub fn is_missing(spec: &SystemSpec, action: &str, side: Side, with: Table, grant: &str) {
    let denied = Hand::new(spec, action, side, with).apply().unwrap_err();
    assert!(matches!(denied, OperateError::Permission(_)), "{denied:?}");
    assert!(denied.to_string().contains(grant), "{denied}");
}

/// A wrong password is a missing right, told with the user and without the password.
pub fn wrong_password(rig: &impl Rig) {
    let spec = rig.system("wrong", "act", Table::default());
    let refused = Watcher::new(&spec).side(Side::A).unwrap_err();
    assert_eq!(refused.kind, LookErrorKind::Permission, "{refused}");
    assert!(refused.to_string().contains("refused user wr_read"), "{refused}");
    assert!(!refused.to_string().contains("not-the-password"), "{refused}");
}
