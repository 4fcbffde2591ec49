//! The tables of a manifest, key by key. What stands in doc comments here is what an editor shows to the author.

use std::time::Duration;

use hallmark_harness::contract::SecretType;

use super::input::InputForm;
use super::located::{Entries, Located};
use super::reader::form;
use super::words::{AuthorityDelivery, Generator, InstanceUrl, Preset};

form! {
    /// Describes a credentials provider, so that hallmark can run and judge it.
    ManifestForm {
        /// The provider's name in reports.
        name: Located<String>,
        /// The program: with a slash a path relative to this file, without one a name to look up in PATH.
        command: Located<String>,
        /// Arguments of the program.
        args: Option<Vec<String>>,
        /// A command with its arguments that builds the program. It runs in this file's folder before the provider is judged.
        build: Option<Located<Vec<String>>>,
        /// The `job_config.json` that declares inputs and outputs, relative to this file. Without it, declare them by `[[input]]` and `[[output]]`.
        /// It is read where it says what there is: a list of variables, each with a name behind SMIN_ or SMOUT_ that a variable can have, a known type, and
        /// a `required` that is true, false or not there. Whatever else generator or deployer have against it is judged (CFG-001 to CFG-003), and
        /// `hallmark lint` shows it.
        job_config: Option<Located<String>>,
        /// The inputs, where there is no `job_config.json`.
        input: Option<Vec<Located<DeclarationForm>>>,
        /// The outputs, where there is no `job_config.json`.
        output: Option<Vec<Located<DeclarationForm>>>,
        /// How long Secrets Manager waits for a task, e.g. "30s". The default is "10m", the longest "24h". The real service takes no
        /// less than 5 minutes; a shorter time makes the suite quicker.
        #[schemars(with = "Option<String>")]
        task_timeout: Option<Located<Duration>>,
        /// Further hosts that the provider may contact by name, e.g. "metrics.example.com".
        hosts: Option<Vec<Located<String>>>,
        /// How the provider reaches Secrets Manager. The default is "loopback".
        sm_url: Option<InstanceUrl>,
        /// The job signs in with a trusted profile instead of SM_ACCESS_APIKEY, which it then does not get.
        trusted_profile: Option<TrustedProfileForm>,
        /// How a provider in a container gets to trust the run's certificate authority. The default is "environment" and "bundle".
        ca: Option<Located<Vec<AuthorityDelivery>>>,
        /// Variables that the job definition sets beside those of Secrets Manager.
        env: Option<Entries<String>>,
        /// How the provider deals with deletions that the third party refuses.
        delete: Option<DeleteForm>,
        /// The systems in which the provider creates credentials, by a name of your choice. A provider without one leaves it out.
        third_party: Option<Entries<ThirdPartyForm>>,
        /// The secrets that exist before the provider runs, by a name of your choice.
        secrets: Option<Entries<SecretForm>>,
        /// The value of each input, by its lower-case name: `SMIN_USER_NAME` is `user_name`.
        inputs: Option<Located<Entries<InputForm>>>,
        /// What is known about outputs beyond their declaration, by lower-case name: `SMOUT_TOKEN` is `token`.
        outputs: Option<Entries<OutputForm>>,
        /// Rules that the provider need not keep for a while.
        waiver: Option<Vec<WaiverForm>>,
        /// The same provider with other values, by a name of your choice. Where there are variants, each of them is certified.
        variants: Option<Located<Entries<VariantForm>>>,
    }
}

form! {
    /// An input or output, where there is no `job_config.json`.
    DeclarationForm {
        /// Lower-case name: `SMIN_USER_NAME` is `user_name`.
        name: Located<String>,
        /// `string`, `integer`, `boolean`, `secret_id`, or an enum such as `enum[admin|user]`.
        r#type: Located<String>,
        /// Whether it must have a value. The default is false.
        required: Option<bool>,
    }
}

form! {
    /// The variables in which the provider expects its trusted profile.
    TrustedProfileForm {
        /// The variable that gets the profile's id, e.g. "TRUSTED_PROFILE_ID".
        id: Located<String>,
        /// The variable that gets the path of the file with the compute resource token, e.g. "CR_TOKEN_FILE".
        token_file: Located<String>,
    }
}

form! {
    /// How the provider deals with deletions that the third party refuses.
    DeleteForm {
        /// Statuses (401, 403, 409, 423) after which the provider reports a credential as deleted although it lives, so that Secrets
        /// Manager does not try again.
        not_resubmitted: Option<Vec<Located<u16>>>,
    }
}

form! {
    /// A system in which the provider creates credentials. Give `preset` or `spec`, and hallmark plays it; with `service` beside them, or with `tcp`
    /// in their place, a real one is used.
    ThirdPartyForm {
        /// One that hallmark knows.
        preset: Option<Preset>,
        /// A description of your own.
        #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
        spec: Option<toml::Table>,
        /// Real host names under which it answers too, through the proxy, e.g. "artifactory.example.com".
        hosts: Option<Vec<Located<String>>>,
        /// The address of a real service that answers instead of hallmark, e.g. "https://127.0.0.1:8443". `preset` or `spec` tells what its calls mean.
        service: Option<Located<String>>,
        /// A real service of another protocol than HTTP, such as a database.
        tcp: Option<Located<TcpForm>>,
    }
}

form! {
    /// A real service behind a TCP proxy. Commands are programs with their arguments; hallmark runs them in this file's folder, never within a job.
    /// Those with a slash are relative to this file. `{{ credential.id }}` stands for a credential's id.
    TcpForm {
        /// Host and port, e.g. "127.0.0.1:5432".
        address: Located<String>,
        /// Prints the ids of all living credentials, one a line. With it, credentials are found that no job reported.
        list: Option<Located<Vec<String>>>,
        /// Ends with 0 where a credential exists and with 1 where it does not; any other end is trouble of the run. Used where there is no `list`.
        exists: Option<Located<Vec<String>>>,
        /// Takes a credential away: before a deletion that finds nothing, and after each scenario what it left.
        revoke: Option<Located<Vec<String>>>,
        /// Makes the service refuse the provider's creations and revocations, until `recover`.
        refuse: Option<Located<Vec<String>>>,
        /// Ends what `refuse` does. It also runs before each scenario.
        recover: Option<Located<Vec<String>>>,
        /// Variables of the commands; beside them there is only a PATH.
        environment: Option<Entries<String>>,
        /// How long a command may take. The default is "10s".
        #[schemars(with = "Option<String>")]
        time_limit: Option<Located<Duration>>,
    }
}

form! {
    /// A secret that exists before the provider runs. Give `login_of`, `value` or `generate`.
    SecretForm {
        /// The type of the secret.
        r#type: SecretType,
        /// The field that holds the data, for types with several fields.
        field: Option<Located<String>>,
        /// The third party whose login secret this is.
        login_of: Option<Located<String>>,
        /// The data itself. It must be worth nothing outside the suite.
        value: Option<String>,
        /// What random data looks like.
        generate: Option<Generator>,
        /// Whether IAM knows the data as an API key. The default is false.
        iam: Option<bool>,
    }
}

form! {
    /// What is known about an output beyond its declaration.
    OutputForm {
        /// What its value must be, as a template over what the third party issued, e.g. "{{ credential.secret }}".
        equals: Option<Located<String>>,
        /// Whether anybody may know its value: a host name, a user name, a certificate. The default is false.
        public: Option<bool>,
    }
}

form! {
    /// A rule that the provider need not keep for a while.
    WaiverForm {
        /// Id of the rule, e.g. "ERR-004".
        rule: Located<String>,
        /// Why it may be broken. It stands in the report.
        reason: Located<String>,
        /// The last day on which the waiver holds, e.g. 2027-01-31.
        #[schemars(extend("format" = "date"), with = "String")]
        expires: time::Date,
    }
}

form! {
    /// Values that replace those of the whole manifest, name by name.
    VariantForm {
        /// Values of inputs.
        inputs: Option<Entries<InputForm>>,
        /// What is known about outputs.
        outputs: Option<Entries<OutputForm>>,
        /// Secrets that exist before the provider runs.
        secrets: Option<Entries<SecretForm>>,
        /// Systems in which the provider creates credentials.
        third_party: Option<Entries<ThirdPartyForm>>,
        /// The job signs in with a trusted profile.
        trusted_profile: Option<TrustedProfileForm>,
    }
}
