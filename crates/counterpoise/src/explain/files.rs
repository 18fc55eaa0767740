//! Features that any program exported, with a head.

use std::path::{Path, PathBuf};

use counterpoise_base::{Embeddings, HeadKind, Labels, LinearHead, Observer, Warning, agree, counted};
use counterpoise_data::{
    Content, EmbeddingOptions, ReadEmbeddings, content_of, embeddings_in_classes, read_embeddings,
    shared_classes,
};

use super::linear::{self, LinearModel};
use super::network::unpredicted;
use super::{Against, ExplainEmbeddings, Opened, Second};
use crate::Error;
use crate::eos::read_head;
use crate::pages::name_of;

/// A last layer, as a file holds it.
enum AnyHead {
    /// With the names of its classes, where the file has them.
    Head(LinearHead, Option<Vec<String>>),
    /// Weights of columns.
    Linear(LinearModel),
}

/// Told where a file says that some of its rows were made.
fn made_rows(path: &Path, found: &ReadEmbeddings) -> Option<Warning> {
    let made: usize = found
        .about
        .get("synthetic")?
        .parse()
        .ok()
        .filter(|&made| made > 0)?;
    let method = found.about.get("method").map_or("a method", String::as_str);
    let message = format!(
        "{} of `{}` {} made by {method}, and {} as training rows here: sizes of classes are not those of the data",
        counted(made, "row"),
        path.display(),
        agree(made, "was", "were"),
        agree(made, "counts", "count"),
    );
    Some(Warning::new("explain.made-rows", message).with_hint("name the file as it was before `eos augment`"))
}

pub(super) fn open(
    subject: &ExplainEmbeddings,
    against: Option<&Against>,
    observer: &dyn Observer,
) -> Result<Opened, Error> {
    let mut warnings = Vec::new();
    let mut of_test = subject.read.clone();
    of_test.labels.clone_from(&subject.test_labels);
    let mut read = |path: &Path, options: &EmbeddingOptions| -> Result<ReadEmbeddings, Error> {
        let mut found = read_embeddings(path, options, observer)?;
        warnings.append(&mut found.warnings);
        if subject.ignore_predictions {
            found.embeddings.predictions = None;
        }
        Ok(found)
    };
    let train = subject.train.as_deref().map(|path| read(path, &subject.read));
    let mut train = train.transpose()?;
    let mut test = read(&subject.test, &of_test)?;
    if let (Some(path), Some(train)) = (&subject.train, &train) {
        warnings.extend(made_rows(path, train));
    }
    let (path, head) = if let Some(path) = &subject.head {
        (
            path.clone(),
            head_of(path, subject.read.head, &mut warnings, observer)?,
        )
    } else {
        if let (Some(train), Some(path)) = (&train, &subject.train)
            && let (Some(one), Some(other)) = (&train.head, &test.head)
            && one != other
        {
            return Err(two_heads(path, &subject.test));
        }
        let of_file = |file: Option<&ReadEmbeddings>, path: Option<&PathBuf>| {
            let file = file?;
            let classes = file.in_order.then(|| file.embeddings.labels.classes().to_vec());
            Some((path?.clone(), AnyHead::Head(file.head.clone()?, classes)))
        };
        of_file(Some(&test), Some(&subject.test))
            .or_else(|| of_file(train.as_ref(), subject.train.as_ref()))
            .ok_or_else(|| no_head(&subject.test))?
    };
    if subject.head.is_some()
        && let AnyHead::Head(head, _) = &head
    {
        let files = [
            (Some(&subject.test), Some(&mut test)),
            (subject.train.as_ref(), train.as_mut()),
        ];
        for (path, file) in files {
            if let (Some(path), Some(file)) = (path, file) {
                warnings.extend(drop_predictions_of_others(path, file, head));
            }
        }
    }
    let (mut train, mut test) = (
        train.zip(subject.train.as_deref()),
        (test, subject.test.as_path()),
    );
    let mut columns = test.0.feature_names.clone();
    let (head, known) = match head {
        AnyHead::Head(head, classes) => {
            if let Some(train) = &mut train
                && let (Some(wanted), Some(names)) = (&columns, &train.0.feature_names)
                && wanted != names
            {
                train.0.embeddings = linear::in_columns(&train.0.embeddings, names, wanted, train.1)?;
            }
            (head, classes)
        }
        AnyHead::Linear(model) => {
            for (found, path) in train
                .iter_mut()
                .map(|(found, path)| (found, *path))
                .chain([(&mut test.0, test.1)])
            {
                let names = found.feature_names.as_deref().ok_or_else(|| nameless(path))?;
                found.embeddings = linear::in_columns(&found.embeddings, names, &model.columns, path)?;
            }
            if let Some(names) = &test.0.feature_names {
                warnings.extend(model.odd(&path, names));
            }
            columns = Some(model.columns.clone());
            let all = shared_classes(&labels_of(train.as_ref(), &test));
            let (head, classes) = model.head(&all, &path)?;
            (head, Some(classes))
        }
    };
    let (classes, by_place) = classes(
        &head,
        known.as_deref(),
        &subject.read.classes,
        &labels_of(train.as_ref(), &test),
        &path,
        &mut warnings,
    );
    let settle = |rows: Embeddings, path: &Path| -> Result<Embeddings, Error> {
        let file = path.display().to_string();
        if !by_place {
            return Ok(embeddings_in_classes(rows, &classes, &file)?);
        }
        let numbers: Vec<String> = (0..classes.len()).map(|code| code.to_string()).collect();
        let mut rows = embeddings_in_classes(rows, &numbers, &file)?;
        rows.labels = Labels::from_codes(classes.clone(), rows.labels.codes().to_vec());
        Ok(rows)
    };
    let train = train
        .map(|(found, path)| settle(found.embeddings, path))
        .transpose()?;
    let test = settle(test.0.embeddings, test.1)?;
    let second = match against {
        None => None,
        Some(against) => {
            let other = match against.test.as_deref() {
                None => None,
                Some(path) => {
                    let mut found = read_embeddings(path, &of_test, observer)?;
                    warnings.append(&mut found.warnings);
                    Some((settle(found.embeddings, path)?, found.head, path))
                }
            };
            let kind = subject.read.head;
            Some(second(
                against,
                other,
                &test,
                &classes,
                kind,
                &mut warnings,
                observer,
            )?)
        }
    };
    // Names that only count features are no names.
    let counted_only = |names: &Vec<String>| {
        names.iter().enumerate().all(|(place, name)| {
            name.trim_start_matches(|letter: char| !letter.is_ascii_digit()) == place.to_string()
        })
    };
    Ok(Opened {
        model: name_of(&path),
        train,
        test,
        head,
        feature_names: columns.filter(|names| !counted_only(names)),
        pictures: None,
        network: None,
        second,
        warnings,
    })
}

fn labels_of<'a>(
    train: Option<&'a (ReadEmbeddings, &Path)>,
    test: &'a (ReadEmbeddings, &Path),
) -> Vec<&'a Labels> {
    train
        .into_iter()
        .chain([test])
        .map(|(found, _)| &found.embeddings.labels)
        .collect()
}

fn head_of(
    path: &Path,
    kind: Option<HeadKind>,
    warnings: &mut Vec<Warning>,
    observer: &dyn Observer,
) -> Result<AnyHead, Error> {
    if matches!(content_of(path), Content::Table | Content::Either) {
        return Ok(AnyHead::Linear(linear::read(path, observer)?));
    }
    let file = read_head(path, kind)?;
    warnings.extend(file.warning);
    Ok(AnyHead::Head(file.head, file.classes))
}

fn two_heads(train: &Path, test: &Path) -> Error {
    Error::Config {
        place: test.display().to_string(),
        problem: format!("it holds another last layer than `{}`", train.display()),
        hint: Some("take features of one model; or name the last layer that is meant: `--head FILE`".into()),
    }
}

fn no_head(path: &Path) -> Error {
    Error::Config {
        place: path.display().to_string(),
        problem: "no file of features holds the last layer".into(),
        hint: Some(
            "name it: `--head FILE`, a PyTorch state dict, a file of `counterpoise eos head`, or a table of weights; or store it beside the features as `head.weight` and `head.bias`".into(),
        ),
    }
}

fn nameless(path: &Path) -> Error {
    Error::Config {
        place: path.display().to_string(),
        problem: "its features have no names, and the weights of the linear model are of named columns"
            .into(),
        hint: Some("give a table with a header".into()),
    }
}

/// Predictions that stand beside another head are of that one.
fn drop_predictions_of_others(path: &Path, file: &mut ReadEmbeddings, head: &LinearHead) -> Option<Warning> {
    let own = file.head.as_ref()?;
    if own == head || file.embeddings.predictions.is_none() {
        return None;
    }
    file.embeddings.predictions = None;
    let message = format!(
        "`{}` holds predictions of another head: those of the head that is asked for are taken",
        path.display()
    );
    Some(Warning::new("explain.other-head", message))
}

/// The classes of a head in its order, and whether files tell them by their places only.
fn classes(
    head: &LinearHead,
    known: Option<&[String]>,
    given: &[String],
    labels: &[&Labels],
    path: &Path,
    warnings: &mut Vec<Warning>,
) -> (Vec<String>, bool) {
    if !given.is_empty() {
        return (given.to_vec(), false);
    }
    let all = shared_classes(labels);
    let place = |name: &String| name.parse::<usize>().ok().filter(|code| *code < head.classes());
    let numbers = all.iter().all(|name| place(name).is_some());
    match known {
        Some(known) if all.iter().all(|name| known.contains(name)) => (known.to_vec(), false),
        Some(known) if numbers && known.len() == head.classes() => (known.to_vec(), true),
        Some(known) => (known.to_vec(), false),
        None if numbers => ((0..head.classes()).map(|code| code.to_string()).collect(), false),
        None => {
            let classes = Labels::from_names(&all).classes().to_vec();
            let message = format!(
                "`{}` does not name its {}: they are taken for {}, in this order",
                path.display(),
                counted(head.classes(), "class"),
                shortened(&classes),
            );
            let hint = "name them in the order of the rows of weights: `--class-names a,b,c`";
            warnings.push(Warning::new("explain.order-of-classes", message).with_hint(hint));
            (classes, false)
        }
    }
}

fn shortened(classes: &[String]) -> String {
    const MOST: usize = 6;
    let others = classes.len().saturating_sub(MOST);
    let first = classes[..classes.len() - others].join(", ");
    if others == 0 {
        first
    } else {
        format!("{first} and {others} others")
    }
}

fn second(
    against: &Against,
    other: Option<(Embeddings, Option<LinearHead>, &Path)>,
    test: &Embeddings,
    classes: &[String],
    kind: Option<HeadKind>,
    warnings: &mut Vec<Warning>,
    observer: &dyn Observer,
) -> Result<Second, Error> {
    let (rows, own_head, path) = match other {
        Some((rows, head, path)) => (rows, head, Some(path)),
        None => (unpredicted(test), None, None),
    };
    let (model, head) = match (&against.model, own_head, path) {
        (Some(path), _, _) => {
            let head = match head_of(path, kind, warnings, observer)? {
                AnyHead::Head(head, known) => {
                    if known.as_deref().is_some_and(|known| known != classes) {
                        return Err(Error::Config {
                            place: "--against".into(),
                            problem: format!(
                                "`{}` tells the classes {} apart, and the first model {}",
                                path.display(),
                                shortened(&known.unwrap_or_default()),
                                shortened(classes)
                            ),
                            hint: Some("compare models of the same classes in the same order".into()),
                        });
                    }
                    head
                }
                AnyHead::Linear(model) => model.head(classes, path)?.0,
            };
            (name_of(path), head)
        }
        (None, Some(head), Some(path)) => (name_of(path), head),
        _ => {
            return Err(Error::Config {
                place: "--against-test".into(),
                problem: "the file does not hold the last layer of the second model".into(),
                hint: Some("name it with `--against FILE`".into()),
            });
        }
    };
    Ok(Second {
        model,
        test: rows,
        head,
        same_beginning: false,
    })
}
