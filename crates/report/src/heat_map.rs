use maud::{Markup, PreEscaped, html};

use crate::plot::{cut_names, legible, short};
use crate::{Error, TableBlock};

/// A table whose cells are coloured by a number: darker is farther from `middle`, one colour above it and another below.
///
/// Of more than 20 lines or columns, cells are small and their texts are shown where they are pointed at.
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
/// The same where there is no text.
const MOST_DENSE: f64 = 95.0;
/// Lines and columns whose cells have their texts in them.
const MOST_WRITTEN: usize = 20;
/// Shades of each colour where cells are small.
const SHADES: f64 = 16.0;
const WIDTH: f64 = 680.0;
const FONT: f64 = 11.0;
const LETTER: f64 = FONT * 0.63;
/// Letters of a name.
const MOST_LETTERS: usize = 18;
/// Cells that are read out.
const SPOKEN: usize = 12;

impl HeatMap {
    pub(crate) fn html(&self) -> Result<Markup, Error> {
        self.check()?;
        if self.lines.len().max(self.columns.len()) > MOST_WRITTEN {
            return Ok(self.dense());
        }
        let far = self.far();
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
                (self.legend())
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

    /// The texts of its cells, a row a line.
    pub fn table(&self) -> TableBlock {
        let text = |cell: &HeatCell| match cell.note.as_str() {
            "" => cell.text.clone(),
            note => format!("{} {note}", cell.text).trim().to_owned(),
        };
        let lines = self.lines.iter().zip(&self.cells);
        TableBlock {
            caption: self.caption.clone(),
            headers: std::iter::once(&self.corner)
                .chain(&self.columns)
                .cloned()
                .collect(),
            numeric: (0..=self.columns.len()).map(|column| column > 0).collect(),
            rows: lines
                .map(|(line, cells)| {
                    std::iter::once(line.clone())
                        .chain(cells.iter().map(text))
                        .collect()
                })
                .collect(),
        }
    }

    fn far(&self) -> f64 {
        let values = self.cells.iter().flatten().filter_map(|cell| cell.value);
        values
            .map(|value| (value - self.middle).abs())
            .fold(0.0, f64::max)
    }

    fn legend(&self) -> Markup {
        html! {
            ul class="legend" {
                li { span class="swatch" style="background:var(--c0)" {} (self.legend.0) }
                @if !self.legend.1.is_empty() { li { span class="swatch" style="background:var(--c1)" {} (self.legend.1) } }
            }
        }
    }

    /// Small cells. Those of one shade are one path, and what a cell says is shown by the script.
    fn dense(&self) -> Markup {
        let letters = |names: &[String]| {
            let longest = names
                .iter()
                .map(|name| name.chars().count().min(MOST_LETTERS))
                .max();
            longest.unwrap_or(0) as f64 * LETTER
        };
        let (left, top) = (letters(&self.lines) + 8.0, letters(&self.columns) + 8.0);
        let cell = ((WIDTH - left - 6.0) / self.columns.len().max(1) as f64).clamp(3.0, 16.0);
        let (across, down) = (cell * self.columns.len() as f64, cell * self.lines.len() as f64);
        let every = ((FONT + 1.0) / cell).ceil() as usize;
        let middle = |place: usize| cell * (place as f64 + 0.5);
        let [lines, columns] = [&self.lines, &self.columns]
            .map(|names| cut_names(names.iter().map(String::as_str), MOST_LETTERS));
        // A gap between cells that are wide enough for one.
        let side = if cell >= 6.0 { cell - 0.6 } else { cell };
        let far = self.far();
        let mut shades: Vec<(Option<i32>, String)> = Vec::new();
        for (line, cells) in self.cells.iter().enumerate() {
            for (column, each) in cells.iter().enumerate() {
                let shade = each.value.map(|value| {
                    let share = if far > 0.0 {
                        (value - self.middle) / far
                    } else {
                        0.0
                    };
                    // What is there at all is seen.
                    (share.abs() * SHADES).ceil().copysign(share) as i32
                });
                if shade == Some(0) {
                    continue;
                }
                let (x, y) = (cell * column as f64, cell * line as f64);
                let [x, y, side] = [left + x, top + y, side].map(legible);
                let square = format!("M{x} {y}h{side}v{side}h-{side}z");
                match shades.iter_mut().find(|known| known.0 == shade) {
                    Some(known) => known.1.push_str(&square),
                    None => shades.push((shade, square)),
                }
            }
        }
        let fill = |shade: i32| {
            let share = MOST_DENSE * f64::from(shade.abs()) / SHADES;
            format!(
                "fill:color-mix(in srgb,var(--c{}) {share:.0}%,var(--card))",
                i32::from(shade < 0)
            )
        };
        let said = |cell: &HeatCell| match (cell.text.as_str(), cell.note.as_str()) {
            ("", note) => format!("{} {note}", cell.value.map_or("undefined".into(), short)),
            (text, note) => format!("{text} {note}"),
        };
        let texts: Vec<Vec<String>> = self
            .cells
            .iter()
            .map(|cells| cells.iter().map(|cell| said(cell).trim().to_owned()).collect())
            .collect();
        let facts = serde_json::json!({
            "left": left, "top": top, "cell": cell, "lines": self.lines, "columns": self.columns, "texts": texts,
        });
        // A name must not end the script or begin another.
        let facts = facts.to_string().replace('<', "\\u003c");
        let (width, height) = (left + across + 2.0, top + down + 2.0);
        html! {
            figure class="heat dense plot" {
                figcaption { (self.caption) }
                (self.legend())
                div class="scroll" tabindex="0" {
                    div class="stage" style=(format!("max-width:{}rem", legible(width / 12.7))) {
                        svg viewBox=(format!("0 0 {} {}", legible(width), legible(height))) font-size=(FONT) role="img" aria-label=(self.in_words()) {
                            rect class="ground" x=(legible(left)) y=(legible(top)) width=(legible(across)) height=(legible(down)) {}
                            @for (shade, squares) in &shades {
                                @if let Some(shade) = shade { path style=(fill(*shade)) d=(squares) {} }
                                @else { path class="undefined" d=(squares) {} }
                            }
                            @for (place, name) in lines.iter().enumerate().step_by(every) {
                                text class="line" x=(legible(left - 4.0)) y=(legible(top + middle(place))) { (name) }
                            }
                            @for (place, name) in columns.iter().enumerate().step_by(every) {
                                text transform=(format!("translate({} {}) rotate(-90)", legible(left + middle(place)), legible(top - 4.0))) { (name) }
                            }
                        }
                        div class="tip" role="status" hidden {}
                    }
                }
                script type="application/json" { (PreEscaped(facts)) }
            }
        }
    }

    /// For those who listen: the cells that are farthest from the middle.
    fn in_words(&self) -> String {
        let mut cells: Vec<(&String, &String, f64)> = Vec::new();
        for (line, each) in self.lines.iter().zip(&self.cells) {
            let known = self
                .columns
                .iter()
                .zip(each)
                .filter_map(|(column, cell)| Some((line, column, cell.value?)));
            cells.extend(known);
        }
        let far = |value: f64| (value - self.middle).abs();
        cells.sort_by(|a, b| far(b.2).total_cmp(&far(a.2)));
        let farthest = cells
            .iter()
            .take(SPOKEN)
            .filter(|(_, _, value)| far(*value) > 0.0);
        let farthest: Vec<String> = farthest
            .map(|(line, column, value)| format!("{line}, {column} {}", short(*value)))
            .collect();
        format!(
            "{}: {} lines and {} columns. {}",
            self.caption,
            self.lines.len(),
            self.columns.len(),
            farthest.join("; ")
        )
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

    fn square(classes: usize) -> HeatMap {
        let cell = |line: usize, column: usize| HeatCell {
            value: match (line, column) {
                (0, 1) => None,
                (line, column) if line == column => Some(0.0),
                (line, column) => Some((line * 7 + column) as f64 % 5.0 - 1.0),
            },
            text: format!("{line}/{column}"),
            note: String::new(),
        };
        let names = |what: &str| (0..classes).map(|class| format!("{what} {class}")).collect();
        HeatMap {
            caption: "adversaries".into(),
            lines: names("of </script>"),
            columns: names("as"),
            cells: (0..classes)
                .map(|line| (0..classes).map(|column| cell(line, column)).collect())
                .collect(),
            ..HeatMap::default()
        }
    }

    #[test]
    fn cells_of_many_classes_have_no_text_in_them() {
        let draw = |classes| square(classes).html().expect("it is drawn").into_string();
        assert!(draw(20).contains("<td"));
        let html = draw(21);
        assert!(
            !html.contains("<td") && html.contains("class=\"undefined\""),
            "{html}"
        );
        // Shades of 1, 2 and 3 above the middle, and of 1 below it, beside what is not defined.
        assert_eq!(html.matches("<path").count(), 5);
        let squares = (0..21 * 21)
            .filter(|cell| {
                let (line, column) = (cell / 21, cell % 21);
                (line, column) == (0, 1) || (line != column && (line * 7 + column) % 5 != 1)
            })
            .count();
        assert_eq!(html.matches('M').count(), squares, "{html}");
    }

    #[test]
    fn a_hundred_classes_stay_small_and_their_names_are_thinned() {
        let html = square(100).html().expect("it is drawn").into_string();
        assert!(html.len() < 500_000, "{} bytes", html.len());
        assert_eq!(html.matches("<text").count(), 2 * 34, "{}", &html[..2000]);
        assert_eq!(html.matches("</script>").count(), 1);
    }

    #[test]
    fn texts_are_there_as_a_table() {
        let table = map([None, Some(0.5)]).table();
        assert_eq!(table.headers, ["", "a", "b"]);
        assert_eq!(table.rows, [["<b>", "undefined", "0.5"]]);
    }
}
