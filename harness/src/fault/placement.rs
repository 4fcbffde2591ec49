//! Which faults can act where.

use super::{Fault, FaultPhase, FaultService, FaultWhat};
use crate::journal::Operation;

impl Fault {
    /// Tells whether its service has its operation, and whether what it does can happen there.
    pub fn can_act(&self) -> bool {
        let on_task = matches!(self.operation, Operation::GetTask | Operation::UpdateTask | Operation::DeleteTask);
        let there = match (&self.service, self.operation) {
            (_, Operation::Connect) => return self.can_act_on_connection(),
            (_, Operation::Lookup) => return self.is_of_lookup() && self.phase == FaultPhase::BeforeCommit,
            (_, Operation::Handshake) => return matches!(self.what, FaultWhat::Certificate { .. }),
            (_, Operation::Other) => true,
            (FaultService::SecretsManager, operation) => on_task || matches!(operation, Operation::ListTasks | Operation::GetSecret),
            (FaultService::Iam, operation) => operation == Operation::Token,
            (FaultService::ThirdParty, operation) => {
                matches!(operation, Operation::Create | Operation::Revoke | Operation::List | Operation::Get)
            }
        };
        there
            && match self.what {
                FaultWhat::CancelTask | FaultWhat::ExpireTask => on_task,
                FaultWhat::ExpireToken => self.service == FaultService::SecretsManager,
                FaultWhat::Certificate { .. } | FaultWhat::Bandwidth { .. } | FaultWhat::Refuse | FaultWhat::Dns { .. } => false,
                _ => true,
            }
    }

    /// A connection has no status and no commit. What passes over it can be touched behind the TCP proxy alone.
    fn can_act_on_connection(&self) -> bool {
        let third_party = self.service == FaultService::ThirdParty;
        match self.what {
            FaultWhat::KillJobAfterReply => third_party,
            _ if self.phase == FaultPhase::AfterCommit => false,
            FaultWhat::Refuse => self.when.outage().is_some(),
            FaultWhat::Delay { .. }
            | FaultWhat::DelayBetween { .. }
            | FaultWhat::DelayLognormal { .. }
            | FaultWhat::Stall
            | FaultWhat::Close
            | FaultWhat::Reset => true,
            _ => third_party && self.needs_tcp_proxy(),
        }
    }

    /// Tells whether it acts on a connection in a way that is only known of those to a third party behind the TCP proxy.
    pub(crate) fn needs_tcp_proxy(&self) -> bool {
        let bytes = matches!(self.what, FaultWhat::CutBody { .. } | FaultWhat::ResetMidBody { .. } | FaultWhat::Bandwidth { .. });
        self.operation == Operation::Connect && (bytes || self.what.kills() || self.what == FaultWhat::Gather)
    }

    /// Tells whether it acts on the looking up of names.
    pub(crate) fn is_of_lookup(&self) -> bool {
        self.operation == Operation::Lookup && matches!(self.what, FaultWhat::Dns { .. })
    }
}
