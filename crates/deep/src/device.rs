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
    /// A graphics card of any vendor, by Vulkan, Metal or Direct3D 12, in a build with the feature `wgpu`; where there is none, a
    /// program that plays one.
    Gpu,
    /// The first graphics card of NVIDIA, by CUDA, in a build with the feature `cuda`.
    Cuda,
}

/// What tensors live on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Card {
    /// What it calls itself, and what it is spoken to by.
    pub name: String,
    /// Whether it is a program that plays a graphics card on the processor, which is slower than `cpu`.
    pub software: bool,
    /// Whether its memory is that of the processor.
    pub shares_memory: bool,
}

impl DeviceKind {
    /// All kinds, in this build or not.
    pub const ALL: [Self; 3] = [Self::Cpu, Self::Gpu, Self::Cuda];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
            Self::Cuda => "cuda",
        }
    }

    /// The feature of cargo that brings it; the processor needs none.
    pub(crate) fn feature(self) -> Option<&'static str> {
        match self {
            Self::Cpu => None,
            Self::Gpu => Some("wgpu"),
            Self::Cuda => Some("cuda"),
        }
    }

    /// Whether this program was built with it.
    pub fn is_built(self) -> bool {
        match self {
            Self::Cpu => true,
            Self::Gpu => cfg!(feature = "wgpu"),
            Self::Cuda => cfg!(feature = "cuda"),
        }
    }

    /// The graphics card behind it; absent for the processor.
    ///
    /// # Errors
    ///
    /// A build without it, and a machine that has none.
    pub fn card(self) -> Result<Option<Card>, Error> {
        Ok(self.opened()?.1)
    }

    /// The device that computes without gradients; training asks it for [`Device::autodiff`].
    pub(crate) fn open(self) -> Result<Device, Error> {
        Ok(self.opened()?.0)
    }

    fn opened(self) -> Result<(Device, Option<Card>), Error> {
        match self {
            Self::Cpu => {
                vectors::obey()?;
                Ok((Device::flex(), None))
            }
            #[cfg(feature = "wgpu")]
            Self::Gpu => once(&wgpu::OPENED, self, wgpu::open),
            #[cfg(feature = "cuda")]
            Self::Cuda => once(&cuda::OPENED, self, cuda::open),
            #[cfg(not(all(feature = "wgpu", feature = "cuda")))]
            device => Err(Error::NoSuchDevice { device }),
        }
    }
}

#[cfg(any(feature = "wgpu", feature = "cuda"))]
type Opened = Result<(Device, Card), String>;

/// A card is opened once: both libraries refuse, or forget, a second time.
#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn once(
    opened: &'static std::sync::OnceLock<Opened>,
    device: DeviceKind,
    open: fn() -> Opened,
) -> Result<(Device, Option<Card>), Error> {
    match opened.get_or_init(open) {
        Ok((device, card)) => Ok((device.clone(), Some(card.clone()))),
        Err(reason) => Err(Error::NoCard {
            device,
            reason: reason.clone(),
        }),
    }
}

#[cfg(feature = "wgpu")]
mod wgpu {
    use std::sync::OnceLock;

    use burn::tensor::Device;
    use burn::tensor::wgpu::{WgpuBackend, WgpuInitError, wgpu};

    use super::{Card, Opened};

    pub(super) static OPENED: OnceLock<Opened> = OnceLock::new();

    pub(super) fn open() -> Opened {
        let options = Device::wgpu_options();
        // Where there is no other, it would try OpenGL too, which was not made for this.
        let options = if cfg!(target_os = "linux") {
            options.graphics_api(WgpuBackend::Vulkan)
        } else {
            options
        };
        let found = options.init_with_setup();
        let (device, setup) = found.map_err(|error| match error {
            // What it says beside this is a page about every way that was tried.
            WgpuInitError::AdapterUnavailable { .. } => {
                let interface = if cfg!(target_os = "linux") {
                    "Vulkan"
                } else {
                    "the system"
                };
                format!("{interface} shows no graphics card")
            }
            error => error.to_string(),
        })?;
        let about = setup.adapter.get_info();
        let software = about.device_type == wgpu::DeviceType::Cpu;
        let card = Card {
            name: format!("{}, by {}", about.name, about.backend),
            software,
            shares_memory: software || about.device_type == wgpu::DeviceType::IntegratedGpu,
        };
        Ok((device, card))
    }
}

#[cfg(feature = "cuda")]
mod cuda {
    use std::sync::OnceLock;

    use burn::tensor::{Device, DeviceType};

    use super::{Card, Opened};

    pub(super) static OPENED: OnceLock<Opened> = OnceLock::new();

    pub(super) fn open() -> Opened {
        // To ask a card that is not there for anything ends the program.
        let devices = Device::enumerate(DeviceType::Cuda);
        let device = devices.into_iter().next();
        let device = device.ok_or("the driver of NVIDIA is not installed, or shows no card")?;
        let name = device
            .identity()
            .map_or("a card".to_owned(), |identity| identity.name);
        let card = Card {
            name: format!("{name}, by CUDA"),
            software: false,
            shares_memory: false,
        };
        Ok((device, card))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_files() {
        for device in DeviceKind::ALL {
            assert_eq!(serde_json::to_value(device).unwrap(), device.name());
        }
    }

    #[test]
    fn the_processor_is_always_there() {
        assert!(DeviceKind::Cpu.is_built());
        assert_eq!(DeviceKind::Cpu.card().unwrap(), None);
    }

    #[test]
    fn what_is_not_in_the_build_is_told_with_the_feature_that_brings_it() {
        for device in DeviceKind::ALL {
            let Some(feature) = device.feature() else { continue };
            if device.is_built() {
                continue;
            }
            let error = device.card().unwrap_err();
            assert_eq!(error.code(), "deep.no-such-device");
            assert_eq!(
                error.to_string(),
                format!("device `{}` is not in this build", device.name())
            );
            let hint = error.hint().unwrap();
            assert!(hint.contains(&format!("--features {feature}")), "{hint}");
        }
    }
}
