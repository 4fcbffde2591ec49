//! Reports, each rendered from [`Results`](crate::results::Results) and nothing else, so that any of them can be made again from a stored file.

mod chapter;
mod human;
mod json;
mod junit;
mod printable;
mod reproduce;

pub use human::{Style, human};
pub use json::json;
pub use junit::{JunitError, junit};
pub use printable::printable;
