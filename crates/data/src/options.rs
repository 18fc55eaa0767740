use std::collections::BTreeMap;

use counterpoise_base::Kind;
use serde::{Deserialize, Serialize};

/// How a file is read: the `[data.read]` table of a TOML file.
///
/// All but `kinds` concern text files only; Parquet and Arrow files say it themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ReadOptions {
    /// What stands between cells: one character, or a blank for any run of blanks. Found out if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
    /// Column names, for a file whose first line is data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// Numbers are written with a comma, `1,5` for one and a half.
    pub decimal_comma: bool,
    /// The first line is data, and columns are called `column_1`, `column_2`, ….
    pub no_header: bool,
    /// Lines that start with this character are no data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<char>,
    /// Cells that mean a missing value.
    pub na: Vec<String>,
    /// Blanks around a cell are not part of it.
    pub trim: bool,
    /// Give the second column of a name the name `NAME_2`.
    pub rename_duplicates: bool,
    /// Kinds of columns, where what is found out is wrong.
    pub kinds: BTreeMap<String, Kind>,
    /// Cells to read as something else: `<=50K.` as `<=50K`.
    pub label_map: BTreeMap<String, String>,
    /// Bytes are characters of ISO 8859-1 instead of UTF-8.
    pub latin1: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        let na = ["", "?", "NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "null", "NULL"];
        Self {
            separator: None,
            names: None,
            decimal_comma: false,
            no_header: false,
            comment: None,
            na: na.map(String::from).to_vec(),
            trim: true,
            rename_duplicates: false,
            kinds: BTreeMap::new(),
            label_map: BTreeMap::new(),
            latin1: false,
        }
    }
}
