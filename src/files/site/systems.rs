//! Reads a site's systems and the places of their secrets; each kind checks its own settings.

use std::path::PathBuf;
use std::time::Duration;

use crate::domain::addresses::host_of;
use crate::domain::ids::{Side, SystemId, TierId, is_name};
use crate::domain::setting::SettingSpec;
use crate::domain::settings::{Fault, Fields, Key, Node, Span, Table, Value, unknown};
use crate::domain::site::{SecretRef, SecretSource, SystemSpec};
use crate::domain::time::short_time;
use crate::files::faults::Faults;
use crate::files::kinds::Kinds;
use crate::files::tables::{missing, name_of, read_named, written_names};
use crate::files::toml_tree;

/// Time between two looks, unless the site says otherwise.
pub const EVERY: Duration = Duration::from_secs(5);
/// The shortest time between two looks.
pub const EVERY_MIN: Duration = Duration::from_millis(200);
/// The longest time between two looks.
pub const EVERY_MAX: Duration = Duration::from_secs(3600);
/// The longest one look may take, unless the site says otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(3);
/// The shortest timeout of a look.
pub const TIMEOUT_MIN: Duration = Duration::from_millis(100);

/// Keys that every system has; all others belong to its kind.
const COMMON_KEYS: [&str; 7] = ["kind", "objective", "every", "timeout", "standby", "a", "b"];

/// The systems of `[systems]`, in the order written.
pub(super) fn read_systems(
    fields: &Fields<'_>,
    kinds: Kinds,
    faults: &mut Faults,
) -> Vec<SystemSpec> {
    let tiers = written_names(fields, "objectives");
    let before = faults.0.len();
    let specs = read_named(fields, "systems", "system", faults, |key, fields| {
        read_system(key, fields, &tiers, kinds)
    });
    if specs.is_empty() && faults.0.len() == before {
        faults
            .add(Span::default(), "a site needs at least one system, such as `[systems.gateway]`");
    }
    specs
}

fn read_system(
    key: &Key,
    fields: &Fields<'_>,
    tiers: &[&str],
    kinds: Kinds,
) -> Result<SystemSpec, Fault> {
    let (what, table) = (fields.what(), fields.whole());
    let id = name_of(key, SystemId::new)?;
    let wanted = "the kind of system, in quotes";
    let kind = fields.text("kind")?.ok_or_else(|| missing(key.span, what, "kind", wanted))?;
    kinds.system(kind).map_err(|message| fields.fault("kind", message))?;
    let objective = match fields.text("objective")? {
        None => None,
        Some(tier) if tiers.contains(&tier) => TierId::new(tier).ok(),
        Some(tier) => {
            let names = tiers.iter().copied();
            let message = unknown("an objective of this site", tier, names);
            return Err(fields.fault("objective", message));
        }
    };
    let every = fields.duration("every")?.unwrap_or(EVERY);
    if !(EVERY_MIN..=EVERY_MAX).contains(&every) {
        return Err(fields.refuse("every", "must be from 200ms to 1h"));
    }
    let timeout = fields.duration("timeout")?.unwrap_or(TIMEOUT.min(every));
    if timeout < TIMEOUT_MIN || timeout > every {
        let every = short_time(every);
        let why = format!("must be from 100ms to `every` ({every}), so that looks never pile up");
        return Err(fields.refuse("timeout", &why));
    }
    let idle_standby = fields.choice("standby", &["warm", "idle"])? == Some("idle");
    let sides = [fields.table("a")?.cloned(), fields.table("b")?.cloned()];
    if sides == [None, None] {
        let message =
            format!("{what} is in neither region: write `a = {{ ... }}` or `b = {{ ... }}`");
        return Err(Fault::new(key.span, message));
    }
    let entries = table
        .entries
        .iter()
        .filter(|(key, _)| !COMMON_KEYS.contains(&key.name.as_str()))
        .cloned()
        .collect();
    let settings = Table { span: table.span, entries, beside: &COMMON_KEYS };
    Ok(SystemSpec {
        id,
        kind: kind.to_owned(),
        objective,
        every,
        timeout,
        idle_standby,
        settings,
        sides,
        hosts: Vec::new(),
        secrets: Vec::new(),
        secrets_to_beat: [None, None],
        stand_ins: [None, None],
        span: key.span,
    })
}

/// The secrets of `[secrets]`: where each is to be found, never the secret.
pub(super) fn read_secrets(fields: &Fields<'_>, faults: &mut Faults) -> Vec<SecretRef> {
    read_named(fields, "secrets", "secret", faults, read_secret)
}

fn read_secret(key: &Key, fields: &Fields<'_>) -> Result<SecretRef, Fault> {
    let what = fields.what();
    if !is_name(&key.name) {
        name_of(key, SystemId::new)?;
    }
    let user = fields.text("user")?.map(str::to_owned);
    let password = fields.node("password");
    let token = fields.node("token");
    if let (Some(_), Some(token)) = (password, token) {
        let message = format!("{what} has both `password` and `token`; write one of them");
        return Err(Fault::new(token.span, message));
    }
    let source = password.or(token).map(|node| read_source(what, node)).transpose()?;
    if user.is_none() && source.is_none() {
        let message = format!("{what} is empty: write `user`, `password` or `token`");
        return Err(Fault::new(key.span, message));
    }
    fields.finish()?;
    Ok(SecretRef { name: key.name.clone(), user, source })
}

fn read_source(what: &str, node: &Node) -> Result<SecretSource, Fault> {
    let advice = "write `{ env = \"NAME\" }` or `{ file = \"NAME\" }`";
    let Value::Table(table) = &node.value else {
        // The value is never repeated: it may be the secret itself.
        let message = format!("{what} must say where the secret is, never what it is: {advice}");
        return Err(Fault::new(node.span, message));
    };
    let fields = Fields::new(table, what);
    let environment = fields.text("env")?;
    let file = fields.text("file")?;
    fields.finish()?;
    match (environment, file) {
        (Some(name), None) if !name.is_empty() && !name.contains(['=', '\0']) => {
            Ok(SecretSource::Environment(name.to_owned()))
        }
        (None, Some(path)) if !path.is_empty() && !path.contains('\0') => {
            Ok(SecretSource::File(PathBuf::from(path)))
        }
        _ => Err(Fault::new(node.span, format!("{what} needs exactly one place: {advice}"))),
    }
}

/// Lets each kind check its systems and say which secrets they open, which hosts they lead to and
/// what stands in for their provider; refuses references to secrets that do not exist.
pub(super) fn check_secrets(
    fields: &Fields<'_>,
    specs: &mut [SystemSpec],
    kinds: Kinds,
    faults: &mut Faults,
) {
    let secrets = written_names(fields, "secrets");
    for spec in specs {
        let Ok(system) = kinds.system(&spec.kind) else { continue };
        spec.hosts = hosts_of(spec, system.settings());
        let Some(names) = faults.take(system.secrets_to_watch(spec)) else { continue };
        for name in &names {
            check_reference(name, place_of(spec, name), &secrets, faults);
        }
        spec.secrets = names;
        spec.stand_ins = faults.take(system.stand_ins(spec)).unwrap_or_default();
        for side in Side::BOTH {
            let name = faults.take(system.secret_to_beat(spec, side)).flatten();
            spec.secrets_to_beat[side.index()] = name;
        }
        for table in spec.sides.iter().flatten().chain([&spec.settings]) {
            for key in ["act", "beat"] {
                if let Some(Node { value: Value::Text(name), span }) = table.get(key) {
                    check_reference(name, *span, &secrets, faults);
                }
            }
        }
    }
}

/// The hosts that a system leads to, as its kind declares what is written.
fn hosts_of(spec: &SystemSpec, settings: &[SettingSpec]) -> Vec<String> {
    let tables = || spec.sides.iter().flatten().chain([&spec.settings]);
    let leading = settings.iter().filter(|setting| setting.is_host);
    let nodes = leading.flat_map(|setting| tables().filter_map(|table| table.get(setting.name)));
    let texts = nodes.flat_map(|node| {
        let one = std::slice::from_ref(node);
        if let Value::List(nodes) = &node.value { nodes.as_slice() } else { one }
    });
    let host = |node: &Node| {
        let Value::Text(text) = &node.value else { return None };
        Some(host_of(text).to_owned())
    };
    texts.filter_map(host).collect()
}

fn check_reference(name: &str, span: Span, secrets: &[&str], faults: &mut Faults) {
    if !secrets.contains(&name) {
        faults.add(span, unknown("a secret of this site", name, secrets.iter().copied()));
    }
}

/// Where a system's settings name a secret.
fn place_of(spec: &SystemSpec, name: &str) -> Span {
    spec.sides
        .iter()
        .flatten()
        .chain([&spec.settings])
        .find_map(|table| toml_tree::find_text(table, name))
        .unwrap_or(spec.span)
}
