//! The checks of one answer: which held, which refused, and which would refuse besides.

use serde::Serialize;

use crate::entra::{
    Aadsts, Decision, Outcome, Refusal,
    verify::{Finding, Surveyed},
};

/// One check of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlowCheck {
    /// What is checked.
    pub name: &'static str,
    /// What has to be true.
    pub wants: &'static str,
    /// What came of it.
    pub state: State,
    /// What was found, or why it refuses.
    pub found: String,
    /// The code that it refuses with, or would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Aadsts>,
    /// What to mend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<&'static str>,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It held.
    Passed,
    /// It refused the answer, and ended the judgement.
    Refused,
    /// It was not reached, and would refuse once the one that did is mended.
    WouldFail,
    /// It was not reached, and would hold.
    WouldHold,
    /// It was not reached, and cannot be told.
    NotReached,
}

impl State {
    /// A sign beside the word: nothing is told by colour alone.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Passed => "\u{2713}",
            Self::Refused => "\u{2717}",
            Self::WouldFail => "\u{26a0}",
            Self::WouldHold => "\u{25cb}",
            Self::NotReached => "\u{2013}",
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Refused => "refused",
            Self::WouldFail => "would fail too",
            Self::WouldHold => "would hold",
            Self::NotReached => "not reached",
        }
    }

    /// The class of its colour.
    pub fn class(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Refused => "refused",
            Self::WouldFail => "would-fail",
            Self::WouldHold => "would-hold",
            Self::NotReached => "not-reached",
        }
    }
}

impl FlowCheck {
    /// What it is found by on its page.
    pub fn anchor(&self) -> String {
        anchor(self.name)
    }

    fn of(name: &'static str, state: State, found: String) -> Self {
        Self {
            name,
            wants: wants(name),
            state,
            found,
            code: None,
            mend: None,
        }
    }

    fn refusing(name: &'static str, state: State, refusal: &Refusal) -> Self {
        Self {
            code: Some(refusal.code),
            mend: Some(refusal.mend()),
            ..Self::of(name, state, refusal.detail.clone())
        }
    }
}

/// What a check is found by on its page.
pub(super) fn anchor(name: &str) -> String {
    let plain = |character: char| match character {
        'A'..='Z' | 'a'..='z' => character.to_ascii_lowercase(),
        _ => '-',
    };
    format!("check-{}", name.chars().map(plain).collect::<String>())
}

/// What a decision after all checks is listed as.
const ADMISSION: &str = "Admission";

/// The checks of an answer, in order. `survey` is what they come to one by one; it is asked for where
/// the answer was refused.
pub(super) fn of(outcome: &Outcome, survey: impl FnOnce() -> Vec<Surveyed>) -> Vec<FlowCheck> {
    let held = outcome.checks.iter();
    let held = held.map(|it| FlowCheck::of(it.name, State::Passed, it.found.clone()));
    let mut checks: Vec<FlowCheck> = held.collect();
    let Decision::Refused(refusal) = &outcome.decision else {
        return checks;
    };
    let rest: Vec<Surveyed> = survey()
        .into_iter()
        .filter(|it| !checks.iter().any(|held| held.name == it.name))
        .collect();
    let said_so = |it: &Surveyed| match &it.finding {
        Finding::Fails(it) => it.detail == refusal.detail,
        _ => false,
    };
    let holds = |it: &Surveyed| it.finding == Finding::Holds;
    let refused = rest.iter().position(said_so);
    // What the survey does not see is at the first check that did not hold and does not by itself.
    let refused = refused.or_else(|| rest.iter().position(|it| !holds(it)));
    let refused = refused.filter(|_| !rest.is_empty());
    for (place, it) in rest.iter().enumerate() {
        checks.push(match &it.finding {
            _ if Some(place) == refused => FlowCheck::refusing(it.name, State::Refused, refusal),
            Finding::Fails(other) => FlowCheck::refusing(it.name, State::WouldFail, other),
            Finding::Holds => FlowCheck::of(it.name, State::WouldHold, String::new()),
            Finding::Unknown => FlowCheck::of(it.name, State::NotReached, String::new()),
        });
    }
    if refused.is_none() {
        checks.push(FlowCheck::refusing(ADMISSION, State::Refused, refusal));
    }
    checks
}

/// What has to be true, for people.
fn wants(name: &str) -> &'static str {
    match name {
        "Response" => "strict XML, and one Response of SAML 2.0",
        "InResponseTo" => "the ID of a request that was sent and is not answered yet",
        "RelayState" => "the same as was sent, byte for byte",
        "Destination" => "the assertion consumer service",
        "Status" => "Success",
        "Assertion" => "exactly one, not encrypted, in its place",
        "Issuer" => {
            "registered as issuerUri, to the character, in the tenant that was asked, and for this \
             protocol"
        }
        "Signature" => {
            "over the Assertion, by a registered certificate that is valid now, with rsa-sha256"
        }
        "Response signature" => "where the Response is signed too, that holds as well",
        "NameID" => "persistent, 1 to 64 characters; issued by now, in the schema's order",
        "Subject confirmation" => "bearer, for this address, this request and this time",
        "Conditions" => "for Entra's entity ID, and within NotBefore and NotOnOrAfter",
        "AuthnStatement" => "one, not in the future, with one AuthnContextClassRef",
        "ImmutableID" => "a user's onPremisesImmutableId, to the character",
        "Realm" => {
            "the federation that speaks is that of the user's domain (token validation policy)"
        }
        "IDPEmail" => "the user's cloud UPN, and no other attribute says otherwise",
        "User" => "the one whose name was typed",
        "wctx" => "a request's that was sent and is not answered yet, byte for byte",
        "wresult" => "one RequestSecurityTokenResponse of February 2005, for Entra",
        "Token" => "exactly one, not encrypted",
        "assertion" => "base64 of one XML document that stands alone",
        "Subject" => "the same in each statement, confirmed by bearer",
        "AuthenticationStatement" => "one, not in the future, with its method",
        "NameIdentifier" => "the same as the claim ImmutableID, at most 64 characters",
        "UPN" => "the user's cloud UPN",
        "Circumstances" => "what is said of network and password's end has AD FS's form",
        "Second factor" => "proven, where the tenant demands one of its federation",
        ADMISSION => "the tenant of the address lets this user in",
        _ => "",
    }
}
