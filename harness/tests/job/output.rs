//! Output: order, bounds, and floods that neither fill memory nor block the job.

use std::time::Duration;

use hallmark_harness::job::OutputBound;
use hallmark_harness::journal::LogStream;

use crate::world::{run, shell, stdout};

/// Far above what a flood takes on a loaded machine, and below the job's own limit.
const QUICK: Duration = Duration::from_mins(1);

#[tokio::test]
async fn both_streams_are_kept_line_by_line() {
    let run = run(shell("echo one; echo two >&2; printf 'a\\377b\\n\\nlast'")).await.unwrap();
    assert_eq!(stdout(&run), ["one", "a\u{fffd}b", "", "last"]);
    assert!(run.lines.contains(&(LogStream::Stderr, "two".to_owned())));
    assert_eq!((run.lines.len(), run.outcome.dropped_lines), (5, 0));
}

#[tokio::test]
async fn a_hundred_megabytes_leave_their_beginning_and_their_end() {
    // 99 characters and a newline, a million times.
    let mut spec = shell("echo first; yes $(printf %099d 0) | head -c 100000000; echo last");
    spec.output_bound = OutputBound { head_lines: 10, head_bytes: 10_000, tail_lines: 20, tail_bytes: 10_000 };
    let run = tokio::time::timeout(QUICK, run(spec)).await.expect("a flood passes quickly").unwrap();
    let lines = stdout(&run);
    assert_eq!((lines.len(), lines[0], lines[29]), (30, "first", "last"));
    assert!(lines[1..29].iter().all(|line| line.len() == 99));
    assert_eq!(run.outcome.dropped_lines, 1_000_002 - 30);
    assert_eq!(run.outcome.exit_code, Some(0));
}

#[tokio::test]
async fn a_flood_on_one_stream_does_not_push_out_the_other() {
    let mut spec = shell("yes | head -c 1000000; echo panicked >&2");
    spec.output_bound = OutputBound { head_lines: 1, head_bytes: 100, tail_lines: 1, tail_bytes: 100 };
    let run = run(spec).await.unwrap();
    assert!(run.lines.contains(&(LogStream::Stderr, "panicked".to_owned())));
    assert_eq!(run.lines.len(), 3);
}

#[tokio::test]
async fn a_line_without_end_is_cut_at_the_bound() {
    let mut spec = shell("head -c 100000000 /dev/zero | tr '\\0' x");
    spec.line_bound = 1000;
    let run = tokio::time::timeout(QUICK, run(spec)).await.expect("a flood passes quickly").unwrap();
    assert_eq!(stdout(&run), [format!("{} [cut: 99999000 more bytes]", "x".repeat(1000))]);
    assert_eq!((run.outcome.exit_code, run.outcome.dropped_lines), (Some(0), 0));
}
