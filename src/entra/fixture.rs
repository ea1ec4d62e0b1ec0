//! The tenant that this room's tests sign in to: Contoso, with a partner domain of its own.

use std::sync::LazyLock;

use super::{
    Authentication, Domain, DomainName, ImmutableId, InternalDomainFederation, SignInName, Tenant,
    User, UserType,
};
use crate::keys::{Certificate, Signer, create_signing_key};

/// Issuer of partners.contoso.com.
pub(crate) const ISSUER: &str = "https://idp.contoso.com/partners";
/// Issuer of the second federated domain, vendors.example.
pub(crate) const OTHER_ISSUER: &str = "https://idp.contoso.com/vendors";
/// Wendy's source anchor; its octets read the other way round are `ABEiM0RVZneImaq7zN3u/w==`.
pub(crate) const WENDYS_ANCHOR: &str = "MyIRAFVEd2aImaq7zN3u/w==";

/// The key registered as signingCertificate.
pub(crate) static CURRENT: LazyLock<Signer> = LazyLock::new(|| signer("current"));
/// The key registered as nextSigningCertificate.
pub(crate) static NEXT: LazyLock<Signer> = LazyLock::new(|| signer("next"));
/// A key that nobody registered.
pub(crate) static STRANGER: LazyLock<Signer> = LazyLock::new(|| signer("stranger"));

fn signer(name: &str) -> Signer {
    create_signing_key(name, 30).unwrap().signer
}

pub(crate) fn domain(name: &str) -> DomainName {
    DomainName::parse(name).unwrap()
}

pub(crate) fn name(text: &str) -> SignInName {
    SignInName::parse(text).unwrap()
}

pub(crate) fn federation(issuer: &str, certificate: &Certificate) -> InternalDomainFederation {
    InternalDomainFederation {
        display_name: "Contoso partners".to_owned(),
        issuer_uri: issuer.to_owned(),
        passive_sign_in_uri: "https://idp.contoso.com/saml2/sso".to_owned(),
        signing_certificate: certificate.clone(),
        next_signing_certificate: None,
    }
}

pub(crate) fn federated(name: &str, federation: InternalDomainFederation) -> Domain {
    Domain {
        name: domain(name),
        authentication: Authentication::Federated(Box::new(federation)),
    }
}

pub(crate) fn managed(name: &str) -> Domain {
    Domain {
        name: domain(name),
        authentication: Authentication::Managed,
    }
}

pub(crate) fn inherited(name: &str) -> Domain {
    Domain {
        name: domain(name),
        authentication: Authentication::Inherited,
    }
}

pub(crate) fn user(upn: &str, email: Option<&str>, anchor: Option<&str>) -> User {
    User {
        user_principal_name: name(upn),
        on_premises_user_principal_name: email.map(name),
        on_premises_immutable_id: anchor.map(|anchor| ImmutableId::parse(anchor).unwrap()),
        user_type: UserType::Guest,
        display_name: upn.split('@').next().unwrap().to_owned(),
    }
}

pub(crate) fn partners() -> InternalDomainFederation {
    InternalDomainFederation {
        next_signing_certificate: Some(NEXT.certificate().clone()),
        ..federation(ISSUER, CURRENT.certificate())
    }
}

pub(crate) fn contoso() -> Tenant {
    let domains = vec![
        managed("contoso.com"),
        federated("partners.contoso.com", partners()),
        inherited("emea.partners.contoso.com"),
        federated(
            "vendors.example",
            federation(OTHER_ISSUER, CURRENT.certificate()),
        ),
    ];
    let users = vec![
        user(
            "wmoran@partners.contoso.com",
            Some("wmoran@fabrikam.com"),
            Some(WENDYS_ANCHOR),
        ),
        user(
            "alex@partners.contoso.com",
            Some("shared@fabrikam.com"),
            Some("alex"),
        ),
        user(
            "alexandra@partners.contoso.com",
            Some("shared@fabrikam.com"),
            Some("alexandra"),
        ),
        user(
            "emil@emea.partners.contoso.com",
            Some("emil@nordwind.example"),
            Some("emil"),
        ),
        user(
            "vera@vendors.example",
            Some("vera@fabrikam.com"),
            Some("vera"),
        ),
        user(
            "mia@contoso.com",
            Some("mia@corp.contoso.example"),
            Some("mia"),
        ),
        user(
            "fallen@contoso.onmicrosoft.com",
            Some("fallen@fabrikam.com"),
            Some("fallen"),
        ),
        user("admin@contoso.onmicrosoft.com", None, None),
    ];
    Tenant::new(domain("contoso.onmicrosoft.com"), domains, users).unwrap()
}
