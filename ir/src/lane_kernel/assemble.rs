//! From ops over places to instructions, and from functions to instructions over temporaries.
//!
//! ```text
//! op ──emit──► instruction, and a copy where the op's loop does not do what is asked
//! Function ──append──► for each value: a place, then emit
//! ```
//!
//! A function's loads see what was there at entry, and its stores are what is there at exit. A value that
//! is stored is computed right where it is stored, if nothing reads there later; else it is copied at the
//! end. All other values are temporaries, whose memory is used again once nothing needs them.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::code::{LaneCode, Section, narrow};
use super::gather::{Gathering, LaneByLane};
use super::instruction::{Extents, Instruction, Location, Region, Task};
use super::matrices::Move;
use crate::function::{Definition, Function, ParameterIndex, Value};
use crate::ops::{CompositeOp, ElementForm, MAX_ARITY, Op};
use crate::shape::{Dimensions, Shape};

/// A value's shape and memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) shape: Shape,
    pub(super) location: Location,
}

impl Placed {
    const NONE: Self = Self {
        shape: Shape::Scalar,
        location: Location::NONE,
    };
}

/// Memory for temporaries, as it is given out.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    next: u32,
    /// What has been given back.
    free: Vec<Location>,
    most: u32,
}

impl Scratch {
    /// Begins anew: no temporary outlives what it was made for.
    pub(super) fn begin(&mut self) {
        self.next = 0;
        self.free.clear();
    }

    /// The most elements that were ever in use.
    pub(super) const fn most(&self) -> u32 {
        self.most
    }

    fn take(&mut self, length: u32) -> Location {
        let mut free = self.free.iter();
        if let Some(index) = free.rposition(|location| location.length == length) {
            return self.free.swap_remove(index);
        }
        let offset = self.next;
        self.next = match offset.checked_add(length) {
            Some(next) => next,
            None => panic!("lane code has no room for its temporaries"),
        };
        self.most = self.most.max(self.next);
        Location {
            region: Region::TEMPORARIES,
            offset,
            length,
        }
    }

    fn give_back(&mut self, location: Location) {
        if location.region == Region::TEMPORARIES {
            self.free.push(location);
        }
    }
}

/// What is needed to make instructions.
#[derive(Clone, Debug)]
pub(super) struct Assembly {
    dimensions: Dimensions,
    /// How many elements a value of each shape has; none if too many.
    lengths: [Option<u32>; Shape::ALL.len()],
    extents: [Extents; Shape::ALL.len()],
    pub(super) scratch: Scratch,
    pub(super) gathering: Gathering,
    /// The expressions of composite ops. Only looked up, never iterated.
    expansions: FxHashMap<(CompositeOp, [Shape; MAX_ARITY]), Arc<Function>>,
}

impl Assembly {
    pub(super) fn new(dimensions: Dimensions) -> Self {
        let extent = |dimension| narrow(dimensions.extent(dimension));
        Self {
            dimensions,
            lengths: Shape::ALL.map(|shape| u32::try_from(dimensions.elements(shape)?).ok()),
            extents: Shape::ALL.map(|shape| Extents {
                rows: extent(shape.rows()),
                columns: extent(shape.columns()),
                depth: 0,
            }),
            scratch: Scratch::default(),
            gathering: Gathering::default(),
            expansions: FxHashMap::default(),
        }
    }

    /// How many elements a value has.
    ///
    /// # Panics
    /// If they are too many.
    pub(super) fn length(&self, shape: Shape) -> u32 {
        match self.lengths[shape as usize] {
            Some(length) => length,
            None => panic!(
                "a {shape} of {} is too large for lane code",
                self.dimensions
            ),
        }
    }

    /// How many rows and columns a value has.
    const fn extents(&self, shape: Shape) -> Extents {
        self.extents[shape as usize]
    }

    /// The expression of a composite op, which is made once.
    pub(super) fn expansion(&mut self, op: CompositeOp, shapes: &[Shape]) -> Arc<Function> {
        let mut key = [Shape::Scalar; MAX_ARITY];
        key[..shapes.len()].copy_from_slice(shapes);
        let expansion = self.expansions.entry((op, key));
        Arc::clone(expansion.or_insert_with(|| Arc::new(op.expansion(shapes))))
    }

    /// What an op does over operands of these shapes, with what extents, and whether that can be done right where an operand is.
    fn task(&mut self, op: Op, operands: &[Shape], result: Shape) -> (bool, Task, Extents) {
        let none = Extents::default();
        let op = match op {
            Op::Elementwise(op) => return (true, Task::Elementwise(op), none),
            Op::Reduction(op) => {
                let columns = self.length(operands[0]);
                let extents = Extents { columns, ..none };
                return (false, Task::Reduction(op), extents);
            }
            Op::Matrix(op) => op,
            Op::Composite(op) => unreachable!("{} is not expanded", op.mnemonic()),
        };
        let first = self.extents(operands[0]);
        let extents = self.extents(result);
        let moved = |what| (false, Task::Move(what), extents);
        match op.element_form() {
            ElementForm::Transposed if extents.rows == 1 || extents.columns == 1 => {
                (true, Task::Copy, none)
            }
            ElementForm::Transposed => moved(Move::Transposed),
            ElementForm::EachColumn => moved(Move::EachColumn),
            ElementForm::EachRow => moved(Move::EachRow),
            ElementForm::Product { transposed } => {
                let depth = if transposed[0] {
                    first.rows
                } else {
                    first.columns
                };
                let task = match depth {
                    1 => Task::Outer,
                    _ => Task::Product { transposed },
                };
                (false, task, Extents { depth, ..extents })
            }
            ElementForm::RowReduction(op) => {
                let columns = first.columns;
                let extents = Extents { columns, ..none };
                (false, Task::Reduction(op), extents)
            }
            ElementForm::Routine => {
                let pair = |extents: Extents| (extents.rows as usize, extents.columns as usize);
                let mut of_operands = [(0, 0); MAX_ARITY];
                for (of_operand, operand) in of_operands.iter_mut().zip(operands) {
                    *of_operand = pair(self.extents(*operand));
                }
                let depth = self.gathering.push(LaneByLane {
                    op,
                    operands: of_operands,
                    result: pair(extents),
                });
                let depth = narrow(depth);
                (true, Task::LaneByLane, Extents { depth, ..none })
            }
        }
    }
}

/// When the values of a function are used for the last time, and parameters read.
struct Plan {
    /// The last value that has it as an operand, or [`AT_EXIT`]; nothing for what nobody needs.
    last_uses: Vec<Option<usize>>,
    /// The same of what each parameter held at entry.
    last_reads: Vec<Option<usize>>,
}

/// Later than all values.
const AT_EXIT: usize = usize::MAX;

impl Plan {
    fn new(function: &Function) -> Self {
        let mut last_uses = vec![None; function.values().len()];
        for (_, value) in function.stores() {
            last_uses[value.index()] = Some(AT_EXIT);
        }
        let mut last_reads = vec![None; function.parameters().len()];
        for value in function.values().rev() {
            let Some(last_use) = last_uses[value.index()] else {
                continue;
            };
            let definition = function.definition(value);
            for operand in definition.operands() {
                let last = &mut last_uses[operand.index()];
                *last = (*last).max(Some(value.index()));
            }
            match definition {
                Definition::Load(parameter) => {
                    let last = &mut last_reads[parameter.index()];
                    *last = (*last).max(Some(last_use));
                }
                Definition::Constant(_) | Definition::Apply { .. } => {}
            }
        }
        Self {
            last_uses,
            last_reads,
        }
    }

    /// The parameter to whose storage a value is stored and can be written at once: it has the value's
    /// shape, and what it held at entry is not read later, whatever its name there.
    fn own_store(
        &self,
        value: Value,
        shape: Shape,
        function: &Function,
        parameters: &[Placed],
    ) -> Option<ParameterIndex> {
        let mut stores = function.stores().filter(|&(_, stored)| stored == value);
        stores.find_map(|(parameter, _)| {
            let target = parameters[parameter.index()];
            let mut reads = parameters.iter().zip(&self.last_reads);
            let is_free = reads.all(|(other, &last_read)| {
                other.location != target.location || last_read <= Some(value.index())
            });
            (target.shape == shape && is_free).then_some(parameter)
        })
    }
}

impl LaneCode {
    /// Adds what computes an op that is not composite, over operands that it takes, to a place that holds
    /// the result. Locations past the number of operands are none.
    pub(super) fn emit(
        &mut self,
        section: Section,
        op: Op,
        operands: (&[Shape], [Location; MAX_ARITY]),
        result: Shape,
        target: Location,
    ) {
        let (shapes, locations) = operands;
        let (is_safe_in_place, task, extents) = self.assembly.task(op, shapes, result);
        let length = self.assembly.length(result);
        let is_operand = locations.contains(&target);
        let own = if is_operand && !is_safe_in_place {
            self.assembly.scratch.take(length)
        } else {
            target.first(length)
        };
        self.add(
            section,
            Instruction {
                task,
                extents,
                operands: locations,
                result: own,
            },
        );
        if own != target {
            self.emit_copy(section, own, target);
            self.assembly.scratch.give_back(own);
        }
    }

    /// Adds a copy, which fills the target if the source is a scalar.
    pub(super) fn emit_copy(&mut self, section: Section, source: Location, target: Location) {
        let mut operands = [Location::NONE; MAX_ARITY];
        operands[0] = source;
        let task = if source.length == target.length {
            Task::Copy
        } else {
            Task::Fill
        };
        self.add(
            section,
            Instruction {
                task,
                extents: Extents::default(),
                operands,
                result: target,
            },
        );
    }

    /// Adds a function without composite ops whose parameters are these places, some of which may be the
    /// same.
    pub(super) fn append(&mut self, section: Section, function: &Function, parameters: &[Placed]) {
        let plan = Plan::new(function);
        let mut placed: Vec<Option<Placed>> = vec![None; function.values().len()];
        for value in function.values() {
            if plan.last_uses[value.index()].is_none() {
                continue;
            }
            let shape = function.shape(value);
            let (op, operands) = match function.definition(value) {
                Definition::Load(parameter) => {
                    placed[value.index()] = Some(parameters[parameter.index()]);
                    continue;
                }
                Definition::Constant(constant) => {
                    let place = self.constant(constant.value());
                    placed[value.index()] = Some(self.placed(place));
                    continue;
                }
                Definition::Apply { op, operands } => (*op, operands.as_slice()),
            };
            let mut found = [Placed::NONE; MAX_ARITY];
            for (found, operand) in found.iter_mut().zip(operands) {
                if let Some(operand) = placed[operand.index()] {
                    *found = operand;
                }
            }
            let found = &found[..operands.len()];
            let is_elementwise = matches!(op, Op::Elementwise(_));
            if is_elementwise {
                // The result may take an operand's memory.
                self.give_back(&plan, value, operands, found);
            }
            let location = match plan.own_store(value, shape, function, parameters) {
                Some(parameter) => parameters[parameter.index()].location,
                None => {
                    let length = self.assembly.length(shape);
                    self.assembly.scratch.take(length)
                }
            };
            let target = Placed { shape, location };
            let (mut shapes, mut locations) =
                ([Shape::Scalar; MAX_ARITY], [Location::NONE; MAX_ARITY]);
            for (index, placed) in found.iter().enumerate() {
                (shapes[index], locations[index]) = (placed.shape, placed.location);
            }
            let of_operands = (&shapes[..found.len()], locations);
            self.emit(section, op, of_operands, shape, target.location);
            placed[value.index()] = Some(target);
            if !is_elementwise {
                self.give_back(&plan, value, operands, found);
            }
        }
        self.append_stores(section, function, parameters, &placed);
    }

    /// Gives the memory of those operands back that `value` is the last to use.
    fn give_back(&mut self, plan: &Plan, value: Value, operands: &[Value], found: &[Placed]) {
        for (index, (operand, placed)) in operands.iter().zip(found).enumerate() {
            let is_last = plan.last_uses[operand.index()] == Some(value.index());
            // An operand can be there twice.
            if is_last && !operands[..index].contains(operand) {
                self.assembly.scratch.give_back(placed.location);
            }
        }
    }

    /// Adds the copies to where values are stored that were not computed there.
    fn append_stores(
        &mut self,
        section: Section,
        function: &Function,
        parameters: &[Placed],
        placed: &[Option<Placed>],
    ) {
        let stores = function.stores().filter_map(|(parameter, value)| {
            let target = parameters[parameter.index()].location;
            let source = placed[value.index()]?.location;
            (source != target).then_some((source, target))
        });
        let stores: Vec<(Location, Location)> = stores.collect();
        let sources: Vec<Location> = stores
            .iter()
            .map(|&(source, _)| {
                if stores.iter().all(|&(_, target)| target != source) {
                    return source;
                }
                // Parameters that trade contents.
                let aside = self.assembly.scratch.take(source.length);
                self.emit_copy(section, source, aside);
                aside
            })
            .collect();
        for (source, (_, target)) in sources.into_iter().zip(stores) {
            self.emit_copy(section, source, target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporaries_take_memory_that_is_given_back() {
        let mut scratch = Scratch::default();
        let first = scratch.take(3);
        let second = scratch.take(1);
        assert_eq!((first.offset, second.offset), (0, 3));
        scratch.give_back(first);
        // A cell is nobody's to give.
        scratch.give_back(Location::NONE.first(3));
        assert_eq!(scratch.take(1).offset, 4);
        assert_eq!(scratch.take(3), first);
        assert_eq!(scratch.most(), 5);
        scratch.begin();
        assert_eq!(scratch.take(2).offset, 0);
        assert_eq!(scratch.most(), 5);
    }

    #[test]
    fn a_value_is_computed_where_it_is_stored_if_nothing_reads_there_later() {
        let counted = |body: &str| {
            let text = format!("function f\nread_write p column\nread_write q column\n\n{body}");
            let function = match Function::parse(&text) {
                Ok(function) => function,
                Err(error) => panic!("{error}\n{text}"),
            };
            let mut code = LaneCode::new(Dimensions::new(3, 1), 1);
            let section = code.push_function(&function);
            (
                code.instruction_count(section),
                code.assembly.scratch.most(),
            )
        };
        let loads = "v0 = load p\nv1 = load q\n";
        // In place, one after the other.
        let ops = "v2 = neg(v0)\nv3 = abs(v1)\n\nstore p = v2\nstore q = v3\n";
        assert_eq!(counted(&format!("{loads}{ops}")), (2, 0));
        // p is read after its new content is known.
        let ops = "v2 = neg(v0)\nv3 = add(v1, v0)\n\nstore p = v2\nstore q = v3\n";
        assert_eq!(counted(&format!("{loads}{ops}")), (3, 3));
        // They trade contents: each is taken aside.
        let ops = "\nstore p = v1\nstore q = v0\n";
        assert_eq!(counted(&format!("{loads}{ops}")), (4, 6));
        // What nothing needs is not computed, and what stays as it is is not copied.
        let ops = "v2 = exp(v0)\n\nstore p = v0\nstore q = v1\n";
        assert_eq!(counted(&format!("{loads}{ops}")), (0, 0));
    }
}
