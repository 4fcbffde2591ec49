//! Mutations about rotation.

use super::Mutation;

mutations! {
    REPLACES_WHEN_IT_ROTATES = "ROT-001/replaces", "It revokes the old credential when a secret is rotated.";
        breaks "ROT-001"; says "which an earlier job had made";
    // A killed creation that was reported is cleared in the same way (CRA-001).
    FORGETS_ITS_REPORT = "ROT-003/clears-the-reported", "It revokes what it finds of its own when it is run again, reported or not.";
        breaks "ROT-003" "CRA-001"; says "alive";
}
