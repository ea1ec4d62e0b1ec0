//! Every refusal, provoked: for each code and each protocol that can lead to it, one good answer with one
//! thing wrong with it. The table of docs/src/refusals.md says the same.

mod mistakes;
mod page;
mod second_factor;

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{HeaderMap, Method, header::CONTENT_TYPE, header::HeaderValue};
use time::{Duration, OffsetDateTime};

use super::{
    fixture::{
        self, STRANGER,
        document::{Node, attribute, response_to},
        saml1::{claim, saml1, sign_in_response},
    },
    verify::Answer,
    web::tests::send_with,
    *,
};

/// How somebody comes to be refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Saml,
    WsFederation,
    WsTrust,
    /// Before there is an answer, or without one.
    Request,
}
use By::{Request, Saml, WsFederation, WsTrust};

impl By {
    fn name(self) -> &'static str {
        match self {
            Saml => "SAML 2.0",
            WsFederation => "WS-Federation",
            WsTrust => "WS-Trust",
            Request => "a request",
        }
    }
}

const BROWSER: &[By] = &[Saml, WsFederation];
const ANY: &[By] = &[Saml, WsFederation, WsTrust];

/// A sign-in of Wendy's at Contoso's address, valid as it is made.
struct Trial {
    by: By,
    simulator: Simulator,
    now: OffsetDateTime,
    demand: Demand,
    /// At whose address it begins.
    at: &'static str,
    response: Node,
    /// Whether what has to come back is lost on the way.
    loses_state: bool,
    /// Done to the text after it was signed.
    alter: fn(String) -> String,
    /// What becomes of the tenants once the request was sent.
    then: fn(Tenant) -> Tenant,
}

fn contoso(by: By, behavior: FederatedIdpMfaBehavior) -> Tenant {
    let tenant = match by {
        WsFederation | WsTrust => fixture::contoso_by_ws_federation(),
        Saml | Request => fixture::contoso(),
    };
    let mut parts = tenant.parts();
    for domain in &mut parts.domains {
        if let Authentication::Federated(federation) = &mut domain.authentication {
            federation.federated_idp_mfa_behavior = behavior;
        }
    }
    Tenant::build(parts).unwrap()
}

impl Trial {
    fn new(by: By) -> Self {
        let now = OffsetDateTime::now_utc();
        let tenants = Tenants::from(contoso(
            by,
            FederatedIdpMfaBehavior::EnforceMfaByFederatedIdp,
        ));
        let tenants = tenants.with(fixture::fabrikam()).unwrap();
        let mut settings = Settings::at("https://login.example");
        settings.saml_hints = HintPolicy::both(Hint::None);
        Self {
            by,
            simulator: Simulator::new(tenants, settings),
            now,
            demand: Demand::default(),
            at: "contoso.onmicrosoft.com",
            response: match by {
                Saml => response_to("_to_be_filled_in", now),
                _ => sign_in_response(now),
            },
            loses_state: false,
            alter: |text| text,
            then: |tenant| tenant,
        }
    }

    fn assertion(&mut self) -> &mut Node {
        match self.by {
            Saml => self.response.at("Assertion"),
            _ => self.response.at("RequestedSecurityToken/Assertion"),
        }
    }

    fn issued_by(&mut self, issuer: &str) {
        match self.by {
            Saml => {
                issuer.clone_into(&mut self.response.at("Issuer").text);
                issuer.clone_into(&mut self.assertion().at("Issuer").text);
            }
            _ => self.assertion().set("Issuer", issuer),
        }
    }

    fn for_audience(&mut self, audience: &str) {
        let path = match self.by {
            Saml => "Conditions/AudienceRestriction/Audience",
            _ => "Conditions/AudienceRestrictionCondition/Audience",
        };
        audience.clone_into(&mut self.assertion().at(path).text);
    }

    fn about(&mut self, upn: &str, anchor: &str) {
        if self.by == Saml {
            let email = "AttributeStatement/Attribute/AttributeValue";
            upn.clone_into(&mut self.assertion().at(email).text);
            anchor.clone_into(&mut self.assertion().at("Subject/NameID").text);
            return;
        }
        let claims = "http://schemas.xmlsoap.org/claims";
        let live = "http://schemas.microsoft.com/LiveID/Federation/2008/05";
        let statement = self.assertion().at("AttributeStatement");
        anchor.clone_into(&mut statement.at("Subject/NameIdentifier").text);
        statement.children.truncate(1);
        statement.children.push(claim(claims, "UPN", upn));
        statement.children.push(claim(live, "ImmutableID", anchor));
        let authentication = self.assertion().at("AuthenticationStatement");
        anchor.clone_into(&mut authentication.at("Subject/NameIdentifier").text);
    }

    fn expired(&mut self) {
        let conditions = self.assertion().at("Conditions");
        conditions.set("NotBefore", "2024-01-01T00:00:00Z");
        conditions.set("NotOnOrAfter", "2024-01-01T01:00:00Z");
    }

    /// What comes of it.
    fn outcome(mut self) -> Outcome {
        if self.by == WsTrust {
            return self.redeemed();
        }
        let arrival = Arrival {
            address: self.at,
            name: Some("wmoran@partners.contoso.com"),
            hint: DomainHint::default(),
            written_by: WrittenBy::Server,
            demand: self.demand,
        };
        let Ok(Next::GoToIdp(journey)) = self.simulator.begin(arrival, self.now) else {
            panic!("no way to the identity provider");
        };
        self.change_tenant();
        let state = match &journey.request {
            ToIdp::Post(post) => post.relay_state.clone(),
            ToIdp::Redirect(address) | ToIdp::Address(address) => {
                let (_, query) = address.split_once('?').unwrap();
                let query = crate::http::Form::parse(query.as_bytes()).unwrap();
                query.single("wctx").unwrap().unwrap().to_owned()
            }
        };
        let state = (!self.loses_state).then_some(state);
        if self.by == Saml {
            self.response.set("InResponseTo", &journey.request_id);
            let acs = self.simulator.assertion_consumer_service().to_owned();
            self.response.set("Destination", &acs);
            let data = "Subject/SubjectConfirmation/SubjectConfirmationData";
            let data = self.assertion().at(data);
            data.set("InResponseTo", &journey.request_id);
            data.set("Recipient", acs);
        }
        let document = (self.alter)(self.response.to_xml());
        let answer = STANDARD.encode(&document);
        let answer = match self.by {
            Saml => Answer::Saml {
                saml_response: &answer,
                relay_state: state.as_deref(),
            },
            _ => Answer::WsFederation {
                wa: Some("wsignin1.0"),
                wresult: &document,
                wctx: state.as_deref(),
            },
        };
        self.simulator.receive(answer, self.now)
    }

    fn redeemed(&mut self) -> Outcome {
        self.change_tenant();
        let document = (self.alter)(self.assertion().to_xml());
        let resource = self.simulator.tenants();
        let resource = resource.at_address(self.at).unwrap().name().clone();
        let assertion = STANDARD.encode(document);
        self.simulator.redeem(&assertion, Some(&resource), self.now)
    }

    fn change_tenant(&self) {
        let tenants = self.simulator.tenants();
        let changed = (self.then)(tenants.first().clone());
        self.simulator
            .replace_tenants(tenants.with(changed).unwrap());
    }
}

type Change = fn(&mut Trial);
