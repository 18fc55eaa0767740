//! The state of an optimizer as bytes.

use burn::optim::OptimizerRecord;
use burn_pack::{Reader, Writer};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The bytes of a state, tensors by name: Burn has them in the order of a hash table, another one in every run.
pub(crate) fn to_bytes(record: OptimizerRecord) -> Result<Vec<u8>, Cause> {
    let reader = Reader::from_bytes(record.into_bytes()?)?;
    let (scalars, metadata) = (reader.scalars().clone(), reader.metadata().clone());
    let mut tensors = reader.into_tensors()?;
    tensors.sort_by(|one, other| one.name.cmp(&other.name));
    let mut writer = Writer::new(tensors);
    for (name, value) in scalars {
        writer = writer.with_scalar(&name, value);
    }
    for (name, value) in metadata {
        writer = writer.with_metadata(&name, &value);
    }
    Ok(writer.into_bytes()?.to_vec())
}
