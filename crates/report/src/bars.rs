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

const WIDTH: i32 = 680;
const BAR: i32 = 15;
const GAP: i32 = 12;
const LETTER: i32 = 8;

impl Bars {
    pub(crate) fn html(&self) -> Result<Markup, Error> {
        self.check()?;
        let svg = self.svg()?;
        Ok(html! {
            figure class="plot" {
                figcaption { (self.caption) }
                @if self.series.len() > 1 {
                    ul class="legend" {
                        @for (place, series) in self.series.iter().enumerate() {
                            li { span class="swatch" style=(format!("background:var(--c{})", place % COLORS)) {} (series.name) }
                        }
                    }
                }
                div class="scroll" tabindex="0" { (PreEscaped(svg)) }
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

    fn svg(&self) -> Result<String, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Drawing {
            caption: self.caption.clone(),
            problem: error.to_string(),
        };
        let group = self.series.len() as i32 * BAR + GAP;
        let height = (group * self.categories.len() as i32 + GAP).max(1);
        let longest = self
            .categories
            .iter()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0) as i32;
        let left = (longest * LETTER + 16).clamp(60, 260);
        let room = (left - 16) / LETTER;
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
            f64::from(WIDTH - left - right) / most
        } else {
            0.0
        };
        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, (WIDTH as u32, height as u32)).into_drawing_area();
            let axis = PathElement::new([(left, GAP / 2), (left, height - GAP / 2)], RULE.stroke_width(1));
            root.draw(&axis).map_err(|error| failed(&error))?;
            for (place, category) in self.categories.iter().enumerate() {
                let top = GAP / 2 + place as i32 * group + GAP / 2;
                let middle = top + self.series.len() as i32 * BAR / 2;
                let label = Text::new(
                    cut(category, room as usize),
                    (left - 8, middle),
                    text(14, &INK, HPos::Right),
                );
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
        Ok(themed(&svg, WIDTH as u32, height as u32, &self.in_words()))
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
