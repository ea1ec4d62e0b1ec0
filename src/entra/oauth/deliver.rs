//! Back to the application, with a code or with the reason why there is none.

use form_urlencoded::Serializer;
use time::OffsetDateTime;

use super::{
    Code, Grant, Person,
    request::{Authorization, Back, Reply, ResponseMode},
};
use crate::{
    entra::{
        DomainName, Outcome, Refusal, Simulator,
        pages::{self, PageError},
        verify::SignedIn,
    },
    http::Response,
};

impl Simulator {
    /// What follows a sign-in that an application waits for; `None` where none does.
    pub(in crate::entra) fn deliver(
        &self,
        outcome: &Outcome,
        signed_in: &SignedIn,
        now: OffsetDateTime,
    ) -> Option<Result<Response, PageError>> {
        let provider = &self.provider;
        let request_id = outcome.request_id.as_deref()?;
        let context = provider.under_way.take(request_id, now).ok()?;
        let authorization = provider.waiting.take(&context, now).ok()?;
        let person = Person {
            tenant: DomainName::parse(&signed_in.tenant).ok()?,
            user: signed_in.user.id.clone(),
        };
        let delivered = match authorization.back.clone() {
            Back::To(reply) => self.send_back_code(authorization, &reply, person.clone(), now),
            Back::Device(code) => self.tell_device(&code, person.clone(), now),
        };
        Some(delivered.and_then(|mut response| {
            self.begin_session(&person, signed_in, &mut response, now)?;
            Ok(response)
        }))
    }

    pub(super) fn send_back_code(
        &self,
        authorization: Authorization,
        reply: &Reply,
        person: Person,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        let code = Code {
            grant: Grant {
                version: authorization.version,
                client: authorization.client,
                platform: authorization.platform,
                scope: authorization.scope,
                nonce: authorization.nonce,
                person,
                ends_at: None,
            },
            redirect_uri: reply.redirect_uri.clone(),
            challenge: authorization.challenge,
            is_redeemed: false,
        };
        let code = self.provider.codes.hold(code, now);
        self.send_back(reply, vec![("code", code)])
    }

    /// A refusal that is recorded, and told the application (RFC 6749 4.1.2.1).
    pub(super) fn send_back_refused(
        &self,
        reply: &Reply,
        refusal: &Refusal,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        let outcome = self.refuse(refusal.clone(), now);
        let told = vec![
            ("error", refusal.code.error().to_owned()),
            ("error_description", outcome.told(refusal)),
        ];
        self.send_back(reply, told)
    }

    fn send_back(
        &self,
        reply: &Reply,
        mut fields: Vec<(&'static str, String)>,
    ) -> Result<Response, PageError> {
        if let Some(state) = &reply.state {
            fields.push(("state", state.clone()));
        }
        if reply.mode == ResponseMode::FormPost {
            return pages::post_back(self.application(), &reply.redirect_uri, &fields);
        }
        let separator = match reply.mode {
            ResponseMode::Fragment => '#',
            _ => '?',
        };
        let address = with_parameters(&reply.redirect_uri, separator, &fields);
        pages::go_back(self.application(), &address)
    }
}

/// A registered address with parameters behind it, and behind those that it has.
pub(super) fn with_parameters(
    address: &str,
    separator: char,
    parameters: &[(&'static str, String)],
) -> String {
    let encoded = Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    let separator = match separator {
        '?' if address.contains('?') => '&',
        other => other,
    };
    format!("{address}{separator}{encoded}")
}
