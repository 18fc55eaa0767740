//! The page of a reproduction of DeepSMOTE.

use counterpoise_report::{
    Block, Curve, Curves, IntervalEntry, IntervalGroup, Intervals, Page, Section, Tone,
};

use super::{ImageReproduction, MEASURES, RatioSweep, Remedy, RemedyRow, ReproducedSet};

/// A page with all tables and curves.
pub fn image_reproduction_page(found: &ImageReproduction) -> Page {
    let tone = if found.budget.name == "full" {
        Tone::Neutral
    } else {
        Tone::Caution
    };
    let mut notes = found.notes().into_iter();
    let first = notes.next().unwrap_or_default();
    let mut blocks = vec![Block::Verdict {
        title: String::new(),
        text: first,
        tone,
    }];
    blocks.extend(notes.map(Block::Text));
    let mut sections = vec![Section {
        title: "How it was done".into(),
        lead: format!("{}; seed {}.", found.paper, found.seed),
        blocks,
    }];
    for set in &found.sets {
        let mut blocks = vec![Block::Intervals(set.forest())];
        blocks.extend((0..MEASURES.len()).map(|place| Block::Table(set.measure_block(place))));
        blocks.push(Block::Table(set.cost_block()));
        blocks.extend(set.remarks().into_iter().map(Block::Text));
        sections.push(Section {
            title: set.data.name().into(),
            lead: "Percent. Diversity: how far made pictures are apart, as a share of real ones of their class; near 0 they are all alike.".into(),
            blocks,
        });
    }
    sections.extend(found.sweeps.iter().map(swept));
    if let Some(about) = found.about_ranks() {
        sections.push(Section {
            title: "Over data sets".into(),
            lead: about,
            blocks: found
                .ranks
                .iter()
                .map(|ranks| Block::Table(ranks.block()))
                .collect(),
        });
    }
    if let Some(command) = &found.command {
        sections.push(Section {
            title: "Do it again".into(),
            lead: "FOLDER holds the original files of the data sets, or a folder for each. Rows that are finished are kept, and not fitted twice.".into(),
            blocks: vec![Block::Code {
                title: "in a terminal".into(),
                text: format!("{command}\n"),
            }],
        });
    }
    Page {
        title: "DeepSMOTE, done again".into(),
        subtitle: format!("{} budget, seed {}", found.budget.name, found.seed),
        sections,
        footer: vec!["Data sets are read where they are given; none is part of this page.".into()],
    }
}

impl ReproducedSet {
    /// ACSA on the balanced test, ours and the paper's.
    fn forest(&self) -> Intervals {
        let number = |row: &RemedyRow| row.balanced.as_ref().map(|numbers| numbers[0].clone());
        let nothing = self.rows.iter().find(|row| row.method == Remedy::None.name());
        let nothing = nothing.and_then(number).and_then(|number| number.ours.value);
        let percent = |value: f64| 100.0 * value;
        let ours = self.rows.iter().filter_map(|row| {
            let ours = number(row)?.ours;
            let interval = ours.interval;
            Some(IntervalEntry {
                name: row.method.into(),
                value: ours.value.map(percent),
                interval: interval.map(|(low, high)| (percent(low), percent(high))),
                emphasis: interval
                    .zip(nothing)
                    .is_some_and(|((low, high), nothing)| !(low..=high).contains(&nothing)),
            })
        });
        let mut groups = vec![IntervalGroup {
            name: "ours".into(),
            entries: ours.collect(),
            bare: false,
        }];
        let mut in_print: Vec<IntervalEntry> = Vec::new();
        for row in &self.rows {
            let paper = Remedy::ALL.iter().find(|remedy| remedy.name() == row.method);
            let paper = paper.and_then(|remedy| remedy.in_paper());
            let value = number(row).and_then(|number| number.paper);
            if let (Some(name), Some(value)) = (paper, value)
                && in_print.iter().all(|entry| entry.name != name)
            {
                in_print.push(IntervalEntry {
                    name: name.into(),
                    value: Some(percent(value)),
                    ..IntervalEntry::default()
                });
            }
        }
        if !in_print.is_empty() {
            groups.push(IntervalGroup {
                name: "in the paper, with ResNet-18; it has no intervals".into(),
                entries: in_print,
                bare: true,
            });
        }
        Intervals {
            caption: "Balanced accuracy (ACSA) on the balanced test, percent, intervals of 95 %".into(),
            groups,
            reference: nothing.map(|value| (percent(value), "ours, nothing done".into())),
            ends: None,
            unit: "balanced accuracy, percent".into(),
        }
    }
}

fn swept(sweep: &RatioSweep) -> Section {
    let mut methods: Vec<&'static str> = Vec::new();
    for point in &sweep.points {
        if !methods.contains(&point.method) {
            methods.push(point.method);
        }
    }
    let ratios = || sweep.points.iter().map(|point| point.ratio);
    let least = ratios().fold(f64::INFINITY, f64::min);
    let most = ratios().fold(0.0, f64::max).max(least + 1.0);
    let mut blocks = Vec::new();
    for (place, (name, _)) in MEASURES.into_iter().enumerate() {
        let mut series = Vec::new();
        for &method in &methods {
            let of = |shift: f64| -> Vec<(f64, f64)> {
                sweep
                    .points
                    .iter()
                    .filter(|point| point.method == method)
                    .filter_map(|point| {
                        let deviation = point.deviations[place].unwrap_or(0.0);
                        let value = point.means[place]? + shift * deviation;
                        Some((point.ratio, value.clamp(0.0, 1.0)))
                    })
                    .collect()
            };
            let curve = |name: String, points, muted| Curve {
                name,
                points,
                note: String::new(),
                muted,
            };
            series.push(curve(method.into(), of(0.0), false));
            if sweep.repeats > 1 {
                series.push(curve(format!("{method}, mean + sd"), of(1.0), true));
                series.push(curve(format!("{method}, mean - sd"), of(-1.0), true));
            }
        }
        let values = || {
            series
                .iter()
                .flat_map(|curve| curve.points.iter().map(|point| point.1))
        };
        let low = values().fold(1.0, f64::min);
        let high = values().fold(0.0, f64::max);
        if low > high {
            continue;
        }
        let low = ((low * 20.0).floor() / 20.0).max(0.0);
        let high = ((high * 20.0).ceil() / 20.0).max(low + 0.05);
        blocks.push(Block::Curves(Curves {
            caption: format!("{}: {name} on the balanced test", sweep.data.name()),
            x_label: "pictures of the largest class for each of the smallest".into(),
            y_label: name.into(),
            x_range: (least, most),
            y_range: (low, high),
            points: true,
            series,
            ..Curves::default()
        }));
    }
    blocks.push(Block::Table(sweep.block()));
    blocks.extend(sweep.remarks().into_iter().map(Block::Text));
    Section {
        title: format!("Imbalance: {}", sweep.data.name()),
        lead: format!(
            "Experiment 3: the largest class stays, others shrink; training pictures are drawn {}. Sizes of classes between are ours, the paper says proportional.",
            if sweep.repeats == 1 {
                "once".to_owned()
            } else {
                format!("anew {} times", sweep.repeats)
            }
        ),
        blocks,
    }
}
