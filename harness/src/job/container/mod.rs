//! Job runs in container mode: a fresh container of the provider's image for each run, with the deployer's limits, on a network that leads to the
//! fake cloud and nowhere else.

mod keystore;
mod launcher;
mod output;
mod trust;

pub use launcher::{ContainerJob, ContainerLauncher, ReadyJob};
pub use trust::{AuthorityDelivery, Trust};
