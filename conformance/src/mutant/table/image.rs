//! Mutations of images: what they say about themselves, and what they need. Each is played as an image, in containers.

use super::Mutation;

mutations! {
    ARM64 = "IMG-001/arm64", "Its image says that it is for linux/arm64.";
        breaks "IMG-001"; says "the image is for linux/arm64";
    // It never comes to its work: nothing is created (CRE-001), so that nothing can be deleted, and it is ended at its limit (UPD-005,
    // and IMG-003, which is about half a core being enough).
    ASKS = "IMG-001/asks", "It asks whether to go on and waits for an answer on its input.";
        breaks "IMG-001" "IMG-003" "CRE-001" "UPD-005"; holes "DEL-001"; says "it still ran at its limit";
    // The same without a wait.
    WANTS_AN_ARGUMENT = "IMG-001/wants-an-argument", "Without an argument it prints its usage and ends.";
        breaks "IMG-001" "CRE-001"; holes "DEL-001"; says "before any request";
    ROOT = "IMG-002/root", "Its image declares the user 0, which is root.";
        breaks "IMG-002"; says "the image declares the user 0:0";
    NO_USER = "IMG-002/no-user", "Its image declares no user.";
        breaks "IMG-002"; says "the image declares no user";
    KEEPS_A_FILE = "IMG-002/keeps-a-file", "It keeps a file in a folder of its image.";
        breaks "IMG-002"; says "with a read-only root";
    // SIGKILL ends it after its report: no exit status of its own (ERR-007), and none that agrees with a success (ERR-006).
    GREEDY = "IMG-003/greedy", "It takes 2 GiB of memory when it is done.";
        breaks "IMG-003" "ERR-006" "ERR-007"; says "more memory than the job has";
    WRITES = "IMG-003/writes", "It leaves 420 MB of temporary files behind.";
        breaks "IMG-003"; says "its files took";
    KEY_IN_ENV = "PRV-008/key-in-env", "Its image has an API key in its environment.";
        breaks "PRV-008"; says "the variable UPSTREAM_API_KEY holds";
    LOGIN_IN_LABEL = "PRV-008/login-in-label", "Its image has a URL with a password in a label.";
        breaks "PRV-008"; says "a password in a URL";
    OWNER_IN_LABEL = "PRV-008/owner-in-label", "Its image has the e-mail address of a person in a label.";
        breaks "PRV-008"; says "the label com.example.owner holds an e-mail address";
}
