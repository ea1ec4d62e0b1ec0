use super::*;
use Aadsts::AssertionNotValidNow;

/// The verdict with one instant of the assertion moved to `now` and an offset.
fn with_instant(path: &str, name: &'static str, offset: Duration) -> Result<SignedIn, Refusal> {
    let mut case = Case::new();
    let value = instant::to_milliseconds(case.now + offset);
    let node = case.assertion();
    match path {
        "" => node.set(name, value),
        path => node.at(path).set(name, value),
    }
    case.judge().result
}

const MOMENT: Duration = Duration::milliseconds(1);
const DATA: &str = "Subject/SubjectConfirmation/SubjectConfirmationData";

#[test]
fn instants_hold_within_the_skew_and_not_a_moment_longer() {
    for (path, name) in [
        ("", "IssueInstant"),
        ("Conditions", "NotBefore"),
        ("AuthnStatement", "AuthnInstant"),
    ] {
        assert!(with_instant(path, name, SKEW).is_ok(), "{path} {name}");
        let refusal = with_instant(path, name, SKEW + MOMENT).unwrap_err();
        assert_eq!(refusal.code, AssertionNotValidNow, "{path} {name}");
        assert!(refusal.detail.contains("future"), "{}", refusal.detail);
    }
    for (path, name) in [
        (DATA, "NotOnOrAfter"),
        ("AuthnStatement", "SessionNotOnOrAfter"),
    ] {
        assert!(
            with_instant(path, name, MOMENT - SKEW).is_ok(),
            "{path} {name}"
        );
        let refusal = with_instant(path, name, Duration::ZERO - SKEW).unwrap_err();
        assert_eq!(refusal.code, AssertionNotValidNow, "{path} {name}");
        assert!(refusal.detail.contains("past"), "{}", refusal.detail);
    }
}

#[test]
fn conditions_end_like_everything_else() {
    let ending = |offset: Duration| {
        let mut case = Case::new();
        let now = case.now;
        let conditions = case.assertion().at("Conditions");
        conditions.set(
            "NotBefore",
            instant::to_milliseconds(now - Duration::hours(1)),
        );
        conditions.set("NotOnOrAfter", instant::to_milliseconds(now + offset));
        case.judge().result
    };
    assert!(ending(MOMENT - SKEW).is_ok());
    assert_eq!(
        ending(Duration::ZERO - SKEW).unwrap_err().code,
        AssertionNotValidNow
    );
    let backwards = |it: &mut Node| {
        it.at("Conditions").set("NotBefore", "2024-01-01T00:00:01Z");
        it.at("Conditions")
            .set("NotOnOrAfter", "2024-01-01T00:00:00Z");
    };
    misconfigured_assertion(backwards, "begin at");
}

#[test]
fn the_ends_of_time_break_nothing() {
    let last = "9999-12-31T23:59:59.999Z";
    accepted(|case| {
        case.assertion().at("Conditions").set("NotOnOrAfter", last);
        case.assertion().at(DATA).set("NotOnOrAfter", last);
        case.assertion()
            .at("AuthnStatement")
            .set("AuthnInstant", "0001-01-01T00:00:00Z");
    });
    let from_the_future = refused(|case| case.assertion().set("IssueInstant", last));
    assert_eq!(from_the_future.code, AssertionNotValidNow);
}

#[test]
fn what_is_no_instant_in_utc_is_refused() {
    for (path, name) in [
        ("Conditions", "NotBefore"),
        ("Conditions", "NotOnOrAfter"),
        (DATA, "NotOnOrAfter"),
        ("AuthnStatement", "AuthnInstant"),
        ("AuthnStatement", "SessionNotOnOrAfter"),
    ] {
        for bad in ["", "tomorrow", "2099-01-01T00:00:00+00:00"] {
            misconfigured_assertion(|it| it.at(path).set(name, bad), "not an instant in UTC");
        }
    }
    for (path, name) in [
        ("Conditions", "NotOnOrAfter"),
        (DATA, "NotOnOrAfter"),
        ("AuthnStatement", "AuthnInstant"),
    ] {
        misconfigured_assertion(|it| it.at(path).unset(name), &format!("has no {name}"));
    }
    misconfigured_assertion(
        |it| it.unset("IssueInstant"),
        "Assertion has no IssueInstant",
    );
    accepted(|case| case.assertion().at("Conditions").unset("NotBefore"));
}
