//! The checks, and what they find.

use std::{fmt, iter};

use super::case::{Case, call_kernel, call_reference};
use super::panics::caught;
use super::{derivatives, minimise};
use crate::function::{Function, ParameterIndex};
use crate::kernel::{CompileError, Kernel};
use crate::passes;

/// Something that is promised of every function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Check {
    /// The reference, the interpreter and native code give the same bits, for the function as it
    /// stands and optimised, call after call, whatever dimensions a kernel was called on before.
    BackEnds,
    /// Each pass gives a valid function with the same parameters and the same bits, and changes
    /// nothing when it is repeated.
    Passes,
    /// Printing and parsing are inverse, before and after the passes.
    Text,
    /// What a function stores is stored by its derivatives to the bit. Forward and reverse mode are
    /// transposes of each other, and forward mode agrees with difference quotients where those of two
    /// steps agree.
    Derivatives,
}

type Pass = fn(&Function) -> Function;

/// The passes that give a function with the same bits, and whether repeating them changes nothing.
const PASSES: [(&str, Pass); 7] = [
    (
        "common subexpressions",
        passes::eliminate_common_subexpressions,
    ),
    ("dead code", passes::eliminate_dead_code),
    ("folding", passes::fold_constants),
    ("simplification", passes::simplify),
    ("all passes", passes::optimise),
    ("normal form", passes::normalise),
    ("expansion", passes::expand),
];

impl Check {
    /// Every check.
    pub const ALL: [Self; 4] = [Self::BackEnds, Self::Passes, Self::Text, Self::Derivatives];

    /// The word for this check.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::BackEnds => "back ends",
            Self::Passes => "passes",
            Self::Text => "text",
            Self::Derivatives => "derivatives",
        }
    }

    /// Puts a case to the check. A panic anywhere in it is a finding like any other.
    ///
    /// # Errors
    /// What is not as promised.
    pub fn run(self, case: &Case) -> Result<(), String> {
        caught(|| match self {
            Self::BackEnds => back_ends(case),
            Self::Passes => every_pass(case),
            Self::Text => text(case),
            Self::Derivatives => derivatives::check(case),
        })
        .unwrap_or_else(|message| Err(format!("panic: {message}")))
    }

    /// As [`run`](Self::run), with a finding made small.
    ///
    /// # Errors
    /// The finding.
    pub fn find(self, case: &Case) -> Result<(), Box<Finding>> {
        let Err(what) = self.run(case) else {
            return Ok(());
        };
        Err(Box::new(minimise::minimised(Finding {
            check: self,
            what,
            case: case.clone(),
        })))
    }

    /// Puts a case to every check.
    ///
    /// # Errors
    /// The first finding, made small.
    pub fn find_any(case: &Case) -> Result<(), Box<Finding>> {
        Self::ALL.into_iter().try_for_each(|check| check.find(case))
    }

    /// As [`run`](Self::run): the last line of a finding's test.
    ///
    /// # Panics
    /// If something is not as promised.
    pub fn assert(self, case: &Case) {
        if let Err(what) = self.run(case) {
            panic!("{}: {what}\n{}", self.keyword(), case.function);
        }
    }
}

/// A case in which something is not as promised. Displayed as a test that fails until it is.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// Which contender differs, and where.
    pub what: String,
    /// The case.
    pub case: Case,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, what, case } = self;
        for line in what.lines() {
            writeln!(formatter, "/// {line}")?;
        }
        let (rows, columns) = (case.dimensions.rows, case.dimensions.columns);
        writeln!(formatter, "#[test]\nfn finding() {{")?;
        writeln!(
            formatter,
            "    let text = \"{}\";",
            case.function.to_string().replace('\n', "\\n\\\n        ")
        )?;
        writeln!(formatter, "    let bits: &[&[u32]] = &[")?;
        for numbers in &case.inputs {
            let bits = period(numbers)
                .iter()
                .map(|number| format!("{:#010x}", number.to_bits()));
            writeln!(
                formatter,
                "        &[{}],",
                bits.collect::<Vec<_>>().join(", ")
            )?;
        }
        writeln!(formatter, "    ];")?;
        writeln!(
            formatter,
            "    let case = Case::new(text, Dimensions::new({rows}, {columns}), bits);"
        )?;
        writeln!(formatter, "    Check::{check:?}.assert(&case);\n}}")
    }
}

/// The shortest beginning that the numbers repeat.
fn period(numbers: &[f32]) -> &[f32] {
    let bits = |index: usize| numbers[index].to_bits();
    let length = (1..numbers.len())
        .find(|&length| (length..numbers.len()).all(|index| bits(index) == bits(index - length)));
    &numbers[..length.unwrap_or(numbers.len())]
}

fn back_ends(case: &Case) -> Result<(), String> {
    let expected = case.by_reference(&case.function);
    let optimised = passes::optimise(&case.function);
    for (form, function) in [("as it stands", &case.function), ("optimised", &optimised)] {
        let native = Kernel::native_in_all_ways(function);
        for (way, kernel) in iter::once(Ok(Kernel::interpret(function)))
            .chain(native)
            .enumerate()
        {
            let kernel = match kernel {
                Ok(kernel) => kernel,
                Err(CompileError::TooLarge { .. }) => continue,
                Err(error) => return Err(format!("way {way}, {form}: {error}")),
            };
            let backend = kernel.backend();
            if let Some(difference) = case.difference(&expected, &case.by_kernel(kernel)) {
                return Err(format!("{backend} (way {way}), {form}: {difference}"));
            }
        }
    }
    Ok(())
}

fn every_pass(case: &Case) -> Result<(), String> {
    let expected = case.by_reference(&case.function);
    for (name, pass) in PASSES {
        let result = pass(&case.function);
        valid(name, &case.function, &result)?;
        if let Some(difference) = case.difference(&expected, &case.by_reference(&result)) {
            return Err(format!("{name}: {difference}, made\n{result}"));
        }
        let again = pass(&result);
        if again != result {
            return Err(format!("{name}, repeated, makes\n{again}of\n{result}"));
        }
    }
    let optimised = passes::optimise(&case.function);
    for (name, pass) in PASSES {
        // The normal form takes some rewrites back.
        if name != "normal form" && pass(&optimised) != optimised {
            return Err(format!("{name} finds work after all passes"));
        }
    }
    let reading = passes::simplify_for_reading(&case.function);
    valid("reading", &case.function, &reading.function)?;
    // Any subset of what does not change will do.
    for stride in 1..=2 {
        hoisted(case, stride)?;
    }
    Ok(())
}

fn valid(name: &str, before: &Function, after: &Function) -> Result<(), String> {
    let verified = after.verify();
    verified.map_err(|error| format!("{name} makes an invalid function: {error}"))?;
    if after.parameters() == before.parameters() {
        Ok(())
    } else {
        Err(format!("{name} changes the parameters"))
    }
}

/// Hoists what depends on every `stride`-th parameter alone: one call of the prologue, then calls of
/// the body, must give the bits of calls of the function.
fn hoisted(case: &Case, stride: usize) -> Result<(), String> {
    let function = &case.function;
    let parameters = function.parameters().len();
    let index_of = |name: &str| function.index_of(name).map_or(0, ParameterIndex::index);
    let hoisted = passes::hoist(function, |parameter| {
        index_of(&parameter.name) % stride == 0
    });
    for part in [&hoisted.prologue, &hoisted.body] {
        let verified = part.verify();
        verified.map_err(|error| format!("hoisting makes an invalid function: {error}"))?;
    }
    let unchanging = hoisted.unchanging.iter();
    let mut storage: Vec<Vec<f32>> = unchanging
        .map(|parameter| case.inputs[parameter.index()].clone())
        .collect();
    for parameter in &hoisted.prologue.parameters()[hoisted.unchanging.len()..] {
        // What is not overwritten is seen.
        storage.push(vec![
            f32::NAN;
            super::case::length(parameter.shape, case.dimensions)
        ]);
    }
    call_reference(&hoisted.prologue, case.dimensions, &mut storage);
    let mut inputs = case.inputs.clone();
    inputs.extend(storage.drain(hoisted.unchanging.len()..));
    let body = Case {
        function: hoisted.body.clone(),
        dimensions: case.dimensions,
        inputs,
    };
    let mut found = body.by_reference(&hoisted.body);
    found.truncate(parameters);
    match case.difference(&case.by_reference(function), &found) {
        Some(difference) => Err(format!("hoisted: {difference}, body\n{}", hoisted.body)),
        None => Ok(()),
    }
}

fn text(case: &Case) -> Result<(), String> {
    let forms: [Pass; 4] = [
        Function::clone,
        passes::optimise,
        passes::normalise,
        |function| passes::simplify_for_reading(function).function,
    ];
    for form in forms {
        let function = form(&case.function);
        // Text has the limit of what people write; the expressions of composite ops may pass it.
        if function.values().len() > crate::function::MAX_VALUES {
            continue;
        }
        let text = function.to_string();
        let parsed = Function::parse(&text).map_err(|error| format!("{error} in\n{text}"))?;
        if parsed != function || parsed.to_string() != text {
            return Err(format!("parses to\n{parsed}\ninstead of\n{text}"));
        }
    }
    Ok(())
}

/// Whether interpreter and native code give the reference's bits for a function of one call.
pub(super) fn one_call(case: &Case) -> Result<(), String> {
    let mut expected = case.inputs.clone();
    call_reference(&case.function, case.dimensions, &mut expected);
    let mut kernel = Kernel::interpret(&case.function);
    let found = call_kernel(&mut kernel, case.dimensions, &case.inputs, 1);
    match case.difference(&expected, &found) {
        Some(difference) => Err(difference),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Dimensions;

    #[test]
    fn findings_are_displayed_as_tests() {
        let text = "function f\n\nread x tensor\nwrite y scalar\n\nv0 = load x\nv1 = sum(v0)\n\nstore y = v1\n";
        let finding = Finding {
            check: Check::BackEnds,
            what: "jit: `y`[0] is wrong".to_owned(),
            case: Case::new(text, Dimensions::new(2, 3), &[&[0x3f80_0000, 0], &[0]]),
        };
        assert_eq!(Check::BackEnds.run(&finding.case), Ok(()));
        let expected = r#"/// jit: `y`[0] is wrong
#[test]
fn finding() {
    let text = "function f\n\
        \n\
        read x tensor\n\
        write y scalar\n\
        \n\
        v0 = load x\n\
        v1 = sum(v0)\n\
        \n\
        store y = v1\n\
        ";
    let bits: &[&[u32]] = &[
        &[0x3f800000, 0x00000000],
        &[0x00000000],
    ];
    let case = Case::new(text, Dimensions::new(2, 3), bits);
    Check::BackEnds.assert(&case);
}
"#;
        assert_eq!(finding.to_string(), expected);
    }
}
