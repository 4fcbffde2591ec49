//! Stages in containers: each is a network without a way out, with the fake cloud's container in it under the real host names, and a fresh container
//! of the provider's image for each job run.
//!
//! A cloud's container outlives its scenario: starting one takes longer than most scenarios, and setting it up anew closes every socket and makes
//! fresh ids and keys. One on which anything went wrong is thrown away.

mod cloud;
mod ground;
mod image;
mod inside;
mod pool;

pub use ground::{ContainerGround, ContainerStage, ImageProvider};
pub use image::CloudImage;
pub use inside::{InsideError, serve_inside};
pub use pool::ContainerStages;
