use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field, Fields, Schema};
use counterpoise_data::{ImageFormat, Split};

use crate::common::{codes_of, folder, grey_png, put, read, read_with, told};

/// A Parquet file as Hugging Face writes it.
fn hugging_face(path: &Path, pictures: &[Option<&[u8]>], labels: &[i64], names: Option<&[&str]>) {
    let bytes: ArrayRef = Arc::new(BinaryArray::from_opt_vec(pictures.to_vec()));
    let paths: Vec<Option<&str>> = (0..pictures.len())
        .map(|row| (row > 0).then_some("cat.png"))
        .collect();
    let paths: ArrayRef = Arc::new(StringArray::from(paths));
    let fields = Fields::from(vec![
        Field::new("bytes", DataType::Binary, true),
        Field::new("path", DataType::Utf8, true),
    ]);
    let image = StructArray::new(fields.clone(), vec![bytes, paths], None);
    let mut schema = Schema::new(vec![
        Field::new("label", DataType::Int64, false),
        Field::new("image", DataType::Struct(fields), true),
    ]);
    if let Some(names) = names {
        let about = serde_json::json!({"info": {"features": {
            "image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"},
        }}});
        schema.metadata.insert("huggingface", about.to_string());
    }
    let schema = Arc::new(schema);
    let labels: ArrayRef = Arc::new(Int64Array::from(labels.to_vec()));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![labels, Arc::new(image)]).expect("they fit");
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("there is room");
    let file = std::fs::File::create(path).expect("there is room");
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, schema, None).expect("it can be written");
    writer.write(&batch).expect("there is room");
    writer.close().expect("there is room");
}

#[test]
fn parquet_of_hugging_face_knows_pictures_labels_and_names() {
    let folder = folder();
    let pictures: Vec<Vec<u8>> = (0..3).map(|value| grey_png(1, 2, value)).collect();
    let data = folder.path().join("data");
    hugging_face(
        &data.join("train-00001-of-00002.parquet"),
        &[Some(&pictures[2])],
        &[1],
        Some(&["cat", "dog"]),
    );
    hugging_face(
        &data.join("train-00000-of-00002.parquet"),
        &[Some(&pictures[0]), Some(&pictures[1])],
        &[0, 1],
        Some(&["cat", "dog"]),
    );
    hugging_face(
        &data.join("test-00000-of-00001.parquet"),
        &[None, Some(&pictures[1])],
        &[0, -1],
        Some(&["cat", "dog"]),
    );
    let found = read(folder.path()).expect("it is whole");
    assert_eq!(
        (found.format, codes_of(&found)),
        (ImageFormat::Parquet, vec!["cat", "dog", "dog"])
    );
    assert_eq!(found.set.images.as_slice(), [0, 0, 1, 1, 2, 2]);
    let names = found.set.names.expect("names");
    assert_eq!(names[1], "cat.png (train-00000-of-00002.parquet, row 2)");
    assert_eq!(names[2], "train-00001-of-00002.parquet, row 1");
    let error = told(read_with(folder.path(), |options| options.split = Split::Test));
    assert!(
        error.contains("row 2: the label `-1` is none of the 2 classes"),
        "{error}"
    );
    let one = folder.path().join("one.parquet");
    hugging_face(&one, &[None, Some(&pictures[1])], &[0, 1], None);
    let error = told(read(&one));
    assert!(
        error.contains("`one.parquet, row 1`: there are no bytes"),
        "{error}"
    );
    let error = told(read_with(&one, |options| {
        options.label_column = Some("Label".into());
    }));
    assert!(error.contains("did you mean `label`?"), "{error}");
    let bytes = std::fs::read(&one).expect("it is there");
    for end in [3, 4, bytes.len() / 2, bytes.len() - 1] {
        put(&one, &bytes[..end]);
        assert!(read(&one).is_err(), "it ends at {end}");
    }
}
