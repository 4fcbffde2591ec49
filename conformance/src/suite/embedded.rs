//! The features, built in: the binary certifies without a checkout.

macro_rules! features {
    ($($path:literal),+ $(,)?) => {
        /// Path within `features/` and text of every feature.
        pub(crate) const FEATURES: &[(&str, &str)] = &[$(($path, include_str!(concat!("../../../features/", $path)))),+];
    };
}

features![
    "config/config.feature",
    "crash/crash.feature",
    "create/create.feature",
    "create/refused.feature",
    "create/undo.feature",
    "delete/delete.feature",
    "delete/refused.feature",
    "delete/daily_retries.feature",
    "action/action.feature",
    "task_update/update.feature",
    "retry/retry.feature",
    "retry/silence.feature",
    "retry/third_party.feature",
    "retry/token.feature",
    "errors/errors.feature",
    "privacy/privacy.feature",
    "privilege/privilege.feature",
    "network/network.feature",
    "image/image.feature",
    "rotation/rotation.feature",
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn feature_files(folder: &Path, found: &mut Vec<String>, root: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                feature_files(&path, found, root);
            } else if path.extension().is_some_and(|extension| extension == "feature") {
                found.push(path.strip_prefix(root).unwrap().to_string_lossy().into_owned());
            }
        }
    }

    #[test]
    fn every_feature_file_is_built_in() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../features");
        let mut found = Vec::new();
        feature_files(&root, &mut found, &root);
        found.sort();
        let mut built_in: Vec<&str> = FEATURES.iter().map(|(path, _)| *path).collect();
        built_in.sort_unstable();
        assert_eq!(built_in, found);
    }
}
