use counterpoise_base::{Groups, Labeled, Labels, Resampled, Warning};
use counterpoise_learn::{Encoder, Learner, Training};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::cells::{Cell, Cells};
use crate::favorable::name;
use crate::{Chooser, Error, Kind, Plan, Resample, Run};

/// Changes the class of as few rows as make the favourable class equally frequent in the privileged group and in the
/// rest: as many rows are promoted outside as are demoted inside.
///
/// Rows near the decision go first: a model ranks all rows, and those are promoted that it finds most favourable, those
/// demoted that it finds least. No row is made, dropped or moved, and the class counts stay. For labels that are believed to
/// be unjust themselves; a model trained on them cannot be measured by them.
///
/// # Source
///
/// Kamiran and Calders, "Data preprocessing techniques for classification without discrimination", Knowledge and
/// Information Systems 33 (2012), section 4.2, Algorithms 1 and 2: `⌈(rate inside - rate outside) · rows inside · rows
/// outside / rows⌉` rows change either way. The ranker is naive Bayes, as in their first paper on it (2009); 2012 they
/// compare rankers and find nearest neighbours gentler. With more than two groups, all but the privileged one are the
/// rest, in one ranking, so that groups within the rest may still differ, which a warning says. Among rows of one
/// score, the first in the table goes first. Cost: one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Massaging {
    /// The favourable class. Unset: `1`, `true` or `yes`, if the other is `0`, `false` or `no`.
    #[serde(alias = "favourable_label", deserialize_with = "name")]
    pub favorable_label: Option<String>,
    /// The group that rows are demoted in. Unset: the one with the largest share of favourable rows.
    #[serde(deserialize_with = "name")]
    pub privileged_group: Option<String>,
    /// The model that ranks rows: the name of any, or its table.
    pub ranker: Ranker,
}

/// The model that ranks rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranker(pub Learner);

/// A model with its default options is its name.
impl Serialize for Ranker {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = self.0.name();
        match Learner::from_name(name) {
            Ok(plain) if plain == self.0 => serializer.serialize_str(name),
            _ => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Ranker {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let value = serde_json::Value::deserialize(deserializer)?;
        let learner = match value {
            serde_json::Value::String(name) => Learner::from_name(&name).map_err(|error| error.to_string()),
            mut table => {
                if let Some(name) = table["name"].as_str() {
                    let canonical = Learner::canonical_name(name).map_err(D::Error::custom)?;
                    table["name"] = canonical.into();
                }
                serde_json::from_value(table).map_err(|error| error.to_string())
            }
        };
        learner.map(Self).map_err(D::Error::custom)
    }
}

impl JsonSchema for Ranker {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Ranker".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The name of a model, or its table.",
            "type": "string",
            "enum": Learner::names(),
        })
    }
}

impl Default for Massaging {
    fn default() -> Self {
        Self {
            favorable_label: None,
            privileged_group: None,
            ranker: Ranker(Learner::NaiveBayes(
                counterpoise_learn::GaussianNaiveBayes::default(),
            )),
        }
    }
}

impl Massaging {
    /// Sets [`favorable_label`](Self::favorable_label).
    pub fn with_favorable_label(mut self, class: impl Into<String>) -> Self {
        self.favorable_label = Some(class.into());
        self
    }

    /// Sets [`privileged_group`](Self::privileged_group).
    pub fn with_privileged_group(mut self, group: impl Into<String>) -> Self {
        self.privileged_group = Some(group.into());
        self
    }

    /// Sets [`ranker`](Self::ranker).
    pub fn with_ranker(mut self, ranker: Learner) -> Self {
        self.ranker = Ranker(ranker);
        self
    }

    /// Who is who in a table.
    fn setting<'a>(&self, labels: &'a Labels, groups: Option<&'a Groups>) -> Result<Setting<'a>, Error> {
        let cells = Cells::new(labels, groups, NAME)?;
        let favorable = cells.favorable(self.favorable_label.as_deref())?;
        let other = cells.other_than(favorable)?;
        let privileged = cells.privileged(self.privileged_group.as_deref(), favorable)?;
        self.ranker.0.check()?;
        Ok(Setting {
            cells,
            other,
            favorable,
            privileged,
        })
    }
}

struct Setting<'a> {
    cells: Cells<'a>,
    other: u32,
    favorable: u32,
    privileged: u32,
}

impl Setting<'_> {
    /// How many rows change class either way; 0 where the privileged group has the smaller rate.
    fn moves(&self) -> usize {
        let cells = &self.cells;
        let inside = cells.of_group(self.privileged) as u128;
        let outside = cells.labels.len() as u128 - inside;
        let favored = cells.count(Cell {
            class: self.favorable,
            group: self.privileged,
        }) as u128;
        let favored_outside = cells.of_class(self.favorable) as u128 - favored;
        // (f/i - g/o) i o / n = (f o - g i) / n, in whole numbers.
        let difference = (favored * outside).saturating_sub(favored_outside * inside);
        difference.div_ceil(inside + outside) as usize
    }

    /// Rows of a class in the privileged group, or outside.
    fn candidates(&self, class: u32, inside: bool) -> Vec<usize> {
        let rows = self.cells.labels.codes().iter().zip(self.cells.groups.codes());
        let fits = |(_, (of, group)): &(usize, (&u32, &u32))| {
            **of == class && (**group == self.privileged) == inside
        };
        rows.enumerate().filter(fits).map(|(row, _)| row).collect()
    }
}

impl Resample for Massaging {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let setting = self.setting(data.labels, data.groups)?;
        if run.chooser == Chooser::Numpy {
            return Err(Error::NoReplay { method: NAME });
        }
        run.tell("ranking rows", 0, 1)?;
        let mut result = Resampled::unchanged(data.rows());
        let moves = setting.moves();
        if moves == 0 {
            result.warnings.extend(setting.nothing_to_do());
            return Ok(result);
        }
        let design = Encoder::fit(&data.features).encode(&data.features);
        let training = Training {
            design: &design,
            labels: data.labels.codes(),
            classes: data.labels.classes(),
            weights: None,
            groups: data.groups,
        };
        let model = self.ranker.0.fit(&training, &run.seed.child(NAME))?;
        let classes = data.labels.classes().len();
        let probabilities = model.probabilities(&design)?;
        let score = |row: usize| probabilities[row * classes + setting.favorable as usize];
        let mut promoted = setting.candidates(setting.other, false);
        promoted.sort_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
        let mut demoted = setting.candidates(setting.favorable, true);
        demoted.sort_by(|&a, &b| score(a).total_cmp(&score(b)).then(a.cmp(&b)));
        let to =
            |rows: Vec<usize>, class: u32| rows.into_iter().take(moves).map(move |row| (row as u32, class));
        result.relabeled = to(promoted, setting.favorable)
            .chain(to(demoted, setting.other))
            .collect();
        result.relabeled.sort_unstable();
        result.warnings.extend(model.warnings().iter().cloned());
        result.warnings.extend(setting.rest_differs(&result));
        Ok(result)
    }

    fn kind(&self) -> Kind {
        Kind::Values
    }

    fn plan(&self, labels: &Labels, groups: Option<&Groups>) -> Result<Plan, Error> {
        // As many rows leave a class as join it.
        Ok(self.setting(labels, groups)?.cells.plan(&[]))
    }
}

impl Setting<'_> {
    /// Says that no row changes, where somebody named a privileged group that is not ahead.
    fn nothing_to_do(&self) -> Option<Warning> {
        let cells = &self.cells;
        let ahead = cells.privileged(None, self.favorable).ok()?;
        (ahead != self.privileged).then(|| {
            let message = format!(
                "no row changes its class: `{}` is not more frequent in group `{}` than in the rest; it is in group `{}`",
                cells.class(self.favorable),
                cells.group(self.privileged),
                cells.group(ahead)
            );
            Warning::new("sampling.nothing-massaged", message)
                .with_hint("leave `privileged_group` out, or name another class with `favorable_label`")
        })
    }

    /// Says how much groups differ that are one to the method.
    fn rest_differs(&self, result: &Resampled) -> Option<Warning> {
        let cells = &self.cells;
        let groups = &cells.with_rows;
        if groups.len() < 3 {
            return None;
        }
        let mut favored = vec![0_usize; cells.groups.classes().len()];
        for row in result.rows() {
            if let counterpoise_base::OutputRow::Kept(input) = row
                && result.class_of(row, cells.labels) == self.favorable
            {
                favored[cells.groups.codes()[input] as usize] += 1;
            }
        }
        let rate = |group: u32| favored[group as usize] as f64 / cells.of_group(group) as f64;
        let low = groups
            .iter()
            .copied()
            .min_by(|&a, &b| rate(a).total_cmp(&rate(b)))?;
        let high = groups
            .iter()
            .copied()
            .max_by(|&a, &b| rate(a).total_cmp(&rate(b)))?;
        let message = format!(
            "group `{}` is now level with all others together, but they are not among themselves: {:.1} % of group `{}` are `{}`, and {:.1} % of group `{}`",
            cells.group(self.privileged),
            100.0 * rate(low),
            cells.group(low),
            cells.class(self.favorable),
            100.0 * rate(high),
            cells.group(high)
        );
        (rate(high) - rate(low) > 0.05).then(|| {
            Warning::new("sampling.rest-differs", message)
                .with_hint("massage one protected column of two values at a time, or use reweighing, which knows every group")
        })
    }
}

const NAME: &str = "massaging";

#[cfg(test)]
mod tests {
    use counterpoise_base::{Features, OutputRow};
    use proptest::prelude::*;

    use super::*;

    fn massaged(
        method: &Massaging,
        numbers: &[f64],
        classes: &[&str],
        groups: &[&str],
    ) -> Result<(Resampled, Labels, Groups), Error> {
        let (labels, groups) = (Labels::from_names(classes), Labels::from_names(groups));
        let mut data = Labeled::new(Features::from_rows(numbers, 1), &labels);
        data.groups = Some(&groups);
        let result = method.resample(&data, &Run::new(1))?;
        Ok((result, labels, groups))
    }

    const NUMBERS: [f64; 8] = [9.0, 7.0, 8.0, 1.0, 6.0, 2.0, 5.0, 1.5];
    const CLASSES: [&str; 8] = ["yes", "yes", "yes", "no", "yes", "no", "no", "no"];
    const GROUPS: [&str; 8] = ["m", "m", "m", "m", "f", "f", "f", "f"];

    #[test]
    fn the_rows_next_to_the_decision_change_class() {
        // Three of four and one of four are favourable: one row either way.
        let (result, ..) = massaged(&Massaging::default(), &NUMBERS, &CLASSES, &GROUPS).expect("two groups");
        assert_eq!(result.relabeled, [(1, 0), (6, 1)]);
        assert_eq!(result.kept.len(), 8);
    }

    #[test]
    fn any_model_ranks() {
        for name in ["logistic", "k-nearest-neighbors", "forest"] {
            let method: Massaging =
                serde_json::from_value(serde_json::json!({"ranker": name})).expect("a model");
            let (result, ..) = massaged(&method, &NUMBERS, &CLASSES, &GROUPS).expect(name);
            assert_eq!(result.relabeled.len(), 2, "{name}");
        }
        let table = serde_json::json!({"ranker": {"name": "LR", "C": 0.5}});
        let method: Massaging = serde_json::from_value(table).expect("a table");
        assert_eq!(method.ranker.0.name(), "logistic");
        let error = serde_json::from_str::<Massaging>(r#"{"ranker": "bayes"}"#).expect_err("no such model");
        assert!(error.to_string().contains("no model called `bayes`"), "{error}");
    }

    #[test]
    fn the_favorable_class_and_the_privileged_group_may_be_named() {
        let no = Massaging::default().with_favorable_label("no");
        let (result, ..) = massaged(&no, &NUMBERS, &CLASSES, &GROUPS).expect("two groups");
        // Women are ahead in it.
        assert_eq!(result.relabeled, [(1, 0), (6, 1)]);
        let women = Massaging::default().with_privileged_group("f");
        let (result, ..) = massaged(&women, &NUMBERS, &CLASSES, &GROUPS).expect("two groups");
        assert!(result.relabeled.is_empty());
        assert_eq!(result.warnings[0].code, "sampling.nothing-massaged");
        let nobody = Massaging::default().with_privileged_group("x");
        let error = massaged(&nobody, &NUMBERS, &CLASSES, &GROUPS).expect_err("no such group");
        assert_eq!(error.code(), "sampling.unknown-name");
    }

    #[test]
    fn groups_of_the_rest_that_still_differ_are_told() {
        let groups = ["m", "m", "m", "m", "f", "d", "d", "d"];
        let (result, ..) =
            massaged(&Massaging::default(), &NUMBERS, &CLASSES, &groups).expect("three groups");
        assert!(
            result
                .warnings
                .iter()
                .any(|warning| warning.code == "sampling.rest-differs")
        );
    }

    proptest! {
        #[test]
        fn rates_become_equal_but_for_a_row(
            rows in prop::collection::vec((-9.0..9.0, any::<bool>(), any::<bool>()), 4..60)
        ) {
            let numbers: Vec<f64> = rows.iter().map(|row| row.0).collect();
            // Both classes and both groups occur.
            let classes: Vec<&str> = rows.iter().enumerate()
                .map(|(place, row)| if place == 0 || (place > 1 && row.1) { "1" } else { "0" }).collect();
            let groups: Vec<&str> = rows.iter().enumerate()
                .map(|(place, row)| if place == 0 || (place > 1 && row.2) { "m" } else { "f" }).collect();
            let (result, labels, groups) =
                massaged(&Massaging::default(), &numbers, &classes, &groups).expect("two groups");
            let mut favored = [0_usize; 2];
            for row in result.rows() {
                let OutputRow::Kept(input) = row else { panic!("no row is made") };
                favored[groups.codes()[input] as usize] += usize::from(result.class_of(row, &labels) == 1);
            }
            let sizes = groups.counts();
            let rates = [0, 1].map(|group| favored[group] as f64 / sizes[group] as f64);
            let one_row = 1.0 / sizes[0] as f64 + 1.0 / sizes[1] as f64;
            prop_assert!((rates[0] - rates[1]).abs() < one_row + 1e-12, "{rates:?}");
            let ones = labels.counts()[1];
            prop_assert_eq!(favored.iter().sum::<usize>(), ones);
        }
    }
}
