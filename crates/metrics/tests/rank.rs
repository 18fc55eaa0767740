//! The numbers of scipy, scikit-posthocs, statsmodels and baycomp.
//!
//! `tools/golden/record_rank.py` wrote the file; its header names the versions.

use std::fs;
use std::path::PathBuf;

use counterpoise_base::{Matrix, Seed};
use counterpoise_metrics::rank::{
    Adjustment, Alternative, BayesianSignedRank, CorrelatedT, Posterior, RankComparison, Ranking, SignedRank,
};
use serde_json::Value;

fn golden() -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/rank.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a golden file is JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(number).collect()
}

/// Near in digits, however small; what is below all use may be 0 here and there.
fn near(name: &str, ours: f64, theirs: f64, within: f64) {
    assert!(
        (ours - theirs).abs() <= within * theirs.abs() + 1e-14,
        "{name}: {ours:e}, not {theirs:e}"
    );
}

fn each_ranking(check: impl Fn(&str, &Value, &Ranking)) {
    let golden = golden();
    let rankings = golden["rankings"].as_object().expect("rankings");
    assert_eq!(rankings.len(), 7);
    for (name, case) in rankings {
        let rows = list(&case["scores"]);
        let scores: Vec<f64> = rows.iter().flat_map(numbers).collect();
        let methods = scores.len() / rows.len();
        let names = |count| {
            (0..count)
                .map(|place: usize| place.to_string())
                .collect::<Vec<_>>()
        };
        let matrix = Matrix::new(rows.len(), methods, scores);
        let ranking =
            Ranking::of(&names(rows.len()), &names(methods), &matrix).expect("recorded scores are sound");
        check(name, case, &ranking);
    }
}

#[test]
fn tests_of_all_methods_are_reproduced() {
    each_ranking(|name, case, ranking| {
        for (ours, theirs) in ranking
            .average_ranks()
            .iter()
            .zip(numbers(&case["average-ranks"]))
        {
            near(name, *ours, theirs, 1e-12);
        }
        let tests = [
            ("friedman", ranking.friedman()),
            ("iman-davenport", ranking.iman_davenport()),
        ];
        for (test, ours) in tests {
            // scipy has no Friedman's test of two methods.
            if let [statistic, p] = numbers(&case[test])[..] {
                let ours = ours.expect("it is defined");
                near(&format!("{test} of {name}"), ours.statistic, statistic, 1e-10);
                near(&format!("p of {test} of {name}"), ours.p, p, 1e-10);
            }
        }
    });
}

fn check_adjusted(
    name: &str,
    theirs: &Value,
    procedures: usize,
    compare: impl Fn(Adjustment) -> Vec<RankComparison>,
) {
    let theirs = theirs.as_object().expect("procedures");
    assert_eq!(theirs.len(), procedures, "{name}");
    for (procedure, theirs) in theirs {
        let adjustment: Adjustment = serde_json::from_value(procedure.as_str().into()).expect("a procedure");
        assert_eq!(adjustment.name(), procedure);
        let ours = compare(adjustment);
        let theirs = numbers(theirs);
        assert_eq!(ours.len(), theirs.len(), "{procedure} of {name}");
        for (ours, theirs) in ours.iter().zip(theirs) {
            // scipy integrates the studentised range to fewer digits.
            let within = if adjustment == Adjustment::Nemenyi {
                1e-9
            } else {
                1e-10
            };
            near(&format!("{procedure} of {name}"), ours.adjusted, theirs, within);
        }
    }
}

#[test]
fn adjusted_p_values_are_reproduced() {
    each_ranking(|name, case, ranking| {
        check_adjusted(name, &case["all-pairs"], 8, |adjustment| {
            ranking.all_pairs(adjustment).expect("few methods")
        });
        check_adjusted(name, &case["against-the-first"], 5, |adjustment| {
            ranking
                .against("0", adjustment)
                .expect("a procedure for a control")
        });
    });
}

#[test]
fn critical_differences_are_reproduced() {
    each_ranking(|name, case, ranking| {
        for line in list(&case["critical-differences"]) {
            let [level, any, control] = numbers(line)[..] else {
                panic!("{name}: {line}");
            };
            near(
                name,
                ranking.critical_difference(level).expect("a level"),
                any,
                1e-8,
            );
            let ours = ranking.critical_difference_to_control(level).expect("a level");
            near(name, ours, control, 1e-10);
        }
    });
}

#[test]
fn signed_ranks_are_reproduced() {
    let golden = golden();
    let golden = &golden["signed-rank"];
    let cases = list(&golden["cases"]);
    assert!(cases.len() > 200, "{}", cases.len());
    for case in cases {
        let options: SignedRank = serde_json::from_value(case["options"].clone()).expect("options");
        let differences = numbers(&golden["lists"][case["of"].as_str().expect("a name")]);
        let ours = options.test(&differences).expect("numbers").expect("some differ");
        let statistic = match options.alternative {
            Alternative::TwoSided => ours.positive.min(ours.negative),
            Alternative::Less | Alternative::Greater => ours.positive,
        };
        let name = format!("{} with {}", case["of"], case["options"]);
        near(&name, statistic, number(&case["statistic"]), 1e-12);
        near(&name, ours.p, number(&case["p"]), 1e-10);
    }
}

fn check_posterior(case: &Value, within: f64, posterior: impl Fn(&[f64], &[f64]) -> Posterior) {
    let ours = posterior(&numbers(&case["first"]), &numbers(&case["second"]));
    let theirs = numbers(&case["posterior"]);
    // Without a region of equivalence they have two numbers.
    let theirs = if let [first, second] = theirs[..] {
        vec![first, 0.0, second]
    } else {
        theirs
    };
    for (ours, theirs) in [ours.first, ours.equivalent, ours.second].into_iter().zip(theirs) {
        assert!((ours - theirs).abs() <= within, "{ours}, not {theirs}: {case}");
    }
}

#[test]
fn bayesian_signed_ranks_are_near_those_of_baycomp() {
    let golden = golden();
    let cases = list(&golden["bayesian-signed-rank"]);
    assert_eq!(cases.len(), 25);
    for case in cases {
        let test = BayesianSignedRank::default()
            .with_rope(number(&case["rope"]))
            .with_prior(number(&case["prior"]))
            .with_draws(100_000);
        check_posterior(case, 0.01, |first, second| {
            test.posterior(first, second, &Seed::new(1)).expect("scores")
        });
    }
}

#[test]
fn correlated_t_tests_are_reproduced() {
    let golden = golden();
    let cases = list(&golden["correlated-t"]);
    assert_eq!(cases.len(), 8);
    for case in cases {
        let test = CorrelatedT::default()
            .with_rope(number(&case["rope"]))
            .with_repeats(number(&case["repeats"]) as usize);
        check_posterior(case, 1e-11, |first, second| {
            test.posterior(first, second).expect("scores")
        });
    }
}
