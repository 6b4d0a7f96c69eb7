//! Until when the certificate of an HTTPS peer is good.

use std::time::Duration;

use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;

/// When a certificate ends, in seconds since 1970; none when it is not understood.
pub fn not_after(certificate: &[u8]) -> Option<i64> {
    // Raw: a serial number that the standard forbids says nothing of how long it is good.
    let certificate = CertificateInner::<Raw>::from_der(certificate).ok()?;
    let end = certificate.tbs_certificate.validity.not_after.to_unix_duration();
    i64::try_from(end.as_secs()).ok()
}

/// The time from `now_s` until `end_s`, zero when it is past.
pub fn left(end_s: i64, now_s: i64) -> Duration {
    Duration::from_secs(end_s.saturating_sub(now_s).max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_certificate_is_read() {
        let check = |year: i32, want: i64| {
            let mut params = rcgen::CertificateParams::new(vec!["x.test".to_owned()]).expect("ok");
            params.not_after = rcgen::date_time_ymd(year, 11, 20);
            let key = rcgen::KeyPair::generate().expect("a key");
            let certificate = params.self_signed(&key).expect("a certificate");
            assert_eq!(not_after(certificate.der()), Some(want));
            for cut in 0..certificate.der().len() {
                let _ = not_after(&certificate.der()[..cut]);
            }
        };
        check(2026, 1_795_132_800);
        check(2060, 2_868_134_400);
        assert_eq!(not_after(b"\x30\x84\xff\xff\xff\xff"), None);
        assert_eq!(left(100, 40), Duration::from_secs(60));
        assert_eq!(left(100, 140), Duration::ZERO);
    }
}
