//! The compiler of mlevolve: learning algorithms as typed SSA functions, made fast.
//!
//! A search judges millions of candidate algorithms, most of them only for moments. What decides how
//! many it can judge is how soon a candidate runs, and how fast. So a candidate is lowered to a
//! [`Function`] over scalars and tensors, and run by whichever of two back ends gets it done first:
//! an interpreter that is ready at once, or native vector code by way of Cranelift. That choice must
//! not change a result, so both agree to the bit, before and after every pass.
//!
//! ```text
//!                  text
//!                 ▲    │ parse
//!           print │    ▼
//! FunctionBuilder ─► Function ─passes─► Function ─► Schedule ─┬─► interpreter ─┐
//!                      │                                      └─► Cranelift ───┴─► Kernel::call
//!                      └─► Cost
//! ```
//!
//! * [`ops`] is the table of ops: each is defined in one row, and everything else derives from it.
//! * [`lanes`] is the vocabulary in which ops' meanings are written, and the semantics contract.
//! * [`Function`] and [`FunctionBuilder`] hold and make code, [`text`] reads and prints it.
//! * [`passes`] take work out of it.
//! * [`Kernel`] runs it; [`jit`] says what native code it becomes.
//! * [`random`] makes functions and inputs up, for tests and fuzzing.
//!
//! # Example
//!
//! ```
//! use mlevolve_ir::ops::{ElementwiseOp, Op, ReductionOp};
//! use mlevolve_ir::{
//!     ACCUMULATORS, Access, Argument, Backend, FunctionBuilder, Kernel, Shape, passes,
//! };
//!
//! // Normalised gradient: g becomes g / |g|.
//! let mut builder = FunctionBuilder::new("normalise");
//! let g = builder.parameter("g", Shape::Tensor, Access::ReadWrite)?;
//! let gradient = builder.load(g)?;
//! let norm = builder.apply(Op::Reduction(ReductionOp::Norm), &[gradient])?;
//! let unit = builder.apply(Op::Elementwise(ElementwiseOp::Div), &[gradient, norm])?;
//! builder.store(g, unit)?;
//! let function = passes::optimise(&builder.finish()?);
//! println!("{function}");
//!
//! for backend in Backend::ALL {
//!     let mut kernel = Kernel::compile(&function, backend)?;
//!     // Two elements; storage is padded to whole rows.
//!     let mut storage = [0.0; ACCUMULATORS];
//!     storage[..2].copy_from_slice(&[3.0, 4.0]);
//!     kernel.call(2, &mut [Argument::Write(&mut storage)])?;
//!     assert_eq!(storage[..2], [0.6, 0.8], "{backend}");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod elementary;
mod function;
mod interpreter;
pub mod jit;
mod kernel;
pub mod lanes;
pub mod ops;
pub mod passes;
pub mod random;
mod schedule;
mod shape;
pub mod text;

pub use function::{
    Access, BuildError, Constant, Cost, Definition, Function, FunctionBuilder, MAX_NAME_LENGTH,
    MAX_PARAMETERS, MAX_VALUES, Operands, Parameter, ParameterIndex, Value, VerifyError, is_name,
};
pub use jit::Listing;
pub use kernel::{Argument, Backend, CallError, CompileError, Kernel, UnknownBackend};
pub use lanes::ACCUMULATORS;
pub use shape::Shape;
pub use text::{ParseError, ParseErrorKind};
