//! Documents, what in them concerns ethics, law and society, and which of them to read.

mod dense;
mod elsi;
mod error;
pub mod fetch;
mod gazetteer;
mod lexicon;
mod library;
mod merge;
mod phrases;
mod query;
mod rank;
mod read;
mod record;
mod search;
mod sheet;
mod text;
mod write;

pub use dense::{
    AcceptedWeights, DistillOptions, Lsa, LsaOptions, MiniLm, StaticTable, Vectors, WordPiece, distill,
    distill_file,
};
pub use elsi::{
    AspectMeasures, AspectModel, AspectRegression, BUNDLED_JUDGEMENTS, Balance, Classifier, Coefficients,
    Example, Judgement, Learnt, TrainOptions, Verdict, train, train_aspects,
};
pub use error::Error;
pub use gazetteer::{BridgeKind, BridgeTerm, Gazetteer};
pub use lexicon::{Aspect, AspectEntry, CueHit, Lexicon, MAX_ASPECTS, Scan, TriggerHit};
pub use library::{DenseKind, Ingested, Library, LibraryFacts, LibraryOptions, Verified, Writer, rebuild};
pub use merge::{Conflict, Merger, Met, merge, merge_key};
pub use query::QueryDocument;
pub use rank::{
    AspectReason, Covered, Feedback, Filter, Part, Question, Reasons, RecommendOptions, Recommendation,
    Recommended, Recommender, SentencePair, Standing, Twin, Weights, WordShare,
};
pub use read::text::without_entities;
pub use read::{ColumnMap, Format, Problem, ReadRecords, ReadReport, read_records};
pub use record::{Author, Ids, Kind, Record, clean_doi, clean_openalex, clean_pmcid, clean_pmid};
pub use search::{Facet, Facets, Found, SearchHit, SearchOptions, Snippet};
pub use text::porter;
pub use write::{write_bibtex, write_csl_json, write_csv, write_jsonl, write_ris};
