//! Rows on one line with two others, as SMOTE leaves them.

use std::collections::{HashMap, HashSet};

use counterpoise_base::{Domain, Features, Observer};
use counterpoise_neighbors::{Rows, Search, Space};

use crate::Error;
use crate::equal_rows::clusters;

/// Neighbours of a row among which two are looked for that it is on one line with.
const CANDIDATES: usize = 10;

/// A column of fractions: how exactly a row has to be on a line, and how many digits tell its values apart.
struct Fraction {
    column: usize,
    tolerance: f64,
    digits: f64,
}

/// Which of the `asked` rows are on one line with two of their nearest rows among `among`, too exactly to be by chance.
///
/// Rows are places of `space`, and `row_of` says which rows of `features` they are. Whole numbers say nothing, since they
/// were rounded, nor does a row whose fractions another row repeats. Columns that follow from one another are taken for
/// independent, so that a table whose columns all follow from one lies on lines everywhere.
pub(super) fn on_lines(
    features: &Features<'_>,
    space: &Space,
    row_of: &[usize],
    asked: &[usize],
    among: &[usize],
    observer: &dyn Observer,
) -> Result<Vec<bool>, Error> {
    let columns = fractions(features, row_of);
    if columns.len() < 3 || asked.is_empty() || among.len() < 3 {
        return Ok(vec![false; asked.len()]);
    }
    let graph = Search::new(CANDIDATES).neighbors(space, Rows::Some(asked), Rows::Some(among), observer)?;
    // A chance line of any pair of any row is to be less likely than one in a million.
    let certain = 6.0 + (asked.len() as f64 * (CANDIDATES * CANDIDATES) as f64).log10();
    let fractions = columns
        .iter()
        .map(|fraction| features.columns()[fraction.column].clone());
    let alike = clusters(&Features::new(features.rows(), fractions.collect()));
    let mut repeated: HashMap<u32, usize> = HashMap::new();
    for &row in row_of {
        *repeated.entry(alike[row]).or_default() += 1;
    }
    let on_line = |query: usize| {
        let near: Vec<usize> = graph
            .neighbors(query)
            .iter()
            .map(|&place| row_of[place as usize])
            .collect();
        let row = row_of[asked[query]];
        if repeated[&alike[row]] > 1 {
            return false;
        }
        (0..near.len()).any(|first| {
            let pairs = near[first + 1..].iter().map(|&second| (near[first], second));
            pairs
                .into_iter()
                .any(|pair| digits(features, &columns, row, pair) >= certain)
        })
    };
    Ok((0..graph.rows()).map(on_line).collect())
}

fn fractions(features: &Features<'_>, rows: &[usize]) -> Vec<Fraction> {
    let fraction = |(column, feature): (usize, &counterpoise_base::Feature<'_>)| {
        if feature.values.is_categorical() || feature.domain == Domain::Integer {
            return None;
        }
        let numbers = || {
            let numbers = rows.iter().filter_map(|&row| feature.values.number(row));
            numbers.filter(|number| !number.is_nan())
        };
        let low = numbers().fold(f64::INFINITY, f64::min);
        let high = numbers().fold(f64::NEG_INFINITY, f64::max);
        let different: HashSet<u64> = numbers().map(f64::to_bits).collect();
        (high > low).then(|| Fraction {
            column,
            tolerance: 1e-9 * (high - low) + 1e-15 * low.abs().max(high.abs()),
            digits: (different.len() as f64).log10(),
        })
    };
    features
        .columns()
        .iter()
        .enumerate()
        .filter_map(fraction)
        .collect()
}

/// How many digits agree in the columns beyond the one that says where on the line a row is; 0 if one disagrees.
fn digits(features: &Features<'_>, columns: &[Fraction], row: usize, (first, second): (usize, usize)) -> f64 {
    let value = |fraction: &Fraction, row: usize| {
        let number = features.columns()[fraction.column].values.number(row);
        number.unwrap_or(f64::NAN)
    };
    let apart = |fraction: &Fraction| {
        let apart = value(fraction, second) - value(fraction, first);
        if apart.is_nan() {
            0.0
        } else {
            apart.abs() / fraction.tolerance
        }
    };
    let Some(widest) = columns.iter().max_by(|a, b| apart(a).total_cmp(&apart(b))) else {
        return 0.0;
    };
    let (from, to) = (value(widest, first), value(widest, second));
    let step = (value(widest, row) - from) / (to - from);
    // A row at one of the two is a copy, which is told elsewhere.
    if !step.is_finite() || step.abs() < 1e-6 || (step - 1.0).abs() < 1e-6 {
        return 0.0;
    }
    let mut sum = 0.0;
    for fraction in columns {
        let (from, to) = (value(fraction, first), value(fraction, second));
        let off = value(fraction, row) - (from + step * (to - from));
        // Steps far beyond the pair stretch what was rounded.
        if off.is_nan() || off.abs() > fraction.tolerance * (1.0 + step.abs()) {
            return 0.0;
        }
        if fraction.column != widest.column {
            sum += apart(fraction).max(1.0).log10().min(fraction.digits);
        }
    }
    sum
}
