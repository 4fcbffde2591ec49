//! Finds what is wrong with a description before anything is served from it.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, StatusCode};
use minijinja::{Value, context};

use super::check;
use super::route::{ID, Pattern};
use super::spec::{ErrorCode, OperationKind, OperationSpec, ThirdPartySpec};
use super::template::Renderer;
use super::{Generator, SpecError};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// The names in `credential` that are always there.
const RESERVED: [&str; 3] = ["id", "secret", "issued_at"];

impl ThirdPartySpec {
    /// Checks the description as a whole and tries every template on [`example_request`](super::CredentialSpec::example_request).
    /// The first problem is returned.
    pub fn validate(&self) -> Result<(), SpecError> {
        self.check_address()?;
        self.check_login()?;
        self.check_operations()?;
        self.check_statuses()?;
        self.check_templates()
    }

    fn check_address(&self) -> Result<(), SpecError> {
        for (index, host) in self.hosts.iter().enumerate() {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if !host.split('.').all(|label| !label.is_empty() && label.bytes().all(plain)) {
                return Err(SpecError::value(
                    format!("hosts[{index}]"),
                    format!("`{host}` is no lower-case host name; leave scheme and port out"),
                ));
            }
        }
        if !self.path_prefix.is_empty() {
            let pattern = Pattern::parse(&self.path_prefix).map_err(|problem| SpecError::value("path_prefix", problem))?;
            if self.path_prefix.ends_with('/') || pattern.parameters().next().is_some() {
                return Err(SpecError::value("path_prefix", "it takes no parameters and no slash at its end"));
            }
        }
        Ok(())
    }

    fn check_login(&self) -> Result<(), SpecError> {
        if HeaderName::try_from(&self.login.header).is_err() {
            return Err(SpecError::value("login.header", format!("`{}` is no header name", self.login.header)));
        }
        check_generator("login.generator", &self.login.generator)?;
        check_generator("credential.id", &self.credential.id)?;
        check_generator("credential.secret", &self.credential.secret)?;
        for (name, generator) in &self.credential.further_secrets {
            check_generator(&format!("credential.further_secrets.{name}"), generator)?;
        }
        for name in self.credential.fields.keys().chain(self.credential.further_secrets.keys()) {
            if RESERVED.contains(&name.as_str()) {
                return Err(SpecError::value(format!("credential.{name}"), "every credential has this name already; choose another"));
            }
        }
        match self.credential.fields.keys().find(|name| self.credential.further_secrets.contains_key(*name)) {
            Some(name) => Err(SpecError::value(format!("credential.fields.{name}"), "a further secret has the same name; choose another")),
            None => Ok(()),
        }
    }

    fn check_operations(&self) -> Result<(), SpecError> {
        for kind in [OperationKind::Create, OperationKind::Revoke] {
            if !self.operations.iter().any(|operation| operation.operation == kind) {
                return Err(SpecError::MissingOperation { operation: kind.as_str() });
            }
        }
        let mut known: Vec<(&str, Pattern)> = Vec::new();
        for (index, operation) in self.operations.iter().enumerate() {
            let place = format!("operations[{index}]");
            let pattern = self.check_operation(&place, operation)?;
            if known.iter().any(|(method, other)| *method == operation.method && other.overlaps(&pattern)) {
                return Err(SpecError::value(
                    format!("{place}.path"),
                    format!("an earlier operation takes `{} {}` too", operation.method, operation.path),
                ));
            }
            known.push((&operation.method, pattern));
        }
        Ok(())
    }

    fn check_operation(&self, place: &str, operation: &OperationSpec) -> Result<Pattern, SpecError> {
        if !METHODS.contains(&operation.method.as_str()) {
            return Err(SpecError::value(format!("{place}.method"), format!("`{}` is none of {}", operation.method, METHODS.join(", "))));
        }
        let path = format!("{place}.path");
        let pattern = Pattern::parse(&operation.path).map_err(|problem| SpecError::value(&path, problem))?;
        let word = operation.operation.as_str();
        match (operation.operation.names_credential(), pattern.parameters().any(|name| name == ID)) {
            (true, false) => return Err(SpecError::value(path, format!("`{word}` needs `{{id}}` in its path"))),
            (false, true) => return Err(SpecError::value(path, format!("`{word}` names no credential: rename `{{id}}`"))),
            _ => {}
        }
        if operation.operation != OperationKind::List && !operation.filters.is_empty() {
            return Err(SpecError::value(format!("{place}.filters"), "only `list` filters"));
        }
        for (number, filter) in operation.filters.iter().enumerate() {
            if !self.credential.fields.contains_key(&filter.field) {
                return Err(SpecError::value(
                    format!("{place}.filters[{number}].field"),
                    format!("`credential.fields` holds no `{}`", filter.field),
                ));
            }
        }
        for (number, check) in operation.checks.iter().enumerate() {
            if !check.pointer.is_empty() && !check.pointer.starts_with('/') {
                return Err(SpecError::value(
                    format!("{place}.checks[{number}].pointer"),
                    "a JSON pointer is empty or begins with a slash",
                ));
            }
        }
        if operation.operation == OperationKind::Create && !operation.checks.is_empty() {
            let failures = check::failures(&operation.checks, &self.credential.example_request);
            if !failures.is_empty() {
                return Err(SpecError::value(
                    "credential.example_request",
                    format!("{place}.checks would refuse it: {}", failures.join("; ")),
                ));
            }
        }
        check_headers(&format!("{place}.headers"), &operation.headers)?;
        check_status(&format!("{place}.status"), operation.status, 200..=299)?;
        check_status(&format!("{place}.missing"), operation.missing, 200..=599)?;
        Ok(pattern)
    }

    fn check_statuses(&self) -> Result<(), SpecError> {
        let refusals = &self.refusals;
        for (name, status) in [
            ("login", refusals.login),
            ("unknown_path", refusals.unknown_path),
            ("wrong_method", refusals.wrong_method),
            ("wrong_content_type", refusals.wrong_content_type),
            ("malformed_body", refusals.malformed_body),
            ("failed_check", refusals.failed_check),
        ] {
            check_status(&format!("refusals.{name}"), status, 400..=599)?;
        }
        for (index, entry) in self.errors.statuses.iter().enumerate() {
            check_status(&format!("errors.statuses[{index}].status"), entry.status, 300..=599)?;
            check_headers(&format!("errors.statuses[{index}].headers"), &entry.headers)?;
        }
        Ok(())
    }

    fn check_templates(&self) -> Result<(), SpecError> {
        let renderer = Renderer::new();
        let login = renderer.text("login.format", &self.login.format, &context! { login => "example" })?;
        if !login.contains("example") || HeaderValue::try_from(login).is_err() {
            return Err(SpecError::value("login.format", "it must hold `{{ login }}` and be a header's value"));
        }
        let mut credential: BTreeMap<String, String> = ["id", "secret"].map(|name| (name.to_owned(), "example".to_owned())).into();
        credential.extend(self.credential.further_secrets.keys().map(|name| (name.clone(), "example".to_owned())));
        let request = context! { body => &self.credential.example_request, query => context! {} };
        let third_party = context! { url => "https://third-party.example" };
        let fields = context! { request => request, path => context! {}, now => 0, third_party => third_party, credential => context! { issued_at => 0, ..Value::from_serialize(&credential) } };
        for (name, template) in &self.credential.fields {
            let text = renderer.text(&format!("credential.fields.{name}"), template, &fields)?;
            credential.insert(name.clone(), text);
        }
        let credential = context! { issued_at => 0, ..Value::from_serialize(&credential) };
        let bodies = context! { credential => credential, credentials => [&credential, &credential], ..fields };
        for (index, operation) in self.operations.iter().enumerate() {
            if let Some(template) = &operation.body {
                renderer.json(&format!("operations[{index}].body"), template, &bodies)?;
            }
        }
        self.check_error_templates(&renderer)
    }

    fn check_error_templates(&self, renderer: &Renderer) -> Result<(), SpecError> {
        let words = context! { status => 500, reason => "Internal Server Error" };
        let entries = self
            .errors
            .statuses
            .iter()
            .enumerate()
            .map(|(index, entry)| (format!("errors.statuses[{index}]"), &entry.code, &entry.message));
        let generic = ("errors.generic".to_owned(), &self.errors.generic.code, &self.errors.generic.message);
        for (place, code, message) in entries.chain([generic]) {
            if let ErrorCode::Text(template) = code {
                renderer.text(&format!("{place}.code"), template, &words)?;
            }
            renderer.text(&format!("{place}.message"), message, &words)?;
        }
        for details in [vec![], vec!["first", "second"]] {
            let error = context! { status => 500, code => "example", message => "example", details => details };
            renderer.json("errors.body", &self.errors.body, &context! { error => error })?;
        }
        Ok(())
    }
}

fn check_generator(place: &str, generator: &Generator) -> Result<(), SpecError> {
    generator.problem().map_or(Ok(()), |problem| Err(SpecError::value(place, problem)))
}

fn check_status(place: &str, status: u16, range: std::ops::RangeInclusive<u16>) -> Result<(), SpecError> {
    if range.contains(&status) && StatusCode::from_u16(status).is_ok() {
        return Ok(());
    }
    Err(SpecError::value(place, format!("{status} is not between {} and {}", range.start(), range.end())))
}

fn check_headers(place: &str, headers: &BTreeMap<String, String>) -> Result<(), SpecError> {
    for (name, value) in headers {
        if HeaderName::try_from(name).is_err() || HeaderValue::try_from(value).is_err() {
            return Err(SpecError::value(place, format!("`{name}: {value}` is no header")));
        }
    }
    Ok(())
}
