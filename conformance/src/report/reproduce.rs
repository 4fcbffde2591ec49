//! The command line that judges one rule again, the same way.

use crate::catalog::{Level, Profile};
use crate::results::{Results, RuleRecord, RunRecord};

/// Returns the command for a rule. It names the profile that counts the rule, so that the exit code tells, and the rule in whose
/// scenario it was broken, so that this scenario is played.
pub(super) fn command(results: &Results, rule: &RuleRecord) -> String {
    let run = results.run();
    let profile = if !rule.counts && rule.level == Level::Should { Profile::Resilient } else { run.profile };
    let played = rule.shown.first().and_then(|shown| results.scenario(&shown.scenario)).map(|scenario| &scenario.rule);
    match played.filter(|played| **played != rule.id) {
        Some(played) => with_profile(run, &format!("{} --rule {played}", rule.id), profile),
        None => with_profile(run, rule.id.as_str(), profile),
    }
}

/// Returns the command for a rule of which no more than the id is known.
pub(super) fn command_of_id(run: &RunRecord, rule: &str) -> String {
    with_profile(run, rule, run.profile)
}

fn with_profile(run: &RunRecord, rule: &str, profile: Profile) -> String {
    let profile = if profile == Profile::default() { String::new() } else { format!(" --profile {profile}") };
    let command = run.replaced_by.as_ref().map(|command| format!(" --command {}", quoted(command))).unwrap_or_default();
    let image = run.image.as_ref().map(|image| format!(" --image {}", quoted(&image.reference))).unwrap_or_default();
    let features = run.own_features.as_ref().map(|own| format!(" --features {}", quoted(&own.folder))).unwrap_or_default();
    format!("hallmark run {}{image}{command}{features} --rule {rule} --seed {}{profile}", quoted(&run.manifest), run.seed)
}

/// Quotes a word for a POSIX shell where it needs it.
fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "/._-+:@%,=".contains(character);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(plain) {
        return word.to_owned();
    }
    let word = if word.starts_with('-') { format!("./{word}") } else { word.to_owned() };
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::sample;

    #[test]
    fn the_command_counts_the_rule() {
        let results = sample::results(sample::failing());
        let command = |id: &str| command(&results, results.rules().iter().find(|rule| rule.id.as_str() == id).unwrap());
        assert_eq!(command("CRE-007"), "hallmark run providers/artifactory/provider.toml --rule CRE-007 --seed 42");
        assert_eq!(command("RTY-001"), "hallmark run providers/artifactory/provider.toml --rule RTY-001 --seed 42 --profile resilient");
    }

    #[test]
    fn a_replaced_command_is_replaced_again() {
        let results = sample::results(sample::failing());
        let run = RunRecord { replaced_by: Some("my provider --fast".into()), ..results.run().clone() };
        assert!(
            command_of_id(&run, "CRE-007")
                .starts_with("hallmark run providers/artifactory/provider.toml --command 'my provider --fast' --rule")
        );
    }

    #[test]
    fn paths_survive_the_shell() {
        assert_eq!(quoted("my providers/a'b.toml"), r"'my providers/a'\''b.toml'");
        assert_eq!(quoted("-x.toml"), "'./-x.toml'");
        assert_eq!(quoted(""), "''");
    }
}
