use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use counterpoise_base::{Features, Kind, Labels, Observer, Seed, Warning, agree, counted, typed};
use counterpoise_data::{ColumnSummary, Prepared, schema_of};
use counterpoise_neighbors::{Metric, MissingValues, Rows, Search, Space};
use serde::Serialize;

use crate::Error;
use crate::equal_rows::bits;
use crate::picture::{self, Picture};

/// What a table holds and what it lacks.
#[derive(Debug, Clone, Serialize)]
pub struct Profile {
    /// Rows.
    pub rows: usize,
    /// Columns that take part in distances.
    pub features: usize,
    /// Name of the target.
    pub target: String,
    /// One entry a column of the table.
    pub columns: Vec<ColumnSummary>,
    /// One entry a class, in class order.
    pub classes: Vec<ClassProfile>,
    /// Rows of the largest class for each row of the smallest.
    pub imbalance_ratio: f64,
    /// Class x group, for each protected column and for their combination if there are several.
    pub cells: Vec<Cell>,
    /// Columns with missing cells, as read.
    pub missing: Vec<MissingColumn>,
    /// Rows left out for missing values.
    pub dropped: usize,
    /// Cells filled.
    pub imputed: usize,
    /// Rows that repeat an earlier row of the same class in every feature.
    pub duplicates: usize,
    /// Rows that equal a row of another class in every feature.
    pub label_conflicts: usize,
    /// How many rows of each class were asked for their neighbours; all of them unless the table is very large.
    pub neighborhood_rows: usize,
    /// What to know before going on.
    pub warnings: Vec<Warning>,
    /// Rows in the plane.
    #[serde(skip)]
    pub picture: Picture,
}

/// One class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassProfile {
    /// Name.
    pub class: String,
    /// Rows.
    pub rows: usize,
    /// Share of all rows.
    pub share: f64,
    /// Where its rows lie; `None` for a table with fewer than six rows.
    pub neighborhood: Option<Neighborhood>,
}

/// How the rows of a class lie among the others, by the classes of their five nearest rows.
///
/// # Source
///
/// Napierala and Stefanowski, "Types of minority class examples and their influence on learning classifiers from
/// imbalanced data", Journal of Intelligent Information Systems 46 (2016), section 3: safe with 5 or 4 neighbours of
/// the own class, borderline with 3 or 2, rare with 1, outlier with 0. The paper measures with HVDM and asks rare
/// rows for the neighbours of their neighbour too; we measure with HEOM and count only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Neighborhood {
    /// Rows with 4 or 5 neighbours of their class.
    pub safe: usize,
    /// Rows with 2 or 3.
    pub borderline: usize,
    /// Rows with 1.
    pub rare: usize,
    /// Rows with none.
    pub outlier: usize,
}

impl Neighborhood {
    /// Rows looked at.
    pub fn rows(&self) -> usize {
        self.safe + self.borderline + self.rare + self.outlier
    }

    fn add(&mut self, same: usize) {
        match same {
            0 => self.outlier += 1,
            1 => self.rare += 1,
            2 | 3 => self.borderline += 1,
            _ => self.safe += 1,
        }
    }
}

/// A class within a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// The protected column, or several joined by ` x `.
    pub column: String,
    /// The group.
    pub group: String,
    /// The class.
    pub class: String,
    /// Rows.
    pub rows: usize,
    /// Share of the group's rows.
    pub share_of_group: f64,
}

/// A column with missing cells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MissingColumn {
    /// Name.
    pub column: String,
    /// Missing cells.
    pub cells: usize,
    /// Share of all rows.
    pub share: f64,
}

const NEIGHBORS: usize = 5;
/// Rows of one class that are asked for their neighbours in a table of more than [`LARGE`] rows.
const ASKED: usize = 5_000;
const LARGE: usize = 100_000;

/// Looks at a table from all sides.
///
/// Neighbourhoods and the picture are measured with HEOM, so that columns of any kind and missing values take part.
/// The seed decides which rows of a large table are asked and drawn. Cost: one neighbour search, `O(n² d)` at worst.
pub fn profile(prepared: &Prepared, seed: u64, observer: &dyn Observer) -> Result<Profile, Error> {
    let seed = Seed::new(seed).child("profile");
    let labels = &prepared.labels;
    let features = prepared.features();
    let rows = labels.len();
    let columns = schema_of(&prepared.table);
    let missing = columns
        .iter()
        .filter(|column| column.missing > 0)
        .map(|column| MissingColumn {
            column: column.name.clone(),
            cells: column.missing,
            share: column.missing as f64 / rows as f64,
        })
        .collect();
    let neighborhoods = neighborhoods(&features, labels, &seed, observer)?;
    let counts = labels.counts();
    let classes: Vec<ClassProfile> = labels
        .classes()
        .iter()
        .zip(&counts)
        .enumerate()
        .map(|(code, (class, &count))| ClassProfile {
            class: class.clone(),
            rows: count,
            share: count as f64 / rows as f64,
            neighborhood: neighborhoods.as_ref().map(|(of_class, _)| of_class[code]),
        })
        .collect();
    let (duplicates, label_conflicts) = twins(&features, labels);
    let most = counts.iter().copied().max().unwrap_or(0);
    let least = counts.iter().copied().min().unwrap_or(0);
    let mut profile = Profile {
        rows,
        features: features.columns().len(),
        target: prepared.roles().target.clone(),
        columns,
        classes,
        imbalance_ratio: most as f64 / least.max(1) as f64,
        cells: cells(prepared),
        missing,
        dropped: prepared.dropped,
        imputed: prepared.imputed,
        duplicates,
        label_conflicts,
        neighborhood_rows: neighborhoods.map_or(0, |(_, asked)| asked),
        warnings: prepared.warnings.clone(),
        picture: picture::of_rows(prepared, &seed, observer)?,
    };
    let more = warnings(&profile);
    profile.warnings.extend(more);
    Ok(profile)
}

type Neighborhoods = (Vec<Neighborhood>, usize);

fn neighborhoods(
    features: &Features<'_>,
    labels: &Labels,
    seed: &Seed,
    observer: &dyn Observer,
) -> Result<Option<Neighborhoods>, Error> {
    if labels.len() <= NEIGHBORS {
        return Ok(None);
    }
    let space = Space::new(features, Metric::Heom, MissingValues::Define)?;
    let asked: Option<Vec<usize>> = (labels.len() > LARGE).then(|| {
        let some = |class: usize| {
            let rows = labels.rows_of(class as u32);
            let shuffled = seed.child("neighborhoods").child(class as u64).shuffled(rows);
            shuffled.into_iter().take(ASKED)
        };
        (0..labels.classes().len()).flat_map(some).collect()
    });
    let queries = asked.as_deref().map_or(Rows::All, Rows::Some);
    let graph = Search::new(NEIGHBORS).neighbors(&space, queries, Rows::All, observer)?;
    let mut of_class = vec![Neighborhood::default(); labels.classes().len()];
    for query in 0..graph.rows() {
        let row = asked.as_ref().map_or(query, |rows| rows[query]);
        let class = labels.codes()[row];
        let same = graph
            .neighbors(query)
            .iter()
            .filter(|&&other| labels.codes()[other as usize] == class)
            .count();
        of_class[class as usize].add(same);
    }
    Ok(Some((of_class, graph.rows())))
}

fn cells(prepared: &Prepared) -> Vec<Cell> {
    let labels = &prepared.labels;
    let mut all = Vec::new();
    let mut count = |column: &str, groups: &Labels| {
        let sizes = groups.counts();
        let classes = labels.classes().len();
        let mut counts = vec![0; classes * sizes.len()];
        for (&class, &group) in labels.codes().iter().zip(groups.codes()) {
            counts[group as usize * classes + class as usize] += 1;
        }
        for (group, name) in groups.classes().iter().enumerate() {
            for (class, class_name) in labels.classes().iter().enumerate() {
                let rows = counts[group * classes + class];
                all.push(Cell {
                    column: column.into(),
                    group: name.clone(),
                    class: class_name.clone(),
                    rows,
                    share_of_group: rows as f64 / sizes[group].max(1) as f64,
                });
            }
        }
    };
    for (column, groups) in &prepared.group_columns {
        count(column, groups);
    }
    if let (Some(groups), true) = (&prepared.groups, prepared.group_columns.len() > 1) {
        let names: Vec<&str> = prepared
            .group_columns
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        count(&names.join(" x "), groups);
    }
    all
}

/// Rows that repeat a row of their class, and rows that equal a row of another class.
fn twins(features: &Features<'_>, labels: &Labels) -> (usize, usize) {
    let row_bits = |row: usize| {
        features
            .columns()
            .iter()
            .map(move |column| bits(&column.values, row))
    };
    // Rows of one hash are compared in full.
    let mut seen: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut duplicates = 0;
    let mut of_other_class = vec![false; labels.len()];
    for row in 0..labels.len() {
        let mut hasher = DefaultHasher::new();
        row_bits(row).for_each(|bits| bits.hash(&mut hasher));
        let others = seen.entry(hasher.finish()).or_default();
        let mut new = true;
        for &other in others.iter().filter(|&&other| row_bits(other).eq(row_bits(row))) {
            if labels.codes()[other] == labels.codes()[row] {
                duplicates += usize::from(new);
                new = false;
            } else {
                of_other_class[row] = true;
                of_other_class[other] = true;
            }
        }
        // One row of each class stands for its copies.
        if new {
            others.push(row);
        }
    }
    (
        duplicates,
        of_other_class.iter().filter(|&&conflict| conflict).count(),
    )
}

fn warnings(profile: &Profile) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |code, message: String, hint: &str| {
        warnings.push(Warning::new(code, message).with_hint(hint));
    };
    if let [class] = profile.classes.as_slice() {
        warn(
            "profile.one-class",
            format!("the target has one class only, `{}`", class.class),
            "there is nothing to balance; name another column with `--target`",
        );
    }
    for class in &profile.classes {
        if class.rows <= NEIGHBORS {
            warn(
                "profile.tiny-class",
                format!(
                    "class `{}` has {}: neighbors cannot describe it",
                    class.class,
                    counted(class.rows, "row")
                ),
                "collect more rows, merge it with another class, or copy its rows with `--method random-over-sampler`",
            );
        } else if class.rows < 30 {
            warn(
                "profile.small-class",
                format!(
                    "class `{}` has {} rows: any score of it is uncertain",
                    class.class, class.rows
                ),
                "report intervals, and repeat cross-validation",
            );
        }
        let Some(types) = class.neighborhood.filter(|types| types.rows() >= 10) else {
            continue;
        };
        let unsafe_share = (types.rare + types.outlier) as f64 / types.rows() as f64;
        let minority = class.share < 1.0 / profile.classes.len() as f64;
        if minority && unsafe_share > 0.5 {
            warn(
                "profile.scattered-class",
                format!(
                    "class `{}` is scattered: {:.0} % of its rows have at most one of their five neighbors in it",
                    class.class,
                    100.0 * unsafe_share
                ),
                "rows between such neighbors may fall among other classes; compare `--method random-over-sampler`, and look for features that tell the class apart",
            );
        }
    }
    for cell in profile.cells.iter().filter(|cell| cell.rows < 10) {
        warn(
            "profile.small-cell",
            format!(
                "group `{}` ({}) has {} of class `{}`",
                cell.group,
                cell.column,
                counted(cell.rows, "row"),
                cell.class
            ),
            "a model learns next to nothing about it; collect more rows, or widen the group",
        );
    }
    if profile.duplicates > 0 {
        let share = 100.0 * profile.duplicates as f64 / profile.rows as f64;
        warn(
            "profile.duplicates",
            format!(
                "{} ({share:.1} %) {} an earlier row of the same class in every feature",
                counted(profile.duplicates, "row"),
                agree(profile.duplicates, "repeats", "repeat")
            ),
            "copies on both sides of a split flatter every score; split by the thing that was measured, or drop them",
        );
    }
    if profile.label_conflicts > 0 {
        warn(
            "profile.label-conflicts",
            format!(
                "{} {} a row of another class in every feature",
                counted(profile.label_conflicts, "row"),
                agree(profile.label_conflicts, "equals", "equal")
            ),
            "no model can tell them apart; look at how they were labelled, or clean them with `--method edited-nearest-neighbours`",
        );
    }
    for column in &profile.columns {
        if column.kind == Kind::Categorical && column.distinct > 50 && column.name != profile.target {
            warn(
                "profile.many-categories",
                format!(
                    "column `{}` has {} categories: most rows differ in it",
                    column.name, column.distinct
                ),
                &format!(
                    "merge rare categories, or leave it out with `--ignore {}`",
                    typed(&column.name)
                ),
            );
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundled;

    #[test]
    fn twins_and_conflicts_are_counted() {
        let data = [1.0, 1.0, 2.0, 1.0, -0.0, 0.0];
        let features = Features::from_rows(&data, 1);
        let labels = Labels::from_names(&["a", "a", "a", "b", "b", "b"]);
        assert_eq!(twins(&features, &labels), (2, 2));
    }

    #[test]
    fn german_credit_is_known() {
        let prepared = bundled::GERMAN_CREDIT.prepared().expect("it is bundled");
        let profile = profile(&prepared, 42, &()).expect("it has no holes");
        assert_eq!((profile.rows, profile.features), (1000, 21));
        assert_eq!(
            profile.classes.iter().map(|class| class.rows).collect::<Vec<_>>(),
            [300, 700]
        );
        let women = |class: &str| {
            let cell = |cell: &&Cell| cell.column == "sex" && cell.group == "female" && cell.class == class;
            profile.cells.iter().find(cell).map(|cell| cell.rows)
        };
        assert_eq!((women("bad"), women("good")), (Some(109), Some(201)));
        let types = profile.classes[0].neighborhood.expect("1000 rows have neighbors");
        assert_eq!(types.rows(), 300);
    }
}
