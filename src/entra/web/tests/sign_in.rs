use super::*;

/// What an identity provider does: reads the request, and answers it.
pub(super) fn answer(form: &PageForm) -> (String, String) {
    let request = STANDARD.decode(form.field("SAMLRequest").unwrap()).unwrap();
    let request = xml::read(&request, &Limits::default()).unwrap();
    let id = request.attribute("ID").unwrap().to_owned();
    let document = response_to(&id, OffsetDateTime::now_utc()).to_xml();
    (id, STANDARD.encode(document))
}

#[test]
fn the_door_leads_over_the_identity_provider_to_the_signed_in_page() {
    let simulator = simulator();
    let root = get(&simulator, "/");
    assert_eq!(root.status, StatusCode::FOUND);
    assert_eq!(root.headers[header::LOCATION], format!("/{TENANT}/"));
    let mut door = get(&simulator, &format!("/{TENANT}/")).form();
    assert_eq!(
        (door.action.as_str(), door.method.as_str()),
        ("/contoso.onmicrosoft.com/login", "post")
    );
    door.fill("login_hint", "wmoran@fabrikam.com").unwrap();
    let hop = post(
        &simulator,
        &door.action,
        &[("login_hint", "wmoran@fabrikam.com")],
    );
    assert_eq!(hop.status, StatusCode::OK);
    let form = hop.form();
    assert_eq!(
        form.action,
        "https://idp.contoso.com/saml2/sso?login_hint=wmoran%40partners.contoso.com"
    );
    assert_eq!(form.method, "post");
    let (request_id, saml_response) = answer(&form);
    let relay_state = form.field("RelayState").unwrap();
    let fields = [
        ("SAMLResponse", saml_response.as_str()),
        ("RelayState", relay_state),
    ];

    let done = post(&simulator, "/login.srf", &fields);
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    for shown in [
        "wmoran@partners.contoso.com",
        fixture::WENDYS_ANCHOR,
        "answered for the first",
    ] {
        assert!(done.text.contains(shown), "{shown} is not shown");
    }
    let outcome = simulator.outcome(&request_id).unwrap();
    assert_eq!(outcome.typed.as_deref(), Some("wmoran@fabrikam.com"));
    assert!(done.text.contains(&outcome.correlation_id));
    assert!(matches!(outcome.decision, Decision::SignedIn(_)));

    let again = post(&simulator, "/login.srf", &fields);
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(again.text.contains("AADSTS50008"));
    assert!(matches!(
        simulator.outcome(&request_id).unwrap().decision,
        Decision::SignedIn(_)
    ));
    assert_eq!(simulator.outcomes().len(), 2);
}

#[test]
fn a_refusal_shows_the_code_the_cause_and_what_to_mend() {
    let simulator = simulator();
    let form = type_name(&simulator, TENANT, "wmoran@fabrikam.com").form();
    let request = STANDARD.decode(form.field("SAMLRequest").unwrap()).unwrap();
    let request = xml::read(&request, &Limits::default()).unwrap();
    let id = request.attribute("ID").unwrap();
    let mut response = response_to(id, OffsetDateTime::now_utc());
    assertion_of(&mut response).at("Issuer").text = "https://<script>.example/".to_owned();
    let fields = [
        ("SAMLResponse", STANDARD.encode(response.to_xml())),
        ("RelayState", form.field("RelayState").unwrap().to_owned()),
    ];
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let page = post(&simulator, "/login.srf", &fields);
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    let outcome = simulator.outcome(id).unwrap();
    for shown in [
        "AADSTS50107",
        "character for character",
        "registered are",
        &outcome.correlation_id,
        &outcome.timestamp,
        id,
    ] {
        assert!(page.text.contains(shown), "{shown} is not shown");
    }
    assert!(
        !page.text.contains("<script>"),
        "what the answer says is not escaped"
    );
}

#[test]
fn a_deep_link_goes_straight_to_the_identity_provider() {
    let simulator = simulator();
    let page = get(
        &simulator,
        "/contoso.onmicrosoft.com/login?login_hint=wmoran%40fabrikam.com",
    );
    assert_eq!(
        page.form()
            .field("RelayState")
            .map(|state| state.ends_with("==")),
        Some(true)
    );
    let without = get(&simulator, "/contoso.onmicrosoft.com/login");
    assert_eq!(without.form().action, "/contoso.onmicrosoft.com/login");
    let twice = get(
        &simulator,
        "/contoso.onmicrosoft.com/login?login_hint=a&login_hint=b",
    );
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
}

#[test]
fn an_answer_to_an_old_request_is_too_late() {
    let simulator = simulator();
    let sent = OffsetDateTime::now_utc() - Duration::minutes(11);
    let arrival = Arrival {
        address: TENANT,
        name: Some("wmoran@fabrikam.com"),
        hint: DomainHint::default(),
        written_by: WrittenBy::Page,
        demand: Demand::default(),
    };
    let Ok(Next::GoToIdp(journey)) = simulator.begin(arrival, sent) else {
        panic!("no way to the identity provider");
    };
    let document = response_to(&journey.request_id, OffsetDateTime::now_utc()).to_xml();
    let ToIdp::Post(post) = &journey.request else {
        panic!("not by SAML");
    };
    let answer = Answer::Saml {
        saml_response: &STANDARD.encode(document),
        relay_state: Some(&post.relay_state),
    };
    let outcome = simulator.receive(answer, OffsetDateTime::now_utc());
    let Decision::Refused(refusal) = outcome.decision else {
        panic!("signed in")
    };
    assert_eq!(refusal.code, Aadsts::InvalidSamlToken);
}

fn by_ws_federation() -> Simulator {
    let settings = Settings::at("https://login.example");
    Simulator::new(fixture::contoso_by_ws_federation(), settings)
}

/// The request that a page leads to.
fn asked(page: &Page) -> Form {
    let address = page_link(&page.text, "to-idp").unwrap();
    let (before, query) = address.split_once('?').unwrap();
    assert_eq!(before, "https://idp.contoso.com/adfs/ls/");
    Form::parse(query.as_bytes()).unwrap()
}

fn wctx(page: &Page) -> String {
    asked(page).single("wctx").unwrap().unwrap().to_owned()
}

#[test]
fn ws_federation_goes_the_same_way() {
    let simulator = by_ws_federation();
    let hop = type_name(&simulator, TENANT, "wmoran@fabrikam.com");
    assert_eq!(hop.status, StatusCode::OK);
    let request = asked(&hop);
    for (name, value) in [
        ("wa", "wsignin1.0"),
        ("wtrealm", "urn:federation:MicrosoftOnline"),
        ("login_hint", "wmoran@partners.contoso.com"),
    ] {
        assert_eq!(request.single(name), Ok(Some(value)));
    }
    // Typed on the page, whose script writes the name once more.
    assert_eq!(request.all("username").count(), 2);
    assert!(hop.text.contains("<dd>WS-Federation</dd>"));
    let context = wctx(&hop);
    let answer = sign_in_response(OffsetDateTime::now_utc()).to_xml();
    let fields = [
        ("wa", "wsignin1.0"),
        ("wresult", answer.as_str()),
        ("wctx", context.as_str()),
    ];
    let done = post(&simulator, "/login.srf", &fields);
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert!(done.text.contains("wmoran@partners.contoso.com"));
    assert!(done.text.contains("<dd id=\"protocol\">WS-Federation</dd>"));
    let id = request.single("client-request-id").unwrap().unwrap();
    let outcome = simulator.outcome(id).unwrap();
    assert_eq!(outcome.typed.as_deref(), Some("wmoran@fabrikam.com"));
    assert!(matches!(outcome.decision, Decision::SignedIn(_)));
    let again = post(&simulator, "/login.srf", &fields);
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(again.text.contains("AADSTS20001"));
}

#[test]
fn a_deep_link_is_written_by_the_server() {
    let page = get(
        &by_ws_federation(),
        "/contoso.onmicrosoft.com/login?login_hint=wmoran%40fabrikam.com",
    );
    assert_eq!(asked(&page).all("username").count(), 1);
    assert!(wctx(&page).starts_with("estsredirect=2&"));
}

#[test]
fn login_srf_takes_one_answer_by_one_protocol() {
    let simulator = by_ws_federation();
    let context = wctx(&type_name(&simulator, TENANT, "wmoran@fabrikam.com"));
    let answer = sign_in_response(OffsetDateTime::now_utc()).to_xml();
    let result = ("wresult", answer.as_str());
    let context = ("wctx", context.as_str());
    let sign_in = ("wa", "wsignin1.0");
    let table: [(&[(&str, &str)], &str); 5] = [
        (&[sign_in, context], "AADSTS20001"),
        (&[result, context], "AADSTS20001"),
        (
            &[sign_in, result, context, ("SAMLResponse", "x")],
            "AADSTS20012",
        ),
        (&[sign_in, result, result, context], "AADSTS90107"),
        (&[sign_in, result, context, context], "AADSTS90107"),
    ];
    for (fields, code) in table {
        let page = post(&simulator, "/login.srf", fields);
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.text.contains(code), "{fields:?}: {}", page.text);
    }
}

/// As an administrator changes a tenant, while somebody is on the way.
#[test]
fn who_is_on_the_way_is_judged_by_what_holds_then() {
    let simulator = by_ws_federation();
    let context = wctx(&type_name(&simulator, TENANT, "wmoran@fabrikam.com"));
    simulator.replace_tenants(fixture::contoso());
    let form = type_name(&simulator, TENANT, "wmoran@fabrikam.com").form();
    assert!(form.field("SAMLRequest").is_some());
    let answer = sign_in_response(OffsetDateTime::now_utc()).to_xml();
    let fields = [
        ("wa", "wsignin1.0"),
        ("wresult", answer.as_str()),
        ("wctx", context.as_str()),
    ];
    let page = post(&simulator, "/login.srf", &fields);
    assert!(page.text.contains("AADSTS90082"), "{}", page.text);
}
