//! Networks on a graphics card beside the same on the processor. It takes a program that plays one, too.
#![cfg(feature = "wgpu")]

use std::num::NonZeroUsize;
use std::path::Path;

use counterpoise_base::{Embeddings, ImageShape, Images, LabeledImages, Labels, Seed};
use counterpoise_data::Augment;
use counterpoise_deep::{
    Adversarial, Architecture, DecoderKind, DeepSmote, DeepSmoteTraining, DeviceKind, GroupedRows, HeadRows,
    HeadTraining, Inputs, Optimizer, Rows, SavedDeepSmote, TrainOptions, TrainRun, Trained, train,
};

fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).expect("it is above 0")
}

/// Bright squares whose place says the class, in three classes.
fn pictures(shape: ImageShape, rows: usize) -> LabeledImages {
    let mut values = vec![0; rows * shape.values()];
    let codes: Vec<u32> = (0..rows).map(|row| (row % 3) as u32).collect();
    for (row, picture) in values.chunks_exact_mut(shape.values()).enumerate() {
        let mut random = Seed::new(11).child(row as u64).rng();
        let side = shape.width / 4;
        let left = side * codes[row] as usize + random.below(side);
        for line in side..2 * side {
            for channel in 0..shape.channels {
                let first = (channel * shape.height + line) * shape.width + left;
                picture[first..][..side].fill(150 + random.below(100) as u8);
            }
        }
    }
    let names = ["left", "middle", "right"].map(str::to_owned).to_vec();
    LabeledImages::new(Images::new(shape, values), Labels::from_codes(names, codes))
}

/// Trains for some epochs of three batches.
fn trained(
    network: Architecture,
    shape: ImageShape,
    epochs: usize,
    device: DeviceKind,
    kept: Option<&Path>,
) -> Trained {
    let set = pictures(shape, 24);
    let mut options = TrainOptions::default();
    options.network = network;
    options.optimizer = Optimizer::Adam { weight_decay: 0.0 };
    options.schedule = counterpoise_deep::Schedule::constant(1e-3);
    options.epochs = count(epochs);
    options.batch_size = count(8);
    let augment = Augment::default();
    let rows = Rows {
        inputs: Inputs::Images(&set.images, &augment),
        labels: &set.labels,
    };
    let run = TrainRun {
        seed: Seed::new(1),
        device,
        observer: &(),
        checkpoint: kept,
        fingerprint: String::new(),
        each_epoch: None,
    };
    train(rows, None, &options, &run).expect("it is trained")
}

fn losses(trained: &Trained) -> Vec<f64> {
    trained.history.iter().map(|epoch| epoch.loss).collect()
}

/// Cards round otherwise, and what differs grows with every step.
#[track_caller]
fn near(card: &[f64], processor: &[f64], share: f64) {
    assert_eq!(card.len(), processor.len());
    let far = card
        .iter()
        .zip(processor)
        .any(|(card, processor)| (card - processor).abs() > share * processor.abs());
    assert!(!far, "{card:?} on the card, {processor:?} on the processor");
}

#[test]
fn there_is_a_card_and_it_has_a_name() {
    let card = DeviceKind::Gpu
        .card()
        .expect("one is there")
        .expect("it is no processor");
    assert!(!card.name.is_empty());
    assert!(!card.software || card.shares_memory, "{card:?}");
    println!("{card:?}");
}

#[test]
fn classifiers_lose_as_much_as_on_the_processor() {
    for (network, shape, epochs) in [
        (Architecture::mlp(), ImageShape::new(1, 12, 12), 3),
        (Architecture::LeNet, ImageShape::new(1, 28, 28), 3),
        (Architecture::ResNet32, ImageShape::new(3, 16, 16), 2),
    ] {
        let on = |device| trained(network.clone(), shape, epochs, device, None);
        let (card, processor) = (on(DeviceKind::Gpu), on(DeviceKind::Cpu));
        near(&losses(&card), &losses(&processor), 2e-3);
        let set = pictures(shape, 6);
        let augment = Augment::default();
        let logits = |trained: &Trained| {
            let inputs = Inputs::Images(&set.images, &augment);
            trained
                .classifier
                .logits(inputs, &())
                .expect("they are numbers")
                .values
        };
        let largest = logits(&processor)
            .iter()
            .fold(0.0, |most: f32, value| most.max(value.abs()));
        for (card, processor) in logits(&card).iter().zip(logits(&processor)) {
            assert!(
                (card - processor).abs() < 0.03 * largest,
                "{}: {card} and {processor}",
                network.name()
            );
        }
    }
}

#[test]
fn a_training_goes_on_on_another_device() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shape = ImageShape::new(3, 8, 8);
    let whole = trained(Architecture::ResNet20, shape, 4, DeviceKind::Cpu, None);
    for (first, second) in [
        (DeviceKind::Cpu, DeviceKind::Gpu),
        (DeviceKind::Gpu, DeviceKind::Cpu),
    ] {
        let kept = folder.path().join(format!("{}.safetensors", first.name()));
        let stopped = StopAfter::new(7);
        let set = pictures(shape, 24);
        let mut options = TrainOptions::default();
        options.network = Architecture::ResNet20;
        options.optimizer = Optimizer::Adam { weight_decay: 0.0 };
        options.schedule = counterpoise_deep::Schedule::constant(1e-3);
        options.epochs = count(4);
        options.batch_size = count(8);
        let augment = Augment::default();
        let rows = Rows {
            inputs: Inputs::Images(&set.images, &augment),
            labels: &set.labels,
        };
        let run = TrainRun {
            seed: Seed::new(1),
            device: first,
            observer: &stopped,
            checkpoint: Some(&kept),
            fingerprint: String::new(),
            each_epoch: None,
        };
        let error = train(rows, None, &options, &run).expect_err("it was stopped");
        assert_eq!(error.code(), "deep.stopped");
        let resumed = trained(Architecture::ResNet20, shape, 4, second, Some(&kept));
        assert!(resumed.resumed);
        assert_eq!(resumed.resumed_from, 2);
        near(&losses(&resumed), &losses(&whole), 2e-2);
    }
}

/// Asks to stop after so many batches.
struct StopAfter {
    left: std::sync::atomic::AtomicUsize,
}

impl StopAfter {
    fn new(batches: usize) -> Self {
        Self { left: batches.into() }
    }
}

impl counterpoise_base::Observer for StopAfter {
    fn observe(&self, event: &counterpoise_base::Event<'_>) -> std::ops::ControlFlow<()> {
        use std::sync::atomic::Ordering;
        if matches!(event, counterpoise_base::Event::Progress { .. })
            && self.left.fetch_sub(1, Ordering::Relaxed) == 1
        {
            return std::ops::ControlFlow::Break(());
        }
        std::ops::ControlFlow::Continue(())
    }
}

#[test]
fn autoencoders_lose_as_much_as_on_the_processor_and_go_on_from_it() {
    let set = pictures(ImageShape::new(1, 28, 28), 24);
    for decoder in [DecoderKind::Reference, DecoderKind::Mirror] {
        let mut options = DeepSmote::default();
        options.width = count(4);
        options.latent_size = Some(count(8));
        options.decoder = decoder;
        options.batch_size = count(8);
        options.class_batch = count(6);
        options.learning_rate = 1e-3;
        options.epochs = count(2);
        let new = |device| DeepSmoteTraining::new(&options, &set, &Seed::new(1), device).expect("it begins");
        let (mut card, mut processor) = (new(DeviceKind::Gpu), new(DeviceKind::Cpu));
        let total = |training: &mut DeepSmoteTraining<'_>| training.epoch(&()).expect("an epoch").total;
        let first = [total(&mut card), total(&mut processor)];
        near(&first[..1], &first[1..], 2e-3);
        // The file of one device goes on on the other.
        let saved =
            SavedDeepSmote::of_checkpoint(processor.saved().expect("an epoch went well").to_checkpoint())
                .expect("it is whole");
        let mut moved =
            DeepSmoteTraining::resume(&options, &set, &Seed::new(1), DeviceKind::Gpu, &saved.state)
                .expect("it goes on");
        let second = [total(&mut moved), total(&mut processor)];
        near(&second[..1], &second[1..], 2e-3);
        let codes = |training: &DeepSmoteTraining<'_>| {
            training
                .best()
                .encode(&set.images, &())
                .expect("they are numbers")
        };
        let (card, processor) = (codes(&moved), codes(&processor));
        let far = card
            .iter()
            .zip(&processor)
            .any(|(card, processor)| (card - processor).abs() > 0.02);
        assert!(!far, "{card:?} on the card, {processor:?} on the processor");
    }
}

#[test]
fn heads_and_debiased_networks_are_those_of_the_processor() {
    let rows = 60;
    let mut random = Seed::new(5).rng();
    let values: Vec<f32> = (0..rows * 3).map(|_| random.normal() as f32).collect();
    let labels: Vec<u32> = values
        .chunks_exact(3)
        .map(|row| u32::from(row[0] > 0.3))
        .collect();
    let groups: Vec<u32> = values
        .chunks_exact(3)
        .map(|row| u32::from(row[1] > 0.0))
        .collect();
    let mut how = HeadTraining::default();
    how.epochs = count(2);
    how.batch_size = count(16);
    let classes = ["below", "above"].map(String::from).to_vec();
    let seen = Embeddings::new(values.clone(), 3, Labels::from_codes(classes, labels.clone()));
    let head = |device| {
        how.train(HeadRows::new(&seen), &Seed::new(1), device, &())
            .expect("it is trained")
            .head
    };
    let (card, processor) = (head(DeviceKind::Gpu), head(DeviceKind::Cpu));
    for (card, processor) in card.weight().iter().zip(processor.weight()) {
        assert!((card - processor).abs() < 1e-4, "{card} and {processor}");
    }
    let mut options = Adversarial::default();
    options.hidden_units = count(8);
    options.epochs = count(3);
    let likely = |device| {
        let rows = GroupedRows::new(&values, 3, &labels, &groups);
        let net = options
            .fit(rows, &Seed::new(1), device, &())
            .expect("it is trained");
        net.probabilities(&values).expect("they are numbers")
    };
    for (card, processor) in likely(DeviceKind::Gpu).iter().zip(likely(DeviceKind::Cpu)) {
        assert!((card - processor).abs() < 1e-4, "{card} and {processor}");
    }
}
