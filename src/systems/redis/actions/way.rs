//! A step that changes who is the primary: seen from both sides, refused while anything stands
//! against it, and ordered once.

use std::marker::PhantomData;

use super::super::meet::Met;
use super::super::settings::Redis;
use super::super::state::SideState;
use crate::domain::time::Stamp;
use crate::systems::kit::task::prelude::*;

/// One way to do so.
pub(super) trait Way: Sized + Send + Sync + 'static {
    /// Its settings as read.
    type With: Send + Sync + 'static;
    /// What the step is.
    const SPEC: ActionSpec;
    /// Which secrets it connects with.
    const RIGHTS: Rights = Rights::Act;
    /// True where the target alone does not tell whether it is done.
    const NEEDS_OTHER: bool;

    /// Reads its settings.
    ///
    /// # Errors
    /// When one is wrong.
    fn with(fields: &Fields<'_>) -> Result<Self::With, Fault>;
    /// True where another server than the one that was shown may tell that it is done.
    fn is_moved(_at: &At<By<Self>>) -> bool {
        false
    }
    /// Whether it is so.
    fn judge(at: &At<By<Self>>, own: &SideState, other: &Told<Redis>) -> Standing;
    /// Why it is not to be done as both stand.
    fn refusal(at: &At<By<Self>>, own: &SideState, other: &Told<Redis>) -> Option<String>;
    /// What it would change.
    fn changes(at: &At<By<Self>>, own: &SideState, other: &Told<Redis>) -> Vec<PreviewLine>;
    /// What would be ordered.
    fn call(at: &At<By<Self>>, own: &Told<Redis>, other: &Told<Redis>) -> String;
    /// Orders it, and sees what becomes of it in a step that began then.
    fn order(
        at: &mut At<By<Self>>,
        session: &Met,
        seen: (SideState, Told<Redis>),
        began: Stamp,
        output: &mut dyn Output,
    ) -> impl Future<Output = Applied> + Send;
}

/// A step of one way.
pub(super) struct By<W: Way>(PhantomData<W>);

impl<W: Way> By<W> {
    /// It.
    pub(super) const NEW: Self = Self(PhantomData);
}

impl<W: Way> Task for By<W> {
    type On = Redis;
    type With = W::With;
    const SPEC: ActionSpec = W::SPEC;
    const RIGHTS: Rights = W::RIGHTS;

    fn with(fields: &Fields<'_>) -> Result<W::With, Fault> {
        W::with(fields)
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let own = &at.seat.own;
        let session = if W::is_moved(at) { own.open_any().await? } else { own.open().await? };
        let state = own.state_on(&session).await;
        let other = if W::NEEDS_OTHER {
            at.seat.other_state().await
        } else {
            Err(Trouble::unsent(TroubleKind::Ours, "nobody asked"))
        };
        let (state, other) = at.seat.apart(state, other);
        Ok(W::judge(at, &state?, &other))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let (own, other) = at.seat.states().await;
        let call = W::call(at, &own, &other);
        let lines = |own: SideState| {
            if let Standing::Done(words) = W::judge(at, &own, &other) {
                return vec![line('!', format!("it is so already: {words}"))];
            }
            match W::refusal(at, &own, &other) {
                Some(why) => vec![line('!', format!("it will be REFUSED: {why}"))],
                None => W::changes(at, &own, &other),
            }
        };
        (own.map(lines), call)
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let began = at.clock.now();
        let session = at.seat.own.open().await.map_err(Trouble::before_sending)?;
        let (own, other) = at.seat.states_on(&session).await;
        let own = own.map_err(Trouble::before_sending)?;
        if let Standing::Done(words) = W::judge(at, &own, &other) {
            return tell(format!("already so: {words}"), output);
        }
        if let Some(why) = W::refusal(at, &own, &other) {
            return Err(OperateError::Refused(why.into()));
        }
        if W::SPEC.change == Change::Promote {
            at.no_rival(&other, SideState::is_closed)?;
        }
        W::order(at, &session, (own, other), began, output).await
    }
}

/// Gives one order, and tells it.
pub(super) async fn give(
    bench: &Bench<Redis>,
    session: &Met,
    words: &[&str],
    output: &mut dyn Output,
) -> Result<(), OperateError> {
    output.line(&format!("{} at {}", words.join(" "), session.place()));
    bench.within(session.text(words)).await.map(|_| ()).map_err(Trouble::into_operate_error)
}
