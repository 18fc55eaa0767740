use std::collections::HashSet;

use counterpoise_base::{Labels, Observer, Seed, Warning, agree};
use counterpoise_data::{Augment, Missing};
use counterpoise_deep::{Inputs, Rows, SavedClassifier};
use counterpoise_report::Page;

use super::evaluate::judge;
use super::{Opened, TableEncoding, TableExperiment, open_alike};
use crate::Error;
use crate::networks::{
    ChooseOn, Encoded, NetworkTraining, Reads, Sets, Wanted, fingerprint_of, page_of, part,
};

/// Rows as a network reads them, and their classes.
pub(crate) struct RowSet {
    pub(crate) values: Vec<f32>,
    pub(crate) width: usize,
    pub(crate) labels: Labels,
}

impl RowSet {
    /// Puts rows and classes together.
    pub(super) fn new(values: Vec<f32>, labels: Labels) -> Self {
        Self {
            width: values.len() / labels.len().max(1),
            values,
            labels,
        }
    }

    /// Only some of them, in the order given.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        let values = rows.iter().flat_map(|row| self.row(*row)).copied().collect();
        let codes = rows.iter().map(|&row| self.labels.codes()[row]).collect();
        Self {
            values,
            width: self.width,
            labels: Labels::from_codes(self.labels.classes().to_vec(), codes),
        }
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..][..self.width]
    }

    /// What the network reads.
    pub(crate) fn inputs(&self) -> Inputs<'_> {
        Inputs::Rows(&self.values, self.width)
    }

    fn rows(&self) -> Rows<'_> {
        Rows {
            inputs: self.inputs(),
            labels: &self.labels,
        }
    }

    /// Values as bytes, which tell rows apart.
    fn bytes(&self) -> Vec<u8> {
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }
}

/// Trains a network on a table, and writes it. A run that was stopped before is taken up again.
pub fn train_table(experiment: &TableExperiment, observer: &dyn Observer) -> Result<NetworkTraining, Error> {
    let wanted = Wanted {
        seed: experiment.seed,
        device: experiment.device,
        choose_on: experiment.choose_on,
        train: &experiment.train,
        output: experiment.output.as_deref(),
        overwrite: experiment.overwrite,
    };
    wanted.check(experiment.test.is_some(), Reads::Rows, observer)?;
    let data = &experiment.data;
    if experiment
        .test
        .as_ref()
        .is_some_and(|test| test.path == data.path)
    {
        return Err(Error::Config {
            place: data.path.display().to_string(),
            problem: "it is the table trained on, which cannot judge the network too".into(),
            hint: Some("name another table with `--test`, or leave it out".into()),
        });
    }
    let seed = Seed::new(experiment.seed);
    let mut prepared = experiment.as_experiment().read_for_compare(observer)?;
    let mut warnings = std::mem::take(&mut prepared.warnings);
    let labels = &prepared.labels;
    if labels.classes().len() < 2 {
        return Err(Error::Config {
            place: data.path.display().to_string(),
            problem: format!("every row of `{}` is of one class", data.target),
            hint: Some("name another column with `--target`".into()),
        });
    }
    let (training, held_out) = match experiment.choose_on {
        ChooseOn::Validation => part(labels, Reads::Rows, experiment.validation, &seed, &mut warnings)?,
        ChooseOn::Test | ChooseOn::Nothing => ((0..labels.len()).collect(), Vec::new()),
    };
    let encoding = TableEncoding::fit(&prepared, &training, data)?;
    // Categories that only held-out rows have are as new to the network as those of other tables, and no news.
    let values = encoding.encode(
        &prepared.table,
        Missing::Distance,
        &data.path,
        &|row| prepared.place_in_file(row),
        &mut Vec::new(),
    )?;
    let all = RowSet::new(values, labels.clone());
    let test = match &experiment.test {
        None => None,
        Some(test) => {
            let read = test.read.as_ref().unwrap_or(&data.read);
            let opened = open_alike(
                &test.path,
                read,
                &encoding,
                labels.classes(),
                &[],
                observer,
                &mut warnings,
            )?;
            warnings.extend(shared_rows(&all, &opened, &test.path.display().to_string()));
            Some(opened)
        }
    };
    let (training, held_out) = (all.select(&training), all.select(&held_out));
    let has_held_out = experiment.choose_on == ChooseOn::Validation;
    let mut bytes = training.bytes();
    if let (ChooseOn::Test, Some(test)) = (experiment.choose_on, &test) {
        bytes.extend(test.set.bytes());
    }
    let sets = Sets {
        training: training.rows(),
        held_out: has_held_out.then(|| held_out.rows()),
        test: test.as_ref().map(|test| test.set.rows()),
        fingerprint: fingerprint_of(experiment.seed, &bytes, &training.labels),
    };
    let encoded = Encoded {
        augment: None,
        encoding: Some(serde_json::to_value(&encoding).map_err(|error| Error::Config {
            place: data.path.display().to_string(),
            problem: error.to_string(),
            hint: None,
        })?),
        // Of pictures; rows of a table are numbers already.
        normalisation: Augment::default().normalisation,
    };
    let judged = |saved: &SavedClassifier| {
        test.as_ref()
            .map(|test| judge(saved, test, &data.target, experiment.seed, observer))
            .transpose()
    };
    let trained = wanted.fit(&sets, encoded, &judged, observer)?;
    Ok(NetworkTraining { warnings, ..trained })
}

/// Tells of test rows that are among the rows trained on.
fn shared_rows(all: &RowSet, test: &Opened, file: &str) -> Option<Warning> {
    let bits = |set: &RowSet| -> Vec<u32> { set.values.iter().map(|value| value.to_bits()).collect() };
    let (all_bits, test_bits) = (bits(all), bits(&test.set));
    let known: HashSet<&[u32]> = all_bits.chunks_exact(all.width.max(1)).collect();
    let rows = test.set.labels.len();
    let twice = test_bits
        .chunks_exact(test.set.width.max(1))
        .filter(|row| known.contains(row))
        .count();
    (twice > 0).then(|| {
        let message = format!(
            "{twice} of {rows} rows of `{file}` {} a row of the table trained on: if they are the same cases, scores on them are too good",
            agree(twice, "equals", "equal")
        );
        Warning::new("tables.test-in-training", message)
            .with_hint("`counterpoise audit-leakage` looks closer")
    })
}

/// The page of [`train_table`].
pub fn table_training_page(experiment: &TableExperiment, training: &NetworkTraining) -> Result<Page, Error> {
    Ok(page_of(training, &experiment.data.path, experiment.to_toml()?))
}
