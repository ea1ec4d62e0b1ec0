//! Every refusal, provoked: for each code and each protocol that can lead to it, one good answer with one
//! thing wrong with it. The table of docs/src/refusals.md says the same.

use std::collections::BTreeMap;

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

/// What is wrong with an answer.
fn answers() -> Vec<(Aadsts, &'static [By], Change)> {
    let second_factor: Change = |it| it.demand.mfa = true;
    vec![
        (Aadsts::WsFedSignInResponse, &[WsFederation], |it| {
            it.loses_state = true;
        }),
        (Aadsts::WsFedMessageInvalid, &[WsFederation], |it| {
            it.response.repeat("TokenType");
        }),
        (Aadsts::InvalidSignature, BROWSER, |it| {
            it.alter = |text| text.replace("wmoran@", "wmoram@");
        }),
        (Aadsts::InvalidSamlToken, BROWSER, |it| {
            it.for_audience("https://sp.example/");
        }),
        (Aadsts::InvalidSamlToken, &[Saml], |it| {
            it.loses_state = true;
        }),
        (Aadsts::InvalidAssertion, &[WsTrust], |it| {
            it.for_audience("https://sp.example/");
        }),
        (Aadsts::InvalidAssertion, &[WsTrust], |it| {
            it.alter = |text| text.replace("wmoran@", "wmoram@");
        }),
        (Aadsts::SigningKeyNotRegistered, ANY, |it| {
            it.assertion().signer = Some(&STRANGER);
        }),
        (Aadsts::AssertionNotPresent, ANY, |it| {
            it.assertion().signer = None;
        }),
        (Aadsts::TokenValidationPolicy, ANY, |it| {
            it.issued_by(fixture::OTHER_ISSUER);
        }),
        (Aadsts::AssertionNotValidNow, BROWSER, Trial::expired),
        (Aadsts::GrantNotValidNow, &[WsTrust], Trial::expired),
        (Aadsts::NotInTenant, ANY, |it| it.at = "fabrikam.com"),
        (Aadsts::SecondFactorMissing, BROWSER, second_factor),
        (Aadsts::SecondFactorMissing, &[Saml], |it| {
            // The identity provider says by itself that it cannot.
            it.demand.mfa = true;
            it.alter = |text| {
                let code = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:";
                let end = "\"></samlp:StatusCode>";
                let success = format!("{code}Success{end}");
                assert!(text.contains(&success));
                let cannot =
                    format!("{code}Responder\">{code}NoAuthnContext{end}</samlp:StatusCode>");
                text.replace(&success, &cannot)
            };
        }),
        (Aadsts::UnknownRealm, ANY, |it| {
            it.issued_by(&format!("{}/", fixture::ISSUER));
        }),
        (Aadsts::ImmutableIdNotFound, ANY, |it| {
            it.about("wmoran@partners.contoso.com", "AAAAAAAAAAAAAAAAAAAAAA==");
        }),
        (Aadsts::AccountNotInTenant, BROWSER, |it| {
            it.demand.mfa = true;
            it.about("wmoran@partners.contoso.com", "AAAAAAAAAAAAAAAAAAAAAA==");
        }),
        (Aadsts::AccountNotInTenant, BROWSER, |it| {
            it.demand.mfa = true;
            it.at = "fabrikam.com";
        }),
        (Aadsts::AnotherUserThanTyped, BROWSER, |it| {
            it.about("alex@partners.contoso.com", "alex");
        }),
        (Aadsts::ImmutableIdMissing, &[WsFederation, WsTrust], |it| {
            it.assertion().at("AttributeStatement").children.pop();
        }),
        (
            Aadsts::WsFederationNotSupported,
            &[WsFederation, WsTrust],
            |it| {
                it.then = |_| fixture::contoso();
            },
        ),
        (Aadsts::UnknownRealm, &[Saml], |it| {
            it.then = |_| fixture::contoso_by_ws_federation();
        }),
        (Aadsts::GuestNotAllowed, BROWSER, |it| {
            it.demand.members_only = true;
        }),
        (Aadsts::InvalidXml, ANY, |it| {
            it.alter = |text| text.replace("</", "<!-- --></");
        }),
    ]
}

/// What is wrong with a request: the code, the method, the address, and what is posted.
const REQUESTS: [(Aadsts, &str, &str); 8] = [
    (
        Aadsts::UserAccountNotFound,
        "/contoso.com/login?login_hint=nobody%40contoso.com",
        "",
    ),
    (
        Aadsts::InvalidDomainName,
        "/contoso.com/login?login_hint=wmoran",
        "",
    ),
    (
        Aadsts::UnsupportedGrant,
        "/contoso.com/oauth2/v2.0/token",
        "grant_type=password",
    ),
    (
        Aadsts::TenantNotFound,
        "/adatum.com/login?login_hint=wmoran%40fabrikam.com",
        "",
    ),
    (Aadsts::MissingField, "/GetUserRealm.srf?json=1", ""),
    (
        Aadsts::MissingTenantRealm,
        "/common/login?login_hint=somebody%40adatum.com",
        "",
    ),
    (Aadsts::WsFedMessageNotRead, "/login.srf", "wa=wsignin1.0"),
    (
        Aadsts::WsFedMessageNotRead,
        "/login.srf",
        "SAMLResponse=x&wresult=x&wa=wsignin1.0",
    ),
];

#[test]
fn a_trial_with_nothing_wrong_is_accepted() {
    for by in ANY {
        let outcome = Trial::new(*by).outcome();
        assert!(
            matches!(outcome.decision, Decision::SignedIn(_)),
            "{}: {:?}",
            by.name(),
            outcome.decision
        );
    }
}

#[test]
fn each_mistake_is_refused_with_its_code_by_each_protocol() {
    for (index, (code, protocols, change)) in answers().into_iter().enumerate() {
        for by in protocols {
            let mut trial = Trial::new(*by);
            change(&mut trial);
            match trial.outcome().decision {
                Decision::Refused(refusal) => {
                    let told = format!("{index} by {}: {}", by.name(), refusal.detail);
                    assert_eq!(refusal.code, code, "{told}");
                    assert!(!refusal.detail.is_empty() && !refusal.message.is_empty());
                }
                Decision::SignedIn(_) => panic!("{code} by {}: accepted", by.name()),
            }
        }
    }
}

#[test]
fn each_mistaken_request_is_refused_with_its_code() {
    let settings = Settings::at("https://login.example");
    let simulator = Simulator::new(fixture::contoso(), settings);
    for (code, target, body) in REQUESTS {
        let mut headers = HeaderMap::new();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
        let method = match body {
            "" => Method::GET,
            _ => Method::POST,
        };
        let page = send_with(&simulator, method, target, headers, body);
        assert!(page.status.is_client_error(), "{target}");
        let last = simulator.outcomes().pop().unwrap();
        match last.decision {
            Decision::Refused(refusal) => assert_eq!(refusal.code, code, "{target} {body}"),
            Decision::SignedIn(_) => panic!("{target}"),
        }
    }
}

/// Where Entra looks for it, and nowhere else (facts 4.5).
#[test]
fn a_second_factor_is_proven_where_it_counts() {
    const SAID: &str = "http://schemas.microsoft.com/claims/multipleauthn";
    const WIA: &str = "http://schemas.microsoft.com/claims/wiaormultiauthn";
    const CLAIMS: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims";
    fn told(it: &mut Trial, namespace: &'static str, name: &'static str, values: &[&str]) {
        let mut told = claim(namespace, name, "http://schemas.example/other");
        for value in values {
            told.children.push(saml1("AttributeValue").saying(value));
        }
        it.assertion().at("AttributeStatement").children.push(told);
    }
    let table: [(By, Change, Result<(), &str>); 9] = [
        (
            Saml,
            |it| {
                let class = "AuthnStatement/AuthnContext/AuthnContextClassRef";
                SAID.clone_into(&mut it.assertion().at(class).text);
            },
            Ok(()),
        ),
        (
            Saml,
            |it| {
                let told = attribute(&format!("{CLAIMS}/authenticationmethod"), SAID);
                it.assertion().at("AttributeStatement").children.push(told);
            },
            Err("an attribute, which does not count by SAML 2.0"),
        ),
        (
            WsFederation,
            |it| {
                let statement = it.assertion().at("AuthenticationStatement");
                statement.set("AuthenticationMethod", SAID);
            },
            Ok(()),
        ),
        (
            WsFederation,
            |it| told(it, CLAIMS, "authenticationmethod", &[SAID]),
            Ok(()),
        ),
        (
            WsFederation,
            |it| told(it, CLAIMS, "authenticationmethod", &[WIA]),
            Ok(()),
        ),
        (
            WsFederation,
            |it| {
                told(
                    it,
                    CLAIMS,
                    "authenticationmethod",
                    &["https://refeds.org/profile/mfa"],
                );
            },
            Err("not http://schemas.microsoft.com/claims/multipleauthn."),
        ),
        (
            WsFederation,
            |it| {
                told(
                    it,
                    "http://schemas.microsoft.com/claims",
                    "authnmethodsreferences",
                    &[SAID],
                );
            },
            Err("the claim authnmethodsreferences, which does not count"),
        ),
        (
            WsFederation,
            |it| {
                told(
                    it,
                    "http://schemas.example",
                    "authenticationmethod",
                    &[SAID],
                );
            },
            Err("enforceMfaByFederatedIdp"),
        ),
        (WsFederation, |_| {}, Err("am:password")),
    ];
    for (index, (by, change, expected)) in table.into_iter().enumerate() {
        let mut trial = Trial::new(by);
        trial.demand.mfa = true;
        change(&mut trial);
        match (trial.outcome().decision, expected) {
            (Decision::SignedIn(_), Ok(())) => {}
            (Decision::Refused(refusal), Err(said)) => {
                assert_eq!(refusal.code, Aadsts::SecondFactorMissing, "{index}");
                assert!(refusal.detail.contains(said), "{index}: {}", refusal.detail);
            }
            (decision, _) => panic!("{index}: {decision:?}"),
        }
    }
}

/// The tolerated difference is not refused, so that the tests above are about more than rigour.
#[test]
fn a_clock_within_the_skew_is_no_mistake() {
    for by in ANY {
        let mut trial = Trial::new(*by);
        trial.now += Duration::minutes(4);
        assert!(matches!(trial.outcome().decision, Decision::SignedIn(_)));
    }
}

#[test]
fn the_page_has_a_row_for_each_code_with_what_provokes_it_and_the_cure() {
    let mut provoked: BTreeMap<u32, Vec<By>> = BTreeMap::new();
    for (code, protocols, _) in answers() {
        provoked.entry(code.number()).or_default().extend(protocols);
    }
    for (code, _, _) in REQUESTS {
        provoked.entry(code.number()).or_default().push(Request);
    }
    let expected: Vec<(String, String, String, String)> = Aadsts::OF_SIGN_INS
        .iter()
        .map(|code| {
            let by = provoked.remove(&code.number()).map_or_else(
                || "nothing that is sent".to_owned(),
                |mut by| {
                    by.sort_unstable();
                    by.dedup();
                    let names: Vec<_> = by.into_iter().map(By::name).collect();
                    names.join(", ")
                },
            );
            let cell = |text: &str| text.replace('|', "\\|");
            (code.to_string(), cell(code.title()), by, cell(code.mend()))
        })
        .collect();
    assert!(
        provoked.is_empty(),
        "not in OF_SIGN_INS: {:?}",
        provoked.keys()
    );
    let page = include_str!("../../docs/src/refusals.md");
    let (page, _) = page.split_once("\n## ").unwrap();
    let rows: Vec<(String, String, String, String)> = page
        .lines()
        .filter(|line| line.starts_with("| AADSTS"))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split(" | ").collect();
            let [code, title, by, _, mend] = cells.try_into().expect(line);
            let cell = |text: &str| text.trim().to_owned();
            (cell(code), cell(title), cell(by), cell(mend))
        })
        .collect();
    for (row, expected) in rows.iter().zip(&expected) {
        assert_eq!(row, expected);
    }
    assert_eq!(rows.len(), expected.len());
}

/// What happened here decides nothing for other codes: only one is without a way to it.
#[test]
fn each_code_is_listed_once() {
    let mut numbers: Vec<u32> = Aadsts::OF_SIGN_INS.iter().map(|it| it.number()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), Aadsts::OF_SIGN_INS.len());
    let place = |code: &Aadsts| match code {
        // Whoever adds a code finds this, and adds it to the list, too.
        Aadsts::WsFedSignInResponse
        | Aadsts::WsFedMessageInvalid
        | Aadsts::SignInService
        | Aadsts::InvalidSignature
        | Aadsts::InvalidSamlToken
        | Aadsts::SigningKeyNotRegistered
        | Aadsts::AssertionNotPresent
        | Aadsts::TokenValidationPolicy
        | Aadsts::AssertionNotValidNow
        | Aadsts::InvalidAssertion
        | Aadsts::GrantNotValidNow
        | Aadsts::NotInTenant
        | Aadsts::UserAccountNotFound
        | Aadsts::SecondFactorMissing
        | Aadsts::UnknownRealm
        | Aadsts::InvalidDomainName
        | Aadsts::ImmutableIdNotFound
        | Aadsts::UnsupportedGrant
        | Aadsts::AnotherUserThanTyped
        | Aadsts::TenantNotFound
        | Aadsts::MissingField
        | Aadsts::MissingTenantRealm
        | Aadsts::ImmutableIdMissing
        | Aadsts::AccountNotInTenant
        | Aadsts::WsFedMessageNotRead
        | Aadsts::WsFederationNotSupported
        | Aadsts::GuestNotAllowed
        | Aadsts::InvalidXml => true,
        Aadsts::Application(_) | Aadsts::SamlApplication(_) => false,
    };
    assert!(Aadsts::OF_SIGN_INS.iter().all(place));
    assert_eq!(Aadsts::OF_SIGN_INS.len(), 28);
}
