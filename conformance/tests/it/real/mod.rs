//! Certification against real third parties.

mod http;
mod postgresql;
mod server;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use hallmark::results::{FILE_NAME, Results};
use hallmark::verdict::{Judgement, Verdict};
use tempfile::TempDir;

/// A manifest with what lies beside it, in a folder of its own, where parts of it can be made otherwise.
struct Copy {
    folder: TempDir,
}

impl Copy {
    fn of(folder: &Path) -> Self {
        let copy = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        for entry in folder.read_dir().expect("the folder is there") {
            let entry = entry.expect("the folder is readable");
            std::fs::copy(entry.path(), copy.folder.path().join(entry.file_name())).expect("the file is copied");
        }
        copy
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Replaces a text that stands in a file.
    fn replace(&self, file: &str, from: &str, to: &str) {
        let path = self.path().join(file);
        let text = std::fs::read_to_string(&path).expect("the file is readable");
        assert!(text.contains(from), "{file} has no {from:?}");
        std::fs::write(path, text.replace(from, to)).expect("the file is writable");
    }

    /// Runs hallmark on the manifest.
    fn run(&self, arguments: &[&str]) -> Ran {
        let out = tempfile::tempdir().expect("a temporary folder");
        let output = Command::new(env!("CARGO_BIN_EXE_hallmark"))
            .arg("run")
            .arg(self.path().join("provider.toml"))
            .args(["--quiet", "--out"])
            .arg(out.path())
            .args(arguments)
            .output()
            .expect("hallmark starts");
        Ran { output, out }
    }
}

/// A run and what it left.
struct Ran {
    output: Output,
    out: TempDir,
}

impl Ran {
    fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// Returns what was printed.
    fn said(&self) -> String {
        let (report, talk) = (String::from_utf8_lossy(&self.output.stdout), String::from_utf8_lossy(&self.output.stderr));
        format!("{report}\n{talk}")
    }

    fn results(&self) -> Results {
        Results::read(&self.out.path().join(FILE_NAME)).expect("the results are readable")
    }

    /// Returns the verdict of every rule.
    fn verdicts(&self) -> BTreeMap<String, Verdict> {
        self.results().rules().iter().map(|rule| (rule.id.to_string(), rule.verdict)).collect()
    }

    /// Returns the rules with a verdict.
    fn with(&self, verdict: Verdict) -> Vec<String> {
        self.verdicts().into_iter().filter(|(_, given)| *given == verdict).map(|(rule, _)| rule).collect()
    }

    /// Returns why a rule has its verdict.
    fn reason(&self, rule: &str) -> String {
        let results = self.results();
        results.rules().iter().find(|record| record.id.as_str() == rule).map(|record| record.reason.clone()).unwrap_or_default()
    }

    /// Returns what was found against a rule.
    fn findings(&self, rule: &str) -> Vec<String> {
        let against = |judgement: &&Judgement| judgement.rule.as_str() == rule && judgement.verdict == Verdict::Fail;
        let results = self.results();
        let judgements = results.scenarios().iter().flat_map(|scenario| &scenario.judgements);
        judgements.filter(against).map(|judgement| judgement.actual.clone()).collect()
    }

    /// Tells whether a text stands in any file that the run left, or in what it printed.
    fn shows(&self, text: &str) -> bool {
        self.said().contains(text) || holds(self.out.path(), text)
    }
}

fn holds(folder: &Path, text: &str) -> bool {
    folder.read_dir().expect("the folder is readable").any(|entry| {
        let path = entry.expect("the folder is readable").path();
        if path.is_dir() {
            holds(&path, text)
        } else {
            String::from_utf8_lossy(&std::fs::read(&path).expect("the file is readable")).contains(text)
        }
    })
}
