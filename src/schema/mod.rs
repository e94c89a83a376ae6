//! Which cells and functions a kind of program has, as data.
//!
//! Text, verification, variation and lowering are written once against [`SchemaDescription`] and
//! never ask which schema they have. To add one, describe it in a file of its own and add its row.
//!
//! A program is a set of functions over one table of cells. Which function may be called after which is
//! data as well, since it decides what of a cell's content can matter to a later call. A schema may be made of others'
//! functions: `algorithm` has those of `loss` and `optimizer`.

mod algorithm;
mod cell_counts;
mod form;
pub(crate) mod learner;
pub(crate) mod loss;
mod optimizer;

use compact_str::format_compact;
use mlevolve_ir::Shape;

use crate::contest::Trainer;
use crate::fitness::{DataSettings, Judge, JudgeError};
use crate::program::{Cell, Constant, Program, Role};
use crate::search::{SearchSettings, SearchSettingsError};

pub use cell_counts::{CellCounts, CellCountsError};
pub use form::Form;
pub use optimizer::LEARNING_RATE;

/// The data that defines a schema.
#[derive(Debug)]
pub struct SchemaDescription {
    /// Its word in program text.
    pub name: &'static str,
    /// Raised when programs of the version before would change their meaning.
    pub version: u32,
    /// The functions that a program defines, in the order in which text lists them.
    pub functions: &'static [FunctionDescription],
    /// The cells that every program has. No program has further inputs or outputs.
    pub required: &'static [RequiredCell],
    /// The cells that a program of the standard layout has after the required ones.
    pub standard: &'static [StandardCells],
    /// The most cells that a program may have.
    pub maximum_cells: usize,
    /// The most instructions that each function may have.
    pub maximum_instructions: usize,
    /// How programs are judged.
    pub judging: Judging,
    /// The known programs that others' costs are told beside: the first that is of the same form.
    pub cost_references: &'static [&'static str],
}

/// The most functions that programs of a schema have.
pub(crate) const MOST_FUNCTIONS: usize = 4;

/// Makes the judge that a search with these settings needs, on these data.
pub type MakeJudge = fn(&SearchSettings, &DataSettings) -> Result<Box<dyn Judge>, JudgeError>;

/// Makes a judge on what a search with these settings does not see; nothing if it sees all.
pub type MakeUnseenJudge = fn(&SearchSettings) -> Result<Option<Box<dyn Judge>>, JudgeError>;

/// Makes what trains models in a contest of a program.
pub type MakeTrainer = fn(&Program) -> Result<Trainer, JudgeError>;

/// How programs of a schema are judged.
#[derive(Debug)]
pub struct Judging {
    /// The settings of a search, if nothing else is said.
    pub defaults: fn() -> SearchSettings,
    /// Whether there are such tasks, and what else only the schema can tell of settings.
    pub validate: fn(&SearchSettings) -> Result<(), SearchSettingsError>,
    /// The form of the programs that a search with these settings is for.
    pub form: fn(&SearchSettings) -> Form,
    /// The judge of a search and of what it found.
    pub judge: MakeJudge,
    /// A second judge of what it found.
    pub held_out: MakeUnseenJudge,
    /// How a program takes part in a contest.
    pub trainer: MakeTrainer,
}

/// A function of every program of a schema.
#[derive(Clone, Copy, Debug)]
pub struct FunctionDescription {
    /// Its name.
    pub name: &'static str,
    /// The functions whose call may be the next one after a call of this one.
    pub followed_by: &'static [&'static str],
    /// Whether state lasts from one call to the next. If not, the function has nothing to do with cells of
    /// state.
    pub keeps_state: bool,
    /// The shapes of cells that it may name.
    pub shapes: &'static [Shape],
}

/// A cell that every program of a schema has.
#[derive(Clone, Copy, Debug)]
pub struct RequiredCell {
    /// Its name in every program.
    pub name: &'static str,
    /// What it may hold: in each [form](Form) of the schema's programs one of these, or in all of them the only one.
    pub shapes: &'static [Shape],
    /// What it is for.
    pub role: RequiredRole,
    /// The functions that may name it; all, if there are none.
    pub known_to: &'static [&'static str],
}

impl RequiredCell {
    /// Whether instructions of a function may name the cell.
    #[must_use]
    pub fn is_known_to(&self, function: &str) -> bool {
        self.known_to.is_empty() || self.known_to.contains(&function)
    }
}

/// What a required cell is for.
#[derive(Clone, Copy, Debug)]
pub enum RequiredRole {
    /// Set by the caller.
    Input,
    /// A result that is the caller's to use.
    Output,
    /// State whose content at the end of a function is the caller's to use.
    Result {
        /// The function's name.
        of: &'static str,
    },
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
            Self::Result { .. } => Role::State,
            Self::PositiveConstant { default, .. } => Role::Constant(*default),
        }
    }
}

/// Like cells of the standard layout: `prefix0`, `prefix1`, …
#[derive(Clone, Copy, Debug)]
pub struct StandardCells {
    /// What they are called in settings.
    pub group: &'static str,
    /// What their names begin with.
    pub prefix: &'static str,
    /// How many there are, if settings do not say.
    pub count: usize,
    /// What each holds.
    pub shape: Shape,
    /// What each is for; for constants, with the value of those that a program leaves unused.
    pub role: Role,
    /// The functions that they are meant for; all, if there are none. New instructions of other functions do not name
    /// them, while a person's program may.
    pub meant_for: &'static [&'static str],
}

impl StandardCells {
    /// Whether a cell is one of these.
    fn has(&self, cell: &Cell) -> bool {
        let number = cell.name.strip_prefix(self.prefix);
        let is_numbered = number.is_some_and(|number| number.parse::<usize>().is_ok());
        is_numbered && self.shape == cell.shape && self.role.same_kind(cell.role)
    }
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
    /// A whole learner: `setup()`, `predict(x) -> prediction`, `learn(x, y, prediction)`.
    Learner = learner;
    /// What is minimised: `loss(prediction, target) -> loss`.
    Loss = loss;
    /// What is minimised and how a parameter tensor moves: `loss` and `update`.
    Algorithm = algorithm;
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

    /// The schemas that this one is made of: others that have no functions and require no cells that this one does not.
    pub(crate) fn parts(self) -> impl Iterator<Item = Self> {
        let has_all_of = move |part: &Self| {
            let (whole, part) = (self.description(), part.description());
            let mut functions = part.functions.iter();
            let mut required = part.required.iter();
            functions.all(|function| whole.functions.iter().any(|it| it.name == function.name))
                && required.all(|cell| self.required_cell(cell.name).is_some())
        };
        let others = Self::ALL.iter().copied();
        others.filter(move |part| *part != self && has_all_of(part))
    }

    /// The cell that every program has under this name, if any.
    #[must_use]
    pub fn required_cell(self, name: &str) -> Option<&'static RequiredCell> {
        self.description()
            .required
            .iter()
            .find(|cell| cell.name == name)
    }

    /// The shapes that cells may have: those of some function.
    pub(crate) fn shapes(self) -> impl Iterator<Item = Shape> + Clone {
        let functions = self.description().functions.iter();
        let has = move |shape: &Shape| {
            let mut functions = functions.clone();
            functions.any(|function| function.shapes.contains(shape))
        };
        Shape::ALL.into_iter().filter(has)
    }

    /// Whether new instructions of a function may name a cell.
    pub(crate) fn offers(self, cell: &Cell, function: &FunctionDescription) -> bool {
        let is_known = match self.required_cell(&cell.name) {
            Some(required) => required.is_known_to(function.name),
            None => self.is_meant_for(cell, function.name),
        };
        is_known
            && function.shapes.contains(&cell.shape)
            && (cell.role != Role::State || function.keeps_state)
    }

    /// Whether a cell that is not required is of a group that is meant for a function, or of none.
    pub(crate) fn is_meant_for(self, cell: &Cell, function: &str) -> bool {
        let mut groups = self.description().standard.iter();
        let group = groups.find(|group| group.has(cell));
        group.is_none_or(|group| group.meant_for.is_empty() || group.meant_for.contains(&function))
    }

    /// For each function, the places of those that may be called next.
    pub(crate) fn followers(self) -> Vec<Vec<usize>> {
        let functions = self.description().functions;
        let place = |name: &&str| functions.iter().position(|function| function.name == *name);
        functions
            .iter()
            .map(|function| function.followed_by.iter().filter_map(place).collect())
            .collect()
    }

    /// Whether what a cell holds at the end of a function is the caller's to use.
    #[must_use]
    pub fn is_output(self, cell: &Cell, function: &str) -> bool {
        self.required_cell(&cell.name)
            .is_some_and(|required| match required.role {
                RequiredRole::Output | RequiredRole::Increment { .. } => {
                    required.is_known_to(function)
                }
                RequiredRole::Result { of } => of == function,
                RequiredRole::Input | RequiredRole::PositiveConstant { .. } => false,
            })
    }

    /// The cells of the standard layout, in the standard form. A search works on programs that all have one table,
    /// so that an instruction means the same in each of them and splicing is a plain cut.
    #[must_use]
    pub fn standard_cells(self) -> Vec<Cell> {
        self.cells(Form::STANDARD, &CellCounts::default())
    }

    /// The required cells in a form, and so many of each group of the standard layout.
    #[must_use]
    pub fn cells(self, form: Form, counts: &CellCounts) -> Vec<Cell> {
        let description = self.description();
        let required = description.required.iter().map(|cell| Cell {
            name: cell.name.into(),
            shape: cell.shape(form),
            role: cell.role.role(),
        });
        let further = description.standard.iter().flat_map(|group| {
            (0..counts.of(group)).map(|index| Cell {
                name: format_compact!("{}{index}", group.prefix),
                shape: group.shape,
                role: group.role,
            })
        });
        required.chain(further).collect()
    }
}
