//! What holds for any features and any head.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use counterpoise_base::{Domain, Feature, FeatureValues};
use counterpoise_base::{
    Embeddings, Event, Features, Labeled, Labels, LinearHead, Observer, Seed, Strided, SyntheticValues,
};
use counterpoise_diagnose::{
    BiasOf, ContributionsOf, Detail, DiagnoseOptions, Diagnosis, Error, GapNumbers, Readout, Split, analyse,
    gap_change, profile,
};
use counterpoise_sampling::{Eos, Resample, Run, Smote};
use proptest::prelude::*;

const CLASSES: usize = 3;

/// Clouds of classes around different corners, after a ReLU; classes get rarer.
fn clouds(seed: u64, sizes: [usize; CLASSES], width: usize, shift: f64) -> Embeddings {
    let (mut values, mut codes) = (Vec::new(), Vec::new());
    for (class, &size) in sizes.iter().enumerate() {
        for row in 0..size {
            let mut random = Seed::new(seed).child(class as u64).child(row as u64).rng();
            for feature in 0..width {
                let centre = if feature % CLASSES == class { 2.0 } else { 0.5 };
                values.push((centre + shift + 0.8 * random.normal()).max(0.0) as f32);
            }
            codes.push(class as u32);
        }
    }
    let classes = ["many", "some", "few"].map(str::to_owned).to_vec();
    Embeddings::new(values, width, Labels::from_codes(classes, codes))
}

fn head(seed: u64, width: usize, cosine: bool) -> LinearHead {
    let mut random = Seed::new(seed).child("head").rng();
    let weight = (0..CLASSES * width)
        .map(|place| {
            let own = if place % width % CLASSES == place / width {
                1.0
            } else {
                -0.3
            };
            (own + 0.3 * random.normal()) as f32
        })
        .collect();
    if cosine {
        LinearHead::cosine(weight, width)
    } else {
        LinearHead::new(weight, vec![0.5, 0.1, -0.4], width)
    }
}

fn options() -> DiagnoseOptions {
    DiagnoseOptions::default()
        .with_top_k(NonZeroUsize::new(3).expect("3 is not 0"))
        .with_draws(50)
}

fn usual(seed: u64, cosine: bool) -> (Embeddings, Embeddings, LinearHead) {
    let train = clouds(seed, [40, 20, 8], 7, 0.0);
    let test = clouds(seed + 1000, [20, 20, 20], 7, 0.1);
    (train, test, head(seed, 7, cosine))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn frequencies_of_required_contributions_sum_to_their_mean(
        seed in 0_u64..1000,
        cosine in any::<bool>(),
        reference in any::<bool>(),
    ) {
        let (_, test, head) = usual(seed, cosine);
        let read = Readout::new(Split::Test, &test, &head, &()).unwrap();
        let bias_of = if reference { BiasOf::Reference } else { BiasOf::Predicted };
        let profile = profile(&read, &options().with_bias_of(bias_of), &()).unwrap();
        for class in &profile.classes {
            for stratum in [&class.true_positives, &class.false_negatives, &class.false_positives, &class.all] {
                let Some(required) = &stratum.required else {
                    prop_assert_eq!(stratum.rows, 0);
                    continue;
                };
                let sum: f64 = required.frequency.as_ref().unwrap().iter().sum();
                prop_assert!((sum - required.mean).abs() < 1e-9);
                prop_assert!(required.histogram.len() <= 8);
                prop_assert_eq!(required.histogram.iter().sum::<usize>(), stratum.rows);
            }
        }
    }

    #[test]
    fn the_rows_of_outcomes_add_up(seed in 0_u64..1000, cosine in any::<bool>()) {
        let (_, test, head) = usual(seed, cosine);
        let read = Readout::new(Split::Test, &test, &head, &()).unwrap();
        let options = options().with_contributions_of(ContributionsOf::True);
        let profile = profile(&read, &options, &()).unwrap();
        let mut predicted = 0;
        for (place, class) in profile.classes.iter().enumerate() {
            prop_assert_eq!(class.true_positives.rows + class.false_negatives.rows, class.rows);
            predicted += class.true_positives.rows + class.false_positives.rows;
            // Towards the true class and without bias, contributions of all its rows sum to its mean logit less the bias.
            let rows: Vec<f32> = read.rows_of(place).iter().flat_map(|&row| test.row(row)).copied().collect();
            let logits = head.logits(&rows);
            let logits: f64 = logits.iter().skip(place).step_by(CLASSES).copied().map(f64::from).sum();
            let mean = logits / class.rows as f64 - f64::from(head.bias()[place]);
            let all = class.all.contributions.as_ref().unwrap();
            let sum: f64 = all.mean.as_ref().unwrap().iter().sum();
            prop_assert!((sum - mean).abs() < 1e-4, "{} {}", sum, mean);
            let among: f64 = all.frequency.as_ref().unwrap().iter().sum();
            prop_assert!((among - 3.0).abs() < 1e-9);
            prop_assert!(all.share.is_none_or(|share| (0.0..=1.0 + 1e-12).contains(&share)));
        }
        prop_assert_eq!(predicted, read.len());
    }

    #[test]
    fn a_gap_is_that_of_right_or_of_wrong_rows(seed in 0_u64..1000) {
        let (train, test, head) = usual(seed, false);
        let read = Readout::new(Split::Test, &test, &head, &()).unwrap();
        let none = train.select(&[]);
        let change = gap_change(&train, &none, &read, &options(), &()).unwrap();
        prop_assert_eq!(&change.before, &change.after);
        for class in &change.before.classes {
            let all = class.all.unwrap();
            let parts: Vec<GapNumbers> = class.right.into_iter().chain(class.wrong).collect();
            prop_assert!(parts.iter().all(|part| part.sum <= all.sum + 1e-9));
            prop_assert!(parts.iter().map(|part| part.sum).sum::<f64>() >= all.sum - 1e-9);
            prop_assert!(all.two_sided_sum >= all.sum);
            let (_, high) = class.estimate.as_ref().unwrap().interval.unwrap();
            prop_assert!(high <= all.mean + 1e-12);
        }
    }
}

/// The synthetic rows of a method.
fn made(train: &Embeddings, method: &dyn Resample) -> Embeddings {
    let width = train.width();
    let feature = |column| Feature {
        name: format!("f{column}"),
        values: FeatureValues::F32(Strided::of_matrix(train.values(), width, column)),
        domain: Domain::Real,
        copied: false,
    };
    let features = Features::new(train.len(), (0..width).map(feature).collect());
    let resampled = method
        .resample(&Labeled::new(features, &train.labels), &Run::new(3))
        .expect("rows are made");
    let columns: Vec<&[f32]> = resampled
        .synthetic
        .iter()
        .filter_map(SyntheticValues::as_f32)
        .collect();
    let rows = resampled.origin.len();
    let values = (0..rows).flat_map(|row| columns.iter().map(move |column| column[row]));
    let codes = resampled.origin.iter().map(|origin| origin.class).collect();
    Embeddings::new(
        values.collect(),
        width,
        Labels::from_codes(train.labels.classes().to_vec(), codes),
    )
}

#[test]
fn smote_never_narrows_a_gap_and_eos_does() {
    let mut narrowed = 0;
    for seed in 0..10 {
        let (train, test, head) = usual(seed, false);
        let read = Readout::new(Split::Test, &test, &head, &()).unwrap();
        let change = |method: &dyn Resample| {
            gap_change(&train, &made(&train, method), &read, &options(), &()).unwrap()
        };
        let smote = change(&Smote::default());
        assert_eq!(smote.before, smote.after);
        let eos = change(&Eos::default());
        let means =
            |class: usize| [&eos.before, &eos.after].map(|report| report.classes[class].all.unwrap().mean);
        for class in 0..CLASSES {
            let [before, after] = means(class);
            assert!(after <= before);
        }
        let [before, after] = means(2);
        narrowed += usize::from(after < before);
    }
    assert_eq!(narrowed, 10);
}

fn diagnosis(seed: u64, observer: &dyn Observer) -> Result<Diagnosis, Error> {
    let (train, test, head) = usual(seed, false);
    analyse(Some(&train), &test, &head, &options(), observer)
}

#[test]
fn numbers_are_the_same_for_any_number_of_threads() {
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let diagnosis = pool.install(|| diagnosis(5, &()).unwrap());
        serde_json::to_string(&diagnosis).unwrap()
    };
    assert_eq!(with(1), with(4));
}

#[test]
fn a_class_that_test_rows_lack_leaves_the_others_as_they_are() {
    let (train, test, head) = usual(11, false);
    let two: Vec<usize> = (0..test.len())
        .filter(|&row| test.labels.codes()[row] != 2)
        .collect();
    let whole = analyse(Some(&train), &test, &head, &options(), &()).unwrap();
    let part = analyse(Some(&train), &test.select(&two), &head, &options(), &()).unwrap();
    assert_eq!(part.summaries[2].recall, None);
    assert_eq!(part.summaries[2].gap, None);
    assert_eq!(part.matches.as_ref().unwrap()[2].mismatch, None);
    assert_eq!(
        part.gap.as_ref().unwrap().classes[..2],
        whole.gap.as_ref().unwrap().classes[..2]
    );
    assert_eq!(part.summaries[0].recall, whole.summaries[0].recall);
    assert_eq!(part.intervals[..2], whole.intervals[..2]);
    let codes: Vec<&str> = part.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["diagnose.missing-class"]);
}

#[test]
fn without_training_rows_what_needs_them_is_absent() {
    let (_, test, head) = usual(11, true);
    let found = analyse(None, &test, &head, &options(), &()).unwrap();
    assert!(
        found.train.is_none() && found.gap.is_none() && found.matches.is_none() && found.archetypes.is_none()
    );
    assert!(found.summaries[0].effective_rank.is_some());
    assert!(found.overlap.is_some() && found.densities.len() == CLASSES);
    assert_eq!(found.test_adversaries.classes.len(), CLASSES);
}

#[test]
fn less_detail_leaves_everything_else_alone() {
    let (train, test, head) = usual(11, false);
    let of = |detail| analyse(Some(&train), &test, &head, &options().with_detail(detail), &()).unwrap();
    let (full, top) = (of(Detail::Full), of(Detail::Top));
    assert_eq!(full.findings, top.findings);
    assert_eq!(full.summaries, top.summaries);
    assert_eq!(full.test.clone().without_details(), top.test);
    assert!(full.overlap.is_some() && top.overlap.is_none());
}

#[test]
fn a_top_k_larger_than_the_width_is_shrunk_and_told() {
    let (train, test, head) = usual(11, false);
    let options = options().with_top_k(NonZeroUsize::new(99).unwrap());
    let found = analyse(Some(&train), &test, &head, &options, &()).unwrap();
    assert_eq!(found.top_k, 7);
    assert_eq!(found.warnings[0].code, "diagnose.shrunk-top-k");
}

#[test]
fn other_classes_and_other_numbers_are_refused() {
    let (train, test, head) = usual(11, false);
    let classes = ["many", "few", "some"].map(str::to_owned).to_vec();
    let mut renamed = test.clone();
    renamed.labels = Labels::from_codes(classes, test.labels.codes().to_vec());
    let error = analyse(Some(&train), &renamed, &head, &options(), &()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "class number 1 is `some` in the training rows and `few` in the test rows"
    );
    let one: Vec<usize> = (0..20).collect();
    let error = analyse(None, &test.select(&one), &head, &options(), &()).unwrap_err();
    assert_eq!(error.code(), "diagnose.one-class");
    let error = analyse(None, &test, &head, &options().with_draws(3), &()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`draws = 3` is out of range: 0, or 20 to 1000000"
    );
}

/// Asks to stop at the first event of one task.
struct StopAt(&'static str);

impl Observer for StopAt {
    fn observe(&self, event: &Event<'_>) -> ControlFlow<()> {
        match event {
            Event::Progress { task, .. } if *task == self.0 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

#[test]
fn every_task_stops_when_asked() {
    let tasks = [
        "reading features",
        "profiling classes",
        "measuring diversity",
        "drawing rows for intervals",
        "measuring the generalization gap",
        "finding neighbors",
        "finding medoids",
    ];
    for task in tasks {
        let stopped = diagnosis(5, &StopAt(task));
        assert!(
            matches!(stopped, Err(Error::Stopped)),
            "{task}: {:?}",
            stopped.map(|_| ())
        );
    }
}
