//! How names are mapped to accounts: attributes, scopes, domains, ImmutableID.

use toml::Spanned;

use crate::{
    directory::{self, Dn},
    realm::{self, FederatedDomain, ImmutableIdEncoding, ImmutableIdSource, Mapping},
};

use super::{
    super::{
        super::{ConfigError, error::Source, file},
        domain, seconds,
    },
    dn,
};

pub(super) fn build(
    file: &file::Directory,
    base: &Dn,
    domains: &[FederatedDomain],
    source: Source<'_>,
) -> Result<Mapping, ConfigError> {
    let domain_list = |list: &[Spanned<String>]| {
        list.iter()
            .map(|text| domain(text, source))
            .collect::<Result<Vec<_>, _>>()
    };
    let dn_list = |list: &[Spanned<String>]| {
        list.iter()
            .map(|text| dn(text, source))
            .collect::<Result<Vec<_>, _>>()
    };
    let scopes = match &file.scope {
        None => vec![base.clone()],
        Some(scope) => dn_list(scope)?,
    };
    let attributes = &file.sign_in_attributes;
    if attributes.as_ref().is_empty() || scopes.is_empty() {
        return Err(source.invalid(
            attributes.span(),
            "sign_in_attributes and scope must not be empty",
        ));
    }
    let immutable_id = file.immutable_id.as_ref();
    Ok(Mapping {
        sign_in_attributes: attributes
            .as_ref()
            .iter()
            .map(|attribute| sign_in_attribute(*attribute))
            .collect(),
        immutable_id: immutable_id
            .map(|id| self::immutable_id(id, source))
            .transpose()?
            .unwrap_or_default(),
        federated_domains: domains.to_vec(),
        scopes,
        email_domains: file.email_domains.as_deref().map(domain_list).transpose()?,
        refused_groups: dn_list(&file.refuse_groups)?,
        own_domains: domain_list(&file.own_domains)?,
        allow_own_domains: file.permit_own_domains,
        allow_privileged: file.permit_privileged_accounts,
        // What the trusts need, once they are known.
        told_attributes: Vec::new(),
        password_expiry: false,
        cache_lifetime: seconds(&file.mapping_cache_seconds, 0..=3600, source)?,
        cache_capacity: Mapping::CACHE_CAPACITY,
    })
}

fn sign_in_attribute(attribute: file::SignInAttribute) -> realm::SignInAttribute {
    match attribute {
        file::SignInAttribute::Mail => realm::SignInAttribute::Mail,
        file::SignInAttribute::ProxyAddresses => realm::SignInAttribute::ProxyAddresses,
        file::SignInAttribute::UserPrincipalName => realm::SignInAttribute::UserPrincipalName,
        file::SignInAttribute::SamAccountName => realm::SignInAttribute::SamAccountName,
    }
}

fn immutable_id(
    id: &Spanned<file::ImmutableId>,
    source: Source<'_>,
) -> Result<ImmutableIdSource, ConfigError> {
    let attribute = |name: &str, encoding| {
        let name = directory::Attribute::parse(name)
            .map_err(|error| source.invalid(id.span(), format!("{name:?}: {error}")))?;
        Ok::<_, ConfigError>(ImmutableIdSource::Attribute { name, encoding })
    };
    Ok(match id.as_ref() {
        file::ImmutableId::ConsistencyGuidThenObjectGuid => {
            ImmutableIdSource::ConsistencyGuidThenObjectGuid
        }
        file::ImmutableId::ObjectGuid => ImmutableIdSource::ObjectGuid,
        file::ImmutableId::TextAttribute(name) => attribute(name, ImmutableIdEncoding::Text)?,
        file::ImmutableId::BinaryAttribute(name) => attribute(name, ImmutableIdEncoding::Base64)?,
    })
}
