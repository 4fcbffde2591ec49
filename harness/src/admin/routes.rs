//! The routes, in one table: the router is made from it, and a test holds the OpenAPI file against it.

/// The OpenAPI description of the admin API.
pub const OPENAPI: &str = include_str!("openapi.json");

/// One route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Method.
    pub method: &'static str,
    /// Path with parameters in braces.
    pub path: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
}

const fn route(method: &'static str, path: &'static str, summary: &'static str) -> Route {
    Route { method, path, summary }
}

/// Every route.
pub const ROUTES: &[Route] = &[
    route("get", "/admin/v1", "Says what this is."),
    route("get", "/admin/v1/openapi.json", "Returns this description."),
    route("post", "/admin/v1/heartbeat", "Says that whoever drives the cloud is still there; one in a container ends without."),
    route("put", "/admin/v1/stage", "Sets the cloud up, replacing everything; answers the addresses."),
    route("post", "/admin/v1/reset", "Sets the cloud up as before, with everything that happened gone."),
    route("get", "/admin/v1/knobs", "Returns the choices where the documentation is silent."),
    route("put", "/admin/v1/knobs", "Replaces them."),
    route("get", "/admin/v1/faults", "Returns the fault plan."),
    route("put", "/admin/v1/faults", "Replaces the fault plan; calls are counted anew."),
    route("delete", "/admin/v1/faults", "Ends all faults."),
    route("put", "/admin/v1/overrides", "Changes the variables of the job runs that follow."),
    route("put", "/admin/v1/secrets", "Changes the secrets that inputs name: missing, forbidden, ..."),
    route("put", "/admin/v1/tokens", "Expires IAM tokens, or revokes the access key."),
    route("post", "/admin/v1/custom-credentials", "Creates a custom-credentials secret: a create task is queued."),
    route("post", "/admin/v1/custom-credentials/{secret}/rotate", "Asks for a new version."),
    route("post", "/admin/v1/custom-credentials/{secret}/delete", "Deletes the secret: delete tasks are queued."),
    route("post", "/admin/v1/custom-credentials/{secret}/delete-version-data", "Deletes the data of one version."),
    route("get", "/admin/v1/tasks", "Lists all tasks."),
    route("post", "/admin/v1/tasks/{task}/cancel", "Cancels a task."),
    route("post", "/admin/v1/tasks/{task}/expire", "Moves the clock past the task's time-out."),
    route("post", "/admin/v1/tasks/{task}/rerun", "Queues the task's job again, as Code Engine's own retry does."),
    route("post", "/admin/v1/tasks/{task}/repeat-deletion", "Queues a new delete task for the same version."),
    route("post", "/admin/v1/jobs/claim", "Takes the next job run; 204 when there is none."),
    route("post", "/admin/v1/jobs/started", "Says that a job run has started."),
    route("post", "/admin/v1/jobs/ended", "Says that a job run has ended, with its output."),
    route("post", "/admin/v1/clock/advance", "Moves the virtual clock ahead, up to the next job run."),
    route("post", "/admin/v1/notes", "Puts a note into the journal."),
    route("get", "/admin/v1/journal", "Returns events: ?from=ID&limit=N."),
    route("get", "/admin/v1/journal/stream", "Streams events as they come, one JSON object a line: ?from=ID."),
    route("get", "/admin/v1/ledger", "Returns every credential that third parties issued."),
    route("get", "/admin/v1/snapshot", "Returns the world as it is, once no request is in flight."),
    route("post", "/admin/v1/third-parties/{name}/credentials", "Puts somebody else's credential there."),
    route("delete", "/admin/v1/third-parties/{name}/credentials/{credential}", "Takes a credential away, outside any job."),
];
