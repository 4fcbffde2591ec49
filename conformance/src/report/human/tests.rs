//! Snapshots of what a person reads, and what must hold for any of it.

use textwrap::core::display_width;

use super::*;
use crate::results::{BareTimingRecord, ContainerTimingRecord, Record, sample};

const PLAIN: Style = Style { color: false, width: 100, timings: true, verbose: false };

fn rendered(records: Vec<Record>, style: Style) -> String {
    human(&sample::results(records), style)
}

#[test]
fn snapshot_failing() {
    insta::assert_snapshot!(rendered(sample::failing(), PLAIN));
}

#[test]
fn snapshot_failing_narrow() {
    insta::assert_snapshot!(rendered(sample::failing(), Style { width: 60, timings: false, ..PLAIN }));
}

#[test]
fn snapshot_failing_verbose() {
    insta::assert_snapshot!(rendered(sample::failing(), Style { verbose: true, timings: false, ..PLAIN }));
}

#[test]
fn snapshot_passing() {
    insta::assert_snapshot!(rendered(sample::passing(), Style { verbose: true, ..PLAIN }));
}

#[test]
fn snapshot_containers() {
    let bare = BareTimingRecord { runs: 24, at_once: 12, seconds: 12.0 };
    let containers = ContainerTimingRecord {
        runs: 413,
        queued: 900.0,
        made: 61.5,
        furnished: 24.0,
        started: 210.0,
        ran: 3105.25,
        removed: 88.0,
        clouds: 32,
        clouds_started: 25.5,
        set_up: 9.75,
        bare: Some(bare),
    };
    let mut records = sample::passing();
    for record in &mut records {
        if let Record::Timing(timing) = record {
            timing.containers = Some(containers.clone());
        }
    }
    let text = rendered(records, PLAIN);
    let time = text.split("Time\n").nth(1).expect("the time is shown").split("\n\n").next();
    insta::assert_snapshot!(time.expect("it ends"));
}

#[test]
fn snapshot_inconclusive() {
    insta::assert_snapshot!(rendered(sample::inconclusive(), PLAIN));
}

#[test]
fn snapshot_cut() {
    insta::assert_snapshot!(rendered(sample::interrupted(), PLAIN));
}

/// Takes colour away as a terminal would.
fn stripped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        rest = &rest[rest.find('m').expect("colour ends") + 1..];
    }
    plain + rest
}

#[test]
fn colour_adds_nothing_but_colour() {
    for records in [sample::failing(), sample::passing(), sample::inconclusive(), sample::interrupted()] {
        let style = Style { verbose: true, ..PLAIN };
        let colored = rendered(records.clone(), Style { color: true, ..style });
        assert!(colored.contains("\u{1b}["));
        assert_eq!(stripped(&colored), rendered(records, style));
    }
}

#[test]
fn the_provider_cannot_steer_the_terminal() {
    let text = rendered(sample::failing(), PLAIN);
    assert!(text.contains("\\u{1b}[31mfatal: giving up") && !text.contains('\u{1b}'));
}

#[test]
fn lines_keep_to_the_width_except_commands() {
    for width in [0, 60, 80, 100, 140] {
        for line in rendered(sample::failing(), Style { width, verbose: true, ..PLAIN }).lines() {
            assert!(display_width(line) <= width.max(60) || line.contains("hallmark run"), "{width}: {line}");
        }
    }
}

#[test]
fn every_failure_comes_with_the_command_that_shows_it_again() {
    let results = sample::results(sample::failing());
    let text = human(&results, PLAIN);
    for rule in results.rules().iter().filter(|rule| rule.verdict == crate::verdict::Verdict::Fail) {
        // The rule in whose scenario it was broken is played too.
        let scenario = results.scenario(&rule.shown[0].scenario).unwrap();
        let played = if scenario.rule == rule.id { String::new() } else { format!(" --rule {}", scenario.rule) };
        let command = format!("hallmark run providers/artifactory/provider.toml --rule {}{played} --seed 42", rule.id);
        assert!(text.lines().any(|line| line.contains(&command)), "{command}");
    }
}
