//! One hash for all programs that say the same thing.
//!
//! Evolution makes the same algorithm over and over: with other registers, instructions in another
//! order, operands of a commuting op exchanged, dead code in between. What is left of such
//! differences after lowering is how values and state are named. A value is therefore hashed by what
//! it is computed from, down to inputs, constants and state, and two like operands of a commuting op
//! in the order of their hashes.
//!
//! Many more programs do the same by other ops: −(−x) is x, and x − (−y) is x + y. So functions are
//! [normalised](passes::normalise) first, by rewrite rules that keep every bit of every result. Two
//! programs with one hash therefore still have the same bits; only more of those that do have one.
//!
//! State has no content to hash by, only a definition that refers to state again. All state begins
//! at zero, so two cells of state whose definitions are the same up to exchanging like cells hold the
//! same numbers for ever. That is decided by partition refinement (Moore 1956; as for automata): all
//! cells begin with one label for their shape, and each round replaces a cell's label by the hash of
//! what is stored to it, with loads hashed by the labels of the round before. Once a round tells no
//! more cells apart than the one before, no later one does, and the number of labels is that of the
//! cells that differ. Twice as many rounds as that tell cells of two programs apart, if they differ.
//! Cells that no output depends on are left out: rewriting can take the last use of one away. Like
//! cells are made one, and functions normalised again, as m·n is m² if m and n are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use mlevolve_ir::{Access, Definition, Function, FunctionBuilder, Shape, Value, passes};
use sha2::{Digest, Sha256};

use super::{accepted, lower_unoptimised};
use crate::program::{Program, Role};

/// Equal for programs that are equal up to names, order, commuted operands and dead code, and for
/// many whose bits are equal for other reasons; different, but for a collision of 128-bit hashes, for
/// all whose bits differ.
///
/// Displayed as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CanonicalHash([u8; 16]);

type Digest256 = [u8; 32];

impl CanonicalHash {
    /// The hash of a program.
    #[must_use]
    pub fn of(program: &Program) -> Self {
        let mut functions: Vec<Function> = lower_unoptimised(program)
            .iter()
            .map(passes::normalise)
            .collect();
        let labels = loop {
            let labels = partition(program, &functions);
            let twins = twins(&labels);
            if twins.is_empty() {
                break labels;
            }
            functions = functions
                .iter()
                .map(|function| passes::normalise(&with_one_of_twins(function, &twins)))
                .collect();
        };
        let mut whole = Sha256::new();
        whole.update(program.schema().description().name);
        // Programs with more different cells of state than others were refined more often.
        whole.update(labels.len().to_le_bytes());
        for function in &functions {
            let hashes = value_hashes(function, &labels);
            for (parameter, value) in function.stores() {
                let name = &function.parameter(parameter).name;
                if is_for_caller(program, name, function.name()) {
                    let parts = [
                        function.name().as_bytes(),
                        name.as_bytes(),
                        &hashes[value.index()],
                    ];
                    whole.update(tagged("store", &parts));
                }
            }
        }
        let mut hash = [0; 16];
        hash.copy_from_slice(&whole.finalize()[..16]);
        Self(hash)
    }

    pub(crate) const fn bytes(self) -> [u8; 16] {
        self.0
    }
}

/// A label for each cell of state that an output depends on, equal where cells hold the same for ever.
fn partition(program: &Program, functions: &[Function]) -> BTreeMap<String, Digest256> {
    let mut labels = initial_labels(program, functions);
    let mut rounds = 0;
    let mut different = count_different(&labels);
    loop {
        let next = refined(functions, &labels);
        let told_apart = count_different(&next);
        if told_apart == different && rounds >= 2 * different {
            return labels;
        }
        (labels, different, rounds) = (next, told_apart, rounds + 1);
    }
}

/// For each cell of state that holds the same as an earlier one for ever, the earlier one.
fn twins(labels: &BTreeMap<String, Digest256>) -> BTreeMap<&str, &str> {
    let mut first_with = BTreeMap::new();
    let mut twins = BTreeMap::new();
    for (name, label) in labels {
        let first: &str = first_with.entry(label).or_insert(name);
        if first != name {
            twins.insert(name.as_str(), first);
        }
    }
    twins
}

/// The function with the first of like cells read in place of the others: a rule may want two equal
/// operands. Nothing depends on the others then.
fn with_one_of_twins(function: &Function, twins: &BTreeMap<&str, &str>) -> Function {
    let mut builder = FunctionBuilder::new(function.name());
    // The first may so far be only written in this function, or not be there.
    let mut declared: Vec<(&str, Shape, Access)> = Vec::new();
    for parameter in function.parameters() {
        declared.push((&parameter.name, parameter.shape, parameter.access));
    }
    for value in function.values() {
        if let Definition::Load(parameter) = function.definition(value) {
            let parameter = function.parameter(*parameter);
            let Some(&first) = twins.get(parameter.name.as_str()) else {
                continue;
            };
            match declared.iter_mut().find(|(name, ..)| *name == first) {
                Some((.., access)) if *access == Access::Write => *access = Access::ReadWrite,
                Some(_) => {}
                None => declared.push((first, parameter.shape, Access::Read)),
            }
        }
    }
    let mut parameters = BTreeMap::new();
    for (name, shape, access) in declared {
        parameters.insert(name, accepted(builder.parameter(name, shape, access)));
    }
    let mut values: Vec<Value> = Vec::new();
    for value in function.values() {
        let new = match function.definition(value) {
            Definition::Load(parameter) => {
                let name = function.parameter(*parameter).name.as_str();
                let first = twins.get(name).copied().unwrap_or(name);
                accepted(builder.load(parameters[first]))
            }
            Definition::Constant(constant) => builder.constant(constant.value()),
            Definition::Apply { op, operands } => {
                let operands = operands.as_slice().iter();
                let operands: Vec<Value> = operands.map(|old| values[old.index()]).collect();
                accepted(builder.apply(*op, &operands))
            }
        };
        values.push(new);
    }
    for (parameter, value) in function.stores() {
        accepted(builder.store(parameter, values[value.index()]));
    }
    accepted(builder.finish())
}

/// The cells of state that an output of some function depends on, each with a label for its shape.
fn initial_labels(program: &Program, functions: &[Function]) -> BTreeMap<String, Digest256> {
    let mut labels = BTreeMap::new();
    loop {
        let known = labels.len();
        for function in functions {
            let mut needed = vec![false; function.values().len()];
            for (parameter, value) in function.stores() {
                let name = &function.parameter(parameter).name;
                needed[value.index()] |=
                    is_for_caller(program, name, function.name()) || labels.contains_key(name);
            }
            for value in function.values().rev() {
                if !needed[value.index()] {
                    continue;
                }
                let definition = function.definition(value);
                for operand in definition.operands() {
                    needed[operand.index()] = true;
                }
                match definition {
                    Definition::Load(parameter) => {
                        let parameter = function.parameter(*parameter);
                        if is_state(program, &parameter.name) {
                            let shape = parameter.shape.keyword();
                            let label = tagged("state", &[shape.as_bytes()]);
                            labels.insert(parameter.name.clone(), label);
                        }
                    }
                    Definition::Constant(_) | Definition::Apply { .. } => {}
                }
            }
        }
        if labels.len() == known {
            return labels;
        }
    }
}

/// Whether what a function stores to a parameter is the caller's to use: an output, or an input that grows.
pub(crate) fn is_for_caller(program: &Program, name: &str, function: &str) -> bool {
    let cell = program.cell_named(name).map(|cell| program.cell(cell));
    cell.is_some_and(|cell| cell.role == Role::Input || program.schema().is_output(cell, function))
}

fn is_state(program: &Program, name: &str) -> bool {
    let cell = program.cell_named(name);
    cell.is_some_and(|cell| program.cell(cell).role == Role::State)
}

fn count_different(labels: &BTreeMap<String, Digest256>) -> usize {
    labels.values().collect::<BTreeSet<_>>().len()
}

/// One round of refinement.
fn refined(
    functions: &[Function],
    labels: &BTreeMap<String, Digest256>,
) -> BTreeMap<String, Digest256> {
    let mut next = labels.clone();
    for function in functions {
        let hashes = value_hashes(function, labels);
        for (parameter, value) in function.stores() {
            if let Some(label) = next.get_mut(&function.parameter(parameter).name) {
                let parts = [function.name().as_bytes(), label, &hashes[value.index()]];
                *label = tagged("next", &parts);
            }
        }
    }
    next
}

/// The hash of every value, given what cells of state are labelled with.
fn value_hashes(function: &Function, labels: &BTreeMap<String, Digest256>) -> Vec<Digest256> {
    let mut hashes: Vec<Digest256> = Vec::new();
    for value in function.values() {
        let hash = match function.definition(value) {
            Definition::Load(parameter) => {
                let name = &function.parameter(*parameter).name;
                match labels.get(name) {
                    Some(label) => tagged("load", &[label]),
                    None => tagged("input", &[name.as_bytes()]),
                }
            }
            Definition::Constant(constant) => tagged("constant", &[&constant.bits().to_le_bytes()]),
            Definition::Apply { op, operands } => {
                let operands = operands.as_slice().iter();
                let mut operands: Vec<&[u8]> = operands
                    .map(|operand| &hashes[operand.index()][..])
                    .collect();
                if op.commutes() && operands[1] < operands[0] {
                    operands.swap(0, 1);
                }
                let mut parts = vec![op.mnemonic().as_bytes()];
                parts.extend(operands);
                tagged("apply", &parts)
            }
        };
        hashes.push(hash);
    }
    hashes
}

/// The hash of a kind of thing made of parts, each of which is told apart from its neighbours.
fn tagged(kind: &str, parts: &[&[u8]]) -> Digest256 {
    let mut hasher = Sha256::new();
    for part in [kind.as_bytes()].iter().chain(parts) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

impl fmt::Display for CanonicalHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const HEAD: &str = "program p\nschema optimizer 1\ninput w tensor\ninput g tensor\n\
        input step scalar\nconstant learning_rate = 0.1\nconstant b = 0.9\noutput delta tensor\n\
        state m tensor\nstate n tensor\nscratch t tensor\nscratch u tensor\nupdate:\n";

    fn hash(body: &str) -> CanonicalHash {
        CanonicalHash::of(&Program::parse(&format!("{HEAD}{body}")).unwrap())
    }

    #[test]
    fn names_order_commuted_operands_and_dead_code_do_not_matter() {
        let first = hash("m = lerp(g, m, b)\nt = mul(m, learning_rate)\ndelta = neg(t)");
        for same in [
            "n = lerp(g, n, b)\nu = mul(learning_rate, n)\ndelta = neg(u)",
            "u = sqrt(w)\nm = lerp(g, m, b)\nn = add(n, g)\nt = mul(m, learning_rate)\n\
             delta = neg(t)",
            "m = lerp(g, m, b)\ndelta = mul(m, learning_rate)\ndelta = neg(delta)",
        ] {
            assert_eq!(hash(same), first, "{same}");
        }
    }

    #[test]
    fn what_matters_is_told_apart() {
        let bodies = [
            "m = lerp(g, m, b)\ndelta = mul(m, learning_rate)",
            "m = lerp(m, g, b)\ndelta = mul(m, learning_rate)",
            "m = lerp(g, m, learning_rate)\ndelta = mul(m, learning_rate)",
            "m = lerp(g, m, b)\ndelta = mul(m, b)",
            "m = lerp(g, m, b)\nn = lerp(g, n, learning_rate)\ndelta = mul(m, n)",
            "m = lerp(g, m, b)\nn = lerp(m, n, learning_rate)\ndelta = mul(m, n)",
            // The states are exchanged at every step.
            "t = add(m, g)\nm = sub(n, g)\nn = add(t, g)\ndelta = mul(m, b)",
            "t = add(m, g)\nm = sub(n, g)\nn = add(t, g)\ndelta = mul(n, b)",
            "delta = sub(w, g)",
            "delta = sub(g, w)",
            "delta = mul(g, b)",
            "t = sum(g)\ndelta = mul(t, b)",
        ];
        for (index, body) in bodies.iter().enumerate() {
            for other in &bodies[..index] {
                assert_ne!(hash(body), hash(other), "{body}\n\n{other}");
            }
        }
    }

    /// Two cells of state with like definitions hold the same numbers, whichever is read.
    #[test]
    fn like_states_are_one() {
        let two = "m = lerp(g, m, b)\nn = lerp(g, n, b)\n";
        let first = hash("m = lerp(g, m, b)\ndelta = mul(m, m)");
        assert_eq!(hash(&format!("{two}delta = mul(m, n)")), first);
        assert_eq!(hash(&format!("{two}delta = mul(n, m)")), first);
        // Two more are alike as soon as it is seen that these are.
        assert_eq!(
            hash(&format!(
                "{two}t = square(m)\nu = mul(m, n)\ndelta = add(t, u)"
            )),
            hash("m = lerp(g, m, b)\nt = square(m)\ndelta = add(t, t)"),
        );
        assert_eq!(
            hash(&format!(
                "{two}t = add(n, n)\nu = sub(t, n)\ndelta = mul(m, n)"
            )),
            first
        );
    }
}
