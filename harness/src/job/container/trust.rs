//! Making a provider trust the run's certificate authority without touching its image: variables, and files put into each container before it starts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::ContainerArchiveInfoOptionsBuilder;

use super::furnishing::{Furnishing, OWN_FOLDER};
use super::keystore;
use crate::docker::{DockerError, Holding, Role, SubjectImage};
use crate::job::TrustVariables;

/// How the run's certificate authority gets to the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthorityDelivery {
    /// The variables of the common runtimes name a file of ours.
    Environment,
    /// The system's bundle is ours.
    Bundle,
    /// The bundle of Python's certifi package is ours.
    Certifi,
    /// Java's options name a keystore of ours.
    Java,
}

/// The file that the variables name, in a folder of its own.
const OWN_FILE: &str = "/hallmark-files/ca.pem";

/// Where systems keep their bundle; the first is made where there is none of them.
const BUNDLES: [&str; 5] = [
    // Debian, Ubuntu, Alpine, and what everybody copies into an image FROM scratch.
    "/etc/ssl/certs/ca-certificates.crt",
    // Red Hat.
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    // SUSE.
    "/etc/ssl/ca-bundle.pem",
    // Alpine's second name, and OpenSSL's own default.
    "/etc/ssl/cert.pem",
];

/// Where Python's packages are, below the folder of a version.
const PYTHON_VERSIONS: std::ops::RangeInclusive<u32> = 8..=14;

/// What each container of an image gets.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Variables.
    pub variables: BTreeMap<String, String>,
    /// Files.
    pub files: Furnishing,
}

impl Trust {
    /// Looks into an image, which starts nothing, and decides what its containers get so that they trust `authority` (PEM).
    pub async fn prepare(
        holding: &Holding,
        image: &SubjectImage,
        authority: &str,
        deliveries: &[AuthorityDelivery],
    ) -> Result<Self, DockerError> {
        let body = ContainerCreateBody {
            image: Some(image.id.clone()),
            // An image may start nothing by itself, and is not started here.
            entrypoint: Some(vec!["/hallmark-looks-only".to_owned()]),
            network_disabled: Some(true),
            ..ContainerCreateBody::default()
        };
        let look = Look { holding, container: holding.create(Role::Look, body).await? };
        let decided = Self::decide(&look, authority, deliveries).await;
        holding.remove(&look.container).await?;
        decided
    }

    async fn decide(look: &Look<'_>, authority: &str, deliveries: &[AuthorityDelivery]) -> Result<Self, DockerError> {
        let failed = |source| DockerError::Pack { attempted: "writing the certificate as a keystore".to_owned(), source };
        let mut files = Vec::new();
        let mut stores = Vec::new();
        let mut variables = BTreeMap::new();
        for delivery in deliveries {
            match delivery {
                AuthorityDelivery::Environment => {
                    files.push(PathBuf::from(OWN_FILE));
                    variables.extend(TrustVariables::new(OWN_FILE).variables());
                }
                AuthorityDelivery::Bundle => {
                    let there = look.those_there(BUNDLES.map(PathBuf::from)).await?;
                    files.extend(if there.is_empty() { vec![PathBuf::from(BUNDLES[0])] } else { there });
                }
                AuthorityDelivery::Certifi => files.extend(look.those_there(certifi_bundles()).await?),
                AuthorityDelivery::Java => {
                    stores.push((PathBuf::from(keystore::FILE), keystore::pkcs12(authority).map_err(failed)?));
                    variables.extend([keystore::variable()]);
                }
            }
        }
        files.sort();
        files.dedup();
        let contents = files.into_iter().map(|file| (file, authority.as_bytes().to_vec())).chain(stores).collect::<Vec<_>>();
        Ok(Self { variables, files: look.furnishing(contents).await? })
    }
}

/// An image that is looked into.
struct Look<'a> {
    holding: &'a Holding,
    container: String,
}

/// What is at a path.
struct Found {
    folder: bool,
    /// Where a symbolic link leads, in the end.
    leads_to: Option<PathBuf>,
}

impl Look<'_> {
    async fn at(&self, path: &Path) -> Result<Option<Found>, DockerError> {
        let options = ContainerArchiveInfoOptionsBuilder::default().path(&path.to_string_lossy()).build();
        let answer = self.holding.daemon().docker().get_container_archive_info(&self.container, Some(options)).await;
        match answer {
            // Go's os.FileMode: the highest bit is a folder.
            Ok(stat) => {
                let leads_to = Some(PathBuf::from(&stat.link_target)).filter(|target| !target.as_os_str().is_empty());
                Ok(Some(Found { folder: stat.file_mode & (1 << 31) != 0, leads_to }))
            }
            Err(error) if crate::docker::status(&error) == Some(404) => Ok(None),
            Err(error) => Err(DockerError::when(format!("look for {} in the image", path.display()))(error)),
        }
    }

    /// Returns the real paths of those files that are there.
    async fn those_there(&self, paths: impl IntoIterator<Item = PathBuf>) -> Result<Vec<PathBuf>, DockerError> {
        let mut there = Vec::new();
        for path in paths {
            if let Some(found) = self.at(&path).await?.filter(|found| !found.folder) {
                let real = self.real_folder(path.parent().unwrap_or(Path::new("/"))).await?.join(path.file_name().unwrap_or_default());
                there.push(found.leads_to.unwrap_or(real));
            }
        }
        Ok(there)
    }

    /// Returns where a folder really is.
    async fn real_folder(&self, folder: &Path) -> Result<PathBuf, DockerError> {
        let mut real = PathBuf::from("/");
        for part in folder.components().skip(1) {
            let next = real.join(part);
            real = self.at(&next).await?.and_then(|found| found.leads_to).unwrap_or(next);
        }
        Ok(real)
    }

    /// Returns files together with the folders that are missing for them.
    async fn furnishing(&self, files: Vec<(PathBuf, Vec<u8>)>) -> Result<Furnishing, DockerError> {
        let mut furnishing = Furnishing::default();
        for (file, content) in files {
            let folders = file.ancestors().skip(1).filter(|folder| *folder != Path::new("/") && *folder != Path::new(OWN_FOLDER));
            for folder in folders {
                if self.at(folder).await?.is_none() {
                    furnishing.lacks(folder.to_owned());
                }
            }
            furnishing.add(&file, content);
        }
        Ok(furnishing)
    }
}

fn certifi_bundles() -> Vec<PathBuf> {
    let versions = PYTHON_VERSIONS.flat_map(|minor| {
        ["/usr/local/lib", "/usr/lib", "/opt/venv/lib", "/venv/lib", "/app/.venv/lib"]
            .map(|library| PathBuf::from(format!("{library}/python3.{minor}/site-packages/certifi/cacert.pem")))
    });
    versions.chain([PathBuf::from("/usr/lib/python3/dist-packages/certifi/cacert.pem")]).collect()
}
