use serde::Serialize;

/// Journals of a kind, told by words of their names: a lower bound, as most names say nothing.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct VenueGroup {
    /// Its name.
    pub name: &'static str,
    /// What tells it.
    pub about: &'static str,
    #[serde(skip)]
    words: &'static [&'static str],
}

/// Groups of journals that rankings may pass over.
pub const VENUE_GROUPS: [VenueGroup; 3] = [
    VenueGroup {
        name: "law",
        about: "law, legal, regulation, droit, …",
        words: &[
            "law",
            "laws",
            "legal",
            "juris*",
            "justice",
            "droit",
            "derecho",
            "recht*",
            "regulation",
            "patent*",
            "intellectual",
        ],
    },
    VenueGroup {
        name: "philosophy",
        about: "philosophy, ethics, bioethics, theology",
        words: &[
            "philosoph*",
            "ethic",
            "ethics",
            "bioethic*",
            "nanoethic*",
            "neuroethic*",
            "theolog*",
            "religio*",
            "humanities",
        ],
    },
    VenueGroup {
        name: "Global South",
        about: "names of countries and languages of Africa, Latin America and Asia without Japan, Korea and Singapore",
        words: &[
            "africa*",
            "nigeria*",
            "kenya*",
            "ghana*",
            "egypt*",
            "ethiop*",
            "uganda*",
            "latin",
            "brazil*",
            "brasil*",
            "mexic*",
            "argentin*",
            "colombia*",
            "chile*",
            "peru*",
            "cuba*",
            "revista",
            "india*",
            "pakistan*",
            "bangladesh*",
            "sri",
            "nepal*",
            "china",
            "chinese",
            "iran*",
            "iraq*",
            "turk*",
            "arab*",
            "indonesia*",
            "jurnal",
            "malaysia*",
            "thai*",
            "vietnam*",
            "philippine*",
            "asean",
            "caribbean",
            "developing",
        ],
    },
];

/// Latin names of long standing that hold such a word and are printed elsewhere.
const NOT: [&str; 2] = ["philosophical transactions", "revista espanola"];

impl VenueGroup {
    /// Whether a journal belongs, by its name; `None` without one.
    pub fn holds(&self, venue: Option<&str>) -> Option<bool> {
        let name = venue?.to_lowercase();
        if NOT.iter().any(|not| name.contains(not)) {
            return Some(false);
        }
        let mut words = name.split(|sign: char| !sign.is_alphanumeric());
        Some(words.any(|word| {
            self.words.iter().any(|known| match known.strip_suffix('*') {
                Some(beginning) => word.starts_with(beginning),
                None => word == *known,
            })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups_of(venue: &str) -> Vec<&'static str> {
        let holding = VENUE_GROUPS
            .iter()
            .filter(|group| group.holds(Some(venue)) == Some(true));
        holding.map(|group| group.name).collect()
    }

    #[test]
    fn names_of_journals_say_what_they_are() {
        assert_eq!(groups_of("Macquarie Law Journal"), ["law"]);
        assert_eq!(groups_of("Science and Engineering Ethics"), ["philosophy"]);
        assert_eq!(
            groups_of("International Journal of Law, Ethics and Technology"),
            ["law", "philosophy"]
        );
        assert_eq!(groups_of("Revista Brasileira de Direito"), ["Global South"]);
        assert!(groups_of("Nature Communications").is_empty());
        assert!(groups_of("Philosophical Transactions of the Royal Society B").is_empty());
        assert_eq!(VENUE_GROUPS[0].holds(None), None);
    }
}
