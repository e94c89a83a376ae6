//! Derivatives of random functions are functions like others: the back ends compute them to the same bits.
//! That they are derivatives is among the [checks](mlevolve_ir::random::Check) of random cases.

use crate::harness::{self, assert_same, random_storage};
use mlevolve_ir::autodiff::DerivativeError;
use mlevolve_ir::random::random_function;
use mlevolve_ir::{Backend, Dimensions, Kernel, ParameterIndex, autodiff};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The original's outputs have the original's bits, and what is computed beside them is the same on
/// both back ends, on difficult numbers too.
#[test]
fn both_back_ends_agree_on_derivatives() {
    let mut differentiated = 0;
    for seed in 0..300 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let function = random_function(&mut rng, 24);
        let read: Vec<ParameterIndex> = function
            .parameters()
            .iter()
            .filter(|parameter| parameter.access.is_read())
            .map(|parameter| function.index_of(&parameter.name).unwrap())
            .collect();
        let derivatives = [
            autodiff::forward(&function, &read),
            autodiff::reverse(&function, &read),
        ];
        for derivative in derivatives {
            let derivative = match derivative {
                Ok(derivative) => derivative,
                // A function of 64 parameters has no room for more.
                Err(DerivativeError::TooLarge { .. }) => {
                    assert!(function.parameters().len() > 32);
                    continue;
                }
                Err(DerivativeError::NotDifferentiable { op, .. }) => {
                    assert!(!op.is_differentiable());
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            differentiated += 1;
            assert_eq!(derivative.verify(), Ok(()));
            let dimensions = Dimensions::new(5, 7);
            let inputs = random_storage(&mut rng, &derivative, dimensions);
            let mut expected = inputs.clone();
            harness::reference(&derivative, dimensions, &mut expected);
            for backend in Backend::ALL {
                let mut kernel = Kernel::compile(&derivative, backend).unwrap();
                let mut found = inputs.clone();
                harness::call(&mut kernel, dimensions, &mut found, 1);
                let what = backend.to_string();
                assert_same(&what, &derivative, dimensions, &inputs, &expected, &found);
            }
            let mut original = inputs[..function.parameters().len()].to_vec();
            harness::reference(&function, dimensions, &mut original);
            assert_same(
                "the derivative",
                &function,
                dimensions,
                &inputs,
                &original,
                &expected,
            );
        }
    }
    // Two a seed, but for the few that have none.
    assert!(differentiated > 500, "{differentiated}");
}
