use counterpoise_base::Warning;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{
    Bars, CriticalDifference, Curves, Error, HeatMap, Intervals, PictureRows, Scatter, Sheet, SizeAndRecall,
    StackedBars,
};

/// One HTML file.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Heading, and title of the browser's tab.
    pub title: String,
    /// What it is about: file, time, seed.
    pub subtitle: String,
    /// The content, in order.
    pub sections: Vec<Section>,
    /// Small print.
    pub footer: Vec<String>,
}

/// A part of a page with a heading.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// Heading.
    pub title: String,
    /// What a reader should take away, in a sentence or two.
    pub lead: String,
    /// The content, in order.
    pub blocks: Vec<Block>,
}

/// A piece of content.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Block {
    /// A paragraph; what stands between backticks is set as code, as in leads and warnings.
    Text(String),
    /// Names and values.
    KeyValues(Vec<(String, String)>),
    /// What to take away, in a box of its own.
    Verdict {
        /// What was asked or found, in a few words; no heading is drawn if it is empty.
        title: String,
        /// One plain sentence; what stands between backticks is set as code.
        text: String,
        /// How it looks.
        tone: Tone,
    },
    /// Sentences, each with a mark of one word before it.
    Marked(Vec<(String, String)>),
    /// A few large numbers.
    Figures(Vec<Figure>),
    /// What looked odd, with what to do about it.
    Warnings(Vec<Warning>),
    /// Rows and columns, which can be copied as CSV.
    Table(TableBlock),
    /// Lying bars.
    Bars(Bars),
    /// Points in the plane.
    Scatter(Scatter),
    /// Numbers with their intervals, as a forest plot.
    Intervals(Intervals),
    /// Methods on an axis of average ranks.
    CriticalDifference(CriticalDifference),
    /// Lines, such as precision against recall.
    Curves(Curves),
    /// A table coloured by its numbers.
    HeatMap(HeatMap),
    /// A picture of pixels, such as a sheet of many small ones.
    Sheet(Sheet),
    /// Bars made of labelled parts.
    StackedBars(StackedBars),
    /// Classes by their size, with what is recognised of each.
    SizeAndRecall(SizeAndRecall),
    /// Lines of small pictures.
    PictureRows(PictureRows),
    /// Text to copy.
    Code {
        /// What it is.
        title: String,
        /// The text.
        text: String,
    },
}

/// Whether a verdict is good news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Neither good nor bad.
    #[default]
    Neutral,
    /// What one hopes for.
    Good,
    /// Read on before you rely on it.
    Caution,
}

/// A large number and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figure {
    /// The number, as it is shown.
    pub value: String,
    /// What it counts.
    pub label: String,
    /// One more word about it.
    pub note: String,
}

/// A table of texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableBlock {
    /// What it lists.
    pub caption: String,
    /// Column names.
    pub headers: Vec<String>,
    /// Which columns hold numbers, which stand to the right.
    pub numeric: Vec<bool>,
    /// The cells, row after row.
    pub rows: Vec<Vec<String>>,
}

/// Draws a page as one self-contained HTML file: no network, light and dark, readable on a phone.
///
/// The same page gives the same bytes.
pub fn render(page: &Page) -> Result<String, Error> {
    let sections = page
        .sections
        .iter()
        .enumerate()
        .map(section)
        .collect::<Result<Vec<_>, _>>()?;
    let html = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (page.title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                header class="top" {
                    div {
                        p class="brand" { "Counterpoise" }
                        h1 { (page.title) }
                        p class="subtitle" { (page.subtitle) }
                    }
                    button type="button" id="theme" aria-label="switch between light and dark" { "◐" }
                }
                @if page.sections.len() > 3 {
                    nav aria-label="sections" {
                        @for (place, section) in page.sections.iter().enumerate() {
                            a href=(format!("#s{place}")) { (section.title) }
                        }
                    }
                }
                main { @for section in sections { (section) } }
                footer { @for line in &page.footer { p { (line) } } }
                script { (PreEscaped(include_str!("script.js"))) }
            }
        }
    };
    Ok(html.into_string())
}

fn section((place, section): (usize, &Section)) -> Result<Markup, Error> {
    let blocks = section.blocks.iter().map(block).collect::<Result<Vec<_>, _>>()?;
    Ok(html! {
        section id=(format!("s{place}")) {
            h2 { (section.title) }
            @if !section.lead.is_empty() { p class="lead" { (ticked(&section.lead)) } }
            @for block in blocks { (block) }
        }
    })
}

fn block(block: &Block) -> Result<Markup, Error> {
    Ok(match block {
        Block::Text(text) => html! { p { (ticked(text)) } },
        Block::KeyValues(pairs) => html! {
            dl { @for (name, value) in pairs { div { dt { (name) } dd { (value) } } } }
        },
        Block::Verdict { title, text, tone } => {
            let (class, sign) = match tone {
                Tone::Neutral => ("verdict", None),
                Tone::Good => ("verdict good", Some("✓")),
                Tone::Caution => ("verdict caution", Some("!")),
            };
            html! {
                div class=(class) {
                    @if let Some(sign) = sign { span class="sign" aria-hidden="true" { (sign) } }
                    div {
                        @if !title.is_empty() { h3 { (title) } }
                        p { (ticked(text)) }
                    }
                }
            }
        }
        Block::Marked(lines) => html! {
            ul class="marked" {
                @for (mark, text) in lines { li { span class=(format!("mark {mark}")) { (mark) } p { (ticked(text)) } } }
            }
        },
        Block::Figures(figures) => html! {
            ul class="figures" {
                @for figure in figures {
                    li { strong { (figure.value) } span { (figure.label) } @if !figure.note.is_empty() { small { (figure.note) } } }
                }
            }
        },
        Block::Warnings(warnings) => html! {
            ul class="warnings" {
                @for warning in warnings {
                    li { p { (ticked(&warning.message)) } @if let Some(hint) = &warning.hint { p class="hint" { (ticked(hint)) } } }
                }
            }
        },
        Block::Table(table) => self::table(table)?,
        Block::Bars(bars) => bars.html()?,
        Block::Scatter(scatter) => scatter.html()?,
        Block::Intervals(intervals) => intervals.html()?,
        Block::CriticalDifference(diagram) => diagram.html()?,
        Block::Curves(curves) => curves.html()?,
        Block::HeatMap(map) => map.html()?,
        Block::Sheet(sheet) => sheet.html(),
        Block::StackedBars(bars) => bars.html()?,
        Block::SizeAndRecall(sizes) => sizes.html()?,
        Block::PictureRows(pictures) => pictures.html()?,
        Block::Code { title, text } => html! {
            figure class="code" {
                figcaption { (title) button type="button" class="copy" data-copy="code" { "copy" } }
                pre tabindex="0" { code { (text) } }
            }
        },
    })
}

/// Sets what stands between backticks as code.
fn ticked(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn table(table: &TableBlock) -> Result<Markup, Error> {
    if let Some(row) = table.rows.iter().position(|row| row.len() != table.headers.len()) {
        let problem = format!(
            "row {row} has {} cells for {} columns",
            table.rows[row].len(),
            table.headers.len()
        );
        return Err(Error::Shape {
            caption: table.caption.clone(),
            problem,
        });
    }
    let class = |column: usize| {
        if table.numeric.get(column) == Some(&true) {
            Some("number")
        } else {
            None
        }
    };
    Ok(html! {
        figure class="table" {
            figcaption { (table.caption) button type="button" class="copy" data-copy="table" { "copy as CSV" } }
            div class="scroll" tabindex="0" {
                table {
                    thead { tr { @for (place, header) in table.headers.iter().enumerate() { th scope="col" class=[class(place)] { (header) } } } }
                    tbody { @for row in &table.rows { tr { @for (place, cell) in row.iter().enumerate() { td class=[class(place)] { (cell) } } } } }
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Point, Series};

    fn page_of(block: Block) -> Page {
        Page {
            title: "t".into(),
            sections: vec![Section {
                blocks: vec![block],
                ..Section::default()
            }],
            ..Page::default()
        }
    }

    fn scatter(points: usize) -> Scatter {
        let point = |place: usize| Point {
            x: (place * 7919 % 1009) as f64,
            y: (place * 104_729 % 997) as f64,
            class: (place % 2) as u32,
            label: format!("row {place}, class rare, men"),
            parents: (place > 4 && place.is_multiple_of(2)).then_some((1, 2)),
        };
        Scatter {
            caption: "rows".into(),
            classes: vec!["a".into(), "b".into()],
            points: (0..points).map(point).collect(),
        }
    }

    #[test]
    fn text_cannot_become_markup() {
        let mut page = page_of(Block::Text("<b>&".into()));
        page.title = "<script>".into();
        let html = render(&page).expect("it is drawn");
        assert!(html.contains("&lt;b&gt;&amp;") && html.contains("<h1>&lt;script&gt;</h1>"));
        let mut scatter = scatter(3);
        scatter.points[0].label = "</script><script>alert(1)</script>".into();
        scatter.caption = "\"<i>".into();
        let html = render(&page_of(Block::Scatter(scatter))).expect("it is drawn");
        assert!(!html.contains("<script>alert") && !html.contains("\"<i>"));
    }

    #[test]
    fn a_verdict_is_text_with_a_tone() {
        let verdict = |tone| Block::Verdict {
            title: "<b>".into(),
            text: "`none` is <i>".into(),
            tone,
        };
        let draw = |tone| render(&page_of(verdict(tone))).expect("it is drawn");
        let html = draw(Tone::Good);
        assert!(html.contains("<h3>&lt;b&gt;</h3><p><code>none</code> is &lt;i&gt;</p>"));
        assert!(html.contains("class=\"verdict good\"") && html.contains('✓'));
        assert!(draw(Tone::Caution).contains("class=\"verdict caution\""));
        assert!(draw(Tone::Neutral).contains("class=\"verdict\""));
    }

    #[test]
    fn four_thousand_points_stay_small() {
        let html = render(&page_of(Block::Scatter(scatter(4000)))).expect("it is drawn");
        assert!(html.len() < 700_000, "{} bytes", html.len());
        assert_eq!(html.matches("<circle").count(), 4000);
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        let html = render(&page_of(Block::Scatter(scatter(10)))).expect("it is drawn");
        for word in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!html.contains(word), "{word}");
        }
    }

    #[test]
    fn empty_blocks_are_drawn() {
        for block in [
            Block::Scatter(Scatter::default()),
            Block::Bars(Bars::default()),
            Block::Intervals(Intervals::default()),
            Block::Curves(Curves::default()),
            Block::HeatMap(HeatMap::default()),
            Block::StackedBars(StackedBars::default()),
            Block::SizeAndRecall(SizeAndRecall::default()),
            Block::PictureRows(PictureRows::default()),
            Block::Table(TableBlock::default()),
        ] {
            render(&page_of(block)).expect("nothing to show is no error");
        }
    }

    #[test]
    fn numbers_that_cannot_be_drawn_are_named() {
        let series = Series {
            name: "before".into(),
            values: vec![Some(1.0), Some(f64::NAN)],
            ..Series::default()
        };
        let bars = Bars {
            caption: "rows".into(),
            categories: vec!["a".into(), "b".into()],
            series: vec![series],
            unit: "rows".into(),
        };
        let error = render(&page_of(Block::Bars(bars))).expect_err("NaN has no length");
        assert_eq!(
            error.to_string(),
            "the plot `rows` cannot show NaN, bar `before` of `b`"
        );
        let mut scatter = scatter(3);
        scatter.points[1].parents = Some((0, 9));
        assert!(render(&page_of(Block::Scatter(scatter))).is_err());
    }

    #[test]
    fn the_same_page_gives_the_same_bytes() {
        let draw = || render(&page_of(Block::Scatter(scatter(100)))).expect("it is drawn");
        assert_eq!(draw(), draw());
    }
}
