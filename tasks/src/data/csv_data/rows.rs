//! The lines of a user's table, each checked as it is read.

use std::collections::BTreeMap;

use super::super::error::{DataError, excerpt};
use super::super::table::{Record, Records};
use super::fields::{is_text, trimmed};
use super::layout::{Layout, delimiter};

/// Of all examples together.
const MAXIMUM_FEATURES: usize = 1 << 24;
/// Labels are bytes.
const MAXIMUM_CLASSES: usize = 256;
/// Of which two validate.
const MINIMUM_EXAMPLES: usize = 10;
/// All that a file says.
pub(super) struct Table {
    pub(super) layout: Layout,
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
    /// Reads all lines.
    ///
    /// # Errors
    ///
    /// If a line is not what the first promises, a field is not what its column wants, or there is too much or too
    /// little of all.
    pub(super) fn read(file: &str, text: &[u8], target: &str) -> Result<Self, DataError> {
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
            layout: Layout::of(file, first, target)?,
            features: Vec::new(),
            targets: Targets::Numbers(Vec::new()),
        };
        if !table.layout.has_header() {
            table.take(line, first)?;
        }
        while let Some((line, record)) = records.next()? {
            table.take(line, record)?;
        }
        let examples = table.targets.count();
        if examples < MINIMUM_EXAMPLES {
            let expected = format!("at least {MINIMUM_EXAMPLES} rows of examples");
            return Err(table.layout.refused(expected, examples.to_string()));
        }
        Ok(table)
    }

    /// Takes up one example.
    fn take(&mut self, line: u64, record: Record<'_>) -> Result<(), DataError> {
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
        if self.targets.count() == 0 && is_text(&trimmed(target)) {
            self.targets = Targets::Classes(Labels::default());
        }
        match &mut self.targets {
            Targets::Numbers(numbers) => {
                numbers.push(layout.number(line, layout.target, target)?);
            }
            Targets::Classes(labels) => labels.take(layout, line, target)?,
        }
        Ok(())
    }
}

impl Targets {
    fn count(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Classes(labels) => labels.examples.len(),
        }
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
    fn take(&mut self, layout: &Layout, line: u64, field: &[u8]) -> Result<(), DataError> {
        let name = layout.present(line, layout.target, field)?;
        let next = self.numbers.len();
        self.examples
            .push(*self.numbers.entry(name.into_owned()).or_insert(next));
        if self.numbers.len() > MAXIMUM_CLASSES {
            let expected = format!(
                "one of at most {MAXIMUM_CLASSES} classes, as the first example's target is text"
            );
            return Err(layout.unexpected(line, layout.target, expected, field));
        }
        Ok(())
    }

    /// Each example's class, by its place among the names, and the names.
    ///
    /// # Errors
    ///
    /// If there is only one class, or a class has only one example.
    pub(super) fn in_alphabetical_order(
        self,
        layout: &Layout,
    ) -> Result<(Vec<u8>, Vec<String>), DataError> {
        let mut places = vec![0_u8; self.numbers.len()];
        let mut names = Vec::with_capacity(self.numbers.len());
        for (name, number) in self.numbers {
            // There are at most 256.
            places[number] = names.len() as u8;
            names.push(name);
        }
        let labels: Vec<u8> = self.examples.iter().map(|number| places[*number]).collect();
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
