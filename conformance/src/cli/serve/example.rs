//! What `serve` prints: where everything is, and lines for a shell that work as they stand.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use hallmark_harness::admin::{exports, job_exports};
use hallmark_harness::contract::SecretId;
use hallmark_harness::engine::JobRequest;
use hallmark_harness::job::NetworkVariables;
use hallmark_harness::stage::StageAddresses;
use secrecy::{ExposeSecret as _, SecretString};

use super::source::Source;

/// How another job comes to be.
const CREATE: &str = include_str!("create.sh");

/// How a person takes a job over.
const BY_HAND: &str = include_str!("by_hand.sh");

/// Everything else.
const ORDERS: &str = include_str!("orders.sh");

/// A fault that works in every set-up.
#[cfg(test)]
const FAULT: &str = "secrets_manager.update_task@first:2 after_commit status(503, retry-after: 1)";

/// A served cloud, to be described.
pub(super) struct Example<'served> {
    pub(super) admin: SocketAddr,
    pub(super) token: &'served SecretString,
    pub(super) addresses: &'served StageAddresses,
    pub(super) authority_file: &'served Path,
    pub(super) source: &'served Source,
    pub(super) secret: &'served SecretId,
    /// The first secret's job, when a person is to run it.
    pub(super) job: Option<&'served JobRequest>,
}

impl Example<'_> {
    /// Returns the text. It holds the admin token: the one place where that is shown.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "# hallmark's fake cloud, set up from {}.\n# It runs until Ctrl-C and forgets everything then.\n#\n",
            self.source.described
        );
        for (name, address) in self.places() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "#   {name:<16} {address}");
        }
        text.push_str("#\n# What follows is for a POSIX shell; paste what you need.\n");
        let _ = write!(
            text,
            "\n# The admin API and its token, which is shown here and nowhere else. Not exported: no provider may have it.\n\
             admin=http://{}/admin/v1\nauth='Authorization: Bearer {}'\n",
            self.admin,
            self.token.expose_secret()
        );
        match self.job {
            Some(job) => {
                let _ = write!(
                    text,
                    "\n# The job's own variables, the proxy that stands for the real hosts, and the certificates to trust.\n{}\
                     \n# A job that has started: it creates the credential of the secret {}.\n# Start your provider with it.\n{}",
                    exports(&self.surroundings()),
                    self.secret,
                    job_exports(job)
                );
                text.push_str(CREATE);
                text.push_str(BY_HAND);
            }
            None => {
                let _ = write!(
                    text,
                    "\n# The provider runs for each job that is asked for, and its output comes on standard error. The first creates\n\
                     # the credential of the secret {}.\n",
                    self.secret
                );
                text.push_str(CREATE);
            }
        }
        text.push_str(&ORDERS.replace("SECRET_ID", self.secret.as_str()));
        text
    }

    fn places(&self) -> Vec<(&str, String)> {
        let addresses = self.addresses;
        let through = |url: &str, real: &str| format!("{url}   through the proxy also {real}");
        let secrets_manager = if addresses.instance_url == addresses.secrets_manager_url {
            addresses.secrets_manager_url.clone()
        } else {
            through(&addresses.secrets_manager_url, &addresses.instance_url)
        };
        let mut places = vec![
            ("admin API", format!("http://{}/admin/v1", self.admin)),
            ("Secrets Manager", secrets_manager),
            ("IAM", through(&addresses.iam_url, "https://iam.cloud.ibm.com")),
            ("proxy", addresses.proxy_url.clone()),
            ("its certificates", self.authority_file.display().to_string()),
        ];
        places.extend(addresses.third_parties.iter().map(|(name, url)| (name.as_str(), url.clone())));
        places
    }

    /// What is the same for every job. What Code Engine injects besides is left out: it would spoil the shell.
    fn surroundings(&self) -> BTreeMap<String, String> {
        let network = NetworkVariables::new(&self.addresses.proxy_url, self.authority_file.to_string_lossy());
        self.source.own.clone().into_iter().chain(network.variables()).collect()
    }
}

#[cfg(test)]
mod tests {
    use hallmark_harness::fault::{Fault, FaultPlan};

    use super::*;

    #[test]
    fn the_fault_that_is_shown_can_be_carried_out() {
        assert!(ORDERS.contains(&format!("'{FAULT}'")), "{ORDERS}");
        let plan: FaultPlan = FAULT.parse().unwrap();
        assert!(plan.check().is_ok() && plan.faults.iter().all(Fault::can_act));
    }
}
