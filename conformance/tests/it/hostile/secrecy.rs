//! A provider that prints its secrets: no file and no report of hallmark holds one.

use std::fs;
use std::path::Path;

use super::bench::{AMPLE, Bench, hostile_provider, trouble};

#[test]
fn no_secret_that_a_job_prints_is_kept_anywhere() {
    let bench = Bench::empty();
    let told = bench.path("told");
    let inputs = "[third_party.artifactory]\npreset = \"artifactory\"\n\n\
                  [secrets.login]\ntype = \"arbitrary\"\nlogin_of = \"artifactory\"\n\n\
                  [inputs]\nlogin_secret_id = { secret = \"login\" }\nusername = { canary = \"email\" }\n\n\
                  [[input]]\nname = \"login_secret_id\"\ntype = \"secret_id\"\nrequired = true\n\n\
                  [[input]]\nname = \"username\"\ntype = \"string\"\n\n";
    bench.manifest(hostile_provider().to_str().unwrap(), &["tell-all", told.to_str().unwrap()], AMPLE, inputs);
    let ended = bench.run(&["--tags", "@CRE-001 or @ERR-007 or @PRV-005 or @DEL-001", "--verbose", "--remove-completed-jobs", "3d"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(trouble(&bench.results()), Vec::<&String>::new());

    let told = fs::read_to_string(told).unwrap();
    let secrets: Vec<&str> = told.lines().collect();
    assert!(secrets.len() >= 16, "four secrets in four forms for each job");
    let mut files = vec![("stdout".to_owned(), ended.stdout), ("stderr".to_owned(), ended.stderr)];
    collect(&bench.path("out"), &mut files);
    assert!(files.len() > 5, "results, recordings and logs: {:?}", files.iter().map(|(name, _)| name).collect::<Vec<_>>());
    for (name, text) in &files {
        let found = secrets.iter().find(|secret| text.contains(**secret));
        assert!(found.is_none(), "{name} holds the secret {found:?}");
    }
    let logs: Vec<&(String, String)> = files.iter().filter(|(name, _)| name.contains("/jobs/")).collect();
    assert!(!logs.is_empty());
    for (name, log) in logs.iter().filter(|(_, log)| log.contains("key plain")) {
        for line in
            ["key plain: <⟦", "key base64: <⟦", "key reversed: <⟦", "key hex: <⟦", "login plain: <⟦", "token plain: <⟦", "mail plain: <⟦"]
        {
            assert!(log.contains(line), "{name} has no line {line}:\n{log}");
        }
    }
    assert!(logs.iter().any(|(_, log)| log.contains("key plain")), "some job told all");
}

/// Reads every file below a folder.
fn collect(folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push((path.display().to_string(), String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()));
        }
    }
}
