//! Whether the server that answers is the one that the screen showed when the attempt was granted.

use crate::domain::reading::Identity;
use crate::domain::run::event::{Cause, Outcome, Warrant};
use crate::domain::text::Clean;
use crate::port::Operator;

/// Asks the operator whom it meets, before anything else; the outcome that ends the attempt when
/// that is not the server of the grant. A grant that names a server is good for no other, and a
/// server that tells who it is is not acted on by a grant that names none.
pub async fn other_server(
    operator: &mut dyn Operator,
    warrant: Option<&Warrant>,
) -> Option<Outcome> {
    let shown = warrant?.target.as_ref();
    let words = |met: &str| -> Clean {
        let shown = shown.map_or("none", |shown| shown.server.as_str());
        format!("nothing was done: the screen showed server {shown}, and {met}").into()
    };
    let message = match (shown, operator.identity().await) {
        (Some(shown), Ok(Some(met))) if met.server == shown.server => return None,
        // A kind that cannot be reached says so itself, in its own words.
        (None, Ok(None) | Err(_)) => return None,
        (_, Ok(Some(Identity { server, .. }))) => words(&format!("{server} answers")),
        (Some(_), Ok(None)) => words("who answers does not tell"),
        (Some(_), Err(why)) => words(&format!("who answers cannot be told: {why}")),
    };
    Some(Outcome::Failed { cause: Cause::OtherServer, message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::preview::{Preview, Standing};
    use crate::domain::run::commit::Execution;
    use crate::domain::time::{BootId, Stamp};
    use crate::port::{Boxed, OperateError, Output};

    /// An operator that meets somebody.
    struct Meets(Result<Option<&'static str>, &'static str>);

    fn server(name: &str) -> Identity {
        Identity { server: name.into(), data: "cluster".into() }
    }

    impl Operator for Meets {
        fn identity(&mut self) -> Boxed<'_, Result<Option<Identity>, Clean>> {
            let told = self.0.map(|met| met.map(server)).map_err(Clean::from);
            Box::pin(async { told })
        }

        fn check(&mut self) -> Boxed<'_, Standing> {
            unreachable!("only its identity is asked")
        }

        fn preview(&mut self) -> Boxed<'_, Preview> {
            unreachable!("only its identity is asked")
        }

        fn apply<'a>(
            &'a mut self,
            _: &'a Execution,
            _: &'a mut dyn Output,
        ) -> Boxed<'a, Result<Clean, OperateError>> {
            unreachable!("only its identity is asked")
        }
    }

    #[tokio::test]
    async fn only_the_server_that_was_shown_is_met() {
        let expires = Stamp { wall_ms: 0, boot_ms: 0, boot: BootId(1) };
        let check = async |shown: Option<&str>, met, refused: bool| {
            let target = shown.map(server);
            let warrant = Warrant { expires, key: 1, target, other: None, alone: false };
            let outcome = other_server(&mut Meets(met), Some(&warrant)).await;
            assert_eq!(outcome.is_some(), refused, "{shown:?} {met:?}: {outcome:?}");
            if let Some(Outcome::Failed { cause, message }) = outcome {
                assert_eq!(cause, Cause::OtherServer);
                assert!(message.as_str().starts_with("nothing was done"), "{message}");
            }
        };
        check(Some("a"), Ok(Some("a")), false).await;
        check(Some("a"), Ok(Some("b")), true).await;
        check(Some("a"), Ok(None), true).await;
        check(Some("a"), Err("no answer"), true).await;
        check(None, Ok(Some("b")), true).await;
        check(None, Ok(None), false).await;
        check(None, Err("no answer"), false).await;
    }
}
