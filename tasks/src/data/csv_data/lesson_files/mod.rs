//! Two tables of a user's own: what a learner is taught from, and what it is examined on.
//!
//! ```text
//!  training file ───rows──► Table ──► LessonLabels (two classes, or numbers?) ──┐
//!  validation file ─rows──► Table ──the same columns, the same kind of labels?──┴─scale──► LessonFiles
//! ```
//!
//! Fields are as in every table of a user's ([`super`]). The last column is the label, all before it are features, and the
//! first line is a header if any feature of it is text. What labels are, the training file alone decides:
//!
//! - Text is classes, of which there must be two: the first in alphabetical order is 0, the other 1.
//! - Numbers of two distinct values are two classes: the lower is 0, the higher 1.
//! - Numbers of more distinct values are to be predicted, and standardised by the training file.
//!
//! Features are standardised by the training file; those that do not vary there are 0 throughout and named, as leaving
//! them out would change how many there are.

use std::path::Path;

use super::layout::Layout;
use super::rows::{Rules, Table, TargetKind, Targets};
use super::{LEAST_VARIATION, MAXIMUM_BYTES, varies};
use crate::data::error::{DataError, excerpt};
use crate::data::examples::{Divided, ExampleTable, Moments};
use crate::data::source::Source;
use crate::network::Matrix;

#[cfg(test)]
mod tests;

/// The most features of an example.
const MAXIMUM_FEATURES: usize = 64;

/// One example of each of two classes, or two that differ in their numbers.
const TRAINING_RULES: Rules = Rules {
    minimum_examples: 2,
    maximum_classes: 2,
    too_many_classes: "one of two labels, as the first example's label is text (leave out the rows of other classes, \
                       or write labels as numbers)",
    kind: None,
};

/// A user's lessons: scaled by the training file, in the order of the files.
#[derive(Debug, Clone)]
pub(crate) struct LessonFiles {
    /// What the label is called; without a header, `column` and its number.
    pub(crate) label: String,
    /// What labels are.
    pub(crate) labels: LessonLabels,
    /// The names of the features that do not vary in the training file, and are 0.
    pub(crate) constant_features: Vec<String>,
    /// The examples; a target is a class, 0 or 1, or a standardised number.
    pub(crate) examples: Divided<ExampleTable<f32>>,
}

/// What the labels of a training file are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LessonLabels {
    /// Numbers, of which this is the standard deviation, that labels were divided by.
    Numbers {
        /// In the units of the file.
        standard_deviation: f64,
    },
    /// The names of class 0 and class 1.
    Classes([String; 2]),
}

impl LessonFiles {
    /// Reads a file to train on and one to validate with.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, is larger than 256 MiB or 2²⁴ features in all; if there are fewer than 1 or more than 64
    /// features, or fewer than 2 examples; if the columns of the files or of their lines differ; if a feature is missing,
    /// no number or beyond 10¹⁰⁰, or no feature varies; if a label is missing or is not what the labels of the training file are; if labels do
    /// not vary, are text of more than two kinds, or are of two kinds of which one is not in the validation file.
    pub(crate) fn load(training: &Path, validation: &Path) -> Result<Self, DataError> {
        Self::read(Source::open(training)?, Source::open(validation)?)
    }

    fn read(training: Source<'_>, validation: Source<'_>) -> Result<Self, DataError> {
        let training = table(training, TRAINING_RULES, None)?;
        let (training, labels) = Labelled::of_training(training)?;
        let rules = Rules {
            // Strange labels are found below, with the file that they are strange to.
            maximum_classes: 256,
            kind: Some(match labels {
                Labels::Texts(_) => TargetKind::Classes,
                Labels::Numbers(_) | Labels::Values(_) => TargetKind::Numbers,
            }),
            ..TRAINING_RULES
        };
        let validation = table(validation, rules, Some(&training.layout))?;
        let validation = Labelled::of_validation(validation, &labels, &training.layout)?;
        scaled(&training, &validation, &labels)
    }
}

/// What a file holds, if its columns are those of another file, should there be one.
fn table(mut source: Source<'_>, rules: Rules, other: Option<&Layout>) -> Result<Table, DataError> {
    let text = source.rest(MAXIMUM_BYTES)?;
    Table::read(source.file(), &text, rules, |line, first| {
        let layout = Layout::with_last_as_target(source.file(), first, MAXIMUM_FEATURES)?;
        if let Some(other) = other {
            layout.check_same_columns(line, other)?;
        }
        Ok(layout)
    })
}

/// What the labels of the training file are, as they are written.
enum Labels {
    /// Numbers with these moments.
    Numbers(Moments),
    /// Two numbers, the lower first.
    Values([f64; 2]),
    /// Two texts in alphabetical order.
    Texts([String; 2]),
}

impl Labels {
    /// The two classes as messages name them, if there are classes.
    fn classes(&self) -> Option<[String; 2]> {
        match self {
            Self::Numbers(_) => None,
            Self::Values(values) => Some(values.map(|value| value.to_string())),
            Self::Texts(names) => Some(names.clone()),
        }
    }
}

/// A file whose labels are numbers: 0 and 1 where they are classes.
struct Labelled {
    layout: Layout,
    features: Vec<f64>,
    labels: Vec<f64>,
}

impl Labelled {
    /// Finds out what labels are.
    fn of_training(table: Table) -> Result<(Self, Labels), DataError> {
        let Table {
            layout,
            features,
            targets,
            ..
        } = table;
        let one_kind = |label: &str| {
            let expected =
                "labels of two classes, or numbers that vary (without, there is nothing to learn)";
            let found = format!("only {:?}", excerpt(label.as_bytes()));
            layout.refused(expected, found)
        };
        let (labels, kind) = match targets {
            Targets::Numbers(numbers) => match distinct(&numbers)[..] {
                [] => unreachable!("a file has two examples or more"),
                [only] => return Err(one_kind(&only.to_string())),
                [one, other] => {
                    let values = [one.min(other), one.max(other)];
                    let labels = numbers.iter().map(|label| class(*label == values[1]));
                    (labels.collect(), Labels::Values(values))
                }
                _ => {
                    let moments = Moments::of(numbers.iter().copied());
                    (numbers, Labels::Numbers(moments))
                }
            },
            Targets::Classes(classes) => {
                let (places, names) = classes.places_and_names();
                let names: [String; 2] = match names.try_into() {
                    Ok(names) => names,
                    Err(names) => return Err(one_kind(&names.concat())),
                };
                let labels = places.iter().map(|place| f64::from(*place));
                (labels.collect(), Labels::Texts(names))
            }
        };
        let of = Self {
            layout,
            features,
            labels,
        };
        Ok((of, kind))
    }

    /// Makes sure that labels are what they are in the training file, whose layout is `training`.
    fn of_validation(table: Table, kind: &Labels, training: &Layout) -> Result<Self, DataError> {
        let Table {
            layout,
            lines,
            features,
            targets,
        } = table;
        let Some(classes) = kind.classes() else {
            let Targets::Numbers(labels) = targets else {
                unreachable!("the rules want numbers");
            };
            return Ok(Self {
                layout,
                features,
                labels,
            });
        };
        let [zero, one] = classes.each_ref().map(|name| excerpt(name.as_bytes()));
        let strange = |row: usize, label: &str| {
            let expected = format!(
                "{zero:?} or {one:?}, the two labels of {}, which are classes",
                training.file()
            );
            layout.unexpected(lines[row], layout.target, expected, label.as_bytes())
        };
        let labels: Vec<f64> = match (targets, kind) {
            (Targets::Numbers(numbers), Labels::Values(values)) => {
                let of = |(row, number): (usize, &f64)| match values {
                    [zero, _] if number == zero => Ok(0.0),
                    [_, one] if number == one => Ok(1.0),
                    _ => Err(strange(row, &number.to_string())),
                };
                numbers.iter().enumerate().map(of).collect::<Result<_, _>>()
            }
            (Targets::Classes(found), Labels::Texts(names)) => {
                let (places, found) = found.places_and_names();
                let of = |(row, place): (usize, &u8)| {
                    let name = &found[usize::from(*place)];
                    match names.iter().position(|known| known == name) {
                        Some(class) => Ok(class as f64),
                        None => Err(strange(row, name)),
                    }
                };
                places.iter().enumerate().map(of).collect::<Result<_, _>>()
            }
            _ => unreachable!("the rules want the kind that the training file has"),
        }?;
        for (class, name) in [&zero, &one].into_iter().enumerate() {
            if !labels.contains(&(class as f64)) {
                let expected = format!(
                    "examples of both classes, {zero:?} and {one:?} (of one alone, any guess of it is right)"
                );
                return Err(layout.refused(expected, format!("none of {name:?}")));
            }
        }
        Ok(Self {
            layout,
            features,
            labels,
        })
    }

    fn count(&self) -> usize {
        self.labels.len()
    }

    /// The numbers of a feature, row by row.
    fn feature(&self, index: usize) -> impl ExactSizeIterator<Item = f64> + Clone {
        let columns = self.layout.target;
        (0..self.count()).map(move |row| self.features[row * columns + index])
    }
}

/// The first three distinct numbers, or all if there are fewer.
fn distinct(numbers: &[f64]) -> Vec<f64> {
    let mut found = Vec::new();
    for number in numbers {
        if found.len() < 3 && !found.contains(number) {
            found.push(*number);
        }
    }
    found
}

fn class(is_one: bool) -> f64 {
    if is_one { 1.0 } else { 0.0 }
}

/// Mean and factor with which numbers become standardised.
struct Scale {
    offset: f64,
    factor: f64,
}

impl Scale {
    /// Of numbers that have these moments in the training file; 0 makes of them what does not vary.
    fn of(training: Moments, all: impl Iterator<Item = f64>) -> Self {
        let factor = if varies(training, all) {
            1.0 / libm::sqrt(training.variance)
        } else {
            0.0
        };
        Self {
            offset: training.mean,
            factor,
        }
    }

    fn apply(&self, number: f64) -> f32 {
        ((number - self.offset) * self.factor) as f32
    }
}

/// Both files with their features, and labels that are numbers, standardised by the first.
///
/// # Errors
///
/// If no feature varies, or labels do not.
fn scaled(
    training: &Labelled,
    validation: &Labelled,
    labels: &Labels,
) -> Result<LessonFiles, DataError> {
    let layout = &training.layout;
    let parts = [training, validation];
    let scales: Vec<Scale> = layout
        .features()
        .map(|feature| {
            let all = parts.into_iter().flat_map(|part| part.feature(feature));
            Scale::of(Moments::of(training.feature(feature)), all)
        })
        .collect();
    if scales.iter().all(|scale| scale.factor == 0.0) {
        let expected = "a feature that varies (without, all examples are alike)";
        return Err(layout.refused(expected, "none"));
    }
    let label_scale = match labels {
        Labels::Numbers(moments) => {
            let all = parts.into_iter().flat_map(|part| &part.labels);
            let scale = Scale::of(*moments, all.copied());
            if scale.factor == 0.0 {
                let expected = format!(
                    "labels with a standard deviation of more than {LEAST_VARIATION:e} of the largest of both files"
                );
                return Err(
                    layout.refused(expected, format!("{:.3e}", libm::sqrt(moments.variance)))
                );
            }
            scale
        }
        Labels::Values(_) | Labels::Texts(_) => Scale {
            offset: 0.0,
            factor: 1.0,
        },
    };
    let [training_part, validation_part] = parts.map(|part| {
        let mut features = Matrix::zeros(part.count(), scales.len());
        for (feature, scale) in scales.iter().enumerate() {
            for (row, number) in part.feature(feature).enumerate() {
                features.row_mut(row)[feature] = scale.apply(number);
            }
        }
        let labels = part.labels.iter().map(|label| label_scale.apply(*label));
        ExampleTable::new(features, labels.collect())
    });
    let constant = scales.iter().enumerate().filter(|(_, of)| of.factor == 0.0);
    Ok(LessonFiles {
        label: layout.name(layout.target),
        labels: match labels.classes() {
            Some(classes) => LessonLabels::Classes(classes),
            None => LessonLabels::Numbers {
                standard_deviation: 1.0 / label_scale.factor,
            },
        },
        constant_features: constant.map(|(feature, _)| layout.name(feature)).collect(),
        examples: Divided {
            training: training_part,
            validation: validation_part,
        },
    })
}
