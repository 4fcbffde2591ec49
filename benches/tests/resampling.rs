//! A comparison of a provider with itself flags nothing: on runs that really happened, drawn again and again.

use hallmark_benches::comparison::{Change, Comparison};
use hallmark_benches::outcome::Outcome;
use hallmark_benches::statistics::Resampling;
use hallmark_benches::trial::{Arm, Trial};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

const RECORDED: &str = include_str!("recorded/bench.json");

#[test]
fn of_a_thousand_resamplings_of_recorded_runs_at_most_one_percent_are_flagged() {
    let outcome: Outcome = serde_json::from_str(RECORDED).expect("the recorded run is read");
    let experiments = &outcome.measurement.experiments;
    let mut random = ChaCha8Rng::seed_from_u64(2026);
    let flagged = (0..1000).filter(|seed| {
        let mut drawn = Vec::new();
        for experiment in experiments {
            let own: Vec<&Trial> = outcome.measurement.trials.iter().filter(|trial| trial.experiment == experiment.id).collect();
            for (round, arm) in (0..outcome.measurement.runs).flat_map(|round| [(round, Arm::Baseline), (round, Arm::Subject)]) {
                drawn.push(Trial { arm, round, ..own[random.random_range(0..own.len())].clone() });
            }
        }
        let resampling = Resampling { seed: *seed, permutations: 400, bootstraps: 200 };
        let comparison = Comparison::new("itself", experiments, &drawn, resampling);
        comparison.metrics.iter().any(|compared| matches!(compared.change, Change::Worse | Change::Better))
    });
    let flagged = flagged.count();
    assert!(flagged <= 10, "{flagged} of 1000");
}
