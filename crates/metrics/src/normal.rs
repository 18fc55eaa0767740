//! The normal distribution, for BCa intervals.

/// Probability of a standard normal number below `x`, to about 10⁻¹⁵.
///
/// Marsaglia, "Evaluating the Normal Distribution", Journal of Statistical Software 11 (2004): the Taylor series of
/// the ratio to the density.
pub(crate) fn below(x: f64) -> f64 {
    if x.abs() > 8.5 {
        return f64::from(u8::from(x > 0.0));
    }
    let (mut term, mut sum, mut k) = (x, x, 1.0);
    loop {
        k += 2.0;
        term *= x * x / k;
        let next = sum + term;
        if next == sum {
            break;
        }
        sum = next;
    }
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    (0.5 + sum * density).clamp(0.0, 1.0)
}

/// The number below which a standard normal one is with this probability, between -8.5 and 8.5, by bisection.
pub(crate) fn quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (-8.5, 8.5);
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high || high - low < 1e-15 {
            return middle;
        }
        if below(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(x: f64, probability: f64) {
        assert!((below(x) - probability).abs() < 1e-14, "below {x}: {}", below(x));
        assert!(
            (quantile(probability) - x).abs() < 1e-12,
            "at {probability}: {}",
            quantile(probability)
        );
    }

    #[test]
    fn tabled_values_are_met() {
        check(0.0, 0.5);
        check(1.0, 0.841_344_746_068_542_9);
        check(-1.959_963_984_540_054, 0.025);
        check(2.575_829_303_548_901, 0.995);
        check(-3.090_232_306_167_813_5, 0.001);
    }

    #[test]
    fn certain_events_stay_finite() {
        assert!(quantile(0.0).is_finite() && quantile(1.0).is_finite());
        assert_eq!((below(-40.0), below(40.0)), (0.0, 1.0));
    }
}
