//! The admin API's token.

use ring::rand::{SecureRandom, SystemRandom};
use secrecy::SecretString;

/// Returns 256 random bits in hex; none when the system has no randomness.
pub fn random_token() -> Option<SecretString> {
    let mut bytes = [0_u8; 32];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(SecretString::from(hex::encode(bytes)))
}
