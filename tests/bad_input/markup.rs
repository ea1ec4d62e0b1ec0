//! What a stranger writes comes back as text, and RelayState comes back as it was.

use crate::{
    provider::{Asked, Provider, SP},
    raw::{Answer, FORM_COOKIE, Raw, must_be_refused},
    slapd::PASSWORD,
};

const PAYLOADS: &[&str] = &[
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "\" autofocus onfocus=alert(1) x=\"",
    "' onmouseover='alert(1)",
    "</title><script>alert(1)</script>",
    "</form><form action=https://evil.test/>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{7*7}}${7*7}<%=7*7%>{% x %}",
    "&quot;&#34;&lt;&amp;lt;",
    "`${alert(1)}`",
    "<!--<style>*{}</style>",
    "]]><evil/>",
    "%22%3E%3Cscript%3E",
    "+ADw-script+AD4-",
    "\u{202e}\u{2028}\u{feff}\u{fffd} äöü 日本 🦀",
];

/// No payload with markup in it may stand in a page as it is.
fn must_not_hold(answer: &Answer, payload: &str) {
    answer.must_be_a_secure_page(payload);
    if payload.contains(['<', '"', '\'']) {
        assert!(!answer.body.contains(payload), "{payload}: {}", answer.body);
    }
    for handler in ["<script>", "<img", "<svg", "</form><form"] {
        assert!(!answer.body.contains(handler), "{payload}: {}", answer.body);
    }
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

pub(crate) async fn hints_and_names_are_text(provider: &Provider) {
    for payload in PAYLOADS {
        for parameter in ["login_hint", "username"] {
            let target = format!(
                "{}&{parameter}={}",
                Asked::new().to_redirect(),
                encoded(payload)
            );
            let page = Raw::get(target).send(provider).await;
            must_not_hold(&page, payload);
            let form = page.find_form("sign-in").expect("a form");
            assert_eq!(form.action, "/signin");
            assert_eq!(form.field("name"), Some(payload.trim()), "{payload}");

            // The same typed: it comes back with the problem.
            let cookie = page.cookie(FORM_COOKIE).expect("a cookie");
            let state = form.field("state").expect("a state");
            let fields = [("state", state), ("name", payload), ("password", PASSWORD)];
            let again = Raw::form("/signin", &fields)
                .header("Cookie", format!("{FORM_COOKIE}={cookie}"))
                .send(provider)
                .await;
            must_not_hold(&again, payload);
            let form = again.find_form("sign-in").expect("a form");
            assert_eq!(form.field("name"), Some(*payload));
            assert_eq!(form.field("password"), Some(""));
        }
    }
    // Hints that are no names are dropped, not shown.
    for useless in [
        "a\nb".to_owned(),
        "a\0b".to_owned(),
        "x".repeat(255),
        " ".to_owned(),
    ] {
        let target = format!(
            "{}&login_hint={}",
            Asked::new().to_redirect(),
            encoded(&useless)
        );
        let page = Raw::get(target).send(provider).await;
        let form = page.find_form("sign-in").expect("a form");
        assert_eq!(form.field("name"), Some(""), "{useless:?}");
    }
    // A name longer than any comes back empty.
    let page = Raw::get(Asked::new().to_redirect()).send(provider).await;
    let state = page.find_form("sign-in").expect("a form");
    let long = "x".repeat(100_000);
    let fields = [
        ("state", state.field("state").expect("a state")),
        ("name", long.as_str()),
        ("password", "x"),
    ];
    let cookie = page.cookie(FORM_COOKIE).expect("a cookie");
    let again = Raw::form("/signin", &fields)
        .header("Cookie", format!("{FORM_COOKIE}={cookie}"))
        .send(provider)
        .await;
    assert!(again.is_sign_in_page() && again.body.len() < 10_000);
}

pub(crate) async fn issuers_and_subjects_are_text(provider: &Provider) {
    for payload in PAYLOADS {
        let escaped = payload
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;");
        let message = Asked::new().to_xml().replace(SP, &escaped);
        let target = format!(
            "/saml2/sso?SAMLRequest={}",
            crate::provider::redirect_parameter(&message)
        );
        let answer = Raw::get(target).send(provider).await;
        must_not_hold(&answer, payload);
        must_be_refused(provider, &answer, 403, "unknown relying party", payload).await;

        let subject = Asked {
            children: format!(
                "<s:Subject xmlns:s=\"urn:oasis:names:tc:SAML:2.0:assertion\"><s:NameID>{escaped}</s:NameID></s:Subject>"
            ),
            ..Asked::new()
        };
        let page = Raw::get(subject.to_redirect()).send(provider).await;
        must_not_hold(&page, payload);
        let form = page.find_form("sign-in").expect("a form");
        assert_eq!(form.field("name"), Some(payload.trim()));
    }
}

pub(crate) async fn relay_state_comes_back(provider: &Provider) {
    let mut states: Vec<String> = PAYLOADS.iter().map(ToString::to_string).collect();
    states.extend([
        String::new(),
        " a  b ".to_owned(),
        "a\nb\n".to_owned(),
        "\ta\tb".to_owned(),
        "a+b=%2B&c=d;e".to_owned(),
        "\"'<>&".repeat(1_638),
        "\u{1f980}".repeat(2_048),
        "\u{1}\u{7f}\u{85}".to_owned(),
    ]);
    for state in &states {
        let asked = Asked::with("IsPassive=\"true\"");
        let mut fields = asked.to_post();
        fields[1].1.clone_from(state);
        let mut answers = vec![Raw::form("/saml2/sso", &fields).send(provider).await];
        if encoded(state).len() < 20_000 {
            let target = asked.to_redirect();
            let (request, _) = target.split_once("&RelayState=").expect("a RelayState");
            let target = format!("{request}&RelayState={}", encoded(state));
            answers.push(Raw::get(target).send(provider).await);
        }
        for answer in answers {
            must_not_hold(&answer, state);
            let form = answer.find_form("post").expect("a form");
            assert_eq!(form.field("RelayState"), Some(state.as_str()));
        }
    }
    // None asked, none given back.
    let mut fields = Asked::with("IsPassive=\"true\"").to_post();
    fields.truncate(1);
    let answer = Raw::form("/saml2/sso", &fields).send(provider).await;
    let form = answer.find_form("post").expect("a form");
    assert_eq!(form.field("RelayState"), None);
    // By the page that waits, too.
    let mut fields = Asked::new().to_post();
    let state = format!("{}\"'<>&\u{1f980}", "x".repeat(8_000));
    fields[1].1.clone_from(&state);
    let page = Raw::form("/saml2/sso", &fields).send(provider).await;
    let answer = crate::forms::prove(provider, &page, "wmoran@fabrikam.com", PASSWORD).await;
    let form = answer.find_form("post").expect("a form");
    assert_eq!(form.field("RelayState"), Some(state.as_str()));
}
