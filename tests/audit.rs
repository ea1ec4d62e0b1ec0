//! The audit trail of the program as a process: a killed one, a full disk, rotation, the commands, and
//! rsyslogd as the stranger that gets copies.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;
mod strangers;

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use homerealm::http::client::Client;
use provider::{Asked, Options, Provider, homerealm, posted, type_password};
use serde_json::Value;
use slapd::{PASSWORD, Slapd};
use strangers::tool;

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

const FILE: &str = "[audit]\nfile = \"audit.log\"\nnode = \"idp1\"\n";

/// A sign-in with a password; the assertion's ID, if there is one.
async fn assertion(provider: &Provider, browser: &mut Client) -> Option<String> {
    let url = provider.url(&Asked::new().to_redirect());
    let mut page = browser.get(&url, None).await.ok()?;
    if provider::is_sign_in_page(&page) {
        page = type_password(browser, &page, "wmoran@fabrikam.com", PASSWORD).await;
    }
    if page.status != 200 {
        return None;
    }
    let document = posted(&page).document;
    let (_, rest) = document
        .split_once("<saml:Assertion ")
        .or_else(|| document.split_once("Assertion "))?;
    let (_, rest) = rest
        .split_once(" ID=\"")
        .or_else(|| rest.split_once("ID=\""))?;
    Some(rest.split_once('"')?.0.to_owned())
}

fn audit(arguments: &[&str], file: &Path) -> Output {
    let mut command = homerealm();
    command.arg("audit").args(arguments).arg("--file").arg(file);
    command.output().expect("homerealm runs")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn must_verify(file: &Path) -> String {
    let output = audit(&["verify"], file);
    assert!(output.status.success(), "{}", text(&output));
    text(&output)
}

/// Waits until it is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test]
async fn the_ledger_knows_what_was_issued_and_nothing_else() {
    let provider = Provider::start(
        &SLAPD,
        Options {
            tables: FILE,
            ..Options::default()
        },
    );
    let id = assertion(&provider, &mut provider.browser())
        .await
        .expect("an assertion");
    let file = provider.file("audit.log");
    assert!(must_verify(&file).contains("each as it was written"));
    // It is in no other place.
    assert!(!provider.log().iter().any(|line| line.contains(&id)));
    assert!(
        !fs::read_to_string(&file)
            .expect("the trail")
            .contains(PASSWORD)
    );

    let yes = audit(&["issued", &id, "--json"], &file);
    assert!(yes.status.success(), "{}", text(&yes));
    let said: Value = serde_json::from_slice(&yes.stdout).expect("JSON");
    assert_eq!(
        (&said["issued"], &said["verified"]),
        (&true.into(), &true.into())
    );
    let certificate = fs::read(provider.file("signing.crt")).expect("a certificate");
    let certificate = homerealm::keys::Certificate::from_pem(&certificate).expect("a certificate");
    assert_eq!(said["entry"]["key"], certificate.sha256_thumbprint());
    assert_eq!(said["entry"]["relying_party"], provider::SP);
    assert_eq!(said["entry"]["name_id"], said["entry"]["immutable_id"]);

    let config = provider.config_file();
    let by_config = homerealm()
        .args(["audit", "issued", &id, "--config"])
        .arg(config)
        .output();
    assert!(by_config.expect("homerealm runs").status.success());

    let no = audit(&["issued", "_0123456789abcdef"], &file);
    assert_eq!(no.status.code(), Some(1));
    assert!(text(&no).contains("is not in this ledger"), "{}", text(&no));

    // One whose subject was changed afterwards proves nothing.
    let trail = fs::read_to_string(&file).expect("the trail");
    let changed = provider.file("changed.log");
    fs::write(
        &changed,
        trail.replacen("\"proof\":\"password\"", "\"proof\":\"session!\"", 1),
    )
    .expect("written");
    fs::write(
        &changed,
        fs::read_to_string(&changed).expect("it") + "words\n",
    )
    .expect("written");
    let doubtful = audit(&["issued", &id], &changed);
    assert_eq!(doubtful.status.code(), Some(1), "{}", text(&doubtful));
    assert_eq!(audit(&["verify"], &changed).status.code(), Some(1));
}

/// Every sign-in whose answer has arrived is in the file, whenever the process is killed.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_has_lost_no_line_that_anybody_heard_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("audit.log");
    let table: &'static str = format!(
        "[audit]\nfile = {:?}\nnode = \"idp1\"\n",
        file.display().to_string()
    )
    .leak();
    let mut heard = Vec::new();
    for round in 0..3 {
        let provider = Provider::start(
            &SLAPD,
            Options {
                tables: table,
                ..Options::default()
            },
        );
        let mut browsers: Vec<_> = (0..4).map(|_| provider.browser()).collect();
        for browser in &mut browsers {
            heard.push(assertion(&provider, browser).await.expect("an assertion"));
        }
        let provider = std::sync::Arc::new(provider);
        let under_load: Vec<_> = browsers
            .into_iter()
            .map(|mut browser| {
                let provider = provider.clone();
                tokio::spawn(async move {
                    let mut heard = Vec::new();
                    while let Some(id) = assertion(&provider, &mut browser).await {
                        heard.push(id);
                    }
                    heard
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(150 + 130 * round)).await;
        provider.signal("-KILL");
        for client in under_load {
            heard.extend(client.await.expect("a client"));
        }
    }
    let trail = fs::read_to_string(&file).expect("the trail");
    assert!(heard.len() > 20, "{}", heard.len());
    for id in &heard {
        assert!(
            trail.contains(&format!("\"assertion_id\":\"{id}\"")),
            "{id} is lost"
        );
    }
    assert_eq!(trail.matches("trail-began").count(), 3);
    must_verify(&file);
}

/// The disk is full behind the first 8 KiB; later it is not any more.
const FULL_SOON: &str = "trap '' XFSZ\nulimit -S -f 16";

fn make_room(provider: &Provider) {
    let pid = fs::read_to_string(provider.file("pid")).expect("a pid");
    let made = Command::new("prlimit")
        .args(["--fsize=unlimited", "--pid", pid.trim()])
        .status();
    assert!(made.expect("prlimit runs").success());
}

#[tokio::test]
async fn a_full_disk_stops_nobody_and_is_told_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let before: &'static str =
        format!("{FULL_SOON}\necho $$ > {}/pid", folder.path().display()).leak();
    let provider = Provider::start(
        &SLAPD,
        Options {
            tables: FILE,
            before,
            ..Options::default()
        },
    );
    fs::copy(folder.path().join("pid"), provider.file("pid")).expect("the pid");
    let mut browser = provider.browser();
    for _ in 0..20 {
        assertion(&provider, &mut browser)
            .await
            .expect("an assertion");
    }
    let file = provider.file("audit.log");
    assert!(fs::metadata(&file).expect("the trail").len() <= 8192);
    provider.wait_for("the loss is told", |line| {
        line.contains("an audit line is lost")
    });
    // Nothing is torn even so.
    assert!(!must_verify(&file).contains("within a line"));
    make_room(&provider);
    let id = assertion(&provider, &mut browser)
        .await
        .expect("an assertion");
    let said = must_verify(&file);
    assert!(said.contains("could not be written"), "{said}");
    assert!(audit(&["issued", &id], &file).status.success());
}

#[tokio::test]
async fn where_the_configuration_wants_it_nothing_is_issued_without_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let before: &'static str =
        format!("{FULL_SOON}\necho $$ > {}/pid", folder.path().display()).leak();
    let tables = "[audit]\nfile = \"audit.log\"\nnode = \"idp1\"\nwhen_unwritable = \"refuse\"\n";
    let provider = Provider::start(
        &SLAPD,
        Options {
            tables,
            before,
            ..Options::default()
        },
    );
    fs::copy(folder.path().join("pid"), provider.file("pid")).expect("the pid");
    let mut browser = provider.browser();
    let (mut issued, mut refused) = (0, 0);
    for _ in 0..20 {
        match assertion(&provider, &mut browser).await {
            Some(_) => issued += 1,
            None => refused += 1,
        }
    }
    assert!(
        issued > 2 && refused > 2,
        "{issued} issued, {refused} refused"
    );
    let trail = fs::read_to_string(provider.file("audit.log")).expect("the trail");
    assert_eq!(trail.matches("\"assertion-issued\"").count(), issued);
    make_room(&provider);
    assertion(&provider, &mut browser)
        .await
        .expect("an assertion");
    must_verify(&provider.file("audit.log"));
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_followed_at_a_signal() {
    let provider = Provider::start(
        &SLAPD,
        Options {
            tables: FILE,
            ..Options::default()
        },
    );
    let mut browser = provider.browser();
    let first = assertion(&provider, &mut browser)
        .await
        .expect("an assertion");
    let (file, former) = (provider.file("audit.log"), provider.file("audit.log.1"));
    fs::rename(&file, &former).expect("moved");
    provider.signal("-HUP");
    until("the new file is there", || {
        fs::metadata(&file).is_ok_and(|file| file.len() > 0)
    });
    let second = assertion(&provider, &mut browser)
        .await
        .expect("an assertion");
    // In whatever order they are named.
    let both = homerealm()
        .args(["audit", "verify", "--file"])
        .arg(&file)
        .arg("--file")
        .arg(&former)
        .output();
    let both = both.expect("homerealm runs");
    assert!(both.status.success(), "{}", text(&both));
    let config = provider.config_file();
    for id in [first, second] {
        let found = homerealm()
            .args(["audit", "issued", &id, "--config"])
            .arg(&config)
            .output();
        assert!(found.expect("homerealm runs").status.success());
    }
}

/// rsyslogd with a configuration of its own; ends with the test.
struct Rsyslogd(std::process::Child);

impl Drop for Rsyslogd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn rsyslogd_receives_what_is_in_the_file() {
    for way in ["unix", "udp", "tcp"] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().display();
        // Both kinds on one number, free a moment ago.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        drop(listener);
        let (input, server) = match way {
            "unix" => (
                format!(
                    "module(load=\"imuxsock\" SysSock.Use=\"off\")\ninput(type=\"imuxsock\" Socket=\"{path}/socket\" useSpecialParser=\"off\" parseHostname=\"on\")"
                ),
                format!("unix:{path}/socket"),
            ),
            "udp" => (
                format!(
                    "module(load=\"imudp\")\ninput(type=\"imudp\" address=\"127.0.0.1\" port=\"{port}\")"
                ),
                format!("udp://127.0.0.1:{port}"),
            ),
            _ => (
                format!(
                    "module(load=\"imtcp\")\ninput(type=\"imtcp\" address=\"127.0.0.1\" port=\"{port}\")"
                ),
                format!("tcp://127.0.0.1:{port}"),
            ),
        };
        let config = folder.path().join("rsyslog.conf");
        let rules = format!(
            "global(workDirectory=\"{path}\" maxMessageSize=\"64k\")\n{input}\ntemplate(name=\"t\" type=\"string\" string=\"%pri%|%hostname%|%app-name%|%msgid%|%msg%\\n\")\n*.* action(type=\"omfile\" file=\"{path}/received\" template=\"t\")\n"
        );
        fs::write(&config, rules).expect("rsyslog.conf");
        let child = Command::new(tool("rsyslogd"))
            .args(["-n", "-i", "NONE", "-f"])
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("rsyslogd starts");
        let _rsyslogd = Rsyslogd(child);
        until("rsyslogd listens", || match way {
            "unix" => folder.path().join("socket").exists(),
            "udp" => {
                let port = format!(":{port:04X} ");
                fs::read_to_string("/proc/net/udp").is_ok_and(|open| open.contains(&port))
            }
            _ => std::net::TcpStream::connect(("127.0.0.1", port)).is_ok(),
        });
        let tables: &'static str = format!("{FILE}syslog = \"{server}\"\n").leak();
        let provider = Provider::start(
            &SLAPD,
            Options {
                tables,
                ..Options::default()
            },
        );
        let id = assertion(&provider, &mut provider.browser())
            .await
            .expect("an assertion");
        let received = || fs::read_to_string(folder.path().join("received")).unwrap_or_default();
        until(way, || received().lines().any(|line| line.contains(&id)));
        let trail = fs::read_to_string(provider.file("audit.log")).expect("the trail");
        let received = received();
        for line in trail.lines() {
            let event: Value = serde_json::from_str(line).expect("JSON");
            let event = event["event"].as_str().expect("an event");
            let expected = format!("85|idp1|homerealm|{event}|{line}");
            let is_there = received
                .lines()
                .any(|got| got.replacen("| {", "|{", 1) == expected);
            assert!(is_there, "{way}: {expected}\nnot in\n{received}");
        }
    }
}
