//! Expressions over a function's values, as derivatives and composite ops are written.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::Op;
use crate::function::{Constant, Definition, FunctionBuilder, Operands, ParameterIndex, Value};
use crate::shape::{Dimension, Shape};

/// Adds values to a function under construction. There is a method for every op, named by its
/// mnemonic, so that a row of a table can state a formula as a nested expression. An expression that
/// is stated twice is one value.
pub(crate) struct Terms<'a> {
    /// In a cell, since the operands of a call are made while the call is.
    builder: RefCell<&'a mut FunctionBuilder>,
    /// What has been stated. Only looked up, never iterated.
    known: RefCell<FxHashMap<Definition, Value>>,
    /// The constants that binary32 rounds, before it does.
    #[cfg(any(test, feature = "random"))]
    rounded: RefCell<Vec<f64>>,
}

impl<'a> Terms<'a> {
    pub(crate) fn new(builder: &'a mut FunctionBuilder) -> Self {
        Self {
            builder: RefCell::new(builder),
            known: RefCell::new(FxHashMap::default()),
            #[cfg(any(test, feature = "random"))]
            rounded: RefCell::default(),
        }
    }

    /// The constants so far that binary32 rounds, before it does.
    #[cfg(any(test, feature = "random"))]
    pub(crate) fn rounded_constants(&self) -> Vec<f64> {
        self.rounded.borrow().clone()
    }

    /// The value of a definition: the one that has it already, or a new one.
    ///
    /// # Panics
    /// If the definition loads what is not read, or its op's type rule refuses the operands: a
    /// formula is written for the operands that its op takes.
    pub(crate) fn define(&self, definition: Definition) -> Value {
        let definition = definition.in_order();
        if let Some(&value) = self.known.borrow().get(&definition) {
            return value;
        }
        let mut builder = self.builder.borrow_mut();
        let defined = match &definition {
            Definition::Load(parameter) => builder.load(*parameter),
            Definition::Constant(constant) => Ok(builder.constant(constant.value())),
            Definition::Apply { op, operands } => builder.apply(*op, operands.as_slice()),
        };
        let value = match defined {
            Ok(value) => value,
            Err(error) => panic!("a formula does not fit its operands: {error}"),
        };
        self.known.borrow_mut().insert(definition, value);
        value
    }

    /// The result of an op.
    ///
    /// # Panics
    /// If the op's type rule refuses the operands.
    pub(crate) fn apply(&self, op: Op, operands: &[Value]) -> Value {
        match Operands::new(operands) {
            Some(operands) => self.define(Definition::Apply { op, operands }),
            None => panic!("`{op}` does not take {} operands", operands.len()),
        }
    }

    /// The content of a parameter at entry.
    ///
    /// # Panics
    /// If the parameter is only written, or does not exist.
    pub(crate) fn load(&self, parameter: ParameterIndex) -> Value {
        self.define(Definition::Load(parameter))
    }

    /// A constant scalar, rounded to binary32.
    pub(crate) fn constant(&self, value: impl Into<f64>) -> Value {
        let exact: f64 = value.into();
        let rounded = exact as f32;
        #[cfg(any(test, feature = "random"))]
        if f64::from(rounded) != exact && !exact.is_nan() {
            self.rounded.borrow_mut().push(exact);
        }
        self.define(Definition::Constant(Constant::new(rounded)))
    }

    /// 0.
    pub(crate) fn zero(&self) -> Value {
        self.constant(0.0)
    }

    /// 1.
    pub(crate) fn one(&self) -> Value {
        self.constant(1.0)
    }

    /// How a value comes about.
    pub(crate) fn definition(&self, value: Value) -> Definition {
        self.builder.borrow().definition(value)
    }

    /// The shape of a value.
    pub(crate) fn shape(&self, value: Value) -> Shape {
        self.builder.borrow().shape(value)
    }

    /// How many elements a tensor has. It is counted on the first value of the same shape, so that
    /// counting keeps no value alive that nothing else needs.
    pub(crate) fn number_of_elements(&self, tensor: Value) -> Value {
        let first = self.builder.borrow().first_of_shape(self.shape(tensor));
        self.count_of(first.unwrap_or(tensor))
    }

    /// `if_less` where a < b, `if_greater` where a > b, else `otherwise`, also for NaN.
    pub(crate) fn by_order(
        &self,
        a: Value,
        b: Value,
        if_less: Value,
        if_greater: Value,
        otherwise: Value,
    ) -> Value {
        let not_less = self.select(self.less(b, a), if_greater, otherwise);
        self.select(self.less(a, b), if_less, not_less)
    }

    /// 1 where a < b, ½ where they are equal or one is a NaN, else 0: the share of a in the
    /// derivative of the smaller of both.
    pub(crate) fn share_below(&self, a: Value, b: Value) -> Value {
        self.by_order(a, b, self.one(), self.zero(), self.constant(0.5))
    }

    /// For each element of a tensor, 0 if it differs from the scalar `b`, else what `of_share` makes
    /// of 1 divided by the number of those that are equal to it.
    pub(crate) fn share_of_equal(
        &self,
        a: Value,
        b: Value,
        of_share: impl FnOnce(Value) -> Value,
    ) -> Value {
        let equal = self.equal(a, b);
        let share = self.reciprocal(self.sum(equal));
        self.select(equal, of_share(share), self.zero())
    }

    /// How many rows a matrix has, as a scalar.
    pub(crate) fn number_of_rows(&self, matrix: Value) -> Value {
        let shape = self.shape(matrix);
        match (shape.rows(), shape.columns()) {
            (Dimension::One, _) => self.one(),
            (_, Dimension::One) => self.count_of(matrix),
            _ => self.count_of(self.row_sums(matrix)),
        }
    }

    /// How many columns a matrix has, as a scalar.
    pub(crate) fn number_of_columns(&self, matrix: Value) -> Value {
        let shape = self.shape(matrix);
        match (shape.rows(), shape.columns()) {
            (_, Dimension::One) => self.one(),
            (Dimension::One, _) => self.count_of(matrix),
            _ => self.div(self.count_of(matrix), self.number_of_rows(matrix)),
        }
    }

    /// For each element of a matrix, 0 if it differs from the number of its row in the column
    /// `maxima`, else 1 divided by the number of those in the row that are equal to it.
    pub(crate) fn shares_of_row_maxima(&self, a: Value, maxima: Value) -> Value {
        let equal = self.equal(a, self.broadcast_column(maxima, a));
        self.div(equal, self.broadcast_column(self.row_sums(equal), a))
    }

    /// For each element of a matrix, 0 if it differs from the number of its column in the row
    /// `maxima`, else 1 divided by the number of those in the column that are equal to it.
    pub(crate) fn shares_of_column_maxima(&self, a: Value, maxima: Value) -> Value {
        let equal = self.equal(a, self.broadcast_row(maxima, a));
        self.div(equal, self.broadcast_row(self.column_sums(equal), a))
    }

    /// The square root of a sum of squares. Where the sum is 0 it is handed on as it is, so that the
    /// derivative is that of the sum, 0, and not 0 times infinity.
    pub(crate) fn root_of_squares(&self, sum: Value) -> Value {
        self.select(sum, self.sqrt(sum), sum)
    }

    /// What sums, or takes the diagonal of, a matrix makes of it, where the op takes no scalar: a
    /// number is its own sum and diagonal.
    pub(crate) fn unless_scalar(&self, a: Value, op: impl FnOnce(&Self, Value) -> Value) -> Value {
        if self.shape(a).is_scalar() {
            a
        } else {
            op(self, a)
        }
    }

    /// Half the sum of a square matrix and its transpose.
    pub(crate) fn symmetric_part(&self, a: Value) -> Value {
        self.mul(self.constant(0.5), self.add(a, self.transpose(a)))
    }
}
