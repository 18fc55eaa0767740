//! Words in one spelling, however a biologist writes them.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A word, folded, and where it stands in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Lower case, without accents; Greek letters by name, sub- and superscripts as plain digits.
    pub(crate) text: String,
    /// Bytes of the text that it was made from.
    pub(crate) place: Range<usize>,
}

/// Longest word that is kept whole; what is longer is a sequence or an accident, and is cut.
const LONGEST: usize = 64;

/// Parts that are written with a hyphen or without one: `bio-safety` is `biosafety`.
const PREFIXES: [&str; 27] = [
    "anti", "auto", "bi", "bio", "co", "counter", "eco", "geo", "hyper", "inter", "intra", "macro", "meta",
    "micro", "mono", "multi", "nano", "neuro", "non", "over", "photo", "poly", "post", "pre", "re", "sub",
    "trans",
];

/// Genera that are shortened to a letter: letter, species, genus.
const GENERA: [(&str, &str, &str); 46] = [
    ("a", "aegypti", "aedes"),
    ("a", "baumannii", "acinetobacter"),
    ("a", "baylyi", "acinetobacter"),
    ("a", "gambiae", "anopheles"),
    ("a", "nidulans", "aspergillus"),
    ("a", "niger", "aspergillus"),
    ("a", "oryzae", "aspergillus"),
    ("a", "thaliana", "arabidopsis"),
    ("a", "tumefaciens", "agrobacterium"),
    ("b", "anthracis", "bacillus"),
    ("b", "fragilis", "bacteroides"),
    ("b", "subtilis", "bacillus"),
    ("b", "thetaiotaomicron", "bacteroides"),
    ("c", "acetobutylicum", "clostridium"),
    ("c", "albicans", "candida"),
    ("c", "autoethanogenum", "clostridium"),
    ("c", "crescentus", "caulobacter"),
    ("c", "difficile", "clostridioides"),
    ("c", "elegans", "caenorhabditis"),
    ("c", "glutamicum", "corynebacterium"),
    ("c", "necator", "cupriavidus"),
    ("c", "reinhardtii", "chlamydomonas"),
    ("d", "melanogaster", "drosophila"),
    ("d", "radiodurans", "deinococcus"),
    ("e", "coli", "escherichia"),
    ("h", "sapiens", "homo"),
    ("k", "pneumoniae", "klebsiella"),
    ("l", "lactis", "lactococcus"),
    ("m", "genitalium", "mycoplasma"),
    ("m", "mycoides", "mycoplasma"),
    ("m", "tuberculosis", "mycobacterium"),
    ("n", "benthamiana", "nicotiana"),
    ("p", "aeruginosa", "pseudomonas"),
    ("p", "falciparum", "plasmodium"),
    ("p", "fluorescens", "pseudomonas"),
    ("p", "pastoris", "pichia"),
    ("p", "patens", "physcomitrella"),
    ("p", "putida", "pseudomonas"),
    ("s", "aureus", "staphylococcus"),
    ("s", "cerevisiae", "saccharomyces"),
    ("s", "coelicolor", "streptomyces"),
    ("s", "elongatus", "synechococcus"),
    ("s", "pombe", "schizosaccharomyces"),
    ("v", "cholerae", "vibrio"),
    ("v", "natriegens", "vibrio"),
    ("y", "lipolytica", "yarrowia"),
];

/// Calls back for every word in the order of the text.
///
/// Letters and digits make words, all else parts them. Accents go, `ø` is `o`, ligatures come apart, Greek letters are
/// spelt out (`β-lactamase` is `beta lactamase`, `NF-κB` is `nf kappab`), sub- and superscripts are digits (`CO₂` is `co2`),
/// `’s` is dropped, a prefix before a hyphen is joined (`anti-microbial`), and so is a word that a line breaks.
/// A genus behind its letter is written out: `E. coli` is `escherichia coli`. Cost: `O(bytes)`.
pub(crate) fn fold(text: &str, mut each: impl FnMut(Word)) {
    let mut before: Option<Word> = None;
    let mut give = |word: Word, text: &str| {
        if let Some(mut letter) = before.take() {
            if let Some(genus) = genus(&letter, &word, text) {
                letter.text.clear();
                letter.text.push_str(genus);
            }
            each(letter);
        }
        before = Some(word);
    };
    let mut word = Word {
        text: String::new(),
        place: 0..0,
    };
    let mut letters = 0;
    let mut signs = text.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        let end = at + sign.len_utf8();
        let length = word.text.len();
        if sign.is_ascii_alphanumeric() {
            word.text.push(sign.to_ascii_lowercase());
        } else if sign.is_ascii() {
            // Most signs that part words.
        } else if is_combining_mark(sign)
            || matches!(sign, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
        {
            if !word.text.is_empty() {
                word.place.end = end;
            }
            continue;
        } else {
            let unit = matches!(sign, 'µ' | 'μ')
                && matches!(signs.peek(), Some((_, 'm' | 'l' | 'L' | 'g' | 'M' | 's')))
                && letters == 0;
            if unit {
                word.text.push('u');
            } else {
                push_folded(sign, &mut word.text);
            }
        }
        if word.text.len() > length {
            if length == 0 {
                word.place.start = at;
                letters = 0;
            }
            letters += usize::from(sign.is_alphabetic());
            word.place.end = end;
            if word.text.len() > LONGEST {
                word.text.truncate(word.text.floor_char_boundary(LONGEST));
            }
            continue;
        }
        if word.text.is_empty() {
            continue;
        }
        if joins(sign, end, &word.text, text) {
            // What follows belongs to the word.
            if is_hyphen(sign) {
                while signs.peek().is_some_and(|(_, sign)| sign.is_whitespace()) {
                    signs.next();
                }
            }
            continue;
        }
        if matches!(sign, '\'' | '’') && possessive(&text[end..]) {
            signs.next();
        }
        give(
            std::mem::replace(
                &mut word,
                Word {
                    text: String::new(),
                    place: 0..0,
                },
            ),
            text,
        );
    }
    if !word.text.is_empty() {
        give(word, text);
    }
    if let Some(last) = before {
        each(last);
    }
}

/// Whether a sign inside of a word parts nothing.
fn joins(sign: char, end: usize, word: &str, text: &str) -> bool {
    let rest = &text[end..];
    let next = rest.chars().next();
    if is_hyphen(sign) {
        if PREFIXES.contains(&word) && next.is_some_and(char::is_alphabetic) {
            return true;
        }
        // A line that ends inside of a word, as pasted pages have it.
        let after = rest.trim_start_matches([' ', '\r', '\t']);
        return after.strip_prefix('\n').is_some_and(|line| {
            word.ends_with(|sign: char| sign.is_ascii_lowercase())
                && line
                    .trim_start_matches([' ', '\t'])
                    .starts_with(|sign: char| sign.is_lowercase())
        });
    }
    matches!(sign, '\'' | '’')
        && word.ends_with(|sign: char| sign.is_ascii_lowercase())
        && next.is_some_and(char::is_alphabetic)
        && !possessive(rest)
}

fn is_hyphen(sign: char) -> bool {
    matches!(sign, '-' | '\u{2010}' | '\u{2011}')
}

/// Whether a text begins with the `s` of `’s`.
fn possessive(rest: &str) -> bool {
    let mut signs = rest.chars();
    matches!(signs.next(), Some('s' | 'S')) && !signs.next().is_some_and(char::is_alphanumeric)
}

fn push_folded(sign: char, word: &mut String) {
    for part in std::iter::once(sign).nfkd() {
        if is_combining_mark(part) {
            continue;
        }
        for part in part.to_lowercase() {
            match part {
                'ß' => word.push_str("ss"),
                'æ' => word.push_str("ae"),
                'œ' => word.push_str("oe"),
                'ø' => word.push('o'),
                'đ' | 'ð' => word.push('d'),
                'ł' => word.push('l'),
                'þ' => word.push_str("th"),
                'ı' => word.push('i'),
                part => match greek(part) {
                    Some(name) => word.push_str(name),
                    None if part.is_alphanumeric() => word.push(part),
                    None => {}
                },
            }
        }
    }
}

fn greek(letter: char) -> Option<&'static str> {
    Some(match letter {
        'α' => "alpha",
        'β' => "beta",
        'γ' => "gamma",
        'δ' => "delta",
        'ε' => "epsilon",
        'ζ' => "zeta",
        'η' => "eta",
        'θ' => "theta",
        'ι' => "iota",
        'κ' => "kappa",
        'λ' => "lambda",
        'μ' => "mu",
        'ν' => "nu",
        'ξ' => "xi",
        'ο' => "omicron",
        'π' => "pi",
        'ρ' => "rho",
        'σ' | 'ς' => "sigma",
        'τ' => "tau",
        'υ' => "upsilon",
        'φ' => "phi",
        'χ' => "chi",
        'ψ' => "psi",
        'ω' => "omega",
        _ => return None,
    })
}

/// The genus that a letter stands for before a species.
fn genus(letter: &Word, species: &Word, text: &str) -> Option<&'static str> {
    if letter.text.len() != 1 || !text[letter.place.clone()].starts_with(|sign: char| sign.is_uppercase()) {
        return None;
    }
    let between = &text[letter.place.end..species.place.start];
    if between.len() > 4 || !between.trim_start_matches('.').chars().all(char::is_whitespace) {
        return None;
    }
    let known =
        GENERA.binary_search_by(|(first, second, _)| (*first, *second).cmp(&(&letter.text, &species.text)));
    known.ok().map(|place| GENERA[place].2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(text: &str) -> String {
        let mut words = Vec::new();
        fold(text, |word| words.push(word.text));
        words.join(" ")
    }

    #[test]
    fn text_as_biologists_write_it_becomes_plain_words() {
        let check = |text, wanted| assert_eq!(folded(text), wanted, "{text}");
        check("CRISPR-Cas9 and CRISPR/Cas9", "crispr cas9 and crispr cas9");
        check(
            "E. coli, E.coli and E coli",
            "escherichia coli escherichia coli and escherichia coli",
        );
        check("S. cerevisiae", "saccharomyces cerevisiae");
        check("B. Smith", "b smith");
        check("vitamin e coli", "vitamin e coli");
        check("β-lactamase, TNF-α, NF-κB", "beta lactamase tnf alpha nf kappab");
        check("CO₂ at 10⁶ µm and 5 μL", "co2 at 106 um and 5 ul");
        check(
            "naïve Société Łódź Strauß Ångström",
            "naive societe lodz strauss angstrom",
        );
        check("de\u{301}ja\u{300} vu", "deja vu");
        check(
            "bio-safety, anti‐microbial, non-coding",
            "biosafety antimicrobial noncoding",
        );
        check("gene-drive", "gene drive");
        check(
            "over-\nexpression and bioreac-\n  tor",
            "overexpression and bioreactor",
        );
        check(
            "Crohn's disease, the 5'-UTR, O'Brien",
            "crohn disease the 5 utr obrien",
        );
        check("ﬁnd the eﬃcient", "find the efficient");
        check("BBa_K1234", "bba k1234");
        check("Δ9-THC", "delta9 thc");
        check("so\u{ad}cial", "social");
        check("", "");
        check("--- ...", "");
    }

    #[test]
    fn species_are_found_by_halving() {
        assert!(GENERA.is_sorted_by_key(|(letter, species, _)| (*letter, *species)));
    }

    #[test]
    fn a_word_says_where_it_stands() {
        let text = "the β-barrel of E. coli";
        let mut words = Vec::new();
        fold(text, |word| words.push((word.text, &text[word.place])));
        let places: Vec<&str> = words.iter().map(|(_, place)| *place).collect();
        assert_eq!(places, ["the", "β", "barrel", "of", "E", "coli"]);
        assert_eq!(words[4].0, "escherichia");
    }

    proptest! {
        #[test]
        fn any_text_gives_words_in_order_that_fold_to_themselves(text in "\\PC{0,60}") {
            let mut end = 0;
            let mut words = Vec::new();
            fold(&text, |word| words.push(word));
            for word in words {
                prop_assert!(word.place.start >= end && word.place.end <= text.len());
                prop_assert!(text.is_char_boundary(word.place.start) && text.is_char_boundary(word.place.end));
                prop_assert!(!word.text.is_empty() && word.text.len() <= LONGEST + 4);
                end = word.place.end;
            }
        }
    }
}
