//! Keeps the first pictures of each class and writes them anew: how the bundled pictures were made.
//!
//! `cargo run --release -p counterpoise-data --example thin_pictures -- PICTURES OUTPUT 500,300,200,150,100,80,60,50,35,25`
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::path::Path;

use counterpoise_base::Seed;
use counterpoise_data::{
    ImageOptions, ImageOutput, Imbalance, Keep, make_imbalance_of, read_images, write_images,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pictures, output, counts] = &arguments[..] else {
        return Err("give pictures, an output, and counts of classes".into());
    };
    let counts: Vec<usize> = counts.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let set = read_images(Path::new(pictures), &ImageOptions::default(), &())?.set;
    let rows = make_imbalance_of(
        &set.labels,
        &Imbalance::Ranked(counts),
        Keep::First,
        &Seed::new(0),
    )?;
    let output = Path::new(output);
    let format = ImageOutput::of(output).ok_or("the name of the output says no format")?;
    for file in write_images(output, format, &set.select(&rows), false, &())?.files {
        println!("{} bytes in {}", file.metadata()?.len(), file.display());
    }
    Ok(())
}
