//! Where a manifest's inputs and outputs are declared: in a `job_config.json` or in the manifest itself.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::super::form::{DeclarationForm, ManifestForm};
use super::super::located::Located;
use super::super::problem::{Problem, Problems};
use super::digest;
use crate::job_config::{Direction, JobConfig, JobConfigError, Objection, Position, Variable};

/// The declarations and where they came from.
pub(super) struct Declared {
    pub(super) config: JobConfig,
    pub(super) path: Option<PathBuf>,
    pub(super) digest: Option<String>,
    pub(super) text: Option<String>,
}

pub(super) fn declared(form: &ManifestForm, directory: &Path, problems: &mut Problems) -> Option<Declared> {
    let inline = || {
        let tables = [(Direction::Input, &form.input), (Direction::Output, &form.output)];
        tables.into_iter().flat_map(|(direction, tables)| tables.iter().flatten().map(move |table| (direction, table)))
    };
    match (&form.job_config, inline().next()) {
        (Some(file), None) => from_file(file, directory, problems),
        (None, Some(_)) => from_tables(inline(), problems),
        (Some(file), Some((_, table))) => {
            let message = "inputs and outputs are declared twice: in a job_config.json and in the manifest";
            let help = "keep `job_config`, or keep the `[[input]]` and `[[output]]` tables";
            problems
                .push(Problem::new(file.span.clone(), message, "declared in this file", help).and(table.span.clone(), "and declared here"));
            None
        }
        (None, None) => {
            let help = "add `job_config = \"job_config.json\"`, or `[[input]]` and `[[output]]` tables";
            problems.push(Problem::new(0..0, "the manifest declares no outputs", "in this file", help));
            None
        }
    }
}

fn from_file(file: &Located<String>, directory: &Path, problems: &mut Problems) -> Option<Declared> {
    let path = directory.join(file.as_str());
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("the job configuration {} cannot be read: {error}", path.display());
            let help = "give the path of the provider's job_config.json, relative to the manifest";
            problems.push(Problem::new(file.span.clone(), message, "cannot be read", help));
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    // What a tool minds and what can be understood all the same is for the rules to judge.
    match JobConfig::read(&bytes).declared() {
        Ok(config) => Some(Declared { config, digest: Some(digest(&bytes)), text: Some(text.into_owned()), path: Some(path) }),
        Err(JobConfigError::Invalid(objections)) => {
            for objection in objections {
                let place = format!("{}:{}: ", path.display(), Position::of(&text, objection.span.start));
                let advice = format!("{}; `hallmark lint {}` shows it in its place", objection.advice, path.display());
                object(&Objection { advice, ..objection }, &file.span, &place, "this file", problems);
            }
            None
        }
        Err(error @ JobConfigError::Unreadable { .. }) => {
            problems.push(Problem::new(file.span.clone(), error.to_string(), "cannot be read", "check the file"));
            None
        }
    }
}

fn object(objection: &Objection, span: &Range<usize>, place: &str, label: &str, problems: &mut Problems) {
    problems.push(Problem::new(span.clone(), format!("{place}{objection}"), label, objection.advice.as_str()));
}

fn from_tables<'a>(tables: impl Iterator<Item = (Direction, &'a Located<DeclarationForm>)>, problems: &mut Problems) -> Option<Declared> {
    let mut variables: Vec<(Variable, &Located<String>)> = Vec::new();
    let mut refused = false;
    let mut span = 0..0;
    for (direction, table) in tables {
        span = table.span.clone();
        let Some(variable) = variable(direction, table, problems) else {
            refused = true;
            continue;
        };
        if let Some((_, earlier)) = variables.iter().find(|(earlier, _)| earlier.name == variable.name) {
            let message = format!("`{}` is declared twice", table.name.as_str());
            let problem = Problem::new(table.name.span.clone(), message, "declared again", "keep one of the declarations");
            problems.push(problem.and(earlier.span.clone(), "first declared here"));
            refused = true;
            continue;
        }
        variables.push((variable, &table.name));
    }
    if refused {
        return None;
    }
    match JobConfig::from_variables(variables.into_iter().map(|(variable, _)| variable).collect()) {
        Ok(config) => Some(Declared { config, path: None, digest: None, text: None }),
        Err(objection) => {
            let help = "add an `[[output]]` with `required = true` for what every created credential holds";
            problems.push(Problem::new(span, objection.reason, "the last declaration", help));
            None
        }
    }
}

fn variable(direction: Direction, table: &DeclarationForm, problems: &mut Problems) -> Option<Variable> {
    let name = table.name.as_str();
    if name.is_empty() || !name.chars().all(|character| matches!(character, 'a'..='z' | '0'..='9' | '_')) {
        let message = format!("`{}` is not the name of an input or output", name.escape_debug());
        let help = "use lower-case letters, digits and underscores, without SMIN_ or SMOUT_: `user_name`";
        problems.push(Problem::new(table.name.span.clone(), message, "not such a name", help));
        return None;
    }
    let variable = format!("{}{}", direction.prefix(), name.to_ascii_uppercase());
    let word = table.r#type.as_str();
    // One attribute only: a comma would start another one, behind the manifest's back.
    if word.contains(',') {
        let message = format!("the type of `{name}` holds a comma");
        let help = "separate the options of an enum by `|`; say `required = true` on a line of its own";
        problems.push(Problem::new(table.r#type.span.clone(), message, "a comma in here", help));
        return None;
    }
    match Variable::parse(&variable, &format!("type:{word}, required:{}", table.required.unwrap_or(false))) {
        Ok(variable) => Some(variable),
        Err(objections) => {
            for objection in objections {
                object(&objection, &table.r#type.span, "", "this type", problems);
            }
            None
        }
    }
}
