//! A user's own tables, as they are taught.

use super::*;

#[test]
fn own_tables_are_taught_in_the_order_of_the_file_and_in_others() {
    let text = own_table(|row| row.to_string());
    let (_directory, sources) = own_files(&format!("a,b,c\n{text}"), &text);
    let own = entry("own").open(&sources).expect("sound files");
    assert_eq!(own.evaluation(), Evaluation::RootMeanSquare);
    assert_eq!(own.own_features(), Some(2));
    let shape = |training_examples, validation_examples| LearnerTaskShape {
        features: 50,
        training_examples,
        validation_examples,
    };
    let labels = |examples: &LaneExamples, of_lane: usize| {
        let [training, _] = lane(examples, of_lane);
        // Labels are the standardised row numbers: mean 4.5, variance 8.25.
        let labels = training[2 * examples.training.count..].iter();
        let rows = labels.map(|label| (label * 8.25_f32.sqrt() + 4.5).round() as usize);
        rows.collect::<Vec<_>>()
    };
    let found = own
        .examples(&shape(25, 30), &[0, 1, 2].map(task))
        .expect("a shape");
    assert_eq!(
        (found.features, found.training.count, found.validation.count),
        (2, 25, 10)
    );
    assert_eq!(
        found.remarks,
        [
            "own: label \"c\" is standardised; an error of 1 is 2.8722813232690143 in the units of the file.",
            "own: the 10 rows of the training file are repeated to make 25 training examples.",
            "own: 10 validation examples instead of 30, as the validation file has no more.",
        ]
    );
    for of_lane in 0..3 {
        let rows = labels(&found, of_lane);
        assert_eq!(rows[..10].is_sorted(), of_lane == 0, "{rows:?}");
        for epoch in rows.chunks_exact(10) {
            let mut sorted = epoch.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..10).collect::<Vec<_>>());
        }
        assert_ne!(rows[..10], rows[10..20]);
        // All are examined on the same, in no order that a program could count on.
        let mut examined: Vec<u32> = lane(&found, of_lane)[1]
            .iter()
            .map(|it| it.to_bits())
            .collect();
        let mut first: Vec<u32> = lane(&found, 0)[1].iter().map(|it| it.to_bits()).collect();
        assert_eq!(examined == first, of_lane == 0);
        examined.sort_unstable();
        first.sort_unstable();
        assert_eq!(examined, first);
    }
    // Fewer are spread over the file.
    let found = own.examples(&shape(4, 2), &[task(0)]).expect("a shape");
    assert_eq!(labels(&found, 0), [0, 2, 5, 7]);
    assert_eq!(found.remarks.len(), 1);
}

#[test]
fn own_classes_are_named_and_constant_features_said() {
    let table = |row: usize| format!("3,{}", ["oak", "rose"][row % 2]);
    let (_directory, sources) = own_files(&own_table(table), &own_table(table));
    let found = entry("own")
        .examples(&sources, &SHAPE, &[task(0)])
        .expect("sound files");
    assert_eq!(
        (found.evaluation, found.features),
        (Evaluation::Accuracy, 3)
    );
    assert_eq!(
        found.remarks[..2],
        [
            "own: label \"column 4\" is 0 for \"oak\" and 1 for \"rose\".",
            "own: features that do not vary in the training file are 0: column 3.",
        ]
    );
    let labels: Vec<_> = found
        .validation
        .labels
        .chunks(found.stride)
        .map(|group| group[0])
        .collect();
    assert_eq!(labels.iter().sum::<f32>(), 5.0);
    assert!(!labels.is_sorted() && labels.iter().all(|label| *label == 0.0 || *label == 1.0));
}
