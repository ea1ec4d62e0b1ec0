//! Sign-ins that begin here: a link names the relying party, which has not asked.
//!
//! A relying party cannot tell an answer that its own link led to from one that a stranger's did:
//! whoever sends somebody such a link chooses where she is signed in, by her own session, and what
//! `RelayState` says there. So it is off unless the trust has it. Entra takes no such answers.

use std::sync::Arc;

use crate::{
    http::{
        Form, Request, Response,
        response::{self, Redirect},
    },
    observe::CorrelationId,
    saml2::{MAX_RELAY_STATE, RequestedConsumer, new_id},
    signin::SignInRequest,
    trust::{Protocol, RelyingParty},
};

use super::{
    IdentityProvider,
    applications::APPLICATIONS_PATH,
    arrival::{Hints, shortened},
    pending::{Offered, Pending, Reply, Saml2Reply, WsFederationReply},
    refusal::Refused,
    single_sign_on::consumer,
};

/// Shibboleth's form of it, below the base URL.
pub const UNSOLICITED_PATH: &str = "/saml2/unsolicited";

/// AD FS's form of it.
pub(super) const ADFS_PATH: &str = "/adfs/ls/idpinitiatedsignon.aspx";

/// Where a link leads.
#[derive(Debug, PartialEq, Eq)]
struct Destination {
    /// The relying party's entity ID.
    relying_party: String,
    /// Which of its addresses, if not the default one.
    consumer: Option<String>,
    /// What it is told besides.
    relay_state: Option<String>,
}

impl IdentityProvider {
    /// `?providerId=ENTITY&target=RELAYSTATE&shire=CONSUMER`, by SAML 2.0.
    pub(super) async fn unsolicited(
        &self,
        request: &Request,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let query = request.query()?;
        let destination = Destination::of_shibboleth(&query)?;
        let party = self.opened(&destination.relying_party)?;
        if !party.speaks(Protocol::Saml2) {
            return Err(Refused::Protocol {
                relying_party: destination.relying_party,
            });
        }
        let pending = saml2(&party, destination, &query, correlation)?;
        self.begin(request, pending).await
    }

    /// `?loginToRp=ENTITY`, or `?RelayState=RPID%3DENTITY%26RelayState%3D...`, by whichever protocol
    /// the relying party speaks. Without either, AD FS shows a list of them, and so do we.
    pub(super) async fn adfs_initiated(
        &self,
        request: &Request,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let query = request.query()?;
        let Some(destination) = Destination::of_adfs(&query)? else {
            if !self.has_applications() {
                return Err(Refused::NotFound);
            }
            return Ok(response::redirect(Redirect::Found, APPLICATIONS_PATH)?);
        };
        let party = self.opened(&destination.relying_party)?;
        let pending = if party.speaks(Protocol::Saml2) {
            saml2(&party, destination, &query, correlation)?
        } else {
            ws_federation(&party, &query, correlation)?
        };
        self.begin(request, pending).await
    }

    /// The relying party of this name, if it may be opened from here.
    fn opened(&self, name: &str) -> Result<Arc<RelyingParty>, Refused> {
        let party = self.trusts.relying_party(name);
        let party = party.ok_or_else(|| Refused::UnknownRelyingParty(shortened(name)))?;
        if party.idp_initiated {
            Ok(party)
        } else {
            Err(Refused::NotOpenedHere {
                relying_party: name.to_owned(),
            })
        }
    }
}

fn saml2(
    party: &RelyingParty,
    destination: Destination,
    query: &Form,
    correlation: &CorrelationId,
) -> Result<Pending, Refused> {
    let asked = match destination.consumer {
        Some(url) => RequestedConsumer::Url(url),
        None => RequestedConsumer::Default,
    };
    Ok(Pending {
        request: begun_here(party, Protocol::Saml2, query, correlation)?,
        reply: Reply::Saml2(Saml2Reply {
            consumer: consumer(party, &asked)?.to_owned(),
            relay_state: destination.relay_state,
            authn_context: Offered::to(None),
            subject: None,
            is_unsolicited: true,
        }),
    })
}

fn ws_federation(
    party: &RelyingParty,
    query: &Form,
    correlation: &CorrelationId,
) -> Result<Pending, Refused> {
    let address = party.ws_federation.reply_addresses.first();
    Ok(Pending {
        request: begun_here(party, Protocol::WsFederation, query, correlation)?,
        reply: Reply::WsFederation(WsFederationReply {
            address: address.ok_or(Refused::NotTrusted)?.clone(),
            context: None,
            client_request_id: None,
        }),
    })
}

/// The request that the relying party would have sent.
fn begun_here(
    party: &RelyingParty,
    protocol: Protocol,
    query: &Form,
    correlation: &CorrelationId,
) -> Result<SignInRequest, Refused> {
    let hints = Hints::of(None, [query, &Form::default()]);
    Ok(SignInRequest {
        correlation: correlation.clone(),
        relying_party: party.entity_id().to_owned(),
        protocol,
        request_id: new_id()?.to_string(),
        max_age: None,
        passive: false,
        hint: hints.name,
        home_realm_hint: hints.home_realm,
        several_factors: false,
    })
}

impl Destination {
    fn of_shibboleth(query: &Form) -> Result<Self, Refused> {
        let named = query.single("providerId")?.filter(|name| !name.is_empty());
        Ok(Self {
            relying_party: named.ok_or(Refused::NoDestination)?.to_owned(),
            consumer: query.single("shire")?.map(str::to_owned),
            relay_state: relay_state(query.single("target")?)?,
        })
    }

    fn of_adfs(query: &Form) -> Result<Option<Self>, Refused> {
        let nested = query.single("RelayState")?.unwrap_or("");
        let named = query.single("loginToRp")?.filter(|name| !name.is_empty());
        if let Some(name) = named {
            return Ok(Some(Self {
                relying_party: name.to_owned(),
                consumer: None,
                relay_state: relay_state(Some(nested).filter(|state| !state.is_empty()))?,
            }));
        }
        if nested.is_empty() {
            return Ok(None);
        }
        let nested = Form::parse(nested.as_bytes())?;
        let named = nested.single("RPID")?.filter(|name| !name.is_empty());
        Ok(Some(Self {
            relying_party: named.ok_or(Refused::NoDestination)?.to_owned(),
            consumer: None,
            relay_state: relay_state(nested.single("RelayState")?)?,
        }))
    }
}

/// As much as a relying party gets back of its own, and nothing that a form would change on the way.
fn relay_state(given: Option<&str>) -> Result<Option<String>, Refused> {
    match given {
        Some(state) if state.len() > MAX_RELAY_STATE || state.contains(char::is_control) => {
            Err(Refused::NoDestination)
        }
        given => Ok(given.map(str::to_owned)),
    }
}

/// The link that opens a relying party.
pub(super) fn link_to(party: &RelyingParty) -> String {
    let (path, name) = if party.speaks(Protocol::Saml2) {
        (UNSOLICITED_PATH, "providerId")
    } else {
        (ADFS_PATH, "loginToRp")
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair(name, party.entity_id())
        .finish();
    format!("{path}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Form {
        Form::parse(text.as_bytes()).unwrap()
    }

    fn destination(
        relying_party: &str,
        consumer: Option<&str>,
        relay_state: Option<&str>,
    ) -> Destination {
        Destination {
            relying_party: relying_party.to_owned(),
            consumer: consumer.map(str::to_owned),
            relay_state: relay_state.map(str::to_owned),
        }
    }

    #[test]
    fn shibboleths_links_are_read() {
        let read = |text: &str| Destination::of_shibboleth(&query(text));
        let found =
            read("providerId=https%3A%2F%2Fsp&target=a%26b&shire=https%3A%2F%2Fsp%2Facs&time=1");
        let expected = destination("https://sp", Some("https://sp/acs"), Some("a&b"));
        assert_eq!(found.unwrap(), expected);
        assert_eq!(read("providerId=a").unwrap(), destination("a", None, None));
        let long = format!("providerId=a&target={}", "x".repeat(MAX_RELAY_STATE + 1));
        for bad in [
            "",
            "providerId=",
            "target=a",
            "providerId=a&providerId=b",
            "providerId=a&target=b&target=c",
            "providerId=a&target=b%0ac",
            &long,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn links_of_adfs_are_read() {
        let read = |text: &str| Destination::of_adfs(&query(text));
        let nested = "RelayState=RPID%3Dhttps%253A%252F%252Fsp%26RelayState%3Da%252526b";
        for (text, expected) in [
            ("", None),
            ("loginToRp=", None),
            ("client-request-id=1", None),
            (
                "loginToRp=https%3A%2F%2Fsp",
                Some(destination("https://sp", None, None)),
            ),
            (
                "loginToRp=a&RelayState=b",
                Some(destination("a", None, Some("b"))),
            ),
            (nested, Some(destination("https://sp", None, Some("a%26b")))),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
        for bad in [
            "RelayState=x",
            "RelayState=RPID%3D",
            "loginToRp=a&loginToRp=b",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
