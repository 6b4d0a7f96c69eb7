//! What the sentinels of a side come to together, beside what the servers say of themselves.

use super::sentinel::Word;
use super::state::SideState;
use crate::domain::reading::{Identity, Writes};
use crate::domain::text::Clean;
use crate::systems::kit::endpoint::Endpoint;
use crate::systems::kit::trouble::Trouble;

/// All that was heard of the sentinels of one side in one look.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Council {
    /// The word of each that the site names, by its place.
    pub(super) words: Vec<(String, Result<Word, Trouble>)>,
    /// True where they alone say where the server is.
    pub(super) lead: bool,
    /// The servers that they know beside the one that was looked at.
    pub(super) others: Vec<Other>,
}

/// A server that sentinels know, and its own word.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Other {
    /// Where they say it is.
    pub(super) place: String,
    /// Who it is, and whether it says that it is a primary; or why it told nothing.
    pub(super) told: Result<(Identity, bool), Clean>,
}

impl Council {
    /// The sentinels that answered, each once, by whatever names it was reached.
    pub(super) fn heard(&self) -> Vec<(&str, &Word)> {
        let mut heard: Vec<(&str, &Word)> = Vec::new();
        for (place, word) in &self.words {
            if let Ok(word) = word
                && !heard.iter().any(|(_, other)| other.id == word.id)
            {
                heard.push((place, word));
            }
        }
        heard
    }

    fn silent(&self) -> impl Iterator<Item = &Trouble> {
        self.words.iter().filter_map(|(_, word)| word.as_ref().err())
    }

    fn votes(&self, word: &Word) -> usize {
        self.heard().iter().filter(|(_, other)| other.primary == word.primary).count()
    }

    /// The word that most of them share, if they are many or few; of several that of the newest
    /// decision. Enough to look where it leads, never to act on.
    pub(super) fn leader(&self) -> Option<&Word> {
        let heard = self.heard();
        heard.iter().map(|(_, word)| *word).max_by_key(|word| (self.votes(word), word.epoch))
    }

    /// The word of more than half of those that the site names.
    pub(super) fn agreed(&self) -> Option<&Word> {
        self.leader().filter(|word| self.votes(word) * 2 > self.words.len())
    }

    /// True where one of them says so of the primary.
    pub(super) fn any_has(&self, flag: &str) -> bool {
        self.heard().iter().any(|(_, word)| word.has(flag))
    }

    /// That they take the primary for down, in their word: agreed, or each for itself.
    pub(super) fn down(&self) -> Option<&'static str> {
        ["o_down", "s_down"].into_iter().find(|flag| self.any_has(flag))
    }

    /// True when it is this server that the word is about.
    pub(super) fn means(word: &Word, own: &SideState) -> bool {
        own.at.as_ref() == Some(&word.primary) || word.run_id.as_ref() == Some(&own.run_id)
    }

    /// True where the word is about this replica, its primary, or the server of the other side: by
    /// an address or a run.
    pub(super) fn watches(word: &Word, own: &SideState, other: Option<&SideState>) -> bool {
        let knows = |at: &Endpoint| word.primary == *at || word.replicas.contains(at);
        let follows = own.upstream.as_ref().is_some_and(|upstream| {
            (&upstream.host, upstream.port) == (&word.primary.host, word.primary.port)
        });
        [Some(own), other].into_iter().flatten().any(|state| {
            state.at.as_ref().is_some_and(knows) || word.run_id.as_ref() == Some(&state.run_id)
        }) || follows
    }

    /// `3 of 3 sentinels name redis-a:6379`, or that they agree on none.
    pub(super) fn says(&self) -> String {
        let named = self.words.len();
        let Some(word) = self.agreed() else {
            let each = self.each_says();
            return format!("no majority of the {named} sentinels names one: {each}");
        };
        format!("{} of {named} sentinels name {}", self.votes(word), word.primary.place())
    }

    fn each_says(&self) -> String {
        let heard = self.heard();
        let names = heard.iter().map(|(at, word)| format!("{at} names {}", word.primary.place()));
        let each: Vec<String> = names.collect();
        if each.is_empty() { "none answers".to_owned() } else { each.join(", ") }
    }

    /// What it means that none of them answered.
    pub(super) fn silence(&self, place: &str) -> Trouble {
        let first = self.silent().next().expect("there is a word of each, or a reason");
        let message = format!("none of {} sentinels tells of {place}: {first}", self.words.len());
        Trouble { message: message.into(), ..first.clone() }
    }

    /// What is wrong with their word, and what they say against the word of the servers.
    pub(super) fn reasons(&self, own: &SideState, other: Option<&SideState>) -> Vec<String> {
        let (mut reasons, says) = (self.plight(), self.says());
        if let Some(word) = self.agreed() {
            let is_new = word.run_id.as_ref().is_some_and(|run| *run != own.run_id);
            let restarted = "it was started anew, and the sentinels do not know yet";
            reasons.extend(match (own.is_primary(), Self::means(word, own)) {
                (true, false) => Some(format!(
                    "it says PRIMARY while {says}: what it takes is LOST once they make it a \
                     replica; fence it (redis.replicate)"
                )),
                (false, true) => Some(format!("{says}, and it is a replica")),
                (true, true) => is_new.then(|| restarted.to_owned()),
                (false, false) => None,
            });
        }
        let led_to = |place: &str| self.agreed().is_some_and(|word| word.primary.place() == place);
        let rivals = self.rivals(own, other).map(|Other { place, .. }| {
            let lost =
                if led_to(place) { "what the sides' own servers take" } else { "what it takes" };
            format!("{place} says PRIMARY, on neither side, while {says}: {lost} is LOST")
        });
        reasons.extend(rivals);
        reasons
    }

    /// Why their word is no reason to rely on, whatever the servers say.
    pub(super) fn plight(&self) -> Vec<String> {
        let (heard, named) = (self.heard(), self.words.len());
        let (mut reasons, silent) = (Vec::new(), self.silent().count());
        let first = self.silent().next();
        let tells = |why| format!("{silent} of {named} sentinels tell nothing: {why}");
        reasons.extend(first.map(tells));
        if heard.len() + silent < named {
            let only = heard.len();
            reasons.push(format!("several names lead to one sentinel: there are only {only}"));
        }
        if self.agreed().is_none() {
            reasons.push(self.says());
        } else if heard.iter().any(|(_, word)| word.primary != heard[0].1.primary) {
            reasons.push(format!("the sentinels disagree: {}", self.each_says()));
        }
        let stuck = heard.iter().find_map(|(_, word)| word.stuck.as_ref());
        reasons.extend(stuck.map(|why| format!("a failover is not assured: {why}")));
        if self.any_has(MOVING) {
            reasons.push("the sentinels are failing over".to_owned());
        } else if let Some(flag) = self.down() {
            let count = heard.iter().filter(|(_, heard)| heard.has(flag)).count();
            reasons
                .push(format!("{count} of {named} sentinels take the primary for down ({flag})"));
        }
        reasons
    }

    /// Why the server that they lead to tells nothing, with what they say of it.
    pub(super) fn explain(&self, trouble: &Trouble) -> Trouble {
        let mut all = vec![trouble.to_string()];
        all.extend(self.agreed().map(|_| self.says()));
        all.extend(self.plight());
        Trouble { message: all.join("; ").into(), ..trouble.clone() }
    }

    /// Servers beside both sides' own that say they are primaries.
    pub(super) fn rivals<'a>(
        &'a self,
        own: &'a SideState,
        other: Option<&'a SideState>,
    ) -> impl Iterator<Item = &'a Other> {
        let is_new = move |it: &Identity| {
            let other = other.map(SideState::identity);
            it.is_other(&own.identity()) && other.is_none_or(|other| it.is_other(&other))
        };
        let told = |rival: &Other| rival.told.clone().ok();
        self.others.iter().filter(move |one| told(one).is_some_and(|(it, is)| is && is_new(&it)))
    }

    /// Whether the side takes writes, where its server says so of itself: closed only if none that
    /// sentinels may lead to is open, or silent.
    pub(super) fn writes(
        &self,
        told: Writes,
        own: &SideState,
        other: Option<&SideState>,
    ) -> Writes {
        let is_silent = self.others.iter().any(|other| other.told.is_err());
        if told != Writes::Refused {
            told
        } else if self.lead && self.rivals(own, other).next().is_some() {
            Writes::Open
        } else if self.any_has(MOVING) || (self.lead && is_silent) {
            Writes::Unknown
        } else {
            Writes::Refused
        }
    }
}

/// How a sentinel calls a primary that it moves.
pub(super) const MOVING: &str = "failover_in_progress";

/// Why sentinels would undo it if `own`, a replica, were made a primary behind their back.
pub(super) fn against_promoting(own: &SideState, other: Option<&SideState>) -> Option<String> {
    let lives = |council: &&Council| {
        let named = council.agreed().filter(|word| !Council::means(word, own));
        named.is_some_and(|word| !word.has("s_down") && !word.has("o_down"))
    };
    let mut councils = own.council.iter().chain(other.and_then(|other| other.council.as_ref()));
    Some(undone(councils.find(lives)?, "make it a replica again within about 10 s"))
}

/// Why sentinels would undo it if `own` were made a replica behind their back.
pub(super) fn against_following(own: &SideState) -> Option<String> {
    let council = own.council.as_ref()?;
    council.agreed().filter(|word| Council::means(word, own))?;
    Some(undone(council, "take it for dead and promote another one"))
}

fn undone(council: &Council, how: &str) -> String {
    let says = council.says();
    format!("{says}, and would {how}: use redis.sentinel_failover, or stop them first")
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::{primary, replica};
    use super::*;
    use crate::systems::kit::trouble::TroubleKind;

    const A: u16 = 6379;
    const B: u16 = 6380;

    fn at(port: u16) -> Endpoint {
        Endpoint { host: "10.0.0.1".to_owned(), port }
    }

    /// The word of sentinel `id` that names the server at a port.
    fn word(id: &str, named: u16) -> Word {
        Word {
            id: id.to_owned(),
            primary: at(named),
            run_id: None,
            flags: "master".to_owned(),
            known: 3,
            quorum: 2,
            epoch: 1,
            stuck: None,
            replicas: vec![at(if named == A { B } else { A })],
            ready: 1,
        }
    }

    fn silent() -> Result<Word, Trouble> {
        Err(Trouble::new(TroubleKind::Timeout, "it hangs"))
    }

    fn council(words: Vec<Result<Word, Trouble>>, lead: bool) -> Council {
        let place = |number: usize| format!("s{}:26379", number + 1);
        let words = words.into_iter().enumerate().map(|(at, word)| (place(at), word)).collect();
        Council { words, lead, others: Vec::new() }
    }

    fn beside(state: SideState, port: u16, council: Council) -> SideState {
        SideState { at: Some(at(port)), council: Some(council), ..state }
    }

    #[test]
    fn only_more_than_half_of_the_named_are_believed() {
        let check = |words: Vec<Result<Word, Trouble>>, agreed: Option<u16>, leads: Option<u16>| {
            let council = council(words, false);
            let port = |word: Option<&Word>| word.map(|word| word.primary.port);
            assert_eq!((port(council.agreed()), port(council.leader())), (agreed, leads));
        };
        let (a, b) = (|id: &str| Ok(word(id, A)), |id: &str| Ok(word(id, B)));
        check(vec![a("1"), a("2"), a("3")], Some(A), Some(A));
        check(vec![a("1"), a("2"), silent()], Some(A), Some(A));
        // One lies, whatever it says of its age.
        let newest = || Ok(Word { epoch: 999, ..word("3", B) });
        check(vec![a("1"), a("2"), newest()], Some(A), Some(A));
        // As many say one as the other: the newer decision is looked at, and not believed.
        check(vec![a("1"), newest(), silent()], None, Some(B));
        check(vec![a("1"), silent(), silent()], None, Some(A));
        check(vec![silent(), silent(), silent()], None, None);
        // One sentinel by three names has one vote.
        check(vec![a("1"), a("1"), a("1")], None, Some(A));
        check(vec![a("1")], Some(A), Some(A));
        check(vec![b("1"), b("2"), a("3")], Some(B), Some(B));
    }

    #[test]
    fn both_words_are_told_where_they_differ() {
        let check =
            |own: SideState, port: u16, words: Vec<Result<Word, Trouble>>, want: &[&str]| {
                let own = beside(own, port, council(words, false));
                let found = own.council.as_ref().unwrap().reasons(&own, None);
                assert_eq!(found.len(), want.len(), "{found:#?}");
                for (found, want) in found.iter().zip(want) {
                    assert!(found.contains(want), "{found} / {want}");
                }
            };
        let all =
            |named: u16| vec![Ok(word("1", named)), Ok(word("2", named)), Ok(word("3", named))];
        let flagged = |flags: &str| {
            let word = |id: &str| Ok(Word { flags: flags.to_owned(), ..word(id, A) });
            vec![word("1"), word("2"), word("3")]
        };
        check(primary(5), A, all(A), &[]);
        check(replica(5), B, all(A), &[]);
        let back =
            "it says PRIMARY while 3 of 3 sentinels name 10.0.0.1:6380: what it takes is LOST";
        check(primary(5), A, all(B), &[back]);
        check(replica(5), B, all(B), &["3 of 3 sentinels name 10.0.0.1:6380, and it is a replica"]);
        let two = vec![Ok(word("1", A)), Ok(word("2", A)), silent()];
        check(primary(5), A, two, &["1 of 3 sentinels tell nothing: it hangs"]);
        let split = vec![Ok(word("1", A)), Ok(word("2", A)), Ok(word("3", B))];
        let each = "disagree: s1:26379 names 10.0.0.1:6379, s2:26379 names 10.0.0.1:6379, s3:26379";
        check(primary(5), A, split, &[each]);
        // Parted: the old primary with the one sentinel on its side of the cut.
        let parted = || vec![Ok(word("1", A)), Ok(word("2", B)), Ok(word("3", B))];
        let rest = "it says PRIMARY while 2 of 3 sentinels name 10.0.0.1:6380";
        check(primary(5), A, parted(), &["the sentinels disagree", rest]);
        check(primary(9), B, parted(), &["the sentinels disagree"]);
        let none = "no majority of the 3 sentinels names one: s1:26379 names 10.0.0.1:6379";
        let alone = vec![Ok(word("1", A)), silent(), silent()];
        check(primary(5), A, alone, &["2 of 3 sentinels tell nothing", none]);
        let down = "3 of 3 sentinels take the primary for down (o_down)";
        check(replica(5), B, flagged("s_down,o_down,master"), &[down]);
        let moving = flagged("s_down,o_down,master,failover_in_progress");
        check(replica(5), B, moving, &["the sentinels are failing over"]);
        let stuck = Some(Clean::from("NOQUORUM 1 usable Sentinels"));
        let stuck = vec![Ok(Word { stuck, ..word("1", A) })];
        check(primary(5), A, stuck, &["a failover is not assured: NOQUORUM"]);
        let known = Word { run_id: Some("r0".to_owned()), ..word("1", A) };
        check(primary(5), A, vec![Ok(known)], &["it was started anew"]);
        // Behind a translated address it is known by its run.
        let known = Word { run_id: Some("r1".to_owned()), ..word("1", A) };
        check(primary(5), 7000, vec![Ok(known)], &[]);
    }

    #[test]
    fn a_side_that_sentinels_lead_to_is_closed_only_if_all_are() {
        let other = |port: u16, told: Result<(&str, bool), &str>| Other {
            place: at(port).place(),
            told: told
                .map(|(run, primary)| {
                    let server = format!("run {run}").into();
                    (Identity { server, data: "h1".into() }, primary)
                })
                .map_err(Clean::from),
        };
        let check = |lead: bool, flags: &str, others: Vec<Other>, want: Writes| {
            let words = vec![Ok(Word { flags: flags.to_owned(), ..word("1", B) })];
            let council = Council { others, ..council(words, lead) };
            let own = beside(replica(5), B, council.clone());
            assert_eq!(council.writes(Writes::Refused, &own, None), want);
            assert_eq!(council.writes(Writes::Open, &own, None), Writes::Open);
        };
        let closed = || other(A, Ok(("r3", false)));
        check(true, "master", vec![closed()], Writes::Refused);
        check(true, "master", vec![closed(), other(9, Err("it hangs"))], Writes::Unknown);
        check(
            true,
            "master",
            vec![other(9, Err("it hangs")), other(A, Ok(("r3", true)))],
            Writes::Open,
        );
        check(true, "master,failover_in_progress", vec![closed()], Writes::Unknown);
        check(false, "master,failover_in_progress", vec![closed()], Writes::Unknown);
        // A host that the site names answers for itself alone.
        check(false, "master", vec![other(9, Err("it hangs"))], Writes::Refused);
        // Its own word under another address is no rival's.
        check(true, "master", vec![other(9, Ok(("r9", true)))], Writes::Refused);
    }

    #[test]
    fn a_third_primary_is_a_rival_whomever_they_name() {
        let check = |named: u16, third: bool, sides: [&SideState; 2], want: Option<&str>| {
            let words = ["1", "2", "3"].map(|id| Ok(word(id, named))).into();
            let identity = Identity { server: "run r3".into(), data: "h3".into() };
            let others = vec![Other { place: at(9).place(), told: Ok((identity, third)) }];
            let council = Council { others, ..council(words, false) };
            let [own, other] = sides.map(|state| beside(state.clone(), A, council.clone()));
            let rival = own.rival(Some(&other)).map(|rival| rival.place.to_string());
            assert_eq!(rival, want.map(|_| at(9).place()));
            let found = own.council.as_ref().unwrap().reasons(&own, Some(&other)).join("; ");
            assert!(want.is_none_or(|want| found.contains(want)), "{found} / {want:?}");
        };
        let (a, b) = (primary(9), replica(9));
        let theirs = "10.0.0.1:9 says PRIMARY, on neither side, while 3 of 3 sentinels name \
                      10.0.0.1:9: what the sides' own servers take is LOST";
        check(9, true, [&a, &b], Some(theirs));
        check(9, true, [&b, &a], Some(theirs));
        let ours = "sentinels name 10.0.0.1:6379: what it takes is LOST";
        check(A, true, [&a, &b], Some(ours));
        check(A, false, [&a, &b], None);
    }

    #[test]
    fn sentinels_of_another_system_watch_none_of_ours() {
        let check = |named: u16, run: Option<&str>, upstream: &str, want: bool| {
            let replicas =
                if upstream == "redis-a" && named == A { vec![at(B)] } else { Vec::new() };
            let run_id = run.map(str::to_owned);
            let word = Word { run_id, replicas, ..word("1", named) };
            let mut own = SideState { at: Some(at(B)), ..replica(5) };
            own.upstream.as_mut().unwrap().host = upstream.to_owned();
            let there = SideState { run_id: "r7".to_owned(), ..primary(5) };
            let there = SideState { at: Some(at(9)), ..there };
            assert_eq!(Council::watches(&word, &own, Some(&there)), want, "{named} {run:?}");
        };
        check(A, None, "redis-a", true);
        check(7, None, "redis-a", false);
        check(7, Some("r8"), "redis-a", false);
        // Behind translated addresses it is known by its run, or by what the replica calls it.
        check(7, Some("r7"), "redis-a", true);
        check(A, None, "10.0.0.1", true);
    }

    #[test]
    fn what_sentinels_would_undo_is_refused() {
        let check = |named: u16, flags: &str, promoting: bool, following: bool| {
            let words = vec![Ok(Word { flags: flags.to_owned(), ..word("1", named) })];
            let own = beside(replica(5), B, council(words.clone(), false));
            assert_eq!(against_promoting(&own, None).is_some(), promoting, "{named} {flags}");
            assert_eq!(against_following(&own).is_some(), following, "{named} {flags}");
            // Those of the other side count too.
            let (alone, there) = (replica(5), beside(primary(5), A, council(words, true)));
            let alone = SideState { at: Some(at(B)), ..alone };
            assert_eq!(against_promoting(&alone, Some(&there)).is_some(), promoting, "{named}");
        };
        check(A, "master", true, false);
        check(A, "s_down,master", false, false);
        check(A, "s_down,o_down,master", false, false);
        check(B, "master", false, true);
        let few = beside(replica(5), B, council(vec![Ok(word("1", A)), silent()], false));
        assert_eq!(against_promoting(&few, None), None);
        assert_eq!(against_promoting(&replica(5), None), None);
    }
}
