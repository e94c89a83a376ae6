//! The one printed form of a function.

use std::fmt;

use crate::function::{Constant, Definition, Function};

impl fmt::Display for Constant {
    /// The fewest digits that lead back to the bits; `inf`, `-inf`, `nan`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value();
        if value.is_nan() {
            formatter.write_str("nan")
        } else {
            // The debug form switches to exponents where plain digits would be long.
            write!(formatter, "{value:?}")
        }
    }
}

impl fmt::Display for Function {
    /// The function's text: [`Function::parse`] gives the function back.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "function {}", self.name())?;
        let mut blank = "\n";
        for parameter in self.parameters() {
            let (access, name, shape) = (parameter.access, &parameter.name, parameter.shape);
            writeln!(formatter, "{blank}{access} {name} {shape}")?;
            blank = "";
        }
        blank = "\n";
        for value in self.values() {
            write!(formatter, "{blank}{value} = ")?;
            match self.definition(value) {
                Definition::Load(parameter) => {
                    writeln!(formatter, "load {}", self.parameter(*parameter).name)?;
                }
                Definition::Constant(constant) => writeln!(formatter, "constant {constant}")?,
                Definition::Apply { op, operands } => {
                    write!(formatter, "{op}(")?;
                    for (position, operand) in operands.as_slice().iter().enumerate() {
                        let separator = if position == 0 { "" } else { ", " };
                        write!(formatter, "{separator}{operand}")?;
                    }
                    writeln!(formatter, ")")?;
                }
            }
            blank = "";
        }
        blank = "\n";
        for (parameter, value) in self.stores() {
            let name = &self.parameter(parameter).name;
            writeln!(formatter, "{blank}store {name} = {value}")?;
            blank = "";
        }
        Ok(())
    }
}
