//! Results of invented runs, for the tests of reader, schema and reports.

use super::{
    Circumstances, Conclusion, DetectionRecord, Excerpt, FORMAT, Mode, Record, Results, RuleRecord, RunRecord, ScenarioRecord,
    SelectionRecord, Shown, SummaryRecord, TimingRecord, conclude,
};
use crate::catalog::{Level, Profile, RuleId};
use crate::verdict::{Judgement, Verdict};
use crate::warning::Warning;

const UNDO: &str = "create/undo.feature";
const PROVIDER_README: &str = "Provider repository, README: flow chart, \"undo creation\"";
const LIFECYCLE: &str = "Secrets Manager docs, Creating a Code Engine job: lifecycle steps 1 and 3";
const HANDLING: &str = "Secrets Manager docs, Creating a Code Engine job: error handling";

/// A provider with faults of every kind.
pub(crate) fn failing() -> Vec<Record> {
    let scenarios = failing_scenarios();
    let alive = "the credential ic-4711 is still alive; the job ended with exit status 1";
    let undone = |status: &str| {
        Judgement::fail("CRE-007", "the credential ic-4711 is revoked before the job ends", format!("{alive} after {status}"), [12, 14])
    };
    let leak = scenarios[7].judgements[1].clone();
    let rules = vec![
        rule("CRE-001", Level::Must, "A create job gets exactly one credentials_created accepted, for its own task.", LIFECYCLE).passes(9),
        rule("CRE-003", Level::Should, "The reported payload holds only outputs that the provider declares.", PROVIDER_README).passes(4),
        rule(
            "CRE-007",
            Level::Must,
            "When the update of a created credential is not accepted, the credential is undone before the job ends, as failed.",
            PROVIDER_README,
        )
        .shows(Verdict::Fail, "create/undo.feature:18", &undone("404"))
        .shows(Verdict::Fail, "create/undo.feature:21", &undone("409"))
        .more(3),
        rule(
            "DEL-002",
            Level::Must,
            "A revocation that failed for a cause that may pass is reported failed, never as deleted, while the credential lives.",
            HANDLING,
        )
        .shows(Verdict::Inconclusive, "delete/refused.feature:9", &scenarios[5].judgements[0]),
        rule("UPD-002", Level::Must, "A 400 answer is final: no further update of that task by the same job run.", LIFECYCLE).passes(1),
        rule("UPD-007", Level::Should, "A retried update repeats the same body.", LIFECYCLE)
            .reason(Verdict::NotApplicable, "it needs RTY-001, which is not kept"),
        rule("RTY-001", Level::Should, "A transient failure of the update is retried and then succeeds.", HANDLING).shows(
            Verdict::Fail,
            "retry/retry.feature:14",
            &scenarios[4].judgements[0],
        ),
        rule(
            "RTY-006",
            Level::Should,
            "An unknown API key is not hammered: at most a short grace, then the job fails.",
            "Secrets Manager docs, IAM and limits",
        )
        .reason(Verdict::Waived, "our gateway needs up to 5 s (until 2027-03-31)"),
        rule("ERR-001", Level::Must, "failed carries 1 to 10 errors, each with a code and a description that are not empty.", HANDLING)
            .shows(Verdict::NotExercised, "errors/errors.feature:8", &scenarios[6].judgements[0]),
        rule(
            "PRV-002",
            Level::Must,
            "No secret value in credentials.id, an error code or a description.",
            "Secrets Manager docs, Creating a Code Engine job: security",
        )
        .shows(Verdict::Fail, "create/refused.feature:52", &leak),
        rule(
            "IMG-001",
            Level::Must,
            "The image is linux/amd64 and runs to its end without arguments, terminal or input.",
            "Code Engine limits",
        )
        .reason(Verdict::NotApplicable, "process mode"),
        rule("IMG-002", Level::Should, "It runs as a non-root user with a read-only root and no capabilities.", "Code Engine limits")
            .reason(Verdict::NotApplicable, "process mode"),
    ];
    file(run(Profile::Core), scenarios, rules, &Circumstances::default())
}

fn failing_scenarios() -> Vec<ScenarioRecord> {
    let put = "PUT /api/v2/secrets/5f0c/tasks/91ab  (3d2c.eu-de.secrets-manager.appdomain.cloud)\nauthorization: Bearer [token]\ncontent-type: application/json\n\
        {\"status\":\"credentials_created\",\"credentials\":{\"id\":\"ic-4711\",\"payload\":{\"api_key\":\"[secret]\",\"user_name\":\"svc-hallmark-0001@example.com\"}}}";
    let undo = |line, status: &str, event| {
        scenario("CRE-007", UNDO, line, &format!("The update is answered {status} each time"), vec![
            Judgement::fail(
                "CRE-007",
                "the credential ic-4711 is revoked before the job ends",
                format!("the credential ic-4711 is still alive; the job ended with exit status 1 after {status}"),
                [event, event + 2],
            ),
            Judgement::pass("PRV-001", "credentials.id ic-4711 holds none of 24 canaries", [event]),
        ])
        .steps(&[
            &format!("Given Secrets Manager answers every update with {status}"),
            "When Secrets Manager creates the secret",
            "Then the created credential is no longer alive at the third party",
            "And the job fails",
        ])
        .excerpt(event, &format!("{put}\n-> {status}  {{\"errors\":[{{\"code\":\"not_found\",\"message\":\"The task does not exist.\"}}]}}\n   (fault: update always status {status})"))
        .excerpt(event + 2, "log (Stderr): \u{1b}[31mfatal: giving up\u{1b}[0m")
    };
    vec![
        scenario("CRE-001", "create/create.feature", 6, "A secret is created", vec![
            Judgement::pass("CRE-001", "one credentials_created for task 91ab was answered 200", [4]),
            Judgement::pass("PRV-001", "credentials.id ic-0001 holds none of 24 canaries", [4]),
        ]),
        undo(18, "404", 12),
        undo(21, "409", 30),
        scenario("UPD-002", "task_update/update.feature", 11, "The update is answered 400", vec![Judgement::pass(
            "UPD-002",
            "one update, no other within the 2.1 s until the job ended",
            [7],
        )]),
        scenario("RTY-001", "retry/retry.feature", 14, "The update is answered 503 once", vec![
            Judgement::fail("RTY-001", "a second update after the 503", "no further update; the job ended 0.2 s after the answer", [9]).at(Level::Should),
        ])
        .excerpt(9, "PUT /api/v2/secrets/5f0c/tasks/77ee  (3d2c.eu-de.secrets-manager.appdomain.cloud)\n-> 503\n   (fault: update 1 status 503)"),
        scenario("DEL-002", "delete/refused.feature", 9, "The third party answers a revocation with 503", vec![Judgement::inconclusive(
            "DEL-002",
            "the launcher could not start the job",
        )])
        .trouble("the launcher could not start ./provider: Resource temporarily unavailable (os error 11)"),
        scenario("ERR-001", "errors/errors.feature", 8, "The errors of a refused creation", vec![Judgement::not_exercised(
            "ERR-001",
            "the provider reported nothing as failed",
        )])
        .warning("an error description", "an e-mail address", Some(23), 2),
        scenario("CRE-011", "create/refused.feature", 52, "The login secret is malformed", vec![
            Judgement::pass("CRE-011", "the task was reported failed and nothing new is alive", [3]),
            Judgement::fail("PRV-002", "no secret value in an error's description", "errors[0].description holds the canary login_secret in base64", [3]),
        ])
        .warning("an error description", "an e-mail address", Some(23), 3)
        .warning("credentials.payload.url of an update", "the login secret artifactory", None, 3)
        .excerpt(3, "PUT /api/v2/secrets/5f0c/tasks/02cd  (3d2c.eu-de.secrets-manager.appdomain.cloud)\n{\"status\":\"failed\",\"errors\":[{\"code\":\"LOGIN\",\"description\":\"cannot use [login_secret in base64]\"}]}\n-> 200"),
    ]
}

/// A provider that keeps everything under `resilient`, with two variants.
pub(crate) fn passing() -> Vec<Record> {
    let create = |variant: &str| {
        let mut scenario = scenario(
            "CRE-001",
            "create/create.feature",
            6,
            "A secret is created",
            vec![
                Judgement::pass("CRE-001", "one credentials_created for task 91ab was answered 200", [4]),
                Judgement::pass("RTY-001", "two updates with the same body, the second answered 200", [4, 6]),
            ],
        );
        scenario.id = format!("{}@{variant}", scenario.id);
        scenario.variant = Some(variant.to_owned());
        scenario
    };
    let scenarios = vec![create("token"), create("password")];
    let evidence =
        |id: &str| scenarios[0].judgements.iter().find(|judgement| judgement.rule.as_str() == id).expect("the sample has it").clone();
    let rules = vec![
        rule("CRE-001", Level::Must, "A create job gets exactly one credentials_created accepted, for its own task.", LIFECYCLE)
            .shows(Verdict::Pass, &scenarios[0].id, &evidence("CRE-001"))
            .passes(2),
        rule("RTY-001", Level::Should, "A transient failure of the update is retried and then succeeds.", HANDLING)
            .shows(Verdict::Pass, &scenarios[0].id, &evidence("RTY-001"))
            .passes(2),
        rule("RTY-010", Level::Info, "Growth, cap and jitter of the observed policy.", "benchmark").passes(1),
    ];
    let run = RunRecord { variants: vec!["token".to_owned(), "password".to_owned()], limits: Vec::new(), ..run(Profile::Resilient) };
    file(run, scenarios, rules, &Circumstances::default())
}

/// A run whose provider trusted no certificate.
pub(crate) fn inconclusive() -> Vec<Record> {
    let trouble = "the provider aborted every TLS handshake with iam.cloud.ibm.com (unknown CA): set `ca` in the manifest to the variable that it reads";
    let rules = vec![
        rule("CRE-001", Level::Must, "A create job gets exactly one credentials_created accepted, for its own task.", LIFECYCLE)
            .reason(Verdict::Inconclusive, "the run ended before its scenarios"),
        rule("DEL-001", Level::Must, "A delete job revokes the named credential, then reports credentials_deleted.", LIFECYCLE)
            .reason(Verdict::Inconclusive, "the run ended before its scenarios"),
    ];
    file(run(Profile::Core), Vec::new(), rules, &Circumstances { trouble: vec![trouble.to_owned()], ..Circumstances::default() })
}

/// A run that was killed after two scenarios, one of which failed.
pub(crate) fn interrupted() -> Vec<Record> {
    let mut records = failing();
    records.truncate(3);
    records
}

/// Makes the results of one of the above.
pub(crate) fn results(records: Vec<Record>) -> Results {
    Results::from_records(records).expect("the sample is sound")
}

fn file(run: RunRecord, scenarios: Vec<ScenarioRecord>, rules: Vec<Rule>, circumstances: &Circumstances) -> Vec<Record> {
    let profile = run.profile;
    let rules: Vec<RuleRecord> = rules.into_iter().map(|Rule(rule)| RuleRecord { counts: profile.counts(rule.level), ..rule }).collect();
    let Conclusion { exit_code, sentence: conclusion, reached, counted, all } = conclude(profile, &rules, circumstances);
    let number = u32::try_from(scenarios.len()).expect("few scenarios");
    let timing = TimingRecord {
        build: 12.4,
        suite: 214.68,
        longest_own_wait: 181.0,
        longest_scenario: "retry/retry.feature:14".to_owned(),
        jobs: 3105.25,
        job_runs: 412,
        stages: 32,
        containers: None,
    };
    let summary = SummaryRecord {
        schedules: circumstances.schedules.clone(),
        exit_code,
        conclusion,
        reached,
        counted,
        all,
        waivers: circumstances.waivers.clone(),
        scenarios: number,
        seconds: 227.1,
        finished: "2026-11-25T09:15:47Z".to_owned(),
    };
    let head = std::iter::once(Record::Run(Box::new(run)));
    let tail = [Record::Timing(timing), Record::Summary(summary)];
    head.chain(scenarios.into_iter().map(Record::Scenario)).chain(rules.into_iter().map(Record::Rule)).chain(tail).collect()
}

pub(crate) fn run(profile: Profile) -> RunRecord {
    RunRecord {
        format: FORMAT,
        hallmark: "0.1.0".to_owned(),
        provider: "artifactory-token".to_owned(),
        manifest: "providers/artifactory/provider.toml".to_owned(),
        mode: Mode::Process,
        image: None,
        command: "./artifactory-token-provider".to_owned(),
        replaced_by: None,
        command_digest: "2f9e41c07a1b58d3".repeat(4),
        manifest_digest: "90aa17be42cd6603".repeat(4),
        job_config_digest: Some("c0ffee0012345678".repeat(4)),
        catalog_digest: "1122334455667788".repeat(4),
        features_digest: "8877665544332211".repeat(4),
        detection: Some(DetectionRecord { mutants: 150, rules: 75, of: 75 }),
        selection: SelectionRecord::default(),
        own_features: None,
        recorded: None,
        seed: 42,
        profile,
        variants: Vec::new(),
        started: "2026-11-25T09:12:00Z".to_owned(),
        limits: vec!["not contained: what the provider sends past the proxy cannot be seen".to_owned()],
    }
}

fn scenario(rule: &str, feature: &str, line: u64, name: &str, judgements: Vec<Judgement>) -> ScenarioRecord {
    let own = judgements.iter().filter(|judgement| judgement.rule.as_str() == rule).map(|judgement| judgement.verdict);
    ScenarioRecord {
        id: format!("{feature}:{line}"),
        rule: RuleId::from(rule),
        name: name.to_owned(),
        feature: feature.to_owned(),
        line,
        variant: None,
        verdict: own.max().expect("the sample judges its own rule"),
        judgements,
        trouble: Vec::new(),
        warnings: Vec::new(),
        excerpts: Vec::new(),
        jobs: 1,
        seconds: 2.25,
        job_seconds: 2.125,
        steps: Vec::new(),
    }
}

impl ScenarioRecord {
    fn steps(mut self, steps: &[&str]) -> Self {
        self.steps = steps.iter().map(|step| (*step).to_owned()).collect();
        self
    }

    fn excerpt(mut self, event: u64, text: &str) -> Self {
        self.excerpts.push(Excerpt { event, text: text.to_owned() });
        self
    }

    fn warning(mut self, place: &str, what: &str, length: Option<u64>, event: u64) -> Self {
        self.warnings.push(Warning { place: place.to_owned(), what: what.to_owned(), length, evidence: vec![event] });
        self
    }

    fn trouble(mut self, trouble: &str) -> Self {
        self.trouble.push(trouble.to_owned());
        self
    }
}

/// A rule in the making; [`file`] says whether it counts.
struct Rule(RuleRecord);

fn rule(id: &str, level: Level, requirement: &str, source: &str) -> Rule {
    Rule(RuleRecord {
        id: RuleId::from(id),
        level,
        requirement: requirement.to_owned(),
        source: source.to_owned(),
        counts: false,
        verdict: Verdict::Pass,
        reason: String::new(),
        passes: 0,
        shown: Vec::new(),
        more: 0,
    })
}

impl Rule {
    fn passes(mut self, passes: u32) -> Self {
        self.0.passes = passes;
        self
    }

    fn reason(mut self, verdict: Verdict, reason: &str) -> Self {
        self.0.verdict = verdict;
        reason.clone_into(&mut self.0.reason);
        self
    }

    fn shows(mut self, verdict: Verdict, scenario: &str, judgement: &Judgement) -> Self {
        self.0.verdict = verdict;
        self.0.shown.push(Shown { scenario: scenario.to_owned(), judgement: judgement.clone() });
        self
    }

    fn more(mut self, more: u32) -> Self {
        self.0.more = more;
        self
    }
}
