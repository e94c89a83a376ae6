//! A loss as a struct of constants with `loss`, of one example.

use mlevolve_ir::Dimensions;

use super::super::code::{Block, write};
use super::super::names::{settings, symbol};
use super::super::python::Code;
use super::super::routine::Routine;
use super::expectation::{Machine, are_told, nudged, numbers};
use super::{MATRICES, RESERVED, array, line, settings_struct, settings_variables, untested};
use crate::program::{CellIndex, Program};
use crate::schema::loss::{LOSS, PREDICTION, TARGET};

/// Outputs and examples of the test.
const TESTED: (usize, usize) = (3, 3);

/// The struct and the function.
pub(super) fn items(code: &mut Code, program: &Program, name: &str) {
    let program = program.pruned();
    let routine = Routine::new(&program, &program.effective(), 0);
    let settings = settings(&program, &[], RESERVED);
    let symbol = |cell: CellIndex| symbol(&program, &settings, RESERVED, cell);
    let block: Block = write(&program, &routine, &MATRICES, &symbol);
    settings_struct(code, name, &settings, "The loss, by its constants.");
    code.line(0, &format!("impl {name} {{"));
    code.line(1, "/// The loss of one example: of what a model predicts and of what it should, output by output.");
    code.line(
        1,
        "pub fn loss(&self, prediction: &[f32], target: &[f32]) -> f32 {",
    );
    code.line(2, "assert_eq!(prediction.len(), target.len());");
    settings_variables(code, 2, &settings, &block);
    let mut lines = Code::default();
    for each in &block.lines {
        line(&mut lines, 2, each);
    }
    let loss = program.cell_named(LOSS).and_then(|cell| block.end(cell));
    lines.line(2, loss.map_or("0.0", |loss| loss.text.as_str()));
    let lines = lines.text();
    if lines.contains("rows") {
        code.line(2, "let rows = prediction.len();");
    }
    for input in [PREDICTION, TARGET] {
        if program
            .cell_named(input)
            .is_some_and(|cell| block.reads(cell))
        {
            code.line(2, &format!("let {input} = &Matrix::column({input});"));
        }
    }
    code.lines(0, &lines).line(1, "}").line(0, "}");
}

/// The test of a loss.
pub(super) fn test(code: &mut Code, program: &Program, name: &str) {
    let (outputs, examples) = TESTED;
    let mut expected = Vec::new();
    for number in 0..examples {
        let prediction = numbers(outputs, number);
        let target: Vec<f32> = (0..outputs)
            .map(|output| f32::from(u8::from(output == number)))
            .collect();
        let loss_of = |prediction: &[f32]| {
            let mut machine = Machine::new(program, Dimensions::new(outputs, outputs));
            machine.call(0, &[(PREDICTION, prediction), (TARGET, &target)]);
            machine.content(LOSS, 1)
        };
        let loss = loss_of(&prediction);
        if are_told(&loss, &loss_of(&nudged(&prediction))) {
            expected.push((prediction, target, loss[0]));
        }
    }
    if expected.is_empty() {
        untested(code);
        return;
    }
    code.blank(1)
        .line(1, "#[test]")
        .line(1, "fn the_loss_is_the_interpreters() {");
    let kind = format!("([f32; {outputs}], [f32; {outputs}], f32)");
    code.line(
        2,
        &format!("let examples: [{kind}; {}] = [", expected.len()),
    );
    for (prediction, target, loss) in &expected {
        let (prediction, target, loss) = (array(prediction), array(target), super::number(*loss));
        code.line(3, &format!("({prediction}, {target}, {loss}),"));
    }
    code.line(2, "];")
        .line(2, "for (prediction, target, expected) in examples {");
    code.line(
        3,
        &format!("let found = {name}::default().loss(&prediction, &target);"),
    );
    code.line(3, "assert_close(&[found], &[expected]);");
    code.line(2, "}").line(1, "}");
}
