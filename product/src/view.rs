//! Matrices as a product sees them: numbers in a slice, and how far apart rows and columns lie.

/// A matrix to read. Element (r, c) is `data[r * row_stride + c * column_stride]`.
#[derive(Clone, Copy, Debug)]
pub struct MatrixView<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> MatrixView<'a> {
    /// Rows one after the other without gaps.
    ///
    /// # Panics
    ///
    /// If `data` is shorter than rows times columns.
    #[must_use]
    pub fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::with_row_stride(data, rows, columns, columns)
    }

    /// Rows that begin `row_stride` numbers apart; what lies between them is never read.
    ///
    /// # Panics
    ///
    /// If `data` ends before the last row does.
    #[must_use]
    pub fn with_row_stride(
        data: &'a [f32],
        rows: usize,
        columns: usize,
        row_stride: usize,
    ) -> Self {
        let needed = extent([rows, columns], [row_stride, 1]);
        assert!(
            data.len() >= needed,
            "{rows} × {columns} numbers, rows {row_stride} apart, take {needed}, not {}",
            data.len()
        );
        Self {
            data,
            rows,
            columns,
            row_stride,
            column_stride: 1,
        }
    }

    /// The transpose: the same numbers, read the other way.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    /// How many rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    pub(crate) fn data(&self) -> &'a [f32] {
        self.data
    }

    pub(crate) fn row_stride(&self) -> usize {
        self.row_stride
    }

    pub(crate) fn column_stride(&self) -> usize {
        self.column_stride
    }

    /// The part of so many rows and columns that begins at a place. It has to be inside.
    pub(crate) fn part(
        self,
        [row, column]: [usize; 2],
        [rows, columns]: [usize; 2],
    ) -> MatrixView<'a> {
        assert!(row + rows <= self.rows && column + columns <= self.columns);
        let start = row * self.row_stride + column * self.column_stride;
        Self {
            // An empty part may begin behind the end.
            data: &self.data[start.min(self.data.len())..],
            rows,
            columns,
            ..self
        }
    }
}

/// A matrix to write: rows that begin `row_stride` numbers apart and do not overlap.
#[derive(Debug)]
pub struct MatrixViewMut<'a> {
    data: &'a mut [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
}

impl<'a> MatrixViewMut<'a> {
    /// Rows one after the other without gaps.
    ///
    /// # Panics
    ///
    /// If `data` is shorter than rows times columns.
    #[must_use]
    pub fn new(data: &'a mut [f32], rows: usize, columns: usize) -> Self {
        Self::with_row_stride(data, rows, columns, columns)
    }

    /// Rows that begin `row_stride` numbers apart; what lies between them is never written.
    ///
    /// # Panics
    ///
    /// If `data` ends before the last row does, or rows overlap.
    #[must_use]
    pub fn with_row_stride(
        data: &'a mut [f32],
        rows: usize,
        columns: usize,
        row_stride: usize,
    ) -> Self {
        let needed = extent([rows, columns], [row_stride, 1]);
        assert!(
            data.len() >= needed,
            "{rows} × {columns} numbers, rows {row_stride} apart, take {needed}, not {}",
            data.len()
        );
        assert!(
            row_stride >= columns || rows <= 1,
            "rows of {columns} numbers, {row_stride} apart, overlap"
        );
        Self {
            data,
            rows,
            columns,
            row_stride,
        }
    }

    /// How many rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    pub(crate) fn data(&mut self) -> &mut [f32] {
        self.data
    }

    pub(crate) fn row_stride(&self) -> usize {
        self.row_stride
    }

    /// The part of so many rows and columns that begins at a place. It has to be inside.
    pub(crate) fn part(
        &mut self,
        [row, column]: [usize; 2],
        [rows, columns]: [usize; 2],
    ) -> MatrixViewMut<'_> {
        assert!(row + rows <= self.rows && column + columns <= self.columns);
        let start = (row * self.row_stride + column).min(self.data.len());
        MatrixViewMut {
            data: &mut self.data[start..],
            rows,
            columns,
            row_stride: self.row_stride,
        }
    }
}

/// The length of the shortest slice that holds such a matrix.
///
/// # Panics
///
/// If it is more than a `usize` can say.
fn extent([rows, columns]: [usize; 2], [row_stride, column_stride]: [usize; 2]) -> usize {
    if rows == 0 || columns == 0 {
        return 0;
    }
    let last_row = (rows - 1).checked_mul(row_stride);
    let last_column = (columns - 1).checked_mul(column_stride);
    last_row
        .zip(last_column)
        .and_then(|(row, column)| row.checked_add(column)?.checked_add(1))
        .expect("a matrix that fits in memory")
}
