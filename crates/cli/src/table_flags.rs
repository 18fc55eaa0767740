//! Flags of networks over tables.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use counterpoise::{Error, EvaluateTableOptions, Reads};
use toml::Value;

use crate::image_flags::{EvaluateFlags, TrainFlags};
use crate::settings::{ReadFlags, Settings, path};

/// Which columns of a table, and how it is read.
#[derive(Args)]
pub(crate) struct TrainTableFlags {
    /// Column of classes, if the data is a table: CSV or other text (also .gz, .zst), Parquet or Arrow
    #[arg(long, short, value_name = "COLUMN", help_heading = "Tables")]
    pub(crate) target: Option<String>,
    /// Column that names rows: the network does not see it
    #[arg(long, value_name = "COLUMN", help_heading = "Tables")]
    id: Option<String>,
    /// Columns that the network does not see; may be repeated, or separated by commas
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', help_heading = "Tables")]
    ignore: Vec<String>,
    /// What happens to missing values; `impute`, or `distance`, fills with what is usual among the rows trained on [default: error]
    #[arg(long, value_parser = ["error", "drop-rows", "impute", "distance"], help_heading = "Tables")]
    missing: Option<String>,
    /// Widths of the hidden layers of `mlp`, separated by commas [default: 64,64]
    #[arg(long, value_name = "WIDTH", value_delimiter = ',', help_heading = "Tables")]
    pub(crate) hidden: Vec<u32>,
    #[command(flatten)]
    reading: ReadFlags,
}

/// How a network over tables is judged.
#[derive(Args)]
pub(crate) struct EvaluateTableFlags {
    /// Column of classes of a table [default: the one of the training]
    #[arg(long, short, value_name = "COLUMN", help_heading = "Tables")]
    target: Option<String>,
    /// What happens to missing values [default: as in training]
    #[arg(long, value_parser = ["error", "drop-rows", "impute", "distance"], help_heading = "Tables")]
    missing: Option<String>,
    /// Column to write beside the predictions, such as a protected one for `audit`; may be repeated, or separated by commas
    #[arg(
        long,
        short,
        value_name = "COLUMN",
        value_delimiter = ',',
        help_heading = "Tables"
    )]
    group: Vec<String>,
    #[command(flatten)]
    reading: ReadFlags,
}

/// Refuses flags of something else than what is read.
pub(crate) fn refuse(flag: Option<&str>, reads: Reads, data: &Path) -> Result<()> {
    let Some(flag) = flag else { return Ok(()) };
    let (meant, found) = match reads {
        Reads::Pictures => ("tables", "pictures"),
        Reads::Rows => ("pictures", "a table"),
    };
    Err(Error::Config {
        place: flag.to_owned(),
        problem: format!("it is for {meant}, and `{}` holds {found}", data.display()),
        hint: Some("leave it out".into()),
    }
    .into())
}

/// The first flag of those that were given.
fn given<'a>(flags: &[(&'a str, bool)]) -> Option<&'a str> {
    flags.iter().find(|(_, given)| *given).map(|(name, _)| *name)
}

impl TrainTableFlags {
    fn given(&self) -> Option<&str> {
        given(&[
            ("--id", self.id.is_some()),
            ("--ignore", !self.ignore.is_empty()),
            ("--missing", self.missing.is_some()),
        ])
        .or_else(|| self.reading.given())
    }
}

impl TrainFlags {
    /// Refuses flags that go with other data.
    pub(crate) fn check(&self, reads: Reads) -> Result<()> {
        let flag = match reads {
            Reads::Pictures => self.table.given(),
            Reads::Rows => self
                .pictures
                .reading
                .given()
                .or(given(&[("--pad", self.pad.is_some()), ("--flip", self.flip)])),
        };
        refuse(flag, reads, &self.pictures.data)
    }

    /// Settings of a training on a table.
    pub(crate) fn table_settings(&self) -> Result<Settings> {
        let mut settings = vec![("data.path".to_owned(), path(&self.pictures.data)?)];
        let mut set = |name: &str, value: Value| settings.push((name.into(), value));
        for (name, value) in [
            ("data.target", &self.table.target),
            ("data.id", &self.table.id),
            ("data.missing", &self.table.missing),
        ] {
            if let Some(value) = value {
                set(name, Value::from(value.clone()));
            }
        }
        if !self.table.ignore.is_empty() {
            set("data.ignore", Value::from(self.table.ignore.clone()));
        }
        for (name, value) in self.table.reading.settings()? {
            set(&format!("data.{name}"), value);
        }
        if let Some(test) = &self.test {
            if test.as_os_str() == "same" {
                return Err(Error::Config {
                    place: "--test".into(),
                    problem: "a table has no test part".into(),
                    hint: Some("name another table, or leave it out".into()),
                }
                .into());
            }
            set("test.path", path(test)?);
        }
        settings.extend(self.training_settings()?);
        Ok(settings)
    }
}

impl EvaluateFlags {
    /// What to judge, for a network that reads tables.
    pub(crate) fn table_options(&self) -> Result<EvaluateTableOptions> {
        refuse(self.pictures.reading.given(), Reads::Rows, &self.pictures.data)?;
        let flags = &self.table;
        let mut options = EvaluateTableOptions::new(self.file.clone(), self.pictures.data.clone());
        options.read = flags.reading.options()?;
        options.target.clone_from(&flags.target);
        if let Some(missing) = &flags.missing {
            options.missing = Some(Value::from(missing.clone()).try_into()?);
        }
        options.carry.clone_from(&flags.group);
        options.device = self.device.kind();
        options.seed = self.seed.seed;
        Ok(options)
    }

    /// Refuses flags of tables, for a network that reads pictures.
    pub(crate) fn check_pictures(&self) -> Result<()> {
        let flags = &self.table;
        let flag = given(&[
            ("--target", flags.target.is_some()),
            ("--missing", flags.missing.is_some()),
            ("--group", !flags.group.is_empty()),
        ]);
        let flag = flag.or_else(|| flags.reading.given());
        refuse(flag, Reads::Pictures, &self.pictures.data)
    }
}
