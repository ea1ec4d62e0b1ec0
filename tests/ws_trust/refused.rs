//! The messages that must not be taken.

use homerealm::wstrust::Version;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    WENDYS_UPN,
    message::{Sent, correlation, fault, post},
    msal,
    provider::{HOST, SP},
    raw::{self, Raw},
    start,
};

#[tokio::test]
async fn what_must_not_be_taken_is_a_fault_that_clients_can_read() {
    let provider = start();
    let now = OffsetDateTime::now_utc();
    let good = Sent::new(Version::V13).to_xml(&provider);
    let cut = |start: &str, end: &str| {
        let from = good.find(start).expect("a start");
        let to = from + good[from..].find(end).expect("an end") + end.len();
        good[from..to].to_owned()
    };
    let body = cut("<s:Body>", "</s:Body>");
    let content = cut("<wst:RequestSecurityToken", "</wst:RequestSecurityToken>");
    let token = cut("<wsse:UsernameToken", "</wsse:UsernameToken>");
    let timestamp = cut("<wsu:Timestamp", "</wsu:Timestamp>");
    let of = |change: &dyn Fn(&mut Sent)| {
        let mut sent = Sent::new(Version::V13);
        change(&mut sent);
        sent.to_xml(&provider)
    };
    let digest = "<wsse:Password Type=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest\">";
    for (case, message, status, code) in [
        (
            "two bodies",
            good.replace(&body, &format!("{body}{body}")),
            400,
            "InvalidRequest",
        ),
        (
            "two requests",
            good.replace(&content, &format!("{content}{content}")),
            400,
            "InvalidRequest",
        ),
        (
            "two tokens",
            good.replace(&token, &format!("{token}{}", token.replace("_1", "_2"))),
            400,
            "InvalidRequest",
        ),
        ("no token", good.replace(&token, ""), 400, "InvalidRequest"),
        (
            "a document type",
            format!("<!DOCTYPE s:Envelope>{good}"),
            400,
            "InvalidRequest",
        ),
        (
            "an entity",
            format!(
                "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{}",
                good.replace(WENDYS_UPN, "&e;")
            ),
            400,
            "InvalidRequest",
        ),
        // Older versions of MSAL for Python write the name as it is.
        (
            "a name that was not escaped",
            good.replace(WENDYS_UPN, "a&b@fabrikam.com"),
            400,
            "InvalidRequest",
        ),
        ("no XML", "{}".to_owned(), 400, "InvalidRequest"),
        ("nothing", String::new(), 400, "InvalidRequest"),
        (
            "a wrapped timestamp",
            good.replace(&timestamp, &format!("<wsse:Wrap>{timestamp}</wsse:Wrap>")),
            400,
            "InvalidRequest",
        ),
        (
            "a timestamp in the body",
            good.replace(&timestamp, "")
                .replace(&content, &format!("{timestamp}{content}")),
            400,
            "InvalidRequest",
        ),
        (
            "expired",
            of(&|sent| {
                sent.created = now - Duration::minutes(5);
                sent.expires = now - Duration::seconds(61);
            }),
            400,
            "MessageExpired",
        ),
        (
            "old, and good for a day",
            of(&|sent| {
                sent.created = now - Duration::minutes(12);
                sent.expires = now + Duration::DAY;
            }),
            400,
            "MessageExpired",
        ),
        (
            "from the future",
            of(&|sent| {
                sent.created = now + Duration::seconds(120);
            }),
            400,
            "MessageExpired",
        ),
        (
            "ends before it begins",
            of(&|sent| {
                sent.expires = sent.created;
            }),
            400,
            "InvalidSecurity",
        ),
        (
            "another relying party",
            of(&|sent| {
                "urn:federation:other".clone_into(&mut sent.applies_to);
            }),
            400,
            "InvalidScope",
        ),
        (
            "its SAML name, which is not among its addresses",
            of(&|sent| {
                SP.clone_into(&mut sent.applies_to);
            }),
            400,
            "InvalidScope",
        ),
        (
            "a digest",
            good.replace("<wsse:Password>", digest),
            400,
            "UnsupportedSecurityToken",
        ),
        (
            "an empty password",
            of(&|sent| sent.password.clear()),
            400,
            "FailedAuthentication",
        ),
        (
            "an empty name",
            of(&|sent| sent.name.clear()),
            400,
            "FailedAuthentication",
        ),
        (
            "a filter for a name",
            of(&|sent| {
                "*)(uid=*".clone_into(&mut sent.name);
            }),
            400,
            "FailedAuthentication",
        ),
        (
            "too large",
            good.replace(WENDYS_UPN, &"x".repeat(16 * 1024)),
            413,
            "InvalidRequest",
        ),
        (
            "the other action",
            good.replace(
                Version::V13.request_action(),
                Version::Feb2005.request_action(),
            ),
            400,
            "ActionNotSupported",
        ),
        (
            "another address",
            good.replace(HOST, "other.localhost"),
            400,
            "DestinationUnreachable",
        ),
        (
            "a header that must be understood",
            good.replace(
                "<wsse:Security",
                "<x:New xmlns:x=\"urn:x\" s:mustUnderstand=\"true\"/><wsse:Security",
            ),
            400,
            "InvalidRequest",
        ),
        (
            "SOAP 1.1",
            good.replace(
                "http://www.w3.org/2003/05/soap-envelope",
                "http://schemas.xmlsoap.org/soap/envelope/",
            ),
            400,
            "InvalidRequest",
        ),
        (
            "no MessageID",
            good.replace("wsa:MessageID", "wsa:From"),
            400,
            "MessageAddressingHeaderRequired",
        ),
        (
            "an answer elsewhere",
            good.replace("addressing/anonymous", "addressing/none"),
            400,
            "OnlyAnonymousAddressSupported",
        ),
        (
            "on behalf of somebody",
            good.replace("<wst:KeyType>", "<wst:OnBehalfOf/><wst:KeyType>"),
            400,
            "RequestFailed",
        ),
        (
            "a key of its own",
            good.replace("200512/Bearer", "200512/SymmetricKey"),
            400,
            "RequestFailed",
        ),
    ] {
        assert_ne!(message, good, "{case}");
        let answer = post(&provider, Version::V13, &message).await;
        assert_eq!(answer.status, status, "{case}: {answer:?}");
        let (subcode, reason) = fault(&answer);
        assert_eq!(subcode, code, "{case}: {reason}");
        assert_eq!(answer.header("retry-after"), "", "{case}");
        let line = raw::audit_line(&provider, correlation(&reason)).await;
        let event = line["event"].as_str().expect("an event");
        assert!(
            ["request-refused", "sign-in-failed"].contains(&event),
            "{case}: {line}"
        );
        assert!(!answer.body.contains("Assertion>"), "{case}");
    }
    // The endpoint of the other version, and header fields that contradict.
    let answer = post(&provider, Version::Feb2005, &good).await;
    assert_eq!(fault(&answer).0, "ActionNotSupported");
    for (name, value, status, code) in [
        (
            "Content-Type",
            "text/xml; charset=utf-8",
            415,
            "InvalidRequest",
        ),
        (
            "Content-Type",
            "application/soap+xml; charset=iso-8859-1",
            415,
            "InvalidRequest",
        ),
        (
            "Content-Type",
            "application/soap+xml; action=\"urn:x\"",
            400,
            "ActionNotSupported",
        ),
        (
            "SOAPAction",
            "\"http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue\"",
            400,
            "ActionNotSupported",
        ),
    ] {
        let answer = Raw::new("POST", Version::V13.path())
            .header("Content-Type", "application/soap+xml")
            .header(name, value)
            .body(good.clone())
            .send(&provider)
            .await;
        assert_eq!(answer.status, status, "{value}");
        assert_eq!(fault(&answer).0, code, "{value}");
    }
    let issued = provider
        .log()
        .iter()
        .any(|line| line.contains("assertion-issued"));
    assert!(!issued, "a token was issued");
    // MSAL reads the fault of the worst of them; and the good one is still good.
    let order = json!({"do": "post", "path": Version::V13.path(), "body": "<!DOCTYPE x>"});
    let read = msal(&provider, &order);
    assert_eq!(read["fault"]["code"], "a:InvalidRequest", "{read}");
    let answer = Raw::new("POST", Version::V13.path())
        .header(
            "Content-Type",
            format!(
                "application/soap+xml;charset=\"UTF-8\";action=\"{}\"",
                Version::V13.request_action()
            ),
        )
        .header(
            "SOAPAction",
            format!("\"{}\"", Version::V13.request_action()),
        )
        .body(good)
        .send(&provider)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
