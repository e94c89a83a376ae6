//! Program text cut into lines of tokens.

use std::ops::Range;

/// A word or a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name, keyword or number; whether it is one of these, its place decides.
    Word(&'a str),
    /// One of `= ( ) , :`.
    Sign(char),
}

/// A token and the offset of its first byte in the text.
pub(super) type Placed<'a> = (Token<'a>, usize);

/// A line of program text.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    /// The offset of its first byte in the text.
    pub(super) start: usize,
    /// The offset after its last token.
    pub(super) end: usize,
    /// What stands before the comment, as a part of the text's tokens.
    pub(super) tokens: Range<usize>,
    /// What stands after the first `#`.
    pub(super) comment: Option<&'a str>,
}

/// A text cut into lines.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    /// What offsets are counted in.
    pub(super) text: &'a str,
    /// The tokens of all lines, one line after the other.
    pub(super) tokens: Vec<Placed<'a>>,
    pub(super) lines: Vec<Line<'a>>,
}

impl<'a> Lines<'a> {
    /// Cuts a text.
    pub(super) fn of(text: &'a str) -> Self {
        // Some editors begin files with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = Self {
            text,
            // Seldom is one in fewer bytes, with its share of the blanks.
            tokens: Vec::with_capacity(text.len() / 3),
            lines: Vec::with_capacity(text.len() / 16),
        };
        let mut start = 0;
        for line in text.split('\n') {
            lines.push(start, line.trim_end_matches('\r'));
            start += line.len() + 1;
        }
        lines
    }

    /// Adds the line that begins at an offset.
    fn push(&mut self, start: usize, line: &'a str) {
        let first = self.tokens.len();
        let (mut end, mut comment) = (start, None);
        let mut rest = line.trim_start();
        while let Some(character) = rest.chars().next() {
            if character == '#' {
                comment = Some(&rest[1..]);
                break;
            }
            let offset = start + line.len() - rest.len();
            let (token, length) = if is_sign(character) {
                (Token::Sign(character), 1)
            } else {
                let length = rest.find(ends_word).unwrap_or(rest.len());
                (Token::Word(&rest[..length]), length)
            };
            self.tokens.push((token, offset));
            end = offset + length;
            rest = rest[length..].trim_start();
        }
        self.lines.push(Line {
            start,
            end,
            tokens: first..self.tokens.len(),
            comment,
        });
    }
}

fn is_sign(character: char) -> bool {
    matches!(character, '=' | '(' | ')' | ',' | ':')
}

fn ends_word(character: char) -> bool {
    is_sign(character) || character.is_whitespace() || character == '#'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_into_words_signs_and_a_comment() {
        let Lines { tokens, lines, .. } = Lines::of("\n m=lerp( ä,g ) # why");
        let expected = [
            (Token::Word("m"), 2),
            (Token::Sign('='), 3),
            (Token::Word("lerp"), 4),
            (Token::Sign('('), 8),
            (Token::Word("ä"), 10),
            (Token::Sign(','), 12),
            (Token::Word("g"), 13),
            (Token::Sign(')'), 15),
        ];
        assert_eq!(tokens, expected);
        let [empty, line] = &lines[..] else {
            panic!("{lines:?}");
        };
        assert_eq!((empty.start, empty.end, empty.tokens.clone()), (0, 0, 0..0));
        assert_eq!((line.start, line.end, line.tokens.clone()), (1, 16, 0..8));
        assert_eq!((empty.comment, line.comment), (None, Some(" why")));
    }

    #[test]
    fn byte_order_marks_and_carriage_returns_are_no_part_of_a_line() {
        let Lines {
            text,
            tokens,
            lines,
        } = Lines::of("\u{feff}a#\r\r\nb\n");
        assert_eq!(text, "a#\r\r\nb\n");
        assert_eq!(tokens, [(Token::Word("a"), 0), (Token::Word("b"), 5)]);
        let comments: Vec<_> = lines.iter().map(|line| line.comment).collect();
        assert_eq!(comments, [Some(""), None, None]);
    }
}
