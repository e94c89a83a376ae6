//! Contests: what the protocol says of contenders whose merits are known.

use mlevolve::contest::{Contest, ContestResult, Trainer};
use mlevolve::program::{Program, Schema, known};
use mlevolve_ir::{Backend, BackendChoice};
use mlevolve_tasks::{Sources, Suite};

fn trainer(program: &Program) -> Trainer {
    (program.schema().description().judging.trainer)(program).unwrap()
}

fn known_trainer(name: &str) -> Trainer {
    trainer(&known::find(name).unwrap().program().unwrap())
}

fn rule(name: &str, body: &str) -> Trainer {
    let text = format!(
        "program {name}\nschema optimizer 1\ninput w tensor\ninput g tensor\ninput step scalar\n\
         constant learning_rate = 0.1\nscratch rate scalar\noutput delta tensor\nupdate:\n{body}"
    );
    trainer(&Program::parse(&text).unwrap())
}

fn held(suite: &str, programs: Vec<Trainer>, backend: BackendChoice) -> ContestResult {
    let contest = Contest {
        tasks: Suite::named(suite, &Sources::default())
            .unwrap()
            .tasks()
            .to_vec(),
        baselines: ["adam", "sgd"].map(known_trainer).to_vec(),
        programs,
        seeds: 4,
        backend,
    };
    contest.held(|_, _| ()).unwrap()
}

#[test]
fn contenders_stand_as_their_merits_are_known() {
    let programs = || {
        vec![
            // SGD with two roundings that cancel out, tuned anew.
            rule(
                "sgd_again",
                "rate = neg(learning_rate)\ndelta = mul(g, rate)",
            ),
            rule("idle", "delta = sub(g, g)"),
            rule("explodes", "delta = log(g)"),
            known_trainer("cross_entropy_adam"),
        ]
    };
    let result = held("iris-mlp,wine-logistic", programs(), BackendChoice::Auto);
    assert_eq!((result.seeds.len(), result.reference.as_str()), (4, "adam"));
    let [adam, sgd, again, idle, explodes, algorithm] = &result.standings[..] else {
        panic!("there are six");
    };
    assert_eq!(
        (
            adam.speed_up_steps,
            adam.compared_tasks,
            adam.not_worse_tasks
        ),
        (Some(1.0), 2, 2)
    );
    // Adam has a few scalars to compute beside 12 FLOPs for each of some hundred parameters.
    assert!(
        (12.0..12.5).contains(&adam.parameter_flops),
        "{}",
        adam.parameter_flops
    );
    assert!(
        (2.0..2.1).contains(&sgd.parameter_flops),
        "{}",
        sgd.parameter_flops
    );
    // Tuned here by the same protocol as the table's.
    assert_eq!(
        (again.score, again.speed_up_steps),
        (sgd.score, sgd.speed_up_steps)
    );
    for never in [idle, explodes] {
        assert_eq!(
            (
                never.score,
                never.reached_tasks,
                never.not_worse_tasks,
                never.speed_up_steps
            ),
            (0.0, 0, 0, None)
        );
    }
    // The task's own loss, as a program: the same but for roundings.
    assert_eq!(algorithm.reached_tasks, adam.reached_tasks);
    let ratio = algorithm.speed_up_steps.unwrap();
    assert!((0.8..1.25).contains(&ratio), "{ratio}");
    for task in &result.tasks {
        let setter = task
            .contenders
            .iter()
            .find(|it| it.name == task.target_by)
            .unwrap();
        let steps = setter.steps_to_target.unwrap();
        assert!(steps <= task.budget_steps * 3 / 4, "{task:?}");
        let [adam, _, _, idle, explodes, _] = &task.contenders[..] else {
            panic!("there are six");
        };
        let gain = adam.gain.unwrap();
        assert_eq!((gain.mean, gain.lower, gain.upper), (0.0, 0.0, 0.0));
        assert!(idle.gain.unwrap().upper < 0.0, "{idle:?}");
        assert_eq!((explodes.learning_rate, explodes.last), (None, None));
        assert_eq!(explodes.reached_runs, 0);
    }
    let text = result.text();
    assert!(text.contains("diverged at every rate"), "{text}");
    let interpreted = BackendChoice::Only(Backend::Interpreter);
    assert_eq!(
        held("iris-mlp,wine-logistic", programs(), interpreted),
        result
    );
}

#[test]
fn a_learner_trains_nothing() {
    let learner = known::find("linear_regression").unwrap().program().unwrap();
    let trainer = (Schema::Learner.description().judging.trainer)(&learner);
    let message = trainer.err().unwrap().to_string();
    assert!(message.contains("`mlevolve eval` judges it"), "{message}");
}
