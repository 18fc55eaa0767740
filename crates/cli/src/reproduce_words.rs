//! What `counterpoise reproduce` found, as text.

use std::fmt::Write as _;

use counterpoise::{
    ElsiReproduction, EosReproduction, FragilityReproduction, ImageReproduction, Reproduction, TableBlock,
    counted,
};

use crate::terminal::{self, wrapped};

/// Text that grows by tables and by remarks.
struct Text(String);

impl Text {
    const WIDTH: usize = 110;

    /// The title, and what has to be known before the first number.
    fn new(title: &str, notes: &[String]) -> Self {
        let mut text = Self(format!("{title}\n"));
        text.lines(notes, "");
        text
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.0, "{line}");
    }

    fn lines(&mut self, lines: &[String], indent: &str) {
        for line in lines {
            self.line(&wrapped(line, indent, Self::WIDTH));
        }
    }

    fn heading(&mut self, heading: &str) {
        self.line(&format!("\n== {heading}"));
    }

    fn block(&mut self, block: &TableBlock) {
        self.titled(&block.caption, block);
    }

    fn titled(&mut self, title: &str, block: &TableBlock) {
        self.heading(title);
        self.line(&format!("\n{}", terminal::block(block).trim_end()));
    }

    fn remarks(&mut self, remarks: &[String]) {
        if !remarks.is_empty() {
            self.line("");
            self.lines(remarks, "  ");
        }
    }
}

pub(crate) fn fair_oversampling(found: &Reproduction) -> String {
    let mut text = Text::new(found.paper, &[]);
    text.line(&format!(
        "{}-fold cross-validation, seed {}; intervals of 95 % from {} draws of test rows",
        found.folds, found.seed, found.draws
    ));
    for data in &found.data {
        let cells: Vec<String> = data
            .cells
            .iter()
            .map(|(cell, rows)| format!("{cell} {rows}"))
            .collect();
        let times = if data.repeats == 1 {
            "rows dealt once".into()
        } else {
            format!("rows dealt {} times", data.repeats)
        };
        text.line(&format!(
            "{}: {} rows, {} features, {times}; {}",
            data.data,
            data.rows,
            data.features,
            cells.join(", ")
        ));
    }
    for skipped in &found.skipped {
        text.line(&format!(
            "\nskipped: {}: {}\n  put these files into a folder and give it with `--data`, or set COUNTERPOISE_DATA:",
            skipped.data, skipped.reason
        ));
        for file in &skipped.files {
            text.line(&format!("  {}  sha256 {}", file.file, file.sha256));
        }
    }
    for table in &found.tables {
        text.titled(
            &format!("Table {}: {}", table.number, table.about),
            &table.block(),
        );
        text.remarks(&table.remarks());
    }
    if !found.claims.is_empty() {
        text.titled(
            "Is Fair Oversampling ahead, as the paper says? Fair Utility less that of the next best in print",
            &found.claims_block(),
        );
    }
    if !found.bands.is_empty() {
        text.titled(
            "Fair Utility where an independent run with scikit-learn found it (fold means)",
            &found.bands_block(),
        );
    }
    for sweep in &found.sweeps {
        let block = sweep.block();
        text.titled(&format!("Experiment 3, {}", block.caption), &block);
        text.remarks(&sweep.remarks());
    }
    for importance in &found.importance {
        let block = importance.block();
        text.titled(&format!("Experiment 4, {}", block.caption), &block);
        text.remarks(importance.problem.as_slice());
    }
    text.line(&format!("\n{}", found.summary()));
    text.0
}

pub(crate) fn deep_smote(found: &ImageReproduction) -> String {
    let mut text = Text::new(&format!("{}\nseed {}", found.paper, found.seed), &found.notes());
    for set in &found.sets {
        for block in [set.block(true), set.block(false), set.cost_block()] {
            text.block(&block);
        }
        text.remarks(&set.remarks());
    }
    for sweep in &found.sweeps {
        text.block(&sweep.block());
        text.remarks(&sweep.remarks());
    }
    if let Some(about) = found.about_ranks() {
        found.ranks.iter().for_each(|ranks| text.block(&ranks.block()));
        text.remarks(&[about]);
    }
    text.0
}

pub(crate) fn fragility(found: &FragilityReproduction) -> String {
    let mut text = Text::new(found.paper, &found.notes());
    for set in &found.sets {
        text.block(&set.overview_block());
        text.remarks(&set.remarks());
        set.losses
            .iter()
            .for_each(|loss| text.block(&set.class_block(loss)));
        if let Some(correlations) = set.correlation_block() {
            text.block(&correlations);
        }
        text.heading(&format!("{}: what the paper claims", set.set.name()));
        for claim in &set.claims {
            let said = format!("({}) {}: {}", claim.number, claim.holds.words(), claim.claim);
            text.remarks(&[said]);
            text.lines(&claim.because, "     ");
        }
    }
    for head in &found.golden {
        text.block(&head.block());
        text.remarks(&head.remarks());
    }
    for study in &found.diversity {
        text.block(&study.chosen_block());
        text.block(&study.raised_block());
        text.remarks(&study.notes);
        text.remarks(&study.sentences());
    }
    text.0
}

pub(crate) fn elsi(found: &ElsiReproduction) -> String {
    let head = format!(
        "{}\n{}: {}, {} without a topic; seed {}",
        found.paper,
        found.corpus,
        counted(found.documents, "document"),
        found.without_topic,
        found.seed
    );
    let mut text = Text::new(&head, &[]);
    text.block(&found.topic_block());
    text.remarks(&found.remarks());
    text.block(&found.stem_block());
    text.0.push_str("\n== The only document that each one is shown\n");
    for one in &found.shown {
        let recommended = one
            .recommended
            .as_deref()
            .unwrap_or("nothing: its topic has no such document");
        let _ = writeln!(text.0, "\n  {}\n    {} -> {recommended}", one.of, one.topic);
    }
    text.0
}

pub(crate) fn eos(found: &EosReproduction) -> String {
    let mut text = Text::new(&format!("{}\nseed {}", found.paper, found.seed), &found.notes());
    for set in &found.sets {
        if !set.losses.is_empty() {
            text.block(&set.summary_block());
            set.losses
                .iter()
                .for_each(|table| text.block(&set.loss_block(table)));
            text.remarks(&set.verdicts());
        }
        if let Some(block) = set.neighbour_block() {
            text.block(&block);
        }
        if !set.gaps.is_empty() {
            set.gaps.iter().for_each(|gap| text.block(&set.gap_block(gap)));
            text.remarks(&set.about_gaps());
        }
        set.curves
            .iter()
            .for_each(|curve| text.block(&set.curve_block(curve)));
        if let Some(block) = set.cost_block() {
            text.block(&block);
            text.remarks(&set.about_costs());
        }
    }
    text.0
}
