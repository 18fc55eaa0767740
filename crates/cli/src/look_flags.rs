//! Flags of data that a network looks at, whatever they are.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use counterpoise::{Imbalance, NetworkData, Reads};

use crate::image_flags::{ForeignFlags, PictureImbalanceFlags, PictureReadFlags, imbalance, part};
use crate::settings::ReadFlags;
use crate::table_flags::refuse;

/// How pictures or rows are read that a network was trained on.
#[derive(Args)]
pub(crate) struct LookFlags {
    #[command(flatten)]
    pub(crate) reading: PictureReadFlags,
    #[command(flatten)]
    pub(crate) table: ReadFlags,
    #[command(flatten)]
    imbalance: PictureImbalanceFlags,
    /// Share of every class that training held out
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    pub(crate) validation: f64,
}

impl LookFlags {
    /// What the network in a file reads; flags of other data are refused.
    pub(crate) fn reads(&self, foreign: &ForeignFlags, network: &Path, data: &Path) -> Result<Reads> {
        let reads = foreign.reads(network, data, &self.reading)?;
        let flag = match reads {
            Reads::Pictures => self.table.given(),
            Reads::Rows => self.reading.given(),
        };
        refuse(flag, reads, data)?;
        Ok(reads)
    }

    /// The data that the network was trained on.
    pub(crate) fn data(&self, reads: Reads, data: &Path) -> Result<NetworkData> {
        let counts = self.imbalance.imbalance.as_deref();
        Ok(match reads {
            Reads::Pictures => NetworkData::Pictures(part(data, &self.reading, None, counts)?),
            Reads::Rows => {
                let imbalance =
                    counts.map(|counts| -> Result<Imbalance> { Ok(imbalance(counts)?.try_into()?) });
                NetworkData::Table {
                    path: data.to_path_buf(),
                    read: self.table.options()?,
                    imbalance: imbalance.transpose()?,
                }
            }
        })
    }
}
