//! The learning rate of each epoch.

use std::borrow::Cow;
use std::f64::consts::PI;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;
use crate::named::{Named, name_or_table};

/// How fast weights move in each epoch: a rate, a few epochs that lead up to it, and how it falls later.
///
/// # Source
///
/// Code of EOS (Dablain and others, arXiv 2207.06080): 0.1, five epochs of warm-up, a hundredth from epoch 161 of 200 and a
/// ten-thousandth from epoch 181. The code's own comment claims other steps; we do as the code does. Steps are shares of
/// the run here, so that they are there in a run of any length: the head of EOS, which is trained for ten epochs by the
/// same code and never gets to epoch 161, wants `decay = "constant"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("x-words" = "a table: rate, warm_up, decay"))]
#[non_exhaustive]
pub struct Schedule {
    /// The learning rate between warm-up and decay.
    pub rate: f64,
    /// Epochs of warm-up: epoch `k` of `w` has `k / w` of the rate. 0 is none.
    pub warm_up: usize,
    /// What becomes of the rate later.
    pub decay: Decay,
}

/// What becomes of the learning rate after warm-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields, remote = "Self")]
#[non_exhaustive]
pub enum Decay {
    /// It stays.
    Constant,
    /// It falls in steps. Each says what share of the first rate is left, not of the one before.
    Step {
        /// When, and to what share; by default to 0.01 after 0.8 of the run and to 0.0001 after 0.9 of it.
        #[serde(default = "steps_of_eos")]
        steps: Vec<Step>,
    },
    /// It falls as half a cosine wave does, from the first epoch after warm-up to the end of the run.
    ///
    /// Loshchilov and Hutter, "SGDR", ICLR 2017, equation 5 without restarts. The floor is what the epoch after the last
    /// would have, as in PyTorch's `CosineAnnealingLR` with the length of the run.
    Cosine {
        /// Share of the rate that is left in the end.
        #[serde(default)]
        floor: f64,
    },
}

/// One step down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When.
    pub after: Moment,
    /// Share of the first rate from there on.
    pub times: f64,
}

/// A moment of a run: after so many epochs (`160`), or after so large a share of them (`0.8`).
///
/// A number with a point is a share: `1.0` is the end of the run, and `1` the end of its first epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Moment {
    /// After so many epochs.
    Epochs(usize),
    /// After this share of the run, in `[0, 1]`, rounded to whole epochs.
    Share(f64),
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            rate: 0.1,
            warm_up: 5,
            decay: Decay::default(),
        }
    }
}

impl Default for Decay {
    fn default() -> Self {
        Self::Step {
            steps: steps_of_eos(),
        }
    }
}

fn steps_of_eos() -> Vec<Step> {
    let step = |share, times| Step {
        after: Moment::Share(share),
        times,
    };
    vec![step(0.8, 0.01), step(0.9, 0.0001)]
}

impl Schedule {
    /// The same rate in every epoch.
    pub fn constant(rate: f64) -> Self {
        Self {
            rate,
            warm_up: 0,
            decay: Decay::Constant,
        }
    }

    /// Sets [`rate`](Self::rate).
    pub fn with_rate(mut self, rate: f64) -> Self {
        self.rate = rate;
        self
    }

    /// Sets [`warm_up`](Self::warm_up).
    pub fn with_warm_up(mut self, epochs: usize) -> Self {
        self.warm_up = epochs;
        self
    }

    /// Sets [`decay`](Self::decay).
    pub fn with_decay(mut self, decay: Decay) -> Self {
        self.decay = decay;
        self
    }

    /// Fails for a number outside its range.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |option, value: f64, range| {
            Err(Error::OutOfRange {
                method: "schedule",
                option,
                value: value.to_string(),
                range,
            })
        };
        if !(self.rate > 0.0 && self.rate.is_finite()) {
            return refuse("rate", self.rate, "a number above 0, such as 0.1");
        }
        let (option, shares) = match &self.decay {
            Decay::Constant => return Ok(()),
            Decay::Step { steps } => ("decay.steps.times", steps.iter().map(|step| step.times).collect()),
            Decay::Cosine { floor } => ("decay.floor", vec![*floor]),
        };
        match shares.iter().find(|share| !(0.0..=1.0).contains(*share)) {
            Some(&share) => refuse(option, share, "a share from 0 to 1"),
            None => Ok(()),
        }
    }

    /// The learning rate of an epoch, counted from 0, in a run of `epochs`.
    pub fn rate(&self, epoch: usize, epochs: usize) -> f64 {
        if epoch < self.warm_up {
            return self.rate * (epoch + 1) as f64 / self.warm_up as f64;
        }
        match &self.decay {
            Decay::Constant => self.rate,
            Decay::Step { steps } => {
                let reached = steps.iter().filter(|step| step.after.epochs(epochs) <= epoch);
                // Of two steps at one moment, the later one counts.
                let last = reached.max_by_key(|step| step.after.epochs(epochs));
                self.rate * last.map_or(1.0, |step| step.times)
            }
            Decay::Cosine { floor } => {
                let done = (epoch - self.warm_up) as f64;
                let all = epochs.saturating_sub(self.warm_up).max(1) as f64;
                let left = 0.5 + 0.5 * (PI * (done / all).min(1.0)).cos();
                self.rate * (floor + (1.0 - floor) * left)
            }
        }
    }
}

impl Moment {
    /// How many epochs of a run of `epochs` lie before it; which is also the first epoch after it, counted from 0.
    pub fn epochs(self, epochs: usize) -> usize {
        match self {
            Self::Epochs(before) => before,
            Self::Share(share) => (share * epochs as f64).round() as usize,
        }
    }

    fn share(share: f64) -> Result<Self, String> {
        if (0.0..=1.0).contains(&share) {
            Ok(Self::Share(share))
        } else {
            Err(format!(
                "{share} is no share of a run; write a number from 0.0 to 1.0, or whole epochs such as 160"
            ))
        }
    }
}

impl<'de> Named<'de> for Decay {
    const EXPECTED: &'static str =
        "`constant`, `step` or `cosine`, or a table with this `name` and its options";

    fn table<D: Deserializer<'de>>(table: D) -> Result<Self, D::Error> {
        Self::deserialize(table)
    }
}

impl<'de> Deserialize<'de> for Decay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        name_or_table(deserializer)
    }
}

impl Serialize for Decay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Constant => serializer.serialize_str("constant"),
            Self::Step { steps } if *steps == steps_of_eos() => serializer.serialize_str("step"),
            Self::Cosine { floor: 0.0 } => serializer.serialize_str("cosine"),
            _ => Self::serialize(self, serializer),
        }
    }
}

impl JsonSchema for Decay {
    fn schema_name() -> Cow<'static, str> {
        "Decay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "object"],
            "x-words": "constant, step, cosine, { name = \"step\", steps = [{ after = 0.8, times = 0.01 }] }, …"
        })
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Epochs(epochs) => epochs.serialize(serializer),
            Self::Share(share) => share.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl Visitor<'_> for Seen {
            type Value = Moment;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number of epochs, such as 160, or a share of the run, such as 0.8")
            }

            fn visit_i64<E: serde::de::Error>(self, epochs: i64) -> Result<Moment, E> {
                usize::try_from(epochs)
                    .map(Moment::Epochs)
                    .map_err(|_| E::custom(format!("a run has no {epochs} epochs")))
            }

            fn visit_u64<E: serde::de::Error>(self, epochs: u64) -> Result<Moment, E> {
                Ok(Moment::Epochs(epochs as usize))
            }

            fn visit_f64<E: serde::de::Error>(self, share: f64) -> Result<Moment, E> {
                Moment::share(share).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Seen)
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "x-words": "epochs (160) or a share of the run (0.8)" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(schedule: &Schedule, epochs: usize, expected: &[(usize, f64)]) {
        for &(epoch, rate) in expected {
            let found = schedule.rate(epoch, epochs);
            assert!(
                (found - rate).abs() < 1e-15,
                "epoch {epoch} of {epochs}: {found}, not {rate}"
            );
        }
    }

    fn read(text: &str) -> Result<Schedule, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_default_is_that_of_eos() {
        let eos = Schedule::default();
        let warm_up = [(0, 0.02), (1, 0.04), (2, 0.06), (3, 0.08), (4, 0.1)];
        check(&eos, 200, &warm_up);
        check(&eos, 200, &[(5, 0.1), (159, 0.1), (160, 0.001), (179, 0.001)]);
        check(&eos, 200, &[(180, 1e-5), (199, 1e-5)]);
    }

    #[test]
    fn steps_move_with_the_length_of_a_run() {
        let steps = [(15, 0.1), (16, 0.001), (17, 0.001), (18, 1e-5), (19, 1e-5)];
        check(&Schedule::default(), 20, &steps);
    }

    #[test]
    fn the_head_of_eos_warms_up_and_stays() {
        let head = Schedule::default().with_decay(Decay::Constant);
        check(&head, 10, &[(0, 0.02), (4, 0.1), (5, 0.1), (9, 0.1)]);
    }

    #[test]
    fn steps_at_epochs_stay_where_they_are() {
        let schedule = read(
            r#"{"warm_up": 0, "decay": {"name": "step", "steps": [{"after": 4, "times": 0.1}, {"after": 2, "times": 0.5}]}}"#,
        )
        .unwrap();
        check(
            &schedule,
            100,
            &[(1, 0.1), (2, 0.05), (3, 0.05), (4, 0.01), (99, 0.01)],
        );
    }

    #[test]
    fn a_cosine_falls_to_its_floor() {
        let schedule = Schedule::constant(1.0).with_decay(Decay::Cosine { floor: 0.2 });
        check(&schedule, 10, &[(0, 1.0), (5, 0.6), (10, 0.2)]);
        let late = schedule.with_warm_up(2);
        check(&late, 10, &[(0, 0.5), (1, 1.0), (2, 1.0), (6, 0.6)]);
        // A run may end in warm-up.
        check(&late, 1, &[(0, 0.5)]);
    }

    #[test]
    fn a_number_with_a_point_is_a_share() {
        let moment = |text| serde_json::from_str::<Moment>(text).map_err(|error| error.to_string());
        assert_eq!(moment("1"), Ok(Moment::Epochs(1)));
        assert_eq!(moment("1.0"), Ok(Moment::Share(1.0)));
        assert!(moment("1.5").unwrap_err().contains("no share of a run"));
        assert!(moment("-3").unwrap_err().contains("no -3 epochs"));
    }

    #[test]
    fn decay_is_a_name_or_a_table() {
        let named = read(r#"{"decay": "cosine"}"#).unwrap();
        assert_eq!(
            named,
            read(r#"{"decay": {"name": "cosine", "floor": 0.0}}"#).unwrap()
        );
        assert_eq!(read("{}").unwrap(), read(r#"{"decay": "step"}"#).unwrap());
        for text in [
            r#"{"decay": "linear"}"#,
            r#"{"decay": {"name": "cosine", "ground": 0.1}}"#,
            r#"{"decay": 3}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let refused = |schedule: Schedule| schedule.check().unwrap_err().to_string();
        assert!(refused(Schedule::constant(0.0)).contains("`rate = 0`"));
        assert!(refused(Schedule::constant(f64::NAN)).contains("`rate = NaN`"));
        let cosine = Schedule::default().with_decay(Decay::Cosine { floor: 2.0 });
        assert!(refused(cosine).contains("`decay.floor = 2`"));
        assert!(Schedule::default().check().is_ok());
    }

    proptest! {
        #[test]
        fn schedules_survive_a_file(rate in 0.001_f64..1.0, warm_up in 0_usize..9, floor in 0.0_f64..1.0, pick in 0..3) {
            let step = |after, times| Step { after, times };
            let decay = match pick {
                0 => Decay::Constant,
                1 => Decay::Cosine { floor },
                _ => Decay::Step { steps: vec![step(Moment::Share(floor), 0.5), step(Moment::Epochs(warm_up), floor)] },
            };
            let schedule = Schedule::constant(rate).with_warm_up(warm_up).with_decay(decay);
            let text = serde_json::to_string(&schedule).unwrap();
            prop_assert_eq!(serde_json::from_str::<Schedule>(&text).unwrap(), schedule);
        }

        #[test]
        fn a_rate_is_never_above_the_first(epoch in 0_usize..100, warm_up in 0_usize..9, floor in 0.0_f64..1.0) {
            let schedule = Schedule::constant(0.3).with_warm_up(warm_up).with_decay(Decay::Cosine { floor });
            let rate = schedule.rate(epoch, 100);
            prop_assert!(rate > 0.0 || floor == 0.0);
            prop_assert!(rate <= 0.3 + 1e-12);
        }
    }
}
