//! Which operation a method and a path ask for. The main type is [`Routes`].

use std::collections::BTreeMap;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::spec::OperationSpec;

/// The name of the path parameter that holds a credential's id.
pub(super) const ID: &str = "id";

/// What stands for itself in no segment of a path (RFC 3986, 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A path pattern: literal segments and `{name}` parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter(String),
}

impl Pattern {
    /// Parses a pattern, or says what is wrong with it.
    pub(super) fn parse(path: &str) -> Result<Self, String> {
        let Some(rest) = path.strip_prefix('/') else { return Err(format!("`{path}` must begin with a slash")) };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let segments = rest.split('/').map(Segment::parse).collect::<Result<Vec<_>, _>>()?;
        let pattern = Self { segments };
        let mut names = pattern.parameters().collect::<Vec<_>>();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(format!("`{path}` names a parameter twice"));
        }
        Ok(pattern)
    }

    /// Returns the parameters' names in order.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// Returns a path with the parameters in it, percent-encoded; none when one is missing.
    fn path(&self, parameters: &BTreeMap<String, String>) -> Option<String> {
        self.segments.iter().try_fold(String::new(), |path, segment| {
            let segment = match segment {
                Segment::Literal(literal) => literal,
                Segment::Parameter(name) => parameters.get(name)?,
            };
            Some(format!("{path}/{}", utf8_percent_encode(segment, RESERVED)))
        })
    }

    /// Tells whether some path would match both patterns.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(|pair| match pair {
                (Segment::Literal(left), Segment::Literal(right)) => left == right,
                _ => true,
            })
    }

    /// Returns the parameters' values, percent-decoded, when the path matches. A parameter is never empty.
    fn matches(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let rest = path.strip_prefix('/')?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let mut parameters = BTreeMap::new();
        let mut parts = rest.split('/');
        for segment in &self.segments {
            let part = percent_decode_str(parts.next()?).decode_utf8_lossy();
            match segment {
                Segment::Literal(literal) if *literal == part => {}
                Segment::Parameter(name) if !part.is_empty() => {
                    parameters.insert(name.clone(), part.into_owned());
                }
                _ => return None,
            }
        }
        parts.next().is_none().then_some(parameters)
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, String> {
        let parameter = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match parameter {
            Some(name) if !name.is_empty() && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_') => {
                Ok(Self::Parameter(name.to_owned()))
            }
            None if !text.is_empty() && !text.contains(['{', '}', '?', '#', ' ', '%']) => Ok(Self::Literal(text.to_owned())),
            _ => Err(format!("`{text}` is neither a plain segment nor a parameter such as `{{id}}`")),
        }
    }
}

/// What a method and a path ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The operation at this index, with the path's parameters.
    Operation(usize, BTreeMap<String, String>),
    /// Only these methods are known under the path.
    WrongMethod(Vec<String>),
    /// No operation has the path.
    UnknownPath,
}

/// The operations' patterns in the order of the description.
#[derive(Debug)]
pub(super) struct Routes {
    prefix: String,
    entries: Vec<(String, Pattern)>,
}

impl Routes {
    pub(super) fn new(prefix: &str, operations: &[OperationSpec]) -> Result<Self, String> {
        let entries = operations
            .iter()
            .map(|operation| Ok((operation.method.clone(), Pattern::parse(&operation.path)?)))
            .collect::<Result<_, String>>()?;
        Ok(Self { prefix: prefix.to_owned(), entries })
    }

    /// Returns the path of the operation at an index with the parameters in it; none when one is missing.
    pub(super) fn path(&self, index: usize, parameters: &BTreeMap<String, String>) -> Option<String> {
        let (_, pattern) = self.entries.get(index)?;
        Some(format!("{}{}", self.prefix, pattern.path(parameters)?))
    }

    /// Finds what `method` and the percent-encoded `path` ask for.
    pub(super) fn find(&self, method: &Method, path: &str) -> Route {
        let Some(rest) = path.strip_prefix(self.prefix.as_str()) else { return Route::UnknownPath };
        let mut known = Vec::new();
        for (index, (allowed, pattern)) in self.entries.iter().enumerate() {
            if let Some(parameters) = pattern.matches(rest) {
                if allowed == method.as_str() {
                    return Route::Operation(index, parameters);
                }
                known.push(allowed.clone());
            }
        }
        if known.is_empty() { Route::UnknownPath } else { Route::WrongMethod(known) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parameters(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
        Pattern::parse(pattern).unwrap().matches(path)
    }

    #[test]
    fn a_trailing_slash_changes_nothing_and_parameters_are_decoded() {
        assert!(parameters("/tokens", "/tokens/").is_some());
        assert!(parameters("/tokens/", "/tokens").is_some());
        assert_eq!(parameters("/tokens/{id}", "/tokens/a%2Fb/").unwrap()["id"], "a/b");
    }

    #[test]
    fn an_empty_parameter_is_the_collection() {
        assert_eq!(parameters("/tokens/{id}", "/tokens/"), None);
        assert_eq!(parameters("/tokens/{id}", "/tokens//"), None);
        assert_eq!(parameters("/tokens", "/tokens//"), None);
    }

    #[test]
    fn a_path_with_its_parameters_matches_its_pattern() {
        let given = BTreeMap::from([("id".to_owned(), "a/b c-d".to_owned())]);
        let path = Pattern::parse("/api/v1/tokens/{id}").unwrap().path(&given).unwrap();
        assert_eq!(path, "/api/v1/tokens/a%2Fb%20c-d");
        assert_eq!(parameters("/api/v1/tokens/{id}", &path), Some(given));
        assert_eq!(Pattern::parse("/accounts/{account}").unwrap().path(&BTreeMap::new()), None);
    }

    #[test]
    fn bad_patterns_are_refused() {
        for path in ["tokens", "", "/", "/a//b", "/{}", "/{a b}", "/x{id}", "/{id}/{id}", "/a?b"] {
            assert!(Pattern::parse(path).is_err(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn matching_never_panics(pattern in "(/|\\{|\\}|[a-z%]){0,12}", path in "(/|%|[a-z0-9]|\\PC){0,20}") {
            if let Ok(pattern) = Pattern::parse(&pattern) {
                pattern.matches(&path);
            }
        }
    }
}
