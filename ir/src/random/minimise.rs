//! Findings made small.

use super::case::{Case, length};
use super::check::{Check, Finding};
use crate::function::{Access, Constant, Definition, Function, Tables, Value};
use crate::passes::eliminate_dead_code;
use crate::shape::{Dimensions, Shape};

/// The most cases that are tried.
const MOST_TRIALS: usize = 600;

struct Search {
    check: Check,
    smallest: Case,
    what: String,
    trials_left: usize,
}

/// A finding of the same check in a case that is as small as a greedy search makes it: dead values,
/// parameters, values that another can stand for, dimensions and inputs are taken away as long as
/// the check still finds something.
pub(super) fn minimised(finding: Finding) -> Finding {
    let mut search = Search {
        check: finding.check,
        smallest: finding.case,
        what: finding.what,
        trials_left: MOST_TRIALS,
    };
    loop {
        let before = search.smallest.clone();
        search.shrink_function();
        search.shrink_dimensions();
        search.shrink_inputs();
        if search.smallest == before || search.trials_left == 0 {
            break;
        }
    }
    Finding {
        check: search.check,
        what: search.what,
        case: search.smallest,
    }
}

impl Search {
    /// Takes the case if the check still finds something.
    fn takes(&mut self, case: Case) -> bool {
        if self.trials_left == 0 || case == self.smallest {
            return false;
        }
        self.trials_left -= 1;
        match self.check.run(&case) {
            Ok(()) => false,
            Err(what) => {
                self.smallest = case;
                self.what = what;
                true
            }
        }
    }

    fn takes_function(&mut self, function: Function) -> bool {
        let case = Case {
            function,
            ..self.smallest.clone()
        };
        self.takes(case)
    }

    fn takes_tables(&mut self, tables: Tables) -> bool {
        let Ok(function) = tables.verified() else {
            return false;
        };
        self.takes_function(eliminate_dead_code(&function))
    }

    fn shrink_function(&mut self) {
        self.takes_function(eliminate_dead_code(&self.smallest.function));
        for index in (0..self.smallest.function.parameters().len()).rev() {
            self.drop_parameter(index);
        }
        let mut index = self.smallest.function.values().len();
        while index > 0 {
            index = index.min(self.smallest.function.values().len()) - 1;
            self.drop_value(Value::new(index));
        }
    }

    fn drop_parameter(&mut self, index: usize) {
        let mut tables = Tables::of(&self.smallest.function);
        if let Some(tables) = tables.clone().without_parameter(index)
            && let Ok(function) = tables.verified()
        {
            let mut case = Case {
                function: eliminate_dead_code(&function),
                ..self.smallest.clone()
            };
            case.inputs.remove(index);
            self.takes(case);
        } else if tables.stores[index].take().is_some() {
            tables.parameters[index].access = Access::Read;
            self.takes_tables(tables);
        }
    }

    /// Lets an earlier value or a constant stand for a value.
    fn drop_value(&mut self, value: Value) {
        let function = &self.smallest.function;
        let shape = function.shape(value);
        let fits = |&earlier: &Value| function.shape(earlier) == shape;
        let earlier: Vec<Value> = function.values().take(value.index()).filter(fits).collect();
        // First the first, which need the least, then the operands.
        let operands = function.definition(value).operands().iter().copied();
        let operands = operands.filter(|operand| function.shape(*operand) == shape);
        let candidates: Vec<Value> = earlier.into_iter().take(2).chain(operands).collect();
        let is_computed = !function.definition(value).operands().is_empty();
        let tables = Tables::of(function);
        for candidate in candidates {
            let mut tables = tables.clone();
            tables.replace(value, candidate);
            if self.takes_tables(tables) {
                return;
            }
        }
        if shape == Shape::Scalar && is_computed {
            let mut tables = tables;
            tables.definitions[value.index()] = Definition::Constant(Constant::new(1.0));
            self.takes_tables(tables);
        }
    }

    fn shrink_dimensions(&mut self) {
        let Dimensions { rows, columns } = self.smallest.dimensions;
        for (rows, columns) in [
            (1, 1),
            (1, columns),
            (rows, 1),
            (1, 2),
            (2, 1),
            (2, 2),
            (rows.div_ceil(2), columns),
            (rows, columns.div_ceil(2)),
            (rows.max(2) - 1, columns),
            (rows, columns.max(2) - 1),
        ] {
            let Case {
                function, inputs, ..
            } = &self.smallest;
            let dimensions = Dimensions::new(rows, columns);
            if rows * columns >= self.smallest.dimensions.rows * self.smallest.dimensions.columns {
                continue;
            }
            let inputs = function.parameters().iter().zip(inputs);
            let inputs = inputs.map(|(parameter, numbers)| {
                let length = length(parameter.shape, dimensions);
                numbers.iter().copied().cycle().take(length).collect()
            });
            let case = Case {
                inputs: inputs.collect(),
                function: function.clone(),
                dimensions,
            };
            self.takes(case);
        }
    }

    /// Lets one number stand for all numbers of a parameter.
    fn shrink_inputs(&mut self) {
        for index in 0..self.smallest.inputs.len() {
            let numbers = &self.smallest.inputs[index];
            let first = numbers[0];
            if numbers
                .iter()
                .all(|number| number.to_bits() == 1.0f32.to_bits())
            {
                continue;
            }
            for number in [1.0, first] {
                let mut case = self.smallest.clone();
                case.inputs[index].fill(number);
                if self.takes(case) {
                    break;
                }
            }
        }
    }
}
