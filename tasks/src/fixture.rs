//! For tests only: what `tests/fixtures/make_models.py` had PyTorch compute, and the formula that both sides take their
//! numbers from.
//!
//! ```text
//! Formula ──parameters, inputs──► PyTorch, binary64 ──make_models.py──► norm, sums, elements ──► Quantity
//!    └──────the same───────────► a model of a task, f32 ─────────────────────────numbers───────────► distance
//! ```

use std::fmt::Debug;
use std::io::Read;
use std::str::FromStr;

use flate2::read::GzDecoder;

use crate::network::Matrix;

/// How far a quantity of f32 may be from that of binary64, by [`Quantity::distance`].
///
/// Partial sums of terms of either sign grow with the root of their number, and what rounding adds to each is up to 2⁻²⁴ of
/// it. So n additions make an error of some √(n / 6) · 2⁻²⁴ of their result's usual size: the longest, over three images
/// of 32 · 32 pixels, one of 1.3e-6. What goes through several layers, there and back, collects several. The greatest
/// distance that was found is 1.6e-6.
pub(crate) const TOLERANCE: f64 = 5e-6;

/// Rows of every batch.
pub(crate) const ROWS: usize = 3;

/// Sums that are stored of a quantity.
const SUMS: usize = 8;

/// Elements that are stored of a quantity, if it has more.
const ELEMENTS: usize = 64;

/// What a stream of the formula's numbers is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Use {
    /// Inputs of a model, or targets of an objective.
    Inputs,
    /// Weights of a model's outputs, or outputs for an objective.
    Weights,
    /// Signs of one of the sums.
    Signs(usize),
    /// A model's tensor, by its index; of an objective, which outputs have a target.
    Tensor(usize),
}

impl Use {
    fn stream(self) -> u32 {
        let place = match self {
            Self::Inputs => 0,
            Self::Weights => 1,
            Self::Signs(index) => 2 + index,
            Self::Tensor(index) => 2 + SUMS + index,
        };
        place as u32
    }
}

/// Numbers that look random; another salt gives other ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Formula {
    pub(crate) salt: u32,
}

impl Formula {
    /// Numbers between −1 and 1, none of them 0: odd multiples of 2⁻²⁴, which f32 holds exactly.
    pub(crate) fn numbers(self, of: Use) -> impl Iterator<Item = f32> {
        self.words(of).map(|word| {
            let odd = 2 * (word >> 8) as i32 + 1;
            (odd - (1 << 24)) as f32 / (1 << 24) as f32
        })
    }

    /// Whole numbers from 0 that are less than a bound.
    pub(crate) fn integers(self, of: Use, bound: usize) -> impl Iterator<Item = usize> {
        self.words(of).map(move |word| word as usize % bound)
    }

    /// A batch of numbers.
    pub(crate) fn matrix(self, of: Use, columns: usize) -> Matrix {
        let mut matrix = Matrix::zeros(ROWS, columns);
        let elements = matrix.numbers_mut(0..ROWS).iter_mut();
        for (element, number) in elements.zip(self.numbers(of)) {
            *element = number;
        }
        matrix
    }

    fn words(self, of: Use) -> impl Iterator<Item = u32> {
        let key = mixed(mixed(self.salt) ^ of.stream());
        (0..).map(move |element| mixed(key ^ element))
    }
}

/// The finaliser of MurmurHash3 (Appleby 2011).
fn mixed(bits: u32) -> u32 {
    let bits = (bits ^ (bits >> 16)).wrapping_mul(0x85eb_ca6b);
    let bits = (bits ^ (bits >> 13)).wrapping_mul(0xc2b2_ae35);
    bits ^ (bits >> 16)
}

/// What PyTorch computed: outputs, or a gradient with respect to a tensor.
#[derive(Debug)]
pub(crate) struct Quantity {
    /// The task or the objective.
    pub(crate) of: String,
    pub(crate) formula: Formula,
    pub(crate) name: String,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// The root of the sum of all squares.
    norm: f64,
    /// Of all elements, each under a sign of the formula.
    sums: Vec<f64>,
    /// The first elements.
    elements: Vec<f64>,
}

/// The quantities in a file of `tests/fixtures`.
pub(crate) fn read(file: &str) -> Vec<Quantity> {
    let path = format!("{}/tests/fixtures/{file}", env!("CARGO_MANIFEST_DIR"));
    let compressed = std::fs::File::open(&path).expect(&path);
    let mut text = String::new();
    GzDecoder::new(compressed)
        .read_to_string(&mut text)
        .expect(&path);
    text.lines().skip(1).map(quantity).collect()
}

fn quantity(line: &str) -> Quantity {
    let fields: Vec<&str> = line.split(',').collect();
    let (facts, numbers) = fields.split_at(5);
    let numbers: Vec<f64> = numbers.iter().map(|field| number(field)).collect();
    let (norm, rest) = numbers.split_first().expect(line);
    let (sums, elements) = rest.split_at(SUMS);
    let [rows, columns] = [facts[3], facts[4]].map(number);
    assert_eq!(elements.len(), ELEMENTS.min(rows * columns), "{line}");
    Quantity {
        of: facts[0].to_owned(),
        formula: Formula {
            salt: number(facts[1]),
        },
        name: facts[2].to_owned(),
        rows,
        columns,
        norm: *norm,
        sums: sums.to_owned(),
        elements: elements.to_owned(),
    }
}

fn number<T: FromStr<Err: Debug>>(field: &str) -> T {
    field.parse().expect(field)
}

impl Quantity {
    /// How far numbers are from these, the greatest of all stored: norm and sums in shares of the norm, which is the usual
    /// size of a sum under random signs, and elements in shares of the greater of themselves and their root mean square.
    ///
    /// Sums see every element: whatever the errors are, their sum under random signs is as great as their norm in general,
    /// and not all of the sums' errors can be small. NaN is far from everything.
    pub(crate) fn distance(&self, found: &[f32]) -> f64 {
        assert_eq!(found.len(), self.rows * self.columns, "{}", self.name);
        let found: Vec<f64> = found.iter().copied().map(f64::from).collect();
        let norm = found.iter().map(|it| it * it).sum::<f64>().sqrt();
        let mut distances = vec![(norm - self.norm).abs() / self.norm];
        for (index, sum) in self.sums.iter().enumerate() {
            let signs = self.formula.integers(Use::Signs(index), 2);
            let terms = found.iter().zip(signs);
            let found: f64 = terms
                .map(|(it, sign)| if sign == 0 { *it } else { -it })
                .sum();
            distances.push((found - sum).abs() / self.norm);
        }
        let usual = self.norm / (found.len() as f64).sqrt();
        for (found, element) in found.iter().zip(&self.elements) {
            distances.push((found - element).abs() / element.abs().max(usual));
        }
        greatest(&distances)
    }
}

/// The greatest of numbers; NaN if one is.
pub(crate) fn greatest(numbers: &[f64]) -> f64 {
    numbers.iter().fold(0.0, |greatest, number| {
        if *number > greatest || number.is_nan() {
            *number
        } else {
            greatest
        }
    })
}

#[test]
fn no_element_can_change_unseen() {
    const COUNT: usize = 100;
    let formula = Formula { salt: 7 };
    let numbers: Vec<f32> = formula.numbers(Use::Weights).take(COUNT).collect();
    let exact: Vec<f64> = numbers.iter().copied().map(f64::from).collect();
    let signed = |index| {
        let signs = formula.integers(Use::Signs(index), 2);
        let signs = signs.map(|sign| if sign == 1 { -1.0 } else { 1.0 });
        exact.iter().zip(signs).map(|(it, sign)| sign * it).sum()
    };
    let squares: f64 = exact.iter().map(|it| it * it).sum();
    let quantity = Quantity {
        of: "test".to_owned(),
        formula,
        name: "numbers".to_owned(),
        rows: 1,
        columns: COUNT,
        norm: squares.sqrt(),
        sums: (0..SUMS).map(signed).collect(),
        elements: exact[..4].to_vec(),
    };
    assert!(quantity.distance(&numbers) < 1e-12);
    for place in 0..COUNT {
        let mut changed = numbers.clone();
        changed[place] += 1e-3;
        // The norm is about √(100 / 3).
        assert!(quantity.distance(&changed) > 1e-4, "{place}");
        changed[place] = f32::NAN;
        assert!(quantity.distance(&changed).is_nan(), "{place}");
    }
}
