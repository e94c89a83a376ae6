//! Which cells and functions a kind of program has, as data.
//!
//! Text, verification, variation and lowering are written once against [`SchemaDescription`] and
//! never ask which schema they have. To add one, describe it in a file of its own and add its row.

mod optimizer;

use mlevolve_ir::Shape;

use super::{Cell, Constant, Role};

/// The data that defines a schema.
#[derive(Debug)]
pub struct SchemaDescription {
    /// Its word in program text.
    pub name: &'static str,
    /// Raised when programs of the version before would change their meaning.
    pub version: u32,
    /// The functions that a program defines, in the order in which text lists them.
    pub functions: &'static [&'static str],
    /// The cells that every program has. No program has further inputs or outputs.
    pub required: &'static [RequiredCell],
    /// The cells that a program of the standard layout has after the required ones.
    pub standard: &'static [StandardCells],
    /// The most cells that a program may have.
    pub maximum_cells: usize,
    /// The most instructions that each function may have.
    pub maximum_instructions: usize,
}

/// A cell that every program of a schema has.
#[derive(Debug)]
pub struct RequiredCell {
    /// Its name in every program.
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// What it is for.
    pub role: RequiredRole,
}

/// What a required cell is for.
#[derive(Debug)]
pub enum RequiredRole {
    /// Set by the caller.
    Input,
    /// A result that is the caller's to use.
    Output,
    /// A result that is added to an input in place, once a call has ended.
    Increment {
        /// The input's name; it has the same shape.
        of: &'static str,
    },
    /// A constant that must be greater than 0, such as a learning rate.
    PositiveConstant {
        /// Its value where nothing else is said.
        default: Constant,
        /// The range over which the logarithm of a random value is uniform.
        drawn_from: [f32; 2],
    },
}

impl RequiredRole {
    /// The role of a cell made for this requirement.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self {
            Self::Input => Role::Input,
            Self::Output | Self::Increment { .. } => Role::Output,
            Self::PositiveConstant { default, .. } => Role::Constant(*default),
        }
    }
}

/// Like cells of the standard layout: `prefix0`, `prefix1`, …
#[derive(Debug)]
pub struct StandardCells {
    /// What their names begin with.
    pub prefix: &'static str,
    /// How many there are.
    pub count: usize,
    /// What each holds.
    pub shape: Shape,
    /// What each is for; for constants, with the value of those that a program leaves unused.
    pub role: Role,
}

/// Turns the list of schemas into the enum and its descriptions.
macro_rules! schemas {
    ($($(#[doc = $summary:literal])+ $name:ident = $module:ident;)+) => {
        /// A kind of program.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Schema {
            $($(#[doc = $summary])+ $name,)+
        }

        impl Schema {
            /// Every schema.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// What defines the schema.
            #[must_use]
            pub const fn description(self) -> &'static SchemaDescription {
                match self { $(Self::$name => &$module::DESCRIPTION,)+ }
            }
        }
    };
}

schemas! {
    /// How a parameter tensor moves: `update(w, g, step, state…) -> delta, state…`.
    Optimizer = optimizer;
}

impl Schema {
    /// The schema that `name` means in program text, if any.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|schema| schema.description().name == name)
    }

    /// The cell that every program has under this name, if any.
    #[must_use]
    pub fn required_cell(self, name: &str) -> Option<&'static RequiredCell> {
        self.description()
            .required
            .iter()
            .find(|cell| cell.name == name)
    }

    /// The cells of the standard layout. A search works on programs that all have this one table,
    /// so that an instruction means the same in each of them and splicing is a plain cut.
    #[must_use]
    pub fn standard_cells(self) -> Vec<Cell> {
        let description = self.description();
        let required = description.required.iter().map(|cell| Cell {
            name: cell.name.to_owned(),
            shape: cell.shape,
            role: cell.role.role(),
        });
        let further = description.standard.iter().flat_map(|group| {
            (0..group.count).map(|index| Cell {
                name: format!("{}{index}", group.prefix),
                shape: group.shape,
                role: group.role,
            })
        });
        required.chain(further).collect()
    }
}
