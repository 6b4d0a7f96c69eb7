//! Names of things at Amazon, which say whose they are and where: `arn:aws:rds:us-west-2:123:db:b`.

/// The parts of such a name that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// The region; empty for what is in none.
    pub region: &'a str,
    /// The account.
    pub account: &'a str,
    /// What the service calls it: `db:b`.
    pub name: &'a str,
}

impl<'a> Arn<'a> {
    /// Reads one; none where it is none.
    pub fn of(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (Some("arn"), Some(_), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
            return None;
        };
        Some(Self { region: parts.next()?, account: parts.next()?, name: parts.next()? })
    }

    /// Its last part: `b` of `db:b`.
    pub fn last(&self) -> &'a str {
        self.name.rsplit(':').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        let check = |text: &str, want: Option<(&str, &str, &str, &str)>| {
            let found = Arn::of(text).map(|it| (it.region, it.account, it.name, it.last()));
            assert_eq!(found, want, "{text}");
        };
        check("arn:aws:rds:us-west-2:1:db:b", Some(("us-west-2", "1", "db:b", "b")));
        check("arn:aws:s3:::src", Some(("", "", "src", "src")));
        check(
            "arn:aws:sts::1:assumed-role/dr/w",
            Some(("", "1", "assumed-role/dr/w", "assumed-role/dr/w")),
        );
        check("db-b", None);
        check("arn:aws:rds", None);
    }
}
