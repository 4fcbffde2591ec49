//! The environment of a job run: what Code Engine and Secrets Manager set, and nothing of the developer's shell.
//!
//! Source: Code Engine's page on automatically injected environment variables, and Secrets Manager's page on creating a Code Engine job.

use std::collections::BTreeMap;
use std::fmt;

use super::{CompletedJobs, NetworkVariables};
use crate::journal::JobRef;

/// `PATH` of a job whose definition does not set one: where Linux images keep programs.
pub const SANE_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Everything that a job's environment is made of. `HOME` and `PWD` are missing here: the supervisor sets them, because it makes the directory.
#[derive(Clone, Default)]
pub struct JobEnvironment {
    /// The `SM_*` variables of the run, `SM_<NAME>_VALUE` among them, as the engine gives them. Holds the access key.
    pub secrets_manager: BTreeMap<String, String>,
    /// The job's `SMIN_*` and `SMOUT_*` format texts, from `job_config.json`.
    pub declared: Vec<(String, String)>,
    /// The job's other variables: `[env]` of the manifest.
    pub own: BTreeMap<String, String>,
    /// Proxy and certificate authority; none where the job's network is already contained.
    pub network: Option<NetworkVariables>,
    /// Variables that make runtimes trust the run's certificate authority where there is no proxy; the job's own win over them.
    pub trust: BTreeMap<String, String>,
    /// Whether the job runs in an image, which brings the `PATH`.
    pub in_image: bool,
    /// `CE_REMOVE_COMPLETED_JOBS`.
    pub removal: CompletedJobs,
    /// The project and the job's definition.
    pub project: CodeEngineProject,
    /// `JOB_RETRY_LIMIT`: reruns of a run that exits with another code than 0. IBM's deployer creates jobs with 0.
    ///
    /// A run that is a rerun shows what allowed it.
    pub retry_limit: u32,
}

impl JobEnvironment {
    /// Returns the complete environment of one run.
    ///
    /// Where a name is set twice the later of these wins: trust, the job's `[env]`, its declarations, what Code Engine injects, the network, the run's
    /// `SM_*`. So variables of the run override the job's own, as Code Engine does it, and a job definition cannot leave the proxy.
    pub fn variables(&self, job: &JobRef) -> BTreeMap<String, String> {
        let mut variables = self.trust.clone();
        if !self.in_image {
            variables.insert("PATH".to_owned(), SANE_PATH.to_owned());
        }
        variables.extend(self.own.clone());
        variables.extend(self.declared.iter().cloned());
        variables.extend(self.injected(job));
        variables.extend(self.network.iter().flat_map(NetworkVariables::variables));
        variables.extend(self.secrets_manager.clone());
        variables
    }

    fn injected(&self, job: &JobRef) -> BTreeMap<String, String> {
        let project = &self.project;
        [
            ("CE_API_BASE_URL", format!("https://api.{}.codeengine.cloud.ibm.com", project.region)),
            ("CE_DOMAIN", format!("{}.codeengine.appdomain.cloud", project.region)),
            ("CE_REGION", project.region.clone()),
            ("CE_PROJECT_ID", project.id.clone()),
            ("CE_SUBDOMAIN", project.subdomain.clone()),
            ("CE_JOB", project.job.clone()),
            ("CE_JOBRUN", job.task.to_string()),
            ("CE_REMOVE_COMPLETED_JOBS", self.removal.to_string()),
            ("HOSTNAME", format!("{}-0-{}", job.task, job.run)),
            ("JOB_ARRAY_SIZE", "1".to_owned()),
            ("JOB_INDEX", "0".to_owned()),
            ("JOB_INDEX_RETRY_COUNT", job.run.to_string()),
            ("JOB_MODE", "task".to_owned()),
            ("JOB_RETRY_LIMIT", self.retry_limit.to_string()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

impl fmt::Debug for JobEnvironment {
    /// Shows names and never values.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("JobEnvironment")
            .field("secrets_manager", &self.secrets_manager.keys().collect::<Vec<_>>())
            .field("declared", &self.declared.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("own", &self.own.keys().collect::<Vec<_>>())
            .field("network", &self.network)
            .field("trust", &self.trust)
            .field("in_image", &self.in_image)
            .field("removal", &self.removal)
            .field("project", &self.project)
            .field("retry_limit", &self.retry_limit)
            .finish()
    }
}

/// Names of the Code Engine project in which the job is said to run. No provider needs them; all of them see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeEngineProject {
    /// `CE_REGION`, e.g. `us-south`; the domain and the API's URL are made of it.
    pub region: String,
    /// `CE_PROJECT_ID`.
    pub id: String,
    /// `CE_SUBDOMAIN`: the project's Kubernetes namespace.
    pub subdomain: String,
    /// `CE_JOB`: the name of the job's definition.
    pub job: String,
}

impl Default for CodeEngineProject {
    fn default() -> Self {
        Self {
            region: "us-south".to_owned(),
            id: "00000000-0000-4000-8000-000000000000".to_owned(),
            subdomain: "hallmark000".to_owned(),
            job: "credentials-provider".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::TaskId;

    fn job() -> JobRef {
        JobRef { task: TaskId::from("sm-task-1"), run: 2 }
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_bare_job_sees_exactly_what_code_engine_injects() {
        let expected = map(&[
            ("CE_API_BASE_URL", "https://api.us-south.codeengine.cloud.ibm.com"),
            ("CE_DOMAIN", "us-south.codeengine.appdomain.cloud"),
            ("CE_JOB", "credentials-provider"),
            ("CE_JOBRUN", "sm-task-1"),
            ("CE_PROJECT_ID", "00000000-0000-4000-8000-000000000000"),
            ("CE_REGION", "us-south"),
            ("CE_REMOVE_COMPLETED_JOBS", "IMMEDIATELY"),
            ("CE_SUBDOMAIN", "hallmark000"),
            ("HOSTNAME", "sm-task-1-0-2"),
            ("JOB_ARRAY_SIZE", "1"),
            ("JOB_INDEX", "0"),
            ("JOB_INDEX_RETRY_COUNT", "2"),
            ("JOB_MODE", "task"),
            ("JOB_RETRY_LIMIT", "0"),
            ("PATH", SANE_PATH),
        ]);
        assert_eq!(JobEnvironment::default().variables(&job()), expected);
    }

    #[test]
    fn the_run_overrides_the_job_and_the_network_cannot_be_left() {
        let environment = JobEnvironment {
            secrets_manager: map(&[("SM_ACTION", "create_credentials"), ("SM_SCOPE_VALUE", "run")]),
            declared: vec![("SMIN_SCOPE".to_owned(), "type:string".to_owned())],
            own: map(&[("SM_SCOPE_VALUE", "job"), ("PATH", "/opt/bin"), ("HTTPS_PROXY", "http://elsewhere"), ("JOB_MODE", "daemon")]),
            network: Some(NetworkVariables::new("http://127.0.0.1:9", "/ca.pem")),
            removal: CompletedJobs::Days(3),
            ..JobEnvironment::default()
        };
        let variables = environment.variables(&job());
        for (name, value) in [
            ("SM_SCOPE_VALUE", "run"),
            ("SMIN_SCOPE", "type:string"),
            ("PATH", "/opt/bin"),
            ("HTTPS_PROXY", "http://127.0.0.1:9"),
            ("no_proxy", "127.0.0.1,localhost"),
            ("NODE_EXTRA_CA_CERTS", "/ca.pem"),
            ("NODE_USE_ENV_PROXY", "1"),
            ("JOB_MODE", "task"),
            ("CE_REMOVE_COMPLETED_JOBS", "3d"),
        ] {
            assert_eq!(variables.get(name).map(String::as_str), Some(value), "{name}");
        }
    }

    #[test]
    fn an_image_keeps_its_path_and_the_job_its_own_trust() {
        let environment = JobEnvironment {
            own: map(&[("SSL_CERT_FILE", "/own.pem")]),
            trust: map(&[("SSL_CERT_FILE", "/ca.pem"), ("CURL_CA_BUNDLE", "/ca.pem")]),
            in_image: true,
            ..JobEnvironment::default()
        };
        let variables = environment.variables(&job());
        assert_eq!(variables.get("PATH"), None);
        assert_eq!(variables["SSL_CERT_FILE"], "/own.pem");
        assert_eq!(variables["CURL_CA_BUNDLE"], "/ca.pem");
    }

    #[test]
    fn debug_shows_no_value() {
        let environment = JobEnvironment {
            secrets_manager: map(&[("SM_ACCESS_APIKEY", "hunter2")]),
            own: map(&[("TOKEN", "hunter2")]),
            declared: vec![("SMIN_X".to_owned(), "hunter2".to_owned())],
            network: Some(NetworkVariables::new("http://user:hunter2@127.0.0.1:9", "/ca.pem")),
            ..JobEnvironment::default()
        };
        let text = format!("{environment:?}");
        assert!(text.contains("SM_ACCESS_APIKEY") && !text.contains("hunter2"), "{text}");
    }
}
