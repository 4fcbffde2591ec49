//! A PostgreSQL server of the test's own: on a free port of loopback, in a temporary folder, gone with the test.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The superuser's password, as the manifest of the provider has it.
const SUPERUSER: &str = "superuser-of-the-test";

/// A running server. Dropping it ends it and removes all that it had.
pub(super) struct Server {
    child: Child,
    pub(super) port: u16,
    pub(super) programs: PathBuf,
    /// Removed last.
    _folder: TempDir,
}

impl Server {
    /// Starts a server, or says what is missing on this machine.
    pub(super) fn start() -> Result<Self, String> {
        let programs = programs().ok_or("PostgreSQL's server, which `.ci/prepare` installs, is not on this machine")?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        // The server refuses to run as root, and root's temporary folder is not another user's.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).expect("the folder is ours");
        let (data, password) = (folder.path().join("data"), folder.path().join("password"));
        std::fs::write(&password, SUPERUSER).expect("the folder is writable");
        std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o644)).expect("the file is ours");
        let made = unprivileged(&programs.join("initdb"), folder.path())
            .args(["--auth=scram-sha-256", "--username=postgres", "--no-locale", "--encoding=UTF8", "--no-sync", "--pgdata"])
            .arg(&data)
            .arg(format!("--pwfile={}", password.display()))
            .output()
            .expect("initdb starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = free_port();
        let mut child = unprivileged(&programs.join("postgres"), folder.path())
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("postgres starts");
        let mut log = BufReader::new(child.stderr.take().expect("its log is piped")).lines();
        let mut said = String::new();
        loop {
            let Some(Ok(line)) = log.next() else { panic!("postgres did not start: {said}") };
            if line.contains("ready to accept connections") {
                break;
            }
            said.push_str(&line);
        }
        // A log that nobody reads would block the server.
        std::thread::spawn(move || log.for_each(drop));
        Ok(Self { child, port, programs, _folder: folder })
    }

    /// Runs statements as the superuser and returns what they print.
    pub(super) fn ask(&self, statements: &str) -> String {
        let output = Command::new(self.programs.join("psql"))
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres", "-c", statements])
            .env("PGPASSWORD", SUPERUSER)
            .output()
            .expect("psql starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A fast shutdown: whoever is connected is cut off.
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let asked = pid.is_some_and(|pid| kill_process(pid, Signal::INT).is_ok());
        if !asked {
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}

/// Says on standard error why a test does nothing.
pub(super) fn skip(reason: &str) {
    std::io::stderr().write_all(format!("skipped: {reason}\n").as_bytes()).expect("standard error is open");
}

/// Returns the folder of the newest server's programs, as Debian lays them out.
fn programs() -> Option<PathBuf> {
    let versions = Path::new("/usr/lib/postgresql").read_dir().ok()?;
    let version = |folder: &PathBuf| folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = versions.filter_map(|entry| Some(entry.ok()?.path())).max_by_key(version)?.join("bin");
    newest.join("initdb").is_file().then_some(newest)
}

/// Returns a command that does not run as root.
fn unprivileged(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    if rustix::process::geteuid().is_root() {
        let users = std::fs::read_to_string("/etc/passwd").expect("the users are readable");
        let user = users.lines().find(|line| line.starts_with("postgres:")).expect("Debian's package makes a user `postgres`");
        let number = |place: usize| user.split(':').nth(place).and_then(|number| number.parse().ok()).expect("a user has numbers");
        command.uid(number(2)).gid(number(3));
    }
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it is bound").port()
}
