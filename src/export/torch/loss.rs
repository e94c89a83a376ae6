//! A loss as an `nn.Module`.

use super::super::code::write;
use super::super::names::{settings, symbol};
use super::super::python::{Code, RESERVED, described_settings, docstring, parameters};
use super::super::routine::{Meaning, Routine};
use super::DIALECT;
use crate::program::{CellIndex, Program};
use crate::schema::loss::LOSS;

/// The class of a loss.
pub(super) fn class(code: &mut Code, program: &Program, name: &str) {
    let program = program.pruned();
    let routine = Routine::new(&program, &program.effective(), 0);
    let settings = settings(&program, &[], RESERVED);
    let symbol = |cell: CellIndex| symbol(&program, &settings, RESERVED, cell);
    let block = write(&program, &routine, &DIALECT, &symbol);
    code.line(0, &format!("class {name}(nn.Module):"));
    let mut more = vec!["Args:".to_owned()];
    more.extend(described_settings(&settings));
    more.push("    reduction: \"mean\" of the losses of all examples, their \"sum\", or \"none\" (default: \"mean\")".to_owned());
    let head = "A loss: for each example, of what a model predicts and of what it should.";
    docstring(code, 1, &program, head, &more);
    code.blank(1);
    let mut arguments = vec!["self".to_owned()];
    arguments.extend(parameters(&settings));
    arguments.push("reduction: str = \"mean\"".to_owned());
    code.line(1, &format!("def __init__({}):", arguments.join(", ")));
    code.line(2, "super().__init__()");
    code.line(2, "if reduction not in (\"mean\", \"sum\", \"none\"):");
    code.line(
        3,
        "raise ValueError(f\"reduction must be 'mean', 'sum' or 'none', not {reduction!r}\")",
    );
    for setting in &settings {
        let name = &setting.name;
        code.line(2, &format!("if not math.isfinite({name}):"));
        code.line(
            3,
            &format!("raise ValueError(f\"{name} must be a finite number, not {{{name}!r}}\")"),
        );
        code.line(2, &format!("self.{name} = {name}"));
    }
    code.line(2, "self.reduction = reduction").blank(1);
    code.line(1, "def forward(self, prediction, target):");
    code.line(2, "\"\"\"Of predictions, examples by outputs, and targets that are like them, or indices of classes.\"\"\"");
    code.line(
        2,
        "if target.dim() == prediction.dim() - 1 and not target.is_floating_point():",
    );
    code.line(
        3,
        "target = nn.functional.one_hot(target, prediction.shape[-1])",
    );
    code.line(
        2,
        "columns = prediction.unsqueeze(-1), target.to(prediction.dtype).unsqueeze(-1)",
    );
    let has_loops = block
        .lines
        .iter()
        .any(|line| line.text.contains("inverse_root"));
    if has_loops {
        code.line(
            2,
            "losses = torch.stack([self._of_example(*column) for column in zip(*columns)])",
        );
    } else {
        code.line(
            2,
            "losses = torch.vmap(self._of_example, randomness=\"same\")(*columns)",
        );
    }
    code.line(2, "if self.reduction == \"none\":")
        .line(3, "return losses");
    code.line(
        2,
        "return losses.mean() if self.reduction == \"mean\" else losses.sum()",
    )
    .blank(1);
    code.line(1, "def _of_example(self, prediction, target):");
    let is_full =
        |value: &super::super::routine::Definition| matches!(value.meaning, Meaning::Fill(_));
    if routine.values.iter().any(is_full) {
        code.line(2, "rows = prediction.shape[0]");
    }
    for setting in settings
        .iter()
        .filter(|setting| routine.reads(setting.cell))
    {
        let name = &setting.name;
        code.line(
            2,
            &format!("{name} = torch.tensor(self.{name}, device=prediction.device)"),
        );
    }
    code.assignments(2, &block.lines);
    let loss = program.cell_named(LOSS).and_then(|cell| block.end(cell));
    code.line(
        2,
        &format!(
            "return {}",
            loss.map_or("torch.tensor(0.0)", |loss| loss.text.as_str())
        ),
    );
}
