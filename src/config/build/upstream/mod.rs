//! `[[upstream]]`: whose addresses it may assert, and how it is spoken to.

mod openid;
mod saml2;

pub(in crate::config) use openid::OpenIdFiles;
pub(in crate::config) use saml2::Saml2Files;

use std::{collections::HashSet, path::Path};

use toml::Spanned;

use crate::{
    realm::EmailAddress,
    upstream::{SpeaksFor, Terms},
};

use super::{
    super::{ConfigError, UpstreamFile, error::Source, file},
    domain,
};

/// How an upstream is spoken to, certificates and secrets still files.
#[derive(Debug)]
pub(in crate::config) enum Protocol {
    Saml2(Saml2Files),
    OpenId(OpenIdFiles),
}

pub(super) fn build(
    upstreams: &[file::Upstream],
    base_url: &str,
    source: Source<'_>,
    folder: &Path,
) -> Result<Vec<UpstreamFile>, ConfigError> {
    let mut names = HashSet::new();
    let mut built: Vec<UpstreamFile> = Vec::with_capacity(upstreams.len());
    for upstream in upstreams {
        let terms = terms(upstream, source)?;
        if !names.insert(terms.name.clone()) {
            let message = format!("there are two upstreams of the name {:?}", terms.name);
            return Err(source.invalid(upstream.name.span(), message));
        }
        // Else whichever is weaker could sign the other's people in.
        if let Some(other) = built
            .iter()
            .find(|other| overlap(&other.terms.speaks_for, &terms.speaks_for))
        {
            let message = format!(
                "{:?} and {:?} speak for the same address; one upstream alone may",
                other.terms.name, terms.name
            );
            return Err(source.invalid(upstream.name.span(), message));
        }
        let protocol = match (&upstream.saml2, &upstream.openid) {
            (Some(saml2), None) => Protocol::Saml2(saml2::build(saml2, base_url, source, folder)?),
            (None, Some(openid)) => {
                Protocol::OpenId(openid::build(openid, base_url, source, folder)?)
            }
            _ => {
                return Err(source.invalid(
                    upstream.name.span(),
                    "an [[upstream]] is spoken to by saml2 = { .. } or by openid = { .. }",
                ));
            }
        };
        built.push(UpstreamFile { terms, protocol });
    }
    Ok(built)
}

fn terms(upstream: &file::Upstream, source: Source<'_>) -> Result<Terms, ConfigError> {
    let name = upstream.name.as_ref();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
        return Err(source.invalid(
            upstream.name.span(),
            "the name of an upstream has 1 to 64 letters, digits, '-', '_' or '.'",
        ));
    }
    let domains = upstream.email_domains.iter();
    let addresses = upstream.addresses.iter();
    let speaks_for = SpeaksFor {
        domains: domains
            .map(|one| domain(one, source))
            .collect::<Result<_, _>>()?,
        addresses: addresses
            .map(|one| address(one, source))
            .collect::<Result<_, _>>()?,
    };
    if speaks_for.domains.is_empty() && speaks_for.addresses.is_empty() {
        return Err(source.invalid(
            upstream.name.span(),
            "email_domains or addresses say whose addresses an [[upstream]] may assert",
        ));
    }
    Ok(Terms {
        name: name.clone(),
        display_name: upstream.display_name.clone().unwrap_or(name.clone()),
        speaks_for,
        trusted_for_mfa: upstream.trusted_for_mfa,
    })
}

/// Whether some address is both's.
fn overlap(a: &SpeaksFor, b: &SpeaksFor) -> bool {
    let shares_domain =
        |domain| b.domains.contains(domain) || b.addresses.iter().any(|one| one.domain() == domain);
    a.domains.iter().any(shares_domain) || a.addresses.iter().any(|one| b.covers(one))
}

fn address(text: &Spanned<String>, source: Source<'_>) -> Result<EmailAddress, ConfigError> {
    EmailAddress::parse(text.as_ref())
        .map_err(|error| source.invalid(text.span(), format!("{:?}: {error}", text.as_ref())))
}
