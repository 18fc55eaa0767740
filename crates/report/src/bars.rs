use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use crate::plot::{COLORS, INK, MUTED, RULE, color, cut_names, short, text, themed};
use crate::{Error, TableBlock};

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
    /// Least and most that each number may be, for a whisker; empty where no interval is known.
    pub intervals: Vec<Option<(f64, f64)>>,
    /// Which of the ten colours of the theme it has, counted from 0; if absent, that of its place among the series.
    pub color: Option<usize>,
    /// What is written in place of a number that is absent; `unknown` if empty.
    pub absent: String,
}

impl Series {
    fn interval(&self, place: usize) -> Option<(f64, f64)> {
        self.intervals.get(place).copied().flatten()
    }

    fn written(&self, place: usize) -> String {
        match (self.values[place], self.absent.as_str()) {
            (Some(value), _) => short(value),
            (None, "") => "unknown".into(),
            (None, absent) => absent.into(),
        }
    }

    fn color(&self, row: usize) -> usize {
        self.color.unwrap_or(row) % COLORS
    }
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
                            li { span class="swatch" style=(format!("background:var(--c{})", series.color(place))) {} (series.name) }
                        }
                    }
                }
                div class=(if narrow.is_some() { "scroll wide" } else { "scroll" }) tabindex="0" { (PreEscaped(wide)) }
                @if let Some(narrow) = narrow { div class="narrow" { (PreEscaped(narrow)) } }
            }
        })
    }

    /// The numbers, a row a category; ends of intervals stand beside them where some series has any.
    pub fn table(&self) -> TableBlock {
        let text = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let ends = |series: &Series| !series.intervals.is_empty();
        let mut headers = vec!["name".to_owned()];
        for series in &self.series {
            headers.push(series.name.clone());
            if ends(series) {
                headers.extend([
                    format!("{} at least", series.name),
                    format!("{} at most", series.name),
                ]);
            }
        }
        let row = |(place, category): (usize, &String)| {
            let mut row = vec![category.clone()];
            for series in &self.series {
                row.push(text(series.values.get(place).copied().flatten()));
                if ends(series) {
                    let interval = series.interval(place);
                    row.push(text(interval.map(|(low, _)| low)));
                    row.push(text(interval.map(|(_, high)| high)));
                }
            }
            row
        };
        TableBlock {
            caption: self.caption.clone(),
            numeric: (0..headers.len()).map(|column| column > 0).collect(),
            rows: self.categories.iter().enumerate().map(row).collect(),
            headers,
        }
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
            if !series.intervals.is_empty() && series.intervals.len() != self.categories.len() {
                let problem = format!(
                    "series `{}` has {} intervals for {} categories",
                    series.name,
                    series.intervals.len(),
                    self.categories.len()
                );
                return Err(Error::Shape {
                    caption: self.caption.clone(),
                    problem,
                });
            }
            for (place, category) in self.categories.iter().enumerate() {
                let ends = series.interval(place).map(|(low, high)| [low, high]);
                let mut numbers = series.values[place].into_iter().chain(ends.into_iter().flatten());
                if let Some(value) = numbers.find(|value| !value.is_finite() || *value < 0.0) {
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
        let names = cut_names(self.categories.iter().map(String::as_str), room as usize);
        let values = || {
            self.series
                .iter()
                .flat_map(|series| series.values.iter().flatten().copied())
        };
        let ends = self.series.iter().flat_map(|series| &series.intervals);
        let most = values()
            .chain(ends.flatten().map(|(_, high)| *high))
            .fold(0.0, f64::max);
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
            for (place, name) in names.iter().enumerate() {
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
                let label = Text::new(name.as_str(), at, text(14, &INK, side));
                root.draw(&label).map_err(|error| failed(&error))?;
                for (row, series) in self.series.iter().enumerate() {
                    let top = top + row as i32 * BAR;
                    let end = left + (series.values[place].unwrap_or(0.0) * scale).round() as i32;
                    if end > left {
                        let bar = Rectangle::new(
                            [(left, top + 1), (end, top + BAR - 2)],
                            color(series.color(row)).filled(),
                        );
                        root.draw(&bar).map_err(|error| failed(&error))?;
                    }
                    let mut end = end;
                    if let Some((low, high)) = series.interval(place) {
                        let [low, high] = [low, high].map(|value| left + (value * scale).round() as i32);
                        let middle = top + BAR / 2 - 1;
                        for [from, to] in [
                            [(low, middle), (high, middle)],
                            [(low, middle - 3), (low, middle + 3)],
                            [(high, middle - 3), (high, middle + 3)],
                        ] {
                            let line = PathElement::new([from, to], INK.stroke_width(1));
                            root.draw(&line).map_err(|error| failed(&error))?;
                        }
                        end = end.max(high);
                    }
                    let number = series.written(place);
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
                    let interval = series.interval(place).map_or(String::new(), |(low, high)| {
                        format!(" ({} to {})", short(low), short(high))
                    });
                    format!("{} {}{interval}", series.name, series.written(place))
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
                ..Series::default()
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

    fn with_whiskers(intervals: Vec<Option<(f64, f64)>>) -> Bars {
        Bars {
            caption: "gap".into(),
            categories: vec!["a".into(), "b".into()],
            series: vec![Series {
                name: "before".into(),
                values: vec![Some(1.0), Some(3.0)],
                intervals,
                ..Series::default()
            }],
            unit: "share".into(),
        }
    }

    #[test]
    fn a_series_may_have_a_colour_and_words_of_its_own() {
        let mut bars = with_whiskers(Vec::new());
        bars.series.push(Series {
            name: "after".into(),
            values: vec![None, Some(2.0)],
            color: Some(7),
            absent: "no such rows".into(),
            ..Series::default()
        });
        let html = bars.html().expect("it is drawn").into_string();
        assert!(html.contains("background:var(--c0)") && html.contains("background:var(--c7)"));
        assert!(!html.contains("var(--c1)"), "{html}");
        assert_eq!(html.matches(">\nno such rows\n<").count(), 2, "{html}");
        assert!(bars.in_words().contains("a: before 1, after no such rows"));
    }

    #[test]
    fn whiskers_end_on_the_plot_and_are_told() {
        let bars = with_whiskers(vec![None, Some((2.5, 12.0))]);
        for width in [WIDE, NARROW] {
            let svg = bars.svg(width).expect("it is drawn");
            let plain = with_whiskers(Vec::new()).svg(width).expect("it is drawn");
            // One line and both of its ends.
            let lines = |svg: &str| svg.matches("<polyline").count();
            assert_eq!(lines(&svg), lines(&plain) + 3, "{svg}");
            // The longest whisker goes as far as the longest bar did.
            let end = |svg: &str| {
                let places = svg.split("points=\"").skip(1).flat_map(|tag| {
                    let points = tag.split('"').next().unwrap_or_default();
                    points
                        .split_whitespace()
                        .filter_map(|point| point.split(',').next()?.parse::<f64>().ok())
                });
                places.fold(0.0, f64::max)
            };
            assert!(
                end(&svg) > 0.8 * f64::from(width) && end(&svg) < f64::from(width),
                "{svg}"
            );
        }
        assert!(bars.in_words().contains("b: before 3 (2.5 to 12)"));
        assert!(bars.in_words().contains("a: before 1;"));
        let table = bars.table();
        assert_eq!(
            table.headers,
            ["name", "before", "before at least", "before at most"]
        );
        assert_eq!(table.rows, [["a", "1", "", ""], ["b", "3", "2.5", "12"]]);
    }

    #[test]
    fn whiskers_that_do_not_fit_are_named() {
        let check = |intervals, expected: &str| {
            let error = with_whiskers(intervals).html().expect_err("it is wrong");
            assert_eq!(error.to_string(), expected);
        };
        check(
            vec![None],
            "`gap`: series `before` has 1 intervals for 2 categories",
        );
        check(
            vec![None, Some((0.0, f64::NAN))],
            "the plot `gap` cannot show NaN, bar `before` of `b`",
        );
    }
}
