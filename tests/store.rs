//! What a store must do, whichever it is: a node's own memory, or a real Redis that several share; and
//! what the shared one does while Redis is not there.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod redis;

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use homerealm::{
    http::tls::client_config,
    keys::SharedSecret,
    store::{
        ConnectError, Kind, MemoryStore, Servers, SharedSettings, SharedStore, Store, StoreAddress,
        StoreError, WhenUnavailable, inspect,
    },
};
use redis::{PASSWORD, Redis, SEAL_KEY, USER};
use tokio::time::sleep;
use zeroize::Zeroizing;

const HOUR: Duration = Duration::from_secs(3600);
const KEY: &[u8] = &[7; 32];

fn value(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn servers(redis: &Redis) -> Servers {
    Servers {
        addresses: vec![address(&format!("redis://{}", redis.address()))],
        tls: client_config(&[]).expect("TLS settings"),
        user: Some(USER.to_owned()),
        password: Some(Zeroizing::new(PASSWORD.to_owned())),
    }
}

fn address(text: &str) -> StoreAddress {
    text.parse().expect("an address")
}

fn settings(redis: &Redis) -> SharedSettings {
    SharedSettings {
        servers: servers(redis),
        prefix: "homerealm".to_owned(),
        deadline: Duration::from_millis(500),
        when_unavailable: WhenUnavailable::GoOn,
    }
}

fn start(settings: SharedSettings) -> SharedStore {
    let secret = SharedSecret::new(SEAL_KEY, None).expect("a secret");
    SharedStore::start(settings, &secret).expect("a store")
}

async fn connected(redis: &Redis) -> SharedStore {
    let store = start(settings(redis));
    assert!(store.health().wait(Duration::from_secs(5)).await);
    store
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(15);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Each of these must hold for every store.
async fn contract(store: Arc<dyn Store>) {
    keeps_replaces_and_forgets(&*store).await;
    nothing_outlives_its_time(&*store).await;
    counts(&*store).await;
    refuses_what_is_too_large(&*store).await;
    one_of_many(store).await;
}

async fn keeps_replaces_and_forgets(store: &dyn Store) {
    for kind in Kind::ALL {
        let put = |text| store.put(kind, KEY, value(text), HOUR);
        put("one").await.expect("put");
        put("two").await.expect("put");
        assert_eq!(store.get(kind, KEY).await, Ok(Some(value("two"))));
        let earlier = store.put_if_absent(kind, KEY, value("three"), HOUR).await;
        assert_eq!(earlier, Ok(Some(value("two"))), "{kind:?}");
        assert_eq!(store.take(kind, KEY).await, Ok(Some(value("two"))));
        assert_eq!(store.take(kind, KEY).await, Ok(None));
        put("").await.expect("put");
        assert_eq!(store.get(kind, KEY).await, Ok(Some(Bytes::new())));
        store.remove(kind, KEY).await.expect("removed");
        assert_eq!(store.get(kind, KEY).await, Ok(None));
    }
    let put = store.put(Kind::Session, KEY, value("one"), HOUR);
    put.await.expect("put");
    assert_eq!(store.get(Kind::Participant, KEY).await, Ok(None));
}

async fn nothing_outlives_its_time(store: &dyn Store) {
    let short = Duration::from_millis(100);
    for key in [&b"get"[..], b"take", b"again"] {
        let put = store.put(Kind::Session, key, value("old"), short);
        put.await.expect("put");
    }
    let at_once = store.put(Kind::Session, b"at once", value("old"), Duration::ZERO);
    at_once.await.expect("put");
    assert_eq!(store.get(Kind::Session, b"at once").await, Ok(None));
    sleep(short * 2).await;
    assert_eq!(store.get(Kind::Session, b"get").await, Ok(None));
    assert_eq!(store.take(Kind::Session, b"take").await, Ok(None));
    let put = store.put_if_absent(Kind::Session, b"again", value("new"), HOUR);
    assert_eq!(put.await, Ok(None));
    assert_eq!(
        store.get(Kind::Session, b"again").await,
        Ok(Some(value("new")))
    );
}

async fn counts(store: &dyn Store) {
    let short = Duration::from_millis(200);
    let add = |key: &'static [u8], number, ttl| store.add(Kind::FailedAttempts, key, number, ttl);
    assert_eq!(add(b"k", 0, HOUR).await, Ok(0));
    assert_eq!(add(b"k", 1, HOUR).await, Ok(1));
    assert_eq!(add(b"k", 2, HOUR).await, Ok(3));
    assert_eq!(add(b"k", -1, HOUR).await, Ok(2));
    assert_eq!(add(b"k", 0, HOUR).await, Ok(2));
    store
        .remove(Kind::FailedAttempts, b"k")
        .await
        .expect("removed");
    assert_eq!(add(b"k", 0, HOUR).await, Ok(0));
    // Taking away or adding nothing does not prolong; what is added does.
    for key in [&b"ends"[..], b"goes on"] {
        assert_eq!(add(key, 2, short).await, Ok(2));
        assert_eq!(add(key, -1, HOUR).await, Ok(1));
        assert_eq!(add(key, 0, HOUR).await, Ok(1));
    }
    assert_eq!(add(b"goes on", 1, HOUR).await, Ok(2));
    sleep(short * 2).await;
    assert_eq!(add(b"ends", 0, HOUR).await, Ok(0));
    assert_eq!(add(b"goes on", 0, HOUR).await, Ok(2));
}

async fn refuses_what_is_too_large(store: &dyn Store) {
    let large = || Bytes::from(vec![0; 64 * 1024 + 1]);
    let key = vec![0; 1025];
    let kind = Kind::Session;
    for outcome in [
        store.put(kind, KEY, large(), HOUR).await,
        store.put(kind, &key, value("x"), HOUR).await,
        store
            .put_if_absent(kind, KEY, large(), HOUR)
            .await
            .map(|_| ()),
        store.add(kind, &key, 1, HOUR).await.map(|_| ()),
    ] {
        assert_eq!(outcome, Err(StoreError::TooLarge));
    }
}

/// 32 do the same thing at once.
async fn one_of_many(store: Arc<dyn Store>) {
    for round in 0..20_u8 {
        let key = [round; 32];
        let put = store.put(Kind::FamiliarSource, &key, value("x"), HOUR);
        put.await.expect("put");
        let tasks: Vec<_> = (0..32)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    let kind = Kind::AnsweredRequest;
                    let put = store.put_if_absent(kind, &key, value("x"), HOUR).await;
                    let took = store.take(Kind::FamiliarSource, &key).await;
                    let sum = store.add(Kind::FailedAttempts, &key, 1, HOUR).await;
                    (
                        put.expect("put").is_none(),
                        took.expect("taken").is_some(),
                        sum.expect("a sum"),
                    )
                })
            })
            .collect();
        let (mut put, mut took, mut sums) = (0, 0, BTreeSet::new());
        for task in tasks {
            let (did_put, did_take, sum) = task.await.expect("done");
            put += u32::from(did_put);
            took += u32::from(did_take);
            sums.insert(sum);
        }
        assert_eq!((put, took), (1, 1));
        assert_eq!(sums, (1..=32).collect());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_does_what_a_store_must() {
    contract(Arc::new(MemoryStore::default())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_does_what_a_store_must() {
    let redis = Redis::start();
    contract(Arc::new(connected(&redis).await)).await;
}

#[tokio::test]
async fn what_redis_holds_says_nothing_and_can_be_made_by_nobody_else() {
    let redis = Redis::start();
    let store = connected(&redis).await;
    let token = b"the value of a cookie, 32 octets";
    let session = value("wmoran@fabrikam.com");
    let put = store.put(Kind::FamiliarSource, token, session.clone(), HOUR);
    put.await.expect("put");
    let put = store.put(Kind::Session, KEY, session.clone(), HOUR);
    put.await.expect("put");
    let keys = redis.cli(&["--scan"]);
    let mut names: Vec<_> = keys.lines().collect();
    names.sort_unstable();
    assert_eq!(names.len(), 2, "{keys}");
    assert!(names[0].starts_with("homerealm:familiar:"), "{keys}");
    assert!(names[1].starts_with("homerealm:session:"), "{keys}");
    let dump = format!(
        "{keys}{}{}",
        redis.cli(&["GET", names[0]]),
        redis.cli(&["GET", names[1]])
    );
    assert!(
        !dump.contains("cookie") && !dump.contains("fabrikam"),
        "{dump}"
    );
    // A value of another key, or one that somebody made, is none; but its place is taken.
    for command in [
        &["COPY", names[0], names[1], "REPLACE"][..],
        &["SET", names[1], "{\"w\":{}}"],
    ] {
        redis.cli(command);
        assert_eq!(store.get(Kind::Session, KEY).await, Ok(None), "{command:?}");
        let put = store.put_if_absent(Kind::Session, KEY, session.clone(), HOUR);
        assert_eq!(put.await, Ok(Some(Bytes::new())));
    }
}

#[tokio::test]
async fn a_node_goes_on_by_itself_and_tells_redis_afterwards() {
    let mut redis = Redis::start();
    let (one, two) = (connected(&redis).await, connected(&redis).await);
    let before = value("before");
    one.put(Kind::Session, b"before", before.clone(), HOUR)
        .await
        .expect("put");
    let answered = one.put_if_absent(Kind::AnsweredRequest, b"1", value("one"), HOUR);
    assert_eq!(answered.await, Ok(None));

    redis.kill();
    let health = (one.health(), two.health());
    until("both see it", || !health.0.is_up() && !health.1.is_up()).await;
    // What cannot be known is not said.
    let looked = one.get(Kind::Session, b"before").await;
    assert!(
        matches!(looked, Err(StoreError::Unavailable(_))),
        "{looked:?}"
    );
    assert_eq!(one.get(Kind::FamiliarSource, b"x").await, Ok(None));
    // What this node has answered, it knows.
    let again =
        |store| Store::put_if_absent(store, Kind::AnsweredRequest, b"1", value("two"), HOUR);
    assert_eq!(again(&one).await, Ok(Some(value("one"))));
    assert_eq!(again(&two).await, Ok(None));
    assert_eq!(again(&two).await, Ok(Some(value("two"))));
    // What begins now counts here, and is told later.
    one.put(Kind::Session, b"begun", value("begun"), HOUR)
        .await
        .expect("put");
    assert_eq!(
        one.get(Kind::Session, b"begun").await,
        Ok(Some(value("begun")))
    );
    assert_eq!(
        one.add(Kind::FailedAttempts, b"wendy", 2, HOUR).await,
        Ok(2)
    );
    assert_eq!(
        two.add(Kind::FailedAttempts, b"wendy", 1, HOUR).await,
        Ok(1)
    );
    two.remove(Kind::Session, b"before").await.expect("noted");
    assert_eq!(
        two.get(Kind::Session, b"before").await,
        Ok(None),
        "ended is known"
    );

    // It comes back with all that it had, as one does that could not be reached.
    redis.start_again();
    let third = connected(&redis).await;
    third
        .put(Kind::Session, b"before", before, HOUR)
        .await
        .expect("put");
    until("both see it", || health.0.is_up() && health.1.is_up()).await;
    assert_eq!(
        two.get(Kind::Session, b"before").await,
        Ok(None),
        "ended at once for who ended it"
    );
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let begun = third.get(Kind::Session, b"begun").await;
        let before = third.get(Kind::Session, b"before").await;
        let sum = third.add(Kind::FailedAttempts, b"wendy", 0, HOUR).await;
        if (begun, before, sum.clone()) == (Ok(Some(value("begun"))), Ok(None), Ok(3)) {
            break;
        }
        assert!(Instant::now() < deadline, "nothing was pushed: {sum:?}");
        sleep(Duration::from_millis(50)).await;
    }
    // A Redis that has forgotten is told by the node that knows.
    let replay = one
        .put_if_absent(Kind::AnsweredRequest, b"1", value("three"), HOUR)
        .await;
    assert!(matches!(replay, Ok(Some(_))), "{replay:?}");
}

#[tokio::test]
async fn a_redis_that_hangs_costs_one_deadline_and_no_more() {
    let redis = Redis::start();
    let store = connected(&redis).await;
    redis.hang();
    let begun = Instant::now();
    let put = store.put(Kind::Session, KEY, value("x"), HOUR);
    put.await.expect("kept by the node");
    let first = begun.elapsed();
    assert!(first < Duration::from_millis(1500), "{first:?}");
    let begun = Instant::now();
    for number in 0..1_000_u32 {
        let key = number.to_be_bytes();
        let add = store.add(Kind::FailedAttempts, &key, 1, HOUR);
        assert_eq!(add.await, Ok(1));
    }
    assert!(
        begun.elapsed() < Duration::from_millis(250),
        "{:?}",
        begun.elapsed()
    );
    redis.go_on();
    let health = store.health();
    until("it is up again", || health.is_up()).await;
}

#[tokio::test]
async fn strict_nodes_refuse() {
    let mut redis = Redis::start();
    let strict = SharedSettings {
        when_unavailable: WhenUnavailable::Refuse,
        ..settings(&redis)
    };
    let store = start(strict);
    assert!(store.health().wait(Duration::from_secs(5)).await);
    redis.kill();
    for _ in 0..2 {
        let put = store
            .put_if_absent(Kind::AnsweredRequest, KEY, value("x"), HOUR)
            .await;
        assert!(matches!(put, Err(StoreError::Unavailable(_))), "{put:?}");
        let add = store.add(Kind::FailedAttempts, KEY, 1, HOUR).await;
        assert!(matches!(add, Err(StoreError::Unavailable(_))), "{add:?}");
    }
}

#[tokio::test]
async fn the_first_server_that_is_there_and_no_replica_is_used() {
    let (mut dead, replica, primary) = (Redis::start(), Redis::start(), Redis::start());
    dead.kill();
    let port = primary.address().port().to_string();
    replica.cli(&["REPLICAOF", "127.0.0.1", &port]);
    let mut settings = settings(&dead);
    settings.servers.addresses = [&dead, &replica, &primary]
        .map(|redis| address(&format!("redis://{}", redis.address())))
        .to_vec();
    let store = start(settings);
    assert!(store.health().wait(Duration::from_secs(5)).await);
    store
        .put(Kind::Session, KEY, value("x"), HOUR)
        .await
        .expect("put");
    assert_eq!(primary.cli(&["DBSIZE"]).trim(), "1");
    // The replica is promoted, and the primary made its replica: the connection follows.
    replica.cli(&["REPLICAOF", "NO", "ONE"]);
    let port = replica.address().port().to_string();
    primary.cli(&["REPLICAOF", "127.0.0.1", &port]);
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        store
            .put(Kind::Session, b"after", value("y"), HOUR)
            .await
            .expect("put");
        let names = replica.cli(&["--scan"]);
        if !names.trim().is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "{names}");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let redis = Redis::start();
    let good = servers(&redis);
    let told = inspect(&good, &good.addresses[0], "homerealm").await;
    let told = told.expect("it tells");
    assert!(told.version.starts_with("redis 7."), "{told:?}");
    assert!(told.is_recent && told.seconds_ahead.abs() < 5, "{told:?}");
    assert_eq!(told.eviction.as_deref(), Some("noeviction"));
    assert_eq!(told.most_memory, Some(64 << 20));

    let wrong = Servers {
        password: Some(Zeroizing::new("wrong".to_owned())),
        ..servers(&redis)
    };
    let error = inspect(&wrong, &wrong.addresses[0], "homerealm").await;
    let error = error.expect_err("a wrong password");
    assert!(error.to_string().contains("WRONGPASS"), "{error}");
    // Rights for other keys.
    let error = inspect(&good, &good.addresses[0], "other").await;
    let error = error.expect_err("no rights");
    assert!(error.to_string().contains("NOPERM"), "{error}");

    let encrypted = Redis::start_tls("localhost");
    let port = encrypted.address().port();
    for (host, ca, is_good) in [
        ("localhost", encrypted.ca_pem(), true),
        ("127.0.0.1", encrypted.ca_pem(), false),
        ("localhost", Redis::start_tls("localhost").ca_pem(), false),
    ] {
        let servers = Servers {
            addresses: vec![address(&format!("rediss://{host}:{port}"))],
            tls: client_config(&[ca.as_bytes()]).expect("TLS settings"),
            ..servers(&redis)
        };
        let outcome = inspect(&servers, &servers.addresses[0], "homerealm").await;
        match outcome {
            Ok(_) => assert!(is_good, "{host} was taken"),
            Err(ConnectError::Tls(error)) => assert!(!is_good, "{error}"),
            Err(error) => panic!("{error}"),
        }
    }
    // One that speaks TLS and is asked without.
    let plain = Servers {
        addresses: vec![address(&format!("redis://localhost:{port}"))],
        ..servers(&redis)
    };
    let outcome = inspect(&plain, &plain.addresses[0], "homerealm").await;
    assert!(outcome.is_err());
}
