//! Image data that are too large to travel inside the program: what they are, where they are looked for, and how to
//! get them.
//!
//! ```text
//!  data directory ──locate──► paths of all files ──load (idx, cifar)──► Divided<ImageSet>
//!                     │
//!                     └─────► NotReady: which are missing, where they were looked for, where to get them
//! ```
//!
//! The published training images are trained on, and the published test images validate, all of them: so figures on these
//! data are validation figures, as on all others here. Files must have the published numbers of images. MNIST and
//! Fashion-MNIST have files of the same names and sizes; only the folder tells one from the other.

use std::path::{Path, PathBuf};

use super::cifar::{self, no_images, read_records};
use super::error::DataError;
use super::examples::Divided;
use super::idx::read_idx;
use super::images::{ImageSet, ImageShape, check_label};
use super::not_ready::NotReady;
use super::source::Source;

/// Images that a user provides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageData {
    /// Handwritten digits, 28 × 28 grey: LeCun, Cortes and Burges 1998.
    Mnist,
    /// Articles of clothing, 28 × 28 grey: Xiao, Rasul and Vollgraf 2017.
    FashionMnist,
    /// Animals and vehicles, 32 × 32 in colour: Krizhevsky 2009.
    Cifar10,
}

/// What one set of images consists of.
struct ImageFiles {
    name: &'static str,
    /// Where its files may be, relative to the data directory.
    folders: &'static [&'static str],
    files: Files,
    shape: ImageShape,
    classes: usize,
    /// Where to get the files, and what to do with them; a sentence.
    instructions: &'static str,
}

/// The files of both parts, training before validation.
enum Files {
    /// The images and the labels of each part, and how many there are.
    Idx([IdxPart; 2]),
    /// The files of each part, and how many images a file has.
    Cifar([&'static [&'static str]; 2], usize),
}

struct IdxPart {
    images: &'static str,
    labels: &'static str,
    count: u32,
}

/// Fashion-MNIST has taken over the names and sizes of MNIST.
const MNIST_FILES: Files = Files::Idx([
    IdxPart {
        images: "train-images-idx3-ubyte",
        labels: "train-labels-idx1-ubyte",
        count: 60_000,
    },
    IdxPart {
        images: "t10k-images-idx3-ubyte",
        labels: "t10k-labels-idx1-ubyte",
        count: 10_000,
    },
]);
const MNIST_SHAPE: ImageShape = ImageShape {
    channels: 1,
    height: 28,
    width: 28,
};

// The second folders are those that torchvision makes, and the archive of CIFAR-10.

static MNIST: ImageFiles = ImageFiles {
    name: "mnist",
    folders: &["mnist", "MNIST/raw"],
    files: MNIST_FILES,
    shape: MNIST_SHAPE,
    classes: 10,
    instructions: "Download the four files from https://ossci-datasets.s3.amazonaws.com/mnist/ (each name with .gz).",
};
static FASHION_MNIST: ImageFiles = ImageFiles {
    name: "fashion-mnist",
    folders: &["fashion-mnist", "FashionMNIST/raw"],
    files: MNIST_FILES,
    shape: MNIST_SHAPE,
    classes: 10,
    instructions: "Download the four files from https://github.com/zalandoresearch/fashion-mnist, folder data/fashion \
                   (each name with .gz).",
};
static CIFAR10: ImageFiles = ImageFiles {
    name: "cifar10",
    folders: &[
        "cifar10",
        "cifar10/cifar-10-batches-bin",
        "cifar-10-batches-bin",
        "",
    ],
    files: Files::Cifar(
        [
            &[
                "data_batch_1.bin",
                "data_batch_2.bin",
                "data_batch_3.bin",
                "data_batch_4.bin",
                "data_batch_5.bin",
            ],
            &["test_batch.bin"],
        ],
        10_000,
    ),
    shape: cifar::SHAPE,
    classes: cifar::CLASSES,
    instructions: "Download and unpack https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz.",
};

impl ImageData {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Mnist, Self::FashionMnist, Self::Cifar10];

    /// What the data are called: `mnist`, `fashion-mnist`, `cifar10`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.files().name
    }

    /// The extents of an image.
    #[must_use]
    pub fn shape(self) -> ImageShape {
        self.files().shape
    }

    /// How many classes there are.
    #[must_use]
    pub fn classes(self) -> usize {
        self.files().classes
    }

    /// How many images each part has.
    #[must_use]
    pub fn counts(self) -> Divided<usize> {
        self.files().counts()
    }

    /// Finds all files in a data directory, in the order in which [`load`](Self::load) reads them. Whether they are what
    /// they should be, only reading them tells.
    ///
    /// # Errors
    ///
    /// If there is no directory, or files are missing.
    pub fn locate(self, data_directory: Option<&Path>) -> Result<Vec<PathBuf>, NotReady> {
        self.files().locate(data_directory)
    }

    /// Reads all images, training and validation.
    ///
    /// # Errors
    ///
    /// If a file is missing, unreadable, truncated, too long, or not what its name says.
    pub fn load(self, data_directory: Option<&Path>) -> Result<Divided<ImageSet>, DataError> {
        self.files().load(data_directory)
    }

    fn files(self) -> &'static ImageFiles {
        match self {
            Self::Mnist => &MNIST,
            Self::FashionMnist => &FASHION_MNIST,
            Self::Cifar10 => &CIFAR10,
        }
    }
}

impl ImageFiles {
    fn locate(&self, data_directory: Option<&Path>) -> Result<Vec<PathBuf>, NotReady> {
        let names = self.files.names();
        let file_count = names.len();
        let mut found = Vec::with_capacity(file_count);
        let mut missing = Vec::new();
        for name in names {
            let path = data_directory.and_then(|directory| self.find(directory, name));
            match path {
                Some(path) => found.push(path),
                None => missing.push(name),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        Err(NotReady {
            name: self.name,
            data_directory: data_directory.map(Path::to_owned),
            folders: self.folders,
            missing,
            file_count,
            instructions: self.instructions,
        })
    }

    /// The first that there is of a file's possible places.
    fn find(&self, directory: &Path, name: &str) -> Option<PathBuf> {
        let folders = self.folders.iter().map(|folder| directory.join(folder));
        folders
            .flat_map(|folder| [folder.join(name), folder.join(format!("{name}.gz"))])
            .find(|path| path.is_file())
    }

    fn load(&self, data_directory: Option<&Path>) -> Result<Divided<ImageSet>, DataError> {
        let paths = self.locate(data_directory)?;
        let (training, validation) = match &self.files {
            Files::Idx([training, validation]) => (
                self.read_idx_part(training.count, &paths[0], &paths[1])?,
                self.read_idx_part(validation.count, &paths[2], &paths[3])?,
            ),
            Files::Cifar([training, _], images_per_file) => {
                let (training, validation) = paths.split_at(training.len());
                (
                    read_batches(training, *images_per_file)?,
                    read_batches(validation, *images_per_file)?,
                )
            }
        };
        Ok(Divided {
            training,
            validation,
        })
    }

    /// How many images each part has.
    fn counts(&self) -> Divided<usize> {
        let [training, validation] = match &self.files {
            Files::Idx(parts) => parts.each_ref().map(|part| part.count as usize),
            Files::Cifar(parts, images_per_file) => {
                parts.map(|files| files.len() * images_per_file)
            }
        };
        Divided {
            training,
            validation,
        }
    }

    /// Reads so many images and their labels, each of which must be a class.
    fn read_idx_part(
        &self,
        count: u32,
        images: &Path,
        labels: &Path,
    ) -> Result<ImageSet, DataError> {
        /// Of a header with one dimension, which labels have.
        const HEADER_BYTES: u64 = 8;
        let ImageFiles { shape, classes, .. } = *self;
        let sizes = [count, shape.height as u32, shape.width as u32];
        let pixels = read_idx(&mut Source::open(images)?, &sizes)?;
        let mut source = Source::open(labels)?;
        let labels = read_idx(&mut source, &[count])?;
        for (offset, label) in (HEADER_BYTES..).zip(&labels) {
            check_label(&source, offset, *label, classes)?;
        }
        Ok(ImageSet {
            shape,
            classes,
            pixels,
            labels,
        })
    }
}

impl Files {
    /// The names of all files, in the order in which they are read.
    fn names(&self) -> Vec<&'static str> {
        match self {
            Self::Idx(parts) => parts
                .iter()
                .flat_map(|part| [part.images, part.labels])
                .collect(),
            Self::Cifar(parts, _) => parts.concat(),
        }
    }
}

fn read_batches(paths: &[PathBuf], images_per_file: usize) -> Result<ImageSet, DataError> {
    let mut images = no_images(paths.len() * images_per_file);
    for path in paths {
        read_records(Source::open(path)?, images_per_file, &mut images)?;
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::super::cifar::tests::records;
    use super::super::idx::tests::idx;
    use super::super::source::tests::gzip;
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    /// MNIST with 3 images to train on and 2 that validate.
    static SMALL_MNIST: ImageFiles = ImageFiles {
        files: Files::Idx([
            IdxPart {
                images: "train-images",
                labels: "train-labels",
                count: 3,
            },
            IdxPart {
                images: "test-images",
                labels: "test-labels",
                count: 2,
            },
        ]),
        ..MNIST
    };
    static SMALL_CIFAR: ImageFiles = ImageFiles {
        files: Files::Cifar([&["one.bin", "two.bin"], &["test.bin"]], 2),
        ..CIFAR10
    };

    /// A data directory with these files in it.
    fn directory(files: &[(&str, Vec<u8>)]) -> TempDir {
        let directory = TempDir::new().expect("a temporary directory");
        for (name, content) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
            fs::write(path, content).expect("a new file");
        }
        directory
    }

    fn small_mnist() -> Vec<(&'static str, Vec<u8>)> {
        let images = |count: u8| {
            let pixels: Vec<_> = (0..count).flat_map(|image| [image; 784]).collect();
            idx(&[u32::from(count), 28, 28], &pixels)
        };
        vec![
            ("mnist/train-images.gz", gzip(images(3))),
            ("mnist/train-labels", idx(&[3], &[7, 0, 9])),
            // Compressed, whatever the name; and in another of the folders.
            ("MNIST/raw/test-images", gzip(images(2))),
            ("mnist/test-labels", idx(&[2], &[1, 2])),
        ]
    }

    #[test]
    fn images_and_labels_are_put_together() {
        let directory = directory(&small_mnist());
        let Divided {
            training,
            validation,
        } = SMALL_MNIST
            .load(Some(directory.path()))
            .expect("sound files");
        assert_eq!(training.labels(), [7, 0, 9]);
        assert_eq!((training.classes(), training.shape()), (10, MNIST_SHAPE));
        assert!(training.image(2).iter().all(|pixel| *pixel == 2));
        assert_eq!(validation.labels(), [1, 2]);
        assert_eq!(validation.pixels.len(), 2 * 784);
    }

    #[test]
    fn batches_are_put_together() {
        for folder in [
            "",
            "cifar10/",
            "cifar-10-batches-bin/",
            "cifar10/cifar-10-batches-bin/",
        ] {
            let [one, two, test] =
                ["one.bin", "two.bin", "test.bin.gz"].map(|name| format!("{folder}{name}"));
            let directory = directory(&[
                (&one, records(&[1, 2])),
                (&two, records(&[3, 4])),
                (&test, gzip(records(&[5, 6]))),
            ]);
            let Divided {
                training,
                validation,
            } = SMALL_CIFAR
                .load(Some(directory.path()))
                .expect("sound files");
            assert_eq!(training.labels(), [1, 2, 3, 4]);
            assert!(training.image(3).iter().all(|pixel| *pixel == 20));
            assert_eq!(validation.labels(), [5, 6]);
        }
    }

    #[test]
    fn files_in_each_others_place_are_refused_by_name() {
        let images = 0;
        let labels = 1;
        let mut swapped = small_mnist();
        let (one, other) = swapped.split_at_mut(1);
        std::mem::swap(&mut one[0].1, &mut other[0].1);
        let mut wrong_label = small_mnist();
        wrong_label[labels].1[8 + 1] = 10;
        let mut other_part = small_mnist();
        other_part[images].1.clone_from(&small_mnist()[2].1);
        for (files, message) in [
            (
                swapped,
                "mnist/train-images.gz, byte 0: expected 0x00000803 (IDX, unsigned bytes, dimensions: 3), \
                 found 0x00000801 (IDX, unsigned bytes, dimensions: 1)",
            ),
            (
                wrong_label,
                "mnist/train-labels, byte 9: expected a label from 0 to 9, found 10",
            ),
            (
                other_part,
                "mnist/train-images.gz, byte 4 of the decompressed data: expected 3 as size of dimension 1, found 2",
            ),
        ] {
            let directory = directory(&files);
            let error = SMALL_MNIST.load(Some(directory.path())).expect_err(message);
            let expected = directory.path().join(message).display().to_string();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn what_is_missing_is_said_with_where_it_belongs_and_where_it_is() {
        let without = ImageData::FashionMnist
            .load(None)
            .expect_err("no directory");
        assert_eq!(
            without.to_string(),
            "fashion-mnist is not ready: no data directory is named (--data-dir DIR)\n  \
             files: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, \
             t10k-labels-idx1-ubyte\n  \
             each as it is or gzipped, with .gz, in one of: fashion-mnist, FashionMNIST/raw\n  \
             Download the four files from https://github.com/zalandoresearch/fashion-mnist, folder data/fashion \
             (each name with .gz)."
        );
        let some = directory(&[
            ("data_batch_3.bin", vec![]),
            ("cifar10/test_batch.bin.gz", vec![]),
        ]);
        let error = ImageData::Cifar10
            .locate(Some(some.path()))
            .expect_err("four are missing");
        assert_eq!(
            error.missing(),
            [
                "data_batch_1.bin",
                "data_batch_2.bin",
                "data_batch_4.bin",
                "data_batch_5.bin"
            ]
        );
        let expected = format!(
            "cifar10 is not ready: 4 of 6 files are missing in {}\n",
            some.path().display()
        );
        assert!(error.to_string().starts_with(&expected), "{error}");
        assert!(
            error.to_string().contains("the directory itself\n"),
            "{error}"
        );
    }

    #[test]
    fn all_files_are_located_in_the_order_of_reading() {
        let directory = directory(&small_mnist());
        let found = SMALL_MNIST
            .locate(Some(directory.path()))
            .expect("all files");
        let expected: Vec<_> = small_mnist()
            .iter()
            .map(|(name, _)| directory.path().join(name))
            .collect();
        assert_eq!(found, expected);
    }

    fn data_counts(data: ImageData) -> (usize, usize) {
        let Divided {
            training,
            validation,
        } = data.counts();
        (training, validation)
    }

    #[test]
    fn data_of_the_published_sizes_are_ready() {
        let zeros = |shape: &[u32]| {
            let count = shape.iter().product::<u32>() as usize;
            gzip(idx(shape, &vec![0; count]))
        };
        let directory = directory(&[
            ("mnist/train-images-idx3-ubyte.gz", zeros(&[60_000, 28, 28])),
            ("mnist/train-labels-idx1-ubyte.gz", zeros(&[60_000])),
            ("mnist/t10k-images-idx3-ubyte.gz", zeros(&[10_000, 28, 28])),
            ("mnist/t10k-labels-idx1-ubyte.gz", zeros(&[10_000])),
        ]);
        let data = ImageData::Mnist
            .load(Some(directory.path()))
            .expect("sound files");
        let counts = data_counts(ImageData::Mnist);
        assert_eq!(counts, (60_000, 10_000));
        assert_eq!((data.training.count(), data.validation.count()), counts);
        assert_eq!(data_counts(ImageData::Cifar10), (50_000, 10_000));
        let names = ImageData::ALL.map(ImageData::name);
        assert_eq!(names, ["mnist", "fashion-mnist", "cifar10"]);
    }
}
