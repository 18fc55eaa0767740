//! Names of authors as files write them.

use crate::Author;

/// Words that only names of organisations hold.
const ORGANISATIONS: [&str; 34] = [
    "academies",
    "academy",
    "agency",
    "association",
    "authority",
    "board",
    "bureau",
    "center",
    "centre",
    "collaboration",
    "collaborators",
    "college",
    "commission",
    "committee",
    "consortium",
    "council",
    "department",
    "foundation",
    "government",
    "group",
    "initiative",
    "institute",
    "institutes",
    "laboratory",
    "ministry",
    "nations",
    "network",
    "office",
    "organisation",
    "organization",
    "panel",
    "society",
    "team",
    "university",
];

/// Small words that belong to a family name.
const PARTICLES: [&str; 20] = [
    "van", "von", "de", "der", "den", "del", "della", "di", "da", "dos", "du", "la", "le", "ter", "ten",
    "bin", "ibn", "al", "el", "zu",
];

/// One name: `Curie, Marie`, `Marie Curie`, `Curie M`, `World Health Organization`. A comma at its end marks a family name, or an
/// organisation, that is not to be taken apart.
pub(crate) fn one(name: &str) -> Author {
    let name = name.trim();
    if let Some(whole) = name.strip_suffix(',') {
        return Author::new(whole.trim(), "");
    }
    let mut parts = name.split(',').map(str::trim);
    let first = parts.next().unwrap_or_default();
    match (parts.next(), parts.next()) {
        (None, _) => without_comma(first),
        (Some(given), None) => Author::new(first, given),
        // `Family, Given, Jr` of RIS and `Family, Jr, Given` of BibTeX.
        (Some(second), Some(third)) if is_suffix(second) => {
            Author::new(format!("{first} {second}").trim(), third)
        }
        (Some(second), Some(third)) => Author::new(first, format!("{second} {third}").trim()),
    }
}

fn is_suffix(text: &str) -> bool {
    let text = text.trim_end_matches('.').to_ascii_lowercase();
    matches!(text.as_str(), "jr" | "sr" | "ii" | "iii" | "iv" | "2nd" | "3rd")
}

/// `JA`, `J.A.`, `J-P`, `M`: capitals with dots or hyphens.
fn is_initials(text: &str) -> bool {
    let letters = text.chars().filter(|sign| sign.is_alphabetic()).count();
    let dotted = text.contains('.');
    (1..=if dotted { 5 } else { 3 }).contains(&letters)
        && text
            .chars()
            .all(|sign| sign.is_uppercase() || matches!(sign, '.' | '-' | '‐'))
}

fn without_comma(name: &str) -> Author {
    let words: Vec<&str> = name.split_whitespace().collect();
    let organisation = words
        .iter()
        .any(|word| ORGANISATIONS.contains(&word.to_lowercase().as_str()));
    if words.len() < 2 || organisation {
        return Author::new(name, "");
    }
    // `Morgenthaler A.`, `van der Berg J A`.
    let initials = words.iter().rev().take_while(|word| is_initials(word)).count();
    if initials > 0 && initials < words.len() {
        let (family, given) = words.split_at(words.len() - initials);
        return Author::new(family.join(" "), given.join(" "));
    }
    let family = words
        .iter()
        .position(|word| PARTICLES.contains(word))
        .filter(|&at| at > 0)
        .unwrap_or(words.len() - 1);
    let (given, family) = words.split_at(family);
    Author::new(family.join(" "), given.join(" "))
}

/// A list in one text: with `;`, with ` and `, with `|`, or with commas.
pub(crate) fn list(text: &str) -> Vec<Author> {
    let text = text.trim();
    let separator = [";", "|", " and "].into_iter().find(|sign| text.contains(sign));
    let parts: Vec<&str> = match separator {
        Some(separator) => text.split(separator).collect(),
        None => return with_commas(text),
    };
    parts
        .into_iter()
        .flat_map(|part| {
            // `A. One, B. Two and C. Three`.
            let initial = |name: &str| name.split_whitespace().next().is_some_and(is_initials);
            let many = part.matches(',').count() > 1
                || part.split(',').all(|name| part.contains(',') && initial(name));
            if separator == Some(" and ") && many {
                with_commas(part)
            } else {
                vec![one(part)]
            }
        })
        .filter(|author| !author.family.is_empty())
        .collect()
}

fn with_commas(text: &str) -> Vec<Author> {
    let parts: Vec<&str> = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let initials = |part: &str| part.split_whitespace().all(is_initials);
    let pairs = parts.len().is_multiple_of(2)
        && parts
            .chunks(2)
            .all(|pair| !initials(pair[0]) && initials(pair[1]));
    let authors: Vec<Author> = if pairs {
        parts
            .chunks(2)
            .map(|pair| Author::new(pair[0], pair[1]))
            .collect()
    } else if parts.len() <= 2 && !(parts.len() == 2 && parts.iter().all(|part| part.contains(' '))) {
        vec![one(text)]
    } else {
        parts.into_iter().map(one).collect()
    };
    authors
        .into_iter()
        .filter(|author| !author.family.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_taken_apart() {
        let check = |text: &str, wanted: &[(&str, &str)]| {
            let wanted: Vec<Author> = wanted
                .iter()
                .map(|&(family, given)| Author::new(family, given))
                .collect();
            assert_eq!(list(text), wanted, "{text}");
        };
        check(
            "Morgenthaler A., Kinney W.",
            &[("Morgenthaler", "A."), ("Kinney", "W.")],
        );
        check(
            "Curie, Marie and Noddack, Ida",
            &[("Curie", "Marie"), ("Noddack", "Ida")],
        );
        check("Doe JA", &[("Doe", "JA")]);
        check("Doe, J.A., Roe, B.", &[("Doe", "J.A."), ("Roe", "B.")]);
        check(
            "Curie, Marie; Noddack, Ida",
            &[("Curie", "Marie"), ("Noddack", "Ida")],
        );
        check("Curie, Marie", &[("Curie", "Marie")]);
        check(
            "Marie Curie, Ida Noddack",
            &[("Curie", "Marie"), ("Noddack", "Ida")],
        );
        check("Johanna van der Berg", &[("van der Berg", "Johanna")]);
        check("World Health Organization", &[("World Health Organization", "")]);
        check(
            "The Group, Of Ten,; Doe, J",
            &[("The Group, Of Ten", ""), ("Doe", "J")],
        );
        check("King, Jr, Martin; Li", &[("King Jr", "Martin"), ("Li", "")]);
        check(
            "A. One, B. Two and C. Three",
            &[("One", "A."), ("Two", "B."), ("Three", "C.")],
        );
        check("", &[]);
        check(" ; , ", &[]);
    }
}
