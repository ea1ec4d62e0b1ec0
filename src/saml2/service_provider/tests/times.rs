//! When an answer may come, to the second.

use super::{answers::signed, *};

/// The identity provider's clock may be off by a minute, and not by more.
#[test]
fn times_count_to_the_second() {
    let skew = Duration::seconds(60);
    let (document, keys) = signed(&[]);
    let at = |seconds: i64| {
        let now = now() + Duration::seconds(seconds);
        let mut expected = ExpectedAnswer { now, ..expected() };
        expected.asked_at = expected.asked_at.min(now);
        judged(&document, &keys, &expected).map_err(|error| error.to_string())
    };
    // NotOnOrAfter, at 300, is exclusive.
    assert!(at(359).is_ok());
    let late = "NotOnOrAfter has passed; see that the clocks agree";
    assert_eq!(at(360).unwrap_err(), late);
    assert!(at(-60).is_ok());
    let early = "IssueInstant is in the future; see that the clocks agree";
    assert_eq!(at(-61).unwrap_err(), early);

    let (now, [until, from]) = (
        now(),
        ["2026-11-18T11:11:40.000Z", "2026-11-18T11:06:10.000Z"],
    );
    let instant = |offset: Duration| crate::saml2::format_timestamp(now + offset);
    let second = Duration::SECOND;
    for (place, good, bad, problem) in [
        // The two that end: of the confirmation, and of the conditions.
        (
            format!("NotOnOrAfter=\"{until}\" Recipient"),
            second - skew,
            -skew,
            late,
        ),
        (
            format!("NotOnOrAfter=\"{until}\"><saml:AudienceRestriction"),
            second - skew,
            -skew,
            late,
        ),
        (
            format!("NotBefore=\"{from}\""),
            skew,
            skew + second,
            "NotBefore is in the future; see that the clocks agree",
        ),
        (
            format!("AuthnInstant=\"{from}\""),
            skew,
            skew + second,
            "AuthnInstant is in the future; see that the clocks agree",
        ),
        (
            // The assertion's own; it was made after the question, twenty seconds ago.
            "ID=\"_assertion\" Version=\"2.0\" IssueInstant=\"2026-11-18T11:06:40.000Z\""
                .to_owned(),
            -skew - second * 20,
            -skew - second * 21,
            "IssueInstant has passed; see that the clocks agree",
        ),
        (
            "ID=\"_answer\" Version=\"2.0\" IssueInstant=\"2026-11-18T11:06:40.000Z\"".to_owned(),
            -skew - second * 20,
            -skew - second * 21,
            "IssueInstant has passed; see that the clocks agree",
        ),
    ] {
        let with = |offset: Duration| {
            let old = ["2026-11-18T11:06:40.000Z", until, from];
            let old = old.into_iter().find(|old| place.contains(old)).unwrap();
            let (document, keys) = signed(&[(&place, &place.replace(old, &instant(offset)))]);
            judged(&document, &keys, &expected()).map_err(|error| error.to_string())
        };
        assert!(with(good).is_ok(), "{place}: {:?}", with(good));
        assert_eq!(with(bad).unwrap_err(), problem, "{place}");
    }
    let over = "SessionIndex=\"_session\" SessionNotOnOrAfter=\"2026-11-18T11:06:40Z\"";
    let (document, keys) = signed(&[("SessionIndex=\"_session\"", over)]);
    assert_eq!(
        judged(&document, &keys, &expected())
            .unwrap_err()
            .to_string(),
        "SessionNotOnOrAfter has passed; see that the clocks agree"
    );
}

#[test]
fn a_new_proof_is_younger_than_the_question() {
    let (document, keys) = signed(&[]);
    // She proved it thirty seconds ago.
    for (asked, is_fresh) in [(20, true), (-31, false)] {
        let later = now() + Duration::seconds(40);
        let expected = ExpectedAnswer {
            fresh: true,
            asked_at: now() - Duration::seconds(asked),
            now: later,
            ..expected()
        };
        let judged = judged(&document, &keys, &expected);
        assert_eq!(judged.is_ok(), is_fresh, "{asked}: {judged:?}");
        assert!(is_fresh || matches!(judged, Err(AnswerError::NotFresh)));
    }
}
