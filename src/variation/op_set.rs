//! The ops that variation draws from.

use std::fmt;
use std::str::FromStr;

use mlevolve_ir::Shape;
use mlevolve_ir::ops::{Op, TypeError};
use serde::{Deserialize, Serialize};

/// Ops that random instructions are made of, by their mnemonics in settings; `mul(scalar, column)` is `mul` of
/// operands of these shapes only. Programs that a search starts from may have others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct OpSet(Vec<OpChoice>);

/// An op, and perhaps the shapes that its operands must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpChoice {
    pub(super) op: Op,
    operands: Option<Vec<Shape>>,
}

impl OpChoice {
    /// Whether operands may have these shapes.
    pub(super) fn allows(&self, shapes: &[Shape]) -> bool {
        let operands = self.operands.as_deref();
        operands.is_none_or(|operands| operands == shapes)
    }
}

/// Words that name no set of ops.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOps {
    /// A word names no op.
    #[error("there is no op `{0}`; `mlevolve ops` lists them")]
    Unknown(String),
    /// An op is named twice.
    #[error("op `{0}` is listed twice")]
    Repeated(String),
    /// A word names no shape.
    #[error("`{found}`: there is no shape `{shape}`, only {known}")]
    Shape {
        /// The op with its shapes.
        found: String,
        /// The word that names none.
        shape: String,
        /// The shapes there are.
        known: String,
    },
    /// The op does not take such operands.
    #[error("`{found}`: {error}")]
    Operands {
        /// The op with its shapes.
        found: String,
        /// What its type rule says.
        error: TypeError,
    },
}

impl OpSet {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ops, in the order in which they were given.
    pub(super) fn choices(&self) -> &[OpChoice] {
        &self.0
    }

    /// Of these words, as settings have them.
    ///
    /// # Errors
    /// [`InvalidOps`] if one names no op.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidOps> {
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        Self::try_from(words)
    }
}

impl FromStr for OpChoice {
    type Err = InvalidOps;

    fn from_str(found: &str) -> Result<Self, InvalidOps> {
        let (mnemonic, shapes) = match found.split_once('(') {
            Some((mnemonic, rest)) => (mnemonic, Some(rest.strip_suffix(')').unwrap_or(rest))),
            None => (found, None),
        };
        let op = Op::from_mnemonic(mnemonic.trim());
        let op = op.ok_or_else(|| InvalidOps::Unknown(mnemonic.to_owned()))?;
        let shape = |word: &str| {
            Shape::from_keyword(word.trim()).ok_or_else(|| InvalidOps::Shape {
                found: found.to_owned(),
                shape: word.trim().to_owned(),
                known: Shape::alternatives(),
            })
        };
        let shapes = shapes.map(|shapes| shapes.split(',').map(shape).collect());
        let operands: Option<Vec<Shape>> = shapes.transpose()?;
        if let Some(operands) = &operands {
            op.result_shape(operands)
                .map_err(|error| InvalidOps::Operands {
                    found: found.to_owned(),
                    error,
                })?;
        }
        Ok(Self { op, operands })
    }
}

impl fmt::Display for OpChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.op.mnemonic())?;
        let Some(operands) = &self.operands else {
            return Ok(());
        };
        let shapes: Vec<&str> = operands.iter().map(|shape| shape.keyword()).collect();
        write!(formatter, "({})", shapes.join(", "))
    }
}

impl Default for OpSet {
    /// Arithmetic, comparisons, the functions that known optimizers are made of, and reductions: few
    /// enough that a random op is often a useful one. `mlevolve ops` lists all that can be added.
    fn default() -> Self {
        const MNEMONICS: [&str; 24] = [
            "add",
            "sub",
            "mul",
            "div",
            "min",
            "max",
            "pow",
            "neg",
            "abs",
            "sign",
            "heaviside",
            "square",
            "sqrt",
            "reciprocal",
            "exp",
            "log",
            "tanh",
            "lerp",
            "clip",
            "select",
            "sum",
            "mean",
            "norm",
            "max_of",
        ];
        let ops = MNEMONICS.iter().filter_map(|word| word.parse().ok());
        Self(ops.collect())
    }
}

impl TryFrom<Vec<String>> for OpSet {
    type Error = InvalidOps;

    fn try_from(words: Vec<String>) -> Result<Self, InvalidOps> {
        let mut ops: Vec<OpChoice> = Vec::with_capacity(words.len());
        for word in words {
            let op: OpChoice = word.parse()?;
            if ops.contains(&op) {
                return Err(InvalidOps::Repeated(op.to_string()));
            }
            ops.push(op);
        }
        Ok(Self(ops))
    }
}

impl From<OpSet> for Vec<String> {
    fn from(ops: OpSet) -> Self {
        ops.0.iter().map(OpChoice::to_string).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn sets_are_written_as_mnemonics() {
        let set = OpSet::default();
        assert_eq!(set.choices().len(), 24);
        let text = serde_json::to_string(&set).unwrap();
        assert!(text.starts_with(r#"["add","sub""#), "{text}");
        assert_eq!(serde_json::from_str::<OpSet>(&text).unwrap(), set);
        let shapes = r#"["mul(scalar, column)","mul(scalar, scalar)","mul"]"#;
        let set = serde_json::from_str::<OpSet>(shapes).unwrap();
        assert_eq!(serde_json::to_string(&set).unwrap(), shapes);
        for (text, message) in [
            (
                r#"["add","ad"]"#,
                "there is no op `ad`; `mlevolve ops` lists them",
            ),
            (r#"["add","add"]"#, "op `add` is listed twice"),
            (
                r#"["mul(scalar,vector)"]"#,
                "`mul(scalar,vector)`: there is no shape `vector`, only",
            ),
            (
                r#"["dot(column, row)"]"#,
                "`dot(column, row)`: operand 2 of `dot` must be",
            ),
        ] {
            let error = serde_json::from_str::<OpSet>(text).unwrap_err();
            assert!(error.to_string().starts_with(message), "{error}");
        }
    }
}
