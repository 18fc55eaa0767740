//! Every engine finds what measuring all pairs finds, to the bit.

use std::borrow::Cow;

use counterpoise_base::{Domain, Feature, FeatureValues, Features, MISSING, Random, Seed, Strided};
use counterpoise_neighbors::{Engine, Graph, Metric, MissingValues, Rows, Search, Space};
use proptest::prelude::*;

/// Measures all pairs and sorts them.
fn oracle(space: &Space, queries: &[usize], among: &[usize], k: usize) -> Vec<Vec<u32>> {
    let list = |&query: &usize| {
        let others = among.iter().filter(|&&other| other != query);
        let mut list: Vec<(f64, u32)> = others
            .map(|&other| (space.rank(query, other), other as u32))
            .collect();
        list.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        list.into_iter().take(k).map(|pair| pair.1).collect()
    };
    queries.iter().map(list).collect()
}

fn lists(graph: &Graph) -> Vec<Vec<u32>> {
    (0..graph.rows())
        .map(|query| graph.neighbors(query).to_vec())
        .collect()
}

/// What makes a table hard.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Normal,
    /// Many equal distances.
    Grid,
    /// Differences in the last digits of large numbers.
    Offset,
    /// Columns of very different sizes, one constant.
    Uneven,
    /// A few rows far from all others.
    Outliers,
    /// Each row a little further than the last.
    Sorted,
    Twins,
}

const SHAPES: [Shape; 7] = [
    Shape::Normal,
    Shape::Grid,
    Shape::Offset,
    Shape::Uneven,
    Shape::Outliers,
    Shape::Sorted,
    Shape::Twins,
];

fn table(shape: Shape, n: usize, d: usize, random: &mut Random) -> Vec<f64> {
    let mut data: Vec<f64> = (0..n * d).map(|_| random.normal()).collect();
    for row in 0..n {
        for column in 0..d {
            let value = data[row * d + column];
            data[row * d + column] = match shape {
                Shape::Normal => value,
                Shape::Grid => (value * 1.5).round(),
                Shape::Offset => 1e9 + value,
                Shape::Uneven => {
                    value * 10_f64.powi(3 * (column as i32 % 5) - 6) * f64::from(u8::from(column != 1))
                }
                Shape::Outliers => value * if row % 37 == 0 { 1e8 } else { 1.0 },
                Shape::Sorted => value * 0.01 + row as f64,
                Shape::Twins => data[(row / 3 * 3) * d + column],
            };
        }
    }
    data
}

fn features(data: &[f64], d: usize, codes: &[Vec<u32>], levels: usize) -> Features<'static> {
    let n = data.len() / d;
    let mut columns: Vec<Feature<'static>> = (0..d)
        .map(|column| Feature {
            name: format!("x{column}"),
            values: FeatureValues::F64(Strided::contiguous(
                (0..n).map(|row| data[row * d + column]).collect::<Vec<_>>(),
            )),
            domain: Domain::Real,
            copied: false,
        })
        .collect();
    for (place, codes) in codes.iter().enumerate() {
        columns.push(Feature {
            name: format!("c{place}"),
            values: FeatureValues::Codes {
                codes: Cow::Owned(codes.clone()),
                levels,
            },
            domain: Domain::Real,
            copied: false,
        });
    }
    Features::new(n, columns)
}

fn check(space: &Space, queries: Rows<'_>, among: Rows<'_>, k: usize) {
    let all: Vec<usize> = (0..space.rows()).collect();
    let of = |rows: Rows<'_>| {
        if let Rows::Some(rows) = rows {
            rows.to_vec()
        } else {
            all.clone()
        }
    };
    for engine in [Engine::Auto, Engine::Brute, Engine::Tree] {
        let graph = Search::new(k)
            .with_engine(engine)
            .neighbors(space, queries, among, &())
            .expect("nobody stops it");
        let expected = oracle(space, &of(queries), &of(among), graph.k());
        assert_eq!(lists(&graph), expected, "{engine:?}");
        for (query, &row) in of(queries).iter().enumerate() {
            for (&other, &distance) in graph.neighbors(query).iter().zip(graph.distances(query)) {
                assert_eq!(distance, space.distance(row, other as usize));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn engines_agree_with_all_pairs(
        seed: u64,
        shape in 0_usize..SHAPES.len(),
        n in 2_usize..260,
        d in 1_usize..40,
        k in 1_usize..9,
        metric in prop_oneof![Just(Metric::Euclidean), Just(Metric::Manhattan), Just(Metric::Cosine), Just(Metric::Heom)],
    ) {
        let data = table(SHAPES[shape], n, d, &mut Seed::new(seed).rng());
        let features = features(&data, d, &[], 1);
        let space = Space::new(&features, metric, MissingValues::Refuse).expect("finite");
        check(&space, Rows::All, Rows::All, k);
        let third: Vec<usize> = (0..n).filter(|row| row % 3 == 0).collect();
        let rest: Vec<usize> = (0..n).rev().filter(|row| row % 3 != 0).collect();
        check(&space, Rows::Some(&third), Rows::All, k);
        if !rest.is_empty() {
            check(&space, Rows::Some(&third), Rows::Some(&rest), k);
        }
    }

    #[test]
    fn mixed_columns_agree_with_all_pairs(seed: u64, n in 2_usize..200, d in 1_usize..6, width in 1_usize..6, holes: bool) {
        let mut random = Seed::new(seed).rng();
        let mut data = table(Shape::Normal, n, d, &mut random);
        let mut codes: Vec<Vec<u32>> = (0..width).map(|_| (0..n).map(|_| random.below(3) as u32).collect()).collect();
        let missing = if holes { MissingValues::Define } else { MissingValues::Refuse };
        if holes {
            (0..n).for_each(|row| data[row * d + random.below(d)] = f64::NAN);
            codes[0][random.below(n)] = MISSING;
        }
        let features = features(&data, d, &codes, 3);
        let space = Space::new(&features, Metric::Auto, missing).expect("finite or defined");
        check(&space, Rows::All, Rows::All, 5);
        if !holes {
            let rows: Vec<usize> = (0..n).collect();
            check(&Space::with_penalty(&features, &rows, 0.7).expect("finite"), Rows::All, Rows::All, 4);
        }
    }
}

#[test]
fn missing_numbers_are_left_out_and_scaled_up() {
    let nan = f64::NAN;
    let data = [3.0, nan, 6.0, 5.0, 1.0, nan, nan, nan, nan, nan, nan, nan];
    let features = Features::from_rows(&data, 3);
    let space = Space::new(&features, Metric::Euclidean, MissingValues::Define).expect("defined");
    // One common column of three: sqrt(3 / 1 * (3 - 5)²).
    assert_eq!(space.distance(0, 1), 12_f64.sqrt());
    assert_eq!(space.distance(2, 3), f64::INFINITY);
    let refused = Space::new(&features, Metric::Euclidean, MissingValues::Refuse).expect_err("a hole");
    assert!(
        refused.to_string().starts_with("column `f0`, row 3:"),
        "{refused}"
    );
}

#[test]
fn twins_are_neighbors_of_each_other() {
    let features = Features::from_rows(&[1.0, 1.0, 9.0], 1);
    let space = Space::new(&features, Metric::Euclidean, MissingValues::Refuse).expect("finite");
    let graph = Search::new(1)
        .neighbors(&space, Rows::All, Rows::All, &())
        .expect("nobody stops it");
    assert_eq!(lists(&graph), [[1], [0], [0]]);
}

#[test]
fn points_from_outside_are_scaled_like_the_rows() {
    let rows = Features::from_rows(&[0.0, 0.0, 10.0, 1.0, 5.0, 0.5], 2);
    let space = Space::new(&rows, Metric::Heom, MissingValues::Refuse).expect("finite");
    let outside = Features::from_rows(&[5.0, 0.5, 11.0, 1.0], 2);
    let points = space.points(&outside).expect("finite");
    let graph = Search::new(2)
        .neighbors_of(&space, &points, &())
        .expect("nobody stops it");
    assert_eq!(lists(&graph), [[2, 0], [1, 2]]);
    assert_eq!(graph.distances(0)[0], 0.0);
    assert!((graph.distances(1)[0] - 0.1).abs() < 1e-12);
}

#[test]
fn one_thread_and_four_give_the_same_bits() {
    let data = table(Shape::Normal, 3000, 12, &mut Seed::new(5).rng());
    let features = Features::from_rows(&data, 12);
    let space = Space::new(&features, Metric::Euclidean, MissingValues::Refuse).expect("finite");
    let find = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads can be made");
        pool.install(|| {
            Search::new(5)
                .neighbors(&space, Rows::All, Rows::All, &())
                .expect("nobody stops it")
        })
    };
    assert_eq!(find(1), find(4));
    assert_eq!(
        lists(&find(4)),
        oracle(
            &space,
            &(0..3000).collect::<Vec<_>>(),
            &(0..3000).collect::<Vec<_>>(),
            5
        )
    );
}

#[test]
fn a_search_can_be_stopped() {
    struct Stop;
    impl counterpoise_base::Observer for Stop {
        fn observe(&self, _: &counterpoise_base::Event<'_>) -> std::ops::ControlFlow<()> {
            std::ops::ControlFlow::Break(())
        }
    }
    let data = table(Shape::Normal, 500, 3, &mut Seed::new(5).rng());
    let features = Features::from_rows(&data, 3);
    let space = Space::new(&features, Metric::Euclidean, MissingValues::Refuse).expect("finite");
    assert!(
        Search::new(5)
            .neighbors(&space, Rows::All, Rows::All, &Stop)
            .is_err()
    );
}

#[test]
fn cosine_to_a_row_of_zeros_is_one() {
    let features = Features::from_rows(&[0.0, 0.0, 1.0, 0.0, 2.0, 0.1, -1.0, 0.0], 2);
    let space = Space::new(&features, Metric::Cosine, MissingValues::Refuse).expect("finite");
    assert_eq!(space.distance(0, 1), 1.0);
    assert_eq!(space.distance(1, 3), 2.0);
    check(&space, Rows::All, Rows::All, 2);
}
