//! Functions that are much steeper across a valley than along it: where second-order rules pay.

use std::sync::Arc;

use super::TaskEntry;
use crate::Task;
use crate::analytic::{self, Quadratic, Rosenbrock};

/// A quadratic with condition number 100.
pub(super) const QUADRATIC_100: TaskEntry =
    TaskEntry::bundled("quadratic-100", |name| quadratic(name, 100.0, 150));

/// A quadratic with condition number 10,000.
pub(super) const QUADRATIC_10000: TaskEntry =
    TaskEntry::bundled("quadratic-10000", |name| quadratic(name, 1e4, 300));

/// A curved valley.
pub(super) const ROSENBROCK: TaskEntry = TaskEntry::bundled("rosenbrock", |name| {
    analytic::task::<Rosenbrock>(
        name,
        "Rosenbrock's function of 16 parameters, a 4x4 matrix, divided by 100; no noise."
            .to_owned(),
        "Rosenbrock 1960, chained over dimensions; the start is drawn by the seed.".to_owned(),
        500,
        Rosenbrock::random,
    )
});

fn quadratic(name: &'static str, condition_number: f64, budget_steps: u32) -> Arc<dyn Task> {
    let summary = format!(
        "A quadratic function of 64 parameters, an 8x8 matrix, with condition number {condition_number}; each of its axes \
         holds as much of the first loss as any other, and the minimum is as far from 0 as from the start; no noise."
    );
    let data = "Axes are rotated by the seed, and eigenvalues go down from 1 in equal ratios.";
    analytic::task::<Quadratic>(
        name,
        summary,
        data.to_owned(),
        budget_steps,
        move |numbers| Quadratic::random(condition_number, numbers),
    )
}
