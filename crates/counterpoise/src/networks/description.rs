use counterpoise_deep::{Loss, TrainOptions};
use serde::Deserialize as _;
use toml::{Table, Value};

use crate::Error;
use crate::merge::{blame_part, in_plain_words, parsed, set};

/// Reads a description of a training: the text of a file (`place` names it in messages), then single settings by their path.
pub(crate) fn described(place: &str, text: &str, settings: Vec<(String, Value)>) -> Result<Table, Error> {
    let mut table: Table = parsed(place, text)?;
    for (path, value) in settings {
        if path.starts_with("train.") {
            names_as_tables(&mut table, &path);
        }
        set(&mut table, &path, value)?;
    }
    if let Some(Value::Table(train)) = table.get_mut("train") {
        name_loss(place, train)?;
        one_optimizer(place, train)?;
    }
    Ok(table)
}

/// Makes room for an option of something that is written as its name alone: `loss = "focal"` and `train.loss.gamma`.
pub(crate) fn names_as_tables(table: &mut Table, path: &str) {
    let mut inner = table;
    let mut parts = path.split('.').peekable();
    while let Some(part) = parts.next() {
        let Some(entry) = inner.get_mut(part) else {
            return;
        };
        if parts.peek().is_some()
            && let Some(name) = entry.as_str()
        {
            *entry = Value::Table([("name".to_owned(), Value::from(name))].into_iter().collect());
        }
        match entry {
            Value::Table(table) => inner = table,
            _ => return,
        }
    }
}

/// Gives the loss its full name, or says which losses there are; options without a name are those of the default loss.
fn name_loss(place: &str, train: &mut Table) -> Result<(), Error> {
    let known = |name: &str| Loss::from_name(name).map(|loss| Value::from(loss.name()));
    if let Some(Value::Table(loss)) = train.get("loss")
        && let Some((name, Value::Table(options))) = loss
            .iter()
            .find(|(name, value)| value.is_table() && Loss::from_name(name).is_ok())
    {
        let set = options
            .iter()
            .map(|(option, value)| format!(" --set train.loss.{option}={value}"));
        let written = options
            .iter()
            .map(|(option, value)| format!(", {option} = {value}"));
        return Err(Error::Config {
            place: place.into(),
            problem: format!("`train.loss.{name}`: options of a loss stand beside its name"),
            hint: Some(format!(
                "write `--loss {name}{}`, in a file `loss = {{ name = \"{name}\"{} }}`",
                set.collect::<String>(),
                written.collect::<String>()
            )),
        });
    }
    match train.get_mut("loss") {
        Some(Value::String(name)) => {
            let name = known(name)?;
            train.insert("loss".into(), name);
        }
        Some(Value::Table(loss)) => {
            let name = match loss.get("name") {
                Some(Value::String(name)) => known(name)?,
                Some(_) => return Ok(()),
                None => Value::from(Loss::default().name()),
            };
            loss.insert("name".into(), name);
        }
        _ => {}
    }
    Ok(())
}

/// Refuses options of two optimizers at once.
fn one_optimizer(place: &str, train: &Table) -> Result<(), Error> {
    match train.get("optimizer") {
        Some(Value::Table(optimizer)) if optimizer.len() > 1 => {
            let names: Vec<&str> = optimizer.keys().map(String::as_str).collect();
            Err(Error::Config {
                place: place.into(),
                problem: format!("`train.optimizer` names {}", names.join(" and ")),
                hint: Some(
                    "keep one; `--optimizer adam` and options of `train.optimizer.adam` go together".into(),
                ),
            })
        }
        _ => Ok(()),
    }
}

/// Names the setting that a description of a training fails for.
pub(crate) fn blame_training(place: &str, table: &Table, error: &toml::de::Error) -> Error {
    let Some(Value::Table(train)) = table.get("train") else {
        return blame_part(place, error);
    };
    // What is told apart by a name loses the path of the field that is wrong: each option is tried alone.
    for (option, value) in train {
        let alone: Table = [(option.clone(), value.clone())].into_iter().collect();
        let Err(error) = TrainOptions::deserialize(alone) else {
            continue;
        };
        let page = match (option.as_str(), value) {
            ("loss", Value::Table(loss)) => loss.get("name").and_then(Value::as_str).unwrap_or("losses"),
            ("loss", _) => "losses",
            _ => "train",
        };
        let value = value.to_string();
        let value = value.trim();
        return Error::Config {
            place: place.into(),
            problem: format!("`train.{option} = {value}`: {}", in_plain_words(error.message())),
            hint: Some(format!("`counterpoise describe {page}` lists the options")),
        };
    }
    blame_part(place, error)
}
