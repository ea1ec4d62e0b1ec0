//! Who signed, and whether that key was registered.

use crate::{
    entra::{Aadsts, InternalDomainFederation, Refusal, instant},
    keys::{Certificate, SignatureAlgorithm},
    xml::{
        DigestAlgorithm, Element, SignatureError, SignaturePolicy, VerifiedElement,
        verify_enveloped,
    },
};

use super::{Context, DS};

/// What Entra is known to take: rsa-sha256 (facts 1.4).
const SHA256_ONLY: SignaturePolicy = SignaturePolicy {
    algorithms: &[SignatureAlgorithm::RsaSha256],
    digests: &[DigestAlgorithm::Sha256],
    id_attribute: "ID",
};

/// The same, and rsa-sha1.
const SHA1_TOO: SignaturePolicy = SignaturePolicy {
    algorithms: &[SignatureAlgorithm::RsaSha256, SignatureAlgorithm::RsaSha1],
    digests: &[DigestAlgorithm::Sha256, DigestAlgorithm::Sha1],
    id_attribute: "ID",
};

/// The certificates of one federation, and when they are looked at.
pub(super) struct Trusted<'a> {
    pub(super) federation: &'a InternalDomainFederation,
    pub(super) context: Context<'a>,
}

impl Trusted<'_> {
    /// Checks the signature that `element` carries over itself; says which property held the
    /// certificate.
    pub(super) fn check(
        &self,
        element: &Element,
    ) -> Result<(VerifiedElement, &'static str), Refusal> {
        let mut failure = SignatureError::NoKeyFits;
        for (which, certificate) in self.registered() {
            match verify_enveloped(element, &[certificate.public_key()], self.policy()) {
                Ok(verified) => {
                    names_no_other_certificate(element, certificate)?;
                    self.holds_now(which, certificate)?;
                    return Ok((verified, which));
                }
                // The next certificate's key can fit; with any other error it cannot mend things.
                Err(error) => failure = error,
            }
            if failure != SignatureError::NoKeyFits {
                break;
            }
        }
        Err(self.explain(element, failure))
    }

    fn registered(&self) -> impl Iterator<Item = (&'static str, &Certificate)> {
        let next = self.federation.next_signing_certificate.as_ref();
        std::iter::once(("signingCertificate", &self.federation.signing_certificate))
            .chain(next.map(|certificate| ("nextSigningCertificate", certificate)))
    }

    fn policy(&self) -> &'static SignaturePolicy {
        if self.context.expectations.accept_sha1 {
            &SHA1_TOO
        } else {
            &SHA256_ONLY
        }
    }

    fn holds_now(&self, which: &str, certificate: &Certificate) -> Result<(), Refusal> {
        let now = self.context.now;
        if (certificate.not_before()..=certificate.not_after()).contains(&now) {
            return Ok(());
        }
        Err(self.context.refuse_time(format!(
            "The {which} is valid from {} to {}, and here it is {}.",
            instant::to_seconds(certificate.not_before()),
            instant::to_seconds(certificate.not_after()),
            instant::to_seconds(now)
        )))
    }

    fn explain(&self, element: &Element, error: SignatureError) -> Refusal {
        let what = element.local_name();
        match error {
            SignatureError::Missing => Aadsts::AssertionNotPresent.refuse(format!(
                "The {what} is not signed itself; a signature over what is round it is not enough."
            )),
            SignatureError::NoKeyFits => match self.signed_by_a_stranger(element) {
                Some(stranger) => not_registered(&stranger),
                None => Aadsts::InvalidSignature.refuse(format!(
                    "The {what}'s signature does not hold with a registered certificate, nor with \
                     one that it names."
                )),
            },
            SignatureError::SignatureAlgorithm | SignatureError::DigestAlgorithm => {
                Aadsts::InvalidSamlToken.refuse(format!(
                    "The {what}: {error}. Sign with rsa-sha256 and digest with sha256{}.",
                    if self.context.expectations.accept_sha1 {
                        ""
                    } else {
                        " (rsa-sha1 is set not to be accepted here)"
                    }
                ))
            }
            SignatureError::Altered => {
                Aadsts::InvalidSignature.refuse(format!("The {what}: {error}."))
            }
            error => Aadsts::InvalidSamlToken.refuse(format!("The {what}: {error}.")),
        }
    }

    /// The certificate named in the signature, if it is not registered and the signature holds
    /// with it. It explains a refusal; nothing is ever accepted by it.
    fn signed_by_a_stranger(&self, element: &Element) -> Option<Certificate> {
        named_certificates(element)
            // Each one costs a verification, and they are the sender's to choose.
            .take(4)
            .filter_map(|text| Certificate::from_base64(text).ok())
            .find(|named| verify_enveloped(element, &[named.public_key()], self.policy()).is_ok())
    }
}

/// Entra tells keys by their identifier: a `KeyInfo` that names another certificate does not
/// match, even if the key should be the same.
fn names_no_other_certificate(element: &Element, certificate: &Certificate) -> Result<(), Refusal> {
    let mut others = named_certificates(element).peekable();
    let named =
        |text: &str| text.split_ascii_whitespace().collect::<String>() == certificate.base64();
    if others.peek().is_none() || others.any(named) {
        return Ok(());
    }
    Err(Aadsts::SigningKeyNotRegistered.refuse(
        "The signature's KeyInfo names another certificate than the registered one, though the \
         registered key made the signature.",
    ))
}

fn not_registered(stranger: &Certificate) -> Refusal {
    Aadsts::SigningKeyNotRegistered.refuse(format!(
        "The signature holds with the certificate that it brings along, {} valid from {} to {}, \
         and that one is registered neither as signingCertificate nor as nextSigningCertificate.",
        stranger.subject(),
        instant::to_seconds(stranger.not_before()),
        instant::to_seconds(stranger.not_after())
    ))
}

fn named_certificates(element: &Element) -> impl Iterator<Item = &str> {
    ["Signature", "KeyInfo", "X509Data", "X509Certificate"]
        .into_iter()
        .fold(vec![element], |parents, local| {
            parents
                .into_iter()
                .flat_map(Element::elements)
                .filter(|child| child.is(DS, local))
                .collect()
        })
        .into_iter()
        .filter_map(Element::text)
}
