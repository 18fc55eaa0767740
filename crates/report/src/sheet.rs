use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

/// A picture of pixels inside of the page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sheet {
    /// What it shows, below it.
    pub caption: String,
    /// What a person who cannot see it should know.
    pub description: String,
    /// What its lines are, from top to bottom; drawn beside it if not empty, so the lines have to be of one height.
    pub lines: Vec<String>,
    /// The file, in PNG.
    pub png: Vec<u8>,
}

impl Sheet {
    pub(crate) fn html(&self) -> Markup {
        let source = format!("data:image/png;base64,{}", STANDARD.encode(&self.png));
        html! {
            figure class="sheet" {
                div {
                    @if !self.lines.is_empty() {
                        ol aria-hidden="true" { @for line in &self.lines { li { (line) } } }
                    }
                    img src=(source) alt=(self.description);
                }
                figcaption { (self.caption) }
            }
        }
    }
}
