//! The next character of a text, from those before it.

use std::sync::Arc;

use rand::RngExt;

use super::TaskEntry;
use crate::data::{Divided, Text};
use crate::network::{Dense, Embedding, Gru, LayerNorm, Model, Residual, SelfAttention};
use crate::objective::CrossEntropy;
use crate::supervised::{Examples, Part, Supervised};
use crate::{Family, Stream, Task};

/// Characters that a model sees of an example.
const POSITIONS: usize = 32;
/// Numbers for each of them.
const WIDTH: usize = 32;
const HEADS: usize = 4;
/// Windows in a minibatch: few, for what is judged is the rule, and that by its steps.
const BATCH_SIZE: usize = 4;
/// The most windows that are validated with: more would make a point of the curve cost as much as many steps.
const VALIDATION_WINDOWS: usize = 64;

/// A block of attention and perceptron.
pub(super) const TRANSFORMER: TaskEntry = TaskEntry::of_text("text-transformer", transformer);

/// A recurrent layer.
pub(super) const GRU: TaskEntry = TaskEntry::of_text("text-gru", gru);

/// Guesses characters with one block of a transformer. `title` says what the text is.
fn transformer(name: &'static str, text: &Text, title: &str) -> Arc<dyn Task> {
    let vocabulary = text.vocabulary();
    let at_each = |dense: Dense| dense.at_each_of(POSITIONS);
    let norm = || LayerNorm::new(WIDTH).at_each_of(POSITIONS);
    let attention = Model::of(POSITIONS * WIDTH)
        .then("norm", norm())
        .then("attention", SelfAttention::new(POSITIONS, WIDTH, HEADS));
    let perceptron = Model::of(POSITIONS * WIDTH)
        .then("norm", norm())
        .then("hidden", at_each(Dense::new(WIDTH, 4 * WIDTH).relu()))
        .then("output", at_each(Dense::new(4 * WIDTH, WIDTH)));
    let model = Model::of(POSITIONS)
        .then("embedding", Embedding::new(vocabulary, POSITIONS, WIDTH))
        .then("attention block", Residual::of(attention))
        .then("perceptron block", Residual::of(perceptron))
        .then("norm", norm())
        .then("output", at_each(Dense::new(WIDTH, vocabulary)));
    let summary = format!(
        "Next characters of a text; transformer with one block: embedding of {WIDTH}, causal \
            attention with {HEADS} heads, perceptron of {} with ReLU, layer norm before each; softmax \
            cross-entropy over {POSITIONS} positions, minibatches of {BATCH_SIZE} windows.",
        4 * WIDTH
    );
    task(name, summary, model, text, title)
}

/// Guesses characters with a gated recurrent unit. `title` says what the text is.
fn gru(name: &'static str, text: &Text, title: &str) -> Arc<dyn Task> {
    let vocabulary = text.vocabulary();
    let output = Dense::new(WIDTH, vocabulary).at_each_of(POSITIONS);
    let model = Model::of(POSITIONS)
        .then("embedding", Embedding::new(vocabulary, POSITIONS, WIDTH))
        .then("gru", Gru::new(POSITIONS, WIDTH, WIDTH))
        .then("output", output);
    let summary = format!(
        "Next characters of a text; embedding of {WIDTH}, gated recurrent unit of {WIDTH}, softmax \
            cross-entropy over {POSITIONS} positions, minibatches of {BATCH_SIZE} windows."
    );
    task(name, summary, model, text, title)
}

fn task(
    name: &'static str,
    summary: String,
    model: Model,
    text: &Text,
    title: &str,
) -> Arc<dyn Task> {
    let windows = Windows { text: text.clone() };
    let Divided {
        training,
        validation,
    } = text.characters();
    let vocabulary = text.vocabulary();
    let data = format!(
        "Characters of {title}, {vocabulary} different ones: {training} to train on, the last \
            {validation} to validate with, in {} windows of {POSITIONS}.",
        windows.counts().validation
    );
    Supervised {
        name,
        summary,
        data,
        family: Family::Sequence,
        examples: windows,
        model,
        objective: CrossEntropy::of_characters(vocabulary),
        batch_size: BATCH_SIZE,
        budget_steps: 400,
        evaluation_interval_steps: 40,
    }
    .task()
}

/// Examples of characters in a row, each with the next one as its target.
///
/// A part has as many windows as fit in side by side. In training, each is shifted by a drawn number of characters less
/// than its length, so that in time a model sees all there are. Validation windows are spread evenly.
struct Windows {
    text: Text,
}

impl Windows {
    /// Where a training window may begin at the earliest; the latest is `POSITIONS - 1` characters later.
    fn earliest(index: usize) -> usize {
        index * POSITIONS
    }

    /// Where a validation window begins.
    fn validation_start(&self, index: usize) -> usize {
        let last = self.text.characters().validation - 1;
        index * last / self.counts().validation
    }
}

impl Examples for Windows {
    type Target = u8;

    fn counts(&self) -> Divided<usize> {
        let Divided {
            training,
            validation,
        } = self.text.characters();
        // Every character of a window has one after it.
        let fitting = |characters: usize| (characters - 1) / POSITIONS;
        Divided {
            // One less, so that there is room to shift the last.
            training: fitting(training) - 1,
            validation: fitting(validation).min(VALIDATION_WINDOWS),
        }
    }

    fn targets(&self) -> usize {
        POSITIONS
    }

    fn write(
        &self,
        part: Part,
        index: usize,
        numbers: &mut Stream,
        features: &mut [f32],
        targets: &mut [u8],
    ) {
        let tokens = self.text.tokens();
        let (tokens, start) = match part {
            Part::Training => {
                let shift = numbers.random_range(0..POSITIONS);
                (tokens.training, Self::earliest(index) + shift)
            }
            Part::Validation => (tokens.validation, self.validation_start(index)),
        };
        for (feature, token) in features.iter_mut().zip(&tokens[start..]) {
            *feature = f32::from(*token);
        }
        targets.copy_from_slice(&tokens[start + 1..][..POSITIONS]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Sources;
    use super::*;
    use crate::stream;

    fn windows(characters: usize) -> Windows {
        let content: String = (b'a'..=b'z')
            .map(char::from)
            .cycle()
            .take(characters)
            .collect();
        let text = Text::parse("test", content.as_bytes()).expect("a text");
        Windows { text }
    }

    #[test]
    fn windows_lie_in_their_part_and_targets_are_the_next_characters() {
        for characters in 2_000..2_100 {
            let windows = windows(characters);
            let counts = windows.counts();
            assert!(counts.training > BATCH_SIZE && counts.validation > 4);
            let mut numbers = stream(1, "test", [0, 0]);
            let mut features = [0.0; POSITIONS];
            let mut targets = [0; POSITIONS];
            for (part, count) in [
                (Part::Training, counts.training),
                (Part::Validation, counts.validation),
            ] {
                for index in 0..count {
                    windows.write(part, index, &mut numbers, &mut features, &mut targets);
                    for pair in features.windows(2) {
                        assert_eq!(pair[1], (pair[0] + 1.0) % 26.0);
                    }
                    for (feature, target) in features.iter().zip(targets) {
                        assert_eq!(f32::from(target), (feature + 1.0) % 26.0);
                    }
                }
            }
        }
    }

    #[test]
    fn training_windows_begin_everywhere_and_validation_windows_do_not_overlap() {
        let windows = windows(2_000);
        let mut numbers = stream(1, "test", [0, 0]);
        let mut features = [0.0; POSITIONS];
        let mut targets = [0; POSITIONS];
        let mut firsts = [false; 26];
        for _ in 0..500 {
            windows.write(Part::Training, 3, &mut numbers, &mut features, &mut targets);
            firsts[features[0] as usize] = true;
        }
        // A window has more beginnings than there are letters.
        assert_eq!(firsts, [true; 26]);
        let starts: Vec<_> = (0..windows.counts().validation)
            .map(|index| windows.validation_start(index))
            .collect();
        assert_eq!(starts[0], 0);
        assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= POSITIONS));
    }

    #[test]
    fn flops_are_those_counted_by_hand() {
        // With 32 positions, all of whose 32 numbers go to 32: 2 FLOPs each, or 1 if they are only added.
        let (product, sum) = (2 * 32 * 32 * 32, 32 * 32);
        // A token's row and its position's are added, and both have a gradient.
        let embedding = 3 * sum;
        // 56 characters, with biases: forward, to the weight and to the inputs.
        let output = 3 * (2 * 32 * 32 * 56) + 2 * (32 * 56);
        // Three products of inputs and three of states, and four biases; states pass their gradient back in the end too.
        let gru = 3 * 3 * product + 3 * 3 * product + 2 * 4 * sum;
        // Queries, keys, values and outputs; scores and what is mixed by them, each with two ways back.
        let attention = 3 * 4 * product + 3 * 2 * product;
        // To four times as many and back, with five times as many biases.
        let perceptron = 3 * 2 * 4 * product + 2 * 5 * sum;
        let norms = 3 * 2 * sum;
        let step_flops = |task: TaskEntry| {
            let task = task.open(&Sources::default());
            task.expect("a text is bundled").description().step_flops
        };
        assert_eq!(step_flops(GRU), 4 * (embedding + gru + output));
        let transformer = embedding + attention + perceptron + norms + output;
        assert_eq!(step_flops(TRANSFORMER), 4 * transformer);
    }
}
