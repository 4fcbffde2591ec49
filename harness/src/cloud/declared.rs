//! A host that the manifest declares and nobody simulates: it takes everything and says nothing.

use http::StatusCode;

use super::answer;
use super::wire::{Backend, Handled, Received};
use crate::journal::{Facts, Operation, Service};

/// Answers every request with an empty 200, below `.invalid` (RFC 2606: nobody's) with an empty 404.
#[derive(Debug)]
pub(super) struct DeclaredHost;

impl Backend for DeclaredHost {
    fn service(&self) -> Service {
        Service::Declared
    }

    fn operation(&self, _request: &Received) -> Operation {
        Operation::Other
    }

    fn handle(&self, request: &Received) -> Handled {
        let status = if request.host.ends_with(".invalid") { StatusCode::NOT_FOUND } else { StatusCode::OK };
        answer::empty(status, false, Facts::default())
    }

    fn refuse(&self, _request: &Received, status: StatusCode) -> Handled {
        answer::empty(status, false, Facts::default())
    }
}
