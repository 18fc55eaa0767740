use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How a number becomes groups: a count of equally full ones, or where one ends and the next begins.
///
/// As text, `4` or `25, 45, 65`; in TOML, `4` or `[25, 45, 65]`.
#[derive(Debug, Clone, PartialEq)]
pub enum Bins {
    /// This many groups with about as many rows each; equal values stay together.
    Count(usize),
    /// The largest value of every group but the last, growing.
    Cuts(Vec<f64>),
}

/// More groups would be a place where one group ends, and a slip of the pen.
const MOST: usize = 12;

impl Bins {
    /// Reads the text form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` says no bins; write `4` for four groups, or `25,45` for groups that end there")
        };
        let text = text.trim().trim_start_matches('[').trim_end_matches(']');
        if let Ok(count) = text.parse::<usize>()
            && !text.contains('.')
        {
            return if (2..=MOST).contains(&count) {
                Ok(Self::Count(count))
            } else {
                Err(format!(
                    "{count} groups are too few or too many; write 2 to {MOST}, or `{count}.0` for two groups that meet there"
                ))
            };
        }
        let numbers: Option<Vec<f64>> = text
            .split(',')
            .map(|number| {
                number
                    .trim()
                    .parse::<f64>()
                    .ok()
                    .filter(|number| number.is_finite())
            })
            .collect();
        Self::of_cuts(numbers.ok_or_else(wrong)?)
    }

    fn of_cuts(cuts: Vec<f64>) -> Result<Self, String> {
        match cuts.windows(2).find(|pair| pair[0] >= pair[1]) {
            Some(pair) => Err(format!(
                "the ends of bins grow, and {} comes before {}",
                pair[0], pair[1]
            )),
            None if cuts.is_empty() => Err("no end of a bin is given; write `25,45`".into()),
            None => Ok(Self::Cuts(cuts)),
        }
    }

    /// Where groups end, for the numbers at hand.
    pub(crate) fn cuts(&self, numbers: &[f64]) -> Vec<f64> {
        let count = match self {
            Self::Cuts(cuts) => return cuts.clone(),
            Self::Count(count) => *count,
        };
        let mut sorted: Vec<f64> = numbers
            .iter()
            .copied()
            .filter(|number| !number.is_nan())
            .collect();
        sorted.sort_by(f64::total_cmp);
        let mut cuts: Vec<f64> = (1..count)
            .filter_map(|part| sorted.get((part * sorted.len()).div_ceil(count).saturating_sub(1)))
            .copied()
            .collect();
        cuts.dedup();
        // A last group without rows is none.
        cuts.retain(|cut| sorted.last().is_some_and(|last| cut < last));
        cuts
    }
}

impl Serialize for Bins {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => count.serialize(serializer),
            Self::Cuts(cuts) => cuts.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Bins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> serde::de::Visitor<'de> for Seen {
            type Value = Bins;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number of groups, such as `4`, or where they end, such as `[25, 45]`")
            }

            fn visit_i64<E: serde::de::Error>(self, count: i64) -> Result<Bins, E> {
                Bins::parse(&count.to_string()).map_err(E::custom)
            }

            fn visit_u64<E: serde::de::Error>(self, count: u64) -> Result<Bins, E> {
                Bins::parse(&count.to_string()).map_err(E::custom)
            }

            fn visit_f64<E: serde::de::Error>(self, cut: f64) -> Result<Bins, E> {
                Bins::of_cuts(vec![cut]).map_err(E::custom)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Bins, E> {
                Bins::parse(text).map_err(E::custom)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Bins, A::Error> {
                let mut cuts = Vec::new();
                while let Some(cut) = list.next_element::<f64>()? {
                    cuts.push(cut);
                }
                Bins::of_cuts(cuts).map_err(serde::de::Error::custom)
            }
        }
        deserializer.deserialize_any(Seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, numbers: &[f64], cuts: &[f64]) {
        assert_eq!(Bins::parse(text).expect("bins").cuts(numbers), cuts, "{text}");
    }

    #[test]
    fn a_count_makes_groups_that_are_about_as_full() {
        check("2", &[4.0, 1.0, 3.0, 2.0], &[2.0]);
        check("3", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2.0, 4.0]);
    }

    #[test]
    fn equal_values_stay_together() {
        check("4", &[1.0, 1.0, 1.0, 1.0, 2.0], &[1.0]);
        check("2", &[1.0, 1.0], &[]);
    }

    #[test]
    fn ends_are_taken_as_they_are() {
        check("25, 45.5", &[], &[25.0, 45.5]);
        check("[25.0]", &[], &[25.0]);
    }

    #[test]
    fn what_makes_no_groups_is_refused() {
        for text in ["", "1", "0", "25", "45,25", "a,b", "nan,3", "25,25"] {
            assert!(Bins::parse(text).is_err(), "{text}");
        }
    }
}
