//! The numbers behind every plot, as CSV and as JSON.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use counterpoise_base::Embeddings;
use counterpoise_diagnose::{
    Adversaries, Change, ClassShare, Diagnosis, Diversity, GapNumbers, Moved, Profile, SplitProfile,
    StratumProfile,
};
use serde_json::{Map, Value};

use super::{ComparedModels, Explanation};
use crate::Error;
use crate::pages::{write_bytes, write_text};

/// A table with a name for its files.
struct Numbers {
    name: &'static str,
    headers: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
}

fn number(value: impl Into<Option<f64>>) -> Value {
    value.into().map_or(Value::Null, Value::from)
}

fn count(value: impl Into<Option<usize>>) -> Value {
    value.into().map_or(Value::Null, Value::from)
}

impl Numbers {
    fn new(name: &'static str, headers: &[&'static str]) -> Self {
        Self {
            name,
            headers: headers.to_vec(),
            rows: Vec::new(),
        }
    }

    fn push(&mut self, row: impl IntoIterator<Item = Value>) {
        let row: Vec<Value> = row.into_iter().collect();
        debug_assert_eq!(row.len(), self.headers.len(), "{}", self.name);
        self.rows.push(row);
    }

    /// Absent numbers are empty cells.
    fn csv(&self) -> String {
        let mut text = self.headers.join(",");
        text.push('\n');
        for row in &self.rows {
            for (place, cell) in row.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                match cell {
                    Value::Null => {}
                    Value::String(word) if word.contains([',', '"', '\n', '\r']) => {
                        let _ = write!(text, "\"{}\"", word.replace('"', "\"\""));
                    }
                    Value::String(word) => text.push_str(word),
                    other => {
                        let _ = write!(text, "{other}");
                    }
                }
            }
            text.push('\n');
        }
        text
    }

    /// A list of objects, one a line.
    fn json(&self) -> String {
        let object = |row: &Vec<Value>| {
            let pairs = self.headers.iter().zip(row);
            Value::Object(
                pairs
                    .map(|(name, value)| ((*name).to_owned(), value.clone()))
                    .collect::<Map<_, _>>(),
            )
        };
        let lines: Vec<String> = self.rows.iter().map(|row| object(row).to_string()).collect();
        format!("[\n{}\n]\n", lines.join(",\n"))
    }
}

/// Fails if tables cannot be written into this folder: it must not exist or be empty, unless what is there may be replaced.
pub fn check_tables(folder: &Path, overwrite: bool) -> Result<(), Error> {
    let wrong = |problem: &str, hint: &str| Error::Config {
        place: folder.display().to_string(),
        problem: problem.into(),
        hint: Some(hint.into()),
    };
    if folder.exists() && !folder.is_dir() {
        return Err(wrong(
            "it is a file, and tables are written into a folder",
            "name a folder: `--tables explained`",
        ));
    }
    let taken = folder
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some());
    if taken && !overwrite {
        return Err(wrong(
            "the folder is not empty",
            "name another one, or let tables in it be replaced: `--overwrite`",
        ));
    }
    Ok(())
}

/// Writes all tables into a folder, which is made if it is not there: each as CSV and as JSON, and everything as
/// `explanation.json`. Returns the names of the files.
pub fn write_tables(explanation: &Explanation, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Write {
        path: folder.into(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut written = Vec::new();
    for table in tables(explanation) {
        let path = folder.join(format!("{}.csv", table.name));
        write_text(&table.csv(), &path)?;
        written.push(path);
        let path = folder.join(format!("{}.json", table.name));
        write_text(&table.json(), &path)?;
        written.push(path);
    }
    let path = folder.join("explanation.json");
    write_bytes(&whole(explanation)?, &path)?;
    written.push(path);
    Ok(written)
}

fn whole(explanation: &Explanation) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec(explanation).map_err(|error| Error::Config {
        place: "tables".into(),
        problem: error.to_string(),
        hint: None,
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn tables(explanation: &Explanation) -> Vec<Numbers> {
    let diagnosis = &explanation.diagnosis;
    let name = |index: usize| explanation.name_of_feature(index);
    let mut all = vec![
        classes(diagnosis),
        findings(diagnosis),
        recommendations(diagnosis),
        largest(diagnosis, &name),
        required(diagnosis),
        diversity(diagnosis),
        adversaries(diagnosis),
        correlations(diagnosis),
        misclassified(&explanation.rows.test),
    ];
    if diagnosis.matches.is_some() {
        all.extend(matches(diagnosis, &name));
    }
    if diagnosis.gap.is_some() {
        all.push(gap(diagnosis));
        all.push(gap_of_features(diagnosis, &name));
    }
    if diagnosis.archetypes.is_some() {
        all.push(archetypes(diagnosis));
    }
    if diagnosis.overlap.is_some() {
        all.push(overlap(diagnosis));
    }
    if !diagnosis.densities.is_empty() {
        all.push(densities(diagnosis, &name));
    }
    if let Some(colours) = explanation
        .looks
        .as_ref()
        .and_then(|looks| looks.colours.as_ref())
    {
        all.push(colours_of(colours));
    }
    if let Some(against) = &explanation.against {
        all.push(comparison(against));
        all.push(ranks(against));
    }
    all
}

fn classes(diagnosis: &Diagnosis) -> Numbers {
    let names = diagnosis
        .summaries
        .first()
        .map(|line| line.numbers().map(|(name, _)| name));
    let mut headers = vec!["class"];
    headers.extend(names.into_iter().flatten());
    headers.extend([
        "recall_low",
        "recall_high",
        "required_low",
        "required_high",
        "recoverable",
        "given_up",
    ]);
    let mut table = Numbers::new("classes", &headers);
    for (class, line) in diagnosis.summaries.iter().enumerate() {
        let intervals = &diagnosis.intervals[class];
        let ends = [&intervals.recall, &intervals.required].map(|estimate| estimate.as_ref()?.interval);
        let shares = [&diagnosis.recoverable, &diagnosis.given_up];
        let mut row = vec![Value::from(line.class.clone())];
        row.extend(line.numbers().map(|(name, value)| {
            if name.ends_with("_rows") {
                return count(value.map(|rows| rows as usize));
            }
            number(value)
        }));
        row.extend(
            ends.into_iter()
                .flat_map(|ends| [number(ends.map(|ends| ends.0)), number(ends.map(|ends| ends.1))]),
        );
        row.extend(shares.map(|shares| number(shares.as_ref().and_then(|shares| shares[class]))));
        table.push(row);
    }
    table
}

fn findings(diagnosis: &Diagnosis) -> Numbers {
    let mut table = Numbers::new("findings", &["class", "severity", "kind", "text"]);
    for finding in &diagnosis.findings {
        let word = |value: Result<Value, _>| value.unwrap_or_else(|_: serde_json::Error| Value::Null);
        table.push([
            Value::from(finding.class.clone()),
            word(serde_json::to_value(finding.severity)),
            word(serde_json::to_value(finding.kind)),
            Value::from(finding.text.clone()),
        ]);
    }
    table
}

fn recommendations(diagnosis: &Diagnosis) -> Numbers {
    let mut table = Numbers::new("recommendations", &["class", "action", "reason"]);
    for one in &diagnosis.recommendations {
        table.push([
            Value::from(one.class.clone()),
            Value::from(one.action.name()),
            Value::from(one.reason.clone()),
        ]);
    }
    table
}

/// Both splits, training first.
fn splits(diagnosis: &Diagnosis) -> impl Iterator<Item = (&'static str, &SplitProfile)> {
    let train = diagnosis.train.as_ref().map(|train| ("train", train));
    train.into_iter().chain([("test", &diagnosis.test)])
}

fn strata(class: &counterpoise_diagnose::ClassProfile) -> [(&'static str, &StratumProfile); 4] {
    [
        ("true-positives", &class.true_positives),
        ("false-negatives", &class.false_negatives),
        ("false-positives", &class.false_positives),
        ("all", &class.all),
    ]
}

fn largest(diagnosis: &Diagnosis, name: &dyn Fn(usize) -> String) -> Numbers {
    let mut table = Numbers::new(
        "largest-features",
        &[
            "class",
            "split",
            "rows_of",
            "rows",
            "numbers",
            "rank",
            "feature",
            "name",
            "magnitude",
            "share",
            "frequency",
        ],
    );
    for (split, profile) in splits(diagnosis) {
        for class in &profile.classes {
            for (rows_of, stratum) in strata(class) {
                let kinds: [(&str, &Option<Profile>); 2] = [
                    ("contributions", &stratum.contributions),
                    ("features", &stratum.features),
                ];
                for (numbers, profile) in kinds {
                    let top = profile.iter().flat_map(|profile| &profile.top);
                    for (rank, feature) in top.enumerate() {
                        table.push([
                            Value::from(class.class.clone()),
                            Value::from(split),
                            Value::from(rows_of),
                            count(stratum.rows),
                            Value::from(numbers),
                            count(rank + 1),
                            count(feature.index),
                            Value::from(name(feature.index)),
                            number(feature.magnitude),
                            number(feature.share),
                            number(feature.frequency),
                        ]);
                    }
                }
            }
        }
    }
    table
}

fn required(diagnosis: &Diagnosis) -> Numbers {
    let mut table = Numbers::new(
        "required",
        &[
            "class",
            "split",
            "rows_of",
            "rows",
            "mean",
            "share_of_width",
            "taken",
            "rows_that_take_so_many",
        ],
    );
    for (split, profile) in splits(diagnosis) {
        for class in &profile.classes {
            for (rows_of, stratum) in strata(class) {
                let Some(required) = &stratum.required else {
                    continue;
                };
                for (taken, &rows) in required
                    .histogram
                    .iter()
                    .enumerate()
                    .filter(|(_, rows)| **rows > 0)
                {
                    table.push([
                        Value::from(class.class.clone()),
                        Value::from(split),
                        Value::from(rows_of),
                        count(stratum.rows),
                        number(required.mean),
                        number(required.share_of_width),
                        count(taken),
                        count(rows),
                    ]);
                }
            }
        }
    }
    table
}

fn diversity(diagnosis: &Diagnosis) -> Numbers {
    let mut table = Numbers::new(
        "diversity",
        &[
            "class",
            "split",
            "rows",
            "recall",
            "distinct_features",
            "entropy",
            "effective_features",
            "participation",
            "mean_deviation",
            "mean_range",
            "mean_distance",
            "distance_rows",
            "effective_rank",
            "effective_rank_of_largest",
        ],
    );
    let train = diagnosis.train_diversity.as_ref().map(|train| ("train", train));
    let both: Vec<(&str, &Diversity)> = train
        .into_iter()
        .chain([("test", &diagnosis.test_diversity)])
        .collect();
    for (split, diversity) in both {
        for class in &diversity.classes {
            table.push([
                Value::from(class.class.clone()),
                Value::from(split),
                count(class.rows),
                number(class.recall),
                count(class.distinct_features),
                number(class.entropy),
                number(class.effective_features),
                number(class.participation),
                number(class.mean_deviation),
                number(class.mean_range),
                number(class.mean_distance),
                count(class.distance_rows),
                number(class.effective_rank),
                number(class.effective_rank_of_largest),
            ]);
        }
    }
    table
}

fn adversaries(diagnosis: &Diagnosis) -> Numbers {
    let mut table = Numbers::new(
        "adversaries",
        &["split", "class", "errors", "other", "taken_for", "near"],
    );
    let train = diagnosis.train_adversaries.as_ref().map(|train| ("train", train));
    let both: Vec<(&str, &Adversaries)> = train
        .into_iter()
        .chain([("test", &diagnosis.test_adversaries)])
        .collect();
    let share = |shares: &[ClassShare], other: &String| {
        shares.iter().find(|one| one.class == *other).map(|one| one.share)
    };
    for (split, adversaries) in both {
        for class in &adversaries.classes {
            for other in &diagnosis.classes {
                let (taken_for, near) = (share(&class.taken_for, other), share(&class.near, other));
                if taken_for.is_some() || near.is_some() {
                    table.push([
                        Value::from(split),
                        Value::from(class.class.clone()),
                        count(class.errors),
                        Value::from(other.clone()),
                        number(taken_for),
                        number(near),
                    ]);
                }
            }
        }
    }
    table
}

fn correlations(diagnosis: &Diagnosis) -> Numbers {
    let mut table = Numbers::new("correlations", &["number", "with", "rank_correlation", "classes"]);
    for one in &diagnosis.correlations {
        table.push([
            Value::from(one.number),
            Value::from(one.with),
            number(one.value),
            count(one.classes),
        ]);
    }
    table
}

/// Rows are counted from 1, as they stand in the test rows.
fn misclassified(test: &Embeddings) -> Numbers {
    let mut table = Numbers::new("misclassified", &["row", "name", "class", "predicted"]);
    let classes = test.labels.classes();
    let predictions = test.predictions.as_deref().unwrap_or_default();
    for (row, (&class, &predicted)) in test.labels.codes().iter().zip(predictions).enumerate() {
        if class != predicted {
            table.push([
                count(row + 1),
                test.names
                    .as_ref()
                    .map_or(Value::Null, |names| Value::from(names[row].clone())),
                Value::from(classes[class as usize].clone()),
                Value::from(classes[predicted as usize].clone()),
            ]);
        }
    }
    table
}

fn matches(diagnosis: &Diagnosis, name: &dyn Fn(usize) -> String) -> [Numbers; 2] {
    let mut features = Numbers::new(
        "match-of-features",
        &[
            "class",
            "feature",
            "name",
            "train",
            "train_wrong",
            "right",
            "wrong",
            "ratio_right",
            "ratio_wrong",
            "ratio_both_wrong",
            "gap",
            "low",
            "high",
            "outside",
            "outside_wrong",
            "excess",
        ],
    );
    let mut classes = Numbers::new(
        "match",
        &[
            "class",
            "train_rows",
            "test_rows",
            "recall",
            "mismatch",
            "jaccard",
            "rank_correlation",
            "outcome",
            "features_outside",
            "rows",
        ],
    );
    for class in diagnosis.matches.iter().flatten() {
        for feature in &class.features {
            features.push([
                Value::from(class.class.clone()),
                count(feature.index),
                Value::from(name(feature.index)),
                number(feature.train),
                number(feature.train_wrong),
                number(feature.right),
                number(feature.wrong),
                number(feature.ratio_right),
                number(feature.ratio_wrong),
                number(feature.ratio_both_wrong),
                number(feature.gap),
                number(feature.range.0),
                number(feature.range.1),
                number(feature.outside),
                number(feature.outside_wrong),
                number(feature.excess),
            ]);
        }
        for (outcome, histogram) in [("right", &class.outside_right), ("wrong", &class.outside_wrong)] {
            for (outside, &rows) in histogram.iter().enumerate() {
                classes.push([
                    Value::from(class.class.clone()),
                    count(class.train_rows),
                    count(class.test_rows),
                    number(class.recall),
                    number(class.mismatch),
                    number(class.jaccard),
                    number(class.rank_correlation),
                    Value::from(outcome),
                    count(outside),
                    count(rows),
                ]);
            }
        }
    }
    [classes, features]
}

fn gap(diagnosis: &Diagnosis) -> Numbers {
    let mut table = Numbers::new(
        "gap",
        &[
            "class",
            "train_rows",
            "test_rows",
            "rows_of",
            "mean",
            "low",
            "high",
            "sum",
            "two_sided_mean",
            "two_sided_sum",
            "features_outside",
            "rows_outside",
            "mean_without_worst",
        ],
    );
    for class in diagnosis.gap.iter().flat_map(|gap| &gap.classes) {
        let strata: [(&str, Option<GapNumbers>); 3] =
            [("all", class.all), ("right", class.right), ("wrong", class.wrong)];
        for (rows_of, numbers) in strata {
            let Some(numbers) = numbers else { continue };
            let ends = class
                .estimate
                .as_ref()
                .and_then(|estimate| estimate.interval)
                .filter(|_| rows_of == "all");
            table.push([
                Value::from(class.class.clone()),
                count(class.train_rows),
                count(class.test_rows),
                Value::from(rows_of),
                number(numbers.mean),
                number(ends.map(|ends| ends.0)),
                number(ends.map(|ends| ends.1)),
                number(numbers.sum),
                number(numbers.two_sided_mean),
                number(numbers.two_sided_sum),
                count(numbers.features_outside),
                count(class.rows_outside.filter(|_| rows_of == "all")),
                number(class.without_worst.filter(|_| rows_of == "all")),
            ]);
        }
    }
    table
}

fn gap_of_features(diagnosis: &Diagnosis, name: &dyn Fn(usize) -> String) -> Numbers {
    let mut table = Numbers::new("gap-of-features", &["class", "feature", "name", "gap"]);
    for class in diagnosis.gap.iter().flat_map(|gap| &gap.classes) {
        for (index, &gap) in class.features.iter().flatten().enumerate() {
            table.push([
                Value::from(class.class.clone()),
                count(index),
                Value::from(name(index)),
                number(gap),
            ]);
        }
    }
    table
}

fn archetypes(diagnosis: &Diagnosis) -> Numbers {
    let mut table = Numbers::new(
        "archetypes",
        &[
            "class",
            "class_rows",
            "asked",
            "archetype",
            "rows",
            "share",
            "recall",
            "medoid_row",
        ],
    );
    for class in diagnosis
        .archetypes
        .iter()
        .flat_map(|archetypes| &archetypes.classes)
    {
        for rows in &class.archetypes {
            table.push([
                Value::from(class.class.clone()),
                count(class.rows),
                count(class.asked),
                Value::from(rows.archetype.name()),
                count(rows.rows),
                number(rows.share),
                number(rows.recall),
                count(rows.medoid.map(|medoid| medoid.row + 1)),
            ]);
        }
    }
    table
}

fn overlap(diagnosis: &Diagnosis) -> Numbers {
    let mut table = Numbers::new("overlap", &["class", "other", "shared_features"]);
    if let Some(overlap) = &diagnosis.overlap {
        for (class, shared) in overlap.classes.iter().zip(&overlap.shared) {
            for (other, &shared) in overlap.classes.iter().zip(shared) {
                table.push([
                    Value::from(class.clone()),
                    Value::from(other.clone()),
                    count(shared),
                ]);
            }
        }
    }
    table
}

fn densities(diagnosis: &Diagnosis, name: &dyn Fn(usize) -> String) -> Numbers {
    let mut table = Numbers::new(
        "densities",
        &[
            "reference",
            "feature",
            "name",
            "class",
            "ratio_of_counts",
            "ratio_of_shares",
        ],
    );
    for density in &diagnosis.densities {
        for (place, &feature) in density.features.iter().enumerate() {
            for class in &density.classes {
                table.push([
                    Value::from(density.reference.clone()),
                    count(feature),
                    Value::from(name(feature)),
                    Value::from(class.class.clone()),
                    number(class.counts[place]),
                    number(class.shares[place]),
                ]);
            }
        }
    }
    table
}

fn colours_of(colours: &counterpoise_data::ColourTextures) -> Numbers {
    let mut table = Numbers::new(
        "colours",
        &[
            "class",
            "pictures",
            "pixels",
            "colour",
            "share",
            "share_of_all_pixels",
            "red",
            "green",
            "blue",
        ],
    );
    for class in &colours.classes {
        for colour in &class.groups {
            let mean = |channel: usize| number(colour.mean.map(|mean| mean[channel]));
            table.push([
                Value::from(class.class.clone()),
                count(class.pictures),
                Value::from(class.pixels),
                Value::from(colour.group.name()),
                number(colour.share),
                number(colour.of_all),
                mean(0),
                mean(1),
                mean(2),
            ]);
        }
    }
    table
}

fn comparison(against: &ComparedModels) -> Numbers {
    let mut table = Numbers::new(
        "comparison",
        &[
            "class",
            "rows",
            "recall_before",
            "recall_after",
            "required_before",
            "required_after",
            "overlap",
            "magnitude_ratio",
            "stay_right",
            "lost",
            "won",
            "stay_wrong",
            "lost_required_before",
            "lost_required_after",
            "won_required_before",
            "won_required_after",
        ],
    );
    let both = |change: &Change| [number(change.before), number(change.after)];
    let moved = |moved: &Moved| both(&moved.required);
    for class in &against.comparison.classes {
        let flow = &class.flow;
        let mut row = vec![Value::from(class.class.clone()), count(class.rows)];
        row.extend(both(&class.recall));
        row.extend(both(&class.required));
        row.extend([number(class.overlap), number(class.magnitude_ratio)]);
        row.extend(
            [
                flow.stay_right.rows,
                flow.lost.rows,
                flow.won.rows,
                flow.stay_wrong.rows,
            ]
            .map(count),
        );
        row.extend(moved(&flow.lost));
        row.extend(moved(&flow.won));
        table.push(row);
    }
    table
}

fn ranks(against: &ComparedModels) -> Numbers {
    let mut table = Numbers::new(
        "comparison-by-rank",
        &[
            "class",
            "rank",
            "magnitude_before",
            "magnitude_after",
            "frequency_before",
            "frequency_after",
        ],
    );
    for class in &against.comparison.classes {
        let lists = [
            &class.magnitudes_before,
            &class.magnitudes_after,
            &class.frequencies_before,
            &class.frequencies_after,
        ];
        let most = lists.iter().map(|list| list.len()).max().unwrap_or(0);
        for rank in 0..most {
            let mut row = vec![Value::from(class.class.clone()), count(rank + 1)];
            row.extend(lists.map(|list| number(list.get(rank).copied())));
            table.push(row);
        }
    }
    table
}

impl Explanation {
    /// What a feature is called: its name, or its place.
    pub(super) fn name_of_feature(&self, index: usize) -> String {
        match &self.feature_names {
            Some(names) => names[index].clone(),
            None => index.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_numbers_are_empty_cells_and_texts_keep_their_commas() {
        let mut table = Numbers::new("t", &["class", "value", "rows"]);
        table.push([Value::from("a, \"b\""), number(None), count(3)]);
        table.push([Value::from("c"), number(0.5), count(None)]);
        assert_eq!(table.csv(), "class,value,rows\n\"a, \"\"b\"\"\",,3\nc,0.5,\n");
        let read: Value = serde_json::from_str(&table.json()).unwrap();
        assert_eq!(
            (&read[0]["value"], &read[1]["value"]),
            (&Value::Null, &Value::from(0.5))
        );
        let none: Value = serde_json::from_str(&Numbers::new("none", &["class"]).json()).unwrap();
        assert_eq!(none, serde_json::json!([]));
    }
}
