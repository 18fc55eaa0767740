//! What methods promise that know a favourable class and a privileged group: each test goes through all of them.

use std::ops::ControlFlow;

use counterpoise_base::{
    Domain, Event, Feature, FeatureValues, Features, Groups, Labeled, Labels, Observer, Resampled, RowKeys,
    Seed, Strided, SyntheticValues,
};
use counterpoise_neighbors::MissingValues;
use counterpoise_sampling::{Chooser, Error, Method, Resample, Run};

const NAMES: [&str; 2] = ["fawos", "massaging"];

/// Rows of a number, a category and the group.
struct Table {
    x: Vec<f64>,
    city: Vec<u32>,
    sex: Vec<u32>,
    yes: Vec<bool>,
    id: Vec<String>,
}

impl Table {
    /// Rows of which more men than women get a yes.
    fn usual(rows: usize) -> Self {
        let mut table = Table {
            x: Vec::new(),
            city: Vec::new(),
            sex: Vec::new(),
            yes: Vec::new(),
            id: Vec::new(),
        };
        for row in 0..rows {
            let mut random = Seed::new(21).child(row as u64).rng();
            let sex = random.below(2) as u32;
            let yes = random.fraction() < [0.3, 0.6][sex as usize];
            table.x.push(random.normal() + f64::from(u8::from(yes)));
            table.city.push(random.below(3) as u32);
            table.sex.push(sex);
            table.yes.push(yes);
            table.id.push(format!("row {row}"));
        }
        table
    }

    fn ordered(&self, order: &[usize]) -> Self {
        Self {
            x: order.iter().map(|&row| self.x[row]).collect(),
            city: order.iter().map(|&row| self.city[row]).collect(),
            sex: order.iter().map(|&row| self.sex[row]).collect(),
            yes: order.iter().map(|&row| self.yes[row]).collect(),
            id: order.iter().map(|&row| self.id[row].clone()).collect(),
        }
    }

    fn features(&self) -> Features<'_> {
        let codes = |codes: &[u32], levels| FeatureValues::Codes {
            codes: codes.to_vec().into(),
            levels,
        };
        let column = |name: &str, values, copied| Feature {
            name: name.into(),
            values,
            domain: Domain::Real,
            copied,
        };
        let columns = vec![
            column("x", FeatureValues::F64(Strided::contiguous(&self.x[..])), false),
            column("city", codes(&self.city, 3), false),
            column("sex", codes(&self.sex, 2), true),
        ];
        Features::new(self.x.len(), columns)
    }

    fn labels(&self) -> Labels {
        let names: Vec<&str> = self
            .yes
            .iter()
            .map(|&yes| if yes { "yes" } else { "no" })
            .collect();
        Labels::from_names(&names)
    }

    fn groups(&self) -> Groups {
        let names: Vec<&str> = self
            .sex
            .iter()
            .map(|&sex| ["woman", "man"][sex as usize])
            .collect();
        Labels::from_names(&names)
    }

    fn resampled(&self, name: &str, run: &Run<'_>) -> Result<Resampled, Error> {
        let (labels, groups) = (self.labels(), self.groups());
        let mut data = Labeled::new(self.features(), &labels);
        data.groups = Some(&groups);
        data.keys = RowKeys::Named(&self.id);
        Method::from_name(name)?.resample(&data, run)
    }

    /// What was made and what changed class, by names of rows; in an order of its own.
    fn told(&self, result: &Resampled) -> Vec<String> {
        let changed = result
            .relabeled
            .iter()
            .map(|(row, class)| format!("{} becomes {class}", self.id[*row as usize]));
        let made = (0..result.origin.len()).map(|made| {
            let origin = &result.origin[made];
            let parents = [origin.base, origin.neighbor].map(|row| self.id[row as usize].as_str());
            let x = result.synthetic[0].as_f64().expect("numbers")[made].to_bits();
            let city = result.synthetic[1].as_codes().expect("categories")[made];
            format!("{parents:?} {x:x} {city}")
        });
        let mut told: Vec<String> = changed.chain(made).collect();
        told.sort();
        told
    }
}

#[test]
fn counts_are_those_of_the_plan_and_rates_become_level() {
    let table = Table::usual(200);
    let (labels, groups) = (table.labels(), table.groups());
    for name in NAMES {
        let method = Method::from_name(name).expect("a listed name");
        let plan = method.plan(&labels, Some(&groups)).expect(name);
        let result = table.resampled(name, &Run::new(1)).expect(name);
        let mut cells = [[0_usize; 2]; 2];
        for row in result.rows() {
            let base = match row {
                counterpoise_base::OutputRow::Kept(row) => row,
                counterpoise_base::OutputRow::Synthetic(made) => result.origin[made].base as usize,
            };
            cells[groups.codes()[base] as usize][result.class_of(row, &labels) as usize] += 1;
        }
        for (class, planned) in plan.classes.iter().enumerate() {
            assert_eq!(planned.after, Some(cells[0][class] + cells[1][class]), "{name}");
        }
        let rate = |of: [usize; 2]| of[1] as f64 / (of[0] + of[1]) as f64;
        assert!(
            (rate(cells[0]) - rate(cells[1])).abs() < 0.025,
            "{name}: {cells:?}"
        );
    }
}

#[test]
fn one_seed_gives_one_result_for_any_number_of_threads() {
    let table = Table::usual(400);
    for name in NAMES {
        let told = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("threads");
            table.told(&pool.install(|| table.resampled(name, &Run::new(2)).expect(name)))
        };
        assert_eq!(told(1), told(4), "{name}");
        let other = table.told(&table.resampled(name, &Run::new(3)).expect(name));
        // Only FAWOS draws; the ranker draws nothing.
        assert_eq!(told(1) == other, name == "massaging", "{name}");
    }
}

#[test]
fn a_named_row_has_the_same_fate_wherever_it_stands() {
    let table = Table::usual(150);
    let order = Seed::new(4).shuffled(0..150);
    let shuffled = table.ordered(&order);
    for name in NAMES {
        let told = |table: &Table| table.told(&table.resampled(name, &Run::new(5)).expect(name));
        assert_eq!(told(&table), told(&shuffled), "{name}");
    }
}

#[test]
fn numpy_and_missing_groups_and_classes_are_refused() {
    let table = Table::usual(60);
    let (labels, groups) = (table.labels(), table.groups());
    let one = Labels::from_names(&["all"; 60]);
    for name in NAMES {
        let replay = table.resampled(name, &Run::new(6).with_chooser(Chooser::Numpy));
        assert_eq!(replay.expect_err(name).code(), "sampling.no-replay");
        let method = Method::from_name(name).expect("a listed name");
        let refused = |labels: &Labels, groups: Option<&Groups>| {
            let mut data = Labeled::new(table.features(), labels);
            data.groups = groups;
            let told = method.resample(&data, &Run::new(6)).expect_err(name).code();
            assert_eq!(
                method.plan(labels, groups).expect_err(name).code(),
                told,
                "{name}"
            );
            told
        };
        assert_eq!(refused(&labels, None), "sampling.needs-groups");
        assert_eq!(refused(&labels, Some(&one)), "sampling.one-group");
        assert_eq!(refused(&one, Some(&groups)), "sampling.one-class");
        let letters: Vec<&str> = table.yes.iter().map(|&yes| if yes { "A" } else { "B" }).collect();
        assert_eq!(
            refused(&Labels::from_names(&letters), Some(&groups)),
            "sampling.needs-favorable"
        );
    }
}

#[test]
fn a_missing_value_is_refused_by_its_column_or_measured_around() {
    let mut table = Table::usual(120);
    table.x[7] = f64::NAN;
    let error = table
        .resampled("fawos", &Run::new(7))
        .expect_err("a missing value");
    assert!(error.to_string().starts_with("column `x`, row 8: "), "{error}");
    let mut run = Run::new(7);
    run.missing = MissingValues::Define;
    for name in NAMES {
        let result = table.resampled(name, &run).expect(name);
        let made = result
            .synthetic
            .first()
            .and_then(SyntheticValues::as_f64)
            .unwrap_or_default();
        assert!(made.iter().all(|value| value.is_finite()), "{name}");
    }
}

/// Stops at the first event.
struct Impatient;

impl Observer for Impatient {
    fn observe(&self, _: &Event<'_>) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

#[test]
fn every_method_stops_when_asked() {
    let table = Table::usual(60);
    for name in NAMES {
        let mut run = Run::new(8);
        run.observer = &Impatient;
        assert_eq!(
            table.resampled(name, &run).expect_err(name).code(),
            "sampling.stopped"
        );
    }
}
