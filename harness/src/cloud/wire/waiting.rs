//! Lateness, which several faults are.

use std::time::Duration;

/// Waits for as long as a fault wants it.
#[expect(clippy::disallowed_methods, reason = "lateness is what these faults are")]
pub(super) async fn wait(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}
