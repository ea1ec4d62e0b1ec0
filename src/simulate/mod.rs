//! The simulated Entra by itself, in front of any identity provider: what the tenant's file says of
//! its federation is all that is known of it, as at the real one.

pub mod idp_metadata;
pub mod scenario;
pub mod tenant_file;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    entra::{Settings, Simulator, Tenants},
    http::{
        server::Server,
        tls::{LocalCa, TlsError},
    },
};

/// The host that browsers reach the simulator at; names below localhost lead to this machine.
pub const HOST: &str = "entra.localhost";

/// Why the simulator could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// The address could not be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's word.
        source: std::io::Error,
    },
    /// The certificate could not be made.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A simulator that is running.
pub struct Simulation {
    address: SocketAddr,
    ca: LocalCa,
    simulator: Arc<Simulator>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Simulation {
    /// Starts it; port 0 lets the system choose one. `resolve_foreign_email` says whether an email of
    /// a foreign domain is resolved at a tenanted address.
    pub async fn start(
        tenants: Tenants,
        listen: SocketAddr,
        resolve_foreign_email: bool,
    ) -> Result<Self, SimulateError> {
        Self::start_with(tenants, listen, |settings| {
            settings.resolve_foreign_email = resolve_foreign_email;
        })
        .await
    }

    /// The same with any of the settings changed.
    pub async fn start_with(
        tenants: Tenants,
        listen: SocketAddr,
        change: impl FnOnce(&mut Settings),
    ) -> Result<Self, SimulateError> {
        let listening = |source| SimulateError::Listen {
            address: listen,
            source,
        };
        let server = Server::bind(listen).await.map_err(listening)?;
        let address = server.local_addr().map_err(listening)?;
        let ca = LocalCa::new()?;
        let certificate = ca.issue(&[HOST, "localhost", "127.0.0.1"])?;
        let server = server.with_tls(certificate.server_config()?);
        let mut settings = Settings::at(&base_url(address));
        settings.application = format!("The portal of {}", tenants.first().display_name());
        change(&mut settings);
        let simulator = Arc::new(Simulator::new(tenants, settings));
        let stop = CancellationToken::new();
        let serving = tokio::spawn(server.serve(simulator.clone(), stop.clone()));
        Ok(Self {
            address,
            ca,
            simulator,
            stop,
            serving,
        })
    }

    /// Where browsers begin.
    pub fn url(&self) -> String {
        format!("{}/", base_url(self.address))
    }

    /// Where this machine reaches it.
    fn reachable(&self) -> SocketAddr {
        match self.address.ip() {
            ip if ip.is_unspecified() => {
                SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), self.address.port())
            }
            _ => self.address,
        }
    }

    /// The simulator itself: what an identity provider has to know of it, and what it decided.
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// The certificate authority made for this run, PEM.
    pub fn ca_pem(&self) -> &str {
        self.ca.ca_pem()
    }

    /// Where an identity provider learns what the simulator is, and by which key it signs requests.
    pub fn metadata_url(&self) -> String {
        let base = base_url(self.address);
        format!("{base}/federationmetadata/saml20/federationmetadata.xml")
    }

    /// Stops it: requests in flight are finished first.
    pub async fn stop(self) {
        self.stop.cancel();
        // A listener that panicked has nothing left to stop.
        let _ = self.serving.await;
    }
}

fn base_url(address: SocketAddr) -> String {
    match address.port() {
        443 => format!("https://{HOST}"),
        port => format!("https://{HOST}:{port}"),
    }
}

#[cfg(test)]
mod tests;
