//! The output of a container, read as it comes and kept within the bounds.

use std::pin::Pin;

use bollard::container::LogOutput;
use bollard::errors::Error;
use futures::{Stream, StreamExt as _};

use crate::job::OutputBound;
use crate::job::line::{Kept, Line, LineBuffer};
use crate::journal::LogStream;

/// What the engine sends of both streams.
pub(super) type Source = Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>;

/// What was kept of both streams.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// Lines in the order in which they came.
    pub(super) lines: Vec<(LogStream, String)>,
    /// Lines that the bounds made us drop.
    pub(super) dropped: u64,
}

/// One stream.
struct Capture {
    stream: LogStream,
    buffer: LineBuffer,
    kept: Kept,
}

/// Both streams while they are read.
pub(super) struct Captures {
    streams: [Capture; 2],
    number: u64,
    lines: Vec<(u64, LogStream, String)>,
}

impl Captures {
    pub(super) fn new(line_bound: usize, bound: OutputBound) -> Self {
        let capture = |stream| Capture { stream, buffer: LineBuffer::new(line_bound), kept: Kept::new(bound) };
        Self { streams: [capture(LogStream::Stdout), capture(LogStream::Stderr)], number: 0, lines: Vec::new() }
    }

    /// Reads to the end: the container has ended, or the engine has let go of it.
    pub(super) async fn read(&mut self, source: &mut Source) {
        while let Some(Ok(output)) = source.next().await {
            match output {
                LogOutput::StdErr { message } => self.feed(1, &message),
                LogOutput::StdOut { message } | LogOutput::Console { message } => self.feed(0, &message),
                LogOutput::StdIn { .. } => {}
            }
        }
    }

    fn feed(&mut self, which: usize, bytes: &[u8]) {
        let (number, lines) = (&mut self.number, &mut self.lines);
        let Some(Capture { stream, buffer, kept }) = self.streams.get_mut(which) else { return };
        buffer.feed(bytes, |line| keep(*stream, kept, line, number, lines));
    }

    /// Returns what was kept.
    pub(super) fn finish(mut self) -> Output {
        let mut dropped = 0;
        for Capture { stream, buffer, kept } in &mut self.streams {
            let (number, lines) = (&mut self.number, &mut self.lines);
            buffer.finish(|line| keep(*stream, kept, line, number, lines));
            let (tail, lost) = kept.finish();
            self.lines.extend(tail.into_iter().map(|line| (line.number, *stream, line.text())));
            dropped += lost;
        }
        self.lines.sort_by_key(|(number, _, _)| *number);
        Output { lines: self.lines.into_iter().map(|(_, stream, text)| (stream, text)).collect(), dropped }
    }
}

fn keep(stream: LogStream, kept: &mut Kept, line: &mut Line, number: &mut u64, lines: &mut Vec<(u64, LogStream, String)>) {
    line.number = *number;
    *number += 1;
    if kept.take(line) {
        lines.push((line.number, stream, line.text()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_of_both_streams_stand_in_the_order_in_which_they_came_and_within_the_bounds() {
        let said = [(1, "a\nb"), (2, "x\n"), (1, "c\n"), (1, "d\ne\nf\n"), (2, "y")];
        let said = said.map(|(stream, text)| {
            let message = text.into();
            Ok(if stream == 1 { LogOutput::StdOut { message } } else { LogOutput::StdErr { message } })
        });
        let mut source: Source = Box::pin(futures::stream::iter(said));
        let bound = OutputBound { head_lines: 2, head_bytes: 100, tail_lines: 1, tail_bytes: 100 };
        let mut captures = Captures::new(100, bound);
        captures.read(&mut source).await;
        let output = captures.finish();
        let lines: Vec<&str> = output.lines.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(lines, ["a", "x", "bc", "f", "y"]);
        assert_eq!(output.dropped, 2);
    }
}
