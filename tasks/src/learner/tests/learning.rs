//! A linear learner, taught and examined as learners are: in every lane, example by example.

use super::*;

/// A learner with one weight a feature, in one lane of vectors.
struct Linear<'a> {
    examples: &'a LaneExamples,
    lane: usize,
    weights: Vec<f32>,
}

impl Linear<'_> {
    /// What it says of an example, a logit where there are classes.
    fn predict(&self, part: &Lessons, example: usize) -> f32 {
        let features = self.features(part, example);
        features.zip(&self.weights).map(|(x, w)| x * w).sum()
    }

    fn features<'p>(&self, part: &'p Lessons, example: usize) -> impl Iterator<Item = f32> + 'p {
        let LaneExamples {
            features, stride, ..
        } = *self.examples;
        let lane = self.lane;
        (0..features)
            .map(move |feature| part.features[(example * features + feature) * stride + lane])
    }

    fn label(&self, part: &Lessons, example: usize) -> f32 {
        part.labels[example * self.examples.stride + self.lane]
    }

    /// Gradient descent on the squared error, or on the cross-entropy of classes.
    fn learn(&mut self, part: &Lessons, example: usize) {
        let said = self.predict(part, example);
        let said = match self.examples.evaluation {
            Evaluation::RootMeanSquare => said,
            Evaluation::Accuracy => 1.0 / (1.0 + (-said).exp()),
        };
        let step = 0.03 * (self.label(part, example) - said);
        let features: Vec<f32> = self.features(part, example).collect();
        for (weight, x) in self.weights.iter_mut().zip(features) {
            *weight += step * x;
        }
    }
}

/// What a linear learner achieves in each lane: the root mean square error, or the accuracy.
fn achieved(name: &str, shape: &LearnerTaskShape, lanes: u64) -> Vec<f32> {
    let tasks: Vec<_> = (0..lanes).map(task).collect();
    let examples = &examples(name, shape, &tasks);
    let in_lane = |lane: usize| {
        let mut learner = Linear {
            examples,
            lane,
            weights: vec![0.0; examples.features],
        };
        for example in 0..examples.training.count {
            learner.learn(&examples.training, example);
        }
        let part = &examples.validation;
        let total: f32 = (0..part.count)
            .map(|example| {
                let (said, label) = (learner.predict(part, example), learner.label(part, example));
                match examples.evaluation {
                    Evaluation::RootMeanSquare => (said - label) * (said - label),
                    Evaluation::Accuracy => f32::from(u8::from((said > 0.0) == (label > 0.5))),
                }
            })
            .sum();
        let mean = total / part.count as f32;
        match examples.evaluation {
            Evaluation::RootMeanSquare => mean.sqrt(),
            Evaluation::Accuracy => mean,
        }
    };
    (0..examples.lanes).map(in_lane).collect()
}

#[test]
fn a_linear_learner_learns_what_is_linear_and_some_of_what_is_not() {
    let shape = LearnerTaskShape {
        features: 8,
        training_examples: 1000,
        validation_examples: 200,
    };
    let linear = achieved("linear", &shape, 10);
    assert!(linear.iter().all(|error| *error < 1e-3), "{linear:?}");
    let two_layer = achieved("two-layer", &shape, 10);
    assert!(two_layer.iter().all(|error| *error > 0.1), "{two_layer:?}");
    for (name, least) in [("two-layer-classes", 0.65), ("projected-digits", 0.9)] {
        let right = achieved(name, &shape, 10);
        let mean = right.iter().sum::<f32>() / 10.0;
        assert!((least..0.99).contains(&mean), "{name}: {right:?}");
    }
}
