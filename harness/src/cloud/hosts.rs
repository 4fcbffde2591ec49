//! The real host names under which the services are known.

use std::collections::BTreeMap;

use super::certificates::Authority;
use super::contents::Contents;
use crate::stage::StageAddresses;

/// Names under which providers know the IAM token service.
pub(super) const IAM: [&str; 3] = ["iam.cloud.ibm.com", "private.iam.cloud.ibm.com", "iam.test.cloud.ibm.com"];

/// Region of the instance's real-looking host name.
const REGION: &str = "us-south";

/// Returns the instance's real-looking host name.
pub(super) fn instance(instance: &str) -> String {
    format!("{instance}.{REGION}.secrets-manager.appdomain.cloud")
}

/// Returns every host name that is declared, each once.
pub(super) fn declared(contents: &Contents) -> Vec<String> {
    let parties = contents.third_parties.iter().flat_map(|party| party.spec().hosts.iter().cloned());
    let mut hosts: Vec<String> = IAM.iter().map(|&host| host.to_owned()).collect();
    hosts.push(instance(&contents.instance));
    hosts.extend(parties.chain(contents.setup().hosts.iter().cloned()));
    hosts.sort();
    hosts.dedup();
    hosts
}

/// Returns the addresses of services that are reached by their real names only.
pub(super) fn addresses(contents: &Contents, authority: &Authority) -> StageAddresses {
    let mut third_parties = BTreeMap::new();
    for party in &contents.third_parties {
        // Contents gives every third party a host where names lead to services.
        let Some(host) = party.spec().hosts.first() else { continue };
        let url = format!("https://{host}");
        party.set_url(&url);
        third_parties.insert(party.name().to_owned(), url);
    }
    let instance_url = format!("https://{}", instance(&contents.instance));
    StageAddresses {
        secrets_manager_url: instance_url.clone(),
        instance_url,
        iam_url: format!("https://{}", IAM[0]),
        proxy_url: String::new(),
        third_parties,
        authority: authority.pem(),
        hosts: declared(contents),
    }
}

/// Returns the name of a third party that has no real one. The top-level domain is reserved for documentation: nobody has it.
pub(crate) fn invented(third_party: &str) -> String {
    let label: String = third_party.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let label = label.trim_matches('-');
    format!("{}.third-party.example", if label.is_empty() { "unnamed" } else { label })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invented_name_is_a_host_name() {
        assert_eq!(invented("Artifactory_1"), "artifactory-1.third-party.example");
    }
}
