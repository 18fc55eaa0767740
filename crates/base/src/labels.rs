use std::collections::BTreeMap;

/// The class of every row.
///
/// Classes are ordered as numbers if all of them are numbers, else as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    classes: Vec<String>,
    codes: Vec<u32>,
}

/// The group of every row: a value of a protected column, or a combination of several.
///
/// Order and meaning of codes are those of [`Labels`].
pub type Groups = Labels;

impl Labels {
    /// Reads the classes off one name a row.
    pub fn from_names<S: AsRef<str>>(names: &[S]) -> Self {
        let mut found: BTreeMap<&str, u32> = names.iter().map(|name| (name.as_ref(), 0)).collect();
        let mut classes: Vec<String> = found.keys().map(|&name| name.to_owned()).collect();
        let as_number = |name: &String| name.parse::<f64>().ok().filter(|number| number.is_finite());
        if classes.iter().all(|name| as_number(name).is_some()) {
            classes.sort_by(|a, b| {
                as_number(a)
                    .unwrap_or(0.0)
                    .total_cmp(&as_number(b).unwrap_or(0.0))
            });
        }
        for (code, class) in classes.iter().enumerate() {
            *found.get_mut(class.as_str()).expect("the class was found") = code as u32;
        }
        let codes = names.iter().map(|name| found[name.as_ref()]).collect();
        Self { classes, codes }
    }

    /// Takes classes and codes as they are.
    ///
    /// # Panics
    ///
    /// If a code has no class.
    pub fn from_codes(classes: Vec<String>, codes: Vec<u32>) -> Self {
        assert!(
            codes.iter().all(|&code| (code as usize) < classes.len()),
            "a code has no class"
        );
        Self { classes, codes }
    }

    /// Class names, in order.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// One class code a row.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The class name of one row.
    pub fn name_of(&self, row: usize) -> &str {
        &self.classes[self.codes[row] as usize]
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// Rows per class, in class order.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for &code in &self.codes {
            counts[code as usize] += 1;
        }
        counts
    }

    /// The rows of one class, in input order.
    pub fn rows_of(&self, class: u32) -> Vec<usize> {
        (0..self.codes.len())
            .filter(|&row| self.codes[row] == class)
            .collect()
    }

    /// The code of a class name.
    pub fn code_of(&self, class: &str) -> Option<u32> {
        self.classes
            .iter()
            .position(|name| name == class)
            .map(|code| code as u32)
    }

    /// Rows of every class in every group, `(classes, groups)`, a class a line: the cells.
    ///
    /// # Panics
    ///
    /// If the two have different numbers of rows.
    pub fn cells(&self, groups: &Groups) -> Vec<usize> {
        assert_eq!(self.len(), groups.len(), "both label the same rows");
        let width = groups.classes.len();
        let mut cells = vec![0; self.classes.len() * width];
        for (&class, &group) in self.codes.iter().zip(&groups.codes) {
            cells[class as usize * width + group as usize] += 1;
        }
        cells
    }

    /// Every pair of a class of `self` and a class of `other` as one class, named `a | b`: class x group cells,
    /// or the intersection of two protected columns. Only pairs that occur get a class.
    ///
    /// # Panics
    ///
    /// If the two have different numbers of rows.
    pub fn crossed_with(&self, other: &Self) -> Self {
        assert_eq!(self.len(), other.len(), "both label the same rows");
        let pairs: Vec<(u32, u32)> = self
            .codes
            .iter()
            .copied()
            .zip(other.codes.iter().copied())
            .collect();
        let mut cells: BTreeMap<(u32, u32), u32> = pairs.iter().map(|&pair| (pair, 0)).collect();
        for (code, cell) in cells.values_mut().enumerate() {
            *cell = code as u32;
        }
        let name =
            |&(a, b): &(u32, u32)| format!("{} | {}", self.classes[a as usize], other.classes[b as usize]);
        Self {
            classes: cells.keys().map(name).collect(),
            codes: pairs.iter().map(|pair| cells[pair]).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], classes: &[&str], codes: &[u32]) {
        let labels = Labels::from_names(names);
        assert_eq!(labels.classes(), classes);
        assert_eq!(labels.codes(), codes);
    }

    #[test]
    fn numbers_are_ordered_as_numbers() {
        check(&["10", "9", "-1"], &["-1", "9", "10"], &[2, 1, 0]);
    }

    #[test]
    fn texts_are_ordered_as_text() {
        check(&["b", "a", "10", "b"], &["10", "a", "b"], &[2, 1, 0, 2]);
    }

    #[test]
    fn cells_are_ordered_by_class_then_group() {
        let class = Labels::from_names(&["no", "yes", "no"]);
        let group = Labels::from_names(&["w", "m", "m"]);
        let cells = class.crossed_with(&group);
        assert_eq!(cells.classes(), ["no | m", "no | w", "yes | m"]);
        assert_eq!(cells.codes(), [1, 2, 0]);
    }
}
