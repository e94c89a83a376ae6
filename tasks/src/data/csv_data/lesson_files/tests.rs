//! What two files make, and what is said of those that make nothing.

use rand::RngExt;

use super::*;
use crate::data::examples::tests::moments;
use crate::data::source::tests::gzip;

fn parse(training: &[u8], validation: &[u8]) -> Result<LessonFiles, DataError> {
    LessonFiles::read(
        Source::new("train.csv", training)?,
        Source::new("valid.csv", validation)?,
    )
}

fn files(training: &str, validation: &str) -> LessonFiles {
    parse(training.as_bytes(), validation.as_bytes()).expect(training)
}

fn message(training: &str, validation: &str) -> String {
    let error = parse(training.as_bytes(), validation.as_bytes()).expect_err(training);
    error.to_string()
}

fn targets(files: &LessonFiles) -> [&[f32]; 2] {
    let Divided {
        training,
        validation,
    } = &files.examples;
    [training.targets(), validation.targets()]
}

#[test]
fn two_texts_are_classes_in_alphabetical_order() {
    for (training, validation) in [
        (
            "a,b,kind\n1,2,rose\n2,4,oak\n4,0,rose\n",
            "a,b,kind\n1,1,oak\n2,2,rose\n",
        ),
        // Without a header, or with one in one of the files; semicolons, tabs, quotes, spaces, a byte order mark.
        ("1,2,rose\n2,4,oak\n4,0,rose\n", "1,1,oak\n2,2,rose\n"),
        (
            "1;2;rose\n2;4; oak\n4;0;rose",
            "\n\na\tb\tkind\n1\t1\toak\r\n2\t2\trose\r\n",
        ),
        (
            "\u{feff}a,b,kind\n1,2,\"rose\"\n2,4,oak\n4,0,rose\n",
            "1,1,oak\n2,2,rose\n",
        ),
    ] {
        let files = files(training, validation);
        let classes = ["oak", "rose"].map(str::to_owned);
        assert_eq!(files.labels, LessonLabels::Classes(classes), "{training}");
        assert_eq!(targets(&files), [&[1.0, 0.0, 1.0][..], &[0.0, 1.0][..]]);
        assert_eq!(files.examples.training.feature_count(), 2);
        assert!(files.constant_features.is_empty());
    }
    let named = files("a,b,kind\n1,2,rose\n2,4,oak\n", "1,1,oak\n2,2,rose\n");
    assert_eq!(named.label, "kind");
    let unnamed = files("1,2,rose\n2,4,oak\n", "1,1,oak\n2,2,rose\n");
    assert_eq!(unnamed.label, "column 3");
}

#[test]
fn two_numbers_are_classes_in_rising_order() {
    for (one, zero, names) in [("1", "0", ["0", "1"]), ("10", "-1.5", ["-1.5", "10"])] {
        let training = format!("a,y\n1,{one}\n2,{zero}\n3,{one}\n");
        let files = files(&training, &format!("1,{zero}\n2,{one}\n"));
        assert_eq!(
            files.labels,
            LessonLabels::Classes(names.map(str::to_owned))
        );
        assert_eq!(targets(&files), [&[1.0, 0.0, 1.0][..], &[0.0, 1.0][..]]);
    }
}

#[test]
fn more_numbers_are_predicted_and_standardised_by_the_training_file() {
    let files = files(
        "a,b,y\n1,10,0\n3,10,4\n1,10,2\n3,10,2\n",
        "5,11,6\n2,10,2\n",
    );
    // Of labels, mean 2 and variance 2; of feature `a`, mean 2 and variance 1.
    let LessonLabels::Numbers { standard_deviation } = files.labels else {
        panic!("no numbers: {:?}", files.labels)
    };
    assert!((standard_deviation - 2.0_f64.sqrt()).abs() < 1e-12);
    let root = 2.0_f32.sqrt();
    let [training, validation] = targets(&files);
    assert_eq!(training, [-root, root, 0.0, 0.0]);
    assert!((validation[0] - 2.0 * root).abs() < 1e-6 && validation[1] == 0.0);
    let Divided {
        training,
        validation,
    } = &files.examples;
    assert_eq!(
        [0, 1].map(|row| training.features(row)),
        [[-1.0, 0.0], [1.0, 0.0]]
    );
    assert_eq!(
        [0, 1].map(|row| validation.features(row)),
        [[3.0, 0.0], [0.0, 0.0]]
    );
    assert_eq!(files.constant_features, ["b"]);
}

#[test]
fn features_are_standardised_whatever_their_units() {
    let rows = |from: i32| {
        let rows = (from..from + 50).map(|row| {
            let large = 1e9 + f64::from(row * row);
            format!("{},{large},{}\n", f64::from(row % 7) * 1e-6, row % 3)
        });
        rows.collect::<String>()
    };
    let files = files(&rows(0), &rows(20));
    for of in moments(&files.examples.training) {
        assert!(of.mean.abs() < 1e-5, "{}", of.mean);
        assert!((of.variance - 1.0).abs() < 1e-5, "{}", of.variance);
    }
    let features = |part: &ExampleTable<f32>, row: usize| part.features(row).to_vec();
    // Row 21 of the one is row 1 of the other.
    assert_eq!(
        features(&files.examples.training, 21),
        features(&files.examples.validation, 1)
    );
}

#[test]
fn files_are_read_from_disk_gzipped_or_not() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("train.csv.gz"), gzip("a,y\n1,2\n2,3\n4,7\n")).expect("a new file");
    std::fs::write(path("valid.csv"), "a,y\n1,2\n2,3\n").expect("a new file");
    let files = LessonFiles::load(&path("train.csv.gz"), &path("valid.csv")).expect("sound files");
    assert_eq!(files.examples.training.count(), 3);
    let error = LessonFiles::load(&path("valid.csv"), &path("none.csv")).expect_err("no file");
    assert!(error.to_string().contains("none.csv: "), "{error}");
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_the_place() {
    let sound = "a,b,y\n1,2,0\n2,3,1\n";
    for (training, validation, expected) in [
        ("", sound, "train.csv: expected a table, found nothing"),
        (sound, "", "valid.csv: expected a table, found nothing"),
        (
            "a,b,y\n",
            sound,
            "train.csv: expected at least 2 rows of examples, found 0",
        ),
        (
            sound,
            "1,2,1\n",
            "valid.csv: expected at least 2 rows of examples, found 1",
        ),
        (
            "y\n1\n2\n",
            sound,
            "train.csv: expected 2 columns or more, separated by commas, semicolons or tabs, found 1",
        ),
        (
            "a,b,y\n1,2,0\n2,3\n",
            sound,
            "train.csv, line 3: expected 3 columns, as the first line has, found 2",
        ),
        (
            "a,b,y\n1,,0\n2,3,1\n",
            sound,
            "train.csv, line 2, column 2 (\"b\"): expected a value (fill in what is missing, or leave out the row or \
             the column), found \"\"",
        ),
        (
            "1,2,0\n2,NA,1\n",
            sound,
            "train.csv, line 2, column 2: expected a value (fill in what is missing, or leave out the row or the \
             column), found \"NA\"",
        ),
        (
            "a,b,y\n1,2,0\n2,red,1\n",
            sound,
            "train.csv, line 3, column 2 (\"b\"): expected a number (encode text as numbers, or leave out the column), \
             found \"red\"",
        ),
        (
            sound,
            "a,b,y\n1,2,0\ninf,1,1\n",
            "valid.csv, line 3, column 1 (\"a\"): expected a number between -1e100 and 1e100, found \"inf\"",
        ),
        (
            "a,b,y\n1,2,\n2,3,1\n",
            sound,
            "train.csv, line 2, column 3 (\"y\"): expected a value (fill in what is missing, or leave out the row or \
             the column), found \"\"",
        ),
        (
            "a,b,y\n1,2,no\n2,3,no\n",
            sound,
            "train.csv: expected labels of two classes, or numbers that vary (without, there is nothing to learn), \
             found only \"no\"",
        ),
        (
            "a,b,y\n1,2,7\n2,3,7\n",
            sound,
            "train.csv: expected labels of two classes, or numbers that vary (without, there is nothing to learn), \
             found only \"7\"",
        ),
        (
            "a,b,y\n1,2,no\n2,3,yes\n3,4,perhaps\n",
            sound,
            "train.csv, line 4, column 3 (\"y\"): expected one of two labels, as the first example's label is text \
             (leave out the rows of other classes, or write labels as numbers), found \"perhaps\"",
        ),
        (
            "a,b,y\n1,2,1\n2,3,2\n3,4,three\n",
            sound,
            "train.csv, line 4, column 3 (\"y\"): expected a number (encode text as numbers, or leave out the column), \
             found \"three\"",
        ),
        (
            "a,b,y\n1,2,0\n1,2,1\n",
            sound,
            "train.csv: expected a feature that varies (without, all examples are alike), found none",
        ),
        (
            "a,y\n1,1e99\n2,1.0000000000000002e99\n3,1.0000000000000004e99\n",
            "1,2\n2,3\n",
            "train.csv: expected labels with a standard deviation of more than 1e-12 of the largest of both files, \
             found 1.983e83",
        ),
    ] {
        assert_eq!(message(training, validation), expected);
    }
}

#[test]
fn what_does_not_fit_the_training_file_is_said_with_the_place() {
    let numbers = "a,b,y\n1,2,0\n2,3,5\n3,4,6\n";
    let zero_and_one = "a,b,y\n1,2,0\n2,3,1\n";
    let texts = "a,b,y\n1,2,no\n2,3,yes\n";
    for (training, validation, expected) in [
        (
            numbers,
            "a,b,c,y\n1,2,3,4\n",
            "valid.csv: expected 3 columns, as train.csv has, found 4",
        ),
        (
            numbers,
            "\nb,a,y\n2,1,0\n3,2,1\n",
            "valid.csv, line 2, column 1 (\"b\"): expected \"a\", as train.csv has (give both files the same columns, \
             in one order), found \"b\"",
        ),
        (
            numbers,
            "1,2,3\n1,2,no\n",
            "valid.csv, line 2, column 3: expected a number (encode text as numbers, or leave out the column), \
             found \"no\"",
        ),
        (
            zero_and_one,
            "a,b,y\n1,2,1\n1,2,0\n1,2,0.5\n",
            "valid.csv, line 4, column 3 (\"y\"): expected \"0\" or \"1\", the two labels of train.csv, which are \
             classes, found \"0.5\"",
        ),
        (
            zero_and_one,
            "1,2,1\n1,2,1\n",
            "valid.csv: expected examples of both classes, \"0\" and \"1\" (of one alone, any guess of it is right), \
             found none of \"0\"",
        ),
        (
            texts,
            "1,2,yes\n\n1,2,maybe\n1,2,no\n",
            "valid.csv, line 3, column 3: expected \"no\" or \"yes\", the two labels of train.csv, which are classes, \
             found \"maybe\"",
        ),
        // A first label that is a number does not make the others numbers.
        (
            texts,
            "1,2,1\n1,2,no\n",
            "valid.csv, line 1, column 3: expected \"no\" or \"yes\", the two labels of train.csv, which are classes, \
             found \"1\"",
        ),
        (
            texts,
            "1,2,no\n1,2,no\n",
            "valid.csv: expected examples of both classes, \"no\" and \"yes\" (of one alone, any guess of it is right), \
             found none of \"yes\"",
        ),
    ] {
        assert_eq!(message(training, validation), expected);
    }
}

#[test]
fn there_are_from_1_to_64_features() {
    let rows = |features: usize| {
        let row = |number: usize| format!("{number}{},{}\n", ",3".repeat(features - 1), number % 2);
        (0..4).map(row).collect::<String>()
    };
    for features in [1, 64] {
        let files = files(&rows(features), &rows(features));
        assert_eq!(files.examples.validation.feature_count(), features);
    }
    assert_eq!(
        message(&rows(65), &rows(65)),
        "train.csv: expected at most 64 columns of features before the label (leave out columns, or combine some), \
         found 65"
    );
}

#[test]
fn no_bytes_make_it_panic() {
    const BYTES: &[u8] = b"0123456789.,;\t\"\r\n-+eE naNAif?abc\xff\x00\xef\xbb\xbf\x1f\x8b";
    let wholes = [
        "a,b,y\n1,2,0\n2,3,1\n3,5,1\n",
        "1,2,no\n2,3,yes\n3,5,no\n",
        "a;b;y\n1;2;0\n2;3;1.5\n3;5;7\n",
    ];
    let mut numbers = crate::stream(1, "test", [0, 0]);
    let mut accepted = 0;
    for round in 0..6000 {
        let whole = wholes[round % 3].as_bytes();
        let mut both = [whole.to_vec(), whole.to_vec()];
        for _ in 0..numbers.random_range(0..5) {
            let bytes = &mut both[numbers.random_range(0..2)];
            let place = numbers.random_range(0..=bytes.len());
            let byte = BYTES[numbers.random_range(0..BYTES.len())];
            match numbers.random_range(0..3) {
                0 => bytes.insert(place, byte),
                1 if place < bytes.len() => bytes[place] = byte,
                _ => bytes.truncate(place.max(1)),
            }
        }
        match parse(&both[0], &both[1]) {
            Ok(files) => {
                accepted += 1;
                for part in [&files.examples.training, &files.examples.validation] {
                    let features = (0..part.count()).flat_map(|row| part.features(row));
                    let all = features.chain(part.targets());
                    assert!(all.copied().all(f32::is_finite), "{both:?}");
                }
            }
            Err(error) => {
                let message = error.to_string();
                let named = ["train.csv", "valid.csv"].map(|name| message.starts_with(name));
                assert!(named.contains(&true), "{message}");
            }
        }
    }
    assert!((1200..5500).contains(&accepted), "{accepted}");
}
