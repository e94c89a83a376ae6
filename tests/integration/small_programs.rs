//! All programs of a few instructions, and what they do by the meaning of ops alone.

use mlevolve_ir::lanes::ScalarLanes;
use mlevolve_ir::ops::{ElementwiseOp, Op};

/// What a cell holds in a program made by [`small_programs`].
#[derive(Clone)]
struct Held {
    cell: &'static str,
    /// The expression, with commuting operands in order.
    expression: String,
    /// The numbers for each pair of weight and gradient.
    numbers: Vec<f32>,
}

/// A program, and what it does by definition.
pub(crate) struct Small {
    pub(crate) body: String,
    pub(crate) expression: String,
    /// The weight after one step.
    pub(crate) bits: Vec<u32>,
}

/// Every program of three instructions of these ops over weight and gradient, up to the order of
/// commuting operands.
pub(crate) fn small_programs(ops: &str) -> Vec<Small> {
    let numbers = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.3,
        -2.7,
        f32::MAX,
        f32::MIN,
        1e-45,
        -1e-40,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        1e20,
        3e-30,
        0.77,
        12_345.678,
    ];
    let first = numbers.iter().flat_map(|&w| [w; 17]).collect::<Vec<f32>>();
    let second = numbers.iter().cycle().copied().take(first.len()).collect();
    let held = [("w", first.clone()), ("g", second)].map(|(cell, numbers)| Held {
        cell,
        expression: cell.to_owned(),
        numbers,
    });
    let mut programs = vec![(String::new(), held.to_vec())];
    for cell in ["t", "u", "delta"] {
        let longer = |(body, held): &(String, Vec<Held>)| {
            let ops = ElementwiseOp::ALL.iter().filter(|op| {
                ops.split(' ')
                    .any(|word| word == Op::Elementwise(**op).mnemonic())
            });
            let with = |op: &ElementwiseOp| {
                choices(*op, held.len())
                    .into_iter()
                    .map(|operands| with_instruction(body, held, cell, *op, &operands))
                    .collect::<Vec<_>>()
            };
            ops.flat_map(with).collect::<Vec<_>>()
        };
        programs = programs.iter().flat_map(longer).collect();
    }
    let small = programs.into_iter().map(|(body, held)| {
        let delta = held.last().unwrap();
        let moved = first.iter().zip(&delta.numbers).map(|(w, delta)| w + delta);
        let bits = moved.map(|w| if w.is_nan() { f32::NAN } else { w }.to_bits());
        Small {
            body,
            expression: delta.expression.clone(),
            bits: bits.collect(),
        }
    });
    small.collect()
}

/// The operands that an op can have among so many cells, up to the order of commuting ones.
fn choices(op: ElementwiseOp, cells: usize) -> Vec<Vec<usize>> {
    let arity = Op::Elementwise(op).arity();
    let all = (0..cells.pow(arity as u32)).map(|choice| {
        let digit = |place: usize| choice / cells.pow(place as u32) % cells;
        (0..arity).map(digit).collect::<Vec<usize>>()
    });
    let is_first =
        |operands: &Vec<usize>| !Op::Elementwise(op).commutes() || operands[0] <= operands[1];
    all.filter(is_first).collect()
}

fn with_instruction(
    body: &str,
    held: &[Held],
    cell: &'static str,
    op: ElementwiseOp,
    operands: &[usize],
) -> (String, Vec<Held>) {
    let word = Op::Elementwise(op).mnemonic();
    let cells: Vec<&str> = operands.iter().map(|&operand| held[operand].cell).collect();
    let expressions = operands
        .iter()
        .map(|&operand| held[operand].expression.as_str());
    let mut expressions: Vec<&str> = expressions.collect();
    if Op::Elementwise(op).commutes() {
        expressions[..2].sort_unstable();
    }
    let at = |place: usize| {
        let numbers = operands.iter().map(|&operand| held[operand].numbers[place]);
        op.evaluate(&ScalarLanes, &numbers.collect::<Vec<f32>>())
    };
    let mut longer = held.to_vec();
    longer.push(Held {
        cell,
        expression: format!("{word}({})", expressions.join(", ")),
        numbers: (0..held[0].numbers.len()).map(at).collect(),
    });
    let body = format!("{body}{cell} = {word}({})\n", cells.join(", "));
    (body, longer)
}
