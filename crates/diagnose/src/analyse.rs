use counterpoise_base::{Embeddings, HeadKind, LinearHead, Observer, Warning};
use serde::Serialize;

use crate::findings::findings;
use crate::recommend::recommendations;
use crate::summary::{correlations, summaries};
use crate::{
    Adversaries, Archetypes, ClassIntervals, ClassMatch, ClassSummary, Correlation, Density, DiagnoseOptions,
    Diversity, Error, Finding, GapReport, Neighborhood, Overlap, Readout, Recommendation, Split,
    SplitProfile, adversaries, archetypes, checks, density, diversity, gap, given_up, intervals,
    match_splits, overlap, profile, recoverable,
};

/// All that features say about one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Numbers in an embedding.
    pub width: usize,
    /// Largest features that stand for a class: what was asked for, or all there are.
    pub top_k: usize,
    /// How logits are taken.
    pub head: HeadKind,
    /// What was found, in sentences, the gravest first.
    pub findings: Vec<Finding>,
    /// What to do, one entry a class.
    pub recommendations: Vec<Recommendation>,
    /// One line about each class.
    pub summaries: Vec<ClassSummary>,
    /// What goes with the size of classes and with recall.
    pub correlations: Vec<Correlation>,
    /// What training rows look like; absent without training rows, as is all that needs them.
    pub train: Option<SplitProfile>,
    /// What test rows look like.
    pub test: SplitProfile,
    /// How sure numbers of test rows are.
    pub intervals: Vec<ClassIntervals>,
    /// How test rows match training rows.
    pub matches: Option<Vec<ClassMatch>>,
    /// How far test rows reach beyond training rows.
    pub gap: Option<GapReport>,
    /// How varied training rows are.
    pub train_diversity: Option<Diversity>,
    /// How varied test rows are.
    pub test_diversity: Diversity,
    /// How typical training rows are; absent where no neighbours were asked for, too.
    pub archetypes: Option<Archetypes>,
    /// Towards which classes training rows are lost.
    pub train_adversaries: Option<Adversaries>,
    /// Towards which classes test rows are lost.
    pub test_adversaries: Adversaries,
    /// Share of misclassified rows of each class that a correction of logits would win, see [`recoverable`].
    pub recoverable: Option<Vec<Option<f64>>>,
    /// Share of misclassified rows of each common class that less favour for rare classes would win, see [`given_up`].
    pub given_up: Option<Vec<Option<f64>>>,
    /// Which largest features classes share, in training where there are training rows; absent where details are left out.
    pub overlap: Option<Overlap>,
    /// How often the largest features of each class are those of others; none where details are left out.
    pub densities: Vec<Density>,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

/// Reads training and test features and does every analysis of this crate.
///
/// Without `train`, what needs training rows is absent. Numbers are the same for any number of threads. Most of the time goes
/// into neighbours of training rows, `O(n² width)`, which `neighbor_rows` bounds.
///
/// ```
/// use counterpoise_base::{Embeddings, Labels, LinearHead};
/// use counterpoise_diagnose::{DiagnoseOptions, analyse};
///
/// let labels = Labels::from_names(&["cat", "cat", "dog"]);
/// let train = Embeddings::new(vec![2.0, 0.0, 3.0, 1.0, 0.0, 1.0], 2, labels.clone());
/// let test = Embeddings::new(vec![2.5, 0.5, 0.5, 1.0, 0.0, 1.5], 2, labels);
/// let head = LinearHead::new(vec![1.0, 0.0, 0.0, 1.0], vec![0.0, 0.0], 2);
/// let diagnosis = analyse(Some(&train), &test, &head, &DiagnoseOptions::default(), &())?;
/// assert_eq!(diagnosis.summaries[0].recall, Some(0.5));
/// assert_eq!(diagnosis.test_adversaries.classes[0].taken_for[0].class, "dog");
/// # Ok::<(), counterpoise_diagnose::Error>(())
/// ```
pub fn analyse(
    train: Option<&Embeddings>,
    test: &Embeddings,
    head: &LinearHead,
    options: &DiagnoseOptions,
    observer: &dyn Observer,
) -> Result<Diagnosis, Error> {
    options.check()?;
    let train = train
        .map(|train| Readout::new(Split::Train, train, head, observer))
        .transpose()?;
    let test = Readout::new(Split::Test, test, head, observer)?;
    if let Some(train) = &train {
        checks::same_classes(train.embeddings(), test.embeddings())?;
    }
    checks::two_classes(train.as_ref(), &test)?;
    let mut warnings = Vec::new();
    warnings.extend(checks::top_k(options, head.width()));
    let both = train.iter().chain(std::iter::once(&test));
    warnings.extend(both.flat_map(Readout::warnings).cloned());
    let test_profile = profile(&test, options, observer)?;
    let test_diversity = diversity(&test, &test_profile, options, observer)?;
    warnings.extend(test_diversity.warnings.iter().cloned());
    let classes = test.classes().len();
    let detail = options.detail;
    let mut diagnosis = Diagnosis {
        classes: test.classes().to_vec(),
        width: head.width(),
        top_k: options.top_of(head.width()),
        head: head.kind(),
        findings: Vec::new(),
        recommendations: Vec::new(),
        summaries: Vec::new(),
        correlations: Vec::new(),
        train: None,
        intervals: intervals(&test, options, observer)?,
        matches: None,
        gap: None,
        train_diversity: None,
        test_diversity,
        archetypes: None,
        train_adversaries: None,
        test_adversaries: told(
            &test,
            &Neighborhood::from_table(Vec::new(), 0, Vec::new(), classes)?,
        ),
        recoverable: None,
        given_up: None,
        overlap: None,
        densities: Vec::new(),
        test: test_profile,
        warnings,
    };
    if let Some(train) = &train {
        diagnosis.with_training_rows(train, &test, options, observer)?;
    }
    let shown = diagnosis.train.as_ref().unwrap_or(&diagnosis.test);
    let full = detail.full(classes, head.width());
    let overlap = full.then(|| overlap(shown));
    if detail.full(classes, classes * diagnosis.top_k) {
        diagnosis.densities = (0..classes).filter_map(|class| density(shown, class)).collect();
    }
    diagnosis.overlap = overlap;
    diagnosis.summaries = summaries(&diagnosis, &head.norms());
    diagnosis.correlations = correlations(&diagnosis.summaries);
    diagnosis.findings = findings(&diagnosis);
    diagnosis.recommendations = recommendations(&diagnosis);
    if !full {
        diagnosis.test = diagnosis.test.without_details();
        diagnosis.train = diagnosis.train.map(SplitProfile::without_details);
    }
    Ok(diagnosis)
}

impl Diagnosis {
    /// Adds what needs training rows.
    fn with_training_rows(
        &mut self,
        train: &Readout<'_>,
        test: &Readout<'_>,
        options: &DiagnoseOptions,
        observer: &dyn Observer,
    ) -> Result<(), Error> {
        let train_profile = profile(train, options, observer)?;
        let train_diversity = diversity(train, &train_profile, options, observer)?;
        self.warnings.extend(train_diversity.warnings.iter().cloned());
        self.matches = Some(match_splits(train, &train_profile, test, &self.test));
        self.gap = Some(gap(train.embeddings(), test, options, observer)?);
        self.recoverable = Some(recoverable(test, &train.embeddings().labels.counts()));
        self.given_up = Some(given_up(train, test));
        self.train_diversity = Some(train_diversity);
        self.train = Some(train_profile);
        if options.neighbor_rows == Some(0) {
            return Ok(());
        }
        let near = Neighborhood::of_train(train, options, observer)?;
        self.warnings.extend(checks::neighbors(&near, train, options));
        let predicted: Vec<u32> = (0..train.len()).map(|row| train.predicted(row)).collect();
        let labels = &train.embeddings().labels;
        let archetypes = archetypes(&near, labels, &predicted);
        self.archetypes = Some(archetypes.with_medoids(&near, train.embeddings(), options, observer)?);
        self.train_adversaries = Some(told(train, &near));
        let near = Neighborhood::of_misclassified(test, train, options, observer)?;
        self.warnings.extend(checks::wrong_rows_left_out(&near, test));
        self.test_adversaries = told(test, &near);
        Ok(())
    }
}

fn told(readout: &Readout<'_>, near: &Neighborhood) -> Adversaries {
    let predicted: Vec<u32> = (0..readout.len()).map(|row| readout.predicted(row)).collect();
    adversaries(readout.split(), near, &readout.embeddings().labels, &predicted)
}
