//! A provider of database roles against a real PostgreSQL, behind the TCP proxy.

use std::path::Path;

use hallmark::verdict::Verdict;

use super::server::{Server, skip};
use super::{Copy, Ran};

/// The login of the provider, which may make roles and nothing else.
const ADMIN: &str = "CREATE ROLE role_admin LOGIN CREATEROLE PASSWORD 'role-admin-of-the-test'";

/// What a service behind a TCP proxy cannot be made to do.
const NO_STATUS: &str = "where no answer has a status, headers or a body";

fn server() -> Option<Server> {
    match Server::start() {
        Ok(server) => {
            server.ask(ADMIN);
            Some(server)
        }
        Err(reason) => {
            skip(&reason);
            None
        }
    }
}

fn provider(server: &Server) -> Copy {
    let copy = Copy::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/postgresql"));
    copy.replace("provider.toml", "5432", &server.port.to_string());
    copy
}

fn reason(ran: &Ran, rule: &str) -> String {
    ran.results().rules().iter().find(|record| record.id.as_str() == rule).expect("the rule has a record").reason.clone()
}

#[test]
fn the_provider_of_roles_earns_exactly_its_verdicts() {
    let Some(server) = server() else { return };
    server.ask("CREATE ROLE provider_somebodyelses");
    let ran = provider(&server).run(&["--profile", "resilient"]);
    assert_eq!(ran.with(Verdict::Fail), Vec::<String>::new(), "{}", ran.said());
    assert_eq!(ran.code(), Some(0), "{}", ran.said());
}
