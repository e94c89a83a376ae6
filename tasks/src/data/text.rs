//! Texts, as a model that guesses the next character sees them.
//!
//! ```text
//!  bytes ──source──► UTF-8 ──► the sorted characters that occur: a token each ──► tokens ──┬─ first nine tenths train
//!                                                                                          └─ last tenth validates
//! ```
//!
//! The parts are in the order of the text and not shuffled, since neighbouring windows share most of their characters.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::error::DataError;
use super::examples::Divided;
use super::source::Source;

/// The largest file, decompressed.
const MAXIMUM_BYTES: u64 = 64 << 20;
/// The fewest characters: enough for several windows to validate with.
const MINIMUM_CHARACTERS: usize = 2_000;
/// The most tokens.
const MAXIMUM_VOCABULARY: usize = 255;

/// A text in tokens, a character each, divided once and for all: the last tenth validates.
///
/// A token is a character's place among those of the text, sorted. If the text has more than 255 different ones, the 254
/// that occur most often have a token each, of equally frequent ones those that sort first, and all others share the
/// last token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    tokens: Arc<[u8]>,
    vocabulary: usize,
}

impl Text {
    /// What the bundled text is.
    pub const BUNDLED_TITLE: &str = "the first thirty of Shakespeare's sonnets";

    /// The first thirty of Shakespeare's sonnets: 18,505 characters, 56 different ones.
    ///
    /// # Panics
    ///
    /// If the embedded copy is broken, which a test rules out.
    #[must_use]
    pub fn bundled() -> &'static Self {
        static SONNETS: OnceLock<Text> = OnceLock::new();
        const CONTENT: &[u8] = include_bytes!("../../data/sonnets.txt");
        SONNETS.get_or_init(|| Self::parse("sonnets.txt", CONTENT).expect("the embedded text"))
    }

    /// The text in a file, gzipped or not.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is larger than 64 MiB or no UTF-8, has fewer than 2,000 characters or only one
    /// over and over.
    pub fn load(path: &Path) -> Result<Self, DataError> {
        Self::read(Source::open(path)?)
    }

    /// [`load`](Self::load) of a file's bytes, which errors call `file`.
    ///
    /// ```
    /// use mlevolve_tasks::data::Text;
    /// let text = Text::parse("example", "to be or not to be, ".repeat(100).as_bytes()).unwrap();
    /// assert_eq!(text.vocabulary(), 8);
    /// assert_eq!(
    ///     Text::parse("example", b"caf\xe9").unwrap_err().to_string(),
    ///     "example, byte 3: expected UTF-8, found 0xe9"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, DataError> {
        Self::read(Source::new(file, bytes)?)
    }

    fn read(mut source: Source<'_>) -> Result<Self, DataError> {
        let bytes = source.rest(MAXIMUM_BYTES)?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let place = error.valid_up_to();
            source.unexpected(place as u64, "UTF-8", format!("{:#04x}", bytes[place]))
        })?;
        let mut counts = BTreeMap::<char, usize>::new();
        for character in text.chars() {
            *counts.entry(character).or_default() += 1;
        }
        let refused = |expected: String, found: String| DataError::Whole {
            file: source.file().to_owned(),
            expected,
            found,
        };
        let length: usize = counts.values().sum();
        if length < MINIMUM_CHARACTERS {
            let expected = format!("a text of at least {MINIMUM_CHARACTERS} characters");
            return Err(refused(expected, length.to_string()));
        }
        if counts.len() < 2 {
            let expected = "at least 2 different characters".to_owned();
            return Err(refused(expected, "1".to_owned()));
        }
        let with_token = frequent(&counts);
        // What has no token of its own gets the one after these.
        let token = |character| {
            let place = with_token.binary_search(&character);
            u8::try_from(place.unwrap_or(with_token.len())).expect("a vocabulary of few tokens")
        };
        Ok(Self {
            tokens: text.chars().map(token).collect(),
            vocabulary: counts.len().min(MAXIMUM_VOCABULARY),
        })
    }

    /// How many tokens there are; each is less.
    #[must_use]
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// How many characters each part has.
    #[must_use]
    pub fn characters(&self) -> Divided<usize> {
        let [training, validation] = self.parts().map(|part| part.len());
        Divided {
            training,
            validation,
        }
    }

    /// The tokens of each part.
    #[must_use]
    pub fn tokens(&self) -> Divided<&[u8]> {
        let [training, validation] = self.parts().map(|part| &self.tokens[part]);
        Divided {
            training,
            validation,
        }
    }

    fn parts(&self) -> [Range<usize>; 2] {
        let length = self.tokens.len();
        let boundary = length - length / 10;
        [0..boundary, boundary..length]
    }
}

/// The characters that have a token of their own, sorted.
fn frequent(counts: &BTreeMap<char, usize>) -> Vec<char> {
    let mut characters: Vec<_> = counts.keys().copied().collect();
    if characters.len() > MAXIMUM_VOCABULARY {
        characters.sort_by_key(|character| (std::cmp::Reverse(counts[character]), *character));
        characters.truncate(MAXIMUM_VOCABULARY - 1);
        characters.sort_unstable();
    }
    characters
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::stream;

    fn error(bytes: &[u8]) -> String {
        let error = Text::parse("file", bytes).expect_err("no text");
        error.to_string()
    }

    #[test]
    fn the_bundled_text_is_as_documented() {
        let text = Text::bundled();
        assert_eq!(text.vocabulary(), 56);
        let Divided {
            training,
            validation,
        } = text.characters();
        assert_eq!((training, validation), (16_655, 1_850));
        // 64-bit FNV-1a: every published figure on this text rests on it.
        let hash = text.tokens.iter().fold(0xcbf2_9ce4_8422_2325, |hash, it| {
            (hash ^ u64::from(*it)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        assert_eq!(hash, 0xf9ec_1722_176e_3941);
    }

    #[test]
    fn tokens_are_places_among_the_sorted_characters() {
        let text = Text::parse("file", "bäca".repeat(500).as_bytes()).expect("a text");
        assert_eq!(text.vocabulary(), 4);
        let Divided {
            training,
            validation,
        } = text.tokens();
        assert_eq!(training[..5], [1, 3, 2, 0, 1]);
        assert_eq!((training.len(), validation.len()), (1_800, 200));
        assert_eq!(validation[..5], [1, 3, 2, 0, 1]);
    }

    #[test]
    fn rare_characters_share_a_token() {
        // 300 characters: the first 46 once, all others, of which 254 can have a token, 10 times.
        let character = |index: u32| char::from_u32(0x4e00 + index).expect("a character");
        let rare = (0..46).map(character);
        let frequent = (46..300).map(character);
        let content: String = rare.chain(frequent.cycle().take(2_540)).collect();
        let text = Text::parse("file", content.as_bytes()).expect("a text");
        assert_eq!(text.vocabulary(), 255);
        let tokens = text.tokens().training;
        assert!(tokens[..46].iter().all(|token| *token == 254));
        assert_eq!(tokens[46..49], [0, 1, 2]);
        assert_eq!(tokens[46 + 253], 253);
        // Of 255, each has one.
        let content: String = (0..255).map(character).cycle().take(2_550).collect();
        let text = Text::parse("file", content.as_bytes()).expect("a text");
        assert_eq!(text.vocabulary(), 255);
        assert_eq!(text.tokens().training[254], 254);
        // Of equally frequent ones, those that sort first.
        let content: String = (0..256).map(character).cycle().take(2_560).collect();
        let text = Text::parse("file", content.as_bytes()).expect("a text");
        assert_eq!(text.tokens().training[252..258], [252, 253, 254, 254, 0, 1]);
    }

    #[test]
    fn what_is_no_text_is_refused_with_the_place() {
        assert_eq!(
            error(b""),
            "file: expected a text of at least 2000 characters, found 0"
        );
        assert_eq!(
            error("ä".repeat(1_999).as_bytes()),
            "file: expected a text of at least 2000 characters, found 1999"
        );
        assert_eq!(
            error(&[b'a'; 2_000]),
            "file: expected at least 2 different characters, found 1"
        );
        assert_eq!(
            error(&[&[b'a'; 2_500][..], &[0xff]].concat()),
            "file, byte 2500: expected UTF-8, found 0xff"
        );
        // A character that is cut off.
        assert_eq!(
            error(&[&[b'a'; 2_500][..], &[0xe2, 0x82]].concat()),
            "file, byte 2500: expected UTF-8, found 0xe2"
        );
        let missing = Text::load(Path::new("/nowhere/file")).expect_err("no file");
        assert!(missing.to_string().starts_with("/nowhere/file: "));
    }

    #[test]
    fn gzip_is_read_too() {
        let content = "to be or not to be, ".repeat(100);
        let plain = Text::parse("file", content.as_bytes()).expect("a text");
        let gzip = super::super::source::tests::gzip(&content);
        assert_eq!(Text::parse("file", &gzip).expect("a text"), plain);
    }

    /// Any bytes are a text whose tokens are in the vocabulary, or an error.
    #[test]
    fn no_bytes_make_it_panic() {
        let mut texts = 0;
        for seed in 0..300 {
            let mut numbers = stream(seed, "text test", [0, 0]);
            let length = numbers.random_range(0..6_000_usize);
            // A third each of any bytes, of characters from a range of any width, and of these with one byte changed.
            let width = 1_u32 << numbers.random_range(0..12);
            let mut bytes: Vec<u8> = if seed % 3 == 0 {
                (0..length).map(|_| numbers.random()).collect()
            } else {
                let character = |_| char::from_u32(numbers.random_range(0..width)).unwrap_or(' ');
                let text: String = (0..length).map(character).collect();
                text.into_bytes()
            };
            if seed % 3 == 2 && !bytes.is_empty() {
                let place = numbers.random_range(0..bytes.len());
                bytes[place] = numbers.random();
            }
            match Text::parse("file", &bytes) {
                Ok(text) => {
                    texts += 1;
                    assert!((2..=255).contains(&text.vocabulary()));
                    let largest = text.tokens.iter().max().expect("characters");
                    assert_eq!(usize::from(*largest), text.vocabulary() - 1);
                    let characters = std::str::from_utf8(&bytes).expect("a text is UTF-8");
                    let Divided {
                        training,
                        validation,
                    } = text.characters();
                    assert_eq!(training + validation, characters.chars().count());
                    assert_eq!(text, Text::parse("file", &bytes).expect("the same"));
                }
                Err(error) => assert!(error.to_string().starts_with("file"), "{error}"),
            }
        }
        assert!(texts > 50, "{texts} texts");
    }
}
