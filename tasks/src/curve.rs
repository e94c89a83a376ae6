//! What a training run leaves behind: a learning curve, how the run ended, and what it cost.

/// The task's metric at one moment of training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Update steps taken so far; 0 is the initialisation.
    pub step: u32,
    /// Training examples, or environment steps, consumed so far.
    pub examples: u64,
    /// The task's [metric](crate::Description::metric); always finite.
    pub value: f64,
    /// The task's [companion metric](crate::Description::companion), if it has one.
    pub companion: Option<f64>,
}

/// How a training run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The whole budget was used.
    Completed,
    /// Parameters or metric became non-finite.
    Diverged {
        /// The step after which this was seen; 0 if the initialisation itself could not be evaluated.
        step: u32,
    },
}

/// The metric over the course of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct LearningCurve {
    /// Points by rising step. A diverged run has those from before the divergence.
    pub points: Vec<CurvePoint>,
    /// How the run ended.
    pub outcome: Outcome,
}

/// The result of training once: the curve and what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingRun {
    /// The metric over the course of training.
    pub curve: LearningCurve,
    /// Update steps taken, including the one that diverged.
    pub steps: u32,
    /// Training examples, or environment steps, consumed.
    pub examples: u64,
    /// Floating-point operations of the model's forward and backward passes in training, with a multiply and an add
    /// counted as two; dense products and biases only. Evaluation and the update itself are not in it.
    pub model_flops: u64,
}
