//! Where many variants of a program are judged, each with each seed.

use mlevolve_ir::BackendChoice;
use rayon::prelude::*;

use crate::fitness::{Judge, JudgeError, Probed, Rejection};
use crate::program::Program;

/// A judge with the seeds that it judges by.
pub(super) struct Bench<'a> {
    pub(super) judge: &'a dyn Judge,
    pub(super) backend: BackendChoice,
    pub(super) seeds: Vec<u64>,
    /// Hears of so many that are judged.
    pub(super) told: &'a (dyn Fn(u64) + Sync),
}

impl Bench<'_> {
    /// The fitness of each program with each seed, on all threads.
    pub(super) fn fitnesses(
        &self,
        programs: &[Program],
        seeds: &[u64],
    ) -> Result<Vec<Vec<f64>>, JudgeError> {
        let jobs = (0..programs.len() * seeds.len()).into_par_iter();
        let fitnesses = jobs.map(|job| {
            let (program, seed) = (&programs[job / seeds.len()], seeds[job % seeds.len()]);
            let fitness = self.fitness(program, seed);
            (self.told)(1);
            fitness
        });
        let fitnesses = fitnesses.collect::<Result<Vec<f64>, JudgeError>>()?;
        Ok(fitnesses.chunks(seeds.len()).map(<[f64]>::to_vec).collect())
    }

    fn fitness(&self, program: &Program, seed: u64) -> Result<f64, JudgeError> {
        // A loss without a gradient leaves models as they are, which is what 0 stands for.
        if self.rejection(program)? == Some(Rejection::NotDifferentiable) {
            return Ok(0.0);
        }
        let judgement = self.judge.judge(program, &[seed], self.backend)?;
        Ok(judgement.fitness)
    }

    /// What a probe has against a program.
    pub(super) fn rejection(&self, program: &Program) -> Result<Option<Rejection>, JudgeError> {
        Ok(match self.judge.probe(program)? {
            Probed::Rejected(rejection) => Some(rejection),
            Probed::Passed(_) => None,
        })
    }
}
