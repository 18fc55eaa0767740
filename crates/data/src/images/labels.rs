//! Codes and names of classes, checked.

use counterpoise_base::{Labels, Warning};

use super::options::ImageOptions;
use crate::Error;

/// Classes as a file holds them.
pub(crate) enum Stored {
    Codes(Vec<i64>),
    Names(Vec<String>),
}

impl Stored {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Codes(codes) => codes.len(),
            Self::Names(names) => names.len(),
        }
    }

    /// Labels with the names that the options give, else those that the file knows, else the codes as names.
    pub(super) fn labels(
        self,
        file: &str,
        known: Option<Vec<String>>,
        options: &ImageOptions,
    ) -> Result<Labels, Error> {
        let given = (!options.classes.is_empty()).then(|| options.classes.clone());
        let names = given.iter().flatten();
        if let Some((_, name)) = names
            .enumerate()
            .find(|(place, name)| options.classes[..*place].contains(name))
        {
            return Err(Error::OutOfRange {
                option: "class-names",
                value: format!("{name}, {name}"),
                range: "a name for each class that no other has",
            });
        }
        match self {
            Self::Names(names) => match given {
                None => Ok(Labels::from_names(&names)),
                Some(classes) => {
                    let code = |(row, name): (usize, &String)| match classes
                        .iter()
                        .position(|known| known == name)
                    {
                        Some(code) => Ok(code as u32),
                        None => Err(out_of_range(file, row, name, classes.len())),
                    };
                    let codes = names.iter().enumerate().map(code).collect::<Result<_, _>>()?;
                    Ok(Labels::from_codes(classes, codes))
                }
            },
            Self::Codes(codes) => {
                let classes = given.or(known).unwrap_or_else(|| {
                    let largest = codes
                        .iter()
                        .copied()
                        .max()
                        .unwrap_or(0)
                        .clamp(-1, MOST_CLASSES - 1);
                    (0..=largest).map(|code| code.to_string()).collect()
                });
                for (row, &code) in codes.iter().enumerate() {
                    if !(0..classes.len() as i64).contains(&code) {
                        return Err(out_of_range(file, row, &code.to_string(), classes.len()));
                    }
                }
                Ok(Labels::from_codes(
                    classes,
                    codes.into_iter().map(|code| code as u32).collect(),
                ))
            }
        }
    }
}

/// No set of pictures has more classes, `ImageNet`'s 21,841 included.
pub(crate) const MOST_CLASSES: i64 = 65_536;

pub(crate) fn out_of_range(file: &str, row: usize, label: &str, classes: usize) -> Error {
    Error::LabelRange {
        file: file.into(),
        row: row + 1,
        label: crate::error::shortened(label),
        classes,
    }
}

/// Warns of classes with one picture, or with none.
pub(super) fn rare_classes(file: &str, labels: &Labels, warnings: &mut Vec<Warning>) {
    let counts = labels.counts();
    let of = |count: usize| -> Vec<&str> {
        let classes = labels.classes().iter().zip(&counts);
        classes
            .filter(|&(_, &found)| found == count)
            .map(|(class, _)| class.as_str())
            .collect()
    };
    let single = of(1);
    if !single.is_empty() {
        let message = format!("`{file}` has one picture only of {}", listed(&single));
        let hint =
            "a class needs two pictures to make others between them; merge it with another or leave it out";
        warnings.push(Warning::new("images.single", message).with_hint(hint));
    }
    let empty = of(0);
    if !empty.is_empty() {
        let message = format!("`{file}` has no picture of {}", listed(&empty));
        warnings.push(Warning::new("images.empty-class", message));
    }
}

/// Some classes by name, and how many more there are.
pub(super) fn listed(classes: &[&str]) -> String {
    const ROOM: usize = 8;
    let shown: Vec<String> = classes
        .iter()
        .take(ROOM)
        .map(|class| format!("`{}`", crate::error::shortened(class)))
        .collect();
    match (classes.len(), shown.join(", ")) {
        (1, one) => format!("class {one}"),
        (count, some) if count > ROOM => format!("the classes {some} and {} more", count - ROOM),
        (_, all) => format!("the classes {all}"),
    }
}
