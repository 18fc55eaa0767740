/// The best rows found so far for some queries, each list growing in (key, index).
#[derive(Debug)]
pub(crate) struct Lists {
    k: usize,
    keys: Vec<f64>,
    indices: Vec<u32>,
    /// What a pair has to reach in the screen to matter to a query.
    pub(crate) bounds: Vec<f32>,
}

impl Lists {
    /// `queries` empty lists; there is room for bounds of whole panels.
    pub(crate) fn new(queries: usize, k: usize, panel: usize) -> Self {
        Self {
            k,
            keys: vec![f64::INFINITY; queries * k],
            indices: vec![u32::MAX; queries * k],
            bounds: vec![f32::NEG_INFINITY; queries.next_multiple_of(panel)],
        }
    }

    /// The key that a row must not exceed to be listed.
    #[inline]
    pub(crate) fn worst(&self, query: usize) -> f64 {
        self.keys[query * self.k + self.k - 1]
    }

    /// The largest such key of some queries.
    pub(crate) fn worst_of(&self, queries: std::ops::Range<usize>) -> f64 {
        queries.map(|query| self.worst(query)).fold(0.0, f64::max)
    }

    /// Lists a row if it is among the best. Tells whether it was.
    #[inline]
    pub(crate) fn offer(&mut self, query: usize, key: f64, index: u32) -> bool {
        let keys = &mut self.keys[query * self.k..][..self.k];
        let indices = &mut self.indices[query * self.k..][..self.k];
        let after = |place: usize, keys: &[f64], indices: &[u32]| {
            keys[place] > key || (keys[place] == key && indices[place] > index)
        };
        let mut place = self.k - 1;
        if !after(place, keys, indices) {
            return false;
        }
        while place > 0 && after(place - 1, keys, indices) {
            keys[place] = keys[place - 1];
            indices[place] = indices[place - 1];
            place -= 1;
        }
        keys[place] = key;
        indices[place] = index;
        true
    }

    pub(crate) fn of(&self, query: usize) -> (&[f64], &[u32]) {
        (
            &self.keys[query * self.k..][..self.k],
            &self.indices[query * self.k..][..self.k],
        )
    }
}
