//! What of a record is indexed, and how.

use tantivy::schema::{
    Field, IndexRecordOption, NumericOptions, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{Index, TantivyDocument};

use crate::text::{Analyzer, Form};
use crate::{Error, Record};

/// Names of the analyzers in an index.
const SCORED: &str = "scored";
const STEMS: &str = "stems";
const FOLDED: &str = "folded";

/// Fields of the index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    /// Number of the record, which stays when the record is completed.
    pub(crate) number: Field,
    /// Title twice, abstract, keywords and headings, for scores.
    pub(crate) text: Field,
    /// Words of the same as they are written, for beginnings and near spellings.
    pub(crate) forms: Field,
    /// Each for phrases and for `field:`.
    pub(crate) title: Field,
    pub(crate) abstract_text: Field,
    pub(crate) keywords: Field,
    pub(crate) mesh: Field,
    pub(crate) venue: Field,
    pub(crate) author: Field,
    /// Ids with their kind in front.
    pub(crate) id: Field,
    /// What merging compares when ids are silent.
    pub(crate) same: Field,
    /// Ids of what is cited.
    pub(crate) cites: Field,
    /// Columns for filters and counts.
    pub(crate) year: Field,
    pub(crate) kind: Field,
    pub(crate) flags: Field,
    pub(crate) language: Field,
    pub(crate) source: Field,
    pub(crate) venue_name: Field,
    /// Logit of P(ELSI), and a bit for each aspect.
    pub(crate) elsi: Field,
    pub(crate) aspects: Field,
    /// The whole record.
    pub(crate) record: Field,
}

/// Bits of the column of flags.
pub(crate) mod flag {
    pub(crate) const OPEN_ACCESS: u64 = 1;
    pub(crate) const RETRACTED: u64 = 2;
    pub(crate) const HAS_ABSTRACT: u64 = 4;
    pub(crate) const HAS_REFERENCES: u64 = 8;
}

impl Fields {
    pub(crate) fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let text = |tokenizer: &str, option: IndexRecordOption| {
            TextOptions::default().set_indexing_options(
                TextFieldIndexing::default()
                    .set_tokenizer(tokenizer)
                    .set_index_option(option),
            )
        };
        let phrases = || text(STEMS, IndexRecordOption::WithFreqsAndPositions);
        let column = || NumericOptions::default().set_fast();
        let name = || TextOptions::default().set_fast("raw");
        let fields = Self {
            number: schema.add_u64_field("number", column().set_indexed()),
            text: schema.add_text_field("text", text(SCORED, IndexRecordOption::WithFreqs)),
            forms: schema.add_text_field("forms", text(FOLDED, IndexRecordOption::Basic)),
            title: schema.add_text_field("title", phrases()),
            abstract_text: schema.add_text_field("abstract", phrases()),
            keywords: schema.add_text_field("keywords", phrases()),
            mesh: schema.add_text_field("mesh", phrases()),
            venue: schema.add_text_field("venue", phrases()),
            author: schema.add_text_field("author", phrases()),
            id: schema.add_text_field("id", STRING),
            same: schema.add_text_field("same", STRING),
            cites: schema.add_text_field("cites", STRING),
            year: schema.add_i64_field("year", column()),
            kind: schema.add_u64_field("kind", column()),
            flags: schema.add_u64_field("flags", column()),
            language: schema.add_text_field("language", name()),
            source: schema.add_text_field("source", name()),
            venue_name: schema.add_text_field("venue_name", name()),
            elsi: schema.add_f64_field("elsi", column()),
            aspects: schema.add_u64_field("aspects", column()),
            // tantivy reads text at once, and bytes one by one.
            record: schema.add_text_field("record", TextOptions::default().set_stored()),
        };
        (schema.build(), fields)
    }

    /// Name of the column of numbers.
    #[expect(clippy::unused_self, reason = "names of fields are asked of the fields")]
    pub(crate) fn number_of(&self) -> &'static str {
        "number"
    }

    pub(crate) fn register_analyzers(index: &Index) {
        for (name, form) in [
            (SCORED, Form::Scored),
            (STEMS, Form::Stems),
            (FOLDED, Form::Folded),
        ] {
            index
                .tokenizers()
                .register(name, TextAnalyzer::from(Analyzer::new(form)));
        }
    }

    /// A record as the index takes it.
    pub(crate) fn document(
        &self,
        number: u32,
        record: &Record,
        same: &str,
        assessment: Assessment,
    ) -> Result<TantivyDocument, Error> {
        let mut document = TantivyDocument::default();
        document.add_u64(self.number, u64::from(number));
        document.add_text(self.text, &record.title);
        document.add_text(self.text, &record.title);
        document.add_text(self.text, &record.abstract_text);
        document.add_text(self.forms, &record.title);
        document.add_text(self.forms, &record.abstract_text);
        document.add_text(self.title, &record.title);
        document.add_text(self.abstract_text, &record.abstract_text);
        for (field, words) in [(self.keywords, &record.keywords), (self.mesh, &record.mesh)] {
            for word in words {
                document.add_text(field, word);
                document.add_text(self.text, word);
                document.add_text(self.forms, word);
            }
        }
        for author in &record.authors {
            document.add_text(self.author, author.listed());
        }
        if let Some(venue) = &record.venue {
            document.add_text(self.venue, venue);
            document.add_text(self.venue_name, venue);
        }
        for id in record.ids.all() {
            document.add_text(self.id, id);
        }
        // A judgement that was made before the record had an id still finds it.
        document.add_text(self.id, record.title_id());
        document.add_text(self.same, same);
        for cited in &record.references {
            document.add_text(self.cites, cited);
        }
        if let Some(year) = record.year {
            document.add_i64(self.year, i64::from(year));
        }
        let kind = crate::Kind::ALL.iter().position(|kind| *kind == record.kind);
        document.add_u64(self.kind, kind.unwrap_or(0) as u64);
        let flags = [
            (flag::OPEN_ACCESS, record.open_access == Some(true)),
            (flag::RETRACTED, record.retracted),
            (flag::HAS_ABSTRACT, !record.abstract_text.is_empty()),
            (flag::HAS_REFERENCES, !record.references.is_empty()),
        ];
        let flags = flags.iter().filter(|(_, on)| *on).map(|(flag, _)| flag).sum();
        document.add_u64(self.flags, flags);
        for (field, text) in [
            (self.language, record.language.as_deref()),
            (self.source, Some(&*record.source)),
        ] {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                document.add_text(field, text);
            }
        }
        document.add_f64(self.elsi, f64::from(assessment.elsi));
        document.add_u64(self.aspects, u64::from(assessment.aspects));
        let whole = serde_json::to_string(record).map_err(|error| Error::bug(&error))?;
        document.add_text(self.record, whole);
        Ok(document)
    }
}

/// What the classifier says of a record.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Assessment {
    /// Logit of P(ELSI).
    pub(crate) elsi: f32,
    /// A bit for each aspect that it is about.
    pub(crate) aspects: u32,
}
