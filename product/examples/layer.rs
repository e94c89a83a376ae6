//! A dense layer forward and back: the three products that training is made of.
//!
//! ```text
//! cargo run -p mlevolve-product --example layer
//! ```

use mlevolve_product::{MatrixView, MatrixViewMut, Start, multiply};

const EXAMPLES: usize = 3;
const INPUTS: usize = 2;
const OUTPUTS: usize = 2;

fn main() {
    // Matrices lie in slices, row by row.
    let inputs = [1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
    let weights = [0.5, -1.0, 2.0, 0.25];
    let bias = [0.1, -0.1];
    let inputs = MatrixView::new(&inputs, EXAMPLES, INPUTS);
    let weights = MatrixView::new(&weights, INPUTS, OUTPUTS);

    // outputs = inputs · weights + bias: the sum of each element starts from the bias.
    let mut outputs = [0.0; EXAMPLES * OUTPUTS];
    let mut view = MatrixViewMut::new(&mut outputs, EXAMPLES, OUTPUTS);
    multiply(inputs, weights, Start::Row(&bias), &mut view);
    println!("outputs: {outputs:?}");
    // One chain of fused multiply-adds for each: (0.1 + 1 · 0.5) + 1 · 2.
    assert_eq!(outputs[4], 1.0f32.mul_add(2.0, 1.0f32.mul_add(0.5, 0.1)));

    // Let the slope of the loss by each output be 1. By the weights it is inputsᵀ · slopes, and a transposed view is a
    // view: nothing is copied here.
    let slopes = [1.0; EXAMPLES * OUTPUTS];
    let slopes = MatrixView::new(&slopes, EXAMPLES, OUTPUTS);
    let mut of_weights = [0.0; INPUTS * OUTPUTS];
    let mut view = MatrixViewMut::new(&mut of_weights, INPUTS, OUTPUTS);
    multiply(inputs.transposed(), slopes, Start::Zero, &mut view);
    println!("slopes by weights: {of_weights:?}");
    assert_eq!(of_weights, [2.0; INPUTS * OUTPUTS]);

    // What is there can be added to, as by the next batch.
    let mut view = MatrixViewMut::new(&mut of_weights, INPUTS, OUTPUTS);
    multiply(inputs.transposed(), slopes, Start::Result, &mut view);
    assert_eq!(of_weights, [4.0; INPUTS * OUTPUTS]);

    // By the inputs: slopes · weightsᵀ.
    let mut of_inputs = [0.0; EXAMPLES * INPUTS];
    let mut view = MatrixViewMut::new(&mut of_inputs, EXAMPLES, INPUTS);
    multiply(slopes, weights.transposed(), Start::Zero, &mut view);
    println!("slopes by inputs: {of_inputs:?}");
    assert_eq!(of_inputs, [-0.5, 2.25, -0.5, 2.25, -0.5, 2.25]);
}

#[test]
fn it_runs() {
    main();
}
