//! Two and three nodes behind a balancer, with what they have in common in a real Redis; and what
//! happens when a node or Redis goes away under load.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod nodes;
mod provider;
mod redis;
mod slapd;

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use homerealm::http::client::{Client, Reply};
use nodes::{Service, Tally};
use provider::{Asked, homerealm, is_sign_in_page, posted, type_password};
use redis::Redis;
use slapd::{PASSWORD, Slapd};
use tokio::time::sleep;

const WENDY: &str = "wmoran@fabrikam.com";

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

async fn service(count: usize, redis: &Redis) -> Service {
    let service = Service::start(count, &SLAPD, redis, "", "").await;
    service.until_store(true).await;
    service
}

/// A request at a node, answered by a session, or not.
async fn ask(service: &Service, node: usize, browser: &mut Client) -> Reply {
    let path = Asked::new().to_redirect();
    service.get(node, browser, &path).await
}

/// Signs in: the page by one node, the form to another.
async fn sign_in(service: &Service, nodes: [usize; 2], browser: &mut Client) -> Reply {
    let page = ask(service, nodes[0], browser).await;
    browser.disconnect();
    service.next(nodes[1]);
    let answer = type_password(browser, &page, WENDY, PASSWORD).await;
    assert!(posted(&answer).document.contains("status:Success"));
    answer
}

fn is_answered(reply: &Reply) -> bool {
    !is_sign_in_page(reply) && reply.text().contains("SAMLResponse")
}

#[tokio::test(flavor = "multi_thread")]
async fn any_node_goes_on_where_another_began() {
    let redis = Redis::start();
    let service = service(3, &redis).await;
    let mut browser = service.browser();
    sign_in(&service, [0, 1], &mut browser).await;
    for node in 0..3 {
        assert!(
            is_answered(&ask(&service, node, &mut browser).await),
            "{node}"
        );
    }
    // Two questions for each sign-in, and no more.
    let before = redis.questions();
    for node in 0..3 {
        assert!(
            is_answered(&ask(&service, node, &mut browser).await),
            "{node}"
        );
    }
    assert_eq!(redis.questions() - before, 6);
    // A request counts once, wherever it is brought.
    let request = Asked::new().to_redirect();
    assert!(is_answered(&service.get(0, &mut browser, &request).await));
    let mut thief = service.browser();
    sign_in(&service, [2, 1], &mut thief).await;
    for node in [1, 2, 0] {
        let again = service.get(node, &mut thief, &request).await;
        assert!(!is_answered(&again), "{node}");
        assert_eq!(again.status, 409, "{}", again.text());
    }
    // What ends at one node has ended at all.
    let ended = service.get(1, &mut browser, "/signout").await;
    assert_eq!(ended.status, 200);
    let stays = thief.cookie(provider::HOST, "__Host-homerealm-session");
    assert!(stays.is_some());
    for node in 0..3 {
        assert!(
            is_sign_in_page(&ask(&service, node, &mut browser).await),
            "{node}"
        );
        assert!(
            is_answered(&ask(&service, node, &mut thief).await),
            "{node}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_elsewhere_is_worth_nothing_to_who_kept_its_cookie() {
    let redis = Redis::start();
    let service = service(2, &redis).await;
    let mut browser = service.browser();
    sign_in(&service, [0, 0], &mut browser).await;
    // The very same cookie, by hand: the browser forgets its own.
    let cookie = browser.cookie(provider::HOST, "__Host-homerealm-session");
    let cookie = cookie.expect("a session").to_owned();
    assert!(bring_cookie(&service, 0, &cookie).contains("SAMLResponse"));
    service.get(1, &mut browser, "/signout").await;
    for node in 0..2 {
        let answer = bring_cookie(&service, node, &cookie);
        assert!(!answer.contains("SAMLResponse"), "{node}: {answer}");
    }
}

/// What a node answers to who brings this session's cookie.
fn bring_cookie(service: &Service, node: usize, cookie: &str) -> String {
    let url = service.url(&Asked::new().to_redirect());
    let cookie = format!("__Host-homerealm-session={cookie}");
    service.next(node);
    let mut command = std::process::Command::new("curl");
    let resolve = format!(
        "{}:{}:127.0.0.1",
        provider::HOST,
        url.port_u16().expect("a port")
    );
    command.args([
        "-sk",
        "--resolve",
        &resolve,
        "-H",
        &format!("Cookie: {cookie}"),
    ]);
    let output = command.arg(url.to_string()).output().expect("curl runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_count_over_all_nodes() {
    let redis = Redis::start();
    let service = service(3, &redis).await;
    let mut words = Vec::new();
    for attempt in 0..7 {
        let mut browser = service.browser();
        let page = ask(&service, attempt % 3, &mut browser).await;
        let page = type_password(&mut browser, &page, WENDY, "wrong").await;
        assert!(is_sign_in_page(&page));
        words.push(page.status);
    }
    // Four are borne of an account, whichever node they come to; then the password is not tried.
    let mut browser = service.browser();
    let page = ask(&service, 2, &mut browser).await;
    let page = type_password(&mut browser, &page, WENDY, PASSWORD).await;
    assert!(is_sign_in_page(&page), "{words:?}: {}", page.text());
    let guarded = (0..3).filter(|node| service.log(*node).contains("too many failures"));
    assert_eq!(guarded.count(), 3, "each node has refused one");
}

const UPSTREAM: &str = r#"
[[upstream]]
name = "fabrikam"
email_domains = ["upstream.test"]
[upstream.saml2]
entity_id = "https://upstream.test/idp"
single_sign_on_service = "https://upstream.test/sso"
certificates = ["upstream.crt"]
address = "name-id"
[[route]]
email_domains = ["upstream.test"]
to = { upstream = "fabrikam" }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_trip_begun_at_one_node_ends_at_another() {
    let redis = Redis::start();
    let service = Service::start(2, &SLAPD, &redis, "", UPSTREAM).await;
    let mut browser = service.browser();
    let page = ask(&service, 0, &mut browser).await;
    let mut form = homerealm::http::PageForm::find(&page.text(), None).expect("a form");
    form.fill("name", "somebody@upstream.test")
        .expect("a field");
    let url = page.resolve(&form.action).expect("a URL");
    browser.disconnect();
    service.next(1);
    let leaving = browser.post_form(&url, &form.fields, Some(&page)).await;
    let leaving = leaving.expect("an answer").text();
    let state = leaving.split("RelayState=").nth(1).expect("a trip");
    let state: String = state
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter))
        .collect();
    let answer = |state: &str| {
        vec![
            ("SAMLResponse".to_owned(), "bm90IFhNTA==".to_owned()),
            ("RelayState".to_owned(), state.to_owned()),
        ]
    };
    // The trip is known, and the answer is none: it is the upstream that is said to be wrong.
    for node in 0..2 {
        for (handle, is_known) in [(state.as_str(), true), ("AAAAAAAAAAAAAAAAAAAAAA", false)] {
            browser.disconnect();
            service.next(node);
            let url = service.url("/upstream/saml2/acs");
            let reply = browser.post_form(&url, &answer(handle), None).await;
            let text = reply.expect("an answer").text();
            assert_eq!(text.contains("answer cannot be used"), is_known, "{text}");
        }
    }
}

/// Signs in again and again by sessions that are there, until told to stop.
fn load(
    service: &Service,
    browsers: Vec<Client>,
    stop: &Arc<AtomicBool>,
    tally: &Arc<Tally>,
) -> Vec<tokio::task::JoinHandle<Client>> {
    let url = service.url("/");
    let base = url.to_string();
    browsers
        .into_iter()
        .map(|mut browser| {
            let (stop, tally, base) = (stop.clone(), tally.clone(), base.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let path = Asked::new().to_redirect();
                    let url = format!("{}{path}", base.trim_end_matches('/'));
                    // Each by a connection of its own, and so by another node.
                    browser.disconnect();
                    match browser.get(&url.parse().expect("a URL"), None).await {
                        Ok(reply) if is_answered(&reply) => {
                            tally.answered.fetch_add(1, Ordering::SeqCst);
                        }
                        Ok(reply) if is_sign_in_page(&reply) => {
                            tally.asked_again.fetch_add(1, Ordering::SeqCst);
                        }
                        Ok(reply) => tally.refused.lock().expect("a list").push(reply.text()),
                        Err(_) => {
                            tally.broken.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                }
                browser
            })
        })
        .collect()
}

/// Ends the load, which may begin again.
async fn ended(running: Vec<tokio::task::JoinHandle<Client>>, stop: &AtomicBool) -> Vec<Client> {
    stop.store(true, Ordering::SeqCst);
    let mut browsers = Vec::new();
    for task in running {
        browsers.push(task.await.expect("it ends"));
    }
    stop.store(false, Ordering::SeqCst);
    browsers
}

async fn signed_in(service: &Service, count: usize) -> Vec<Client> {
    let mut browsers = Vec::new();
    for number in 0..count {
        let mut browser = service.browser();
        sign_in(service, [number % 2, (number + 1) % 2], &mut browser).await;
        browsers.push(browser);
    }
    browsers
}

/// Lets some more sign-ins be answered.
async fn some_more(tally: &Tally) {
    let before = tally.answered.load(Ordering::SeqCst);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while tally.answered.load(Ordering::SeqCst) < before + 100 {
        assert!(
            tokio::time::Instant::now() < deadline,
            "no sign-in is answered any more"
        );
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_killed_under_load_loses_no_session() {
    const BROWSERS: usize = 6;
    let redis = Redis::start();
    // A machine that does much else may keep Redis waiting for longer than by default.
    let patient = "deadline_milliseconds = 3000";
    let mut service = Service::start(3, &SLAPD, &redis, patient, "").await;
    service.until_store(true).await;
    let browsers = signed_in(&service, BROWSERS).await;
    let (stop, tally) = (Arc::new(AtomicBool::new(false)), Arc::new(Tally::default()));
    let running = load(&service, browsers, &stop, &tally);
    some_more(&tally).await;
    service.kill_node(1);
    some_more(&tally).await;
    service.start_node(1);
    some_more(&tally).await;
    stop.store(true, Ordering::SeqCst);
    for task in running {
        let mut browser = task.await.expect("it ends");
        for node in 0..3 {
            assert!(
                is_answered(&ask(&service, node, &mut browser).await),
                "{node}"
            );
        }
    }
    let logs = [0, 1, 2].map(|node| service.log(node));
    let missed = logs.iter().flat_map(|log| log.lines());
    let missed: Vec<_> = missed
        .filter(|line| line.contains("shared store"))
        .collect();
    let asked_again = tally.asked_again.load(Ordering::SeqCst);
    assert_eq!(asked_again, 0, "a session was lost: {missed:?}");
    assert!(tally.refused.lock().expect("a list").is_empty());
    // What was under way at that node, and no more.
    let broken = tally.broken.load(Ordering::SeqCst);
    assert!(broken <= BROWSERS * 2, "{broken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_go_on_without_redis_and_it_is_said() {
    let mut redis = Redis::start();
    let service = service(2, &redis).await;
    let (stop, tally) = (Arc::new(AtomicBool::new(false)), Arc::new(Tally::default()));
    let browsers = signed_in(&service, 4).await;
    let running = load(&service, browsers, &stop, &tally);
    some_more(&tally).await;

    redis.kill();
    service.until_store(false).await;
    let (status, ready) = service.operations(0, "/readyz").await;
    assert_eq!(status, 200, "{ready}");
    assert!(
        ready.contains("\"ready\":true") && ready.contains("\"degraded\""),
        "{ready}"
    );
    let metrics = service.operations(0, "/metrics").await.1;
    assert!(
        metrics.contains("homerealm_store_outages_total 1"),
        "{metrics}"
    );
    // The balancer counts connections: what is to come to a certain node needs it alone.
    let browsers = ended(running, &stop).await;
    // Who has a session from before is asked for her password, and it counts at that node.
    let mut browser = service.browser();
    sign_in(&service, [0, 1], &mut browser).await;
    assert!(is_answered(&ask(&service, 1, &mut browser).await));
    assert!(is_sign_in_page(&ask(&service, 0, &mut browser).await));
    // A request is answered once by a node.
    let request = Asked::new().to_redirect();
    assert!(is_answered(&service.get(1, &mut browser, &request).await));
    let mut other = service.browser();
    sign_in(&service, [1, 1], &mut other).await;
    assert_eq!(service.get(1, &mut other, &request).await.status, 409);
    // Whose session cannot be looked at hears that not all of it has ended.
    let mut before = service.browser();
    before_sign_out(&service, &mut before).await;

    let running = load(&service, browsers, &stop, &tally);
    redis.start_again();
    service.until_store(true).await;
    ended(running, &stop).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    // What began meanwhile is told: it counts everywhere now.
    while !is_answered(&ask(&service, 0, &mut browser).await)
        || !is_answered(&ask(&service, 0, &mut other).await)
    {
        assert!(tokio::time::Instant::now() < deadline, "nothing was pushed");
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(service.get(0, &mut other, &request).await.status, 409);
    assert!(tally.refused.lock().expect("a list").is_empty());
    assert_eq!(tally.broken.load(Ordering::SeqCst), 0);
    // One line for each change, and not for each request.
    for node in 0..2 {
        let log = service.log(node);
        assert_eq!(
            log.matches("the shared store does not answer").count(),
            1,
            "{log}"
        );
    }
}

/// Somebody signed in at one node wants to sign out at the other, which cannot know of it.
async fn before_sign_out(service: &Service, browser: &mut Client) {
    sign_in(service, [0, 0], browser).await;
    let told = service.get(1, browser, "/signout").await;
    assert_eq!(told.status, 500, "{}", told.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_hangs_holds_nobody_up() {
    let redis = Redis::start();
    let service = service(2, &redis).await;
    redis.hang();
    let begun = tokio::time::Instant::now();
    let mut browser = service.browser();
    sign_in(&service, [0, 0], &mut browser).await;
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    redis.go_on();
    service.until_store(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_nodes_sign_nobody_in_meanwhile() {
    let mut redis = Redis::start();
    let strict = "when_unavailable = \"refuse\"";
    let service = Service::start(2, &SLAPD, &redis, strict, "").await;
    service.until_store(true).await;
    let mut browser = service.browser();
    sign_in(&service, [0, 1], &mut browser).await;
    redis.kill();
    service.until_store(false).await;
    let (status, ready) = service.operations(1, "/readyz").await;
    assert_eq!(status, 503, "{ready}");
    let mut browser = service.browser();
    let page = ask(&service, 0, &mut browser).await;
    let page = type_password(&mut browser, &page, WENDY, PASSWORD).await;
    assert_eq!(page.status, 503, "{}", page.text());
    assert!(is_sign_in_page(&page), "the request is kept");
    redis.start_again();
    service.until_store(true).await;
    let answer = type_password(&mut browser, &page, WENDY, PASSWORD).await;
    assert!(posted(&answer).document.contains("status:Success"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_looks_at_the_store() {
    let mut redis = Redis::start();
    let service = service(1, &redis).await;
    let check = || {
        let output = homerealm()
            .args(["check", "--json", "--config"])
            .arg(service.config(0))
            .output()
            .expect("homerealm runs");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let findings = report["findings"].as_array().expect("findings").clone();
        let found = findings
            .into_iter()
            .find(|finding| finding["name"] == "store");
        found.expect("a finding")
    };
    let good = check();
    assert_eq!(good["verdict"], "ok", "{good}");
    assert!(
        good["found"].as_str().expect("text").contains("redis 7."),
        "{good}"
    );
    redis.cli(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let warned = check();
    assert_eq!(warned["verdict"], "warn", "{warned}");
    redis.cli(&["ACL", "SETUSER", redis::USER, "resetpass", ">other"]);
    let refused = check();
    assert_eq!(refused["verdict"], "fail", "{refused}");
    assert!(
        refused["found"]
            .as_str()
            .expect("text")
            .contains("WRONGPASS"),
        "{refused}"
    );
    redis.kill();
    assert_eq!(check()["verdict"], "fail");
}
