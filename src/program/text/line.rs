//! Program text cut into lines of tokens.

/// A word or a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name, keyword or number; whether it is one of these, its place decides.
    Word(&'a str),
    /// One of `= ( ) , :`.
    Sign(char),
}

/// A token and the column of its first character, counted in characters from 1.
pub(super) type Placed<'a> = (Token<'a>, usize);

/// A line of program text.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub(super) number: usize,
    /// The line without its end.
    pub(super) text: &'a str,
    /// What stands before the comment.
    pub(super) tokens: Vec<Placed<'a>>,
    /// What stands after the first `#`.
    pub(super) comment: Option<&'a str>,
    /// The column after the last token, or of the comment in a line without tokens.
    pub(super) end_column: usize,
}

/// The lines of a text.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    // Some editors begin files with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split('\n')
        .enumerate()
        .map(|(index, line)| tokenise(index + 1, line.trim_end_matches('\r')))
}

fn is_sign(character: char) -> bool {
    matches!(character, '=' | '(' | ')' | ',' | ':')
}

fn tokenise(number: usize, text: &str) -> Line<'_> {
    let mut line = Line {
        number,
        text,
        tokens: Vec::new(),
        comment: None,
        end_column: 1,
    };
    let mut characters = text.char_indices().zip(1..).peekable();
    while let Some(((start, character), column)) = characters.next() {
        if character == '#' {
            line.comment = Some(&text[start + 1..]);
            break;
        }
        if character.is_whitespace() {
            continue;
        }
        let mut token = Token::Sign(character);
        let mut last_column = column;
        if !is_sign(character) {
            let mut end = start + character.len_utf8();
            let inner = |&((_, next), _): &((usize, char), usize)| {
                !(is_sign(next) || next.is_whitespace() || next == '#')
            };
            while let Some(((position, next), next_column)) = characters.next_if(inner) {
                end = position + next.len_utf8();
                last_column = next_column;
            }
            token = Token::Word(&text[start..end]);
        }
        line.tokens.push((token, column));
        line.end_column = last_column + 1;
    }
    line
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_into_words_signs_and_a_comment() {
        let line = lines(" m=lerp( ä,g ) # why").next().unwrap();
        let expected = [
            (Token::Word("m"), 2),
            (Token::Sign('='), 3),
            (Token::Word("lerp"), 4),
            (Token::Sign('('), 8),
            (Token::Word("ä"), 10),
            (Token::Sign(','), 11),
            (Token::Word("g"), 12),
            (Token::Sign(')'), 14),
        ];
        assert_eq!(line.tokens, expected);
        assert_eq!((line.comment, line.end_column), (Some(" why"), 15));
    }

    #[test]
    fn byte_order_marks_and_carriage_returns_are_no_part_of_a_line() {
        let texts: Vec<_> = lines("\u{feff}a\r\nb\n").map(|line| line.text).collect();
        assert_eq!(texts, ["a", "b", ""]);
    }
}
