//! The way to an upstream identity provider and back.
//!
//! Who leaves takes along what she was about to do, sealed for her browser ([`super::trip_cookies`]), with
//! the question that the answer must fit. The name of the trip goes with the question and comes back with
//! the answer. It is no secret: an answer counts only in the browser that has the trip, and only for the
//! question that was asked there. So nobody can have a stranger's browser signed in by an answer that he
//! got himself (login CSRF), and no upstream can answer what another one was asked (mix-up).

use askama::Template;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    http::{Form, PageSecurity, Request, Response, response},
    keys::random_octets,
    observe::audit,
    overload::Work,
    signin::{Brought, BrowserId, Elsewhere, Source},
    upstream::{Ask, Asserted, Expected, UpstreamError},
};

use super::{
    IdentityProvider,
    browser::{self, Browser},
    pages::{ElsewherePage, LeavingPage},
    refusal::Refused,
    reply::nonce,
    seal::Sealed,
    trip_cookies::TripCookies,
    waiting::{Goal, Waiting},
};

/// Somebody under way.
#[derive(Serialize, Deserialize)]
struct Trip {
    waiting: Waiting,
    expected: Expected,
}

impl Sealed for Trip {
    const KIND: &'static str = "trip";
}

/// A trip that has come back, and its name.
struct Returned<'a> {
    trip: Trip,
    handle: &'a str,
    cookies: TripCookies,
    browser: BrowserId,
}

impl IdentityProvider {
    /// Sends somebody elsewhere. `name` is the one that led there, if any.
    pub(super) async fn lead(
        &self,
        request: &Request,
        waiting: Waiting,
        elsewhere: Elsewhere,
        browser: &BrowserId,
        name: Option<&str>,
    ) -> Result<Response, Refused> {
        match elsewhere {
            Elsewhere::Upstream(upstream) => {
                // It may be asked for its keys or addresses first, and hang.
                let place = self.workload.admit(Work::Upstream);
                let _place = place.map_err(Refused::Busy)?;
                self.leave(request, waiting.expecting(name), &upstream, browser)
                    .await
            }
            Elsewhere::Entra(address) => self.elsewhere_page(
                &waiting,
                "You sign in at Microsoft",
                "With this address you do not sign in here.",
                Some(&address),
            ),
            Elsewhere::Refused(text) => {
                self.elsewhere_page(&waiting, "You cannot sign in here", &text, None)
            }
        }
    }

    /// The page that leads to an upstream. A page and no redirect: browsers hold a redirect that answers
    /// a form to what the form's own page may post to, and that page may be the relying party's.
    async fn leave(
        &self,
        request: &Request,
        waiting: Waiting,
        upstream: &str,
        browser: &BrowserId,
    ) -> Result<Response, Refused> {
        let upstream = self.upstream(upstream)?;
        let handle = URL_SAFE_NO_PAD.encode(random_octets::<16>()?);
        let now = OffsetDateTime::now_utc();
        let ask = Ask {
            login_hint: waiting.expected(),
            fresh: waiting.wants_fresh_proof(),
            several_factors: waiting.wants_several_factors(),
            handle: &handle,
            now,
        };
        let leaving = upstream.ask(&ask, &self.signing().keys).await;
        let leaving = leaving.map_err(|cause| Refused::Upstream {
            upstream: upstream.terms.name.clone(),
            cause,
        })?;
        let nonce = nonce()?;
        let page = LeavingPage {
            nonce: nonce.as_str(),
            upstream: &upstream.terms.display_name,
            address: &leaving.address,
        };
        let mut answer = response::html(StatusCode::OK, page.render()?);
        PageSecurity::new()
            .styles(&nonce)
            .strict_transport(true)
            .apply(&mut answer)?;
        let trip = Trip {
            waiting,
            expected: leaving.expected,
        };
        let sealed = self.seal.seal(trip, browser, now)?;
        TripCookies::of(request).begin(&handle, now.unix_timestamp(), &sealed, &mut answer)?;
        Ok(answer)
    }

    /// An answer by SAML 2.0.
    pub(super) async fn answer_by_saml2(&self, request: &Request) -> Result<Response, Refused> {
        let form = request.form()?;
        let handle = form.single("RelayState")?.unwrap_or("");
        let returned = self.returned(request, handle)?;
        let response = form.single("SAMLResponse")?.unwrap_or("");
        let expected = &returned.trip.expected;
        let upstream = self.upstream(&expected.upstream)?;
        let outcome = upstream.receive_saml2(response, expected, OffsetDateTime::now_utc());
        self.arrive(request, returned, outcome).await
    }

    /// An answer by `OpenID` Connect.
    pub(super) async fn answer_by_openid(&self, request: &Request) -> Result<Response, Refused> {
        let query: Form = request.query()?;
        let handle = query.single("state")?.unwrap_or("");
        let returned = self.returned(request, handle)?;
        let expected = &returned.trip.expected;
        let upstream = self.upstream(&expected.upstream)?;
        let now = OffsetDateTime::now_utc();
        let outcome = upstream.receive_openid(&query, expected, now).await;
        self.arrive(request, returned, outcome).await
    }

    fn returned<'a>(&self, request: &Request, handle: &'a str) -> Result<Returned<'a>, Refused> {
        let browser = Browser::known(request).ok_or(Refused::NoCookie)?;
        let cookies = TripCookies::of(request);
        let sealed = cookies.find(handle).ok_or(Refused::NoTrip)?;
        let trip = self
            .seal
            .open(sealed, &browser, OffsetDateTime::now_utc())?;
        Ok(Returned {
            trip,
            handle,
            cookies,
            browser,
        })
    }

    /// What comes of an answer. The id on the page is that of the sign-in from its beginning.
    async fn arrive(
        &self,
        request: &Request,
        returned: Returned<'_>,
        outcome: Result<Asserted, UpstreamError>,
    ) -> Result<Response, Refused> {
        let Returned {
            trip: Trip { waiting, expected },
            handle,
            cookies,
            browser,
        } = returned;
        let correlation = waiting.correlation().clone();
        let answer = match outcome {
            Err(cause) => {
                audit::upstream_failed(&correlation, &expected.upstream, &cause.to_string());
                let upstream = expected.upstream;
                // The trip stays: another answer may be the right one, and an upstream that could not
                // be reached may be asked again.
                return Ok(self.refusal_page(&Refused::Upstream { upstream, cause }, &correlation));
            }
            Ok(asserted) => {
                let source = Source::from(self.edge.proxies.client_of(request));
                let brought = Brought {
                    asserted: &asserted,
                    question: &expected,
                    expected: waiting.expected(),
                    source: &source,
                };
                let previous = browser::session_token(request);
                match waiting.goal.clone() {
                    Goal::RelyingParty(pending) => {
                        let accepting = self.sign_in.accept(
                            &pending.request,
                            &browser,
                            previous.as_ref(),
                            brought,
                        );
                        let step = accepting.await;
                        let name = waiting.expected();
                        self.answer(request, *pending, step, &browser, name).await
                    }
                    Goal::Own(visitor) => {
                        let accepting =
                            self.sign_in
                                .accept_visitor(&correlation, previous.as_ref(), brought);
                        let visit = accepting.await;
                        let name = waiting.expected();
                        self.receive(request, visitor, visit, &browser, name).await
                    }
                }
            }
        };
        let mut answer = answer.unwrap_or_else(|refused| self.refusal_page(&refused, &correlation));
        cookies.end(handle, &mut answer)?;
        Ok(answer)
    }

    /// Says where somebody signs in instead, and leads there if she wants: never by itself, since it is
    /// from there that she may have come.
    fn elsewhere_page(
        &self,
        waiting: &Waiting,
        heading: &str,
        text: &str,
        address: Option<&str>,
    ) -> Result<Response, Refused> {
        let correlation = waiting.correlation();
        audit::request_refused(correlation, waiting.relying_party(), heading);
        let nonce = nonce()?;
        let page = ElsewherePage {
            nonce: nonce.as_str(),
            heading,
            text,
            address,
            support: self.edge.support_contact.as_deref(),
            correlation: correlation.as_str(),
        };
        let mut answer = response::html(StatusCode::OK, page.render()?);
        PageSecurity::new()
            .styles(&nonce)
            .strict_transport(true)
            .apply(&mut answer)?;
        Ok(answer)
    }
}
