//! Mutations about jobs that were killed and run again.

use super::Mutation;

mutations! {
    FORGETS_WHAT_IT_MADE = "CRA-001/begins-anew", "It does not look for what a killed run of the same task has made.";
        breaks "CRA-001"; says "2 alive";
    GONE_AFTER_A_CRASH = "CRA-002/gone-after-a-crash", "It reports failed when a killed run has revoked the credential already.";
        breaks "CRA-002"; says "never reported deleted";
}
