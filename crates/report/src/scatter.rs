use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use crate::Error;
use crate::plot::{COLORS, MUTED, RULE, color, text, themed};

/// Rows as points in the plane; synthetic ones show their parents when pointed at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scatter {
    /// What the picture is, and how far its distances can be trusted.
    pub caption: String,
    /// Class names.
    pub classes: Vec<String>,
    /// The points. Up to 4 000 keep a page below 700 KB.
    pub points: Vec<Point>,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Place from left to right, in any unit.
    pub x: f64,
    /// Place from bottom to top, in the same unit.
    pub y: f64,
    /// Class, as an index into [`Scatter::classes`].
    pub class: u32,
    /// What to say about the row.
    pub label: String,
    /// For a synthetic row, the points it was made from.
    pub parents: Option<(u32, u32)>,
}

const WIDTH: i32 = 680;
const HEIGHT: i32 = 460;
const EDGE: i32 = 14;

impl Scatter {
    pub(crate) fn html(&self) -> Result<Markup, Error> {
        self.check()?;
        let order = self.drawing_order();
        let svg = self.svg(&order)?;
        let mut drawn = vec![0_u32; self.points.len()];
        for (place, &point) in order.iter().enumerate() {
            drawn[point] = place as u32;
        }
        // What the script needs, in the order in which points are drawn.
        let facts: Vec<serde_json::Value> = order
            .iter()
            .map(|&point| {
                let point = &self.points[point];
                let parents = point.parents.map_or((-1, -1), |(a, b)| {
                    (i64::from(drawn[a as usize]), i64::from(drawn[b as usize]))
                });
                serde_json::json!([point.class, point.label, parents.0, parents.1])
            })
            .collect();
        // A label must not end the script or begin another.
        let facts = serde_json::Value::from(facts).to_string().replace('<', "\\u003c");
        let count = |class: usize| {
            self.points
                .iter()
                .filter(|point| point.class as usize == class)
                .count()
        };
        let some_made = self.points.iter().any(|point| point.parents.is_some());
        Ok(html! {
            figure class="plot scatter" {
                figcaption { (self.caption) }
                ul class="legend" {
                    @for (place, class) in self.classes.iter().enumerate() {
                        li {
                            button type="button" class="toggle" data-class=(place) aria-pressed="true" {
                                span class="swatch dot" style=(format!("background:var(--c{})", place % COLORS)) {}
                                (class) span class="count" { (count(place)) }
                            }
                        }
                    }
                    @if some_made { li class="note" { span class="swatch ring" {} "synthetic: point at one to see its parents" } }
                }
                div class="stage" {
                    (PreEscaped(svg))
                    div class="tip" role="status" hidden {}
                }
                script type="application/json" { (PreEscaped(facts)) }
            }
        })
    }

    fn check(&self) -> Result<(), Error> {
        let shape = |problem| Error::Shape {
            caption: self.caption.clone(),
            problem,
        };
        for (place, point) in self.points.iter().enumerate() {
            for value in [point.x, point.y] {
                if !value.is_finite() {
                    let place = format!("point {place} (`{}`)", point.label);
                    return Err(Error::NotFinite {
                        caption: self.caption.clone(),
                        value,
                        place,
                    });
                }
            }
            if point.class as usize >= self.classes.len() {
                return Err(shape(format!(
                    "point {place} is of class {}, of {}",
                    point.class,
                    self.classes.len()
                )));
            }
            if let Some((a, b)) = point.parents
                && a.max(b) as usize >= self.points.len()
            {
                return Err(shape(format!("point {place} has a parent that is not there")));
            }
        }
        Ok(())
    }

    /// Large classes first and synthetic rows before input rows of small classes, so that what is rare stays visible.
    fn drawing_order(&self) -> Vec<usize> {
        let mut counts = vec![0_usize; self.classes.len()];
        for point in self.points.iter().filter(|point| point.parents.is_none()) {
            counts[point.class as usize] += 1;
        }
        let mut order: Vec<usize> = (0..self.points.len()).collect();
        order.sort_by_key(|&place| {
            let point = &self.points[place];
            (
                std::cmp::Reverse(counts[point.class as usize]),
                point.parents.is_none(),
                place,
            )
        });
        order
    }

    fn svg(&self, order: &[usize]) -> Result<String, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Drawing {
            caption: self.caption.clone(),
            problem: error.to_string(),
        };
        let (left, right) = bounds(self.points.iter().map(|point| point.x));
        let (bottom, top) = bounds(self.points.iter().map(|point| point.y));
        let (across, up) = (right - left, top - bottom);
        // One scale for both axes: a picture of distances must not be stretched.
        let scale = (f64::from(WIDTH - 2 * EDGE) / across).min(f64::from(HEIGHT - 2 * EDGE) / up);
        let place = |point: &Point| {
            let x = f64::from(WIDTH) / 2.0 + (point.x - left - across / 2.0) * scale;
            let y = f64::from(HEIGHT) / 2.0 - (point.y - bottom - up / 2.0) * scale;
            (x.round() as i32, y.round() as i32)
        };
        let radius = if self.points.len() > 1500 { 3 } else { 4 };
        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, (WIDTH as u32, HEIGHT as u32)).into_drawing_area();
            let frame = Rectangle::new([(0, 0), (WIDTH - 1, HEIGHT - 1)], RULE.stroke_width(1));
            root.draw(&frame).map_err(|error| failed(&error))?;
            if self.points.is_empty() {
                let nothing = Text::new("no rows", (WIDTH / 2, HEIGHT / 2), text(14, &MUTED, HPos::Center));
                root.draw(&nothing).map_err(|error| failed(&error))?;
            }
            for &index in order {
                let point = &self.points[index];
                let color = color(point.class as usize);
                let style = if point.parents.is_some() {
                    color.stroke_width(1)
                } else {
                    color.filled()
                };
                root.draw(&Circle::new(place(point), radius, style))
                    .map_err(|error| failed(&error))?;
            }
            root.present().map_err(|error| failed(&error))?;
        }
        let made = self.points.iter().filter(|point| point.parents.is_some()).count();
        let words = format!(
            "{}: {} rows, {made} of them synthetic",
            self.caption,
            self.points.len()
        );
        Ok(themed(&svg, WIDTH as u32, HEIGHT as u32, &words))
    }
}

/// Least and most, at least a little apart.
fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    match high - low {
        span if span > 0.0 && span.is_finite() => (low, high),
        _ if low.is_finite() => (low - 0.5, low + 0.5),
        _ => (0.0, 1.0),
    }
}
