//! The schema of the JSON form.

use super::Report;

/// Returns the JSON Schema of what `hallmark lint --format json` prints, ending with a line feed.
pub fn schema() -> String {
    let mut schema = schemars::schema_for!(Report);
    schema.insert("title".to_owned(), "Findings in a job_config.json".into());
    format!("{:#}\n", schema.to_value())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checked_in_schema_is_up_to_date() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/lint.schema.json");
        if std::env::var_os("HALLMARK_BLESS").is_some() {
            std::fs::write(&path, schema()).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(&path).unwrap_or_default(),
            schema(),
            "{} is stale; run `HALLMARK_BLESS=1 cargo test -p hallmark schema` and commit it",
            path.display()
        );
    }
}
