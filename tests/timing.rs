//! Whether a stranger can tell by the clock which names exist.
//!
//! Names of four kinds are tried in turn with a wrong password: ones that map to an account, ones
//! that nobody has, one that two accounts share, and one that lies out of scope. The times are
//! compared by Mann and Whitney's statistic as a probability: how often a sample of one kind is
//! slower than a sample of another. For kinds that cannot be told apart it is a half.
#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;

use std::time::Instant;

use homerealm::http::client::Client;
use provider::{Asked, Options, Provider, is_sign_in_page, type_password};
use slapd::{Numbered, Slapd};

const ROUNDS: u32 = 120;

/// Without the steps at which refusals are given it was 0.80 here. By chance alone, with as many
/// rounds, a difference of this size comes about once in ten thousand runs.
const TELLING: f64 = 0.15;

async fn time(provider: &Provider, browser: &mut Client, name: &str) -> f64 {
    let url = provider.url(&Asked::new().to_redirect());
    let page = browser.get(&url, None).await.expect("an answer");
    let started = Instant::now();
    let page = type_password(browser, &page, name, "wrong").await;
    let elapsed = started.elapsed().as_secs_f64();
    assert!(is_sign_in_page(&page), "{name}");
    assert_eq!(page.status, 200, "{name}");
    elapsed
}

/// How often a sample of the first is greater than one of the second; ties count half.
fn superiority(first: &[f64], second: &[f64]) -> f64 {
    let mut sum = 0.0;
    for a in first {
        for b in second {
            sum += match a.total_cmp(b) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    #[allow(clippy::cast_precision_loss)] // some thousand
    let pairs = (first.len() * second.len()) as f64;
    sum / pairs
}

#[test]
fn the_statistic_tells_what_differs() {
    let slow: Vec<f64> = (0..100).map(|n| 1.0 + f64::from(n) / 100.0).collect();
    let quick: Vec<f64> = (0..100).map(|n| 0.5 + f64::from(n) / 100.0).collect();
    assert!(superiority(&slow, &quick) > 0.5 + TELLING);
    assert!((superiority(&slow, &slow) - 0.5).abs() < 0.001);
}

#[tokio::test]
async fn the_clock_does_not_tell_which_names_exist() {
    let slapd = Slapd::start_new(slapd::Options {
        accounts: ROUNDS,
        ..Default::default()
    });
    let guard = "failures_per_account = 1000\nfailures_per_source = 1000000\nrefusal_step_milliseconds = 50";
    let provider = Provider::start(
        &slapd,
        Options {
            guard,
            ..Options::default()
        },
    );
    let mut browser = provider.browser();
    // Connections are opened and caches warm before anything counts.
    for number in 0..10 {
        time(
            &provider,
            &mut browser,
            &format!("warm{number}@fabrikam.com"),
        )
        .await;
    }
    let mut times: [Vec<f64>; 4] = Default::default();
    for round in 0..ROUNDS {
        let names = [
            Numbered(round).mail(),
            format!("n{round:05}@fabrikam.com"),
            "reception@adatum.com".to_owned(),
            "khart@contoso.com".to_owned(),
        ];
        // Another order in each round, so that none gains by its place.
        for step in 0..4 {
            let kind = (round as usize + step) % 4;
            times[kind].push(time(&provider, &mut browser, &names[kind]).await);
        }
    }
    for (kind, name) in [(1, "unknown"), (2, "ambiguous"), (3, "out of scope")] {
        let superiority = superiority(&times[0], &times[kind]);
        println!("a known name is slower than an {name} one: {superiority:.3}");
        assert!(
            (superiority - 0.5).abs() < TELLING,
            "a known name is slower than an {name} one: {superiority:.3}"
        );
    }
}
