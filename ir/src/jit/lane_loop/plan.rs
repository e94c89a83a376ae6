//! What a step is made of: which values are kept in memory, which in registers, which are made on the way
//! to the one that uses them, and in which order.
//!
//! ```text
//! values ─► forms ─► inlined? (users first) ─► roots in order ─► homes, and what is stored where
//! ```
//!
//! A *root* is a value that is computed by code of its own; the values that are *inlined* into it are
//! computed element by element as it asks for them. So `add(m, outer(g, x))` is one pass over `m`, and
//! `dot` takes its elements as they come about.
//!
//! # Kept parameters
//! What is kept from step to step lies in a frame, and loads of it are made when they are needed. So what
//! is stored may go to its place only when no later root needs the content at entry: roots that are
//! only stored come last, and what still is too early is computed into a buffer, and copied at the end.

use super::form::Form;
use crate::function::{Definition, Function, ParameterIndex, Value};
use crate::kernel::CompileError;
use crate::shape::{Dimensions, Shape};

/// Most vectors of a value whose elements stay in registers.
const REGISTER_VECTORS: usize = 8;

/// Most instructions of a root without a loop, about.
const STRAIGHT_OPERATIONS: usize = 48;

/// The same for a root of so few elements that a loop would hardly begin.
const STRAIGHT_OPERATIONS_OF_FEW: usize = 80;

/// How many elements are few.
const FEW_ELEMENTS: usize = 4;

/// Most instructions of a reduction without a loop, about, for groups of so many vectors: wide ones would have more
/// to hand on from turn to turn than there are registers.
pub(super) const fn straight_reduction_operations(width: usize) -> usize {
    if width > 2 { 128 } else { 64 }
}

/// Most elements of a reduction that takes them in any arrangement, and so without a loop.
pub(super) const STRAIGHT_REDUCTION_ELEMENTS: usize = 64;

/// Most elements of a value, so that frames have sizes that can be counted. Where values are so large, lanes
/// are not what there is much of.
const MOST_ELEMENTS: usize = 1 << 20;

/// Where elements lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a parameter's argument.
    Argument(ParameterIndex),
    /// In the frame, so many elements from its beginning.
    Frame(usize),
}

/// Where a value is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// Nowhere: no store depends on it.
    Absent,
    /// It is a constant.
    Constant(u32),
    /// In registers, by element.
    Registers,
    /// In memory.
    Memory(Place),
    /// In no place: each element is computed where it is used.
    Inlined,
}

/// A value that is computed by code of its own.
#[derive(Clone, Debug)]
pub(super) struct Root {
    pub(super) value: Value,
    /// Where its elements are put as they are computed.
    pub(super) targets: Vec<Place>,
    /// Whether every element has its own code: no loop.
    pub(super) is_straight: bool,
    /// Whether elements can be told by their number alone, whatever matrix they are in.
    pub(super) is_flat: bool,
    /// About how many instructions an element takes.
    pub(super) operations: usize,
}

/// A copy at the end of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copied {
    pub(super) value: Value,
    pub(super) from: Place,
    pub(super) to: Place,
}

/// A scalar that all elements of a parameter become at the end of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fill {
    pub(super) value: Value,
    pub(super) parameter: ParameterIndex,
    pub(super) to: Place,
}

/// A parameter that is kept from step to step, and where in the frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) parameter: ParameterIndex,
    pub(super) elements: usize,
    /// In elements from the frame's beginning.
    pub(super) offset: usize,
}

/// A step, laid out.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) forms: Vec<Option<Form>>,
    pub(super) homes: Vec<Home>,
    pub(super) roots: Vec<Root>,
    pub(super) fills: Vec<Fill>,
    pub(super) copies: Vec<Copied>,
    pub(super) kept: Vec<Kept>,
    /// How many elements the frame holds.
    pub(super) frame_elements: usize,
}

/// Lays a step out.
pub(super) struct Planner<'a> {
    pub(super) function: &'a Function,
    dimensions: Dimensions,
    width: usize,
    pub(super) plan: Plan,
    /// The parameters that each value is stored to, stores that change nothing left out.
    pub(super) stores: Vec<Vec<ParameterIndex>>,
    is_used: Vec<bool>,
}

impl<'a> Planner<'a> {
    /// Lays a step out, for code that works on `width` vectors at a time.
    ///
    /// # Errors
    /// [`CompileError::WholeMatrices`] if an op has no form, and [`CompileError::CodeGenerator`] if a value is too
    /// large.
    pub(super) fn plan(
        function: &'a Function,
        dimensions: Dimensions,
        width: usize,
    ) -> Result<Plan, CompileError> {
        let count = function.values().len();
        let mut forms = vec![None; count];
        let mut is_used = vec![false; count];
        let mut stores = vec![Vec::new(); count];
        for (parameter, value) in function.stores() {
            // What stays as it is takes no code.
            if *function.definition(value) != Definition::Load(parameter) {
                stores[value.index()].push(parameter);
            }
        }
        for value in function.values().rev() {
            if is_used[value.index()] || !stores[value.index()].is_empty() {
                let form = Form::of(function, dimensions, value)?;
                forms[value.index()] = Some(form);
                for operand in form.taken(function.definition(value).operands()) {
                    is_used[operand.index()] = true;
                }
            }
        }
        let shapes = function
            .parameters()
            .iter()
            .map(|parameter| parameter.shape);
        let shapes = shapes.chain(function.values().map(|value| function.shape(value)));
        for shape in shapes {
            let elements = dimensions.elements(shape);
            if elements.is_none_or(|elements| elements > MOST_ELEMENTS) {
                return Err(CompileError::CodeGenerator {
                    function: function.name().to_owned(),
                    reason: format!("a {shape} of {dimensions} is too large for code over lanes"),
                });
            }
        }
        let mut planner = Self {
            function,
            dimensions,
            width,
            plan: Plan {
                forms,
                homes: vec![Home::Absent; count],
                roots: Vec::new(),
                fills: Vec::new(),
                copies: Vec::new(),
                kept: Vec::new(),
                frame_elements: 0,
            },
            stores,
            is_used,
        };
        planner.keep_parameters();
        planner.inline();
        planner.order();
        planner.find_homes();
        Ok(planner.plan)
    }

    pub(super) fn form(&self, value: Value) -> Form {
        match self.plan.forms[value.index()] {
            Some(form) => form,
            None => unreachable!("what a store depends on has a form"),
        }
    }

    pub(super) fn shape(&self, value: Value) -> Shape {
        self.function.shape(value)
    }

    pub(super) fn extents(&self, shape: Shape) -> (usize, usize) {
        let (rows, columns) = (shape.rows(), shape.columns());
        (
            self.dimensions.extent(rows),
            self.dimensions.extent(columns),
        )
    }

    pub(super) fn elements(&self, shape: Shape) -> usize {
        let (rows, columns) = self.extents(shape);
        rows * columns
    }

    /// Whether the number of an element tells its row and column.
    pub(super) fn is_line(&self, shape: Shape) -> bool {
        let (rows, columns) = self.extents(shape);
        rows == 1 || columns == 1
    }

    fn frame(&mut self, elements: usize) -> usize {
        let offset = self.plan.frame_elements;
        self.plan.frame_elements += elements;
        offset
    }

    /// Gives every parameter that is read and written a place in the frame.
    fn keep_parameters(&mut self) {
        for (index, parameter) in self.function.parameters().iter().enumerate() {
            if parameter.access.is_read() && parameter.access.is_written() {
                let elements = self.elements(parameter.shape);
                let offset = self.frame(elements);
                self.plan.kept.push(Kept {
                    parameter: ParameterIndex::new(index),
                    elements,
                    offset,
                });
            }
        }
    }

    /// Where a parameter's content is during a step.
    fn storage(&self, parameter: ParameterIndex) -> Place {
        let mut kept = self.plan.kept.iter();
        match kept.find(|kept| kept.parameter == parameter) {
            Some(kept) => Place::Frame(kept.offset),
            None => Place::Argument(parameter),
        }
    }

    /// Lists the roots in the order in which they are computed.
    fn order(&mut self) {
        let mut early = Vec::new();
        let mut late = Vec::new();
        for value in self.function.values() {
            let Some(form) = self.plan.forms[value.index()] else {
                continue;
            };
            if self.plan.homes[value.index()] == Home::Inlined {
                continue;
            }
            let is_stored = !self.stores[value.index()].is_empty();
            let is_scalar = self.shape(value).is_scalar();
            let is_root = match form {
                Form::Constant(_) => false,
                Form::Load(_) => is_stored && !is_scalar,
                Form::Elementwise(_)
                | Form::Reduction(_)
                | Form::Transposed
                | Form::EachColumn
                | Form::EachRow
                | Form::Outer(_)
                | Form::Product { .. }
                | Form::RowReduction(_) => true,
            };
            if is_root {
                let is_late = is_stored && !is_scalar && !self.is_used[value.index()];
                let list = if is_late { &mut late } else { &mut early };
                list.push(value);
            }
        }
        early.append(&mut late);
        self.plan.roots = early.into_iter().map(|value| self.root(value)).collect();
    }

    fn root(&self, value: Value) -> Root {
        let mut operations = 0;
        let mut is_flat = true;
        self.visit(value, &mut |inlined| {
            let form = self.form(inlined);
            operations += form.operations();
            is_flat &= match form {
                Form::Load(_) | Form::Constant(_) | Form::Elementwise(_) | Form::Reduction(_) => {
                    true
                }
                Form::Transposed
                | Form::EachColumn
                | Form::EachRow
                | Form::Outer(_)
                | Form::Product { .. }
                | Form::RowReduction(_) => inlined == value || self.is_line(self.shape(inlined)),
            };
        });
        self.leaves(value, true, &mut |leaf, _| {
            operations += usize::from(!self.shape(leaf).is_scalar());
        });
        operations += usize::from(!self.shape(value).is_scalar());
        let form = self.form(value);
        let elements = self.elements(self.shape(value));
        let first = |operand| {
            self.elements(self.shape(self.function.definition(value).operands()[operand]))
        };
        let vectors = |elements: usize| elements.saturating_mul(operations.max(1) * self.width);
        let is_short = |elements: usize| {
            vectors(elements) <= STRAIGHT_OPERATIONS
                || elements <= FEW_ELEMENTS && vectors(elements) <= STRAIGHT_OPERATIONS_OF_FEW
        };
        let is_straight = match form {
            Form::Load(_) | Form::Constant(_) | Form::Elementwise(_) => is_short(elements),
            Form::Transposed | Form::EachColumn | Form::EachRow | Form::Outer(_) => {
                is_flat &= self.is_line(self.shape(value));
                is_short(elements)
            }
            Form::Reduction(_) => {
                vectors(first(0)) <= straight_reduction_operations(self.width)
                    || !is_flat && first(0) <= STRAIGHT_REDUCTION_ELEMENTS
            }
            Form::RowReduction(_) => vectors(first(0)) <= STRAIGHT_OPERATIONS,
            Form::Product { depth, .. } => {
                vectors(elements.saturating_mul(depth)) <= STRAIGHT_OPERATIONS
            }
        };
        Root {
            value,
            targets: Vec::new(),
            is_straight: is_straight || self.shape(value).is_scalar() && !form.has_depth(),
            is_flat,
            operations: operations.max(1),
        }
    }

    /// Shows `see` a root and all that is inlined into it.
    fn visit(&self, value: Value, see: &mut dyn FnMut(Value)) {
        see(value);
        for &operand in self
            .form(value)
            .taken(self.function.definition(value).operands())
        {
            if self.plan.homes[operand.index()] == Home::Inlined {
                self.visit(operand, see);
            }
        }
    }

    /// Tells of each value that a root takes as it is whether every element goes into the root's element of
    /// the same number only.
    fn leaves(&self, value: Value, is_aligned: bool, see: &mut dyn FnMut(Value, bool)) {
        let form = self.form(value);
        let is_aligned = is_aligned && form.is_elementwise();
        for &operand in form.taken(self.function.definition(value).operands()) {
            if self.plan.homes[operand.index()] == Home::Inlined {
                self.leaves(operand, is_aligned, see);
            } else {
                see(operand, is_aligned);
            }
        }
    }

    /// Finds places for all values, and decides which stores are made at once.
    fn find_homes(&mut self) {
        for value in self.function.values() {
            let home = match self.plan.forms[value.index()] {
                None => Home::Absent,
                Some(Form::Constant(bits)) => Home::Constant(bits),
                Some(_) if self.shape(value).is_scalar() => Home::Registers,
                Some(Form::Load(parameter)) => Home::Memory(self.storage(parameter)),
                Some(_) => self.plan.homes[value.index()],
            };
            self.plan.homes[value.index()] = home;
        }
        // Where loads of each parameter are last needed, and whether only element by element.
        let mut last_reads: Vec<Option<(usize, bool)>> =
            vec![None; self.function.parameters().len()];
        let mut in_loops = vec![false; self.function.values().len()];
        for (position, root) in self.plan.roots.iter().enumerate() {
            let mut see = |leaf: Value, is_aligned: bool| {
                in_loops[leaf.index()] |= !root.is_straight;
                if let Some(Form::Load(parameter)) = self.plan.forms[leaf.index()] {
                    let read = &mut last_reads[parameter.index()];
                    let before = read.is_none_or(|(last, aligned)| last < position || aligned);
                    *read = Some((position, before && is_aligned));
                }
            };
            if let Form::Load(_) = self.form(root.value) {
                see(root.value, true);
            } else {
                self.leaves(root.value, true, &mut see);
            }
        }
        for position in 0..self.plan.roots.len() {
            let value = self.plan.roots[position].value;
            let shape = self.shape(value);
            if shape.is_scalar() {
                let stores = self.stores[value.index()].iter();
                let scalars =
                    stores.filter(|store| self.function.parameter(**store).shape.is_scalar());
                let targets = scalars.map(|&store| self.storage(store)).collect();
                self.plan.roots[position].targets = targets;
                continue;
            }
            let is_load = matches!(self.form(value), Form::Load(_));
            let mut targets = Vec::new();
            let mut deferred = Vec::new();
            for &parameter in &self.stores[value.index()] {
                let place = self.storage(parameter);
                let is_free = match last_reads[parameter.index()] {
                    None => true,
                    Some((last, is_aligned)) => {
                        last < position || last == position && is_aligned && !is_load
                    }
                };
                if is_free { &mut targets } else { &mut deferred }.push(place);
            }
            let elements = self.elements(shape);
            let fits = elements * self.width <= REGISTER_VECTORS
                && self.plan.roots[position].is_straight
                && !in_loops[value.index()];
            let is_read = self.is_used[value.index()] && !is_load || !deferred.is_empty();
            if targets.is_empty() || is_load && !deferred.is_empty() {
                if deferred.is_empty() && !is_load && fits {
                    self.plan.homes[value.index()] = Home::Registers;
                } else if is_read {
                    let buffer = Place::Frame(self.frame(elements));
                    targets.insert(0, buffer);
                }
            }
            for to in deferred {
                let from = targets[0];
                self.plan.copies.push(Copied { value, from, to });
            }
            if self.plan.homes[value.index()] == Home::Absent {
                self.plan.homes[value.index()] = Home::Memory(targets[0]);
            }
            self.plan.roots[position].targets = targets;
        }
        self.note_fills();
    }

    /// Lists the stores of scalars that are not made as the scalar is computed.
    fn note_fills(&mut self) {
        for value in self.function.values() {
            if !self.shape(value).is_scalar() {
                continue;
            }
            for position in 0..self.stores[value.index()].len() {
                let parameter = self.stores[value.index()][position];
                let is_root = !matches!(self.form(value), Form::Load(_) | Form::Constant(_));
                if !(is_root && self.function.parameter(parameter).shape.is_scalar()) {
                    let to = self.storage(parameter);
                    self.plan.fills.push(Fill {
                        value,
                        parameter,
                        to,
                    });
                }
            }
        }
    }
}
