//! Whoever does the pieces of an examination, and in whatever order: the verdict is the same, to the last word. And records
//! are judged line by line as if they had never been cut.

use proptest::prelude::*;

use super::{
    judged_tests::{BIG, made},
    tamper_tests::*,
    tests::*,
    *,
};

/// Does the last piece first.
struct Backwards;

impl Hands for Backwards {
    fn each<T: Send>(&self, pieces: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let mut done: Vec<T> = (0..pieces).rev().map(work).collect();
        done.reverse();
        done
    }
}

#[test]
fn a_verdict_does_not_depend_on_who_does_which_piece_when() {
    for (contents, trust) in [(logged().0, logged().2), made(&BIG), keys_tests::changed()] {
        let file = written(contents);
        let same = |file: &[u8]| {
            let verdict = verify(file, &trust);
            assert_eq!(verify_by(file, &trust, &Backwards), verdict);
            verdict
        };
        assert!(same(&file).is_intact());
        for at in (0..file.len()).step_by(17) {
            let mut changed = file.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(!same(&changed).is_intact(), "byte {at}");
            assert!(!same(&file[..at]).is_intact(), "cut off at {at}");
        }
    }
}

/// The same bundle with other records, signed anew by the office.
fn with_records(file: &[u8], text: &str) -> Vec<u8> {
    resigned(file, |statement, frames| {
        let count = text.lines().count() as u64 - 1;
        statement.records = BundleRecords { count, length: text.len() as u32, digest: Digest::of(text.as_bytes()) };
        let own = frames.iter_mut().find(|(kind, _)| *kind == FrameKind::Records).unwrap();
        own.1 = text.as_bytes().to_vec();
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A line stands if it is one that was exported and comes after all that stand or do not stand before it.
    #[test]
    fn records_in_any_order_and_number_are_judged_as_one_run_of_lines(
        drawn in prop::collection::vec((0usize..12, 0u8..8), 0..150),
    ) {
        let (contents, _, trust) = logged();
        let file = written(contents);
        let table = records_of(&file).unwrap();
        let lines: Vec<&str> = table.split_inclusive('\n').collect();
        let (mut text, mut wrong, mut newest) = (lines[0].to_owned(), Vec::new(), None);
        for (which, how) in drawn {
            let which = which % (lines.len() - 1);
            let line = match how {
                0 => lines[which + 1].replace("成功", "中断"),
                1 => "谁,也,不是\n".into(),
                _ => lines[which + 1].to_owned(),
            };
            let claims = (how != 1).then_some(which);
            if line != lines[which + 1] || newest >= claims {
                wrong.push(line.trim_end().to_owned());
            }
            newest = newest.max(claims);
            text.push_str(&line);
        }
        let found = verify(&with_records(&file, &text), &trust).findings;
        let named: Vec<String> = found.iter().filter(|f| f.fault == Fault::Record).filter_map(|f| f.record.clone()).collect();
        prop_assert_eq!(named, wrong);
    }
}
