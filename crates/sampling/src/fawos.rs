use counterpoise_base::{Groups, Labeled, Labels, Resampled, Seed, Warning, counted};
use counterpoise_neighbors::{Metric, Rows, Search, Space};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::adasyn::apportion;
use crate::cells::{Cell, Cells};
use crate::favorable::name;
use crate::interpolate::{Categories, Draw, append, interpolate};
use crate::native::Turn;
use crate::same_class::copies;
use crate::{Chooser, Error, FewRows, MissingCell, Plan, Resample, Run};

/// Makes favourable rows of every unprivileged group, until each has as many for one other row as the privileged group,
/// mostly from rows that are hard to learn.
///
/// For a table in which some groups rarely get the good outcome. Nothing is made for the privileged group, and nothing of
/// the other classes.
///
/// # Source
///
/// Salazar, Santos, Araújo and Abreu, "FAWOS: fairness-aware oversampling algorithm based on distributions of sensitive
/// attributes", IEEE Access 9 (2021). A group with `pu` favourable and `nu` other rows gets `alpha (pp nu / np - pu)` more,
/// rounded down, where the privileged group has `pp` and `np`. Of the five nearest rows of a row (HEOM, all classes and
/// groups, protected columns included) those of its own class and group count: 4 or 5 make it safe, 2 or 3 borderline, 1
/// rare if that one has no other such neighbour itself and borderline if it has, none an outlier, which makes no row. A
/// new row lies between such a row and one of those neighbours; categories are the most frequent of them all. Default
/// weights are those of the authors' program, of four sets that the paper tries. The program draws rows by weight where
/// here each has its share of turns, and a step for each number where here a row has one step; it goes through protected
/// columns one after the other, the paper through combinations of their values, as here. The unprivileged groups are all
/// but one; with more than two classes, all but the favourable one are the other rows. Cost: `O(m n d)` for `m` favourable
/// rows of unprivileged groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Fawos {
    /// The favourable class. Unset: `1`, `true` or `yes`, if the other is `0`, `false` or `no`.
    #[serde(alias = "favourable_label", deserialize_with = "name")]
    pub favorable_label: Option<String>,
    /// The group that others are brought level with. Unset: the one with the largest share of favourable rows.
    #[serde(deserialize_with = "name")]
    pub privileged_group: Option<String>,
    /// How much of the gap is filled, from 0; above 1 to go beyond.
    pub alpha: f64,
    /// Weight of rows with 4 or 5 of 5 neighbours in their cell, from 0.
    pub safe_weight: f64,
    /// Weight of rows with 2 or 3, or with one that has others, from 0.
    pub borderline_weight: f64,
    /// Weight of rows with one that has no other, from 0.
    pub rare_weight: f64,
    /// How far apart two rows are.
    pub metric: Metric,
    /// What to do with a cell in which no row has a weight: let all rows that have a neighbour in it make rows (and stop
    /// if there is none), copy rows, or stop.
    pub few_rows: FewRows,
    /// What to do about a group without a favourable row.
    pub empty_cell: MissingCell,
}

impl Default for Fawos {
    fn default() -> Self {
        Self {
            favorable_label: None,
            privileged_group: None,
            alpha: 1.0,
            safe_weight: 0.0,
            borderline_weight: 0.4,
            rare_weight: 0.6,
            metric: Metric::Heom,
            few_rows: FewRows::Shrink,
            empty_cell: MissingCell::default(),
        }
    }
}

/// What the neighbours of a row say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Safe,
    Borderline,
    Rare,
    Outlier,
}

impl Fawos {
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

    /// Sets [`alpha`](Self::alpha).
    pub fn with_alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// Sets the weights of safe, borderline and rare rows.
    pub fn with_weights(mut self, safe: f64, borderline: f64, rare: f64) -> Self {
        (self.safe_weight, self.borderline_weight, self.rare_weight) = (safe, borderline, rare);
        self
    }

    /// Sets [`few_rows`](Self::few_rows).
    pub fn with_few_rows(mut self, few_rows: FewRows) -> Self {
        self.few_rows = few_rows;
        self
    }

    /// Sets [`empty_cell`](Self::empty_cell).
    pub fn with_empty_cell(mut self, empty_cell: MissingCell) -> Self {
        self.empty_cell = empty_cell;
        self
    }

    fn check(&self) -> Result<(), Error> {
        let options = [
            ("alpha", self.alpha),
            ("safe_weight", self.safe_weight),
            ("borderline_weight", self.borderline_weight),
            ("rare_weight", self.rare_weight),
        ];
        for (option, value) in options {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::OutOfRange {
                    option,
                    value: value.to_string(),
                    range: "a finite number from 0",
                });
            }
        }
        Ok(())
    }

    /// Rows that the favourable cell of each unprivileged group gets.
    fn wanted(&self, cells: &Cells<'_>, warnings: &mut Vec<Warning>) -> Result<Vec<(Cell, usize)>, Error> {
        let favorable = cells.favorable(self.favorable_label.as_deref())?;
        let privileged = cells.privileged(self.privileged_group.as_deref(), favorable)?;
        let both = |group| {
            let favored = cells.count(Cell {
                class: favorable,
                group,
            });
            (favored as f64, (cells.of_group(group) - favored) as f64)
        };
        let (favored, others) = both(privileged);
        if others == 0.0 {
            let class = cells.classes.iter().copied().find(|&class| class != favorable);
            let cell = Cell {
                class: class.unwrap_or(favorable),
                group: privileged,
            };
            return Err(cells.lacks(
                cell,
                "name another `privileged_group`: there is no end to a group that has favorable rows only",
            ));
        }
        let mut wanted = Vec::new();
        for group in cells
            .with_rows
            .iter()
            .copied()
            .filter(|&group| group != privileged)
        {
            let (here, others_here) = both(group);
            let gap = self.alpha * (favored * others_here / others - here);
            // A gap of whole rows is not to lose one by rounding.
            let count = (gap + 1e-9).floor().max(0.0);
            if count > 0.0 && here == 0.0 {
                warnings.push(cells.left_empty(
                    Cell {
                        class: favorable,
                        group,
                    },
                    self.empty_cell,
                )?);
            } else if count > 0.0 {
                wanted.push((
                    Cell {
                        class: favorable,
                        group,
                    },
                    count as usize,
                ));
            }
        }
        let ahead = cells.privileged(None, favorable)?;
        if wanted.is_empty() && ahead != privileged {
            let message = format!(
                "no row is made: `{}` is not more frequent in group `{}` than in any other; it is in group `{}`",
                cells.class(favorable),
                cells.group(privileged),
                cells.group(ahead)
            );
            warnings.push(
                Warning::new("sampling.nothing-made", message)
                    .with_hint("leave `privileged_group` out, or name another class with `favorable_label`"),
            );
        }
        cells.check_total(&wanted)?;
        Ok(wanted)
    }

    fn weight(&self, kind: Kind) -> f64 {
        match kind {
            Kind::Safe => self.safe_weight,
            Kind::Borderline => self.borderline_weight,
            Kind::Rare => self.rare_weight,
            Kind::Outlier => 0.0,
        }
    }

    /// Who is the base of each new row of a cell; nothing where rows are to be copied.
    fn turns(
        &self,
        data: &Labeled<'_>,
        cell: &Bases,
        seed: &Seed,
        count: usize,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<Vec<Turn>>, Error> {
        let kinds = kinds(&cell.near, &cell.rows);
        let weights: Vec<f64> = kinds.iter().map(|&kind| self.weight(kind)).collect();
        let most = weights.iter().copied().fold(0.0, f64::max);
        let shares: Vec<usize> = if most > 0.0 {
            weights
                .iter()
                .map(|weight| (weight / most * 1e6).round() as usize)
                .collect()
        } else {
            let rows = cell.rows.len();
            let scattered = || Error::Scattered {
                class: cell.class.clone(),
                group: cell.group.clone(),
                rows,
                k: NEIGHBORS,
            };
            let connected = kinds.iter().filter(|&&kind| kind != Kind::Outlier).count();
            match self.few_rows {
                FewRows::Error => return Err(scattered()),
                FewRows::Shrink if connected == 0 => return Err(scattered()),
                FewRows::Shrink => {
                    let message = format!(
                        "class `{}` of group `{}`: none of its {rows} rows has a weight, so the {connected} that have a neighbor of class and group make rows alike",
                        cell.class, cell.group
                    );
                    warnings.push(Warning::new("sampling.no-weight", message).with_hint(
                        "give `safe_weight`, `borderline_weight` or `rare_weight` a larger number",
                    ));
                    kinds
                        .iter()
                        .map(|&kind| usize::from(kind != Kind::Outlier))
                        .collect()
                }
                FewRows::Duplicate => {
                    let message = format!(
                        "class `{}` of group `{}`: none of its {} has a weight, so they are copied",
                        cell.class,
                        cell.group,
                        counted(rows, "row")
                    );
                    warnings.push(Warning::new("sampling.rows-copied", message));
                    return Ok(None);
                }
            }
        };
        Ok(Some(apportion(data, seed, &cell.rows, &shares, count)))
    }
}

/// A cell that rows are made of.
struct Bases {
    class: String,
    group: String,
    rows: Vec<usize>,
    /// Neighbours of each row in the cell, nearest first.
    near: Vec<Vec<u32>>,
}

/// Neighbours that tell what a row is.
const NEIGHBORS: usize = 5;

/// What each row of a cell is.
fn kinds(near: &[Vec<u32>], rows: &[usize]) -> Vec<Kind> {
    let kind = |(near_row, &row): (&Vec<u32>, &usize)| match near_row[..] {
        [] => Kind::Outlier,
        [only] => {
            let place = rows.partition_point(|&other| other < only as usize);
            match near[place][..] {
                [] => Kind::Rare,
                [back] if back as usize == row => Kind::Rare,
                _ => Kind::Borderline,
            }
        }
        [_, _] | [_, _, _] => Kind::Borderline,
        _ => Kind::Safe,
    };
    near.iter().zip(rows).map(kind).collect()
}

impl Resample for Fawos {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let cells = Cells::new(data.labels, data.groups, NAME)?;
        self.check()?;
        if run.chooser == Chooser::Numpy {
            return Err(Error::NoReplay { method: NAME });
        }
        let mut result = Resampled::unchanged(data.rows());
        let wanted = self.wanted(&cells, &mut result.warnings)?;
        run.tell("making rows", 0, wanted.len())?;
        if wanted.is_empty() {
            return Ok(result);
        }
        let space = Space::new(&data.features, self.metric, run.missing)?;
        for (done, &(target, count)) in wanted.iter().enumerate() {
            let Cell { class, group } = target;
            let rows = cells.rows_of(&[target]).concat();
            let graph =
                Search::new(NEIGHBORS).neighbors(&space, Rows::Some(&rows), Rows::All, run.observer)?;
            let inside = |&other: &u32| {
                let other = other as usize;
                data.labels.codes()[other] == class && cells.groups.codes()[other] == group
            };
            let near = |place: usize| graph.neighbors(place).iter().copied().filter(inside).collect();
            let cell = Bases {
                class: cells.class(class).into(),
                group: cells.group(group).into(),
                near: (0..rows.len()).map(near).collect(),
                rows,
            };
            let names = (cells.class(class), cells.group(group));
            let seed = run.seed.child(NAME).child(names.0).child(names.1);
            let (turns, draws) = match self.turns(data, &cell, &seed, count, &mut result.warnings)? {
                None => copies(data, &seed, &cell.rows, count),
                Some(turns) => {
                    let draw = |turn: &Turn| {
                        let mut random = turn.rng();
                        let near = &cell.near[turn.place];
                        let neighbor = near[random.below(near.len())] as usize;
                        Draw::new(cell.rows[turn.place], neighbor, random.fraction())
                    };
                    let draws = turns.par_iter().map(draw).collect();
                    (turns, draws)
                }
            };
            let voters = |draw: usize| {
                let place = turns[draw].place;
                let mut voters = vec![cell.rows[place] as u32];
                voters.extend(&cell.near[place]);
                voters
            };
            append(
                &mut result.synthetic,
                interpolate(&data.features, &draws, &Categories::Vote(&voters), run.chooser),
            );
            result.origin.extend(draws.iter().map(|draw| draw.origin(class)));
            run.tell("making rows", done + 1, wanted.len())?;
        }
        Ok(result)
    }

    fn plan(&self, labels: &Labels, groups: Option<&Groups>) -> Result<Plan, Error> {
        self.check()?;
        let cells = Cells::new(labels, groups, NAME)?;
        let wanted = self.wanted(&cells, &mut Vec::new())?;
        Ok(cells.plan(&wanted))
    }
}

const NAME: &str = "fawos";

#[cfg(test)]
mod tests {
    use counterpoise_base::Features;
    use proptest::prelude::*;

    use super::*;

    /// Rows on a line: where, class, group.
    fn resampled(method: &Fawos, rows: &[(f64, &str, &str)]) -> Result<(Resampled, Plan), Error> {
        let numbers: Vec<f64> = rows.iter().map(|row| row.0).collect();
        let classes: Vec<&str> = rows.iter().map(|row| row.1).collect();
        let groups: Vec<&str> = rows.iter().map(|row| row.2).collect();
        let (labels, groups) = (Labels::from_names(&classes), Labels::from_names(&groups));
        let mut data = Labeled::new(Features::from_rows(&numbers, 1), &labels);
        data.groups = Some(&groups);
        let plan = method.plan(&labels, Some(&groups));
        method
            .resample(&data, &Run::new(2))
            .and_then(|result| Ok((result, plan?)))
    }

    /// Twelve men, of which eight get a yes, and twelve women, of which four do.
    fn usual() -> Vec<(f64, &'static str, &'static str)> {
        let mut rows = Vec::new();
        for place in 0..12 {
            let at = f64::from(place);
            rows.push((at, if place < 8 { "yes" } else { "no" }, "m"));
            rows.push((at + 0.4, if place < 4 { "yes" } else { "no" }, "f"));
        }
        rows
    }

    fn checked_kinds(near: &[&[u32]], expected: &[Kind]) {
        let near: Vec<Vec<u32>> = near.iter().map(|near| near.to_vec()).collect();
        let rows: Vec<usize> = (0..near.len()).map(|place| 10 * place).collect();
        assert_eq!(kinds(&near, &rows), expected);
    }

    #[test]
    fn neighbors_of_class_and_group_tell_what_a_row_is() {
        use Kind::{Borderline, Outlier, Rare, Safe};
        checked_kinds(
            &[&[10, 20, 30, 40], &[0, 20], &[0, 10, 30], &[40], &[30], &[]],
            &[Safe, Borderline, Borderline, Rare, Rare, Outlier],
        );
        // The only neighbour has none at all, or others.
        checked_kinds(&[&[10], &[], &[0]], &[Rare, Outlier, Borderline]);
    }

    #[test]
    fn favorable_rows_of_other_groups_are_made_until_all_are_level() {
        // 8 of 4 among men; 4 of 8 among women: 16 - 4 more.
        let (result, plan) = resampled(&Fawos::default(), &usual()).expect("two groups");
        assert_eq!(result.origin.len(), 12);
        assert_eq!(plan.after(), Some(36));
        let rows = usual();
        for origin in &result.origin {
            for parent in [origin.base, origin.neighbor] {
                assert_eq!((rows[parent as usize].1, rows[parent as usize].2), ("yes", "f"));
            }
        }
        let half = resampled(&Fawos::default().with_alpha(0.5), &usual()).expect("two groups");
        assert_eq!(half.0.origin.len(), 6);
        let none = resampled(&Fawos::default().with_privileged_group("f"), &usual()).expect("two groups");
        assert_eq!(none.0.warnings[0].code, "sampling.nothing-made");
    }

    #[test]
    fn a_class_of_another_name_has_to_be_told() {
        let rows: Vec<_> = usual()
            .into_iter()
            .map(|(at, class, group)| (at, if class == "yes" { "good" } else { "bad" }, group))
            .collect();
        let error = resampled(&Fawos::default(), &rows).expect_err("nobody knows");
        assert_eq!(
            error.hint().as_deref(),
            Some("name it: `--set method.favorable_label=good`")
        );
        let told = Fawos::default().with_favorable_label("good");
        assert_eq!(resampled(&told, &rows).expect("it is told").0.origin.len(), 12);
    }

    /// Women with a yes stand alone among all others.
    fn lonely() -> Vec<(f64, &'static str, &'static str)> {
        let mut rows = vec![(100.0, "yes", "f"), (300.0, "yes", "f")];
        for place in 0..6 {
            for center in [100.0, 300.0] {
                rows.push((
                    center + 1.0 + f64::from(place),
                    if place < 4 { "yes" } else { "no" },
                    "m",
                ));
                rows.push((center + 1.5 + f64::from(place), "no", "f"));
            }
        }
        rows
    }

    #[test]
    fn outliers_alone_are_copied_or_refused() {
        let error = resampled(&Fawos::default(), &lonely()).expect_err("outliers");
        assert_eq!(
            error.to_string(),
            "class `yes` of group `f`: none of its 2 rows has another of them among its 5 nearest neighbors, or a weight if it has"
        );
        let copying = Fawos::default().with_few_rows(FewRows::Duplicate);
        let (result, _) = resampled(&copying, &lonely()).expect("they are copied");
        assert_eq!(result.origin.len(), 22);
        assert!(result.origin.iter().all(|origin| origin.step == 0.0));
    }

    #[test]
    fn rows_without_a_weight_make_rows_alike() {
        let nobody = Fawos::default().with_weights(0.0, 0.0, 0.0);
        let (result, _) = resampled(&nobody, &usual()).expect("they have neighbors");
        assert_eq!(result.origin.len(), 12);
        assert_eq!(result.warnings[0].code, "sampling.no-weight");
    }

    #[test]
    fn an_empty_cell_is_named_or_stays_empty() {
        let rows: Vec<_> = usual()
            .into_iter()
            .map(|(at, class, group)| (at, if group == "f" { "no" } else { class }, group))
            .collect();
        let error = resampled(&Fawos::default(), &rows).expect_err("no woman has a yes");
        assert_eq!(
            error.to_string(),
            "group `f` has no row of class `yes`, and fawos needs one at least"
        );
        let skipping = Fawos::default().with_empty_cell(MissingCell::Skip);
        let (result, _) = resampled(&skipping, &rows).expect("it may be empty");
        assert!(result.origin.is_empty());
        assert_eq!(result.warnings[0].code, "sampling.empty-cell-skipped");
    }

    proptest! {
        #[test]
        fn no_group_stays_further_behind_than_a_row(
            rows in prop::collection::vec((-9.0..9.0, any::<bool>(), 0_usize..3), 12..60)
        ) {
            let rows: Vec<(f64, &str, &str)> = rows.iter().enumerate()
                .map(|(place, row)| {
                    let favored = if place < 6 { place % 2 == 0 } else { row.1 };
                    let group = if place < 6 { place % 3 } else { row.2 };
                    (row.0, if favored { "1" } else { "0" }, ["a", "b", "c"][group])
                })
                .collect();
            let copying = Fawos::default().with_few_rows(FewRows::Duplicate);
            let (result, plan) = resampled(&copying, &rows).expect("all cells");
            prop_assert_eq!(plan.after(), Some(result.len()));
            let count = |class: &str, group: &str| {
                let kept = rows.iter().filter(|row| row.1 == class && row.2 == group).count();
                let made = result.origin.iter().filter(|origin| class == "1" && rows[origin.base as usize].2 == group);
                kept + made.count()
            };
            let odds = ["a", "b", "c"].map(|group| (count("1", group) as f64, count("0", group) as f64));
            let most = odds.iter().map(|(yes, no)| yes / no).fold(0.0, f64::max);
            for (yes, no) in odds {
                prop_assert!(yes + 1.0 > most * no - 1e-6, "{odds:?}");
            }
        }
    }
}
