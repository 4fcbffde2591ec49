//! Tests of the waits.

use std::time::Duration;

use crate::retry::{Budget, Phase, parse_retry_after};

fn budget(whole: Duration) -> Budget {
    let whole = humantime::format_duration(whole).to_string();
    Budget::read(&[("RETRY_BUDGET".to_owned(), whole)].into()).unwrap()
}

#[test]
fn waits_stay_between_the_floor_and_the_doubled_base() {
    let budget = budget(Duration::from_mins(4));
    for _ in 0..200 {
        for attempt in 1..70 {
            let delay = budget.delay(attempt, None);
            let longest = Duration::from_millis(500 << (attempt - 1).min(10));
            assert!(delay >= Duration::from_millis(250), "{delay:?}");
            assert!(delay <= longest.min(Duration::from_secs(30)), "{attempt}: {delay:?}");
        }
    }
}

#[test]
fn eight_seconds_are_enough_for_at_most_five_attempts_in_a_second() {
    let budget = budget(Duration::from_secs(8));
    for attempt in 1..20 {
        // Four waits fill a second, so an attempt without one, after a 401 or in a new call, does no harm.
        assert!((0..200).all(|_| 4 * budget.delay(attempt, None) >= Duration::from_secs(1)));
    }
}

#[test]
fn a_small_budget_scales_the_waits_down() {
    let budget = budget(Duration::from_millis(400));
    for attempt in 1..20 {
        let delay = budget.delay(attempt, None);
        assert!((Duration::from_millis(10)..=Duration::from_millis(50)).contains(&delay));
    }
}

#[test]
fn retry_after_is_a_lower_bound() {
    let asked = Duration::from_secs(7);
    let delay = budget(Duration::from_mins(4)).delay(1, Some(asked));
    assert!((asked..=asked + Duration::from_millis(500)).contains(&delay));
}

#[test]
fn a_request_never_takes_more_than_a_quarter_of_the_budget() {
    assert_eq!(budget(Duration::from_mins(4)).request_timeout(Phase::Undo), Duration::from_secs(10));
    assert_eq!(budget(Duration::from_millis(400)).request_timeout, Duration::from_millis(100));
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_refused_at_once() {
    let budget = budget(Duration::from_mins(4));
    assert!(!budget.wait(Phase::Undo, 1, Some(Duration::from_hours(1))).await);
    assert!(!budget.wait(Phase::Undo, 1, Some(Duration::MAX)).await);
    assert!(!budget.wait(Phase::Once, 1, None).await);
}

#[test]
fn retry_after_forms() {
    let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
    let seconds = |value| parse_retry_after(value, now).map(|asked| asked.as_secs());
    assert_eq!(seconds("3"), Some(3));
    assert_eq!(seconds(" 120 "), Some(120));
    assert_eq!(seconds("Sun, 06 Nov 1994 08:49:40 GMT"), Some(3));
    assert_eq!(seconds("Sunday, 06-Nov-94 08:49:40 GMT"), Some(3));
    assert_eq!(seconds("99999999999999999999999999"), Some(u64::MAX));
    for ignored in ["", "0", "-1", "1.5", "soon", "Sun, 06 Nov 1994 08:49:37 GMT", "Sat, 05 Nov 1994 08:49:37 GMT"] {
        assert_eq!(seconds(ignored), None, "{ignored}");
    }
}
