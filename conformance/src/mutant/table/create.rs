//! Mutations about creations.

use super::Mutation;

mutations! {
    CUTS_LONG_VALUES = "CRE-010/cuts", "It reports the first 4096 characters of a value.";
        breaks "CRE-010"; says "(4096 characters) is not what was issued";
    ASCII_ONLY = "CRE-010/ascii-only", "It puts a question mark in place of what is not ASCII.";
        breaks "CRE-010"; says "is not what was issued";
    // Nothing is ever created for Secrets Manager: what needs a creation breaks (CRE-008, ACT-002, LPR-001) or is not reached. The
    // credential is an orphan (CRE-005), and exit 0 claims a success (ERR-006).
    NEVER_REPORTS = "CRE-001/never-reports", "It creates a credential, tells nobody and exits 0.";
        breaks "CRE-001" "CRE-005" "CRE-008" "ACT-002" "ERR-006" "LPR-001";
        holes "CRE-002" "CRE-003" "CRE-004" "CRE-006" "CRE-007" "CRE-012" "DEL-001" "DEL-002" "DEL-003" "DEL-004" "DEL-005" "DEL-006"
            "DEL-007" "DEL-008" "DEL-009" "DEL-010" "UPD-001" "UPD-002" "UPD-003" "UPD-004" "UPD-007" "UPD-008" "RTY-001" "RTY-002"
            "RTY-003" "RTY-004" "RTY-009" "RTY-010" "RTY-011" "ERR-001" "ERR-002" "PRV-001" "PRV-002" "PRV-004" "PRV-009" "NET-002" "ROT-001";
        says "the job sent no update";
    // The same where optional inputs are left out (CRE-008): an orphan (CRE-005) and exit 0 (ERR-006).
    SILENT_WITHOUT_USERNAME = "CRE-001/silent-without-optional-input", "It reports nothing when the user name is left out.";
        breaks "CRE-001" "CRE-005" "CRE-008" "ERR-006"; says "the job sent no update";
    // No creation works (CRE-008, ACT-002, LPR-001), a retried report is answered 404 (RTY-001), and the update names a foreign task
    // (UPD-001). What needs a creation is not reached.
    REPORTS_TO_ANOTHER_TASK = "CRE-001/another-task", "It reports the creation to a task that is not its own.";
        breaks "CRE-001" "CRE-008" "ACT-002" "UPD-001" "RTY-001" "LPR-001";
        holes "CRE-002" "CRE-003" "CRE-004" "CRE-006" "DEL-001" "DEL-002" "DEL-003" "DEL-004" "DEL-005" "DEL-006" "DEL-007" "DEL-008"
            "DEL-009" "DEL-010" "UPD-002" "UPD-004" "UPD-008" "RTY-004" "RTY-009" "RTY-011" "ERR-001" "ERR-002" "PRV-009" "ROT-001";
        says "was answered 404";
    TEXT_AS_NUMBER = "CRE-002/text-as-number", "It reports a text as a number.";
        breaks "CRE-002"; says "url is a JSON integer";
    // Names in upper case are not declared (CRE-003).
    UPPER_CASE_KEYS = "CRE-002/upper-case-keys", "It reports the outputs under upper-case names.";
        breaks "CRE-002" "CRE-003";
        holes "CRE-010";
        says "keys are lower-case";
    FORGETS_WHEN_IT_ROTATES = "CRE-002/forgets-when-rotating", "It leaves a required output out when a secret is rotated.";
        breaks "CRE-002"; says "token is missing";
    PASSES_THE_ANSWER_ON = "CRE-003/passes-the-answer-on", "It reports a field of the third party's answer that it never declared.";
        breaks "CRE-003";
        holes "CRE-002";
        says "undeclared: token_type";
    TRAILING_BLANK = "CRE-004/trailing-blank", "It reports the credential with a blank at its end.";
        breaks "CRE-004"; says "token has another value";
    CUTS_WHEN_IT_ROTATES = "CRE-004/cuts-when-rotating", "It reports the first 64 characters of the credential when a secret is rotated.";
        breaks "CRE-004"; says "token has another value";
    // It also destroys what a repeated report, accepted in the end, has made known (UPD-008). No credential is left to be deleted.
    REVOKES_AT_THE_END = "CRE-004/revokes-at-the-end", "It revokes the credential after its report was accepted.";
        breaks "CRE-004" "UPD-008" "UPD-006";
        holes "DEL-001" "DEL-002" "DEL-004" "DEL-005" "DEL-010";
        says "the job revoked what it had made";
    // It reports a success where the third party refuses (CRE-005) or answers with rubbish (CRE-011). No credential is there to undo or
    // delete, and no refusal is ever reported.
    REPORTS_A_SAMPLE = "CRE-004/sample", "It reports a sample and never asks the third party.";
        breaks "CRE-004" "CRE-005" "CRE-011";
        holes "CRE-007" "CRE-012" "DEL-001" "DEL-002" "DEL-004" "DEL-005" "DEL-010" "ERR-001" "ERR-002" "ERR-004" "ERR-005" "NET-001"
            "NET-002" "PRV-005" "PRV-009" "RTY-007" "RTY-008" "RTY-009" "RTY-011";
        says "the third party issued nothing";
    // The second credential is not undone either (CRE-007), and no log line names it when revocations fail (CRE-012).
    MAKES_TWO = "CRE-005/makes-two", "It creates two credentials and reports one of them.";
        breaks "CRE-005" "CRE-007" "CRE-012" "ROT-002" "RTY-008";
        says "2 alive at the third party";
    // What is about the report of a refused creation is not reached.
    REFUSED_IN_SILENCE = "CRE-005/silent", "It reports nothing when the third party refuses the creation.";
        breaks "CRE-005";
        holes "UPD-001" "UPD-002" "UPD-004" "ERR-001" "ERR-002" "ERR-004" "PRV-002" "PRV-005" "PRV-009";
        says "it sent no update";
    // The refusal with 409 is never described.
    TAKES_409_AS_MADE = "CRE-005/conflict-as-success", "It takes 409 as a sign that the credential is there already.";
        breaks "CRE-005"; holes "ERR-004"; says "it reported credentials_created";
    // No deletion finds its credential: the third party's 404 counts as gone, while the credential lives (DEL-001, DEL-002, DEL-004). Two
    // versions with one id are not distinct (ROT-001).
    CONSTANT_ID = "CRE-006/constant", "It reports the same id each time.";
        breaks "CRE-006" "DEL-001" "DEL-002" "DEL-004" "ROT-001"; says "reported the same id";
    // As with a constant id.
    SECRET_ID_AS_ID = "CRE-006/secret-id", "It reports the id of the secret, which all versions share.";
        breaks "CRE-006" "DEL-001" "DEL-002" "DEL-004" "ROT-001"; says "reported the same id";
    // A deletion gets no id and fails, so nothing that needs one works (DEL-001, DEL-003, DEL-004, ACT-002, LPR-001) or is reached. Two
    // empty ids are not distinct (ROT-001).
    EMPTY_ID = "CRE-006/empty", "It reports an empty id.";
        breaks "CRE-006" "DEL-001" "DEL-003" "DEL-004" "ACT-002" "LPR-001" "ROT-001";
        holes "DEL-006" "DEL-009" "PRV-009" "RTY-009" "RTY-011";
        says "is empty";
    // Where no undo is tried, none can fail.
    NEVER_UNDOES = "CRE-007/never", "It never undoes a creation.";
        breaks "CRE-007"; holes "CRE-012"; says "lives on at the third party";
    UNDOES_AFTER_400_ONLY = "CRE-007/only-after-400", "It undoes a creation after 400 and after nothing else.";
        breaks "CRE-007";
        holes "CRE-012";
        says "lives on at the third party";
    KEEPS_AFTER_A_RESET = "CRE-007/not-after-a-reset", "It keeps a credential whose report was never answered.";
        breaks "CRE-007"; says "lives on at the third party";
    KEEPS_WHEN_LATE = "CRE-007/not-when-late", "It keeps a credential whose report was answered 409 or 412.";
        breaks "CRE-007"; says "lives on at the third party";
    KEEPS_ON_THE_THIRD = "CRE-007/not-on-the-third", "It keeps a credential whose report was refused in the third attempt.";
        breaks "CRE-007"; says "alive";
    KEEPS_AFTER_404 = "CRE-007/not-after-404", "It keeps a credential whose task was cancelled.";
        breaks "CRE-007";
        holes "CRE-012";
        says "lives on at the third party";
    // CRE-001 leaves optional inputs out too.
    NEEDS_THE_OPTIONAL = "CRE-008/needs-all", "It refuses to work without an input that it declares as optional.";
        breaks "CRE-008" "CRE-001"; says "the last of 1 updates reported failed";
    GUESSES_THE_SCOPE = "CRE-009/guesses", "It takes a scope of its own when the required one is missing.";
        breaks "CRE-009"; says "it called POST";
    NUMBER_BECOMES_ZERO = "CRE-009/number-becomes-zero", "It takes a number that does not parse as 0.";
        breaks "CRE-009"; says "it called POST";
    CHECKS_TOO_LATE = "CRE-009/checks-too-late", "It checks a boolean only after the creation, and undoes that.";
        breaks "CRE-009"; says "it called POST";
    TAKES_ANY_WORD = "CRE-009/takes-any-word", "It takes a word that is not in the list of an enum.";
        breaks "CRE-009"; says "it called POST";
    BELIEVES_200 = "CRE-011/believes-200", "It takes a 200 without a credential as a success.";
        breaks "CRE-011"; says "it reported credentials_created";
    // The same code serves deletions (DEL-010). No error is there in which a secret could stand.
    LOGIN_IN_SILENCE = "CRE-011/silent", "It reports nothing when the login secret cannot be read.";
        breaks "CRE-011" "DEL-010"; holes "PRV-002"; says "it sent no update";
    UNDOES_ONCE = "CRE-012/once", "It tries an undo once.";
        breaks "CRE-012"; says "1 revocations were tried";
    LEFTOVER_WITHOUT_A_NAME = "CRE-012/nameless", "It logs that something may live on, and not what.";
        breaks "CRE-012"; says "no log line names it";
}
