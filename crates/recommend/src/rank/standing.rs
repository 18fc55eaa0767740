use serde::Serialize;

use super::{Filter, Question, RecommendOptions, Recommendation, Recommender};
use crate::Error;
use crate::library::Library;

/// Places that are looked at.
const LOOKED: usize = 100;

/// Where a document stands in the list for a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Standing {
    /// Its place, from 1, among the first 100, or that of the document that it stands beside; absent if it has none.
    pub place: Option<usize>,
    /// Id of the document of nearly the same title that has the place, if it is not itself.
    pub beside: Option<String>,
    /// Why it has none, as what follows "it is not recommended: ".
    pub why_not: Option<String>,
}

impl Recommender<'_> {
    /// The place of a document in the list for a text, or why it has none. The limit of the options is not looked at.
    ///
    /// # Errors
    ///
    /// Those of [`recommend`](Recommender::recommend), and if the library has no such document.
    pub fn standing(
        &self,
        question: &Question,
        id: &str,
        options: &RecommendOptions,
    ) -> Result<Standing, Error> {
        let number = self.known(id)?;
        let mut options = options.clone();
        options.limit = LOOKED;
        let done = self.recommend(question, &options)?;
        let is_it = |item: &Recommendation| {
            item.number == number || item.also.iter().any(|twin| twin.number == number)
        };
        let place = done.items.iter().position(is_it);
        let why_not = match place {
            Some(_) => None,
            None if self.is_own(question, number)? => {
                Some("it is the record of this very text, or begins as it does".into())
            }
            None if self.is_named(number, &options)? => {
                Some("you named it with `--like` or `--dislike`, so that you know it".into())
            }
            None => Some(match options.filter.refuses(self.library(), number)? {
                Some(why) => why,
                None if done.abstained.is_some() => done.abstained.unwrap_or_default(),
                None if done.items.len() == LOOKED => {
                    format!("{LOOKED} other documents come before it")
                }
                None => {
                    "it has too little in common with this text, and `--never-abstain` lists it all the same"
                        .into()
                }
            }),
        };
        let holder = place.map(|place| &done.items[place]);
        Ok(Standing {
            place: place.map(|place| place + 1),
            beside: holder
                .filter(|item| item.number != number)
                .map(|item| item.record.id()),
            why_not,
        })
    }

    /// Whether somebody said that a document is liked, or not.
    fn is_named(&self, number: u32, options: &RecommendOptions) -> Result<bool, Error> {
        for (id, _) in options.feedback.each() {
            if self.known(id)? == number {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Filter {
    /// The first condition that a document does not meet; `None` if it passes.
    fn refuses(&self, library: &Library, number: u32) -> Result<Option<String>, Error> {
        let all = Self {
            retracted: true,
            ..Self::default()
        };
        let row = &library.rows[number];
        let alone = [
            (
                Self {
                    retracted: self.retracted,
                    ..all.clone()
                },
                "it was retracted, and `--retracted` is not given".to_owned(),
            ),
            (
                Self {
                    elsi: self.elsi,
                    ..all.clone()
                },
                format!(
                    "its P(ELSI) is {:.2}, below the {} of `--elsi`",
                    row.chance_of_elsi(),
                    self.elsi
                ),
            ),
            (
                Self {
                    years: self.years.clone(),
                    ..all.clone()
                },
                match row.year() {
                    Some(year) => format!("it is of {year}, which `--year` leaves out"),
                    None => "its year is not known, and `--year` is given".into(),
                },
            ),
            (
                Self {
                    kinds: self.kinds.clone(),
                    ..all.clone()
                },
                "it is of none of the types of `--type`, as far as its record says".into(),
            ),
            (
                Self {
                    open_access: self.open_access,
                    ..all.clone()
                },
                "its record does not say that it is open access, as `--open-access` wants".into(),
            ),
            (
                Self {
                    aspects: self.aspects.clone(),
                    ..all.clone()
                },
                "it is about none of the aspects of `--aspect`".into(),
            ),
            (
                Self {
                    languages: self.languages.clone(),
                    ..all.clone()
                },
                "its record names none of the languages of `--language`".into(),
            ),
            (
                Self {
                    sources: self.sources.clone(),
                    ..all.clone()
                },
                "its record is from none of the sources of `--source`".into(),
            ),
            (
                Self {
                    hide: self.hide.clone(),
                    ..all.clone()
                },
                "`--hide` names it".into(),
            ),
            (
                Self {
                    query: self.query.clone(),
                    ..all.clone()
                },
                "the query of `--only` does not find it".into(),
            ),
            (
                Self {
                    from_number: self.from_number,
                    ..all
                },
                "it came to the library before what is looked at".into(),
            ),
        ];
        for (filter, why) in alone {
            if !filter.passing(library, &mut Vec::new())?.contains(number) {
                return Ok(Some(why));
            }
        }
        Ok(None)
    }
}
