//! Upstreams that speak OpenID Connect: to them we are a client.
//!
//! The code comes by way of the browser, and the tokens from the issuer itself; what counts is what
//! the ID token says, or, where the issuer leaves the address out of it, what its UserInfo endpoint
//! says about the same subject (OpenID Connect Core 5.3).
//!
//! Nothing is fetched before somebody is sent there, so that an upstream that is down is no reason
//! not to start.

mod exchange;
mod fault;
mod kept;
mod person;
mod settings;
#[cfg(test)]
mod tests;

pub use settings::{Settings, SeveralFactors, Verified};

use std::{fmt, sync::Arc, time::Instant};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use time::OffsetDateTime;

use crate::{
    http::Form,
    keys::random_octets,
    openid::{
        AuthenticationRequest, Code, CodeVerifier, Demand, IdToken, IdTokenError, JwsError,
        KeyChoiceError, KeySet, LARGEST_DISCOVERY, LARGEST_KEY_SET, Object, ProviderMetadata,
        TokenRequest, Tokens, discovery_address,
    },
};

use super::{Ask, Asserted, Expected, Leaving, Terms, UpstreamError};
use exchange::Exchanges;
use fault::ours;
use kept::Kept;

/// One of them.
pub struct OpenId {
    settings: Settings,
    exchanges: Exchanges,
    metadata: Kept<ProviderMetadata, UpstreamError>,
    keys: Kept<KeySet, UpstreamError>,
}

impl OpenId {
    /// An upstream by these settings. Opens no connection.
    pub fn new(settings: Settings) -> Self {
        Self {
            exchanges: Exchanges::new(settings.tls.clone()),
            metadata: Kept::new(),
            keys: Kept::new(),
            settings,
        }
    }

    /// The authentication request that asks.
    ///
    /// # Errors
    /// [`UpstreamError`], when it cannot be made.
    pub(super) async fn ask(&self, terms: &Terms, ask: &Ask<'_>) -> Result<Leaving, UpstreamError> {
        let metadata = self.metadata().await?;
        let nonce = BASE64.encode(random_octets::<32>().map_err(ours)?);
        let verifier = CodeVerifier::new(random_octets().map_err(ours)?);
        let settings = &self.settings;
        let scope = ["openid"].into_iter();
        let scope: Vec<_> = scope
            .chain(settings.scopes.iter().map(String::as_str))
            .collect();
        let mut claims = Vec::new();
        if metadata.takes_claims_parameter {
            claims.push(settings.address_claim.as_str());
            if let Verified::IfClaimed(by) = &settings.verified {
                claims.push(by);
            }
            if terms.trusted_for_mfa {
                claims.extend(["acr", "amr"]);
            }
        }
        let acr_values: &[String] = if ask.several_factors {
            &settings.several_factors.acr
        } else {
            &[]
        };
        let request = AuthenticationRequest {
            client_id: &settings.client_id,
            redirect_uri: &settings.redirect_uri,
            scope: &scope.join(" "),
            state: ask.handle,
            nonce: &nonce,
            code_verifier: &verifier,
            login_hint: ask.login_hint,
            fresh: ask.fresh,
            acr_values,
            id_token_claims: &claims,
        };
        Ok(Leaving {
            address: request.address(&metadata.authorization_endpoint),
            expected: Expected {
                upstream: terms.name.clone(),
                request_id: nonce.clone(),
                code_verifier: Some(verifier.as_str().to_owned()),
                asked_at: ask.now.unix_timestamp(),
                fresh: ask.fresh,
            },
        })
    }

    /// Reads the parameters that came back, and redeems the code.
    ///
    /// # Errors
    /// [`UpstreamError`], unless every check passes.
    pub(super) async fn receive(
        &self,
        terms: &Terms,
        query: &Form,
        expected: &Expected,
        now: OffsetDateTime,
    ) -> Result<Asserted, UpstreamError> {
        let arrived = Instant::now();
        let metadata = self.metadata().await?;
        let issuer = &self.settings.issuer;
        let code = Code::from_answer(query, issuer, metadata.answers_name_issuer)?;
        let tokens = self.redeem(&code, &metadata, expected, now).await?;
        // The tokens are younger than the answer that brought the code.
        let now = now + arrived.elapsed();
        let token = self.judge(&tokens, &metadata, expected, now).await?;
        let address = self.address(&token, &tokens, &metadata).await?;
        let several = terms.trusted_for_mfa && self.used_several_factors(&token)?;
        terms.assert(&address, token.authn_instant().min(now), several)
    }

    async fn redeem(
        &self,
        code: &Code,
        metadata: &ProviderMetadata,
        expected: &Expected,
        now: OffsetDateTime,
    ) -> Result<Tokens, UpstreamError> {
        let kept = expected.code_verifier.as_deref();
        let verifier = kept.map(CodeVerifier::kept).ok_or_else(|| {
            UpstreamError::NotAsked("the question was not asked by this protocol".to_owned())
        })?;
        let request = TokenRequest {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            authentication: &self.settings.authentication,
            secret_in_body: metadata.secret_in_body,
            redirect_uri: &self.settings.redirect_uri,
            code,
            code_verifier: &verifier,
        };
        let id = BASE64.encode(random_octets::<16>().map_err(ours)?);
        let posted = request.write(&id, now).map_err(ours)?;
        let endpoint = &metadata.token_endpoint;
        let (body, accepted) = self.exchanges.post(endpoint, &posted).await?;
        Ok(Tokens::read(&body, accepted)?)
    }

    /// The ID token, checked; with newer keys, if it is by one that is not known yet.
    async fn judge(
        &self,
        tokens: &Tokens,
        metadata: &ProviderMetadata,
        expected: &Expected,
        now: OffsetDateTime,
    ) -> Result<IdToken, UpstreamError> {
        let asked_at = OffsetDateTime::from_unix_timestamp(expected.asked_at)
            .map_err(|_| UpstreamError::NotAsked("the question has no time".to_owned()))?;
        let demand = Demand {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce: &expected.request_id,
            asked_at,
            fresh: expected.fresh,
            access_token: tokens.access_token.as_deref().map(String::as_str),
            now,
            skew: self.settings.clock_skew,
        };
        let fetch = || self.fetch_keys(metadata);
        let keys = self.keys.get(fetch).await?;
        let verified = IdToken::verify(&tokens.id_token, &keys, &demand);
        let unknown = IdTokenError::from(JwsError::from(KeyChoiceError::Unknown));
        if verified.as_ref().err() != Some(&unknown) {
            return Ok(verified?);
        }
        let newer = self.keys.newer(&keys, fetch).await;
        Ok(IdToken::verify(&tokens.id_token, &newer, &demand)?)
    }

    /// The address and the word that it is verified, both from one place.
    async fn address(
        &self,
        token: &IdToken,
        tokens: &Tokens,
        metadata: &ProviderMetadata,
    ) -> Result<String, UpstreamError> {
        let Settings {
            address_claim: claim,
            verified,
            ..
        } = &self.settings;
        if let Some(address) = person::address(token.claims(), claim, verified)? {
            return Ok(address);
        }
        let missing = || UpstreamError::NoAddress(format!("there is no claim {claim:?}"));
        let endpoint = metadata.userinfo_endpoint.as_ref().ok_or_else(missing)?;
        let access_token = tokens.access_token.as_ref().ok_or_else(missing)?;
        let document = self.exchanges.document_for(endpoint, access_token).await?;
        let unread = |error| UpstreamError::Invalid(format!("UserInfo: {error}"));
        let claims = Object::read(&document).map_err(unread)?;
        // Else an access token that was slipped in would name somebody else (Core 5.3.4).
        if claims.required_text("sub").map_err(unread)? != token.subject() {
            return Err(UpstreamError::Invalid(
                "UserInfo is about another subject than the ID token".to_owned(),
            ));
        }
        person::address(&claims, claim, verified)?.ok_or_else(missing)
    }

    fn used_several_factors(&self, token: &IdToken) -> Result<bool, UpstreamError> {
        let words = &self.settings.several_factors;
        person::used_several_factors(token.claims(), words)
            .map_err(|error| UpstreamError::Invalid(error.to_string()))
    }

    async fn metadata(&self) -> Result<Arc<ProviderMetadata>, UpstreamError> {
        self.metadata
            .get(|| async {
                let issuer = &self.settings.issuer;
                let unusable = |error: String| UpstreamError::Unavailable(error);
                let address = discovery_address(issuer);
                let address = address
                    .parse()
                    .map_err(|_| unusable(format!("{address} is no address")))?;
                let largest = LARGEST_DISCOVERY;
                let document = self.exchanges.document(&address, largest).await?;
                ProviderMetadata::read(&document, issuer)
                    .map_err(|error| unusable(error.to_string()))
            })
            .await
    }

    async fn fetch_keys(&self, metadata: &ProviderMetadata) -> Result<KeySet, UpstreamError> {
        let largest = LARGEST_KEY_SET;
        let document = self.exchanges.document(&metadata.jwks_uri, largest).await?;
        KeySet::read(&document).map_err(|error| UpstreamError::Unavailable(error.to_string()))
    }
}

impl fmt::Debug for OpenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenId").field(&self.settings).finish()
    }
}
