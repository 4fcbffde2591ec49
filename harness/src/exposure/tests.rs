//! What is found and, as much, what is not: lines of images that everybody uses.

use super::*;

fn kinds(description: &Description) -> Vec<ExposureKind> {
    find(description, &[]).into_iter().map(|exposure| exposure.kind).collect()
}

fn variable(name: &str, value: &str) -> Vec<ExposureKind> {
    kinds(&Description { environment: vec![(name.to_owned(), value.to_owned())], ..Description::default() })
}

fn label(name: &str, value: &str) -> Vec<ExposureKind> {
    kinds(&Description { labels: vec![(name.to_owned(), value.to_owned())], ..Description::default() })
}

fn step(line: &str) -> Vec<ExposureKind> {
    kinds(&Description { history: vec![line.to_owned()], ..Description::default() })
}

fn issued(issuer: &str) -> ExposureKind {
    ExposureKind::IssuedToken(issuer.to_owned())
}

fn called(name: &str) -> ExposureKind {
    ExposureKind::Named(name.to_owned())
}

const WEB_TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";

#[test]
fn secrets_in_the_environment_are_found() {
    let a_key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
    let forms = [
        ("X", format!("-----BEGIN PRIVATE KEY-----\n{a_key}\n-----END PRIVATE KEY-----"), ExposureKind::PrivateKey),
        ("X", format!("-----BEGIN RSA PRIVATE KEY-----\\n{a_key}"), ExposureKind::PrivateKey),
        ("X", WEB_TOKEN.to_owned(), ExposureKind::WebToken),
        ("AUTH_TOKEN", WEB_TOKEN.to_owned(), ExposureKind::WebToken),
        ("X", format!("ghp_{}", "a1B2".repeat(9)), issued("GitHub")),
        ("X", format!("github_pat_{}", "a1B2_".repeat(9)), issued("GitHub")),
        ("X", format!("glpat-{}", "a1B2_".repeat(4)), issued("GitLab")),
        ("AWS_ACCESS_KEY_ID", "AKIAQWERTYUIOP234567".to_owned(), issued("Amazon Web Services")),
        ("X", format!("xoxb-{}", "12345-".repeat(4)), issued("Slack")),
        ("X", format!("sk_live_{}", "a1B2".repeat(6)), issued("Stripe")),
        ("X", format!("npm_{}", "a1B2".repeat(9)), issued("npm")),
        ("X", format!("pypi-AgEIcHlwaS5vcmc{}", "a1B2".repeat(12)), issued("PyPI")),
        ("X", format!("AKCp8{}", "a1B2".repeat(17)), issued("Artifactory")),
        ("X", format!("cmVmdGtu{}", "OjAxOjE3".repeat(6)), issued("Artifactory")),
        ("X", format!("AIza{}", "a1B2c".repeat(7)), issued("Google")),
        ("X", format!("SG.{}.{}", "a".repeat(22), "b".repeat(43)), issued("SendGrid")),
        ("X", format!("dckr_pat_{}", "a1B2_".repeat(5)), issued("Docker Hub")),
        ("X", format!("hf_{}", "a1B2c".repeat(7)), issued("Hugging Face")),
        ("X", format!("hvs.{}", "a1B2c".repeat(7)), issued("Vault")),
        ("DATABASE_URL", "postgres://app:hunter2x@db.internal:5432/app".to_owned(), ExposureKind::UrlPassword),
        ("PIP_INDEX_URL", "https://ci:AbC123xyz@pypi.internal/simple".to_owned(), ExposureKind::UrlPassword),
        ("DB_PASSWORD", "hunter2".to_owned(), called("DB_PASSWORD")),
        ("dbPassword", "correct-horse".to_owned(), called("dbPassword")),
        ("KEYSTORE_PASSWD", "\"s3cr3tvalue\"".to_owned(), called("KEYSTORE_PASSWD")),
        ("IBMCLOUD_API_KEY", "Zk3vJq9-RtYw0bN_e7uHs2LxPmA5dC8fGi1oTkVzXwQy".to_owned(), called("IBMCLOUD_API_KEY")),
        ("IC_APIKEY", "Zk3vJq9-RtYw0bN_e7uHs2LxPmA5dC8fGi1oTkVzXwQy".to_owned(), called("IC_APIKEY")),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY".to_owned(), called("AWS_SECRET_ACCESS_KEY")),
        ("SECRET_KEY_BASE", "0fd8a0f1b2c34d5e6f708192a3b4c5d6".to_owned(), called("SECRET_KEY_BASE")),
        ("SERVICE_CREDENTIALS", "dXNlcjpwYXNzMTIzNA==".to_owned(), called("SERVICE_CREDENTIALS")),
        ("PRIVATE_KEY", "5Kb8kLf9zgWQnogidDA76MzPL6TsZZY36hWXMssSzNydYXYB9KF".to_owned(), called("PRIVATE_KEY")),
    ];
    for (name, value, kind) in forms {
        assert_eq!(variable(name, &value), [kind], "{name}={value}");
    }
}

#[test]
fn variables_of_everyday_images_are_left_alone() {
    let lines = [
        // golang, python, node, openjdk, alpine, distroless, ruby, php, postgres, nginx, ubi.
        "GOLANG_VERSION=1.23.4",
        "GOTOOLCHAIN=local",
        "GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305",
        "GPG_KEYS=1198C0117593497A5EC5C199286AF1F9897469DC 39B641343D8C104B2B146DC3F9C39DC0B9698544",
        "PYTHON_SHA256=61e3dd3e1a1a3e3c6dd5d7a9d0d19cd7d3e3f0a1c1d4fbb2dc8f0ad04cd5f0c4",
        "PYTHON_GET_PIP_URL=https://github.com/pypa/get-pip/raw/66d8a0f637083e2c3ddffc0cb1e65ce126afb856/public/get-pip.py",
        "PYTHON_GET_PIP_SHA256=6fb7b781206356f45ad79efbb19322caa6c2a5ad39092d0d44d0fec94117e118",
        "NODE_VERSION=22.11.0",
        "YARN_VERSION=1.22.22",
        "NPM_CONFIG_LOGLEVEL=info",
        "JAVA_HOME=/usr/local/openjdk-17",
        "JAVA_VERSION=jdk-17.0.13+11",
        "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG=C.UTF-8",
        "RUBY_DOWNLOAD_SHA256=018d59ffb52be3c0a6d847e22d3fd7a2c52d0ddfee249d3517a0c8c6dbfa70af",
        "PHP_CFLAGS=-fstack-protector-strong -fpic -fpie -O2 -D_LARGEFILE_SOURCE",
        "PHP_ASC_URL=https://www.php.net/distributions/php-8.3.14.tar.xz.asc",
        "NJS_RELEASE=1~bookworm",
        "PKG_RELEASE=1~bookworm",
        "container=oci",
        // Names about secrets, without one.
        "API_TOKEN_FILE=/run/secrets/api-token",
        "POSTGRES_PASSWORD_FILE=/run/secrets/postgres",
        "DB_PASSWORD=/run/secrets/db",
        "DB_PASSWORD=",
        "DB_PASSWORD=${DB_PASSWORD}",
        "DB_PASSWORD=$DB_PASSWORD",
        "DB_PASSWORD=<your password>",
        "DB_PASSWORD=changeme",
        "DB_PASSWORD={{ .Values.password }}",
        "TOKEN_URL=https://iam.cloud.ibm.com/identity/token",
        "TOKEN_ENDPOINT=https://iam.cloud.ibm.com/identity/token",
        "OAUTH_TOKEN=https://iam.cloud.ibm.com/identity/token",
        "ACCESS_TOKEN_TTL=3600",
        "REFRESH_TOKEN=3600s",
        "USE_API_KEY=true",
        "TOKENIZERS_PARALLELISM=false",
        "TOKEN_TYPE=Bearer1x",
        "IMAGE_PULL_SECRET=all-icr-io",
        "TLS_SECRET=my-service-tls",
        "SM_SECRET_GROUP_ID=67d025e1-0248-418f-83ba-deb0ebfb9b4a",
        "LOGIN_SECRET_ID=67d025e1-0248-418f-83ba-deb0ebfb9b4a",
        "SMOUT_TOKEN=type:string, required:true",
        "SMIN_LOGIN_SECRET_ID=type:secret_id, required:true",
        "SMIN_API_KEY=type:string",
        "PASSWORD_ENCRYPTION=scram-sha-256",
        "PASSWORD_MIN_LENGTH=12",
        "GIT_CREDENTIAL_HELPER=store-Cache1",
        "DOCKER_CREDENTIALS_STORE=Secret1Service",
        "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
        "REGISTRY=https://docker.io/library",
        "PROXY=http://proxy.internal:3128",
        "URL=https://user:${PASSWORD}@internal/",
        "TICKET=eyJub3QiOiJhIHRva2VuIn0.abcdefghij.abcdefghijklmnop",
        // What only looks like an address or an account.
        "PACKAGE=yarn@1.22.19.tgz",
        "REPOSITORY=git@github.com:owner/name.git",
        "UNIT=user@1000.service",
        "MAIL_FROM=no-reply@company.com",
        "MAIL_TO=someone@example.com",
        "REMOTE=ssh://deploy@host.company.com/x",
        "IMAGE=registry.io/name@sha256:61e3dd3e1a1a3e3c6dd5d7a9d0d19cd7d3e3f0a1c1d4fbb2dc8f0ad04cd5f0c4",
        "ACCOUNT=DE89370400440532013001",
        "FINGERPRINT=DE89370400440532013000AABBCCDDEEFF001122",
    ];
    for line in lines {
        let (name, value) = line.split_once('=').unwrap();
        assert_eq!(variable(name, value), [], "{line}");
    }
}

#[test]
fn labels_name_whom_to_ask_and_nobody_else() {
    for (name, value) in [
        ("org.opencontainers.image.authors", "Ada Lovelace <ada@company.com>"),
        ("maintainer", "NGINX Docker Maintainers <docker-maint@nginx.com>"),
        ("org.label-schema.vendor", "team@company.com"),
        ("vcs-ref", "8a0a9c5d2b1f4e6a7c3d9e8f0b1a2c3d4e5f6a7b"),
        ("build-date", "2024-11-20T08:25:18"),
        ("com.redhat.component", "ubi9-container"),
        ("com.redhat.license_terms", "https://www.redhat.com/en/about/red-hat-end-user-license-agreements#UBI"),
        ("io.openshift.tags", "base rhel9"),
        ("io.buildah.version", "1.37.5"),
        ("architecture", "x86_64"),
        ("org.opencontainers.image.base.digest", "sha256:61e3dd3e1a1a3e3c6dd5d7a9d0d19cd7d3e3f0a1c1d4fbb2dc8f0ad04cd5f0c4"),
        ("org.opencontainers.image.source", "https://github.com/company/name"),
        ("org.opencontainers.image.revision", "8a0a9c5d2b1f4e6a7c3d9e8f0b1a2c3d4e5f6a7b"),
        ("io.k8s.description", "Very small image which doesn't install the package manager."),
        ("distribution-scope", "public"),
    ] {
        assert_eq!(label(name, value), [], "{name}={value}");
    }
    assert_eq!(label("owner", "ada@company.com"), [ExposureKind::Email]);
    assert_eq!(label("description", "Ask Ada <ada.lovelace@mail.company.co.uk>."), [ExposureKind::Email]);
    assert_eq!(label("billing.account", "DE89370400440532013000"), [ExposureKind::Iban]);
    assert_eq!(label("billing.account", "GB29 NWBK 6016 1331 9268 19"), [ExposureKind::Iban]);
    assert_eq!(label("com.company.api-key", "Zk3vJq9-RtYw0bN_e7uH"), [called("com.company.api-key")]);
    // Where people may stand, a password may not.
    assert_eq!(label("maintainer", "https://ada:hunter2x@company.com"), [ExposureKind::UrlPassword]);
}

#[test]
fn steps_of_everyday_images_are_left_alone() {
    for line in [
        "/bin/sh -c #(nop) ADD file:b5e2ca7e1b8d4b0a1c8e2e4c in / ",
        "/bin/sh -c #(nop)  CMD [\"/bin/sh\"]",
        "/bin/sh -c #(nop)  ENV GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305",
        "ENV PYTHON_SHA256=61e3dd3e1a1a3e3c6dd5d7a9d0d19cd7d3e3f0a1c1d4fbb2dc8f0ad04cd5f0c4",
        "/bin/sh -c #(nop)  LABEL maintainer=NGINX Docker Maintainers <docker-maint@nginx.com>",
        "LABEL org.opencontainers.image.authors=Ada <ada@company.com> org.opencontainers.image.title=provider",
        "MAINTAINER Ada Lovelace <ada@company.com>",
        "/bin/sh -c #(nop)  MAINTAINER Ada Lovelace <ada@company.com>",
        "bazel build ...",
        "COPY --from=build /app /app # buildkit",
        "COPY --chown=65532:65532 provider / # buildkit",
        "RUN /bin/sh -c useradd --uid 1000 --user-group app # buildkit",
        "RUN /bin/sh -c --mount=type=secret,id=npm_token npm ci # buildkit",
        "RUN /bin/sh -c --mount=type=secret,id=token,target=/run/token TOKEN=$(cat /run/token) npm ci # buildkit",
        "RUN |1 GITHUB_TOKEN=${GITHUB_TOKEN} /bin/sh -c make # buildkit",
        "ARG API_KEY",
        "ARG TARGETARCH=amd64",
        "RUN /bin/sh -c set -eux; gpg --batch --keyserver hkps://keys.openpgp.org --recv-keys \"$GPG_KEY\" # buildkit",
        "RUN /bin/sh -c set -ex && for key in 4ED778F539E3634C779C87C6D7062848A1AB005C; do gpg --batch --recv-keys \"$key\"; done # buildkit",
        "RUN /bin/sh -c keytool -importcert -storepass changeit -noprompt # buildkit",
        "RUN /bin/sh -c curl -fsSL -u \"$USER:$PASSWORD\" https://internal/x -o /x # buildkit",
        "RUN /bin/sh -c curl -H \"Authorization: Bearer $TOKEN\" https://internal/x # buildkit",
        "RUN /bin/sh -c git clone https://x-access-token:${TOKEN}@github.com/company/name # buildkit",
        "RUN /bin/sh -c pip install 'requests==2.32.3' --index-url https://pypi.org/simple # buildkit",
        "RUN /bin/sh -c npm install -g yarn@1.22.22 npm@10.9.0 # buildkit",
        "RUN /bin/sh -c grep -rL \"-----BEGIN PRIVATE KEY-----\" /etc # buildkit",
        "USER 65532:65532",
        "ENTRYPOINT [\"/provider\"]",
        "hallmark",
    ] {
        assert_eq!(step(line), [], "{line}");
    }
}

#[test]
fn secrets_in_the_history_are_found() {
    for (line, kind) in [
        ("/bin/sh -c #(nop)  ENV DB_PASSWORD=hunter2", called("DB_PASSWORD")),
        ("ENV DB_PASSWORD hunter2", called("DB_PASSWORD")),
        ("RUN |1 NPM_AUTH_TOKEN=a1B2c3D4e5F6a7B8 /bin/sh -c npm ci # buildkit", called("NPM_AUTH_TOKEN")),
        ("|2 VERSION=1 API_KEY=a1B2c3D4e5F6a7B8 /bin/sh -c make", called("API_KEY")),
        ("RUN /bin/sh -c export API_KEY='a1B2c3D4e5F6a7B8' && make # buildkit", called("API_KEY")),
        ("RUN /bin/sh -c login --password=hunter2 --user app # buildkit", called("password")),
        ("RUN /bin/sh -c docker login --username ci --password hunter2 registry.io # buildkit", called("password")),
        ("RUN /bin/sh -c curl -u ci:hunter2 https://internal/x # buildkit", ExposureKind::Authorization),
        ("RUN /bin/sh -c curl -H \"Authorization: Bearer a1B2c3D4e5F6a7B8\" https://internal/x # buildkit", ExposureKind::Authorization),
        ("RUN /bin/sh -c git clone https://ci:a1B2c3D4@github.com/company/name # buildkit", ExposureKind::UrlPassword),
        ("RUN /bin/sh -c git config user.email \"ada@company.com\" # buildkit", ExposureKind::Email),
        ("LABEL maintainer=Team <team@company.com> owner=Ada <ada@company.com>", ExposureKind::Email),
    ] {
        assert_eq!(step(line), [kind], "{line}");
    }
    let curl = format!("RUN /bin/sh -c curl -H \"Authorization: Bearer {WEB_TOKEN}\" https://internal/x # buildkit");
    assert_eq!(step(&curl), [ExposureKind::WebToken]);
}

#[test]
fn a_secret_of_the_manifest_is_found_wherever_it_stands_and_never_told() {
    let value = "an unusual login secret";
    let description = Description {
        labels: vec![("note".into(), format!("use {value}"))],
        environment: vec![("X".into(), value.into())],
        history: vec!["ENV Y=1".into(), format!("RUN login '{value}'")],
    };
    let known = [KnownSecret { name: "login".into(), value: value.into() }, KnownSecret { name: "short".into(), value: "use".into() }];
    let found = find(&description, &known);
    let places: Vec<&str> = found.iter().map(|exposure| exposure.place.as_str()).collect();
    assert_eq!(places, ["the label note", "the variable X", "step 2 of the history"]);
    assert!(found.iter().all(|exposure| exposure.kind == ExposureKind::Known("login".into()) && exposure.length == 23), "{found:?}");
    assert!(!format!("{found:?}{}", serde_json::to_string(&found).unwrap()).contains(value));
}
