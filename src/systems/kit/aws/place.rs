//! Where an Amazon service of one side is and as whom it is asked: what the site says of that, the
//! same for all kinds of them.

use std::path::PathBuf;

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use url::Url;

use super::{Access, By, PeerClock, caller, configure};
use crate::domain::setting::{Kind, Setting};
use crate::domain::settings::{Fault, Fields};
use crate::systems::kit::endpoint::{self, CA, Endpoint};
use crate::systems::kit::server::{Server, Target};
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// The region.
pub const REGION: Setting<String> =
    Setting::new("region", Kind::Word, "Its region, such as `eu-central-1`").required();

/// An address other than Amazon's own.
pub const ENDPOINT: Setting<String> = Setting::new(
    "endpoint",
    Kind::Word,
    "URL of a service that is not Amazon's own for that region; the reading says that one is used",
)
.leads_to_hosts()
.example_each("\"http://127.0.0.1:9\"");

/// How the names of Amazon's own addresses end.
const AMAZONS: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];

/// The secret for watching.
pub const READ: Setting<String> = endpoint::READ.doc(
    "The secret for watching: the access key's id as user and its secret as password, or a profile \
     of this machine as user and no password (it may assume a role or be logged in by SSO); \
     without one the machine's own credentials",
);

/// The role.
pub const ROLE: Setting<String> =
    Setting::new("role", Kind::Word, "ARN of the role to act as, with the secret's credentials");

/// Whose it is.
pub const ACCOUNT: Setting<String> = Setting::new(
    "account",
    Kind::Word,
    "The account that the credentials and what is asked for must belong to; nothing is asked \
     elsewhere",
);

/// Whether the machine may be asked who it is.
pub const INSTANCE_ROLE: Setting<bool> = Setting::new(
    "instance_role",
    Kind::Boolean,
    "True where credentials may come from the cloud's metadata service, without a secret",
)
.or("false");

/// Where a side is, as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The region, as requests are signed for it.
    pub region: String,
    /// The address, where it is not Amazon's own for that region.
    pub endpoint: Option<String>,
    /// The role to act as.
    pub role: Option<String>,
    /// The account that it must be.
    pub account: Option<String>,
    /// True where the machine may get its credentials from the metadata service of its cloud.
    pub instance_role: bool,
    /// The file of the authorities to trust.
    pub ca: Option<PathBuf>,
}

impl Place {
    /// Reads it.
    ///
    /// # Errors
    /// When a part is missing or wrong.
    pub fn read(fields: &Fields<'_>) -> Result<Self, Fault> {
        Ok(Self {
            region: REGION.get(fields)?,
            endpoint: ENDPOINT.of(fields)?,
            role: ROLE.of(fields)?,
            account: ACCOUNT.of(fields)?,
            instance_role: INSTANCE_ROLE.get(fields)?,
            ca: CA.of(fields)?,
        })
    }

    /// Where requests go: to its `endpoint`, else where Amazon serves `service` in its region.
    ///
    /// # Errors
    /// When that is not written, or wrong.
    pub fn endpoint(fields: &Fields<'_>, service: &str) -> Result<Endpoint, Fault> {
        let Some(written) = ENDPOINT.of(fields)? else {
            let host = format!("{service}.{}.amazonaws.com", REGION.get(fields)?);
            return Ok(Endpoint { host, port: 443 });
        };
        let why = "must be `http://` or `https://`, a host and maybe a port, and nothing more";
        let refuse = || fields.refuse("endpoint", why);
        let url = Url::parse(&written).map_err(|_| refuse())?;
        let is_plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        let host = url.host_str().filter(|host| is_plain && !host.is_empty()).ok_or_else(refuse)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Endpoint { host, port: url.port_or_known_default().ok_or_else(refuse)? })
    }

    /// True where what is said to it is encrypted.
    pub fn speaks_tls(&self) -> bool {
        self.endpoint.as_ref().is_none_or(|url| !url.starts_with("http://"))
    }

    /// The address where it is none of Amazon's own: those are known by their names, which only the
    /// authorities that everybody trusts vouch for.
    pub fn stand_in(&self) -> Option<&str> {
        let written = self.endpoint.as_deref()?;
        let url = Url::parse(written).ok();
        let host = url.as_ref().filter(|url| url.scheme() == "https").and_then(Url::host_str);
        let named = host.is_some_and(|host| AMAZONS.iter().any(|end| host.ends_with(end)));
        (!named || self.ca.is_some()).then_some(written)
    }

    /// The region, or the address that stands in for it: nobody takes a rehearsal for the real one.
    pub fn words(&self, endpoint: &Endpoint) -> String {
        if self.endpoint.is_some() { endpoint.place() } else { self.region.clone() }
    }
}

/// What clients of a side are made from, as one user.
#[derive(Debug, Clone)]
pub struct Opened {
    /// For all its services.
    pub config: SdkConfig,
    /// The services' clock.
    pub clock: PeerClock,
    /// Credentials that may end and that nothing here renews.
    pub lasting: Option<SharedCredentialsProvider>,
}

/// Prepares the clients of a side. Nothing is asked but whose the credentials are, where the site
/// says whose they must be.
///
/// # Errors
/// When there is nobody to ask as, or it is somebody else than the site says.
pub async fn open<S: Server>(target: &Target<S>, at: &Place) -> Result<Opened, Trouble> {
    let (place, user) = (&target.place, &target.user);
    let named = target.user_is_named.then_some(user.as_str());
    let by = By::of(place, named, target.secret.as_ref())?;
    let opened = Box::pin(configure(&Access { at, by })).await?;
    if let Some(expected) = &at.account {
        let met = Box::pin(caller(&opened.config, place, user)).await?.account;
        if met != *expected {
            let words = format!(
                "user {user} of {place} is of account {met}, and the site says {expected}: correct \
                 the secret or `account`; nothing else was asked"
            );
            return Err(Trouble::unsent(TroubleKind::Ours, words));
        }
    }
    Ok(opened)
}

/// Refuses to act as somebody of another account than what is acted on.
///
/// # Errors
/// When it is so, or cannot be told.
pub async fn check_caller<S: Server>(
    config: &SdkConfig,
    target: &Target<S>,
    account: &str,
) -> Result<(), Trouble> {
    let met = caller(config, &target.place, &target.user).await?;
    if met.account == account {
        return Ok(());
    }
    let words = format!(
        "{} acts for account {}, and {} is of {account}: correct the secret or the `role`",
        met.arn, met.account, target.place
    );
    Err(Trouble::unsent(TroubleKind::Ours, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_amazons_own_addresses_stand_in_for_nobody() {
        let check = |endpoint: Option<&str>, ca: Option<&str>, is_one: bool| {
            let place = Place {
                region: "eu-central-1".to_owned(),
                endpoint: endpoint.map(str::to_owned),
                role: None,
                account: None,
                instance_role: false,
                ca: ca.map(PathBuf::from),
            };
            assert_eq!(place.stand_in(), endpoint.filter(|_| is_one), "{endpoint:?} {ca:?}");
        };
        let private = "https://vpce-0a1-x.rds.eu-central-1.vpce.amazonaws.com";
        check(None, None, false);
        check(Some(private), None, false);
        check(Some("https://rds.eu-central-1.api.aws"), None, false);
        // Anybody can be called so who is not asked for a certificate, or for one of his own.
        check(Some("http://rds.eu-central-1.amazonaws.com"), None, true);
        check(Some(private), Some("own.pem"), true);
        check(Some("https://rds.amazonaws.com.example.org"), None, true);
        check(Some("https://fakeamazonaws.com"), None, true);
        check(Some("http://127.0.0.1:4566"), None, true);
    }
}
