//! Many people at once, and what they cost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use homerealm::keys::create_signing_key;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::{
    Mode,
    cpu::{self, Product},
    sign_in::Person,
};

/// What to do, and for how long.
pub(crate) struct Load {
    pub(crate) mode: Mode,
    pub(crate) duration: Duration,
    pub(crate) server: Product,
    pub(crate) user: String,
    pub(crate) users: u64,
    pub(crate) reconnect: bool,
}

/// What came of it.
#[derive(Serialize)]
pub(crate) struct Report {
    mode: String,
    concurrency: usize,
    reconnect: bool,
    seconds: f64,
    sign_ins: usize,
    errors: usize,
    /// The first thing that went wrong.
    first_error: Option<String>,
    sign_ins_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// Server CPU, user and system, over all its processes and threads.
    server_cpu_seconds_per_sign_in: f64,
    server_resident_kib: u64,
    /// The same with what its processes share counted once.
    server_proportional_kib: u64,
    /// One RSA-2048 signature, measured before and after the load.
    signature_cpu_seconds: f64,
    /// Server CPU of a sign-in as a multiple of that.
    signatures_per_sign_in: f64,
}

impl Report {
    /// Whether the figures mean anything.
    pub(crate) fn is_good(&self) -> bool {
        self.errors == 0 && self.sign_ins > 0
    }
}

#[derive(Default)]
struct Tally {
    latencies: Vec<Duration>,
    errors: Vec<String>,
}

impl Load {
    pub(crate) async fn run(self, mut people: Vec<Person>) -> Result<Report> {
        let signature_before = signature_cost()?;
        // Everyone signs in once: sessions exist, connections and caches are warm.
        for (number, person) in people.iter_mut().enumerate() {
            let user = self.user_name(number as u64);
            let first = person.with_password(&user).await;
            first.with_context(|| format!("the first sign-in of {user} failed"))?;
        }

        let concurrency = people.len();
        let load = Arc::new(self);
        let turns = Arc::new(AtomicU64::new(0));
        let cpu_before = load.server.cpu_seconds()?;
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        for person in people {
            tasks.spawn(Arc::clone(&load).keep_on(person, begun, Arc::clone(&turns)));
        }
        let mut tally = Tally::default();
        while let Some(one) = tasks.join_next().await {
            let one = one?;
            tally.latencies.extend(one.latencies);
            tally.errors.extend(one.errors);
        }
        let seconds = begun.elapsed().as_secs_f64();
        let server_cpu = load.server.cpu_seconds()? - cpu_before;
        let signature = f64::midpoint(signature_before, signature_cost()?);

        tally.latencies.sort_unstable();
        let sign_ins = tally.latencies.len();
        let each = server_cpu / as_f64(sign_ins.max(1));
        Ok(Report {
            mode: format!("{:?}", load.mode).to_lowercase(),
            concurrency,
            reconnect: load.reconnect,
            seconds,
            sign_ins,
            errors: tally.errors.len(),
            first_error: tally.errors.into_iter().next(),
            sign_ins_per_second: as_f64(sign_ins) / seconds,
            p50_ms: percentile(&tally.latencies, 50),
            p99_ms: percentile(&tally.latencies, 99),
            server_cpu_seconds_per_sign_in: each,
            server_resident_kib: load.server.resident_kib()?,
            server_proportional_kib: load.server.proportional_kib()?,
            signature_cpu_seconds: signature,
            signatures_per_sign_in: each / signature,
        })
    }

    fn user_name(&self, number: u64) -> String {
        self.user.replace("{n}", &(number % self.users).to_string())
    }

    /// One person signs in again and again until the time is over.
    async fn keep_on(
        self: Arc<Self>,
        mut person: Person,
        begun: Instant,
        turns: Arc<AtomicU64>,
    ) -> Tally {
        let mut tally = Tally::default();
        while begun.elapsed() < self.duration {
            if self.reconnect {
                person.browser.disconnect();
            }
            let turn = Instant::now();
            let outcome = match self.mode {
                Mode::Session | Mode::Wsfed => person.with_session().await,
                Mode::Wstrust => {
                    let user = self.user_name(turns.fetch_add(1, Ordering::Relaxed));
                    person.by_message(&user).await
                }
                Mode::Password => {
                    person.browser.forget_cookies();
                    let user = self.user_name(turns.fetch_add(1, Ordering::Relaxed));
                    person.with_password(&user).await
                }
            };
            match outcome {
                Ok(()) => tally.latencies.push(turn.elapsed()),
                Err(error) => {
                    tally.errors.push(format!("{error:#}"));
                    // What fails at once must not turn into a busy loop.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        tally
    }
}

/// CPU seconds of one RSA-2048 signature, by the same code that signs assertions.
fn signature_cost() -> Result<f64> {
    const SIGNATURES: u32 = 2_000;
    let key = create_signing_key("load", 1)?;
    let message = [b'x'; 1_500];
    key.signer.sign_rsa_sha256(&message)?;
    let before = cpu::of_this_thread()?;
    for _ in 0..SIGNATURES {
        std::hint::black_box(key.signer.sign_rsa_sha256(std::hint::black_box(&message))?);
    }
    let used = cpu::of_this_thread()?.saturating_sub(before);
    Ok(used.as_secs_f64() / f64::from(SIGNATURES))
}

/// In milliseconds; `sorted` has the shortest first.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |one| one.as_secs_f64() * 1e3)
}

#[allow(clippy::cast_precision_loss)] // counts of sign-ins, far below 2^52
fn as_f64(count: usize) -> f64 {
    count as f64
}
