use maud::{Markup, html};

use crate::Error;

/// A table whose cells are coloured by a number: darker is farther from `middle`, one colour above it and another below.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeatMap {
    /// What the numbers are.
    pub caption: String,
    /// What a line is, above the names of lines.
    pub corner: String,
    /// Names of lines.
    pub lines: Vec<String>,
    /// Names of columns.
    pub columns: Vec<String>,
    /// One number a cell, line after line.
    pub cells: Vec<Vec<HeatCell>>,
    /// The number that gets no colour.
    pub middle: f64,
    /// Which colour means what, in words.
    pub legend: (String, String),
}

/// A cell of a [`HeatMap`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeatCell {
    /// The number that is coloured; `None` where it is not defined.
    pub value: Option<f64>,
    /// What is written.
    pub text: String,
    /// A second, smaller line.
    pub note: String,
}

/// Share of the colour in the farthest cell: text stays readable on it.
const MOST: f64 = 55.0;

impl HeatMap {
    pub(crate) fn html(&self) -> Result<Markup, Error> {
        self.check()?;
        let far = self
            .cells
            .iter()
            .flatten()
            .filter_map(|cell| cell.value)
            .map(|value| (value - self.middle).abs())
            .fold(0.0, f64::max);
        let style = |cell: &HeatCell| {
            let gap = cell.value? - self.middle;
            let share = if far > 0.0 { MOST * gap.abs() / far } else { 0.0 };
            let color = i32::from(gap < 0.0);
            Some(format!(
                "background:color-mix(in srgb,var(--c{color}) {share:.1}%,var(--card))"
            ))
        };
        Ok(html! {
            figure class="heat" {
                figcaption { (self.caption) }
                ul class="legend" {
                    li { span class="swatch" style="background:var(--c0)" {} (self.legend.0) }
                    li { span class="swatch" style="background:var(--c1)" {} (self.legend.1) }
                }
                div class="scroll" tabindex="0" {
                    table {
                        thead { tr { th scope="col" { (self.corner) } @for column in &self.columns { th scope="col" { (column) } } } }
                        tbody {
                            @for (line, cells) in self.lines.iter().zip(&self.cells) {
                                tr {
                                    th scope="row" { (line) }
                                    @for cell in cells {
                                        td style=[style(cell)] class=[cell.value.is_none().then_some("undefined")] {
                                            (cell.text) @if !cell.note.is_empty() { small { (cell.note) } }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        })
    }

    fn check(&self) -> Result<(), Error> {
        let shape = |problem: String| Error::Shape {
            caption: self.caption.clone(),
            problem,
        };
        if self.cells.len() != self.lines.len() {
            return Err(shape(format!(
                "{} lines of cells for {} names",
                self.cells.len(),
                self.lines.len()
            )));
        }
        for (line, cells) in self.lines.iter().zip(&self.cells) {
            if cells.len() != self.columns.len() {
                let columns = self.columns.len();
                return Err(shape(format!(
                    "line `{line}` has {} cells for {columns} columns",
                    cells.len()
                )));
            }
            for (column, cell) in self.columns.iter().zip(cells) {
                if let Some(value) = cell.value.filter(|value| !value.is_finite()) {
                    return Err(Error::NotFinite {
                        caption: self.caption.clone(),
                        value,
                        place: format!("cell `{column}` of `{line}`"),
                    });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(values: [Option<f64>; 2]) -> HeatMap {
        let cell = |value: Option<f64>| HeatCell {
            value,
            text: value.map_or("undefined".into(), |value| value.to_string()),
            note: String::new(),
        };
        HeatMap {
            caption: "rates".into(),
            lines: vec!["<b>".into()],
            columns: vec!["a".into(), "b".into()],
            cells: vec![values.map(cell).to_vec()],
            middle: 0.5,
            ..HeatMap::default()
        }
    }

    #[test]
    fn colours_say_on_which_side_of_the_middle_a_number_is() {
        let html = map([Some(0.3), Some(0.6)])
            .html()
            .expect("it is drawn")
            .into_string();
        assert!(
            html.contains("var(--c1) 55.0%") && html.contains("var(--c0) 27.5%"),
            "{html}"
        );
        assert!(html.contains("&lt;b&gt;"));
    }

    #[test]
    fn what_is_not_defined_has_no_colour() {
        let html = map([None, Some(0.5)]).html().expect("it is drawn").into_string();
        assert!(html.contains("<td class=\"undefined\">undefined</td>"), "{html}");
    }

    #[test]
    fn a_wrong_shape_is_told() {
        let mut wrong = map([None, None]);
        wrong.cells[0].pop();
        let error = wrong.html().expect_err("a cell is missing");
        assert_eq!(error.to_string(), "`rates`: line `<b>` has 1 cells for 2 columns");
        assert!(map([Some(f64::NAN), None]).html().is_err());
    }
}
