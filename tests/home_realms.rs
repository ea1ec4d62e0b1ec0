//! People who prove elsewhere who they are: Homerealm as a process in front of a real slapd, with real
//! identity providers of other organisations behind it, and browsers in between.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

#[path = "home_realms/attacks.rs"]
mod attacks;
#[path = "home_realms/chromium.rs"]
mod chromium;
#[path = "home_realms/hints.rs"]
mod hints;
#[path = "home_realms/journeys.rs"]
mod journeys;
mod provider;
mod slapd;
mod strangers;
mod upstreams;
#[path = "home_realms/walk.rs"]
mod walk;

use std::sync::LazyLock;

use slapd::Slapd;

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| {
    Slapd::start_new(slapd::Options {
        accounts: 100,
        ..Default::default()
    })
});
