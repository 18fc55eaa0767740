//! What flags become, settings of an experiment by path, and what many commands share.

use anyhow::Result;
use clap::Args;
use counterpoise::{Error, Kind, ReadOptions};
use toml::Value;

pub(crate) type Settings = Vec<(String, Value)>;

pub(crate) fn wrong(flag: &str, problem: String, hint: &str) -> anyhow::Error {
    Error::Config {
        place: flag.into(),
        problem,
        hint: Some(hint.into()),
    }
    .into()
}

/// Descriptions are text, so paths are.
pub(crate) fn path(path: &std::path::Path) -> Result<Value> {
    let text = path.to_str().ok_or_else(|| {
        let problem = "its name is not UTF-8, and a report could not hold it".into();
        wrong(&path.display().to_string(), problem, "rename the file")
    })?;
    Ok(Value::from(text))
}

/// TOML has signed integers only.
pub(crate) fn seed(seed: u64) -> Result<Value> {
    let hint = "seeds go up to 9223372036854775807";
    let number = i64::try_from(seed).map_err(|_| wrong("--seed", format!("{seed} is too large"), hint))?;
    Ok(Value::from(number))
}

/// Values as in TOML; what is no TOML value is a text.
pub(crate) fn set_by_path(set: &[String]) -> Result<Settings> {
    let one = |text: &String| {
        let Some((path, value)) = text.split_once('=') else {
            return Err(wrong(
                "--set",
                format!("`{text}` holds no `=`"),
                "write `--set method.k_neighbors=7`",
            ));
        };
        let parsed: Option<toml::Table> = toml::from_str(&format!("v = {value}")).ok();
        let value = parsed
            .and_then(|mut table| table.remove("v"))
            .unwrap_or_else(|| Value::from(value));
        Ok((path.trim().to_owned(), value))
    };
    set.iter().map(one).collect()
}

#[derive(Args)]
pub(crate) struct ReadFlags {
    /// What stands between cells; a blank means any run of blanks [default: found out]
    #[arg(long, value_name = "CHARACTER", help_heading = "Reading text")]
    separator: Option<char>,
    /// Column names of a file without a header
    #[arg(long, value_delimiter = ',', help_heading = "Reading text")]
    names: Option<Vec<String>>,
    /// Numbers are written with a comma: `1,5`
    #[arg(long, help_heading = "Reading text")]
    decimal_comma: bool,
    /// The first line is data
    #[arg(long, help_heading = "Reading text")]
    no_header: bool,
    /// Lines that start with it are no data
    #[arg(long, value_name = "CHARACTER", help_heading = "Reading text")]
    comment: Option<char>,
    /// One more cell that means a missing value; may be repeated
    #[arg(long, value_name = "TEXT", help_heading = "Reading text")]
    na: Vec<String>,
    /// Keep blanks around cells
    #[arg(long, help_heading = "Reading text")]
    no_trim: bool,
    /// Call the second column of a name `NAME_2`
    #[arg(long, help_heading = "Reading text")]
    rename_duplicates: bool,
    /// Kind of a column: integer, float, boolean, categorical, text or date; may be repeated
    #[arg(long, value_name = "COLUMN=KIND", help_heading = "Reading text")]
    kind: Vec<String>,
    /// Read a cell as another: `--label "<=50K.=><=50K"`; may be repeated
    #[arg(long, value_name = "FROM=>TO", help_heading = "Reading text")]
    label: Vec<String>,
    /// Read bytes as ISO 8859-1
    #[arg(long, help_heading = "Reading text")]
    latin1: bool,
}

impl ReadFlags {
    /// The first of these flags that was given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        [
            ("--separator", self.separator.is_some()),
            ("--names", self.names.is_some()),
            ("--decimal-comma", self.decimal_comma),
            ("--no-header", self.no_header),
            ("--comment", self.comment.is_some()),
            ("--na", !self.na.is_empty()),
            ("--no-trim", self.no_trim),
            ("--rename-duplicates", self.rename_duplicates),
            ("--kind", !self.kind.is_empty()),
            ("--label", !self.label.is_empty()),
            ("--latin1", self.latin1),
        ]
        .into_iter()
        .find_map(|(name, given)| given.then_some(name))
    }

    pub(crate) fn settings(&self) -> Result<Settings> {
        let mut settings = Settings::new();
        let mut set = |name: &str, value: Value| settings.push((name.to_owned(), value));
        let texts = |texts: &[String]| Value::from(texts.to_vec());
        for (name, value) in [("read.separator", self.separator), ("read.comment", self.comment)] {
            if let Some(value) = value {
                set(name, Value::from(value.to_string()));
            }
        }
        if let Some(names) = &self.names {
            set("read.names", texts(names));
        }
        if !self.na.is_empty() {
            let mut marks = ReadOptions::default().na;
            marks.extend(self.na.iter().cloned());
            set("read.na", texts(&marks));
        }
        for (name, on, value) in [
            ("read.decimal_comma", self.decimal_comma, true),
            ("read.no_header", self.no_header, true),
            ("read.trim", self.no_trim, false),
            ("read.rename_duplicates", self.rename_duplicates, true),
            ("read.latin1", self.latin1, true),
        ] {
            if on {
                set(name, Value::from(value));
            }
        }
        let mut kinds = toml::Table::new();
        for text in &self.kind {
            let kind = text
                .rsplit_once('=')
                .map(|(column, kind)| (column, kind.parse::<Kind>()));
            let Some((column, Ok(kind))) = kind else {
                let hint = "write `--kind column=categorical`; kinds are integer, float, boolean, categorical, text and date";
                return Err(wrong(
                    "--kind",
                    format!("`{text}` names no column and kind"),
                    hint,
                ));
            };
            kinds.insert(column.into(), Value::from(kind.name()));
        }
        if !kinds.is_empty() {
            set("read.kinds", Value::Table(kinds));
        }
        let mut labels = toml::Table::new();
        for text in &self.label {
            let Some((from, to)) = text.split_once("=>") else {
                let hint = "write `--label \"<=50K.=><=50K\"`: the cell, `=>`, and what to read instead";
                return Err(wrong("--label", format!("`{text}` holds no `=>`"), hint));
            };
            labels.insert(from.trim().into(), Value::from(to.trim()));
        }
        if !labels.is_empty() {
            set("read.label_map", Value::Table(labels));
        }
        Ok(settings)
    }

    pub(crate) fn options(&self) -> Result<ReadOptions> {
        let named = |(name, value): (String, Value)| (name.trim_start_matches("read.").to_owned(), value);
        let table: toml::Table = self.settings()?.into_iter().map(named).collect();
        Ok(Value::Table(table).try_into()?)
    }
}
