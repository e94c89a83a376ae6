//! The loops in registers: the only `unsafe` code of the crate.
//!
//! A tile of the result, a few rows by a few vectors of columns, is summed in registers over the whole depth and
//! stored once. Each step of the depth loads the vectors of a row of the right operand and multiplies them by one
//! number of each row of the left one. The loop is written once, over [`Vector`], and compiled for each kind
//! of vector that a processor may have; [`Instructions`] says which, and can only be had where the processor has them. The
//! last vector of a row is loaded and stored under a mask, so that no operand needs padding.
//!
//! As much of the register file as can be goes to sums: a fused multiply-add takes some four cycles, and two can begin in
//! each, so a tile wants eight or more that do not wait for each other, and the more of them share what was loaded the better.

#![allow(
    unsafe_code,
    reason = "vector instructions that not every processor has, and loads behind checks of whole operands"
)]

use std::hint::black_box;

use crate::{MatrixView, MatrixViewMut, Start};

/// A kind of vector instructions that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instructions(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// What the target has that this crate is compiled for.
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Instructions {
    /// All that this processor has, the plainest first.
    pub(crate) fn all() -> impl DoubleEndedIterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let kinds = {
            use std::arch::is_x86_feature_detected;
            [
                Some(Kind::Portable),
                (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"))
                    .then_some(Kind::Avx2),
                is_x86_feature_detected!("avx512f").then_some(Kind::Avx512),
            ]
        };
        #[cfg(not(target_arch = "x86_64"))]
        let kinds = [Some(Kind::Portable)];
        kinds.into_iter().flatten().map(Self)
    }

    /// The fastest that this processor has.
    pub(crate) fn best() -> Self {
        Self::all().next_back().unwrap_or(Self(Kind::Portable))
    }
}

/// `result = start + left · right`, without copies.
///
/// # Panics
///
/// If sizes do not fit, or the columns of `right` are not next to each other.
pub(crate) fn multiply(
    instructions: Instructions,
    left: MatrixView<'_>,
    right: MatrixView<'_>,
    start: Start<'_>,
    result: &mut MatrixViewMut<'_>,
) {
    let [rows, depth, columns] = [left.rows(), left.columns(), right.columns()];
    assert!(right.column_stride() == 1 && right.rows() == depth);
    assert!(result.rows() == rows && result.columns() == columns);
    if rows == 0 || columns == 0 {
        return;
    }
    let result_stride = result.row_stride();
    let result = result.data().as_mut_ptr();
    let (start, start_stride) = match start {
        Start::Zero => (std::ptr::null(), 0),
        Start::Result => (result.cast_const(), result_stride),
        Start::Row(row) => {
            assert_eq!(row.len(), columns);
            (row.as_ptr(), 0)
        }
    };
    let product = Product {
        left: left.data().as_ptr(),
        left_strides: [left.row_stride(), left.column_stride()],
        left_group_stride: black_box(GROUP * left.row_stride()),
        right: right.data().as_ptr(),
        right_stride: right.row_stride(),
        start,
        start_stride,
        result,
        result_stride,
        rows,
        depth,
        columns,
    };
    // SAFETY: a view's slice holds every element at the strides that it says, which the pointers inherit, and sizes were
    // compared above. The result is borrowed alone, and `start` reads it only where the same tile is written
    // later. Instructions are only made for processors that have them.
    unsafe {
        match instructions.0 {
            Kind::Portable => product.with::<[f32; 4], 8, 4, 4>(),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => x86_64::multiply_avx2(&product),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => x86_64::multiply_avx512(&product),
        }
    }
}

/// Rows of a tile whose places in the left operand are found from one pointer. Were it one for all, the compiler would go from row
/// to row by additions that wait for each other, and a tile of one vector for them. It must not see how the pointers are related.
const GROUP: usize = 4;

/// The most rows of a tile, in groups.
const GROUPS: usize = 4;

/// Operands and result of a product, or of a part of one.
///
/// Whoever makes one sees to it that the elements of `rows` × `depth`, `depth` × `columns` and `rows` × `columns` can be read, and
/// those of the result written, at their strides, until it is gone.
struct Product {
    left: *const f32,
    /// From a row to the next, and from a place of the depth to the next.
    left_strides: [usize; 2],
    /// From a row to the one [`GROUP`] rows on.
    left_group_stride: usize,
    right: *const f32,
    right_stride: usize,
    /// Null for 0.
    start: *const f32,
    /// From what a row starts from to what the next starts from.
    start_stride: usize,
    result: *mut f32,
    result_stride: usize,
    rows: usize,
    depth: usize,
    columns: usize,
}

impl Product {
    /// The whole product, by panels of up to three vectors of columns, and tiles of as many rows in them as is said
    /// for panels of one, two and three vectors.
    ///
    /// # Safety
    ///
    /// The processor must have the instructions of `V`.
    #[inline(always)]
    unsafe fn with<
        V: Vector,
        const ROWS_OF_1: usize,
        const ROWS_OF_2: usize,
        const ROWS_OF_3: usize,
    >(
        &self,
    ) {
        let mut column = 0;
        while column < self.columns {
            let vectors_left = (self.columns - column).div_ceil(V::LANES);
            // Two panels of two vectors are better than one of three and one of one.
            let vectors = match vectors_left {
                1 => 1,
                2 | 4 => 2,
                _ => 3,
            };
            let columns = (self.columns - column).min(vectors * V::LANES);
            // SAFETY: the panel is inside the operands; the processor is the caller's promise.
            unsafe {
                let panel = self.part([0, column], [self.rows, columns]);
                match vectors {
                    1 => panel.panel::<V, ROWS_OF_1, 1>(),
                    2 => panel.panel::<V, ROWS_OF_2, 2>(),
                    _ => panel.panel::<V, ROWS_OF_3, 3>(),
                }
            }
            column += columns;
        }
    }

    /// The product of some rows by some columns.
    ///
    /// # Safety
    ///
    /// They must be inside.
    #[inline(always)]
    unsafe fn part(&self, [row, column]: [usize; 2], [rows, columns]: [usize; 2]) -> Self {
        debug_assert!(row + rows <= self.rows && column + columns <= self.columns);
        // SAFETY: the first element of the part is inside each matrix that has any; the caller's promise.
        unsafe {
            Self {
                // With a depth of 0, left and right may have no element.
                left: self.left.wrapping_add(row * self.left_strides[0]),
                right: self.right.wrapping_add(column),
                start: if self.start.is_null() {
                    self.start
                } else {
                    self.start.add(row * self.start_stride + column)
                },
                result: self.result.add(row * self.result_stride + column),
                rows,
                columns,
                ..*self
            }
        }
    }

    /// A product of no more than `VECTORS` vectors of columns.
    ///
    /// # Safety
    ///
    /// As for [`with`](Self::with); there are more columns than fit in one vector less.
    #[inline(always)]
    unsafe fn panel<V: Vector, const ROWS: usize, const VECTORS: usize>(&self) {
        // SAFETY: parts are inside; the processor is the caller's promise.
        unsafe {
            let mask = V::mask(self.columns - (VECTORS - 1) * V::LANES);
            let mut row = 0;
            while row + ROWS <= self.rows {
                let tile = self.part([row, 0], [ROWS, self.columns]);
                tile.tile::<V, ROWS, VECTORS>(mask);
                row += ROWS;
            }
            while row < self.rows {
                let rows = match self.rows - row {
                    8.. => 8,
                    4.. => 4,
                    2 | 3 => 2,
                    _ => 1,
                };
                let tile = self.part([row, 0], [rows, self.columns]);
                match rows {
                    8 => tile.tile::<V, 8, VECTORS>(mask),
                    4 => tile.tile::<V, 4, VECTORS>(mask),
                    2 => tile.tile::<V, 2, VECTORS>(mask),
                    _ => tile.tile::<V, 1, VECTORS>(mask),
                }
                row += rows;
            }
        }
    }

    /// A product of `ROWS` rows and `VECTORS` vectors of columns, the last of them under `mask`.
    ///
    /// # Safety
    ///
    /// The processor must have the instructions of `V`, and the sizes must be those.
    #[inline(always)]
    unsafe fn tile<V: Vector, const ROWS: usize, const VECTORS: usize>(&self, mask: V::Mask) {
        let last = VECTORS - 1;
        // SAFETY: elements (row, vector * V::LANES + lane) with lanes of the last vector under the mask are those of this
        // product, whose maker has promised that they are there; the rest is the caller's promise.
        unsafe {
            let mut sums = [[V::zero(); VECTORS]; ROWS];
            if !self.start.is_null() {
                for (row, sums) in sums.iter_mut().enumerate() {
                    let start = self.start.add(row * self.start_stride);
                    for (vector, sum) in sums.iter_mut().enumerate() {
                        let at = start.add(vector * V::LANES);
                        *sum = if vector == last {
                            V::load_masked(at, mask)
                        } else {
                            V::load(at)
                        };
                    }
                }
            }
            let [row_stride, depth_stride] = self.left_strides;
            // They end behind the operands, where they are not read.
            let mut right = self.right;
            let mut groups = [self.left; GROUPS];
            for (index, group) in groups.iter_mut().enumerate() {
                *group = group.wrapping_add(index * self.left_group_stride);
            }
            for _ in 0..self.depth {
                let mut loaded = [V::zero(); VECTORS];
                for (vector, loaded) in loaded.iter_mut().enumerate() {
                    let at = right.add(vector * V::LANES);
                    *loaded = if vector == last {
                        V::load_masked(at, mask)
                    } else {
                        V::load(at)
                    };
                }
                for (row, sums) in sums.iter_mut().enumerate() {
                    let group = groups[row / GROUP];
                    let factor = V::splat(*group.add(row % GROUP * row_stride));
                    for (sum, &loaded) in sums.iter_mut().zip(&loaded) {
                        *sum = V::multiply_add(factor, loaded, *sum);
                    }
                }
                for group in &mut groups {
                    *group = group.wrapping_add(depth_stride);
                }
                right = right.wrapping_add(self.right_stride);
            }
            for (row, sums) in sums.iter().enumerate() {
                let result = self.result.add(row * self.result_stride);
                for (vector, &sum) in sums.iter().enumerate() {
                    let at = result.add(vector * V::LANES);
                    if vector == last {
                        V::store_masked(sum, at, mask);
                    } else {
                        V::store(sum, at);
                    }
                }
            }
        }
    }
}

/// A vector register, and the few things that a tile does with one.
///
/// # Safety
///
/// Every function needs a processor that has the instructions, and pointers to as many numbers as the vector has, or as the
/// mask was made for.
trait Vector: Copy {
    /// Numbers in it.
    const LANES: usize;

    /// The first so many of them.
    type Mask: Copy;

    /// For the first `count`, which is from 1 to [`LANES`](Self::LANES).
    unsafe fn mask(count: usize) -> Self::Mask;

    unsafe fn zero() -> Self;

    unsafe fn splat(number: f32) -> Self;

    unsafe fn load(from: *const f32) -> Self;

    /// The numbers under the mask, and 0.
    unsafe fn load_masked(from: *const f32, mask: Self::Mask) -> Self;

    unsafe fn store(self, to: *mut f32);

    unsafe fn store_masked(self, to: *mut f32, mask: Self::Mask);

    /// `a × b + sum`, rounded once.
    unsafe fn multiply_add(a: Self, b: Self, sum: Self) -> Self;
}

/// For every processor: what is done to four numbers side by side, rustc makes vector code of where the target has any.
impl Vector for [f32; 4] {
    const LANES: usize = 4;

    type Mask = usize;

    #[inline(always)]
    unsafe fn mask(count: usize) -> usize {
        count
    }

    #[inline(always)]
    unsafe fn zero() -> Self {
        [0.0; 4]
    }

    #[inline(always)]
    unsafe fn splat(number: f32) -> Self {
        [number; 4]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { from.cast::<Self>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn load_masked(from: *const f32, mask: usize) -> Self {
        let mut loaded = [0.0; 4];
        for (lane, loaded) in loaded.iter_mut().enumerate().take(mask) {
            // SAFETY: the caller's promise.
            *loaded = unsafe { *from.add(lane) };
        }
        loaded
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<Self>().write_unaligned(self) };
    }

    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, mask: usize) {
        for (lane, number) in self.into_iter().enumerate().take(mask) {
            // SAFETY: the caller's promise.
            unsafe { *to.add(lane) = number };
        }
    }

    #[inline(always)]
    unsafe fn multiply_add(a: Self, b: Self, sum: Self) -> Self {
        std::array::from_fn(|lane| a[lane].mul_add(b[lane], sum[lane]))
    }
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::x86_64::*;

    use super::{Product, Vector};

    /// # Safety
    ///
    /// The processor must have AVX2 and FMA.
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn multiply_avx2(product: &Product) {
        // SAFETY: the caller's promise. Of 16 registers, 8 to 12 are sums.
        unsafe { product.with::<__m256, 8, 4, 4>() };
    }

    /// # Safety
    ///
    /// The processor must have AVX-512F.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn multiply_avx512(product: &Product) {
        // SAFETY: the caller's promise. Of 32 registers, 16 to 24 are sums.
        unsafe { product.with::<__m512, 16, 8, 8>() };
    }

    /// Each function is one instruction of AVX2 or FMA.
    impl Vector for __m256 {
        const LANES: usize = 8;

        type Mask = __m256i;

        #[inline(always)]
        unsafe fn mask(count: usize) -> __m256i {
            // SAFETY: the caller's promise.
            unsafe {
                let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
                _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lanes)
            }
        }

        #[inline(always)]
        unsafe fn zero() -> Self {
            // SAFETY: the caller's promise.
            unsafe { _mm256_setzero_ps() }
        }

        #[inline(always)]
        unsafe fn splat(number: f32) -> Self {
            // SAFETY: the caller's promise.
            unsafe { _mm256_set1_ps(number) }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: the caller's promise.
            unsafe { _mm256_loadu_ps(from) }
        }

        #[inline(always)]
        unsafe fn load_masked(from: *const f32, mask: __m256i) -> Self {
            // SAFETY: the caller's promise.
            unsafe { _mm256_maskload_ps(from, mask) }
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: the caller's promise.
            unsafe { _mm256_storeu_ps(to, self) }
        }

        #[inline(always)]
        unsafe fn store_masked(self, to: *mut f32, mask: __m256i) {
            // SAFETY: the caller's promise.
            unsafe { _mm256_maskstore_ps(to, mask, self) }
        }

        #[inline(always)]
        unsafe fn multiply_add(a: Self, b: Self, sum: Self) -> Self {
            // SAFETY: the caller's promise.
            unsafe { _mm256_fmadd_ps(a, b, sum) }
        }
    }

    /// Each function is one instruction of AVX-512F.
    impl Vector for __m512 {
        const LANES: usize = 16;

        type Mask = __mmask16;

        #[inline(always)]
        unsafe fn mask(count: usize) -> __mmask16 {
            ((1u32 << count) - 1) as __mmask16
        }

        #[inline(always)]
        unsafe fn zero() -> Self {
            // SAFETY: the caller's promise.
            unsafe { _mm512_setzero_ps() }
        }

        #[inline(always)]
        unsafe fn splat(number: f32) -> Self {
            // SAFETY: the caller's promise.
            unsafe { _mm512_set1_ps(number) }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: the caller's promise.
            unsafe { _mm512_loadu_ps(from) }
        }

        #[inline(always)]
        unsafe fn load_masked(from: *const f32, mask: __mmask16) -> Self {
            // SAFETY: the caller's promise.
            unsafe { _mm512_maskz_loadu_ps(mask, from) }
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: the caller's promise.
            unsafe { _mm512_storeu_ps(to, self) }
        }

        #[inline(always)]
        unsafe fn store_masked(self, to: *mut f32, mask: __mmask16) {
            // SAFETY: the caller's promise.
            unsafe { _mm512_mask_storeu_ps(to, mask, self) }
        }

        #[inline(always)]
        unsafe fn multiply_add(a: Self, b: Self, sum: Self) -> Self {
            // SAFETY: the caller's promise.
            unsafe { _mm512_fmadd_ps(a, b, sum) }
        }
    }
}
