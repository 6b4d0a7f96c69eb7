//! A console at a terminal and one store: the store's own step pressed twice, its runner killed,
//! the console killed, a write, and the old side back. One story, one row a store.

mod amazon;
mod kafka;
mod opensearch;
mod patroni;
mod s3;
mod story;
