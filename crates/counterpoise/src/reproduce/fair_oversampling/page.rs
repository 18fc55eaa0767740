//! The page of a reproduction.

use counterpoise_report::{Bars, Block, Curve, Curves, Page, Point, Scatter, Section, Series, Tone};

use super::{CellPicture, Importance, Reproduction, Student, Sweep, SweptLine, Treatment};

/// A page with all tables, curves and pictures.
pub fn reproduction_page(found: &Reproduction) -> Page {
    let mut sections = vec![verdict(found)];
    for table in &found.tables {
        let mut blocks = vec![Block::Table(table.block())];
        blocks.extend(table.remarks().into_iter().map(Block::Text));
        sections.push(Section {
            title: format!("Table {}", table.number),
            lead: format!("{}.", sentence(table.about)),
            blocks,
        });
    }
    sections.extend(found.sweeps.iter().map(swept));
    if !found.importance.is_empty() {
        sections.push(important(&found.importance));
    }
    if !found.pictures.is_empty() {
        sections.push(pictured(&found.pictures));
    }
    sections.push(about(found));
    Page {
        title: "Fair Oversampling, done again".into(),
        subtitle: format!("{}; {} folds, seed {}", found.paper, found.folds, found.seed),
        sections,
        footer: vec![
            "Data: the authors' files of Adult and German, MIT licence, (c) 2022 dd1github; COMPAS is read where it is given.".into(),
        ],
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn verdict(found: &Reproduction) -> Section {
    let tone = if found.has_failed() {
        Tone::Caution
    } else {
        Tone::Good
    };
    let mut blocks = vec![Block::Verdict {
        title: String::new(),
        text: found.summary().replace('\n', ". "),
        tone,
    }];
    for skipped in &found.skipped {
        let files: Vec<String> = skipped
            .files
            .iter()
            .map(|file| format!("`{}` (SHA-256 `{}`)", file.file, file.sha256))
            .collect();
        blocks.push(Block::Text(format!(
            "{} was skipped: {}. It takes {}.",
            skipped.data,
            skipped.reason,
            files.join(" and ")
        )));
    }
    if !found.claims.is_empty() {
        blocks.push(Block::Table(found.claims_block()));
    }
    if !found.bands.is_empty() {
        blocks.push(Block::Table(found.bands_block()));
    }
    Section {
        title: "What comes out again".into(),
        lead: "The paper prints means over folds of absolute differences between groups. With few rows in a fold such a mean is mostly noise; pooled, all folds are one table.".into(),
        blocks,
    }
}

fn swept(sweep: &Sweep) -> Section {
    let mut blocks = Vec::new();
    let plain = |line: &&SweptLine| matches!(line.learner, Student::Logistic | Student::Svm);
    let measures: Vec<&'static str> = sweep
        .lines
        .iter()
        .flat_map(|line| &line.levels)
        .take(1)
        .flat_map(|level| level.numbers().map(|(name, _)| name))
        .collect();
    for (place, measure) in measures.iter().enumerate() {
        for fair in [false, true] {
            let lines = sweep.lines.iter().filter(|line| plain(line) != fair);
            let series: Vec<Curve> = lines
                .filter(|line| !line.levels.is_empty())
                .map(|line| curve(line, place, fair))
                .collect();
            let (low, high) = ends(&series);
            let last = sweep.divisors.last().copied().unwrap_or(2.0);
            let who = if fair {
                "learners made to be fair"
            } else {
                "methods"
            };
            blocks.push(Block::Curves(Curves {
                caption: format!("{}: {measure}, {who}", sweep.data),
                x_label: format!("divisor of the cells of {}", sweep.class),
                y_label: (*measure).into(),
                x_range: (1.0, last),
                y_range: (low, high),
                points: true,
                series,
                ..Curves::default()
            }));
        }
    }
    blocks.push(Block::Table(sweep.block()));
    blocks.extend(sweep.remarks().into_iter().map(Block::Text));
    Section {
        title: format!("Imbalance: {}", sweep.data),
        lead: format!(
            "Experiment 3: training rows of `{}` are deleted by chance in both groups until their cells are smaller by the divisor. Means over folds; F1, precision and recall are those of `{}`.",
            sweep.class, sweep.class
        ),
        blocks,
    }
}

fn curve(line: &SweptLine, place: usize, fair: bool) -> Curve {
    let points = line
        .levels
        .iter()
        .filter_map(|level| Some((level.divisor, level.numbers()[place].1?)));
    let with = line.method == Treatment::FairOversampling;
    Curve {
        name: match (fair, with) {
            (false, _) => line.method.name().into(),
            (true, true) => format!("{} with Fair Oversampling", line.learner.name()),
            (true, false) => line.learner.name().into(),
        },
        points: points.collect(),
        note: String::new(),
        muted: line.method == Treatment::None,
    }
}

/// Ends of an axis on which all points lie.
fn ends(series: &[Curve]) -> (f64, f64) {
    let values = || {
        series
            .iter()
            .flat_map(|curve| curve.points.iter().map(|point| point.1))
    };
    let low = values().fold(f64::INFINITY, f64::min);
    let high = values().fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return (0.0, 1.0);
    }
    let low = ((low * 20.0 - 0.2).floor() / 20.0).max(0.0);
    let high = ((high * 20.0 + 0.2).ceil() / 20.0).min(1.0);
    (low, high.max(low + 0.05))
}

fn important(all: &[Importance]) -> Section {
    let mut blocks = Vec::new();
    for importance in all {
        if let Some(problem) = &importance.problem {
            blocks.push(Block::Text(format!("{}: {problem}", importance.data)));
            continue;
        }
        // Chance makes some a little less than nothing, which no bar can show.
        let series = |name: &str, of: fn(&super::FeatureImportance) -> f64| Series {
            name: name.into(),
            values: importance
                .features
                .iter()
                .map(|feature| Some((1000.0 * of(feature)).round().max(0.0) / 1000.0))
                .collect(),
            ..Series::default()
        };
        blocks.push(Block::Bars(Bars {
            caption: format!("{}, {}", importance.data, importance.learner.name()),
            categories: importance
                .features
                .iter()
                .map(|feature| feature.feature.clone())
                .collect(),
            series: vec![
                series("without", |feature| feature.before),
                series("with Fair Oversampling", |feature| feature.after),
            ],
            unit: "loss of balanced accuracy".into(),
        }));
        blocks.push(Block::Table(importance.block()));
    }
    Section {
        title: "Importance".into(),
        lead: "Experiment 4: how much balanced accuracy a model loses on test rows when a feature is shuffled, mean over folds and five shuffles. The paper does not say which importance it shows; it names the checking account of German, .06 before and .10 after.".into(),
        blocks,
    }
}

fn pictured(all: &[CellPicture]) -> Section {
    let mut blocks = Vec::new();
    for picture in all {
        let kept = picture.kept.map_or(String::new(), |kept| {
            format!("; the plane keeps {:.0} % of squared distances", 100.0 * kept)
        });
        for (method, name) in [
            (None, "rows as they are"),
            (Some(Treatment::Smote), "with rows of SMOTE"),
            (
                Some(Treatment::FairOversampling),
                "with rows of Fair Oversampling",
            ),
        ] {
            let points = picture
                .points
                .iter()
                .filter(|point| point.made_by.is_none() || point.made_by == method);
            let point = |point: &super::CellPoint| {
                let what = if point.made_by.is_some() {
                    "new row, base"
                } else {
                    "row"
                };
                let new = if point.made_by.is_some() {
                    picture.cells.len() as u32
                } else {
                    0
                };
                Point {
                    x: point.x,
                    y: point.y,
                    class: point.cell + new,
                    label: format!("{what} {}, {}", point.row, picture.cells[point.cell as usize]),
                    parents: None,
                }
            };
            let mut classes = picture.cells.clone();
            if method.is_some() {
                classes.extend(picture.cells.iter().map(|cell| format!("new: {cell}")));
            }
            blocks.push(Block::Scatter(Scatter {
                caption: format!("{}: {name}{kept}", picture.data),
                classes,
                points: points.map(point).collect(),
            }));
        }
    }
    Section {
        title: "Cells".into(),
        lead: "Experiment 4: rows of the four cells in the plane, as many of each kind as can be told apart; the three pictures of a data set have the same axes. The paper shows t-SNE; these are landmark multidimensional scaling of Euclidean distances, which keeps large ones.".into(),
        blocks,
    }
}

fn about(found: &Reproduction) -> Section {
    let used = found.data.iter().map(|data| {
        let cells: Vec<String> = data
            .cells
            .iter()
            .map(|(cell, rows)| format!("{cell}: {rows}"))
            .collect();
        let value = format!(
            "{} rows, {} features, rows dealt {}; {}",
            data.rows,
            data.features,
            if data.repeats == 1 {
                "once".to_owned()
            } else {
                format!("{} times", data.repeats)
            },
            cells.join(", ")
        );
        (data.data.to_owned(), value)
    });
    let mut notes: Vec<Block> = super::NOTES
        .iter()
        .map(|note| Block::Text((*note).into()))
        .collect();
    notes.insert(0, Block::KeyValues(used.collect()));
    Section {
        title: "How it was done".into(),
        lead: format!("Intervals of 95 % come from {} draws of test rows.", found.draws),
        blocks: notes,
    }
}
