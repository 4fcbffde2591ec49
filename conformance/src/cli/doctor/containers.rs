//! What `run --image` needs beyond process mode.

use hallmark_harness::docker::Daemon;

use super::Check;

/// Looks for the Docker Engine.
pub(super) async fn checks() -> Vec<Check> {
    vec![engine(
        Daemon::connect()
            .await
            .map_err(|error| error.to_string())
            .map(|daemon| format!("version {}, API {}, runs linux/{} images", daemon.version(), daemon.api(), daemon.architecture())),
    )]
}

fn engine(found: Result<String, String>) -> Check {
    const WHAT: &str = "Docker Engine";
    match found {
        Ok(about) => Check::good(WHAT, about),
        Err(error) => {
            let (seen, remedy) = error.rsplit_once("; ").unwrap_or((&error, "see the engine's log"));
            Check::bad(WHAT, seen, remedy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_and_what_to_do_stand_apart() {
        let check = engine(Err("this user may not talk to it; join the group that owns the socket".into()));
        assert_eq!(check.seen, "this user may not talk to it");
        assert_eq!(check.remedy.as_deref(), Some("join the group that owns the socket"));
    }
}
