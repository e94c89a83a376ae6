//! The one printed form of a program.

use std::fmt;

use crate::program::{Instruction, Program};

impl fmt::Display for Program {
    /// The program's text: [`Program::parse`] gives the program back.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            let separator = if note.is_empty() { "" } else { " " };
            writeln!(formatter, "#{separator}{note}")?;
        }
        let description = self.schema.description();
        writeln!(formatter, "program {}", self.name)?;
        writeln!(
            formatter,
            "schema {} {}",
            description.name, description.version
        )?;
        writeln!(formatter)?;
        for cell in self.cells() {
            writeln!(formatter, "{cell}")?;
        }
        for (function, body) in description.functions.iter().zip(self.bodies.iter()) {
            writeln!(formatter, "\n{}:", function.name)?;
            for instruction in body {
                write!(formatter, "  ")?;
                self.write_instruction(instruction, formatter)?;
                writeln!(formatter)?;
            }
        }
        Ok(())
    }
}

impl Program {
    /// One of its instructions, as its text has it.
    pub(crate) fn instruction_text(&self, instruction: &Instruction) -> String {
        let mut text = String::new();
        // A string takes whatever is written to it.
        let _ = self.write_instruction(instruction, &mut text);
        text
    }

    fn write_instruction(&self, instruction: &Instruction, to: &mut dyn fmt::Write) -> fmt::Result {
        let destination = &self.cell(instruction.destination()).name;
        write!(to, "{destination} = {}(", instruction.op())?;
        for (position, &operand) in instruction.operands().iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(to, "{separator}{}", self.cell(operand).name)?;
        }
        write!(to, ")")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use mlevolve_ir::Shape;
    use mlevolve_ir::ops::Op;

    use crate::program::verify::{MAXIMUM_NAME_LENGTH, MAXIMUM_NOTE_BYTES, MAXIMUM_NOTES};
    use crate::program::{Cell, Instruction, MAXIMUM_TEXT_BYTES, Program, Role, Schema};

    /// The longest text of any program must be one that is read back.
    #[test]
    fn the_longest_program_of_each_schema_round_trips() {
        let note = "n".repeat(MAXIMUM_NOTE_BYTES);
        let longest_op = Op::all()
            .max_by_key(|op| op.mnemonic().len() + op.arity() * 34)
            .unwrap();
        for &schema in Schema::ALL {
            let description = schema.description();
            let mut cells = schema.standard_cells();
            cells.truncate(description.required.len());
            while cells.len() < description.maximum_cells {
                let name = format!("{:y>MAXIMUM_NAME_LENGTH$}", cells.len());
                cells.push(Cell {
                    name: name.into(),
                    shape: Shape::Scalar,
                    role: Role::Scratch,
                });
            }
            let last = crate::program::CellIndex::enumerate(&cells)
                .last()
                .unwrap()
                .0;
            let operands = vec![last; longest_op.arity()];
            let instruction = Instruction::new(last, longest_op, &operands).unwrap();
            let body = vec![instruction; description.maximum_instructions];
            let program = Program::new(
                schema,
                &"p".repeat(MAXIMUM_NAME_LENGTH),
                vec![note.clone(); MAXIMUM_NOTES],
                cells,
                vec![body; description.functions.len()],
            );
            let program = program.unwrap();
            let text = program.to_string();
            assert!(text.len() <= MAXIMUM_TEXT_BYTES, "{} bytes", text.len());
            assert_eq!(Program::parse(&text).unwrap(), program);
        }
    }
}
