//! What readers find, checked and put together.

use std::collections::BTreeMap;

use counterpoise_base::{Embeddings, HeadKind, Labels, LinearHead, Warning, counted};

use super::classes::embeddings_in_classes;
use super::{EmbeddingOptions, ReadEmbeddings};
use crate::Error;
use crate::error::shortened;
use crate::images::{MOST_CLASSES, Stored, out_of_range};

/// What a reader finds, before anything is checked.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) file: String,
    pub(super) label_file: String,
    /// `(n, width)`.
    pub(super) features: Vec<f32>,
    pub(super) width: usize,
    /// What features are called, where each has a name.
    pub(super) feature_names: Vec<String>,
    /// Whether those names are only places of columns.
    pub(super) nameless: bool,
    pub(super) labels: Option<Stored>,
    pub(super) predictions: Option<Stored>,
    /// Values and how many a row.
    pub(super) shares: Option<(Vec<f32>, usize)>,
    pub(super) names: Option<Vec<String>>,
    /// Names of classes that the file knows.
    pub(super) classes: Option<Vec<String>>,
    pub(super) weight: Option<(Vec<f32>, Vec<usize>)>,
    pub(super) bias: Option<Vec<f32>>,
    pub(super) kind: Option<HeadKind>,
    pub(super) about: BTreeMap<String, String>,
    pub(super) warnings: Vec<Warning>,
}

/// Classes, the code of every row, and that of every prediction.
type Coded = (Vec<String>, Vec<u32>, Option<Vec<u32>>);

/// An error about what a file holds.
pub(super) fn fault(file: &str, what: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::EmbeddingFile {
        file: file.into(),
        what: what.into(),
        hint: hint.into(),
    }
}

const SHAPES: &str = "save `features` as (rows, features) and `labels` as (rows,)";

impl Parts {
    pub(super) fn settle(mut self, options: &EmbeddingOptions) -> Result<ReadEmbeddings, Error> {
        let rows = self.rows()?;
        let count = |what, found, other: &str| {
            if found == rows {
                return Ok(());
            }
            Err(Error::EmbeddingCount {
                file: self.file.clone(),
                rows,
                what,
                found,
                other: other.into(),
            })
        };
        let labels = self
            .labels
            .take()
            .expect("readers find labels, or say what is missing");
        count("labels", labels.len(), &self.label_file)?;
        if let Some(predictions) = &self.predictions {
            count("predictions", predictions.len(), &self.file)?;
        }
        if let Some((values, width)) = &self.shares {
            count("rows of shares", values.len() / (*width).max(1), &self.file)?;
        }
        if let Some(names) = &self.names {
            count("names", names.len(), &self.file)?;
        }
        self.finite()?;
        let head = self.head(options)?;
        let least = [
            self.shares.as_ref().map(|(_, width)| *width),
            head.as_ref().map(LinearHead::classes),
        ];
        let least = least.into_iter().flatten().max().unwrap_or(0);
        let predictions = self.predictions.take();
        let in_order =
            self.classes.is_some() || !options.classes.is_empty() || matches!(labels, Stored::Codes(_));
        let (classes, codes, predicted) = self.codes(labels, predictions, least, options)?;
        if let Some(head) = head.as_ref().filter(|head| head.classes() != classes.len()) {
            let what = format!(
                "its head has {}, and there are {} of labels",
                counted(head.classes(), "row"),
                counted(classes.len(), "class")
            );
            return Err(fault(
                &self.file,
                what,
                "name all classes in the order of the head: `--class-names a,b,c`",
            ));
        }
        if let Some((_, width)) = self.shares.as_ref().filter(|(_, width)| *width != classes.len()) {
            let what = format!(
                "`shares` has {}, and there are {}",
                counted(*width, "column"),
                counted(classes.len(), "class")
            );
            return Err(fault(&self.file, what, "give one column for each class"));
        }
        let labels = Labels::from_codes(classes, codes);
        let mut embeddings = Embeddings::new(self.features, self.width, labels);
        embeddings.predictions = predicted;
        embeddings.shares = self.shares.map(|(values, _)| values);
        embeddings.names = self.names;
        let given = &options.classes;
        let known = embeddings.labels.classes();
        if !given.is_empty() && known != given {
            // A head has a row for each class of the file, in its order.
            let renamed = given.len() == known.len() && !known.iter().any(|class| given.contains(class));
            embeddings = if renamed {
                embeddings.labels = Labels::from_codes(given.clone(), embeddings.labels.codes().to_vec());
                embeddings
            } else if head.is_some() {
                let what = format!(
                    "its head has rows for the classes {}, in this order",
                    known.join(", ")
                );
                return Err(fault(
                    &self.file,
                    what,
                    "leave `classes` out, or give them in that order",
                ));
            } else {
                embeddings_in_classes(embeddings, given, &self.label_file)?
            };
        }
        let named = !self.nameless && self.feature_names.len() == self.width;
        Ok(ReadEmbeddings {
            embeddings,
            feature_names: named.then_some(self.feature_names),
            head,
            about: self.about,
            in_order,
            warnings: self.warnings,
        })
    }

    fn rows(&self) -> Result<usize, Error> {
        if self.width == 0 || self.features.is_empty() {
            return Err(fault(&self.file, "it holds no embedding", SHAPES));
        }
        let rows = self.features.len() / self.width;
        if rows > u32::MAX as usize {
            return Err(Error::TooManyRows { rows });
        }
        Ok(rows)
    }

    /// Refuses the first number that is none.
    fn finite(&self) -> Result<(), Error> {
        let named = |column: String, row: usize, what: String| Error::EmbeddingValue {
            file: self.file.clone(),
            column,
            row: row + 1,
            what,
        };
        let value = |value: f32| {
            if value.is_nan() {
                "the value is missing or not a number".to_owned()
            } else {
                "the value is infinite in single precision".to_owned()
            }
        };
        if let Some(place) = self.features.iter().position(|value| !value.is_finite()) {
            let (row, column) = (place / self.width, place % self.width);
            let name = self
                .feature_names
                .get(column)
                .cloned()
                .unwrap_or_else(|| format!("f{column}"));
            return Err(named(name, row, value(self.features[place])));
        }
        if let Some((shares, width)) = &self.shares
            && let Some(place) = shares.iter().position(|share| !(0.0..=1.0).contains(share))
        {
            let what = format!("{} is no share, which is between 0 and 1", shares[place]);
            return Err(named(format!("shares, {}", place % width), place / width, what));
        }
        Ok(())
    }

    fn head(&mut self, options: &EmbeddingOptions) -> Result<Option<LinearHead>, Error> {
        let Some((mut weight, lengths)) = self.weight.take() else {
            return Ok(None);
        };
        let width = self.width;
        let classes = match lengths[..] {
            [classes, found] if found == width => classes,
            [found, classes] if found == width => {
                weight = (0..classes * width)
                    .map(|place| weight[place % width * classes + place / width])
                    .collect();
                let message = format!(
                    "the weights of the head of `{}` are ({found}, {classes}), and are read the other way round",
                    self.file
                );
                self.warnings.push(Warning::new("data.transposed-head", message));
                classes
            }
            _ => {
                let what = format!(
                    "the weights of its head are {lengths:?}, and embeddings have {}",
                    counted(width, "feature")
                );
                return Err(fault(
                    &self.file,
                    what,
                    "give the weights of the layer that takes these embeddings, as (classes, features)",
                ));
            }
        };
        if let Some(place) = weight.iter().position(|value| !value.is_finite()) {
            let what = format!(
                "a weight of its head is {}: class {}, feature {}",
                weight[place],
                place / width,
                place % width
            );
            return Err(fault(&self.file, what, "train the head again"));
        }
        let kind = self.kind.or(options.head).unwrap_or_default();
        let bias = match (kind, self.bias.take()) {
            (HeadKind::Cosine, _) => return Ok(Some(LinearHead::cosine(weight, width))),
            (HeadKind::Linear, Some(bias)) if bias.len() == classes => bias,
            (HeadKind::Linear, Some(bias)) => {
                let what = format!(
                    "the bias of its head has {}, and its weights {}",
                    counted(bias.len(), "number"),
                    counted(classes, "row")
                );
                return Err(fault(&self.file, what, "give one bias for each class"));
            }
            (HeadKind::Linear, None) => {
                if self.kind.or(options.head).is_none() {
                    self.warnings.push(without_bias(&self.file));
                }
                vec![0.0; classes]
            }
        };
        if bias.iter().any(|value| !value.is_finite()) {
            return Err(fault(
                &self.file,
                "a bias of its head is not a finite number",
                "train the head again",
            ));
        }
        Ok(Some(LinearHead::new(weight, bias, width)))
    }

    /// Classes, the code of every row, and that of every prediction.
    fn codes(
        &self,
        labels: Stored,
        predictions: Option<Stored>,
        least: usize,
        options: &EmbeddingOptions,
    ) -> Result<Coded, Error> {
        let numbers = |classes: &[String]| classes.iter().all(|name| name.parse::<i64>().is_ok());
        let file_knows = self.classes.as_deref();
        let by_name = file_knows.is_none() && !options.classes.is_empty() && numbers(&options.classes);
        let as_text = |stored: Stored| match stored {
            Stored::Codes(codes) if by_name => Stored::Names(codes.iter().map(ToString::to_string).collect()),
            other => other,
        };
        let (labels, predictions) = (as_text(labels), predictions.map(as_text));
        let given = (!options.classes.is_empty()).then_some(&options.classes[..]);
        let classes = match (file_knows.or(given), &labels) {
            (Some(classes), _) => classes.to_vec(),
            (None, Stored::Names(names)) => {
                let mut all = names.clone();
                if let Some(Stored::Names(predicted)) = &predictions {
                    all.extend_from_slice(predicted);
                }
                Labels::from_names(&all).classes().to_vec()
            }
            (None, Stored::Codes(codes)) => {
                let predicted = match &predictions {
                    Some(Stored::Codes(codes)) => &codes[..],
                    _ => &[],
                };
                let largest = codes.iter().chain(predicted).copied().max().unwrap_or(0);
                let classes = if least > 0 {
                    least
                } else {
                    (largest.clamp(-1, MOST_CLASSES - 1) + 1) as usize
                };
                (0..classes).map(|code| code.to_string()).collect()
            }
        };
        let codes = |stored: Stored, file: &str| -> Result<Vec<u32>, Error> {
            let outside = |row: usize, label: &str| out_of_range(file, row, label, classes.len());
            match stored {
                Stored::Codes(codes) => {
                    let one = |(row, code): (usize, i64)| {
                        let fits = (0..classes.len() as i64).contains(&code);
                        fits.then_some(code as u32)
                            .ok_or_else(|| outside(row, &code.to_string()))
                    };
                    codes.into_iter().enumerate().map(one).collect()
                }
                Stored::Names(names) => {
                    let places: BTreeMap<&str, u32> = classes
                        .iter()
                        .enumerate()
                        .map(|(code, name)| (name.as_str(), code as u32))
                        .collect();
                    let one = |(row, name): (usize, &String)| {
                        places
                            .get(name.as_str())
                            .copied()
                            .ok_or_else(|| outside(row, &shortened(name)))
                    };
                    names.iter().enumerate().map(one).collect()
                }
            }
        };
        let labels = codes(labels, &self.label_file)?;
        let predictions = predictions
            .map(|stored| codes(stored, &format!("{}, predictions", self.file)))
            .transpose()?;
        Ok((classes, labels, predictions))
    }
}

/// Tells that a head without a bias is taken for a linear one.
pub fn without_bias(file: &str) -> Warning {
    let message = format!("the last layer of `{file}` has no bias, and is read as a linear one");
    Warning::new("data.head-without-bias", message)
        .with_hint("if it takes cosines, as that of LDAM, say so: `--head-kind cosine`")
}
