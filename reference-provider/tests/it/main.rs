//! The provider against a cloud of its own: what is called, in which order, what stays alive, what is reported.
//!
//! No test asserts a duration. Budgets are chosen so that a loaded machine only makes the runs that end by giving up
//! do so after fewer attempts.

mod cloud;
mod job_config;

use std::cell::RefCell;
use std::process::ExitCode;

use reference_provider::Environment;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use cloud::{Cloud, Fault, LOGIN_SECRET, Operation, SECRET, TASK, TOKEN, late};

/// Enough for a handful of retries, however slow the machine.
const AMPLE: &str = "40s";
/// Soon used up, for runs that end by giving up.
const TINY: &str = "4s";

struct Job<'a> {
    cloud: &'a Cloud,
    variables: Environment,
}

struct Ended {
    outcome: ExitCode,
    log: String,
}

impl<'a> Job<'a> {
    fn new(cloud: &'a Cloud, action: &str) -> Self {
        let url = cloud.url();
        let variables = [
            ("SM_ACCESS_APIKEY", cloud::API_KEY),
            ("SM_INSTANCE_URL", &url),
            ("SM_SECRET_TASK_ID", TASK),
            ("SM_SECRET_ID", SECRET),
            ("SM_SECRET_NAME", "name"),
            ("SM_SECRET_GROUP_ID", "default"),
            ("SM_TRIGGER", "secret_creation"),
            ("SM_ACTION", action),
            ("SM_LOGIN_SECRET_ID_VALUE", LOGIN_SECRET),
            ("SM_SCOPE_VALUE", "applied-permissions/user"),
            ("IAM_URL", &url),
            ("RETRY_BUDGET", AMPLE),
        ];
        let job = Self { cloud, variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into() };
        job.with("SM_SYSTEM_VALUE", "artifactory").with("SM_URL_VALUE", &url)
    }

    fn create(cloud: &'a Cloud) -> Self {
        Self::new(cloud, "create_credentials")
    }

    fn delete(cloud: &'a Cloud, id: &str) -> Self {
        Self::new(cloud, "delete_credentials").with("SM_CREDENTIALS_ID", id)
    }

    fn pagerduty(self) -> Self {
        self.with("SM_SYSTEM_VALUE", "pagerduty").with("SM_SCOPE_VALUE", "orchestration")
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// Runs the job and asserts what holds for every run: no secret in the log or in an error, a logged failure.
    async fn run(self) -> Ended {
        let lines = RefCell::new(Vec::new());
        let write_line = |line: &str| lines.borrow_mut().push(line.to_owned());
        let outcome = reference_provider::run(&self.variables, &write_line).await;
        let log = lines.into_inner().join("\n");
        assert!(!log.contains("canary"), "{log}");
        assert!(outcome == ExitCode::SUCCESS || log.contains(" ERROR: "), "{log}");
        for body in self.cloud.bodies(Operation::Update) {
            let body: Value = serde_json::from_str(&body).unwrap_or_default();
            let errors = body["errors"].to_string();
            assert!(!errors.contains("canary"), "{errors}");
            if body["status"] == "failed" {
                let description = body["errors"][0]["description"].as_str().unwrap_or_default();
                assert!((1..=1024).contains(&description.len()), "{description}");
                assert!(!description.contains(char::is_control), "{description}");
            }
        }
        assert_eq!(self.cloud.count(Operation::Other), 0);
        Ended { outcome, log }
    }

    async fn succeeds(self) -> String {
        let ended = self.run().await;
        assert_eq!(ended.outcome, ExitCode::SUCCESS, "{}", ended.log);
        ended.log
    }

    async fn fails(self) -> String {
        let ended = self.run().await;
        assert_eq!(ended.outcome, ExitCode::FAILURE, "{}", ended.log);
        ended.log
    }
}

fn reported_code(cloud: &Cloud) -> String {
    let reported = cloud.state().reported.clone().unwrap_or_default();
    assert_eq!(reported["status"], "failed", "{reported}");
    let is_failed = |body: &&String| body.contains("\"status\":\"failed\"");
    assert_eq!(cloud.bodies(Operation::Update).iter().filter(is_failed).count(), 1);
    reported["errors"][0]["code"].as_str().unwrap_or_default().to_owned()
}

fn third_party_calls(cloud: &Cloud) -> usize {
    [Operation::Create, Operation::Find, Operation::Revoke].map(|operation| cloud.count(operation)).iter().sum()
}

fn html() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_string("<html>gateway</html>")
}

mod create {
    use super::*;

    #[tokio::test]
    async fn artifactory_token_is_created_and_reported() {
        let cloud = Cloud::start().await;
        Job::create(&cloud)
            .with("SM_USERNAME_VALUE", "build")
            .with("SM_EXPIRES_IN_VALUE", "3600")
            .with("SM_REFRESHABLE_VALUE", "T")
            .succeeds()
            .await;
        assert_eq!(cloud.order(), [Operation::Token, Operation::LoginSecret, Operation::Find, Operation::Create, Operation::Update]);
        let sent: Value = serde_json::from_str(&cloud.bodies(Operation::Create)[0]).unwrap();
        assert_eq!(
            sent,
            json!({"username": "build", "scope": "applied-permissions/user", "expires_in": 3600,
                "refreshable": true, "description": TASK, "include_reference_token": false})
        );
        let url = cloud.url();
        assert_eq!(
            cloud.state().reported,
            Some(json!({"status": "credentials_created", "credentials":
                {"id": "credential-1", "payload": {"token": format!("{TOKEN}-1"), "url": url}}}))
        );
        assert_eq!(cloud.live(), ["credential-1"]);
        let form = &cloud.bodies(Operation::Token)[0];
        assert_eq!(form, "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=canary-api-key&response_type=cloud_iam");
    }

    #[tokio::test]
    async fn pagerduty_key_is_created_and_reported() {
        let cloud = Cloud::start().await;
        cloud.leave("stranger", "somebody else's label");
        Job::create(&cloud).pagerduty().succeeds().await;
        assert_eq!(
            cloud.state().reported,
            Some(json!({"status": "credentials_created", "credentials": {"id": "credential-1", "payload":
                {"token": format!("{TOKEN}-1"), "url": "https://events.pagerduty.com/v2/enqueue"}}}))
        );
        assert_eq!(cloud.live(), ["credential-1", "stranger"]);
    }

    #[tokio::test]
    async fn a_final_refusal_of_the_report_is_undone_and_nothing_more_is_reported() {
        for status in [400, 404] {
            let cloud = Cloud::start().await;
            cloud.lasting(Operation::Update, status);
            let log = Job::create(&cloud).fails().await;
            assert_eq!((cloud.count(Operation::Update), cloud.live().len()), (1, 0));
            assert_eq!(cloud.count(Operation::ReadTask), 0);
            assert!(log.contains("TASK_CLOSED"), "{log}");
            assert!(log.contains(&format!("ERROR: the report was not accepted: refused with status {status}")), "{log}");
        }
    }

    #[tokio::test]
    async fn another_refusal_is_undone_and_then_reported_once() {
        for status in [403, 409] {
            let cloud = Cloud::start().await;
            cloud.script(Operation::Update, [Fault::status(status)]);
            Job::create(&cloud).fails().await;
            assert_eq!(cloud.count(Operation::Update), 2);
            assert_eq!(reported_code(&cloud), "REPORT_NOT_ACCEPTED");
            assert!(cloud.live().is_empty());
        }
    }

    #[tokio::test]
    async fn a_transient_failure_is_retried_with_the_same_body() {
        let cloud = Cloud::start().await;
        let faults = [Fault::status(503), Fault::Closed, Fault::status(429)];
        cloud.script(Operation::Update, faults);
        Job::create(&cloud).succeeds().await;
        let bodies = cloud.bodies(Operation::Update);
        assert_eq!(bodies.len(), 4);
        assert!(bodies.iter().all(|body| *body == bodies[0]));
        assert_eq!(cloud.live(), ["credential-1"]);
    }

    #[tokio::test]
    async fn a_200_is_success_whatever_it_holds() {
        for body in ["", "{}", "<html>", "{\"id\":"] {
            let cloud = Cloud::start().await;
            let answer = ResponseTemplate::new(200).set_body_string(body);
            cloud.script(Operation::Update, [Fault::Applied(answer)]);
            Job::create(&cloud).succeeds().await;
            assert_eq!(cloud.count(Operation::Update), 1);
        }
    }

    #[tokio::test]
    async fn an_expired_token_is_renewed_once() {
        let cloud = Cloud::start().await;
        cloud.script(Operation::Update, [Fault::status(401)]);
        Job::create(&cloud).succeeds().await;
        assert_eq!((cloud.count(Operation::Token), cloud.count(Operation::Update)), (2, 2));

        let cloud = Cloud::start().await;
        cloud.lasting(Operation::Update, 401);
        Job::create(&cloud).fails().await;
        assert_eq!(cloud.count(Operation::Token), 2);
        assert!(cloud.live().is_empty());
    }

    #[tokio::test]
    async fn an_applied_report_without_acknowledgement_is_kept_when_the_task_can_be_read() {
        for lost in [Fault::Applied(ResponseTemplate::new(503)), Fault::AppliedAndClosed] {
            let cloud = Cloud::start().await;
            cloud.script(Operation::Update, [lost]);
            Job::create(&cloud).succeeds().await;
            assert_eq!((cloud.count(Operation::Update), cloud.count(Operation::ReadTask)), (2, 1));
            assert_eq!(cloud.live(), ["credential-1"]);
        }
    }

    #[tokio::test]
    async fn an_applied_report_without_acknowledgement_is_undone_when_the_task_cannot_be_read() {
        let cloud = Cloud::start().await;
        cloud.script(Operation::Update, [Fault::Applied(ResponseTemplate::new(503))]);
        cloud.lasting(Operation::ReadTask, 403);
        let log = Job::create(&cloud).fails().await;
        assert!(log.contains("the task cannot be read"), "{log}");
        assert!(cloud.live().is_empty());
        assert_eq!(cloud.count(Operation::Update), 2);
    }

    #[tokio::test]
    async fn a_task_that_closed_meanwhile_is_undone() {
        for status in ["failed", "gone"] {
            let cloud = Cloud::start().await;
            cloud.script(Operation::Update, [Fault::status(503), Fault::status(400)]);
            if status == "gone" {
                cloud.lasting(Operation::ReadTask, 404);
            } else {
                cloud.state().task_status = status.to_owned();
            }
            Job::create(&cloud).fails().await;
            assert!(cloud.live().is_empty());
            assert_eq!(cloud.count(Operation::Update), 2);
        }
    }

    #[tokio::test]
    async fn a_report_is_given_up_at_the_end_of_its_budget_and_undone() {
        let cloud = Cloud::start().await;
        cloud.lasting(Operation::Update, 503);
        Job::create(&cloud).with("RETRY_BUDGET", TINY).fails().await;
        assert!(cloud.count(Operation::Update) > 1);
        assert!(cloud.live().is_empty());
    }

    #[tokio::test]
    async fn a_retry_after_beyond_the_budget_ends_the_attempts_at_once() {
        let cloud = Cloud::start().await;
        let answer = ResponseTemplate::new(429).insert_header("retry-after", "3600");
        cloud.script(Operation::Update, [Fault::Answer(answer)]);
        Job::create(&cloud).fails().await;
        assert_eq!(cloud.count(Operation::Update), 1);
        assert!(cloud.live().is_empty());
    }

    #[tokio::test]
    async fn a_retry_after_that_says_nothing_does_no_harm() {
        let cloud = Cloud::start().await;
        let faults = ["soon", "0", "Sat, 05 Nov 1994 08:49:37 GMT"]
            .map(|value| Fault::Answer(ResponseTemplate::new(503).insert_header("retry-after", value)));
        cloud.script(Operation::Update, faults);
        Job::create(&cloud).succeeds().await;
        assert_eq!(cloud.count(Operation::Update), 4);
    }

    #[tokio::test]
    async fn a_creation_whose_answer_was_lost_leaves_one_credential() {
        for lost in [Fault::AppliedAndClosed, Fault::Applied(ResponseTemplate::new(500)), Fault::Applied(late(ResponseTemplate::new(200)))]
        {
            let cloud = Cloud::start().await;
            cloud.script(Operation::Create, [lost]);
            Job::create(&cloud).succeeds().await;
            assert_eq!(cloud.count(Operation::Create), 2);
            assert_eq!(cloud.live(), ["credential-2"]);
            let state = cloud.state();
            let reported = state.reported.as_ref().expect("reported");
            assert_eq!(reported["credentials"]["id"], "credential-2");
        }
    }

    #[tokio::test]
    async fn a_creation_that_is_given_up_leaves_nothing() {
        let cloud = Cloud::start().await;
        let applied = || Fault::Applied(ResponseTemplate::new(504));
        cloud.script(Operation::Create, std::iter::repeat_with(applied).take(100));
        Job::create(&cloud).with("RETRY_BUDGET", TINY).fails().await;
        assert!(cloud.live().is_empty());
        assert_eq!(reported_code(&cloud), "CREATE_UNAVAILABLE");
    }

    #[tokio::test]
    async fn an_unusable_answer_to_a_creation_is_cleared_and_reported() {
        for body in ["", "<html>", "{}", "{\"token_id\":\"credential-1\"}", "[]"] {
            let cloud = Cloud::start().await;
            let answer = ResponseTemplate::new(200).set_body_string(body);
            cloud.script(Operation::Create, [Fault::Applied(answer)]);
            Job::create(&cloud).fails().await;
            assert!(cloud.live().is_empty());
            assert_eq!(reported_code(&cloud), "CREATE_UNUSABLE");
        }
    }

    #[tokio::test]
    async fn a_refused_creation_is_reported_and_not_tried_again() {
        for status in [400, 401, 403, 409, 302] {
            let cloud = Cloud::start().await;
            let repeats_a_secret =
                ResponseTemplate::new(status).insert_header("location", cloud.url()).set_body_string(format!("no: {}", cloud::LOGIN));
            cloud.script(Operation::Create, [Fault::Answer(repeats_a_secret)]);
            Job::create(&cloud).fails().await;
            assert_eq!(cloud.count(Operation::Create), 1);
            assert_eq!(reported_code(&cloud), "CREATE_REFUSED");
        }
    }

    #[tokio::test]
    async fn a_failure_whose_report_is_not_accepted_leaves_both_in_the_log() {
        let cloud = Cloud::start().await;
        cloud.lasting(Operation::Create, 401);
        cloud.lasting(Operation::Update, 403);
        let log = Job::create(&cloud).fails().await;
        assert!(log.contains("ERROR: the report was not accepted: refused with status 403"), "{log}");
        assert!(log.contains("ERROR: CREATE_REFUSED") && log.contains("refused with status 401"), "{log}");
    }

    #[tokio::test]
    async fn a_leftover_of_an_open_task_is_replaced() {
        let cloud = Cloud::start().await;
        cloud.leave("leftover", TASK);
        Job::create(&cloud).succeeds().await;
        assert_eq!(cloud.live(), ["credential-1"]);
    }

    #[tokio::test]
    async fn a_leftover_that_was_reported_is_kept() {
        let cloud = Cloud::start().await;
        cloud.leave("leftover", TASK);
        cloud.state().task_status = "credentials_created".to_owned();
        Job::create(&cloud).succeeds().await;
        assert_eq!(cloud.live(), ["leftover"]);
        assert_eq!((cloud.count(Operation::Create), cloud.count(Operation::Update)), (0, 0));
    }

    #[tokio::test]
    async fn a_leftover_of_a_closed_task_is_revoked_and_not_replaced() {
        let cloud = Cloud::start().await;
        cloud.leave("leftover", TASK);
        cloud.state().task_status = "failed".to_owned();
        Job::create(&cloud).fails().await;
        assert!(cloud.live().is_empty());
        assert_eq!((cloud.count(Operation::Create), cloud.count(Operation::Update)), (0, 0));
    }

    #[tokio::test]
    async fn a_leftover_of_an_unreadable_task_is_replaced_and_the_log_says_so() {
        let cloud = Cloud::start().await;
        cloud.leave("leftover", TASK);
        cloud.lasting(Operation::ReadTask, 403);
        let log = Job::create(&cloud).run().await.log;
        assert!(log.contains("the task cannot be read"), "{log}");
        assert_eq!(cloud.live(), ["credential-1"]);
    }

    #[tokio::test]
    async fn a_leftover_that_cannot_be_revoked_stops_the_creation() {
        let cloud = Cloud::start().await;
        cloud.leave("leftover", TASK);
        cloud.lasting(Operation::Revoke, 403);
        let log = Job::create(&cloud).fails().await;
        assert_eq!(reported_code(&cloud), "LEFTOVER_REMAINS");
        assert_eq!(cloud.count(Operation::Create), 0);
        assert!(log.contains("leftover could not be revoked"), "{log}");
    }

    #[tokio::test]
    async fn an_undo_is_tried_again() {
        let cloud = Cloud::start().await;
        cloud.lasting(Operation::Update, 400);
        cloud.script(Operation::Revoke, [Fault::status(503), Fault::Closed]);
        Job::create(&cloud).fails().await;
        assert_eq!(cloud.count(Operation::Revoke), 3);
        assert!(cloud.live().is_empty());
    }

    #[tokio::test]
    async fn an_undo_that_fails_names_what_lives_on() {
        let cloud = Cloud::start().await;
        cloud.lasting(Operation::Update, 403);
        cloud.lasting(Operation::Revoke, 503);
        let log = Job::create(&cloud).with("RETRY_BUDGET", TINY).fails().await;
        assert!(log.contains("UNDO_FAILED"), "{log}");
        assert!(log.contains("credential-1 could not be revoked"), "{log}");
        assert_eq!(cloud.count(Operation::Update), 1);
    }
}

mod delete {
    use super::*;

    #[tokio::test]
    async fn the_credential_is_revoked_and_reported() {
        for pagerduty in [false, true] {
            let cloud = Cloud::start().await;
            cloud.leave("old", "an earlier task");
            cloud.leave("current", "another task");
            let job = Job::delete(&cloud, "old");
            if pagerduty { job.pagerduty() } else { job }.succeeds().await;
            assert_eq!(cloud.live(), ["current"]);
            assert_eq!(cloud.state().reported, Some(json!({"status": "credentials_deleted"})));
            assert_eq!(cloud.order(), [Operation::Token, Operation::LoginSecret, Operation::Revoke, Operation::Update]);
        }
    }

    #[tokio::test]
    async fn what_is_gone_already_is_reported_as_deleted() {
        let cloud = Cloud::start().await;
        Job::delete(&cloud, "old").succeeds().await;
        assert_eq!(cloud.state().task_status, "credentials_deleted");
    }

    #[tokio::test]
    async fn the_same_run_again_ends_the_same() {
        let cloud = Cloud::start().await;
        cloud.leave("old", "an earlier task");
        Job::delete(&cloud, "old").succeeds().await;
        Job::delete(&cloud, "old").succeeds().await;
        assert_eq!(cloud.count(Operation::Update), 2);
    }

    #[tokio::test]
    async fn a_missing_id_calls_no_third_party() {
        for id in ["", ".", ".."] {
            let cloud = Cloud::start().await;
            Job::delete(&cloud, id).fails().await;
            assert_eq!(third_party_calls(&cloud), 0);
            assert_eq!(reported_code(&cloud), "CREDENTIALS_ID_MISSING");
        }
    }

    #[tokio::test]
    async fn a_refusal_is_reported_and_not_tried_again() {
        for status in [400, 401, 403, 409, 423] {
            let cloud = Cloud::start().await;
            cloud.leave("old", "an earlier task");
            cloud.lasting(Operation::Revoke, status);
            Job::delete(&cloud, "old").fails().await;
            assert_eq!(cloud.count(Operation::Revoke), 1);
            assert_eq!(reported_code(&cloud), "DELETE_REFUSED");
        }
    }

    #[tokio::test]
    async fn trouble_that_passes_is_waited_for() {
        let cloud = Cloud::start().await;
        cloud.leave("old", "an earlier task");
        cloud.script(Operation::Revoke, [Fault::status(502), Fault::Answer(html())]);
        Job::delete(&cloud, "old").succeeds().await;
        assert!(cloud.live().is_empty());
    }

    #[tokio::test]
    async fn trouble_that_lasts_is_reported() {
        let cloud = Cloud::start().await;
        cloud.leave("old", "an earlier task");
        cloud.lasting(Operation::Revoke, 503);
        Job::delete(&cloud, "old").with("RETRY_BUDGET", TINY).fails().await;
        assert_eq!(reported_code(&cloud), "DELETE_UNAVAILABLE");
        assert_eq!(cloud.live(), ["old"]);
    }

    #[tokio::test]
    async fn a_report_that_is_refused_fails_and_brings_nothing_back() {
        for status in [400, 403, 404] {
            let cloud = Cloud::start().await;
            cloud.leave("old", "an earlier task");
            cloud.lasting(Operation::Update, status);
            let log = Job::delete(&cloud, "old").fails().await;
            assert!(log.contains("DELETION_NOT_REPORTED"), "{log}");
            assert_eq!((cloud.count(Operation::Update), cloud.count(Operation::Create)), (1, 0));
        }
    }

    #[tokio::test]
    async fn an_applied_report_without_acknowledgement_is_success() {
        let cloud = Cloud::start().await;
        cloud.leave("old", "an earlier task");
        cloud.script(Operation::Update, [Fault::AppliedAndClosed]);
        Job::delete(&cloud, "old").succeeds().await;
        assert_eq!((cloud.count(Operation::Update), cloud.count(Operation::ReadTask)), (2, 1));
    }
}

mod input {
    use super::*;

    async fn assert_refused(job: impl Fn(Job<'_>) -> Job<'_>, code: &str) {
        let cloud = Cloud::start().await;
        job(Job::create(&cloud)).fails().await;
        assert_eq!(reported_code(&cloud), code);
        assert_eq!(third_party_calls(&cloud), 0);
        assert_eq!(cloud.count(Operation::LoginSecret), 0);
    }

    #[tokio::test]
    async fn an_unknown_action_is_reported() {
        assert_refused(|job| job.with("SM_ACTION", "canary"), "UNKNOWN_ACTION").await;
        assert_refused(|job| job.with("SM_ACTION", ""), "UNKNOWN_ACTION").await;
        assert_refused(|job| job.without("SM_ACTION"), "UNKNOWN_ACTION").await;
    }

    #[tokio::test]
    async fn a_missing_input_is_reported() {
        for name in ["SM_SYSTEM_VALUE", "SM_LOGIN_SECRET_ID_VALUE", "SM_URL_VALUE", "SM_SCOPE_VALUE"] {
            assert_refused(|job| job.with(name, ""), "INPUT_INVALID").await;
            assert_refused(|job| job.without(name), "INPUT_INVALID").await;
            assert_refused(|job| job.pagerduty().without(name), "INPUT_INVALID").await;
        }
    }

    #[tokio::test]
    async fn an_input_of_the_wrong_type_is_reported_without_its_value() {
        for (name, value) in [
            ("SM_SYSTEM_VALUE", "canary"),
            ("SM_EXPIRES_IN_VALUE", "canary"),
            ("SM_EXPIRES_IN_VALUE", "0"),
            ("SM_EXPIRES_IN_VALUE", "-1"),
            ("SM_EXPIRES_IN_VALUE", "1.5"),
            ("SM_REFRESHABLE_VALUE", "canary"),
            ("SM_URL_VALUE", "canary"),
            ("SM_URL_VALUE", "http://canary.example.com"),
            ("SM_URL_VALUE", "https://canary@example.com"),
            ("SM_LOGIN_SECRET_ID_VALUE", ".."),
        ] {
            assert_refused(|job| job.with(name, value), "INPUT_INVALID").await;
        }
    }

    #[tokio::test]
    async fn a_setting_that_is_no_duration_is_reported() {
        assert_refused(|job| job.with("RETRY_BUDGET", "canary"), "SETTING_INVALID").await;
        assert_refused(|job| job.with("REQUEST_TIMEOUT", "0s"), "SETTING_INVALID").await;
    }

    #[tokio::test]
    async fn nothing_is_called_when_nothing_could_be_reported() {
        for name in ["SM_INSTANCE_URL", "SM_SECRET_ID", "SM_SECRET_TASK_ID", "SM_ACCESS_APIKEY"] {
            let cloud = Cloud::start().await;
            Job::create(&cloud).without(name).fails().await;
            assert!(cloud.order().is_empty(), "{name}");
        }
    }
}

mod login_secret {
    use super::*;

    #[tokio::test]
    async fn one_that_cannot_be_read_is_reported() {
        for status in [403, 404] {
            for action in ["create_credentials", "delete_credentials"] {
                let cloud = Cloud::start().await;
                cloud.lasting(Operation::LoginSecret, status);
                Job::new(&cloud, action).with("SM_CREDENTIALS_ID", "old").fails().await;
                assert_eq!(reported_code(&cloud), "LOGIN_SECRET_UNREADABLE");
                assert_eq!(third_party_calls(&cloud), 0);
            }
        }
    }

    #[tokio::test]
    async fn one_of_a_known_type_is_used_without_the_line_break_at_its_end() {
        for answer in [
            json!({"secret_type": "arbitrary", "payload": format!("{}\n", cloud::LOGIN)}),
            json!({"secret_type": "username_password", "username": "u", "password": cloud::LOGIN}),
            json!({"secret_type": "iam_credentials", "api_key": cloud::LOGIN}),
        ] {
            let cloud = Cloud::start().await;
            cloud.state().login_answer = answer;
            Job::create(&cloud).succeeds().await;
        }
    }

    #[tokio::test]
    async fn one_that_is_no_token_is_reported_without_it() {
        for answer in [
            json!({"secret_type": "arbitrary", "payload": "canary\ncanary"}),
            json!({"secret_type": "arbitrary", "payload": ""}),
            json!({"secret_type": "arbitrary", "payload": "caf\u{e9}"}),
            json!({"secret_type": "arbitrary", "payload": 7}),
            json!({"secret_type": "arbitrary"}),
            json!({"payload": "canary"}),
            json!([]),
            json!({"secret_type": "kv", "data": {"token": "canary"}}),
        ] {
            let cloud = Cloud::start().await;
            cloud.state().login_answer = answer;
            Job::create(&cloud).fails().await;
            assert_eq!(reported_code(&cloud), "LOGIN_SECRET_UNUSABLE");
            assert_eq!(third_party_calls(&cloud), 0);
        }
    }
}

mod iam {
    use super::*;

    #[tokio::test]
    async fn a_transient_failure_is_retried() {
        let cloud = Cloud::start().await;
        cloud.script(Operation::Token, [Fault::status(503), Fault::Closed, Fault::Answer(html())]);
        Job::create(&cloud).succeeds().await;
        assert_eq!(cloud.count(Operation::Token), 4);
    }

    #[tokio::test]
    async fn a_failure_that_lasts_ends_the_job_before_anything_exists() {
        let cloud = Cloud::start().await;
        cloud.lasting(Operation::Token, 503);
        Job::create(&cloud).with("RETRY_BUDGET", TINY).fails().await;
        assert_eq!(cloud.order().len(), cloud.count(Operation::Token));
    }

    #[tokio::test]
    async fn an_unknown_key_gets_one_more_try() {
        let cloud = Cloud::start().await;
        let unknown = || {
            let body = json!({"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."});
            Fault::Answer(ResponseTemplate::new(400).set_body_json(body))
        };
        cloud.script(Operation::Token, [unknown(), unknown(), unknown()]);
        let log = Job::create(&cloud).fails().await;
        assert!(log.contains("does not know the API key"), "{log}");
        assert_eq!(cloud.order(), [Operation::Token, Operation::Token]);
    }

    #[tokio::test]
    async fn a_trusted_profile_serves_in_place_of_a_key() {
        let cloud = Cloud::start().await;
        let file = std::env::temp_dir().join(format!("compute-resource-token-{}", std::process::id()));
        std::fs::write(&file, "canary.compute.token").unwrap();
        Job::create(&cloud)
            .without("SM_ACCESS_APIKEY")
            .with("TRUSTED_PROFILE_ID", "Profile-1")
            .with("CR_TOKEN_FILE", &file.to_string_lossy())
            .succeeds()
            .await;
        std::fs::remove_file(&file).unwrap();
        assert_eq!(
            cloud.bodies(Operation::Token),
            ["grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Acr-token&cr_token=canary.compute.token&profile_id=Profile-1"]
        );
    }
}

mod process {
    use super::*;

    #[tokio::test]
    async fn a_machine_without_authorities_still_serves_plain_http_on_loopback() {
        let cloud = Cloud::start().await;
        let mut job = tokio::process::Command::new(env!("CARGO_BIN_EXE_reference-provider"));
        job.env_clear().envs(&Job::create(&cloud).variables).env("SSL_CERT_FILE", "/nowhere");
        let output = job.output().await.unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && log.contains("WARNING: no certificate authority"), "{log}");
        assert_eq!(cloud.live(), ["credential-1"]);
    }
}
