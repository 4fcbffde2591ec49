//! The Secrets Manager v2 API as contract and SDKs have it, over real sockets with literal bodies.

use hallmark_harness::admin::Tokens;
use hallmark_harness::cloud::iam::Role;
use hallmark_harness::contract::{OutputSpec, Trigger, ValueType};
use hallmark_harness::engine::{IdenticalUpdate, Knobs};
use hallmark_harness::stage::StageSetup;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fake::{Fake, Job, setup_with, token};

const CREATED: &str = r#"{"status":"credentials_created","credentials":{"id":"token-17","payload":{"token":"s3cr3t-value","port":443}}}"#;
const DELETED: &str = r#"{"status":"credentials_deleted"}"#;
const FAILED: &str = r#"{"status":"failed","errors":[{"code":"ERR10001","description":"The token could not be created."}]}"#;

/// What most jobs have.
const USUAL: [Role; 2] = [Role::SecretTaskUpdater, Role::SecretsReader];

async fn job(setup: &StageSetup) -> (Fake, Job) {
    let (fake, addresses) = Fake::with(setup).await;
    let request = fake.created_job().await;
    let job = Job::log_in(&fake, &addresses, request).await;
    (fake, job)
}

fn assert_error(answer: &(u16, Value), status: u16, code: &str) {
    let (given, body) = answer;
    assert_eq!((*given, body["errors"][0]["code"].as_str()), (status, Some(code)), "{body}");
    assert_eq!(body["status_code"], status);
    assert!(body["errors"][0]["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    let trace = body["trace"].as_str().expect("a trace");
    assert!(trace.len() == 36 && trace.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-')), "{trace}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_from_queued_to_created() {
    let (_fake, job) = job(&setup_with(&USUAL)).await;
    let (status, before) = job.call(Method::GET, &job.task_url()).await;
    let variables = &job.request.variables;
    assert_eq!((status, &before["status"]), (200, &json!("processing")));
    for field in ["id", "created_by", "creation_date", "last_update_date", "updated_by", "type", "status", "trigger", "secret_id"] {
        assert!(before[field].is_string(), "{field} in {before}");
    }
    assert_eq!((&before["type"], &before["trigger"]), (&json!("create_credentials"), &json!("secret_creation")));
    assert_eq!(before["id"], variables["SM_SECRET_TASK_ID"].as_str());
    let date = before["creation_date"].as_str().expect("a date");
    assert!(date.ends_with('Z') && date.contains('.'), "RFC 3339 with fractions: {date}");

    let (status, secret) = job.call(Method::GET, &job.secret_url).await;
    assert_eq!((status, &secret["state_description"], &secret["state"]), (200, &json!("pre_activation"), &json!(0)));
    let (status, updated) = job.update(CREATED).await;
    assert_eq!((status, &updated["status"]), (200, &json!("credentials_created")), "{updated}");
    assert_ne!(updated["updated_by"], updated["created_by"], "the provider's service id updated it");

    let (_, listed) = job.call(Method::GET, &format!("{}/tasks", job.secret_url)).await;
    assert_eq!(listed, json!({ "tasks": [updated] }));
    let (_, secret) = job.call(Method::GET, &job.secret_url).await;
    assert_eq!(secret["secret_type"], "custom_credentials");
    assert_eq!((&secret["state_description"], &secret["state"]), (&json!("active"), &json!(1)));
    assert_eq!(secret["credentials_content"], json!({ "token": "s3cr3t-value", "port": 443 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_task_shows_its_errors_and_the_secret_is_deactivated() {
    let (_fake, job) = job(&setup_with(&USUAL)).await;
    let (status, task) = job.update(FAILED).await;
    assert_eq!((status, &task["status"]), (200, &json!("failed")));
    assert_eq!(task["errors"], json!([{ "code": "ERR10001", "description": "The token could not be created." }]));
    let (_, secret) = job.call(Method::GET, &job.secret_url).await;
    assert_eq!((&secret["state_description"], &secret["state"]), (&json!("deactivated"), &json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_that_was_reported_comes_back_with_the_deletion() {
    let (fake, addresses) = Fake::with(&setup_with(&USUAL)).await;
    let create = Job::log_in(&fake, &addresses, fake.created_job().await).await;
    assert_eq!(create.update(DELETED).await.0, 400, "a creation cannot be reported deleted");
    assert_eq!(create.update(CREATED).await.0, 200);
    let secret = create.request.variables["SM_SECRET_ID"].as_str().into();
    fake.admin.delete_secret(&secret).await.expect("the secret can be deleted");
    let delete = Job::log_in(&fake, &addresses, fake.started_job().await).await;
    let variables = &delete.request.variables;
    assert_eq!((variables["SM_ACTION"].as_str(), variables["SM_CREDENTIALS_ID"].as_str()), ("delete_credentials", "token-17"));
    assert!(variables.contains_key("SM_SECRET_VERSION_ID"));
    assert!(!create.request.variables.contains_key("SM_CREDENTIALS_ID"), "only for deletions");
    assert_eq!(delete.update(CREATED).await.0, 400, "a deletion cannot be reported created");
    let (status, task) = delete.update(DELETED).await;
    assert_eq!((status, &task["status"]), (200, &json!("credentials_deleted")));
    let (_, secret) = delete.call(Method::GET, &delete.secret_url).await;
    assert_eq!((&secret["state_description"], &secret["credentials_content"]), (&json!("destroyed"), &json!({})));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_may_what_the_documentation_lists() {
    // List tasks, read one, read the secret, update the task, cancel it: in this order, as the last two change something.
    let table = [
        (Role::SecretTaskUpdater, [403, 403, 403, 200, 403]),
        (Role::SecretsReader, [200, 200, 200, 403, 403]),
        (Role::Reader, [200, 200, 403, 403, 403]),
        (Role::Writer, [200, 200, 200, 403, 403]),
        (Role::Manager, [200, 200, 200, 403, 204]),
    ];
    for (role, expected) in table {
        let (_fake, job) = job(&setup_with(&[role])).await;
        let seen = [
            job.call(Method::GET, &format!("{}/tasks", job.secret_url)).await,
            job.call(Method::GET, &job.task_url()).await,
            job.call(Method::GET, &job.secret_url).await,
            job.update(CREATED).await,
            job.call(Method::DELETE, &job.task_url()).await,
        ];
        assert_eq!(seen.each_ref().map(|(status, _)| *status), expected, "{role:?}");
        seen.iter().filter(|(status, _)| *status == 403).for_each(|answer| assert_error(answer, 403, "forbidden"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_without_a_token_that_lives() {
    let (fake, addresses) = Fake::with(&setup_with(&USUAL)).await;
    let request = fake.created_job().await;
    let key = request.variables["SM_ACCESS_APIKEY"].clone();
    let job = Job::log_in(&fake, &addresses, request).await;
    let bare = fake.http.get(job.task_url()).send().await.expect("it answers");
    assert!(bare.headers()["www-authenticate"].to_str().expect("text").starts_with("Bearer"));
    assert_error(&crate::fake::read(bare).await, 401, "unauthorized");
    let foreign = fake.http.get(job.task_url()).bearer_auth("made.up.token").send().await.expect("it answers");
    assert_error(&crate::fake::read(foreign).await, 401, "unauthorized");

    fake.admin.set_tokens(Tokens::Expire).await.expect("tokens can expire");
    let expired = job.answer(Method::GET, &job.task_url()).await;
    assert!(expired.headers().contains_key("www-authenticate"));
    assert_error(&crate::fake::read(expired).await, 401, "unauthorized");
    assert_eq!(token(&fake, &addresses, &key).await.0, 200, "a new token for the same key");

    fake.admin.set_tokens(Tokens::RevokeAccessKey).await.expect("the key can be revoked");
    for (case, key) in [("revoked", key.as_str()), ("unknown", "no-such-key")] {
        let (status, body) = token(&fake, &addresses, key).await;
        assert_eq!((status, &body["errorCode"]), (400, &json!("BXNIM0415E")), "{case}");
        assert_eq!(body["errorMessage"], "Provided API key could not be found.", "{case}");
        assert_eq!(body["context"]["requestType"], "incoming.Identity_Token", "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_answer_has_what_the_sdks_read() {
    let (fake, addresses) = Fake::with(&setup_with(&USUAL)).await;
    let request = fake.created_job().await;
    let (status, body) = token(&fake, &addresses, &request.variables["SM_ACCESS_APIKEY"]).await;
    assert_eq!((status, &body["token_type"], &body["expires_in"]), (200, &json!("Bearer"), &json!(3600)));
    assert_eq!(body["refresh_token"], "not_supported");
    assert!(body["expiration"].is_u64() && body["scope"] == "ibm openid", "{body}");
    let parts: Vec<&str> = body["access_token"].as_str().expect("a token").split('.').collect();
    assert_eq!(parts.len(), 3, "a JWT");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_404_and_the_wrong_method_405() {
    let (_fake, job) = job(&setup_with(&[Role::SecretTaskUpdater, Role::SecretsReader, Role::Manager])).await;
    let other = "00000000-0000-4000-8000-000000000000";
    let task = format!("{}/tasks/sm-task-{other}", job.secret_url);
    assert_error(&job.call(Method::GET, &task).await, 404, "not_found");
    assert_error(&job.call(Method::DELETE, &task).await, 404, "not_found");
    let elsewhere = job.secret_url.replace(&job.request.variables["SM_SECRET_ID"], other);
    assert_error(&job.call(Method::GET, &elsewhere).await, 404, "not_found");
    assert_error(&job.call(Method::GET, &format!("{elsewhere}/tasks")).await, 404, "not_found");
    assert_error(&job.call(Method::GET, &format!("{}/nothing", job.secret_url)).await, 404, "not_found");
    // A page of the documentation says POST; SDKs, CLI and Terraform say GET.
    assert_error(&job.call(Method::POST, &format!("{}/tasks", job.secret_url)).await, 405, "method_not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn correlation_ids_come_back() {
    let (fake, job) = job(&setup_with(&USUAL)).await;
    let asked = fake.http.get(job.task_url()).header("X-Correlation-ID", "abc-123").header("X-Request-ID", "r-1");
    let answer = asked.send().await.expect("it answers");
    assert_eq!(answer.headers()["x-correlation-id"], "abc-123");
    assert_eq!(answer.headers()["x-request-id"], "r-1");
    let answer = job.answer(Method::GET, &job.task_url()).await;
    assert_eq!(answer.headers()["x-correlation-id"].len(), 36, "made where none was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_the_shape_is_refused_and_changes_nothing() {
    let (_fake, job) = job(&setup_with(&USUAL)).await;
    let error = r#"{"code":"E1","description":"No."}"#;
    let errors = |count: usize| format!(r#"{{"status":"failed","errors":[{}]}}"#, vec![error; count].join(","));
    let wrong = [
        "",
        "not json",
        r#"["status"]"#,
        r#"{"credentials":{}}"#,
        r#"{"status":"succeeded"}"#,
        r#"{"status":"credentials_created"}"#,
        r#"{"status":"credentials_created","credentials":{"payload":{"token":"x"}}}"#,
        r#"{"status":"credentials_created","credentials":{"id":17,"payload":{"token":"x"}}}"#,
        r#"{"status":"credentials_created","credentials":{"id":"i"}}"#,
        r#"{"status":"credentials_created","credentials":{"id":"i","payload":{"token":{"deep":"x"}}}}"#,
        r#"{"status":"credentials_created","credentials":{"id":"i","payload":{"token":["x"]}}}"#,
        r#"{"status":"credentials_created","credentials":{"id":"i","payload":{"token":null}}}"#,
        r#"{"status":"failed"}"#,
        r#"{"status":"failed","errors":[{"code":"E1"}]}"#,
        r#"{"status":"failed","errors":[{"code":"","description":"No."}]}"#,
        r#"{"status":"failed","errors":[{"code":"E1","description":7}]}"#,
        &errors(0),
        &errors(11),
    ];
    for body in wrong {
        assert_error(&job.update(body).await, 400, "bad_request");
    }
    assert_error(&job.update_as("text/plain", CREATED).await, 400, "bad_request");
    let (_, task) = job.call(Method::GET, &job.task_url()).await;
    assert_eq!(task["status"], "processing");
    let (status, task) = job.update(&errors(10)).await;
    assert_eq!((status, task["errors"].as_array().map(Vec::len)), (200, Some(10)), "ten are allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_final_task_takes_no_update() {
    let (fake, job) = job(&setup_with(&[Role::SecretTaskUpdater, Role::SecretsReader, Role::Manager])).await;
    assert_eq!(job.update(CREATED).await.0, 200);
    assert_error(&job.update(FAILED).await, 400, "task_final");
    assert_error(&job.update(CREATED).await, 400, "task_final");
    assert_eq!(job.call(Method::DELETE, &job.task_url()).await.0, 400, "nor can it be cancelled");
    for status in [409, 412] {
        fake.admin.set_knobs(&Knobs { final_task_status: status, ..Knobs::default() }).await.expect("knobs turn");
        assert_error(&job.update(FAILED).await, status, "task_final");
    }
    fake.admin.set_knobs(&Knobs { identical_update: IdenticalUpdate::Accepted, ..Knobs::default() }).await.expect("knobs turn");
    let (status, task) = job.update(CREATED).await;
    assert_eq!((status, &task["status"]), (200, &json!("credentials_created")), "the same again");
    assert_error(&job.update(&CREATED.replace("token-17", "token-18")).await, 400, "task_final");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_task_is_gone() {
    let (fake, job) = job(&setup_with(&[Role::SecretTaskUpdater, Role::Manager])).await;
    assert_eq!(job.call(Method::DELETE, &job.task_url()).await, (204, Value::Null));
    assert_error(&job.update(CREATED).await, 404, "not_found");
    assert_error(&job.call(Method::GET, &job.task_url()).await, 404, "not_found");
    fake.admin.set_knobs(&Knobs { cancelled_task_status: 400, ..Knobs::default() }).await.expect("knobs turn");
    assert_eq!(job.update(CREATED).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_times_out_has_failed_and_takes_no_late_update() {
    let (fake, job) = job(&setup_with(&USUAL)).await;
    fake.admin.expire(&job.request.job.task).await.expect("the clock can be moved");
    let (_, task) = job.call(Method::GET, &job.task_url()).await;
    assert_eq!((&task["status"], &task["errors"][0]["code"]), (&json!("failed"), &json!("task_timeout")));
    assert_error(&job.update(CREATED).await, 400, "task_final");
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_are_held_against_the_outputs_only_when_the_knob_says_so() {
    let output = |name: &str, value_type, required| OutputSpec { name: name.into(), value_type, required, public: false, equals: None };
    let outputs = vec![output("token", ValueType::String, true), output("port", ValueType::Integer, false)];
    let loose = StageSetup { outputs, ..setup_with(&USUAL) };
    let strict = StageSetup { knobs: Knobs { validate_payload: true, ..Knobs::default() }, ..loose.clone() };
    let undeclared = r#"{"status":"credentials_created","credentials":{"id":"i","payload":{"other":"x"}}}"#;
    let other_type = r#"{"status":"credentials_created","credentials":{"id":"i","payload":{"token":"x","port":"443"}}}"#;
    for body in [undeclared, other_type] {
        assert_eq!(job(&loose).await.1.update(body).await.0, 200, "{body}");
        assert_error(&job(&strict).await.1.update(body).await, 400, "bad_request");
    }
    assert_eq!(job(&strict).await.1.update(CREATED).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_holds_a_hundred_tasks_newest_first() {
    let (fake, addresses) = Fake::with(&setup_with(&USUAL)).await;
    let job = Job::log_in(&fake, &addresses, fake.created_job().await).await;
    assert_eq!(job.update(CREATED).await.0, 200);
    let secret = job.request.variables["SM_SECRET_ID"].as_str().into();
    let mut last = String::new();
    for _ in 0..101 {
        fake.admin.rotate(&secret, Trigger::ManualSecretRotation).await.expect("it rotates");
        let request = fake.started_job().await;
        last.clone_from(&request.job.task.0);
        let rotation = job.next(request);
        assert_eq!(rotation.update(FAILED).await.0, 200);
    }
    let (_, listed) = job.call(Method::GET, &format!("{}/tasks", job.secret_url)).await;
    let tasks = listed["tasks"].as_array().expect("a list");
    assert_eq!((tasks.len(), tasks[0]["id"].as_str()), (100, Some(last.as_str())));
    fake.admin.set_knobs(&Knobs { newest_task_first: false, ..Knobs::default() }).await.expect("knobs turn");
    let (_, listed) = job.call(Method::GET, &format!("{}/tasks", job.secret_url)).await;
    assert_eq!(listed["tasks"][99]["id"], last.as_str());
}
