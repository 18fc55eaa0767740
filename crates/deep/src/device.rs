use burn::tensor::Device;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, vectors};

/// Where tensors live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DeviceKind {
    /// The processor; nothing to install.
    #[default]
    Cpu,
    /// A graphics card.
    Gpu,
}

impl DeviceKind {
    /// The device that computes without gradients; training asks it for [`Device::autodiff`].
    pub(crate) fn open(self) -> Result<Device, Error> {
        match self {
            Self::Cpu => {
                vectors::obey()?;
                Ok(Device::flex())
            }
            Self::Gpu => Err(Error::NoSuchDevice { device: "gpu" }),
        }
    }
}
