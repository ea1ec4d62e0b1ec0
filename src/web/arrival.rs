//! What requests of all protocols have in common when they come in.

use std::sync::Arc;

use crate::{
    http::{Form, Request, Response},
    trust::{Protocol, RelyingParty},
};

use super::{
    IdentityProvider, MAX_NAME,
    browser::{self, Browser},
    pending::Pending,
    refusal::Refused,
};

impl IdentityProvider {
    /// The relying party of this name, if it may ask by this protocol.
    pub(super) fn asking(&self, name: &str, by: Protocol) -> Result<Arc<RelyingParty>, Refused> {
        let Some(relying_party) = self.trusts.relying_party(name) else {
            return Err(Refused::UnknownRelyingParty(shortened(name)));
        };
        if !relying_party.speaks(by) {
            return Err(Refused::Protocol {
                relying_party: name.to_owned(),
            });
        }
        Ok(relying_party)
    }

    /// Begins the journey with a request that may be answered.
    pub(super) async fn begin(
        &self,
        request: &Request,
        pending: Pending,
    ) -> Result<Response, Refused> {
        let browser = Browser::of(request)?;
        let session = browser::session_token(request);
        let step = self
            .sign_in
            .begin(&pending.request, &browser.id, session.as_ref())
            .await;
        let mut answer = self.answer(request, pending, step, &browser.id, None)?;
        browser.remember(&mut answer)?;
        Ok(answer)
    }
}

/// Who is expected: whom the message names, else `login_hint`, else `username`, wherever Entra put
/// it (facts 2.1: either, both, repeated, empty). A hint fills the page in, and decides nothing.
pub(super) fn hint(named: Option<&str>, forms: [&Form; 2]) -> Option<String> {
    let given = |name| forms.into_iter().flat_map(move |form| form.all(name));
    named
        .into_iter()
        .chain(given("login_hint"))
        .chain(given("username"))
        .map(str::trim)
        .find(|hint| !hint.is_empty() && hint.len() <= MAX_NAME && !hint.contains(char::is_control))
        .map(str::to_owned)
}

/// As much of a stranger's text as an audit line should carry: of the right length, and without
/// what could make a terminal or a log viewer show another line than there is. URIs are ASCII.
pub(super) fn shortened(text: &str) -> String {
    text.chars()
        .take(200)
        .map(|c| {
            if matches!(c, ' '..='~') {
                c
            } else {
                '\u{fffd}'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_the_first_name_that_can_be_one() {
        let form = |text: &str| Form::parse(text.as_bytes()).unwrap();
        let long = format!("username={}", "x".repeat(MAX_NAME + 1));
        for (named, query, body, expected) in [
            (None, "", "", None),
            (None, "login_hint=a", "", Some("a")),
            (None, "username=b", "", Some("b")),
            (None, "username=b&login_hint=a", "", Some("a")),
            (None, "login_hint=&username=b", "", Some("b")),
            (None, "username=&username=b&username=c", "", Some("b")),
            (None, "username=b", "login_hint=a", Some("a")),
            (Some("s"), "login_hint=a", "", Some("s")),
            (Some(" "), "login_hint=+a+", "", Some("a")),
            (None, "login_hint=a%0ab&username=c", "", Some("c")),
            (None, &long, "", None),
        ] {
            let hint = hint(named, [&form(query), &form(body)]);
            assert_eq!(hint.as_deref(), expected, "{named:?} {query} {body}");
        }
    }
}
