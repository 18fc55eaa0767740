//! Rows that lie between two others, with labels between theirs.

use std::borrow::Cow;

use counterpoise_base::{Random, Seed};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;
use crate::named::{Named, name_or_table};

/// Whether the rows of a batch are mixed, and how.
///
/// In a file, it is a name (`mix = "remix"`), or a table with `name` and options.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", remote = "Self")]
#[non_exhaustive]
pub enum Mix {
    /// Rows stay as they are.
    #[default]
    None,
    /// `mixup`.
    Mixup(Mixup),
    /// `remix`.
    Remix(Remix),
}

/// Every row of a batch is mixed with another, input and label by the same share.
///
/// # Source
///
/// Zhang and others, "mixup: Beyond Empirical Risk Minimization", ICLR 2018. As in the authors' code, a batch is mixed with a
/// permutation of itself, by one share, which may be far above or below a half.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Mixup {
    /// The share has the distribution `Beta(alpha, alpha)`: 1 is uniform, near 0 hardly mixes.
    #[schemars(range(min = 0.0))]
    pub alpha: f64,
}

/// Mixup that gives a pair of very different classes the label of the smaller one, unless the larger one's share is large.
///
/// # Source
///
/// Chou and others, "Remix: Rebalanced Mixup", ECCV workshops 2020, equation 7 with its `kappa` 3 and `tau` 0.5.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Remix {
    /// The share has the distribution `Beta(alpha, alpha)`: 1 is uniform, near 0 hardly mixes.
    #[schemars(range(min = 0.0))]
    pub alpha: f64,
    /// How many times larger one class has to be.
    #[schemars(range(min = 1.0))]
    pub kappa: f64,
    /// Below which share of the larger class in the input the label is that of the smaller.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub tau: f64,
}

impl Default for Mixup {
    fn default() -> Self {
        Self { alpha: 1.0 }
    }
}

impl Default for Remix {
    fn default() -> Self {
        Self {
            alpha: 1.0,
            kappa: 3.0,
            tau: 0.5,
        }
    }
}

/// What becomes of a batch: everything that chance decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    /// For each row of the batch, the place in the batch of the row that it is mixed with; maybe itself.
    pub partner: Vec<usize>,
    /// The share of a row in its own input; the partner has what is left.
    pub share: f64,
    /// The share of each row's label in its own target.
    pub label_share: Vec<f64>,
}

impl Mix {
    /// Fails for a number outside its range.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |method, option, value: f64, range| {
            Err(Error::OutOfRange {
                method,
                option,
                value: value.to_string(),
                range,
            })
        };
        let good = |alpha: f64| alpha > 0.0 && alpha.is_finite();
        let alpha = "a number above 0, such as 1";
        match self {
            Self::Mixup(options) if !good(options.alpha) => refuse("mixup", "alpha", options.alpha, alpha),
            Self::Remix(options) if !good(options.alpha) => refuse("remix", "alpha", options.alpha, alpha),
            Self::Remix(options) if options.kappa.is_nan() || options.kappa < 1.0 => refuse(
                "remix",
                "kappa",
                options.kappa,
                "a number of 1 or more, such as 3",
            ),
            Self::Remix(options) if !(0.0..=1.0).contains(&options.tau) => {
                refuse("remix", "tau", options.tau, "a share from 0 to 1")
            }
            _ => Ok(()),
        }
    }

    /// Pairs the rows of a batch. `labels` holds the class of each, `counts` the training rows of each class; `seed` is the
    /// branch of this batch. `None` if rows stay as they are.
    pub fn pairs(&self, labels: &[u32], counts: &[usize], seed: &Seed) -> Option<Pairs> {
        let alpha = match self {
            Self::None => return None,
            Self::Mixup(Mixup { alpha }) | Self::Remix(Remix { alpha, .. }) => *alpha,
        };
        let share = beta(&mut seed.child("share").rng(), alpha);
        let partner = seed.child("partners").shuffled(0..labels.len());
        let rows = |place: usize| counts[labels[place] as usize] as f64;
        let label_share = |(row, &partner): (usize, &usize)| match self {
            Self::Remix(remix) => remix.label_share(share, rows(row), rows(partner)),
            _ => share,
        };
        Some(Pairs {
            label_share: partner.iter().enumerate().map(label_share).collect(),
            partner,
            share,
        })
    }
}

impl Remix {
    /// The share of the own label, for classes of so many rows.
    fn label_share(&self, share: f64, own: f64, partner: f64) -> f64 {
        if own >= self.kappa * partner && share < self.tau {
            0.0
        } else if self.kappa * own <= partner && 1.0 - share < self.tau {
            1.0
        } else {
            share
        }
    }
}

impl Pairs {
    /// The mixed inputs of a batch, row after row, `width` numbers each.
    ///
    /// # Panics
    ///
    /// If there is another number of rows.
    pub fn inputs(&self, rows: &[f32], width: usize) -> Vec<f32> {
        assert_eq!(rows.len(), self.partner.len() * width, "one row for each pair");
        self.mixed(rows, width, |_| self.share)
    }

    /// The mixed targets of a batch: `targets` holds the shares of each row's classes, row after row.
    ///
    /// # Panics
    ///
    /// If there is another number of rows.
    pub fn targets(&self, targets: &[f32], classes: usize) -> Vec<f32> {
        assert_eq!(
            targets.len(),
            self.partner.len() * classes,
            "one target for each pair"
        );
        self.mixed(targets, classes, |row| self.label_share[row])
    }

    fn mixed(&self, rows: &[f32], width: usize, share: impl Fn(usize) -> f64) -> Vec<f32> {
        let mut mixed = Vec::with_capacity(rows.len());
        for (row, &partner) in self.partner.iter().enumerate() {
            let (own, left) = (share(row) as f32, (1.0 - share(row)) as f32);
            let others = &rows[partner * width..][..width];
            let pairs = rows[row * width..][..width].iter().zip(others);
            mixed.extend(pairs.map(|(a, b)| own * a + left * b));
        }
        mixed
    }
}

/// Targets of rows with one class each: 1 for it, 0 for others, row after row.
pub fn one_hot(labels: &[u32], classes: usize) -> Vec<f32> {
    let mut targets = vec![0.0; labels.len() * classes];
    for (row, &label) in labels.iter().enumerate() {
        targets[row * classes + label as usize] = 1.0;
    }
    targets
}

/// A draw of `Beta(alpha, alpha)`: the share of one gamma variate in two. It is put together from logarithms, for variates of a small
/// `alpha` are smaller than any number.
fn beta(random: &mut Random, alpha: f64) -> f64 {
    let (one, other) = (log_gamma_variate(random, alpha), log_gamma_variate(random, alpha));
    1.0 / (1.0 + (other - one).exp())
}

/// The logarithm of a gamma variate.
///
/// # Source
///
/// Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", ACM TOMS 26 (2000), with the power of a uniform
/// variate for shapes below 1 of their section 6.
fn log_gamma_variate(random: &mut Random, shape: f64) -> f64 {
    if shape < 1.0 {
        let uniform = 1.0 - random.fraction();
        return log_gamma_variate(random, shape + 1.0) + uniform.ln() / shape;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let normal = random.normal();
        let root = 1.0 + c * normal;
        if root <= 0.0 {
            continue;
        }
        let log_cube = 3.0 * root.ln();
        let uniform = 1.0 - random.fraction();
        if uniform.ln() < 0.5 * normal * normal + d * (1.0 - log_cube.exp() + log_cube) {
            return d.ln() + log_cube;
        }
    }
}

impl<'de> Named<'de> for Mix {
    const EXPECTED: &'static str = "`none`, `mixup` or `remix`, or a table with this `name` and its options";

    fn table<D: Deserializer<'de>>(table: D) -> Result<Self, D::Error> {
        Self::deserialize(table)
    }
}

impl<'de> Deserialize<'de> for Mix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        name_or_table(deserializer)
    }
}

impl Serialize for Mix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str("none"),
            Self::Mixup(options) if *options == Mixup::default() => serializer.serialize_str("mixup"),
            Self::Remix(options) if *options == Remix::default() => serializer.serialize_str("remix"),
            _ => Self::serialize(self, serializer),
        }
    }
}

impl JsonSchema for Mix {
    fn schema_name() -> Cow<'static, str> {
        "Mix".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "object"],
            "x-words": "none, mixup, remix, { name = \"mixup\", alpha = 0.2 }, …"
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(partner: &[usize], share: f64, label_share: &[f64]) -> Pairs {
        Pairs {
            partner: partner.to_vec(),
            share,
            label_share: label_share.to_vec(),
        }
    }

    fn check_beta(alpha: f64) {
        let mut random = Seed::new(11).rng();
        let draws: Vec<f64> = (0..20_000).map(|_| beta(&mut random, alpha)).collect();
        assert!(
            draws.iter().all(|draw| (0.0..=1.0).contains(draw)),
            "alpha {alpha}"
        );
        let moment = |power| draws.iter().map(|draw| (draw - 0.5).powi(power)).sum::<f64>() / 20_000.0;
        let variance = 0.25 / (2.0 * alpha + 1.0);
        assert!(moment(1).abs() < 0.012, "alpha {alpha}: mean {}", moment(1));
        let found = moment(2);
        assert!(
            (found / variance - 1.0).abs() < 0.04,
            "alpha {alpha}: {found}, not {variance}"
        );
        // The fourth central moment of Beta(a, a).
        let fourth = 3.0 * variance * variance * (2.0 * alpha + 1.0) / (2.0 * alpha + 3.0);
        let found = moment(4);
        assert!(
            (found / fourth - 1.0).abs() < 0.06,
            "alpha {alpha}: {found}, not {fourth}"
        );
    }

    #[test]
    fn shares_have_the_moments_of_a_beta_distribution() {
        for alpha in [0.1, 0.5, 1.0, 2.0, 8.0] {
            check_beta(alpha);
        }
    }

    #[test]
    fn a_tiny_alpha_hardly_mixes() {
        let mut random = Seed::new(3).rng();
        for _ in 0..1000 {
            let share = beta(&mut random, 1e-4);
            assert!(!(0.01..=0.99).contains(&share), "{share}");
        }
    }

    #[test]
    fn a_mixed_row_lies_between_two() {
        let mixed = pairs(&[1, 0], 0.75, &[0.75, 0.75]);
        assert_eq!(mixed.inputs(&[0.0, 8.0, 4.0, 0.0], 2), [1.0, 6.0, 3.0, 2.0]);
        assert_eq!(
            mixed.targets(&one_hot(&[0, 2], 3), 3),
            [0.75, 0.0, 0.25, 0.25, 0.0, 0.75]
        );
    }

    #[test]
    fn labels_may_have_another_share_than_inputs() {
        let mixed = pairs(&[1, 1], 0.25, &[0.0, 0.25]);
        assert_eq!(mixed.targets(&one_hot(&[0, 1], 2), 2), [0.0, 1.0, 0.0, 1.0]);
        assert_eq!(mixed.inputs(&[8.0, 4.0], 1), [5.0, 4.0]);
    }

    #[test]
    fn remix_gives_the_label_of_the_smaller_class() {
        let check = |share, own, partner, expected| {
            assert_eq!(
                Remix::default().label_share(share, own, partner),
                expected,
                "{share} of {own} and {partner}"
            );
        };
        // The own class is large, and its share below a half.
        check(0.4, 30.0, 10.0, 0.0);
        check(0.5, 30.0, 10.0, 0.5);
        check(0.4, 29.0, 10.0, 0.4);
        // The own class is small, and the other's share below a half.
        check(0.6, 10.0, 30.0, 1.0);
        check(0.5, 10.0, 30.0, 0.5);
        check(0.6, 10.0, 29.0, 0.6);
        check(0.6, 10.0, 10.0, 0.6);
    }

    #[test]
    fn pairs_come_again_with_their_seed() {
        let labels: Vec<u32> = (0..20).map(|row| row % 2).collect();
        let of = |seed| Mix::Remix(Remix::default()).pairs(&labels, &[90, 10], &Seed::new(seed));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        assert_eq!(Mix::None.pairs(&labels, &[90, 10], &Seed::new(1)), None);
    }

    #[test]
    fn options_are_read_and_checked() {
        let read = |text: &str| serde_json::from_str::<Mix>(text).unwrap();
        assert_eq!(read(r#""mixup""#), Mix::Mixup(Mixup::default()));
        assert_eq!(read(r#""none""#), Mix::None);
        let refused = |text: &str| read(text).check().unwrap_err().to_string();
        assert!(refused(r#"{"name": "mixup", "alpha": 0.0}"#).contains("`alpha = 0` of mixup"));
        assert!(refused(r#"{"name": "remix", "kappa": 0.5}"#).contains("`kappa = 0.5` of remix"));
        assert!(refused(r#"{"name": "remix", "tau": 1.5}"#).contains("`tau = 1.5` of remix"));
        assert!(serde_json::from_str::<Mix>(r#"{"name": "mixup", "kappa": 3.0}"#).is_err());
        for mix in [
            read(r#""remix""#),
            read(r#"{"name": "remix", "tau": 0.25}"#),
            Mix::None,
        ] {
            assert!(mix.check().is_ok());
            assert_eq!(read(&serde_json::to_string(&mix).unwrap()), mix);
        }
    }

    proptest! {
        #[test]
        fn mixed_targets_sum_to_one(labels in prop::collection::vec(0_u32..4, 1..30), seed: u64, alpha in 0.05_f64..4.0) {
            let mix = Mix::Remix(Remix { alpha, ..Remix::default() });
            let pairs = mix.pairs(&labels, &[1000, 100, 10, 1], &Seed::new(seed)).unwrap();
            let mut partners = pairs.partner.clone();
            partners.sort_unstable();
            prop_assert_eq!(partners, (0..labels.len()).collect::<Vec<_>>());
            for row in pairs.targets(&one_hot(&labels, 4), 4).chunks(4) {
                prop_assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
                prop_assert!(row.iter().all(|&share| (0.0..=1.0).contains(&share)));
            }
        }
    }
}
