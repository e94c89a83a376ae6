//! Programs that move a parameter tensor, given its gradient.

use mlevolve_ir::Shape;

use super::{RequiredCell, RequiredRole, SchemaDescription, StandardCells};
use crate::program::{Constant, Role};

/// Called once a step for each parameter tensor `w`; the new parameter is `w + delta`.
pub(super) const DESCRIPTION: SchemaDescription = SchemaDescription {
    name: "optimizer",
    version: 1,
    functions: &["update"],
    required: &[
        RequiredCell {
            name: "w",
            shape: Shape::Tensor,
            role: RequiredRole::Input,
        },
        // The loss's gradient at w.
        RequiredCell {
            name: "g",
            shape: Shape::Tensor,
            role: RequiredRole::Input,
        },
        // The number of this step, from 1.
        RequiredCell {
            name: "step",
            shape: Shape::Scalar,
            role: RequiredRole::Input,
        },
        RequiredCell {
            name: "learning_rate",
            shape: Shape::Scalar,
            role: RequiredRole::PositiveConstant {
                default: Constant::literal(0.001),
                drawn_from: [1e-4, 1.0],
            },
        },
        RequiredCell {
            name: "delta",
            shape: Shape::Tensor,
            role: RequiredRole::Increment { of: "w" },
        },
    ],
    standard: &[
        StandardCells {
            prefix: "c",
            count: 6,
            shape: Shape::Scalar,
            role: Role::Constant(Constant::literal(0.5)),
        },
        StandardCells {
            prefix: "m",
            count: 3,
            shape: Shape::Tensor,
            role: Role::State,
        },
        StandardCells {
            prefix: "q",
            count: 2,
            shape: Shape::Scalar,
            role: Role::State,
        },
        StandardCells {
            prefix: "t",
            count: 4,
            shape: Shape::Tensor,
            role: Role::Scratch,
        },
        StandardCells {
            prefix: "s",
            count: 4,
            shape: Shape::Scalar,
            role: Role::Scratch,
        },
    ],
    maximum_cells: 64,
    maximum_instructions: 256,
};
