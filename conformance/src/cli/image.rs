//! `hallmark image`.

use anyhow::{Context as _, anyhow};
use clap::Subcommand;
use hallmark_harness::docker::Daemon;
use hallmark_harness::stage::CloudImage;

use super::Stop;
use super::output::print;
use crate::exit_code;

/// What `hallmark image` does.
#[derive(Debug, Subcommand)]
pub(super) enum ImageCommand {
    /// Makes the image of this very program, unless it is there. `run --image` does it by itself.
    Build,
}

/// Carries out `hallmark image`.
pub(super) fn image(command: &ImageCommand) -> Result<u8, Stop> {
    let ImageCommand::Build = command;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime of `image`")?;
    let image = runtime.block_on(async { CloudImage::of_this_program(&Daemon::connect().await?).await });
    let image = image.map_err(|error| Stop::Trouble(anyhow!("{error}").context("making the fake cloud's image")))?;
    let how = if image.made { "made" } else { "was there already" };
    let with = if image.libraries == 0 { "this program, which is static, alone".to_owned() } else { libraries(image.libraries) };
    print(&format!("{}\n{}  {how}; FROM scratch: {with}\n", image.reference, image.id))?;
    Ok(exit_code::CONFORMANT)
}

fn libraries(count: usize) -> String {
    format!("this program with the {count} libraries that it maps, its loader among them")
}
