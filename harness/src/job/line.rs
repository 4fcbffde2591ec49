//! Lines out of bytes, and which of them are kept, in bounded memory.

use std::collections::VecDeque;

use crate::job::spec::OutputBound;

/// A line, cut at the bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// Position among all lines of both streams.
    pub(super) number: u64,
    /// The kept bytes.
    bytes: Vec<u8>,
    /// Bytes that the bound cut.
    cut: u64,
}

impl Line {
    /// Returns the line as text; what is not UTF-8 is replaced, and a cut is told at the end.
    pub(super) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        if self.cut == 0 { text.into_owned() } else { format!("{text}{CUT}{}{MORE}", self.cut) }
    }
}

/// Stands around the number of bytes that were cut.
const CUT: &str = " [cut: ";
const MORE: &str = " more bytes]";

/// Tells whether the text of a line says at its end that the rest was cut.
pub fn is_cut(text: &str) -> bool {
    text.ends_with(MORE) && text.contains(CUT)
}

/// Collects the bytes of one line.
pub(super) struct LineBuffer {
    bound: usize,
    line: Line,
}

impl LineBuffer {
    /// Returns an empty buffer for lines of at most `bound` bytes.
    pub(super) fn new(bound: usize) -> Self {
        Self { bound, line: Line::default() }
    }

    /// Takes bytes and hands every line that they complete to `complete`.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut complete: impl FnMut(&mut Line)) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.extend(&bytes[..end]);
            complete(&mut self.line);
            self.clear();
            bytes = &bytes[end + 1..];
        }
        self.extend(bytes);
    }

    /// Hands over what stands after the last newline, if anything does.
    pub(super) fn finish(&mut self, complete: impl FnOnce(&mut Line)) {
        if !self.line.bytes.is_empty() || self.line.cut > 0 {
            complete(&mut self.line);
            self.clear();
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = self.bound.saturating_sub(self.line.bytes.len()).min(bytes.len());
        self.line.bytes.extend_from_slice(&bytes[..room]);
        self.line.cut += (bytes.len() - room) as u64;
    }

    fn clear(&mut self) {
        self.line.bytes.clear();
        self.line.cut = 0;
    }
}

/// Decides which lines of a stream are kept: the first go out at once, the last wait for the end, the others are counted.
pub(super) struct Kept {
    bound: OutputBound,
    head_lines: usize,
    head_bytes: usize,
    head_full: bool,
    tail: VecDeque<Line>,
    tail_bytes: usize,
    dropped: u64,
}

impl Kept {
    /// Returns an empty keeper.
    pub(super) fn new(bound: OutputBound) -> Self {
        Self { bound, head_lines: 0, head_bytes: 0, head_full: false, tail: VecDeque::new(), tail_bytes: 0, dropped: 0 }
    }

    /// Takes a line; tells whether it belongs to the beginning and is to go out now.
    pub(super) fn take(&mut self, line: &mut Line) -> bool {
        let bytes = self.head_bytes + line.bytes.len();
        if !self.head_full && self.head_lines < self.bound.head_lines && bytes <= self.bound.head_bytes {
            self.head_lines += 1;
            self.head_bytes = bytes;
            return true;
        }
        // Once full, always full: a short line after a long one would otherwise pass for one of the beginning.
        self.head_full = true;
        self.tail_bytes += line.bytes.len();
        let mut spare = Vec::new();
        while self.tail.len() >= self.bound.tail_lines.max(1) || (self.tail_bytes > self.bound.tail_bytes && !self.tail.is_empty()) {
            let Some(first) = self.tail.pop_front() else { break };
            self.tail_bytes -= first.bytes.len();
            self.dropped += 1;
            spare = first.bytes;
        }
        // The bytes of a dropped line serve the next: millions of lines need no allocation each.
        spare.clear();
        self.tail.push_back(Line { number: line.number, bytes: std::mem::replace(&mut line.bytes, spare), cut: line.cut });
        false
    }

    /// Returns the last lines and how many were dropped before them.
    pub(super) fn finish(&mut self) -> (VecDeque<Line>, u64) {
        (std::mem::take(&mut self.tail), self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bound: usize, chunks: &[&[u8]]) -> Vec<String> {
        let mut buffer = LineBuffer::new(bound);
        let mut found = Vec::new();
        for chunk in chunks {
            buffer.feed(chunk, |line| found.push(line.text()));
        }
        buffer.finish(|line| found.push(line.text()));
        found
    }

    fn keep(bound: OutputBound, texts: &[&str]) -> (Vec<String>, Vec<String>, u64) {
        let mut kept = Kept::new(bound);
        let mut head = Vec::new();
        for text in texts {
            let mut line = Line { number: 0, bytes: text.as_bytes().to_vec(), cut: 0 };
            if kept.take(&mut line) {
                head.push(line.text());
            }
        }
        let (tail, dropped) = kept.finish();
        (head, tail.iter().map(Line::text).collect(), dropped)
    }

    #[test]
    fn lines_do_not_depend_on_how_the_bytes_arrive() {
        assert_eq!(lines(9, &[b"a\n\nbc", b"d\n", b"e"]), ["a", "", "bcd", "e"]);
        assert_eq!(lines(9, &[b"a\n"]), ["a"]);
        assert_eq!(lines(9, &[]), [""; 0]);
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        assert_eq!(lines(3, &[b"abc", b"de", b"f\ng"]), ["abc [cut: 3 more bytes]", "g"]);
        assert_eq!(lines(0, &[b"abc"]), [" [cut: 3 more bytes]"]);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(lines(9, &[b"a\xffb\n"]), ["a\u{fffd}b"]);
    }

    #[test]
    fn the_first_and_the_last_lines_are_kept_and_the_others_counted() {
        let bound = OutputBound { head_lines: 2, head_bytes: 100, tail_lines: 2, tail_bytes: 100 };
        let (head, tail, dropped) = keep(bound, &["a", "b", "c", "d", "e", "f"]);
        assert_eq!((head, tail, dropped), (vec!["a".to_owned(), "b".to_owned()], vec!["e".to_owned(), "f".to_owned()], 2));
    }

    #[test]
    fn bytes_bound_both_ends_and_the_last_line_always_stays() {
        let bound = OutputBound { head_lines: 9, head_bytes: 3, tail_lines: 9, tail_bytes: 4 };
        let (head, tail, dropped) = keep(bound, &["aa", "bb", "c", "dd", "eeeeee"]);
        assert_eq!((head, tail, dropped), (vec!["aa".to_owned()], vec!["eeeeee".to_owned()], 3));
    }
}
