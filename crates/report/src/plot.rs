//! What all plots share: colours that follow the theme, and SVG that fits its box.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Colours of classes and series, told apart by colour-blind readers too (after Okabe and Ito).
pub(crate) const COLORS: usize = 10;

// The library knows fixed colours only. These stand for roles and are replaced by variables of the theme.
pub(crate) const INK: RGBColor = RGBColor(1, 1, 1);
pub(crate) const MUTED: RGBColor = RGBColor(2, 2, 2);
pub(crate) const RULE: RGBColor = RGBColor(3, 3, 3);

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
    for (color, variable) in [(INK, "ink"), (MUTED, "muted"), (RULE, "rule")] {
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
}
