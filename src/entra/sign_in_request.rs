//! WS-Federation's request as Entra sends it (facts 2.1): an address, with everything in its query.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    Demand, FederatedIdpMfaBehavior, HintPolicy, InternalDomainFederation, Names,
    PromptLoginBehavior,
    query::{Query, percent_encode},
    random,
    second_factor::MULTIPLE_AUTHN,
};

/// A request for one sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRequest {
    /// `client-request-id`: a GUID that names the sign-in in logs.
    pub client_request_id: String,
    /// `wtrealm`: who asks, `urn:federation:MicrosoftOnline`.
    pub realm: String,
    /// `wctx` once it is decoded, as it has to come back: opaque to everybody else.
    pub context: String,
    written_by: WrittenBy,
    /// What `prompt=login` and a second factor became.
    demanded: Vec<(&'static str, &'static str)>,
}

/// Who wrote the address that the browser goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrittenBy {
    /// Entra's server, by which the browser was redirected.
    Server,
    /// The script on Entra's page, in which a name was typed. It edits what the server wrote: capital
    /// and small hexadecimal digits stand side by side, `username` comes a second time, behind
    /// `wctx`, and parameters without a value follow.
    Page,
}

/// `wauth` for a password.
const PASSWORD: &str =
    "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password";

/// What the page's script puts at the beginning of `wctx`, as it writes it.
const LOGIN_OPTIONS: &str = "LoginOptions%3D3%26";

impl SignInRequest {
    /// A new request with a `wctx` of its own.
    pub fn new(realm: &str, written_by: WrittenBy) -> Self {
        let opaque = format!("estsredirect=2&estsrequest={}", token());
        Self {
            client_request_id: random::guid(),
            realm: realm.to_owned(),
            context: match written_by {
                WrittenBy::Server => opaque,
                WrittenBy::Page => format!("LoginOptions=3&{opaque}"),
            },
            written_by,
            demanded: Vec::new(),
        }
    }

    /// The same request, for a sign-in that has to be like this (facts 2.2). A second factor is asked for
    /// where the identity provider alone has to see to it.
    #[must_use]
    pub fn demanding(mut self, demand: Demand, federation: &InternalDomainFederation) -> Self {
        use PromptLoginBehavior::{
            Disabled, NativeSupport, TranslateToFreshPasswordAuthentication,
        };
        let enforced = FederatedIdpMfaBehavior::EnforceMfaByFederatedIdp;
        let asks_for_mfa = demand.mfa && federation.federated_idp_mfa_behavior == enforced;
        if demand.fresh {
            let behavior = federation.prompt_login_behavior;
            match behavior.unwrap_or(TranslateToFreshPasswordAuthentication) {
                TranslateToFreshPasswordAuthentication if !asks_for_mfa => {
                    self.demanded = vec![("wfresh", "0"), ("wauth", PASSWORD)];
                }
                TranslateToFreshPasswordAuthentication | Disabled => {
                    self.demanded.push(("wfresh", "0"));
                }
                NativeSupport => self.demanded.push(("prompt", "login")),
            }
        }
        if asks_for_mfa {
            self.demanded.push(("wauth", MULTIPLE_AUTHN));
        }
        self
    }

    /// Where the browser goes. There is no `wreply`: an identity provider has to know the address
    /// for its answer.
    pub fn address(
        &self,
        passive_sign_in_uri: &str,
        hints: HintPolicy,
        names: Names<'_>,
    ) -> String {
        let mut query = Query::onto(passive_sign_in_uri);
        let username = names.of(hints.username);
        if let Some(name) = names.of(hints.login_hint) {
            query.push("login_hint", &name);
        }
        query.push("client-request-id", &self.client_request_id);
        if let Some(name) = &username {
            query.push("username", name);
        }
        query.push("wa", "wsignin1.0");
        query.push("wtrealm", &self.realm);
        for (name, value) in &self.demanded {
            query.push(name, value);
        }
        match self.written_by {
            WrittenBy::Server => query.push("wctx", &self.context),
            WrittenBy::Page => {
                let opaque = self.context.strip_prefix("LoginOptions=3&");
                let opaque = opaque.unwrap_or(&self.context);
                let edited = format!("{LOGIN_OPTIONS}{}", percent_encode(opaque));
                query.push_encoded("wctx", &edited);
                query.push("cbcxt", "");
                query.push("username", username.as_deref().unwrap_or_default());
                query.push("mkt", "");
                query.push("lc", "");
            }
        }
        query.finish()
    }
}

/// 600 to 1,000 characters in the form of captured ones: the alphabet of base64 for URLs, and in
/// place of the padding a digit that tells how much of it there would be. Whoever "repairs" that as
/// base64 loses it.
fn token() -> String {
    let octets = random::octets::<751>();
    let [length, ..] = octets;
    let length = 450 + usize::from(length);
    let opaque = octets.get(..length).unwrap_or(&octets);
    // Both of the characters that other alphabets have not are always there.
    let text = URL_SAFE_NO_PAD.encode(opaque);
    let padding = (3 - length % 3) % 3;
    format!("rQQIARAA-_{text}{padding}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        entra::{
            Hint,
            fixture::{self, name},
        },
        http::Form,
    };

    fn address(request: &SignInRequest, uri: &str, hints: HintPolicy) -> String {
        let names = Names {
            typed: Some(&name("w+moran@fabrikam.com")),
            cloud_upn: Some(&name("wmoran@partners.contoso.com")),
        };
        request.address(uri, hints, names)
    }

    fn request(written_by: WrittenBy) -> SignInRequest {
        SignInRequest {
            client_request_id: "6f9619ff-8b86-4011-b42d-00c04fc964ff".to_owned(),
            context: match written_by {
                WrittenBy::Server => "estsredirect=2&estsrequest=rQQIARAA0".to_owned(),
                WrittenBy::Page => "LoginOptions=3&estsredirect=2&estsrequest=rQQIARAA0".to_owned(),
            },
            ..SignInRequest::new("urn:federation:MicrosoftOnline", written_by)
        }
    }

    #[test]
    fn the_address_is_the_captured_one() {
        let common = "https://idp.example/adfs/ls/?login_hint=wmoran%40partners.contoso.com\
             &client-request-id=6f9619ff-8b86-4011-b42d-00c04fc964ff\
             &username=wmoran%40partners.contoso.com\
             &wa=wsignin1.0&wtrealm=urn%3afederation%3aMicrosoftOnline";
        let upn = HintPolicy::both(Hint::CloudUpn);
        let uri = "https://idp.example/adfs/ls/";
        assert_eq!(
            address(&request(WrittenBy::Server), uri, upn),
            format!("{common}&wctx=estsredirect%3d2%26estsrequest%3drQQIARAA0")
        );
        assert_eq!(
            address(&request(WrittenBy::Page), uri, upn),
            format!(
                "{common}&wctx=LoginOptions%3D3%26estsredirect%3d2%26estsrequest%3drQQIARAA0\
                 &cbcxt=&username=wmoran%40partners.contoso.com&mkt=&lc="
            )
        );
    }

    #[test]
    fn names_are_handed_on_as_chosen() {
        let uri = "https://idp.example/?x=1";
        let none = address(
            &request(WrittenBy::Server),
            uri,
            HintPolicy::both(Hint::None),
        );
        assert!(
            none.starts_with("https://idp.example/?x=1&client-request-id="),
            "{none}"
        );
        assert!(!none.contains("username") && !none.contains("login_hint"));
        let page = address(&request(WrittenBy::Page), uri, HintPolicy::both(Hint::None));
        assert!(page.ends_with("&cbcxt=&username=&mkt=&lc="), "{page}");
        let email = HintPolicy {
            login_hint: Hint::Email,
            username: Hint::CloudUpn,
        };
        let email = address(&request(WrittenBy::Server), uri, email);
        assert!(email.contains("login_hint=w%2bmoran%40fabrikam.com&"));
        assert!(email.contains("&username=wmoran%40partners.contoso.com&"));
    }

    #[test]
    fn a_fresh_sign_in_is_asked_for_as_the_federation_says() {
        let asked = |fresh, mfa, behavior| {
            let federation = InternalDomainFederation {
                prompt_login_behavior: behavior,
                federated_idp_mfa_behavior: FederatedIdpMfaBehavior::EnforceMfaByFederatedIdp,
                ..fixture::partners()
            };
            let request = request(WrittenBy::Server).demanding(Demand { fresh, mfa }, &federation);
            address(
                &request,
                "https://idp.example/",
                HintPolicy::both(Hint::None),
            )
        };
        let password = "wfresh=0&wauth=http%3a%2f%2fschemas.microsoft.com%2fws%2f2008%2f06%2f\
                        identity%2fauthenticationmethod%2fpassword&";
        let table = [
            (None, password),
            (
                Some(PromptLoginBehavior::TranslateToFreshPasswordAuthentication),
                password,
            ),
            (Some(PromptLoginBehavior::NativeSupport), "prompt=login&"),
            (Some(PromptLoginBehavior::Disabled), "wfresh=0&wctx"),
        ];
        for (behavior, expected) in table {
            let address = asked(true, false, behavior);
            assert!(address.contains(expected), "{address}");
            assert!(!asked(false, false, behavior).contains("wfresh"));
            assert!(!asked(false, false, behavior).contains("prompt"));
            let both = asked(true, true, behavior);
            assert_eq!(both.matches("&wauth=").count(), 1, "{both}");
            assert!(both.contains("claims%2fmultipleauthn"), "{both}");
        }
    }

    #[test]
    fn a_context_is_long_and_its_own_and_decodes_to_what_is_remembered() {
        for written_by in [WrittenBy::Server, WrittenBy::Page] {
            let new = || SignInRequest::new("urn:federation:MicrosoftOnline", written_by);
            assert_ne!(new().context, new().context);
            assert_ne!(new().client_request_id, new().client_request_id);
            for _ in 0..50 {
                let request = new();
                assert!((600..=1100).contains(&request.context.len()));
                assert!(request.context.contains('-') && request.context.contains('_'));
                assert!(request.context.ends_with(['0', '1', '2']));
                let hints = HintPolicy::both(Hint::Email);
                let address = address(&request, "https://idp.example/", hints);
                let (_, query) = address.split_once('?').unwrap();
                let form = Form::parse(query.as_bytes()).unwrap();
                assert_eq!(form.single("wctx"), Ok(Some(request.context.as_str())));
            }
        }
    }
}
