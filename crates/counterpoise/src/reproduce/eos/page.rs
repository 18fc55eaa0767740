//! The page of a reproduction of EOS.

use counterpoise_report::{
    Block, Curve, Curves, IntervalEntry, IntervalGroup, Intervals, Page, Section, Tone,
};

use super::{EosBudget, EosReproduction, EosSet, GapCurve, HeadRow, LossTable};
use crate::eos::HeadMethod;

/// A page with all tables and curves.
pub fn eos_reproduction_page(found: &EosReproduction) -> Page {
    let tone = if found.budget == EosBudget::Full {
        Tone::Neutral
    } else {
        Tone::Caution
    };
    let mut notes = found.notes().into_iter();
    let mut blocks = vec![Block::Verdict {
        title: String::new(),
        text: notes.next().unwrap_or_default(),
        tone,
    }];
    blocks.extend(notes.map(Block::Text));
    let mut sections = vec![Section {
        title: "How it was done".into(),
        lead: format!("{}; seed {}.", found.paper, found.seed),
        blocks,
    }];
    for set in &found.sets {
        sections.extend(of_set(set));
    }
    sections.push(Section {
        title: "Do it again".into(),
        lead: "FOLDER holds the files of the data sets, or a folder for each. Networks and heads that are finished are kept, and not trained twice.".into(),
        blocks: vec![Block::Code {
            title: "in a terminal".into(),
            text: format!("{}\n", found.command),
        }],
    });
    Page {
        title: "EOS, done again".into(),
        subtitle: format!("{} budget, seed {}", found.budget.name(), found.seed),
        sections,
        footer: vec!["Data sets are read where they are given; none is part of this page.".into()],
    }
}

fn of_set(set: &EosSet) -> Vec<Section> {
    let mut sections = Vec::new();
    if !set.losses.is_empty() {
        let mut blocks: Vec<Block> = set.verdicts().into_iter().map(Block::Text).collect();
        blocks.push(Block::Table(set.summary_block()));
        blocks.extend(set.losses.iter().map(|table| Block::Intervals(forest(table))));
        blocks.extend(set.losses.iter().map(|table| Block::Table(set.loss_block(table))));
        sections.push(Section {
            title: format!("Heads over the same features: {}", set.data.name()),
            lead: "The paper's main table and what stands beside it. BAC: balanced accuracy. GM: root of macro recall times macro specificity.".into(),
            blocks,
        });
    }
    if let Some(table) = set.neighbour_block() {
        sections.push(Section {
            title: format!("Neighbours: {}", set.data.name()),
            lead: "EOS looks for enemies among so many neighbours of each row.".into(),
            blocks: vec![Block::Curves(neighbours(set)), Block::Table(table)],
        });
    }
    if !set.gaps.is_empty() {
        let mut blocks: Vec<Block> = set.about_gaps().into_iter().map(Block::Text).collect();
        blocks.extend(set.gaps.iter().map(|gap| Block::Table(set.gap_block(gap))));
        sections.push(Section {
            title: format!("Generalization gap: {}", set.data.name()),
            lead: "How far test rows of a class reach beyond the range of its training rows, mean over features. The paper's formula was not to be had; this definition is ours.".into(),
            blocks,
        });
    }
    if !set.curves.is_empty() {
        let mut blocks = vec![Block::Curves(learning(set))];
        blocks.extend(
            set.curves
                .iter()
                .map(|curve| Block::Table(set.curve_block(curve))),
        );
        sections.push(Section {
            title: format!("The gap while a network learns: {}", set.data.name()),
            lead: "Features spread while a network learns, and gaps with them; both are shown.".into(),
            blocks,
        });
    }
    if let Some(table) = set.cost_block() {
        let mut blocks = vec![Block::Table(table)];
        blocks.extend(set.about_costs().into_iter().map(Block::Text));
        sections.push(Section {
            title: format!("Cost beside quality: {}", set.data.name()),
            lead: "EOS after training, against pictures that are made before it; on this machine, one after the other.".into(),
            blocks,
        });
    }
    sections
}

/// What all heads over networks of one loss add to EOS, or their balanced accuracy where EOS is not among them.
fn forest(table: &LossTable) -> Intervals {
    // Differences are to `none` and to `eos`, as far as both are there.
    let place = [HeadMethod::None, HeadMethod::Eos]
        .into_iter()
        .filter(|method| {
            table
                .rows
                .iter()
                .any(|row| row.method == *method && row.scores.is_some())
        })
        .position(|method| method == HeadMethod::Eos);
    let percent = |value: f64| 100.0 * value;
    let entry = |row: &HeadRow| {
        let measure = &row.scores.as_ref()?.balanced_accuracy;
        let score = match place {
            Some(place) => measure.added.get(place)?,
            None => &measure.score,
        };
        Some(IntervalEntry {
            name: row.method.name().into(),
            value: score.value.map(percent),
            interval: score.interval.map(|(low, high)| (percent(low), percent(high))),
            emphasis: place.is_some() && score.interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0),
        })
    };
    let group = |name: &str, in_paper: bool| IntervalGroup {
        name: name.into(),
        entries: table
            .rows
            .iter()
            .filter(|row| row.in_paper == in_paper && (place.is_none() || row.method != HeadMethod::Eos))
            .filter_map(entry)
            .collect(),
        bare: false,
    };
    let mut groups = vec![group("in the paper's table", true), group("beside it", false)];
    groups.retain(|group| !group.entries.is_empty());
    let what = match place {
        Some(_) => {
            "what heads add to EOS, in points of balanced accuracy, both drawn on the same test pictures"
        }
        None => "balanced accuracy in percent",
    };
    Intervals {
        caption: format!("Loss {}: {what}; intervals of 95 %", table.loss),
        groups,
        reference: place.map(|_| (0.0, "EOS".into())),
        ends: None,
        unit: match place {
            Some(_) => "points of balanced accuracy, added to EOS".into(),
            None => "balanced accuracy, percent".into(),
        },
    }
}

/// A range that holds all values, with a little room.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        return (0.0, 1.0);
    }
    let room = 0.05 * (high - low).max(1e-3);
    ((low - room).max(0.0), high + room)
}

fn neighbours(set: &EosSet) -> Curves {
    let series: Vec<Curve> = set
        .neighbours
        .iter()
        .map(|curve| Curve {
            name: curve.loss.clone(),
            points: curve
                .points
                .iter()
                .filter_map(|(k, scores)| Some((*k as f64, scores.balanced_accuracy.score.value?)))
                .collect(),
            note: String::new(),
            muted: false,
        })
        .collect();
    let points = || series.iter().flat_map(|curve| curve.points.iter());
    Curves {
        caption: format!("{}: balanced accuracy of EOS", set.data.name()),
        x_label: "neighbours".into(),
        y_label: "balanced accuracy".into(),
        x_range: range(points().map(|point| point.0)),
        y_range: range(points().map(|point| point.1)),
        points: true,
        series,
        ..Curves::default()
    }
}

fn learning(set: &EosSet) -> Curves {
    let (large, small) = set.ends();
    let line = |curve: &GapCurve, classes: &[usize], name: &str, muted: bool| Curve {
        name: format!("{}, {name}", curve.loss),
        points: curve
            .moments
            .iter()
            .filter_map(|moment| {
                let gap = super::mean(classes.iter().map(|&class| moment.gap[class]))?;
                Some((moment.epoch as f64, gap))
            })
            .collect(),
        note: String::new(),
        muted,
    };
    let series: Vec<Curve> = set
        .curves
        .iter()
        .flat_map(|curve| {
            [
                line(curve, &small, "smallest classes", false),
                line(curve, &large, "largest", true),
            ]
        })
        .collect();
    let points = || series.iter().flat_map(|curve| curve.points.iter());
    Curves {
        caption: format!("{}: generalization gap by epoch", set.data.name()),
        x_label: "epoch".into(),
        y_label: "gap, mean over features".into(),
        x_range: range(points().map(|point| point.0)),
        y_range: range(points().map(|point| point.1)),
        points: true,
        series,
        ..Curves::default()
    }
}
