//! The Docker Engine of this machine, and what a run of hallmark owns on it.
//!
//! The main types are [`Daemon`], the engine; [`Holding`], everything that one run has on it, labelled, so that all of it and nothing else is
//! removed; [`SubjectImage`], the image that is certified; and [`PackedExecutable`], this program as an image of its own.

mod archive;
mod daemon;
mod error;
mod executable;
mod facts;
mod holding;
mod load;
mod network;
mod owner;
mod registry;
mod subject;
mod subnet;
mod sweep;

pub use archive::Archive;
pub use daemon::Daemon;
pub use error::DockerError;
pub(crate) use error::status;
pub use executable::PackedExecutable;
pub use facts::ImageFacts;
pub use holding::{Holding, Role};
pub use load::{ImageSpec, load};
pub use network::{InternalNetwork, bridge, internal};
pub use registry::{Credentials, CredentialsError};
pub use subject::{Pull, SubjectImage};
pub use sweep::reap_abandoned;
