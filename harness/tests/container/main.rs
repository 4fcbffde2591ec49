//! Jobs and clouds in real containers. Without a Docker Engine every test says that it was skipped.

mod engine;
mod job;
mod leftovers;
mod names;
mod subject;
mod world;
