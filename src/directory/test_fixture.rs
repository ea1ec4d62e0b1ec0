//! An embedded directory with settings that reach it, for the unit tests of both rooms.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};

use super::{
    Directory, Limits, Servers, ServiceAccount, Settings, TlsMode,
    embedded::{Contents, EmbeddedDirectory, demo_accounts},
};

/// A directory with the demo's accounts, and settings that reach it.
pub(crate) struct Fixture {
    pub(crate) embedded: EmbeddedDirectory,
    pub(crate) settings: Settings,
    tls: Arc<ServerConfig>,
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        Self::start_with(Contents::demo().unwrap()).await
    }

    pub(crate) async fn start_with(contents: Contents) -> Self {
        let (server, client) = tls();
        let service_password = contents.service_password.clone();
        let base = contents.base.clone();
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let embedded = EmbeddedDirectory::start(contents, anywhere, server.clone())
            .await
            .unwrap();
        let url = format!("ldaps://localhost:{}", embedded.address().port());
        let settings = Settings {
            servers: Servers::Listed(vec![url.parse().unwrap()]),
            tls_mode: TlsMode::Ldaps,
            tls: client,
            service: ServiceAccount::Password {
                name: demo_accounts::SERVICE_DN.to_owned(),
                password: service_password,
            },
            base,
            scope_filter: None,
            password_change: super::PasswordChange::Off,
            limits: Limits {
                operation_deadline: Duration::from_secs(2),
                connect_deadline: Duration::from_secs(2),
                search_connections: 1,
                max_bind_connections: 4,
                max_wait: Duration::from_millis(200),
                ..Limits::default()
            },
        };
        Self {
            embedded,
            settings,
            tls: server,
        }
    }

    pub(crate) fn directory(&self) -> Directory {
        Directory::new(self.settings.clone()).unwrap()
    }

    pub(crate) async fn restart(self) -> Self {
        self.restart_with(Contents::demo().unwrap()).await
    }

    pub(crate) async fn restart_with(self, contents: Contents) -> Self {
        let address = self.embedded.address();
        self.embedded.stop().await;
        let embedded = EmbeddedDirectory::start(contents, address, self.tls.clone())
            .await
            .unwrap();
        Self { embedded, ..self }
    }
}

pub(super) fn tls() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(["localhost".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let certificate: CertificateDer<'static> = certificate.der().clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}
