//! Makes `openapi.json` out of the table of routes and the types that travel. Only tests do: the file is checked in.

use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::command::{
    AlterSecrets, ClockAdvanced, CreateSecret, DeleteVersionData, JobFinished, JobStoppedReport, JournalPage, NoteText, Problem, Rotate,
    SeedCredential, Snapshotted, TaskIds, TaskList, Tokens, Welcome,
};
use super::{OPENAPI, ROUTES, Route};
use crate::cloud::third_party::LedgerEntry;
use crate::contract::SecretId;
use crate::engine::{JobRequest, Knobs, Overrides};
use crate::fault::FaultPlan;
use crate::journal::{Event, JobRef};
use crate::stage::{StageAddresses, StageSetup};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

/// What travels on one route.
#[derive(Default)]
struct Traffic {
    /// Media types of the request's body; none takes no body.
    takes: Map<String, Value>,
    /// Media types of the success' body; none answers 204.
    gives: Map<String, Value>,
    /// Whether 204 is answered too.
    or_nothing: bool,
    /// Whether something must be set up.
    standing: bool,
}

/// Describes the traffic of routes and gathers the schemas that they name.
struct Describer {
    generator: SchemaGenerator,
}

impl Describer {
    fn media<T: JsonSchema>(&mut self, media_type: &str) -> Map<String, Value> {
        let schema = self.generator.subschema_for::<T>();
        Map::from_iter([(media_type.to_owned(), json!({ "schema": schema }))])
    }

    /// A route that takes and gives JSON.
    fn exchange<T: JsonSchema, G: JsonSchema>(&mut self) -> Traffic {
        Traffic { takes: self.media::<T>(JSON), ..self.answer::<G>() }
    }

    /// A route that gives JSON.
    fn answer<G: JsonSchema>(&mut self) -> Traffic {
        Traffic { gives: self.media::<G>(JSON), standing: true, ..Traffic::default() }
    }

    /// A route that takes JSON and answers 204.
    fn order<T: JsonSchema>(&mut self) -> Traffic {
        Traffic { takes: self.media::<T>(JSON), standing: true, ..Traffic::default() }
    }

    fn traffic(&mut self, route: &Route) -> Traffic {
        let done = || Traffic { standing: true, ..Traffic::default() };
        let text = |example: &str| (TEXT.to_owned(), json!({ "schema": { "type": "string" }, "example": example }));
        match (route.method, route.path.strip_prefix("/admin/v1").expect("every route is versioned")) {
            ("get", "") => Traffic { standing: false, ..self.answer::<Welcome>() },
            ("get", "/openapi.json") => {
                let document = json!({ "schema": { "type": "object", "description": "An OpenAPI 3.1 document." } });
                Traffic { gives: Map::from_iter([(JSON.to_owned(), document)]), ..Traffic::default() }
            }
            ("post", "/heartbeat") => Traffic::default(),
            ("put", "/stage") => Traffic { standing: false, ..self.exchange::<StageSetup, StageAddresses>() },
            ("post", "/reset") => self.answer::<StageAddresses>(),
            ("get", "/knobs") => self.answer::<Knobs>(),
            ("put", "/knobs") => self.order::<Knobs>(),
            ("get", "/faults") => self.answer::<FaultPlan>(),
            ("put", "/faults") => {
                let mut traffic = self.order::<FaultPlan>();
                traffic.takes.extend([text("secrets_manager.update_task@first:2 after_commit status(503, retry-after: 1)")]);
                traffic
            }
            ("put", "/overrides") => self.order::<Overrides>(),
            ("put", "/secrets") => self.order::<AlterSecrets>(),
            ("put", "/tokens") => self.order::<Tokens>(),
            ("post", "/custom-credentials") => self.exchange::<CreateSecret, SecretId>(),
            ("post", "/custom-credentials/{secret}/rotate") => self.exchange::<Rotate, TaskIds>(),
            ("post", "/custom-credentials/{secret}/delete-version-data") => self.exchange::<DeleteVersionData, TaskIds>(),
            ("post", "/custom-credentials/{secret}/delete" | "/tasks/{task}/repeat-deletion") => self.answer::<TaskIds>(),
            ("get", "/tasks") => self.answer::<TaskList>(),
            ("post", "/jobs/claim") => {
                let mut traffic = self.answer::<JobRequest>();
                traffic.gives.extend([text("export SM_ACTION=create_credentials\n")]);
                Traffic { or_nothing: true, ..traffic }
            }
            ("post", "/jobs/started") => self.order::<JobRef>(),
            ("post", "/jobs/ended") => self.exchange::<JobFinished, JobStoppedReport>(),
            ("post", "/clock/advance") => self.exchange::<ClockAdvanced, ClockAdvanced>(),
            ("post", "/notes") => self.order::<NoteText>(),
            ("get", "/journal") => self.answer::<JournalPage>(),
            ("get", "/journal/stream") => {
                Traffic { gives: self.media::<Event>("application/x-ndjson"), standing: true, ..Traffic::default() }
            }
            ("get", "/ledger") => self.answer::<Vec<LedgerEntry>>(),
            ("get", "/snapshot") => self.answer::<Snapshotted>(),
            ("post", "/third-parties/{name}/credentials") => self.answer::<SeedCredential>(),
            ("delete", "/faults" | "/third-parties/{name}/credentials/{credential}")
            | ("post", "/tasks/{task}/cancel" | "/tasks/{task}/expire" | "/tasks/{task}/rerun") => done(),
            (method, path) => panic!("nobody says what travels on {method} {path}"),
        }
    }

    fn operation(&mut self, route: &Route) -> Value {
        let traffic = self.traffic(route);
        let mut responses = Map::new();
        if !traffic.gives.is_empty() {
            responses.insert("200".into(), json!({ "description": "Done.", "content": traffic.gives }));
        }
        if traffic.gives.is_empty() || traffic.or_nothing {
            let description = if traffic.or_nothing { "There is none." } else { "Done." };
            responses.insert("204".into(), json!({ "description": description }));
        }
        let mut parameters = path_parameters(route.path);
        if route.path.contains("/journal") {
            parameters.push(query("from", "Id of the first event; default 0."));
        }
        if route.path.ends_with("/journal") {
            parameters.push(query("limit", "Events at most; default and most 1000."));
        }
        if route.path.ends_with("/jobs/claim") {
            let description = "`text/plain` answers the variables as `export` lines for a shell.";
            parameters.push(json!({ "name": "Accept", "in": "header", "description": description, "schema": { "type": "string" } }));
        }
        let refusals = [
            ("400", !traffic.takes.is_empty() || !parameters.is_empty()),
            ("401", true),
            ("404", route.path.contains('{')),
            ("409", traffic.standing),
            ("415", !traffic.takes.is_empty()),
        ];
        for (status, _) in refusals.iter().filter(|(_, may)| *may) {
            responses.insert((*status).into(), json!({ "$ref": format!("#/components/responses/{status}") }));
        }
        let mut operation = json!({ "operationId": operation_id(route), "summary": route.summary, "security": [{ "token": [] }] });
        if !parameters.is_empty() {
            operation["parameters"] = parameters.into();
        }
        if !traffic.takes.is_empty() {
            operation["requestBody"] = json!({ "required": true, "content": traffic.takes });
        }
        operation["responses"] = responses.into();
        operation
    }
}

/// Returns the names in braces.
fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })).collect()
}

fn query(name: &str, description: &str) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": { "type": "integer", "minimum": 0 } })
}

/// `post /admin/v1/tasks/{task}/cancel` is `post_tasks_task_cancel`.
fn operation_id(route: &Route) -> String {
    let words = route.path.trim_start_matches("/admin/v1").split(|letter: char| !letter.is_ascii_alphanumeric());
    std::iter::once(route.method).chain(words.filter(|word| !word.is_empty())).collect::<Vec<_>>().join("_")
}

/// Returns the description.
fn describe() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut describer = Describer { generator: settings.into_generator() };
    let mut paths = Map::new();
    for route in ROUTES {
        let operation = describer.operation(route);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method] = operation;
    }
    let problem = describer.media::<Problem>(JSON);
    let refusal = |description: &str| json!({ "description": description, "content": problem });
    let mut unauthorised = refusal("The token is missing or wrong: nothing was done, and it was journalled.");
    unauthorised["headers"] = json!({ "WWW-Authenticate": { "schema": { "type": "string", "const": "Bearer" } } });
    let responses = json!({
        "400": refusal("What was sent cannot be read or carried out."),
        "401": unauthorised,
        "404": refusal("What the path names is not there."),
        "409": refusal("It does not suit the present state; most often nothing is set up yet."),
        "415": refusal("The Content-Type is none that the route takes."),
    });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "hallmark admin API",
            "version": "1",
            "description": "Drives the fake cloud of `hallmark serve` and of the suite. Times are virtual where a clock is named. \
                            Answers from 400 on have the body `{ \"error\": \"...\" }`.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "The random token of the run; jobs never get it." },
            },
            "responses": responses,
            "schemas": describer.generator.take_definitions(true),
        },
    })
}

fn checked_in() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

#[test]
fn the_checked_in_description_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/admin/openapi.json");
    let current = format!("{:#}\n", describe());
    if std::env::var_os("HALLMARK_BLESS").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    assert!(found == current, "{} is stale; run `HALLMARK_BLESS=1 cargo test -p hallmark-harness openapi` and commit it", path.display());
}

#[test]
fn paths_and_methods_are_the_routes_one_to_one() {
    let document = checked_in();
    let paths = document["paths"].as_object().unwrap();
    let mut described: Vec<(String, String)> =
        paths.iter().flat_map(|(path, item)| item.as_object().unwrap().keys().map(|method| (path.clone(), method.clone()))).collect();
    let mut routes: Vec<(String, String)> = ROUTES.iter().map(|route| (route.path.to_owned(), route.method.to_owned())).collect();
    described.sort();
    routes.sort();
    assert_eq!(described, routes);
}

#[test]
fn every_route_says_what_it_does_and_how_it_refuses() {
    let document = checked_in();
    let mut ids = std::collections::BTreeSet::new();
    for route in ROUTES {
        let operation = &document["paths"][route.path][route.method];
        assert_eq!(operation["summary"], route.summary);
        assert_eq!(operation["security"], json!([{ "token": [] }]), "{route:?}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{route:?}");
        assert_eq!(responses["401"]["$ref"], "#/components/responses/401", "{route:?}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{route:?} shares its operationId");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = checked_in();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > ROUTES.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}
