use std::collections::HashSet;
use std::sync::LazyLock;

use crate::text::{Analyzer, Form, stem};

/// Words by which a work says that it makes or changes living things, or their parts, and does not only look at them.
const WORDS: [&str; 42] = [
    "artificial",
    "bioengineering",
    "biobrick",
    "biocatalyst",
    "biocontainment",
    "biofabrication",
    "biofuel",
    "bioproduction",
    "biosensor",
    "biosynthesis",
    "biosynthetic",
    "cas9",
    "chassis",
    "circuit",
    "cpf1",
    "crispr",
    "editing",
    "engineering",
    "fermentation",
    "heterologous",
    "igem",
    "minicell",
    "nanobody",
    "oligonucleotide",
    "optogenetic",
    "orthogonal",
    "plasmid",
    "protocell",
    "recoded",
    "recombineering",
    "redesign",
    "refactoring",
    "repressilator",
    "riboswitch",
    "synthetic",
    "talen",
    "titer",
    "titre",
    "toggle",
    "tunable",
    "tune",
    "xenobiology",
];

static STEMS: LazyLock<HashSet<String>> = LazyLock::new(|| WORDS.iter().map(|word| stem(word)).collect());

/// Whether a text has such a word.
pub(super) fn is_engineered(text: &str) -> bool {
    let mut found = false;
    Analyzer::new(Form::Scored).terms(text, |term, _, _| found |= STEMS.contains(term));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_told_from_what_is_looked_at() {
        assert!(is_engineered(
            "We engineered Escherichia coli to produce itaconate."
        ));
        assert!(is_engineered("A library of plasmids"));
        assert!(!is_engineered(
            "Cadherin activity is required for remodelling of spines in neurons of mice."
        ));
    }
}
