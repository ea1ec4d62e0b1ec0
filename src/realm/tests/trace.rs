//! Traces, step by step.

use super::*;

#[tokio::test]
async fn traces_end_where_the_name_does() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |_| {});
    for (text, last, count) in [
        (
            "wmoran@fabrikam.com",
            "may sign in as wmoran@partners.contoso.com",
            9,
        ),
        ("dlowe@fabrikam.com", "Disabled", 9),
        ("otto@wingtiptoys.com", "legacy.contoso.com", 6),
        ("khart@contoso.com", "outside of the configured scope", 4),
        ("reception@adatum.com", "2 or more accounts", 3),
        ("nobody@fabrikam.com", "no account has this name", 3),
        ("wmoran@fabrikam", "no sign-in name", 1),
    ] {
        let trace = realm.trace(text).await;
        let step = trace.steps().last().unwrap();
        assert!(step.text.contains(last), "{text}: {step:?}");
        assert_eq!(trace.steps().len(), count, "{trace:?}");
        assert_eq!(trace.passed(), text == "wmoran@fabrikam.com");
        assert!(trace.steps()[..count - 1].iter().all(|step| step.passed));
    }
}
