//! `counterpoise audit-leakage`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{
    LeakageAudit, LeakageVerdict, audit_leakage_of_files, check_page, counted, leakage_page, write_page,
};

use crate::failure::LeakageFound;
use crate::flags::AuditLeakageFlags;
use crate::progress::Progress;
use crate::terminal::{self, table};

pub(crate) fn from_flags(flags: &AuditLeakageFlags, json: bool, progress: &Progress) -> Result<()> {
    if let Some(path) = &flags.report {
        check_page(path)?;
    }
    let audit = audit_leakage_of_files(&flags.files()?, &flags.options()?, progress)?;
    if let Some(path) = &flags.report {
        write_page(&leakage_page(&audit), path)?;
    }
    progress.end();
    if json {
        terminal::print(&format!("{}\n", serde_json::to_string_pretty(&audit)?))?;
    } else {
        let mut text = in_words(&audit);
        if let Some(path) = &flags.report {
            let _ = writeln!(text, "\nwrote {}", path.display());
        }
        terminal::print(&text)?;
        terminal::warn(&audit.warnings, false);
    }
    let least = if flags.strict {
        LeakageVerdict::Suspicious
    } else {
        LeakageVerdict::Leak
    };
    if audit.verdict >= least {
        return Err(LeakageFound.into());
    }
    Ok(())
}

fn in_words(audit: &LeakageAudit) -> String {
    let mut text = String::new();
    let (train, test) = (&audit.train, &audit.test);
    let _ = writeln!(
        text,
        "{}: {}; {}: {}; {}\n\nverdict: {}",
        train.file,
        counted(train.rows, "training row"),
        test.file,
        counted(test.rows, "test row"),
        counted(audit.features, "feature"),
        audit.verdict.name()
    );
    for finding in &audit.findings {
        let name = match finding.verdict {
            LeakageVerdict::Clean => "note",
            verdict => verdict.name(),
        };
        let _ = writeln!(text, "\n{name}: {}", finding.message);
        for example in &finding.examples {
            let mut places = Vec::new();
            places.extend(example.test_row.map(|row| format!("{} row {row}", test.file)));
            places.extend(example.train_row.map(|row| format!("{} row {row}", train.file)));
            let _ = writeln!(text, "  {} ({})", places.join(", "), example.note);
        }
        if let Some(p) = finding
            .p_value
            .filter(|_| finding.verdict > LeakageVerdict::Clean)
        {
            let _ = writeln!(
                text,
                "  an honest split has as many with a chance of {:.1e} at most",
                p.max(1e-300)
            );
        }
        let _ = writeln!(text, "  hint: {}", finding.hint);
    }
    let line = |name: &str, pairs: usize, across: usize, expected: f64| {
        vec![
            name.to_owned(),
            pairs.to_string(),
            across.to_string(),
            format!("{expected:.1}"),
        ]
    };
    let copies = &audit.copies.excess;
    let mut rows = vec![line("equal rows", copies.pairs, copies.across, copies.expected)];
    if let Some(near) = &audit.near {
        rows.push(line(
            "closest unequal rows",
            near.pairs,
            near.across,
            near.expected,
        ));
    }
    let _ = write!(
        text,
        "\n{}",
        table(
            &["pairs of", "pairs", "across the split", "expected"],
            &[false, true, true, true],
            rows
        )
    );
    if let Some(distances) = &audit.distances {
        let row = |(place, share): (usize, &f64)| {
            vec![
                format!("{:.0} % of rows", 100.0 * share),
                format!("{:.4}", distances.train[place]),
                format!("{:.4}", distances.test[place]),
            ]
        };
        let rows = distances.quantiles.iter().enumerate().map(row).collect();
        let headers = ["nearest training row within", "from training", "from test"];
        let _ = write!(text, "\n{}", table(&headers, &[false, true, true], rows));
    }
    if let Some(parents) = &audit.parents {
        let how = if parents.looked_up {
            "looked up"
        } else {
            "found for certain"
        };
        let _ = writeln!(
            text,
            "\nsynthetic training rows: {}; parents {how}: {}",
            parents.synthetic, parents.traced
        );
    }
    text
}
