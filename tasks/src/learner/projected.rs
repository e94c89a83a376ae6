//! Two classes of images, projected onto few features: the binary tasks of AutoML-Zero, from any set of images.
//!
//! ```text
//!  seed ──► a pair of classes ──► images of each, as many of one as of the other ──► in epochs ──► training
//!      └──► projection ───────────────────────────┴──► standardised by the training images ──────► validation
//! ```
//!
//! As there (`generate_datasets.py` of its published code): labels are 1 for the class of the lower number and 0 for the
//! other; both classes have the same number of images in both parts; features are sums of pixels with normal weights,
//! standardised afterwards by the training part; later epochs are shuffles.
//!
//! Other than there: images to train on and to validate with come from the published parts of those names, instead of
//! both from the training images, so that no task validates with an image that another has trained on; the digits that
//! are in the program are divided as for all other tasks. Which images of a class, and which pair of classes, is drawn
//! from the task's seed, of all pairs alike.
//!
//! A task trains on as many images as it is asked for, or on all of the pair's smaller class and as many of the other, and
//! repeats these. Validation images are never repeated: there are no more than twice those of the smallest class, so that
//! all pairs have them.

use rand::RngExt;
use rand::seq::SliceRandom;

use super::course::{Counts, Course, Lane, LaneLessons};
use super::order::in_epochs;
use super::projection::{Projection, Standardisation};
use super::{Evaluation, LearnerTaskShape, TaskSeed};
use crate::data::{DataError, Divided, ImageSet};
use crate::{Stream, stream};

/// Pairs of classes of some images.
pub(super) struct Projected {
    name: &'static str,
    images: Divided<ImageSet>,
    /// The images of each class that has any in both parts, in the order of the classes.
    classes: Vec<Divided<Vec<usize>>>,
}

impl Projected {
    /// Of images, all of one shape.
    ///
    /// # Errors
    ///
    /// If there are not two classes with images in both parts.
    pub(super) fn new(name: &'static str, images: Divided<ImageSet>) -> Result<Self, DataError> {
        let count = images.training.classes().max(images.validation.classes());
        let of_class = |part: &ImageSet, class: usize| -> Vec<usize> {
            let labels = part.labels().iter().enumerate();
            labels
                .filter(|(_, label)| usize::from(**label) == class)
                .map(|(image, _)| image)
                .collect()
        };
        let classes: Vec<_> = (0..count)
            .map(|class| Divided {
                training: of_class(&images.training, class),
                validation: of_class(&images.validation, class),
            })
            .filter(|class| !class.training.is_empty() && !class.validation.is_empty())
            .collect();
        if classes.len() < 2 {
            return Err(DataError::Whole {
                file: name.to_owned(),
                expected: "two classes or more with images both to train on and to validate with"
                    .to_owned(),
                found: classes.len().to_string(),
            });
        }
        Ok(Self {
            name,
            images,
            classes,
        })
    }

    fn numbers(&self, what: &str, task: TaskSeed, more: usize) -> Stream {
        let purpose = format!("learner task {} {what}", self.name);
        stream(task.seed, &purpose, [task.number, more as u64])
    }

    /// The classes of a task, by their places: label 1, then label 0.
    fn pair(&self, task: TaskSeed) -> [&Divided<Vec<usize>>; 2] {
        let mut numbers = self.numbers("classes", task, 0);
        let one = numbers.random_range(0..self.classes.len());
        let other = numbers.random_range(0..self.classes.len() - 1);
        let other = if other < one { other } else { other + 1 };
        [one.min(other), one.max(other)].map(|class| &self.classes[class])
    }

    /// As many images of either class, `count` in all or one more, in random order, each with its label.
    fn chosen(classes: [&[usize]; 2], count: usize, mut numbers: Stream) -> Vec<(usize, f32)> {
        let available = classes[0].len().min(classes[1].len());
        let of_each = count.div_ceil(2).min(available);
        let mut chosen = Vec::with_capacity(2 * of_each);
        for (images, label) in classes.into_iter().zip([1.0, 0.0]) {
            let mut images = images.to_vec();
            images.shuffle(&mut numbers);
            chosen.extend(images[..of_each].iter().map(|image| (*image, label)));
        }
        chosen.shuffle(&mut numbers);
        chosen
    }

    /// How many images of a class the smallest has, in one part.
    fn smallest(&self, part: impl Fn(&Divided<Vec<usize>>) -> &Vec<usize>) -> usize {
        let sizes = self.classes.iter().map(|class| part(class).len());
        sizes.min().unwrap_or(0)
    }
}

impl Course for Projected {
    fn evaluation(&self) -> Evaluation {
        Evaluation::Accuracy
    }

    fn validation_limit(&self) -> usize {
        2 * self.smallest(|class| &class.validation)
    }

    fn lane(&self, counts: &Counts, task: TaskSeed) -> Lane {
        let features = counts.features;
        let pixels = self.images.training.shape().pixels();
        let mut numbers = self.numbers("projection", task, features);
        let projection = Projection::draw(pixels, features, &mut numbers);
        let [one, zero] = self.pair(task);
        let projected = |images: &ImageSet, chosen: &[(usize, f32)]| {
            let indices: Vec<usize> = chosen.iter().map(|(image, _)| *image).collect();
            projection.project(images, &indices)
        };
        let training = Self::chosen(
            [&one.training, &zero.training],
            counts.training,
            self.numbers("training images", task, 0),
        );
        let training_features = projected(&self.images.training, &training);
        let scale = Standardisation::of(&training_features, features);
        let validation = Self::chosen(
            [&one.validation, &zero.validation],
            counts.validation,
            self.numbers("validation images", task, 0),
        );
        let validation_features = projected(&self.images.validation, &validation);
        let lessons = |order: &[usize], sums: &[f64], chosen: &[(usize, f32)]| {
            let mut lessons = LaneLessons::with_capacity(order.len(), features, 1);
            for index in order {
                let sums = &sums[index * features..][..features];
                lessons.features.extend(scale.apply(sums));
                lessons.labels.push(chosen[*index].1);
            }
            lessons
        };
        let order = in_epochs(
            (0..training.len()).collect(),
            counts.training,
            &mut self.numbers("epochs", task, 0),
        );
        let validation_order: Vec<usize> = (0..counts.validation).collect();
        Lane {
            training: lessons(&order, &training_features, &training),
            validation: lessons(&validation_order, &validation_features, &validation),
        }
    }

    fn remarks(&self, shape: &LearnerTaskShape, counts: &Counts) -> Vec<String> {
        let mut remarks = Vec::new();
        let of_pair = 2 * self.smallest(|class| &class.training);
        if of_pair < counts.training {
            remarks.push(format!(
                "{}: the images of two classes, {of_pair} or more, are repeated to make {} training examples.",
                self.name, counts.training
            ));
        }
        if counts.validation < shape.validation_examples {
            remarks.push(format!(
                "{}: {} validation examples instead of {}, as every two classes have no more.",
                self.name, counts.validation, shape.validation_examples
            ));
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{ImageShape, Moments};
    use std::collections::BTreeSet;

    /// Images of one pixel per class, which is lit by class and image, so that features tell which image it is.
    fn made_up(of_class: &[[usize; 2]]) -> Divided<ImageSet> {
        let shape = ImageShape {
            channels: 1,
            height: 1,
            width: of_class.len(),
        };
        let part = |part: usize| {
            let mut pixels = Vec::new();
            let mut labels = Vec::new();
            for (class, counts) in of_class.iter().enumerate() {
                for image in 0..counts[part] {
                    let mut lit = vec![0; of_class.len()];
                    lit[class] = (100 * part + image + 1) as u8;
                    pixels.extend(lit);
                    labels.push(class as u8);
                }
            }
            ImageSet::made_up(shape, of_class.len(), pixels, labels)
        };
        Divided {
            training: part(0),
            validation: part(1),
        }
    }

    fn lane(task: &Projected, training: usize, validation: usize, number: u64) -> Lane {
        let counts = Counts {
            features: 3,
            label_elements: 1,
            training,
            validation,
        };
        task.lane(&counts, TaskSeed { seed: 1, number })
    }

    /// The distinct examples of a part, by the bits of features and label.
    fn distinct(part: &LaneLessons) -> BTreeSet<Vec<u32>> {
        let examples = part.features.chunks(3).zip(&part.labels);
        let bits = examples.map(|(features, label)| {
            let all = features.iter().chain([label]);
            all.map(|number| number.to_bits()).collect()
        });
        bits.collect()
    }

    fn ones(part: &LaneLessons) -> usize {
        part.labels.iter().filter(|label| **label == 1.0).count()
    }

    #[test]
    fn classes_are_balanced_and_repeated_in_epochs() {
        let task = Projected::new("test", made_up(&[[20, 6], [15, 9], [40, 7]])).expect("classes");
        assert_eq!(task.validation_limit(), 12);
        for number in 0..10 {
            let Lane {
                training,
                validation,
            } = lane(&task, 20, 12, number);
            assert_eq!((ones(&training), ones(&validation)), (10, 6));
            assert_eq!(distinct(&training).len(), 20);
            assert_eq!(distinct(&validation).len(), 12);
            // Odd numbers are those of a pair more without the last.
            let odd = lane(&task, 19, 11, number);
            assert!((9..=10).contains(&ones(&odd.training)));
            assert_eq!(odd.training.labels, training.labels[..19]);
            assert_eq!(odd.validation.labels, validation.labels[..11]);
            // The smaller class of a pair has 15 or 20 images, and one epoch twice as many examples.
            let epochs = lane(&task, 100, 4, number).training;
            let images = distinct(&epochs).len();
            assert!(images == 30 || images == 40, "{images}");
            assert!(ones(&epochs).abs_diff(50) <= images / 2);
            let of_epoch = |epoch: usize| LaneLessons {
                features: epochs.features[3 * epoch * images..][..3 * images].to_vec(),
                labels: epochs.labels[epoch * images..][..images].to_vec(),
            };
            let [first, second] = [0, 1].map(of_epoch);
            assert_eq!(distinct(&first), distinct(&second));
            assert_eq!(ones(&second), images / 2);
            assert_ne!(first, second);
        }
    }

    #[test]
    fn features_are_standardised_by_the_training_part() {
        let task = Projected::new("test", made_up(&[[20, 6], [15, 9], [40, 7]])).expect("classes");
        let Lane {
            training,
            validation,
        } = lane(&task, 30, 12, 0);
        let moments = |part: &LaneLessons, feature: usize| {
            let values = part.features.chunks(3).map(|row| f64::from(row[feature]));
            Moments::of(values)
        };
        for feature in 0..3 {
            let Moments { mean, variance } = moments(&training, feature);
            assert!(mean.abs() < 1e-6, "{mean}");
            assert!((variance - 1.0).abs() < 1e-6, "{variance}");
            // Validation images are lighter here, so that their own mean and scale would be others.
            let Moments { mean, variance } = moments(&validation, feature);
            assert!(mean * mean + variance > 4.0, "{mean}, {variance}");
        }
    }

    #[test]
    fn every_pair_is_drawn_and_the_lower_class_is_1() {
        let task =
            Projected::new("test", made_up(&[[2, 2], [2, 2], [0, 2], [2, 2]])).expect("classes");
        let mut pairs = BTreeSet::new();
        for number in 0..100 {
            let seed = TaskSeed { seed: 1, number };
            let labels = &task.images.training.labels();
            let [one, zero] = task.pair(seed).map(|class| labels[class.training[0]]);
            assert!(one < zero);
            pairs.insert((one, zero));
        }
        // Class 2 has nothing to train on.
        let all = [(0, 1), (0, 3), (1, 3)];
        assert_eq!(pairs.into_iter().collect::<Vec<_>>(), all);
    }

    #[test]
    fn fewer_than_two_classes_are_refused() {
        let Err(error) = Projected::new("projected-files", made_up(&[[2, 0], [0, 2], [3, 3]]))
        else {
            panic!("one class alone can be taught")
        };
        assert_eq!(
            error.to_string(),
            "projected-files: expected two classes or more with images both to train on and to validate with, found 1"
        );
    }
}
