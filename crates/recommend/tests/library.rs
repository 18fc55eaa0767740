//! Libraries on disk: what goes in, what is found, and what a crash, a second process or a damaged file leaves.
#![allow(clippy::unwrap_used, reason = "tests say what went wrong by panicking")]

use std::io::{BufReader, Write as _};
use std::ops::ControlFlow;
use std::path::Path;

use counterpoise_base::{Event, Observer};
use counterpoise_recommend::{
    DenseKind, Error, Feedback, Library, LibraryOptions, Question, ReadRecords, RecommendOptions,
    Recommender, Record, SearchOptions, Writer, read_records, rebuild,
};

fn record(id: &str, title: &str, text: &str, year: i32) -> Record {
    let mut record = Record::default();
    record.ids.doi = Some(format!("10.1234/{id}"));
    record.title = title.into();
    record.abstract_text = text.into();
    record.year = Some(year);
    record.source = "test".into();
    record
}

fn some() -> Vec<Record> {
    vec![
        record(
            "drive",
            "The ethics and governance of gene drives in wild mosquitoes",
            "Releasing gene drives raises ethical questions of consent. Communities near malaria should decide together. E. coli is not at stake.",
            2019,
        ),
        record(
            "patent",
            "Patents on CRISPR-Cas9 and access to gene editing",
            "Patent law decides who may use genome editing. Licences and ownership matter for public universities.",
            2018,
        ),
        record(
            "probiotic",
            "Engineered probiotics in patients: regulation and informed consent",
            "Engineered bacteria in the gut of patients ask for regulation. Biosafety and informed consent are discussed.",
            2021,
        ),
        record(
            "toggle",
            "A genetic toggle switch in Escherichia coli",
            "We built a bistable circuit of two repressors and measured its switching in β-galactosidase assays at 37 °C.",
            2000,
        ),
        record(
            "naive",
            "Société et biologie: a naïve view of CO₂ fixation",
            "Cyanobacteria fix CO₂. The anti-microbial effect was small.",
            2015,
        ),
    ]
}

fn words() -> LibraryOptions {
    LibraryOptions::default().with_dense(DenseKind::Words)
}

fn filled(folder: &Path, options: LibraryOptions) -> Library {
    let mut writer = Writer::open(folder, options).unwrap();
    for record in some() {
        writer.add(&record).unwrap();
    }
    let done = writer.commit(&()).unwrap();
    assert_eq!((done.new, done.merged, done.documents), (5, 0, 5));
    Library::open(folder).unwrap()
}

fn found(library: &Library, query: &str) -> Vec<String> {
    let found = library.search(query, &SearchOptions::default()).unwrap();
    assert_eq!(found.total, found.hits.len());
    let mut ids: Vec<String> = found
        .hits
        .iter()
        .map(|hit| hit.record.ids.doi.clone().unwrap()[8..].to_owned())
        .collect();
    ids.sort();
    ids
}

#[test]
fn queries_find_text_as_biologists_write_it() {
    let folder = tempfile::tempdir().unwrap();
    let library = filled(folder.path(), words());
    let check = |query: &str, wanted: &[&str]| assert_eq!(found(&library, query), wanted, "{query}");
    check("gene drive", &["drive"]);
    check("CRISPR/Cas9", &["patent"]);
    check("crispr cas9", &["patent"]);
    check("\"E. coli\"", &["drive", "toggle"]);
    check("E. coli", &["drive", "toggle"]);
    check("10.1234/toggle", &["toggle"]);
    check("https://doi.org/10.1234/TOGGLE", &["toggle"]);
    check("Escherichia coli", &["drive", "toggle"]);
    check("title:coli", &["toggle"]);
    check("beta galactosidase", &["toggle"]);
    check("β-galactosidase", &["toggle"]);
    check("CO2", &["naive"]);
    check("CO₂", &["naive"]);
    check("naive societe", &["naive"]);
    check("antimicrobial", &["naive"]);
    check("\"informed consent\"", &["probiotic"]);
    check("\"gene questions\"~3", &["drive"]);
    check("consent NOT patients", &["drive"]);
    check("consent -patients", &["drive"]);
    check("mosquitoes OR patents", &["drive", "patent"]);
    check("(mosquito OR patent) AND year:2018", &["patent"]);
    check("ethic*", &["drive"]);
    check("governence~", &["drive"]);
    check("year:>=2019", &["drive", "probiotic"]);
    check("doi:10.1234/toggle", &["toggle"]);
    check("NOT gene", &["naive", "probiotic", "toggle"]);
    check("title:(toggle OR patents)", &["patent", "toggle"]);
    check("title:(gene governance) year:>=2000", &["drive"]);
    check("title:(gene abstract:malaria)", &["drive"]);
    check("year:(2018 OR 2000)", &["patent", "toggle"]);
    check("doi:(10.1234/toggle OR 10.1234/naive)", &["naive", "toggle"]);
    check(
        "title:(\"gene drives\" OR (coli NOT patents))",
        &["drive", "toggle"],
    );
    check("-title:(gene OR switch OR patents) consent", &["probiotic"]);
    check("nothing-like-this-word", &[]);
}

#[test]
fn marks_and_counts_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let library = filled(folder.path(), words());
    let found = library.search("consent", &SearchOptions::default()).unwrap();
    assert_eq!(found.total, 2);
    let snippet = &found.hits[0].snippets[0];
    assert_eq!(&snippet.text[snippet.marks[0].clone()], "consent");
    let years: Vec<&str> = found
        .facets
        .year
        .iter()
        .map(|facet| facet.value.as_str())
        .collect();
    assert_eq!(years, ["2021", "2019"]);
    assert!(found.facets.kind.is_empty(), "no record says what kind it is");
}

#[test]
fn later_records_complete_documents_and_keep_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let library = filled(folder.path(), LibraryOptions::default());
    let number = library.find("doi:10.1234/patent").unwrap().unwrap();
    drop(library);
    let mut writer = Writer::open(folder.path(), LibraryOptions::default()).unwrap();
    let mut more = record(
        "patent",
        "Patents on CRISPR-Cas9 and access to gene editing",
        "",
        2018,
    );
    more.ids.pmid = Some("77".into());
    more.keywords = vec!["xenobiology".into()];
    writer.add(&more).unwrap();
    let mut same_title = record(
        "x",
        "Engineered probiotics in patients: regulation and informed consent",
        "",
        2021,
    );
    same_title.ids.doi = None;
    same_title.retracted = true;
    writer.add(&same_title).unwrap();
    writer
        .add(&record(
            "new",
            "A new and other document on biosecurity",
            "",
            2024,
        ))
        .unwrap();
    let done = writer.commit(&()).unwrap();
    assert_eq!((done.new, done.merged, done.documents), (1, 2, 6));
    let library = Library::open(folder.path()).unwrap();
    assert_eq!(library.len(), 6);
    assert_eq!(library.find("pmid:77").unwrap(), Some(number));
    assert_eq!(found(&library, "xenobiology"), ["patent"]);
    assert_eq!(found(&library, "retracted:yes"), ["probiotic"]);
    let record = library.record(number).unwrap();
    assert!(
        record.abstract_text.starts_with("Patent law"),
        "what was known stays"
    );
}

/// Says stop at once.
struct Stop;

impl Observer for Stop {
    fn observe(&self, _: &Event<'_>) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

#[test]
fn what_is_not_committed_was_never_there() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path(), words()));
    let mut writer = Writer::open(folder.path(), words()).unwrap();
    writer
        .add(&record("lost", "A document that is lost in a crash", "", 2020))
        .unwrap();
    drop(writer);
    let mut writer = Writer::open(folder.path(), words()).unwrap();
    writer
        .add(&record("lost", "A document that is lost to Ctrl-C", "", 2020))
        .unwrap();
    assert!(matches!(writer.commit(&Stop), Err(Error::Stopped { .. })));
    let library = Library::open(folder.path()).unwrap();
    assert_eq!((library.len(), found(&library, "lost").len()), (5, 0));
    let files = std::fs::read_dir(folder.path().join("records")).unwrap().count();
    assert_eq!(files, 1, "nothing half-written stays");
}

#[test]
fn only_one_process_writes_while_others_read() {
    let folder = tempfile::tempdir().unwrap();
    let library = filled(folder.path(), words());
    let writer = Writer::open(folder.path(), words()).unwrap();
    assert!(matches!(
        Writer::open(folder.path(), words()),
        Err(Error::Busy { .. })
    ));
    assert_eq!(found(&library, "toggle"), ["toggle"]);
    assert_eq!(Library::open(folder.path()).unwrap().len(), 5);
    drop(writer);
    Writer::open(folder.path(), words()).unwrap();
}

#[test]
fn a_damaged_index_says_so_and_is_built_again() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path(), LibraryOptions::default()));
    let index = folder.path().join("index-1");
    let mut damaged = 0;
    for entry in std::fs::read_dir(&index).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || !path.is_file() {
            continue;
        }
        let whole = std::fs::read(&path).unwrap();
        if whole.len() < 8 || name == "managed.json" {
            continue;
        }
        let mut bytes = whole.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        std::fs::write(&path, &bytes).unwrap();
        match Library::open(folder.path()) {
            Err(error) => {
                assert_eq!(error.code(), "recommend.corrupt-index", "{name}: {error}");
                assert!(error.hint().unwrap().contains("--rebuild"));
                damaged += 1;
            }
            // A bit of the manifest that means the same.
            Ok(_) => assert_eq!(name, "meta.json"),
        }
        std::fs::write(&path, &whole).unwrap();
    }
    assert!(damaged >= 5, "{damaged}");
    std::fs::remove_dir_all(&index).unwrap();
    assert!(matches!(
        Library::open(folder.path()),
        Err(Error::CorruptIndex { .. })
    ));
    let done = rebuild(folder.path(), &LibraryOptions::default(), &()).unwrap();
    assert_eq!(done.documents, 5);
    assert_eq!(
        found(&Library::open(folder.path()).unwrap(), "toggle"),
        ["toggle"]
    );
}

#[test]
fn a_rebuilt_index_answers_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let library = filled(folder.path(), LibraryOptions::default());
    let question = Question::from_text(
        "Gene drives in mosquitoes of malaria regions, released in the wild",
        "q",
    )
    .unwrap();
    let ask = |library: &Library| {
        let mut options = RecommendOptions::default();
        options.filter.elsi = 0.0;
        let done = Recommender::new(library).recommend(&question, &options).unwrap();
        serde_json::to_string(&done).unwrap()
    };
    let before = ask(&library);
    drop(library);
    rebuild(folder.path(), &LibraryOptions::default(), &()).unwrap();
    assert_eq!(ask(&Library::open(folder.path()).unwrap()), before);
    rebuild(folder.path(), &words(), &()).unwrap();
    assert_ne!(ask(&Library::open(folder.path()).unwrap()), before);
    let indexes = std::fs::read_dir(folder.path())
        .unwrap()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with("index")
        })
        .count();
    assert_eq!(indexes, 1, "the old index is gone");
}

#[test]
fn a_text_is_never_recommended_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    let library = filled(folder.path(), LibraryOptions::default());
    let recommender = Recommender::new(&library);
    let mut options = RecommendOptions::default();
    options.filter.elsi = 0.0;
    options.never_abstain = true;
    for record in some() {
        let pasted = format!("{}\n{}", record.title, record.abstract_text);
        for question in [
            Question::from_record(&record, "r").unwrap(),
            Question::from_text(&pasted, "t").unwrap(),
        ] {
            let done = recommender.recommend(&question, &options).unwrap();
            assert!(!done.items.is_empty());
            assert!(
                done.items.iter().all(|item| item.record.ids != record.ids),
                "{}",
                record.title
            );
        }
    }
}

#[test]
fn reasons_add_up_and_name_words_that_both_have() {
    let folder = tempfile::tempdir().unwrap();
    let library = filled(folder.path(), LibraryOptions::default());
    let recommender = Recommender::new(&library);
    let question = Question::from_text(
        "An engineered probiotic strain is given to patients and colonises the gut.",
        "q",
    )
    .unwrap();
    let done = recommender
        .recommend(&question, &RecommendOptions::default())
        .unwrap();
    let first = &done.items[0];
    assert_eq!(first.record.ids.doi.as_deref(), Some("10.1234/probiotic"));
    for item in &done.items {
        let sum: f64 = item.reasons.parts.iter().map(|part| part.value).sum();
        assert!((sum - item.score).abs() < 1e-12);
        let shares: f64 = item.reasons.words.iter().map(|word| word.share).sum();
        let of_words: f64 = item
            .reasons
            .parts
            .iter()
            .filter(|part| matches!(part.name, "words" | "bridge"))
            .map(|part| part.value)
            .sum();
        assert!((shares * item.score - of_words).abs() < 1e-6);
    }
    assert!(first.reasons.words.iter().any(|word| word.word == "patients"));
    assert!(
        done.coverage.iter().any(|covered| covered.documents > 0),
        "{:?}",
        done.coverage
    );
    let explained = recommender
        .explain(&question, "10.1234/probiotic", &RecommendOptions::default())
        .unwrap();
    assert_eq!(explained.reasons, first.reasons);
}

#[test]
fn nothing_is_recommended_where_nothing_fits() {
    let folder = tempfile::tempdir().unwrap();
    let library = filled(folder.path(), words());
    let recommender = Recommender::new(&library);
    let question = Question::from_text("Volcanic basalt weathering in Iceland", "q").unwrap();
    let done = recommender
        .recommend(&question, &RecommendOptions::default())
        .unwrap();
    assert!(done.items.is_empty());
    assert!(done.abstained.is_some());
}

#[test]
fn what_is_liked_moves_the_list_and_can_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let library = filled(folder.path(), LibraryOptions::default());
    let recommender = Recommender::new(&library);
    let question = Question::from_text("Genome editing of bacteria in the gut", "q").unwrap();
    let mut options = RecommendOptions::default();
    options.never_abstain = true;
    let ask = |options: &RecommendOptions| -> Vec<u32> {
        recommender
            .recommend(&question, options)
            .unwrap()
            .items
            .iter()
            .map(|item| item.number)
            .collect()
    };
    let before = ask(&options);
    let mut feedback = Feedback::default();
    feedback.like("10.1234/patent");
    options.feedback = feedback.clone();
    let after = ask(&options);
    assert!(!after.contains(&1), "what was judged is not shown again");
    feedback.undo();
    options.feedback = feedback;
    assert_eq!(ask(&options), before);
    options.feedback.like("10.1234/nobody");
    assert!(matches!(
        recommender.recommend(&question, &options),
        Err(Error::UnknownId { .. })
    ));
}

#[test]
fn threads_change_nothing() {
    let question =
        Question::from_text("Engineered bacteria for patients, patents and gene drives", "q").unwrap();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let folder = tempfile::tempdir().unwrap();
            let library = filled(folder.path(), LibraryOptions::default());
            serde_json::to_string(
                &Recommender::new(&library)
                    .recommend(&question, &RecommendOptions::default())
                    .unwrap(),
            )
            .unwrap()
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn every_sample_file_can_be_ingested_and_is_merged_with_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path(), words()).unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/records");
    let mut files = 0;
    for entry in std::fs::read_dir(samples).unwrap() {
        let path = entry.unwrap().path();
        let input = BufReader::new(std::fs::File::open(&path).unwrap());
        let name = path.display().to_string();
        read_records(&name, Box::new(input), &ReadRecords::default(), &mut |record| {
            writer.add(&record)
        })
        .unwrap();
        files += 1;
    }
    assert!(files >= 12);
    let done = writer.commit(&()).unwrap();
    assert_eq!(done.new + done.merged, done.records);
    assert_eq!(Library::open(folder.path()).unwrap().len(), done.new);
}

#[test]
fn lsa_learns_from_the_library_and_takes_later_records() {
    let folder = tempfile::tempdir().unwrap();
    let options = LibraryOptions::default().with_dense(DenseKind::Lsa);
    drop(filled(folder.path(), options.clone()));
    let mut writer = Writer::open(folder.path(), options).unwrap();
    writer
        .add(&record("more", "More on the governance of gene drives", "", 2024))
        .unwrap();
    writer.commit(&()).unwrap();
    let library = Library::open(folder.path()).unwrap();
    let (a, b) = (library.vector(0).unwrap(), library.vector(5).unwrap());
    let cosine: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
    assert!(cosine > 0.3, "{cosine}");
    assert!(matches!(
        Writer::open(folder.path(), words()),
        Err(Error::OtherDense { .. })
    ));
}

#[test]
fn another_file_of_the_same_name_is_no_library() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        Library::open(folder.path()),
        Err(Error::NoLibrary { .. })
    ));
    let mut file = std::fs::File::create(folder.path().join("library.json")).unwrap();
    file.write_all(b"{\"books\": []}").unwrap();
    assert_eq!(
        Library::open(folder.path()).unwrap_err().code(),
        "recommend.corrupt-index"
    );
}

/// The network's wheel, where the environment says where it is.
#[allow(clippy::print_stdout, reason = "a test says that it skips")]
fn wheel() -> Option<std::path::PathBuf> {
    let path = std::env::var_os("COUNTERPOISE_MINILM");
    if path.is_none() {
        println!("skipped: COUNTERPOISE_MINILM names no wheel");
    }
    path.map(Into::into)
}

fn options_that_never_abstain() -> RecommendOptions {
    let mut options = RecommendOptions::default();
    options.never_abstain = true;
    options
}

#[test]
fn a_network_can_say_what_documents_mean() {
    let Some(wheel) = wheel() else { return };
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("library");
    let dense = DenseKind::from_name(&format!("minilm:{}", wheel.display())).unwrap();
    let options = || LibraryOptions::default().with_dense(dense.clone());
    let records = some();
    for records in [&records[..3], &records[3..]] {
        let mut writer = Writer::open(&library, options()).unwrap();
        for record in records {
            writer.add(record).unwrap();
        }
        writer.commit(&()).unwrap();
    }
    let open = Library::open(&library).unwrap();
    assert_eq!((open.len(), open.dense()), (5, dense.clone()));
    assert_eq!(open.vector(4).unwrap().len(), 384);
    assert_eq!(
        open.search("patent", &SearchOptions::default()).unwrap().hits[0]
            .record
            .ids
            .doi
            .as_deref(),
        Some("10.1234/patent")
    );
    // No word in common but in meaning.
    let question = Question::from_text(
        "Intellectual property in biotechnology: who may own inventions",
        "a text",
    )
    .unwrap();
    let found = Recommender::new(&open)
        .recommend(&question, &options_that_never_abstain())
        .unwrap();
    assert_eq!(found.items[0].record.ids.doi.as_deref(), Some("10.1234/patent"));
    let meaning = found.items[0]
        .reasons
        .parts
        .iter()
        .find(|part| part.name == "meaning")
        .unwrap();
    assert!(meaning.value > 0.0, "{meaning:?}");
    // Another dense leg is refused, until the index is built anew.
    let other = Writer::open(&library, LibraryOptions::default());
    assert_eq!(other.err().unwrap().code(), "recommend.other-dense");
    rebuild(&library, &options(), &()).unwrap();
    assert_eq!(Library::open(&library).unwrap().vector(4), open.vector(4));
}

#[test]
fn containing_a_gene_is_no_containment() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path(), words()).unwrap();
    writer
        .add(&record("kept", "Containment of engineered organisms", "", 2020))
        .unwrap();
    writer
        .add(&record("held", "Responsible research in organizations", "", 2020))
        .unwrap();
    writer.commit(&()).unwrap();
    let library = Library::open(folder.path()).unwrap();
    let check = |query: &str, wanted: &[&str]| assert_eq!(found(&library, query), wanted, "{query}");
    check("containing", &[]);
    check("containment", &["kept"]);
    check("organism", &["kept"]);
    check("response", &[]);
    check("responsibility", &["held"]);
}

#[cfg(unix)]
#[test]
fn who_may_read_one_file_of_a_library_may_read_all() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    for title in ["Ethics of gene drives", "Law of gene drives"] {
        let mut writer = Writer::open(folder.path(), words()).unwrap();
        writer.add(&record(title, title, "", 2020)).unwrap();
        writer.commit(&()).unwrap();
    }
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let usual = mode(&folder.path().join("lock"));
    for name in ["library.json", "index-1/meta.json", "index-1/.managed.json"] {
        assert_eq!(mode(&folder.path().join(name)), usual, "{name}");
    }
}

#[test]
fn a_usual_chassis_does_not_call_for_the_same_documents_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path(), words()).unwrap();
    let hub = "Biosafety and risk assessment of genetically modified microorganisms: environmental law and governance";
    for (id, title) in [
        ("hub", hub),
        ("gut", "Ethics of live biotherapeutic products in patients"),
        (
            "soil",
            "Governance of environmental release for bioremediation of soil",
        ),
    ] {
        writer.add(&record(id, title, "", 2020)).unwrap();
    }
    writer.commit(&()).unwrap();
    let library = Library::open(folder.path()).unwrap();
    let mut options = RecommendOptions::default();
    options.filter.elsi = 0.0;
    let first = |text: &str| {
        let question = Question::from_text(text, "text").unwrap();
        let list = Recommender::new(&library).recommend(&question, &options).unwrap();
        assert!(
            !list.bridge.iter().any(|word| word == "modified"),
            "{:?}",
            list.bridge
        );
        list.items[0].record.ids.doi.clone().unwrap()
    };
    assert_eq!(
        first("Escherichia coli that treats the gut of patients"),
        "10.1234/gut"
    );
    assert_eq!(
        first("Escherichia coli that cleans contaminated soil"),
        "10.1234/soil"
    );
}

#[test]
fn a_table_of_ones_own_says_what_documents_mean() {
    let folder = tempfile::tempdir().unwrap();
    let (library, table) = (folder.path().join("library"), folder.path().join("table.bin"));
    std::fs::write(&table, counterpoise_recommend::StaticTable::bundled().write()).unwrap();
    let dense = DenseKind::from_name(&format!("table:{}", table.display())).unwrap();
    assert_eq!(DenseKind::from_name(&dense.name()).unwrap(), dense);
    let mut writer = Writer::open(&library, LibraryOptions::default().with_dense(dense)).unwrap();
    for record in some() {
        writer.add(&record).unwrap();
    }
    writer.commit(&()).unwrap();
    let open = Library::open(&library).unwrap();
    let expected = counterpoise_recommend::StaticTable::bundled();
    let first = &some()[0];
    let expected = expected.embed(&format!("{}. {}", first.title, first.abstract_text));
    let product: f32 = open
        .vector(0)
        .unwrap()
        .iter()
        .zip(&expected)
        .map(|(a, b)| a * b)
        .sum();
    assert!(product > 0.99, "{product}");
    std::fs::write(&table, "no table").unwrap();
    assert_eq!(
        Library::open(&library).err().unwrap().code(),
        "recommend.malformed"
    );
}

#[test]
fn a_search_for_what_no_document_says_tells_so() {
    let folder = tempfile::tempdir().unwrap();
    let library = filled(folder.path(), words());
    let notes = |query: &str| {
        let found = library.search(query, &SearchOptions::default()).unwrap();
        assert_eq!(found.total, 0, "{query}");
        found.notes.join("; ")
    };
    let check = |query: &str, wanted: &str| assert_eq!(notes(query), wanted, "{query}");
    check("type:review", "no document of this library has a type");
    check("language:en gene", "no document of this library has a language");
    check("mesh:ethics", "no document of this library has subject headings");
    check("author:church", "no document of this library has authors");
    check("retracted:yes", "no document of this library was retracted");
    check("pmid:7", "no document of this library has the id `pmid:7`");
    check(
        "open-access:yes",
        "no document of this library has open access said of it",
    );
    // Here the field is filled, and the word is not there.
    check("title:nothing", "");
    check("year:1950", "");
}

#[test]
fn an_abstract_without_its_title_finds_its_own_paper() {
    let folder = tempfile::tempdir().unwrap();
    let library = filled(folder.path(), words());
    let mut options = RecommendOptions::default();
    options.filter.elsi = 0.0;
    options.never_abstain = true;
    let recommended = |text: &str| {
        let question = Question::from_text(text, "text").unwrap();
        let list = Recommender::new(&library).recommend(&question, &options).unwrap();
        let ids = list.items.iter().map(|item| item.record.ids.doi.clone().unwrap());
        ids.collect::<Vec<String>>()
    };
    let own = "10.1234/drive".to_owned();
    let text = &some()[0].abstract_text;
    assert!(!recommended(text).contains(&own));
    assert!(!recommended(&format!("ABSTRACT\n{}", text.replace(' ', "  "))).contains(&own));
    assert!(!recommended(&text[..100]).contains(&own));
    assert!(!recommended(&format!("{text} Here the introduction begins.")).contains(&own));
    // Other words about the same are another work.
    assert!(recommended("Releasing gene drives in malaria mosquitoes").contains(&own));
}

#[test]
fn two_ids_of_one_document_are_one_word_of_feedback() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path(), words()).unwrap();
    let mut both = record("both", "The ethics of gene drives", "", 2020);
    both.ids.pmid = Some("77".into());
    writer.add(&both).unwrap();
    writer.commit(&()).unwrap();
    let library = Library::open(folder.path()).unwrap();
    let mut options = RecommendOptions::default();
    options.feedback.like("pmid:77");
    options.feedback.dislike("10.1234/both");
    let question = Question::from_text("gene drives", "text").unwrap();
    let list = Recommender::new(&library).recommend(&question, &options).unwrap();
    assert_eq!(
        list.notes,
        ["`pmid:77` and `10.1234/both` are one document; what was said of it last counts"]
    );
}

/// Sets whether anything below a folder can be written.
#[cfg(unix)]
fn writable(folder: &Path, yes: bool) {
    use std::os::unix::fs::PermissionsExt;

    let mode = |folder: bool| match (folder, yes) {
        (true, true) => 0o755,
        (true, false) => 0o555,
        (false, true) => 0o644,
        (false, false) => 0o444,
    };
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            writable(&path, yes);
        } else {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode(false))).unwrap();
        }
    }
    std::fs::set_permissions(folder, PermissionsExt::from_mode(mode(true))).unwrap();
}

#[cfg(unix)]
#[test]
#[expect(clippy::print_stdout, reason = "a test that skips says so")]
fn a_library_is_read_where_nothing_can_be_written() {
    use std::os::unix::process::CommandExt as _;

    const PLACE: &str = "COUNTERPOISE_TEST_READ_ONLY";
    let reads = |folder: &Path| {
        assert!(std::fs::File::create(folder.join("written")).is_err());
        let library = Library::open(folder).unwrap();
        assert_eq!(found(&library, "consent"), ["drive", "probiotic"]);
        assert_eq!(library.verify().unwrap().documents, 5);
        assert_eq!(
            Writer::open(folder, words()).err().unwrap().code(),
            "recommend.write"
        );
    };
    if let Some(folder) = std::env::var_os(PLACE) {
        reads(Path::new(&folder));
        println!("read as another user");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path(), words()));
    writable(folder.path(), false);
    let root = std::fs::File::create(folder.path().join("written")).is_ok();
    if root {
        std::fs::remove_file(folder.path().join("written")).unwrap();
        // Root may write anywhere, so that somebody else reads.
        let asked = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "a_library_is_read_where_nothing_can_be_written",
                "--nocapture",
            ])
            .env(PLACE, folder.path())
            .uid(65534)
            .output();
        match asked {
            Ok(out) => {
                let told = String::from_utf8_lossy(&out.stdout).into_owned();
                let failed = String::from_utf8_lossy(&out.stderr).into_owned();
                assert!(told.contains("read as another user"), "{told}{failed}");
                assert!(out.status.success(), "{told}{failed}");
            }
            Err(error) => println!("skipped: root can write anywhere, and nobody else can be run ({error})"),
        }
    } else {
        reads(folder.path());
    }
    writable(folder.path(), true);
}

#[test]
fn a_damaged_file_of_records_is_noticed_before_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let library = filled(folder.path(), words());
    assert_eq!(library.notes(), [] as [String; 0]);
    let verified = library.verify().unwrap();
    assert_eq!((verified.documents, verified.records, verified.files), (5, 5, 1));
    let file = folder.path().join("records/00000001.jsonl.zst");
    let whole = std::fs::read(&file).unwrap();
    let check = |left: Option<&[u8]>, told: bool, wanted: &str| {
        match left {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let library = Library::open(folder.path()).unwrap();
        assert_eq!(found(&library, "consent"), ["drive", "probiotic"]);
        assert_eq!(library.notes().len(), usize::from(told), "{wanted}");
        if told {
            assert!(library.notes()[0].contains(wanted), "{}", library.notes()[0]);
            assert!(library.notes()[0].contains("elsi index --rebuild"));
            let searched = library.search("consent", &SearchOptions::default()).unwrap();
            assert_eq!(searched.notes, library.notes());
            let error = Writer::open(folder.path(), words()).err().unwrap();
            assert_eq!(error.code(), "recommend.damaged-records", "{error}");
        }
        let error = library.verify().unwrap_err();
        assert_eq!(error.code(), "recommend.damaged-records", "{error}");
        assert!(error.to_string().contains("00000001"), "{error}");
        assert!(error.hint().unwrap().contains("--rebuild"), "{error}");
    };
    check(Some(&whole[..whole.len() / 2]), true, "bytes");
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 0x55;
    check(Some(&changed), false, "sizes do not tell this");
    check(None, true, "is missing");
    std::fs::write(&file, &whole).unwrap();
    assert!(Library::open(folder.path()).unwrap().verify().is_ok());
}

#[cfg(unix)]
#[test]
#[expect(clippy::print_stdout, reason = "a test that skips says so")]
fn a_full_disk_leaves_the_library_as_it_was() {
    const PLACE: &str = "COUNTERPOISE_TEST_FULL_DISK";
    if let Some(folder) = std::env::var_os(PLACE) {
        let ingest = || -> Result<(), Error> {
            let mut writer = Writer::open(Path::new(&folder), words())?;
            let mut sign = 1_u32;
            for number in 0..3000 {
                // Words that do not pack well.
                let words = (0..60).map(|_| {
                    sign = sign.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    format!("{sign:x}")
                });
                let text = words.collect::<Vec<String>>().join(" ");
                writer.add(&record(
                    &format!("n{number}"),
                    &format!("Title {number} {sign:x}"),
                    &text,
                    2000,
                ))?;
            }
            writer.commit(&()).map(drop)
        };
        let error = ingest().expect_err("the disk is full");
        println!("told: {} {error}", error.code());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path(), words()));
    // No file may grow beyond this, as if the disk were full then: within the records, and within the index.
    for kilobytes in [64, 1500] {
        let limited = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" \"$@\"");
        let out = std::process::Command::new("bash")
            .args(["-c", &limited])
            .arg(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "a_full_disk_leaves_the_library_as_it_was",
                "--nocapture",
            ])
            .env(PLACE, folder.path())
            .output();
        let out = match out {
            Ok(out) => out,
            Err(error) => return println!("skipped: no `bash` that limits sizes of files ({error})"),
        };
        let told = String::from_utf8_lossy(&out.stdout).into_owned();
        let failed = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(
            told.contains("told: recommend.write"),
            "{kilobytes} kB: {told}{failed}"
        );
        let library = Library::open(folder.path()).unwrap();
        assert_eq!(found(&library, "consent"), ["drive", "probiotic"]);
        assert_eq!(library.verify().unwrap().documents, 5);
    }
    let mut writer = Writer::open(folder.path(), words()).unwrap();
    writer.add(&record("more", "More room", "", 2020)).unwrap();
    assert_eq!(writer.commit(&()).unwrap().documents, 6);
}

#[test]
fn beginnings_and_near_spellings_are_those_of_words_and_not_of_stems() {
    let folder = tempfile::tempdir().unwrap();
    let library = filled(folder.path(), words());
    // The stem of governance is `govern`, four letters from this typo.
    assert_eq!(found(&library, "govrnance~"), ["drive"]);
    assert_eq!(found(&library, "title:govrnance~1"), ["drive"]);
    assert_eq!(found(&library, "regulatio*"), ["probiotic"]);
    assert_eq!(found(&library, "ethic*"), ["drive"]);
    assert_eq!(found(&library, "ovre~1"), Vec::<String>::new());
    let told = library.search("licence~1", &SearchOptions::default()).unwrap();
    assert_eq!(told.notes, ["`licence` stands for `licences`"]);
}

#[test]
fn a_document_without_ids_is_known_by_title_and_year_in_any_library() {
    let mut nameless = record("x", "On the ethics of synthetic cells in schools", "", 2020);
    nameless.ids.doi = None;
    let id = nameless.title_id();
    assert_eq!(nameless.id(), id);
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let put = |folder: &Path, records: &[Record]| {
        let mut writer = Writer::open(folder, words()).unwrap();
        for record in records {
            writer.add(record).unwrap();
        }
        writer.commit(&()).unwrap();
        Library::open(folder).unwrap()
    };
    let alone = put(first.path(), std::slice::from_ref(&nameless));
    assert_eq!(alone.find_any(&id).unwrap(), Some(0));
    let mut all = some();
    all.push(nameless.clone());
    let among = put(second.path(), &all);
    assert_eq!(among.find_any(&id).unwrap(), Some(5));
    let asked = alone.search(&format!("id:{id}"), &SearchOptions::default());
    assert_eq!(asked.unwrap().total, 1);
    // It got an id since.
    let mut named = nameless;
    named.ids.doi = Some("10.1234/cells".into());
    let later = put(first.path(), &[named]);
    assert_eq!(later.len(), 1);
    assert_eq!(later.find_any(&id).unwrap(), Some(0));
    assert_eq!(later.record(0).unwrap().id(), "doi:10.1234/cells");
}

#[test]
fn a_paper_that_is_published_twice_takes_one_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path(), words()).unwrap();
    for record in some() {
        writer.add(&record).unwrap();
    }
    writer
        .add(&record(
            "preprint",
            "The ethics and governance of gene drives in the wild mosquitoes",
            "Releasing gene drives raises ethical questions of consent.",
            2018,
        ))
        .unwrap();
    writer.commit(&()).unwrap();
    let library = Library::open(folder.path()).unwrap();
    let question = Question::from_text("A gene drive in mosquitoes that carry malaria", "x").unwrap();
    let recommender = Recommender::new(&library);
    let done = recommender
        .recommend(&question, &RecommendOptions::default())
        .unwrap();
    let first = &done.items[0];
    let mut both = vec![first.record.id(), first.also[0].id.clone()];
    both.sort();
    assert_eq!(both, ["doi:10.1234/drive", "doi:10.1234/preprint"]);
    assert!(
        done.items
            .iter()
            .skip(1)
            .all(|item| !both.contains(&item.record.id()))
    );
    let standing = recommender
        .standing(&question, &first.also[0].id, &RecommendOptions::default())
        .unwrap();
    assert_eq!(standing.place, Some(1));
}

#[test]
fn beginnings_find_words_and_not_whatever_has_their_stem() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path(), words()).unwrap();
    for (id, title) in [
        ("law", "Regulations for engineered insects and plants"),
        ("gene", "Light regulated expression of genes in yeast"),
    ] {
        writer.add(&record(id, title, "", 2020)).unwrap();
    }
    writer.commit(&()).unwrap();
    let library = Library::open(folder.path()).unwrap();
    assert_eq!(found(&library, "regulatio*"), ["law"]);
    assert_eq!(found(&library, "title:regulatoins~2"), ["law"]);
    assert_eq!(found(&library, "regulat*"), ["gene", "law"]);
}

#[test]
fn rebuilds_that_were_killed_leave_nothing_for_long() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), words());
    let left = folder.path().join("index-7");
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join("meta.json"), "half").unwrap();
    let kept = folder.path().join("index-notes");
    std::fs::create_dir(&kept).unwrap();
    drop(Writer::open(folder.path(), words()).unwrap());
    assert!(!left.exists() && kept.exists());
    std::fs::create_dir(&left).unwrap();
    rebuild(folder.path(), &words(), &()).unwrap();
    let indexes = std::fs::read_dir(folder.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().join("meta.json").exists());
    assert_eq!(indexes.count(), 1);
    assert!(!left.exists() && kept.exists());
    assert_eq!(Library::open(folder.path()).unwrap().len(), 5);
}

#[test]
fn a_pointer_that_is_no_text_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), words());
    std::fs::write(folder.path().join("library.json"), b"{\"program\": \"\xff\"}").unwrap();
    let error = Library::open(folder.path()).unwrap_err();
    assert!(
        error.hint().is_some_and(|hint| hint.contains("--rebuild")),
        "{error}"
    );
    rebuild(folder.path(), &words(), &()).unwrap();
    assert_eq!(Library::open(folder.path()).unwrap().len(), 5);
}

#[test]
fn a_beginning_of_hundreds_of_words_stands_for_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path(), words()).unwrap();
    for place in 0..200 {
        let title = format!("On bio{place}x and its meaning for society {place}");
        writer
            .add(&record(&format!("{place}"), &title, "", 2020))
            .unwrap();
    }
    writer.commit(&()).unwrap();
    let library = Library::open(folder.path()).unwrap();
    let total = |query: &str| library.search(query, &SearchOptions::default()).unwrap().total;
    assert_eq!(total("bio*"), 200);
    assert_eq!(total("bio7x NOT bio*"), 0);
}
