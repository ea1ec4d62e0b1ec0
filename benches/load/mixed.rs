//! What people wait for when many kinds of work come together, and when more comes than can be done.
//!
//! `benches/load/mixed` starts the servers and calls this; it judges, and exits 1 when something is over
//! its bound. Each kind of request is sent from a thread of its own, so that none waits for another here.

#[allow(dead_code)] // each program uses its own part of this
mod cpu;
mod saml2;
#[allow(dead_code)]
mod sign_in;
#[allow(dead_code)]
mod ws_federation;
#[allow(dead_code)]
mod ws_trust;

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use homerealm::http::{client::Client, tls::client_config};
use hyper::Uri;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::{Builder, Runtime},
    task::JoinSet,
    time::sleep,
};

use sign_in::{Pages, Person, Protocol};

/// Measures a Homerealm under mixed load, and one under overload.
#[derive(Parser)]
struct Arguments {
    /// Port of the server with TLS, whose directory is slow.
    #[arg(long)]
    mixed_port: u16,
    /// Port of its operational listener.
    #[arg(long)]
    mixed_operations: u16,
    /// Port of the server over plain connections that gets more than it can do.
    #[arg(long)]
    overload_port: u16,
    /// Port of its operational listener.
    #[arg(long)]
    overload_operations: u16,
    /// Its process.
    #[arg(long)]
    overload_pid: u32,
    /// How long it lets anybody wait (`longest_wait_milliseconds`).
    #[arg(long)]
    longest_wait_ms: f64,
    /// PEM file of the CA that the certificates are of.
    #[arg(long)]
    ca: PathBuf,
    /// Sign-in name; "{n}" in it stands for a number below 100.
    #[arg(long)]
    user: String,
    /// Everybody's password.
    #[arg(long)]
    password: String,
    /// How long each part takes.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Given by `cargo bench`; means nothing here.
    #[arg(long, hide = true)]
    bench: bool,
}

/// At once, as in the table of sign-ins.
const SESSIONS: usize = 32;
const PASSWORDS: usize = 16;
/// Between two requests of those who only look.
const PAUSE: Duration = Duration::from_millis(5);
/// People in the overload: more than can wait for a signature.
const CROWD: usize = 2_000;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("mixed: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool> {
    let bench = Arc::new(Bench::new(arguments)?);
    let duration = Duration::from_secs(arguments.seconds);
    let mut verdict = Verdict::default();
    mixed(&bench, arguments, duration, &mut verdict)?;
    overload(&bench, arguments, duration, &mut verdict)?;
    Ok(verdict.is_good)
}

/// What everybody needs to know.
struct Bench {
    tls: Arc<rustls::ClientConfig>,
    user: String,
    password: String,
}

impl Bench {
    fn new(arguments: &Arguments) -> Result<Self> {
        let ca = fs::read(&arguments.ca).context("the CA")?;
        Ok(Self {
            tls: client_config(&[&ca])?,
            user: arguments.user.clone(),
            password: arguments.password.clone(),
        })
    }

    fn person(&self, port: u16, is_plain: bool) -> Person {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let browser = Client::new(self.tls.clone()).with_address("localhost", address);
        Person {
            browser: if is_plain {
                browser.as_tls_proxy()
            } else {
                browser
            },
            protocol: Protocol::Saml2,
            base_url: format!("https://localhost:{port}"),
            relying_party: "urn:federation:MicrosoftOnline".to_owned(),
            path: None,
            pages: Pages::Own {
                user_field: "name".to_owned(),
                password_field: "password".to_owned(),
            },
            password: self.password.clone(),
        }
    }

    fn name(&self, number: usize) -> String {
        self.user.replace("{n}", &(number % 100).to_string())
    }

    /// People who are signed in, a few of them at a time.
    async fn signed_in(
        self: &Arc<Self>,
        port: u16,
        plain: bool,
        many: usize,
    ) -> Result<Vec<Person>> {
        let mut people = Vec::with_capacity(many);
        for begin in (0..many).step_by(16) {
            let mut some = JoinSet::new();
            for number in begin..many.min(begin + 16) {
                let this = Arc::clone(self);
                some.spawn(async move {
                    let mut person = this.person(port, plain);
                    let done = person.with_password(&this.name(number)).await;
                    done.map(|()| person)
                });
            }
            while let Some(person) = some.join_next().await {
                people.push(person?.context("the first sign-in")?);
            }
        }
        Ok(people)
    }
}

/// How long requests of one kind took, and what went wrong.
#[derive(Default)]
struct Times {
    each: Vec<Duration>,
    errors: Vec<String>,
}

impl Times {
    fn note(&mut self, begun: Instant, outcome: Result<()>) {
        match outcome {
            Ok(()) => self.each.push(begun.elapsed()),
            Err(error) => self.errors.push(format!("{error:#}")),
        }
    }

    fn add(&mut self, more: Self) {
        self.each.extend(more.each);
        self.errors.extend(more.errors);
    }

    /// In milliseconds.
    fn percentile(&mut self, percent: usize) -> f64 {
        self.each.sort_unstable();
        let last = self.each.len().saturating_sub(1);
        let at = (self.each.len() * percent / 100).min(last);
        self.each
            .get(at)
            .map_or(f64::NAN, |one| one.as_secs_f64() * 1e3)
    }
}

/// Collects what was over its bound.
struct Verdict {
    is_good: bool,
}

impl Default for Verdict {
    fn default() -> Self {
        Self { is_good: true }
    }
}

impl Verdict {
    fn expect(&mut self, holds: bool, what: &str) {
        println!("{:<4} {what}", if holds { "ok" } else { "FAIL" });
        self.is_good &= holds;
    }
}

fn runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// Runs `work` on a thread of its own until it ends by itself.
fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> thread::JoinHandle<Result<T>> {
    thread::spawn(work)
}

fn joined<T>(thread: thread::JoinHandle<Result<T>>) -> Result<T> {
    thread
        .join()
        .map_err(|_| anyhow::anyhow!("a thread panicked"))?
}

/// `people` sign in again and again, all at once.
async fn keep_signing_in(
    bench: Arc<Bench>,
    people: Vec<Person>,
    by_password: bool,
    until: Instant,
) -> Result<Times> {
    let mut tasks = JoinSet::new();
    for (number, mut person) in people.into_iter().enumerate() {
        let bench = Arc::clone(&bench);
        tasks.spawn(async move {
            let mut times = Times::default();
            let mut turn = number;
            while Instant::now() < until {
                let begun = Instant::now();
                let outcome = if by_password {
                    person.browser.forget_cookies();
                    turn += PASSWORDS;
                    person.with_password(&bench.name(turn)).await
                } else {
                    person.with_session().await
                };
                times.note(begun, outcome);
            }
            times
        });
    }
    let mut times = Times::default();
    while let Some(one) = tasks.join_next().await {
        times.add(one?);
    }
    Ok(times)
}

/// `/healthz`, on a new connection each time.
async fn watch_health(port: u16, until: Instant) -> Times {
    let mut times = Times::default();
    while Instant::now() < until {
        let begun = Instant::now();
        times.note(begun, healthy(port).await);
        sleep(PAUSE).await;
    }
    times
}

async fn healthy(port: u16) -> Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    ensure!(answer.starts_with("HTTP/1.1 200 "), "not healthy: {answer}");
    Ok(())
}

/// A new TLS connection, and a page on it that costs nothing.
async fn keep_arriving(bench: Arc<Bench>, port: u16, until: Instant) -> Result<Times> {
    let url: Uri = format!("https://localhost:{port}/adfs/probe").parse()?;
    let mut times = Times::default();
    while Instant::now() < until {
        let mut browser = bench.person(port, false).browser;
        let begun = Instant::now();
        let outcome = browser.get(&url, None).await;
        times.note(begun, outcome.map(drop).map_err(Into::into));
        sleep(PAUSE).await;
    }
    Ok(times)
}

/// Which kinds of requests come.
#[derive(Clone, Copy)]
struct Kinds {
    sessions: bool,
    passwords: bool,
    handshakes: bool,
}

/// Sessions, passwords, new connections, `/healthz`.
type Measured = [Times; 4];

fn measure(
    bench: &Arc<Bench>,
    arguments: &Arguments,
    kinds: Kinds,
    duration: Duration,
) -> Result<Measured> {
    let (port, operations) = (arguments.mixed_port, arguments.mixed_operations);
    // Everybody is there before the time begins.
    let ready = Arc::new(std::sync::Barrier::new(4));
    let (waiting, shared) = (Arc::clone(&ready), Arc::clone(bench));
    let sessions = apart(move || {
        let runtime = runtime()?;
        let many = if kinds.sessions { SESSIONS } else { 0 };
        let people = runtime.block_on(shared.signed_in(port, false, many));
        waiting.wait();
        runtime.block_on(keep_signing_in(
            shared,
            people?,
            false,
            Instant::now() + duration,
        ))
    });
    let (waiting, shared) = (Arc::clone(&ready), Arc::clone(bench));
    let passwords = apart(move || {
        let runtime = runtime()?;
        let many = if kinds.passwords { PASSWORDS } else { 0 };
        let people = runtime.block_on(shared.signed_in(port, false, many));
        waiting.wait();
        runtime.block_on(keep_signing_in(
            shared,
            people?,
            true,
            Instant::now() + duration,
        ))
    });
    let (waiting, shared) = (Arc::clone(&ready), Arc::clone(bench));
    let handshakes = apart(move || {
        waiting.wait();
        let until = Instant::now()
            + if kinds.handshakes {
                duration
            } else {
                Duration::ZERO
            };
        runtime()?.block_on(keep_arriving(shared, port, until))
    });
    let health = apart(move || {
        ready.wait();
        Ok(runtime()?.block_on(watch_health(operations, Instant::now() + duration)))
    });
    Ok([
        joined(sessions)?,
        joined(passwords)?,
        joined(handshakes)?,
        joined(health)?,
    ])
}

fn mixed(
    bench: &Arc<Bench>,
    arguments: &Arguments,
    duration: Duration,
    verdict: &mut Verdict,
) -> Result<()> {
    const KINDS: [&str; 4] = [
        "session, 32 at once",
        "password, 16 at once",
        "TLS handshake",
        "/healthz",
    ];
    let only = |sessions, passwords, handshakes| Kinds {
        sessions,
        passwords,
        handshakes,
    };
    let mut alone = [
        measure(bench, arguments, only(true, false, false), duration)?,
        measure(bench, arguments, only(false, true, false), duration)?,
        measure(bench, arguments, only(false, false, true), duration)?,
        measure(bench, arguments, only(false, false, false), duration)?,
    ];
    let mut together = measure(bench, arguments, only(true, true, true), duration)?;
    println!("mixed load, ms         alone p50      p99  together p50      p99    number");
    for (at, kind) in KINDS.iter().enumerate() {
        let (Some(alone), Some(together)) = (
            alone.get_mut(at).and_then(|times| times.get_mut(at)),
            together.get_mut(at),
        ) else {
            continue;
        };
        println!(
            "{kind:<22} {:>9.2} {:>8.2} {:>13.2} {:>8.2} {:>9}",
            alone.percentile(50),
            alone.percentile(99),
            together.percentile(50),
            together.percentile(99),
            together.each.len(),
        );
        for error in alone.errors.iter().chain(&together.errors).take(3) {
            println!("     {error}");
        }
        let is_clean = alone.errors.is_empty() && together.errors.is_empty();
        verdict.expect(
            is_clean && !together.each.is_empty(),
            &format!("{kind}: no errors"),
        );
    }
    let [sessions, _, handshakes, health] = &mut together;
    let tail = sessions.percentile(99) / sessions.percentile(50);
    verdict.expect(
        tail <= 3.0,
        &format!("sessions, together: p99 is {tail:.1} x p50, at most 3"),
    );
    let arriving = handshakes.percentile(99);
    verdict.expect(
        arriving <= 50.0,
        &format!("a new connection has its page in {arriving:.1} ms (p99), at most 50"),
    );
    let health = health.percentile(99);
    verdict.expect(
        health <= 25.0,
        &format!("/healthz answers in {health:.1} ms (p99), at most 25"),
    );
    Ok(())
}

/// What came of requests that were sent whether or not the earlier ones had been answered.
#[derive(Default)]
struct Flood {
    served: Mutex<Times>,
    shed: Mutex<Times>,
    sent: AtomicUsize,
    /// Due, and nobody was free to send it.
    unsent: AtomicUsize,
}

fn overload(
    bench: &Arc<Bench>,
    arguments: &Arguments,
    duration: Duration,
    verdict: &mut Verdict,
) -> Result<()> {
    let runtime = runtime()?;
    let port = arguments.overload_port;
    let overload = cpu::Product::of(&[arguments.overload_pid]);
    let mut people = runtime.block_on(bench.signed_in(port, true, CROWD))?;
    let mut someone = people.pop().context("a crowd")?;
    let mut ordinary = runtime.block_on(several(&mut someone, 200));
    let (usual, usual_tail) = (ordinary.percentile(50), ordinary.percentile(99));

    let few = runtime.block_on(bench.signed_in(port, true, SESSIONS))?;
    let until = Instant::now() + duration;
    let closed = runtime.block_on(keep_signing_in(Arc::clone(bench), few, false, until))?;
    ensure!(closed.errors.is_empty(), "{:?}", closed.errors.first());
    let seconds = duration.as_secs_f64();
    let best = as_f64(closed.each.len()) / seconds;
    let resident = overload.resident_kib()?;

    let is_over = Arc::new(AtomicBool::new(false));
    let operations = arguments.overload_operations;
    let health = apart({
        let is_over = Arc::clone(&is_over);
        move || {
            let runtime = self::runtime()?;
            let mut times = Times::default();
            while !is_over.load(Ordering::Relaxed) {
                times.add(runtime.block_on(watch_health(operations, Instant::now() + PAUSE)));
            }
            Ok(times)
        }
    });
    let flood = Arc::new(Flood::default());
    let crowd = runtime.block_on(pour(people, 3.0 * best, duration, &flood))?;
    let highest = overload.resident_kib()?;
    let ended = Instant::now();
    let recovered = loop {
        let mut times = runtime.block_on(several(&mut someone, 20));
        let is_ordinary = times.errors.is_empty() && times.percentile(50) <= 2.0 * usual + 1.0;
        if is_ordinary || ended.elapsed() > Duration::from_secs(10) {
            break ended.elapsed().as_secs_f64();
        }
    };
    is_over.store(true, Ordering::Relaxed);
    let mut health = joined(health)?;
    drop(crowd);

    let mut served = flood
        .served
        .lock()
        .map_err(|_| anyhow::anyhow!("a task panicked"))?;
    let mut shed = flood
        .shed
        .lock()
        .map_err(|_| anyhow::anyhow!("a task panicked"))?;
    let sent = flood.sent.load(Ordering::Relaxed);
    let unsent = flood.unsent.load(Ordering::Relaxed);
    let goodput = as_f64(served.each.len()) / seconds;
    println!();
    println!(
        "overload: one person alone {usual:.2} ms (p99 {usual_tail:.2}), at best {best:.0} sign-ins/s"
    );
    println!(
        "  offered  {:>7.0}/s, {unsent} more were due and not sent",
        as_f64(sent) / seconds
    );
    println!(
        "  served   {goodput:>7.0}/s, p50 {:.0} ms, p99 {:.0} ms",
        served.percentile(50),
        served.percentile(99)
    );
    println!(
        "  refused  {:>7.0}/s, p50 {:.1} ms, p99 {:.1} ms",
        as_f64(shed.each.len()) / seconds,
        shed.percentile(50),
        shed.percentile(99)
    );
    println!(
        "  /healthz p50 {:.1} ms, p99 {:.1} ms",
        health.percentile(50),
        health.percentile(99)
    );
    println!("  memory   {resident} -> {highest} KiB; ordinary again after {recovered:.2} s");
    for error in served.errors.iter().take(3) {
        println!("     {error}");
    }
    verdict.expect(
        served.errors.is_empty(),
        "overload: each request is served or refused",
    );
    verdict.expect(
        as_f64(sent) / seconds >= 1.5 * best,
        "overload: at least 1.5 x what can be done was offered",
    );
    verdict.expect(
        goodput >= 0.8 * best,
        &format!(
            "overload: goodput is {:.2} of the best, at least 0.8",
            goodput / best
        ),
    );
    let patience = 2.0 * arguments.longest_wait_ms;
    verdict.expect(
        served.percentile(99) <= patience,
        &format!("overload: p99 of the served is at most {patience:.0} ms"),
    );
    verdict.expect(
        shed.percentile(50) <= 50.0,
        "overload: half of the refused know within 50 ms",
    );
    verdict.expect(
        health.errors.is_empty() && health.percentile(99) <= 50.0,
        "overload: /healthz p99 is at most 50 ms",
    );
    verdict.expect(
        highest.saturating_sub(resident) <= 65_536,
        "overload: at most 64 MiB more",
    );
    verdict.expect(recovered <= 2.0, "overload: ordinary again within 2 s");
    Ok(())
}

/// One sign-in behind the other.
async fn several(person: &mut Person, number: usize) -> Times {
    let mut times = Times::default();
    for _ in 0..number {
        let begun = Instant::now();
        times.note(begun, person.with_session().await);
    }
    times
}

/// Sends so many a second, by whoever of the crowd is free.
async fn pour(
    people: Vec<Person>,
    per_second: f64,
    duration: Duration,
    flood: &Arc<Flood>,
) -> Result<Vec<Person>> {
    let free = Arc::new(Mutex::new(people));
    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    let mut due_before = 0;
    while begun.elapsed() < duration {
        let due = whole(begun.elapsed().as_secs_f64() * per_second);
        for _ in due_before..due {
            let person = free
                .lock()
                .map_err(|_| anyhow::anyhow!("a task panicked"))?
                .pop();
            let Some(mut person) = person else {
                flood.unsent.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            flood.sent.fetch_add(1, Ordering::Relaxed);
            let (flood, free) = (Arc::clone(flood), Arc::clone(&free));
            tasks.spawn(async move {
                let begun = Instant::now();
                let outcome = person.with_session().await;
                let is_shed = outcome
                    .as_ref()
                    .is_err_and(|error| format!("{error:#}").contains("answered 503"));
                let (times, outcome) = if is_shed {
                    (&flood.shed, Ok(()))
                } else {
                    (&flood.served, outcome)
                };
                if let Ok(mut times) = times.lock() {
                    times.note(begun, outcome);
                }
                if let Ok(mut free) = free.lock() {
                    free.push(person);
                }
            });
        }
        due_before = due;
        while tasks.try_join_next().is_some() {}
        sleep(Duration::from_millis(1)).await;
    }
    while tasks.join_next().await.is_some() {}
    let mut free = free
        .lock()
        .map_err(|_| anyhow::anyhow!("a task panicked"))?;
    Ok(std::mem::take(&mut *free))
}

#[allow(clippy::cast_precision_loss)] // counts of sign-ins, far below 2^52
fn as_f64(count: usize) -> f64 {
    count as f64
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // the same, and not negative
fn whole(count: f64) -> usize {
    count as usize
}
