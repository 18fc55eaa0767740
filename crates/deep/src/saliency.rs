//! Which pixels a network looks at.

use burn::module::Module as _;
use burn::tensor::{Tensor, TensorData};
use counterpoise_base::{Event, Observer};

use crate::network::Net;
use crate::weights::numbers;
use crate::{Classifier, Error, InputShape, Inputs, Logits};

/// Of which logit saliency is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SaliencyOf {
    /// The largest of each row, of equals the first: why the network says what it says.
    #[default]
    Largest,
    /// That of one class, counted from 0: what speaks for or against it.
    Class(u32),
}

/// Rows that go through a network at once: less than to predict, for what each layer made is kept until gradients are known.
const AT_ONCE: usize = 64;

impl Classifier {
    /// How much a logit changes with each pixel: `(n, height * width)`, row after row, 0 or more; for rows of a table, and for
    /// networks that read such rows, `(n, columns)`.
    ///
    /// It is the absolute gradient of the logit by the numbers that the network reads, which are normalised pixels, and of the
    /// channels of a pixel the largest. The network is as it is when it predicts: nothing is cropped or mirrored, and batch
    /// normalisation uses what it has learnt. A row does not depend on the others.
    ///
    /// # Source
    ///
    /// Simonyan and others, "Deep Inside Convolutional Networks", ICLR workshop 2014, section 3.1, where the logit is that of a
    /// class. The companion code of the fragility paper takes the largest logit, of pictures that are cropped and mirrored at random.
    ///
    /// # Errors
    ///
    /// Inputs of another shape, logits that are not finite, and a stop by the observer.
    ///
    /// # Panics
    ///
    /// If there is no such class.
    pub fn saliency(
        &self,
        inputs: Inputs<'_>,
        of: SaliencyOf,
        observer: &dyn Observer,
    ) -> Result<Vec<f32>, Error> {
        self.saliency_in_batches(inputs, of, AT_ONCE, observer)
    }

    fn saliency_in_batches(
        &self,
        inputs: Inputs<'_>,
        of: SaliencyOf,
        at_once: usize,
        observer: &dyn Observer,
    ) -> Result<Vec<f32>, Error> {
        if let SaliencyOf::Class(class) = of {
            assert!(
                (class as usize) < self.classes,
                "the network knows {} classes",
                self.classes
            );
        }
        if inputs.shape() != self.input {
            return Err(Error::OtherInput {
                found: inputs.shape().to_string(),
                needed: self.input.to_string(),
            });
        }
        // Gradients by pixels, and none by weights.
        let net = self.net.clone().no_grad().train();
        let mut values = Vec::new();
        let total = inputs.len();
        for first in (0..total).step_by(at_once) {
            let last = (first + at_once).min(total);
            let rows: Vec<usize> = (first..last).collect();
            values.extend(self.of_batch(&net, inputs.rows(&rows), of, first)?);
            let event = Event::Progress {
                task: "finding what the network looks at",
                done: last as u64,
                total: total as u64,
            };
            if observer.observe(&event).is_break() {
                return Err(Error::Stopped);
            }
        }
        Ok(values)
    }

    /// The rows of a batch, the first of which is row `first`.
    fn of_batch(
        &self,
        net: &Net,
        batch: TensorData,
        of: SaliencyOf,
        first: usize,
    ) -> Result<Vec<f32>, Error> {
        let device = net.linear.layer().weight.device();
        let input = Tensor::<4>::from_data(batch, &device).require_grad();
        let [rows, channels, height, width] = input.dims();
        let logits = net.forward(input.clone());
        let values = numbers(logits.clone().inner());
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(Error::NoLogits {
                row: first + place / self.classes + 1,
            });
        }
        let classes = self.classes;
        let said = Logits { values, classes }.predictions();
        let mut chosen = vec![0.0_f32; rows * classes];
        for (row, largest) in said.into_iter().enumerate() {
            let class = match of {
                SaliencyOf::Largest => largest,
                SaliencyOf::Class(class) => class,
            };
            chosen[row * classes + class as usize] = 1.0;
        }
        // Rows do not mix, so that the gradient of a sum over rows is that of each.
        let chosen = Tensor::<2>::from_data(TensorData::new(chosen, [rows, classes]), &device);
        let gradients = (logits * chosen).sum().backward();
        let by_pixel = match input.grad(&gradients) {
            Some(gradient) => numbers(gradient),
            // No layer lets anything of the pixels through.
            None => vec![0.0; rows * channels * height * width],
        };
        Ok(match self.input {
            InputShape::Images(_) => by_pixel
                .chunks_exact(channels * height * width)
                .flat_map(|planes| largest_of_channels(planes, height * width))
                .collect(),
            InputShape::Rows(_) => by_pixel.into_iter().map(f32::abs).collect(),
        })
    }
}

fn largest_of_channels(planes: &[f32], size: usize) -> Vec<f32> {
    let mut largest = vec![0.0_f32; size];
    for plane in planes.chunks_exact(size) {
        for (most, value) in largest.iter_mut().zip(plane) {
            *most = most.max(value.abs());
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use counterpoise_base::{HeadKind, ImageShape, Images, Seed};
    use counterpoise_data::Augment;

    use super::*;
    use crate::{Architecture, DeviceKind, Weight};

    const CLASSES: usize = 3;

    fn network(architecture: Architecture, input: InputShape) -> Classifier {
        let head = HeadKind::Linear;
        let new = Classifier::new(architecture, head, input, CLASSES, &Seed::new(7), DeviceKind::Cpu);
        let network = new.expect("it is made");
        // What batch normalisation has learnt differs from what it begins with and from a batch's moments.
        let mut weights = network.weights();
        let mut random = Seed::new(8).rng();
        for (name, weight) in &mut weights.0 {
            let Weight { values, .. } = weight;
            let scale = match name.rsplit('.').next() {
                Some("running_mean") => |draw: f32| 0.3 * draw,
                Some("running_var") => |draw: f32| 0.7 + draw.abs(),
                _ => continue,
            };
            for value in values {
                *value = scale(random.normal() as f32);
            }
        }
        network.with_weights(&weights).expect("they fit")
    }

    fn pictures(count: usize, side: usize) -> Images {
        let shape = ImageShape::new(3, side, side);
        let mut random = Seed::new(9).rng();
        let values = (0..count * shape.values()).map(|_| random.below(256) as u8);
        Images::new(shape, values.collect())
    }

    fn of_pictures(network: &Classifier, images: &Images, of: SaliencyOf, at_once: usize) -> Vec<f32> {
        let augment = Augment::default();
        network
            .saliency_in_batches(Inputs::Images(images, &augment), of, at_once, &())
            .expect("it is told")
    }

    /// Logits of plain numbers, which need not be pictures.
    fn logits(network: &Classifier, shape: ImageShape, values: Vec<f32>) -> Vec<f32> {
        let device = network.net.linear.layer().weight.device();
        let extents = [1, shape.channels, shape.height, shape.width];
        let input = Tensor::<4>::from_data(TensorData::new(values, extents), &device);
        numbers(network.net.forward(input))
    }

    /// Of all pixels, those whose finite difference is another number by more than rounding and kinks allow.
    fn misses(network: &Classifier, side: usize, of: SaliencyOf, step: f32) -> (usize, usize) {
        let images = pictures(2, side);
        let shape = images.shape();
        let size = shape.height * shape.width;
        let found = of_pictures(network, &images, of, 2);
        assert_eq!(found.len(), 2 * size);
        let plain = Augment::default().plain(&images, &[0, 1]);
        let mut misses = 0;
        let most = found.iter().copied().fold(0.0, f32::max);
        assert!(most > 0.0);
        for (row, picture) in plain.chunks_exact(shape.values()).enumerate() {
            let class = match of {
                SaliencyOf::Class(class) => class as usize,
                SaliencyOf::Largest => {
                    let values = logits(network, shape, picture.to_vec());
                    Logits {
                        values,
                        classes: CLASSES,
                    }
                    .predictions()[0] as usize
                }
            };
            for pixel in 0..size {
                let by_channel = (0..shape.channels).map(|channel| {
                    let at = |change: f32| {
                        let mut changed = picture.to_vec();
                        changed[channel * size + pixel] += change;
                        logits(network, shape, changed)[class]
                    };
                    ((at(step) - at(-step)) / (2.0 * step)).abs()
                });
                let expected = by_channel.fold(0.0, f32::max);
                let got = found[row * size + pixel];
                if (got - expected).abs() > 0.02 * expected + 0.01 * most {
                    misses += 1;
                }
            }
        }
        (misses, 2 * size)
    }

    /// Rectifiers and pooling have kinks, at which a finite difference is something between two gradients.
    fn check(architecture: Architecture, side: usize, of: SaliencyOf) {
        let input = InputShape::Images(ImageShape::new(3, side, side));
        let network = network(architecture.clone(), input);
        let (misses, pixels) = misses(&network, side, of, 2e-3);
        assert!(
            misses * 10 <= pixels,
            "{architecture:?}, {of:?}: {misses} of {pixels}"
        );
    }

    #[test]
    fn saliency_is_the_gradient_by_finite_differences() {
        check(Architecture::LeNet, 12, SaliencyOf::Largest);
        check(Architecture::LeNet, 12, SaliencyOf::Class(2));
        check(Architecture::mlp(), 6, SaliencyOf::Largest);
    }

    #[test]
    fn blocks_with_batch_normalisation_use_what_they_have_learnt() {
        check(Architecture::ResNet20, 8, SaliencyOf::Largest);
        check(Architecture::ResNet20, 8, SaliencyOf::Class(0));
        check(Architecture::ResNet18, 8, SaliencyOf::Class(1));
    }

    #[test]
    fn a_linear_network_has_its_weights_as_saliency() {
        let values = [0.5_f32, -1.0, 2.0, 3.0];
        let network = network(Architecture::Mlp { hidden: vec![2] }, InputShape::Rows(2));
        let mut weights = network.weights();
        for (name, weight) in &mut weights.0 {
            let wide = weight.values.len();
            let numbers: &[f32] = match (name.as_str(), wide) {
                // Both hidden units are open for rows above 0.
                (name, 4) if name.ends_with("weight") => &[1.0, -2.0, 3.0, 4.0],
                ("linear.weight", 6) => &[1.0, 1.0, -1.0, 2.0, 0.0, 0.5],
                (_, 2) => &[100.0, 100.0],
                _ => continue,
            };
            weight.values = numbers.to_vec();
        }
        let network = network.with_weights(&weights).expect("they fit");
        let saliency = network
            .saliency(Inputs::Rows(&values, 2), SaliencyOf::Class(1), &())
            .expect("it is told");
        // -1 * (1, -2) + 2 * (3, 4), for both rows.
        assert_eq!(saliency, [5.0, 10.0, 5.0, 10.0]);
    }

    #[test]
    fn any_number_of_rows_at_once_says_the_same() {
        let input = InputShape::Images(ImageShape::new(3, 12, 12));
        for architecture in [Architecture::LeNet, Architecture::ResNet20] {
            let network = network(architecture, input);
            let images = pictures(7, 12);
            let all = of_pictures(&network, &images, SaliencyOf::Largest, 7);
            for at_once in [1, 3] {
                let parts = of_pictures(&network, &images, SaliencyOf::Largest, at_once);
                assert!(
                    all.iter()
                        .zip(&parts)
                        .all(|(a, b)| (a - b).abs() <= 1e-5 * a.abs().max(1e-2))
                );
            }
        }
    }

    #[test]
    fn any_number_of_threads_says_the_same_bits() {
        let network = network(
            Architecture::ResNet20,
            InputShape::Images(ImageShape::new(3, 12, 12)),
        );
        let images = pictures(9, 12);
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads start")
                .install(|| of_pictures(&network, &images, SaliencyOf::Largest, 9))
        };
        let one = with(1);
        assert!(one.iter().any(|value| *value > 0.0));
        assert_eq!(one, with(3));
    }

    #[test]
    fn it_learns_nothing_and_predicts_what_it_did() {
        let network = network(
            Architecture::ResNet20,
            InputShape::Images(ImageShape::new(3, 8, 8)),
        );
        let before = network.weights();
        of_pictures(&network, &pictures(4, 8), SaliencyOf::Largest, 4);
        assert_eq!(network.weights(), before);
    }

    #[test]
    fn it_tells_how_far_it_is_and_stops_when_asked() {
        struct After(AtomicUsize);
        impl Observer for After {
            fn observe(&self, event: &Event<'_>) -> ControlFlow<()> {
                assert!(matches!(event, Event::Progress { total: 130, .. }));
                match self.0.fetch_add(1, Ordering::Relaxed) {
                    0 => ControlFlow::Continue(()),
                    _ => ControlFlow::Break(()),
                }
            }
        }
        let network = network(
            Architecture::LeNet,
            InputShape::Images(ImageShape::new(3, 12, 12)),
        );
        let images = pictures(130, 12);
        let after = After(AtomicUsize::new(0));
        let augment = Augment::default();
        let result = network.saliency(Inputs::Images(&images, &augment), SaliencyOf::Largest, &after);
        assert!(matches!(result, Err(Error::Stopped)));
        assert_eq!(after.0.into_inner(), 2);
    }

    #[test]
    fn pictures_of_another_shape_and_weights_that_ran_away_are_told() {
        let input = InputShape::Images(ImageShape::new(3, 12, 12));
        let network = network(Architecture::LeNet, input);
        let augment = Augment::default();
        let say = |network: &Classifier, images: &Images| {
            network.saliency(Inputs::Images(images, &augment), SaliencyOf::Largest, &())
        };
        assert!(matches!(
            say(&network, &pictures(1, 14)),
            Err(Error::OtherInput { .. })
        ));
        let mut weights = network.weights();
        let bias = weights.0.get_mut("linear.bias").expect("it has one");
        bias.values[1] = f32::NAN;
        let network = network.with_weights(&weights).expect("they fit");
        assert!(matches!(
            say(&network, &pictures(2, 12)),
            Err(Error::NoLogits { row: 1 })
        ));
        assert!(
            say(&network, &pictures(0, 12))
                .expect("nothing to say")
                .is_empty()
        );
    }
}
