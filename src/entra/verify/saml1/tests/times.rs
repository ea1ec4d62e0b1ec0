use super::*;
use Aadsts::AssertionNotValidNow;

const MOMENT: Duration = Duration::milliseconds(1);
const LIFETIME: &str = "Lifetime";

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

#[test]
fn instants_hold_within_the_skew_and_not_a_moment_longer() {
    for (path, name) in [
        ("", "IssueInstant"),
        ("Conditions", "NotBefore"),
        ("AuthenticationStatement", "AuthenticationInstant"),
    ] {
        assert!(with_instant(path, name, SKEW).is_ok(), "{path} {name}");
        let refusal = with_instant(path, name, SKEW + MOMENT).unwrap_err();
        assert_eq!(refusal.code, AssertionNotValidNow, "{path} {name}");
        assert!(refusal.detail.contains("future"), "{}", refusal.detail);
        // What fails is no SAML 2.0 assertion.
        assert!(refusal.message.contains("SAML 1.1"), "{}", refusal.message);
    }
}

#[test]
fn conditions_end() {
    let ending = |offset: Duration| {
        let mut case = Case::new();
        let now = case.now;
        let conditions = case.assertion().at("Conditions");
        let begin = instant::to_milliseconds(now - Duration::hours(1));
        conditions.set("NotBefore", begin);
        conditions.set("NotOnOrAfter", instant::to_milliseconds(now + offset));
        case.judge().result
    };
    assert!(ending(MOMENT - SKEW).is_ok());
    let refusal = ending(Duration::ZERO - SKEW).unwrap_err();
    assert_eq!(refusal.code, AssertionNotValidNow);
    assert!(refusal.detail.contains("past"), "{}", refusal.detail);
    let backwards = |it: &mut Node| {
        it.at("Conditions").set("NotBefore", "2024-01-01T00:00:01Z");
        it.at("Conditions")
            .set("NotOnOrAfter", "2024-01-01T00:00:00Z");
    };
    misconfigured(backwards, "begin at");
}

/// The envelope's own times: nobody signed them, but an identity provider that writes them wrongly
/// has a wrong clock, or a wrong lifetime.
#[test]
fn the_lifetime_holds_now() {
    let with = |created: Duration, expires: Duration| {
        let mut case = Case::new();
        let now = case.now;
        let lifetime = case.answer.at(LIFETIME);
        lifetime.at("Created").text = instant::to_milliseconds(now + created);
        lifetime.at("Expires").text = instant::to_milliseconds(now + expires);
        case.judge().result
    };
    let hour = Duration::HOUR;
    assert!(with(SKEW, hour).is_ok());
    assert!(with(Duration::ZERO - hour, MOMENT - SKEW).is_ok());
    for (created, expires, code) in [
        (SKEW + MOMENT, hour, AssertionNotValidNow),
        (
            Duration::ZERO - hour,
            Duration::ZERO - SKEW,
            AssertionNotValidNow,
        ),
        (MOMENT, Duration::ZERO, Aadsts::WsFedMessageInvalid),
    ] {
        assert_eq!(with(created, expires).unwrap_err().code, code);
    }
    accepted(|case| case.answer.remove(LIFETIME));
}

#[test]
fn what_is_no_instant_in_utc_is_refused() {
    for (path, name) in [
        ("", "IssueInstant"),
        ("Conditions", "NotBefore"),
        ("Conditions", "NotOnOrAfter"),
        ("AuthenticationStatement", "AuthenticationInstant"),
    ] {
        for bad in ["", "tomorrow", "2099-01-01T00:00:00+00:00"] {
            let change = |it: &mut Node| match path {
                "" => it.set(name, bad),
                path => it.at(path).set(name, bad),
            };
            misconfigured(change, "not an instant in UTC");
        }
    }
    misconfigured(
        |it| it.unset("IssueInstant"),
        "Assertion has no IssueInstant",
    );
    misconfigured(
        |it| it.at("Conditions").unset("NotOnOrAfter"),
        "has no NotOnOrAfter",
    );
    misconfigured(
        |it| {
            it.at("AuthenticationStatement")
                .unset("AuthenticationInstant");
        },
        "has no AuthenticationInstant",
    );
    accepted(|case| case.assertion().at("Conditions").unset("NotBefore"));
}

#[test]
fn the_ends_of_time_break_nothing() {
    let last = "9999-12-31T23:59:59.999Z";
    accepted(|case| {
        case.assertion().at("Conditions").set("NotOnOrAfter", last);
        last.clone_into(&mut case.answer.at(LIFETIME).at("Expires").text);
        case.assertion()
            .at("AuthenticationStatement")
            .set("AuthenticationInstant", "0001-01-01T00:00:00Z");
    });
    let from_the_future = refused(|case| case.assertion().set("IssueInstant", last));
    assert_eq!(from_the_future.code, AssertionNotValidNow);
}
