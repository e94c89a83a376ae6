//! The fitness of losses: how well models learn that minimise them.
//!
//! What a candidate goes through, cheapest first:
//!
//! ```text
//!   the same gradients seen before ─► its fitness is known   (microseconds)
//!   probe ─► rejected                                        (microseconds)
//!   first task ─► below the hurdle: dropped                  (milliseconds)
//!   whole suite ─► judged
//! ```
//!
//! Every loss trains with Adam at the learning rate that was tuned for the task's own loss, and is measured between the
//! same two points as update rules are: 0 is the untrained model, 1 the best known rule on the task's own loss. So a
//! fitness above 1 says that a model learns more from this loss than from its own, by any known rule.

use mlevolve_ir::BackendChoice;

use super::{LossFunction, LossScale, LossTraining, TunedAdam};
use crate::fitness::{
    Appraisal, Comparison, Contender, DataSettings, Fingerprint, FitnessWeights, Gate, Judge,
    JudgeError, Judgement, Probed, ProgramCost, Rejection, Rung, TaskFitness, TaskLabel, Trained,
    judging_seeds,
};
use crate::lowering::CanonicalHash;
use crate::program::{Program, Schema, known};

/// Judges losses on a suite.
pub struct LossJudge {
    training: LossTraining,
    adam: TunedAdam,
}

impl LossJudge {
    /// A judge on the suite of this name.
    ///
    /// # Errors
    /// As for [`LossTraining::new`].
    pub fn new(
        suite: &str,
        data: &DataSettings,
        weights: FitnessWeights,
    ) -> Result<Self, JudgeError> {
        Self::of(LossTraining::new(suite, data, weights)?)
    }

    /// A judge on what a search on the suite of this name does not see; nothing if it sees all.
    ///
    /// # Errors
    /// As for [`LossTraining::held_out_from`].
    pub fn held_out_from(suite: &str, weights: FitnessWeights) -> Result<Option<Self>, JudgeError> {
        let training = LossTraining::held_out_from(suite, weights)?;
        training.map(Self::of).transpose()
    }

    fn of(training: LossTraining) -> Result<Self, JudgeError> {
        Ok(Self {
            adam: TunedAdam::on(training.suite())?,
            training,
        })
    }

    fn judge_task(
        &self,
        task: usize,
        function: &LossFunction,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<TaskFitness, JudgeError> {
        // Adam is not the program's.
        let (rule, flops) = (&self.adam.rules()[task], 0);
        self.training
            .task_fitness(task, function, rule, flops, seeds, backend)
    }

    fn judge_function(
        &self,
        function: &LossFunction,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<Judgement, JudgeError> {
        let tasks = 0..self.adam.rules().len();
        let tasks = tasks.map(|task| self.judge_task(task, function, seeds, backend));
        Ok(Judgement::of(tasks.collect::<Result<_, _>>()?))
    }

    fn contender(
        &self,
        name: &str,
        program: &Program,
        function: &LossFunction,
        backend: BackendChoice,
    ) -> Result<Contender, JudgeError> {
        let seeds = judging_seeds();
        let judged = self.adam.rules().iter().enumerate().map(|(task, rule)| {
            // Adam is not the program's.
            (self.training).task_with_curves(task, function, (rule, 0), &seeds, backend)
        });
        let judged = judged.collect::<Result<Vec<_>, JudgeError>>()?;
        let (tasks, curves) = judged.into_iter().unzip();
        Ok(Contender {
            name: name.to_owned(),
            learning_rates: Vec::new(),
            judgement: Judgement::of(tasks),
            cost: self.cost_of(program, function),
            curves,
        })
    }

    fn cost_of(&self, program: &Program, function: &LossFunction) -> ProgramCost {
        let outputs = self.training.outputs();
        ProgramCost {
            unit: "example".to_owned(),
            unit_flops: function.row_flops(outputs),
            call_flops: u64::from(function.cost().call_flops()),
            call_flops_formula: function.cost().to_string(),
            state: 0,
            instructions: program.pruned().instruction_count(),
        }
    }
}

impl Judge for LossJudge {
    fn tasks(&self) -> Vec<TaskLabel> {
        self.training.suite().tasks()
    }

    /// The mean squared error, which knows neither classes nor probabilities: what better losses have in common is for
    /// a search to find.
    fn starting_points(&self) -> Vec<Program> {
        let known = known::find("mean_squared");
        known.map(known::KnownProgram::parsed).into_iter().collect()
    }

    /// By gradients on made-up predictions; a program without gradient, by what it computes.
    fn appraise(
        &self,
        program: &Program,
        fingerprint: Option<Fingerprint>,
    ) -> Result<Appraisal, JudgeError> {
        let (known, cost) = match LossFunction::if_differentiable(program)? {
            Some(function) => {
                let identity = || self.training.identity(&function, LossScale::Immaterial);
                let cost = function.row_flops(self.training.outputs());
                (fingerprint.map_or_else(identity, Ok)?, cost as u32)
            }
            // It never trains.
            None => {
                let known = || CanonicalHash::of(program).into();
                (fingerprint.unwrap_or_else(known), 0)
            }
        };
        Ok(Appraisal {
            fingerprint: known,
            cost,
            instructions: program.effective_instruction_count() as u32,
        })
    }

    fn probe(&self, program: &Program) -> Result<Probed, JudgeError> {
        let rejection = match LossFunction::if_differentiable(program)? {
            Some(function) => self.training.rejection(&function)?,
            None => Some(Rejection::NotDifferentiable),
        };
        Ok(rejection.map_or(Probed::Passed(None), Probed::Rejected))
    }

    /// Its gradients on made-up predictions.
    fn behaviour(&self, program: &Program) -> Result<Vec<f32>, JudgeError> {
        Ok(self.training.gradients(&LossFunction::of(program)?)?)
    }

    fn rungs(&self) -> Vec<Rung> {
        self.training.suite().training_rungs()
    }

    fn train(
        &self,
        program: &Program,
        seeds: &[u64],
        gate: &mut dyn Gate,
        backend: BackendChoice,
    ) -> Result<Trained, JudgeError> {
        let function = LossFunction::of(program)?;
        self.training.suite().climb(seeds, gate, |leg| {
            // Adam is not the program's.
            let rule = (&self.adam.rules()[leg.task], 0);
            self.training.runs(leg, &function, rule, backend)
        })
    }

    fn judge(
        &self,
        program: &Program,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<Judgement, JudgeError> {
        self.judge_function(&LossFunction::of(program)?, seeds, backend)
    }

    fn cost(&self, program: &Program) -> Result<ProgramCost, JudgeError> {
        Ok(self.cost_of(program, &LossFunction::of(program)?))
    }

    /// Beside all known losses that a probe lets pass: others are of other kinds of targets.
    fn compare(
        &self,
        program: &Program,
        _tunes: bool,
        backend: BackendChoice,
    ) -> Result<Comparison, JudgeError> {
        let written = format!("{}, as written", program.name());
        let mut compared = Vec::new();
        for known in known::of(Schema::Loss) {
            let program = known.parsed();
            let function = LossFunction::of(&program)?;
            if self.training.rejection(&function)?.is_none() {
                compared.push(self.contender(known.name, &program, &function, backend)?);
            }
        }
        let function = LossFunction::of(program)?;
        Ok(Comparison {
            written: self.contender(&written, program, &function, backend)?,
            tuned: None,
            compared,
        })
    }

    fn legend(&self) -> String {
        format!(
            "Fitness: 0 is the untrained model, 1 the best of {} known rules with tuned learning rates on the task's\n\
             own loss. Losses train with Adam at the learning rate tuned for the task's own. Means over {} seeds that\n\
             are used for nothing else. FLOPs are of loss and gradient of an example of {} outputs.",
            known::of(Schema::Optimizer).count(),
            judging_seeds().len(),
            self.training.outputs(),
        )
    }

    fn own_yardstick(&self) -> Option<String> {
        self.training.suite().own_yardstick()
    }
}
