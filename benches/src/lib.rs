//! Measures how a credentials provider retries, and how fast the harness is.
//!
//! | module | job |
//! |---|---|
//! | [`experiment`] | what is disturbed, as data |
//! | [`attempts`], [`trial`] | from a recording to what each job did about it |
//! | [`metrics`] | numbers of an experiment |
//! | [`policy`], [`classifier`] | retry policies, and which one explains the waits |
//! | [`statistics`], [`comparison`] | what differs between two providers, and how surely |
//! | [`play`] | the experiments on live stages |
//! | [`outcome`], [`report`] | everything that came out, and the forms in which it is read |
//! | [`reproduction`] | results of others, computed again |
//!
//! It measures and never judges conformance: a slow provider may be conformant, a fast one not.

pub mod attempts;
pub mod classifier;
pub mod comparison;
pub mod experiment;
pub mod metrics;
pub mod outcome;
pub mod play;
pub mod policy;
pub mod report;
pub mod reproduction;
pub mod statistics;
pub mod trial;
