use std::borrow::Cow;
use std::fmt;

use counterpoise_base::{Labels, nearest_name};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;

/// How many rows of which class: `sampling_strategy`.
///
/// As text: `auto`, `minority`, `majority`, `not minority`, `not majority`, `all`; a ratio such as `0.5`; a
/// multiple such as `x2`; a list of classes to clean, `[a, b]`; or wanted totals per class,
/// `yes=500, no=x2`. After any of the first three, `cap 5000` (rows) or `cap x10` (times the class's own rows)
/// bounds what a class may grow to. In TOML, lists and tables work too: `{ yes = 500, no = "x2" }`.
///
/// # Source
///
/// Words, ratios, totals and lists mean what they mean in imbalanced-learn 0.14 (`check_sampling_strategy`), with
/// two differences: a ratio is not cut by floating point (`0.29` of 100 rows is 29, not 28), and a ratio works
/// with more than two classes. Multiples and caps are ours.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Strategy {
    rule: Rule,
    cap: Option<Amount>,
}

#[derive(Debug, Clone, PartialEq, Default)]
enum Rule {
    #[default]
    Auto,
    Minority,
    Majority,
    NotMinority,
    NotMajority,
    All,
    Every(Amount),
    Classes(Vec<String>),
    PerClass(Vec<(String, Amount)>),
}

/// How many rows a class is to have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// This many.
    Rows(usize),
    /// This many times its own rows.
    Times(f64),
    /// This share of the largest class when rows are made; when rows are removed, the smallest class is this
    /// share of it.
    Ratio(f64),
}

/// What a method does to the classes it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Makes rows.
    Over,
    /// Removes rows down to a number.
    Under,
    /// Removes rows by a rule; their number cannot be chosen.
    Clean,
}

/// A [`Strategy`], worked out for the labels at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets {
    /// Class and number of rows, in class order: rows to make ([`Direction::Over`]), rows to keep
    /// ([`Direction::Under`]), or 0 for a class that is cleaned.
    pub changes: Vec<(u32, usize)>,
}

impl Targets {
    /// Rows to make of a class, or to keep of it; 0 for a class that does not change.
    pub(crate) fn count(&self, class: u32) -> usize {
        let of_class = self.changes.iter().find(|(changed, _)| *changed == class);
        of_class.map_or(0, |&(_, count)| count)
    }
}

impl Direction {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Over => "over-sampling",
            Self::Under => "under-sampling",
            Self::Clean => "cleaning",
        }
    }
}

impl Strategy {
    /// Every class, the largest (or for under-sampling the smallest) included.
    pub fn all() -> Self {
        Rule::All.into()
    }

    /// Wanted totals per class.
    pub fn per_class<S: Into<String>>(totals: impl IntoIterator<Item = (S, Amount)>) -> Self {
        Rule::PerClass(
            totals
                .into_iter()
                .map(|(class, amount)| (class.into(), amount))
                .collect(),
        )
        .into()
    }

    /// One amount for every class but the largest (smallest).
    pub fn every(amount: Amount) -> Self {
        Rule::Every(amount).into()
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(list) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return Ok(
                Rule::Classes(list.split(',').map(|class| unquote(class).to_owned()).collect()).into(),
            );
        }
        if text.contains('=') {
            let text = text.trim_start_matches('{').trim_end_matches('}');
            let pair = |pair: &str| {
                let (class, amount) = pair.rsplit_once('=').ok_or_else(|| {
                    format!(
                        "`{}` is no `class=amount`; write e.g. `yes=500, no=x2`",
                        pair.trim()
                    )
                })?;
                Ok::<_, String>((unquote(class).to_owned(), Amount::parse(unquote(amount))?))
            };
            return Ok(Rule::PerClass(text.split(',').map(pair).collect::<Result<_, _>>()?).into());
        }
        let (rule, cap) = match text.rsplit_once("cap ") {
            Some((rule, cap)) => {
                let cap = Amount::parse(cap.trim())?;
                if matches!(cap, Amount::Ratio(_)) {
                    return Err("a cap is a number of rows (`cap 5000`) or a multiple (`cap x10`)".into());
                }
                (rule.trim().trim_end_matches(','), Some(cap))
            }
            None => (text, None),
        };
        let rule = match rule.replace(['-', '_'], " ").as_str() {
            "auto" | "" => Rule::Auto,
            "minority" => Rule::Minority,
            "majority" => Rule::Majority,
            "not minority" => Rule::NotMinority,
            "not majority" => Rule::NotMajority,
            "all" => Rule::All,
            _ => match Amount::parse(rule)? {
                Amount::Rows(1) => Rule::Every(Amount::Ratio(1.0)),
                Amount::Rows(rows) => {
                    return Err(format!(
                        "`{rows}` does not say which class; write `class={rows}`, or `x{rows}` for a multiple"
                    ));
                }
                amount => Rule::Every(amount),
            },
        };
        Ok(Self { rule, cap })
    }

    /// Works the strategy out for the labels at hand.
    pub fn targets(&self, labels: &Labels, direction: Direction) -> Result<Targets, Error> {
        let counts = labels.counts();
        let present: Vec<u32> = (0..counts.len() as u32)
            .filter(|&code| counts[code as usize] > 0)
            .collect();
        if present.len() < 2 {
            let class = present
                .first()
                .map_or(String::new(), |&code| labels.classes()[code as usize].clone());
            return Err(Error::OneClass { class });
        }
        let count = |code: u32| counts[code as usize];
        // Of equally large classes the first counts as the largest, as in imbalanced-learn.
        let largest = present
            .iter()
            .copied()
            .rev()
            .max_by_key(|&code| count(code))
            .unwrap_or(0);
        let smallest = present
            .iter()
            .copied()
            .min_by_key(|&code| count(code))
            .unwrap_or(0);
        let (most, least) = (count(largest), count(smallest));
        let misfit = |hint| Error::StrategyMisfit {
            strategy: self.to_string(),
            direction: direction.words(),
            hint,
        };

        let rule = match (&self.rule, direction) {
            (Rule::Auto, Direction::Over) => &Rule::NotMajority,
            (Rule::Auto, _) => &Rule::NotMinority,
            (rule, _) => rule,
        };
        let chosen: Vec<u32> = match (rule, direction) {
            (Rule::Majority, Direction::Over) => {
                return Err(misfit(
                    "the largest class needs no rows; use `auto`, or totals: `class=500`",
                ));
            }
            (Rule::Minority, Direction::Under | Direction::Clean) => {
                return Err(misfit(
                    "the smallest class keeps its rows; use `auto` or `majority`",
                ));
            }
            (Rule::Every(_) | Rule::PerClass(_), Direction::Clean) => {
                return Err(misfit(
                    "how many rows go is up to the method; name the classes to clean: `[a, b]`",
                ));
            }
            (Rule::Classes(_), Direction::Over | Direction::Under) => {
                return Err(misfit(
                    "a list is for cleaning methods; give totals instead: `a=500, b=x2`",
                ));
            }
            (Rule::Minority, _) => vec![smallest],
            (Rule::Majority, _) => vec![largest],
            (Rule::NotMinority, _) => present.iter().copied().filter(|&code| code != smallest).collect(),
            (Rule::NotMajority, _) => present.iter().copied().filter(|&code| code != largest).collect(),
            (Rule::Every(_), Direction::Over) => {
                present.iter().copied().filter(|&code| code != largest).collect()
            }
            (Rule::Every(_), _) => present.iter().copied().filter(|&code| code != smallest).collect(),
            (Rule::Classes(names), _) => codes_of(names.iter(), labels)?,
            (Rule::PerClass(pairs), _) => codes_of(pairs.iter().map(|(class, _)| class), labels)?,
            (Rule::All | Rule::Auto, _) => present.clone(),
        };

        let wanted = |code: u32| -> Result<usize, Error> {
            let amount = match rule {
                Rule::Every(amount) => *amount,
                Rule::PerClass(pairs) => {
                    let name = &labels.classes()[code as usize];
                    pairs
                        .iter()
                        .rev()
                        .find(|(class, _)| class == name)
                        .map_or(Amount::Times(1.0), |pair| pair.1)
                }
                _ => Amount::Ratio(1.0),
            };
            let total = match (amount, direction) {
                (Amount::Rows(rows), _) => rows,
                (Amount::Times(times), _) => whole(times * count(code) as f64),
                (Amount::Ratio(ratio), Direction::Over) => whole(ratio * most as f64),
                (Amount::Ratio(ratio), _) => whole(least as f64 / ratio),
            };
            if total > MOST_ROWS {
                return Err(Error::TooManyRows {
                    class: labels.classes()[code as usize].clone(),
                });
            }
            // With more than two classes, one ratio for all leaves those alone that already satisfy it.
            let lenient = matches!(rule, Rule::Every(Amount::Ratio(_))) && present.len() > 2;
            let wrong = match direction {
                Direction::Over => total < count(code),
                Direction::Under => total > count(code),
                Direction::Clean => false,
            };
            match (wrong, lenient) {
                (true, true) => Ok(count(code)),
                (true, false) => Err(Error::WrongDirection {
                    class: labels.classes()[code as usize].clone(),
                    rows: count(code),
                    asked: total,
                    direction: direction.words(),
                }),
                (false, _) => Ok(total),
            }
        };
        let change = |code: u32| -> Result<(u32, usize), Error> {
            Ok((
                code,
                match direction {
                    Direction::Clean => 0,
                    Direction::Under => wanted(code)?,
                    Direction::Over => {
                        let limit = match self.cap {
                            None => usize::MAX,
                            Some(Amount::Times(times)) => whole(times * count(code) as f64),
                            Some(Amount::Rows(rows)) => rows,
                            Some(Amount::Ratio(ratio)) => whole(ratio * most as f64),
                        };
                        wanted(code)?.min(limit).saturating_sub(count(code))
                    }
                },
            ))
        };
        let changes: Vec<(u32, usize)> = chosen.into_iter().map(change).collect::<Result<_, _>>()?;
        let made: usize = changes.iter().map(|&(_, rows)| rows).sum();
        match changes.iter().max_by_key(|&&(_, rows)| rows) {
            Some(&(class, _)) if direction == Direction::Over && labels.len() + made > MOST_ROWS => {
                Err(Error::TooManyRows {
                    class: labels.classes()[class as usize].clone(),
                })
            }
            _ => Ok(Targets { changes }),
        }
    }
}

/// Rows are named by 32 bits, in graphs and in origins.
const MOST_ROWS: usize = u32::MAX as usize;

/// The whole part, where a product that misses an integer by rounding alone counts as that integer.
fn whole(x: f64) -> usize {
    (x + 1e-9 * x.max(1.0)).floor() as usize
}

fn unquote(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

fn codes_of<'a>(names: impl Iterator<Item = &'a String>, labels: &Labels) -> Result<Vec<u32>, Error> {
    let code = |name: &String| {
        labels.code_of(name).ok_or_else(|| {
            let classes = labels.classes();
            let suggestion = match nearest_name(name, classes.iter().map(String::as_str)) {
                Some(class) => format!("did you mean `{class}`?"),
                None if classes.len() <= 12 => format!("the classes are `{}`", classes.join("`, `")),
                None => format!("the first classes are `{}`", classes[..12].join("`, `")),
            };
            Error::UnknownClass {
                class: name.clone(),
                suggestion,
            }
        })
    };
    let mut codes = names.map(code).collect::<Result<Vec<u32>, _>>()?;
    codes.sort_unstable();
    codes.dedup();
    Ok(codes)
}

impl From<Rule> for Strategy {
    fn from(rule: Rule) -> Self {
        Self { rule, cap: None }
    }
}

impl Amount {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let unknown = || {
            format!(
                "`{text}` is no amount; write a number of rows (`500`), a ratio (`0.5`) or a multiple (`x2`), or as a whole one of \
                 `auto`, `minority`, `majority`, `not minority`, `not majority`, `all`"
            )
        };
        if let Some(times) = text.strip_prefix('x') {
            let times: f64 = times.trim().parse().map_err(|_| unknown())?;
            return if times > 0.0 && times.is_finite() {
                Ok(Self::Times(times))
            } else {
                Err(format!(
                    "`x{times}` is no multiple; it has to be above 0, such as `x2`"
                ))
            };
        }
        if let Ok(rows) = text.parse() {
            return Ok(Self::Rows(rows));
        }
        Self::ratio(text.parse().map_err(|_| unknown())?)
    }

    fn ratio(ratio: f64) -> Result<Self, String> {
        if ratio > 0.0 && ratio <= 1.0 {
            Ok(Self::Ratio(ratio))
        } else {
            Err(format!(
                "the ratio {ratio} is not in (0, 1]; for a multiple write `x{ratio}`"
            ))
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(rows) => write!(f, "{rows}"),
            Self::Times(times) => write!(f, "x{times}"),
            // `1.0` keeps its point, so that it is not read back as one row.
            Self::Ratio(ratio) => write!(f, "{ratio:?}"),
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Rule::Auto => f.write_str("auto")?,
            Rule::Minority => f.write_str("minority")?,
            Rule::Majority => f.write_str("majority")?,
            Rule::NotMinority => f.write_str("not minority")?,
            Rule::NotMajority => f.write_str("not majority")?,
            Rule::All => f.write_str("all")?,
            Rule::Every(amount) => write!(f, "{amount}")?,
            Rule::Classes(classes) => write!(f, "[{}]", classes.join(", "))?,
            Rule::PerClass(pairs) => {
                let pairs: Vec<String> = pairs
                    .iter()
                    .map(|(class, amount)| format!("{class}={amount}"))
                    .collect();
                f.write_str(&pairs.join(", "))?;
            }
        }
        self.cap.map_or(Ok(()), |cap| write!(f, " cap {cap}"))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Rows(rows) => serializer.serialize_u64(*rows as u64),
            Self::Ratio(ratio) => serializer.serialize_f64(*ratio),
            Self::Times(_) => serializer.collect_str(self),
        }
    }
}

impl Serialize for Strategy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.rule {
            Rule::Every(Amount::Ratio(ratio)) if self.cap.is_none() => serializer.serialize_f64(*ratio),
            Rule::Classes(classes) => {
                let mut list = serializer.serialize_seq(Some(classes.len()))?;
                for class in classes {
                    list.serialize_element(class)?;
                }
                list.end()
            }
            Rule::PerClass(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                for (class, amount) in pairs {
                    map.serialize_entry(class, amount)?;
                }
                map.end()
            }
            _ => serializer.collect_str(self),
        }
    }
}

struct AmountVisitor;

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of rows (500), a ratio (0.5) or a multiple (\"x2\")")
    }

    fn visit_u64<E: serde::de::Error>(self, rows: u64) -> Result<Amount, E> {
        Ok(Amount::Rows(rows as usize))
    }

    fn visit_i64<E: serde::de::Error>(self, rows: i64) -> Result<Amount, E> {
        usize::try_from(rows)
            .map(Amount::Rows)
            .map_err(|_| E::custom(format!("a class cannot have {rows} rows")))
    }

    fn visit_f64<E: serde::de::Error>(self, ratio: f64) -> Result<Amount, E> {
        Amount::ratio(ratio).map_err(E::custom)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Amount, E> {
        Amount::parse(text).map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct StrategyVisitor;

impl<'de> Visitor<'de> for StrategyVisitor {
    type Value = Strategy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sampling strategy: \"auto\", 0.5, \"x2\", a list of classes, or { class = 500 }")
    }

    fn visit_f64<E: serde::de::Error>(self, ratio: f64) -> Result<Strategy, E> {
        Amount::ratio(ratio).map(Strategy::every).map_err(E::custom)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Strategy, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Strategy, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Strategy, E> {
        Strategy::parse(text).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Strategy, A::Error> {
        let mut classes = Vec::new();
        while let Some(class) = list.next_element()? {
            classes.push(class);
        }
        Ok(Rule::Classes(classes).into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strategy, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Rule::PerClass(pairs).into())
    }
}

impl<'de> Deserialize<'de> for Strategy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrategyVisitor)
    }
}

impl JsonSchema for Strategy {
    fn schema_name() -> Cow<'static, str> {
        "Strategy".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "array", "object"], "x-words": "auto, 0.5, x2, class=500, …" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(counts: &[(&str, usize)]) -> Labels {
        let names: Vec<&str> = counts
            .iter()
            .flat_map(|(class, rows)| std::iter::repeat_n(*class, *rows))
            .collect();
        Labels::from_names(&names)
    }

    fn three() -> Labels {
        labels(&[("a", 100), ("b", 40), ("c", 10)])
    }

    fn two() -> Labels {
        labels(&[("no", 100), ("yes", 10)])
    }

    fn check(text: &str, labels: &Labels, direction: Direction, expected: &[(u32, usize)]) {
        let strategy = Strategy::parse(text).expect("the strategy can be read");
        let targets = strategy.targets(labels, direction).expect("the strategy fits");
        assert_eq!(targets.changes, expected, "{text} {direction:?}");
    }

    fn check_error(text: &str, labels: &Labels, direction: Direction, expected: &str) {
        let strategy = Strategy::parse(text).expect("the strategy can be read");
        let error = strategy
            .targets(labels, direction)
            .expect_err("the strategy does not fit");
        let shown = format!("{error} / {}", error.hint().unwrap_or_default());
        assert!(shown.contains(expected), "{shown}");
    }

    #[test]
    fn words_choose_the_classes_that_imbalanced_learn_chooses() {
        use Direction::{Clean, Over, Under};
        check("auto", &three(), Over, &[(1, 60), (2, 90)]);
        check("auto", &three(), Under, &[(0, 10), (1, 10)]);
        check("auto", &three(), Clean, &[(0, 0), (1, 0)]);
        check("minority", &three(), Over, &[(2, 90)]);
        check("not minority", &three(), Over, &[(0, 0), (1, 60)]);
        check("majority", &three(), Under, &[(0, 10)]);
        check("not majority", &three(), Under, &[(1, 10), (2, 10)]);
        check("all", &three(), Over, &[(0, 0), (1, 60), (2, 90)]);
        check("all", &three(), Under, &[(0, 10), (1, 10), (2, 10)]);
        check("[c, a]", &three(), Clean, &[(0, 0), (2, 0)]);
    }

    #[test]
    fn of_equally_large_classes_the_first_is_the_largest() {
        let equal = labels(&[("a", 5), ("b", 5), ("c", 3)]);
        check("auto", &equal, Direction::Over, &[(1, 0), (2, 2)]);
        check(
            "minority",
            &labels(&[("a", 3), ("b", 3), ("c", 5)]),
            Direction::Over,
            &[(0, 2)],
        );
    }

    #[test]
    fn ratios_and_multiples_are_whole_rows() {
        check("0.5", &two(), Direction::Over, &[(1, 40)]);
        check("0.29", &two(), Direction::Over, &[(1, 19)]);
        check("0.3", &two(), Direction::Under, &[(0, 33)]);
        check("0.5", &three(), Direction::Over, &[(1, 10), (2, 40)]);
        check("0.3", &three(), Direction::Over, &[(1, 0), (2, 20)]);
        check("x2", &three(), Direction::Over, &[(1, 40), (2, 10)]);
        check("x0.5", &three(), Direction::Under, &[(0, 50), (1, 20)]);
    }

    #[test]
    fn totals_may_mix_rows_multiples_and_ratios() {
        check("c=x3, b=50", &three(), Direction::Over, &[(1, 10), (2, 20)]);
        check("a=30", &three(), Direction::Under, &[(0, 30)]);
    }

    #[test]
    fn a_cap_bounds_growth() {
        check("auto cap 50", &three(), Direction::Over, &[(1, 10), (2, 40)]);
        check("auto, cap x2", &three(), Direction::Over, &[(1, 40), (2, 10)]);
    }

    #[test]
    fn what_does_not_fit_says_what_to_type() {
        check_error("0.05", &two(), Direction::Over, "ask for 10 or more");
        check_error(
            "yes=5",
            &two(),
            Direction::Over,
            "has 10 rows and `sampling_strategy` asks for 5",
        );
        check_error("no=500", &two(), Direction::Under, "100 or fewer");
        check_error("ys=50", &two(), Direction::Over, "did you mean `yes`?");
        check_error("majority", &two(), Direction::Over, "use `auto`");
        check_error("minority", &two(), Direction::Clean, "`majority`");
        check_error("0.5", &two(), Direction::Clean, "name the classes");
        check_error("[yes]", &two(), Direction::Over, "a=500");
        check_error(
            "auto",
            &labels(&[("a", 3)]),
            Direction::Over,
            "one class only, `a`",
        );
        assert!(Strategy::parse("1.5").expect_err("not a ratio").contains("x1.5"));
        assert!(Strategy::parse("500").expect_err("whose?").contains("class=500"));
        assert!(
            Strategy::parse("balanced")
                .expect_err("no word")
                .contains("`not minority`")
        );
    }

    #[test]
    fn every_form_survives_its_text() {
        for text in [
            "auto",
            "not minority",
            "0.5",
            "1.0",
            "x2",
            "[a, b]",
            "a=500, b=x2, c=0.5",
            "auto cap x10",
        ] {
            let strategy = Strategy::parse(text).expect("the strategy can be read");
            assert_eq!(strategy.to_string(), text);
            let json = serde_json::to_string(&strategy).expect("a strategy is plain data");
            assert_eq!(
                serde_json::from_str::<Strategy>(&json).expect("what was written is read"),
                strategy
            );
        }
    }
}
