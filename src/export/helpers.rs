//! Functions that templates call and a language does not have.
//!
//! They are in source files of their languages, so that they can be read and checked as such. Each begins at the left
//! margin with its name and ends before the next one; an export has those that its code calls, and those that these call.

/// The functions of a language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Helpers {
    source: &'static str,
    /// What a definition begins with.
    keyword: &'static str,
}

/// For PyTorch.
pub(super) const TORCH: Helpers = Helpers {
    source: include_str!("helpers/torch.py"),
    keyword: "def ",
};
/// For NumPy.
pub(super) const NUMPY: Helpers = Helpers {
    source: include_str!("helpers/numpy.py"),
    keyword: "def ",
};
/// For JAX.
pub(super) const JAX: Helpers = Helpers {
    source: include_str!("helpers/jax.py"),
    keyword: "def ",
};
/// For Rust.
pub(super) const RUST: Helpers = Helpers {
    source: include_str!("helpers/rust.rs"),
    keyword: "fn ",
};

impl Helpers {
    /// Each function's name and text.
    fn functions(self) -> Vec<(&'static str, &'static str)> {
        let mut starts: Vec<usize> = Vec::new();
        let mut begins_block = true;
        let mut offset = 0;
        for line in self.source.split_inclusive('\n') {
            let is_code =
                line.starts_with(self.keyword) || line.starts_with("///") || line.starts_with('#');
            if begins_block && is_code {
                starts.push(offset);
            }
            begins_block = line.trim().is_empty();
            offset += line.len();
        }
        let ends = starts.iter().skip(1).copied().chain([self.source.len()]);
        let blocks = starts
            .iter()
            .zip(ends)
            .map(|(&start, end)| self.source[start..end].trim_end());
        let named = blocks.filter_map(|text| {
            let mut lines = text.lines();
            let head = lines.find_map(|line| line.strip_prefix(self.keyword))?;
            let end = head.find(['(', '<'])?;
            Some((&head[..end], text))
        });
        named.collect()
    }

    /// The texts of the functions that `code` calls, and of those that they call, in the order of the file.
    pub(super) fn called_by(self, code: &str) -> Vec<&'static str> {
        let functions = self.functions();
        let mut is_called = vec![false; functions.len()];
        let mut texts = vec![code];
        while let Some(text) = texts.pop() {
            for (index, (name, body)) in functions.iter().enumerate() {
                if !is_called[index] && calls(text, name) {
                    is_called[index] = true;
                    texts.push(body);
                }
            }
        }
        let called = functions.iter().zip(is_called);
        called
            .filter(|(_, is_called)| *is_called)
            .map(|((_, body), _)| *body)
            .collect()
    }
}

/// Whether a text calls, or hands on, a function of this name, which is not another's method or the end of a longer name.
fn calls(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(start, _)| {
        let before = text[..start].bytes().next_back();
        let after = text[start + name.len()..].bytes().next();
        let begins =
            before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && byte != b'_' && byte != b'.');
        begins && matches!(after, Some(b'(' | b')' | b','))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_is_found_with_what_that_calls() {
        let called = NUMPY.called_by("x = gelu(y)");
        assert_eq!(called.len(), 1);
        assert!(called[0].starts_with("def gelu("), "{}", called[0]);
        assert!(NUMPY.called_by("x = np.erf(y)").is_empty());
        assert!(!calls("x.softmax(y)", "softmax") && !calls("row_softmax(y)", "softmax"));
    }
}
