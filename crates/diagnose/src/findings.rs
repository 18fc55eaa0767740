//! Numbers as sentences.

use std::collections::BTreeMap;

use counterpoise_base::{agree, counted, plural};
use serde::Serialize;

use crate::summary::{outside_in, worst_adversary};
use crate::{ClassMatch, ClassSummary, Diagnosis};

/// A sentence about a class, with the numbers behind it.
///
/// # Source
///
/// When a sentence is said is a choice of ours; its numbers are those of the analyses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Name of the class.
    pub class: String,
    /// What it is about.
    pub kind: FindingKind,
    /// How grave it is.
    pub severity: Severity,
    /// The sentence.
    pub text: String,
    /// The numbers in it, by name; shares are in `[0, 1]`.
    pub numbers: BTreeMap<&'static str, f64>,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// The class has no rows in a split.
    NoRows,
    /// The class is found less often than others.
    LowRecall,
    /// Training rows of the class are not found either.
    NotLearnt,
    /// Misclassified rows lie outside of the training range.
    OutsideTraining,
    /// Misclassified rows have smaller contributions than training rows had.
    SmallMagnitude,
    /// The class hangs on few features.
    FewFeatures,
    /// Errors go to one class.
    Adversary,
    /// The head leans to larger classes.
    LeaningHead,
    /// The class reaches farther beyond its training range than others.
    WideGap,
    /// Training rows lie among those of other classes.
    Scattered,
    /// Rows of the class vary in fewer directions than others.
    LowDiversity,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It explains a class that fails.
    Severe,
    /// It is worth a look.
    Notable,
    /// It is as well to know.
    Minor,
}

impl Severity {
    /// One step less grave.
    fn lower(self) -> Self {
        match self {
            Self::Severe => Self::Notable,
            Self::Notable | Self::Minor => Self::Minor,
        }
    }
}

/// Rows that it takes to speak of shares of them, or of how they vary.
const ENOUGH: usize = 5;
/// How much more often than found rows misclassified ones have to lie outside, for that to tell something of them.
const MORE_OFTEN: f64 = 1.2;
/// A gap that is narrower by this share without one of its rows hangs on that row.
const BY_ONE_ROW: f64 = 1.0 / 3.0;

/// What is said of each class, the gravest first; classes in the order of their recall.
pub(crate) fn findings(diagnosis: &Diagnosis) -> Vec<Finding> {
    let mut all: Vec<(f64, Finding)> = Vec::new();
    for class in 0..diagnosis.classes.len() {
        let about = About::new(diagnosis, class);
        let said = [
            about.no_rows(),
            about.low_recall(),
            about.not_learnt(),
            about.outside_training(),
            about.small_magnitude(),
            about.few_features(),
            about.adversary(),
            about.leaning_head(),
            about.wide_gap(),
            about.scattered(),
            about.low_diversity(),
        ];
        let recall = about.line.recall.unwrap_or(1.0);
        all.extend(said.into_iter().flatten().map(|finding| (recall, finding)));
    }
    // Sorting is stable: classes of equal recall stay in order.
    all.sort_by(|(a, one), (b, other)| one.severity.cmp(&other.severity).then(a.total_cmp(b)));
    all.into_iter().map(|(_, finding)| finding).collect()
}

/// One class, beside the largest.
struct About<'a> {
    diagnosis: &'a Diagnosis,
    class: usize,
    line: &'a ClassSummary,
    /// The class with the most training rows, test rows without; absent for that class itself.
    largest: Option<&'a ClassSummary>,
    /// Misclassified test rows.
    errors: usize,
    /// Whether the class is found clearly less often than classes are on average.
    fails: bool,
}

impl<'a> About<'a> {
    fn new(diagnosis: &'a Diagnosis, class: usize) -> Self {
        let size = |&line: &&ClassSummary| line.train_rows.unwrap_or(line.test_rows);
        // Of several largest, the first.
        let largest = diagnosis.summaries.iter().rev().max_by_key(size);
        let line = &diagnosis.summaries[class];
        let mean = diagnosis.test.balanced_accuracy;
        Self {
            diagnosis,
            class,
            line,
            largest: largest.filter(|largest| largest.class != line.class),
            errors: diagnosis.test.classes[class].false_negatives.rows,
            fails: line
                .recall
                .zip(mean)
                .is_some_and(|(recall, mean)| recall < mean - 0.05),
        }
    }

    fn finding(
        &self,
        kind: FindingKind,
        severe: bool,
        text: &str,
        numbers: impl IntoIterator<Item = (&'static str, f64)>,
    ) -> Finding {
        let severity = match (severe, self.fails) {
            (true, true) => Severity::Severe,
            (true, false) | (false, true) => Severity::Notable,
            (false, false) => Severity::Minor,
        };
        Finding {
            class: self.line.class.clone(),
            kind,
            severity,
            text: format!("class `{}`{}: {text}", self.line.class, self.in_brief()),
            numbers: numbers.into_iter().collect(),
        }
    }

    /// Size and recall, as in `(50 rows, recall 0.22)`.
    fn in_brief(&self) -> String {
        let rows = self.line.train_rows.map(|rows| counted(rows, "training row"));
        let rows = rows.unwrap_or_else(|| counted(self.line.test_rows, "test row"));
        match self.line.recall {
            Some(recall) => format!(" ({rows}, recall {recall:.2})"),
            None => format!(" ({rows})"),
        }
    }

    fn matches(&self) -> Option<&ClassMatch> {
        Some(&self.diagnosis.matches.as_ref()?[self.class])
    }

    fn no_rows(&self) -> Option<Finding> {
        let split = match (self.line.train_rows, self.line.test_rows) {
            (Some(0), 0) => "training or test",
            (Some(0), _) => "training",
            (_, 0) => "test",
            _ => return None,
        };
        let text = format!("there are no {split} rows of it, and what needs them is absent.");
        Some(self.finding(FindingKind::NoRows, true, &text, []))
    }

    fn low_recall(&self) -> Option<Finding> {
        let (recall, mean) = (self.line.recall?, self.diagnosis.test.balanced_accuracy?);
        if !self.fails {
            return None;
        }
        let estimate = self.diagnosis.intervals[self.class].recall.as_ref();
        let interval = estimate.and_then(|estimate| estimate.interval);
        let sure = interval.map_or(String::new(), |(low, high)| {
            format!(" ({:.0} to {:.0} %)", 100.0 * low, 100.0 * high)
        });
        let text = format!(
            "{:.0} %{sure} of its {} are found, where classes reach {:.0} % on average.",
            100.0 * recall,
            counted(self.line.test_rows, "test row"),
            100.0 * mean,
        );
        let numbers = [("recall", recall), ("mean_recall", mean)];
        Some(self.finding(FindingKind::LowRecall, recall < mean - 0.15, &text, numbers))
    }

    fn not_learnt(&self) -> Option<Finding> {
        let recall = self.line.train_recall.filter(|&recall| recall < 0.8)?;
        let text = format!(
            "the model finds {:.0} % of its training rows only: it has not learnt what it was shown.",
            100.0 * recall
        );
        Some(self.finding(
            FindingKind::NotLearnt,
            recall < 0.5,
            &text,
            [("train_recall", recall)],
        ))
    }

    fn outside_training(&self) -> Option<Finding> {
        let matches = self.matches().filter(|_| self.errors >= ENOUGH)?;
        let share = |features: usize| outside_in(&matches.outside_wrong, features);
        // The largest number of features in which half of the rows are outside.
        let many = (1..matches.outside_wrong.len())
            .rev()
            .find(|&features| share(features) >= Some(0.5))?;
        let (wrong, right) = (share(many)?, outside_in(&matches.outside_right, many));
        if right.is_some_and(|right| wrong < MORE_OFTEN * right) {
            return None;
        }
        let beside = right.map_or(String::new(), |right| {
            format!("; of those that are found, {:.0} % do", 100.0 * right)
        });
        let text = format!(
            "{:.0} % of its {} lie outside of the training range in {many} or more of its {} largest features{beside}.",
            100.0 * wrong,
            counted(self.errors, "misclassified test row"),
            matches.features.len(),
        );
        let mut numbers = vec![("outside_wrong", wrong), ("features", many as f64)];
        numbers.extend(right.map(|right| ("outside_right", right)));
        let severe = right.is_none_or(|right| wrong > 1.5 * right);
        Some(self.finding(FindingKind::OutsideTraining, severe, &text, numbers))
    }

    fn small_magnitude(&self) -> Option<Finding> {
        let matches = self.matches().filter(|_| self.errors >= ENOUGH)?;
        let train: f64 = matches.features.iter().map(|feature| feature.train).sum();
        let sum = |of: &dyn Fn(&crate::FeatureMatch) -> Option<f64>| -> Option<f64> {
            let sum: Option<f64> = matches.features.iter().map(of).sum();
            sum.filter(|_| train > 0.0).map(|sum| sum / train)
        };
        let wrong = sum(&|feature| feature.wrong).filter(|&ratio| ratio < 0.75)?;
        let right = sum(&|feature| feature.right);
        let many = matches.features.len();
        let beside = right.map_or(String::new(), |right| {
            format!("; those that are found reach {:.0} %", 100.0 * right)
        });
        // Less than nothing is no share of anything.
        let text = if wrong < 0.0 {
            format!(
                "in its {many} largest features, contributions of its misclassified test rows sum to less than 0, so that what speaks for it in training rows speaks against it here{}.",
                right.map_or(String::new(), |right| format!(
                    "; those that are found reach {:.0} % of what training rows contribute",
                    100.0 * right
                ))
            )
        } else {
            format!(
                "its misclassified test rows reach {:.0} % of what training rows contribute in its {many} largest features{beside}.",
                100.0 * wrong,
            )
        };
        let mut numbers = vec![("ratio_wrong", wrong)];
        numbers.extend(right.map(|right| ("ratio_right", right)));
        Some(self.finding(FindingKind::SmallMagnitude, wrong < 0.5, &text, numbers))
    }

    fn few_features(&self) -> Option<Finding> {
        let (own, largest) = (self.line.two_share?, self.largest?);
        let other = largest.two_share?;
        if own < 0.35 || own < 1.3 * other {
            return None;
        }
        let profile = self.diagnosis.test.classes[self.class]
            .true_positives
            .contributions
            .as_ref()?;
        let indices: Vec<String> = profile
            .top
            .iter()
            .take(2)
            .filter(|top| top.share.is_some())
            .map(|top| top.index.to_string())
            .collect();
        let text = format!(
            "it hangs on {}: {:.0} % of what speaks for it is in {} {} (largest class `{}`: {:.0} % in its first two).",
            if indices.len() == 1 {
                "one feature"
            } else {
                "two features"
            },
            100.0 * own,
            plural(indices.len(), "feature"),
            indices.join(" and "),
            largest.class,
            100.0 * other,
        );
        let numbers = [("two_share", own), ("two_share_of_largest", other)];
        Some(self.finding(FindingKind::FewFeatures, own >= 0.5, &text, numbers))
    }

    fn adversary(&self) -> Option<Finding> {
        let (adversary, share) = worst_adversary(&self.diagnosis.test_adversaries, self.class)?;
        // With two classes there is no other to go to.
        if self.errors < ENOUGH || share < 0.4 || self.diagnosis.classes.len() == 2 {
            return None;
        }
        let near = &self.diagnosis.test_adversaries.classes[self.class].near;
        let near = near
            .iter()
            .find(|near| near.class == adversary)
            .map(|near| near.share);
        let beside = near.map_or(String::new(), |near| {
            format!(
                ", and {:.0} % of the other classes' training rows next to them are of it",
                100.0 * near
            )
        });
        let text = format!("its errors go to `{adversary}` ({:.0} %){beside}.", 100.0 * share);
        let mut numbers = vec![("taken_for", share)];
        numbers.extend(near.map(|near| ("near", near)));
        Some(self.finding(FindingKind::Adversary, share >= 0.6, &text, numbers))
    }

    fn leaning_head(&self) -> Option<Finding> {
        let share = self.diagnosis.recoverable.as_ref()?[self.class];
        let share = share.filter(|&share| share >= 0.25 && self.errors >= ENOUGH)?;
        let text = format!(
            "{:.0} % of its {} would be won if logits were corrected for how rare classes are.",
            100.0 * share,
            counted(self.errors, "misclassified test row"),
        );
        Some(self.finding(
            FindingKind::LeaningHead,
            share >= 0.5,
            &text,
            [("recoverable", share)],
        ))
    }

    fn wide_gap(&self) -> Option<Finding> {
        let (own, largest) = (self.line.gap?, self.largest?);
        let other = largest.gap.filter(|&other| own > 2.0 * other && own > 0.0)?;
        // A large class may have next to none, and many times that can be little: what counts is the widest gap too.
        let gaps = self.diagnosis.summaries.iter().filter_map(|line| line.gap);
        let of_widest = own / gaps.fold(0.0, f64::max);
        if of_widest < 0.1 {
            return None;
        }
        let beside = if own < 100.0 * other {
            format!("{:.1} times as far as `{}`", own / other, largest.class)
        } else {
            format!("where `{}` hardly does", largest.class)
        };
        let gap = &self.diagnosis.gap.as_ref()?.classes[self.class];
        let outside = gap.rows_outside?;
        let mut numbers = vec![
            ("gap", own),
            ("gap_of_largest", other),
            ("rows_outside", outside as f64),
        ];
        let without = gap
            .without_worst
            .filter(|without| *without <= (1.0 - BY_ONE_ROW) * own);
        numbers.extend(without.map(|without| ("gap_without_worst", without)));
        let by_one = without.map_or(String::new(), |without| {
            format!("; without one of them it would be {without:.3}")
        });
        let text = format!(
            "its test rows reach {own:.3} beyond its training range in the mean feature, {beside}; {outside} of {} {} outside in some feature{by_one}.",
            counted(gap.test_rows, "row"),
            agree(outside, "lies", "lie"),
        );
        let severe = own > 5.0 * other && of_widest >= 0.5;
        let mut finding = self.finding(FindingKind::WideGap, severe, &text, numbers);
        if without.is_some() {
            finding.severity = finding.severity.lower();
        }
        Some(finding)
    }

    fn scattered(&self) -> Option<Finding> {
        let archetypes = &self.diagnosis.archetypes.as_ref()?.classes[self.class];
        let safe = archetypes.archetypes[0].share.filter(|&share| share < 0.85)?;
        let [_, border, rare, outlier] = &archetypes.archetypes;
        let text = format!(
            "{:.0} % of its training rows are safe among their neighbours; {} at the border, {} rare, and {} with no neighbour of its class.",
            100.0 * safe,
            border.rows,
            rare.rows,
            outlier.rows,
        );
        Some(self.finding(FindingKind::Scattered, safe < 0.5, &text, [("safe_share", safe)]))
    }

    fn low_diversity(&self) -> Option<Finding> {
        let diagnosis = self.diagnosis;
        let diversity = diagnosis
            .train_diversity
            .as_ref()
            .unwrap_or(&diagnosis.test_diversity);
        let of_class = &diversity.classes[self.class];
        // Few rows vary in few directions whatever they are: only as many of another class say whether these are few.
        let (own, largest) = (of_class.effective_rank?, self.largest?);
        let other = of_class
            .effective_rank_of_largest
            .filter(|other| of_class.rows >= ENOUGH && own < 0.5 * other)?;
        let text = format!(
            "its {} vary in {own:.1} directions, as many of `{}` in {other:.1}.",
            counted(of_class.rows, "row"),
            largest.class
        );
        let numbers = [("effective_rank", own), ("effective_rank_of_largest", other)];
        Some(self.finding(FindingKind::LowDiversity, own < 0.25 * other, &text, numbers))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use counterpoise_base::{Embeddings, Labels, LinearHead};

    use super::*;
    use crate::recommend::recommendations;
    use crate::{Action, DiagnoseOptions, analyse};

    /// Class a is large in features 0 and 1, b in 2 and 3; `missed` rows of b in the test look like `like`.
    fn diagnosis(missed: usize, like: [f32; 4], bias: [f32; 2]) -> Diagnosis {
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        let of = |counts: [usize; 3], missed: usize| {
            let (mut values, mut codes) = (Vec::new(), Vec::new());
            for (class, &count) in counts.iter().enumerate() {
                for row in 0..count {
                    let more = (row % 5) as f32 / 10.0;
                    let row = match class {
                        1 if row < missed => like.map(|value| value + more / 10.0),
                        0 => [2.0 + more, 3.0 - more, 0.1, 0.2],
                        1 => [0.1, 0.2, 2.0 + more, 0.4],
                        _ => [0.1, 0.2, 0.1, 3.0 + more],
                    };
                    values.extend(row);
                    codes.push(class as u32);
                }
            }
            Embeddings::new(values, 4, Labels::from_codes(classes.clone(), codes))
        };
        let (train, test) = (of([60, 25, 40], 0), of([20, 20, 20], missed));
        let weight = vec![1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 1.5];
        let head = LinearHead::new(weight, vec![bias[0], bias[1], 0.0], 4);
        let options = DiagnoseOptions::default()
            .with_top_k(NonZeroUsize::new(2).unwrap())
            .with_draws(100);
        analyse(Some(&train), &test, &head, &options, &()).unwrap()
    }

    fn of_kind(diagnosis: &Diagnosis, kind: FindingKind) -> &Finding {
        let mut all = diagnosis.findings.iter();
        all.find(|finding| finding.class == "b" && finding.kind == kind)
            .unwrap_or_else(|| panic!("{kind:?} is not in {:#?}", diagnosis.findings))
    }

    #[test]
    fn rows_outside_of_the_training_range_speak_for_eos() {
        // Far smaller in feature 2 than any training row, and taken for a.
        let found = diagnosis(10, [1.5, 1.5, 0.5, 0.3], [0.0; 2]);
        let outside = of_kind(&found, FindingKind::OutsideTraining);
        assert_eq!(
            outside.text,
            "class `b` (25 training rows, recall 0.50): 100 % of its 10 misclassified test rows lie outside of the training range \
             in 1 or more of its 2 largest features; of those that are found, 0 % do."
        );
        assert_eq!(outside.severity, Severity::Severe);
        assert_eq!(outside.numbers["outside_wrong"], 1.0);
        let adversary = of_kind(&found, FindingKind::Adversary);
        assert!(
            adversary.text.contains("its errors go to `a` (100 %)"),
            "{}",
            adversary.text
        );
        let small = of_kind(&found, FindingKind::SmallMagnitude);
        assert!(
            small.text.contains("reach 24 % of what training rows contribute"),
            "{}",
            small.text
        );
        let gap = of_kind(&found, FindingKind::WideGap);
        assert!(
            gap.text
                .ends_with("where `a` hardly does; 10 of 20 rows lie outside in some feature."),
            "{}",
            gap.text
        );
        // Class a hangs on two features as much.
        let few = |finding: &Finding| finding.kind == FindingKind::FewFeatures;
        assert!(!found.findings.iter().any(few));
        assert_eq!(of_kind(&found, FindingKind::LowRecall).numbers["recall"], 0.5);
        let actions: Vec<Action> = found.recommendations.iter().map(|one| one.action).collect();
        assert_eq!(actions, [Action::Nothing, Action::Eos, Action::Nothing]);
        assert_eq!(found.findings[0].class, "b");
    }

    #[test]
    fn a_head_that_leans_speaks_for_a_threshold() {
        // A little too much bias for a, whose training rows are 60 to 25.
        let found = diagnosis(10, [2.0, 2.0, 2.2, 0.3], [0.6, 0.0]);
        let leaning = of_kind(&found, FindingKind::LeaningHead);
        assert_eq!(leaning.numbers["recoverable"], 1.0);
        assert_eq!(found.recommendations[1].action, Action::Threshold);
    }

    #[test]
    fn a_common_class_that_is_given_up_speaks_for_less_correction() {
        // As much bias for b as takes all rows of a, and less than the sizes of both would give back.
        let found = diagnosis(0, [0.0; 4], [0.0, 5.2]);
        assert_eq!(found.recommendations[0].action, Action::CorrectLess);
        assert!(found.given_up.as_ref().unwrap()[0].unwrap() >= 0.5);
        assert!(
            found
                .recommendations
                .iter()
                .all(|one| one.action != Action::Threshold)
        );
    }

    #[test]
    fn a_model_that_finds_hardly_anything_is_not_told_that_all_is_well() {
        let mut found = diagnosis(0, [0.0; 4], [0.0; 2]);
        let actions = |found: &Diagnosis, recall: f64| {
            let mut found = found.clone();
            found.test.balanced_accuracy = Some(recall);
            found
                .summaries
                .iter_mut()
                .for_each(|line| line.recall = Some(recall));
            recommendations(&found)
        };
        found.recommendations = actions(&found, 0.6);
        assert!(
            found
                .recommendations
                .iter()
                .all(|one| one.action == Action::Nothing)
        );
        found.recommendations = actions(&found, 0.0);
        assert!(
            found
                .recommendations
                .iter()
                .all(|one| one.action != Action::Nothing)
        );
    }

    #[test]
    fn rows_like_those_of_another_class_speak_for_more_of_them() {
        // As large as training rows in feature 2, and larger still in those of a.
        let found = diagnosis(10, [4.0, 3.0, 2.2, 0.4], [0.0; 2]);
        let recommendation = &found.recommendations[1];
        assert_eq!(recommendation.action, Action::CollectMore, "{recommendation:?}");
        assert!(
            recommendation.reason.contains("like rows of `a`"),
            "{recommendation:?}"
        );
    }

    #[test]
    fn rows_that_are_found_lie_outside_as_often_and_explain_nothing() {
        let mut found = diagnosis(10, [1.5, 1.5, 0.5, 0.3], [0.0; 2]);
        let of_b = |found: &Diagnosis| {
            let all = findings(found);
            all.iter()
                .any(|finding| finding.class == "b" && finding.kind == FindingKind::OutsideTraining)
        };
        assert!(of_b(&found));
        let matches = &mut found.matches.as_mut().unwrap()[1];
        matches.outside_right.clone_from(&matches.outside_wrong);
        assert!(!of_b(&found));
    }

    #[test]
    fn contributions_below_0_are_no_share() {
        let found = diagnosis(10, [1.5, 1.5, -0.5, 0.3], [0.0; 2]);
        let small = of_kind(&found, FindingKind::SmallMagnitude);
        assert!(
            small
                .text
                .contains("contributions of its misclassified test rows sum to less than 0")
                && !small.text.contains('-'),
            "{}",
            small.text
        );
    }

    #[test]
    fn a_gap_that_one_row_makes_says_so_and_is_less_grave() {
        let gap = |missed| {
            let found = diagnosis(missed, [1.5, 1.5, 0.5, 0.3], [0.0; 2]);
            of_kind(&found, FindingKind::WideGap).clone()
        };
        let (many, one) = (gap(10), gap(1));
        assert_eq!((many.severity, one.severity), (Severity::Severe, Severity::Minor));
        assert!(
            one.text.ends_with(
                "1 of 20 rows lies outside in some feature; without one of them it would be 0.000."
            ),
            "{}",
            one.text
        );
        assert_eq!(one.numbers["gap_without_worst"], 0.0);
        assert!(!many.numbers.contains_key("gap_without_worst"));
    }

    #[test]
    fn few_rows_are_compared_with_as_few() {
        let of_b = |own, largest, rows| {
            let mut found = diagnosis(10, [1.5, 1.5, 0.5, 0.3], [0.0; 2]);
            let class = &mut found.train_diversity.as_mut().unwrap().classes[1];
            class.rows = rows;
            (class.effective_rank, class.effective_rank_of_largest) = (Some(own), Some(largest));
            findings(&found)
                .into_iter()
                .find(|finding| finding.class == "b" && finding.kind == FindingKind::LowDiversity)
        };
        assert_eq!(of_b(4.0, 3.9, 5), None);
        assert_eq!(of_b(1.1, 2.9, 4), None);
        let few = of_b(1.2, 3.9, 5).unwrap();
        assert!(
            few.text
                .ends_with("its 5 rows vary in 1.2 directions, as many of `a` in 3.9."),
            "{}",
            few.text
        );
    }

    #[test]
    fn a_class_that_does_well_has_nothing_said_that_is_severe() {
        let found = diagnosis(0, [0.0; 4], [0.0; 2]);
        assert!(
            found
                .findings
                .iter()
                .all(|finding| finding.severity != Severity::Severe)
        );
        assert!(
            found
                .recommendations
                .iter()
                .all(|one| one.action == Action::Nothing)
        );
    }
}
