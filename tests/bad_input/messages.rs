//! Messages that are damaged, dressed up, or out of place.

use std::io::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::DeflateEncoder};

use crate::{
    provider::{Asked, Provider, SP, redirect_parameter},
    raw::{Raw, must_be_refused},
};

/// Sends a message by both bindings, and wants it refused.
async fn refused(provider: &Provider, message: &str, status: u16, cause: &str) {
    let by_query = Raw::get(format!(
        "/saml2/sso?SAMLRequest={}",
        redirect_parameter(message)
    ));
    let by_form = Raw::form("/saml2/sso", &[("SAMLRequest", STANDARD.encode(message))]);
    for request in [by_query, by_form] {
        let answer = request.send(provider).await;
        must_be_refused(provider, &answer, status, cause, message).await;
    }
}

pub(crate) async fn malformed_xml(provider: &Provider) {
    let good = Asked::new().to_xml();
    let into = |text: &str| good.replacen("<Issuer", &format!("{text}<Issuer"), 1);
    for (message, cause) in [
        (String::new(), "cannot be read"),
        ("evil".to_owned(), "cannot be read"),
        ("<evil".to_owned(), "cannot be read"),
        (good[..good.len() - 9].to_owned(), "cannot be read"),
        (format!("{good}{good}"), "cannot be read"),
        (format!("{good}evil"), "cannot be read"),
        (format!("<!DOCTYPE evil>{good}"), "cannot be read"),
        (
            format!(
                "<!DOCTYPE evil [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{}",
                into("&e;")
            ),
            "cannot be read",
        ),
        (
            format!(
                "<!DOCTYPE evil [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>{}",
                into("&b;")
            ),
            "cannot be read",
        ),
        (
            format!("<!DOCTYPE evil SYSTEM \"https://evil.test/dtd\">{good}"),
            "cannot be read",
        ),
        (into("&evil;"), "cannot be read"),
        (into("<?evil?>"), "cannot be read"),
        (
            format!("<?xml-stylesheet href=\"evil\"?>{good}"),
            "cannot be read",
        ),
        (into("<!-- evil -->"), "cannot be read"),
        (
            good.replace(SP, "https://sp.test<!-- evil -->/metadata"),
            "cannot be read",
        ),
        (
            good.replace(SP, "<![CDATA[https://sp.test/metadata]]>"),
            "cannot be read",
        ),
        (into("\u{1}"), "cannot be read"),
        (into("&#0;"), "cannot be read"),
        (into("<evil:x/>"), "cannot be read"),
        (
            good.replacen(" ID=", " ID=\"_evil\" ID=", 1),
            "cannot be read",
        ),
        (
            good.replacen("\"2.0\"", "\"2.0\" xmlns:a=\"a\" xmlns:a=\"b\"", 1),
            "cannot be read",
        ),
        (
            into(&format!("{}{}", "<x>".repeat(40), "</x>".repeat(40))),
            "cannot be read",
        ),
        (into(&"<x/>".repeat(5_000)), "cannot be read"),
        (
            into(&format!(
                "<x {}/>",
                (0..100)
                    .map(|n| format!("a{n}=\"\""))
                    .collect::<Vec<_>>()
                    .join(" ")
            )),
            "cannot be read",
        ),
        ("<!--".repeat(10_000), "cannot be read"),
        (format!("<?xml version=\"1.1\"?>{good}"), "cannot be read"),
        (
            format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?>{good}"),
            "cannot be read",
        ),
    ] {
        refused(provider, &message, 400, cause).await;
    }
}

pub(crate) async fn malformed_requests(provider: &Provider) {
    let good = Asked::new().to_xml();
    let issuer = format!("<Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">{SP}</Issuer>");
    assert!(good.contains(&issuer));
    let id = good
        .split("ID=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("an ID");
    let instant = good
        .split("IssueInstant=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("an instant");
    let nobody = "<Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>";
    let table = [
        (good.replace(&issuer, ""), 400, "no Issuer"),
        (good.replace(&issuer, &issuer.repeat(2)), 400, "no Issuer"),
        (good.replace(&issuer, nobody), 403, "unknown relying party"),
        (
            good.replace(SP, "https://evil.test/"),
            403,
            "unknown relying party",
        ),
        (
            good.replace(SP, "https://SP.test/metadata"),
            403,
            "unknown relying party",
        ),
        (
            good.replace(SP, "https://sp.test/metadata/"),
            403,
            "unknown relying party",
        ),
        (
            good.replace(SP, "evil&#xA;{\"event\":\"assertion-issued\"}\u{202e}"),
            403,
            "unknown relying party",
        ),
        (
            good.replace(&issuer, &issuer.replace("assertion\"", "evil\"")),
            400,
            "no Issuer",
        ),
        (
            good.replace("AuthnRequest", "LogoutRequest"),
            400,
            "not a SAML 2.0 AuthnRequest",
        ),
        (
            good.replace("AuthnRequest", "Response"),
            400,
            "not a SAML 2.0 AuthnRequest",
        ),
        (
            good.replace("SAML:2.0:protocol", "SAML:1.1:protocol"),
            400,
            "not a SAML 2.0 AuthnRequest",
        ),
        (
            good.replace("Version=\"2.0\"", "Version=\"1.1\""),
            400,
            "version",
        ),
        (good.replace("Version=\"2.0\"", ""), 400, "version"),
        (good.replace(id, ""), 400, "ID"),
        (good.replace(id, "1evil"), 400, "ID"),
        (good.replace(id, "_evil evil"), 400, "ID"),
        (good.replace(id, "_&quot;&gt;evil"), 400, "ID"),
        (good.replace(id, &"_".repeat(257)), 400, "ID"),
        (good.replace(instant, "yesterday"), 400, "IssueInstant"),
        (good.replace(instant, "2026-11-23"), 400, "IssueInstant"),
        (
            good.replace(instant, "2026-11-23T12:00:00"),
            400,
            "IssueInstant",
        ),
        (
            good.replace(instant, "9999-12-31T23:59:59-23:59"),
            400,
            "IssueInstant",
        ),
        (
            good.replace(instant, "99999-12-31T23:59:59Z"),
            400,
            "IssueInstant",
        ),
        (
            good.replace("Version=", "ForceAuthn=\"evil\" Version="),
            400,
            "ForceAuthn",
        ),
        (
            good.replace("Version=", "IsPassive=\"2\" Version="),
            400,
            "IsPassive",
        ),
    ];
    for (message, status, cause) in table {
        refused(provider, &message, status, cause).await;
    }
}

/// What is wrong with the envelope, not with the message.
pub(crate) async fn malformed_bindings(provider: &Provider) {
    let good = redirect_parameter(&Asked::new().to_xml());
    let get = |query: &str| Raw::get(format!("/saml2/sso?{query}"));
    let encoded = |octets: &[u8]| -> String {
        form_urlencoded::byte_serialize(STANDARD.encode(octets).as_bytes()).collect()
    };
    let mut bomb = DeflateEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&vec![b' '; 20_000_000]).expect("memory");
    let bomb = encoded(&bomb.finish().expect("memory"));
    assert!(bomb.len() < 31_000, "it must come through: {}", bomb.len());

    let posted = STANDARD.encode(Asked::new().to_xml());
    let form = |name: &str, value: &str| Raw::form("/saml2/sso", &[(name, value)]);
    let form_of = |body: &str, media_type: &str| {
        Raw::new("POST", "/saml2/sso")
            .header("Content-Type", media_type)
            .body(body)
    };
    let urlencoded = "application/x-www-form-urlencoded";
    let plain = format!("SAMLRequest={good}");
    for (request, cause) in [
        (get(""), "no SAMLRequest"),
        (Raw::get("/saml2/sso"), "no SAMLRequest"),
        (get("samlrequest=evil"), "no SAMLRequest"),
        (get("SAMLResponse=evil"), "no SAMLRequest"),
        (get("SAMLRequest="), "DEFLATE"),
        (get("SAMLRequest=evil!"), "base64"),
        (get("SAMLRequest=ZXZpbA"), "base64"),
        (get("SAMLRequest=ZXZpbA=="), "DEFLATE"),
        (
            get(&format!("SAMLRequest={}", encoded(&[0xff; 64]))),
            "DEFLATE",
        ),
        (get(&format!("SAMLRequest={bomb}")), "DEFLATE"),
        (
            get(&format!("SAMLRequest={good}&SAMLRequest={good}")),
            "more than once",
        ),
        (
            get(&format!("SAMLRequest={good}&%53AMLRequest={good}")),
            "more than once",
        ),
        (
            get(&format!("SAMLRequest={good}&RelayState=a&RelayState=evil")),
            "more than once",
        ),
        (
            get(&format!("SAMLRequest={good}&SAMLEncoding=evil")),
            "SAMLEncoding",
        ),
        (
            get(&format!("SAMLRequest={good}&Signature=evil")),
            "signature",
        ),
        (get(&format!("SAMLRequest={good}&SigAlg=evil")), "signature"),
        (
            get(&format!("SAMLRequest={good}&RelayState=%ff")),
            "well-formed",
        ),
        (
            get(&format!("SAMLRequest={good}&RelayState=%zz")),
            "well-formed",
        ),
        (
            get(&format!("SAMLRequest={good}{}", "&a=evil".repeat(70))),
            "too many",
        ),
        (
            get(&format!(
                "SAMLRequest={good}&RelayState={}",
                "x".repeat(8 * 1024 + 1)
            )),
            "RelayState",
        ),
        (
            get(&format!("SAMLRequest={good}&RelayState=evil%00")),
            "RelayState",
        ),
        (form("SAMLResponse", "evil"), "no SAMLRequest"),
        (form("SAMLRequest", "evil!"), "base64"),
        (form("SAMLRequest", ""), "cannot be read"),
        (form("SAMLRequest", &"A".repeat(200_000)), "too large"),
        (
            form("SAMLRequest", &STANDARD.encode("<".repeat(70_000))),
            "too large",
        ),
        // A deflated message belongs in a query, and a query's message not beside a form.
        (form_of(&plain, urlencoded), "cannot be read"),
        (
            Raw::form(format!("/saml2/sso?{plain}"), &[("RelayState", "evil")]),
            "no SAMLRequest",
        ),
        (
            form_of(&format!("SAMLRequest={posted}"), "text/plain"),
            "not a web form",
        ),
        (
            form_of(
                &format!("SAMLRequest={posted}"),
                "multipart/form-data; boundary=x",
            ),
            "not a web form",
        ),
        (
            form_of("{\"SAMLRequest\":\"evil\"}", "application/json"),
            "not a web form",
        ),
        (
            Raw::new("POST", "/saml2/sso").body("SAMLRequest=evil"),
            "not a web form",
        ),
        (form_of("SAMLRequest=%", urlencoded), "well-formed"),
    ] {
        let answer = request.send(provider).await;
        must_be_refused(provider, &answer, 400, cause, cause).await;
    }
}
