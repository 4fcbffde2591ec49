//! The matrix, for people: at most 100 columns.

use std::fmt::Write as _;

use super::{Matrix, Proof, Trial};
use crate::mutant::{CONTROL, IMAGE_CONTROL};

const COLUMNS: usize = 100;

/// Returns the matrix as text.
pub fn human(matrix: &Matrix) -> String {
    let mut text = String::new();
    let scenarios: usize = matrix.trials.iter().map(|trial| trial.scenarios).sum();
    line(&mut text, "Rules, each with the mutants that were found to break it", "");
    for rule in &matrix.rules {
        let (own, others): (Vec<&str>, Vec<&str>) = rule.mutants.iter().partition(|mutant| mutant.starts_with(&rule.rule));
        let names: Vec<&str> = own.iter().filter_map(|mutant| mutant.split_once('/')).map(|(_, name)| name).collect();
        let more = if others.is_empty() { String::new() } else { format!("(+{} of other rules)", others.len()) };
        let all = [names.join(", "), more].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        let head = format!("  {:8}  {:6}  ", rule.rule, rule.level.to_string());
        line(&mut text, &head, if all.is_empty() { "-" } else { &all });
    }
    line(&mut text, "\nMutants, each with the rules that it was found to break", "");
    for trial in &matrix.trials {
        let broken = trial.broken.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let mark = match trial.shows() {
            Proof::Right => "ok ",
            Proof::Undecided => "?  ",
            Proof::Wrong => "BAD",
        };
        line(&mut text, &format!("  {mark} {:36}  ", trial.mutant), if broken.is_empty() { "nothing" } else { &broken });
        problems(&mut text, trial);
    }
    let survivors = matrix.survivors();
    if !survivors.is_empty() {
        line(&mut text, "\nNo mutant breaks ", &survivors.join(" "));
    }
    if let Some(lacking) = &matrix.lacking {
        line(&mut text, "\nNot proved     ", &lacking.rules.join(" "));
        line(&mut text, "               ", &format!("Their mutants are images: {}", lacking.why));
    }
    let kind = if matrix.full { "all scenarios with each" } else { "each with its rules' scenarios" };
    let mutants = matrix.trials.iter().filter(|trial| ![CONTROL, IMAGE_CONTROL].contains(&trial.mutant)).count();
    let control = match matrix.trials.len() - mutants {
        0 => "",
        1 => " and the control",
        _ => " and the controls",
    };
    let _ = writeln!(text, "\n{mutants} mutants{control}, {kind}: {scenarios} scenarios in {:.1} s.", matrix.seconds);
    if matrix.whole {
        let (killed, counted) = matrix.killed();
        let unexpected: usize = matrix.trials.iter().map(|trial| trial.unexpected.len()).sum();
        let percent = 100 * killed / counted.max(1);
        let _ = writeln!(text, "{killed} of {counted} must and should rules are killed ({percent} %), with {unexpected} unexpected kills.");
    }
    match matrix.shows() {
        Proof::Right if matrix.lacking.is_some() => {
            text.push_str("Every mutant that could be tried was found out, for exactly the rules that it breaks.\n");
        }
        Proof::Right => text.push_str("Every mutant was found out, for exactly the rules that it breaks.\n"),
        Proof::Undecided => {
            let mutants = matrix.undecided().join(" --mutant ");
            let again = format!("hallmark selftest{} --mutant {mutants}", if matrix.full { " --full" } else { "" });
            let said = "Nothing wrong was found, but trouble of this machine's leaves some mutants open. With less to do for it, run";
            line(&mut text, "", &format!("{said} {again}"));
        }
        Proof::Wrong => {
            text.push_str(
                "hallmark does not find exactly what it must. This is its own fault, and no certificate of\nthis build counts.\n",
            );
        }
    }
    text
}

fn problems(text: &mut String, trial: &Trial) {
    let lists = [
        ("missed       ", &trial.missed),
        ("unexpected   ", &trial.unexpected),
        ("wrong holes  ", &trial.surprising_holes),
        ("wording      ", &trial.misworded),
        ("our trouble  ", &trial.trouble),
    ];
    for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        line(text, &format!("        {name}"), &list.join(", "));
    }
    for rule in &trial.unexpected {
        let finding = trial.findings.get(rule).map_or("", String::as_str);
        line(text, &format!("        {rule:11}  "), finding);
    }
    if trial.shows() != Proof::Right {
        line(text, "        what it does ", trial.wrong);
    }
}

/// Adds a line; what does not fit stands below its beginning.
fn line(text: &mut String, head: &str, rest: &str) {
    let below = " ".repeat(head.chars().count());
    let options = textwrap::Options::new(COLUMNS).initial_indent(head).subsequent_indent(&below).break_words(false);
    if rest.is_empty() {
        let _ = writeln!(text, "{head}");
    } else {
        let _ = writeln!(text, "{}", textwrap::fill(rest, options));
    }
}
