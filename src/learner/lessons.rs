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

/// Bytes of training examples up to which all tasks of a kind lie side by side.
const SIDE_BY_SIDE_BYTES: usize = 256 << 10;

/// The examples of one kind of task. What a near cache holds lies side by side, so that one dispatch does for all tasks. What
/// streams by from afar lies in panels of as many tasks as fill a cache line, one behind the other: native code works on a few
/// vectors of lanes at a time, and would otherwise skip the lines of all other tasks at each feature, which takes up to two and a
/// half times as long.
#[derive(Debug)]
pub(super) struct Kind {
    /// One or more, of one shape; the last may have fewer lanes, but not fewer numbers.
    panels: Vec<LaneExamples>,
}

impl Kind {
    /// The examples of these tasks.
    ///
    /// # Errors
    /// [`TaskError`] if there can be no such tasks.
    fn new(
        task: &LearnerTask,
        shape: &LearnerTaskShape,
        tasks: &[TaskSeed],
    ) -> Result<Self, TaskError> {
        task.check(shape, tasks.len())?;
        let features = task.own_features().unwrap_or(shape.features);
        let example_bytes = features * lane_stride(tasks.len()) * size_of::<f32>();
        let lanes = if example_bytes * shape.training_examples <= SIDE_BY_SIDE_BYTES {
            tasks.len()
        } else {
            LANE_GROUP
        };
        let panels = tasks.chunks(lanes).map(|tasks| task.examples(shape, tasks));
        Ok(Self {
            panels: panels.collect::<Result<_, _>>()?,
        })
    }

    /// What all panels are like, but for the number of lanes, of which no other has more.
    pub(super) fn first_panel(&self) -> &LaneExamples {
        &self.panels[0]
    }

    /// How many panels there are.
    pub(super) fn panel_count(&self) -> usize {
        self.panels.len()
    }

    /// Each panel, with what tells its tasks apart.
    pub(super) fn panels<'a>(
        &'a self,
        lesson: &'a Lesson,
    ) -> impl Iterator<Item = (&'a LaneExamples, &'a [f32])> {
        let seeds = lesson.seeds.chunks_exact(self.first_panel().stride);
        self.panels.iter().zip(seeds)
    }
}

/// A set of tasks of each kind.
#[derive(Debug)]
pub(super) struct Lesson {
    /// One for each kind of task, in the suite's order.
    pub(super) kinds: Vec<Kind>,
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
        let kinds = kinds.map(|task| Kind::new(task, &self.shape, &tasks));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn library(training_examples: usize) -> Result<Library, JudgeError> {
        let settings = LearnerSettings {
            features: 4,
            training_examples,
            validation_examples: 10,
            ..LearnerSettings::default()
        };
        Library::open("linear,two-layer", &DataSettings::default(), &settings)
    }

    /// The numbers that one lane has.
    fn of_lane(numbers: &[f32], stride: usize, lane: usize) -> Vec<f32> {
        numbers.iter().skip(lane).step_by(stride).copied().collect()
    }

    #[test]
    fn panels_have_the_tasks_in_order_with_what_tells_them_apart() -> Result<(), JudgeError> {
        let library = library(1_500)?;
        let seeds: Vec<u64> = (100..135).collect();
        let lesson = library.lesson(&seeds)?;
        let tasks: Vec<TaskSeed> = (0..)
            .zip(&seeds)
            .map(|(number, &seed)| TaskSeed { seed, number })
            .collect();
        for (task, kind) in library.tasks.iter().zip(&lesson.kinds) {
            let whole = task.examples(&library.shape, &tasks)?;
            assert_eq!(kind.panel_count(), 3);
            let lanes: Vec<usize> = kind.panels(&lesson).map(|(panel, _)| panel.lanes).collect();
            assert_eq!(lanes, [16, 16, 3]);
            let all = kind.panels(&lesson).enumerate();
            for (number, (panel, keys)) in all {
                assert_eq!((panel.stride, keys.len()), (LANE_GROUP, LANE_GROUP));
                for (lane, &found) in keys[..panel.lanes].iter().enumerate() {
                    let among_all = number * LANE_GROUP + lane;
                    assert_eq!(found, key(seeds[among_all]));
                    for (part, of_whole) in [
                        (&panel.training, &whole.training),
                        (&panel.validation, &whole.validation),
                    ] {
                        for (numbers, of_whole) in [
                            (&part.features, &of_whole.features),
                            (&part.labels, &of_whole.labels),
                        ] {
                            let expected = of_lane(of_whole, whole.stride, among_all);
                            assert_eq!(of_lane(numbers, LANE_GROUP, lane), expected);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    #[test]
    fn what_a_near_cache_holds_lies_side_by_side() -> Result<(), JudgeError> {
        let seeds: Vec<u64> = (0..35).collect();
        let lesson = library(100)?.lesson(&seeds)?;
        for kind in &lesson.kinds {
            assert_eq!(kind.panel_count(), 1);
            assert_eq!(kind.first_panel().lanes, 35);
        }
        Ok(())
    }
}
