//! The ledger against a model: a list of credentials that are alive or not.

use http::{Method, StatusCode};
use proptest::prelude::*;
use serde_json::json;

use super::{Fixture, job, json, text};
use crate::journal::EventKind;

const INTEGRATIONS: &str = "/event_orchestrations/e1/integrations";

#[derive(Debug, Clone)]
enum Step {
    Create,
    CreateBadly,
    Seed,
    /// Of the credential at this position, modulo their number.
    Revoke(usize),
    RevokeSilently(usize),
    RevokeUnknown,
    Login(bool),
    NextJob,
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Create),
        1 => Just(Step::CreateBadly),
        2 => Just(Step::Seed),
        4 => any::<usize>().prop_map(Step::Revoke),
        2 => any::<usize>().prop_map(Step::RevokeSilently),
        1 => Just(Step::RevokeUnknown),
        1 => any::<bool>().prop_map(Step::Login),
        2 => Just(Step::NextJob),
        1 => Just(Step::Reset),
    ]
}

#[derive(Debug, Clone, PartialEq)]
struct Modelled {
    id: String,
    alive: bool,
    seeded: bool,
    issued_in: Option<u32>,
    revoked_in: Option<u32>,
}

#[derive(Default)]
struct Model {
    credentials: Vec<Modelled>,
    issued: usize,
    revoked: usize,
    run: u32,
    logged_out: bool,
}

impl Model {
    fn add(&mut self, id: String, seeded: bool) {
        self.issued += 1;
        let issued_in = (!seeded).then_some(self.run);
        self.credentials.push(Modelled { id, alive: true, seeded, issued_in, revoked_in: None });
    }

    /// Returns the id at a position and whether revoking it should work, having noted that it did.
    fn revoke(&mut self, position: usize, run: Option<u32>, allowed: bool) -> Option<(String, bool)> {
        let count = self.credentials.len();
        let credential = self.credentials.get_mut(position.checked_rem(count)?)?;
        let works = allowed && credential.alive;
        if works {
            self.revoked += 1;
            credential.alive = false;
            credential.revoked_in = run;
        }
        Some((credential.id.clone(), works))
    }

    fn apply(&mut self, step: &Step, fixture: &Fixture) {
        let third_party = &fixture.third_party;
        match step {
            Step::Create => {
                let handled = fixture.send(Method::POST, INTEGRATIONS, Some(&json!({"integration": {"label": "model"}})));
                assert_eq!(handled.applied, !self.logged_out);
                if handled.applied {
                    self.add(text(&json(&handled), "/integration/id").to_owned(), false);
                }
            }
            Step::CreateBadly => assert!(!fixture.send(Method::POST, INTEGRATIONS, Some(&json!({}))).applied),
            Step::Seed => self.add(third_party.seed_credential(), true),
            Step::Revoke(position) => {
                let Some((id, works)) = self.revoke(*position, Some(self.run), !self.logged_out) else { return };
                let handled = fixture.send(Method::DELETE, &format!("{INTEGRATIONS}/{id}"), None);
                assert_eq!(handled.applied, works);
                assert_eq!(handled.status == StatusCode::NO_CONTENT, works);
                assert_eq!(handled.facts.credential, Some(id));
            }
            Step::RevokeSilently(position) => {
                let Some((id, works)) = self.revoke(*position, None, true) else { return };
                assert_eq!(third_party.revoke_silently(&id), works);
            }
            Step::RevokeUnknown => {
                assert!(!fixture.send(Method::DELETE, &format!("{INTEGRATIONS}/nobody"), None).applied);
                assert!(!third_party.revoke_silently("nobody"));
            }
            Step::Login(valid) => {
                third_party.set_login_valid(*valid);
                self.logged_out = !valid;
            }
            Step::NextJob => {
                fixture.journal.jobs().ended(&job(self.run));
                self.run += 1;
                fixture.journal.jobs().started(&job(self.run));
            }
            Step::Reset => {
                third_party.reset();
                self.credentials.clear();
                self.logged_out = false;
            }
        }
    }

    fn compare(&self, fixture: &Fixture) {
        let ledger: Vec<Modelled> = fixture
            .third_party
            .ledger()
            .into_iter()
            .map(|entry| Modelled {
                id: entry.credential,
                alive: entry.alive,
                seeded: entry.seeded,
                issued_in: entry.issued_in.map(|job| job.run),
                revoked_in: entry.revoked_in.map(|job| job.run),
            })
            .collect();
        assert_eq!(ledger, self.credentials);
        if self.logged_out {
            return;
        }
        let listed = json(&fixture.send(Method::GET, INTEGRATIONS, None));
        let ids: Vec<&str> = (0..self.credentials.len()).filter_map(|index| listed["integrations"][index]["id"].as_str()).collect();
        let alive: Vec<&str> = self.credentials.iter().filter(|credential| credential.alive).map(|one| one.id.as_str()).collect();
        assert_eq!(ids, alive);
        assert_eq!(listed["total"], alive.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_ledger_is_what_was_done(steps in proptest::collection::vec(step(), 0..40)) {
        let fixture = Fixture::preset("pagerduty");
        fixture.journal.jobs().started(&job(0));
        let mut model = Model::default();
        for step in &steps {
            model.apply(step, &fixture);
            model.compare(&fixture);
        }
        let events = fixture.journal.all();
        let issued = events.iter().filter(|event| matches!(event.kind, EventKind::CredentialIssued { .. })).count();
        let revoked = events.iter().filter(|event| matches!(event.kind, EventKind::CredentialRevoked { .. })).count();
        prop_assert_eq!((issued, revoked), (model.issued, model.revoked));
    }
}

#[test]
fn ids_differ_from_seed_to_seed_and_name_to_name() {
    let ids = |name: &str| {
        let fixture = Fixture::preset("pagerduty");
        let spec = fixture.third_party.spec().clone();
        let third_party = crate::cloud::third_party::ThirdParty::new(name, spec, fixture.journal.clone(), 42).unwrap();
        third_party.seed_credential()
    };
    assert_eq!(ids("one"), ids("one"));
    assert_ne!(ids("one"), ids("two"));
}
