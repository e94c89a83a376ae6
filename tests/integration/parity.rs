//! Programs do the same whoever runs them: interpreter, native code, and an evaluator that shares
//! nothing with either but the meaning of an op.

use mlevolve::optimizer::CompiledOptimizer;
use mlevolve::program::Program;
use mlevolve_ir::Backend;

use crate::optimizer_steps::{Inputs, ORDINARY_STEPS, Path, compiled, evaluated, layout};
use crate::specimens;

/// Compares everybody on one program, and gives what they agree on.
fn agreed(program: &Program, number: u64) -> Path {
    let layout = layout();
    let (inputs, others) = (Inputs::new(&layout, number), Inputs::new(&layout, !number));
    let expected = evaluated(program, &layout, &inputs);
    for backend in Backend::ALL {
        let mut optimizer = CompiledOptimizer::new(program, backend).unwrap();
        let found = compiled(&mut optimizer, &layout, &inputs);
        found.assert_same(&expected, &format!("{backend} and evaluator"), program);

        // A rule serves many runs, one after the other or each with a clone.
        let mut clone = optimizer.clone();
        compiled(&mut optimizer, &layout, &others);
        let again = compiled(&mut optimizer, &layout, &inputs);
        again.assert_same(
            &expected,
            &format!("{backend} after a reset and evaluator"),
            program,
        );
        let cloned = compiled(&mut clone, &layout, &inputs);
        cloned.assert_same(
            &expected,
            &format!("{backend}'s clone and evaluator"),
            program,
        );
    }
    expected
}

/// How many of the programs move parameters to finite places, so that agreement means something.
fn moving(programs: &[Program]) -> usize {
    let moves = |(number, program): (u64, &Program)| {
        let Path(steps) = agreed(program, number);
        let ordinary = &steps[..ORDINARY_STEPS];
        let finite = ordinary
            .iter()
            .flatten()
            .all(|&bits| f32::from_bits(bits).is_finite());
        finite && ordinary.windows(2).any(|pair| pair[0] != pair[1])
    };
    (0..).zip(programs).filter(|&pair| moves(pair)).count()
}

#[test]
fn known_programs_agree() {
    let programs = specimens::program_files();
    assert_eq!(moving(&programs), programs.len());
}

#[test]
fn odd_programs_agree() {
    let programs = specimens::odd();
    let moving = moving(&programs);
    assert!(
        moving * 2 > programs.len(),
        "{moving} of {}",
        programs.len()
    );
}

#[test]
fn random_programs_agree() {
    let programs: Vec<_> = (0..300).map(specimens::random).collect();
    let with_reductions = programs.iter().filter(|program| {
        let optimizer = CompiledOptimizer::new(program, Backend::Interpreter).unwrap();
        !optimizer.function().is_elementwise()
    });
    let with_reductions = with_reductions.count();
    assert!((10..290).contains(&with_reductions), "{with_reductions}");
    let moving = moving(&programs);
    assert!(moving > 100, "{moving} of {}", programs.len());
}

#[test]
fn mutants_and_crossovers_agree() {
    let programs = specimens::evolved(60, 400);
    let moving = moving(&programs[programs.len() - 400..]);
    assert!(moving > 130, "{moving} of 400");
}
