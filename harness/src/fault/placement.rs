//! Which faults can act where.

use super::{Fault, FaultPhase, FaultService, FaultWhat, FaultWhen};
use crate::journal::Operation;

impl Fault {
    /// Tells whether its service has its operation, and where it disturbs a task, whether the operation names one.
    pub fn can_act(&self) -> bool {
        let on_task = matches!(self.operation, Operation::GetTask | Operation::UpdateTask | Operation::DeleteTask);
        let there = match self.service {
            FaultService::SecretsManager => on_task || matches!(self.operation, Operation::ListTasks | Operation::GetSecret),
            FaultService::Iam => self.operation == Operation::Token,
            FaultService::ThirdParty if self.operation == Operation::Connect => return self.can_act_on_connection(),
            FaultService::ThirdParty => {
                matches!(self.operation, Operation::Create | Operation::Revoke | Operation::List | Operation::Get)
            }
        };
        match self.what {
            FaultWhat::Certificate { .. } => self.operation == Operation::Handshake,
            _ if self.operation == Operation::Handshake => false,
            FaultWhat::CancelTask | FaultWhat::ExpireTask => there && on_task,
            FaultWhat::ExpireToken => self.service == FaultService::SecretsManager && (there || self.operation == Operation::Other),
            FaultWhat::Bandwidth { .. } | FaultWhat::Refuse => false,
            _ => there || self.operation == Operation::Other,
        }
    }

    /// A stream of bytes has no status and no commit.
    fn can_act_on_connection(&self) -> bool {
        match self.what {
            FaultWhat::KillJobAfterReply => true,
            FaultWhat::Refuse => self.phase == FaultPhase::BeforeCommit && self.when == FaultWhen::Every,
            FaultWhat::Delay { .. }
            | FaultWhat::DelayBetween { .. }
            | FaultWhat::DelayLognormal { .. }
            | FaultWhat::Stall
            | FaultWhat::Close
            | FaultWhat::Reset
            | FaultWhat::CutBody { .. }
            | FaultWhat::ResetMidBody { .. }
            | FaultWhat::Bandwidth { .. }
            | FaultWhat::Gather
            | FaultWhat::KillJob => self.phase == FaultPhase::BeforeCommit,
            FaultWhat::Status { .. }
            | FaultWhat::HalfOpen
            | FaultWhat::SlowBody { .. }
            | FaultWhat::MalformedChunk
            | FaultWhat::WrongLength { .. }
            | FaultWhat::Duplicate
            | FaultWhat::Informational { .. }
            | FaultWhat::OversizeHeader { .. }
            | FaultWhat::OversizeBody { .. }
            | FaultWhat::Skew { .. }
            | FaultWhat::RateLimit { .. }
            | FaultWhat::ExpireToken
            | FaultWhat::InvalidJson
            | FaultWhat::WrongContentType
            | FaultWhat::GatewayHtml { .. }
            | FaultWhat::Certificate { .. }
            | FaultWhat::CancelTask
            | FaultWhat::ExpireTask => false,
        }
    }
}
