//! What is found in texts, and what is left of them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256, Sha512};

use super::*;
use crate::contract::IdSource;
use crate::stage::CanaryKind;

const SECRET: &str = "s3cr3t-Välue \"quoted\"/0123456789";

/// What a path keeps: most signs.
const PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'/');

fn redactor() -> Redactor {
    let redactor = Redactor::default();
    redactor.register(SecretKind::LoginSecret, "login", SECRET);
    redactor
}

fn only_mark(text: &str) -> Mark {
    let redacted = redactor().redact(text);
    let found = marks(&redacted);
    assert_eq!(found.len(), 1, "{redacted}");
    found[0].clone()
}

fn every_byte(value: &str) -> String {
    value.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02x}"))
}

fn ascii_json(value: &str) -> String {
    value.encode_utf16().fold(String::new(), |text, unit| format!("{text}\\u{unit:04x}"))
}

/// Every form that the rules list, with the name that its mark has.
fn encoded(value: &str) -> Vec<(&'static str, String)> {
    let (url, form) = (utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(), |text: &str| text.replace("%20", "+"));
    let lower = url.to_lowercase();
    // Letters outside of escapes stay: this is only right for values whose escapes are all that changes.
    let lower = if value.chars().any(|character| character.is_ascii_uppercase()) { every_byte(value) } else { lower };
    let json = serde_json::to_string(value).unwrap();
    let mut forms = vec![
        ("plain", value.to_owned()),
        ("json", json[1..json.len() - 1].replace('/', "\\/")),
        ("json", ascii_json(value)),
        ("url", url.clone()),
        ("url", form(&url)),
        ("url", lower),
        ("url", every_byte(value)),
        ("url", every_byte(value).to_uppercase()),
        ("url", utf8_percent_encode(value, PATH).to_string()),
        ("url", form_urlencoded::byte_serialize(value.as_bytes()).collect()),
        ("reversed", value.chars().rev().collect()),
        ("lower-case", value.to_ascii_lowercase()),
        ("upper-case", value.to_ascii_uppercase()),
        ("hex", hex::encode(value)),
        ("hex", hex::encode_upper(value)),
    ];
    for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
        forms.extend(["", "x", "xy"].map(|before| ("base64", engine.encode(format!("{before}{value}")))));
        forms.extend(["user:", "ab", "a"].map(|before| ("base64", engine.encode(format!("{before}{value} and more")))));
    }
    let digests = [
        ("md5", md5::Md5::digest(value).to_vec()),
        ("sha1", sha1::Sha1::digest(value).to_vec()),
        ("sha256", Sha256::digest(value).to_vec()),
        ("sha512", Sha512::digest(value).to_vec()),
    ];
    for (name, digest) in digests {
        forms.extend([hex::encode(&digest), hex::encode_upper(&digest)].map(|text| (name, text)));
        forms.extend([STANDARD.encode(&digest), URL_SAFE_NO_PAD.encode(&digest)].map(|text| (name, text)));
    }
    forms
}

#[test]
fn every_encoding_is_found() {
    for (encoding, text) in encoded(SECRET) {
        let mark = only_mark(&format!("before {text} after"));
        assert_eq!((mark.encoding.as_str(), mark.partial, mark.split), (encoding, false, false), "{text}");
    }
}

#[test]
fn every_kind_of_canary_is_found_in_every_encoding() {
    let mut ids = IdSource::new(3);
    for kind in CanaryKind::ALL {
        let value = kind.value(&mut ids);
        let redactor = Redactor::default();
        redactor.register(kind.secret_kind(), kind.word(), &value);
        for (encoding, text) in encoded(&value) {
            let mut cleaned = format!("name={text};");
            let redacted = redactor.redact(&cleaned);
            redactor.clean(&mut cleaned);
            assert_eq!(cleaned, redacted);
            let found = marks(&redacted);
            assert_eq!(found.len(), 1, "{value} in {encoding} form: {redacted}");
            assert!(!found[0].partial && found[0].name == kind.word(), "{value} in {encoding} form: {redacted}");
        }
    }
}

#[test]
fn numbers_of_people_are_found_in_groups_and_without_signs() {
    let redactor = Redactor::default();
    redactor.register(SecretKind::Personal, "iban", "DE89370400440532013000");
    redactor.register(SecretKind::Personal, "national_id", "123-45-6789");
    redactor.register(SecretKind::Personal, "phone", "+4915123456789");
    for text in ["DE89 3704 0044 0532 0130 00", "de89370400440532013000", "123456789", "4915123456789", "+4915123456789"] {
        assert!(redactor.redact(&format!("<{text}>")).starts_with("<⟦personal/"), "{text}");
    }
}

#[test]
fn a_secret_cut_at_the_last_byte_is_a_part() {
    let cut = &SECRET[..SECRET.len() - 1];
    let redacted = redactor().redact(cut);
    assert!(only_mark(cut).partial);
    assert!(!redacted.contains("s3cr3t") && !redacted.contains("678"), "{redacted}");
}

#[test]
fn the_shared_head_of_tokens_is_no_find() {
    let redactor = Redactor::default();
    let (head, other) =
        ("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJpYW0iLCJhIjoxfQ", "eyJhbGciOiJFUzI1NiJ9.eyJzb21lIjoib3RoZXIifQ.BBBBBBBBBBBBBBBBBBBBBBBBBB");
    let token = format!("{head}.AAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    redactor.register(SecretKind::Token, "t1", &token);
    for (_, text) in encoded(other).into_iter().chain(encoded(head)) {
        assert!(marks(&redactor.redact(&text)).is_empty(), "{text}");
    }
    for (_, text) in encoded(&token) {
        let found = marks(&redactor.redact(&format!("x {text}")));
        assert!(found.len() == 1 && !found[0].partial, "{text}: {found:?}");
    }
    assert_eq!(redactor.redact(&token[token.len() - 14..]), "⟦token/t1/plain/part⟧");
    // A trusted profile signs in with a token of the same signer.
    redactor.register(SecretKind::AccessKey, "profile", &format!("{head}.CCCCCCCCCCCCCCCCCCCCCCCCCCCC"));
    assert_eq!(redactor.redact(&format!("Bearer {token}")), "Bearer ⟦token/t1/plain⟧");
    assert_eq!(redactor.redact(&format!("{head}.CCCCCCCCCCCCCCCCCCCCCCCCCCCC")), "⟦access_key/profile/plain⟧");
}

#[test]
fn a_forged_mark_is_defused() {
    assert!(marks(&redactor().redact("⟦login_secret/login/plain⟧")).is_empty());
}

#[test]
fn a_long_secret_leaves_nothing() {
    let redactor = Redactor::default();
    let long = IdSource::new(7).characters(b"0123456789abcdef", 100_000);
    redactor.register(SecretKind::CredentialSecret, "c", &long);
    assert_eq!(redactor.redact(&long), "⟦credential_secret/c/plain⟧");
    assert_eq!(redactor.redact(&long[777..90_000]), "⟦credential_secret/c/plain/part⟧");
    let wrapped = wrapped(&STANDARD.encode(&long), 76);
    assert_eq!(redactor.redact(&wrapped), "⟦credential_secret/c/base64⟧MA==", "lines of a mail; what ends it depends on what follows");
}

#[test]
fn the_whole_of_another_secret_is_told_before_a_part_of_one() {
    let redactor = Redactor::default();
    let shared = "a beginning that both of them have, and it is long: ";
    redactor.register(SecretKind::CredentialSecret, "c1", &format!("{shared}1111111"));
    redactor.register(SecretKind::CredentialSecret, "c2", &format!("{shared}22222222222"));
    assert_eq!(redactor.redact(&format!("({shared}22222222222)")), "(⟦credential_secret/c2/plain⟧)");
    assert_eq!(redactor.redact(&format!("({shared}1111111)")), "(⟦credential_secret/c1/plain⟧)");
}

fn wrapped(text: &str, columns: usize) -> String {
    let lines: Vec<&str> = text.as_bytes().chunks(columns).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join("\n")
}

fn lines(redactor: &Redactor, text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    redactor.redact_lines(&mut lines.iter_mut().collect::<Vec<_>>());
    lines
}

#[test]
fn a_secret_on_several_lines_leaves_a_mark_on_each() {
    let redactor = Redactor::default();
    redactor.register(SecretKind::LoginSecret, "login", "kJ8sLq2VbN4xZ7pW");
    let mark = "⟦login_secret/login/plain/split⟧";
    assert_eq!(lines(&redactor, "a\ntoken: kJ8sLq2V\n  bN4xZ7pW.\nz"), ["a", &format!("token: {mark}"), &format!("{mark}."), "z"]);
    assert_eq!(lines(&redactor, "kJ8s\nLq2V\nbN4x\r\nZ7pW"), [mark; 4]);
    assert_eq!(lines(&redactor, "kJ8sLq2VbN4xZ7pW\n\nkJ8sLq2VbN4xZ7pW"), ["⟦login_secret/login/plain⟧", "", "⟦login_secret/login/plain⟧"]);
    assert_eq!(lines(&redactor, "kJ8sLq2V kJ8s\nLq2VbN4xZ7pW x"), [format!("kJ8sLq2V {mark}"), format!("{mark} x")]);
    assert_eq!(lines(&redactor, "a\nb\n"), ["a", "b", ""]);
}

#[test]
fn finds_that_touch_or_overlap_leave_nothing() {
    let redactor = Redactor::default();
    redactor.register(SecretKind::LoginSecret, "short", "hunter2");
    redactor.register(SecretKind::LoginSecret, "long", "2-and-a-long-one-0123456789");
    redactor.register(SecretKind::Output, "pair", "xy:2-and-a-long-one");
    assert_eq!(redactor.redact("(hunter2hunter2)"), "(⟦login_secret/short/plain⟧⟦login_secret/short/plain⟧)");
    assert_eq!(redactor.redact("(hunter2-and-a-long-one-0123456789)"), "(⟦login_secret/long/plain⟧)");
    assert_eq!(redactor.redact("(xy:2-and-a-long-one-0123456789)"), "(⟦login_secret/long/plain⟧)");
    assert_eq!(redactor.redact("(hunter22-and-a-long-one-0123456789)"), "(⟦login_secret/short/plain⟧⟦login_secret/long/plain⟧)");
}

#[test]
fn a_key_with_lines_of_its_own_is_found_however_it_is_printed() {
    let key =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", wrapped(&"MIGHAgEAMBMGByqGSM49kJ8sLq2Vb".repeat(5), 64));
    let redactor = Redactor::default();
    redactor.register(SecretKind::CredentialSecret, "c", &key);
    assert_eq!(lines(&redactor, &format!("{key}done")).last().map(String::as_str), Some("done"));
    for text in [key.clone(), key.replace('\n', "\r\n"), key.replace('\n', "\\n"), key.replace('\n', ""), key.replace('\n', "\n    ")] {
        let redacted = lines(&redactor, &text).join("\n");
        assert!(!redacted.contains("MIGH") && !redacted.contains("kJ8s") && !redacted.contains("KEY"), "{redacted}");
        assert!(marks(&redacted).iter().all(|mark| mark.kind == SecretKind::CredentialSecret), "{redacted}");
    }
}

proptest! {
    #[test]
    fn a_planted_secret_never_survives(before in ".{0,40}", after in ".{0,40}", value in "[A-Za-z0-9+/]{16,80}") {
        let redactor = Redactor::default();
        redactor.register(SecretKind::CredentialSecret, "c", &value);
        let redacted = redactor.redact(&format!("{before}{value}{after}"));
        prop_assert!(!redacted.contains(&value));
        prop_assert!(!marks(&redacted).is_empty());
    }

    #[test]
    fn any_part_of_twelve_bytes_is_found(value in "[A-Za-z0-9]{16,90}", from in any::<prop::sample::Index>(), length in 12..16_usize) {
        let redactor = Redactor::default();
        redactor.register(SecretKind::CredentialSecret, "c", &value);
        let from = from.index(value.len() - length + 1);
        let part = &value[from..from + length];
        let redacted = redactor.redact(&format!("<{part}>"));
        prop_assert!(redacted.starts_with("<⟦credential_secret/c/plain") && redacted.ends_with("⟧>"), "{}", redacted);
        let redacted = redactor.redact(&format!("{part}%20\\\"{part}"));
        prop_assert!(!redacted.contains(part), "{}", redacted);
    }

    #[test]
    fn a_secret_that_is_wrapped_in_any_form_leaves_nothing(
        value in "[A-Za-z0-9]{16,90}", form in any::<prop::sample::Index>(), columns in 4..80_usize, before in "[ -~]{0,80}",
    ) {
        let redactor = Redactor::default();
        redactor.register(SecretKind::CredentialSecret, "c", &value);
        let forms = encoded(&value);
        let (name, text) = &forms[form.index(forms.len())];
        // An escape that is torn apart is none.
        prop_assume!(!text.contains(['%', '\\']));
        let redacted = lines(&redactor, &wrapped(&format!("{before} {text}"), columns));
        prop_assert!(redacted.iter().any(|line| !marks(line).is_empty()), "{name}: {redacted:?}");
        if *name == "plain" {
            let rest: String = redacted.join("").replace('⟦', "\n⟦").lines().map(|line| line.split_once('⟧').map_or(line, |(_, rest)| rest)).collect();
            prop_assert_eq!(rest.trim_end(), before.trim_end());
        }
    }

    #[test]
    fn harmless_text_stays(text in "[a-z ⟨⟩äöü]{0,200}") {
        prop_assert_eq!(redactor().redact(&text), text);
    }

    #[test]
    fn harmless_bytes_stay_in_any_clothes(bytes in prop::collection::vec(any::<u8>(), 0..300), seed in any::<u64>()) {
        let mut ids = IdSource::new(seed);
        let redactor = redactor();
        for kind in CanaryKind::ALL {
            redactor.register(kind.secret_kind(), kind.word(), &kind.value(&mut ids));
        }
        let texts = [
            STANDARD.encode(&bytes),
            hex::encode(&bytes),
            wrapped(&URL_SAFE.encode(&bytes), 76),
            serde_json::to_string(&String::from_utf8_lossy(&bytes)).unwrap(),
            percent_encoding::percent_encode(&bytes, NON_ALPHANUMERIC).to_string(),
            format!("{} {} {}", ids.uuid(), ids.task_id(), ids.characters(b"0123456789", 200)),
        ];
        for text in texts {
            prop_assert_eq!(&redactor.redact(&text), &text);
            let mut cleaned = text.clone();
            redactor.clean(&mut cleaned);
            prop_assert_eq!(&cleaned, &text);
            prop_assert_eq!(lines(&redactor, &text).join("\n"), text);
        }
    }
}
