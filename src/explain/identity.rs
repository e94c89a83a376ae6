//! Whether a program is a known one, be it with other constants, and with which.
//!
//! Two [skeletons](super::skeleton) with one label are walked side by side from their outputs on; the numbers that stand at the same
//! places are pairs. What constant of the known program a number stands for is found by changing that constant and looking which numbers
//! change with it: where they do so in a straight line, as 1 − β does with β, the constant that this program has follows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::labels::{Labels, in_order};
use super::skeleton::{Node, Place, Skeleton};
use crate::lowering::CanonicalHash;
use crate::program::{Instruction, Program, Role};

/// A known program that a program is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// Whether it gives the same bits, with the same constants. If not, it is the same on paper.
    pub is_exact: bool,
    /// Its constants and what they are in the program; nothing if no values of them give the program's numbers, which it has
    /// at the same places all the same.
    pub constants: Option<Vec<ConstantPair>>,
}

impl Identity {
    /// Greater for what is surer: the same bits, the same on paper at some constants, the same form.
    pub(super) fn certainty(&self) -> u8 {
        match (self.is_exact, &self.constants) {
            (true, _) => 2,
            (false, Some(_)) => 1,
            (false, None) => 0,
        }
    }
}

/// A constant of a known program, and what it is in another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstantPair {
    /// The constant's name in the known program.
    pub name: String,
    /// Its value there.
    pub known: f32,
    /// Its value in the program, if that is not the same.
    pub own: Option<f64>,
}

/// How far a number may be off, as a part of it, to be the same: what a few roundings in binary32 do.
const SAME: f64 = 1e-4;
/// Values of constants that are numbers, more often than not, and no settings.
const NUMBERS: [f32; 4] = [1.0, 2.0, 0.0, 0.5];
/// How far a number may be off that was taken from 1, as in 1 − β, which loses digits; numbers that are small by themselves are
/// below the second.
const SAME_BESIDE_ONE: (f64, f64) = (1.2e-7, 1e-5);

/// The known program as which this one can be written, if it can.
pub(super) fn identity(program: &Program, known: &Program) -> Option<Identity> {
    let name = known.name().to_owned();
    let is_exact = CanonicalHash::of(program) == CanonicalHash::of(known);
    let own = Pairs::between(known, &Skeleton::of(program))?;
    let constants = solved(known, &own);
    Some(Identity {
        name,
        is_exact,
        constants,
    })
}

/// What a known program's constants are in a program that has these numbers at the same places.
fn solved(known: &Program, own: &Pairs) -> Option<Vec<ConstantPair>> {
    let names = constants_read(known);
    // Which numbers change with which constant.
    let mut depends: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); own.known.len()];
    for (constant, (name, value)) in names.iter().enumerate() {
        let changed = numbers_with(known, &[(name, changed(*value))], own)?;
        for (place, (before, after)) in own.known.iter().zip(&changed).enumerate() {
            if before != after {
                depends[place].insert(constant);
            }
        }
    }
    let mut solved: BTreeMap<usize, f32> = BTreeMap::new();
    // One constant after another, each from a number that depends on it and on those that are known already.
    loop {
        let unknown = |place: usize| {
            let mut unknown = depends[place].iter().filter(|it| !solved.contains_key(it));
            let first = unknown.next()?;
            Some((*first, unknown.next().is_none()))
        };
        let mut places = 0..depends.len();
        let alone = places.find_map(|place| match unknown(place)? {
            (constant, true) => Some((place, constant)),
            (_, false) => None,
        });
        let Some((place, constant)) = alone else {
            // Of constants that occur together only, such as 1 and β in 1 − β, one is as it is known: the one that is a number
            // rather than a setting.
            let occurring = (0..names.len()).filter(|constant| {
                !solved.contains_key(constant) && depends.iter().any(|it| it.contains(constant))
            });
            let number = occurring.min_by_key(|&constant| !NUMBERS.contains(&names[constant].1));
            match number {
                Some(constant) => solved.insert(constant, names[constant].1),
                None => break,
            };
            continue;
        };
        let (name, value) = &names[constant];
        let at = |value: f32| {
            let others = solved
                .iter()
                .map(|(&it, &value)| (names[it].0.as_str(), value));
            let all: Vec<(&str, f32)> = others.chain([(name.as_str(), value)]).collect();
            Some(numbers_with(known, &all, own)?[place])
        };
        let wanted = own.others[place];
        let (here, there) = (at(*value)?, at(changed(*value))?);
        let own = if here == wanted {
            *value
        } else {
            let slope = (there - here) / f64::from(changed(*value) - value);
            (f64::from(*value) + (wanted - here) / slope) as f32
        };
        solved.insert(constant, own);
    }
    // What was solved for one number has to hold for all.
    let all: Vec<(&str, f32)> = (solved.iter())
        .map(|(&it, &value)| (names[it].0.as_str(), value))
        .collect();
    let found = numbers_with(known, &all, own)?;
    let mut pairs = found.iter().zip(&own.others);
    if !pairs.all(|(found, wanted)| same(*found, *wanted)) {
        return None;
    }
    let pairs = names.into_iter().enumerate().map(|(place, (name, known))| {
        let own = solved.get(&place).copied().unwrap_or(known);
        let differs = !same(f64::from(own), f64::from(known));
        ConstantPair {
            name,
            known,
            own: differs.then_some(f64::from(own)),
        }
    });
    Some(pairs.collect())
}

/// Whether two numbers are the same but for a few roundings.
fn same(one: f64, other: f64) -> bool {
    let (distance, size) = ((one - other).abs(), one.abs().max(other.abs()));
    let (absolute, least) = SAME_BESIDE_ONE;
    distance <= SAME * size || size >= least && distance <= absolute
}

/// Another value for a constant, at which a program most likely has the same skeleton.
fn changed(value: f32) -> f32 {
    if value == 0.0 { 0.0625 } else { value * 0.9375 }
}

/// The constants of a program that an instruction reads, with their values.
pub(super) fn constants_read(program: &Program) -> Vec<(String, f32)> {
    let pruned = program.pruned();
    let read: BTreeSet<_> = pruned
        .bodies()
        .iter()
        .flatten()
        .flat_map(Instruction::operands)
        .map(|cell| cell.index())
        .collect();
    let cells = pruned.cells().iter().enumerate();
    let constants = cells.filter_map(|(place, cell)| match cell.role {
        Role::Constant(value) if read.contains(&place) => {
            Some((cell.name.to_string(), value.value()))
        }
        Role::Constant(_) | Role::Input | Role::State | Role::Scratch | Role::Output => None,
    });
    constants.collect()
}

/// The numbers of a known program with other values of some constants, at the places of these pairs; nothing if they are not
/// there then.
fn numbers_with(known: &Program, constants: &[(&str, f32)], pairs: &Pairs) -> Option<Vec<f64>> {
    let mut program = known.clone();
    for (name, value) in constants {
        program = program.with_constant(name, *value).ok()?;
    }
    let found = Pairs::between(known, &Skeleton::of(&program))?;
    (found.others.len() == pairs.known.len()).then_some(found.others)
}

/// Numbers at the same places of two programs with one skeleton, in an order that is the same for all such programs.
struct Pairs {
    known: Vec<f64>,
    others: Vec<f64>,
}

impl Pairs {
    /// Those of a known program and a skeleton, if it is the same.
    fn between(known: &Program, other: &Skeleton) -> Option<Self> {
        let known = Skeleton::of(known);
        let labels = [&known, other].map(Labels::of);
        if labels[0].whole != labels[1].whole {
            return None;
        }
        let mut walk = Walk {
            skeletons: [&known, other],
            labels: &labels,
            seen: BTreeSet::new(),
            states: BTreeMap::new(),
            back: BTreeMap::new(),
            pending: Vec::new(),
            pairs: Self {
                known: Vec::new(),
                others: Vec::new(),
            },
        };
        walk.all()?;
        Some(walk.pairs)
    }
}

/// Two skeletons, walked side by side.
struct Walk<'a> {
    skeletons: [&'a Skeleton; 2],
    labels: &'a [Labels; 2],
    /// Pairs of nodes that the walk has been to, with their function.
    seen: BTreeSet<(usize, [Place; 2])>,
    /// For each cell of state of the first, that of the second, and the other way around.
    states: BTreeMap<&'a str, &'a str>,
    back: BTreeMap<&'a str, &'a str>,
    /// Cells of state whose stores are still to be walked.
    pending: Vec<[&'a str; 2]>,
    pairs: Pairs,
}

impl<'a> Walk<'a> {
    /// Everything that outputs depend on; nothing if one cell of state would have to be two.
    fn all(&mut self) -> Option<()> {
        let [one, other] = self.skeletons;
        for (place, flow) in one.flows.iter().enumerate() {
            for store in flow.stores.iter().filter(|store| store.is_output) {
                self.store(place, [&store.cell; 2])?;
            }
        }
        while let Some(cells) = self.pending.pop() {
            for place in 0..one.flows.len() {
                let is_written = |skeleton: &Skeleton, cell: &str| {
                    let mut stores = skeleton.flows[place].stores.iter();
                    stores.any(|store| store.cell == cell)
                };
                match (is_written(one, cells[0]), is_written(other, cells[1])) {
                    (true, true) => self.store(place, cells)?,
                    (false, false) => {}
                    (true, false) | (false, true) => return None,
                }
            }
        }
        Some(())
    }

    fn store(&mut self, flow: usize, cells: [&str; 2]) -> Option<()> {
        let find = |skeleton: &Skeleton, cell: &str| {
            let mut stores = skeleton.flows[flow].stores.iter();
            stores.find(|store| store.cell == cell).map(|it| it.node)
        };
        let nodes = [
            find(self.skeletons[0], cells[0])?,
            find(self.skeletons[1], cells[1])?,
        ];
        self.nodes(flow, nodes)
    }

    fn nodes(&mut self, flow: usize, nodes: [Place; 2]) -> Option<()> {
        let is_number = |side: usize| {
            matches!(
                self.skeletons[side].flows[flow].nodes[nodes[side]],
                Node::Number(_)
            )
        };
        // Numbers are told at each place, as equal ones of one program need not be equal in another.
        if !is_number(0) && !self.seen.insert((flow, nodes)) {
            return Some(());
        }
        let skeletons = self.skeletons;
        let node = |side: usize| -> &'a Node { &skeletons[side].flows[flow].nodes[nodes[side]] };
        // A number times something, with which it has the label in common.
        let peeled = [node(0), node(1)].map(|node| match node {
            Node::Sum(terms) if terms.len() == 1 => Some(terms[0]),
            _ => None,
        });
        if peeled.iter().any(Option::is_some) {
            let factor = |side: usize| peeled[side].map_or(1.0, |(times, _)| times);
            let (known, other) = (factor(0), factor(1));
            let inner = |side: usize| peeled[side].map_or(nodes[side], |(_, of)| of);
            let inner = [inner(0), inner(1)];
            self.pair(known, other);
            return self.nodes(flow, inner);
        }
        let all_labels = self.labels;
        let labels = |side: usize| &all_labels[side].nodes[flow][..];
        match (node(0), node(1)) {
            (Node::Number(one), Node::Number(other)) => {
                let (one, other) = (*one, *other);
                self.pair(one, other);
                Some(())
            }
            (Node::Input(one), Node::Input(other)) => (one == other).then_some(()),
            (Node::State(one), Node::State(other)) => self.state(one, other),
            (one, other) => {
                let orders = [in_order(one, labels(0)), in_order(other, labels(1))];
                let operands = [one.operands(), other.operands()];
                if operands[0].len() != operands[1].len() {
                    return None;
                }
                let coefficients = [one, other].map(|node| match node {
                    Node::Sum(terms) => terms.iter().map(|term| term.0).collect(),
                    _ => Vec::new(),
                });
                for (&first, &second) in orders[0].iter().zip(&orders[1]) {
                    if let (Some(&known), Some(&other)) =
                        (coefficients[0].get(first), coefficients[1].get(second))
                    {
                        self.pair(known, other);
                    }
                    self.nodes(flow, [operands[0][first], operands[1][second]])?;
                }
                Some(())
            }
        }
    }

    fn pair(&mut self, known: f64, other: f64) {
        self.pairs.known.push(known);
        self.pairs.others.push(other);
    }

    fn state(&mut self, one: &'a str, other: &'a str) -> Option<()> {
        match (self.states.get(one), self.back.get(other)) {
            (None, None) => {
                self.states.insert(one, other);
                self.back.insert(other, one);
                self.pending.push([one, other]);
                Some(())
            }
            (Some(&paired), Some(&back)) if paired == other && back == one => Some(()),
            (Some(_) | None, _) => None,
        }
    }
}
