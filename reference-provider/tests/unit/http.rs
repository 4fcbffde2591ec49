//! Tests of one call and of the loop around it.

use std::net::SocketAddr;

use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::config::Environment;
use crate::http::{CallError, Http, json};
use crate::retry::{Budget, Phase};

const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":";

/// Listens for one connection, answers it with these bytes, and ends it: with a RST if there are none, else a FIN.
async fn server(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let _ = connection.read(&mut [0; 4096]).await.unwrap();
        if answer.is_empty() {
            connection.set_zero_linger().unwrap();
        }
        connection.write_all(answer.as_bytes()).await.unwrap();
    });
    address
}

async fn put<T>(address: SocketAddr, read: impl FnOnce(Option<&str>) -> Option<T>) -> Result<T, CallError> {
    let http = Http::new(Budget::read(&Environment::new()).unwrap(), &|_| {}).unwrap();
    let request = http.client.put(format!("http://{address}")).body("{}");
    http.send(Phase::Undo, request, read).await
}

#[tokio::test]
async fn a_cut_body_matters_only_where_a_body_is_needed() {
    assert!(put(server(CUT).await, |_| Some(())).await.is_ok());
    let whole = put(server(CUT).await, |body| body.map(str::to_owned)).await.map(drop);
    let json = put(server(CUT).await, json).await.map(drop);
    for error in [whole.unwrap_err(), json.unwrap_err()] {
        assert!(error.is_in_doubt && error.refused.is_none() && error.retry_after.is_none());
    }
}

#[tokio::test]
async fn a_page_is_no_json() {
    let page = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>";
    let error = put(server(page).await, json).await.unwrap_err();
    assert!(error.is_in_doubt && error.refused.is_none());
    let empty = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    assert!(put(server(empty).await, json).await.is_ok());
}

#[tokio::test]
async fn a_reset_is_ambiguous_and_a_refused_connection_is_not() {
    let reset = put(server("").await, json).await.unwrap_err();
    assert!(reset.is_in_doubt && reset.refused.is_none() && reset.retry_after.is_none());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = put(address, json).await.unwrap_err();
    assert!(!refused.is_in_doubt && refused.refused.is_none() && refused.retry_after.is_none());
}

#[tokio::test]
async fn a_body_is_never_shown() {
    let refusal = "HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\ncanary";
    let error = put(server(refusal).await, json).await.unwrap_err();
    assert!(error.refused == Some(403) && !error.is_in_doubt);
    assert!(!format!("{error:?} {error}").contains("canary"));
}

fn failure(refused: Option<u16>, is_in_doubt: bool) -> CallError {
    CallError { refused, reason: String::new(), retry_after: None, body: SecretString::default(), is_in_doubt }
}

#[tokio::test]
async fn a_doubt_outlasts_the_refusal_that_follows() {
    let http = Http::new(Budget::read(&Environment::new()).unwrap(), &|_| {}).unwrap();
    let mut answers = [failure(None, true), failure(None, false), failure(Some(400), false)].into_iter();
    let error = http.retry(Phase::Undo, async || Err::<(), _>(answers.next().unwrap())).await.unwrap_err();
    assert!(error.is_in_doubt && error.refused == Some(400));
}
