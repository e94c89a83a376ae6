//! Functions in the making, in which no value is there twice and none can be written more simply.
//!
//! Every value comes about through [`Graph::apply`], over operands that did so too. It folds, tries
//! the rules at the root, and else looks for the same definition among those made before. So what is
//! made is in normal form as soon as it is made, and one walk over a function is the fixpoint of
//! folding, rewriting and sharing together. It ends as every rule lowers a measure, which a test
//! computes for each line of the table.

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::fold::evaluated;
use super::pattern::{Condition, MAX_VARIABLES, Pattern, Rule};
use super::rules::RuleSet;
use crate::function::{Constant, Definition, Function, MAX_VALUES, Operands, Value};
use crate::ops::{Guarantee, MAX_ARITY, Op};
use crate::shape::Shape;

/// What a graph does beside sharing equal values.
#[derive(Clone, Copy, Default)]
pub(super) struct Rewriting {
    /// The rules that are tried.
    pub(super) rules: Option<&'static RuleSet>,
    /// Whether constants are computed with.
    pub(super) folds: bool,
}

/// How many ops deep it is looked for what is known of a value: what finds more takes more time.
const KNOWN_DEPTH: u32 = 3;

/// Values for a rule's variables.
type Bindings = [Option<Value>; MAX_VARIABLES];

/// The values made so far.
pub(super) struct Graph {
    rewriting: Rewriting,
    definitions: Vec<Definition>,
    shapes: Vec<Shape>,
    /// Only looked up, never iterated: the order of a hash map must not reach a result.
    known: FxHashMap<Definition, Value>,
    /// Whether a rule was not taken because something may need the shape that it loses.
    is_held_back: bool,
    /// The rules that are not exact and were taken, in order, each once.
    inexact: Vec<&'static Rule>,
}

/// A function rewritten.
pub(super) struct Rewritten {
    pub(super) function: Function,
    /// Whether another walk could find more to do: one that knows what this one has dropped.
    pub(super) may_go_on: bool,
    /// The rules that are not exact and were taken, in order, each once.
    pub(super) inexact: Vec<&'static Rule>,
}

/// Rewrites a function, and drops what no store depends on if `drops_dead`.
///
/// A function that would then have more values than one can, as a rule makes a constant that was not
/// there, is left with what sharing makes of it.
pub(super) fn rewritten(function: &Function, rewriting: Rewriting, drops_dead: bool) -> Rewritten {
    let count = function.values().len();
    let mut graph = Graph {
        rewriting,
        definitions: Vec::with_capacity(count),
        shapes: Vec::with_capacity(count),
        known: FxHashMap::with_capacity_and_hasher(count, FxBuildHasher),
        is_held_back: false,
        inexact: Vec::new(),
    };
    let values = graph.copy(function);
    let mut stores = vec![None; function.parameters().len()];
    for (parameter, value) in function.stores() {
        stores[parameter.index()] = Some(values[value.index()]);
    }
    if drops_dead {
        graph.drop_dead(&mut stores);
    }
    if graph.definitions.len() > MAX_VALUES.max(count) {
        return rewritten(function, Rewriting::default(), drops_dead);
    }
    Rewritten {
        function: function.with_code(graph.definitions, graph.shapes, stores),
        may_go_on: graph.is_held_back,
        inexact: graph.inexact,
    }
}

impl Graph {
    /// Makes every value of a function; which value stands for each.
    fn copy(&mut self, function: &Function) -> Vec<Value> {
        let needed = match self.rewriting.rules {
            Some(_) => needed_shapes(function),
            None => Vec::new(),
        };
        let mut values: Vec<Value> = Vec::with_capacity(function.values().len());
        for value in function.values() {
            let new = match *function.definition(value) {
                Definition::Apply { op, mut operands } => {
                    for operand in operands.as_mut_slice() {
                        *operand = values[operand.index()];
                    }
                    let needs_shape = needed.get(value.index()).copied().unwrap_or(true);
                    self.apply(op, operands, needs_shape)
                }
                leaf @ (Definition::Load(_) | Definition::Constant(_)) => {
                    self.define(leaf, function.shape(value))
                }
            };
            values.push(new);
        }
        values
    }

    /// The value with this definition.
    fn define(&mut self, definition: Definition, shape: Shape) -> Value {
        let next = Value::new(self.definitions.len());
        let value = *self.known.entry(definition).or_insert(next);
        if value == next {
            self.definitions.push(definition);
            self.shapes.push(shape);
        }
        value
    }

    fn constant(&mut self, constant: Constant) -> Value {
        self.define(Definition::Constant(constant), Shape::Scalar)
    }

    /// The result of an op whose type rule accepts the operands, as simply as the rules allow. If it
    /// is not needed in its shape, a scalar may stand for it.
    fn apply(&mut self, op: Op, mut operands: Operands, needs_shape: bool) -> Value {
        let shape = self.shape(op, operands.as_slice());
        if self.rewriting.folds
            && let Some(constant) = self.folded(op, operands.as_slice())
        {
            return self.constant(constant);
        }
        if let Some(rules) = self.rewriting.rules {
            for (left, rule) in rules.for_op(op) {
                let mut bindings = Bindings::default();
                if self.all_match(left, operands.as_slice(), &mut bindings)
                    && self.fulfils(rule, &bindings)
                    && self.has_shape(&rule.right, &bindings, shape, needs_shape)
                {
                    self.note(rule);
                    return self.make(&rule.right, &bindings, needs_shape);
                }
            }
        }
        if op.commutes() {
            operands.as_mut_slice()[..2].sort_unstable();
        }
        self.define(Definition::Apply { op, operands }, shape)
    }

    /// Remembers that a rule was taken, if that is to be told.
    fn note(&mut self, rule: &'static Rule) {
        let is_known = |known: &&'static Rule| std::ptr::eq(*known, rule);
        if !rule.is_exact() && !self.inexact.iter().any(is_known) {
            self.inexact.push(rule);
        }
    }

    /// The shape of an op's result.
    fn shape(&self, op: Op, operands: &[Value]) -> Shape {
        let mut shapes = [Shape::Scalar; MAX_ARITY];
        for (shape, operand) in shapes.iter_mut().zip(operands) {
            *shape = self.shapes[operand.index()];
        }
        match op.result_shape(&shapes[..operands.len()]) {
            Ok(shape) => shape,
            Err(error) => panic!("a pass applied {op} to what it does not take: {error}"),
        }
    }

    /// What an op makes of constants, with its own meaning.
    fn folded(&self, op: Op, operands: &[Value]) -> Option<Constant> {
        match op {
            Op::Elementwise(op) => {
                let number = |operand: &Value| self.as_constant(*operand).map(Constant::value);
                evaluated(op, operands, number).map(Constant::new)
            }
            Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => None,
        }
    }

    fn as_constant(&self, value: Value) -> Option<Constant> {
        match self.definitions[value.index()] {
            Definition::Constant(constant) => Some(constant),
            Definition::Load(_) | Definition::Apply { .. } => None,
        }
    }

    fn all_match(&self, patterns: &[Pattern], values: &[Value], bindings: &mut Bindings) -> bool {
        let mut pairs = patterns.iter().zip(values);
        pairs.all(|(pattern, value)| self.matches(pattern, *value, bindings))
    }

    fn matches(&self, pattern: &Pattern, value: Value, bindings: &mut Bindings) -> bool {
        match pattern {
            Pattern::Any(variable) => *bindings[*variable].get_or_insert(value) == value,
            Pattern::Constant(variable) => {
                self.as_constant(value).is_some()
                    && *bindings[*variable].get_or_insert(value) == value
            }
            Pattern::Number(number) => self.as_constant(value) == Some(*number),
            Pattern::Apply(op, patterns) => match &self.definitions[value.index()] {
                Definition::Apply {
                    op: found,
                    operands,
                } => found == op && self.all_match(patterns, operands.as_slice(), bindings),
                Definition::Load(_) | Definition::Constant(_) => false,
            },
        }
    }

    fn fulfils(&self, rule: &Rule, bindings: &Bindings) -> bool {
        let mut conditions = rule.conditions.iter();
        conditions.all(|&(condition, variable)| {
            bindings[variable]
                .is_some_and(|value| self.is_known_to_be(condition, value, KNOWN_DEPTH))
        })
    }

    /// Whether so many ops up to the value tell that it fulfils a condition.
    fn is_known_to_be(&self, condition: Condition, value: Value, depth: u32) -> bool {
        match &self.definitions[value.index()] {
            Definition::Load(_) => false,
            Definition::Constant(constant) => condition.holds(constant.value()),
            Definition::Apply { op, operands } => {
                let mut operands = operands.as_slice().iter();
                match condition.guaranteed_by(*op) {
                    Guarantee::None => false,
                    Guarantee::Kept => {
                        depth > 1
                            && operands.all(|it| self.is_known_to_be(condition, *it, depth - 1))
                    }
                    Guarantee::Always => true,
                }
            }
        }
    }

    /// Whether what a pattern makes has the shape of what it replaces, or a scalar can replace that.
    fn has_shape(
        &mut self,
        pattern: &Pattern,
        bindings: &Bindings,
        replaced: Shape,
        needs_shape: bool,
    ) -> bool {
        let Some(made) = self.pattern_shape(pattern, bindings) else {
            return false;
        };
        if made == replaced {
            return true;
        }
        let loses = made == Shape::Scalar;
        self.is_held_back |= loses && needs_shape;
        loses && !needs_shape
    }

    /// The shape of what a pattern makes; `None` if an op in it does not take its operands.
    fn pattern_shape(&self, pattern: &Pattern, bindings: &Bindings) -> Option<Shape> {
        match pattern {
            Pattern::Any(variable) | Pattern::Constant(variable) => {
                Some(self.shapes[bindings[*variable]?.index()])
            }
            Pattern::Number(_) => Some(Shape::Scalar),
            Pattern::Apply(op, patterns) => {
                let mut shapes = [Shape::Scalar; MAX_ARITY];
                for (shape, pattern) in shapes.iter_mut().zip(patterns) {
                    *shape = self.pattern_shape(pattern, bindings)?;
                }
                op.result_shape(&shapes[..patterns.len()]).ok()
            }
        }
    }

    /// Makes what stands on a rule's right side.
    fn make(&mut self, pattern: &Pattern, bindings: &Bindings, needs_shape: bool) -> Value {
        match pattern {
            Pattern::Any(variable) | Pattern::Constant(variable) => match bindings[*variable] {
                Some(value) => value,
                None => panic!("the parser takes no rule with a variable on the right alone"),
            },
            Pattern::Number(number) => self.constant(*number),
            Pattern::Apply(op, patterns) => {
                let mut values = [Value::new(0); MAX_ARITY];
                for (value, pattern) in values.iter_mut().zip(patterns) {
                    *value = self.make(pattern, bindings, true);
                }
                let values = &values[..patterns.len()];
                match (self.folded(*op, values), Operands::new(values)) {
                    (Some(constant), _) => self.constant(constant),
                    (None, Some(operands)) => self.apply(*op, operands, needs_shape),
                    (None, None) => panic!("the parser takes no op with too many operands"),
                }
            }
        }
    }

    /// Drops the values that no store depends on.
    fn drop_dead(&mut self, stores: &mut [Option<Value>]) {
        /// Marks a value that is dropped.
        const DEAD: u32 = u32::MAX;
        let mut new_numbers = vec![DEAD; self.definitions.len()];
        for value in stores.iter().flatten() {
            new_numbers[value.index()] = 0;
        }
        for (index, definition) in self.definitions.iter().enumerate().rev() {
            if new_numbers[index] != DEAD {
                for operand in definition.operands() {
                    new_numbers[operand.index()] = 0;
                }
            }
        }
        let mut kept = 0;
        for index in 0..self.definitions.len() {
            if new_numbers[index] == DEAD {
                continue;
            }
            let new = |old: Value| Value::from_number(new_numbers[old.index()]);
            let mut definition = self.definitions[index];
            match &mut definition {
                Definition::Load(_) | Definition::Constant(_) => {}
                Definition::Apply { operands, .. } => {
                    for operand in operands.as_mut_slice() {
                        *operand = new(*operand);
                    }
                }
            }
            self.definitions[kept as usize] = definition;
            self.shapes[kept as usize] = self.shapes[index];
            new_numbers[index] = kept;
            kept += 1;
        }
        self.definitions.truncate(kept as usize);
        self.shapes.truncate(kept as usize);
        for value in stores.iter_mut().flatten() {
            *value = Value::from_number(new_numbers[value.index()]);
        }
    }
}

/// For each value, whether something depends on its shape: an op that is not elementwise, or an
/// elementwise one whose own shape something depends on. A store does not, as scalars fill tensors.
fn needed_shapes(function: &Function) -> Vec<bool> {
    let mut needed = vec![false; function.values().len()];
    for value in function.values().rev() {
        match function.definition(value) {
            Definition::Load(_) | Definition::Constant(_) => {}
            Definition::Apply { op, operands } => {
                let needs = match op {
                    Op::Elementwise(_) => needed[value.index()],
                    Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => true,
                };
                for operand in operands.as_slice() {
                    needed[operand.index()] |= needs;
                }
            }
        }
    }
    needed
}
