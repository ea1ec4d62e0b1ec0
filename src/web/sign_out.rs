//! The end of a session, whoever asks for it, and how those hear of it who were told of it.
//!
//! The session ends first. Then a page of ours tells the others, all at once: an image for each that
//! was told by WS-Federation, and a hidden frame for each that was told by SAML, which answers. A
//! chain of redirects from one to the next would hang on the first that does not answer, with the
//! person in front of it. But many browsers bring an application's cookie to its own pages only, and
//! not into images and frames of ours, so that it does not know whose session is meant. So whoever
//! does not answer within some seconds is named on the next page, with a link that tells it once
//! more in a tab of its own; those that never answer (WS-Federation) have such a link on the last
//! page. Without scripts, a button goes on.
//!
//! Anybody can send a browser here, from any site, as with every identity provider that takes
//! `wsignout1.0` or has an address to sign out at. What is to be gained by it is that somebody has to
//! type her password again.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::{
    http::{Request, Response},
    observe::CorrelationId,
    saml2::{LogoutAnswer, new_id},
    signin::{Confirmation, Participant, Session, SignedOut},
    trust::{LogoutAddress, Protocol, RelyingParty},
    wsfed,
};

use super::{
    IdentityProvider,
    browser::{self, Browser},
    departure::{Asker, CleanUp, Departure, Saml2Asker, Telling},
    logout_message::send_logout_response,
    refusal::Refused,
    signed_out::{GoOn, Missing, Page, Unanswered, signed_out_page},
};

/// Of one page: more applications are named, and not told.
const MOST_TOLD: usize = 32;

/// The page that a person signs out at, below the base URL.
pub const SIGN_OUT_PATH: &str = "/signout";
pub(super) const TELL_PATH: &str = "/signout/tell";
pub(super) const DONE_PATH: &str = "/signout/done";

impl IdentityProvider {
    /// Ends the browser's session, if it has one, and has those hear of it that were told of it.
    pub(super) async fn sign_out(
        &self,
        request: &Request,
        asker: Asker,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let ended = match browser::session_token(request) {
            Some(token) => self
                .sign_in
                .sign_out(correlation, &token)
                .await
                .map_err(|error| Refused::Internal(error.to_string()))?,
            None => None,
        };
        self.depart(request, asker, ended, correlation).await
    }

    /// What comes after the end of a session: the others are told, then the one who asked.
    pub(super) async fn depart(
        &self,
        request: &Request,
        asker: Asker,
        ended: Option<SignedOut>,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let browser = Browser::of(request)?;
        let mut departure = Departure {
            correlation: correlation.clone(),
            asker,
            tellings: Vec::new(),
            clean_up: Vec::new(),
            untold: Vec::new(),
        };
        if let Some(ended) = &ended {
            self.plan(ended, &mut departure).await;
        }
        let mut answer = if departure.clean_up.is_empty() && departure.tellings.is_empty() {
            self.ask_or_conclude(&departure, Vec::new(), false, &browser)?
        } else if matches!(departure.asker, Asker::Saml2(_)) && is_in_a_frame(request) {
            // No page of ours is shown there, and none could tell anybody.
            self.conclude(&departure, LogoutAnswer::Partial)?
        } else {
            self.telling_page(&departure, &browser)?
        };
        browser.remember(&mut answer)?;
        browser::end_session(&mut answer)?;
        Ok(answer)
    }

    /// Who is told by which way.
    async fn plan(&self, ended: &SignedOut, departure: &mut Departure) {
        for participant in &ended.participants {
            if departure.asker.is(participant) {
                continue;
            }
            let is_one_too_many = departure.clean_up.len() + departure.tellings.len() >= MOST_TOLD;
            if is_one_too_many {
                departure.untold.push(participant.relying_party.clone());
                continue;
            }
            // Programs have no session.
            if participant.protocol == Protocol::WsTrust {
                continue;
            }
            if participant.protocol == Protocol::Saml2
                && let telling = self.telling(&ended.session, participant, &departure.correlation)
                && let Some(telling) = telling.await
            {
                departure.tellings.push(telling);
                continue;
            }
            // Entra for one: it names no address that hears of sign-outs by SAML, and one by
            // WS-Federation, under which the browser has the same session there.
            let relying_party = &participant.relying_party;
            let told = &departure.clean_up;
            if told.iter().any(|told| told.relying_party == *relying_party) {
                continue;
            }
            match self.clean_up(participant) {
                Some(clean_up) => departure.clean_up.push(clean_up),
                None => departure.untold.push(relying_party.clone()),
            }
        }
    }

    /// The page that was telling the others goes on.
    pub(super) async fn sign_out_done(&self, request: &Request) -> Result<Response, Refused> {
        if !self.is_from_our_own_page(request) {
            return Err(Refused::ForeignForm);
        }
        let browser = Browser::of(request)?;
        let form = request.form()?;
        let state = form.single("state")?.unwrap_or("");
        let now = OffsetDateTime::now_utc();
        let departure: Departure = self.seal.open(state, &browser.id, now)?;
        let mut unconfirmed = Vec::new();
        for telling in &departure.tellings {
            let confirmations = self.sign_in.confirmations();
            let answer = confirmations.of(&telling.name, &telling.relying_party);
            if answer.await != Confirmation::Ended {
                unconfirmed.push(telling.clone());
            }
        }
        let goes_on = form.single("go-on")?.is_some();
        let correlation = departure.correlation.clone();
        Ok(self
            .ask_or_conclude(&departure, unconfirmed, goes_on, &browser)
            .unwrap_or_else(|refused| self.refusal_page(&refused, &correlation)))
    }

    /// Says who has not confirmed the end, unless everybody has, or the person goes on.
    fn ask_or_conclude(
        &self,
        departure: &Departure,
        unconfirmed: Vec<Telling>,
        goes_on: bool,
        browser: &Browser,
    ) -> Result<Response, Refused> {
        if unconfirmed.is_empty() && departure.untold.is_empty() {
            return self.conclude(departure, LogoutAnswer::Success);
        }
        if goes_on {
            return self.conclude(departure, LogoutAnswer::Partial);
        }
        let mut missing = self.untold(departure);
        let may_check_again = !unconfirmed.is_empty();
        for telling in unconfirmed {
            missing.push(Missing {
                name: self.display_name(&telling.relying_party),
                link: Some(self.tell_address(telling, browser)?),
            });
        }
        signed_out_page(&Page {
            unanswered: self.unanswered(departure),
            missing,
            go_on: Some(GoOn::Choice {
                state: self.sealed(departure, browser)?,
                leads_to: self.answer_address(departure)?,
                label: self.label(departure)?,
                may_check_again,
            }),
            ..Page::default()
        })
    }

    fn telling_page(&self, departure: &Departure, browser: &Browser) -> Result<Response, Refused> {
        let go_on = match &departure.asker {
            Asker::Nobody if departure.tellings.is_empty() => None,
            Asker::WsFederation { address } if departure.tellings.is_empty() => {
                Some(GoOn::Link(address.clone()))
            }
            _ => Some(GoOn::Next {
                state: self.sealed(departure, browser)?,
                leads_to: self.answer_address(departure)?,
            }),
        };
        // With frames, a page comes that says who has not confirmed it; without, this is the last.
        let missing = if departure.tellings.is_empty() {
            self.untold(departure)
        } else {
            Vec::new()
        };
        let tellings = departure.tellings.iter();
        let told = tellings.map(|telling| self.display_name(&telling.relying_party));
        let frames = departure.tellings.iter().map(|telling| {
            let address = self.tell_address(telling.clone(), browser)?;
            Ok((address, self.logout_address(&telling.relying_party)?))
        });
        let images = departure.clean_up.iter();
        signed_out_page(&Page {
            told: told.collect(),
            frames: frames.collect::<Result<_, Refused>>()?,
            images: images.map(|told| told.address.clone()).collect(),
            unanswered: self.unanswered(departure),
            goes_on_by_itself: go_on.is_some() && missing.is_empty(),
            missing,
            go_on,
        })
    }

    /// Tells the one who asked how it went, or the person, if nobody did.
    fn conclude(&self, departure: &Departure, answer: LogoutAnswer) -> Result<Response, Refused> {
        if let Asker::Saml2(asker) = &departure.asker
            && let Some((relying_party, answered_at)) = self.answered_at(asker)?
        {
            return send_logout_response(
                self.signing().keys.current(),
                &relying_party,
                &answered_at,
                asker,
                answer,
            );
        }
        let go_on = match &departure.asker {
            Asker::WsFederation { address } => Some(GoOn::Link(address.clone())),
            Asker::Nobody | Asker::Saml2(_) => None,
        };
        signed_out_page(&Page {
            unanswered: self.unanswered(departure),
            goes_on_by_itself: go_on.is_some(),
            go_on,
            ..Page::default()
        })
    }

    /// Where the answer to a relying party goes, if it wants one and has an address for it.
    fn answered_at(
        &self,
        asker: &Saml2Asker,
    ) -> Result<Option<(Arc<RelyingParty>, LogoutAddress)>, Refused> {
        let party = self.asking(&asker.relying_party, Protocol::Saml2)?;
        let address = party.single_logout.answered_at.clone();
        let address = address.filter(|_| !asker.is_asynchronous);
        Ok(address.map(|address| (party, address)))
    }

    fn sealed(&self, departure: &Departure, browser: &Browser) -> Result<String, Refused> {
        let now = OffsetDateTime::now_utc();
        Ok(self.seal.seal(departure.clone(), &browser.id, now)?)
    }

    /// Where the answer to the one who asked goes, if there is one.
    fn answer_address(&self, departure: &Departure) -> Result<Option<String>, Refused> {
        let Asker::Saml2(asker) = &departure.asker else {
            return Ok(None);
        };
        let answered = self.answered_at(asker)?;
        Ok(answered.map(|(_, address)| address.url))
    }

    /// What stands on the button that leads back to the one who asked, if there is one.
    fn label(&self, departure: &Departure) -> Result<Option<String>, Refused> {
        Ok(match &departure.asker {
            Asker::Nobody => None,
            Asker::WsFederation { .. } => Some("Go on".to_owned()),
            Asker::Saml2(asker) => self
                .answered_at(asker)?
                .map(|(party, _)| format!("Go on to {}", party.display_name)),
        })
    }

    fn untold(&self, departure: &Departure) -> Vec<Missing> {
        let untold = departure.untold.iter();
        untold
            .map(|relying_party| Missing {
                name: self.display_name(relying_party),
                link: None,
            })
            .collect()
    }

    /// What a relying party is told by SAML, if it can be, and its answer awaited.
    async fn telling(
        &self,
        session: &Session,
        participant: &Participant,
        correlation: &CorrelationId,
    ) -> Option<Telling> {
        let party = self.trusts.relying_party(&participant.relying_party)?;
        party.single_logout.told_at.as_ref()?;
        let telling = Telling {
            relying_party: party.entity_id().to_owned(),
            name: new_id().ok()?.to_string(),
            issuer: self
                .trusts
                .issuer(&party, &session.subject.suffix)?
                .to_owned(),
            known_as: session.known_at(&party)?,
        };
        let confirmations = self.sign_in.confirmations();
        let expected = confirmations.expect(&telling.name, party.entity_id(), correlation);
        expected.await.ok().map(|()| telling)
    }

    fn tell_address(&self, telling: Telling, browser: &Browser) -> Result<String, Refused> {
        let now = OffsetDateTime::now_utc();
        let state = self.seal.seal(telling, &browser.id, now)?;
        Ok(format!("{TELL_PATH}?state={state}"))
    }

    /// Where a relying party hears of the end by WS-Federation, if it speaks that.
    fn clean_up(&self, participant: &Participant) -> Option<CleanUp> {
        let party = self.trusts.relying_party(&participant.relying_party)?;
        if !party.speaks(Protocol::WsFederation) {
            return None;
        }
        let address = party.ws_federation.reply_addresses.first()?;
        let mark = if address.contains('?') { '&' } else { '?' };
        Some(CleanUp {
            relying_party: participant.relying_party.clone(),
            address: format!("{address}{mark}wa={}", wsfed::ACTION_CLEAN_UP),
        })
    }

    fn unanswered(&self, departure: &Departure) -> Vec<Unanswered> {
        let told = departure.clean_up.iter();
        told.map(
            |CleanUp {
                 relying_party,
                 address,
             }| Unanswered {
                name: self.display_name(relying_party),
                address: address.clone(),
            },
        )
        .collect()
    }

    fn display_name(&self, relying_party: &str) -> String {
        let party = self.trusts.relying_party(relying_party);
        party.map_or_else(
            || relying_party.to_owned(),
            |party| party.display_name.clone(),
        )
    }
}

impl Asker {
    /// Whether a participant need not be told, since it asked.
    fn is(&self, participant: &Participant) -> bool {
        match self {
            Self::Saml2(asker) => {
                participant.protocol == Protocol::Saml2
                    && participant.relying_party == asker.relying_party
            }
            Self::Nobody | Self::WsFederation { .. } => false,
        }
    }
}

/// Whether the answer will stand in another page. Browsers that do not say so are taken to show it.
fn is_in_a_frame(request: &Request) -> bool {
    request
        .header("sec-fetch-dest")
        .is_some_and(|destination| destination != "document")
}
