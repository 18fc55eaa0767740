//! Bad input gets an error that says what to type instead, a documented exit code, and no file.

mod folder;

use std::fmt::Write as _;

use folder::{Folder, small_table};
use insta::assert_snapshot;

const RESAMPLE: &str = "resample in.csv --target y --output out.csv";

fn refused(content: impl AsRef<[u8]>, more: &str) -> String {
    Folder::with("in.csv", content).refused(format!("{RESAMPLE} {more}").trim_end())
}

fn small(more: &str) -> String {
    refused(small_table(), more)
}

#[test]
fn an_empty_file() {
    assert_snapshot!(refused("", ""), @r#"
    exit 3
    error: `in.csv` is empty
    "#);
}

#[test]
fn a_header_only() {
    assert_snapshot!(refused("a,b,y\n", ""), @r#"
    exit 3
    error: `in.csv` has a header of 3 columns and no row
    hint: if the first line is data, give column names with `--names a,b,c`
    "#);
}

#[test]
fn one_class() {
    assert_snapshot!(refused("a,b,y\n1,2,x\n2,3,x\n3,4,x\n", ""), @r#"
    exit 3
    error: the target has one class only, `x`; resampling balances two or more
    hint: name another column with `--target`
    "#);
}

#[test]
fn a_class_with_one_row() {
    let text = "a,b,y\n1,2,x\n2,3,x\n3,4,x\n9,9,z\n";
    assert_snapshot!(refused(text, ""), @r#"
    exit 3
    error: class `z` has 1 row, but smote needs at least 2
    hint: set `few_rows = "duplicate"` to copy the row, leave the class out with `sampling_strategy`, or merge it with another
    "#);
}

#[test]
fn not_a_number() {
    assert_snapshot!(refused("a,b,y\n1,2,x\n2,NaN,x\n3,4,z\n", ""), @r#"
    exit 3
    error: column `b`, row 2: the value is missing (1 missing in 1 column in all)
    hint: choose what happens to missing values: `--missing drop-rows`, `--missing impute` or `--missing distance`
    "#);
}

#[test]
fn infinity() {
    assert_snapshot!(refused("a,b,y\n1,2,x\n2,inf,x\n3,4,z\n", ""), @r#"
    exit 3
    error: column `b`, row 2: the value is infinite
    hint: mend the value, `--na inf` to read it as missing, or `--ignore b`
    "#);
}

#[test]
fn text_in_a_numeric_column() {
    let text = "a,b,y\n1,2,x\n2,oops,x\n3,4,z\n4,5,z\n5,5,z\n";
    assert_snapshot!(refused(text, ""), @r#"
    exit 3
    error: `in.csv`, column `b`, row 2 (line 3): `oops` is not a number
    hint: mend the cell; or `--na oops` if it means a missing value; or `--kind b=categorical` if the column holds categories
    "#);
}

#[test]
fn duplicate_column_names() {
    let text = "a,a,y\n1,2,x\n2,3,x\n3,4,z\n";
    assert_snapshot!(refused(text, ""), @r#"
    exit 3
    error: `in.csv` has two columns called `a`: columns 1 and 2
    hint: `--rename-duplicates` calls the second one `a_2`
    "#);
    let folder = Folder::with("in.csv", text);
    let profile = folder.ok("profile in.csv --target y --rename-duplicates");
    assert!(profile.stdout.contains("a_2"), "{}", profile.stdout);
}

#[test]
fn a_first_line_of_data() {
    assert_snapshot!(refused("1,1,0\n2,3,0\n3,4,1\n", ""), @r#"
    exit 3
    error: `in.csv` has two columns called `1`: columns 1 and 2
    hint: if the first line is data, use `--no-header`, or give the names with `--names a,b,c`
    "#);
    assert!(refused("39,Private,5\n50,Self,7\n", "").contains("use `--no-header`"));
    assert_snapshot!(refused("1,2,0\n2,3,0\n3,4,1\n", ""), @r#"
    exit 2
    error: there is no column called `y` to be the target
    hint: the columns are 1, 2, 0; if the first line is data, use `--no-header`
    "#);
}

#[test]
fn an_unknown_target() {
    let folder = Folder::with("in.csv", small_table());
    assert_snapshot!(folder.refused("resample in.csv --target Y --output out.csv"), @r#"
    exit 2
    error: there is no column called `Y` to be the target
    hint: did you mean `y`?
    "#);
    assert_snapshot!(folder.refused("resample in.csv --target label --output out.csv"), @r#"
    exit 2
    error: there is no column called `label` to be the target
    hint: the columns are a, b, y
    "#);
}

#[test]
fn an_unknown_method() {
    assert_snapshot!(small("--method smoet"), @r#"
    exit 2
    error: there is no method called `smoet`
    hint: did you mean `smote`? `counterpoise describe` lists all methods
    "#);
    assert_snapshot!(small("--method xgboost"), @r#"
    exit 2
    error: there is no method called `xgboost`
    hint: the methods are `smote`, `borderline-smote`, `adasyn`, `smotenc`, `random-over-sampler`, `random-under-sampler`, `edited-nearest-neighbours`, `smoteenn`, `eos`, `ccr`, `mc-ccr`, `rbo`, `mc-rbo`, `amdo`, `fair-oversampling`, `heterogeneous-fair-oversampling`, `fair-borderline-smote`, `fair-adasyn`, `fair-smote`, `fawos`, `reweighing`, `fair-balance`, `massaging`, `disparate-impact-remover`
    "#);
}

#[test]
fn an_unknown_option_or_a_wrong_value() {
    assert_snapshot!(small("--set method.k_neighbours=3"), @r#"
    exit 2
    error: the command line: `method.k_neighbours = 3`: unknown field `k_neighbours`, expected one of `sampling_strategy`, `k`, `k_neighbors`, `metric`, `few_rows`
    hint: `counterpoise describe smote` lists its options
    "#);
    assert_snapshot!(small("--set method.k_neighbors=0"), @r#"
    exit 2
    error: the command line: `method.k_neighbors = 0`: invalid value: integer `0`, expected a whole number, 1 or more
    hint: `counterpoise describe smote` lists its options
    "#);
    assert_snapshot!(small("--set method.k_neighbors"), @r#"
    exit 2
    error: --set: `method.k_neighbors` holds no `=`
    hint: write `--set method.k_neighbors=7`
    "#);
}

#[test]
fn a_strategy_that_asks_for_fewer_rows() {
    assert_snapshot!(small("--sampling-strategy rare=2"), @r#"
    exit 2
    error: class `rare` has 4 rows and `sampling_strategy` asks for 2: over-sampling cannot do that
    hint: ask for 4 or more for `rare`, leave it out, or use an under-sampler for it
    "#);
    assert_snapshot!(small("--sampling-strategy 0.05"), @r#"
    exit 2
    error: class `rare` has 4 rows and `sampling_strategy` asks for 1: over-sampling cannot do that
    hint: ask for 4 or more for `rare`, leave it out, or use an under-sampler for it
    "#);
    assert_snapshot!(small("--method rus --sampling-strategy rare=9"), @r#"
    exit 2
    error: class `rare` has 4 rows and `sampling_strategy` asks for 9: under-sampling cannot do that
    hint: ask for 4 or fewer for `rare`, leave it out, or use an over-sampler for it
    "#);
    assert_snapshot!(small("--sampling-strategy rrare=9"), @r#"
    exit 2
    error: `sampling_strategy` names the class `rrare`, which the target does not have
    hint: did you mean `rare`?
    "#);
    assert_snapshot!(small("--sampling-strategy most"), @r#"
    exit 2
    error: the command line: `method.sampling_strategy = "most"`: `most` is no amount; write a number of rows (`500`), a ratio (`0.5`) or a multiple (`x2`), or as a whole one of `auto`, `minority`, `majority`, `not minority`, `not majority`, `all`
    hint: `counterpoise describe smote` lists its options
    "#);
}

#[test]
fn groups_that_cannot_be_balanced() {
    let text = "a,sex,y\n1,f,x\n2,f,x\n3,m,x\n9,f,z\n8,f,z\n";
    assert_snapshot!(refused(text, "--method fos"), @r#"
    exit 2
    error: fair-oversampling needs protected groups, and no column was named as one
    hint: name a protected column: `--group sex`
    "#);
    assert_snapshot!(refused(text, "--method fos --group sex"), @r#"
    exit 3
    error: group `m` has no row of class `z`, and fair-oversampling needs one at least
    hint: set `empty_cell = "class-pool"` to make its rows of the class's rows in other groups, or `empty_cell = "skip"` to leave it empty
    "#);
    assert_snapshot!(refused(text, "--method hfos --group sex --set method.empty_cell=skip --chooser numpy"), @r#"
    exit 2
    error: heterogeneous-fair-oversampling has no numpy counterpart whose draws could be replayed
    hint: use the native chooser: leave out `--chooser numpy`
    "#);
    let same = text.replace(",m,", ",f,");
    assert_snapshot!(refused(same, "--method fair-adasyn --group sex"), @r#"
    exit 3
    error: all rows are in the group `f`; fair-adasyn needs two or more
    hint: name another column with `--group`, or use a method without groups instead of fair-adasyn
    "#);
    assert_snapshot!(refused(text, "--method fbsmote --group sex --set method.empty_cell=class-pool --set method.few_rows=error"), @r#"
    exit 3
    error: class `x` of group `m` has 1 row to choose from, but fair-borderline-smote needs at least 6
    hint: set `few_rows = "shrink"` to use the neighbors there are, or merge the group with another
    "#);
}

#[test]
fn more_neighbors_than_rows_in_the_class() {
    let folder = Folder::with("in.csv", small_table());
    let ran = folder.ok(&format!("{RESAMPLE} --set method.k_neighbors=10"));
    assert_snapshot!(ran.stderr, @r#"
    warning: class `rare` has 4 rows, so 3 neighbors are used instead of 10
       hint: set a smaller `k_neighbors` than 10, or for tables `few_rows = "duplicate"` to copy its rows instead
    "#);
    assert_snapshot!(small("--set method.k_neighbors=10 --set method.few_rows=error"), @r#"
    exit 3
    error: class `rare` has 4 rows, but smote needs at least 11
    hint: set `few_rows = "shrink"` to use the neighbors there are, or `few_rows = "duplicate"` to copy rows
    "#);
}

/// Every method does something sensible or refuses; no number is lost or invented.
fn degenerate(text: &str) -> String {
    let folder = Folder::with("in.csv", text);
    let methods = [
        "smote",
        "borderline-smote",
        "adasyn",
        "smotenc",
        "random-over-sampler",
        "random-under-sampler",
        "edited-nearest-neighbours",
        "smoteenn",
        "eos",
    ];
    let mut said = String::new();
    for method in methods {
        let ran = folder.run(&[
            "resample", "in.csv", "--target", "y", "--method", method, "--output", "out.csv",
        ]);
        let last = |text: &str| text.trim_end().lines().last().unwrap_or_default().to_owned();
        if ran.code == Some(0) {
            let rows = folder.read("out.csv");
            let odd = |row: &&str| !row.starts_with("1.5,2.5,");
            assert_eq!(rows.lines().skip(1).find(odd), None, "{method}");
            std::fs::remove_file(folder.path("out.csv")).expect("it was written");
            let _ = writeln!(said, "{method}: {} rows", rows.lines().count() - 1);
        } else {
            assert_eq!(folder.files(), ["in.csv"], "{method}");
            let _ = writeln!(
                said,
                "{method}: exit {}, {}",
                ran.code.unwrap_or(-1),
                last(&ran.stderr)
            );
        }
    }
    said
}

#[test]
fn constant_columns_that_are_all_duplicate_rows() {
    let rows = |class: &str, count| format!("1.5,2.5,{class}\n").repeat(count);
    let text = format!("a,b,y\n{}{}", rows("rare", 8), rows("common", 22));
    assert_snapshot!(degenerate(&text), @r#"
    smote: 44 rows
    borderline-smote: 30 rows
    adasyn: exit 3, hint: use smote, which needs no neighbors of another class, or a larger `n_neighbors`
    smotenc: exit 3, hint: use smote, which takes columns of any kind
    random-over-sampler: 44 rows
    random-under-sampler: 16 rows
    edited-nearest-neighbours: 8 rows
    smoteenn: 22 rows
    eos: 44 rows
    "#);
    let ran = Folder::with("in.csv", text).ok(RESAMPLE);
    assert_snapshot!(ran.stderr, @r#"
    warning: all rows are equal in every feature: no distance tells them apart
       hint: name features that differ, or copy and drop rows with `--method random-over-sampler` and `random-under-sampler`
    "#);
}

#[test]
fn one_constant_column_is_told() {
    let text = small_table()
        .replace(".25,", ".25,7,")
        .replace("a,b,y", "a,b,c,y");
    let ran = Folder::with("in.csv", text).ok(RESAMPLE);
    assert!(
        ran.stderr.starts_with("warning: column `c` has one value only\n"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_single_line_of_ten_megabytes() {
    let line = "x".repeat(10_000_000);
    assert_snapshot!(refused(&line, ""), @r#"
    exit 3
    error: `in.csv` has a header of 1 column and no row
    hint: if the first line is data, give column names with `--names a,b,c`; if cells are separated by something unusual, name it with `--separator`
    "#);
    let said = refused(format!("{line}\n1\n2\n"), "");
    assert!(said.len() < 300, "{} characters", said.len());
    assert_snapshot!(said, @r#"
    exit 2
    error: there is no column called `y` to be the target
    hint: the columns are xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
    "#);
}

#[test]
fn a_row_of_another_length_and_an_open_quote() {
    assert_snapshot!(refused("a,b,y\n1,2,x\n1,2\n", ""), @r#"
    exit 3
    error: `in.csv`, row 2 (line 3): 2 cells, but there are 3 columns
    hint: mend the row, or name the separator with `--separator` and comment lines with `--comment`
    "#);
    assert_snapshot!(refused("a,b,y\n1,2,\"x\n1,2,z\n3,4,z\n", ""), @r#"
    exit 3
    error: `in.csv`, row 1 (line 2): a quote opens there and never closes
    hint: close or remove the quote
    "#);
}

#[test]
fn a_truncated_parquet_file() {
    let folder = Folder::with("in.csv", small_table());
    folder.ok("resample in.csv --target y --output whole.parquet");
    let bytes = std::fs::read(folder.path("whole.parquet")).expect("it was written");
    for length in [0, 3, 30, bytes.len() / 2, bytes.len() - 1] {
        folder.write("cut.parquet", &bytes[..length]);
        let said = folder.refused("resample cut.parquet --target y --output out.csv");
        let known = said.starts_with("exit 3\nerror: `cut.parquet` is");
        assert!(known, "{length} bytes: {said}");
    }
    assert_snapshot!(folder.refused("resample cut.parquet --target y --output out.csv"), @r#"
    exit 3
    error: `cut.parquet` is damaged or not a Parquet file: Parquet error: Invalid Parquet file. Corrupt footer
    "#);
}

#[test]
fn an_output_path_that_cannot_be_written() {
    let folder = Folder::with("in.csv", small_table());
    assert_snapshot!(folder.refused("resample in.csv --target y --output no/such/folder/out.csv"), @r#"
    exit 1
    error: cannot write `no/such/folder/out.csv`: there is no folder `no/such/folder`
    hint: choose another `--output`, on a disk with room that you may write to
    "#);
    assert_snapshot!(folder.refused("resample in.csv --target y --output ."), @r#"
    exit 1
    error: cannot write `.`: it is a folder
    hint: choose another `--output`, on a disk with room that you may write to
    "#);
    assert_snapshot!(folder.refused("resample in.csv --target y --output out.xlsx"), @r#"
    exit 2
    error: `out.xlsx` has no extension that names a table format
    hint: use .csv, .tsv, .data, .dat or .txt (also with .gz or .zst), .parquet, .arrow or .feather
    "#);
    assert_snapshot!(folder.refused("resample in.csv --target y"), @r#"
    exit 2
    error: resample: there is nowhere to write the result to
    hint: add `--output balanced.csv`, or `--dry-run` to see what would happen
    "#);
    assert_snapshot!(folder.refused("resample in.csv --target y --output out.csv --report no/such/folder/page.html"), @r#"
    exit 1
    error: cannot write `no/such/folder/page.html`: there is no folder `no/such/folder`
    hint: choose another path, on a disk with room that you may write to
    "#);
    assert_snapshot!(folder.refused("profile in.csv --target y --report no/such/folder/page.html"), @r#"
    exit 1
    error: cannot write `no/such/folder/page.html`: there is no folder `no/such/folder`
    hint: choose another path, on a disk with room that you may write to
    "#);
}

#[test]
fn an_input_path_that_cannot_be_read() {
    let folder = Folder::new();
    assert_snapshot!(folder.refused("profile nothing.csv --target y"), @r#"
    exit 3
    error: cannot read `nothing.csv`: No such file or directory (os error 2)
    hint: check the path; it is relative to the current folder
    "#);
    assert_snapshot!(folder.refused("profile . --target y"), @r#"
    exit 3
    error: cannot read `.`: it is a folder
    "#);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let folder = Folder::with("in.csv", small_table());
    for name in [
        "full.csv",
        "full.csv.gz",
        "full.csv.zst",
        "full.parquet",
        "full.arrow",
    ] {
        std::os::unix::fs::symlink("/dev/full", folder.path(name)).expect("the folder is ours");
        let said = folder.refused(&format!("resample in.csv --target y --output {name}"));
        assert!(said.contains("No space left on device"), "{name}: {said}");
        assert!(said.starts_with("exit 1\n"), "{name}: {said}");
    }
    std::os::unix::fs::symlink("/dev/full", folder.path("full.html")).expect("the folder is ours");
    assert_snapshot!(folder.refused("quickstart --without-pictures --output full.html"), @r#"
    exit 1
    error: cannot write `full.html`: No space left on device (os error 28)
    hint: choose another path, on a disk with room that you may write to
    "#);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_size_limit() {
    let folder = Folder::with("in.csv", small_table());
    let mut command = std::process::Command::new("bash");
    let script =
        "ulimit -f 1; exec \"$0\" resample in.csv --target y --sampling-strategy rare=900 --output out.csv";
    let output = command
        .args(["-c", script])
        .arg(folder::binary())
        .current_dir(folder.path(""))
        .output()
        .expect("there is a bash");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("File too large"), "{said}");
    assert_eq!(folder.files(), ["in.csv"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_in_the_middle() {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::Stdio;

    // Seconds of work for one thread, so that the signal comes in the middle of it.
    let names: Vec<String> = (0..24).map(|place| format!("f{place}")).collect();
    let mut text = format!("{},y\n", names.join(","));
    let mut state = 1_u64;
    for row in 0..60_000 {
        for _ in 0..24 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let _ = write!(text, "{},", state >> 40);
        }
        text += if row % 10 == 0 { "rare\n" } else { "common\n" };
    }
    let folder = Folder::with("in.csv", text);
    let mut child = folder
        .command()
        .args([
            "resample", "in.csv", "--target", "y", "--method", "enn", "--output", "out.csv", "--json",
        ])
        .args(["--threads", "1"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut events = BufReader::new(child.stderr.take().expect("it was asked for"));
    let mut line = String::new();
    while !line.contains("finding neighbors") {
        line.clear();
        assert!(
            events.read_line(&mut line).expect("events are text") > 0,
            "it ended too early"
        );
    }
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("there is a kill");
    assert!(killed.success());
    let mut rest = String::new();
    events.read_to_string(&mut rest).expect("events are text");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{rest}");
    assert!(rest.contains("\"code\":\"sampling.stopped\""), "{rest}");
    assert_eq!(folder.files(), ["in.csv"]);
}

#[test]
fn errors_as_json() {
    let folder = Folder::with("in.csv", small_table());
    let said = folder.refused("resample in.csv --target Y --output out.csv --json");
    assert_snapshot!(said.lines().last().unwrap_or_default(), @r#"
    {"event":"error","code":"data.unknown-column","message":"there is no column called `Y` to be the target","hint":"did you mean `y`?"}
    "#);
}
