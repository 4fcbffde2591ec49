//! Mutations about privacy.

use super::Mutation;

mutations! {
    LOGS_ITS_TOKEN = "PRV-003/logs-its-token", "It logs the header with its IAM token.";
        breaks "PRV-003"; says "the log holds an IAM token";
    LOGS_THE_CREDENTIAL = "PRV-003/logs-the-credential", "It logs the new credential in hexadecimal digits.";
        breaks "PRV-003"; says "in hex form";
    LOGS_IT_IN_PIECES = "PRV-003/split", "It logs the new credential, eleven characters a line.";
        breaks "PRV-003"; says "on several lines";
    ECHOES_THE_USER = "PRV-005/echoes-the-user", "It names the user in the description of a refusal.";
        breaks "PRV-005"; says "an error description holds the personal value";
    ECHOES_THE_USER_ENCODED = "PRV-005/url-encoded", "It names the user in the description of a refusal, each byte as in a URL.";
        breaks "PRV-005"; says "in url form";
    LOGIN_IN_THE_ADDRESS = "PRV-006/login-in-the-address", "It sends the login secret in the query as well.";
        breaks "PRV-006"; says "holds the login secret";
    USER_IN_THE_ADDRESS = "PRV-006/user-in-the-address", "It names the user in the query of a creation.";
        breaks "PRV-006"; says "holds the personal value";
    // It logs that description too (PRV-003).
    QUOTES_THE_REFUSAL = "PRV-009/quotes", "It passes the third party's message on as its own description.";
        breaks "PRV-009" "PRV-003"; says "which the third party's answer had repeated";
    USER_IN_ID = "PRV-001/user", "Its credentials id holds the user name.";
        breaks "PRV-001"; says "the personal value";
    USER_HASHED_IN_ID = "PRV-001/hashed-user", "Its credentials id holds the SHA-256 of the user name.";
        breaks "PRV-001"; says "in sha256 form";
    QUOTES_THE_LOGIN = "PRV-002/quotes-the-login", "Its error quotes a login secret that cannot be used.";
        breaks "PRV-002" "PRV-003"; says "the login secret";
    QUOTES_THE_LOGIN_ENCODED = "PRV-002/base64", "Its error holds a login secret in base64.";
        breaks "PRV-002" "PRV-003"; says "in base64 form";
    QUOTES_A_PART = "PRV-002/part", "Its error quotes the last sixteen characters of a login secret.";
        breaks "PRV-002" "PRV-003"; says "a part of the login secret";
    QUOTES_ITS_TOKEN = "PRV-002/token", "Its error about a refused creation holds its IAM token.";
        breaks "PRV-002" "PRV-003"; says "an IAM token";
    // An id is metadata, in which no secret may stand (PRV-002).
    TOKEN_IN_ID = "PRV-004/whole", "Its credentials id holds the credential itself.";
        breaks "PRV-004" "PRV-002"; says "the value itself";
    HEAD_IN_ID = "PRV-004/eight-characters", "Its credentials id holds eight characters of the credential.";
        breaks "PRV-004"; says "8 characters of the value";
    // A hash in an id is also a form of the secret in metadata (PRV-002).
    HASH_IN_ID = "PRV-004/hash", "Its credentials id holds the beginning of the credential's SHA-256.";
        breaks "PRV-004" "PRV-002"; says "the head of its sha256";
    // Ten digits are too few to be a form of the secret anywhere else.
    SHORT_HASH_IN_ID = "PRV-004/short-hash", "Its credentials id holds ten digits of the credential's SHA-512.";
        breaks "PRV-004"; says "the head of its sha512";
}
