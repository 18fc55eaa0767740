//! What was found as tables of texts, for terminals and pages.

use counterpoise_base::counted;
use counterpoise_report::TableBlock;

use super::claims::signed;
use super::{
    DiversityStudy, FragileLoss, FragileSet, FragilityReproduction, GoldenHead, MeanAndDeviation,
    NetworkNumbers,
};

fn number(value: Option<MeanAndDeviation>, scale: f64, digits: usize) -> String {
    let Some(value) = value else {
        return "-".into();
    };
    let deviation = value.deviation.map_or(String::new(), |deviation| {
        format!(" ± {:.digits$}", scale * deviation)
    });
    format!("{:.digits$}{deviation}", scale * value.mean)
}

fn plain(value: Option<f64>, scale: f64, digits: usize) -> String {
    value.map_or("-".into(), |value| format!("{:.digits$}", scale * value))
}

fn table(caption: String, headers: &[&str], rows: Vec<Vec<String>>) -> TableBlock {
    TableBlock {
        caption,
        headers: headers.iter().map(ToString::to_string).collect(),
        numeric: (0..headers.len()).map(|column| column > 0).collect(),
        rows,
    }
}

/// What numbers of correlations are called.
fn called(name: &str) -> &str {
    match name {
        "rows" => "training pictures",
        "required" => "CE required, test",
        "train_required" => "CE required, training",
        "magnitude" => "magnitude of top K, test",
        "train_magnitude" => "magnitude of top K, training",
        "two_share" => "share of two largest CE",
        "mismatch" => "mismatch training/test",
        "effective_rank" => "directions, training",
        "test_effective_rank" => "directions, test",
        "effective_features" => "features in use",
        "relative_distance" => "relative distance",
        "weight_norm" => "length of weights",
        "rarer" => "how much rarer",
        other => other,
    }
}

impl FragilityReproduction {
    /// What holds for all tables.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = vec![self.budget.sentence()];
        if !self.sets.is_empty() {
            notes.push(format!(
                "{} for each loss and version; ± is the standard deviation over seeds, which change first weights, order and, where there are more pictures than are taken, the cut. Balanced and imbalanced networks of a seed begin with the same weights and read as many pictures (of the long-tailed CIFAR-10 files fewer in the balanced version).",
                counted(self.seeds, "seed")
            ));
            notes.push(format!(
                "CE are the products of features and weights that a logit is the sum of; top K are the {} largest mean CE of a class. A number of CE required is how many of its largest a prediction needs to stay what it is. These are definitions of the code of sister papers; mismatch, diversity and thresholds of words are ours. Cosine heads (LDAM) have CE of another scale: compare ratios, not magnitudes of losses.",
                self.top_k
            ));
            notes.push("Overlap is the share of top-K features that both networks have. Features of two trainings have nothing to do with one another but for the weights that both began with, so it means little, and nothing at all across seeds or losses.".into());
        }
        if !self.diversity.is_empty() {
            notes.push("Features are those of the cross-entropy network of the imbalanced version, seed 1, and stay as they are; only heads are trained. Rows of a class are chosen from all pictures of it, most of which the network never saw.".into());
        }
        notes
    }
}

impl FragileSet {
    /// How good networks are.
    pub fn overview_block(&self) -> TableBlock {
        let headers = [
            "loss",
            "balanced accuracy %",
            "imb.",
            "features required %",
            "imb.",
        ];
        let row = |loss: &FragileLoss| {
            let mut cells = vec![loss.loss.to_owned()];
            cells.extend(loss.balanced_accuracy.map(|value| number(value, 100.0, 1)));
            cells.extend(loss.required_share.map(|value| number(value, 100.0, 1)));
            cells
        };
        table(
            format!(
                "{}, {}: balanced, and beside it imbalanced (imb.), on {} test pictures",
                self.set.name(),
                self.network,
                self.test.iter().sum::<usize>()
            ),
            &headers,
            self.losses.iter().map(row).collect(),
        )
    }

    /// Classes side by side, balanced and imbalanced.
    pub fn class_block(&self, loss: &FragileLoss) -> TableBlock {
        let headers = [
            "class",
            "pictures",
            "imb.",
            "recall %",
            "imb.",
            "CE required",
            "imb.",
            "ratio",
            "magnitude",
            "imb.",
            "ratio",
            "mismatch",
            "imb.",
            "directions",
            "imb.",
            "overlap",
        ];
        let row = |class: &super::ClassWhenRare| {
            let mut cells = vec![class.class.clone()];
            cells.extend(class.rows.map(|rows| rows.to_string()));
            cells.extend(class.recall.map(|value| number(value, 100.0, 1)));
            cells.extend(class.required.map(|value| number(value, 1.0, 1)));
            cells.push(number(class.required_ratio, 1.0, 2));
            cells.extend(class.magnitude.map(|value| number(value, 1.0, 2)));
            cells.push(number(class.magnitude_ratio, 1.0, 2));
            cells.extend(class.mismatch.map(|value| number(value, 1.0, 2)));
            cells.extend(class.test_effective_rank.map(|value| number(value, 1.0, 1)));
            cells.push(number(class.overlap, 1.0, 2));
            cells
        };
        table(
            format!(
                "{}, {}: balanced, and beside it imbalanced (imb.)",
                self.set.name(),
                loss.loss
            ),
            &headers,
            loss.classes.iter().map(row).collect(),
        )
    }

    /// Rank correlations over classes, all losses side by side; absent for two classes, which have none.
    pub fn correlation_block(&self) -> Option<TableBlock> {
        if self.classes.len() < 3 {
            return None;
        }
        let mut headers = vec!["over classes", "with", "of"];
        headers.extend(self.losses.iter().map(|loss| loss.loss));
        let places = self.losses.first().map_or(0, |loss| loss.correlations.len());
        let rows = (0..places).map(|place| {
            let first = &self.losses[0].correlations[place];
            let mut cells = vec![
                called(first.number).to_owned(),
                called(first.with).to_owned(),
                match first.of {
                    "ratio" => "imbalanced / balanced".to_owned(),
                    of => of.to_owned(),
                },
            ];
            cells.extend(
                self.losses
                    .iter()
                    .map(|loss| loss.correlations[place].value.map_or("-".into(), signed)),
            );
            cells
        });
        let mut block = table(
            format!("{}: Spearman's rank correlation over classes", self.set.name()),
            &headers,
            rows.collect(),
        );
        block.numeric = (0..headers.len()).map(|column| column > 2).collect();
        Some(block)
    }

    /// What is to be known about the set.
    pub fn remarks(&self) -> Vec<String> {
        let list = |counts: &[usize]| match counts.first() {
            Some(first) if counts.iter().all(|count| count == first) => format!("{first} each"),
            _ => counts
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        };
        let mut remarks = self.notes.clone();
        let [balanced, imbalanced] = &self.counts;
        remarks.push(format!(
            "Training pictures: balanced {} ({} in all), imbalanced {} ({} in all).",
            list(balanced),
            balanced.iter().sum::<usize>(),
            list(imbalanced),
            imbalanced.iter().sum::<usize>()
        ));
        if self.classes.len() < 3 {
            remarks.push("Rank correlations over classes need three classes; there are two here.".into());
        }
        let lost = |network: &NetworkNumbers| network.classes.iter().any(|class| class.recall == Some(0.0));
        let without: Vec<&str> = self
            .losses
            .iter()
            .filter(|loss| loss.networks.iter().flatten().any(lost))
            .map(|loss| loss.loss)
            .collect();
        if !without.is_empty() {
            remarks.push(format!(
                "Some network tells no test picture of some class ({}): the class has no magnitude there, and is left out of what needs one.",
                without.join(", ")
            ));
        }
        remarks
    }
}

impl GoldenHead {
    /// What the authors print beside what our analysis says of their network.
    pub fn block(&self) -> TableBlock {
        let headers = [
            "class",
            "CE required, theirs",
            "ours",
            "most required CE, theirs",
            "ours",
            "recall %, theirs",
            "ours",
            "length of weights",
        ];
        let row = |class: &super::GoldenClass| {
            vec![
                class.class.clone(),
                format!("{:.1}", class.required.0),
                plain(class.required.1, 1.0, 1),
                plain(class.strongest.0, 1.0, 2),
                plain(class.strongest.1, 1.0, 2),
                plain(class.recall.0, 100.0, 1),
                plain(class.recall.1, 100.0, 1),
                format!("{:.2}", class.norm),
            ]
        };
        table(
            match self.name {
                "network" => "The authors' ResNet-32 of long-tailed CIFAR-10".into(),
                _ => "The same network with the authors' head after EOS".into(),
            },
            &headers,
            self.classes.iter().map(row).collect(),
        )
    }

    /// How far both agree, and why not further.
    pub fn remarks(&self) -> Vec<String> {
        vec![
            format!(
                "Lengths of the rows of weights {} those that are known of this file.",
                if self.norms_are_right { "are" } else { "are NOT" }
            ),
            format!(
                "CE required: the order of classes agrees with theirs by {}. Frequency and magnitude of CE go together by {:.3} in their table and by {} here (Pearson, mean over classes).",
                self.required_alike
                    .map_or("undefined".into(), |value| format!("{value:+.2}")),
                self.agreement.0,
                plain(self.agreement.1, 1.0, 3),
            ),
            format!(
                "Theirs are tables of the follow-up study (arXiv 2407.10165) over all 10000 test pictures, of a network of another draw of training pictures or another training; ours are of the network in the file over {}. Digits cannot agree.",
                counted(self.rows, "test picture")
            ),
        ]
    }
}

impl DiversityStudy {
    /// Choices of rows of rare classes.
    pub fn chosen_block(&self) -> TableBlock {
        let headers = [
            "class",
            "rows kept",
            "rows",
            "directions",
            "mean distance",
            "recall %",
            "recall %, even batches",
        ];
        let rows = self.chosen.iter().flat_map(|class| {
            class.choices.iter().map(|rows| {
                vec![
                    class.class.clone(),
                    rows.choice.words().to_owned(),
                    rows.rows.to_string(),
                    number(rows.effective_rank, 1.0, 2),
                    number(rows.mean_distance, 1.0, 2),
                    number(rows.recall, 100.0, 1),
                    number(rows.balanced_recall, 100.0, 1),
                ]
            })
        });
        let mut block = table(
            format!(
                "{}: count against diversity, mean ± sd over repeats",
                self.set.name()
            ),
            &headers,
            rows.collect(),
        );
        block.numeric[1] = false;
        block
    }

    /// What ways to make rows do to diversity.
    pub fn raised_block(&self) -> TableBlock {
        let headers = [
            "class",
            "rows made by",
            "rows",
            "directions",
            "mean distance",
            "mean range",
            "features in use",
            "recall %",
            "balanced accuracy %",
        ];
        let classes = self.raised.first().map_or(0, |way| way.classes.len());
        let rows = (0..classes).flat_map(|place| {
            self.raised.iter().map(move |way| {
                let class = &way.classes[place];
                vec![
                    class.class.clone(),
                    way.method.clone(),
                    class.rows.to_string(),
                    plain(class.effective_rank, 1.0, 2),
                    plain(class.mean_distance, 1.0, 2),
                    plain(class.mean_range, 1.0, 2),
                    plain(class.effective_features, 1.0, 1),
                    plain(class.recall, 100.0, 1),
                    plain(way.balanced_accuracy, 100.0, 1),
                ]
            })
        });
        let mut block = table(
            format!(
                "{}: diversity of rare classes, made rows included, and what a head learns from them",
                self.set.name()
            ),
            &headers,
            rows.collect(),
        );
        block.numeric[1] = false;
        block
    }
}
