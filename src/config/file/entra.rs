//! `[entra]`: the tenant whose domains are federated with us.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Entra {
    #[serde(default)]
    pub cloud: Cloud,
    #[serde(default)]
    pub protocol: FederationProtocol,
    pub brand: Option<String>,
    #[serde(default)]
    pub federated_idp_mfa_behavior: MfaBehavior,
    pub credential: Option<Spanned<GraphCredential>>,
    pub graph_url: Option<Spanned<String>>,
    pub login_url: Option<Spanned<String>>,
    pub ca: Option<PathBuf>,
}

/// What proves us to Graph, by reference: no secret stands in the file.
#[derive(Debug)]
pub(in crate::config) enum GraphCredential {
    TokenFile(PathBuf),
    TokenEnv(String),
    Application {
        tenant: String,
        client_id: String,
        certificate: PathBuf,
        key: PathBuf,
    },
}

impl<'de> Deserialize<'de> for GraphCredential {
    /// By hand, since serde's own errors quote the value, which may be a token.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const SHAPE: &str = "a credential for Graph is { tenant = \"DOMAIN\", client_id = \"GUID\", \
                             certificate = \"PATH\", key = \"PATH\" }, or a token by { file = \
                             \"PATH\" } or { env = \"NAME\" }, and never stands in this file itself";

        let wrong = || D::Error::custom(SHAPE);
        let written = BTreeMap::<String, String>::deserialize(deserializer).map_err(|_| wrong())?;
        let written: Vec<_> = written
            .iter()
            .map(|(name, value)| (name.as_str(), value))
            .collect();
        // What stands in an address as it is.
        let plain = |text: &str| {
            let mut bytes = text.bytes();
            !text.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b))
        };
        match written[..] {
            [("file", path)] => Ok(Self::TokenFile(path.into())),
            [("env", name)] => Ok(Self::TokenEnv(name.clone())),
            [
                ("certificate", certificate),
                ("client_id", client_id),
                ("key", key),
                ("tenant", tenant),
            ] if plain(client_id) && plain(tenant) => Ok(Self::Application {
                tenant: tenant.clone(),
                client_id: client_id.clone(),
                certificate: certificate.into(),
                key: key.into(),
            }),
            _ => Err(wrong()),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum Cloud {
    #[default]
    Global,
    UsGovernment,
    UsGovernmentDod,
    China,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum FederationProtocol {
    #[default]
    Saml2,
    WsFederation,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum MfaBehavior {
    #[default]
    Reject,
    Accept,
    Enforce,
}
