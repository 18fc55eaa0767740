//! Largest numbers first, ties to the lower index; and sums whose order never changes.

/// Indices of the `k` largest numbers, the largest first; of equal ones the lower index first.
pub(crate) fn largest(numbers: &[f64], k: usize, top: &mut Vec<u32>) {
    top.clear();
    for (index, &number) in numbers.iter().enumerate() {
        if top.len() == k {
            let Some(&last) = top.last() else { return };
            if number <= numbers[last as usize] {
                continue;
            }
            top.pop();
        }
        let place = top.partition_point(|&other| numbers[other as usize] >= number);
        top.insert(place, index as u32);
    }
}

/// A whole number that is larger where a number is; both zeros are one number.
pub(crate) fn rank_key(number: f64) -> u64 {
    let bits = (number + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// Sum of products, in eight lanes that are added in a fixed order.
pub(crate) fn dot(x: &[f64], y: &[f64]) -> f64 {
    lanes(x, y, |x, y| x * y)
}

/// Euclidean distance.
pub(crate) fn distance(x: &[f64], y: &[f64]) -> f64 {
    lanes(x, y, |x, y| (x - y) * (x - y)).sqrt()
}

fn lanes(x: &[f64], y: &[f64], part: impl Fn(f64, f64) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<8>(), y.as_chunks::<8>());
    for (x, y) in x.iter().zip(y) {
        for lane in 0..8 {
            sums[lane] += part(x[lane], y[lane]);
        }
    }
    for (sum, (&x, &y)) in sums.iter_mut().zip(x_rest.iter().zip(y_rest)) {
        *sum += part(x, y);
    }
    ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
}

/// Mean of numbers; absent without any.
pub(crate) fn mean(numbers: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (count, sum) = numbers
        .into_iter()
        .fold((0_usize, 0.0), |(count, sum), number| (count + 1, sum + number));
    ratio(sum, count as f64)
}

/// A part of a whole; absent where the whole is 0.
pub(crate) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole != 0.0).then(|| part / whole)
}

/// A share of counts; absent where there is nothing to have a share of.
pub(crate) fn share(part: usize, whole: usize) -> Option<f64> {
    ratio(part as f64, whole as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_numbers_go_to_the_lower_index() {
        let check = |numbers: &[f64], k, expected: &[u32]| {
            let mut top = Vec::new();
            largest(numbers, k, &mut top);
            assert_eq!(top, expected);
        };
        check(&[1.0, 3.0, 3.0, 2.0], 2, &[1, 2]);
        check(&[2.0, 2.0, 2.0], 2, &[0, 1]);
        check(&[0.0, -0.0], 2, &[0, 1]);
        check(&[-1.0, 0.5], 5, &[1, 0]);
        check(&[1.0], 0, &[]);
    }

    proptest! {
        #[test]
        fn the_largest_are_those_of_a_sorted_list(numbers in prop::collection::vec(-2_i8..3, 0..30), k in 0_usize..12) {
            let numbers: Vec<f64> = numbers.into_iter().map(f64::from).collect();
            let mut all: Vec<u32> = (0..numbers.len() as u32).collect();
            all.sort_by(|&a, &b| numbers[b as usize].total_cmp(&numbers[a as usize]).then(a.cmp(&b)));
            all.truncate(k);
            let mut top = Vec::new();
            largest(&numbers, k, &mut top);
            prop_assert_eq!(top, all);
        }

        #[test]
        fn keys_are_ordered_as_numbers(a in -1e9..1e9_f64, b in -1e9..1e9_f64) {
            prop_assert_eq!(rank_key(a).cmp(&rank_key(b)), a.partial_cmp(&b).unwrap());
        }

        #[test]
        fn products_add_up(pairs in prop::collection::vec((-9_i8..9, -9_i8..9), 0..40)) {
            let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).unzip();
            prop_assert_eq!(dot(&x, &y), x.iter().zip(&y).map(|(x, y)| x * y).sum::<f64>());
        }
    }
}
