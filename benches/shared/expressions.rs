//! Random [trees](super::trees) as functions of the compiler.

use std::collections::BTreeMap;

use arrayvec::ArrayVec;
use mlevolve_ir::ops::Op;
use mlevolve_ir::{
    Access, Argument, Backend, Function, FunctionBuilder, Kernel, MAX_PARAMETERS, Shape, passes,
};

use super::kernels::call;
use super::trees::{Node, Operation, Tree};

/// The operations of these that the compiler has; the others are named on standard output.
pub fn supported(operations: &[Operation]) -> Vec<Operation> {
    let (supported, missing): (Vec<Operation>, Vec<Operation>) = operations
        .iter()
        .partition(|operation| Op::from_mnemonic(operation.name()).is_some());
    for operation in missing {
        let name = operation.name();
        println!("NOTE: the compiler has no op `{name}`, so no expression has one");
    }
    supported
}

/// The tree as a function that reads the variables which it has, and writes `y`. Optimised.
///
/// # Panics
/// If the compiler lacks an operation.
pub fn function(tree: &Tree) -> Function {
    let built = || -> Result<Function, Box<dyn std::error::Error>> {
        let mut builder = FunctionBuilder::new("expression");
        let mut loads = BTreeMap::new();
        for variable in variables(tree) {
            let name = format!("x{variable}");
            let parameter = builder.parameter(name, Shape::Tensor, Access::Read)?;
            loads.insert(variable, builder.load(parameter)?);
        }
        let y = builder.parameter("y", Shape::Tensor, Access::Write)?;
        let mut stack = Vec::new();
        for node in &tree.nodes {
            let value = match node {
                Node::Variable(variable) => loads[variable],
                Node::Constant(constant) => builder.constant(*constant),
                Node::Apply(operation) => {
                    let op = Op::from_mnemonic(operation.name()).ok_or(operation.name())?;
                    let operands = stack.split_off(stack.len() - operation.arity());
                    builder.apply(op, &operands)?
                }
            };
            stack.push(value);
        }
        builder.store(y, stack[0])?;
        Ok(builder.finish()?)
    };
    match built() {
        Ok(function) => passes::optimise(&function),
        Err(error) => panic!("`{tree}` is no function: {error}"),
    }
}

/// The variables that the tree has, in order.
pub fn variables(tree: &Tree) -> Vec<usize> {
    let variables = tree.nodes.iter().filter_map(|node| match node {
        Node::Variable(variable) => Some(*variable),
        Node::Constant(_) | Node::Apply(_) => None,
    });
    let mut variables: Vec<usize> = variables.collect();
    variables.sort_unstable();
    variables.dedup();
    variables
}

/// A tree made ready to be run.
pub struct Compiled {
    kernel: Kernel,
    variables: Vec<usize>,
}

impl Compiled {
    /// # Panics
    /// If there is no such back end on this machine.
    pub fn new(tree: &Tree, backend: Backend) -> Self {
        match Kernel::compile(&function(tree), backend) {
            Ok(kernel) => Self {
                kernel,
                variables: variables(tree),
            },
            Err(error) => panic!("`{tree}` cannot be compiled: {error}"),
        }
    }

    /// The value in every row. Columns and `result` have the same length, a multiple of
    /// [`ACCUMULATORS`](mlevolve_ir::ACCUMULATORS).
    pub fn run(&mut self, columns: &[Vec<f32>], result: &mut [f32]) {
        let rows = result.len();
        let reads = self.variables.iter().map(|&variable| &columns[variable]);
        let reads = reads.map(|column| Argument::Read(column));
        let mut arguments: ArrayVec<Argument<'_>, MAX_PARAMETERS> = reads.collect();
        arguments.push(Argument::Write(result));
        call(&mut self.kernel, rows, &mut arguments);
    }
}
