//! What one repetition of an experiment showed, in times and statuses only: nothing in here can hold a secret.
//!
//! The main type is [`Trial`].

use serde::{Deserialize, Serialize};

/// Which of two providers was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// What it is compared with.
    Baseline,
    /// The provider in question.
    Subject,
}

/// One repetition of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Id of the experiment.
    pub experiment: String,
    /// Whose.
    pub arm: Arm,
    /// Which repetition, from 0. Those of both arms with the same number are a pair.
    pub round: u32,
    /// What its clients did; one but in a herd.
    pub clients: Vec<Client>,
    /// The longest time in seconds by which our own threads were late meanwhile.
    pub lateness: f64,
    /// Why nothing can be said, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inconclusive: Option<String>,
}

/// What one job did about the disturbed call. Times are seconds since the first such call of the trial had come, which begins an outage; of one
/// that leaves no trace, since the plan was set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Client {
    /// Its attempts in order.
    pub attempts: Vec<Attempt>,
    /// When the job was started.
    pub began: f64,
    /// When the job ended.
    pub ended: f64,
    /// How long the job ran in all.
    pub duration: f64,
    /// Its exit code, where it exited by itself.
    pub exit_code: Option<i32>,
    /// Whether it had to be ended because it ran for too long.
    pub cut: bool,
    /// Seconds of processor time, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<f64>,
    /// Bytes of memory that its largest process held at once, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
    /// How its task ended.
    pub task: String,
    /// Credentials that it made beyond the first.
    pub duplicates: u32,
    /// Credentials that were left alive and that nobody was told of.
    pub orphans: u32,
}

/// One attempt at the disturbed call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it came: its connection where that is new, its head where the connection was kept.
    pub began: f64,
    /// When the request's head was there.
    pub head: f64,
    /// When the answer had left, or could not.
    pub ended: f64,
    /// What became of it.
    pub end: End,
    /// Whether a fault acted on it.
    pub disturbed: bool,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Answered with this status.
    Status(u16),
    /// The connection was reset.
    Reset,
    /// The connection was closed, or the answer cut.
    Closed,
    /// Never answered, until the client left or the trial ended.
    Unanswered,
    /// The client left before the answer.
    Abandoned,
}

impl std::fmt::Display for End {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => write!(formatter, "{status}"),
            Self::Reset => formatter.write_str("reset"),
            Self::Closed => formatter.write_str("closed"),
            Self::Unanswered => formatter.write_str("unanswered"),
            Self::Abandoned => formatter.write_str("abandoned"),
        }
    }
}

impl Attempt {
    /// Tells whether the call was done and the client knows it.
    pub fn succeeded(&self) -> bool {
        matches!(self.end, End::Status(200..=299))
    }
}

impl Client {
    /// Returns when the attempt that succeeded came; none where all failed.
    pub fn succeeded_at(&self) -> Option<f64> {
        self.attempts.iter().find(|attempt| attempt.succeeded()).map(|attempt| attempt.began)
    }

    /// Returns after how many seconds it gave up, where it did so by itself: from its first disturbed call to its end, or from its start where the
    /// outage leaves no trace and that call is not seen.
    pub fn gave_up(&self, unseen: bool) -> Option<f64> {
        (self.succeeded_at().is_none() && !self.cut).then_some(if unseen { self.ended - self.began } else { self.ended })
    }

    /// Returns the waits in seconds before each attempt but the first.
    pub fn gaps(&self) -> Vec<f64> {
        self.attempts.windows(2).map(|pair| (pair[1].began - pair[0].ended).max(0.0)).collect()
    }
}

impl Trial {
    /// Returns its clients, none where nothing can be said.
    pub fn sound(&self) -> &[Client] {
        if self.inconclusive.is_none() { &self.clients } else { &[] }
    }
}
