//! Prints the table of [`hallmark_benches::reproduction::jitter`].

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(hallmark_benches::reproduction::jitter::table().as_bytes())
}
