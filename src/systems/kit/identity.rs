//! What a promotion is refused with where another primary may take writes.

use crate::domain::text::Clean;
use crate::port::OperateError;

/// The end of a promotion that is meant only while no primary in `region` may take writes.
pub fn rival(region: &Clean) -> OperateError {
    let words = "answers and is not proven closed by now, so nothing was done: fence it first";
    OperateError::Refused(format!("{region} {words}").into())
}
