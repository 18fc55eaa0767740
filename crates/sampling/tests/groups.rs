//! What methods that balance groups promise, on tables at hand and on those that the authors of Fair Oversampling published.

#![allow(clippy::print_stderr, reason = "a skipped test says so")]

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use counterpoise_base::{
    Domain, Feature, FeatureValues, Features, Groups, Labeled, Labels, Origin, Resampled, RowKeys, Seed,
    Strided, SyntheticValues,
};
use counterpoise_neighbors::{Metric, MissingValues, Rows, Search, Space};
use counterpoise_sampling::{
    Bases, Blur, Density, EmptyCell, Error, FairAdasyn, FairBorderlineSmote, FairOversampling,
    FairOversamplingVariant, HeterogeneousFairOversampling, Method, Resample, Run,
};
use flate2::read::GzDecoder;
use proptest::prelude::*;

/// A table of numbers; one column says which group a row is in.
struct Table {
    rows: Vec<f64>,
    columns: usize,
    protected: Option<usize>,
    labels: Labels,
    groups: Groups,
}

impl Table {
    /// `(class, group, rows, centre)` for each cell: clouds in two dimensions, and the number of the group in a third.
    fn cells(cells: &[(&str, u32, usize, f64)]) -> Self {
        let (mut rows, mut classes, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        for (place, &(class, group, count, centre)) in cells.iter().enumerate() {
            for row in 0..count {
                let mut random = Seed::new(5).child(place as u64).child(row as u64).rng();
                rows.extend([
                    centre + random.normal(),
                    centre - random.normal(),
                    f64::from(group),
                ]);
                classes.push(class);
                groups.push(group.to_string());
            }
        }
        Self {
            rows,
            columns: 3,
            protected: Some(2),
            labels: Labels::from_names(&classes),
            groups: Labels::from_names(&groups),
        }
    }

    /// Fold 0 of the authors' tables; nothing without the folder that `COUNTERPOISE_DATA` names.
    fn published(set: &str, protected: usize) -> Option<Self> {
        let Some(data) = std::env::var_os("COUNTERPOISE_DATA") else {
            eprintln!("skipped: COUNTERPOISE_DATA names no folder with the original files");
            return None;
        };
        let stem = if set == "comp" { "compas" } else { set };
        let read = |name: &str| -> Vec<Vec<f64>> {
            let path = PathBuf::from(&data)
                .join("fair-oversampling-splits")
                .join(set)
                .join(format!("{stem}_{name}_0.csv.gz"));
            let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let lines = BufReader::new(GzDecoder::new(file)).lines().skip(1);
            let number = |text: &str| text.trim().parse().expect("a number");
            lines
                .map(|line| line.expect("a line").split(',').map(number).collect())
                .collect()
        };
        let rows = read("train");
        let name = |value: f64| format!("{value}");
        let classes: Vec<String> = read("trn_label").iter().map(|row| name(row[0])).collect();
        let groups: Vec<String> = rows.iter().map(|row| name(row[protected])).collect();
        Some(Self {
            columns: rows[0].len(),
            rows: rows.concat(),
            protected: Some(protected),
            labels: Labels::from_names(&classes),
            groups: Labels::from_names(&groups),
        })
    }

    fn features(&self) -> Features<'_> {
        let column = |place: usize| Feature {
            name: format!("f{place}"),
            values: FeatureValues::F64(Strided::of_matrix(&self.rows, self.columns, place)),
            domain: Domain::Real,
            copied: self.protected == Some(place),
        };
        Features::new(self.labels.len(), (0..self.columns).map(column).collect())
    }

    fn labeled(&self) -> Labeled<'_> {
        let mut data = Labeled::new(self.features(), &self.labels);
        data.groups = Some(&self.groups);
        data
    }

    fn resampled(&self, method: &dyn Resample, seed: u64) -> Resampled {
        method
            .resample(&self.labeled(), &Run::new(seed))
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Rows after, `(classes, groups)`, a class a line.
    fn cells_after(&self, result: &Resampled) -> Vec<usize> {
        let width = self.groups.classes().len();
        let mut cells = self.labels.cells(&self.groups);
        for (made, origin) in result.origin.iter().enumerate() {
            let group = self.groups.codes()[result.row_of_group(made)] as usize;
            cells[origin.class as usize * width + group] += 1;
        }
        cells
    }
}

/// Methods that raise every cell to the largest.
fn raising() -> [Method; 3] {
    ["hfos", "fbsmote", "fadasyn"].map(|name| Method::from_name(name).expect("a known name"))
}

fn two_groups() -> Table {
    Table::cells(&[
        ("no", 0, 60, 0.0),
        ("yes", 0, 40, 0.5),
        ("no", 1, 70, 0.2),
        ("yes", 1, 20, 0.8),
    ])
}

#[test]
fn every_class_is_as_frequent_as_any_other_inside_each_group() {
    for blur in [Blur::Off, Blur::Published, Blur::Strong, Blur::KeepGroupValue] {
        let table = two_groups();
        let fos = FairOversampling::default().with_blur(blur);
        let result = table.resampled(&fos, 1);
        assert_eq!(table.cells_after(&result), [60, 70, 60, 70], "{blur:?}");
        assert_eq!(result.origin.len(), 20 + 50, "{blur:?}");
    }
}

#[test]
fn the_smaller_class_of_each_group_is_made_whichever_it_is() {
    let table = Table::cells(&[
        ("no", 0, 60, 0.0),
        ("yes", 0, 40, 0.5),
        ("no", 1, 10, 0.2),
        ("yes", 1, 50, 0.8),
    ]);
    let result = table.resampled(&FairOversampling::default(), 1);
    assert_eq!(table.cells_after(&result), [60, 50, 60, 50]);
}

#[test]
fn a_balanced_group_is_left_alone() {
    let table = Table::cells(&[
        ("no", 0, 30, 0.0),
        ("yes", 0, 30, 0.5),
        ("no", 1, 50, 0.2),
        ("yes", 1, 20, 0.8),
    ]);
    let result = table.resampled(&FairOversampling::default(), 1);
    assert_eq!(table.cells_after(&result), [30, 50, 30, 50]);
    assert!(result.origin.iter().all(|origin| origin.base >= 110));
}

#[test]
fn many_classes_and_groups_are_raised_to_the_largest_class_of_each_group() {
    let table = Table::cells(&[
        ("a", 0, 30, 0.0),
        ("b", 0, 12, 0.5),
        ("c", 0, 7, 1.0),
        ("a", 1, 9, 0.2),
        ("b", 1, 21, 0.8),
        ("c", 1, 8, 0.1),
        ("a", 2, 6, 0.2),
        ("b", 2, 6, 0.8),
        ("c", 2, 18, 0.1),
    ]);
    let result = table.resampled(&FairOversampling::default(), 1);
    assert_eq!(table.cells_after(&result), [30, 21, 18, 30, 21, 18, 30, 21, 18]);
}

#[test]
fn the_group_with_the_smaller_deficit_moves_inside_its_cell_and_the_other_sees_the_whole_class() {
    // Both cells of `yes` lie in the same place, so that strong blurring mixes them.
    let table = Table::cells(&[
        ("no", 0, 60, 0.0),
        ("yes", 0, 40, 0.5),
        ("no", 1, 70, 0.2),
        ("yes", 1, 20, 0.5),
    ]);
    let fos = FairOversampling::default().with_blur(Blur::Strong);
    let result = table.resampled(&fos, 3);
    let n = table.labels.len() as u32;
    let (first, second) = result.origin.split_at(20);
    assert!(first.iter().all(|origin| (60..100).contains(&origin.base)));
    assert!(first.iter().all(|origin| (60..100).contains(&origin.neighbor)));
    assert!(second.iter().all(|origin| (170..190).contains(&origin.base)));
    assert!(
        second.iter().any(|origin| (n..n + 20).contains(&origin.neighbor)),
        "rows made before are neighbours too"
    );
    assert!(second.iter().any(|origin| (60..100).contains(&origin.neighbor)));
    let crossing = result.crossing.expect("the second group may cross");
    assert!(crossing.of_other_groups > 0 && crossing.of_other_groups < crossing.neighbors);
}

#[test]
fn what_becomes_of_the_protected_value_is_up_to_the_blur() {
    let table = Table::cells(&[
        ("no", 0, 60, 0.0),
        ("yes", 0, 40, 0.5),
        ("no", 1, 70, 0.2),
        ("yes", 1, 20, 0.5),
    ]);
    let values = |blur| {
        let result = table.resampled(&FairOversampling::default().with_blur(blur), 3);
        let sex = result.synthetic[2].as_f64().expect("numbers").to_vec();
        (sex, result)
    };
    let fraction = |value: &f64| *value > 0.0 && *value < 1.0;
    for blur in [Blur::Off, Blur::KeepGroupValue] {
        let (sex, result) = values(blur);
        for (value, origin) in sex.iter().zip(&result.origin) {
            assert_eq!(*value, table.rows[3 * origin.base as usize + 2], "{blur:?}");
        }
    }
    assert!(values(Blur::Strong).0.iter().any(fraction));
    assert!(values(Blur::Off).1.crossing.is_none(), "nothing may cross");
    assert!(values(Blur::KeepGroupValue).1.crossing.is_some());
}

#[test]
fn the_box_of_version_1_moves_away_from_neighbors_of_the_own_cell() {
    let table = two_groups();
    let fos = FairOversampling::default().with_variant(FairOversamplingVariant::V1Box);
    let result = table.resampled(&fos, 3);
    let x = result.synthetic[0].as_f64().expect("numbers");
    for (value, origin) in x.iter().zip(&result.origin) {
        let (base, neighbor) = (origin.base as usize, origin.neighbor as usize);
        assert_eq!(table.groups.codes()[base], table.groups.codes()[neighbor]);
        assert!(origin.step <= 0.0);
        let (base, neighbor) = (table.rows[3 * base], table.rows[3 * neighbor]);
        assert!(
            (value - base) * (neighbor - base) <= 0.0,
            "{value} is on the other side of {base} than {neighbor}"
        );
    }
    assert!(result.crossing.is_none());
}

#[test]
fn a_proportion_fills_a_part_of_each_gap() {
    let table = two_groups();
    for (proportion, expected) in [(0.5, [60, 70, 50, 45]), (2.0, [60, 70, 80, 120])] {
        let fos = FairOversampling::default().with_proportion(proportion);
        assert_eq!(table.cells_after(&table.resampled(&fos, 1)), expected);
    }
    for proportion in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let fos = FairOversampling::default().with_proportion(proportion);
        let error = fos
            .resample(&table.labeled(), &Run::new(1))
            .expect_err("out of range");
        assert_eq!(error.code(), "sampling.out-of-range");
    }
}

#[test]
fn bases_in_turn_are_used_equally_often() {
    let table = two_groups();
    let fos = FairOversampling::default().with_bases(Bases::InTurn);
    let result = table.resampled(&fos, 1);
    let mut uses = vec![0; table.labels.len()];
    result
        .origin
        .iter()
        .for_each(|origin| uses[origin.base as usize] += 1);
    assert!(
        uses[170..].iter().all(|&uses| uses == 2 || uses == 3),
        "50 rows of 20"
    );
    let drawn = table.resampled(&FairOversampling::default(), 1);
    let mut uses = vec![0; table.labels.len()];
    drawn
        .origin
        .iter()
        .for_each(|origin| uses[origin.base as usize] += 1);
    assert!(uses[170..].iter().any(|uses| !(2..=3).contains(uses)));
}

#[test]
fn a_cell_of_one_row_is_copied_in_the_first_group_and_moves_in_a_later_one() {
    let table = Table::cells(&[
        ("no", 0, 9, 0.0),
        ("yes", 0, 1, 0.5),
        ("no", 1, 30, 0.2),
        ("yes", 1, 1, 0.8),
    ]);
    let result = table.resampled(&FairOversampling::default(), 1);
    assert_eq!(table.cells_after(&result), [9, 30, 9, 30]);
    let (first, second) = result.origin.split_at(8);
    assert!(first.iter().all(|origin| origin.base == origin.neighbor));
    assert!(second.iter().all(|origin| origin.base != origin.neighbor));
    let codes: Vec<&str> = result.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["sampling.small-cells", "sampling.rows-copied"]);
    assert!(
        result.warnings[0]
            .message
            .contains("class `yes` of group `0` (1 row)")
    );
}

#[test]
fn an_empty_cell_is_refused_by_name_skipped_or_filled_from_its_class() {
    let table = Table::cells(&[("no", 0, 20, 0.0), ("no", 1, 30, 0.2), ("yes", 1, 12, 0.8)]);
    let method = |empty_cell| FairOversampling::default().with_empty_cell(empty_cell);
    let refused = method(EmptyCell::Refuse).resample(&table.labeled(), &Run::new(1));
    match refused {
        Err(error @ Error::EmptyCell { .. }) => {
            assert!(
                error
                    .to_string()
                    .starts_with("group `0` has no row of class `yes`")
            );
            assert!(error.hint().is_some_and(|hint| hint.contains("empty_cell = ")));
        }
        other => panic!("{other:?}"),
    }
    let skipped = table.resampled(&method(EmptyCell::Skip), 1);
    assert_eq!(table.cells_after(&skipped), [20, 30, 0, 30]);
    assert_eq!(skipped.warnings[0].code, "sampling.empty-cell-skipped");

    let filled = table.resampled(&method(EmptyCell::ClassPool), 1);
    assert_eq!(table.cells_after(&filled), [20, 30, 20, 30]);
    let sex = filled.synthetic[2].as_f64().expect("numbers");
    for (made, value) in sex.iter().enumerate() {
        let group = table.groups.name_of(filled.row_of_group(made));
        if !filled.placed.is_empty() && filled.row_of_group(made) != filled.origin[made].base as usize {
            assert_eq!(
                (group, *value),
                ("0", 0.0),
                "a placed row has the value of its group"
            );
        }
    }
}

#[test]
fn groups_of_the_same_deficit_have_a_fixed_order() {
    let table = Table::cells(&[
        ("no", 0, 30, 0.0),
        ("yes", 0, 20, 0.5),
        ("no", 1, 25, 0.2),
        ("yes", 1, 15, 0.8),
    ]);
    let first = |variant| {
        let fos = FairOversampling::default().with_variant(variant);
        table
            .groups
            .name_of(table.resampled(&fos, 1).origin[0].base as usize)
            .to_owned()
    };
    assert_eq!(
        first(FairOversamplingVariant::Reference),
        "1",
        "the smaller group"
    );
    assert_eq!(first(FairOversamplingVariant::V1Box), "0", "the larger group");
}

#[test]
fn named_rows_are_drawn_the_same_wherever_they_stand() {
    let table = two_groups();
    let names: Vec<String> = (0..table.labels.len()).map(|row| format!("row {row}")).collect();
    let order = Seed::new(3).shuffled(0..names.len());
    let pick = |codes: &[u32]| order.iter().map(|&row| codes[row]).collect::<Vec<u32>>();
    let shuffled = Table {
        rows: order
            .iter()
            .flat_map(|&row| table.rows[3 * row..][..3].to_vec())
            .collect(),
        columns: 3,
        protected: Some(2),
        labels: Labels::from_codes(table.labels.classes().to_vec(), pick(table.labels.codes())),
        groups: Labels::from_codes(table.groups.classes().to_vec(), pick(table.groups.codes())),
    };
    let new_names: Vec<String> = order.iter().map(|&row| names[row].clone()).collect();
    for blur in [Blur::Published, Blur::Strong] {
        let made = |table: &Table, names: &[String]| {
            let mut data = table.labeled();
            data.keys = RowKeys::Named(names);
            let fos = FairOversampling::default().with_blur(blur);
            let result = fos.resample(&data, &Run::new(1)).expect("rows are made");
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            bits(result.synthetic[0].as_f64().expect("numbers"))
        };
        assert_eq!(made(&table, &names), made(&shuffled, &new_names), "{blur:?}");
    }
}

#[test]
fn three_methods_raise_every_cell_to_the_largest() {
    let table = Table::cells(&[
        ("a", 0, 30, 0.0),
        ("b", 0, 12, 0.5),
        ("c", 0, 7, 1.0),
        ("a", 1, 9, 0.2),
        ("b", 1, 21, 0.8),
        ("c", 1, 1, 0.1),
    ]);
    for method in raising() {
        let result = table.resampled(&method, 1);
        assert_eq!(table.cells_after(&result), [30; 6], "{}", method.name());
        for origin in &result.origin {
            assert_eq!(origin.class, table.labels.codes()[origin.base as usize]);
        }
    }
}

#[test]
fn three_methods_fill_an_empty_cell_from_its_class_or_leave_it() {
    let table = Table::cells(&[("no", 0, 20, 0.0), ("no", 1, 30, 0.2), ("yes", 1, 12, 0.8)]);
    for method in raising() {
        let with = |empty_cell: &str| {
            let mut options = serde_json::to_value(&method).expect("options are plain data");
            options["empty_cell"] = empty_cell.into();
            let method: Method = serde_json::from_value(options).expect("an option of all three");
            method.resample(&table.labeled(), &Run::new(1))
        };
        let error = with("refuse").expect_err("there is an empty cell");
        assert_eq!(error.code(), "sampling.empty-cell", "{}", method.name());
        let skipped = with("skip").expect("the others are raised");
        assert_eq!(table.cells_after(&skipped), [30, 30, 0, 30], "{}", method.name());
        let filled = with("class-pool").expect("all are raised");
        assert_eq!(table.cells_after(&filled), [30; 4], "{}", method.name());
        let sex = filled.synthetic[2].as_f64().expect("numbers");
        for (made, value) in sex.iter().enumerate() {
            let group = table.groups.name_of(filled.row_of_group(made));
            assert_eq!(value.to_string(), group, "{}", method.name());
        }
    }
}

#[test]
fn heterogeneous_partners_share_the_class_or_the_group_and_are_not_reached_far() {
    let table = two_groups();
    let result = table.resampled(&HeterogeneousFairOversampling::default(), 1);
    let features = table.features();
    let space = Space::new(&features, Metric::Euclidean, MissingValues::Refuse).expect("numbers");
    let graph = Search::new(5)
        .neighbors(&space, Rows::All, Rows::All, &())
        .expect("nobody stops it");
    let (classes, groups) = (table.labels.codes(), table.groups.codes());
    let (mut of_class, mut of_group) = (0, 0);
    for (made, origin) in result.origin.iter().enumerate() {
        let (base, partner) = (origin.base as usize, origin.neighbor as usize);
        if base == partner {
            continue;
        }
        let same = (classes[base] == classes[partner], groups[base] == groups[partner]);
        assert!(same.0 != same.1, "exactly one of class and group is shared");
        of_class += usize::from(same.0);
        of_group += usize::from(same.1);
        let neighbors = graph.neighbors(base);
        let own = neighbors
            .iter()
            .filter(|&&row| classes[row as usize] == classes[base])
            .count();
        let way: f64 = (0..3)
            .map(|place| {
                let value = result.synthetic[place].as_f64().expect("numbers")[made];
                (value - table.rows[3 * base + place]).powi(2)
            })
            .sum();
        let bound = graph.distances(base)[4] * own as f64 / 5.0;
        assert!(
            way.sqrt() <= bound + 1e-9,
            "{origin:?}: {} beyond {bound}",
            way.sqrt()
        );
    }
    assert!(of_class > 0 && of_group > 0);
    let crossing = result.crossing.expect("partners are of both kinds");
    assert_eq!(crossing.of_other_groups, of_class as u64);
}

#[test]
fn rows_among_their_own_class_stay_where_they_are_by_the_papers_text() {
    let table = Table::cells(&[
        ("no", 0, 30, 0.0),
        ("yes", 0, 12, 99.0),
        ("no", 1, 20, 0.0),
        ("yes", 1, 15, 99.0),
    ]);
    let method = |density| HeterogeneousFairOversampling::default().with_density(density);
    let still = table.resampled(&method(Density::OtherClasses), 1);
    assert!(still.origin.iter().all(|origin| origin.step == 0.0));
    let moving = table.resampled(&method(Density::OwnClass), 1);
    assert!(moving.origin.iter().all(|origin| origin.step > 0.0));
}

#[test]
fn bases_are_rows_in_danger_and_hard_rows() {
    let table = two_groups();
    let features = table.features();
    let space = Space::new(&features, Metric::Euclidean, MissingValues::Refuse).expect("numbers");
    let classes = table.labels.codes();
    let others = |k: usize| -> Vec<usize> {
        let graph = Search::new(k)
            .neighbors(&space, Rows::All, Rows::All, &())
            .expect("nobody stops it");
        let of_other = |row: usize| {
            graph
                .neighbors(row)
                .iter()
                .filter(move |&&other| classes[other as usize] != classes[row])
                .count()
        };
        (0..classes.len()).map(of_other).collect()
    };
    let around = others(10);
    let result = table.resampled(&FairBorderlineSmote::default(), 1);
    assert!(result.warnings.is_empty(), "{:?}", result.warnings);
    for origin in &result.origin {
        assert!((5..10).contains(&around[origin.base as usize]), "{origin:?}");
    }
    let around = others(5);
    let result = table.resampled(&FairAdasyn::default(), 1);
    for origin in &result.origin {
        assert!(around[origin.base as usize] > 0, "{origin:?}");
        let (base, neighbor) = (origin.base as usize, origin.neighbor as usize);
        assert_eq!(classes[base], classes[neighbor]);
        assert_eq!(table.groups.codes()[base], table.groups.codes()[neighbor]);
    }
}

#[test]
fn cells_without_danger_start_from_all_rows_and_say_so() {
    let table = Table::cells(&[
        ("no", 0, 30, 0.0),
        ("yes", 0, 12, 99.0),
        ("no", 1, 20, 0.0),
        ("yes", 1, 15, 99.0),
    ]);
    for name in ["fbsmote", "fadasyn"] {
        let result = table.resampled(&Method::from_name(name).expect("a known name"), 1);
        assert_eq!(table.cells_after(&result), [30; 4], "{name}");
        assert_eq!(result.warnings[0].code, "sampling.no-danger", "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn gaps_are_filled_and_no_row_more(
        counts in prop::collection::vec(1_usize..14, 6),
        blur in prop::sample::select(vec![Blur::Off, Blur::Published, Blur::Strong, Blur::KeepGroupValue]),
        seed: u64,
    ) {
        let classes = ["a", "b"];
        let cells: Vec<(&str, u32, usize, f64)> = counts
            .iter()
            .enumerate()
            .map(|(place, &count)| (classes[place % 2], place as u32 / 2, count, place as f64 / 4.0))
            .collect();
        let table = Table::cells(&cells);
        let result = table.resampled(&FairOversampling::default().with_blur(blur), seed);
        let after = table.cells_after(&result);
        let gaps: usize = counts.chunks(2).map(|group| group[0].abs_diff(group[1])).sum();
        prop_assert_eq!(result.origin.len(), gaps);
        for group in 0..3 {
            prop_assert_eq!(after[group], after[3 + group]);
        }
        // Between its parents, and of its base's class and group.
        let x = result.synthetic.first().and_then(SyntheticValues::as_f64).unwrap_or_default();
        let n = table.labels.len();
        let at = |row: u32| (row as usize).checked_sub(n).map_or_else(|| table.rows[3 * row as usize], |made| x[made]);
        for (value, origin) in x.iter().zip(&result.origin) {
            let (base, neighbor) = (at(origin.base), at(origin.neighbor));
            prop_assert!(*value >= base.min(neighbor) && *value <= base.max(neighbor));
            prop_assert_eq!(origin.class, table.labels.codes()[origin.base as usize]);
        }
    }
}

/// The share of other groups among the 5 nearest rows of the class, of rows of one cell, with or without the protected column
/// in the distance; in percent, of the rows as they were.
fn share_before(table: &Table, class: u32, group: u32, with_protected: bool) -> f64 {
    let all = table.features();
    let columns = all
        .columns()
        .iter()
        .filter(|column| with_protected || !column.copied);
    let features = Features::new(all.rows(), columns.cloned().collect());
    let rows = table.labels.rows_of(class);
    let space = Space::of_rows(&features, &rows, Metric::Euclidean, MissingValues::Refuse).expect("numbers");
    let groups = table.groups.codes();
    let own: Vec<usize> = (0..rows.len())
        .filter(|&place| groups[rows[place]] == group)
        .collect();
    let found = Search::new(5)
        .neighbors(&space, Rows::Some(&own), Rows::All, &())
        .expect("nobody stops it");
    let of_other = |&place: &u32| groups[rows[place as usize]] != group;
    let lists = (0..own.len()).map(|query| found.neighbors(query).iter().filter(|row| of_other(row)).count());
    100.0 * lists.sum::<usize>() as f64 / (5 * own.len()) as f64
}

#[test]
fn published_tables_have_the_counts_and_the_crossing_of_the_paper() {
    // Set, protected column, rows after, deficits of the groups in order of making. Then shares in percent of neighbours
    // in other groups: as measured for the specification on the rows as they were, with the protected column in the
    // distance and without; and without it among all rows that may be drawn, those of the first group included.
    let sets = [
        ("german", 8, 1_118, [79, 239], (0.66, 35.0, 48.0)),
        ("comp", 0, 6_372, [296, 305], (0.0, 76.0, 79.0)),
        ("adult", 6, 59_450, [10_178, 10_199], (0.0, 10.0, 24.5)),
    ];
    for (set, protected, rows, deficits, (published, strong, with_new)) in sets {
        let Some(table) = Table::published(set, protected) else {
            return;
        };
        let share = |blur| {
            let result = table.resampled(&FairOversampling::default().with_blur(blur), 1);
            assert_eq!(result.len(), rows, "{set}");
            let (first, second) = result.origin.split_at(deficits[0]);
            assert_eq!(second.len(), deficits[1], "{set}");
            let group_of = |origin: &Origin| table.groups.codes()[origin.base as usize];
            for part in [first, second] {
                assert!(
                    part.iter().all(|origin| group_of(origin) == group_of(&part[0])),
                    "{set}"
                );
            }
            assert_ne!(group_of(&first[0]), group_of(&second[0]), "{set}");
            let cells = table.cells_after(&result);
            assert_eq!((cells[0], cells[1]), (cells[2], cells[3]), "{set}");
            let share = result.crossing.and_then(|crossing| crossing.share());
            let second = &second[0];
            (
                100.0 * share.expect("a second group"),
                second.class,
                group_of(second),
            )
        };
        let (found, class, group) = share(Blur::Published);
        let far = share(Blur::Strong).0;
        let before = [true, false].map(|with| share_before(&table, class, group, with));
        // A drawn part of the bases, and rows made before beside those that were there.
        assert!((found - published).abs() < 1.0, "{set}, published: {found} %");
        assert!(
            (before[0] - published).abs() < 0.1,
            "{set}, before, published: {before:?} %"
        );
        assert!(
            (before[1] - strong).abs() < 2.0,
            "{set}, before, strong: {before:?} %"
        );
        assert!((far - with_new).abs() < 4.0, "{set}, strong: {far} %");
    }
}
