/// Logarithms of softmax: what every number of a line is below the logarithm of the sum of exponentials of its line.
///
/// # Panics
///
/// If slices differ in length, or lines do not divide them.
pub fn log_softmax(classes: usize, logits: &[f32], written: &mut [f32]) {
    assert_eq!(logits.len(), written.len(), "numbers that are written");
    assert!(logits.len().is_multiple_of(classes), "lines of {classes}");
    for (line, written) in logits
        .chunks_exact(classes)
        .zip(written.chunks_exact_mut(classes))
    {
        // What is no number stays so: the sum below has it.
        let most = line.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = line.iter().map(|value| (value - most).exp()).sum();
        let log = sum.ln();
        for (to, value) in written.iter_mut().zip(line) {
            *to = value - most - log;
        }
    }
}

/// The gradient of [`log_softmax`] by its logits, from what it wrote and the gradient of that.
///
/// # Panics
///
/// If slices differ in length, or lines do not divide them.
pub fn log_softmax_gradient(classes: usize, logs: &[f32], gradient: &[f32], written: &mut [f32]) {
    assert_eq!(
        [logs.len(), gradient.len()],
        [written.len(); 2],
        "numbers that are read"
    );
    assert!(logs.len().is_multiple_of(classes), "lines of {classes}");
    let lines = logs.chunks_exact(classes).zip(gradient.chunks_exact(classes));
    for ((logs, gradient), written) in lines.zip(written.chunks_exact_mut(classes)) {
        let sum: f32 = gradient.iter().sum();
        for ((to, log), by) in written.iter_mut().zip(logs).zip(gradient) {
            *to = by - log.exp() * sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{close, numbers};

    #[test]
    fn gradients_of_log_softmax_are_those_of_finite_differences() {
        let (classes, logits, gradient) = (5, numbers(15, 1), numbers(15, 2));
        let logits: Vec<f64> = logits.iter().map(|&logit| 4.0 * f64::from(logit)).collect();
        let log = |logits: &[f64]| -> Vec<f64> {
            let lines = logits.chunks_exact(classes);
            lines
                .flat_map(|line| {
                    let sum: f64 = line.iter().map(|logit| logit.exp()).sum();
                    line.iter().map(move |logit| logit - sum.ln())
                })
                .collect()
        };
        let cost = |logits: &[f64]| -> f64 {
            log(logits)
                .iter()
                .zip(&gradient)
                .map(|(log, &by)| log * f64::from(by))
                .sum()
        };
        let narrow: Vec<f32> = logits.iter().map(|&logit| logit as f32).collect();
        let (mut logs, mut by) = ([f32::NAN; 15], [f32::NAN; 15]);
        log_softmax(classes, &narrow, &mut logs);
        close(&log(&logits), &logs, "logarithms");
        log_softmax_gradient(classes, &logs, &gradient, &mut by);
        let wanted: Vec<f64> = (0..15)
            .map(|place| {
                let moved = |step: f64| {
                    let mut logits = logits.clone();
                    logits[place] += step;
                    cost(&logits)
                };
                (moved(1e-5) - moved(-1e-5)) / 2e-5
            })
            .collect();
        close(&wanted, &by, "gradient");
    }

    #[test]
    fn large_logits_overflow_nothing_and_what_is_no_number_stays_so() {
        let mut logs = [0.0; 4];
        log_softmax(2, &[1e30, 0.0, f32::NAN, 1.0], &mut logs);
        assert_eq!(logs[..2], [0.0, -1e30]);
        assert!(logs[2].is_nan() && logs[3].is_nan());
    }
}
