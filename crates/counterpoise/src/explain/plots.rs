//! Plots of an explanation.

use counterpoise_base::counted;
use counterpoise_data::ColourGroup;
use counterpoise_diagnose::{
    Archetype, ClassMatch, ClassShare, Diagnosis, FeatureMatch, GapNumbers, Profile, StratumProfile,
};
use counterpoise_report::{
    Bars, Block, ClassRecall, HeatCell, HeatMap, Paint, Section, Series, SizeAndRecall, StackedBar,
    StackedBars, StackedPart, TableBlock, shared_paints,
};

use super::page::{by_recall, failing, percent};
use super::{ComparedModels, Explanation};

/// Classes of a plot that goes into detail, and how many of them are the largest ones where there are more.
const CLASSES: usize = 24;
const LARGEST: usize = 6;
/// Classes of which each feature is shown.
const CLOSELY: usize = 2;

/// Colours of the theme that mean the same on the whole page. Those of rows that are found and of misclassified ones are also
/// those of the frames of their pictures.
const FOUND: usize = 2;
const MISCLASSIFIED: usize = 1;
const ALL_ROWS: usize = 7;
const TRAINING: usize = 6;
const FIRST_MODEL: usize = 5;
const SECOND_MODEL: usize = 0;

/// Numbers of some rows, in the colour of these rows.
fn series(name: &str, color: usize, values: Vec<Option<f64>>, absent: &str) -> Series {
    Series {
        name: name.into(),
        values,
        color: Some(color),
        absent: absent.into(),
        ..Series::default()
    }
}

/// Shares below which the longest bar, and not the whole, takes the width of a plot.
const SHORT: f64 = 0.6;

/// What is written where there are no rows to take a number of.
const NO_ROWS: &str = "no such rows";

/// The classes of a plot that goes into detail: all, or those with the lowest recall and the largest ones.
pub(super) fn chosen(diagnosis: &Diagnosis) -> Vec<usize> {
    let all = diagnosis.classes.len();
    if all <= CLASSES {
        return (0..all).collect();
    }
    let size = |class: usize| {
        let line = &diagnosis.summaries[class];
        line.train_rows.unwrap_or(line.test_rows)
    };
    let mut largest: Vec<usize> = (0..all).collect();
    largest.sort_by(|&a, &b| size(b).cmp(&size(a)).then(a.cmp(&b)));
    largest.truncate(LARGEST);
    let mut chosen: Vec<usize> = by_recall(diagnosis)
        .into_iter()
        .filter(|class| !largest.contains(class))
        .take(CLASSES - LARGEST)
        .collect();
    chosen.extend(largest);
    chosen
}

/// What is said of a plot that does not show all classes.
pub(super) fn left_out(diagnosis: &Diagnosis, where_: &str) -> String {
    if diagnosis.classes.len() <= CLASSES {
        return String::new();
    }
    format!(
        " {where_} are the {} classes with the lowest recall and, below them, the {LARGEST} largest; `--tables FOLDER` writes all.",
        CLASSES - LARGEST
    )
}

fn names(diagnosis: &Diagnosis, classes: &[usize]) -> Vec<String> {
    classes
        .iter()
        .map(|&class| diagnosis.classes[class].clone())
        .collect()
}

pub(super) fn size_and_recall(diagnosis: &Diagnosis) -> Block {
    let class = |(class, line): (usize, &counterpoise_diagnose::ClassSummary)| ClassRecall {
        name: line.class.clone(),
        size: line.train_rows.unwrap_or(line.test_rows),
        recall: line.recall,
        interval: diagnosis.intervals[class]
            .recall
            .as_ref()
            .and_then(|estimate| estimate.interval),
    };
    let train = diagnosis.train.is_some();
    Block::SizeAndRecall(SizeAndRecall {
        caption: "Recall of every class on test rows, and its size".into(),
        size_label: if train { "training rows" } else { "test rows" }.into(),
        recall_label: "recall".into(),
        classes: diagnosis.summaries.iter().enumerate().map(class).collect(),
    })
}

/// What speaks for each class.
pub(super) fn largest_features(explanation: &Explanation) -> Section {
    let diagnosis = &explanation.diagnosis;
    let classes = chosen(diagnosis);
    let bar = |class: usize, profile: Option<&Profile>, note: &str| {
        let part = |feature: &counterpoise_diagnose::TopFeature| {
            Some(StackedPart {
                label: explanation.name_of_feature(feature.index),
                value: feature.share?,
                note: format!(
                    "mean {:.2}, among the largest of {} of rows",
                    feature.magnitude,
                    percent(feature.frequency)
                ),
            })
        };
        let class = &diagnosis.test.classes[class];
        let recall = class
            .recall
            .map_or(String::new(), |recall| format!("recall {recall:.2}"));
        let told = [recall.as_str(), note]
            .into_iter()
            .filter(|text| !text.is_empty());
        StackedBar {
            name: class.class.clone(),
            note: told.collect::<Vec<_>>().join(", "),
            parts: profile
                .iter()
                .flat_map(|profile| &profile.top)
                .filter_map(part)
                .collect(),
        }
    };
    let mut by_training = false;
    let mut contributions = |&class: &usize| {
        let found = |class: &'_ counterpoise_diagnose::ClassProfile| -> Option<Profile> {
            class.true_positives.contributions.clone()
        };
        if let Some(profile) = found(&diagnosis.test.classes[class]) {
            return bar(class, Some(&profile), "");
        }
        let train = diagnosis.train.as_ref();
        match train.and_then(|train| found(&train.classes[class])) {
            Some(profile) => {
                by_training = true;
                bar(class, Some(&profile), "training")
            }
            None => bar(class, None, "none found"),
        }
    };
    let contributions: Vec<StackedBar> = classes.iter().map(&mut contributions).collect();
    let features = |&class: &usize| {
        let rows = &diagnosis.test.classes[class].all;
        bar(class, rows.features.as_ref(), "")
    };
    let features: Vec<StackedBar> = classes.iter().map(features).collect();
    let stacked = |caption: String, bars: Vec<StackedBar>| {
        let length = |bar: &StackedBar| bar.parts.iter().map(|part| part.value).sum();
        let longest: f64 = bars.iter().map(length).fold(0.0, f64::max);
        // Parts of short bars would have no room for labels.
        let short = longest < SHORT;
        let reach = if short && longest > 0.0 {
            format!("; the longest bar is {}", percent(longest))
        } else {
            String::new()
        };
        StackedBars {
            caption: format!("{caption}{reach}"),
            bar_label: "class".into(),
            part_label: "feature".into(),
            value_label: "share of what is above 0".into(),
            bars,
            full: (!short).then_some(1.0),
            paints: Vec::new(),
        }
    };
    let k = diagnosis.top_k;
    let instead = if by_training {
        "; of classes marked “training”, of which no test row is found, those of training rows that are"
    } else {
        ""
    };
    let mut plots = [
        stacked(
            format!(
                "Contributions: the {k} largest to the logit of the class, test rows that are found, as shares of all positive ones{instead}"
            ),
            contributions,
        ),
        stacked(
            format!("Features: the {k} largest of a class, all of its test rows, as shares of their sum"),
            features,
        ),
    ];
    let paints = shared_paints(&[&plots[0], &plots[1]]);
    for plot in &mut plots {
        plot.paints.clone_from(&paints);
    }
    let mut blocks: Vec<Block> = plots.into_iter().map(Block::StackedBars).collect();
    let required = |stratum: fn(&counterpoise_diagnose::ClassProfile) -> &StratumProfile| {
        let of = |&class: &usize| Some(stratum(&diagnosis.test.classes[class]).required.as_ref()?.mean);
        classes.iter().map(of).collect()
    };
    blocks.push(Block::Bars(Bars {
        caption: "How many contributions a prediction requires, mean over test rows".into(),
        categories: names(diagnosis, &classes),
        series: vec![
            series("found", FOUND, required(|class| &class.true_positives), NO_ROWS),
            series(
                "misclassified",
                MISCLASSIFIED,
                required(|class| &class.false_negatives),
                NO_ROWS,
            ),
        ],
        unit: "contributions".into(),
    }));
    Section {
        title: "What each class hangs on".into(),
        lead: format!(
            "A long first part means that a class hangs on one feature: rows that lack it are lost. In both plots the same colour is the same feature; what has no colour is told by its label, or by pointing at it.{}",
            left_out(diagnosis, "Shown")
        ),
        blocks,
    }
}

/// Sums of mean contributions in the features that stand for a class in training, as shares of those of training.
fn ratio(class: &ClassMatch, of: fn(&FeatureMatch) -> Option<f64>) -> Option<f64> {
    let train: f64 = class.features.iter().map(|feature| feature.train).sum();
    let sum: Option<f64> = class.features.iter().map(of).sum();
    // Bars begin at 0; what speaks against the class on the whole does not speak for it.
    sum.filter(|_| train > 0.0).map(|sum| (sum / train).max(0.0))
}

pub(super) fn magnitudes(explanation: &Explanation) -> Option<Section> {
    let diagnosis = &explanation.diagnosis;
    let matches = diagnosis.matches.as_ref()?;
    let classes = chosen(diagnosis);
    let ratios = |of: fn(&FeatureMatch) -> Option<f64>| {
        classes.iter().map(|&class| ratio(&matches[class], of)).collect()
    };
    let mut blocks = vec![Block::Bars(Bars {
        caption: "Contributions of test rows in the features that stand for the class, as a share of those of training rows that are found; 1 is a match".into(),
        categories: names(diagnosis, &classes),
        series: vec![
            series("found", FOUND, ratios(|feature| feature.right), "no rows to compare"),
            series(
                "misclassified",
                MISCLASSIFIED,
                ratios(|feature| feature.wrong),
                "no rows to compare",
            ),
        ],
        unit: "share of training".into(),
    })];
    for &class in failing(diagnosis).iter().take(CLOSELY) {
        let found = &matches[class];
        if found.features.is_empty() {
            continue;
        }
        let values = |of: &dyn Fn(&FeatureMatch) -> Option<f64>| {
            found
                .features
                .iter()
                .map(|feature| of(feature).map(|value| value.max(0.0)))
                .collect()
        };
        blocks.push(Block::Bars(Bars {
            caption: format!(
                "Class {}: mean contributions of its largest features; those below 0 are drawn as 0",
                found.class
            ),
            categories: found
                .features
                .iter()
                .map(|feature| explanation.name_of_feature(feature.index))
                .collect(),
            series: vec![
                series(
                    "training, found",
                    TRAINING,
                    values(&|feature| Some(feature.train)),
                    NO_ROWS,
                ),
                series("test, found", FOUND, values(&|feature| feature.right), NO_ROWS),
                series(
                    "test, misclassified",
                    MISCLASSIFIED,
                    values(&|feature| feature.wrong),
                    NO_ROWS,
                ),
            ],
            unit: "mean contribution".into(),
        }));
    }
    let with = correlation(diagnosis, "mismatch", "error");
    let lead = with.map_or(String::new(), |value| {
        format!(" Over classes, mismatch and error have a rank correlation of {value:.2}.")
    });
    Some(Section {
        title: "Do test rows look like training rows?".into(),
        lead: format!(
            "Where features of test rows are smaller than training has shown them, the logit of the class is too.{lead}{}",
            left_out(diagnosis, "Shown")
        ),
        blocks,
    })
}

/// What a number of a class is called on the page, as in its tables and in the list at its end.
fn column(number: &str) -> &str {
    match number {
        "train_recall" => "in training",
        "top_share" => "in its largest features",
        "two_share" => "in two features",
        "magnitude" => "largest contribution",
        "safe_share" => "safe",
        "effective_features" => "features in use",
        "effective_rank" => "directions",
        "mean_distance" => "distance",
        "weight_norm" => "weights",
        other => other,
    }
}

fn correlation(diagnosis: &Diagnosis, number: &str, with: &str) -> Option<f64> {
    diagnosis
        .correlations
        .iter()
        .find(|one| one.number == number && one.with == with)?
        .value
}

pub(super) fn gaps(explanation: &Explanation) -> Option<Section> {
    let diagnosis = &explanation.diagnosis;
    let gap = diagnosis.gap.as_ref()?;
    let classes = chosen(diagnosis);
    let means = |of: fn(&counterpoise_diagnose::ClassGap) -> Option<GapNumbers>| -> Vec<Option<f64>> {
        classes
            .iter()
            .map(|&class| Some(of(&gap.classes[class])?.mean))
            .collect()
    };
    let interval = |&class: &usize| {
        gap.classes[class]
            .estimate
            .as_ref()
            .and_then(|estimate| estimate.interval)
    };
    let with = match (gap.with_size, gap.with_recall) {
        (Some(size), Some(recall)) => format!(
            " Over classes, this gap has a rank correlation of {size:.2} with size and of {recall:.2} with recall."
        ),
        _ => String::new(),
    };
    let whiskers = if gap.classes.iter().any(|class| class.estimate.is_some()) {
        " Its whisker says how much it hangs on single rows: rows are drawn anew."
    } else {
        ""
    };
    let bars = Bars {
        caption:
            "How far test rows reach beyond the range of training rows of their class, mean over features"
                .into(),
        categories: names(diagnosis, &classes),
        series: vec![
            Series {
                intervals: classes.iter().map(interval).collect(),
                ..series("all test rows", ALL_ROWS, means(|class| class.all), NO_ROWS)
            },
            series("found", FOUND, means(|class| class.right), NO_ROWS),
            series(
                "misclassified",
                MISCLASSIFIED,
                means(|class| class.wrong),
                NO_ROWS,
            ),
        ],
        unit: "unit of features".into(),
    };
    Some(Section {
        title: "Beyond the training range".into(),
        lead: format!(
            "A head has not learnt what lies outside of what it saw.{with} Many rows reach farther than few: compare with the first bar.{whiskers}{}",
            left_out(diagnosis, "Shown")
        ),
        blocks: vec![Block::Bars(bars)],
    })
}

/// How typical training rows are, class by class.
pub(super) fn archetypes(explanation: &Explanation) -> Option<Block> {
    let diagnosis = &explanation.diagnosis;
    let archetypes = diagnosis.archetypes.as_ref()?;
    let bar = |class: usize| {
        let found = &archetypes.classes[class];
        let part = |rows: &counterpoise_diagnose::ArchetypeRows| {
            let recall = rows.recall.map_or(String::new(), |recall| {
                format!(", {} of them found in training", percent(recall))
            });
            StackedPart {
                label: rows.archetype.name().into(),
                value: rows.share.unwrap_or(0.0),
                note: format!("{}{recall}", counted(rows.rows, "row")),
            }
        };
        StackedBar {
            name: found.class.clone(),
            note: counted(found.rows, "row"),
            parts: found
                .archetypes
                .iter()
                .filter(|rows| rows.rows > 0)
                .map(part)
                .collect(),
        }
    };
    Some(Block::StackedBars(StackedBars {
        caption: format!(
            "Training rows by how many of their {} nearest neighbours are of their class",
            archetypes.k
        ),
        bar_label: "class".into(),
        part_label: "archetype".into(),
        value_label: "share of training rows".into(),
        bars: chosen(diagnosis).into_iter().map(bar).collect(),
        full: Some(1.0),
        paints: Archetype::ALL
            .into_iter()
            .zip([0, 5, 4, 3])
            .map(|(archetype, color)| (archetype.name().to_owned(), Paint::Theme(color)))
            .collect(),
    }))
}

/// A colour that people call so.
fn looks_like(group: ColourGroup) -> [u8; 3] {
    match group {
        ColourGroup::Black => [17, 17, 17],
        ColourGroup::DarkGreen => [24, 84, 36],
        ColourGroup::DarkBlue => [24, 36, 96],
        ColourGroup::Gray => [136, 136, 136],
        ColourGroup::Brown => [124, 76, 36],
        ColourGroup::Orange => [240, 140, 24],
        ColourGroup::Red => [204, 32, 44],
        ColourGroup::Green => [44, 160, 60],
        ColourGroup::Blue => [44, 96, 220],
        ColourGroup::Yellow => [244, 216, 32],
        ColourGroup::LightBlue => [164, 204, 244],
        ColourGroup::LightGreen => [168, 228, 160],
        ColourGroup::LightRed => [244, 164, 164],
        ColourGroup::White => [255, 255, 255],
    }
}

/// Which colours the network looks at, class by class.
pub(super) fn colours(explanation: &Explanation) -> Option<Section> {
    let colours = explanation.looks.as_ref()?.colours.as_ref()?;
    let chosen = chosen(&explanation.diagnosis);
    let bar = |class: usize| {
        let class = &colours.classes[class];
        let part = |colour: &counterpoise_data::ColourShare| {
            let of_all = colour.of_all.map_or(String::new(), |share| {
                format!("{} of all pixels of the class", percent(share))
            });
            Some(StackedPart {
                label: colour.group.name().into(),
                value: colour.share?,
                note: of_all,
            })
        };
        let mut parts: Vec<StackedPart> = class.groups.iter().filter_map(part).collect();
        parts.retain(|part| part.value > 0.0);
        parts.sort_by(|a, b| b.value.total_cmp(&a.value));
        StackedBar {
            name: class.class.clone(),
            note: counted(class.pictures, "picture"),
            parts,
        }
    };
    Some(Section {
        title: "Colours that are looked at".into(),
        lead: format!(
            "Of each of some test pictures, the {} of pixels that change the largest logit most, by groups of colours. A class may be told by the colour of its surroundings, such as a blue sky, and is then lost elsewhere. Names of the groups are those of arXiv 2212.07743, their limits ours.{}",
            percent(colours.share),
            left_out(&explanation.diagnosis, "Shown")
        ),
        blocks: vec![Block::StackedBars(StackedBars {
            caption: "Colours of pixels that the network looks at".into(),
            bar_label: "class".into(),
            part_label: "colour".into(),
            value_label: "share of these pixels".into(),
            bars: chosen.into_iter().map(bar).collect(),
            full: Some(1.0),
            paints: ColourGroup::ALL
                .into_iter()
                .map(|group| (group.name().to_owned(), Paint::Rgb(looks_like(group))))
                .collect(),
        })],
    })
}

pub(super) fn adversaries(diagnosis: &Diagnosis) -> Section {
    let map = |caption: &str, rows: Vec<(&[ClassShare], bool)>| {
        let cells = rows.into_iter().map(|(shares, any)| {
            let cell = |other: &String| {
                let share = shares.iter().find(|one| one.class == *other).map(|one| one.share);
                HeatCell {
                    value: any.then(|| share.unwrap_or(0.0)),
                    text: share.map_or(String::new(), |share| format!("{:.0}", 100.0 * share)),
                    note: String::new(),
                }
            };
            diagnosis.classes.iter().map(cell).collect()
        });
        Block::HeatMap(HeatMap {
            caption: caption.into(),
            corner: "class".into(),
            lines: diagnosis.classes.clone(),
            columns: diagnosis.classes.clone(),
            cells: cells.collect(),
            middle: 0.0,
            legend: ("a large share of a line".into(), String::new()),
        })
    };
    let test = &diagnosis.test_adversaries;
    let mut blocks = vec![map(
        "What misclassified test rows of a line are taken for, in percent of its errors",
        test.classes
            .iter()
            .map(|class| (&class.taken_for[..], class.errors > 0))
            .collect(),
    )];
    if test.classes.iter().any(|class| !class.near.is_empty()) {
        blocks.push(map(
            "Of which other classes the training rows are that lie nearest to misclassified test rows of a line, in percent",
            test.classes.iter().map(|class| (&class.near[..], !class.near.is_empty())).collect(),
        ));
    }
    Section {
        title: "Where errors go".into(),
        lead: "Lines are true classes. Where both pictures agree, the class is lost in features already; where they do not, the last layer takes the rows away.".into(),
        blocks,
    }
}

pub(super) fn diversity(diagnosis: &Diagnosis) -> Section {
    let classes = chosen(diagnosis);
    let diversity = diagnosis
        .train_diversity
        .as_ref()
        .unwrap_or(&diagnosis.test_diversity);
    let values = |of: fn(&counterpoise_diagnose::ClassDiversity) -> Option<f64>| {
        classes
            .iter()
            .map(|&class| of(&diversity.classes[class]))
            .collect()
    };
    let bars = |caption: &str, unit: &str, values| {
        Block::Bars(Bars {
            caption: caption.into(),
            categories: names(diagnosis, &classes),
            series: vec![series(unit, ALL_ROWS, values, "not defined")],
            unit: unit.into(),
        })
    };
    let rows = if diagnosis.train_diversity.is_some() {
        "training"
    } else {
        "test"
    };
    let mut correlations: Vec<_> = diagnosis
        .correlations
        .iter()
        .filter(|one| one.with == "recall" && one.number != "recall")
        .filter_map(|one| {
            Some((
                one.number,
                one.value?,
                correlation(diagnosis, one.number, "train_rows"),
                one.classes,
            ))
        })
        .collect();
    correlations.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let mut blocks = vec![bars(
        &format!("Directions in which {rows} rows of a class vary (effective rank)"),
        "directions",
        values(|class| class.effective_rank),
    )];
    blocks.push(bars(
        &format!("Features that are used as often as if all were used equally, {rows} rows"),
        "features",
        values(|class| class.effective_features),
    ));
    if !correlations.is_empty() {
        let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:+.2}"));
        let row = |&(name, with_recall, with_size, classes): &(&str, f64, Option<f64>, usize)| {
            vec![
                column(name).into(),
                number(Some(with_recall)),
                number(with_size),
                classes.to_string(),
            ]
        };
        blocks.push(Block::Table(TableBlock {
            caption:
                "What goes with recall and with size, over classes (rank correlations, the strongest first); the end of the page says what numbers mean"
                    .into(),
            headers: ["number", "with recall", "with training rows", "classes"]
                .map(String::from)
                .to_vec(),
            numeric: vec![false, true, true, true],
            rows: correlations.iter().map(row).collect(),
        }));
    }
    Section {
        title: "How varied classes are".into(),
        lead: format!(
            "Few rows may show a class from few sides only. That variety matters as much as number is a hypothesis of the paper, and correlations over a handful of classes prove little.{}",
            left_out(diagnosis, "Shown")
        ),
        blocks,
    }
}

pub(super) fn compared(diagnosis: &Diagnosis, against: &ComparedModels) -> Vec<Block> {
    let all = &against.comparison.classes;
    let classes: Vec<&counterpoise_diagnose::ClassChange> =
        chosen(diagnosis).into_iter().map(|class| &all[class]).collect();
    let pair = |of: fn(&counterpoise_diagnose::ClassChange) -> counterpoise_diagnose::Change| {
        let before = classes.iter().map(|class| of(class).before).collect();
        let after = classes.iter().map(|class| of(class).after).collect();
        vec![
            series(&against.before, FIRST_MODEL, before, NO_ROWS),
            series(&against.after, SECOND_MODEL, after, NO_ROWS),
        ]
    };
    let bars = |caption: &str, unit: &str, series| {
        Block::Bars(Bars {
            caption: caption.into(),
            categories: classes.iter().map(|class| class.class.clone()).collect(),
            series,
            unit: unit.into(),
        })
    };
    let flow = |class: &&counterpoise_diagnose::ClassChange| {
        let flow = &class.flow;
        let part = |label: &str, moved: &counterpoise_diagnose::Moved| StackedPart {
            label: label.into(),
            value: moved.share.unwrap_or(0.0),
            note: counted(moved.rows, "row"),
        };
        StackedBar {
            name: class.class.clone(),
            note: format!("{} won, {} lost", flow.won.rows, flow.lost.rows),
            parts: [
                part("stay right", &flow.stay_right),
                part("won", &flow.won),
                part("lost", &flow.lost),
                part("stay wrong", &flow.stay_wrong),
            ]
            .into_iter()
            .filter(|part| part.value > 0.0)
            .collect(),
        }
    };
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.2}"));
    let change = |change: &counterpoise_diagnose::Change| {
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
        if (change.before, change.after) == (None, None) {
            return String::new();
        }
        format!("{} → {}", number(change.before), number(change.after))
    };
    let row = |class: &&counterpoise_diagnose::ClassChange| {
        let flow = &class.flow;
        let mut row = vec![
            class.class.clone(),
            change(&class.recall),
            flow.won.rows.to_string(),
            flow.lost.rows.to_string(),
            change(&flow.won.required),
            change(&flow.lost.required),
            number(class.magnitude_ratio),
        ];
        if against.comparison.overlap_is_meaningful {
            row.push(number(class.overlap));
        }
        row
    };
    let mut headers = vec![
        "class",
        "recall",
        "won",
        "lost",
        "required by won",
        "required by lost",
        "magnitude",
    ];
    if against.comparison.overlap_is_meaningful {
        headers.push("shared");
    }
    vec![
        Block::StackedBars(StackedBars {
            caption: "What becomes of the test rows of each class".into(),
            bar_label: "class".into(),
            part_label: "fate".into(),
            value_label: "share of test rows".into(),
            bars: classes.iter().map(flow).collect(),
            full: Some(1.0),
            paints: [
                ("stay right", FOUND),
                ("won", SECOND_MODEL),
                ("lost", FIRST_MODEL),
                ("stay wrong", MISCLASSIFIED),
            ]
            .map(|(fate, color)| (fate.to_owned(), Paint::Theme(color)))
            .to_vec(),
        }),
        bars("Contributions that predictions require, mean over test rows", "contributions", pair(|class| class.required)),
        Block::Table(TableBlock {
            caption: "From the first model to the second: recall, rows won and lost with how many contributions they require, the sum of the largest mean contributions after by that before, and the share of features that stand for the class in both".into(),
            headers: headers.iter().map(ToString::to_string).collect(),
            numeric: (0..headers.len()).map(|column| column > 0).collect(),
            rows: classes.iter().map(row).collect(),
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_look_like_what_they_are_called() {
        for group in ColourGroup::ALL {
            assert_eq!(ColourGroup::of(looks_like(group)), group);
        }
    }
}
