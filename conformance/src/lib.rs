//! Judges what the harness recorded about a credentials provider.
//!
//! | module | job |
//! |---|---|
//! | [`manifest`], [`job_config`] | what a provider's author says about the provider |
//! | [`lint`] | what is wrong with a `job_config.json`, without a run |
//! | [`catalog`] | the rules as data |
//! | [`suite`] | the features, planned, played on stages and judged |
//! | [`oracle`] | reads recordings and says what they show about a rule |
//! | [`ruling`], [`verdict`] | from what oracles say to a verdict for each rule |
//! | [`chaos`] | searches for the fault schedule that breaks a provider |
//! | [`comparison`] | what two results say differently |
//! | [`warning`] | what is shown and never counted |
//! | [`results`] | the one file that every report is rendered from |
//! | [`report`], [`progress`] | what people and machines read |
//! | [`mutant`], [`selftest`] | wrong providers, and the proof that each is found out |
//! | [`cli`] | the command line |

pub mod catalog;
#[cfg(test)]
mod catalog_lint;
pub mod chaos;
pub mod chapter;
pub mod cli;
pub mod comparison;
pub mod exit_code;
pub mod explain;
pub mod init;
pub mod job_config;
pub mod lint;
pub mod list;
pub mod manifest;
pub mod mutant;
pub mod oracle;
mod paragraph;
pub mod progress;
pub mod report;
pub mod results;
pub mod ruling;
pub mod selftest;
pub mod suite;
pub mod verdict;
pub mod warning;
