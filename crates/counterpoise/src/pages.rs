//! What a profile, a run and the first look show.

use std::io::Write as _;
use std::path::Path;

use counterpoise_base::{Kind, Seed, counted};
use counterpoise_data::WholeFile;
use counterpoise_deep::AboutClassifier;
use counterpoise_report::{Bars, Block, Figure, Page, Point, Scatter, Section, Series, TableBlock, render};
use counterpoise_sampling::Method;

use crate::bundled::Bundled;
use crate::experiment::is_same_file;
use crate::picture::{self, Picture};
use crate::{Error, Experiment, FirstPictures, Outcome, Prepared, Profile, few_of_each};

/// Fails if no page can be written at this path, so that no long work is lost.
pub fn check_page(path: &Path) -> Result<(), Error> {
    let is_page = path.extension().is_some_and(|extension| {
        ["html", "htm"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    });
    if !is_page {
        return Err(Error::Config {
            place: "--report".into(),
            problem: format!("`{}` does not end in `.html`", path.display()),
            hint: Some("a report is a page: `--report report.html`".into()),
        });
    }
    check_text(path)
}

/// Fails if a text cannot be written there, before any work is done.
pub fn check_text(path: &Path) -> Result<(), Error> {
    let file = WholeFile::create(path).map(drop);
    file.map_err(|source| Error::Write {
        path: path.into(),
        source,
    })
}

/// Fails if a file to write is one that is read, which it would replace. Inputs come with the words for them.
pub fn check_apart(output: &Path, inputs: &[(&str, &Path)]) -> Result<(), Error> {
    let Some((what, _)) = inputs.iter().find(|(_, input)| is_same_file(output, input)) else {
        return Ok(());
    };
    Err(Error::Config {
        place: output.display().to_string(),
        problem: format!("it is {what}, which the output would replace"),
        hint: Some("give the output another name".into()),
    })
}

/// Fails if a file is there that nobody said may go.
pub(crate) fn check_new(output: &Path, overwrite: bool) -> Result<(), Error> {
    if overwrite || !output.exists() {
        return Ok(());
    }
    Err(Error::Config {
        place: output.display().to_string(),
        problem: "a file is there already".into(),
        hint: Some("name another one with `--output`, or let it be replaced: `--overwrite`".into()),
    })
}

/// Fails if a file of weights has a name that promises another format.
pub(crate) fn check_weights(output: &Path) -> Result<(), Error> {
    let extension = output.extension().unwrap_or_default().to_string_lossy();
    let others = ["pth", "pt", "onnx", "h5", "npz", "npy", "csv", "parquet", "json"];
    if !others.contains(&extension.to_lowercase().as_str()) {
        return Ok(());
    }
    Err(Error::Config {
        place: output.display().to_string(),
        problem: format!("`.{extension}` is a format that weights are not written in"),
        hint: Some("name it `….safetensors`, which PyTorch and others read".into()),
    })
}

/// Fails if a network to write would replace a file that is none.
pub(crate) fn check_network(output: &Path) -> Result<(), Error> {
    if !output.is_file() || AboutClassifier::load(output).is_ok() {
        return check_weights(output);
    }
    Err(Error::Config {
        place: output.display().to_string(),
        problem: "it is there already, and is no network that could be replaced by one".into(),
        hint: Some("give the output another name, or remove the file".into()),
    })
}

/// The name of a file or folder without the folders above it, for headings.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// Writes a page whole or not at all.
pub fn write_page(page: &Page, path: &Path) -> Result<(), Error> {
    write_text(&render(page)?, path)
}

/// Writes a text whole or not at all.
pub fn write_text(text: &str, path: &Path) -> Result<(), Error> {
    write_bytes(text.as_bytes(), path)
}

/// Writes a file whole or not at all.
pub fn write_bytes(bytes: &[u8], path: &Path) -> Result<(), Error> {
    let written = WholeFile::create(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.finish()
    });
    written.map_err(|source| Error::Write {
        path: path.into(),
        source,
    })
}

/// The page of `profile`, with the description to repeat it from.
pub fn profile_page(experiment: &Experiment, prepared: &Prepared, profile: &Profile) -> Result<Page, Error> {
    let name = file_name(experiment);
    let mut sections = vec![overview(profile), classes(profile)];
    sections.extend(groups(prepared, profile));
    sections.push(picture_section(prepared, &profile.picture, "Rows in the plane"));
    sections.push(columns(profile));
    sections.push(again(experiment)?);
    Ok(Page {
        title: format!("What {name} holds"),
        subtitle: format!("{} rows, target {}", profile.rows, profile.target),
        sections,
        footer: footer(),
    })
}

/// The page of a run: before and after, and the description to repeat it from.
pub fn run_page(experiment: &Experiment, profile: &Profile, outcome: &Outcome) -> Result<Page, Error> {
    let name = file_name(experiment);
    let method = experiment.method.as_ref().map_or("", Method::name);
    let mut sections = vec![overview(profile), after(method, outcome)];
    sections.push(classes(profile));
    sections.push(run_picture(experiment, outcome)?);
    sections.push(columns(profile));
    sections.push(again(experiment)?);
    Ok(Page {
        title: format!("{name}, resampled by {method}"),
        subtitle: format!("target {}, seed {}", profile.target, experiment.seed),
        sections,
        footer: footer(),
    })
}

/// The page of the first look.
pub fn quickstart_page(
    parts: &[(&Bundled, &Experiment, &Profile, &Outcome)],
    pictures: Option<&FirstPictures>,
) -> Result<Page, Error> {
    let mut sections = Vec::new();
    for (bundled, experiment, profile, outcome) in parts {
        let method = experiment.method.as_ref().map_or("", Method::name);
        let first = sections.len();
        let mut about = overview(profile);
        about.lead = format!("{}. {}", bundled.about, about.lead);
        about
            .blocks
            .push(Block::Text(format!("Source: {}.", bundled.origin)));
        sections.push(about);
        sections.push(classes(profile));
        sections.extend(groups(&outcome.prepared, profile));
        sections.push(after(method, outcome));
        sections.push(run_picture(experiment, outcome)?);
        sections.push(Section {
            title: "Do it again".into(),
            lead: format!(
                "`counterpoise quickstart --save-data` puts {} into the current folder.",
                bundled.file
            ),
            blocks: vec![Block::Code {
                title: "experiment.toml".into(),
                text: experiment.to_toml()?,
            }],
        });
        for section in &mut sections[first..] {
            section.title = format!("{}: {}", bundled.name, section.title.to_lowercase());
        }
    }
    sections.extend(pictures.map(FirstPictures::section));
    Ok(Page {
        title: "A first look".into(),
        subtitle: if pictures.is_some() {
            "two bundled tables and 1500 pictures, what they lack, and what SMOTE and DeepSMOTE make of them"
                .into()
        } else {
            "two bundled tables, what they lack, and what SMOTE makes of them".into()
        },
        sections,
        footer: footer(),
    })
}

pub(crate) fn file_name(experiment: &Experiment) -> String {
    let name = experiment.data.path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// What decided a result, to be run again.
pub(crate) fn again(experiment: &Experiment) -> Result<Section, Error> {
    Ok(Section {
        title: "Do it again".into(),
        lead: "Everything that decided this result, defaults included. Save it, or run this page itself."
            .into(),
        blocks: vec![
            Block::Code {
                title: "experiment.toml".into(),
                text: experiment.to_toml()?,
            },
            Block::Code {
                title: "in a terminal".into(),
                text: "counterpoise run experiment.toml\n".into(),
            },
        ],
    })
}

pub(crate) fn footer() -> Vec<String> {
    vec![format!(
        "Made by Counterpoise {}. The same file, options and seed give the same rows.",
        env!("CARGO_PKG_VERSION")
    )]
}

pub(crate) fn overview(profile: &Profile) -> Section {
    let least = profile.classes.iter().min_by_key(|class| class.rows);
    let lead = least.map_or(String::new(), |class| {
        format!(
            "The smallest class is {} with {} of {} rows ({:.1} %).",
            class.class,
            class.rows,
            profile.rows,
            100.0 * class.share
        )
    });
    let figure = |value: String, label: &str, note: String| Figure {
        value,
        label: label.into(),
        note,
    };
    let missing: usize = profile.missing.iter().map(|column| column.cells).sum();
    let mut blocks = vec![Block::Figures(vec![
        figure(
            profile.rows.to_string(),
            "rows",
            counted(profile.features, "feature"),
        ),
        figure(
            profile.classes.len().to_string(),
            "classes",
            format!("target {}", profile.target),
        ),
        figure(
            format!("{:.1}", profile.imbalance_ratio),
            "imbalance ratio",
            "largest to smallest class".into(),
        ),
        figure(
            missing.to_string(),
            "missing cells",
            format!("in {}", counted(profile.missing.len(), "column")),
        ),
        figure(
            profile.duplicates.to_string(),
            "repeated rows",
            counted(profile.label_conflicts, "label conflict"),
        ),
    ])];
    if !profile.warnings.is_empty() {
        blocks.push(Block::Warnings(few_of_each(&profile.warnings)));
    }
    Section {
        title: "At a glance".into(),
        lead,
        blocks,
    }
}

pub(crate) fn classes(profile: &Profile) -> Section {
    let names = || {
        profile
            .classes
            .iter()
            .map(|class| class.class.clone())
            .collect::<Vec<_>>()
    };
    let mut blocks = vec![Block::Bars(Bars {
        caption: "Rows per class".into(),
        categories: names(),
        series: vec![Series {
            name: "rows".into(),
            values: profile
                .classes
                .iter()
                .map(|class| Some(class.rows as f64))
                .collect(),
            ..Series::default()
        }],
        unit: "rows".into(),
    })];
    let types: Vec<_> = profile
        .classes
        .iter()
        .filter_map(|class| class.neighborhood.map(|types| (class, types)))
        .collect();
    if !types.is_empty() {
        let row = |(class, types): &(&crate::ClassProfile, crate::Neighborhood)| {
            let share = |rows: usize| {
                format!(
                    "{rows} ({:.0} %)",
                    100.0 * rows as f64 / types.rows().max(1) as f64
                )
            };
            vec![
                class.class.clone(),
                share(types.safe),
                share(types.borderline),
                share(types.rare),
                share(types.outlier),
            ]
        };
        let asked = if profile.neighborhood_rows < profile.rows {
            format!(" ({} rows drawn by chance were asked)", profile.neighborhood_rows)
        } else {
            String::new()
        };
        blocks.push(Block::Table(TableBlock {
            caption: format!("Where the rows of each class lie{asked}"),
            headers: ["class", "safe", "borderline", "rare", "outlier"]
                .map(String::from)
                .to_vec(),
            numeric: vec![false, true, true, true, true],
            rows: types.iter().map(row).collect(),
        }));
        blocks.push(Block::Text(
            "Of its five nearest rows, a safe row has four or five in its own class, a borderline row two or three, a rare row one, an outlier none.".into(),
        ));
    }
    Section {
        title: "Classes".into(),
        lead: String::new(),
        blocks,
    }
}

fn groups(prepared: &Prepared, profile: &Profile) -> Option<Section> {
    if profile.cells.is_empty() {
        return None;
    }
    let mut blocks = Vec::new();
    for (column, groups) in &prepared.group_columns {
        let series = profile.classes.iter().map(|class| Series {
            name: class.class.clone(),
            values: groups
                .classes()
                .iter()
                .map(|group| {
                    let cell = |cell: &&crate::Cell| {
                        &cell.column == column && &cell.group == group && cell.class == class.class
                    };
                    profile.cells.iter().find(cell).map(|cell| cell.rows as f64)
                })
                .collect(),
            ..Series::default()
        });
        blocks.push(Block::Bars(Bars {
            caption: format!("Rows per class and group: {column}"),
            categories: groups.classes().to_vec(),
            series: series.collect(),
            unit: "rows".into(),
        }));
    }
    let row = |cell: &crate::Cell| {
        vec![
            cell.column.clone(),
            cell.group.clone(),
            cell.class.clone(),
            cell.rows.to_string(),
            format!("{:.1} %", 100.0 * cell.share_of_group),
        ]
    };
    blocks.push(Block::Table(TableBlock {
        caption: "Class x group cells".into(),
        headers: ["column", "group", "class", "rows", "share of the group"]
            .map(String::from)
            .to_vec(),
        numeric: vec![false, false, false, true, true],
        rows: profile.cells.iter().map(row).collect(),
    }));
    Some(Section {
        title: "Groups".into(),
        lead: "A class may be rare in one group only.".into(),
        blocks,
    })
}

fn before_after(caption: &str, counts: Vec<(String, usize, usize)>) -> Bars {
    let series = |name: &str, pick: fn(&(String, usize, usize)) -> usize| Series {
        name: name.into(),
        values: counts.iter().map(|count| Some(pick(count) as f64)).collect(),
        ..Series::default()
    };
    let series = vec![
        series("before", |count| count.1),
        series("after", |count| count.2),
    ];
    Bars {
        caption: caption.into(),
        categories: counts.into_iter().map(|count| count.0).collect(),
        series,
        unit: "rows".into(),
    }
}

fn after(method: &str, outcome: &Outcome) -> Section {
    let made = outcome.resampled.origin.len();
    let left_out = outcome
        .prepared
        .labels
        .len()
        .saturating_sub(outcome.resampled.kept.len());
    let mut blocks = vec![Block::Bars(before_after(
        "Rows per class, before and after",
        outcome.counts(),
    ))];
    for (column, groups) in &outcome.prepared.group_columns {
        let caption = format!("Rows per class and group, before and after: {column}");
        blocks.push(Block::Bars(before_after(&caption, outcome.cell_counts(groups))));
    }
    if let (Some(groups), true) = (&outcome.prepared.groups, outcome.prepared.group_columns.len() > 1) {
        let caption = "Rows per class and combination of groups, before and after";
        blocks.push(Block::Bars(before_after(caption, outcome.cell_counts(groups))));
    }
    if let Some(crossing) = outcome.crossing() {
        blocks.push(Block::Text(format!("{}.", sentence(&crossing))));
    }
    if !outcome.resampled.warnings.is_empty() {
        blocks.push(Block::Warnings(few_of_each(&outcome.resampled.warnings)));
    }
    Section {
        title: format!("After {method}"),
        lead: format!(
            "{made} rows were made and {left_out} left out; {} rows in all.",
            outcome.resampled.len()
        ),
        blocks,
    }
}

/// With a capital letter.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn run_picture(experiment: &Experiment, outcome: &Outcome) -> Result<Section, Error> {
    let seed = Seed::new(experiment.seed).child("page");
    let picture = picture::of_resampled(&outcome.prepared, &outcome.resampled, &seed, &())?;
    Ok(picture_section(
        &outcome.prepared,
        &picture,
        "Old and new rows in the plane",
    ))
}

fn picture_section(prepared: &Prepared, picture: &Picture, title: &str) -> Section {
    let shown = picture.marks.iter().filter(|mark| mark.row.is_some()).count();
    let made = picture.marks.len() - shown;
    let classes = prepared.labels.classes();
    let point = |mark: &crate::Mark| {
        let class = &classes[mark.class as usize];
        let label = match mark.row {
            None => format!("synthetic, {class}"),
            Some(row) => match &prepared.groups {
                Some(groups) => format!(
                    "row {}, {class}, {}",
                    prepared.place_in_file(row) + 1,
                    groups.name_of(row)
                ),
                None => format!("row {}, {class}", prepared.place_in_file(row) + 1),
            },
        };
        Point {
            x: mark.x,
            y: mark.y,
            class: mark.class,
            label,
            parents: mark.parents,
        }
    };
    let made_words = if picture.made > 0 {
        format!(" and {made} of {} synthetic rows", picture.made)
    } else {
        String::new()
    };
    let kept = picture.kept.map_or(String::new(), |kept| {
        format!(" The plane keeps {:.0} % of the squared distances, so that rows that look close may be far apart.", 100.0 * kept)
    });
    Section {
        title: title.into(),
        lead: format!(
            "{shown} of {} rows{made_words}, placed by their distances over all features.{kept}",
            picture.rows
        ),
        blocks: vec![Block::Scatter(Scatter {
            caption: "Rows by class".into(),
            classes: classes.to_vec(),
            points: picture.marks.iter().map(point).collect(),
        })],
    }
}

fn columns(profile: &Profile) -> Section {
    let role = |name: &str, kind: Kind| {
        if name == profile.target {
            "target".to_owned()
        } else {
            kind.name().to_owned()
        }
    };
    let row = |column: &crate::ColumnSummary| {
        vec![
            column.name.clone(),
            role(&column.name, column.kind),
            column.stored.clone(),
            column.missing.to_string(),
            column.distinct.to_string(),
            column.example.clone(),
        ]
    };
    Section {
        title: "Columns".into(),
        lead: "Kinds are found out from all rows; `--kind column=categorical` overrules one.".into(),
        blocks: vec![Block::Table(TableBlock {
            caption: "Columns".into(),
            headers: [
                "column",
                "kind",
                "stored as",
                "missing",
                "different values",
                "first value",
            ]
            .map(String::from)
            .to_vec(),
            numeric: vec![false, false, false, true, true, false],
            rows: profile.columns.iter().map(row).collect(),
        })],
    }
}
