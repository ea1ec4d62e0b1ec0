//! Applications by SAML, over the simulator's service.

mod asked;
mod messages;
mod refused;
mod session;

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{HeaderMap, Method as HttpMethod, StatusCode, header};
use miniz_oxide::deflate::compress_to_vec;
use serde_json::json;
use time::OffsetDateTime;

use super::*;
use crate::{
    entra::{
        Settings, Simulator, TenantParts,
        fixture::{
            self,
            document::{Node, response_to},
        },
        instant::to_milliseconds,
        web::tests::{Page, post, send_with},
    },
    http::PageForm,
    xml::{self, Element, Limits, SignaturePolicy, VerifiedElement, verify_enveloped},
};

const APP: &str = "00112233-4455-6677-8899-aabbccddeeff";
const OTHER: &str = "00112233-4455-6677-8899-000000000002";
const NOWHERE: &str = "00112233-4455-6677-8899-000000000003";
const ENTITY: &str = "https://app.example/saml";
const REPLY: &str = "https://app.example/acs?from=entra";
const SECOND_REPLY: &str = "https://app.example/acs2";
const EMAIL: &str = "wmoran@fabrikam.com";
const UPN: &str = "wmoran@partners.contoso.com";

fn simulator() -> Simulator {
    let applications = json!([
        {
            "appId": APP,
            "displayName": "Shop",
            "identifierUris": [ENTITY, "shop"],
            "web": {
                "redirectUris": [REPLY, SECOND_REPLY],
                "logoutUrl": "https://app.example/out",
            },
        },
        {
            "appId": OTHER,
            "displayName": "Wiki",
            "identifierUris": ["https://wiki.example/"],
            "web": {
                "redirectUris": ["https://wiki.example/acs"],
                "logoutUrl": "https://wiki.example/out?a=b",
            },
        },
        {"appId": NOWHERE, "displayName": "Nowhere", "identifierUris": ["https://nowhere.example/"]},
    ]);
    let mut parts = fixture::contoso().parts();
    for user in &mut parts.users {
        if user.user_principal_name.to_string() == UPN {
            user.display_name = "Wendy Moran".to_owned();
            user.given_name = Some("Wendy".to_owned());
        }
    }
    let contoso = Tenant::build(TenantParts {
        applications: serde_json::from_value(applications).unwrap(),
        ..parts
    });
    Simulator::new(contoso.unwrap(), Settings::at("https://login.example"))
}

/// A request that is all right, to be changed.
fn request() -> Node {
    let name_id = fixture::document::samlp("NameIDPolicy");
    fixture::document::samlp("AuthnRequest")
        .with("ID", "id6c1c178c166d486687be4aaf5e482730")
        .with("Version", "2.0")
        .with("IssueInstant", to_milliseconds(OffsetDateTime::now_utc()))
        .holding([fixture::document::saml("Issuer").saying(ENTITY), name_id])
}

fn query(parameter: &str, document: &str, more: &[(&str, &str)]) -> String {
    let encoded = STANDARD.encode(compress_to_vec(document.as_bytes(), 6));
    form_urlencoded::Serializer::new(String::new())
        .append_pair(parameter, &encoded)
        .extend_pairs(more)
        .finish()
}

/// Opens an address as a browser with this cookie.
fn open(simulator: &Simulator, target: &str, cookie: &str) -> Page {
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, cookie.parse().unwrap());
    send_with(simulator, HttpMethod::GET, target, headers, "")
}

/// Sends a message by HTTP-Redirect to the tenant's address.
fn redirected(simulator: &Simulator, message: &Node, more: &[(&str, &str)], cookie: &str) -> Page {
    let query = query("SAMLRequest", &message.to_xml(), more);
    open(simulator, &format!("/contoso.com/saml2?{query}"), cookie)
}

/// From the page that leads to the identity provider to what follows its answer.
fn vouch(simulator: &Simulator, hop: &Page, cookie: &str, change: impl Fn(&mut Node)) -> Page {
    let form = PageForm::find(&hop.text, Some("to-idp")).unwrap_or_else(|_| panic!("{}", hop.text));
    let request = STANDARD.decode(form.field("SAMLRequest").unwrap()).unwrap();
    let request = xml::read(&request, &Limits::default()).unwrap();
    let id = request.attribute("ID").unwrap();
    let mut answer = response_to(id, OffsetDateTime::now_utc());
    change(&mut answer);
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("SAMLResponse", &STANDARD.encode(answer.to_xml()))
        .append_pair("RelayState", form.field("RelayState").unwrap())
        .finish();
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, cookie.parse().unwrap());
    let form = "application/x-www-form-urlencoded".parse().unwrap();
    headers.insert(header::CONTENT_TYPE, form);
    send_with(simulator, HttpMethod::POST, "/login.srf", headers, &body)
}

/// From a request that names her to the page that posts the Response.
fn sign_in(simulator: &Simulator, message: &Node) -> Page {
    let hop = redirected(simulator, message, &[("login_hint", EMAIL)], "");
    vouch(simulator, &hop, "", |_| {})
}

/// What a page posts to an application, and where to.
fn posted(page: &Page) -> (PageForm, Element) {
    let form =
        PageForm::find(&page.text, Some("to-app")).unwrap_or_else(|_| panic!("{}", page.text));
    let response = STANDARD
        .decode(form.field("SAMLResponse").unwrap())
        .unwrap();
    let response = xml::read(&response, &Limits::default()).unwrap();
    (form, response)
}

/// The assertion of a Response, once its signature holds by the metadata's key.
fn assertion(simulator: &Simulator, response: &Element) -> VerifiedElement {
    let key = simulator
        .provider
        .signer()
        .unwrap()
        .certificate()
        .public_key();
    let assertion = response.required_child(SAML, "Assertion").unwrap();
    verify_enveloped(assertion, &[key], &SignaturePolicy::SHA2).unwrap()
}

/// The child behind a path such as `Subject/NameID`.
fn at<'e>(element: &'e Element, path: &'static str) -> &'e Element {
    path.split('/').fold(element, |element, local| {
        let mut children = element.elements();
        children
            .find(|child| child.local_name() == local)
            .unwrap_or_else(|| panic!("there is no {local}"))
    })
}

/// The claims of an assertion.
fn claims(assertion: &Element) -> Vec<(&str, &str)> {
    at(assertion, "AttributeStatement")
        .elements()
        .map(|claim| {
            let name = claim.attribute("Name").unwrap();
            let value = at(claim, "AttributeValue").text().unwrap();
            (name.rsplit('/').next().unwrap(), value)
        })
        .collect()
}

/// The cookie that a page sets, as it is sent back.
fn cookie(page: &Page) -> String {
    let set = page.headers[header::SET_COOKIE].to_str().unwrap();
    let (cookie, attributes) = set.split_once("; ").unwrap();
    assert!(attributes.contains("SameSite=None"), "{attributes}");
    cookie.to_owned()
}

fn refuses(page: &Page, code: u32) {
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "{code}");
    let said = format!("<strong class=\"bad\">AADSTS{code}</strong>");
    assert!(page.text.contains(&said), "{code}: {}", page.text);
    assert!(!page.text.contains("SAMLResponse\" value"));
}
