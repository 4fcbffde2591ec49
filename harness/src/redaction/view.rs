//! A text as somebody reads it who undoes line breaks and escapes, with the way back to where each byte stood.

use std::ops::Range;

/// A text without its line breaks, and perhaps without the escapes of URLs and JSON.
pub(super) struct View {
    bytes: Vec<u8>,
    segments: Vec<Segment>,
}

/// Bytes of a view that come from one place.
struct Segment {
    /// Where it begins in the view.
    at: usize,
    /// Where its bytes stood.
    origin: Range<usize>,
    /// How they stood there.
    escape: Escape,
}

/// How bytes of a view stood in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// As they are.
    None,
    /// `%41`.
    Percent,
    /// `\n`, `\u0041`.
    Backslash,
}

impl View {
    /// Returns a text without line breaks and the blanks that follow them; none where it has none.
    pub(super) fn unfolded(text: &[u8]) -> Option<Self> {
        Self::new(text, nothing)
    }

    /// As [`Self::unfolded`], and with the escapes of URLs and JSON undone; none where it has no escapes.
    pub(super) fn decoded(text: &[u8]) -> Option<Self> {
        memchr::memchr2(b'%', b'\\', text)?;
        let escape = |text: &[u8], from: usize| memchr::memchr2(b'%', b'\\', &text[from..]).map(|at| from + at);
        // Each search goes on only once its find is passed, so that neither is done twice.
        let (mut next_line, mut next_escape) = (nothing(text, 0), escape(text, 0));
        Self::new(text, move |text, from| {
            if next_line.is_some_and(|at| at < from) {
                next_line = nothing(text, from);
            }
            if next_escape.is_some_and(|at| at < from) {
                next_escape = escape(text, from);
            }
            next_line.into_iter().chain(next_escape).min()
        })
    }

    fn new(text: &[u8], mut next: impl FnMut(&[u8], usize) -> Option<usize>) -> Option<Self> {
        let mut view = Self { bytes: Vec::new(), segments: Vec::new() };
        let (mut begun, mut from) = (0, 0);
        while let Some(at) = next(text, from) {
            if view.bytes.capacity() == 0 {
                view.bytes.reserve_exact(text.len());
            }
            match read(&text[at..]) {
                Piece::Text => from = at + 1,
                Piece::Nothing { length } => {
                    view.keep(text, begun..at);
                    (begun, from) = (at + length, at + length);
                }
                Piece::Escaped { length, bytes, count, escape } => {
                    view.keep(text, begun..at);
                    view.segments.push(Segment { at: view.bytes.len(), origin: at..at + length, escape });
                    view.bytes.extend_from_slice(&bytes[..count]);
                    (begun, from) = (at + length, at + length);
                }
            }
        }
        if begun == 0 {
            return None;
        }
        view.keep(text, begun..text.len());
        Some(view)
    }

    fn keep(&mut self, text: &[u8], range: Range<usize>) {
        if !range.is_empty() {
            self.bytes.extend_from_slice(&text[range.clone()]);
            self.segments.push(Segment { at: self.bytes.len() - range.len(), origin: range, escape: Escape::None });
        }
    }

    /// Returns the text that is read.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// As [`Self::bytes`].
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Returns where bytes meet that stood apart in the text: nowhere else can something be found that is not found in the text itself.
    pub(super) fn seams(&self) -> impl Iterator<Item = usize> {
        self.segments.iter().map(|segment| segment.at).skip(1)
    }

    /// Returns where bytes of the view stood, and how the first that was escaped stood there.
    pub(super) fn origin(&self, range: Range<usize>) -> (Range<usize>, Escape) {
        let first = self.segments.partition_point(|segment| segment.at <= range.start).saturating_sub(1);
        let last = self.segments.partition_point(|segment| segment.at < range.end).saturating_sub(1);
        let Some(segments) = self.segments.get(first..=last) else { return (range, Escape::None) };
        let within = |segment: &Segment, position: usize| match segment.escape {
            Escape::None => segment.origin.start + (position - segment.at),
            _ if position > segment.at => segment.origin.end,
            _ => segment.origin.start,
        };
        let escape = segments.iter().map(|segment| segment.escape).find(|escape| *escape != Escape::None);
        (within(&segments[0], range.start)..within(&segments[segments.len() - 1], range.end), escape.unwrap_or(Escape::None))
    }
}

/// What stands at a byte that may be more than itself.
enum Piece {
    /// Only itself.
    Text,
    /// A line break, in so many bytes.
    Nothing { length: usize },
    /// An escape, in so many bytes, and what it stands for.
    Escaped { length: usize, bytes: [u8; 4], count: usize, escape: Escape },
}

fn read(text: &[u8]) -> Piece {
    let escaped = |length, byte, escape| Piece::Escaped { length, bytes: [byte, 0, 0, 0], count: 1, escape };
    match text {
        [b'\r', b'\n', rest @ ..] | [b'\n' | b'\r', rest @ ..] => {
            let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            Piece::Nothing { length: text.len() - rest.len() + blanks }
        }
        [b'%', high, low, ..] => match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => escaped(3, high << 4 | low, Escape::Percent),
            _ => Piece::Text,
        },
        [ESCAPE, b'[', rest @ ..] => match rest.iter().take(LONGEST_SEQUENCE).position(u8::is_ascii_alphabetic) {
            Some(end) => Piece::Nothing { length: end + 3 },
            None => Piece::Text,
        },
        [b'\\', b'n' | b'r' | b'\n', ..] => Piece::Nothing { length: 2 },
        [b'\\', b'x', high, low, ..] => match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => escaped(4, high << 4 | low, Escape::Backslash),
            _ => Piece::Text,
        },
        [b'\\', b'u', rest @ ..] => unicode(rest),
        [b'\\', b't', ..] => escaped(2, b'\t', Escape::Backslash),
        [b'\\', escape @ (b'"' | b'\\' | b'/' | b'\''), ..] => escaped(2, *escape, Escape::Backslash),
        _ => Piece::Text,
    }
}

/// Begins the sequences that colour a text in a terminal.
const ESCAPE: u8 = 0x1b;

/// Bytes of such a sequence.
const LONGEST_SEQUENCE: usize = 16;

/// Finds what a reader does not see: the end of a line, or a change of colour.
fn nothing(text: &[u8], from: usize) -> Option<usize> {
    memchr::memchr3(b'\n', b'\r', ESCAPE, &text[from..]).map(|at| from + at)
}

/// Reads what follows `\u`: four digits, or two times four with another `\u` between them.
fn unicode(rest: &[u8]) -> Piece {
    let unit = |rest: &[u8]| rest.get(..4)?.iter().try_fold(0_u32, |unit, byte| Some(unit << 4 | u32::from(digit(*byte)?)));
    let second = || rest.get(4..6).filter(|between| *between == b"\\u").and_then(|_| unit(&rest[6..]));
    let Some(first) = unit(rest) else { return Piece::Text };
    let (character, length) = match (char::from_u32(first), second()) {
        (Some(character), _) => (character, 6),
        (None, Some(second)) => {
            let pair = char::decode_utf16([first, second].map(|unit| u16::try_from(unit).unwrap_or_default())).next();
            let Some(Ok(character)) = pair else { return Piece::Text };
            (character, 12)
        }
        (None, None) => return Piece::Text,
    };
    let mut bytes = [0; 4];
    let count = character.encode_utf8(&mut bytes).len();
    Piece::Escaped { length, bytes, count, escape: Escape::Backslash }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(text: &str) -> String {
        View::decoded(text.as_bytes()).map_or_else(|| text.to_owned(), |view| String::from_utf8(view.into_bytes()).unwrap())
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(decoded("a%41%62c%2"), "aAbc%2");
        assert_eq!(decoded(r"\u0041\/\\x\ud83d\ude00\ud83d"), r"A/\x😀\ud83d");
        assert_eq!(decoded("%41\r\n  b\nc"), "Abc");
        assert_eq!(decoded(r"MII\nBVg\r\nIBA"), "MIIBVgIBA");
        assert!(View::decoded(b"nothing to undo\n").is_none());
    }

    #[test]
    fn line_breaks_and_the_blanks_after_them_are_left_out() {
        let view = View::unfolded(b"ab\n  cd\r\nef\n").unwrap();
        assert_eq!(view.bytes(), b"abcdef");
        assert_eq!(view.seams().collect::<Vec<_>>(), [2, 4]);
        assert_eq!(view.origin(1..3), (1..6, Escape::None));
        assert_eq!(view.origin(0..2).0, 0..2);
        assert_eq!(view.origin(5..6).0, 10..11);
        assert!(View::unfolded(b"one line").is_none());
        let plain = |text: &str| View::unfolded(text.as_bytes()).map(|view| String::from_utf8(view.into_bytes()).unwrap());
        assert_eq!(plain("ab\rcd").as_deref(), Some("abcd"));
        assert_eq!(plain("ab\u{1b}[1;31mcd\u{1b}[0mef").as_deref(), Some("abcdef"));
        assert_eq!(plain("ab\u{1b}cd\u{1b}["), None, "no sequence");
        assert_eq!(decoded("ab\\\ncd\\x65\\xg1"), "abcde\\xg1");
    }

    #[test]
    fn the_way_back_covers_escapes_whole() {
        let view = View::decoded(b"x%41%42y").unwrap();
        assert_eq!(view.bytes(), b"xABy");
        assert_eq!(view.origin(1..3), (1..7, Escape::Percent));
        assert_eq!(view.origin(2..4), (4..8, Escape::Percent));
        assert_eq!(view.origin(0..1), (0..1, Escape::None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_and_found_again(text in prop::collection::vec(prop::sample::select(b"ab%4u\\nrx\r\n /0d8\x1b[m".to_vec()), 0..60)) {
            for view in [View::decoded(&text), View::unfolded(&text)].into_iter().flatten() {
                for position in 0..view.bytes().len() {
                    let (origin, escape) = view.origin(position..position + 1);
                    prop_assert!(origin.end <= text.len());
                    if escape == Escape::None {
                        prop_assert_eq!(&text[origin], &view.bytes()[position..=position]);
                    }
                }
            }
        }
    }
}
