//! Mutations about privacy.

use super::Mutation;

mutations! {
    USER_IN_ID = "PRV-001/user", "Its credentials id holds the user name.";
        breaks "PRV-001"; says "the personal value";
    USER_HASHED_IN_ID = "PRV-001/hashed-user", "Its credentials id holds the SHA-256 of the user name.";
        breaks "PRV-001"; says "in sha256 form";
    QUOTES_THE_LOGIN = "PRV-002/quotes-the-login", "Its error quotes a login secret that cannot be used.";
        breaks "PRV-002"; says "the login secret";
    QUOTES_THE_LOGIN_ENCODED = "PRV-002/base64", "Its error holds a login secret in base64.";
        breaks "PRV-002"; says "in base64 form";
    QUOTES_A_PART = "PRV-002/part", "Its error quotes the last sixteen characters of a login secret.";
        breaks "PRV-002"; says "a part of the login secret";
    QUOTES_ITS_TOKEN = "PRV-002/token", "Its error about a refused creation holds its IAM token.";
        breaks "PRV-002"; says "an IAM token";
    TOKEN_IN_ID = "PRV-004/whole", "Its credentials id holds the credential itself.";
        breaks "PRV-004"; says "the value itself";
    HEAD_IN_ID = "PRV-004/eight-characters", "Its credentials id holds eight characters of the credential.";
        breaks "PRV-004"; says "8 characters of the value";
    HASH_IN_ID = "PRV-004/hash", "Its credentials id holds the beginning of the credential's SHA-256.";
        breaks "PRV-004" "PRV-002"; says "the head of its sha256";
}
