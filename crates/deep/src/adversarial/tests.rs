use super::adversary::Adam;
use super::*;

fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

/// Small and quick.
fn quick() -> Adversarial {
    Adversarial {
        hidden_units: count(16),
        epochs: count(30),
        batch_size: count(64),
        rate: 0.005,
        ..Adversarial::default()
    }
}

struct Table {
    values: Vec<f32>,
    labels: Vec<u32>,
    groups: Vec<u32>,
}

impl Table {
    fn rows(&self) -> GroupedRows<'_> {
        let features = self.values.len() / self.labels.len();
        GroupedRows::new(&self.values, features, &self.labels, &self.groups)
    }

    fn fitted(&self, options: &Adversarial, seed: u64) -> Vec<f64> {
        let net = options
            .fit(self.rows(), &Seed::new(seed), DeviceKind::Cpu, &())
            .unwrap();
        net.probabilities(&self.values).unwrap()
    }
}

/// Class 1 above a line, with a gap; groups have nothing to do with it.
fn separable() -> Table {
    let mut random = Seed::new(1).rng();
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for row in 0..400 {
        let label = row % 2;
        let (x, lift) = (random.fraction(), random.fraction());
        let y = x + if label == 1 { 0.1 + lift } else { -0.1 - lift };
        values.extend([x as f32, y as f32]);
        labels.push(label);
    }
    let groups = (0..400).map(|row| row / 2 % 2).collect();
    Table {
        values,
        labels,
        groups,
    }
}

/// A weak feature, and one column a group that names it; the share of class 1 hangs on the group.
fn leaking(groups: u32) -> Table {
    let mut random = Seed::new(2).rng();
    let mut table = Table {
        values: Vec::new(),
        labels: Vec::new(),
        groups: Vec::new(),
    };
    for row in 0..1200 {
        let group = row % groups;
        let share = 0.25 + 0.5 * f64::from(group) / f64::from(groups - 1);
        let label = u32::from(random.fraction() < share);
        table
            .values
            .push((0.8 * f64::from(label) + 0.5 * random.normal()) as f32);
        let names = (0..groups).map(|other| f32::from(u8::from(other == group)));
        table.values.extend(names);
        table.labels.push(label);
        table.groups.push(group);
    }
    table
}

fn accuracy(table: &Table, said: &[f64]) -> f64 {
    let right = table
        .labels
        .iter()
        .zip(said)
        .filter(|&(&label, &said)| (said > 0.5) == (label == 1));
    right.count() as f64 / said.len() as f64
}

/// The greatest difference between groups in the share of rows, of one class or of all, that are said to be of class 1.
fn gap(table: &Table, said: &[f64], of_class: Option<u32>) -> f64 {
    let groups = *table.groups.iter().max().unwrap() + 1;
    let share = |group: u32| {
        let rows = (0..said.len())
            .filter(|&row| table.groups[row] == group)
            .filter(|&row| of_class.is_none_or(|class| table.labels[row] == class));
        let (all, yes) = rows.fold((0.0, 0.0), |(all, yes), row| {
            (all + 1.0, yes + f64::from(u8::from(said[row] > 0.5)))
        });
        yes / all
    };
    let shares: Vec<f64> = (0..groups).map(share).collect();
    let largest = shares.iter().copied().fold(0.0, f64::max);
    largest - shares.iter().copied().fold(1.0, f64::min)
}

#[test]
fn classes_with_a_gap_between_them_are_told_apart() {
    let table = separable();
    for debias in [false, true] {
        let options = Adversarial { debias, ..quick() };
        let right = accuracy(&table, &table.fitted(&options, 3));
        assert!(right > 0.97, "{right} with debias = {debias}");
    }
}

#[test]
fn the_adversary_narrows_the_gap_between_groups() {
    for groups in [2, 3] {
        let table = leaking(groups);
        let off = Adversarial {
            debias: false,
            ..quick()
        };
        let before = table.fitted(&off, 4);
        for (fairness, adversary_loss_weight, classes) in [
            (SeenByAdversary::EqualizedOdds, 1.0, &[Some(0), Some(1)][..]),
            (SeenByAdversary::EqualOpportunity, 1.0, &[Some(1)]),
            (SeenByAdversary::DemographicParity, 0.1, &[None]),
        ] {
            let on = Adversarial {
                fairness,
                adversary_loss_weight,
                // Without a rate that falls fast the two go round each other.
                rate: 0.02,
                decay_steps: count(50),
                epochs: count(120),
                ..quick()
            };
            let after = table.fitted(&on, 4);
            for &class in classes {
                let [wide, narrow] = [&before, &after].map(|said| gap(&table, said, class));
                assert!(
                    narrow < 0.6 * wide,
                    "{groups} groups, {fairness:?}, class {class:?}: {narrow} after {wide}"
                );
            }
            let right = accuracy(&table, &after);
            assert!(right > 0.7, "{groups} groups, {fairness:?}: {right}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_network() {
    let table = leaking(2);
    let options = Adversarial {
        epochs: count(2),
        ..quick()
    };
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let more = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let first = one.install(|| table.fitted(&options, 5));
    assert_eq!(more.install(|| table.fitted(&options, 5)), first);
    assert_ne!(table.fitted(&options, 6), first);
}

#[test]
fn whole_weights_are_copies() {
    // One batch, so that no order comes in.
    let table = leaking(2);
    let options = Adversarial {
        epochs: count(5),
        batch_size: count(10_000),
        dropout: 0.0,
        ..quick()
    };
    let twice: Vec<usize> = (0..1200).filter(|row| row % 3 == 0).chain(0..1200).collect();
    let copied = Table {
        values: twice
            .iter()
            .flat_map(|row| &table.values[3 * row..][..3])
            .copied()
            .collect(),
        labels: twice.iter().map(|&row| table.labels[row]).collect(),
        groups: twice.iter().map(|&row| table.groups[row]).collect(),
    };
    let weights: Vec<f64> = (0..1200)
        .map(|row| if row % 3 == 0 { 2.0 } else { 1.0 })
        .collect();
    let fit = |rows: GroupedRows<'_>| {
        let net = options.fit(rows, &Seed::new(7), DeviceKind::Cpu, &()).unwrap();
        net.probabilities(&table.values).unwrap()
    };
    let (weighted, copied) = (fit(table.rows().with_weights(&weights)), fit(copied.rows()));
    let plain = fit(table.rows());
    let far = |other: &[f64]| {
        let pairs = weighted.iter().zip(other);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    assert!(far(&copied) < 1e-4, "{}", far(&copied));
    assert!(far(&plain) > 10.0 * far(&copied), "{}", far(&plain));
}

fn gradient(parts: [[f32; 2]; 2]) -> Gradient {
    let device = DeviceKind::Cpu.open().unwrap();
    let layer = |[weight, bias]: [f32; 2]| {
        let row = [[weight, 2.0 * weight]];
        (
            Tensor::from_data(row, &device),
            Tensor::from_data([bias], &device),
        )
    };
    let [hidden, output] = parts.map(layer);
    Gradient { hidden, output }
}

fn flat(gradient: Gradient) -> Vec<f32> {
    let Gradient { hidden, output } = gradient;
    [
        numbers(hidden.0),
        numbers(hidden.1),
        numbers(output.0),
        numbers(output.1),
    ]
    .concat()
}

#[test]
fn the_part_along_the_adversary_goes_and_some_of_it_more() {
    let device = DeviceKind::Cpu.open().unwrap();
    let tensor = |row: [f32; 2]| -> Tensor<2> { Tensor::from_data([row], &device) };
    let with = |weight: [f32; 2], gradient: Gradient| Gradient {
        hidden: (tensor(weight), gradient.hidden.1),
        ..gradient
    };
    let own = || with([3.0, 1.0], gradient([[0.0, 2.0], [1.0, -1.0]]));
    let harm = || with([1.0, 1.0], gradient([[0.0, 4.0], [0.0, 2.0]]));
    let options = |projection| Adversarial {
        projection,
        adversary_loss_weight: 0.5,
        ..Adversarial::default()
    };
    // (3, 1) less (2, 2) along (1, 1), less half of (1, 1). A bias alone is all along it, and a gradient of 0 takes nothing.
    let by_tensor = flat(options(Projection::Reference).debiased(own(), harm()));
    assert_eq!(by_tensor, [0.5, -1.5, -2.0, 1.0, 2.0, -1.0]);
    // As one vector: product 4 + 8 - 2 = 10, square 2 + 16 + 4 = 22, so that 10/22 + 1/2 = 21/22 of it goes.
    let at_once = flat(options(Projection::Paper).debiased(own(), harm()));
    let part = 21.0 / 22.0;
    let expected = [
        3.0 - part,
        1.0 - part,
        2.0 - 4.0 * part,
        1.0,
        2.0,
        -1.0 - 2.0 * part,
    ];
    for (found, expected) in at_once.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
    }
}

#[test]
fn gradients_of_the_network_are_finite_differences() {
    let device = DeviceKind::Cpu.open().unwrap();
    let net = Net::new([2, 3], &Init::new(&Seed::new(8), &device.clone().autodiff())).valid();
    let input: Tensor<2> = Tensor::from_data([[0.5, -1.0], [2.0, 0.3], [-0.7, 0.9]], &device);
    let mask: Tensor<2> = Tensor::from_data([[1.25, 0.0, 1.25], [1.25; 3], [0.0, 1.25, 1.25]], &device);
    let slopes = [0.7, -0.4, 1.1];
    let pull = Tensor::from_data([[slopes[0]], [slopes[1]], [slopes[2]]], &device);
    let found = flat(
        net.forward(input.clone(), Some(mask.clone()))
            .backward(&net, pull),
    );
    let weights = crate::Weights::of(&net);
    let names = ["hidden.weight", "hidden.bias", "output.weight", "output.bias"];
    let places = names.into_iter().flat_map(|name| {
        let count = weights.0[name].values.len();
        (0..count).map(move |at| (name, at))
    });
    let places: Vec<_> = places.collect();
    assert_eq!(places.len(), found.len());
    for ((name, at), found) in places.into_iter().zip(found) {
        let loss = |step: f32| -> f64 {
            let mut moved = weights.clone();
            moved.0.get_mut(name).unwrap().values[at] += step;
            let pass = moved
                .put_into(net.clone())
                .unwrap()
                .forward(input.clone(), Some(mask.clone()));
            let logits = numbers(pass.logits);
            logits
                .iter()
                .zip(slopes)
                .map(|(&logit, slope)| f64::from(logit * slope))
                .sum()
        };
        let expected = (loss(1e-2) - loss(-1e-2)) / 2e-2;
        assert!(
            (f64::from(found) - expected).abs() < 1e-3,
            "{name} {at}: {found} for {expected}"
        );
    }
}

fn seen(groups: u32) -> Vec<Seen> {
    let mut random = Seed::new(9).rng();
    (0..12)
        .map(|row| Seen {
            logit: random.normal(),
            label: row % 2,
            group: row % groups,
            weight: 1.0 + f64::from(row % 3),
        })
        .collect()
}

#[test]
fn gradients_of_the_adversary_are_finite_differences() {
    for sees in [
        SeenByAdversary::EqualizedOdds,
        SeenByAdversary::DemographicParity,
        SeenByAdversary::EqualOpportunity,
    ] {
        for groups in [2, 4] {
            let rows = seen(groups);
            let mut adversary = Adversary::new(groups as usize, sees, Steepness::Paper, &Seed::new(10));
            *adversary.weights.last_mut().unwrap() = -0.4;
            let guess = adversary.judge(&rows);
            let step = 1e-5;
            for row in 0..rows.len() {
                let loss = |step: f64| {
                    let mut moved = rows.clone();
                    moved[row].logit += step;
                    adversary.judge(&moved).loss
                };
                let expected = (loss(step) - loss(-step)) / (2.0 * step);
                assert!((guess.slopes[row] - expected).abs() < 1e-8, "{sees:?}, row {row}");
            }
            for place in 0..guess.gradient.len() {
                let mut loss = |step: f64| {
                    adversary.weights[place] += step;
                    let loss = adversary.judge(&rows).loss;
                    adversary.weights[place] -= step;
                    loss
                };
                let expected = (loss(step) - loss(-step)) / (2.0 * step);
                assert!(
                    (guess.gradient[place] - expected).abs() < 1e-8,
                    "{sees:?}, weight {place}"
                );
            }
        }
    }
}

#[test]
fn gradients_of_the_classifier_loss_are_finite_differences() {
    let rows = seen(2);
    let (_, slopes) = classifier_loss(&rows);
    for (row, slope) in slopes.into_iter().enumerate() {
        let loss = |step: f64| {
            let mut moved = rows.clone();
            moved[row].logit += step;
            classifier_loss(&moved).0
        };
        let expected = (loss(1e-5) - loss(-1e-5)) / 2e-5;
        assert!((slope - expected).abs() < 1e-8, "row {row}");
    }
    let far = [-800.0, 800.0].map(|logit| Seen { logit, ..rows[0] });
    assert!((classifier_loss(&far).0 - 400.0).abs() < 1e-9);
}

#[test]
fn the_factor_of_the_logit_is_learnt_on_request_alone() {
    let rows = seen(2);
    for (steepness, moves) in [(Steepness::Reference, false), (Steepness::Paper, true)] {
        let mut adversary = Adversary::new(2, SeenByAdversary::EqualizedOdds, steepness, &Seed::new(11));
        let guess = adversary.judge(&rows);
        adversary.learn(&guess.gradient, 0.01);
        assert_eq!(*adversary.weights.last().unwrap() != 0.0, moves, "{steepness:?}");
    }
}

#[test]
fn the_first_step_of_adam_is_the_rate() {
    let (mut adam, mut weights) = (Adam::new(2), vec![1.0, 2.0]);
    adam.step(&mut weights, &[0.3, -7.0], 0.01);
    for (found, expected) in weights.iter().zip([0.99, 2.01]) {
        assert!((found - expected).abs() < 1e-8, "{found}");
    }
}

#[test]
fn dropout_leaves_out_its_share_and_keeps_the_mean() {
    let options = Adversarial::default();
    let mask = options.mask(500, &Seed::new(12)).unwrap();
    let gone = mask.iter().filter(|&&factor| factor == 0.0).count();
    let share = gone as f64 / mask.len() as f64;
    assert!((share - 0.2).abs() < 0.01, "{share}");
    assert!(mask.iter().all(|&factor| factor == 0.0 || factor == 1.25));
    let none = Adversarial {
        dropout: 0.0,
        ..options
    };
    assert!(none.mask(500, &Seed::new(12)).is_none());
}

fn refused(table: &Table, options: &Adversarial) -> String {
    let error = options
        .fit(table.rows(), &Seed::new(1), DeviceKind::Cpu, &())
        .unwrap_err();
    assert!(error.hint().is_some());
    error.to_string()
}

#[test]
fn rows_that_nothing_can_be_learnt_from_are_refused() {
    let check = |change: fn(&mut Table), expected: &str| {
        let mut table = leaking(2);
        change(&mut table);
        let message = refused(&table, &quick());
        assert!(message.contains(expected), "{message}");
    };
    check(|table| table.values[7] = f32::NAN, "row 3, column 2");
    check(|table| table.labels[4] = 2, "row 5 is of class 2");
    check(|table| table.labels.fill(0), "class 1 has no row");
    check(|table| table.groups.fill(1), "one group");
    let table = leaking(2);
    let net = Adversarial {
        epochs: count(1),
        ..quick()
    };
    let net = net
        .fit(table.rows(), &Seed::new(1), DeviceKind::Cpu, &())
        .unwrap();
    let error = net.probabilities(&[0.0, f32::INFINITY, 0.0]).unwrap_err();
    assert!(error.to_string().contains("row 1, column 2"), "{error}");
    let mut weights = vec![1.0; 1200];
    weights[2] = -1.0;
    let error = quick()
        .fit(
            table.rows().with_weights(&weights),
            &Seed::new(1),
            DeviceKind::Cpu,
            &(),
        )
        .unwrap_err();
    assert!(error.to_string().contains("row 3"), "{error}");
}

#[test]
fn options_out_of_range_are_named() {
    let check = |text: &str, expected: &str| {
        let options: Adversarial = serde_json::from_str(text).unwrap();
        let message = options.check().unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    };
    check(
        r#"{"adversary_loss_weight": -1}"#,
        "`adversary_loss_weight = -1` of adversarial",
    );
    check(r#"{"dropout": 1.0}"#, "`dropout = 1`");
    check(r#"{"rate": 0.0}"#, "`rate = 0`");
    check(r#"{"decay": 1.5}"#, "`decay = 1.5`");
    let text =
        r#"{"fairness": "equal-opportunity", "projection": "paper", "steepness": "paper", "epochs": 3}"#;
    let read: Adversarial = serde_json::from_str(text).unwrap();
    assert!(read.check().is_ok());
    assert_eq!(read.fairness, SeenByAdversary::EqualOpportunity);
}

#[test]
fn an_observer_stops_it() {
    struct Stop;
    impl Observer for Stop {
        fn observe(&self, _: &Event<'_>) -> std::ops::ControlFlow<()> {
            std::ops::ControlFlow::Break(())
        }
    }
    let table = leaking(2);
    let error = quick()
        .fit(table.rows(), &Seed::new(1), DeviceKind::Cpu, &Stop)
        .unwrap_err();
    assert!(matches!(error, Error::Stopped));
}
