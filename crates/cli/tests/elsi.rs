//! `counterpoise elsi`, as a user types it.

mod folder;

use folder::Folder;

const TEXT: &str = "An engineered probiotic strain of E. coli senses inflammation in the gut of patients. A kill switch ends it outside.\n";

const RECORDS: &str = "\
TY  - JOUR
TI  - Engineered probiotics for patients: who consents to what is shed?
AB  - Bacteria that are given to patients leave them again. We discuss informed consent, biosafety and regulation.
PY  - 2022
DO  - 10.5555/probiotic.1
ER  -

TY  - JOUR
TI  - A toggle switch in yeast
AB  - Two repressors make a bistable circuit.
PY  - 2004
DO  - 10.5555/toggle.1
ER  -
";

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn bundled_titles_answer_with_reasons_that_add_up() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    let done = json(&folder.ok("elsi recommend abstract.txt --json").stdout);
    let items = done["items"].as_array().expect("a list");
    assert_eq!(items.len(), 5);
    for item in items {
        let parts = item["reasons"]["parts"].as_array().expect("parts");
        let sum: f64 = parts
            .iter()
            .map(|part| part["value"].as_f64().expect("a number"))
            .sum();
        assert!((sum - item["score"].as_f64().expect("a number")).abs() < 1e-9);
        assert!(item["chance_of_elsi"].as_f64().expect("a number") >= 0.2);
    }
    let again = json(&folder.ok("elsi recommend abstract.txt --json --threads 1").stdout);
    assert_eq!(done, again, "the same answer twice, with one thread too");
    let coverage = done["coverage"].as_array().expect("a list");
    assert!(
        coverage.iter().any(|covered| covered["yours"] == "probiotic"),
        "{coverage:?}"
    );
}

#[test]
fn a_library_goes_from_a_file_of_references_to_an_export() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    folder.write("mine.ris", RECORDS);
    let done = json(&folder.ok("elsi ingest mine.ris --library lib --json").stdout);
    assert_eq!(
        (done["new"].as_u64(), done["documents"].as_u64()),
        (Some(2), Some(2))
    );
    let again = json(&folder.ok("elsi ingest mine.ris --library lib --json").stdout);
    assert_eq!(
        (again["new"].as_u64(), again["merged"].as_u64()),
        (Some(0), Some(2))
    );
    let found = json(&folder.ok("elsi search consent --library lib --json").stdout);
    assert_eq!(found["total"], 1);
    let done = json(
        &folder
            .ok("elsi recommend abstract.txt --library lib --json")
            .stdout,
    );
    assert_eq!(done["items"][0]["record"]["ids"]["doi"], "10.5555/probiotic.1");
    let explained = json(
        &folder
            .ok("elsi explain 10.5555/probiotic.1 abstract.txt --library lib --json")
            .stdout,
    );
    assert_eq!(explained["score"], done["items"][0]["score"]);
    folder.ok("elsi export abstract.txt --library lib --output list.bib");
    let back = json(&folder.ok("elsi ingest list.bib --library other --json").stdout);
    assert_eq!(back["new"], 1);
    let facts = json(&folder.ok("elsi index --library lib --json").stdout);
    assert_eq!(facts["with_abstract"], 2);
    folder.ok("elsi index --library lib --rebuild --dense words");
    let rebuilt = json(&folder.ok("elsi index --library lib --json").stdout);
    assert_eq!(
        (rebuilt["documents"].as_u64(), rebuilt["dense"].as_str()),
        (Some(2), Some("words"))
    );
}

#[test]
fn a_session_keeps_what_was_liked_until_it_is_undone() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    let list = |words: &str| {
        let done = json(
            &folder
                .ok(format!("elsi recommend abstract.txt --json {words}").trim())
                .stdout,
        );
        done["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|item| item["number"].as_u64().expect("a number"))
            .collect::<Vec<_>>()
    };
    let before = list("");
    let liked = list("--like doi:10.1525/bio.2013.63.1.7 --session s.json");
    assert_ne!(before, liked);
    assert_eq!(list("--session s.json"), liked);
    assert_eq!(list("--session s.json --undo"), before);
}

#[test]
fn wrong_words_say_what_to_type() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    folder.write("empty.txt", "");
    folder.write("seq.fasta", ">x\nACGTACGTACGT\n");
    folder.write("bomb.xml", "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><PubmedArticleSet>&c;</PubmedArticleSet>");
    let check = |words: &str, code: i32, message: &str, hint: &str| {
        let ran = folder.run(&words.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, Some(code), "{words}: {}", ran.stderr);
        assert!(
            ran.stderr.contains(message) && ran.stderr.contains(hint),
            "{words}: {}",
            ran.stderr
        );
        assert!(ran.stdout.is_empty(), "{words}: {}", ran.stdout);
    };
    check(
        "elsi recommend doi:10.1/none",
        2,
        "no document of this library has the id",
        "paste the text instead, or fetch",
    );
    check(
        "elsi recommend empty.txt",
        3,
        "`empty.txt` is empty",
        "a title or an abstract",
    );
    check("elsi recommend seq.fasta", 3, "is a sequence", "GenBank");
    check(
        "elsi recommend nowhere.txt",
        3,
        "there is no such file",
        "paste the text",
    );
    check(
        "elsi recommend abstract.txt --library nowhere",
        3,
        "no library of documents",
        "elsi ingest",
    );
    check(
        "elsi recommend abstract.txt --year soon",
        2,
        "`soon`",
        "2010..2020",
    );
    check(
        "elsi recommend abstract.txt --lambda 2",
        2,
        "`lambda` is 2",
        "between 0",
    );
    check(
        "elsi search titel:gene",
        2,
        "there is no field `titel`",
        "`title:`",
    );
    check(
        "elsi search aspect:biosafty",
        2,
        "no aspect `biosafty`",
        "`aspect:biosafety`",
    );
    check("elsi ingest bomb.xml --library lib", 3, "bomb.xml", "");
    check(
        "elsi ingest abstract.txt --library lib --format doc",
        2,
        "no format",
        "pubmed-xml",
    );
    check(
        "elsi fetch gene --output pages --base-url http://127.0.0.1:9",
        2,
        "no e-mail",
        "--email",
    );
}

#[test]
fn filters_that_the_bundled_titles_cannot_fill_say_so() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    let said = folder.ok("elsi recommend abstract.txt --open-access").stdout;
    assert!(
        said.contains("no record of this library says whether it is open access"),
        "{said}"
    );
    assert!(
        said.contains("Nothing is recommended: no other document passes the filters, one of which is a P(ELSI) of 0.2 or more"),
        "{said}"
    );
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn bm25_reaches_what_beir_prints_and_fusion_is_not_below() {
    let Some(data) = std::env::var_os("COUNTERPOISE_DATA") else {
        eprintln!("skipped: COUNTERPOISE_DATA names no folder with SciFact");
        return;
    };
    let scifact = std::path::Path::new(&data).join("elsi/scifact");
    let folder = Folder::new();
    let ran = folder.run(&[
        "elsi",
        "eval",
        &scifact.display().to_string(),
        "--runs",
        "runs",
        "--json",
    ]);
    let check = json(&ran.stdout);
    assert_eq!(
        (check["documents"].as_u64(), check["queries"].as_u64()),
        (Some(5183), Some(300))
    );
    let ndcg = |run: usize| check["runs"][run]["means"][0].as_f64().expect("a number");
    assert!(ndcg(0) >= 0.665, "BM25: {}", ndcg(0));
    assert!(ndcg(2) >= ndcg(0), "fusion: {}", ndcg(2));
    let about = check["runs"][2]["about"].as_str().expect("a text");
    assert!(
        about.contains("within 0.001 of the best, those nearest to words alone"),
        "{about}"
    );
    let run = std::fs::read_to_string(folder.path("runs/bm25.run")).expect("it was written");
    assert!(run.lines().count() > 20_000 && run.lines().all(|line| line.split_whitespace().count() == 6));
}

/// Runs words with something on standard input.
fn with_input(folder: &Folder, words: &str, input: &str) -> String {
    use std::io::Write as _;
    use std::process::Stdio;

    let mut child = folder
        .command()
        .args(words.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child
        .stdin
        .take()
        .expect("it is piped")
        .write_all(input.as_bytes())
        .expect("it listens");
    let output = child.wait_with_output().expect("it ends");
    assert!(
        output.status.success(),
        "{words}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("stdout is text")
}

#[test]
fn documents_are_judged_one_by_one_and_every_answer_is_kept() {
    let folder = Folder::new();
    folder.write("mine.ris", RECORDS);
    folder.write("abstract.txt", TEXT);
    folder.ok("elsi ingest mine.ris --library lib");
    let said = with_input(
        &folder,
        "elsi judge judged.jsonl --library lib --by me --queue likely",
        "2\nmaybe\n0\nu\n1\n",
    );
    assert!(
        said.contains("2 documents to judge") && said.contains("say 2, 1, 0, s, u or q"),
        "{said}"
    );
    let lines = folder.read("judged.jsonl");
    let grades: Vec<u64> = lines
        .lines()
        .map(|line| json(line)["elsi"].as_u64().expect("a grade"))
        .collect();
    assert_eq!(grades, [2, 1], "{lines}");
    let screened = json(
        &folder
            .ok("elsi screen --library lib --judgements judged.jsonl --json")
            .stdout,
    );
    assert_eq!(
        (
            screened["screened"]["judged"].as_u64(),
            screened["waiting"].as_array().map(Vec::len)
        ),
        (Some(2), Some(0))
    );
    with_input(
        &folder,
        "elsi judge gold.jsonl --library lib --question abstract.txt --by me",
        "2\n",
    );
    with_input(
        &folder,
        "elsi judge gold.jsonl --library lib --question abstract.txt --by you",
        "q\n",
    );
    folder.ok("elsi judge gold.jsonl --qrels gold.qrels");
    let qrels = folder.read("gold.qrels");
    assert_eq!(qrels.split_whitespace().last(), Some("2"), "{qrels}");
}

#[test]
fn a_watch_tells_what_came_since_last_time() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    folder.write(
        "old.ris",
        "TY  - JOUR\nTI  - A toggle switch in yeast\nPY  - 2004\nER  -\n",
    );
    folder.write("mine.ris", RECORDS);
    folder.ok("elsi ingest old.ris --library lib");
    folder.ok("elsi watch add gut abstract.txt --library lib");
    let news = json(&folder.ok("elsi watch run --library lib --json").stdout);
    assert_eq!(
        (
            news[0]["came"].as_u64(),
            news[0]["items"].as_array().map(Vec::len)
        ),
        (Some(0), Some(0))
    );
    folder.ok("elsi ingest mine.ris --library lib");
    folder.ok("elsi watch run --library lib --atom feed.xml --digest new.md");
    assert!(folder.read("new.md").contains("[Engineered probiotics for patients: who consents to what is shed?](https://doi.org/10.5555/probiotic.1)"));
    let feed = folder.read("feed.xml");
    assert!(
        feed.starts_with("<?xml") && feed.contains("<id>urn:counterpoise:elsi:doi:10.5555/probiotic.1</id>"),
        "{feed}"
    );
    let again = json(&folder.ok("elsi watch run --library lib --json").stdout);
    assert_eq!(
        again[0]["items"].as_array().map(Vec::len),
        Some(0),
        "it was told already"
    );
    assert!(
        folder
            .refused("elsi watch remove nose")
            .contains("there are `gut`")
    );
    folder.ok("elsi watch remove gut");
    assert!(
        folder
            .refused("elsi watch run --library lib")
            .contains("elsi watch add")
    );
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn recommending_beats_bm25_on_the_gold_set_with_weights_that_nothing_was_judged_for() {
    let Some(data) = std::env::var_os("COUNTERPOISE_DATA") else {
        eprintln!("skipped: COUNTERPOISE_DATA names no folder with the abstracts");
        return;
    };
    let abstracts = std::path::Path::new(&data).join("elsi/synbio-ccby-abstracts/abstracts.jsonl");
    let folder = Folder::new();
    let ran = folder.run(&[
        "elsi",
        "eval",
        "--gold",
        &abstracts.display().to_string(),
        "--json",
    ]);
    let check = json(&ran.stdout);
    assert_eq!(
        (check["queries"].as_u64(), check["judged"].as_u64()),
        (Some(30), Some(4749))
    );
    let run = |name: &str| {
        let runs = check["runs"].as_array().expect("a list");
        runs.iter()
            .find(|run| run["name"] == name)
            .unwrap_or_else(|| panic!("{name}: {runs:?}"))
            .clone()
    };
    let by_hand = run("all parts, by hand");
    let low = by_hand["difference"][1][0].as_f64().expect("an interval");
    assert!(low > 0.0, "{by_hand}");
    for other in ["random", "newest", "the paper's recipe", "counting rule"] {
        assert!(run(other)["means"][0].as_f64() < by_hand["means"][0].as_f64());
    }
    let sides: Vec<&str> = check["sides"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|name| name.as_str())
        .collect();
    assert_eq!(
        sides,
        [
            "aspect-ndcg@10",
            "aspect-recall@10",
            "unlikeness@10",
            "ece",
            "law",
            "philosophy",
            "Global South"
        ]
    );
    let shown = check["shown"].as_array().expect("a list");
    assert_eq!(shown.len(), check["runs"].as_array().expect("a list").len() + 1);
    let all = shown.last().expect("a row");
    assert!(
        all["values"][4].as_f64() > Some(0.0) && all["values"][0].is_null(),
        "{all}"
    );
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn silver_labels_judge_what_never_saw_them() {
    let Some(data) = std::env::var_os("COUNTERPOISE_DATA") else {
        eprintln!("skipped: COUNTERPOISE_DATA names no folder with clusters");
        return;
    };
    let clusters = std::path::Path::new(&data).join("elsi/synbio-openalex");
    let folder = Folder::new();
    let ran = folder.run(&[
        "elsi",
        "eval",
        "--silver",
        &clusters.display().to_string(),
        "--json",
    ]);
    let check = json(&ran.stdout);
    let precision = |name: &str| {
        let rows = check["rows"].as_array().expect("a list");
        let row = rows.iter().find(|row| row["name"] == name).expect("a row");
        row["values"][0].as_f64().expect("a number")
    };
    assert!(precision("shipped") > 0.75, "{check}");
    assert!(precision("shipped") > precision("the paper's 15 words") + 0.3);
    // Copies on both sides of a fold look better than anything honest.
    assert!(precision("silver, copied before folds") > precision("silver, none") + 0.02);
}

#[test]
fn a_library_is_verified_and_what_is_no_library_is_not_left_behind() {
    let folder = Folder::new();
    folder.write("mine.csv", "title,doi\nEthics of gene drives,10.5555/drive\n");
    folder.ok("elsi ingest mine.csv --library lib");
    let said = folder.ok("elsi index --library lib --verify").stdout;
    assert!(said.contains("is whole: 1 document from 1 record"), "{said}");
    folder.write("lib/records/00000001.jsonl.zst", "no records");
    let damaged = folder.refused("elsi index --library lib --verify");
    assert!(damaged.contains("00000001"), "{damaged}");
    folder.write("paper.pdf", "%PDF-1.7 and more");
    let pdf = folder.refused("elsi ingest paper.pdf --library other");
    assert!(pdf.contains("a PDF") && pdf.contains("pdftotext"), "{pdf}");
    assert!(!folder.path("other").exists());
}

#[test]
fn every_text_of_the_field_is_answered_and_others_are_not() {
    let folder = Folder::new();
    let field = "We characterised a promoter library in Escherichia coli by flow cytometry. Expression varied over two orders of magnitude \
        and was predicted by the sequence between the boxes and the strength of the ribosome binding site, which lets one tune the levels of \
        enzymes of a pathway.";
    let football = "The midfielder scored twice in the second half as the home side came from behind to win the derby, and the coach praised the defence.";
    folder.write("field.txt", field);
    folder.write("football.txt", football);
    let items = |file: &str| {
        let list = json(&folder.ok(&format!("elsi recommend {file} --json")).stdout);
        list["items"].as_array().expect("a list").len()
    };
    assert_eq!(items("field.txt"), 5);
    assert!(items("football.txt") < 3);
    let biology = "Cadherin activity is required for the remodelling of spines. Neural activity makes new cadherin in dendrites of mice, and \
        blocking it stops the growth of spines and the recruitment of receptors to synapses in slices of the hippocampus.";
    folder.write("biology.txt", biology);
    assert_eq!(items("biology.txt"), 0);
    for signs in ["w3fa9c w88bd1 wff00", "the of and in"] {
        folder.write("signs.txt", signs);
        assert_eq!(items("signs.txt"), 0, "{signs}");
    }
}

#[test]
fn what_has_all_words_of_a_short_query_is_not_left_out() {
    let folder = Folder::new();
    let titles = |query: &str, more: &str| {
        folder.write("query.txt", query);
        let list = json(&folder.ok(&format!("elsi recommend query.txt {more}")).stdout);
        let items = list["items"].as_array().expect("a list").iter();
        items
            .map(|item| item["record"]["title"].as_str().expect("a title").to_lowercase())
            .collect::<Vec<_>>()
    };
    let governed = titles("gene drive", "--json --aspect governance");
    assert!(
        governed.len() >= 2 && governed.iter().all(|title| title.contains("gene drive")),
        "{governed:?}"
    );
    let biohackers = titles("DIY biology", "--json");
    assert!(
        biohackers.iter().any(|title| title.contains("diy) biology")),
        "{biohackers:?}"
    );
}

#[test]
fn what_judging_writes_is_what_evaluating_reads() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    with_input(
        &folder,
        "elsi judge mine.jsonl --question abstract.txt --depth 3",
        "2\n0\n1\nq\n",
    );
    let check = json(&folder.ok("elsi eval --relevance mine.jsonl --json").stdout);
    assert_eq!(
        (check["queries"].as_u64(), check["judged"].as_u64()),
        (Some(1), Some(3))
    );
    let held_out = |check: &serde_json::Value| {
        let runs = check["runs"].as_array().expect("a list").iter();
        runs.filter(|run| run["name"] == "all parts, held out")
            .map(|run| run["about"].as_str().expect("a text").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(held_out(&check), [""; 0], "there is no other text to tune on");
    folder.write(
        "second.txt",
        "Gene drives in mosquitoes: a drive spreads through wild populations.",
    );
    with_input(
        &folder,
        "elsi judge mine.jsonl --question second.txt --depth 3",
        "2\n0\nq\n",
    );
    let two = json(&folder.ok("elsi eval --relevance mine.jsonl --json").stdout);
    assert_eq!(
        held_out(&two),
        ["weights tuned on the other abstracts, each time without one"]
    );
    let piped = folder.refused("elsi judge mine.jsonl --question -");
    assert!(piped.contains("write the text into a file"), "{piped}");
}

#[test]
fn a_watch_keeps_what_was_not_shown() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    folder.write("first.csv", "title,doi\nA protein fold,10.5555/fold\n");
    folder.ok("elsi ingest first.csv --library lib");
    folder.ok("elsi watch add mine abstract.txt --library lib");
    let rows: Vec<String> = (0..4)
        .map(|place| format!("Ethics and regulation of engineered probiotic bacteria with kill switches {place},10.5555/{place}"))
        .collect();
    folder.write("more.csv", format!("title,doi\n{}\n", rows.join("\n")));
    folder.ok("elsi ingest more.csv --library lib");
    let few = folder
        .ok("elsi watch run --library lib -n 2 --atom feed.xml")
        .stdout;
    assert!(
        few.contains("4 of 4 new documents fit") && few.contains("all stay new"),
        "{few}"
    );
    let all = folder
        .ok("elsi watch run --library lib -n 4 --atom feed.xml")
        .stdout;
    assert!(
        all.contains("4 of 4 new documents fit") && !all.contains("stay new"),
        "{all}"
    );
    let feed = std::fs::read_to_string(folder.path("feed.xml")).expect("it was written");
    assert_eq!(feed.matches("<entry>").count(), 4);
    let none = folder.ok("elsi watch run --library lib --atom feed.xml").stdout;
    assert!(none.contains("0 of 0"), "{none}");
    assert_eq!(
        std::fs::read_to_string(folder.path("feed.xml")).expect("it stays"),
        feed
    );
}

#[test]
fn explaining_says_when_a_document_is_not_recommended() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    folder.write(
        "own.txt",
        "Engineered probiotics for patients: who consents to what is shed?\n",
    );
    folder.write("mine.ris", RECORDS);
    folder.ok("elsi ingest mine.ris --library lib");
    let explained = |words: &str| {
        json(
            &folder
                .ok(&format!("elsi explain {words} --library lib --json"))
                .stdout,
        )
    };
    let listed = explained("10.5555/probiotic.1 abstract.txt");
    assert_eq!(
        (listed["place"].as_u64(), listed["why_not"].as_str()),
        (Some(1), None)
    );
    let check = |words: &str, wanted: &str| {
        let why = explained(words);
        assert!(
            why["why_not"].as_str().is_some_and(|why| why.contains(wanted)),
            "{words}: {}",
            why["why_not"]
        );
        assert!(why["place"].is_null(), "{words}");
    };
    check("10.5555/probiotic.1 abstract.txt --year 2004", "it is of 2022");
    check(
        "10.5555/probiotic.1 abstract.txt --hide 10.5555/probiotic.1",
        "`--hide`",
    );
    check("10.5555/toggle.1 abstract.txt --elsi 0.5", "P(ELSI)");
    check("10.5555/probiotic.1 own.txt", "very text");
    check(
        "10.5555/probiotic.1 abstract.txt --like 10.5555/probiotic.1",
        "`--like`",
    );
    let said = folder
        .ok("elsi explain 10.5555/toggle.1 abstract.txt --library lib --elsi 0.5")
        .stdout;
    assert!(said.starts_with("It is not recommended: its P(ELSI)"), "{said}");
}

#[test]
fn a_library_without_its_records_or_its_pointer_says_what_to_type() {
    let folder = Folder::new();
    folder.write("mine.ris", RECORDS);
    folder.ok("elsi ingest mine.ris --library lib");
    let file = "lib/records/00000001.jsonl.zst";
    let whole = std::fs::read(folder.path(file)).expect("it was written");
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 0x55;
    folder.write(file, &changed);
    let again = folder.refused("elsi ingest mine.ris --library lib");
    assert!(again.contains("00000001") && again.contains("restore"), "{again}");
    let rebuilt = folder.refused("elsi index --library lib --rebuild");
    assert!(rebuilt.contains("has been changed since"), "{rebuilt}");
    std::fs::remove_file(folder.path(file)).expect("it is there");
    let gone = folder.refused("elsi index --library lib --rebuild");
    assert!(
        gone.contains("holds no file") && gone.contains("ingest your files again"),
        "{gone}"
    );
    folder.ok("elsi export elsi:>=0 --search -n 100000 --output all.jsonl --library lib");
    folder.ok("elsi ingest all.jsonl --library new");
    std::fs::write(folder.path(file), &whole).expect("it goes back");
    std::fs::remove_file(folder.path("lib/library.json")).expect("it is there");
    for words in ["elsi index --library lib", "elsi ingest mine.ris --library lib"] {
        let said = folder.refused(words);
        assert!(
            said.contains("--rebuild") && !said.contains("ingest FILE"),
            "{said}"
        );
    }
    folder.ok("elsi index --library lib --rebuild");
    let silent = folder
        .run(&["elsi", "index", "--library", "lib", "--dense", "lsa"])
        .stderr;
    assert!(
        silent.contains("nothing was changed") && silent.contains("--rebuild --dense lsa"),
        "{silent}"
    );
}

#[test]
fn what_holds_no_record_leaves_no_library() {
    let folder = Folder::new();
    folder.write("empty.txt", "");
    folder.write("untitled.ris", "TY  - JOUR\nPY  - 2001\nER  -\n");
    let empty = folder.refused("elsi ingest empty.txt --library lib");
    assert!(empty.contains("`empty.txt` is empty"), "{empty}");
    let untitled = folder.refused("elsi ingest untitled.ris --library lib");
    assert!(
        untitled.contains("nothing was ingested") && untitled.contains("no title"),
        "{untitled}"
    );
    assert!(!folder.path("lib").exists());
    let untitled: Vec<String> = (0..8)
        .map(|place| format!("{{\"doi\": \"10.5555/{place}\"}}\n"))
        .collect();
    let lines = format!(
        "{{\"title\": \"The ethics of gene drives\"}}\n{}",
        untitled.concat()
    );
    folder.write("lines.jsonl", lines);
    let told = folder
        .run(&["elsi", "ingest", "lines.jsonl", "--library", "lib", "--json"])
        .stderr;
    assert_eq!(told.matches("the record was left out").count(), 8, "{told}");
    let few = folder
        .run(&["elsi", "ingest", "lines.jsonl", "--library", "lib"])
        .stderr;
    assert!(few.contains("3 more like the 5"), "{few}");
}

#[test]
fn a_watch_is_asked_of_its_own_library_and_kept_under_one_name() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    folder.write("mine.ris", RECORDS);
    folder.ok("elsi ingest mine.ris --library lib");
    folder.ok("elsi ingest mine.ris --library other");
    folder.ok("elsi watch add mine abstract.txt --library lib");
    let other = folder.refused("elsi watch run --library other");
    assert!(
        other.contains("another library") && other.contains("`mine`"),
        "{other}"
    );
    folder.ok("elsi watch run --library lib");
    let twice = folder.refused("elsi watch add mine abstract.txt --library lib");
    assert!(twice.contains("--replace"), "{twice}");
    folder.ok("elsi watch add mine abstract.txt --library other --replace");
    folder.ok("elsi watch add second abstract.txt --library lib");
    let ran = folder.run(&["elsi", "watch", "run", "--library", "lib"]);
    assert!(
        ran.stdout.contains("second:") && !ran.stdout.contains("mine:"),
        "{}",
        ran.stdout
    );
    assert_eq!(
        ran.stderr, "kept for other libraries, and not asked: mine\n",
        "told once, and no warning"
    );
    let of = |words: &str| {
        let list = json(&folder.ok(&format!("elsi watch list {words} --json")).stdout);
        let list = list.as_array().expect("a list").iter();
        list.map(|watch| watch["name"].as_str().expect("a name").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("--library lib"), ["second"]);
    assert_eq!(of("--library other"), ["mine"]);
    let elsewhere = folder.refused("elsi watch remove mine --library lib");
    assert!(
        elsewhere.contains("for this library") && elsewhere.contains("`second`"),
        "{elsewhere}"
    );
    folder.ok("elsi watch remove second --library lib");
    for name in ["", " "] {
        let ran = folder.run(&["elsi", "watch", "add", name, "abstract.txt", "--library", "lib"]);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    }
    let none = folder.run(&["elsi", "watch", "add", "x", "", "--library", "lib"]);
    assert_eq!(none.code, Some(3), "{}", none.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn what_could_not_be_printed_is_news_the_next_time() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    folder.write("mine.ris", RECORDS);
    folder.write("first.ris", "TY  - JOUR\nTI  - Bridges of steel\nER  -\n");
    folder.ok("elsi ingest first.ris --library lib");
    folder.ok("elsi watch add mine abstract.txt --library lib");
    folder.ok("elsi ingest mine.ris --library lib");
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let failed = folder
        .command()
        .args(["elsi", "watch", "run", "--library", "lib"])
        .stdout(full)
        .status()
        .expect("it starts");
    assert!(!failed.success());
    let ran = folder.run(&["elsi", "watch", "run", "--library", "lib"]);
    assert!(ran.stdout.contains("who consents"), "{}", ran.stdout);
    let again = folder.run(&["elsi", "watch", "run", "--library", "lib"]);
    assert!(!again.stdout.contains("who consents"), "{}", again.stdout);
}

#[test]
fn filters_of_a_search_that_is_exported_stand_in_its_query() {
    let folder = Folder::new();
    folder.write("mine.ris", RECORDS);
    folder.ok("elsi ingest mine.ris --library lib");
    let refused = folder.refused("elsi export yeast --search --year 2004 --library lib --output a.csv");
    assert!(refused.contains("--search"), "{refused}");
    folder.ok("elsi export year:2004 --search --library lib --output a.csv");
}

#[test]
fn a_file_that_is_not_there_is_one_exit_code_everywhere() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    folder.write("mine.ris", RECORDS);
    folder.ok("elsi ingest mine.ris --library lib");
    for words in [
        "recommend gone.txt --library lib",
        "recommend abstract.txt --library gone",
        "recommend abstract.txt --library lib --weights gone.json",
        "export gone.txt --library lib --output list.bib",
        "ingest gone.ris --library lib",
        "screen --library lib --judgements gone.jsonl",
        "judge gone.jsonl --qrels out.txt",
        "learn gone.jsonl --library lib",
        "eval gone",
        "eval --relevance gone.jsonl --library lib",
        "watch run --watches gone.json --library lib",
        "watch remove x --watches gone.json",
        "index --library lib --rebuild --lexicon gone.toml",
    ] {
        let ran = folder.run(&format!("elsi {words}").split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, Some(3), "{words}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("gone") && ran.stderr.contains("hint:"),
            "{words}: {}",
            ran.stderr
        );
    }
}

#[test]
fn a_session_says_what_turned_and_what_was_taken_back() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    folder.write("mine.ris", RECORDS);
    folder.ok("elsi ingest mine.ris --library lib");
    let told = |words: &str| {
        let words = format!("elsi recommend abstract.txt --library lib --session s.json {words}");
        folder.run(&words.split(' ').collect::<Vec<_>>()).stderr
    };
    assert!(told("--undo").contains("nothing to undo"));
    told("--like 10.5555/toggle.1");
    assert!(told("--dislike 10.5555/toggle.1").contains("is disliked from now on"));
    assert!(told("--undo").contains("taken back"));
}

#[test]
fn nobody_waits_for_an_address_of_their_own_where_nothing_listens() {
    let folder = Folder::new();
    let words = "elsi fetch gene --output pages --email me@example.org --base-url http://127.0.0.1:9";
    let ran = folder.run(&words.split(' ').collect::<Vec<_>>());
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("nothing listens") && ran.stderr.contains("--base-url"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_foreign_file_in_a_folder_is_told_and_left() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("mine")).expect("an empty folder");
    folder.write(
        "mine/list.csv",
        "title,doi\nEthics of gene drives,10.5555/drive\n",
    );
    folder.write("mine/picture.bin", "\u{1}\u{2}\u{3}");
    let done = folder.run(&["elsi", "ingest", "mine", "--library", "lib"]);
    assert!(done.stderr.contains("picture.bin"), "{}", done.stderr);
    assert!(done.stdout.contains("1 document"), "{}", done.stdout);
}

/// A folder with a good file of records and a text, and much that cannot be read.
fn mixed() -> Folder {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("mine/inner")).expect("an empty folder");
    folder.write("mine/good.ris", RECORDS);
    folder.write("mine/abstract.md", TEXT);
    folder.write("mine/paper.pdf", "%PDF-1.7 and more");
    folder.write("mine/picture.png", b"\x89PNG\r\n\x1a\n\0\0");
    folder.write("mine/sheet.xlsx", b"PK\x03\x04 and more");
    folder.write("mine/nothing.txt", "");
    folder.write("mine/old.csv", b"title,doi\nCaf\xe9s,10.5555/cafe\n");
    folder.write(
        "mine/broken.jsonl",
        "{\"title\": \"Ethics of gene drives\", \"doi\": \"10.5555/drive\"}\n{\"title\": ",
    );
    folder
}

#[test]
fn what_cannot_be_read_in_a_folder_is_told_and_the_rest_is_read() {
    let folder = mixed();
    let ran = folder.ok("elsi ingest mine --library lib --json");
    let done = json(&ran.stdout);
    let unread: Vec<(&str, u64)> = done["unread"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|file| {
            let why = file["why"].as_str().expect("a text");
            let is_empty = file["file"] == "mine/nothing.txt";
            assert!(why.len() > 10 && is_empty == (why == "it is empty"), "{file}");
            (
                file["file"].as_str().expect("a name"),
                file["records"].as_u64().expect("a number"),
            )
        })
        .collect();
    assert_eq!(
        unread,
        [
            ("mine/broken.jsonl", 1),
            ("mine/nothing.txt", 0),
            ("mine/old.csv", 0),
            ("mine/paper.pdf", 0),
            ("mine/picture.png", 0),
            ("mine/sheet.xlsx", 0)
        ]
    );
    assert_eq!(done["documents"].as_u64(), Some(4), "{done}");
    let warned: Vec<serde_json::Value> = ran.stderr.lines().map(json).collect();
    for part in [
        "paper.pdf` is a PDF",
        "picture.png` is a picture",
        "sheet.xlsx` is a spreadsheet",
        "broken.jsonl`, ",
        "1 record before it",
        "mine/inner` is a folder",
        "0xe9",
    ] {
        assert!(
            warned
                .iter()
                .any(|line| line["message"].as_str().is_some_and(|said| said.contains(part))),
            "{part}: {}",
            ran.stderr
        );
    }
    let said = folder.ok("elsi ingest mine --library two").stdout;
    assert!(
        said.contains("paper.pdf")
            && said.contains("nothing.txt")
            && said.contains("not read")
            && said.contains("read in part"),
        "{said}"
    );
    let named = folder.refused("elsi ingest mine/good.ris mine/paper.pdf --library three");
    assert!(named.starts_with("exit 3") && named.contains("a PDF"), "{named}");
    std::fs::create_dir(folder.path("none")).expect("an empty folder");
    folder.write("none/paper.pdf", "%PDF-1.7 and more");
    let none = folder.refused("elsi ingest none --library three");
    assert!(none.starts_with("exit 3") && none.contains("a PDF"), "{none}");
}

#[test]
fn a_folder_is_asked_with_as_far_as_it_can_be_read() {
    let folder = mixed();
    let done = json(&folder.ok("elsi recommend mine --json").stdout);
    assert_eq!(done["question"], "mine (2 files)");
    let notes: Vec<&str> = done["notes"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|note| note.as_str())
        .collect();
    for part in [
        "paper.pdf` is a PDF",
        "picture.png` is a picture",
        "sheet.xlsx` is a spreadsheet",
        "0xe9",
        "broken.jsonl",
        "inner` is a folder",
    ] {
        assert!(notes.iter().any(|note| note.contains(part)), "{part}: {notes:?}");
    }
    folder.ok("elsi ingest mine/good.ris --library lib");
    let kept = folder.ok("elsi watch add mine mine --library lib").stderr;
    assert!(kept.contains("paper.pdf"), "{kept}");
    folder.write(
        "one.ris",
        "TY  - JOUR\nTI  - Ethics of engineered probiotics\nER  -\n",
    );
    let said = folder.ok("elsi recommend one.ris --library lib").stdout;
    assert!(said.starts_with("For one.ris (ris: 1 record)\n"), "{said}");
}

#[test]
fn bytes_of_an_unknown_encoding_are_refused_wherever_they_stand() {
    let folder = Folder::new();
    folder.write(
        "old.txt",
        b"Na\xefve users of engineered yeast and their ethics\n",
    );
    for words in ["elsi ingest old.txt --library lib", "elsi recommend old.txt"] {
        let said = folder.refused(words);
        assert!(
            said.starts_with("exit 3") && said.contains("0xef after `Na`") && said.contains("iconv"),
            "{said}"
        );
    }
}

#[test]
fn with_json_stdout_is_one_document_and_errors_of_usage_are_json() {
    let folder = Folder::new();
    folder.write("mine.ris", RECORDS);
    folder.ok("elsi ingest mine.ris --library lib");
    let said = with_input(
        &folder,
        "elsi judge judged.jsonl --library lib --by me --json",
        "2\nx\n0\nq\n",
    );
    assert_eq!(json(&said)["judged"], 2);
    for words in [
        "elsi search --json --foo x",
        "elsi --json recommend",
        "--json nothing",
    ] {
        let ran = folder.run(&words.split(' ').collect::<Vec<_>>());
        assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{words}");
        let told = json(&ran.stderr);
        assert_eq!(
            (&told["event"], &told["code"]),
            (&"error".into(), &"usage.invalid".into()),
            "{told}"
        );
        assert!(
            told["message"]
                .as_str()
                .is_some_and(|said| !said.starts_with("error")),
            "{told}"
        );
    }
    let plain = folder.run(&["elsi", "search", "--foo", "x", "--", "--json"]);
    assert!(
        plain.code == Some(2) && plain.stderr.starts_with("error:"),
        "{}",
        plain.stderr
    );
}

#[test]
fn like_things_have_like_exit_codes() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    folder.write("mine.ris", RECORDS);
    folder.write("bad.json", "{\"a\": 1}");
    std::fs::create_dir(folder.path("empty")).expect("an empty folder");
    folder.write("empty.txt", "");
    folder.ok("elsi ingest mine.ris --library lib");
    let check = |code: i32, words: &str, said: &str| {
        let ran = folder.run(&words.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, Some(code), "{words}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{words}: {}", ran.stderr);
    };
    check(0, "elsi recommend abstract.txt --year 1900 --library lib", "");
    check(
        0,
        "elsi export abstract.txt --year 1900 --library lib --output no.ris",
        "no file was written",
    );
    check(
        0,
        "elsi export football --search --library lib --output no.ris",
        "no file was written",
    );
    assert!(!folder.path("no.ris").exists());
    for words in [
        "recommend empty",
        "recommend empty.txt",
        "ingest empty --library a",
        "ingest empty.txt --library a",
    ] {
        check(3, &format!("elsi {words}"), "empty");
    }
    check(3, "elsi recommend abstract.txt --weights bad.json", "bad.json");
    check(3, "elsi recommend abstract.txt --session bad.json", "bad.json");
    for query in ["", "*", " "] {
        let ran = folder.run(&["elsi", "search", query]);
        assert_eq!(ran.code, Some(2), "{query}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("there is no word here"),
            "{query}: {}",
            ran.stderr
        );
    }
    check(3, "elsi search x --library mine.ris", "no library");
    check(3, "elsi ingest mine.ris --library mine.ris", "it is a file");
    std::fs::create_dir(folder.path("other")).expect("an empty folder");
    folder.write("other/notes.txt", "mine");
    check(
        3,
        "elsi ingest mine.ris --library other",
        "--library other/my-library",
    );
    assert_eq!(
        std::fs::read_dir(folder.path("other"))
            .expect("it is there")
            .count(),
        1
    );
    folder.ok("elsi ingest mine.ris --library empty");
}

#[test]
fn what_is_there_is_not_replaced_unless_told_to() {
    let folder = Folder::new();
    folder.write("mine.ris", RECORDS);
    folder.ok("elsi ingest mine.ris --library lib");
    for (words, file) in [
        (
            "elsi export yeast --search --library lib --output list.bib",
            "list.bib",
        ),
        ("elsi aspects --save mine.toml", "mine.toml"),
    ] {
        folder.write(file, "edited by hand");
        let said = folder.refused(words);
        assert!(
            said.starts_with("exit 2") && said.contains("--overwrite"),
            "{said}"
        );
        assert_eq!(folder.read(file), "edited by hand");
        let done = folder.ok(&format!("{words} --overwrite")).stdout;
        assert!(done.contains("wrote") && done.contains(file), "{done}");
        assert_ne!(folder.read(file), "edited by hand");
    }
}

#[test]
fn documents_without_id_or_title_have_a_name_and_a_place() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    folder.write(
        "bare.ris",
        "TY  - JOUR\nTI  - Consent of patients to engineered probiotics\nER  -\n\nTY  - JOUR\nAB  - Informed consent and biosafety of engineered probiotics with a kill switch.\nDO  - 10.5555/bare\nER  -\n",
    );
    folder.ok("elsi ingest bare.ris --library lib");
    let listed = folder
        .ok("elsi recommend abstract.txt --library lib --elsi 0")
        .stdout;
    assert!(listed.contains("[no title]"), "{listed}");
    let is_name = |word: &&str| word.starts_with("text:") && word.len() == "text:".len() + 16;
    let name = listed.split_whitespace().find(is_name).expect("a name");
    let found = folder.ok("elsi search consent --library lib").stdout;
    assert!(found.contains(name) && found.contains("[no title]"), "{found}");
    let asked = json(
        &folder
            .ok(&format!("elsi recommend {name} --library lib --json"))
            .stdout,
    );
    assert_eq!(asked["question"], name);
    let explained = folder.ok(&format!(
        "elsi explain {name} abstract.txt --library lib --elsi 0"
    ));
    assert!(explained.stdout.contains(name), "{}", explained.stdout);
    let searched = json(
        &folder
            .ok(&format!("elsi search id:{name} --library lib --json"))
            .stdout,
    );
    assert_eq!(searched["total"], 1);
}

#[test]
fn a_search_says_which_part_finds_nothing_and_takes_ids_in_any_spelling() {
    let folder = Folder::new();
    folder.write("mine.ris", RECORDS);
    folder.ok("elsi ingest mine.ris --library lib");
    let search = |query: &str| {
        let ran = folder.run(&["elsi", "search", query, "--library", "lib", "--json"]);
        assert_eq!(ran.code, Some(0), "{query}: {}", ran.stderr);
        let found = json(&ran.stdout);
        (
            found["total"].as_u64().expect("a number"),
            found["notes"].to_string(),
        )
    };
    let (total, notes) = search("consent flying yeast");
    assert!(
        total == 0 && notes.contains("nothing is found for `flying` alone"),
        "{notes}"
    );
    let (total, notes) = search("consent yeast");
    assert!(
        total == 0 && notes.contains("not together: `consent` in 1 document, `yeast` in 1 document"),
        "{notes}"
    );
    for id in [
        "10.5555/toggle.1",
        "doi:10.5555/toggle.1",
        "https://doi.org/10.5555/Toggle.1",
    ] {
        assert_eq!(search(&format!("yeast id:{id}")), (1, "[]".into()), "{id}");
    }
    assert_eq!(search("bi-stab*").0, 1, "a prefix before a hyphen is joined");
    assert_eq!(search("switch-bist*").0, 1);
    assert_eq!(search("-consent").0, 1, "what begins with `-` is a query");
    assert_eq!(search("-national").0, 2);
    let after = folder.ok("elsi --json search -n1 -consent -l lib").stdout;
    assert_eq!(json(&after)["total"], 1);
    let limited = folder
        .ok("elsi search -n1 --library lib year:>2000 --json")
        .stdout;
    assert_eq!(json(&limited)["hits"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_documents_that_come_with_the_program_have_facts_too() {
    let folder = Folder::new();
    let said = folder.ok("elsi index").stdout;
    assert!(
        said.contains("15,185 articles") && said.contains("documents"),
        "{said}"
    );
    let facts = json(&folder.ok("elsi index --json").stdout);
    assert!(facts["documents"].as_u64() > Some(15_000), "{facts}");
    let rebuilt = folder.refused("elsi index --rebuild");
    assert!(rebuilt.contains("--library"), "{rebuilt}");
}

#[test]
fn what_cannot_be_distilled_is_told_before_minutes_of_work() {
    let folder = Folder::new();
    let none = folder.refused("elsi distill absent.whl --output table.bin");
    assert!(none.contains("absent.whl"), "{none}");
    folder.write("not.whl", "this is no wheel");
    let odd = folder.refused("elsi distill not.whl --output table.bin");
    assert!(odd.contains("not.whl"), "{odd}");
    let nowhere = folder.refused("elsi distill not.whl --output absent/table.bin");
    assert!(nowhere.contains("absent"), "{nowhere}");
    assert!(!folder.path("table.bin").exists());
    folder.write("abstract.txt", TEXT);
    let kind = folder.refused("elsi eval . --dense glove");
    assert!(kind.contains("table:PATH"), "{kind}");
}

#[test]
fn rankings_of_any_system_are_measured_on_judgements() {
    let folder = Folder::new();
    folder.write("qrels.txt", "q1 0 a 2\nq1 0 b 0\nq2 0 c 1\n");
    folder.write(
        "first.run",
        "q1 Q0 b 1 2.0 first\nq1 Q0 a 2 1.0 first\nq2 Q0 d 1 1.0 first\n",
    );
    folder.write("second.run", "q1 Q0 a 1 2.0 second\n");
    let check = json(
        &folder
            .ok("elsi eval --qrels qrels.txt --run first.run --run second.run --json")
            .stdout,
    );
    assert_eq!(check["measures"][0], "ndcg@10");
    let first = check["runs"][0]["means"][0].as_f64().expect("a number");
    assert!((first - 0.5 / 3.0_f64.log2()).abs() < 1e-12, "{first}");
    assert_eq!(check["runs"][1]["means"][0].as_f64(), Some(0.5));
    assert_eq!(check["unanswered"][0], serde_json::json!(["second", 1]));
    folder.write("odd.run", "q1 Q0 a 1 high odd\n");
    let odd = folder.refused("elsi eval --qrels qrels.txt --run odd.run");
    assert!(odd.contains("odd.run") && odd.contains("line 1"), "{odd}");
    folder.write("other.run", "x1 Q0 a 1 1.0 other\n");
    let other = folder.refused("elsi eval --qrels qrels.txt --run other.run");
    assert!(other.contains("none of its queries was judged"), "{other}");
}

#[test]
fn your_own_judgements_measure_and_tune() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    let list = json(
        &folder
            .ok("elsi recommend abstract.txt -n 12 --never-abstain --json")
            .stdout,
    );
    let items = list["items"].as_array().expect("a list");
    let lines: Vec<String> = items
        .iter()
        .enumerate()
        .map(|(place, item)| {
            let id = item["record"]["ids"]["openalex"].as_str().expect("an id");
            format!(
                "{{\"query\": \"abstract.txt\", \"id\": \"openalex:{id}\", \"grade\": {}, \"by\": \"me\"}}",
                if place % 3 == 0 { 2 } else { 0 }
            )
        })
        .collect();
    folder.write("mine.jsonl", lines.join("\n"));
    let check = json(
        &folder
            .ok("elsi eval --relevance mine.jsonl --save-weights weights.json --json")
            .stdout,
    );
    assert_eq!(
        (check["queries"].as_u64(), check["judged"].as_u64()),
        (Some(1), Some(12))
    );
    let said = folder
        .ok("elsi recommend abstract.txt --weights weights.json --json")
        .stdout;
    assert_eq!(json(&said)["weights"], "tuned on 1 abstract");
    std::fs::remove_file(folder.path("abstract.txt")).expect("it is there");
    let gone = folder.refused("elsi eval --relevance mine.jsonl");
    assert!(gone.contains("none of the abstracts"), "{gone}");
}

#[test]
fn citations_judge_where_a_library_has_them() {
    let folder = Folder::new();
    let none = folder.refused("elsi eval --citations");
    assert!(none.contains("cites another document"), "{none}");
    let works: Vec<String> = (0..8)
        .flat_map(|place| {
            [
                format!("{{\"id\": \"W{place}1\", \"title\": \"Enzyme number {place} of a yeast strain {place}\"}}"),
                format!(
                    "{{\"id\": \"W{place}2\", \"title\": \"Ethics and governance of yeast strain {place}: biosafety, law and public policy\", \"referenced_works\": [\"W{place}1\"]}}"
                ),
            ]
        })
        .collect();
    folder.write("works.json", format!("{{\"results\": [{}]}}", works.join(",")));
    folder.ok("elsi ingest works.json --format openalex --library lib");
    let check = json(&folder.ok("elsi eval --citations --library lib --json").stdout);
    assert_eq!(
        (check["queries"].as_u64(), check["judged"].as_u64()),
        (Some(8), Some(8)),
        "{check}"
    );
    let names: Vec<&str> = check["runs"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|run| run["name"].as_str())
        .collect();
    assert!(
        names.contains(&"the paper's recipe") && names.contains(&"newest"),
        "{names:?}"
    );
    assert!(check["runs"][0]["means"][0].as_f64() > Some(0.4), "{check}");
}

#[test]
fn clusters_that_cannot_be_read_say_where() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("labels")).expect("an empty folder");
    let none = folder.refused("elsi eval --silver labels");
    assert!(none.contains("clusters.tsv"), "{none}");
    folder.write(
        "labels/clusters.tsv",
        "high\tmid\tlow\tsilver\n0\t0\t0\tperhaps\n",
    );
    let odd = folder.refused("elsi eval --silver labels");
    assert!(odd.contains("line 2") && odd.contains("`perhaps`"), "{odd}");
    folder.write("labels/clusters.tsv", "high\tmid\tlow\tsilver\n0\t0\t0\tno\n");
    folder.write("labels/papers.tsv", "openalex_id\thigh\tmid\n");
    let column = folder.refused("elsi eval --silver labels");
    assert!(column.contains("no column `low`"), "{column}");
    folder.write(
        "labels/papers.tsv",
        "openalex_id\thigh\tmid\tlow\nW2769086206\t0\t0\t0\n",
    );
    let few = folder.refused("elsi eval --silver labels");
    assert!(few.contains("10 of each kind are needed"), "{few}");
}

#[test]
fn the_recipe_of_the_paper_agrees_with_its_own_labels_and_hides_most() {
    let folder = Folder::new();
    let found = json(&folder.ok("reproduce elsi --json --report recipe.html").stdout);
    assert_eq!(found["rule_agrees"].as_f64(), Some(1.0));
    assert!(found["hidden"].as_f64() > Some(0.5), "{found}");
    assert_eq!(found["topics"][4]["paper"][1].as_u64(), Some(40));
    assert_eq!(found["shown"].as_array().map(Vec::len), Some(5));
    let page = std::fs::read_to_string(folder.path("recipe.html")).expect("it was written");
    assert!(page.contains("the gate hides most"), "{page}");
    folder.write("few.csv", "title,abstract\nA network,Promoters of a circuit\n");
    folder.ok("elsi ingest few.csv --library few");
    let few = folder.refused("reproduce elsi --library few");
    assert!(few.contains("10 are needed"), "{few}");
}

/// Runs several commands at once, and expects success of each.
fn at_once(folder: &Folder, commands: &[String]) {
    let children: Vec<_> = commands
        .iter()
        .map(|words| {
            let mut command = folder.command();
            command.args(words.split(' ')).stdout(std::process::Stdio::null());
            command.spawn().expect("the binary starts")
        })
        .collect();
    for (mut child, words) in children.into_iter().zip(commands) {
        assert!(child.wait().expect("it ends").success(), "{words}");
    }
}

fn watched(folder: &Folder) -> Vec<(String, u64)> {
    let list = json(&folder.ok("elsi watch list --json").stdout);
    let list = list.as_array().expect("a list").iter();
    let mut names: Vec<(String, u64)> = list
        .map(|watch| {
            (
                watch["name"].as_str().expect("a name").to_owned(),
                watch["seen"].as_u64().expect("a number"),
            )
        })
        .collect();
    names.sort();
    names
}

#[test]
fn questions_that_are_kept_at_once_are_all_kept() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    folder.write("old.ris", "TY  - JOUR\nTI  - A toggle switch in yeast\nER  -\n");
    folder.write("mine.ris", RECORDS);
    folder.ok("elsi ingest old.ris --library lib");
    folder.ok("elsi watch add w0 abstract.txt --library lib");
    folder.ok("elsi ingest mine.ris --library lib");
    let mut commands: Vec<String> = (1..7)
        .map(|place| format!("elsi watch add w{place} abstract.txt --library lib"))
        .collect();
    commands.push("elsi watch run --library lib --digest new.md".into());
    commands.push("elsi watch run --library lib --digest new.md".into());
    at_once(&folder, &commands);
    let documents = json(&folder.ok("elsi index --library lib --json").stdout)["documents"].clone();
    let now = documents.as_u64().expect("a number");
    let wanted: Vec<(String, u64)> = (0..7).map(|place| (format!("w{place}"), now)).collect();
    assert_eq!(watched(&folder), wanted);
    assert!(folder.read("new.md").contains("who consents"));
    let commands: Vec<String> = (0..7)
        .map(|place| format!("elsi watch remove w{place}"))
        .collect();
    at_once(&folder, &commands);
    assert_eq!(watched(&folder), []);
}

#[test]
fn what_is_said_at_once_in_a_session_is_all_kept() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    let rows: Vec<String> = (0..4)
        .map(|place| {
            format!("Ethics of engineered probiotic bacteria with kill switches {place},10.5555/{place}")
        })
        .collect();
    folder.write("mine.csv", format!("title,doi\n{}\n", rows.join("\n")));
    folder.ok("elsi ingest mine.csv --library lib");
    let ask = "elsi recommend abstract.txt --library lib --session par.json";
    let commands: Vec<String> = (0..4)
        .map(|place| format!("{ask} --like 10.5555/{place}"))
        .collect();
    at_once(&folder, &commands);
    let liked = || json(&folder.read("par.json"))["said"].as_array().map(Vec::len);
    assert_eq!(liked(), Some(4), "{}", folder.read("par.json"));
    let unknown = folder.refused(&format!("{ask} --like 10.5555/nobody"));
    assert!(unknown.contains("10.5555/nobody"), "{unknown}");
    assert_eq!(liked(), Some(4), "what cannot be answered is not kept");
}

#[test]
fn a_digest_keeps_what_nobody_read_yet() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    folder.write("old.ris", "TY  - JOUR\nTI  - A toggle switch in yeast\nER  -\n");
    folder.write("mine.ris", RECORDS);
    folder.ok("elsi ingest old.ris --library lib");
    folder.ok("elsi watch add kill abstract.txt --library lib");
    folder.ok("elsi ingest mine.ris --library lib");
    let run = "elsi watch run --library lib --digest new.md --atom feed.xml";
    folder.ok(run);
    let first = folder.read("new.md");
    assert!(
        first.starts_with("# New on the ethics of your work, 20") && first.contains(" UTC\n"),
        "{first}"
    );
    let ran = folder.ok(run);
    assert_eq!(folder.read("new.md"), first);
    assert_eq!(ran.stderr, "nothing is new: `new.md` stays as it is\n");
    folder.write(
        "more.csv",
        "title,doi\nConsent of patients to engineered *probiotic* `kill` switches if 1 < 2 & law_of_shedding,10.5555/more\n",
    );
    folder.ok("elsi ingest more.csv --library lib");
    folder.ok(run);
    let both = folder.read("new.md");
    assert!(both.ends_with(&format!("\n{first}")), "{both}");
    assert_eq!(both.matches("# New on").count(), 2, "{both}");
    assert!(
        both.contains(
            "[Consent of patients to engineered \\*probiotic\\* \\`kill\\` switches if 1 &lt; 2 &amp; law\\_of\\_shedding]"
        ),
        "{both}"
    );
    let (feed, mut told) = (folder.read("feed.xml"), 0);
    let lists = both.lines().chain(feed.lines());
    for line in lists.filter_map(|line| line.split_once("in common: ")) {
        let words: Vec<&str> = line.1.trim_end_matches("</summary>").split(", ").collect();
        let once: std::collections::BTreeSet<&&str> = words.iter().collect();
        assert_eq!(once.len(), words.len(), "{words:?}");
        told += 1;
    }
    assert!(told >= 3, "{both}\n{feed}");
}

#[test]
fn a_question_of_a_library_that_is_gone_can_be_forgotten() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    folder.write("mine.ris", RECORDS);
    folder.ok("elsi ingest mine.ris --library lib");
    folder.ok("elsi watch add kill abstract.txt --library lib");
    folder.ok("elsi watch add gut abstract.txt --library lib");
    let list = json(&folder.ok("elsi watch list --json").stdout);
    let place = list[0]["library"].as_str().expect("a folder").to_owned();
    std::fs::remove_dir_all(folder.path("lib")).expect("it is there");
    let other = folder.refused("elsi watch remove kill --library other");
    assert!(other.contains("for this library"), "{other}");
    folder.ok("elsi watch remove kill --library lib");
    folder.ok(&format!("elsi watch remove gut --library {place}"));
    assert_eq!(watched(&folder), []);
}

#[test]
fn judgements_of_another_library_or_of_another_kind_are_told_apart() {
    let folder = Folder::new();
    folder.write("mine.ris", RECORDS);
    folder.ok("elsi ingest mine.ris --library lib");
    folder.write(
        "screen.jsonl",
        "{\"id\": \"doi:10.5555/probiotic.1\", \"elsi\": 2}\n{\"id\": \"doi:10.5555/far.1\", \"elsi\": 0}\n{\"id\": \"doi:10.5555/far.2\", \"elsi\": 0}\n",
    );
    let few = folder.refused("elsi learn screen.jsonl --library lib");
    assert!(
        few.starts_with("exit 3") && few.contains("2 judgements are of documents that are not in it"),
        "{few}"
    );
    let of_documents = folder.refused("elsi judge screen.jsonl --qrels out.qrels");
    assert!(
        of_documents.contains("judges a document by itself") && of_documents.contains("--question"),
        "{of_documents}"
    );
    folder.write(
        "texts.jsonl",
        "{\"query\": \"abstract.txt\", \"id\": \"doi:10.5555/probiotic.1\", \"grade\": 2}\n",
    );
    let of_texts = folder.refused("elsi learn texts.jsonl --library lib");
    assert!(of_texts.contains("without `--question`"), "{of_texts}");
}

#[test]
fn a_feed_keeps_what_nobody_fetched_and_replaces_no_other_file() {
    let folder = Folder::new();
    folder.write("abstract.txt", TEXT);
    folder.write("one.ris", RECORDS);
    folder.write(
        "two.ris",
        "TY  - JOUR\nTI  - Consent of patients to engineered probiotics with a kill switch\nPY  - 2024\nDO  - 10.5555/second\nER  -\n",
    );
    folder.write(
        "none.ris",
        "TY  - JOUR\nTI  - Ethics of engineered probiotics of patients and their gut\nPY  - 2020\nDO  - 10.5555/first\nER  -\n",
    );
    folder.ok("elsi ingest none.ris --library lib");
    folder.ok("elsi watch add mine abstract.txt --library lib");
    let feed = |file: &str| {
        folder.ok(&format!("elsi ingest {file} --library lib"));
        folder.ok("elsi watch run --library lib --atom news.xml");
        folder.read("news.xml")
    };
    assert!(feed("one.ris").contains("10.5555/probiotic.1"));
    let both = feed("two.ris");
    let place = |doi: &str| both.find(doi).unwrap_or_else(|| panic!("{doi}: {both}"));
    assert!(place("10.5555/second") < place("10.5555/probiotic.1"));
    assert_eq!(both.matches("<feed").count(), 1);
    let again = folder.ok("elsi watch run --library lib --atom news.xml");
    assert_eq!(folder.read("news.xml"), both, "{}", again.stdout);
    let said = folder.refused("elsi watch run --library lib --atom one.ris");
    assert!(said.contains("no feed") && said.contains("--atom"), "{said}");
    assert_eq!(folder.read("one.ris"), RECORDS);
}

#[test]
fn a_library_that_is_built_anew_otherwise_says_so() {
    let folder = Folder::new();
    folder.write("one.ris", RECORDS);
    folder.ok("elsi ingest one.ris --library lib --dense words");
    let quiet = folder.ok("elsi index --library lib --rebuild").stderr;
    assert!(!quiet.contains("warning"), "{quiet}");
    folder.write("lib/library.json", "{");
    let said = folder.ok("elsi index --library lib --rebuild").stderr;
    assert!(
        said.contains("could not be read") && said.contains("--dense"),
        "{said}"
    );
}
