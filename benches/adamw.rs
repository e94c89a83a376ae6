//! Time per element of AdamW's update, by back end, beside the loop that one would write in Rust.
//!
//! 1,024 elements are a small model, all of whose memory is near; 1,048,576 are so many that memory
//! is what counts. The plain loop does the same operations in the same order, and `rustc` vectorises
//! it; before anything is timed, all are checked to give the same bits.

#![allow(missing_docs, reason = "criterion's macros make functions without")]
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mlevolve::optimizer::CompiledOptimizer;
use mlevolve::program::known;
use mlevolve_ir::Backend;
use mlevolve_tasks::{ParameterLayout, UpdateRule, stream};
use rand::{Rng, RngExt};

const ELEMENT_COUNTS: [usize; 3] = [1 << 10, 1 << 14, 1 << 20];
/// Steps that must give the same bits.
const CHECKED_STEPS: u32 = 20;

/// `programs/adamw.mle` as a loop.
struct PlainRust {
    learning_rate: f32,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    weight_decay: f32,
    m: Vec<f32>,
    v: Vec<f32>,
    m_weights: f32,
    v_weights: f32,
}

impl Default for PlainRust {
    fn default() -> Self {
        Self {
            learning_rate: 0.001,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.01,
            m: Vec::new(),
            v: Vec::new(),
            m_weights: 0.0,
            v_weights: 0.0,
        }
    }
}

fn lerp(a: f32, b: f32, c: f32) -> f32 {
    a + c * (b - a)
}

impl UpdateRule for PlainRust {
    fn reset(&mut self, layout: &ParameterLayout) {
        self.m = vec![0.0; layout.arena_len()];
        self.v = vec![0.0; layout.arena_len()];
        (self.m_weights, self.v_weights) = (0.0, 0.0);
    }

    fn step(&mut self, _step: u32, parameters: &mut [f32], gradient: &[f32]) {
        let m_weight = 1.0 - self.beta1;
        let v_weight = 1.0 - self.beta2;
        self.m_weights = lerp(self.m_weights, 1.0, m_weight);
        self.v_weights = lerp(self.v_weights, 1.0, v_weight);
        let root_weights = self.v_weights.sqrt();
        let epsilon = self.epsilon * root_weights;
        let rate = -(self.learning_rate * root_weights / self.m_weights);
        let decay = self.learning_rate * self.weight_decay;
        let states = self.m.iter_mut().zip(&mut self.v);
        for ((w, g), (m, v)) in parameters.iter_mut().zip(gradient).zip(states) {
            *m = lerp(*m, *g, m_weight);
            *v = lerp(*v, g * g, v_weight);
            let root = v.sqrt() + epsilon;
            let delta = *m * rate / root - *w * decay;
            *w += delta;
        }
    }
}

fn uniform(count: usize, numbers: &mut impl Rng) -> Vec<f32> {
    let mut draw = || 2.0 * numbers.random::<f32>() - 1.0;
    (0..count).map(|_| draw()).collect()
}

/// The same rule in every form, each with its name.
fn contenders() -> Vec<(String, Box<dyn UpdateRule>)> {
    let program = known::find("adamw").unwrap().program().unwrap();
    let mut contenders: Vec<(String, Box<dyn UpdateRule>)> = Vec::new();
    for backend in Backend::ALL {
        let compiled = CompiledOptimizer::new(&program, backend).unwrap();
        contenders.push((backend.to_string(), Box::new(compiled)));
    }
    contenders.push(("plain_rust".to_owned(), Box::<PlainRust>::default()));
    contenders
}

fn assert_all_give_the_same_bits() {
    let layout = ParameterLayout::new(&[("weight", 1, 1_000)]);
    let trained = contenders().into_iter().map(|(name, mut rule)| {
        let mut numbers = stream(1, "benchmark", [0, 0]);
        let mut parameters = uniform(layout.arena_len(), &mut numbers);
        rule.reset(&layout);
        for step in 1..=CHECKED_STEPS {
            let gradient = uniform(layout.arena_len(), &mut numbers);
            rule.step(step, &mut parameters, &gradient);
        }
        let range = layout.tensors()[0].range();
        let bits: Vec<u32> = parameters[range].iter().map(|w| w.to_bits()).collect();
        (name, bits)
    });
    let trained: Vec<(String, Vec<u32>)> = trained.collect();
    for (name, bits) in &trained {
        assert!(
            bits == &trained[0].1,
            "{name} differs from {}",
            trained[0].0
        );
    }
}

fn adamw(criterion: &mut Criterion) {
    assert_all_give_the_same_bits();
    let mut group = criterion.benchmark_group("adamw");
    group
        .sample_size(30)
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_500));
    for elements in ELEMENT_COUNTS {
        group.throughput(Throughput::Elements(elements as u64));
        let layout = ParameterLayout::new(&[("weight", 1, elements)]);
        let mut numbers = stream(1, "benchmark", [0, elements as u64]);
        let initial = uniform(layout.arena_len(), &mut numbers);
        let gradient = uniform(layout.arena_len(), &mut numbers);
        for (name, mut rule) in contenders() {
            rule.reset(&layout);
            let mut parameters = initial.clone();
            let mut step = 0;
            group.bench_function(BenchmarkId::new(name, elements), |bencher| {
                bencher.iter(|| {
                    step += 1;
                    rule.step(step, &mut parameters, &gradient);
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, adamw);
criterion_main!(benches);
