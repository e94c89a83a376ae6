//! The tasks of a suite, and the examples of those that programs are judged on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use mlevolve_ir::lane_kernel::lane_stride;
use mlevolve_tasks::TaskError;
use mlevolve_tasks::learner::{
    LANE_GROUP, LabelShape, LaneExamples, LearnerTask, LearnerTaskEntry, LearnerTaskShape, TaskSeed,
};

use super::LearnerSettings;
use super::label::common_label;
use crate::fitness::{DataSettings, JudgeError};

// Examples are laid out as kernels over lanes read them.
const _: () =
    assert!(lane_stride(1) == LANE_GROUP && lane_stride(LANE_GROUP + 1) == 2 * LANE_GROUP);

/// The tasks of a suite that is named by their names with commas between them.
///
/// # Errors
/// [`TaskError`] if there is no such task.
pub(crate) fn entries(suite: &str) -> Result<Vec<&'static LearnerTaskEntry>, TaskError> {
    suite
        .split(',')
        .map(|name| LearnerTaskEntry::named(name.trim()))
        .collect()
}

/// A set of tasks of each kind, side by side.
#[derive(Debug)]
pub(super) struct Lesson {
    /// One for each kind of task, in the suite's order.
    pub(super) kinds: Vec<LaneExamples>,
    /// What tells the tasks of a kind apart, for programs that draw random numbers; padded as lanes are.
    pub(super) seeds: Vec<f32>,
}

/// Opened tasks, and the lessons that have been asked for.
pub(super) struct Library {
    pub(super) tasks: Vec<LearnerTask>,
    /// What a label is, in all of them.
    pub(super) label: LabelShape,
    shape: LearnerTaskShape,
    /// By the seeds of the tasks. There are a few in a run: for search, for confirmation, for the report.
    lessons: Mutex<BTreeMap<Vec<u64>, Arc<Lesson>>>,
}

impl Library {
    /// The tasks of a suite, on these data.
    ///
    /// # Errors
    /// [`JudgeError`] if there is no such task, what it needs is missing, or labels differ.
    pub(super) fn open(
        suite: &str,
        data: &DataSettings,
        settings: &LearnerSettings,
    ) -> Result<Self, JudgeError> {
        let sources = data.sources()?;
        let entries = entries(suite)?;
        let label = common_label(&entries)?;
        let tasks = entries.into_iter().map(|entry| entry.open(&sources));
        Ok(Self {
            label,
            tasks: tasks.collect::<Result<_, _>>()?,
            shape: LearnerTaskShape {
                features: settings.features,
                training_examples: settings.training_examples,
                validation_examples: settings.validation_examples,
            },
            lessons: Mutex::default(),
        })
    }

    /// Whether so many tasks of each kind fit in memory.
    ///
    /// # Errors
    /// [`TaskError`] if not, or if there can be no such task.
    pub(super) fn check(&self, tasks: usize) -> Result<(), TaskError> {
        let mut all = self.tasks.iter();
        all.try_for_each(|task| task.check(&self.shape, tasks))
    }

    /// The tasks of each kind with these seeds.
    ///
    /// # Errors
    /// [`TaskError`] if there can be no such task.
    pub(super) fn lesson(&self, seeds: &[u64]) -> Result<Arc<Lesson>, TaskError> {
        let mut lessons = self.lessons.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lesson) = lessons.get(seeds) {
            return Ok(Arc::clone(lesson));
        }
        let tasks: Vec<TaskSeed> = (0..)
            .zip(seeds)
            .map(|(number, &seed)| TaskSeed { seed, number })
            .collect();
        let kinds = self.tasks.iter();
        let kinds = kinds.map(|task| task.examples(&self.shape, &tasks));
        let lesson = Arc::new(Lesson {
            kinds: kinds.collect::<Result<_, _>>()?,
            // Random ops take the bits of a number as their key.
            seeds: {
                let mut keys: Vec<f32> = seeds.iter().map(|&seed| key(seed)).collect();
                keys.resize(lane_stride(seeds.len()), 0.0);
                keys
            },
        });
        lessons.insert(seeds.to_vec(), Arc::clone(&lesson));
        Ok(lesson)
    }
}

/// A whole number below 2²⁴ that hardly any other seed has (Fibonacci hashing, Knuth 1998, "The Art of Computer
/// Programming", volume 3, section 6.4).
fn key(seed: u64) -> f32 {
    (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f32
}
