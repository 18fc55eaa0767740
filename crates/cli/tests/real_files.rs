//! Real tables as their publishers wrote them, from the folder `COUNTERPOISE_DATA`; skipped without it.

#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod folder;

use folder::Folder;
use serde_json::Value;

const ADULT: &str = "age,workclass,fnlwgt,education,education_num,marital_status,occupation,relationship,race,sex,capital_gain,capital_loss,hours_per_week,native_country,income";
const YEAST: &str = "mcg,gvh,alm,mit,erl,pox,vac,nuc,class";

struct File {
    path: &'static str,
    flags: &'static str,
    method: &'static str,
    /// Rows of each class, classes in order.
    classes: &'static [(&'static str, u64)],
    features: u64,
}

const FILES: [File; 13] = [
    File {
        path: "adult/adult.data.gz",
        flags: "--names ADULT --target income --group sex --group race --missing drop-rows",
        method: "smote",
        classes: &[("<=50K", 22_654), (">50K", 7_508)],
        features: 14,
    },
    File {
        path: "adult/adult.test.gz",
        flags: "--names ADULT --comment | --label <=50K.=><=50K --label >50K.=>>50K --target income --missing impute",
        method: "random-under-sampler",
        classes: &[("<=50K", 12_435), (">50K", 3_846)],
        features: 14,
    },
    File {
        path: "compas/compas-scores-two-years.csv.gz",
        flags: "--rename-duplicates --target two_year_recid --group race --group sex --missing distance --ignore name,first,last,c_case_number,r_case_number,vr_case_number --id id",
        method: "smote",
        classes: &[("0", 3_963), ("1", 3_251)],
        features: 45,
    },
    File {
        path: "compas/compas-scores-two-years-violent.csv.gz",
        flags: "--rename-duplicates --target two_year_recid --group race --missing impute --ignore violent_recid",
        method: "edited-nearest-neighbours",
        classes: &[("0", 3_968), ("1", 775)],
        features: 46,
    },
    File {
        path: "german-credit/german.data",
        flags: "--no-header --target column_21 --group column_13<=25",
        method: "smotenc",
        classes: &[("1", 700), ("2", 300)],
        features: 20,
    },
    File {
        path: "german-credit/german.data-numeric",
        flags: "--no-header --target column_25",
        method: "adasyn",
        classes: &[("1", 700), ("2", 300)],
        features: 24,
    },
    File {
        path: "bank-marketing/bank-full.csv.gz",
        flags: "--target y --group marital",
        method: "smote",
        classes: &[("no", 39_922), ("yes", 5_289)],
        features: 16,
    },
    File {
        path: "keel-imbalanced/yeast4.dat",
        flags: "--comment @ --names YEAST --target class",
        method: "borderline-smote",
        classes: &[("negative", 1_433), ("positive", 51)],
        features: 8,
    },
    File {
        path: "keel-imbalanced/cleveland-0_vs_4.dat",
        flags: "--comment @ --no-header --na <null> --target column_14 --missing distance",
        method: "smoteenn",
        classes: &[("negative", 164), ("positive", 13)],
        features: 13,
    },
    File {
        path: "keel-imbalanced/car-good.dat",
        flags: "--comment @ --no-header --target column_7",
        method: "eos",
        classes: &[("negative", 1_659), ("positive", 69)],
        features: 6,
    },
    File {
        path: "imbalanced-benchmark/arrhythmia.csv.gz",
        flags: "--target label",
        method: "random-over-sampler",
        classes: &[("-1", 427), ("1", 25)],
        features: 278,
    },
    File {
        path: "multi-class/optical-digits.csv.gz",
        flags: "--target digit",
        method: "smote",
        classes: &[
            ("0", 178),
            ("1", 182),
            ("2", 177),
            ("3", 183),
            ("4", 181),
            ("5", 182),
            ("6", 181),
            ("7", 179),
            ("8", 174),
            ("9", 180),
        ],
        features: 64,
    },
    File {
        path: "fair-oversampling-splits/comp/compas_trn_pdf_0.csv.gz",
        flags: "--target Probability --group sex --kind sex=categorical",
        method: "smote",
        classes: &[("0.0", 3_186), ("1.0", 2_585)],
        features: 6,
    },
];

fn classes(profile: &Value) -> Vec<(String, u64)> {
    let rows = profile["classes"].as_array().expect("classes are a list");
    let pair = |class: &Value| {
        let name = class["class"].as_str().expect("a name").to_owned();
        (name, class["rows"].as_u64().expect("a count"))
    };
    rows.iter().map(pair).collect()
}

#[test]
fn thirteen_unlike_files_are_profiled_and_resampled() {
    let Some(data) = std::env::var_os("COUNTERPOISE_DATA") else {
        eprintln!("skipped: COUNTERPOISE_DATA names no folder with the original files");
        return;
    };
    let data = std::path::absolute(data).expect("there is a current folder");
    for file in FILES {
        let folder = Folder::new();
        let path = data.join(file.path);
        let input = path.to_string_lossy();
        let flags = file.flags.replace("ADULT", ADULT).replace("YEAST", YEAST);
        let with = |command: &'static str, more: &str| -> Vec<String> {
            let words = format!("{flags} {more}");
            let words = words.split_whitespace().map(str::to_owned);
            [command.to_owned(), input.clone().into_owned()]
                .into_iter()
                .chain(words)
                .collect()
        };
        let run = |arguments: Vec<String>| {
            let ran = folder.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(ran.code, Some(0), "{}: {}", file.path, ran.stderr);
            ran.stdout
        };
        let profile: Value =
            serde_json::from_str(&run(with("profile", "--json --report page.html"))).expect("stdout is JSON");
        let expected: Vec<(String, u64)> = file
            .classes
            .iter()
            .map(|&(name, rows)| (name.to_owned(), rows))
            .collect();
        assert_eq!(classes(&profile), expected, "{}", file.path);
        assert_eq!(profile["features"], file.features, "{}", file.path);
        let more = format!(
            "--method {} --output out.parquet --report out.html --json",
            file.method
        );
        let told: Value = serde_json::from_str(&run(with("resample", &more))).expect("stdout is JSON");
        // What was written is read again, with the counts that were told.
        let told: Vec<u64> = told["classes"]
            .as_array()
            .expect("classes are a list")
            .iter()
            .map(|class| class["after"].as_u64().expect("a count"))
            .collect();
        let target = flags
            .split(' ')
            .skip_while(|word| *word != "--target")
            .nth(1)
            .expect("a target");
        let ran = folder.ok(&format!("profile out.parquet --target {target} --json"));
        let again: Value = serde_json::from_str(&ran.stdout).expect("stdout is JSON");
        let written: Vec<u64> = classes(&again).into_iter().map(|(_, rows)| rows).collect();
        assert_eq!(written, told, "{}", file.path);
    }
}
