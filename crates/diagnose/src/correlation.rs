/// Spearman's rank correlation, in `[-1, 1]`; equal numbers share the mean of their ranks.
///
/// Pairs with an absent number are left out. Absent for fewer than three pairs, and where all numbers of a side are equal.
///
/// ```
/// use counterpoise_diagnose::rank_correlation;
///
/// let size = [5000.0, 500.0, 50.0, 5.0].map(Some);
/// let gap = [Some(0.1), Some(0.4), None, Some(0.9)];
/// assert_eq!(rank_correlation(&size, &gap), Some(-1.0));
/// ```
#[doc(alias = "spearman")]
pub fn rank_correlation(first: &[Option<f64>], second: &[Option<f64>]) -> Option<f64> {
    let pairs = first.iter().zip(second).filter_map(|(a, b)| Some(((*a)?, (*b)?)));
    let (first, second): (Vec<f64>, Vec<f64>) = pairs.unzip();
    correlation_of(&first, &second)
}

/// The same for numbers that are all there.
pub(crate) fn correlation_of(first: &[f64], second: &[f64]) -> Option<f64> {
    if first.len() < 3 {
        return None;
    }
    let (first, second) = (mid_ranks(first), mid_ranks(second));
    // Both have the mean rank of 1 to n.
    let middle = (first.len() + 1) as f64 / 2.0;
    let product = |a: &[f64], b: &[f64]| -> f64 {
        let products = a.iter().zip(b).map(|(a, b)| (a - middle) * (b - middle));
        products.sum()
    };
    let spread = (product(&first, &first) * product(&second, &second)).sqrt();
    (spread > 0.0).then(|| (product(&first, &second) / spread).clamp(-1.0, 1.0))
}

/// Ranks from 1; equal numbers share the mean of theirs.
fn mid_ranks(numbers: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]).then(a.cmp(&b)));
    let mut ranks = vec![0.0; numbers.len()];
    let mut before = 0;
    for equal in order.chunk_by(|&a, &b| numbers[a] == numbers[b]) {
        let rank = before as f64 + (equal.len() + 1) as f64 / 2.0;
        equal.iter().for_each(|&place| ranks[place] = rank);
        before += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_share_ranks() {
        assert_eq!(mid_ranks(&[3.0, 1.0, 3.0, 0.0]), [3.5, 2.0, 3.5, 1.0]);
        // scipy.stats.spearmanr([1, 2, 2, 4], [2, 1, 3, 4]) by hand: ranks 1 2.5 2.5 4 and 2 1 3 4.
        let found = correlation_of(&[1.0, 2.0, 2.0, 4.0], &[2.0, 1.0, 3.0, 4.0]).unwrap();
        assert!((found - 3.0 / (4.5_f64 * 5.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn what_does_not_vary_has_no_correlation() {
        assert_eq!(correlation_of(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
        assert_eq!(correlation_of(&[1.0, 2.0], &[1.0, 2.0]), None);
        assert_eq!(
            rank_correlation(&[Some(1.0), None, Some(2.0)], &[Some(1.0); 3]),
            None
        );
    }
}
