//! `run --image` on a real Docker Engine. Without one every test says that it was skipped.

mod certify;
mod interruption;
mod missing;
mod world;
