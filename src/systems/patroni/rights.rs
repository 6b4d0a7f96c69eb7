//! What warroom's users need of the REST API.

/// What watching needs, one line a right; shown by `systems show patroni`.
pub(super) const PERMISSIONS: &[&str] = &[
    "GET /patroni, /cluster and /history of each member, which Patroni lets everybody who reaches \
     it; a secret only where something before it asks for one",
];

/// What acting needs.
pub(super) const CHANGES: &[&str] =
    &["the user of `restapi.authentication`, from an address in `restapi.allowlist`"];

/// How an administrator lets only warroom's machine and the members change anything. Patroni has
/// one user for all changes; a client certificate (`verify_client`) cannot be shown by warroom.
pub const REST_API: &str = "\
restapi:
  authentication:
    username: wr_act
    password: <as in the secret `act`>
  allowlist: [<address of this machine>]
  allowlist_include_members: true";
