//! The small linear program of the reductions: the best mixture of classifiers found so far, and the prices of its
//! constraints.
//!
//! A dense simplex tableau of a few rows and up to some hundred columns. Crates for linear programs give the mixture but
//! not the prices, or bring a solver for millions of columns with them; here both are read off one tableau.

/// Below this a reduced cost is rounding.
const ROUNDING: f64 = 1e-11;

/// The mixture of columns that minimises `cost · q + price · max(0, excess of any row)`, and what each row would pay for
/// a tighter bound.
///
/// `excess[j]` holds how far column `j` alone breaks each row, negative where it does not. Returns weights of columns
/// that sum to 1, and prices of rows, 0 or more, whose sum is `price` at most.
///
/// # Panics
///
/// If there is no column, or columns have different lengths.
pub(crate) fn best_mixture(cost: &[f64], excess: &[Vec<f64>], price: f64) -> (Vec<f64>, Vec<f64>) {
    let (columns, rows) = (cost.len(), excess[0].len());
    // Columns: mixture, the common excess, one slack a row; then the right-hand side.
    let (common, slack, width) = (columns, columns + 1, columns + 1 + rows + 1);
    let mut table: Vec<Vec<f64>> = (0..rows)
        .map(|row| {
            let mut line = vec![0.0; width];
            for (column, excess) in excess.iter().enumerate() {
                line[column] = excess[row];
            }
            line[common] = -1.0;
            line[slack + row] = 1.0;
            line
        })
        .collect();
    // Weights sum to 1.
    let mut line = vec![0.0; width];
    line[..columns].fill(1.0);
    line[width - 1] = 1.0;
    table.push(line);
    // Costs, which pivots turn into reduced ones.
    let mut line = vec![0.0; width];
    line[..columns].copy_from_slice(cost);
    line[common] = price;
    table.push(line);
    let mut basis: Vec<usize> = (slack..slack + rows).chain([0]).collect();

    // The best single column is where it begins; a column that breaks rows takes the common excess in.
    let alone = |column: usize| {
        let worst = excess[column].iter().copied().fold(0.0, f64::max);
        cost[column] + price * worst
    };
    let first = (0..columns)
        .min_by(|&a, &b| alone(a).total_cmp(&alone(b)).then(a.cmp(&b)))
        .unwrap_or(0);
    pivot(&mut table, &mut basis, rows, first);
    let lowest = (0..rows).min_by(|&a, &b| table[a][width - 1].total_cmp(&table[b][width - 1]));
    if let Some(row) = lowest.filter(|&row| table[row][width - 1] < 0.0) {
        pivot(&mut table, &mut basis, row, common);
    }

    let scale = ROUNDING * (1.0 + price);
    let patience = 20 * (width + rows);
    // No mixture is ever this far away from its best.
    for turn in 0..50 * patience {
        let reduced = &table[rows + 1][..width - 1];
        let entering = if turn < patience {
            let steepest = (0..width - 1).min_by(|&a, &b| reduced[a].total_cmp(&reduced[b]).then(a.cmp(&b)));
            steepest.filter(|&column| reduced[column] < -scale)
        } else {
            // Bland's rule, which cannot go in circles.
            (0..width - 1).find(|&column| reduced[column] < -scale)
        };
        let Some(entering) = entering else { break };
        let ratio = |row: usize| table[row][width - 1] / table[row][entering];
        let leaving = (0..=rows)
            .filter(|&row| table[row][entering] > ROUNDING)
            .min_by(|&a, &b| ratio(a).total_cmp(&ratio(b)).then(basis[a].cmp(&basis[b])));
        let Some(leaving) = leaving else { break };
        pivot(&mut table, &mut basis, leaving, entering);
    }

    let mut weights = vec![0.0; columns];
    for (row, &column) in basis.iter().enumerate() {
        if column < columns {
            weights[column] = table[row][width - 1].max(0.0);
        }
    }
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    let prices = table[rows + 1][slack..slack + rows].iter();
    (weights, prices.map(|price| price.max(0.0)).collect())
}

/// Brings a column into the basis in place of that of a row.
fn pivot(table: &mut [Vec<f64>], basis: &mut [usize], row: usize, column: usize) {
    let divisor = table[row][column];
    table[row].iter_mut().for_each(|cell| *cell /= divisor);
    let line = table[row].clone();
    for (_, other) in table.iter_mut().enumerate().filter(|(place, _)| *place != row) {
        let factor = other[column];
        if factor != 0.0 {
            for (cell, own) in other.iter_mut().zip(&line) {
                *cell -= factor * own;
            }
            other[column] = 0.0;
        }
    }
    basis[row] = column;
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Seed;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_column_that_breaks_nothing_is_taken_whole() {
        let (weights, prices) = best_mixture(&[0.3, 0.1], &[vec![-0.1, -0.1], vec![-0.2, -0.3]], 100.0);
        assert_eq!(weights, [0.0, 1.0]);
        assert_eq!(prices, [0.0, 0.0]);
    }

    #[test]
    fn a_cheap_column_is_mixed_in_as_far_as_it_may() {
        // Half of each meets the bound; the price is what error would be saved.
        let (weights, prices) = best_mixture(&[0.4, 0.2], &[vec![-0.1], vec![0.1]], 100.0);
        assert_eq!(weights, [0.5, 0.5]);
        assert!((prices[0] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_met_is_paid_for() {
        let (weights, prices) = best_mixture(&[0.4, 0.2], &[vec![0.3], vec![0.4]], 1.0);
        assert_eq!(weights, [0.0, 1.0]);
        assert_eq!(prices, [1.0]);
    }

    proptest! {
        #[test]
        fn mixture_and_prices_agree_on_the_value(seed in 0_u64..500, columns in 1_usize..12, rows in 1_usize..9) {
            let mut random = Seed::new(seed).rng();
            let cost: Vec<f64> = (0..columns).map(|_| random.fraction()).collect();
            let excess: Vec<Vec<f64>> = (0..columns)
                .map(|_| (0..rows).map(|_| random.fraction() - 0.4).collect())
                .collect();
            let (weights, prices) = best_mixture(&cost, &excess, 3.0);
            prop_assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(weights.iter().chain(&prices).all(|&value| value >= 0.0));
            prop_assert!(prices.iter().sum::<f64>() < 3.0 + 1e-9);
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let worst = (0..rows)
                .map(|row| (0..columns).map(|column| weights[column] * excess[column][row]).sum::<f64>())
                .fold(0.0, f64::max);
            let paid = dot(&cost, &weights) + 3.0 * worst;
            // The dual: the least column at these prices. No gap, so both are the best there is.
            let bound = (0..columns)
                .map(|column| cost[column] + dot(&prices, &excess[column]))
                .fold(f64::INFINITY, f64::min);
            prop_assert!((paid - bound).abs() < 1e-9, "{paid} and {bound}");
        }
    }
}
