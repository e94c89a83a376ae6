#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::{
    eliminate_common_subexpressions, eliminate_dead_code, fold_constants, hoist, normalise,
    optimise, simplify, simplify_for_reading,
};
use crate::function::{Function, MAX_PARAMETERS, ParameterIndex};

const HEAD: &str = "function f\n\nread a tensor\nread b scalar\nwrite c tensor\n\n";

fn check(pass: fn(&Function) -> Function, before: &str, after: &str) {
    let before = Function::parse(&format!("{HEAD}{before}")).unwrap();
    assert_eq!(pass(&before).to_string(), format!("{HEAD}{after}"));
}

#[test]
fn equal_definitions_become_one_value() {
    check(
        eliminate_common_subexpressions,
        "v0 = load a\nv1 = load a\nv2 = load b\nv3 = constant 1.0\nv4 = constant 1.0\n\
         v5 = sub(v0, v3)\nv6 = sub(v1, v4)\nv7 = mul(v5, v6)\n\nstore c = v7\n",
        "v0 = load a\nv1 = load b\nv2 = constant 1.0\nv3 = sub(v0, v2)\nv4 = mul(v3, v3)\n\n\
         store c = v4\n",
    );
}

/// Two programs that differ in the order of a commuted operand are one; where the op does not
/// commute, they stay two.
#[test]
fn only_commuting_operands_are_put_in_order() {
    check(
        eliminate_common_subexpressions,
        "v0 = load a\nv1 = load b\nv2 = add(v1, v0)\nv3 = add(v0, v1)\nv4 = sub(v0, v1)\n\
         v5 = sub(v1, v0)\nv6 = clip(v1, v0, v1)\nv7 = clip(v0, v1, v1)\nv8 = select(v2, v3, v4)\n\
         v9 = select(v6, v7, v5)\nv10 = max(v9, v8)\n\nstore c = v10\n",
        "v0 = load a\nv1 = load b\nv2 = add(v0, v1)\nv3 = sub(v0, v1)\nv4 = sub(v1, v0)\n\
         v5 = clip(v0, v1, v1)\nv6 = select(v2, v2, v3)\nv7 = select(v5, v5, v4)\n\
         v8 = max(v6, v7)\n\nstore c = v8\n",
    );
}

#[test]
fn constants_are_one_by_their_bits() {
    check(
        eliminate_common_subexpressions,
        "v0 = constant 0.0\nv1 = constant -0.0\nv2 = constant nan\nv3 = constant nan\n\
         v4 = min(v0, v1)\nv5 = min(v2, v3)\nv6 = add(v4, v5)\n\nstore c = v6\n",
        "v0 = constant 0.0\nv1 = constant -0.0\nv2 = constant nan\nv3 = min(v0, v1)\n\
         v4 = min(v2, v2)\nv5 = add(v3, v4)\n\nstore c = v5\n",
    );
}

#[test]
fn what_no_store_depends_on_is_dropped_and_parameters_stay() {
    check(
        eliminate_dead_code,
        "v0 = load b\nv1 = load a\nv2 = sum(v1)\nv3 = add(v1, v0)\nv4 = square(v3)\nv5 = neg(v1)\n\n\
         store c = v5\n",
        "v0 = load a\nv1 = neg(v0)\n\nstore c = v1\n",
    );
}

#[test]
fn together_they_leave_one_of_each() {
    check(
        optimise,
        "v0 = load a\nv1 = neg(v0)\nv2 = load a\nv3 = neg(v2)\nv4 = norm(v3)\nv5 = mul(v1, v3)\n\n\
         store c = v5\n",
        "v0 = load a\nv1 = square(v0)\n\nstore c = v1\n",
    );
}

#[test]
fn constants_are_folded_to_the_bit_and_the_rest_stays() {
    check(
        fold_constants,
        "v0 = constant 0.1\nv1 = constant 0.2\nv2 = add(v0, v1)\nv3 = constant -0.0\n\
         v4 = sqrt(v3)\nv5 = log(v4)\nv6 = mul(v5, v3)\nv7 = load b\nv8 = max(v7, v6)\n\
         v9 = sub(v2, v8)\nv10 = div(v4, v9)\n\nstore c = v10\n",
        "v0 = constant 0.1\nv1 = constant 0.2\nv2 = constant 0.3\nv3 = constant -0.0\n\
         v4 = constant -0.0\nv5 = constant -inf\nv6 = constant nan\nv7 = load b\n\
         v8 = max(v7, v6)\nv9 = sub(v2, v8)\nv10 = div(v4, v9)\n\nstore c = v10\n",
    );
}

#[test]
fn rules_apply_to_what_rules_have_made() {
    check(
        |function| eliminate_dead_code(&simplify(function)),
        // −(−b / 4) · 1 − (−a)
        "v0 = load b\nv1 = neg(v0)\nv2 = constant 4.0\nv3 = div(v1, v2)\nv4 = neg(v3)\n\
         v5 = constant 1.0\nv6 = mul(v5, v4)\nv7 = load a\nv8 = neg(v7)\nv9 = sub(v6, v8)\n\n\
         store c = v9\n",
        "v0 = load b\nv1 = constant 0.25\nv2 = mul(v0, v1)\nv3 = load a\nv4 = add(v2, v3)\n\n\
         store c = v4\n",
    );
}

/// `select(a, b, b)` is b for each element of a. A reduction needs it for each, and nothing else does.
#[test]
fn a_shape_is_lost_only_where_nothing_needs_it() {
    let shaped = "v0 = load a\nv1 = load b\nv2 = select(v0, v1, v1)\nv3 = exp(v2)\nv4 = sum(v3)\n\n\
                  store c = v4\n";
    check(optimise, shaped, shaped);
    check(
        optimise,
        "v0 = load a\nv1 = load b\nv2 = select(v0, v1, v1)\nv3 = exp(v2)\n\nstore c = v3\n",
        "v0 = load b\nv1 = exp(v0)\n\nstore c = v1\n",
    );
    // What needs it may be dead, or die on the way.
    check(
        optimise,
        "v0 = load a\nv1 = load b\nv2 = select(v0, v1, v1)\nv3 = sum(v2)\nv4 = constant 2.0\n\
         v5 = select(v4, v2, v3)\nv6 = norm(v2)\n\nstore c = v5\n",
        "v0 = load b\n\nstore c = v0\n",
    );
    // The difference of a tensor's elements and themselves is 0 for each, also on paper.
    let zeros = "v0 = load a\nv1 = sub(v0, v0)\nv2 = mean(v1)\n\nstore c = v2\n";
    let zeros = Function::parse(&format!("{HEAD}{zeros}")).unwrap();
    assert_eq!(simplify_for_reading(&zeros).function, zeros);
}

#[test]
fn forms_that_are_equal_to_the_bit_become_one() {
    let normal = |text: &str| normalise(&Function::parse(&format!("{HEAD}{text}")).unwrap());
    let all = [
        // −a − b · 0.5
        "v0 = load a\nv1 = load b\nv2 = neg(v0)\nv3 = constant 0.5\nv4 = mul(v1, v3)\n\
         v5 = sub(v2, v4)\n\nstore c = v5\n",
        "v0 = load b\nv1 = constant -2.0\nv2 = div(v0, v1)\nv3 = load a\nv4 = sub(v2, v3)\n\n\
         store c = v4\n",
        "v0 = load a\nv1 = load b\nv2 = neg(v0)\nv3 = neg(v1)\nv4 = constant 0.5\n\
         v5 = mul(v4, v3)\nv6 = add(v5, v2)\nv7 = constant inf\nv8 = min(v6, v7)\n\n\
         store c = v8\n",
    ]
    .map(normal);
    // They differ in the order of definition at most, which the text of their stores does not show.
    let ops = |function: &Function| {
        let text = function.to_string();
        let mut ops: Vec<String> = text
            .split_whitespace()
            .filter(|word| word.contains('(') || word.contains('.'))
            .map(|word| word.split('(').next().unwrap().to_owned())
            .collect();
        ops.sort();
        ops
    };
    assert_eq!(ops(&all[0]), ["0.5", "add", "mul", "neg", "neg"]);
    assert_eq!(ops(&all[1]), ops(&all[0]));
    assert_eq!(ops(&all[2]), ops(&all[0]));
}

#[test]
fn a_reading_says_which_rules_are_not_exact() {
    let read =
        |text: &str| simplify_for_reading(&Function::parse(&format!("{HEAD}{text}")).unwrap());
    let reading = read(
        "v0 = load a\nv1 = exp(v0)\nv2 = log(v1)\nv3 = constant 3.0\nv4 = mul(v2, v3)\n\
         v5 = constant 5.0\nv6 = mul(v5, v4)\nv7 = sub(v3, v3)\nv8 = add(v6, v7)\n\
         v9 = reciprocal(v3)\nv10 = reciprocal(v9)\n\nstore c = v8\n",
    );
    let expected = "v0 = load a\nv1 = constant 15.0\nv2 = mul(v0, v1)\n\nstore c = v2\n";
    assert_eq!(reading.function.to_string(), format!("{HEAD}{expected}"));
    let lines: Vec<&str> = reading.inexact.iter().map(|rule| rule.line()).collect();
    let expected = [
        "log(exp(?a)) => ?a",
        "mul(mul(?a, #k), #l) => mul(?a, mul(#k, #l))",
        "add(?a, 0.0) => ?a",
    ];
    assert_eq!(lines, expected);
    let exact = read("v0 = load a\nv1 = neg(v0)\nv2 = abs(v1)\n\nstore c = v2\n");
    assert!(exact.inexact.is_empty());
    assert_eq!(exact.function.values().len(), 2);
}

/// With as many values as there can be, there is no place for a constant that a rule makes.
#[test]
fn a_function_of_the_greatest_length_keeps_its_length() {
    let mut body =
        "v0 = load a\nv1 = constant 4.0\nv2 = add(v0, v1)\nv3 = div(v2, v1)\n".to_owned();
    for value in 4..1024 {
        body += &format!("v{value} = exp(v{})\n", value - 1);
    }
    let text = format!("{HEAD}{body}\nstore c = v1023\n");
    let function = Function::parse(&text).unwrap();
    assert_eq!(optimise(&function), function);
    assert_eq!(normalise(&function), function);
}

#[test]
fn what_does_not_change_is_hoisted_if_it_is_worth_it() {
    let function = Function::parse(
        "function f\n\nread a tensor\nread b scalar\nread hoisted_v6 scalar\nread_write c tensor\n\n\
         v0 = load a\nv1 = load b\nv2 = load c\nv3 = add(v0, v1)\nv4 = exp(v0)\nv5 = sqrt(v1)\n\
         v6 = mul(v5, v5)\nv7 = mul(v3, v4)\nv8 = add(v2, v7)\nv9 = mul(v8, v6)\nv10 = sub(v9, v3)\n\
         v11 = constant 2.0\nv12 = mul(v10, v11)\nv13 = mul(v12, v1)\n\nstore c = v13\n",
    )
    .unwrap();
    let hoisted = hoist(&function, |parameter| {
        ["a", "b"].contains(&&*parameter.name)
    });
    assert_eq!(
        hoisted.prologue.to_string(),
        "function f\n\nread a tensor\nread b scalar\nwrite hoisted_v6_1 scalar\n\
         write hoisted_v7 tensor\n\n\
         v0 = load a\nv1 = load b\nv2 = add(v0, v1)\nv3 = exp(v0)\nv4 = sqrt(v1)\n\
         v5 = mul(v4, v4)\nv6 = mul(v2, v3)\n\nstore hoisted_v6_1 = v5\nstore hoisted_v7 = v6\n",
    );
    // An addition is done again, as reading its result would take as long.
    assert_eq!(
        hoisted.body.to_string(),
        "function f\n\nread a tensor\nread b scalar\nread hoisted_v6 scalar\nread_write c tensor\n\
         read hoisted_v6_1 scalar\nread hoisted_v7 tensor\n\n\
         v0 = load hoisted_v6_1\nv1 = load hoisted_v7\nv2 = load a\nv3 = load b\nv4 = load c\n\
         v5 = add(v2, v3)\nv6 = add(v4, v1)\nv7 = mul(v6, v0)\nv8 = sub(v7, v5)\n\
         v9 = constant 2.0\nv10 = mul(v8, v9)\nv11 = mul(v10, v3)\n\nstore c = v11\n",
    );
    assert_eq!(hoisted.count, 2);
    assert_eq!(hoisted.unchanging, [0, 1].map(ParameterIndex::new));
    // What the function writes changes, and without b and a, nothing else does not.
    let nothing = hoist(&function, |parameter| parameter.name == "c");
    assert_eq!((nothing.count, nothing.body), (0, function));
    assert_eq!(nothing.prologue.parameters(), []);
}

#[test]
fn hoisting_keeps_to_the_number_of_parameters() {
    let mut text =
        "function f\n\nread a scalar\nread_write c scalar\n\nv0 = load a\nv1 = load c\n".to_owned();
    for value in (2..202).step_by(2) {
        text += &format!(
            "v{value} = exp(v0)\nv{} = add(v{}, v{value})\n",
            value + 1,
            value - 1
        );
    }
    text += "\nstore c = v201\n";
    let hoisted = hoist(&Function::parse(&text).unwrap(), |_| true);
    assert_eq!(hoisted.body.parameters().len(), MAX_PARAMETERS);
    assert_eq!(hoisted.count, MAX_PARAMETERS - 2);
}
