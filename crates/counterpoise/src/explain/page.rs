//! The page of an explanation: what is wrong, what to do, and what the numbers behind it look like.

use counterpoise_base::{agree, counted};
use counterpoise_diagnose::{Action, Archetype, ClassSummary, Diagnosis, Finding, Severity};
use counterpoise_report::{Block, Figure, Page, Section, TableBlock, Tone};

use super::{ComparedModels, Explain, Explanation, plots};
use crate::pages::{footer, sentence};
use crate::{Error, few_of_each};

/// Classes whose findings stand on a page; the rest is in the tables.
const CLASSES: usize = 12;
/// Classes of which is told why something is to be done.
const REASONS: usize = 15;

/// The page of [`explain`](super::explain).
///
/// Of more than 30 classes, plots that go into detail show those with the lowest recall and the largest ones; numbers of all of
/// them are what [`write_tables`](super::write_tables) writes.
pub fn explanation_page(options: &Explain, explanation: &Explanation) -> Result<Page, Error> {
    let diagnosis = &explanation.diagnosis;
    let mut sections = vec![result(explanation), to_do(explanation)];
    if let Some(against) = &explanation.against {
        sections.push(compared(explanation, against));
    }
    sections.push(classes(explanation));
    sections.push(findings(diagnosis));
    sections.push(plots::largest_features(explanation));
    sections.extend(plots::magnitudes(explanation));
    sections.extend(plots::gaps(explanation));
    sections.extend(super::pictures::typical(explanation));
    sections.extend(plots::colours(explanation));
    sections.push(plots::adversaries(diagnosis));
    sections.push(plots::diversity(diagnosis));
    sections.push(how(options, explanation));
    Ok(Page {
        title: format!("Why {} fails where it fails", explanation.model),
        subtitle: format!(
            "{}, {}, {}{}",
            counted(diagnosis.classes.len(), "class"),
            counted(diagnosis.width, "feature"),
            counted(diagnosis.test.rows, "test row"),
            diagnosis.train.as_ref().map_or(String::new(), |train| format!(
                ", {}",
                counted(train.rows, "training row")
            )),
        ),
        sections,
        footer: footer(),
    })
}

pub(super) fn percent(share: impl Into<Option<f64>>) -> String {
    share
        .into()
        .map_or("undefined".to_owned(), |share| format!("{:.0} %", 100.0 * share))
}

/// Classes in the order of their recall, the lowest first; those without test rows are left out.
pub(super) fn by_recall(diagnosis: &Diagnosis) -> Vec<usize> {
    let recall = |class: usize| diagnosis.summaries[class].recall;
    let mut order: Vec<usize> = (0..diagnosis.classes.len())
        .filter(|&class| recall(class).is_some())
        .collect();
    order.sort_by(|&a, &b| {
        let value = |class: usize| recall(class).unwrap_or(1.0);
        value(a).total_cmp(&value(b)).then(a.cmp(&b))
    });
    order
}

/// Classes that something is to be done about, that with the lowest recall first.
pub(super) fn failing(diagnosis: &Diagnosis) -> Vec<usize> {
    let fails = |&class: &usize| diagnosis.recommendations[class].action != Action::Nothing;
    by_recall(diagnosis).into_iter().filter(fails).collect()
}

/// What is wrong, in a sentence and four numbers.
fn result(explanation: &Explanation) -> Section {
    let diagnosis = &explanation.diagnosis;
    let failing = failing(diagnosis);
    let order = by_recall(diagnosis);
    let named = |class: usize| {
        let line = &diagnosis.summaries[class];
        format!("`{}` ({})", line.class, percent(line.recall))
    };
    let lead = match (failing.first(), order.first(), order.last()) {
        (Some(&worst), _, Some(&best)) => format!(
            "{} {} found less often than classes are on average, and something can be tried; the lowest recall is that of {}, the highest that of {}.",
            counted(failing.len(), "class"),
            agree(failing.len(), "is", "are"),
            named(worst),
            named(best),
        ),
        (None, Some(&worst), _) => format!(
            "No class does clearly worse than others; the lowest recall is that of {}.",
            named(worst)
        ),
        _ => "No class has test rows to judge by.".into(),
    };
    let mut figures = vec![
        Figure {
            value: percent(diagnosis.test.balanced_accuracy),
            label: "balanced accuracy".into(),
            note: "mean recall of classes, test rows".into(),
        },
        Figure {
            value: percent(diagnosis.test.accuracy),
            label: "accuracy".into(),
            note: "share of all test rows".into(),
        },
    ];
    if let Some(train) = &diagnosis.train {
        figures.push(Figure {
            value: percent(train.balanced_accuracy),
            label: "in training".into(),
            note: "balanced accuracy, training rows".into(),
        });
    }
    figures.push(Figure {
        value: failing.len().to_string(),
        label: format!(
            "{} to do something about",
            agree(failing.len(), "class", "classes")
        ),
        note: format!("of {}", diagnosis.classes.len()),
    });
    let mut blocks = vec![Block::Figures(figures)];
    if !explanation.warnings.is_empty() {
        blocks.push(Block::Warnings(few_of_each(&explanation.warnings)));
    }
    Section {
        title: "What is wrong".into(),
        lead,
        blocks,
    }
}

fn action_in_words(action: Action) -> &'static str {
    match action {
        Action::Threshold => "Correct the logits",
        Action::CorrectLess => "Favour rare classes less",
        Action::Eos => "Over-sample in feature space (EOS)",
        Action::TrainLonger => "Train longer",
        Action::Resample => "Make rows, and train anew",
        Action::CollectMore => "Collect more",
        Action::Nothing => "Nothing",
    }
}

/// Names of classes, the first of many.
pub(super) fn listed(classes: &[String]) -> String {
    const MOST: usize = 12;
    let others = classes.len().saturating_sub(MOST);
    let first = classes[..classes.len() - others].join("`, `");
    match others {
        0 => format!("`{first}`"),
        others => format!("`{first}` and {others} {}", agree(others, "other", "others")),
    }
}

fn to_do(explanation: &Explanation) -> Section {
    let diagnosis = &explanation.diagnosis;
    let mut blocks = Vec::new();
    for step in &explanation.next {
        blocks.push(Block::Verdict {
            title: action_in_words(step.action).into(),
            text: format!("For {}. {}", listed(&step.classes), step.what),
            tone: Tone::Neutral,
        });
        if let Some(caution) = &step.caution {
            blocks.push(Block::Verdict {
                title: String::new(),
                text: caution.clone(),
                tone: Tone::Caution,
            });
        }
        if step.commands.is_empty() {
            blocks.push(Block::Text("No command can do it with these files alone.".into()));
        } else {
            blocks.push(Block::Code {
                title: "in a terminal".into(),
                text: step.commands.join("\n") + "\n",
            });
        }
    }
    let failing = failing(diagnosis);
    let row = |&class: &usize| {
        let one = &diagnosis.recommendations[class];
        vec![
            one.class.clone(),
            one.action.name().to_owned(),
            quoted(&one.reason),
        ]
    };
    if !failing.is_empty() {
        blocks.push(Block::Table(TableBlock {
            caption: if failing.len() > REASONS {
                format!(
                    "Why, for the {REASONS} classes with the lowest recall of {}",
                    failing.len()
                )
            } else {
                "Why, class by class".into()
            },
            headers: ["class", "what to do", "because"].map(String::from).to_vec(),
            numeric: vec![false; 3],
            rows: failing.iter().take(REASONS).map(row).collect(),
        }));
    }
    let lead = if diagnosis.train.is_none() {
        "Without training rows there is no telling: give them, too."
    } else if explanation.next.is_empty() {
        "Nothing: every class is found as often as classes are on average, or nearly always, or has no test rows."
    } else {
        "The cheapest first. Which of them suits a class is a rule of ours, told in the table below; each is a try, and the last command of a box shows what it brought."
    };
    Section {
        title: "What to do".into(),
        lead: lead.into(),
        blocks,
    }
}

fn classes(explanation: &Explanation) -> Section {
    let diagnosis = &explanation.diagnosis;
    let number = |value: Option<f64>, decimals: usize| {
        value.map_or(String::new(), |value| format!("{value:.decimals$}"))
    };
    let share = |value: Option<f64>| value.map_or(String::new(), |value| format!("{:.1} %", 100.0 * value));
    let count = |value: Option<usize>| value.map_or(String::new(), |value| value.to_string());
    let chosen = plots::chosen(diagnosis);
    let table = |caption: &str, headers: &[&str], row: &dyn Fn(&ClassSummary) -> Vec<String>| {
        Block::Table(TableBlock {
            caption: caption.into(),
            headers: headers.iter().map(ToString::to_string).collect(),
            numeric: (0..headers.len()).map(|column| column > 0).collect(),
            rows: chosen
                .iter()
                .map(|&class| row(&diagnosis.summaries[class]))
                .collect(),
        })
    };
    let ends = |line: &ClassSummary| {
        let interval = diagnosis.intervals.iter().find(|other| other.class == line.class);
        let estimate = interval.and_then(|interval| interval.recall.as_ref()?.interval);
        estimate.map_or(String::new(), |(low, high)| {
            format!("{:.0} to {:.0} %", 100.0 * low, 100.0 * high)
        })
    };
    let with_size = diagnosis
        .correlations
        .iter()
        .find(|one| one.number == "recall" && one.with == "train_rows")
        .and_then(|one| one.value);
    let lead = with_size.map_or(String::new(), |value| {
        format!("Size and recall go together with a rank correlation of {value:.2} (1: the larger, the better; 0: no relation).")
    });
    Section {
        title: "Classes".into(),
        lead: format!("{lead}{}", plots::left_out(diagnosis, "In the tables")),
        blocks: vec![
            plots::size_and_recall(diagnosis),
            table(
                "How often classes are found",
                &[
                    "class",
                    "training rows",
                    "test rows",
                    "recall",
                    "interval",
                    "in training",
                    "precision",
                ],
                &|line| {
                    vec![
                        line.class.clone(),
                        count(line.train_rows),
                        line.test_rows.to_string(),
                        share(line.recall),
                        ends(line),
                        share(line.train_recall),
                        share(line.precision),
                    ]
                },
            ),
            table(
                "What the last layer sees of them; the end of the page says what columns mean",
                &[
                    "class",
                    "in two features",
                    "required",
                    "mismatch",
                    "gap",
                    "safe",
                    "directions",
                    "weights",
                ],
                &|line| {
                    vec![
                        line.class.clone(),
                        share(line.two_share),
                        number(line.required, 1),
                        number(line.mismatch, 2),
                        number(line.gap, 3),
                        share(line.safe_share),
                        number(line.effective_rank, 1),
                        number(Some(line.weight_norm), 2),
                    ]
                },
            ),
        ],
    }
}

/// A text for where nothing is set as code: names between backticks stand between quotation marks.
fn quoted(text: &str) -> String {
    let part = |(place, part): (usize, &str)| {
        if place % 2 == 1 {
            format!("“{part}”")
        } else {
            part.to_owned()
        }
    };
    text.split('`').enumerate().map(part).collect()
}

/// How many of `k` neighbours of its class make a row of each archetype: `4 or 5 of 5: safe; 2 or 3: border; 1: rare; 0: outlier`.
pub(super) fn archetypes_in_words(k: usize) -> String {
    let of = |archetype: Archetype| {
        let counts = (0..=k).filter(|&same| Archetype::of(same, k) == archetype);
        let counts: Vec<usize> = counts.collect();
        let (first, last) = (counts.first()?, counts.last()?);
        let beside = if archetype == Archetype::Safe {
            format!(" of {k}")
        } else {
            String::new()
        };
        let counts = match last - first {
            0 => first.to_string(),
            1 => format!("{first} or {last}"),
            _ => format!("{first} to {last}"),
        };
        Some(format!("{counts}{beside}: {}", archetype.name()))
    };
    let all: Vec<String> = Archetype::ALL.into_iter().filter_map(of).collect();
    all.join("; ")
}

/// What was found of the classes that fail, class by class.
fn findings(diagnosis: &Diagnosis) -> Section {
    let mark = |severity: Severity| match severity {
        Severity::Severe => "severe",
        Severity::Notable => "notable",
        Severity::Minor => "minor",
    };
    let (mut blocks, mut shown) = (Vec::new(), 0);
    for class in by_recall(diagnosis).into_iter().take(CLASSES) {
        let line = &diagnosis.summaries[class];
        let graves = diagnosis
            .findings
            .iter()
            .filter(|finding| finding.class == line.class && finding.severity < Severity::Minor);
        let graves: Vec<(String, String)> = graves
            .map(|finding| (mark(finding.severity).to_owned(), without_class(finding)))
            .collect();
        if graves.is_empty() {
            continue;
        }
        shown += graves.len();
        let rows = line.train_rows.map_or(String::new(), |rows| {
            format!(", {}", counted(rows, "training row"))
        });
        blocks.push(Block::Text(format!(
            "Class `{}`{rows}, recall {}:",
            line.class,
            percent(line.recall)
        )));
        blocks.push(Block::Marked(graves));
    }
    let others = diagnosis.findings.len() - shown;
    if others > 0 {
        blocks.push(Block::Text(format!(
            "And {} of less weight or of other classes: `--tables FOLDER` writes all of them into `findings.csv`.",
            counted(others, "finding")
        )));
    }
    Section {
        title: "What was found".into(),
        lead: "The class with the lowest recall first. What is severe explains a class that fails; what is notable is worth a look.".into(),
        blocks,
    }
}

/// A finding without the class that it begins with, and with a capital letter.
fn without_class(finding: &Finding) -> String {
    let start = format!("class `{}`", finding.class);
    let rest = finding
        .text
        .strip_prefix(&start)
        .and_then(|rest| rest.split_once("): "));
    sentence(rest.map_or(&finding.text, |(_, said)| said))
}

fn compared(explanation: &Explanation, against: &ComparedModels) -> Section {
    let comparison = &against.comparison;
    let [won, lost] = comparison.won_and_lost();
    let [before, after] = comparison
        .balanced_accuracy()
        .map(|mean| mean.map_or("-".to_owned(), |mean| format!("{:.1} %", 100.0 * mean)));
    let overlap = if comparison.overlap_is_meaningful {
        String::new()
    } else {
        " Both were trained apart, so that feature 3 of the one has nothing to do with feature 3 of the other: magnitudes are compared by rank.".into()
    };
    Section {
        title: "Two models".into(),
        lead: format!(
            "From `{}` to `{}`, {won} test rows are won and {lost} lost; balanced accuracy goes from {before} to {after}.{overlap}",
            against.before, against.after
        ),
        blocks: plots::compared(&explanation.diagnosis, against),
    }
}

fn how(options: &Explain, explanation: &Explanation) -> Section {
    let analysis = &options.analysis;
    let mut pairs = vec![
        ("model", explanation.model.clone()),
        (
            "last layer",
            format!("{:?}", explanation.diagnosis.head).to_lowercase(),
        ),
        (
            "largest features of a class",
            format!(
                "{} of {}",
                explanation.diagnosis.top_k, explanation.diagnosis.width
            ),
        ),
        (
            "neighbours for archetypes",
            analysis.archetype_neighbors.to_string(),
        ),
        (
            "intervals",
            format!(
                "{} % of {} draws of test rows; of a recall of 0 or 100 %, where draws do not differ, after Clopper and Pearson",
                100.0 * analysis.level,
                analysis.draws
            ),
        ),
        ("seed", analysis.seed.to_string()),
    ];
    if analysis.draws == 0 {
        pairs.retain(|(name, _)| *name != "intervals");
    }
    let archetypes = explanation.diagnosis.archetypes.as_ref();
    let neighbors = archetypes.map_or(analysis.archetype_neighbors.get(), |archetypes| archetypes.k);
    let words: [(&str, String); 14] = [
        ("feature", "A number of the last layer's input: FE.".into()),
        (
            "contribution",
            "A feature times its weight in the row of a class: CE. All contributions and the bias of a class sum to its logit.".into(),
        ),
        (
            "in two features",
            "What the two largest mean contributions make of all positive ones, over test rows that are found.".into(),
        ),
        (
            "in its largest features",
            format!("The same of the {} largest.", explanation.diagnosis.top_k),
        ),
        ("in training", "The share of training rows that are found.".into()),
        ("largest contribution", "The largest of these means.".into()),
        (
            "required",
            "How many of its largest contributions a prediction needs to beat the next class, mean over test rows.".into(),
        ),
        (
            "mismatch",
            "How far mean contributions of test rows are from those of training rows, in the features that stand for the class in training; 0 is a perfect match.".into(),
        ),
        (
            "gap",
            "How far test rows reach beyond the training range of their class, mean over features. The formula is ours: the papers' is not known.".into(),
        ),
        (
            "safe",
            format!(
                "Training rows most of whose neighbours are of their class. How many are of it decides: {}.",
                archetypes_in_words(neighbors)
            ),
        ),
        (
            "directions",
            "In how many directions rows of the class vary: the effective rank of their covariance. Few rows vary in few.".into(),
        ),
        (
            "features in use",
            "How many features, used equally often, would be among the largest as evenly as those of the class are: the exponential of the entropy of how often each is.".into(),
        ),
        ("distance", "Mean Euclidean distance of two rows of the class.".into()),
        ("weights", "The length of the row of weights of the class.".into()),
    ];
    Section {
        title: "How it was computed".into(),
        lead: "After Dablain and others, “Understanding CNN Fragility When Learning With Imbalanced Data” (arXiv 2210.09465), with formulas of the code of its sister papers. Match, diversity, gap, findings and recommendations are definitions of ours.".into(),
        blocks: vec![
            Block::KeyValues(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
            Block::KeyValues(words.map(|(name, about)| (name.to_owned(), about)).to_vec()),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archetypes_are_told_as_they_are_counted() {
        let check = |k, expected: &str| assert_eq!(archetypes_in_words(k), expected);
        check(5, "4 or 5 of 5: safe; 2 or 3: border; 1: rare; 0: outlier");
        check(3, "3 of 3: safe; 1 or 2: border; 0: outlier");
        check(
            20,
            "16 to 20 of 20: safe; 5 to 15: border; 1 to 4: rare; 0: outlier",
        );
        check(1, "1 of 1: safe; 0: outlier");
    }

    #[test]
    fn names_between_backticks_stand_between_quotation_marks() {
        assert_eq!(quoted("rows of `a b`: few"), "rows of “a b”: few");
        assert_eq!(quoted("none"), "none");
    }
}
