//! A user's table: a text file of examples, one of whose columns is to be predicted from the others.
//!
//! ```text
//!  bytes ──source──► text ──rows──► Layout (header? which column is the target?) ──► rows of numbers and a target
//!                                                                                              │
//!        CsvData ◄──standardise── without features that do not vary ◄── split ◄────────────────┘
//! ```
//!
//! What a file may look like:
//!
//! - Fields are separated by commas, semicolons or tabs: by the one of tab, semicolon, comma that comes first in this
//!   list and is in the first line outside quotes. Fields may be in double quotes. The file may be gzipped.
//! - The first line is a header if the target is asked for by a name in it; if it is asked for by number, if any other
//!   field of the first line is text. So a first line of nothing but numbers is an example.
//! - The target is classes if its first value is text, and a number if that is one: whole numbers are numbers, however
//!   few there are, since nothing in a file tells ratings from classes. Who has classes as numbers writes them as text.
//! - Every feature is a number. Missing values and text are refused, with the place: how to fill or encode them is a
//!   choice that changes results, so it is not made here in silence.
//!
//! A learner is taught from two such tables, whose last column is what is asked of it: see [`lesson_files`].
//!
//! A fifth of the examples validates, of classes a fifth of each, by a shuffle that depends on the number of examples
//! alone. Features and numeric targets are standardised by the training part. Features that do not vary there are left
//! out and named: those whose standard deviation is less than 10⁻¹² of their largest value, which is as much as rounding
//! makes of a constant.

mod fields;
mod layout;
mod lesson_files;
mod rows;

use std::path::Path;

use super::error::DataError;
use super::examples::{Divided, ExampleTable, FeatureScaling, Moments, RawExamples};
use super::source::Source;
use super::split::{Split, fifth};
use layout::Layout;
pub(crate) use lesson_files::{LessonFiles, LessonLabels};
use rows::{Rules, Table, Targets};

/// The largest file, decompressed.
const MAXIMUM_BYTES: u64 = 256 << 20;
/// A fifth of the examples validates, so 10 are 8 and 2.
const RULES: Rules = Rules {
    minimum_examples: 10,
    maximum_classes: 256,
    too_many_classes: "one of at most 256 classes, as the first example's target is text",
    kind: None,
};
/// The least standard deviation of what varies, as a part of the largest value.
const LEAST_VARIATION: f64 = 1e-12;

/// A user's examples, divided once and for all and standardised.
#[derive(Debug, Clone)]
pub struct CsvData {
    /// The name of the column to be predicted; without a header, `column` and its number.
    pub target: String,
    /// The names of the features, in the order of the file.
    pub features: Vec<String>,
    /// The names of the features that were left out because they do not vary in the training part.
    pub constant_features: Vec<String>,
    /// The examples.
    pub examples: CsvExamples,
}

/// A user's examples, by the kind of their target.
#[derive(Debug, Clone)]
pub enum CsvExamples {
    /// Numbers, with mean 0 and variance 1 over the training part.
    Regression(Divided<ExampleTable<f32>>),
    /// Classes.
    Classification {
        /// A class is an index into `classes`.
        examples: Divided<ExampleTable<u8>>,
        /// What the file calls the classes, in alphabetical order.
        classes: Vec<String>,
    },
}

/// Reads a file of examples, of which the column `target` (a name, or a number from 1) is to be predicted.
///
/// # Errors
///
/// If the file cannot be read, is larger than 256 MiB, 4,096 columns or 2²⁴ features in all; if it has fewer than 10
/// examples or no such target; if lines differ in length, a feature is missing or no number, or a number is beyond
/// 10¹⁰⁰; if a class has a single example or there are fewer than 2 or more than 256 of them; if nothing varies.
pub fn load_csv(path: &Path, target: &str) -> Result<CsvData, DataError> {
    read_csv(Source::open(path)?, target)
}

/// [`load_csv`] of a file's bytes, which errors call `file`.
///
/// # Errors
///
/// As [`load_csv`].
pub fn parse_csv(file: &str, bytes: &[u8], target: &str) -> Result<CsvData, DataError> {
    read_csv(Source::new(file, bytes)?, target)
}

fn read_csv(mut source: Source<'_>, target: &str) -> Result<CsvData, DataError> {
    let text = source.rest(MAXIMUM_BYTES)?;
    let Table {
        layout,
        features,
        targets,
        ..
    } = Table::read(source.file(), &text, RULES, |_, first| {
        Layout::of(source.file(), first, target)
    })?;
    let feature_count = layout.columns - 1;
    match targets {
        Targets::Numbers(targets) => {
            let count = targets.len();
            let split = Split::fixed(count, fifth(count));
            let training = split.training.iter().map(|row| targets[*row]);
            if !varies(Moments::of(training), targets.iter().copied()) {
                return Err(layout.refused("a target that varies", "one number"));
            }
            let raw = RawExamples {
                feature_count,
                features,
                targets,
            };
            let (raw, names) = Names::of_varying(raw, &split, &layout)?;
            let divided = raw.divide(&split, FeatureScaling::Standardise);
            Ok(names.with(CsvExamples::Regression(divided)))
        }
        Targets::Classes(labels) => {
            let (targets, classes) = labels.in_alphabetical_order(&layout)?;
            let split = Split::stratified(&targets, classes.len());
            let raw = RawExamples {
                feature_count,
                features,
                targets,
            };
            let (raw, names) = Names::of_varying(raw, &split, &layout)?;
            let examples = raw.divide(&split, FeatureScaling::Standardise);
            Ok(names.with(CsvExamples::Classification { examples, classes }))
        }
    }
}

/// The names of the columns, by what became of them.
struct Names {
    target: String,
    features: Vec<String>,
    constant_features: Vec<String>,
}

impl Names {
    /// Takes out the features that do not vary in the training part.
    ///
    /// # Errors
    ///
    /// If that is all of them.
    fn of_varying<Target>(
        raw: RawExamples<Target>,
        split: &Split,
        layout: &Layout,
    ) -> Result<(RawExamples<Target>, Self), DataError> {
        let columns = layout.features().zip(raw.moments(&split.training));
        let (varying, constant): (Vec<_>, Vec<_>) =
            columns.enumerate().partition(|(feature, (_, moments))| {
                let rows = raw.features.chunks_exact(raw.feature_count);
                varies(*moments, rows.map(|row| row[*feature]))
            });
        if varying.is_empty() {
            return Err(layout.refused("a feature that varies in the training part", "none"));
        }
        let features = raw
            .features
            .chunks_exact(raw.feature_count)
            .flat_map(|row| varying.iter().map(|(feature, _)| row[*feature]))
            .collect();
        let names = |features: &[(usize, (usize, Moments))]| {
            let columns = features.iter().map(|(_, (column, _))| *column);
            columns.map(|column| layout.name(column)).collect()
        };
        let names = Self {
            target: layout.name(layout.target),
            features: names(&varying),
            constant_features: names(&constant),
        };
        let raw = RawExamples {
            feature_count: varying.len(),
            features,
            targets: raw.targets,
        };
        Ok((raw, names))
    }

    fn with(self, examples: CsvExamples) -> CsvData {
        CsvData {
            target: self.target,
            features: self.features,
            constant_features: self.constant_features,
            examples,
        }
    }
}

/// Whether numbers with these moments in the training part vary there. What does can be standardised: no number becomes
/// infinite.
fn varies(training: Moments, all: impl Iterator<Item = f64>) -> bool {
    let largest = all.map(f64::abs).fold(0.0, f64::max);
    libm::sqrt(training.variance) > LEAST_VARIATION * largest
}

#[cfg(test)]
mod tests {
    use super::super::examples::tests::moments;
    use super::super::source::tests::gzip;
    use super::*;
    use rand::RngExt;

    /// A table with a header, 20 rows of `row(index)`, and after them what is given.
    fn table(header: &str, row: impl Fn(usize) -> String, more: &str) -> String {
        let rows: Vec<_> = (0..20).map(row).collect();
        format!("{header}\n{}\n{more}", rows.join("\n"))
    }

    fn numbers(index: usize) -> String {
        format!("{index},{},{}", index * index, 3 * index)
    }

    fn regression(text: &str, target: &str) -> (CsvData, Divided<ExampleTable<f32>>) {
        let data = parse_csv("file", text.as_bytes(), target).expect(text);
        let CsvExamples::Regression(divided) = data.examples.clone() else {
            panic!("no regression: {text}")
        };
        (data, divided)
    }

    fn message(text: &str, target: &str) -> String {
        let error = parse_csv("file", text.as_bytes(), target).expect_err(text);
        error.to_string()
    }

    #[test]
    fn numbers_as_target_make_a_regression() {
        let (data, divided) = regression(&table("a,b,price", numbers, ""), "price");
        assert_eq!(
            (data.target.as_str(), data.features),
            ("price", vec!["a".to_owned(), "b".to_owned()])
        );
        let Divided {
            training,
            validation,
        } = divided;
        assert_eq!((training.count(), validation.count()), (16, 4));
        for of in moments(&training) {
            assert!(of.mean.abs() < 1e-6 && (of.variance - 1.0).abs() < 1e-6);
        }
        // The target is three times the first feature, so standardised they are the same.
        for part in [&training, &validation] {
            for row in 0..part.count() {
                assert!((part.targets()[row] - part.features(row)[0]).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn text_as_target_makes_classes() {
        let class = |index: usize| ["tulip", "7", "rose"][index % 3];
        let text = table(
            "size,kind",
            |index| format!("{},{}", index % 3, class(index)),
            "",
        );
        for bytes in [gzip(&text), text.into_bytes()] {
            let data = parse_csv("file", &bytes, "kind").expect("a sound file");
            let CsvExamples::Classification { examples, classes } = data.examples else {
                panic!("no classes")
            };
            assert_eq!(classes, ["7", "rose", "tulip"]);
            // 7, 7 and 6 examples: one of each five validates.
            assert_eq!(
                (examples.training.count(), examples.validation.count()),
                (17, 3)
            );
            // Sizes 0, 1, 2 are of tulip, 7, rose.
            let part = &examples.training;
            for row in 0..part.count() {
                let expected = match part.features(row)[0] {
                    size if size < -0.5 => 2,
                    size if size < 0.5 => 0,
                    _ => 1,
                };
                assert_eq!(part.targets()[row], expected);
            }
        }
    }

    #[test]
    fn headers_and_delimiters_are_recognised() {
        let rows = table("", numbers, "");
        let rows = rows.trim_start();
        for (text, target, expected_target, expected_features) in [
            (rows.to_owned(), "3", "column 3", ["column 1", "column 2"]),
            (rows.to_owned(), " 1 ", "column 1", ["column 2", "column 3"]),
            (format!("a,b,c\n{rows}"), "3", "c", ["a", "b"]),
            (format!("a,b,c\n{rows}"), "b", "b", ["a", "c"]),
            // A name that is a number is a name first.
            (format!("a,b,1\n{rows}"), "1", "1", ["a", "b"]),
            (format!("\u{feff}a,b,c\r\n{rows}"), "a", "a", ["b", "c"]),
            (
                format!("\"a, or x\",b,c\n{rows}"),
                "c",
                "c",
                ["a, or x", "b"],
            ),
            (
                format!("a,b,c\n{rows}").replace(',', ";"),
                "c",
                "c",
                ["a", "b"],
            ),
            (
                format!("a, b, c\n{rows}").replace(',', "\t"),
                "c",
                "c",
                ["a", "b"],
            ),
        ] {
            let (data, divided) = regression(&text, target);
            assert_eq!(data.target, expected_target, "{text}");
            assert_eq!(data.features, expected_features, "{text}");
            assert_eq!(
                divided.training.count() + divided.validation.count(),
                20,
                "{text}"
            );
        }
        // Without a header, the classes of the first line are no names.
        let class = |index: usize| format!("{index},{}", ["no", "yes"][index % 2]);
        let text = table("", class, "");
        let data = parse_csv("file", text.as_bytes(), "2").expect("a sound file");
        assert!(matches!(data.examples, CsvExamples::Classification { .. }));
        assert_eq!(data.features, ["column 1"]);
    }

    #[test]
    fn features_that_do_not_vary_are_left_out() {
        // The mean of many times 0.1 is not 0.1, so the variance is not 0.
        let row =
            |index: usize| format!("0.1,{index},7,{index},{}", f64::from(index as u32) * 1e-200);
        let (data, divided) = regression(&table("a,b,c,d,e", row, ""), "d");
        assert_eq!(data.features, ["b"]);
        assert_eq!(data.constant_features, ["a", "c", "e"]);
        assert_eq!(divided.validation.feature_count(), 1);
        let row = |index: usize| format!("1,{index}");
        assert_eq!(
            message(&table("a,b", row, ""), "b"),
            "file: expected a feature that varies in the training part, found none"
        );
        assert_eq!(
            message(&table("a,b", row, ""), "a"),
            "file: expected a target that varies, found one number"
        );
    }

    #[test]
    fn extreme_numbers_stay_finite() {
        let row = |index: usize| match index {
            0 => "1e100,-1e100,1e100".to_owned(),
            _ => format!("{index},1e-90,{index}"),
        };
        let (data, divided) = regression(&table("a,b,c", row, "").replace(",1e-90", ",2"), "c");
        for part in [&divided.training, &divided.validation] {
            let features = (0..part.count()).flat_map(|row| part.features(row));
            assert!(
                features
                    .chain(part.targets())
                    .all(|value| value.is_finite()),
                "{data:?}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_the_place() {
        let with = |more: &str| table("a,b,c", numbers, more);
        for (text, target, expected) in [
            (String::new(), "a", "file: expected a table, found nothing"),
            (
                with("1,2\n"),
                "c",
                "file, line 22: expected 3 columns, as the first line has, found 2",
            ),
            (
                with("\n\n1,red,3\n"),
                "c",
                "file, line 24, column 2 (\"b\"): expected a number (encode text as numbers, or leave out the column), \
                 found \"red\"",
            ),
            (
                with("1,2,3\n1,na,3\n"),
                "c",
                "file, line 23, column 2 (\"b\"): expected a value (fill in what is missing, or leave out the row or \
                 the column), found \"na\"",
            ),
            (
                with("1,2,\n"),
                "c",
                "file, line 22, column 3 (\"c\"): expected a value (fill in what is missing, or leave out the row or \
                 the column), found \"\"",
            ),
            (
                with("inf,2,3\n"),
                "c",
                "file, line 22, column 1 (\"a\"): expected a number between -1e100 and 1e100, found \"inf\"",
            ),
            (
                with("1,2,1e101\n"),
                "c",
                "file, line 22, column 3 (\"c\"): expected a number between -1e100 and 1e100, found \"1e101\"",
            ),
            // A target that begins as numbers goes on so.
            (
                with("1,2,three\n"),
                "c",
                "file, line 22, column 3 (\"c\"): expected a number (encode text as numbers, or leave out the column), \
                 found \"three\"",
            ),
            (
                with(""),
                "d",
                "file: expected a column \"d\" in the first line, or a number from 1 to 3 as target, found \"a, b, c\"",
            ),
            (
                with(""),
                "4",
                "file: expected a target from 1 to 3, found 4",
            ),
            (
                with(""),
                "0",
                "file: expected a target from 1 to 3, found 0",
            ),
            (
                table("a,b,a", numbers, ""),
                "a",
                "file: expected one column \"a\", or its number as target, found 2",
            ),
            (
                "a b c\n1 2 3\n".to_owned(),
                "c",
                "file: expected 2 columns or more, separated by commas, semicolons or tabs, found 1",
            ),
            (
                "a,b\n1,2\n2,3\n".to_owned(),
                "a",
                "file: expected at least 10 rows of examples, found 2",
            ),
            (
                table(
                    "a,b",
                    |index| format!("{index},{}", ["no", "yes"][index % 2]),
                    "1,perhaps\n",
                ),
                "b",
                "file: expected at least 2 examples of each class, found 1 of \"perhaps\"",
            ),
            (
                table("a,b", |index| format!("{index},yes"), ""),
                "b",
                "file: expected 2 classes or more, found 1",
            ),
        ] {
            assert_eq!(message(&text, target), expected);
        }
        let many: Vec<_> = (0..300)
            .map(|index| format!("{index},class {index}"))
            .collect();
        assert_eq!(
            message(&many.join("\n"), "2"),
            "file, line 257, column 2: expected one of at most 256 classes, as the first example's target is text, \
             found \"class 256\""
        );
        let wide = vec!["1"; 5000].join(",");
        assert_eq!(
            message(&wide, "1"),
            "file, line 1: expected at most 4096 columns, found more"
        );
        let long = "1,".repeat(4095) + "1\n";
        assert_eq!(
            message(&long.repeat(4200), "1"),
            "file: expected at most 16777216 features in all rows, found more on line 4098"
        );
    }

    #[test]
    fn no_bytes_make_it_panic() {
        const BYTES: &[u8] = b"0123456789.,;\t\"\r\n-+eE naNAif?abc\xff\x00\xef\xbb\xbf\x1f\x8b";
        let mut numbers = crate::stream(1, "test", [0, 0]);
        let whole = table("a,b,c", self::numbers, "");
        let mut accepted = 0;
        for round in 0..5000 {
            let mut bytes = if round % 4 == 0 {
                Vec::new()
            } else {
                whole.clone().into_bytes()
            };
            for _ in 0..numbers.random_range(0..6) {
                let place = numbers.random_range(0..=bytes.len());
                let byte = BYTES[numbers.random_range(0..BYTES.len())];
                match numbers.random_range(0..3) {
                    0 => bytes.insert(place, byte),
                    1 if place < bytes.len() => bytes[place] = byte,
                    _ => bytes.truncate(place.max(1)),
                }
            }
            for target in ["1", "b"] {
                match parse_csv("file", &bytes, target) {
                    Ok(_) => accepted += 1,
                    Err(error) => assert!(error.to_string().starts_with("file"), "{error}"),
                }
            }
        }
        assert!(accepted > 500, "{accepted}");
    }
}
