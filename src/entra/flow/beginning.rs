//! The first half of a sign-in as it is kept: what was asked of Entra, what it looked up, and what it
//! asks the identity provider.

use time::OffsetDateTime;

use super::{End, Hop, HttpRequest, Party, said, search::Search};
use crate::entra::{
    Aadsts, Address, Arrival, FoundBy, Journey, Managed, Next, Outcome, Protocol, SignInName,
    Simulator, Tenants, ToIdp, WrittenBy, begin, query::Query, random,
};

impl Simulator {
    /// Keeps what came of somebody's arrival; nothing while a name is asked for.
    pub(in crate::entra) fn record_beginning(
        &self,
        tenants: &Tenants,
        arrival: Arrival<'_>,
        next: &Result<Next, Box<Outcome>>,
        now: OffsetDateTime,
    ) {
        let name = match next {
            Ok(Next::AskName) => return,
            Ok(Next::AskPassword(_)) => random::guid(),
            Ok(Next::GoToIdp(journey)) => journey.request_id.clone(),
            Err(outcome) => outcome.correlation_id.clone(),
        };
        let flows = self.flows();
        flows.record(&name, self.asked(tenants, arrival, now), now);
        flows.record(&name, self.looked_up(tenants, arrival, next, now), now);
        // What is no name is not kept: it may be a password in the wrong field.
        let typed = arrival.name.and_then(|name| SignInName::parse(name).ok());
        flows.call(&name, &name, typed.map(|it| it.to_string()).as_deref());
        match next {
            Ok(Next::GoToIdp(journey)) => {
                flows.record(&name, to_idp(journey, now), now);
            }
            Ok(Next::AskPassword(managed)) => flows.end(&name, at_password(managed)),
            Ok(Next::AskName) => {}
            Err(outcome) => flows.end(&name, refused(outcome)),
        }
    }

    /// What the browser asked for.
    fn asked(&self, tenants: &Tenants, arrival: Arrival<'_>, now: OffsetDateTime) -> Hop {
        let base = self.base_url();
        let name = arrival.name.filter(|name| SignInName::parse(name).is_ok());
        let given = [
            ("login_hint", name),
            ("domain_hint", arrival.hint.domain),
            ("client_id", arrival.hint.application),
        ];
        let given = given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let given: Vec<_> = given.collect();
        let at = at_address(tenants, arrival.address);
        let (title, what, request) = match arrival.written_by {
            WrittenBy::Page => (
                "A name is typed",
                format!("somebody types {} {at}", name.unwrap_or("no sign-in name")),
                HttpRequest::post(&format!("{base}/{}/login", arrival.address), given),
            ),
            WrittenBy::Server if given.is_empty() && arrival.name.is_none() => (
                "The address is opened",
                format!("somebody opens the application {at}"),
                HttpRequest::get(&format!("{base}/{}/", arrival.address)),
            ),
            WrittenBy::Server => {
                let mut url = Query::onto(&format!("{base}/{}/login", arrival.address));
                for (name, value) in given {
                    url.push(name, value);
                }
                (
                    "A link is followed",
                    format!("a link leads to the sign-in {at}, with hints"),
                    HttpRequest::get(&url.finish()),
                )
            }
        };
        Hop::new(title, what, (Party::Browser, Party::Entra), now).request(request)
    }

    /// Home realm discovery, step by step.
    fn looked_up(
        &self,
        tenants: &Tenants,
        arrival: Arrival<'_>,
        next: &Result<Next, Box<Outcome>>,
        now: OffsetDateTime,
    ) -> Hop {
        let mut search = Search {
            tenants,
            resolves_foreign_email: self.settings().resolve_foreign_email,
            steps: Vec::new(),
            facts: Vec::new(),
        };
        let found_by = search.go(arrival);
        let what = match (next, found_by) {
            (Ok(Next::GoToIdp(journey)), Some(FoundBy::OnPremisesUserPrincipalName)) => {
                match journey.request.protocol() {
                    Protocol::Saml => said::FOUND_BY_EMAIL_SAML.to_owned(),
                    _ => said::FOUND_BY_EMAIL_WS_FEDERATION.to_owned(),
                }
            }
            (Ok(Next::GoToIdp(_)), Some(FoundBy::UserPrincipalName)) => {
                said::FOUND_BY_UPN.to_owned()
            }
            (Ok(Next::GoToIdp(journey)), _) => format!(
                "Entra sees where to go by {}, and writes a request",
                journey.found_by
            ),
            (Ok(_), _) => "Entra finds a user of a managed domain: no identity provider is asked, \
                           and Entra itself would want the password"
                .to_owned(),
            (Err(outcome), _) => format!("Entra cannot go on: {}", End::of(outcome).said),
        };
        let mut hop = Hop::new(
            "Home realm discovery",
            what,
            (Party::Entra, Party::Entra),
            now,
        );
        hop.steps = search.steps;
        hop.facts = search.facts;
        hop
    }
}

fn at_address(tenants: &Tenants, segment: &str) -> String {
    match begin::address(tenants, segment) {
        Ok(Address::Tenanted(tenant)) => {
            format!("at {}'s tenanted address", tenant.display_name())
        }
        Ok(Address::Common) => format!("at /{segment}/, which names no tenant"),
        Err(_) => "at an address that names no tenant known here".to_owned(),
    }
}

/// What Entra asks the identity provider, by way of the browser.
fn to_idp(journey: &Journey, now: OffsetDateTime) -> Hop {
    let request = match &journey.request {
        ToIdp::Post(post) => HttpRequest::post(
            &post.action,
            [
                ("SAMLRequest", post.saml_request.as_str()),
                ("RelayState", &post.relay_state),
            ],
        ),
        ToIdp::Redirect(to) | ToIdp::Address(to) => HttpRequest::get(to),
    };
    let protocol = journey.request.protocol();
    Hop::new(
        format!("Entra asks {}", journey.brand),
        format!(
            "the browser brings the request of {protocol} to the identity provider of {}; who signs \
             in there, and how, is not seen from here",
            journey.domain
        ),
        (Party::Entra, Party::IdentityProvider),
        now,
    )
    .request(request)
    .fact("Protocol", protocol.to_string())
    .fact("Request", journey.request_id.clone())
}

/// How a refusal before any request ends it. What was typed and is no name is not told again.
fn refused(outcome: &Outcome) -> End {
    let end = End::of(outcome);
    match end.code {
        Some(Aadsts::InvalidDomainName) => End {
            detail: Some("What was typed is no sign-in name; it is not kept.".to_owned()),
            ..end
        },
        _ => end,
    }
}

fn at_password(managed: &Managed) -> End {
    End {
        accepted: false,
        said: format!(
            "{} is in a managed domain: Entra itself would ask for the password, and the simulator \
             keeps none.",
            managed.user.user_principal_name
        ),
        code: None,
        detail: None,
        mend: None,
        evidence: None,
        correlation_id: None,
    }
}
