//! What a scenario asks of a third party, and what of it a real service behind a TCP proxy can be made to do.
//!
//! A stream of bytes has no status. What remains is its connections, and the commands of the manifest.

use std::sync::LazyLock;

use gherkin::Scenario;
use hallmark_harness::fault::{Fault, FaultWhat};
use hallmark_harness::journal::Operation;
use regex::Regex;

use crate::manifest::{TcpSource, Variant};

/// The refusals that stand for those that a service makes by itself; others differ from them in their number only.
const REFUSALS: [u16; 2] = [403, 409];

/// An answer of the third party that a scenario asks for.
static ANSWERS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^the third party answers (every|the first) (?:creation|revocation) with (\d{3})( and .*)?$").ok());

/// Steps that need to know of credentials that nobody reported.
const NEED_LIST: [&str; 6] = [
    "nothing new is alive at the third party",
    "the third party is left alone",
    "the third party should be left alone",
    "no credential is made in the delete job",
    "no killed creation left an orphan",
    "exactly the reported credential is alive",
];

/// Returns what remains of a third party's fault on the connections to a service behind a TCP proxy. A status is the service's own refusal.
pub(super) fn on_connections(fault: &Fault) -> Fault {
    let what = match &fault.what {
        FaultWhat::Status { .. } => FaultWhat::Refuse,
        other => other.clone(),
    };
    Fault { operation: Operation::Connect, what, ..fault.clone() }
}

/// Returns why a scenario cannot be played with the variant's real services.
pub(super) fn unplayable(scenario: &Scenario, variant: &Variant) -> Option<String> {
    if let Some((name, _)) = variant.real_services().next()
        && scenario.steps.iter().any(|step| step.value.starts_with("the third party issues secrets"))
    {
        return Some(format!("the third party {name} is a real service, which issues what it likes"));
    }
    let tcp = variant.third_parties.iter().filter_map(|(name, source)| Some((name.as_str(), source.tcp.as_ref()?)));
    tcp.flat_map(|service| scenario.steps.iter().map(move |step| (service, step.value.as_str())))
        .find_map(|((name, service), step)| impossible(name, service, step))
}

fn impossible(name: &str, service: &TcpSource, step: &str) -> Option<String> {
    let no_status =
        || Some(format!("the third party {name} is a service behind a TCP proxy, where no answer has a status, headers or a body"));
    let needs = |command: &str, what: &str| Some(format!("to {what}, [third_party.{name}.tcp] needs {command}"));
    if let Some(answer) = ANSWERS.as_ref().and_then(|answers| answers.captures(step)) {
        let refusal = answer[2].parse().is_ok_and(|status| REFUSALS.contains(&status)) && &answer[1] == "every" && answer.get(3).is_none();
        return if !refusal {
            no_status()
        } else if service.refuse.is_empty() {
            needs("`refuse` and `recover`", "have it refuse")
        } else {
            None
        };
    }
    if step.starts_with("the third party redirects") {
        return no_status();
    }
    if step.starts_with("the third party applies the first creation") {
        return Some(format!(
            "when a service behind a TCP proxy, such as the third party {name}, has done what it was asked for cannot be told"
        ));
    }
    if step == "the refusal is final" {
        return Some(format!("how often a service behind a TCP proxy, such as the third party {name}, was asked cannot be seen"));
    }
    if step.starts_with("the third party shows a certificate") {
        return Some(format!("the third party {name} is a service behind a TCP proxy, which passes its own TLS on, if it has any"));
    }
    if step.starts_with("creations are refused twice") && service.refuse.is_empty() {
        return needs("`refuse` and `recover`", "have it refuse");
    }
    if step == "somebody revoked its credential at the third party" && service.revoke.is_empty() {
        return needs("`revoke`", "take a credential away");
    }
    if NEED_LIST.contains(&step) && service.list.is_empty() {
        return needs("`list`", "find credentials that no job reported");
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    fn service() -> TcpSource {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect();
        TcpSource {
            address: "127.0.0.1:5432".into(),
            list: words("./roles list"),
            exists: Vec::new(),
            revoke: words("./roles drop {{ credential.id }}"),
            refuse: words("./roles refuse"),
            recover: words("./roles recover"),
            environment: BTreeMap::new(),
            time_limit: Duration::from_secs(10),
        }
    }

    #[test]
    fn each_step_is_played_or_says_what_is_missing() {
        let bare = TcpSource { list: Vec::new(), exists: service().list, revoke: Vec::new(), refuse: Vec::new(), ..service() };
        let refuses = "to have it refuse, [third_party.db.tcp] needs `refuse` and `recover`";
        for (step, with_all, without) in [
            ("the third party answers every creation with 403", None, Some(refuses)),
            ("the third party answers every revocation with 409", None, Some(refuses)),
            ("the third party answers every revocation with 503", Some("no answer has a status"), Some("no answer has a status")),
            ("the third party answers the first revocation with 403", Some("no answer has a status"), Some("no answer has a status")),
            (
                "the third party answers every creation with 403 and its own body",
                Some("no answer has a status"),
                Some("no answer has a status"),
            ),
            ("the third party redirects every revocation to a login page", Some("no answer has a status"), Some("no answer has a status")),
            ("the third party shows a certificate that is expired", Some("passes its own TLS on"), Some("passes its own TLS on")),
            ("the third party applies the first creation and loses its answer", Some("cannot be told"), Some("cannot be told")),
            ("the refusal is final", Some("cannot be seen"), Some("cannot be seen")),
            ("the third party never answers a creation", None, None),
            ("the third party resets every creation", None, None),
            ("Secrets Manager answers every update with 503", None, None),
            (
                "creations are refused twice, a deletion is refused, the login secret is missing and the action is unknown",
                None,
                Some(refuses),
            ),
            ("somebody revoked its credential at the third party", None, Some("needs `revoke`")),
            ("nothing new is alive at the third party", None, Some("needs `list`")),
        ] {
            for (service, expected) in [(&service(), with_all), (&bare, without)] {
                let reason = impossible("db", service, step);
                match (&reason, expected) {
                    (None, None) => {}
                    (Some(reason), Some(expected)) => assert!(reason.contains(expected), "{step}: {reason}"),
                    _ => panic!("{step}: {reason:?}, expected {expected:?}"),
                }
            }
        }
    }

    #[test]
    fn every_step_that_is_named_here_stands_in_a_feature() {
        let text: String = crate::suite::embedded::FEATURES.iter().map(|(_, text)| *text).collect();
        for step in NEED_LIST.into_iter().chain([
            "the third party redirects",
            "the third party issues secrets",
            "the third party applies the first creation",
            "the refusal is final",
            "the third party shows a certificate",
            "creations are refused twice",
            "somebody revoked its credential at the third party",
        ]) {
            assert!(text.contains(step), "{step}");
        }
        assert!(text.contains("the third party answers every creation with 403"));
    }
}
