//! PyTorch: an update rule as an `Optimizer`, a loss as an `nn.Module`, a learner as a class with `fit` and `predict`.
//!
//! Scalars are tensors of binary32 without dimensions, as the program's are: a Python number would be rounded otherwise.

mod foreach;
mod loss;
mod optimizer;

use mlevolve_ir::Shape;
use mlevolve_ir::ops::Op;

use super::code::Dialect;
use super::helpers::TORCH;
use super::learner::{self, Library};
use super::names::{class_name, number};
use super::python::{Code, assembled, extents};
use crate::program::{Program, Schema};

/// How lines are written for PyTorch.
pub(super) const DIALECT: Dialect = Dialect {
    template: |op: Op, _| op.templates().torch.to_owned(),
    wrapped_number: |value| format!("torch.tensor({})", number(value)),
    scalar_as_matrix: "{a}.reshape(1, 1)",
    full: |shape: Shape| format!("{{a}}.expand({})", extents(shape)),
    ..super::numpy::DIALECT
};

/// How learners are written for PyTorch.
const LIBRARY: Library = Library {
    dialect: &DIALECT,
    zeros: |extents| format!("torch.zeros({extents})"),
    scalar: |number| format!("torch.tensor(float({number}))"),
    array: |examples| format!("torch.as_tensor({examples}, dtype=torch.float32)"),
    sigmoid: |value| format!("torch.sigmoid({value})"),
    stack: "torch.stack",
    decorator: "@torch.no_grad()",
};

/// The module of any program.
pub(super) fn module(program: &Program) -> String {
    let name = class_name(program.name());
    let mut body = Code::default();
    match program.schema() {
        Schema::Optimizer => optimizer::class(&mut body, program, &name),
        Schema::Loss => loss::class(&mut body, program, &name),
        Schema::Learner => learner::class(&mut body, program, &name, &LIBRARY),
        Schema::Algorithm => {
            loss::class(
                &mut body,
                &program.part(Schema::Loss),
                &format!("{name}Loss"),
            );
            body.blank(2);
            optimizer::class(&mut body, &program.part(Schema::Optimizer), &name);
        }
    }
    let body = body.text();
    let helpers = TORCH.called_by(&body).join("\n\n\n");
    let mut imports = Code::default();
    if body.contains("math.") || helpers.contains("math.") {
        imports.line(0, "import math").blank(1);
    }
    imports.line(0, "import torch");
    match program.schema() {
        Schema::Optimizer => imports.line(0, "from torch.optim import Optimizer"),
        Schema::Loss => imports.line(0, "from torch import nn"),
        Schema::Learner => &mut imports,
        Schema::Algorithm => imports
            .line(0, "from torch import nn")
            .line(0, "from torch.optim import Optimizer"),
    };
    assembled(program, "PyTorch", imports, &helpers, &body)
}
