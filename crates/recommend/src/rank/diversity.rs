use crate::library::Row;

/// The order of a list in which what comes later repeats the aspects of what came before as little as wished.
///
/// `scores` are those of candidates, best first; `lambda` is in `[0, 1]`: 1 keeps their order. Returns places in `scores`.
///
/// # Source
///
/// Carbonell and Goldstein, "The Use of MMR" (SIGIR 1998), with the share of aspects in common (Jaccard) as likeness.
/// Cost: `O(most x candidates)`.
pub(crate) fn diverse(scores: &[f64], rows: &[Row], lambda: f64, most: usize) -> Vec<usize> {
    let best = scores.first().copied().unwrap_or(0.0).max(f64::MIN_POSITIVE);
    let mut left: Vec<usize> = (0..scores.len()).collect();
    let mut closest = vec![0.0_f64; scores.len()];
    let mut order = Vec::new();
    while order.len() < most && !left.is_empty() {
        let worth = |place: usize| lambda * scores[place] / best - (1.0 - lambda) * closest[place];
        let mut chosen = 0;
        for (at, &place) in left.iter().enumerate() {
            if worth(place) > worth(left[chosen]) {
                chosen = at;
            }
        }
        let place = left.remove(chosen);
        for &other in &left {
            closest[other] = closest[other].max(likeness(rows[place].aspects, rows[other].aspects));
        }
        order.push(place);
    }
    order
}

/// Aspects in common as a share of all aspects of two documents; none in common if neither has any.
pub(crate) fn likeness(a: u32, b: u32) -> f64 {
    let all = (a | b).count_ones();
    if all == 0 {
        0.0
    } else {
        f64::from((a & b).count_ones()) / f64::from(all)
    }
}
