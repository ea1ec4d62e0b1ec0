//! The `AuthnRequest` as Entra sends it (facts 1.3), and the form that carries it.
//!
//! Not built with the canonical writer: Entra's request declares the metadata namespace as its
//! default without using it, which canonical form would never show, and an identity provider has
//! to live with that.

use base64::{Engine, engine::general_purpose::STANDARD};
use time::OffsetDateTime;

use super::{HintPolicy, Names, instant, query::Query, random};

/// A request for one sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthnRequest {
    /// `_` and a GUID.
    pub id: String,
    /// When it was made; sent to the millisecond.
    pub issue_instant: OffsetDateTime,
    /// Who asks: Entra's entity ID, `urn:federation:MicrosoftOnline`.
    pub issuer: String,
    /// `ForceAuthn`. Whether Entra sends it, for an application that wants somebody asked anew, is not
    /// known (facts 8); there is no other word for it.
    pub force_authn: bool,
}

/// What the browser is told to post to the identity provider (SAML bindings 3.5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostToIdp {
    /// `passiveSignInUri` with the hints appended.
    pub action: String,
    /// The field `SAMLRequest`: base64 of the request.
    pub saml_request: String,
    /// The field `RelayState`: opaque, to come back byte for byte.
    pub relay_state: String,
}

impl AuthnRequest {
    /// A new request with an ID of its own.
    pub fn new(issuer: &str, now: OffsetDateTime) -> Self {
        Self {
            id: format!("_{}", random::guid()),
            issue_instant: now,
            issuer: issuer.to_owned(),
            force_authn: false,
        }
    }

    /// The message. There is no Destination, no assertion consumer service and no signature: an
    /// identity provider has to know them.
    pub fn to_xml(&self) -> String {
        format!(
            "<samlp:AuthnRequest xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
             xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             {force}ID=\"{id}\" IssueInstant=\"{instant}\" Version=\"2.0\">\
             <Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">{issuer}</Issuer>\
             <samlp:NameIDPolicy \
             Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"/>\
             </samlp:AuthnRequest>",
            force = if self.force_authn {
                "ForceAuthn=\"true\" "
            } else {
                ""
            },
            id = escape(&self.id),
            instant = instant::to_milliseconds(self.issue_instant),
            issuer = escape(&self.issuer),
        )
    }

    /// The form that carries the request to `passive_sign_in_uri`, with a `RelayState` of its own.
    pub fn post_to(
        &self,
        passive_sign_in_uri: &str,
        hints: HintPolicy,
        names: Names<'_>,
    ) -> PostToIdp {
        let mut action = Query::onto(passive_sign_in_uri);
        for (parameter, hint) in [
            ("login_hint", hints.login_hint),
            ("username", hints.username),
        ] {
            if let Some(name) = names.of(hint) {
                action.push(parameter, &name);
            }
        }
        PostToIdp {
            action: action.finish(),
            saml_request: STANDARD.encode(self.to_xml()),
            relay_state: relay_state(),
        }
    }
}

/// An opaque state of some hundred characters, each one's length by chance.
///
/// The form of Entra's is not known (facts 1.3). This one always holds `+`, `/` and `=`, which a
/// careless form decoder turns into blanks or loses.
fn relay_state() -> String {
    let octets = random::octets::<451>();
    let [length, ..] = octets;
    // Base64 of 1 modulo 3 octets ends in "==".
    let length = 196 + 3 * (usize::from(length) / 3);
    let opaque = octets.get(..length).unwrap_or(&octets);
    format!("++//{}", STANDARD.encode(opaque))
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
    use crate::entra::{Hint, fixture::name};

    fn request() -> AuthnRequest {
        AuthnRequest {
            id: "_6f9619ff-8b86-4011-b42d-00c04fc964ff".to_owned(),
            issue_instant: OffsetDateTime::from_unix_timestamp(1_704_067_200).unwrap(),
            issuer: "urn:federation:MicrosoftOnline".to_owned(),
            force_authn: false,
        }
    }

    fn posted(uri: &str, hints: HintPolicy) -> PostToIdp {
        let names = Names {
            typed: Some(&name("w+moran@fabrikam.com")),
            cloud_upn: Some(&name("wmoran@partners.contoso.com")),
        };
        request().post_to(uri, hints, names)
    }

    #[test]
    fn the_message_is_entras_to_the_byte() {
        let golden = include_str!("golden/authn_request.xml");
        assert_eq!(request().to_xml(), golden.trim_end());
        let forced = AuthnRequest {
            force_authn: true,
            ..request()
        };
        let anew = golden.replace("ID=\"_", "ForceAuthn=\"true\" ID=\"_");
        assert_eq!(forced.to_xml(), anew.trim_end());
        let post = posted("https://idp.example/", HintPolicy::both(Hint::None));
        assert_eq!(
            STANDARD.decode(post.saml_request).unwrap(),
            golden.trim_end().as_bytes()
        );
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
    fn hints_are_appended_as_chosen() {
        let both = |login_hint, username| HintPolicy {
            login_hint,
            username,
        };
        let table = [
            (
                both(Hint::CloudUpn, Hint::None),
                "?login_hint=wmoran%40partners.contoso.com",
            ),
            (both(Hint::None, Hint::None), ""),
            (
                both(Hint::Email, Hint::None),
                "?login_hint=w%2bmoran%40fabrikam.com",
            ),
            (
                both(Hint::Email, Hint::CloudUpn),
                "?login_hint=w%2bmoran%40fabrikam.com&username=wmoran%40partners.contoso.com",
            ),
        ];
        for (hints, expected) in table {
            let base = "https://idp.example/saml2/sso";
            assert_eq!(posted(base, hints).action, format!("{base}{expected}"));
        }
        let with_query = posted("https://idp.example/?x=1", both(Hint::None, Hint::CloudUpn));
        assert_eq!(
            with_query.action,
            "https://idp.example/?x=1&username=wmoran%40partners.contoso.com"
        );
    }

    #[test]
    fn relay_states_are_long_and_hold_what_forms_lose() {
        for _ in 0..50 {
            let state = relay_state();
            assert!((260..=620).contains(&state.len()), "{}", state.len());
            assert!(state.contains('+') && state.contains('/') && state.ends_with("=="));
        }
        assert_ne!(relay_state(), relay_state());
    }
}
