//! Few rows out of many, varied or alike.

use counterpoise_base::{Embeddings, Seed};
use serde::Serialize;

/// How rows of a class are chosen, and what is done to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// k-centre: again and again the row that is farthest from those that are there.
    MostDiverse,
    /// A fair draw.
    Random,
    /// The nearest to the row in the middle.
    LeastDiverse,
    /// A fair draw, each row several times: more rows of the same diversity.
    Repeated,
    /// A fair draw, and points between its rows: more rows within the same range.
    Between,
    /// A fair draw of several times as many rows: more rows and more diversity.
    More,
}

/// How many times as many rows there are where there are more.
pub(super) const TIMES: usize = 4;
/// Rows among which the one in the middle is looked for.
const MIDDLE_OF: usize = 1000;

impl Choice {
    /// All of them: first those of one count, then those of more rows.
    pub(super) const ALL: [Self; 6] = [
        Self::MostDiverse,
        Self::Random,
        Self::LeastDiverse,
        Self::Repeated,
        Self::Between,
        Self::More,
    ];

    /// What it is, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::MostDiverse => "k-centre",
            Self::Random => "random",
            Self::LeastDiverse => "nearest to the medoid",
            Self::Repeated => "random, each 4 times",
            Self::Between => "random, and points between",
            Self::More => "random, 4 times as many",
        }
    }

    /// Rows of a pool, `count` or several times as many; values, row after row.
    pub(super) fn rows(self, pool: &Embeddings, count: usize, seed: &Seed) -> Vec<f32> {
        let drawn = |count: usize| -> Vec<usize> {
            let mut rows = seed.child("draw").shuffled(0..pool.len());
            rows.truncate(count);
            rows
        };
        let rows = match self {
            Self::MostDiverse => spread_out(pool, count, seed),
            Self::LeastDiverse => near_the_middle(pool, count, seed),
            Self::Random | Self::Between => drawn(count),
            Self::Repeated => drawn(count).repeat(TIMES),
            Self::More => drawn(TIMES * count),
        };
        let mut values: Vec<f32> = rows.iter().flat_map(|&row| pool.row(row)).copied().collect();
        if self == Self::Between && rows.len() > 1 {
            let mut random = seed.child("between").rng();
            for _ in 0..(TIMES - 1) * rows.len() {
                let first = random.below(rows.len());
                let second = (first + 1 + random.below(rows.len() - 1)) % rows.len();
                let step = random.fraction() as f32;
                let pair = pool.row(rows[first]).iter().zip(pool.row(rows[second]));
                values.extend(pair.map(|(a, b)| a + step * (b - a)));
            }
        }
        values
    }
}

fn squared(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
}

/// Greedy k-centre, from a row of chance; of equal rows the first.
fn spread_out(pool: &Embeddings, count: usize, seed: &Seed) -> Vec<usize> {
    if pool.is_empty() || count == 0 {
        return Vec::new();
    }
    let mut chosen = vec![seed.child("first").rng().below(pool.len())];
    let mut nearest = vec![f64::INFINITY; pool.len()];
    while chosen.len() < count.min(pool.len()) {
        let last = pool.row(chosen[chosen.len() - 1]);
        let mut farthest = (0, -1.0);
        for (row, nearest) in nearest.iter_mut().enumerate() {
            *nearest = nearest.min(squared(pool.row(row), last));
            if *nearest > farthest.1 && !chosen.contains(&row) {
                farthest = (row, *nearest);
            }
        }
        chosen.push(farthest.0);
    }
    chosen
}

/// The rows that are nearest to the one with the smallest sum of distances.
fn near_the_middle(pool: &Embeddings, count: usize, seed: &Seed) -> Vec<usize> {
    let mut some = seed.child("middle").shuffled(0..pool.len());
    some.truncate(MIDDLE_OF);
    some.sort_unstable();
    let sum = |&row: &usize| -> f64 {
        some.iter()
            .map(|&other| squared(pool.row(row), pool.row(other)).sqrt())
            .sum()
    };
    let sums: Vec<(f64, usize)> = some.iter().map(|row| (sum(row), *row)).collect();
    let middle = sums
        .into_iter()
        .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let Some((_, middle)) = middle else {
        return Vec::new();
    };
    let mut rows: Vec<(f64, usize)> = (0..pool.len())
        .map(|row| (squared(pool.row(row), pool.row(middle)), row))
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    rows.truncate(count);
    rows.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Labels;

    use super::*;

    /// Points 0 to 20 of a line.
    fn line() -> Embeddings {
        let labels = Labels::from_codes(vec!["a".into()], vec![0; 21]);
        Embeddings::new((0..21).map(|value| value as f32).collect(), 1, labels)
    }

    #[test]
    fn choices_are_as_varied_as_they_are_called() {
        let pool = line();
        let range = |choice: Choice| {
            let rows = choice.rows(&pool, 5, &Seed::new(3));
            let low = rows.iter().copied().fold(f32::INFINITY, f32::min);
            let high = rows.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            (rows.len(), high - low)
        };
        assert_eq!(range(Choice::MostDiverse), (5, 20.0));
        assert_eq!(range(Choice::LeastDiverse), (5, 4.0));
        let (count, drawn) = range(Choice::Random);
        assert_eq!(count, 5);
        assert_eq!(range(Choice::Repeated), (20, drawn));
        let (count, between) = range(Choice::Between);
        assert_eq!((count, between <= drawn), (20, true));
        assert_eq!(range(Choice::More).0, 20);
    }

    #[test]
    fn the_middle_of_a_line_is_its_middle_point() {
        assert_eq!(near_the_middle(&line(), 3, &Seed::new(1)), [10, 9, 11]);
        assert_eq!(spread_out(&line(), 0, &Seed::new(1)), Vec::<usize>::new());
    }
}
