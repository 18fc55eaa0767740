//! One piece of work with networks, timed: our side of `bench/deep_against_pytorch.py`.

use std::num::NonZeroUsize;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use counterpoise_base::{Embeddings, ImageShape, Images, LabeledImages, Labels, Seed};
use counterpoise_data::Augment;
use counterpoise_deep::{
    Architecture, ChooseBy, Classifier, DecoderKind, DeepSmote, DeepSmoteTraining, DeviceKind, HeadKind,
    HeadRows, HeadTraining, InputShape, Inputs, Penalty, Rows, TrainOptions, TrainRun, train,
};
use serde_json::{Value, json};

/// `{"card": DEVICE}`: what it calls itself.
pub(crate) fn card(request: &Value) -> Result<Value> {
    let device: DeviceKind = serde_json::from_value(request["card"].clone())?;
    Ok(json!({"card": device.card()?}))
}

/// `{"deep": WORK, "steps": n}`: seconds of `n` steps, or of ten epochs for `head`; `"device": DEVICE` says where.
pub(crate) fn timed(request: &Value) -> Result<Value> {
    let work = request["deep"].as_str().context("a name of work")?;
    let steps = request["steps"].as_u64().unwrap_or(1) as usize;
    let count = |number| NonZeroUsize::new(number).context("a number above 0");
    let device = match request.get("device") {
        Some(device) => serde_json::from_value(device.clone())?,
        None => DeviceKind::Cpu,
    };
    let mut losses = Vec::new();
    let seconds = match work {
        "resnet32-step" => {
            let set = pictures(ImageShape::new(3, 32, 32), 128 * steps);
            let mut options = TrainOptions::default();
            options.epochs = count(1)?;
            options.batch_size = count(128)?;
            options.choose_by = ChooseBy::Last;
            let augment = Augment::default();
            let rows = Rows {
                inputs: Inputs::Images(&set.images, &augment),
                labels: &set.labels,
            };
            let run = TrainRun {
                seed: Seed::new(1),
                device,
                observer: &(),
                checkpoint: None,
                fingerprint: String::new(),
                each_epoch: None,
            };
            let epoch = train(rows, None, &options, &run)?.history.remove(0);
            losses.push(epoch.loss);
            epoch.seconds.expect("what was trained here knows its time")
        }
        "resnet32-inference" => {
            let shape = ImageShape::new(3, 32, 32);
            let set = pictures(shape, 256 * steps);
            let network = Classifier::new(
                Architecture::ResNet32,
                HeadKind::Linear,
                InputShape::Images(shape),
                10,
                &Seed::new(1),
                device,
            )?;
            let augment = Augment::default();
            let start = Instant::now();
            network.logits(Inputs::Images(&set.images, &augment), &())?;
            start.elapsed().as_secs_f64()
        }
        "autoencoder-step" => {
            let set = pictures(ImageShape::new(1, 28, 28), 100 * steps);
            let options = DeepSmote::default();
            let mut training = DeepSmoteTraining::new(&options, &set, &Seed::new(1), device)?;
            let start = Instant::now();
            losses.push(training.epoch(&())?.total);
            start.elapsed().as_secs_f64()
        }
        "mirror-step" => {
            let set = pictures(ImageShape::new(3, 32, 32), 100 * steps);
            let mut options = DeepSmote::default();
            options.width = count(128)?;
            options.decoder = DecoderKind::Mirror;
            options.penalty = Penalty::None;
            let mut training = DeepSmoteTraining::new(&options, &set, &Seed::new(1), device)?;
            let start = Instant::now();
            losses.push(training.epoch(&())?.total);
            start.elapsed().as_secs_f64()
        }
        "head" => {
            let (rows, width) = (50_000, 64);
            let mut random = Seed::new(1).rng();
            let values: Vec<f32> = (0..rows * width).map(|_| random.fraction() as f32).collect();
            let classes: Vec<String> = (0..10).map(|class: u32| class.to_string()).collect();
            let labels = Labels::from_codes(classes, (0..rows).map(|row| (row % 10) as u32).collect());
            let rows = Embeddings::new(values, width, labels);
            let mut how = HeadTraining::default();
            how.epochs = count(10)?;
            let start = Instant::now();
            how.train(HeadRows::new(&rows), &Seed::new(1), device, &())?;
            start.elapsed().as_secs_f64()
        }
        "nothing" => 0.0,
        work => bail!("no work is called `{work}`"),
    };
    Ok(json!({"seconds": seconds, "losses": losses, "peak_kib": peak()}))
}

fn pictures(shape: ImageShape, count: usize) -> LabeledImages {
    let mut random = Seed::new(0).rng();
    let values = (0..count * shape.values()).map(|_| random.bits() as u8).collect();
    let classes: Vec<String> = (0..10).map(|class: u32| class.to_string()).collect();
    let codes = (0..count).map(|row| (row % 10) as u32).collect();
    LabeledImages::new(Images::new(shape, values), Labels::from_codes(classes, codes))
}

/// The most memory this process has held, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
