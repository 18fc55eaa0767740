use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use crate::Error;
use crate::plot::{
    Area, Axis, COLORS, Failure, INK, MUTED, RULE, color, cut, fixed, inside, sheet, short, text, themed,
};

/// Lines in a square, each of which can be switched off: precision against recall, reliability, ROC.
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    /// What the lines are.
    pub caption: String,
    /// What goes from left to right.
    pub x_label: String,
    /// What goes from bottom to top.
    pub y_label: String,
    /// Least and most from left to right. A point outside is an error: nobody would miss what is cut off.
    pub x_range: (f64, f64),
    /// Least and most from bottom to top.
    pub y_range: (f64, f64),
    /// Whether to show where both numbers are equal: perfect calibration, or guessing in a ROC curve.
    pub diagonal: bool,
    /// Whether lines go in steps: the `y` of a point holds over all `x` from its neighbour on the left, as in the sum
    /// that makes average precision. Else points are joined directly.
    pub step: bool,
    /// Whether each point has a marker. Lines of more than 60 points have none, since they would hide the line.
    pub points: bool,
    /// The lines. 20 of 300 points each stay below 300 KB.
    pub series: Vec<Curve>,
    /// A level to compare with, and what it is: 0.12 and `base rate`.
    pub horizontal: Option<(f64, String)>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// Name, for the legend.
    pub name: String,
    /// The points `(x, y)`, in the order in which they are joined.
    pub points: Vec<(f64, f64)>,
    /// What else the legend says: `AP 0.71`.
    pub note: String,
    /// Whether the line stands back behind the others.
    pub muted: bool,
}

const WIDTH: i32 = 400;
const HEIGHT: i32 = 422;
const LEFT: i32 = 44;
const RIGHT: i32 = WIDTH - 12;
const TOP: i32 = 28;
const BOTTOM: i32 = TOP + RIGHT - LEFT;
const SIZE: u32 = 16;
const LETTER: i32 = 8;
/// The library places things on whole pixels. Lines are drawn larger by this, then made smaller.
const FINE: i32 = 4;
const MARKERS: usize = 60;
const SPOKEN: usize = 12;
/// Lengths of strokes and gaps. Their number has no divisor in common with that of colours: 70 lines differ.
const DASHES: [&[i32]; 7] = [
    &[],
    &[8, 4],
    &[2, 3],
    &[10, 3, 2, 3],
    &[15, 4],
    &[5, 3],
    &[12, 3, 4, 3, 4, 3],
];

/// Stays in the unit square if nothing else is said.
impl Default for Curves {
    fn default() -> Self {
        Self {
            caption: String::new(),
            x_label: String::new(),
            y_label: String::new(),
            x_range: (0.0, 1.0),
            y_range: (0.0, 1.0),
            diagonal: false,
            step: false,
            points: false,
            series: Vec::new(),
            horizontal: None,
        }
    }
}

impl Curves {
    pub(crate) fn html(&self) -> Result<Markup, Error> {
        self.check()?;
        let svg = self.svg()?;
        Ok(html! {
            figure class="plot curves" {
                figcaption { (self.caption) }
                div class="pair" {
                    div class="scroll" tabindex="0" { (PreEscaped(svg)) }
                    ul class="legend" {
                        @for (place, curve) in self.series.iter().enumerate() {
                            li {
                                button type="button" class="toggle" data-series=(place) aria-pressed="true" title=(curve.name) {
                                    (sample(place, curve.muted))
                                    span class="name" { (curve.name) }
                                    @if !curve.note.is_empty() { " " span class="count" { (curve.note) } }
                                }
                            }
                        }
                    }
                }
            }
        })
    }

    fn check(&self) -> Result<(), Error> {
        let shape = |problem| {
            Err(Error::Shape {
                caption: self.caption.clone(),
                problem,
            })
        };
        for (axis, (low, high)) in [("x", self.x_range), ("y", self.y_range)] {
            if !(low < high && (high - low).is_finite()) {
                return shape(format!("{axis} runs from {low} to {high}"));
            }
        }
        let points = self.series.iter().flat_map(|curve| {
            let place = move |place| format!("point {place} of `{}`", curve.name);
            let points = curve.points.iter().enumerate();
            points.map(move |(count, point)| (place(count), *point))
        });
        let level = self
            .horizontal
            .iter()
            .map(|(level, label)| (format!("level `{label}`"), (self.x_range.0, *level)));
        for (place, (x, y)) in points.chain(level) {
            for (axis, value, (low, high)) in [("x", x, self.x_range), ("y", y, self.y_range)] {
                if !value.is_finite() {
                    return Err(Error::NotFinite {
                        caption: self.caption.clone(),
                        value,
                        place: format!("{axis} of {place}"),
                    });
                }
                // Sums of fractions pass 1 by a rounding.
                let slack = (high - low) * 1e-9;
                if value < low - slack || value > high + slack {
                    return shape(format!("{axis} of {place} is {value}, outside {low} to {high}"));
                }
            }
        }
        Ok(())
    }

    /// Both axes. The square becomes narrower only for numbers that need much room at its left.
    fn axes(&self, times: i32) -> (Axis, Axis) {
        let up = Axis {
            range: self.y_range,
            pixels: (BOTTOM * times, TOP * times),
            whole: false,
        };
        let numbers = up.ticks().map(|tick| fixed(tick, up.decimals()).chars().count());
        let widest = numbers.max().unwrap_or(0) as i32 * LETTER;
        let across = Axis {
            range: self.x_range,
            pixels: (LEFT.max(widest + 12) * times, RIGHT * times),
            whole: self.counts(),
        };
        (across, up)
    }

    /// Whether what goes from left to right is counted, as epochs are, and no share.
    fn counts(&self) -> bool {
        let mut numbers = self.series.iter().flat_map(|curve| &curve.points);
        self.x_range.1 > 1.0 && numbers.all(|(x, _)| x.fract() == 0.0)
    }

    fn svg(&self) -> Result<String, Error> {
        let failed = |problem: Failure| Error::Drawing {
            caption: self.caption.clone(),
            problem: problem.to_string(),
        };
        let frame = sheet(WIDTH, HEIGHT, |root| self.draw_frame(root)).map_err(failed)?;
        let mut lines = String::new();
        // What stands back is drawn first.
        let order = |muted| {
            let series = self.series.iter().enumerate();
            series.filter(move |(_, curve)| curve.muted == muted)
        };
        for (place, curve) in order(true).chain(order(false)) {
            let layer = sheet(WIDTH * FINE, HEIGHT * FINE, |root| {
                self.draw_curve(root, place, curve)
            });
            let layer = layer.map_err(failed)?;
            let dashes = dashes(place, FINE);
            let group = html! {
                g data-series=(place) transform=(format!("scale({})", 1.0 / f64::from(FINE))) stroke-dasharray=[dashes] {
                    (PreEscaped(inside(&layer)))
                }
            };
            lines.push_str(&group.into_string());
        }
        let label = sheet(WIDTH, HEIGHT, |root| self.draw_level_name(root)).map_err(failed)?;
        lines.push_str(inside(&label));
        let end = frame.rfind("</svg>").unwrap_or(frame.len());
        let (head, tail) = frame.split_at(end);
        let svg = format!("{head}{lines}{tail}");
        Ok(themed(&svg, WIDTH as u32, HEIGHT as u32, &self.in_words()))
    }

    /// Axes, ticks, diagonal and level.
    fn draw_frame(&self, root: &Area<'_>) -> Result<(), Failure> {
        let (across, up) = self.axes(1);
        let left = across.pixels.0;
        let stroke = |points: [(i32, i32); 2], color: RGBColor, width| {
            root.draw(&PathElement::new(points, color.stroke_width(width)))
        };
        let line = |points, color| stroke(points, color, 1);
        for (tick, number) in across.written(LETTER) {
            let x = across.at(tick);
            line([(x, TOP), (x, BOTTOM)], RULE)?;
            if let Some(number) = number {
                // The last one would stick out.
                let x = x.min(WIDTH - number.chars().count() as i32 * LETTER / 2);
                let style = text(SIZE - 1, &MUTED, HPos::Center);
                root.draw(&Text::new(number, (x, BOTTOM + 14), style))?;
            }
        }
        for tick in up.ticks() {
            let y = up.at(tick);
            line([(left, y), (RIGHT, y)], RULE)?;
            let number = fixed(tick, up.decimals());
            root.draw(&Text::new(
                number,
                (left - 7, y),
                text(SIZE - 1, &MUTED, HPos::Right),
            ))?;
        }
        line([(left, BOTTOM), (RIGHT, BOTTOM)], MUTED)?;
        line([(left, TOP), (left, BOTTOM)], MUTED)?;
        let (low, high) = (
            self.x_range.0.max(self.y_range.0),
            self.x_range.1.min(self.y_range.1),
        );
        if self.diagonal && low < high {
            // Broad and pale: no line of the series looks like this.
            let ends = [(across.at(low), up.at(low)), (across.at(high), up.at(high))];
            stroke(ends, RULE, 3)?;
        }
        if let Some((level, _)) = &self.horizontal {
            let y = up.at(*level);
            line([(left, y), (RIGHT, y)], MUTED)?;
        }
        let y_label = cut(&self.y_label, (RIGHT / LETTER) as usize);
        root.draw(&Text::new(y_label, (0, 10), text(SIZE, &INK, HPos::Left)))?;
        let x_label = cut(&self.x_label, ((RIGHT - left) / LETTER) as usize);
        root.draw(&Text::new(
            x_label,
            (RIGHT, HEIGHT - 12),
            text(SIZE, &INK, HPos::Right),
        ))?;
        if self.series.iter().all(|curve| curve.points.is_empty()) {
            let middle = (i32::midpoint(left, RIGHT), i32::midpoint(TOP, BOTTOM));
            root.draw(&Text::new("no points", middle, text(SIZE, &MUTED, HPos::Center)))?;
        }
        Ok(())
    }

    /// The name of the level, over all lines: at the left, where few curves are low.
    fn draw_level_name(&self, root: &Area<'_>) -> Result<(), Failure> {
        if let Some((level, name)) = &self.horizontal {
            let (across, up) = self.axes(1);
            let (left, y) = (across.pixels.0, up.at(*level));
            let y = if y + 20 < BOTTOM { y + 11 } else { y - 11 };
            let name = cut(name, ((RIGHT - left) / LETTER - 2) as usize);
            root.draw(&Text::new(
                name,
                (left + 8, y),
                text(SIZE - 1, &MUTED, HPos::Left),
            ))?;
        }
        Ok(())
    }

    fn draw_curve(&self, root: &Area<'_>, place: usize, curve: &Curve) -> Result<(), Failure> {
        let (across, up) = self.axes(FINE);
        let at = |x: f64, y: f64| (across.at(x), up.at(y));
        let color = if curve.muted { MUTED } else { color(place) };
        let mut line: Vec<(i32, i32)> = Vec::new();
        for (count, &(x, y)) in curve.points.iter().enumerate() {
            if let Some((before_x, before_y)) = count.checked_sub(1).map(|before| curve.points[before])
                && self.step
            {
                let corner = if x >= before_x {
                    (before_x, y)
                } else {
                    (x, before_y)
                };
                line.push(at(corner.0, corner.1));
            }
            line.push(at(x, y));
        }
        line.dedup();
        let width = if curve.muted { 5 } else { 8 };
        let marked = (self.points && curve.points.len() <= MARKERS) || line.len() == 1;
        root.draw(&PathElement::new(line, color.stroke_width(width)))?;
        if marked {
            let radius = if curve.muted { 10 } else { 14 };
            for &(x, y) in &curve.points {
                root.draw(&Circle::new(at(x, y), radius, color.filled()))?;
            }
        }
        Ok(())
    }

    /// The same lines for those who listen: all points of short ones, both ends of long ones.
    fn in_words(&self) -> String {
        let point = |(x, y): &(f64, f64)| format!("({}, {})", short(*x), short(*y));
        let one = |curve: &Curve| {
            let name = match curve.note.as_str() {
                "" => curve.name.clone(),
                note => format!("{} ({note})", curve.name),
            };
            let points = match curve.points.as_slice() {
                [] => "no points".to_owned(),
                few if few.len() <= SPOKEN => few.iter().map(point).collect::<Vec<_>>().join(" "),
                [first, .., last] => {
                    format!(
                        "{} points from {} to {}",
                        curve.points.len(),
                        point(first),
                        point(last)
                    )
                }
                [only] => point(only),
            };
            format!("{name}: {points}")
        };
        let lines: Vec<String> = self.series.iter().map(one).collect();
        let level = match &self.horizontal {
            Some((level, name)) => format!(" {name}: {}.", short(*level)),
            None => String::new(),
        };
        format!(
            "{}. {} against {}.{level} {}",
            self.caption,
            self.y_label,
            self.x_label,
            lines.join("; ")
        )
    }
}

/// Strokes and gaps of the line at this place, if it has gaps.
fn dashes(place: usize, times: i32) -> Option<String> {
    let lengths = DASHES[place % DASHES.len()];
    let lengths: Vec<String> = lengths
        .iter()
        .map(|length| (length * times).to_string())
        .collect();
    (!lengths.is_empty()).then(|| lengths.join(" "))
}

/// A piece of the line, for the legend.
fn sample(place: usize, muted: bool) -> Markup {
    let stroke = if muted {
        "var(--muted)".to_owned()
    } else {
        format!("var(--c{})", place % COLORS)
    };
    html! {
        svg class="sample" viewBox="0 0 34 8" aria-hidden="true" {
            line x1="0" y1="4" x2="34" y2="4" stroke=(stroke) stroke-width=(if muted { "1.3" } else { "2.4" }) stroke-dasharray=[dashes(place, 1)] {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves(points: &[(f64, f64)]) -> Curves {
        let curve = Curve {
            name: "smote".into(),
            points: points.to_vec(),
            note: "AP 0.71".into(),
            muted: false,
        };
        Curves {
            caption: "Precision".into(),
            x_label: "recall".into(),
            y_label: "precision".into(),
            series: vec![curve],
            horizontal: Some((0.125, "base rate".into())),
            ..Curves::default()
        }
    }

    fn draw(plot: &Curves) -> String {
        plot.html().expect("it is drawn").into_string()
    }

    /// Points of the only line, in units of the range.
    fn line(plot: &Curves) -> Vec<(f64, f64)> {
        let html = draw(plot);
        let layer = html.split("<g ").nth(1).expect("there is a line");
        let points = layer.split("points=\"").nth(1).expect("it has points");
        let points = points[..points.find('"').expect("it ends")].split_whitespace();
        let unit = |pixel: f64| (pixel * 1e3).round() / 1e3;
        points
            .map(|point| {
                let (x, y) = point.split_once(',').expect("it has two numbers");
                let number = |text: &str| text.parse::<f64>().expect("it is a number") / f64::from(FINE);
                let size = f64::from(RIGHT - LEFT);
                (
                    unit((number(x) - f64::from(LEFT)) / size),
                    unit((f64::from(BOTTOM) - number(y)) / size),
                )
            })
            .collect()
    }

    #[test]
    fn a_step_belongs_to_the_point_at_its_right() {
        let rising = [(0.0, 1.0), (0.5, 0.75), (1.0, 0.25)];
        let corners = vec![(0.0, 1.0), (0.0, 0.75), (0.5, 0.75), (0.5, 0.25), (1.0, 0.25)];
        let mut plot = curves(&rising);
        assert_eq!(line(&plot), rising);
        plot.step = true;
        assert_eq!(line(&plot), corners);
        plot.series[0].points.reverse();
        let mut back = line(&plot);
        back.reverse();
        assert_eq!(back, corners);
    }

    #[test]
    fn listeners_hear_the_same_lines() {
        let mut plot = curves(&[(0.0, 1.0), (1.0, 0.25)]);
        assert_eq!(
            plot.in_words(),
            "Precision. precision against recall. base rate: 0.125. smote (AP 0.71): (0, 1) (1, 0.25)"
        );
        plot.series[0].points = (0..=100).map(|place| (f64::from(place) / 100.0, 0.5)).collect();
        plot.horizontal = None;
        assert_eq!(
            plot.in_words(),
            "Precision. precision against recall. smote (AP 0.71): 101 points from (0, 0.5) to (1, 0.5)"
        );
    }

    #[test]
    fn lines_differ_without_colour_and_can_be_switched_off() {
        let mut plot = curves(&[(0.0, 1.0), (1.0, 0.25)]);
        plot.series = vec![plot.series[0].clone(); 20];
        let html = draw(&plot);
        let kinds: std::collections::BTreeSet<_> =
            (0..20).map(|place| (place % COLORS, dashes(place, 1))).collect();
        assert_eq!(kinds.len(), 20);
        assert_eq!(
            html.matches("<button type=\"button\" class=\"toggle\" data-series=")
                .count(),
            20
        );
        assert_eq!(html.matches("<g data-series=").count(), 20);
        assert!(html.contains("stroke-dasharray=\"32 16\"") && html.contains("stroke-dasharray=\"8 4\""));
    }

    #[test]
    fn what_stands_back_is_drawn_first() {
        let mut plot = curves(&[(0.0, 1.0), (1.0, 0.25)]);
        plot.series.push(Curve {
            muted: true,
            ..plot.series[0].clone()
        });
        let html = draw(&plot);
        let place = |group: &str| html.find(group).expect("it is there");
        assert!(place("<g data-series=\"1\"") < place("<g data-series=\"0\""));
    }

    #[test]
    fn markers_are_drawn_where_they_do_not_hide_the_line() {
        let mut plot = curves(&[(0.0, 1.0), (0.5, 0.5), (1.0, 0.25)]);
        let circles = |plot: &Curves| draw(plot).matches("<circle").count();
        assert_eq!(circles(&plot), 0);
        plot.points = true;
        assert_eq!(circles(&plot), 3);
        plot.series[0].points = vec![(0.5, 0.5); MARKERS + 2];
        assert_eq!(
            circles(&plot),
            MARKERS + 2,
            "a line without length would not be seen"
        );
        plot.series[0].points[0] = (0.0, 0.0);
        assert_eq!(circles(&plot), 0);
    }

    #[test]
    fn names_cannot_become_markup() {
        let mut plot = curves(&[(0.0, 1.0)]);
        plot.caption = "\"<i>".into();
        plot.x_label = "<b>".into();
        plot.y_label = "</title>".into();
        plot.series[0].name = "\"><script>".into();
        plot.series[0].note = "<u>".into();
        plot.horizontal = Some((0.5, "<em>".into()));
        let html = draw(&plot);
        for tag in ["<i>", "<b>", "</title", "<script", "<u>", "<em>"] {
            assert!(!html.contains(tag), "{tag}");
        }
        assert!(html.contains("title=\"&quot;&gt;&lt;script&gt;\""));
    }

    #[test]
    fn numbers_that_cannot_be_drawn_are_named() {
        let check = |change: fn(&mut Curves), expected: &str| {
            let mut plot = curves(&[(0.0, 1.0), (1.0, 0.25)]);
            change(&mut plot);
            let error = plot.html().expect_err("it has no place");
            assert_eq!(error.to_string(), expected);
        };
        check(
            |plot| plot.series[0].points[1].1 = f64::NAN,
            "the plot `Precision` cannot show NaN, y of point 1 of `smote`",
        );
        check(
            |plot| plot.series[0].points[1].0 = 1.5,
            "`Precision`: x of point 1 of `smote` is 1.5, outside 0 to 1",
        );
        check(
            |plot| plot.horizontal = Some((-1.0, "base rate".into())),
            "`Precision`: y of level `base rate` is -1, outside 0 to 1",
        );
        check(
            |plot| plot.x_range = (1.0, 1.0),
            "`Precision`: x runs from 1 to 1",
        );
        check(
            |plot| plot.y_range = (0.0, f64::NAN),
            "`Precision`: y runs from 0 to NaN",
        );
    }

    #[test]
    fn a_rounding_beyond_the_range_is_no_error() {
        draw(&curves(&[(0.0, 1.0 + f64::EPSILON), (1.0, -f64::EPSILON)]));
    }

    #[test]
    fn whatever_is_left_out_the_rest_is_drawn() {
        draw(&Curves::default());
        draw(&curves(&[]));
        let mut plot = curves(&[(3.0, 1.0)]);
        (plot.diagonal, plot.x_range) = (true, (2.0, 4.0));
        assert!(draw(&plot).contains("<circle"));
    }

    #[test]
    fn twenty_lines_of_three_hundred_points_stay_small_and_have_the_same_bytes() {
        let points: Vec<(f64, f64)> = (0..300_u32)
            .map(|place| {
                let noise = f64::from(place * 7919 % 101) / 300.0;
                (f64::from(place) / 299.0, 0.6 + noise)
            })
            .collect();
        let mut plot = curves(&points);
        (plot.step, plot.points) = (true, true);
        plot.series = vec![plot.series[0].clone(); 20];
        let html = draw(&plot);
        assert!(html.len() < 250_000, "{} bytes", html.len());
        assert_eq!(html, draw(&plot));
    }
}
