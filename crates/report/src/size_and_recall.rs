use maud::{Markup, html};

use crate::plot::{cut_names, legible, short};
use crate::{Error, TableBlock};

/// What a class is recognised by against how many rows it has: recalls above, sizes below, the largest class first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SizeAndRecall {
    /// What the numbers are, and of which level their intervals.
    pub caption: String,
    /// What the size counts: `training rows`.
    pub size_label: String,
    /// What goes from 0 to 1: `recall`.
    pub recall_label: String,
    /// The classes, in any order; of equally large ones the first stands first.
    pub classes: Vec<ClassRecall>,
}

/// One class of a [`SizeAndRecall`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassRecall {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub size: usize,
    /// From 0 to 1; `None` where no row was judged.
    pub recall: Option<f64>,
    /// Least and most that it may be; `None` where it is not known.
    pub interval: Option<(f64, f64)>,
}

const WIDTH: f64 = 680.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = WIDTH - 8.0;
/// From 1 to 0.
const RECALLS: (f64, f64) = (26.0, 206.0);
/// From the most to the fewest rows.
const SIZES: (f64, f64) = (244.0, 354.0);
const FONT: f64 = 12.0;
const LETTER: f64 = FONT * 0.63;
/// Letters of a name.
const MOST_LETTERS: usize = 18;
/// Classes whose numbers are written.
const MOST_NUMBERS: usize = 12;

impl SizeAndRecall {
    pub(crate) fn html(&self) -> Result<Markup, Error> {
        self.check()?;
        let order = self.order();
        let pitch = (RIGHT - LEFT) / order.len().max(1) as f64;
        let middle = |place: usize| LEFT + pitch * (place as f64 + 0.5);
        let (base, top) = self.decades();
        let up = |recall: f64| RECALLS.1 + (RECALLS.0 - RECALLS.1) * recall.clamp(0.0, 1.0);
        let tall = |size: f64| {
            SIZES.1 + (SIZES.0 - SIZES.1) * (size.log10() - f64::from(base)) / f64::from(top - base)
        };
        let names = Names::of(&order, pitch);
        let height = SIZES.1 + names.height();
        let radius = (pitch * 0.3).clamp(1.8, 4.0);
        let wide = (pitch * 0.72).min(60.0);
        let numbers = order.len() <= MOST_NUMBERS;
        let line: Vec<String> = order
            .iter()
            .enumerate()
            .filter_map(|(place, class)| Some((middle(place), up(class.recall?))))
            .map(|(x, y)| format!("{},{}", legible(x), legible(y)))
            .collect();
        Ok(html! {
            figure class="plot sizes" {
                figcaption { (self.caption) }
                div class="scroll" tabindex="0" {
                    svg viewBox=(format!("0 0 {WIDTH} {}", legible(height))) font-size=(FONT) role="img" aria-label=(self.in_words()) {
                        text class="label" x="0" y="9" { (self.recall_label) }
                        @for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
                            line x1=(LEFT) x2=(RIGHT) y1=(legible(up(tick))) y2=(legible(up(tick))) {}
                            text class="tick" x=(LEFT - 6.0) y=(legible(up(tick))) { (short(tick)) }
                        }
                        text class="label" x="0" y=(SIZES.0 - 16.0) { (self.size_label) ", in powers of ten" }
                        @for power in base..=top {
                            @let y = legible(tall(10_f64.powi(power)));
                            line x1=(LEFT) x2=(RIGHT) y1=(y) y2=(y) {}
                            text class="tick" x=(LEFT - 6.0) y=(y) { (short(10_f64.powi(power))) }
                        }
                        polyline points=(line.join(" ")) {}
                        @for (place, class) in order.iter().enumerate() {
                            @let x = middle(place);
                            g {
                                title { (self.pointed_at(class)) }
                                rect class="all" x=(legible(x - pitch / 2.0)) y="0" width=(legible(pitch)) height=(legible(height)) {}
                                @if class.size > 0 {
                                    @let y = tall(class.size as f64);
                                    rect class="bar" x=(legible(x - wide / 2.0)) y=(legible(y)) width=(legible(wide)) height=(legible(SIZES.1 - y)) {}
                                }
                                @if numbers {
                                    @let y = if class.size > 0 { tall(class.size as f64) } else { SIZES.1 };
                                    text class="number" x=(legible(x)) y=(legible(y - 7.0)) { (short(class.size as f64)) }
                                }
                                @if let Some((low, high)) = class.interval {
                                    path d=(whisker(x, up(low), up(high), radius)) {}
                                }
                                @if let Some(recall) = class.recall {
                                    circle cx=(legible(x)) cy=(legible(up(recall))) r=(legible(radius)) {}
                                    @if numbers {
                                        @let high = class.interval.map_or(recall, |(_, high)| high);
                                        // Above the frame it would meet the label.
                                        @let (across, y) = if up(high) - 9.0 < RECALLS.0 - 10.0 { (x + radius + 15.0, up(recall)) } else { (x, up(high) - 9.0) };
                                        text class="number" x=(legible(across)) y=(legible(y)) { (format!("{recall:.2}")) }
                                    }
                                }
                                @if names.shown(place) { (names.draw(place, x)) }
                            }
                        }
                    }
                }
            }
        })
    }

    /// The numbers, a row a class, as they are drawn.
    pub fn table(&self) -> TableBlock {
        let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let row = |class: &&ClassRecall| {
            vec![
                class.name.clone(),
                class.size.to_string(),
                number(class.recall),
                number(class.interval.map(|(low, _)| low)),
                number(class.interval.map(|(_, high)| high)),
            ]
        };
        let recall = &self.recall_label;
        TableBlock {
            caption: self.caption.clone(),
            headers: vec![
                "class".into(),
                self.size_label.clone(),
                recall.clone(),
                format!("{recall} at least"),
                format!("{recall} at most"),
            ],
            numeric: vec![false, true, true, true, true],
            rows: self.order().iter().map(row).collect(),
        }
    }

    fn order(&self) -> Vec<&ClassRecall> {
        let mut order: Vec<&ClassRecall> = self.classes.iter().collect();
        order.sort_by_key(|class| std::cmp::Reverse(class.size));
        order
    }

    /// Powers of ten at the lower and the upper end; the smallest class still has a bar.
    fn decades(&self) -> (i32, i32) {
        let sizes = || {
            self.classes
                .iter()
                .map(|class| class.size)
                .filter(|size| *size > 0)
        };
        let least = sizes().min().unwrap_or(1);
        let most = sizes().max().unwrap_or(1);
        let base = least.ilog10() as i32 - i32::from(10_usize.pow(least.ilog10()) == least);
        let top = most.ilog10() as i32 + i32::from(10_usize.pow(most.ilog10()) < most);
        (base, top.max(base + 1))
    }

    fn check(&self) -> Result<(), Error> {
        for class in &self.classes {
            let interval = class.interval.map(|(low, high)| [low, high]);
            for value in class.recall.into_iter().chain(interval.into_iter().flatten()) {
                if !value.is_finite() {
                    return Err(Error::NotFinite {
                        caption: self.caption.clone(),
                        value,
                        place: format!("class `{}`", class.name),
                    });
                }
                // Sums of fractions pass 1 by a rounding.
                if !(-1e-9..=1.0 + 1e-9).contains(&value) {
                    return Err(Error::Shape {
                        caption: self.caption.clone(),
                        problem: format!("{value} of class `{}` is outside 0 to 1", class.name),
                    });
                }
            }
        }
        Ok(())
    }

    fn pointed_at(&self, class: &ClassRecall) -> String {
        let recall = class.recall.map_or("not defined".into(), short);
        let interval = class.interval.map_or(String::new(), |(low, high)| {
            format!(" ({} to {})", short(low), short(high))
        });
        format!(
            "{}: {} {}, {} {recall}{interval}",
            class.name,
            short(class.size as f64),
            self.size_label,
            self.recall_label
        )
    }

    /// The same numbers for those who listen.
    fn in_words(&self) -> String {
        let classes: Vec<String> = self
            .order()
            .into_iter()
            .map(|class| self.pointed_at(class))
            .collect();
        format!("{}. {}", self.caption, classes.join("; "))
    }
}

/// A line from `low` to `high` with short ends.
fn whisker(x: f64, low: f64, high: f64, half: f64) -> String {
    let [left, x, right, low, high] = [x - half, x, x + half, low, high].map(legible);
    format!("M{left} {low}H{right}M{left} {high}H{right}M{x} {low}V{high}")
}

/// How names stand below their columns.
struct Names {
    /// The names, cut where they are long.
    short: Vec<String>,
    /// Letters of the longest.
    longest: f64,
    upright: bool,
    /// Every how many columns has its name.
    every: usize,
}

impl Names {
    fn of(order: &[&ClassRecall], pitch: f64) -> Self {
        let short = cut_names(order.iter().map(|class| class.name.as_str()), MOST_LETTERS);
        let lengths = short.iter().map(|name| name.chars().count());
        let longest = lengths.max().unwrap_or(0) as f64 * LETTER;
        let upright = longest + 6.0 <= pitch;
        let every = if upright {
            1
        } else {
            ((FONT + 1.0) / pitch).ceil().max(1.0) as usize
        };
        Self {
            short,
            longest,
            upright,
            every,
        }
    }

    fn height(&self) -> f64 {
        if self.upright { 24.0 } else { self.longest + 14.0 }
    }

    fn shown(&self, place: usize) -> bool {
        place.is_multiple_of(self.every)
    }

    fn draw(&self, place: usize, x: f64) -> Markup {
        let name = &self.short[place];
        let (x, y) = (legible(x), SIZES.1 + if self.upright { 13.0 } else { 7.0 });
        html! {
            @if self.upright { text class="below" x=(x) y=(y) { (name) } }
            @else { text class="turned" transform=(format!("translate({x} {y}) rotate(-90)")) { (name) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str, size: usize, recall: Option<f64>) -> ClassRecall {
        ClassRecall {
            name: name.into(),
            size,
            recall,
            interval: recall.map(|recall| (recall - 0.05, recall + 0.05)),
        }
    }

    fn plot(classes: Vec<ClassRecall>) -> SizeAndRecall {
        SizeAndRecall {
            caption: "Recall and size".into(),
            size_label: "training rows".into(),
            recall_label: "recall".into(),
            classes,
        }
    }

    fn draw(plot: &SizeAndRecall) -> String {
        plot.html().expect("it is drawn").into_string()
    }

    #[test]
    fn the_largest_class_stands_first() {
        let plot = plot(vec![
            class("<truck>", 45, Some(0.22)),
            class("plane", 4500, Some(0.95)),
            class("none", 0, None),
        ]);
        let html = draw(&plot);
        let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text} in {html}"));
        let plane = at("<title>plane: 4500 training rows, recall 0.95 (0.9 to 1)</title>");
        let truck = at("<title>&lt;truck&gt;: 45 training rows, recall 0.22 (0.17 to 0.27)</title>");
        let none = at("<title>none: 0 training rows, recall not defined</title>");
        assert!(plane < truck && truck < none);
        // A class without rows has no bar, one without recall no dot.
        assert_eq!(html.matches("<rect class=\"bar\"").count(), 2);
        assert_eq!(html.matches("<circle").count(), 2);
        let table = plot.table();
        assert_eq!(table.rows[0][..3], ["plane", "4500", "0.95"]);
        assert_eq!(table.rows[2], ["none", "0", "", "", ""]);
    }

    #[test]
    fn the_scale_of_sizes_ends_in_powers_of_ten_and_the_smallest_has_a_bar() {
        let check = |sizes: &[usize], expected: (i32, i32)| {
            let classes = sizes.iter().map(|&size| class("a", size, None)).collect();
            assert_eq!(plot(classes).decades(), expected, "{sizes:?}");
        };
        check(&[4500, 45], (1, 4));
        check(&[5000, 5000], (3, 4));
        check(&[100, 100], (1, 2));
        check(&[1, 1], (-1, 0));
        check(&[1, 7], (-1, 1));
        check(&[0], (-1, 0));
        check(&[], (-1, 0));
    }

    #[test]
    fn names_of_many_classes_are_thinned_and_those_of_two_stand_level() {
        let of = |count: usize| {
            let classes = (0..count).map(|place| class(&format!("class {place}"), 10, Some(0.5)));
            draw(&plot(classes.collect()))
        };
        assert_eq!(of(2).matches("class=\"below\"").count(), 2);
        assert_eq!(of(20).matches("class=\"turned\"").count(), 20);
        let hundred = of(100);
        assert_eq!(hundred.matches("class=\"turned\"").count(), 34);
        assert_eq!(hundred.matches("<title>").count(), 100);
        assert!(hundred.len() < 80_000, "{} bytes", hundred.len());
    }

    #[test]
    fn recalls_that_are_none_are_told() {
        let check = |recall, expected: &str| {
            let plot = plot(vec![class("cat", 3, Some(recall))]);
            assert_eq!(plot.html().expect_err("it is wrong").to_string(), expected);
        };
        check(
            f64::NAN,
            "the plot `Recall and size` cannot show NaN, class `cat`",
        );
        check(1.5, "`Recall and size`: 1.5 of class `cat` is outside 0 to 1");
    }
}
