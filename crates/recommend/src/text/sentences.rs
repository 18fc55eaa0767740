use std::ops::Range;

/// Shortenings that end with a full stop inside of a sentence.
const SHORT: [&str; 24] = [
    "al", "approx", "ca", "cf", "dr", "e.g", "eq", "etc", "fig", "figs", "i.e", "mr", "mrs", "ms", "no",
    "prof", "ref", "refs", "resp", "sp", "spp", "st", "subsp", "vs",
];

/// What may stand between a full stop and the next sentence.
const CLOSING: [char; 5] = [')', ']', '"', '”', '’'];

/// Where the sentences of a text stand, without the space around them.
///
/// A sentence ends with `.`, `!` or `?` before space and something that can begin one, or with a line break that a new
/// part follows. `E. coli`, `et al.`, `Fig. 2`, `i.e.` and decimal points end nothing. Cost: `O(bytes)`.
pub(crate) fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut push = |from: usize, to: usize| {
        let part = &text[from..to];
        let trimmed = part.trim_start();
        let from = from + (part.len() - trimmed.len());
        let length = trimmed.trim_end().len();
        if length > 0 {
            found.push(from..from + length);
        }
    };
    for (at, sign) in text.char_indices() {
        let end = at + sign.len_utf8();
        let rest = &text[end..];
        let ends = match sign {
            '\n' => true,
            '!' | '?' => rest.starts_with(char::is_whitespace),
            '.' => full_stop(&text[start..at], rest),
            _ => false,
        };
        if ends && end > start {
            let closed = rest.trim_start_matches(CLOSING);
            let end = end + if sign == '.' { rest.len() - closed.len() } else { 0 };
            push(start, end);
            start = end;
        }
    }
    push(start, text.len());
    found
}

fn full_stop(before: &str, rest: &str) -> bool {
    let closed = rest.trim_start_matches(CLOSING);
    if !closed.is_empty() && !closed.starts_with(char::is_whitespace) {
        return false;
    }
    let next = closed.trim_start().chars().next();
    if next.is_some_and(char::is_lowercase) {
        return false;
    }
    let word = before
        .rsplit(|sign: char| sign.is_whitespace() || sign == '(')
        .next()
        .unwrap_or("");
    let lower = word.to_lowercase();
    // A letter alone is a genus or an initial, but `vitamin C.` before a capital ends.
    let letter = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    !(SHORT.contains(&lower.as_str()) || letter && next.is_some_and(char::is_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: &[&str]) {
        let found: Vec<&str> = sentences(text).into_iter().map(|place| &text[place]).collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn full_stops_inside_of_sentences_end_nothing() {
        check(
            "We engineered E. coli. It glows.",
            &["We engineered E. coli.", "It glows."],
        );
        check(
            "As Smith et al. Showed in Fig. 2 it is 0.5 mM. Is it? Yes.",
            &["As Smith et al. Showed in Fig. 2 it is 0.5 mM.", "Is it?", "Yes."],
        );
        check("AIM: to see.\nRESULTS: seen", &["AIM: to see.", "RESULTS: seen"]);
        check("(It ended.) Then", &["(It ended.)", "Then"]);
        check("", &[]);
        check(" \n ", &[]);
    }
}
