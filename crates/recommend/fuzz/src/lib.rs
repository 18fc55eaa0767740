//! What targets have in common.

use std::io::Cursor;
use std::sync::OnceLock;

use counterpoise_recommend::{
    DenseKind, Format, Gazetteer, Library, LibraryOptions, QueryDocument, ReadRecords, Record, SearchOptions,
    Writer, read_records,
};
use tempfile::TempDir;

/// Reads bytes as a format, and holds what comes out to what readers promise.
pub fn read_as(format: Format, bytes: &[u8]) {
    let options = ReadRecords {
        format: Some(format),
        max_bytes: 1 << 22,
        ..ReadRecords::default()
    };
    let read = read_records("any", Box::new(Cursor::new(bytes)), &options, &mut |record| {
        assert!(!record.title.is_empty() || !record.abstract_text.is_empty());
        assert!(!record.title.contains('\n'));
        Ok(())
    });
    if let Err(error) = read {
        assert!(!error.to_string().is_empty());
    }
}

/// Reads bytes as a file of what somebody works on, by a name that tells its format.
pub fn ask_with(file: &str, bytes: &[u8]) {
    static TERMS: OnceLock<Gazetteer> = OnceLock::new();

    let read = QueryDocument::read(file, bytes, TERMS.get_or_init(Gazetteer::bundled));
    match read {
        Ok(document) => {
            assert!(!document.what.is_empty());
            assert!(document.text.len() <= 5_000_000);
            assert!(document.technical.len() <= 2_000 && document.references.len() <= 2_000);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Asks a small library, made once.
pub fn search_for(query: &str) {
    static LIBRARY: OnceLock<(TempDir, Library)> = OnceLock::new();

    let (_, library) = LIBRARY.get_or_init(|| {
        let folder = TempDir::new().expect("there is room for a small folder");
        let options = LibraryOptions::default().with_dense(DenseKind::Words);
        let mut writer = Writer::open(folder.path(), options).expect("the folder is empty");
        for (title, text) in [
            ("The ethics of gene drives", "Consent of communities near malaria."),
            ("A genetic toggle switch in E. coli", "A circuit of two repressors."),
        ] {
            let mut record = Record::default();
            record.title = title.into();
            record.abstract_text = text.into();
            record.year = Some(2020);
            writer.add(&record).expect("it is a record");
        }
        writer.commit(&()).expect("there is room for a small index");
        let library = Library::open(folder.path()).expect("it was written just now");
        (folder, library)
    });
    match library.search(query, &SearchOptions::default()) {
        Ok(found) => assert!(found.total <= library.len() && found.hits.len() <= found.total),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
