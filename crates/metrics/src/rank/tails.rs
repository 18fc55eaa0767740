//! Tails of the distributions that tests compare with, to about 12 digits however small they are.
//!
//! # Source
//!
//! Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964): the incomplete gamma function by 6.5.29 and
//! 6.5.31, the incomplete beta function by 26.5.8. Continued fractions by the algorithm of Lentz, Applied Optics 15
//! (1976).

use crate::binomial::log_factorial;

/// Stands for 0 where Lentz's algorithm would divide by it.
const TINY: f64 = 1e-300;

/// Probability that a standard normal number is above `x`.
pub(crate) fn normal(x: f64) -> f64 {
    let half = 0.5 * gamma(0.5, 0.5 * x * x);
    if x < 0.0 { 1.0 - half } else { half }
}

/// Probability that a standard normal number is farther from 0 than `x`.
pub(crate) fn normal_both(x: f64) -> f64 {
    gamma(0.5, 0.5 * x * x)
}

/// Probability that chi-square with these degrees of freedom is above `x`.
pub(crate) fn chi_square(x: f64, freedom: f64) -> f64 {
    gamma(0.5 * freedom, 0.5 * x)
}

/// Probability that F with these degrees of freedom is above `x`.
pub(crate) fn f(x: f64, above: f64, below: f64) -> f64 {
    let whole = above.mul_add(x, below);
    beta(below / whole, above * x / whole, 0.5 * below, 0.5 * above)
}

/// Probability that Student's t with these degrees of freedom is above `x`.
pub(crate) fn student(x: f64, freedom: f64) -> f64 {
    let half = 0.5 * f(x * x, 1.0, freedom);
    if x < 0.0 { 1.0 - half } else { half }
}

/// Upper incomplete gamma function over the complete one.
fn gamma(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    let front = (a * x.ln() - x - log_factorial(a - 1.0)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut k) = (1.0 / a, 1.0 / a, a);
        while term > sum * f64::EPSILON * 0.1 {
            k += 1.0;
            term *= x / k;
            sum += term;
        }
        return (1.0 - front * sum).max(0.0);
    }
    let mut k = 0.0;
    let fraction = lentz(x + 1.0 - a, || {
        k += 1.0;
        (k * (a - k), x + 2.0_f64.mul_add(k, 1.0 - a))
    });
    front / fraction
}

/// Incomplete beta function at `x` over the complete one; `y` is `1 - x`, which only the caller knows without rounding.
fn beta(x: f64, y: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || y <= 0.0 {
        return f64::from(u8::from(y <= 0.0));
    }
    // Beyond this place the fraction of the other end converges sooner.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_near_zero(y, x, b, a);
    }
    beta_near_zero(x, y, a, b)
}

fn beta_near_zero(x: f64, y: f64, a: f64, b: f64) -> f64 {
    let scale = log_factorial(a + b - 1.0) - log_factorial(a - 1.0) - log_factorial(b - 1.0);
    let front = (scale + a * x.ln() + b * y.ln()).exp() / a;
    let mut step = 0_u32;
    let fraction = lentz(1.0, || {
        step += 1;
        let m = f64::from(step / 2);
        let numerator = if step.is_multiple_of(2) {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        (numerator, 1.0)
    });
    front / fraction
}

/// `first + n1 / (d1 + n2 / (d2 + …))`, of the pairs that `next` gives.
fn lentz(first: f64, mut next: impl FnMut() -> (f64, f64)) -> f64 {
    let nonzero = |x: f64| if x.abs() < TINY { TINY } else { x };
    let mut value = nonzero(first);
    let (mut c, mut d) = (value, 0.0);
    // Far more than any number of rows needs; a fraction that does not settle must not hang.
    for _ in 0..100_000 {
        let (numerator, denominator) = next();
        d = 1.0 / nonzero(numerator.mul_add(d, denominator));
        c = nonzero(denominator + numerator / c);
        let change = c * d;
        value *= change;
        if (change - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(ours: f64, expected: f64) {
        assert!(
            (ours / expected - 1.0).abs() < 1e-12,
            "{ours:e}, not {expected:e}"
        );
    }

    #[test]
    fn tails_that_have_a_formula_are_met() {
        check(normal(0.0), 0.5);
        check(normal_both(1.959_963_984_540_054), 0.05);
        // With two degrees of freedom chi-square is exponential.
        check(chi_square(3.0, 2.0), f64::exp(-1.5));
        check(chi_square(900.0, 2.0), f64::exp(-450.0));
        check(chi_square(9.0, 4.0), f64::exp(-4.5) * 5.5);
        // With two degrees of freedom above, F has a power for a tail.
        check(f(3.0, 2.0, 10.0), 1.6_f64.powf(-5.0));
        check(f(0.01, 2.0, 10.0), 1.002_f64.powf(-5.0));
        // With one degree of freedom, Student's t is Cauchy's distribution.
        check(student(1.0, 1.0), 0.25);
        check(student(-1.0, 1.0), 0.75);
    }

    #[test]
    fn certain_events_are_certain() {
        assert_eq!((chi_square(0.0, 3.0), chi_square(f64::INFINITY, 3.0)), (1.0, 0.0));
        assert_eq!((f(0.0, 3.0, 4.0), student(0.0, 7.0)), (1.0, 0.5));
    }

    proptest! {
        #[test]
        fn distributions_agree_where_they_meet(x in 0.0_f64..30.0, freedom in 1_u32..400) {
            let freedom = f64::from(freedom);
            check(normal_both(x), chi_square(x * x, 1.0));
            check(2.0 * student(x, freedom), f(x * x, 1.0, freedom));
            prop_assert!((f(x, freedom, 7.0) + f(1.0 / x, 7.0, freedom) - 1.0).abs() < 1e-12);
        }

        #[test]
        fn more_is_less_likely(x in 0.01_f64..50.0, above in 1_u32..40, below in 1_u32..400) {
            let (above, below) = (f64::from(above), f64::from(below));
            prop_assert!(chi_square(x, above) >= chi_square(1.01 * x, above));
            prop_assert!(f(x, above, below) >= f(1.01 * x, above, below));
        }
    }
}
