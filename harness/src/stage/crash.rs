//! Where a job can be killed: at each call that it makes, in three moments.

use crate::fault::{Fault, FaultPhase, FaultService, FaultWhat, FaultWhen};
use crate::journal::{Event, EventKind, JobRef, Operation, Service, in_order};

/// Calls of a job at which jobs like it are killed, at most.
const MOST: usize = 40;

/// How the notes begin that the journal holds before jobs that are to be killed; the fault follows.
pub const KILL_NOTE: &str = "killed at ";

/// Faults address third parties together.
static THIRD_PARTY: Service = Service::ThirdParty(String::new());

/// When, around a call, a job is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillMoment {
    /// The call was sent and has no effect.
    Before,
    /// The call took effect and was not answered.
    During,
    /// The call was answered.
    After,
}

/// Returns a fault for each call that a job made, the first 40 of them, in their order: the job that meets it is killed at that call.
pub(super) fn kills(events: &[Event], job: &JobRef, moment: KillMoment) -> Vec<Fault> {
    let mut made: Vec<(FaultService, Operation)> = Vec::new();
    let mut calls: Vec<(&Service, Operation)> = Vec::new();
    for event in in_order(events) {
        match &event.kind {
            EventKind::Exchange(exchange) if exchange.job.as_ref() == Some(job) => calls.push((&exchange.service, exchange.operation)),
            EventKind::Connection(connection) if connection.job.as_ref() == Some(job) => calls.push((&THIRD_PARTY, Operation::Connect)),
            _ => {}
        }
    }
    // A provider that polls would be killed for ever.
    calls.truncate(MOST);
    let kill = |service: &FaultService, operation, number| {
        let (phase, what) = match moment {
            KillMoment::Before => (FaultPhase::BeforeCommit, FaultWhat::KillJob),
            KillMoment::During => (FaultPhase::AfterCommit, FaultWhat::KillJob),
            KillMoment::After => (FaultPhase::AfterCommit, FaultWhat::KillJobAfterReply),
        };
        Fault { service: service.clone(), operation, when: FaultWhen::Nth(number), phase, what }
    };
    calls
        .into_iter()
        .filter_map(|(service, operation)| {
            let service = match service {
                Service::SecretsManager => FaultService::SecretsManager,
                Service::Iam => FaultService::Iam,
                Service::ThirdParty(_) => FaultService::ThirdParty,
                // No fault addresses it, and nothing that matters happens there.
                Service::Declared => return None,
            };
            made.push((service.clone(), operation));
            let number = made.iter().filter(|call| **call == (service.clone(), operation)).count();
            let fault = kill(&service, operation, u32::try_from(number).unwrap_or(u32::MAX));
            // Nobody can tell when what a stream of bytes asks for took effect: a connection has no "during".
            fault.can_act().then_some(fault)
        })
        .collect()
}
