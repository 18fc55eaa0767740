use std::path::{Path, PathBuf};

use crate::dense::{Lsa, MiniLm, StaticTable};
use crate::text::{Analyzer, Form};
use crate::{Error, Record};

/// Where the meaning of texts comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DenseKind {
    /// The table of words that comes with the program.
    #[default]
    Static,
    /// Latent semantic analysis of the library itself.
    Lsa,
    /// MiniLM, from its wheel or a folder.
    MiniLm(PathBuf),
    /// None: words alone.
    Words,
}

impl DenseKind {
    /// From the names `static`, `lsa`, `words`, and `minilm:PATH`.
    ///
    /// # Errors
    ///
    /// If it is none of them.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        match name {
            "static" => Ok(Self::Static),
            "lsa" => Ok(Self::Lsa),
            "words" => Ok(Self::Words),
            other => match other.strip_prefix("minilm:") {
                Some(path) if !path.is_empty() => Ok(Self::MiniLm(path.into())),
                _ => Err(Error::OutOfRange {
                    option: "dense",
                    value: format!("`{name}`"),
                    range: "static, lsa, words, or minilm:PATH, where PATH is the wheel or its folder",
                }),
            },
        }
    }

    /// The name that [`from_name`](Self::from_name) reads.
    pub fn name(&self) -> String {
        match self {
            Self::Static => "static".into(),
            Self::Lsa => "lsa".into(),
            Self::MiniLm(path) => format!("minilm:{}", path.display()),
            Self::Words => "words".into(),
        }
    }
}

/// Turns texts into vectors of length 1.
#[derive(Debug)]
pub(crate) enum Embedder {
    Static(&'static StaticTable),
    Lsa(Box<Lsa>),
    MiniLm(Box<MiniLm>),
    Words,
}

impl Embedder {
    /// `lsa` is the file of what was learnt.
    pub(crate) fn open(kind: &DenseKind, lsa: Option<&Path>) -> Result<Self, Error> {
        Ok(match kind {
            DenseKind::Static => Self::Static(StaticTable::bundled()),
            DenseKind::Words => Self::Words,
            DenseKind::MiniLm(path) => Self::MiniLm(Box::new(MiniLm::open(path)?)),
            DenseKind::Lsa => match lsa {
                Some(path) => {
                    let bytes = std::fs::read(path).map_err(|source| Error::read(path, source))?;
                    Self::Lsa(Box::new(Lsa::from_bytes(&bytes, &path.display().to_string())?))
                }
                None => Self::Words,
            },
        })
    }

    pub(crate) fn dims(&self) -> usize {
        match self {
            Self::Static(table) => table.dims(),
            Self::Lsa(lsa) => lsa.dims(),
            Self::MiniLm(_) => MiniLm::DIMS,
            Self::Words => 0,
        }
    }

    /// `None` where there is no dense leg.
    pub(crate) fn embed(&self, text: &str) -> Option<Vec<f32>> {
        match self {
            Self::Static(table) => Some(table.embed(text)),
            Self::Lsa(lsa) => {
                let terms = Analyzer::new(Form::Scored).list(text);
                Some(lsa.embed(terms.iter().map(String::as_str)))
            }
            // The only error is a stop, which nobody asks for here.
            Self::MiniLm(model) => model.embed(&[text], &()).ok(),
            Self::Words => None,
        }
    }

    pub(crate) fn embed_record(&self, record: &Record) -> Option<Vec<f32>> {
        self.embed(&format!("{}. {}", record.title, record.abstract_text))
    }
}

/// Makes a vector one of length 1; one of zeros stays.
pub(crate) fn to_unit(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
}
