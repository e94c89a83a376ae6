//! An update rule as a subclass of `torch.optim.Optimizer`, written as PyTorch's own are.
//!
//! ```text
//!   class ─ __init__, add_param_group (checks), __setstate__, _init_group, step
//!             │
//!             ├─► _single_tensor   a loop over parameters
//!             └─► _multi_tensor    lists of tensors, for elementwise rules: `foreach`
//! ```
//!
//! Rules with ops of rows and columns see each parameter as a matrix with a row for each input, as the tasks of searches
//! have weights, where PyTorch has a column.

use mlevolve_ir::Shape;
use mlevolve_ir::ops::{ElementwiseOp, MatrixOp, Op};

use super::super::code::{Symbol, write};
use super::super::names::symbol;
use super::super::python::{
    Code, RESERVED, described_settings, docstring, extents, parameters, tuple,
};
use super::super::routine::Meaning;
use super::super::rule::Rule;
use super::{DIALECT, foreach};
use crate::program::{CellIndex, Program};

/// The class and the functions that step.
pub(super) fn class(code: &mut Code, program: &Program, name: &str) {
    let rule = Rule::new(program, &[("learning_rate", "lr")], RESERVED);
    head(code, &rule, name);
    checks(code, &rule);
    init_group(code, &rule, name);
    step(code, &rule);
    code.blank(2);
    if foreach::is_possible(&rule) {
        code.lines(0, HAS_FOREACH).blank(2);
    }
    single_tensor(code, &rule);
    if foreach::is_possible(&rule) {
        code.blank(2);
        foreach::multi_tensor(code, &rule);
    } else if !rule.is_elementwise() {
        code.blank(2).lines(0, MATRICES);
    }
}

const HAS_FOREACH: &str = r#"def _has_foreach(p):
    """Whether lists of tensors are faster, as PyTorch has it: many small kernels in one launch."""
    return p.is_cuda and type(p) in (torch.Tensor, torch.nn.Parameter)"#;

const MATRICES: &str = r#"def _as_matrix(tensor, transposed):
    """A view with a row for each input and a column for each output; a vector is a row."""
    if tensor.dim() < 2:
        return tensor.reshape(1, -1)
    matrix = tensor.flatten(1)
    return matrix.T if transposed else matrix


def _as_tensor(matrix, like, transposed):
    """The reverse of `_as_matrix`."""
    return (matrix.T if transposed and like.dim() >= 2 else matrix).reshape(like.shape)"#;

/// What the update is given, beside tensors: settings, and flags.
fn flags(rule: &Rule) -> Vec<&'static str> {
    let mut flags = vec!["maximize"];
    if !rule.is_elementwise() {
        flags.push("transposed");
    } else if foreach::is_possible(rule) {
        flags.push("foreach");
    }
    flags
}

fn head(code: &mut Code, rule: &Rule, name: &str) {
    let is_elementwise = rule.is_elementwise();
    code.line(0, &format!("class {name}(Optimizer):"));
    let mut more = Vec::new();
    if !is_elementwise {
        more.extend(
            [
                "It works on matrices with a row for each input and a column for each output, as the models had that it",
                "was found with: of a weight of more than two dimensions all but the first are inputs, in PyTorch's order.",
                "A vector is a row.",
                "",
            ]
            .map(str::to_owned),
        );
    }
    more.push("Args:".to_owned());
    more.push("    params: parameters, or groups of them as dicts".to_owned());
    more.extend(described_settings(&rule.settings));
    more.push("    maximize: whether to go up the gradient (default: False)".to_owned());
    if foreach::is_possible(rule) {
        more.push(
            "    foreach: whether to step all tensors of a group at once; if None, where they are on a CUDA device"
                .to_owned(),
        );
    } else if !is_elementwise {
        more.push(
            "    transposed: whether weights are outputs by inputs, as those of nn.Linear and convolutions are and an"
                .to_owned(),
        );
        more.push("        nn.Embedding's are not (default: True)".to_owned());
    }
    let description =
        "An update rule: `w` is a parameter, `g` its gradient, and `delta` is added to `w`.";
    docstring(code, 1, &rule.program, description, &more);
    code.blank(1);
    let own = parameters(&rule.settings);
    code.line(1, "def __init__(")
        .line(2, "self,")
        .line(2, "params,");
    for parameter in own {
        code.line(2, &format!("{parameter},"));
    }
    code.line(2, "*,").line(2, "maximize: bool = False,");
    if !is_elementwise {
        code.line(2, "transposed: bool = True,");
    } else if foreach::is_possible(rule) {
        code.line(2, "foreach: bool | None = None,");
    }
    code.line(1, "):");
    let names = rule.settings.iter().map(|setting| setting.name.as_str());
    let defaults = names
        .chain(flags(rule))
        .map(|name| format!("{name}={name}"));
    code.line(2, "defaults = dict(");
    for default in defaults {
        code.line(3, &format!("{default},"));
    }
    code.line(2, ")")
        .line(2, "super().__init__(params, defaults)");
    code.blank(1);
}

fn checks(code: &mut Code, rule: &Rule) {
    let names = rule
        .settings
        .iter()
        .map(|setting| format!("\"{}\"", setting.name));
    let names: Vec<String> = names.collect();
    if !names.is_empty() {
        code.line(1, "def add_param_group(self, param_group):");
        code.line(2, "super().add_param_group(param_group)");
        code.line(
            2,
            &format!("for name in ({}):", tuple(names.iter().map(String::as_str))),
        );
        code.line(3, "value = self.param_groups[-1][name]");
        code.line(
            3,
            "if not isinstance(value, (int, float, torch.Tensor)) or not math.isfinite(value):",
        );
        code.line(4, "self.param_groups.pop()");
        code.line(
            4,
            "raise ValueError(f\"{name} must be a finite number, not {value!r}\")",
        );
        if rule.settings.iter().any(|setting| setting.is_rate) {
            code.line(2, "if self.param_groups[-1][\"lr\"] < 0:");
            code.line(3, "lr = self.param_groups.pop()[\"lr\"]");
            code.line(
                3,
                "raise ValueError(f\"lr must not be negative, but is {lr!r}\")",
            );
        }
        code.blank(1);
    }
    code.line(1, "def __setstate__(self, state):");
    code.line(2, "super().__setstate__(state)");
    code.line(2, "for group in self.param_groups:");
    for flag in flags(rule) {
        let default = match flag {
            "foreach" => "None",
            "transposed" => "True",
            _ => "False",
        };
        code.line(3, &format!("group.setdefault(\"{flag}\", {default})"));
    }
    code.blank(1);
}

fn init_group(code: &mut Code, rule: &Rule, name: &str) {
    code.line(1, "def _init_group(self, group):");
    code.line(2, "params, grads, states = [], [], []");
    code.line(2, "for p in group[\"params\"]:");
    code.line(3, "if p.grad is None:");
    code.line(4, "continue");
    code.line(3, "if p.grad.is_sparse:");
    code.line(
        4,
        &format!("raise RuntimeError(\"{name} does not support sparse gradients\")"),
    );
    code.line(3, "params.append(p)");
    code.line(3, "grads.append(p.grad)");
    code.line(3, "states.append(self.state[p])");
    let mut initial = Vec::new();
    if rule.reads_step() {
        initial.push("state[\"step\"] = torch.tensor(0.0)".to_owned());
    }
    let is_elementwise = rule.is_elementwise();
    for &state in &rule.states {
        let key = &rule.program.cell(state).name;
        let zeros = match (rule.shape(state), is_elementwise) {
            (Shape::Scalar, true) => "torch.tensor(0.0)".to_owned(),
            (Shape::Scalar, false) => "p.new_zeros(())".to_owned(),
            (Shape::Tensor, true) => {
                "torch.zeros_like(p, memory_format=torch.preserve_format)".to_owned()
            }
            (shape, _) => format!("p.new_zeros({})", extents(shape)),
        };
        initial.push(format!("state[\"{key}\"] = {zeros}"));
    }
    if !initial.is_empty() {
        code.line(3, "state = self.state[p]");
        code.line(3, "if not state:");
        let is_sized = |line: &&String| line.contains("rows") || line.contains("columns");
        if !is_elementwise && initial.iter().any(|line| is_sized(&line)) {
            code.line(
                4,
                "rows, columns = _as_matrix(p, group[\"transposed\"]).shape",
            );
        }
        for line in initial {
            code.line(4, &line);
        }
    }
    code.line(2, "return params, grads, states").blank(1);
}

fn step(code: &mut Code, rule: &Rule) {
    code.line(1, "@torch.no_grad()");
    code.line(1, "def step(self, closure=None):");
    code.line(
        2,
        "\"\"\"Steps once; a closure is called before, and its loss returned.\"\"\"",
    );
    code.line(2, "loss = None");
    code.line(2, "if closure is not None:");
    code.line(3, "with torch.enable_grad():");
    code.line(4, "loss = closure()");
    code.line(2, "for group in self.param_groups:");
    code.line(3, "params, grads, states = self._init_group(group)");
    let function = if foreach::is_possible(rule) {
        code.line(3, "foreach = group[\"foreach\"]");
        code.line(3, "if foreach is None:");
        code.line(
            4,
            "foreach = bool(params) and all(_has_foreach(p) for p in params)",
        );
        code.line(3, "update = _multi_tensor if foreach else _single_tensor");
        "update"
    } else {
        "_single_tensor"
    };
    code.line(3, &format!("{function}("));
    code.line(4, "params,").line(4, "grads,").line(4, "states,");
    for setting in &rule.settings {
        let name = &setting.name;
        code.line(
            4,
            &format!("{name}=torch.as_tensor(group[\"{name}\"], dtype=torch.float32),"),
        );
    }
    code.line(4, "maximize=group[\"maximize\"],");
    if !rule.is_elementwise() {
        code.line(4, "transposed=group[\"transposed\"],");
    }
    code.line(3, ")");
    code.line(2, "return loss");
}

/// The head of a function that steps.
pub(super) fn signature(rule: &Rule, function: &str) -> String {
    let mut names: Vec<&str> = rule.settings.iter().map(|it| it.name.as_str()).collect();
    names.push("maximize");
    if !rule.is_elementwise() {
        names.push("transposed");
    }
    format!(
        "def {function}(params, grads, states, *, {}):",
        names.join(", ")
    )
}

/// What cells are called in the functions that step.
pub(super) fn symbol_of(rule: &Rule, cell: CellIndex) -> Symbol {
    symbol(&rule.program, &rule.settings, RESERVED, cell)
}

fn single_tensor(code: &mut Code, rule: &Rule) {
    let is_elementwise = rule.is_elementwise();
    let block = write(&rule.program, &rule.routine, &DIALECT, &|cell| {
        symbol_of(rule, cell)
    });
    code.line(0, &signature(rule, "_single_tensor"));
    let parameter = if is_elementwise { "w" } else { "p" };
    code.line(
        1,
        &format!("for {parameter}, g, state in zip(params, grads, states):"),
    );
    if !is_elementwise {
        code.line(2, "g = _as_matrix(g, transposed)");
        if rule.reads_weights() {
            code.line(2, "w = _as_matrix(p, transposed)");
        }
    }
    code.line(2, "if maximize:").line(3, "g = -g");
    if rule.needs_extents() && !is_elementwise {
        code.line(2, "rows, columns = g.shape");
    }
    entries(code, 2, rule);
    code.assignments(2, &block.lines);
    for (cell, end) in &block.ends {
        if *cell == rule.delta {
            continue;
        }
        let key = &rule.program.cell(*cell).name;
        let filled = match (rule.ends_as_scalar(*cell), is_elementwise) {
            (false, _) => String::new(),
            (true, true) => ".expand_as(g).clone()".to_owned(),
            (true, false) => format!(".expand({}).clone()", extents(rule.shape(*cell))),
        };
        let copied = if filled.is_empty() && may_share_memory(rule, *cell) {
            ".clone()"
        } else {
            ""
        };
        code.line(
            2,
            &format!("state[\"{key}\"] = {}{filled}{copied}", end.text),
        );
    }
    let delta = block
        .end(rule.delta)
        .map_or("0", |delta| delta.text.as_str());
    match (is_elementwise, rule.ends_as_scalar(rule.delta)) {
        (true, _) => code.line(2, &format!("w.add_({delta})")),
        (false, true) => code.line(2, &format!("p.add_({delta})")),
        (false, false) => code.line(
            2,
            &format!("p.copy_(p + _as_tensor({delta}, p, transposed))"),
        ),
    };
}

/// Variables for what is kept.
pub(super) fn entries(code: &mut Code, depth: usize, rule: &Rule) {
    if rule.reads_step() {
        code.line(depth, "step = state[\"step\"] = state[\"step\"] + 1");
    }
    for &state in &rule.states {
        if let (true, Symbol::Name(name)) = (rule.routine.reads(state), symbol_of(rule, state)) {
            let key = &rule.program.cell(state).name;
            code.line(depth, &format!("{name} = state[\"{key}\"]"));
        }
    }
}

/// Whether what is kept may be a view of something that changes later.
fn may_share_memory(rule: &Rule, cell: CellIndex) -> bool {
    let Some(value) = rule.routine.end(cell) else {
        return false;
    };
    match &rule.routine.values[value.index()].meaning {
        Meaning::Entry(_) | Meaning::Zero | Meaning::Fill(_) => true,
        Meaning::Apply(Op::Elementwise(op), _) => *op == ElementwiseOp::Broadcast,
        Meaning::Apply(Op::Matrix(op), _) => matches!(
            op,
            MatrixOp::Transpose
                | MatrixOp::Diagonal
                | MatrixOp::BroadcastColumn
                | MatrixOp::BroadcastRow
        ),
        Meaning::Apply(Op::Reduction(_) | Op::Composite(_), _) => false,
    }
}
