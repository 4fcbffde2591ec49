//! Faults of what an answer says and how its bytes leave, plain and over TLS, as their client sees them.

use std::time::{Duration, Instant, SystemTime};

use hallmark_harness::journal::{Delivery, Exchange};

use super::bench::{Bench, Client, End, get, put};

/// The service's answer, 21 bytes.
const DONE: &str = r#"{"done":"0123456789"}"#;

/// Sends one PUT under a fault, asks for the connection's end after it, and returns the bytes that came, how it ended, and the exchange.
async fn spoilt(bench: &Bench, what: &str) -> (String, End, Exchange) {
    let line = format!("secrets_manager.update_task@every before_commit {what}");
    bench.spoil(&line);
    let mut client = bench.connect().await;
    client.send(&put("{}").replace("content-length", "connection: close\r\ncontent-length")).await;
    let (bytes, end) = client.rest().await;
    let exchange = bench.exchanges().await.pop().expect("journalled");
    assert_eq!(exchange.fault, Some(line));
    assert!(exchange.applied, "{what} decides nothing");
    assert_eq!(exchange.response.as_ref().expect("answered").body, DONE, "{what}");
    (bytes, end, exchange)
}

fn head_and_body(bytes: &str) -> (String, &str) {
    let (head, body) = bytes.split_once("\r\n\r\n").expect("a whole head");
    (format!("{}\r\n", head.to_ascii_lowercase()), body)
}

async fn each_change(bench: Bench) {
    let (bytes, end, exchange) = spoilt(&bench, "malformed_chunk").await;
    let (head, body) = head_and_body(&bytes);
    assert!(head.contains("transfer-encoding: chunked\r\n") && !head.contains("content-length"), "{head}");
    assert_eq!(body, format!("b\r\n{}\r\nnot-a-size\r\n", &DONE[..11]));
    assert_eq!((end, exchange.delivery), (End::Fin, Delivery::Cut { after: 11 }));

    for (by, told, delivery) in [("+7", 28, Delivery::Cut { after: 21 }), ("-7", 14, Delivery::Complete), ("-22", 0, Delivery::Complete)] {
        let (bytes, end, exchange) = spoilt(&bench, &format!("wrong_length({by})")).await;
        let (head, body) = head_and_body(&bytes);
        assert!(head.contains(&format!("content-length: {told}\r\n")), "{head}");
        assert_eq!((body, end, exchange.delivery), (DONE, End::Fin, delivery), "{by}");
    }

    let (bytes, _, exchange) = spoilt(&bench, "duplicate").await;
    let (first, second) = bytes.split_at(bytes.len() / 2);
    assert_eq!((first, head_and_body(first).1, exchange.delivery), (second, DONE, Delivery::Complete));

    let (bytes, ..) = spoilt(&bench, "informational(103)").await;
    let answer = bytes.strip_prefix("HTTP/1.1 103 Early Hints\r\n\r\n").expect("the informational answer comes first");
    assert!(answer.starts_with("HTTP/1.1 200 ") && head_and_body(answer).1 == DONE, "{answer}");

    let (bytes, _, exchange) = spoilt(&bench, "oversize_header(100000)").await;
    assert!(bytes.contains(&format!("\r\nx-padding: {}\r\n", "a".repeat(100_000))) && bytes.ends_with(DONE));
    assert!(exchange.response.expect("answered").headers.iter().all(|(name, _)| name != "x-padding"));

    let (bytes, ..) = spoilt(&bench, "oversize_body(300000)").await;
    let (head, body) = head_and_body(&bytes);
    assert!(head.contains("content-length: 300000\r\n"), "{head}");
    assert_eq!((body.len(), body.trim_end_matches(' ')), (300_000, DONE));

    let started = Instant::now();
    let (bytes, ..) = spoilt(&bench, "slow_body(300)").await;
    assert!(started.elapsed() >= Duration::from_millis(70), "21 bytes at 300 a second");
    assert!(bytes.ends_with(DONE), "{bytes}");

    for (skew, seconds) in [("+3600s", 3600_i64), ("-86400s", -86_400)] {
        let (bytes, _, exchange) = spoilt(&bench, &format!("skew({skew})")).await;
        let dates = exchange.response.expect("answered").headers.into_iter().filter(|(name, _)| name == "date");
        let dates: Vec<String> = dates.map(|(_, value)| value).collect();
        assert!(dates.len() == 1 && bytes.contains(&format!("date: {}\r\n", dates[0])), "{dates:?} {bytes}");
        let told = httpdate::parse_http_date(&dates[0]).expect("a date").duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        assert!(told.as_secs().abs_diff(now.as_secs().saturating_add_signed(seconds)) < 60, "{dates:?}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn each_change_of_an_answer_is_what_it_says() {
    each_change(Bench::plain()).await;
}

#[tokio::test]
async fn each_change_of_an_answer_is_what_it_says_over_tls() {
    each_change(Bench::tls()).await;
}

#[tokio::test]
async fn changes_stack_and_a_cut_ends_them() {
    let bench = Bench::plain();
    let on = |what: &str| format!("secrets_manager.update_task@every {what}");
    bench.spoil(&[on("informational(102)"), on("oversize_body(30)"), on("duplicate"), on("wrong_content_type")].join("; "));
    let mut client = bench.connect().await;
    client.send(&put("{}").replace("content-length", "connection: close\r\ncontent-length")).await;
    let (bytes, _) = client.rest().await;
    let answers = bytes.strip_prefix("HTTP/1.1 102 Processing\r\n\r\n").expect("the informational answer comes first, and once");
    let (first, second) = answers.split_at(answers.len() / 2);
    assert_eq!(first, second);
    assert!(first.contains("content-type: text/html\r\n") && first.ends_with(&format!("{DONE}         ")), "{first}");

    bench.spoil(
        &[on("after_commit cut_body(25)"), on("oversize_body(30)"), on("duplicate"), on("malformed_chunk"), on("slow_body(1000)")]
            .join("; "),
    );
    let mut client = bench.connect().await;
    client.send(&put("{}")).await;
    let (bytes, end) = client.rest().await;
    assert!(bytes.to_ascii_lowercase().contains("content-length: 30\r\n") && bytes.ends_with(&format!("{DONE}    ")), "{bytes}");
    assert_eq!((end, bench.exchanges().await.pop().expect("journalled").delivery), (End::Fin, Delivery::Cut { after: 25 }));
}

/// Reads a whole answer that is known to come.
async fn answered(client: &mut Client) -> (String, String) {
    let (head, body) = client.answer().await;
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    (head, body)
}

#[tokio::test]
async fn surplus_bytes_come_before_the_next_answer() {
    let bench = Bench::plain();
    bench.spoil("secrets_manager.update_task@nth:1 duplicate; secrets_manager.update_task@nth:2 wrong_length(-1)");
    let mut client = bench.connect().await;
    client.send(&put("{}")).await;
    assert_eq!(answered(&mut client).await.1, DONE);
    client.send(&get("/task")).await;
    assert_eq!(answered(&mut client).await.1, DONE, "the first answer once more");
    client.send(&put("{}")).await;
    answered(&mut client).await;
    assert_eq!(answered(&mut client).await.1, DONE[..20]);
    client.send(&get("/task")).await;
    assert!(client.answer().await.0.starts_with("}http/1.1 200 "));
}

async fn half_open(bench: Bench) {
    bench.spoil("secrets_manager.update_task@every after_commit half_open");
    let mut client = bench.connect().await;
    client.send(&put("{}")).await;
    assert_eq!(client.until_end().await, (String::new(), End::Fin));
    let exchange = bench.exchanges().await.remove(0);
    assert_eq!((exchange.delivery, exchange.applied, exchange.response), (Delivery::Closed, true, None));
    // Far more than a socket holds that nobody reads.
    for _ in 0..64 {
        client.send(&"x".repeat(256 * 1024)).await;
    }
    assert_eq!(bench.server.open_connections(), 1);
    drop(client);
    bench.server.drained().await;
}

#[tokio::test]
async fn a_half_open_connection_takes_bytes_until_its_peer_leaves() {
    half_open(Bench::plain()).await;
}

#[tokio::test]
async fn a_half_open_connection_takes_bytes_until_its_peer_leaves_over_tls() {
    half_open(Bench::tls()).await;
}

#[tokio::test]
async fn who_leaves_during_a_slow_body_was_not_answered() {
    let bench = Bench::plain();
    // Longer than any test runs: only the peer's leaving can end it.
    bench.spoil("secrets_manager.update_task@every slow_body(1); secrets_manager.update_task@every oversize_body(100000)");
    let mut client = bench.connect().await;
    client.send(&put("{}")).await;
    let mut first = [0; 1];
    client.read_some(&mut first).await;
    assert_eq!(&first, b"H");
    drop(client);
    bench.server.drained().await;
    let exchange = bench.stop().await.remove(0);
    assert_eq!((exchange.delivery, exchange.applied), (Delivery::PeerGone, true));
}

#[tokio::test]
async fn a_limit_lets_calls_pass_that_know_of_it_and_refuses_the_others() {
    let bench = Bench::plain();
    bench.spoil("secrets_manager.update_task@every rate_limit(2, 3600s); secrets_manager.update_task@nth:4 wrong_content_type");
    let mut client = bench.connect().await;
    for (status, remaining) in [(200, 1), (200, 0), (429, 0), (429, 0)] {
        client.send(&put("{}")).await;
        let (head, _) = client.answer().await;
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{head}");
        assert!(head.contains("ratelimit-policy: \"default\";q=2;w=3600\r\n"), "{head}");
        assert!(head.contains(&format!("ratelimit: \"default\";r={remaining};t=3")), "{head}");
        assert!(head.contains("x-ratelimit-limit: 2\r\n") && head.contains(&format!("x-ratelimit-remaining: {remaining}\r\n")), "{head}");
        let told = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.parse::<u64>().ok());
        let reset = told("x-ratelimit-reset: ").expect("a whole number of seconds");
        assert!((3000..=3600).contains(&reset), "{head}");
        assert_eq!(told("retry-after: "), (status == 429).then_some(reset), "{head}");
    }
    let exchanges = bench.exchanges().await;
    let limit = "secrets_manager.update_task@every before_commit rate_limit(2, 3600s)";
    let both = format!("{limit}; secrets_manager.update_task@nth:4 before_commit wrong_content_type");
    let faults: Vec<_> = exchanges.iter().map(|exchange| (exchange.fault.as_deref(), exchange.applied)).collect();
    assert_eq!(faults, [(None, true), (None, true), (Some(limit), false), (Some(both.as_str()), false)]);
    assert_eq!(bench.service.taken().len(), 2);
}

#[tokio::test]
async fn a_token_expires_before_the_request_is_seen() {
    let bench = Bench::plain();
    spoilt(&bench, "expire_token").await;
    assert_eq!(bench.service.taken(), ["ExpireToken", "handle PUT /task 2"]);
}

#[tokio::test]
async fn a_drawn_delay_is_at_least_its_shortest() {
    let bench = Bench::plain();
    for what in ["delay(40ms..60ms)", "delay(lognormal 40ms 0)"] {
        let started = Instant::now();
        spoilt(&bench, what).await;
        assert!(started.elapsed() >= Duration::from_millis(40), "{what}");
    }
}
