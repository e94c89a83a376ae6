//! When a search is over, and what it keeps beside its leader.

use std::sync::atomic::{AtomicBool, AtomicU64};

use mlevolve::fitness::confirmation_seeds;
use mlevolve::search::{KnownPrograms, Operator, Search, SearchEnd, SearchSettings};
use mlevolve_ir::BackendChoice;

fn settings() -> SearchSettings {
    SearchSettings {
        suite: "iris-logistic".to_owned(),
        generations: 12,
        population: 40,
        offspring: 40,
        elites: 2,
        seeds: 1,
        confirmation_seeds: 1,
        islands: 4,
        migration_interval_generations: 3,
        ..SearchSettings::default()
    }
}

/// A few of the seeds that decide who leads say who is judged with all of them.
#[test]
fn a_challenger_leads_that_is_ahead_on_few_seeds_and_on_all() {
    let settings = SearchSettings {
        confirmation_seeds: 6,
        screening_seeds: Some(2),
        ..settings()
    };
    let judge = Search::new(settings.clone()).unwrap().judge().unwrap();
    let seeds = confirmation_seeds(settings.seed, 6);
    let mut leaders: Vec<(f64, f64)> = Vec::new();
    searched(settings, |search| {
        let leader = search.leader().unwrap();
        let judged = |seeds: &[u64]| {
            let program = &leader.individual.program;
            let judgement = judge.judge(program, seeds, BackendChoice::Auto).unwrap();
            judgement.fitness
        };
        let now = (judged(&seeds[..2]), judged(&seeds));
        assert_eq!(
            (leader.screened, leader.confirmed.fitness),
            (Some(now.0), now.1)
        );
        if leaders.last() != Some(&now) {
            leaders.push(now);
        }
    });
    assert!(leaders.len() > 1);
    let mut pairs = leaders.windows(2);
    assert!(pairs.all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1));
}

/// A search to its end. `each` sees it after every generation.
fn searched(settings: SearchSettings, mut each: impl FnMut(&Search)) -> Search {
    let mut search = Search::new(settings).unwrap();
    let judge = search.judge().unwrap();
    while !search.is_finished() {
        let (judged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        search
            .advance(&*judge, None, &judged, &stop)
            .unwrap()
            .unwrap();
        each(&search);
    }
    search
}

#[test]
fn whichever_comes_first_ends_a_search() {
    let search = searched(settings(), |_| ());
    assert_eq!(search.end(), Some(SearchEnd::Generations));
    assert_eq!(
        (search.next_generation(), search.totals().candidates),
        (13, 520)
    );
    let last_lead = search.leader().unwrap().generation;

    let of_candidates = SearchSettings {
        candidates: Some(150),
        ..settings()
    };
    let search = searched(of_candidates, |_| ());
    assert_eq!(search.end(), Some(SearchEnd::Candidates));
    assert_eq!(search.totals().candidates, 160);

    let of_a_target = SearchSettings {
        target_fitness: Some(0.5),
        ..settings()
    };
    // Known rules with tuned learning rates are better than that.
    let search = searched(of_a_target, |_| ());
    assert_eq!(search.end(), Some(SearchEnd::TargetFitness));
    assert_eq!(search.next_generation(), 1);

    let standing_still = SearchSettings {
        generations: 200,
        stagnation_generations: Some(4),
        ..settings()
    };
    let search = searched(standing_still, |_| ());
    assert_eq!(search.end(), Some(SearchEnd::Stagnation));
    let lead = search.leader().unwrap().generation;
    assert_eq!(search.next_generation(), lead + 5);
    assert!(lead <= last_lead || last_lead + 4 >= lead);
}

#[test]
fn the_best_of_an_island_come_to_the_next() {
    let mut migrants = Vec::new();
    searched(settings(), |search| {
        for (place, island) in search.islands().iter().enumerate() {
            let individuals = island.population.individuals();
            assert!(individuals.len() <= 10, "{}", individuals.len());
            let arrived = individuals
                .iter()
                .filter(|one| one.origin.operators[..] == [Operator::Migration]);
            migrants.extend(arrived.map(|one| (search.next_generation() - 1, place, one.id)));
        }
    });
    assert!(migrants.iter().all(|(generation, ..)| *generation >= 3));
    for island in 0..4 {
        assert!(
            migrants.iter().any(|(_, place, _)| *place == island),
            "{migrants:?}"
        );
    }
}

#[test]
fn what_costs_too_much_does_not_lead_but_stays() {
    let cheap = SearchSettings {
        greatest_leader_cost: Some(4),
        ..settings()
    };
    let search = searched(cheap, |search| {
        if let Some(leader) = search.leader() {
            assert!(leader.individual.cost <= 4, "{}", leader.individual.cost);
        }
    });
    assert!(search.leader().is_some());
    let mut all = search
        .islands()
        .iter()
        .flat_map(|island| island.population.individuals());
    assert!(all.any(|one| one.cost > 4));
}

#[test]
fn the_archive_is_a_front_that_the_best_are_on() {
    let mut best = f64::NEG_INFINITY;
    let search = searched(settings(), |search| {
        for island in search.islands() {
            for one in island.population.individuals() {
                best = best.max(one.fitness);
            }
        }
    });
    let members = search.archive().members();
    assert!(members.len() > 2, "{}", members.len());
    assert_eq!(members[0].individual.fitness, best);
    for (place, one) in members.iter().enumerate() {
        assert!(one.generation < search.next_generation());
        let program = &one.individual.program;
        assert_eq!(
            program.pruned().instruction_count() as u32,
            one.individual.instructions
        );
        for other in &members[place + 1..] {
            let (better, worse) = (&one.individual, &other.individual);
            assert!(better.fitness >= worse.fitness);
            assert!(
                worse.cost < better.cost
                    || other.individual.instructions < one.individual.instructions
            );
        }
    }
}

#[test]
fn a_search_begins_with_the_known_programs_that_it_is_told() {
    let origins = |known_programs: KnownPrograms| {
        let mut search = Search::new(SearchSettings {
            known_programs,
            islands: 1,
            population: 100,
            offspring: 100,
            generations: 0,
            ..settings()
        })
        .unwrap();
        let judge = search.judge().unwrap();
        let (judged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let generation = search.advance(&*judge, None, &judged, &stop);
        let fates = generation.unwrap().unwrap().fates;
        let known = fates
            .iter()
            .filter(|it| it.origin.operators[..] == [Operator::Known]);
        known.count()
    };
    let named =
        |names: &[&str]| KnownPrograms::Named(names.iter().map(|&name| name.to_owned()).collect());
    // One task, so that each rule has one tuned learning rate.
    assert_eq!(origins(named(&["sgd", "momentum", "adam"])), 3);
    assert_eq!(origins(named(&[])), 0);
    assert_eq!(origins(KnownPrograms::All(false)), 0);
    assert!(origins(KnownPrograms::All(true)) > 7);
}
