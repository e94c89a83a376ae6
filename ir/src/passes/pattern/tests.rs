#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;

#[test]
fn lines_that_are_no_rules_are_refused() {
    for (line, error) in [
        ("add(?a, 0.0) -> ?a", "`=>` is missing"),
        ("add(?a) => ?a", "`add` takes 2 operands"),
        ("plus(?a, ?b) => ?a", "there is no op `plus`"),
        ("add(?a, 0.0) => ?b", "`?b` does not stand on the left"),
        ("add(?a, 0.0) => #a", "`a` is a value and a constant"),
        ("add(?a, ?) => ?a", "`?` is no variable"),
        ("?a => ?a", "the left side is no op"),
        (
            "neg(?a) => ?a if lucky(?a)",
            "there is no condition `lucky`",
        ),
        (
            "neg(?a) => ?a if signed(1.0)",
            "a condition is asked of a variable",
        ),
        (
            "neg(?a) => ?a if signed(?b)",
            "`?b` does not stand on the left",
        ),
        ("neg(?a) => ?a, ?a", "`, ?a` is left over"),
        ("neg(?a => ?a", "`)` is missing"),
        (
            "clip(?a, ?b, clip(?c, ?d, clip(?e, ?f, ?g))) => ?a",
            "one too many",
        ),
    ] {
        let found = Rule::parse(line, Kind::Exact).unwrap_err();
        assert!(found.contains(error), "{line}: {found}");
    }
}

#[test]
fn a_line_reads_as_it_is_written() {
    let line = "mul(sub(-0.0, ?a), #k) => neg(?a) if signed(#k), exact_reciprocal(#k)";
    let rule = Rule::parse(line, Kind::Exact).unwrap();
    let [mul, sub, neg] = ["mul", "sub", "neg"].map(|word| Op::from_mnemonic(word).unwrap());
    let zero = Pattern::Number(Constant::new(-0.0));
    let difference = Pattern::Apply(sub, vec![zero, Pattern::Any(0)]);
    let left = Pattern::Apply(mul, vec![difference.clone(), Pattern::Constant(1)]);
    let exchanged = Pattern::Apply(mul, vec![Pattern::Constant(1), difference]);
    assert_eq!(rule.left, left);
    assert_eq!(rule.right, Pattern::Apply(neg, vec![Pattern::Any(0)]));
    assert_eq!(
        rule.conditions,
        [(Condition::Signed, 1), (Condition::ExactReciprocal, 1)]
    );
    assert_eq!(rule.line(), line);
    // Only what commutes is exchanged.
    assert_eq!(rule.orders(), [left, exchanged]);
}

#[test]
fn powers_of_two_are_told_apart_where_it_is_close() {
    for power in -149..=127 {
        let number = 2.0f64.powi(power) as f32;
        assert!(
            is_power_of_two(number) && is_power_of_two(-number),
            "2^{power}"
        );
        let reciprocal = Condition::ExactReciprocal.holds(number);
        assert_eq!(reciprocal, power >= -127, "2^{power}");
        assert_eq!(
            Condition::Doubling.holds(number),
            (1..=60).contains(&power),
            "2^{power}"
        );
        if power > -149 {
            let next = f32::from_bits(number.to_bits() + 1);
            assert!(!is_power_of_two(next) || power == -149, "after 2^{power}");
        }
    }
    for number in [0.0, -0.0, f32::INFINITY, f32::NAN, 3.0, f32::MAX] {
        assert!(!is_power_of_two(number), "{number}");
        assert!(!Condition::ExactReciprocal.holds(number), "{number}");
    }
}
