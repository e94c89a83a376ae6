//! Lines of code from a routine: which values get a name of their own, and which.
//!
//! What is used once is put where it is used, unless the line would become hard to read; what is used again, or kept as
//! state, has the name of its cell. A cell that is written again lends its name again, once nothing later speaks of what
//! it named before:
//!
//! ```text
//!   v0 = 1 − beta1, used twice                      weight = 1 - beta1
//!   v1 = sub(g, m), v2 = mul(v0, v1): used once     m = m + weight * (g - m)
//!   v3 = add(m, v2), state m                   ──►
//!   v4 = 1 − beta2, used twice                      weight = 1 - beta2
//! ```

use mlevolve_ir::Shape;
use mlevolve_ir::ops::{ElementwiseOp, MatrixOp, Op};

use super::routine::{Definition, Meaning, Routine, Value};
use super::template::{Expression, Notation, fill, is_beside_operator, uses};
use crate::program::{CellIndex, Program};

/// What a cell is in the code around the lines.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Symbol {
    /// It has this name.
    Name(String),
    /// It is this number.
    Number(f32),
}

/// How a language writes lines of values.
pub(super) struct Dialect {
    pub(super) notation: Notation,
    /// The template of an op over operands of these shapes.
    pub(super) template: fn(Op, &[Shape]) -> String,
    /// A number beside an operator.
    pub(super) number: fn(f32) -> String,
    /// A number where an operator would not make a value of the language's arrays of it.
    pub(super) wrapped_number: fn(f32) -> String,
    /// A scalar `{a}` as a matrix, for ops of matrices.
    pub(super) scalar_as_matrix: &'static str,
    /// The one element of a matrix `{a}`, as a scalar.
    pub(super) matrix_as_scalar: &'static str,
    /// A matrix full of `{a}`.
    pub(super) full: fn(Shape) -> String,
    /// An element of `{a}`, where elementwise ops are written element by element.
    pub(super) element: Option<&'static str>,
    /// How a name is spelled in expressions.
    pub(super) spell: fn(&str) -> String,
    /// The longest expression, in characters, that is put where it is used.
    pub(super) longest_inline: usize,
    /// Whether scalars are computed before all else, apart from what is computed of tensors.
    pub(super) scalars_first: bool,
    /// What no line may be called.
    pub(super) reserved: &'static [&'static str],
}

/// A named value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) shape: Shape,
    /// Whether `text` is an element of what is named.
    pub(super) is_element: bool,
}

/// The lines of a routine.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) lines: Vec<Line>,
    /// The cells whose content at the start is spoken of; some are looked at for their shape only, which a language may
    /// not need to.
    pub(super) entries: Vec<CellIndex>,
    /// What each cell holds at the end that somebody looks at.
    pub(super) ends: Vec<(CellIndex, Expression)>,
}

impl Block {
    /// Whether what a cell holds at the start is spoken of.
    pub(super) fn reads(&self, cell: CellIndex) -> bool {
        self.entries.contains(&cell)
    }

    /// The expression for what a cell holds at the end, if somebody looks at it.
    pub(super) fn end(&self, cell: CellIndex) -> Option<&Expression> {
        let mut ends = self.ends.iter();
        ends.find(|(index, _)| *index == cell).map(|(_, text)| text)
    }
}

/// An expression with the named values that its text speaks of.
#[derive(Clone, Debug)]
struct Pending {
    expression: Expression,
    speaks_of: Vec<Value>,
    number: Option<f32>,
    /// Whether the text is of one element of a matrix.
    is_element: bool,
}

struct Writer<'a> {
    program: &'a Program,
    routine: &'a Routine,
    dialect: &'a Dialect,
    symbol: &'a dyn Fn(CellIndex) -> Symbol,
    /// How often each value is still spoken of.
    remaining: Vec<usize>,
    texts: Vec<Option<Pending>>,
    /// Names that are taken, with the value that each stands for.
    names: Vec<(String, Value)>,
    lines: Vec<Line>,
}

/// The lines of a routine of a program. `symbol` says what cells are called that hold something when it is called.
pub(super) fn write(
    program: &Program,
    routine: &Routine,
    dialect: &Dialect,
    symbol: &dyn Fn(CellIndex) -> Symbol,
) -> Block {
    let count = routine.values.len();
    let mut writer = Writer {
        program,
        routine,
        dialect,
        symbol,
        remaining: vec![0; count],
        texts: vec![None; count],
        names: Vec::new(),
        lines: Vec::new(),
    };
    writer.count_uses();
    let spoken_of = routine.all().filter_map(|(value, definition)| {
        let Meaning::Entry(cell) = definition.meaning else {
            return None;
        };
        (writer.remaining[value.index()] > 0).then_some(cell)
    });
    let entries = spoken_of.collect();
    let order = writer.order();
    for &value in &order {
        if let Meaning::Entry(cell) = routine.values[value.index()].meaning {
            writer.enter(value, cell);
        }
    }
    for &value in &order {
        writer.write(value);
    }
    let ends = routine.ends.iter().map(|&(cell, value)| {
        let text = match &writer.texts[value.index()] {
            Some(pending) => pending.wrapped(dialect),
            None => unreachable!("every value has been written"),
        };
        (cell, text)
    });
    let ends = ends.collect();
    Block {
        lines: writer.lines,
        entries,
        ends,
    }
}

impl Pending {
    /// The expression as a value of the language's arrays.
    fn wrapped(&self, dialect: &Dialect) -> Expression {
        match self.number {
            Some(number) => Expression::whole((dialect.wrapped_number)(number)),
            None => self.expression.clone(),
        }
    }
}

impl Writer<'_> {
    /// The template of a value's op.
    fn template(&self, op: Op, operands: &[Value]) -> String {
        let shapes: Vec<Shape> = operands.iter().map(|&it| self.routine.shape(it)).collect();
        // What has the shape already, or has none to take, stays as it is.
        if let (Op::Elementwise(ElementwiseOp::Broadcast), [of, like]) = (op, &shapes[..])
            && (!of.is_scalar() || like.is_scalar())
        {
            return "{a}".to_owned();
        }
        (self.dialect.template)(op, &shapes)
    }

    /// Counts uses from the end, as what is not used uses nothing.
    fn count_uses(&mut self) {
        for (_, value) in &self.routine.ends {
            self.remaining[value.index()] += 1;
        }
        let definitions: Vec<(Value, &Definition)> = self.routine.all().collect();
        for (value, definition) in definitions.into_iter().rev() {
            if self.remaining[value.index()] == 0 {
                continue;
            }
            match &definition.meaning {
                Meaning::Entry(_) | Meaning::Zero => {}
                Meaning::Fill(value) => self.remaining[value.index()] += 1,
                Meaning::Apply(op, operands) => {
                    let template = self.template(*op, operands);
                    for (position, value) in operands.iter().enumerate() {
                        self.remaining[value.index()] += uses(&template, position);
                    }
                }
            }
        }
    }

    /// Values in the order in which they are written.
    fn order(&self) -> Vec<Value> {
        let values = self.routine.all();
        let mut order: Vec<Value> = values.map(|(value, _)| value).collect();
        if self.dialect.scalars_first {
            order.sort_by_key(|&value| !self.routine.shape(value).is_scalar());
        }
        order
    }

    /// What is there when the routine is called.
    fn enter(&mut self, value: Value, cell: CellIndex) {
        let pending = match (self.symbol)(cell) {
            Symbol::Name(name) => {
                self.names.push((name.clone(), value));
                Pending {
                    expression: Expression::whole(name),
                    speaks_of: vec![value],
                    number: None,
                    is_element: false,
                }
            }
            Symbol::Number(number) => self.number(number),
        };
        self.texts[value.index()] = Some(pending);
    }

    fn number(&self, number: f32) -> Pending {
        Pending {
            expression: Expression::whole((self.dialect.number)(number)),
            speaks_of: Vec::new(),
            number: Some(number),
            is_element: false,
        }
    }

    fn write(&mut self, value: Value) {
        let definition = &self.routine.values[value.index()];
        let pending = match &definition.meaning {
            Meaning::Entry(_) => return,
            Meaning::Zero => self.number(0.0),
            Meaning::Fill(scalar) => self.filled(*scalar, definition.shape),
            Meaning::Apply(op, operands) => self.applied(*op, operands, definition.shape),
        };
        let is_number = pending.number.is_some();
        let pending = if is_number || self.stays_inline(value, &pending) {
            pending
        } else {
            self.named(value, pending)
        };
        self.texts[value.index()] = Some(pending);
    }

    fn filled(&self, scalar: Value, shape: Shape) -> Pending {
        let scalar = self.pending(scalar).clone();
        let template = (self.dialect.full)(shape);
        let operand = if is_beside_operator(&template, 0) {
            scalar.expression.clone()
        } else {
            scalar.wrapped(self.dialect)
        };
        Pending {
            expression: fill(self.dialect.notation, &template, &[operand]),
            number: None,
            ..scalar
        }
    }

    fn pending(&self, value: Value) -> &Pending {
        match &self.texts[value.index()] {
            Some(pending) => pending,
            None => unreachable!("operands are written before what is made of them"),
        }
    }

    fn applied(&self, op: Op, operands: &[Value], shape: Shape) -> Pending {
        let template = self.template(op, operands);
        let is_elementwise = matches!(op, Op::Elementwise(_));
        let is_element = self.dialect.element.is_some() && is_elementwise && !shape.is_scalar();
        let all_numbers = operands
            .iter()
            .all(|&operand| self.pending(operand).number.is_some());
        let mut speaks_of = Vec::new();
        let mut expressions = Vec::with_capacity(operands.len());
        for (position, &operand) in operands.iter().enumerate() {
            let pending = self.pending(operand);
            for _ in 0..uses(&template, position) {
                speaks_of.extend(&pending.speaks_of);
            }
            let is_bare =
                is_beside_operator(&template, position) && !(all_numbers && position == 0);
            let mut expression = if is_bare {
                pending.expression.clone()
            } else {
                pending.wrapped(self.dialect)
            };
            let operand_shape = self.routine.shape(operand);
            if let (true, Some(element), false, false) = (
                is_element,
                self.dialect.element,
                pending.is_element,
                operand_shape.is_scalar(),
            ) {
                expression = fill(self.dialect.notation, element, &[expression]);
            }
            if operand_shape.is_scalar() && takes_matrix(op, position) {
                let as_matrix = self.dialect.scalar_as_matrix;
                expression = fill(
                    self.dialect.notation,
                    as_matrix,
                    &[pending.wrapped(self.dialect)],
                );
            }
            expressions.push(expression);
        }
        let mut expression = fill(self.dialect.notation, &template, &expressions);
        if shape.is_scalar() && gives_matrix(op) {
            let as_scalar = self.dialect.matrix_as_scalar;
            expression = fill(self.dialect.notation, as_scalar, &[expression]);
        }
        Pending {
            expression,
            speaks_of,
            number: None,
            is_element,
        }
    }

    /// Whether a value is put where it is used.
    fn stays_inline(&self, value: Value, pending: &Pending) -> bool {
        let is_end = self.routine.ends.iter().any(|&(_, end)| end == value);
        match self.remaining[value.index()] {
            // Nobody speaks of it.
            0 => return true,
            1 if !is_end => {}
            _ => return false,
        }
        if pending.expression.text.chars().count() > self.dialect.longest_inline {
            return false;
        }
        let is_scalar = self.routine.shape(value).is_scalar();
        // What speaks of the value is one.
        let mut users =
            self.routine
                .all()
                .filter_map(|(user, definition)| match &definition.meaning {
                    Meaning::Entry(_) | Meaning::Zero => None,
                    Meaning::Fill(of) => (*of == value).then_some((user, false)),
                    Meaning::Apply(op, operands) => operands
                        .contains(&value)
                        .then_some((user, matches!(op, Op::Elementwise(_)))),
                });
        let Some((user, is_elementwise)) = users.next() else {
            return false;
        };
        let of_tensors = !self.routine.shape(user).is_scalar();
        // Nor is a scalar computed again for each element.
        let is_apart = self.dialect.scalars_first || self.dialect.element.is_some();
        if is_apart && is_scalar && of_tensors {
            return false;
        }
        // Loops over elements are written for elementwise ops only.
        self.dialect.element.is_none() || is_scalar || pending.is_element && is_elementwise
    }

    /// Gives a value a line.
    fn named(&mut self, value: Value, pending: Pending) -> Pending {
        for spoken_of in &pending.speaks_of {
            let remaining = &mut self.remaining[spoken_of.index()];
            *remaining = remaining.saturating_sub(1);
        }
        let definition = &self.routine.values[value.index()];
        let name = self.free_name(&self.program.cell(definition.cell).name, definition.shape);
        self.names.push((name.clone(), value));
        let name = (self.dialect.spell)(&name);
        self.lines.push(Line {
            name: name.clone(),
            text: pending.expression.text,
            shape: definition.shape,
            is_element: pending.is_element,
        });
        Pending {
            expression: Expression::whole(name),
            speaks_of: vec![value],
            number: None,
            is_element: false,
        }
    }

    /// The name of a cell, or one like it, that no value has which is still spoken of.
    fn free_name(&self, cell: &str, shape: Shape) -> String {
        let cell = legal(cell, self.dialect.reserved);
        let mut number = 1;
        loop {
            let name = if number == 1 {
                cell.clone()
            } else {
                format!("{cell}_{number}")
            };
            let holds = |(taken, value): &(String, Value)| {
                // Scalars that are computed before all else are in another scope.
                let is_apart = self.dialect.scalars_first
                    && self.routine.shape(*value).is_scalar()
                    && !shape.is_scalar();
                *taken == name && (is_apart || self.remaining[value.index()] > 0)
            };
            if !self.names.iter().any(holds) {
                return name;
            }
            number += 1;
        }
    }
}

/// A name that a language does not use itself.
pub(super) fn legal(name: &str, reserved: &[&str]) -> String {
    if reserved.contains(&name) {
        format!("{name}_")
    } else {
        name.to_owned()
    }
}

/// Whether an op wants a matrix at a position, be it of one element.
fn takes_matrix(op: Op, position: usize) -> bool {
    match op {
        Op::Elementwise(_) | Op::Reduction(_) => false,
        Op::Matrix(_) | Op::Composite(_) => {
            // The pattern's extents are `(r, c)`, one for each operand.
            let shapes = op.shapes();
            let operands = shapes.split(" -> ").next().unwrap_or_default();
            operands.split("), ").nth(position).is_some_and(|extents| {
                let extents = extents.trim_matches(|it| it == '(' || it == ')');
                extents != "1, 1"
            })
        }
    }
}

/// Whether an op gives a matrix even where it has one element.
fn gives_matrix(op: Op) -> bool {
    match op {
        Op::Matrix(MatrixOp::Trace) | Op::Elementwise(_) | Op::Reduction(_) => false,
        Op::Matrix(_) | Op::Composite(_) => {
            let shapes = op.shapes();
            !shapes.ends_with("-> (1, 1)")
        }
    }
}
