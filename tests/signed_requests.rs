//! Requests as Entra signs them, where `isSignedAuthenticationRequestRequired` says so: the simulator in front
//! of Homerealm as a process, which takes no others, with a real slapd behind it; and a Homerealm that has
//! another key in its files.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::LazyLock,
};

use homerealm::{
    entra::{
        Authentication, Domain, DomainName, ImmutableId, InternalDomainFederation,
        PreferredAuthenticationProtocol, SamlBinding, SignInName, Tenant, User,
    },
    http::{
        PageForm,
        client::{Client, Reply},
        page_link,
        tls::client_config,
    },
    keys::{Certificate, create_signing_key},
    simulate::Simulation,
    xml::{self, Element, Limits},
};
use hyper::Uri;
use provider::{HOST, ISSUER, Options, Provider, is_sign_in_page, type_password};
use slapd::{FEDERATED_SUFFIX, Numbered, PASSWORD, Slapd};

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

const ENTRA: &str = "entra.localhost";
const PARTNER: Numbered = Numbered(5);

struct Both {
    simulation: Simulation,
    provider: Provider,
    browser: Client,
}

fn domain(name: &str) -> DomainName {
    DomainName::parse(name).expect("a domain")
}

fn tenant(federation: Option<InternalDomainFederation>) -> Tenant {
    let domains = federation.into_iter().map(|federation| Domain {
        name: domain(FEDERATED_SUFFIX),
        authentication: Authentication::Federated(Box::new(federation)),
    });
    let domains: Vec<_> = domains.collect();
    let anchor = PARTNER.guid().immutable_id();
    let users = if domains.is_empty() {
        Vec::new()
    } else {
        let upn = SignInName::parse(&PARTNER.upn()).expect("a UPN");
        vec![User {
            on_premises_immutable_id: Some(ImmutableId::parse(&anchor).expect("an anchor")),
            ..User::new(upn)
        }]
    };
    let name = domain("contoso.onmicrosoft.com");
    Tenant::new(name, domains, users).expect("a tenant")
}

/// The certificate in the simulator's metadata, as any identity provider reads it.
async fn published(simulation: &Simulation, address: SocketAddr) -> Certificate {
    let tls = client_config(&[simulation.ca_pem().as_bytes()]).expect("TLS settings");
    let mut client = Client::new(tls).with_address(ENTRA, address);
    let url: Uri = simulation.metadata_url().parse().expect("a URL");
    let metadata = client.get(&url, None).await.expect("metadata").text();
    let metadata = xml::read(metadata.as_bytes(), &Limits::default()).expect("XML");
    assert_eq!(
        metadata.attribute("entityID"),
        Some("urn:federation:MicrosoftOnline")
    );
    let path = [
        "SPSSODescriptor",
        "KeyDescriptor",
        "KeyInfo",
        "X509Data",
        "X509Certificate",
    ];
    let found = path.iter().fold(&metadata, |element: &Element, local| {
        let mut children = element.elements();
        children.find(|it| it.local_name() == *local).expect(local)
    });
    Certificate::from_base64(found.text().expect("text")).expect("a certificate")
}

/// Homerealm takes requests only that are signed with the key of the simulator, or of a stranger.
async fn start(binding: SamlBinding, is_signed: bool, knows_the_key: bool) -> Both {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let simulation = Simulation::start_with(tenant(None).into(), listen, |settings| {
        settings.saml_binding = binding;
    });
    let simulation = simulation.await.expect("a simulator");
    let url: Uri = simulation.url().parse().expect("a URL");
    let port = url.port_u16().expect("a port");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let certificate = if knows_the_key {
        published(&simulation, address).await
    } else {
        let stranger = create_signing_key("stranger", 30).expect("a key");
        stranger.signer.certificate().clone()
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("entra.crt");
    std::fs::write(&file, certificate.to_pem()).expect("a certificate");
    let party = format!(
        r#"[[relying_party]]
entity_id = "urn:federation:MicrosoftOnline"
preset = "entra"
display_name = "Entra"
assertion_consumer_services = ["{}"]
protocols = ["saml2"]
request_signatures = "required"
request_certificates = ["{}"]
"#,
        simulation.simulator().assertion_consumer_service(),
        file.display(),
    );
    let options = Options {
        relying_party: Box::leak(party.into_boxed_str()),
        ..Options::default()
    };
    let provider = Provider::start(&SLAPD, options);
    let signing = std::fs::read(provider.file("signing.crt")).expect("signing.crt");
    let signing = Certificate::from_pem(&signing).expect("a certificate");
    let sso = provider.url("/saml2/sso").to_string();
    let saml = PreferredAuthenticationProtocol::Saml;
    simulation
        .simulator()
        .replace_tenants(tenant(Some(InternalDomainFederation {
            is_signed_authentication_request_required: is_signed,
            ..InternalDomainFederation::new(ISSUER, saml, &sso, signing)
        })));
    let roots = [provider.ca_pem().as_bytes(), simulation.ca_pem().as_bytes()];
    let browser = Client::new(client_config(&roots).expect("TLS settings"))
        .with_address(HOST, provider.address())
        .with_address(ENTRA, address);
    Both {
        simulation,
        provider,
        browser,
    }
}

impl Both {
    /// The identity provider's page, by way of the simulator's.
    async fn asked(&mut self) -> Reply {
        let link = format!(
            "{}contoso.onmicrosoft.com/login?login_hint={}",
            self.simulation.url(),
            PARTNER.upn().replace('@', "%40")
        );
        let link: Uri = link.parse().expect("a URL");
        let hop = self.browser.get(&link, None).await.expect("a page");
        let page = hop.text();
        if let Ok(form) = PageForm::find(&page, Some("to-idp")) {
            let to = hop.resolve(&form.action).expect("a URL");
            let asked = self.browser.post_form(&to, &form.fields, Some(&hop));
            return asked.await.expect("a page");
        }
        let to: Uri = page_link(&page, "to-idp")
            .expect("a link")
            .parse()
            .expect("a URL");
        assert!(to.query().expect("a query").contains("SAMLRequest="));
        self.browser.get(&to, Some(&hop)).await.expect("a page")
    }
}

const BINDINGS: [SamlBinding; 2] = [SamlBinding::Post, SamlBinding::Redirect];

#[tokio::test]
async fn a_signed_request_signs_in_by_either_binding() {
    for binding in BINDINGS {
        let mut both = start(binding, true, true).await;
        let asked = both.asked().await;
        assert!(is_sign_in_page(&asked), "{binding:?}: {}", asked.text());
        let answer = type_password(&mut both.browser, &asked, &PARTNER.mail(), PASSWORD).await;
        let page = answer.text();
        let form = PageForm::find(&page, Some("post")).expect("an answer");
        let to = answer.resolve(&form.action).expect("a URL");
        let done = both.browser.post_form(&to, &form.fields, Some(&answer));
        let done = done.await.expect("a page").text();
        assert!(done.contains(&PARTNER.upn()), "{binding:?}: {done}");
        both.simulation.stop().await;
        drop(both.provider);
    }
}

#[tokio::test]
async fn an_unsigned_request_and_one_of_another_key_are_refused() {
    for binding in BINDINGS {
        for (is_signed, knows_the_key) in [(false, true), (true, false)] {
            let mut both = start(binding, is_signed, knows_the_key).await;
            let refused = both.asked().await;
            let said = format!(
                "{binding:?} {is_signed} {knows_the_key}: {}",
                refused.text()
            );
            assert!(!is_sign_in_page(&refused), "{said}");
            assert!(
                PageForm::find(&refused.text(), Some("post")).is_err(),
                "{said}"
            );
            let audit = both.provider.audit("request-refused", 1);
            assert!(!audit.is_empty(), "{said}");
            both.simulation.stop().await;
        }
    }
}
