//! Random expressions, drawn and written down without the compiler that is measured on them, so that
//! every contender gets the same.
//!
//! Values stay where every contender is at its best. Interval arithmetic keeps logarithms and roots
//! away from 0, divisors too, and everything below a thousand: vector libraries leave their fast path
//! for special values, compilers are told that there are none, and results that are NaN could not be
//! compared. An op is drawn from those that its operands allow, the least used first, so that the ops
//! come about equally often although their domains differ.
//!
//! No op has constants alone as operands, no op is applied twice to the same, and sine and cosine not
//! to the same either, which compilers make one of: what some contenders would save is not work that
//! all do.

use std::fmt;

use rand::{Rng, RngExt};

/// How many variables there are.
pub const VARIABLES: usize = 10;
/// The fewest and the most nodes of a tree.
const NODES: [usize; 2] = [20, 30];
/// What no value exceeds in magnitude.
const LARGEST: f64 = 1e3;

/// What a node computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    Add,
    Sub,
    Mul,
    Div,
    Abs,
    Square,
    Exp,
    Log,
    Sin,
    Cos,
    Tanh,
    Sqrt,
}

impl Operation {
    pub const BINARY: [Self; 4] = [Self::Add, Self::Sub, Self::Mul, Self::Div];
    /// Arithmetic of one operand.
    pub const CHEAP: [Self; 2] = [Self::Abs, Self::Square];
    /// What counts as transcendental. A square root is none, but is counted as one elsewhere too.
    pub const TRANSCENDENTAL: [Self; 6] = [
        Self::Exp,
        Self::Log,
        Self::Sin,
        Self::Cos,
        Self::Tanh,
        Self::Sqrt,
    ];

    /// The name in the files of trees, which is the compiler's mnemonic too.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Abs => "abs",
            Self::Square => "square",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Tanh => "tanh",
            Self::Sqrt => "sqrt",
        }
    }

    pub fn arity(self) -> usize {
        if Self::BINARY.contains(&self) { 2 } else { 1 }
    }

    fn evaluate(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            Self::Abs => a.abs(),
            Self::Square => a * a,
            Self::Exp => a.exp(),
            Self::Log => a.ln(),
            Self::Sin => a.sin(),
            Self::Cos => a.cos(),
            Self::Tanh => a.tanh(),
            Self::Sqrt => a.sqrt(),
        }
    }

    /// The results over operands of these intervals, `b` being of no meaning for one operand; `None`
    /// if the operands do not suit the operation, or a result would be too great.
    fn over(self, a: Interval, b: Interval) -> Option<Interval> {
        let suits = match self {
            Self::Div => b.excludes(0.1),
            Self::Log | Self::Sqrt => a.low >= 0.01,
            Self::Sin | Self::Cos => a.magnitude() <= 30.0,
            Self::Add | Self::Sub | Self::Mul => true,
            Self::Abs | Self::Square | Self::Exp | Self::Tanh => true,
        };
        if !suits {
            return None;
        }
        let corners = [
            (a.low, b.low),
            (a.low, b.high),
            (a.high, b.low),
            (a.high, b.high),
        ];
        let values = corners.map(|(a, b)| self.evaluate(a, b));
        let mut result = Interval {
            low: values.into_iter().fold(f64::INFINITY, f64::min),
            high: values.into_iter().fold(f64::NEG_INFINITY, f64::max),
        };
        match self {
            Self::Abs | Self::Square if a.low < 0.0 && a.high > 0.0 => result.low = 0.0,
            Self::Sin | Self::Cos => {
                result = Interval {
                    low: -1.0,
                    high: 1.0,
                };
            }
            _ => {}
        }
        (result.magnitude() <= LARGEST).then_some(result)
    }
}

#[derive(Clone, Copy, Debug)]
struct Interval {
    low: f64,
    high: f64,
}

impl Interval {
    fn magnitude(self) -> f64 {
        self.low.abs().max(self.high.abs())
    }

    /// Whether all of it is at least so far from 0.
    fn excludes(self, distance: f64) -> bool {
        self.low >= distance || self.high <= -distance
    }

    /// Where a variable's values lie: half of the variables are positive.
    fn of_variable(variable: usize) -> Self {
        let low = if variable < VARIABLES / 2 { -2.0 } else { 0.5 };
        Self { low, high: 2.0 }
    }
}

/// A node of a tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Node {
    Variable(usize),
    Constant(f32),
    Apply(Operation),
}

impl fmt::Display for Node {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(variable) => write!(formatter, "x{variable}"),
            Self::Constant(constant) => write!(formatter, "{constant:?}"),
            Self::Apply(operation) => formatter.write_str(operation.name()),
        }
    }
}

/// An expression in postfix order.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    pub nodes: Vec<Node>,
}

impl fmt::Display for Tree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.nodes.iter().map(Node::to_string).collect();
        formatter.write_str(&words.join(" "))
    }
}

impl Tree {
    /// Computes the expression: `leaf` for variables and constants, `apply` for operations.
    pub fn fold<T>(
        &self,
        mut leaf: impl FnMut(Node) -> T,
        mut apply: impl FnMut(Operation, Vec<T>) -> T,
    ) -> T {
        let mut stack = Vec::new();
        for &node in &self.nodes {
            let result = match node {
                Node::Variable(_) | Node::Constant(_) => leaf(node),
                Node::Apply(operation) => {
                    let operands = stack.split_off(stack.len() - operation.arity());
                    apply(operation, operands)
                }
            };
            stack.push(result);
        }
        let [result] = <[T; 1]>::try_from(stack)
            .unwrap_or_else(|_| panic!("a tree leaves one result: {self}"));
        result
    }

    /// The value in one row, in binary64.
    pub fn evaluate(&self, variable: impl Fn(usize) -> f32) -> f64 {
        let leaf = |node| match node {
            Node::Variable(index) => f64::from(variable(index)),
            Node::Constant(constant) => f64::from(constant),
            Node::Apply(_) => unreachable!("it is a leaf"),
        };
        self.fold(leaf, |operation, operands| {
            operation.evaluate(operands[0], operands[operands.len() - 1])
        })
    }
}

/// A kind of trees.
#[derive(Clone, Debug)]
pub struct Mix {
    pub name: &'static str,
    /// The share of nodes that are transcendental, rounded to whole nodes for each tree.
    transcendental_share: f64,
    /// The share of nodes that are [cheap](Operation::CHEAP); one more if the number of nodes needs it.
    cheap_share: f64,
    transcendental: Vec<Operation>,
    /// How often each operation was drawn.
    drawn: Vec<(Operation, usize)>,
}

/// Nodes still to be placed: of one operand, transcendental and cheap, and of two.
#[derive(Clone, Copy, Debug)]
struct Quota {
    transcendental: usize,
    cheap: usize,
    binary: usize,
}

/// A subtree with what is known of it.
struct Grown {
    nodes: Vec<Node>,
    interval: Interval,
    varies: bool,
}

impl Mix {
    /// 29 % of the nodes are of `operations`, of [`Operation::TRANSCENDENTAL`]; leaves and operations
    /// of two operands make up nearly all of the rest.
    pub fn transcendental(operations: &[Operation]) -> Self {
        Self::new("29 % transcendental", 0.29, 0.0, operations)
    }

    /// + − × ÷, and 20 % of the nodes absolute values and squares.
    pub fn arithmetic() -> Self {
        Self::new("arithmetic", 0.0, 0.2, &[])
    }

    fn new(
        name: &'static str,
        transcendental_share: f64,
        cheap_share: f64,
        transcendental: &[Operation],
    ) -> Self {
        let others = Operation::BINARY.into_iter().chain(Operation::CHEAP);
        let all = others.chain(transcendental.iter().copied());
        Self {
            name,
            transcendental_share,
            cheap_share,
            transcendental: transcendental.to_vec(),
            drawn: all.map(|operation| (operation, 0)).collect(),
        }
    }

    /// How often each operation has been drawn.
    pub fn drawn(&self) -> &[(Operation, usize)] {
        &self.drawn
    }

    /// The next tree.
    pub fn draw(&mut self, rng: &mut impl Rng) -> Tree {
        let nodes = rng.random_range(NODES[0]..=NODES[1]);
        let part = |share: f64| (share * nodes as f64).round() as usize;
        let transcendental = part(self.transcendental_share);
        let mut cheap = part(self.cheap_share);
        // A tree has one leaf more than nodes of two operands.
        cheap += (nodes - 1 - transcendental - cheap) % 2;
        let quota = Quota {
            transcendental,
            cheap,
            binary: (nodes - 1 - transcendental - cheap) / 2,
        };
        loop {
            let before = self.drawn.clone();
            if let Some(Grown { nodes, .. }) = self.grow(rng, quota)
                && !repeats_itself(&nodes)
            {
                return Tree { nodes };
            }
            self.drawn = before;
        }
    }

    /// A subtree of just these nodes, or `None` if it came to something that suits no operation.
    fn grow(&mut self, rng: &mut impl Rng, quota: Quota) -> Option<Grown> {
        let Quota {
            transcendental,
            cheap,
            binary,
        } = quota;
        let left = transcendental + cheap + binary;
        if left == 0 {
            return Some(leaf(rng));
        }
        let drawn = rng.random_range(0..left);
        if drawn < binary {
            let first = Quota {
                transcendental: rng.random_range(0..=transcendental),
                cheap: rng.random_range(0..=cheap),
                binary: rng.random_range(0..binary),
            };
            let second = Quota {
                transcendental: transcendental - first.transcendental,
                cheap: cheap - first.cheap,
                binary: binary - 1 - first.binary,
            };
            let (a, b) = (self.grow(rng, first)?, self.grow(rng, second)?);
            if a.nodes == b.nodes {
                return None;
            }
            return self.apply(rng, &Operation::BINARY, a, Some(b));
        }
        if drawn < binary + cheap {
            let cheap = cheap - 1;
            let operand = self.grow(rng, Quota { cheap, ..quota })?;
            return self.apply(rng, &Operation::CHEAP, operand, None);
        }
        let transcendental = transcendental - 1;
        let quota = Quota {
            transcendental,
            ..quota
        };
        let operand = self.grow(rng, quota)?;
        let choices = self.transcendental.clone();
        self.apply(rng, &choices, operand, None)
    }

    /// One of the operations over the operands: the least used that they suit.
    fn apply(
        &mut self,
        rng: &mut impl Rng,
        choices: &[Operation],
        mut a: Grown,
        b: Option<Grown>,
    ) -> Option<Grown> {
        let varies = a.varies || b.as_ref().is_some_and(|b| b.varies);
        if !varies {
            return None;
        }
        let other = b.as_ref().map_or(a.interval, |b| b.interval);
        let fitting = choices
            .iter()
            .filter_map(|&choice| Some((choice, choice.over(a.interval, other)?)));
        let fitting: Vec<(Operation, Interval)> = fitting.collect();
        let count_of = |operation: Operation| {
            let own = self.drawn.iter().find(|(drawn, _)| *drawn == operation);
            own.map_or(0, |(_, count)| *count)
        };
        let least = fitting.iter().map(|&(choice, _)| count_of(choice)).min()?;
        let fitting: Vec<(Operation, Interval)> = fitting
            .into_iter()
            .filter(|&(choice, _)| count_of(choice) == least)
            .collect();
        let (operation, interval) = fitting[rng.random_range(0..fitting.len())];
        for (drawn, count) in &mut self.drawn {
            *count += usize::from(*drawn == operation);
        }
        a.nodes.extend(b.into_iter().flat_map(|b| b.nodes));
        a.nodes.push(Node::Apply(operation));
        Some(Grown {
            nodes: a.nodes,
            interval,
            varies,
        })
    }
}

/// Whether an application occurs twice, or sine and cosine of the same.
fn repeats_itself(nodes: &[Node]) -> bool {
    let merged = nodes.iter().map(|&node| match node {
        Node::Apply(Operation::Cos) => Node::Apply(Operation::Sin),
        other => other,
    });
    let merged: Vec<Node> = merged.collect();
    // Where each finished subtree begins.
    let mut stack = Vec::new();
    let mut applications = Vec::new();
    for (end, node) in merged.iter().enumerate() {
        let mut start = end;
        if let Node::Apply(operation) = node {
            start = stack.split_off(stack.len() - operation.arity())[0];
            applications.push(&merged[start..=end]);
        }
        stack.push(start);
    }
    let repeated = |(index, application)| applications[..index].contains(application);
    applications.iter().enumerate().any(repeated)
}

/// A leaf: a variable, or one time in four a constant.
fn leaf(rng: &mut impl Rng) -> Grown {
    let (node, interval) = if rng.random_ratio(1, 4) {
        let magnitude = rng.random_range(0.5..2.0f32);
        let constant = if rng.random_bool(0.5) {
            magnitude
        } else {
            -magnitude
        };
        let (low, high) = (f64::from(constant), f64::from(constant));
        (Node::Constant(constant), Interval { low, high })
    } else {
        let variable = rng.random_range(0..VARIABLES);
        (Node::Variable(variable), Interval::of_variable(variable))
    };
    Grown {
        nodes: vec![node],
        interval,
        varies: matches!(node, Node::Variable(_)),
    }
}

/// The variables' values, a column each.
pub fn columns(rng: &mut impl Rng, rows: usize) -> Vec<Vec<f32>> {
    let column = |variable| {
        let Interval { low, high } = Interval::of_variable(variable);
        let values = (0..rows).map(|_| rng.random_range(low as f32..high as f32));
        values.collect()
    };
    (0..VARIABLES).map(column).collect()
}
