//! Pictures in every layout: generated ones, and the original files from the folder `COUNTERPOISE_DATA`.
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod cifar;
mod common;
mod folders;
mod idx;
mod numpy;
mod originals;
mod parquet;
mod refusals;
mod writing;
