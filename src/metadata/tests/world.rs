//! A server that gives metadata out, and a relying party that is described there.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use hyper::StatusCode;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    http::{
        Request, ResponseFuture, Service, response,
        server::Server,
        tls::{LocalCa, client_config},
    },
    keys::{Certificate, Signer, create_signing_key},
    realm::{DomainName, FederatedDomain},
    saml2::{MetadataTrust, format_timestamp},
    trust::{Preset, RelyingParty, Trusts},
    xml::{CanonicalWriter, Name},
};

pub(super) const SP: &str = "https://sp.test/metadata";
const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

pub(super) fn signer(name: &str) -> Signer {
    create_signing_key(name, 1).unwrap().signer
}

const fn md(local: &'static str) -> Name {
    Name::new("md", "urn:oasis:names:tc:SAML:2.0:metadata", local)
}

const fn ds(local: &'static str) -> Name {
    Name::new("ds", "http://www.w3.org/2000/09/xmldsig#", local)
}

/// Metadata to be written.
#[derive(Clone, Default)]
pub(super) struct Description<'a> {
    pub(super) consumers: Vec<&'a str>,
    pub(super) signing: Option<&'a Certificate>,
    pub(super) encryption: Option<&'a Certificate>,
    pub(super) encryption_method: Option<&'a str>,
    pub(super) requests_signed: bool,
    /// Binding and address of each.
    pub(super) logout: &'a [(&'a str, &'a str)],
    pub(super) valid_until: Option<OffsetDateTime>,
    pub(super) cache_duration: Option<&'a str>,
}

impl<'a> Description<'a> {
    pub(super) fn at(consumer: &'a str) -> Self {
        Self {
            consumers: vec![consumer],
            ..Self::default()
        }
    }

    pub(super) fn signed(&self, signer: &Signer) -> String {
        self.written(Some(signer))
    }

    pub(super) fn unsigned(&self) -> String {
        self.written(None)
    }

    fn written(&self, signer: Option<&Signer>) -> String {
        let until = self.valid_until.map(format_timestamp);
        let mut attributes = vec![(Name::plain("entityID"), SP)];
        if let Some(until) = &until {
            attributes.push((Name::plain("validUntil"), until));
        }
        if let Some(cache) = self.cache_duration {
            attributes.push((Name::plain("cacheDuration"), cache));
        }
        let mut w = CanonicalWriter::new();
        if signer.is_some() {
            w.open_signed(md("EntityDescriptor"), "ID", "_sp", &attributes);
            w.signature_here();
        } else {
            w.open(md("EntityDescriptor"), &attributes);
        }
        w.open(
            md("SPSSODescriptor"),
            &[
                (
                    Name::plain("AuthnRequestsSigned"),
                    if self.requests_signed {
                        "true"
                    } else {
                        "false"
                    },
                ),
                (
                    Name::plain("protocolSupportEnumeration"),
                    "urn:oasis:names:tc:SAML:2.0:protocol",
                ),
            ],
        );
        for (usage, certificate) in [("signing", self.signing), ("encryption", self.encryption)] {
            let Some(certificate) = certificate else {
                continue;
            };
            w.open(md("KeyDescriptor"), &[(Name::plain("use"), usage)]);
            w.open(ds("KeyInfo"), &[]);
            w.open(ds("X509Data"), &[]);
            w.leaf(ds("X509Certificate"), &[], certificate.base64());
            w.close();
            w.close();
            if let Some(method) = self.encryption_method {
                w.leaf(
                    md("EncryptionMethod"),
                    &[(Name::plain("Algorithm"), method)],
                    "",
                );
            }
            w.close();
        }
        for (binding, location) in self.logout {
            let binding = (Name::plain("Binding"), *binding);
            let location = (Name::plain("Location"), *location);
            w.leaf(md("SingleLogoutService"), &[binding, location], "");
        }
        for (index, consumer) in self.consumers.iter().enumerate() {
            w.leaf(
                md("AssertionConsumerService"),
                &[
                    (Name::plain("Binding"), POST),
                    (Name::plain("Location"), consumer),
                    (Name::plain("index"), &index.to_string()),
                ],
                "",
            );
        }
        w.close();
        match signer {
            Some(signer) => w.close_signed(signer),
            None => w.close(),
        }
        w.finish().unwrap()
    }
}

/// What the server answers to every request.
#[derive(Clone)]
pub(super) struct Answers(Arc<Mutex<(StatusCode, String)>>);

impl Answers {
    pub(super) fn give(&self, document: impl Into<String>) {
        self.answer(StatusCode::OK, document);
    }

    pub(super) fn answer(&self, status: StatusCode, body: impl Into<String>) {
        *self.0.lock().unwrap() = (status, body.into());
    }
}

impl Service for Answers {
    fn handle(&self, _request: Request) -> ResponseFuture<'_> {
        let (status, body) = self.0.lock().unwrap().clone();
        Box::pin(async move { response::typed(status, "application/samlmetadata+xml", body) })
    }
}

/// The server, which ends with this.
pub(super) struct MetadataServer {
    pub(super) answers: Answers,
    address: SocketAddr,
    ca: LocalCa,
    stop: CancellationToken,
}

impl Drop for MetadataServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl MetadataServer {
    pub(super) async fn start(document: String) -> Self {
        let ca = LocalCa::new().unwrap();
        let tls = ca.issue(&["localhost"]).unwrap().server_config().unwrap();
        let server = Server::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = server.local_addr().unwrap();
        let answers = Answers(Arc::new(Mutex::new((StatusCode::OK, document))));
        let stop = CancellationToken::new();
        let service = Arc::new(answers.clone());
        tokio::spawn(server.with_tls(tls).serve(service, stop.clone()));
        Self {
            answers,
            address,
            ca,
            stop,
        }
    }

    pub(super) fn origin(&self) -> Origin {
        let url = format!("https://localhost:{}/metadata", self.address.port());
        Origin::Url {
            url: url.parse().unwrap(),
            tls: client_config(&[self.ca.ca_pem().as_bytes()]).unwrap(),
        }
    }

    /// Ends, and waits until nobody listens there any more.
    pub(super) async fn away(&self) {
        self.stop.cancel();
        while tokio::net::TcpStream::connect(self.address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub(super) fn configured() -> RelyingParty {
    RelyingParty::awaiting_metadata(Preset::Saml2, SP)
}

pub(super) fn trusts() -> Arc<Trusts> {
    let domain = FederatedDomain {
        suffix: DomainName::parse("partners.contoso.com").unwrap(),
        issuer: "https://idp.test/partners".into(),
    };
    Arc::new(Trusts::new(vec![configured()], vec![domain]).unwrap())
}

/// Where answers go by now; nothing where nobody can sign in.
pub(super) fn addresses(trusts: &Trusts) -> Vec<String> {
    let party = trusts.relying_party(SP);
    let consumers = party.iter().flat_map(|party| party.consumers());
    consumers.map(|consumer| consumer.url.clone()).collect()
}

pub(super) fn signed_by(signers: &[&Signer]) -> MetadataTrust {
    let keys = signers.iter();
    MetadataTrust::Signer {
        keys: keys
            .map(|signer| signer.certificate().public_key().clone())
            .collect(),
        permit_sha1: false,
    }
}

pub(super) fn keeper(origin: Origin, trust: MetadataTrust) -> Keeper {
    let source = Source {
        origin,
        trust,
        refresh: Duration::from_secs(3600),
    };
    Keeper::new(DescribedParty::new(configured(), Terms::default()), source)
}

pub(super) fn keeping_in(folder: &Path, keeper: Keeper) -> Keeper {
    let file = LastGood::of(folder, SP, &keeper.source().origin);
    keeper.with_last_good(file)
}
