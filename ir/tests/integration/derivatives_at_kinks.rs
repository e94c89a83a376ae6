//! What stands for the derivative where there is none, and what must not get through: in binary32,
//! as a kernel computes it, and the same in both modes.

use mlevolve_ir::{Dimensions, Function, autodiff, reference};

/// The derivative of the scalar `y` with respect to each element of each other parameter, found in
/// reverse, after it has been found to be the same in forward mode.
fn derivatives(function: &Function, inputs: &[&[f32]]) -> Vec<Vec<f32>> {
    let elements = inputs.iter().map(|input| input.len()).max().unwrap();
    derivatives_of(function, Dimensions::flat(elements), inputs)
}

/// [`derivatives`] with respect to the elements of matrices.
fn derivatives_of(function: &Function, dimensions: Dimensions, inputs: &[&[f32]]) -> Vec<Vec<f32>> {
    let of = function.index_of("y").unwrap();
    let read = function.parameters().iter().filter(|p| p.access.is_read());
    let names: Vec<&String> = read.map(|parameter| &parameter.name).collect();
    let indices = names.iter().map(|name| function.index_of(name).unwrap());
    let indices: Vec<_> = indices.collect();

    let gradient = autodiff::gradient(function, of, &indices).unwrap();
    let mut given: Vec<Vec<f32>> = inputs.iter().map(|&input| input.to_vec()).collect();
    given.push(vec![f32::NAN]);
    let (call, gradients) = (given.clone(), given[..inputs.len()].to_vec());
    let reverse = run(&gradient, dimensions, [call, gradients].concat());
    let reverse = &reverse[inputs.len() + 1..];

    for (parameter, input) in inputs.iter().enumerate() {
        // With respect to one parameter at a time: a tangent of 0 makes a NaN of an infinite partial.
        let forward = autodiff::forward(function, &indices[parameter..=parameter]).unwrap();
        for element in 0..input.len() {
            let mut tangent = vec![0.0; input.len()];
            tangent[element] = 1.0;
            let call = [given.clone(), vec![tangent, vec![f32::NAN]]].concat();
            let found = run(&forward, dimensions, call);
            let (found, expected) = (found.last().unwrap()[0], reverse[parameter][element]);
            assert!(
                found == expected || found.is_nan() && expected.is_nan(),
                "{found} forward, {expected} in reverse, for {} of {inputs:?}\n{forward}\n{gradient}",
                names[parameter]
            );
        }
    }
    reverse.to_vec()
}

fn run(function: &Function, dimensions: Dimensions, mut storage: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    let mut slices: Vec<&mut [f32]> = storage.iter_mut().map(Vec::as_mut_slice).collect();
    reference::call(function, dimensions, &mut slices);
    storage
}

const NAMES: [&str; 3] = ["a", "b", "c"];

/// y = op(a, b, c) over scalars, or over tensors for a reduction.
fn application(op: &str, arity: usize, shape: &str) -> Function {
    let names = &NAMES[..arity];
    let parameters = names.iter().map(|name| format!("read {name} {shape}\n"));
    let parameters: String = parameters.collect();
    let loads = names.iter().enumerate();
    let loads: String = loads
        .map(|(i, name)| format!("v{i} = load {name}\n"))
        .collect();
    let operands: Vec<String> = (0..arity).map(|index| format!("v{index}")).collect();
    let text = format!(
        "function f\n\n{parameters}write y scalar\n\n{loads}v{arity} = {op}({})\n\n\
         store y = v{arity}\n",
        operands.join(", ")
    );
    Function::parse(&text).unwrap()
}

#[test]
fn elementwise_ops_have_the_derivatives_at_kinks_that_their_rows_say() {
    const INFINITY: f32 = f32::INFINITY;
    let cases: &[(&str, &[f32], &[f32])] = &[
        ("abs", &[0.0], &[0.0]),
        ("abs", &[-0.0], &[0.0]),
        ("sign", &[0.0], &[0.0]),
        ("heaviside", &[0.0], &[0.0]),
        ("less", &[1.0, 1.0], &[0.0, 0.0]),
        ("equal", &[1.0, 1.0], &[0.0, 0.0]),
        ("min", &[1.0, 1.0], &[0.5, 0.5]),
        ("min", &[0.0, -0.0], &[0.5, 0.5]),
        ("max", &[1.0, 1.0], &[0.5, 0.5]),
        ("max", &[-0.0, 0.0], &[0.5, 0.5]),
        ("max", &[1.0, INFINITY], &[0.0, 1.0]),
        ("clip", &[1.5, 1.0, 2.0], &[1.0, 0.0, 0.0]),
        ("clip", &[1.0, 1.0, 2.0], &[0.5, 0.5, 0.0]),
        ("clip", &[2.0, 1.0, 2.0], &[0.5, 0.0, 0.5]),
        ("clip", &[1.0, 1.0, 1.0], &[0.25, 0.25, 0.5]),
        ("clip", &[0.0, 1.0, 1.0], &[0.0, 0.5, 0.5]),
        ("clip", &[1.0, 2.0, 1.0], &[0.0, 0.0, 1.0]),
        ("select", &[0.0, 2.0, 3.0], &[0.0, 0.0, 1.0]),
        ("select", &[1.0, 2.0, f32::NAN], &[0.0, 1.0, 0.0]),
        ("select", &[f32::NAN, INFINITY, 3.0], &[0.0, 0.0, 1.0]),
        ("sqrt", &[0.0], &[INFINITY]),
        ("sqrt", &[-0.0], &[-INFINITY]),
        ("log", &[0.0], &[INFINITY]),
        ("log", &[-0.0], &[-INFINITY]),
        ("pow", &[0.0, 1.0], &[1.0, 0.0]),
        ("pow", &[0.0, 2.0], &[0.0, 0.0]),
        ("pow", &[0.0, 0.5], &[INFINITY, 0.0]),
        ("pow", &[1.0, 0.0], &[0.0, 0.0]),
    ];
    for (op, operands, expected) in cases {
        let function = application(op, operands.len(), "scalar");
        let inputs: Vec<&[f32]> = operands.iter().map(std::slice::from_ref).collect();
        let found = derivatives(&function, &inputs).concat();
        assert_eq!(&found, expected, "{op} of {operands:?}");
    }
}

#[test]
fn reductions_have_the_derivatives_at_kinks_that_their_rows_say() {
    let cases: &[(&str, &[f32], &[f32])] = &[
        ("max_of", &[3.0, 1.0, 3.0], &[0.5, 0.0, 0.5]),
        ("max_of", &[f32::INFINITY, 1.0], &[1.0, 0.0]),
        ("min_of", &[3.0, 1.0, 1.0], &[0.0, 0.5, 0.5]),
        ("min_of", &[0.0, -0.0], &[0.5, 0.5]),
        ("norm", &[0.0, -0.0], &[0.0, 0.0]),
        ("norm_1", &[0.0, -2.0, 3.0], &[0.0, -1.0, 1.0]),
        ("norm_inf", &[2.0, -2.0, 1.0], &[0.5, -0.5, 0.0]),
        ("norm_inf", &[0.0, 0.0], &[0.0, 0.0]),
        ("count_of", &[1.0, 2.0], &[0.0, 0.0]),
    ];
    for (op, operand, expected) in cases {
        let function = application(op, 1, "tensor");
        let found = derivatives(&function, &[operand]).concat();
        assert_eq!(&found, expected, "{op} of {operand:?}");
    }
}

/// Of matrices of 2 × 3, the sum of what an op makes of each row or column, or of all elements.
#[test]
fn matrix_and_composite_ops_have_the_derivatives_at_kinks_that_their_rows_say() {
    const THIRD: f32 = 1.0 / 3.0;
    let cases: &[(&str, [f32; 6], [f32; 6])] = &[
        (
            "row_maxima",
            [3.0, 1.0, 3.0, 2.0, 2.0, 2.0],
            [0.5, 0.0, 0.5, THIRD, THIRD, THIRD],
        ),
        (
            "row_maxima",
            [f32::INFINITY, 1.0, 0.0, -0.0, 0.0, -1.0],
            [1.0, 0.0, 0.0, 0.5, 0.5, 0.0],
        ),
        (
            "column_maxima",
            [3.0, 1.0, 0.0, 3.0, 2.0, -1.0],
            [0.5, 0.0, 1.0, 0.5, 1.0, 0.0],
        ),
        (
            "row_norms",
            [0.0, -0.0, 0.0, 3.0, 0.0, -4.0],
            [0.0, 0.0, 0.0, 0.6, 0.0, -0.8],
        ),
        (
            "column_norms",
            [0.0, 3.0, 0.0, 0.0, 4.0, -2.0],
            [0.0, 0.6, 0.0, 0.0, 0.8, -1.0],
        ),
        ("row_stds", [2.0; 6], [0.0; 6]),
        ("std", [2.0; 6], [0.0; 6]),
    ];
    for (op, operand, expected) in cases {
        let (last, of) = match *op {
            "std" => ("", "v1"),
            _ => ("v2 = sum(v1)\n", "v2"),
        };
        let text = format!(
            "function f\n\nread x tensor\nwrite y scalar\n\nv0 = load x\nv1 = {op}(v0)\n{last}\n\
             store y = {of}\n"
        );
        let function = Function::parse(&text).unwrap();
        let found = derivatives_of(&function, Dimensions::new(2, 3), &[operand]).concat();
        assert_eq!(found, expected, "{op} of {operand:?}");
    }
}

/// Each of these has an infinity or a NaN in the way that is not taken, in the value, in its
/// derivative, or in the cotangent that comes down to it.
#[test]
fn what_a_selection_does_not_take_does_not_get_through() {
    let cases: &[(&str, &[f32], &[f32])] = &[
        // log(x) where x > 0, else 0.
        (
            "v2 = log(v0)\nv3 = select(v0, v2, v1)\nv4 = sum(v3)\n",
            &[-1.0, 0.0, 2.0],
            &[0.0, 0.0, 0.5],
        ),
        // e^x where x < 0, else x.
        (
            "v2 = exp(v0)\nv3 = neg(v0)\nv4 = select(v3, v2, v0)\nv5 = sum(v4)\n",
            &[0.0, 1000.0],
            &[1.0, 1.0],
        ),
        // The same, with more on the way.
        (
            "v2 = reciprocal(v0)\nv3 = mul(v2, v2)\nv4 = neg(v3)\nv5 = exp(v4)\n\
             v6 = select(v0, v5, v1)\nv7 = sum(v6)\n",
            &[0.0, -2.0],
            &[0.0, 0.0],
        ),
        // √max(x, 0): an infinite cotangent comes down.
        (
            "v2 = max(v0, v1)\nv3 = sqrt(v2)\nv4 = sum(v3)\n",
            &[-1.0, 4.0],
            &[0.0, 0.25],
        ),
        // √(x where x > 0, else 0).
        (
            "v2 = select(v0, v0, v1)\nv3 = sqrt(v2)\nv4 = sum(v3)\n",
            &[-1.0, 4.0],
            &[0.0, 0.25],
        ),
        // max(√x, 1), clip(log x, −1, 1) and the least log.
        (
            "v2 = sqrt(v0)\nv3 = constant 1.0\nv4 = max(v2, v3)\nv5 = sum(v4)\n",
            &[0.0, 4.0],
            &[0.0, 0.25],
        ),
        (
            "v2 = log(v0)\nv3 = constant 1.0\nv4 = neg(v3)\nv5 = clip(v2, v4, v3)\nv6 = sum(v5)\n",
            &[0.0, 2.0],
            &[0.0, 0.5],
        ),
        (
            "v2 = reciprocal(v0)\nv3 = min_of(v2)\n",
            &[0.0, 2.0],
            &[0.0, -0.25],
        ),
        // |√x| at 0.
        ("v2 = sqrt(v0)\nv3 = norm(v2)\n", &[0.0, 0.0], &[0.0, 0.0]),
        // A comparison has no derivative to multiply an infinity by.
        (
            "v2 = heaviside(v0)\nv3 = log(v2)\nv4 = sum(v3)\n",
            &[-1.0, 2.0],
            &[0.0, 0.0],
        ),
    ];
    for (code, x, expected) in cases {
        let last = code.lines().last().unwrap().split(' ').next().unwrap();
        let text = format!(
            "function f\n\nread x tensor\nwrite y scalar\n\nv0 = load x\nv1 = constant 0.0\n{code}\n\
             store y = {last}\n"
        );
        let function = Function::parse(&text).unwrap();
        let found = derivatives(&function, &[x]).concat();
        assert_eq!(&found, expected, "{text}");
    }
}

/// A NaN that is taken is seen, and 0 · ∞ that no selection is in the way of.
#[test]
fn nans_that_are_taken_get_through() {
    let cases: &[(&str, &[f32])] = &[
        (
            "v1 = select(v0, v0, v0)\nv2 = log(v1)\nv3 = sum(v2)\n",
            &[f32::NAN],
        ),
        ("v1 = norm(v0)\n", &[f32::NAN]),
        ("v1 = square(v0)\nv2 = sqrt(v1)\nv3 = sum(v2)\n", &[0.0]),
        // A selection on one way of two, whichever comes first.
        (
            "v1 = reciprocal(v0)\nv2 = heaviside(v0)\nv3 = select(v0, v1, v0)\nv4 = mul(v1, v2)\n\
             v5 = sum(v3)\nv6 = sum(v4)\nv7 = add(v5, v6)\n",
            &[0.0],
        ),
        (
            "v1 = reciprocal(v0)\nv2 = heaviside(v0)\nv3 = mul(v1, v2)\nv4 = select(v0, v1, v0)\n\
             v5 = sum(v3)\nv6 = sum(v4)\nv7 = add(v5, v6)\n",
            &[0.0],
        ),
    ];
    for (code, x) in cases {
        let last = code.lines().last().unwrap().split(' ').next().unwrap();
        let text = format!(
            "function f\n\nread x tensor\nwrite y scalar\n\nv0 = load x\n{code}\nstore y = {last}\n"
        );
        let function = Function::parse(&text).unwrap();
        assert!(derivatives(&function, &[x])[0][0].is_nan(), "{text}");
    }
}
