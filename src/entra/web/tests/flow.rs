//! What happened in a sign-in, as its page and its JSON tell it.

use serde_json::Value;

use super::*;
use crate::entra::{
    Application, ObjectId, Protocol, Tenant, TenantParts,
    fixture::document::Node,
    flow::{Hop, HttpRequest, Party},
    verify::{Finding, Surveyed},
};

/// Signs Wendy in with an answer that was changed, and opens what happened.
fn after(simulator: &Simulator, change: impl FnOnce(&mut Node)) -> (Page, Value) {
    let form = type_name(simulator, TENANT, "wmoran@fabrikam.com").form();
    let request = STANDARD.decode(form.field("SAMLRequest").unwrap()).unwrap();
    let request = xml::read(&request, &Limits::default()).unwrap();
    let id = request.attribute("ID").unwrap();
    let mut response = response_to(id, OffsetDateTime::now_utc());
    change(&mut response);
    let answer = STANDARD.encode(response.to_xml());
    let state = form.field("RelayState").unwrap();
    bring(
        simulator,
        &[("SAMLResponse", &answer), ("RelayState", state)],
    )
}

fn bring(simulator: &Simulator, fields: &[(&str, &str)]) -> (Page, Value) {
    let end = post(simulator, "/login.srf", fields);
    let address = page_link(&end.text, "flow").unwrap();
    let page = get(simulator, &address);
    assert_eq!(page.status, StatusCode::OK);
    (page, json(simulator, &format!("{address}.json")))
}

fn json(simulator: &Simulator, address: &str) -> Value {
    serde_json::from_str(&get(simulator, address).text).unwrap()
}

/// Each check with what came of it.
fn states(flow: &Value) -> Vec<(String, String)> {
    let hops = flow["hops"].as_array().unwrap();
    let checks = hops.last().unwrap()["checks"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let checks = checks.iter();
    checks
        .map(|check| (text(&check["name"]), text(&check["state"])))
        .collect()
}

fn state<'s>(states: &'s [(String, String)], name: &str) -> &'s str {
    let found = states.iter().find(|(known, _)| known == name);
    found.map_or("not listed", |(_, state)| state)
}

#[test]
fn each_hop_of_an_accepted_sign_in_is_told() {
    let simulator = simulator();
    let (page, flow) = after(&simulator, |_| ());
    let titles = flow["hops"].as_array().unwrap().iter();
    let titles: Vec<_> = titles.map(|hop| hop["title"].as_str().unwrap()).collect();
    assert_eq!(
        titles,
        [
            "A name is typed",
            "Home realm discovery",
            "Entra asks Contoso partners",
            "The identity provider answers",
            "Entra checks the answer",
        ]
    );
    assert!(states(&flow).iter().all(|(_, state)| state == "passed"));
    assert_eq!(flow["end"]["accepted"], true);
    assert_eq!(flow["typed"], "wmoran@fabrikam.com");
    let steps = &flow["hops"][1]["steps"];
    let decides = steps.as_array().unwrap().iter();
    let decides = decides.filter(|step| step["decides"] == true);
    let decides: Vec<_> = decides.map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(
        decides,
        ["onPremisesUserPrincipalName", "The federated domain"]
    );
    for shown in [
        "wmoran@partners.contoso.com",
        fixture::ISSUER,
        "signed from here",
        "&#10003; IDPEmail: cloud UPN",
        "curl --include",
    ] {
        let shown = shown.replace("&#10003;", "\u{2713}");
        assert!(page.text.contains(&shown), "{shown} is not shown");
    }
    let list = json(&simulator, "/flows.json");
    assert_eq!(list[0]["id"], flow["id"]);
    assert_eq!(list[0]["accepted"], true);
    assert!(
        get(&simulator, "/flows")
            .text
            .contains("wmoran@fabrikam.com")
    );
    assert_eq!(
        get(&simulator, "/flow/no-such").status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        get(&simulator, "/flow/no-such.json").status,
        StatusCode::NOT_FOUND
    );
}

#[test]
fn a_refusal_shows_what_else_would_fail() {
    let simulator = simulator();
    let (page, flow) = after(&simulator, |response| {
        let assertion = assertion_of(response);
        assertion.at("Issuer").text = "https://idp.contoso.com/partners/".to_owned();
        assertion.at("Conditions/AudienceRestriction/Audience").text = "urn:other".to_owned();
        assertion
            .at("AttributeStatement/Attribute/AttributeValue")
            .text = "wmoran@fabrikam.com".to_owned();
        response.at("Issuer").text = "https://idp.contoso.com/partners/".to_owned();
    });
    let states = states(&flow);
    for (name, expected) in [
        ("Assertion", "passed"),
        ("Issuer", "refused"),
        ("Signature", "would_hold"),
        ("NameID", "would_hold"),
        ("Conditions", "would_fail"),
        ("AuthnStatement", "would_hold"),
        ("ImmutableID", "would_hold"),
        ("IDPEmail", "would_fail"),
        ("User", "would_hold"),
    ] {
        assert_eq!(state(&states, name), expected, "{name}");
    }
    assert_eq!(flow["end"]["code"], "AADSTS50107");
    assert!(page.text.contains("these would refuse too"));
    assert!(page.text.contains("It is the email that was typed"));
}

#[test]
fn what_nobody_can_tell_is_not_reached() {
    let simulator = simulator();
    let (_, flow) = after(&simulator, |response| {
        assertion_of(response).at("Subject/NameID").text = "bm9ib2R5".to_owned();
    });
    let states = states(&flow);
    assert_eq!(state(&states, "AuthnStatement"), "passed");
    assert_eq!(state(&states, "ImmutableID"), "refused");
    assert_eq!(state(&states, "IDPEmail"), "not_reached");
    let (_, flow) = after(&simulator, |response| {
        assertion_of(response).signer = Some(&fixture::STRANGER);
    });
    let states = self::states(&flow);
    assert_eq!(state(&states, "Signature"), "refused");
    assert_eq!(state(&states, "IDPEmail"), "would_hold");
}

#[test]
fn a_replay_is_a_sign_in_of_its_own() {
    let simulator = simulator();
    let form = type_name(&simulator, TENANT, "wmoran@fabrikam.com").form();
    let (_, answer) = sign_in::answer(&form);
    let state = form.field("RelayState").unwrap();
    let fields = [("SAMLResponse", answer.as_str()), ("RelayState", state)];
    let (_, first) = bring(&simulator, &fields);
    let (_, again) = bring(&simulator, &fields);
    assert_ne!(first["id"], again["id"]);
    let states = states(&again);
    assert_eq!(self::state(&states, "InResponseTo"), "refused");
    assert_eq!(self::state(&states, "RelayState"), "not_reached");
    assert_eq!(self::state(&states, "IDPEmail"), "would_hold");
    let first = json(
        &simulator,
        &format!("/flow/{}.json", first["id"].as_str().unwrap()),
    );
    assert_eq!(first["end"]["accepted"], true, "a replay changes nothing");
}

#[test]
fn what_comes_from_outside_is_text_on_the_page() {
    let simulator = simulator();
    let hostile = "\"><script>alert(1)</script>\u{202e}";
    let (page, _) = after(&simulator, |response| {
        response.set("Destination", hostile);
        assertion_of(response).at("Subject/NameID").text = hostile.to_owned();
    });
    let (raw, _) = bring(
        &simulator,
        &[
            (
                "SAMLResponse",
                &STANDARD.encode(format!(
                    "<r a='{}'><![CDATA[<script>alert(1)</script>]]><!--<script>\u{202e}--></r>",
                    "&#x202E;<script>".replace('<', "&lt;")
                )),
            ),
            ("RelayState", hostile),
        ],
    );
    let (broken, _) = bring(
        &simulator,
        &[("SAMLResponse", &STANDARD.encode(format!("<r {hostile}")))],
    );
    for page in [&page, &raw, &broken] {
        assert_eq!(page.text.matches("<script").count(), 1, "our own alone");
        assert!(!page.text.contains('\u{202e}'));
        assert!(page.text.contains("U+202E"));
        let policy = page.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(policy.contains("script-src 'nonce-") && !policy.contains("unsafe"));
    }
    assert!(broken.text.contains("It cannot be laid out"));
    type_name(&simulator, TENANT, hostile);
    let list = get(&simulator, "/flows");
    assert!(!list.text.contains("<script"));
}

#[test]
fn what_may_be_a_password_is_not_kept() {
    let simulator = simulator();
    let envelope = "<e xmlns:o='urn:o'><o:Password Type='t'>s3cret</o:Password></e>";
    let encoded = STANDARD.encode(envelope);
    for fields in [
        [("SAMLResponse", encoded.as_str()), ("password", "s3cret")],
        [("wresult", envelope), ("wa", "wsignin1.0")],
    ] {
        bring(&simulator, &fields);
    }
    let stray = [("password", "s3cret"), ("code", "s3cret")];
    bring(&simulator, &stray);
    type_name(&simulator, TENANT, "s3cret");
    let hop = Hop::new(
        "x",
        "x",
        (Party::Application, Party::Entra),
        OffsetDateTime::now_utc(),
    )
    .request(HttpRequest::post(
        "https://entra.example/token?client_secret=s3cret",
        [("assertion", encoded.as_str()), ("code", "s3cret")],
    ));
    simulator
        .flows()
        .record("_x", hop, OffsetDateTime::now_utc());
    let encoded_secret = STANDARD.encode("s3cret");
    for flow in simulator.flows().all() {
        let json = serde_json::to_string(&flow).unwrap();
        let page = get(&simulator, &format!("/flow/{}", flow.id)).text;
        for text in [&json, &page] {
            assert!(!text.contains("s3cret"), "{text}");
            assert!(!text.contains(&encoded), "{text}");
            assert!(!text.contains(&encoded_secret), "{text}");
        }
    }
    assert_eq!(simulator.flows().all().len(), 5);
}

#[test]
fn whoever_takes_part_adds_a_hop_by_one_call() {
    let simulator = simulator();
    let now = OffsetDateTime::now_utc();
    let arrival = Arrival {
        address: TENANT,
        name: Some("wmoran@fabrikam.com"),
        hint: DomainHint::default(),
        written_by: WrittenBy::Page,
        demand: Demand::default(),
    };
    let Ok(Next::GoToIdp(journey)) = simulator.begin(arrival, now) else {
        panic!("she is sent on");
    };
    let parties = (Party::Application, Party::Entra);
    let hop = Hop::new("An application asks", "it wants a token", parties, now)
        .request(HttpRequest::get(
            "https://login.example/authorize?state=x&id_token_hint=s3cret",
        ))
        .fact("client_id", "app");
    let id = simulator
        .flows()
        .record_first(&journey.request_id, hop, now);
    let page = get(&simulator, &format!("/flow/{id}"));
    assert!(page.text.contains("An application asks"));
    assert!(page.text.contains("No answer yet"));
    assert_eq!(simulator.flows().get(&id).unwrap().hops.len(), 4);
}

#[test]
fn a_message_by_redirect_is_decoded_too() {
    let deflated = miniz_oxide::deflate::compress_to_vec(b"<a/>", 6);
    let message: String =
        form_urlencoded::byte_serialize(STANDARD.encode(deflated).as_bytes()).collect();
    let now = OffsetDateTime::now_utc();
    let hop =
        Hop::new("x", "x", (Party::Entra, Party::IdentityProvider), now).request(HttpRequest::get(
            &format!("https://idp.example/?SAMLRequest={message}&RelayState=r"),
        ));
    let json = serde_json::to_value(&hop).unwrap();
    assert_eq!(json["document"]["xml"], "<a/>");
}

#[test]
fn an_assertion_that_an_application_brings_is_told_too() {
    let settings = Settings::at("https://login.example");
    let client_id = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
    let tool = Application::on_this_machine(ObjectId::parse(client_id).unwrap(), "Tool");
    let contoso = Tenant::build(TenantParts {
        applications: vec![tool],
        ..fixture::contoso_by_ws_federation().parts()
    });
    let simulator = Simulator::new(contoso.unwrap(), settings);
    let now = OffsetDateTime::now_utc();
    for (document, accepted) in [
        (fixture::saml1::assertion(now), true),
        (
            fixture::saml1::assertion(now).with("Issuer", "urn:x"),
            false,
        ),
    ] {
        let assertion = STANDARD.encode(document.to_xml());
        let grant = "urn:ietf:params:oauth:grant-type:saml1_1-bearer";
        post(
            &simulator,
            &format!("/{TENANT}/oauth2/v2.0/token"),
            &[
                ("grant_type", grant),
                ("client_id", client_id),
                ("scope", "openid"),
                ("assertion", &assertion),
            ],
        );
        let flow = simulator.flows().all().remove(0);
        assert_eq!(flow.hops[0].from, Party::Application);
        assert_eq!(flow.end.unwrap().accepted, accepted);
        let page = get(&simulator, &format!("/flow/{}", flow.id)).text;
        assert!(page.contains("An application brings an assertion"));
        assert_eq!(page.contains("\u{2713} UPN: cloud UPN"), accepted);
        // Nobody was asked for it, so that an unknown issuer leaves open whose user it would be.
        assert_eq!(page.contains("\u{2013} UPN: cloud UPN"), !accepted);
        assert_eq!(page.contains("\u{25cb} Conditions: for whom"), !accepted);
        let tokens = page.matches("access_token").count();
        assert_eq!(tokens, 0, "what was given for it is not kept");
    }
}

/// The judgement and the survey each have a list of checks: it has to be the same.
#[test]
fn the_survey_looks_at_what_is_judged() {
    for protocol in [Protocol::Saml, Protocol::WsFederation, Protocol::WsTrust] {
        let simulator = match protocol {
            Protocol::Saml => simulator(),
            _ => Simulator::new(
                fixture::contoso_by_ws_federation(),
                Settings::at("https://login.example"),
            ),
        };
        let now = OffsetDateTime::now_utc();
        let tenants = simulator.tenants();
        let arrival = Arrival {
            address: TENANT,
            name: Some("wmoran@fabrikam.com"),
            hint: DomainHint::default(),
            written_by: WrittenBy::Page,
            demand: Demand::default(),
        };
        let Ok(Next::GoToIdp(journey)) = simulator.begin(arrival, now) else {
            panic!("she is sent on");
        };
        let saml = STANDARD.encode(response_to(&journey.request_id, now).to_xml());
        let wresult = sign_in_response(now).to_xml();
        let assertion = STANDARD.encode(fixture::saml1::assertion(now).to_xml());
        let state;
        let answer = match &journey.request {
            _ if protocol == Protocol::WsTrust => Answer::WsTrust {
                assertion: &assertion,
            },
            ToIdp::Post(to_idp) => Answer::Saml {
                saml_response: &saml,
                relay_state: Some(&to_idp.relay_state),
            },
            ToIdp::Redirect(_) => panic!("requests are posted"),
            ToIdp::Address(to) => {
                let (_, query) = to.split_once('?').unwrap();
                let form = Form::parse(query.as_bytes()).unwrap();
                state = form.single("wctx").unwrap().unwrap().to_owned();
                Answer::WsFederation {
                    wa: Some("wsignin1.0"),
                    wresult: &wresult,
                    wctx: Some(&state),
                }
            }
        };
        let verifier = simulator.verifier(&tenants);
        let verdict = verifier.verify(answer, now);
        assert!(verdict.result.is_ok(), "{:?}", verdict.result);
        let surveyed: Vec<Surveyed> = verifier.survey(answer, verdict.request, now);
        let (judged, looked_at): (Vec<_>, Vec<_>) = (
            verdict.checks.iter().map(|it| it.name).collect(),
            surveyed.iter().map(|it| it.name).collect(),
        );
        assert_eq!(judged, looked_at, "{protocol}");
        for it in surveyed {
            assert_eq!(it.finding, Finding::Holds, "{}", it.name);
        }
    }
}
