//! The EOS paper done again: its main table, neighbours from few to many, the generalization gap, and what it costs.

mod bench;
mod budget;
mod cost;
mod curves;
mod data;
mod page;
mod words;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use counterpoise_base::Observer;
use counterpoise_deep::{DeviceKind, Loss};
use counterpoise_metrics::Bootstrap;
use serde::Serialize;

pub use budget::EosBudget;
pub use cost::{CostRow, CostWay};
pub use curves::{GapCurve, GapMoment};
pub use data::EosImages;
pub use page::eos_reproduction_page;

use self::bench::{Arm, Bench, GapFit, HeadFit};
use self::budget::is_in_paper;
use self::data::losses;
use super::store::Store;
use super::{check_draws, check_sets, unknown, wrong};
use crate::Error;
use crate::command_line::CommandLine;
use crate::device::look_for;
use crate::eos::{HeadMethod, PairedScores, Said, paired, recalls};

/// Neighbours of the curve over `k`.
const NEIGHBOURS: [usize; 7] = [5, 10, 25, 50, 100, 200, 300];

/// What of the EOS paper to reproduce, and how thoroughly.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EosReproduceOptions {
    /// Data sets to run on.
    pub on: Vec<EosImages>,
    /// A folder with their files, or with a folder for each.
    pub folder: PathBuf,
    /// How large networks are, and how long they learn.
    pub budget: EosBudget,
    /// Names of losses; those of the paper if empty.
    pub losses: Vec<String>,
    /// Names of heads; those of the budget if empty.
    pub heads: Vec<String>,
    /// Networks of each loss, with seeds from 1; those of the budget if absent.
    pub seeds: Option<usize>,
    /// What to run; if empty, everything, but what trains networks anew only where they are small.
    pub parts: Vec<EosPart>,
    /// Where networks and finished fits are kept; the user's cache if absent.
    pub state: Option<PathBuf>,
    /// Where networks compute.
    pub device: DeviceKind,
    /// How often test pictures are drawn for intervals.
    pub draws: usize,
    /// Root of everything random but phase one.
    pub seed: u64,
}

/// Parts of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EosPart {
    /// The main table: losses by heads.
    Table,
    /// EOS with few to many neighbours.
    Neighbours,
    /// The generalization gap, before and after.
    Gap,
    /// The gap while a network learns.
    Curves,
    /// Parameters, time and memory beside quality.
    Cost,
}

impl EosPart {
    /// All of them, by name.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("table", Self::Table),
        ("neighbours", Self::Neighbours),
        ("gap", Self::Gap),
        ("curves", Self::Curves),
        ("cost", Self::Cost),
    ];

    /// The part of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, part)| *part)
    }

    fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, part)| *part == self)
            .map_or("", |(name, _)| name)
    }
}

impl Default for EosReproduceOptions {
    fn default() -> Self {
        Self {
            on: EosImages::ALL.to_vec(),
            folder: PathBuf::new(),
            budget: EosBudget::Usual,
            losses: Vec::new(),
            heads: Vec::new(),
            seeds: None,
            parts: Vec::new(),
            state: None,
            device: DeviceKind::Cpu,
            draws: 1000,
            seed: 42,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct EosReproduction {
    /// Which paper.
    pub paper: &'static str,
    /// Sizes and times.
    pub budget: EosBudget,
    /// Root of everything random but phase one.
    pub seed: u64,
    /// Draws of test pictures behind each interval.
    pub draws: usize,
    /// What to type for the same result.
    pub command: String,
    /// One entry a data set.
    pub sets: Vec<EosSet>,
}

/// One data set.
#[derive(Debug, Clone, Serialize)]
pub struct EosSet {
    /// Which.
    pub data: EosImages,
    /// Names of classes.
    pub classes: Vec<String>,
    /// Pictures of every class to train on.
    pub training: Vec<usize>,
    /// Pictures to choose numbers on.
    pub validation: usize,
    /// Pictures to judge by.
    pub test: usize,
    /// Networks of each loss.
    pub networks: usize,
    /// The main table, by loss.
    pub losses: Vec<LossTable>,
    /// The curve over neighbours, by loss.
    pub neighbours: Vec<NeighbourCurve>,
    /// The generalization gap, by loss.
    pub gaps: Vec<LossGap>,
    /// The gap while a network learns.
    pub curves: Vec<GapCurve>,
    /// Parameters, time and memory beside quality.
    pub costs: Vec<CostRow>,
}

/// The heads over networks of one loss.
#[derive(Debug, Clone, Serialize)]
pub struct LossTable {
    /// The loss of phase one.
    pub loss: String,
    /// One entry a head.
    pub rows: Vec<HeadRow>,
}

/// A head over networks of one loss.
#[derive(Debug, Clone, Serialize)]
pub struct HeadRow {
    /// The way to it.
    pub method: HeadMethod,
    /// Whether the paper's main table has it.
    pub in_paper: bool,
    /// Over all networks together, with what it adds to `none` and to `eos`, in this order where both are there; absent if it
    /// failed.
    pub scores: Option<PairedScores>,
    /// Recall of every class, mean over networks.
    pub recall: Vec<Option<f64>>,
    /// Numbers that were chosen, by network.
    pub chosen: Vec<String>,
    /// Synthetic rows, mean over networks.
    pub synthetic: f64,
    /// Seconds, mean over networks.
    pub seconds: f64,
    /// Longest row of weights by the shortest, mean over networks.
    pub norm_ratio: Option<f64>,
    /// Why there are no numbers.
    pub failed: Option<String>,
}

/// EOS with few to many neighbours.
#[derive(Debug, Clone, Serialize)]
pub struct NeighbourCurve {
    /// The loss of phase one.
    pub loss: String,
    /// Neighbours, scores.
    pub points: Vec<(usize, PairedScores)>,
}

/// The generalization gap of networks of one loss, mean over them.
#[derive(Debug, Clone, Serialize)]
pub struct LossGap {
    /// The loss of phase one.
    pub loss: String,
    /// Mean over features for every class: with the training rows alone, with rows of SMOTE, with rows of EOS.
    pub classes: Vec<[Option<f64>; 3]>,
    /// The first of these over test rows that are found, and over those that are not.
    pub right_and_wrong: Vec<[Option<f64>; 2]>,
    /// Rank correlation of the gap with sizes of classes, mean over networks.
    pub with_size: Option<f64>,
    /// Rank correlation of the gap with recall, mean over networks.
    pub with_recall: Option<f64>,
}

impl EosReproduceOptions {
    fn seeds(&self) -> usize {
        self.seeds.unwrap_or_else(|| self.budget.seeds())
    }

    fn heads(&self) -> Result<Vec<HeadMethod>, Error> {
        if self.heads.is_empty() {
            return Ok(self.budget.heads());
        }
        let mut wanted: Vec<HeadMethod> = Vec::new();
        for name in &self.heads {
            let method = HeadMethod::from_name(name).map_err(|error| match error {
                Error::Config { problem, hint, .. } => Error::Config {
                    place: "--heads".into(),
                    problem,
                    hint,
                },
                other => other,
            })?;
            if !wanted.contains(&method) {
                wanted.push(method);
            }
        }
        Ok(wanted)
    }

    fn check(&self) -> Result<(), Error> {
        check_sets(&self.on, &EosImages::ALL.map(EosImages::name))?;
        if self.seeds() == 0 {
            let hint = "give a number of 1 or more; 3 are usual".to_owned();
            return Err(wrong("--seeds", "0 cannot be run".into(), hint));
        }
        check_draws(self.draws)?;
        for name in &self.losses {
            if Loss::from_name(name).is_err() {
                return Err(unknown("--losses", "loss", name, Loss::names().iter().copied()));
            }
        }
        Ok(())
    }

    /// What to type for the same result.
    fn command(&self) -> String {
        let sets = self.on.iter().map(|set| set.name()).collect::<Vec<_>>();
        let parts = self.parts.iter().map(|part| part.name()).collect::<Vec<_>>();
        CommandLine::new("reproduce eos")
            .list("--dataset", &sets)
            .with("--data", "FOLDER")
            .words(self.budget.flag().map(str::to_owned).as_slice())
            .list("--only", &parts)
            .list("--losses", &self.losses)
            .list("--heads", &self.heads)
            .with("--seeds", &self.seeds())
            .with("--draws", &self.draws)
            .with("--seed", &self.seed)
            .device(self.device)
            .end()
    }
}

/// Does the EOS paper again.
///
/// # Errors
///
/// Missing files, options that cannot be, a wish to stop. A head that fails is told of in its row.
pub fn reproduce_eos(
    options: &EosReproduceOptions,
    observer: &dyn Observer,
) -> Result<EosReproduction, Error> {
    options.check()?;
    let losses = losses(&options.losses)?;
    let heads = options.heads()?;
    look_for(options.device, observer)?;
    let store = Store::open(options.state.as_deref(), "reproduce-eos")?;
    let Some(kept) = store.folder() else {
        return Err(wrong(
            "--state",
            "there is no folder to keep networks in".into(),
            "name one with `--state FOLDER`".into(),
        ));
    };
    let mut found = EosReproduction {
        paper: "Dablain, Bellinger, Krawczyk, Chawla: Efficient Augmentation for Imbalanced Deep Learning, ICDE 2023",
        budget: options.budget,
        seed: options.seed,
        draws: options.draws,
        command: options.command(),
        sets: Vec::new(),
    };
    let mut folders = Vec::new();
    for &set in &options.on {
        let folder = set.folder(&options.folder);
        folders.push(folder.ok_or_else(|| set.missing(&options.folder))?);
    }
    for (&set, folder) in options.on.iter().zip(folders) {
        let pictures = set.open(&folder, options.budget, observer)?;
        let bench = Bench {
            set,
            folder,
            budget: options.budget,
            fingerprint: pictures.fingerprint(),
            pictures,
            store: &store,
            networks: kept.join("networks"),
            device: options.device,
            seed: options.seed,
            observer,
        };
        found.sets.push(
            Work {
                options,
                bench: &bench,
                losses: &losses,
                heads: &heads,
            }
            .run()?,
        );
    }
    Ok(found)
}

/// One data set with all that is asked of it.
struct Work<'a> {
    options: &'a EosReproduceOptions,
    bench: &'a Bench<'a>,
    losses: &'a [Loss],
    heads: &'a [HeadMethod],
}

impl Work<'_> {
    fn wants(&self, part: EosPart) -> bool {
        if !self.options.parts.is_empty() {
            return self.options.parts.contains(&part);
        }
        let trains = matches!(part, EosPart::Curves | EosPart::Cost);
        !trains || !self.bench.budget.is_residual(self.bench.set)
    }

    fn run(&self) -> Result<EosSet, Error> {
        let labels = &self.bench.pictures.training.labels;
        let mut found = EosSet {
            data: self.bench.set,
            classes: labels.classes().to_vec(),
            training: labels.counts(),
            validation: self.bench.pictures.validation.labels.len(),
            test: self.bench.pictures.test.labels.len(),
            networks: self.options.seeds(),
            losses: Vec::new(),
            neighbours: Vec::new(),
            gaps: Vec::new(),
            curves: Vec::new(),
            costs: Vec::new(),
        };
        let over_networks = [EosPart::Table, EosPart::Neighbours, EosPart::Gap];
        if over_networks.iter().any(|&part| self.wants(part)) {
            for loss in self.losses {
                self.of_loss(loss, &mut found)?;
            }
        }
        if self.wants(EosPart::Curves) {
            found.curves = curves::curves(self.bench, self.losses)?;
        }
        if self.wants(EosPart::Cost) {
            found.costs = cost::costs(self.bench, self.options.draws)?;
        }
        Ok(found)
    }

    /// All that is asked of the networks of one loss, network by network, so that each looks at the pictures once.
    fn of_loss(&self, loss: &Loss, found: &mut EosSet) -> Result<(), Error> {
        let mut arms: Vec<Arm> = Vec::new();
        if self.wants(EosPart::Table) {
            arms.extend(self.heads.iter().map(|&method| Arm::Head(method)));
        }
        if self.wants(EosPart::Neighbours) {
            arms.extend(
                NEIGHBOURS
                    .iter()
                    .filter_map(|&k| NonZeroUsize::new(k))
                    .map(Arm::Neighbours),
            );
        }
        let mut fits: Vec<Vec<Option<bench::Outcome>>> = vec![Vec::new(); arms.len()];
        let mut gaps = Vec::new();
        for seed in 1..=self.options.seeds() as u64 {
            let network = self.bench.network(loss, seed);
            for (arm, fits) in arms.iter().zip(&mut fits) {
                fits.push(network.fit(*arm)?);
            }
            if self.wants(EosPart::Gap) {
                gaps.push(network.gap()?);
            }
        }
        let name = loss.name().to_owned();
        let judged: Vec<Judged> = arms.into_iter().zip(fits).filter_map(Judged::of).collect();
        let scores = self.scores(&judged)?;
        let mut rows = judged.into_iter().zip(scores).peekable();
        if self.wants(EosPart::Table) {
            let mut of_table = Vec::new();
            while let Some((judged, scores)) = rows.next_if(|(judged, _)| matches!(judged.arm, Arm::Head(_)))
            {
                of_table.extend(self.row(judged, scores));
            }
            found.losses.push(LossTable {
                loss: name.clone(),
                rows: of_table,
            });
        }
        if self.wants(EosPart::Neighbours) {
            let point = |(judged, scores): (Judged, Option<PairedScores>)| match judged.arm {
                Arm::Neighbours(k) => Some((k.get(), scores?)),
                Arm::Head(_) => None,
            };
            found.neighbours.push(NeighbourCurve {
                loss: name.clone(),
                points: rows.filter_map(point).collect(),
            });
        }
        if !gaps.is_empty() {
            found.gaps.push(mean_gap(name, &gaps));
        }
        Ok(())
    }

    /// Scores of all that has predictions of every network, compared with `none` and with `eos`.
    fn scores(&self, judged: &[Judged]) -> Result<Vec<Option<PairedScores>>, Error> {
        let whole: Vec<usize> = (0..judged.len())
            .filter(|&at| judged[at].failed.is_none())
            .collect();
        let said: Vec<Said> = whole
            .iter()
            .map(|&at| Said {
                predictions: judged[at]
                    .fits
                    .iter()
                    .map(|fit| fit.predictions.clone())
                    .collect(),
            })
            .collect();
        let place = |wanted: HeadMethod| whole.iter().position(|&at| judged[at].arm == Arm::Head(wanted));
        let against: Vec<usize> = [place(HeadMethod::None), place(HeadMethod::Eos)]
            .into_iter()
            .flatten()
            .collect();
        let bootstrap = Bootstrap::new(self.options.seed).with_draws(self.options.draws);
        let labels = &self.bench.pictures.test.labels;
        let found = paired(labels, &said, &against, &bootstrap, self.bench.observer)?;
        let mut scores = vec![None; judged.len()];
        for (at, found) in whole.into_iter().zip(found) {
            scores[at] = Some(found);
        }
        Ok(scores)
    }

    fn row(&self, judged: Judged, scores: Option<PairedScores>) -> Option<HeadRow> {
        let Arm::Head(method) = judged.arm else {
            return None;
        };
        let fits = &judged.fits;
        let count = fits.len().max(1) as f64;
        let labels = &self.bench.pictures.test.labels;
        let by_network: Vec<Vec<Option<f64>>> =
            fits.iter().map(|fit| recalls(labels, &fit.predictions)).collect();
        let recall = (0..labels.classes().len()).map(|class| mean(by_network.iter().map(|all| all[class])));
        let ratio = |fit: &HeadFit| {
            let least = fit.norms.iter().copied().fold(f64::INFINITY, f64::min);
            let most = fit.norms.iter().copied().fold(0.0, f64::max);
            (least > 0.0).then(|| most / least)
        };
        Some(HeadRow {
            method,
            in_paper: is_in_paper(method),
            scores,
            recall: recall.collect(),
            chosen: fits.iter().filter_map(|fit| fit.chosen.clone()).collect(),
            synthetic: fits.iter().map(|fit| fit.synthetic as f64).sum::<f64>() / count,
            seconds: fits.iter().map(|fit| fit.seconds).sum::<f64>() / count,
            norm_ratio: mean(fits.iter().map(ratio)),
            failed: judged.failed,
        })
    }
}

/// The heads of one way over all networks.
struct Judged {
    arm: Arm,
    fits: Vec<HeadFit>,
    /// Why there is none for some network.
    failed: Option<String>,
}

impl Judged {
    /// Absent where the way is not open.
    fn of((arm, outcomes): (Arm, Vec<Option<bench::Outcome>>)) -> Option<Self> {
        let mut fits = Vec::new();
        let mut failed = None;
        for outcome in outcomes {
            match outcome? {
                Ok(fit) => fits.push(fit),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        Some(Self { arm, fits, failed })
    }
}

fn mean_gap(loss: String, gaps: &[GapFit]) -> LossGap {
    let classes = gaps[0].before.classes.len();
    let of = |line: fn(&GapFit) -> &bench::GapLine, class: usize, rows: usize| {
        mean(gaps.iter().map(|gap| line(gap).classes[class][rows]))
    };
    LossGap {
        loss,
        classes: (0..classes)
            .map(|class| {
                [
                    of(|gap| &gap.before, class, 0),
                    of(|gap| &gap.smote, class, 0),
                    of(|gap| &gap.eos, class, 0),
                ]
            })
            .collect(),
        right_and_wrong: (0..classes)
            .map(|class| [1, 2].map(|rows| of(|gap| &gap.before, class, rows)))
            .collect(),
        with_size: mean(gaps.iter().map(|gap| gap.before.with_size)),
        with_recall: mean(gaps.iter().map(|gap| gap.before.with_recall)),
    }
}

/// Mean of numbers; absent where one is, or where there are none.
fn mean(numbers: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let numbers: Vec<f64> = numbers.collect::<Option<_>>()?;
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
}

#[cfg(test)]
mod tests {
    use counterpoise_data::{ImageOutput, write_images};

    use super::*;
    use crate::bundled::FASHION_MNIST;

    /// Every other bundled picture to train on, and the others to judge by, under the names of the original files.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let set = FASHION_MNIST.read().expect("they come with the program").set;
        for (name, first) in [("train", 0), ("t10k", 1)] {
            let rows: Vec<usize> = (first..set.len()).step_by(2).collect();
            let path = folder.path().join(format!("{name}-images-idx3-ubyte.gz"));
            write_images(&path, ImageOutput::Idx, &set.select(&rows), false, &()).expect("it is ours");
        }
        folder
    }

    fn options(folder: &tempfile::TempDir) -> EosReproduceOptions {
        EosReproduceOptions {
            on: vec![EosImages::FashionMnist],
            folder: folder.path().to_owned(),
            budget: EosBudget::Quick,
            state: Some(folder.path().join("state")),
            draws: 20,
            ..EosReproduceOptions::default()
        }
    }

    #[test]
    fn heads_are_judged_by_loss_and_kept() {
        let folder = folder();
        let options = EosReproduceOptions {
            losses: vec!["cross-entropy".into(), "ldam".into()],
            heads: ["none", "random", "eos", "logit-adjustment"]
                .map(String::from)
                .to_vec(),
            seeds: Some(2),
            parts: vec![EosPart::Table, EosPart::Neighbours, EosPart::Gap],
            ..options(&folder)
        };
        let first = reproduce_eos(&options, &()).expect("it runs");
        let set = &first.sets[0];
        let most = set.training[0];
        assert_eq!(set.training[9], most / 100, "a hundred to one, rounded down");
        let names = |table: &LossTable| table.rows.iter().map(|row| row.method.name()).collect::<Vec<_>>();
        assert_eq!(
            names(&set.losses[0]),
            ["none", "random", "eos", "logit-adjustment"]
        );
        // A head of cosines has no bias to lower.
        assert_eq!(names(&set.losses[1]), ["none", "random", "eos"]);
        let eos = &set.losses[0].rows[2];
        let scores = eos.scores.as_ref().expect("it does not fail");
        assert_eq!(scores.balanced_accuracy.added.len(), 2);
        assert_eq!(
            scores.balanced_accuracy.added[1].value,
            Some(0.0),
            "EOS adds nothing to itself"
        );
        assert!(
            scores.balanced_accuracy.deviation.is_some(),
            "there are two networks"
        );
        let made: usize = 10 * most - set.training.iter().sum::<usize>();
        assert!((eos.synthetic - made as f64).abs() < 1e-9);
        assert_eq!(set.neighbours[0].points.len(), NEIGHBOURS.len());
        let ten = &set.neighbours[0].points[1];
        assert_eq!(
            (ten.0, ten.1.balanced_accuracy.score.value),
            (10, scores.balanced_accuracy.score.value),
            "ten neighbours are the usual ones"
        );
        for classes in &set.gaps[0].classes {
            let [before, smote, eos] = classes.map(|gap| gap.expect("all classes have rows"));
            assert!((before - smote).abs() < 1e-9, "SMOTE widens nothing");
            assert!(eos <= before + 1e-9);
        }
        let again = reproduce_eos(&options, &()).expect("it runs");
        let text = |found: &EosReproduction| serde_json::to_string(found).expect("plain data");
        assert_eq!(
            text(&first),
            text(&again),
            "times and numbers are those of the files"
        );
        let page = counterpoise_report::render(&eos_reproduction_page(&first)).expect("it is drawn");
        assert!(page.contains("REDUCED"));
    }

    #[test]
    fn curves_end_with_the_last_epoch_and_costs_are_told() {
        let folder = folder();
        let options = EosReproduceOptions {
            losses: vec!["cross-entropy".into()],
            parts: vec![EosPart::Curves, EosPart::Cost],
            ..options(&folder)
        };
        let found = reproduce_eos(&options, &()).expect("it runs");
        let set = &found.sets[0];
        let epochs: Vec<usize> = set.curves[0].moments.iter().map(|moment| moment.epoch).collect();
        assert_eq!(epochs, [1, 2, 3, 5, 7, 10]);
        let ways: Vec<&str> = set.costs.iter().map(|row| row.way.name()).collect();
        assert_eq!(ways, ["none", "eos", "smote of pixels", "deepsmote", "gan"]);
        let whole = 10 * set.training[0];
        let pictures: Vec<usize> = set.costs.iter().map(|row| row.pictures).collect();
        let own = set.training.iter().sum();
        assert_eq!(pictures, [own, own, whole, whole, whole]);
        for row in &set.costs {
            assert_eq!(
                row.extra_parameters > 0,
                matches!(row.way, CostWay::Deepsmote | CostWay::Gan),
                "{}",
                row.way.name()
            );
        }
        counterpoise_report::render(&eos_reproduction_page(&found)).expect("points lie on the axes");
    }

    #[test]
    fn what_does_not_exist_is_answered_with_the_nearest() {
        let folder = folder();
        let refused = |options: EosReproduceOptions| {
            let error = reproduce_eos(&options, &()).expect_err("it is wrong");
            format!("{error}; {}", error.hint().unwrap_or_default())
        };
        let wrong_head = EosReproduceOptions {
            heads: vec!["esos".into()],
            ..options(&folder)
        };
        assert!(refused(wrong_head).contains("did you mean `eos`?"));
        let wrong_loss = EosReproduceOptions {
            losses: vec!["focla".into()],
            ..options(&folder)
        };
        assert!(refused(wrong_loss).contains("did you mean `focal`?"));
        let none = EosReproduceOptions {
            seeds: Some(0),
            ..options(&folder)
        };
        assert!(refused(none).contains("--seeds"));
        let elsewhere = EosReproduceOptions {
            on: vec![EosImages::Cifar10Lt],
            ..options(&folder)
        };
        assert!(refused(elsewhere).contains("data_batch_lt100.bin.gz"));
    }

    #[test]
    fn a_result_says_what_to_type_for_it() {
        let options = EosReproduceOptions {
            budget: EosBudget::Quick,
            parts: vec![EosPart::Table],
            losses: vec!["ldam".into()],
            ..EosReproduceOptions::default()
        };
        assert_eq!(
            options.command(),
            "counterpoise reproduce eos --dataset cifar10-lt,fashion-mnist --data FOLDER --quick --only table --losses ldam --seeds 1 --draws 1000 --seed 42"
        );
    }
}
