#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::{eliminate_common_subexpressions, eliminate_dead_code, optimise};
use crate::function::Function;

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
        "v0 = load a\nv1 = neg(v0)\nv2 = mul(v1, v1)\n\nstore c = v2\n",
    );
}
