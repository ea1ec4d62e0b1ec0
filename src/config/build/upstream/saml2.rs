//! `saml2` of an `[[upstream]]`.

use std::path::{Path, PathBuf};

use time::Duration;
use toml::Spanned;

use crate::{
    saml2::ServiceProvider,
    upstream::{
        SAML2_ANSWERS, SAML2_METADATA,
        saml2::{AddressSource, Described, LoginHint, Partner, Saml2, Settings},
    },
};

use super::super::{
    super::{ConfigError, error::Source, file, read_certificate},
    https_url, is_absolute_uri,
    metadata::{self, MetadataFiles},
    seconds,
};

/// Its settings, certificates still files.
#[derive(Debug)]
pub(in crate::config) struct Saml2Files {
    entity_id: String,
    settings: Settings,
    /// Where it is and what it signs with; `None` where its metadata says that.
    known: Option<Known>,
    pub(in crate::config) metadata: Option<MetadataFiles>,
}

#[derive(Debug)]
struct Known {
    single_sign_on: String,
    /// Never empty.
    certificates: Vec<PathBuf>,
}

/// What Shibboleth and most others call it, and what AD FS and Entra do.
const SEVERAL_FACTORS: [&str; 2] = [
    "https://refeds.org/profile/mfa",
    "http://schemas.microsoft.com/claims/multipleauthn",
];

pub(super) fn build(
    table: &Spanned<file::UpstreamSaml2>,
    base_url: &str,
    source: Source<'_>,
    folder: &Path,
) -> Result<Saml2Files, ConfigError> {
    let saml2 = table.as_ref();
    let metadata = saml2.metadata.as_ref();
    let metadata = metadata.map(|metadata| metadata::build(metadata, source, folder));
    let skew = saml2.clock_skew_seconds.as_ref();
    let skew = skew
        .map(|skew| seconds(skew, 0..=600, source))
        .transpose()?;
    let skew = skew.map_or(60, |skew| skew.as_secs());
    Ok(Saml2Files {
        entity_id: entity_id(&saml2.entity_id, source)?,
        settings: Settings {
            service_provider: ServiceProvider {
                entity_id: match &saml2.own_entity_id {
                    Some(own) => entity_id(own, source)?,
                    None => format!("{base_url}{SAML2_METADATA}"),
                },
                consumer: format!("{base_url}{SAML2_ANSWERS}"),
            },
            address: match &saml2.address {
                file::UpstreamAddress::NameId => AddressSource::NameId,
                file::UpstreamAddress::Attribute(name) => AddressSource::Attribute(name.clone()),
            },
            login_hint: match saml2.login_hint {
                file::UpstreamLoginHint::Parameter => LoginHint::Parameter,
                file::UpstreamLoginHint::Subject => LoginHint::Subject,
                file::UpstreamLoginHint::Off => LoginHint::Off,
            },
            several_factors: match &saml2.several_factors {
                Some(list) => list.clone(),
                None => SEVERAL_FACTORS.map(str::to_owned).to_vec(),
            },
            clock_skew: Duration::seconds(i64::try_from(skew).unwrap_or(60)),
        },
        known: known(table, source, folder)?,
        metadata: metadata.transpose()?,
    })
}

fn entity_id(text: &Spanned<String>, source: Source<'_>) -> Result<String, ConfigError> {
    if is_absolute_uri(text.as_ref()) {
        return Ok(text.as_ref().clone());
    }
    let message = format!("{:?} is not an absolute URI", text.as_ref());
    Err(source.invalid(text.span(), message))
}

/// Either its metadata says where it is and what it signs with, or the configuration does.
fn known(
    table: &Spanned<file::UpstreamSaml2>,
    source: Source<'_>,
    folder: &Path,
) -> Result<Option<Known>, ConfigError> {
    let saml2 = table.as_ref();
    let certificates = saml2.certificates.as_ref().map(|list| &list.0);
    match (&saml2.metadata, &saml2.single_sign_on_service, certificates) {
        (Some(_), None, None) => Ok(None),
        (None, Some(address), Some(certificates)) if !certificates.is_empty() => {
            https_url(address.as_ref(), address.span(), source)?;
            Ok(Some(Known {
                single_sign_on: address.as_ref().clone(),
                certificates: certificates.iter().map(|path| folder.join(path)).collect(),
            }))
        }
        (Some(metadata), ..) => Err(source.invalid(
            metadata.span(),
            "single_sign_on_service and certificates are in the metadata: it is one or the other",
        )),
        _ => Err(source.invalid(
            table.span(),
            "saml2 needs metadata, or single_sign_on_service and certificates",
        )),
    }
}

impl Saml2Files {
    pub(in crate::config) fn load(&self) -> Result<Saml2, ConfigError> {
        let partner = match &self.known {
            None => Partner::awaiting_metadata(&self.entity_id),
            Some(known) => {
                let described = Described {
                    single_sign_on: known.single_sign_on.clone(),
                    keys: known
                        .certificates
                        .iter()
                        .map(|path| Ok(read_certificate(path)?.public_key().clone()))
                        .collect::<Result<_, ConfigError>>()?,
                };
                Partner::known(&self.entity_id, described)
            }
        };
        Ok(Saml2::new(self.settings.clone(), partner))
    }
}
