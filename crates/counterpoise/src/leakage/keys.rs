//! Groups and ids that are on both sides.

use counterpoise_base::{agree, counted};
use std::collections::HashMap;

use counterpoise_data::texts_of;

use super::LeakageVerdict;
use super::findings::{Example, Finding, SHOWN};
use super::sides::{Data, Marks};

pub(super) fn group_finding(data: &Data, key: &str) -> Option<Finding> {
    let shared = values_on_both_sides(data, key);
    if shared.is_empty() {
        return None;
    }
    let (mut train, mut test) = (0, 0);
    for (_, in_train, in_test) in &shared {
        train += in_train.len();
        test += in_test.len();
    }
    let mut finding = data.finding(
        "leakage.groups",
        LeakageVerdict::Leak,
        test,
        format!(
            "{} of `{key}` {} on both sides: {} ({}) and {}",
            counted(shared.len(), "value"),
            agree(shared.len(), "is", "are"),
            counted(test, "test row"),
            data.percent_of_test(test),
            counted(train, "training row")
        ),
        "split by the group, so that all of its rows are on one side",
    );
    let example = |(text, train, test): &(String, Vec<usize>, Vec<usize>)| Example {
        test_row: Some(test[0] + 1),
        train_row: Some(train[0] + 1),
        note: format!("{key} {text}"),
    };
    finding.examples = shared.iter().take(SHOWN).map(example).collect();
    Some(finding)
}

pub(super) fn id_findings(data: &Data, cluster: &[u32], id: &str) -> Vec<Finding> {
    let train_rows = data.train.table.rows();
    let of_place: HashMap<usize, u32> = (cluster.iter().enumerate())
        .map(|(row, &cluster)| (data.prepared.place_in_file(row), cluster))
        .collect();
    let made = |marks: &Option<Marks>, row: usize| marks.as_ref().is_some_and(|marks| marks.synthetic[row]);
    let mut same = Vec::new();
    let mut other = Vec::new();
    for (text, train, test) in values_on_both_sides(data, id) {
        for &test in test.iter().filter(|&&row| !made(&data.test_marks, row)) {
            let of_test = of_place.get(&(train_rows + test));
            let mut observed = train.iter().copied().filter(|&row| !made(&data.train_marks, row));
            let Some(first) = observed.clone().next() else {
                continue;
            };
            let equal = observed.find(|row| of_test.is_some() && of_place.get(row) == of_test);
            let example = Example {
                test_row: Some(test + 1),
                train_row: Some(equal.unwrap_or(first) + 1),
                note: format!("{id} {text}"),
            };
            if equal.is_some() { &mut same } else { &mut other }.push(example);
        }
    }
    let finding = |verdict, examples: Vec<Example>, words: &str, hint| {
        let rows = examples.len();
        let message = format!(
            "{} ({}) {} an id `{id}` of the training file{words}",
            counted(rows, "test row"),
            data.percent_of_test(rows),
            agree(rows, "has", "have")
        );
        let mut finding = data.finding("leakage.ids", verdict, rows, message, hint);
        finding.examples = examples.into_iter().take(SHOWN).collect();
        (rows > 0).then_some(finding)
    };
    let hint = "the same rows are on both sides: drop them from one";
    let doubt = "if the id names a person or a thing, use `--group-key`; if rows were made after the split without `--mark`, new ids may repeat those of test rows";
    let leak = finding(LeakageVerdict::Leak, same, " and its values", hint);
    let doubt = finding(LeakageVerdict::Suspicious, other, ", with other values", doubt);
    leak.into_iter().chain(doubt).collect()
}

/// The rows of either file that hold each value of a column; counted from 0.
fn values_on_both_sides(data: &Data, column: &str) -> Vec<(String, Vec<usize>, Vec<usize>)> {
    let Some(column) = data.stacked.column(column) else {
        return Vec::new();
    };
    let mut order = Vec::new();
    let mut sides: HashMap<String, (Vec<usize>, Vec<usize>)> = HashMap::new();
    let train_rows = data.train.table.rows();
    for (place, text) in texts_of(column).into_iter().take(data.both()).enumerate() {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            continue;
        };
        let sides = sides.entry(text.clone()).or_insert_with(|| {
            order.push(text);
            Default::default()
        });
        match place.checked_sub(train_rows) {
            None => sides.0.push(place),
            Some(place) => sides.1.push(place),
        }
    }
    let take = |text: String| {
        let (train, test) = sides.remove(&text)?;
        (!train.is_empty() && !test.is_empty()).then_some((text, train, test))
    };
    order.into_iter().filter_map(take).collect()
}
