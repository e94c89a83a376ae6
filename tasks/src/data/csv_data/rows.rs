//! The lines of a user's table, each checked as it is read.

use std::collections::BTreeMap;

use super::super::error::{DataError, excerpt};
use super::super::table::{Record, Records};
use super::fields::{is_text, trimmed};
use super::layout::{Layout, delimiter};

/// Of all examples together.
const MAXIMUM_FEATURES: usize = 1 << 24;
/// What the rows of a file must be, beyond what its first line says.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) minimum_examples: usize,
    /// No more than 256, as classes are bytes.
    pub(super) maximum_classes: usize,
    /// What an error expects in the place of one class more.
    pub(super) too_many_classes: &'static str,
    /// What targets are; where nothing is said, what the first one is.
    pub(super) kind: Option<TargetKind>,
}

/// What is to be predicted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetKind {
    Numbers,
    Classes,
}

/// All that a file says.
pub(super) struct Table {
    pub(super) layout: Layout,
    /// The line that each example begins on.
    pub(super) lines: Vec<u64>,
    /// Example by example, one fewer than there are columns each.
    pub(super) features: Vec<f64>,
    pub(super) targets: Targets,
}

/// What is to be predicted, example by example.
pub(super) enum Targets {
    Numbers(Vec<f64>),
    Classes(Labels),
}

impl Table {
    /// Reads all lines; `layout` makes of the first line, and of its number, what it says about all.
    ///
    /// # Errors
    ///
    /// If `layout` fails, a line is not what the first promises, a field is not what its column wants, or there is too
    /// much or too little of all.
    pub(super) fn read(
        file: &str,
        text: &[u8],
        rules: Rules,
        layout: impl FnOnce(u64, Record<'_>) -> Result<Layout, DataError>,
    ) -> Result<Self, DataError> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let mut records = Records::new(file, text, delimiter(text));
        let Some((line, first)) = records.next()? else {
            return Err(DataError::Whole {
                file: file.to_owned(),
                expected: "a table".to_owned(),
                found: "nothing".to_owned(),
            });
        };
        let mut table = Self {
            layout: layout(line, first)?,
            lines: Vec::new(),
            features: Vec::new(),
            targets: Targets::Numbers(Vec::new()),
        };
        if !table.layout.has_header() {
            table.take(line, first, rules)?;
        }
        while let Some((line, record)) = records.next()? {
            table.take(line, record, rules)?;
        }
        let examples = table.lines.len();
        if examples < rules.minimum_examples {
            let expected = format!("at least {} rows of examples", rules.minimum_examples);
            return Err(table.layout.refused(expected, examples.to_string()));
        }
        Ok(table)
    }

    /// Takes up one example.
    fn take(&mut self, line: u64, record: Record<'_>, rules: Rules) -> Result<(), DataError> {
        let layout = &self.layout;
        if record.columns() != layout.columns {
            return Err(layout.wrong_columns(line, record.columns()));
        }
        if self.features.len() + layout.columns - 1 > MAXIMUM_FEATURES {
            let expected = format!("at most {MAXIMUM_FEATURES} features in all rows");
            return Err(layout.refused(expected, format!("more on line {line}")));
        }
        for column in layout.features() {
            self.features
                .push(layout.number(line, column, record.field(column))?);
        }
        let target = record.field(layout.target);
        if self.lines.is_empty() {
            let kind = rules.kind.unwrap_or_else(|| {
                if is_text(&trimmed(target)) {
                    TargetKind::Classes
                } else {
                    TargetKind::Numbers
                }
            });
            self.targets = match kind {
                TargetKind::Numbers => Targets::Numbers(Vec::new()),
                TargetKind::Classes => Targets::Classes(Labels::default()),
            };
        }
        match &mut self.targets {
            Targets::Numbers(numbers) => {
                numbers.push(layout.number(line, layout.target, target)?);
            }
            Targets::Classes(labels) => labels.take(layout, line, target, rules)?,
        }
        self.lines.push(line);
        Ok(())
    }
}

/// The classes of the examples.
#[derive(Default)]
pub(super) struct Labels {
    /// Classes by name, with their numbers in order of appearance.
    numbers: BTreeMap<String, usize>,
    /// The number of each example's class.
    examples: Vec<usize>,
}

impl Labels {
    fn take(
        &mut self,
        layout: &Layout,
        line: u64,
        field: &[u8],
        rules: Rules,
    ) -> Result<(), DataError> {
        let name = layout.present(line, layout.target, field)?;
        let next = self.numbers.len();
        self.examples
            .push(*self.numbers.entry(name.into_owned()).or_insert(next));
        if self.numbers.len() > rules.maximum_classes {
            return Err(layout.unexpected(line, layout.target, rules.too_many_classes, field));
        }
        Ok(())
    }

    /// Each example's class, by its place among the names, and the names in alphabetical order.
    pub(super) fn places_and_names(self) -> (Vec<u8>, Vec<String>) {
        let mut places = vec![0_u8; self.numbers.len()];
        let mut names = Vec::with_capacity(self.numbers.len());
        for (name, number) in self.numbers {
            // There are at most 256.
            places[number] = names.len() as u8;
            names.push(name);
        }
        let labels = self.examples.iter().map(|number| places[*number]).collect();
        (labels, names)
    }

    /// [`Self::places_and_names`], of two classes or more with two examples or more each.
    ///
    /// # Errors
    ///
    /// If there is only one class, or a class has only one example.
    pub(super) fn in_alphabetical_order(
        self,
        layout: &Layout,
    ) -> Result<(Vec<u8>, Vec<String>), DataError> {
        let (labels, names) = self.places_and_names();
        if names.len() < 2 {
            return Err(layout.refused("2 classes or more", names.len().to_string()));
        }
        for (class, name) in names.iter().enumerate() {
            let examples = labels.iter().filter(|label| usize::from(**label) == class);
            if examples.count() < 2 {
                let found = format!("1 of {:?}", excerpt(name.as_bytes()));
                return Err(layout.refused("at least 2 examples of each class", found));
            }
        }
        Ok((labels, names))
    }
}
