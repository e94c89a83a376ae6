//! What a program is but for its constants.
//!
//! Two programs may be one rule at different settings, written differently. A skeleton is made to be the same for them: the
//! functions as they are [read](passes::simplify_for_reading), with sums and products gathered, so that neither brackets nor the
//! order of operands nor `lerp` instead of two products tells them apart.
//!
//! ```text
//!   m = lerp(m, g, 0.1)              m = Kept(Sum(0.9 × m, 0.1 × g))
//!   t = mul(m, 0.01)           ──►   w = Sum(1 × w, −0.01 × Product(Kept(…)¹, √v⁻¹))
//!   delta = neg(div(t, sqrt(v)))
//! ```
//!
//! Constants are then the coefficients of sums and the numbers among operands. They count for nothing in a comparison, but for
//! one: a cell keeps all that it held, with something added, or it does not. A rule that decays parameters is another one, and a sum of
//! all gradients is no moving average. Products of numbers are reckoned in binary64, so a skeleton says what is the same on paper, as the
//! rules for reading do, and not to the bit.

use mlevolve_ir::ops::{ElementwiseOp, Op};
use mlevolve_ir::{Definition, Function, Shape, passes};

use crate::lowering::{is_for_caller, lower_unoptimised};
use crate::program::{Program, Role};

/// A node's place in its function.
pub(super) type Place = usize;

/// What is computed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// A number.
    Number(f64),
    /// What an input holds.
    Input(String),
    /// What state holds when the function is called.
    State(String),
    /// Numbers times nodes that are neither sums nor, but for 1, numbers; each node once.
    Sum(Vec<(f64, Place)>),
    /// Powers of nodes that are neither products nor numbers; each node once.
    Product(Vec<(Place, i32)>),
    /// An op of other nodes.
    Apply(Op, Vec<Place>),
    /// What is computed and kept as state, which is a whole wherever it is spoken of: no sum or product goes on in it.
    Kept(Place),
}

impl Node {
    /// The nodes that this one is made of.
    pub(super) fn operands(&self) -> Vec<Place> {
        match self {
            Self::Number(_) | Self::Input(_) | Self::State(_) => Vec::new(),
            Self::Sum(terms) => terms.iter().map(|&(_, node)| node).collect(),
            Self::Product(factors) => factors.iter().map(|&(node, _)| node).collect(),
            Self::Apply(_, operands) => operands.clone(),
            Self::Kept(of) => vec![*of],
        }
    }
}

/// What a function leaves in a cell.
#[derive(Clone, Debug)]
pub(super) struct Store {
    /// The cell's name.
    pub(super) cell: String,
    /// Whether the caller looks at it.
    pub(super) is_output: bool,
    /// Whether the cell keeps all that it held, with something added.
    pub(super) accumulates: bool,
    pub(super) node: Place,
}

/// A function.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) name: String,
    /// Operands come before what is made of them.
    pub(super) nodes: Vec<Node>,
    pub(super) stores: Vec<Store>,
}

/// A program without what its constants say.
#[derive(Debug)]
pub(super) struct Skeleton {
    pub(super) schema: &'static str,
    pub(super) flows: Vec<Flow>,
    /// The cells of state that an output depends on, with their shapes, in the order of their names.
    pub(super) states: Vec<(String, Shape)>,
}

impl Skeleton {
    /// The skeleton of a program.
    pub(super) fn of(program: &Program) -> Self {
        let functions = lower_unoptimised(program);
        let functions = functions.iter();
        let flows: Vec<Flow> = functions
            .map(|function| {
                let read = passes::simplify_for_reading(function).function;
                Gathering::flow(program, &read)
            })
            .collect();
        Self {
            schema: program.schema().description().name,
            states: needed_states(program, &flows),
            flows,
        }
    }

    /// Whether a store matters: the caller looks at it, or what it leaves is needed later.
    pub(super) fn matters(&self, store: &Store) -> bool {
        store.is_output || self.states.iter().any(|(name, _)| *name == store.cell)
    }
}

/// The cells of state that an output depends on, in this call or a later one.
fn needed_states(program: &Program, flows: &[Flow]) -> Vec<(String, Shape)> {
    let mut needed: Vec<String> = Vec::new();
    loop {
        let before = needed.len();
        for flow in flows {
            let is_root = |store: &&Store| store.is_output || needed.contains(&store.cell);
            let roots = flow.stores.iter().filter(is_root);
            let roots: Vec<Place> = roots.map(|store| store.node).collect();
            for place in reachable(&flow.nodes, &roots) {
                if let Node::State(name) = &flow.nodes[place]
                    && !needed.contains(name)
                {
                    needed.push(name.clone());
                }
            }
        }
        if needed.len() == before {
            break;
        }
    }
    needed.sort();
    let shaped = needed.into_iter().filter_map(|name| {
        let shape = program.cell(program.cell_named(&name)?).shape;
        Some((name, shape))
    });
    shaped.collect()
}

/// The nodes that these are made of, and these, in order.
pub(super) fn reachable(nodes: &[Node], roots: &[Place]) -> Vec<Place> {
    let mut is_reached = vec![false; nodes.len()];
    for &root in roots {
        is_reached[root] = true;
    }
    for place in (0..nodes.len()).rev() {
        if is_reached[place] {
            for operand in nodes[place].operands() {
                is_reached[operand] = true;
            }
        }
    }
    (0..nodes.len())
        .filter(|&place| is_reached[place])
        .collect()
}

/// The nodes of a function in the making; equal ones are one.
#[derive(Default)]
struct Gathering {
    nodes: Vec<Node>,
}

impl Gathering {
    fn flow(program: &Program, function: &Function) -> Flow {
        let mut gathering = Self::default();
        let mut places: Vec<Place> = Vec::new();
        for value in function.values() {
            let place = match function.definition(value) {
                Definition::Load(parameter) => {
                    let name = function.parameter(*parameter).name.clone();
                    let is_state = role(program, &name) == Some(Role::State);
                    gathering.node(match is_state {
                        true => Node::State(name),
                        false => Node::Input(name),
                    })
                }
                Definition::Constant(constant) => gathering.number(f64::from(constant.value())),
                Definition::Apply { op, operands } => {
                    let operands = operands.as_slice().iter();
                    let operands: Vec<Place> = operands.map(|it| places[it.index()]).collect();
                    let applied = gathering.applied(*op, &operands);
                    let mut stores = function.stores().filter(|store| store.1 == value);
                    let is_kept = stores.any(|(parameter, _)| {
                        role(program, &function.parameter(parameter).name) == Some(Role::State)
                    });
                    match is_kept {
                        true => gathering.node(Node::Kept(applied)),
                        false => applied,
                    }
                }
            };
            places.push(place);
        }
        let stores = function.stores().map(|(parameter, value)| {
            let cell = function.parameter(parameter).name.clone();
            let node = places[value.index()];
            Store {
                is_output: is_for_caller(program, &cell, function.name()),
                accumulates: gathering.keeps(node, &cell),
                cell,
                node,
            }
        });
        Flow {
            name: function.name().to_owned(),
            stores: stores.collect(),
            nodes: gathering.nodes,
        }
    }

    /// Whether a node is a cell's content with something added.
    fn keeps(&self, node: Place, cell: &str) -> bool {
        let is_cell = |place: Place| match &self.nodes[place] {
            Node::Input(name) | Node::State(name) => name == cell,
            Node::Number(_) | Node::Sum(_) | Node::Product(_) | Node::Apply(..) | Node::Kept(_) => {
                false
            }
        };
        match &self.nodes[node] {
            Node::Sum(terms) => terms.iter().any(|&(times, of)| times == 1.0 && is_cell(of)),
            Node::Kept(of) => self.keeps(*of, cell),
            Node::Input(_) | Node::State(_) => is_cell(node),
            Node::Number(_) | Node::Product(_) | Node::Apply(..) => false,
        }
    }

    fn node(&mut self, node: Node) -> Place {
        let known = self.nodes.iter().position(|known| *known == node);
        known.unwrap_or_else(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        })
    }

    fn number(&mut self, number: f64) -> Place {
        self.node(Node::Number(number))
    }

    fn applied(&mut self, op: Op, operands: &[Place]) -> Place {
        let Op::Elementwise(elementwise) = op else {
            return self.node(Node::Apply(op, operands.to_vec()));
        };
        match (elementwise, operands) {
            (ElementwiseOp::Add, &[one, other]) => self.sum(&[(1.0, one), (1.0, other)]),
            (ElementwiseOp::Sub, &[one, other]) => self.sum(&[(1.0, one), (-1.0, other)]),
            (ElementwiseOp::Neg, &[of]) => self.sum(&[(-1.0, of)]),
            (ElementwiseOp::Mul, &[one, other]) => self.product(&[(one, 1), (other, 1)]),
            (ElementwiseOp::Div, &[one, other]) => self.product(&[(one, 1), (other, -1)]),
            (ElementwiseOp::Reciprocal, &[of]) => self.product(&[(of, -1)]),
            (ElementwiseOp::Square, &[of]) => self.product(&[(of, 2)]),
            (ElementwiseOp::Cube, &[of]) => self.product(&[(of, 3)]),
            (ElementwiseOp::Rsqrt, &[of]) => {
                let root = Op::Elementwise(ElementwiseOp::Sqrt);
                let root = self.node(Node::Apply(root, vec![of]));
                self.product(&[(root, -1)])
            }
            (ElementwiseOp::Fma, &[one, other, added]) => {
                let product = self.product(&[(one, 1), (other, 1)]);
                self.sum(&[(1.0, product), (1.0, added)])
            }
            (ElementwiseOp::Lerp, &[from, to, share]) => {
                if let Node::Number(share) = self.nodes[share] {
                    return self.sum(&[(1.0 - share, from), (share, to)]);
                }
                let way = self.sum(&[(1.0, to), (-1.0, from)]);
                let way = self.product(&[(share, 1), (way, 1)]);
                self.sum(&[(1.0, from), (1.0, way)])
            }
            // Whatever else there is, stands for itself.
            _ => self.node(Node::Apply(op, operands.to_vec())),
        }
    }

    /// The sum of numbers times nodes.
    fn sum(&mut self, terms: &[(f64, Place)]) -> Place {
        let mut constant = 0.0;
        let mut gathered: Vec<(f64, Place)> = Vec::new();
        let mut add = |times: f64, of: Place| match gathered.iter_mut().find(|it| it.1 == of) {
            Some((all, _)) => *all += times,
            None => gathered.push((times, of)),
        };
        for &(times, of) in terms {
            match &self.nodes[of] {
                Node::Number(number) => constant += times * number,
                Node::Sum(inner) => inner.iter().for_each(|&(own, of)| add(times * own, of)),
                Node::Input(_)
                | Node::State(_)
                | Node::Product(_)
                | Node::Apply(..)
                | Node::Kept(_) => {
                    add(times, of);
                }
            }
        }
        gathered.retain(|&(times, _)| times != 0.0);
        // Sums hold their constant as so many times 1, which may be among the terms already.
        if let Some(place) = gathered
            .iter()
            .position(|&(_, of)| self.nodes[of] == Node::Number(1.0))
        {
            constant += gathered.remove(place).0;
        }
        if gathered.is_empty() {
            return self.number(constant);
        }
        if constant != 0.0 {
            let one = self.number(1.0);
            gathered.push((constant, one));
        }
        gathered.sort_by_key(|&(_, of)| of);
        match gathered[..] {
            [(1.0, only)] => only,
            _ => self.node(Node::Sum(gathered)),
        }
    }

    /// The product of powers of nodes.
    fn product(&mut self, factors: &[(Place, i32)]) -> Place {
        let mut number = 1.0;
        let mut gathered: Vec<(Place, i32)> = Vec::new();
        let mut rest: Vec<(Place, i32)> = factors.iter().rev().copied().collect();
        while let Some((of, power)) = rest.pop() {
            match &self.nodes[of] {
                Node::Number(own) => number *= own.powi(power),
                Node::Product(inner) => {
                    rest.extend(inner.iter().map(|&(of, own)| (of, own * power)));
                }
                // One term: a number times something.
                Node::Sum(terms) if terms.len() == 1 => {
                    number *= terms[0].0.powi(power);
                    rest.push((terms[0].1, power));
                }
                Node::Input(_)
                | Node::State(_)
                | Node::Sum(_)
                | Node::Apply(..)
                | Node::Kept(_) => match gathered.iter_mut().find(|it| it.0 == of) {
                    Some((_, all)) => *all += power,
                    None => gathered.push((of, power)),
                },
            }
        }
        gathered.retain(|&(_, power)| power != 0);
        gathered.sort_unstable();
        let product = match gathered[..] {
            [] => return self.number(number),
            [(only, 1)] => only,
            _ => self.node(Node::Product(gathered)),
        };
        self.sum(&[(number, product)])
    }
}

fn role(program: &Program, cell: &str) -> Option<Role> {
    let cell = program.cell_named(cell)?;
    Some(program.cell(cell).role)
}
