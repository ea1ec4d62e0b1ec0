//! A directory with a key, its certificate and the documents that programs exchange.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use homerealm::keys::{Signer, create_signing_key};

use crate::{documents::Signed, strangers};

pub(crate) struct Workplace {
    directory: PathBuf,
    pub(crate) signer: Signer,
}

/// A program of this test's own.
pub(crate) fn helper(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/xml_differential")
        .join(name)
}

impl Workplace {
    pub(crate) fn new(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("xml_differential")
            .join(name);
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let made = create_signing_key("Homerealm differential", 2).unwrap();
        fs::write(directory.join("key.pem"), made.private_key_pem.as_bytes()).unwrap();
        fs::write(
            directory.join("certificate.pem"),
            made.signer.certificate().to_pem(),
        )
        .unwrap();
        Self {
            directory,
            signer: made.signer,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.path("key.pem")
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.path("certificate.pem")
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Whether xmlsec1 verifies the signature with the certificate in it, trusting ours.
    pub(crate) fn xmlsec1_trusts(&self, document: &Path, signed: &Signed, signature: &str) -> bool {
        let mut command = Command::new(strangers::tool("xmlsec1"));
        command
            .args(["--verify", "--trusted-pem"])
            .arg(self.certificate());
        verifies(command, document, signed, signature)
    }

    /// Whether xmlsec1 verifies the signature with our key, whatever is said in the message.
    pub(crate) fn xmlsec1_knows(&self, document: &Path, signed: &Signed, signature: &str) -> bool {
        let mut command = Command::new(strangers::tool("xmlsec1"));
        command.args([
            "--verify",
            "--enabled-key-data",
            "key-name",
            "--pubkey-cert-pem",
        ]);
        command.arg(self.certificate());
        verifies(command, document, signed, signature)
    }

    /// The document that xmlsec1 makes of a template.
    pub(crate) fn xmlsec1_signs(&self, template: &str, signed: &Signed) -> String {
        let file = self.write("template.xml", template);
        let output = strangers::run(
            Command::new(strangers::tool("xmlsec1"))
                .args(["--sign", "--privkey-pem"])
                .arg(format!(
                    "{},{}",
                    self.key().display(),
                    self.certificate().display()
                ))
                .args(signed.id_option())
                .arg(file),
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

fn verifies(mut command: Command, document: &Path, signed: &Signed, signature: &str) -> bool {
    command
        .args(signed.id_option())
        .args(["--node-xpath", signature])
        .arg(document);
    command.output().unwrap().status.success()
}
