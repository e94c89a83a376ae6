//! optax: an update rule as a `GradientTransformation`, a loss as a function of logits and labels, for each example.
//!
//! State is a pytree, and nothing is changed in place, so that all of it can be traced, transformed and saved. Of an
//! elementwise rule scalars are the same for all parameters and kept once; other rules keep all for each parameter.

use mlevolve_ir::Shape;
use mlevolve_ir::ops::Op;

use super::code::{Block, Dialect, Line, Symbol, write};
use super::helpers::JAX;
use super::names::{class_name, number, plain_number, settings, symbol};
use super::python::{
    Code, RESERVED, assembled, described_settings, docstring, extents, parameters,
};
use super::routine::{Definition, Meaning, Routine};
use super::rule::Rule;
use crate::program::{CellIndex, Program, Schema};
use crate::schema::loss::{LOSS, PREDICTION, TARGET};

/// How lines of whole rules are written for JAX.
const DIALECT: Dialect = Dialect {
    template: |op: Op, _| op.templates().jax.to_owned(),
    wrapped_number: |value| format!("jnp.float32({})", number(value)),
    scalar_as_matrix: "jnp.reshape({a}, (1, 1))",
    full: |shape: Shape| format!("jnp.full(({}), {{a}})", extents(shape)),
    ..super::numpy::DIALECT
};

/// How lines of elementwise rules are written, whose scalars are computed once for all parameters.
const ELEMENTWISE: Dialect = Dialect {
    scalars_first: true,
    ..DIALECT
};

/// The module of a program that is no learner.
pub(super) fn module(program: &Program) -> String {
    let mut body = Code::default();
    match program.schema() {
        Schema::Optimizer => transformation(&mut body, program, program.name()),
        Schema::Loss => loss(&mut body, program, program.name()),
        Schema::Algorithm => {
            loss(
                &mut body,
                &program.part(Schema::Loss),
                &format!("{}_loss", program.name()),
            );
            body.blank(2);
            transformation(&mut body, &program.part(Schema::Optimizer), program.name());
        }
        Schema::Learner => panic!("learners are refused before"),
    }
    let body = body.text();
    let helpers = JAX.called_by(&body).join("\n\n\n");
    let mut imports = Code::default();
    if body.contains("NamedTuple") {
        imports
            .line(0, "from typing import Any, NamedTuple")
            .blank(1);
    }
    imports
        .line(0, "import jax")
        .line(0, "import jax.numpy as jnp");
    if body.contains("optax.") {
        imports.line(0, "import optax");
    }
    assembled(program, "optax", imports, &helpers, &body)
}

const MATRICES: &str = r#"def _as_matrix(array):
    """A row for each input and a column for each output, which is the last axis; a vector is a row."""
    return array.reshape(1, -1) if array.ndim < 2 else array.reshape(-1, array.shape[-1])"#;

fn transformation(code: &mut Code, program: &Program, name: &str) {
    let rule = Rule::new(program, &[], RESERVED);
    let dialect = if rule.is_elementwise() {
        &ELEMENTWISE
    } else {
        &DIALECT
    };
    let symbol = |cell: CellIndex| symbol(&rule.program, &rule.settings, RESERVED, cell);
    let block = write(&rule.program, &rule.routine, dialect, &symbol);
    let state_name = format!("{}State", class_name(name));
    if !rule.is_elementwise() {
        code.lines(0, MATRICES).blank(2);
    }
    let kept = state_fields(&rule);
    if !kept.is_empty() {
        code.line(0, &format!("class {state_name}(NamedTuple):"));
        code.line(
            1,
            &format!("\"\"\"What `{name}` keeps from one step to the next.\"\"\""),
        )
        .blank(1);
        for (field, of_leaves) in &kept {
            let kind = if *of_leaves { "Any" } else { "jax.Array" };
            code.line(1, &format!("{field}: {kind}"));
        }
        code.blank(2);
    }
    head(code, &rule, name);
    init(code, &rule, &state_name);
    update(code, &rule, &block, &state_name, &symbol);
    code.line(1, "return optax.GradientTransformation(init, update)");
}

/// The fields of the state, and whether each is a tree as the parameters are.
fn state_fields(rule: &Rule) -> Vec<(String, bool)> {
    let mut fields = Vec::new();
    if rule.reads_step() {
        fields.push(("count".to_owned(), false));
    }
    for &state in &rule.states {
        let of_leaves = !rule.is_elementwise() || !rule.shape(state).is_scalar();
        fields.push((field(rule, state), of_leaves));
    }
    fields
}

fn field(rule: &Rule, state: CellIndex) -> String {
    super::code::legal(&rule.program.cell(state).name, RESERVED)
}

fn head(code: &mut Code, rule: &Rule, name: &str) {
    code.line(0, &format!("def {}(", super::code::legal(name, RESERVED)));
    for parameter in parameters(&rule.settings) {
        code.line(1, &format!("{parameter},"));
    }
    code.line(0, ") -> optax.GradientTransformation:");
    let mut more = Vec::new();
    if !rule.is_elementwise() {
        more.extend([
            "It works on matrices with a row for each input and a column for each output: of a kernel of more than two".to_owned(),
            "axes all but the last are inputs. A vector is a row.".to_owned(),
            String::new(),
        ]);
    }
    more.push("Args:".to_owned());
    more.extend(described_settings(&rule.settings));
    let description =
        "An update rule: `w` is a parameter, `g` its gradient, and `delta` is added to `w`.";
    docstring(code, 1, &rule.program, description, &more);
    for setting in &rule.settings {
        let name = &setting.name;
        code.line(1, &format!("{name} = jnp.asarray({name}, jnp.float32)"));
    }
    code.blank(1);
}

fn init(code: &mut Code, rule: &Rule, state_name: &str) {
    code.line(1, "def init(params):");
    let mut fields = Vec::new();
    if rule.reads_step() {
        fields.push("count=jnp.zeros((), jnp.int32)".to_owned());
    }
    for &state in &rule.states {
        let zeros = match (rule.shape(state), rule.is_elementwise()) {
            (Shape::Scalar, true) => "jnp.zeros((), jnp.float32)".to_owned(),
            (Shape::Scalar, false) => {
                "jax.tree.map(lambda p: jnp.zeros((), jnp.float32), params)".to_owned()
            }
            (Shape::Tensor, true) => "jax.tree.map(jnp.zeros_like, params)".to_owned(),
            (shape, _) => format!("zeros(lambda rows, columns: ({}))", extents(shape)),
        };
        fields.push(format!("{}={zeros}", field(rule, state)));
    }
    if fields.iter().any(|field| field.contains("=zeros(")) {
        code.line(2, "def zeros(shape):");
        code.line(3, "return jax.tree.map(lambda p: jnp.zeros(shape(*_as_matrix(p).shape), p.dtype), params)");
        code.blank(1);
    }
    if fields.is_empty() {
        code.line(2, "return optax.EmptyState()");
    } else {
        code.line(2, &format!("return {state_name}("));
        for field in fields {
            code.line(3, &format!("{field},"));
        }
        code.line(2, ")");
    }
    code.blank(1);
}

fn update(
    code: &mut Code,
    rule: &Rule,
    block: &Block,
    state_name: &str,
    symbol: &dyn Fn(CellIndex) -> Symbol,
) {
    let is_elementwise = rule.is_elementwise();
    code.line(1, "def update(updates, state, params=None):");
    if rule.reads_weights() {
        code.line(2, "if params is None:")
            .line(3, "raise ValueError(optax.NO_PARAMS_MSG)");
    }
    if rule.reads_step() {
        code.line(2, "count = optax.safe_increment(state.count)");
        code.line(2, "step = count.astype(jnp.float32)");
    }
    let name_of = |cell: CellIndex| match symbol(cell) {
        Symbol::Name(name) => name,
        Symbol::Number(number) => plain_number(number),
    };
    let is_shared = |cell: CellIndex| is_elementwise && rule.shape(cell).is_scalar();
    let is_shared_line = |line: &&Line| is_elementwise && line.shape.is_scalar();
    let read: Vec<CellIndex> = rule
        .states
        .iter()
        .copied()
        .filter(|&state| rule.routine.reads(state))
        .collect();
    for &state in read.iter().filter(|&&state| is_shared(state)) {
        code.line(
            2,
            &format!("{} = state.{}", name_of(state), field(rule, state)),
        );
    }
    code.assignments(2, block.lines.iter().filter(is_shared_line));
    code.blank(1);
    // One function for each parameter.
    let of_leaves: Vec<CellIndex> = read
        .iter()
        .copied()
        .filter(|&state| !is_shared(state))
        .collect();
    let mut arguments = vec!["g".to_owned()];
    let mut trees = vec!["updates".to_owned()];
    if rule.reads_weights() {
        arguments.push("w".to_owned());
        trees.push("params".to_owned());
    }
    for &state in &of_leaves {
        arguments.push(name_of(state));
        trees.push(format!("state.{}", field(rule, state)));
    }
    code.line(2, &format!("def leaf({}):", arguments.join(", ")));
    if !is_elementwise {
        code.line(3, "shape, g = g.shape, _as_matrix(g)");
        if rule.reads_weights() {
            code.line(3, "w = _as_matrix(w)");
        }
        code.line(3, "rows, columns = g.shape");
    }
    code.assignments(3, block.lines.iter().filter(|line| !is_shared_line(line)));
    let written: Vec<CellIndex> = rule
        .states
        .iter()
        .copied()
        .filter(|&state| rule.routine.end(state).is_some())
        .collect();
    let of_leaf: Vec<CellIndex> = written
        .iter()
        .copied()
        .filter(|&state| !is_shared(state))
        .collect();
    let result = |cell: CellIndex| {
        let text = block
            .end(cell)
            .map_or("jnp.float32(0.0)", |end| end.text.as_str());
        if !rule.ends_as_scalar(cell) {
            return text.to_owned();
        }
        let shape = if rule.shape(cell) == Shape::Tensor {
            "g.shape".to_owned()
        } else {
            format!("({})", extents(rule.shape(cell)))
        };
        format!("jnp.broadcast_to({text}, {shape})")
    };
    let delta = if is_elementwise {
        result(rule.delta)
    } else {
        format!("({}).reshape(shape)", result(rule.delta)).replace("(delta)", "delta")
    };
    let results: Vec<String> = std::iter::once(delta)
        .chain(of_leaf.iter().map(|&state| result(state)))
        .collect();
    code.line(3, &format!("return {}", results.join(", ")))
        .blank(1);
    let map = format!("jax.tree.map(leaf, {})", trees.join(", "));
    if of_leaf.is_empty() {
        code.line(2, &format!("delta = {map}"));
    } else {
        let names: Vec<String> = of_leaf.iter().map(|&state| field(rule, state)).collect();
        let names: Vec<String> = names.iter().map(|name| format!("new_{name}")).collect();
        code.line(2, &format!("leaves = {map}"));
        let zeros = vec!["0"; results.len()].join(", ");
        code.line(
            2,
            &format!("outer, inner = jax.tree.structure(updates), jax.tree.structure(({zeros}))"),
        );
        code.line(
            2,
            &format!(
                "delta, {} = jax.tree.transpose(outer, inner, leaves)",
                names.join(", ")
            ),
        );
    }
    let mut fields = Vec::new();
    if rule.reads_step() {
        fields.push("count=count".to_owned());
    }
    for &state in &rule.states {
        let field = field(rule, state);
        if of_leaf.contains(&state) {
            fields.push(format!("{field}=new_{field}"));
        } else if written.contains(&state) {
            fields.push(format!("{field}={}", result(state)));
        } else {
            fields.push(format!("{field}=state.{field}"));
        }
    }
    if fields.is_empty() {
        code.line(2, "return delta, state").blank(1);
    } else {
        code.line(
            2,
            &format!("return delta, {state_name}({})", fields.join(", ")),
        )
        .blank(1);
    }
}

fn loss(code: &mut Code, program: &Program, name: &str) {
    let program = program.pruned();
    let routine = Routine::new(&program, &program.effective(), 0);
    let settings = settings(&program, &[], RESERVED);
    let symbol = |cell: CellIndex| match program.cell(cell).name.as_str() {
        PREDICTION => Symbol::Name("logits".to_owned()),
        TARGET => Symbol::Name("labels".to_owned()),
        _ => symbol(&program, &settings, RESERVED, cell),
    };
    let block = write(&program, &routine, &DIALECT, &symbol);
    let mut arguments: Vec<String> = ["logits", "labels"].map(str::to_owned).to_vec();
    if !settings.is_empty() {
        arguments.push("*".to_owned());
        arguments.extend(parameters(&settings));
    }
    let name = super::code::legal(name, RESERVED);
    code.line(0, &format!("def {name}({}):", arguments.join(", ")));
    let mut more = vec![
        "`logits` are what a model predicts and `labels` what it should, examples by outputs both; of classes, labels are 1".to_owned(),
        "for the right one and 0 for others. The result has a number for each example.".to_owned(),
    ];
    if !settings.is_empty() {
        more.extend([String::new(), "Args:".to_owned()]);
        more.extend(described_settings(&settings));
    }
    docstring(code, 1, &program, "A loss, for each example.", &more);
    for setting in &settings {
        let name = &setting.name;
        code.line(1, &format!("{name} = jnp.asarray({name}, jnp.float32)"));
    }
    code.blank(1).line(1, "def example(logits, labels):");
    let is_full = |value: &Definition| matches!(value.meaning, Meaning::Fill(_));
    if routine.values.iter().any(is_full) {
        code.line(2, "rows = logits.shape[0]");
    }
    code.assignments(2, &block.lines);
    let end = program.cell_named(LOSS).and_then(|cell| block.end(cell));
    code.line(
        2,
        &format!(
            "return {}",
            end.map_or("jnp.float32(0.0)", |end| end.text.as_str())
        ),
    );
    code.blank(1);
    code.line(
        1,
        "return jax.vmap(example)(logits[..., None], labels[..., None])",
    );
}
