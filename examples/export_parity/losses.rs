//! Losses: the loss of each of fifty examples, and its gradient with respect to the prediction.

use mlevolve::lowering::lower_unoptimised;
use mlevolve::program::Program;
use mlevolve_ir::Dimensions;
use mlevolve_ir::autodiff::gradient;
use rand::RngExt;
use serde_json::{Value, json};

use super::noise::{Noise, call};
use super::{RUNS, STEPS, numbers, tolerances};

/// Outputs of the model.
const OUTPUTS: usize = 4;

pub(crate) fn case(program: &Program) -> Value {
    // As it is written, without passes, so that every op has its rounding.
    let loss = lower_unoptimised(program).swap_remove(0);
    let parameter = |name: &str| loss.index_of(name).expect("a loss has it");
    let function = match gradient(&loss, parameter("loss"), &[parameter("prediction")]) {
        Ok(function) => function,
        // Some ops have no derivative.
        Err(error) => return json!({ "examples": [], "refused": error.to_string() }),
    };
    let dimensions = Dimensions::new(OUTPUTS, OUTPUTS);
    let mut random = mlevolve_tasks::stream(7, "examples", [0, 0]);
    let examples = (0..STEPS).map(|number| {
        let prediction: Vec<f32> = (0..OUTPUTS).map(|_| random.random_range(-3.0..3.0)).collect();
        // Every other target is a class.
        let target: Vec<f32> = (0..OUTPUTS)
            .map(|output| match number % 2 {
                0 => f32::from(u8::from(output == number / 2 % OUTPUTS)),
                _ => random.random_range(-1.0..1.0),
            })
            .collect();
        let run = |seed: Option<u64>| {
            let parameters = function.parameters().iter();
            let mut storage: Vec<Vec<f32>> = parameters
                .map(|parameter| match parameter.name.as_str() {
                    "prediction" => prediction.clone(),
                    "target" => target.clone(),
                    _ => vec![0.0; dimensions.elements(parameter.shape).expect("columns are small")],
                })
                .collect();
            let mut noise = seed.map(|seed| Noise::new(seed, [number as u64, 1]));
            call(&function, dimensions, &mut storage, noise.as_mut());
            storage
        };
        let exact = run(None);
        let wrong: Vec<Vec<Vec<f32>>> = (0..RUNS).map(|seed| run(Some(seed))).collect();
        let place = |name: &str| function.index_of(name).map(mlevolve_ir::ParameterIndex::index);
        let value = place("loss").expect("a loss has a loss");
        let of_prediction = exact.len() - 1;
        let of = |parameter: usize| -> Vec<Vec<f32>> { wrong.iter().map(|run| run[parameter].clone()).collect() };
        json!({
            "prediction": numbers(&prediction), "target": numbers(&target),
            "loss": numbers(&exact[value]), "tolerance": tolerances(&exact[value], &of(value)),
            "gradient": numbers(&exact[of_prediction]), "gradient_tolerance": of_gradient(&tolerances(&exact[of_prediction], &of(of_prediction))),
        })
    });
    json!({ "examples": examples.collect::<Vec<Value>>() })
}

/// Libraries have derivatives of their own of functions such as the softmax, whose terms, about 1, may cancel otherwise.
fn of_gradient(tolerances: &Value) -> Value {
    const OF_TERMS: f64 = 8.0 * f32::EPSILON as f64;
    let each = tolerances.as_array().into_iter().flatten();
    each.map(|tolerance| {
        tolerance
            .as_f64()
            .map_or(Value::Null, |it| Value::from(it + OF_TERMS))
    })
    .collect()
}
