use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use counterpoise_base::{Labels, Observer, Resampled, Seed, SyntheticValues, Table, Warning};
use counterpoise_data::{
    Bins, Carry, Error as DataError, GroupColumns, Imbalance, Missing, OutputOptions, Prepared, ReadOptions,
    Roles, Writer, make_imbalance, output_chunks, prepare, read_table, with_side_columns,
};
use counterpoise_neighbors::MissingValues;
use counterpoise_sampling::{Chooser, Cost, Kind, Method, Plan, Resample, Run};
use serde::{Deserialize, Serialize};

use crate::{Compare, Error};

/// A whole run: what a TOML file says, after defaults and flags are merged into it.
///
/// The same description and seed give the same output. Paths are relative to the current folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Experiment {
    /// Root of everything random.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Who draws: `native`, or `numpy` to replay imbalanced-learn.
    #[serde(default)]
    pub chooser: Chooser,
    /// What is read.
    pub data: DataPart,
    /// What is done to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// Which methods and models are compared, instead of a method that is run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare: Option<Compare>,
    /// What is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputPart>,
    /// The page about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportPart>,
}

/// The `[data]` table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DataPart {
    /// The file.
    pub path: PathBuf,
    /// The column of classes.
    pub target: String,
    /// Protected columns, or thresholds on numbers such as `age<=25`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Protected columns of numbers that are cut into groups: `age = 4` or `age = [25, 45]`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bins: BTreeMap<String, Bins>,
    /// A file with protected columns that the table lacks; rows are matched by `id`, or by their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_file: Option<PathBuf>,
    /// The column of weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// The column that names rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Columns to carry along only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// What happens to missing values.
    #[serde(default)]
    pub missing: Missing,
    /// Makes the data imbalanced first, for experiments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imbalance: Option<Imbalance>,
    /// How the file is read.
    #[serde(default)]
    pub read: ReadOptions,
}

/// The `[output]` table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OutputPart {
    /// The file; its extension decides the format.
    pub path: PathBuf,
    /// Adds columns that say which rows are synthetic and where they come from.
    #[serde(default)]
    pub mark: bool,
    /// What synthetic rows hold in columns that are only carried along.
    #[serde(default)]
    pub carry: Carry,
}

/// The `[report]` table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReportPart {
    /// The HTML file.
    pub path: PathBuf,
}

/// Adds columns that stand in a file of their own to a table, and tells which. `columns` names them as they are called in
/// that file.
pub fn with_side_file(
    table: Table,
    role: &'static str,
    columns: &dyn Fn(&Table) -> Vec<String>,
    file: &Path,
    id: Option<&str>,
    observer: &dyn Observer,
) -> Result<(Table, Vec<String>), Error> {
    let other = read_table(file, &ReadOptions::default(), observer)?.table;
    let added: Vec<String> = columns(&other)
        .into_iter()
        .filter(|name| table.position(name).is_none())
        .collect();
    let name = file.display().to_string();
    Ok((with_side_columns(table, &other, &name, role, &added, id)?, added))
}

/// Whether two paths lead to one file that exists.
pub(crate) fn is_same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

fn default_seed() -> u64 {
    42
}

/// What a run will do, told before it is done.
#[derive(Debug, Clone)]
pub struct Estimate {
    /// Class counts before and after.
    pub plan: Plan,
    /// Time of choosing and making rows, without files; good to a factor of three.
    pub time: Duration,
    /// Memory beside the table itself, in bytes.
    pub bytes: u64,
}

/// What a run did.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The table as it was resampled.
    pub prepared: Prepared,
    /// The rows that stay and those that are new.
    pub resampled: Resampled,
    /// Everything that looked odd, while reading and after.
    pub warnings: Vec<Warning>,
}

impl Outcome {
    /// Rows of each class before and after, in class order.
    pub fn counts(&self) -> Vec<(String, usize, usize)> {
        let labels = &self.prepared.labels;
        let mut after = vec![0; labels.classes().len()];
        self.each_output_row(|_, class| after[class as usize] += 1);
        let before = labels.counts();
        labels
            .classes()
            .iter()
            .cloned()
            .zip(before)
            .zip(after)
            .map(|((class, before), after)| (class, before, after))
            .collect()
    }

    /// Rows of each class x group cell before and after, for one grouping of the input rows.
    pub fn cell_counts(&self, groups: &Labels) -> Vec<(String, usize, usize)> {
        let labels = &self.prepared.labels;
        let width = groups.classes().len();
        let place = |class: u32, row: usize| class as usize * width + groups.codes()[row] as usize;
        let mut counts = vec![(0, 0); labels.classes().len() * width];
        for (row, &class) in labels.codes().iter().enumerate() {
            counts[place(class, row)].0 += 1;
        }
        // A synthetic row is in the group of its base, unless it was placed in another.
        self.each_output_row(|row, class| counts[place(class, row)].1 += 1);
        let cell = |(place, (before, after)): (usize, (usize, usize))| {
            let (class, group) = (&labels.classes()[place / width], &groups.classes()[place % width]);
            (format!("{class} | {group}"), before, after)
        };
        let cells = counts.into_iter().enumerate();
        cells.filter(|(_, counts)| *counts != (0, 0)).map(cell).collect()
    }

    /// Protected columns in which synthetic rows stand between groups: cells count such a row in the group of its base.
    fn between_groups(&self) -> Option<Warning> {
        let features = self.prepared.features();
        let origin = &self.resampled.origin;
        let moved = |(place, made): (usize, &SyntheticValues)| {
            let feature = features.columns().get(place).filter(|feature| feature.copied)?;
            let value = |row: usize| match made {
                SyntheticValues::F64(values) => Some(values[row]),
                SyntheticValues::F32(values) => Some(f64::from(values[row])),
                SyntheticValues::Codes(_) => None,
            };
            let count = (0..origin.len())
                .filter(|&row| value(row) != feature.values.number(self.resampled.row_of_group(row)))
                .count();
            (count > 0).then(|| format!("`{}` ({count} rows)", feature.name))
        };
        let columns: Vec<String> = self
            .resampled
            .synthetic
            .iter()
            .enumerate()
            .filter_map(moved)
            .collect();
        if columns.is_empty() {
            return None;
        }
        let message = format!(
            "synthetic rows hold values between those of their parents in protected columns: {}; they are counted in the group of their base",
            columns.join(", ")
        );
        Some(
            Warning::new("run.between-groups", message)
                .with_hint("`--set method.blur=keep-group-value` keeps the value of the base"),
        )
    }

    /// Weight of each class x group cell after a method that weighs rows, in the order of [`cell_counts`](Self::cell_counts);
    /// nothing for others.
    pub fn cell_weights(&self, groups: &Labels) -> Option<Vec<f64>> {
        let weights = self.resampled.weights.as_ref()?;
        let labels = &self.prepared.labels;
        let cells = labels.crossed_with(groups);
        let mut sums = vec![0.0; cells.classes().len()];
        for (row, weight) in self.resampled.rows().zip(weights) {
            if let counterpoise_base::OutputRow::Kept(row) = row {
                let own = self.prepared.weights().map_or(1.0, |weights| weights[row]);
                sums[cells.codes()[row] as usize] += own * weight;
            }
        }
        Some(sums)
    }

    /// Whether groups were mixed, in a sentence; nothing for methods that are not meant to.
    pub fn crossing(&self) -> Option<String> {
        let crossing = self.resampled.crossing?;
        let share = crossing.share()?;
        let happened = match share {
            0.0 => "groups were not mixed",
            share if share < 0.01 => "groups were hardly mixed",
            _ => "groups were mixed",
        };
        Some(format!(
            "{happened}: {} of {} neighbors that were free to be of any group are of another group than the row they are neighbors of ({:.2} %)",
            crossing.of_other_groups,
            crossing.neighbors,
            100.0 * share
        ))
    }

    fn each_output_row(&self, mut visit: impl FnMut(usize, u32)) {
        for row in self.resampled.rows() {
            let class = self.resampled.class_of(row, &self.prepared.labels);
            match row {
                counterpoise_base::OutputRow::Kept(row) => visit(row, class),
                counterpoise_base::OutputRow::Synthetic(made) => {
                    visit(self.resampled.row_of_group(made), class);
                }
            }
        }
    }
}

impl Experiment {
    fn roles(&self) -> Roles {
        let data = &self.data;
        // Bins of a column that is only observed are no business of whoever prepares the table.
        let observed = |column: &String| {
            let compare = self.compare.as_ref();
            compare.is_some_and(|compare| compare.observe.contains(column)) && !data.groups.contains(column)
        };
        let bins = data.bins.iter().filter(|(column, _)| !observed(column));
        Roles {
            target: data.target.clone(),
            groups: data.groups.clone(),
            bins: bins
                .map(|(column, bins)| (column.clone(), bins.clone()))
                .collect(),
            weight: data.weight.clone(),
            id: data.id.clone(),
            ignore: data.ignore.clone(),
        }
    }

    /// Reads and prepares the table. The warnings of reading are added to those of preparing.
    pub fn read(&self, observer: &dyn Observer) -> Result<Prepared, Error> {
        let mut read = read_table(&self.data.path, &self.data.read, observer)?;
        let mut roles = self.roles();
        if let Some(file) = &self.data.group_file {
            let groups = GroupColumns {
                columns: self.data.groups.clone(),
                bins: self.data.bins.clone(),
            };
            let columns = |other: &Table| groups.columns_of(other);
            let (table, added) = with_side_file(
                read.table,
                "group",
                &columns,
                file,
                self.data.id.as_deref(),
                observer,
            )?;
            read.table = table;
            // Whoever keeps a column in a file of its own does not want models or distances to see it.
            roles.ignore.extend(added);
        }
        let mut prepared = prepare(read.table, &roles, self.data.missing)?;
        if let Some(imbalance) = &self.data.imbalance {
            let rows = make_imbalance(&prepared.labels, imbalance, &Seed::new(self.seed))?;
            prepared = prepared.of_rows(&rows)?;
        }
        let ignored = |warning: &Warning| {
            // What was said about a column that is carried on purpose is no news.
            let quiet = warning.code == "data.text-column";
            let on_purpose = |name: &String| warning.message.starts_with(&format!("column `{name}`"));
            let roles = self.roles();
            let named = roles.ignore.iter().chain(&roles.id).chain(&roles.groups);
            quiet && named.chain(std::iter::once(&roles.target)).any(on_purpose)
        };
        let mut warnings: Vec<Warning> = read
            .warnings
            .into_iter()
            .filter(|warning| !ignored(warning))
            .collect();
        warnings.append(&mut prepared.warnings);
        prepared.warnings = warnings;
        Ok(prepared)
    }

    /// Reads the table for a comparison: values that will be filled are filled inside each fold, not before.
    pub fn read_for_compare(&self, observer: &dyn Observer) -> Result<Prepared, Error> {
        if self.data.missing != Missing::Impute {
            return self.read(observer);
        }
        let mut whole = self.clone();
        whole.data.missing = Missing::Distance;
        whole.read(observer)
    }

    fn method(&self) -> Result<&Method, Error> {
        self.method.as_ref().ok_or_else(|| Error::Config {
            place: "the description of the run".into(),
            problem: "no method is named".into(),
            hint: Some("add `--method smote`, or a table `[method]` with `name = \"smote\"`".into()),
        })
    }

    fn kind(&self) -> Kind {
        self.method.as_ref().map_or(Kind::Rows, Resample::kind)
    }

    /// What [`resample`](Self::resample) will do and cost.
    pub fn estimate(&self, prepared: &Prepared, threads: usize) -> Result<Estimate, Error> {
        let method = self.method()?;
        let plan = method.plan(&prepared.labels, prepared.groups.as_ref())?;
        let cost = Cost::estimate(method, &plan, &prepared.features(), threads);
        Ok(Estimate {
            plan,
            time: cost.time,
            bytes: cost.bytes,
        })
    }

    /// Chooses and makes rows.
    pub fn resample(&self, prepared: Prepared, observer: &dyn Observer) -> Result<Outcome, Error> {
        let method = self.method()?;
        if self.chooser == Chooser::Numpy && u32::try_from(self.seed).is_err() {
            return Err(Error::Config {
                place: "seed".into(),
                problem: format!("numpy's seeds are 0 to {}, not {}", u32::MAX, self.seed),
                hint: Some("choose a smaller `--seed`, or leave out `--chooser numpy`".into()),
            });
        }
        let mut run = Run::new(self.seed).with_chooser(self.chooser);
        run.observer = observer;
        run.missing = match self.data.missing {
            Missing::Distance => MissingValues::Define,
            _ => MissingValues::Refuse,
        };
        let resampled = method.resample(&prepared.labeled(), &run)?;
        let warnings = prepared
            .warnings
            .iter()
            .chain(&resampled.warnings)
            .cloned()
            .collect();
        let mut outcome = Outcome {
            prepared,
            resampled,
            warnings,
        };
        outcome.warnings.extend(outcome.between_groups());
        for (class, before, after) in outcome.counts() {
            if before > 0 && after == 0 {
                outcome.warnings.push(
                    Warning::new("run.emptied-class", format!("no row of class `{class}` is left"))
                        .with_hint("clean fewer classes with `--sampling-strategy`, or use another method"),
                );
            }
        }
        Ok(outcome)
    }

    /// Opens the output file, so that a path that cannot be written to fails before any work.
    pub fn open_output(&self, prepared: &Prepared) -> Result<Option<Writer>, Error> {
        let Some(output) = &self.output else {
            return Ok(None);
        };
        if is_same_file(&output.path, &self.data.path) {
            return Err(Error::Config {
                place: "--output".into(),
                problem: format!(
                    "`{}` is the table that is read, and would be lost",
                    output.path.display()
                ),
                hint: Some("name another file".into()),
            });
        }
        let rows = usize::from(!prepared.labels.is_empty());
        let nothing = Resampled {
            kept: (0..rows).collect(),
            weights: (self.kind() == Kind::Weights).then(|| vec![1.0; rows]),
            ..Resampled::default()
        };
        let first = output_chunks(prepared, &nothing, self.options(output))?.next();
        let like = first.unwrap_or_else(|| Ok(prepared.table.clone()))?;
        Ok(Some(Writer::create(&output.path, &like)?))
    }

    fn options(&self, output: &OutputPart) -> OutputOptions {
        OutputOptions {
            third: self.kind() == Kind::RowsOfThree,
            mark: output.mark,
            carry: output.carry,
        }
    }

    /// Writes the rows that stay and those that are new.
    pub fn write(&self, mut writer: Writer, outcome: &Outcome, observer: &dyn Observer) -> Result<(), Error> {
        let Some(output) = &self.output else { return Ok(()) };
        let task = format!("writing {}", output.path.display());
        let total = outcome.resampled.len() as u64;
        let mut done = 0;
        for part in output_chunks(&outcome.prepared, &outcome.resampled, self.options(output))? {
            let part = part?;
            done += part.rows() as u64;
            writer.write(&part)?;
            let event = counterpoise_base::Event::Progress {
                task: &task,
                done,
                total,
            };
            if observer.observe(&event).is_break() {
                return Err(DataError::Stopped.into());
            }
        }
        let _ = observer.observe(&counterpoise_base::Event::Finished { task: &task });
        Ok(writer.finish()?)
    }
}
