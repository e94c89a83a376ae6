//! Which known program a program is nearest to, by how it is written and by what it does.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::identity::{Identity, identity};
use super::labels::{Label, Labels, difference, outline};
use super::skeleton::Skeleton;
use crate::fitness::Judge;
use crate::program::{Program, RequiredRole, Schema, known};
use crate::search::behavioural_distance;

/// Where a program stands among the known ones of a schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nearest {
    /// The schema that this is about: the program's, or that of a part of it.
    pub schema: String,
    /// The known program that it is, but for constants.
    pub identity: Option<Identity>,
    /// All known programs of its form, the nearest by structure first.
    pub distances: Vec<KnownDistance>,
}

/// How far a program is from a known one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownDistance {
    /// The known program's name.
    pub name: String,
    /// How little their simplified forms have in common, from 0, where constants are all that differs, to 1. Names, the order of
    /// instructions and what has no effect do not count.
    pub structure: f64,
    /// The angle between what both do with the same made-up numbers, as a part of a half turn: 0 if they do the same but for one
    /// factor, 1/2 if what one does says nothing about the other, 1 for opposites. Of a part, nothing.
    pub behaviour: Option<f64>,
}

impl Nearest {
    /// The known program that does what is most like what this one does.
    #[must_use]
    pub fn by_behaviour(&self) -> Option<&KnownDistance> {
        let angle = |known: &KnownDistance| known.behaviour.unwrap_or(f64::INFINITY);
        let measured = self.distances.iter().filter(|it| it.behaviour.is_some());
        measured.min_by(|one, other| angle(one).total_cmp(&angle(other)))
    }
}

/// A program among the known ones of its schema, and each part of it among those of its own.
pub(super) fn nearest(program: &Program, judge: &dyn Judge) -> Vec<Nearest> {
    let own = judge.behaviour(program).ok();
    let angle = |known: &Program| {
        let known = judge.behaviour(known).ok()?;
        Some(behavioural_distance(own.as_ref()?, &known))
    };
    let parts = program.schema().parts();
    let parts = parts.map(|schema| among_known(&program.part(schema), &|_| None));
    std::iter::once(among_known(program, &angle))
        .chain(parts)
        .collect()
}

fn among_known(program: &Program, angle: &dyn Fn(&Program) -> Option<f64>) -> Nearest {
    let (label, own) = described(program);
    let mut found: Option<Identity> = None;
    let of_form = known::of(program.schema())
        .map(known::KnownProgram::parsed)
        .filter(|known| known.form() == program.form());
    let distances = of_form.map(|known| {
        let (known_label, outline) = described(&known);
        if known_label == label
            && let Some(identity) = identity(program, &known)
            && (found.as_ref()).is_none_or(|found| found.certainty() < identity.certainty())
        {
            found = Some(identity);
        }
        KnownDistance {
            name: known.name().to_owned(),
            structure: match known_label == label {
                true => 0.0,
                false => difference(&own, &outline),
            },
            behaviour: angle(&at_rates_of(&known, program)),
        }
    });
    let mut distances: Vec<KnownDistance> = distances.collect();
    // Of equals, the one that does what is more like it.
    distances.sort_by(|one, other| {
        let angles = || match (one.behaviour, other.behaviour) {
            (Some(one), Some(other)) => one.total_cmp(&other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        one.structure.total_cmp(&other.structure).then_with(angles)
    });
    Nearest {
        schema: program.schema().description().name.to_owned(),
        identity: found,
        distances,
    }
}

fn described(program: &Program) -> (Label, Vec<Label>) {
    let skeleton = Skeleton::of(program);
    (Labels::of(&skeleton).whole, outline(&skeleton))
}

/// A known program with the learning rate that another one has: how far it goes is not what it does.
fn at_rates_of(known: &Program, program: &Program) -> Program {
    let mut known = known.clone();
    for rate in rates(program.schema()) {
        let value = program.constant(rate);
        let set = value.map(|value| known.with_constant(rate, value));
        if let Some(Ok(set)) = set {
            known = set;
        }
    }
    known
}

/// The constants that every program of a schema has: of update rules, the learning rate.
pub(super) fn rates(schema: Schema) -> impl Iterator<Item = &'static str> {
    let required = schema.description().required.iter();
    required.filter_map(|cell| match cell.role {
        RequiredRole::PositiveConstant { .. } => Some(cell.name),
        RequiredRole::Input
        | RequiredRole::Output
        | RequiredRole::Result { .. }
        | RequiredRole::Increment { .. } => None,
    })
}
