//! Who may ask what: users with roles as the security plugin writes them, and signatures of AWS.

use base64::Engine as _;
use rustls::ServerConfig;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

use super::http::{Answer, Asked};

/// A user with the roles that the security plugin would be given.
#[derive(Debug, Clone)]
pub struct User {
    pub name: String,
    pub password: String,
    /// A role: `cluster_permissions` and `index_permissions`.
    pub role: Json,
}

impl User {
    /// One with a role as it is documented.
    pub fn new(name: &str, password: &str, role: &str) -> Self {
        let role = serde_json::from_str(role).expect("a role is JSON");
        Self { name: name.to_owned(), password: password.to_owned(), role }
    }

    /// One who may do everything.
    pub fn all(name: &str, password: &str) -> Self {
        let every = json!(["*"]);
        let on_all = json!([{ "index_patterns": every, "allowed_actions": every }]);
        let role = json!({ "cluster_permissions": every, "index_permissions": on_all });
        Self { name: name.to_owned(), password: password.to_owned(), role }
    }

    /// The same without one right, wherever it is given.
    pub fn without(mut self, right: &str) -> Self {
        let mut lists = Vec::new();
        let (cluster, on_indices) = match &mut self.role {
            Json::Object(role) => {
                let mut both = role.iter_mut();
                let cluster = both.find(|(key, _)| *key == "cluster_permissions");
                (cluster.map(|(_, list)| list), both.find(|(key, _)| *key == "index_permissions"))
            }
            _ => (None, None),
        };
        lists.extend(cluster);
        if let Some((_, Json::Array(parts))) = on_indices {
            lists.extend(parts.iter_mut().filter_map(|part| part.get_mut("allowed_actions")));
        }
        let mut found = false;
        for list in lists {
            let list = list.as_array_mut().expect("a list of rights");
            let before = list.len();
            list.retain(|held| held != right);
            found |= list.len() < before;
        }
        assert!(found, "the role does not give {right}");
        self
    }

    fn may(&self, needed: &Needed) -> bool {
        let allows = |list: &Json, want: &str| {
            let list = list.as_array().into_iter().flatten().filter_map(Json::as_str);
            list.into_iter().any(|pattern| matches(pattern, want))
        };
        if needed.indices.is_empty() {
            return allows(&self.role["cluster_permissions"], &needed.action);
        }
        let parts = || self.role["index_permissions"].as_array().into_iter().flatten();
        needed.indices.iter().all(|index| {
            parts().any(|part| {
                allows(&part["index_patterns"], index)
                    && allows(&part["allowed_actions"], &needed.action)
            })
        })
    }
}

/// True where a pattern with `*` covers the whole text.
pub fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((begin, rest)) => text.strip_prefix(begin).is_some_and(|left| {
            (0..=left.len()).any(|at| left.is_char_boundary(at) && matches(rest, &left[at..]))
        }),
    }
}

/// Who is let in.
#[derive(Debug, Clone, Default)]
pub struct Door {
    /// Who may ask with name and password; anybody where nobody is named.
    pub users: Vec<User>,
    /// The region whose signatures are wanted instead; the users are access keys then.
    pub signed_for: Option<String>,
    /// Nothing but TLS is spoken.
    pub tls: Option<Arc<ServerConfig>>,
}

/// The right that a question needs, in the words of OpenSearch.
#[derive(Debug, PartialEq, Eq)]
struct Needed {
    action: String,
    /// Of which indices; none where it is one of the cluster.
    indices: Vec<String>,
}

impl Door {
    /// Why somebody is not let in.
    pub fn refusal(&self, asked: &Asked) -> Option<Answer> {
        if self.users.is_empty() {
            return None;
        }
        let user = match &self.signed_for {
            None => self.by_password(asked),
            Some(region) => self.by_signature(asked, region),
        };
        let user = match user {
            Ok(user) => user,
            Err(refusal) => return Some(refusal),
        };
        let needed = needed(asked);
        (!user.may(&needed)).then(|| {
            let (action, name) = (&needed.action, &user.name);
            if self.signed_for.is_some() {
                let text = format!("User: {name} is not authorized to perform: es:{action}");
                return Answer::json(403, &json!({ "Message": text }));
            }
            let who = format!("User [name={name}, backend_roles=[], requestedTenant=null]");
            let reason = format!("no permissions for [{action}] and {who}");
            Answer::error(403, "security_exception", &reason)
        })
    }

    fn by_password(&self, asked: &Asked) -> Result<&User, Answer> {
        let refused = || {
            let mut headers = vec![("content-type".to_owned(), "text/plain".to_owned())];
            let realm = "Basic realm=\"OpenSearch Security\"".to_owned();
            headers.push(("www-authenticate".to_owned(), realm));
            Answer { status: 401, headers, body: b"Unauthorized".to_vec() }
        };
        let word = asked.header("authorization").and_then(|word| word.strip_prefix("Basic "));
        let pair = word
            .and_then(|word| base64::engine::general_purpose::STANDARD.decode(word).ok())
            .and_then(|pair| String::from_utf8(pair).ok());
        let user =
            pair.as_deref().and_then(|pair| pair.split_once(':')).and_then(|(name, word)| {
                self.users.iter().find(|user| user.name == name && user.password == word)
            });
        user.ok_or_else(refused)
    }

    /// Signature Version 4 of the service `es`.
    fn by_signature(&self, asked: &Asked, region: &str) -> Result<&User, Answer> {
        let refused = |why: &str| Answer::json(403, &json!({ "message": why }));
        let header = asked.header("authorization").unwrap_or_default();
        let Some(parts) = header.strip_prefix("AWS4-HMAC-SHA256 ") else {
            return Err(refused("Missing Authentication Token"));
        };
        let part = |name: &str| {
            let mut parts = parts.split(',').map(str::trim);
            parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
        };
        let scope: Vec<&str> = part("Credential").split('/').collect();
        let [key, day, of_region, "es", "aws4_request"] = scope[..] else {
            return Err(refused("Credential should be scoped to correct service: 'es'."));
        };
        if of_region != region {
            let why = format!("Credential should be scoped to a valid region, not '{of_region}'.");
            return Err(refused(&why));
        }
        let Some(user) = self.users.iter().find(|user| user.name == key) else {
            return Err(refused("The security token included in the request is invalid."));
        };
        let signed: Vec<&str> = part("SignedHeaders").split(';').collect();
        let time = asked.header("x-amz-date").unwrap_or_default();
        let canonical = canonical(asked, &signed);
        let scope = format!("{day}/{region}/es/aws4_request");
        let text =
            format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&sha(canonical.as_bytes())));
        let mut secret = format!("AWS4{}", user.password).into_bytes();
        for word in [day, region, "es", "aws4_request"] {
            secret = hmac(&secret, word.as_bytes()).to_vec();
        }
        if hex(&hmac(&secret, text.as_bytes())) == part("Signature") && signed.contains(&"host") {
            return Ok(user);
        }
        Err(refused(
            "The request signature we calculated does not match the signature you provided. Check \
             your AWS Secret Access Key and signing method. Consult the service documentation for \
             details.",
        ))
    }
}

/// A request as its signature sees it.
fn canonical(asked: &Asked, signed: &[&str]) -> String {
    let mut query: Vec<String> = asked
        .query()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") })
        .map(|pair| {
            let (key, value) = pair.split_once('=').expect("it has one");
            format!("{}={}", encoded(&decoded(key)), encoded(&decoded(value)))
        })
        .collect();
    query.sort();
    // Every service but S3 encodes a path twice.
    let path: Vec<String> = asked.path().split('/').map(encoded).collect();
    let header = |name: &&str| format!("{name}:{}\n", asked.header(name).unwrap_or_default());
    let headers: Vec<String> = signed.iter().map(header).collect();
    let headers = headers.concat();
    let (path, query, signed) = (path.join("/"), query.join("&"), signed.join(";"));
    let body = hex(&sha(&asked.body));
    format!("{}\n{path}\n{query}\n{headers}\n{signed}\n{body}", asked.method)
}

fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    let each = text.bytes().map(|byte| {
        if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    });
    each.collect()
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| std::str::from_utf8(after.get(..2)?).ok()).flatten();
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        rest = if byte.is_some() { &after[2..] } else { after };
        bytes.push(byte.unwrap_or(*first));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn sha(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&sha(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |with: u8| block.map(|byte| byte ^ with);
    let inner = sha(&[padded(0x36).as_slice(), text].concat());
    sha(&[padded(0x5c).as_slice(), inner.as_slice()].concat())
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(digit.into(), 16).expect("a digit")).collect()
}

/// Which right a question needs.
fn needed(asked: &Asked) -> Needed {
    let parts: Vec<&str> = asked.path().split('/').filter(|part| !part.is_empty()).collect();
    let is_get = asked.method == "GET" || asked.method == "HEAD";
    let of_cluster = |action: &str| Needed { action: action.to_owned(), indices: Vec::new() };
    let on = |indices: &str, action: &str| Needed {
        action: action.to_owned(),
        indices: indices.split(',').map(str::to_owned).collect(),
    };
    match parts[..] {
        [] => of_cluster("cluster:monitor/main"),
        ["_cluster", "health", ..] => of_cluster("cluster:monitor/health"),
        ["_cluster", "settings"] if !is_get => of_cluster("cluster:admin/settings/update"),
        ["_cluster", ..] => of_cluster("cluster:monitor/state"),
        ["_snapshot", ..] if is_get => of_cluster("cluster:admin/snapshot/get"),
        ["_snapshot", .., "_restore"] => of_cluster("cluster:admin/snapshot/restore"),
        ["_snapshot", ..] => of_cluster("cluster:admin/repository/put"),
        ["_mget"] => of_cluster("indices:data/read/mget"),
        ["_plugins", "_replication", "_autofollow"] => {
            of_cluster("cluster:admin/plugins/replication/autofollow/update")
        }
        ["_plugins", "_replication", "autofollow_stats"] => {
            of_cluster("indices:admin/plugins/replication/autofollow/stats")
        }
        ["_plugins", "_replication", index, verb] => {
            let verb = verb.trim_start_matches('_');
            let verb = if verb == "status" { "status_check" } else { verb };
            on(index, &format!("indices:admin/plugins/replication/index/{verb}"))
        }
        ["_plugins", ..] => of_cluster("indices:admin/plugins/replication/stats"),
        ["_remote", "info"] => of_cluster("cluster:monitor/remote/info"),
        [index, "_block", ..] => on(index, "indices:admin/block/add"),
        [index, "_recovery"] => on(index, "indices:monitor/recovery"),
        [index, "_settings", ..] if is_get => on(index, "indices:monitor/settings/get"),
        [index, "_settings", ..] => on(index, "indices:admin/settings/update"),
        [index, "_stats", ..] => on(index, "indices:monitor/stats"),
        [index, "_search" | "_count"] => on(index, "indices:data/read/search"),
        // Asked of the cluster first, then of each shard.
        [index, "_mget"] => on(index, "indices:data/read/mget[shard]"),
        [index, "_doc", ..] if is_get => on(index, "indices:data/read/get"),
        [index, "_doc", ..] if asked.method == "DELETE" => on(index, "indices:data/write/delete"),
        [index, "_doc" | "_create" | "_bulk" | "_update", ..] => {
            on(index, "indices:data/write/index")
        }
        [index, verb] if verb.starts_with('_') => {
            on(index, &format!("indices:admin/{}", verb.trim_start_matches('_')))
        }
        [index, ..] if asked.method == "DELETE" => on(index, "indices:admin/delete"),
        [index, ..] if is_get => on(index, "indices:admin/get"),
        [index, ..] => on(index, "indices:admin/create"),
    }
}
