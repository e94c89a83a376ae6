//! The ops that variation draws from.

use mlevolve_ir::ops::Op;
use serde::{Deserialize, Serialize};

/// Ops that random instructions are made of, by their mnemonics in settings. Programs that a search
/// starts from may have others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct OpSet(Vec<Op>);

/// Words that name no set of ops.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOps {
    /// A word names no op.
    #[error("there is no op `{0}`; `mlevolve ops` lists them")]
    Unknown(String),
    /// An op is named twice.
    #[error("op `{0}` is listed twice")]
    Repeated(&'static str),
}

impl OpSet {
    /// The ops, in the order in which they were given.
    #[must_use]
    pub fn as_slice(&self) -> &[Op] {
        &self.0
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
        let ops = MNEMONICS.iter().filter_map(|word| Op::from_mnemonic(word));
        Self(ops.collect())
    }
}

impl TryFrom<Vec<String>> for OpSet {
    type Error = InvalidOps;

    fn try_from(words: Vec<String>) -> Result<Self, InvalidOps> {
        let mut ops = Vec::with_capacity(words.len());
        for word in words {
            let op = Op::from_mnemonic(&word).ok_or(InvalidOps::Unknown(word))?;
            if ops.contains(&op) {
                return Err(InvalidOps::Repeated(op.mnemonic()));
            }
            ops.push(op);
        }
        Ok(Self(ops))
    }
}

impl From<OpSet> for Vec<String> {
    fn from(ops: OpSet) -> Self {
        ops.0.iter().map(|op| op.mnemonic().to_owned()).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn sets_are_written_as_mnemonics() {
        let set = OpSet::default();
        assert_eq!(set.as_slice().len(), 24);
        let text = serde_json::to_string(&set).unwrap();
        assert!(text.starts_with(r#"["add","sub""#), "{text}");
        assert_eq!(serde_json::from_str::<OpSet>(&text).unwrap(), set);
        for (text, message) in [
            (
                r#"["add","ad"]"#,
                "there is no op `ad`; `mlevolve ops` lists them",
            ),
            (r#"["add","add"]"#, "op `add` is listed twice"),
        ] {
            let error = serde_json::from_str::<OpSet>(text).unwrap_err();
            assert!(error.to_string().starts_with(message), "{error}");
        }
    }
}
