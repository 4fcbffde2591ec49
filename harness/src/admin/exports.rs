//! Variables as lines for a shell.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::engine::{JobRequest, TokenFile};

/// Returns one `export NAME=value` line for each variable, the value quoted for a POSIX shell. A name that no shell takes is left
/// out: Code Engine allows dots and dashes.
pub fn exports(variables: &BTreeMap<String, String>) -> String {
    let mut lines = String::new();
    for (name, value) in variables.iter().filter(|(name, _)| is_name(name)) {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "export {name}={}", quoted(value));
    }
    lines
}

/// Returns the lines that give a shell everything that a job gets. A compute resource token goes into a new file.
pub fn job_exports(request: &JobRequest) -> String {
    let mut lines = exports(&request.variables);
    if let Some(TokenFile { variable, contents }) = request.token_file.as_ref().filter(|token| is_name(&token.variable)) {
        let _ = writeln!(lines, "export {variable}=\"$(mktemp)\"\nprintf %s {} >\"${variable}\"", quoted(contents));
    }
    lines
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// Quotes what a shell would not take as it stands.
fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:,@%+=".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_a_shell() {
        let values = ["plain", "", "two words", "it's", "$HOME `id` $(id)", "a\nb\\n", "\"quoted\"", "~", "é*?[a]", "#no; comment & more"];
        let variables = values.iter().enumerate().map(|(index, value)| (format!("SM_{index}"), (*value).to_owned())).collect();
        let script = exports(&variables) + "env -0";
        let output = std::process::Command::new("sh").args(["-c", &script]).env_clear().env("PATH", "/usr/bin:/bin").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let seen = String::from_utf8(output.stdout).unwrap();
        for (name, value) in &variables {
            assert!(seen.split('\0').any(|line| line == format!("{name}={value}")), "{name}: {value:?} in {seen:?}");
        }
    }

    #[test]
    fn a_token_comes_to_stand_in_a_file_as_it_is() {
        let token_file = Some(TokenFile { variable: "CR_TOKEN_FILE".into(), contents: "it's.a.token".into() });
        let job = crate::journal::JobRef { task: "task".into(), run: 0 };
        let request = JobRequest { job, variables: BTreeMap::from([("SM_ACTION".into(), "x".into())]), token_file };
        let script = job_exports(&request) + "printf '%s|' \"$SM_ACTION\"; cat \"$CR_TOKEN_FILE\"; rm \"$CR_TOKEN_FILE\"";
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "x|it's.a.token", "{output:?}");
    }

    #[test]
    fn a_name_that_no_shell_takes_is_left_out() {
        let variables = [("A.B", "x"), ("1A", "x"), ("A-B", "x"), ("OK_1", "x")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(exports(&variables.into()), "export OK_1=x\n");
    }
}
