//! What tells programs apart that are not judged alike.

use std::fmt;
use std::str::FromStr;

use xxhash_rust::xxh3::xxh3_128;

use crate::lowering::CanonicalHash;

/// Equal for programs that are taken to be judged alike.
///
/// Displayed as, and parsed from, 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint with these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The fingerprint that a SHA-256 digest begins with.
    pub(crate) fn of_digest(digest: &[u8; 32]) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }

    /// The fingerprint of what these bytes stand for, by XXH3 of 128 bits (Collet 2019), which takes a tenth of the time of a
    /// SHA-256. Nobody looks for two that have the same.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        Self(xxh3_128(bytes).to_be_bytes())
    }

    /// Its bytes.
    pub(crate) const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<CanonicalHash> for Fingerprint {
    fn from(hash: CanonicalHash) -> Self {
        Self(hash.bytes())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// A word that is no fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no fingerprint, which has 32 hexadecimal digits")]
pub struct InvalidFingerprint {
    /// The word.
    pub found: String,
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(word: &str) -> Result<Self, InvalidFingerprint> {
        let invalid = || InvalidFingerprint {
            found: word.chars().take(40).collect(),
        };
        if word.len() != 32 || !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        let number = u128::from_str_radix(word, 16).map_err(|_| invalid())?;
        Ok(Self(number.to_be_bytes()))
    }
}

/// A number to some four significant digits, as bits, so that what differs by rounding alone is mostly the same. Every NaN is
/// the same.
pub(crate) fn rounded(number: f32) -> u32 {
    const DROPPED_BITS: u32 = 10;
    if number.is_nan() {
        return f32::NAN.to_bits();
    }
    // Half of the last bit that is kept is added, and what follows it cut off. No number but a NaN has so many bits that this
    // would be too much.
    let half = 1 << (DROPPED_BITS - 1);
    (number.to_bits().wrapping_add(half) >> DROPPED_BITS) << DROPPED_BITS
}
