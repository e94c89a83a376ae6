//! Well-known rules, written out by hand, for tests that need something that learns.

use mlevolve_tasks::{ParameterLayout, UpdateRule};

/// w ← w − rate · g
pub(crate) struct GradientDescent {
    pub(crate) rate: f32,
}

impl UpdateRule for GradientDescent {
    fn reset(&mut self, _layout: &ParameterLayout) {}

    fn step(&mut self, _step: u32, parameters: &mut [f32], gradient: &[f32]) {
        for (parameter, gradient) in parameters.iter_mut().zip(gradient) {
            *parameter -= self.rate * gradient;
        }
    }
}

/// Adam (Kingma and Ba 2015, algorithm 1) with the paper's constants.
#[derive(Default)]
pub(crate) struct Adam {
    pub(crate) rate: f32,
    mean: Vec<f32>,
    square: Vec<f32>,
}

impl Adam {
    pub(crate) fn new(rate: f32) -> Self {
        Self {
            rate,
            ..Self::default()
        }
    }
}

impl UpdateRule for Adam {
    fn reset(&mut self, layout: &ParameterLayout) {
        self.mean = vec![0.0; layout.arena_len()];
        self.square = vec![0.0; layout.arena_len()];
    }

    fn step(&mut self, step: u32, parameters: &mut [f32], gradient: &[f32]) {
        let mean_correction = 1.0 - libm::powf(0.9, step as f32);
        let square_correction = 1.0 - libm::powf(0.999, step as f32);
        let state = self.mean.iter_mut().zip(&mut self.square);
        for ((parameter, gradient), (mean, square)) in
            parameters.iter_mut().zip(gradient).zip(state)
        {
            *mean = 0.9 * *mean + 0.1 * gradient;
            *square = 0.999 * *square + 0.001 * gradient * gradient;
            let denominator = (*square / square_correction).sqrt() + 1e-8;
            *parameter -= self.rate * (*mean / mean_correction) / denominator;
        }
    }
}
