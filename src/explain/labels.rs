//! Labels of a skeleton's nodes: equal for what is computed alike, whatever the constants are.
//!
//! A node is labelled by what it is computed from, down to inputs and state. State is told apart by what is stored to it, round by
//! round, as for canonical hashes (partition refinement, Moore 1956); as constants say nothing here, two cells may share a label that hold
//! different numbers.

use std::collections::BTreeMap;

use mlevolve_ir::ops::Op;
use sha2::{Digest, Sha256};

use super::skeleton::{Flow, Node, Place, Skeleton, reachable};

/// Equal for what is computed alike.
pub(super) type Label = [u8; 32];

/// How far down an outline looks: a node, its operands and theirs.
const OUTLINE_DEPTH: usize = 2;

/// The labels of a skeleton.
#[derive(Debug)]
pub(super) struct Labels {
    /// Equal for programs that are the same but for constants.
    pub(super) whole: Label,
    /// For each function, those of its nodes.
    pub(super) nodes: Vec<Vec<Label>>,
}

impl Labels {
    pub(super) fn of(skeleton: &Skeleton) -> Self {
        let states = skeleton.states.iter();
        let mut states: BTreeMap<&str, Label> = states
            .map(|(name, shape)| {
                (
                    name.as_str(),
                    tagged("state", &[shape.keyword().as_bytes()]),
                )
            })
            .collect();
        // As many rounds as can tell states of two programs apart.
        for _ in 0..2 * states.len() {
            let mut next = states.clone();
            for flow in &skeleton.flows {
                let labels = node_labels(flow, &states);
                for store in &flow.stores {
                    if let Some(label) = next.get_mut(store.cell.as_str()) {
                        let accumulates = [u8::from(store.accumulates)];
                        let parts = [
                            flow.name.as_bytes(),
                            label,
                            &accumulates,
                            &labels[store.node],
                        ];
                        *label = tagged("next", &parts);
                    }
                }
            }
            states = next;
        }
        let flows = skeleton.flows.iter();
        let nodes: Vec<Vec<Label>> = flows.map(|flow| node_labels(flow, &states)).collect();
        let count = states.len().to_le_bytes();
        let mut parts: Vec<Vec<u8>> = vec![skeleton.schema.into(), count.into()];
        for (flow, labels) in skeleton.flows.iter().zip(&nodes) {
            for store in flow.stores.iter().filter(|store| store.is_output) {
                parts.push(flow.name.clone().into());
                parts.push(store.cell.clone().into());
                parts.push(vec![u8::from(store.accumulates)]);
                parts.push(labels[store.node].into());
            }
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        Self {
            whole: tagged("program", &parts),
            nodes,
        }
    }
}

/// Where the operands of a node stand in a comparison: those whose order does not count by their labels.
pub(super) fn in_order(node: &Node, labels: &[Label]) -> Vec<usize> {
    let operands = node.operands();
    let mut order: Vec<usize> = (0..operands.len()).collect();
    match node {
        Node::Sum(_) => order.sort_by_key(|&place| labels[operands[place]]),
        Node::Product(factors) => {
            order.sort_by_key(|&place| (labels[operands[place]], factors[place].1));
        }
        // Those that do not commute come after them.
        Node::Apply(op, _) if op.commutes() => {
            order[..2].sort_by_key(|&place| labels[operands[place]]);
        }
        Node::Number(_) | Node::Input(_) | Node::State(_) | Node::Apply(..) | Node::Kept(_) => {}
    }
    order
}

fn node_labels(flow: &Flow, states: &BTreeMap<&str, Label>) -> Vec<Label> {
    let mut labels: Vec<Label> = Vec::with_capacity(flow.nodes.len());
    for node in &flow.nodes {
        let label = match node {
            Node::State(name) => match states.get(name.as_str()) {
                Some(label) => tagged("load", &[label]),
                // No output depends on it.
                None => tagged("state", &[]),
            },
            Node::Number(_)
            | Node::Input(_)
            | Node::Sum(_)
            | Node::Product(_)
            | Node::Apply(..)
            | Node::Kept(_) => labelled(node, &labels),
        };
        labels.push(label);
    }
    labels
}

/// The label of a node by those of its operands, which are among the labels of all.
fn labelled(node: &Node, labels: &[Label]) -> Label {
    // A number times something is the same with another number, be it 1.
    if let Node::Sum(terms) = node
        && terms.len() == 1
    {
        return labels[terms[0].1];
    }
    let operands = node.operands();
    let mut parts: Vec<Vec<u8>> = vec![kind(node).into()];
    for place in in_order(node, labels) {
        if let Node::Product(factors) = node {
            parts.push(factors[place].1.to_le_bytes().into());
        }
        parts.push(labels[operands[place]].to_vec());
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    tagged("node", &parts)
}

/// What a node is, apart from its operands, as text that nothing else has.
fn kind(node: &Node) -> String {
    match node {
        Node::Number(_) => "number".to_owned(),
        Node::Input(name) => format!("input {name}"),
        Node::State(_) => "state".to_owned(),
        Node::Sum(_) => "sum".to_owned(),
        Node::Product(_) => "product".to_owned(),
        Node::Apply(op, _) => format!("apply {}", Op::mnemonic(*op)),
        Node::Kept(_) => "kept".to_owned(),
    }
}

/// What a skeleton is made of, as so many labels of small neighbourhoods and of what is done to cells, sorted. Programs that have much in common have many labels in
/// common.
pub(super) fn outline(skeleton: &Skeleton) -> Vec<Label> {
    let mut outline = Vec::new();
    for flow in &skeleton.flows {
        let roots = flow.stores.iter().filter(|store| skeleton.matters(store));
        let roots: Vec<Place> = roots.map(|store| store.node).collect();
        let places = reachable(&flow.nodes, &roots);
        let mut labels: Vec<Label> = flow
            .nodes
            .iter()
            .map(|node| tagged(&kind(node), &[]))
            .collect();
        for _ in 0..OUTLINE_DEPTH {
            labels = flow
                .nodes
                .iter()
                .map(|node| labelled(node, &labels))
                .collect();
        }
        let is_told =
            |place: &&Place| !matches!(&flow.nodes[**place], Node::Sum(terms) if terms.len() == 1);
        outline.extend(places.iter().filter(is_told).map(|&place| labels[place]));
    }
    let flows = skeleton.flows.iter();
    outline.extend(flows.flat_map(|flow| {
        let stores = flow.stores.iter().filter(|store| skeleton.matters(store));
        stores.map(|store| {
            // Names of state say nothing.
            let cell = if store.is_output {
                store.cell.as_str()
            } else {
                "state"
            };
            let accumulates = [u8::from(store.accumulates)];
            tagged(
                "store",
                &[flow.name.as_bytes(), cell.as_bytes(), &accumulates],
            )
        })
    }));
    outline.sort_unstable();
    outline
}

/// How little two outlines have in common: 1 − 2 |A ∩ B| / (|A| + |B|), from 0 for equal ones to 1 (Sørensen 1948; Dice 1945).
pub(super) fn difference(one: &[Label], other: &[Label]) -> f64 {
    let (mut shared, mut place) = (0, 0);
    for label in one {
        while place < other.len() && other[place] < *label {
            place += 1;
        }
        if other.get(place) == Some(label) {
            shared += 1;
            place += 1;
        }
    }
    let all = one.len() + other.len();
    if all == 0 {
        return 0.0;
    }
    1.0 - 2.0 * f64::from(shared) / all as f64
}

/// The hash of a kind of thing made of parts, each of which is told apart from its neighbours.
fn tagged(kind: &str, parts: &[&[u8]]) -> Label {
    let mut hasher = Sha256::new();
    for part in [kind.as_bytes()].iter().chain(parts) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_outlines_have_in_common() {
        let outline =
            |numbers: &[u8]| -> Vec<Label> { numbers.iter().map(|&it| [it; 32]).collect() };
        for (one, other, expected) in [
            (&[1, 2, 3][..], &[1, 2, 3][..], 0.0),
            (&[1, 2], &[3, 4], 1.0),
            (&[1, 1, 2], &[1, 2, 2], 1.0 / 3.0),
            (&[], &[], 0.0),
            (&[], &[1], 1.0),
        ] {
            let found = difference(&outline(one), &outline(other));
            assert!(
                (found - expected).abs() < 1e-12,
                "{one:?} {other:?} {found}"
            );
        }
    }
}
