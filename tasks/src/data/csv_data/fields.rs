//! What a field can be: a number, text, or a value that is missing.

use std::borrow::Cow;

/// What stands for a value that is not there, in capitals.
const MISSING: [&str; 6] = ["", "NA", "N/A", "NAN", "NULL", "?"];

/// A field without the spaces around it.
pub(super) fn trimmed(field: &[u8]) -> Cow<'_, str> {
    match String::from_utf8_lossy(field) {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// Whether a trimmed field stands for a missing value.
pub(super) fn is_missing(field: &str) -> bool {
    MISSING
        .iter()
        .any(|missing| field.eq_ignore_ascii_case(missing))
}

/// Whether a trimmed field is there and no number.
pub(super) fn is_text(field: &str) -> bool {
    !is_missing(field) && field.parse::<f64>().is_err()
}
