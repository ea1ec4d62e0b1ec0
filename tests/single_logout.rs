//! Single logout on real parts: the program as a process in front of a real slapd, pysaml2 as a
//! service provider both ways, and a real Chromium between two of them.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;
mod strangers;

#[path = "single_logout/asked.rs"]
mod asked;
#[path = "single_logout/chromium.rs"]
mod chromium;
#[path = "single_logout/parties.rs"]
mod parties;
#[path = "bad_input/raw.rs"]
#[allow(dead_code, clippy::similar_names, clippy::format_push_string)] // a part is enough here
mod raw;
#[path = "single_logout/refused.rs"]
mod refused;
#[path = "single_logout/told.rs"]
mod told;

use std::sync::LazyLock;

use slapd::Slapd;

pub(crate) static SLAPD: LazyLock<Slapd> = LazyLock::new(|| {
    Slapd::start_new(slapd::Options {
        accounts: 100,
        ..Default::default()
    })
});
