use counterpoise_base::{Labels, Seed};
use counterpoise_data::stratified_k_fold;
use rayon::prelude::*;

/// How much other training rows would change scores.
///
/// Drawing test rows anew, with the trained models as they are, says nothing about it. It matters wherever a measure is
/// not at its best where training puts it: balanced accuracy at the threshold 0.5, or the Brier score of a model that
/// was trained on other class shares.
///
/// The model of a fold lacks the rows of the fold, like the models of a delete-a-group jackknife. Here it is compared
/// on these rows with the models of other repeats, which lack a few of them, so that the test rows are the same on both
/// sides. The variance of the difference over folds, less what chance makes of it, times `folds - 1`, is the variance that
/// training rows bring into a score. Chance is seen on parts that no model lacks; what is not beyond it is taken for 0,
/// and the rest is a cautious guess. A method with much luck of its own in each fold, as random under-sampling, is taken
/// for more than it is. What goes with the number of rows of each class
/// is not in it: folds are stratified.
///
/// # Source
///
/// The jackknife is that of Quenouille and Tukey; that the variance of a score cannot be had from one cross-validation
/// without bias is due to Bengio and Grandvalet, JMLR 5 (2004). Nadeau and Bengio, Machine Learning 52 (2003), widen
/// by a factor for all measures; here each measure and each difference has its own.
#[derive(Default)]
pub(crate) struct Training {
    folds: usize,
    repeats: usize,
    /// By combination, repeat and fold: the model that lacks the rows, less the mean of the other repeats.
    own: Vec<Vec<Vec<f64>>>,
    /// By combination, part of chance and repeat: scores.
    chance: Vec<Vec<Vec<Vec<f64>>>>,
}

/// Numbers of a combination in a repeat, for counts of rows.
type ScoreOf<'a> = dyn Fn(usize, usize, &[u16]) -> Vec<f64> + Sync + 'a;

/// How often parts of chance are dealt, at most.
const DEALS: usize = 3;

/// Standard errors of the ratio of both variances by which the first must be larger: one time in twenty by chance.
/// Without it, what few repeats seem to show would often widen intervals of differences that are right as they are.
const BEYOND: f64 = 1.645;

impl Training {
    /// Cost: for each combination `repeats² + 3 repeats` scores of all rows; a draw for intervals takes `repeats`.
    pub(crate) fn new(
        combinations: usize,
        parts: &[Vec<Vec<usize>>],
        labels: &Labels,
        seed: &Seed,
        score: &ScoreOf<'_>,
    ) -> Self {
        let (repeats, folds) = (parts.len(), parts.first().map_or(0, Vec::len));
        if repeats < 2 {
            return Self::default();
        }
        let deals = (0..repeats.min(DEALS) as u64)
            .filter_map(|deal| stratified_k_fold(labels, folds, &seed.child("chance").child(deal)).ok());
        let deals: Vec<Vec<usize>> = deals.flatten().collect();
        let of_part = |combination: usize, rows: &[usize]| -> Vec<Vec<f64>> {
            let mut counts = vec![0; labels.len()];
            rows.iter().for_each(|&row| counts[row] = 1);
            (0..repeats)
                .map(|repeat| score(combination, repeat, &counts))
                .collect()
        };
        let contrast = |scores: &[Vec<f64>], repeat: usize| -> Vec<f64> {
            let of_column = |column: usize| {
                let own = scores[repeat][column];
                let sum: f64 = scores.iter().map(|score| score[column]).sum();
                own - (sum - own) / (repeats - 1) as f64
            };
            (0..scores[repeat].len()).map(of_column).collect()
        };
        let own = |combination: usize| -> Vec<Vec<f64>> {
            let of_repeat = |(repeat, parts): (usize, &Vec<Vec<usize>>)| {
                let contrasts = parts
                    .iter()
                    .map(|part| contrast(&of_part(combination, part), repeat));
                contrasts.collect::<Vec<_>>()
            };
            parts.iter().enumerate().flat_map(of_repeat).collect()
        };
        let chance = |combination: usize| -> Vec<Vec<Vec<f64>>> {
            deals.iter().map(|part| of_part(combination, part)).collect()
        };
        let (own, chance) = (0..combinations)
            .into_par_iter()
            .map(|combination| (own(combination), chance(combination)))
            .unzip();
        Self {
            folds,
            repeats,
            own,
            chance,
        }
    }

    /// The variance that training rows bring into a score, or into what a combination adds to another; 0 where it is
    /// less than chance would bring, and where rows were dealt only once.
    pub(crate) fn variance(&self, combination: usize, base: Option<usize>, column: usize) -> f64 {
        if self.repeats < 2 || self.folds < 2 {
            return 0.0;
        }
        let less_base = |of: &dyn Fn(usize) -> f64| of(combination) - base.map_or(0.0, of);
        let own: Vec<f64> = (0..self.own[combination].len())
            .map(|set| less_base(&|of| self.own[of][set][column]))
            .collect();
        let signal = mean_square(own.chunks_exact(self.folds).map(<[f64]>::to_vec));
        // What is common to all parts of a repeat is left out on both sides.
        let chance = (0..self.chance[combination].len())
            .step_by(self.folds)
            .flat_map(|first| {
                let value =
                    |part: usize, repeat: usize| less_base(&|of| self.chance[of][part][repeat][column]);
                let parts = first..first + self.folds;
                let middle = |repeat: usize| {
                    parts.clone().map(|part| value(part, repeat)).sum::<f64>() / self.folds as f64
                };
                let middles: Vec<f64> = (0..self.repeats).map(middle).collect();
                let of_part = |part: usize| {
                    (0..self.repeats)
                        .map(|repeat| value(part, repeat) - middles[repeat])
                        .collect()
                };
                parts.clone().map(of_part).collect::<Vec<Vec<f64>>>()
            });
        let (folds, repeats) = (self.folds as f64, self.repeats as f64);
        let of_one = mean_square(chance) * folds / (folds - 1.0);
        let noise = of_one * repeats / (repeats - 1.0);
        let deals = self.chance[combination].len() as f64 / folds;
        let (free, of_noise) = (repeats * (folds - 1.0), (repeats - 1.0) * (folds - 1.0) * deals);
        let surely = 1.0 + BEYOND * (2.0 / free + 2.0 / of_noise).sqrt();
        Some((folds - 1.0) * (signal - surely * noise))
            .filter(|variance| variance.is_finite())
            .map_or(0.0, |variance| variance.max(0.0))
    }
}

/// Mean square around the mean of each group, numbers that are not defined left out.
fn mean_square(groups: impl Iterator<Item = Vec<f64>>) -> f64 {
    let (mut squares, mut free) = (0.0, 0.0);
    for mut group in groups {
        group.retain(|value| value.is_finite());
        let count = group.len() as f64;
        let mean = group.iter().sum::<f64>() / count;
        squares += group.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        free += (count - 1.0).max(0.0);
    }
    squares / free
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: usize = 200;
    const FOLDS: usize = 5;

    /// Mean estimate over tables, times rows, where each training row moves the score by normal amounts of standard
    /// deviation `influence`, and each test row by normal amounts: of 1, and of 0.3 more in each repeat.
    fn estimate(repeats: usize, influence: f64) -> f64 {
        let labels = Labels::from_codes(vec!["all".into()], vec![0; ROWS]);
        let (tables, mut sum) = (300, 0.0);
        for table in 0..tables {
            let seed = Seed::new(7).child(table as u64);
            let mut random = seed.rng();
            let moves: Vec<f64> = (0..ROWS).map(|_| influence * random.normal()).collect();
            let common: Vec<f64> = (0..ROWS).map(|_| random.normal()).collect();
            let parts: Vec<Vec<Vec<usize>>> = (0..repeats)
                .map(|repeat| {
                    stratified_k_fold(&labels, FOLDS, &seed.child(repeat as u64)).expect("enough rows")
                })
                .collect();
            let trained = (ROWS - ROWS / FOLDS) as f64;
            let losses: Vec<Vec<f64>> = parts
                .iter()
                .map(|parts| {
                    let mut losses = vec![0.0; ROWS];
                    for part in parts {
                        let lacks: f64 = part.iter().map(|&row| moves[row]).sum();
                        part.iter().for_each(|&row| {
                            losses[row] = common[row] + 0.3 * random.normal() - lacks / trained;
                        });
                    }
                    losses
                })
                .collect();
            let score = |_: usize, repeat: usize, counts: &[u16]| {
                let total: f64 = counts.iter().map(|&count| f64::from(count)).sum();
                let sum = counts.iter().zip(&losses[repeat]);
                vec![sum.map(|(&count, loss)| f64::from(count) * loss).sum::<f64>() / total]
            };
            sum += Training::new(1, &parts, &labels, &seed, &score).variance(0, None, 0);
        }
        sum / f64::from(tables) * ROWS as f64
    }

    #[test]
    fn the_variance_that_training_rows_bring_is_found() {
        for (repeats, influence) in [(2, 6.0), (3, 4.0), (10, 2.0)] {
            let found = estimate(repeats, influence) / influence.powi(2);
            assert!((0.8..1.1).contains(&found), "{repeats} repeats: {found}");
        }
    }

    #[test]
    fn without_influence_little_is_found() {
        // The variance of a score by its test rows would be 1.
        let found = estimate(10, 0.0);
        assert!(found < 0.1, "{found}");
    }

    #[test]
    fn one_repeat_tells_nothing() {
        assert_eq!(estimate(1, 3.0), 0.0);
    }
}
