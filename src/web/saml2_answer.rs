//! Answers by SAML 2.0: a Response with an assertion, or with a status that says why there is none.

use time::OffsetDateTime;

use crate::{
    http::Response,
    observe::audit,
    saml2::{Assertion, ErrorResponse, Status, SuccessResponse, new_id},
    signin::{Grant, SignInRequest, is_called},
    trust::{NameId, RelyingParty},
};

use super::{
    IdentityProvider,
    pages::{Base64, Message},
    pending::Saml2Reply,
    refusal::Refused,
    reply::post,
};

impl IdentityProvider {
    /// The page that posts the signed Response.
    pub(super) fn issue_by_saml2(
        &self,
        request: &SignInRequest,
        reply: &Saml2Reply,
        grant: &Grant,
    ) -> Result<Response, Refused> {
        let relying_party = self.trusted(request)?;
        if !relying_party.is_consumer(&reply.consumer) {
            return Err(Refused::NotTrusted);
        }
        let Some(authn_context) = reply.authn_context.by(grant.factors) else {
            return self.answer_with_status(
                request,
                reply,
                Status::NoAuthnContext,
                "the authentication asked for has not taken place",
            );
        };
        let name_id = name_id(&relying_party, grant)?;
        if let Some(wanted) = &reply.subject
            && *wanted != *name_id.value
            && !is_called(&grant.subject, wanted)
        {
            return self.answer_with_status(
                request,
                reply,
                Status::UnknownPrincipal,
                "somebody else is signed in than the request names",
            );
        }
        let now = OffsetDateTime::now_utc();
        let claims = relying_party.claims(&grant.subject);
        let in_response_to = (!reply.is_unsolicited).then_some(request.request_id.as_str());
        let (response_id, assertion_id) = (new_id()?, new_id()?);
        let signing = self.signing();
        let document = SuccessResponse {
            id: &response_id,
            assertion: Assertion {
                id: &assertion_id,
                issuer: &grant.issuer,
                issue_instant: now,
                name_id: &name_id,
                in_response_to,
                recipient: &reply.consumer,
                audience: &relying_party.audience,
                not_before: now - relying_party.not_before_skew,
                not_on_or_after: now + relying_party.assertion_lifetime,
                attributes: &claims,
                authn_instant: grant.authn_instant,
                session_index: &grant.session_index,
                authn_context,
            },
            sign_response: relying_party.sign_response,
            encryption: relying_party.encryption.as_ref(),
        }
        .to_signed_xml(signing.keys.current())
        .map_err(|error| Refused::Internal(error.to_string()))?;
        audit::Issued {
            correlation: &request.correlation,
            relying_party: relying_party.entity_id(),
            audience: &relying_party.audience,
            protocol: request.protocol.as_str(),
            issuer: &grant.issuer,
            assertion_id: &assertion_id,
            in_response_to,
            client_request_id: None,
            name_id: &name_id.value,
            immutable_id: &grant.subject.immutable_id,
            cloud_upn: &grant.subject.cloud_upn,
            proof: grant.proof.as_str(),
            key: signing.keys.current().thumbprint(),
        }
        .record()?;
        post_response(&relying_party, reply, "You are signed in", &document)
    }

    /// Tells the relying party by a status why there is no assertion.
    pub(super) fn answer_with_status(
        &self,
        request: &SignInRequest,
        reply: &Saml2Reply,
        status: Status,
        cause: &str,
    ) -> Result<Response, Refused> {
        audit::request_refused(&request.correlation, Some(&request.relying_party), cause);
        let document = self.status_response(request, reply, status, cause)?;
        let relying_party = self.trusted(request)?;
        post_response(&relying_party, reply, "You are not signed in", &document)
    }

    /// The Response that carries a status.
    pub(super) fn status_response(
        &self,
        request: &SignInRequest,
        reply: &Saml2Reply,
        status: Status,
        cause: &str,
    ) -> Result<String, Refused> {
        let relying_party = self.trusted(request)?;
        let issuer = self
            .trusts
            .default_issuer(&relying_party)
            .ok_or(Refused::NotTrusted)?;
        let signing = self.signing();
        ErrorResponse {
            id: &new_id()?,
            issuer,
            issue_instant: OffsetDateTime::now_utc(),
            destination: &reply.consumer,
            in_response_to: &request.request_id,
            status,
            message: &format!("{cause} (correlation id {})", request.correlation),
        }
        .to_xml(relying_party.sign_response.then(|| signing.keys.current()))
        .map_err(|error| Refused::Internal(error.to_string()))
    }
}

/// The name under which the relying party knows her.
pub(super) fn name_id<'a>(
    relying_party: &RelyingParty,
    grant: &'a Grant,
) -> Result<NameId<'a>, Refused> {
    // That she has one was seen before the grant.
    let name = relying_party.name_id(&grant.subject, &grant.session_index);
    name.map_err(|error| Refused::Internal(error.to_string()))
}

pub(super) fn post_response(
    relying_party: &RelyingParty,
    reply: &Saml2Reply,
    heading: &str,
    document: &str,
) -> Result<Response, Refused> {
    let message = Message::Saml2 {
        response: Base64(document.as_bytes()),
        relay_state: reply.relay_state.as_deref(),
    };
    let size = document.len().div_ceil(3) * 4;
    post(heading, relying_party, &reply.consumer, message, size)
}
