//! Mutations about actions and triggers.

use super::Mutation;

mutations! {
    // An unknown action is never reported, so its error cannot be judged.
    ANYTHING_CREATES = "ACT-001/anything-creates", "It creates whatever action it does not know.";
        breaks "ACT-001"; holes "ERR-001" "ERR-002" "ERR-004" "ERR-005"; says "it called POST";
    IGNORES_CASE = "ACT-001/ignores-case", "It takes an action in upper case for the one in lower case.";
        breaks "ACT-001"; says "it called POST";
    // The error of an unknown action is one of those whose codes and words are compared.
    UNKNOWN_IN_SILENCE = "ACT-001/silent", "It reports nothing when it does not know the action.";
        breaks "ACT-001"; holes "ERR-001" "ERR-002" "ERR-004"; says "it sent no update";
    // The scenarios rotate by hand, so there is no second version to compare.
    ROTATION_BY_HAND_UNKNOWN = "ACT-002/manual-rotation", "It does not create when somebody asked for the rotation by hand.";
        breaks "ACT-002"; holes "CRE-006" "ROT-001"; says "the last of 1 updates reported failed";
    EXPIRATION_UNKNOWN = "ACT-002/expiration", "It does not delete a version that expired.";
        breaks "ACT-002"; says "it reported failed";
    NOTHING_CREATES = "ACT-003/nothing-creates", "It creates when it is given no action.";
        breaks "ACT-003"; says "it called POST";
}
