//! What every target of a reader does.

use std::io::Cursor;

use counterpoise_recommend::{Format, ReadRecords, read_records};

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
