//! The crate `dynamic_expressions`, the evaluator of SymbolicRegression.jl in Rust: an interpreter
//! that takes all rows through one op after the other.

#![allow(missing_docs, reason = "the crate's macro makes functions without")]

use dynamic_expressions::node::PNode;
use dynamic_expressions::operator_enum::builtin::{
    Abs, Abs2, Add, Cos, Div, Exp, Log, Mul, Sin, Sqrt, Sub, Tanh,
};
use dynamic_expressions::{
    EvalOptions, EvalPlan, HasOp, OpId, PostfixExpr, compile_plan, eval_plan_array_into, opset,
};
use ndarray::Array2;

use crate::shared::trees::{Node, Operation, Tree, VARIABLES};

opset! {
    pub Operations for f32 { Add, Sub, Mul, Div, Abs, Abs2, Exp, Log, Sin, Cos, Tanh, Sqrt }
}

fn identity(operation: Operation) -> OpId {
    match operation {
        Operation::Add => <Operations as HasOp<Add>>::op_id(),
        Operation::Sub => <Operations as HasOp<Sub>>::op_id(),
        Operation::Mul => <Operations as HasOp<Mul>>::op_id(),
        Operation::Div => <Operations as HasOp<Div>>::op_id(),
        Operation::Abs => <Operations as HasOp<Abs>>::op_id(),
        Operation::Square => <Operations as HasOp<Abs2>>::op_id(),
        Operation::Exp => <Operations as HasOp<Exp>>::op_id(),
        Operation::Log => <Operations as HasOp<Log>>::op_id(),
        Operation::Sin => <Operations as HasOp<Sin>>::op_id(),
        Operation::Cos => <Operations as HasOp<Cos>>::op_id(),
        Operation::Tanh => <Operations as HasOp<Tanh>>::op_id(),
        Operation::Sqrt => <Operations as HasOp<Sqrt>>::op_id(),
    }
}

/// A tree with its plan and the memory that it works in, all made before it is run. Whether results
/// are finite is not looked at.
pub struct Compiled {
    expression: PostfixExpr<f32, Operations>,
    plan: EvalPlan<2>,
    scratch: Array2<f32>,
}

impl Compiled {
    pub fn new(tree: &Tree, rows: usize) -> Self {
        let mut constants = Vec::new();
        let nodes = tree.nodes.iter().map(|node| match node {
            Node::Variable(variable) => PNode::Var {
                feature: *variable as u16,
            },
            Node::Constant(constant) => {
                constants.push(*constant);
                let idx = (constants.len() - 1) as u16;
                PNode::Const { idx }
            }
            Node::Apply(operation) => {
                let OpId { arity, id: op } = identity(*operation);
                PNode::Op { arity, op }
            }
        });
        let nodes: Vec<PNode> = nodes.collect();
        let plan = compile_plan(&nodes, VARIABLES, constants.len());
        Self {
            scratch: Array2::zeros((plan.n_slots, rows)),
            plan,
            expression: PostfixExpr::new(nodes, constants, Default::default()),
        }
    }

    /// The value in every row; `columns` are the variables, a row of the matrix each.
    pub fn run(&mut self, columns: &Array2<f32>, result: &mut [f32]) {
        let options = EvalOptions {
            check_finite: false,
            early_exit: false,
        };
        let Self {
            expression,
            plan,
            scratch,
        } = self;
        eval_plan_array_into(result, plan, expression, columns.view(), scratch, &options);
    }
}
