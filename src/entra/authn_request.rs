//! The `AuthnRequest` as Entra sends it (facts 1.3); `saml_binding` carries it.
//!
//! Not built with the canonical writer: Entra's request declares the metadata namespace as its
//! default without using it, which canonical form would never show, and an identity provider has
//! to live with that.

use time::OffsetDateTime;

use super::{
    Demand, FederatedIdpMfaBehavior, InternalDomainFederation, instant, random,
    second_factor::MULTIPLE_AUTHN,
};

/// A request for one sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthnRequest {
    /// `_` and a GUID.
    pub id: String,
    /// When it was made; sent to the millisecond.
    pub issue_instant: OffsetDateTime,
    /// Who asks: Entra's entity ID, `urn:federation:MicrosoftOnline`.
    pub issuer: String,
    /// `ForceAuthn`. How Entra passes `prompt=login` on by SAML 2.0 is not published (facts 8): this
    /// is the way that the protocol has for it.
    pub force_authn: bool,
    /// Whether a second factor is asked for, by `RequestedAuthnContext`. How Entra asks for one by SAML
    /// 2.0 is not published (facts 8): this, too, is the way that the protocol has for it.
    pub asks_for_mfa: bool,
    /// `Destination`, which signed requests alone have (facts 1.3).
    pub destination: Option<String>,
}

impl AuthnRequest {
    /// A new request with an ID of its own.
    pub fn new(issuer: &str, now: OffsetDateTime) -> Self {
        Self {
            id: format!("_{}", random::guid()),
            issue_instant: now,
            issuer: issuer.to_owned(),
            force_authn: false,
            asks_for_mfa: false,
            destination: None,
        }
    }

    /// The same request, for a sign-in that has to be like this. A second factor is asked for where the
    /// identity provider alone has to see to it.
    #[must_use]
    pub fn demanding(mut self, demand: Demand, federation: &InternalDomainFederation) -> Self {
        self.force_authn = demand.fresh;
        self.asks_for_mfa = demand.mfa
            && federation.federated_idp_mfa_behavior
                == FederatedIdpMfaBehavior::EnforceMfaByFederatedIdp;
        self
    }

    /// The message, before it is signed. There is no assertion consumer service in it, and mostly no
    /// Destination: an identity provider has to know them.
    pub fn to_xml(&self) -> String {
        let destination = self.destination.as_ref();
        let destination = destination.map_or_else(String::new, |destination| {
            format!(" Destination=\"{}\"", escape(destination))
        });
        let force_authn = if self.force_authn {
            " ForceAuthn=\"true\""
        } else {
            ""
        };
        let mfa = if self.asks_for_mfa {
            format!(
                "<samlp:RequestedAuthnContext Comparison=\"exact\">\
                 <AuthnContextClassRef xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
                 {MULTIPLE_AUTHN}</AuthnContextClassRef></samlp:RequestedAuthnContext>"
            )
        } else {
            String::new()
        };
        format!(
            "<samlp:AuthnRequest xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
             xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             ID=\"{id}\" IssueInstant=\"{instant}\" Version=\"2.0\"{destination}{force_authn}>\
             <Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">{issuer}</Issuer>\
             <samlp:NameIDPolicy \
             Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"/>{mfa}\
             </samlp:AuthnRequest>",
            id = escape(&self.id),
            instant = instant::to_milliseconds(self.issue_instant),
            issuer = escape(&self.issuer),
        )
    }
}

/// Text for markup.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::fixture;

    fn request() -> AuthnRequest {
        AuthnRequest {
            id: "_6f9619ff-8b86-4011-b42d-00c04fc964ff".to_owned(),
            issue_instant: OffsetDateTime::from_unix_timestamp(1_704_067_200).unwrap(),
            issuer: "urn:federation:MicrosoftOnline".to_owned(),
            force_authn: false,
            asks_for_mfa: false,
            destination: None,
        }
    }

    #[test]
    fn the_message_is_entras_to_the_byte() {
        let golden = include_str!("golden/authn_request.xml");
        assert_eq!(request().to_xml(), golden.trim_end());
    }

    #[test]
    fn ids_are_new_each_time() {
        let new =
            || AuthnRequest::new("urn:federation:MicrosoftOnline", OffsetDateTime::UNIX_EPOCH);
        let id = new().id;
        assert!(id.starts_with('_') && id.len() == 37, "{id}");
        assert_ne!(id, new().id);
    }

    #[test]
    fn an_issuer_with_markup_stays_text() {
        let mut request = request();
        request.issuer = "a<b>&\"c".to_owned();
        assert!(
            request
                .to_xml()
                .contains(">a&lt;b&gt;&amp;&quot;c</Issuer>")
        );
    }

    #[test]
    fn a_fresh_sign_in_and_a_second_factor_are_asked_for_as_the_protocol_has_it() {
        use FederatedIdpMfaBehavior::{
            AcceptIfMfaDoneByFederatedIdp, EnforceMfaByFederatedIdp, RejectMfaByFederatedIdp,
        };
        let asked = |fresh, mfa, behavior| {
            let federation = InternalDomainFederation {
                federated_idp_mfa_behavior: behavior,
                ..fixture::partners()
            };
            let demand = Demand {
                fresh,
                mfa,
                ..Demand::default()
            };
            request().demanding(demand, &federation).to_xml()
        };
        let fresh = " Version=\"2.0\" ForceAuthn=\"true\">";
        assert!(asked(true, false, EnforceMfaByFederatedIdp).contains(fresh));
        let plain = asked(false, false, EnforceMfaByFederatedIdp);
        assert_eq!(plain, request().to_xml());
        let class =
            format!("{MULTIPLE_AUTHN}</AuthnContextClassRef></samlp:RequestedAuthnContext>");
        assert!(asked(false, true, EnforceMfaByFederatedIdp).contains(&class));
        // Where Entra would ask for one itself, it leaves the identity provider alone.
        for behavior in [AcceptIfMfaDoneByFederatedIdp, RejectMfaByFederatedIdp] {
            assert_eq!(asked(false, true, behavior), request().to_xml());
        }
    }

    #[test]
    fn a_destination_stands_in_signed_requests() {
        let mut request = request();
        request.destination = Some("https://idp.example/?a&b".to_owned());
        let destination = " Version=\"2.0\" Destination=\"https://idp.example/?a&amp;b\">";
        assert!(request.to_xml().contains(destination));
    }
}
