use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use crate::Error;
use crate::plot::{COLORS, INK, MUTED, RULE, color, cut, short, text, themed};

/// Lying bars, one group a category: before and after, side by side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bars {
    /// What the numbers are.
    pub caption: String,
    /// What each group of bars is about.
    pub categories: Vec<String>,
    /// One bar of each group.
    pub series: Vec<Series>,
    /// What the numbers count: `rows`.
    pub unit: String,
}

/// One number for each category.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Name, for the legend.
    pub name: String,
    /// The numbers, 0 or more; `None` where nothing is known.
    pub values: Vec<Option<f64>>,
}

/// Width of the plot, and of the one for telephones, where names stand above their bars.
const WIDE: i32 = 680;
const NARROW: i32 = 340;
/// Categories of a plot that is drawn for telephones too; of more, a page would hold much twice.
const MOST_NARROW: usize = 40;
const BAR: i32 = 15;
const GAP: i32 = 12;
const LETTER: i32 = 8;
/// Height of a name above bars.
const NAME: i32 = 20;

impl Bars {
    pub(crate) fn html(&self) -> Result<Markup, Error> {
        self.check()?;
        let wide = self.svg(WIDE)?;
        let narrow = (self.categories.len() <= MOST_NARROW)
            .then(|| self.svg(NARROW))
            .transpose()?;
        Ok(html! {
            figure class="plot bars" {
                figcaption { (self.caption) }
                @if self.series.len() > 1 {
                    ul class="legend" {
                        @for (place, series) in self.series.iter().enumerate() {
                            li { span class="swatch" style=(format!("background:var(--c{})", place % COLORS)) {} (series.name) }
                        }
                    }
                }
                div class=(if narrow.is_some() { "scroll wide" } else { "scroll" }) tabindex="0" { (PreEscaped(wide)) }
                @if let Some(narrow) = narrow { div class="narrow" { (PreEscaped(narrow)) } }
            }
        })
    }

    fn check(&self) -> Result<(), Error> {
        for series in &self.series {
            if series.values.len() != self.categories.len() {
                let problem = format!(
                    "series `{}` has {} values for {} categories",
                    series.name,
                    series.values.len(),
                    self.categories.len()
                );
                return Err(Error::Shape {
                    caption: self.caption.clone(),
                    problem,
                });
            }
            for (category, value) in self.categories.iter().zip(&series.values) {
                if let Some(value) = value.filter(|value| !value.is_finite() || *value < 0.0) {
                    let place = format!("bar `{}` of `{category}`", series.name);
                    return Err(Error::NotFinite {
                        caption: self.caption.clone(),
                        value,
                        place,
                    });
                }
            }
        }
        Ok(())
    }

    fn svg(&self, width: i32) -> Result<String, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Drawing {
            caption: self.caption.clone(),
            problem: error.to_string(),
        };
        let narrow = width == NARROW;
        let above = if narrow { NAME } else { 0 };
        let group = self.series.len() as i32 * BAR + GAP + above;
        let height = (group * self.categories.len() as i32 + GAP).max(1);
        let longest = self
            .categories
            .iter()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0) as i32;
        let left = if narrow {
            2
        } else {
            (longest * LETTER + 16).clamp(60, 260)
        };
        let room = if narrow { width } else { left - 16 } / LETTER;
        let values = || {
            self.series
                .iter()
                .flat_map(|series| series.values.iter().flatten().copied())
        };
        let most = values().fold(0.0, f64::max);
        let widest = values()
            .map(|value| short(value).chars().count())
            .max()
            .unwrap_or(0) as i32;
        let right = widest * LETTER + 14;
        let scale = if most > 0.0 {
            f64::from(width - left - right) / most
        } else {
            0.0
        };
        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, (width as u32, height as u32)).into_drawing_area();
            let axis = |from: i32, to: i32| {
                let line = PathElement::new([(left, from), (left, to)], RULE.stroke_width(1));
                root.draw(&line).map_err(|error| failed(&error))
            };
            if !narrow {
                axis(GAP / 2, height - GAP / 2)?;
            }
            for (place, category) in self.categories.iter().enumerate() {
                let top = GAP / 2 + place as i32 * group + GAP / 2 + above;
                let middle = top + self.series.len() as i32 * BAR / 2;
                if narrow {
                    axis(top, top + self.series.len() as i32 * BAR)?;
                }
                let (at, side) = if narrow {
                    ((0, top - NAME / 2), HPos::Left)
                } else {
                    ((left - 8, middle), HPos::Right)
                };
                let label = Text::new(cut(category, room as usize), at, text(14, &INK, side));
                root.draw(&label).map_err(|error| failed(&error))?;
                for (row, series) in self.series.iter().enumerate() {
                    let top = top + row as i32 * BAR;
                    let end = left + (series.values[place].unwrap_or(0.0) * scale).round() as i32;
                    if end > left {
                        let bar =
                            Rectangle::new([(left, top + 1), (end, top + BAR - 2)], color(row).filled());
                        root.draw(&bar).map_err(|error| failed(&error))?;
                    }
                    let number = series.values[place].map_or("unknown".into(), short);
                    let number = Text::new(number, (end + 6, top + BAR / 2), text(13, &MUTED, HPos::Left));
                    root.draw(&number).map_err(|error| failed(&error))?;
                }
            }
            root.present().map_err(|error| failed(&error))?;
        }
        Ok(themed(&svg, width as u32, height as u32, &self.in_words()))
    }

    /// The same numbers for those who listen.
    fn in_words(&self) -> String {
        let one = |(place, category): (usize, &String)| {
            let numbers: Vec<String> = self
                .series
                .iter()
                .map(|series| {
                    format!(
                        "{} {}",
                        series.name,
                        series.values[place].map_or("unknown".into(), short)
                    )
                })
                .collect();
            format!("{category}: {}", numbers.join(", "))
        };
        let all: Vec<String> = self.categories.iter().enumerate().map(one).collect();
        format!("{} ({}). {}", self.caption, self.unit, all.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where bars and numbers of a plot end, at most.
    fn right_end(svg: &str) -> f64 {
        let attribute = |tag: &str, name: &str| -> f64 {
            let after = tag.split_once(&format!(" {name}=\"")).expect("it has it").1;
            after
                .split('"')
                .next()
                .expect("it ends")
                .parse()
                .expect("a number")
        };
        let bars = svg
            .split("<rect ")
            .skip(1)
            .map(|tag| attribute(&format!(" {tag}"), "x") + attribute(&format!(" {tag}"), "width"));
        let numbers = svg
            .split("<text ")
            .skip(1)
            .filter(|tag| tag.contains("1234"))
            .map(|tag| attribute(&format!(" {tag}"), "x") + 4.0 * 8.0);
        bars.chain(numbers).fold(0.0, f64::max)
    }

    #[test]
    fn the_longest_bar_and_its_number_lie_on_both_plots() {
        let bars = Bars {
            caption: "rows".into(),
            categories: vec!["a name that is by no means short".into(), "b".into()],
            series: vec![Series {
                name: "before".into(),
                values: vec![Some(1234.0), Some(5.0)],
            }],
            unit: "rows".into(),
        };
        for width in [WIDE, NARROW] {
            let svg = bars.svg(width).expect("it is drawn");
            assert!(svg.contains(&format!("viewBox=\"0 0 {width} ")), "{svg}");
            let end = right_end(&svg);
            let room = f64::from(width);
            assert!(end > 0.9 * room && end <= room, "{end} of {width}: {svg}");
        }
        let html = bars.html().expect("it is drawn").into_string();
        assert!(html.contains("<div class=\"narrow\">"), "{html}");
    }
}
