/// Common short words of languages that papers are written in.
const WORDS: [(&str, &[&str]); 5] = [
    (
        "German",
        &[
            "der", "die", "und", "das", "nicht", "ist", "von", "eine", "mit", "zur", "werden", "auf", "sich",
            "den", "dem", "wir", "ein", "einen", "einer", "eines", "im", "für", "zu", "haben", "wird",
            "auch", "durch", "als",
        ],
    ),
    (
        "French",
        &[
            "le", "la", "les", "des", "une", "et", "est", "dans", "pour", "qui", "sur", "par", "du", "aux",
            "nous", "avons", "un", "au", "ce", "cette", "sont", "avec", "ou", "plus",
        ],
    ),
    (
        "Spanish",
        &[
            "el", "los", "las", "una", "que", "en", "por", "con", "para", "del", "como", "más", "es", "y",
            "se", "un", "hemos", "su", "al", "lo", "son", "entre", "sobre", "esta",
        ],
    ),
    (
        "Italian",
        &[
            "il", "di", "che", "una", "per", "con", "del", "della", "sono", "nel", "gli", "dei", "è", "alla",
            "come", "un", "abbiamo", "la", "le", "i", "si", "nella", "delle", "questo",
        ],
    ),
    (
        "Portuguese",
        &[
            "o", "os", "uma", "que", "em", "por", "com", "para", "do", "da", "não", "dos", "ao", "mais",
            "são", "um", "na", "no", "se", "ou", "nós", "pela", "esta", "à",
        ],
    ),
];

/// Without `in` and `was`, which are words of others as well.
const ENGLISH: [&str; 15] = [
    "the", "of", "and", "to", "is", "that", "with", "for", "are", "by", "this", "we", "from", "an", "which",
];

/// Words that are looked at.
const ENOUGH: usize = 400;

/// The language of a text that is surely not English: by its letters, or by its small words.
pub(crate) fn other_language(text: &str) -> Option<&'static str> {
    let (mut letters, mut latin) = (0, 0);
    let mut words = Vec::new();
    for word in text
        .split(|sign: char| !sign.is_alphabetic())
        .filter(|word| !word.is_empty())
        .take(ENOUGH)
    {
        letters += word.chars().count();
        latin += word
            .chars()
            .filter(|sign| (*sign as u32) < 0x250 || ('α'..='ω').contains(sign))
            .count();
        words.push(word.to_lowercase());
    }
    if letters >= 20 && latin * 2 < letters {
        return Some("not to be written in Latin letters");
    }
    let count = |known: &[&str]| words.iter().filter(|word| known.contains(&word.as_str())).count();
    let english = count(&ENGLISH);
    let (language, most) = WORDS
        .iter()
        .map(|(language, known)| (*language, count(known)))
        .max_by_key(|(_, count)| *count)?;
    (words.len() >= 8 && most >= 3 && most > 2 * english && most * 12 >= words.len()).then_some(language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_languages_are_known_by_their_small_words() {
        assert_eq!(
            other_language(
                "Die Freisetzung von gentechnisch veränderten Organismen ist nicht ohne Risiko, und die Folgen für die Umwelt werden von der Politik diskutiert."
            ),
            Some("German")
        );
        assert_eq!(
            other_language(
                "Wir haben ein Gene-Drive-System in Mücken entwickelt, das Malaria in Afrika ausrotten soll."
            ),
            Some("German")
        );
        assert_eq!(
            other_language(
                "Hemos construido un impulso genético en mosquitos para eliminar la malaria en África."
            ),
            Some("Spanish")
        );
        assert_eq!(
            other_language(
                "Les enjeux éthiques de la biologie de synthèse sont discutés dans les comités, et la question des risques est posée par le public."
            ),
            Some("French")
        );
        assert_eq!(
            other_language("合成生物学的伦理问题是一个重要的研究领域需要公众参与和政策讨论以及监管"),
            Some("not to be written in Latin letters")
        );
        assert_eq!(
            other_language(
                "The ethics of gene drives in wild populations of mosquitoes is discussed by the public and in the law."
            ),
            None
        );
        assert_eq!(other_language("E. coli"), None);
        assert_eq!(
            other_language("E. coli Nissle in situ, in vivo and ex vivo: a de novo pathway in Saccharomyces"),
            None
        );
    }
}
