//! The whole main job on one machine: embedded directory, identity provider and Entra simulator,
//! and a walk through them.
//!
//! Nothing is faked between the parts: the identity provider speaks LDAPS to the embedded
//! directory with the code that it speaks to a real one with, the browser's way goes over real
//! HTTPS, and the simulator knows of the identity provider what Entra would: an issuer, an address
//! and a certificate.

mod active_walk;
mod front;
mod protocol;
mod report;
mod tenant;
mod walk;

pub use active_walk::ActiveWalkError;
pub use protocol::Protocol;
pub use report::{Hop, Report};
pub use walk::WalkError;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, ConfigError},
    directory::{
        self, Password, ServiceAccount, TlsMode,
        embedded::{
            Contents, EmbeddedDirectory, EmbeddedError,
            demo_accounts::{
                ACCOUNTS, BASE, FEDERATED_SUFFIX, PASSWORD, SERVICE_DN, SERVICE_PASSWORD,
            },
        },
    },
    entra::{self, Hint, HintPolicy, Simulator},
    http::{
        client::Client,
        server::Server,
        tls::{LocalCa, TlsError, client_config},
    },
    keys::{KeyError, KeyRing, create_signing_key},
    provider::{AssembleError, HomeParts, Parts, assemble},
    trust::{self, Access, Application, ApplicationId, AssertionConsumerService, RelyingParty},
    web::APPLICATIONS_PATH,
};

use active_walk::ActiveWalk;
use front::{Front, StartPage};
use tenant::{Registered, Tenants};
use walk::Walk;

/// Who the walk signs in unless told otherwise.
pub const WENDY: &str = "wmoran@fabrikam.com";

/// What Entra knows her by.
pub const WENDYS_CLOUD_UPN: &str = "wmoran@partners.contoso.com";

/// The password of every account.
pub const DEMO_PASSWORD: &str = PASSWORD;

const IDP_HOST: &str = "idp.localhost";
const ENTRA_HOST: &str = "entra.localhost";
/// The application's id, and the door that has it.
const PORTAL: &str = "portal";
const FRONT_DOOR: &str = "/start/portal";
const CONFIG: &str = include_str!("../../config/demo.toml");

/// Why the demo could not start, or its walk could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The demo's own configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A certificate or TLS setting could not be made.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A signing key could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The address could not be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's word.
        source: std::io::Error,
    },
    /// The embedded directory did not start.
    #[error("the embedded directory: {0}")]
    Embedded(#[from] EmbeddedError),
    /// The demo's own constants are wrong.
    #[error("the demo's {0} is wrong")]
    Constant(&'static str),
    /// The parts do not make an identity provider.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// The simulated tenant could not be made from the accounts.
    #[error("the simulated tenant cannot be made: {0}")]
    Tenant(String),
}

/// What a demo is started with.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// By which protocol the federation is registered, and people walk.
    pub protocol: Protocol,
    /// Whether the simulated Entra resolves an email of a foreign domain at its tenanted address. Where
    /// it does not, people begin at the front door.
    pub resolve_foreign_email: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            protocol: Protocol::default(),
            resolve_foreign_email: true,
        }
    }
}

/// A demo that is running.
pub struct Demo {
    setup: Setup,
    address: SocketAddr,
    ca: LocalCa,
    simulator: Arc<Simulator>,
    directory: EmbeddedDirectory,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Demo {
    /// Starts everything; port 0 lets the system choose one.
    pub async fn start(listen: SocketAddr, setup: Setup) -> Result<Self, DemoError> {
        let config = Config::parse(CONFIG, "config/demo.toml", Path::new(""))?;
        let ca = LocalCa::new()?;
        let listening = |source| DemoError::Listen {
            address: listen,
            source,
        };
        let server = Server::bind(listen).await.map_err(listening)?;
        let address = server.local_addr().map_err(listening)?;
        let certificate = ca.issue(&[IDP_HOST, ENTRA_HOST, "localhost", "127.0.0.1"])?;
        let server = server.with_tls(certificate.server_config()?);
        let directory = EmbeddedDirectory::start(
            Contents::demo().ok_or(DemoError::Constant("directory"))?,
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ca.issue(&["localhost"])?.server_config()?,
        )
        .await?;

        let entra_url = origin(ENTRA_HOST, address);
        let mut simulation = entra::Settings::at(&entra_url);
        // Which of her names Entra passes on is not known. What she typed is what she expects to
        // read on the next page.
        simulation.saml_hints = HintPolicy::both(Hint::Email);
        simulation.ws_federation_hints = HintPolicy::both(Hint::Email);
        simulation.resolve_foreign_email = setup.resolve_foreign_email;
        let keys = KeyRing::new(
            create_signing_key("Homerealm demo signing", 30)?.signer,
            None,
        );
        let certificate = keys.current().certificate().clone();
        let mut edge = config.edge.clone();
        edge.base_url = origin(IDP_HOST, address);
        let registered = Registered {
            domains: &config.domains,
            edge: &edge,
            certificate: &certificate,
        };
        let tenants = Tenants::synced(ACCOUNTS, &registered)?;
        let metadata = format!("{}/metadata", edge.base_url);
        let applications = format!("{}{APPLICATIONS_PATH}", edge.base_url);
        let front_door = format!("{}{FRONT_DOOR}", edge.base_url);
        let provider = assemble(Parts {
            edge,
            session_lifetime: config.session_lifetime,
            guard: config.guard,
            limits: config.limits.requests,
            corporate_networks: config.corporate_networks.clone(),
            keys,
            relying_parties: relying_parties(
                &config,
                &simulation.expectations.assertion_consumer_service,
            )?,
            applications: vec![portal(&entra_url)?],
            domains: config.domains.clone(),
            routes: config.routes.clone(),
            upstreams: Vec::new(),
            homes: config
                .directories
                .iter()
                .map(|home| {
                    Ok(HomeParts {
                        name: home.name.clone(),
                        directory: directory_settings(directory.address().port(), &ca)?,
                        mapping: home.mapping.clone(),
                    })
                })
                .collect::<Result<_, DemoError>>()?,
            shared: None,
        })?;
        let simulator = Arc::new(Simulator::new(tenants.of(setup.protocol), simulation));
        let front = Front {
            identity_provider: provider.identity_provider,
            simulator: simulator.clone(),
            tenants,
            start: StartPage {
                entra: entra_url.clone(),
                tenanted: format!("{entra_url}/{}/", tenant::NAME),
                common: format!("{entra_url}/common/"),
                hinted: format!(
                    "{entra_url}/{}/login?domain_hint={FEDERATED_SUFFIX}",
                    tenant::NAME
                ),
                metadata,
                applications,
                front_door,
                resolves_foreign_email: setup.resolve_foreign_email,
            },
        };
        let stop = CancellationToken::new();
        let serving = tokio::spawn(server.serve(Arc::new(front), stop.clone()));
        Ok(Self {
            setup,
            address,
            ca,
            simulator,
            directory,
            stop,
            serving,
        })
    }

    /// The start page's address.
    pub fn start_url(&self) -> String {
        format!("{}/", origin(ENTRA_HOST, self.address))
    }

    /// The certificate authority made for this run, PEM.
    pub fn ca_pem(&self) -> &str {
        self.ca.ca_pem()
    }

    /// Signs somebody in by the demo's protocol: as a person would, from the tenanted address or the
    /// front door to Entra's verdict, or as an application.
    pub async fn walk(&self, name: &str, password: &str) -> Result<Report, DemoError> {
        let reachable = match self.address.ip() {
            ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        let reachable = SocketAddr::new(reachable, self.address.port());
        let client = Client::new(client_config(&[self.ca_pem().as_bytes()])?)
            .with_address(IDP_HOST, reachable)
            .with_address(ENTRA_HOST, reachable)
            .with_timeout(Duration::from_secs(20));
        let entra = origin(ENTRA_HOST, self.address);
        let protocol = self.setup.protocol;
        let (arrived, hops) = match protocol {
            Protocol::Saml | Protocol::WsFed => {
                let mut walk = Walk::new(client, protocol);
                let who = (name, password);
                let arrived = if self.setup.resolve_foreign_email {
                    let tenanted = format!("{entra}/{}/", tenant::NAME);
                    walk.begin_at_entra(&tenanted, who).await
                } else {
                    let door = format!("{}{FRONT_DOOR}", origin(IDP_HOST, self.address));
                    walk.begin_at_the_front_door(&door, who).await
                };
                (arrived.map_err(|error| error.to_string()), walk.into_hops())
            }
            Protocol::WsTrust => {
                let mut walk = ActiveWalk::new(client);
                let arrived = walk.sign_in(&entra, tenant::NAME, name, password).await;
                (arrived.map_err(|error| error.to_string()), walk.into_hops())
            }
        };
        let outcome = self.simulator.outcomes().pop();
        let who = (protocol, name);
        Ok(Report::new(who, arrived.err(), outcome, hops))
    }

    /// Stops everything: requests in flight are finished first.
    pub async fn stop(self) {
        self.stop.cancel();
        // A listener that panicked has nothing left to stop.
        let _ = self.serving.await;
        self.directory.stop().await;
    }
}

fn origin(host: &str, address: SocketAddr) -> String {
    match address.port() {
        443 => format!("https://{host}"),
        port => format!("https://{host}:{port}"),
    }
}

/// The relying parties of the demo's configuration, their answers sent to where the simulator is.
fn relying_parties(config: &Config, consumer: &str) -> Result<Vec<RelyingParty>, DemoError> {
    let moved = |mut party: RelyingParty| {
        party.answer_to(vec![AssertionConsumerService {
            index: 0,
            url: consumer.to_owned(),
        }]);
        party
    };
    config
        .relying_parties
        .iter()
        .map(|file| Ok(moved(file.load()?)))
        .collect()
}

/// What lives at the simulated Entra, for who begins at Homerealm's own page.
fn portal(entra: &str) -> Result<Application, DemoError> {
    let link = format!("{entra}/{}/login", tenant::NAME);
    let hints = vec![trust::Hint::Login, trust::Hint::Domain];
    let name = "The partner portal".to_owned();
    let portal = Application::new(name, &link, hints, Access::Everyone);
    let mut portal = portal.map_err(|_| DemoError::Constant("application"))?;
    portal.id = ApplicationId::parse(PORTAL);
    Ok(portal)
}

fn directory_settings(port: u16, ca: &LocalCa) -> Result<directory::Settings, DemoError> {
    let server = format!("ldaps://localhost:{port}");
    Ok(directory::Settings {
        servers: directory::Servers::Listed(vec![
            server
                .parse()
                .map_err(|_| DemoError::Constant("directory address"))?,
        ]),
        tls_mode: TlsMode::Ldaps,
        tls: client_config(&[ca.ca_pem().as_bytes()])?,
        service: ServiceAccount::Password {
            name: SERVICE_DN.to_owned(),
            password: Password::parse(SERVICE_PASSWORD)
                .map_err(|_| DemoError::Constant("service password"))?,
        },
        base: BASE.parse().map_err(|_| DemoError::Constant("base"))?,
        scope_filter: None,
        password_change: directory::PasswordChange::Off,
        limits: directory::Limits::default(),
    })
}
