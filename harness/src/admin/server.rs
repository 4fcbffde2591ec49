//! The admin API over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Json, Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post, put};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::body::{Asked, Body, Plan, Refused};
use super::command::{
    AlterSecrets, ClockAdvanced, CreateSecret, DeleteVersionData, JobFinished, JobStoppedReport, JournalPage, NoteText, Rotate,
    SeedCredential, Snapshotted, TaskIds, TaskList, Tokens, Welcome,
};
use super::job_exports;
use super::routes::OPENAPI;
use crate::cloud::{Cloud, CloudError, SecretOrder, ports};
use crate::contract::{SecretId, TaskId};
use crate::engine::{EngineError, JobStopped, Knobs, Overrides};
use crate::fault::FaultPlan;
use crate::journal::{EventKind, JobRef};
use crate::stage::StageSetup;

/// Events that a page of the journal holds at most.
const PAGE: usize = 1000;

/// The admin API of one cloud, listening.
pub struct AdminServer {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

/// The admin API could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("opening the admin API on {address}: {source}; choose another port or end the program that uses it")]
pub struct AdminListenError {
    address: SocketAddr,
    source: std::io::Error,
}

impl AdminServer {
    /// Opens the admin API of `cloud` on `address`; port 0 takes a free one. Serves on `runtime`.
    pub async fn open(
        cloud: Arc<Cloud>,
        token: SecretString,
        address: SocketAddr,
        runtime: &tokio::runtime::Handle,
    ) -> Result<Self, AdminListenError> {
        let failed = |source| AdminListenError { address, source };
        let std_listener = ports::listening(address, std::net::TcpListener::bind).map_err(failed)?;
        std_listener.set_nonblocking(true).map_err(failed)?;
        let address = std_listener.local_addr().map_err(failed)?;
        let (stop, stopped) = oneshot::channel();
        let serving = runtime.spawn(async move {
            let Ok(listener) = TcpListener::from_std(std_listener) else { return };
            let service = router(cloud, token).into_make_service();
            // An error of accept ends the API; the suite then fails to reach it and says so.
            axum::serve(listener, service).with_graceful_shutdown(async { drop(stopped.await) }).await.ok();
        });
        // Awaited so that a caller's runtime and ours agree that the task runs.
        tokio::task::yield_now().await;
        Ok(Self { address, stop: Some(stop), serving })
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it. Streams that are still open are cut.
    pub async fn close(mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        self.serving.abort();
        self.serving.await.ok();
    }
}

#[derive(Clone)]
struct Guard {
    cloud: Arc<Cloud>,
    token: Arc<SecretString>,
}

/// Returns the router of [`super::ROUTES`].
fn router(cloud: Arc<Cloud>, token: SecretString) -> Router {
    let guard = Guard { cloud: cloud.clone(), token: Arc::new(token) };
    let mut router = Router::new();
    for route in super::ROUTES {
        if let Some(method) = method_router(route.method, route.path) {
            router = router.route(route.path, method);
        }
    }
    // The logs of a talkative job are larger than axum's limit, and are bounded already. Only who has the token gets as far as a body.
    router
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(guard, authorise))
        .with_state(cloud)
}

async fn no_route(method: Method, uri: Uri) -> Refused {
    Refused::new(StatusCode::NOT_FOUND, format!("there is no {method} {}; GET /admin/v1/openapi.json lists every route", uri.path()))
}

async fn no_method(method: Method, uri: Uri) -> Refused {
    let message = format!("{} takes no {method}; GET /admin/v1/openapi.json lists every route", uri.path());
    Refused::new(StatusCode::METHOD_NOT_ALLOWED, message)
}

/// Returns what serves a route; a test proves that every route of the table is served.
pub(super) fn method_router(method: &str, path: &str) -> Option<MethodRouter<Arc<Cloud>>> {
    Some(match (method, path.strip_prefix("/admin/v1")?) {
        ("get", "") => get(welcome),
        ("get", "/openapi.json") => get(openapi),
        ("post", "/heartbeat") => post(heartbeat),
        ("put", "/stage") => put(set_up),
        ("post", "/reset") => post(reset),
        ("get", "/knobs") => get(knobs),
        ("put", "/knobs") => put(set_knobs),
        ("get", "/faults") => get(faults),
        ("put", "/faults") => put(set_faults),
        ("delete", "/faults") => delete(clear_faults),
        ("put", "/overrides") => put(set_overrides),
        ("put", "/secrets") => put(alter_secrets),
        ("put", "/tokens") => put(tokens),
        ("post", "/custom-credentials") => post(create_secret),
        ("post", "/custom-credentials/{secret}/rotate") => post(rotate),
        ("post", "/custom-credentials/{secret}/delete") => post(delete_secret),
        ("post", "/custom-credentials/{secret}/delete-version-data") => post(delete_version_data),
        ("get", "/tasks") => get(tasks),
        ("post", "/tasks/{task}/cancel") => post(cancel),
        ("post", "/tasks/{task}/expire") => post(expire),
        ("post", "/tasks/{task}/rerun") => post(rerun),
        ("post", "/tasks/{task}/repeat-deletion") => post(repeat_deletion),
        ("post", "/jobs/claim") => post(claim),
        ("post", "/jobs/started") => post(job_started),
        ("post", "/jobs/ended") => post(job_ended),
        ("post", "/clock/advance") => post(advance),
        ("post", "/notes") => post(note),
        ("get", "/journal") => get(journal),
        ("get", "/journal/stream") => get(journal_stream),
        ("get", "/ledger") => get(ledger),
        ("get", "/snapshot") => get(snapshot),
        ("post", "/third-parties/{name}/credentials") => post(seed_credential),
        ("delete", "/third-parties/{name}/credentials/{credential}") => delete(revoke_silently),
        _ => return None,
    })
}

async fn authorise(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let given =
        request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    let right = given.is_some_and(|given| same(given, guard.token.expose_secret()));
    if right {
        return next.run(request).await;
    }
    guard.cloud.admin_refused(request.method().as_str(), request.uri().path());
    let message = "the admin API needs the run's bearer token; a job never gets it, and its call is a finding";
    ([(header::WWW_AUTHENTICATE, "Bearer")], Refused::new(StatusCode::UNAUTHORIZED, message)).into_response()
}

/// Compares digests, so that the time says nothing about the token.
fn same(given: &str, token: &str) -> bool {
    Sha256::digest(given) == Sha256::digest(token)
}

impl IntoResponse for CloudError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Setup(_) | Self::Plan(_) | Self::Misplaced(_) | Self::Unfit { .. } | Self::Real(_) => StatusCode::BAD_REQUEST,
            Self::Service(_) => StatusCode::BAD_GATEWAY,
            Self::Empty | Self::Engine(EngineError::TaskFinal(_) | EngineError::Unfinished(_)) => StatusCode::CONFLICT,
            Self::NoCredential { .. } | Self::Engine(_) => StatusCode::NOT_FOUND,
        };
        Refused::new(status, self.to_string()).into_response()
    }
}

type Admin = State<Arc<Cloud>>;
type Answer<T> = Result<Json<T>, CloudError>;
type Done = Result<StatusCode, CloudError>;

async fn welcome(State(cloud): Admin) -> Json<Welcome> {
    Json(Welcome { name: "hallmark".into(), version: env!("CARGO_PKG_VERSION").into(), set_up: cloud.is_set_up() })
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}

async fn heartbeat(State(cloud): Admin) -> StatusCode {
    cloud.heartbeat();
    StatusCode::NO_CONTENT
}

async fn set_up(State(cloud): Admin, Body(setup): Body<StageSetup>) -> Answer<crate::stage::StageAddresses> {
    Ok(Json(cloud.set_up(setup).await?))
}

async fn reset(State(cloud): Admin) -> Answer<crate::stage::StageAddresses> {
    Ok(Json(cloud.reset().await?))
}

async fn knobs(State(cloud): Admin) -> Answer<Knobs> {
    Ok(Json(cloud.knobs()?))
}

async fn set_knobs(State(cloud): Admin, Body(knobs): Body<Knobs>) -> Done {
    cloud.set_knobs(knobs)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn faults(State(cloud): Admin) -> Answer<FaultPlan> {
    Ok(Json(cloud.faults()?))
}

async fn set_faults(State(cloud): Admin, Plan(plan): Plan) -> Done {
    cloud.set_faults(plan).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn clear_faults(State(cloud): Admin) -> Done {
    cloud.set_faults(FaultPlan::default()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_overrides(State(cloud): Admin, Body(overrides): Body<Overrides>) -> Done {
    cloud.set_overrides(overrides)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn alter_secrets(State(cloud): Admin, Body(order): Body<AlterSecrets>) -> Done {
    cloud.alter_secrets(order.alteration)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn tokens(State(cloud): Admin, Body(order): Body<Tokens>) -> Done {
    match order {
        Tokens::Expire => cloud.expire_tokens()?,
        Tokens::RevokeAccessKey => cloud.revoke_access_key()?,
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn create_secret(State(cloud): Admin, Body(order): Body<CreateSecret>) -> Answer<SecretId> {
    let order = SecretOrder {
        name: order.name,
        parameters: order.parameters,
        ttl: order.ttl_seconds.map(Duration::from_secs),
        rotation: order.rotation_seconds.map(Duration::from_secs),
    };
    Ok(Json(cloud.create_secret(order)?))
}

async fn rotate(State(cloud): Admin, Path(secret): Path<SecretId>, Body(order): Body<Rotate>) -> Answer<TaskIds> {
    let task = cloud.with_engine(|engine| engine.rotate(&secret, order.trigger))??;
    Ok(Json(TaskIds { tasks: vec![task] }))
}

async fn delete_secret(State(cloud): Admin, Path(secret): Path<SecretId>) -> Answer<TaskIds> {
    let tasks = cloud.with_engine(|engine| engine.delete_secret(&secret))??;
    Ok(Json(TaskIds { tasks }))
}

async fn delete_version_data(State(cloud): Admin, Path(secret): Path<SecretId>, Body(order): Body<DeleteVersionData>) -> Answer<TaskIds> {
    let task = cloud.with_engine(|engine| engine.delete_version_data(&secret, &order.version))??;
    Ok(Json(TaskIds { tasks: vec![task] }))
}

async fn tasks(State(cloud): Admin) -> Answer<TaskList> {
    let tasks = cloud.with_engine(|engine| engine.tasks().map(|task| task.wire(engine.service())).collect())?;
    Ok(Json(TaskList { tasks }))
}

async fn cancel(State(cloud): Admin, Path(task): Path<TaskId>) -> Done {
    cloud.with_engine(|engine| engine.cancel(&task))??;
    Ok(StatusCode::NO_CONTENT)
}

async fn expire(State(cloud): Admin, Path(task): Path<TaskId>) -> Done {
    cloud.with_engine(|engine| engine.expire(&task))??;
    Ok(StatusCode::NO_CONTENT)
}

async fn rerun(State(cloud): Admin, Path(task): Path<TaskId>) -> Done {
    cloud.with_engine(|engine| engine.rerun(&task))??;
    Ok(StatusCode::NO_CONTENT)
}

async fn repeat_deletion(State(cloud): Admin, Path(task): Path<TaskId>) -> Answer<TaskIds> {
    Ok(Json(TaskIds { tasks: vec![cloud.repeat_deletion(&task)?] }))
}

async fn claim(State(cloud): Admin, headers: HeaderMap) -> Result<Response, CloudError> {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Ok(match cloud.claim()? {
        Some(request) if accepted.starts_with("text/plain") => job_exports(&request).into_response(),
        Some(request) => Json(request).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

async fn job_started(State(cloud): Admin, Body(job): Body<JobRef>) -> Done {
    cloud.job_started(&job).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn job_ended(State(cloud): Admin, Body(finished): Body<JobFinished>) -> Answer<JobStoppedReport> {
    let JobFinished { job, outcome, lines } = finished;
    let logs = lines.into_iter().map(|line| EventKind::JobLog { job: job.clone(), stream: line.stream, line: line.line });
    let events = logs.chain([EventKind::JobEnded { job: job.clone(), outcome }]).collect();
    let stopped = cloud.job_ended(&job, events).await?;
    Ok(Json(JobStoppedReport { reported: stopped == JobStopped::Reported }))
}

async fn advance(State(cloud): Admin, Body(order): Body<ClockAdvanced>) -> Answer<ClockAdvanced> {
    let left = cloud.advance(order.into())?;
    Ok(Json(left.into()))
}

async fn note(State(cloud): Admin, Body(note): Body<NoteText>) -> Done {
    cloud.journal()?.append(EventKind::Note { text: note.text });
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct From {
    #[serde(default)]
    from: u64,
    limit: Option<usize>,
}

async fn journal(State(cloud): Admin, Asked(query): Asked<From>) -> Answer<JournalPage> {
    let events = cloud.journal()?.read(query.from, query.limit.unwrap_or(PAGE).min(PAGE));
    let next = events.last().map_or(query.from, |event| event.id + 1);
    Ok(Json(JournalPage { events: events.iter().map(|event| (**event).clone()).collect(), next }))
}

async fn journal_stream(State(cloud): Admin, Asked(query): Asked<From>) -> Result<Response, CloudError> {
    let journal = cloud.journal()?;
    let lines = futures::stream::unfold((journal, query.from), |(journal, from)| async move {
        journal.grown_beyond(from).await;
        let events = journal.read(from, PAGE);
        let next = events.last().map_or(from, |event| event.id + 1);
        let text: String = events.iter().filter_map(|event| serde_json::to_string(&**event).ok()).map(|line| line + "\n").collect();
        Some((Ok::<_, std::convert::Infallible>(text), (journal, next)))
    });
    let body = axum::body::Body::from_stream(lines);
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

async fn ledger(State(cloud): Admin) -> Answer<Vec<crate::cloud::third_party::LedgerEntry>> {
    Ok(Json(cloud.ledger()?))
}

async fn snapshot(State(cloud): Admin) -> Answer<Snapshotted> {
    let (snapshot, named_secrets) = cloud.snapshot().await?;
    Ok(Json(Snapshotted { snapshot, named_secrets }))
}

async fn seed_credential(State(cloud): Admin, Path(name): Path<String>) -> Answer<SeedCredential> {
    Ok(Json(SeedCredential { credential: cloud.seed_credential(&name)? }))
}

async fn revoke_silently(State(cloud): Admin, Path((name, credential)): Path<(String, String)>) -> Done {
    cloud.revoke_silently(&name, &credential).await?;
    Ok(StatusCode::NO_CONTENT)
}
