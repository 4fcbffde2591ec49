//! Policies of well-known clients, with where their parameters stand.

use super::{Growth, Jitter, Policy};

/// A policy that has a name in the field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnownPolicy {
    /// Whose it is.
    pub name: &'static str,
    /// Where its parameters stand.
    pub source: &'static str,
    /// The policy. Its user may choose the number of retries where it has none.
    pub policy: Policy,
}

const DOUBLING: Growth = Growth::Exponential { factor: 2.0 };

const fn known(name: &'static str, source: &'static str, policy: Policy) -> KnownPolicy {
    KnownPolicy { name, source, policy }
}

/// Returns the policies that an observed one is compared with.
pub fn known_policies() -> [KnownPolicy; 12] {
    [
        known(
            "IBM Go SDK (EnableRetries) and go-retryablehttp",
            "go-sdk-core and go-retryablehttp, source: 4 retries, 1 s doubled up to 30 s",
            Policy::unbounded(DOUBLING, 1.0).capped(30.0).retrying(4),
        ),
        known(
            "IBM Python SDK (enable_retries)",
            "python-sdk-core: urllib3 Retry(total=4, backoff_factor=1.0), whose first retry comes at once",
            Policy::unbounded(DOUBLING, 2.0).capped(30.0).at_once_first().retrying(4),
        ),
        known(
            "IBM Node SDK (enableRetries)",
            "ibm-cloud-sdk-core for Node: retry-axios with 4 retries, (2^n - 1) / 2 s up to 30 s",
            Policy::unbounded(Growth::ExponentialLessOne { factor: 2.0 }, 0.5).capped(30.0).retrying(4),
        ),
        known("curl --retry", "curl(1): 1 s doubled up to 10 minutes", Policy::unbounded(DOUBLING, 1.0).capped(600.0)),
        known(
            "AWS SDK, standard mode before 2026",
            "AWS SDK reference: 3 attempts, full jitter of min(20 s, 2^n)",
            Policy::unbounded(DOUBLING, 1.0).capped(20.0).jittered(0.0, 1.0).retrying(2),
        ),
        known(
            "AWS full jitter",
            "Brooker 2015: full jitter of 1 s doubled, up to the user's cap",
            Policy::unbounded(DOUBLING, 1.0).jittered(0.0, 1.0),
        ),
        known(
            "gRPC retry policy (the example of A6)",
            "gRFC A6: 4 attempts, 0.1 s doubled up to 1 s, 20 % either way",
            Policy::unbounded(DOUBLING, 0.1).capped(1.0).jittered(0.8, 1.2).retrying(3),
        ),
        known("Polly v8", "Polly, defaults: 3 retries, 2 s each", Policy::unbounded(Growth::Constant, 2.0).retrying(3)),
        known("resilience4j", "resilience4j, defaults: 3 attempts, 0.5 s each", Policy::unbounded(Growth::Constant, 0.5).retrying(2)),
        known("backon", "backon, defaults: 3 retries, 1 s doubled up to 60 s", Policy::unbounded(DOUBLING, 1.0).capped(60.0).retrying(3)),
        known(
            "backoff crate and Google HTTP client",
            "their defaults: 0.5 s times 1.5 up to 60 s, half either way, 15 minutes in all",
            Policy {
                jitter: Jitter::Proportional { low: 0.5, high: 1.5 },
                give_up_after: Some(900.0),
                ..Policy::unbounded(Growth::Exponential { factor: 1.5 }, 0.5).capped(60.0)
            },
        ),
        known(
            "Envoy",
            "Envoy, defaults: full jitter of 25 ms doubled up to 250 ms",
            Policy::unbounded(DOUBLING, 0.025).capped(0.25).jittered(0.0, 1.0),
        ),
    ]
}
