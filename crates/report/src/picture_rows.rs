use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use crate::Error;

/// Lines of small pictures, each with a title: the typical rows of a class beside those that are misclassified.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PictureRows {
    /// What they show.
    pub caption: String,
    /// The lines, from top to bottom.
    pub rows: Vec<PictureRow>,
}

/// One line of a [`PictureRows`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PictureRow {
    /// What its pictures have in common.
    pub title: String,
    /// A second, smaller line.
    pub note: String,
    /// The pictures; a line without any says so.
    pub pictures: Vec<SmallPicture>,
}

/// One picture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SmallPicture {
    /// The file, in PNG. It is drawn larger, pixel by pixel.
    pub png: Vec<u8>,
    /// The same picture with something over it, such as what the network looks at, in PNG; drawn beside it.
    pub overlay: Option<Vec<u8>>,
    /// What stands below it.
    pub caption: String,
    /// Whether it was recognised.
    pub state: PictureState,
}

/// Whether a picture was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PictureState {
    /// Nothing is said about that.
    #[default]
    Plain,
    /// It was.
    Right,
    /// It was not.
    Wrong,
}

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

impl PictureRows {
    pub(crate) fn html(&self) -> Result<Markup, Error> {
        self.check()?;
        Ok(html! {
            figure class="pictures" {
                figcaption { (self.caption) }
                @for row in &self.rows {
                    div {
                        p { (row.title) @if !row.note.is_empty() { small { (row.note) } } }
                        @if row.pictures.is_empty() { p class="none" { "none" } }
                        @else { ul { @for picture in &row.pictures { (picture.html(&row.title)) } } }
                    }
                }
            }
        })
    }

    fn check(&self) -> Result<(), Error> {
        for row in &self.rows {
            for (place, picture) in row.pictures.iter().enumerate() {
                let files = std::iter::once(&picture.png).chain(&picture.overlay);
                if files.into_iter().any(|file| !file.starts_with(SIGNATURE)) {
                    return Err(Error::Shape {
                        caption: self.caption.clone(),
                        problem: format!("picture {} of `{}` is no PNG file", place + 1, row.title),
                    });
                }
            }
        }
        Ok(())
    }
}

impl SmallPicture {
    fn html(&self, title: &str) -> Markup {
        let (class, sign, word) = match self.state {
            PictureState::Plain => (None, None, ""),
            PictureState::Right => (Some("right"), Some("✓ "), ", right"),
            PictureState::Wrong => (Some("wrong"), Some("✗ "), ", wrong"),
        };
        let source = |png: &[u8]| format!("data:image/png;base64,{}", STANDARD.encode(png));
        let described = format!("{title}: {}{word}", self.caption);
        html! {
            li class=[class] {
                span {
                    img src=(source(&self.png)) alt=(described);
                    @if let Some(overlay) = &self.overlay { img src=(source(overlay)) alt=""; }
                }
                @if !self.caption.is_empty() || sign.is_some() {
                    small { @if let Some(sign) = sign { b aria-hidden="true" { (sign) } } (self.caption) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(picture: SmallPicture) -> PictureRows {
        PictureRows {
            caption: "Medoids".into(),
            rows: vec![
                PictureRow {
                    title: "<safe>".into(),
                    note: "4896 rows".into(),
                    pictures: vec![picture],
                },
                PictureRow {
                    title: "rare".into(),
                    ..PictureRow::default()
                },
            ],
        }
    }

    fn picture(state: PictureState) -> SmallPicture {
        SmallPicture {
            png: SIGNATURE.to_vec(),
            caption: "row 7, as \"dog\"".into(),
            state,
            ..SmallPicture::default()
        }
    }

    fn draw(picture: SmallPicture) -> String {
        rows(picture).html().expect("it is drawn").into_string()
    }

    #[test]
    fn pictures_lie_in_the_page_and_say_what_they_are() {
        let html = draw(picture(PictureState::Plain));
        assert!(
            html.contains("src=\"data:image/png;base64,iVBORw0KGgo=\""),
            "{html}"
        );
        assert!(
            html.contains("alt=\"&lt;safe&gt;: row 7, as &quot;dog&quot;\""),
            "{html}"
        );
        assert!(html.contains("<p>rare</p><p class=\"none\">none</p>"), "{html}");
    }

    #[test]
    fn right_and_wrong_differ_by_more_than_colour() {
        let right = draw(picture(PictureState::Right));
        assert!(right.contains("<li class=\"right\">") && right.contains('✓'));
        assert!(right.contains("&quot;dog&quot;, right\""), "{right}");
        let wrong = draw(picture(PictureState::Wrong));
        assert!(wrong.contains("<li class=\"wrong\">") && wrong.contains('✗'));
    }

    #[test]
    fn an_overlay_stands_beside_its_picture() {
        let mut pair = picture(PictureState::Plain);
        pair.overlay = Some(SIGNATURE.to_vec());
        assert_eq!(draw(pair).matches("<img ").count(), 2);
    }

    #[test]
    fn what_is_no_png_is_named() {
        let mut other = picture(PictureState::Plain);
        other.overlay = Some(b"GIF89a".to_vec());
        let error = rows(other).html().expect_err("it is no PNG");
        assert_eq!(
            error.to_string(),
            "`Medoids`: picture 1 of `<safe>` is no PNG file"
        );
    }
}
