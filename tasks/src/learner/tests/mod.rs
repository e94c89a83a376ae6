//! What holds for every task for learners, and the bits of those that come with the program.

mod images;
mod learning;
mod own;
mod teachers;

use std::fs;

use super::*;
use crate::Suite;

const SHAPE: LearnerTaskShape = LearnerTaskShape {
    features: 6,
    training_examples: 30,
    validation_examples: 20,
};

fn task(number: u64) -> TaskSeed {
    TaskSeed { seed: 11, number }
}

fn entry(name: &str) -> &'static LearnerTaskEntry {
    LearnerTaskEntry::named(name).expect(name)
}

fn examples(name: &str, shape: &LearnerTaskShape, tasks: &[TaskSeed]) -> LaneExamples {
    let examples = entry(name).examples(&Sources::default(), shape, tasks);
    examples.expect(name)
}

fn bundled() -> impl Iterator<Item = &'static LearnerTaskEntry> {
    LEARNER_TASKS.iter().filter(|entry| entry.is_bundled())
}

/// The numbers of one lane, of both parts.
fn lane(examples: &LaneExamples, lane: usize) -> [Vec<f32>; 2] {
    [&examples.training, &examples.validation].map(|part| {
        let numbers = part.count * examples.stride;
        let label_elements = examples.label.elements(examples.features);
        assert_eq!(part.labels.len(), numbers * label_elements);
        assert_eq!(part.features.len(), numbers * examples.features);
        let all = [&part.features[..], &part.labels].concat();
        all.chunks(examples.stride)
            .map(|group| group[lane])
            .collect()
    })
}

/// A directory with a training file and a validation file.
fn own_files(training: &str, validation: &str) -> (tempfile::TempDir, Sources) {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let [training_file, validation_file] = [("train.csv", training), ("valid.csv", validation)]
        .map(|(name, content)| {
            let path = directory.path().join(name);
            fs::write(&path, content).expect("a new file");
            Some(path)
        });
    let sources = Sources {
        training_file,
        validation_file,
        ..Sources::default()
    };
    (directory, sources)
}

/// A table of ten rows: two features and what `kind` makes of the row's number.
fn own_table(kind: impl Fn(usize) -> String) -> String {
    (0..10)
        .map(|row| format!("{row},{},{}\n", row * row, kind(row)))
        .collect()
}

#[test]
fn every_task_is_found_by_its_own_name_and_is_ready_if_it_comes_with_the_program() {
    let mut names = Vec::new();
    for entry in LEARNER_TASKS {
        let name = entry.name();
        assert!(!names.contains(&name), "{name} is listed twice");
        names.push(name);
        assert_eq!(LearnerTaskEntry::named(name).expect(name).name(), name);
        assert!(entry.summary().ends_with('.'));
        match entry.open(&Sources::default()) {
            Ok(task) => {
                assert!(entry.is_bundled() && task.name() == name);
                assert_eq!(task.label(), entry.label());
            }
            Err(error) => assert!(!entry.is_bundled() && error.is_of_absent_data(), "{error}"),
        }
    }
    let error = LearnerTaskEntry::named("quadratic").expect_err("no such task");
    assert_eq!(
        error.to_string(),
        "there is no learner task `quadratic`, only `linear`, `two-layer`, `two-layer-classes`, `two-layer-vector`, \
         `projected-digits`, `projected-mnist`, `projected-fashion-mnist`, `projected-cifar10`, `projected-files`, `own`"
    );
}

#[test]
fn a_lane_is_its_task_whatever_the_others_are() {
    let (_directory, own) = own_files(
        &own_table(|row| (row % 2).to_string()),
        &own_table(|row| (row % 2).to_string()),
    );
    let own = entry("own").open(&own).expect("sound files");
    let bundled = bundled().map(|entry| entry.open(&Sources::default()).expect("bundled"));
    for opened in bundled.chain([own]) {
        let name = opened.name();
        let of = |numbers: &[u64]| {
            let tasks: Vec<_> = numbers.iter().copied().map(task).collect();
            opened.examples(&SHAPE, &tasks).expect(name)
        };
        let together = of(&[0, 1, 2, 3, 4]);
        assert_eq!((together.lanes, together.stride), (5, 16));
        // Padding is the last lane.
        for padding in 5..16 {
            assert_eq!(lane(&together, padding), lane(&together, 4));
        }
        let others = of(&[4, 9, 0]);
        assert_eq!((others.lanes, others.stride), (3, 16));
        assert_eq!(lane(&others, 0), lane(&together, 4), "{name}");
        assert_eq!(lane(&others, 2), lane(&together, 0), "{name}");
        assert_eq!(lane(&of(&[3]), 0), lane(&together, 3), "{name}");
        // And tasks differ, by number and by seed.
        for one in 0..5 {
            for other in 0..one {
                assert_ne!(lane(&together, one)[0], lane(&together, other)[0], "{name}");
            }
        }
        let other_seed = TaskSeed {
            seed: 12,
            number: 1,
        };
        let other_seed = opened.examples(&SHAPE, &[other_seed]).expect(name);
        assert_ne!(lane(&other_seed, 0), lane(&together, 1), "{name}");
        assert_eq!(of(&[0, 1]), of(&[0, 1]));
    }
}

#[test]
fn the_first_examples_that_are_drawn_are_the_same_however_many_are_asked_for() {
    for name in [
        "linear",
        "two-layer",
        "two-layer-classes",
        "two-layer-vector",
    ] {
        let more = LearnerTaskShape {
            training_examples: 50,
            validation_examples: 35,
            ..SHAPE
        };
        let few = examples(name, &SHAPE, &[task(0), task(1)]);
        let many = examples(name, &more, &[task(0), task(1)]);
        for (few, many) in [
            (&few.training, &many.training),
            (&few.validation, &many.validation),
        ] {
            assert_eq!(few.features, many.features[..few.features.len()]);
            assert_eq!(few.labels, many.labels[..few.labels.len()]);
        }
    }
}

#[test]
fn files_that_are_not_named_are_said() {
    let (_directory, both) = own_files("1,2\n2,3\n", "1,2\n2,3\n");
    let message = "task `own` needs tables of your own, to train on and to validate with, whose last column is the \
                   label: ";
    let without_training = Sources {
        training_file: None,
        ..both.clone()
    };
    let without_validation = Sources {
        validation_file: None,
        ..both
    };
    for (sources, missing) in [
        (Sources::default(), "--train FILE --valid FILE"),
        (without_training, "--train FILE"),
        (without_validation, "--valid FILE"),
    ] {
        let error = entry("own").open(&sources).expect_err("no files");
        assert_eq!(error.to_string(), format!("{message}{missing}"));
        assert!(error.is_of_absent_data());
    }
    let named = Sources {
        training_file: Some("train.csv".into()),
        ..Sources::default()
    };
    let error = Suite::named(Suite::QUICK, &named)
        .err()
        .expect("update rules are not taught");
    assert_eq!(
        error.to_string(),
        "no task of suite `quick` is on files for learners (--train, --valid)"
    );
    let error = entry("projected-mnist")
        .open(&Sources::default())
        .expect_err("no files");
    assert!(
        error.to_string().starts_with("mnist is not ready"),
        "{error}"
    );
}

#[test]
fn shapes_that_cannot_be_are_refused() {
    let linear = entry("linear").open(&Sources::default()).expect("bundled");
    let message = |shape: LearnerTaskShape, lanes: usize| {
        let tasks: Vec<_> = (0..lanes as u64).map(task).collect();
        linear
            .examples(&shape, &tasks)
            .expect_err("refused")
            .to_string()
    };
    let with = |features, training_examples, validation_examples| LearnerTaskShape {
        features,
        training_examples,
        validation_examples,
    };
    for (shape, lanes, expected) in [
        (with(1, 1, 1), 1, "from 2 to 64 features, found 1"),
        (with(65, 1, 1), 1, "from 2 to 64 features, found 65"),
        (with(4, 1, 1), 0, "at least one task, found 0"),
        (with(4, 0, 1), 1, "at least one training example, found 0"),
        (with(4, 1, 0), 1, "at least one validation example, found 0"),
        (
            with(64, 1_048_577, 1),
            7,
            "at most 1048576 training examples of 64 features in 16 lanes, found 1048577",
        ),
        (
            with(2, 1, usize::MAX),
            1,
            "at most 33554432 validation examples of 2 features in 16 lanes, found 18446744073709551615",
        ),
    ] {
        let expected = format!("learner task `linear`: expected {expected}");
        assert_eq!(message(shape, lanes), expected);
    }
    for (features, count) in [(2, 1), (64, 1)] {
        let found = linear
            .examples(&with(features, count, count), &[task(0)])
            .expect("a shape");
        assert_eq!(found.training.features.len(), features * 16);
    }
}

/// 64-bit FNV-1a of the bits of all numbers.
fn fingerprint(examples: &LaneExamples) -> u64 {
    let parts = [&examples.training, &examples.validation];
    let numbers = parts
        .into_iter()
        .flat_map(|part| part.features.iter().chain(&part.labels));
    numbers
        .flat_map(|number| number.to_bits().to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
}

/// Every figure on these tasks rests on these bits.
#[test]
fn all_bits_are_pinned() {
    let shape = LearnerTaskShape {
        features: 16,
        training_examples: 500,
        validation_examples: 100,
    };
    let tasks: Vec<_> = (0..6).map(|number| TaskSeed { seed: 1, number }).collect();
    let found: Vec<_> = bundled()
        .map(|entry| {
            (
                entry.name(),
                fingerprint(&examples(entry.name(), &shape, &tasks)),
            )
        })
        .collect();
    let expected = [
        ("linear", 0x3240_9928_8cb1_7bfb),
        ("two-layer", 0x0c20_63d7_9f33_ef53),
        ("two-layer-classes", 0xa02a_3516_308e_ae76),
        ("two-layer-vector", 0x43b5_f816_dff3_3943),
        ("projected-digits", 0xa181_6d1f_27df_e0a6),
    ];
    assert_eq!(found, expected, "{found:#018x?}");
}
