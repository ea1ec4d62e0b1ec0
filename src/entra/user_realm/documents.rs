use serde::{Deserialize, Serialize};

use super::{NamedRealm, is_ws_federation};
use crate::entra::{authn_request::escape, query::percent_encode};

/// The answer of `/common/userrealm/{name}` in `api-version` 1.0 (facts 3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRealm {
    /// `1.0`.
    pub ver: String,
    /// `Federated`, `Managed` or `Unknown`, written so: MSAL for Python compares it by the letter.
    pub account_type: String,
    /// The domain of the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_name: Option<String>,
    /// `WSTrust`. What Entra says in this version for a federation by SAML is not known, so that the
    /// simulator says nothing then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federation_protocol: Option<String>,
    /// `metadataExchangeUri`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federation_metadata_url: Option<String>,
    /// `activeSignInUri`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federation_active_auth_url: Option<String>,
    /// The host of Entra's endpoints.
    pub cloud_instance_name: String,
    /// Whom a token has to be for.
    pub cloud_audience_urn: String,
}

impl UserRealm {
    /// Where an application asks for the realm of a name. The address names no tenant, whichever one
    /// the application belongs to.
    pub fn address(entra: &str, name: &str) -> String {
        // An at sign needs no encoding in a path, and MSAL does not encode it.
        let name = percent_encode(name).replace("%40", "@");
        format!("{entra}/common/userrealm/{name}?api-version=1.0")
    }

    /// Whether another identity provider vouches for the domain.
    pub fn is_federated(&self) -> bool {
        self.account_type == "Federated"
    }

    pub(super) fn of(realm: &NamedRealm<'_>) -> Self {
        let active = realm.federation.filter(|it| is_ws_federation(it));
        Self {
            ver: "1.0".to_owned(),
            account_type: realm.kind().to_owned(),
            domain_name: realm.domain.as_ref().map(ToString::to_string),
            federation_protocol: active.map(|_| "WSTrust".to_owned()),
            federation_metadata_url: active.and_then(|it| it.metadata_exchange_uri.clone()),
            federation_active_auth_url: active.and_then(|it| it.active_sign_in_uri.clone()),
            cloud_instance_name: realm.cloud_instance_name.to_owned(),
            cloud_audience_urn: realm.audience.to_owned(),
        }
    }
}

/// The answer in `api-version` 2.0, and 2.1 (facts 5.5).
#[derive(Debug, Serialize)]
pub(super) struct Extended {
    #[serde(rename = "NameSpaceType")]
    name_space_type: &'static str,
    /// `WSTrust` or `SAML20`.
    #[serde(skip_serializing_if = "Option::is_none")]
    federation_protocol: Option<&'static str>,
    #[serde(rename = "Login")]
    login: String,
    #[serde(rename = "AuthURL", skip_serializing_if = "Option::is_none")]
    auth_url: Option<String>,
    #[serde(rename = "DomainName", skip_serializing_if = "Option::is_none")]
    domain_name: Option<String>,
    #[serde(
        rename = "FederationBrandName",
        skip_serializing_if = "Option::is_none"
    )]
    federation_brand_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_instance_name: Option<String>,
    /// The same by its name in 2.1.
    #[serde(rename = "cloudinstancename", skip_serializing_if = "Option::is_none")]
    in_2_1: Option<String>,
}

impl Extended {
    pub(super) fn of(realm: &NamedRealm<'_>) -> Self {
        Self {
            name_space_type: realm.kind(),
            federation_protocol: realm.federation.map(|federation| {
                if is_ws_federation(federation) {
                    "WSTrust"
                } else {
                    "SAML20"
                }
            }),
            login: realm.login.clone(),
            auth_url: realm.auth_url(),
            domain_name: realm.known_domain(),
            federation_brand_name: realm.brand(),
            cloud_instance_name: Some(realm.cloud_instance_name.to_owned()),
            in_2_1: None,
        }
    }

    pub(super) fn by_2_1(mut self) -> Self {
        self.in_2_1 = self.cloud_instance_name.take();
        self
    }
}

/// The answer of `GetUserRealm.srf`. The numbers are those that were captured; nobody says what they
/// mean.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Srf {
    state: u8,
    user_state: u8,
    login: String,
    name_space_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    federation_global_version: Option<i8>,
    #[serde(rename = "AuthURL", skip_serializing_if = "Option::is_none")]
    auth_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    federation_brand_name: Option<String>,
    #[serde(rename = "AuthNForwardType", skip_serializing_if = "Option::is_none")]
    forward_type: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_instance_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_instance_issuer_uri: Option<String>,
    /// In XML only.
    #[serde(skip)]
    active: Option<String>,
    /// In XML only.
    #[serde(skip)]
    metadata_exchange: Option<String>,
}

impl Srf {
    pub(super) fn of(realm: &NamedRealm<'_>) -> Self {
        let federated = realm.federation.is_some();
        let known = realm.tenant.is_some();
        let active = realm.federation.filter(|it| is_ws_federation(it));
        Self {
            state: if federated { 3 } else { 4 },
            user_state: if federated { 2 } else { 1 },
            login: realm.login.clone(),
            name_space_type: realm.kind(),
            domain_name: realm.known_domain(),
            federation_global_version: federated.then_some(-1),
            auth_url: realm.auth_url(),
            federation_brand_name: realm.brand(),
            forward_type: federated.then_some(1),
            cloud_instance_name: known.then(|| realm.cloud_instance_name.to_owned()),
            cloud_instance_issuer_uri: known.then(|| realm.audience.to_owned()),
            active: active.and_then(|it| it.active_sign_in_uri.clone()),
            metadata_exchange: active.and_then(|it| it.metadata_exchange_uri.clone()),
        }
    }

    /// As it was captured for managed and unknown domains. For federated ones the names are known,
    /// and their order is ours.
    pub(super) fn to_xml(&self) -> String {
        let number = |number: Option<i8>| number.map(|number| number.to_string());
        let is_federated = self
            .domain_name
            .is_some()
            .then(|| (self.name_space_type == "Federated").to_string());
        let elements = [
            ("State", Some(self.state.to_string())),
            ("UserState", Some(self.user_state.to_string())),
            ("Login", Some(self.login.clone())),
            ("NameSpaceType", Some(self.name_space_type.to_owned())),
            ("DomainName", self.domain_name.clone()),
            ("IsFederatedNS", is_federated),
            (
                "FederationGlobalVersion",
                number(self.federation_global_version),
            ),
            ("AuthURL", self.auth_url.clone()),
            ("STSAuthURL", self.active.clone()),
            ("MEXURL", self.metadata_exchange.clone()),
            ("FederationBrandName", self.federation_brand_name.clone()),
            ("CloudInstanceName", self.cloud_instance_name.clone()),
            (
                "CloudInstanceIssuerUri",
                self.cloud_instance_issuer_uri.clone(),
            ),
        ];
        let elements: String = elements
            .into_iter()
            .filter_map(|(name, text)| Some(format!("<{name}>{}</{name}>", escape(&text?))))
            .collect();
        format!("<RealmInfo Success=\"true\">{elements}</RealmInfo>")
    }
}
