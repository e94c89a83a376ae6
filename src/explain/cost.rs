//! What a program costs beside known ones.

use serde::{Deserialize, Serialize};

use super::nearest::Nearest;
use crate::fitness::{Judge, ProgramCost};
use crate::program::{Program, known};

/// A program's cost beside that of known ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostBeside {
    /// The program's; nothing if it cannot run, as a loss without a gradient cannot.
    pub own: Option<ProgramCost>,
    /// That of the schema's reference, Adam's of update rules, and of the nearest ones, each once.
    pub known: Vec<CostRow>,
}

/// What a known program costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostRow {
    /// The program's name.
    pub name: String,
    /// What it costs.
    pub cost: ProgramCost,
}

impl CostBeside {
    /// Of a program that is nearest to these.
    pub(super) fn of(program: &Program, nearest: &Nearest, judge: &dyn Judge) -> Self {
        let references = program.schema().description().cost_references.iter();
        let mut of_form = references.filter(|name| {
            known::find(name).is_some_and(|known| known.parsed().form() == program.form())
        });
        let reference = of_form.next().copied();
        let by_structure = nearest.distances.first().map(|it| it.name.as_str());
        let by_behaviour = nearest.by_behaviour().map(|it| it.name.as_str());
        let mut known: Vec<CostRow> = Vec::new();
        for name in reference
            .into_iter()
            .chain(by_structure)
            .chain(by_behaviour)
        {
            let cost = known::find(name).and_then(|it| judge.cost(&it.parsed()).ok());
            if let Some(cost) = cost.filter(|_| known.iter().all(|row| row.name != name)) {
                let name = name.to_owned();
                known.push(CostRow { name, cost });
            }
        }
        Self {
            own: judge.cost(program).ok(),
            known,
        }
    }
}
