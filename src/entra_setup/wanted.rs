use crate::{
    config::Config,
    keys::{Certificate, KeyRing},
    microsoft_graph::FederationConfiguration,
    trust::Preset,
    web::METADATA_EXCHANGE_PATH,
    wstrust,
};

use super::Protocol;

/// The federation of one of our domains as Entra should have it.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The domain, in ASCII.
    pub domain: String,
    /// What Graph is told to create it.
    pub configuration: FederationConfiguration,
    /// What we sign with.
    pub current: Certificate,
    /// What we will sign with next.
    pub next: Option<Certificate>,
    /// What we signed with before.
    pub former: Option<Certificate>,
}

impl Wanted {
    /// Of each federated domain, in the order of the configuration.
    pub fn of(config: &Config, keys: &KeyRing) -> Vec<Self> {
        let domains = config.domains.iter();
        domains
            .map(|domain| {
                let suffix = domain.suffix.as_ascii();
                let mut configuration = common(config, keys);
                let brand = config.entra.terms.display_name.as_deref();
                configuration.display_name = Some(brand.unwrap_or(suffix).to_owned());
                configuration.issuer_uri = Some(domain.issuer.clone());
                Self {
                    domain: suffix.to_owned(),
                    configuration,
                    current: keys.current().certificate().clone(),
                    next: keys.next().cloned(),
                    former: keys.former().cloned(),
                }
            })
            .collect()
    }
}

/// What holds for each domain.
fn common(config: &Config, keys: &KeyRing) -> FederationConfiguration {
    let (edge, terms) = (&config.edge, &config.entra.terms);
    let at = |path: &str| Some(format!("{}{path}", edge.base_url));
    let requires_signed = config
        .relying_parties
        .iter()
        .any(|party| party.preset() == Preset::Entra && party.requires_signed_requests());
    let mut configuration = FederationConfiguration {
        odata_type: Some("#microsoft.graph.internalDomainFederation".to_owned()),
        signing_certificate: Some(keys.current().certificate().base64().to_owned()),
        next_signing_certificate: keys.next().map(|next| next.base64().to_owned()),
        preferred_authentication_protocol: Some(terms.protocol.graph_name().to_owned()),
        federated_idp_mfa_behavior: Some(terms.mfa.graph_name().to_owned()),
        is_signed_authentication_request_required: Some(false),
        ..FederationConfiguration::default()
    };
    match terms.protocol {
        Protocol::Saml2 => {
            configuration.passive_sign_in_uri = Some(edge.sso_url());
            configuration.sign_out_uri = Some(edge.slo_url());
            configuration.is_signed_authentication_request_required = Some(requires_signed);
        }
        Protocol::WsFederation => {
            configuration.passive_sign_in_uri = Some(edge.passive_url());
            configuration.sign_out_uri = Some(format!("{}?wa=wsignout1.0", edge.passive_url()));
            let fresh = "translateToFreshPasswordAuthentication";
            configuration.prompt_login_behavior = Some(fresh.to_owned());
            if edge.ws_trust {
                configuration.active_sign_in_uri = at(wstrust::Version::Feb2005.path());
                configuration.metadata_exchange_uri = at(METADATA_EXCHANGE_PATH);
            }
        }
    }
    configuration
}
