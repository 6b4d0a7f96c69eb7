//! The `s3` system against two real servers of `MinIO` and doubles of AWS: what it says when all is
//! well, and when not.

mod acting;
pub mod bench;
mod hostile;
mod measured;
mod servers;
mod truth;
