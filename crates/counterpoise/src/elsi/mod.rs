//! The ELSI recommender: files in, libraries, and what comes out of them.

mod beside;
mod bundled;
mod distil;
mod evaluate;
mod export;
mod gold;
mod ingest;
mod judge;
mod learn;
mod lock;
mod question;
mod recipe;
mod runs;
mod silver;
mod venues;
mod watch;

pub use beside::MeasuredRun;
pub use bundled::{BundledTitles, QUICKSTART_TEXT, TITLES, bundled_library, bundled_titles, first_reading};
pub use counterpoise_recommend::fetch::{
    ApiKey, BaseUrls, FetchFolder, FetchOptions, FetchQuery, FetchSummary, Preset as FetchPreset,
    Source as FetchSource, WAITING as FETCH_WAITS, fetch,
};
pub use counterpoise_recommend::{
    AcceptedWeights, AspectMeasures, AspectModel, AspectReason, Balance, Classifier, Coefficients, ColumnMap,
    Covered, DenseKind, DistillOptions, Error as RecommendError, Example, Facet, Facets, Feedback, Filter,
    Format as RecordFormat, Found, Gazetteer, Ids, Ingested, Judgement, Kind as DocumentKind, Lexicon,
    Library, LibraryFacts, LibraryOptions, Part as ScorePart, Problem, Question, Reasons, RecommendOptions,
    Recommendation, Recommended, Recommender, Record, SearchHit, SearchOptions, SentencePair, Snippet,
    Standing, Twin, Weights, WordShare, rebuild as rebuild_library,
};
pub use distil::{DistilledTable, distill_table};
pub use evaluate::{EngineCheck, engine_check};
pub use export::{ExportFormat, export};
pub use gold::{GoldCheck, GoldOptions, GoldSides, gold_check};
pub use ingest::{IngestReport, ReadFile, RecordFile, UnreadFile, cannot_read, ingest};
pub use judge::{
    Queue, Relevance, Screened, Waiting, pool, read_judgements, read_relevance, screen, write_lines,
};
pub use learn::{Balanced, LearnElsi, LearntElsi, learn_elsi};
pub use lock::FileLock;
pub use question::read_question;
pub(crate) use recipe::{Gate, Recipe, TOPICS, read_by_paper};
pub use runs::{RunsCheck, runs_check};
pub use silver::{SilverCheck, SilverRow, silver_check};
pub use venues::{VENUE_GROUPS, VenueGroup};
pub use watch::{News, Watch, Watches, atom, digest, write_digest, write_feed};
