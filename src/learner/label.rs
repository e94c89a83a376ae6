//! Whether a label is a number or a vector: what tasks say, what programs take it for, and what is said where these
//! differ.
//!
//! ```text
//!   suite ─► common_label ─► LabelShape ─► form_for ─► Form ◄── cells ◄── Program
//!                 │                                  differ?
//!            MixedLabels                            OtherLabel
//! ```

use mlevolve_ir::Shape;
use mlevolve_tasks::learner::{LEARNER_TASKS, LabelShape, LearnerTaskEntry};

use crate::program::{Form, Program, Schema, known, list};
use crate::schema::learner::{LABEL, form_for};

/// Tasks whose labels no one program could predict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the label of `{number}` is a number and that of `{vector}` a vector; a program learns one or the other, so they are \
     for two suites"
)]
pub struct MixedLabels {
    /// A task whose label is a number.
    pub number: &'static str,
    /// A task whose label is a vector.
    pub vector: &'static str,
}

/// What a label is in all of some tasks: a number, if there are none.
///
/// # Errors
/// [`MixedLabels`] if they differ.
pub(crate) fn common_label(
    entries: &[&'static LearnerTaskEntry],
) -> Result<LabelShape, MixedLabels> {
    let first = |label: LabelShape| entries.iter().find(|entry| entry.label() == label);
    match (first(LabelShape::Number), first(LabelShape::Vector)) {
        (Some(number), Some(vector)) => Err(MixedLabels {
            number: number.name(),
            vector: vector.name(),
        }),
        (None, Some(_)) => Ok(LabelShape::Vector),
        (Some(_) | None, None) => Ok(LabelShape::Number),
    }
}

/// A program whose label is not what it is in the tasks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "program `{program}` learns from `input {LABEL} {found}`, and the label of {tasks} is a {expected}; learners of such \
     labels are judged on {others}"
)]
pub struct OtherLabel {
    /// The program's name.
    pub program: String,
    /// What its label is.
    pub found: Shape,
    /// The tasks that it was to be judged on.
    pub tasks: String,
    /// What the label is there.
    pub expected: Shape,
    /// The tasks whose label is the program's.
    pub others: String,
}

impl OtherLabel {
    /// Of a learner that was to be judged on tasks of these names, whose label is another.
    pub(super) fn new<'a>(
        program: &Program,
        label: LabelShape,
        tasks: impl Iterator<Item = &'a str>,
    ) -> Self {
        let shape = |form: Form| {
            let required = Schema::Learner.required_cell(LABEL);
            required.map_or(Shape::Scalar, |cell| cell.shape(form))
        };
        let form = program.form();
        let others = LEARNER_TASKS.iter();
        let others = others.filter(|entry| form_for(entry.label()) == form);
        Self {
            program: program.name().to_owned(),
            found: shape(form),
            tasks: list(tasks),
            expected: shape(form_for(label)),
            others: list(others.map(LearnerTaskEntry::name)),
        }
    }
}

/// The known network of two layers for such labels, which others are measured by.
///
/// # Panics
/// If the network that comes with the program cannot be read, which tests see to.
pub(super) fn network_for(label: LabelShape) -> Program {
    let name = match label {
        LabelShape::Number => "two_layer_network",
        LabelShape::Vector => "two_layer_network_vector",
    };
    let network = known::find(name).map(known::KnownProgram::parsed);
    network.expect("the networks come with the program")
}
