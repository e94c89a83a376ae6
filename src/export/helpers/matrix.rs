/// A matrix, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    pub rows: usize,
    pub columns: usize,
    pub data: Vec<f32>,
}

impl Matrix {
    /// A matrix that has `number` everywhere.
    pub fn full(rows: usize, columns: usize, number: f32) -> Self {
        Self::each(rows, columns, |_| number)
    }

    /// A matrix of what a function makes of the place of each element, counted row by row.
    pub fn each(rows: usize, columns: usize, element: impl Fn(usize) -> f32) -> Self {
        let data = (0..rows * columns).map(element).collect();
        Self { rows, columns, data }
    }

    /// A matrix of what a function makes of each row and column.
    pub fn from_fn(rows: usize, columns: usize, element: impl Fn(usize, usize) -> f32) -> Self {
        Self::each(rows, columns, |i| element(i / columns, i % columns))
    }

    /// A column of these numbers.
    pub fn column(numbers: &[f32]) -> Self {
        Self { rows: numbers.len(), columns: 1, data: numbers.to_vec() }
    }

    /// The element of a row and a column.
    pub fn at(&self, row: usize, column: usize) -> f32 {
        self.data[row * self.columns + column]
    }
}

impl std::ops::Deref for Matrix {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.data
    }
}
