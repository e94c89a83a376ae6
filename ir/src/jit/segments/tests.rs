#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;

fn cut(code: &str, functions: ElementaryFunctions) -> Segments {
    let text = format!("function f\n\nread_write a tensor\nread_write b tensor\n\n{code}");
    let function = Function::parse(&text).unwrap();
    let schedule = Schedule::new(&function);
    Segments::new(
        &function,
        &schedule,
        &schedule.stages[0].loops[0],
        functions,
    )
}

/// The segments of a loop without calls, and how many slots they need.
fn loops(code: &str) -> (Vec<LoopSegment>, usize) {
    let Segments { segments, slots } = cut(code, ElementaryFunctions::Inlined);
    let loops = segments.into_iter().map(|segment| match segment {
        Segment::Loop(segment) => segment,
        Segment::Call(call) => panic!("{call:?}"),
    });
    (loops.collect(), slots)
}

fn indices(values: &[Value]) -> Vec<usize> {
    values.iter().map(|value| value.index()).collect()
}

#[test]
fn a_short_loop_is_one_segment() {
    let (segments, slots) =
        loops("v0 = load a\nv1 = load b\nv2 = add(v0, v1)\n\nstore a = v2\nstore b = v0\n");
    assert_eq!((segments.len(), slots), (1, 0));
    assert_eq!(indices(&segments[0].tensors), [0, 1, 2]);
    assert_eq!(segments[0].stores.len(), 2);
}

#[test]
fn what_later_segments_need_is_left_in_slots_that_are_used_again() {
    let (segments, slots) = loops(
        "v0 = load a\nv1 = tanh(v0)\nv2 = sin(v1)\nv3 = exp(v2)\n\
         v4 = mul(v3, v1)\nv5 = tanh(v4)\nv6 = add(v5, v0)\n\nstore a = v6\nstore b = v2\n",
    );
    let each = |of: fn(&LoopSegment) -> Vec<usize>| -> Vec<Vec<usize>> {
        segments.iter().map(of).collect()
    };
    let computed = each(|segment| indices(&segment.tensors));
    assert_eq!(
        computed,
        [vec![0, 1], vec![2], vec![3], vec![4], vec![5], vec![0, 6]]
    );
    // v1 stays for v4; v4 takes the place of v2, and v5 that of v1.
    let left = each(|segment| segment.left.iter().map(|(_, slot)| *slot).collect());
    assert_eq!(left, [vec![0], vec![1], vec![2], vec![1], vec![0], vec![]]);
    assert_eq!(slots, 3);
    // b is never read, and a in the last segment still.
    let stores = each(|segment| segment.stores.iter().map(|(_, v)| v.index()).collect());
    assert_eq!(stores, [vec![], vec![2], vec![], vec![], vec![], vec![6]]);
}

/// A second load of `a` reads what it held at entry, however early the first was done with.
#[test]
fn nothing_is_stored_before_any_load_of_its_place() {
    let (segments, _) = loops(
        "v0 = load a\nv1 = tanh(v0)\nv2 = tanh(v1)\nv3 = load a\nv4 = tanh(v2)\n\
         v5 = mul(v4, v3)\n\nstore a = v1\nstore b = v5\n",
    );
    let (last, others) = segments.split_last().unwrap();
    assert!(others.iter().all(|segment| segment.stores.is_empty()));
    assert_eq!(last.stores.len(), 2);
}

#[test]
fn chains_side_by_side_share_a_segment() {
    let (segments, _) = loops(
        "v0 = load a\nv1 = load b\nv2 = tanh(v0)\nv3 = tanh(v1)\n\nstore a = v2\nstore b = v3\n",
    );
    assert_eq!(segments.len(), 1);
}

#[test]
fn tensors_that_trade_places_are_stored_at_the_end() {
    let (segments, _) = loops(
        "v0 = load a\nv1 = load b\nv2 = tanh(v0)\nv3 = tanh(v2)\nv4 = tanh(v3)\n\
         v5 = add(v4, v1)\n\nstore a = v1\nstore b = v5\n",
    );
    let (last, others) = segments.split_last().unwrap();
    assert!(!others.is_empty());
    assert!(others.iter().all(|segment| segment.stores.is_empty()));
    assert_eq!(last.stores.len(), 2);
}

/// Each segment in a line: what a loop computes, leaves and stores, or a call's operands and result.
fn lines(code: &str) -> Vec<String> {
    let source = |source: &Source| match source {
        Source::Place(Place::Parameter(parameter)) => {
            format!("parameter {}", parameter.index())
        }
        Source::Place(Place::Buffer(buffer)) => format!("buffer {buffer}"),
        Source::Slot(slot) => format!("slot {slot}"),
    };
    let Segments { segments, .. } = cut(code, ElementaryFunctions::Called);
    let lines = segments.iter().map(|segment| match segment {
        Segment::Loop(segment) => {
            let left = segment.left.iter();
            let left: Vec<_> = left
                .map(|(value, slot)| format!("v{} in slot {slot}", value.index()))
                .collect();
            let left = if left.is_empty() {
                "nothing".to_owned()
            } else {
                left.join(", ")
            };
            let stored: Vec<Value> = segment.stores.iter().map(|(_, value)| *value).collect();
            let (tensors, stored) = (indices(&segment.tensors), indices(&stored));
            format!("loop {tensors:?}, leaves {left}, stores {stored:?}")
        }
        Segment::Call(call) => {
            let operands: Vec<_> = call.operands.iter().map(source).collect();
            let (operands, result) = (operands.join(", "), source(&call.result));
            format!("{:?} of {operands} to {result}", call.op)
        }
    });
    lines.collect()
}

#[test]
fn arithmetic_between_calls_is_gathered() {
    let lines = lines(
        "v0 = load a\nv1 = load b\nv2 = tanh(v0)\nv3 = add(v0, v1)\nv4 = exp(v3)\n\
         v5 = mul(v2, v4)\nv6 = log(v5)\nv7 = sub(v6, v3)\n\nstore a = v7\nstore b = v4\n",
    );
    assert_eq!(
        lines,
        [
            "loop [0, 1, 3], leaves v3 in slot 0, stores []",
            "Tanh of parameter 0 to slot 1",
            "Exp of slot 0 to parameter 1",
            "loop [5], leaves v5 in slot 2, stores []",
            "Log of slot 2 to slot 1",
            "loop [7], leaves nothing, stores [7]",
        ]
    );
}

#[test]
fn the_scalars_that_calls_take_are_spread_before() {
    let lines = lines(
        "v0 = load a\nv1 = constant 0.5\nv2 = pow(v0, v1)\nv3 = pow(v2, v1)\n\nstore a = v3\nstore b = v3\n",
    );
    assert_eq!(
        lines,
        [
            "loop [], leaves v1 in slot 0, stores []",
            "Pow of parameter 0, slot 0 to slot 1",
            "Pow of slot 1, slot 0 to parameter 0",
            "loop [], leaves nothing, stores [3]",
        ]
    );
}

/// A call may not write where it reads; nor may it while a later segment reads there.
#[test]
fn calls_store_where_nothing_is_read() {
    let one_after_the_other =
        lines("v0 = load a\nv1 = tanh(v0)\nv2 = exp(v1)\n\nstore a = v2\nstore b = v1\n");
    assert_eq!(
        one_after_the_other,
        [
            "Tanh of parameter 0 to parameter 1",
            "Exp of parameter 1 to parameter 0",
        ]
    );
    let in_place = lines("v0 = load a\nv1 = tanh(v0)\n\nstore a = v1\nstore b = v1\n");
    assert_eq!(
        in_place,
        [
            "Tanh of parameter 0 to parameter 1",
            "loop [], leaves nothing, stores [1]",
        ]
    );
    let read_later = lines(
        "v0 = load a\nv1 = load b\nv2 = tanh(v0)\nv3 = exp(v2)\nv4 = add(v3, v1)\n\n\
         store a = v4\nstore b = v3\n",
    );
    assert_eq!(
        read_later,
        [
            "Tanh of parameter 0 to slot 0",
            "Exp of slot 0 to slot 1",
            "loop [1, 4], leaves nothing, stores [4, 3]",
        ]
    );
}
