use counterpoise_metrics::Measure;
use serde::Serialize;

use super::Candidate;
use super::draws::Draws;
use super::outcome::Outcome;

/// What to do, in plain words.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// The kind of advice.
    pub kind: VerdictKind,
    /// The method to use.
    pub method: String,
    /// What to do, in a sentence.
    pub text: String,
    /// Why, with numbers.
    pub evidence: String,
}

/// A kind of advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// No method is better than none.
    DoNothing,
    /// Weights, a threshold or a calibration are as good as resampling.
    DoNotResample,
    /// A resampler is better than everything that makes no rows.
    Resample,
    /// The model has no result even without a method, or there was no method to compare.
    NothingCompared,
}

/// What a verdict looks at: the combinations of one model.
pub(super) struct View<'a> {
    pub(super) draws: &'a Draws<'a>,
    pub(super) own: &'a [usize],
    pub(super) none: usize,
    pub(super) candidate: &'a dyn Fn(usize) -> &'a Candidate,
    pub(super) name: &'a dyn Fn(usize) -> &'a str,
}

impl View<'_> {
    /// How much better `index` is than `base` in a measure, with an interval that holds for all of `others` at once.
    fn gain(
        &self,
        index: usize,
        base: usize,
        others: &[usize],
        measure: usize,
        higher: bool,
    ) -> Option<Gain> {
        let wide = self.draws.max_t(others, base, measure)?;
        let (value, half) = self.draws.simultaneous(index, base, measure, wide)?;
        let sign = if higher { 1.0 } else { -1.0 };
        Some(Gain {
            value: sign * value,
            low: sign * value - half,
            high: sign * value + half,
        })
    }
}

#[derive(Clone, Copy)]
struct Gain {
    value: f64,
    low: f64,
    high: f64,
}

impl std::fmt::Display for Gain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:+.3} ({:+.3} to {:+.3})", self.value, self.low, self.high)
    }
}

pub(super) fn verdict(view: &View<'_>, measures: &[Measure], outcomes: &[Outcome]) -> Verdict {
    let (first, higher) = (measures[0].name(), measures[0].higher_is_better());
    let others: Vec<usize> = view
        .own
        .iter()
        .copied()
        .filter(|&index| index != view.none)
        .collect();
    let gains: Vec<(usize, Gain)> = others
        .iter()
        .filter_map(|&index| Some((index, view.gain(index, view.none, &others, 0, higher)?)))
        .collect();
    let best_of = |wanted: &dyn Fn(usize) -> bool| {
        gains
            .iter()
            .filter(|(index, gain)| wanted(*index) && gain.low > 0.0)
            .max_by(|a, b| a.1.value.total_cmp(&b.1.value))
            .copied()
    };
    let resamples = |index: usize| (view.candidate)(index).resamples();
    let (resampler, cheap) = (best_of(&resamples), best_of(&|index| !resamples(index)));
    let cheap_ran = others.iter().any(|&index| !resamples(index));
    let name = |index: usize| (view.name)(index);
    // What makes no rows and looks best: a resampler must beat it, whether or not it is itself better than nothing
    // beyond chance. That one of two is, and the other is not, does not make one better than the other.
    let looks_better = |(index, gain): &&(usize, Gain)| !resamples(*index) && gain.value > 0.0;
    let likely = gains
        .iter()
        .filter(looks_better)
        .max_by(|a, b| a.1.value.total_cmp(&b.1.value))
        .copied();
    let rival = cheap.or(likely.filter(|_| resampler.is_some()));
    let resampler_ran = others.iter().any(|&index| resamples(index));
    let (kind, chosen, text, mut evidence) = match (resampler, rival) {
        _ if others.is_empty() => {
            return Verdict {
                kind: VerdictKind::NothingCompared,
                method: "none".into(),
                text: "No other method has a result to compare.".into(),
                evidence: String::new(),
            };
        }
        (None, None) => {
            let evidence = match gains.iter().max_by(|a, b| a.1.value.total_cmp(&b.1.value)) {
                Some((index, gain)) => format!(
                    "`{}` comes closest, with a change of {gain} in {first}; {}.",
                    name(*index),
                    match others.len() {
                        1 => "no other was tried".to_owned(),
                        count => format!("intervals hold for all {count} methods at once"),
                    }
                ),
                None => format!("No method has a {first} to compare."),
            };
            let text = "Do nothing: no method is better than none beyond chance.".to_owned();
            (VerdictKind::DoNothing, view.none, text, evidence)
        }
        (None, Some((index, gain))) => {
            let (text, of_resamplers) = if resampler_ran {
                let text = format!("Do not resample: use `{}`.", name(index));
                (text, "no resampler gains anything beyond chance")
            } else {
                (format!("Use `{}`.", name(index)), "no resampler was tried")
            };
            let evidence = format!("It gains {gain} in {first}; {of_resamplers}.");
            (VerdictKind::DoNotResample, index, text, evidence)
        }
        (Some((index, gain)), None) => {
            let tried = if cheap_ran {
                "what makes no rows and was tried does not"
            } else {
                "nothing cheaper was tried: add `weights` and `threshold` to see whether they do as well"
            };
            let text = format!("Resample with `{}`.", name(index));
            let evidence = format!("It gains {gain} in {first}, and {tried}.");
            (VerdictKind::Resample, index, text, evidence)
        }
        (Some((index, gain)), Some((rival, rival_gain))) => {
            let all: Vec<usize> = others.iter().copied().filter(|&other| resamples(other)).collect();
            let (own, other) = (name(index), name(rival));
            let more = view.gain(index, rival, &all, 0, higher);
            if let Some(more) = more.filter(|more| more.low > 0.0) {
                let text = format!("Resample with `{own}`.");
                let evidence = format!(
                    "It gains {gain} in {first} over `none`, and {more} over `{other}`, the best that makes no rows."
                );
                (VerdictKind::Resample, index, text, evidence)
            } else {
                let more = more.map_or(String::new(), |more| format!(": `{own}` gains {more} over it"));
                let text = format!("Do not resample: `{other}` does as well.");
                let evidence = if cheap.is_some() {
                    format!(
                        "It gains {rival_gain} in {first}; no resampler is better than that beyond chance{more}."
                    )
                } else {
                    format!(
                        "It gains {rival_gain} in {first}. Only `{own}` is better than `none` beyond chance ({gain}), and yet no resampler is better than `{other}` beyond chance{more}."
                    )
                };
                (VerdictKind::DoNotResample, rival, text, evidence)
            }
        }
    };
    ranking_remark(view, measures, &others, &mut evidence);
    calibration_remark(view, outcomes, chosen, &mut evidence);
    Verdict {
        kind,
        method: name(chosen).into(),
        text,
        evidence,
    }
}

/// Whether any method orders rows better, which no threshold can.
fn ranking_remark(view: &View<'_>, measures: &[Measure], others: &[usize], text: &mut String) {
    let precision = |measure: &Measure| matches!(measure, Measure::AveragePrecision(_));
    let ranking = measures
        .iter()
        .position(precision)
        .or_else(|| measures.iter().position(Measure::is_ranking));
    let Some(measure) = ranking else { return };
    let gains = others
        .iter()
        .filter_map(|&index| Some((index, view.gain(index, view.none, others, measure, true)?)));
    let best = gains
        .filter(|(index, gain)| gain.low > 0.0 && (view.candidate)(*index).shifts_prior())
        .max_by(|a, b| a.1.value.total_cmp(&b.1.value));
    let name = measures[measure].name();
    let remark = match best {
        Some((index, gain)) => format!(
            " `{}` also ranks rows better ({name} {gain}).",
            (view.name)(index)
        ),
        None => {
            format!(
                " No method that changes training is shown to rank rows better ({name}); as far as can be seen, they move the line between the classes."
            )
        }
    };
    text.push_str(&remark);
}

/// Whether the chosen method costs calibration, and what the correction of the prior gives back.
fn calibration_remark(view: &View<'_>, outcomes: &[Outcome], chosen: usize, text: &mut String) {
    let of = |index: usize| {
        let place = view.own.iter().position(|&other| other == index)?;
        let outcome = outcomes.get(place)?;
        let brier = outcome.scores.iter().find(|score| score.measure == "brier")?;
        let corrected = outcome
            .corrected
            .iter()
            .find(|score| score.measure == "brier")
            .and_then(|score| score.value);
        Some((brier.value?, brier.difference_interval, corrected))
    };
    let (Some((before, ..)), Some((after, Some((low, _)), corrected))) = (of(view.none), of(chosen)) else {
        return;
    };
    if low > 0.0 {
        let mended = corrected.map_or(String::new(), |corrected| {
            format!("; corrected for the class shares, it is {corrected:.3}")
        });
        let remark =
            format!(" Mind its probabilities: the Brier score goes from {before:.3} to {after:.3}{mended}.");
        text.push_str(&remark);
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Seed;

    use super::*;
    use crate::compare::training::Training;

    /// The verdict on differences to `none` with these standard errors, for methods of these names.
    fn verdict_of(measure: &str, methods: &[(&str, f64, f64)]) -> Verdict {
        let mut random = Seed::new(6).rng();
        let candidates: Vec<Candidate> = std::iter::once("none")
            .chain(methods.iter().map(|(name, ..)| *name))
            .map(|name| Candidate::from_name(name).expect("a known method"))
            .collect();
        let original: Vec<Vec<f64>> = std::iter::once(0.5)
            .chain(methods.iter().map(|(_, difference, _)| 0.5 + difference))
            .map(|value| vec![value])
            .collect();
        let drawn: Vec<Vec<Vec<f64>>> = (0..1000)
            .map(|_| {
                let mut draw = original.clone();
                for (score, (_, _, error)) in draw[1..].iter_mut().zip(methods) {
                    score[0] += error * random.normal();
                }
                draw
            })
            .collect();
        let draws = Draws {
            drawn: &drawn,
            original: &original,
            training: &Training::default(),
            level: 0.95,
        };
        let own: Vec<usize> = (0..candidates.len()).collect();
        let view = View {
            draws: &draws,
            own: &own,
            none: 0,
            candidate: &|index: usize| &candidates[index],
            name: &|index: usize| candidates[index].name(),
        };
        verdict(&view, &[measure.parse().expect("a measure")], &[])
    }

    #[test]
    fn a_resampler_must_beat_what_makes_no_rows_even_where_that_may_be_chance() {
        let near = verdict_of("accuracy", &[("weights", 0.09, 0.05), ("smote", 0.1, 0.02)]);
        assert_eq!(near.kind, VerdictKind::DoNotResample, "{}", near.text);
        assert!(
            near.evidence
                .contains("Only `smote` is better than `none` beyond chance"),
            "{}",
            near.evidence
        );
        let far = verdict_of("accuracy", &[("weights", 0.01, 0.01), ("smote", 0.2, 0.02)]);
        assert_eq!((far.kind, far.method.as_str()), (VerdictKind::Resample, "smote"));
        let worse = verdict_of("accuracy", &[("weights", -0.2, 0.01), ("smote", 0.2, 0.02)]);
        assert_eq!(worse.kind, VerdictKind::Resample);
    }

    #[test]
    fn what_is_worse_beyond_chance_is_not_said_to_be_within_it() {
        let verdict = verdict_of("brier", &[("smote", 0.1, 0.01)]);
        assert_eq!(verdict.kind, VerdictKind::DoNothing);
        assert!(
            verdict
                .evidence
                .contains("`smote` comes closest, with a change of -0.100"),
            "{}",
            verdict.evidence
        );
    }
}
