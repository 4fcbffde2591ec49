//! Reading the variables of the job. No error here repeats a value.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;

use crate::error::Failure;

/// The environment variables of the job, by name.
pub type Environment = BTreeMap<String, String>;

/// Returns a variable's value; an empty one counts as absent, for Secrets Manager may pass either.
pub(crate) fn variable<'a>(environment: &'a Environment, name: &str) -> Option<&'a str> {
    environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// How a variable is read: what it must be, for the person who gets it wrong, and the parser that takes nothing else.
pub(crate) struct Format<T>(&'static str, fn(&str) -> Option<T>);

pub(crate) const ID: Format<String> = Format("an id", path_segment);
pub(crate) const TEXT: Format<String> = Format("one line of text", path_segment);
pub(crate) const ADDRESS: Format<Url> = Format("an https address without a user name", service_url);
pub(crate) const DURATION: Format<Duration> = Format("a duration up to a day, such as 240s", |value| {
    humantime::parse_duration(value).ok().filter(|value| !value.is_zero() && *value <= Duration::from_hours(24))
});
/// Zero means "never expires" to Artifactory, which is not what a rotated secret is for.
pub(crate) const SECONDS: Format<i64> =
    Format("a whole number of seconds above zero", |value| value.parse().ok().filter(|seconds| *seconds > 0));
/// The spellings of Go's `ParseBool`, which the providers made by IBM's generator accept.
pub(crate) const BOOLEAN: Format<bool> = Format("true or false", |value| match value {
    "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
    "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
    _ => None,
});

/// Reads a variable, or its default where it is absent.
pub(crate) fn read<T>(environment: &Environment, name: &'static str, default: &str, format: &Format<T>) -> Result<T, Failure> {
    let Format(expected, parse) = format;
    let failure = if name.ends_with("_VALUE") { Failure::InputInvalid } else { Failure::SettingInvalid };
    parse(variable(environment, name).unwrap_or(default)).ok_or(failure(name, expected))
}

/// Reads the address of a service. Secrets are sent there, so plain http is for this machine only.
pub(crate) fn service_url(value: &str) -> Option<Url> {
    let url = Url::parse(value).ok()?;
    let host = url.host_str()?;
    // Parsed, because 127.example.com is a name like any other.
    let is_local = host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback());
    let is_private = url.scheme() == "https" || (url.scheme() == "http" && is_local);
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    (is_private && is_plain).then_some(url)
}

/// Takes a value only if it stays one segment when it is put into a path: dots would climb to another resource.
pub(crate) fn path_segment(value: &str) -> Option<String> {
    let is_segment = !matches!(value, "" | "." | "..") && !value.contains(char::is_control);
    is_segment.then(|| value.to_owned())
}

/// Returns the address below `base` whose path has these further segments, each percent-encoded.
pub(crate) fn address(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    // It fails only for addresses without a host, and `service_url` lets none of those pass.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}
