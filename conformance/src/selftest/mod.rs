//! The proof that hallmark finds what it says it finds: every mutant is judged, and breaks exactly the rules that it must.
//!
//! The main types are [`Trial`], one mutant judged, and [`Matrix`], all of them.

mod matrix;
mod text;
mod trial;

pub use matrix::{Lacking, Matrix};
pub use text::human;
pub use trial::{Proof, Trial, selected};
