#![no_main]

use std::io::Cursor;

use counterpoise_recommend::{Format, Merger, Met, ReadRecords, merge, read_records};

// Lines of JSON make records; whatever they say of one another, nothing is lost.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let options = ReadRecords {
        format: Some(Format::Jsonl),
        max_bytes: 1 << 20,
        ..ReadRecords::default()
    };
    let mut merger = Merger::new();
    let mut records = Vec::new();
    let _ = read_records("any", Box::new(Cursor::new(bytes)), &options, &mut |record| {
        if let Met::Same(earlier) = merger.meet(&record) {
            let ids = record.ids.all().count();
            let into: &mut counterpoise_recommend::Record = &mut records[earlier];
            merge(into, &record);
            assert!(into.ids.all().count() >= ids.min(1));
            assert!(into.retracted || !record.retracted);
        }
        records.push(record);
        Ok(())
    });
});
