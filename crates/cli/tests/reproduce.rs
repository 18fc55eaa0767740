//! `reproduce` through the binary.

mod folder;

use std::process::{Command, Stdio};

use folder::{Folder, Ran};
use serde_json::Value;

fn command(folder: &Folder, words: &str) -> Command {
    let mut command = folder.command();
    command.env_remove("COUNTERPOISE_DATA");
    command.args("reproduce fair-oversampling".split(' ').chain(words.split(' ')));
    command
}

fn run(folder: &Folder, words: &str) -> Ran {
    let output = command(folder, words).output().expect("the binary starts");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("stdout is text"),
        stderr: String::from_utf8(output.stderr).expect("stderr is text"),
    }
}

#[test]
fn a_table_has_paper_and_ours_and_names_the_files_it_lacks() {
    let folder = Folder::new();
    let words = "--only table4 --on german,compas --repeats 1 --draws 50 --quiet";
    let ran = run(&folder, &format!("{words} --json"));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let found: Value = serde_json::from_str(&ran.stdout).expect("stdout is JSON");
    assert_eq!(found["data"][0]["data"], "German");
    assert_eq!(found["data"][0]["repeats"], 1);
    let rows = found["tables"][0]["rows"].as_array().expect("lines");
    assert_eq!(rows.len(), 10);
    let fos = &rows[4];
    assert_eq!(
        (&fos["method"], &fos["learner"]),
        (&"fair-oversampling".into(), &"logistic".into())
    );
    let utility = &fos["numbers"][5];
    assert_eq!(
        (&utility["measure"], &utility["paper"]),
        (&"FU".into(), &0.6746.into())
    );
    let (value, interval) = (&utility["fold_mean"]["value"], &utility["fold_mean"]["interval"]);
    assert!(interval[0].as_f64() < value.as_f64() && value.as_f64() < interval[1].as_f64());
    // German is small: a band of what any deal of rows brings.
    assert!(
        (0.60..0.74).contains(&value.as_f64().expect("a number")),
        "{value}"
    );
    assert_eq!(rows[9]["verdict"]["is"], "not-run");
    assert_eq!(found["skipped"][0]["files"][0]["file"], "compas_trn_pdf_0.csv.gz");
    assert_eq!(found["claims"][0]["runner_up"], "smote");
    let compas = found["bands"]
        .as_array()
        .and_then(|bands| bands.iter().find(|band| band["data"] == "COMPAS"));
    let compas = compas.expect("it is listed");
    assert_eq!(
        (&compas["required"], &compas["holds"]),
        (&true.into(), &Value::Null)
    );

    let said = run(&folder, words).stdout;
    for words in [
        "skipped: COMPAS: its licence does not allow to bundle it",
        "compas_tst_pdf_0.csv.gz  sha256 3fe4c97a69bff875bdb67c172377e6dd582ea2cde9a32789c72c4fb47ad8638e",
        "COMPAS logistic with Fair Oversampling: Fair Utility 0.643 ± 0.01 was not checked",
    ] {
        assert!(said.contains(words), "no `{words}` in\n{said}");
    }
    let other = run(&folder, &format!("{words} --data .")).stdout;
    assert!(
        other.contains("`compas_trn_pdf_0.csv.gz` is not in `.`"),
        "{other}"
    );
}

#[test]
fn what_the_paper_does_not_have_is_refused() {
    let folder = Folder::new();
    for (words, code, said) in [
        ("--on germany", 2, "hint: did you mean `German`?"),
        ("--repeats 0", 2, "hint: give `--repeats` a number of 1 or more"),
        ("--only table9", 2, "table3"),
        ("--on german --report no/such.html", 1, "cannot write"),
    ] {
        let ran = run(&folder, words);
        assert_eq!(ran.code, Some(code), "{words}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{words}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_without_a_result() {
    let folder = Folder::new();
    let mut child = command(
        &folder,
        "--only table4,experiment3 --on adult --report page.html --json",
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .expect("it starts");
    // Progress says that it listens.
    let mut told = std::io::BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut told, &mut line).expect("a line");
    assert!(line.contains("\"progress\""), "{line}");
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("there is a kill");
    assert!(killed.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    assert!(output.stdout.is_empty());
    assert_eq!(folder.files(), Vec::<String>::new());
}
