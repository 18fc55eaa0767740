use counterpoise_base::counted;
use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use crate::Error;
use crate::plot::{Area, Axis, Failure, INK, MUTED, color, cut, fixed, sheet, text, themed};

/// A diagram of critical differences: methods on an axis of average ranks, with bars below those that are not told apart.
///
/// # Source
///
/// Demšar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 7 (2006), figure 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CriticalDifference {
    /// What was ranked, over how many data sets, and by which test methods are told apart.
    pub caption: String,
    /// The methods, in any order.
    pub methods: Vec<RankedMethod>,
    /// Methods that are not told apart, by their places in [`methods`](Self::methods): one bar for each list.
    pub alike: Vec<Vec<usize>>,
    /// The difference that tells two methods apart, and what it is called; `None` where no single one does.
    pub critical: Option<(f64, String)>,
}

/// A method on an axis of average ranks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RankedMethod {
    /// Its name.
    pub name: String,
    /// Its average rank; 1 if it is always best.
    pub rank: f64,
}

const WIDTH: i32 = 680;
const LINE: i32 = 23;
const GAP: i32 = 8;
const LETTER: i32 = 8;
const SIZE: u32 = 16;
/// Room for a rank beside a name.
const NUMBER: i32 = 42;
/// From one bar to the next.
const BAR: i32 = 9;
/// How far a bar reaches beyond its methods.
const BEYOND: i32 = 4;

/// Where things stand.
struct Layout {
    axis: Axis,
    /// Height of the line of the axis.
    line: i32,
    /// Bars, as lists of methods, each with its height below the axis.
    bars: Vec<((i32, i32), i32)>,
    /// Height of the first line of names.
    names: i32,
    height: i32,
}

impl CriticalDifference {
    pub(crate) fn html(&self) -> Result<Markup, Error> {
        self.check()?;
        let svg = self.svg()?;
        Ok(html! {
            figure class="plot intervals" {
                figcaption { (self.caption) }
                div class="scroll" tabindex="0" { (PreEscaped(svg)) }
            }
        })
    }

    fn check(&self) -> Result<(), Error> {
        let shape = |problem: String| Error::Shape {
            caption: self.caption.clone(),
            problem,
        };
        let count = self.methods.len();
        if count < 2 {
            return Err(shape(format!(
                "of {}, there are no ranks to compare",
                counted(count, "method")
            )));
        }
        for RankedMethod { name, rank } in &self.methods {
            if !rank.is_finite() {
                return Err(Error::NotFinite {
                    caption: self.caption.clone(),
                    value: *rank,
                    place: format!("rank of `{name}`"),
                });
            }
            if !(1.0..=count as f64).contains(rank) {
                return Err(shape(format!(
                    "the rank of `{name}` is {rank}, of {count} methods"
                )));
            }
        }
        if let Some(place) = self.alike.iter().flatten().find(|place| **place >= count) {
            return Err(shape(format!(
                "a bar names method {place}, counted from 0, of {count}"
            )));
        }
        match self.critical {
            Some((critical, _)) if !(critical > 0.0 && critical.is_finite()) => {
                Err(shape(format!("the critical difference is {critical}")))
            }
            _ => Ok(()),
        }
    }

    /// Places of the methods from the best on.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.methods.len()).collect();
        order.sort_by(|&a, &b| {
            let ranks = self.methods[a].rank.total_cmp(&self.methods[b].rank);
            ranks.then(a.cmp(&b))
        });
        order
    }

    fn layout(&self) -> Layout {
        let count = self.methods.len();
        let longest = self
            .methods
            .iter()
            .map(|method| method.name.chars().count())
            .max();
        let edge = (longest.unwrap_or(0) as i32 * LETTER + NUMBER + 2 * GAP).clamp(90, 220);
        let axis = Axis {
            range: (1.0, count as f64),
            pixels: (edge + GAP, WIDTH - edge - GAP),
            whole: false,
        };
        let line = if self.critical.is_some() { 66 } else { 26 };
        // From left to right, each bar on the first line that is free there.
        let mut spans: Vec<(i32, i32)> = self
            .alike
            .iter()
            .filter_map(|methods| {
                let places = methods.iter().map(|&method| axis.at(self.methods[method].rank));
                let (least, most) = (places.clone().min()?, places.max()?);
                Some((least - BEYOND, most + BEYOND))
            })
            .collect();
        spans.sort_unstable();
        let mut free: Vec<i32> = Vec::new();
        let mut bars = Vec::new();
        for span in spans {
            let row = free.iter().position(|&from| from < span.0).unwrap_or(free.len());
            free.resize(free.len().max(row + 1), 0);
            free[row] = span.1 + BEYOND;
            bars.push((span, line + BAR * (row as i32 + 1)));
        }
        let names = line + BAR * (free.len() as i32 + 1) + LINE / 2;
        Layout {
            axis,
            line,
            bars,
            names,
            height: names + LINE * count.div_ceil(2) as i32 - LINE / 2 + GAP,
        }
    }

    fn svg(&self) -> Result<String, Error> {
        let layout = self.layout();
        let svg = sheet(WIDTH, layout.height, |root| {
            self.draw_axis(root, &layout)?;
            self.draw_names(root, &layout)?;
            for &((from, to), y) in &layout.bars {
                root.draw(&PathElement::new([(from, y), (to, y)], color(0).stroke_width(5)))?;
            }
            Ok(())
        })
        .map_err(|problem: Failure| Error::Drawing {
            caption: self.caption.clone(),
            problem: problem.to_string(),
        })?;
        Ok(themed(&svg, WIDTH as u32, layout.height as u32, &self.in_words()))
    }

    /// Ranks above the axis, and the critical difference above them.
    fn draw_axis(&self, root: &Area<'_>, layout: &Layout) -> Result<(), Failure> {
        let (axis, y) = (layout.axis, layout.line);
        let (left, right) = axis.pixels;
        root.draw(&PathElement::new([(left, y), (right, y)], INK.stroke_width(1)))?;
        let count = self.methods.len();
        let apart = f64::from(right - left) / (count as f64 - 1.0);
        let digits = count.to_string().len() as i32 + 1;
        let every = (f64::from(digits * LETTER) / apart).ceil().max(1.0) as usize;
        for rank in 1..=count {
            let x = axis.at(rank as f64);
            root.draw(&PathElement::new([(x, y - 5), (x, y)], INK.stroke_width(1)))?;
            if (rank - 1).is_multiple_of(every) {
                let style = text(SIZE - 1, &MUTED, HPos::Center);
                root.draw(&Text::new(rank.to_string(), (x, y - 15), style))?;
            }
        }
        if let Some((critical, label)) = &self.critical {
            let y = 30;
            let end = 1.0 + critical;
            let fits = end <= count as f64;
            let to = if fits { axis.at(end) } else { right };
            root.draw(&PathElement::new([(left, y), (to, y)], INK.stroke_width(2)))?;
            // A bar that the axis is too short for has an open end.
            for x in [Some(left), fits.then_some(to)].into_iter().flatten() {
                root.draw(&PathElement::new([(x, y - 4), (x, y + 4)], INK.stroke_width(2)))?;
            }
            let label = format!("{label} {}", fixed(*critical, 2));
            let label = cut(&label, ((WIDTH - left) / LETTER) as usize);
            root.draw(&Text::new(label, (left, 11), text(SIZE - 1, &INK, HPos::Left)))?;
        }
        Ok(())
    }

    /// The better half to the left, the others to the right, each at the end of a line from its rank; the outermost on top,
    /// so that no two lines cross.
    fn draw_names(&self, root: &Area<'_>, layout: &Layout) -> Result<(), Failure> {
        let (left, right) = layout.axis.pixels;
        let order = self.order();
        let (better, others) = order.split_at(order.len().div_ceil(2));
        let room = ((left - NUMBER - 2 * GAP) / LETTER).max(1) as usize;
        let sides = [
            (better.to_vec(), left, -1, HPos::Right),
            (others.iter().rev().copied().collect(), right, 1, HPos::Left),
        ];
        for (methods, edge, outwards, across) in sides {
            for (row, method) in methods.into_iter().enumerate() {
                let RankedMethod { name, rank } = &self.methods[method];
                let (x, y) = (layout.axis.at(*rank), layout.names + LINE * row as i32);
                let path = [(x, layout.line), (x, y), (edge, y)];
                root.draw(&PathElement::new(path, MUTED.stroke_width(1)))?;
                let number = (edge + outwards * GAP / 2, y);
                let style = text(SIZE - 1, &MUTED, across);
                root.draw(&Text::new(fixed(*rank, 2), number, style))?;
                let place = (edge + outwards * (GAP / 2 + NUMBER), y);
                root.draw(&Text::new(cut(name, room), place, text(SIZE, &INK, across)))?;
            }
        }
        Ok(())
    }

    /// The same for those who listen.
    fn in_words(&self) -> String {
        let name = |method: usize| self.methods[method].name.as_str();
        let ranks: Vec<String> = self
            .order()
            .into_iter()
            .map(|method| format!("{} {}", name(method), fixed(self.methods[method].rank, 2)))
            .collect();
        let critical = match &self.critical {
            Some((critical, label)) => format!(" {label} {}.", fixed(*critical, 2)),
            None => String::new(),
        };
        let alike: Vec<String> = self
            .alike
            .iter()
            .map(|methods| {
                methods
                    .iter()
                    .map(|&method| name(method))
                    .collect::<Vec<_>>()
                    .join(", ")
            })
            .collect();
        let alike = if alike.is_empty() {
            "All are told apart.".into()
        } else {
            format!("Not told apart: {}.", alike.join("; "))
        };
        format!(
            "{}. Average ranks: {}.{critical} {alike}",
            self.caption,
            ranks.join("; ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagram() -> CriticalDifference {
        let method = |(name, rank): (&str, f64)| RankedMethod {
            name: name.into(),
            rank,
        };
        CriticalDifference {
            caption: "Ranks".into(),
            methods: [("worst", 3.9), ("best", 1.1), ("good", 2.0), ("<b>", 3.0)]
                .map(method)
                .to_vec(),
            alike: vec![vec![1, 2], vec![2, 3], vec![3, 0]],
            critical: Some((1.05, "critical difference".into())),
        }
    }

    fn draw(diagram: &CriticalDifference) -> String {
        diagram.html().expect("it is drawn").into_string()
    }

    #[test]
    fn ranks_and_bars_are_told_in_words_too() {
        let html = draw(&diagram());
        let words = "Ranks. Average ranks: best 1.10; good 2.00; &lt;b&gt; 3.00; worst 3.90. critical difference 1.05. \
                     Not told apart: best, good; good, &lt;b&gt;; &lt;b&gt;, worst.";
        assert!(html.contains(words), "{html}");
        assert!(!html.contains("<b>"));
        assert_eq!(html, draw(&diagram()));
    }

    #[test]
    fn bars_that_overlap_lie_below_one_another() {
        let heights = |alike: &[&[usize]]| -> Vec<i32> {
            let mut diagram = diagram();
            diagram.alike = alike.iter().map(|methods| methods.to_vec()).collect();
            let layout = diagram.layout();
            layout.bars.iter().map(|(_, y)| (y - layout.line) / BAR).collect()
        };
        assert_eq!(heights(&[&[1, 2], &[3, 0]]), [1, 1]);
        assert_eq!(heights(&[&[1, 2], &[2, 3], &[3, 0]]), [1, 2, 1]);
        assert_eq!(heights(&[&[1, 2, 3], &[2, 3, 0], &[]]), [1, 2]);
    }

    #[test]
    fn a_critical_difference_longer_than_the_axis_is_drawn() {
        let mut long = diagram();
        long.critical = Some((7.5, "critical difference".into()));
        assert!(draw(&long).contains("critical difference 7.50"));
    }

    #[test]
    fn many_methods_with_long_names_fit() {
        let mut many = diagram();
        many.methods = (0..40_u32)
            .map(|place| RankedMethod {
                name: format!("a-method-with-a-name-that-never-seems-to-end-{place}"),
                rank: 1.0 + f64::from(place) * 0.9,
            })
            .collect();
        let layout = many.layout();
        let (left, right) = layout.axis.pixels;
        assert!(left > 0 && right - left > 200 && right < WIDTH);
        draw(&many);
    }

    #[test]
    fn what_cannot_be_shown_is_refused_by_name() {
        let check = |change: fn(&mut CriticalDifference), expected: &str| {
            let mut diagram = diagram();
            change(&mut diagram);
            let error = diagram.html().expect_err("it is refused").to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(
            |diagram| diagram.methods[1].rank = f64::NAN,
            "cannot show NaN, rank of `best`",
        );
        check(
            |diagram| diagram.methods[1].rank = 0.5,
            "the rank of `best` is 0.5, of 4 methods",
        );
        check(|diagram| diagram.methods.truncate(1), "of 1 method");
        check(|diagram| diagram.alike[0][0] = 9, "a bar names method 9");
        check(
            |diagram| diagram.critical = Some((-1.0, String::new())),
            "the critical difference is -1",
        );
    }
}
