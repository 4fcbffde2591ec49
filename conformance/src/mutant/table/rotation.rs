//! Mutations about rotation.

use super::Mutation;

mutations! {
    REPLACES_WHEN_IT_ROTATES = "ROT-001/replaces", "It revokes the old credential when a secret is rotated.";
        breaks "ROT-001"; says "which an earlier job had made";
    SWEEPS_WHAT_APPEARED = "ROT-002/sweeps", "It revokes what appeared at the third party while it created and is not its own.";
        breaks "ROT-002"; says "is not alive";
    LOCKS_OTHERS_OUT = "ROT-002/lock", "It gives up when another job of its secret group is under way on the machine.";
        breaks "ROT-002"; says "did not report success";
    MIXES_IDS_UP = "ROT-002/mixes-up", "It reports the newest credential's id, whoever made it.";
        breaks "ROT-002"; says "under the id of";
    // A killed creation that was reported is cleared in the same way (CRA-001).
    FORGETS_ITS_REPORT = "ROT-003/clears-the-reported", "It revokes what it finds of its own when it is run again, reported or not.";
        breaks "ROT-003" "CRA-001"; says "alive";
}
