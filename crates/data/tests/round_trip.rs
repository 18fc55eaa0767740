//! What is written is read again, in every format, with the types it had.

use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::types::Int16Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
    Int64Array, LargeStringArray, StringArray, StringViewArray, TimestampMillisecondArray, UInt16Array,
    UInt64Array,
};
use counterpoise_base::{Column, Kind, Origin, Resampled, SyntheticValues, Table};
use counterpoise_data::{
    Carry, Error, Missing, OutputOptions, Prepared, ReadOptions, Roles, Writer, output_chunks, prepare,
    read_table,
};

const ROWS: i64 = 24;

fn column(name: &str, kind: Kind, array: impl Array + 'static) -> Column {
    let array: ArrayRef = Arc::new(array);
    Column {
        name: name.into(),
        kind,
        array,
    }
}

fn words(row: i64) -> &'static str {
    ["red", "green", "blue"][(row % 3) as usize]
}

/// A column of every type that tables hold in practice.
fn table() -> Table {
    let rows = || 0..ROWS;
    let mut dictionary = StringDictionaryBuilder::<Int16Type>::new();
    rows().for_each(|row| {
        let _ = dictionary.append(words(row + 1));
    });
    let decimals = Decimal128Array::from_iter_values(rows().map(|row| i128::from(row * 125)));
    Table::new(vec![
        column(
            "id",
            Kind::Text,
            StringArray::from_iter_values(rows().map(|row| format!("p{row}"))),
        ),
        column(
            "tiny",
            Kind::Integer,
            Int8Array::from_iter_values(rows().map(|row| (row * 5 - 60) as i8)),
        ),
        column(
            "port",
            Kind::Integer,
            UInt16Array::from_iter_values(rows().map(|row| row as u16 * 700)),
        ),
        column(
            "big",
            Kind::Integer,
            UInt64Array::from_iter_values(rows().map(|row| row as u64 * row as u64)),
        ),
        column(
            "single",
            Kind::Float,
            Float32Array::from_iter_values(rows().map(|row| row as f32 / 7.0)),
        ),
        column(
            "double",
            Kind::Float,
            Float64Array::from_iter_values(rows().map(|row| row as f64 / 7.0)),
        ),
        column(
            "price",
            Kind::Float,
            decimals.with_precision_and_scale(12, 2).expect("it fits"),
        ),
        column(
            "flag",
            Kind::Boolean,
            rows().map(|row| Some(row % 2 == 0)).collect::<BooleanArray>(),
        ),
        column(
            "word",
            Kind::Categorical,
            StringArray::from_iter_values(rows().map(words)),
        ),
        column(
            "large",
            Kind::Categorical,
            LargeStringArray::from_iter_values(rows().map(|row| words(row / 2))),
        ),
        column(
            "view",
            Kind::Categorical,
            StringViewArray::from_iter_values(rows().map(|row| words(row / 3))),
        ),
        column("coded", Kind::Categorical, dictionary.finish()),
        column(
            "day",
            Kind::Date,
            Date32Array::from_iter_values(rows().map(|row| 19_000 + row as i32 * 9)),
        ),
        column(
            "moment",
            Kind::Date,
            TimestampMillisecondArray::from_iter_values(rows().map(|row| 1_700_000_000_000 + row * 12_345))
                .with_timezone("+00:00"),
        ),
        column(
            "weight",
            Kind::Float,
            Float64Array::from_iter_values(rows().map(|row| 1.0 + row as f64)),
        ),
        column(
            "sex",
            Kind::Categorical,
            StringArray::from_iter_values(rows().map(|row| if row % 4 == 0 { "f" } else { "m" })),
        ),
        column(
            "y",
            Kind::Integer,
            Int64Array::from_iter_values(rows().map(|row| i64::from(row % 6 == 0))),
        ),
    ])
}

fn roles() -> Roles {
    Roles {
        target: "y".into(),
        groups: vec!["sex".into()],
        bins: std::collections::BTreeMap::new(),
        weight: Some("weight".into()),
        id: Some("id".into()),
        ignore: Vec::new(),
    }
}

fn write(table: &Table, path: &Path) {
    let mut writer = Writer::create(path, table).expect("the folder is ours");
    writer.write(table).expect("there is room");
    writer.finish().expect("there is room");
}

fn read(path: &Path) -> Table {
    read_table(path, &ReadOptions::default(), &())
        .expect("it was written")
        .table
}

fn check(expected: &Table, found: &Table, about: &str) {
    assert_eq!(
        expected.names().collect::<Vec<_>>(),
        found.names().collect::<Vec<_>>(),
        "{about}"
    );
    for (expected, found) in expected.columns().iter().zip(found.columns()) {
        assert_eq!(&expected.array, &found.array, "{about}, column {}", expected.name);
    }
}

#[test]
fn columnar_files_keep_every_type() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let table = table();
    for name in ["t.parquet", "t.arrow", "t.feather"] {
        let path = folder.path().join(name);
        write(&table, &path);
        let found = read(&path);
        check(&table, &found, name);
        let kinds = |table: &Table| {
            table
                .columns()
                .iter()
                .map(|column| column.kind)
                .collect::<Vec<_>>()
        };
        assert_eq!(kinds(&found), kinds(&table), "{name}");
    }
}

#[test]
fn text_files_keep_every_value() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plain = folder.path().join("t.csv");
    write(&table(), &plain);
    let expected = read(&plain);
    for name in ["t.tsv", "t.csv.gz", "t.csv.zst", "again.csv"] {
        let path = folder.path().join(name);
        write(&expected, &path);
        check(&expected, &read(&path), name);
    }
    let kinds: Vec<Kind> = expected.columns().iter().map(|column| column.kind).collect();
    assert_eq!(kinds[1..4], [Kind::Integer; 3]);
    assert_eq!(kinds[12..14], [Kind::Date; 2]);
}

/// Two rows made from rows 0 and 6, a quarter of the way.
fn resampled(prepared: &Prepared) -> Resampled {
    let features = prepared.features();
    let made = |feature: &counterpoise_base::Feature<'_>| match &feature.values {
        counterpoise_base::FeatureValues::F64(values) => {
            let value = values.get(0) + 0.25 * (values.get(6) - values.get(0));
            SyntheticValues::F64(vec![value.round(), 1e300])
        }
        counterpoise_base::FeatureValues::F32(values) => {
            SyntheticValues::F32(vec![values.get(3), values.get(5)])
        }
        counterpoise_base::FeatureValues::Codes { codes, .. } => {
            SyntheticValues::Codes(vec![codes[1], codes[2]])
        }
    };
    let origin = |step| Origin {
        class: prepared.labels.codes()[0],
        base: 0,
        neighbor: 6,
        away_from: 0,
        step,
    };
    Resampled {
        kept: (0..prepared.labels.len()).collect(),
        synthetic: features.columns().iter().map(made).collect(),
        origin: vec![origin(0.25), origin(0.0)],
        ..Resampled::default()
    }
}

fn whole(prepared: &Prepared, options: OutputOptions) -> Table {
    let chunks: Vec<Table> = output_chunks(prepared, &resampled(prepared), options)
        .expect("no column is in the way")
        .collect::<Result<_, _>>()
        .expect("types fit");
    assert_eq!(chunks.len(), 1);
    chunks.into_iter().next().expect("there is one")
}

fn cell(table: &Table, name: &str, row: usize) -> String {
    let array = &table.column(name).expect(name).array;
    arrow_cast::display::array_value_to_string(array, row).expect("it can be shown")
}

#[test]
fn new_rows_have_the_types_of_the_input_and_follow_its_rules() {
    let table = table();
    let prepared = prepare(table.clone(), &roles(), Missing::Error).expect("it is sound");
    let output = whole(&prepared, OutputOptions::default());
    for (before, after) in table.columns().iter().zip(output.columns()) {
        assert_eq!(
            before.array.data_type(),
            after.array.data_type(),
            "column {}",
            before.name
        );
        let kept = after.array.slice(0, before.array.len());
        let text = |array: &ArrayRef| {
            (0..array.len())
                .map(|row| arrow_cast::display::array_value_to_string(array, row).expect("it can be shown"))
                .collect::<Vec<_>>()
        };
        assert_eq!(text(&before.array), text(&kept), "column {}", before.name);
    }
    let new = ROWS as usize;
    assert_eq!(cell(&output, "y", new), "1");
    assert_eq!(cell(&output, "sex", new), "f", "the group is that of the base");
    assert_eq!(
        cell(&output, "weight", new),
        "2.5",
        "a quarter of the way from 1 to 7"
    );
    assert_eq!(
        cell(&output, "weight", new + 1),
        "1.0",
        "a copy has the weight of its base"
    );
    assert_eq!(
        (cell(&output, "id", new), cell(&output, "id", new + 1)),
        ("p0~1".into(), "p0~2".into())
    );
    assert_eq!(cell(&output, "word", new), "green");
    assert_eq!(
        cell(&output, "tiny", new + 1),
        "127",
        "a number beyond the type is its largest"
    );
}

#[test]
fn a_new_row_shows_the_group_it_was_placed_in_and_fractions_between_groups() {
    let sex = StringArray::from(vec!["f", "m", "f"]);
    let table = Table::new(vec![
        column("share", Kind::Float, Float64Array::from(vec![0.0, 1.0, 0.0])),
        column("sex", Kind::Categorical, sex),
        column("y", Kind::Integer, Int64Array::from(vec![0, 1, 0])),
    ]);
    let roles = Roles {
        target: "y".into(),
        groups: vec!["share".into(), "sex".into()],
        ..Roles::default()
    };
    let prepared = prepare(table, &roles, Missing::Error).expect("it is sound");
    let origin = Origin {
        class: 0,
        base: 0,
        neighbor: 2,
        away_from: 0,
        step: 0.5,
    };
    let result = Resampled {
        kept: vec![0, 1, 2],
        synthetic: vec![
            SyntheticValues::F64(vec![0.25, 1.0]),
            SyntheticValues::Codes(vec![0, 1]),
        ],
        origin: vec![origin, origin],
        placed: vec![(1, 1)],
        ..Resampled::default()
    };
    let output: Vec<Table> = output_chunks(&prepared, &result, OutputOptions::default())
        .expect("no column is in the way")
        .collect::<Result<_, _>>()
        .expect("types fit");
    let row = |row| (cell(&output[0], "share", row), cell(&output[0], "sex", row));
    assert_eq!(row(3), ("0.25".into(), "f".into()));
    assert_eq!(row(4), ("1.0".into(), "m".into()), "base 0 is in another group");
}

#[test]
fn marks_are_added_at_the_end_and_never_over_a_column() {
    let prepared = prepare(table(), &roles(), Missing::Error).expect("it is sound");
    let options = OutputOptions {
        mark: true,
        carry: Carry::Empty,
        ..OutputOptions::default()
    };
    let output = whole(&prepared, options);
    let names: Vec<&str> = output.names().collect();
    assert_eq!(names[17..], ["synthetic", "base_index", "neighbor_index", "step"]);
    let new = ROWS as usize;
    let marks = |row| {
        names[17..]
            .iter()
            .map(|name| cell(&output, name, row))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(marks(new), "true 0 6 0.25");
    assert_eq!(marks(3), "false   ");
    let again = prepare(output, &roles(), Missing::Distance).expect("it is sound");
    let taken = output_chunks(&again, &resampled(&again), options).map(|_| ());
    assert!(matches!(taken, Err(Error::MarkTaken { column }) if column == "synthetic"));
}

#[test]
fn carried_columns_are_empty_or_copied_in_new_rows() {
    let mut roles = roles();
    roles.ignore = vec!["price".into(), "view".into()];
    let prepared = prepare(table(), &roles, Missing::Error).expect("it is sound");
    for (carry, price, view) in [(Carry::Empty, "", ""), (Carry::Copy, "0.00", "red")] {
        let output = whole(
            &prepared,
            OutputOptions {
                mark: false,
                carry,
                ..OutputOptions::default()
            },
        );
        let new = ROWS as usize;
        assert_eq!(
            (
                cell(&output, "price", new).as_str(),
                cell(&output, "view", new).as_str()
            ),
            (price, view)
        );
    }
}

#[test]
fn no_two_rows_get_one_id() {
    let mut table = table();
    let ids = (0..ROWS).map(|row| match row {
        // A synthetic row of an earlier run, and a name that two rows share.
        1 => "p0~1".to_owned(),
        7 => "p0".to_owned(),
        row => format!("p{row}"),
    });
    let mut columns = table.columns().to_vec();
    columns[0] = column("id", Kind::Text, StringArray::from_iter_values(ids));
    table = Table::new(columns);
    let prepared = prepare(table, &roles(), Missing::Error).expect("it is sound");
    let output = whole(&prepared, OutputOptions::default());
    let new = ROWS as usize;
    assert_eq!(
        (cell(&output, "id", new), cell(&output, "id", new + 1)),
        ("p0~2".into(), "p0~3".into())
    );
}

#[test]
fn large_whole_numbers_are_told() {
    let mut columns = table().columns().to_vec();
    columns[3] = column(
        "big",
        Kind::Integer,
        UInt64Array::from_iter_values((0..ROWS).map(|row| (1 << 60) + row as u64)),
    );
    let prepared = prepare(Table::new(columns), &roles(), Missing::Error).expect("it is sound");
    let codes: Vec<&str> = prepared.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["data.large-integers"]);
}

#[test]
fn ids_that_are_stored_as_categories_are_written_in_parts_of_one_type() {
    let mut roles = roles();
    roles.id = Some("coded".into());
    let prepared = prepare(table(), &roles, Missing::Error).expect("it is sound");
    let options = OutputOptions::default();
    let nothing = Resampled {
        kept: vec![0],
        ..Resampled::default()
    };
    let types = |resampled: &Resampled| {
        let mut chunks = output_chunks(&prepared, resampled, options).expect("no column is in the way");
        let chunk = chunks.next().expect("there is one").expect("types fit");
        chunk
            .columns()
            .iter()
            .map(|column| column.array.data_type().clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(types(&nothing), types(&resampled(&prepared)));
}

#[test]
fn a_file_appears_only_when_it_is_finished() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["t.csv", "t.csv.gz", "t.csv.zst", "t.parquet", "t.arrow"] {
        let path = folder.path().join(name);
        let mut writer = Writer::create(&path, &table()).expect("the folder is ours");
        writer.write(&table()).expect("there is room");
        assert!(!path.exists(), "{name}");
        drop(writer);
        assert_eq!(
            std::fs::read_dir(folder.path()).expect("it is ours").count(),
            0,
            "{name}"
        );
    }
}

#[test]
fn a_kind_that_the_stored_values_cannot_be_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("t.parquet");
    write(&table(), &path);
    let mut options = ReadOptions::default();
    options.kinds.insert("double".into(), Kind::Date);
    let error = read_table(&path, &options, &()).expect_err("no date");
    assert_eq!(
        error.to_string(),
        "column `double` is stored as Float64 and cannot be read as date"
    );
}
