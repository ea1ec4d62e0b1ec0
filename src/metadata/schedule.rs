use std::{sync::Arc, time::Duration};

use time::OffsetDateTime;
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Keeper, MetadataProblem, Peer, Refreshed};
use crate::{
    keys::random_octets,
    observe::{CorrelationId, audit},
    saml2::EntityMetadata as _,
};

/// How many sources are looked at together.
const AT_ONCE: usize = 8;

/// Metadata that wants to be looked at more often is not.
const SHORTEST_CACHE: Duration = Duration::from_secs(60);

/// After a failure, the next look comes soon, and later each time that it fails again.
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LONGEST_RETRY: Duration = Duration::from_secs(300);

/// Lets count what can be had without the network: files, and what was good when the process ran
/// last. What is not there or not good is noted, and keeps nobody else away.
pub async fn begin<P: Peer>(keepers: &mut [Keeper<P>], place: &P::Place) {
    for keeper in keepers {
        if keeper.source().origin.is_remote() {
            match keeper.restore(place).await {
                Ok(None) => {}
                Ok(Some(fetched)) => {
                    let entity_id = keeper.entity_id();
                    info!(entity_id, %fetched, "the metadata that was good last is in use");
                }
                Err(problem) => note_problem(keeper, &problem),
            }
        } else {
            look(keeper, place).await;
        }
    }
}

/// Looks at each source now and then, until `stop` is cancelled.
pub async fn keep_fresh<P: Peer>(
    keepers: Vec<Keeper<P>>,
    place: Arc<P::Place>,
    stop: CancellationToken,
) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for keeper in keepers {
        let (place, turns, stop) = (place.clone(), turns.clone(), stop.clone());
        tasks.spawn(async move {
            let keeping = keep_one(keeper, &place, &turns);
            tokio::select! {
                () = keeping => {}
                () = stop.cancelled() => {}
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}

async fn keep_one<P: Peer>(mut keeper: Keeper<P>, place: &P::Place, turns: &Semaphore) {
    let mut failures = 0;
    // What is a file was looked at in the beginning.
    if !keeper.source().origin.is_remote() {
        failures = u32::from(keeper.current().is_none());
        sleep(&keeper, failures).await;
    }
    loop {
        let turn = turns.acquire().await;
        let is_good = look(&mut keeper, place).await;
        drop(turn);
        failures = if is_good { 0 } else { failures + 1 };
        sleep(&keeper, failures).await;
    }
}

async fn sleep<P: Peer>(keeper: &Keeper<P>, failures: u32) {
    let wait = wait(keeper, failures, OffsetDateTime::now_utc());
    tokio::time::sleep(jittered(wait)).await;
}

async fn look<P: Peer>(keeper: &mut Keeper<P>, place: &P::Place) -> bool {
    match keeper.refresh(place).await {
        Ok(Refreshed::Unchanged) => true,
        Ok(Refreshed::Changed) => {
            let (entity_id, origin) = (keeper.entity_id(), keeper.source().origin.to_string());
            audit::metadata_taken(&CorrelationId::random(), keeper.peer().described(), &origin);
            info!(entity_id, origin, "the metadata is in use");
            true
        }
        Err(problem) => {
            note_problem(keeper, &problem);
            false
        }
    }
}

fn note_problem<P: Peer>(keeper: &Keeper<P>, problem: &MetadataProblem) {
    let (entity_id, origin) = (keeper.entity_id(), keeper.source().origin.to_string());
    let cause = problem.to_string();
    let of = keeper.peer().described();
    audit::metadata_refused(&CorrelationId::random(), of, &origin, &cause);
    match keeper.current().map(|metadata| metadata.validity().until) {
        None => warn!(
            entity_id,
            origin, cause, "no metadata: nobody can sign in there"
        ),
        Some(None) => warn!(
            entity_id,
            origin, cause, "the metadata that was good last counts"
        ),
        Some(Some(until)) => {
            warn!(entity_id, origin, cause, %until, "the metadata that was good last counts until then");
        }
    }
}

/// How long to wait before the next look.
pub(super) fn wait<P: Peer>(keeper: &Keeper<P>, failures: u32, now: OffsetDateTime) -> Duration {
    let refresh = keeper.source().refresh;
    let wanted = match keeper
        .current()
        .and_then(|metadata| metadata.validity().cache)
    {
        Some(cache) => refresh.min(cache.max(SHORTEST_CACHE)),
        None => refresh,
    };
    let wait = match failures.checked_sub(1) {
        None => wanted,
        Some(again) => wanted.min(
            FIRST_RETRY
                .saturating_mul(2_u32.saturating_pow(again))
                .min(LONGEST_RETRY),
        ),
    };
    // What ends is looked at before its end, and at once behind it.
    match keeper.time_left(now) {
        Some(left) if failures == 0 => wait.min(left / 2).max(FIRST_RETRY),
        Some(left) => wait.min(left + Duration::from_secs(1)),
        None => wait,
    }
}

/// Up to a fifth less, so that many that began together do not stay together; never more, since
/// what ends must be seen to end.
pub(super) fn jittered(wait: Duration) -> Duration {
    // A failure of the system's generator leaves it undivided, and nothing else.
    let random = u32::from(u16::from_be_bytes(random_octets().unwrap_or_default()));
    wait.mul_f64(1.0 - 0.2 * f64::from(random) / f64::from(u16::MAX))
}
