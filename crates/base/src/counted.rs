/// A number of things in words: `1 row`, `3 rows`, `2 classes`. `what` is the word for one; its last part is bent.
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {}", plural(count, what))
}

/// The word for so many: `row` for one, else `rows`.
pub fn plural(count: usize, what: &str) -> String {
    match what {
        _ if count == 1 => what.to_owned(),
        _ if ["s", "x"].iter().any(|end| what.ends_with(end)) => format!("{what}es"),
        _ => format!("{what}s"),
    }
}

/// The form of a word that goes with so many: `is` for one, else `are`.
pub fn agree<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_others_are_many() {
        for (count, what, words) in [
            (1, "row", "1 row"),
            (0, "row", "0 rows"),
            (2, "class", "2 classes"),
            (2, "epoch", "2 epochs"),
            (1, "class", "1 class"),
            (5, "training row", "5 training rows"),
        ] {
            assert_eq!(counted(count, what), words);
        }
    }
}
