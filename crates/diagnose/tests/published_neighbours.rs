//! Archetypes and adversaries of the table that the authors of arXiv 2212.07743 published: 12 406 training rows of long-tailed
//! CIFAR-10 with the labels of their five nearest rows.
#![allow(clippy::print_stderr, reason = "a test that skips says so")]

use std::io::Read as _;
use std::path::PathBuf;

use counterpoise_base::Labels;
use counterpoise_diagnose::{Archetype, Neighborhood, Split, adversaries, archetypes};

/// Classes, predicted classes, and classes of five neighbours, one row of each after the other.
fn table() -> Option<(Labels, Vec<u32>, Neighborhood)> {
    let Some(data) = std::env::var_os("COUNTERPOISE_DATA").map(PathBuf::from) else {
        eprintln!("skipped: COUNTERPOISE_DATA names no folder with the table of neighbours");
        return None;
    };
    let path = data.join("eos-checkpoint/cifar10lt_train_neighbours.csv.gz");
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("the table is text");
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some("actual,idx,pred,cats,N0,N1,N2,N3,N4,I0,I1,I2,I3,I4")
    );
    let (mut codes, mut predicted, mut near) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines {
        let numbers: Vec<f64> = line
            .split(',')
            .map(|field| field.parse().expect("a number"))
            .collect();
        codes.push(numbers[0] as u32);
        predicted.push(numbers[2] as u32);
        near.extend(numbers[4..9].iter().map(|&number| number as u32));
    }
    let classes = (0..10).map(|class| class.to_string()).collect();
    let labels = Labels::from_codes(classes, codes);
    let rows = (0..labels.len()).collect();
    let near = Neighborhood::from_table(rows, 5, near, 10).expect("a table of ten classes");
    Some((labels, predicted, near))
}

#[test]
fn archetypes_are_those_of_the_published_table() {
    let Some((labels, predicted, near)) = table() else {
        return;
    };
    let found = archetypes(&near, &labels, &predicted);
    let counts: Vec<[usize; 4]> = found
        .classes
        .iter()
        .map(|class| class.archetypes.clone().map(|archetype| archetype.rows))
        .collect();
    let expected = [
        [4896, 73, 16, 15],
        [2954, 30, 11, 2],
        [1638, 108, 26, 24],
        [945, 82, 29, 21],
        [590, 33, 9, 13],
        [303, 51, 20, 13],
        [193, 25, 6, 8],
        [105, 22, 6, 6],
        [69, 10, 3, 1],
        [36, 7, 6, 1],
    ];
    assert_eq!(counts, expected);
    let percent = |archetype: Archetype| {
        let recall = found.all[archetype as usize].recall.expect("there are rows");
        (1000.0 * recall).round() / 10.0
    };
    assert_eq!(Archetype::ALL.map(percent), [98.5, 66.4, 25.8, 16.3]);
}

#[test]
fn adversaries_are_those_of_the_published_table() {
    let Some((labels, predicted, near)) = table() else {
        return;
    };
    let found = adversaries(Split::Train, &near, &labels, &predicted);
    let share = |class: usize, adversary: &str| {
        let near = &found.classes[class].near;
        let share = near
            .iter()
            .find(|one| one.class == adversary)
            .map_or(0.0, |one| one.share);
        (100.0 * share).round()
    };
    let of_first: Vec<f64> = (1..10).map(|class| share(0, &class.to_string())).collect();
    assert_eq!(of_first, [12.0, 47.0, 9.0, 7.0, 4.0, 5.0, 4.0, 7.0, 4.0]);
    assert_eq!((share(1, "0"), share(1, "9")), (43.0, 29.0));
    assert_eq!((found.classes[9].errors, share(9, "0")), (2, 86.0));
}
