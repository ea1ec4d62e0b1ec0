use super::*;
use crate::entra::fixture::{
    CURRENT, ISSUER, contoso, domain, federated, federation, inherited, managed, user,
};

fn tenant(domains: Vec<Domain>, users: Vec<User>) -> Result<Tenant, TenantError> {
    Tenant::new(domain("contoso.onmicrosoft.com"), domains, users)
}

fn partners() -> Domain {
    federated(
        "partners.contoso.com",
        federation(ISSUER, CURRENT.certificate()),
    )
}

fn refusal(domains: Vec<Domain>, users: Vec<User>) -> TenantError {
    tenant(domains, users).unwrap_err()
}

#[test]
fn the_first_domain_is_below_onmicrosoft_com_and_stays_managed() {
    let named = |name| Tenant::new(domain(name), vec![], vec![]);
    assert_eq!(
        named("contoso.com").unwrap_err(),
        TenantError::NotAnInitialDomain(domain("contoso.com"))
    );
    let other = federated(
        "other.onmicrosoft.com",
        federation(ISSUER, CURRENT.certificate()),
    );
    assert_eq!(
        refusal(vec![other], vec![]),
        TenantError::CannotFederate(domain("other.onmicrosoft.com"))
    );
    assert_eq!(
        refusal(vec![managed("contoso.onmicrosoft.com")], vec![]),
        TenantError::DomainTwice(domain("contoso.onmicrosoft.com"))
    );
}

#[test]
fn an_issuer_belongs_to_one_domain() {
    let vendors = federated("vendors.example", federation(ISSUER, CURRENT.certificate()));
    assert_eq!(
        refusal(vec![partners(), vendors], vec![]),
        TenantError::IssuerTwice {
            issuer: ISSUER.to_owned(),
            first: domain("partners.contoso.com"),
            second: domain("vendors.example"),
        }
    );
    for bad in ["", "https://idp.contoso.com/ partners", "a\u{7}"] {
        let domain_with_it = federated("a.example", federation(bad, CURRENT.certificate()));
        assert_eq!(
            refusal(vec![domain_with_it], vec![]),
            TenantError::BadIssuer(domain("a.example")),
            "{bad:?}"
        );
    }
}

#[test]
fn addresses_are_https() {
    type Change = fn(&mut InternalDomainFederation, String);
    let properties: [(&str, Change); 3] = [
        ("passiveSignInUri", |it, bad| it.passive_sign_in_uri = bad),
        ("activeSignInUri", |it, bad| {
            it.active_sign_in_uri = Some(bad);
        }),
        ("metadataExchangeUri", |it, bad| {
            it.metadata_exchange_uri = Some(bad);
        }),
    ];
    for bad in [
        "http://idp.contoso.com/",
        "/saml2/sso",
        "https://idp.contoso.com/#a",
        "https://user@idp.contoso.com/",
        "",
    ] {
        for (property, change) in properties {
            let mut federation = federation(ISSUER, CURRENT.certificate());
            change(&mut federation, bad.to_owned());
            assert_eq!(
                refusal(vec![federated("a.example", federation)], vec![]),
                TenantError::BadAddress {
                    property,
                    domain: domain("a.example")
                },
                "{bad:?}"
            );
        }
    }
}

#[test]
fn a_subdomain_inherits_from_the_nearest_domain_above() {
    let tenant = contoso();
    let root = |name| {
        tenant
            .root_of(&domain(name))
            .map(|root| root.name.to_string())
    };
    assert_eq!(
        root("emea.partners.contoso.com").as_deref(),
        Some("partners.contoso.com")
    );
    assert_eq!(
        root("partners.contoso.com").as_deref(),
        Some("partners.contoso.com")
    );
    assert_eq!(root("fabrikam.com"), None);
    assert_eq!(
        refusal(vec![inherited("emea.partners.contoso.com")], vec![]),
        TenantError::NothingToInherit(domain("emea.partners.contoso.com"))
    );
}

#[test]
fn users_have_their_own_names_and_anchors_in_verified_domains() {
    let wendy = || {
        user(
            "wmoran@partners.contoso.com",
            Some("wmoran@fabrikam.com"),
            Some("anchor"),
        )
    };
    let upn = wendy().user_principal_name;
    assert_eq!(
        refusal(vec![], vec![wendy()]),
        TenantError::DomainNotVerified(upn.clone())
    );
    let same_upn = user("WMoran@partners.contoso.com", None, Some("other"));
    assert_eq!(
        refusal(vec![partners()], vec![wendy(), same_upn]),
        TenantError::UserPrincipalNameTwice(upn.clone())
    );
    let same_anchor = user("emil@partners.contoso.com", None, Some("anchor"));
    assert_eq!(
        refusal(vec![partners()], vec![wendy(), same_anchor.clone()]),
        TenantError::ImmutableIdTwice(same_anchor.user_principal_name)
    );
    let without = user("wmoran@partners.contoso.com", None, None);
    assert_eq!(
        refusal(vec![partners()], vec![without]),
        TenantError::ImmutableIdMissing(upn)
    );
    let case_differs = user("emil@partners.contoso.com", None, Some("ANCHOR"));
    assert!(tenant(vec![partners()], vec![wendy(), case_differs]).is_ok());
}

#[test]
fn a_federation_takes_answers_by_its_own_protocols() {
    use PreferredAuthenticationProtocol::{Saml, WsFed};
    for (preferred, protocol, taken) in [
        (Saml, Protocol::Saml, true),
        (Saml, Protocol::WsFederation, false),
        (Saml, Protocol::WsTrust, false),
        (WsFed, Protocol::Saml, false),
        (WsFed, Protocol::WsFederation, true),
        (WsFed, Protocol::WsTrust, true),
    ] {
        assert_eq!(preferred.takes(protocol), taken, "{preferred} {protocol}");
    }
}
