//! What candidates go through, what is counted of it, and searches that leave out what makes them evolution.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64};

use mlevolve::fitness::{Open, Probed, search_seeds, second_look_seeds};
use mlevolve::program::known;
use mlevolve::search::{
    CandidateLogging, Control, Generation, IslandSettings, KnownPrograms, Operator, Search,
    SearchEnd, SearchSettings, SecondLookSettings, Stage,
};
use mlevolve::variation::Mutation;
use mlevolve_ir::BackendChoice;

/// A small search, to its end, with its generations.
fn searched(settings: SearchSettings) -> (Search, Vec<Generation>) {
    let mut search = Search::new(settings).unwrap();
    let judge = search.judge().unwrap();
    let (judged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut generations = Vec::new();
    while !search.is_finished() {
        let generation = search.advance(&*judge, None, &judged, &stop);
        generations.push(generation.unwrap().unwrap());
    }
    (search, generations)
}

fn settings() -> SearchSettings {
    SearchSettings {
        suite: "iris-logistic,wine-logistic".to_owned(),
        population: 80,
        offspring: 80,
        elites: 4,
        generations: 6,
        seeds: 2,
        confirmation_seeds: 2,
        ..SearchSettings::default()
    }
}

#[test]
fn who_enters_a_stage_has_passed_the_one_before() {
    let mut settings = settings();
    settings.funnel.let_through = 0.2;
    let (search, generations) = searched(settings);
    let stages = search.funnel();
    let names: Vec<&str> = stages.iter().map(|count| count.stage.as_str()).collect();
    let expected = [
        "seen before",
        "probe",
        "same behaviour",
        "a few steps",
        "short budget",
        "iris-logistic",
        "wine-logistic",
    ];
    assert_eq!(names, expected);
    let totals = search.totals();
    assert_eq!(stages[0].entered, totals.candidates);
    let passed = |place: usize| stages[place].entered - stages[place].stopped;
    assert_eq!(stages[1].entered, passed(0));
    // What was let through by the probe has no behaviour to be compared.
    assert_eq!(stages[2].entered + stages[1].let_through, passed(1));
    assert_eq!(stages[3].entered, passed(2) + stages[1].let_through);
    for (place, count) in stages.iter().enumerate().skip(4) {
        assert_eq!(count.entered, passed(place - 1), "{}", count.stage);
    }
    assert_eq!(stages[6].stopped, 0);
    let stopped: u64 = stages.iter().map(|count| count.stopped).sum();
    assert_eq!(stopped + totals.judged, totals.candidates);
    let by_verdict = stages[0].stopped + stages[2].stopped;
    assert_eq!(by_verdict, totals.seen_before);
    assert_eq!(stages[1].stopped, totals.rejected);
    let in_training: u64 = stages[3..].iter().map(|count| count.stopped).sum();
    assert_eq!(in_training, totals.dropped);
    let let_through: u64 = stages.iter().map(|count| count.let_through).sum();
    assert!(let_through > 10, "{let_through}");
    assert!(stages.iter().all(|it| it.wrongly_stopped <= it.let_through));
    assert!(totals.effective_instructions < totals.instructions);
    for generation in &generations {
        assert_eq!(generation.stage_ns.len(), stages.len());
        assert!((0.0..=1.0).contains(&generation.behavioural_diversity));
    }
    let fates = generations.iter().flat_map(|it| &it.fates);
    let through = fates.clone().filter(|fate| fate.let_through);
    assert_eq!(through.clone().count() as u64, let_through);
    for fate in through {
        let got_to_the_end = matches!(
            &fate.stage,
            Stage::Trained {
                judgement: Some(_),
                stopped_after: None,
            }
        );
        assert!(got_to_the_end, "{:?}", fate.stage);
    }
    let behaves_alike = |stage: &Stage| matches!(stage, Stage::SameBehaviour { .. });
    let count = fates.filter(|fate| behaves_alike(&fate.stage)).count();
    assert_eq!(count as u64, stages[2].stopped);
    assert!(count > 0);
}

#[test]
fn a_short_budget_can_be_left_out() {
    let mut settings = settings();
    settings.funnel.short_budget = false;
    let (search, _) = searched(settings);
    let stages = search.funnel();
    assert_eq!(stages[4].stage, "short budget");
    assert_eq!(stages[4].entered, 0);
    let [few_steps, first_task] = [3, 5].map(|place| &stages[place]);
    assert!(first_task.entered > 0);
    assert_eq!(first_task.entered, few_steps.entered - few_steps.stopped);
}

/// Those that would be among the best have the fitness that they have with other seeds than the rest.
#[test]
fn what_would_be_among_the_best_is_looked_at_again() {
    let second_look = SecondLookSettings {
        seeds: 3,
        share: 0.25,
    };
    let settings = SearchSettings {
        second_look: Some(second_look),
        ..settings()
    };
    let (search, _) = searched(settings.clone());
    let [.., last_task, look] = search.funnel() else {
        panic!("there are stages");
    };
    assert_eq!((look.stage.as_str(), look.stopped), ("second look", 0));
    assert!(look.entered > 0);
    assert!(look.entered < last_task.entered, "{look:?} {last_task:?}");
    let judge = search.judge().unwrap();
    let mut individuals: Vec<_> = search.islands()[0]
        .population
        .individuals()
        .iter()
        .collect();
    individuals.sort_by(|one, other| one.rank(other));
    let fitness = |place: usize, seeds: &[u64]| {
        let program = &individuals[place].program;
        let judgement = judge.judge(program, seeds, BackendChoice::Auto).unwrap();
        judgement.fitness
    };
    let again = second_look_seeds(settings.seed, second_look.seeds);
    assert_eq!(individuals[0].fitness, fitness(0, &again));
    let last = individuals.len() - 1;
    let first_seeds = search_seeds(settings.seed, settings.seeds);
    assert_eq!(individuals[last].fitness, fitness(last, &first_seeds));
}

#[test]
fn without_a_funnel_all_that_is_new_trains_to_the_end() {
    let mut settings = SearchSettings {
        hurdle: 0.0,
        reuses_verdicts: false,
        needs_learning_rate: false,
        generations: 2,
        ..settings()
    };
    settings.funnel.probes = false;
    settings.funnel.hurdle_quantile = 0.0;
    let (search, _) = searched(settings);
    let totals = search.totals();
    assert_eq!(totals.judged, totals.candidates);
    for count in search.funnel() {
        let trial = ["a few steps", "short budget", "same behaviour"].contains(&&*count.stage);
        let expected = if trial { 0 } else { totals.candidates };
        assert_eq!(count.entered, expected, "{}", count.stage);
    }
}

#[test]
fn random_search_inherits_nothing_and_constants_alone_invent_nothing() {
    let control = |control: Control| {
        let mut settings = SearchSettings {
            candidate_log: CandidateLogging::All,
            ..settings()
        };
        control.apply(&mut settings);
        settings.validate().unwrap();
        searched(settings).1
    };
    for generation in &control(Control::RandomSearch)[1..] {
        for fate in &generation.fates {
            assert_eq!(fate.origin.operators[..], [Operator::Random]);
        }
    }
    let generations = control(Control::ConstantsOnly);
    for fate in generations[1..].iter().flat_map(|it| &it.fates) {
        let constants = Operator::Mutation(Mutation::PerturbConstant);
        let operators = &fate.origin.operators;
        assert!(operators.iter().all(|it| *it == constants), "{operators:?}");
        assert_eq!(fate.origin.parents.len(), 1);
    }
    assert!("neither".parse::<Control>().is_err());
}

#[test]
fn a_search_ends_at_a_number_of_training_steps() {
    let (whole, _) = searched(settings());
    let half = whole.totals().training_steps / 2;
    let (search, generations) = searched(SearchSettings {
        training_steps: Some(half),
        ..settings()
    });
    assert_eq!(search.end(), Some(SearchEnd::TrainingSteps));
    let last = generations.last().unwrap().counts.training_steps;
    let all = search.totals().training_steps;
    assert!(all >= half && all - last < half, "{all} of {half}");
}

#[test]
fn a_population_that_behaves_alike_lets_more_random_programs_in() {
    let injected = |floor: f64| {
        let (_, generations) = searched(SearchSettings {
            diversity_floor: 0.0,
            behavioural_diversity_floor: floor,
            injection_rate: 0.0,
            low_diversity_injection_rate: 0.5,
            ..settings()
        });
        let fates = generations[1..].iter().flat_map(|it| &it.fates);
        let random = fates.filter(|fate| fate.origin.operators[..] == [Operator::Random]);
        random.count()
    };
    assert_eq!(injected(0.0), 0);
    // Half of 480, with a standard deviation of 11.
    assert!((190..290).contains(&injected(1.0)), "{}", injected(1.0));
}

/// Many are bred and few train; with room for all, there is no difference.
#[test]
fn a_generation_ends_with_the_last_that_may_train() {
    let of = |trained_offspring: Option<usize>| {
        let settings = SearchSettings {
            islands: 3,
            offspring: 400,
            trained_offspring,
            ..settings()
        };
        settings.validate().unwrap();
        searched(settings)
    };
    let (search, generations) = of(Some(10));
    let later = generations[1..].iter().map(|generation| generation.counts);
    let trained = later.clone().map(|counts| counts.dropped + counts.judged);
    assert_eq!(trained.collect::<Vec<_>>(), [10; 6]);
    assert!(later.clone().all(|counts| counts.candidates < 400));
    let candidates: u64 = later.map(|counts| counts.candidates).sum();
    assert_eq!(search.totals().candidates, 80 + candidates);
    let by_island = |island: usize| search.islands()[island].population.individuals();
    assert!((0..3).all(|island| by_island(island).iter().any(|one| one.id >= 80)));

    let (search, _) = of(Some(400));
    let (unbounded, _) = of(None);
    assert_eq!(search.islands(), unbounded.islands());
}

/// One island has a limit of cost, and the other has the dear programs: what is dear on the first is not lost on the second.
#[test]
fn an_island_of_cheap_programs_can_have_dear_ones_beside_it() {
    let mut settings = SearchSettings {
        islands: 2,
        migration_interval_generations: 1,
        ..settings()
    };
    settings.island = vec![IslandSettings {
        greatest_cost: Some(5),
        ..IslandSettings::default()
    }];
    let (search, _) = searched(settings);
    let costs = |island: usize| {
        let individuals = search.islands()[island].population.individuals();
        let bred = individuals
            .iter()
            .filter(|one| one.origin.operators[..] != [Operator::Known]);
        bred.map(|one| one.cost)
    };
    assert!(costs(0).count() > 10);
    assert!(costs(0).all(|cost| cost <= 5));
    assert!(costs(1).any(|cost| cost > 5));
}

/// A rule whose learning rate is a tenth of what is good is as fit as with the good one, if it may choose.
#[test]
fn a_candidate_may_choose_its_learning_rate_on_each_task() {
    let fitness = |rate: f32, choices: usize| {
        let settings = SearchSettings {
            learning_rates_per_task: choices,
            ..settings()
        };
        settings.validate().unwrap();
        let search = Search::new(settings).unwrap();
        let program = known::find("momentum").unwrap().program().unwrap();
        let program = program.with_constant("learning_rate", rate).unwrap();
        let seeds: Vec<u64> = (0..4).collect();
        let judge = search.judge().unwrap();
        let judged = judge.judge(&program, &seeds, BackendChoice::Auto).unwrap();
        let trained = judge
            .train(&program, &seeds, &mut Open, BackendChoice::Auto)
            .unwrap();
        assert_eq!(trained.judgement.as_ref(), Some(&judged));
        (judged.fitness, trained.training_steps)
    };
    let (good, steps) = fitness(0.25, 1);
    let (poor, same_steps) = fitness(0.025, 1);
    assert!(poor < good - 0.05, "{poor} {good}");
    assert_eq!(steps, same_steps);
    let (chosen, more_steps) = fitness(0.025, 5);
    assert!(chosen > good - 0.01, "{chosen} {good}");
    // One seed in four with its own rate, a lower one, and two higher ones, both of which help; the others with one.
    assert_eq!(more_steps, 7 * steps / 4);
}

/// Two more rates for each seed that chooses, where two or more do.
#[test]
fn a_fine_choice_of_learning_rates_takes_two_more_where_several_seeds_choose() {
    let steps = |seeds: u64, learning_rates_per_task: usize, fine_learning_rates: bool| {
        let settings = SearchSettings {
            learning_rates_per_task,
            fine_learning_rates,
            ..settings()
        };
        let judge = Search::new(settings).unwrap().judge().unwrap();
        let program = known::find("momentum").unwrap().program().unwrap();
        let program = program.with_constant("learning_rate", 0.1).unwrap();
        let seeds: Vec<u64> = (0..seeds).collect();
        let trained = judge.train(&program, &seeds, &mut Open, BackendChoice::Auto);
        trained.unwrap().training_steps
    };
    assert_eq!(steps(4, 5, true), steps(4, 5, false));
    assert_eq!(steps(8, 1, true), steps(8, 1, false));
    // Two of eight choose.
    let more = steps(8, 5, true) - steps(8, 5, false);
    assert_eq!(more, steps(8, 1, false) * 4 / 8);
}

/// Rules that differ by their learning rate alone are judged once or twice where each chooses its own, and each where it does not.
#[test]
fn another_learning_rate_makes_a_twin_where_rates_are_chosen() {
    let behaviours = |choices: usize| {
        let settings = SearchSettings {
            learning_rates_per_task: choices,
            ..settings()
        };
        let judge = Search::new(settings).unwrap().judge().unwrap();
        let program = known::find("momentum").unwrap().program().unwrap();
        let behaviour = |step: u8| {
            let rate = 0.01 * (1.0 + 0.3 * f32::from(step));
            let program = program.with_constant("learning_rate", rate).unwrap();
            match judge.probe(&program).unwrap() {
                Probed::Passed(behaviour) => behaviour.unwrap().to_string(),
                Probed::Rejected(rejection) => panic!("{rejection:?}"),
            }
        };
        (0..10).map(behaviour).collect::<BTreeSet<_>>().len()
    };
    assert_eq!(behaviours(1), 10);
    // Rates of two sizes; once in a while, rounding makes one more.
    assert!(behaviours(9) <= 3);
}

#[test]
fn random_programs_are_drawn_until_a_probe_passes_them() {
    let rejected = |random_attempts: u32| {
        let settings = SearchSettings {
            known_programs: KnownPrograms::All(false),
            random_attempts,
            generations: 0,
            ..settings()
        };
        settings.validate().unwrap();
        let (search, _) = searched(settings);
        search.totals().rejected
    };
    // Of 80. A probe passes some three in a thousand.
    assert!(rejected(1) > 60, "{}", rejected(1));
    assert!(rejected(2_000) < 10, "{}", rejected(2_000));
}
