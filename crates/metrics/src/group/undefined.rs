use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rate::{Lack, Rate};
use super::rows::GroupedRows;
use super::tally::{Tallies, Whose};

/// Whose rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// All rows.
    All,
    /// All rows but those of this group.
    AllBut(String),
    /// The rows of this group.
    Group(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("the whole table"),
            Self::AllBut(group) => write!(f, "the table without group `{group}`"),
            Self::Group(group) => write!(f, "group `{group}`"),
        }
    }
}

/// Why a group measure is absent. As text it is a sentence without a full stop, for reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(tag = "reason", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Undefined {
    /// A rate has nothing to divide by.
    #[error("{subject} has {lacks} (of {weight} in all), so that it has no {rate}")]
    Empty {
        /// Whose rate.
        subject: Subject,
        /// Which rate.
        rate: Rate,
        /// What is not there, in words: `` no row of the true class `good` ``.
        lacks: String,
        /// Weight of the rows there are; without weights, their number.
        weight: f64,
    },
    /// A ratio divides by a rate of 0.
    #[error("the {rate} of {subject} is 0, and a ratio cannot divide by it")]
    RateOfZero {
        /// Whose rate.
        subject: Subject,
        /// Which rate.
        rate: Rate,
    },
    /// Nobody to compare with.
    #[error("there is only one group, and nothing to compare it with")]
    OneGroup,
    /// The privileged group is all there is, or has no rows.
    #[error("every row is of group `{group}`, and nothing is left to compare it with")]
    NoRest {
        /// The privileged group.
        group: String,
    },
    /// An entropy of benefits that are all 0, or a logarithm of one that is.
    #[error("{what}, for which this entropy is not defined")]
    Benefit {
        /// What stands in the way.
        what: String,
    },
    /// A logarithm of a rate of 0 or 1.
    #[error(
        "a group has a rate of 0 or 1, whose ratio to another is without bound; smooth with a concentration above 0"
    )]
    WithoutBound,
    /// There is no row of any weight.
    #[error("there is no row")]
    NoRow,
}

/// The same without names, for draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Why {
    Empty(Whose, Rate, Lack),
    RateOfZero(Whose, Rate),
    OneGroup,
    NoBenefit,
    BenefitOfZero,
    WithoutBound,
    NoRow,
}

impl Why {
    pub(crate) fn named(self, rows: &GroupedRows<'_>, tallies: &Tallies) -> Undefined {
        let subject = |whose: Whose| match whose {
            Whose::All => Subject::All,
            Whose::Rest => Subject::AllBut(rows.privileged().unwrap_or_default().into()),
            Whose::Group(group) => Subject::Group(rows.groups().classes()[group].clone()),
        };
        let class = rows.favourable();
        match self {
            Self::Empty(Whose::Rest, _, Lack::Rows) => Undefined::NoRest {
                group: rows.privileged().unwrap_or_default().into(),
            },
            Self::Empty(whose, rate, lack) => Undefined::Empty {
                subject: subject(whose),
                rate,
                lacks: match lack {
                    Lack::Rows => "no row".into(),
                    Lack::Deserving => format!("no row of the true class `{class}`"),
                    Lack::Others => format!("no row of another true class than `{class}`"),
                    Lack::Chosen => format!("no row that was predicted as `{class}`"),
                    Lack::NotChosen => format!("no row that was predicted as another class than `{class}`"),
                    Lack::DeservingOrChosen => format!("no row whose true or predicted class is `{class}`"),
                    Lack::Spread => "no two rows of different true classes".into(),
                },
                weight: tallies.of(whose).total(),
            },
            Self::RateOfZero(whose, rate) => Undefined::RateOfZero {
                subject: subject(whose),
                rate,
            },
            Self::OneGroup => Undefined::OneGroup,
            Self::NoBenefit => Undefined::Benefit {
                what: format!("every row is of class `{class}` and was missed, so that nobody has a benefit"),
            },
            Self::BenefitOfZero => Undefined::Benefit {
                what: format!("a row or group of class `{class}` was missed and has a benefit of 0"),
            },
            Self::WithoutBound => Undefined::WithoutBound,
            Self::NoRow => Undefined::NoRow,
        }
    }
}
