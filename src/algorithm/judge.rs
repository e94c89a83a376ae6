//! The fitness of a loss and an update rule together.

use mlevolve_ir::{Backend, BackendChoice};
use mlevolve_tasks::TrainingRun;
use sha2::{Digest, Sha256};

use super::compare::with_known_rules;
use crate::fitness::{
    Appraisal, Comparison, DataSettings, Fingerprint, FitnessWeights, Gate, Judge, JudgeError,
    Judgement, Leg, OptimizersByRate, ProbeRun, Probed, ProgramCost, RateChoice, Rejection, Rung,
    TaskCurves, TaskFitness, TaskLabel, Trained, judging_seeds,
};
use crate::loss::{LossError, LossFunction, LossScale, LossTraining};
use crate::lowering::CanonicalHash;
use crate::optimizer::{CompiledOptimizer, update_function};
use crate::program::{Program, Schema, known};

/// Judges algorithms on a suite.
pub struct AlgorithmJudge {
    training: LossTraining,
}

impl AlgorithmJudge {
    /// A judge on the suite of this name.
    ///
    /// # Errors
    /// As for [`LossTraining::new`].
    pub fn new(
        suite: &str,
        data: &DataSettings,
        weights: FitnessWeights,
    ) -> Result<Self, JudgeError> {
        let training = LossTraining::new(suite, data, weights)?;
        Ok(Self { training })
    }

    /// A judge on what a search on the suite of this name does not see; nothing if it sees all.
    ///
    /// # Errors
    /// As for [`LossTraining::held_out_from`].
    pub fn held_out_from(suite: &str, weights: FitnessWeights) -> Result<Option<Self>, JudgeError> {
        let training = LossTraining::held_out_from(suite, weights)?;
        Ok(training.map(|training| Self { training }))
    }

    /// The same, but whether it rejects update rules that do not follow their learning rate is as said.
    #[must_use]
    pub fn asking_for_rate(self, asks_for_rate: bool) -> Self {
        Self {
            training: self.training.asking_for_rate(asks_for_rate),
        }
    }

    /// The same, but candidates choose their learning rate on each task from these.
    #[must_use]
    pub fn choosing_rates(self, rate_choice: RateChoice) -> Self {
        Self {
            training: self.training.choosing_rates(rate_choice),
        }
    }

    /// Trains; the runs, and the program's FLOPs in each.
    fn runs(
        &self,
        leg: Leg<'_>,
        loss: &LossFunction,
        rule: &CompiledOptimizer,
        backend: BackendChoice,
    ) -> Result<(Vec<TrainingRun>, u64), JudgeError> {
        let layout = self.training.suite().suite_tasks()[leg.task].layout();
        let rule = (rule, rule.step_flops(layout));
        self.training.runs(leg, loss, rule, backend)
    }

    /// What trains.
    pub(super) const fn training(&self) -> &LossTraining {
        &self.training
    }

    /// The same for algorithms that train alike.
    fn identity(&self, loss: &LossFunction, rule: &Program) -> Result<Fingerprint, LossError> {
        let mut hasher = Sha256::new();
        // How great a gradient is matters to most rules.
        hasher.update(self.training.identity(loss, LossScale::Material)?.bytes());
        hasher.update(CanonicalHash::of(rule).bytes());
        Ok(Fingerprint::of_digest(&hasher.finalize().into()))
    }

    /// What a loss and a rule are worth on one task, by its place in the suite, with the curves.
    pub(super) fn task_with_curves(
        &self,
        task: usize,
        loss: &LossFunction,
        rule: &CompiledOptimizer,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<(TaskFitness, TaskCurves), JudgeError> {
        let layout = self.training.suite().suite_tasks()[task].layout();
        let flops = rule.step_flops(layout);
        self.training
            .task_with_curves(task, loss, (rule, flops), seeds, backend)
    }
}

/// The loss and the update rule of a program.
pub(super) fn parts(program: &Program) -> Result<(Program, Program), JudgeError> {
    if program.schema() != Schema::Algorithm {
        return Err(JudgeError::Schema {
            program: program.name().to_owned(),
            found: program.schema().description().name,
            expected: Schema::Algorithm.description().name,
        });
    }
    Ok((program.part(Schema::Loss), program.part(Schema::Optimizer)))
}

impl Judge for AlgorithmJudge {
    fn tasks(&self) -> Vec<TaskLabel> {
        self.training.suite().tasks()
    }

    /// The mean squared error with every known rule at each learning rate at which that is best on some task's own loss,
    /// in the order in which a search over update rules has them, and with the rules' names.
    fn starting_points(&self) -> Vec<Program> {
        let rules = self.training.suite().starting_points();
        let loss = known::find("mean_squared").map(known::KnownProgram::parsed);
        let pairs = loss
            .iter()
            .flat_map(|loss| rules.iter().map(move |rule| (loss, rule)));
        pairs
            .filter_map(|(loss, rule)| {
                Program::joined(Schema::Algorithm, rule.name(), &[loss, rule]).ok()
            })
            .collect()
    }

    /// By the loss's gradients on made-up predictions, and by what the update rule computes; a program whose loss has no
    /// gradient, by what it computes.
    fn appraise(
        &self,
        program: &Program,
        fingerprint: Option<Fingerprint>,
    ) -> Result<Appraisal, JudgeError> {
        let (loss, rule) = parts(program)?;
        // Neither should grow for nothing.
        let rule_flops = update_function(&rule).cost().element_flops();
        let (known, loss_flops) = match LossFunction::if_differentiable(&loss)? {
            Some(loss) => {
                let flops = loss.row_flops(self.training.outputs()) as u32;
                let identity = || self.identity(&loss, &rule);
                (fingerprint.map_or_else(identity, Ok)?, flops)
            }
            // It never trains.
            None => {
                let known = || CanonicalHash::of(program).into();
                (fingerprint.unwrap_or_else(known), 0)
            }
        };
        Ok(Appraisal {
            fingerprint: known,
            cost: rule_flops.saturating_add(loss_flops),
            instructions: program.effective_instruction_count() as u32,
        })
    }

    fn probe(&self, program: &Program) -> Result<Probed, JudgeError> {
        let (loss, rule) = parts(program)?;
        let Some(loss) = LossFunction::if_differentiable(&loss)? else {
            return Ok(Probed::Rejected(Rejection::NotDifferentiable));
        };
        let rejection = match self.training.rejection(&loss)? {
            Some(rejection) => Some(rejection),
            None => {
                let suite = self.training.suite();
                suite.rejection(&rule, &ProbeRun::of(&rule)?)?
            }
        };
        Ok(rejection.map_or(Probed::Passed(None), Probed::Rejected))
    }

    /// The loss's gradients on made-up predictions, and how far the rule moves made-up parameters.
    fn behaviour(&self, program: &Program) -> Result<Vec<f32>, JudgeError> {
        let (loss, rule) = parts(program)?;
        let mut behaviour = self.training.gradients(&LossFunction::of(&loss)?)?;
        behaviour.extend(ProbeRun::of(&rule)?.displacements());
        Ok(behaviour)
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
        let (loss, rule) = parts(program)?;
        let loss = LossFunction::of(&loss)?;
        let mut rules = OptimizersByRate::of(&rule, backend);
        self.training.suite().climb(seeds, gate, |leg| {
            self.runs(
                leg,
                &loss,
                rules.made(self.training.suite(), leg, seeds.len())?,
                backend,
            )
        })
    }

    fn judge(
        &self,
        program: &Program,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<Judgement, JudgeError> {
        let (loss, rule) = parts(program)?;
        let loss = LossFunction::of(&loss)?;
        let mut rules = OptimizersByRate::of(&rule, backend);
        self.training.suite().judged(seeds, |leg| {
            self.runs(
                leg,
                &loss,
                rules.made(self.training.suite(), leg, seeds.len())?,
                backend,
            )
        })
    }

    /// The update rule's: what the loss takes is for an example, not for a parameter, and little beside the model.
    fn cost(&self, program: &Program) -> Result<ProgramCost, JudgeError> {
        let (_, rule) = parts(program)?;
        // Only its cost is asked for.
        let optimizer = CompiledOptimizer::new(&rule, Backend::Interpreter)?;
        Ok(ProgramCost {
            instructions: program.pruned().instruction_count(),
            ..optimizer.program_cost(&rule)
        })
    }

    fn compare(
        &self,
        program: &Program,
        tunes: bool,
        backend: BackendChoice,
    ) -> Result<Comparison, JudgeError> {
        with_known_rules(program, tunes, self, backend)
    }

    fn legend(&self) -> String {
        format!(
            "Fitness: 0 is the untrained model, 1 the best of {} known rules with tuned learning rates on the task's\n\
             own loss. Means over {} seeds that are used for nothing else. Known rules minimise the task's own loss\n\
             with a learning rate tuned for each task; the program has one too in its second row. Then its loss with\n\
             Adam, and its rule on the task's own loss: which of them makes the difference. FLOPs are the rule's.",
            known::of(Schema::Optimizer).count(),
            judging_seeds().len(),
        )
    }

    fn own_yardstick(&self) -> Option<String> {
        self.training.suite().own_yardstick()
    }
}
