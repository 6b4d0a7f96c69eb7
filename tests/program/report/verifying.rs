//! A report survives its check, and one changed byte does not: of the report or of the journal.

use strum::VariantArray as _;
use warroom::app::record::Record;
use warroom::commands::report::format::Format;
use warroom::commands::report::page::Rendered;
use warroom::commands::report::render_all;
use warroom::commands::report::verify::{Fault, difference, sealed, verify};
use warroom::domain::run::event::Body;

use super::tale::{Chance, Tale, by_chance, given_up, golden, golden_plan, valid, whole};

fn render(source: &Record, format: Format) -> Rendered {
    render_all(source, format).expect("the tale is of this runbook")
}

fn sources() -> Vec<Record> {
    let kept = ["j1-complete", "j1-trouble", "j1-given-up"].map(|name| {
        let back = warroom::runtime::journal::read(&golden(name)).expect("a golden journal");
        Record { back, site: valid().0, plan: golden_plan() }
    });
    let chance = (0..40).map(|seed| by_chance(seed, valid()));
    let told = [whole(), given_up()].into_iter().chain(chance);
    told.map(|tale| tale.source()).chain(kept).collect()
}

#[test]
fn every_report_survives_its_check() {
    for source in sources() {
        let all = source.back.events.len();
        for &format in Format::VARIANTS {
            let report = render(&source, format);
            let done = verify(report.text.as_bytes(), &source).expect("as the journal tells");
            assert_eq!((done.entries, done.all), (all as u64, all as u64));
            assert!(done.claims > all, "{} claims", done.claims);
            assert!(sealed(report.text.as_bytes()).is_ok());
            // A report that was made before the run was over is true as of then.
            let early = warroom::commands::report::render(&source, all.div_ceil(2), format)
                .expect("half of it");
            let done = verify(early.text.as_bytes(), &source).expect("as the journal told then");
            assert_eq!(done.entries, all.div_ceil(2) as u64);
        }
    }
}

/// Three bytes that are not the one given: one bit, all bits, a digit.
fn others(byte: u8) -> [u8; 3] {
    [byte ^ 1, !byte, if byte == b'7' { b'3' } else { b'7' }]
}

#[test]
fn every_changed_byte_of_a_report_is_found() {
    for tale in [whole(), given_up()] {
        let source = tale.source();
        for &format in Format::VARIANTS {
            let report = render(&source, format);
            let mut file = report.text.clone().into_bytes();
            for at in 0..file.len() {
                let was = file[at];
                for other in others(was) {
                    file[at] = other;
                    assert!(file != report.text.as_bytes(), "{format:?} byte {at}");
                    if at % 97 == 0 {
                        let found = difference(&file, &report).expect("it differs");
                        let line = report.text.as_bytes()[..at].iter().filter(|b| **b == b'\n');
                        assert_eq!(found.line, line.count() + 1, "{format:?} byte {at}");
                    }
                }
                file[at] = was;
            }
        }
    }
}

/// The same through the door that the command uses, seal and journal, each byte once.
#[test]
fn no_changed_byte_passes_seal_or_check() {
    let source = whole().source();
    let report = render(&source, Format::Md);
    let mut file = report.text.into_bytes();
    let mut chance = Chance::new(7);
    for at in 0..file.len() {
        let was = file[at];
        file[at] = others(was)[usize::try_from(chance.below(3)).expect("small")];
        assert!(sealed(&file).is_err(), "byte {at} passes the seal");
        // Making the report again for each byte would prove nothing more than for some.
        if at % 53 == 0 {
            assert!(verify(&file, &source).is_err(), "byte {at} passes the check");
        }
        file[at] = was;
    }
    for end in (0..file.len()).step_by(41) {
        assert!(verify(&file[..end], &source).is_err(), "cut at {end}");
    }
    file.push(b'\n');
    assert!(verify(&file, &source).is_err() && sealed(&file).is_err(), "one byte more");
}

#[test]
fn every_changed_byte_of_the_journal_is_found() {
    let tale = whole();
    let segment = tale.segment("site", "runbook");
    let report = render(&tale.source(), Format::Json).text;
    for at in 0..segment.bytes.len() {
        let mut changed = segment.clone();
        changed.bytes[at] ^= 1 << (at % 8);
        let source = tale.read(&changed);
        assert!(verify(report.as_bytes(), &source).is_err(), "byte {at} passes");
    }
}

#[test]
fn a_lie_with_a_right_seal_is_found_and_named() {
    let tale = whole();
    let source = tale.source();
    let check = |format: Format, was: &str, lie: &str, id: &str, entries: &[u64]| {
        let report = render(&source, format).text;
        assert!(report.contains(was), "{was} in\n{report}");
        let mut file = report.replacen(was, lie, 1);
        reseal(&mut file);
        assert!(sealed(file.as_bytes()).is_ok(), "the liar sealed it well");
        match verify(file.as_bytes(), &source) {
            Err(Fault::Differs(found)) => {
                let claim = found.claim.clone().expect("a claim stands there");
                assert_eq!((claim.0.as_str(), claim.1.as_slice()), (id, entries), "{found}");
                assert_ne!(found.told, found.said, "{found}");
            }
            other => panic!("{other:?}"),
        }
    };
    check(Format::Md, "| 00:03:30 |", "| 00:03:20 |", "rto.core", &[3, 24]);
    check(Format::Md, "| at most 40s |", "| at most 10s |", "loss.pg.measured", &[25]);
    check(Format::Json, "\"value\":40.0", "\"value\":4.0", "loss.pg.measured", &[25]);
    check(Format::Html, ">at most 40s<", ">at most 4s<", "loss.pg.measured", &[25]);
    check(Format::Md, "good &lt;enough&gt;", "fully approved", "overrides.11.1", &[11]);
    check(
        Format::Html,
        "<b class=\"good\">MET",
        "<b class=\"good\">MIT",
        "card.rto.core",
        &[3, 24],
    );
}

/// What a person could do who knows how the seal is made.
fn reseal(file: &mut String) {
    let at = file.rfind(" sha256=").expect("a seal") + 8;
    file.replace_range(at..at + 64, &"0".repeat(64));
    let hash = warroom::runtime::journal::format::sha256(file.as_bytes()).hex();
    file.replace_range(at..at + 64, &hash);
}

#[test]
fn a_report_of_another_past_is_refused() {
    let tale = whole();
    let report = render(&tale.source(), Format::Html).text;
    let mut other: Tale = tale.clone();
    if let Body::LossMeasured { seconds, .. } = &mut other.events[24].body {
        *seconds = 1.0;
    }
    // The journal was written anew with a valid chain: the report does not fit it.
    assert!(verify(report.as_bytes(), &other.source()).is_err());
    let mut shorter = tale.clone();
    shorter.events.truncate(20);
    let fault = verify(report.as_bytes(), &shorter.source()).expect_err("entries lack");
    assert!(fault.to_string().contains("ends with entry #26, the journal with #20"), "{fault}");
    assert!(matches!(verify(b"# a note\n", &tale.source()), Err(Fault::NoSeal)));
    let newer = report.replace("warroom-report schema=1", "warroom-report schema=2");
    assert!(matches!(verify(newer.as_bytes(), &tale.source()), Err(Fault::Newer(2))));
}
