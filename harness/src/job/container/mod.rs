//! Job runs in container mode: a fresh container of the provider's image for each run, with the deployer's limits, on a network that leads to the
//! fake cloud and nowhere else.

mod body;
mod furnishing;
mod keystore;
mod launcher;
mod output;
mod times;
mod trust;

pub use furnishing::Furnishing;
pub use launcher::{ContainerJob, ContainerLauncher, ReadyJob, Rights};
pub use times::{BareRuns, ContainerTimes};
pub use trust::{AuthorityDelivery, Trust};
