//! Update rules: parameters and state after each of fifty steps.

use mlevolve::lowering::lower_unoptimised;
use mlevolve::program::Program;
use mlevolve_ir::{Dimensions, Function, Shape};
use rand::RngExt;
use serde_json::{Value, json};

use super::noise::{Noise, call};
use super::{RUNS, STEPS, numbers, tolerances};

/// Rows and columns of the tensors; the last is a convolution's kernel.
const TENSORS: [(&str, usize, usize); 3] =
    [("matrix", 3, 5), ("vector", 1, 7), ("convolution", 8, 3)];

/// The content of every parameter of the function after each step.
type Trajectory = Vec<Vec<Vec<f32>>>;

pub(crate) fn case(program: &Program) -> Value {
    let function = lower_unoptimised(program).swap_remove(0);
    let states: Vec<usize> = (0..function.parameters().len())
        .filter(|&index| !["w", "g", "step"].contains(&function.parameters()[index].name.as_str()))
        .collect();
    let mut tensors = Vec::new();
    let mut is_finite = true;
    for (number, (kind, rows, columns)) in TENSORS.into_iter().enumerate() {
        let dimensions = Dimensions::new(rows, columns);
        let mut random = mlevolve_tasks::stream(7, "tensors", [number as u64, 0]);
        let mut draw = |scale: f32| -> Vec<f32> {
            (0..rows * columns)
                .map(|_| scale * random.random_range(-1.0..1.0f32))
                .collect()
        };
        let initial = draw(1.0);
        let gradients: Vec<Vec<f32>> = (0..STEPS).map(|_| draw(0.5)).collect();
        let run = Run {
            function: &function,
            dimensions,
            gradients: &gradients,
        };
        let start = run.start(&initial);
        let reference = run.trajectory(&start, None);
        let mut reached = reference.iter().flatten().flatten();
        is_finite &= reached.all(|element| element.is_finite());
        let free: Vec<Trajectory> = (0..RUNS)
            .map(|seed| run.trajectory(&start, Some(seed)))
            .collect();
        let place = |name: &str| function.index_of(name).expect("every rule has it").index();
        let steps = (1..=STEPS).map(|step| {
            let weights = place("w");
            let of_step = |parameter: usize, trajectories: &[Trajectory]| -> Vec<Vec<f32>> {
                trajectories
                    .iter()
                    .map(|it| it[step][parameter].clone())
                    .collect()
            };
            let single: Vec<Vec<Vec<f32>>> = (0..RUNS)
                .map(|seed| run.step(step, &reference[step - 1], Some(seed)))
                .collect();
            let of_single = |parameter: usize| -> Vec<Vec<f32>> {
                single.iter().map(|it| it[parameter].clone()).collect()
            };
            let w = &reference[step][weights];
            let kept = states.iter().map(|&state| {
                let elements = &reference[step][state];
                json!({
                    "value": numbers(elements),
                    "tolerance": tolerances(elements, &of_single(state)),
                })
            });
            json!({
                "w": numbers(w),
                "tolerance": tolerances(w, &of_step(weights, &free)),
                "step_tolerance": tolerances(w, &of_single(weights)),
                "states": kept.collect::<Vec<Value>>(),
            })
        });
        let steps: Vec<Value> = steps.collect();
        let gradients: Vec<Value> = gradients.iter().map(|it| numbers(it)).collect();
        tensors.push(json!({
            "kind": kind, "rows": rows, "columns": columns,
            "initial": numbers(&initial), "gradients": gradients, "steps": steps,
        }));
    }
    let states = states.iter().map(|&index| {
        let parameter = &function.parameters()[index];
        json!({ "name": parameter.name, "rows": extent(parameter.shape, true), "columns": extent(parameter.shape, false) })
    });
    let constants = program.cells().iter().filter_map(|cell| {
        program
            .constant(&cell.name)
            .map(|value| (cell.name.to_string(), Value::from(f64::from(value))))
    });
    json!({
        "tensors": tensors,
        "is_finite": is_finite,
        "states": states.collect::<Vec<Value>>(),
        "constants": constants.collect::<serde_json::Map<_, _>>(),
    })
}

/// What an extent is: `1`, `m` or `n`.
fn extent(shape: Shape, of_rows: bool) -> &'static str {
    use mlevolve_ir::Dimension;
    match if of_rows {
        shape.rows()
    } else {
        shape.columns()
    } {
        Dimension::One => "1",
        Dimension::M => "m",
        Dimension::N => "n",
    }
}

struct Run<'a> {
    function: &'a Function,
    dimensions: Dimensions,
    gradients: &'a [Vec<f32>],
}

impl Run<'_> {
    fn start(&self, initial: &[f32]) -> Vec<Vec<f32>> {
        let zeros =
            |shape: Shape| vec![0.0; self.dimensions.elements(shape).expect("tensors are small")];
        let parameters = self.function.parameters().iter();
        let each = parameters.map(|parameter| match parameter.name.as_str() {
            "w" => initial.to_vec(),
            _ => zeros(parameter.shape),
        });
        each.collect()
    }

    /// What everything is after a step, counted from 1.
    fn step(&self, step: usize, before: &[Vec<f32>], seed: Option<u64>) -> Vec<Vec<f32>> {
        let mut storage = before.to_vec();
        for (content, parameter) in storage.iter_mut().zip(self.function.parameters()) {
            match parameter.name.as_str() {
                "g" => content.clone_from(&self.gradients[step - 1]),
                "step" => content[0] = step as f32,
                _ => {}
            }
        }
        // A library rounds alike at every step what hardly changes, so that errors add up; so does every other wrong run.
        let mut noise = seed.map(|seed| {
            let own = if seed.is_multiple_of(2) {
                0
            } else {
                step as u64
            };
            Noise::new(seed, [own, 0])
        });
        call(self.function, self.dimensions, &mut storage, noise.as_mut());
        storage
    }

    fn trajectory(&self, start: &[Vec<f32>], seed: Option<u64>) -> Trajectory {
        let mut trajectory = vec![start.to_vec()];
        for step in 1..=STEPS {
            let next = self.step(step, &trajectory[step - 1], seed);
            trajectory.push(next);
        }
        trajectory
    }
}
