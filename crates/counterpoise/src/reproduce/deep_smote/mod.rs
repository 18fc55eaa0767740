//! The DeepSMOTE paper done again: its protocol on its data, printed beside what it prints.

mod bench;
mod data;
mod methods;
mod page;
mod paper;
mod protocol;
mod ranks;
mod words;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use counterpoise_base::{Event, Observer, Seed};
use counterpoise_deep::DeviceKind;
use counterpoise_metrics::{Bootstrap, Estimate, Measure, Predictions};
use serde::Serialize;

pub(super) use bench::make_pictures;
pub use data::PaperImages;
pub use methods::{Budget, Remedy};
pub use page::image_reproduction_page;
pub use ranks::{AgainstControl, ImageRanks};

use self::bench::{Bench, Fitted, RowFit, Unfinished};
use self::data::Pictures;
use self::paper::{g_mean_of, printed};
use self::protocol::{FOLDS, Fold, at_ratio, deal};
use super::store::Store;
use super::{check_draws, check_sets, unknown, wrong};
use crate::Error;
use crate::command_line::CommandLine;
use crate::device::look_for;

/// Short names of the paper's measures, and ours.
pub(super) const MEASURES: [(&str, &str); 3] = [
    ("ACSA", "balanced-accuracy"),
    ("GM", "g-mean-macro"),
    ("F1", "f1-macro"),
];

/// Rows whose curves are drawn over ratios.
const SWEPT: [&str; 3] = ["none", "smote", "deepsmote-reference"];

/// What of the DeepSMOTE paper to reproduce, and how thoroughly.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ImageReproduceOptions {
    /// Data sets to run on.
    pub on: Vec<PaperImages>,
    /// A folder with their files, or with a folder for each.
    pub folder: PathBuf,
    /// Rows to run, by name or group; the usual ones if empty.
    pub methods: Vec<String>,
    /// How large networks are, and how long they learn.
    pub budget: Budget,
    /// Folds to run; those of the budget if absent.
    pub folds: Option<usize>,
    /// What to run.
    pub experiment: ImageExperimentKind,
    /// Ratios of the largest class to the smallest, for curves.
    pub ratios: Vec<f64>,
    /// How often training pictures are drawn for each ratio.
    pub repeats: usize,
    /// Where finished fits are kept; the user's cache if absent.
    pub state: Option<PathBuf>,
    /// Where networks compute.
    pub device: DeviceKind,
    /// How often test pictures are drawn for intervals.
    pub draws: usize,
    /// Root of everything random.
    pub seed: u64,
}

/// Parts of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ImageExperimentKind {
    /// Tables II and III.
    Tables,
    /// Experiment 3: curves over ratios of imbalance.
    Imbalance,
}

impl Default for ImageReproduceOptions {
    fn default() -> Self {
        Self {
            on: vec![PaperImages::Mnist],
            folder: PathBuf::new(),
            methods: Vec::new(),
            budget: Budget::usual(),
            folds: None,
            experiment: ImageExperimentKind::Tables,
            ratios: vec![20.0, 100.0, 400.0],
            repeats: 3,
            state: None,
            device: DeviceKind::Cpu,
            draws: 1000,
            seed: 42,
        }
    }
}

impl ImageReproduceOptions {
    fn folds(&self, pictures: &Pictures) -> usize {
        // There is one set of test pictures then, and no turn would bring others.
        if pictures.test.is_some() {
            return 1;
        }
        self.folds.unwrap_or(self.budget.folds)
    }

    fn rows(&self) -> Result<Vec<Remedy>, Error> {
        let names: Vec<&str> = match (self.methods.is_empty(), self.experiment) {
            (true, ImageExperimentKind::Tables) => vec!["usual"],
            (true, ImageExperimentKind::Imbalance) => SWEPT.to_vec(),
            (false, _) => self.methods.iter().map(String::as_str).collect(),
        };
        let mut wanted = Vec::new();
        for name in names {
            let rows = Remedy::of_name(name).ok_or_else(|| {
                let known = Remedy::ALL.iter().map(|row| row.name()).chain(Remedy::GROUPS);
                unknown("--methods", "row", name, known)
            })?;
            wanted.extend(rows);
        }
        Ok(Remedy::ALL
            .into_iter()
            .filter(|row| wanted.contains(row))
            .collect())
    }

    /// What to type for the same result; absent for a budget without a flag.
    fn command(&self) -> Option<String> {
        let flags = [
            (Budget::quick(), Some("--quick")),
            (Budget::usual(), None),
            (Budget::full(), Some("--full")),
        ];
        let (_, flag) = flags.into_iter().find(|(budget, _)| *budget == self.budget)?;
        let sets = self.on.iter().map(|set| set.name()).collect::<Vec<_>>();
        let mut command = CommandLine::new("reproduce deepsmote")
            .list("--dataset", &sets)
            .with("--data", "FOLDER")
            .words(flag.map(str::to_owned).as_slice());
        if self.experiment == ImageExperimentKind::Imbalance {
            command = command
                .with("--experiment", "imbalance")
                .list("--ratios", &self.ratios)
                .with("--repeats", &self.repeats);
        }
        let command = command
            .list("--methods", &self.methods)
            .with("--folds", &self.folds.unwrap_or(self.budget.folds))
            .with("--draws", &self.draws)
            .with("--seed", &self.seed)
            .device(self.device);
        Some(command.end())
    }

    fn check(&self) -> Result<(), Error> {
        for (flag, value, least, most) in [
            ("--folds", self.folds, 1, FOLDS),
            ("--repeats", Some(self.repeats), 1, usize::MAX),
        ] {
            if let Some(value) = value
                && !(least..=most).contains(&value)
            {
                let hint = if most < usize::MAX {
                    format!("the paper deals {FOLDS} folds: give {least} to {most}")
                } else {
                    format!("give a number of {least} or more")
                };
                return Err(wrong(flag, format!("{value} cannot be run"), hint));
            }
        }
        check_draws(self.draws)?;
        let names = PaperImages::ALL.map(PaperImages::name);
        check_sets(&self.on, &names)?;
        if let Some(ratio) = self
            .ratios
            .iter()
            .find(|ratio| !(ratio.is_finite() && **ratio > 1.0))
        {
            return Err(wrong(
                "--ratios",
                format!("{ratio} is no imbalance"),
                "the paper has ratios from 20 to 400".into(),
            ));
        }
        Ok(())
    }
}

/// What was found, beside what the DeepSMOTE paper prints.
#[derive(Debug, Clone, Serialize)]
pub struct ImageReproduction {
    /// Which paper.
    pub paper: &'static str,
    /// Sizes and times.
    pub budget: Budget,
    /// Root of everything random.
    pub seed: u64,
    /// Draws of test pictures behind each interval.
    pub draws: usize,
    /// What to type for the same result; absent for a budget without a flag.
    pub command: Option<String>,
    /// One entry a data set.
    pub sets: Vec<ReproducedSet>,
    /// Experiment 3, one entry a data set.
    pub sweeps: Vec<RatioSweep>,
    /// Tests over data sets, one a measure; none for one data set.
    pub ranks: Vec<ImageRanks>,
}

/// One data set.
#[derive(Debug, Clone, Serialize)]
pub struct ReproducedSet {
    /// Which.
    pub data: PaperImages,
    /// Whether its files hold too little for the protocol.
    pub reduced: bool,
    /// Folds that were run.
    pub folds: usize,
    /// Classes.
    pub classes: usize,
    /// Pictures of every class, of the first fold: training, balanced test, imbalanced test.
    pub counts: [Vec<usize>; 3],
    /// The same in the paper.
    pub wanted: [Vec<usize>; 3],
    /// One entry a row of the table.
    pub rows: Vec<RemedyRow>,
    /// By how much GM differs at most from what follows from ACSA on balanced tests, in percent, over our rows.
    pub identity: Option<f64>,
    /// The same of the paper's rows, with a sign.
    pub paper_identity: Vec<(&'static str, f64)>,
}

/// A row of the tables.
#[derive(Debug, Clone, Serialize)]
pub struct RemedyRow {
    /// Its name.
    pub method: &'static str,
    /// On the balanced test: ACSA, GM, F1; absent if the row failed.
    pub balanced: Option<[ImageNumber; 3]>,
    /// On the imbalanced test.
    pub imbalanced: Option<[ImageNumber; 3]>,
    /// Numbers that networks learnt which make pictures.
    pub parameters: Option<usize>,
    /// Time to make pictures, mean over folds.
    pub making_seconds: f64,
    /// Time to train the classifier, mean over folds.
    pub training_seconds: f64,
    /// Pictures that were made in a fold, mean.
    pub made: f64,
    /// How far they are apart, as a share of real ones, mean over folds.
    pub diversity: Option<f64>,
    /// Share that is as good as copies.
    pub copies: Option<f64>,
    /// Options by fold, where they are not the defaults.
    pub options: Vec<String>,
    /// What looked odd, or why there are no numbers.
    pub remarks: Vec<String>,
}

/// One measure of a row, as a share.
#[derive(Debug, Clone, Serialize)]
pub struct ImageNumber {
    /// Printed in the paper.
    pub paper: Option<f64>,
    /// Ours, all folds together.
    pub ours: Estimate,
    /// Standard deviation over folds; absent for one.
    pub deviation: Option<f64>,
}

/// Curves over ratios of imbalance.
#[derive(Debug, Clone, Serialize)]
pub struct RatioSweep {
    /// Data set.
    pub data: PaperImages,
    /// Folds that were run.
    pub folds: usize,
    /// Repeats behind each point.
    pub repeats: usize,
    /// Pictures of every class at each ratio.
    pub counts: Vec<(f64, Vec<usize>)>,
    /// One entry a row and ratio.
    pub points: Vec<RatioPoint>,
}

/// A point of a curve: means and deviations over repeats, on the balanced test.
#[derive(Debug, Clone, Serialize)]
pub struct RatioPoint {
    /// Row.
    pub method: &'static str,
    /// Pictures of the largest class for each of the smallest.
    pub ratio: f64,
    /// Mean of ACSA, GM and F1.
    pub means: [Option<f64>; 3],
    /// Their standard deviation over repeats; absent for one.
    pub deviations: [Option<f64>; 3],
}

/// Runs the paper's protocol.
///
/// Every finished row of a fold is kept, so that a run that was stopped goes on where it was.
pub fn reproduce_deep_smote(
    options: &ImageReproduceOptions,
    observer: &dyn Observer,
) -> Result<ImageReproduction, Error> {
    options.check()?;
    let rows = options.rows()?;
    look_for(options.device, observer)?;
    let store = Store::open(options.state.as_deref(), "reproduce-deepsmote")?;
    let mut found = ImageReproduction {
        paper: "Dablain, Krawczyk, Chawla: DeepSMOTE: Fusing Deep Learning and SMOTE for Imbalanced Data, IEEE TNNLS 34(9), 2023",
        budget: options.budget.clone(),
        seed: options.seed,
        draws: options.draws,
        command: options.command(),
        sets: Vec::new(),
        sweeps: Vec::new(),
        ranks: Vec::new(),
    };
    for &set in &options.on {
        let pictures = data::read(set, &options.folder, options.on.len() == 1, observer)?;
        let work = Work {
            options,
            store: &store,
            pictures: &pictures,
            rows: &rows,
            seed: Seed::new(options.seed).child("deepsmote").child(set.name()),
            observer,
        };
        match options.experiment {
            ImageExperimentKind::Tables => found.sets.push(work.tables()?),
            ImageExperimentKind::Imbalance => found.sweeps.push(work.sweep()?),
        }
    }
    found.ranks = ranks::ranks(&found)?;
    Ok(found)
}

/// One data set with all that is asked of it.
struct Work<'a> {
    options: &'a ImageReproduceOptions,
    store: &'a Store,
    pictures: &'a Pictures,
    rows: &'a [Remedy],
    seed: Seed,
    observer: &'a dyn Observer,
}

/// Rows that are fitted side by side at most; each holds networks and a balanced set.
const ROWS_AT_ONCE: usize = 4;

/// Says before every task which row it is done for.
pub(super) struct Told<'a> {
    pub(super) observer: &'a dyn Observer,
    pub(super) row: String,
}

impl Observer for Told<'_> {
    fn observe(&self, event: &Event<'_>) -> ControlFlow<()> {
        let named = |task: &str| format!("{}: {task}", self.row);
        match *event {
            Event::Progress { task, done, total } => {
                let task = &named(task);
                self.observer.observe(&Event::Progress { task, done, total })
            }
            Event::Epoch {
                task,
                epoch,
                of,
                numbers,
            } => {
                let task = &named(task);
                self.observer.observe(&Event::Epoch {
                    task,
                    epoch,
                    of,
                    numbers,
                })
            }
            Event::Finished { task } => {
                let task = &named(task);
                self.observer.observe(&Event::Finished { task })
            }
            _ => self.observer.observe(event),
        }
    }
}

/// One row on one fold, or why it failed.
type Outcome = Result<Fitted, String>;

impl Work<'_> {
    /// Fits all rows on one fold, but those that were fitted before.
    ///
    /// Small networks cannot keep several cores busy, so rows are fitted side by side. None hears of another, but for the
    /// networks that are the same in both, so numbers do not depend on how many are.
    fn fold(&self, fold: &Fold, number: usize, repeat: usize) -> Result<Vec<Outcome>, Error> {
        let branch = self.seed.child("fit").child(number as u64).child(repeat as u64);
        let bench = Bench::new(fold, &self.options.budget, branch, self.options.device);
        let pixels = Seed::new(0)
            .child(fold.training.images.as_slice())
            .child(fold.balanced.images.as_slice())
            .child(fold.imbalanced.images.as_slice());
        let found: Vec<Mutex<Option<Result<Outcome, Error>>>> =
            self.rows.iter().map(|_| Mutex::new(None)).collect();
        let taken = AtomicUsize::new(0);
        let fit_rows = || {
            // Rows with the longest trainings stand last in the table, and begin first.
            while let Some(place) = self
                .rows
                .len()
                .checked_sub(1 + taken.fetch_add(1, Ordering::Relaxed))
            {
                let outcome = self.fit(&bench, self.rows[place], &pixels, number, repeat);
                *found[place].lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            }
        };
        // A card does one thing after another, and its memory holds all that is begun.
        let at_once = match self.options.device {
            DeviceKind::Cpu => rayon::current_num_threads().clamp(1, ROWS_AT_ONCE),
            _ => 1,
        };
        std::thread::scope(|scope| {
            for _ in 1..at_once {
                scope.spawn(fit_rows);
            }
            fit_rows();
        });
        found
            .into_iter()
            .map(|outcome| {
                let outcome = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
                outcome.expect("every row was taken")
            })
            .collect()
    }

    fn fit(
        &self,
        bench: &Bench<'_>,
        row: Remedy,
        pixels: &Seed,
        number: usize,
        repeat: usize,
    ) -> Result<Outcome, Error> {
        let name = self.pictures.set.name();
        let mut settings = serde_json::json!({
            "program": env!("CARGO_PKG_VERSION"),
            "format": 3,
            "data": name,
            "pictures": format!("{:016x}", pixels.number()),
            "counts": bench.fold.training.labels.counts(),
            "seed": self.options.seed,
            "fold": number,
            "repeat": repeat,
            "method": row.name(),
            "budget": self.options.budget.for_row(row),
        });
        if self.options.device != DeviceKind::Cpu {
            settings["device"] = self.options.device.name().into();
        }
        let file = format!("{name}-{number}-{repeat}-{}", row.name());
        if let Some(fitted) = self.store.load(&file, &settings) {
            return Ok(Ok(fitted));
        }
        let told = Told {
            observer: self.observer,
            row: format!("{name}, fold {}, {}", number + 1, row.name()),
        };
        let fit = RowFit {
            bench,
            observer: &told,
            unfinished: Unfinished {
                folder: self.store.unfinished(&file, &settings),
            },
        };
        match fit.fit(row) {
            Ok(fitted) => {
                self.store.save(&file, &settings, &fitted);
                fit.unfinished.remove();
                Ok(Ok(fitted))
            }
            Err(error) if error.code().ends_with(".stopped") => Err(error),
            Err(error) => {
                fit.unfinished.remove();
                Ok(Err(error.to_string()))
            }
        }
    }

    fn tables(&self) -> Result<ReproducedSet, Error> {
        let folds = self.options.folds(self.pictures);
        let tables = self.pictures.set.tables().map(|table| table.counts().to_vec());
        let mut outcomes: Vec<Vec<Outcome>> = self.rows.iter().map(|_| Vec::new()).collect();
        let mut dealt = Vec::new();
        for number in 0..folds {
            let fold = deal(self.pictures, &tables[0], number, 0, &self.seed)?;
            for (all, one) in outcomes.iter_mut().zip(self.fold(&fold, number, 0)?) {
                all.push(one);
            }
            dealt.push(fold);
        }
        let classes = self.pictures.training.labels.classes().len();
        let rows: Vec<RemedyRow> = self
            .rows
            .iter()
            .zip(outcomes)
            .map(|(&row, outcomes)| self.row(row, &dealt, outcomes))
            .collect::<Result<_, _>>()?;
        let gaps = rows.iter().filter_map(|row| {
            let [acsa, g_mean, _] = row.balanced.as_ref()?;
            Some(100.0 * (g_mean.ours.value? - g_mean_of(acsa.ours.value?, classes)).abs())
        });
        let identity = gaps.fold(None, |most: Option<f64>, gap| {
            Some(most.map_or(gap, |most| most.max(gap)))
        });
        let first = &dealt[0];
        let counts = [&first.training, &first.balanced, &first.imbalanced].map(|set| set.labels.counts());
        Ok(ReproducedSet {
            data: self.pictures.set,
            reduced: self.pictures.test.is_some(),
            folds,
            classes,
            counts,
            wanted: tables,
            rows,
            identity,
            paper_identity: paper::balanced_lines(self.pictures.set)
                .map(|(name, [acsa, g_mean, _])| (name, g_mean - 100.0 * g_mean_of(acsa / 100.0, classes)))
                .collect(),
        })
    }

    fn row(&self, row: Remedy, dealt: &[Fold], outcomes: Vec<Outcome>) -> Result<RemedyRow, Error> {
        let mut remarks = Vec::new();
        let mut fits = Vec::new();
        for outcome in outcomes {
            match outcome {
                Ok(fitted) => fits.push(fitted),
                Err(problem) => remarks.push(format!("failed: {problem}")),
            }
        }
        remarks.extend(fits.iter().flat_map(|fit| fit.warnings.clone()));
        remarks.dedup();
        let whole = fits.len() == dealt.len();
        let mean = |of: &dyn Fn(&Fitted) -> f64| fits.iter().map(of).sum::<f64>() / fits.len().max(1) as f64;
        let numbers = |balanced: bool| -> Result<Option<[ImageNumber; 3]>, Error> {
            whole
                .then(|| self.numbers(row, dealt, &fits, balanced))
                .transpose()
        };
        let diversity: Option<Vec<f64>> = fits.iter().map(|fit| fit.diversity).collect();
        let copies: Option<Vec<usize>> = fits.iter().map(|fit| fit.copies).collect();
        let made: usize = fits.iter().map(|fit| fit.made).sum();
        Ok(RemedyRow {
            method: row.name(),
            balanced: numbers(true)?,
            imbalanced: numbers(false)?,
            parameters: fits.first().and_then(|fit| fit.parameters),
            making_seconds: mean(&|fit| fit.making_seconds),
            training_seconds: mean(&|fit| fit.training_seconds),
            made: mean(&|fit| fit.made as f64),
            diversity: diversity
                .filter(|all| !all.is_empty())
                .map(|all| all.iter().sum::<f64>() / all.len() as f64),
            copies: copies
                .filter(|_| made > 0)
                .map(|all| all.iter().sum::<usize>() as f64 / made as f64),
            options: fits.iter().filter_map(|fit| fit.options.clone()).collect(),
            remarks,
        })
    }

    /// The three measures with intervals over the test pictures of all folds.
    fn numbers(
        &self,
        row: Remedy,
        dealt: &[Fold],
        fits: &[Fitted],
        balanced: bool,
    ) -> Result<[ImageNumber; 3], Error> {
        let measures = measures()?;
        let classes = self.pictures.training.labels.classes();
        let of = |place: usize| {
            let (fold, fit) = (&dealt[place], &fits[place]);
            if balanced {
                (fold.balanced.labels.codes(), fit.balanced.as_slice())
            } else {
                (fold.imbalanced.labels.codes(), fit.imbalanced.as_slice())
            }
        };
        let truth: Vec<u32> = (0..fits.len())
            .flat_map(|place| of(place).0.iter().copied())
            .collect();
        let predicted: Vec<u32> = (0..fits.len())
            .flat_map(|place| of(place).1.iter().copied())
            .collect();
        let pooled = Predictions::new(classes, &truth, &predicted)?;
        let bootstrap = Bootstrap::new(self.options.seed).with_draws(self.options.draws);
        let estimates = bootstrap.intervals(&measures, &pooled, self.observer)?;
        let by_fold: Vec<[Option<f64>; 3]> = (0..fits.len())
            .map(|place| {
                let (truth, predicted) = of(place);
                values(classes, truth, predicted)
            })
            .collect::<Result<_, _>>()?;
        let printed = row
            .in_paper()
            .and_then(|name| printed(name, self.pictures.set, balanced));
        let mut estimates = estimates.into_iter();
        Ok(std::array::from_fn(|place| ImageNumber {
            paper: printed.map(|numbers| numbers[place] / 100.0),
            ours: estimates.next().expect("one estimate a measure"),
            deviation: mean_and_deviation(by_fold.iter().map(|values| values[place])).1,
        }))
    }

    fn sweep(&self) -> Result<RatioSweep, Error> {
        let folds = self.options.folds(self.pictures);
        let table = self.pictures.set.tables()[0].counts();
        let classes = self.pictures.training.labels.classes();
        let mut points = Vec::new();
        let mut counts = Vec::new();
        for &ratio in &self.options.ratios {
            let wanted = at_ratio(table, ratio);
            // By repeat and row, sums over folds.
            let mut by_repeat: Vec<Vec<[Option<f64>; 3]>> = Vec::new();
            for repeat in 0..self.options.repeats {
                let mut sums: Vec<[Option<f64>; 3]> = vec![[Some(0.0); 3]; self.rows.len()];
                for number in 0..folds {
                    let fold = deal(self.pictures, &wanted, number, repeat, &self.seed)?;
                    if repeat == 0 && number == 0 {
                        counts.push((ratio, fold.training.labels.counts()));
                    }
                    for (sums, outcome) in sums.iter_mut().zip(self.fold(&fold, number, repeat)?) {
                        let found = match outcome {
                            Ok(fit) => values(classes, fold.balanced.labels.codes(), &fit.balanced)?,
                            Err(_) => [None; 3],
                        };
                        for (sum, value) in sums.iter_mut().zip(found) {
                            *sum = sum.zip(value).map(|(sum, value)| sum + value / folds as f64);
                        }
                    }
                }
                by_repeat.push(sums);
            }
            for (place, row) in self.rows.iter().enumerate() {
                let of = |measure: usize| {
                    mean_and_deviation(by_repeat.iter().map(|repeat| repeat[place][measure]))
                };
                points.push(RatioPoint {
                    method: row.name(),
                    ratio,
                    means: std::array::from_fn(|measure| of(measure).0),
                    deviations: std::array::from_fn(|measure| of(measure).1),
                });
            }
        }
        Ok(RatioSweep {
            data: self.pictures.set,
            folds,
            repeats: self.options.repeats,
            counts,
            points,
        })
    }
}

fn measures() -> Result<Vec<Measure>, Error> {
    MEASURES
        .iter()
        .map(|(_, name)| Ok(name.parse::<Measure>()?))
        .collect()
}

/// The three measures of some predictions; absent where one is not defined.
fn values(classes: &[String], truth: &[u32], predicted: &[u32]) -> Result<[Option<f64>; 3], Error> {
    let rows = Predictions::new(classes, truth, predicted)?;
    let found = counterpoise_metrics::Evaluator::new(&measures()?, &rows, None)?.original();
    Ok(std::array::from_fn(|place| {
        Some(found[place]).filter(|value| value.is_finite())
    }))
}

/// Mean, and standard deviation with one degree of freedom less; absent where a number is, or where there are too few.
fn mean_and_deviation(numbers: impl Iterator<Item = Option<f64>>) -> (Option<f64>, Option<f64>) {
    let Some(numbers) = numbers.collect::<Option<Vec<f64>>>() else {
        return (None, None);
    };
    let count = numbers.len() as f64;
    if numbers.is_empty() {
        return (None, None);
    }
    let mean = numbers.iter().sum::<f64>() / count;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    let deviation = (numbers.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
    (Some(mean), deviation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundled::FASHION_MNIST;

    /// Networks of a few channels that learn for a moment.
    fn tiny() -> Budget {
        let mut budget = Budget::quick();
        budget.epochs = 1;
        budget.width = 4;
        budget.latent = Some(8);
        budget.autoencoder_epochs = 1;
        budget.gan_epochs = 1;
        budget
    }

    /// The bundled pictures where MNIST would be looked for.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in [
            ("train-images-idx3-ubyte.gz", FASHION_MNIST.images),
            ("train-labels-idx1-ubyte.gz", FASHION_MNIST.labels),
        ] {
            std::fs::write(folder.path().join(name), bytes).expect("it is ours");
        }
        folder
    }

    fn options(folder: &tempfile::TempDir, methods: &[&str]) -> ImageReproduceOptions {
        ImageReproduceOptions {
            on: vec![PaperImages::FashionMnist],
            folder: folder.path().to_owned(),
            methods: methods.iter().map(ToString::to_string).collect(),
            budget: tiny(),
            state: Some(folder.path().join("state")),
            draws: 20,
            ..ImageReproduceOptions::default()
        }
    }

    #[test]
    fn rows_are_kept_and_taken_up_again_with_the_same_numbers() {
        let folder = folder();
        let methods = [
            "none",
            "logit-adjustment",
            "smote",
            "mc-ccr",
            "deepsmote-reference",
            "gan",
        ];
        let options = options(&folder, &methods);
        let first = reproduce_deep_smote(&options, &()).expect("it runs");
        let set = &first.sets[0];
        let names: Vec<&str> = set.rows.iter().map(|row| row.method).collect();
        assert_eq!(
            names,
            [
                "none",
                "logit-adjustment",
                "smote",
                "mc-ccr",
                "gan",
                "deepsmote-reference"
            ]
        );
        for row in &set.rows {
            let numbers = row.balanced.as_ref();
            let numbers = numbers.unwrap_or_else(|| panic!("{}: {:?}", row.method, row.remarks));
            assert!(numbers[0].ours.value.is_some(), "{}", row.method);
            let makes = !["none", "logit-adjustment"].contains(&row.method);
            // The largest class has 400 of 500 pictures in four folds of five.
            let made = 10 * 400 - set.counts[0].iter().sum::<usize>();
            assert_eq!(row.made, if makes { made as f64 } else { 0.0 }, "{}", row.method);
            let networks = ["gan", "deepsmote-reference"].contains(&row.method);
            assert_eq!(row.parameters.is_some(), networks);
            assert_eq!(row.diversity.is_some(), networks);
        }
        assert!(
            set.identity.expect("there are rows") < 1e-9,
            "a fold has as many of every class"
        );
        let kept = std::fs::read_dir(folder.path().join("state")).expect("it is there");
        assert_eq!(kept.count(), methods.len());
        let again = reproduce_deep_smote(&options, &()).expect("it runs");
        let text = |found: &ImageReproduction| serde_json::to_string(found).expect("plain data");
        assert_eq!(
            text(&first),
            text(&again),
            "times and numbers are those of the files"
        );
        let page = counterpoise_report::render(&image_reproduction_page(&first)).expect("it is drawn");
        assert!(page.contains("REDUCED"));
    }

    /// Asks to stop when the autoencoder has done two thirds of its steps, and remembers where it began.
    #[derive(Default)]
    struct StopsInTheLastThird {
        stops: bool,
        first: Mutex<Option<f64>>,
    }

    impl Observer for StopsInTheLastThird {
        fn observe(&self, event: &Event<'_>) -> ControlFlow<()> {
            if let Event::Progress { task, done, total } = *event
                && task.contains("autoencoder")
            {
                let share = done as f64 / total as f64;
                self.first.lock().expect("no panic").get_or_insert(share);
                if self.stops && share > 0.7 {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        }
    }

    #[test]
    fn a_row_that_was_stopped_goes_on_where_it_was_and_leaves_only_its_result() {
        let folder = folder();
        let mut options = options(&folder, &["deepsmote-reference"]);
        options.budget.autoencoder_epochs = 3;
        let whole = reproduce_deep_smote(&options, &()).expect("it runs");
        let state = folder.path().join("again");
        options.state = Some(state.clone());
        let stopping = StopsInTheLastThird {
            stops: true,
            ..Default::default()
        };
        let error = reproduce_deep_smote(&options, &stopping).expect_err("it is stopped");
        assert!(error.code().ends_with(".stopped"), "{}", error.code());
        let going_on = StopsInTheLastThird::default();
        let after = reproduce_deep_smote(&options, &going_on).expect("it runs");
        let first = going_on.first.into_inner().expect("no panic").expect("it trains");
        assert!(first > 0.6, "two epochs of three were done before, not {first}");
        let value = |found: &ImageReproduction| {
            let numbers = found.sets[0].rows[0].balanced.clone().expect("it has numbers");
            numbers.map(|number| number.ours.value)
        };
        assert_eq!(value(&whole), value(&after));
        let left = std::fs::read_dir(state).expect("it is there");
        assert_eq!(left.count(), 1, "the finished row only");
    }

    #[test]
    fn curves_have_a_point_for_each_row_and_ratio() {
        let folder = folder();
        let mut options = options(&folder, &["none", "oversampling"]);
        options.experiment = ImageExperimentKind::Imbalance;
        options.budget.folds = 1;
        options.ratios = vec![20.0, 200.0];
        options.repeats = 2;
        let found = reproduce_deep_smote(&options, &()).expect("it runs");
        let sweep = &found.sweeps[0];
        assert_eq!(sweep.points.len(), 4);
        assert!(sweep.points.iter().all(|point| point.deviations[0].is_some()));
        counterpoise_report::render(&image_reproduction_page(&found)).expect("points lie on the axes");
    }

    #[test]
    fn names_that_do_not_exist_are_answered_with_the_nearest() {
        let folder = folder();
        let error =
            reproduce_deep_smote(&options(&folder, &["deepsmote-papr"]), &()).expect_err("no such row");
        assert_eq!(error.code(), "config.invalid");
        assert!(
            error.hint().expect("a hint").contains("deepsmote-paper"),
            "{:?}",
            error.hint()
        );
        let mut six = options(&folder, &[]);
        six.folds = Some(6);
        assert!(reproduce_deep_smote(&six, &()).is_err());
    }

    #[test]
    fn a_result_says_what_to_type_for_it() {
        let mut options = ImageReproduceOptions {
            budget: Budget::quick(),
            methods: vec!["none".into(), "pixels".into()],
            folds: Some(2),
            ..ImageReproduceOptions::default()
        };
        assert_eq!(
            options.command().as_deref(),
            Some(
                "counterpoise reproduce deepsmote --dataset mnist --data FOLDER --quick --methods none,pixels --folds 2 --draws 1000 --seed 42"
            )
        );
        options.experiment = ImageExperimentKind::Imbalance;
        let command = options.command().expect("the budget has a flag");
        assert!(
            command.contains("--experiment imbalance --ratios 20,100,400 --repeats 3"),
            "{command}"
        );
        options.budget = tiny();
        assert_eq!(options.command(), None);
    }

    #[test]
    fn groups_hold_rows_by_what_they_do() {
        let names = |group: &str| -> Vec<&str> {
            let rows = Remedy::of_name(group).expect("it is a group");
            rows.iter().map(|row| row.name()).collect()
        };
        assert_eq!(names("permutation").len(), 5);
        assert_eq!(names("pixels"), ["smote", "amdo", "mc-ccr", "mc-rbo"]);
        assert_eq!(names("usual").len(), 13);
        assert_eq!(Remedy::of_name("gamo"), None);
    }
}
