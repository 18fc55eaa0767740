//! Many encoded pictures, decoded side by side, in one order.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use counterpoise_base::{Event, ImageShape, Images, Observer, Warning, agree, counted};
use rayon::prelude::*;

use super::codec::decode;
use super::options::{Alpha, Channels, Corrupt, ImageOptions};
use super::picture::{Changes, Picture};
use super::{ImageFacts, SkippedImage};
use crate::Error;
use crate::memory::free_memory;

/// Pictures decoded between two events.
const CHUNK: usize = 256;

/// Encoded pictures to decode.
pub(super) struct Encoded<'a> {
    /// Where they are, for messages.
    pub(super) file: &'a str,
    pub(super) count: usize,
    /// Bytes of one, or why there are none.
    pub(super) load: &'a (dyn Fn(usize) -> Result<Cow<'a, [u8]>, String> + Sync),
    /// Where one stands.
    pub(super) name: &'a (dyn Fn(usize) -> String + Sync),
}

/// Pictures of one shape.
pub(super) struct Gathered {
    pub(super) images: Images,
    /// Which of the encoded pictures they are.
    pub(super) kept: Vec<usize>,
}

pub(super) fn gather(
    encoded: &Encoded<'_>,
    options: &ImageOptions,
    facts: &mut ImageFacts,
    warnings: &mut Vec<Warning>,
    observer: &dyn Observer,
) -> Result<Gathered, Error> {
    let task = format!("reading {}", encoded.file);
    let decode_one = |index: usize| -> Result<(Picture, Changes), String> {
        let mut changes = Changes::default();
        let bytes = (encoded.load)(index)?;
        let picture = decode(&bytes, options.alpha.unwrap_or(Alpha::White), &mut changes)?;
        Ok((picture.conform(options, &mut changes), changes))
    };
    let mut shapes: BTreeMap<(usize, usize, usize), usize> = BTreeMap::new();
    let mut values: Vec<u8> = Vec::new();
    let (mut kept, mut damaged) = (Vec::new(), Vec::new());
    let mut done = 0;
    if let Some((height, width)) = options.size {
        let channels = options.channels.map_or(3, Channels::count);
        // Those that are decoded at once; the first tells what all take.
        let shape = ImageShape::new(channels, height, width);
        has_room(encoded, shape, encoded.count.min(CHUNK))?;
    }
    while done < encoded.count {
        let end = (done + CHUNK).min(encoded.count);
        let decoded: Vec<_> = (done..end).into_par_iter().map(decode_one).collect();
        for (index, decoded) in (done..end).zip(decoded) {
            let (picture, changes) = match decoded {
                Ok(decoded) => decoded,
                Err(reason) => {
                    let name = (encoded.name)(index);
                    damaged.push(SkippedImage { name, reason });
                    continue;
                }
            };
            facts.resized += usize::from(changes.resized);
            facts.channels_changed += usize::from(changes.channels);
            facts.alpha_flattened += usize::from(changes.alpha);
            facts.depth_reduced += usize::from(changes.depth);
            facts.palette_expanded += usize::from(changes.palette);
            let ImageShape {
                channels,
                height,
                width,
            } = picture.shape;
            *shapes.entry((height, width, channels)).or_default() += 1;
            // Where shapes differ, the rest is read for its shapes only.
            if shapes.len() == 1 {
                if values.is_empty() {
                    has_room(encoded, picture.shape, encoded.count)?;
                    let room = picture.values.len().checked_mul(encoded.count - index);
                    values
                        .try_reserve(room.unwrap_or(usize::MAX))
                        .map_err(|_| too_large(encoded, picture.shape))?;
                }
                values.extend_from_slice(&picture.values);
                kept.push(index);
            } else {
                values = Vec::new();
            }
        }
        done = end;
        let event = Event::Progress {
            task: &task,
            done: done as u64,
            total: encoded.count as u64,
        };
        if let ControlFlow::Break(()) = observer.observe(&event) {
            return Err(Error::Stopped);
        }
    }
    if !damaged.is_empty() && options.corrupt == Corrupt::Error {
        return Err(Error::DamagedPictures {
            file: encoded.file.into(),
            damaged: damaged.len(),
            of: encoded.count,
            first: damaged
                .iter()
                .take(5)
                .map(|picture| format!("`{}`: {}", picture.name, picture.reason))
                .collect(),
        });
    }
    if let ControlFlow::Break(()) = observer.observe(&Event::Finished { task: &task }) {
        return Err(Error::Stopped);
    }
    let shape = one_shape(encoded.file, &shapes, options)?;
    warn(encoded.file, facts, &damaged, options, warnings);
    facts.skipped.extend(damaged);
    let Some(shape) = shape else {
        return Err(Error::NoPictures {
            file: encoded.file.into(),
            what: "none of its pictures can be decoded".into(),
        });
    };
    facts.read += kept.len();
    Ok(Gathered {
        images: Images::new(shape, values),
        kept,
    })
}

/// Refuses so many pictures that this machine has no room for, rather than be ended by it half way.
fn has_room(encoded: &Encoded<'_>, shape: ImageShape, count: usize) -> Result<(), Error> {
    let each = shape.values() as u128;
    // All as bytes, and some as numbers while they are decoded.
    let side_by_side = count.min(rayon::current_num_threads());
    let needed = each * (count as u128 + 8 * side_by_side as u128);
    match free_memory() {
        Some(free) if needed > u128::from(free) => Err(too_large(encoded, shape)),
        _ => Ok(()),
    }
}

fn too_large(encoded: &Encoded<'_>, shape: ImageShape) -> Error {
    Error::ImageMemory {
        file: encoded.file.into(),
        pictures: encoded.count,
        shape,
    }
}

/// The shape of all pictures; an error if they have several, or another one than was asked for.
fn one_shape(
    file: &str,
    shapes: &BTreeMap<(usize, usize, usize), usize>,
    options: &ImageOptions,
) -> Result<Option<ImageShape>, Error> {
    let mut sizes: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut channels: BTreeMap<usize, usize> = BTreeMap::new();
    for (&(height, width, channel), &count) in shapes {
        *sizes.entry((height, width)).or_default() += count;
        *channels.entry(channel).or_default() += count;
    }
    let wanted = |size: &(usize, usize)| options.size.is_none_or(|wanted| wanted == *size);
    if sizes.len() > 1 || !sizes.keys().all(wanted) {
        let mut sizes: Vec<((usize, usize), usize)> = sizes.into_iter().collect();
        sizes.sort_by_key(|&(size, count)| (std::cmp::Reverse(count), size));
        return Err(Error::MixedSizes {
            file: file.into(),
            sizes,
            wanted: options.size,
        });
    }
    let count = options.channels.map(Channels::count);
    if channels.len() > 1
        || !channels
            .keys()
            .all(|found| count.is_none_or(|count| count == *found))
    {
        return Err(Error::MixedChannels {
            file: file.into(),
            channels: channels.into_iter().collect(),
            wanted: count,
        });
    }
    let shape = |&(height, width, channels): &(usize, usize, usize)| ImageShape::new(channels, height, width);
    Ok(shapes.keys().next().map(shape))
}

fn warn(
    file: &str,
    facts: &ImageFacts,
    damaged: &[SkippedImage],
    options: &ImageOptions,
    warnings: &mut Vec<Warning>,
) {
    if let [first, ..] = damaged {
        let message = format!(
            "{} of `{file}` cannot be decoded and {} left out; the first is `{}`: {}",
            counted(damaged.len(), "picture"),
            agree(damaged.len(), "is", "are"),
            first.name,
            first.reason
        );
        warnings.push(Warning::new("images.skipped", message));
    }
    let count = |code: &'static str, count: usize, (one, many): (&str, &str), hint: Option<&str>| {
        (count > 0).then(|| {
            let warning = Warning::new(
                code,
                format!(
                    "{} of `{file}` {}",
                    counted(count, "picture"),
                    agree(count, one, many)
                ),
            );
            match hint {
                Some(hint) => warning.with_hint(hint),
                None => warning,
            }
        })
    };
    warnings.extend(count(
        "images.depth",
        facts.depth_reduced,
        (
            "has 16 bits a value, of which 8 are kept",
            "have 16 bits a value, of which 8 are kept",
        ),
        None,
    ));
    warnings.extend(count(
        "images.alpha",
        // Who chose the colour knows.
        if options.alpha.is_some() {
            0
        } else {
            facts.alpha_flattened
        },
        (
            "has pixels that are not opaque, which now lie over one colour",
            "have pixels that are not opaque, which now lie over one colour",
        ),
        Some(
            "`--alpha black` or `--alpha drop` if white is not what lay under them; `--alpha white` if it is",
        ),
    ));
}
