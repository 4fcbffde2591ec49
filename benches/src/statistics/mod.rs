//! What can be said from a few dozen measurements, and how surely. Everything that draws by chance takes a seed.

mod paired;
mod quantile;

pub use paired::{Location, Resampling, Shift, holm, shift};
pub use quantile::{Interval, Quantile, median, quantile, share};
