//! When sources are looked at.

use std::time::Duration;

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use super::{
    super::schedule::{jittered, wait},
    world::*,
    *,
};
use crate::saml2::MetadataTrust;

const OLD: &str = "https://sp.test/old";
const NEW: &str = "https://sp.test/new";

fn seconds(duration: Duration) -> u64 {
    duration.as_secs()
}

#[tokio::test]
async fn looks_are_as_seldom_as_configured_and_as_often_as_the_metadata_wants() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sp.xml");
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap();
    let end = |seconds| Some(now + time::Duration::seconds(seconds));
    for (cache_duration, valid_until, failures, expected) in [
        (None, None, 0, 3600),
        (Some("P1D"), None, 0, 3600),
        (Some("PT10M"), None, 0, 600),
        (Some("PT0S"), None, 0, 60),
        (None, end(86_400), 0, 3600),
        (None, end(600), 0, 300),
        (None, end(4), 0, 5),
        (Some("PT2M"), end(600), 0, 120),
        // After failures soon, then later, and never past the end.
        (None, None, 1, 5),
        (None, None, 2, 10),
        (None, None, 6, 160),
        (None, None, 7, 300),
        (None, None, u32::MAX, 300),
        (Some("PT2M"), None, 7, 120),
        (None, end(86_400), 3, 20),
        (None, end(100), 7, 101),
        (None, end(4), 1, 5),
        (None, end(3), 7, 4),
    ] {
        let description = Description {
            valid_until,
            cache_duration,
            ..Description::at(OLD)
        };
        std::fs::write(&path, description.unsigned()).unwrap();
        let mut keeper = keeper(Origin::File(path.clone()), MetadataTrust::Source);
        keeper.refresh(&trusts()).await.unwrap();
        let wait = wait(&keeper, failures, now);
        assert_eq!(
            seconds(wait),
            expected,
            "{cache_duration:?} {valid_until:?} {failures}"
        );
    }
}

#[test]
fn the_wait_differs_and_is_never_longer() {
    let whole = Duration::from_secs(1000);
    let waits: Vec<_> = (0..64).map(|_| jittered(whole)).collect();
    assert!(
        waits
            .iter()
            .all(|wait| (800..=1000).contains(&seconds(*wait)))
    );
    assert!(waits.iter().any(|wait| *wait != waits[0]));
}

#[tokio::test]
async fn it_is_begun_from_what_is_there_and_then_kept_fresh_until_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let server = MetadataServer::start(Description::at(OLD).unsigned()).await;
    let fresh = || {
        let mut source = keeper(server.origin(), MetadataTrust::Source)
            .source()
            .clone();
        source.refresh = Duration::from_millis(40);
        let keeper = Keeper::new(DescribedParty::new(configured(), Terms::default()), source);
        keeping_in(folder.path(), keeper)
    };
    // Nothing is kept yet, and the beginning waits for nobody.
    let (trusts, mut keepers) = (trusts(), vec![fresh()]);
    begin(&mut keepers, &trusts).await;
    assert!(addresses(&trusts).is_empty());

    let stop = CancellationToken::new();
    let keeping = tokio::spawn(keep_fresh(keepers, trusts.clone(), stop.clone()));
    let file = LastGood::of(folder.path(), SP, &server.origin());
    // It is kept a moment after it counts.
    let is_kept = |expected: &str| {
        let kept = std::fs::read_to_string(file.path());
        kept.is_ok_and(|kept| kept.contains(expected))
    };
    let until = async |expected: &str| {
        while addresses(&trusts) != [expected] || !is_kept(expected) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, until(OLD)).await.unwrap();
    server.answers.give(Description::at(NEW).unsigned());
    tokio::time::timeout(patience, until(NEW)).await.unwrap();
    stop.cancel();
    tokio::time::timeout(patience, keeping)
        .await
        .unwrap()
        .unwrap();

    server.away().await;
    let trusts = world::trusts();
    begin(&mut [fresh()], &trusts).await;
    assert_eq!(addresses(&trusts), [NEW]);
}
