use hyper::StatusCode;
use serde_json::json;

use super::{Version, claims::issuer, token::DEVICE_CODE};
use crate::{
    entra::{
        Address, Simulator,
        open_id::{SAML1_GRANT, document},
    },
    http::{Response, response},
};

impl Simulator {
    /// The discovery document of the tenant that addresses call `tenant` (`OpenID` Connect Discovery 4).
    pub(in crate::entra) fn openid_configuration(
        &self,
        tenant: &str,
        address: Address<'_>,
        version: Version,
    ) -> Response {
        let base = self.base_url();
        let issuer = match address {
            Address::Tenanted(tenant) => issuer(base, tenant.id().as_str(), version),
            // As Entra writes it: the tenant is that of the token.
            Address::Common => issuer(base, "{tenantid}", version),
        };
        let (oauth2, keys) = match version {
            Version::V1 => ("oauth2", "discovery/keys"),
            Version::V2 => ("oauth2/v2.0", "discovery/v2.0/keys"),
        };
        document(
            StatusCode::OK,
            &json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{base}/{tenant}/{oauth2}/authorize"),
                "token_endpoint": format!("{base}/{tenant}/{oauth2}/token"),
                "device_authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/devicecode"),
                "end_session_endpoint": format!("{base}/{tenant}/{oauth2}/logout"),
                "jwks_uri": format!("{base}/{tenant}/{keys}"),
                "userinfo_endpoint": format!("{base}/oidc/userinfo"),
                "response_types_supported": ["code"],
                "response_modes_supported": ["query", "fragment", "form_post"],
                "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_CODE, SAML1_GRANT],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "token_endpoint_auth_methods_supported":
                    ["client_secret_post", "private_key_jwt", "client_secret_basic"],
                "token_endpoint_auth_signing_alg_values_supported": ["PS256", "RS256"],
                "code_challenge_methods_supported": ["S256", "plain"],
                "claims_supported": [
                    "sub", "iss", "aud", "exp", "iat", "nbf", "nonce", "ver", "tid", "oid", "upn",
                    "preferred_username", "unique_name", "name", "email", "acct", "idp",
                ],
                "request_uri_parameter_supported": false,
            }),
        )
    }

    /// The keys that tokens are signed with.
    pub(in crate::entra) fn keys(&self) -> Response {
        match self.provider.key() {
            Some(key) => document(StatusCode::OK, &key.key_set()),
            None => response::text(StatusCode::INTERNAL_SERVER_ERROR, "There is no key.\n"),
        }
    }
}
