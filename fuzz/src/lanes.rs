//! Kernels over lanes: native code beside the interpreter.

use mlevolve_ir::lane_kernel::{LaneArgument, LaneKernel, lane_stride};
use mlevolve_ir::random::{fill, random_function};
use mlevolve_ir::{Access, Backend, CompileError, Dimensions, Function};
use rand::{Rng, RngExt};

use crate::Draws;

/// The most values of a random function.
const MAXIMUM_VALUES_DRAWN: usize = 20;
/// The most lanes: a block, and some of another.
const MOST_LANES: usize = 21;
/// The most steps: so many that what is kept is used again.
const MOST_STEPS: usize = 5;
/// Rows and columns: small ones, and those about the number of a reduction's accumulators.
const EXTENTS: [usize; 9] = [1, 2, 3, 4, 8, 15, 16, 17, 33];

/// A random function over lanes, step after step, means the same to native code as to the interpreter.
///
/// # Panics
/// If it does not.
pub fn interp_vs_jit(bytes: &[u8]) {
    let mut draws = Draws::new(bytes);
    let function = random_function(&mut draws, MAXIMUM_VALUES_DRAWN);
    let mut extent = || EXTENTS[draws.random_range(0..EXTENTS.len())];
    let dimensions = Dimensions::new(extent(), extent());
    let run = Run::draw(&mut draws, function, dimensions);
    let Some(expected) = run.by(Backend::Interpreter) else {
        unreachable!("everything can be interpreted");
    };
    for backend in [Backend::Jit, Backend::JitQuick] {
        if let Some(found) = run.by(backend) {
            run.compare(&expected, &found, backend);
        }
    }
}

/// A run of a kernel over lanes.
struct Run {
    function: Function,
    dimensions: Dimensions,
    lanes: usize,
    steps: usize,
    /// Whether each parameter's argument has another content for each step.
    is_streamed: Vec<bool>,
    inputs: Vec<Vec<f32>>,
}

impl Run {
    fn draw(draws: &mut impl Rng, function: Function, dimensions: Dimensions) -> Self {
        let lanes = draws.random_range(1..=MOST_LANES);
        let steps = draws.random_range(1..=MOST_STEPS);
        let (mut is_streamed, mut inputs) = (Vec::new(), Vec::new());
        for parameter in function.parameters() {
            let streams = parameter.access != Access::ReadWrite && draws.random_bool(0.5);
            let contents = if streams { steps } else { 1 };
            let extents = [parameter.shape.rows(), parameter.shape.columns()];
            let elements: usize = extents
                .map(|extent| dimensions.extent(extent))
                .iter()
                .product();
            let mut numbers = vec![0.0; contents * elements * lane_stride(lanes)];
            fill(draws, &mut numbers);
            is_streamed.push(streams);
            inputs.push(numbers);
        }
        Self {
            function,
            dimensions,
            lanes,
            steps,
            is_streamed,
            inputs,
        }
    }

    /// What all arguments are in the end; none if the back end has no code for the function.
    fn by(&self, backend: Backend) -> Option<Vec<Vec<f32>>> {
        let kernel = LaneKernel::compile(&self.function, self.dimensions, self.lanes, backend);
        let mut kernel = match kernel {
            Ok(kernel) => kernel,
            Err(CompileError::TooLarge { .. } | CompileError::WholeMatrices { .. }) => return None,
            Err(error) => panic!("{backend}: {error}\n{}", self.function),
        };
        let mut storage = self.inputs.clone();
        let parameters = self.function.parameters().iter().zip(&self.is_streamed);
        let arguments = parameters.zip(&mut storage);
        let arguments = arguments.map(|((parameter, streams), numbers)| {
            match (parameter.access.is_written(), streams) {
                (false, false) => LaneArgument::Read(numbers),
                (false, true) => LaneArgument::ReadEach(numbers),
                (true, false) => LaneArgument::Write(numbers),
                (true, true) => LaneArgument::WriteEach(numbers),
            }
        });
        let mut arguments: Vec<_> = arguments.collect();
        let ran = kernel.run(self.steps, &mut arguments);
        assert_eq!(ran, Ok(()), "{}", self.function);
        Some(storage)
    }

    fn compare(&self, expected: &[Vec<f32>], found: &[Vec<f32>], backend: Backend) {
        let stride = lane_stride(self.lanes);
        let parameters = self.function.parameters().iter();
        for ((parameter, expected), found) in parameters.zip(expected).zip(found) {
            for (index, (&expected, &found)) in expected.iter().zip(found).enumerate() {
                let is_padding = index % stride >= self.lanes;
                let is_same =
                    expected.to_bits() == found.to_bits() || expected.is_nan() && found.is_nan();
                assert!(
                    is_padding || is_same,
                    "by {backend}, `{}` is {found:e} and should be {expected:e} at {index}, lane {} of {}, \
                     {} steps, {}\n{}",
                    parameter.name,
                    index % stride,
                    self.lanes,
                    self.steps,
                    self.dimensions,
                    self.function,
                );
            }
        }
    }
}
