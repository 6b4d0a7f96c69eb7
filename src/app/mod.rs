//! Who meets whom: systems, files, screens and journals are put together to a console here.

pub mod appearance;
pub mod compose;
pub mod kinds;
pub mod masked;
pub mod parting;
pub mod past;
pub mod record;
pub mod reference;
pub mod resume;
pub mod secrets;
pub mod start;
pub mod workshop;
