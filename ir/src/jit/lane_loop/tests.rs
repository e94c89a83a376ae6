//! Code over lanes beside the reference, lane by lane and step by step, to the bit.

use std::error::Error;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::widening::Refusal;
use super::{Group, LaneNative, Tier, VectorSize, elements, listing};
use crate::function::{Access, Function};
use crate::kernel::CompileError;
use crate::lane_kernel::{LaneArgument, lane_stride};
use crate::passes::expand;
use crate::random::{fill, random_function};
use crate::reference;
use crate::shape::Dimensions;

const EXTENTS: [usize; 8] = [1, 2, 3, 4, 7, 16, 17, 33];
const LANES: [usize; 6] = [1, 3, 4, 10, 16, 21];
const STEPS: [usize; 3] = [1, 2, 5];

/// A function with arguments of a run.
struct Case {
    function: Function,
    dimensions: Dimensions,
    lanes: usize,
    steps: usize,
    /// Whether each parameter's argument has another content for each step.
    is_streamed: Vec<bool>,
    inputs: Vec<Vec<f32>>,
}

impl Case {
    /// A case with random arguments, some of them streamed.
    fn new(
        rng: &mut ChaCha8Rng,
        function: &Function,
        dimensions: Dimensions,
        lanes: usize,
        steps: usize,
    ) -> Self {
        let mut case = Self {
            function: expand(function),
            dimensions,
            lanes,
            steps,
            is_streamed: Vec::new(),
            inputs: Vec::new(),
        };
        for parameter in function.parameters() {
            let is_streamed = parameter.access != Access::ReadWrite && rng.random_bool(0.5);
            let contents = if is_streamed { steps } else { 1 };
            let length = elements(parameter.shape, dimensions) * lane_stride(lanes);
            let mut numbers = vec![0.0; contents * length];
            fill(rng, &mut numbers);
            case.is_streamed.push(is_streamed);
            case.inputs.push(numbers);
        }
        case
    }

    /// What the reference makes of the arguments.
    fn expected(&self) -> Vec<Vec<f32>> {
        let stride = lane_stride(self.lanes);
        let mut storage = self.inputs.clone();
        let parameters = self.function.parameters();
        for lane in 0..self.lanes {
            for step in 0..self.steps {
                let start = |index: usize, length: usize| {
                    if self.is_streamed[index] {
                        step * length * stride
                    } else {
                        0
                    }
                };
                let gathered = parameters.iter().enumerate().map(|(index, parameter)| {
                    let length = elements(parameter.shape, self.dimensions);
                    let content = &storage[index][start(index, length)..][..length * stride];
                    content
                        .chunks_exact(stride)
                        .map(|element| element[lane])
                        .collect()
                });
                let mut gathered: Vec<Vec<f32>> = gathered.collect();
                let mut slices: Vec<&mut [f32]> =
                    gathered.iter_mut().map(|slice| &mut slice[..]).collect();
                reference::call(&self.function, self.dimensions, &mut slices);
                for (index, numbers) in gathered.iter().enumerate() {
                    let start = start(index, numbers.len());
                    let elements = storage[index][start..].chunks_exact_mut(stride);
                    for (element, &number) in elements.zip(numbers) {
                        element[lane] = number;
                    }
                }
            }
        }
        storage
    }

    /// Runs code on the arguments.
    fn run(&self, native: &mut LaneNative) -> Vec<Vec<f32>> {
        let mut storage = self.inputs.clone();
        let parameters = self.function.parameters().iter().zip(&self.is_streamed);
        let mut arguments: Vec<LaneArgument<'_>> = parameters
            .zip(&mut storage)
            .map(|((parameter, is_streamed), numbers)| {
                match (parameter.access.is_written(), is_streamed) {
                    (false, false) => LaneArgument::Read(numbers),
                    (false, true) => LaneArgument::ReadEach(numbers),
                    (true, false) => LaneArgument::Write(numbers),
                    (true, true) => LaneArgument::WriteEach(numbers),
                }
            })
            .collect();
        native.run(self.steps, &mut arguments);
        storage
    }

    /// Compares code of every width with the reference; whether there is such code.
    fn check(&self) -> bool {
        let stride = lane_stride(self.lanes);
        let mut expected = None;
        let mut sizes = vec![VectorSize::Bits128];
        if matches!(VectorSize::best(), Ok(VectorSize::Bits256)) {
            sizes.push(VectorSize::Bits256);
        }
        let groups = sizes.into_iter().flat_map(|size| {
            let most = (stride / size.lanes()).min(4);
            (1..=most).map(move |width| Group { size, width })
        });
        for group in groups {
            for tier in [Tier::Full, Tier::Quick] {
                let native = LaneNative::with_group(
                    &self.function,
                    self.dimensions,
                    self.lanes,
                    tier,
                    group,
                );
                let mut native = match native {
                    Ok(native) => native,
                    Err(CompileError::WholeMatrices { .. }) => return false,
                    // The narrow code does then, which has been compared.
                    Err(CompileError::CodeGenerator { reason, .. })
                        if reason == Refusal::Stack.reason() =>
                    {
                        continue;
                    }
                    Err(error) => panic!("{error}\n{}", self.function),
                };
                let expected = expected.get_or_insert_with(|| self.expected());
                self.compare(expected, &self.run(&mut native), group);
                if tier == Tier::Full {
                    // Frames are used again.
                    self.compare(expected, &self.run(&mut native), group);
                }
            }
        }
        true
    }

    fn compare(&self, expected: &[Vec<f32>], found: &[Vec<f32>], group: Group) {
        let stride = lane_stride(self.lanes);
        let parameters = self.function.parameters().iter();
        for ((parameter, expected), found) in parameters.zip(expected).zip(found) {
            for (index, (&expected, &found)) in expected.iter().zip(found).enumerate() {
                let is_padding = index % stride >= self.lanes;
                let is_same =
                    expected.to_bits() == found.to_bits() || expected.is_nan() && found.is_nan();
                let length = elements(parameter.shape, self.dimensions) * stride;
                assert!(
                    is_padding || is_same,
                    "`{}` is {found:e} and should be {expected:e} in step {}, element {}, lane {} \
                     of {} lanes, {}, {group:?}\n{}",
                    parameter.name,
                    index / length,
                    index % length / stride,
                    index % stride,
                    self.lanes,
                    self.dimensions,
                    self.function,
                );
            }
        }
    }
}

/// One of several.
fn one_of(rng: &mut ChaCha8Rng, several: &[usize]) -> usize {
    several[rng.random_range(0..several.len())]
}

fn random_case(rng: &mut ChaCha8Rng, function: &Function) -> Case {
    let rows = one_of(rng, &EXTENTS);
    let columns = if rng.random_bool(0.5) {
        rows
    } else {
        one_of(rng, &EXTENTS)
    };
    let (lanes, steps) = (one_of(rng, &LANES), one_of(rng, &STEPS));
    Case::new(rng, function, Dimensions::new(rows, columns), lanes, steps)
}

#[test]
fn random_functions_give_the_references_bits() {
    let mut compared = 0;
    for seed in 0..700 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let function = random_function(&mut rng, 20);
        compared += usize::from(random_case(&mut rng, &function).check());
    }
    assert!(
        compared > 300,
        "only {compared} functions have code over lanes"
    );
}

/// Runs a function on many lanes, dimensions and numbers of steps.
fn check_text(text: &str) {
    let function = Function::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for extent in [1, 2, 3, 4, 7, 8, 16, 17, 32, 33, 64] {
        for lanes in [3, 16] {
            let dimensions = Dimensions::new(extent, extent);
            let steps = if extent > 16 { 3 } else { 7 };
            let case = Case::new(&mut rng, &function, dimensions, lanes, steps);
            assert!(case.check(), "there is no code for {function}");
        }
    }
}

/// A linear learner.
const LINEAR: &str = "function linear\nread x column\nread y scalar\nread_write w column\nwrite s scalar\n\n\
     v0 = load w\nv1 = load x\nv2 = dot(v0, v1)\nv3 = load y\nv4 = sub(v3, v2)\n\
     v5 = constant 0.01\nv6 = mul(v5, v4)\nv7 = mul(v6, v1)\nv8 = add(v0, v7)\n\n\
     store w = v8\nstore s = v2\n";

/// A network of two layers.
const NETWORK: &str = "function net\nread x column\nread y scalar\nread_write m row_gram\nread_write u column\n\
     write s scalar\n\nv0 = load m\nv1 = load x\nv2 = matmul(v0, v1)\nv3 = constant 0.0\n\
     v4 = max(v2, v3)\nv5 = load u\nv6 = dot(v4, v5)\nv7 = load y\nv8 = sub(v7, v6)\n\
     v9 = constant 0.01\nv10 = mul(v9, v8)\nv11 = mul(v10, v5)\nv12 = heaviside(v2)\n\
     v13 = mul(v11, v12)\nv14 = matmul_right_transposed(v13, v1)\nv15 = add(v0, v14)\n\
     v16 = mul(v10, v4)\nv17 = add(v5, v16)\n\nstore m = v15\nstore u = v17\nstore s = v6\n";

#[test]
fn learners_give_the_references_bits() {
    check_text(LINEAR);
    check_text(NETWORK);
}

#[test]
fn a_step_that_does_little_with_much_fetches_ahead() -> Result<(), Box<dyn Error>> {
    if !matches!(VectorSize::best(), Ok(VectorSize::Bits256)) {
        return Ok(());
    }
    for (text, extent, expected) in [
        // Features and a label.
        (LINEAR, 32, 33),
        (LINEAR, 16, 17),
        // Its step streams next to nothing.
        (LINEAR, 4, 0),
        // It has much to do with what it streams.
        (NETWORK, 32, 0),
    ] {
        let function = Function::parse(text)?;
        let listing = listing(&function, Dimensions::new(extent, extent), 16)?;
        assert_eq!(listing.assembly.matches("movzb").count(), expected);
    }
    Ok(())
}

#[test]
fn states_are_swapped_and_rotated() {
    check_text(
        "function swap\nread_write a column\nread_write b column\nread_write c scalar\n\
         read_write d scalar\nwrite e column\n\n\
         v0 = load a\nv1 = load b\nv2 = load c\nv3 = load d\n\n\
         store a = v1\nstore b = v0\nstore c = v3\nstore d = v2\nstore e = v0\n",
    );
    check_text(
        "function rotate\nread_write a row_gram\nread_write b row_gram\nread_write c row_gram\n\n\
         v0 = load a\nv1 = load b\nv2 = load c\nv3 = transpose(v1)\n\n\
         store a = v2\nstore b = v0\nstore c = v3\n",
    );
}

#[test]
fn a_product_sees_the_state_that_a_step_found() {
    // `m` is needed as it was after its new content is known, and so is `u`.
    check_text(
        "function old\nread x column\nread_write m row_gram\nread_write u column\nwrite y column\n\n\
         v0 = load m\nv1 = load x\nv2 = transpose(v0)\nv3 = add(v0, v2)\nv4 = matmul(v0, v1)\n\
         v5 = load u\nv6 = matmul(v3, v5)\nv7 = sub(v4, v6)\nv8 = matmul(v0, v7)\n\n\
         store m = v3\nstore u = v4\nstore y = v8\n",
    );
    // Powers of a matrix in its own place.
    check_text(
        "function power\nread_write m row_gram\n\nv0 = load m\nv1 = matmul(v0, v0)\n\
         v2 = constant 0.125\nv3 = mul(v1, v2)\n\nstore m = v3\n",
    );
    check_text(
        "function square\nread_write m row_gram\n\nv0 = load m\n\
         v1 = matmul_left_transposed(v0, v0)\n\nstore m = v1\n",
    );
}

#[test]
fn what_is_read_and_stored_unchanged_stays() {
    check_text(
        "function unchanged\nread x column\nread_write a column\nread_write b scalar\n\
         write s scalar\nwrite t column\n\n\
         v0 = load a\nv1 = load x\nv2 = dot(v0, v1)\nv3 = load b\n\n\
         store a = v0\nstore b = v3\nstore s = v2\nstore t = v0\n",
    );
}

#[test]
fn scalars_fill_tensors_after_all_loads() {
    check_text(
        "function fill\nread x scalar\nread_write a row_gram\nread_write b column\nwrite c row\n\
         write d scalar\n\n\
         v0 = load x\nv1 = load a\nv2 = sum(v1)\nv3 = load b\nv4 = matmul(v1, v3)\n\
         v5 = max_of(v4)\nv6 = constant 1.5\n\n\
         store a = v0\nstore b = v2\nstore c = v5\nstore d = v6\n",
    );
}

#[test]
fn reductions_of_all_kinds_over_matrices_and_rows() {
    for op in [
        "sum", "mean", "max_of", "min_of", "norm", "norm_1", "norm_inf", "count_of",
    ] {
        check_text(&format!(
            "function reduce\nread a row_gram\nread b column\nwrite s scalar\nwrite t scalar\n\
             write u scalar\nwrite v column\nwrite w column\n\n\
             v0 = load a\nv1 = {op}(v0)\nv2 = load b\nv3 = {op}(v2)\n\
             v4 = broadcast_column(v2, v0)\nv5 = sub(v0, v4)\nv6 = {op}(v5)\nv7 = row_sums(v5)\n\
             v8 = transpose(v5)\nv9 = row_maxima(v8)\n\n\
             store s = v1\nstore t = v3\nstore u = v6\nstore v = v7\nstore w = v9\n",
        ));
    }
}

#[test]
fn a_sum_of_negative_zeros_is_zero() {
    let text = "function zeros\nread x column\nwrite s scalar\nwrite t scalar\n\n\
                v0 = load x\nv1 = sum(v0)\nv2 = dot(v0, v0)\n\nstore s = v1\nstore t = v2\n";
    let function = Function::parse(text).unwrap_or_else(|error| panic!("{error}"));
    for extent in 1..=70 {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let dimensions = Dimensions::new(extent, 1);
        let mut case = Case::new(&mut rng, &function, dimensions, 16, 1);
        case.inputs[0].fill(-0.0);
        assert!(case.check());
    }
}

#[test]
fn long_runs_go_in_blocks_of_steps() {
    let text = "function long\nread x column\nread_write w column\nwrite s scalar\n\n\
                v0 = load w\nv1 = load x\nv2 = dot(v0, v1)\nv3 = add(v0, v1)\n\
                v4 = constant 0.5\nv5 = mul(v3, v4)\n\nstore w = v5\nstore s = v2\n";
    let function = Function::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let case = Case::new(&mut rng, &function, Dimensions::new(4, 1), 21, 2_000);
    assert!(case.check());
}

#[test]
fn no_steps_change_nothing() {
    let text =
        "function none\nread_write w column\n\nv0 = load w\nv1 = add(v0, v0)\n\nstore w = v1\n";
    let function = Function::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut case = Case::new(&mut rng, &function, Dimensions::new(4, 1), 16, 1);
    case.steps = 0;
    let mut native = LaneNative::new(&case.function, case.dimensions, case.lanes, Tier::Full)
        .unwrap_or_else(|error| panic!("{error}"));
    let group = Group {
        size: VectorSize::Bits128,
        width: 0,
    };
    case.compare(&case.inputs, &case.run(&mut native), group);
}

#[test]
fn ops_on_whole_matrices_are_refused_by_name() {
    let text = "function whole\nread m row_gram\nwrite t scalar\n\nv0 = load m\nv1 = trace(v0)\n\nstore t = v1\n";
    let function = Function::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let refused = LaneNative::new(&function, Dimensions::new(4, 4), 16, Tier::Full);
    assert!(
        matches!(
            &refused,
            Err(CompileError::WholeMatrices { op: "trace", .. })
        ),
        "{refused:?}"
    );
}

#[test]
fn what_is_too_large_is_refused() {
    let text =
        "function large\nread_write m row_gram\n\nv0 = load m\nv1 = add(v0, v0)\n\nstore m = v1\n";
    let function = Function::parse(text).unwrap_or_else(|error| panic!("{error}"));
    for rows in [1 << 11, usize::MAX] {
        let refused = LaneNative::new(&function, Dimensions::new(rows, 1), 16, Tier::Full);
        assert!(
            matches!(&refused, Err(CompileError::CodeGenerator { .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn extrema_with_zeros_are_those_of_the_contract() {
    for op in ["max", "min"] {
        for zero in ["0.0", "-0.0"] {
            check_text(&format!(
                "function extremum\nread x column\nwrite y column\nwrite z column\n\n\
                 v0 = load x\nv1 = constant {zero}\nv2 = {op}(v0, v1)\nv3 = {op}(v1, v0)\n\n\
                 store y = v2\nstore z = v3\n",
            ));
        }
    }
}
