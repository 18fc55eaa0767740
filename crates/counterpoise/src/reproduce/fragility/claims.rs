//! Whether what the paper claims holds in the numbers that were found.

use counterpoise_base::{agree, counted};
use serde::Serialize;

use super::experiment::rarest;
use super::{FragileLoss, MeanAndDeviation};

/// A claim of the paper's abstract, and what the numbers say of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FragilityClaim {
    /// Its number in our reading of the abstract, which two of them share where it says two things.
    pub number: usize,
    /// The claim, in our words.
    pub claim: &'static str,
    /// Whether it holds.
    pub holds: Holds,
    /// The numbers, in sentences.
    pub because: Vec<String>,
}

/// Whether a claim holds in some numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// For all losses.
    Yes,
    /// For some losses.
    Partly,
    /// For none.
    No,
    /// The numbers cannot say.
    Unknown,
}

impl Holds {
    /// In a word or two.
    pub fn words(self) -> &'static str {
        match self {
            Self::Yes => "holds",
            Self::Partly => "holds in part",
            Self::No => "does not hold",
            Self::Unknown => "cannot be judged",
        }
    }

    fn of(verdicts: &[Option<bool>]) -> Self {
        let known: Vec<bool> = verdicts.iter().copied().flatten().collect();
        match known.iter().filter(|yes| **yes).count() {
            _ if known.is_empty() => Self::Unknown,
            0 => Self::No,
            all if all == known.len() => Self::Yes,
            _ => Self::Partly,
        }
    }
}

/// A rank correlation from here on is called one; among ten classes chance goes beyond it once in twenty times.
pub(super) const STRONG: f64 = 0.65;
/// Features that predictions require, as a share of all, up to which they are called few.
const FEW: f64 = 0.25;

fn correlation(loss: &FragileLoss, number: &str, with: &str, of: &str) -> Option<MeanAndDeviation> {
    let found = |one: &&super::StudyCorrelation| (one.number, one.with, one.of) == (number, with, of);
    loss.correlations.iter().find(found)?.value
}

pub(super) fn signed(value: MeanAndDeviation) -> String {
    match value.deviation {
        Some(deviation) => format!("{:+.2} ± {deviation:.2}", value.mean),
        None => format!("{:+.2}", value.mean),
    }
}

fn strong(value: Option<MeanAndDeviation>) -> Option<bool> {
    value.map(|value| value.mean.abs() >= STRONG)
}

/// All claims of the abstract.
pub(super) fn claims(losses: &[FragileLoss]) -> Vec<FragilityClaim> {
    vec![
        readable(losses),
        limited(losses),
        changes(losses),
        diversity(losses),
        methods(losses),
        mismatch(losses),
    ]
}

/// What is known of a loss: whether the claim holds, and the sentence.
type Said = (Option<bool>, String);

fn claim(number: usize, claim: &'static str, said: Vec<Said>) -> FragilityClaim {
    let (verdicts, because): (Vec<Option<bool>>, Vec<String>) = said.into_iter().unzip();
    FragilityClaim {
        number,
        claim,
        holds: Holds::of(&verdicts),
        because,
    }
}

fn readable(losses: &[FragileLoss]) -> FragilityClaim {
    let one = |loss: &FragileLoss| -> Said {
        let of = |number: &str| correlation(loss, number, "recall", "imbalanced");
        let candidates = [
            ("CE required", "required"),
            ("magnitude of the top K", "magnitude"),
            ("share of the two largest CE", "two_share"),
        ];
        let rows = of("rows");
        let known: Vec<(&str, MeanAndDeviation)> = candidates
            .into_iter()
            .filter_map(|(words, name)| Some((words, of(name)?)))
            .collect();
        let balanced: Vec<String> = candidates
            .into_iter()
            .filter_map(|(words, name)| {
                let value = correlation(loss, name, "recall", "balanced")?;
                Some(format!("{words} {}", signed(value)))
            })
            .collect();
        let Some((best, value)) = known
            .iter()
            .max_by(|a, b| a.1.mean.abs().total_cmp(&b.1.mean.abs()))
            .copied()
        else {
            return (
                None,
                format!("{}: fewer than three classes, no rank correlation.", loss.loss),
            );
        };
        let all: Vec<String> = known
            .iter()
            .map(|(name, value)| format!("{name} {}", signed(*value)))
            .collect();
        let against = rows.map_or(String::new(), |rows| {
            let more = if value.mean.abs() > rows.mean.abs() {
                "says more than"
            } else {
                "says no more than"
            };
            format!("; {best} {more} the mere number of pictures, {}", signed(rows))
        });
        (
            strong(Some(value)),
            format!(
                "{}: recall of the imbalanced network over classes goes with {}{against}. In the balanced network, where no class is rare: {}.",
                loss.loss,
                all.join(", "),
                balanced.join(", ")
            ),
        )
    };
    claim(
        1,
        "How well rare classes generalise can be read from the class's top-K CE (frequency, magnitude, identity).",
        losses.iter().map(one).collect(),
    )
}

fn limited(losses: &[FragileLoss]) -> FragilityClaim {
    let one = |loss: &FragileLoss| -> Said {
        let [balanced, imbalanced] = loss.required_share;
        let Some((balanced, imbalanced)) = balanced.zip(imbalanced) else {
            return (None, format!("{}: no prediction.", loss.loss));
        };
        (
            Some(balanced.mean.max(imbalanced.mean) <= FEW),
            format!(
                "{}: predictions require {:.1} % of all features in balanced networks and {:.1} % in imbalanced ones.",
                loss.loss,
                100.0 * balanced.mean,
                100.0 * imbalanced.mean
            ),
        )
    };
    claim(
        2,
        "A network decides by few CE of a class; we call a quarter of all features few.",
        losses.iter().map(one).collect(),
    )
}

fn changes(losses: &[FragileLoss]) -> FragilityClaim {
    let one = |loss: &FragileLoss| -> Said {
        let of = |number: &str| correlation(loss, number, "rarer", "ratio");
        let (count, magnitude, share) = (of("required"), of("magnitude"), of("two_share"));
        if count.is_none() && magnitude.is_none() {
            let rarest = loss.classes.iter().min_by_key(|class| class.rows[1]);
            let ratio = |value: Option<MeanAndDeviation>| {
                value.map_or("undefined".into(), |value| format!("{:.2}", value.mean))
            };
            let sentence = rarest.map_or(String::new(), |class| {
                format!(
                    "{}: two classes have no rank correlation; for `{}`, the rarer one, CE required change by the factor {}, their magnitude by {}.",
                    loss.loss,
                    class.class,
                    ratio(class.required_ratio),
                    ratio(class.magnitude_ratio)
                )
            });
            return (None, sentence);
        }
        let words = |value: Option<MeanAndDeviation>| value.map_or("undefined".to_owned(), signed);
        (
            strong(count)
                .into_iter()
                .chain(strong(magnitude))
                .reduce(|a, b| a || b),
            format!(
                "{}: how much rarer a class became goes with the factor of its CE required by {}, with that of their magnitude by {}, and with that of the share of the two largest CE by {}.",
                loss.loss,
                words(count),
                words(magnitude),
                words(share)
            ),
        )
    };
    claim(
        2,
        "Number and magnitude of the CE of the same class change when it becomes rare.",
        losses.iter().map(one).collect(),
    )
}

fn diversity(losses: &[FragileLoss]) -> FragilityClaim {
    let one = |loss: &FragileLoss| -> Said {
        let of = |number: &str, with: &str| correlation(loss, number, with, "imbalanced");
        let measures = [
            ("directions of training features", "effective_rank"),
            ("directions of test features", "test_effective_rank"),
            ("features in use", "effective_features"),
            ("relative distance", "relative_distance"),
        ];
        let known: Vec<(&str, &str, MeanAndDeviation)> = measures
            .into_iter()
            .filter_map(|(words, name)| Some((words, name, of(name, "recall")?)))
            .collect();
        // The hypothesis says that more diversity is better.
        let (Some(rows), Some(best)) = (
            of("rows", "recall"),
            known.iter().max_by(|a, b| a.2.mean.total_cmp(&b.2.mean)),
        ) else {
            return (
                None,
                format!("{}: fewer than three classes, no rank correlation.", loss.loss),
            );
        };
        let all: Vec<String> = known
            .iter()
            .map(|(words, _, value)| format!("{words} {}", signed(*value)))
            .collect();
        let confounded = of(best.1, "rows")
            .filter(|value| value.mean.abs() >= STRONG)
            .map_or(String::new(), |value| {
                format!(
                    "; {} go with the number of pictures by {}, so that the two cannot be told apart here",
                    best.0,
                    signed(value)
                )
            });
        (
            Some(best.2.mean >= rows.mean),
            format!(
                "{}: recall over classes goes with the number of pictures by {}, with {}{confounded}.",
                loss.loss,
                signed(rows),
                all.join(", ")
            ),
        )
    };
    claim(
        3,
        "Diversity of a class's features matters as much as its number of pictures (see the experiment, which holds one of them fixed).",
        losses.iter().map(one).collect(),
    )
}

fn methods(losses: &[FragileLoss]) -> FragilityClaim {
    let Some((plain, others)) = losses
        .split_first()
        .filter(|(plain, _)| plain.loss == super::FRAGILITY_LOSSES[0])
    else {
        let said = (
            None,
            "Cross-entropy was not run, so there is nothing to compare with.".to_owned(),
        );
        return claim(3, METHODS, vec![said]);
    };
    let counts: Vec<usize> = plain.classes.iter().map(|class| class.rows[1]).collect();
    let rare = rarest(&counts, counts.len() / 2);
    let one = |loss: &FragileLoss| -> Said {
        let ratios: Vec<f64> = rare
            .iter()
            .filter_map(|&class| {
                let of =
                    |loss: &FragileLoss| loss.classes[class].test_effective_rank[1].map(|value| value.mean);
                Some(of(loss)? / of(plain)?)
            })
            .filter(|ratio| ratio.is_finite() && *ratio > 0.0)
            .collect();
        if ratios.is_empty() {
            return (None, format!("{}: no effective rank.", loss.loss));
        }
        let mean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
        let up = ratios.iter().filter(|ratio| **ratio > 1.0).count();
        let gained = |loss: &FragileLoss| {
            MeanAndDeviation::of(
                rare.iter()
                    .map(|&class| loss.classes[class].recall[1].map(|recall| recall.mean)),
            )
        };
        let recall = gained(plain)
            .zip(gained(loss))
            .map_or(String::new(), |(before, after)| {
                format!(
                    "; their mean recall is {:.1} % instead of {:.1} %",
                    100.0 * after.mean,
                    100.0 * before.mean
                )
            });
        (
            Some(mean <= 1.1),
            format!(
                "{}: test features of the rarest {} have {mean:.2} times as many directions as with cross-entropy (more in {up} of {}){recall}.",
                loss.loss,
                counted(rare.len(), "class"),
                ratios.len(),
            ),
        )
    };
    if others.is_empty() {
        return claim(3, METHODS, vec![(None, "Only cross-entropy was run.".to_owned())]);
    }
    claim(3, METHODS, others.iter().map(one).collect())
}

const METHODS: &str = "Cost-sensitive losses do not diversify the features of rare classes; we call a tenth more directions diversified.";

fn mismatch(losses: &[FragileLoss]) -> FragilityClaim {
    let one = |loss: &FragileLoss| -> Said {
        let of = |of: &str| correlation(loss, "mismatch", "error", of);
        let (balanced, imbalanced) = (of("balanced"), of("imbalanced"));
        let Some(value) = imbalanced else {
            let sides: Vec<String> = loss
                .classes
                .iter()
                .filter_map(|class| {
                    let (mismatch, recall) = (class.mismatch[1]?, class.recall[1]?);
                    Some(format!(
                        "`{}` {:.2} at an error of {:.1} %",
                        class.class,
                        mismatch.mean,
                        100.0 - 100.0 * recall.mean
                    ))
                })
                .collect();
            return (
                None,
                format!(
                    "{}: {} {} no rank correlation; mismatch is {}.",
                    loss.loss,
                    counted(loss.classes.len(), "class"),
                    agree(loss.classes.len(), "has", "have"),
                    sides.join(", ")
                ),
            );
        };
        (
            Some(value.mean >= STRONG),
            format!(
                "{}: over classes, mismatch of top-K CE between training and test goes with the error by {} in imbalanced networks and by {} in balanced ones.",
                loss.loss,
                signed(value),
                balanced.map_or("undefined".into(), signed)
            ),
        )
    };
    claim(
        4,
        "A class fails where the magnitude of its top-K features does not match training.",
        losses.iter().map(one).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_holds_where_all_losses_say_so() {
        assert_eq!(Holds::of(&[Some(true), Some(true), None]), Holds::Yes);
        assert_eq!(Holds::of(&[Some(true), Some(false)]), Holds::Partly);
        assert_eq!(Holds::of(&[Some(false)]), Holds::No);
        assert_eq!(Holds::of(&[None]), Holds::Unknown);
        assert_eq!(Holds::of(&[]), Holds::Unknown);
    }
}
