//! `mlevolve show`: a program and what becomes of it.

use std::process::ExitCode;

use clap::Args;
use mlevolve_ir::{jit, passes};

use super::{print, program_named};
use crate::lowering::{CanonicalHash, lower_unoptimised};
use crate::program::Role;

/// Show a program: its text, the SSA form before and after passes, native code, cost.
///
/// Without a flag: the text, the SSA form after passes, and the cost.
#[derive(Args)]
#[command(after_help = "Examples:\n  mlevolve show programs/adam.mle\n  \
    mlevolve show programs/lion.mle --ssa --optimised\n  mlevolve show adam --asm | less")]
pub(super) struct Show {
    /// A program file, or the name of a known program
    #[arg(value_name = "PROGRAM")]
    program: String,

    /// The program's text
    #[arg(long)]
    text: bool,

    /// The program without what has no effect
    #[arg(long)]
    pruned: bool,

    /// SSA as lowered, before any pass
    #[arg(long)]
    ssa: bool,

    /// SSA after all passes: what the back ends are given
    #[arg(long, visible_alias = "optimized")]
    optimised: bool,

    /// Cranelift's IR
    #[arg(long)]
    cranelift: bool,

    /// Native code
    #[arg(long)]
    asm: bool,

    /// FLOPs, state, canonical hash
    #[arg(long)]
    cost: bool,
}

impl Show {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let program = program_named(&self.program)?;
        let any = self.text
            || self.pruned
            || self.ssa
            || self.optimised
            || self.cranelift
            || self.asm
            || self.cost;
        let lowered = lower_unoptimised(&program);
        let mut sections: Vec<(&str, String)> = Vec::new();
        if self.text || !any {
            sections.push(("program", program.to_string()));
        }
        if self.pruned {
            sections.push(("program, pruned", program.pruned().to_string()));
        }
        for function in &lowered {
            let optimised = passes::optimise(function);
            if self.ssa {
                sections.push(("ssa, as lowered", function.to_string()));
            }
            if self.optimised || !any {
                sections.push(("ssa, after passes", optimised.to_string()));
            }
            if self.cranelift || self.asm {
                let listing = jit::listing(&optimised)?;
                if self.cranelift {
                    sections.push(("cranelift ir", listing.cranelift_ir));
                }
                if self.asm {
                    sections.push(("native code", listing.assembly));
                }
            }
            if self.cost || !any {
                let cost = optimised.cost();
                let state = optimised.parameters().iter().filter(|parameter| {
                    let cell = program.cell_named(&parameter.name);
                    cell.is_some_and(|cell| program.cell(cell).role == Role::State)
                });
                let state: Vec<_> = state.map(|parameter| parameter.shape.keyword()).collect();
                let text = format!(
                    "{}: {cost} FLOPs for a tensor of m rows and n columns\n\
                     state: {}\ncanonical hash: {}",
                    function.name(),
                    if state.is_empty() {
                        "none".to_owned()
                    } else {
                        state.join(", ")
                    },
                    CanonicalHash::of(&program)
                );
                sections.push(("cost", text));
            }
        }
        // A single section is printed bare, so that it can be piped on.
        let text = match &sections[..] {
            [(_, only)] => only.clone(),
            _ => sections
                .iter()
                .map(|(title, text)| format!("# {title}\n{}\n", text.trim_end_matches('\n')))
                .collect::<Vec<_>>()
                .join("\n"),
        };
        print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}
