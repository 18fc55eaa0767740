//! `counterpoise elsi watch`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use counterpoise::elsi::{
    FileLock, News, RecommendError, RecommendOptions, Watch, Watches, write_digest, write_feed,
};
use counterpoise::{Error, counted};

use crate::elsi::{item_in_words, open, print_json};
use crate::elsi_flags::WatchCommand;
use crate::progress::Progress;
use crate::terminal::{self, table};

pub(crate) fn run(command: WatchCommand, json: bool, progress: &Progress) -> Result<()> {
    match command {
        WatchCommand::Add {
            name,
            question,
            replace,
            watches,
            library,
        } => {
            // Told before a long text is read; what counts is looked at again when it is kept.
            let mut list = Watches::read(&watches.watches)?;
            if replace {
                list.forget(&name);
            }
            list.can_keep(&name)?;
            let of = place_of(library.library.as_deref());
            let library = open(&library, progress)?;
            let question = crate::elsi::question(&question, &library, json)?;
            let title = question.name.clone();
            Watches::change(&watches.watches, |list| {
                if replace {
                    list.forget(&name);
                }
                list.keep(&name, question, &library, &of)
            })?;
            progress.end();
            said(
                json,
                &format!(
                    "`{name}` is kept ({title}); `counterpoise elsi watch run` tells what comes after the {} of today\n",
                    counted(library.len(), "document")
                ),
            )
        }
        WatchCommand::Remove {
            name,
            watches,
            library,
        } => {
            kept(&watches.watches)?;
            Watches::change(&watches.watches, |list| {
                forget(list, &name, library.as_deref(), &watches.watches)
            })?;
            said(json, &format!("`{name}` is forgotten\n"))
        }
        WatchCommand::List { watches, library } => {
            let list = Watches::read(&watches.watches)?;
            let list = these(&list, library.as_deref());
            if json {
                return print_json(&list);
            }
            let rows = list.iter().map(|watch| {
                let start: String = format!("{} {}", watch.title, watch.text)
                    .trim()
                    .chars()
                    .take(80)
                    .collect();
                vec![
                    watch.name.clone(),
                    start.replace('\n', " "),
                    watch.seen.to_string(),
                    watch.library.clone().unwrap_or_default(),
                ]
            });
            terminal::print(&table(
                &["name", "text", "documents seen", "library"],
                &[false, false, true, false],
                rows.collect(),
            ))
        }
        WatchCommand::Run {
            watches,
            library,
            filter,
            atom: feed,
            digest: markdown,
            limit,
        } => {
            let list = kept(&watches.watches)?;
            if list.list().is_empty() {
                return Err(Error::Config {
                    place: watches.watches.display().to_string(),
                    problem: "no question is kept here".into(),
                    hint: Some(KEEP.into()),
                }
                .into());
            }
            let of = place_of(library.library.as_deref());
            let library = open(&library, progress)?;
            if !list.list().iter().any(|watch| watch.is_of(&of)) {
                return Err(of_others_only(&list, &of, &watches.watches).into());
            }
            let mut options = RecommendOptions::default();
            options.limit = limit as usize;
            options.filter = filter.filter()?;
            let news = list.ask(&library, &of, &options)?;
            let stays = write_files(&news, &watches.watches, feed.as_deref(), markdown.as_deref())?;
            progress.end();
            if json {
                print_json(&news)?;
            } else {
                terminal::print(&in_words(&news))?;
            }
            // What was told is noted last: what could not be written or printed is told again.
            Watches::change(&watches.watches, |there| {
                there.told(&list, &news, &library, &of);
                Ok(())
            })?;
            if stays && let Some(path) = &markdown {
                progress.say(&format!("nothing is new: `{}` stays as it is", path.display()));
            }
            let others: Vec<&str> = list.of_others(&of).map(|watch| &*watch.name).collect();
            if !others.is_empty() {
                progress.say(&format!(
                    "kept for other libraries, and not asked: {}",
                    others.join(", ")
                ));
            }
            Ok(())
        }
    }
}

const KEEP: &str = "keep one: `counterpoise elsi watch add NAME abstract.txt`";

/// Questions where some have to be.
fn kept(path: &Path) -> Result<Watches> {
    if !path.exists() {
        return Err(Error::from(RecommendError::NotThere {
            path: path.into(),
            more: ", so that no question is kept in it",
            hint: KEEP,
        })
        .into());
    }
    Ok(Watches::read(path)?)
}

/// Writes what is wanted of a feed and a digest. Whether the digest stays as it is.
fn write_files(news: &[News], watches: &Path, feed: Option<&Path>, markdown: Option<&Path>) -> Result<bool> {
    let when = now();
    // Two that ask at once put their news above each other's.
    let _lock = match markdown.or(feed) {
        Some(_) => Some(FileLock::take(watches)?),
        None => None,
    };
    if let Some(path) = feed {
        write_feed(news, &when, path)?;
    }
    Ok(match markdown {
        Some(path) => !write_digest(news, &format!("{} {} UTC", &when[..10], &when[11..16]), path)?,
        None => false,
    })
}

/// Forgets a question, if it is kept for the library.
fn forget(list: &mut Watches, name: &str, library: Option<&Path>, file: &Path) -> Result<(), Error> {
    let names: Vec<String> = these(list, library)
        .iter()
        .map(|watch| format!("`{}`", watch.name))
        .collect();
    if names.contains(&format!("`{name}`")) && list.forget(name) {
        return Ok(());
    }
    let of = if library.is_some() {
        " for this library"
    } else {
        ""
    };
    Err(Error::Config {
        place: file.display().to_string(),
        problem: format!("no question is called `{name}`{of}"),
        hint: Some(if names.is_empty() {
            format!("none is kept{of}")
        } else {
            format!("there are {}", names.join(", "))
        }),
    })
}

/// What questions remember a library by. One that is not there is told of by who opens it.
fn place_of(library: Option<&Path>) -> String {
    library.map_or(Watches::BUNDLED.into(), |folder| {
        whole(folder).display().to_string()
    })
}

/// The path from the root, without links, of a folder that may be gone: what is left of its way is followed.
fn whole(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.into());
    let there = absolute
        .ancestors()
        .find_map(|part| Some((part, part.canonicalize().ok()?)));
    match there {
        Some((part, followed)) => match absolute.strip_prefix(part) {
            // Joined with nothing, a path would end in a slash.
            Ok(rest) if rest.as_os_str().is_empty() => followed,
            Ok(rest) => followed.join(rest),
            Err(_) => absolute,
        },
        None => absolute,
    }
}

/// The questions that are kept for a library; without one, all of them.
fn these<'a>(list: &'a Watches, library: Option<&Path>) -> Vec<&'a Watch> {
    let Some(library) = library else {
        return list.list().iter().collect();
    };
    let of = place_of(Some(library));
    // As it was kept, if its way has changed since: `watch list` prints that.
    let typed = library.display().to_string();
    let is_gone = !library.exists();
    let these = list.list().iter();
    these
        .filter(|watch| watch.is_of(&of) || (is_gone && watch.is_of(&typed)))
        .collect()
}

/// That every question is kept for another library.
fn of_others_only(list: &Watches, of: &str, file: &Path) -> Error {
    let names: Vec<String> = list
        .of_others(of)
        .map(|watch| {
            format!(
                "`{}` (library: {})",
                watch.name,
                watch.library.as_deref().unwrap_or_default()
            )
        })
        .collect();
    Error::Config {
        place: file.display().to_string(),
        problem: format!("every question is kept for another library: {}", names.join(", ")),
        hint: Some("run it with that `--library` (without the flag for `bundled`); if the library was moved, `watch add … --replace` keeps the question anew".into()),
    }
}

fn said(json: bool, text: &str) -> Result<()> {
    if json {
        return print_json(&serde_json::json!({"done": text.trim()}));
    }
    terminal::print(text)
}

fn in_words(news: &[News]) -> String {
    let mut text = String::new();
    for part in news {
        let _ = writeln!(
            text,
            "{}: {} of {} {}",
            part.name,
            part.fit,
            counted(part.came as usize, "new document"),
            if part.fit == 1 || part.came == 1 {
                "fits"
            } else {
                "fit"
            }
        );
        if part.fit > part.items.len() {
            let _ = writeln!(
                text,
                "The first {} are shown, and all stay new: `-n {}` shows them.",
                part.items.len(),
                part.fit
            );
        }
        for (place, item) in part.items.iter().enumerate() {
            let _ = write!(text, "\n{}", item_in_words(Some(place + 1), item));
        }
        text.push('\n');
    }
    text
}

/// The time as feeds write it.
#[expect(clippy::disallowed_methods, reason = "this is a door, which passes times in")]
fn now() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs());
    let (days, rest) = ((seconds / 86_400) as i64, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Eras of 400 years, in years that begin in March, so that the day that leap years add comes last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_document_fits_and_several_fit() {
        let check = |came, fit, wanted: &str| {
            let news = News {
                name: "gut".into(),
                came,
                fit,
                items: Vec::new(),
            };
            let said = in_words(&[news]);
            assert!(said.starts_with(wanted), "{said}");
        };
        check(1, 0, "gut: 0 of 1 new document fits\n");
        check(4, 1, "gut: 1 of 4 new documents fits\n");
        check(4, 2, "gut: 2 of 4 new documents fit\n");
    }

    #[test]
    fn days_are_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(59), (1970, 3, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_784), (2026, 11, 27));
    }
}
