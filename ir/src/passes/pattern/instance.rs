//! Code that a rule matches, for random functions: hardly any would hold much of a left side otherwise.

use super::{Condition, MAX_VARIABLES, Pattern, Rule};
use crate::function::{FunctionBuilder, Value};

/// How many numbers are drawn for a constant until one fulfils the rule's conditions.
const DRAWS: usize = 32;

/// Where the parts of an instance come from.
pub(crate) struct Source<'a> {
    /// The function that the instance is added to.
    pub(crate) builder: &'a mut FunctionBuilder,
    /// Its values, to which those of the instance are added.
    pub(crate) values: &'a mut Vec<Value>,
    /// Chooses one of them.
    pub(crate) choose: &'a mut dyn FnMut(&[Value]) -> Value,
    /// Draws a number.
    pub(crate) number: &'a mut dyn FnMut() -> f32,
}

impl Rule {
    /// Adds a value that the left side matches, unless the values and numbers that happen to be
    /// chosen do not fit.
    pub(crate) fn add_instance(&self, source: &mut Source<'_>) {
        self.add(&self.left, &mut [None; MAX_VARIABLES], source);
    }

    fn add(
        &self,
        pattern: &Pattern,
        variables: &mut [Option<Value>; MAX_VARIABLES],
        source: &mut Source<'_>,
    ) -> Option<Value> {
        let value = match pattern {
            Pattern::Any(variable) | Pattern::Constant(variable)
                if variables[*variable].is_some() =>
            {
                return variables[*variable];
            }
            Pattern::Any(variable) => {
                let chosen = (source.choose)(source.values);
                let value = self.fulfilling(*variable, chosen, source)?;
                variables[*variable] = Some(value);
                return Some(value);
            }
            Pattern::Constant(variable) => {
                let fits =
                    |number: &f32| self.asked_of(*variable).all(|asked| asked.holds(*number));
                let mut numbers = (0..DRAWS).map(|_| (source.number)());
                let value = source.builder.constant(numbers.find(fits)?);
                variables[*variable] = Some(value);
                value
            }
            Pattern::Number(number) => source.builder.constant(number.value()),
            Pattern::Apply(op, operands) => {
                let operands = operands.iter();
                let operands: Option<Vec<Value>> = operands
                    .map(|operand| self.add(operand, variables, source))
                    .collect();
                source.builder.apply(*op, &operands?).ok()?
            }
        };
        source.values.push(value);
        Some(value)
    }

    fn asked_of(&self, variable: usize) -> impl Iterator<Item = Condition> {
        let conditions = self.conditions.iter();
        conditions
            .filter(move |&&(_, conditioned)| conditioned == variable)
            .map(|&(condition, _)| condition)
    }

    /// Makes of a value one that fulfils what the rule asks of the variable.
    fn fulfilling(&self, variable: usize, value: Value, source: &mut Source<'_>) -> Option<Value> {
        self.asked_of(variable).try_fold(value, |value, condition| {
            let value = source
                .builder
                .apply(condition.fulfiller()?, &[value])
                .ok()?;
            source.values.push(value);
            Some(value)
        })
    }
}
