//! Prints the table of [`hallmark_benches::reproduction::outage`].

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(hallmark_benches::reproduction::outage::table().as_bytes())
}
