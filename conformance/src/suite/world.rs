//! The state of one scenario while its steps run.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cucumber::World;
use hallmark_harness::admin::CreateSecret;
use hallmark_harness::fault::{Fault, FaultPlan};
use hallmark_harness::stage::{ParameterSource, Recording, Stage, StageError};

use crate::catalog::RuleId;
use crate::manifest::{DeclaredInput, InputValue};
use crate::oracle::{self, History};
use crate::verdict::{Judgement, Verdict};

use super::collect::ScenarioOutcome;
use super::plan::Planned;
use super::{excerpt, real};

/// The note of job runs that only make something for the scenario to begin with.
pub(super) const PREPARATION: &str = "preparation";

/// Secrets whose jobs run at the same time.
const AT_ONCE: u32 = 10;

/// One scenario: its stage, its faults, what was judged.
#[derive(World, Default)]
pub(super) struct ProviderWorld {
    /// Id of the scenario.
    pub(super) id: String,
    /// The rule in whose block the scenario stands.
    pub(super) rule: String,
    /// Whether that rule is the company's own: every judgement of a step is then about it.
    own: bool,
    /// Where it plays.
    pub(super) stage: Option<Stage>,
    faults: FaultPlan,
    /// Whether only the required inputs are set.
    pub(super) only_required: bool,
    /// The inputs that the provider declares.
    pub(super) inputs: Vec<DeclaredInput>,
    recording: Option<Recording>,
    judgements: Vec<Judgement>,
    pub(super) trouble: Vec<String>,
    started: Option<Instant>,
}

impl std::fmt::Debug for ProviderWorld {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ProviderWorld({})", self.id)
    }
}

/// The trouble of a step. Its text is kept in the world as well: cucumber shows it to nobody.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct StepTrouble(String);

impl StepTrouble {
    /// Makes trouble of a sentence.
    pub(super) fn of(what: String) -> Self {
        Self(what)
    }
}

impl ProviderWorld {
    /// Makes the world of one scenario ready.
    pub(super) fn ready(&mut self, planned: &Planned, stage: Stage, inputs: Vec<DeclaredInput>) {
        planned.id.clone_into(&mut self.id);
        planned.rule.as_str().clone_into(&mut self.rule);
        self.own = planned.own;
        self.stage = Some(stage);
        self.inputs = inputs;
        self.started = Some(Instant::now());
    }

    /// Returns the stage.
    pub(super) fn stage(&mut self) -> Result<&mut Stage, StepTrouble> {
        self.stage.as_mut().ok_or_else(|| StepTrouble("the scenario has no stage".into()))
    }

    /// Notes the trouble of a step and passes it on.
    pub(super) fn attempt<T>(&mut self, result: Result<T, StageError>) -> Result<T, StepTrouble> {
        result.map_err(|error| {
            let text = error.to_string();
            self.trouble.push(text.clone());
            StepTrouble(text)
        })
    }

    /// Notes what comes next; an empty note ends the last one.
    pub(super) async fn note(&mut self, text: &str) -> Result<(), StepTrouble> {
        let done = self.stage()?.note(text).await;
        self.attempt(done)
    }

    /// Has Secrets Manager create a secret with the scenario's inputs.
    pub(super) async fn create(&mut self) -> Result<(), StepTrouble> {
        let parameters = self.only_required.then(|| self.parameters()).transpose()?;
        self.order(CreateSecret { parameters, ..CreateSecret::default() }).await
    }

    /// Has Secrets Manager create ten secrets, whose jobs run at the same time.
    pub(super) async fn create_at_once(&mut self) -> Result<(), StepTrouble> {
        let done = self.stage()?.create_secrets_at_once(AT_ONCE).await;
        self.attempt(done)
    }

    /// Has Secrets Manager create a secret in which one input has another value, or none.
    pub(super) async fn create_with(&mut self, input: &str, value: Option<ParameterSource>) -> Result<(), StepTrouble> {
        let mut parameters = self.parameters()?;
        match value {
            Some(value) => parameters.insert(input.to_owned(), value),
            None => parameters.remove(input),
        };
        self.order(CreateSecret { parameters: Some(parameters), ..CreateSecret::default() }).await
    }

    async fn order(&mut self, order: CreateSecret) -> Result<(), StepTrouble> {
        let done = self.stage()?.create_secret(&order).await;
        self.attempt(done)
    }

    fn parameters(&mut self) -> Result<BTreeMap<String, ParameterSource>, StepTrouble> {
        let mut parameters = self.stage()?.setup().parameters.clone();
        if self.only_required {
            parameters.retain(|name, _| self.inputs.iter().any(|input| input.required && input.name == *name));
        }
        Ok(parameters)
    }

    /// Tells whether an input names a secret.
    pub(super) fn reads_login_secret(&self) -> bool {
        self.inputs.iter().any(|input| matches!(input.value, Some(InputValue::Secret(_))))
    }

    /// Has third parties do what is asked at each of these operations, and what remains of it on connections where one is behind a TCP proxy.
    pub(super) async fn add_third_party_faults(&mut self, faults: Vec<Fault>) -> Result<(), StepTrouble> {
        let setup = self.stage()?.setup();
        let described = setup.third_parties.iter().any(|party| party.tcp.is_none());
        let over_tcp = setup.third_parties.iter().any(|party| party.tcp.is_some());
        let connections = faults.iter().filter(|_| over_tcp).map(real::on_connections).collect::<Vec<_>>();
        self.faults.faults.extend(faults.into_iter().filter(|_| described).chain(connections));
        self.replace_faults(self.faults.clone()).await
    }

    /// Adds a fault to those that act.
    pub(super) async fn add_fault(&mut self, fault: Fault) -> Result<(), StepTrouble> {
        self.faults.faults.push(fault);
        self.replace_faults(self.faults.clone()).await
    }

    /// Replaces the faults that act.
    pub(super) async fn replace_faults(&mut self, plan: FaultPlan) -> Result<(), StepTrouble> {
        self.faults = plan.clone();
        let done = self.stage()?.set_faults(plan).await;
        self.attempt(done)
    }

    /// Has an oracle judge what was recorded. From the first judgement on the scenario is over.
    pub(super) async fn judge(&mut self, oracle: impl FnOnce(&History<'_>) -> Vec<Judgement>) -> Result<(), StepTrouble> {
        self.record().await?;
        if let Some(recording) = &self.recording {
            let judged = oracle(&History::new(recording));
            if self.own {
                self.judge_own(judged);
            } else {
                self.judgements.extend(judged);
            }
        }
        Ok(())
    }

    /// A rule of the company's own rests on each of its steps: one that found nothing to judge leaves a hole.
    fn judge_own(&mut self, mut judged: Vec<Judgement>) {
        if judged.is_empty() {
            judged.push(Judgement::not_exercised(&self.rule, "a step found nothing to judge: what it is about did not happen"));
        }
        let rule = RuleId::from(self.rule.as_str());
        self.judgements.extend(judged.into_iter().map(|judgement| Judgement { rule: rule.clone(), ..judgement }));
    }

    /// Tells whether the rule is the company's own, whose steps are taken at their word.
    pub(super) fn is_own(&self) -> bool {
        self.own
    }

    /// Has a scenario be about `rule`, which universal oracles judge over every scenario. A rule of the company's own takes what they say of it.
    pub(super) async fn judge_universally(&mut self, rule: &str) -> Result<(), StepTrouble> {
        let own = self.own;
        self.judge(|history| {
            let said = if own { oracle::universal(history) } else { Vec::new() };
            said.into_iter().filter(|judgement| judgement.rule.as_str() == rule).collect()
        })
        .await
    }

    async fn record(&mut self) -> Result<(), StepTrouble> {
        if self.recording.is_none() {
            let recorded = self.stage()?.record().await;
            self.recording = Some(self.attempt(recorded)?);
        }
        Ok(())
    }

    /// Judges the whole scenario with the universal oracles and returns what it came to, with its recording.
    pub(super) async fn conclude(&mut self) -> (ScenarioOutcome, Option<Recording>) {
        // The trouble of recording is noted by `attempt`.
        self.record().await.ok();
        let mut outcome = ScenarioOutcome { trouble: std::mem::take(&mut self.trouble), ..ScenarioOutcome::default() };
        outcome.judgements = std::mem::take(&mut self.judgements);
        outcome.time = self.started.map(|started| started.elapsed()).unwrap_or_default();
        if let Some(recording) = &self.recording {
            let history = History::new(recording);
            outcome.judgements.extend(oracle::universal(&history));
            if outcome.judgements.iter().any(|judgement| judgement.verdict == Verdict::Fail) {
                outcome.trouble.extend(oracle::disturbed(&history));
            }
            outcome.warnings = oracle::warnings(&history);
            outcome.excerpts = excerpt::excerpts(recording, &outcome.judgements);
            (outcome.jobs, outcome.job_time) = (recording.played.jobs, Duration::from_nanos(recording.played.job_nanoseconds));
            if self.stage.as_ref().is_some_and(Stage::is_recorded) {
                outcome.time = Duration::from_nanos(recording.played.nanoseconds);
            }
            // What was found out while the scenario was played is found again, or was kept.
            for what in recording.played.trouble.iter().chain(&history.trouble) {
                if !outcome.trouble.contains(what) {
                    outcome.trouble.push(what.clone());
                }
            }
        }
        dedup(&mut outcome.judgements);
        (outcome, self.recording.take())
    }
}

/// A step and a universal oracle may say the same.
fn dedup(judgements: &mut Vec<Judgement>) {
    let mut seen: Vec<Judgement> = Vec::with_capacity(judgements.len());
    judgements.retain(|judgement| {
        let new = !seen.contains(judgement);
        if new {
            seen.push(judgement.clone());
        }
        new
    });
}
