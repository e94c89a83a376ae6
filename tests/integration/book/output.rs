//! Whether a command printed what the text shows.

/// Whether lines are as shown, where a line `...` stands for any number of lines and `...` within one for anything.
pub(super) fn is_shown(shown: &[String], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first.trim() == "..." => {
            (0..=printed.len()).any(|skipped| is_shown(rest, &printed[skipped..]))
        }
        Some((first, rest)) => printed.split_first().is_some_and(|(line, printed)| {
            is_line_shown(first, line.trim_end()) && is_shown(rest, printed)
        }),
    }
}

fn is_line_shown(shown: &str, line: &str) -> bool {
    let mut parts = shown.split("...");
    let Some(mut left) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else {
        return left.is_empty();
    };
    for part in parts {
        match left.split_once(part) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(last)
}

#[test]
fn what_varies_may_be_left_out_and_nothing_else() {
    let shows = |shown: &str, printed: &str| {
        let shown: Vec<_> = shown.lines().map(str::to_owned).collect();
        is_shown(&shown, &printed.lines().collect::<Vec<_>>())
    };
    assert!(shows("one\n...\nfour", "one\ntwo\nthree\nfour"));
    assert!(shows("one\n...", "one"));
    assert!(shows("takes ... ms of ... s", "takes 12 ms of 3 s"));
    assert!(!shows("takes ... ms", "takes 12 s"));
    assert!(!shows("one\n...\nfour", "one\ntwo\nthree"));
    assert!(!shows("one", "one\ntwo"));
    assert!(!shows("one\ntwo", "one"));
    assert!(!shows("a...a", "a"));
}
