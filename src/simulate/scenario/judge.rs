//! Whether what came of a step is what had to come.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    Action, Expectation, Step,
    browser::{Browser, End, Way, describe},
};
use crate::entra::{Decision, Outcome, verify::SignedIn};

/// What a step came to.
#[derive(Debug)]
pub(super) struct Came {
    pub(super) passed: bool,
    pub(super) found: String,
}

/// What was done in a step, as far as it went; Entra's word is beside it.
pub(super) enum Tried {
    /// The browser went.
    Way {
        /// How often the password was typed.
        typed: usize,
        /// Whether it is asked for where the way ended.
        asked: bool,
        /// Where that is, in words.
        end: String,
    },
    /// A token came, and was brought to Entra.
    Token,
    /// None came, and why.
    NoToken(String),
    /// Nothing could be done, and why.
    Impossible(String),
}

impl Tried {
    pub(super) fn way(way: Way, browser: &Browser<'_>) -> Self {
        let (asked, end) = match way.end {
            End::Page(page) => (
                false,
                format!("the way ended at {}", describe(&page, browser.own_fields())),
            ),
            End::PasswordAsked if way.typed > 0 => (
                true,
                "the sign-in page came again: the password was not taken".to_owned(),
            ),
            End::PasswordAsked => (
                true,
                "the identity provider asks for the password".to_owned(),
            ),
            End::Loop => (
                false,
                "the browser was sent on and on, and came nowhere".to_owned(),
            ),
        };
        Self::Way {
            typed: way.typed,
            asked,
            end,
        }
    }
}

/// Judges a step by what was done and by what Entra decided meanwhile. `last_instant` is when the person
/// had authenticated by the answer before.
pub(super) fn judge(
    step: &Step,
    tried: &Tried,
    outcome: Option<&Outcome>,
    last_instant: Option<&str>,
) -> Came {
    let decision = outcome.map(|outcome| &outcome.decision);
    let came = match decision {
        Some(Decision::SignedIn(signed_in)) => Expectation::Accepted.came(
            step,
            format!("accepted: {}", signed_in.user.user_principal_name),
        ),
        Some(Decision::Refused(refusal)) => Expectation::Refused(refusal.code.to_string()).came(
            step,
            format!("refused: {}: {}", refusal.code, refusal.message),
        ),
        None => Expectation::NoAnswer.came(
            step,
            match tried {
                Tried::Way { end, .. } => end.clone(),
                Tried::NoToken(why) | Tried::Impossible(why) => why.clone(),
                Tried::Token => "Entra said nothing".to_owned(),
            },
        ),
    };
    match objection(step.action, tried, decision, last_instant) {
        Some(objection) => Came {
            passed: false,
            found: format!("{objection} ({})", came.found),
        },
        None => came,
    }
}

impl Expectation {
    fn came(&self, step: &Step, found: String) -> Came {
        Came {
            passed: step.expect.contains(self),
            found,
        }
    }
}

/// What is wrong with a step whatever Entra says.
fn objection(
    action: Action,
    tried: &Tried,
    decision: Option<&Decision>,
    last_instant: Option<&str>,
) -> Option<String> {
    let (typed, asked) = match tried {
        Tried::Way { typed, asked, .. } => (*typed, *asked),
        Tried::Token | Tried::NoToken(_) => return None,
        Tried::Impossible(_) => return Some("nothing was tried".to_owned()),
    };
    match (action, decision) {
        (Action::WrongPassword, _) if typed == 0 => {
            Some("the identity provider showed no sign-in page".to_owned())
        }
        (Action::WrongPassword, Some(_)) => {
            Some("an answer left the identity provider, though the password was wrong".to_owned())
        }
        (Action::SignOut, _) if !asked => {
            Some("the next sign-in asked for no password: the session lives on".to_owned())
        }
        (Action::ForceAuthn, Some(_)) if typed == 0 => Some(
            "the identity provider asked for no password, though a fresh sign-in was wanted"
                .to_owned(),
        ),
        (Action::ForceAuthn, Some(Decision::SignedIn(signed_in))) => stale(signed_in, last_instant),
        _ => None,
    }
}

/// Entra goes by the instant for how often somebody has to sign in.
fn stale(signed_in: &SignedIn, last_instant: Option<&str>) -> Option<String> {
    let read = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    let (last, fresh) = (read(last_instant?)?, read(&signed_in.authn_instant)?);
    (fresh <= last).then(|| {
        format!(
            "the password was typed again, but the instant of authentication is still {}",
            signed_in.authn_instant
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::{Aadsts, Protocol, fixture};

    fn outcome(decision: Decision) -> Outcome {
        Outcome {
            correlation_id: String::new(),
            request_id: None,
            timestamp: String::new(),
            typed: None,
            checks: Vec::new(),
            decision,
        }
    }

    fn accepted(instant: &str) -> Outcome {
        outcome(Decision::SignedIn(Box::new(SignedIn {
            user: fixture::user("wmoran@partners.contoso.com", None, None),
            protocol: Protocol::Saml,
            issuer: fixture::ISSUER.to_owned(),
            tenant: "contoso.onmicrosoft.com".to_owned(),
            domain: "partners.contoso.com".to_owned(),
            immutable_id: fixture::WENDYS_ANCHOR.to_owned(),
            authn_context: String::new(),
            authn_instant: instant.to_owned(),
            authn_methods: Vec::new(),
            mfa_told_in_vain: None,
            session_index: None,
        })))
    }

    fn step(action: &str) -> Step {
        let text = format!(
            "name = 'x'\nuser = {{ name = 'x', password = {{ env = 'x' }} }}\n[[step]]\ndo = '{action}'"
        );
        let scenario = super::super::parse(&text, "x", std::path::Path::new("")).unwrap();
        scenario.steps.into_iter().next().unwrap()
    }

    fn way(typed: usize, asked: bool) -> Tried {
        Tried::Way {
            typed,
            asked,
            end: "there".to_owned(),
        }
    }

    /// What an identity provider does, and what fails of it.
    #[test]
    fn each_step_has_something_that_fails_it() {
        let before = "2026-11-23T10:00:00Z";
        let fresh = accepted("2026-11-23T10:00:01.5Z");
        let stale = accepted(before);
        let refused = outcome(Decision::Refused(Aadsts::UnknownRealm.refuse("x")));
        let table = [
            ("sign-in", way(1, false), Some(&fresh), ""),
            (
                "sign-in",
                way(1, false),
                Some(&refused),
                "refused: AADSTS50107",
            ),
            ("sign-in", way(1, true), None, "there"),
            ("single-sign-on", way(0, false), Some(&stale), ""),
            ("single-sign-on", way(0, true), None, "there"),
            ("force-authn", way(1, false), Some(&fresh), ""),
            (
                "force-authn",
                way(1, false),
                Some(&stale),
                "is still 2026-11-23T10:00:00Z",
            ),
            (
                "force-authn",
                way(0, false),
                Some(&stale),
                "asked for no password",
            ),
            ("force-authn", way(1, true), None, "there"),
            ("wrong-password", way(1, true), None, ""),
            (
                "wrong-password",
                way(1, false),
                Some(&fresh),
                "an answer left",
            ),
            (
                "wrong-password",
                way(1, false),
                Some(&refused),
                "an answer left",
            ),
            ("wrong-password", way(0, false), None, "no sign-in page"),
            ("sign-out", way(0, true), None, ""),
            (
                "sign-out",
                way(0, false),
                Some(&stale),
                "the session lives on",
            ),
            ("sign-out", way(0, false), None, "the session lives on"),
            (
                "sign-out",
                Tried::Impossible("no signOutUri".into()),
                None,
                "no signOutUri",
            ),
            ("ws-trust", Tried::Token, Some(&fresh), ""),
            (
                "ws-trust",
                Tried::Token,
                Some(&refused),
                "refused: AADSTS50107",
            ),
            (
                "ws-trust",
                Tried::NoToken("a fault".into()),
                None,
                "a fault",
            ),
        ];
        for (action, tried, outcome, why) in table {
            let came = judge(&step(action), &tried, outcome, Some(before));
            assert_eq!(came.passed, why.is_empty(), "{action}, {why}: {came:?}");
            assert!(came.found.contains(why), "{action}, {why}: {came:?}");
        }
    }
}
