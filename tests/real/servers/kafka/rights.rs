//! Rights of a user on a cluster, given and taken in Kafka's own protocol: no client wraps it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use warroom::systems::kafka::{ACT_ACLS, WATCH_ACLS};

use super::broker::Broker;
use super::client::TIMEOUT;

/// What a right is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On<'a> {
    /// A topic of this name; all for `*`.
    Topic(&'a str),
    /// A consumer group of this name; all for `*`.
    Group(&'a str),
    /// The cluster itself.
    Cluster,
}

/// What may be done there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    Read = 3,
    Write = 4,
    Describe = 8,
    DescribeConfigs = 10,
}

const CREATE_ACLS: i16 = 30;
const DELETE_ACLS: i16 = 31;
/// The first version that knows kinds of patterns.
const VERSION: i16 = 1;
const LITERAL: u8 = 3;
const ALLOW: u8 = 3;
const ANY: u8 = 1;
/// A text that is not there.
const NOTHING: [u8; 2] = [0xff, 0xff];

impl Broker {
    /// Allows a user this, and waits until it holds.
    pub fn allow(&self, user: &str, may: May, on: On<'_>) {
        self.change_right(CREATE_ACLS, user, may, on);
    }

    /// Takes back what [`Self::allow`] gave.
    pub fn disallow(&self, user: &str, may: May, on: On<'_>) {
        self.change_right(DELETE_ACLS, user, may, on);
    }

    /// Takes back all that anybody was given.
    pub fn disallow_all(&self) {
        let mut any = vec![ANY];
        any.extend(NOTHING);
        any.push(ANY);
        any.extend(NOTHING);
        any.extend(NOTHING);
        any.extend([ANY, ANY]);
        self.ask(DELETE_ACLS, &any);
    }

    fn change_right(&self, request: i16, user: &str, may: May, on: On<'_>) {
        let (kind, name) = match on {
            On::Topic(name) => (2, name),
            On::Group(name) => (3, name),
            On::Cluster => (4, "kafka-cluster"),
        };
        let mut right = vec![kind];
        text(&mut right, name);
        right.push(LITERAL);
        text(&mut right, &format!("User:{user}"));
        text(&mut right, "*");
        right.extend([may as u8, ALLOW]);
        self.ask(request, &right);
    }

    /// Sends a request about one right.
    fn ask(&self, request: i16, right: &[u8]) {
        let mut body = Vec::new();
        body.extend(request.to_be_bytes());
        body.extend(VERSION.to_be_bytes());
        // The number that the answer repeats, and the client's name.
        body.extend(1_i32.to_be_bytes());
        text(&mut body, "rig");
        body.extend(1_i32.to_be_bytes());
        body.extend(right);

        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.write_all(&u32::try_from(body.len()).unwrap().to_be_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        let mut length = [0; 4];
        stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        stream.read_exact(&mut answer).unwrap();
        // Number, throttle, how many, and of the first how it went.
        assert_eq!(answer[12..14], [0, 0], "{right:?}: {answer:?}");
    }
}

impl Broker {
    /// Gives the users of the rig what `warroom systems show kafka` says, and nothing else.
    pub fn grant(&self) {
        for (user, may, on) in [WATCH_ACLS, ACT_ACLS].into_iter().flat_map(rights) {
            self.allow(user, may, on);
        }
    }
}

/// The rights that commands for an administrator give: to whom, what, and on what.
pub fn rights(commands: &'static str) -> Vec<(&'static str, May, On<'static>)> {
    let mut rights = Vec::new();
    for command in commands.lines() {
        let words: Vec<&str> = command.split(' ').collect();
        let of = |name: &str| {
            let given = words.windows(2).filter(|pair| pair[0] == name);
            given.map(|pair| pair[1].trim_matches('\'')).collect::<Vec<_>>()
        };
        let user = of("--allow-principal")[0].strip_prefix("User:").unwrap();
        let on = match (of("--topic").first(), of("--group").first()) {
            (Some(topic), _) => On::Topic(topic),
            (None, Some(group)) => On::Group(group),
            (None, None) => panic!("on nothing: {command}"),
        };
        for operation in of("--operation") {
            let may = match operation {
                "Read" => May::Read,
                "Write" => May::Write,
                "Describe" => May::Describe,
                other => panic!("an unknown right: {other}"),
            };
            rights.push((user, may, on));
        }
    }
    rights
}

fn text(body: &mut Vec<u8>, text: &str) {
    body.extend(i16::try_from(text.len()).unwrap().to_be_bytes());
    body.extend(text.bytes());
}
