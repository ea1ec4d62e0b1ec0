//! More is asked of the server than it can do: who is refused is told so early, who is not is served in
//! time, memory stays where it is, and all is well again afterwards.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;

use std::{
    io::{Read as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use homerealm::http::client::{Client, Reply};
use provider::{Asked, Options, Provider, is_sign_in_page, posted, type_password};
use slapd::{PASSWORD, Slapd};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

const WENDY: &str = "wmoran@fabrikam.com";
const WS_TRUST: &str = "/adfs/services/trust/13/usernamemixed";

/// What one request came to, and how long that took.
struct Outcome {
    page: Reply,
    took: Duration,
}

impl Outcome {
    async fn of(answer: impl Future<Output = Reply>) -> Self {
        let begun = Instant::now();
        Self {
            page: answer.await,
            took: begun.elapsed(),
        }
    }

    /// Refused for overload: with the time to come back, and an id to ask about.
    fn was_shed(&self) -> bool {
        let page = self.page.text();
        let is_shed = page.contains("Too many people are signing in");
        if is_shed {
            assert_eq!(self.page.status, 503);
            assert_eq!(self.page.headers["retry-after"], "5");
            assert!(page.contains("help@contoso.test"), "{page}");
        }
        is_shed
    }
}

fn longest<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Duration {
    let times = outcomes.into_iter().map(|outcome| outcome.took);
    times.max().unwrap_or_default()
}

async fn open(provider: &Provider, browser: &mut Client) -> Reply {
    let url = provider.url(&Asked::new().to_redirect());
    browser.get(&url, None).await.expect("an answer")
}

/// A browser with a session.
async fn signed_in(provider: &Provider) -> Client {
    let mut browser = provider.browser().with_timeout(Duration::from_secs(30));
    let page = open(provider, &mut browser).await;
    posted(&type_password(&mut browser, &page, WENDY, PASSWORD).await);
    browser
}

/// What `/metrics` says.
async fn operations(provider: &Provider, path: &str) -> String {
    let mut stream = TcpStream::connect(provider.operations)
        .await
        .expect("operations listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    answer
}

async fn metric(provider: &Provider, name: &str) -> u64 {
    let metrics = operations(provider, "/metrics").await;
    let mut lines = metrics.lines().filter_map(|line| line.split_once(' '));
    let (_, value) = lines.find(|(known, _)| *known == name).expect("the metric");
    value.parse().expect("a number")
}

/// Asks `/healthz` all the time, from a thread that has nothing else to do.
struct HealthWatch {
    is_over: Arc<AtomicBool>,
    thread: thread::JoinHandle<Vec<Duration>>,
}

impl HealthWatch {
    fn start(provider: &Provider) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (ends, operations) = (is_over.clone(), provider.operations);
        let thread = thread::spawn(move || {
            let mut times = Vec::new();
            while !ends.load(Ordering::Relaxed) {
                let begun = Instant::now();
                let mut stream = std::net::TcpStream::connect(operations).expect("it listens");
                let request =
                    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
                stream.write_all(request).expect("sent");
                let mut answer = String::new();
                stream.read_to_string(&mut answer).expect("an answer");
                assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
                times.push(begun.elapsed());
                thread::sleep(Duration::from_millis(5));
            }
            times
        });
        Self { is_over, thread }
    }

    /// What was usual, and the longest. Machines that run other tests beside this are slow at times, so
    /// the bounds are far from what is measured (a millisecond, and some tens).
    fn check(self) -> (Duration, Duration) {
        self.is_over.store(true, Ordering::Relaxed);
        let mut times = self.thread.join().expect("healthy throughout");
        times.sort_unstable();
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        assert!(median < Duration::from_millis(200), "{median:?}");
        assert!(longest < Duration::from_secs(2), "{longest:?}");
        (median, longest)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hung_directory_fills_its_own_places_and_no_others() {
    const FLOOD: usize = 256;
    const PLACES: usize = 24;
    let slapd = Slapd::start_new(slapd::Options::default());
    let provider = Arc::new(Provider::start(
        &slapd,
        Options {
            tables: "[ws_trust]\nenabled = true\n[limits]\npasswords = 24\nconnections = 2000",
            ..Options::default()
        },
    ));
    let mut wendy = signed_in(&provider).await;
    // Everybody has the page before the directory hangs.
    let mut people = Vec::new();
    for _ in 0..FLOOD {
        let mut browser = provider.browser().with_timeout(Duration::from_secs(30));
        let page = open(&provider, &mut browser).await;
        people.push((browser, page));
    }
    let resident_before = provider.resident_kib();
    let health = HealthWatch::start(&provider);
    slapd.sigstop();

    let mut flood = JoinSet::new();
    for (mut browser, page) in people {
        flood.spawn(async move {
            let sent = type_password(&mut browser, &page, WENDY, PASSWORD);
            (Outcome::of(sent).await, browser, page)
        });
    }
    // A program among them gets a fault, and is told when to come back.
    while metric(&provider, "homerealm_passwords_refused_total").await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let fault = provider
        .browser()
        .post(
            &provider.url(WS_TRUST),
            "application/soap+xml",
            "<x/>".to_owned(),
        )
        .await
        .expect("a fault");
    assert_eq!(fault.status, 503, "{}", fault.text());
    assert_eq!(fault.headers["retry-after"], "5");
    assert!(fault.text().contains("Too many people are signing in"));
    // Who is signed in already notices nothing.
    for _ in 0..20 {
        let answer = Outcome::of(open(&provider, &mut wendy)).await;
        assert!(posted(&answer.page).document.contains("status:Success"));
        assert!(answer.took < Duration::from_secs(2), "{:?}", answer.took);
    }
    let mut outcomes = Vec::new();
    let mut kept = Vec::new();
    while let Some(one) = flood.join_next().await {
        let (outcome, browser, page) = one.expect("an outcome");
        kept.push((browser, page));
        outcomes.push(outcome);
    }
    let health = health.check();
    let resident_after = provider.resident_kib();

    let (shed, waited): (Vec<_>, Vec<_>) = outcomes.iter().partition(|one| one.was_shed());
    println!(
        "shed {} within {:?}; {} waited {:?} at most; health {health:?}; {resident_before} -> {resident_after} KiB",
        shed.len(),
        longest(shed.iter().copied()),
        waited.len(),
        longest(waited.iter().copied()),
    );
    assert!(waited.len() >= PLACES, "{}", waited.len());
    assert!(shed.len() >= FLOOD / 4, "{}", shed.len());
    assert!(longest(shed) < Duration::from_secs(2));
    // They were told by the page that they typed into, with their request kept.
    for one in &waited {
        assert_eq!(one.page.status, 503);
        assert!(is_sign_in_page(&one.page));
    }
    assert!(longest(waited) < Duration::from_secs(10));
    let grown = resident_after.saturating_sub(resident_before);
    assert!(grown < 32 * 1024, "{grown} KiB more");
    assert_eq!(metric(&provider, "homerealm_passwords_in_flight").await, 0);

    // Nothing was lost: a page that was refused signs her in as soon as the directory is back.
    slapd.sigcont();
    let (mut browser, page) = kept.pop().expect("somebody");
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let answer = Outcome::of(type_password(&mut browser, &page, WENDY, PASSWORD)).await;
        if answer.page.status == 200 {
            assert!(posted(&answer.page).document.contains("status:Success"));
            break;
        }
        assert!(Instant::now() < deadline, "{}", answer.page.text());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let page = open(&provider, &mut provider.browser()).await;
    assert!(is_sign_in_page(&page));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_sign_ins_than_can_be_signed_are_refused_before_they_cost_anything() {
    const PEOPLE: usize = 96;
    let slapd = Slapd::start_new(slapd::Options::default());
    let provider = Arc::new(Provider::start(
        &slapd,
        Options {
            tables: "[limits]\nsign_ins = 4\nlongest_wait_milliseconds = 500",
            ..Options::default()
        },
    ));
    let mut people = Vec::new();
    for _ in 0..PEOPLE {
        people.push(signed_in(&provider).await);
    }
    let resident_before = provider.resident_kib();
    let health = HealthWatch::start(&provider);
    let until = Instant::now() + Duration::from_secs(2);
    let mut flood = JoinSet::new();
    for mut browser in people {
        let provider = provider.clone();
        flood.spawn(async move {
            let mut outcomes = Vec::new();
            while Instant::now() < until {
                outcomes.push(Outcome::of(open(&provider, &mut browser)).await);
            }
            (outcomes, browser)
        });
    }
    let mut outcomes = Vec::new();
    let mut browsers = Vec::new();
    while let Some(one) = flood.join_next().await {
        let (more, browser) = one.expect("outcomes");
        outcomes.extend(more);
        browsers.push(browser);
    }
    let health = health.check();
    let resident_after = provider.resident_kib();
    let (shed, served): (Vec<_>, Vec<_>) = outcomes.iter().partition(|one| one.was_shed());
    println!(
        "{} served within {:?}, {} shed within {:?}; health {health:?}; {resident_before} -> {resident_after} KiB",
        served.len(),
        longest(served.iter().copied()),
        shed.len(),
        longest(shed.iter().copied()),
    );
    for one in &served {
        assert!(posted(&one.page).document.contains("status:Success"));
    }
    assert!(served.len() > 50, "{} served", served.len());
    assert!(shed.len() > 50, "{} shed", shed.len());
    assert!(longest(served) < Duration::from_secs(5));
    let refused = metric(&provider, "homerealm_sign_ins_refused_total").await;
    assert_eq!(refused, shed.len() as u64);
    assert_eq!(metric(&provider, "homerealm_sign_ins_in_flight").await, 0);
    let grown = resident_after.saturating_sub(resident_before);
    assert!(grown < 32 * 1024, "{grown} KiB more");
    // One line for each, by which its page can be found.
    let told = provider.audit("request-refused", shed.len());
    assert!(
        told[0]["cause"]
            .as_str()
            .expect("a cause")
            .contains("overloaded")
    );

    // It is over at once.
    let mut after = Vec::new();
    for _ in 0..20 {
        after.push(Outcome::of(open(&provider, &mut browsers[0])).await);
    }
    assert!(after.iter().all(|one| one.page.status == 200));
    after.sort_by_key(|one| one.took);
    assert!(
        after[10].took < Duration::from_millis(200),
        "{:?}",
        after[10].took
    );
}

#[tokio::test]
async fn running_out_of_descriptors_ends_nothing() {
    let slapd = Slapd::start_new(slapd::Options::default());
    let provider = Provider::start(
        &slapd,
        Options {
            before: "ulimit -n 24",
            ..Options::default()
        },
    );
    provider.wait_for("it says that connections are few", |line| {
        line.contains("permits fewer connections than configured")
    });
    let mut held = Vec::new();
    for _ in 0..32 {
        // The kernel takes them, whether they are accepted or not.
        held.push(
            TcpStream::connect(provider.address())
                .await
                .expect("a connection"),
        );
    }
    provider.wait_for("it has no descriptors left", |line| {
        line.contains("cannot accept connections")
    });
    let tries = |provider: &Provider| {
        let log = provider.log();
        let lines = log
            .iter()
            .filter(|line| line.contains("cannot accept connections"));
        lines.count()
    };
    let before = tries(&provider);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(
        tries(&provider) - before < 30,
        "it tries again without a pause"
    );
    drop(held);
    let begun = Instant::now();
    let mut browser = provider.browser();
    let url = provider.url("/metadata");
    while browser.get(&url, None).await.is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "it accepts nothing any more"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(provider.stop(), Some(0));
}
