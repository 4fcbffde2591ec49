//! Mutations about the network.

use super::Mutation;

mutations! {
    SENDS_IT_ON = "NET-002/sends-it-on", "It sends the same request again to wherever it is redirected.";
        breaks "NET-002"; says "carries";
}
