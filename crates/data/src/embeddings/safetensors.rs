//! Tensors with names in one file.

use std::path::Path;

use counterpoise_base::Observer;
use safetensors::{Dtype, SafeTensors};

use super::EmbeddingOptions;
use super::arrays::{Listed, Store, TEXTS, assemble, tell};
use super::numpy::labels_of;
use super::parts::{Parts, fault};
use crate::Error;
use crate::images::{Stored, read_whole, shown};
use crate::npy::half;

struct Tensors<'a> {
    file: &'a str,
    views: SafeTensors<'a>,
    listed: Vec<Listed>,
}

impl Tensors<'_> {
    #[expect(
        clippy::cast_lossless,
        reason = "the same words for all types, of which some do not fit"
    )]
    fn numbers(&self, name: &str) -> Result<Vec<f64>, Error> {
        let tensor = self.views.tensor(name).expect("it is listed");
        let bytes = tensor.data();
        macro_rules! of {
            ($kind:ty) => {
                bytes
                    .chunks_exact(size_of::<$kind>())
                    .map(|bytes| <$kind>::from_le_bytes(bytes.try_into().expect("whole numbers")) as f64)
                    .collect()
            };
        }
        Ok(match tensor.dtype() {
            Dtype::BOOL | Dtype::U8 => bytes.iter().map(|&byte| f64::from(byte)).collect(),
            Dtype::I8 => of!(i8),
            Dtype::I16 => of!(i16),
            Dtype::U16 => of!(u16),
            Dtype::I32 => of!(i32),
            Dtype::U32 => of!(u32),
            Dtype::I64 => of!(i64),
            Dtype::U64 => of!(u64),
            Dtype::F32 => of!(f32),
            Dtype::F64 => of!(f64),
            Dtype::F16 | Dtype::BF16 => self.floats_of(name)?.into_iter().map(f64::from).collect(),
            other => return Err(self.unread(name, other)),
        })
    }

    fn floats_of(&self, name: &str) -> Result<Vec<f32>, Error> {
        let tensor = self.views.tensor(name).expect("it is listed");
        let bytes = tensor.data();
        let short = |bytes: &[u8]| u16::from_le_bytes(bytes.try_into().expect("two bytes"));
        Ok(match tensor.dtype() {
            Dtype::F32 => bytes
                .chunks_exact(4)
                .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes")))
                .collect(),
            Dtype::F16 => bytes.chunks_exact(2).map(|bytes| half(short(bytes))).collect(),
            Dtype::BF16 => bytes
                .chunks_exact(2)
                .map(|bytes| f32::from_bits(u32::from(short(bytes)) << 16))
                .collect(),
            _ => self
                .numbers(name)?
                .into_iter()
                .map(|value| value as f32)
                .collect(),
        })
    }

    fn unread(&self, name: &str, kind: Dtype) -> Error {
        fault(
            self.file,
            format!("`{name}` has values of type {kind:?}"),
            "save it as float32, or labels as int64",
        )
    }
}

impl Store for Tensors<'_> {
    fn listed(&self) -> &[Listed] {
        &self.listed
    }

    fn floats(&mut self, name: &str) -> Result<Vec<f32>, Error> {
        self.floats_of(name)
    }

    fn classes(&mut self, name: &str) -> Result<Stored, Error> {
        let numbers = self.numbers(name)?;
        let code = |(row, value): (usize, f64)| {
            if value.fract() == 0.0 && value.abs() < 1e15 {
                return Ok(value as i64);
            }
            Err(fault(
                self.file,
                format!("`{name}`, row {}: {value} is no class", row + 1),
                "save classes as whole numbers from 0 on",
            ))
        };
        numbers
            .into_iter()
            .enumerate()
            .map(code)
            .collect::<Result<_, _>>()
            .map(Stored::Codes)
    }
}

pub(super) fn read(path: &Path, options: &EmbeddingOptions, observer: &dyn Observer) -> Result<Parts, Error> {
    let file = shown(path);
    let bytes = read_whole(path, observer)?;
    let damaged = |error: safetensors::SafeTensorError| {
        fault(
            &file,
            format!("the file is damaged, was cut off, or is none of safetensors ({error})"),
            "save it again with `safetensors`",
        )
    };
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(damaged)?;
    let is_float = |kind| matches!(kind, Dtype::F16 | Dtype::BF16 | Dtype::F32 | Dtype::F64);
    let mut listed: Vec<Listed> = tensors
        .iter()
        .map(|(name, view)| Listed {
            name: name.to_owned(),
            lengths: view.shape().to_vec(),
            is_float: is_float(view.dtype()),
        })
        .collect();
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    let labels = labels_of(options, observer)?;
    let mut store = Tensors {
        file: &file,
        views: tensors,
        listed,
    };
    let mut parts = assemble(&file, &mut store, labels, options)?;
    let told: std::collections::BTreeMap<String, String> = header
        .metadata()
        .clone()
        .unwrap_or_default()
        .into_iter()
        .collect();
    let list = |key: &str| {
        let text = told.get(key)?;
        let list = serde_json::from_str::<Vec<String>>(text).map_err(|error| {
            fault(
                &file,
                format!("its metadata `{key}` is no list of texts ({error})"),
                format!("write it as JSON: `{key} = [\"a\", \"b\"]`"),
            )
        });
        Some(list)
    };
    parts.classes = list(TEXTS[0]).transpose()?;
    parts.names = list(TEXTS[1]).transpose()?;
    parts.about = told
        .iter()
        .filter(|(key, _)| *key != TEXTS[0] && *key != TEXTS[1])
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    tell(&mut parts);
    Ok(parts)
}
