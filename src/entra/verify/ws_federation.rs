//! WS-Federation's answer: what carries the assertion. Nobody signed it, so it decides nothing
//! about who signs in.

use crate::{
    entra::{Aadsts, PendingRequest, Refusal, Unanswerable, query::percent_decode},
    xml::{self, Element, Limits},
};

use super::{
    Context, DS, Judgement, SignedIn, count, read_instant,
    sequence::{at_most_one, one, text},
    shown,
};

/// WS-Trust of February 2005, in which WS-Federation's passive profile speaks (facts 2.3).
const TRUST: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust";
const POLICY: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const XML_ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";

const SIGN_IN: &str = "wsignin1.0";
const ISSUE: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust/Issue";
const NO_PROOF_KEY: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey";
/// What a `TokenType` calls a SAML 1.1 assertion.
const SAML1_TYPES: [&str; 2] = [
    "urn:oasis:names:tc:SAML:1.0:assertion",
    "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1",
];

impl Judgement<'_> {
    /// Judges what was posted by WS-Federation's passive profile (MS-MWBF 2.2.4).
    pub(super) fn sign_in_response(
        &mut self,
        wa: Option<&str>,
        wresult: &str,
        wctx: Option<&str>,
    ) -> Result<SignedIn, Refusal> {
        if wa != Some(SIGN_IN) {
            return Err(Aadsts::WsFedSignInResponse.refuse(match wa {
                Some(other) => format!("wa is {}, not {SIGN_IN}.", shown(other)),
                None => format!("There is no wa; it must be {SIGN_IN}."),
            }));
        }
        let request = self.asked_in(wctx)?;
        let document = xml::read(wresult.as_bytes(), &Limits::default()).map_err(|error| {
            Aadsts::InvalidXml.refuse(format!("wresult is not XML as it must be: {error}."))
        })?;
        let token = self.token_in(&document)?;
        let signed_in = self.saml1_assertion(token)?;
        self.is_whom_was_asked_for(&signed_in.user, &signed_in.domain, &request)?;
        Ok(signed_in)
    }

    /// The request that `wctx` names: there is nothing else in an answer that does.
    fn asked_in(&mut self, wctx: Option<&str>) -> Result<PendingRequest, Refusal> {
        let refuse = |detail: String| Aadsts::WsFedSignInResponse.refuse(detail);
        let wctx = wctx.ok_or_else(|| {
            refuse("wctx did not come back, and nothing else says what is answered.".to_owned())
        })?;
        let request = self.take_request(wctx).map_err(|why| {
            refuse(match why {
                Unanswerable::Unknown => match self.how_altered(wctx) {
                    Some(how) => format!("wctx came back altered: {how}."),
                    None => format!(
                        "wctx is {} ({} characters), and no such one was sent.",
                        shown(wctx),
                        wctx.len()
                    ),
                },
                Unanswerable::AnsweredBefore => {
                    "The request of this wctx was answered before: each is answered once, so this \
                     is a replay, or a page that was submitted twice."
                        .to_owned()
                }
                Unanswerable::Expired => {
                    "The request of this wctx was sent too long ago to be answered.".to_owned()
                }
            })
        })?;
        self.held(
            "wctx",
            format!("as sent, {} characters, for the first time", wctx.len()),
        );
        Ok(request)
    }

    /// The usual ways to lose what has to come back as it is.
    fn how_altered(&self, wctx: &str) -> Option<&'static str> {
        let known = |text: &str| self.verifier.pending.knows(self.protocol, text);
        let bare = wctx.trim_end_matches('=');
        if percent_decode(wctx).as_deref().is_some_and(known) {
            Some("it is still percent-encoded, as it stood in the request's query")
        } else if known(wctx.trim()) {
            Some("white space stands round it")
        } else if (0..=2).any(|digit| known(&format!("{bare}{digit}"))) {
            Some("its last digit is gone, which is no padding to repair")
        } else {
            None
        }
    }

    /// The one assertion in a response of one token.
    pub(super) fn token_in<'d>(&mut self, document: &'d Element) -> Result<&'d Element, Refusal> {
        let response = response_in(document)?;
        check_parameters(response, &self.context()).map_err(as_message)?;
        self.held(
            "wresult",
            "one RequestSecurityTokenResponse of February 2005, for Entra",
        );
        let token = only_token(response)?;
        self.held("Token", "exactly one, not encrypted");
        Ok(token)
    }
}

/// Only one form is known to be taken (facts 2.3).
fn response_in(document: &Element) -> Result<&Element, Refusal> {
    if document.is(TRUST, "RequestSecurityTokenResponse") {
        return Ok(document);
    }
    let hint = match document.local_name() {
        "RequestSecurityTokenResponse" | "RequestSecurityTokenResponseCollection" => {
            " That is another version of WS-Trust."
        }
        "Response" => " That is SAML's own protocol, without WS-Federation.",
        _ => "",
    };
    Err(Aadsts::WsFedMessageInvalid.refuse(format!(
        "wresult is {} of namespace {}, not RequestSecurityTokenResponse of {TRUST}.{hint}",
        document.local_name(),
        shown(document.namespace())
    )))
}

/// What goes with the token. All of it may be left out, and whatever else there is may be passed
/// over (WS-Trust February 2005, 4.1); what is there must be true.
fn check_parameters(response: &Element, context: &Context<'_>) -> Result<(), Refusal> {
    for (name, expected) in [
        ("TokenType", SAML1_TYPES.as_slice()),
        ("RequestType", &[ISSUE]),
        ("KeyType", &[NO_PROOF_KEY]),
    ] {
        let Some(parameter) = at_most_one(response, TRUST, name)? else {
            continue;
        };
        let said = text(parameter)?;
        if !expected.contains(&said) {
            return Err(Aadsts::WsFedMessageInvalid.refuse(format!(
                "{name} is {}, not {}.",
                shown(said),
                expected.join(" or ")
            )));
        }
    }
    if let Some(lifetime) = at_most_one(response, TRUST, "Lifetime")? {
        let created = text(one(lifetime, UTILITY, "Created")?)?;
        let expires = text(one(lifetime, UTILITY, "Expires")?)?;
        context.has_begun("The Lifetime's Created", created)?;
        if read_instant("Created", created)? >= read_instant("Expires", expires)? {
            return Err(Aadsts::WsFedMessageInvalid.refuse("The Lifetime ends before it begins."));
        }
        context.has_not_ended("The Lifetime's Expires", expires)?;
    }
    if let Some(scope) = at_most_one(response, POLICY, "AppliesTo")? {
        let reference = one(scope, ADDRESSING, "EndpointReference")?;
        let address = text(one(reference, ADDRESSING, "Address")?)?;
        let expected = &context.expectations.audience;
        if address != expected {
            return Err(Aadsts::WsFedMessageInvalid.refuse(format!(
                "The token AppliesTo {}, not {expected}.",
                shown(address)
            )));
        }
    }
    Ok(())
}

/// What is wrong with the form is wrong with the message; what is wrong with the time stays that.
fn as_message(refusal: Refusal) -> Refusal {
    match refusal.code {
        Aadsts::InvalidSamlToken => Aadsts::WsFedMessageInvalid.refuse(refusal.detail),
        _ => refusal,
    }
}

fn only_token(response: &Element) -> Result<&Element, Refusal> {
    let none = |detail: &str| Err(Aadsts::AssertionNotPresent.refuse(detail));
    let Some(requested) =
        at_most_one(response, TRUST, "RequestedSecurityToken").map_err(as_message)?
    else {
        return none("The answer holds no RequestedSecurityToken.");
    };
    let mut tokens = requested.elements();
    let (Some(token), None) = (tokens.next(), tokens.next()) else {
        return none("RequestedSecurityToken does not hold exactly one token.");
    };
    if token.is(XML_ENCRYPTION, "EncryptedData") {
        return none("The token is encrypted; Entra cannot decrypt it.");
    }
    let everywhere = |local: &str| count(response, &|element| element.local_name() == local);
    if everywhere("Assertion") > 1 {
        return Err(Aadsts::InvalidSamlToken.refuse(format!(
            "There are {} assertions in the document: which one would be meant?",
            everywhere("Assertion")
        )));
    }
    // A signature is a child of what it signs; anywhere else it is somebody's trick.
    let signatures = count(response, &|element| element.is(DS, "Signature"));
    let in_place = token.elements().filter(|child| child.is(DS, "Signature"));
    if signatures != in_place.count() {
        return Err(Aadsts::InvalidSamlToken
            .refuse("There is a signature elsewhere than in the Assertion."));
    }
    Ok(token)
}
