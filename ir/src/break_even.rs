//! Which back end gets a function's work done first, on the machine at hand.
//!
//! Native code takes tens of microseconds to make, and saves a fraction of a nanosecond for each
//! element and op, where it saves any: the interpreter's loops use vectors as wide as the machine has,
//! native code those of 128 bits, but for elementary functions, where both may use the same. So what is best depends on the machine, on what the function is made
//! of, and on how much there is to do. The machine is asked once, by compiling and running three small
//! functions on each back end, which takes some milliseconds; a function is taken as a number of cheap
//! ops and of an elementary function's operations; and the work ahead is the caller's to know.
//!
//! ```text
//! three probes ─measure once─► Rates ─┐
//! Function ─count─► Weight ───────────┼─► time of each back end ─► the least
//! Work (calls, elements) ─────────────┘
//! ```
//!
//! Since back ends agree to the bit, a wrong guess costs time and nothing else.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::function::{Definition, Function};
use crate::kernel::{Argument, Backend, Kernel, UnknownBackend};
use crate::ops::Op;
use crate::passes::expand;
use crate::shape::Dimensions;

/// A back end, or the wish for the one that is best for the work ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BackendChoice {
    /// Whichever is expected to be done first.
    Auto,
    /// This one.
    Only(Backend),
}

/// What is to be done with a function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// How often it will be called.
    pub calls: f64,
    /// On how many elements each time.
    pub elements: f64,
}

impl BackendChoice {
    /// The word for automatic choice on command lines and in logs.
    const AUTO: &str = "auto";

    /// The back end for a function and the work that lies ahead of it. The first automatic choice
    /// measures the machine, which takes some milliseconds.
    #[must_use]
    pub fn backend_for(self, function: &Function, work: Work) -> Backend {
        match self {
            Self::Only(backend) => backend,
            Self::Auto => {
                let weight = Weight::of(function);
                let total = |backend: &Backend| Rates::of(*backend).total_ns(weight, work);
                let least = Backend::ALL
                    .into_iter()
                    .min_by(|a, b| total(a).total_cmp(&total(b)));
                least.unwrap_or(Backend::Interpreter)
            }
        }
    }
}

impl From<Backend> for BackendChoice {
    fn from(backend: Backend) -> Self {
        Self::Only(backend)
    }
}

impl fmt::Display for BackendChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.pad(Self::AUTO),
            Self::Only(backend) => backend.fmt(formatter),
        }
    }
}

impl FromStr for BackendChoice {
    type Err = UnknownBackend;

    fn from_str(word: &str) -> Result<Self, UnknownBackend> {
        if word == Self::AUTO {
            return Ok(Self::Auto);
        }
        let named = word.parse().map(Self::Only);
        named.map_err(|_: UnknownBackend| UnknownBackend::new(word, &[Self::AUTO]))
    }
}

/// What a function does for each element.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Weight {
    /// Ops of a few instructions.
    cheap_ops: f64,
    /// Floating-point operations of elementary functions.
    elementary_flops: f64,
}

/// The FLOPs from which on an op counts as an elementary function.
const ELEMENTARY_FLOPS: u32 = 8;

impl Weight {
    /// Matrix ops take as long on every back end.
    fn of(function: &Function) -> Self {
        let function = expand(function);
        let mut weight = Self::default();
        for value in function.values() {
            let flops = match function.definition(value) {
                Definition::Load(_) | Definition::Constant(_) => continue,
                Definition::Apply { op, .. } => match op {
                    Op::Elementwise(op) if !function.shape(value).is_scalar() => {
                        op.flops_per_element()
                    }
                    Op::Reduction(op) => op.flops_per_element(),
                    Op::Elementwise(_) | Op::Matrix(_) | Op::Composite(_) => continue,
                },
            };
            if flops < ELEMENTARY_FLOPS {
                weight.cheap_ops += 1.0;
            } else {
                weight.elementary_flops += f64::from(flops);
            }
        }
        weight
    }
}

/// How long a back end takes on this machine, in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Rates {
    compile: Linear,
    /// For each call.
    call: Linear,
    /// For each element.
    element: Linear,
}

/// A time that grows with a function's weight.
#[derive(Clone, Copy, Debug)]
struct Linear {
    fixed_ns: f64,
    cheap_op_ns: f64,
    elementary_flop_ns: f64,
}

impl Linear {
    fn at(&self, weight: Weight) -> f64 {
        self.fixed_ns
            + self.cheap_op_ns * weight.cheap_ops
            + self.elementary_flop_ns * weight.elementary_flops
    }

    /// The line through what three functions take.
    fn through(measured: [(Weight, f64); 3]) -> Self {
        let [
            (one, one_ns),
            (cheap, cheap_ns),
            (elementary, elementary_ns),
        ] = measured;
        let cheap_op_ns = ((cheap_ns - one_ns) / (cheap.cheap_ops - one.cheap_ops)).max(0.0);
        let fixed_ns = (one_ns - cheap_op_ns * one.cheap_ops).max(0.0);
        let rest_ns = elementary_ns - fixed_ns - cheap_op_ns * elementary.cheap_ops;
        Self {
            fixed_ns,
            cheap_op_ns,
            elementary_flop_ns: (rest_ns / elementary.elementary_flops).max(0.0),
        }
    }
}

/// One op for each element.
const ONE: &str = "function one\nread_write x tensor\n\
    v0 = load x\nv1 = neg(v0)\nstore x = v1\n";

/// A dozen cheap ops for each element, as optimizers have them.
const CHEAP: &str = "function cheap\nread_write x tensor\nread g tensor\n\
    v0 = load x\nv1 = load g\nv2 = mul(v0, v1)\nv3 = add(v2, v1)\nv4 = sub(v3, v0)\n\
    v5 = square(v4)\nv6 = mul(v5, v2)\nv7 = abs(v6)\nv8 = add(v7, v5)\nv9 = sqrt(v8)\n\
    v10 = mul(v9, v3)\nv11 = sub(v10, v6)\nv12 = div(v11, v9)\nv13 = add(v12, v4)\nstore x = v13\n";

/// Elementary functions for each element.
const ELEMENTARY: &str = "function elementary\nread_write x tensor\n\
    v0 = load x\nv1 = exp(v0)\nv2 = log(v1)\nv3 = tanh(v2)\nstore x = v3\n";

/// Elements of the large and the small call that are timed.
const LARGE: usize = 1024;
const SMALL: usize = 16;

impl Rates {
    /// The rates of a back end, measured when they are first asked for.
    fn of(backend: Backend) -> &'static Self {
        static RATES: OnceLock<[Rates; Backend::ALL.len()]> = OnceLock::new();
        let rates = RATES.get_or_init(|| Backend::ALL.map(Self::measured));
        &rates[backend as usize]
    }

    fn measured(backend: Backend) -> Self {
        let probes = [ONE, CHEAP, ELEMENTARY].map(|text| match Function::parse(text) {
            Ok(function) => function,
            Err(error) => panic!("a probe is no function: {error}"),
        });
        // Where there is no native code, it takes for ever.
        const NEVER_NS: f64 = 1e30;
        let line = |time_ns: &dyn Fn(&Function) -> Option<f64>| {
            Linear::through(probes.each_ref().map(|function| {
                let time_ns = time_ns(function).unwrap_or(NEVER_NS);
                (Weight::of(function), time_ns)
            }))
        };
        let compile = line(&|function| {
            Kernel::compile(function, backend).ok()?;
            Some(least_ns(5, 1, || drop(Kernel::compile(function, backend))))
        });
        let small = line(&|function| call_ns(function, backend, SMALL));
        let large = line(&|function| call_ns(function, backend, LARGE));
        let (small, large, more) = (&small, &large, (LARGE - SMALL) as f64);
        let element = |of: fn(&Linear) -> f64| ((of(large) - of(small)) / more).max(0.0);
        let element = Linear {
            fixed_ns: element(|line| line.fixed_ns),
            cheap_op_ns: element(|line| line.cheap_op_ns),
            elementary_flop_ns: element(|line| line.elementary_flop_ns),
        };
        Self {
            compile,
            call: *small,
            element,
        }
    }

    /// The time for all of the work.
    fn total_ns(&self, weight: Weight, work: Work) -> f64 {
        let call_ns = self.call.at(weight) + work.elements * self.element.at(weight);
        self.compile.at(weight) + work.calls * call_ns
    }
}

/// How long a call takes.
fn call_ns(function: &Function, backend: Backend, elements: usize) -> Option<f64> {
    let mut kernel = Kernel::compile(function, backend).ok()?;
    let length = Dimensions::flat(elements).storage_len(crate::Shape::Tensor)?;
    let (mut x, g) = (vec![0.5; length], vec![0.25; length]);
    let mut arguments = vec![Argument::Write(&mut x)];
    if function.parameters().len() == 2 {
        arguments.push(Argument::Read(&g));
    }
    Some(least_ns(5, 20, || {
        if let Err(error) = kernel.call(elements, &mut arguments) {
            panic!("a probe's arguments fit: {error}");
        }
    }))
}

/// The least of several times, each the mean over so many repetitions: whatever else the machine does
/// can only add to it.
fn least_ns(times: usize, repetitions: u32, mut work: impl FnMut()) -> f64 {
    let least = (0..times)
        .map(|_| {
            let start = Instant::now();
            (0..repetitions).for_each(|_| work());
            start.elapsed() / repetitions
        })
        .min();
    1e9 * least.unwrap_or(Duration::ZERO).as_secs_f64()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_and_printed() {
        for word in ["auto", "interp", "jit-quick", "jit"] {
            assert_eq!(word.parse::<BackendChoice>().unwrap().to_string(), word);
        }
        let error = "gpu".parse::<BackendChoice>().unwrap_err();
        assert!(error.to_string().contains("gpu"));
    }

    #[test]
    fn little_work_is_interpreted_and_a_choice_is_kept() {
        let function = Function::parse(CHEAP).unwrap();
        let work = |calls, elements| Work { calls, elements };
        // A call of one element is done before any compiler has begun.
        let chosen = BackendChoice::Auto.backend_for(&function, work(1.0, 1.0));
        assert_eq!(chosen, Backend::Interpreter);
        for backend in Backend::ALL {
            let choice = BackendChoice::from(backend);
            assert_eq!(choice.backend_for(&function, work(1.0, 1.0)), backend);
        }
    }

    #[test]
    fn a_line_goes_through_its_points() {
        let weight = |cheap_ops, elementary_flops| Weight {
            cheap_ops,
            elementary_flops,
        };
        let line = Linear::through([
            (weight(1.0, 0.0), 12.0),
            (weight(11.0, 0.0), 32.0),
            (weight(0.0, 50.0), 60.0),
        ]);
        assert_eq!(line.at(weight(1.0, 0.0)), 12.0);
        assert_eq!(line.at(weight(11.0, 0.0)), 32.0);
        assert_eq!(line.at(weight(0.0, 50.0)), 60.0);
    }
}
