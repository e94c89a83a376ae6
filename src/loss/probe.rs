//! What a few rows tell of a loss: most that teach nothing never train, and none trains twice.
//!
//! A probe is made-up predictions and targets as a task would have them, in three parts: *easy* rows, of which it is
//! clear where predictions should go; *ordinary* ones, as at the beginning of a training; and *hard* ones, far out.
//! What is looked at is the gradient there, since nothing else of a loss reaches a model.

use std::ops::Range;

use mlevolve_ir::Backend;
use mlevolve_tasks::{Loss, Stream, TargetKind, Targets, stream};
use rand::RngExt;
use sha2::{Digest, Sha256};

use super::{CompiledLoss, LossError, LossFunction};
use crate::fitness::{Rejection, rounded};

/// Ordinary rows, and hard ones.
const RANDOM_ROWS: usize = 8;
/// How far easy predictions are out.
const EASY_DISTANCES: [f32; 2] = [2.0, 4.0];
/// The most classes that are the right one in easy rows.
const EASY_CLASSES: usize = 4;
/// Logits of hard rows are between minus this and this: beyond what models have while they learn.
const HARD_LOGIT: f32 = 20.0;
/// The logit of the right class and minus that of another, or the other way round, in the last rows. Linear models of well
/// separated classes come to that, and softmax in binary32 is 0 from a distance of 104 on: what takes its logarithm, or
/// divides by it, passes all other rows and ends as NaN there.
const FAR_LOGIT: f32 = 80.0;
/// The same as [`HARD_LOGIT`] for hard predictions of values, whose targets have a variance around 1.
const HARD_VALUE: f32 = 100.0;
/// How far the right class is ahead in rows that are right, or nearly: losses with margins differ there.
const LEADS: [f32; 8] = [0.1, 0.3, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0];
/// Errors of values that are nearly right, where losses with a threshold differ.
const SMALL_ERRORS: [f32; 4] = [1.0, 0.3, 0.1, 0.03];
/// What is smaller, in shares of a row's greatest partial derivative, is rounding.
const ROUNDING: f32 = 1e-6;
/// Between these, the greatest partial derivative tells nothing about how a loss trains.
const SCALE_FREE: [f32; 2] = [1e-3, 1e6];

/// Made-up predictions and targets.
#[derive(Clone, Debug)]
pub struct Probe {
    targets: Targets,
    predictions: Vec<f32>,
    wanted: Vec<f32>,
    /// Targets that say something else of every row.
    others: Vec<f32>,
    /// For each prediction 1 where a gradient must not be negative, −1 where it must not be positive, and 0 where it may
    /// be anything.
    signs: Vec<f32>,
    /// Those that are as training has them, neither easy nor hard.
    ordinary: Range<usize>,
}

/// Whether losses are the same that differ by a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossScale {
    /// To an update rule like Adam, which divides by the root mean square of gradients.
    Immaterial,
    /// To others.
    Material,
}

/// What a loss does at a probe's rows.
struct Response {
    losses: f64,
    gradient: Vec<f32>,
}

impl Probe {
    /// As a task has them that gives a loss such targets.
    #[must_use]
    pub fn like(targets: Targets) -> Self {
        let Targets { kind, outputs, .. } = targets;
        let mut probe = Self {
            targets,
            predictions: Vec::new(),
            wanted: Vec::new(),
            others: Vec::new(),
            signs: Vec::new(),
            ordinary: 0..0,
        };
        let numbers = &mut stream(0, "loss probe", [outputs as u64, 0]);
        match kind {
            TargetKind::Classes => probe.add_classes(numbers),
            TargetKind::Values | TargetKind::ActionValues => probe.add_values(numbers),
        }
        probe.targets.rows = probe.predictions.len() / outputs;
        probe
    }

    fn add(&mut self, prediction: f32, wanted: f32, other: f32, sign: f32) {
        self.predictions.push(prediction);
        self.wanted.push(wanted);
        self.others.push(other);
        self.signs.push(sign);
    }

    /// Easy: the right class far below, and all others or the next one far above.
    fn add_classes(&mut self, numbers: &mut Stream) {
        let classes = self.targets.outputs;
        let target = |class: usize, right: usize| f32::from(u8::from(class == right));
        for right in 0..classes.min(EASY_CLASSES) {
            let next = (right + 1) % classes;
            for distance in EASY_DISTANCES {
                for all in [false, true] {
                    for class in 0..classes {
                        let sign = match class {
                            _ if class == right => -1.0,
                            _ if all || class == next => 1.0,
                            _ => 0.0,
                        };
                        let (wanted, other) = (target(class, right), target(class, next));
                        self.add(distance * sign, wanted, other, sign);
                    }
                }
            }
        }
        let mut random = |probe: &mut Self, scale: f32, ahead: f32| {
            for row in 0..RANDOM_ROWS {
                let (right, next) = (row % classes, (row + 1) % classes);
                for class in 0..classes {
                    let (wanted, other) = (target(class, right), target(class, next));
                    let logit = uniform(scale, numbers) + ahead * wanted;
                    probe.add(logit, wanted, other, 0.0);
                }
            }
        };
        let start = self.predictions.len();
        random(self, 1.0, 0.0);
        for ahead in LEADS {
            random(self, 0.1, ahead);
        }
        self.ordinary = start..self.predictions.len();
        random(self, HARD_LOGIT, 0.0);
        for right in 0..classes.min(EASY_CLASSES) {
            let next = (right + 1) % classes;
            for logit in [FAR_LOGIT, -FAR_LOGIT] {
                for class in 0..classes {
                    let (wanted, other) = (target(class, right), target(class, next));
                    self.add(logit * (wanted - other), wanted, other, 0.0);
                }
            }
        }
    }

    /// Easy: every value far below or above its target.
    fn add_values(&mut self, numbers: &mut Stream) {
        let outputs = self.targets.outputs;
        for distance in EASY_DISTANCES {
            for row in 0..RANDOM_ROWS {
                for output in 0..outputs {
                    let wanted = uniform(1.0, numbers);
                    let sign = if (row + output) % 2 == 0 { 1.0 } else { -1.0 };
                    self.add(wanted + sign * distance, wanted, wanted + 0.5, sign);
                }
            }
        }
        let mut random = |probe: &mut Self, scale: f32| {
            for _ in 0..RANDOM_ROWS * outputs {
                let wanted = uniform(1.0, numbers);
                probe.add(uniform(scale, numbers), wanted, wanted + 0.5, 0.0);
            }
        };
        let start = self.predictions.len();
        random(self, 1.0);
        for error in SMALL_ERRORS {
            for sign in [-1.0, 1.0] {
                for output in 0..outputs {
                    let wanted = output as f32 * 0.25 - 0.5;
                    self.add(wanted + sign * error, wanted, wanted + 0.5, 0.0);
                }
            }
        }
        self.ordinary = start..self.predictions.len();
        random(self, HARD_VALUE);
    }

    /// Interpreted, as compiling costs more than these few rows.
    fn compiled(&self, function: &LossFunction) -> Result<CompiledLoss, LossError> {
        function.compile(self.targets, Backend::Interpreter)
    }

    fn response(&self, loss: &mut CompiledLoss, predictions: &[f32], targets: &[f32]) -> Response {
        let mut gradient = vec![0.0; self.predictions.len()];
        let outputs = self.targets.outputs;
        let losses = loss.gradient(outputs, predictions, targets, &mut gradient);
        Response { losses, gradient }
    }

    /// What speaks against training with a loss.
    ///
    /// # Errors
    /// [`LossError::Compile`] if the interpreter does not take it, which does not happen.
    pub fn rejection(&self, function: &LossFunction) -> Result<Option<Rejection>, LossError> {
        let mut loss = self.compiled(function)?;
        let Response { losses, gradient } =
            self.response(&mut loss, &self.predictions, &self.wanted);
        // A mean of finite numbers is finite, and one of others is not.
        if !losses.is_finite() || !gradient.iter().all(|it| it.is_finite()) {
            return Ok(Some(Rejection::NotFinite));
        }
        if gradient.iter().all(|it| *it == 0.0) {
            return Ok(Some(Rejection::Idle));
        }
        if self
            .response(&mut loss, &self.predictions, &self.others)
            .gradient
            == gradient
        {
            return Ok(Some(Rejection::BlindToTarget));
        }
        // As far out on the other side of the target.
        let pairs = self.predictions.iter().zip(&self.wanted);
        let mirrored: Vec<f32> = pairs.map(|(it, wanted)| 2.0 * wanted - it).collect();
        if self.response(&mut loss, &mirrored, &self.wanted).gradient == gradient {
            return Ok(Some(Rejection::BlindToPrediction));
        }
        let outputs = self.targets.outputs;
        let mut rows = gradient
            .chunks_exact(outputs)
            .zip(self.signs.chunks_exact(outputs));
        let leads_astray = rows.any(|(gradient, signs)| {
            let negligible = ROUNDING * greatest(gradient);
            let mut pairs = gradient.iter().zip(signs);
            pairs.any(|(gradient, sign)| sign * gradient < -negligible)
        });
        Ok(leads_astray.then_some(Rejection::LeadsAstray))
    }

    /// The gradient of each row's loss on the made-up predictions.
    ///
    /// # Errors
    /// As for [`rejection`](Self::rejection).
    pub fn gradient(&self, function: &LossFunction) -> Result<Vec<f32>, LossError> {
        let Response { gradient, .. } = self.response(
            &mut self.compiled(function)?,
            &self.predictions,
            &self.wanted,
        );
        // Not the mean over rows.
        let rows = self.targets.rows as f32;
        Ok(gradient.iter().map(|it| it * rows).collect())
    }

    /// Adds to `hasher` what is the same for losses that train alike: gradients, to four digits.
    ///
    /// That they are greater or smaller by one factor is left out where it is [`LossScale::Immaterial`]: Adam divides by
    /// their root mean square. It adds 10⁻⁸ to that, and squares overflow, so very small and very great gradients count as
    /// they are.
    ///
    /// # Errors
    /// As for [`rejection`](Self::rejection).
    pub fn identify(
        &self,
        function: &LossFunction,
        loss_scale: LossScale,
        hasher: &mut Sha256,
    ) -> Result<(), LossError> {
        let gradient = self.gradient(function)?;
        let scale = greatest(&gradient);
        let [least, most] = SCALE_FREE;
        // Training sees the ordinary rows, and squares must not overflow on any.
        let is_usual = greatest(&gradient[self.ordinary.clone()]) >= least && scale <= most;
        let factor = match loss_scale {
            LossScale::Immaterial if is_usual => 1.0 / scale,
            LossScale::Immaterial | LossScale::Material => 1.0,
        };
        for row in gradient.chunks_exact(self.targets.outputs) {
            let negligible = ROUNDING * greatest(row);
            for number in row {
                let is_negligible = number.is_finite() && number.abs() <= negligible;
                let number = if is_negligible { 0.0 } else { factor * number };
                hasher.update(rounded(number).to_le_bytes());
            }
        }
        Ok(())
    }
}

/// The greatest magnitude; what is not a number does not count.
fn greatest(numbers: &[f32]) -> f32 {
    numbers
        .iter()
        .fold(0.0, |most, number| most.max(number.abs()))
}

fn uniform(scale: f32, numbers: &mut Stream) -> f32 {
    scale * (2.0 * numbers.random::<f32>() - 1.0)
}
