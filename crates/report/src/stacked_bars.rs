use maud::{Markup, html};

use crate::plot::{COLORS, cut, cut_names, legible, short};
use crate::{Error, TableBlock};

/// Lying bars made of labelled parts, one bar a class: which features carry it, or which classes its neighbours have.
///
/// A label has one colour within the plot. Where there are more labels than colours, those that most bars share are coloured, and of
/// these the longest; all others are grey.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StackedBars {
    /// What the numbers are.
    pub caption: String,
    /// What a bar is about: `class`.
    pub bar_label: String,
    /// What the label of a part names: `feature`.
    pub part_label: String,
    /// What the value of a part is: `share of the logit`.
    pub value_label: String,
    /// The bars, from top to bottom.
    pub bars: Vec<StackedBar>,
    /// The value at the right end, such as 1 for shares; else that of the longest bar.
    pub full: Option<f64>,
    /// Labels with their colours, for labels that mean a colour or stand in another plot too; others are grey then. Colours are
    /// chosen if there are none.
    pub paints: Vec<(String, Paint)>,
}

/// What the parts of a label are filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// A colour of the theme, counted from 0; after the last of 10 they come again, paler, and then as they were.
    Theme(usize),
    /// Red, green and blue: the colour that the label names.
    Rgb([u8; 3]),
}

/// One bar of a [`StackedBars`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StackedBar {
    /// What it is about.
    pub name: String,
    /// What stands behind its end: `5000 rows`.
    pub note: String,
    /// Its parts, from left to right.
    pub parts: Vec<StackedPart>,
}

/// One part of a [`StackedBar`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StackedPart {
    /// What it is.
    pub label: String,
    /// Its length, 0 or more.
    pub value: f64,
    /// What else is said of it where it is pointed at.
    pub note: String,
}

const WIDTH: f64 = 680.0;
/// Width of a letter beside its height.
const LETTER: f64 = 0.65;
/// The same of a digit.
const DIGIT: f64 = 0.58;
/// Letters of a label that else does not fit.
const SMALL: f64 = 8.5;
/// A blank between names, bars and notes.
const BLANK: f64 = 8.0;
/// Colours of the theme, and the same again, paler.
const SHADES: usize = 2 * COLORS;
/// Bars of so few that share no label would hardly be coloured without the paler colours.
const FEW_BARS: usize = 4;

/// Heights that depend on how many bars there are.
struct Look {
    bar: f64,
    gap: f64,
    font: f64,
}

impl Look {
    fn of(bars: usize) -> Self {
        let (bar, gap, font) = match bars {
            0..=12 => (22.0, 8.0, 13.0),
            13..=40 => (17.0, 5.0, 11.5),
            _ => (13.0, 3.0, 10.0),
        };
        Self { bar, gap, font }
    }

    fn letters(&self, text: &str) -> f64 {
        text.chars().count() as f64 * self.font * LETTER
    }

    /// The size in which a label fits into a part.
    fn font_of(&self, label: &str, width: f64) -> Option<f64> {
        let letter = |letter: char| if letter.is_ascii_digit() { DIGIT } else { LETTER };
        let wide: f64 = label.chars().map(letter).sum();
        [self.font, SMALL]
            .into_iter()
            .find(|font| wide * font + 3.0 <= width)
    }
}

/// Colours for the labels of several plots: a label has the same in all of them.
pub fn shared_paints(plots: &[&StackedBars]) -> Vec<(String, Paint)> {
    let mut labels: Vec<(&str, usize, f64)> = Vec::new();
    for bar in plots.iter().flat_map(|plot| &plot.bars) {
        for (place, part) in bar.parts.iter().enumerate() {
            let again = bar.parts[..place].iter().any(|other| other.label == part.label);
            let count = usize::from(!again);
            match labels.iter_mut().find(|label| label.0 == part.label) {
                Some(known) => {
                    known.1 += count;
                    known.2 += part.value;
                }
                None => labels.push((&part.label, count, part.value)),
            }
        }
    }
    if labels.len() > SHADES {
        labels.sort_by(|a, b| b.1.cmp(&a.1).then(b.2.total_cmp(&a.2)));
        let most = if plots.iter().all(|plot| plot.bars.len() <= FEW_BARS) {
            SHADES
        } else {
            COLORS
        };
        labels.truncate(most);
    }
    let paint = |(place, (label, _, _)): (usize, (&str, usize, f64))| (label.to_owned(), Paint::Theme(place));
    labels.into_iter().enumerate().map(paint).collect()
}

impl StackedBars {
    pub(crate) fn html(&self) -> Result<Markup, Error> {
        self.check()?;
        let colored = self.colored();
        let look = Look::of(self.bars.len());
        let longest = |of: fn(&StackedBar) -> &str| {
            let lengths = self.bars.iter().map(|bar| look.letters(of(bar)));
            lengths.fold(0.0, f64::max)
        };
        let left = (longest(|bar| &bar.name) + BLANK).clamp(30.0, 200.0);
        let right = match longest(|bar| &bar.note) {
            none if none <= 0.0 => 2.0,
            some => (some + BLANK).min(200.0),
        };
        let full = self
            .full
            .unwrap_or_else(|| self.bars.iter().map(StackedBar::length).fold(0.0, f64::max));
        let scale = if full > 0.0 {
            (WIDTH - left - right) / full
        } else {
            0.0
        };
        let line = look.bar + look.gap;
        let height = line * self.bars.len() as f64 + look.gap;
        let room = |pixels: f64| (pixels / (look.font * LETTER)) as usize;
        let names = cut_names(
            self.bars.iter().map(|bar| bar.name.as_str()),
            room(left - BLANK + 4.0),
        );
        Ok(html! {
            figure class="plot stacked" {
                figcaption { (self.caption) }
                (self.legend(&colored))
                div class="scroll" tabindex="0" {
                    svg viewBox=(format!("0 0 {WIDTH} {}", legible(height))) font-size=(look.font) role="img" aria-label=(self.in_words()) {
                        @for (place, bar) in self.bars.iter().enumerate() {
                            @let top = look.gap + line * place as f64;
                            @let middle = legible(top + look.bar / 2.0);
                            text class="name" x=(legible(left - BLANK)) y=(middle) {
                                title { (bar.name) }
                                (names[place])
                            }
                            @for ((from, width), part) in bar.places(scale).into_iter().zip(&bar.parts) {
                                @if width > 0.0 {
                                    @let paint = colored.paint(&part.label);
                                    g class=(shade(paint)) {
                                        title { (self.pointed_at(bar, part)) }
                                        rect x=(legible(left + from)) y=(legible(top)) width=(legible(width)) height=(look.bar) style=[paint.and_then(|paint| paint.own("fill"))] {}
                                        @if let Some(font) = look.font_of(&part.label, width) {
                                            text x=(legible(left + from + width / 2.0)) y=(middle) font-size=[(font < look.font).then_some(font)] style=[paint.and_then(Paint::text)] { (part.label) }
                                        }
                                    }
                                }
                            }
                            @if !bar.note.is_empty() {
                                text class="number" x=(legible(left + bar.length() * scale + 6.0)) y=(middle) { (cut(&bar.note, room(right - BLANK + 4.0))) }
                            }
                        }
                    }
                }
            }
        })
    }

    /// The numbers, a row a part.
    pub fn table(&self) -> TableBlock {
        let row = |bar: &StackedBar, part: &StackedPart| {
            vec![
                bar.name.clone(),
                part.label.clone(),
                part.value.to_string(),
                part.note.clone(),
            ]
        };
        TableBlock {
            caption: self.caption.clone(),
            headers: vec![
                self.bar_label.clone(),
                self.part_label.clone(),
                self.value_label.clone(),
                "note".into(),
            ],
            numeric: vec![false, false, true, false],
            rows: self
                .bars
                .iter()
                .flat_map(|bar| bar.parts.iter().map(|part| row(bar, part)))
                .collect(),
        }
    }

    fn check(&self) -> Result<(), Error> {
        let full = self.full.map(|full| (full, "the full length".to_owned()));
        let parts = self.bars.iter().flat_map(|bar| {
            let place = |part: &StackedPart| format!("part `{}` of `{}`", part.label, bar.name);
            bar.parts.iter().map(move |part| (part.value, place(part)))
        });
        for (value, place) in full.into_iter().chain(parts) {
            if !value.is_finite() || value < 0.0 {
                return Err(Error::NotFinite {
                    caption: self.caption.clone(),
                    value,
                    place,
                });
            }
        }
        if let Some(full) = self.full
            && let Some(bar) = self.bars.iter().find(|bar| bar.length() > full * (1.0 + 1e-6))
        {
            return Err(Error::Shape {
                caption: self.caption.clone(),
                problem: format!(
                    "bar `{}` is {} long, where {full} is the whole",
                    bar.name,
                    bar.length()
                ),
            });
        }
        Ok(())
    }

    /// Labels that have a colour each, and in how many bars they are.
    fn colored(&self) -> Colored {
        let paints = match self.paints.as_slice() {
            [] => shared_paints(&[self]),
            given => given.to_vec(),
        };
        let mut labels = self.bars.iter().flat_map(|bar| &bar.parts);
        let all = labels.all(|part| paints.iter().any(|(label, _)| *label == part.label));
        let in_bars = |label: &str| {
            let has = |bar: &&StackedBar| bar.parts.iter().any(|part| part.label == label);
            self.bars.iter().filter(has).count()
        };
        let labels = paints.into_iter().map(|(label, paint)| {
            let bars = in_bars(&label);
            (label, paint, bars)
        });
        Colored {
            labels: labels.filter(|(_, _, bars)| *bars > 0).collect(),
            all,
        }
    }

    fn legend(&self, colored: &Colored) -> Markup {
        let count = |bars: usize| format!("in {bars} of {}", self.bars.len());
        html! {
            @if colored.labels.len() > 1 || !colored.all {
                ul class="legend" {
                    @if !self.part_label.is_empty() { li class="note" { (self.part_label) } }
                    @for (label, paint, bars) in &colored.labels {
                        li { span class=(format!("swatch {}", shade(Some(*paint)))) style=[paint.own("background")] {} (label) @if !colored.all { span class="count" { (count(*bars)) } } }
                    }
                    @if !colored.all { li { span class="swatch k" {} "all others" } }
                }
            }
        }
    }

    fn pointed_at(&self, bar: &StackedBar, part: &StackedPart) -> String {
        let note = match part.note.as_str() {
            "" => String::new(),
            note => format!(" ({note})"),
        };
        let (of, value) = (&self.part_label, short(part.value));
        format!("{}, {of} {}: {value}{note}", bar.name, part.label)
    }

    /// The same numbers for those who listen.
    fn in_words(&self) -> String {
        let bar = |bar: &StackedBar| {
            let parts: Vec<String> = bar
                .parts
                .iter()
                .map(|part| format!("{} {}", part.label, short(part.value)))
                .collect();
            format!("{}: {}", bar.name, parts.join(", "))
        };
        let bars: Vec<String> = self.bars.iter().map(bar).collect();
        format!("{} ({}). {}", self.caption, self.value_label, bars.join("; "))
    }
}

impl StackedBar {
    fn length(&self) -> f64 {
        self.parts.iter().map(|part| part.value).sum()
    }

    /// Where each part begins and how wide it is, in pixels from the left end of the bar.
    fn places(&self, scale: f64) -> Vec<(f64, f64)> {
        let mut from = 0.0;
        let parts = self.parts.iter().map(|part| {
            let place = (from, part.value * scale);
            from += place.1;
            place
        });
        parts.collect()
    }
}

struct Colored {
    /// Labels with their colours and the number of bars that they are in.
    labels: Vec<(String, Paint, usize)>,
    /// Whether these are all labels.
    all: bool,
}

impl Colored {
    fn paint(&self, label: &str) -> Option<Paint> {
        let mut labels = self.labels.iter();
        labels
            .find(|(known, _, _)| known == label)
            .map(|(_, paint, _)| *paint)
    }
}

impl Paint {
    /// A colour of its own as the value of a property.
    fn own(self, property: &str) -> Option<String> {
        match self {
            Self::Theme(_) => None,
            Self::Rgb([red, green, blue]) => Some(format!("{property}:#{red:02x}{green:02x}{blue:02x}")),
        }
    }

    /// What is written on a colour of its own.
    fn text(self) -> Option<&'static str> {
        let Self::Rgb(colour) = self else { return None };
        // Relative luminance as in WCAG 2, without its linear part near black.
        let [red, green, blue] = colour.map(|value| (f64::from(value) / 255.0).powf(2.2));
        let light = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18;
        Some(if light { "fill:#000" } else { "fill:#fff" })
    }
}

/// The class of what has this colour; without one it is grey.
fn shade(paint: Option<Paint>) -> String {
    match paint {
        Some(Paint::Theme(place)) => format!("k{}", place % SHADES),
        Some(Paint::Rgb(_)) => "own".into(),
        None => "k".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stacked(bars: &[(&str, &[(&str, f64)])]) -> StackedBars {
        let part = |(label, value): &(&str, f64)| StackedPart {
            label: (*label).into(),
            value: *value,
            note: String::new(),
        };
        let bar = |(name, parts): &(&str, &[(&str, f64)])| StackedBar {
            name: (*name).into(),
            note: "45 rows".into(),
            parts: parts.iter().map(part).collect(),
        };
        StackedBars {
            caption: "Top features".into(),
            bar_label: "class".into(),
            part_label: "feature".into(),
            value_label: "share".into(),
            bars: bars.iter().map(bar).collect(),
            full: Some(1.0),
            paints: Vec::new(),
        }
    }

    fn draw(plot: &StackedBars) -> String {
        plot.html().expect("it is drawn").into_string()
    }

    #[test]
    fn a_label_has_one_colour_and_stands_where_it_fits() {
        let html = draw(&stacked(&[
            ("cat", &[("f12", 0.6), ("f3", 0.01)]),
            ("<dog>", &[("f3", 0.3), ("f12", 0.2)]),
        ]));
        assert_eq!(html.matches("<g class=\"k0\"><title>").count(), 2, "{html}");
        assert!(
            html.contains("<title>&lt;dog&gt;, feature f3: 0.3</title>"),
            "{html}"
        );
        assert!(html.contains("<title>cat, feature f3: 0.01</title>"), "{html}");
        assert_eq!(html.matches(">f3</text>").count(), 1, "{html}");
        assert_eq!(html.matches(">f12</text>").count(), 2, "{html}");
    }

    #[test]
    fn of_many_labels_those_that_bars_share_are_coloured() {
        let labels: Vec<String> = (0..30).map(|label| format!("{label}")).collect();
        let own = |bar: usize| -> Vec<(&str, f64)> {
            let own = labels[bar * 6..][..6].iter().map(|label| (label.as_str(), 0.1));
            own.chain([("shared", 0.2)]).collect()
        };
        let parts: Vec<_> = (0..5).map(own).collect();
        let bars: Vec<(&str, &[(&str, f64)])> = parts.iter().map(|parts| ("c", parts.as_slice())).collect();
        let html = draw(&stacked(&bars));
        assert_eq!(html.matches("<g class=\"k0\">").count(), 5);
        // And then the longest of the others, the first of equal ones.
        assert_eq!(html.matches("<g class=\"k9\">").count(), 1);
        assert_eq!(html.matches("<g class=\"k\">").count(), 21);
        assert!(
            html.contains("shared<span class=\"count\">in 5 of 5</span>"),
            "{html}"
        );
    }

    #[test]
    fn labels_of_two_bars_that_share_none_are_coloured() {
        let labels: Vec<String> = (0..20).map(|label| format!("{label}")).collect();
        let of = |from: usize| -> Vec<(&str, f64)> {
            labels[from..from + 10]
                .iter()
                .map(|label| (label.as_str(), 0.09))
                .collect()
        };
        let html = draw(&stacked(&[("a", &of(0)), ("b", &of(10))]));
        assert!(!html.contains("class=\"k\""), "{html}");
        assert_eq!(html.matches("<g class=\"k19\">").count(), 1, "{html}");
    }

    #[test]
    fn a_label_of_two_plots_has_the_same_colour_in_both() {
        let mut one = stacked(&[("cat", &[("f1", 0.5), ("f2", 0.2)])]);
        let mut other = stacked(&[("cat", &[("f2", 0.4), ("f1", 0.1)])]);
        let paints = shared_paints(&[&one, &other]);
        one.paints.clone_from(&paints);
        other.paints = paints;
        for plot in [&one, &other] {
            let html = draw(plot);
            assert!(
                html.contains("<g class=\"k0\"><title>cat, feature f1")
                    && html.contains("<g class=\"k1\"><title>cat, feature f2"),
                "{html}"
            );
        }
    }

    #[test]
    fn a_label_may_have_a_colour_of_its_own() {
        let mut plot = stacked(&[("cat", &[("white", 0.5), ("dark blue", 0.4), ("red", 0.1)])]);
        plot.paints = vec![
            ("white".into(), Paint::Rgb([255; 3])),
            ("dark blue".into(), Paint::Rgb([28, 42, 94])),
            ("green".into(), Paint::Rgb([0, 200, 0])),
        ];
        let html = draw(&plot);
        for part in [
            "class=\"swatch own\" style=\"background:#ffffff\"",
            "style=\"fill:#1c2a5e\"",
            "style=\"fill:#fff\">dark blue</text>",
            "style=\"fill:#000\">white</text>",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        // What is in no bar is in no legend, and what has no colour is grey.
        assert!(!html.contains("green"), "{html}");
        assert!(html.contains("<g class=\"k\"><title>cat, feature red"), "{html}");
    }

    #[test]
    fn a_label_is_small_where_it_would_not_fit() {
        let html = draw(&stacked(&[("a", &[("123", 0.04), ("456", 0.2), ("789", 0.01)])]));
        assert!(html.contains("font-size=\"8.5\">123</text>"), "{html}");
        assert!(
            html.contains("\">456</text>") && !html.contains(">789</text>"),
            "{html}"
        );
    }

    #[test]
    fn parts_lie_end_to_end_and_bars_end_at_the_edge() {
        let mut plot = stacked(&[("a", &[("x", 3.0), ("y", 1.0)]), ("b", &[("x", 2.0)])]);
        plot.full = None;
        plot.bars.iter_mut().for_each(|bar| bar.note.clear());
        let html = draw(&plot);
        let rects: Vec<[f64; 2]> = html
            .split("<rect ")
            .skip(1)
            .map(|tag| {
                ["x", "width"].map(|name| {
                    let after = tag.split_once(&format!("{name}=\"")).expect("it has it").1;
                    after
                        .split('"')
                        .next()
                        .expect("it ends")
                        .parse()
                        .expect("a number")
                })
            })
            .collect();
        assert_eq!(rects.len(), 3);
        assert!((rects[0][0] + rects[0][1] - rects[1][0]).abs() < 0.11);
        assert!((rects[1][0] + rects[1][1] - (WIDTH - 2.0)).abs() < 0.11);
        assert!((rects[2][1] * 2.0 - (WIDTH - 2.0 - rects[2][0])).abs() < 0.21);
    }

    #[test]
    fn numbers_are_there_as_a_table() {
        let table = stacked(&[("cat", &[("f12", 0.625), ("f3", 1.0 / 3.0)])]).table();
        assert_eq!(table.headers, ["class", "feature", "share", "note"]);
        assert_eq!(table.rows[1], ["cat", "f3", "0.3333333333333333", ""]);
    }

    #[test]
    fn lengths_that_are_none_are_told() {
        let check = |parts: &[(&str, f64)], expected: &str| {
            let error = stacked(&[("cat", parts)]).html().expect_err("it is wrong");
            assert_eq!(error.to_string(), expected);
        };
        check(
            &[("f1", f64::NAN)],
            "the plot `Top features` cannot show NaN, part `f1` of `cat`",
        );
        check(
            &[("f1", -0.5)],
            "the plot `Top features` cannot show -0.5, part `f1` of `cat`",
        );
        check(
            &[("f1", 0.75), ("f2", 0.5)],
            "`Top features`: bar `cat` is 1.25 long, where 1 is the whole",
        );
    }

    #[test]
    fn a_hundred_bars_of_ten_parts_stay_small() {
        let parts: Vec<(String, f64)> = (0..10).map(|part| (format!("{}", part * 37), 0.1)).collect();
        let parts: Vec<(&str, f64)> = parts
            .iter()
            .map(|(label, value)| (label.as_str(), *value))
            .collect();
        let bars: Vec<(&str, &[(&str, f64)])> = (0..100).map(|_| ("a name", parts.as_slice())).collect();
        let html = draw(&stacked(&bars));
        assert!(html.len() < 250_000, "{} bytes", html.len());
        assert_eq!(html, draw(&stacked(&bars)));
    }
}
