use std::borrow::Cow;
use std::path::{Path, PathBuf};

use counterpoise_base::Observer;
use rayon::prelude::*;

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
    /// A table of words of one's own, from the file that [`distill_file`](crate::distill_file) wrote. It has to stay as it is for
    /// as long as the library is in use.
    Table(PathBuf),
    /// MiniLM, from its wheel or a folder.
    MiniLm(PathBuf),
    /// None: words alone.
    Words,
}

impl DenseKind {
    /// From the names `static`, `lsa`, `words`, `table:PATH` and `minilm:PATH`. A path is made absolute, so that the library opens
    /// from any folder.
    ///
    /// # Errors
    ///
    /// If it is none of them.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        let path = |kind: &str| {
            let path = name.strip_prefix(kind).filter(|path| !path.is_empty())?;
            Some(std::path::absolute(path).unwrap_or_else(|_| path.into()))
        };
        let unknown = || Error::OutOfRange {
            option: "dense",
            value: format!("`{name}`"),
            range: "static, lsa, words, table:PATH, where PATH is what `counterpoise elsi distill` wrote, or minilm:PATH, where PATH is the wheel or its folder",
        };
        match name {
            "static" => Ok(Self::Static),
            "lsa" => Ok(Self::Lsa),
            "words" => Ok(Self::Words),
            _ => path("table:")
                .map(Self::Table)
                .or_else(|| path("minilm:").map(Self::MiniLm))
                .ok_or_else(unknown),
        }
    }

    /// The name that [`from_name`](Self::from_name) reads.
    pub fn name(&self) -> String {
        match self {
            Self::Static => "static".into(),
            Self::Lsa => "lsa".into(),
            Self::Table(path) => format!("table:{}", path.display()),
            Self::MiniLm(path) => format!("minilm:{}", path.display()),
            Self::Words => "words".into(),
        }
    }
}

/// Turns texts into vectors of length 1.
#[derive(Debug)]
pub(crate) enum Embedder {
    Static(Cow<'static, StaticTable>),
    Lsa(Box<Lsa>),
    MiniLm(Box<MiniLm>),
    Words,
}

impl Embedder {
    /// `lsa` is the file of what was learnt.
    pub(crate) fn open(kind: &DenseKind, lsa: Option<&Path>) -> Result<Self, Error> {
        Ok(match kind {
            DenseKind::Static => Self::Static(Cow::Borrowed(StaticTable::bundled())),
            DenseKind::Table(path) => {
                let bytes = std::fs::read(path).map_err(|source| Error::read(path, source))?;
                let table = StaticTable::read(&bytes, &path.display().to_string())?;
                Self::Static(Cow::Owned(table))
            }
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

    /// Vectors of records, in their order; absent where there is no dense leg. The same for any number of threads.
    pub(crate) fn embed_records(
        &self,
        records: &[&Record],
        observer: &dyn Observer,
    ) -> Result<Vec<Option<Vec<f32>>>, Error> {
        let text = |record: &Record| format!("{}. {}", record.title, record.abstract_text);
        let Self::MiniLm(model) = self else {
            return Ok(records
                .par_iter()
                .map(|record| self.embed(&text(record)))
                .collect());
        };
        // A network is quicker with many texts than with one.
        let texts: Vec<String> = records.iter().map(|record| text(record)).collect();
        let vectors = model.embed(&texts, observer)?;
        Ok(vectors
            .chunks_exact(MiniLm::DIMS)
            .map(|vector| Some(vector.to_vec()))
            .collect())
    }
}

/// Makes a vector one of length 1; one of zeros stays.
pub(crate) fn to_unit(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
}
