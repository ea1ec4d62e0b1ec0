//! The certificates of a trust, each in a file of its own.

use super::File;
use crate::{
    adfs::{ExportedCertificate, RelyingPartyTrust},
    keys::Certificate,
};

/// The files, and which is for what.
#[derive(Default)]
pub(super) struct Certificates {
    pub(super) files: Vec<File>,
    /// The names of those that requests are signed with.
    pub(super) signing: Vec<String>,
    /// The name of the one that tokens are encrypted to.
    pub(super) encryption: Option<String>,
    /// Those that the export does not have.
    pub(super) missing: Vec<String>,
}

impl Certificates {
    pub(super) fn of(trust: &RelyingPartyTrust, stem: &str) -> Self {
        let mut certificates = Self::default();
        for (index, of) in trust.request_signing_certificates.iter().enumerate() {
            let name = certificates.add(of, format!("{stem}.request-{}.crt", index + 1));
            certificates.signing.extend(name);
        }
        if let Some(of) = &trust.encryption_certificate {
            certificates.encryption = certificates.add(of, format!("{stem}.encryption.crt"));
        }
        certificates
    }

    /// The file's name, if there is a certificate to write into it.
    fn add(&mut self, of: &ExportedCertificate, name: String) -> Option<String> {
        let certificate = match of {
            ExportedCertificate::Der(der) => Certificate::from_der(der).ok(),
            ExportedCertificate::Missing => None,
        };
        let Some(certificate) = certificate else {
            self.missing.push(format!(
                "the certificate {name} is not in the export, or is none"
            ));
            return None;
        };
        self.files.push(File {
            name: name.clone(),
            text: certificate.to_pem(),
        });
        Some(name)
    }
}
