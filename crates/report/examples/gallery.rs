//! Draws every block once: `cargo run --release -p counterpoise-report --example gallery > gallery.html`.
#![allow(clippy::print_stdout, reason = "an example prints what it made")]

use counterpoise_base::Warning;
use counterpoise_report::{
    Bars, Block, CriticalDifference, Curve, Curves, Error, Figure, IntervalEntry, IntervalGroup, Intervals,
    Page, Point, RankedMethod, Scatter, Section, Series, TableBlock, Tone, render,
};

fn main() -> Result<(), Error> {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let point = |place: u32| {
        let angle = f64::from(place) * 2.399_963;
        let radius = f64::from(place).sqrt();
        let rare = place.is_multiple_of(7);
        Point {
            x: radius * angle.cos() + if rare { 12.0 } else { 0.0 },
            y: radius * angle.sin(),
            class: u32::from(rare),
            label: format!("row {place}"),
            parents: (rare && place > 200).then_some((7 * (place % 11), 7 * (place % 13))),
        }
    };
    let overview = Section {
        title: "Overview".into(),
        lead: "One sentence that says what to take away.".into(),
        blocks: vec![
            Block::Figures(vec![
                Figure {
                    value: "1000".into(),
                    label: "rows".into(),
                    note: "20 features".into(),
                },
                Figure {
                    value: "2.3".into(),
                    label: "imbalance ratio".into(),
                    note: "good to bad".into(),
                },
            ]),
            Block::Warnings(vec![
                Warning::new("x", "a class has 7 rows").with_hint("use `--method smote` with care"),
            ]),
            Block::KeyValues(vec![
                ("seed".into(), "42".into()),
                ("method".into(), "smote".into()),
            ]),
        ],
    };
    let series = |name: &str, values: &[f64]| Series {
        name: name.into(),
        values: values.iter().copied().map(Some).collect(),
        ..Series::default()
    };
    let plots = Section {
        title: "Plots".into(),
        lead: String::new(),
        blocks: vec![
            Block::Bars(Bars {
                caption: "Rows per class".into(),
                categories: names(&["good", "bad", "a class with a rather long name"]),
                series: vec![
                    series("before", &[700.0, 300.0, 0.0]),
                    series("after", &[700.0, 700.0, 12_345.0]),
                ],
                unit: "rows".into(),
            }),
            Block::Scatter(Scatter {
                caption: "Rows, projected".into(),
                classes: names(&["common", "rare"]),
                points: (0..600).map(point).collect(),
            }),
        ],
    };
    let verdict = |title: &str, text: &str, tone| Block::Verdict {
        title: title.into(),
        text: text.into(),
        tone,
    };
    let comparison = Section {
        title: "Comparison".into(),
        lead: String::new(),
        blocks: vec![
            verdict(
                "Does balancing help?",
                "Yes: `smote-enn` raises the balanced accuracy of both models by more than chance explains.",
                Tone::Good,
            ),
            verdict(
                "Which method?",
                "Too close to call: the intervals of the four best methods overlap.",
                Tone::Neutral,
            ),
            verdict(
                "Are probabilities still right?",
                "No. After `smote`, a predicted 0.8 came true in 49 of 100 rows; calibrate before you use them.",
                Tone::Caution,
            ),
            Block::Intervals(differences()),
            Block::CriticalDifference(ranks()),
            Block::Curves(precision_recall()),
            Block::Curves(reliability()),
        ],
    };
    let tables = Section {
        title: "Tables".into(),
        lead: String::new(),
        blocks: vec![
            Block::Table(TableBlock {
                caption: "Counts".into(),
                headers: names(&["class", "rows"]),
                numeric: vec![false, true],
                rows: vec![names(&["good, \"really\"", "700"]), names(&["bad", "300"])],
            }),
            Block::Code {
                title: "experiment.toml".into(),
                text: "seed = 42\n\n[method]\nname = \"smote\"\n".into(),
            },
        ],
    };
    let more = Section {
        title: "More".into(),
        lead: "The last one.".into(),
        blocks: vec![Block::Text("Text.".into())],
    };
    let page = Page {
        title: "Gallery".into(),
        subtitle: "every block once".into(),
        sections: vec![overview, comparison, plots, tables, more],
        footer: vec!["made by an example".into()],
    };
    println!("{}", render(&page)?);
    Ok(())
}

/// Eight methods and two models against doing nothing.
fn differences() -> Intervals {
    let methods = [
        "random-over",
        "smote",
        "borderline-smote",
        "adasyn",
        "smote-enn",
        "tomek-links",
        "eos",
        "a-method-with-a-name-that-never-seems-to-end",
    ];
    let group = |name: &str, found: [Option<(f64, f64)>; 8]| IntervalGroup {
        bare: false,
        name: name.into(),
        entries: methods
            .iter()
            .zip(found)
            .map(|(method, found)| IntervalEntry {
                name: (*method).into(),
                value: found.map(|(value, _)| value),
                interval: found.map(|(value, half)| (value - half, value + half * 1.1)),
                emphasis: found.is_some_and(|(value, half)| value > half || value < -1.1 * half),
            })
            .collect(),
    };
    let logistic = [
        (0.0412, 0.0171),
        (0.0465, 0.0183),
        (0.0391, 0.0202),
        (0.0358, 0.0214),
        (0.0587, 0.0192),
        (0.0034, 0.0061),
        (0.0121, 0.0154),
        (-0.0243, 0.0208),
    ];
    let forest = [
        Some((0.0153, 0.0167)),
        Some((0.0382, 0.0179)),
        Some((0.0304, 0.0188)),
        Some((0.0276, 0.0193)),
        Some((0.0711, 0.0214)),
        Some((-0.0012, 0.0048)),
        None,
        Some((-0.0102, 0.0231)),
    ];
    Intervals {
        caption: "Balanced accuracy against no method, with 95 % intervals".into(),
        groups: vec![
            group("logistic regression", logistic.map(Some)),
            group("random forest", forest),
        ],
        reference: Some((0.0, "no difference to none".into())),
        ends: Some(("worse than none".into(), "better than none".into())),
        unit: "difference of balanced accuracy".into(),
    }
}

/// Seven methods on 25 folds.
fn ranks() -> CriticalDifference {
    let methods = [
        ("deep-smote", 1.32),
        ("smote", 4.04),
        ("none", 5.96),
        ("random-over", 4.52),
        ("a-method-with-a-name-that-never-seems-to-end", 2.6),
        ("balanced-softmax", 2.88),
        ("pixel-smote", 6.68),
    ];
    let method = |(name, rank): (&str, f64)| RankedMethod {
        name: name.into(),
        rank,
    };
    CriticalDifference {
        caption: "Average ranks over 25 data sets; bars join what Nemenyi's test does not tell apart at 0.05"
            .into(),
        methods: methods.map(method).to_vec(),
        alike: vec![
            vec![0, 4, 5],
            vec![4, 5, 1],
            vec![5, 1, 3],
            vec![3, 2],
            vec![2, 6],
        ],
        critical: Some((1.80, "critical difference".into())),
    }
}

/// Four methods on a class of every eighth row.
fn precision_recall() -> Curves {
    let base = 0.125;
    let curve = |name: &str, power: f64, note: &str, muted| Curve {
        name: name.into(),
        points: (1..=120_u32)
            .map(|place| {
                let recall = f64::from(place) / 120.0;
                // Precision swings most where few rows are chosen.
                let wave = f64::from(place) * (1.1 + power) / 3.0;
                let swing = (wave.sin() + (2.7 * wave).cos()) * 0.011 / (0.3 + 3.0 * recall);
                let precision = base + (1.0 - base) * (1.0 - recall.powf(power)) * 0.93 + swing;
                (recall, precision.clamp(0.0, 1.0))
            })
            .collect(),
        note: note.into(),
        muted,
    };
    Curves {
        caption: "Precision and recall of the class bad".into(),
        x_label: "recall".into(),
        y_label: "precision".into(),
        step: true,
        series: vec![
            curve("none", 0.9, "AP 0.52", true),
            curve("smote", 1.6, "AP 0.64", false),
            curve("smote-enn", 2.1, "AP 0.69", false),
            curve(
                "a-method-with-a-name-that-never-seems-to-end-in-the-legend",
                1.2,
                "AP 0.58",
                false,
            ),
        ],
        horizontal: Some((base, "base rate 0.125".into())),
        ..Curves::default()
    }
}

/// What was predicted against what came true, before and after.
fn reliability() -> Curves {
    let curve = |name: &str, bend: f64, note: &str, muted| Curve {
        name: name.into(),
        points: (0..10_u32)
            .map(|bin| {
                let predicted = (f64::from(bin) + 0.5) / 10.0;
                let swing = (f64::from(bin * 7 % 5) - 2.0) * 0.012;
                (predicted, (predicted.powf(bend) + swing).clamp(0.0, 1.0))
            })
            .collect(),
        note: note.into(),
        muted,
    };
    Curves {
        caption: "Reliability: how often a predicted probability came true".into(),
        x_label: "predicted probability".into(),
        y_label: "share that came true".into(),
        diagonal: true,
        points: true,
        series: vec![
            curve("none", 1.15, "ECE 0.031", true),
            curve("smote", 2.6, "ECE 0.164", false),
            curve("smote, calibrated", 0.97, "ECE 0.012", false),
        ],
        ..Curves::default()
    }
}
