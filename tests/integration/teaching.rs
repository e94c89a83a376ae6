//! Programs that learn, known and random, and a judge that teaches them.

use mlevolve::fitness::{DataSettings, Judge, Judgement, judging_task_seeds};
use mlevolve::learner::{LearnerJudge, LearnerSettings};
use mlevolve::program::{Program, Schema, known};
use mlevolve::run::RunConfig;
use mlevolve::search::SearchSettings;
use mlevolve::variation::{OpSet, Variation, VariationSettings};
use mlevolve_ir::{Backend, BackendChoice};
use mlevolve_tasks::stream;

pub(crate) const HEAD: &str = "program p\nschema learner 1\ninput x column\ninput y scalar\ninput step scalar\n\
    input seed scalar\nconstant rate = 0.1\nconstant two = 2\nstate prediction scalar\nstate w column\n\
    state v column\nstate s scalar\nstate m row_gram\nscratch t scalar\n";

pub(crate) fn program(body: &str) -> Program {
    Program::parse(&format!("{HEAD}{body}")).unwrap()
}

/// A program whose label is a vector.
pub(crate) fn vector_program(body: &str) -> Program {
    let head = HEAD.replace("input y scalar", "input y column");
    let head = head.replace("state prediction scalar", "state prediction column");
    Program::parse(&format!("{head}{body}")).unwrap()
}

pub(crate) fn settings(suite: &str, features: usize, examples: usize) -> SearchSettings {
    SearchSettings {
        suite: suite.to_owned(),
        seeds: 5,
        learner: LearnerSettings {
            features,
            training_examples: examples,
            ..LearnerSettings::default()
        },
        ..RunConfig::of(Schema::Learner).search
    }
}

pub(crate) fn judge(settings: &SearchSettings) -> LearnerJudge {
    LearnerJudge::new(settings, &DataSettings::default()).unwrap()
}

pub(crate) fn known_learner(name: &str, rate: f32) -> Program {
    let program = known::find(name).unwrap().program().unwrap();
    program.with_constant("learning_rate", rate).unwrap()
}

/// Random learners for a suite, of nearly all ops that there are on these shapes.
pub(crate) fn random_learners(suite: &str, count: u64) -> Vec<Program> {
    let ops = [
        "add",
        "sub",
        "mul",
        "div",
        "min",
        "max",
        "abs",
        "heaviside",
        "reciprocal",
        "sin",
        "exp",
        "log",
        "dot",
        "outer",
        "matmul",
        "norm",
        "mean",
        "std",
        "row_norms",
        "row_means",
        "row_stds",
        "transpose",
        "uniform",
        "normal",
        "broadcast",
        "broadcast_column",
        "select",
        "sigmoid",
        "tanh",
        "column_sums",
        "set_element",
    ];
    let variation = Variation::of_form(
        Schema::Learner,
        settings(suite, 4, 100).form().unwrap(),
        &VariationSettings {
            ops: OpSet::new(ops).unwrap(),
            ..VariationSettings::default()
        },
    );
    let random = |number| {
        let numbers = &mut stream(number, "random learners", [0, 0]);
        variation.random_program(numbers, "random")
    };
    (0..count).map(random).collect()
}

/// Every NaN as one.
pub(crate) fn bits(judgement: &Judgement) -> Vec<(u64, Option<u64>, usize)> {
    let tasks = judgement.tasks.iter();
    tasks
        .map(|task| {
            let metric = task.final_value.map(f64::to_bits);
            (task.fitness.to_bits(), metric, task.diverged_runs)
        })
        .collect()
}

/// Has programs judged by every back end, and sees to it that some of them predict something, which their fitness tells.
pub(crate) fn assert_back_ends_agree(
    settings: &SearchSettings,
    programs: &[Program],
    predicts: impl Fn(f64) -> bool,
) {
    let judge = judge(settings);
    let seeds = judging_task_seeds(7);
    let mut learnt = 0;
    for program in programs {
        let of = |backend: Backend| judge.judge(program, &seeds, backend.into()).unwrap();
        let interpreted = of(Backend::Interpreter);
        learnt += usize::from(predicts(interpreted.fitness));
        for backend in [Backend::JitQuick, Backend::Jit] {
            assert_eq!(
                bits(&of(backend)),
                bits(&interpreted),
                "{backend}\n{program}"
            );
        }
        let auto = judge.judge(program, &seeds, BackendChoice::Auto).unwrap();
        assert_eq!(bits(&auto), bits(&interpreted), "{program}");
    }
    assert!(learnt >= 10, "only {learnt} programs predict anything");
}

/// The known learners that a suite can be learnt by.
pub(crate) fn known_learners(suite: &str) -> impl Iterator<Item = Program> {
    judge(&settings(suite, 4, 100))
        .starting_points()
        .into_iter()
}
