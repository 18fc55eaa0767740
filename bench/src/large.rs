//! One run of Fair Oversampling on a table that fills a good part of the memory: `counterpoise-bench large [ROWS]`.

use std::time::Instant;

use anyhow::Result;
use counterpoise_base::{Domain, Feature, FeatureValues, Features, Labeled, Labels, Seed, Strided};
use counterpoise_sampling::{FairOversampling, Resample as _, Run};
use serde_json::{Value, json};

const COLUMNS: usize = 20;

/// Two groups of 20 columns in single precision, one row of a hundred in the small class.
pub(crate) fn large(rows: usize) -> Result<Value> {
    let mut random = Seed::new(7).child("large").rng();
    let mut words = vec![0; 1 << 16];
    let mut column = || -> Vec<f32> {
        let mut values = Vec::with_capacity(rows);
        while values.len() < rows {
            random.fill(&mut words);
            let left = rows - values.len();
            let number = |word: &u64| {
                let bytes = word.to_le_bytes();
                bytes.iter().map(|&byte| f32::from(byte)).sum::<f32>() / 512.0
            };
            values.extend(words.iter().take(left).map(number));
        }
        values
    };
    let feature = |place: usize| Feature {
        name: format!("f{place}"),
        values: FeatureValues::F32(Strided::contiguous(column())),
        domain: Domain::Real,
        copied: false,
    };
    let features: Vec<Feature<'_>> = (0..COLUMNS).map(feature).collect();
    let coded = |names: [&str; 2], second: fn(u32) -> bool| {
        let codes = (0..rows as u32).map(|row| u32::from(second(row))).collect();
        Labels::from_codes(names.map(String::from).to_vec(), codes)
    };
    let labels = coded(["no", "yes"], |row| row % 100 == 0);
    let groups = coded(["a", "b"], |row| row / 100 % 2 == 0);
    let before = peak();
    let start = Instant::now();
    let mut data = Labeled::new(Features::new(rows, features), &labels);
    data.groups = Some(&groups);
    let result = FairOversampling::default().resample(&data, &Run::new(1))?;
    Ok(json!({
        "rows": rows,
        "made": result.origin.len(),
        "seconds": start.elapsed().as_secs_f64(),
        "peak_mib_before": before,
        "peak_mib": peak(),
        "crossing": result.crossing.and_then(|crossing| crossing.share()),
    }))
}

/// Largest memory of this process so far, in MiB; absent where the system does not say.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024.0)
}
