//! Prints the table of [`hallmark_benches::reproduction::closed_forms`].

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(hallmark_benches::reproduction::closed_forms::table().as_bytes())
}
