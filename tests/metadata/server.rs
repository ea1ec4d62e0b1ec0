//! An https server that gives metadata out, and the metadata that it gives out.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use homerealm::{
    http::{Request, ResponseFuture, Service, response, server::Server, tls::LocalCa},
    keys::{Certificate, Signer},
    xml::{CanonicalWriter, Name},
};
use hyper::StatusCode;
use tokio_util::sync::CancellationToken;

/// A service provider, as its metadata describes it.
#[derive(Clone)]
pub(crate) struct Description<'a> {
    pub(crate) entity_id: &'a str,
    pub(crate) consumer: &'a str,
    pub(crate) encryption: Option<&'a Certificate>,
    pub(crate) encryption_methods: &'a [&'a str],
}

impl<'a> Description<'a> {
    pub(crate) fn new(entity_id: &'a str, consumer: &'a str) -> Self {
        Self {
            entity_id,
            consumer,
            encryption: None,
            encryption_methods: &[],
        }
    }

    pub(crate) fn signed(&self, signer: &Signer) -> String {
        let mut writer = CanonicalWriter::new();
        let entity_id = (Name::plain("entityID"), self.entity_id);
        writer.open_signed(md("EntityDescriptor"), "ID", "_sp", &[entity_id]);
        writer.signature_here();
        self.write_role(&mut writer);
        writer.close_signed(signer);
        writer.finish().expect("metadata")
    }

    pub(crate) fn unsigned(&self) -> String {
        let mut writer = CanonicalWriter::new();
        let entity_id = (Name::plain("entityID"), self.entity_id);
        writer.open(md("EntityDescriptor"), &[entity_id]);
        self.write_role(&mut writer);
        writer.close();
        writer.finish().expect("metadata")
    }

    fn write_role(&self, writer: &mut CanonicalWriter) {
        let protocol = "urn:oasis:names:tc:SAML:2.0:protocol";
        let protocols = (Name::plain("protocolSupportEnumeration"), protocol);
        writer.open(md("SPSSODescriptor"), &[protocols]);
        if let Some(certificate) = self.encryption {
            writer.open(md("KeyDescriptor"), &[(Name::plain("use"), "encryption")]);
            writer.open(ds("KeyInfo"), &[]);
            writer.open(ds("X509Data"), &[]);
            writer.leaf(ds("X509Certificate"), &[], certificate.base64());
            writer.close();
            writer.close();
            for method in self.encryption_methods {
                let algorithm = (Name::plain("Algorithm"), *method);
                writer.leaf(md("EncryptionMethod"), &[algorithm], "");
            }
            writer.close();
        }
        let post = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
        let attributes = [
            (Name::plain("Binding"), post),
            (Name::plain("Location"), self.consumer),
            (Name::plain("index"), "0"),
        ];
        writer.leaf(md("AssertionConsumerService"), &attributes, "");
        writer.close();
    }
}

const fn md(local: &'static str) -> Name {
    Name::new("md", "urn:oasis:names:tc:SAML:2.0:metadata", local)
}

const fn ds(local: &'static str) -> Name {
    Name::new("ds", "http://www.w3.org/2000/09/xmldsig#", local)
}

pub(crate) struct MetadataServer {
    document: Document,
    address: SocketAddr,
    ca: LocalCa,
    stop: CancellationToken,
}

#[derive(Clone)]
struct Document(Arc<Mutex<String>>);

impl Service for Document {
    fn handle(&self, _request: Request) -> ResponseFuture<'_> {
        let document = self.0.lock().expect("the document").clone();
        let media_type = "application/samlmetadata+xml";
        Box::pin(async move { response::typed(StatusCode::OK, media_type, document) })
    }
}

impl MetadataServer {
    pub(crate) async fn start(document: String) -> Self {
        let ca = LocalCa::new().expect("a CA");
        let issued = ca.issue(&["localhost"]).expect("a certificate");
        let server = Server::bind(([127, 0, 0, 1], 0).into()).await;
        let server = server.expect("a listener");
        let address = server.local_addr().expect("its address");
        let document = Document(Arc::new(Mutex::new(document)));
        let stop = CancellationToken::new();
        let server = server.with_tls(issued.server_config().expect("TLS settings"));
        tokio::spawn(server.serve(Arc::new(document.clone()), stop.clone()));
        Self {
            document,
            address,
            ca,
            stop,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/metadata", self.address.port())
    }

    pub(crate) fn ca_pem(&self) -> &str {
        self.ca.ca_pem()
    }

    pub(crate) fn give(&self, document: &str) {
        document.clone_into(&mut self.document.0.lock().expect("the document"));
    }

    /// Ends, and waits until nobody listens there any more.
    pub(crate) async fn away(&self) {
        self.stop.cancel();
        while tokio::net::TcpStream::connect(self.address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
