//! Takes addresses and names of hosts out of a text that is to be shared.

/// What stands in the place of an address.
pub const MASK: &str = "[host]";

/// The text with every address replaced: URLs, IP addresses, dotted names, `user@host`, and the
/// names in `hosts`. A word too many is masked rather than one too few.
pub fn without_addresses(text: &str, hosts: &[&str]) -> String {
    let words: Vec<String> = text.split(' ').map(|word| masked(word, hosts)).collect();
    words.join(" ")
}

/// The host of an address or a URL, without its port: `pg-a` of `pg-a:5432`.
pub fn host_of(text: &str) -> &str {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split_once(['/', '?']).map_or(text, |(place, _)| place);
    let text = text.rsplit_once('@').map_or(text, |(_, place)| place);
    text.split_once(':').map_or(text, |(host, _)| host)
}

fn masked(word: &str, hosts: &[&str]) -> String {
    let outside = |letter: char| !letter.is_alphanumeric();
    let core = word.trim_matches(outside);
    let known = |part: &str| hosts.iter().any(|host| part.eq_ignore_ascii_case(host));
    let parts = || core.split([',', ';', '(', ')', '"', '\'', '=', '<', '>', '|', '/']);
    if word.contains("://") || word.starts_with("::") || core.contains('@') {
        return MASK.to_owned();
    }
    let hidden = |part: &str| {
        let name = part.split_once(':').map_or(part, |(name, _)| name);
        known(part) || known(name) || is_ip(part) || is_ip(name) || is_dotted(name)
    };
    if parts().any(hidden) { word.replace(core, MASK) } else { word.to_owned() }
}

fn is_ip(part: &str) -> bool {
    let numbers: Vec<&str> = part.split('.').collect();
    let four = numbers.len() == 4 && numbers.iter().all(|number| number.parse::<u8>().is_ok());
    // A time of day has two colons, too, but never two beside each other.
    let groups = part.contains("::") || part.matches(':').count() == 7;
    let hex = part.chars().all(|c| c.is_ascii_hexdigit() || c == ':' || c == '.');
    four || (groups && hex)
}

/// `db.eu.example`: labels of letters, digits and dashes, the last of letters.
fn is_dotted(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let labels: Vec<&str> = name.split('.').collect();
    let label = |label: &&str| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    let last = labels
        .last()
        .is_some_and(|last| last.chars().count() >= 2 && last.chars().all(char::is_alphabetic));
    labels.len() >= 2 && last && labels.iter().all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_what_an_address_leads_to() {
        let check = |text: &str, want: &str| assert_eq!(host_of(text), want);
        check("pg-a", "pg-a");
        check("pg-a:5432", "pg-a");
        check("http://user@web-a:8080/health?deep=1", "web-a");
        check("https://web-a?x", "web-a");
        check("/run/postgresql", "");
    }

    #[test]
    fn what_leads_to_a_host_is_masked() {
        let check = |text: &str, want: &str| {
            assert_eq!(without_addresses(text, &["bastion-2"]), want);
        };
        check("promote PostgreSQL in B", "promote PostgreSQL in B");
        check("switch db.eu.example now", "switch [host] now");
        check("at db.eu.example:5432, again", "at [host], again");
        check("(10.0.0.7) answers", "([host]) answers");
        check("10.0.0.7:5432 and fe80::1", "[host] and [host]");
        check("from [fe80::1]: 3 and ::1", "from [[host]]: 3 and [host]");
        check("see https://status.example/x?y", "see [host]");
        check("ssh anna@box first", "ssh [host] first");
        check("on bastion-2.", "on [host].");
        check("Bastion-2: slow", "[host]: slow");
        check("host=db.eu.example", "[host]");
        check("scale 2.5 times at 14:02:10Z", "scale 2.5 times at 14:02:10Z");
        check("deploy/lms v1.2, 10/10 ready", "deploy/lms v1.2, 10/10 ready");
        check("we wait. Then", "we wait. Then");
        check("", "");
    }
}
