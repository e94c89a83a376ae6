//! Data sets: those that travel inside the program, those that are computed, and those that a user brings.
//!
//! ```text
//!  compiled in ───table──► class_data, diabetes ─┐
//!  user's table ──table──► csv_data ─────────────┼─ RawExamples ──split, scale──► Divided<ExampleTable> ──┐
//!  a fixed seed ─────────► generated ────────────┘                                                        ├─minibatch──► a batch a step
//!  image files ──source──► idx, cifar ──image_data──────────────────────────────► Divided<ImageSet> ──────┤
//!  compiled in, or a user's text ──source──► text ──────────────────────────────► tokens of each part ────┘
//! ```
//!
//! What whole learners are taught from a user's own tables and images, `csv_data/lesson_files` and `image_folder` read.
//!
//! Decoding works on any bytes and reports what is wrong with them, and where, as [`DataError`]; nothing is allocated
//! because a file claims to be large. Which examples validate is fixed for each set, and scales are taken from the
//! others. The embedded copies are decoded once per process, on first use; `tasks/data/README.md` has their sources and
//! licences.

mod cifar;
mod class_data;
mod csv_data;
mod diabetes;
mod error;
mod examples;
mod generated;
mod idx;
mod image_data;
mod image_folder;
mod images;
mod minibatch;
mod not_ready;
mod source;
mod split;
mod table;
mod text;

pub use cifar::parse_cifar10;
pub use class_data::ClassData;
pub use csv_data::{CsvData, CsvExamples, load_csv, parse_csv};
pub(crate) use csv_data::{LessonFiles, LessonLabels};
pub use diabetes::{DIABETES_FEATURES, diabetes};
pub use error::{Column, DataError, Offset};
pub(crate) use examples::Moments;
pub use examples::{Divided, ExampleTable};
pub use generated::{
    CORRELATED_FEATURES, FRIEDMAN_FEATURES, GLYPH_CLASSES, GLYPH_SHAPE, TEACHER_FEATURES,
    correlated_regression, friedman1, glyphs, random_teacher,
};
pub(crate) use generated::{random_orthonormal, standard_normal};
pub use idx::parse_idx;
pub use image_data::ImageData;
pub(crate) use image_folder::load_image_folder;
pub use images::{ImageSet, ImageShape, PixelScale};
pub(crate) use minibatch::MinibatchOrder;
pub use not_ready::NotReady;
pub use text::Text;

/// Never to change: every published figure depends on which examples validate, and on the numbers in generated data.
const DATA_SEED: u64 = 20_261_124;

#[cfg(test)]
mod tests {
    use super::*;

    /// 64-bit FNV-1a of the bits of all features, then of all targets.
    fn fingerprint<Target: Copy>(
        part: &ExampleTable<Target>,
        target_bits: impl Fn(Target) -> u32,
    ) -> u64 {
        let features = (0..part.count()).flat_map(|row| part.features(row));
        let features = features.map(|feature| feature.to_bits());
        let targets = part.targets().iter().map(|target| target_bits(*target));
        features
            .chain(targets)
            .flat_map(u32::to_le_bytes)
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            })
    }

    fn regression(divided: &Divided<ExampleTable<f32>>) -> [u64; 2] {
        [&divided.training, &divided.validation].map(|part| fingerprint(part, f32::to_bits))
    }

    fn classes(divided: &Divided<ExampleTable<u8>>) -> [u64; 2] {
        [&divided.training, &divided.validation].map(|part| fingerprint(part, u32::from))
    }

    /// Every published figure on these data rests on these bits.
    #[test]
    fn all_bits_are_pinned() {
        assert_eq!(
            classes(ClassData::Digits.divided()),
            [0x0cd1_afa3_aba3_b4fa, 0xc9a0_fc2e_eba2_9050]
        );
        assert_eq!(
            regression(diabetes()),
            [0x98d7_6131_9187_25ae, 0xd9e0_4832_650b_2952]
        );
        assert_eq!(
            classes(ClassData::Iris.divided()),
            [0x1184_fad9_460b_fd21, 0x068f_e08b_63f7_a7b3]
        );
        assert_eq!(
            classes(ClassData::Wine.divided()),
            [0x21c3_103e_9ac3_79ff, 0x0c2c_a55f_934f_cc7d]
        );
        assert_eq!(
            classes(ClassData::BreastCancer.divided()),
            [0xbefa_b3fa_049a_8f9b, 0x5a65_1e7d_3d76_bc55]
        );
        assert_eq!(
            classes(&glyphs()),
            [0xb06c_1a80_6918_9873, 0x9422_aa4a_e7b0_0977]
        );
        assert_eq!(
            regression(&friedman1()),
            [0x77ed_b6ef_c928_97e4, 0xfad9_be83_91a1_aa43]
        );
        assert_eq!(
            regression(&random_teacher()),
            [0x8a7a_6b86_1935_384a, 0x5d33_4675_6dab_d8c5]
        );
        assert_eq!(
            regression(&correlated_regression(1e4)),
            [0xe8cd_d529_3d64_a571, 0x09e9_5859_16ec_0c62]
        );
    }
}
