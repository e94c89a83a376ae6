//! Learners whose label is a vector: that compiled ones learn the same to the bit, what their error is, and that programs,
//! tasks and searches agree on what a label is.

use std::sync::atomic::{AtomicBool, AtomicU64};

use mlevolve::fitness::{DataSettings, Judge, judging_task_seeds};
use mlevolve::learner::LearnerJudge;
use mlevolve::program::Program;
use mlevolve::schema::CellCounts;
use mlevolve::search::{KnownPrograms, Operator, Search};
use mlevolve_ir::{Backend, BackendChoice};
use mlevolve_tasks::Sources;
use mlevolve_tasks::learner::{LearnerTaskEntry, LearnerTaskShape, TaskSeed};

use crate::teaching::{
    assert_back_ends_agree, judge, known_learners, program, random_learners, settings,
    vector_program,
};

#[test]
fn compiled_learners_of_vectors_learn_the_same_to_the_bit() {
    const SUITE: &str = "two-layer-vector";
    let mut settings = settings(SUITE, 5, 40);
    settings.learner.epochs = 2;
    settings.learner.validation_examples = 20;
    let mut programs = random_learners(SUITE, 60);
    programs.extend(known_learners(SUITE));
    // A label is kept from one example to the next, and one element of a prediction is set.
    programs.push(vector_program(
        "setup:\n m = outer(x, x)\npredict:\n prediction = add(v, w)\n prediction = set_element(prediction, rate, s)\n\
         learn:\n v = mul(y, rate)\n w = sub(y, prediction)\n s = mean(w)\n",
    ));
    let still = vector_program("setup:\npredict:\nlearn:\n");
    let of_nothing = judge(&settings)
        .judge(&still, &judging_task_seeds(7), BackendChoice::Auto)
        .unwrap();
    programs.push(still);
    assert_back_ends_agree(&settings, &programs, |fitness| {
        fitness > 0.0 && fitness != of_nothing.fitness
    });
}

#[test]
fn errors_of_vectors_are_means_over_elements() {
    let settings = settings("two-layer-vector", 3, 20);
    let shape = LearnerTaskShape {
        features: 3,
        training_examples: 20,
        validation_examples: settings.learner.validation_examples,
    };
    let seeds = judging_task_seeds(4);
    let tasks: Vec<TaskSeed> = (0..)
        .zip(&seeds)
        .map(|(number, &seed)| TaskSeed { seed, number })
        .collect();
    let entry = LearnerTaskEntry::named("two-layer-vector").unwrap();
    let examples = entry.examples(&Sources::default(), &shape, &tasks).unwrap();
    // What is said is 0.3 for the last element, and 0 for others.
    let said = |element: usize| if element == 2 { 0.3_f32 } else { 0.0 };
    let (mut errors, mut fitnesses) = (0.0, 0.0);
    for lane in 0..4 {
        let labels = examples.validation.labels.chunks(examples.stride);
        let squares = labels.enumerate().map(|(place, label)| {
            let error = f64::from(label[lane]) - f64::from(said(place % 3));
            error * error
        });
        let (sum, count) = squares.fold((0.0, 0.0), |(sum, count), square| {
            (sum + square, count + 1.0)
        });
        assert_eq!(count, 300.0);
        let error = f64::sqrt(sum / count);
        errors += error / 4.0;
        fitnesses += (1.0 - std::f64::consts::FRAC_2_PI * error.atan()) / 4.0;
    }
    let program = vector_program(
        "setup:\n s = mul(two, rate)\n s = add(s, rate)\npredict:\n t = div(two, two)\n \
         prediction = set_element(prediction, t, s)\nlearn:\n",
    );
    for backend in [Backend::Interpreter, Backend::Jit] {
        let judgement = judge(&settings)
            .judge(&program, &seeds, backend.into())
            .unwrap();
        let found = judgement.tasks[0].final_value.unwrap();
        assert!((found - errors).abs() < 1e-6, "{found}, {errors}");
        assert!(
            (judgement.fitness - fitnesses).abs() < 1e-6,
            "{}",
            judgement.fitness
        );
    }
}

#[test]
fn a_label_of_another_shape_is_refused_in_words() {
    let judge_of =
        |suite: &str| LearnerJudge::new(&settings(suite, 4, 100), &DataSettings::default());
    let refused = |suite: &str, program: &Program| {
        let judge = judge_of(suite).unwrap();
        let error = judge.judge(program, &[1], BackendChoice::Auto).unwrap_err();
        assert_eq!(
            judge.fingerprint(program).unwrap_err().to_string(),
            error.to_string()
        );
        error.to_string()
    };
    let still = "setup:\npredict:\nlearn:\n";
    assert_eq!(
        refused("two-layer-vector", &program(still)),
        "program `p` learns from `input y scalar`, and the label of `two-layer-vector` is a column; learners of such \
         labels are judged on `linear`, `two-layer`, `two-layer-classes`, `projected-digits`, `projected-mnist`, \
         `projected-fashion-mnist`, `projected-cifar10`, `projected-files`, `own`"
    );
    assert_eq!(
        refused("linear,two-layer", &vector_program(still)),
        "program `p` learns from `input y column`, and the label of `linear`, `two-layer` is a scalar; learners of such \
         labels are judged on `two-layer-vector`"
    );
    let message = "the label of `linear` is a number and that of `two-layer-vector` a vector; a program learns one or \
                   the other, so they are for two suites";
    let Err(error) = judge_of("two-layer-vector,linear") else {
        panic!("no program can learn both");
    };
    assert_eq!(error.to_string(), message);
    let error = settings("linear,two-layer-vector", 4, 100)
        .validate()
        .unwrap_err();
    assert_eq!(error.to_string(), format!("suite: {message}"));
}

#[test]
fn labels_and_predictions_are_of_one_shape() {
    for (declared, message) in [
        (
            "input y tensor\nstate prediction scalar",
            "`y` must be a scalar or a column, not a tensor, in schema `learner`",
        ),
        (
            "input y column\nstate prediction scalar",
            "`prediction` must be a column, as `y` is, not a scalar",
        ),
        (
            "state prediction column\ninput y scalar",
            "`prediction` must be a scalar, as `y` is, not a column",
        ),
        (
            "input y column",
            "schema `learner` requires the cell `state prediction column`",
        ),
    ] {
        let text = format!(
            "program p\nschema learner 1\ninput x column\ninput step scalar\ninput seed scalar\n{declared}\n\
             setup:\npredict:\nlearn:\n"
        );
        let error = Program::parse(&text).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

/// A search has programs of the form that its suite asks for, and begins with the known ones that are.
#[test]
fn a_search_has_the_labels_of_its_suite() {
    let mut settings = settings("two-layer-vector", 3, 30);
    settings.known_programs = KnownPrograms::All(true);
    settings.variation.cells = CellCounts::new(&[("matrices", 3)]);
    (settings.population, settings.offspring) = (40, 40);
    settings.generations = 2;
    (settings.seeds, settings.confirmation_seeds) = (3, 3);
    let mut search = Search::new(settings.clone()).unwrap();
    let judge = search.judge().unwrap();
    let form = settings.form().unwrap();
    for generation in 0..2 {
        let (judged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        search
            .advance(&*judge, None, &judged, &stop)
            .unwrap()
            .unwrap();
        let individuals = search.islands()[0].population.individuals();
        for individual in individuals {
            assert_eq!(individual.program.form(), form, "{}", individual.program);
        }
        if generation == 0 {
            let known = individuals.iter().map(|individual| &individual.origin);
            let known = known.filter(|origin| origin.operators[..] == [Operator::Known]);
            assert_eq!(known.count(), 2);
        }
    }
    // What leads can be judged and read again.
    let leader = search.leader().unwrap().individual.program.clone();
    assert_eq!(Program::parse(&leader.to_string()), Ok(leader));
}
