//! WS-Federation on real parts: the program as a process in front of a real slapd, its tokens and
//! metadata judged by xmlsec1, signxml and the schema of SAML 1.1.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;
mod strangers;

#[path = "ws_federation/asked.rs"]
mod asked;
#[path = "ws_federation/network.rs"]
mod network;
#[path = "bad_input/raw.rs"]
#[allow(dead_code, clippy::similar_names, clippy::format_push_string)] // a part is enough here
mod raw;
#[path = "ws_federation/refused.rs"]
mod refused;
#[path = "ws_federation/sign_out.rs"]
mod sign_out;
#[path = "ws_federation/verified.rs"]
mod verified;

use std::{process::Command, sync::LazyLock};

use asked::{Answer, answer, between, open, query, sign_in};
use provider::{
    ACS, Asked, HOST, ISSUER, Options, Provider, SP, is_sign_in_page, posted, type_password,
};
use slapd::{PASSWORD, Slapd};
use strangers::{run, tool};

pub(crate) static SLAPD: LazyLock<Slapd> = LazyLock::new(|| {
    Slapd::start_new(slapd::Options {
        accounts: 100,
        ..Default::default()
    })
});

const WENDY: &str = "wmoran@fabrikam.com";
const IMMUTABLE_ID: &str = "EBrsWwAAAECAAAAAAAAAAA==";
const UPN: &str = "special0@partners.contoso.com";

/// As Entra sends it (facts 2.1).
fn entras_query(context: &str) -> String {
    query(&[
        ("login_hint", WENDY),
        ("client-request-id", "6d7e8b1c-0d6c-4d0e-9a53-6f1f3a6d2f10"),
        ("username", WENDY),
        ("wa", "wsignin1.0"),
        ("wtrealm", SP),
        ("wctx", context),
        ("cbcxt", ""),
        ("username", WENDY),
        ("mkt", ""),
        ("lc", ""),
    ])
}

#[tokio::test]
async fn strangers_accept_the_token_that_a_partner_brings() {
    let provider = Provider::start(&SLAPD, Options::default());
    let mut browser = provider.browser();
    let context = "LoginOptions=3&estsredirect=2&estsrequest=rQQIARAA_-+s0";
    let page = open(&provider, &mut browser, &entras_query(context)).await;
    assert!(
        page.text().contains(&format!("value=\"{WENDY}\"")),
        "{}",
        page.text()
    );
    let Answer {
        action,
        action_name,
        document,
        context: returned,
    } = answer(&type_password(&mut browser, &page, WENDY, PASSWORD).await);
    assert_eq!(action, ACS);
    assert_eq!(action_name, "wsignin1.0");
    assert_eq!(returned.as_deref(), Some(context));
    assert!(document.starts_with(
        "<t:RequestSecurityTokenResponse xmlns:t=\"http://schemas.xmlsoap.org/ws/2005/02/trust\">"
    ));
    assert!(document.contains("<t:TokenType>urn:oasis:names:tc:SAML:1.0:assertion</t:TokenType>"));
    assert_eq!(between(&document, "<wsa:Address>", "<"), SP);
    verified::by_strangers(&provider, &document, IMMUTABLE_ID);

    assert_eq!(between(&document, " Issuer=\"", "\""), ISSUER);
    assert_eq!(between(&document, "<saml:Audience>", "<"), SP);
    for (namespace, name, value) in [
        ("http://schemas.xmlsoap.org/claims", "UPN", UPN),
        (
            "http://schemas.microsoft.com/LiveID/Federation/2008/05",
            "ImmutableID",
            IMMUTABLE_ID,
        ),
        (
            "http://schemas.microsoft.com/claims",
            "authnmethodsreferences",
            "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password",
        ),
    ] {
        let attribute = format!(
            "<saml:Attribute AttributeName=\"{name}\" AttributeNamespace=\"{namespace}\">\
             <saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
        );
        assert!(document.contains(&attribute), "{attribute} in {document}");
    }
    let issued = provider.audit("assertion-issued", 1);
    let id = between(&document, "AssertionID=\"", "\"");
    assert_eq!(issued[0]["assertion_id"], id);
    assert!(issued[0].get("in_response_to").is_none(), "{issued:?}");
    provider.wait_for("Entra's name of it", |line| {
        line.contains("6d7e8b1c-0d6c-4d0e-9a53-6f1f3a6d2f10")
    });
}

#[tokio::test]
async fn a_relying_party_may_want_saml_2_0_at_an_address_of_its_own() {
    let relying_party = "token = \"saml2\"\n\
        reply_addresses = [\"https://sp.test/wsfed\", \"https://sp.test/wsfed?app=2\"]";
    let provider = Provider::start(
        &SLAPD,
        Options {
            relying_party,
            ..Options::default()
        },
    );
    let mut browser = provider.browser();
    for (reply, action) in [
        (None, "https://sp.test/wsfed"),
        (
            Some("https://sp.test/wsfed?app=2"),
            "https://sp.test/wsfed?app=2",
        ),
    ] {
        let mut parameters = vec![("wa", "wsignin1.0"), ("wtrealm", SP)];
        parameters.extend(reply.map(|reply| ("wreply", reply)));
        let page = open(&provider, &mut browser, &query(&parameters)).await;
        let page = if is_sign_in_page(&page) {
            type_password(&mut browser, &page, WENDY, PASSWORD).await
        } else {
            page
        };
        let answer = answer(&page);
        assert_eq!(answer.action, action);
        assert_eq!(answer.context, None);
        assert_eq!(between(&answer.document, "Recipient=\"", "\""), action);
        assert!(!answer.document.contains("InResponseTo"));
        assert!(
            answer
                .document
                .contains("<saml:Attribute Name=\"http://schemas.xmlsoap.org/claims/UPN\">")
        );
        verified::by_strangers(&provider, &answer.document, IMMUTABLE_ID);
    }
}

#[tokio::test]
async fn one_session_answers_both_protocols_until_a_request_wants_it_younger() {
    let provider = Provider::start(&SLAPD, Options::default());
    let mut browser = provider.browser();
    let by_saml = provider.url(&Asked::new().to_redirect());
    let page = browser.get(&by_saml, None).await.expect("an answer");
    let first = posted(&type_password(&mut browser, &page, WENDY, PASSWORD).await);
    let instant = between(&first.document, "AuthnInstant=\"", "\"");

    let base = [("wa", "wsignin1.0"), ("wtrealm", SP)];
    let mfa = "http://schemas.microsoft.com/claims/multipleauthn";
    let password = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password";
    for (more, answered) in [
        (&[][..], true),
        (&[("wfresh", "60")], true),
        (&[("wfresh", "0")], false),
        (&[("wfresh", "0"), ("wauth", password)], false),
        (&[("prompt", "login")], false),
        (&[("wauth", password)], true),
        (&[("wauth", mfa), ("mfa_max_age", "259200")], true),
        (&[("username", WENDY)], true),
        (&[("login_hint", ""), ("username", UPN)], true),
        (&[("username", "u00001@tailspintoys.com")], false),
    ] {
        let page = open(&provider, &mut browser, &query(&[&base[..], more].concat())).await;
        assert_eq!(
            is_sign_in_page(&page),
            !answered,
            "{more:?}: {}",
            page.text()
        );
        if answered {
            let document = answer(&page).document;
            assert_eq!(
                between(&document, "AuthenticationInstant=\"", "\""),
                instant,
                "the real time of the proof"
            );
            // Whatever was asked for: what was done is what is said.
            assert_eq!(
                between(&document, "AuthenticationMethod=\"", "\""),
                "urn:oasis:names:tc:SAML:1.0:am:password"
            );
            assert!(!document.contains(mfa), "{document}");
        }
    }
    // Asked twice with one context, answered twice: there is no request that could be replayed.
    for _ in 0..2 {
        let page = open(&provider, &mut browser, &entras_query("the same")).await;
        assert_eq!(answer(&page).context.as_deref(), Some("the same"));
    }
    // And the other way round, in another browser.
    let mut browser = provider.browser();
    sign_in(&provider, &mut browser, SP).await;
    let page = browser
        .get(&provider.url(&Asked::new().to_redirect()), None)
        .await
        .expect("an answer");
    assert!(posted(&page).document.contains("status:Success"));
}

/// What comes in as `wctx` goes out as it was, and is text to whoever reads the page.
#[tokio::test]
async fn the_context_comes_back_byte_for_byte() {
    let provider = Provider::start(&SLAPD, Options::default());
    let mut browser = provider.browser();
    sign_in(&provider, &mut browser, SP).await;
    let longest = "x".repeat(8 * 1024);
    for context in [
        "",
        "a+b=c%20d%2526&e f",
        "\"><script>alert(1)</script>",
        "' onfocus=alert(1) autofocus='",
        "</form><form action=https://evil.test>",
        "&quot;&#34;&amp;&lt;",
        "{{ context }}{% raw %}",
        "javascript:alert(1)",
        "ä\u{1F408}\u{202E}\u{FEFF}",
        " leading and trailing ",
        &longest,
    ] {
        let page = open(&provider, &mut browser, &entras_query(context)).await;
        assert_eq!(answer(&page).context.as_deref(), Some(context));
        let text = page.text();
        for markup in ["<script>alert", "</form><form", "autofocus='", "\"><"] {
            assert!(!text.contains(markup), "{context}: {markup} in {text}");
        }
    }
    let without = query(&[("wa", "wsignin1.0"), ("wtrealm", SP)]);
    let page = open(&provider, &mut browser, &without).await;
    assert!(!page.text().contains("wctx"), "{}", page.text());
}

#[tokio::test]
async fn adfs_addresses_are_found_as_adfs_would_find_them() {
    let provider = Provider::start(&SLAPD, Options::default());
    let mut browser = provider.browser();
    let asks = entras_query("c");
    for path in ["/adfs/ls/", "/adfs/ls", "/ADFS/LS/", "/Adfs/Ls"] {
        let url = provider.url(&format!("{path}?{asks}"));
        let page = browser.get(&url, None).await.expect("an answer");
        assert!(is_sign_in_page(&page), "{path}");
    }
    // A form does as well, and some parameters may stand in its address.
    let fields = [("wa", "wsignin1.0"), ("wtrealm", SP), ("wctx", "c")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let url = provider.url("/adfs/ls/?login_hint=wmoran%40fabrikam.com");
    let page = browser
        .post_form(&url, &fields, None)
        .await
        .expect("an answer");
    let answer = answer(&type_password(&mut browser, &page, WENDY, PASSWORD).await);
    assert_eq!(answer.context.as_deref(), Some("c"));

    let probe = browser
        .get(&provider.url("/adfs/probe"), None)
        .await
        .expect("an answer");
    assert_eq!(probe.status, 200);
    for path in [
        "/adfs/",
        "/adfs/ls/wia",
        "/adfs/lsx",
        "/federationmetadata/",
    ] {
        let page = browser
            .get(&provider.url(path), None)
            .await
            .expect("an answer");
        assert_eq!(page.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_metadata_is_signed_and_names_both_roles() {
    let provider = Provider::start(&SLAPD, Options::default());
    for path in [
        "/FederationMetadata/2007-06/FederationMetadata.xml",
        "/federationmetadata/2007-06/federationmetadata.xml",
    ] {
        let reply = provider
            .browser()
            .get(&provider.url(path), None)
            .await
            .expect("an answer");
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(
            reply.headers["content-type"],
            "application/samlmetadata+xml"
        );
        let document = reply.text();
        assert_eq!(between(&document, "entityID=\"", "\""), ISSUER);
        let endpoint = provider.url("/adfs/ls/").to_string();
        let passive = between(
            &document,
            "<fed:PassiveRequestorEndpoint>",
            "</wsa:Address>",
        );
        assert!(
            passive.ends_with(&format!("<wsa:Address>{endpoint}")),
            "{passive}"
        );
        assert!(document.contains("<md:IDPSSODescriptor "));

        let file = provider.file("federation.xml");
        let verify = |document: &str| {
            std::fs::write(&file, document).expect("federation.xml");
            let mut command = Command::new(tool("xmlsec1"));
            command.args(["--verify", "--id-attr:ID"]);
            command.arg("urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor");
            command
                .arg("--pubkey-cert-pem")
                .arg(provider.file("signing.crt"));
            command.arg(&file);
            command
        };
        run(&mut verify(&document));
        // Where the role's type leads is signed as well.
        for (from, to) in [
            ("/adfs/ls/<", "/evil/ls/<"),
            ("xmlns:fed=\"http://docs", "xmlns:fed=\"http://evil"),
        ] {
            let forged = document.replacen(from, to, 1);
            assert_ne!(forged, document);
            let output = verify(&forged).output().expect("xmlsec1 runs");
            assert!(!output.status.success(), "xmlsec1 takes {to}");
        }
    }
}
