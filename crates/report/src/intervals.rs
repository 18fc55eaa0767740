use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Error;
use crate::plot::{
    Area, Axis, Failure, INK, MUTED, PAPER, RULE, color, cut, fixed, sheet, short, text, themed,
};

/// A forest plot: one line an entry, a dot at its value, a whisker along its interval, the numbers beside it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Intervals {
    /// What the numbers are, and of which level their intervals.
    pub caption: String,
    /// The entries; each group has a heading and a colour.
    pub groups: Vec<IntervalGroup>,
    /// A number to compare with, and what it means: 0 and `no difference to none`.
    pub reference: Option<(f64, String)>,
    /// What it means to lie at the left and at the right: `worse than none` and `better than none`.
    pub ends: Option<(String, String)>,
    /// What the axis measures: `difference of balanced accuracy`.
    pub unit: String,
}

/// Entries that belong together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IntervalGroup {
    /// Heading; none is drawn if it is empty.
    pub name: String,
    /// The entries, from top to bottom.
    pub entries: Vec<IntervalEntry>,
    /// Whether they come from where there are no intervals: nothing is said of these then, and dots are filled.
    pub bare: bool,
}

/// One line of a forest plot.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IntervalEntry {
    /// What was measured.
    pub name: String,
    /// The number; `None` where it is undefined, and then nothing is drawn.
    pub value: Option<f64>,
    /// Least and most that the number may be; `None` where it is undefined, and then no whisker is drawn.
    pub interval: Option<(f64, f64)>,
    /// Whether the interval excludes [`Intervals::reference`]. The dot is filled then, else hollow.
    pub emphasis: bool,
}

const WIDE: i32 = 680;
/// On a phone, marks stand below names and numbers.
const NARROW: i32 = 360;
/// Plots of more entries are drawn wide only, to keep pages small.
const MOST_NARROW: usize = 200;
const EDGE: i32 = 6;
const LINE: i32 = 23;
/// From the middle of a text to the marks below it.
const BELOW: i32 = 17;
/// From there to the next entry, beyond what there is anyway.
const BETWEEN: i32 = 6;
const HEADING: i32 = 27;
const GAP: i32 = 9;
const FOOT: i32 = 22;
const INDENT: i32 = 14;
const LETTER: i32 = 8;
const SIZE: u32 = 16;
/// Digits and stops are slimmer than letters.
const DIGIT: f64 = 7.2;
const UNDEFINED: &str = "undefined";

/// Where things stand.
struct Layout {
    /// Width of the picture, and height of an entry.
    width: i32,
    line: i32,
    /// How far marks stand below their numbers.
    below: i32,
    /// Where names end.
    names: i32,
    /// Left and right edge of the plot, and its axis within, if there is a number to show.
    plot: (i32, i32),
    axis: Option<Axis>,
    /// Upper and lower edge of the plot.
    top: i32,
    bottom: i32,
    height: i32,
    /// Right end of the column of values; that of intervals is the edge of the picture.
    values: i32,
    decimals: usize,
}

impl Intervals {
    pub(crate) fn html(&self) -> Result<Markup, Error> {
        self.check()?;
        let wide = self.svg(WIDE)?;
        let narrow = (self.entries().count() <= MOST_NARROW)
            .then(|| self.svg(NARROW))
            .transpose()?;
        let some_drawn = self.entries().any(|(_, entry)| entry.value.is_some());
        Ok(html! {
            figure class="plot intervals" {
                figcaption { (self.caption) }
                @if let Some((reference, _)) = self.reference.as_ref().filter(|_| some_drawn) {
                    ul class="legend" {
                        li class="note" { span class="swatch dot full" {} "interval excludes " (short(*reference)) }
                        li class="note" { span class="swatch ring" {} "interval includes it" }
                    }
                }
                div class=(if narrow.is_some() { "scroll wide" } else { "scroll" }) tabindex="0" { (PreEscaped(wide)) }
                @if let Some(narrow) = narrow { div class="narrow" { (PreEscaped(narrow)) } }
            }
        })
    }

    fn entries(&self) -> impl Iterator<Item = (&IntervalGroup, &IntervalEntry)> {
        self.groups
            .iter()
            .flat_map(|group| group.entries.iter().map(move |entry| (group, entry)))
    }

    fn check(&self) -> Result<(), Error> {
        let finite = |value: f64, place: String| {
            if value.is_finite() {
                return Ok(());
            }
            Err(Error::NotFinite {
                caption: self.caption.clone(),
                value,
                place,
            })
        };
        let shape = |problem| Error::Shape {
            caption: self.caption.clone(),
            problem,
        };
        for (group, entry) in self.entries() {
            let place = |part: &str| {
                if group.name.is_empty() {
                    format!("{part} of `{}`", entry.name)
                } else {
                    format!("{part} of `{}` in `{}`", entry.name, group.name)
                }
            };
            if let Some(value) = entry.value {
                finite(value, place("value"))?;
            }
            if let Some((low, high)) = entry.interval {
                finite(low, place("lower limit"))?;
                finite(high, place("upper limit"))?;
                if low > high {
                    return Err(shape(format!(
                        "the {} runs from {low} down to {high}",
                        place("interval")
                    )));
                }
            }
        }
        if let Some((reference, label)) = &self.reference {
            finite(*reference, format!("reference `{label}`"))?;
        }
        match self.extent() {
            Some((low, high)) if !(2.0 * (high - low)).is_finite() => Err(shape(format!(
                "numbers from {low:e} to {high:e} do not fit on one axis"
            ))),
            _ => Ok(()),
        }
    }

    /// Least and most of what is drawn.
    fn extent(&self) -> Option<(f64, f64)> {
        let drawn = self.entries().filter_map(|(_, entry)| {
            let value = entry.value?;
            let (low, high) = entry.interval.unwrap_or((value, value));
            Some((value.min(low), value.max(high)))
        });
        let reference = self.reference.iter().map(|(value, _)| (*value, *value));
        drawn
            .chain(reference)
            .reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
    }

    /// The same with a little air.
    fn range(&self) -> Option<(f64, f64)> {
        let (low, high) = self.extent()?;
        let air = if high > low {
            (high - low) * 0.03
        } else {
            low.abs().max(1.0) / 2.0
        };
        Some((low - air, high + air))
    }

    /// Enough for the columns, given by what the axis tells apart: whole numbers stay whole.
    fn decimals(&self, axis: Option<&Axis>) -> usize {
        let mut numbers = self.entries().flat_map(|(_, entry)| {
            let (low, high) = entry.interval.unzip();
            [entry.value, low, high].into_iter().flatten()
        });
        if numbers.all(|number| number.fract() == 0.0) {
            return 0;
        }
        axis.map_or(3, |axis| axis.decimals() + 1)
    }

    fn layout(&self, width: i32) -> Layout {
        let narrow = width == NARROW;
        let range = self.range();
        let axis = |pixels| {
            range.map(|range| Axis {
                range,
                pixels,
                whole: false,
            })
        };
        let decimals = self.decimals(axis((0, 1)).as_ref());
        let widest = |part: &dyn Fn(&IntervalEntry) -> String| {
            self.entries()
                .map(|(_, entry)| (part(entry).chars().count() as f64 * DIGIT).ceil() as i32)
                .max()
                .unwrap_or(0)
        };
        let intervals = widest(&|entry| entry.limits(decimals));
        let numbers = widest(&|entry| {
            entry
                .value
                .map_or_else(String::new, |value| fixed(value, decimals))
        });
        let values = width - intervals - 2 * GAP;
        let longest = self
            .entries()
            .map(|(_, entry)| entry.name.chars().count())
            .max()
            .unwrap_or(0) as i32;
        let left = (longest * LETTER + self.indent() + GAP).clamp(70, 210);
        let names = values - numbers - GAP;
        let (plot, names, below) = if narrow {
            ((0, width), names, BELOW)
        } else {
            ((left, names), left, 0)
        };
        let line = LINE + if narrow { below + BETWEEN } else { 0 };
        let lines: i32 = self
            .groups
            .iter()
            .map(|group| group.heading() + group.entries.len() as i32 * line)
            .sum();
        let top = if self.reference.is_some() { 28 } else { EDGE };
        let bottom = top + lines.max(LINE) + GAP;
        let under = [axis(plot).is_some(), self.ends.is_some(), !self.unit.is_empty()];
        Layout {
            width,
            line,
            below,
            names,
            plot,
            axis: axis((plot.0 + 2 * EDGE, plot.1 - 2 * EDGE)),
            top,
            bottom,
            height: bottom + GAP + under.iter().filter(|part| **part).count() as i32 * FOOT,
            values,
            decimals,
        }
    }

    /// How far entries stand to the right of headings.
    fn indent(&self) -> i32 {
        if self.groups.iter().all(|group| group.name.is_empty()) {
            0
        } else {
            INDENT
        }
    }

    fn svg(&self, width: i32) -> Result<String, Error> {
        let layout = self.layout(width);
        let svg = sheet(width, layout.height, |root| {
            self.draw_frame(root, &layout)?;
            let mut top = layout.top;
            for (place, group) in self.groups.iter().enumerate() {
                if !group.name.is_empty() {
                    // Nothing else stands on this line.
                    let name = cut(&group.name, (layout.plot.1 / (LETTER + 1)) as usize);
                    let bold = ("sans-serif", SIZE, FontStyle::Bold).into_font().color(&INK);
                    let style = bold.pos(Pos::new(HPos::Left, VPos::Center));
                    root.draw(&Text::new(name, (0, top + group.heading() - HEADING / 2), style))?;
                }
                top += group.heading();
                for entry in &group.entries {
                    let drawn = (entry, color(place), group.bare);
                    self.draw_entry(root, &layout, drawn, top + LINE / 2)?;
                    top += layout.line;
                }
            }
            Ok(())
        })
        .map_err(|problem| Error::Drawing {
            caption: self.caption.clone(),
            problem: problem.to_string(),
        })?;
        let words = self.in_words(layout.decimals);
        Ok(themed(&svg, width as u32, layout.height as u32, &words))
    }

    /// Axis, ticks, reference, and what the ends mean.
    fn draw_frame(&self, root: &Area<'_>, layout: &Layout) -> Result<(), Failure> {
        let (left, right) = layout.plot;
        let middle = i32::midpoint(left, right);
        let room = ((right - left) / LETTER).max(1) as usize;
        if self.entries().next().is_none() {
            let place = (middle, layout.top + LINE / 2);
            root.draw(&Text::new("no entries", place, text(SIZE, &MUTED, HPos::Center)))?;
        }
        let mut foot = layout.bottom + FOOT / 2 + 3;
        if let Some(axis) = layout.axis {
            for (tick, number) in axis.written(LETTER) {
                let x = axis.at(tick);
                let grid = [(x, layout.top), (x, layout.bottom + 4)];
                root.draw(&PathElement::new(grid, RULE.stroke_width(1)))?;
                if let Some(number) = number {
                    let style = text(SIZE - 1, &MUTED, HPos::Center);
                    root.draw(&Text::new(number, (x, foot), style))?;
                }
            }
            let line = [(left, layout.bottom), (right, layout.bottom)];
            root.draw(&PathElement::new(line, MUTED.stroke_width(1)))?;
            foot += FOOT;
        }
        if let (Some(axis), Some((reference, label))) = (layout.axis, &self.reference) {
            let x = axis.at(*reference);
            let line = [(x, layout.top - 3), (x, layout.bottom)];
            root.draw(&PathElement::new(line, INK.stroke_width(1)))?;
            let label = cut(label, room);
            let half = label.chars().count() as i32 * LETTER / 2;
            let x = x.clamp((left + half).min(middle), (right - half).max(middle));
            root.draw(&Text::new(label, (x, 11), text(SIZE - 1, &INK, HPos::Center)))?;
        }
        if let Some((worse, better)) = &self.ends {
            // At both sides of the reference, over the whole width: below the axis nothing else is in the way.
            let reference = self.reference.as_ref().map(|(reference, _)| *reference);
            let x = layout
                .axis
                .zip(reference)
                .map_or(middle, |(axis, reference)| axis.at(reference));
            let room = |pixels: i32| (pixels / LETTER - 3).max(1) as usize;
            let worse = format!("← {}", cut(worse, room(x)));
            let better = format!("{} →", cut(better, room(layout.width - x)));
            let style = |across| text(SIZE - 1, &INK, across);
            root.draw(&Text::new(worse, (x - GAP, foot), style(HPos::Right)))?;
            root.draw(&Text::new(better, (x + GAP, foot), style(HPos::Left)))?;
            foot += FOOT;
        }
        if !self.unit.is_empty() {
            let unit = cut(&self.unit, room);
            root.draw(&Text::new(
                unit,
                (middle, foot),
                text(SIZE - 1, &MUTED, HPos::Center),
            ))?;
        }
        Ok(())
    }

    fn draw_entry(
        &self,
        root: &Area<'_>,
        layout: &Layout,
        (entry, color, bare): (&IntervalEntry, RGBColor, bool),
        y: i32,
    ) -> Result<(), Failure> {
        let indent = self.indent();
        let name = cut(
            &entry.name,
            ((layout.names - indent - GAP) / LETTER).max(1) as usize,
        );
        root.draw(&Text::new(name, (indent, y), text(SIZE, &INK, HPos::Left)))?;
        let numbers = y;
        let y = y + layout.below;
        if let (Some(axis), Some(value)) = (layout.axis, entry.value) {
            if let Some((low, high)) = entry.interval {
                let (from, to) = (axis.at(low), axis.at(high));
                root.draw(&PathElement::new([(from, y), (to, y)], color.stroke_width(2)))?;
                for end in [from, to] {
                    let cap = [(end, y - 4), (end, y + 4)];
                    root.draw(&PathElement::new(cap, color.stroke_width(2)))?;
                }
            }
            let place = (axis.at(value), y);
            root.draw(&Circle::new(place, 5, color.filled()))?;
            if !entry.emphasis && !bare {
                root.draw(&Circle::new(place, 3, PAPER.filled()))?;
            }
            let value = fixed(value, layout.decimals);
            let style = text(SIZE, &INK, HPos::Right);
            root.draw(&Text::new(value, (layout.values, numbers), style))?;
        }
        if !bare || entry.value.is_none() {
            let style = text(SIZE, &MUTED, HPos::Right);
            root.draw(&Text::new(
                entry.limits(layout.decimals),
                (layout.width, numbers),
                style,
            ))?;
        }
        Ok(())
    }

    /// The same numbers for those who listen.
    fn in_words(&self, decimals: usize) -> String {
        let number = |number| fixed(number, decimals);
        let one = |entry: &IntervalEntry, bare: bool| {
            let Some(value) = entry.value else {
                return format!("{} {UNDEFINED}", entry.name);
            };
            let interval = match entry.interval {
                Some((low, high)) => format!(", from {} to {}", number(low), number(high)),
                None if bare => String::new(),
                None => format!(", interval {UNDEFINED}"),
            };
            let emphasis = match &self.reference {
                Some((reference, _)) if entry.emphasis => format!(", excludes {}", short(*reference)),
                _ => String::new(),
            };
            format!("{} {}{interval}{emphasis}", entry.name, number(value))
        };
        let group = |group: &IntervalGroup| {
            let entries: Vec<String> = group.entries.iter().map(|entry| one(entry, group.bare)).collect();
            let heading = if group.name.is_empty() { "" } else { ": " };
            format!("{}{heading}{}", group.name, entries.join("; "))
        };
        let unit = match self.unit.as_str() {
            "" => String::new(),
            unit => format!(" ({unit})"),
        };
        let reference = match &self.reference {
            Some((reference, label)) => format!("{} is {label}. ", short(*reference)),
            None => String::new(),
        };
        let groups: Vec<String> = self.groups.iter().map(group).collect();
        format!("{}{unit}. {reference}{}", self.caption, groups.join(". "))
    }
}

impl IntervalGroup {
    /// Height of what stands above the entries.
    fn heading(&self) -> i32 {
        if self.name.is_empty() { GAP } else { GAP + HEADING }
    }
}

impl IntervalEntry {
    /// The interval, as it is shown.
    fn limits(&self, decimals: usize) -> String {
        match self.value.and(self.interval) {
            Some((low, high)) => format!("[{}, {}]", fixed(low, decimals), fixed(high, decimals)),
            None => UNDEFINED.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, value: f64, interval: (f64, f64)) -> IntervalEntry {
        IntervalEntry {
            name: name.into(),
            value: Some(value),
            interval: Some(interval),
            emphasis: interval.0 > 0.0,
        }
    }

    fn two_and_a_gap() -> Intervals {
        let entries = vec![
            entry("smote", 0.05, (0.02, 0.08)),
            entry("ros", -0.01, (-0.03, 0.011)),
            IntervalEntry {
                name: "enn".into(),
                ..IntervalEntry::default()
            },
        ];
        Intervals {
            caption: "Gain".into(),
            groups: vec![IntervalGroup {
                bare: false,
                name: "forest".into(),
                entries,
            }],
            reference: Some((0.0, "no difference".into())),
            ends: Some(("worse".into(), "better".into())),
            unit: "balanced accuracy".into(),
        }
    }

    /// Without the narrow plot, which shows the same.
    fn draw(plot: &Intervals) -> String {
        let html = plot.html().expect("it is drawn").into_string();
        match html.split_once("<div class=\"narrow\">") {
            Some((wide, _)) => wide.to_owned(),
            None => html,
        }
    }

    #[test]
    fn on_a_phone_the_same_numbers_stand_above_their_marks() {
        let plot = two_and_a_gap();
        let (wide, narrow) = (plot.svg(WIDE).unwrap(), plot.svg(NARROW).unwrap());
        for svg in [&wide, &narrow] {
            for part in ["\nsmote\n", "\n[0.020, 0.080]\n", "\nundefined\n"] {
                assert!(svg.contains(part), "{part}\n{svg}");
            }
            assert_eq!(svg.matches("<circle").count(), 3);
        }
        assert!(narrow.starts_with("<svg viewBox=\"0 0 360 "), "{narrow}");
        let mut long = two_and_a_gap();
        long.groups[0].entries = vec![entry("smote", 0.05, (0.02, 0.08)); MOST_NARROW + 1];
        assert!(!long.html().unwrap().into_string().contains("narrow"));
    }

    #[test]
    fn listeners_hear_the_same_numbers() {
        assert_eq!(
            two_and_a_gap().in_words(3),
            "Gain (balanced accuracy). 0 is no difference. forest: smote 0.050, from 0.020 to 0.080, excludes 0; \
             ros −0.010, from −0.030 to 0.011; enn undefined"
        );
    }

    #[test]
    fn an_undefined_number_is_said_and_not_drawn() {
        let html = draw(&two_and_a_gap());
        // One dot is filled, one has a hole.
        assert_eq!(html.matches("<circle").count(), 3);
        assert_eq!(html.matches("\nundefined\n").count(), 1);
        let mut plot = two_and_a_gap();
        plot.groups[0].entries[0].interval = None;
        let html = draw(&plot);
        assert_eq!(html.matches("<circle").count(), 3);
        assert_eq!(html.matches("\nundefined\n").count(), 2);
    }

    #[test]
    fn columns_have_one_number_of_decimals() {
        let html = draw(&two_and_a_gap());
        for number in ["0.050", "[0.020, 0.080]", "−0.010", "[−0.030, 0.011]"] {
            assert!(html.contains(&format!("\n{number}\n")), "{number}");
        }
        let mut plot = two_and_a_gap();
        plot.groups[0].entries = vec![entry("rows", 12.0, (7.0, 30.0))];
        assert!(draw(&plot).contains("\n[7, 30]\n"), "whole numbers stay whole");
    }

    #[test]
    fn names_cannot_become_markup() {
        let mut plot = two_and_a_gap();
        plot.caption = "\"<i>".into();
        plot.groups[0].name = "<b>".into();
        plot.groups[0].entries[0].name = "</svg><script>".into();
        plot.reference = Some((0.0, "<u>".into()));
        plot.ends = Some(("<s>".into(), "<em>".into()));
        let html = draw(&plot);
        for tag in ["<i>", "<b>", "</svg><", "<script", "<u>", "<s>", "<em>"] {
            assert!(!html.contains(tag), "{tag}");
        }
    }

    #[test]
    fn numbers_that_cannot_be_drawn_are_named() {
        let check = |change: fn(&mut Intervals), expected: &str| {
            let mut plot = two_and_a_gap();
            change(&mut plot);
            assert_eq!(plot.html().expect_err("it has no place").to_string(), expected);
        };
        check(
            |plot| plot.groups[0].entries[1].value = Some(f64::NAN),
            "the plot `Gain` cannot show NaN, value of `ros` in `forest`",
        );
        check(
            |plot| plot.groups[0].entries[0].interval = Some((0.0, f64::INFINITY)),
            "the plot `Gain` cannot show inf, upper limit of `smote` in `forest`",
        );
        check(
            |plot| plot.groups[0].entries[0].interval = Some((0.2, 0.1)),
            "`Gain`: the interval of `smote` in `forest` runs from 0.2 down to 0.1",
        );
        check(
            |plot| plot.reference = Some((f64::NAN, "none".into())),
            "the plot `Gain` cannot show NaN, reference `none`",
        );
        check(
            |plot| plot.groups[0].entries[0].interval = Some((f64::MIN, f64::MAX)),
            "`Gain`: numbers from -1.7976931348623157e308 to 1.7976931348623157e308 do not fit on one axis",
        );
    }

    #[test]
    fn whatever_is_left_out_the_rest_is_drawn() {
        let check = |change: fn(&mut Intervals)| {
            let mut plot = two_and_a_gap();
            change(&mut plot);
            draw(&plot);
        };
        check(|plot| plot.groups.clear());
        check(|plot| plot.groups[0].entries.clear());
        check(|plot| plot.reference = None);
        check(|plot| plot.ends = None);
        check(|plot| plot.groups[0].entries.truncate(1));
        check(|plot| {
            plot.reference = None;
            plot.groups[0].entries[..2].fill(IntervalEntry::default());
        });
        check(|plot| plot.groups[0].entries[0] = entry("one", 1e300, (-1e300, 1e300)));
        check(|plot| plot.groups[0].entries[0].name = "a name of ".repeat(40));
        draw(&Intervals::default());
    }

    #[test]
    fn five_hundred_lines_stay_small_and_have_the_same_bytes() {
        let mut plot = two_and_a_gap();
        plot.groups[0].entries = vec![entry("smote", 0.05, (0.02, 0.08)); 500];
        let html = draw(&plot);
        assert!(html.len() < 600_000, "{} bytes", html.len());
        assert_eq!(html, draw(&plot));
    }
}
