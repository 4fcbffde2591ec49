//! Finds known secrets in texts, whole or in part, as they stand and behind line breaks and escapes. Adding a secret while requests are served
//! costs no rebuild.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::derivation::compared;
use super::encoding::{Form, digests, forms};
use super::grams::{GRAM, Grams};
use super::likeness::Likeness;
use super::view::{Escape, View};
use super::{Mark, SecretKind};

/// Bytes of a secret that must stand together to be found as a part.
pub(super) const WINDOW: usize = 12;

/// A part of a form holds at least one of the grams that stand so far apart.
const STRIDE: usize = WINDOW - GRAM + 1;

/// Grams kept per form. Those of a form beyond 28 KiB stand further apart, and so must its shortest part be longer.
const GRAMS_PER_FORM: usize = 4096;

/// Everything that is looked for.
#[derive(Default)]
pub(super) struct Finder {
    forms: Vec<KnownForm>,
    grams: Grams,
    values: Vec<KnownValue>,
    /// Numbers of the values by what they are, in the order in which they became known.
    numbers: HashMap<Arc<str>, Vec<u32>, foldhash::fast::RandomState>,
    /// Values that are known by another name as well, each with the numbers of the others: what a third party issues is reported as an output.
    twins: HashMap<u32, Vec<u32>>,
    likeness: Likeness,
    /// Whether some form has what looks like an escape, and is not found where escapes are undone.
    escapes: bool,
}

/// A form of a known value.
pub(super) struct KnownForm {
    kind: SecretKind,
    name: Arc<str>,
    pub(super) encoding: &'static str,
    pub(super) bytes: Vec<u8>,
    telling: Range<usize>,
    /// Number of the value that it was made of first.
    value: u32,
}

/// A whole value, for the comparison of credentials ids.
pub(super) struct KnownValue {
    pub(super) kind: SecretKind,
    /// Kind and name.
    pub(super) name: String,
    pub(super) value: Arc<str>,
    /// Its forms, among all.
    pub(super) forms: Range<usize>,
    pub(super) digests: [(&'static str, Vec<u8>); 5],
}

/// Something known at a place of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Find {
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// Which it is; not yet whether it stands in several lines.
    pub(super) mark: Mark,
}

/// A form, or part of one, at a place of a text.
#[derive(Clone)]
struct Candidate {
    range: Range<usize>,
    form: usize,
    partial: bool,
}

impl Finder {
    /// Adds a value under a name that may be shown.
    pub(super) fn add(&mut self, kind: SecretKind, name: &str, value: &str) {
        let named = format!("{kind}/{name}");
        let Ok(number) = u32::try_from(self.values.len()) else { return };
        let value: Arc<str> = value.into();
        let same = self.numbers.entry(value.clone()).or_default();
        let known = |same: &u32| self.values.get(*same as usize);
        // A retried update reports its outputs again.
        if same.iter().filter_map(known).any(|there| there.name == named) {
            return;
        }
        let twin = same.iter().find_map(|number| Some((known(number).filter(|there| same_forms(there.kind, kind))?, *number)));
        if let Some((twin, first)) = twin {
            // Its forms are looked for already, and what was known first is told.
            let (forms, digests) = (twin.forms.clone(), twin.digests.clone());
            if compared(kind) && !compared(twin.kind) {
                self.likeness.add(number, &value, &digests);
            }
            same.push(number);
            self.twins.entry(first).or_default().push(number);
            self.values.push(KnownValue { kind, name: named, value, forms, digests });
            return;
        }
        same.push(number);
        let first = self.forms.len();
        let name: Arc<str> = name.into();
        let digests = digests(&value);
        if compared(kind) {
            self.likeness.add(number, &value, &digests);
        }
        for form in forms(kind, &value, &digests) {
            self.add_grams(&form.bytes, &form.telling);
            self.escapes |= memchr::memchr2(b'%', b'\\', &form.bytes).is_some();
            let Form { encoding, bytes, telling } = form;
            self.forms.push(KnownForm { kind, name: name.clone(), encoding, bytes, telling, value: number });
        }
        let forms = first..self.forms.len();
        self.values.push(KnownValue { kind, name: named, value, forms, digests });
    }

    fn add_grams(&mut self, bytes: &[u8], telling: &Range<usize>) {
        let Ok(number) = u32::try_from(self.forms.len()) else { return };
        if bytes.len() < WINDOW {
            self.grams.add(number, 0, bytes);
            return;
        }
        let last = telling.end.saturating_sub(GRAM);
        let stride = (telling.len() / GRAMS_PER_FORM).max(STRIDE);
        for offset in (telling.start..last).step_by(stride).chain([last]) {
            self.grams.add(number, offset, bytes);
        }
    }

    /// Returns the values that are known, each once under each of its names.
    pub(super) fn values(&self) -> &[KnownValue] {
        &self.values
    }

    /// Returns the numbers of the values that may have something in common with one of the texts: a whole form, or as much as is compared.
    pub(super) fn alike<'text>(&self, texts: impl Iterator<Item = &'text [u8]>) -> BTreeSet<u32> {
        let mut numbers = BTreeSet::new();
        for text in texts {
            self.likeness.find(text, &mut numbers);
            let mut from = 0;
            while let Some(position) = self.grams.next(text, from..text.len()) {
                let forms = self.grams.places(text, position).filter_map(|place| self.forms.get(place.form as usize));
                numbers.extend(forms.map(|form| form.value));
                from = position + 1;
            }
        }
        let twins: Vec<u32> = numbers.iter().filter_map(|number| self.twins.get(number)).flatten().copied().collect();
        numbers.extend(twins);
        numbers
    }

    /// Returns the forms of a value.
    pub(super) fn forms_of(&self, value: &KnownValue) -> &[KnownForm] {
        self.forms.get(value.forms.clone()).unwrap_or_default()
    }

    /// Finds everything known in a text, in order, nothing twice.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Find> {
        let mut finds: Vec<Find> = Vec::new();
        self.scan(text, 0..text.len(), &mut |candidate| finds.push(self.told(candidate.range.clone(), candidate, Escape::None)));
        let decoded = View::decoded(text);
        let unfolded = if decoded.is_none() || self.escapes { View::unfolded(text) } else { None };
        for view in [unfolded, decoded].into_iter().flatten() {
            let bytes = view.bytes();
            for range in near(view.seams(), bytes.len()) {
                self.scan(bytes, range, &mut |candidate| {
                    let (origin, escape) = view.origin(candidate.range.clone());
                    finds.push(self.told(origin, candidate, escape));
                });
            }
        }
        apart(finds)
    }

    fn told(&self, range: Range<usize>, candidate: &Candidate, escape: Escape) -> Find {
        let form = &self.forms[candidate.form];
        let encoding = match (form.encoding, escape) {
            ("plain", Escape::Percent) => "url",
            ("plain", Escape::Backslash) => "json",
            (encoding, _) => encoding,
        };
        let mark =
            Mark { kind: form.kind, name: form.name.to_string(), encoding: encoding.to_owned(), partial: candidate.partial, split: false };
        Find { range, mark }
    }

    /// Tells of what is found at positions of `range`; it may reach beyond both ends. Some finds overlap.
    fn scan(&self, text: &[u8], range: Range<usize>, tell: &mut impl FnMut(&Candidate)) {
        let mut position = range.start;
        while let Some(at) = self.grams.next(text, position..range.end) {
            position = at + 1;
            let Some(first) = self.candidate(text, at) else { continue };
            // Another form may reach further here, and its grams stand a few bytes further on.
            for candidate in std::iter::once(first).chain((at + 1..at + STRIDE).filter_map(|near| self.candidate(text, near))) {
                tell(&candidate);
                position = position.max(candidate.range.end);
            }
        }
    }

    /// Returns the longest known form, or part of one, that has a gram at `position`. It may reach back over what was found before: the head
    /// of a token is that of another one too, and only the whole is told.
    fn candidate(&self, text: &[u8], position: usize) -> Option<Candidate> {
        let mut best: Option<Candidate> = None;
        for place in self.grams.places(text, position) {
            let (number, offset) = (place.form as usize, place.offset as usize);
            let form = &self.forms[number];
            let back = text[..position].iter().rev().zip(form.bytes[..offset].iter().rev()).take_while(|(a, b)| a == b).count();
            let ahead = agreeing(&text[position..], &form.bytes[offset..]);
            let (start, end) = (offset - back, offset + ahead);
            let partial = end - start < form.bytes.len();
            let telling = end.min(form.telling.end).saturating_sub(start.max(form.telling.start));
            if partial && telling < WINDOW {
                continue;
            }
            let candidate = Candidate { range: position - back..position + ahead, form: number, partial };
            if best.as_ref().is_none_or(|best| better(&candidate, best)) {
                best = Some(candidate);
            }
        }
        best
    }
}

/// Tells whether values of two kinds are looked for in the same forms.
fn same_forms(one: SecretKind, other: SecretKind) -> bool {
    let apart = |kind| matches!(kind, SecretKind::Token | SecretKind::Personal);
    one == other || !apart(one) && !apart(other)
}

/// Returns how many bytes two texts have in common at their beginning, eight at a time: the tokens of one service begin alike.
fn agreeing(one: &[u8], other: &[u8]) -> usize {
    let ((one_words, _), (other_words, _)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let words = one_words.iter().zip(other_words).take_while(|(one, other)| one == other).count() * 8;
    words + one[words..].iter().zip(&other[words..]).take_while(|(one, other)| one == other).count()
}

/// The longer one, the whole one, the one that was known first.
fn better(one: &Candidate, other: &Candidate) -> bool {
    let rank = |candidate: &Candidate| (candidate.range.len(), !candidate.partial, Reverse(candidate.form));
    rank(one) > rank(other)
}

/// Returns the positions at which a gram can stand of what crosses a seam.
fn near(seams: impl Iterator<Item = usize>, length: usize) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for seam in seams {
        let (start, end) = (seam.saturating_sub(WINDOW - 1), (seam + STRIDE).min(length));
        match ranges.last_mut() {
            Some(last) if last.end >= start => last.end = end,
            _ => ranges.push(start..end),
        }
    }
    ranges
}

/// Makes one of finds that overlap: of the longest of them, over all of their bytes.
fn apart(mut finds: Vec<Find>) -> Vec<Find> {
    finds.sort_by_key(|find| (find.range.start, Reverse(find.range.end)));
    let mut kept: Vec<(Find, (usize, bool))> = Vec::with_capacity(finds.len());
    for find in finds {
        let rank = (find.range.len(), !find.mark.partial);
        match kept.last_mut() {
            Some((last, best)) if find.range.start < last.range.end => {
                last.range.end = last.range.end.max(find.range.end);
                if rank > *best {
                    *best = rank;
                    last.mark = find.mark;
                }
            }
            _ => kept.push((find, rank)),
        }
    }
    kept.into_iter().map(|(find, _)| find).collect()
}
