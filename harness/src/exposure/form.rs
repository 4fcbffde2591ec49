//! Secrets that their form alone gives away.

use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regex::Regex;

use super::ExposureKind;
use super::name::Meaning;
use super::pattern;
use super::value::looks_like_one;

/// A key, not the mere words around one, which scripts look for.
static PRIVATE_KEY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\n|\\r)*[A-Za-z0-9+/=:, -]{16,}"));

static WEB_TOKEN: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(eyJ[A-Za-z0-9_-]{8,})\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}"));

static URL_PASSWORD: LazyLock<Regex> = LazyLock::new(|| pattern(r#"[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@"']*:([^/\s@"']+)@[A-Za-z0-9\[$]"#));

static AUTHORIZATION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\bauthorization\s*[:=]\s*(?:(?:bearer|basic|token|apikey)\s+)?([A-Za-z0-9._~+/=-]{12,})"));

/// `curl -u name:password`.
static CURL_USER: LazyLock<Regex> = LazyLock::new(|| pattern(r#"\bcurl\b[^|;&]*\s(?:-u\s*|--user[ =])["']?[^\s:"']+:([^\s"']+)"#));

/// Beginnings that only one issuer gives its tokens.
const ISSUERS: &[(&str, &str)] = &[
    ("GitHub", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})"),
    ("GitLab", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("Amazon Web Services", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("Slack", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("Stripe", r"\b[sr]k_live_[A-Za-z0-9]{16,}"),
    ("npm", r"\bnpm_[A-Za-z0-9]{36,}"),
    ("PyPI", r"\bpypi-AgE[A-Za-z0-9_-]{40,}"),
    ("Artifactory", r"\b(?:AKCp[A-Za-z0-9]{20,}|cmVmdGtu[A-Za-z0-9+/=]{24,})"),
    ("Google", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("SendGrid", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    ("Docker Hub", r"\bdckr_pat_[A-Za-z0-9_-]{20,}"),
    ("Hugging Face", r"\bhf_[A-Za-z0-9]{30,}"),
    ("Vault", r"\bhvs\.[A-Za-z0-9_-]{24,}"),
];

static ISSUED: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| ISSUERS.iter().map(|(issuer, text)| (*issuer, pattern(text))).collect());

/// Returns every secret in a text, with its length.
pub(super) fn find(text: &str) -> Vec<(ExposureKind, usize)> {
    let length = |text: &str| text.chars().count();
    let mut found = Vec::new();
    found.extend(PRIVATE_KEY.find_iter(text).map(|key| (ExposureKind::PrivateKey, length(key.as_str()))));
    found.extend(web_tokens(text).into_iter().map(|range| (ExposureKind::WebToken, range.len())));
    for (issuer, form) in ISSUED.iter() {
        // Amazon's documents end their examples so.
        let issued = form.find_iter(text).filter(|token| !token.as_str().ends_with("EXAMPLE"));
        found.extend(issued.map(|token| (ExposureKind::IssuedToken((*issuer).to_owned()), length(token.as_str()))));
    }
    let passwords = URL_PASSWORD.captures_iter(text).filter(|url| looks_like_one(&url[1], Meaning::Password));
    found.extend(passwords.map(|url| (ExposureKind::UrlPassword, length(&url[1]))));
    let headers = AUTHORIZATION.captures_iter(text).filter(|header| looks_like_one(&header[1], Meaning::Key));
    // A token that was told already is not told twice.
    let headers =
        headers.filter(|header| WEB_TOKEN.captures(&header[1]).is_none() && !ISSUED.iter().any(|(_, form)| form.is_match(&header[1])));
    found.extend(headers.map(|header| (ExposureKind::Authorization, length(&header[1]))));
    let users = CURL_USER.captures_iter(text).filter(|user| looks_like_one(&user[1], Meaning::Password));
    found.extend(users.map(|user| (ExposureKind::Authorization, length(&user[1]))));
    found
}

/// Returns where JSON Web Tokens stand in a text.
pub(super) fn web_tokens(text: &str) -> Vec<Range<usize>> {
    WEB_TOKEN.captures_iter(text).filter(|token| is_header(&token[1])).filter_map(|token| Some(token.get(0)?.range())).collect()
}

/// Tells whether text is the header of a JSON Web Token.
fn is_header(text: &str) -> bool {
    let decoded = URL_SAFE_NO_PAD.decode(text).ok();
    let header = decoded.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    header.is_some_and(|header| header.get("alg").is_some_and(serde_json::Value::is_string))
}
