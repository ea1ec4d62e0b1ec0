//! One mutated request for each check.

use time::Duration;

use super::*;
use crate::entra::fixture::document::{saml, samlp};

/// The code that a changed request is refused with, at once.
fn refused(code: u32, change: impl Fn(&mut Node)) {
    let simulator = simulator();
    let mut asked = request();
    change(&mut asked);
    refuses(
        &redirected(&simulator, &asked, &[("login_hint", EMAIL)], ""),
        code,
    );
}

#[test]
fn the_head_is_checked() {
    refused(75005, |it| it.set("Version", "1.1"));
    refused(75005, |it| it.unset("Version"));
    refused(75005, |it| it.unset("ID"));
    refused(7_500_529, |it| it.set("ID", "6c1c178c"));
    refused(7_500_529, |it| it.set("ID", ""));
    refused(7_500_529, |it| {
        it.set("ID", format!("a{}", "b".repeat(256)));
    });
    refused(75005, |it| it.unset("IssueInstant"));
    refused(75005, |it| it.set("IssueInstant", "yesterday"));
    refused(75005, |it| it.remove("Issuer"));
    refused(75005, |it| it.repeat("Issuer"));
    refused(75005, |it| it.at("Issuer").text = " ".to_owned());
    refused(700_016, |it| it.at("Issuer").text.push('/'));
    refused(700_016, |it| it.at("Issuer").text = ENTITY.to_uppercase());
    refused(75008, |it| {
        it.set("Destination", "https://login.example/fabrikam.com/saml2");
    });
    refused(75008, |it| {
        it.set("Destination", "https://login.example/contoso.com/saml2/");
    });
}

#[test]
fn a_request_holds_for_ten_minutes() {
    let sent = |minutes: i64| {
        let mut asked = request();
        let instant = OffsetDateTime::now_utc() + Duration::minutes(minutes);
        asked.set("IssueInstant", to_milliseconds(instant));
        redirected(&simulator(), &asked, &[("login_hint", EMAIL)], "")
    };
    for good in [-14, 4] {
        assert_eq!(sent(good).status, StatusCode::OK, "{good}");
    }
    for bad in [-16, 6] {
        refuses(&sent(bad), 76026);
    }
}

#[test]
fn what_is_asked_for_is_checked() {
    refused(50011, |it| {
        it.set("AssertionConsumerServiceURL", "https://app.example/acs");
    });
    refused(50011, |it| {
        it.set("AssertionConsumerServiceURL", format!("{REPLY}&x"));
    });
    refused(500_113, |it| {
        it.at("Issuer").text = "https://nowhere.example/".to_owned();
    });
    let artifact = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact";
    refused(75003, |it| it.set("ProtocolBinding", artifact));
    for flag in ["ForceAuthn", "IsPassive"] {
        refused(75005, |it| it.set(flag, "TRUE"));
    }
    let windows = "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName";
    refused(75016, |it| it.at("NameIDPolicy").set("Format", windows));
    refused(75005, |it| it.repeat("NameIDPolicy"));
    refused(900_236, |it| {
        it.children
            .push(saml("Subject").holding([saml("NameID").saying(EMAIL)]));
    });
    refused(900_236, |it| {
        it.children.push(samlp("Scoping").with("ProxyCount", "0"));
    });
    refused(900_236, |it| {
        it.children
            .push(samlp("Scoping").holding([samlp("RequesterID").saying("a")]));
    });
    let class =
        || saml("AuthnContextClassRef").saying("urn:oasis:names:tc:SAML:2.0:ac:classes:Password");
    let asking = |comparison: &str| samlp("RequestedAuthnContext").with("Comparison", comparison);
    refused(900_235, |it| {
        it.children.push(asking("minimum").holding([class()]));
    });
    refused(75005, |it| it.children.push(asking("exact")));
    refused(75005, |it| {
        let another = saml("AuthnContextDeclRef").saying("a");
        it.children
            .push(asking("exact").holding([class(), another]));
    });
    refused(75005, |it| {
        let twice = [
            asking("exact").holding([class()]),
            asking("exact").holding([class()]),
        ];
        it.children.extend(twice);
    });
}

#[test]
fn applications_are_known_where_they_are_registered() {
    let simulator = simulator();
    let query = query("SAMLRequest", &request().to_xml(), &[]);
    refuses(
        &open(&simulator, &format!("/adatum.com/saml2?{query}"), ""),
        90002,
    );
    // At /common each tenant's count.
    let page = open(&simulator, &format!("/common/saml2?{query}"), "");
    assert_eq!(page.status, StatusCode::OK);
    let fabrikam = fixture::fabrikam();
    let tenants = simulator.tenants().with(fabrikam).unwrap();
    simulator.replace_tenants(tenants);
    refuses(
        &open(&simulator, &format!("/fabrikam.com/saml2?{query}"), ""),
        700_016,
    );
}

#[test]
fn an_identifier_is_one_applications() {
    let mut parts = simulator().tenants().first().parts();
    let uri = "https://wiki.example/".to_owned();
    parts.applications[0].identifier_uris.push(uri.clone());
    let refused = Tenant::build(parts).unwrap_err();
    assert_eq!(refused, crate::entra::TenantError::IdentifierTwice(uri));
}

#[test]
fn a_message_comes_as_the_bindings_have_it() {
    let simulator = simulator();
    let at = |query: &str| open(&simulator, &format!("/contoso.com/saml2?{query}"), "");
    let message = request().to_xml();
    let good = query("SAMLRequest", &message, &[]);
    assert_eq!(at(&good).status, StatusCode::OK);
    refuses(&at(""), 750_054);
    refuses(&at(&format!("{good}&{good}")), 75001);
    refuses(
        &at(&format!(
            "{good}&{}",
            good.replace("SAMLRequest", "SAMLResponse")
        )),
        75001,
    );
    refuses(
        &at(&format!("{good}&RelayState={}", "a".repeat(8 * 1024 + 1))),
        75001,
    );
    refuses(&at(&format!("{good}&RelayState=a&RelayState=b")), 75001);
    refuses(&at("SAMLRequest=%zz"), 75001);
    refuses(&at("SAMLRequest=..."), 750_056);
    // Not deflated; with a head that DEFLATE does not have; and a bomb.
    let plain = STANDARD.encode(&message);
    let form = |encoded: &str| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("SAMLRequest", encoded).finish()
    };
    refuses(&at(&form(&plain)), 75001);
    refuses(
        &at(&query("SAMLRequest", &" ".repeat(10_000_000), &[])),
        75001,
    );
    refuses(&at(&query("SAMLRequest", "<a", &[])), 7_500_525);
    let with_comment = message.replacen("><", "><!-- c --><", 1);
    refuses(&at(&query("SAMLRequest", &with_comment, &[])), 7_500_525);
    refuses(&at(&query("SAMLRequest", "<a></a>", &[])), 75005);
    let posted = post(&simulator, "/contoso.com/saml2", &[("SAMLRequest", "...")]);
    refuses(&posted, 750_056);
    let head = send_with(
        &simulator,
        HttpMethod::PUT,
        "/contoso.com/saml2",
        HeaderMap::new(),
        "",
    );
    assert_eq!(head.status, StatusCode::METHOD_NOT_ALLOWED);
}
