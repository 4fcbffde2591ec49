//! The hidden `hallmark cloud`: what runs in the fake cloud's containers.

use anyhow::Context as _;

use super::Stop;
use super::machinery::install_provider;
use crate::exit_code;

/// Serves until whoever started the container is gone.
pub(super) fn cloud() -> Result<u8, Stop> {
    install_provider();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the fake cloud's threads")?;
    let served = runtime.block_on(hallmark_harness::stage::serve_inside()).context("serving the fake cloud in a container");
    // Standard input may still be read.
    runtime.shutdown_background();
    served?;
    Ok(exit_code::CONFORMANT)
}
