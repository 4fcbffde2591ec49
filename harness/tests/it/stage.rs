//! What a set-up puts into the fake cloud, as a job finds it.

use std::collections::BTreeMap;

use hallmark_harness::contract::SecretType;
use hallmark_harness::stage::{Alteration, ParameterSource, SecretSetup, SecretSource, StageSetup, ThirdPartySetup};
use reqwest::Method;
use serde_json::json;

use crate::fake::{Fake, Job, token};

const TYPES: [(&str, SecretType); 6] = [
    ("arbitrary", SecretType::Arbitrary),
    ("kv", SecretType::Kv),
    ("username_password", SecretType::UsernamePassword),
    ("iam_credentials", SecretType::IamCredentials),
    ("service_credentials", SecretType::ServiceCredentials),
    ("custom_credentials", SecretType::CustomCredentials),
];

/// A secret of each type with the value `the-login`, each named by an input.
fn with_secrets() -> StageSetup {
    let secrets = TYPES.iter().map(|(name, secret_type)| SecretSetup {
        name: (*name).to_owned(),
        secret_type: *secret_type,
        field: None,
        source: SecretSource::Value("the-login".to_owned()),
        iam: *name == "iam_credentials",
    });
    let parameters = TYPES.iter().map(|(name, _)| ((*name).to_owned(), ParameterSource::Secret((*name).to_owned())));
    StageSetup { secrets: secrets.collect(), parameters: parameters.collect(), ..StageSetup::default() }
}

async fn job(setup: &StageSetup) -> (Fake, Job) {
    let (fake, addresses) = Fake::with(setup).await;
    let request = fake.created_job().await;
    let job = Job::log_in(&fake, &addresses, request).await;
    (fake, job)
}

fn url(job: &Job, input: &str) -> String {
    let variables = &job.request.variables;
    let id = &variables[&format!("SM_{}_VALUE", input.to_uppercase())];
    format!("{}/api/v2/secrets/{id}", variables["SM_INSTANCE_URL"])
}

#[tokio::test(flavor = "multi_thread")]
async fn each_type_of_secret_holds_its_data_where_the_api_has_it() {
    let (_fake, job) = job(&with_secrets()).await;
    let data = [
        ("arbitrary", json!({ "payload": "the-login" })),
        ("kv", json!({ "data": { "value": "the-login" } })),
        ("username_password", json!({ "username": "hallmark-login", "password": "the-login" })),
        ("iam_credentials", json!({ "api_key": "the-login", "ttl": "0", "reuse_api_key": true })),
        ("service_credentials", json!({ "credentials": { "apikey": "the-login" } })),
        ("custom_credentials", json!({ "credentials_content": { "token": "the-login" } })),
    ];
    for (name, fields) in data {
        let (status, body) = job.call(Method::GET, &url(&job, name)).await;
        assert_eq!((status, &body["secret_type"], &body["name"]), (200, &json!(name), &json!(name)), "{body}");
        for (field, value) in fields.as_object().expect("an object") {
            assert_eq!(&body[field], value, "{name}.{field} in {body}");
        }
        let group = job.request.variables["SM_SECRET_GROUP_ID"].as_str();
        assert_eq!((&body["state"], body["secret_group_id"].as_str()), (&json!(1), Some(group)));
        for field in ["id", "crn", "created_by", "created_at", "updated_at", "labels", "locks_total", "versions_total", "downloaded"] {
            assert!(!body[field].is_null(), "{name}.{field}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_another_group_is_forbidden_and_a_missing_one_not_found() {
    let (fake, job) = job(&with_secrets()).await;
    let arbitrary = url(&job, "arbitrary");
    let expected = [
        (Alteration::Forbidden, 403),
        (Alteration::Missing, 404),
        (Alteration::OtherType, 200),
        (Alteration::Malformed, 200),
        (Alteration::Restored, 200),
    ];
    for (alteration, status) in expected {
        fake.admin.alter_secrets(alteration).await.expect("secrets can be altered");
        let (given, body) = job.call(Method::GET, &arbitrary).await;
        assert_eq!(given, status, "{alteration:?}: {body}");
        match alteration {
            Alteration::OtherType => assert_eq!(body["secret_type"], "kv"),
            Alteration::Malformed => assert_eq!(body["payload"], "the-\n\u{7}login"),
            Alteration::Restored => assert_eq!(body["payload"], "the-login"),
            Alteration::Forbidden | Alteration::Missing => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_secret_can_be_an_api_key_that_iam_knows_and_that_may_nothing_here() {
    let (fake, addresses) = Fake::with(&with_secrets()).await;
    let request = fake.created_job().await;
    let (status, body) = token(&fake, &addresses, "the-login").await;
    assert_eq!(status, 200, "{body}");
    let job = Job::log_in(&fake, &addresses, request).await;
    let asked = fake.http.get(url(&job, "arbitrary")).bearer_auth(body["access_token"].as_str().expect("a token"));
    assert_eq!(asked.send().await.expect("it answers").status(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_party_is_reached_under_its_address_with_its_login_secret() {
    let setup = StageSetup {
        third_parties: vec![ThirdPartySetup::simulated("tokens", "artifactory")],
        secrets: vec![SecretSetup {
            name: "login".into(),
            secret_type: SecretType::Arbitrary,
            field: None,
            source: SecretSource::LoginOf("tokens".into()),
            iam: false,
        }],
        parameters: BTreeMap::from([
            ("url".to_owned(), ParameterSource::ThirdParty("tokens".into())),
            ("login".to_owned(), ParameterSource::Secret("login".into())),
        ]),
        ..StageSetup::default()
    };
    let (fake, job) = job(&setup).await;
    let (_, secret) = job.call(Method::GET, &url(&job, "login")).await;
    let login = secret["payload"].as_str().expect("a login secret");
    let create = format!("{}/access/api/v1/tokens", job.request.variables["SM_URL_VALUE"]);
    let refused = fake.http.post(&create).bearer_auth("wrong").json(&json!({})).send().await.expect("it answers");
    assert_eq!(refused.status(), 401);
    let made = fake.http.post(&create).bearer_auth(login).json(&json!({ "username": "u" })).send().await.expect("it answers");
    let (status, body) = crate::fake::read(made).await;
    assert_eq!(status, 200, "{body}");
    let ledger = fake.admin.ledger().await.expect("the ledger can be read");
    let own: Vec<_> = ledger.iter().filter(|entry| !entry.seeded).map(|entry| (entry.credential.as_str(), entry.alive)).collect();
    assert_eq!(own, [(body["token_id"].as_str().expect("an id"), true)]);
}
