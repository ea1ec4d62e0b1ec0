use std::net::{Ipv4Addr, SocketAddr};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{HeaderMap, header};
use time::Duration;

use super::*;
use crate::{
    entra::{
        Settings, ToIdp,
        fixture::{
            self,
            document::{assertion_of, response_to},
            saml1::sign_in_response,
        },
    },
    http::{Form, PageForm, page_link},
    xml::{self, Limits},
};

fn simulator() -> Simulator {
    Simulator::new(fixture::contoso(), Settings::at("https://login.example"))
}

/// A page, as a browser has it.
pub(in crate::entra) struct Page {
    pub(in crate::entra) status: StatusCode,
    pub(in crate::entra) headers: HeaderMap,
    pub(in crate::entra) text: String,
}

impl Page {
    fn form(&self) -> PageForm {
        PageForm::find(&self.text, None).unwrap()
    }
}

fn send(simulator: &Simulator, method: Method, target: &str, form: Option<&str>) -> Page {
    let mut headers = HeaderMap::new();
    if form.is_some() {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form);
    }
    send_with(simulator, method, target, headers, form.unwrap_or(""))
}

pub(in crate::entra) fn send_with(
    simulator: &Simulator,
    method: Method,
    target: &str,
    headers: HeaderMap,
    body: &str,
) -> Page {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: Bytes::copy_from_slice(body.as_bytes()),
        peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (head, body) = simulator.handle(request).await.into_parts();
        let octets = body.collect().await.unwrap().to_bytes();
        Page {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8(octets.to_vec()).unwrap(),
        }
    })
}

pub(in crate::entra) fn get(simulator: &Simulator, target: &str) -> Page {
    send(simulator, Method::GET, target, None)
}

pub(in crate::entra) fn post(simulator: &Simulator, target: &str, fields: &[(&str, &str)]) -> Page {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    send(simulator, Method::POST, target, Some(&body))
}

fn type_name(simulator: &Simulator, tenant: &str, name: &str) -> Page {
    post(
        simulator,
        &format!("/{tenant}/login"),
        &[("login_hint", name)],
    )
}

const TENANT: &str = "contoso.onmicrosoft.com";

/// What an identity provider does: reads the request, and answers it.
fn answer(form: &PageForm) -> (String, String) {
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
fn discovery_is_told_on_pages() {
    let simulator = simulator();
    let table = [
        (TENANT, "nobody@fabrikam.com", "AADSTS50034"),
        (TENANT, "shared@fabrikam.com", "More than one"),
        (TENANT, "wmoran", "AADSTS50128"),
        ("common", "wmoran@fabrikam.com", "AADSTS90019"),
        ("organizations", "wmoran@fabrikam.com", "AADSTS90019"),
        (
            "fabrikam.onmicrosoft.com",
            "wmoran@fabrikam.com",
            "AADSTS90002",
        ),
        (TENANT, "mia@contoso.com", "ask for the password itself"),
    ];
    for (tenant, name, shown) in table {
        let page = type_name(&simulator, tenant, name);
        assert!(
            page.text.contains(shown),
            "{name} at {tenant}: {}",
            page.text
        );
        assert!(PageForm::find(&page.text, Some("to-idp")).is_err());
    }
    for (tenant, name) in [
        ("common", "wmoran@partners.contoso.com"),
        ("partners.contoso.com", "wmoran@fabrikam.com"),
    ] {
        let page = type_name(&simulator, tenant, name);
        assert!(
            PageForm::find(&page.text, Some("to-idp")).is_ok(),
            "{name} at {tenant}"
        );
    }
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
fn common_says_why_it_cannot_know_the_partner() {
    let page = get(&simulator(), "/common/");
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("names no tenant"));
    assert!(page.text.contains("href=\"/contoso.onmicrosoft.com/\""));
    assert_eq!(page.form().action, "/common/login");
}

#[test]
fn pages_run_nothing_but_what_they_bring() {
    let simulator = simulator();
    let policy = |page: &Page| {
        page.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .to_owned()
    };
    let hop = type_name(&simulator, TENANT, "wmoran@fabrikam.com");
    let hops = policy(&hop);
    assert!(
        hops.contains("form-action https://idp.contoso.com"),
        "{hops}"
    );
    let nonce = hops
        .split("script-src 'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    // As askama writes what base64 ends in.
    let script = format!("<script nonce=\"{}\">", nonce.replace('=', "&#61;"));
    let plain = format!("<script nonce=\"{nonce}\">");
    assert!(
        hop.text.contains(&script) || hop.text.contains(&plain),
        "{}",
        hop.text
    );
    for page in [
        get(&simulator, "/contoso.onmicrosoft.com/"),
        get(&simulator, "/nobody/"),
        type_name(&simulator, TENANT, "mia@contoso.com"),
    ] {
        let policy = policy(&page);
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("script-src"), "{policy}");
    }
}

#[test]
fn addresses_take_what_they_are_for() {
    let simulator = simulator();
    let table = [
        (Method::GET, "/login.srf", StatusCode::METHOD_NOT_ALLOWED),
        (
            Method::DELETE,
            "/contoso.onmicrosoft.com/login",
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            Method::POST,
            "/contoso.onmicrosoft.com/",
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            Method::GET,
            "/contoso.onmicrosoft.com/a/b",
            StatusCode::NOT_FOUND,
        ),
        (Method::GET, "/%2e%2e/", StatusCode::NOT_FOUND),
        (Method::GET, "/contoso.onmicrosoft.com", StatusCode::OK),
        (Method::POST, "/login.srf", StatusCode::BAD_REQUEST),
    ];
    for (method, path, status) in table {
        let page = send(&simulator, method.clone(), path, None);
        assert_eq!(page.status, status, "{method} {path}");
    }
    let missing = post(&simulator, "/login.srf", &[("RelayState", "x")]);
    assert!(missing.text.contains("no field SAMLResponse"));
    let twice = post(
        &simulator,
        "/login.srf",
        &[("SAMLResponse", "a"), ("SAMLResponse", "b")],
    );
    assert!(twice.text.contains("AADSTS90107"));
}

#[test]
fn a_switch_turns_foreign_emails_off() {
    let mut settings = Settings::at("https://login.example");
    settings.resolve_foreign_email = false;
    let simulator = Simulator::new(fixture::contoso(), settings);
    let refused = type_name(&simulator, TENANT, "wmoran@fabrikam.com");
    assert!(refused.text.contains("AADSTS50034"));
    let by_upn = type_name(&simulator, TENANT, "wmoran@partners.contoso.com");
    assert!(PageForm::find(&by_upn.text, Some("to-idp")).is_ok());
}

#[test]
fn an_answer_to_an_old_request_is_too_late() {
    let simulator = simulator();
    let sent = OffsetDateTime::now_utc() - Duration::minutes(11);
    let Ok(Next::GoToIdp(journey)) = simulator.begin(
        "wmoran@fabrikam.com",
        Address::Tenanted,
        WrittenBy::Page,
        sent,
    ) else {
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
    simulator.replace_tenant(fixture::contoso());
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
