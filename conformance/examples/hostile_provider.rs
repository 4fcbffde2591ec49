//! Providers that mean ill, for hallmark's own tests: what a shell script cannot do without curl.
//!
//! `hostile_provider call-admin` looks for the admin API of the hallmark that judges it and calls it, `report-escapes` reports a failure in text
//! that steers a terminal, `hold-connections` opens as many as it may, `tell-all FILE` prints every secret that it can get and writes them to a file for the test to look for.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["call-admin"] => call_admin(),
        ["report-escapes"] => report_escapes(),
        ["hold-connections"] => hold_connections(),
        ["tell-all", file] => tell_all(file),
        _ => Err(io::Error::other("usage: hostile_provider call-admin | report-escapes | hold-connections | tell-all FILE")),
    };
    match done {
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("hostile_provider broke: {error}"));
            ExitCode::from(2)
        }
    }
}

/// Prints a line; a reader that left is no trouble.
fn say(line: &str) {
    writeln!(io::stdout(), "{line}").ok();
}

fn variable(name: &str) -> io::Result<String> {
    std::env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}

/// Asks every listener of the process that started the supervisor to reset and to show the ledger.
fn call_admin() -> io::Result<()> {
    let judge = parent_of(parent_of("self")?.as_str())?;
    let sockets: Vec<String> = fs::read_dir(format!("/proc/{judge}/fd"))?
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned()))
        .collect();
    let table = fs::read_to_string("/proc/net/tcp")?;
    let listening = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let port = fields.get(1)?.strip_prefix("0100007F:")?;
        (fields.get(3) == Some(&"0A") && sockets.iter().any(|socket| fields.get(9) == Some(&socket.as_str()))).then_some(port)
    });
    for port in listening {
        let address = format!("127.0.0.1:{}", u16::from_str_radix(port, 16).map_err(io::Error::other)?);
        for (method, path) in [("POST", "/admin/v1/reset"), ("GET", "/admin/v1/ledger"), ("PUT", "/admin/v1/faults")] {
            let (status, _) =
                call(&address, method, path, &[("content-type", "application/json"), ("authorization", "Bearer guess")], "{}")?;
            say(&format!("{method} {path} at {address}: {status}"));
        }
    }
    Ok(())
}

fn parent_of(process: &str) -> io::Result<String> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    parent.map(|id| id.trim().to_owned()).ok_or_else(|| io::Error::other("no parent"))
}

/// Reports a failure whose code and description, and logs lines that, steer a terminal.
fn report_escapes() -> io::Result<()> {
    let escapes = "\u{1b}[2J\u{1b}[31mhidden\u{7}\u{9b}1A \u{202e}reversed";
    let description = format!("{escapes} {}", "x".repeat(100_000));
    let update = json!({ "status": "failed", "errors": [{ "code": format!("code {escapes}"), "description": description }] });
    say(&format!("thread 'main' panicked at {escapes}"));
    io::stdout().write_all(b"\xff\xfe\x80 not UTF-8 \xc3\x28\n")?;
    let token = token()?;
    let path = format!("/api/v2/secrets/{}/tasks/{}", variable("SM_SECRET_ID")?, variable("SM_SECRET_TASK_ID")?);
    let (status, _) = instance("PUT", &path, &token, &update.to_string())?;
    say(&format!("the report was answered {status}"));
    Ok(())
}

/// Opens connections until no file is left to itself, and asks for an answer on the last.
fn hold_connections() -> io::Result<()> {
    let url = variable("SM_INSTANCE_URL")?;
    let mut held = Vec::new();
    while let Ok(stream) = TcpStream::connect(url.trim_start_matches("http://")) {
        held.push(stream);
    }
    say(&format!("{} connections", held.len()));
    let Some(mut last) = held.pop() else { return Ok(()) };
    last.set_read_timeout(Some(Duration::from_secs(1)))?;
    last.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")?;
    // Whether an answer comes is the question to the other side.
    let answered = last.read(&mut [0; 64]).is_ok();
    say(&format!("answered: {answered}"));
    Ok(())
}

/// Prints the access key, a token, the login secret and the planted values in several forms; `file` gets each form on a line.
fn tell_all(file: &str) -> io::Result<()> {
    let (key, token) = (variable("SM_ACCESS_APIKEY")?, token()?);
    let (_, body) = instance("GET", &format!("/api/v2/secrets/{}", variable("SM_LOGIN_SECRET_ID_VALUE")?), &token, "")?;
    let secret: Value = serde_json::from_str(&body).map_err(io::Error::other)?;
    let login = secret["payload"].as_str().ok_or_else(|| io::Error::other("no login secret"))?.to_owned();
    let mut forms = String::new();
    for (name, value) in [("key", key), ("token", token), ("login", login), ("mail", variable("SM_USERNAME_VALUE")?)] {
        let hex = value.bytes().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").ok();
            hex
        });
        for (form, text) in
            [("plain", value.clone()), ("base64", base64(value.as_bytes())), ("reversed", value.chars().rev().collect()), ("hex", hex)]
        {
            say(&format!("{name} {form}: <{text}>"));
            forms.push_str(&text);
            forms.push('\n');
        }
    }
    fs::OpenOptions::new().create(true).append(true).open(file)?.write_all(forms.as_bytes())
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encode = |chunk: &[u8]| {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        let digit = |place: usize| if place <= chunk.len() { char::from(ALPHABET[(bits >> (18 - 6 * place) & 63) as usize]) } else { '=' };
        [digit(0), digit(1), digit(2), digit(3)]
    };
    bytes.chunks(3).flat_map(encode).collect()
}

/// Gets a token from IAM, through the run's proxy.
fn token() -> io::Result<String> {
    let proxy = variable("HTTP_PROXY")?;
    let form = format!("grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey={}", variable("SM_ACCESS_APIKEY")?);
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let (status, body) = call(proxy.trim_start_matches("http://"), "POST", "http://iam.cloud.ibm.com/identity/token", &headers, &form)?;
    let answer: Value = serde_json::from_str(&body).map_err(|error| io::Error::other(format!("IAM answered {status} {body}: {error}")))?;
    answer["access_token"].as_str().map(str::to_owned).ok_or_else(|| io::Error::other(format!("IAM gave no token: {status}")))
}

/// Calls Secrets Manager.
fn instance(method: &str, path: &str, token: &str, body: &str) -> io::Result<(u16, String)> {
    let url = variable("SM_INSTANCE_URL")?;
    let headers = [("content-type", "application/json"), ("authorization", &format!("Bearer {token}"))];
    call(url.trim_start_matches("http://"), method, path, &headers, body)
}

/// Makes one request on a connection of its own.
fn call(address: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let host = target.strip_prefix("http://").and_then(|rest| rest.split('/').next()).unwrap_or(address);
    let headers = headers.iter().fold(String::new(), |mut lines, (name, value)| {
        write!(lines, "{name}: {value}\r\n").ok();
        lines
    });
    let length = body.len();
    write!(stream, "{method} {target} HTTP/1.1\r\nhost: {host}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok((status, answer.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned())))
}
