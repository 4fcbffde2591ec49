//! What the tests share: a fake cloud with its admin API open, and raw HTTP with literal bodies.

use std::net::SocketAddr;
use std::sync::Arc;

use hallmark_harness::admin::{AdminClient, AdminServer, CreateSecret};
use hallmark_harness::cloud::certificates::Authority;
use hallmark_harness::cloud::iam::{Role, TokenSigner};
use hallmark_harness::cloud::{Cloud, random_token};
use hallmark_harness::engine::JobRequest;
use hallmark_harness::journal::EventKind;
use hallmark_harness::stage::{AccountSetup, StageAddresses, StageSetup};
use reqwest::{Method, Response};
use secrecy::ExposeSecret as _;
use serde_json::Value;

/// A fake cloud with its admin API open on a port of its own.
pub(crate) struct Fake {
    /// The admin API as the suite uses it.
    pub(crate) admin: AdminClient,
    /// `http://127.0.0.1:PORT/admin/v1`.
    pub(crate) admin_url: String,
    /// Its token.
    pub(crate) token: String,
    /// A client without any proxy.
    pub(crate) http: reqwest::Client,
    _server: AdminServer,
}

impl Fake {
    /// Starts one with nothing in it.
    pub(crate) async fn empty() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let authority = Arc::new(Authority::new().expect("an authority can be made"));
        let signer = Arc::new(TokenSigner::new().expect("a signer can be made"));
        let runtime = tokio::runtime::Handle::current();
        let cloud = Cloud::new(authority, signer, runtime.clone());
        let token = random_token().expect("the system has randomness");
        let server =
            AdminServer::open(cloud, token.clone(), SocketAddr::from(([127, 0, 0, 1], 0)), &runtime).await.expect("a free port is there");
        let base = format!("http://{}", server.address());
        Self {
            admin: AdminClient::new(&base, token.clone()).expect("a client can be made"),
            admin_url: format!("{base}/admin/v1"),
            token: token.expose_secret().to_owned(),
            http: reqwest::Client::builder().no_proxy().build().expect("a client can be made"),
            _server: server,
        }
    }

    /// Starts one and sets it up.
    pub(crate) async fn with(setup: &StageSetup) -> (Self, StageAddresses) {
        let fake = Self::empty().await;
        let addresses = fake.admin.set_up(setup).await.expect("the set-up is right");
        (fake, addresses)
    }

    /// Calls the admin API with its token.
    pub(crate) async fn admin_call(&self, method: Method, path: &str, content_type: &str, body: &str) -> (u16, Value) {
        let request = self.http.request(method, format!("{}{path}", self.admin_url)).bearer_auth(&self.token);
        let response = request.header("content-type", content_type).body(body.to_owned()).send().await.expect("the admin API answers");
        read(response).await
    }

    /// Creates a secret and takes its create job, which starts.
    pub(crate) async fn created_job(&self) -> JobRequest {
        self.admin.create_secret(&CreateSecret::default()).await.expect("a secret can be created");
        self.started_job().await
    }

    /// Takes the next job, which starts.
    pub(crate) async fn started_job(&self) -> JobRequest {
        let request = self.admin.claim().await.expect("jobs can be claimed").expect("a job is asked for");
        self.admin.job_started(&request.job).await.expect("a job can start");
        request
    }

    /// Counts the events that `matching` finds in the journal.
    pub(crate) async fn journalled(&self, matching: impl Fn(&EventKind) -> bool) -> usize {
        let events = self.admin.journal().await.expect("the journal can be read");
        events.iter().filter(|event| matching(&event.kind)).count()
    }
}

/// Secrets Manager as a provider's job reaches it.
pub(crate) struct Job {
    /// What the job was given.
    pub(crate) request: JobRequest,
    /// `<SM_INSTANCE_URL>/api/v2/secrets/<SM_SECRET_ID>`.
    pub(crate) secret_url: String,
    bearer: String,
    http: reqwest::Client,
}

impl Job {
    /// Logs in with the job's access key.
    pub(crate) async fn log_in(fake: &Fake, addresses: &StageAddresses, request: JobRequest) -> Self {
        let (status, body) = token(fake, addresses, &request.variables["SM_ACCESS_APIKEY"]).await;
        assert_eq!(status, 200, "{body}");
        let bearer = body["access_token"].as_str().expect("a token").to_owned();
        let secret_url = format!("{}/api/v2/secrets/{}", request.variables["SM_INSTANCE_URL"], request.variables["SM_SECRET_ID"]);
        Self { request, secret_url, bearer, http: fake.http.clone() }
    }

    /// Returns a later job of the same secret with the same token.
    pub(crate) fn next(&self, request: JobRequest) -> Self {
        Self { request, secret_url: self.secret_url.clone(), bearer: self.bearer.clone(), http: self.http.clone() }
    }

    /// Returns the URL of the job's task.
    pub(crate) fn task_url(&self) -> String {
        format!("{}/tasks/{}", self.secret_url, self.request.variables["SM_SECRET_TASK_ID"])
    }

    /// Calls with the job's token.
    pub(crate) async fn call(&self, method: Method, url: &str) -> (u16, Value) {
        read(self.http.request(method, url).bearer_auth(&self.bearer).send().await.expect("the service answers")).await
    }

    /// Calls with the job's token; returns the whole answer.
    pub(crate) async fn answer(&self, method: Method, url: &str) -> Response {
        self.http.request(method, url).bearer_auth(&self.bearer).send().await.expect("the service answers")
    }

    /// Updates the job's task with a literal body.
    pub(crate) async fn update(&self, body: &str) -> (u16, Value) {
        self.update_as("application/json", body).await
    }

    /// Updates the job's task with a literal body of some content type.
    pub(crate) async fn update_as(&self, content_type: &str, body: &str) -> (u16, Value) {
        let request = self.http.put(self.task_url()).bearer_auth(&self.bearer).header("content-type", content_type);
        read(request.body(body.to_owned()).send().await.expect("the service answers")).await
    }
}

/// Asks IAM for a token.
pub(crate) async fn token(fake: &Fake, addresses: &StageAddresses, key: &str) -> (u16, Value) {
    let form = [("grant_type", "urn:ibm:params:oauth:grant-type:apikey"), ("apikey", key), ("response_type", "cloud_iam")];
    let url = format!("{}/identity/token", addresses.iam_url);
    read(fake.http.post(url).form(&form).send().await.expect("IAM answers")).await
}

/// Returns the status and the JSON body; null when there is none.
pub(crate) async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.expect("the body arrives");
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
    (status, body)
}

/// Returns a set-up whose service id has these roles.
pub(crate) fn setup_with(roles: &[Role]) -> StageSetup {
    StageSetup { account: AccountSetup { roles: roles.iter().copied().collect(), ..AccountSetup::default() }, ..StageSetup::default() }
}
