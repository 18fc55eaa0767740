//! The study of CNN fragility done again: the same data balanced and imbalanced, side by side.

mod budget;
mod claims;
mod experiment;
mod golden;
mod network;
mod numbers;
mod page;
mod sets;
mod subsets;
mod words;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use counterpoise_base::{LabeledImages, Observer, Seed};
use counterpoise_deep::DeviceKind;
use serde::Serialize;
use serde_json::json;

pub use budget::FragilityBudget;
pub use claims::{FragilityClaim, Holds};
pub use experiment::{ChosenClass, ChosenRows, DiversityStudy, Raised, RaisedClass};
pub use golden::{GoldenClass, GoldenHead};
pub use numbers::{ClassNumbers, ClassWhenRare, MeanAndDeviation, NetworkNumbers, StudyCorrelation};
pub use page::fragility_page;
pub use sets::{FragilityImages, Version};
pub use subsets::Choice;

use self::experiment::{Frozen, Repeat, WAYS, chosen_class};
use self::network::{Student, seen};
use self::sets::Pictures;
use super::deep_smote::Told;
use super::store::Store;
use super::{unknown, wrong};
use crate::Error;
use crate::command_line::CommandLine;
use crate::device::look_for;

/// Losses of the study, the first of which the others are compared with.
pub const FRAGILITY_LOSSES: [&str; 4] = ["cross-entropy", "ldam", "focal", "asl"];

/// What of the fragility study to do again, and how thoroughly.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FragilityOptions {
    /// Sets of pictures; if empty, those whose files are there, and with the budget `quick` grey ones only.
    pub on: Vec<FragilityImages>,
    /// A folder with a folder for each, or with the files of one.
    pub folder: PathBuf,
    /// Losses by name; all if empty.
    pub losses: Vec<String>,
    /// Seeds 1, 2, … to run; those of the budget if absent.
    pub seeds: Option<usize>,
    /// How large networks are, and how long they learn.
    pub budget: FragilityBudget,
    /// What to run.
    pub part: FragilityPart,
    /// The authors' network; looked for among the data if absent.
    pub checkpoint: Option<PathBuf>,
    /// Where networks and numbers are kept; the user's cache if absent.
    pub state: Option<PathBuf>,
    /// Where networks compute.
    pub device: DeviceKind,
}

/// Parts of the study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FragilityPart {
    /// Balanced and imbalanced networks side by side.
    Study,
    /// The diversity hypothesis as an experiment.
    Diversity,
}

impl Default for FragilityOptions {
    fn default() -> Self {
        Self {
            on: Vec::new(),
            folder: PathBuf::new(),
            losses: Vec::new(),
            seeds: None,
            budget: FragilityBudget::usual(),
            part: FragilityPart::Study,
            checkpoint: None,
            state: None,
            device: DeviceKind::Cpu,
        }
    }
}

impl FragilityOptions {
    fn sets(&self) -> Result<Vec<FragilityImages>, Error> {
        if !self.on.is_empty() {
            return Ok(self.on.clone());
        }
        let quick = self.budget.name == "quick";
        let there: Vec<FragilityImages> = FragilityImages::ALL
            .into_iter()
            .filter(|set| !(quick && *set == FragilityImages::Cifar10) && set.is_in(&self.folder))
            .collect();
        if there.is_empty() {
            let names: Vec<&str> = FragilityImages::ALL.iter().map(|set| set.name()).collect();
            return Err(wrong(
                "--data",
                format!("`{}` has the files of no set of the study", self.folder.display()),
                format!(
                    "give the folder that holds a folder for each: {}; `--dataset` with one of these names says which files it needs",
                    names.join(", ")
                ),
            ));
        }
        Ok(there)
    }

    fn losses(&self) -> Result<Vec<&'static str>, Error> {
        if let Some(other) = self
            .losses
            .iter()
            .find(|name| !FRAGILITY_LOSSES.contains(&name.as_str()))
        {
            return Err(unknown("--losses", "loss", other, FRAGILITY_LOSSES.into_iter()));
        }
        let wanted = |name: &&str| self.losses.is_empty() || self.losses.iter().any(|loss| loss == name);
        Ok(FRAGILITY_LOSSES.into_iter().filter(wanted).collect())
    }

    fn seeds(&self) -> Result<usize, Error> {
        match self.seeds {
            Some(0) => Err(wrong(
                "--seeds",
                "without a seed there is no network".into(),
                "give 1 or more; the study has 3".into(),
            )),
            Some(seeds) => Ok(seeds),
            None => Ok(self.budget.seeds),
        }
    }

    /// What to type for the same result; absent for a budget without a flag.
    fn command(&self, sets: &[FragilityImages], losses: &[&str], seeds: usize) -> Option<String> {
        let flags = [
            (FragilityBudget::quick(), Some("--quick")),
            (FragilityBudget::usual(), None),
            (FragilityBudget::full(), Some("--full")),
        ];
        let (_, flag) = flags.into_iter().find(|(budget, _)| *budget == self.budget)?;
        let sets = sets.iter().map(|set| set.name()).collect::<Vec<_>>();
        let command = CommandLine::new("reproduce fragility")
            .list("--dataset", &sets)
            .with("--data", "FOLDER")
            .words(flag.map(str::to_owned).as_slice());
        let command = match self.part {
            FragilityPart::Diversity => command.with("--experiment", "diversity"),
            FragilityPart::Study => command.list("--losses", losses).with("--seeds", &seeds),
        };
        Some(command.device(self.device).end())
    }
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct FragilityReproduction {
    /// Which paper.
    pub paper: &'static str,
    /// Sizes and times.
    pub budget: FragilityBudget,
    /// Seeds that were run, from 1; the diversity experiment uses the first.
    pub seeds: usize,
    /// What to type for the same result; absent for a budget without a flag.
    pub command: Option<String>,
    /// Largest features that stand for a class.
    pub top_k: usize,
    /// One entry a set of the study.
    pub sets: Vec<FragileSet>,
    /// The authors' network and head, where they are there.
    pub golden: Vec<GoldenHead>,
    /// One entry a set of the diversity experiment.
    pub diversity: Vec<DiversityStudy>,
}

/// One set of pictures.
#[derive(Debug, Clone, Serialize)]
pub struct FragileSet {
    /// Which.
    pub set: FragilityImages,
    /// Which network read it.
    pub network: String,
    /// Names of classes.
    pub classes: Vec<String>,
    /// Training pictures of each class, balanced and imbalanced, of the first seed.
    pub counts: [Vec<usize>; 2],
    /// Test pictures of each class.
    pub test: Vec<usize>,
    /// What was done to the files.
    pub notes: Vec<String>,
    /// One entry a loss.
    pub losses: Vec<FragileLoss>,
    /// Whether what the paper claims holds in these numbers.
    pub claims: Vec<FragilityClaim>,
}

/// One loss on one set.
#[derive(Debug, Clone, Serialize)]
pub struct FragileLoss {
    /// Its name.
    pub loss: &'static str,
    /// Mean recall over classes on test pictures, balanced and imbalanced.
    pub balanced_accuracy: [Option<MeanAndDeviation>; 2],
    /// CE that predictions require, as a share of all features, mean over classes.
    pub required_share: [Option<MeanAndDeviation>; 2],
    /// Classes side by side.
    pub classes: Vec<ClassWhenRare>,
    /// What goes with what over classes.
    pub correlations: Vec<StudyCorrelation>,
    /// All numbers of all networks, balanced and imbalanced, by seed.
    pub networks: [Vec<NetworkNumbers>; 2],
}

/// Runs the study, or the experiment.
///
/// Networks and numbers are kept, so that a run that was stopped goes on where it was.
///
/// # Errors
///
/// Options that name nothing; files that are not there; a kept network that is another one; those of training.
pub fn reproduce_fragility(
    options: &FragilityOptions,
    observer: &dyn Observer,
) -> Result<FragilityReproduction, Error> {
    let sets = options.sets()?;
    let losses = options.losses()?;
    let seeds = options.seeds()?;
    let checkpoint = match &options.checkpoint {
        Some(file) if !file.is_file() => {
            return Err(wrong(
                "--checkpoint",
                format!("there is no file `{}`", file.display()),
                "give the authors' `resnet32_cifar10lt_ce_epoch133.pth`, or leave it out".into(),
            ));
        }
        Some(file) => Some(file.clone()),
        // It reads pictures of CIFAR-10, whichever sets are studied, unless others are named.
        None => golden::found_in(&options.folder).filter(|_| {
            let wanted = options.on.is_empty() || options.on.contains(&FragilityImages::Cifar10);
            wanted && FragilityImages::Cifar10.is_in(&options.folder)
        }),
    };
    look_for(options.device, observer)?;
    let store = Store::open(options.state.as_deref(), "reproduce-fragility")?;
    let folder = store.folder().map(|folder| folder.join(options.budget.folder()));
    if let Some(folder) = &folder {
        std::fs::create_dir_all(folder).map_err(|source| Error::Write {
            path: folder.clone(),
            source,
        })?;
    }
    let mut found = FragilityReproduction {
        paper: "Dablain, Jacobson, Bellinger, Roberts, Chawla: Understanding CNN Fragility When Learning With Imbalanced Data, Machine Learning 2023 (arXiv 2210.09465)",
        budget: options.budget.clone(),
        seeds: if options.part == FragilityPart::Study {
            seeds
        } else {
            1
        },
        command: options.command(&sets, &losses, seeds),
        top_k: numbers::options().top_k.get(),
        sets: Vec::new(),
        golden: Vec::new(),
        diversity: Vec::new(),
    };
    for set in sets {
        let pictures = sets::read(set, &options.folder, observer)?;
        let work = Work {
            options,
            store: &store,
            folder: folder.as_deref(),
            pictures: &pictures,
            losses: &losses,
            seeds,
            observer,
        };
        match options.part {
            FragilityPart::Study => found.sets.push(work.study()?),
            FragilityPart::Diversity => found.diversity.push(work.diversity()?),
        }
    }
    if let Some(file) = checkpoint.filter(|_| options.part == FragilityPart::Study) {
        let pictures = sets::read(FragilityImages::Cifar10, &options.folder, observer)?;
        found.golden = golden::read(&file, &pictures, options.device, observer)?;
    }
    Ok(found)
}

/// One set with all that is asked of it.
struct Work<'a> {
    options: &'a FragilityOptions,
    store: &'a Store,
    folder: Option<&'a Path>,
    pictures: &'a Pictures,
    losses: &'a [&'static str],
    seeds: usize,
    observer: &'a dyn Observer,
}

/// One network to read.
#[derive(Debug, Clone, Copy)]
struct Job {
    loss: &'static str,
    version: Version,
    seed: u64,
}

/// Networks that are trained side by side at most.
const AT_ONCE: usize = 4;

impl Work<'_> {
    fn name(&self) -> &'static str {
        self.pictures.set.name()
    }

    /// The pictures of a version; a cut depends on the seed where there is something to draw.
    fn cut(&self, version: Version, seed: u64) -> Result<LabeledImages, Error> {
        let branch = Seed::new(seed).child("fragility").child(self.name());
        Ok(self.pictures.all.select(&self.pictures.rows(version, &branch)?))
    }

    fn student<'b>(&'b self, job: Job, training: &'b LabeledImages) -> Student<'b> {
        Student {
            set: self.pictures.set,
            version: job.version,
            loss: job.loss,
            seed: job.seed,
            training,
            budget: &self.options.budget,
            device: self.options.device,
            folder: self.folder,
        }
    }

    /// All that a result depends on.
    fn settings(&self, job: Job, training: &LabeledImages) -> Result<serde_json::Value, Error> {
        let pixels = Seed::new(0)
            .child(training.images.as_slice())
            .child(self.pictures.test.images.as_slice());
        let mut settings = json!({
            "program": env!("CARGO_PKG_VERSION"),
            "format": 1,
            "data": self.name(),
            "version": job.version,
            "pictures": format!("{:016x}", pixels.number()),
            "counts": training.labels.counts(),
            "seed": job.seed,
            "loss": job.loss,
            "training": self.options.budget.training(self.pictures.set, job.loss)?,
        });
        if self.options.device != DeviceKind::Cpu {
            settings["device"] = self.options.device.name().into();
        }
        Ok(settings)
    }

    fn read(&self, job: Job) -> Result<NetworkNumbers, Error> {
        let training = self.cut(job.version, job.seed)?;
        let settings = self.settings(job, &training)?;
        let student = self.student(job, &training);
        let name = student.name();
        if let Some(kept) = self.store.load::<NetworkNumbers>(&name, &settings) {
            return Ok(kept);
        }
        let told = Told {
            observer: self.observer,
            row: name.clone(),
        };
        let saved = student.network(&told)?;
        let read = numbers::numbers(
            &seen(&saved, &training, &told)?,
            &seen(&saved, &self.pictures.test, &told)?,
            &saved.classifier.linear_head(),
            job.seed,
            &told,
        )?;
        self.store.save(&name, &settings, &read);
        Ok(read)
    }

    /// Reads all networks, some side by side; none hears of another.
    fn all(&self, jobs: &[Job]) -> Result<Vec<NetworkNumbers>, Error> {
        let found: Vec<Mutex<Option<Result<NetworkNumbers, Error>>>> =
            jobs.iter().map(|_| Mutex::new(None)).collect();
        let taken = AtomicUsize::new(0);
        let failed = AtomicUsize::new(0);
        let work = || {
            while failed.load(Ordering::Relaxed) == 0
                && let Some((job, place)) = {
                    let next = taken.fetch_add(1, Ordering::Relaxed);
                    jobs.get(next).zip(found.get(next))
                }
            {
                let outcome = self.read(*job);
                if outcome.is_err() {
                    failed.store(1, Ordering::Relaxed);
                }
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            }
        };
        // A card does one thing after another; large networks keep all cores busy.
        let small = self.pictures.set != FragilityImages::Cifar10;
        let at_once = match self.options.device {
            DeviceKind::Cpu if small => rayon::current_num_threads().clamp(1, AT_ONCE),
            _ => 1,
        };
        std::thread::scope(|scope| {
            for _ in 1..at_once {
                scope.spawn(work);
            }
            work();
        });
        // After a failure some were not begun; the failure is among those that were.
        let outcomes = found
            .into_iter()
            .filter_map(|outcome| outcome.into_inner().unwrap_or_else(PoisonError::into_inner));
        outcomes.collect()
    }

    fn study(&self) -> Result<FragileSet, Error> {
        let mut jobs = Vec::new();
        // Seeds last, so that a run that is stopped has seen all losses.
        for seed in 1..=self.seeds as u64 {
            for &loss in self.losses {
                jobs.extend(Version::BOTH.map(|version| Job { loss, version, seed }));
            }
        }
        let read = self.all(&jobs)?;
        let losses: Vec<FragileLoss> = self
            .losses
            .iter()
            .map(|&loss| {
                let networks = Version::BOTH.map(|version| -> Vec<NetworkNumbers> {
                    let pairs = jobs.iter().zip(&read);
                    pairs
                        .filter(|(job, _)| job.loss == loss && job.version == version)
                        .map(|(_, numbers)| numbers.clone())
                        .collect()
                });
                of_loss(loss, networks)
            })
            .collect();
        let counts = Version::BOTH.map(|version| Ok(self.cut(version, 1)?.labels.counts()));
        let [balanced, imbalanced]: [Result<Vec<usize>, Error>; 2] = counts;
        let (set, budget) = (self.pictures.set, &self.options.budget);
        Ok(FragileSet {
            set,
            network: budget
                .training(set, FRAGILITY_LOSSES[0])?
                .network
                .name()
                .to_owned(),
            classes: self.pictures.all.labels.classes().to_vec(),
            counts: [balanced?, imbalanced?],
            test: self.pictures.test.labels.counts(),
            notes: self.pictures.notes.clone(),
            claims: claims::claims(&losses),
            losses,
        })
    }

    /// The diversity experiment, over features of the first network that learnt by cross-entropy from few pictures of some classes.
    fn diversity(&self) -> Result<DiversityStudy, Error> {
        let job = Job {
            loss: FRAGILITY_LOSSES[0],
            version: Version::Imbalanced,
            seed: 1,
        };
        let training = self.cut(job.version, job.seed)?;
        let mut settings = self.settings(job, &training)?;
        settings["budget"] = serde_json::to_value(&self.options.budget).unwrap_or_default();
        let student = self.student(job, &training);
        let told = Told {
            observer: self.observer,
            row: student.name(),
        };
        let saved = student.network(&told)?;
        let quiet = Told {
            observer: self.observer,
            row: format!("{}, diversity", self.name()),
        };
        let frozen = Frozen::of(
            &saved,
            self.pictures,
            &training,
            &self.options.budget,
            Seed::new(job.seed).child("fragility").child("diversity"),
            self.options.device,
            &quiet,
        )?;
        let classes = training.labels.classes();
        let mut chosen = Vec::new();
        for class in frozen.classes() {
            let name = format!("{}-chosen-{class}", self.name());
            let (pool, kept) = frozen.pool(class)?;
            let before: Option<Vec<Vec<Repeat>>> = self.store.load(&name, &settings);
            let repeats = before.map_or_else(|| frozen.repeats(class, &pool, kept), Ok)?;
            self.store.save(&name, &settings, &repeats);
            chosen.push(chosen_class(&classes[class], kept, pool.len(), &repeats));
        }
        let mut raised = Vec::new();
        for way in WAYS {
            let name = format!("{}-raised-{way}", self.name());
            let before: Option<Raised> = self.store.load(&name, &settings);
            let found = before.map_or_else(|| frozen.raised(way), Ok)?;
            self.store.save(&name, &settings, &found);
            raised.push(found);
        }
        Ok(DiversityStudy {
            set: self.pictures.set,
            counts: training.labels.counts(),
            chosen,
            raised,
            notes: self.pictures.notes.clone(),
        })
    }
}

fn of_loss(loss: &'static str, networks: [Vec<NetworkNumbers>; 2]) -> FragileLoss {
    let of = |number: &dyn Fn(&NetworkNumbers) -> Option<f64>| {
        [0, 1].map(|side: usize| MeanAndDeviation::of(networks[side].iter().map(number)))
    };
    let required = |network: &NetworkNumbers| {
        let mean = MeanAndDeviation::of(network.classes.iter().map(|class| class.required))?;
        Some(mean.mean / network.width as f64)
    };
    FragileLoss {
        loss,
        balanced_accuracy: of(&|network| network.balanced_accuracy),
        required_share: of(&required),
        classes: numbers::when_rare(&networks[0], &networks[1]),
        correlations: numbers::correlations(&networks[0], &networks[1]),
        networks,
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use counterpoise_base::Event;

    use super::*;
    use crate::bundled::FASHION_MNIST;

    /// Networks that learn for a moment.
    fn tiny() -> FragilityBudget {
        FragilityBudget {
            name: "tiny".into(),
            grey_epochs: 2,
            repeats: 2,
            width: 4,
            latent: 8,
            autoencoder_epochs: 1,
            ..FragilityBudget::quick()
        }
    }

    /// The bundled pictures where Fashion-MNIST would be looked for; they are their own test pictures.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for part in ["train", "t10k"] {
            for (name, bytes) in [
                ("images-idx3-ubyte.gz", FASHION_MNIST.images),
                ("labels-idx1-ubyte.gz", FASHION_MNIST.labels),
            ] {
                std::fs::write(folder.path().join(format!("{part}-{name}")), bytes).expect("it is ours");
            }
        }
        folder
    }

    fn options(folder: &tempfile::TempDir, losses: &[&str], seeds: usize) -> FragilityOptions {
        FragilityOptions {
            on: vec![FragilityImages::FashionMnist],
            folder: folder.path().to_owned(),
            losses: losses.iter().map(ToString::to_string).collect(),
            seeds: Some(seeds),
            budget: tiny(),
            state: Some(folder.path().join("state")),
            ..FragilityOptions::default()
        }
    }

    fn text(found: &FragilityReproduction) -> String {
        serde_json::to_string(found).expect("plain data")
    }

    /// Counts what is trained.
    #[derive(Default)]
    struct Epochs(AtomicUsize);

    impl Observer for Epochs {
        fn observe(&self, event: &Event<'_>) -> ControlFlow<()> {
            if matches!(event, Event::Epoch { .. }) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
            ControlFlow::Continue(())
        }
    }

    #[test]
    fn a_study_has_both_versions_side_by_side_and_is_not_done_twice() {
        let folder = folder();
        let options = options(&folder, &["cross-entropy", "ldam"], 2);
        let epochs = Epochs::default();
        let first = reproduce_fragility(&options, &epochs).expect("it runs");
        let networks = 2 * 2 * 2;
        assert_eq!(epochs.0.load(Ordering::Relaxed), networks * 2);
        let set = &first.sets[0];
        let losses: Vec<&str> = set.losses.iter().map(|loss| loss.loss).collect();
        assert_eq!(losses, ["cross-entropy", "ldam"]);
        assert!(set.counts[0].iter().all(|&count| count == set.counts[0][0]));
        assert!(set.counts[1][0] > 10 * set.counts[1][9], "{:?}", set.counts[1]);
        for loss in &set.losses {
            assert_eq!(loss.networks.each_ref().map(Vec::len), [2, 2]);
            let recall = loss.classes[0].recall[1].expect("there are test pictures");
            assert!(recall.deviation.is_some());
            // Magnitudes of cosines are at most 1 a feature; both have some for the largest class.
            assert!(loss.classes[0].magnitude[1].expect("it is told").mean > 0.0);
            assert!(loss.classes.iter().all(|class| class.required[0].is_some()));
        }
        assert_eq!(set.claims.len(), 6);
        let page = counterpoise_report::render(&fragility_page(&first)).expect("it is drawn");
        assert!(page.contains("Claims: fashion-mnist"));

        // Networks that are there are taken as they are, numbers too.
        let epochs = Epochs::default();
        let again = reproduce_fragility(&options, &epochs).expect("it runs");
        assert_eq!(
            (epochs.0.load(Ordering::Relaxed), text(&again)),
            (0, text(&first))
        );
        for entry in std::fs::read_dir(folder.path().join("state")).expect("it is there") {
            let path = entry.expect("it is ours").path();
            if path.extension().is_some_and(|extension| extension == "json") {
                std::fs::remove_file(path).expect("it is ours");
            }
        }
        let read_again = reproduce_fragility(&options, &epochs).expect("it runs");
        assert_eq!(
            (epochs.0.load(Ordering::Relaxed), text(&read_again)),
            (0, text(&first))
        );
    }

    #[test]
    fn a_network_of_another_training_is_not_taken() {
        let folder = folder();
        let mut options = options(&folder, &["cross-entropy"], 1);
        reproduce_fragility(&options, &()).expect("it runs");
        options.budget.grey_epochs = 1;
        let error = reproduce_fragility(&options, &()).expect_err("it learnt for longer");
        assert!(error.to_string().contains("other options"), "{error}");
        assert!(error.hint().expect("a hint").contains("--state"));
    }

    #[test]
    fn the_experiment_varies_count_and_diversity() {
        let folder = folder();
        let mut options = options(&folder, &[], 1);
        options.part = FragilityPart::Diversity;
        let first = reproduce_fragility(&options, &()).expect("it runs");
        let study = &first.diversity[0];
        assert_eq!(study.chosen.len(), 3);
        for class in &study.chosen {
            let of = |choice: Choice| {
                let rows = class.choices.iter().find(|rows| rows.choice == choice);
                rows.expect("all choices are there")
            };
            let distance = |choice: Choice| of(choice).mean_distance.expect("there are pairs").mean;
            assert!(distance(Choice::MostDiverse) > distance(Choice::Random));
            assert!(distance(Choice::Random) > distance(Choice::LeastDiverse));
            assert_eq!(of(Choice::Random).rows, class.kept);
            assert_eq!(of(Choice::Repeated).rows, 4 * class.kept);
        }
        let ways: Vec<&str> = study.raised.iter().map(|way| way.method.as_str()).collect();
        assert_eq!(ways, WAYS);
        let most = study.counts.iter().max().copied().unwrap_or(0);
        assert!(
            study.raised[1..]
                .iter()
                .flat_map(|way| &way.classes)
                .all(|class| class.rows == most)
        );
        assert!(!study.sentences().is_empty());
        let again = reproduce_fragility(&options, &()).expect("it runs");
        assert_eq!(text(&first), text(&again));
        counterpoise_report::render(&fragility_page(&first)).expect("it is drawn");
    }

    #[test]
    fn names_that_do_not_exist_are_answered_with_the_nearest() {
        let folder = folder();
        let error = reproduce_fragility(&options(&folder, &["focla"], 1), &()).expect_err("no such loss");
        assert!(error.hint().expect("a hint").contains("`focal`"));
        let error = reproduce_fragility(&options(&folder, &[], 0), &()).expect_err("no seed");
        assert!(error.to_string().contains("--seeds"));
        let mut elsewhere = options(&folder, &[], 1);
        elsewhere.on = Vec::new();
        elsewhere.folder = folder.path().join("nothing");
        let error = reproduce_fragility(&elsewhere, &()).expect_err("no files");
        assert!(error.hint().expect("a hint").contains("pneumoniamnist"));
        let mut checkpoint = options(&folder, &[], 1);
        checkpoint.checkpoint = Some("nothing.pth".into());
        assert!(reproduce_fragility(&checkpoint, &()).is_err());
    }

    #[test]
    fn a_result_says_what_to_type_for_it() {
        let mut options = FragilityOptions {
            budget: FragilityBudget::quick(),
            ..FragilityOptions::default()
        };
        let grey = [FragilityImages::FashionMnist, FragilityImages::Pneumoniamnist];
        assert_eq!(
            options.command(&grey, &["focal"], 1).as_deref(),
            Some(
                "counterpoise reproduce fragility --dataset fashion-mnist,pneumoniamnist --data FOLDER --quick --losses focal --seeds 1"
            )
        );
        options.part = FragilityPart::Diversity;
        let command = options.command(&grey, &[], 1).expect("the budget has a flag");
        assert!(command.ends_with("--quick --experiment diversity"), "{command}");
        options.budget = tiny();
        assert_eq!(options.command(&grey, &[], 1), None);
    }
}
