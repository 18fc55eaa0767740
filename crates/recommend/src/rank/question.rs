use crate::gazetteer::Gazetteer;
use crate::query::QueryDocument;
use crate::{Error, Ids};

/// What a recommendation is asked for.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Question {
    /// Title, or nothing.
    pub title: String,
    /// Abstract, manuscript or description.
    pub text: String,
    /// More technical words: parts of a design, features of a sequence.
    pub technical: Vec<String>,
    /// More bridge words: organisms, uses.
    pub bridge: Vec<String>,
    /// Ids of what it cites.
    pub references: Vec<String>,
    /// Its own ids; a document with one of them is never recommended.
    pub own: Vec<String>,
    /// What it is, for people: `abstract.txt`, `pmid:123`.
    pub name: String,
    /// What was noticed when it was read.
    pub notes: Vec<String>,
}

fn is_control(sign: char) -> bool {
    sign.is_control() && !matches!(sign, '\n' | '\t' | '\r')
}

/// Longest text that is read, in bytes; what follows adds no word that counts.
const LONGEST: usize = 5 << 20;

impl Question {
    /// From a pasted text.
    ///
    /// # Errors
    ///
    /// If it holds no word.
    pub fn from_text(text: &str, name: &str) -> Result<Self, Error> {
        let mut question = Self {
            text: text.trim().to_owned(),
            name: name.into(),
            ..Self::default()
        };
        question.check()?;
        Ok(question)
    }

    /// From a manuscript, a GenBank record or an SBOL design, by the bytes of its file.
    ///
    /// # Errors
    ///
    /// Those of [`QueryDocument::read`].
    pub fn from_document(file: &str, bytes: &[u8]) -> Result<Self, Error> {
        let document = QueryDocument::read(file, bytes, &Gazetteer::bundled())?;
        let mut question = Self {
            title: document.title,
            text: document.text,
            technical: document.technical,
            bridge: document.bridge,
            references: document.references,
            own: own(&document.own_ids),
            name: format!("{file} ({})", document.what),
            notes: document.notes,
        };
        question.check()?;
        Ok(question)
    }

    /// From a record, whose references and ids are known.
    ///
    /// # Errors
    ///
    /// If it holds no word.
    pub fn from_record(record: &crate::Record, name: &str) -> Result<Self, Error> {
        let mut question = Self {
            title: record.title.clone(),
            text: record.abstract_text.clone(),
            technical: record.keywords.clone(),
            references: record.references.clone(),
            own: own(&record.ids),
            name: name.into(),
            ..Self::default()
        };
        question.check()?;
        Ok(question)
    }

    /// Cuts what is too long, and notes what looks odd.
    ///
    /// # Errors
    ///
    /// If it holds no word.
    pub fn check(&mut self) -> Result<(), Error> {
        if self.text.len() > LONGEST {
            self.text.truncate(self.text.floor_char_boundary(LONGEST));
            self.notes
                .push("the text is longer than 5 MB; the rest was not read".into());
        }
        // A terminal obeys some of them.
        for text in [&mut self.title, &mut self.text] {
            if text.contains(is_control) {
                *text = text.replace(is_control, " ");
            }
        }
        let mut words = 0;
        let whole = self.whole();
        crate::text::fold(&whole, |word| words += usize::from(word.text.len() > 1));
        if words == 0 {
            return Err(Error::NoWords {
                what: self.name.clone(),
            });
        }
        if let Some(language) = crate::text::other_language(&whole) {
            self.notes.push(format!("the text looks {language}; words are compared as English ones, so translate it for better results"));
        }
        Ok(())
    }

    /// Title and text.
    pub(crate) fn whole(&self) -> String {
        match (self.title.is_empty(), self.text.is_empty()) {
            (true, _) => self.text.clone(),
            (_, true) => self.title.clone(),
            _ => format!("{}\n{}", self.title, self.text),
        }
    }
}

/// Ids that other libraries know too.
fn own(ids: &Ids) -> Vec<String> {
    ids.all().collect()
}
