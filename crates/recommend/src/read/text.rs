//! Text of records: one form of spaces, and no markup.

use std::borrow::Cow;

/// One line: runs of white space and control characters become one space.
pub(crate) fn tidy(text: &str) -> Cow<'_, str> {
    let plain = |sign: char| !(sign.is_control() || sign.is_whitespace()) || sign == ' ';
    if text.chars().all(plain) && text.trim() == text && !text.contains("  ") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        if sign.is_whitespace() || sign.is_control() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(sign);
        }
    }
    out.truncate(out.trim_end().len());
    Cow::Owned(out)
}

/// Lines, each tidy, none empty.
pub(crate) fn tidy_lines(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return tidy(text);
    }
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line = tidy(line);
        if !line.is_empty() {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&line);
        }
    }
    Cow::Owned(out)
}

/// Applies a function to a text in place.
pub(crate) fn apply(text: &mut String, change: impl Fn(&str) -> Cow<'_, str>) {
    if let Cow::Owned(new) = change(text) {
        *text = new;
    }
}

/// What a tag does to the text around it.
enum Tag {
    /// Nothing: `<i>`, `<sup>`.
    Inline,
    /// A new line: `<p>`, `<br>`.
    Line,
    /// A heading, whose text is followed by a colon.
    Heading,
}

fn tag(name: &str) -> Option<Tag> {
    let name = name.to_ascii_lowercase();
    let name = name
        .strip_prefix("jats:")
        .or_else(|| name.strip_prefix("mml:"))
        .unwrap_or(&name);
    Some(match name {
        "i" | "b" | "u" | "em" | "strong" | "sup" | "sub" | "sc" | "scp" | "small" | "span" | "a" | "inf"
        | "tt" | "italic" | "bold" | "underline" | "monospace" | "font" | "math" | "mi" | "mn" | "mo"
        | "mrow" | "msub" | "msup" | "mtext" | "mspace" | "msubsup" | "semantics" | "mstyle"
        | "inline-formula" | "ext-link" | "xref" | "named-content" | "styled-content" => Tag::Inline,
        "p" | "br" | "div" | "li" | "ul" | "ol" | "sec" | "list" | "list-item" | "section" | "abstract" => {
            Tag::Line
        }
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "title" => Tag::Heading,
        _ => return None,
    })
}

/// Text without the markup of HTML and JATS, with its entities resolved. A `<` that begins no known tag stays.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    without_tags(if text.contains('&') {
        Cow::Owned(without_entities(text))
    } else {
        Cow::Borrowed(text)
    })
}

/// Text without the markup of HTML and JATS, whose entities were resolved before.
pub(crate) fn without_tags(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('<') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((kind, closes, length)) = read_tag(rest) {
            match kind {
                Tag::Inline => {}
                Tag::Heading if closes => {
                    out.truncate(out.trim_end().len());
                    if !out.is_empty() && !out.ends_with([':', '\n', '.', '?', '!']) {
                        out.push(':');
                    }
                    out.push(' ');
                }
                Tag::Line | Tag::Heading => out.push('\n'),
            }
            rest = &rest[length..];
        } else {
            out.push('<');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A tag at the start of a text: what it does, whether it closes, how long it is.
fn read_tag(text: &str) -> Option<(Tag, bool, usize)> {
    let inner = &text[1..];
    let (closes, inner) = match inner.strip_prefix('/') {
        Some(inner) => (true, inner),
        None => (false, inner),
    };
    let name_end = inner
        .find(|sign: char| !(sign.is_ascii_alphanumeric() || matches!(sign, ':' | '-')))
        .unwrap_or(inner.len());
    let kind = tag(&inner[..name_end])?;
    let after = &inner[name_end..];
    let end = after
        .as_bytes()
        .iter()
        .take(1000)
        .position(|&byte| byte == b'>')?;
    let attributes = after[..end].trim().trim_end_matches('/');
    // `a <b and c> d` is no tag.
    let fine = attributes.is_empty() || (attributes.contains('=') && !closes);
    let length = text.len() - after.len() + end + 1;
    fine.then_some((kind, closes, length))
}

/// A text whose entities, such as `&rsquo;`, are characters; what is none stays as it is.
pub fn without_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let found = rest
            .as_bytes()
            .iter()
            .take(12)
            .position(|&byte| byte == b';')
            .and_then(|end| entity(&rest[1..end]).map(|sign| (sign, end + 1)));
        if let Some((sign, length)) = found {
            out.push(sign);
            rest = &rest[length..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// The character of an entity, given without `&` and `;`.
pub(crate) fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|&sign| sign != '\0');
    }
    ENTITIES
        .binary_search_by_key(&name, |&(known, _)| known)
        .ok()
        .map(|at| ENTITIES[at].1)
}

/// The named entities that bibliographic records use, sorted by name.
const ENTITIES: [(&str, char); 92] = [
    ("Aacute", 'Á'),
    ("Agrave", 'À'),
    ("Aring", 'Å'),
    ("Auml", 'Ä'),
    ("Ccedil", 'Ç'),
    ("Delta", 'Δ'),
    ("Eacute", 'É'),
    ("Gamma", 'Γ'),
    ("Lambda", 'Λ'),
    ("Ntilde", 'Ñ'),
    ("Oacute", 'Ó'),
    ("Omega", 'Ω'),
    ("Oslash", 'Ø'),
    ("Ouml", 'Ö'),
    ("Phi", 'Φ'),
    ("Pi", 'Π'),
    ("Psi", 'Ψ'),
    ("Sigma", 'Σ'),
    ("Theta", 'Θ'),
    ("Uuml", 'Ü'),
    ("aacute", 'á'),
    ("acirc", 'â'),
    ("aelig", 'æ'),
    ("agrave", 'à'),
    ("alpha", 'α'),
    ("amp", '&'),
    ("apos", '\''),
    ("aring", 'å'),
    ("atilde", 'ã'),
    ("auml", 'ä'),
    ("beta", 'β'),
    ("bull", '•'),
    ("ccedil", 'ç'),
    ("chi", 'χ'),
    ("copy", '©'),
    ("deg", '°'),
    ("delta", 'δ'),
    ("eacute", 'é'),
    ("ecirc", 'ê'),
    ("egrave", 'è'),
    ("epsilon", 'ε'),
    ("eta", 'η'),
    ("euml", 'ë'),
    ("gamma", 'γ'),
    ("ge", '≥'),
    ("gt", '>'),
    ("hellip", '…'),
    ("iacute", 'í'),
    ("icirc", 'î'),
    ("iota", 'ι'),
    ("iuml", 'ï'),
    ("kappa", 'κ'),
    ("lambda", 'λ'),
    ("laquo", '«'),
    ("ldquo", '“'),
    ("le", '≤'),
    ("lsquo", '‘'),
    ("lt", '<'),
    ("mdash", '—'),
    ("micro", 'µ'),
    ("middot", '·'),
    ("minus", '−'),
    ("mu", 'μ'),
    ("nbsp", '\u{a0}'),
    ("ndash", '–'),
    ("ntilde", 'ñ'),
    ("nu", 'ν'),
    ("oacute", 'ó'),
    ("ocirc", 'ô'),
    ("oelig", 'œ'),
    ("omega", 'ω'),
    ("oslash", 'ø'),
    ("ouml", 'ö'),
    ("phi", 'φ'),
    ("pi", 'π'),
    ("plusmn", '±'),
    ("prime", '′'),
    ("psi", 'ψ'),
    ("quot", '"'),
    ("raquo", '»'),
    ("rdquo", '”'),
    ("reg", '®'),
    ("rho", 'ρ'),
    ("rsquo", '’'),
    ("sigma", 'σ'),
    ("szlig", 'ß'),
    ("tau", 'τ'),
    ("theta", 'θ'),
    ("times", '×'),
    ("uacute", 'ú'),
    ("uuml", 'ü'),
    ("zeta", 'ζ'),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn entities_are_characters_and_what_is_none_stays() {
        assert_eq!(
            without_entities("China&rsquo;s R&D &amp; law; A&B"),
            "China’s R&D & law; A&B"
        );
        assert_eq!(without_entities("no such &thing;"), "no such &thing;");
        assert_eq!(without_entities("&#946;-lactamase &"), "β-lactamase &");
    }

    proptest! {
        #[test]
        fn text_without_ampersands_has_no_entities(text in "[^&]{0,60}") {
            prop_assert_eq!(without_entities(&text), text);
        }

        #[test]
        fn text_without_markup_is_plain(text in "[^&<]{0,60}") {
            prop_assert!(matches!(plain(&text), Cow::Borrowed(_)));
        }

        #[test]
        fn an_entity_is_resolved_once(text in "[a-z]{0,5}(&(amp|lt|gt|#38|#x26);[a-z;]{0,5}){0,4}") {
            let escaped = text.replace('&', "&amp;");
            prop_assert_eq!(without_entities(&escaped), text);
        }
    }

    #[test]
    fn entities_are_sorted() {
        assert!(ENTITIES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn markup_becomes_plain_text() {
        let check = |text: &str, wanted: &str| assert_eq!(tidy_lines(&plain(text)), wanted, "{text}");
        check("<i>E. coli</i> makes CO<sub>2</sub>", "E. coli makes CO2");
        check(
            "&lt;i&gt;E. coli&lt;/i&gt; &amp; yeast &alpha; &#x3b2;",
            "E. coli & yeast α β",
        );
        check(
            "p < 0.05 and a<b, a <b and c> d",
            "p < 0.05 and a<b, a <b and c> d",
        );
        check(
            "<h4>Background</h4>We ask.<h4>Aims:</h4> Two.",
            "Background: We ask.\nAims: Two.",
        );
        check("<jats:p>One.</jats:p><jats:p>Two.</jats:p>", "One.\nTwo.");
        check("<a href=\"x\">link</a><br/>next", "link\nnext");
        check("R&D; &nosuch; &", "R&D; &nosuch; &");
        check("<script>x</script>", "<script>x</script>");
    }

    #[test]
    fn control_characters_become_spaces() {
        assert_eq!(tidy("a\u{1b}[31m\tb\u{a0} c "), "a [31m b c");
        assert_eq!(tidy_lines(" a\r\n\n b "), "a\nb");
        assert!(matches!(tidy("as it was"), Cow::Borrowed(_)));
    }
}
