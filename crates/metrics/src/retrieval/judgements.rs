use std::collections::BTreeMap;

/// What people judged: a grade for a document, given a query.
///
/// Grade 0 is judged and not relevant, a higher one is more relevant; a negative one counts as not judged relevant
/// everywhere, and as not judged in [`Bpref`](super::RankingMeasure::Bpref).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgements(BTreeMap<String, BTreeMap<String, i32>>);

impl Judgements {
    /// No judgements yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a grade, and gives the one that stood there before.
    pub fn insert(
        &mut self,
        query: impl Into<String>,
        document: impl Into<String>,
        grade: i32,
    ) -> Option<i32> {
        self.0
            .entry(query.into())
            .or_default()
            .insert(document.into(), grade)
    }

    /// Grades of the documents of a query, by document id.
    pub fn of(&self, query: &str) -> Option<&BTreeMap<String, i32>> {
        self.0.get(query)
    }

    /// Queries and the grades of their documents, by query id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, i32>)> {
        self.0.iter().map(|(query, grades)| (query.as_str(), grades))
    }

    /// Number of grades.
    pub fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
