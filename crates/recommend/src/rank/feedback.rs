use serde::{Deserialize, Serialize};

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

    /// Takes the last word back, and returns whom it was about.
    pub fn undo(&mut self) -> Option<String> {
        self.said.pop().map(|(id, _)| id)
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.said.is_empty()
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

#[cfg(test)]
mod tests {
    use super::*;

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
