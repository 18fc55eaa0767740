//! What all plots share: colours that follow the theme, and SVG that fits its box.

use std::collections::HashSet;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Colours of classes and series, told apart by colour-blind readers too (after Okabe and Ito).
pub(crate) const COLORS: usize = 10;

// The library knows fixed colours only. These stand for roles and are replaced by variables of the theme.
pub(crate) const INK: RGBColor = RGBColor(1, 1, 1);
pub(crate) const MUTED: RGBColor = RGBColor(2, 2, 2);
pub(crate) const RULE: RGBColor = RGBColor(3, 3, 3);
pub(crate) const PAPER: RGBColor = RGBColor(4, 4, 4);

pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// What the library says when it fails.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// An SVG of this size with what `draw` puts on it.
pub(crate) fn sheet(
    width: i32,
    height: i32,
    draw: impl FnOnce(&Area<'_>) -> Result<(), Failure>,
) -> Result<String, Failure> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (width as u32, height as u32)).into_drawing_area();
        draw(&root)?;
        root.present()?;
    }
    Ok(svg)
}

/// What lies between the outermost tags of an SVG.
pub(crate) fn inside(svg: &str) -> &str {
    let start = svg
        .find("<svg ")
        .and_then(|head| Some(head + svg[head..].find('>')? + 1))
        .unwrap_or(0);
    let end = svg.rfind("</svg>").unwrap_or(svg.len());
    svg[start..end].trim()
}

pub(crate) fn color(place: usize) -> RGBColor {
    RGBColor(16 + (place % COLORS) as u8, 4, 4)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the style borrows its colour")]
pub(crate) fn text(size: u32, color: &'static RGBColor, across: HPos) -> TextStyle<'static> {
    TextStyle::from(("sans-serif", size).into_font())
        .color(color)
        .pos(Pos::new(across, VPos::Center))
}

/// Replaces the fixed size by the width of the page, and fixed colours by those of the theme.
pub(crate) fn themed(svg: &str, width: u32, height: u32, label: &str) -> String {
    let mut svg = svg.to_owned();
    if let Some(start) = svg.find("<svg ")
        && let Some(end) = svg[start..].find('>')
    {
        let label = maud::html! { (label) }.into_string().replace('"', "&quot;");
        let head = format!("<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">");
        svg.replace_range(start..=start + end, &head);
    }
    for (color, variable) in [(INK, "ink"), (MUTED, "muted"), (RULE, "rule"), (PAPER, "paper")] {
        svg = svg.replace(&hex(color), &format!("var(--{variable})"));
    }
    for place in 0..COLORS {
        svg = svg.replace(&hex(color(place)), &format!("var(--c{place})"));
    }
    svg.replace(" opacity=\"1\"", "")
        .replace(" font-family=\"sans-serif\"", "")
        .replace(" stroke=\"none\"", "")
}

fn hex(color: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", color.0, color.1, color.2)
}

/// A number as short as it can be shown.
pub(crate) fn short(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        let digits = format!("{}", value.abs() as u64);
        let mut grouped = String::new();
        for (place, digit) in digits.chars().enumerate() {
            // A thin blank between groups of three; numbers of four digits need none.
            if place > 0 && (digits.len() - place).is_multiple_of(3) && digits.len() > 4 {
                grouped.push('\u{202f}');
            }
            grouped.push(digit);
        }
        return if value < 0.0 {
            format!("−{grouped}")
        } else {
            grouped
        };
    }
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number with as many decimals as its neighbours in a column.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    if value != 0.0 && (value.abs() >= 1e9 || decimals > 6) {
        return format!("{value:.1e}").replace('-', "−");
    }
    if decimals == 0 {
        return short(value.round());
    }
    let text = format!("{:.decimals$}", value.abs());
    // A number that rounds to zero has no sign.
    if value < 0.0
        && text
            .bytes()
            .any(|letter| letter.is_ascii_digit() && letter != b'0')
    {
        format!("−{text}")
    } else {
        text
    }
}

/// A place or a length on a plot, to a tenth of a pixel.
pub(crate) fn legible(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

/// A name that fits into this many letters.
pub(crate) fn cut(name: &str, room: usize) -> String {
    if name.chars().count() <= room {
        return name.to_owned();
    }
    name.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

/// Names that fit into this many letters, and that can be told from each other where the names can: cut at the end if that does,
/// else in the middle, else before what a name does not share with those that begin alike.
pub(crate) fn cut_names<'a>(names: impl IntoIterator<Item = &'a str>, room: usize) -> Vec<String> {
    let names: Vec<&str> = names.into_iter().collect();
    let all = |cut: fn(&str, usize) -> String| names.iter().map(|name| cut(name, room)).collect::<Vec<_>>();
    let at_the_end = all(cut);
    // The same name twice is one name.
    let different = names.iter().collect::<HashSet<_>>().len();
    let tell = |cut: &[String]| cut.iter().collect::<HashSet<_>>().len() == different;
    if tell(&at_the_end) {
        return at_the_end;
    }
    let in_the_middle = all(cut_middle);
    if tell(&in_the_middle) {
        return in_the_middle;
    }
    let shared = |a: &str, b: &str| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let cut_before = |(name, short): (&&str, &String)| {
        let alike = names
            .iter()
            .zip(&in_the_middle)
            .filter(|(other, other_short)| other != &name && other_short == &short);
        let Some(from) = alike.map(|(other, _)| shared(name, other)).max() else {
            return short.clone();
        };
        let rest: String = name.chars().skip(from).collect();
        format!("…{}", cut(&rest, room.saturating_sub(1)))
    };
    names.iter().zip(&in_the_middle).map(cut_before).collect()
}

/// A name that fits into this many letters without those in its middle.
fn cut_middle(name: &str, room: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= room {
        return name.to_owned();
    }
    let kept = room.saturating_sub(1);
    let (head, tail) = (kept - kept / 2, letters.len() - kept / 2);
    letters[..head]
        .iter()
        .chain(&['…'])
        .chain(&letters[tail..])
        .collect()
}

/// Numbers along one side of a plot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    /// Least and most, apart from each other by a finite span.
    pub(crate) range: (f64, f64),
    /// Where least and most stand.
    pub(crate) pixels: (i32, i32),
    /// Whether nothing lies between whole numbers, as between epochs: ticks stand at these alone.
    pub(crate) whole: bool,
}

impl Axis {
    pub(crate) fn at(&self, value: f64) -> i32 {
        let (low, high) = self.range;
        let (from, to) = (f64::from(self.pixels.0), f64::from(self.pixels.1));
        (from + (value - low) / (high - low) * (to - from)).round() as i32
    }

    /// Ticks of a lying axis with what is written below them. Where numbers would touch, only every second or third
    /// is written, zero among them.
    pub(crate) fn written(&self, digit: i32) -> Vec<(f64, Option<String>)> {
        let number = |tick| fixed(tick, self.decimals());
        let letters = self.ticks().map(|tick| number(tick).chars().count()).max();
        let width = f64::from((letters.unwrap_or(0) as i32 + 1) * digit);
        let ((low, high), (from, to)) = (self.range, self.pixels);
        let apart = f64::from(to - from) * self.step() / (high - low);
        let every = (width / apart).ceil().max(1.0);
        let chosen = |tick: f64| (tick / self.step()).round() % every == 0.0;
        self.ticks()
            .map(|tick| (tick, chosen(tick).then(|| number(tick))))
            .collect()
    }

    /// One, two or five times a power of ten, so that at most eight steps fit.
    fn step(&self) -> f64 {
        let rough = (self.range.1 - self.range.0) / 8.0;
        let rough = if self.whole { rough.max(1.0) } else { rough };
        let power = 10_f64.powf(rough.log10().floor());
        [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|times| times * power)
            // A whole number of steps must not fail by a rounding.
            .find(|step| *step >= rough * (1.0 - 1e-9))
            .unwrap_or(10.0 * power)
    }

    /// Decimals that tell one tick from the next.
    pub(crate) fn decimals(&self) -> usize {
        (-(self.step() * (1.0 + 1e-9)).log10().floor()).clamp(0.0, 300.0) as usize
    }

    pub(crate) fn ticks(&self) -> impl Iterator<Item = f64> + use<> {
        let ((low, high), step) = (self.range, self.step());
        let first = (low / step - 1e-9).ceil();
        (0..=8)
            .map(move |tick| (first + f64::from(tick)) * step)
            .take_while(move |tick| *tick <= high + step * 1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(short(1234.0), "1234");
        assert_eq!(short(1_234_567.0), "1\u{202f}234\u{202f}567");
        assert_eq!(short(0.25), "0.25");
        assert_eq!(short(-3.0), "−3");
        assert_eq!(short(0.0), "0");
    }

    #[test]
    fn numbers_of_a_column_have_as_many_decimals() {
        let check = |value, decimals, expected: &str| assert_eq!(fixed(value, decimals), expected);
        check(0.5, 3, "0.500");
        check(-0.1234, 2, "−0.12");
        check(-0.0004, 3, "0.000");
        check(-12.0, 0, "−12");
        check(12_345.4, 0, "12\u{202f}345");
        check(-0.4, 0, "0");
        check(0.0, 9, "0.000000000");
        check(-2.5e-10, 11, "−2.5e−10");
    }

    #[test]
    fn ticks_are_round_and_few() {
        let check = |low, high, decimals, expected: &str| {
            let axis = Axis {
                range: (low, high),
                pixels: (0, 100),
                whole: false,
            };
            let ticks: Vec<String> = axis.ticks().map(|tick| fixed(tick, axis.decimals())).collect();
            assert_eq!((axis.decimals(), ticks.join(" ").as_str()), (decimals, expected));
        };
        check(0.0, 1.0, 1, "0.0 0.2 0.4 0.6 0.8 1.0");
        check(-0.034, 0.081, 2, "−0.02 0.00 0.02 0.04 0.06 0.08");
        check(0.0, 30.0, 0, "0 5 10 15 20 25 30");
        check(-7.0, 210.0, 0, "0 50 100 150 200");
        check(
            2e12,
            9e12,
            0,
            "2.0e12 3.0e12 4.0e12 5.0e12 6.0e12 7.0e12 8.0e12 9.0e12",
        );
        check(0.0, 0.8, 1, "0.0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8");
    }

    #[test]
    fn what_is_counted_has_ticks_at_whole_numbers() {
        let check = |high, expected: &str| {
            let axis = Axis {
                range: (1.0, high),
                pixels: (0, 400),
                whole: true,
            };
            let written: Vec<String> = axis.written(8).into_iter().filter_map(|(_, text)| text).collect();
            assert_eq!(written.join(" "), expected);
        };
        check(2.0, "1 2");
        check(3.0, "1 2 3");
        check(12.0, "2 4 6 8 10 12");
        check(200.0, "50 100 150 200");
    }

    #[test]
    fn numbers_below_an_axis_do_not_touch() {
        let check = |width, expected: &str| {
            let axis = Axis {
                range: (-2.0, 6.0),
                pixels: (0, width),
                whole: false,
            };
            let written: Vec<String> = axis.written(8).into_iter().filter_map(|(_, text)| text).collect();
            assert_eq!(written.join(" "), expected);
        };
        check(400, "−2 −1 0 1 2 3 4 5 6");
        check(120, "−2 0 2 4 6");
        check(70, "0 3 6");
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(cut("größer", 6), "größer");
        assert_eq!(cut("größerer", 6), "größe…");
    }

    #[test]
    fn names_that_are_cut_stay_apart() {
        let check = |names: &[&str], room, expected: &[&str]| {
            assert_eq!(cut_names(names.iter().copied(), room), expected);
        };
        check(&["größer", "b"], 6, &["größer", "b"]);
        check(&["größerer", "klein"], 6, &["größe…", "klein"]);
        check(
            &[
                "Species with a long name 041",
                "Species with a long name 042",
                "Species",
            ],
            9,
            &["Spec… 041", "Spec… 042", "Species"],
        );
        check(
            &[
                "a long name for 1 of the cells",
                "a long name for 2 of the cells",
                "b",
            ],
            7,
            &["…1 of …", "…2 of …", "b"],
        );
        check(&["the same name", "the same name"], 5, &["the …", "the …"]);
        check(&[], 5, &[]);
    }
}
