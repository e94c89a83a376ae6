//! `mlevolve ops`: what a program can say.

use std::process::ExitCode;

use clap::Args;
use mlevolve_ir::ops::Op;

use super::print;

/// List the ops that programs are made of, with their operands, cost and meaning.
///
/// Elementwise ops take scalars and tensors, and broadcast scalars; those that make one number of a
/// whole tensor take a tensor. The cost is in FLOPs for each element.
#[derive(Args)]
#[command(after_help = "Example:\n  mlevolve ops | grep logarithm")]
pub(super) struct Ops {}

impl Ops {
    #[expect(clippy::unused_self, reason = "every command is run alike")]
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let rows = Op::all().map(|op| {
            let operands = match op {
                Op::Elementwise(_) => ["a", "b", "c"][..op.arity()].join(", "),
                Op::Reduction(_) => "tensor".to_owned(),
            };
            let call = format!("{op}({operands})");
            format!(
                "{call:<18} {:>4}  {}\n",
                op.flops_per_element(),
                op.summary()
            )
        });
        print(&rows.collect::<String>())?;
        Ok(ExitCode::SUCCESS)
    }
}
