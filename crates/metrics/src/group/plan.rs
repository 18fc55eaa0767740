//! A measure with the names of its groups looked up, and how it comes from tallies.

use super::measure::{Benefits, Comparison, GroupMeasure, Odds, Outcome, Scope};
use super::rate::Rate;
use super::rows::GroupedRows;
use super::tally::{Tallies, Tally, Whose};
use super::undefined::Why;
use crate::Error;

/// Which groups there are to compare.
#[derive(Debug, Clone)]
pub(crate) struct Sides {
    pub(crate) privileged: Option<usize>,
    /// Groups that have rows and were not left out.
    pub(crate) compared: Vec<usize>,
}

#[derive(Debug, Clone)]
pub(crate) enum Plan {
    Of(Rate, Whose),
    Difference(Rate, Whose, Whose),
    Ratio(Rate, Whose, Whose),
    MaxMin(Rate),
    MinOverMax(Rate),
    DifferenceToOverall(Rate),
    RatioToOverall(Rate),
    GroupMin(Rate),
    GroupMax(Rate),
    Odds(Odds, Scope),
    AbsoluteAverageOdds,
    FairUtility(Scope),
    Entropy { alpha: f64, of: Benefits, root: bool },
    DifferentialFairness { of: Outcome, concentration: f64 },
    BiasAmplification { concentration: f64 },
    Consistency(Outcome),
}

impl Plan {
    pub(crate) fn new(measure: &GroupMeasure, rows: &GroupedRows<'_>) -> Result<Self, Error> {
        let group = |name: &str| rows.group(name).map(|group| Whose::Group(group as usize));
        let privileged = rows.privileged_code().map(Whose::Group);
        Ok(match measure {
            GroupMeasure::Rate(rate, comparison) => match (comparison, privileged) {
                (Comparison::Overall, _) => Self::Of(*rate, Whose::All),
                (Comparison::Group(name), _) => Self::Of(*rate, group(name)?),
                (Comparison::Difference, Some(privileged)) => {
                    Self::Difference(*rate, Whose::Rest, privileged)
                }
                (Comparison::Ratio, Some(privileged)) => Self::Ratio(*rate, Whose::Rest, privileged),
                (Comparison::MaxMin | Comparison::Difference, _) => Self::MaxMin(*rate),
                (Comparison::MinOverMax | Comparison::Ratio, _) => Self::MinOverMax(*rate),
                (Comparison::DifferenceToOverall, _) => Self::DifferenceToOverall(*rate),
                (Comparison::RatioToOverall, _) => Self::RatioToOverall(*rate),
                (Comparison::GroupMin, _) => Self::GroupMin(*rate),
                (Comparison::GroupMax, _) => Self::GroupMax(*rate),
                (Comparison::PairDifference(first, second), _) => {
                    Self::Difference(*rate, group(first)?, group(second)?)
                }
                (Comparison::PairRatio(first, second), _) => {
                    Self::Ratio(*rate, group(first)?, group(second)?)
                }
            },
            GroupMeasure::Odds(odds, scope) => Self::Odds(*odds, *scope),
            GroupMeasure::AbsoluteAverageOdds => Self::AbsoluteAverageOdds,
            GroupMeasure::FairUtility(scope) => Self::FairUtility(*scope),
            GroupMeasure::Entropy { alpha, of, root } => Self::Entropy {
                alpha: *alpha,
                of: *of,
                root: *root,
            },
            GroupMeasure::DifferentialFairness { of, concentration } => Self::DifferentialFairness {
                of: *of,
                concentration: *concentration,
            },
            GroupMeasure::BiasAmplification { concentration } => Self::BiasAmplification {
                concentration: *concentration,
            },
            GroupMeasure::Consistency(of) => Self::Consistency(*of),
        })
    }

    /// Whose areas under the ROC curve it needs.
    pub(crate) fn areas(&self, sides: &Sides) -> Vec<Whose> {
        let every = || sides.compared.iter().map(|&group| Whose::Group(group));
        match *self {
            Self::Of(Rate::RocAuc, whose) => vec![whose],
            Self::Difference(Rate::RocAuc, first, second) | Self::Ratio(Rate::RocAuc, first, second) => {
                vec![first, second]
            }
            Self::MaxMin(Rate::RocAuc)
            | Self::MinOverMax(Rate::RocAuc)
            | Self::GroupMin(Rate::RocAuc)
            | Self::GroupMax(Rate::RocAuc) => every().collect(),
            Self::DifferenceToOverall(Rate::RocAuc) | Self::RatioToOverall(Rate::RocAuc) => {
                every().chain([Whose::All]).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(crate) fn value(&self, tallies: &Tallies, sides: &Sides) -> Result<f64, Why> {
        let table = Table { tallies, sides };
        match *self {
            Self::Of(rate, whose) => table.rate(rate, whose),
            Self::Difference(rate, first, second) => table.difference(rate, first, second),
            Self::Ratio(rate, first, second) => table.ratio(rate, first, second),
            Self::MaxMin(rate) => table.max_min(&[rate]),
            Self::MinOverMax(rate) => table.min_over_max(rate),
            Self::DifferenceToOverall(rate) => table.difference_to_overall(&[rate]),
            Self::RatioToOverall(rate) => table.ratio_to_overall(rate),
            Self::GroupMin(rate) => table.ends(&[rate]).map(|ends| ends.low),
            Self::GroupMax(rate) => table.ends(&[rate]).map(|ends| ends.high),
            Self::Odds(odds, scope) => table.odds(odds, scope),
            Self::AbsoluteAverageOdds => table.odds(Odds::Average, Scope::Privileged).map(f64::abs),
            Self::FairUtility(scope) => {
                let balanced = table.rate(Rate::BalancedAccuracy, Whose::All)?;
                Ok(balanced * (1.0 - table.odds(Odds::AverageAbsolute, scope)?))
            }
            Self::Entropy { alpha, of, root } => {
                let index = table.entropy(alpha, of)?;
                // A sum of rounded terms may end below 0.
                Ok(if root {
                    (2.0 * index.max(0.0)).sqrt()
                } else {
                    index
                })
            }
            Self::DifferentialFairness { of, concentration } => table.differential(of, concentration),
            Self::BiasAmplification { concentration } => {
                let predictions = table.differential(Outcome::Predictions, concentration)?;
                Ok(predictions - table.differential(Outcome::Labels, concentration)?)
            }
            Self::Consistency(of) => {
                let total = tallies.all.total();
                if total <= 0.0 {
                    return Err(Why::NoRow);
                }
                Ok(1.0 - tallies.distances[usize::from(of == Outcome::Predictions)] / total)
            }
        }
    }
}

/// The smallest and the largest of what groups have.
struct Ends {
    low: f64,
    high: f64,
    highest: usize,
}

struct Table<'a> {
    tallies: &'a Tallies,
    sides: &'a Sides,
}

impl Table<'_> {
    fn rate(&self, rate: Rate, whose: Whose) -> Result<f64, Why> {
        let tally = self.tallies.of(whose);
        rate.of(tally).map_err(|lack| Why::Empty(whose, rate, lack))
    }

    fn difference(&self, rate: Rate, first: Whose, second: Whose) -> Result<f64, Why> {
        Ok(self.rate(rate, first)? - self.rate(rate, second)?)
    }

    fn ratio(&self, rate: Rate, first: Whose, second: Whose) -> Result<f64, Why> {
        let (part, whole) = (self.rate(rate, first)?, self.rate(rate, second)?);
        over(part, whole, second, rate)
    }

    /// Of the sums of these rates.
    fn ends(&self, rates: &[Rate]) -> Result<Ends, Why> {
        let mut ends = Ends {
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
            highest: 0,
        };
        for &group in &self.sides.compared {
            let sum = self.sum(rates, Whose::Group(group))?;
            if sum > ends.high {
                (ends.high, ends.highest) = (sum, group);
            }
            ends.low = ends.low.min(sum);
        }
        if self.sides.compared.is_empty() {
            return Err(Why::NoRow);
        }
        Ok(ends)
    }

    fn sum(&self, rates: &[Rate], whose: Whose) -> Result<f64, Why> {
        rates
            .iter()
            .try_fold(0.0, |sum, &rate| Ok(sum + self.rate(rate, whose)?))
    }

    fn several(&self) -> Result<(), Why> {
        match self.sides.compared.len() {
            0 | 1 => Err(Why::OneGroup),
            _ => Ok(()),
        }
    }

    fn max_min(&self, rates: &[Rate]) -> Result<f64, Why> {
        self.several()?;
        self.ends(rates).map(|ends| ends.high - ends.low)
    }

    fn min_over_max(&self, rate: Rate) -> Result<f64, Why> {
        self.several()?;
        let ends = self.ends(&[rate])?;
        over(ends.low, ends.high, Whose::Group(ends.highest), rate)
    }

    fn difference_to_overall(&self, rates: &[Rate]) -> Result<f64, Why> {
        self.several()?;
        let all = self.sum(rates, Whose::All)?;
        let groups = self.sides.compared.iter();
        groups.copied().try_fold(0.0, |largest: f64, group| {
            Ok(largest.max((self.sum(rates, Whose::Group(group))? - all).abs()))
        })
    }

    fn ratio_to_overall(&self, rate: Rate) -> Result<f64, Why> {
        self.several()?;
        let all = self.rate(rate, Whose::All)?;
        let groups = self.sides.compared.iter();
        groups.copied().try_fold(f64::INFINITY, |smallest: f64, group| {
            let ratio = over(self.rate(rate, Whose::Group(group))?, all, Whose::All, rate)?;
            Ok(smallest.min(at_most_one(ratio)))
        })
    }

    /// The privileged group, where it is to be compared with the rest.
    fn privileged(&self, scope: Scope) -> Option<Whose> {
        self.sides
            .privileged
            .filter(|_| scope == Scope::Privileged)
            .map(Whose::Group)
    }

    /// A distance of at least 0.
    fn gap(&self, rate: Rate, scope: Scope) -> Result<f64, Why> {
        match (self.privileged(scope), scope) {
            (Some(privileged), _) => self.difference(rate, Whose::Rest, privileged).map(f64::abs),
            (None, Scope::ToOverall) => self.difference_to_overall(&[rate]),
            (None, _) => self.max_min(&[rate]),
        }
    }

    /// A ratio of at most 1.
    fn share(&self, rate: Rate, scope: Scope) -> Result<f64, Why> {
        match (self.privileged(scope), scope) {
            (Some(privileged), _) => {
                let (rest, own) = (self.rate(rate, Whose::Rest)?, self.rate(rate, privileged)?);
                over(rest.min(own), rest.max(own), privileged, rate)
            }
            (None, Scope::ToOverall) => self.ratio_to_overall(rate),
            (None, _) => self.min_over_max(rate),
        }
    }

    /// Half of what the sums of two rates differ by.
    fn half(&self, rates: [Rate; 2], scope: Scope) -> Result<f64, Why> {
        let whole = match (self.privileged(scope), scope) {
            (Some(privileged), _) => {
                let one = |rate| self.difference(rate, Whose::Rest, privileged);
                one(rates[0])? + one(rates[1])?
            }
            (None, Scope::ToOverall) => self.difference_to_overall(&rates)?,
            (None, _) => self.max_min(&rates)?,
        };
        Ok(0.5 * whole)
    }

    fn odds(&self, odds: Odds, scope: Scope) -> Result<f64, Why> {
        let (taken, told) = (Rate::FalsePositiveRate, Rate::TruePositiveRate);
        Ok(match odds {
            Odds::Average => self.half([taken, told], scope)?,
            Odds::PredictiveValue => {
                self.half([Rate::PositivePredictiveValue, Rate::FalseOmissionRate], scope)?
            }
            Odds::AverageAbsolute => 0.5 * (self.gap(taken, scope)? + self.gap(told, scope)?),
            Odds::Worst => self.gap(taken, scope)?.max(self.gap(told, scope)?),
            Odds::WorstRatio => self.share(taken, scope)?.min(self.share(told, scope)?),
            Odds::MeanRatio => 0.5 * (self.share(taken, scope)? + self.share(told, scope)?),
            Odds::GeneralizedWorst => {
                let others = self.gap(Rate::GeneralizedFalsePositiveRate, scope)?;
                others.max(self.gap(Rate::GeneralizedTruePositiveRate, scope)?)
            }
        })
    }

    fn entropy(&self, alpha: f64, of: Benefits) -> Result<f64, Why> {
        let all = &self.tallies.all;
        match (of, self.sides.privileged) {
            (Benefits::Rows, _) => {
                let benefits = [(all.fn_, 0.0), (all.tp + all.tn, 1.0), (all.fp, 2.0)];
                entropy(alpha, benefits.into_iter())
            }
            (Benefits::TwoGroups, Some(privileged)) => {
                let sides = [&self.tallies.rest, &self.tallies.groups[privileged]];
                entropy(alpha, sides.into_iter().map(mean_benefit))
            }
            _ => entropy(alpha, self.tallies.groups.iter().map(mean_benefit)),
        }
    }

    fn differential(&self, of: Outcome, concentration: f64) -> Result<f64, Why> {
        self.several()?;
        // Logarithms of the smallest and largest rate of either outcome.
        let mut ends = [(f64::INFINITY, f64::NEG_INFINITY); 2];
        for &group in &self.sides.compared {
            let tally = &self.tallies.groups[group];
            let favourable = match of {
                Outcome::Labels => tally.tp + tally.fn_,
                Outcome::Predictions => tally.tp + tally.fp,
            };
            let whole = tally.total() + concentration;
            if whole <= 0.0 {
                return Err(Why::Empty(
                    Whose::Group(group),
                    Rate::BaseRate,
                    super::rate::Lack::Rows,
                ));
            }
            let rate = (favourable + 0.5 * concentration) / whole;
            for (end, rate) in ends.iter_mut().zip([rate, 1.0 - rate]) {
                let log = rate.ln();
                if !log.is_finite() {
                    return Err(Why::WithoutBound);
                }
                *end = (end.0.min(log), end.1.max(log));
            }
        }
        Ok((ends[0].1 - ends[0].0).max(ends[1].1 - ends[1].0))
    }
}

fn over(part: f64, whole: f64, whose: Whose, rate: Rate) -> Result<f64, Why> {
    if whole == 0.0 {
        Err(Why::RateOfZero(whose, rate))
    } else {
        Ok(part / whole)
    }
}

fn at_most_one(ratio: f64) -> f64 {
    if ratio > 1.0 { 1.0 / ratio } else { ratio }
}

/// How much a group weighs, and its mean benefit.
fn mean_benefit(tally: &Tally) -> (f64, f64) {
    let total = tally.total();
    (total, (tally.tp + tally.tn + 2.0 * tally.fp) / total)
}

/// The generalized entropy of benefits, each with its weight.
fn entropy(alpha: f64, benefits: impl Iterator<Item = (f64, f64)> + Clone) -> Result<f64, Why> {
    let some = benefits.filter(|(weight, _)| *weight > 0.0);
    let total: f64 = some.clone().map(|(weight, _)| weight).sum();
    if total <= 0.0 {
        return Err(Why::NoRow);
    }
    let mean = some
        .clone()
        .map(|(weight, benefit)| weight * benefit)
        .sum::<f64>()
        / total;
    if mean <= 0.0 {
        return Err(Why::NoBenefit);
    }
    if alpha <= 0.0 && some.clone().any(|(_, benefit)| benefit <= 0.0) {
        return Err(Why::BenefitOfZero);
    }
    let sum: f64 = some
        .map(|(weight, benefit)| {
            let share = benefit / mean;
            weight
                * if alpha == 1.0 {
                    // 0 ln 0 is 0.
                    if share > 0.0 { share * share.ln() } else { 0.0 }
                } else if alpha == 0.0 {
                    -share.ln()
                } else {
                    (share.powf(alpha) - 1.0) / (alpha * (alpha - 1.0))
                }
        })
        .sum();
    Ok(sum / total)
}
