//! The fault schedules of profile hardened: a search like `hallmark chaos`, as a part of a run.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::chaos::{NO_LIMIT, shrunk};
use crate::catalog::{Catalog, Profile};
use crate::chaos::generation::Wishes;
use crate::chaos::invariant::Counted;
use crate::chaos::play::Arena;
use crate::chaos::search::{Effort, Player, Searched, Trial};
use crate::chaos::shrink::CONFIRMATIONS;
use crate::manifest::Manifest;
use crate::progress::Progress;
use crate::results::{SCHEDULES, ScheduleFinding, SchedulesRecord};
use crate::suite::Staging;

/// Most faults of a schedule.
pub(super) const MOST_FAULTS: u32 = 8;

/// Plays the schedules on stages of a run, and makes those small that break the provider. Nothing is waived: hardened is what needs no exception.
pub(super) async fn play(
    manifest: &Manifest,
    staging: Staging,
    threads: &Handle,
    seed: u64,
    at_once: usize,
    progress: &Progress,
) -> SchedulesRecord {
    let Ok(catalog) = Catalog::built_in() else { return SchedulesRecord::default() };
    let counted = Counted::new(&catalog, Profile::Hardened, &[]);
    let player = Player::new(Arena::new(Arc::new(manifest.clone()), staging), threads.clone());
    let (paths, plain) = player.calibrate(seed).await;
    let mut generator = player.generator(Wishes { seed, most_faults: MOST_FAULTS, slow: false }, paths);
    let effort = Effort { runs: SCHEDULES, at_once, time_limit: NO_LIMIT };
    let mut searched = Searched::default();
    let heard = |trial: &Trial, failed| {
        if failed {
            progress.note(&format!("broken by schedule {}: {}", trial.index, trial.schedule));
        }
        ControlFlow::Continue(())
    };
    player.search(&mut generator, effort, &counted, &mut searched, heard).await;
    // A lifecycle without a fault that fails was the suite's to find; its trouble is trouble here too.
    searched.add_plain(plain.into_iter().filter(|trial| !trial.findings.trouble.is_empty()).collect(), &counted);
    let mut found = Vec::new();
    shrunk(&player, &counted, &searched, progress, &mut found).await;
    let findings = found.into_iter().map(|(shrunk, _)| ScheduleFinding {
        rule: shrunk.judgement.rule,
        schedule: shrunk.schedule.to_string(),
        confirmed: (shrunk.confirmed, CONFIRMATIONS),
        actual: shrunk.judgement.actual,
    });
    SchedulesRecord {
        played: searched.played,
        seed,
        failed: searched.failed.len() as u64,
        troubled: searched.troubled.len() as u64,
        undecidable: searched.undecidable.0,
        excused: searched.excused.0,
        findings: findings.collect(),
    }
}
