//! Numbers that a program carries.

use std::fmt;
use std::str::FromStr;

/// A finite binary32 number: the value of a constant cell.
///
/// Two constants are equal when their bits are, so 0 and −0 differ, as their reciprocals do. Text
/// holds the shortest decimal number that reads back to the same bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Constant(u32);

/// Why a word is no constant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConstantError {
    /// It is not a number at all, or it names an infinity or NaN.
    #[error("is not a finite number")]
    NotANumber,
    /// It rounds to an infinity.
    #[error("is beyond the greatest binary32 number, 3.4028235e38")]
    TooLarge,
    /// It is not zero, but rounds to it.
    #[error("is closer to 0 than any binary32 number, 1e-45; write 0")]
    TooSmall,
}

impl Constant {
    /// The constant of this value, or `None` for infinities and NaN.
    #[must_use]
    pub const fn new(value: f32) -> Option<Self> {
        if value.is_finite() {
            Some(Self(value.to_bits()))
        } else {
            None
        }
    }

    /// A constant written in source code, where a value that is not finite fails the build.
    pub(crate) const fn literal(value: f32) -> Self {
        match Self::new(value) {
            Some(constant) => constant,
            None => panic!("a constant must be finite"),
        }
    }

    /// The number.
    #[must_use]
    pub const fn value(self) -> f32 {
        f32::from_bits(self.0)
    }
}

impl FromStr for Constant {
    type Err = ConstantError;

    fn from_str(text: &str) -> Result<Self, ConstantError> {
        // The standard library also reads words such as `inf` and `nan`.
        if !text.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(ConstantError::NotANumber);
        }
        let value: f32 = text.parse().map_err(|_| ConstantError::NotANumber)?;
        let mut significand = text
            .bytes()
            .take_while(|byte| !byte.eq_ignore_ascii_case(&b'e'));
        if value == 0.0 && significand.any(|byte| matches!(byte, b'1'..=b'9')) {
            return Err(ConstantError::TooSmall);
        }
        Self::new(value).ok_or(ConstantError::TooLarge)
    }
}

impl fmt::Display for Constant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value();
        let magnitude = value.abs();
        // Both forms have the fewest digits that read back to the same bits. Written out in full,
        // numbers outside this range would be mostly zeros.
        if magnitude == 0.0 || (1e-4..1e7).contains(&magnitude) {
            write!(formatter, "{value}")
        } else {
            write!(formatter, "{value:e}")
        }
    }
}

impl fmt::Debug for Constant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_reads_back_to_the_same_bits() {
        let difficult = [
            0.0,
            -0.0,
            0.1,
            1.0 / 3.0,
            f32::MAX,
            f32::MIN,
            f32::MIN_POSITIVE,
            f32::from_bits(1),
            f32::from_bits(0x007f_ffff),
            16_777_217.0,
        ];
        // A multiplier without structure walks through every exponent and many significands.
        let scattered =
            (0..200_000u32).map(|index| f32::from_bits(index.wrapping_mul(2_654_435_761)));
        for value in difficult.into_iter().chain(scattered) {
            let Some(constant) = Constant::new(value) else {
                continue;
            };
            let text = constant.to_string();
            assert_eq!(text.parse(), Ok(constant), "{text}");
            assert!(text.len() <= 16, "{text}");
        }
    }

    #[test]
    fn printed_form() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.001, "0.001"),
            (1e-8, "1e-8"),
            (-2.5e-7, "-2.5e-7"),
            (123_456.0, "123456"),
            (f32::MAX, "3.4028235e38"),
            (f32::from_bits(1), "1e-45"),
        ] {
            assert_eq!(Constant::literal(value).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_constant() {
        for (text, error) in [
            ("inf", ConstantError::NotANumber),
            ("-nan", ConstantError::NotANumber),
            ("", ConstantError::NotANumber),
            ("1.2.3", ConstantError::NotANumber),
            ("0x10", ConstantError::NotANumber),
            ("1e39", ConstantError::TooLarge),
            ("-3.5e38", ConstantError::TooLarge),
            ("1e-46", ConstantError::TooSmall),
        ] {
            assert_eq!(text.parse::<Constant>(), Err(error), "{text}");
        }
        assert_eq!("0e-99".parse(), Ok(Constant::literal(0.0)));
        assert_eq!("+.5".parse(), Ok(Constant::literal(0.5)));
    }
}
