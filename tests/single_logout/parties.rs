//! The relying parties, and what they and their browsers do.

use std::io::Read as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::read::DeflateDecoder;
use homerealm::{
    http::{
        Form, PageForm,
        client::{Client, Reply},
    },
    keys::Signer,
    saml2::{Carried, redirect_url},
};
use serde_json::{Value, json};

use crate::{
    SLAPD,
    provider::{
        Asked, HOST, Options, Provider, SP, is_sign_in_page, posted, redirect_parameter,
        type_password,
    },
    slapd::PASSWORD,
    strangers,
};

pub(crate) const WENDY: &str = "wmoran@fabrikam.com";
pub(crate) const SLO: &str = "https://sp.test/slo";
/// By HTTP-POST, with another address for answers; knows people by another name in each session.
pub(crate) const SECOND: &str = "https://second.test/sp";
/// Hears of nothing.
pub(crate) const QUIET: &str = "https://quiet.test/sp";
/// Signs nothing, and may.
pub(crate) const LOOSE: &str = "https://loose.test/sp";
/// By WS-Federation.
pub(crate) const PORTAL: &str = "https://portal.test/app";

const PARTIES: &str = r#"
request_signatures = "when-present"
request_certificates = ["sp.crt"]
single_logout_service = "https://sp.test/slo"
[[relying_party]]
entity_id = "https://second.test/sp"
preset = "saml2"
access = "everyone"
name_id = "transient"
display_name = "The second portal"
assertion_consumer_services = ["https://second.test/acs"]
request_signatures = "when-present"
request_certificates = ["sp.crt"]
single_logout_service = "https://second.test/slo?tenant=1"
single_logout_response_service = "https://second.test/slo/answer"
single_logout_binding = "post"
[[relying_party]]
entity_id = "https://quiet.test/sp"
preset = "entra"
protocols = ["saml2"]
display_name = "The quiet one"
assertion_consumer_services = ["https://quiet.test/acs"]
request_signatures = "when-present"
request_certificates = ["sp.crt"]
[[relying_party]]
entity_id = "https://loose.test/sp"
preset = "entra"
display_name = "The loose one"
assertion_consumer_services = ["https://loose.test/acs"]
single_logout_service = "https://loose.test/slo"
permit_unsigned_logout = true
[[relying_party]]
entity_id = "https://portal.test/app"
preset = "ws-federation"
access = "everyone"
display_name = "The portal"
assertion_consumer_services = ["https://portal.test/wsfed"]
"#;

pub(crate) fn start() -> Provider {
    start_with(PARTIES)
}

pub(crate) fn start_with(relying_party: &'static str) -> Provider {
    let options = Options {
        relying_party,
        ..Options::default()
    };
    Provider::start(&SLAPD, options)
}

/// What a relying party was told.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) issuer: &'static str,
    pub(crate) name_id: String,
    pub(crate) name_id_format: String,
    pub(crate) session_index: String,
}

/// Signs Wendy in at a relying party, by her session if she has one.
pub(crate) async fn sign_in(
    provider: &Provider,
    browser: &mut Client,
    issuer: &'static str,
) -> Known {
    let asked = Asked {
        issuer,
        ..Asked::new()
    };
    let url = provider.url(&asked.to_redirect());
    let mut page = browser.get(&url, None).await.expect("an answer");
    if is_sign_in_page(&page) {
        page = type_password(browser, &page, WENDY, PASSWORD).await;
    }
    let document = posted(&page).document;
    let (name_id_format, name_id) = between(&document, "<saml:NameID Format=\"", "</")
        .split_once("\">")
        .expect("a format and a name");
    Known {
        issuer,
        name_id: name_id.to_owned(),
        name_id_format: name_id_format.to_owned(),
        session_index: between(&document, "SessionIndex=\"", "\"").to_owned(),
    }
}

pub(crate) async fn sign_in_by_ws_federation(provider: &Provider, browser: &mut Client) {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("wa", "wsignin1.0")
        .append_pair("wtrealm", PORTAL)
        .finish();
    let page = get(provider, browser, &format!("/adfs/ls/?{query}")).await;
    let page = if is_sign_in_page(&page) {
        type_password(browser, &page, WENDY, PASSWORD).await
    } else {
        page
    };
    assert!(page.text().contains("wresult"), "{}", page.text());
}

/// Whether a session is there that answers without a password.
pub(crate) async fn is_signed_in(provider: &Provider, browser: &mut Client) -> bool {
    let asked = Asked {
        issuer: QUIET,
        ..Asked::with("IsPassive=\"true\"")
    };
    let page = get(provider, browser, &asked.to_redirect()).await;
    posted(&page).document.contains("<saml:Assertion")
}

pub(crate) async fn get(provider: &Provider, browser: &mut Client, path: &str) -> Reply {
    let reply = browser.get(&provider.url(path), None).await;
    reply.expect("an answer")
}

/// The relying parties' key.
pub(crate) fn signer(provider: &Provider) -> Signer {
    let read = |name| std::fs::read(provider.file(name)).expect(name);
    Signer::from_pem(&read("sp.key"), &read("sp.crt")).expect("a key")
}

pub(crate) fn now(seconds: i64) -> String {
    let at = time::OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
    homerealm::saml2::format_timestamp(at).to_string()
}

/// The address for requests and answers, as metadata names it.
pub(crate) fn slo_url(provider: &Provider) -> String {
    provider.url("/saml2/slo").to_string()
}

/// A request to end the session that is known by this.
pub(crate) fn logout_request(provider: &Provider, known: &Known) -> String {
    format!(
        r#"<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Destination="{}" ID="{}" IssueInstant="{}" NotOnOrAfter="{}" Version="2.0"><saml:Issuer>{}</saml:Issuer><saml:NameID Format="{}">{}</saml:NameID><samlp:SessionIndex>{}</samlp:SessionIndex></samlp:LogoutRequest>"#,
        slo_url(provider),
        homerealm::saml2::new_id().expect("random bytes"),
        now(0),
        now(300),
        known.issuer,
        known.name_id_format,
        known.name_id,
        known.session_index,
    )
}

/// What a relying party answers to a request of ours.
pub(crate) fn logout_response(
    provider: &Provider,
    issuer: &str,
    in_response_to: &str,
    status: &str,
) -> String {
    format!(
        r#"<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Destination="{}" ID="{}" InResponseTo="{in_response_to}" IssueInstant="{}" Version="2.0"><saml:Issuer>{issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/></samlp:Status></samlp:LogoutResponse>"#,
        slo_url(provider),
        homerealm::saml2::new_id().expect("random bytes"),
        now(0),
    )
}

/// Brings a message by HTTP-Redirect, signed or not.
pub(crate) async fn bring(
    provider: &Provider,
    browser: &mut Client,
    carried: Carried,
    document: &str,
    signer: Option<&Signer>,
) -> Reply {
    let path = match signer {
        Some(signer) => {
            let state = Some("state+of the=sp");
            redirect_url("/saml2/slo", carried, document, state, signer).expect("signed")
        }
        None => format!(
            "/saml2/slo?{}={}&RelayState=state%2Bof%20the%3Dsp",
            carried.parameter(),
            redirect_parameter(document)
        ),
    };
    get(provider, browser, &path).await
}

/// A message that a redirect takes elsewhere.
pub(crate) struct Redirected {
    pub(crate) address: String,
    pub(crate) query: Form,
    pub(crate) document: String,
}

/// Reads a redirect that carries a message.
pub(crate) fn redirected(reply: &Reply, carried: Carried) -> Redirected {
    assert_eq!(reply.status, 303, "{}", reply.text());
    let location = reply.headers["location"].to_str().expect("ASCII");
    let at = location
        .find(&format!("{}=", carried.parameter()))
        .unwrap_or_else(|| panic!("no {carried:?} in {location}"));
    let query = Form::parse(&location.as_bytes()[at..]).expect("a query");
    let base64 = query.single(carried.parameter()).expect("once");
    let deflated = STANDARD.decode(base64.expect("a message")).expect("base64");
    let mut document = String::new();
    DeflateDecoder::new(&*deflated)
        .read_to_string(&mut document)
        .expect("DEFLATE");
    Redirected {
        address: location[..at - 1].to_owned(),
        query,
        document,
    }
}

/// The status of a relying party's answer: its codes, without what all of them begin with.
pub(crate) fn status(document: &str) -> Vec<&str> {
    document
        .split("Value=\"urn:oasis:names:tc:SAML:2.0:status:")
        .skip(1)
        .map(|rest| rest.split('"').next().expect("an end"))
        .collect()
}

/// The addresses of the page's frames.
pub(crate) fn frames(page: &Reply) -> Vec<String> {
    let text = page.text();
    let frames = text.split("<iframe src=\"").skip(1);
    frames
        .map(|rest| rest.split('"').next().expect("an end").to_owned())
        .collect()
}

/// Sends the form of a page about a sign-out, with the button of this name.
pub(crate) async fn press(browser: &mut Client, page: &Reply, button: Option<&str>) -> Reply {
    let text = page.text();
    let form = PageForm::find(&text, Some("go-on"))
        .or_else(|_| PageForm::find(&text, Some("choice")))
        .unwrap_or_else(|_| panic!("{text}"));
    let state = form.field("state").expect("the state").to_owned();
    let mut fields = vec![("state".to_owned(), state)];
    fields.extend(button.map(|name| (name.to_owned(), "1".to_owned())));
    let url = page.resolve(&form.action).expect("a URL");
    let reply = browser.post_form(&url, &fields, Some(page)).await;
    reply.expect("an answer")
}

/// Has pysaml2 do something as this relying party, whose address for messages this is.
pub(crate) fn pysaml2(
    provider: &Provider,
    issuer: &str,
    slo: &str,
    known: &Known,
    order: Value,
) -> Value {
    let mut order = order;
    order["entity_id"] = json!(issuer);
    order["acs"] = json!("https://sp.test/acs");
    order["slo"] = json!(slo);
    order["name_id"] = json!(known.name_id);
    order["name_id_format"] = json!(known.name_id_format);
    order["session_index"] = json!(known.session_index);
    let said = strangers::pysaml2(provider.folder.path(), &order);
    assert_eq!(said.get("error"), None, "{said}");
    said
}

/// Fetches the metadata to where pysaml2 looks for it.
pub(crate) async fn publish_metadata(provider: &Provider) -> String {
    let metadata = get(provider, &mut provider.browser(), "/metadata").await;
    let text = metadata.text();
    std::fs::write(provider.file("idp.xml"), &text).expect("idp.xml");
    text
}

/// A query as pysaml2 takes it.
pub(crate) fn parameters(query: &Form) -> Value {
    let names = [
        "SAMLRequest",
        "SAMLResponse",
        "RelayState",
        "SigAlg",
        "Signature",
    ];
    let present = names.iter().filter_map(|name| {
        let value = query.single(name).expect("once")?;
        Some(((*name).to_owned(), json!(value)))
    });
    Value::Object(present.collect())
}

pub(crate) fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, after) = text
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start} in {text}"));
    after.split_once(end).expect("an end").0
}

pub(crate) fn session_cookie(browser: &Client) -> Option<String> {
    let cookie = browser.cookie(HOST, "__Host-homerealm-session");
    cookie.map(str::to_owned)
}

/// The first relying party, told by SAML.
pub(crate) async fn wendy(provider: &Provider) -> (Client, Known) {
    let mut browser = provider.browser();
    let known = sign_in(provider, &mut browser, SP).await;
    (browser, known)
}
