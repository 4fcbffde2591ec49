//! Real services: third parties that hallmark does not play.

use std::time::Duration;

use super::super::form::{TcpForm, ThirdPartyForm};
use super::super::located::{Entry, Located};
use super::super::model::TcpSource;
use super::super::problem::{Problem, Problems};
use super::variant::check_template;

/// How long a command may take where the manifest says nothing.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Returns the address of a real HTTP service behind a description.
pub(super) fn http(entry: &Entry<ThirdPartyForm>, problems: &mut Problems) -> Option<String> {
    let form = &entry.value.value;
    let service = form.service.as_ref()?;
    let address = service.strip_prefix("https://").or_else(|| service.strip_prefix("http://"));
    if address.is_none_or(|rest| rest.is_empty() || rest.starts_with('/') || rest.contains(['?', '#', '@', ' '])) {
        let message = format!("`{}` is not the address of a service", service.escape_debug());
        let help = "write scheme, host and port, e.g. \"https://127.0.0.1:8443\"; a login belongs into a secret";
        problems.push(Problem::new(service.span.clone(), message, "not such an address", help));
    }
    if form.preset.is_none() && form.spec.is_none() {
        let message = format!("nothing tells what the calls of the third party `{}` mean", entry.name.escape_debug());
        let help = "add the `preset` or the `spec` of its API; for any other protocol give a `tcp` table in place of `service`";
        problems.push(Problem::new(service.span.clone(), message, "neither `preset` nor `spec` beside it", help));
    }
    Some(service.value.clone())
}

/// Returns a real service behind a TCP proxy.
pub(super) fn tcp(entry: &Entry<ThirdPartyForm>, problems: &mut Problems) -> Option<TcpSource> {
    let form = &entry.value.value;
    let table = form.tcp.as_ref()?;
    let name = entry.name.escape_debug().to_string();
    let described = [form.preset.is_some(), form.spec.is_some(), form.service.is_some()];
    if described.contains(&true) {
        let message = format!("the third party `{name}` is described twice");
        let help = "keep `tcp` for a protocol other than HTTP; otherwise `preset` or `spec`, with or without `service`";
        problems.push(Problem::new(entry.value.span.clone(), message, "`tcp` beside `preset`, `spec` or `service`", help));
    }
    if let Some(host) = form.hosts.as_ref().and_then(|hosts| hosts.first()) {
        let message = format!("the third party `{name}` cannot have host names");
        let help = "remove `hosts`, and tell the provider the address by an input: { third_party = \"NAME\" }";
        problems.push(Problem::new(host.span.clone(), message, "not for a `tcp` service", help));
    }
    check_address(&table.value.address, problems);
    check_commands(&name, table, problems);
    let words = |command: &Option<Located<Vec<String>>>| command.as_ref().map(|words| words.value.clone()).unwrap_or_default();
    let form = &table.value;
    let environment = form.environment.iter().flat_map(|entries| &entries.0);
    Some(TcpSource {
        address: form.address.value.clone(),
        list: words(&form.list),
        exists: words(&form.exists),
        revoke: words(&form.revoke),
        refuse: words(&form.refuse),
        recover: words(&form.recover),
        environment: environment.map(|entry| (entry.name.value.clone(), entry.value.value.clone().into())).collect(),
        time_limit: form.time_limit.as_ref().map_or(TIME_LIMIT, |limit| limit.value),
    })
}

fn check_address(address: &Located<String>, problems: &mut Problems) {
    let port =
        address.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.contains('/')).and_then(|(_, port)| port.parse::<u16>().ok());
    if port.is_none_or(|port| port == 0) {
        let message = format!("`{}` is not the address of a service", address.escape_debug());
        problems.push(Problem::new(address.span.clone(), message, "not such an address", "write host and port, e.g. \"127.0.0.1:5432\""));
    }
}

fn check_commands(name: &str, table: &Located<TcpForm>, problems: &mut Problems) {
    let form = &table.value;
    let commands = [
        ("list", &form.list, false),
        ("exists", &form.exists, true),
        ("revoke", &form.revoke, true),
        ("refuse", &form.refuse, false),
        ("recover", &form.recover, false),
    ];
    for (which, words, about_one) in commands {
        let Some(words) = words else { continue };
        if words.value.first().is_none_or(String::is_empty) {
            let help = "write the program and its arguments, e.g. [\"./credentials\", \"list\"]";
            problems.push(Problem::new(words.span.clone(), format!("the command `{which}` names no program"), "no program", help));
        } else if about_one && !words.value.iter().any(|word| word.contains("credential.id")) {
            let message = format!("the command `{which}` does not say which credential it is about");
            let help = "put \"{{ credential.id }}\" among its arguments";
            problems.push(Problem::new(words.span.clone(), message, "no `{{ credential.id }}`", help));
        }
        for word in &words.value {
            check_template(&Located { value: word.clone(), span: words.span.clone() }, which, problems);
        }
    }
    if form.list.is_none() && form.exists.is_none() {
        let message = format!("nothing tells what is alive at the third party `{name}`");
        let help = "add `list`, which prints the ids of all living credentials, one a line; or `exists`, which ends with 0 for one that exists and with 1 for one that does not";
        problems.push(Problem::new(table.span.clone(), message, "neither `list` nor `exists`", help));
    }
    let alone = match (&form.refuse, &form.recover) {
        (Some(refuse), None) => Some((refuse, "refuse", "recover")),
        (None, Some(recover)) => Some((recover, "recover", "refuse")),
        _ => None,
    };
    if let Some((command, given, missing)) = alone {
        let message = format!("`{given}` needs a command `{missing}` beside it");
        let help = format!("add `{missing}`, or remove `{given}`: a scenario has to leave the service as it was");
        problems.push(Problem::new(command.span.clone(), message, format!("without `{missing}`"), help));
    }
    if let Some(limit) = form.time_limit.as_ref().filter(|limit| limit.value.is_zero()) {
        problems.push(Problem::new(limit.span.clone(), "`time_limit` is no time", "zero", "write a time such as \"10s\""));
    }
}
