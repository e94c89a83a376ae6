//! Losses as candidates of a search: what is refused before training, what counts as the same, and what training says.

use std::sync::atomic::{AtomicBool, AtomicU64};

use mlevolve::fitness::{
    DataSettings, Fingerprint, FitnessWeights, Gate, Judge, Open, Probed, Rejection, TrainingJudge,
    Trial, judging_seeds,
};
use mlevolve::loss::{LossFunction, LossJudge, Probe};
use mlevolve::optimizer::CompiledOptimizer;
use mlevolve::program::{Program, Schema, known};
use mlevolve::search::{Search, SearchSettings};
use mlevolve_ir::{Backend, BackendChoice};
use mlevolve_tasks::{TargetKind, Targets};

const INTERPRETER: BackendChoice = BackendChoice::Only(Backend::Interpreter);

fn program(body: &str) -> Program {
    let text = format!(
        "program p\nschema loss 1\ninput prediction column\ninput target column\n\
         constant half = 0.5\nconstant tiny = 1e-6\nscratch v column\nscratch u column\n\
         scratch s scalar\noutput loss scalar\nloss:\n{body}"
    );
    Program::parse(&text).unwrap()
}

fn known_program(name: &str) -> Program {
    known::find(name).unwrap().program().unwrap()
}

fn rejection(kind: TargetKind, outputs: usize, program: &Program) -> Option<Rejection> {
    let probe = Probe::like(Targets {
        kind,
        rows: 1,
        outputs,
    });
    probe
        .rejection(&LossFunction::of(program).unwrap())
        .unwrap()
}

/// What works with distances alone.
const OF_DISTANCES: [&str; 6] = [
    "mean_squared",
    "mean_absolute",
    "huber",
    "log_cosh",
    "dqn",
    "dqnreg",
];

#[test]
fn known_losses_pass_where_they_belong() {
    for known in known::of(Schema::Loss) {
        let program = known.program().unwrap();
        for outputs in [2, 3, 10, 56] {
            let found = rejection(TargetKind::Classes, outputs, &program);
            // It divides by the probability of the right class, and training diverges where that overflows.
            let expected = (known.name == "baikal").then_some(Rejection::NotFinite);
            assert_eq!(found, expected, "{} of {outputs} classes", known.name);
        }
        for (kind, outputs) in [
            (TargetKind::Values, 1),
            (TargetKind::Values, 64),
            (TargetKind::ActionValues, 1),
        ] {
            let found = rejection(kind, outputs, &program);
            let passes = OF_DISTANCES.contains(&known.name);
            assert_eq!(found.is_none(), passes, "{}: {found:?}", known.name);
        }
    }
}

#[test]
fn what_teaches_nothing_is_refused_before_training() {
    for (body, expected) in [
        ("", Rejection::Idle),
        ("loss = mean(target)", Rejection::Idle),
        (
            "v = square(prediction)\nloss = mean(v)",
            Rejection::BlindToTarget,
        ),
        (
            "v = neg(prediction)\nloss = dot(v, target)",
            Rejection::BlindToPrediction,
        ),
        (
            "v = exp(prediction)\nloss = dot(v, target)",
            Rejection::LeadsAstray,
        ),
        (
            "v = sub(prediction, target)\nv = square(v)\nloss = mean(v)\nloss = neg(loss)",
            Rejection::LeadsAstray,
        ),
        ("v = log(prediction)\nloss = mean(v)", Rejection::NotFinite),
        // Far out only.
        (
            "v = sub(prediction, target)\nv = square(v)\nu = square(v)\nu = square(u)\nu = square(u)\n\
             u = square(u)\nloss = sum(u)",
            Rejection::NotFinite,
        ),
    ] {
        let program = program(body);
        for outputs in [2, 10] {
            let found = rejection(TargetKind::Classes, outputs, &program);
            assert_eq!(found, Some(expected), "{body}");
        }
    }
    // The probability of what is wrong.
    let wrong =
        program("v = softmax(prediction)\nu = sub(v, target)\nu = max(u, s)\nloss = sum(u)");
    assert_eq!(rejection(TargetKind::Classes, 3, &wrong), None);
    let right = program("v = softmax(prediction)\nloss = dot(v, target)");
    let found = rejection(TargetKind::Classes, 3, &right);
    assert_eq!(found, Some(Rejection::LeadsAstray));
}

/// Each is cross-entropy, or nearly, until softmax rounds to 0: of what is wrong, where that is multiplied by 0, or of what
/// is right.
#[test]
fn losses_that_end_as_nan_where_logits_are_far_apart_are_refused() {
    for body in [
        "v = softmax(prediction)\nv = log(v)\nu = neg(target)\nloss = dot(v, u)",
        "v = softmax(prediction)\ns = dot(v, target)\nloss = log(s)\nloss = neg(loss)",
        "v = softmax(prediction)\nv = div(half, v)\nv = sqrt(v)\nloss = dot(v, target)",
    ] {
        let program = program(body);
        for outputs in [2, 3, 10] {
            let found = rejection(TargetKind::Classes, outputs, &program);
            assert_eq!(found, Some(Rejection::NotFinite), "{body}");
        }
    }
    // The same number for an example, from the logits themselves.
    let safe =
        program("s = log_sum_exp(prediction)\nloss = dot(prediction, target)\nloss = sub(s, loss)");
    assert_eq!(rejection(TargetKind::Classes, 3, &safe), None);
}

#[test]
fn values_are_to_be_pulled_towards_their_targets() {
    let repelled = program("v = sub(prediction, target)\nv = abs(v)\nv = neg(v)\nloss = mean(v)");
    let found = rejection(TargetKind::Values, 1, &repelled);
    assert_eq!(found, Some(Rejection::LeadsAstray));
    // Only predictions that are too low are moved.
    let one_sided =
        program("v = sub(target, prediction)\nv = max(v, s)\nv = square(v)\nloss = mean(v)");
    assert_eq!(rejection(TargetKind::Values, 1, &one_sided), None);
}

fn judge(suite: &str) -> LossJudge {
    LossJudge::new(suite, &DataSettings::default(), FitnessWeights::default()).unwrap()
}

#[test]
fn losses_with_the_same_gradients_are_the_same() {
    let judge = judge("iris-logistic,breast-cancer-logistic");
    let of = |program: &Program| -> Fingerprint { judge.fingerprint(program).unwrap() };
    let mean_squared = of(&known_program("mean_squared"));
    for body in [
        "v = sub(target, prediction)\nv = square(v)\nloss = mean(v)",
        "v = sub(prediction, target)\nloss = dot(v, v)",
        // Another scale, and what does not depend on predictions.
        "v = sub(prediction, target)\nloss = dot(v, v)\nloss = mul(loss, half)\ns = mean(target)\n\
         loss = add(loss, s)",
        "v = mul(prediction, half)\nu = sub(v, target)\nv = mul(prediction, u)\nloss = mean(v)",
    ] {
        assert_eq!(of(&program(body)), mean_squared, "{body}");
    }
    let mut all = vec![mean_squared];
    // So small that Adam's epsilon counts.
    all.push(of(&program(
        "v = sub(prediction, target)\nloss = dot(v, v)\nloss = mul(loss, tiny)",
    )));
    let others =
        known::of(Schema::Loss).filter(|known| !["mean_squared", "dqn"].contains(&known.name));
    all.extend(others.map(|known| of(&known.program().unwrap())));
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
    assert_eq!(of(&known_program("dqn")), mean_squared);
}

/// Losses that differ only where training ends, or in what Adam's epsilon makes of them.
#[test]
fn losses_that_train_otherwise_are_told_apart() {
    let with = |name: &str, constant: &str, value: f32| {
        known_program(name).with_constant(constant, value).unwrap()
    };
    let told_apart = |suite: &str, programs: &[Program]| {
        let judge = judge(suite);
        let of = |program: &Program| judge.fingerprint(program).unwrap();
        let mut all: Vec<Fingerprint> = programs.iter().map(of).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), programs.len(), "{suite}");
    };
    let margins = [2.0, 2.5, 3.0, 4.0, 8.0];
    told_apart(
        "iris-logistic",
        &margins.map(|margin| with("hinge", "margin", margin)),
    );
    told_apart(
        "diabetes-mlp",
        &[
            with("huber", "threshold", 0.05),
            with("huber", "threshold", 0.2),
            known_program("mean_absolute"),
        ],
    );
    let steep = |scale: &str| {
        let body = "v = sub(prediction, target)\nv = square(v)\nv = square(v)\nv = square(v)\nloss = mean(v)\n\
                    loss = mul(loss, half)\n";
        let text = program(body).to_string();
        Program::parse(&text.replace("half = 0.5", &format!("half = {scale}"))).unwrap()
    };
    told_apart(
        "diabetes-mlp",
        &[steep("9.094947e-13"), steep("9.536743e-7")],
    );
}

#[test]
fn what_has_too_large_a_gradient_is_refused() {
    let deep = program(&"v = add(v, prediction)\nv = softmax(v)\n".repeat(60));
    let deep = format!("{deep}  loss = dot(v, target)\n");
    let deep = Program::parse(&deep).unwrap();
    let judge = judge("iris-logistic");
    assert!(judge.fingerprint(&deep).is_ok());
    assert_eq!(
        judge.probe(&deep).unwrap(),
        Probed::Rejected(Rejection::NotDifferentiable)
    );
}

/// Cross-entropy is the task's own loss, so its fitness is that of Adam there.
#[test]
fn a_tasks_own_loss_is_worth_what_its_rule_is() {
    const SUITE: &str = "iris-mlp";
    let (data, weights) = (DataSettings::default(), FitnessWeights::default());
    let training = TrainingJudge::new(SUITE, &data, weights).unwrap();
    let rate = training.baselines().learning_rate("adam", SUITE).unwrap();
    let adam = known_program("adam")
        .with_constant("learning_rate", rate)
        .unwrap();
    let adam = CompiledOptimizer::new(&adam, Backend::Interpreter).unwrap();
    let seeds = judging_seeds();
    let own = training.judge_optimizer(&adam, &seeds);
    let judge = judge(SUITE);
    let of = |name: &str| {
        judge
            .judge(&known_program(name), &seeds, INTERPRETER)
            .unwrap()
    };
    let given = of("cross_entropy");
    let difference = (own.fitness - given.fitness).abs();
    assert!(difference < 1e-4, "{} and {}", own.fitness, given.fitness);
    assert_eq!((given.tasks[0].runs, given.tasks[0].diverged_runs), (5, 0));
    // 100 batches of 16 rows.
    let function = LossFunction::of(&known_program("cross_entropy")).unwrap();
    assert_eq!(given.tasks[0].program_flops, 1_600 * function.row_flops(3));
    let squared = of("mean_squared");
    assert!(squared.fitness > 0.1, "{}", squared.fitness);
    assert!(squared.fitness < given.fitness, "{}", squared.fitness);
    for backend in [BackendChoice::Auto, INTERPRETER] {
        let trained = judge.train(&known_program("focal"), &[3], &mut Open, backend);
        let trained = trained.unwrap();
        let fitness = trained.judgement.unwrap().fitness;
        assert!(fitness > 0.5, "{fitness}");
        // One task, with a budget of 100 steps.
        assert_eq!(trained.training_steps, 100);
    }
}

/// Lets nothing on after one rung.
struct Hurdle {
    rung: usize,
    passed: Vec<usize>,
}

impl Hurdle {
    fn at(rung: usize) -> Self {
        let passed = Vec::new();
        Self { rung, passed }
    }
}

impl Gate for Hurdle {
    fn wants(&self, _trial: Trial) -> bool {
        true
    }

    fn passes(&mut self, rung: usize, score: f64) -> bool {
        assert!(score >= 0.0, "{score}");
        self.passed.push(rung);
        rung != self.rung
    }
}

#[test]
fn a_loss_below_the_hurdle_is_not_let_to_the_next_task() {
    let judge = judge("iris-logistic,wine-logistic");
    let squared = known_program("mean_squared");
    let rungs = judge.rungs();
    let names: Vec<_> = rungs.iter().map(|rung| rung.name.as_str()).collect();
    let expected = [
        "a few steps",
        "short budget",
        "iris-logistic",
        "wine-logistic",
    ];
    assert_eq!(names, expected);
    let train = |hurdle: Hurdle| {
        let mut hurdle = hurdle;
        let trained = judge.train(&squared, &[1, 2], &mut hurdle, INTERPRETER);
        (trained.unwrap(), hurdle.passed)
    };
    // A sixteenth of the first task and a quarter of each, with one seed; then the first task with both.
    let (trained, passed) = train(Hurdle::at(2));
    let tasks = trained.judgement.unwrap().tasks;
    assert_eq!((tasks[0].runs, tasks[1].runs), (2, 0));
    assert_eq!(trained.training_steps, 6 + 25 + 25 + 200);
    assert_eq!(passed, [0, 1, 2]);
    let (trained, passed) = train(Hurdle::at(0));
    assert_eq!((trained.judgement, trained.training_steps), (None, 6));
    assert_eq!(passed, [0]);
}

#[test]
fn a_task_without_targets_says_why_it_takes_no_loss() {
    for (task, reason) in [
        (
            "rosenbrock",
            "it minimises a function of the parameters themselves",
        ),
        ("digits-masked", "most outputs of an example have no target"),
    ] {
        let made = LossJudge::new(
            &format!("iris-mlp,{task}"),
            &DataSettings::default(),
            FitnessWeights::default(),
        );
        let message = made.err().unwrap().to_string();
        let expected = format!("task `{task}` takes no loss: {reason}; tasks that predict classes");
        assert!(message.starts_with(&expected), "{message}");
    }
}

#[test]
fn what_is_held_out_is_of_the_same_kind_on_other_data() {
    let names = |suite: &str| -> Vec<&'static str> {
        let judge = LossJudge::held_out_from(suite, FitnessWeights::default()).unwrap();
        let tasks = judge.map(|judge| judge.tasks()).unwrap_or_default();
        tasks.iter().map(|task| task.name).collect()
    };
    assert_eq!(
        names("iris-mlp,wine-mlp,breast-cancer-mlp"),
        [
            "digits-softmax",
            "digits-mlp",
            "digits-conv",
            "digits-residual",
            "glyphs-mlp",
            "glyphs-conv",
            "glyphs-residual"
        ]
    );
    assert_eq!(names("diabetes-mlp,teacher-mlp"), ["friedman1-mlp"]);
    assert_eq!(names("text-gru"), [""; 0]);
}

#[test]
fn a_report_compares_with_known_losses_that_suit_the_tasks() {
    let judge = judge("diabetes-mlp");
    let program = known_program("huber");
    let comparison = judge.compare(&program, true, INTERPRETER).unwrap();
    let names: Vec<_> = comparison.contenders().map(|it| it.name.as_str()).collect();
    let mut expected = vec!["huber, as written"];
    expected.extend(OF_DISTANCES);
    assert_eq!(names, expected);
    let starting_points = judge.starting_points();
    let names: Vec<_> = starting_points.iter().map(Program::name).collect();
    assert_eq!(names, ["mean_squared"]);
}

#[test]
fn a_search_begins_with_settings_that_make_sense() {
    let judging = &Schema::Loss.description().judging;
    let settings = (judging.defaults)();
    assert_eq!(settings.validate(), Ok(()));
    let judge = (judging.judge)(&settings, &settings.data).unwrap();
    let held_out = (judging.held_out)(&settings).unwrap().unwrap();
    let names = |judge: &dyn Judge| judge.tasks().iter().map(|it| it.name).collect::<Vec<_>>();
    assert_eq!(names(&*judge), ["wine-mlp", "digits-softmax"]);
    assert_eq!(
        names(&*held_out),
        [
            "iris-logistic",
            "iris-mlp",
            "breast-cancer-logistic",
            "breast-cancer-mlp",
            "glyphs-mlp",
            "glyphs-conv",
            "glyphs-residual"
        ]
    );
    // Far enough below the tasks' own loss that there is something to find, and not so far that nothing is better than
    // nothing.
    let seeds = judging_seeds();
    for start in judge.starting_points() {
        let judgement = judge.judge(&start, &seeds, INTERPRETER).unwrap();
        assert!(judgement.tasks[0].fitness > 0.3, "{judgement:?}");
        assert!(judgement.fitness < 0.5, "{judgement:?}");
    }
    // The loss that is to be found is let to the whole suite, and worth more there than its rivals.
    let of = |name: &str| {
        let judgement = judge
            .judge(&known_program(name), &seeds, INTERPRETER)
            .unwrap();
        assert!(judgement.tasks[0].fitness > settings.hurdle, "{name}");
        judgement.fitness
    };
    let cross_entropy = of("cross_entropy");
    for rival in ["binary_cross_entropy", "hinge", "focal", "label_smoothing"] {
        assert!(of(rival) < cross_entropy, "{rival}");
    }
}

/// A search with few candidates, to its end.
fn searched(settings: &str) -> Search {
    let own = SearchSettings {
        population: 12,
        offspring: 12,
        elites: 2,
        generations: 1,
        seeds: 1,
        confirmation_seeds: 1,
        ..(Schema::Loss.description().judging.defaults)()
    };
    let mut table = toml::Table::try_from(own).unwrap();
    table.extend(settings.parse::<toml::Table>().unwrap());
    let mut search = Search::new(table.try_into().unwrap()).unwrap();
    let (judge, confirming) = (search.judge().unwrap(), search.confirming_judge().unwrap());
    while !search.is_finished() {
        let (judged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let generation = search.advance(&*judge, confirming.as_deref(), &judged, &stop);
        assert!(generation.unwrap().is_ok());
    }
    search
}

#[test]
fn what_leads_is_judged_by_the_tasks_that_confirm() {
    let search = searched("suite = 'iris-logistic'\nconfirmation_suite = 'wine-logistic,iris-mlp'");
    let leader = search.leader().unwrap();
    let confirmed = leader.confirmed.tasks.iter();
    let confirmed: Vec<_> = confirmed.map(|it| (&*it.task, it.runs)).collect();
    assert_eq!(confirmed, [("wine-logistic", 1), ("iris-mlp", 1)]);
    // Elites stay, so the best on the suite is still there to be compared with.
    let best = search.islands()[0].population.best().unwrap();
    assert!(best.fitness >= leader.individual.fitness);
}

#[test]
fn a_search_over_losses_of_action_values_begins_at_the_squared_temporal_difference() {
    let search = searched("suite = 'cartpole-dqn'");
    let settings = search.settings();
    let judge = search.judge().unwrap();
    // What DQN minimises is the mean squared error of one output.
    let start = &judge.starting_points()[0];
    assert_eq!(
        judge.fingerprint(start).unwrap(),
        judge.fingerprint(&known_program("dqn")).unwrap()
    );
    let leader = search.leader().unwrap();
    let [task] = &leader.confirmed.tasks[..] else {
        panic!("one task");
    };
    assert_eq!((&*task.task, task.runs), ("cartpole-dqn", 1));
    assert!(task.fitness > 0.3, "{task:?}");
    let held_out = (Schema::Loss.description().judging.held_out)(&settings.seeing_all());
    let held_out = held_out.unwrap().unwrap().tasks();
    let names: Vec<_> = held_out.iter().map(|task| task.name).collect();
    assert_eq!(names, ["acrobot-dqn", "mountain-car-dqn"]);
}
