//! Rows that are equal in every feature.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use counterpoise_base::{FeatureValues, Features};

/// A value as bits: both zeros are equal, and so are all missing values.
pub(crate) fn bits(column: &FeatureValues<'_>, row: usize) -> u64 {
    match column {
        FeatureValues::Codes { codes, .. } => u64::from(codes[row]),
        numbers => match numbers.number(row).unwrap_or(f64::NAN) {
            0.0 => 0,
            number if number.is_nan() => u64::MAX,
            number => number.to_bits(),
        },
    }
}

/// The cluster of every row: rows of one cluster are equal in every feature. Clusters are counted from 0 in the order in
/// which they are met.
pub(crate) fn clusters(features: &Features<'_>) -> Vec<u32> {
    let row_bits = |row: usize| {
        let columns = features.columns().iter();
        columns.map(move |column| bits(&column.values, row))
    };
    // Rows of one hash are compared in full.
    let mut seen: HashMap<u64, Vec<(usize, u32)>> = HashMap::new();
    let mut next = 0;
    let mut cluster = |row: usize| {
        let mut hasher = DefaultHasher::new();
        row_bits(row).for_each(|bits| bits.hash(&mut hasher));
        let others = seen.entry(hasher.finish()).or_default();
        if let Some(&(_, cluster)) = others
            .iter()
            .find(|(other, _)| row_bits(*other).eq(row_bits(row)))
        {
            return cluster;
        }
        others.push((row, next));
        next += 1;
        next - 1
    };
    (0..features.rows()).map(&mut cluster).collect()
}
