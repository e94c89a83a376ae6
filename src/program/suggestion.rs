//! What a reader of an error may have meant.

use super::distance::edit_distance;

/// Words longer than this were not meant as the name of anything.
const LONGEST_WORD: usize = 40;

/// The candidate that `word` is most likely a slip of: at most two edits away, and no more edits
/// than half its letters. The first one wins a tie.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let letters: Vec<char> = word.chars().take(LONGEST_WORD + 1).collect();
    if letters.len() > LONGEST_WORD {
        return None;
    }
    let most_edits = (letters.len() / 2).min(2);
    candidates
        .into_iter()
        .map(|candidate| {
            let candidate_letters: Vec<char> = candidate.chars().collect();
            (edit_distance(&letters, &candidate_letters), candidate)
        })
        .filter(|&(edits, _)| edits <= most_edits)
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, candidate)| candidate)
}

/// The candidates as a list for a message, cut when it grows long.
pub(crate) fn list<'a>(candidates: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 30;
    let mut candidates = candidates.into_iter();
    let shown: Vec<_> = candidates
        .by_ref()
        .take(MOST)
        .map(|name| format!("`{name}`"))
        .collect();
    let left_out = candidates.count();
    let more = if left_out == 0 {
        String::new()
    } else {
        format!(" and {left_out} more")
    };
    shown.join(", ") + &more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let candidates = ["add", "sub", "sqrt", "lerp", "heaviside"];
        for (word, expected) in [
            ("ad", Some("add")),
            ("squrt", Some("sqrt")),
            ("lepr", Some("lerp")),
            ("heavyside", Some("heaviside")),
            ("x", None),
            ("", None),
            ("convolve", None),
        ] {
            assert_eq!(nearest(word, candidates), expected, "{word}");
        }
        assert_eq!(nearest(&"a".repeat(70_000), candidates), None);
    }
}
