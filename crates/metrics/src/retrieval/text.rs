//! Runs and judgements as text: TREC's columns, and the tables of BEIR.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::io::{BufRead, Read as _};
use std::str::FromStr;

use super::{AspectJudgements, Judgements, Ranked, Run};
use crate::Error;

/// Longest line; ids are short, and a file without line ends must not fill the memory.
const LONGEST: usize = 65_536;

const HEADER: [&str; 3] = ["query-id", "corpus-id", "score"];

const RUN: &str = "query, `Q0`, document, rank, score and name of the run";
const GRADES: &str = "query, 0, document and grade";
const ASPECTS: &str = "query, aspect, document and grade";
const TABLE: &str = "query, document and grade, with tabs between them";

/// Calls `each` with the number, from 1, and the text of every line that is not blank.
fn lines(
    mut reader: impl BufRead,
    mut each: impl FnMut(usize, &str) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let read = reader
            .by_ref()
            .take(LONGEST as u64 + 1)
            .read_until(b'\n', &mut bytes);
        let read = read.map_err(|error| Error::Unreadable {
            line,
            why: error.to_string(),
        })?;
        if read == 0 {
            break;
        }
        if read > LONGEST {
            return Err(Error::LongLine {
                line,
                longest: LONGEST,
            });
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| Error::NotText { line })?;
        let text = if line == 1 {
            text.strip_prefix('\u{feff}').unwrap_or(text)
        } else {
            text
        };
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if !text.trim().is_empty() {
            each(line, text)?;
        }
    }
    Ok(())
}

/// The columns of a line.
fn columns<'a, const N: usize>(
    line: usize,
    columns: impl Iterator<Item = &'a str>,
    shape: &'static str,
) -> Result<[&'a str; N], Error> {
    let columns: Vec<&str> = columns.collect();
    let has = columns.len();
    columns.try_into().map_err(|_| Error::Columns {
        line,
        has,
        needed: N,
        shape,
    })
}

fn grade(line: usize, text: &str) -> Result<i32, Error> {
    text.parse().map_err(|_| Error::NotANumber {
        line,
        what: "grade",
        needed: "a whole number such as 0, 1 or 2",
        text: text.to_owned(),
    })
}

/// An id as it can stand in a column.
fn writable<'a>(what: &'static str, id: &'a str, is_fine: impl Fn(char) -> bool) -> Result<&'a str, Error> {
    if id.is_empty() || id.starts_with('\u{feff}') || !id.chars().all(is_fine) {
        return Err(Error::Unwritable {
            what,
            id: id.to_owned(),
        });
    }
    Ok(id)
}

fn no_blank(sign: char) -> bool {
    !sign.is_ascii_control() && sign != ' '
}

impl Judgements {
    /// Reads judgements: TREC's lines of query, iteration, document and grade, or a table of BEIR, which begins with the
    /// line `query-id`, `corpus-id`, `score`.
    ///
    /// Blank lines are skipped, iterations are not looked at, and a grade may stand twice if it is the same.
    ///
    /// # Errors
    ///
    /// What is wrong, with the number of the line.
    pub fn read(reader: impl BufRead) -> Result<Self, Error> {
        let mut judgements = Self::new();
        let (mut first, mut table) = (true, false);
        lines(reader, |line, text| {
            if std::mem::take(&mut first) && text.split('\t').eq(HEADER) {
                table = true;
                return Ok(());
            }
            let [query, document, value] = if table {
                columns(line, text.split('\t'), TABLE)?
            } else {
                let [query, _, document, value] = columns(line, text.split_ascii_whitespace(), GRADES)?;
                [query, document, value]
            };
            if query.is_empty() || document.is_empty() {
                return Err(Error::EmptyId { line });
            }
            let now = grade(line, value.trim())?;
            match judgements.insert(query, document, now) {
                Some(before) if before != now => Err(Error::JudgedTwice {
                    line,
                    query: query.to_owned(),
                    document: document.to_owned(),
                    before,
                    now,
                }),
                _ => Ok(()),
            }
        })?;
        Ok(judgements)
    }

    /// TREC's lines, by query and document: `q1 0 d7 2`.
    ///
    /// # Errors
    ///
    /// If an id is empty or holds a blank.
    pub fn to_trec(&self) -> Result<String, Error> {
        let mut text = String::new();
        for (query, grades) in self.iter() {
            let query = writable("query", query, no_blank)?;
            for (document, grade) in grades {
                let document = writable("document", document, no_blank)?;
                let _ = writeln!(text, "{query} 0 {document} {grade}");
            }
        }
        Ok(text)
    }

    /// A table of BEIR, by query and document, with its header and with tabs.
    ///
    /// # Errors
    ///
    /// If an id is empty or holds a tab or another control character.
    pub fn to_beir(&self) -> Result<String, Error> {
        let is_fine = |sign: char| !sign.is_ascii_control();
        let mut text = HEADER.join("\t") + "\n";
        for (query, grades) in self.iter() {
            let query = writable("query", query, is_fine)?;
            for (document, grade) in grades {
                let document = writable("document", document, is_fine)?;
                let _ = writeln!(text, "{query}\t{document}\t{grade}");
            }
        }
        Ok(text)
    }
}

impl FromStr for Judgements {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::read(text.as_bytes())
    }
}

impl AspectJudgements {
    /// Reads lines of query, aspect, document and grade, as TREC's diversity tracks have them; a document tells of an aspect
    /// if the grade is above 0.
    pub fn read(reader: impl BufRead) -> Result<Self, Error> {
        let mut judgements = Self::new();
        lines(reader, |line, text| {
            let [query, aspect, document, value] = columns(line, text.split_ascii_whitespace(), ASPECTS)?;
            if grade(line, value)? > 0 {
                judgements.insert(query, document, aspect);
            }
            Ok(())
        })?;
        Ok(judgements)
    }

    /// Lines of query, aspect, document and 1, by query, document and aspect. Documents without an aspect are not in them.
    ///
    /// # Errors
    ///
    /// If an id is empty or holds a blank.
    pub fn to_trec(&self) -> Result<String, Error> {
        let mut text = String::new();
        for (query, documents) in self.iter() {
            let query = writable("query", query, no_blank)?;
            for (document, aspects) in documents {
                let document = writable("document", document, no_blank)?;
                for aspect in aspects {
                    let aspect = writable("aspect", aspect, no_blank)?;
                    let _ = writeln!(text, "{query} {aspect} {document} 1");
                }
            }
        }
        Ok(text)
    }
}

impl FromStr for AspectJudgements {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::read(text.as_bytes())
    }
}

impl Run {
    /// Reads TREC's lines of query, `Q0`, document, rank, score and name of the run.
    ///
    /// Blank lines are skipped; lists stand in the order of the lines. As in `trec_eval`, the second column and the rank
    /// are not looked at. The name is that of the first line.
    ///
    /// # Errors
    ///
    /// What is wrong, with the number of the line.
    pub fn read(reader: impl BufRead) -> Result<Self, Error> {
        let mut name = None;
        let mut queries: BTreeMap<String, (Vec<Ranked>, HashSet<String>)> = BTreeMap::new();
        lines(reader, |line, text| {
            let [query, _, document, _, score, run] = columns(line, text.split_ascii_whitespace(), RUN)?;
            name.get_or_insert_with(|| run.to_owned());
            let number = score.parse().ok().filter(|score: &f64| score.is_finite());
            let number = number.ok_or_else(|| Error::NotANumber {
                line,
                what: "score",
                needed: "a finite number",
                text: score.to_owned(),
            })?;
            let (list, seen) = queries.entry(query.to_owned()).or_default();
            if !seen.insert(document.to_owned()) {
                return Err(Error::RankedTwice {
                    query: query.to_owned(),
                    document: document.to_owned(),
                    place: format!("line {line}"),
                });
            }
            list.push(Ranked {
                document: document.to_owned(),
                score: number,
            });
            Ok(())
        })?;
        let mut run = Self::new(name.unwrap_or_default());
        for (query, (list, _)) in queries {
            run.insert(query, list)?;
        }
        Ok(run)
    }

    /// TREC's lines, by query, in the order given and with ranks from 1: `q1 Q0 d7 1 3.5 bm25`.
    ///
    /// Scores have all digits that they need. Other programs order by score: where scores do not fall in the order given,
    /// they see another ranking. A query with an empty list has no line.
    ///
    /// # Errors
    ///
    /// If an id or the name is empty or holds a blank.
    pub fn to_trec(&self) -> Result<String, Error> {
        let mut text = String::new();
        let name = writable("run", self.name(), no_blank)?;
        for (query, list) in self.iter() {
            let query = writable("query", query, no_blank)?;
            for (place, ranked) in list.iter().enumerate() {
                let document = writable("document", &ranked.document, no_blank)?;
                let _ = writeln!(
                    text,
                    "{query} Q0 {document} {} {:?} {name}",
                    place + 1,
                    ranked.score
                );
            }
        }
        Ok(text)
    }
}

impl FromStr for Run {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::read(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn judgements_of_trec_and_of_beir_are_told_apart() {
        let trec: Judgements = "\u{feff}q1 0 d1 2\r\n\nq1\t0\td2\t0\nq2 0 d1 -1".parse().unwrap();
        let beir: Judgements = "query-id\tcorpus-id\tscore\r\nq1\td1\t2\r\nq1\td2\t0\r\nq2\td1\t-1\r\n"
            .parse()
            .unwrap();
        assert_eq!(trec, beir);
        assert_eq!(trec.to_trec().unwrap(), "q1 0 d1 2\nq1 0 d2 0\nq2 0 d1 -1\n");
        assert_eq!(trec.len(), 3);
    }

    #[test]
    fn runs_keep_the_order_of_lines_and_the_name() {
        let run: Run = "q Q0 b 1 0.5 bm25\np Q0 c 1 -2e-3 bm25\nq Q0 a 2 7 bm25\n"
            .parse()
            .unwrap();
        assert_eq!(run.name(), "bm25");
        assert_eq!(
            run.to_trec().unwrap(),
            "p Q0 c 1 -0.002 bm25\nq Q0 b 1 0.5 bm25\nq Q0 a 2 7.0 bm25\n"
        );
    }

    #[test]
    fn aspects_with_grade_zero_are_not_told_of() {
        let aspects: AspectJudgements = "q law a 1\nq risk a 0\nq law b 2\n".parse().unwrap();
        assert_eq!(aspects.to_trec().unwrap(), "q law a 1\nq law b 1\n");
    }

    fn check<T: FromStr<Err = Error> + std::fmt::Debug>(text: &str, code: &str, line: usize) {
        let error = text.parse::<T>().unwrap_err();
        assert_eq!(error.code(), code, "{text:?}: {error}");
        assert!(error.to_string().contains(&format!("line {line}")), "{error}");
        assert!(error.hint().is_some(), "{error}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        check::<Judgements>("q 0 d 1\nq d 1", "metrics.columns", 2);
        check::<Judgements>("q 0 d 1.5", "metrics.not-a-number", 1);
        check::<Judgements>("q 0 d 1\n\nq 0 d 2", "metrics.judged-twice", 3);
        check::<Judgements>("query-id\tcorpus-id\tscore\nq d 1", "metrics.columns", 2);
        check::<Judgements>("query-id\tcorpus-id\tscore\nq\t\t1", "metrics.empty-id", 2);
        check::<Run>("q Q0 d 1 x run", "metrics.not-a-number", 1);
        check::<Run>("q Q0 d 1 NaN run", "metrics.not-a-number", 1);
        check::<Run>("q Q0 d 1 2 run\nq Q0 d 2 1 run", "metrics.ranked-twice", 2);
        check::<Run>("q Q0 d 1 2", "metrics.columns", 1);
        check::<AspectJudgements>("q law d", "metrics.columns", 1);
        check::<Run>(&format!("\n{}", "x".repeat(LONGEST + 1)), "metrics.long-line", 2);
        let error = Judgements::read(&b"q 0 d 1\nq 0 \xff 1"[..]).unwrap_err();
        assert_eq!(error, Error::NotText { line: 2 });
        let again: Judgements = "q 0 d 1\nq 0 d 1".parse().unwrap();
        assert_eq!(again.len(), 1);
    }

    #[test]
    fn ids_that_would_not_be_read_back_are_not_written() {
        let mut judgements = Judgements::new();
        judgements.insert("a query", "d", 1);
        assert_eq!(judgements.to_trec().unwrap_err().code(), "metrics.unwritable");
        assert_eq!(
            judgements.to_beir().unwrap().parse::<Judgements>().unwrap(),
            judgements
        );
        judgements.insert("a", "d\te", 1);
        assert_eq!(judgements.to_beir().unwrap_err().code(), "metrics.unwritable");
        assert_eq!(Run::new("").to_trec().unwrap_err().code(), "metrics.unwritable");
    }

    fn id() -> impl Strategy<Value = String> {
        "[^\\s\\p{C}]{1,6}"
    }

    proptest! {
        #[test]
        fn judgements_come_back_as_they_were_written(list in proptest::collection::vec((id(), id(), any::<i32>()), 0..20)) {
            let mut judgements = Judgements::new();
            for (query, document, grade) in list {
                judgements.insert(query, document, grade);
            }
            prop_assert_eq!(&judgements.to_trec().unwrap().parse::<Judgements>().unwrap(), &judgements);
            prop_assert_eq!(&judgements.to_beir().unwrap().parse::<Judgements>().unwrap(), &judgements);
        }

        #[test]
        fn judgements_with_blanks_come_back_from_tables(list in proptest::collection::vec(("\\PC{1,6}", "\\PC{1,6}", 0_i32..3), 0..20)) {
            let mut judgements = Judgements::new();
            for (query, document, grade) in list {
                judgements.insert(query, document, grade);
            }
            prop_assert_eq!(&judgements.to_beir().unwrap().parse::<Judgements>().unwrap(), &judgements);
        }

        #[test]
        fn runs_come_back_as_they_were_written(
            name in id(),
            lists in proptest::collection::btree_map(id(), proptest::collection::btree_map(id(), -1e300..1e300, 1..8), 0..6),
        ) {
            let mut run = Run::new(if lists.is_empty() { String::new() } else { name });
            for (query, list) in lists {
                let list = list.into_iter().map(|(document, score)| Ranked { document, score });
                run.insert(query, list.collect()).unwrap();
            }
            if run.is_empty() {
                prop_assert_eq!("".parse::<Run>().unwrap(), run);
            } else {
                prop_assert_eq!(run.to_trec().unwrap().parse::<Run>().unwrap(), run);
            }
        }

        #[test]
        fn aspects_come_back_as_they_were_written(list in proptest::collection::vec((id(), id(), id()), 0..20)) {
            let mut aspects = AspectJudgements::new();
            for (query, document, aspect) in list {
                aspects.insert(query, document, aspect);
            }
            prop_assert_eq!(aspects.to_trec().unwrap().parse::<AspectJudgements>().unwrap(), aspects);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[q0-9 \t\n.eE+-]{0,80}") {
            for bytes in [&bytes[..], text.as_bytes()] {
                let _ = (Run::read(bytes), Judgements::read(bytes), AspectJudgements::read(bytes));
            }
        }
    }
}
