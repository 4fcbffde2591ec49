//! A provider of database roles against a real PostgreSQL, behind the TCP proxy.

use std::path::Path;

use hallmark::verdict::Verdict;

use super::server::{Server, skip};
use super::{Copy, Ran};

/// The login of the provider, which may make roles and nothing else.
const ADMIN: &str = "CREATE ROLE role_admin LOGIN CREATEROLE PASSWORD 'role-admin-of-the-test'";

/// A role of somebody else, which has to be there at the end as it was at the beginning.
const OTHER: &str = "provider_somebodyelses";

/// What a service behind a TCP proxy cannot be made to do.
const NO_STATUS: &str = "where no answer has a status, headers or a body";

/// Returns a server with the provider's login, or none where there is no PostgreSQL.
fn server() -> Option<Server> {
    match Server::start() {
        Ok(server) => {
            server.ask(ADMIN);
            server.ask(&format!("CREATE ROLE {OTHER}"));
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
    // Debian's own `psql` looks for the newest version first, and takes longer than all that it is asked for.
    let path = format!("PATH = \"{}:/usr/bin:/bin\"", server.programs.display());
    copy.replace("provider.toml", "PGHOST =", &format!("{path}, PGHOST ="));
    copy.replace("provider.toml", "[third_party", &format!("[env]\n{path}\n\n[third_party"));
    copy
}

/// Runs the scenarios of some rules under the profile that counts all of them.
fn run(provider: &Copy, rules: &[&str]) -> Ran {
    let selection = rules.iter().flat_map(|rule| ["--rule", rule]);
    provider.run(&["--profile", "resilient"].into_iter().chain(selection).collect::<Vec<_>>())
}

/// Returns the roles that providers have made.
fn roles(server: &Server) -> String {
    server.ask(r"SELECT rolname FROM pg_roles WHERE rolname LIKE $$provider\_%$$")
}

/// The rules that say the most about a service behind a TCP proxy. Scenarios play one after another there.
const TELLING: [&str; 13] = [
    "CRE-001", "CRE-004", "CRE-005", "CRE-007", "CRE-011", "DEL-001", "DEL-003", "DEL-005", "DEL-008", "ACT-001", "RTY-007", "RTY-011",
    "ROT-002",
];

#[test]
fn the_provider_of_roles_earns_exactly_its_verdicts() {
    let Some(server) = server() else { return };
    let thorough = crate::is_thorough();
    let ran = run(&provider(&server), if thorough { &[] } else { &TELLING });
    assert_eq!(ran.code(), Some(0), "{}", ran.said());
    let images = ["PRV-008", "IMG-001", "IMG-002", "IMG-003"].map(|rule| (rule, "(process)"));
    let left_out = [
        ("CRE-010", "a real service, which issues what it likes"),
        ("CRE-012", NO_STATUS),
        // No input of its takes any text.
        ("PRV-005", "no free-text input"),
        ("PRV-009", NO_STATUS),
        ("RTY-008", "has done what it was asked for cannot be told"),
        ("RTY-009", "was asked cannot be seen"),
    ];
    let mut left_out: Vec<(&str, &str)> = if thorough { images.into_iter().chain(left_out).collect() } else { Vec::new() };
    left_out.sort_unstable();
    let mut not_applicable = ran.with(Verdict::NotApplicable);
    not_applicable.sort_unstable();
    assert_eq!(not_applicable, left_out.iter().map(|(rule, _)| *rule).collect::<Vec<_>>(), "{}", ran.said());
    for (rule, why) in &left_out {
        assert!(ran.reason(rule).contains(why), "{rule}: {}", ran.reason(rule));
    }
    assert_eq!(ran.with(Verdict::Pass).len(), ran.verdicts().len() - left_out.len(), "{}", ran.said());
    for secret in ["superuser-of-the-test", "role-admin-of-the-test"] {
        assert!(!ran.shows(secret), "{secret}");
    }
    assert_eq!(roles(&server), OTHER, "the run leaves what it found");
}

#[test]
fn a_role_that_is_left_behind_after_a_failed_update_is_found() {
    let Some(server) = server() else { return };
    let provider = provider(&server);
    provider.replace("main.py", "        undo(server, role)\n        raise", "        raise");
    let ran = run(&provider, &["CRE-001", "CRE-005", "CRE-007", "UPD-002", "DEL-001"]);
    assert_eq!((ran.code(), ran.with(Verdict::Fail)), (Some(1), vec!["CRE-007".to_owned()]), "{}", ran.said());
    assert!(ran.findings("CRE-007").iter().any(|finding| finding.contains("lives on at the third party")), "{}", ran.said());
}

#[test]
fn a_role_that_nobody_reported_is_found() {
    let Some(server) = server() else { return };
    let provider = provider(&server);
    let create = "    server.create(role, password, until)\n";
    provider.replace("main.py", create, &format!("{create}    server.create(role + \"spare\", password, until)\n"));
    let ran = run(&provider, &["CRE-001", "CRE-004", "CRE-005"]);
    assert_eq!((ran.code(), ran.with(Verdict::Fail)), (Some(1), vec!["CRE-005".to_owned()]), "{}", ran.said());
    assert!(ran.findings("CRE-005").iter().all(|finding| finding.contains("2 alive at the third party")), "{}", ran.said());
    assert_eq!(roles(&server), OTHER, "the run takes away what the provider left");
}

#[test]
fn a_deletion_that_is_claimed_although_the_server_refused_it_is_found() {
    let Some(server) = server() else { return };
    let provider = provider(&server);
    let drop = "    database(secrets_manager).drop(role)\n";
    let claimed = "    server = database(secrets_manager)\n    try:\n        server.drop(role)\n    except ProviderError as error:\n        log.error(\"%s\", error)\n";
    provider.replace("main.py", drop, claimed);
    let ran = run(&provider, &["CRE-001", "DEL-001", "DEL-002", "DEL-005", "DEL-008", "DEL-010"]);
    // A malformed login secret is refused by the server too.
    assert_eq!((ran.code(), ran.with(Verdict::Fail).join(" ")), (Some(1), "DEL-002 DEL-005 DEL-010".to_owned()), "{}", ran.said());
    assert!(ran.findings("DEL-002").iter().any(|finding| finding.contains("the job reported credentials_deleted")), "{}", ran.said());
    assert!(ran.shows("(fault: third_party.connect@every before_commit reset)"), "{}", ran.said());
}

#[test]
fn a_role_of_somebody_else_is_not_dropped_unseen() {
    let Some(server) = server() else { return };
    let provider = provider(&server);
    provider.replace("main.py", "DROP ROLE IF EXISTS \"{role}\"'", &format!("DROP ROLE IF EXISTS \"{{role}}\", {OTHER}'"));
    let ran = run(&provider, &["DEL-001", "DEL-008"]);
    assert_eq!((ran.code(), ran.with(Verdict::Fail)), (Some(1), vec!["DEL-008".to_owned()]), "{}", ran.said());
    assert!(ran.findings("DEL-008").iter().all(|finding| finding.contains(OTHER)), "{}", ran.said());
}

#[test]
fn what_the_manifest_lacks_is_named_and_nothing_is_green_for_want_of_it() {
    let Some(server) = server() else { return };
    let provider = provider(&server);
    provider.replace("provider.toml", "refuse =", "# refuse =");
    provider.replace("provider.toml", "recover =", "# recover =");
    provider.replace("provider.toml", "revoke =", "# revoke =");
    let list = r#"list = ["psql", "-XAtqc", 'SELECT rolname FROM pg_roles WHERE rolname LIKE $$provider\_%$$']"#;
    let exists = r#"exists = ["psql", "-XAtqc", "SELECT 1 / count(*) FROM pg_roles WHERE rolname = '{{ credential.id }}'"]"#;
    provider.replace("provider.toml", list, exists);
    let ran = run(&provider, &["CRE-001", "CRE-004", "CRE-005", "CRE-007", "DEL-001", "DEL-003", "DEL-005", "ROT-003"]);
    assert_eq!(ran.code(), Some(0), "{}", ran.said());
    assert_eq!(ran.with(Verdict::Pass).join(" "), "CRE-001 CRE-004 CRE-007 DEL-001", "{}", ran.said());
    for (rule, missing) in [("CRE-005", "`list`"), ("DEL-003", "`revoke`"), ("DEL-005", "`refuse` and `recover`"), ("ROT-003", "`list`")] {
        assert!(ran.reason(rule).contains(&format!("[third_party.database.tcp] needs {missing}")), "{rule}: {}", ran.reason(rule));
    }
}

#[test]
fn a_server_that_is_gone_says_nothing_about_the_provider() {
    let Some(server) = server() else { return };
    let provider = provider(&server);
    let recover = r#"recover = ["psql", "-Xqc", "ALTER ROLE role_admin CREATEROLE"]"#;
    drop(server);
    let ran = run(&provider, &["CRE-001"]);
    assert_eq!(ran.code(), Some(3), "{}", ran.said());
    assert!(ran.said().contains("running the `recover` command of the third party database"), "{}", ran.said());
    assert!(!ran.shows("superuser-of-the-test"));
    // Commands that work, and a service that does not.
    for command in [recover, "refuse = [\"psql\", \"-Xqc\", \"ALTER ROLE role_admin NOCREATEROLE\"]"] {
        provider.replace("provider.toml", command, "");
    }
    provider.replace("provider.toml", "list = [\"psql\", \"-XAtqc\",", "list = [\"true\",");
    let ran = run(&provider, &["CRE-001"]);
    assert_eq!(ran.code(), Some(3), "{}", ran.said());
    assert!(ran.said().contains("connect to the third party database at 127.0.0.1:"), "{}", ran.said());
}

#[test]
fn a_container_is_refused_before_anything_is_asked_of_docker() {
    let copy = Copy::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/postgresql"));
    let ran = copy.run(&["--image", "registry.invalid/provider:1"]);
    assert_eq!(ran.code(), Some(2), "{}", ran.said());
    assert!(
        ran.said().contains("the third party database is a real service, which a container's network does not lead to"),
        "{}",
        ran.said()
    );
}
