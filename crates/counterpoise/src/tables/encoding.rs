use std::path::Path;

use counterpoise_base::{Table, Warning, agree, counted};
use counterpoise_data::{Error as DataError, KnownColumns, Missing, Prepared};
use counterpoise_deep::AboutClassifier;
use counterpoise_learn::Encoder;
use serde::{Deserialize, Serialize};

use super::TablePart;
use crate::Error;

/// How a table becomes the rows of numbers that a network reads; it stands in the file of the network.
///
/// It is what models of a comparison see: numbers standardised, missing values filled, categories one-hot encoded, all learnt
/// from the rows that were trained on. A category that they do not have is encoded as none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TableEncoding {
    /// The column of classes.
    pub target: String,
    /// The column that names rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What happens to missing values.
    pub missing: Missing,
    /// The columns that the network reads, by name.
    pub columns: KnownColumns,
    encoder: Encoder,
}

impl TableEncoding {
    /// Learns it from some rows.
    pub(super) fn fit(prepared: &Prepared, rows: &[usize], data: &TablePart) -> Result<Self, Error> {
        let columns = KnownColumns::of(prepared, rows);
        // Which missing values there may be was decided when the table was prepared.
        let (features, _) = columns.features_of(&prepared.table, Missing::Distance)?;
        Ok(Self {
            target: data.target.clone(),
            id: data.id.clone(),
            missing: data.missing,
            encoder: Encoder::fit(&features.of_rows(rows)),
            columns,
        })
    }

    /// The encoding in the file of a network.
    pub(crate) fn of_network(path: &Path, about: &AboutClassifier) -> Result<Self, Error> {
        let wrong = |reason: String| {
            Error::from(counterpoise_deep::Error::NotACheckpoint {
                path: path.into(),
                reason,
            })
        };
        let encoding = about
            .encoding
            .as_ref()
            .ok_or_else(|| wrong("it does not say how a table becomes what the network reads".into()))?;
        Self::deserialize(encoding).map_err(|error| wrong(error.to_string()))
    }

    /// The rows of a table, one after the other. What looks odd is told of `file`, where a row has the place that `place` says.
    pub(super) fn encode(
        &self,
        table: &Table,
        missing: Missing,
        file: &Path,
        place: &dyn Fn(usize) -> usize,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<f32>, Error> {
        let name = || file.display().to_string();
        let in_file = |source: DataError| Error::InFile {
            file: name(),
            source: Box::new(source),
        };
        let (features, unknown) = self.columns.features_of(table, missing).map_err(in_file)?;
        if !self.encoder.suits(&features) {
            return Err(Error::Config {
                place: name(),
                problem: "the encoding that stands in the network is of other columns than it says".into(),
                hint: Some("train the network again".into()),
            });
        }
        for category in unknown {
            let message = format!(
                "`{}`, column `{}`: {} {} categories that training did not see, such as `{}`: they are encoded as none",
                name(),
                category.column,
                counted(category.rows, "row"),
                agree(category.rows, "holds", "hold"),
                category.first
            );
            warnings.push(Warning::new("tables.unknown-category", message));
        }
        let values = self.encoder.encode(&features).to_f32_rows();
        let width = values.len() / table.rows().max(1);
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(values),
            Some(first) => {
                // Numbers come first, in the order of their columns.
                let column = features.numeric().nth(first % width);
                // One value that is too large spoils mean and deviation, and with them every row.
                let size = |row: usize| {
                    let value = column.and_then(|column| column.values.number(row));
                    value.map_or(0.0, f64::abs)
                };
                let spoilt = (0..table.rows()).filter(|row| !values[row * width + first % width].is_finite());
                let row =
                    spoilt.max_by(|&one, &other| size(one).total_cmp(&size(other)).then(other.cmp(&one)));
                let row = row.unwrap_or(first / width);
                Err(Error::Config {
                    place: name(),
                    problem: format!(
                        "column `{}`, row {}: {:e} is too large, or too far from those trained on, to be computed with",
                        column.map_or("", |column| column.name.as_str()),
                        place(row) + 1,
                        column
                            .and_then(|column| column.values.number(row))
                            .unwrap_or_default()
                    ),
                    hint: Some("mend the value, or bring the column to another unit".into()),
                })
            }
        }
    }
}
