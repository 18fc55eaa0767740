//! `audit`: whom predictions that stand in a table serve worse.

mod cells;
mod findings;
mod grouping;
mod neighbours;
mod page;

use counterpoise_base::{Groups, Labels, Observer, Table, Warning, agree, counted};
use counterpoise_data::{
    GroupColumns, PredictionColumns, PredictionTable, predictions_of, texts_of, whole_rows,
};
use counterpoise_metrics::{Bootstrap, GroupMeasure, GroupedRows, IntervalKind, Predictions, Rate};
use serde::Serialize;

pub use cells::AuditCell;
pub use findings::{AuditFinding, FindingKind};
pub use grouping::{AuditGroup, AuditGrouping, AuditMeasure, RateEstimate};
pub use page::audit_page;

use crate::Error;

/// What is audited, and how.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AuditOptions {
    /// Truth, predictions, scores and weights. Without predictions and scores the classes alone are looked at.
    pub columns: PredictionColumns,
    /// Protected columns.
    pub groups: GroupColumns,
    /// The class that people want; without it the second of two classes, or each of several in turn.
    pub favourable: Option<String>,
    /// Groups that others are compared with, as `GROUP` or `COLUMN=GROUP`, one a column at most; without one, the largest
    /// group is.
    pub privileged: Vec<String>,
    /// The column that names rows.
    pub id: Option<String>,
    /// Measures; none chooses the usual ones.
    pub measures: Vec<GroupMeasure>,
    /// Groups with fewer rows take no part in largest and smallest rates.
    pub min_rows: usize,
    /// Rows with a missing value are left out; else they are an error.
    pub drop_missing: bool,
}

/// What an audit found.
#[derive(Debug, Clone, Serialize)]
pub struct Audit {
    /// Rows.
    pub rows: usize,
    /// Rows left out for missing values.
    pub dropped: usize,
    /// The column of true classes.
    pub target: String,
    /// Classes and how often each is true.
    pub classes: Vec<(String, usize)>,
    /// Whether there are predicted classes.
    pub predictions: bool,
    /// Whether there are scores.
    pub scores: bool,
    /// One entry for each class that is looked at as the favourable one.
    pub parts: Vec<AuditPart>,
    /// Rows of each class in each group of the finest grouping, the rarest first.
    pub cells: Vec<AuditCell>,
    /// What the numbers cannot say.
    pub caveats: Vec<String>,
    /// How often an interval should hold the true value.
    pub level: f64,
    /// How often rows were drawn for intervals.
    pub draws: usize,
    /// Which kind of interval.
    #[serde(skip)]
    pub interval: IntervalKind,
    /// The root of the draws.
    pub seed: u64,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

/// An audit of one class as the favourable one.
#[derive(Debug, Clone, Serialize)]
pub struct AuditPart {
    /// The class that people want.
    pub favourable: String,
    /// Each protected column by itself, then their combinations.
    pub groupings: Vec<AuditGrouping>,
    /// What was found, in words, the clearest first.
    pub findings: Vec<AuditFinding>,
}

impl AuditPart {
    /// The most important sentence.
    pub fn headline(&self) -> String {
        findings::headline(self)
    }
}

/// Compares the groups of a table of predictions.
///
/// Each protected column is looked at by itself, and all combinations of several. Intervals draw rows of the whole
/// table. Cost: one look at every row, and for each draw one at every kind of row, which are few without scores.
pub fn audit(
    table: &Table,
    options: &AuditOptions,
    bootstrap: &Bootstrap,
    observer: &dyn Observer,
) -> Result<Audit, Error> {
    let whole;
    let (table, dropped) = if options.drop_missing {
        let protected = options.groups.columns_of(table);
        let named: Vec<&String> = std::iter::once(&options.columns.target)
            .chain(&options.columns.prediction)
            .chain(options.columns.scores.iter().map(|(_, column)| column))
            .chain(&options.columns.weight)
            .chain(&protected)
            .collect();
        whole = whole_rows(table, &named);
        (&whole.0, table.rows() - whole.1.len())
    } else {
        (table, 0)
    };
    let beyond = 0.5 * (1.0 - bootstrap.level) * bootstrap.draws as f64;
    if bootstrap.draws < 200 || !(0.5..1.0).contains(&bootstrap.level) || beyond < 1.0 {
        return Err(Error::Config {
            place: "--draws and --level".into(),
            problem: format!(
                "{} draws cannot tell where {} % of them end",
                bootstrap.draws,
                100.0 * bootstrap.level
            ),
            hint: Some(
                "give 200 draws or more, and a level above 0.5 and below 1: `--draws 10000 --level 0.95`"
                    .into(),
            ),
        });
    }
    if table.rows() == 0 {
        return Err(Error::Config {
            place: "--missing".into(),
            problem:
                "every row lacks a truth, prediction, score, weight or group, so that `drop-rows` leaves none"
                    .into(),
            hint: Some("name columns that have values".into()),
        });
    }
    if options.groups.columns.is_empty() {
        return Err(Error::Config {
            place: "--group".into(),
            problem: "no protected column is named, and an audit compares groups".into(),
            hint: Some(format!(
                "the columns are `{}`",
                table.names().collect::<Vec<_>>().join("`, `")
            )),
        });
    }
    let mut columns = options.groups.groups_of(table)?;
    refuse_other_roles(options, table)?;
    let mut seen: Vec<String> = Vec::new();
    columns.retain(|(name, _)| {
        let new = !seen.contains(name);
        seen.push(name.clone());
        new
    });
    one_group_is_nothing(&columns)?;
    let found = Found::read(table, options, &columns[0].1)?;
    let favourables = found.favourables(options)?;
    let mut warnings = Vec::new();
    let single = columns.len();
    for members in crossings(single) {
        let groups = members.iter().map(|&member| columns[member].1.clone());
        let names: Vec<&str> = members.iter().map(|&member| columns[member].0.as_str()).collect();
        let name = names.join(" x ");
        columns.extend(
            groups
                .reduce(|all, more| all.crossed_with(&more))
                .map(|groups| (name, groups)),
        );
    }
    let privileged = privileged(&columns, single, &options.privileged)?;
    let near = options
        .measures
        .iter()
        .any(GroupMeasure::needs_neighbours)
        .then(|| neighbours::neighbours(table, options, observer))
        .transpose()?;
    let mut parts = Vec::new();
    for favourable in favourables {
        let mut groupings = Vec::new();
        for ((name, groups), privileged) in columns.iter().zip(&privileged) {
            let mut rows = found.rows(groups, &favourable)?;
            if let Some((k, near)) = &near {
                rows = rows.with_neighbours(*k, near)?;
            }
            let largest = largest(groups);
            if let Some(group) = privileged.as_deref().or(largest) {
                rows = rows.with_privileged(group)?;
            }
            groupings.push(AuditGrouping::measure(name, rows, options, bootstrap, observer)?);
        }
        let findings = findings::findings(
            &favourable,
            &groupings,
            found.predictions.is_some(),
            bootstrap.level,
        );
        parts.push(AuditPart {
            favourable,
            groupings,
            findings,
        });
    }
    for (class, rows) in found.labels.classes().iter().zip(found.labels.counts()) {
        if rows == 0 {
            let message = format!("class `{class}` is predicted and never true");
            let hint = format!("if it is another spelling of a class, add `--label \"{class}=>CLASS\"`");
            warnings.push(Warning::new("audit.never-true", message).with_hint(hint));
        }
    }
    if options.favourable.is_none() && parts.len() == 1 {
        let class = &parts[0].favourable;
        let counts = found.labels.counts();
        let mut others = found.labels.classes().iter().zip(counts);
        let other = others.find(|(other, rows)| *other != class && *rows > 0);
        let other = other.map_or(class, |(other, _)| other);
        warnings.push(
            Warning::new(
                "audit.favourable",
                format!("`{class}` is taken for the class that people want"),
            )
            .with_hint(format!(
                "if it is `{other}`, add `--favorable {}`",
                counterpoise_base::typed(other)
            )),
        );
    }
    if dropped > 0 {
        let message = format!(
            "{} {} left out for missing values",
            counted(dropped, "row"),
            agree(dropped, "was", "were")
        );
        warnings.push(Warning::new("audit.dropped", message));
    }
    for grouping in parts.iter().take(1).flat_map(|part| &part.groupings) {
        warnings.extend(grouping.small_groups(options.min_rows));
    }
    for part in &parts {
        let all = part
            .groupings
            .first()
            .and_then(|grouping| grouping.groups.first());
        let area = all.and_then(|all| all.report.rate(Rate::RocAuc));
        if let Some(area) = area.filter(|area| *area < 0.5) {
            let class = &part.favourable;
            let message = format!(
                "scores rank rows of `{class}` below others (ROC-AUC {area:.2}): are they those of another class?"
            );
            let hint = "say which: `--score \"CLASS=COLUMN\"`";
            warnings.push(Warning::new("audit.score-turned", message).with_hint(hint));
        }
    }
    let finest = &columns[columns.len() - 1];
    let cells = cells::cells(&found, &finest.1);
    let caveats = caveats(&found, &columns, &parts);
    Ok(Audit {
        rows: found.labels.len(),
        dropped,
        target: options.columns.target.clone(),
        classes: found
            .labels
            .classes()
            .iter()
            .cloned()
            .zip(found.labels.counts())
            .collect(),
        predictions: found.predictions.is_some(),
        scores: found
            .predictions
            .as_ref()
            .is_some_and(|found| found.probabilities.is_some()),
        parts,
        cells,
        caveats,
        level: bootstrap.level,
        draws: bootstrap.draws,
        interval: bootstrap.kind,
        seed: bootstrap.seed,
        warnings,
    })
}

/// Truth, and predictions where there are any.
pub(crate) struct Found {
    /// Classes that are true or predicted.
    pub(crate) labels: Labels,
    pub(crate) predictions: Option<PredictionTable>,
    weights: Option<Vec<f64>>,
}

impl Found {
    fn read(table: &Table, options: &AuditOptions, groups: &Groups) -> Result<Self, Error> {
        let columns = &options.columns;
        if columns.prediction.is_none() {
            let labels = labels_of(table, &columns.target)?;
            if let Some(class) = &options.favourable {
                // An unknown class is told before a score that would belong to it.
                GroupedRows::of_labels(&labels, groups, class)?;
            }
            if columns.scores.is_empty() {
                return Ok(Self {
                    labels,
                    predictions: None,
                    weights: None,
                });
            }
        }
        let mut columns = columns.clone();
        // A score without a class is that of the favourable one.
        for (class, _) in &mut columns.scores {
            if class.is_none() {
                class.clone_from(&options.favourable);
            }
        }
        let mut found = predictions_of(table, &columns)?;
        let labels = Labels::from_codes(found.classes.clone(), found.truth.clone());
        Ok(Self {
            labels,
            weights: found.weights.take(),
            predictions: Some(found),
        })
    }

    /// The classes that are looked at as the favourable one.
    fn favourables(&self, options: &AuditOptions) -> Result<Vec<String>, Error> {
        let classes = self.labels.classes();
        let counts = self.labels.counts();
        // A class that is predicted only is no class to want.
        let true_classes: Vec<&String> = classes
            .iter()
            .zip(&counts)
            .filter(|(_, rows)| **rows > 0)
            .map(|(class, _)| class)
            .collect();
        let most = (0..counts.len()).max_by_key(|&class| counts[class]).unwrap_or(0);
        if self.labels.counts().iter().filter(|&&rows| rows > 0).count() < 2 {
            return Err(Error::Config {
                place: format!("column `{}`", options.columns.target),
                problem: format!(
                    "every row is of class `{}`, so that nothing can be said about who is told from whom",
                    classes[most].as_str()
                ),
                hint: Some("name another column with `--target`".into()),
            });
        }
        match &options.favourable {
            Some(class) => Ok(vec![class.clone()]),
            None if true_classes.len() == 2 => Ok(vec![true_classes[1].clone()]),
            None => Ok(true_classes.into_iter().cloned().collect()),
        }
    }

    fn rows<'a>(&'a self, groups: &'a Groups, favourable: &str) -> Result<GroupedRows<'a>, Error> {
        let Some(found) = &self.predictions else {
            return Ok(GroupedRows::of_labels(&self.labels, groups, favourable)?);
        };
        let mut rows = Predictions::new(&found.classes, &found.truth, &found.predicted)?;
        if let Some(probabilities) = &found.probabilities {
            rows = rows.with_probabilities(probabilities)?;
        }
        if let Some(weights) = &self.weights {
            rows = rows.with_weights(weights)?;
        }
        Ok(GroupedRows::new(rows, groups, favourable)?)
    }
}

/// A protected column is no truth, prediction, score or weight.
fn refuse_other_roles(options: &AuditOptions, table: &Table) -> Result<(), Error> {
    let columns = &options.columns;
    let mut roles: Vec<(&String, &'static str)> = vec![(&columns.target, "target")];
    roles.extend(columns.prediction.iter().map(|column| (column, "prediction")));
    roles.extend(columns.scores.iter().map(|(_, column)| (column, "score")));
    roles.extend(columns.weight.iter().map(|column| (column, "weight")));
    roles.extend(options.id.iter().map(|column| (column, "id")));
    for group in options.groups.columns_of(table) {
        if let Some((column, role)) = roles.iter().find(|(column, _)| **column == group) {
            return Err(counterpoise_data::Error::RoleConflict {
                column: (*column).clone(),
                first: role,
                second: "group",
            }
            .into());
        }
    }
    Ok(())
}

fn labels_of(table: &Table, target: &str) -> Result<Labels, Error> {
    let column = table
        .column(target)
        .ok_or_else(|| counterpoise_data::Error::UnknownColumn {
            column: target.into(),
            role: "target",
            columns: table.names().map(String::from).collect(),
        })?;
    let texts = texts_of(column);
    if let Some(row) = texts.iter().position(Option::is_none) {
        return Err(counterpoise_data::Error::MissingRole {
            role: "target",
            column: target.into(),
            row: row + 1,
            count: texts.iter().filter(|text| text.is_none()).count(),
        }
        .into());
    }
    let names: Vec<String> = texts.into_iter().flatten().collect();
    Ok(Labels::from_names(&names))
}

fn one_group_is_nothing(columns: &[(String, Groups)]) -> Result<(), Error> {
    let alone = columns
        .iter()
        .find(|(_, groups)| groups.counts().iter().filter(|&&rows| rows > 0).count() < 2);
    match alone {
        None => Ok(()),
        Some((column, groups)) => Err(Error::Config {
            place: "--group".into(),
            problem: format!(
                "all rows are in one group of `{column}`, `{}`, and an audit compares two or more",
                groups.classes().first().map_or("", String::as_str)
            ),
            hint: Some("name another column with `--group`".into()),
        }),
    }
}

/// Columns that are crossed: each two, and all of them.
fn crossings(columns: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = Vec::new();
    if columns > 2 {
        all.extend(
            (0..columns).flat_map(|first| (first + 1..columns).map(move |second| vec![first, second])),
        );
    }
    if columns > 1 {
        all.push((0..columns).collect());
    }
    all
}

/// The group with the most rows; of equals the first.
fn largest(groups: &Groups) -> Option<&str> {
    let counts = groups.counts();
    let most = (0..counts.len()).rev().max_by_key(|&group| counts[group])?;
    Some(groups.classes()[most].as_str())
}

/// The privileged group of each grouping: of a combination, where every column has one.
fn privileged(
    columns: &[(String, Groups)],
    single: usize,
    named: &[String],
) -> Result<Vec<Option<String>>, Error> {
    let mut of_column: Vec<Option<String>> = vec![None; single];
    let wrong = |problem: String, hint: String| Error::Config {
        place: "--privileged".into(),
        problem,
        hint: Some(hint),
    };
    for text in named {
        let holds = |(_, groups): &&(String, Groups)| groups.code_of(text).is_some();
        let whole: Vec<usize> = (0..single).filter(|&place| holds(&&columns[place])).collect();
        let (place, group) = match (whole.as_slice(), text.rsplit_once('=')) {
            ([place], _) => (*place, text.clone()),
            ([], Some((column, group))) => {
                let place = columns[..single]
                    .iter()
                    .position(|(name, _)| name == column.trim());
                let place = place.ok_or_else(|| {
                    let names: Vec<&str> = columns[..single].iter().map(|(name, _)| name.as_str()).collect();
                    wrong(
                        format!("`{column}` is no protected column"),
                        format!("the protected columns are `{}`", names.join("`, `")),
                    )
                })?;
                (place, group.trim().to_owned())
            }
            ([], None) => {
                let names: Vec<&str> = columns[..single]
                    .iter()
                    .flat_map(|(_, groups)| groups.classes().iter().map(String::as_str))
                    .collect();
                let nearest = counterpoise_base::nearest_name(text, names.iter().copied());
                let hint = match nearest {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("the groups are `{}`", names.join("`, `")),
                };
                return Err(wrong(format!("there is no group `{text}`"), hint));
            }
            (several, _) => {
                let first = &columns[several[0]].0;
                return Err(wrong(
                    format!("`{text}` is a group of several columns"),
                    format!("say which: `--privileged \"{first}={text}\"`"),
                ));
            }
        };
        if columns[place].1.code_of(&group).is_none() {
            return Err(wrong(
                format!("`{group}` is no group of `{}`", columns[place].0),
                format!("its groups are `{}`", columns[place].1.classes().join("`, `")),
            ));
        }
        of_column[place] = Some(group);
    }
    let mut all = of_column.clone();
    for (members, (_, groups)) in crossings(single).iter().zip(&columns[single..]) {
        let names: Option<Vec<String>> = members.iter().map(|&member| of_column[member].clone()).collect();
        let combined = names.map(|names| names.join(" | "));
        all.push(combined.filter(|name| groups.code_of(name).is_some()));
    }
    Ok(all)
}

/// What a reader should know before signing.
fn caveats(found: &Found, columns: &[(String, Groups)], parts: &[AuditPart]) -> Vec<String> {
    let mut caveats = vec![
        "True classes are taken as they stand. Where past decisions made them, they carry the bias of those decisions, and equal error rates repeat it.".to_owned(),
        "Groups are those that were written down. Who belongs to two, or to none, is not seen here.".to_owned(),
        "Intervals say what other rows of the same kind would change. They do not cover rows of another time or place, nor another training of the model.".to_owned(),
    ];
    let compared: usize = parts
        .iter()
        .flat_map(|part| &part.groupings)
        .map(|grouping| grouping.pairs.len())
        .sum();
    if compared > 1 {
        caveats.push(format!(
            "{compared} differences between two groups were looked at. Their intervals hold for all pairs of a grouping at once, rate by rate, but not for all rates and groupings at once: expect some clear ones by chance."
        ));
    }
    let uneven = parts.iter().any(|part| {
        part.findings
            .iter()
            .any(|finding| finding.rate == "base-rate" && finding.kind == FindingKind::Clear)
    });
    if uneven && found.predictions.is_some() {
        caveats.push("Shares of the favourable class differ between groups. Then selection rates, error rates and predictive values cannot all be equal, unless predictions are perfect (Chouldechova 2017; Kleinberg, Mullainathan and Raghavan 2017): which of them should be is for people to decide.".to_owned());
    }
    if looks_like_german_credit(&found.labels, columns) {
        caveats.push("This looks like the German credit data. Its published table has one code for `female: non-single or male: single`, so that `sex` cannot be recovered for all rows (Grömping 2019): numbers by sex are those of a code, not of women and men.".to_owned());
    }
    caveats
}

fn looks_like_german_credit(labels: &Labels, columns: &[(String, Groups)]) -> bool {
    let counts = |labels: &Labels| {
        let mut counts = labels.counts();
        counts.sort_unstable();
        counts
    };
    let close = |counts: &[usize], shares: [f64; 2]| match counts {
        [few, many] => {
            let total = (few + many) as f64;
            total <= 1000.0
                && (*few as f64 / total - shares[0]).abs() < 0.04
                && (*many as f64 / total - shares[1]).abs() < 0.04
        }
        _ => false,
    };
    close(&counts(labels), [0.3, 0.7])
        && columns
            .iter()
            .any(|(name, groups)| name.to_lowercase().contains("sex") && close(&counts(groups), [0.31, 0.69]))
}
