//! Chains: continued, torn, rotated, tampered with.

use std::{
    fs,
    io::Write as _,
    os::unix::{fs::PermissionsExt as _, net::UnixDatagram},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use time::{Duration as Span, OffsetDateTime, UtcOffset};

use super::{
    ledger::Search,
    line::{Line, TARGET, Timestamp},
    trail::Trail,
    verify::{FindingKind, Verifier},
    *,
};
use crate::observe::CorrelationId;

fn settings(folder: &TempDir) -> Settings {
    Settings {
        file: Some(folder.path().join("audit.log")),
        node: NodeName::parse("idp1"),
        ..Settings::default()
    }
}

fn issue(trail: &Trail, id: &str) {
    let correlation = CorrelationId::random();
    let issued = Issued {
        correlation: &correlation,
        relying_party: "urn:federation:MicrosoftOnline",
        audience: "urn:federation:MicrosoftOnline",
        protocol: "saml2",
        issuer: "https://login.contoso.com/partners",
        assertion_id: id,
        in_response_to: Some("_2"),
        client_request_id: None,
        name_id: "AAAA",
        immutable_id: "AAAA",
        cloud_upn: "wendy\n{\"event\":\"signed-in\"}\",\"seq\":7,\"prev\":\"",
        proof: "session",
        key: "00ff",
    };
    trail.record(&issued.line()).unwrap();
}

/// What is found in these files, and the head.
fn verified(files: &[&Path], heads: &[Head]) -> (Vec<FindingKind>, Option<Head>) {
    let mut verifier = Verifier::default();
    heads.iter().cloned().for_each(|head| verifier.expect(head));
    for path in files {
        let text = fs::read(path).unwrap();
        let name = path.display().to_string();
        verifier.read(&name, text.as_slice(), |_| ()).unwrap();
    }
    let (findings, seen) = verifier.finish();
    let kinds = findings.into_iter().map(|finding| finding.kind).collect();
    (kinds, seen.into_iter().next().map(|seen| seen.head))
}

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// A trail of five lines, closed.
fn five() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let trail = Trail::open(&settings(&folder)).unwrap();
    for id in ["_a", "_b", "_c", "_d"] {
        issue(&trail, id);
    }
    let path = folder.path().join("audit.log");
    (folder, path)
}

#[test]
fn a_line_is_one_object_with_the_fields_of_its_event() {
    let (_folder, path) = five();
    let line: Value = serde_json::from_str(&lines(&path)[1]).unwrap();
    assert_eq!(
        line,
        json!({
            "v": 1,
            "timestamp": line["timestamp"],
            "event": "assertion-issued",
            "correlation": line["correlation"],
            "relying_party": "urn:federation:MicrosoftOnline",
            "protocol": "saml2",
            "issuer": "https://login.contoso.com/partners",
            "assertion_id": "_a",
            "in_response_to": "_2",
            "name_id": "AAAA",
            "immutable_id": "AAAA",
            "cloud_upn": "wendy\n{\"event\":\"signed-in\"}\",\"seq\":7,\"prev\":\"",
            "proof": "session",
            "key": "00ff",
            "target": TARGET,
            "node": "idp1",
            "seq": 2,
            "prev": line["prev"],
        })
    );
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn times_are_in_utc_to_the_microsecond() {
    let at = OffsetDateTime::UNIX_EPOCH + Span::nanoseconds(1_795_440_902_105_515_999);
    assert_eq!(Timestamp::of(at).as_str(), "2026-11-23T13:35:02.105515Z");
    let east = at.to_offset(UtcOffset::from_hms(9, 30, 0).unwrap());
    assert_eq!(Timestamp::of(east), Timestamp::of(at));
    let epoch = Timestamp::of(OffsetDateTime::UNIX_EPOCH);
    assert_eq!(epoch.as_str(), "1970-01-01T00:00:00.000000Z");
}

#[test]
fn what_is_as_it_was_written_is_found_good() {
    let (_folder, path) = five();
    let (found, head) = verified(&[&path], &[]);
    assert_eq!((found, head.unwrap().seq), (vec![], 5));
}

#[test]
fn each_way_of_tampering_is_found() {
    use FindingKind::{BeganAnew, Changed, Missing, NotALine, OutOfOrder};
    let tamper = |change: &dyn Fn(&mut Vec<String>)| {
        let (_folder, path) = five();
        let mut text = lines(&path);
        change(&mut text);
        fs::write(&path, text.join("\n") + "\n").unwrap();
        verified(&[&path], &[]).0
    };
    let changed = tamper(&|lines| lines[2] = lines[2].replace("AAAA", "BBBB"));
    assert_eq!(changed, [Changed]);
    let seq = tamper(&|lines| lines[2] = lines[2].replace("\"seq\":3", "\"seq\":4"));
    assert_eq!(seq, [Missing(3, 3), OutOfOrder(4)]);
    assert_eq!(tamper(&|lines| drop(lines.remove(2))), [Missing(3, 3)]);
    assert_eq!(tamper(&|lines| drop(lines.drain(1..4))), [Missing(2, 4)]);
    let moved = tamper(&|lines| lines.swap(2, 3));
    assert_eq!(moved, [Missing(3, 3), OutOfOrder(3), Missing(4, 4)]);
    let twice = tamper(&|lines| lines.insert(2, lines[2].clone()));
    assert_eq!(twice, [OutOfOrder(3)]);
    assert_eq!(tamper(&|lines| lines.push(lines[0].clone())), [BeganAnew]);
    let words = tamper(&|lines| lines.insert(3, "words".to_owned()));
    assert_eq!(words, [NotALine]);
    assert_eq!(tamper(&|lines| lines.push("words".to_owned())), [NotALine]);
    // A line that claims that another was torn breaks the chain behind it.
    let excuse = tamper(&|lines| {
        lines[2] = "words".to_owned();
        lines[3] = lines[3].replace("assertion-issued", "lines-lost");
    });
    assert!(
        excuse.contains(&NotALine) && excuse.contains(&Missing(3, 3)),
        "{excuse:?}"
    );
}

#[test]
fn an_end_that_was_cut_off_is_found_by_who_knows_a_head() {
    let (_folder, path) = five();
    let head = verified(&[&path], &[]).1.unwrap();
    assert_eq!(head.to_string().parse::<Head>(), Ok(head.clone()));
    assert!(verified(&[&path], std::slice::from_ref(&head)).0.is_empty());
    let text = lines(&path);
    fs::write(&path, text[..4].join("\n") + "\n").unwrap();
    assert_eq!(verified(&[&path], &[]).0, []);
    let found = verified(&[&path], std::slice::from_ref(&head)).0;
    assert_eq!(found, [FindingKind::HeadMissing(head.to_string())]);
    // All of it written anew has the numbers, and not the digest.
    let (_other, other) = five();
    assert_eq!(verified(&[&other], &[head]).0.len(), 1);
}

#[test]
fn a_restart_continues_the_chain_and_tells_of_a_torn_line() {
    let (folder, path) = five();
    issue(&Trail::open(&settings(&folder)).unwrap(), "_e");
    let (found, head) = verified(&[&path], &[]);
    assert_eq!((found, head.unwrap().seq), (vec![], 7));
    for torn in ["{\"v\":1,\"timest", "{\"v\":1}\n", "two\nlines"] {
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(torn.as_bytes()).unwrap();
        drop(Trail::open(&settings(&folder)).unwrap());
    }
    let (found, head) = verified(&[&path], &[]);
    assert_eq!(
        found,
        [FindingKind::Torn, FindingKind::Torn, FindingKind::Torn]
    );
    assert_eq!(head.unwrap().seq, 13);
    // Nor is a first line that was torn the end of it.
    let mut first = tempfile::NamedTempFile::new().unwrap();
    first.write_all(b"{\"v\":1,").unwrap();
    let own = Settings {
        file: Some(first.path().into()),
        ..settings(&folder)
    };
    drop(Trail::open(&own).unwrap());
    assert_eq!(verified(&[first.path()], &[]).0, [FindingKind::Torn]);
}

#[test]
fn a_file_of_something_else_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("audit.log"), "127.0.0.1 - GET /\n").unwrap();
    assert!(Trail::open(&settings(&folder)).is_err());
    let (other, path) = five();
    let as_another = Settings {
        node: NodeName::parse("idp2"),
        ..settings(&other)
    };
    assert!(Trail::open(&as_another).is_err());
    assert_eq!(lines(&path).len(), 5);
}

#[test]
fn the_chain_goes_on_over_rotated_files() {
    let folder = tempfile::tempdir().unwrap();
    let trail = Trail::open(&settings(&folder)).unwrap();
    issue(&trail, "_a");
    let path = folder.path().join("audit.log");
    let former = folder.path().join("audit.log.1");
    fs::rename(&path, &former).unwrap();
    issue(&trail, "_b");
    trail.reopen();
    trail.reopen();
    issue(&trail, "_c");
    assert_eq!((lines(&former).len(), lines(&path).len()), (3, 2));
    assert_eq!(verified(&[&former, &path], &[]).0, []);
    assert_eq!(verified(&[&path], &[]).0, [FindingKind::BeginsAt(4)]);
    // Moved away while nothing ran: the one that was moved away last is continued.
    drop(trail);
    thread::sleep(Duration::from_millis(20));
    let second = folder.path().join("audit.log-20261124");
    fs::rename(&path, &second).unwrap();
    issue(&Trail::open(&settings(&folder)).unwrap(), "_d");
    assert_eq!(verified(&[&former, &second, &path], &[]).0, []);
    assert_eq!(of_trail(&path), [former, second, path]);
}

#[test]
fn what_could_not_be_written_is_counted_and_told_later() {
    let folder = tempfile::tempdir().unwrap();
    let (path, real) = (folder.path().join("audit.log"), folder.path().join("real"));
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let trail = Trail::open(&settings(&folder)).unwrap();
    issue(&trail, "_a");
    issue(&trail, "_b");
    assert_eq!(trail.figures().lost, 3);
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&real, &path).unwrap();
    trail.reopen();
    issue(&trail, "_c");
    assert_eq!(verified(&[&real], &[]).0, [FindingKind::Lost(3)]);
    let told: Value = serde_json::from_str(&lines(&real)[0]).unwrap();
    assert_eq!(
        (&told["event"], &told["lost"]),
        (&json!("lines-lost"), &json!(3))
    );
    assert!(told["lost_from"].is_string());

    let refusing = Settings {
        file: Some("/dev/full".into()),
        when_unwritable: WhenUnwritable::Refuse,
        ..settings(&folder)
    };
    let line = Line::of_trail("trail-began");
    assert_eq!(
        Trail::open(&refusing).unwrap().record(&line),
        Err(NotRecorded)
    );
}

#[test]
fn lines_of_many_threads_are_one_chain_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let trail = Trail::open(&Settings {
        sync: Sync::Each,
        ..settings(&folder)
    })
    .unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..25).for_each(|_| issue(&trail, "_x")));
        }
    });
    let (found, head) = verified(&[&folder.path().join("audit.log")], &[]);
    assert_eq!((found, head.unwrap().seq), (vec![], 201));
}

#[test]
fn the_journal_gets_a_copy_with_fields() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let socket = UnixDatagram::bind(&journal).unwrap();
    let trail = Trail::open(&Settings {
        journald: Some(journal),
        ..settings(&folder)
    })
    .unwrap();
    issue(&trail, "_a");
    let lines = lines(&folder.path().join("audit.log"));
    let mut buffer = [0; 8192];
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let mut next = || {
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    assert!(next().contains("HOMEREALM_EVENT=trail-began\n"));
    let correlation = serde_json::from_str::<Value>(&lines[1]).unwrap()["correlation"].clone();
    assert_eq!(
        next(),
        format!(
            "MESSAGE={}\nPRIORITY=5\nSYSLOG_FACILITY=10\nSYSLOG_IDENTIFIER=homerealm\n\
             HOMEREALM_EVENT=assertion-issued\nHOMEREALM_CORRELATION={}\n",
            lines[1],
            correlation.as_str().unwrap()
        )
    );
}

#[test]
fn an_id_is_found_in_its_own_line_only() {
    let (_folder, path) = five();
    let lines = lines(&path);
    let found = |id: &str| {
        let search = Search::new(id);
        let entries = lines
            .iter()
            .filter_map(|line| search.entry(line.as_bytes()));
        entries.map(|entry| entry.seq).collect::<Vec<_>>()
    };
    assert_eq!(found("_c"), [4]);
    assert!(found("_2").is_empty());
    assert!(found("AAAA").is_empty());
}
