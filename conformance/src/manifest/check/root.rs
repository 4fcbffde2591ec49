//! What stands once per manifest, whatever the variants.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;

use super::super::form::{ManifestForm, WaiverForm};
use super::super::located::{Entries, Located};
use super::super::model::{DeletePolicy, Waiver};
use super::super::problem::{Problem, Problems};
use super::super::words::AuthorityDelivery;

const DEFAULT_TASK_TIMEOUT: Duration = Duration::from_mins(10);
const LONGEST_TASK_TIMEOUT: Duration = Duration::from_hours(24);
const DEFAULT_CA: [AuthorityDelivery; 2] = [AuthorityDelivery::Environment, AuthorityDelivery::Bundle];
const REFUSALS: [u16; 4] = [401, 403, 409, 423];
/// What Secrets Manager and Code Engine set; the job definition must not.
const RESERVED: [&str; 4] = ["SM_", "SMIN_", "SMOUT_", "CE_"];

/// The checked values.
pub(super) struct Root {
    pub(super) task_timeout: Duration,
    pub(super) hosts: Vec<String>,
    pub(super) ca: Vec<AuthorityDelivery>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) delete: DeletePolicy,
    pub(super) waivers: Vec<Waiver>,
}

pub(super) fn checked(form: &ManifestForm, problems: &mut Problems) -> Option<Root> {
    not_empty(&form.name, "name", "give the provider a name for the reports", problems);
    not_empty(&form.command, "command", "give the program to start", problems);
    if let Some(build) = form.build.as_ref().filter(|build| build.first().is_none_or(String::is_empty)) {
        let help = "write a program and its arguments, e.g. [\"cargo\", \"build\", \"--release\"], or leave `build` out";
        problems.push(Problem::new(build.span.clone(), "`build` names no program", "nothing to run", help));
    }
    let hosts = hosts(form.hosts.as_deref().unwrap_or_default(), problems);
    let ca = ca(form.ca.as_ref(), problems);
    let env = env(form.env.as_ref(), problems);
    let statuses = form.delete.as_ref().and_then(|delete| delete.not_resubmitted.as_deref()).unwrap_or_default();
    let delete = delete(statuses, problems);
    let waivers = waivers(form.waiver.as_deref().unwrap_or_default(), problems);
    Some(Root { task_timeout: task_timeout(form, problems)?, hosts, ca, env, delete, waivers })
}

fn not_empty(text: &Located<String>, key: &str, help: &str, problems: &mut Problems) {
    if text.trim().is_empty() {
        problems.push(Problem::new(text.span.clone(), format!("`{key}` is empty"), "nothing here", help));
    }
}

fn task_timeout(form: &ManifestForm, problems: &mut Problems) -> Option<Duration> {
    let Some(timeout) = &form.task_timeout else { return Some(DEFAULT_TASK_TIMEOUT) };
    if timeout.value.is_zero() || timeout.value > LONGEST_TASK_TIMEOUT {
        let help = "give a time above zero and of at most 24h, the longest that Secrets Manager waits";
        problems.push(Problem::new(timeout.span.clone(), "`task_timeout` is not a time that a task can take", "out of range", help));
        return None;
    }
    Some(timeout.value)
}

/// Returns the hosts and reports what is none.
pub(super) fn hosts(hosts: &[Located<String>], problems: &mut Problems) -> Vec<String> {
    static HOST: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
        Regex::new(&format!(r"^{label}(\.{label})*$")).ok()
    });
    let is_host = |host: &str| host.len() <= 253 && HOST.as_ref().is_none_or(|pattern| pattern.is_match(host));
    for host in hosts.iter().filter(|host| !is_host(host)) {
        let message = format!("`{}` is not a host name", host.escape_debug());
        let help = "write the bare name, e.g. \"metrics.example.com\": no scheme, port, path or wildcard";
        problems.push(Problem::new(host.span.clone(), message, "not a host name", help));
    }
    hosts.iter().map(|host| host.to_ascii_lowercase()).collect()
}

fn ca(ca: Option<&Located<Vec<AuthorityDelivery>>>, problems: &mut Problems) -> Vec<AuthorityDelivery> {
    let Some(ca) = ca else { return DEFAULT_CA.to_vec() };
    if ca.is_empty() {
        let help = "name at least one way, or leave `ca` out for [\"environment\", \"bundle\"]";
        problems.push(Problem::new(ca.span.clone(), "`ca` is empty: the provider would trust nobody in the suite", "nothing here", help));
    }
    let mut ways = ca.value.clone();
    ways.sort_unstable();
    ways.dedup();
    ways
}

fn env(env: Option<&Entries<String>>, problems: &mut Problems) -> BTreeMap<String, String> {
    let entries = env.map(|entries| entries.0.as_slice()).unwrap_or_default();
    for entry in entries {
        check_variable(&entry.name, problems);
    }
    entries.iter().map(|entry| (entry.name.value.clone(), entry.value.value.clone())).collect()
}

/// Reports a name that no variable of the job definition may have.
pub(super) fn check_variable(name: &Located<String>, problems: &mut Problems) {
    let span = name.span.clone();
    let name = name.as_str();
    let mut characters = name.chars();
    let starts = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    if !starts || !characters.all(|character| character.is_ascii_alphanumeric() || character == '_') {
        let message = format!("`{}` is not the name of a variable", name.escape_debug());
        let help = "use letters, digits and underscores, and no digit first";
        problems.push(Problem::new(span, message, "not such a name", help));
    } else if let Some(prefix) = RESERVED.into_iter().find(|prefix| name.starts_with(prefix)) {
        let message = format!("`{name}` must not be set by the job definition");
        let help = format!(
            "remove it: variables that begin with {prefix} come from Secrets Manager or Code Engine; values of inputs go under `[inputs]`"
        );
        problems.push(Problem::new(span, message, "reserved name", help));
    }
}

fn delete(statuses: &[Located<u16>], problems: &mut Problems) -> DeletePolicy {
    let mut policy = DeletePolicy::default();
    for status in statuses {
        if !REFUSALS.contains(&status.value) {
            let message = format!("{} is not the status of a refusal that may be left alone", status.value);
            let help = "use 401, 403, 409 or 423; whatever else fails may pass, so the provider must report it as failed";
            problems.push(Problem::new(status.span.clone(), message, "no refusal", help));
        } else if policy.not_resubmitted.contains(&status.value) {
            let message = format!("{} is listed twice", status.value);
            problems.push(Problem::new(status.span.clone(), message, "listed before", "remove one of them"));
        } else {
            policy.not_resubmitted.push(status.value);
        }
    }
    policy.not_resubmitted.sort_unstable();
    policy
}

fn waivers(waivers: &[WaiverForm], problems: &mut Problems) -> Vec<Waiver> {
    static RULE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^[A-Z]+-[0-9]+$").ok());
    for (index, waiver) in waivers.iter().enumerate() {
        let rule = &waiver.rule;
        if RULE.as_ref().is_some_and(|pattern| !pattern.is_match(rule)) {
            let message = format!("`{}` is not the id of a rule", rule.escape_debug());
            problems.push(Problem::new(rule.span.clone(), message, "no id", "write an id such as PRV-005; `hallmark list` shows them"));
        } else if let Some(earlier) = waivers[..index].iter().find(|earlier| earlier.rule.as_str() == rule.as_str()) {
            let message = format!("{} is waived twice", rule.as_str());
            let problem = Problem::new(rule.span.clone(), message, "waived again", "keep one of the waivers");
            problems.push(problem.and(earlier.rule.span.clone(), "first waived here"));
        }
        not_empty(&waiver.reason, "reason", "say why the rule may be broken; the reason stands in the report", problems);
    }
    let waivers = waivers.iter();
    waivers.map(|waiver| Waiver { rule: waiver.rule.value.clone(), reason: waiver.reason.value.clone(), expires: waiver.expires }).collect()
}
