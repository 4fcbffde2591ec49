//! The job launcher and its supervisor against real processes, hostile ones among them.

mod containment;
mod launch;
mod limit;
mod output;
mod world;
