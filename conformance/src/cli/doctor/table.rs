//! What `doctor` prints.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::Check;
use crate::explain::PAGE;
use crate::paragraph::wrapped;
use crate::report::printable;

/// What nobody has tried.
const UNTESTED: &str = "Containers need a local Docker Engine on its Unix socket. Podman and remote daemons are untested.";

/// Returns the table. Ends with a line feed.
pub(super) fn render(machine: &[Check], wire: &[Check], containers: &[Check], colored: bool) -> String {
    let mut text = String::new();
    section(&mut text, "This machine", machine, FAILED, colored);
    text.push('\n');
    section(&mut text, "Faults on the wire, plain and over TLS, injected on loopback and looked at byte by byte", wire, FAILED, colored);
    text.push('\n');
    section(&mut text, "Containers, which only `hallmark run --image` needs", containers, MISSING, colored);
    let counted = || machine.iter().chain(wire);
    let (count, failed) = (counted().count(), counted().filter(|check| check.remedy.is_some()).count());
    let conclusion = match failed {
        0 => format!("All {count} checks passed: this machine can run the suite."),
        1 => format!("1 of {count} checks failed: results of this machine cannot be trusted. The remedy stands beside it."),
        _ => format!("{failed} of {count} checks failed: results of this machine cannot be trusted. The remedies stand beside them."),
    };
    for paragraph in [UNTESTED, &conclusion] {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{}\n", wrapped(paragraph, PAGE, "", ""));
    }
    text
}

/// The word of a check that failed.
const FAILED: (&str, AnsiColor) = ("FAIL", AnsiColor::Red);

/// The word of a check of what a run can do without.
const MISSING: (&str, AnsiColor) = ("none", AnsiColor::Yellow);

fn section(text: &mut String, title: &str, checks: &[Check], bad: (&'static str, AnsiColor), colored: bool) {
    let bold = Style::new().bold();
    let _ = writeln!(text, "{}", painted(title, bold, colored));
    let column = checks.iter().map(|check| check.what.chars().count()).max().unwrap_or(0);
    for check in checks {
        let (word, style) = match check.remedy {
            None => ("ok  ", AnsiColor::Green.on_default()),
            Some(_) => (bad.0, bad.1.on_default().bold()),
        };
        let hanging = " ".repeat(2 + 4 + 2 + column + 2);
        let head = format!("  {word}  {:column$}  ", printable(&check.what));
        let lines = wrapped(&printable(&check.seen).replace('\n', " "), PAGE, &head, &hanging);
        let _ = writeln!(text, "{}", lines.replacen(word, &painted(word, style, colored), 1));
        if let Some(remedy) = &check.remedy {
            let _ = writeln!(text, "{}", wrapped(remedy, PAGE, &format!("{hanging}-> "), &format!("{hanging}   ")));
        }
    }
}

fn painted(text: &str, style: Style, colored: bool) -> String {
    if colored { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_check_says_what_to_do() {
        let machine = [
            Check::good("loopback sockets", "listened, connected and accepted on 127.0.0.1:4711"),
            Check::bad(
                "open files",
                "limit 256; 32 scenarios at once need 544",
                "raise the limit: `ulimit -n 544`, or play fewer at once: `--jobs 14`",
            ),
        ];
        let wire = [Check::good("reset (tls)", "ECONNRESET without an answer")];
        let missing = [Check::bad("Docker Engine", "no Docker Engine answers on /var/run/docker.sock", "install one")];
        insta::assert_snapshot!(render(&machine, &wire, &missing, false));
    }

    #[test]
    fn colours_change_nothing_else() {
        let checks = [Check::good("ok", "ok  "), Check::bad("b", "FAIL", "c")];
        let colored = render(&checks, &[], &[], true);
        assert!(colored.contains("\u{1b}["));
        let plain: String = {
            let mut rest = colored.as_str();
            let mut plain = String::new();
            while let Some((before, after)) = rest.split_once('\u{1b}') {
                plain.push_str(before);
                rest = after.split_once('m').map_or("", |(_, rest)| rest);
            }
            plain + rest
        };
        assert_eq!(plain, render(&checks, &[], &[], false));
    }
}
