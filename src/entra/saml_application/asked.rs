//! What waits for an answer: by whom it was asked for, and the registered address that gets it.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::AuthnRequest;
use crate::{
    entra::{
        Application, Demand, ObjectId, Refusal, SamlApplicationCode,
        pages::{self, PageError},
    },
    http::Response,
};

/// A sign-in that an application waits for.
#[derive(Clone, Debug)]
pub(in crate::entra) struct Asked {
    pub(super) application: ObjectId,
    display_name: String,
    /// How the application called itself: the audience.
    called: String,
    pub(super) reply_url: String,
    relay_state: Option<String>,
    /// Without one, nobody has asked: the person came by the application's user access URL.
    pub(super) request: Option<AuthnRequest>,
}

impl Asked {
    /// What the sign-in has to be like.
    pub(super) fn demand(&self) -> Demand {
        Demand {
            fresh: self.request.as_ref().is_some_and(|it| it.is_forced),
            ..Demand::default()
        }
    }

    /// What is to be answered, and where to, which is registered.
    pub(super) fn of(
        application: &Application,
        request: Option<(String, AuthnRequest)>,
        relay_state: Option<String>,
    ) -> Result<Self, Refusal> {
        let registered = &application.web.redirect_uris;
        let asked = request.as_ref().and_then(|(_, it)| it.reply_url.as_ref());
        let reply_url = match asked {
            Some(url) => registered.iter().find(|it| *it == url).ok_or_else(|| {
                let shown: String = url.chars().take(200).collect();
                SamlApplicationCode::ReplyUrl.refuse_saying(
                    format!(
                        "The reply URL '{shown}' specified in the request does not match the reply \
                         URLs configured for the application '{}'.",
                        application.app_id
                    ),
                    format!(
                        "{} has not registered {shown:?} in web.redirectUris.",
                        application.display_name
                    ),
                )
            })?,
            None => registered.first().ok_or_else(|| {
                SamlApplicationCode::NoReplyUrl.refuse(format!(
                    "{} has no web.redirectUris.",
                    application.display_name
                ))
            })?,
        };
        let (called, request) = match request {
            Some((issuer, request)) => (Some(issuer), Some(request)),
            None => (None, None),
        };
        let own = application.identifier_uris.first();
        let app_id = || application.app_id.to_string();
        Ok(Self {
            application: application.app_id.clone(),
            display_name: application.display_name.clone(),
            called: called.or(own.cloned()).unwrap_or_else(app_id),
            reply_url: reply_url.clone(),
            relay_state,
            request,
        })
    }

    /// What is no URI is told as a service principal's name.
    pub(super) fn audience(&self) -> String {
        let is_uri = self.called.split_once(':').is_some_and(|(scheme, _)| {
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        });
        if is_uri {
            self.called.clone()
        } else {
            format!("spn:{}", self.called)
        }
    }

    pub(super) fn post_back(&self, document: &str) -> Result<Response, PageError> {
        let mut fields = vec![("SAMLResponse", STANDARD.encode(document))];
        fields.extend(self.relay_state.clone().map(|it| ("RelayState", it)));
        pages::post_back(&self.display_name, &self.reply_url, &fields)
    }
}
