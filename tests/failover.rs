//! Two thousand sign-ins while the directory's servers hang, die, reset connections and show the
//! wrong certificate: nobody may notice.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use provider::{Asked, Options, Provider, is_sign_in_page, posted, type_password};
use slapd::{BASE, Numbered, PARTNERS, PASSWORD, SERVICE_DN, Slapd};
use tokio::net::TcpListener;

const SIGN_INS: u32 = 2_000;
const AT_ONCE: u32 = 16;
const ACCOUNTS: u32 = 200;

/// A server that resets each connection at the first word.
async fn resetting() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                // Closed with something unread, the kernel sends RST.
                let _ = stream.readable().await;
            });
        }
    });
    port
}

/// What the people saw.
#[derive(Default)]
struct Seen {
    begun: AtomicU32,
    over: AtomicBool,
    busy: AtomicU32,
    failures: Mutex<Vec<String>>,
    longest: Mutex<Duration>,
}

/// One person after the other, each with a browser of her own, until it is over.
async fn people(provider: Arc<Provider>, seen: Arc<Seen>) {
    while !seen.over.load(Ordering::Relaxed) {
        let number = seen.begun.fetch_add(1, Ordering::Relaxed);
        let mut browser = provider.browser();
        let url = provider.url(&Asked::new().to_redirect());
        let page = browser.get(&url, None).await.expect("the page");
        let started = Instant::now();
        let name = Numbered(number % ACCOUNTS).mail();
        let answer = type_password(&mut browser, &page, &name, PASSWORD).await;
        let elapsed = started.elapsed();
        let text = answer.text();
        if text.contains("Very many people are signing in") {
            seen.busy.fetch_add(1, Ordering::Relaxed);
        } else if answer.status != 200 || is_sign_in_page(&answer) {
            seen.failures.lock().expect("a list").push(text);
        } else {
            assert!(posted(&answer).document.contains("status:Success"));
            let mut longest = seen.longest.lock().expect("a time");
            *longest = elapsed.max(*longest);
        }
    }
}

async fn until(seen: &Seen, begun: u32) {
    while seen.begun.load(Ordering::Relaxed) < begun {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn until_true(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_sign_ins_do_not_notice_what_happens_to_the_servers() {
    let options = slapd::Options {
        accounts: ACCOUNTS,
        ..Default::default()
    };
    let mut first = Slapd::start_new(options);
    let mut second = Slapd::start_new(options);
    // Its CA is not among those that are trusted.
    let stranger = Slapd::start_new(options);
    let trusted = [&first, &second]
        .map(|server| fs::read_to_string(server.ca_file()).expect("a CA"))
        .concat();
    // No mapping is remembered, so that each sign-in is a search and a bind.
    let table = format!(
        r#"[[directory]]
servers = ["{stranger}", "ldaps://localhost:{resetting}", "{first}", "{second}"]
ca = "directory-ca.pem"
bind_dn = "{SERVICE_DN}"
bind_password = {{ file = "directory-password" }}
base = "{BASE}"
scope = ["{PARTNERS}"]
mapping_cache_seconds = 0
"#,
        stranger = stranger.ldaps_url(),
        resetting = resetting().await,
        first = first.ldaps_url(),
        second = second.ldaps_url(),
    );
    let provider = Arc::new(Provider::start_before(&table, &trusted, Options::default()));
    let seen = Arc::new(Seen::default());
    let people: Vec<_> = (0..AT_ONCE)
        .map(|_| tokio::spawn(people(provider.clone(), seen.clone())))
        .collect();

    let is_logged = |what: &str, server: &Slapd| {
        let text = format!("{what} server=\"{}\"", server.ldaps_url());
        provider.log().iter().any(|line| line.contains(&text))
    };
    let more = SIGN_INS / 5;
    until(&seen, more).await;
    first.sigstop();
    until(&seen, 2 * more).await;
    first.sigcont();
    // The second must not end before the first is found alive.
    until_true("the first is up again", || is_logged("up again", &first)).await;
    let begun = seen.begun.load(Ordering::Relaxed);
    second.kill();
    until_true("the second is found down", || is_logged("is down", &second)).await;
    until(&seen, begun + more).await;
    second.start();
    until_true("the second is up again", || is_logged("up again", &second)).await;
    let begun = seen.begun.load(Ordering::Relaxed);
    first.kill();
    until(&seen, SIGN_INS.max(begun + more)).await;
    seen.over.store(true, Ordering::Relaxed);
    for task in people {
        task.await.expect("nobody was turned away");
    }

    let (busy, failures) = (
        seen.busy.load(Ordering::Relaxed),
        seen.failures.lock().expect("a list"),
    );
    let longest = *seen.longest.lock().expect("a time");
    println!(
        "{SIGN_INS} sign-ins: {} failed, {busy} busy, the longest {longest:.0?}",
        failures.len()
    );
    assert!(
        failures.is_empty(),
        "{} failed, the first with {}\n{}",
        failures.len(),
        failures[0],
        provider
            .log()
            .into_iter()
            .filter(|line| line.contains("directory"))
            .collect::<Vec<_>>()
            .join("\n")
    );
    assert!(busy <= begun / 100, "{busy} were told that it is busy");
    // A first attempt of 700 ms, and what the machine is busy with besides.
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    let log = provider.log().join("\n");
    for server in [&first, &second, &stranger] {
        let down = format!("directory server is down server=\"{}\"", server.ldaps_url());
        assert!(log.contains(&down), "{down} is not in the log\n{log}");
    }
}
