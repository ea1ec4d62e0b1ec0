//! WS-Federation at `/adfs/ls/`: requests to sign somebody in, and their answers.
//!
//! A request has no ID. Each that comes in gets one of its own, so that a page which waits for a
//! password is answered once, as with SAML: who sends an old form again, password and all, gets
//! nothing. The same address opened twice is two requests. That is no replay: the answer tells the
//! relying party who holds this browser's session, goes to a registered address only, and may carry
//! an equal `wctx` or none; whether it takes two is for the relying party to say.

use hyper::Method;
use time::OffsetDateTime;

use crate::{
    http::{Form, Request, Response},
    keys::Signer,
    observe::{CorrelationId, audit},
    saml1,
    saml2::{self, new_id},
    signin::{Grant, SignInRequest},
    trust::{Circumstances, Claim, NameId, Protocol, RelyingParty, TokenVersion},
    upstream::Factors,
    wsfed::{self, SignInResponse, Token},
};

use super::{
    IdentityProvider,
    arrival::{Hints, shortened},
    departure::Asker,
    pages::Message,
    pending::{Pending, Reply, WsFederationReply},
    refusal::Refused,
    reply::post,
    saml2_answer::name_id,
};

impl IdentityProvider {
    pub(super) async fn ws_federation(
        &self,
        request: &Request,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let query = request.query()?;
        let form = if request.method == Method::POST {
            request.form()?
        } else {
            Form::default()
        };
        match wsfed::Request::parse(&query, &form)? {
            wsfed::Request::SignIn(asked) => {
                let hints = Hints::of(None, [&query, &form]);
                let pending = self.pending(&asked, hints, correlation)?;
                self.begin(request, pending).await
            }
            // Boxed, since sign-ins are the rule, and would carry room for it.
            wsfed::Request::SignOut(asked) => {
                let wanted_by = self.leaving(asked, correlation);
                Box::pin(self.sign_out(request, wanted_by, correlation)).await
            }
        }
    }

    /// Where the browser goes on to after its session has ended. An address that nobody has
    /// registered is not gone on to; the session ends all the same.
    fn leaving(&self, asked: wsfed::SignOut, correlation: &CorrelationId) -> Asker {
        let Some(address) = asked.reply else {
            return Asker::Nobody;
        };
        let mut parties = self.trusts.relying_parties().into_iter();
        if parties.any(|party| {
            party.speaks(Protocol::WsFederation) && party.ws_federation.is_reply_address(&address)
        }) {
            return Asker::WsFederation { address };
        }
        let address = shortened(&address);
        let cause = format!("unknown reply address at sign-out: {address}");
        audit::request_refused(correlation, None, &cause);
        Asker::Nobody
    }

    fn pending(
        &self,
        asked: &wsfed::SignIn,
        hints: Hints,
        correlation: &CorrelationId,
    ) -> Result<Pending, Refused> {
        let relying_party = self.asking(&asked.realm, Protocol::WsFederation)?;
        let address = reply_address(&relying_party, asked.reply.as_deref())?;
        if asked.sent.is_some_and(|sent| !self.is_timely(sent)) {
            return Err(Refused::Untimely {
                relying_party: relying_party.entity_id().to_owned(),
            });
        }
        Ok(Pending {
            request: SignInRequest {
                correlation: correlation.clone(),
                relying_party: relying_party.entity_id().to_owned(),
                protocol: Protocol::WsFederation,
                request_id: new_id()?.to_string(),
                max_age: asked.max_age,
                passive: false,
                hint: hints.name,
                home_realm_hint: hints.home_realm,
                several_factors: asked.authentication
                    == Some(wsfed::RequestedAuthentication::SeveralFactors),
            },
            reply: Reply::WsFederation(WsFederationReply {
                address: address.to_owned(),
                context: asked.context.clone(),
                client_request_id: asked.client_request_id.clone(),
            }),
        })
    }

    /// Whether a request that says when it was sent has come in time.
    fn is_timely(&self, sent: OffsetDateTime) -> bool {
        // Reckoned from our own clock: the request's may stand at the end of time.
        let now = OffsetDateTime::now_utc();
        let oldest = now - self.edge.request_lifetime - self.edge.clock_skew;
        (oldest..=now + self.edge.clock_skew).contains(&sent)
    }

    /// The page that posts the signed token.
    pub(super) fn issue_by_ws_federation(
        &self,
        request: &SignInRequest,
        reply: &WsFederationReply,
        grant: &Grant,
        circumstances: &Circumstances,
    ) -> Result<Response, Refused> {
        let relying_party = self.trusted(request)?;
        if !relying_party.ws_federation.is_reply_address(&reply.address) {
            return Err(Refused::NotTrusted);
        }
        let assertion_id = new_id()?;
        let name_id = name_id(&relying_party, grant)?;
        let claims = relying_party.token_claims(&grant.subject, circumstances);
        let says = (&name_id, claims.as_slice());
        let signing = self.signing();
        let signer = signing.keys.current();
        let document = token_response(signer, &relying_party, reply, grant, says, &assertion_id)
            .map_err(|error| Refused::Internal(error.to_string()))?;
        audit::Issued {
            correlation: &request.correlation,
            relying_party: relying_party.entity_id(),
            audience: &relying_party.audience,
            protocol: request.protocol.as_str(),
            issuer: &grant.issuer,
            assertion_id: &assertion_id,
            in_response_to: None,
            client_request_id: reply.client_request_id.as_deref(),
            name_id: &name_id.value,
            immutable_id: &grant.subject.immutable_id,
            cloud_upn: &grant.subject.cloud_upn,
            proof: grant.proof.as_str(),
            key: signer.thumbprint(),
        }
        .record()?;
        let message = Message::WsFederation {
            result: &document,
            context: reply.context.as_deref(),
        };
        // Quotes and brackets are written as five characters each.
        let size = document.len() * 3 / 2;
        post(
            "You are signed in",
            &relying_party,
            &reply.address,
            message,
            size,
        )
    }
}

fn token_response(
    signer: &Signer,
    relying_party: &RelyingParty,
    reply: &WsFederationReply,
    grant: &Grant,
    (name_id, claims): (&NameId<'_>, &[Claim<'_>]),
    assertion_id: &str,
) -> Result<String, crate::xml::WriteError> {
    let settings = &relying_party.ws_federation;
    let attributes = attributes(claims);
    let now = OffsetDateTime::now_utc();
    let (not_before, not_on_or_after) = (
        now - relying_party.not_before_skew,
        now + relying_party.assertion_lifetime,
    );
    let token = match settings.token {
        TokenVersion::Saml1 => Token::Saml1(saml1::Assertion {
            id: assertion_id,
            issuer: &grant.issuer,
            issue_instant: now,
            name_identifier: &name_id.value,
            name_identifier_format: name_id.format.saml1_uri(),
            audience: &relying_party.audience,
            not_before,
            not_on_or_after,
            attributes: &attributes,
            authentication_method: match grant.factors {
                Factors::One => saml1::AuthenticationMethod::Password,
                Factors::Several => saml1::AuthenticationMethod::SeveralFactors,
            },
            authentication_instant: grant.authn_instant,
        }),
        TokenVersion::Saml2 => Token::Saml2(saml2::Assertion {
            id: assertion_id,
            issuer: &grant.issuer,
            issue_instant: now,
            name_id,
            in_response_to: None,
            recipient: &reply.address,
            audience: &relying_party.audience,
            not_before,
            not_on_or_after,
            attributes: claims,
            authn_instant: grant.authn_instant,
            session_index: &grant.session_index,
            authn_context: match grant.factors {
                Factors::One => saml2::AuthnContextClass::PasswordProtectedTransport,
                Factors::Several => saml2::AuthnContextClass::SeveralFactors,
            },
        }),
    };
    SignInResponse {
        applies_to: &relying_party.audience,
        token,
    }
    .to_signed_xml(signer)
}

/// Claims as attributes of SAML 1.1. That their names can be cut in two was seen when they were
/// read.
pub(super) fn attributes<'a>(claims: &'a [Claim<'a>]) -> Vec<saml1::Attribute<'a>> {
    let attribute = |claim: &'a Claim<'a>| {
        Some(saml1::Attribute {
            claim_type: saml1::ClaimType::parse(claim.name)?,
            values: claim.values(),
        })
    };
    claims.iter().filter_map(attribute).collect()
}

/// The address for the answer: only ever one that the trust names.
fn reply_address<'a>(
    relying_party: &'a RelyingParty,
    asked: Option<&str>,
) -> Result<&'a str, Refused> {
    let mut registered = relying_party.ws_federation.reply_addresses.iter();
    registered
        .find(|known| asked.is_none_or(|asked| asked == *known))
        .map(String::as_str)
        .ok_or_else(|| Refused::UnknownReply {
            relying_party: relying_party.entity_id().to_owned(),
            asked: shortened(asked.unwrap_or("the default one")),
        })
}
