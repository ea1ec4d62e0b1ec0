//! Looks the servers up again and again, where they are found by DNS.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::task::AbortHandle;

use super::{dialer::Dialer, health::jittered};

/// The rest after the first look-up that failed; it doubles with each.
const FIRST_REST: Duration = Duration::from_secs(1);
/// The longest rest after one that failed.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// Starts with a look-up at once; ends by itself when the dialer is gone.
pub(super) fn start(dialer: &Arc<Dialer>) -> AbortHandle {
    tokio::spawn(refresh(Arc::downgrade(dialer))).abort_handle()
}

async fn refresh(dialer: Weak<Dialer>) {
    let mut failures = 0_u32;
    loop {
        let Some(dialer) = dialer.upgrade() else {
            return;
        };
        let rest = match dialer.look_up().await {
            None => return,
            Some(Ok(found)) => {
                if failures > 0 {
                    tracing::info!(service = %found.service, "directory servers looked up again");
                }
                failures = 0;
                found.lifetime
            }
            Some(Err(error)) => {
                if failures == 0 {
                    let kept = dialer.roster().all().len();
                    tracing::warn!(
                        %error,
                        kept,
                        "directory servers cannot be looked up; those known are kept"
                    );
                }
                failures = failures.saturating_add(1);
                let rest = FIRST_REST * 2_u32.pow((failures - 1).min(8));
                jittered(rest.min(LONGEST_REST))
            }
        };
        drop(dialer);
        tokio::time::sleep(rest).await;
    }
}
