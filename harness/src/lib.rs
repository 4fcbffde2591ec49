//! Makes things happen around a credentials provider and records them; it never judges.
//!
//! | module | job |
//! |---|---|
//! | [`contract`] | the words of the Secrets Manager contract, without input and output |
//! | [`engine`] | secrets, tasks and daily retries on a virtual clock |
//! | [`cloud`] | Secrets Manager, IAM and third parties on real sockets, with faults |
//! | [`exposure`] | secrets and personal values in what an image tells about itself |
//! | [`fault`] | what goes wrong, where and when, as data |
//! | [`journal`] | what happened, in order |
//! | [`redaction`] | keeps secrets out of the journal, and says where they stood |
//! | [`admin`] | the API that drives the cloud, and its client |
//! | [`docker`] | the Docker Engine: its images, networks and containers of this run |
//! | [`job`] | runs a provider as Code Engine would |
//! | [`stage`] | one cloud plus one launcher for one scenario, live or recorded |

pub mod admin;
mod canary;
pub mod cloud;
pub mod contract;
pub mod docker;
pub mod engine;
pub mod exposure;
pub mod fault;
pub mod job;
pub mod journal;
pub mod redaction;
pub mod stage;
