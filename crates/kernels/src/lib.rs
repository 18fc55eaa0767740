//! Convolution, normalisation and optimizer steps on plain slices of `f32`, for the processor: what networks spend their time on.
//!
//! Pictures lie in the order batch, channels, lines, columns. A convolution is a product of weights and of what taps read;
//! the latter is never laid out for a whole batch, but panel by panel, each of a few vectors of columns that stay in the cache.
//! Its transpose, which is the gradient by its input too, is one such product for each phase of the stride, so that no zeros are
//! multiplied, or one whose results are spread and added, where that is less work. Vectors are as wide as the processor has
//! them ([`Level`]), pictures are spread over rayon's threads, and results have the same bits for any number of threads; between
//! levels they differ by rounding.
//!
//! ```
//! use counterpoise_kernels::{ConvShape, Level, convolve};
//!
//! // One picture of 3x3, a kernel of 2x2, no padding.
//! let shape = ConvShape::new(1, [1, 1], [3, 3], [2, 2], [1, 1], [0, 0]).expect("the kernel fits");
//! let picture = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
//! let mut written = [0.0; 4];
//! convolve(Level::best(), &shape, &picture, &[1.0, 0.0, 0.0, 1.0], None, &mut written);
//! assert_eq!(written, [6.0, 8.0, 12.0, 14.0]);
//! ```

#![allow(clippy::inline_always)] // Generic code is compiled for the vectors of its caller only where it is inlined.

mod convolution;
mod correlate;
mod level;
mod normalisation;
mod optimizer;
mod panel;
mod scatter;
mod scratch;
mod shape;
mod softmax;
mod softmax_layer;
mod staged;
mod weights;

pub use convolution::{convolve, spread};
pub use level::Level;
pub use normalisation::{
    Activation, After, Gradients, Moments, Planes, moments, normalise, normalise_gradients,
};
pub use optimizer::{Adam, Sgd};
pub use shape::ConvShape;
pub use softmax::{log_softmax, log_softmax_gradient};
pub use softmax_layer::SoftmaxLayer;
pub use weights::{bias_gradient, weight_gradient};

#[cfg(test)]
mod tests;
