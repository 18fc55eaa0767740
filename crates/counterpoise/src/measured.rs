//! `metrics`: how good predictions that stand in a table are.

use counterpoise_base::{Observer, Warning, counted};
use counterpoise_data::{PredictionColumns, PredictionTable, predictions_of};
use counterpoise_metrics::{
    Bootstrap, ClassReport, ConfusionMatrix, Estimate, Measure, Predictions, per_class_report,
    precision_recall_curve, reliability, roc_curve,
};
use counterpoise_report::{
    Block, Curve, Curves, Figure, IntervalEntry, IntervalGroup, Intervals, Page, Section, TableBlock,
};
use serde::Serialize;

use crate::{Error, Table};

/// Measures of the predictions in a table, with intervals.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// Rows.
    pub rows: usize,
    /// Classes that are true or predicted, in order.
    pub classes: Vec<String>,
    /// One entry a measure.
    pub measures: Vec<MeasuredValue>,
    /// Measures of each class against the rest.
    pub per_class: Vec<ClassReport>,
    /// Weight of rows by true class, then by predicted class.
    pub confusion: Vec<Vec<f64>>,
    /// How often an interval should hold the true value.
    pub level: f64,
    /// What looked odd.
    pub warnings: Vec<Warning>,
    #[serde(skip)]
    table: Option<PredictionTable>,
}

/// One measure.
#[derive(Debug, Clone, Serialize)]
pub struct MeasuredValue {
    /// Name.
    pub measure: String,
    /// What it is.
    pub about: String,
    /// Value and interval.
    #[serde(flatten)]
    pub estimate: Estimate,
}

/// Measures the predictions of a table. Without names of measures, those that fit the columns are taken.
pub fn measure(
    table: &Table,
    columns: &PredictionColumns,
    wanted: &[Measure],
    bootstrap: &Bootstrap,
    observer: &dyn Observer,
) -> Result<Measured, Error> {
    measure_found(
        predictions_of(table, columns)?,
        &columns.target,
        wanted,
        bootstrap,
        observer,
    )
}

/// Measures predictions, whose true classes stood in the column `target`.
pub(crate) fn measure_found(
    found: PredictionTable,
    target: &str,
    wanted: &[Measure],
    bootstrap: &Bootstrap,
    observer: &dyn Observer,
) -> Result<Measured, Error> {
    let rows = predictions(&found)?;
    let measures = if wanted.is_empty() {
        usual(&found)?
    } else {
        wanted.to_vec()
    };
    for measure in &measures {
        measure.check(&rows)?;
    }
    let estimates = bootstrap.intervals(&measures, &rows, observer)?;
    let mut warnings = Vec::new();
    let mut is_true = vec![false; found.classes.len()];
    found
        .truth
        .iter()
        .for_each(|&class| is_true[class as usize] = true);
    for class in (0..is_true.len()).filter(|&class| !is_true[class]) {
        let message = format!(
            "class `{}` is predicted and never true: it has no recall",
            found.classes[class]
        );
        warnings.push(Warning::new("metrics.never-true", message));
    }
    if is_true.iter().filter(|&&is_true| is_true).count() == 1 {
        let message =
            format!("column `{target}` has one class only: rankings and correlations are not defined");
        warnings.push(Warning::new("metrics.one-class", message));
    }
    let count = found.classes.len();
    let matrix = ConfusionMatrix::new(&rows);
    let confusion = (0..count)
        .map(|truth| {
            (0..count)
                .map(|predicted| matrix.cell(truth, predicted))
                .collect()
        })
        .collect();
    let per_class = per_class_report(&rows);
    let values = measures
        .iter()
        .zip(estimates)
        .map(|(measure, estimate)| MeasuredValue {
            measure: measure.name(),
            about: measure.describe(),
            estimate,
        });
    Ok(Measured {
        rows: found.truth.len(),
        classes: found.classes.clone(),
        measures: values.collect(),
        per_class,
        confusion,
        level: bootstrap.level,
        warnings,
        table: Some(found),
    })
}

fn predictions(found: &PredictionTable) -> Result<Predictions<'_>, Error> {
    let mut rows = Predictions::new(&found.classes, &found.truth, &found.predicted)?;
    if let Some(probabilities) = &found.probabilities {
        rows = rows.with_probabilities(probabilities)?;
    }
    if let Some(weights) = &found.weights {
        rows = rows.with_weights(weights)?;
    }
    Ok(rows)
}

fn usual(found: &PredictionTable) -> Result<Vec<Measure>, Error> {
    let mut names: Vec<&str> = [
        "accuracy",
        "balanced-accuracy",
        "precision-macro",
        "recall-macro",
        "specificity-macro",
        "f1-macro",
        "g-mean",
        "g-mean-macro",
        "iba-macro",
        "mcc",
        "kappa",
    ]
    .to_vec();
    if found.probabilities.is_some() {
        names.extend([
            "roc-auc-macro",
            "average-precision-macro",
            "brier",
            "log-loss",
            "ece",
        ]);
    }
    Ok(names.iter().map(|name| name.parse()).collect::<Result<_, _>>()?)
}

impl Measured {
    /// Measures of each class against the rest.
    pub fn class_table(&self) -> TableBlock {
        let row = |report: &ClassReport| {
            let shares = [
                report.precision,
                report.recall,
                report.specificity,
                report.f1,
                report.g_mean,
                report.iba,
            ];
            let share =
                |share: Option<f64>| share.map_or("undefined".to_owned(), |share| format!("{share:.3}"));
            let mut row = vec![report.class.clone()];
            row.extend(shares.map(share));
            row.push(report.support.to_string());
            row
        };
        let headers = [
            "class",
            "precision",
            "recall",
            "specificity",
            "f1",
            "g-mean",
            "iba",
            "rows",
        ];
        TableBlock {
            caption: "Each class against the rest".into(),
            headers: headers.map(String::from).to_vec(),
            numeric: (0..headers.len()).map(|place| place > 0).collect(),
            rows: self.per_class.iter().map(row).collect(),
        }
    }

    /// Weight of rows by true class, then by predicted class.
    pub fn confusion_table(&self) -> TableBlock {
        let row = |(class, weights): (&String, &Vec<f64>)| {
            let weights = weights.iter().map(ToString::to_string);
            std::iter::once(class.clone()).chain(weights).collect()
        };
        let first = std::iter::once("true \\ predicted".to_owned());
        TableBlock {
            caption: "True class by row, predicted class by column".into(),
            headers: first.chain(self.classes.iter().cloned()).collect(),
            numeric: (0..=self.classes.len()).map(|place| place > 0).collect(),
            rows: self.classes.iter().zip(&self.confusion).map(row).collect(),
        }
    }
}

/// The page of [`measure`].
pub fn measured_page(name: &str, measured: &Measured) -> Result<Page, Error> {
    let number = |value: Option<f64>| value.map_or("undefined".to_owned(), |value| format!("{value:.4}"));
    let entry = |value: &MeasuredValue| IntervalEntry {
        name: value.measure.clone(),
        value: value.estimate.value,
        interval: value.estimate.interval,
        emphasis: true,
    };
    let (shares, losses): (Vec<_>, Vec<_>) = measured.measures.iter().partition(|value| {
        value
            .measure
            .parse::<Measure>()
            .is_ok_and(|measure| measure.higher_is_better())
    });
    let plot = |caption: &str, values: Vec<&MeasuredValue>| {
        Block::Intervals(Intervals {
            caption: caption.into(),
            groups: vec![IntervalGroup {
                bare: false,
                name: String::new(),
                entries: values.into_iter().map(entry).collect(),
            }],
            reference: None,
            ends: None,
            unit: String::new(),
        })
    };
    let figures = ["balanced-accuracy", "f1-macro", "mcc"]
        .iter()
        .filter_map(|name| {
            let value = measured.measures.iter().find(|value| value.measure == **name)?;
            Some(Figure {
                value: number(value.estimate.value),
                label: value.measure.clone(),
                note: value
                    .estimate
                    .interval
                    .map_or(String::new(), |(low, high)| format!("{low:.3} to {high:.3}")),
            })
        });
    let mut blocks = vec![Block::Figures(figures.collect())];
    if !measured.warnings.is_empty() {
        blocks.push(Block::Warnings(crate::few_of_each(&measured.warnings)));
    }
    blocks.push(plot("Measures of which more is better", shares));
    if !losses.is_empty() {
        blocks.push(plot("Measures of which less is better", losses));
    }
    let mut sections = vec![Section {
        title: "Measures".into(),
        lead: format!(
            "{}; intervals hold the value for new rows in {:.0} % of cases.",
            counted(measured.rows, "row"),
            100.0 * measured.level
        ),
        blocks,
    }];
    sections.push(Section {
        title: "Classes".into(),
        lead: String::new(),
        blocks: vec![
            Block::Table(measured.class_table()),
            Block::Table(measured.confusion_table()),
        ],
    });
    if let Some(found) = measured
        .table
        .as_ref()
        .filter(|found| found.probabilities.is_some())
    {
        sections.push(curves(found)?);
    }
    Ok(Page {
        title: format!("How good are the predictions of {name}?"),
        subtitle: format!(
            "{}, {}",
            counted(measured.rows, "row"),
            counted(measured.classes.len(), "class")
        ),
        sections,
        footer: crate::pages::footer(),
    })
}

const POINTS: usize = 300;
/// Classes whose curves still tell apart.
const LINES: usize = 8;

fn curves(found: &PredictionTable) -> Result<Section, Error> {
    let rows = predictions(found)?;
    // Of two classes, the curves of the second say it all.
    let classes: Vec<u32> = if found.classes.len() == 2 {
        vec![1]
    } else {
        // The rarest ones, which averages hide, in the order of all.
        let mut classes: Vec<u32> = (0..found.classes.len() as u32).collect();
        let rows = |class: &u32| found.truth.iter().filter(|truth| *truth == class).count();
        classes.sort_by_key(rows);
        classes.truncate(LINES);
        classes.sort_unstable();
        classes
    };
    let mut series = (Vec::new(), Vec::new(), Vec::new());
    for class in classes {
        if !found.truth.contains(&class) || found.truth.iter().all(|&truth| truth == class) {
            continue;
        }
        let name = found.classes[class as usize].clone();
        let value = |stem: &str| {
            let measure: Option<Measure> = format!("{stem}:{name}").parse().ok();
            measure
                .and_then(|measure| measure.value(&rows))
                .map_or(String::new(), |value| format!("{value:.3}"))
        };
        let curve = |points, note| Curve {
            name: name.clone(),
            points,
            note,
            muted: false,
        };
        let points = precision_recall_curve(&rows, class, POINTS)?;
        series.0.push(curve(
            points
                .iter()
                .map(|point| (point.recall, point.precision))
                .collect(),
            format!("AP {}", value("average-precision")),
        ));
        let points = roc_curve(&rows, class, POINTS)?;
        series.1.push(curve(
            points
                .iter()
                .map(|point| (point.false_positive_rate, point.true_positive_rate))
                .collect(),
            format!("AUC {}", value("roc-auc")),
        ));
        let bins = reliability(&rows, class, 10)?;
        series.2.push(curve(
            bins.iter().map(|bin| (bin.predicted, bin.observed)).collect(),
            format!("Brier {}", value("brier")),
        ));
    }
    let blocks = vec![
        Block::Curves(Curves {
            caption: "Precision and recall".into(),
            x_label: "recall".into(),
            y_label: "precision".into(),
            step: true,
            series: series.0,
            ..Curves::default()
        }),
        Block::Curves(Curves {
            caption: "Receiver operating characteristic".into(),
            x_label: "false-positive rate".into(),
            y_label: "true-positive rate".into(),
            diagonal: true,
            series: series.1,
            ..Curves::default()
        }),
        Block::Curves(Curves {
            caption: "How often a class came true".into(),
            x_label: "predicted probability".into(),
            y_label: "share that came true".into(),
            diagonal: true,
            points: true,
            series: series.2,
            ..Curves::default()
        }),
    ];
    Ok(Section {
        title: "Probabilities".into(),
        lead: if found.classes.len() > LINES {
            format!(
                "Of {} classes, the {LINES} rarest have curves.",
                found.classes.len()
            )
        } else {
            String::new()
        },
        blocks,
    })
}
