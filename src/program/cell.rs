//! The typed registers that a program's instructions read and write.

use std::fmt;

use compact_str::CompactString;
use mlevolve_ir::Shape;

use super::Constant;

/// What a cell is for: who sets it, and how long it keeps its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Set by the caller at each call. Programs only read it.
    Input,
    /// A number of the program's own, open to evolution. Programs only read it.
    Constant(Constant),
    /// Zero at the start of a run; keeps its value from one call to the next.
    State,
    /// Zero at the start of each call.
    Scratch,
    /// Zero at the start of each call; what it holds at the end is the result.
    Output,
}

impl Role {
    /// Every role, in the order in which messages list them; the constant is 0.
    pub const ALL: [Self; 5] = [
        Self::Input,
        Self::Constant(Constant::literal(0.0)),
        Self::State,
        Self::Scratch,
        Self::Output,
    ];

    /// The role's word in program text.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Constant(_) => "constant",
            Self::State => "state",
            Self::Scratch => "scratch",
            Self::Output => "output",
        }
    }

    /// The role that `keyword` names, if any; for constants with the value 0.
    #[must_use]
    pub fn from_keyword(keyword: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.keyword() == keyword)
    }

    /// Whether instructions may write the cell.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        match self {
            Self::Input | Self::Constant(_) => false,
            Self::State | Self::Scratch | Self::Output => true,
        }
    }

    /// Whether both are the same role; constants of any value are.
    #[must_use]
    pub fn same_kind(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

/// One typed register.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    /// What program text calls it. Short names take no memory of their own: programs are copied by the million.
    pub name: CompactString,
    /// What it holds.
    pub shape: Shape,
    /// What it is for.
    pub role: Role,
}

impl fmt::Display for Cell {
    /// The cell's declaration in program text.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, shape, role } = self;
        let keyword = role.keyword();
        match role {
            Role::Constant(value) => write!(formatter, "{keyword} {name} = {value}"),
            Role::Input | Role::State | Role::Scratch | Role::Output => {
                write!(formatter, "{keyword} {name} {shape}")
            }
        }
    }
}

/// A cell's place in its program's table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CellIndex(u16);

impl CellIndex {
    /// The place `index`, counted from 0.
    #[must_use]
    pub const fn new(index: u16) -> Self {
        Self(index)
    }

    /// The place, counted from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Every cell of a table with its place.
    pub fn enumerate(cells: &[Cell]) -> impl Iterator<Item = (Self, &Cell)> {
        (0..=u16::MAX).map(Self).zip(cells)
    }
}
