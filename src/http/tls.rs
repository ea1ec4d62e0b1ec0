//! TLS settings, always on AWS-LC and always explicit: no process-wide default provider is used,
//! since a second provider linked in by some dependency would make that default a panic.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    client::WebPkiServerVerifier,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use time::{Duration, OffsetDateTime};
use tracing::warn;
use zeroize::Zeroizing;

use crate::keys::pem;

use super::second_name::SecondName;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The text holds no PEM item of the kind asked for, or a broken one.
    #[error("no {expected} found in the PEM text")]
    NotPem {
        /// "certificate" or "private key".
        expected: &'static str,
    },
    /// The certificate or key is of a kind that TLS cannot use, or they do not belong together.
    #[error("the certificate and key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// A second name for servers that is no DNS name.
    #[error("the name that certificates must have besides is no DNS name")]
    NotAName,
    /// No root certificate is given.
    #[error("there are no root certificates")]
    NoRoots,
    /// The system keeps no root certificates that can be read.
    #[error("the system has no root certificates that can be read")]
    NoSystemRoots,
    /// A name that cannot stand in a certificate.
    #[error("no certificate can be made: {0}")]
    CannotIssue(#[from] rcgen::Error),
}

/// Settings of a listener: TLS 1.2 and 1.3, HTTP/1.1, and session tickets, so that a browser that
/// comes back is spared the signature of a full handshake.
///
/// `chain_pem` has the server's certificate first, then the intermediate ones.
pub fn server_config(chain_pem: &[u8], key_pem: &[u8]) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates(chain_pem)?;
    let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|_| TlsError::NotPem {
        expected: "private key",
    })?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(Arc::new(config))
}

/// Settings of a client that trusts the certificates of these PEM texts and no others.
pub fn client_config(roots_pem: &[&[u8]]) -> Result<Arc<ClientConfig>, TlsError> {
    trusting(roots(roots_pem)?, ClientOptions::default())
}

/// Settings of a client that trusts what the system trusts, and the certificates of these PEM texts.
pub fn client_config_adding(roots_pem: &[&[u8]]) -> Result<Arc<ClientConfig>, TlsError> {
    let mut all = system_roots()?;
    all.extend(roots(roots_pem)?.roots);
    trusting(all, ClientOptions::default())
}

/// A client certificate with its key, PEM: the certificate first, then the intermediate ones.
#[derive(Clone, Copy)]
pub struct ClientIdentity<'a> {
    /// The chain.
    pub chain_pem: &'a [u8],
    /// The private key.
    pub key_pem: &'a [u8],
}

/// What the TLS settings of a client say besides the usual.
#[derive(Clone, Copy, Default)]
pub struct ClientOptions<'a> {
    /// The certificates that are trusted, PEM; those that the system trusts where there are none.
    pub roots_pem: Option<&'a [u8]>,
    /// A certificate that the client shows.
    pub identity: Option<ClientIdentity<'a>>,
    /// A name that each server's certificate must have besides that of the server.
    pub second_name: Option<&'a str>,
}

/// Settings of a client as these options say.
///
/// A root of the system that cannot be read is passed over with a warning: one odd file among a
/// hundred must not take the directory away. Reads files; meant to be called once, at start.
pub fn client_config_with(options: ClientOptions<'_>) -> Result<Arc<ClientConfig>, TlsError> {
    let roots = match options.roots_pem {
        Some(pem) => roots(&[pem])?,
        None => system_roots()?,
    };
    trusting(roots, options)
}

fn roots(roots_pem: &[&[u8]]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for pem in roots_pem {
        for certificate in certificates(pem)? {
            roots.add(certificate)?;
        }
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        warn!(%error, "a system root certificate cannot be read");
    }
    let mut roots = RootCertStore::empty();
    let (added, ignored) = roots.add_parsable_certificates(found.certs);
    if ignored > 0 {
        warn!(ignored, "system root certificates were not understood");
    }
    if added == 0 {
        return Err(TlsError::NoSystemRoots);
    }
    Ok(roots)
}

fn trusting(
    roots: RootCertStore,
    options: ClientOptions<'_>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let builder =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let builder = match options.second_name {
        None => builder.with_root_certificates(roots),
        Some(name) => {
            let name = ServerName::try_from(name.to_owned()).map_err(|_| TlsError::NotAName)?;
            let rule = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
            let rule = rule.build().map_err(|_| TlsError::NoRoots)?;
            // "Dangerous" is to check less than the rule; this checks more.
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(SecondName { rule, name }))
        }
    };
    let config = match options.identity {
        None => builder.with_no_client_auth(),
        Some(ClientIdentity { chain_pem, key_pem }) => {
            let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|_| TlsError::NotPem {
                expected: "private key",
            })?;
            builder.with_client_auth_cert(certificates(chain_pem)?, key)?
        }
    };
    Ok(Arc::new(config))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let expected = TlsError::NotPem {
        expected: "certificate",
    };
    match CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>() {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(expected),
    }
}

/// A certificate authority that lives in memory for as long as the process: what the demo and the
/// tests speak real TLS with.
pub struct LocalCa {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate of a [`LocalCa`], with its key.
pub struct Issued {
    /// The certificate, PEM.
    pub chain_pem: String,
    /// PKCS#8 PEM of the private key; wiped from memory when dropped.
    pub key_pem: Zeroizing<String>,
}

impl LocalCa {
    /// Makes a P-256 authority that lasts thirty days.
    pub fn new() -> Result<Self, TlsError> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name = named("Homerealm local CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        lasting_thirty_days(&mut params);
        let key = KeyPair::generate()?;
        let pem = pem("CERTIFICATE", params.self_signed(&key)?.der());
        Ok(Self {
            issuer: Issuer::new(params, key),
            pem,
        })
    }

    /// Issues a server certificate for DNS names and IP addresses.
    pub fn issue(&self, names: &[&str]) -> Result<Issued, TlsError> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = named("Homerealm local server");
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        lasting_thirty_days(&mut params);
        let key = KeyPair::generate()?;
        Ok(Issued {
            chain_pem: pem("CERTIFICATE", params.signed_by(&key, &self.issuer)?.der()),
            key_pem: Zeroizing::new(pem("PRIVATE KEY", key.serialized_der())),
        })
    }

    /// The authority's own certificate, PEM: what clients are told to trust.
    pub fn ca_pem(&self) -> &str {
        &self.pem
    }
}

impl Issued {
    /// The listener settings for this certificate.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        server_config(self.chain_pem.as_bytes(), self.key_pem.as_bytes())
    }
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn lasting_thirty_days(params: &mut CertificateParams) {
    let now = OffsetDateTime::now_utc();
    // A clock a little behind ours must not see it as not yet valid.
    params.not_before = now - Duration::hours(1);
    params.not_after = now + Duration::days(30);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_local_ca_issues_can_be_served() {
        let ca = LocalCa::new().unwrap();
        let issued = ca.issue(&["idp.localhost", "127.0.0.1"]).unwrap();
        let config = issued.server_config().unwrap();
        assert!(config.ticketer.enabled());
        client_config(&[ca.ca_pem().as_bytes()]).unwrap();
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let ca = LocalCa::new().unwrap();
        let issued = ca.issue(&["a.localhost"]).unwrap();
        let other = ca.issue(&["b.localhost"]).unwrap();
        assert!(matches!(
            server_config(b"nothing", issued.key_pem.as_bytes()),
            Err(TlsError::NotPem {
                expected: "certificate"
            })
        ));
        assert!(matches!(
            server_config(issued.chain_pem.as_bytes(), b"nothing"),
            Err(TlsError::NotPem {
                expected: "private key"
            })
        ));
        assert!(matches!(
            server_config(issued.chain_pem.as_bytes(), other.key_pem.as_bytes()),
            Err(TlsError::Unusable(_))
        ));
        assert!(client_config(&[b""]).is_err());
    }
}
