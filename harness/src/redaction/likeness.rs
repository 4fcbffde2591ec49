//! Which known values a credentials id may be made from: by looking its grams up, so that an id costs no comparison with every value.
//!
//! The main type is [`Likeness`]. It may name a value too many, which is then compared, and none too few: but
//! for what only meets where a prefix that says nothing is cut out of the middle of a value.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use data_encoding::BASE32_NOPAD;

use super::derivation::{AGREEMENT, BASE32_OF_8, BASE64_OF_8, HEX_AGREEMENT, HEX_OF_8, bare};
use super::grams::{GRAM, Grams};

/// The grams of everything that an id is compared with.
#[derive(Default)]
pub(super) struct Likeness {
    grams: Grams,
}

impl Likeness {
    /// Adds a value under its number.
    pub(super) fn add(&mut self, number: u32, value: &str, digests: &[(&'static str, Vec<u8>)]) {
        self.add_text(number, value.as_bytes(), AGREEMENT);
        let plain = bare(value);
        if plain != value {
            self.add_text(number, plain.as_bytes(), AGREEMENT);
        }
        self.add_text(number, hex::encode(value).as_bytes(), HEX_OF_8);
        self.add_text(number, BASE32_NOPAD.encode(value.as_bytes()).to_ascii_lowercase().as_bytes(), BASE32_OF_8);
        for before in 0..3_usize {
            // The first characters depend on what stands before. What is skipped where ids are compared costs a gram here.
            let text = URL_SAFE_NO_PAD.encode([&b"\0\0\0"[..before], value.as_bytes()].concat());
            self.add_text(number, bare(&text).as_bytes(), BASE64_OF_8);
        }
        for (_, digest) in digests {
            let hex = hex::encode(digest);
            self.add_text(number, &hex.as_bytes()[..AGREEMENT], AGREEMENT);
            self.add_text(number, hex.as_bytes(), HEX_AGREEMENT);
            let base64 = URL_SAFE_NO_PAD.encode(digest);
            self.add_text(number, &base64.as_bytes()[..AGREEMENT], AGREEMENT);
            self.add_text(number, base64.as_bytes(), BASE64_OF_8);
        }
    }

    /// Adds grams so close that any `agreement` bytes of the text that stand together hold one.
    fn add_text(&mut self, number: u32, text: &[u8], agreement: usize) {
        let Some(last) = text.len().checked_sub(GRAM) else { return };
        for offset in (0..last).step_by(agreement - GRAM + 1).chain([last]) {
            self.grams.add_somewhere(number, offset, text);
        }
    }

    /// Adds the numbers of the values that have a gram of `text`.
    pub(super) fn find(&self, text: &[u8], numbers: &mut BTreeSet<u32>) {
        let mut from = 0;
        while let Some(position) = self.grams.next(text, from..text.len()) {
            numbers.extend(self.grams.places(text, position).map(|place| place.form));
            from = position + 1;
        }
    }
}
