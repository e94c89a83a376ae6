//! What a few values say, and how sure it is: of runs with several seeds, and of searches with several.

mod interval;
mod spread;

pub use interval::Interval;
pub use spread::Spread;
