//! The way of an application that asks for the password itself, as MSAL goes it: over real HTTPS,
//! twice, since the two libraries go to two endpoints.

use hyper::{StatusCode, Uri, http::uri::InvalidUri};
use time::OffsetDateTime;

use crate::{
    entra::{
        UserRealm,
        ws_trust::{
            AnswerError, Library, Mex, MexError, PasswordEndpoint, Token, TokenRequest, Version,
            grant, read_answer,
        },
    },
    http::client::{Client, ClientError, Reply},
};

use super::{Hop, tenant::APPLICATION};

/// Why the way ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActiveWalkError {
    /// An address that was told is no URL.
    #[error(transparent)]
    Address(#[from] InvalidUri),
    /// A server could not be reached.
    #[error("no answer: {0}")]
    Client(#[from] ClientError),
    /// Entra's answer is not the JSON that it should be.
    #[error("the simulated Entra's answer cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// The name is not of a federated domain.
    #[error(
        "Entra says of the domain of {name}: {account_type}. No identity provider is asked then; \
         for a partner an application has to pass the cloud UPN"
    )]
    NotFederated {
        /// The name that was passed.
        name: String,
        /// What Entra says of its domain.
        account_type: String,
    },
    /// The federation has nothing for applications.
    #[error("the federation has no metadataExchangeUri")]
    NoMetadataExchange,
    /// The MEX document is of no use.
    #[error(transparent)]
    Mex(#[from] MexError),
    /// There is no token in the answer.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// Entra gives nothing for the assertion.
    #[error("{0}")]
    Refused(String),
}

/// Goes to endpoints and keeps account.
pub(super) struct ActiveWalk {
    client: Client,
    hops: Vec<Hop>,
}

impl ActiveWalk {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            hops: Vec::new(),
        }
    }

    pub(super) fn into_hops(self) -> Vec<Hop> {
        self.hops
    }

    /// Signs somebody in at `entra`, in `tenant`, as each of the two libraries does it.
    pub(super) async fn sign_in(
        &mut self,
        entra: &str,
        tenant: &str,
        name: &str,
        password: &str,
    ) -> Result<(), ActiveWalkError> {
        let realm = self.realm(entra, name).await?;
        if !realm.is_federated() {
            return Err(ActiveWalkError::NotFederated {
                name: name.to_owned(),
                account_type: realm.account_type,
            });
        }
        let mex = realm.federation_metadata_url;
        let mex = mex.ok_or(ActiveWalkError::NoMetadataExchange)?;
        let endpoints = self.endpoints(&mex.parse()?).await?;
        let token_endpoint: Uri = format!("{entra}/{tenant}/oauth2/v2.0/token").parse()?;
        for endpoint in endpoints {
            let user = (name, password);
            let token = self
                .token(&endpoint, &realm.cloud_audience_urn, user)
                .await?;
            self.redeem(&token_endpoint, &token).await?;
        }
        Ok(())
    }

    async fn realm(&mut self, entra: &str, name: &str) -> Result<UserRealm, ActiveWalkError> {
        let url = UserRealm::address(entra, name).parse()?;
        let reply = self.client.get(&url, None).await?;
        let realm: UserRealm = serde_json::from_slice(&reply.body)?;
        let page = format!("account_type {}", realm.account_type);
        self.note(
            "GET",
            &reply,
            page,
            "an application asks for name and password, and asks Entra whose the name is; the \
             address names no tenant, so that it has to be the cloud UPN",
        );
        Ok(realm)
    }

    /// Where either library would go.
    async fn endpoints(&mut self, mex: &Uri) -> Result<[PasswordEndpoint; 2], ActiveWalkError> {
        let reply = self.client.get(mex, None).await?;
        let found = Mex::read(&reply.body).and_then(|mex| {
            Ok([
                mex.password_endpoint(Library::Python)?,
                mex.password_endpoint(Library::DotNet)?,
            ])
        });
        let page = match &found {
            Ok([python, dot_net]) => format!(
                "{} takes WS-Trust {}, {} {}",
                Library::Python,
                python.version,
                Library::DotNet,
                dot_net.version
            ),
            Err(_) => "no use".to_owned(),
        };
        self.note(
            "GET",
            &reply,
            page,
            "it reads the MEX document: at which endpoints a name and a password are taken",
        );
        Ok(found?)
    }

    async fn token(
        &mut self,
        endpoint: &PasswordEndpoint,
        audience: &str,
        user: (&str, &str),
    ) -> Result<Token, ActiveWalkError> {
        let (version, address) = (endpoint.version, &endpoint.address);
        let now = OffsetDateTime::now_utc();
        let request = TokenRequest::new(version, address, audience, user, now);
        let reply = self
            .client
            .post_soap(
                &address.parse()?,
                version.request_action(),
                request.to_xml(),
            )
            .await?;
        let status = reply.status.as_u16();
        let token = read_answer(status, &reply.body, version, request.message_id());
        let page = match &token {
            Ok(_) => "a SAML 1.1 assertion".to_owned(),
            Err(AnswerError::Fault(fault)) => format!("fault {}", fault.subcode),
            Err(_) => "no token".to_owned(),
        };
        self.note(
            "POST",
            &reply,
            page,
            match version {
                Version::V13 => {
                    "it sends name and password by WS-Trust 1.3, as MSAL for Python does; Homerealm \
                     finds the account, checks the password, and signs the assertion"
                }
                Version::Feb2005 => {
                    "the same by WS-Trust of February 2005, as MSAL for .NET does"
                }
            },
        );
        Ok(token?)
    }

    async fn redeem(&mut self, endpoint: &Uri, token: &Token) -> Result<(), ActiveWalkError> {
        let reply = self
            .client
            .post_form(endpoint, &grant(token, APPLICATION), None)
            .await?;
        let said: serde_json::Value = serde_json::from_slice(&reply.body)?;
        let text = |name: &str| said.get(name).and_then(serde_json::Value::as_str);
        let is_good = reply.status == StatusCode::OK && text("access_token").is_some();
        let page = text("error").unwrap_or("an access token").to_owned();
        self.note(
            "POST",
            &reply,
            page,
            "it brings the assertion to Entra, which checks it, strictly, and gives an access token",
        );
        if is_good {
            return Ok(());
        }
        let why = text("error_description").unwrap_or("no access token came");
        Err(ActiveWalkError::Refused(why.to_owned()))
    }

    fn note(&mut self, method: &'static str, reply: &Reply, page: String, what: &'static str) {
        self.hops.push(Hop::of(method, reply, page, what));
    }
}
