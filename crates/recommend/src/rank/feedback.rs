use serde::{Deserialize, Serialize};

use crate::Error;

/// Documents that were liked or not, in the order in which that was said. The last word on a document counts.
///
/// # Source
///
/// Rocchio (1971), with the constants that became usual: the query counts 1, the mean of what is liked 0.75, the mean of what is
/// not 0.15. Both the words and the vector of the query move.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    said: Vec<(String, bool)>,
}

/// Weight of what is liked.
pub(crate) const LIKED: f32 = 0.75;
/// Weight of what is not.
pub(crate) const DISLIKED: f32 = 0.15;

impl Feedback {
    /// More like this document; by one of its ids.
    pub fn like(&mut self, id: impl Into<String>) {
        self.said.push((id.into(), true));
    }

    /// Less like this document.
    pub fn dislike(&mut self, id: impl Into<String>) {
        self.said.push((id.into(), false));
    }

    /// Says what is liked and what not, both at once.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if one document is said to be both, whatever the spelling of its id.
    pub fn say(&mut self, liked: &[String], disliked: &[String]) -> Result<(), Error> {
        if let Some(both) = disliked
            .iter()
            .find(|id| liked.iter().any(|other| normal(other) == normal(id)))
        {
            return Err(Error::OutOfRange {
                option: "dislike",
                value: format!("`{both}`"),
                range: "a document that is not liked at the same time",
            });
        }
        liked.iter().for_each(|id| self.like(id));
        disliked.iter().for_each(|id| self.dislike(id));
        Ok(())
    }

    /// Takes the last word back, and returns whom it was about.
    pub fn undo(&mut self) -> Option<String> {
        self.said.pop().map(|(id, _)| id)
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    /// Every word, in order: an id, and whether it is liked.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, bool)> {
        self.said.iter().map(|(id, liked)| (id.as_str(), *liked))
    }

    /// Documents that are liked, or not, as it stands, in the order in which they were first named.
    pub fn that_are(&self, liked: bool) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for (id, _) in &self.said {
            let last = self.said.iter().rev().find(|(other, _)| other == id);
            if last.is_some_and(|(_, said)| *said == liked) && !found.contains(&id.as_str()) {
                found.push(id);
            }
        }
        found
    }
}

/// An id in one spelling.
fn normal(id: &str) -> String {
    let id = id.trim();
    let cleaned = crate::clean_doi(id)
        .or_else(|| crate::clean_pmcid(id))
        .or_else(|| crate::clean_openalex(id.strip_prefix("openalex:").unwrap_or(id)))
        .or_else(|| crate::clean_pmid(id));
    cleaned.unwrap_or_else(|| id.strip_prefix("local:").unwrap_or(id).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_document_cannot_be_liked_and_disliked_at_once() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<String>>();
        let check = |liked: &[&str], disliked: &[&str], fine: bool| {
            let mut feedback = Feedback::default();
            let said = feedback.say(&ids(liked), &ids(disliked));
            assert_eq!(said.is_ok(), fine, "{liked:?} {disliked:?}");
            assert_eq!(feedback.is_empty(), !fine);
        };
        check(&["a"], &["b"], true);
        check(&["a"], &["a"], false);
        check(&["x", "10.1000/ab"], &["https://doi.org/10.1000/AB"], false);
        check(&["pmid:123"], &["123"], false);
        check(&["mine"], &["local:mine"], false);
    }

    #[test]
    fn the_last_word_counts_and_can_be_taken_back() {
        let mut feedback = Feedback::default();
        feedback.like("a");
        feedback.dislike("b");
        feedback.dislike("a");
        assert_eq!(feedback.that_are(true), Vec::<&str>::new());
        assert_eq!(feedback.that_are(false), ["a", "b"]);
        assert_eq!(feedback.undo().as_deref(), Some("a"));
        assert_eq!(feedback.that_are(true), ["a"]);
    }
}
