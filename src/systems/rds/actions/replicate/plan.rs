//! What is next on the way to a new replica, from what both regions tell: one thing at a time, so
//! that whoever comes later goes on from what is there.

use super::super::super::state::Instance;
use crate::domain::reading::{Role, Writes};
use crate::domain::setting::SettingSpec;
use crate::systems::kit::aws::arn::Arn;
use crate::systems::kit::aws::beside::Condition;
use crate::systems::kit::task::prelude::*;

const TAG: Setting<String> = Setting::new(
    "tag",
    Kind::Word,
    "What has the site's name by then is kept as `<instance>-old-<tag>`; another one each time, as \
     that name must be free",
)
.required()
.example("\"1\"");

const CLASS: Setting<String> =
    Setting::new("class", Kind::Word, "The replica's class; that of its source if absent");

const SUBNET_GROUP: Setting<String> = Setting::new(
    "subnet_group",
    Kind::Word,
    "The DB subnet group of its region; without one Amazon's default network",
);

const SECURITY_GROUPS: Setting<Vec<String>> = Setting::new(
    "security_groups",
    Kind::Texts(16),
    "Ids of the VPC security groups of its region; the default one of its network if absent",
);

const PARAMETER_GROUP: Setting<String> = Setting::new(
    "parameter_group",
    Kind::Word,
    "The DB parameter group of its region, which Amazon takes here for MySQL, Oracle and Db2 only; \
     others get the default one, to be changed by a person",
);

const KMS_KEY: Setting<String> = Setting::new(
    "kms_key",
    Kind::Word,
    "The key of its region that encrypts it: needed where the source is encrypted",
);

const MULTI_AZ: Setting<bool> = Setting::new(
    "multi_az",
    Kind::Boolean,
    "True where a second zone is to take over by itself, as soon as it is promoted",
)
.or("false");

/// What may be written in `with`.
pub(super) const SETTINGS: &[SettingSpec] = &[
    TAG.spec,
    CLASS.spec,
    SUBNET_GROUP.spec,
    SECURITY_GROUPS.spec,
    PARAMETER_GROUP.spec,
    KMS_KEY.spec,
    MULTI_AZ.spec,
];

/// The longest identifier of an instance.
const NAME_CHARS_MAX: usize = 63;

/// Engines for which Amazon takes a parameter group when it makes a replica in another region.
const TAKE_PARAMETERS: [&str; 3] = ["mysql", "oracle", "db2"];

/// How the replica is to be.
pub struct Wanted {
    tag: String,
    pub(super) class: Option<String>,
    pub(super) subnet_group: Option<String>,
    pub(super) security_groups: Option<Vec<String>>,
    pub(super) parameter_group: Option<String>,
    pub(super) kms_key: Option<String>,
    pub(super) multi_az: bool,
}

impl Wanted {
    /// Reads it.
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Fault> {
        let tag = TAG.get(fields)?;
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let parts_are_there = tag.split('-').all(|part| !part.is_empty());
        if !parts_are_there || !tag.chars().all(is_plain) {
            let why = "must be of small letters, digits and single hyphens between them";
            return Err(fields.refuse(TAG.spec.name, why));
        }
        Ok(Self {
            tag,
            class: CLASS.of(fields)?,
            subnet_group: SUBNET_GROUP.of(fields)?,
            security_groups: SECURITY_GROUPS.of(fields)?,
            parameter_group: PARAMETER_GROUP.of(fields)?,
            kms_key: KMS_KEY.of(fields)?,
            multi_az: MULTI_AZ.get(fields)?,
        })
    }

    /// The name under which what has the site's name by then is kept.
    pub(super) fn kept_as(&self, instance: &str) -> String {
        format!("{}-old-{}", instance.to_lowercase(), self.tag)
    }

    /// Why that is no name for an instance.
    pub(super) fn too_long(&self, instance: &str) -> Option<String> {
        let name = self.kept_as(instance);
        let words = format!("`{name}` is longer than {NAME_CHARS_MAX} characters");
        (name.len() > NAME_CHARS_MAX).then(|| format!("{words}: write a shorter `tag`"))
    }
}

/// What both regions tell, of the names that the step goes by.
pub(super) struct Scene {
    /// What has the site's name.
    pub(super) own: Option<Instance>,
    /// What has the name under which the old one is kept.
    pub(super) kept: Option<Instance>,
    /// The instance of the other side.
    pub(super) source: Result<Instance, Trouble>,
}

/// What is next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// It is so.
    Nothing(String),
    /// Amazon is at work.
    Wait(String),
    /// What has the site's name gets another one.
    Rename,
    /// The site's name is free: a replica of this one is made under it.
    Create(String),
    /// Why it is not meant now.
    Never(String),
    /// Why nobody knows.
    Unknown(String),
}

/// What is wanted, and what it is called.
pub(super) struct Plan<'a> {
    /// How the replica is to be.
    pub(super) with: &'a Wanted,
    /// `database in Region A`.
    pub(super) name: &'a str,
    /// `Region B`.
    pub(super) from: &'a str,
    /// The instance's identifier, as the site says.
    pub(super) instance: &'a str,
    /// Where that is: `us-east-1`.
    pub(super) region: &'a str,
    /// True when nothing is meant beside an old instance that takes writes.
    pub(super) alone: bool,
}

impl Plan<'_> {
    /// The name under which the old one is kept.
    pub(super) fn kept_as(&self) -> String {
        self.with.kept_as(self.instance)
    }

    /// What is next as things stand.
    pub(super) fn next(&self, scene: &Scene) -> Next {
        let source = match &scene.source {
            Ok(source) => source,
            Err(why) => return Next::Unknown(format!("nobody knows what would be copied: {why}")),
        };
        match &scene.own {
            Some(own) if own.copies(source) => self.following(own),
            own => {
                let why = self.against(source).or_else(|| {
                    own.as_ref().and_then(|own| self.against_renaming(own, scene.kept.as_ref()))
                });
                match (why, own) {
                    (Some(why), _) => Next::Never(why),
                    (None, Some(own)) if own.renamed_to.is_some() || own.status == "renaming" => {
                        Next::Wait(format!("{} is being renamed to {}", self.name, self.kept_as()))
                    }
                    (None, Some(_)) => Next::Rename,
                    (None, None) => Next::Create(self.source_of(source)),
                }
            }
        }
    }

    /// A replica of the source by now: whether it works already.
    fn following(&self, own: &Instance) -> Next {
        let (name, from, status) = (self.name, self.from, &own.status);
        let flows: Vec<&str> = own.links.iter().map(|link| link.status.as_str()).collect();
        let words = match flows.join(", ") {
            none if none.is_empty() => format!("{name} is a replica of {from}, {status}"),
            flows => format!("{name} is a replica of {from}, {status}, {flows}"),
        };
        if own.condition() == Condition::Gone || flows.contains(&"terminated") {
            return Next::Never(format!("{words}: delete or rename it by hand, and begin again"));
        }
        let replicates = flows.contains(&"replicating") && own.broken().is_none();
        if status == "available" && replicates { Next::Nothing(words) } else { Next::Wait(words) }
    }

    /// Why the source cannot be copied as it is.
    fn against(&self, source: &Instance) -> Option<String> {
        let from = self.from;
        let engine = |name: &&str| source.version.starts_with(*name);
        if source.role() != Role::Primary || source.writes() != Writes::Open {
            let status = &source.status;
            return Some(format!("{from} is no primary that serves ({status}): none is to follow"));
        }
        if source.retention_days == 0 {
            return Some(format!(
                "{from} keeps no automated backups, and Amazon copies only what has them: let it \
                 keep them for a day at least"
            ));
        }
        match (&self.with.kms_key, source.encrypted) {
            (None, true) => {
                Some(format!("{from} is encrypted: write `kms_key`, a key of the replica's region"))
            }
            (Some(_), false) => Some(format!(
                "`kms_key` is written, and {from} is not encrypted: Amazon encrypts no copy of it"
            )),
            (Some(_), true) | (None, false)
                if self.with.parameter_group.is_some() && !TAKE_PARAMETERS.iter().any(engine) =>
            {
                let version = &source.version;
                Some(format!("Amazon takes no `parameter_group` for a replica of {version}"))
            }
            (Some(_), true) | (None, false) => None,
        }
    }

    /// Why what has the site's name is not renamed as things stand.
    fn against_renaming(&self, own: &Instance, kept: Option<&Instance>) -> Option<String> {
        let (name, kept_as, status) = (self.name, self.kept_as(), &own.status);
        match &own.renamed_to {
            Some(to) if *to == kept_as => return None,
            Some(to) => return Some(format!("{name} is being renamed to {to} by somebody else")),
            None if status == "renaming" => return None,
            None => {}
        }
        if kept.is_some() {
            return Some(format!("there is an instance {kept_as} already: write another `tag`"));
        }
        if self.alone && own.writes() != Writes::Refused {
            let words = "is not proven closed by now, so nothing was done: fence it first";
            return Some(format!("{name} {words}"));
        }
        let words = "Amazon renames only what is available: wait, start it, or rename it by hand";
        (status != "available").then(|| format!("{name} is {status}, and {words}"))
    }

    /// The source as Amazon wants it named: by its ARN from another region, by its name from its
    /// own.
    pub(super) fn source_of(&self, source: &Instance) -> String {
        match Arn::of(&source.arn) {
            Some(arn) if arn.region == self.region => arn.last().to_owned(),
            Some(_) | None => source.arn.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::state::Flow;
    use super::*;
    use crate::systems::kit::testing::table;

    const B_ARN: &str = "arn:aws:rds:us-west-2:1:db:lms-b";

    fn wanted(text: &str) -> Result<Wanted, Fault> {
        Wanted::read(&Fields::new(&table(text), "rds.replicate"))
    }

    fn instance(status: &str) -> Instance {
        Instance {
            arn: "arn:aws:rds:us-east-1:1:db:lms-a".to_owned(),
            status: status.to_owned(),
            version: "postgres 16.4".to_owned(),
            ..Instance::default()
        }
    }

    fn source() -> Instance {
        Instance { arn: B_ARN.to_owned(), retention_days: 7, ..instance("available") }
    }

    /// A replica of the source, whose replication says so.
    fn replica(status: &str, flow: Option<(bool, &str)>) -> Instance {
        let flow = flow.map(|(is_normal, status)| Flow {
            is_normal,
            status: status.to_owned(),
            message: "".into(),
        });
        let links = flow.into_iter().collect();
        Instance { source: Some(B_ARN.to_owned()), links, ..instance(status) }
    }

    fn next(scene: &Scene, with: &str, alone: bool) -> String {
        let with = wanted(with).unwrap_or_else(|fault| panic!("{fault}"));
        let plan = Plan {
            with: &with,
            name: "db in A",
            from: "B",
            instance: "lms-a",
            region: "us-east-1",
            alone,
        };
        format!("{:?}", plan.next(scene))
    }

    #[test]
    fn one_thing_is_next_at_a_time_and_nothing_twice() {
        let check = |own: Option<Instance>, kept: Option<Instance>, want: &str| {
            let scene = Scene { own, kept, source: Ok(source()) };
            let found = next(&scene, "tag = '1'", false);
            assert!(found.contains(want), "{found} / {want}");
        };
        let old = || Some(instance("available"));
        check(old(), None, "Rename");
        // Half done: the name is free, whoever freed it.
        check(None, old(), &format!("Create(\"{B_ARN}\")"));
        check(None, None, &format!("Create(\"{B_ARN}\")"));
        let renaming =
            Instance { renamed_to: Some("lms-a-old-1".to_owned()), ..instance("renaming") };
        check(Some(renaming), None, "Wait(\"db in A is being renamed to lms-a-old-1");
        let another = Instance { renamed_to: Some("mine".to_owned()), ..instance("available") };
        check(Some(another), None, "Never(\"db in A is being renamed to mine by somebody else");
        check(
            old(),
            old(),
            "Never(\"there is an instance lms-a-old-1 already: write another `tag`",
        );
        check(
            Some(instance("stopped")),
            None,
            "Never(\"db in A is stopped, and Amazon renames only",
        );
        // What follows by now is waited for until it replicates, and never made again.
        let follows = |status: &str, flow| Some(replica(status, flow));
        let good = Some((true, "replicating"));
        check(follows("creating", None), old(), "Wait(\"db in A is a replica of B, creating");
        check(follows("available", None), old(), "Wait(");
        check(follows("modifying", good), old(), "Wait(");
        check(
            follows("available", good),
            old(),
            "Nothing(\"db in A is a replica of B, available, repl",
        );
        check(follows("available", Some((false, "error"))), old(), "Wait(");
        check(follows("available", Some((false, "terminated"))), old(), "Never(");
        check(
            follows("failed", None),
            old(),
            "Never(\"db in A is a replica of B, failed: delete or",
        );
    }

    #[test]
    fn what_amazon_would_not_copy_is_refused_before_anything_is_renamed() {
        let check = |source: Result<Instance, Trouble>, with: &str, alone: bool, want: &str| {
            let scene = Scene { own: Some(instance("available")), kept: None, source };
            let found = next(&scene, &format!("tag = '1'\n{with}"), alone);
            assert!(found.contains(want), "{found} / {want}");
        };
        let silent = Trouble::new(TroubleKind::Timeout, "B did not answer");
        check(Err(silent), "", false, "Unknown(\"nobody knows what would be copied: B did not");
        let other = |status: &str| Ok(Instance { status: status.to_owned(), ..source() });
        check(other("rebooting"), "", false, "Never(\"B is no primary that serves (rebooting)");
        let copies = Instance { source: Some("lms-c".to_owned()), ..source() };
        check(Ok(copies), "", false, "Never(\"B is no primary that serves");
        let bare = Instance { retention_days: 0, ..source() };
        check(Ok(bare), "", false, "Never(\"B keeps no automated backups");
        let encrypted = || Ok(Instance { encrypted: true, ..source() });
        check(encrypted(), "", false, "Never(\"B is encrypted: write `kms_key`");
        check(encrypted(), "kms_key = 'k'", false, "Rename");
        check(Ok(source()), "kms_key = 'k'", false, "Never(\"`kms_key` is written, and B is not");
        check(
            Ok(source()),
            "parameter_group = 'p'",
            false,
            "Never(\"Amazon takes no `parameter_gr",
        );
        let oracle = Instance { version: "oracle-ee 19".to_owned(), ..source() };
        check(Ok(oracle), "parameter_group = 'p'", false, "Rename");
        // Nothing is meant beside an old one that takes writes.
        check(Ok(source()), "", true, "Never(\"db in A is not proven closed by now");
    }

    #[test]
    fn a_source_of_the_same_region_is_named_without_it() {
        let here = "arn:aws:rds:us-east-1:1:db:lms-b".to_owned();
        let scene = Scene { own: None, kept: None, source: Ok(Instance { arn: here, ..source() }) };
        assert_eq!(next(&scene, "tag = '1'", false), "Create(\"lms-b\")");
    }

    #[test]
    fn a_tag_is_part_of_a_name() {
        let check = |tag: &str, want: Option<&str>| {
            let found = wanted(&format!("tag = '{tag}'"));
            let why = match &found {
                Ok(with) => with.too_long("lms-a"),
                Err(fault) => Some(fault.message.clone()),
            };
            match (&why, want) {
                (None, None) => {}
                (Some(why), Some(want)) => assert!(why.contains(want), "{why}"),
                (why, want) => panic!("{tag}: {why:?} {want:?}"),
            }
        };
        check("1", None);
        check("2026-11-23", None);
        check("A", Some("must be of small letters"));
        check("a--b", Some("must be of small letters"));
        check("-a", Some("must be of small letters"));
        check(&"x".repeat(60), Some("is longer than 63 characters: write a shorter `tag`"));
    }
}
