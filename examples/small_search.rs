//! A program from its text, judged; and a search that has a better one.
//!
//! ```text
//! cargo run --example small_search
//! ```

use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicU64};

use mlevolve::export::{Target, export};
use mlevolve::fitness::{DataSettings, FitnessWeights, TrainingJudge, judging_seeds};
use mlevolve::optimizer::CompiledOptimizer;
use mlevolve::program::Program;
use mlevolve::search::{KnownPrograms, Search, SearchSettings};
use mlevolve_ir::Backend;

const GRADIENT_DESCENT: &str = "program descent
schema optimizer 1

input w tensor
input g tensor
input step scalar
constant learning_rate = 0.1
scratch rate scalar
output delta tensor

update:
  rate = neg(learning_rate)
  delta = mul(g, rate)
";

fn main() -> Result<(), Box<dyn Error>> {
    // A program is text that says which line is wrong, if one is.
    let descent = Program::parse(GRADIENT_DESCENT)?;

    // It trains the models of a suite; its learning curves become a fitness, 1 where the best known rule ends.
    let judge = TrainingJudge::new("quick", &DataSettings::default(), FitnessWeights::default())?;
    let optimizer = CompiledOptimizer::new(&descent, Backend::Jit)?;
    let seeds = judging_seeds();
    let judgement = judge.judge_optimizer(&optimizer, &seeds);
    println!("gradient descent: {:.4}", judgement.fitness);

    // A search over such programs, from that of random ones on.
    let settings = SearchSettings {
        suite: "quick".to_owned(),
        known_programs: KnownPrograms::Named(vec!["sgd".to_owned(), "momentum".to_owned()]),
        generations: 4,
        population: 40,
        offspring: 40,
        elites: 4,
        ..SearchSettings::default()
    };
    let mut search = Search::new(settings)?;
    let judge_of_search = search.judge()?;
    let (judged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    while !search.is_finished() {
        let advanced = search.advance(&*judge_of_search, None, &judged, &stop)?;
        let generation = advanced.map_err(|_| "nobody stops it")?;
        println!(
            "generation {}: best {:.4}, median {:.4}",
            generation.number, generation.best_fitness, generation.median_fitness
        );
    }

    // What leads is judged on seeds that no search has, and taken elsewhere.
    let leader = search.leader().ok_or("something has trained")?;
    let best = leader.individual.program.pruned();
    let optimizer = CompiledOptimizer::new(&best, Backend::Jit)?;
    let found = judge.judge_optimizer(&optimizer, &seeds);
    println!("\n{best}\nfound: {:.4}\n", found.fitness);
    println!("{}", export(&best, Target::Numpy)?);
    assert!(found.fitness > judgement.fitness);
    Ok(())
}

#[test]
fn it_runs() -> Result<(), Box<dyn Error>> {
    main()
}
