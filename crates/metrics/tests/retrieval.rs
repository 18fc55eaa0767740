//! The numbers of `pytrec_eval`, pyndeval, krippendorff and scikit-learn.
//!
//! `tools/golden/record_retrieval.py` wrote the file; its header names the versions.

use std::fs;
use std::path::PathBuf;

use counterpoise_metrics::retrieval::{
    AspectJudgements, AspectMeasure, Judgements, Ranked, RankingMeasure, RankingReport, Retrieval, Run,
    cohens_kappa, krippendorff_alpha, quadratic_kappa,
};
use serde_json::Value;

/// bpref is divided in single precision there, and pyndeval prints few digits.
const COARSE: f64 = 1e-6;

fn golden() -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/retrieval.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a golden file is JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let map = value.as_object().expect("an object");
    map.iter().map(|(key, value)| (key.as_str(), value))
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn grade(value: &Value) -> i32 {
    number(value) as i32
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn near(name: &str, ours: Option<f64>, theirs: f64, within: f64) {
    assert!(
        ours.is_some_and(|ours| (ours - theirs).abs() <= within),
        "{name} is {ours:?}, not {theirs}"
    );
}

fn scored(document: &str, score: &Value) -> Ranked {
    Ranked {
        document: document.into(),
        score: number(score),
    }
}

/// Compares what was measured of a query; gives the number of values.
fn check(name: &str, report: &RankingReport, theirs: &Value, within: impl Fn(&str) -> f64) -> usize {
    let mut compared = 0;
    for scores in &report.queries {
        let of = &theirs[&scores.query];
        for (measure, &ours) in report.measures.iter().zip(&scores.values) {
            let name = format!("{measure} of {} in {name}", scores.query);
            if of.is_null() {
                assert_eq!(ours, None, "{name}");
            } else {
                near(&name, ours, number(&of[measure]), within(measure));
                compared += 1;
            }
        }
    }
    compared
}

#[test]
fn measures_of_rankings_are_reproduced() {
    let golden = golden();
    let mut compared = 0;
    for (name, case) in entries(&golden["cases"]) {
        let mut judgements = Judgements::new();
        let mut run = Run::new("recorded");
        for (query, grades) in entries(&case["judged"]) {
            entries(grades).for_each(|(document, value)| {
                judgements.insert(query, document, grade(value));
            });
        }
        for (query, scores) in entries(&case["run"]) {
            let scores = entries(scores).map(|(document, score)| scored(document, score));
            run.insert(query, scores.collect())
                .expect("recorded lists are sound");
        }
        // Through text, as other programs would give them.
        let judgements: Judgements = judgements
            .to_trec()
            .expect("ids are plain")
            .parse()
            .expect("it was written so");
        let run: Run = run
            .to_trec()
            .expect("ids are plain")
            .parse()
            .expect("it was written so");
        for (least, theirs) in entries(&case["values"]) {
            let Some((_, some)) = entries(theirs).find(|(_, values)| !values.is_null()) else {
                continue;
            };
            let measures: Vec<RankingMeasure> = entries(some)
                .map(|(name, _)| name.parse().expect("a known name"))
                .collect();
            assert!(measures.len() >= 19, "{name}");
            let retrieval = Retrieval::default().with_relevant_from(least.parse().expect("a grade"));
            let report = retrieval.evaluate(&measures, &judgements, &run);
            let within = |measure: &str| if measure == "bpref" { COARSE } else { 1e-12 };
            compared += check(name, &report, theirs, within);
        }
    }
    assert!(compared > 1000, "{compared}");
}

#[test]
fn measures_of_aspects_are_reproduced() {
    let golden = golden();
    let golden = &golden["aspects"];
    let mut judgements = AspectJudgements::new();
    for line in list(&golden["judged"]) {
        judgements.insert(text(&line[0]), text(&line[2]), text(&line[1]));
    }
    let mut lists: Vec<(&str, Vec<Ranked>)> = Vec::new();
    for line in list(&golden["run"]) {
        let query = text(&line[0]);
        if lists.last().is_none_or(|(last, _)| *last != query) {
            lists.push((query, Vec::new()));
        }
        let (_, last) = lists.last_mut().expect("there is one now");
        last.push(scored(text(&line[1]), &line[2]));
    }
    let mut run = Run::new("recorded");
    for (query, scores) in lists {
        run.insert(query, scores).expect("recorded lists are sound");
    }
    let names = [
        "aspect-ndcg@5",
        "aspect-ndcg@10",
        "aspect-recall@5",
        "aspect-recall@10",
    ];
    let measures = names.map(|name| name.parse::<AspectMeasure>().expect("a known name"));
    let report = Retrieval::default().evaluate_aspects(&measures, &judgements, &run);
    let compared = check("aspects", &report, &golden["values"], |_| COARSE);
    assert!(compared >= 80, "{compared}");
}

#[test]
fn agreement_of_graders_is_reproduced() {
    let golden = golden();
    let cases = list(&golden["graders"]);
    assert_eq!(cases.len(), 5);
    for case in cases {
        let grades = |value: &Value| list(value).iter().map(grade).collect::<Vec<i32>>();
        let pairs: Vec<Vec<i32>> = list(&case["pairs"]).iter().map(grades).collect();
        let units: Vec<Vec<i32>> = list(&case["units"]).iter().map(grades).collect();
        let two: Vec<(i32, i32)> = pairs.iter().map(|pair| (pair[0], pair[1])).collect();
        let numbers = [
            ("cohens-kappa", cohens_kappa(&two)),
            ("quadratic-kappa", quadratic_kappa(&two)),
            ("alpha", krippendorff_alpha(&pairs)),
            ("alpha-of-units", krippendorff_alpha(&units)),
        ];
        for (name, ours) in numbers {
            near(name, ours, number(&case[name]), 1e-12);
        }
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that does not run says so")]
fn judgements_of_scifact_are_read_and_written() {
    let Some(data) = std::env::var_os("COUNTERPOISE_DATA") else {
        eprintln!("skipped: COUNTERPOISE_DATA names no folder of data");
        return;
    };
    let path = PathBuf::from(data).join("elsi/scifact/qrels_test.tsv");
    let Ok(file) = fs::File::open(&path) else {
        eprintln!("skipped: there is no {}", path.display());
        return;
    };
    let judgements = Judgements::read(std::io::BufReader::new(file)).expect("a table of BEIR");
    assert_eq!(judgements.iter().count(), 300);
    let trec: Judgements = judgements
        .to_trec()
        .expect("ids are plain")
        .parse()
        .expect("it was written so");
    assert_eq!(trec, judgements);
}
