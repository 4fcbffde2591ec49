//! Images are judged as commands are.

use hallmark::results::Mode;
use hallmark::verdict::Verdict;

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_right_image_is_certified_unchanged_and_the_results_name_it() {
    let Some(world) = World::with("none", "").await else { return };
    let ended = world.run(&["--rule", "CRE-001", "--rule", "DEL-001", "--rule", "LPR-004"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("contained") && !ended.stdout.contains("not contained"), "{}", ended.stdout);
    let results = world.results();
    let run = results.run();
    let image = run.image.as_ref().unwrap();
    assert_eq!((run.mode, image.reference.as_str(), image.platform.as_str()), (Mode::Container, world.image.as_str(), "linux/amd64"));
    assert!(image.digest.starts_with("sha256:") && image.id.starts_with("sha256:"), "{image:?}");
    assert_eq!(run.command, "/lib/hallmark/ld-linux-x86-64.so.2 --library-path /lib/hallmark /hallmark mutant none");
}

/// The provider has the host of IAM compiled in, and nothing tells it another one: neither its image nor its manifest sets a variable.
#[tokio::test(flavor = "multi_thread")]
async fn an_image_from_scratch_with_a_host_compiled_in_is_certified() {
    let Some(world) = World::from_scratch().await else { return };
    let config = world.daemon.docker().inspect_image(&world.image).await.unwrap().config.unwrap_or_default();
    assert_eq!(config.env.unwrap_or_default(), Vec::<String>::new());
    assert!(!hallmark::mutant::MANIFEST.to_ascii_lowercase().contains("iam"));
    let rules = [
        "CRE-001", "CRE-004", "DEL-001", "ACT-001", "UPD-001", "ERR-001", "PRV-004", "PRV-008", "LPR-001", "LPR-004", "IMG-001", "IMG-002",
        "IMG-003",
    ];
    let arguments: Vec<&str> = rules.iter().flat_map(|rule| ["--rule", rule]).chain(["--profile", "resilient"]).collect();
    let ended = world.run(&arguments).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let results = world.results();
    let verdicts: Vec<_> = results.rules().iter().map(|rule| (rule.id.as_str(), rule.verdict)).collect();
    assert_eq!(verdicts, rules.map(|rule| (rule, Verdict::Pass)), "{}", ended.stdout);
    // It was at IAM's own name that it asked for its tokens.
    let recordings = std::fs::read_dir(world.folder().join("out/recordings")).unwrap();
    let texts = recordings.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    // Beside them lies their plan, and what is about declarations needs no job.
    let texts: Vec<String> = texts.filter(|text| text.contains("\"event\":\"job_started\"")).collect();
    assert!(texts.len() > 20, "{} recordings", texts.len());
    assert!(texts.iter().all(|text| text.contains("\"host\":\"iam.cloud.ibm.com\"")), "{} recordings", texts.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_image_is_found_out() {
    let Some(world) = World::with("CRE-004/trailing-blank", "").await else { return };
    let ended = world.run(&["--rule", "CRE-004"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("token has another value"), "{}", ended.stdout);
    assert!(
        ended.stdout.contains(&format!("--image {}", world.image)),
        "the command that shows it again names the image: {}",
        ended.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_does_not_trust_the_run_is_not_judged() {
    let Some(world) = World::with("none", "ca = [\"certifi\"]").await else { return };
    let ended = world.run(&["--rule", "CRE-001"]).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    for word in ["iam.cloud.ibm.com", "certifi", "environment", "bundle", "ca ="] {
        assert!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn either_way_of_delivering_the_authority_is_enough() {
    for ca in ["environment", "bundle"] {
        let Some(world) = World::with("none", &format!("ca = [{ca:?}]")).await else { return };
        let ended = world.run(&["--rule", "CRE-001", "--tags", "not @thorough"]).await;
        assert_eq!(ended.code, Some(0), "{ca}: {ended:?}");
        assert!(world.results().rules().iter().any(|rule| rule.id.as_str() == "CRE-001" && rule.verdict == Verdict::Pass));
    }
}
