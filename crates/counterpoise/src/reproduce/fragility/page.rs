//! The page of the fragility study.

use counterpoise_base::counted;
use counterpoise_report::{Bars, Block, Page, Section, Series, Tone};

use super::{DiversityStudy, FragileLoss, FragileSet, FragilityReproduction, Holds, MeanAndDeviation};

/// A page with all tables.
pub fn fragility_page(found: &FragilityReproduction) -> Page {
    let mut notes = found.notes().into_iter();
    let mut blocks = vec![Block::Verdict {
        title: String::new(),
        text: notes.next().unwrap_or_default(),
        tone: if found.budget.name == "full" {
            Tone::Neutral
        } else {
            Tone::Caution
        },
    }];
    blocks.extend(notes.map(Block::Text));
    let mut sections = vec![Section {
        title: "How it was done".into(),
        lead: format!("{}.", found.paper),
        blocks,
    }];
    for set in &found.sets {
        sections.push(claims(set));
        sections.push(classes(set));
    }
    if !found.golden.is_empty() {
        let blocks = found.golden.iter().flat_map(|head| {
            let remarks = head.remarks().into_iter().map(Block::Text);
            std::iter::once(Block::Table(head.block())).chain(remarks)
        });
        sections.push(Section {
            title: "The authors' network".into(),
            lead: "What they print, and what our analysis says of a network of theirs.".into(),
            blocks: blocks.collect(),
        });
    }
    sections.extend(found.diversity.iter().map(experiment));
    if let Some(command) = &found.command {
        sections.push(Section {
            title: "Do it again".into(),
            lead:
                "FOLDER holds a folder for each set. Networks and numbers that are there are not made twice."
                    .into(),
            blocks: vec![Block::Code {
                title: "in a terminal".into(),
                text: format!("{command}\n"),
            }],
        });
    }
    Page {
        title: "CNN fragility, studied again".into(),
        subtitle: format!("{} budget, {}", found.budget.name, counted(found.seeds, "seed")),
        sections,
        footer: vec!["Data sets are read where they are given; none is part of this page.".into()],
    }
}

fn claims(set: &FragileSet) -> Section {
    let mut blocks = vec![Block::Table(set.overview_block())];
    for claim in &set.claims {
        blocks.push(Block::Verdict {
            title: format!("({}) {}", claim.number, claim.holds.words()),
            text: claim.claim.to_owned(),
            tone: match claim.holds {
                Holds::Yes => Tone::Good,
                Holds::Partly | Holds::Unknown => Tone::Neutral,
                Holds::No => Tone::Caution,
            },
        });
        blocks.extend(claim.because.iter().cloned().map(Block::Text));
    }
    blocks.extend(set.correlation_block().map(Block::Table));
    blocks.extend(set.remarks().into_iter().map(Block::Text));
    Section {
        title: format!("Claims: {}", set.set.name()),
        lead: "What the paper's abstract claims, and what these numbers say. From a rank correlation of 0.65 on, which chance exceeds once in twenty times among ten classes, numbers are said to go together.".into(),
        blocks,
    }
}

fn classes(set: &FragileSet) -> Section {
    let mut blocks = Vec::new();
    if let Some(first) = set.losses.first() {
        blocks.extend(bars(set, first));
    }
    blocks.extend(set.losses.iter().map(|loss| Block::Table(set.class_block(loss))));
    Section {
        title: format!("Classes: {}", set.set.name()),
        lead: "The same class, learnt from balanced and from imbalanced pictures. Numbers of CE are those of test pictures; directions are the effective rank of features of test pictures.".into(),
        blocks,
    }
}

fn bars(set: &FragileSet, loss: &FragileLoss) -> Vec<Block> {
    let of = |caption: &str,
              unit: &str,
              number: &dyn Fn(&super::ClassWhenRare) -> [Option<MeanAndDeviation>; 2]| {
        let series = |side: usize, name: &str| Series {
            name: name.into(),
            values: loss
                .classes
                .iter()
                .map(|class| {
                    number(class)[side]
                        .map(|value| value.mean)
                        .filter(|value| *value >= 0.0)
                })
                .collect(),
            ..Series::default()
        };
        Block::Bars(Bars {
            caption: format!("{caption}, {}, {}", set.set.name(), loss.loss),
            categories: set.classes.clone(),
            series: vec![series(0, "balanced"), series(1, "imbalanced")],
            unit: unit.into(),
        })
    };
    vec![
        of("CE that predictions of a class require", "CE", &|class| {
            class.required
        }),
        of("Sum of the top-K mean CE of a class", "magnitude", &|class| {
            class.magnitude
        }),
        of(
            "Mismatch of top-K CE between training and test",
            "mismatch",
            &|class| class.mismatch,
        ),
        of("Test error of a class, percent", "%", &|class| {
            class.recall.map(|recall| {
                recall.map(|recall| MeanAndDeviation {
                    mean: 100.0 * (1.0 - recall.mean),
                    ..recall
                })
            })
        }),
    ]
}

fn experiment(study: &DiversityStudy) -> Section {
    let mut blocks: Vec<Block> = study.sentences().into_iter().map(Block::Text).collect();
    blocks.push(Block::Table(study.chosen_block()));
    blocks.push(Block::Table(study.raised_block()));
    blocks.extend(study.notes.iter().cloned().map(Block::Text));
    Section {
        title: format!("Diversity: {}", study.set.name()),
        lead: "The hypothesis that diversity of a class matters as much as its count, with one of both held fixed.".into(),
        blocks,
    }
}
