//! Plays experiments on live stages, many at once: providers wait in real time, and waits overlap.
//!
//! The main type is [`Session`].

use std::future::Future;

use futures::future::LocalBoxFuture;
use futures::stream::{self, StreamExt as _};
use hallmark_harness::admin::CreateSecret;
use hallmark_harness::fault::FaultParseError;
use hallmark_harness::stage::{Recording, Stage, StageError};

use crate::attempts::{Observed, observe};
use crate::experiment::{Call, Experiment, Question};
use crate::trial::{Arm, Trial};

/// Seconds by which our own threads may be late in a trial of which something is said. The shortest waits that are told apart are a few times as long.
pub const MOST_LATE: f64 = 0.1;

/// How often a trial is played in which our own threads were too late.
const PLAYS: u32 = 2;

/// Why a stage could not be opened.
pub type OpenError = Box<dyn std::error::Error + Send + Sync>;

/// Opens a stage of its own for a trial, from a seed.
pub type Open = Box<dyn Fn(u64) -> LocalBoxFuture<'static, Result<Stage, OpenError>>>;

/// A provider under measurement.
pub struct Subject {
    /// Which of the two it is.
    pub arm: Arm,
    /// Opens the stages that it plays on.
    pub open: Open,
}

/// What it takes to play.
pub struct Session {
    /// Trials that play at once. How many jobs start at once is the launcher's matter.
    pub at_once: usize,
    /// Repetitions of each experiment.
    pub runs: u32,
    /// Seed of ids, keys, generated values and chance.
    pub seed: u64,
}

/// Why a trial could not be played.
#[derive(Debug, thiserror::Error)]
enum PlayError {
    #[error("{0}")]
    Open(OpenError),
    #[error(transparent)]
    Stage(#[from] StageError),
    #[error("reading the fault plan of an experiment: {0}; please report it")]
    Plan(#[from] FaultParseError),
}

/// A trial that is to be played.
struct Turn<'session> {
    experiment: &'session Experiment,
    subject: &'session Subject,
    round: u32,
}

impl Session {
    /// Plays every experiment with every subject, and hands each trial over as it ends. Herds come last, one at a time: so many jobs disturb others.
    pub async fn play(&self, subjects: &[Subject], experiments: &[Experiment], mut finished: impl FnMut(Trial)) {
        let (herds, others): (Vec<&Experiment>, Vec<&Experiment>) =
            experiments.iter().partition(|experiment| matches!(experiment.question, Question::Herd { .. }));
        for (experiments, at_once) in [(others, self.at_once.max(1)), (herds, 1)] {
            let turns = turns(subjects, &experiments, self.runs);
            let mut played = stream::iter(turns.iter().map(|turn| self.trial(turn))).buffer_unordered(at_once);
            while let Some(trial) = played.next().await {
                finished(trial);
            }
        }
    }

    async fn trial(&self, turn: &Turn<'_>) -> Trial {
        until_sound(turn, || self.recorded(turn)).await
    }

    /// Plays a trial on a stage of its own.
    async fn recorded(&self, turn: &Turn<'_>) -> Result<Recording, PlayError> {
        let seed = self.seed.wrapping_mul(1_000_003).wrapping_add(u64::from(turn.round));
        let plan = turn.experiment.fault_plan(seed)?;
        let mut stage = (turn.subject.open)(seed).await.map_err(PlayError::Open)?;
        let played = async {
            let order = CreateSecret::default();
            match turn.experiment.question {
                Question::Herd { jobs, .. } => {
                    stage.set_faults(plan).await?;
                    stage.create_secrets_at_once(jobs).await?;
                }
                _ if turn.experiment.call == Call::Revoke => {
                    stage.create_secret(&order).await?;
                    stage.set_faults(plan).await?;
                    stage.delete_secret().await?;
                }
                _ => {
                    stage.set_faults(plan).await?;
                    stage.create_secret(&order).await?;
                }
            }
            stage.record().await
        }
        .await;
        stage.close().await;
        Ok(played?)
    }
}

/// Returns what is played, in order: the arms take turns at being first (ABBA), so that what changes with time changes both.
fn turns<'session>(subjects: &'session [Subject], experiments: &[&'session Experiment], runs: u32) -> Vec<Turn<'session>> {
    let mut turns = Vec::new();
    for round in 0..runs {
        for experiment in experiments.iter().filter(|experiment| round < experiment.repetitions(runs)) {
            let own = subjects.iter().map(|subject| Turn { experiment, subject, round });
            if round % 2 == 0 { turns.extend(own) } else { turns.extend(own.rev()) }
        }
    }
    turns
}

/// Plays a trial until something can be said of it, [`PLAYS`] times at most.
async fn until_sound<Played>(turn: &Turn<'_>, play: impl Fn() -> Played) -> Trial
where
    Played: Future<Output = Result<Recording, PlayError>>,
{
    let mut plays = 1;
    loop {
        let played = play().await;
        let observed = played.map(|recording| observe(&recording, turn.experiment));
        let trial = concluded(turn, observed);
        if trial.lateness <= MOST_LATE || plays >= PLAYS {
            return trial;
        }
        plays += 1;
    }
}

fn concluded(turn: &Turn<'_>, observed: Result<Observed, PlayError>) -> Trial {
    let trial = |clients, lateness, inconclusive| Trial {
        experiment: turn.experiment.id.clone(),
        arm: turn.subject.arm,
        round: turn.round,
        clients,
        lateness,
        inconclusive,
    };
    let Observed { clients, lateness, trouble } = match observed {
        Ok(observed) => observed,
        Err(error) => return trial(Vec::new(), 0.0, Some(error.to_string())),
    };
    let inconclusive = if let Some(what) = trouble.into_iter().next() {
        Some(what)
    } else if lateness > MOST_LATE {
        Some(format!("our own threads were {:.0} ms late; give the machine less to do", lateness * 1000.0))
    } else if clients.is_empty() {
        Some(format!("no job made the call ({})", turn.experiment.call.word()))
    } else {
        None
    };
    trial(clients, lateness, inconclusive)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use hallmark_harness::cloud::Delay;
    use hallmark_harness::stage::RecordedStage;

    use super::*;
    use crate::attempts::tests::{recording, update};
    use crate::metrics::tests::experiment;

    fn subject(arm: Arm) -> Subject {
        let recorded = || Stage::Recorded(Box::new(RecordedStage::new(Recording::of_nothing("trial"))));
        Subject { arm, open: Box::new(move |_| Box::pin(async move { Ok(recorded()) })) }
    }

    #[test]
    fn arms_take_turns_at_being_first() {
        let subjects = [subject(Arm::Baseline), subject(Arm::Subject)];
        let (outage, silence) = (experiment("update-503-1s"), experiment("update-silence"));
        let order: Vec<(u32, &str, Arm)> = turns(&subjects, &[&outage, &silence], 4)
            .iter()
            .map(|turn| (turn.round, &*turn.experiment.id, turn.subject.arm))
            .filter(|(_, id, _)| *id == "update-503-1s")
            .collect();
        let arms: Vec<Arm> = order.iter().map(|(.., arm)| *arm).collect();
        let (one, other) = (Arm::Baseline, Arm::Subject);
        assert_eq!(arms, [one, other, other, one, one, other, other, one]);
        let silences = turns(&subjects, &[&silence], 10).len();
        assert_eq!(silences, 6, "nobody waits ten times for a silent server");
    }

    #[tokio::test]
    async fn a_trial_in_which_our_threads_were_late_is_played_again_and_then_inconclusive() {
        let (subject, experiment) = (subject(Arm::Subject), experiment("update-503-1s"));
        let turn = Turn { experiment: &experiment, subject: &subject, round: 3 };
        let plays = Cell::new(0);
        let late = || async {
            plays.set(plays.get() + 1);
            let mut recording = recording(vec![update(5, 10, 20, Some(503))]);
            recording.snapshot.delays.push(Delay { from: 0, until: 300_000_000 });
            Ok(recording)
        };
        let trial = until_sound(&turn, late).await;
        assert_eq!(plays.get(), PLAYS);
        assert!(trial.inconclusive.unwrap().contains("300 ms late"));

        plays.set(0);
        let silent = || async {
            plays.set(plays.get() + 1);
            Ok(Recording::of_nothing("trial"))
        };
        let trial = until_sound(&turn, silent).await;
        assert_eq!((plays.get(), trial.round), (1, 3));
        assert!(trial.inconclusive.unwrap().contains("no job made the call (update)"));
    }
}
