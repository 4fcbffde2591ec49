//! Mutations that no scripted scenario brings out: each needs two or three faults together, and `hallmark chaos` finds it.

use super::Mutation;

mutations! {
    KEEPS_AFTER_A_SECOND_404 = "CRE-007/keeps-after-a-second-404", "It keeps the credential when the second attempt of the report is answered 404.";
        breaks "CRE-007"; says "it was not undone";
    KEEPS_AFTER_A_RESET_AND_401 = "CRE-007/keeps-after-a-reset-and-401", "It keeps the credential when the report is reset and then answered 401.";
        breaks "CRE-007"; says "it was not undone";
    KEEPS_WITHOUT_A_FRESH_TOKEN = "CRE-007/keeps-without-a-fresh-token", "It keeps the credential when the report is answered 401 and IAM gives no other token.";
        breaks "CRE-007"; says "it was not undone";
    CREATES_BESIDE_WHAT_IT_CANNOT_SEE = "RTY-008/creates-beside", "It creates again when what a lost answer left cannot be listed.";
        breaks "RTY-008"; says "nobody looked for it";
    LOOKS_ONCE = "RTY-008/looks-once", "It looks for what a lost answer left after the first attempt only.";
        breaks "RTY-008"; says "nobody looked for it";
    TRUSTS_WHAT_IT_CANNOT_READ = "CRA-001/trusts-what-it-cannot-read", "Run again after a kill, it takes a task that it cannot read for reported.";
        breaks "CRA-001"; says "a run of its task was killed";
    SECOND_KILL_FORGOTTEN = "CRA-001/second-kill-forgotten", "It clears what the first run of a killed task left, and not what the second did.";
        breaks "CRA-001"; says "a run of its task was killed";
    GONE_AFTER_A_BREAK_AND_5XX = "DEL-002/gone-after-a-break-and-5xx", "It takes a revocation for done that got no answer and then a 5xx.";
        breaks "DEL-002"; says "is alive in the end";
    BACK_WHEN_IT_CANNOT_ASK = "DEL-006/back-when-it-cannot-ask", "It makes a new credential when the report of a deletion is lost and the task cannot be read.";
        breaks "DEL-006"; says "a delete job made";
    QUOTES_ITS_TOKEN_LATE = "PRV-003/quotes-its-token-late", "It logs its bearer token when the report is answered 5xx and then not at all.";
        breaks "PRV-003"; says "the log holds an IAM token";
}
