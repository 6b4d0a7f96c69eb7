//! What Amazon charges for questions, and who is asked. Its list prices of us-east-1, as they were
//! at the beginning of 2026; other regions differ a little, and what an account has for nothing is
//! not taken off.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use super::place::Place;
use crate::systems::kit::paced;

/// A metric of a `GetMetricData`, which itself costs nothing.
pub const METRIC_USD: f64 = 0.01 / 1000.0;

/// Any other request to `CloudWatch`.
const CLOUDWATCH_USD: f64 = 0.01 / 1000.0;

/// A request to S3 that writes or lists.
const S3_WRITE_USD: f64 = 0.005 / 1000.0;

/// Any other request to S3.
const S3_READ_USD: f64 = 0.0004 / 1000.0;

/// Whoever is asked, and as whom.
#[derive(Debug, Clone)]
pub struct Payee {
    place: String,
    charges: bool,
}

impl Payee {
    /// Who is asked at a place as this user. Only Amazon is known to charge.
    pub fn of(at: &Place, user: &str) -> Self {
        let charges = at.stand_in().is_none();
        let beside = at.endpoint.as_ref().map_or_else(String::new, |url| format!(" at {url}"));
        Self { place: format!("{}{beside} as {user}", at.region), charges }
    }

    /// Counts a request that is sent there.
    pub fn count(&self, request: &HttpRequest) {
        let signed = request.headers().get("authorization").unwrap_or_default();
        let usd = usd(service_of(signed), request.method(), request.uri());
        paced::count(&self.place, self.charges.then_some(usd));
    }
}

/// The service that a request is signed for:
/// `AWS4-HMAC-SHA256 Credential=KEY/20261123/eu-central-1/s3/aws4_request, ...`.
fn service_of(signed: &str) -> &str {
    let scope = signed.split_once("/aws4_request").map_or("", |(scope, _)| scope);
    scope.rsplit('/').next().unwrap_or_default()
}

/// What a request costs. The other services that are watched answer for nothing.
fn usd(service: &str, method: &str, uri: &str) -> f64 {
    let lists = ["list-type=2", "x-id=ListBuckets"].iter().any(|sign| uri.contains(sign));
    match (service, method) {
        ("monitoring", _) if uri.ends_with("/GetMetricData") => 0.0,
        ("monitoring", _) => CLOUDWATCH_USD,
        ("s3", "DELETE") => 0.0,
        ("s3", "GET" | "HEAD") if !lists => S3_READ_USD,
        ("s3", _) => S3_WRITE_USD,
        (_, _) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_costs_what_its_service_takes_for_it() {
        let check = |service: &str, method: &str, uri: &str, want: f64| {
            let scope = format!("Credential=AKIA/x/20261123/eu-central-1/{service}/aws4_request");
            let signed = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0");
            assert_eq!(service_of(&signed), service);
            assert!((usd(service, method, uri) - want).abs() < 1e-12, "{service} {method} {uri}");
        };
        let operation = "https://monitoring/service/GraniteServiceVersion20100801/operation";
        check("monitoring", "POST", &format!("{operation}/GetMetricData"), 0.0);
        check("monitoring", "POST", &format!("{operation}/ListMetrics"), 1e-5);
        check("rds", "POST", "https://rds.eu-central-1.amazonaws.com/", 0.0);
        check("sts", "POST", "https://sts.eu-central-1.amazonaws.com/", 0.0);
        check("s3", "GET", "https://s3/b?list-type=2&prefix=x", 5e-6);
        check("s3", "GET", "https://s3/?x-id=ListBuckets", 5e-6);
        check("s3", "PUT", "https://s3/b/key", 5e-6);
        check("s3", "HEAD", "https://s3/b/key", 4e-7);
        check("s3", "GET", "https://s3/b?versioning", 4e-7);
        check("s3", "DELETE", "https://s3/b/key", 0.0);
        assert_eq!(service_of(""), "");
    }
}
