//! Links that name a federated domain, at which Entra asks for no name.

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::StatusCode;
use time::OffsetDateTime;

use super::{get, post};
use crate::{
    entra::{
        Settings, Simulator,
        fixture::{self, document::response_to},
    },
    http::{Form, PageForm, page_link},
    xml::{self, Limits},
};

/// One that resolves no email of a foreign domain.
fn simulator() -> Simulator {
    let mut settings = Settings::at("https://login.example");
    settings.resolve_foreign_email = false;
    Simulator::new(fixture::contoso(), settings)
}

fn link(query: &str) -> String {
    format!("/contoso.onmicrosoft.com/login?{query}")
}

#[test]
fn a_link_that_names_the_domain_leads_there_without_a_name() {
    let to = "https://idp.contoso.com/saml2/sso";
    let simulator = simulator();
    for (query, action) in [
        ("domain_hint=partners.contoso.com", to.to_owned()),
        ("whr=Partners.Contoso.COM", to.to_owned()),
        // It inherits, and the domain above decides.
        ("domain_hint=emea.partners.contoso.com", to.to_owned()),
        // A name that nobody was looked up by is passed on.
        (
            "domain_hint=partners.contoso.com&login_hint=wmoran%40fabrikam.com",
            format!("{to}?login_hint=wmoran%40fabrikam.com"),
        ),
        // A user's own name says more than the domain.
        (
            "domain_hint=partners.contoso.com&login_hint=wmoran%40partners.contoso.com",
            format!("{to}?login_hint=wmoran%40partners.contoso.com"),
        ),
    ] {
        let page = get(&simulator, &link(query));
        assert_eq!(page.status, StatusCode::OK, "{query}");
        let form = PageForm::find(&page.text, Some("to-idp")).unwrap();
        assert_eq!(form.action, action, "{query}");
        let is_looked_up = query.ends_with("%40partners.contoso.com");
        assert_eq!(
            page.text.contains("<dt>Cloud UPN</dt>"),
            is_looked_up,
            "{query}"
        );
    }
    // Entra passes a hint over that is no federated domain of the tenant's.
    for hint in [
        "contoso.com",
        "contoso.onmicrosoft.com",
        "fabrikam.com",
        "x",
        "",
    ] {
        let query = format!("domain_hint={hint}");
        let page = get(&simulator, &link(&query));
        assert!(
            page.text.contains("name=\"login_hint\""),
            "{hint}: {}",
            page.text
        );
        let query = format!("{query}&login_hint=wmoran%40fabrikam.com");
        let page = get(&simulator, &link(&query));
        assert!(page.text.contains("AADSTS50034"), "{hint}: {}", page.text);
    }
}

#[test]
fn whoever_signs_in_there_is_signed_in() {
    let simulator = simulator();
    let page = get(&simulator, &link("domain_hint=partners.contoso.com"));
    let form = PageForm::find(&page.text, Some("to-idp")).unwrap();
    let request = STANDARD.decode(form.field("SAMLRequest").unwrap()).unwrap();
    let request = xml::read(&request, &Limits::default()).unwrap();
    let id = request.attribute("ID").unwrap();
    let answer = response_to(id, OffsetDateTime::now_utc()).to_xml();
    let fields = [
        ("SAMLResponse", STANDARD.encode(answer)),
        ("RelayState", form.field("RelayState").unwrap().to_owned()),
    ];
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let done = post(&simulator, "/login.srf", &fields);
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert!(done.text.contains("wmoran@partners.contoso.com"));
    let said = "of partners.contoso.com, which the link or the policy named";
    assert!(done.text.contains(said), "{}", done.text);
    assert_eq!(simulator.outcome(id).unwrap().typed, None);
}

#[test]
fn by_ws_federation_no_name_stands_in_the_address() {
    let settings = Settings::at("https://login.example");
    let simulator = Simulator::new(fixture::contoso_by_ws_federation(), settings);
    let page = get(&simulator, &link("whr=partners.contoso.com"));
    let address = page_link(&page.text, "to-idp").unwrap();
    let (_, query) = address.split_once('?').unwrap();
    let asked = Form::parse(query.as_bytes()).unwrap();
    for name in ["login_hint", "username"] {
        assert_eq!(asked.all(name).count(), 0, "{address}");
    }
    assert_eq!(asked.single("wa"), Ok(Some("wsignin1.0")));
}
