//! Directory servers found by DNS: which are taken, which never, and what becomes of sign-ins while
//! the list changes or DNS fails. The servers are embedded directories, each on an address of its
//! own; DNS is a small server of the test (`tests/dns`). A real domain controller with a DNS of its
//! own is in `tests/samba_ad.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod dns;

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use dns::{Dns, Manner};
use homerealm::{
    directory::{
        Directory, DirectoryError, Discovery, DiscoveryError, Dn, Filter, Limits, MOST_SERVERS,
        Password, PasswordChange, Servers, ServiceAccount, Settings, Step, TlsMode,
        embedded::{Contents, EmbeddedDirectory, demo_accounts},
    },
    http::tls::{ClientOptions, Issued, LocalCa, client_config_with},
};

const DOMAIN: &str = "ad.test";
const CONTROLLERS: &str = "_ldap._tcp.dc._msdcs.ad.test";

/// Two directories with the same contents, `dc1` and `dc2`, on one port of two addresses.
struct World {
    ca: LocalCa,
    port: u16,
    servers: Vec<EmbeddedDirectory>,
}

/// Loopback addresses that no other test of this process uses.
fn addresses<const COUNT: usize>() -> [Ipv4Addr; COUNT] {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = NEXT.fetch_add(u32::try_from(COUNT).unwrap(), Ordering::Relaxed);
    std::array::from_fn(|index| {
        let number = first + u32::try_from(index).unwrap();
        Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 77, 0, 1)) + number)
    })
}

impl World {
    async fn start() -> (Self, [Ipv4Addr; 2]) {
        let ca = LocalCa::new().unwrap();
        let names = ["dc1.ad.test", "dc2.ad.test"];
        let certificates = names.map(|name| ca.issue(&[name, DOMAIN]).unwrap());
        Self::start_with(ca, &certificates).await
    }

    async fn start_with(ca: LocalCa, certificates: &[Issued; 2]) -> (Self, [Ipv4Addr; 2]) {
        let at = addresses();
        let port = TcpListener::bind((at[0], 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut servers = Vec::new();
        for (address, certificate) in at.into_iter().zip(certificates) {
            let tls = certificate.server_config().unwrap();
            let contents = Contents::demo().unwrap();
            let server = EmbeddedDirectory::start(contents, (address, port).into(), tls).await;
            servers.push(server.unwrap());
        }
        (Self { ca, port, servers }, at)
    }

    fn discovery(&self, dns: &Dns, site: Option<&str>) -> Discovery {
        let mut discovery = Discovery::new(DOMAIN.parse().unwrap(), site).unwrap();
        discovery.dns_servers = vec![dns.address()];
        discovery.ldaps_port = self.port;
        discovery
    }

    fn directory(&self, discovery: Discovery) -> Directory {
        let trust = ClientOptions {
            roots_pem: Some(self.ca.ca_pem().as_bytes()),
            second_name: Some(DOMAIN),
            identity: None,
        };
        let settings = Settings {
            servers: Servers::Discovered(discovery),
            tls_mode: TlsMode::Ldaps,
            tls: client_config_with(trust).unwrap(),
            service: ServiceAccount::Password {
                name: demo_accounts::SERVICE_DN.to_owned(),
                password: Password::parse(demo_accounts::SERVICE_PASSWORD).unwrap(),
            },
            base: demo_accounts::BASE.parse().unwrap(),
            scope_filter: None,
            password_change: PasswordChange::Off,
            limits: Limits::default(),
        };
        Directory::new(settings).unwrap()
    }

    /// How many connections each server has seen.
    fn connections(&self) -> [u64; 2] {
        [0, 1].map(|server| self.servers[server].counts().connections)
    }
}

/// What a sign-in asks of the directory.
async fn sign_in(directory: &Directory) -> Result<(), String> {
    let wendy = &demo_accounts::ACCOUNTS[0];
    let filter = Filter::equal("mail", "wmoran@fabrikam.com");
    let found = directory.search(&filter, &["mail"], 3).await;
    let found = found.map_err(|error| error.to_string())?;
    assert_eq!(found.entries.len(), 1);
    let dn: Dn = wendy.dn().parse().unwrap();
    let password = Password::parse(demo_accounts::PASSWORD).unwrap();
    let proof = directory.check_password(&dn, &password).await;
    proof.map(drop).map_err(|error| error.to_string())
}

/// The names of the servers that a look-up finds now.
async fn found(directory: &Directory) -> Result<Vec<String>, DiscoveryError> {
    let found = directory.look_up_servers().await.unwrap()?;
    let names = found
        .servers
        .iter()
        .map(|server| server.url.host().to_owned());
    Ok(names.collect())
}

fn address(name: &str, address: Ipv4Addr) -> String {
    format!("{name} 600 A {address}")
}

fn controller(priority: u16, target: &str) -> String {
    format!("{CONTROLLERS} 600 SRV {priority} 100 389 {target}")
}

fn set(dns: &Dns, records: &[String]) {
    dns.set(&records.iter().map(String::as_str).collect::<Vec<_>>());
}

#[tokio::test]
async fn domain_controllers_are_found_and_used_in_their_order() {
    let (world, at) = World::start().await;
    let dns = Dns::start(&[]);
    set(
        &dns,
        &[
            controller(0, "DC2.ad.test"),
            controller(5, "dc1.ad.test"),
            address("dc1.ad.test", at[0]),
            address("dc2.ad.test", at[1]),
        ],
    );
    let directory = world.directory(world.discovery(&dns, None));
    // The first operation waits for the first look-up, and for no other.
    sign_in(&directory).await.unwrap();
    let probe = directory.probe().await.unwrap();
    assert_eq!(probe.server, format!("ldaps://dc2.ad.test:{}", world.port));
    let asked = dns.asked();
    for question in [
        format!("{CONTROLLERS} SRV"),
        "dc1.ad.test A".to_owned(),
        "dc2.ad.test AAAA".to_owned(),
    ] {
        assert!(asked.contains(&question), "{question}: {asked:?}");
    }
    for _ in 0..20 {
        sign_in(&directory).await.unwrap();
    }
    assert!(dns.asked().is_empty(), "sign-ins do not ask DNS");
    assert_eq!(
        world.connections()[1],
        3,
        "two for searches, one for passwords"
    );

    let discovered = directory.look_up_servers().await.unwrap().unwrap();
    assert_eq!(discovered.service.as_str(), CONTROLLERS);
    assert_eq!(discovered.lifetime, Duration::from_secs(600));
    assert!(discovered.passed_over.is_empty(), "{discovered:?}");
}

#[tokio::test]
async fn the_narrowest_name_that_has_servers_counts() {
    let (world, at) = World::start().await;
    let site = "_ldap._tcp.Partners._sites.dc._msdcs.ad.test";
    let plain = "_ldap._tcp.ad.test";
    let record = |service: &str| format!("{service} 600 SRV 0 100 389 dc1.ad.test");
    let (names, names_of) = ([site, CONTROLLERS, plain], |asked: Vec<String>| {
        let services = asked
            .into_iter()
            .filter_map(|question| question.strip_suffix(" SRV").map(str::to_owned));
        services.collect::<Vec<_>>()
    });
    for from in 0..3 {
        let dns = Dns::start(&[]);
        let mut records: Vec<_> = names[from..].iter().map(|name| record(name)).collect();
        records.push(address("dc1.ad.test", at[0]));
        set(&dns, &records);
        let directory = world.directory(world.discovery(&dns, Some("Partners")));
        let discovered = directory.look_up_servers().await.unwrap().unwrap();
        assert!(
            discovered
                .service
                .as_str()
                .eq_ignore_ascii_case(names[from])
        );
        let asked = names_of(dns.asked());
        assert!(
            asked
                .iter()
                .zip(&names[..=from])
                .all(|(a, b)| a.eq_ignore_ascii_case(b))
        );
        assert_eq!(asked.len(), from + 1);
        sign_in(&directory).await.unwrap();
    }
    // A name that is there for something else, and one that says that there is no such service.
    let dns = Dns::start(&[
        &format!("{CONTROLLERS} 600 A 127.0.0.1"),
        &format!("{plain} 600 SRV 0 0 0 ."),
    ]);
    let directory = world.directory(world.discovery(&dns, None));
    let error = found(&directory).await.unwrap_err();
    assert!(matches!(error, DiscoveryError::None(_)), "{error}");
    assert_eq!(names_of(dns.asked()), [CONTROLLERS, plain]);
}

#[tokio::test]
async fn servers_outside_of_the_domain_are_never_asked() {
    let (world, at) = World::start().await;
    let stranger = TcpListener::bind((at[1], 0)).unwrap();
    stranger.set_nonblocking(true).unwrap();
    let dns = Dns::start(&[]);
    let records = [
        controller(0, "dc2.ad.test.evil.test"),
        controller(0, "dc2.badad.test"),
        controller(0, "localhost"),
        controller(9, "dc1.ad.test"),
        address("dc2.ad.test.evil.test", at[1]),
        address("dc2.badad.test", at[1]),
        address("localhost", at[1]),
        address("dc1.ad.test", at[0]),
    ];
    set(&dns, &records);
    let mut discovery = world.discovery(&dns, None);
    let directory = world.directory(discovery.clone());
    let discovered = directory.look_up_servers().await.unwrap().unwrap();
    assert_eq!(found(&directory).await.unwrap(), ["dc1.ad.test"]);
    assert_eq!(discovered.passed_over.len(), 3, "{discovered:?}");
    assert!(!dns.asked().iter().any(|question| question.contains("evil")));
    sign_in(&directory).await.unwrap();

    discovery.within = vec!["elsewhere.test".parse().unwrap()];
    let elsewhere = world.directory(discovery.clone());
    let error = found(&elsewhere).await.unwrap_err();
    assert!(
        matches!(error, DiscoveryError::NoneUsable { .. }),
        "{error}"
    );
    assert!(sign_in(&elsewhere).await.unwrap_err().contains("outside"));

    discovery.within = vec!["badad.test".parse().unwrap()];
    let directory = world.directory(discovery);
    assert_eq!(found(&directory).await.unwrap(), ["dc2.badad.test"]);
}

#[tokio::test]
async fn no_more_than_so_many_are_taken() {
    let (world, at) = World::start().await;
    let dns = Dns::start(&[]);
    let mut records = vec![controller(0, "dc1.ad.test"), address("dc1.ad.test", at[0])];
    for number in 0..40 {
        records.push(controller(1, &format!("n{number}.ad.test")));
        records.push(address(&format!("n{number}.ad.test"), at[1]));
    }
    set(&dns, &records);
    let directory = world.directory(world.discovery(&dns, None));
    let found = found(&directory).await.unwrap();
    assert_eq!(found.len(), MOST_SERVERS);
    assert_eq!(found[0], "dc1.ad.test");
    assert!(
        dns.asked_by_tcp() > 0,
        "such a list does not fit into a datagram"
    );
    sign_in(&directory).await.unwrap();
}

#[tokio::test]
async fn sign_ins_go_on_while_servers_come_and_go() {
    let (world, at) = World::start().await;
    let dns = Dns::start(&[]);
    let only = |name: &str, at: Ipv4Addr| [controller(0, name), address(name, at)];
    let (first, second) = (only("dc1.ad.test", at[0]), only("dc2.ad.test", at[1]));
    set(&dns, &first);
    let directory = world.directory(world.discovery(&dns, None));
    sign_in(&directory).await.unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let people: Vec<_> = (0..4)
        .map(|_| {
            let (directory, ended) = (directory.clone(), ended.clone());
            tokio::spawn(async move {
                let mut count = 0;
                while !ended.load(Ordering::Relaxed) {
                    sign_in(&directory).await.unwrap();
                    count += 1;
                }
                count
            })
        })
        .collect();
    for _ in 0..3 {
        for records in [&second[..], &[&first[..], &second[..]].concat(), &first[..]] {
            set(&dns, records);
            found(&directory).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    ended.store(true, Ordering::Relaxed);
    for person in people {
        assert!(person.await.unwrap() > 0);
    }
    // The one that has left is not used again.
    set(&dns, &second);
    found(&directory).await.unwrap();
    sign_in(&directory).await.unwrap();
    let before = world.servers[0].counts();
    for _ in 0..20 {
        sign_in(&directory).await.unwrap();
    }
    let after = world.servers[0].counts();
    assert_eq!(
        (before.searches, before.binds),
        (after.searches, after.binds)
    );
}

#[tokio::test]
async fn while_dns_fails_the_servers_known_are_kept() {
    let (world, at) = World::start().await;
    let dns = Dns::start(&[]);
    let records = [controller(0, "dc1.ad.test"), address("dc1.ad.test", at[0])];
    set(&dns, &records);
    let directory = world.directory(world.discovery(&dns, None));
    sign_in(&directory).await.unwrap();
    for manner in [Manner::Failing, Manner::Silent] {
        dns.behave(manner);
        let error = found(&directory).await.unwrap_err();
        assert!(matches!(error, DiscoveryError::Dns(_)), "{error}");
        sign_in(&directory).await.unwrap();
    }
    dns.behave(Manner::Answering);
    // Gone from DNS altogether, or without an address: it may be an outage, so it is kept.
    set(&dns, &[]);
    assert!(matches!(
        found(&directory).await,
        Err(DiscoveryError::None(_))
    ));
    sign_in(&directory).await.unwrap();
    set(&dns, &[controller(0, "dc1.ad.test")]);
    assert!(matches!(
        found(&directory).await,
        Err(DiscoveryError::NoneUsable { .. })
    ));
    sign_in(&directory).await.unwrap();
    // A new connection needs no DNS either.
    let server = world.servers.into_iter().next().unwrap();
    let (address, contents) = (server.address(), Contents::demo().unwrap());
    server.stop().await;
    let tls = world.ca.issue(&["dc1.ad.test", DOMAIN]).unwrap();
    let tls = tls.server_config().unwrap();
    let server = EmbeddedDirectory::start(contents, address, tls)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    sign_in(&directory).await.unwrap();
    assert!(server.counts().connections > 0);
}

#[tokio::test]
async fn a_start_without_dns_says_so_and_goes_on_trying() {
    let (world, at) = World::start().await;
    let dns = Dns::start(&[]);
    dns.behave(Manner::Failing);
    let directory = world.directory(world.discovery(&dns, None));
    directory.start();
    let started = Instant::now();
    let error = directory.probe().await.unwrap_err();
    match &error {
        DirectoryError::Unavailable {
            step: Step::Discovery,
            cause,
            ..
        } => {
            assert!(cause.contains(&dns.address().to_string()), "{cause}");
            assert!(cause.contains("ServerFailure"), "{cause}");
        }
        other => panic!("{other}"),
    }
    assert!(started.elapsed() < Duration::from_secs(1));
    // Sign-ins from now on do not wait for DNS.
    dns.behave(Manner::Silent);
    let started = Instant::now();
    sign_in(&directory).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_millis(200));

    let records = [controller(0, "dc1.ad.test"), address("dc1.ad.test", at[0])];
    set(&dns, &records);
    dns.behave(Manner::Answering);
    let deadline = Instant::now() + Duration::from_secs(20);
    while sign_in(&directory).await.is_err() {
        assert!(Instant::now() < deadline, "it was not looked up again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_list_is_looked_up_again_when_its_time_is_over() {
    let (world, at) = World::start().await;
    let dns = Dns::start(&[]);
    set(
        &dns,
        &[controller(0, "dc1.ad.test"), address("dc1.ad.test", at[0])],
    );
    let mut discovery = world.discovery(&dns, None);
    discovery.refresh = Duration::from_millis(10)..=Duration::from_millis(100);
    let directory = world.directory(discovery.clone());
    sign_in(&directory).await.unwrap();
    set(
        &dns,
        &[controller(0, "dc2.ad.test"), address("dc2.ad.test", at[1])],
    );
    let deadline = Instant::now() + Duration::from_secs(5);
    while !directory.probe().await.unwrap().server.contains("dc2") {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // A time that is too short or too long is bounded.
    discovery.refresh = Duration::from_secs(60)..=Duration::from_secs(3600);
    for (ttl, expected) in [(0, 60), (900, 900), (86_400, 3600), (u32::MAX, 3600)] {
        let controller = format!("{CONTROLLERS} {ttl} SRV 0 100 389 dc2.ad.test");
        let address = format!("dc2.ad.test 86400 A {}", at[1]);
        dns.set(&[&controller, &address]);
        let directory = world.directory(discovery.clone());
        let discovered = directory.look_up_servers().await.unwrap().unwrap();
        assert_eq!(discovered.lifetime, Duration::from_secs(expected), "{ttl}");
    }
}

#[tokio::test]
async fn answers_that_do_not_fit_or_that_others_made_up_do_no_harm() {
    let (world, at) = World::start().await;
    let dns = Dns::start(&[]);
    let records = [
        controller(0, "dc1.ad.test"),
        controller(1, "dc2.ad.test"),
        address("dc1.ad.test", at[0]),
        address("dc2.ad.test", at[1]),
    ];
    set(&dns, &records);
    let directory = world.directory(world.discovery(&dns, None));
    dns.behave(Manner::Truncating);
    assert_eq!(
        found(&directory).await.unwrap(),
        ["dc1.ad.test", "dc2.ad.test"]
    );
    assert!(dns.asked_by_tcp() >= 5, "SRV, and A and AAAA of two");
    dns.behave(Manner::Outrun);
    let by_tcp = dns.asked_by_tcp();
    assert_eq!(
        found(&directory).await.unwrap(),
        ["dc1.ad.test", "dc2.ad.test"]
    );
    assert_eq!(
        dns.asked_by_tcp(),
        by_tcp,
        "the right answer was waited for"
    );
}

#[tokio::test]
async fn a_machine_of_the_domain_is_no_domain_controller() {
    let ca = LocalCa::new().unwrap();
    // A certificate as any machine of the domain may have it, and one of the domain alone.
    let certificates = [&["dc1.ad.test"][..], &[DOMAIN]].map(|names| ca.issue(names).unwrap());
    let (world, at) = World::start_with(ca, &certificates).await;
    let dns = Dns::start(&[]);
    for (name, at) in [("dc1.ad.test", at[0]), ("dc2.ad.test", at[1])] {
        set(&dns, &[controller(0, name), address(name, at)]);
        let directory = world.directory(world.discovery(&dns, None));
        match directory.probe().await.unwrap_err() {
            DirectoryError::Unavailable {
                step: Step::Tls,
                cause,
                ..
            } => {
                assert!(cause.contains("not valid for name"), "{cause}");
            }
            other => panic!("{other}"),
        }
        assert!(sign_in(&directory).await.is_err());
    }
}
