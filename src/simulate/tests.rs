use std::{net::Ipv4Addr, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{StatusCode, Uri};
use time::OffsetDateTime;

use super::*;
use crate::{
    entra::{
        Decision,
        fixture::{
            self, CURRENT, ISSUER,
            document::{assertion_of, response_to},
        },
    },
    http::{
        PageForm,
        client::{Client, Reply},
        tls::client_config,
    },
    xml::{self, Limits},
};

/// A tenant whose identity provider is this test.
fn file() -> String {
    format!(
        r#"
[[tenant]]
name = "contoso.onmicrosoft.com"
displayName = "Contoso"

[[tenant.domain]]
id = "partners.contoso.com"
[tenant.domain.federationConfiguration]
displayName = "Contoso partners"
issuerUri = "{ISSUER}"
passiveSignInUri = "https://idp.contoso.com/saml2/sso"
preferredAuthenticationProtocol = "saml"
signingCertificate = "{}"

[[tenant.user]]
userPrincipalName = "wmoran@partners.contoso.com"
onPremisesUserPrincipalName = "wmoran@fabrikam.com"
onPremisesImmutableId = "{}"
userType = "Guest"
"#,
        CURRENT.certificate().base64(),
        fixture::WENDYS_ANCHOR
    )
}

async fn start(resolve: bool) -> (Simulation, Client) {
    let tenants = tenant_file::parse(&file(), "tenant.toml").unwrap();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let simulation = Simulation::start(tenants, listen, resolve).await.unwrap();
    let browser = Client::new(client_config(&[simulation.ca_pem().as_bytes()]).unwrap())
        .with_address(HOST, simulation.address)
        .with_timeout(Duration::from_secs(10));
    (simulation, browser)
}

/// From the start to the page after a name was typed.
async fn type_name(simulation: &Simulation, browser: &mut Client, name: &str) -> Reply {
    let start: Uri = simulation.url().parse().unwrap();
    let root = browser.get(&start, None).await.unwrap();
    let door = browser.get(&root.location().unwrap(), None).await.unwrap();
    assert!(door.text().contains("The portal of Contoso"));
    let form = PageForm::find(&door.text(), None).unwrap();
    let to = door.resolve(&form.action).unwrap();
    let fields = [("login_hint".to_owned(), name.to_owned())];
    browser.post_form(&to, &fields, Some(&door)).await.unwrap()
}

#[tokio::test]
async fn the_file_says_which_identity_provider_is_asked_and_believed() {
    let (simulation, mut browser) = start(true).await;
    let hop = type_name(&simulation, &mut browser, "wmoran@fabrikam.com").await;
    let form = PageForm::find(&hop.text(), Some("to-idp")).unwrap();
    assert!(form.action.starts_with("https://idp.contoso.com/saml2/sso"));
    let request = STANDARD.decode(form.field("SAMLRequest").unwrap()).unwrap();
    let request = xml::read(&request, &Limits::default()).unwrap();
    let id = request.attribute("ID").unwrap();
    // The answer is for this simulator's address.
    let consumer = simulation
        .simulator()
        .assertion_consumer_service()
        .to_owned();
    let mut response = response_to(id, OffsetDateTime::now_utc());
    response.set("Destination", &consumer);
    let confirmation = "Subject/SubjectConfirmation/SubjectConfirmationData";
    assertion_of(&mut response)
        .at(confirmation)
        .set("Recipient", &consumer);
    let fields = [
        (
            "SAMLResponse".to_owned(),
            STANDARD.encode(response.to_xml()),
        ),
        (
            "RelayState".to_owned(),
            form.field("RelayState").unwrap().to_owned(),
        ),
    ];
    let consumer: Uri = consumer.parse().unwrap();
    let done = browser.post_form(&consumer, &fields, None).await.unwrap();
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let outcome = simulation.simulator().outcome(id).unwrap();
    assert!(matches!(outcome.decision, Decision::SignedIn(_)));
    simulation.stop().await;
}

#[tokio::test]
async fn a_foreign_email_is_resolved_or_not() {
    let (simulation, mut browser) = start(false).await;
    let refused = type_name(&simulation, &mut browser, "wmoran@fabrikam.com").await;
    assert!(refused.text().contains("AADSTS50034"));
    let by_upn = type_name(&simulation, &mut browser, "wmoran@partners.contoso.com").await;
    assert!(PageForm::find(&by_upn.text(), Some("to-idp")).is_ok());
    simulation.stop().await;
}

#[tokio::test]
async fn an_address_in_use_is_told() {
    let (simulation, _) = start(true).await;
    let tenants = tenant_file::parse(&file(), "tenant.toml").unwrap();
    let second = Simulation::start(tenants, simulation.address, true).await;
    assert!(matches!(second, Err(SimulateError::Listen { .. })));
    simulation.stop().await;
}
