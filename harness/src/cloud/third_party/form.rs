//! Forms of issued secrets that a careless provider spoils on the way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Characters of a long secret: more than fits into a line, an argument or a small buffer, and less than Secrets Manager takes.
const LONG: usize = 100_000;

/// The form of the secrets that third parties issue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IssuedForm {
    /// As the description says.
    #[default]
    Usual,
    /// With letters, signs and symbols far beyond ASCII behind it.
    Unicode,
    /// With quotes, backslashes and what shells and templates take for their own behind it.
    Quotes,
    /// Of 100 000 characters.
    Long,
}

impl IssuedForm {
    /// Returns a secret in this form.
    pub(super) fn shape(self, secret: String) -> String {
        match self {
            Self::Usual => secret,
            Self::Unicode => format!("{secret}-\u{e4}\u{df}\u{20ac}-\u{65e5}\u{672c}\u{8a9e}-\u{1f511}-e\u{301}"),
            Self::Quotes => format!("{secret}\"'`\\\\n\\u0041 $HOME $(id) {{{{ secret }}}} %s %20 &amp; <>"),
            Self::Long => {
                let filling = secret.bytes().filter(u8::is_ascii_alphanumeric).map(char::from).collect::<Vec<_>>();
                let missing = LONG.saturating_sub(secret.chars().count());
                secret.chars().chain(filling.iter().copied().cycle().take(missing)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_begins_with_the_random_part_and_is_what_it_says() {
        let shaped = |form: IssuedForm| form.shape("key-0123456789".to_owned());
        for form in [IssuedForm::Usual, IssuedForm::Unicode, IssuedForm::Quotes, IssuedForm::Long] {
            assert!(shaped(form).starts_with("key-0123456789"), "{form:?}");
        }
        assert!(!shaped(IssuedForm::Unicode).is_ascii());
        assert!(shaped(IssuedForm::Quotes).contains("\"'`\\\\n\\u0041 $HOME $(id) {{ secret }} %s"));
        assert_eq!(shaped(IssuedForm::Long).chars().count(), LONG);
    }
}
