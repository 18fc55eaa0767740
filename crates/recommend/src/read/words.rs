//! Words of many formats in one form: kinds, languages, years.

use crate::Kind;

/// The kind behind a word that some format uses for it.
pub(crate) fn kind(word: &str) -> Option<Kind> {
    let word = word.trim().to_lowercase().replace(['_', ' '], "-");
    Some(match word.as_str() {
        "article"
        | "journal-article"
        | "article-journal"
        | "research-article"
        | "original-article"
        | "brief-report"
        | "case-report"
        | "rapid-communication"
        | "article-magazine"
        | "article-newspaper"
        | "jour"
        | "jfull"
        | "mgzn"
        | "news"
        | "ejour"
        | "clinical-trial"
        | "article-in-press"
        | "data-paper"
        | "methods-article" => Kind::Article,
        "review" | "review-article" | "systematic-review" | "meta-analysis" | "scoping-review" => {
            Kind::Review
        }
        "editorial" | "comment" | "commentary" | "article-commentary" | "discussion" | "news-and-views"
        | "perspective" | "opinion" | "viewpoint" => Kind::Editorial,
        "letter" | "correspondence" => Kind::Letter,
        "preprint" | "posted-content" | "unpb" | "unpublished" | "working-paper" => Kind::Preprint,
        "conference"
        | "conference-paper"
        | "paper-conference"
        | "proceedings-article"
        | "inproceedings"
        | "conf"
        | "cpaper"
        | "proceedings"
        | "congress"
        | "meeting-report"
        | "conference-abstract"
        | "abstract"
        | "mvproceedings" => Kind::Conference,
        "book" | "ebook" | "monograph" | "mvbook" | "edbook" | "edited-book" | "collection"
        | "reference-book" | "books" | "booklet" => Kind::Book,
        "chapter" | "book-chapter" | "chap" | "echap" | "inbook" | "incollection" | "book-section"
        | "book-part" | "suppbook" | "entry-encyclopedia" => Kind::Chapter,
        "report"
        | "rprt"
        | "techreport"
        | "technical-report"
        | "govdoc"
        | "report-component"
        | "guideline"
        | "practice-guideline"
        | "government-publication" => Kind::Report,
        "thesis" | "thes" | "phdthesis" | "mastersthesis" | "dissertation" | "academic-dissertation" => {
            Kind::Thesis
        }
        "dataset" | "data" | "dbase" | "database" | "aggr" => Kind::Dataset,
        "legal" | "legislation" | "legal-case" | "bill" | "patent" | "stat" | "case" | "pat"
        | "jurisdiction" | "hear" | "treaty" | "regulation" | "legal-cases" | "standard" => Kind::Legal,
        "other"
        | "erratum"
        | "correction"
        | "retraction"
        | "retraction-of-publication"
        | "published-erratum"
        | "peer-review"
        | "paratext"
        | "online"
        | "elec"
        | "webpage"
        | "web"
        | "blog"
        | "post-weblog"
        | "software"
        | "video"
        | "biography"
        | "interview"
        | "expression-of-concern"
        | "addendum"
        | "supplementary-materials"
        | "libguides"
        | "grant" => Kind::Other,
        _ => return None,
    })
}

/// The kind behind two words: what a record says itself, which may be that nobody knows, then the kind of its entry.
pub(crate) fn kind_of(said: &str, entry: &str) -> Option<Kind> {
    if said.trim() == Kind::Unknown.name() {
        return Some(Kind::Unknown);
    }
    kind(said).or_else(|| kind(entry))
}

/// The most telling of several kinds: a journal article that is a review is a review.
pub(crate) fn most_telling(kinds: impl Iterator<Item = Kind>) -> Kind {
    let rank = |kind: Kind| match kind {
        Kind::Unknown => 0,
        Kind::Article => 1,
        // A notice of retraction is also called an article.
        Kind::Other => 2,
        Kind::Editorial => 3,
        Kind::Letter => 4,
        _ => 5,
    };
    kinds.max_by_key(|&kind| rank(kind)).unwrap_or_default()
}

/// A language in two letters of ISO 639-1, from those, from three letters, or from its English name.
pub(crate) fn language(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let front = text.split(['-', '_']).next().unwrap_or_default();
    if front.len() == 2 && front.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Some(front.to_owned());
    }
    let two = match front {
        "eng" | "english" => "en",
        "fre" | "fra" | "french" => "fr",
        "ger" | "deu" | "german" | "ngerman" => "de",
        "spa" | "spanish" => "es",
        "por" | "portuguese" => "pt",
        "ita" | "italian" => "it",
        "rus" | "russian" => "ru",
        "chi" | "zho" | "chinese" => "zh",
        "jpn" | "japanese" => "ja",
        "kor" | "korean" => "ko",
        "dut" | "nld" | "dutch" => "nl",
        "pol" | "polish" => "pl",
        "cze" | "ces" | "czech" => "cs",
        "slo" | "slk" | "slovak" => "sk",
        "slv" | "slovenian" => "sl",
        "hun" | "hungarian" => "hu",
        "swe" | "swedish" => "sv",
        "dan" | "danish" => "da",
        "nor" | "norwegian" => "no",
        "fin" | "finnish" => "fi",
        "tur" | "turkish" => "tr",
        "ukr" | "ukrainian" => "uk",
        "gre" | "ell" | "greek" => "el",
        "rum" | "ron" | "romanian" => "ro",
        "bul" | "bulgarian" => "bg",
        "hrv" | "scr" | "croatian" => "hr",
        "srp" | "scc" | "serbian" => "sr",
        "ara" | "arabic" => "ar",
        "heb" | "hebrew" => "he",
        "per" | "fas" | "persian" => "fa",
        "hin" | "hindi" => "hi",
        "ind" | "indonesian" => "id",
        "may" | "msa" | "malay" => "ms",
        "tha" | "thai" => "th",
        "vie" | "vietnamese" => "vi",
        "lit" | "lithuanian" => "lt",
        "lav" | "latvian" => "lv",
        "est" | "estonian" => "et",
        "cat" | "catalan" => "ca",
        "ice" | "isl" | "icelandic" => "is",
        "afr" | "afrikaans" => "af",
        _ => return None,
    };
    Some(two.to_owned())
}

/// Years that documents can be of.
pub(crate) const YEARS: std::ops::Range<i32> = 1000..2200;

/// What a text says of a year.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Year {
    /// The text is empty.
    Absent,
    /// A year from 1000 to 2199.
    Known(i32),
    /// The text is not empty, and no such year is in it.
    Nonsense,
}

/// The first year in a date: `2021 Jan-Feb`, `2019/2020`, `Spring 1998`, `2015-03-01`.
pub(crate) fn year(text: &str) -> Year {
    let text = text.trim();
    if text.is_empty() {
        return Year::Absent;
    }
    text.split(|sign: char| !sign.is_ascii_digit())
        .find_map(|run| match run.len() {
            4 => run.parse().ok(),
            // `20150301`.
            8 => run[..4].parse().ok(),
            _ => None,
        })
        .filter(|year| YEARS.contains(year))
        .map_or(Year::Nonsense, Year::Known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_found_in_dates() {
        let check = |text, wanted| assert_eq!(year(text), wanted, "{text}");
        check("2021 Jan-Feb", Year::Known(2021));
        check("2019/2020", Year::Known(2019));
        check("Spring 1998", Year::Known(1998));
        check("2015-03-01", Year::Known(2015));
        check("20150301", Year::Known(2015));
        check("", Year::Absent);
        check("in press", Year::Nonsense);
        check("20211", Year::Nonsense);
        check("9999", Year::Nonsense);
    }

    #[test]
    fn every_kind_is_known_by_its_own_name() {
        for known in Kind::ALL {
            let wanted = (known != Kind::Unknown).then_some(known);
            assert_eq!(kind(known.name()), wanted);
        }
        assert_eq!(
            most_telling([Kind::Article, Kind::Review].into_iter()),
            Kind::Review
        );
    }

    #[test]
    fn languages_have_two_letters() {
        assert_eq!(language("eng").as_deref(), Some("en"));
        assert_eq!(language("en-US").as_deref(), Some("en"));
        assert_eq!(language("German").as_deref(), Some("de"));
        assert_eq!(language("und"), None);
    }
}
