//! The vocabularies of two earlier searches, and what each of their functions is here.
//!
//! A search finds nothing that its ops cannot say. So that results can be compared, everything that
//! those searches could say can be said here: each of their functions is a row, with an expression of
//! ops that stands for it and, where it does not mean quite the same, the difference.
//!
//! | | functions | counted as |
//! |---|---|---|
//! | Lion (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms") | 45 | 3 constants, 30 of one operand, 6 that optimizers are made of, 6 of two operands |
//! | AutoML-Zero (Real et al. 2020) | 65 | 20 on scalars, 12 on vectors, 12 on matrices, 20 across types, and the one that does nothing |
//!
//! Lion's functions take tensors of any shape. AutoML-Zero's vectors have *F* elements and its matrices
//! are *F* × *F*: here they are a [column](Shape::Column) and a [row Gram matrix](Shape::RowGram) of a
//! parameter tensor of *F* rows. Its numbers are binary64, as ours are not.

use crate::function::{Access, BuildError, Function, FunctionBuilder, Value};
use crate::ops::Op;
use crate::shape::Shape;

/// What the programs of an earlier search were made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    /// The word for it on command lines.
    pub keyword: &'static str,
    /// Whose it is, and where it was published.
    pub title: &'static str,
    /// How its values are represented here.
    pub values: &'static str,
    /// Its functions.
    pub groups: &'static [Group],
}

/// Functions that go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they have in common.
    pub title: &'static str,
    /// The functions.
    pub functions: &'static [Counterpart],
}

/// A function of an earlier search, and what stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counterpart {
    /// Its name there.
    pub name: &'static str,
    /// What stands for it: ops' mnemonics, operands' names and numbers.
    pub expression: &'static str,
    /// The names and shapes of the operands.
    pub operands: &'static [(&'static str, Shape)],
    /// The shape of the result.
    pub result: Shape,
    /// How the meaning differs, or what has to be known beside the expression; else empty.
    pub note: &'static str,
}

macro_rules! functions {
    ($(
        $name:literal = $expression:literal,
            ($($operand:ident: $shape:ident),*) -> $result:ident $(, $note:literal)?;
    )+) => {
        &[$(Counterpart {
            name: $name,
            expression: $expression,
            operands: &[$((stringify!($operand), Shape::$shape)),*],
            result: Shape::$result,
            note: concat!($($note)?),
        }),+]
    };
}

/// Lion's functions.
pub const LION: Vocabulary = Vocabulary {
    keyword: "lion",
    title: "Lion (Chen et al. 2023)",
    values: "Its functions take tensors of any shape, and scalars.",
    groups: &[
        Group {
            title: "Constants",
            functions: functions! {
                "pi" = "3.1415927", () -> Scalar, "a `constant` cell";
                "e" = "2.7182817", () -> Scalar, "a `constant` cell";
                "epsilon" = "1e-8", () -> Scalar, "a `constant` cell";
            },
        },
        Group {
            title: "Of one operand",
            functions: functions! {
                "abs" = "abs(a)", (a: Tensor) -> Tensor;
                "sin" = "sin(a)", (a: Tensor) -> Tensor;
                "cos" = "cos(a)", (a: Tensor) -> Tensor;
                "tan" = "tan(a)", (a: Tensor) -> Tensor;
                "arcsin" = "asin(a)", (a: Tensor) -> Tensor;
                "arccos" = "acos(a)", (a: Tensor) -> Tensor;
                "arctan" = "atan(a)", (a: Tensor) -> Tensor;
                "sinh" = "sinh(a)", (a: Tensor) -> Tensor;
                "cosh" = "cosh(a)", (a: Tensor) -> Tensor;
                "tanh" = "tanh(a)", (a: Tensor) -> Tensor;
                "arcsinh" = "asinh(a)", (a: Tensor) -> Tensor;
                "arccosh" = "acosh(a)", (a: Tensor) -> Tensor;
                "arctanh" = "atanh(a)", (a: Tensor) -> Tensor;
                "exp" = "exp(a)", (a: Tensor) -> Tensor;
                "exp2" = "exp2(a)", (a: Tensor) -> Tensor;
                "exp10" = "exp10(a)", (a: Tensor) -> Tensor;
                "expm1" = "expm1(a)", (a: Tensor) -> Tensor;
                "log" = "log(abs(a))", (a: Tensor) -> Tensor, "guarded there, of |a|";
                "log10" = "log10(a)", (a: Tensor) -> Tensor;
                "log2" = "log2(a)", (a: Tensor) -> Tensor;
                "log1p" = "log1p(a)", (a: Tensor) -> Tensor;
                "square" = "square(a)", (a: Tensor) -> Tensor;
                "sqrt" = "sqrt(abs(a))", (a: Tensor) -> Tensor, "guarded there, of |a|";
                "cube" = "cube(a)", (a: Tensor) -> Tensor;
                "cbrt" = "cbrt(a)", (a: Tensor) -> Tensor;
                "sign" = "sign(a)", (a: Tensor) -> Tensor;
                "reciprocal" = "reciprocal(a)", (a: Tensor) -> Tensor;
                "norm" = "norm(a)", (a: Tensor) -> Scalar;
                "invert" = "div(1.0, add(a, 1e-8))", (a: Tensor) -> Tensor, "taken as 1 / a with the guard of ÷: no op inverts bits";
                "negative" = "neg(a)", (a: Tensor) -> Tensor;
            },
        },
        Group {
            title: "What optimizers are made of",
            functions: functions! {
                "global norm" = "norm(a)", (a: Tensor) -> Scalar, "of one tensor: a program sees one at a time";
                "interpolate" = "lerp(a, b, c)", (a: Tensor, b: Tensor, c: Scalar) -> Tensor;
                "dot" = "dot(a, b)", (a: Tensor, b: Tensor) -> Scalar;
                "cosine similarity" = "cosine(a, b)", (a: Tensor, b: Tensor) -> Scalar;
                "clip by global norm" = "clip_norm(a, b)", (a: Tensor, b: Scalar) -> Tensor, "by the norm of one tensor, as above";
                "power" = "pow(a, b)", (a: Tensor, b: Tensor) -> Tensor, "NaN for a < 0, also where b is a whole number";
            },
        },
        Group {
            title: "Of two operands",
            functions: functions! {
                "+" = "add(a, b)", (a: Tensor, b: Tensor) -> Tensor;
                "−" = "sub(a, b)", (a: Tensor, b: Tensor) -> Tensor;
                "×" = "mul(a, b)", (a: Tensor, b: Tensor) -> Tensor;
                "÷" = "div(a, add(b, 1e-8))", (a: Tensor, b: Tensor) -> Tensor, "guarded there, by 1e-8";
                "max" = "max(a, b)", (a: Tensor, b: Tensor) -> Tensor;
                "min" = "min(a, b)", (a: Tensor, b: Tensor) -> Tensor;
            },
        },
    ],
};

/// AutoML-Zero's ops.
pub const AUTOML_ZERO: Vocabulary = Vocabulary {
    keyword: "automl-zero",
    title: "AutoML-Zero (Real et al. 2020)",
    values: "A vector is a column and a matrix a row_gram, of a parameter tensor of F rows. Random numbers are the \
             same for the same `seed` and `step`.",
    groups: &[
        Group {
            title: "On scalars",
            functions: functions! {
                "sum" = "add(a, b)", (a: Scalar, b: Scalar) -> Scalar;
                "difference" = "sub(a, b)", (a: Scalar, b: Scalar) -> Scalar;
                "product" = "mul(a, b)", (a: Scalar, b: Scalar) -> Scalar;
                "division" = "div(a, b)", (a: Scalar, b: Scalar) -> Scalar;
                "minimum" = "min(a, b)", (a: Scalar, b: Scalar) -> Scalar;
                "maximum" = "max(a, b)", (a: Scalar, b: Scalar) -> Scalar;
                "abs" = "abs(a)", (a: Scalar) -> Scalar;
                "heaviside" = "heaviside(a)", (a: Scalar) -> Scalar;
                "reciprocal" = "reciprocal(a)", (a: Scalar) -> Scalar;
                "sin" = "sin(a)", (a: Scalar) -> Scalar;
                "cos" = "cos(a)", (a: Scalar) -> Scalar;
                "tan" = "tan(a)", (a: Scalar) -> Scalar;
                "arcsin" = "asin(a)", (a: Scalar) -> Scalar;
                "arccos" = "acos(a)", (a: Scalar) -> Scalar;
                "arctan" = "atan(a)", (a: Scalar) -> Scalar;
                "exp" = "exp(a)", (a: Scalar) -> Scalar;
                "log" = "log(a)", (a: Scalar) -> Scalar;
                "constant" = "0.5", () -> Scalar, "any number: a `constant` cell";
                "uniform" = "lerp(low, high, uniform(seed, step, low))", (low: Scalar, high: Scalar, seed: Scalar, step: Scalar) -> Scalar;
                "gaussian" = "fma(normal(seed, step, mean), deviation, mean)", (mean: Scalar, deviation: Scalar, seed: Scalar, step: Scalar) -> Scalar;
            },
        },
        Group {
            title: "On vectors",
            functions: functions! {
                "vector sum" = "add(a, b)", (a: Column, b: Column) -> Column;
                "vector difference" = "sub(a, b)", (a: Column, b: Column) -> Column;
                "vector product" = "mul(a, b)", (a: Column, b: Column) -> Column;
                "vector division" = "div(a, b)", (a: Column, b: Column) -> Column;
                "vector minimum" = "min(a, b)", (a: Column, b: Column) -> Column;
                "vector maximum" = "max(a, b)", (a: Column, b: Column) -> Column;
                "vector abs" = "abs(a)", (a: Column) -> Column;
                "vector heaviside" = "heaviside(a)", (a: Column) -> Column;
                "vector reciprocal" = "reciprocal(a)", (a: Column) -> Column;
                "vector constant" = "set_element(a, place, b)", (a: Column, place: Scalar, b: Scalar) -> Column, "the element is chosen by a number from 0 to 1, as there; a and both numbers are cells";
                "vector uniform" = "lerp(low, high, uniform(seed, step, a))", (low: Scalar, high: Scalar, seed: Scalar, step: Scalar, a: Column) -> Column, "in the shape of a";
                "vector gaussian" = "fma(normal(seed, step, a), deviation, mean)", (mean: Scalar, deviation: Scalar, seed: Scalar, step: Scalar, a: Column) -> Column, "in the shape of a";
            },
        },
        Group {
            title: "On matrices",
            functions: functions! {
                "matrix sum" = "add(a, b)", (a: RowGram, b: RowGram) -> RowGram;
                "matrix difference" = "sub(a, b)", (a: RowGram, b: RowGram) -> RowGram;
                "matrix elementwise product" = "mul(a, b)", (a: RowGram, b: RowGram) -> RowGram;
                "matrix division" = "div(a, b)", (a: RowGram, b: RowGram) -> RowGram;
                "matrix minimum" = "min(a, b)", (a: RowGram, b: RowGram) -> RowGram;
                "matrix maximum" = "max(a, b)", (a: RowGram, b: RowGram) -> RowGram;
                "matrix abs" = "abs(a)", (a: RowGram) -> RowGram;
                "matrix heaviside" = "heaviside(a)", (a: RowGram) -> RowGram;
                "matrix reciprocal" = "reciprocal(a)", (a: RowGram) -> RowGram;
                "matrix constant" = "set_element(a, place, b)", (a: RowGram, place: Scalar, b: Scalar) -> RowGram, "as for a vector; one number chooses among all elements, row by row, where there are two, for row and column, there";
                "matrix uniform" = "lerp(low, high, uniform(seed, step, a))", (low: Scalar, high: Scalar, seed: Scalar, step: Scalar, a: RowGram) -> RowGram, "in the shape of a";
                "matrix gaussian" = "fma(normal(seed, step, a), deviation, mean)", (mean: Scalar, deviation: Scalar, seed: Scalar, step: Scalar, a: RowGram) -> RowGram, "in the shape of a";
            },
        },
        Group {
            title: "Across types",
            functions: functions! {
                "scalar-vector product" = "mul(a, b)", (a: Scalar, b: Column) -> Column;
                "scalar broadcast" = "broadcast(a, b)", (a: Scalar, b: Column) -> Column, "in the shape of b";
                "inner product" = "dot(a, b)", (a: Column, b: Column) -> Scalar;
                "outer product" = "outer(a, b)", (a: Column, b: Column) -> RowGram;
                "scalar-matrix product" = "mul(a, b)", (a: Scalar, b: RowGram) -> RowGram;
                "matrix-vector product" = "matmul(a, b)", (a: RowGram, b: Column) -> Column;
                "column broadcast" = "broadcast_column(a, b)", (a: Column, b: RowGram) -> RowGram, "in the shape of b";
                "row broadcast" = "broadcast_row(transpose(a), b)", (a: Column, b: RowGram) -> RowGram, "in the shape of b";
                "vector norm" = "norm(a)", (a: Column) -> Scalar;
                "matrix norm" = "norm(a)", (a: RowGram) -> Scalar;
                "matrix row norm" = "row_norms(a)", (a: RowGram) -> Column;
                "matrix column norm" = "transpose(column_norms(a))", (a: RowGram) -> Column;
                "matrix transpose" = "transpose(a)", (a: RowGram) -> RowGram;
                "matrix product" = "matmul(a, b)", (a: RowGram, b: RowGram) -> RowGram;
                "vector mean" = "mean(a)", (a: Column) -> Scalar;
                "vector standard deviation" = "std(a)", (a: Column) -> Scalar;
                "matrix mean" = "mean(a)", (a: RowGram) -> Scalar;
                "matrix standard deviation" = "std(a)", (a: RowGram) -> Scalar;
                "matrix row mean" = "row_means(a)", (a: RowGram) -> Column;
                "matrix row standard deviation" = "row_stds(a)", (a: RowGram) -> Column;
            },
        },
        Group {
            title: "Nothing",
            functions: functions! {
                "no-op" = "a", (a: Tensor) -> Tensor, "no instruction at all";
            },
        },
    ],
};

impl Vocabulary {
    /// Every vocabulary.
    pub const ALL: [Self; 2] = [LION, AUTOML_ZERO];

    /// The vocabulary that `keyword` names, if any.
    #[must_use]
    pub fn from_keyword(keyword: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|vocabulary| vocabulary.keyword == keyword)
    }

    /// Its functions, in order.
    pub fn functions(&self) -> impl Iterator<Item = &'static Counterpart> + use<> {
        self.groups.iter().flat_map(|group| group.functions)
    }
}

impl Counterpart {
    /// The operands and the result with their shapes: `a: tensor, b: scalar -> tensor`.
    #[must_use]
    pub fn signature(&self) -> String {
        let operands = self.operands.iter();
        let operands: Vec<_> = operands
            .map(|(name, shape)| format!("{name}: {shape}"))
            .collect();
        let arrow = if operands.is_empty() { "->" } else { " ->" };
        format!("{}{arrow} {}", operands.join(", "), self.result)
    }

    /// The expression as a function: it reads a parameter for each operand, in order, and stores the
    /// result to the parameter `result`.
    ///
    /// # Panics
    /// Never: that every row is an expression of its shapes is tested.
    #[must_use]
    pub fn function(&self) -> Function {
        match self.built() {
            Ok(function) => function,
            Err(error) => panic!("`{}` is no expression: {error}", self.expression),
        }
    }

    fn built(&self) -> Result<Function, BuildError> {
        let mut builder = FunctionBuilder::new("counterpart");
        let mut operands = Vec::new();
        for &(name, shape) in self.operands {
            let parameter = builder.parameter(name, shape, Access::Read)?;
            operands.push((name, builder.load(parameter)?));
        }
        let mut reader = Reader {
            builder: &mut builder,
            operands,
            rest: self.expression,
        };
        let result = reader.expression()?;
        assert!(reader.rest.is_empty(), "`{}` is left over", reader.rest);
        let parameter = builder.parameter("result", self.result, Access::Write)?;
        builder.store(parameter, result)?;
        Ok(builder.finish()?)
    }
}

/// Reads a row's expression.
struct Reader<'a> {
    builder: &'a mut FunctionBuilder,
    operands: Vec<(&'static str, Value)>,
    rest: &'static str,
}

impl Reader<'_> {
    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// An op's result, an operand or a number.
    ///
    /// # Panics
    /// If the text is none of them.
    fn expression(&mut self) -> Result<Value, BuildError> {
        let end = self.rest.find(['(', ',', ')']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        if self.take("(") {
            let mut values = vec![self.expression()?];
            while self.take(", ") {
                values.push(self.expression()?);
            }
            assert!(self.take(")"), "`)` is missing before `{}`", self.rest);
            return match Op::from_mnemonic(word) {
                Some(op) => self.builder.apply(op, &values),
                None => panic!("there is no op `{word}`"),
            };
        }
        let mut operands = self.operands.iter();
        match (
            operands.find(|(name, _)| *name == word),
            word.parse::<f32>(),
        ) {
            (Some(&(_, operand)), _) => Ok(operand),
            (None, Ok(number)) => Ok(self.builder.constant(number)),
            (None, Err(_)) => panic!("`{word}` is neither an operand nor a number"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::eliminate_dead_code;

    fn counts(vocabulary: Vocabulary) -> Vec<usize> {
        let groups = vocabulary.groups.iter();
        groups.map(|group| group.functions.len()).collect()
    }

    #[test]
    fn no_function_is_left_out() {
        assert_eq!(counts(LION), [3, 30, 6, 6]);
        assert_eq!(LION.functions().count(), 45);
        assert_eq!(counts(AUTOML_ZERO), [20, 12, 12, 20, 1]);
        assert_eq!(AUTOML_ZERO.functions().count(), 65);
        for vocabulary in Vocabulary::ALL {
            assert_eq!(
                Vocabulary::from_keyword(vocabulary.keyword),
                Some(vocabulary)
            );
            let mut names: Vec<_> = vocabulary.functions().map(|row| row.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), vocabulary.functions().count());
        }
    }

    #[test]
    fn every_row_is_an_expression_of_the_shapes_that_it_states() {
        for row in Vocabulary::ALL.iter().flat_map(Vocabulary::functions) {
            let function = row.function();
            for (parameter, value) in function.stores() {
                // A scalar could be stored to any shape.
                assert_eq!(function.parameter(parameter).name, "result");
                assert_eq!(function.shape(value), row.result, "{}", row.name);
            }
            // What is stated as an operand is used.
            let live = eliminate_dead_code(&function);
            assert_eq!(live.values().len(), function.values().len(), "{}", row.name);
        }
    }

    #[test]
    fn constants_are_the_nearest_numbers() {
        use std::f32::consts::{E, PI};
        let constants = LION.groups[0].functions.iter().map(|row| row.expression);
        let numbers: Vec<f32> = constants.filter_map(|text| text.parse().ok()).collect();
        assert_eq!(numbers, [PI, E, 1e-8]);
    }

    #[test]
    fn signatures_are_written_as_declarations() {
        assert_eq!(LION.groups[0].functions[0].signature(), "-> scalar");
        let interpolate = LION.functions().find(|row| row.name == "interpolate");
        assert_eq!(
            interpolate.map(Counterpart::signature).as_deref(),
            Some("a: tensor, b: tensor, c: scalar -> tensor")
        );
    }
}
