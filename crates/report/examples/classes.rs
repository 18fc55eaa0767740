//! Draws plots of classes with 2, 10 and 100 of them:
//! `cargo run --release -p counterpoise-report --example classes > classes.html`.
#![allow(clippy::print_stdout, reason = "an example prints what it made")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use counterpoise_report::{
    Bars, Block, ClassRecall, Error, HeatCell, HeatMap, Page, PictureRow, PictureRows, PictureState, Section,
    Series, SizeAndRecall, SmallPicture, StackedBar, StackedBars, StackedPart, render,
};

const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAwAAAAMCAIAAADZF8uwAAAAIUlEQVR42mM4sSoKgmyiFkAQpggD9RThkYOLUFHRsPYdANxh2JHPVA0TAAAAAElFTkSuQmCC";
const HOT: &str = "iVBORw0KGgoAAAANSUhEUgAAAAwAAAAMCAIAAADZF8uwAAAAQElEQVR42mM4sSoKgmyiFkAQpggD9RShyT2zkYMgZNUoiuAqIAiLIjQVyOoQbsKqCN3hRCnCtJEC3+EKMKIUAQBYudANU0VIuQAAAABJRU5ErkJggg==";

fn main() -> Result<(), Error> {
    let page = Page {
        title: "Classes".into(),
        subtitle: "plots with 2, 10 and 100 classes".into(),
        sections: [2, 10, 100].map(section).to_vec(),
        footer: Vec::new(),
    };
    println!("{}", render(&page)?);
    Ok(())
}

fn section(classes: u32) -> Section {
    let names: Vec<String> = (0..classes).map(|class| name(class, classes)).collect();
    Section {
        title: format!("{classes} classes"),
        lead: String::new(),
        blocks: vec![
            Block::SizeAndRecall(sizes(&names)),
            Block::StackedBars(features(&names)),
            Block::StackedBars(adversaries(&names)),
            Block::HeatMap(matrix(&names)),
            Block::Bars(gaps(&names)),
            Block::PictureRows(pictures(&names)),
        ],
    }
}

fn name(class: u32, classes: u32) -> String {
    let words = [
        "airplane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ];
    match classes {
        2 => ["normal", "pneumonia"][class as usize].into(),
        10 => words[class as usize].into(),
        _ => format!("{} of kind {class}", words[class as usize % 10]),
    }
}

/// A number between 0 and 1 that looks drawn.
fn noise(seed: u32) -> f64 {
    f64::from(seed.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24)
}

fn share(place: usize, of: usize) -> f64 {
    place as f64 / (of.max(2) - 1) as f64
}

fn sizes(names: &[String]) -> SizeAndRecall {
    let class = |(place, name): (usize, &String)| {
        let recall = 0.95 - 0.7 * share(place, names.len()) + 0.1 * (noise(place as u32) - 0.5);
        ClassRecall {
            name: name.clone(),
            size: (4500.0 * 0.01_f64.powf(share(place, names.len()))) as usize,
            recall: Some(recall),
            interval: Some((recall - 0.05, (recall + 0.05).min(1.0))),
        }
    };
    SizeAndRecall {
        caption: "What is recognised of each class, with 95 % intervals".into(),
        size_label: "training rows".into(),
        recall_label: "recall".into(),
        classes: names.iter().enumerate().map(class).collect(),
    }
}

fn features(names: &[String]) -> StackedBars {
    let bar = |(place, name): (usize, &String)| {
        let part = |top: usize| StackedPart {
            label: format!("{}", (noise((place * 5 + top * top) as u32 % 90) * 64.0) as u32),
            value: 0.9 * 0.5 * 0.5_f64.powi(top as i32) * (1.0 + 0.2 * noise((place + top) as u32)),
            note: "seen in 61 % of rows".into(),
        };
        StackedBar {
            name: name.clone(),
            note: "64 features".into(),
            parts: (0..10).map(part).collect(),
        }
    };
    StackedBars {
        caption: "The ten features that carry most of a class".into(),
        bar_label: "class".into(),
        part_label: "feature".into(),
        value_label: "share".into(),
        bars: names.iter().enumerate().map(bar).collect(),
        full: None,
        ..StackedBars::default()
    }
}

fn adversaries(names: &[String]) -> StackedBars {
    let bar = |(place, name): (usize, &String)| {
        let others = names.iter().enumerate().filter(|(other, _)| *other != place);
        let weight = |other: usize| noise((place * names.len() + other) as u32).powi(6);
        let all: f64 = others.clone().map(|(other, _)| weight(other)).sum();
        let parts = others.map(|(other, name)| StackedPart {
            label: name.clone(),
            value: weight(other) / all,
            note: String::new(),
        });
        StackedBar {
            name: name.clone(),
            note: String::new(),
            parts: parts.collect(),
        }
    };
    StackedBars {
        caption: "Classes among the neighbours of misclassified rows".into(),
        bar_label: "class".into(),
        part_label: "neighbour".into(),
        value_label: "share".into(),
        bars: names.iter().enumerate().map(bar).collect(),
        full: Some(1.0),
        ..StackedBars::default()
    }
}

fn matrix(names: &[String]) -> HeatMap {
    let cell = |line: usize, column: usize| {
        let value = if line == column {
            0.0
        } else {
            noise((line * 131 + column) as u32).powi(8)
        };
        HeatCell {
            value: (line != 3 || column != 5).then_some(value),
            text: if value > 0.0 {
                format!("{value:.2}")
            } else {
                String::new()
            },
            note: String::new(),
        }
    };
    HeatMap {
        caption: "Which class is taken for which".into(),
        corner: "of class".into(),
        lines: names.to_vec(),
        columns: names.to_vec(),
        cells: (0..names.len())
            .map(|line| (0..names.len()).map(|column| cell(line, column)).collect())
            .collect(),
        middle: 0.0,
        legend: ("share of the wrong rows".into(), String::new()),
    }
}

fn gaps(names: &[String]) -> Bars {
    let series = |name: &str, seed: u32| {
        let value = |place: usize| 0.4 + 2.0 * share(place, names.len()) * noise(place as u32 + seed);
        Series {
            name: name.into(),
            values: (0..names.len()).map(|place| Some(value(place))).collect(),
            intervals: (0..names.len())
                .map(|place| Some((value(place) * 0.8, value(place) * 1.3)))
                .collect(),
            ..Series::default()
        }
    };
    Bars {
        caption: "Generalization gap, with 95 % intervals".into(),
        categories: names.to_vec(),
        series: vec![series("before", 1), series("after", 7)],
        unit: "mean over features".into(),
    }
}

fn pictures(names: &[String]) -> PictureRows {
    let file = |text: &str| STANDARD.decode(text).unwrap_or_default();
    let picture = |place: u32| SmallPicture {
        png: file(PICTURE),
        overlay: (place % 4 == 3).then(|| file(HOT)),
        caption: format!("row {place}, as {}", names[place as usize % names.len()]),
        state: match place % 3 {
            0 => PictureState::Right,
            1 => PictureState::Wrong,
            _ => PictureState::Plain,
        },
    };
    let row = |name: &String| PictureRow {
        title: name.clone(),
        note: "4896 safe, 73 border, 16 rare, 15 outlier".into(),
        pictures: (0..8).map(picture).collect(),
    };
    let mut rows: Vec<PictureRow> = names.iter().map(row).collect();
    rows.push(PictureRow {
        title: "a class without any".into(),
        ..PictureRow::default()
    });
    PictureRows {
        caption: "Typical pictures and wrong ones".into(),
        rows,
    }
}
