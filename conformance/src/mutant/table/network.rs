//! Mutations about the network.

use super::Mutation;

mutations! {
    TRUSTS_ANYBODY = "NET-001/trusts-anybody", "It accepts every certificate.";
        breaks "NET-001"; says "/identity/token at iam.cloud.ibm.com carries";
    TRUSTS_ANY_NAME = "NET-001/any-name", "It accepts a certificate for another host.";
        breaks "NET-001"; says "/identity/token at iam.cloud.ibm.com carries";
    GOES_IN_THE_CLEAR = "NET-001/in-the-clear", "It asks again without encryption when IAM's certificate is refused.";
        breaks "NET-001"; says "in the clear, POST /identity/token at iam.cloud.ibm.com carries";
    THIRD_PARTY_UNCHECKED = "NET-001/third-party-unchecked", "It accepts every certificate of the third party, and of nobody else.";
        breaks "NET-001"; says "carries login secret";
    SENDS_IT_ON = "NET-002/sends-it-on", "It sends the same request again to wherever it is redirected.";
        breaks "NET-002"; says "carries";
}
