//! Chaos: random but reproducible fault schedules over whole lifecycles, held against invariants that need no opinion.
//!
//! | module | job |
//! |---|---|
//! | [`schedule`] | what happens to one secret, act by act, with which faults; one line |
//! | [`kind`] | the kinds of faults that a schedule is made of, and what each costs a provider in waiting |
//! | [`generation`] | draws schedules, those first that try what was not tried yet |
//! | [`consequence`] | which calls a fault brings about |
//! | [`coverage`] | which operations met which faults at which moment |
//! | [`play`] | plays a schedule on a stage |
//! | [`invariant`] | what must hold whatever happened |
//! | [`search`] | plays many schedules at once |
//! | [`shrink`] | makes a failing schedule as small as it gets, and confirms it |
//! | [`story`], [`report`] | tell a person what happened |
//! | [`saved`] | the schedules that are kept with hallmark |
//! | [`scenario`] | keeps a failing schedule as a scenario |

pub mod consequence;
pub mod coverage;
pub mod generation;
pub mod invariant;
pub mod kind;
pub mod play;
pub mod report;
pub mod saved;
pub mod scenario;
pub mod schedule;
pub mod search;
pub mod shrink;
pub mod story;
