//! What is printed on stdout.

use std::io::Write as _;

use comfy_table::{CellAlignment, Table, TableStyle};
use counterpoise::{TableBlock, Warning, few_of_each};

/// Prints a text; a reader that hung up ends the program quietly.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Whether what is printed on stdout may be bold.
pub(crate) fn styled() -> bool {
    use std::io::IsTerminal as _;

    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A table with aligned columns; `numeric` columns stand to the right.
pub(crate) fn table(headers: &[&str], numeric: &[bool], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_header(headers.iter().copied());
    table.add_rows(rows);
    for (place, column) in table.column_iter_mut().enumerate() {
        let right = numeric.get(place) == Some(&true);
        column.set_cell_alignment(if right {
            CellAlignment::Right
        } else {
            CellAlignment::Left
        });
        column.set_padding((if place == 0 { 2 } else { 1 }, 1));
    }
    let text = table.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    format!("{}\n", lines.join("\n"))
}

/// A table that a page shows too.
pub(crate) fn block(block: &TableBlock) -> String {
    let headers: Vec<&str> = block.headers.iter().map(String::as_str).collect();
    table(&headers, &block.numeric, block.rows.clone())
}

/// Prints warnings on stderr, each with what to do about it.
pub(crate) fn warn(warnings: &[Warning], json: bool) {
    if json {
        for warning in warnings {
            let line = serde_json::json!({"event": "warning", "code": warning.code, "message": warning.message, "hint": warning.hint});
            eprintln!("{line}");
        }
        return;
    }
    for warning in few_of_each(warnings) {
        eprintln!("warning: {}", warning.message);
        if let Some(hint) = &warning.hint {
            eprintln!("   hint: {hint}");
        }
    }
}

/// A share of a whole.
pub(crate) fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        "-".into()
    } else {
        format!("{:.1} %", 100.0 * part as f64 / whole as f64)
    }
}

/// Bytes with a unit.
pub(crate) fn bytes(count: u64) -> String {
    let mib = count as f64 / f64::from(1 << 20);
    match mib {
        mib if mib >= 1024.0 => format!("{:.1} GiB", mib / 1024.0),
        mib if mib >= 10.0 => format!("{mib:.0} MiB"),
        mib if mib >= 0.1 => format!("{mib:.1} MiB"),
        mib => format!("{:.0} KiB", mib * 1024.0),
    }
}

/// A length of time that was estimated.
pub(crate) fn about(time: std::time::Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        seconds if seconds < 0.1 => "less than 0.1 s".into(),
        seconds if seconds < 10.0 => format!("about {seconds:.1} s"),
        seconds if seconds < 120.0 => format!("about {seconds:.0} s"),
        seconds => format!("about {:.0} min", seconds / 60.0),
    }
}

/// Breaks lines between words; paragraphs stay apart.
pub(crate) fn wrapped(text: &str, indent: &str, width: usize) -> String {
    let mut paragraphs = Vec::new();
    for paragraph in text.split("\n\n") {
        let mut lines = vec![String::from(indent)];
        for word in paragraph.split_whitespace() {
            let line = lines.last_mut().expect("there is a first line");
            if line.chars().count() + 1 + word.chars().count() > width && line.len() > indent.len() {
                lines.push(format!("{indent}{word}"));
            } else {
                if line.len() > indent.len() {
                    line.push(' ');
                }
                line.push_str(word);
            }
        }
        paragraphs.push(lines.join("\n"));
    }
    paragraphs.join("\n\n")
}
