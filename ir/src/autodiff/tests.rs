//! Derivatives as text, names, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::{DerivativeError, forward, gradient, reverse};
use crate::function::{Function, MAX_NAME_LENGTH, ParameterIndex};

fn parse(parameters: &str, code: &str) -> Function {
    Function::parse(&format!("function f\n\n{parameters}\n{code}")).unwrap()
}

fn parameters(function: &Function, names: &[&str]) -> Vec<ParameterIndex> {
    let indices = names.iter().map(|name| function.index_of(name).unwrap());
    indices.collect()
}

/// What is written after the parameters.
fn code(function: &Function) -> String {
    let text = function.to_string();
    text[text.find("v0 = ").unwrap()..].to_owned()
}

const REGRESSION: &str =
    "read x tensor\nread y tensor\nread w scalar\nread b scalar\nwrite loss scalar\n";
const MEAN_SQUARED_ERROR: &str = "v0 = load x\nv1 = load y\nv2 = load w\nv3 = load b\n\
    v4 = mul(v2, v0)\nv5 = add(v4, v3)\nv6 = sub(v5, v1)\nv7 = square(v6)\nv8 = mean(v7)\n\n\
    store loss = v8\n";

/// Nothing is computed that is not needed: no product with 1, no tensor where a scalar will do, no
/// cotangent of what is not asked for.
#[test]
fn the_gradient_of_a_linear_regression() {
    let function = parse(REGRESSION, MEAN_SQUARED_ERROR);
    let loss = parameters(&function, &["loss"])[0];
    let wanted = parameters(&function, &["b", "w"]);
    assert_eq!(
        gradient(&function, loss, &wanted).unwrap().to_string(),
        "function f_gradient\n\n\
         read x tensor\nread y tensor\nread w scalar\nread b scalar\nwrite loss scalar\n\
         write w_gradient scalar\nwrite b_gradient scalar\n\n\
         v0 = load x\nv1 = load y\nv2 = load w\nv3 = load b\nv4 = mul(v0, v2)\nv5 = add(v3, v4)\n\
         v6 = sub(v5, v1)\nv7 = square(v6)\nv8 = mean(v7)\nv9 = count_of(v0)\n\
         v10 = reciprocal(v9)\nv11 = add(v6, v6)\nv12 = mul(v10, v11)\nv13 = sum(v12)\n\
         v14 = mul(v0, v12)\nv15 = sum(v14)\n\n\
         store loss = v8\nstore w_gradient = v15\nstore b_gradient = v13\n",
    );
}

/// A scalar stands for equal elements until they are added up, and then counts them.
#[test]
fn broadcast_scalars_are_undone_by_sums() {
    let function = parse(
        "read x tensor\nread s scalar\nwrite y scalar\nwrite z tensor\n",
        "v0 = load x\nv1 = load s\nv2 = add(v0, v1)\nv3 = sum(v2)\n\nstore y = v3\nstore z = v1\n",
    );
    let wanted = parameters(&function, &["x", "s"]);
    assert_eq!(
        code(&reverse(&function, &wanted).unwrap()),
        "v0 = load x\nv1 = load s\nv2 = add(v0, v1)\nv3 = sum(v2)\nv4 = load y_cotangent\n\
         v5 = load z_cotangent\nv6 = sum(v5)\nv7 = count_of(v0)\nv8 = mul(v4, v7)\n\
         v9 = add(v6, v8)\n\n\
         store y = v3\nstore z = v1\nstore x_cotangent = v4\nstore s_cotangent = v9\n",
    );
    assert_eq!(
        code(&forward(&function, &wanted[1..]).unwrap()),
        "v0 = load x\nv1 = load s\nv2 = load s_tangent\nv3 = add(v0, v1)\nv4 = sum(v3)\n\
         v5 = count_of(v0)\nv6 = mul(v2, v5)\n\n\
         store y = v4\nstore z = v1\nstore y_tangent = v6\nstore z_tangent = v2\n",
    );
}

/// Only what a formula selects is chosen between: an operand is a number, however it came about.
#[test]
fn an_operand_that_is_a_selection_is_multiplied_by() {
    let function = parse(
        "read x tensor\nread c tensor\nwrite y tensor\n",
        "v0 = load x\nv1 = load c\nv2 = select(v1, v1, v1)\nv3 = mul(v0, v2)\n\nstore y = v3\n",
    );
    let wanted = parameters(&function, &["x"]);
    assert_eq!(
        code(&reverse(&function, &wanted).unwrap()),
        "v0 = load x\nv1 = load c\nv2 = select(v1, v1, v1)\nv3 = mul(v0, v2)\n\
         v4 = load y_cotangent\nv5 = mul(v2, v4)\n\nstore y = v3\nstore x_cotangent = v5\n",
    );
}

/// State that a call replaces has one parameter for its differential, which a call replaces too.
#[test]
fn state_carries_its_differential() {
    let function = parse(
        "read g tensor\nread_write m tensor\nread_write n tensor\n",
        "v0 = load g\nv1 = load m\nv2 = mul(v0, v1)\n\nstore m = v2\nstore n = v0\n",
    );
    let wanted = parameters(&function, &["m"]);
    assert_eq!(
        forward(&function, &wanted).unwrap().to_string(),
        "function f_tangent\n\n\
         read g tensor\nread_write m tensor\nread_write n tensor\n\
         read_write m_tangent tensor\nwrite n_tangent tensor\n\n\
         v0 = load g\nv1 = load m\nv2 = load m_tangent\nv3 = mul(v0, v1)\nv4 = mul(v0, v2)\n\
         v5 = constant 0.0\n\n\
         store m = v3\nstore n = v0\nstore m_tangent = v4\nstore n_tangent = v5\n",
    );
    assert_eq!(
        reverse(&function, &wanted).unwrap().to_string(),
        "function f_cotangent\n\n\
         read g tensor\nread_write m tensor\nread_write n tensor\n\
         read_write m_cotangent tensor\nread n_cotangent tensor\n\n\
         v0 = load g\nv1 = load m\nv2 = mul(v0, v1)\nv3 = load m_cotangent\nv4 = mul(v0, v3)\n\n\
         store m = v2\nstore n = v0\nstore m_cotangent = v4\n",
    );
}

/// The gradient of a loss whose parameters are written too is a parameter by itself.
#[test]
fn a_gradient_takes_no_cotangents() {
    let function = parse(
        "read_write w tensor\nread_write l scalar\n",
        "v0 = load w\nv1 = load l\nv2 = sum(v0)\nv3 = mul(v1, v2)\n\nstore w = v0\nstore l = v3\n",
    );
    let [w, l] = parameters(&function, &["w", "l"])[..] else {
        unreachable!()
    };
    assert_eq!(
        gradient(&function, l, &[w, l, w]).unwrap().to_string(),
        "function f_gradient\n\n\
         read_write w tensor\nread_write l scalar\nwrite w_gradient tensor\n\
         write l_gradient scalar\n\n\
         v0 = load w\nv1 = load l\nv2 = sum(v0)\nv3 = mul(v1, v2)\n\n\
         store w = v0\nstore l = v3\nstore w_gradient = v1\nstore l_gradient = v2\n",
    );
}

#[test]
fn names_are_made_unique_and_cut_to_fit() {
    let long = "n".repeat(MAX_NAME_LENGTH);
    let cut = &long[..MAX_NAME_LENGTH - "_tangent".len()];
    let parameter_names = format!("read x tensor\nread {long} tensor\nwrite x_tangent tensor\n");
    let function = parse(
        &parameter_names,
        &format!("v0 = load x\nv1 = load {long}\nv2 = add(v0, v1)\n\nstore x_tangent = v2\n"),
    );
    let wanted = parameters(&function, &["x", &long]);
    let derivative = forward(&function, &wanted).unwrap();
    let names = derivative.parameters().iter().map(|p| p.name.as_str());
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            "x",
            &long,
            "x_tangent",
            "x_tangent_2",
            &format!("{cut}_tangent"),
            "x_tangent_tangent",
        ],
    );
}

#[test]
fn what_has_no_derivative_is_refused_by_name() {
    let function = parse(REGRESSION, MEAN_SQUARED_ERROR);
    let [x, loss] = parameters(&function, &["x", "loss"])[..] else {
        unreachable!()
    };
    let beyond = ParameterIndex::new(9);
    let message = |result: Result<Function, DerivativeError>| result.unwrap_err().to_string();
    let unknown = "`f` has no parameter 9: it has 5";
    assert_eq!(message(forward(&function, &[beyond])), unknown);
    assert_eq!(message(reverse(&function, &[beyond])), unknown);
    assert_eq!(message(gradient(&function, beyond, &[x])), unknown);
    let not_read = "parameter `loss` is only written, so nothing depends on it";
    assert_eq!(message(forward(&function, &[x, loss])), not_read);
    assert_eq!(message(reverse(&function, &[x, loss])), not_read);
    assert_eq!(message(gradient(&function, loss, &[loss])), not_read);
    assert_eq!(
        message(gradient(&function, x, &[x])),
        "parameter `x` is only read, so it has no gradient"
    );
    let tensor = parse("read_write x tensor\n", "v0 = load x\n\nstore x = v0\n");
    let x = parameters(&tensor, &["x"])[0];
    assert_eq!(
        message(gradient(&tensor, x, &[x])),
        "parameter `x` is a tensor: only a scalar has a gradient"
    );
}

#[test]
fn derivatives_are_functions_of_bounded_size() {
    let mut many = String::new();
    for index in 0..33 {
        many += &format!("read_write p{index} scalar\n");
    }
    let mut body = String::new();
    let mut stores = String::new();
    for index in 0..33 {
        body += &format!("v{index} = load p{index}\n");
        stores += &format!("store p{index} = v{index}\n");
    }
    let function = parse(&many, &format!("{body}\n{stores}"));
    let all: Vec<ParameterIndex> = (0..33).map(ParameterIndex::new).collect();
    assert_eq!(
        reverse(&function, &all).unwrap_err().to_string(),
        "the derivative of `f` is too large: a function may have 64 parameters, not 65"
    );
    assert!(
        reverse(&function, &all[..31]).is_err(),
        "every one is stored"
    );

    // A link of squares becomes three values, and one of sign flips two.
    let chain = |op: &str, links: usize| {
        let mut body = "v0 = load x\n".to_owned();
        for link in 0..links {
            body += &format!("v{} = {op}(v{link})\n", link + 1);
        }
        parse(
            "read_write x tensor\n",
            &format!("{body}\nstore x = v{links}\n"),
        )
    };
    let x = &all[..1];
    assert_eq!(
        forward(&chain("square", 500), x).unwrap_err().to_string(),
        "the derivative of `f` is too large: a function may have 1024 values, not 1502"
    );
    assert_eq!(
        forward(&chain("square", 340), x).unwrap().values().len(),
        1022
    );
    assert_eq!(forward(&chain("neg", 511), x).unwrap().values().len(), 1024);
}
