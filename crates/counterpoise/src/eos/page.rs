//! The page of all three phases.

use counterpoise_base::counted;
use counterpoise_diagnose::GapChange;
use counterpoise_report::{
    Bars, Block, Figure, IntervalEntry, IntervalGroup, Intervals, Page, Section, Series, TableBlock,
};

use super::rivals::HeadMethod;
use super::run::{EosOutcome, EosRun};
use crate::pages::{footer, name_of};
use crate::{Error, few_of_each};

fn percent(value: Option<f64>) -> String {
    value.map_or("undefined".to_owned(), |value| format!("{:.1} %", 100.0 * value))
}

/// The page of [`run_eos`](super::run_eos).
pub fn eos_page(run: &EosRun, outcome: &EosOutcome) -> Result<Page, Error> {
    let mut sections = vec![result(outcome)];
    if !outcome.heads.is_empty() {
        sections.push(heads(outcome));
    }
    sections.push(classes(outcome));
    if let Some(gap) = &outcome.gap {
        sections.push(gaps(gap));
    }
    if !outcome.tried.is_empty() {
        let row = |tried: &super::Tried| {
            vec![
                tried.method.clone(),
                tried
                    .balanced_accuracy
                    .map_or("undefined".to_owned(), |value| format!("{value:.4}")),
            ]
        };
        sections.push(Section {
            title: "Numbers that were chosen".into(),
            lead: "By balanced accuracy on validation rows; of equals, the first.".into(),
            blocks: vec![Block::Table(TableBlock {
                caption: "What was tried".into(),
                headers: vec!["method".into(), "balanced accuracy".into()],
                numeric: vec![false, true],
                rows: outcome.tried.iter().map(row).collect(),
            })],
        });
    }
    sections.push(Section {
        title: "Do phase one again".into(),
        lead: "Save this as a file and run it with `counterpoise run`; phases two and three take the settings above.".into(),
        blocks: vec![Block::Code {
            title: "experiment.toml".into(),
            text: run.training.to_toml()?,
        }],
    });
    Ok(Page {
        title: format!("EOS on {}", name_of(&run.training.data.path)),
        subtitle: format!(
            "{}, {}, seed {}",
            outcome.method,
            counted(outcome.classes.len(), "class"),
            run.training.seed
        ),
        sections,
        footer: footer(),
    })
}

/// What the new head brought, in one sentence and three figures.
fn result(outcome: &EosOutcome) -> Section {
    let main = outcome.heads.first();
    let none = outcome
        .heads
        .iter()
        .find(|head| head.method == Some(HeadMethod::None));
    let mut blocks = Vec::new();
    let mut lead =
        "There are no test pictures: name some with `--test` to see what the new head brought.".to_owned();
    if let Some(main) = main {
        let scores = &main.scores.balanced_accuracy;
        let mut figures = vec![Figure {
            value: percent(scores.score.value),
            label: "balanced accuracy".into(),
            note: none.map_or(String::new(), |none| {
                format!("{} before", percent(none.scores.balanced_accuracy.score.value))
            }),
        }];
        figures.push(Figure {
            value: main
                .norm_ratio
                .map_or("undefined".to_owned(), |ratio| format!("{ratio:.2}")),
            label: "longest by shortest row of weights".into(),
            note: none
                .and_then(|none| none.norm_ratio)
                .map_or(String::new(), |ratio| format!("{ratio:.2} before")),
        });
        figures.push(Figure {
            value: format!("{:.1} s", outcome.seconds[2]),
            label: "for rows and heads".into(),
            note: format!("{:.1} s for phase one", outcome.seconds[0]),
        });
        blocks.push(Block::Figures(figures));
        lead = verdict(outcome);
    }
    if !outcome.warnings.is_empty() {
        blocks.push(Block::Warnings(few_of_each(&outcome.warnings)));
    }
    Section {
        title: "Result".into(),
        lead,
        blocks,
    }
}

/// Whether the new head is better than the network as it is, and than others over the same embeddings.
fn verdict(outcome: &EosOutcome) -> String {
    let Some((main, others)) = outcome.heads.split_first() else {
        return String::new();
    };
    let mut text = match main
        .scores
        .balanced_accuracy
        .added
        .get(1)
        .map(|added| (added.value, added.interval))
    {
        Some((Some(value), Some((low, high)))) if low > 0.0 || high < 0.0 => format!(
            "The new head {} {:.1} points of balanced accuracy ({:+.1} to {:+.1}). ",
            if value > 0.0 { "adds" } else { "costs" },
            100.0 * value.abs(),
            100.0 * low,
            100.0 * high
        ),
        Some((Some(value), Some((low, high)))) => format!(
            "The new head changes balanced accuracy by {:+.1} points, which may be chance ({:+.1} to {:+.1}). ",
            100.0 * value,
            100.0 * low,
            100.0 * high
        ),
        _ => String::new(),
    };
    // What others add to this one, on the same draws.
    let surely = |head: &&super::ComparedHead| {
        let added = head.scores.balanced_accuracy.added.first();
        added
            .and_then(|added| added.interval)
            .is_some_and(|(low, _)| low > 0.0)
    };
    let named = |head: &super::ComparedHead| {
        format!(
            "{} ({})",
            head.name,
            percent(head.scores.balanced_accuracy.score.value)
        )
    };
    let rivals = others.iter().filter(|head| head.method != Some(HeadMethod::None));
    let count = rivals.clone().count();
    if count > 0 {
        let better: Vec<String> = rivals.clone().filter(surely).map(named).collect();
        let best = rivals.max_by(|a, b| {
            let value = |head: &super::ComparedHead| head.scores.balanced_accuracy.score.value.unwrap_or(0.0);
            value(a).total_cmp(&value(b))
        });
        let rivals = match (better.is_empty(), best) {
            (true, Some(best)) => format!(
                "Of {} over the same embeddings none is better by more than chance; the best is {}.",
                counted(count, "other head"),
                named(best)
            ),
            _ => format!(
                "Better over the same embeddings, by more than chance: {}.",
                better.join(", ")
            ),
        };
        text += &rivals;
    }
    text
}

/// All heads, as differences to the network as it is.
fn heads(outcome: &EosOutcome) -> Section {
    let none = outcome
        .heads
        .iter()
        .any(|head| head.method == Some(HeadMethod::None));
    let entries = outcome
        .heads
        .iter()
        .filter(|head| !none || head.method != Some(HeadMethod::None))
        .map(|head| {
            let scores = &head.scores.balanced_accuracy;
            let estimate = if none { &scores.added[1] } else { &scores.score };
            let points = |value: f64| 100.0 * value;
            IntervalEntry {
                name: head.name.clone(),
                value: estimate.value.map(points),
                interval: estimate.interval.map(|(low, high)| (points(low), points(high))),
                emphasis: none
                    && estimate
                        .interval
                        .is_some_and(|(low, high)| low > 0.0 || high < 0.0),
            }
        });
    let caption = if none {
        "What each head adds to the balanced accuracy of the network as it is, in points, with intervals of 95 % from drawing test rows"
    } else {
        "Balanced accuracy of each head in percent, with intervals of 95 % from drawing test rows"
    };
    let plot = Intervals {
        caption: caption.into(),
        groups: vec![IntervalGroup {
            name: String::new(),
            entries: entries.collect(),
            bare: false,
        }],
        reference: none.then(|| (0.0, "the network as it is".into())),
        ends: none.then(|| ("worse".into(), "better".into())),
        unit: if none { "points of balanced accuracy" } else { "%" }.into(),
    };
    let row = |head: &super::ComparedHead| {
        let scores = &head.scores;
        let interval = scores
            .balanced_accuracy
            .score
            .interval
            .map_or(String::new(), |(low, high)| {
                format!(" ({:.1} to {:.1})", 100.0 * low, 100.0 * high)
            });
        vec![
            head.name.clone(),
            head.chosen.clone().unwrap_or_default(),
            format!("{}{interval}", percent(scores.balanced_accuracy.score.value)),
            percent(scores.g_mean.score.value),
            percent(scores.macro_f1.score.value),
            head.norm_ratio
                .map_or(String::new(), |ratio| format!("{ratio:.2}")),
            head.synthetic.to_string(),
            format!("{:.2}", head.seconds),
        ]
    };
    let columns = [
        "head",
        "chosen",
        "balanced accuracy",
        "g-mean",
        "macro F1",
        "weights, longest by shortest",
        "synthetic rows",
        "seconds",
    ];
    Section {
        title: "Heads over the same embeddings".into(),
        lead: "The network is the same for all; only its last layer differs. Intervals are paired: every draw of test rows is the same for all heads. They do not say what another training of the network would bring.".into(),
        blocks: vec![
            Block::Intervals(plot),
            Block::Table(TableBlock {
                caption: "Heads, with balanced accuracy and its interval".into(),
                headers: columns.map(String::from).to_vec(),
                numeric: (0..columns.len()).map(|column| column > 1).collect(),
                rows: outcome.heads.iter().map(row).collect(),
            }),
        ],
    }
}

fn classes(outcome: &EosOutcome) -> Section {
    let series = |name: &str, values: Vec<Option<f64>>| Series {
        name: name.into(),
        values,
        ..Series::default()
    };
    let counts = |counts: &[usize]| counts.iter().map(|&count| Some(count as f64)).collect();
    let mut blocks = vec![Block::Bars(Bars {
        caption: "Rows of every class to train the head on".into(),
        categories: outcome.classes.clone(),
        series: vec![
            series("before", counts(&outcome.counts)),
            series("balanced", counts(&outcome.balanced)),
        ],
        unit: "rows".into(),
    })];
    if let (Some(before), Some(after)) = (&outcome.before, &outcome.after) {
        let recalls = |judged: &crate::Evaluated| {
            judged
                .recalls()
                .into_iter()
                .map(|value| value.map(|value| 100.0 * value))
                .collect()
        };
        blocks.push(Block::Bars(Bars {
            caption: "Recall of every class on the test pictures, in percent, of the whole network".into(),
            categories: outcome.classes.clone(),
            series: vec![series("before", recalls(before)), series("after", recalls(after))],
            unit: "%".into(),
        }));
    }
    let norms = |norms: &[f64]| norms.iter().map(|&norm| Some(norm)).collect();
    blocks.push(Block::Bars(Bars {
        caption: "Length of the weights of every class: a head prefers classes with long ones".into(),
        categories: outcome.classes.clone(),
        series: vec![
            series("before", norms(&outcome.norms_before)),
            series("after", norms(&outcome.norms_after)),
        ],
        unit: "length".into(),
    }));
    Section {
        title: "Classes".into(),
        lead: String::new(),
        blocks,
    }
}

fn gaps(gap: &GapChange) -> Section {
    let means = |report: &counterpoise_diagnose::GapReport| {
        report
            .classes
            .iter()
            .map(|class| class.all.map(|all| all.mean))
            .collect()
    };
    let mean = |value: Option<f64>| value.map_or("undefined".to_owned(), |value| format!("{value:.4}"));
    Section {
        title: "Generalization gap".into(),
        lead: format!(
            "How far test rows of a class reach beyond the range of its training rows, as a mean over features. Over classes the mean is {} before and {} after synthetic rows joined. The definition is ours: the paper's formula is not known.",
            mean(gap.before.macro_mean),
            mean(gap.after.macro_mean)
        ),
        blocks: vec![Block::Bars(Bars {
            caption: "Mean gap of every class".into(),
            categories: gap
                .before
                .classes
                .iter()
                .map(|class| class.class.clone())
                .collect(),
            series: vec![
                Series {
                    name: "before".into(),
                    values: means(&gap.before),
                    ..Series::default()
                },
                Series {
                    name: "after".into(),
                    values: means(&gap.after),
                    ..Series::default()
                },
            ],
            unit: "mean over features".into(),
        })],
    }
}
