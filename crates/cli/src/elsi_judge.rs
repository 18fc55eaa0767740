//! `counterpoise elsi screen` and `judge`.

use std::io::{BufRead as _, Write as _};
use std::path::Path;

use anyhow::Result;
use counterpoise::elsi::{
    Judgement, Queue, RecommendError, Relevance, Waiting, pool, read_judgements, read_relevance, screen,
    write_lines,
};
use counterpoise::{Error, counted, write_text};

use crate::elsi::{open, print_json, question, titled};
use crate::elsi_flags::{JudgeFlags, ScreenFlags};
use crate::progress::Progress;
use crate::terminal::{self, table};

pub(crate) fn screen_documents(flags: &ScreenFlags, json: bool, progress: &Progress) -> Result<()> {
    let queue = Queue::from_name(&flags.queue)?;
    let library = open(&flags.library, progress)?;
    let judged = match &flags.judgements {
        Some(path) => {
            there(path)?;
            read_judgements(path)?
        }
        None => Vec::new(),
    };
    let (screened, waiting) = screen(&library, &judged, queue, flags.limit as usize)?;
    progress.end();
    if json {
        return print_json(&serde_json::json!({"screened": screened, "waiting": waiting}));
    }
    let rows = waiting.iter().map(|waiting| {
        vec![
            format!("{:.2}", waiting.chance_of_elsi),
            titled(&waiting.title).to_owned(),
            waiting.about.clone(),
            waiting.id.clone(),
        ]
    });
    terminal::print(&format!(
        "{}\n{} of {} judged, {} of them on ethics, law and society; some {:.0} more expected among the others\n",
        table(
            &["P(ELSI)", "title", "", "id"],
            &[true, false, false, false],
            rows.collect()
        ),
        screened.judged,
        counted(screened.documents, "document"),
        screened.elsi,
        screened.expected_left
    ))
}

/// Where judgements are only read, a file that is not there is a name that was misspelt.
fn there(judgements: &Path) -> Result<()> {
    if judgements.exists() {
        return Ok(());
    }
    Err(Error::from(RecommendError::NotThere {
        path: judgements.into(),
        more: "",
        hint: "check the path; `counterpoise elsi judge FILE.jsonl` makes such a file",
    })
    .into())
}

/// What somebody says at the prompt.
enum Said {
    Grade(u8),
    Skip,
    Undo,
    Quit,
}

pub(crate) fn judge(flags: &JudgeFlags, json: bool, progress: &Progress) -> Result<()> {
    if let Some(path) = &flags.qrels {
        return qrels(&flags.judgements, path, json);
    }
    let library = open(&flags.library, progress)?;
    if let Some(given) = &flags.question {
        if given == "-" {
            return Err(Error::Config {
                place: "--question -".into(),
                problem: "answers come from the standard input, so that the text cannot".into(),
                hint: Some("write the text into a file, and name it".into()),
            }
            .into());
        }
        let mut question = question(given, &library, json)?;
        // The name by which judgements are found again.
        question.name.clone_from(given);
        let mut judged = read_relevance(&flags.judgements)?;
        let waiting = pool(&library, &question, flags.depth as usize, &judged)?;
        progress.end();
        let ask = format!(
            "Does it help with the ethical, legal or social side of {}?",
            question.name
        );
        let before = judged.len();
        return ask_each(&waiting, &ask, &flags.judgements, json, |said| {
            match said {
                Change::Add(waiting, grade) => judged.push(Relevance {
                    query: question.name.clone(),
                    id: waiting.id.clone(),
                    grade,
                    by: flags.by.clone(),
                }),
                Change::TakeBack => judged.truncate(judged.len().saturating_sub(1).max(before)),
            }
            Ok(write_lines(&judged, &flags.judgements)?)
        });
    }
    let queue = Queue::from_name(&flags.queue)?;
    let mut judged = read_judgements(&flags.judgements)?;
    let (_, waiting) = screen(&library, &judged, queue, usize::MAX)?;
    progress.end();
    let before = judged.len();
    let ask = "Is it on ethics, law and society?";
    ask_each(&waiting, ask, &flags.judgements, json, |said| {
        match said {
            Change::Add(waiting, grade) => judged.push(Judgement {
                id: waiting.id.clone(),
                elsi: grade,
                aspects: Vec::new(),
                by: flags.by.clone(),
                weight: 1.0,
            }),
            Change::TakeBack => judged.truncate(judged.len().saturating_sub(1).max(before)),
        }
        Ok(write_lines(&judged, &flags.judgements)?)
    })
}

enum Change<'a> {
    Add(&'a Waiting, u8),
    TakeBack,
}

/// Shows document after document, and hears what is said of each. Every answer is saved at once.
fn ask_each(
    waiting: &[Waiting],
    ask: &str,
    file: &Path,
    json: bool,
    mut save: impl FnMut(Change<'_>) -> Result<()>,
) -> Result<()> {
    let mut input = std::io::stdin().lock();
    let mut graded: Vec<usize> = Vec::new();
    let mut place = 0;
    prompt(
        json,
        &format!(
            "{} to judge, into {}`{}`. {ask} 2 or y yes, 1 or p partly, 0 or n no, s skip, u undo, q quit\n",
            counted(waiting.len(), "document"),
            if file.exists() { "" } else { "the new file " },
            file.display()
        ),
    )?;
    loop {
        let document = waiting.get(place);
        let text = document.map_or_else(
            || "\nthat was the last one: u undo, q quit\n> ".to_owned(),
            |document| shown(place, document),
        );
        prompt(json, &text)?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            break;
        }
        match (said(&line), document) {
            (Some(Said::Quit), _) => break,
            (Some(Said::Undo), _) => match graded.pop() {
                Some(before) => {
                    save(Change::TakeBack)?;
                    place = before;
                }
                None => prompt(json, "nothing to undo\n")?,
            },
            (Some(Said::Grade(grade)), Some(document)) => {
                save(Change::Add(document, grade))?;
                graded.push(place);
                place += 1;
            }
            (Some(Said::Skip), Some(_)) => place += 1,
            (None, Some(_)) => prompt(json, "say 2, 1, 0, s, u or q\n")?,
            (_, None) => prompt(json, "say u or q\n")?,
        }
    }
    if json {
        return print_json(
            &serde_json::json!({"judged": graded.len(), "left": waiting.len().saturating_sub(place)}),
        );
    }
    terminal::print(&format!(
        "\n{} judged, {} left\n",
        counted(graded.len(), "document"),
        waiting.len().saturating_sub(place)
    ))
}

/// Says something to whoever judges. With `--json`, stdout is for the result alone.
fn prompt(json: bool, text: &str) -> Result<()> {
    if !json {
        return terminal::print(text);
    }
    let mut out = std::io::stderr().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// A document and the prompt.
fn shown(place: usize, document: &Waiting) -> String {
    let mut text = format!(
        "\n{}. {}\n   {} ({})\n",
        place + 1,
        titled(&document.title),
        document.about,
        document.id
    );
    if !document.abstract_text.is_empty() {
        text.push_str(&terminal::wrapped(&document.abstract_text, "   ", 110));
        text.push('\n');
    }
    text.push_str("> ");
    text
}

fn said(line: &str) -> Option<Said> {
    Some(match line.trim().to_lowercase().as_str() {
        "0" | "n" | "no" => Said::Grade(0),
        "1" | "p" | "partly" => Said::Grade(1),
        "2" | "y" | "yes" => Said::Grade(2),
        "s" | "skip" => Said::Skip,
        "u" | "undo" => Said::Undo,
        "q" | "quit" => Said::Quit,
        _ => return None,
    })
}

/// Judgements for texts, as other programs read them. The last word of a reader on a document counts; of several readers, the lowest.
fn qrels(judgements: &Path, path: &Path, json: bool) -> Result<()> {
    there(judgements)?;
    let lines = read_relevance(judgements)?;
    let mut last = std::collections::BTreeMap::new();
    for line in &lines {
        last.insert((&line.query, &line.id, &line.by), line.grade);
    }
    let mut grades = std::collections::BTreeMap::new();
    for ((query, id, _), grade) in last {
        let lowest = grades
            .entry((query.replace(char::is_whitespace, "_"), id.clone()))
            .or_insert(grade);
        *lowest = grade.min(*lowest);
    }
    if grades.is_empty() {
        return Err(Error::Config {
            place: judgements.display().to_string(),
            problem: "it holds no judgement for a text".into(),
            hint: Some("judge some: `counterpoise elsi judge FILE.jsonl --question abstract.txt`".into()),
        }
        .into());
    }
    let text: String = grades
        .iter()
        .map(|((query, id), grade)| format!("{query} 0 {id} {grade}\n"))
        .collect::<Vec<_>>()
        .concat();
    write_text(&text, path)?;
    if json {
        return print_json(&serde_json::json!({"judgements": grades.len(), "output": path}));
    }
    terminal::print(&format!(
        "wrote {} to {}\n",
        counted(grades.len(), "judgement"),
        path.display()
    ))
}
