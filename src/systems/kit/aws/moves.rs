//! Global stores of Amazon: a member of each region, one of which takes writes. Whichever way the
//! writer is moved, it is one order, done when Amazon says so of the store and of its member.

use std::marker::PhantomData;

use super::beside::Condition;
use super::managed::{Managed, Session, order_and_wait};
use super::trouble::Asked;
use crate::domain::reading::{Role, Writes};
use crate::systems::kit::task::prelude::*;

/// What a member of a global store says of itself.
pub trait Member {
    /// Whether it is in the global store, and takes its writes.
    fn is_writer(&self) -> Option<bool>;
    /// Whether the global store is there.
    fn has_global(&self) -> bool;
    /// What the global store is called.
    fn global(&self) -> &str;
    /// A move of the writer that goes on, in words.
    fn moving(&self) -> Option<String>;
    /// Its status as Amazon words it.
    fn status(&self) -> &str;
    /// Why it cannot become the writer although it serves.
    fn lacking(&self) -> Option<String>;
    /// True where it can take writes once it is the writer.
    fn can_write(&self) -> bool;
    /// The other members that the global store calls its writer.
    fn other_writers(&self) -> Vec<&str>;
    /// What the member itself says against what the global store says of it, in words.
    fn contradiction(&self) -> Option<String>;

    /// What is said of who takes writes and cannot be: two writers, or two words on one.
    fn doubt(&self) -> Option<String> {
        let others = self.other_writers();
        if self.is_writer() == Some(true) && !others.is_empty() {
            let others = others.join(", ");
            return Some(format!("{} names {others} as its writer too", self.global()));
        }
        self.contradiction()
    }

    /// What its status means.
    fn condition(&self) -> Condition {
        Condition::of(self.status())
    }

    /// The writer of the global store; what was taken out of it stands alone, as a primary. Where
    /// one word says so and another one does not, it may be one.
    fn role(&self) -> Role {
        match self.is_writer() {
            Some(false) if self.contradiction().is_none() => Role::Standby,
            Some(_) | None => Role::Primary,
        }
    }

    /// Whether it takes writes. While the writer moves, or two are said to be it, nobody knows.
    fn writes(&self) -> Writes {
        match (self.role(), self.condition()) {
            _ if self.moving().is_some() || self.doubt().is_some() => Writes::Unknown,
            (Role::Standby, _) => Writes::Refused,
            (Role::Primary, Condition::Gone) if self.status() == "stopped" => Writes::Refused,
            (Role::Primary, Condition::Serves) if self.can_write() => Writes::Open,
            (Role::Primary, _) => Writes::Unknown,
        }
    }
}

/// One way to make a member the writer.
pub trait Way: Sized + Send + Sync + 'static {
    /// Of what.
    type Of: Managed<Told: Member>;
    /// What the step is.
    const SPEC: ActionSpec;
    /// What Amazon is asked.
    const CALL: &'static str;
    /// What is lost by it.
    const LOSES: &'static str;
    /// Whether the member is to be in the global store afterwards.
    const STAYS: bool;
    /// Whether both members must serve.
    const NEEDS_BOTH: bool;

    /// Gives the order; sentences call the place and the user so.
    fn order(
        session: Session<Self::Of>,
        named: <Self::Of as Managed>::Named,
        told: <Self::Of as Managed>::Told,
        asked: (String, String),
    ) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// What an order is about, for sentences.
    fn asked((place, user): &(String, String)) -> Asked<'_> {
        Asked { place, user, right: Self::SPEC.permissions[0] }
    }
}

/// A step of one way.
pub struct By<W: Way>(PhantomData<W>);

impl<W: Way> By<W> {
    /// It.
    pub const NEW: Self = Self(PhantomData);
}

impl<W: Way> Task for By<W> {
    type On = W::Of;
    type With = ();
    const SPEC: ActionSpec = W::SPEC;
    const RIGHTS: Rights = Rights::Act;

    fn with(_fields: &Fields<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn standing(at: &At<Self>) -> Result<Standing, Trouble> {
        let state = at.seat.own.state().await?.told;
        Ok(Standing::of(is_done::<W>(&state), words(&state)))
    }

    async fn foresee(at: &At<Self>) -> Foreseen {
        let (state, other) = tokio::join!(at.seat.own.state(), at.seat.other_state());
        let call = format!("{}: {}", W::CALL, at.seat.own.target.place);
        (state.map(|state| at.changes(&state.told, other)), call)
    }

    async fn apply(at: &mut At<Self>, _execution: &Execution, output: &mut dyn Output) -> Applied {
        let own = &at.seat.own;
        let session = own.open().await.map_err(Trouble::before_sending)?;
        let (state, other) = tokio::join!(own.state_on(&session), at.seat.other_state());
        let state = state.map_err(Trouble::before_sending)?.told;
        if is_done::<W>(&state) {
            return tell(format!("already so: {}", words(&state)), output);
        }
        if let Some(why) = refusal::<W>(&state, other.as_ref().ok().map(|other| &other.told)) {
            return Err(OperateError::Refused(why.into()));
        }
        // Only a hand-over of both closes the other side itself.
        if !W::NEEDS_BOTH {
            at.no_rival(&other, |other| other.told.writes() == Writes::Refused)?;
        }
        let (config, target) = (session.desk.config().clone(), &own.target);
        let asked = (target.place.clone(), target.user.clone());
        let arn = <W::Of as Managed>::identity(&state).0.to_owned();
        let order = W::order(session, target.own.named.clone(), state, asked);
        order_and_wait(at, &config, &arn, (W::CALL, order), output).await
    }
}

type Said<W> = <<W as Way>::Of as Managed>::Told;

fn is_done<W: Way>(told: &Said<W>) -> bool {
    is_so(told, W::STAYS)
}

/// The one writer of its store, or out of it; it serves, nothing goes on, and all words agree.
fn is_so(member: &impl Member, stays: bool) -> bool {
    member.is_writer() == stays.then_some(true)
        && member.moving().is_none()
        && member.doubt().is_none()
        && member.condition() == Condition::Serves
}

/// `writer of lms, available`.
pub fn words(member: &impl Member) -> String {
    let (status, global) = (member.status(), member.global());
    match (member.moving().or_else(|| member.doubt()), member.is_writer()) {
        (Some(unsure), _) => format!("{status}, {unsure}"),
        (None, Some(true)) => format!("writer of {global}, {status}"),
        (None, Some(false)) => format!("follows in {global}, {status}"),
        (None, None) => format!("stands alone, {status}"),
    }
}

/// Why it is not meant now.
fn refusal<W: Way>(told: &Said<W>, other: Option<&Said<W>>) -> Option<String> {
    if let Some(moving) = told.moving() {
        return Some(format!("{moving} already"));
    }
    if told.condition() != Condition::Serves {
        return Some(format!("it is {}: wait until it is available", told.status()));
    }
    if let Some(why) = told.lacking() {
        return Some(why);
    }
    if W::STAYS && !told.has_global() {
        return Some(format!("there is no global store {}", told.global()));
    }
    match other {
        _ if !W::NEEDS_BOTH => None,
        None => Some("the other region is not seen, and both are needed for this".to_owned()),
        Some(other) if other.condition() == Condition::Serves => None,
        Some(other) => Some(format!("the other region's is {}", other.status())),
    }
}

impl<W: Way> At<By<W>> {
    fn changes(&self, state: &Said<W>, other: Told<W::Of>) -> Vec<PreviewLine> {
        let (name, from) = (&self.seat.name, &self.seat.other_region);
        if is_done::<W>(state) {
            return vec![line('!', format!("{name} is so already: {}", words(state)))];
        }
        let mut lines = Vec::new();
        let why = refusal::<W>(state, other.as_ref().ok().map(|other| &other.told));
        lines.extend(why.map(|why| line('!', format!("it will be REFUSED: {why}"))));
        lines.push(line('~', format!("{name} role standby -> PRIMARY; it takes minutes")));
        lines.push(line('!', format!("{name}: {}", W::LOSES)));
        if !W::STAYS {
            lines.push(line(
                '-',
                format!("replication {from} -> {} REMOVED for ever", self.seat.region),
            ));
        }
        match other {
            Err(why) => {
                lines.push(line(
                    '!',
                    format!("{from} was not seen and may still take writes: {why}"),
                ));
            }
            Ok(other) if !W::NEEDS_BOTH && other.told.writes() != Writes::Refused => {
                lines.push(line('!', format!("{from} still takes writes: TWO PRIMARIES")));
            }
            Ok(_) => {}
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A member of a store: in it as what, beside whom, with which contradiction.
    struct One(Option<bool>, Vec<&'static str>, Option<&'static str>);

    impl Member for One {
        fn is_writer(&self) -> Option<bool> {
            self.0
        }

        fn has_global(&self) -> bool {
            true
        }

        fn global(&self) -> &'static str {
            "lms"
        }

        fn moving(&self) -> Option<String> {
            None
        }

        fn status(&self) -> &'static str {
            "available"
        }

        fn lacking(&self) -> Option<String> {
            None
        }

        fn can_write(&self) -> bool {
            true
        }

        fn other_writers(&self) -> Vec<&str> {
            self.1.clone()
        }

        fn contradiction(&self) -> Option<String> {
            self.2.map(str::to_owned)
        }
    }

    #[test]
    fn it_is_done_only_where_one_writer_is_named_and_all_words_agree() {
        // With the order that keeps it in the store, and with the one that takes it out.
        let check = |member: One, want: [bool; 2]| {
            assert_eq!(
                [true, false].map(|stays| is_so(&member, stays)),
                want,
                "{}",
                words(&member)
            );
        };
        check(One(Some(true), vec![], None), [true, false]);
        check(One(None, vec![], None), [false, true]);
        check(One(None, vec!["a"], None), [false, true]);
        check(One(Some(false), vec![], None), [false, false]);
        check(One(Some(false), vec!["a"], None), [false, false]);
        check(One(Some(true), vec!["a"], None), [false, false]);
        check(One(Some(true), vec![], Some("it says secondary")), [false, false]);
        check(One(Some(false), vec!["a"], Some("it says primary")), [false, false]);
    }
}
