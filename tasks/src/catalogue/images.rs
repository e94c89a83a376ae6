//! Images of full size, told apart. Their data are files that a user provides.
//!
//! All published test images would make a measurement as dear as many steps of training, so [`VALIDATION_IMAGES`] of
//! them validate, spread evenly over the file.

use std::sync::Arc;

use super::TaskEntry;
use super::networks::{ConvolutionalNetwork, Perceptron};
use crate::data::{Divided, ImageData, ImageSet, ImageShape, PixelScale};
use crate::network::Model;
use crate::objective::CrossEntropy;
use crate::supervised::{Examples, Part, Supervised};
use crate::{Family, Stream, Task};

/// The most images that validate.
const VALIDATION_IMAGES: usize = 2_000;

/// A perceptron with a hidden layer, on MNIST.
pub(super) const MNIST_MLP: TaskEntry =
    TaskEntry::of_images("mnist-mlp", ImageData::Mnist, |name, images| {
        perceptron(name, "Handwritten digits", "MNIST", images)
    });

/// Two convolutions with pooling, on MNIST.
pub(super) const MNIST_CONV: TaskEntry =
    TaskEntry::of_images("mnist-conv", ImageData::Mnist, |name, images| {
        convolutions(name, "Handwritten digits", "MNIST", &[8, 16], images)
    });

/// A perceptron with a hidden layer, on Fashion-MNIST.
pub(super) const FASHION_MNIST_MLP: TaskEntry = TaskEntry::of_images(
    "fashion-mnist-mlp",
    ImageData::FashionMnist,
    |name, images| perceptron(name, "Articles of clothing", "Fashion-MNIST", images),
);

/// Two convolutions with pooling, on Fashion-MNIST.
pub(super) const FASHION_MNIST_CONV: TaskEntry = TaskEntry::of_images(
    "fashion-mnist-conv",
    ImageData::FashionMnist,
    |name, images| {
        let subject = "Articles of clothing";
        convolutions(name, subject, "Fashion-MNIST", &[8, 16], images)
    },
);

/// Three convolutions with pooling, on CIFAR-10.
pub(super) const CIFAR10_CONV: TaskEntry =
    TaskEntry::of_images("cifar10-conv", ImageData::Cifar10, |name, images| {
        let subject = "Animals and vehicles";
        convolutions(name, subject, "CIFAR-10", &[8, 16, 32], images)
    });

/// A hidden layer of 64 units with ReLU.
fn perceptron(
    name: &'static str,
    subject: &str,
    source: &str,
    images: Divided<ImageSet>,
) -> Arc<dyn Task> {
    const UNITS: usize = 64;
    let network = Perceptron {
        inputs: images.training.shape().pixels(),
        hidden: UNITS,
        outputs: images.training.classes(),
    };
    let description = network.description();
    classification(name, subject, source, &description, images, network.model())
}

fn convolutions(
    name: &'static str,
    subject: &str,
    source: &str,
    channels: &[usize],
    images: Divided<ImageSet>,
) -> Arc<dyn Task> {
    let network = ConvolutionalNetwork {
        image: images.training.shape(),
        channels,
        classes: images.training.classes(),
    };
    let description = network.description();
    classification(name, subject, source, &description, images, network.model())
}

/// Minibatches of 64 and softmax cross-entropy, for any model.
fn classification(
    name: &'static str,
    subject: &str,
    source: &str,
    network: &str,
    images: Divided<ImageSet>,
    model: Model,
) -> Arc<dyn Task> {
    let ImageShape { height, width, .. } = images.training.shape();
    let classes = images.training.classes();
    let examples = ImageExamples::new(images);
    let Divided {
        training,
        validation,
    } = examples.counts();
    Supervised {
        name,
        summary: format!(
            "{subject}, {height}x{width} pixels; {network}; softmax cross-entropy, minibatches of 64."
        ),
        data: format!(
            "{source}: the {training} published training images to train on; {validation} of the \
             published test images, spread evenly, to validate with; each channel standardised by \
             the statistics of the training images."
        ),
        family: Family::Classification,
        examples,
        model,
        objective: CrossEntropy::of_classes(classes),
        batch_size: 64,
        budget_steps: 500,
        evaluation_interval_steps: 50,
    }
    .task()
}

/// Images that are scaled as they are asked for.
struct ImageExamples {
    images: Divided<ImageSet>,
    scale: PixelScale,
}

impl ImageExamples {
    fn new(images: Divided<ImageSet>) -> Self {
        let scale = PixelScale::of(&images.training);
        Self { images, scale }
    }
}

impl Examples for ImageExamples {
    type Target = u8;

    fn counts(&self) -> Divided<usize> {
        Divided {
            training: self.images.training.count(),
            validation: self.images.validation.count().min(VALIDATION_IMAGES),
        }
    }

    fn write(
        &self,
        part: Part,
        index: usize,
        _numbers: &mut Stream,
        features: &mut [f32],
        targets: &mut [u8],
    ) {
        let images = part.of(&self.images);
        // The first half of MNIST's test images is easier than the second: its authors say so.
        let index = index * images.count() / part.of(&self.counts());
        images.gather(index, &self.scale, features);
        targets[0] = images.labels()[index];
    }
}

#[cfg(test)]
mod tests {
    use super::super::Maker;
    use super::*;
    use crate::{Outcome, ParameterLayout, UpdateRule, stream};
    use rand::RngExt;

    /// After so many steps enough has been learnt.
    const STEPS: u32 = 101;

    /// Gradient descent, ended by NaN.
    struct Descent;

    impl UpdateRule for Descent {
        fn reset(&mut self, _layout: &ParameterLayout) {}

        fn step(&mut self, step: u32, parameters: &mut [f32], gradient: &[f32]) {
            for (parameter, gradient) in parameters.iter_mut().zip(gradient) {
                *parameter -= 0.03 * gradient;
            }
            if step == STEPS {
                parameters[0] = f32::NAN;
            }
        }
    }

    /// Dark noise with a bright bar, higher up or further down by class.
    fn made_up(shape: ImageShape, counts: [usize; 2]) -> Divided<ImageSet> {
        const CLASSES: usize = 10;
        let numbers = &mut stream(1, "made-up images", [0, 0]);
        let mut part = |count: usize| {
            let labels: Vec<u8> = (0..count).map(|image| (image % CLASSES) as u8).collect();
            let mut pixels = Vec::with_capacity(count * shape.pixels());
            for label in &labels {
                for pixel in 0..shape.pixels() {
                    let row = pixel / shape.width % shape.height;
                    let is_bright = row / 2 == usize::from(*label);
                    let noise: u8 = numbers.random_range(0..50);
                    pixels.push(if is_bright { 200 + noise } else { noise });
                }
            }
            ImageSet::made_up(shape, CLASSES, pixels, labels)
        };
        Divided {
            training: part(counts[0]),
            validation: part(counts[1]),
        }
    }

    const GREY: ImageShape = ImageShape {
        channels: 1,
        height: 28,
        width: 28,
    };
    const COLOUR: ImageShape = ImageShape {
        channels: 3,
        height: 32,
        width: 32,
    };

    #[test]
    fn every_model_learns_to_tell_made_up_images_apart() {
        let tasks = [
            (MNIST_MLP, GREY, 784 * 64 + 64 + 64 * 10 + 10),
            (MNIST_CONV, GREY, 80 + 1_168 + 7_850),
            (FASHION_MNIST_MLP, GREY, 784 * 64 + 64 + 64 * 10 + 10),
            (FASHION_MNIST_CONV, GREY, 9_098),
            (CIFAR10_CONV, COLOUR, 224 + 1_168 + 4_640 + 5_130),
        ];
        for (entry, shape, parameters) in tasks {
            let (name, Maker::Images(data, make)) = (entry.name, entry.maker) else {
                panic!("{} is on images", entry.name);
            };
            assert_eq!(data.shape(), shape);
            let task = make(name, made_up(shape, [70, 20]));
            let description = task.description();
            assert_eq!(description.name, name);
            assert_eq!(description.parameter_count, parameters, "{name}");
            let run = task.run(&mut Descent, 1);
            assert_eq!(run.curve.outcome, Outcome::Diverged { step: STEPS });
            let [first, .., last] = run.curve.points.as_slice() else {
                panic!("a curve has several points")
            };
            assert!(first.value > 1.5, "{name}: {first:?}");
            assert!(last.value < 0.1, "{name}: {last:?}");
            assert_eq!(last.companion, Some(1.0), "{name}");
        }
    }

    #[test]
    fn validation_images_are_spread_over_all_and_training_images_are_all() {
        let shape = ImageShape {
            channels: 1,
            height: 1,
            width: 1,
        };
        let part = |count: usize| {
            let labels = (0..count).map(|image| (image / 100) as u8).collect();
            let pixels = (0..count).map(|image| (image % 2) as u8).collect();
            ImageSet::made_up(shape, 50, pixels, labels)
        };
        let examples = ImageExamples::new(Divided {
            training: part(4),
            validation: part(5_000),
        });
        let Divided {
            training,
            validation,
        } = examples.counts();
        assert_eq!((training, validation), (4, 2_000));
        let numbers = &mut stream(1, "test", [0, 0]);
        let mut read = |part, index| {
            let (mut features, mut targets) = ([9.0], [99]);
            examples.write(part, index, numbers, &mut features, &mut targets);
            (features[0], targets[0])
        };
        // Two of five: images 0, 2, 5, 7, and so on to 4,997.
        let found = [0, 1, 2, 3, 1_000, 1_999].map(|index| read(Part::Validation, index));
        let expected = [
            (-1.0, 0),
            (-1.0, 0),
            (1.0, 0),
            (1.0, 0),
            (-1.0, 25),
            (1.0, 49),
        ];
        assert_eq!(found, expected);
        let found = [0, 1, 2, 3].map(|index| read(Part::Training, index));
        assert_eq!(found, [(-1.0, 0), (1.0, 0), (-1.0, 0), (1.0, 0)]);
    }
}
