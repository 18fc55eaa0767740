use serde::Serialize;

use super::{Library, flag};
use crate::search::{Facet, Facets, Numbers};

/// What a library holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LibraryFacts {
    /// Documents.
    pub documents: usize,
    /// Documents with an abstract.
    pub with_abstract: usize,
    /// Documents that say what they cite.
    pub with_references: usize,
    /// Documents with P(ELSI) of a half or more.
    pub elsi: usize,
    /// Documents that were retracted.
    pub retracted: usize,
    /// Years, the first and the last.
    pub years: Option<(i32, i32)>,
    /// Documents of each aspect.
    pub aspects: Vec<Facet>,
    /// Documents of each source.
    pub sources: Vec<Facet>,
    /// Where meaning comes from.
    pub dense: String,
    /// What P(ELSI) was learnt from.
    pub classifier: String,
    /// Times that records were ingested.
    pub ingests: u32,
    /// Bytes of the index on disk.
    pub bytes: u64,
}

impl LibraryFacts {
    pub(super) fn of(library: &Library) -> Self {
        let mut all = Numbers::none(library.manifest.records);
        all.not();
        let facets = Facets::count(library, &all, usize::MAX);
        let with = |flag| library.rows.iter().filter(|(_, row)| row.has(flag)).count();
        let years: Vec<i32> = library.rows.iter().filter_map(|(_, row)| row.year()).collect();
        Self {
            documents: library.len(),
            with_abstract: with(flag::HAS_ABSTRACT),
            with_references: with(flag::HAS_REFERENCES),
            elsi: facets.elsi,
            retracted: facets.retracted,
            years: years.iter().min().copied().zip(years.iter().max().copied()),
            aspects: facets.aspect,
            sources: facets.source,
            dense: library.manifest.dense.clone(),
            classifier: library.manifest.classifier.clone(),
            ingests: library.manifest.logs,
            bytes: super::size(&library.index),
        }
    }

    /// Names and values, for people.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let listed = |facets: &[Facet]| {
            facets
                .iter()
                .map(|facet| format!("{} {}", facet.value, facet.count))
                .collect::<Vec<_>>()
                .join(", ")
        };
        vec![
            ("documents", self.documents.to_string()),
            ("with an abstract", self.with_abstract.to_string()),
            ("that say what they cite", self.with_references.to_string()),
            ("on ethics, law and society", self.elsi.to_string()),
            ("retracted", self.retracted.to_string()),
            (
                "years",
                self.years
                    .map_or("none".into(), |(first, last)| format!("{first} to {last}")),
            ),
            ("aspects", listed(&self.aspects)),
            ("sources", listed(&self.sources)),
            ("meaning", self.dense.clone()),
            ("P(ELSI)", self.classifier.clone()),
            ("ingests", self.ingests.to_string()),
            ("index", format!("{:.1} MB", self.bytes as f64 / 1e6)),
        ]
    }
}
