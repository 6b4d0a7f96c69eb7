//! Changes the rules of a bucket as it tells them: what they say beside goes back as it came, also
//! what only some stores know.

use std::sync::{Arc, Mutex};

use aws_sdk_s3::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::types::{ChecksumAlgorithm, ReplicationConfiguration};
use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use super::super::store::{Session, bucket_of};
use crate::systems::kit::aws::trouble::{code_of, of_sdk};
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// The end of the rules.
const END: &str = "</ReplicationConfiguration>";

/// What a rule of ours is called.
const OUR_RULE: &str = "warroom";

/// Keeps the text of an answer.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<String>>);

impl Intercept for Kept {
    fn name(&self) -> &'static str {
        "kept"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let bytes = context.response().body().bytes().unwrap_or_default();
        if let Ok(mut kept) = self.0.lock() {
            *kept = String::from_utf8_lossy(bytes).into_owned();
        }
        Ok(())
    }
}

/// The rules of a bucket as it writes them; none where it has none.
pub(super) async fn written(session: &Session) -> Result<Option<String>, Trouble> {
    let (kept, asked) = (Kept::default(), session.asked("s3:GetReplicationConfiguration"));
    let ask = session.client.get_bucket_replication().bucket(session.bucket());
    let ask = ask.set_expected_bucket_owner(session.owner());
    match Box::pin(ask.customize().interceptor(kept.clone()).send()).await {
        Ok(_) => Ok(kept.0.lock().ok().map(|text| text.clone()).filter(|text| text.contains(END))),
        Err(error) if code_of(&error) == Some("ReplicationConfigurationNotFoundError") => Ok(None),
        Err(error) => Err(of_sdk(&error, &asked)),
    }
}

/// Puts the rules of a bucket, as written.
pub(super) async fn put(session: &Session, xml: String) -> Result<(), Trouble> {
    let asked = session.asked("s3:PutReplicationConfiguration");
    // Only its shape is used: the text takes its place.
    let shape = ReplicationConfiguration::builder().role("").set_rules(Some(Vec::new())).build();
    let shape = shape.map_err(|error| Trouble::unsent(TroubleKind::Ours, error.to_string()))?;
    let sum = BASE64_STANDARD.encode(Sha256::digest(&xml));
    let put = session
        .client
        .put_bucket_replication()
        .bucket(session.bucket())
        .set_expected_bucket_owner(session.owner())
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .replication_configuration(shape)
        .customize()
        .mutate_request(move |request| {
            request.headers_mut().insert("content-length", xml.len().to_string());
            request.headers_mut().insert("x-amz-checksum-sha256", sum.clone());
            *request.body_mut() = SdkBody::from(xml.as_str());
        });
    Box::pin(put.send()).await.map(|_| ()).map_err(|error| of_sdk(&error, &asked))
}

/// The same rules with those that copy to `bucket` on or off; none where there is no such rule.
pub(super) fn switched(xml: &str, bucket: &str, on: bool) -> Option<String> {
    let (mut text, mut rest, mut is_any) = (String::new(), xml, false);
    while let Some((before, after)) = rest.split_once("<Rule>") {
        let (rule, after) = after.split_once("</Rule>")?;
        let to = element(rule, "Destination").and_then(|to| element(to, "Bucket"));
        let changed = if to.map(bucket_of) == Some(bucket) { own_status(rule, on) } else { None };
        is_any |= changed.is_some();
        text.push_str(before);
        text.extend(["<Rule>", changed.as_deref().unwrap_or(rule), "</Rule>"]);
        rest = after;
    }
    text.push_str(rest);
    is_any.then_some(text)
}

/// The text of the first element of a name.
fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let (_, after) = xml.split_once(&format!("<{name}>"))?;
    after.split_once(&format!("</{name}>")).map(|(inside, _)| inside)
}

/// A rule with its own status, which is none of those within its parts.
fn own_status(rule: &str, on: bool) -> Option<String> {
    const STATUS: &str = "<Status>";
    let word = if on { "Enabled" } else { "Disabled" };
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(found) = rule[at..].find('<') {
        let begin = at + found;
        let end = begin + rule[begin..].find('>')? + 1;
        let tag = &rule[begin..end];
        if depth == 0 && tag == STATUS {
            let close = end + rule[end..].find('<')?;
            return Some(format!("{}{word}{}", &rule[..end], &rule[close..]));
        }
        if tag.starts_with("</") {
            depth = depth.saturating_sub(1);
        } else if !tag.ends_with("/>") {
            depth += 1;
        }
        at = end;
    }
    None
}

/// The same rules with one more, that copies everything; `role` is whom the store acts as.
pub(super) fn added(xml: Option<&str>, destination: &str, role: &str) -> String {
    const OPEN: &str =
        "<ReplicationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    let rules = xml.unwrap_or_default();
    // No two rules may have the same one; the old form of a rule has none.
    let used = rules.split("<Priority>").skip(1).filter_map(|rest| {
        rest.split_once('<').and_then(|(number, _)| number.trim().parse::<u32>().ok())
    });
    let count = u32::try_from(rules.matches("<Rule>").count()).unwrap_or(u32::MAX);
    let priority = used.fold(count, u32::max).saturating_add(1);
    let [role, destination] = [role, destination].map(escaped);
    let rule = format!(
        "<Rule><ID>{OUR_RULE}-{priority}</ID><Priority>{priority}</Priority>\
         <Status>Enabled</Status><Filter><Prefix></Prefix></Filter>\
         <DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication>\
         <Destination><Bucket>{destination}</Bucket></Destination></Rule>"
    );
    match xml.and_then(|xml| xml.split_once(END)) {
        Some((before, after)) => format!("{before}{rule}{END}{after}"),
        None => format!("{OPEN}<Role>{role}</Role>{rule}{END}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `MinIO` answers, with an element that Amazon does not know.
    const MINIO: &str = "<ReplicationConfiguration><Rule><ID>x</ID>\
        <DeleteReplication><Status>Enabled</Status></DeleteReplication><Status>Enabled</Status>\
        <Destination><Bucket>arn:minio:replication::7:dst</Bucket></Destination></Rule>\
        <Rule><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::other</Bucket>\
        </Destination></Rule><Role></Role></ReplicationConfiguration>";

    #[test]
    fn only_the_status_of_the_meant_rules_changes() {
        let off = switched(MINIO, "dst", false).unwrap();
        let want = MINIO.replacen(
            "</DeleteReplication><Status>Enabled",
            "</DeleteReplication><Status>Disabled",
            1,
        );
        assert_eq!(off, want);
        assert_eq!(switched(&off, "dst", true).as_deref(), Some(MINIO));
        assert_eq!(switched(MINIO, "nowhere", false), None);
        for odd in ["", "<Rule>", "<Rule><Status", "<Rule></Rule>"] {
            assert_eq!(switched(odd, "dst", false), None, "{odd}");
        }
    }

    #[test]
    fn a_rule_is_added_beside_others() {
        let alone = added(None, "arn:aws:s3:::a&b", "arn:aws:iam::1:role/r");
        assert!(alone.contains("<Role>arn:aws:iam::1:role/r</Role><Rule><ID>warroom-1</ID>"));
        assert!(alone.contains("<Bucket>arn:aws:s3:::a&amp;b</Bucket>") && alone.ends_with(END));
        let third = added(Some(MINIO), "arn:aws:s3:::new", "");
        assert!(third.contains("<Priority>3</Priority>") && third.contains("arn:aws:s3:::other"));
        assert_eq!(third.matches(END).count(), 1);
        let ninth = MINIO.replacen("</Rule>", "<Priority>8</Priority></Rule>", 1);
        let next = added(Some(&ninth), "arn:aws:s3:::new", "");
        assert!(next.contains("<ID>warroom-9</ID><Priority>9</Priority>"), "{next}");
    }
}
