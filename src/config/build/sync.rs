//! `[sync]`.

use toml::Spanned;

use crate::{
    directory::{Attribute, Dn},
    entra,
    realm::FederatedDomain,
    sync::{GuestRules, Terms},
};

use super::{
    super::{ConfigError, error::Source, file},
    domain,
};

pub(super) fn build(
    sync: &file::Sync,
    domains: &[FederatedDomain],
    source: Source<'_>,
) -> Result<Terms, ConfigError> {
    let list = |names: &[Spanned<String>]| {
        let names = names.iter().map(|name| domain(name, source));
        names.collect::<Result<Vec<_>, _>>()
    };
    let upn_suffixes = match &sync.guest_upn_suffixes {
        None => domains.iter().map(|one| one.suffix.clone()).collect(),
        Some(suffixes) => list(suffixes)?,
    };
    let units = sync.guest_units.iter().map(|unit| {
        let dn = unit.as_ref().parse::<Dn>();
        dn.map_err(|error| source.invalid(unit.span(), format!("{:?}: {error}", unit.as_ref())))
    });
    Ok(Terms {
        tenant: (sync.tenant.as_ref().map(|name| tenant(name, source))).transpose()?,
        verified_domains: list(&sync.verified_domains)?,
        guests: GuestRules {
            attribute: (sync.user_type_attribute.as_ref())
                .map(|name| attribute(name, source))
                .transpose()?,
            upn_suffixes,
            units: units.collect::<Result<_, _>>()?,
        },
        federated_domains: domains.to_vec(),
    })
}

fn tenant(name: &Spanned<String>, source: Source<'_>) -> Result<entra::DomainName, ConfigError> {
    let text = name.as_ref();
    match entra::DomainName::parse(text) {
        Ok(domain) if domain.as_str().ends_with(".onmicrosoft.com") => Ok(domain),
        _ => Err(source.invalid(
            name.span(),
            format!("{text:?} is not of the form name.onmicrosoft.com"),
        )),
    }
}

fn attribute(name: &Spanned<String>, source: Source<'_>) -> Result<Attribute, ConfigError> {
    let text = name.as_ref();
    Attribute::parse(text)
        .map_err(|error| source.invalid(name.span(), format!("{text:?}: {error}")))
}
