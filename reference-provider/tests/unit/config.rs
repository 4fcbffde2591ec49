//! Tests of addresses and ids.

use crate::config::{address, path_segment, service_url};
use crate::system::choose;

#[test]
fn secrets_leave_the_machine_only_by_https() {
    for accepted in ["https://example.com/base/", "http://127.0.0.1:80", "http://[::1]:80", "http://localhost"] {
        assert!(service_url(accepted).is_some(), "{accepted}");
    }
    for refused in [
        "",
        "example.com",
        "http://example.com",
        "http://127.example.com",
        "https://user@example.com",
        "https://:password@example.com",
        "https://example.com?key=value",
        "file:///etc/passwd",
        "data:text/plain,hello",
    ] {
        assert!(service_url(refused).is_none(), "{refused}");
    }
}

#[test]
fn an_id_stays_one_segment_of_the_path() {
    let base = service_url("https://example.com/base/").unwrap();
    let url = |id| address(&base, &["tokens", id]).to_string();
    assert_eq!(url("a-1"), "https://example.com/base/tokens/a-1");
    assert_eq!(url("../x?y#z"), "https://example.com/base/tokens/..%2Fx%3Fy%23z");
    assert!(["..", ".", "", "a\n"].iter().all(|refused| path_segment(refused).is_none()));
}

#[test]
fn events_stay_in_the_region_of_the_api() {
    let service = |url: &str| {
        let inputs = [("SM_SYSTEM_VALUE", "pagerduty"), ("SM_URL_VALUE", url), ("SM_SCOPE_VALUE", "orchestration")];
        let environment = inputs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        choose(&environment).unwrap().service()
    };
    assert_eq!(service("https://api.pagerduty.com"), "https://events.pagerduty.com/v2/enqueue");
    assert_eq!(service("https://api.eu.pagerduty.com/"), "https://events.eu.pagerduty.com/v2/enqueue");
}
