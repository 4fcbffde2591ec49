//! Where in a text something known may begin: six bytes at each position are looked up in a filter that fits a processor's cache.

use std::collections::HashMap;
use std::ops::Range;

/// Bytes that are looked up at once. The shortest secret is as long.
pub(super) const GRAM: usize = 6;

/// Bytes that are loaded at once.
const LOADED: usize = 8;

const MASK: u64 = (1 << (8 * GRAM)) - 1;

/// Bits of the filter for each gram, at least; two of them are set. One harmless position in sixty-four is looked up in vain.
const BITS_PER_GRAM: usize = 16;

/// The filter is never smaller than 4 KiB.
const FEWEST_BITS: usize = 1 << 15;

/// An odd number whose product spreads a gram over the upper bits.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Places of one form at which the same gram stands: more would only cost time in forms that repeat themselves.
const PLACES_PER_FORM: usize = 4;

const NONE: u32 = u32::MAX;

/// A set of grams, each with the places in known forms where it stands.
pub(super) struct Grams {
    filter: Vec<u64>,
    /// By how much a product is shifted to give the number of a word.
    shift: u32,
    /// The last place of each gram.
    heads: HashMap<u64, u32, foldhash::fast::RandomState>,
    places: Vec<Link>,
}

/// A place and the one before it with the same gram.
struct Link {
    place: Place,
    before: u32,
}

/// Where a gram stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of the form.
    pub(super) form: u32,
    /// Offset in it.
    pub(super) offset: u32,
}

impl Default for Grams {
    fn default() -> Self {
        let mut grams = Self { filter: Vec::new(), shift: 0, heads: HashMap::default(), places: Vec::new() };
        grams.size(FEWEST_BITS);
        grams
    }
}

impl Grams {
    /// Adds the gram that stands at `offset` of a form.
    pub(super) fn add(&mut self, form: u32, offset: usize, bytes: &[u8]) {
        self.add_up_to(PLACES_PER_FORM, form, offset, bytes);
    }

    /// Adds a gram of which it only matters that it stands somewhere in a form.
    pub(super) fn add_somewhere(&mut self, form: u32, offset: usize, bytes: &[u8]) {
        self.add_up_to(1, form, offset, bytes);
    }

    fn add_up_to(&mut self, most: usize, form: u32, offset: usize, bytes: &[u8]) {
        let (Some(gram), Ok(offset), Ok(number)) = (gram(bytes, offset), u32::try_from(offset), u32::try_from(self.places.len())) else {
            return;
        };
        let head = self.heads.entry(gram).or_insert(NONE);
        let before = *head;
        let there = Chain { links: &self.places, next: before }.take_while(|place| place.form == form);
        if there.take(most).count() == most {
            return;
        }
        *head = number;
        self.places.push(Link { place: Place { form, offset }, before });
        if self.heads.len() * BITS_PER_GRAM > self.filter.len() * 64 {
            self.size(self.filter.len() * 64 * 2);
        }
        self.note(gram);
    }

    /// Returns the first position of `range` at which a known gram may stand.
    pub(super) fn next(&self, text: &[u8], range: Range<usize>) -> Option<usize> {
        let end = range.end.min((text.len() + 1).saturating_sub(GRAM));
        // The last positions have not as many bytes as are loaded at once.
        let quick = end.min((text.len() + 1).saturating_sub(LOADED));
        let loads = text.get(range.start..(quick + LOADED - 1).min(text.len())).unwrap_or_default().array_windows::<LOADED>();
        let found = loads.map(|bytes| u64::from_le_bytes(*bytes) & MASK).position(|gram| self.may_hold(gram));
        if let Some(found) = found {
            return Some(range.start + found);
        }
        (quick.max(range.start)..end).find(|position| gram(text, *position).is_some_and(|gram| self.may_hold(gram)))
    }

    /// Returns the places of the gram at a position, the last that was added first.
    pub(super) fn places(&self, text: &[u8], position: usize) -> impl Iterator<Item = Place> {
        let head = gram(text, position).and_then(|gram| self.heads.get(&gram)).copied();
        Chain { links: &self.places, next: head.unwrap_or(NONE) }
    }

    fn may_hold(&self, gram: u64) -> bool {
        let (word, bits) = self.spread(gram);
        self.filter.get(word).is_some_and(|word| word & bits == bits)
    }

    fn note(&mut self, gram: u64) {
        let (word, bits) = self.spread(gram);
        if let Some(word) = self.filter.get_mut(word) {
            *word |= bits;
        }
    }

    /// Returns the word of a gram and its two bits there: one look at memory tells both.
    fn spread(&self, gram: u64) -> (usize, u64) {
        let product = gram.wrapping_mul(SPREAD);
        let bits = 1 << (product >> 20 & 63) | 1 << (product >> 26 & 63);
        (usize::try_from(product >> self.shift).unwrap_or_default(), bits)
    }

    /// Makes the filter anew with so many bits, a power of two.
    fn size(&mut self, bits: usize) {
        self.filter = vec![0; bits / 64];
        self.shift = 64 - (bits / 64).trailing_zeros();
        let grams: Vec<u64> = self.heads.keys().copied().collect();
        for gram in grams {
            self.note(gram);
        }
    }
}

/// Walks along the places of one gram.
struct Chain<'links> {
    links: &'links [Link],
    next: u32,
}

impl Iterator for Chain<'_> {
    type Item = Place;

    fn next(&mut self) -> Option<Place> {
        let link = self.links.get(usize::try_from(self.next).ok()?)?;
        self.next = link.before;
        Some(link.place)
    }
}

fn gram(text: &[u8], position: usize) -> Option<u64> {
    let bytes = text.get(position..position + GRAM)?;
    Some(bytes.iter().rev().fold(0, |gram, byte| gram << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(grams: &Grams, text: &[u8]) -> Vec<(usize, Place)> {
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(position) = grams.next(text, from..text.len()) {
            found.extend(grams.places(text, position).map(|place| (position, place)));
            from = position + 1;
        }
        found
    }

    #[test]
    fn a_gram_is_found_wherever_it_stands() {
        let mut grams = Grams::default();
        grams.add(7, 2, b"..secret..");
        let place = Place { form: 7, offset: 2 };
        for (text, at) in [("secret", 0), ("a secret", 2), ("secret is", 0), ("my secrets are", 3), ("x secret.", 2)] {
            assert_eq!(found(&grams, text.as_bytes()), [(at, place)], "{text}");
        }
        for text in ["", "secre", "ecret", "SECRET", "secre t"] {
            assert!(found(&grams, text.as_bytes()).is_empty(), "{text}");
        }
    }

    #[test]
    fn many_grams_are_all_kept_as_the_filter_grows() {
        let mut grams = Grams::default();
        let text: Vec<u8> = (0..20_000_u32).flat_map(|number| format!("{number:06}").into_bytes()).collect();
        for number in 0..20_000 {
            grams.add(u32::try_from(number).unwrap(), number * GRAM, &text);
        }
        for number in [0, 1, 999, 10_000, 19_999_u32] {
            let places: Vec<u32> = found(&grams, format!("{number:06}").as_bytes()).iter().map(|(_, place)| place.form).collect();
            assert_eq!(places, [number]);
        }
    }

    #[test]
    fn a_form_that_repeats_itself_costs_a_few_places() {
        let mut grams = Grams::default();
        for offset in 0..1000 {
            grams.add(1, offset, &[b'a'; 1006]);
        }
        assert_eq!(grams.places(b"aaaaaa", 0).count(), PLACES_PER_FORM);
    }
}
