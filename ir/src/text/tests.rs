#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::MAX_TEXT_BYTES;
use crate::function::{
    Access, Constant, Function, FunctionBuilder, MAX_NAME_LENGTH, MAX_PARAMETERS, MAX_VALUES,
};
use crate::ops::Op;
use crate::shape::Shape;

#[test]
fn text_has_one_printed_form() {
    let written = "# gradient descent\n  function descend # the name\nread g tensor\r\n\
                   read_write w tensor\n\tv0=load g\nv1 = load w\nv2 = constant 1.25e-1\n\
                   v3 = mul ( v2 ,v0 )\nv4 = sub(v1, v3)\nstore w=v4";
    let printed = "function descend\n\nread g tensor\nread_write w tensor\n\nv0 = load g\n\
                   v1 = load w\nv2 = constant 0.125\nv3 = mul(v2, v0)\nv4 = sub(v1, v3)\n\n\
                   store w = v4\n";
    let function = Function::parse(written).unwrap();
    assert_eq!(function.to_string(), printed);
    assert_eq!(Function::parse(printed), Ok(function));
}

#[test]
fn constants_lead_back_to_their_bits() {
    let bits = (0..=u32::MAX).step_by(1_048_573);
    let special = [
        0.0,
        -0.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        1e-45,
        f32::MAX,
    ];
    for constant in bits.map(f32::from_bits).chain(special).map(Constant::new) {
        let text = format!("function f\nv0 = constant {constant}");
        let function = Function::parse(&text).unwrap();
        let value = function.values().next().unwrap();
        assert_eq!(
            function.definition(value),
            &crate::function::Definition::Constant(constant),
            "{text}"
        );
    }
}

/// The longest text of any function must be one that is read back.
#[test]
fn the_longest_function_round_trips() {
    let mut builder = FunctionBuilder::new("f".repeat(MAX_NAME_LENGTH));
    let mut value = builder.constant(-1.175_494_4e-38);
    let longest = Op::all()
        .filter(|op| op.result_shape(&vec![Shape::Scalar; op.arity()]).is_ok())
        .max_by_key(|op| op.mnemonic().len() + op.arity() * 7)
        .unwrap();
    for _ in 1..MAX_VALUES {
        value = builder
            .apply(longest, &vec![value; longest.arity()])
            .unwrap();
    }
    for index in 0..MAX_PARAMETERS {
        let name = format!("{index:p>MAX_NAME_LENGTH$}");
        let parameter = builder
            .parameter(name, Shape::Tensor, Access::ReadWrite)
            .unwrap();
        builder.store(parameter, value).unwrap();
    }
    let function = builder.finish().unwrap();
    let text = function.to_string();
    assert!(text.len() <= MAX_TEXT_BYTES, "{} bytes", text.len());
    assert_eq!(Function::parse(&text), Ok(function));
}

#[test]
fn messages_say_where_and_what() {
    let head = "function f\nread a tensor\nwrite b scalar\n";
    let cases = [
        ("", "1:1: expected `function`, found the end of the line"),
        ("fun f", "1:1: expected `function`, found `fun`"),
        (
            "function f g",
            "1:12: expected the end of the line, found `g`",
        ),
        (
            "function 1f",
            "1:10: \"1f\" is no name: a name is at most 64 ASCII letters, digits and underscores, \
             and does not begin with a digit",
        ),
        (
            "function f\nbad",
            "2:1: expected `read`, `read_write`, `write`, a value or `store`, found `bad`",
        ),
        (
            "function f\n = 3",
            "2:2: expected `read`, `read_write`, `write`, a value or `store`, found `=`",
        ),
        (
            "function f\nread a",
            "2:7: expected `scalar`, `tensor`, `column`, `row`, `row_gram`, `column_gram`, `transposed`, \
             `transposed_column` or `transposed_row`, found the end of the line",
        ),
        (
            "function f\nread a matrix",
            "2:8: expected `scalar`, `tensor`, `column`, `row`, `row_gram`, `column_gram`, `transposed`, \
             `transposed_column` or `transposed_row`, found `matrix`",
        ),
        (
            "function f\nread a tensor\nwrite a tensor",
            "3:7: two parameters are named `a`",
        ),
        (
            "function f\nv1 = constant 1",
            "2:1: the next value is v0, not v1",
        ),
        (
            "function f\nv00 = constant 1",
            "2:1: expected `read`, `read_write`, `write`, a value or `store`, found `v00`",
        ),
        (
            "function f\nv0 constant 1",
            "2:4: expected `=`, found `constant`",
        ),
        (
            "function f\nv0 =",
            "2:5: expected `load`, `constant` or an op, found the end of the line",
        ),
        (
            "function f\nv0 = frobnicate(v0)",
            "2:6: there is no op `frobnicate`",
        ),
        (
            "function f\nv0 = load a",
            "2:11: there is no parameter `a` above",
        ),
        (
            "function f\nv0 = constant one",
            "2:15: `one` is no number: write decimal digits, `inf`, `-inf` or `nan`",
        ),
        (
            "function f\nv0 = constant infinity",
            "2:15: `infinity` is no number: write decimal digits, `inf`, `-inf` or `nan`",
        ),
        (
            "function f\nv0 = constant 1e39",
            "2:15: `1e39` is beyond the greatest binary32 number; write `inf` for infinity",
        ),
        (
            "function f\nv0 = constant 1 2",
            "2:17: expected the end of the line, found `2`",
        ),
        (
            "function f\nv0 = neg(v0)",
            "2:6: v0 is used before it is defined",
        ),
        (
            "function f\nv0 = constant 1\nv1 = neg(1)",
            "3:10: expected a value, found `1`",
        ),
        (
            "function f\nv0 = constant 1\nv1 = neg(v0",
            "3:12: expected `)`, found the end of the line",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(
            Function::parse(text).unwrap_err().to_string(),
            message,
            "{text}"
        );
    }
    let cases = [
        (
            "",
            "1:10: nothing is stored to parameter `b`, which is written",
        ),
        (
            "v0 = load b",
            "4:11: parameter `b` is only written and cannot be loaded",
        ),
        (
            "v0 = load a\nstore b = v0",
            "5:7: v0 is a tensor and cannot be stored to `b`, a scalar",
        ),
        (
            "v0 = load a\nstore a = v0",
            "5:7: parameter `a` is only read and cannot be stored to",
        ),
        (
            "v0 = constant 1\nstore b = v0\nstore b = v0",
            "6:7: parameter `b` has been stored to already",
        ),
        ("store b = v9", "4:7: v9 is used before it is defined"),
        ("store c = v9", "4:7: there is no parameter `c` above"),
        (
            "v0 = load a\nv1 = add(v0)",
            "5:6: v1: `add` takes 2 operands, not 1",
        ),
        (
            "v0 = load a\nv1 = neg(v0, v0, v0, v0)",
            "5:6: v1: `neg` takes 1 operand, not 4",
        ),
        (
            "v0 = constant 1\nv1 = sum(v0)",
            "5:6: v1: operand 1 of `sum` must be a tensor or another matrix, the same for all operands, \
             not a scalar",
        ),
    ];
    for (rest, message) in cases {
        let text = format!("{head}{rest}");
        assert_eq!(
            Function::parse(&text).unwrap_err().to_string(),
            message,
            "{text}"
        );
    }
    let long = " ".repeat(MAX_TEXT_BYTES + 1);
    assert_eq!(
        Function::parse(&long).unwrap_err().to_string(),
        "1:1: the text of a function may be 262144 bytes long, not 262145"
    );
    let mut many = String::from("function f\n");
    for index in 0..=MAX_VALUES {
        many += &format!("v{index} = constant 1\n");
    }
    assert_eq!(
        Function::parse(&many).unwrap_err().to_string(),
        "1026:1: a function may have 1024 values, not 1025"
    );
}
