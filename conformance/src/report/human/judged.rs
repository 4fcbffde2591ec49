//! The head: what was judged, how, and what could not be seen.

use super::page::{Ink, Page};
use crate::results::{DetectionRecord, Mode, Results};

/// Digits of a digest that are shown.
const DIGITS: usize = 12;

pub(super) fn write(page: &mut Page, results: &Results) {
    let run = results.run();
    page.row(&[(Ink::Title, &format!("hallmark {}", run.hallmark)), (Ink::Plain, " judged the provider "), (Ink::Title, &run.provider)]);
    page.blank();
    if let Some(image) = &run.image {
        page.field(2, "Image", &format!("{}  ({}, {})", image.reference, image.digest, image.platform));
        page.field(2, "Command", &run.command);
    } else {
        let digest = if run.command_digest.is_empty() { "no file".to_owned() } else { format!("sha256 {}", short(&run.command_digest)) };
        page.field(2, "Command", &format!("{}  ({digest})", run.command));
    }
    page.field(2, "Manifest", &format!("{}  (sha256 {})", run.manifest, short(&run.manifest_digest)));
    if let Some(digest) = &run.job_config_digest {
        page.field(2, "Job config", &format!("sha256 {}", short(digest)));
    }
    if !run.variants.is_empty() {
        page.field(2, "Variants", &run.variants.join(", "));
    }
    let counted = results.rules().iter().filter(|rule| rule.counts).count();
    let counted =
        if results.rules().is_empty() { String::new() } else { format!(": counts {counted} of the {} rules below", results.rules().len()) };
    page.field(2, "Profile", &format!("{}{counted}", run.profile));
    page.field(
        2,
        "Mode",
        match run.mode {
            Mode::Process => "process: the command ran on this machine",
            Mode::Container => "container: each job ran in a fresh container of the image",
        },
    );
    for (index, limit) in run.limits.iter().enumerate() {
        page.field(2, if index == 0 { "Limits" } else { "" }, limit);
    }
    if let Some(detection) = &run.detection {
        let DetectionRecord { mutants, rules, of } = detection;
        let proved = format!(
            "{mutants} wrong providers break {rules} of the {of} must and should rules; `hallmark selftest` proves that each is found"
        );
        page.field(2, "Detection", &proved);
    }
    page.field(2, "Seed", &run.seed.to_string());
    page.field(2, "Started", &run.started);
}

fn short(digest: &str) -> &str {
    digest.get(..DIGITS).unwrap_or(digest)
}
