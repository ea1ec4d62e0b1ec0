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
    let properties: [(&str, Change); 4] = [
        ("signOutUri", |it, bad| it.sign_out_uri = Some(bad)),
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

fn build(change: impl FnOnce(&mut TenantParts)) -> Result<Tenant, TenantError> {
    let mut parts = contoso().parts();
    change(&mut parts);
    Tenant::build(parts)
}

#[test]
fn a_tenant_can_be_taken_apart_and_put_together() {
    let again = build(|_| ()).unwrap();
    assert_eq!(format!("{again:?}"), format!("{:?}", contoso()));
    assert_eq!(again.id(), contoso().id());
}

#[test]
fn the_default_domain_stays_managed() {
    let default = |name: &str| build(|parts| parts.default_domain = Some(domain(name)));
    assert_eq!(
        default("contoso.com").unwrap().default_domain(),
        &domain("contoso.com")
    );
    assert_eq!(
        default("partners.contoso.com").unwrap_err(),
        TenantError::DefaultCannotFederate(domain("partners.contoso.com"))
    );
    assert_eq!(
        default("adatum.com").unwrap_err(),
        TenantError::DefaultNotVerified(domain("adatum.com"))
    );
}

#[test]
fn policies_name_what_is_there() {
    let preferred = |name: &str| {
        build(|parts| parts.home_realm_discovery.preferred_domain = Some(domain(name)))
    };
    assert!(preferred("emea.partners.contoso.com").is_ok());
    for bad in ["contoso.com", "adatum.com"] {
        assert_eq!(
            preferred(bad).unwrap_err(),
            TenantError::PreferredDomain(domain(bad))
        );
    }
    let enumerated = |name: &str| {
        let domain_names = vec![domain("contoso.com"), domain(name)];
        build(|parts| parts.validating_domains = ValidatingDomains::Enumerated { domain_names })
    };
    assert!(enumerated("vendors.example").is_ok());
    for bad in ["emea.partners.contoso.com", "adatum.com"] {
        assert_eq!(
            enumerated(bad).unwrap_err(),
            TenantError::NotARoot(domain(bad))
        );
    }
}

#[test]
fn what_is_not_simulated_is_refused() {
    let passwords = |parts: &mut TenantParts| {
        parts.home_realm_discovery.allow_cloud_password_validation = true;
    };
    assert!(matches!(
        build(passwords).unwrap_err(),
        TenantError::NotSimulated { .. }
    ));
}

#[test]
fn ids_and_proxy_addresses_belong_to_one_user() {
    let addresses = |texts: &[&str]| {
        let read = |text: &&str| ProxyAddress::try_from((*text).to_owned()).unwrap();
        texts.iter().map(read).collect::<Vec<_>>()
    };
    let with = |mine: &[&str], others: &[&str]| {
        build(|parts| {
            let [first, second, ..] = parts.users.as_mut_slice() else {
                panic!("Contoso has users")
            };
            first.proxy_addresses = addresses(others);
            second.proxy_addresses = addresses(mine);
        })
    };
    assert!(
        with(
            &["SMTP:a@contoso.com", "smtp:b@contoso.com", "sip:x"],
            &["sip:x"]
        )
        .is_ok()
    );
    for (mine, others) in [
        (vec!["SMTP:a@contoso.com", "SMTP:b@contoso.com"], vec![]),
        (vec!["SMTP:a@contoso.com", "smtp:A@contoso.com"], vec![]),
        (vec!["smtp:a@contoso.com"], vec!["SMTP:A@contoso.com"]),
    ] {
        let refused = with(&mine, &others).unwrap_err();
        assert!(
            matches!(refused, TenantError::ProxyAddressTwice(_)),
            "{mine:?}"
        );
    }
    let same_id = build(|parts| {
        let [first, second, ..] = parts.users.as_mut_slice() else {
            panic!("Contoso has users")
        };
        second.id = first.id.clone();
    });
    assert!(matches!(same_id, Err(TenantError::IdTwice(_))));
}

#[test]
fn proxy_addresses_have_a_kind() {
    let read = |text: &str| ProxyAddress::try_from(text.to_owned());
    let mail = |text: &str| crate::entra::fixture::name(text);
    assert_eq!(
        read("SMTP:a@b.example"),
        Ok(ProxyAddress::Primary(mail("a@b.example")))
    );
    assert_eq!(
        read("smtp:a@b.example"),
        Ok(ProxyAddress::Secondary(mail("a@b.example")))
    );
    for text in ["SMTP:a@b.example", "smtp:a@b.example", "x500:/o=a:b"] {
        assert_eq!(String::from(read(text).unwrap()), text);
    }
    for bad in ["", "a@b.example", ":a@b.example", "smtp:", "smtp:a", "sip:"] {
        assert!(read(bad).is_err(), "{bad:?}");
    }
}
