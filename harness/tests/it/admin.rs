//! The admin API over real sockets: every route is served, none without the token, and refusals say what is wrong.

use std::time::{SystemTime, UNIX_EPOCH};

use hallmark_harness::admin::{CreateSecret, OPENAPI, ROUTES};
use hallmark_harness::journal::EventKind;
use hallmark_harness::stage::{StageSetup, ThirdPartySetup};
use reqwest::Method;
use serde_json::{Value, json};

use crate::fake::{Fake, Job, read, token};

fn setup() -> StageSetup {
    let third_party = ThirdPartySetup::simulated("tokens", "artifactory");
    StageSetup { third_parties: vec![third_party], ..StageSetup::default() }
}

fn method(route: &hallmark_harness::admin::Route) -> Method {
    route.method.to_uppercase().parse().expect("a method")
}

/// Returns the route's path under `/admin/v1` with ids that nothing has.
fn path(route: &hallmark_harness::admin::Route) -> String {
    let path = route.path.strip_prefix("/admin/v1").expect("every route is versioned");
    path.replace("{secret}", "no-secret").replace("{task}", "no-task").replace("{name}", "tokens").replace("{credential}", "none")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_served() {
    let (fake, _) = Fake::with(&setup()).await;
    for route in ROUTES {
        let request = fake.http.request(method(route), format!("{}{}", fake.admin_url, path(route))).bearer_auth(&fake.token);
        let response = request.header("content-type", "application/json").body("{").send().await.expect("the admin API answers");
        if response.status().is_success() {
            continue;
        }
        let (status, body) = read(response).await;
        let error = body["error"].as_str().unwrap_or_else(|| panic!("{route:?} answers {status} {body}"));
        // What the path names is not there, which is not the same as no such route.
        assert!(status != 405 && !error.contains("lists every route"), "{route:?} answers {status} {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_works_without_the_token() {
    let (fake, _) = Fake::with(&setup()).await;
    let before = fake.admin.snapshot().await.expect("a snapshot");
    let knobs = fake.admin.knobs().await.expect("knobs");
    for route in ROUTES {
        for token in [None, Some("wrong"), Some("")] {
            let url = format!("{}{}", fake.admin_url, path(route));
            let mut request = fake.http.request(method(route), url).header("content-type", "application/json").body("{}");
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.expect("the admin API answers");
            assert_eq!(response.headers()["www-authenticate"], "Bearer", "{route:?}");
            let (status, body) = read(response).await;
            assert_eq!(status, 401, "{route:?} with the token {token:?}");
            assert!(body["error"].as_str().is_some_and(|error| error.contains("bearer token")), "{body}");
        }
    }
    assert_eq!(fake.admin.snapshot().await.expect("a snapshot"), before, "nothing has changed");
    assert_eq!(fake.admin.knobs().await.expect("knobs"), knobs);
    assert_eq!(fake.journalled(|event| matches!(event, EventKind::AdminRefused { .. })).await, 3 * ROUTES.len());
    let unknown = fake.http.get(format!("{}/no/such/route", fake.admin_url)).send().await.expect("it answers");
    assert_eq!(unknown.status(), 401, "not even which routes there are");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_never_stands_in_the_journal() {
    let (fake, _) = Fake::with(&setup()).await;
    fake.http.get(format!("{}/knobs", fake.admin_url)).bearer_auth("wrong").send().await.expect("it answers");
    let journal = serde_json::to_string(&fake.admin.journal().await.expect("the journal")).expect("it is JSON");
    assert!(!journal.contains(&fake.token));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_is_refused_in_our_shape() {
    let (fake, _) = Fake::with(&setup()).await;
    let json = "application/json";
    let cases = [
        (Method::PUT, "/knobs", json, "{", 400, "EOF while parsing"),
        (Method::PUT, "/knobs", json, r#"{"final_status":409}"#, 400, "unknown field `final_status`"),
        (Method::PUT, "/knobs", json, r#"{"final_task_status":"many"}"#, 400, "final_task_status"),
        (Method::PUT, "/knobs", "text/html", "{}", 415, "Content-Type"),
        (Method::PUT, "/stage", json, r#"{"sed":1}"#, 400, "unknown field `sed`"),
        (Method::PUT, "/tokens", json, r#""burn""#, 400, "unknown variant `burn`"),
        (Method::POST, "/clock/advance", json, r#"{"seconds":-1}"#, 400, "seconds"),
        (Method::POST, "/custom-credentials", json, r#"{"nam":"x"}"#, 400, "unknown field `nam`"),
        (Method::POST, "/notes", json, "[]", 400, "POST /admin/v1/notes"),
        (Method::GET, "/journal?from=first", json, "", 400, "from"),
    ];
    for (method, path, content_type, body, status, reason) in cases {
        let (given, answer) = fake.admin_call(method, path, content_type, body).await;
        let error = answer["error"].as_str().unwrap_or_else(|| panic!("{path}: {answer}"));
        assert_eq!(given, status, "{path} {body}: {error}");
        assert!(error.contains(reason), "{path} {body}: {error}");
    }
    let (status, answer) = fake.admin_call(Method::GET, "/no/such/route", json, "").await;
    assert_eq!(
        (status, &answer),
        (404, &json!({ "error": "there is no GET /admin/v1/no/such/route; GET /admin/v1/openapi.json lists every route" }))
    );
    let (status, answer) = fake.admin_call(Method::DELETE, "/knobs", json, "").await;
    assert_eq!(
        (status, &answer),
        (405, &json!({ "error": "/admin/v1/knobs takes no DELETE; GET /admin/v1/openapi.json lists every route" }))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_cloud_says_that_it_wants_to_be_set_up() {
    let fake = Fake::empty().await;
    let (status, body) = fake.admin_call(Method::GET, "/knobs", "application/json", "").await;
    assert_eq!((status, &body), (409, &json!({ "error": "the fake cloud is empty; set it up first (PUT /admin/v1/stage)" })));
    let welcome = fake.admin.welcome().await.expect("it says what it is");
    assert_eq!((welcome.name.as_str(), welcome.set_up), ("hallmark", false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_plan_goes_in_as_json_or_as_its_line() {
    let (fake, _) = Fake::with(&setup()).await;
    let line = "secrets_manager.update_task@first:2 after_commit status(503, retry-after: 1); iam.token@nth:1 before_commit reset";
    assert_eq!(fake.admin_call(Method::PUT, "/faults", "text/plain; charset=utf-8", line).await, (204, Value::Null));
    let (_, plan) = fake.admin_call(Method::GET, "/faults", "", "").await;
    let fault = json!({
        "service": "secrets_manager", "operation": "update_task", "when": { "first": 2 }, "phase": "after_commit",
        "what": { "status": { "status": 503, "headers": { "retry-after": "1" }, "body": null } },
    });
    assert_eq!((&plan["faults"][0], plan["faults"].as_array().map(Vec::len)), (&fault, Some(2)));
    assert_eq!(fake.admin_call(Method::PUT, "/faults", "application/json", &plan.to_string()).await.0, 204);
    assert_eq!(fake.admin_call(Method::GET, "/faults", "", "").await.1, plan);
    assert_eq!(fake.journalled(|event| *event == EventKind::FaultsSet { plan: line.into() }).await, 2);
    assert_eq!(fake.admin_call(Method::DELETE, "/faults", "", "").await.0, 204);
    assert_eq!(fake.admin_call(Method::GET, "/faults", "", "").await.1, json!({ "faults": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_acts_on_the_call_that_it_names() {
    let (fake, addresses) = Fake::with(&setup()).await;
    let job = Job::log_in(&fake, &addresses, fake.created_job().await).await;
    let line = "secrets_manager.get_task@nth:2 status(503, retry-after: 7)";
    assert_eq!(fake.admin_call(Method::PUT, "/faults", "text/plain", line).await.0, 204);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let answer = job.answer(Method::GET, &job.task_url()).await;
        seen.push((answer.status().as_u16(), answer.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned())));
    }
    assert_eq!(seen, [(200, None), (503, Some("7".to_owned())), (200, None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_call_expires_and_another_one_is_dated_wrong() {
    let (fake, addresses) = Fake::with(&setup()).await;
    let request = fake.created_job().await;
    let job = Job::log_in(&fake, &addresses, request.clone()).await;
    let line = "secrets_manager.get_task@nth:2 expire_token; iam.token@every skew(-7200s)";
    assert_eq!(fake.admin_call(Method::PUT, "/faults", "text/plain", line).await.0, 204);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(job.call(Method::GET, &job.task_url()).await.0);
    }
    assert_eq!(seen, [200, 401, 401]);
    let (status, body) = token(&fake, &addresses, &request.variables["SM_ACCESS_APIKEY"]).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let expected = now - 7200 + body["expires_in"].as_u64().expect("a lifetime");
    assert!(status == 200 && body["expiration"].as_u64().expect("a time").abs_diff(expected) < 60, "{body}");
    let again = Job::log_in(&fake, &addresses, request).await;
    assert_eq!(again.call(Method::GET, &again.task_url()).await.0, 200, "the token works all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_plan_that_cannot_be_carried_out_is_refused() {
    let (fake, _) = Fake::with(&setup()).await;
    let lines = [
        ("secrets_manager.update_task@first:2 explode", "expected what happens"),
        ("secrets_manager.update_task@nth:0 stall", "call number"),
        ("secrets_manager.update_task@every status(99)", "HTTP status"),
        ("secrets_manager.token@every stall", "secrets_manager has list_tasks"),
        ("iam.update_task@every stall", "iam has token"),
        ("third_party.token@every stall", "third_party has create"),
        ("iam.token@every cancel_task", "no task or token to cancel"),
        ("iam.token@every expire_token", "no task or token to cancel"),
        ("third_party.connect@every duplicate", "connect takes delay"),
        ("secrets_manager.get_secret@every expire_task", "need an operation on one task"),
    ];
    for (line, reason) in lines {
        let (status, body) = fake.admin_call(Method::PUT, "/faults", "text/plain", line).await;
        let error = body["error"].as_str().unwrap_or_else(|| panic!("{line}: {body}"));
        assert!(status == 400 && error.contains(reason), "{line}: {status} {error}");
    }
    let silent = |operation: &str, when: Value, what: Value| {
        json!({ "faults": [{ "service": "secrets_manager", "operation": operation, "when": when, "what": what }] }).to_string()
    };
    let plans = [
        silent("update_task", json!({ "nth": 0 }), json!("stall")),
        silent("update_task", json!("every"), json!({ "status": { "status": 42 } })),
        silent("update_task", json!("every"), json!({ "status": { "status": 503, "headers": { "retry after": "1" } } })),
        silent("update_task", json!("every"), json!({ "gateway_html": { "status": 5 } })),
        silent("token", json!("every"), json!("stall")),
    ];
    for plan in plans {
        let (status, body) = fake.admin_call(Method::PUT, "/faults", "application/json", &plan).await;
        let error = body["error"].as_str().unwrap_or_else(|| panic!("{plan}: {body}"));
        assert!(status == 400 && error.starts_with("the fault plan cannot be carried out"), "{plan}: {status} {error}");
    }
    assert_eq!(fake.admin_call(Method::GET, "/faults", "", "").await.1, json!({ "faults": [] }), "none of them was taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_claimed_once_and_for_a_shell_as_export_lines() {
    let (fake, _) = Fake::with(&setup()).await;
    for _ in 0..2 {
        fake.admin.create_secret(&CreateSecret::default()).await.expect("a secret");
    }
    let claim = || fake.http.post(format!("{}/jobs/claim", fake.admin_url)).bearer_auth(&fake.token);
    let (status, request) = read(claim().send().await.expect("it answers")).await;
    assert_eq!((status, &request["job"]["run"]), (200, &json!(0)));
    assert_eq!(request["variables"]["SM_SECRET_TASK_ID"], request["job"]["task"]);
    let text = claim().header("accept", "text/plain").send().await.expect("it answers").text().await.expect("text");
    assert!(text.lines().all(|line| line.starts_with("export SM_")), "{text}");
    assert!(text.contains("export SM_ACTION=create_credentials\n"), "{text}");
    assert_eq!(claim().send().await.expect("it answers").status(), 204, "there is no third");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_streams_as_it_grows() {
    let (fake, _) = Fake::with(&setup()).await;
    let from = fake.admin.journal().await.expect("the journal").len();
    let url = format!("{}/journal/stream?from={from}", fake.admin_url);
    let mut stream = fake.http.get(url).bearer_auth(&fake.token).send().await.expect("it answers");
    assert_eq!(stream.headers()["content-type"], "application/x-ndjson");
    let mut seen = String::new();
    for text in ["first", "second"] {
        fake.admin.note(text).await.expect("a note");
        while !seen.contains(text) {
            let chunk = stream.chunk().await.expect("the stream goes on").expect("it has no end");
            seen.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }
    let events: Vec<Value> = seen.lines().map(|line| serde_json::from_str(line).expect("one event a line")).collect();
    assert_eq!(events[0]["id"], json!(from));
    assert_eq!(events.iter().map(|event| event["text"].as_str()).collect::<Vec<_>>(), [Some("first"), Some("second")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_credential_comes_and_goes() {
    let (fake, _) = Fake::with(&setup()).await;
    let (status, seeded) = fake.admin_call(Method::POST, "/third-parties/tokens/credentials", "", "").await;
    assert_eq!(status, 200, "{seeded}");
    let path = format!("/third-parties/tokens/credentials/{}", seeded["credential"].as_str().expect("an id"));
    assert_eq!(fake.admin_call(Method::DELETE, &path, "", "").await.0, 204);
    let (status, body) = fake.admin_call(Method::DELETE, &path, "", "").await;
    assert!(status == 404 && body["error"].as_str().is_some_and(|error| error.contains("no living credential")), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_big_output_of_a_job_is_taken_whole() {
    let (fake, _) = Fake::with(&setup()).await;
    let request = fake.created_job().await;
    let outcome = json!({
        "exit_code": 0, "signal": null, "timed_out": false, "not_started": null, "left_behind": 0, "dropped_lines": 0, "duration": 1,
    });
    let line = json!({ "stream": "stdout", "line": "x".repeat(64 * 1024) });
    let body = json!({ "job": request.job, "outcome": outcome, "lines": vec![line; 64] }).to_string();
    let (status, answer) = fake.admin_call(Method::POST, "/jobs/ended", "application/json", &body).await;
    assert_eq!((status, answer), (200, json!({ "reported": false })));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_served() {
    let fake = Fake::empty().await;
    let (status, document) = fake.admin_call(Method::GET, "/openapi.json", "", "").await;
    assert_eq!((status, &document["openapi"]), (200, &json!("3.1.0")));
    assert_eq!(document, serde_json::from_str::<Value>(OPENAPI).expect("it is JSON"));
}
