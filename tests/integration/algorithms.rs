//! Losses and update rules in one program: that each part is what it is alone, and what a search over both does.

use std::sync::atomic::{AtomicBool, AtomicU64};

use mlevolve::algorithm::AlgorithmJudge;
use mlevolve::fitness::{
    DataSettings, FitnessWeights, Judge, Probed, Rejection, TrainingJudge, judging_seeds,
};
use mlevolve::loss::{LossFunction, LossJudge};
use mlevolve::lowering::CanonicalHash;
use mlevolve::program::{Program, Schema, known};
use mlevolve::search::{Search, SearchSettings};
use mlevolve_ir::{Backend, BackendChoice};

const INTERPRETER: BackendChoice = BackendChoice::Only(Backend::Interpreter);
const SUITE: &str = "iris-mlp";

fn known_program(name: &str) -> Program {
    known::find(name).unwrap().program().unwrap()
}

fn joined(loss: &Program, rule: &Program) -> Program {
    Program::joined(Schema::Algorithm, "both", &[loss, rule]).unwrap()
}

fn judge() -> AlgorithmJudge {
    AlgorithmJudge::new(SUITE, &DataSettings::default(), FitnessWeights::default()).unwrap()
}

/// Adam at the learning rate that is best for it on the suite.
fn tuned_adam() -> Program {
    let training =
        TrainingJudge::new(SUITE, &DataSettings::default(), FitnessWeights::default()).unwrap();
    let rate = training.baselines().learning_rate("adam", SUITE).unwrap();
    known_program("adam")
        .with_constant("learning_rate", rate)
        .unwrap()
}

#[test]
fn a_loss_with_tuned_adam_is_worth_what_the_judge_of_losses_says() {
    let losses =
        LossJudge::new(SUITE, &DataSettings::default(), FitnessWeights::default()).unwrap();
    let (judge, seeds) = (judge(), judging_seeds());
    for name in ["cross_entropy", "focal"] {
        let program = joined(&known_program(name), &tuned_adam());
        let found = judge.judge(&program, &seeds, INTERPRETER).unwrap();
        let alone = losses
            .judge(&known_program(name), &seeds, INTERPRETER)
            .unwrap();
        assert_eq!(found.fitness.to_bits(), alone.fitness.to_bits(), "{name}");
        assert!(found.tasks[0].program_flops > alone.tasks[0].program_flops);
        for backend in [
            BackendChoice::Auto,
            BackendChoice::Only(Backend::Jit),
            BackendChoice::Only(Backend::JitQuick),
        ] {
            assert_eq!(judge.judge(&program, &seeds, backend).unwrap(), found);
        }
    }
}

#[test]
fn the_known_algorithm_is_of_the_parts_that_it_names() {
    let program = known_program("cross_entropy_adam");
    for (schema, name) in [(Schema::Loss, "cross_entropy"), (Schema::Optimizer, "adam")] {
        let part = program.part(schema);
        assert_eq!(
            CanonicalHash::of(&part),
            CanonicalHash::of(&known_program(name))
        );
    }
}

#[test]
fn either_part_can_be_what_is_refused() {
    let with_loss = |body: &str| {
        let text = format!(
            "program p\nschema loss 1\ninput prediction column\ninput target column\n\
             scratch v column\noutput loss scalar\nloss:\n{body}"
        );
        joined(&Program::parse(&text).unwrap(), &tuned_adam())
    };
    let with_rule = |body: &str| {
        let text = format!(
            "program p\nschema optimizer 1\ninput w tensor\ninput g tensor\ninput step scalar\n\
             constant learning_rate = 0.1\noutput delta tensor\nupdate:\n{body}"
        );
        joined(
            &known_program("cross_entropy"),
            &Program::parse(&text).unwrap(),
        )
    };
    let judge = judge();
    for (program, expected) in [
        (with_loss("loss = mean(target)"), Rejection::Idle),
        (
            with_loss("v = square(prediction)\nloss = mean(v)"),
            Rejection::BlindToTarget,
        ),
        (
            with_loss("loss = dot(prediction, target)"),
            Rejection::BlindToPrediction,
        ),
        (with_rule("delta = sub(g, g)"), Rejection::Idle),
        (with_rule("delta = neg(w)"), Rejection::BlindToGradient),
        (with_rule("delta = log(g)"), Rejection::NotFinite),
    ] {
        assert!(judge.fingerprint(&program).is_ok());
        let probed = judge.probe(&program).unwrap();
        assert_eq!(probed, Probed::Rejected(expected), "{program}");
    }
    let adam = known_program("adam");
    let error = judge.judge(&adam, &[1], INTERPRETER).unwrap_err();
    assert_eq!(
        error.to_string(),
        "program `adam` has schema `optimizer`; only `algorithm` programs can be judged here"
    );
}

#[test]
fn algorithms_are_the_same_where_both_parts_are() {
    let judge = judge();
    let of = |program: &Program| judge.fingerprint(program).unwrap();
    let (squared, adam) = (known_program("mean_squared"), tuned_adam());
    let program = joined(&squared, &adam);
    // Other cells, names and order.
    assert_eq!(of(&program), of(&program.standardised().unwrap()));
    // The order of magnitude of gradients is no matter to the judge of losses, but to most rules.
    let text = "program double\nschema loss 1\ninput prediction column\ninput target column\n\
                constant two = 2\nscratch v column\noutput loss scalar\nloss:\n\
                v = sub(prediction, target)\nv = square(v)\nloss = mean(v)\nloss = mul(loss, two)";
    let double = Program::parse(text).unwrap();
    let losses =
        LossJudge::new(SUITE, &DataSettings::default(), FitnessWeights::default()).unwrap();
    assert_eq!(
        losses.fingerprint(&double).unwrap(),
        losses.fingerprint(&squared).unwrap()
    );
    assert_ne!(of(&joined(&double, &adam)), of(&program));
    assert_ne!(of(&joined(&squared, &known_program("sgd"))), of(&program));
}

#[test]
fn a_report_says_which_part_makes_the_difference() {
    let judge = judge();
    let program = joined(&known_program("mean_squared"), &tuned_adam());
    let comparison = judge.compare(&program, true, BackendChoice::Auto).unwrap();
    let names: Vec<_> = comparison.contenders().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "both, as written",
            "both, tuned",
            "its loss, with Adam",
            "its rule, own loss",
            "sgd",
            "momentum",
            "adam",
            "adamw",
            "lion"
        ]
    );
    let fitness = |name: &str| {
        let mut contenders = comparison.contenders();
        contenders
            .find(|it| it.name == name)
            .unwrap()
            .judgement
            .fitness
    };
    // Its parts are tuned Adam and the mean squared error.
    assert_eq!(fitness("its rule, own loss"), fitness("adam"));
    assert_eq!(fitness("its loss, with Adam"), fitness("both, as written"));
    assert!(fitness("both, as written") < fitness("adam"));
    let text = comparison.text(&judge);
    assert!(text.contains("its loss, with Adam"), "{text}");
}

/// A search of a few generations.
#[test]
fn a_search_breeds_both_parts_and_ends_better_than_it_began() {
    let defaults = (Schema::Algorithm.description().judging.defaults)();
    assert_eq!(defaults.validate(), Ok(()));
    let settings = SearchSettings {
        suite: "iris-logistic".to_owned(),
        generations: 4,
        population: 60,
        offspring: 60,
        seeds: 1,
        confirmation_seeds: 1,
        ..defaults
    };
    let mut search = Search::new(settings).unwrap();
    let judge = search.judge().unwrap();
    let starting_points = judge.starting_points();
    assert!(
        starting_points
            .iter()
            .all(|program| program.schema() == Schema::Algorithm)
    );
    let mut best = Vec::new();
    while !search.is_finished() {
        let generation = search
            .advance(&*judge, None, &AtomicU64::new(0), &AtomicBool::new(false))
            .unwrap()
            .unwrap();
        best.push(generation.best_fitness);
    }
    assert!(best.last() > best.first(), "{best:?}");
    let leader = search.leader().unwrap();
    assert!(LossFunction::of(&leader.individual.program.part(Schema::Loss)).is_ok());
}
