//! Whether an answer in XML is whole. Readers of XML take what there is and want no end: what is
//! missing of an answer that somebody in between cut short would seem not to be there at all.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, Limited};

/// An answer has no end.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("it ends in the middle")]
struct CutShort;

/// True for an answer that says that it is XML.
pub fn is_xml(answer: &HttpResponse) -> bool {
    let kind = answer.headers().get("content-type").unwrap_or_default();
    kind.starts_with("text/xml") || kind.starts_with("application/xml")
}

/// Reads an answer to its end.
///
/// # Errors
/// When it has none.
pub async fn read(body: Limited<SdkBody>) -> Result<SdkBody, ConnectorError> {
    let bytes = body.collect().await.map_err(ConnectorError::io)?.to_bytes();
    if is_whole(&bytes) {
        return Ok(SdkBody::from(bytes));
    }
    Err(ConnectorError::other(CutShort.into(), None))
}

/// Whether the element that it begins with is ended last; true also where that cannot be told.
fn is_whole(xml: &[u8]) -> bool {
    let xml = xml.trim_ascii();
    let begins = |text: &[u8]| xml.starts_with(text);
    let root = if begins(b"<?") {
        let Some(end) = xml.windows(2).position(|two| two == b"?>") else { return false };
        xml[end + 2..].trim_ascii_start()
    } else {
        xml
    };
    let Some(name) = root.strip_prefix(b"<") else { return !begins(b"<") };
    if name.starts_with(b"!") {
        return true;
    }
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
    let Some(length) = name.iter().position(ends) else { return false };
    let (name, rest) = name.split_at(length);
    let is_closed = rest.iter().position(|byte| *byte == b'>') == Some(rest.len() - 1);
    if is_closed && rest.ends_with(b"/>") {
        return true;
    }
    let end = xml.strip_suffix(b">").and_then(|xml| xml.trim_ascii_end().strip_suffix(name));
    end.is_some_and(|xml| xml.ends_with(b"</"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_first_element_ends_last() {
        let check = |xml: &str, want: bool| assert_eq!(is_whole(xml.as_bytes()), want, "{xml}");
        let whole = "<?xml version=\"1.0\"?>\n<A xmlns=\"x/\"><B>1</B><C/></A>\n";
        check(whole, true);
        for end in 1..whole.len() - 2 {
            check(&whole[..end], false);
        }
        check("<A/>", true);
        check("<A b=\"1\" />", true);
        check("<A><B/></A>", true);
        check("<A><B/>", false);
        check("<AB><A></A>", false);
        // Nothing, and what is no XML, is for others to judge.
        check("", true);
        check("OK", true);
        check("<!DOCTYPE html><p>", true);
    }
}
