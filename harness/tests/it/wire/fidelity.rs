//! The self-test that `doctor` prints proves every kind here.

use hallmark_harness::cloud::wire::fidelity;

#[tokio::test]
async fn every_fault_kind_is_proved() {
    let proofs = fidelity::prove().await;
    let wrong: Vec<_> = proofs.iter().filter(|proof| !proof.proved).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(proofs.len(), 55);
    let refused = proofs.iter().find(|proof| proof.kind == "connect refuse (plain)").expect("proved");
    assert!(refused.observed.contains("refused"), "{refused:?}");
    let reset = proofs.iter().find(|proof| proof.kind == "reset (tls)").expect("proved over TLS too");
    assert!(reset.observed.contains("ECONNRESET"), "{reset:?}");
}
