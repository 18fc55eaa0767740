/// What the rows of a group add up to: enough for every rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tally {
    pub(crate) tp: f64,
    pub(crate) fp: f64,
    pub(crate) fn_: f64,
    pub(crate) tn: f64,
    /// Sum of the scores of deserving rows, and of the others.
    pub(crate) score_deserving: f64,
    pub(crate) score_others: f64,
    /// Sum of squared distances between score and truth.
    pub(crate) squares: f64,
    /// Sum of negative logarithms of the score of the true side.
    pub(crate) logs: f64,
    /// Not a sum; NaN where nobody asked.
    pub(crate) roc_auc: f64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            tp: 0.0,
            fp: 0.0,
            fn_: 0.0,
            tn: 0.0,
            score_deserving: 0.0,
            score_others: 0.0,
            squares: 0.0,
            logs: 0.0,
            roc_auc: f64::NAN,
        }
    }
}

impl Tally {
    pub(crate) fn total(&self) -> f64 {
        (self.tp + self.fn_) + (self.fp + self.tn)
    }

    /// Adds the sums of other rows.
    pub(crate) fn add(&mut self, other: &Self) {
        self.tp += other.tp;
        self.fp += other.fp;
        self.fn_ += other.fn_;
        self.tn += other.tn;
        self.score_deserving += other.score_deserving;
        self.score_others += other.score_others;
        self.squares += other.squares;
        self.logs += other.logs;
    }
}

/// Whose rows a rate is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    All,
    /// All groups but the privileged one, together.
    Rest,
    Group(usize),
}

/// The tallies of one table, or of one draw from it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tallies {
    pub(crate) groups: Vec<Tally>,
    pub(crate) all: Tally,
    pub(crate) rest: Tally,
    /// Weighted sums over rows of the distance to the mean of their neighbours: of labels, of predictions.
    pub(crate) distances: [f64; 2],
}

impl Tallies {
    pub(crate) fn of(&self, whose: Whose) -> &Tally {
        match whose {
            Whose::All => &self.all,
            Whose::Rest => &self.rest,
            Whose::Group(group) => &self.groups[group],
        }
    }

    /// Adds groups up to all rows and to the rest.
    pub(crate) fn add_up(&mut self, privileged: Option<usize>) {
        (self.all, self.rest) = (Tally::default(), Tally::default());
        for (group, tally) in self.groups.iter().enumerate() {
            self.all.add(tally);
            if Some(group) != privileged {
                self.rest.add(tally);
            }
        }
    }
}
