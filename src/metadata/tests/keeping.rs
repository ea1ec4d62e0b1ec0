//! One relying party, held to its metadata.

use hyper::StatusCode;
use time::{Duration, OffsetDateTime};

use super::{world::*, *};
use crate::{
    saml2::{LARGEST_METADATA, MetadataTrust},
    trust::{RequestSignatures, Trusts},
    xml::SignatureError,
};

const OLD: &str = "https://sp.test/old";
const NEW: &str = "https://sp.test/new";

fn verifies_requests_of(trusts: &Trusts, signer: &crate::keys::Signer) -> bool {
    match &trusts.relying_party(SP).unwrap().request_signatures {
        RequestSignatures::NotVerified => false,
        RequestSignatures::WhenPresent(keys) | RequestSignatures::Required(keys) => {
            keys.keys() == [signer.certificate().public_key().clone()]
        }
    }
}

#[tokio::test]
async fn what_changes_there_changes_here() {
    let (federation, one, other) = (signer("federation"), signer("one"), signer("other"));
    let described = Description {
        signing: Some(one.certificate()),
        ..Description::at(OLD)
    };
    let server = MetadataServer::start(described.signed(&federation)).await;
    let trusts = trusts();
    let mut keeper = keeper(server.origin(), signed_by(&[&federation]));
    assert!(addresses(&trusts).is_empty());

    assert_eq!(keeper.refresh(&trusts).await.unwrap(), Refreshed::Changed);
    assert_eq!(addresses(&trusts), [OLD]);
    assert!(verifies_requests_of(&trusts, &one));
    assert_eq!(keeper.refresh(&trusts).await.unwrap(), Refreshed::Unchanged);

    let rolled = Description {
        signing: Some(other.certificate()),
        ..Description::at(NEW)
    };
    server.answers.give(rolled.signed(&federation));
    assert_eq!(keeper.refresh(&trusts).await.unwrap(), Refreshed::Changed);
    assert_eq!(addresses(&trusts), [NEW]);
    assert!(verifies_requests_of(&trusts, &other));
}

#[tokio::test]
async fn what_is_broken_or_forged_changes_nothing() {
    let (federation, stranger) = (signer("federation"), signer("stranger"));
    let good = Description::at(OLD).signed(&federation);
    let server = MetadataServer::start(good.clone()).await;
    let trusts = trusts();
    let mut keeper = keeper(server.origin(), signed_by(&[&federation]));
    keeper.refresh(&trusts).await.unwrap();

    let moved = Description::at(NEW);
    let past = Description {
        valid_until: Some(OffsetDateTime::now_utc() - Duration::seconds(1)),
        ..Description::at(NEW)
    };
    let plain = Description::at("http://sp.test/acs");
    for (document, cause) in [
        (moved.unsigned(), SignatureError::Missing.to_string()),
        (
            moved.signed(&stranger),
            SignatureError::NoKeyFits.to_string(),
        ),
        (good.replace(OLD, NEW), SignatureError::Altered.to_string()),
        (past.signed(&federation), "valid until".into()),
        (
            plain.signed(&federation),
            Disagreement::NoAddress.to_string(),
        ),
        (
            good.replace(SP, "https://sp.test/other"),
            "says nothing".into(),
        ),
        (good[..good.len() - 1].to_owned(), "cut off".into()),
        (
            "<html>We are being updated</html>".into(),
            "no SAML metadata".into(),
        ),
        (String::new(), "not complete".into()),
        (" ".repeat(LARGEST_METADATA + 1), "too large".into()),
    ] {
        server.answers.give(&document[..]);
        let problem = keeper.refresh(&trusts).await.unwrap_err().to_string();
        assert!(problem.contains(&cause), "{problem}, not {cause}");
        assert_eq!(addresses(&trusts), [OLD], "{cause}");
    }
    for status in [
        StatusCode::NOT_FOUND,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::FOUND,
        StatusCode::NO_CONTENT,
    ] {
        server.answers.answer(status, moved.signed(&federation));
        let problem = keeper.refresh(&trusts).await.unwrap_err().to_string();
        assert!(problem.contains(status.as_str()), "{problem}");
    }
    server.answers.give(moved.signed(&federation));
    assert_eq!(keeper.refresh(&trusts).await.unwrap(), Refreshed::Changed);
    assert_eq!(addresses(&trusts), [NEW]);

    server.away().await;
    let problem = keeper.refresh(&trusts).await.unwrap_err().to_string();
    assert!(problem.contains("cannot connect"), "{problem}");
    assert_eq!(addresses(&trusts), [NEW]);
}

#[tokio::test]
async fn a_server_without_the_right_certificate_is_not_asked() {
    let server = MetadataServer::start(Description::at(OLD).unsigned()).await;
    let other = MetadataServer::start(String::new()).await;
    let (Origin::Url { url, .. }, Origin::Url { tls, .. }) = (server.origin(), other.origin())
    else {
        panic!("no address");
    };
    let trusts = trusts();
    let mut keeper = keeper(Origin::Url { url, tls }, MetadataTrust::Source);
    let problem = keeper.refresh(&trusts).await.unwrap_err().to_string();
    assert!(problem.contains("certificate"), "{problem}");
    assert!(addresses(&trusts).is_empty());
}

/// The next signer is pinned before it signs; the old one is taken out afterwards.
#[tokio::test]
async fn the_signer_rolls_over_without_a_gap() {
    let (old, new) = (signer("old"), signer("new"));
    let server = MetadataServer::start(Description::at(OLD).signed(&old)).await;
    let trusts = trusts();
    let mut only_old = keeper(server.origin(), signed_by(&[&old]));
    let mut both = keeper(server.origin(), signed_by(&[&old, &new]));
    only_old.refresh(&trusts).await.unwrap();
    both.refresh(&trusts).await.unwrap();

    server.answers.give(Description::at(NEW).signed(&new));
    assert!(only_old.refresh(&trusts).await.is_err());
    assert_eq!(addresses(&trusts), [OLD]);
    both.refresh(&trusts).await.unwrap();
    assert_eq!(addresses(&trusts), [NEW]);
}

#[tokio::test]
async fn a_start_without_the_network_finds_what_was_good() {
    let federation = signer("federation");
    let folder = tempfile::tempdir().unwrap();
    let server = MetadataServer::start(Description::at(OLD).signed(&federation)).await;
    let origin = server.origin();
    let next_start = |origin| {
        let keeper = keeper(origin, signed_by(&[&federation]));
        (trusts(), keeping_in(folder.path(), keeper))
    };
    let (trusts, mut keeper) = next_start(origin.clone());
    assert_eq!(keeper.restore(&trusts).await.unwrap(), None);
    keeper.refresh(&trusts).await.unwrap();
    server.answers.give("broken");
    assert!(keeper.refresh(&trusts).await.is_err(), "and it is not kept");
    server.away().await;

    let (trusts, mut keeper) = next_start(origin.clone());
    let fetched = keeper.restore(&trusts).await.unwrap().unwrap();
    assert!(OffsetDateTime::now_utc() - fetched < Duration::minutes(1));
    assert_eq!(addresses(&trusts), [OLD]);
    assert!(keeper.refresh(&trusts).await.is_err());
    assert_eq!(addresses(&trusts), [OLD]);

    // Of another address, or of another relying party, nothing is known.
    let elsewhere = MetadataServer::start(String::new()).await.origin();
    let (trusts, mut keeper) = next_start(elsewhere);
    assert_eq!(keeper.restore(&trusts).await.unwrap(), None);

    // What somebody wrote into the folder is not what the federation signed.
    let file = LastGood::of(folder.path(), SP, &origin);
    let kept = std::fs::read_to_string(file.path()).unwrap();
    std::fs::write(file.path(), kept.replace(OLD, NEW)).unwrap();
    let (trusts, mut keeper) = next_start(origin);
    let problem = keeper.restore(&trusts).await.unwrap_err();
    assert!(matches!(problem, MetadataProblem::Metadata(_)), "{problem}");
    assert!(addresses(&trusts).is_empty());
}

#[tokio::test]
async fn who_only_looks_keeps_nothing_and_who_cannot_keep_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = MetadataServer::start(Description::at(OLD).unsigned()).await;
    let file = LastGood::of(folder.path(), SP, &server.origin());
    let trusts = trusts();
    let mut keeper =
        keeper(server.origin(), MetadataTrust::Source).with_last_good(file.read_only());
    keeper.refresh(&trusts).await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    let mut gone = keeping_in(&folder.path().join("gone"), keeper);
    server.answers.give(Description::at(NEW).unsigned());
    assert_eq!(gone.refresh(&trusts).await.unwrap(), Refreshed::Changed);
    assert_eq!(addresses(&trusts), [NEW]);
}

#[tokio::test]
async fn what_has_ended_is_withdrawn() {
    let federation = signer("federation");
    let now = OffsetDateTime::now_utc();
    let lasting = |until: Duration| {
        Description {
            valid_until: Some(now + until),
            ..Description::at(OLD)
        }
        .signed(&federation)
    };
    let server = MetadataServer::start(lasting(Duration::milliseconds(1500))).await;
    let trusts = trusts();
    let mut keeper = keeper(server.origin(), signed_by(&[&federation]));
    keeper.refresh(&trusts).await.unwrap();
    server.answers.answer(StatusCode::BAD_GATEWAY, "");
    assert!(keeper.refresh(&trusts).await.is_err());
    assert_eq!(addresses(&trusts), [OLD], "until its end it counts");
    while OffsetDateTime::now_utc() < now + Duration::milliseconds(1500) {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(keeper.refresh(&trusts).await.is_err());
    assert!(addresses(&trusts).is_empty());

    server.answers.give(lasting(Duration::hours(1)));
    assert_eq!(keeper.refresh(&trusts).await.unwrap(), Refreshed::Changed);
    // And when nothing but its end is put off, nothing has changed.
    server.answers.give(lasting(Duration::hours(2)));
    assert_eq!(keeper.refresh(&trusts).await.unwrap(), Refreshed::Unchanged);
    let left = keeper.time_left(now).unwrap();
    assert!(left > std::time::Duration::from_secs(7000), "{left:?}");
}

#[tokio::test]
async fn a_file_is_read_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sp.xml");
    let trusts = trusts();
    let mut keeper = keeper(Origin::File(path.clone()), MetadataTrust::Source);
    let problem = keeper.refresh(&trusts).await.unwrap_err().to_string();
    assert!(problem.contains("sp.xml cannot be read"), "{problem}");
    for (text, expected) in [
        (Description::at(OLD).unsigned(), OLD),
        (String::new(), OLD),
        (" ".repeat(LARGEST_METADATA + 1), OLD),
        (Description::at(NEW).unsigned(), NEW),
    ] {
        std::fs::write(&path, text).unwrap();
        let _ = keeper.refresh(&trusts).await;
        assert_eq!(addresses(&trusts), [expected]);
    }
}
