//! The texts with which run-times announce that a program broke, told from errors that a program caught and logged.

use std::sync::LazyLock;

use hallmark_harness::journal::LogStream;
use regex::Regex;

use super::LogLine;

/// What a run-time alone prints. Go's `panic:` and `fatal error:` may be anybody's words; what follows them, `goroutine 1 [running]:`, is not.
static BROKE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let texts = r"(thread '.*' (\(\d+\) )?panicked at|^goroutine \d+ \[|Exception in thread |UnhandledPromiseRejection|Uncaught \w*Error|core dumped|terminate called)";
    Regex::new(texts).ok()
});

/// How Node ends the text of an error that nobody caught; the error itself looks like a logged one.
static NODE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^Node\.js v\d+\.\d+\.\d+").ok());

/// How Python begins a traceback: at the start of a line, so not within a record.
static TRACEBACK: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(  \+ Exception Group )?Traceback \(most recent call last\):$").ok());

/// The outermost frame of what nobody caught. Most programs catch in a function, where a logged traceback begins.
static OUTERMOST: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"^\s*(\| )?\s*File ".*", line \d+, in (<module>|_run_module_as_main)$"#).ok());

/// Heads the traceback that a program logs: `logging.exception` writes a record before it, Python nothing.
static RECORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)\b(error|critical|fatal|exception|warning)\b").ok());

/// Stands between the tracebacks of a chain, with an empty line before and after.
const CHAINS: [&str; 2] = [
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
];

/// Returns the line with which a run-time says that the program broke.
pub(super) fn announced<'log, 'recording>(logs: &'log [LogLine<'recording>]) -> Option<&'log LogLine<'recording>> {
    logs.iter().find(|line| matches(&BROKE, line.what)).or_else(|| {
        // Run-times complain there, and what was printed meanwhile must not stand between their lines.
        let complaints: Vec<&LogLine<'_>> = logs.iter().filter(|line| line.stream == LogStream::Stderr).collect();
        uncaught_in_python(&complaints).or_else(|| uncaught_in_node(&complaints))
    })
}

fn uncaught_in_python<'log, 'recording>(complaints: &[&'log LogLine<'recording>]) -> Option<&'log LogLine<'recording>> {
    let is_head = |index: usize| matches(&TRACEBACK, complaints[index].what);
    (0..complaints.len()).filter(|index| is_head(*index)).find_map(|index| {
        let outermost = complaints.get(index + 1).is_some_and(|frame| matches(&OUTERMOST, frame.what));
        let mut first = index;
        while first >= 2 && CHAINS.contains(&complaints[first - 2].what) {
            first = (0..first - 2).rev().find(|before| is_head(*before))?;
        }
        let logged = first > 0 && matches(&RECORD, complaints[first - 1].what);
        (outermost && !logged).then_some(complaints[index])
    })
}

fn uncaught_in_node<'log, 'recording>(complaints: &[&'log LogLine<'recording>]) -> Option<&'log LogLine<'recording>> {
    match complaints {
        [.., empty, last] if empty.what.is_empty() && matches(&NODE, last.what) => Some(last),
        _ => None,
    }
}

fn matches(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the crash in what a program printed to standard error.
    fn crash(printed: &str) -> Option<String> {
        let logs: Vec<LogLine<'_>> =
            printed.lines().zip(0..).map(|(what, event)| LogLine { event, stream: LogStream::Stderr, what }).collect();
        announced(&logs).map(|line| line.what.to_owned())
    }

    const UNCAUGHT: &str =
        "Traceback (most recent call last):\n  File \"/p/main.py\", line 9, in <module>\n    main()\nKeyError: 'payload'";

    const INNER: &str = "Traceback (most recent call last):\n  File \"/p/main.py\", line 4, in login\n    read()\nKeyError: 'payload'";

    #[test]
    fn what_nobody_caught_in_python_is_a_crash() {
        let module = UNCAUGHT.replace("<module>", "_run_module_as_main");
        for printed in [
            UNCAUGHT.to_owned(),
            module,
            format!("2026-11-25 INFO created token 1\n{UNCAUGHT}"),
            format!("{INNER}\n\n{}\n\n{UNCAUGHT}", CHAINS[0]),
            format!("ERROR the update failed\n{INNER}\nINFO the token is revoked\n{UNCAUGHT}"),
        ] {
            assert_eq!(crash(&printed).as_deref(), Some("Traceback (most recent call last):"), "{printed}");
        }
    }

    #[test]
    fn the_words_of_a_crash_alone_are_none() {
        for printed in ["panic: nothing is sent", "fatal error: login secret s-1 is malformed", "goroutine 1 was started"] {
            assert_eq!(crash(printed), None, "{printed}");
        }
        let go = "panic: runtime error: index out of range\n\ngoroutine 1 [running]:\nmain.main()";
        assert_eq!(crash(go).as_deref(), Some("goroutine 1 [running]:"));
        let thrown = "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:";
        assert_eq!(crash(thrown).as_deref(), Some("goroutine 1 [chan receive]:"));
    }

    #[test]
    fn a_traceback_that_was_logged_is_none() {
        for printed in [
            format!("2026-11-25 ERROR the job failed\n{UNCAUGHT}"),
            format!("ERROR:root:the job failed\n{INNER}\n\n{}\n\n{UNCAUGHT}", CHAINS[1]),
            format!("INFO undoing\n{INNER}"),
            "{\"level\":\"error\",\"exception\":\"Traceback (most recent call last):\\n  File\"}".to_owned(),
        ] {
            assert_eq!(crash(&printed), None, "{printed}");
        }
    }

    #[test]
    fn what_nobody_caught_in_node_is_a_crash_and_what_was_logged_is_none() {
        let error = "Error: no payload\n    at main (/p/index.js:12:7) {\n  status: 503\n}";
        assert_eq!(
            crash(&format!("/p/index.js:12\n    throw error;\n    ^\n\n{error}\n\nNode.js v20.20.2")).as_deref(),
            Some("Node.js v20.20.2")
        );
        assert_eq!(crash(error), None);
        assert_eq!(crash(&format!("Node.js v20.20.2 starts\n\n{error}")), None);
    }

    #[test]
    fn the_others_have_texts_of_their_own() {
        for text in [
            "thread 'main' panicked at src/main.rs:1:1:",
            "goroutine 1 [running]:",
            "goroutine 7 [chan receive, 3 minutes]:",
            "Exception in thread \"main\" java.lang.Error",
        ] {
            assert_eq!(crash(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_printed_meanwhile_stands_between_nothing() {
        let line = |event, stream, what| LogLine { event, stream, what };
        let logs = [
            line(0, LogStream::Stderr, "ERROR the job failed"),
            line(1, LogStream::Stdout, "done"),
            line(2, LogStream::Stderr, "Traceback (most recent call last):"),
            line(3, LogStream::Stderr, "  File \"/p/main.py\", line 9, in <module>"),
        ];
        assert!(announced(&logs).is_none());
        assert!(announced(&logs[1..]).is_some_and(|line| line.event == 2));
    }
}
