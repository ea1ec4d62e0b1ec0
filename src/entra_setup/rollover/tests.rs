use time::{Duration, OffsetDateTime};

use super::*;
use crate::keys::{Certificate, KeyRing, Signer, create_signing_key};

fn signer(name: &str) -> (Signer, String) {
    let made = create_signing_key(name, 30).unwrap();
    (made.signer, made.private_key_pem.to_string())
}

fn certificate(name: &str) -> Certificate {
    signer(name).0.certificate().clone()
}

fn domain(signing: Option<&Certificate>, next: Option<&Certificate>) -> DomainSeen {
    DomainSeen {
        domain: "partners.contoso.com".to_owned(),
        federation: Some("1".to_owned()),
        signing: signing.cloned(),
        next: next.cloned(),
    }
}

/// Every state of the files with every state of Entra: nothing that is permitted leaves Entra without
/// the certificate that is signed with.
#[test]
fn no_step_that_is_permitted_locks_anybody_out() {
    let now = OffsetDateTime::now_utc();
    let (a, a_key) = signer("a");
    let (b, b_key) = signer("b");
    let stranger = certificate("stranger");
    let (a, b) = (a.certificate().clone(), b.certificate().clone());
    let ring = |key: &str, next: Option<&Certificate>| {
        KeyRing::from_pem(key.as_bytes(), a.to_pem().as_bytes(), next.cloned()).unwrap()
    };
    let held = [None, Some(&a), Some(&b), Some(&stranger)];
    let (mut permitted, mut refused) = (0, 0);
    for (ring, has_key) in [
        (ring(&a_key, None), false),
        (ring(&a_key, Some(&b)), false),
        (ring(&a_key, Some(&b)), true),
        (ring(&b_key, Some(&b)), false),
    ] {
        for signing in held {
            for next in held {
                for other in [domain(Some(&a), Some(&b)), domain(Some(&a), None)] {
                    let seen = Seen::new(&ring, has_key, vec![domain(signing, next), other]);
                    for step in [Step::Prepare, Step::Register, Step::Switch, Step::Retire] {
                        match seen.permits(step, now) {
                            Err(_) => refused += 1,
                            Ok(()) => permitted += 1,
                        }
                        if seen.permits(step, now).is_err() {
                            continue;
                        }
                        assert_eq!(step, seen.due());
                        if step == Step::Switch {
                            let all = seen.domains.iter().all(|it| it.trusts(&b));
                            assert!(all && has_key, "{seen:?}");
                        }
                        if step == Step::Register && seen.former.is_none() {
                            // What Entra is told then: the current one, and the next one.
                            let all = seen.domains.iter().all(|it| it.trusts(&a));
                            assert!(all, "{seen:?}");
                        }
                    }
                }
            }
        }
    }
    assert!(permitted > 20 && refused > 100, "{permitted} {refused}");
}

#[test]
fn a_refusal_says_what_stands_in_the_way() {
    let now = OffsetDateTime::now_utc();
    let (a, a_key) = signer("a");
    let a = a.certificate().clone();
    let b = certificate("b");
    let ring = |next: Option<&Certificate>| {
        KeyRing::from_pem(a_key.as_bytes(), a.to_pem().as_bytes(), next.cloned()).unwrap()
    };
    let refusal = |seen: &Seen, step| seen.permits(step, now).unwrap_err();
    let name = "partners.contoso.com".to_owned();

    let idle = Seen::new(&ring(None), false, vec![domain(Some(&a), None)]);
    assert_eq!(idle.due(), Step::Prepare);
    assert!(idle.is_done(Step::Retire) && !idle.is_done(Step::Prepare));
    let (asked, due) = (Step::Switch, Step::Prepare);
    assert_eq!(refusal(&idle, Step::Switch), Refusal::NotDue { asked, due });

    let announced = Seen::new(&ring(Some(&b)), true, vec![domain(Some(&a), None)]);
    assert_eq!(announced.due(), Step::Register);
    assert!(announced.is_done(Step::Prepare));
    assert_eq!(
        refusal(&announced, Step::Switch),
        Refusal::NextNotTrusted(name.clone())
    );
    let later = now + Duration::days(31);
    assert!(matches!(
        announced.permits(Step::Register, later),
        Err(Refusal::NextNotValid { .. })
    ));

    let broken = Seen::new(&ring(Some(&b)), true, vec![domain(Some(&b), None)]);
    assert_eq!(
        refusal(&broken, Step::Switch),
        Refusal::CurrentNotTrusted(name.clone())
    );
    let nothing = DomainSeen {
        federation: None,
        ..domain(None, None)
    };
    let unfederated = Seen::new(&ring(Some(&b)), true, vec![nothing]);
    assert_eq!(
        refusal(&unfederated, Step::Register),
        Refusal::NotFederated(name)
    );
    let keyless = Seen::new(&ring(Some(&b)), false, vec![domain(Some(&a), Some(&b))]);
    assert_eq!(refusal(&keyless, Step::Switch), Refusal::NoNextKey);
    let by_hand = Seen {
        former: Some(a.clone()),
        next: None,
        current: b.clone(),
        ..Seen::new(&ring(None), false, vec![domain(Some(&a), None)])
    };
    assert_eq!(by_hand.due(), Step::Register);
    assert_eq!(by_hand.permits(Step::Register, now), Ok(()));
    assert!(by_hand.permits(Step::Retire, now).is_err());
    let same = Seen::new(&ring(Some(&a)), true, vec![domain(Some(&a), None)]);
    assert_eq!(refusal(&same, Step::Switch), Refusal::NextIsCurrent);
}

#[test]
fn the_files_change_by_one_rename_each_and_go_on_after_an_interruption() {
    use crate::config::Signing;
    use std::{fs, os::unix::fs::PermissionsExt};

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let files = Signing {
        key: at("signing.key"),
        certificate: at("signing.crt"),
        next_key: at("signing-next.key"),
        next_certificate: at("signing-next.crt"),
        warn_days: 30,
    };
    let (one, one_key) = signer("one");
    fs::write(&files.key, &one_key).unwrap();
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&files.certificate, one.certificate().to_pem()).unwrap();

    let two = create_signing_key("two", 30).unwrap();
    files::write_next(&files, &two).unwrap();
    assert_eq!(
        files.key_ring().unwrap().next(),
        Some(two.signer.certificate())
    );
    let mode = fs::metadata(&files.next_key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // A key is never overwritten.
    assert!(files::write_next(&files, &two).is_err());

    // Broken off behind the first half: what is kept is the same file still.
    fs::hard_link(&files.key, files::former(&files.key)).unwrap();
    assert!(files.key_ring().is_ok());
    files::exchange(&files).unwrap();
    let ring = files.key_ring().unwrap();
    assert_eq!(ring.current().certificate(), two.signer.certificate());
    assert_eq!(ring.former(), Some(one.certificate()));
    let kept = fs::read_to_string(files::former(&files.key)).unwrap();
    assert_eq!(kept, one_key);

    files::end(&files).unwrap();
    let ring = files.key_ring().unwrap();
    assert_eq!(ring.current().certificate(), two.signer.certificate());
    assert!(ring.former().is_none() && ring.next().is_none());
    assert!(!files::former(&files.key).exists() && !files.next_certificate.exists());

    // Somebody else's former key is in the way: nothing is lost, nothing is changed.
    let three = create_signing_key("three", 30).unwrap();
    files::write_next(&files, &three).unwrap();
    fs::write(files::former(&files.key), "another").unwrap();
    assert!(matches!(
        files::exchange(&files),
        Err(FilesError::Former(_))
    ));
    let ring = files.key_ring().unwrap();
    assert_eq!(ring.current().certificate(), two.signer.certificate());
}
