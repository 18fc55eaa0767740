//! The one module that opens files: weights, what they are of, and the state of an optimizer, as safetensors.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::store::RecordError;
use counterpoise_data::WholeFile;
use pytorch_reader::{DType, PytorchReader};
use safetensors::{Dtype, SafeTensors, View};

use crate::{Error, Weight, Weights};

/// What a file of a network holds.
///
/// The file is in the format safetensors, so that every framework reads the weights; what else there is stands in its
/// metadata (`format`, `kind`, `about`) and in the tensor `optimizer`. Equal checkpoints have files of equal bytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checkpoint {
    /// What it is of: `classifier`, `deep-smote`.
    pub kind: String,
    /// Options, classes, epochs: whatever is needed to go on.
    pub about: serde_json::Value,
    /// The weights, by name.
    pub weights: Weights,
    /// Other sets of weights by name, as those of the best epoch.
    pub others: BTreeMap<String, Weights>,
    /// The state of the optimizers, where training may go on.
    pub optimizer: Option<Vec<u8>>,
}

const FORMAT: &str = "counterpoise-1";
/// Stands before every name where training ran on several devices.
const PREFIX: &str = "module.";
const OPTIMIZER: &str = "optimizer";
/// Stands before the names of other sets of weights.
const OTHER: char = '@';
/// Bytes that say how long the header is, and to which its length is rounded.
const HEADER: usize = 8;

struct Bytes<'a> {
    dtype: Dtype,
    shape: Vec<usize>,
    data: Cow<'a, [u8]>,
}

impl View for Bytes<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.data)
    }

    fn data_len(&self) -> usize {
        self.data.len()
    }
}

impl<'a> Bytes<'a> {
    fn of(weight: &Weight) -> Self {
        let bytes: Vec<u8> = weight
            .values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        Self {
            dtype: Dtype::F32,
            shape: weight.shape.clone(),
            data: bytes.into(),
        }
    }

    fn raw(bytes: &'a [u8]) -> Self {
        Self {
            dtype: Dtype::U8,
            shape: vec![bytes.len()],
            data: bytes.into(),
        }
    }
}

impl Checkpoint {
    /// Writes the file, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let mut tensors: Vec<(String, Bytes<'_>)> = Vec::new();
        tensors.extend(
            self.weights
                .0
                .iter()
                .map(|(name, weight)| (name.clone(), Bytes::of(weight))),
        );
        for (set, weights) in &self.others {
            let named =
                |(name, weight): (&String, &Weight)| (format!("{OTHER}{set}.{name}"), Bytes::of(weight));
            tensors.extend(weights.0.iter().map(named));
        }
        if let Some(optimizer) = &self.optimizer {
            tensors.push((OPTIMIZER.to_owned(), Bytes::raw(optimizer)));
        }
        let about = self.about.to_string();
        let metadata = [("about", &*about), ("format", FORMAT), ("kind", &self.kind)];
        let failed = |error: &dyn std::fmt::Display| Error::File {
            path: path.into(),
            reason: error.to_string(),
        };
        let bytes = safetensors::serialize(tensors, None).map_err(|error| failed(&error))?;
        let bytes = with_metadata(&bytes, &metadata);
        let written = || {
            let mut file = WholeFile::create(path)?;
            file.write_all(&bytes)?;
            file.finish()
        };
        written().map_err(|error| failed(&error))
    }

    /// Reads a file that [`save`](Self::save) wrote, of one kind.
    pub fn load(path: &Path, kind: &str) -> Result<Self, Error> {
        let bytes = bytes_of(path)?;
        let wrong = |reason: String| Error::NotACheckpoint {
            path: path.into(),
            reason,
        };
        let (_, header) =
            SafeTensors::read_metadata(&bytes).map_err(|error| wrong(damage(&bytes, &error.to_string())))?;
        let told = header.metadata().clone().unwrap_or_default();
        match told.get("format").map(String::as_str) {
            Some(FORMAT) => {}
            Some(other) => {
                return Err(wrong(format!(
                    "it has the format `{other}`, which this version of counterpoise cannot read"
                )));
            }
            None => {
                return Err(wrong(
                    "it holds weights only, without what they are of".to_owned(),
                ));
            }
        }
        let found = told.get("kind").cloned().unwrap_or_default();
        if found != kind {
            return Err(Error::OtherKind {
                path: path.into(),
                found,
                needed: kind.to_owned(),
            });
        }
        let about = told.get("about").map_or("null", String::as_str);
        let mut checkpoint = Self {
            kind: found,
            about: serde_json::from_str(about).map_err(|error| wrong(error.to_string()))?,
            ..Self::default()
        };
        let tensors =
            SafeTensors::deserialize(&bytes).map_err(|error| wrong(damage(&bytes, &error.to_string())))?;
        for (name, view) in tensors.iter() {
            if name == OPTIMIZER {
                checkpoint.optimizer = Some(view.data().to_vec());
                continue;
            }
            let weight = Weight {
                shape: view.shape().to_vec(),
                values: singles(view.dtype(), view.data())
                    .map_err(|reason| wrong(format!("`{name}`: {reason}")))?,
            };
            match name.strip_prefix(OTHER).and_then(|name| name.split_once('.')) {
                Some((set, name)) => {
                    let set = checkpoint.others.entry(set.to_owned()).or_default();
                    set.0.insert(name.to_owned(), weight);
                }
                None => {
                    checkpoint.weights.0.insert(name.to_owned(), weight);
                }
            }
        }
        Ok(checkpoint)
    }
}

/// Puts metadata in front of the tensors of a file, in this order: the crate takes them as a map whose order is drawn anew in
/// every process.
fn with_metadata(bytes: &[u8], metadata: &[(&str, &str)]) -> Vec<u8> {
    let (length, rest) = bytes.split_at(HEADER);
    let length = u64::from_le_bytes(length.try_into().expect("eight bytes")) as usize;
    let (tensors, data) = rest.split_at(length);
    let metadata: serde_json::Map<String, serde_json::Value> = metadata
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.into()))
        .collect();
    let mut header = serde_json::json!({ "__metadata__": metadata })
        .to_string()
        .into_bytes();
    // `{"__metadata__":{…}}` and `{"name":{…},…}` become one object.
    let tensors = tensors.trim_ascii();
    header.pop();
    if tensors.len() > 2 {
        header.push(b',');
    }
    header.extend(&tensors[1..]);
    header.resize(header.len().next_multiple_of(HEADER), b' ');
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], &header, data].concat()
}

/// The state of an optimizer, parameter after parameter by name. As it is written by the library it stands in the order of a
/// map, which is drawn anew in every process; a state that was read stands in order.
pub(crate) fn moments(optimizer: &ModuleOptimizer) -> Result<Vec<u8>, RecordError> {
    let drawn = optimizer.to_record().into_bytes()?;
    Ok(OptimizerRecord::from_bytes(drawn)?.into_bytes()?.to_vec())
}

/// Reads the weights of a file of any program: safetensors, or a PyTorch state dict.
///
/// Of a PyTorch checkpoint that holds more than weights, the dictionary `state_dict` (or `model_state_dict`, `model`) counts.
/// A `module.` before every name, which training on several devices leaves, is dropped, and so are counters of batches.
pub fn read_weights(path: &Path) -> Result<Weights, Error> {
    let bytes = bytes_of(path)?;
    let wrong = |reason: String| Error::NotACheckpoint {
        path: path.into(),
        reason,
    };
    let mut weights = if let Ok(tensors) = SafeTensors::deserialize(&bytes) {
        let mut weights = BTreeMap::new();
        for (name, view) in tensors.iter() {
            if name == OPTIMIZER || name.starts_with(OTHER) {
                continue;
            }
            let values =
                singles(view.dtype(), view.data()).map_err(|reason| wrong(format!("`{name}`: {reason}")))?;
            let shape = view.shape().to_vec();
            weights.insert(name.to_owned(), Weight { shape, values });
        }
        weights
    } else {
        from_pytorch(path).map_err(|reason| wrong(damage(&bytes, &reason)))?
    };
    weights.retain(|name, _| !name.ends_with("num_batches_tracked"));
    if weights.is_empty() {
        return Err(wrong("it holds no weights".to_owned()));
    }
    if weights.keys().all(|name| name.starts_with(PREFIX)) {
        let bare = |(name, weight): (String, Weight)| (name[PREFIX.len()..].to_owned(), weight);
        weights = weights.into_iter().map(bare).collect();
    }
    Ok(Weights(weights))
}

fn from_pytorch(path: &Path) -> Result<BTreeMap<String, Weight>, String> {
    let whole = PytorchReader::new(path).map_err(|error| error.to_string())?;
    let mut tensors: Vec<_> = whole.tensors().values().cloned().collect();
    for key in ["state_dict.", "model_state_dict.", "model."] {
        if tensors.iter().any(|tensor| tensor.name.starts_with(key)) {
            tensors.retain(|tensor| tensor.name.starts_with(key));
            for tensor in &mut tensors {
                tensor.name.drain(..key.len());
            }
            break;
        }
    }
    let mut weights = BTreeMap::new();
    for tensor in tensors {
        if tensor.name.ends_with("num_batches_tracked") {
            continue;
        }
        let bytes = tensor.read().map_err(|error| error.to_string())?;
        let dtype = match tensor.dtype() {
            DType::F32 => Dtype::F32,
            DType::F64 => Dtype::F64,
            other => return Err(format!("`{}` has the type {other:?}", tensor.name)),
        };
        let values = singles(dtype, &bytes).map_err(|reason| format!("`{}`: {reason}", tensor.name))?;
        let shape = tensor.shape().to_vec();
        weights.insert(tensor.name, Weight { shape, values });
    }
    Ok(weights)
}

fn singles(dtype: Dtype, bytes: &[u8]) -> Result<Vec<f32>, String> {
    match dtype {
        Dtype::F32 => {
            let value = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().expect("a single has four bytes"));
            Ok(bytes.chunks_exact(4).map(value).collect())
        }
        Dtype::F64 => {
            let value =
                |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().expect("a double has eight bytes"));
            Ok(bytes.chunks_exact(8).map(|bytes| value(bytes) as f32).collect())
        }
        other => Err(format!("weights of type {other:?} are not supported")),
    }
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Open {
        path: path.into(),
        source,
    })
}

/// What is wrong with a file that no reader takes.
fn damage(bytes: &[u8], reason: &str) -> String {
    if bytes.is_empty() {
        return "the file is empty".to_owned();
    }
    let header = bytes
        .get(..8)
        .map(|bytes| u64::from_le_bytes(bytes.try_into().expect("eight bytes")));
    let opened = bytes.get(8) == Some(&b'{');
    match header {
        Some(_) if opened => format!("the file is damaged or was cut off ({reason})"),
        _ if bytes.starts_with(b"PK") => format!("it is no whole PyTorch file ({reason})"),
        _ => format!("it is no file of weights ({reason})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        let weight = Weight {
            shape: vec![2, 1],
            values: vec![1.5, -2.0],
        };
        let weights = Weights(BTreeMap::from([("linear.weight".to_owned(), weight)]));
        Checkpoint {
            kind: "classifier".to_owned(),
            about: serde_json::json!({"epoch": 3}),
            others: BTreeMap::from([("best".to_owned(), weights.clone())]),
            weights,
            optimizer: Some(vec![1, 2, 3]),
        }
    }

    #[test]
    fn what_was_saved_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.safetensors");
        checkpoint().save(&path).unwrap();
        assert_eq!(Checkpoint::load(&path, "classifier").unwrap(), checkpoint());
        assert_eq!(read_weights(&path).unwrap(), checkpoint().weights);
    }

    #[test]
    fn equal_checkpoints_have_equal_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.safetensors");
        let written = |checkpoint: &Checkpoint| {
            checkpoint.save(&path).unwrap();
            std::fs::read(&path).unwrap()
        };
        let first = written(&checkpoint());
        assert!((0..8).all(|_| written(&checkpoint()) == first));
        let header = String::from_utf8_lossy(&first[8..]);
        let start =
            r#"{"__metadata__":{"about":"{\"epoch\":3}","format":"counterpoise-1","kind":"classifier"},"#;
        assert!(header.starts_with(start), "{header}");
        // Nothing but metadata.
        let bare = Checkpoint {
            kind: "classifier".to_owned(),
            ..Checkpoint::default()
        };
        written(&bare);
        assert_eq!(Checkpoint::load(&path, "classifier").unwrap(), bare);
    }

    #[test]
    fn a_file_with_metadata_in_another_order_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.safetensors");
        checkpoint().save(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let start = bytes.windows(6).position(|part| part == b",\"kind").unwrap();
        let kind = br#","kind":"classifier""#;
        let mut other = bytes[..start].to_vec();
        other.extend(&bytes[start + kind.len()..]);
        let about = other.windows(7).position(|part| part == b"\"about\"").unwrap();
        other.splice(about..about, br#""kind":"classifier","#.iter().copied());
        assert_ne!(other, bytes);
        std::fs::write(&path, &other).unwrap();
        assert_eq!(Checkpoint::load(&path, "classifier").unwrap(), checkpoint());
    }

    #[test]
    fn a_file_of_another_kind_says_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.safetensors");
        checkpoint().save(&path).unwrap();
        let error = Checkpoint::load(&path, "deep-smote").unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("holds a classifier, but a model of DeepSMOTE is needed"),
            "{error}"
        );
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.safetensors");
        checkpoint().save(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = Checkpoint::load(&path, "classifier").unwrap_err();
            assert_eq!(error.code(), "deep.not-a-checkpoint", "{length}: {error}");
            assert!(read_weights(&path).is_err(), "{length}");
        }
    }
}
