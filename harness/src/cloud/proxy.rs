//! The HTTP proxy through which a provider with hard-coded hosts reaches the fake cloud.
//!
//! Listening, tunnels and TLS are the [wire](super::wire)'s ([`Entrance::Proxy`](super::wire::Entrance::Proxy)); here stands what a
//! proxy decides: which host is served, which becomes a tunnel, and which is refused because nobody declared it.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::uri::Scheme;
use http::{HeaderMap, Method, Request, Response, StatusCode};

use super::wire::{Answer, Line, Target};
use crate::journal::EventKind;

/// What a proxy does with a request.
pub(super) enum Decision {
    /// Serve it as that host's.
    Serve(Target),
    /// Let the connection become a tunnel to that host.
    Tunnel(Target),
    /// Answer it itself.
    Answer(Response<Answer>),
}

/// Decides on a request and journals a refusal.
pub(super) fn judge<B>(line: &Arc<Line>, request: &Request<B>) -> Decision {
    let connect = request.method() == Method::CONNECT;
    let Some(authority) = request.uri().authority() else {
        let text = "hallmark: this is an HTTP proxy; send CONNECT, or the absolute form `GET http://host/path`\n";
        return Decision::Answer(say(line, StatusCode::BAD_REQUEST, text.to_owned()));
    };
    let target = Target::of_authority(authority);
    let secure = connect || request.uri().scheme() == Some(&Scheme::HTTPS);
    let port = target.port.unwrap_or(if secure { 443 } else { 80 });
    let target = Target { port: Some(port), ..target };
    if !line.router().knows(&target.host, port) {
        let text =
            format!("hallmark: nobody declared the host `{}:{port}`; name it in the manifest if the provider needs it\n", target.host);
        line.journal().append(EventKind::HostRefused { job: line.journal().job(), host: target.host, port });
        return Decision::Answer(say(line, StatusCode::FORBIDDEN, text));
    }
    if connect {
        return Decision::Tunnel(target);
    }
    Decision::Serve(target)
}

/// Grants a tunnel.
pub(super) fn grant(line: &Arc<Line>, target: Target) -> Response<Answer> {
    line.open_tunnel(target);
    Answer::whole(line, StatusCode::OK, HeaderMap::new(), Bytes::new())
}

/// Answers where the proxy finds nobody who listens at a host.
pub(super) fn unreachable(line: &Arc<Line>, target: &Target) -> Response<Answer> {
    say(line, StatusCode::BAD_GATEWAY, format!("hallmark: the connection to `{}` was refused\n", target.host))
}

fn say(line: &Arc<Line>, status: StatusCode, text: String) -> Response<Answer> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Answer::whole(line, status, headers, Bytes::from(text))
}
