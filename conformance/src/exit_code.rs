//! The exit codes of `hallmark`: a promise to every script that calls it.
//!
//! Where several would do, [`conclude`](crate::results::conclude) says which wins.

/// Every rule that the profile counts is kept.
pub const CONFORMANT: u8 = 0;
/// A rule that the profile counts failed, or no scenario reached it.
pub const NOT_CONFORMANT: u8 = 1;
/// The command line or the manifest is wrong; nothing was run.
pub const USAGE: u8 = 2;
/// Nothing can be said: trouble of the engine, or a run that its time limit cut.
pub const INCONCLUSIVE: u8 = 3;
/// No rule that the profile counts was selected, so nothing was proved.
pub const NOTHING_SELECTED: u8 = 4;
/// A waiver has expired, or excuses what no longer fails.
pub const WAIVER: u8 = 5;
/// The provider retries worse than its baseline, beyond what the comparison allows.
pub const REGRESSION: u8 = 6;
/// Somebody interrupted the run; what was found until then is kept.
pub const INTERRUPTED: u8 = 130;

/// Returns what an exit code means, as a clause without a full stop.
pub fn meaning(code: u8) -> &'static str {
    match code {
        CONFORMANT => "every rule that the profile counts is kept",
        NOT_CONFORMANT => "a rule that the profile counts failed or was not exercised",
        USAGE => "the command line or the manifest is wrong",
        INCONCLUSIVE => "nothing can be said about the provider, for a reason that is not the provider's",
        NOTHING_SELECTED => "no rule that the profile counts was selected",
        WAIVER => "a waiver is stale or has expired",
        REGRESSION => "the provider retries worse than its baseline",
        INTERRUPTED => "the run was interrupted; partial results are kept",
        _ => "not a code of hallmark",
    }
}
