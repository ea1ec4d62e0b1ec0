use crate::{
    keys::{Certificate, KeyError},
    xml::{ContentEncryption, Element, KeyTransport},
};

use super::{Error, children};
use crate::saml2::names::DSIG;

const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
const RSA_OAEP_11: &str = KeyTransport::RsaOaepSha256.uri();

/// A key that assertions may be encrypted to, and what its owner says to understand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptionKey {
    certificate: Certificate,
    methods: Vec<Method>,
}

/// `md:EncryptionMethod` (SAML metadata 2.4.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Method {
    algorithm: String,
    /// `ds:DigestMethod` of a key transport, where one is named.
    digest: Option<String>,
    /// `xenc11:MGF` of a key transport, where one is named.
    mask: Option<String>,
}

/// Nothing that the owner of a key understands is spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it names algorithms for encryption, and none that is safe: AES-GCM with RSA-OAEP (CBC and \
     RSA 1.5 are not spoken)"
)]
pub struct NoCommonAlgorithm;

impl EncryptionKey {
    /// The certificate that holds the key.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// How to encrypt for its owner. What it names counts; where it names nothing of a kind, every
    /// recipient is taken to know AES-256-GCM, and must know `rsa-oaep-mgf1p`.
    ///
    /// # Errors
    /// [`NoCommonAlgorithm`] when it names content encryption, or key transport, and none that is
    /// spoken here.
    pub fn methods(&self) -> Result<(ContentEncryption, KeyTransport), NoCommonAlgorithm> {
        let known = |content: ContentEncryption| {
            let uri = content.uri();
            self.methods.iter().any(|method| method.algorithm == uri)
        };
        let content = if self.methods.iter().any(Method::is_of_content) {
            [ContentEncryption::Aes256Gcm, ContentEncryption::Aes128Gcm]
                .into_iter()
                .find(|content| known(*content))
                .ok_or(NoCommonAlgorithm)?
        } else {
            ContentEncryption::default()
        };
        let mut transports = self.methods.iter().filter(|method| method.is_transport());
        let transport = match transports.clone().next() {
            None => KeyTransport::default(),
            Some(_) if transports.clone().any(Method::is_oaep_sha256) => {
                KeyTransport::RsaOaepSha256
            }
            Some(_) if transports.any(Method::is_oaep_sha1) => KeyTransport::RsaOaepMgf1p,
            Some(_) => return Err(NoCommonAlgorithm),
        };
        Ok((content, transport))
    }
}

impl Method {
    fn is_transport(&self) -> bool {
        self.algorithm.contains("#rsa-")
    }

    /// Key agreement and key wrap are no concern of a key that is RSA.
    fn is_of_content(&self) -> bool {
        !self.is_transport()
            && ["-gcm", "-cbc"]
                .iter()
                .any(|mode| self.algorithm.ends_with(mode))
    }

    fn is_oaep_sha256(&self) -> bool {
        let (digest, mask) = (self.digest.as_deref(), self.mask.as_deref());
        self.algorithm == RSA_OAEP_11
            && digest.is_none_or(|uri| uri == KeyTransport::RsaOaepSha256.digest_uri())
            && mask.is_none_or(|uri| KeyTransport::RsaOaepSha256.mask_uri() == Some(uri))
    }

    fn is_oaep_sha1(&self) -> bool {
        let digest = self.digest.as_deref();
        self.algorithm == KeyTransport::RsaOaepMgf1p.uri()
            && digest.is_none_or(|uri| uri == KeyTransport::RsaOaepMgf1p.digest_uri())
    }
}

/// The keys of a role, by what they are for.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) signing: Vec<Certificate>,
    pub(super) encryption: Vec<EncryptionKey>,
    /// How many were passed over.
    pub(super) unusable: usize,
}

impl Keys {
    pub(super) fn read(role: &Element) -> Result<Self, Error> {
        let mut keys = Self::default();
        for descriptor in children(role, "KeyDescriptor") {
            let key = KeyDescriptor::read(descriptor)?;
            let Some(certificate) = key.certificate else {
                keys.unusable += 1;
                continue;
            };
            if key.signs {
                keys.signing.push(certificate.clone());
            }
            if key.encrypts {
                keys.encryption.push(EncryptionKey {
                    certificate,
                    methods: key.methods,
                });
            }
        }
        Ok(keys)
    }
}

/// `md:KeyDescriptor` (SAML metadata 2.4.1.1).
struct KeyDescriptor {
    signs: bool,
    encrypts: bool,
    /// `None` for a key that nothing can be done with here.
    certificate: Option<Certificate>,
    methods: Vec<Method>,
}

impl KeyDescriptor {
    fn read(descriptor: &Element) -> Result<Self, Error> {
        const NAME: &str = "KeyDescriptor";
        let (signs, encrypts) = match descriptor.attribute("use") {
            // For everything.
            None => (true, true),
            Some("signing") => (true, false),
            Some("encryption") => (false, true),
            Some(_) => return Err(Error::Malformed(NAME)),
        };
        let methods = children(descriptor, "EncryptionMethod").map(|method| {
            let algorithm = method.attribute("Algorithm");
            let named = |namespace, local| {
                let child: Option<&Element> = method.only_child(namespace, local)?;
                let uri = child.and_then(|child| child.attribute("Algorithm"));
                Ok::<_, Error>(uri.map(str::to_owned))
            };
            Ok(Method {
                algorithm: algorithm
                    .ok_or(Error::Malformed("EncryptionMethod"))?
                    .to_owned(),
                digest: named(DSIG, "DigestMethod")?,
                mask: named(XENC11, "MGF")?,
            })
        });
        Ok(Self {
            signs,
            encrypts,
            methods: methods.collect::<Result<_, Error>>()?,
            certificate: certificate(descriptor.required_child(DSIG, "KeyInfo")?)?,
        })
    }
}

/// The one certificate of a key. Several would be a chain, and it is not said which of them is the
/// key's own (SAML metadata interoperability profile 2.6.1).
fn certificate(info: &Element) -> Result<Option<Certificate>, Error> {
    const NAME: &str = "X509Certificate";
    let mut found = info
        .elements()
        .filter(|child| child.is(DSIG, "X509Data"))
        .flat_map(|data| data.elements().filter(|child| child.is(DSIG, NAME)));
    let Some(first) = found.next() else {
        return Ok(None);
    };
    if found.next().is_some() {
        return Err(Error::Malformed(NAME));
    }
    match Certificate::from_base64(first.text().ok_or(Error::Malformed(NAME))?) {
        Ok(certificate) => Ok(Some(certificate)),
        Err(KeyError::NotRsa) => Ok(None),
        Err(_) => Err(Error::Malformed(NAME)),
    }
}
