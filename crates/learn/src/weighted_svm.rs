//! C-SVC with a bound for each row: LIBSVM's steps, which its Rust crate takes with one bound a class only.

use libsvm_rs::qmatrix::{QMatrix as _, SvcQ};
use libsvm_rs::{SvmModel, SvmNode, SvmParameter, SvmType};

/// What stands for a curvature that rounding has made 0 or less.
const FLAT: f64 = 1e-12;

/// The machine for rows of either sign whose multipliers go up to `bounds`; its decision value is positive for `1`.
///
/// Fan, Chen, Lin, "Working Set Selection Using Second Order Information for Training SVM" (JMLR 6, 2005), without
/// shrinking. scikit-learn's `sample_weight` does the same: `bounds` are `C` times the weights of rows.
pub(crate) fn train(
    rows: &[Vec<SvmNode>],
    signs: &[i8],
    bounds: &[f64],
    parameter: &SvmParameter,
) -> SvmModel {
    let mut kernel = SvcQ::new(rows, parameter, signs);
    let diagonal = kernel.get_qd().to_vec();
    let count = rows.len();
    let sign: Vec<f64> = signs.iter().map(|&sign| f64::from(sign)).collect();
    let mut multipliers = vec![0.0; count];
    let mut gradient = vec![-1.0; count];
    let may_grow = |row: usize, multipliers: &[f64]| {
        if signs[row] > 0 {
            multipliers[row] < bounds[row]
        } else {
            multipliers[row] > 0.0
        }
    };
    let may_shrink = |row: usize, multipliers: &[f64]| {
        if signs[row] > 0 {
            multipliers[row] > 0.0
        } else {
            multipliers[row] < bounds[row]
        }
    };
    // LIBSVM's limit, which it never meets on data that is scaled.
    for _ in 0..10_000_000_usize.max(100 * count) {
        let slope = |row: usize| -sign[row] * gradient[row];
        let mut up = (f64::NEG_INFINITY, None);
        for row in (0..count).filter(|&row| may_grow(row, &multipliers)) {
            if slope(row) >= up.0 {
                up = (slope(row), Some(row));
            }
        }
        let (steepest, Some(first)) = up else { break };
        let of_first: Vec<f64> = kernel
            .get_q(first, count)
            .iter()
            .map(|&value| f64::from(value))
            .collect();
        let mut lowest = f64::INFINITY;
        let mut best = (f64::INFINITY, None);
        for row in (0..count).filter(|&row| may_shrink(row, &multipliers)) {
            lowest = lowest.min(slope(row));
            let difference = steepest - slope(row);
            if difference > 0.0 {
                let curvature =
                    diagonal[first] + diagonal[row] - 2.0 * sign[first] * sign[row] * of_first[row];
                let gain = -difference * difference / if curvature > 0.0 { curvature } else { FLAT };
                if gain <= best.0 {
                    best = (gain, Some(row));
                }
            }
        }
        let (_, Some(second)) = best else { break };
        if steepest - lowest < parameter.eps {
            break;
        }
        let of_second = kernel.get_q(second, count);
        let (before_first, before_second) = (multipliers[first], multipliers[second]);
        // Along the pair the constraint holds: what one gains in sign the other loses.
        let curvature =
            diagonal[first] + diagonal[second] - 2.0 * sign[first] * sign[second] * of_first[second];
        let step = (slope(first) - slope(second)) / if curvature > 0.0 { curvature } else { FLAT };
        let room = |row: usize, direction: f64| {
            if sign[row] * direction > 0.0 {
                bounds[row] - multipliers[row]
            } else {
                multipliers[row]
            }
        };
        let (room_first, room_second) = (room(first, 1.0), room(second, -1.0));
        let step = step.min(room_first).min(room_second);
        // A multiplier that meets its bound is put onto it, whatever rounding says.
        let moved = |row: usize, direction: f64, room: f64| {
            let grows = sign[row] * direction > 0.0;
            match (step >= room, grows) {
                (true, true) => bounds[row],
                (true, false) => 0.0,
                (false, true) => multipliers[row] + step,
                (false, false) => multipliers[row] - step,
            }
        };
        let (after_first, after_second) = (moved(first, 1.0, room_first), moved(second, -1.0, room_second));
        multipliers[first] = after_first;
        multipliers[second] = after_second;
        let (by_first, by_second) = (after_first - before_first, after_second - before_second);
        for ((part, of_first), &of_second) in gradient.iter_mut().zip(&of_first).zip(of_second) {
            *part += of_first * by_first + f64::from(of_second) * by_second;
        }
    }
    let chosen: Vec<usize> = (0..count).filter(|&row| multipliers[row] > 0.0).collect();
    SvmModel {
        // The decision value of this type is the plain sum over rows.
        param: SvmParameter {
            svm_type: SvmType::OneClass,
            ..parameter.clone()
        },
        nr_class: 2,
        sv: chosen.iter().map(|&row| rows[row].clone()).collect(),
        sv_coef: vec![chosen.iter().map(|&row| sign[row] * multipliers[row]).collect()],
        rho: vec![offset(&sign, &gradient, &multipliers, bounds)],
        prob_a: Vec::new(),
        prob_b: Vec::new(),
        prob_density_marks: Vec::new(),
        sv_indices: Vec::new(),
        label: vec![1],
        n_sv: Vec::new(),
    }
}

/// Where the border lies: the mean over rows on the margin, or the middle of what the others allow.
fn offset(sign: &[f64], gradient: &[f64], multipliers: &[f64], bounds: &[f64]) -> f64 {
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let (mut sum, mut free) = (0.0, 0.0);
    for (row, &multiplier) in multipliers.iter().enumerate() {
        let here = sign[row] * gradient[row];
        let (at_bound, at_0) = (multiplier >= bounds[row], multiplier <= 0.0);
        if !at_bound && !at_0 {
            sum += here;
            free += 1.0;
        } else if at_bound == (sign[row] > 0.0) {
            low = low.max(here);
        } else {
            high = high.min(here);
        }
    }
    if free > 0.0 {
        sum / free
    } else {
        low.midpoint(high)
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Seed;
    use libsvm_rs::predict::predict_values;
    use libsvm_rs::train::svm_train;
    use libsvm_rs::{KernelType, SvmProblem};
    use proptest::prelude::*;

    use super::*;

    fn cloud(count: usize, seed: u64) -> (Vec<Vec<SvmNode>>, Vec<i8>) {
        let mut random = Seed::new(seed).rng();
        let signs: Vec<i8> = (0..count).map(|row| if row % 3 == 0 { 1 } else { -1 }).collect();
        let mut row = |&sign: &i8| {
            let node = |index| SvmNode {
                index,
                value: f64::from(sign) * 0.7 + random.normal(),
            };
            [1, 2].map(node).to_vec()
        };
        (signs.iter().map(&mut row).collect(), signs)
    }

    fn parameter() -> SvmParameter {
        SvmParameter {
            kernel_type: KernelType::Rbf,
            gamma: 0.4,
            eps: 1e-7,
            cache_size: 10.0,
            ..SvmParameter::default()
        }
    }

    fn decisions(model: &SvmModel, rows: &[Vec<SvmNode>]) -> Vec<f64> {
        let decide = |row: &Vec<SvmNode>| {
            let mut value = [0.0];
            predict_values(model, row, &mut value);
            value[0]
        };
        rows.iter().map(decide).collect()
    }

    fn check(ours: &[f64], theirs: &[f64]) {
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!((ours - theirs).abs() < 1e-4, "{ours} and {theirs}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn one_bound_for_all_is_the_machine_of_libsvm(seed in 0_u64..1000, c in 0.1_f64..20.0) {
            let (rows, signs) = cloud(60, seed);
            let labels = signs.iter().map(|&sign| f64::from(sign)).collect();
            let parameter = SvmParameter { c, ..parameter() };
            let problem = SvmProblem { labels, instances: rows.clone() };
            libsvm_rs::set_quiet(true);
            // The first row is positive, and so is LIBSVM's value for its label.
            let theirs = decisions(&svm_train(&problem, &parameter), &rows);
            check(&decisions(&train(&rows, &signs, &[c; 60], &parameter), &rows), &theirs);
        }

        #[test]
        fn twice_the_bound_is_a_second_copy(seed in 0_u64..1000) {
            let (rows, signs) = cloud(40, seed);
            let twice: Vec<usize> = (0..40).chain((0..40).filter(|row| row % 4 == 1)).collect();
            let bounds: Vec<f64> = (0..40).map(|row| if row % 4 == 1 { 2.0 } else { 1.0 }).collect();
            let copies: Vec<Vec<SvmNode>> = twice.iter().map(|&row| rows[row].clone()).collect();
            let copied: Vec<i8> = twice.iter().map(|&row| signs[row]).collect();
            let of_copies = train(&copies, &copied, &vec![1.0; copies.len()], &parameter());
            check(
                &decisions(&train(&rows, &signs, &bounds, &parameter()), &rows),
                &decisions(&of_copies, &rows),
            );
        }
    }
}
