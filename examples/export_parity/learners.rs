//! Learners: what is predicted for each of fifty examples before it is learnt from.

use mlevolve::lowering::lower_unoptimised;
use mlevolve::program::Program;
use mlevolve_ir::{Dimensions, Function};
use rand::RngExt;
use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use super::noise::{Noise, call};
use super::{RUNS, STEPS, numbers, tolerances};

/// Features of an example.
const FEATURES: usize = 4;
/// What tells the learner's random numbers from others'.
const SEED: f32 = 3.0;

/// What cells hold that last, by name. Looked up, never iterated.
type Memory = FxHashMap<String, Vec<f32>>;

pub(crate) fn case(program: &Program) -> Value {
    let functions = lower_unoptimised(program);
    let dimensions = Dimensions::new(FEATURES, FEATURES);
    let mut random = mlevolve_tasks::stream(7, "lessons", [0, 0]);
    let is_vector = program
        .cells()
        .iter()
        .any(|cell| cell.name == "y" && !cell.shape.is_scalar());
    let lessons: Vec<[Vec<f32>; 2]> = (0..STEPS)
        .map(|_| {
            let x: Vec<f32> = (0..FEATURES)
                .map(|_| random.random_range(-1.0..1.0))
                .collect();
            let y = if is_vector {
                x.iter().rev().map(|x| x * x).collect()
            } else {
                vec![x[0] - 0.5 * x[1]]
            };
            [x, y]
        })
        .collect();
    let run = |seed: Option<u64>| -> Vec<Vec<f32>> {
        let mut memory = Memory::default();
        let mut noise = seed.map(|seed| Noise::new(seed, [0, 2]));
        let mut run = |function: &Function, memory: &mut Memory, given: &[(&str, &[f32])]| {
            let parameters = function.parameters();
            let mut storage: Vec<Vec<f32>> = parameters
                .iter()
                .map(|parameter| {
                    let given = given.iter().find(|(name, _)| *name == parameter.name);
                    let zeros = || {
                        vec![
                            0.0;
                            dimensions
                                .elements(parameter.shape)
                                .expect("memory is small")
                        ]
                    };
                    given.map_or_else(
                        || memory.get(&parameter.name).cloned().unwrap_or_else(zeros),
                        |(_, content)| content.to_vec(),
                    )
                })
                .collect();
            call(function, dimensions, &mut storage, noise.as_mut());
            for (parameter, content) in parameters.iter().zip(storage) {
                if parameter.access.is_written() {
                    memory.insert(parameter.name.clone(), content);
                }
            }
        };
        let [setup, predict, learn] = [0, 1, 2].map(|place| &functions[place]);
        let nothing = vec![0.0; FEATURES];
        run(
            setup,
            &mut memory,
            &[("x", &nothing), ("step", &[0.0]), ("seed", &[SEED])],
        );
        let mut predictions = Vec::new();
        for (number, [x, y]) in lessons.iter().enumerate() {
            let step = [(number + 1) as f32];
            run(
                predict,
                &mut memory,
                &[("x", x), ("step", &step), ("seed", &[SEED])],
            );
            let zeros = || vec![0.0; y.len()];
            predictions.push(memory.get("prediction").cloned().unwrap_or_else(zeros));
            run(
                learn,
                &mut memory,
                &[("x", x), ("y", y), ("step", &step), ("seed", &[SEED])],
            );
        }
        predictions
    };
    let exact = run(None);
    let wrong: Vec<Vec<Vec<f32>>> = (0..RUNS).map(|seed| run(Some(seed))).collect();
    let lessons = lessons.iter().enumerate().map(|(number, [x, y])| {
        let of_lesson: Vec<Vec<f32>> = wrong.iter().map(|run| run[number].clone()).collect();
        json!({
            "x": numbers(x), "y": numbers(y),
            "prediction": numbers(&exact[number]), "tolerance": tolerances(&exact[number], &of_lesson),
        })
    });
    json!({ "features": FEATURES, "seed": SEED, "lessons": lessons.collect::<Vec<Value>>() })
}
