//! What a comparison and an advice show.

use counterpoise_report::{
    Block, Curve, Curves, IntervalEntry, IntervalGroup, Intervals, Page, Section, TableBlock, Tone,
};

use super::fairness::{FairKind, short_name};
use super::{Advice, Advised, ComparedMethod, Comparison, VerdictKind};
use crate::pages::{again, classes, file_name, footer, overview};
use crate::{Error, Experiment, few_of_each};

/// The page of a comparison, with the description to repeat it from.
pub fn comparison_page(experiment: &Experiment, comparison: &Comparison) -> Result<Page, Error> {
    let mut sections = vec![verdicts(comparison)];
    sections.extend(body(comparison));
    sections.push(again(experiment)?);
    Ok(Page {
        title: format!("Does resampling help on {}?", file_name(experiment)),
        subtitle: protocol(comparison, experiment.seed),
        sections,
        footer: footer(),
    })
}

impl Advised {
    /// The ranking as a table.
    pub fn short_list(&self) -> TableBlock {
        let row = |(place, advice): (usize, &Advice)| {
            vec![
                (place + 1).to_string(),
                advice.method.clone(),
                format!("{:+.3}", advice.gain),
                advice.chosen_by.join(", "),
                format!("{:.2}", advice.seconds),
            ]
        };
        let gain = format!("gain in {}", self.comparison.decides);
        TableBlock {
            caption: "Methods, the one to try first on top".into(),
            headers: ["rank", "method", &gain, "chosen with", "s a fold"]
                .map(String::from)
                .to_vec(),
            numeric: vec![true, false, true, false, true],
            rows: self.ranking.iter().enumerate().map(row).collect(),
        }
    }
}

/// The page of an advice: short list, profile, and the comparison behind it.
pub fn advice_page(experiment: &Experiment, advised: &Advised) -> Result<Page, Error> {
    let comparison = &advised.comparison;
    let list = Section {
        title: "Short list".into(),
        lead: format!(
            "From {} of {} rows; the gain is what a method adds to the {} of `none`, averaged over models.",
            advised.rows_used.0, advised.rows_used.1, comparison.decides
        ),
        blocks: vec![
            Block::Table(advised.short_list()),
            Block::Code {
                title: "next.toml".into(),
                text: advised.toml.clone(),
            },
            Block::Text("Save it and run `counterpoise run next.toml`.".into()),
        ],
    };
    let mut sections = vec![
        verdicts(comparison),
        list,
        overview(&advised.profile),
        classes(&advised.profile),
    ];
    sections.extend(body(comparison));
    sections.push(again(experiment)?);
    Ok(Page {
        title: format!("What to do about {}", file_name(experiment)),
        subtitle: protocol(comparison, experiment.seed),
        sections,
        footer: footer(),
    })
}

fn protocol(comparison: &Comparison, seed: u64) -> String {
    let times = if comparison.repeats == 1 {
        "once".into()
    } else {
        format!("{} times", comparison.repeats)
    };
    format!(
        "target {}, {} rows, {}-fold cross-validation {times}, seed {seed}",
        comparison.target, comparison.rows, comparison.folds
    )
}

fn verdicts(comparison: &Comparison) -> Section {
    let verdict = |model: &super::Model| Block::Verdict {
        title: model.model.clone(),
        text: model.verdict.text.clone(),
        tone: match model.verdict.kind {
            VerdictKind::DoNothing | VerdictKind::NothingCompared => Tone::Neutral,
            VerdictKind::DoNotResample => Tone::Caution,
            VerdictKind::Resample => Tone::Good,
        },
    };
    let mut blocks: Vec<Block> = comparison
        .models
        .iter()
        .flat_map(|model| [verdict(model), Block::Text(model.verdict.evidence.clone())])
        .collect();
    if !comparison.warnings.is_empty() {
        blocks.push(Block::Warnings(few_of_each(&comparison.warnings)));
    }
    Section {
        title: "Verdict".into(),
        lead: comparison.headline(),
        blocks,
    }
}

fn body(comparison: &Comparison) -> Vec<Section> {
    let mut sections = vec![differences(comparison), scores(comparison)];
    sections.extend(fairness(comparison));
    sections.push(ranking(comparison));
    sections.push(calibration(comparison));
    sections.push(times(comparison));
    sections.extend(failures(comparison));
    sections
}

fn percent(level: f64) -> String {
    let text = format!("{:.1}", 100.0 * level);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn differences(comparison: &Comparison) -> Section {
    let plot = |measure: &str, note: &str| {
        let entry = |method: &ComparedMethod| {
            let score = method.scores.iter().find(|score| score.measure == measure)?;
            if method.method == "none" {
                return None;
            }
            let interval = score.simultaneous_interval;
            Some(IntervalEntry {
                name: method.method.clone(),
                value: score.difference,
                interval,
                emphasis: interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0),
            })
        };
        let groups = comparison.models.iter().map(|model| IntervalGroup {
            bare: false,
            name: model.model.clone(),
            entries: model.methods.iter().filter_map(entry).collect(),
        });
        Block::Intervals(Intervals {
            caption: format!("Difference of {measure} to none{note}"),
            groups: groups.collect(),
            reference: Some((0.0, "none".into())),
            ends: measure_ends(measure),
            unit: measure.into(),
        })
    };
    let mut blocks = vec![plot(&comparison.decides, "")];
    let second = ["average-precision", "roc-auc", "brier"]
        .iter()
        .filter_map(|stem| {
            measures(comparison).find(|measure| measure.starts_with(stem) && *measure != comparison.decides)
        });
    blocks.extend(second.take(2).map(|measure| plot(measure, "")));
    Section {
        title: "Differences".into(),
        lead: format!(
            "Intervals are paired, and wide enough to hold for all methods of a model at once in {} % of cases. They stem from {} draws of test rows and repeats{}.",
            percent(comparison.level),
            comparison.draws,
            if comparison.repeats > 1 {
                ", widened by what other training rows would change"
            } else {
                "; what other training rows would change is not in them, which takes `--repeats 2` or more"
            }
        ),
        blocks,
    }
}

fn measures(comparison: &Comparison) -> impl Iterator<Item = &str> {
    comparison
        .models
        .iter()
        .flat_map(|model| &model.methods)
        .take(1)
        .flat_map(|method| method.scores.iter().map(|score| score.measure.as_str()))
}

fn measure_ends(measure: &str) -> Option<(String, String)> {
    let higher = measure
        .parse::<counterpoise_metrics::Measure>()
        .ok()?
        .higher_is_better();
    let (left, right) = if higher {
        ("worse", "better")
    } else {
        ("better", "worse")
    };
    Some((format!("{left} than none"), format!("{right} than none")))
}

fn number(value: Option<f64>) -> String {
    value.map_or("undefined".into(), |value| format!("{value:.3}"))
}

fn range(interval: Option<(f64, f64)>) -> String {
    interval.map_or(String::new(), |(low, high)| format!(" [{low:.3}, {high:.3}]"))
}

fn scores(comparison: &Comparison) -> Section {
    let table = |model: &super::Model| {
        let mut headers = vec!["measure".to_owned()];
        headers.extend(model.methods.iter().map(|method| method.method.clone()));
        let rows = measures(comparison).enumerate().map(|(place, measure)| {
            let mut row = vec![measure.to_owned()];
            let cell = |method: &ComparedMethod| {
                let score = method.scores.get(place);
                score.map_or(String::new(), |score| {
                    format!("{}{}", number(score.value), range(score.interval))
                })
            };
            row.extend(model.methods.iter().map(cell));
            row
        });
        Block::Table(TableBlock {
            caption: format!("{}, with {} % intervals", model.model, percent(comparison.level)),
            numeric: std::iter::once(false)
                .chain(model.methods.iter().map(|_| true))
                .collect(),
            headers,
            rows: rows.collect(),
        })
    };
    Section {
        title: "Scores".into(),
        lead: "The folds of a repeat are taken together; ROC-AUC alone is a mean over folds, since the scores of two models are not one ranking. Repeats are averaged.".into(),
        blocks: comparison.models.iter().filter(|model| !model.methods.is_empty()).map(table).collect(),
    }
}

/// What methods do to groups: in sentences, as a plane of accuracy and evenness, and in numbers.
fn fairness(comparison: &Comparison) -> Option<Section> {
    let groups = comparison.groups.as_ref()?;
    let mut blocks = Vec::new();
    for model in &comparison.models {
        let mark = |(kind, text): (&FairKind, &String)| {
            let mark = match kind {
                FairKind::Better => "better",
                FairKind::Worse => "worse",
                FairKind::Same => "same",
            };
            (mark.to_owned(), format!("{}: {text}", model.model))
        };
        let lines = model.fair_kinds.iter().zip(&model.fairness);
        blocks.push(Block::Marked(lines.map(mark).collect()));
    }
    for (place, grouping) in groups.groupings.iter().enumerate() {
        if grouping.mitigated || place == 0 {
            blocks.extend(
                comparison
                    .models
                    .iter()
                    .map(|model| plane(model, place, &grouping.name)),
            );
        }
        blocks.extend(
            comparison
                .models
                .iter()
                .filter_map(|model| model.fairness_table(place, comparison.level))
                .map(Block::Table),
        );
    }
    let left_out: Vec<&str> = groups
        .groupings
        .iter()
        .flat_map(|grouping| &grouping.left_out)
        .map(String::as_str)
        .collect();
    if !left_out.is_empty() {
        blocks.push(Block::Text(format!(
            "Groups with too few rows to take part: {}.",
            left_out.join(", ")
        )));
    }
    Some(Section {
        title: "Fairness".into(),
        lead: format!(
            "A gap is the largest less the smallest rate of `{}` of any group, so that chance alone makes it larger than 0; changes to `none` are paired and may go either way. The odds gap is the mean gap in true and false positive rates; lowest accuracy is the balanced accuracy of the group that is served worst.",
            groups.favourable
        ),
        blocks,
    })
}

/// Balanced accuracy against the gap in odds; what no other method beats in both is on the front.
fn plane(model: &super::Model, place: usize, grouping: &str) -> Block {
    let point = |method: &ComparedMethod| {
        let gap = method
            .fairness
            .get(place)?
            .score("average-absolute-odds-max-min")?
            .value?;
        let accuracy = method
            .scores
            .iter()
            .find(|score| score.measure == "balanced-accuracy")?;
        Some((method.method.clone(), (gap, accuracy.value?)))
    };
    let named: Vec<(String, (f64, f64))> = model.methods.iter().filter_map(point).collect();
    let points: Vec<(f64, f64)> = named.iter().map(|(_, point)| *point).collect();
    let front = super::fairness::front(&points);
    let mut series = vec![Curve {
        name: "Pareto front".into(),
        points: front.iter().map(|&place| points[place]).collect(),
        note: format!("{} of {}", front.len(), points.len()),
        muted: true,
    }];
    series.extend(
        named
            .into_iter()
            .enumerate()
            .map(|(place, (name, (gap, accuracy)))| Curve {
                name,
                points: vec![(gap, accuracy)],
                note: if front.contains(&place) {
                    "on the front".into()
                } else {
                    String::new()
                },
                muted: false,
            }),
    );
    let range = |of: fn(&(f64, f64)) -> f64| {
        let (low, high) = points
            .iter()
            .map(of)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        if low > high {
            return (0.0, 1.0);
        }
        let room = (0.1 * (high - low)).max(0.005);
        ((low - room).max(0.0), high + room)
    };
    Block::Curves(Curves {
        caption: format!("{}: accuracy and evenness by {grouping}", model.model),
        x_label: "average absolute odds gap".into(),
        y_label: "balanced accuracy".into(),
        x_range: (0.0, range(|point| point.0).1),
        y_range: range(|point| point.1),
        points: true,
        series,
        ..Curves::default()
    })
}

impl super::Model {
    /// Numbers by one grouping, a method a line.
    pub fn fairness_table(&self, place: usize, level: f64) -> Option<TableBlock> {
        let first = self.methods.first()?.fairness.get(place)?;
        let mut headers = vec!["method".to_owned()];
        for score in &first.scores {
            headers.push(short_name(&score.measure).into());
            if headers.len() == 2 {
                headers.push("change to none".into());
            }
        }
        let row = |method: &ComparedMethod| {
            let mut row = vec![method.method.clone()];
            for score in method
                .fairness
                .get(place)
                .into_iter()
                .flat_map(|fair| &fair.scores)
            {
                row.push(number(score.value));
                if row.len() == 2 {
                    row.push(match (score.difference, score.simultaneous_interval) {
                        (Some(change), Some((low, high))) => format!("{change:+.3} [{low:+.3}, {high:+.3}]"),
                        (Some(change), None) => format!("{change:+.3}"),
                        _ => String::new(),
                    });
                }
            }
            row
        };
        let seen = if first.mitigated {
            ""
        } else {
            " (methods do not see these groups)"
        };
        Some(TableBlock {
            caption: format!(
                "{} by {}{seen}; changes with {} % intervals for all methods at once",
                self.model,
                first.grouping,
                percent(level)
            ),
            numeric: (0..headers.len()).map(|place| place > 0).collect(),
            headers,
            rows: self.methods.iter().map(row).collect(),
        })
    }
}

fn smallest(comparison: &Comparison) -> (&str, f64) {
    let class = comparison.classes.iter().min_by_key(|(_, rows)| *rows);
    class.map_or(("", 0.0), |(name, rows)| {
        (name.as_str(), *rows as f64 / comparison.rows.max(1) as f64)
    })
}

/// Lines that still tell apart: `none`, what the verdict names, and the methods with the largest gain.
fn shown<'c>(comparison: &Comparison, model: &'c super::Model, most: usize) -> Vec<&'c ComparedMethod> {
    let higher = comparison
        .decides
        .parse::<counterpoise_metrics::Measure>()
        .is_ok_and(|measure| measure.higher_is_better());
    let gain = |method: &ComparedMethod| {
        let difference = method
            .scores
            .first()
            .and_then(|score| score.difference)
            .unwrap_or(f64::NEG_INFINITY);
        if higher { difference } else { -difference }
    };
    let mut order: Vec<&ComparedMethod> = model.methods.iter().collect();
    order.sort_by(|a, b| gain(b).total_cmp(&gain(a)));
    let first = |method: &&ComparedMethod| method.method == "none" || method.method == model.verdict.method;
    let (mut chosen, others): (Vec<_>, Vec<_>) = order.into_iter().partition(first);
    chosen.sort_by_key(|method| method.method != "none");
    let (resampling, cheap): (Vec<_>, Vec<_>) = others.into_iter().partition(|method| method.resamples);
    chosen.extend(
        resampling
            .into_iter()
            .chain(cheap)
            .take(most.saturating_sub(chosen.len())),
    );
    chosen
}

fn ranking(comparison: &Comparison) -> Section {
    let (class, share) = smallest(comparison);
    let plot = |model: &super::Model| {
        let series = shown(comparison, model, 5).into_iter().map(|method| {
            let precision = method
                .scores
                .iter()
                .find(|score| score.measure.starts_with("average-precision"));
            Curve {
                name: method.method.clone(),
                points: method
                    .precision_recall
                    .iter()
                    .map(|point| (point.recall, point.precision))
                    .collect(),
                note: precision
                    .and_then(|score| score.value)
                    .map_or(String::new(), |value| format!("AP {value:.3}")),
                muted: method.method == "none",
            }
        });
        Block::Curves(Curves {
            caption: format!("Precision and recall of {class}: {}", model.model),
            x_label: "recall".into(),
            y_label: "precision".into(),
            step: true,
            series: series.collect(),
            horizontal: Some((share, format!("share of {class}, {share:.3}"))),
            ..Curves::default()
        })
    };
    Section {
        title: "Ranking".into(),
        lead: "A method that only moves the threshold walks along the curve of `none`. Curves pool the folds of the first repeat; of the methods, `none`, the chosen one and those with the largest gain are drawn.".into(),
        blocks: comparison.models.iter().filter(|model| !model.methods.is_empty()).map(plot).collect(),
    }
}

fn calibration(comparison: &Comparison) -> Section {
    let (class, _) = smallest(comparison);
    let mut blocks = Vec::new();
    for model in comparison.models.iter().filter(|model| !model.methods.is_empty()) {
        let line =
            |name: String, bins: &[counterpoise_metrics::ReliabilityBin], score: Option<f64>, muted| Curve {
                name,
                points: bins.iter().map(|bin| (bin.predicted, bin.observed)).collect(),
                note: score.map_or(String::new(), |value| format!("Brier {value:.3}")),
                muted,
            };
        let brier = |method: &ComparedMethod| {
            method
                .scores
                .iter()
                .find(|score| score.measure == "brier")
                .and_then(|score| score.value)
        };
        let mended = |method: &ComparedMethod| {
            method
                .corrected
                .iter()
                .find(|score| score.measure == "brier")
                .and_then(|score| score.value)
        };
        let mut series = Vec::new();
        for method in shown(comparison, model, 3) {
            series.push(line(
                method.method.clone(),
                &method.reliability.0,
                brier(method),
                method.method == "none",
            ));
            if !method.reliability.1.is_empty() {
                series.push(line(
                    format!("{}, corrected", method.method),
                    &method.reliability.1,
                    mended(method),
                    false,
                ));
            }
        }
        blocks.push(Block::Curves(Curves {
            caption: format!("How often {class} came true: {}", model.model),
            x_label: "predicted probability".into(),
            y_label: "share that came true".into(),
            diagonal: true,
            points: true,
            series,
            ..Curves::default()
        }));
        let rows = model.methods.iter().flat_map(|method| {
            method.corrected.iter().map(|corrected| {
                let plain = method
                    .scores
                    .iter()
                    .find(|score| score.measure == corrected.measure);
                vec![
                    method.method.clone(),
                    corrected.measure.clone(),
                    plain.map_or(String::new(), |score| {
                        format!("{}{}", number(score.value), range(score.interval))
                    }),
                    format!("{}{}", number(corrected.value), range(corrected.interval)),
                ]
            })
        });
        blocks.push(Block::Table(TableBlock {
            caption: format!(
                "Probabilities with and without correction of the class shares: {}",
                model.model
            ),
            headers: ["method", "measure", "as they are", "corrected"]
                .map(String::from)
                .to_vec(),
            numeric: vec![false, false, true, true],
            rows: rows.collect(),
        }));
    }
    Section {
        title: "Calibration".into(),
        lead: "Resampling and weights change the class shares that a model believes in. The correction multiplies each probability by the true over the trained share of its class.".into(),
        blocks,
    }
}

fn times(comparison: &Comparison) -> Section {
    let rows = comparison.models.iter().flat_map(|model| {
        model.methods.iter().map(|method| {
            vec![
                model.model.clone(),
                method.method.clone(),
                format!("{:.3}", method.seconds.method),
                format!("{:.3}", method.seconds.model),
            ]
        })
    });
    Section {
        title: "Times".into(),
        lead: "Mean seconds of one fold, on one thread of the machine that ran it.".into(),
        blocks: vec![Block::Table(TableBlock {
            caption: "Seconds a fold".into(),
            headers: ["model", "method", "method alone", "fit and predict"]
                .map(String::from)
                .to_vec(),
            numeric: vec![false, false, true, true],
            rows: rows.collect(),
        })],
    }
}

fn failures(comparison: &Comparison) -> Option<Section> {
    let rows: Vec<Vec<String>> = comparison
        .models
        .iter()
        .flat_map(|model| {
            model.failures.iter().map(|failure| {
                vec![
                    model.model.clone(),
                    failure.method.clone(),
                    failure.reason.clone(),
                    failure.hint.clone().unwrap_or_default(),
                ]
            })
        })
        .collect();
    (!rows.is_empty()).then(|| Section {
        title: "Not applicable".into(),
        lead: "These were tried and have no result; the others are not affected.".into(),
        blocks: vec![Block::Table(TableBlock {
            caption: "Why".into(),
            headers: ["model", "method", "reason", "what helps"]
                .map(String::from)
                .to_vec(),
            numeric: vec![false; 4],
            rows,
        })],
    })
}
