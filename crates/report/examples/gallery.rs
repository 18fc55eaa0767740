//! Draws every block once: `cargo run --release -p counterpoise-report --example gallery > gallery.html`.
#![allow(clippy::print_stdout, reason = "an example prints what it made")]

use counterpoise_base::Warning;
use counterpoise_report::{
    Bars, Block, Error, Figure, Page, Point, Scatter, Section, Series, TableBlock, render,
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
        sections: vec![overview, plots, tables, more],
        footer: vec!["made by an example".into()],
    };
    println!("{}", render(&page)?);
    Ok(())
}
