//! What runs in the containers: this very test program, packed, with one of its functions as the provider.

use std::io::Write as _;

/// The test function that is the provider; it does nothing when it is run as a test.
pub(crate) const NAME: &str = "subject::provider";

/// The variable that says what the provider does.
pub(crate) const DOES: &str = "SUBJECT";

#[test]
#[ignore = "it is the program that the containers run"]
#[expect(clippy::exit, reason = "a provider ends with the exit code that it was told")]
fn provider() {
    let Ok(does) = std::env::var(DOES) else { return };
    let (what, argument) = does.split_once(' ').unwrap_or((&does, ""));
    match what {
        "say" => {
            // Not `println!`, which a test's harness catches.
            writeln!(std::io::stdout(), "out {argument}").unwrap();
            writeln!(std::io::stderr(), "err {argument}").unwrap();
        }
        "exit" => std::process::exit(argument.parse().unwrap()),
        "hang" => loop {
            std::thread::park();
        },
        "eat" => {
            let mut eaten = Vec::new();
            loop {
                eaten.push(vec![1_u8; 64 * 1024 * 1024]);
                assert!(!eaten.is_empty());
            }
        }
        "read" => {
            for path in argument.split(' ') {
                let text = std::fs::read_to_string(path).unwrap_or_else(|error| format!("{error}\n"));
                write!(std::io::stdout(), "{path}: {text}").unwrap();
            }
        }
        "write" => {
            for path in argument.split(' ') {
                let written = std::fs::write(path, "x").is_ok();
                writeln!(std::io::stdout(), "{path} written: {written}").unwrap();
            }
        }
        "spill" => {
            let mut file = std::fs::File::create("/tmp/spill").unwrap();
            for _ in 0..argument.parse().unwrap() {
                file.write_all(&vec![1; 1024 * 1024]).unwrap();
            }
        }
        "read-of" => {
            let text = std::fs::read_to_string(std::env::var(argument).unwrap()).unwrap();
            writeln!(std::io::stdout(), "{argument}: {text}").unwrap();
        }
        "connect" => {
            let found = std::net::TcpStream::connect_timeout(&argument.parse().unwrap(), std::time::Duration::from_secs(5));
            writeln!(std::io::stdout(), "connected: {}", found.is_ok()).unwrap();
        }
        "resolve" => {
            use std::net::ToSocketAddrs as _;
            let found = (argument, 443).to_socket_addrs().map(|mut found| found.next().map(|address| address.to_string()));
            writeln!(std::io::stdout(), "resolved: {found:?}").unwrap();
        }
        other => panic!("nobody knows how to {other}"),
    }
    std::process::exit(0);
}
