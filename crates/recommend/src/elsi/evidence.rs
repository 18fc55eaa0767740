use crate::Record;
use crate::lexicon::{CueHit, Lexicon};

/// How much less a cue in an abstract says than one in a title: abstracts name many things on the way.
const ABSTRACT: f64 = 0.6;

/// What the cues of a lexicon say of a document. Each number is in `[0, 1]`: `1 - Π (1 - weight)` over different cues.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Evidence {
    /// Of anything in the lexicon.
    pub(crate) any: f64,
    /// Of the title alone.
    pub(crate) title: f64,
    /// Of the journal's name.
    pub(crate) venue: f64,
    /// Of keywords and subject headings.
    pub(crate) headings: f64,
    /// Of each aspect.
    pub(crate) aspects: Vec<f64>,
}

impl Evidence {
    pub(crate) fn of(lexicon: &Lexicon, record: &Record) -> Self {
        let count = lexicon.aspects().len();
        let in_title = Part::of(count, &lexicon.cues_in(&record.title));
        let in_abstract = Part::of(count, &lexicon.cues_in(&record.abstract_text));
        let in_venue = Part::of(
            count,
            &lexicon.cues_in(record.venue.as_deref().unwrap_or_default()),
        );
        let mut headings = record.keywords.join(". ");
        headings.push_str(". ");
        headings.push_str(&record.mesh.join(". "));
        let mut in_headings = Part::of(count, &lexicon.cues_in(&headings));
        for (place, aspect) in lexicon.aspects().iter().enumerate() {
            if aspect.heading_of(record).is_some() {
                in_headings.aspects[place] = both(in_headings.aspects[place], 0.8);
                in_headings.any = both(in_headings.any, 0.8);
            }
        }
        let together = |title: f64, text: f64, headings: f64| both(both(title, ABSTRACT * text), headings);
        Self {
            any: together(in_title.any, in_abstract.any, in_headings.any),
            title: in_title.any,
            venue: in_venue.any,
            headings: in_headings.any,
            aspects: (0..count)
                .map(|place| {
                    together(
                        in_title.aspects[place],
                        in_abstract.aspects[place],
                        in_headings.aspects[place],
                    )
                })
                .collect(),
        }
    }
}

/// That at least one of two is right.
pub(super) fn both(a: f64, b: f64) -> f64 {
    1.0 - (1.0 - a) * (1.0 - b)
}

struct Part {
    any: f64,
    aspects: Vec<f64>,
}

impl Part {
    fn of(aspects: usize, hits: &[CueHit<'_>]) -> Self {
        let mut part = Self {
            any: 0.0,
            aspects: vec![0.0; aspects],
        };
        let mut seen: Vec<(Option<usize>, &str)> = Vec::new();
        for hit in hits {
            let aspect = hit.aspect.map(crate::lexicon::Aspect::index);
            let key = (aspect, hit.cue);
            if seen.contains(&key) {
                continue;
            }
            // A cue of several aspects is one sign that a document is on such matters at all.
            if !seen.iter().any(|(_, cue)| *cue == hit.cue) {
                part.any = both(part.any, hit.weight);
            }
            seen.push(key);
            if let Some(place) = aspect {
                part.aspects[place] = both(part.aspects[place], hit.weight);
            }
        }
        part
    }
}
