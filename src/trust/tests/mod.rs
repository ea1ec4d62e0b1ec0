//! A person, and relying parties to tell about her.

mod parties;
mod properties;
mod rules;
mod trusts;

use super::*;
use crate::{directory::Dn, realm::DomainName};

const EMAIL_ADDRESS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";

fn consumers() -> Vec<AssertionConsumerService> {
    vec![AssertionConsumerService {
        index: 0,
        url: "https://rp.test:8443/acs".into(),
    }]
}

fn party(entity_id: &str) -> RelyingParty {
    RelyingParty::entra(entity_id, consumers()).unwrap()
}

fn of(preset: Preset) -> RelyingParty {
    RelyingParty::new(preset, "rp", consumers()).unwrap()
}

fn domain(suffix: &str, issuer: &str) -> FederatedDomain {
    FederatedDomain {
        suffix: DomainName::parse(suffix).unwrap(),
        issuer: issuer.into(),
    }
}

fn wendy() -> Subject {
    Subject {
        sign_in_name: "wmoran@fabrikam.com".into(),
        immutable_id: "AAAA".into(),
        cloud_upn: "wmoran@partners.contoso.com".into(),
        display_name: Some("Wendy Moran".into()),
        suffix: "partners.contoso.com".into(),
        particulars: Particulars {
            external: true,
            groups: vec!["cn=editors,dc=contoso".into(), "cn=staff,dc=contoso".into()],
            attributes: vec![("department".into(), vec!["HR".into(), "IT".into()])],
            ..Particulars::default()
        }
        .kept(),
    }
}

fn by_upn() -> Subject {
    let mut wendy = wendy();
    wendy.particulars = None;
    wendy
}

fn attribute(name: &str) -> ClaimSource {
    ClaimSource::Attribute(ToldAttribute::parse(name).unwrap())
}

fn constant(values: &[&str]) -> ClaimSource {
    ClaimSource::Constant(values.iter().map(ToString::to_string).collect())
}

fn group(name: &str) -> KeyedDn {
    let dn: Dn = format!("CN={name},DC=contoso").parse().unwrap();
    dn.into()
}

fn in_group(name: &str) -> Condition {
    Condition::new(vec![Test::Group(vec![group(name)])]).unwrap()
}

/// Inside, with a password that ends within a week and a half.
fn expiring() -> Circumstances {
    Circumstances {
        inside_corporate_network: Some(true),
        expiring_password: Some(ExpiringPassword {
            left: std::time::Duration::from_secs(11 * 24 * 60 * 60 - 1),
            change_url: Some("https://idp.test/password".into()),
        }),
    }
}

/// Names and values.
fn plain(claims: &[Claim<'_>]) -> Vec<(String, Vec<String>)> {
    claims
        .iter()
        .map(|claim| {
            let values = claim.values().iter().map(ToString::to_string);
            (claim.name.to_owned(), values.collect())
        })
        .collect()
}
