//! What the simulated Entra knows of the identity provider: by a tenant's file, by the identity
//! provider's own metadata, or by both.

use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use homerealm::{
    entra::{ImmutableId, PreferredAuthenticationProtocol, SignInName, Tenants},
    http::{
        client::Client,
        tls::{client_config, client_config_adding},
    },
    saml2::LARGEST_METADATA,
    simulate::{
        idp_metadata::{self, OnlyUser},
        scenario::Settings,
        tenant_file,
    },
};
use hyper::StatusCode;

#[derive(clap::Args)]
pub(super) struct Registered {
    /// The tenants: domains, federations, users, policies
    #[arg(long, value_name = "FILE", required_unless_present = "idp_metadata")]
    tenant: Option<PathBuf>,
    /// The identity provider's metadata, SAML's or FederationMetadata.xml: its issuer, addresses and
    /// certificates take the place of those of the first federated domain. Without --tenant it needs --email,
    /// --upn and --immutable-id
    #[arg(long, value_name = "FILE|URL")]
    idp_metadata: Option<String>,
    /// With --idp-metadata: the protocol, where it speaks both; otherwise SAML
    #[arg(long, value_name = "saml|wsFed", requires = "idp_metadata", value_parser = protocol)]
    protocol: Option<PreferredAuthenticationProtocol>,
    /// Who signs in: what is typed at Entra; in place of the name in the scenario, too
    #[arg(long, value_name = "ADDRESS", value_parser = SignInName::parse)]
    pub(super) email: Option<SignInName>,
    /// Without --tenant: the cloud UPN; its domain is the federated one
    #[arg(long, value_name = "UPN", value_parser = SignInName::parse, conflicts_with = "tenant")]
    upn: Option<SignInName>,
    /// Without --tenant: the ImmutableID that the identity provider has to send
    #[arg(long, value_name = "TEXT", value_parser = ImmutableId::parse, conflicts_with = "tenant")]
    immutable_id: Option<ImmutableId>,
    /// PEM file of what is trusted at the identity provider in place of the system's certificates; in place
    /// of that in the scenario, too
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

impl Registered {
    /// The tenants. `browser` says how the identity provider is reached.
    pub(super) async fn tenants(&self, browser: &Settings) -> anyhow::Result<Tenants> {
        let written = self.tenant.as_deref().map(tenant_file::read).transpose()?;
        let Some(from) = &self.idp_metadata else {
            return written.context("there is neither --tenant nor --idp-metadata");
        };
        let document = document(from, browser).await?;
        let federation = idp_metadata::read(&document, self.protocol).context(from.clone())?;
        Ok(
            match (written, &self.email, &self.upn, &self.immutable_id) {
                (Some(tenants), ..) => idp_metadata::register(&tenants, federation)?,
                (None, Some(email), Some(upn), Some(immutable_id)) => {
                    let user = OnlyUser {
                        email: email.clone(),
                        user_principal_name: upn.clone(),
                        immutable_id: immutable_id.clone(),
                    };
                    idp_metadata::tenant_for(user, federation)?
                }
                _ => bail!(
                    "without --tenant, somebody has to be known by --email, --upn and --immutable-id"
                ),
            },
        )
    }
}

fn protocol(text: &str) -> Result<PreferredAuthenticationProtocol, String> {
    use PreferredAuthenticationProtocol::{Saml, WsFed};
    [Saml, WsFed]
        .into_iter()
        .find(|protocol| protocol.to_string() == text)
        .ok_or_else(|| "neither saml nor wsFed".to_owned())
}

async fn document(from: &str, browser: &Settings) -> anyhow::Result<Vec<u8>> {
    if !from.starts_with("https://") {
        ensure!(
            !from.starts_with("http://"),
            "{from}: metadata is taken from https addresses and files alone"
        );
        return std::fs::read(from).with_context(|| format!("cannot read {from}"));
    }
    let tls = match &browser.ca {
        None => client_config_adding(&[])?,
        Some(path) => {
            let pem =
                std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            client_config(&[&pem])?
        }
    };
    let mut client = Client::new(tls).with_largest_body(LARGEST_METADATA);
    for (host, address) in &browser.addresses {
        client = client.with_address(host, *address);
    }
    let reply = client
        .get(&from.parse()?, None)
        .await
        .with_context(|| from.to_owned())?;
    ensure!(
        reply.status == StatusCode::OK,
        "{from} answers with status {}",
        reply.status
    );
    Ok(reply.body.into())
}
