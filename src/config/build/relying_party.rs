//! `[[relying_party]]`.

use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::{
    http::FormTarget,
    metadata::{SignatureTerms, Terms},
    saml1::ClaimType,
    trust::{
        AssertionConsumerService, LogoutAddress, LogoutBinding, Preset, Protocol, RelyingParty,
        RequestKeys, SingleLogout, TokenVersion,
    },
};

use super::{
    super::{ConfigError, RelyingPartyFile, SecretSource, error::Source, file, read_certificate},
    claims::{NameId, Names},
    encryption, https_url, is_absolute_uri, metadata, minutes, seconds,
};

/// How requests are authenticated, the certificates still files.
#[derive(Debug)]
pub(in crate::config) enum Signatures {
    NotVerified,
    WhenPresent(KeyFiles),
    Required(KeyFiles),
}

#[derive(Debug)]
pub(in crate::config) struct KeyFiles {
    certificates: Vec<PathBuf>,
    permit_sha1: bool,
}

impl KeyFiles {
    pub(in crate::config) fn load(&self) -> Result<RequestKeys, ConfigError> {
        let keys = self
            .certificates
            .iter()
            .map(|path| Ok(read_certificate(path)?.public_key().clone()))
            .collect::<Result<Vec<_>, ConfigError>>()?;
        RequestKeys::new(keys, self.permit_sha1)
            .ok_or_else(|| ConfigError::Secret("request_certificates".into()))
    }
}

pub(super) fn build(
    party: &file::RelyingParty,
    names: Names<'_>,
    salt: Option<&SecretSource>,
    folder: &Path,
) -> Result<RelyingPartyFile, ConfigError> {
    let source = names.source;
    let consumers = consumers(party, source)?;
    if party.entity_id.as_ref().trim().is_empty() {
        return Err(source.invalid(party.entity_id.span(), "entity_id is empty"));
    }
    let signatures = signatures(party, source, folder)?;
    let preset = match party.preset {
        file::Preset::Entra => Preset::Entra,
        file::Preset::EntraExternal => Preset::EntraExternal,
        file::Preset::Saml2 => Preset::Saml2,
        file::Preset::WsFederation => Preset::WsFederation,
    };
    let encryption = encryption::build(party, preset, source, folder)?;
    let entity_id = party.entity_id.as_ref();
    let described = match (&party.metadata, &consumers) {
        (None, Some(consumers)) => RelyingParty::new(preset, entity_id, consumers.clone()),
        _ => None,
    };
    let mut settings =
        described.unwrap_or_else(|| RelyingParty::awaiting_metadata(preset, entity_id));
    if let Some(name) = &party.display_name {
        settings.display_name.clone_from(name);
    }
    if let Some(audience) = &party.audience {
        settings.audience.clone_from(audience);
    }
    if let Some(protocols) = &party.protocols {
        settings.protocols = self::protocols(protocols, source)?;
    }
    if encryption.is_demanded() && settings.protocols != [Protocol::Saml2] {
        let message = "assertions are encrypted by SAML 2.0 only: this needs \
                       protocols = [\"saml2\"], and no encryption goes with the others";
        return Err(source.invalid(party.entity_id.span(), message));
    }
    settings.ws_federation.token = match party.token {
        file::Token::Saml1 => TokenVersion::Saml1,
        file::Token::Saml2 => TokenVersion::Saml2,
    };
    name_addresses(party, &mut settings, source)?;
    if party.idp_initiated && matches!(preset, Preset::Entra | Preset::EntraExternal) {
        return Err(source.invalid(
            party.entity_id.span(),
            "idp_initiated is not for Entra, which takes answers to its own requests alone; people \
             open what lives there by a link, see [[application]]",
        ));
    }
    settings.idp_initiated = party.idp_initiated;
    settings.told.password_expiry = tells_password_expiry(party, &settings, source)?;
    let single_logout = single_logout(party, source)?;
    if !single_logout.is_unknown() && !settings.speaks(Protocol::Saml2) {
        let span = party.entity_id.span();
        let message = "single_logout_service needs \"saml2\" among the protocols";
        return Err(source.invalid(span, message));
    }
    settings.single_logout = single_logout;
    settings.sign_response = party.sign_response;
    if let Some(lifetime) = &party.assertion_lifetime_minutes {
        settings.assertion_lifetime = minutes(lifetime, 1..=1440, source)?;
    }
    if let Some(skew) = &party.not_before_skew_seconds {
        settings.not_before_skew = seconds(skew, 0..=3600, source)?;
    }
    settings.issuer = issuer(party, preset, names)?;
    if let Some(access) = &party.access {
        settings.access = names.access(access)?;
    }
    for claim in &party.claim {
        names.add_claim(&mut settings, claim)?;
        fits_its_tokens(&settings, &claim.name, source)?;
    }
    let metadata = party.metadata.as_ref().map(|metadata| {
        if !settings.speaks(Protocol::Saml2) {
            let message = "metadata is read for relying parties by SAML 2.0 only";
            return Err(source.invalid(metadata.span(), message));
        }
        let terms = Terms {
            consumers,
            request_signatures: signature_terms(party),
            permit_sha1_requests: party.permit_sha1_requests,
            encryption: encryption.terms,
            content: encryption.content,
        };
        metadata::build(metadata, terms, source, folder)
    });
    Ok(RelyingPartyFile {
        salt: name_id(party, &mut settings, names, salt)?,
        metadata: metadata.transpose()?,
        party: settings,
        signatures,
        encryption,
    })
}

/// Where its answers by WS-Federation go, and what programs call it by WS-Trust.
fn name_addresses(
    party: &file::RelyingParty,
    settings: &mut RelyingParty,
    source: Source<'_>,
) -> Result<(), ConfigError> {
    if let Some(written) = &party.reply_addresses {
        let urls = written.as_ref().iter();
        settings.ws_federation.reply_addresses = urls
            .map(|url| answer_address(url, source))
            .collect::<Result<_, _>>()?;
        if written.as_ref().is_empty() {
            return Err(source.invalid(written.span(), "at least one reply address is needed"));
        }
    }
    if let Some(addresses) = &party.ws_trust_addresses {
        let addresses = addresses.iter().map(|address| {
            let text = address.as_ref();
            if is_absolute_uri(text) {
                return Ok(text.clone());
            }
            Err(source.invalid(address.span(), format!("{text:?} is not an absolute URI")))
        });
        settings.ws_trust_addresses = addresses.collect::<Result<_, _>>()?;
    }
    Ok(())
}

/// The addresses that are written. With metadata there may be none; else there must be one.
fn consumers(
    party: &file::RelyingParty,
    source: Source<'_>,
) -> Result<Option<Vec<AssertionConsumerService>>, ConfigError> {
    let Some(written) = &party.assertion_consumer_services else {
        return match party.metadata {
            Some(_) => Ok(None),
            None => Err(source.invalid(
                party.entity_id.span(),
                "assertion_consumer_services are needed, or metadata that names them",
            )),
        };
    };
    if written.as_ref().is_empty() {
        let message = "at least one assertion consumer service is needed";
        return Err(source.invalid(written.span(), message));
    }
    let written = written.as_ref().iter().zip(0..);
    let consumers = written.map(|(url, index)| {
        let url = answer_address(url, source)?;
        Ok(AssertionConsumerService { index, url })
    });
    consumers.collect::<Result<_, _>>().map(Some)
}

fn answer_address(url: &Spanned<String>, source: Source<'_>) -> Result<String, ConfigError> {
    let text = url.as_ref();
    https_url(text, url.span(), source)?;
    // What the page's policy cannot name would be refused when somebody signs in.
    FormTarget::origin_of(text)
        .map_err(|error| source.invalid(url.span(), format!("{text:?}: {error}")))?;
    Ok(text.clone())
}

fn protocols(
    written: &Spanned<Vec<file::Protocol>>,
    source: Source<'_>,
) -> Result<Vec<Protocol>, ConfigError> {
    if written.as_ref().is_empty() {
        return Err(source.invalid(written.span(), "at least one protocol is needed"));
    }
    let protocols = written.as_ref().iter().map(|protocol| match protocol {
        file::Protocol::Saml2 => Protocol::Saml2,
        file::Protocol::WsFederation => Protocol::WsFederation,
        file::Protocol::WsTrust => Protocol::WsTrust,
    });
    Ok(protocols.collect())
}

fn single_logout(
    party: &file::RelyingParty,
    source: Source<'_>,
) -> Result<SingleLogout, ConfigError> {
    let binding = party.single_logout_binding.as_ref();
    let at = |url: &Spanned<String>| {
        Ok::<_, ConfigError>(LogoutAddress {
            url: answer_address(url, source)?,
            binding: match binding.map(Spanned::as_ref) {
                None | Some(file::LogoutBinding::Redirect) => LogoutBinding::Redirect,
                Some(file::LogoutBinding::Post) => LogoutBinding::Post,
            },
        })
    };
    let service = party.single_logout_service.as_ref();
    let elsewhere = party.single_logout_response_service.as_ref();
    let single_logout = SingleLogout {
        told_at: service.map(at).transpose()?,
        answered_at: elsewhere.or(service).map(at).transpose()?,
        permit_unsigned: party.permit_unsigned_logout,
    };
    match binding {
        // Nothing goes anywhere, in whatever way: a misunderstanding.
        Some(binding) if single_logout.is_unknown() => {
            Err(source.invalid(binding.span(), "this needs single_logout_service"))
        }
        _ => Ok(single_logout),
    }
}

/// Whether its tokens say that a password ends soon.
fn tells_password_expiry(
    party: &file::RelyingParty,
    settings: &RelyingParty,
    source: Source<'_>,
) -> Result<bool, ConfigError> {
    let is_told = settings.preset() == Preset::Entra && settings.gets_tokens();
    if party.password_expiry && !is_told {
        let message = "password_expiry is for the preset \"entra\", and for its tokens of \
                       WS-Federation and WS-Trust: by SAML 2.0 Entra does not read it";
        return Err(source.invalid(party.entity_id.span(), message));
    }
    Ok(party.password_expiry)
}

/// Refuses a claim that could not be told by one of the protocols: SAML 1.1 cuts its name in two.
fn fits_its_tokens(
    party: &RelyingParty,
    name: &Spanned<String>,
    source: Source<'_>,
) -> Result<(), ConfigError> {
    let is_saml1 = match party.ws_federation.token {
        TokenVersion::Saml1 => party.speaks(Protocol::WsFederation),
        TokenVersion::Saml2 => false,
    };
    let needs_type = is_saml1 || party.speaks(Protocol::WsTrust);
    if !needs_type || ClaimType::parse(name.as_ref()).is_some() {
        return Ok(());
    }
    Err(source.invalid(
        name.span(),
        format!(
            "{:?} cannot stand in the SAML 1.1 tokens of WS-Federation and WS-Trust, where a name \
             is a URI with a slash; protocols = [\"saml2\"] is for a relying party that needs none",
            name.as_ref()
        ),
    ))
}

/// Sets how people are known, as far as it can be without the salt; returns that where it is
/// needed.
fn name_id(
    party: &file::RelyingParty,
    settings: &mut RelyingParty,
    names: Names<'_>,
    salt: Option<&SecretSource>,
) -> Result<Option<SecretSource>, ConfigError> {
    let Some(id) = &party.name_id else {
        return Ok(None);
    };
    let wrong = |message: String| names.source.invalid(id.span(), message);
    let preset = settings.preset();
    let (fits, salt) = match names.name_id(id)? {
        NameId::Rule(rule) => (settings.set_name_id(rule), None),
        NameId::Pairwise => {
            let salt = salt.cloned().ok_or_else(|| {
                wrong("pairwise names need pairwise_salt = { file = \"PATH\" }".to_owned())
            })?;
            (preset != Preset::Entra, Some(salt))
        }
    };
    if fits {
        return Ok(salt);
    }
    Err(wrong(format!(
        "a relying party of the preset {:?} cannot know people so: Entra itself knows them by \
         \"immutable-id\" alone, and guests by it or \"pairwise\"",
        preset.name()
    )))
}

/// The issuer of the assertions, where it is not that of the person's domain.
fn issuer(
    party: &file::RelyingParty,
    preset: Preset,
    names: Names<'_>,
) -> Result<Option<String>, ConfigError> {
    let Some(issuer) = &party.issuer else {
        return Ok(None);
    };
    let text = issuer.as_ref();
    let wrong = |message| Err(names.source.invalid(issuer.span(), message));
    if !is_absolute_uri(text) {
        return wrong(format!("{text:?} is not an absolute URI"));
    }
    match (preset, names.domains) {
        (Preset::Entra, [only]) if only.issuer == *text => Ok(None),
        (Preset::Entra, _) => wrong(
            "to Entra, the issuer is that of each [[federated_domain]]: there is none beside it"
                .to_owned(),
        ),
        _ => Ok(Some(text.clone())),
    }
}

fn signature_terms(party: &file::RelyingParty) -> SignatureTerms {
    match party.request_signatures {
        None => SignatureTerms::AsDescribed,
        Some(file::RequestSignatures::NotVerified) => SignatureTerms::NotVerified,
        Some(file::RequestSignatures::WhenPresent) => SignatureTerms::WhenPresent,
        Some(file::RequestSignatures::Required) => SignatureTerms::Required,
    }
}

fn signatures(
    party: &file::RelyingParty,
    source: Source<'_>,
    folder: &Path,
) -> Result<Signatures, ConfigError> {
    let span = party.entity_id.span();
    let keys = KeyFiles {
        certificates: party
            .request_certificates
            .iter()
            .map(|path| folder.join(path))
            .collect(),
        permit_sha1: party.permit_sha1_requests,
    };
    if party.metadata.is_some() && !keys.certificates.is_empty() {
        return Err(source.invalid(span, "request_certificates are in the metadata"));
    }
    match party.request_signatures {
        // Not known before the metadata is: until then nobody may ask.
        None | Some(file::RequestSignatures::WhenPresent | file::RequestSignatures::Required)
            if party.metadata.is_some() =>
        {
            Ok(Signatures::NotVerified)
        }
        None | Some(file::RequestSignatures::NotVerified) => {
            // A key that nothing uses, or SHA-1 permitted for nothing, is a misunderstanding.
            if !keys.certificates.is_empty() || keys.permit_sha1 {
                return Err(source.invalid(
                    span,
                    "request_certificates and permit_sha1_requests need request_signatures = \
                     \"when-present\" or \"required\"",
                ));
            }
            Ok(Signatures::NotVerified)
        }
        _ if keys.certificates.is_empty() => {
            Err(source.invalid(span, "request_signatures needs request_certificates"))
        }
        Some(file::RequestSignatures::WhenPresent) => Ok(Signatures::WhenPresent(keys)),
        Some(file::RequestSignatures::Required) => Ok(Signatures::Required(keys)),
    }
}
