//! `CLUSTER NODES`, line by line: who is in a cluster, and which slots each owns.

/// The slots of a cluster.
pub(super) const SLOTS: u16 = 16_384;

/// The most nodes that are read of an answer.
const ROWS_MAX: usize = 1000;

/// The longest name of a node.
const ID_CHARS_MAX: usize = 64;

/// One node, as another one sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Its name.
    pub(super) id: String,
    /// `10.0.0.1:6379`.
    pub(super) at: String,
    /// Its name and port, where it has one.
    pub(super) called: Option<String>,
    /// True for the one that tells this.
    pub(super) is_myself: bool,
    /// The node that it copies from; none for one that owns slots, or may.
    pub(super) copies: Option<String>,
    /// True where the cluster has agreed that it is dead.
    pub(super) failed: bool,
    /// True where that, or the teller alone does not reach it.
    pub(super) doubted: bool,
    /// The age of what it owns: the higher, the newer.
    pub(super) epoch: u64,
    /// The slots that it owns, both ends included.
    pub(super) slots: Vec<(u16, u16)>,
}

impl Row {
    /// True when that is its address, or its name.
    pub(super) fn is_at(&self, place: &str) -> bool {
        // A cluster writes addresses of IPv6 without brackets.
        self.at == place.replace(['[', ']'], "") || self.called.as_deref() == Some(place)
    }

    /// `id ip:port@bus[,name] flags source ping pong epoch link slots...`; none where it is none.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (id, place, flags) = (words.next()?, words.next()?, words.next()?);
        let source = words.next()?;
        let epoch = words.nth(2)?.parse().ok()?;
        let _link = words.next()?;
        let (address, name) = place.split_once(',').unwrap_or((place, ""));
        let (at, _bus) = address.split_once('@')?;
        let (_, port) = at.rsplit_once(':')?;
        let has = |wanted: &str| flags.split(',').any(|flag| flag == wanted);
        if id.len() > ID_CHARS_MAX {
            return None;
        }
        let name = name.split(',').next().filter(|name| !name.is_empty());
        Some(Self {
            id: id.to_owned(),
            at: at.to_owned(),
            called: name.map(|name| format!("{name}:{port}")),
            is_myself: has("myself"),
            copies: Some(source).filter(|_| has("slave")).map(str::to_owned),
            failed: has("fail"),
            doubted: has("fail") || has("fail?"),
            epoch,
            // What moves between two nodes stands in brackets, beside what it belongs to.
            slots: words.filter(|word| !word.starts_with('[')).map(range).collect::<Option<_>>()?,
        })
    }
}

/// The answer of `CLUSTER NODES` without those that are no part of it yet; none where a line is
/// none, or nobody says who tells it.
pub(super) fn table(text: &str) -> Option<Vec<Row>> {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).take(ROWS_MAX);
    let comes = |line: &&str| line.contains("handshake") || line.contains("noaddr");
    let rows: Option<Vec<Row>> = lines.filter(|line| !comes(line)).map(Row::parse).collect();
    let rows = rows?;
    rows.iter().any(|row| row.is_myself).then_some(rows)
}

/// `0-5460` or `5461`.
fn range(word: &str) -> Option<(u16, u16)> {
    let (from, to) = word.split_once('-').unwrap_or((word, word));
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    (from <= to && to < SLOTS).then_some((from, to))
}

/// `slots 0-5460`, `slots 0-99 and 2 more parts`.
pub(super) fn slot_words(slots: &[(u16, u16)]) -> String {
    match slots {
        [] => "no slots".to_owned(),
        [(from, to)] => format!("slots {from}-{to}"),
        [(from, to), rest @ ..] => format!("slots {from}-{to} and {} more parts", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: &str = include_str!("../../../tests/kind/recorded/redis/cluster_well.txt");
    const DROPPED: &str = include_str!("../../../tests/kind/recorded/redis/cluster_dropped.txt");
    const FAILED: &str = include_str!("../../../tests/kind/recorded/redis/cluster_failed.txt");
    const LOST: &str = include_str!("../../../tests/kind/recorded/redis/cluster_lost.txt");

    /// The slots, role and state of the node at a port, as a real node of 7.0.15 told them.
    #[test]
    fn real_tables_are_read() {
        let check = |recorded: &str, port: u16, want: &str| {
            let rows = table(recorded).expect("a table");
            assert_eq!((rows.len(), rows[0].is_myself), (6, true));
            let row = rows.iter().find(|row| row.is_at(&format!("127.0.0.1:{port}"))).unwrap();
            let role = if row.copies.is_some() { "copy" } else { "owner" };
            let state = if row.failed { "failed" } else { "well" };
            assert_eq!(format!("{role} {state} {}", slot_words(&row.slots)), want, "{port}");
        };
        check(WELL, 23_300, "owner well slots 0-5460");
        check(WELL, 23_301, "owner well slots 5461-10922");
        check(WELL, 23_303, "copy well no slots");
        check(DROPPED, 23_300, "owner well slots 0-6 and 1 more parts");
        check(FAILED, 23_301, "owner failed no slots");
        check(FAILED, 23_303, "owner well slots 5461-10922");
        check(LOST, 23_303, "owner failed slots 5461-10922");
        let epochs = |recorded| table(recorded).unwrap().iter().map(|row| row.epoch).max();
        assert_eq!([epochs(WELL), epochs(FAILED)], [Some(3), Some(7)]);
    }

    #[test]
    fn only_tables_are_tables() {
        let check = |text: &str, want: Option<usize>| {
            assert_eq!(table(text).map(|rows| rows.len()), want, "{text}");
        };
        let me = "n1 h:1@1 myself,master - 0 0 1 connected 0-5\n";
        check(me, Some(1));
        check("", None);
        check("OK", None);
        check(&me.replace("myself,", ""), None);
        check(&me.replace("0-5", "5-0"), None);
        check(&me.replace("0-5", "0-16384"), None);
        check(&me.replace("0-5", "x"), None);
        check(&me.replace(" 1 connected", " -1 connected"), None);
        check(&me.replace("h:1@1", "h"), None);
        check(&me.replace("n1 ", &format!("{} ", "n".repeat(65))), None);
        check(&format!("{me}n2 h:2@2 handshake - 0 0 0 connected\n"), Some(1));
        check(&format!("{me}n2 :0@0 slave,fail,noaddr n1 0 0 0 disconnected\n"), Some(1));
        // What moves is not owned twice; a name stands beside the address.
        let moves = "n1 ::1:7@9,redis-a,shard-id=x myself,master - 0 0 1 connected 0-5 [5->-n2]\n";
        let rows = table(moves).unwrap();
        assert_eq!(rows[0].slots, [(0, 5)]);
        assert!(rows[0].is_at("[::1]:7") && rows[0].is_at("redis-a:7") && !rows[0].is_at("x:7"));
        let many: String = (0..5000).map(|n| me.replace("n1", &format!("n{n}"))).collect();
        check(&many, Some(ROWS_MAX));
    }
}
