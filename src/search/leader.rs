//! What is best so far.
//!
//! Hundreds challenge in a long search, and of hundreds that are as good some look better on any few seeds. So what leads is judged on many; as most
//! challengers are clearly behind, a few of those seeds can screen them:
//!
//! ```text
//!   the best children ─► the first confirmation seeds ─► ahead of the leader there? ─► all of them ─► ahead? leads
//! ```

use rayon::prelude::*;

use super::{Individual, Search, SearchError};
use crate::fitness::{Judge, JudgeError, Judgement, confirmation_seeds};

/// The program that is reported if the search ends now.
#[derive(Clone, Debug, PartialEq)]
pub struct Leader {
    /// The individual, with its fitness on the search's seeds.
    pub individual: Individual,
    /// How good it is on the tasks and seeds for confirmation.
    pub confirmed: Judgement,
    /// Its fitness on the seeds that screen challengers, if the search has such.
    pub screened: Option<f64>,
    /// The generation that it came with.
    pub generation: u32,
}

impl Search {
    /// Judges the best children again, on other seeds than those that candidates are chosen by; the new
    /// leader, if one of them is better than the old one there.
    ///
    /// A child's fitness is compared with the leader's confirmed one, not with that which the leader
    /// was chosen by: the best of many owes some of that to luck, and would keep better ones out. Fitnesses on other
    /// tasks cannot be compared, so where those confirm, the best children always challenge.
    pub(super) fn challenged_leader<'a>(
        &self,
        children: impl Iterator<Item = &'a Individual>,
        judge: &dyn Judge,
        confirming: Option<&dyn Judge>,
        generation: u32,
    ) -> Result<Option<Leader>, SearchError> {
        let leader = self.leader.as_ref();
        let to_beat = leader.map_or(f64::NEG_INFINITY, |leader| leader.confirmed.fitness);
        let greatest_cost = self.settings.greatest_leader_cost.unwrap_or(u32::MAX);
        let mut challengers: Vec<&Individual> = children
            .filter(|child| child.cost <= greatest_cost)
            .filter(|child| confirming.is_some() || child.fitness > to_beat)
            .collect();
        challengers.sort_by(|first, second| first.rank(second));
        challengers.truncate(self.settings.challengers);
        let seeds = confirmation_seeds(self.settings.seed, self.settings.confirmation_seeds);
        let screening = self.settings.screening_seeds;
        let screening = screening.map(|count| &seeds[..count.min(seeds.len())]);
        let to_pass = leader.and_then(|leader| leader.screened);
        let (judge, backend) = (confirming.unwrap_or(judge), self.settings.backend.0);
        let judged =
            |challenger: &Individual, seeds| judge.judge(&challenger.program, seeds, backend);
        let confirmed = challengers.into_par_iter().map(|challenger| {
            let screened = screening.map(|seeds| judged(challenger, seeds));
            let screened = screened.transpose()?.map(|judgement| judgement.fitness);
            let is_behind = screened
                .zip(to_pass)
                .is_some_and(|(own, other)| own <= other);
            if is_behind {
                return Ok(None);
            }
            Ok(Some(Leader {
                individual: challenger.clone(),
                confirmed: judged(challenger, &seeds)?,
                screened,
                generation,
            }))
        });
        let confirmed = confirmed.collect::<Result<Vec<_>, JudgeError>>()?;
        let mut best: Option<Leader> = None;
        for challenger in confirmed.into_iter().flatten() {
            let incumbent = best.as_ref().or(leader);
            if incumbent.is_none_or(|it| challenger.confirmed.fitness > it.confirmed.fitness) {
                best = Some(challenger);
            }
        }
        Ok(best)
    }
}
