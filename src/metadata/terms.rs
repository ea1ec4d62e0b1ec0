use hyper::Uri;

use crate::{
    http::FormTarget,
    keys::KeyError,
    saml2::{EncryptionKey, NoCommonAlgorithm, RelyingPartyMetadata},
    trust::{
        AssertionConsumerService, LogoutBinding, LogoutService, RelyingParty, RequestKeys,
        RequestSignatures,
    },
    xml::{ContentEncryption, Encryption},
};

/// What the configuration says about what metadata may say: what stands in the configuration goes
/// before what stands in the metadata.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Where answers go, whatever the metadata says; `None` to leave it to the metadata.
    pub consumers: Option<Vec<AssertionConsumerService>>,
    /// Whether requests are authenticated.
    pub request_signatures: SignatureTerms,
    /// Whether rsa-sha1 is admitted for requests.
    pub permit_sha1_requests: bool,
    /// Whether assertions are encrypted.
    pub encryption: EncryptionTerms,
    /// How they are, if it is not left to the metadata.
    pub content: Option<ContentEncryption>,
}

/// Whether a relying party's requests are authenticated by the keys in its metadata.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignatureTerms {
    /// Required where the metadata says that all requests are signed; else verified where there is
    /// a signature, if there is a key.
    #[default]
    AsDescribed,
    /// Never.
    NotVerified,
    /// Where there is a signature; there must be a key.
    WhenPresent,
    /// Always; there must be a key.
    Required,
}

/// Whether assertions are encrypted to the keys in a relying party's metadata.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EncryptionTerms {
    /// Where there is a key for it.
    #[default]
    WhenOffered,
    /// Always; there must be a key.
    Required,
    /// Never: Entra refuses encrypted assertions.
    Never,
}

/// Why a relying party cannot be as its metadata describes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Disagreement {
    /// Nobody can be sent to any of its addresses.
    #[error("none of its addresses that would be used is https with a plain host")]
    NoAddress,
    /// An identity provider has no key that its answers could be verified with.
    #[error(
        "it has no certificate for signing with an RSA key of at least 2048 bits, so that nothing \
         it says could be verified"
    )]
    NoVerifyingKey,
    /// Requests must be signed, and there is no key to verify them with.
    #[error(
        "its requests are to be authenticated, and it has no certificate for signing with an RSA \
         key of at least 2048 bits"
    )]
    NoSigningKey,
    /// Assertions must be encrypted, and there is no key to encrypt to.
    #[error(
        "its assertions are to be encrypted, and it has no certificate for encryption with an RSA \
         key of at least 2048 bits"
    )]
    NoEncryptionKey,
    /// There are keys, and no safe way to use one of them. To send assertions in the clear then is
    /// for the administrator to decide: `encrypt_assertions = "never"`.
    #[error("its key for encryption cannot be used: {0}")]
    Algorithms(#[from] NoCommonAlgorithm),
    /// The key is one that nothing can be encrypted to.
    #[error("its key for encryption cannot be used: {0}")]
    Key(String),
}

impl Terms {
    /// `configured`, with the addresses and keys that its metadata has for it.
    ///
    /// # Errors
    /// [`Disagreement`]; then the relying party stays as it is.
    pub fn apply(
        &self,
        configured: &RelyingParty,
        metadata: &RelyingPartyMetadata,
    ) -> Result<RelyingParty, Disagreement> {
        let mut party = configured.clone();
        let described = metadata.consumers.iter().cloned();
        let described = described.filter(|consumer| is_answerable(&consumer.url));
        let consumers = match &self.consumers {
            Some(configured) => configured.clone(),
            None => described.collect(),
        };
        if consumers.is_empty() {
            return Err(Disagreement::NoAddress);
        }
        party.answer_to(consumers);
        let reply_addresses = &configured.ws_federation.reply_addresses;
        if !reply_addresses.is_empty() {
            party
                .ws_federation
                .reply_addresses
                .clone_from(reply_addresses);
        }
        party.request_signatures = self.request_signatures(metadata)?;
        // What the configuration says goes before.
        if let Some(service) = logout_service(metadata)
            && party.single_logout.is_unknown()
        {
            party.single_logout.use_service(service);
        }
        // A certificate of the configuration's own goes before those of the metadata.
        if party.encryption.is_none() {
            party.encryption = self.encryption(configured.entity_id(), metadata)?;
        }
        Ok(party)
    }

    fn request_signatures(
        &self,
        metadata: &RelyingPartyMetadata,
    ) -> Result<RequestSignatures, Disagreement> {
        let keys = metadata.signing.iter();
        let keys = keys.map(|certificate| certificate.public_key().clone());
        let keys = RequestKeys::new(keys.collect(), self.permit_sha1_requests);
        let terms = match self.request_signatures {
            SignatureTerms::AsDescribed if metadata.authn_requests_signed => {
                SignatureTerms::Required
            }
            SignatureTerms::AsDescribed if keys.is_none() => SignatureTerms::NotVerified,
            SignatureTerms::AsDescribed => SignatureTerms::WhenPresent,
            said => said,
        };
        Ok(match (terms, keys) {
            (SignatureTerms::NotVerified | SignatureTerms::AsDescribed, _) => {
                RequestSignatures::NotVerified
            }
            (_, None) => return Err(Disagreement::NoSigningKey),
            (SignatureTerms::WhenPresent, Some(keys)) => RequestSignatures::WhenPresent(keys),
            (SignatureTerms::Required, Some(keys)) => RequestSignatures::Required(keys),
        })
    }

    /// By the first key that can be used.
    fn encryption(
        &self,
        entity_id: &str,
        metadata: &RelyingPartyMetadata,
    ) -> Result<Option<Encryption>, Disagreement> {
        if self.encryption == EncryptionTerms::Never {
            return Ok(None);
        }
        let mut problem = match self.encryption {
            EncryptionTerms::Required => Some(Disagreement::NoEncryptionKey),
            _ => None,
        };
        for key in &metadata.encryption {
            match self.encryption_to(entity_id, key) {
                Ok(encryption) => return Ok(Some(encryption)),
                Err(error) => problem = Some(error),
            }
        }
        problem.map_or(Ok(None), Err)
    }

    fn encryption_to(
        &self,
        entity_id: &str,
        key: &EncryptionKey,
    ) -> Result<Encryption, Disagreement> {
        let (content, transport) = key.methods()?;
        let content = self.content.unwrap_or(content);
        Encryption::new(entity_id, key.certificate(), content, transport)
            .map_err(|error: KeyError| Disagreement::Key(error.to_string()))
    }
}

/// Where it hears of the end of a session: by HTTP-Redirect if it can be, since that works without
/// scripts.
fn logout_service(metadata: &RelyingPartyMetadata) -> Option<&LogoutService> {
    let mut services: Vec<_> = metadata.logout.iter().collect();
    services.sort_by_key(|service| service.binding != LogoutBinding::Redirect);
    services.into_iter().find(|service| {
        is_answerable(&service.address) && is_answerable(service.response_address())
    })
}

/// Whether an answer may go there: https, to a host that a page's policy can name.
pub(crate) fn is_answerable(url: &str) -> bool {
    let is_https = |url: Uri| url.scheme_str() == Some("https");
    url.parse().is_ok_and(is_https) && FormTarget::origin_of(url).is_ok()
}
