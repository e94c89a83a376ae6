//! Functions changed without regard to what makes a function valid.

use std::fmt;

use rand::{Rng, RngExt};

use super::difficult_number;
use super::panics::caught;
use crate::function::{
    Access, Constant, Definition, Function, Operands, ParameterIndex, Tables, Value, VerifyError,
};
use crate::ops::{MAX_ARITY, Op};
use crate::shape::Shape;

/// What is left of a function after random changes to its definitions, operands, shapes, stores and
/// parameters. It is none before the verifier has seen it.
#[derive(Clone)]
pub struct Mutant(Tables);

impl Mutant {
    /// Makes a few changes, most of which break something.
    #[must_use]
    pub fn of(function: &Function, rng: &mut impl Rng) -> Self {
        let mut tables = Tables::of(function);
        for _ in 0..rng.random_range(1..=4) {
            change(&mut tables, rng);
        }
        Self(tables)
    }

    /// The function, if it is one.
    ///
    /// # Errors
    /// What the verifier has against it.
    ///
    /// # Panics
    /// If the verifier panics, with the mutant's tables.
    pub fn verified(self) -> Result<Function, VerifyError> {
        let tables = self.0.clone();
        match caught(|| self.0.verified()) {
            Ok(verified) => verified,
            Err(message) => panic!("the verifier panics: {message}\n{tables:#?}"),
        }
    }
}

impl fmt::Debug for Mutant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A random element's position; `None` if there is none.
fn place<T>(table: &[T], rng: &mut impl Rng) -> Option<usize> {
    (!table.is_empty()).then(|| rng.random_range(0..table.len()))
}

/// A value that may exist, be the next one, or be nowhere near.
fn any_value(tables: &Tables, rng: &mut impl Rng) -> Value {
    let known = u32::try_from(tables.definitions.len()).unwrap_or(u32::MAX);
    Value::from_number(match rng.random_range(0..16) {
        0 => u32::MAX,
        1 => rng.random_range(0..=u32::MAX),
        2 => known,
        _ => rng.random_range(0..=known),
    })
}

fn any_parameter(tables: &Tables, rng: &mut impl Rng) -> ParameterIndex {
    ParameterIndex::new(rng.random_range(0..tables.parameters.len() + 2))
}

fn any_op(rng: &mut impl Rng) -> Op {
    let count = Op::all().count();
    let mut ops = Op::all().skip(rng.random_range(0..count));
    match ops.next() {
        Some(op) => op,
        None => unreachable!("there are {count} ops"),
    }
}

fn any_definition(tables: &Tables, rng: &mut impl Rng) -> Definition {
    match rng.random_range(0..4) {
        0 => Definition::Constant(Constant::new(difficult_number(rng))),
        1 => Definition::Load(any_parameter(tables, rng)),
        _ => {
            let op = any_op(rng);
            let arity = match rng.random_range(0..8) {
                0 => rng.random_range(0..=MAX_ARITY),
                _ => op.arity(),
            };
            let operands: Vec<Value> = (0..arity).map(|_| any_value(tables, rng)).collect();
            match Operands::new(&operands) {
                Some(operands) => Definition::Apply { op, operands },
                None => unreachable!("{MAX_ARITY} operands fit"),
            }
        }
    }
}

fn any_shape(rng: &mut impl Rng) -> Shape {
    Shape::ALL[rng.random_range(0..Shape::ALL.len())]
}

fn any_name(tables: &Tables, rng: &mut impl Rng) -> String {
    match rng.random_range(0..4) {
        0 => String::new(),
        1 => "9 ä".to_owned(),
        2 => "n".repeat(rng.random_range(60..70)),
        _ => match place(&tables.parameters, rng) {
            Some(index) => tables.parameters[index].name.clone(),
            None => "name".to_owned(),
        },
    }
}

/// Makes one change, if there is what it is made to.
fn change(tables: &mut Tables, rng: &mut impl Rng) {
    let (value, parameter) = (
        place(&tables.definitions, rng),
        place(&tables.parameters, rng),
    );
    match (rng.random_range(0..16), value, parameter) {
        (0..3, Some(value), _) => tables.definitions[value] = any_definition(tables, rng),
        (3..6, Some(value), _) => {
            let new = any_value(tables, rng);
            if let Definition::Apply { operands, .. } = &mut tables.definitions[value]
                && let Some(position) = place(operands.as_slice(), rng)
            {
                operands.as_mut_slice()[position] = new;
            }
        }
        (6, Some(value), _) => {
            if let Definition::Apply { op, .. } = &mut tables.definitions[value] {
                *op = any_op(rng);
            }
        }
        (7, Some(value), _) if value < tables.shapes.len() => {
            tables.shapes[value] = any_shape(rng);
        }
        (8, Some(value), _) => {
            let other = rng.random_range(0..tables.definitions.len());
            tables.definitions.swap(value, other);
        }
        (9, Some(value), _) => {
            tables.definitions.remove(value);
            if value < tables.shapes.len() && rng.random_bool(0.8) {
                tables.shapes.remove(value);
            }
        }
        (10, _, _) => {
            let definition = any_definition(tables, rng);
            tables.definitions.push(definition);
            if rng.random_bool(0.9) {
                tables.shapes.push(any_shape(rng));
            }
        }
        (11 | 12, _, Some(parameter)) if parameter < tables.stores.len() => {
            tables.stores[parameter] = match rng.random_range(0..4) {
                0 => None,
                _ => Some(any_value(tables, rng)),
            };
        }
        (13, _, Some(parameter)) => {
            tables.parameters[parameter].shape = any_shape(rng);
        }
        (14, _, Some(parameter)) => {
            let access = Access::ALL[rng.random_range(0..Access::ALL.len())];
            tables.parameters[parameter].access = access;
        }
        (15, _, Some(parameter)) => match rng.random_range(0..5) {
            0 => tables.name = any_name(tables, rng),
            1 => tables.parameters[parameter].name = any_name(tables, rng),
            2 => {
                tables.stores.pop();
            }
            3 => {
                tables.parameters.remove(parameter);
                if rng.random_bool(0.8) && parameter < tables.stores.len() {
                    tables.stores.remove(parameter);
                }
            }
            _ => {
                let copy = tables.parameters[parameter].clone();
                let copies = rng.random_range(1..=crate::function::MAX_PARAMETERS);
                tables.parameters.extend(std::iter::repeat_n(copy, copies));
            }
        },
        _ => {}
    }
}
