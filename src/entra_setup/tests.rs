use std::path::Path;

use time::OffsetDateTime;

use super::*;
use crate::{
    config::Config,
    keys::{Certificate, KeyRing, create_signing_key},
    microsoft_graph::{AuthenticationType, Domain, FederationConfiguration},
};

/// The annotated example, with keys of `[entra]` added.
fn config(entra: &str) -> Config {
    let example = include_str!("../../config/homerealm.toml");
    let text = example.replace("[entra]\n", &format!("[entra]\n{entra}"));
    Config::parse(&text, "homerealm.toml", Path::new("/etc/homerealm")).unwrap()
}

fn ring() -> KeyRing {
    let next = create_signing_key("next", 30).unwrap();
    let current = create_signing_key("current", 30).unwrap();
    KeyRing::new(current.signer, Some(next.signer.certificate().clone()))
}

fn wanted(config: &Config) -> Wanted {
    Wanted::of(config, &ring()).remove(0)
}

fn root(name: &str) -> Domain {
    Domain {
        id: name.to_owned(),
        authentication_type: AuthenticationType::Managed,
        is_default: false,
        is_initial: false,
        is_root: true,
        is_verified: true,
    }
}

#[test]
fn each_protocol_has_its_addresses() {
    let saml = wanted(&config("")).configuration;
    assert_eq!(
        saml.passive_sign_in_uri.as_deref(),
        Some("https://login.contoso.com/saml2/sso")
    );
    assert_eq!(
        saml.preferred_authentication_protocol.as_deref(),
        Some("saml")
    );
    assert_eq!(
        saml.issuer_uri.as_deref(),
        Some("https://login.contoso.com/partners")
    );
    assert!(saml.active_sign_in_uri.is_none() && saml.prompt_login_behavior.is_none());
    let ws_fed = wanted(&config("protocol = \"ws-federation\"\n"));
    let ws_fed = ws_fed.configuration;
    assert_eq!(
        ws_fed.passive_sign_in_uri.as_deref(),
        Some("https://login.contoso.com/adfs/ls/")
    );
    assert!(ws_fed.active_sign_in_uri.is_none());
}

#[test]
fn certificates_go_without_armour_and_line_breaks() {
    let body = serde_json::to_string(&wanted(&config("")).configuration).unwrap();
    assert!(!body.contains("-----") && !body.contains("\\n"), "{body}");
    let read: FederationConfiguration = serde_json::from_str(&body).unwrap();
    let certificate = Certificate::from_base64(&read.signing_certificate.unwrap()).unwrap();
    assert_eq!(certificate.subject(), "CN=current");
    assert!(read.next_signing_certificate.is_some());
}

#[test]
fn what_entra_would_refuse_is_known_before() {
    let now = OffsetDateTime::now_utc();
    let config = config("");
    let good = wanted(&config);
    let local = |wanted: &Wanted| objections(&config, wanted, &[good.clone(), wanted.clone()], now);
    assert_eq!(local(&good), []);

    let mut elsewhere = good.clone();
    elsewhere.domain = "contoso.onmicrosoft.com".to_owned();
    assert_eq!(
        local(&elsewhere),
        [
            Objection::OnMicrosoft,
            Objection::IssuerTwice {
                with: good.domain.clone()
            }
        ]
    );
    let late = now + time::Duration::days(31);
    let ended = objections(&config, &good, &[], late);
    assert!(matches!(ended[..], [Objection::CertificateNotValid { .. }]));

    let name = good.domain.as_str();
    let asked = |domain: Domain, taken: &[(String, String)]| {
        let domains = [root("contoso.com"), domain];
        objections_of_entra(&good, &domains, Some("old"), taken)
    };
    assert_eq!(asked(root(name), &[]), []);
    assert_eq!(asked(root("other.example"), &[]), [Objection::NotThere]);
    let unverified = Domain {
        is_verified: false,
        is_default: true,
        ..root(name)
    };
    assert_eq!(
        asked(unverified, &[]),
        [Objection::NotVerified, Objection::Default]
    );
    let below = Domain {
        is_root: false,
        ..root(name)
    };
    assert_eq!(
        asked(below, &[]),
        [Objection::NotPromoted {
            root: Some("contoso.com".to_owned())
        }]
    );
    let federated = Domain {
        authentication_type: AuthenticationType::Federated,
        ..root(name)
    };
    assert_eq!(
        asked(federated, &[]),
        [Objection::Federated {
            issuer: Some("old".to_owned())
        }]
    );
    let issuer = good.configuration.issuer_uri.clone().unwrap();
    let taken = [
        (name.to_owned(), issuer.clone()),
        ("b.example".to_owned(), issuer),
    ];
    assert_eq!(
        asked(root(name), &taken),
        [Objection::IssuerTaken {
            by: "b.example".to_owned()
        }]
    );
}

#[test]
fn another_cloud_wants_another_relying_party() {
    let config = config("cloud = \"china\"\n");
    let wanted = wanted(&config);
    let found = objections(&config, &wanted, &[], OffsetDateTime::now_utc());
    let entity_id = "urn:federation:partner.microsoftonline.cn";
    assert_eq!(found, [Objection::NoRelyingParty { entity_id }]);
}

/// What somebody has changed at Entra.
type Change = fn(&mut FederationConfiguration);

#[test]
fn each_property_is_compared() {
    let wanted = wanted(&config("protocol = \"ws-federation\"\n"));
    let same = wanted.configuration.clone();
    let status = DomainStatus::of(&wanted, Some(&same));
    assert!(status.good, "{status:?}");
    assert!(!DomainStatus::of(&wanted, None).good);

    let changes: [(&str, Change); 12] = [
        ("issuerUri", |it| {
            it.issuer_uri = it.issuer_uri.as_ref().map(|it| format!("{it}/"));
        }),
        ("preferredAuthenticationProtocol", |it| {
            it.preferred_authentication_protocol = Some("saml".to_owned());
        }),
        ("passiveSignInUri", |it| it.passive_sign_in_uri = None),
        ("signOutUri", |it| it.sign_out_uri = None),
        ("activeSignInUri", |it| {
            it.active_sign_in_uri = Some("https://x".to_owned());
        }),
        ("metadataExchangeUri", |it| {
            it.metadata_exchange_uri = Some("https://x".to_owned());
        }),
        ("federatedIdpMfaBehavior", |it| {
            it.federated_idp_mfa_behavior = None;
        }),
        ("isSignedAuthenticationRequestRequired", |it| {
            it.is_signed_authentication_request_required = Some(true);
        }),
        ("promptLoginBehavior", |it| {
            it.prompt_login_behavior = Some("disabled".to_owned());
        }),
        ("displayName", |it| {
            it.display_name = Some("Another".to_owned());
        }),
        ("signingCertificate", |it| {
            it.signing_certificate = Some("no".to_owned());
        }),
        ("nextSigningCertificate", |it| {
            it.next_signing_certificate = None;
        }),
    ];
    assert_eq!(status.fields.len(), changes.len());
    for (name, change) in changes {
        let mut found = same.clone();
        change(&mut found);
        let status = DomainStatus::of(&wanted, Some(&found));
        let differs = status.fields.iter().filter(|field| !field.same);
        let differs: Vec<_> = differs
            .map(|field| (field.name, field.means.is_some()))
            .collect();
        assert_eq!(differs, [(name, true)]);
    }
    // What Graph leaves out is what it is without.
    let mut quiet = same;
    quiet.is_signed_authentication_request_required = None;
    quiet.active_sign_in_uri = Some(String::new());
    assert!(DomainStatus::of(&wanted, Some(&quiet)).good);
}

#[test]
fn a_certificate_that_is_trusted_and_not_ours_is_told() {
    let config = config("");
    let key = create_signing_key("current", 30).unwrap();
    let wanted = Wanted::of(&config, &KeyRing::new(key.signer, None)).remove(0);
    let stranger = create_signing_key("stranger", 30).unwrap();
    let mut found = wanted.configuration.clone();
    found.next_signing_certificate = Some(stranger.signer.certificate().base64().to_owned());
    let status = DomainStatus::of(&wanted, Some(&found));
    assert!(!status.good);
    let next = status.fields.last().unwrap();
    assert_eq!(
        next.means,
        Some("Entra trusts a certificate that is not ours")
    );
    found.next_signing_certificate = found.signing_certificate.clone();
    assert!(DomainStatus::of(&wanted, Some(&found)).good);
}

#[test]
fn the_script_is_written_as_it_stands_in_the_golden_file() {
    let mut config = config(
        "protocol = \"ws-federation\"\ncloud = \"us-government\"\n\
         brand = \"Contoso's \u{2018}partners\u{2019}\"\n",
    );
    config.edge.ws_trust = true;
    let mut wanted = wanted(&config);
    wanted.configuration.signing_certificate = Some("MIIC+a/b==".to_owned());
    wanted.configuration.next_signing_certificate = Some("MIIC+c/d==".to_owned());
    let script = script(config.entra.terms.cloud, &[wanted]);
    assert_eq!(script, include_str!("golden/federate.ps1"));
}
