//! A description of a run from a file, flags and defaults.

use counterpoise_base::nearest_name;
use counterpoise_sampling::Method;
use serde::Deserialize as _;
use toml::{Table, Value};

use crate::{Error, Experiment};

impl Experiment {
    /// Reads a description: defaults, then the text of a file (`place` names it in messages), then single settings by
    /// their path, as `("method.k_neighbors", 7)`.
    pub fn merged(place: &str, text: &str, settings: Vec<(String, Value)>) -> Result<Self, Error> {
        let config = |place: &str, problem: String, hint: Option<String>| Error::Config {
            place: place.into(),
            problem,
            hint,
        };
        let mut table = parsed(place, text)?;
        for (path, value) in settings {
            set(&mut table, &path, value)?;
            if let Some(option) = path.strip_prefix("method.") {
                forget_synonyms(&mut table, option);
            }
        }
        // What would be missing otherwise is asked of another kind of run.
        for (name, value) in table.iter().filter(|(_, value)| value.is_table()) {
            let alone: Table = [(name.clone(), value.clone())].into_iter().collect();
            if let Err(error) = Self::deserialize(alone)
                && let Some(hint) = meant(error.message())
                    .filter(|_| error.message().starts_with(&format!("unknown field `{name}`")))
            {
                return Err(config(place, format!("unknown table `{name}`"), Some(hint)));
            }
        }
        if let Some(Value::Table(method)) = table.get_mut("method") {
            if let Some(name) = method.get("name").and_then(Value::as_str) {
                let name = Method::canonical_name(name)?;
                method.insert("name".into(), name.into());
            } else {
                let hint = "write `name = \"smote\"`; `counterpoise describe` lists all methods";
                return Err(config(place, "the method has no name".into(), Some(hint.into())));
            }
        }
        if table.get("data").is_none_or(|data| data.get("path").is_none()) {
            let hint = "write the file to read under `[data]` as `path = \"data.csv\"`";
            return Err(config(
                place,
                "no file to read is named".into(),
                Some(hint.into()),
            ));
        }
        if table.get("data").is_none_or(|data| data.get("target").is_none()) {
            let hint = "name the column of classes with `--target`, or under `[data]` as `target = \"y\"`";
            return Err(config(place, "no target is named".into(), Some(hint.into())));
        }
        Self::deserialize(table.clone()).map_err(|error| blame(place, &table, &error))
    }

    /// A description for [`profile`](crate::profile()): missing values are counted and measured around, where resampling would
    /// refuse them, unless a setting says otherwise.
    pub fn to_profile(place: &str, settings: Vec<(String, Value)>) -> Result<Self, Error> {
        let mut all = vec![("data.missing".to_owned(), Value::from("distance"))];
        all.extend(settings);
        Self::merged(place, "", all)
    }

    /// The merged description as TOML, from which the run can be repeated. Fails for what TOML cannot hold: a path that is
    /// not UTF-8, a whole number beyond 63 bits.
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string(self).map_err(|error| Error::Config {
            place: "the description of the run".into(),
            problem: error.to_string(),
            hint: None,
        })
    }
}

/// Reads a description; an error names the line.
pub(crate) fn parsed(place: &str, text: &str) -> Result<Table, Error> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(0, |span| {
            text[..span.start.min(text.len())].matches('\n').count() + 1
        });
        Error::Config {
            place: format!("{place}, line {line}"),
            problem: error.message().to_owned(),
            hint: Some("name a TOML file, or a report that holds one".into()),
        }
    })
}

/// Puts a value at a dotted path, making tables on the way.
pub(crate) fn set(table: &mut Table, path: &str, value: Value) -> Result<(), Error> {
    let Some((first, rest)) = path.split_once('.') else {
        table.insert(path.into(), value);
        return Ok(());
    };
    let entry = table.entry(first).or_insert_with(|| Value::Table(Table::new()));
    match entry {
        Value::Table(inner) => set(inner, rest, value),
        _ => Err(Error::Config {
            place: format!("--set {path}"),
            problem: format!("`{first}` is a value, not a table"),
            hint: None,
        }),
    }
}

/// The description that a report holds, to repeat its run.
pub fn experiment_of_report(html: &str) -> Option<String> {
    let after = html.split_once("experiment.toml<button")?.1;
    let code = after.split_once("<code>")?.1.split_once("</code>")?.0;
    Some(
        code.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&"),
    )
}

/// Drops an older value of an option that was written under its other name, `k` for `k_neighbors`.
fn forget_synonyms(table: &mut Table, option: &str) {
    let Some(Value::Table(method)) = table.get_mut("method") else {
        return;
    };
    let name = method.get("name").and_then(Value::as_str).unwrap_or_default();
    let Ok(name) = Method::canonical_name(name) else {
        return;
    };
    let both = |other: &str| {
        let mut both: Table = [("name".to_owned(), name.into())].into_iter().collect();
        for part in [other, option] {
            if let Some(value) = method.get(part) {
                both.insert(part.into(), value.clone());
            }
        }
        other != "name"
            && Method::deserialize(both).is_err_and(|error| error.message().contains("duplicate field"))
    };
    let others: Vec<String> = method.keys().filter(|key| both(key)).cloned().collect();
    for other in others {
        method.remove(&other);
    }
}

/// Names the setting that a description fails for.
fn blame(place: &str, table: &Table, error: &toml::de::Error) -> Error {
    if let Some(Value::Table(method)) = table.get("method")
        && let Some(name) = method.get("name").and_then(Value::as_str)
    {
        // Methods are told apart by a field, which costs the path of the field that is wrong: each is tried alone.
        for (option, value) in method.iter().filter(|(option, _)| *option != "name") {
            let mut alone = Table::new();
            alone.insert("name".into(), name.into());
            alone.insert(option.clone(), value.clone());
            if let Err(error) = Method::deserialize(alone) {
                return Error::Config {
                    place: place.into(),
                    problem: format!("`method.{option} = {value}`: {}", in_plain_words(error.message())),
                    hint: Some(format!("`counterpoise describe {name}` lists its options")),
                };
            }
        }
    }
    blame_part(place, error)
}

/// Names the path of a description at which a deserializer gave up.
pub(crate) fn blame_part(place: &str, error: &toml::de::Error) -> Error {
    let message = error.to_string();
    let (message, path) = match message.trim().rsplit_once("\nin `") {
        Some((message, path)) => (message, path.trim_end_matches('`')),
        None => (message.trim(), ""),
    };
    let hint = match path {
        // Flags take a shorter form.
        "data.imbalance" | "test.imbalance" => Some(
            "write `imbalance = { exponential = { ratio = 100 } }`, `{ step = { ratio = 10, share = 0.5 } }`, `{ ranked = [500, 50, 5] }`, `{ counts = { cat = 5 } }` or `{ paper = \"deepsmote-mnist\" }`"
                .to_owned(),
        ),
        _ => meant(message),
    };
    let path = if path.is_empty() {
        String::new()
    } else {
        format!("`{path}`: ")
    };
    Error::Config {
        place: place.into(),
        problem: format!("{path}{}", in_plain_words(message)),
        hint,
    }
}

/// Tables that make a description one of something else.
const KINDS: [&str; 2] = ["train", "deepsmote"];

/// The name that a deserializer knows and that is near to the one that it does not.
fn meant(message: &str) -> Option<String> {
    let (name, known) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let known = known.split('`').skip(1).step_by(2);
    let near = nearest_name(name, known.chain(KINDS))?;
    Some(format!("did you mean `{near}`?"))
}

/// What a deserializer says, without the names of Rust types.
pub(crate) fn in_plain_words(message: &str) -> String {
    let mut words = message.replace('\n', ": ");
    for (name, plain) in [
        ("a nonzero usize", "a whole number, 1 or more"),
        ("usize", "a whole number, 0 or more"),
        ("u64", "a whole number, 0 or more"),
        ("f64", "a number"),
        ("a map", "a table"),
        ("struct OutputPart", "a table with `path`"),
        ("struct ReportPart", "a table with `path`"),
        ("struct ImagePart", "a table with `path`"),
        ("struct DataPart", "a table with `path` and `target`"),
        ("struct TablePart", "a table with `path` and `target`"),
        ("struct TestTable", "a table with `path`"),
        ("internally tagged enum Method", "a table with `name`"),
    ] {
        words = words.replace(&format!("expected {name}"), &format!("expected {plain}"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "seed = 7\n[data]\npath = \"a.csv\"\ntarget = \"y\"\n[method]\nname = \"SMOTE\"\n";

    fn error(text: &str) -> String {
        Experiment::merged("x.toml", text, Vec::new())
            .expect_err(text)
            .to_string()
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let settings = vec![("method.k_neighbors".to_owned(), toml::Value::Integer(3))];
        let merged = Experiment::merged("x.toml", TEXT, settings).expect("it is right");
        assert_eq!(merged.seed, 7);
        let Some(Method::Smote(smote)) = &merged.method else {
            panic!("{:?}", merged.method)
        };
        assert_eq!(smote.k_neighbors.get(), 3);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for name in Method::names() {
            let settings = vec![
                ("method.name".to_owned(), toml::Value::from(*name)),
                ("output.path".to_owned(), "o.csv".into()),
            ];
            let merged = Experiment::merged("x.toml", TEXT, settings).expect(name);
            let again = Experiment::merged("x.toml", &merged.to_toml().expect(name), Vec::new()).expect(name);
            assert_eq!(again, merged);
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert!(error("seed = \n").starts_with("x.toml, line 1: "));
        let table = Experiment::merged("x.toml", "[data]\npath = \"p\"\n[deepsmoot]\n", Vec::new());
        let table = table.expect_err("there is no such table");
        assert_eq!(table.to_string(), "x.toml: unknown table `deepsmoot`");
        assert_eq!(table.hint().as_deref(), Some("did you mean `deepsmote`?"));
        assert_eq!(
            error("[data]\ntarget = \"y\"\n"),
            "x.toml: no file to read is named"
        );
        let twice = vec![("method.k_neighbors".to_owned(), 2.into())];
        let merged = Experiment::merged("x.toml", &format!("{TEXT}k = 3\n"), twice).expect("flags win");
        let text = merged.to_toml().expect("it is plain");
        assert!(text.contains("k_neighbors = 2"));
        assert!(error(&TEXT.replace("SMOTE", "smoet")).contains("`smoet`"));
        assert_eq!(
            error(&format!("{TEXT}k = 0\n")),
            "x.toml: `method.k = 0`: invalid value: integer `0`, expected a whole number, 1 or more"
        );
        assert_eq!(
            error(&format!("{TEXT}[output]\n")),
            "x.toml: `output`: missing field `path`"
        );
        assert!(error(&format!("{TEXT}neighbours = 3\n")).contains("neighbours"));
    }
}
