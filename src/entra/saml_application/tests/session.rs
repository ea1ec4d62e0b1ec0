//! Who is known already, and the end of it.

use time::Duration;

use super::*;
use crate::{
    entra::{
        Authentication,
        fixture::document::{saml, samlp},
    },
    http::page_link,
};

/// Whether the identity provider hears that she is to be asked.
fn asks_anew(page: &Page) -> bool {
    let form = PageForm::find(&page.text, Some("to-idp")).unwrap();
    let request = STANDARD.decode(form.field("SAMLRequest").unwrap()).unwrap();
    let request = xml::read(&request, &Limits::default()).unwrap();
    request.attribute("ForceAuthn") == Some("true")
}

/// A request to end a session.
fn logout(issuer: &str) -> Node {
    samlp("LogoutRequest")
        .with("ID", "id-out")
        .with("Version", "2.0")
        .with("IssueInstant", to_milliseconds(OffsetDateTime::now_utc()))
        .holding([
            saml("Issuer").saying(issuer),
            saml("NameID").saying("not looked at"),
        ])
}

fn from_wiki(mut asked: Node) -> Node {
    asked.at("Issuer").text = "https://wiki.example/".to_owned();
    asked
}

fn is_to_idp(page: &Page) -> bool {
    PageForm::find(&page.text, Some("to-idp")).is_ok()
}

#[test]
fn a_live_session_answers_unless_it_may_not() {
    let simulator = simulator();
    let first = sign_in(&simulator, &request());
    let known = cookie(&first);
    let (_, response) = posted(&first);
    let first = assertion(&simulator, &response);
    for passive in ["false", "true"] {
        let mut asked = from_wiki(request());
        asked.set("IsPassive", passive);
        let (form, response) = posted(&redirected(&simulator, &asked, &[], &known));
        assert_eq!(form.action, "https://wiki.example/acs");
        let again = assertion(&simulator, &response);
        // When she signed in is what the identity provider said.
        let when = |it: &Element| {
            at(it, "AuthnStatement")
                .attribute("AuthnInstant")
                .unwrap()
                .to_owned()
        };
        assert_eq!(when(&again), when(&first));
        assert_ne!(again.attribute("ID"), first.attribute("ID"));
    }
    // Whose the session is.
    for (hint, is_hers) in [
        ("WMoran@fabrikam.com", true),
        (UPN, true),
        ("alex@partners.contoso.com", false),
    ] {
        let page = redirected(&simulator, &request(), &[("login_hint", hint)], &known);
        assert_eq!(!is_to_idp(&page), is_hers, "{hint}");
    }
    let mut forced = request();
    forced.set("ForceAuthn", "1");
    let hint = [("login_hint", EMAIL)];
    let hop = redirected(&simulator, &forced, &hint, &known);
    assert!(is_to_idp(&hop), "{}", hop.text);
    assert!(asks_anew(&hop));
    assert!(!asks_anew(&redirected(&simulator, &request(), &hint, "")));
    // The name may be typed on the way.
    let door = redirected(&simulator, &forced, &[], &known);
    let form = PageForm::find(&door.text, None).unwrap();
    let typed = [("ctx", form.field("ctx").unwrap()), ("login_hint", EMAIL)];
    assert!(asks_anew(&post(&simulator, &form.action, &typed)));
    posted(&vouch(&simulator, &hop, &known, |_| {}));
}

#[test]
fn who_may_not_be_asked_and_is_not_known_is_nobody() {
    let simulator = simulator();
    let known = cookie(&sign_in(&simulator, &request()));
    let mut passive = request();
    passive.set("IsPassive", "true");
    let mut both = passive.clone();
    both.set("ForceAuthn", "true");
    let another = [("login_hint", "alex@partners.contoso.com")];
    for page in [
        redirected(&simulator, &passive, &[("RelayState", "s")], ""),
        redirected(&simulator, &passive, &another, &known),
        redirected(&simulator, &both, &[], &known),
    ] {
        let (form, response) = posted(&page);
        assert_eq!(form.action, REPLY);
        let status = at(&response, "Status/StatusCode/StatusCode");
        let no_passive = "urn:oasis:names:tc:SAML:2.0:status:NoPassive";
        assert_eq!(status.attribute("Value"), Some(no_passive));
        let message = at(&response, "Status/StatusMessage").text().unwrap();
        assert!(message.starts_with("AADSTS50058: "), "{message}");
        assert!(response.elements().all(|it| it.local_name() != "Assertion"));
    }
}

/// Signed in to both, with one session.
fn both(simulator: &Simulator) -> (String, [String; 2]) {
    let first = sign_in(simulator, &request());
    let known = cookie(&first);
    // The second signs in anew, and the first is not forgotten.
    let mut forced = from_wiki(request());
    forced.set("ForceAuthn", "true");
    let hop = redirected(simulator, &forced, &[("login_hint", EMAIL)], &known);
    let second = vouch(simulator, &hop, &known, |_| {});
    let index = |page: &Page| {
        let (_, response) = posted(page);
        let assertion = assertion(simulator, &response);
        assertion.attribute("ID").unwrap().to_owned()
    };
    (cookie(&second), [index(&first), index(&second)])
}

/// The frames of a page.
fn frames(page: &Page) -> Vec<String> {
    let frames = page.text.split("<iframe src=\"").skip(1);
    frames
        .map(|rest| {
            rest.split('"')
                .next()
                .unwrap()
                .replace("&#38;", "&")
                .replace("&amp;", "&")
        })
        .collect()
}

/// The message in an address, once its signature holds; and its RelayState.
fn told(simulator: &Simulator, address: &str, parameter: &str) -> (Element, Option<String>) {
    let (_, query) = address.rsplit_once(&format!("{parameter}=")).unwrap();
    let query = format!("{parameter}={query}");
    let (signed, signature) = query.split_once("&Signature=").unwrap();
    let fields: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let field = |name: &str| {
        fields
            .iter()
            .find(|(it, _)| it == name)
            .map(|(_, value)| value.clone())
    };
    assert!(!signature.is_empty());
    let signature = STANDARD.decode(field("Signature").unwrap()).unwrap();
    let algorithm = xml::signature_algorithm(&field("SigAlg").unwrap()).unwrap();
    let key = simulator
        .provider
        .signer()
        .unwrap()
        .certificate()
        .public_key();
    key.verify(algorithm, signed.as_bytes(), &signature)
        .unwrap();
    let deflated = STANDARD.decode(field(parameter).unwrap()).unwrap();
    let document = miniz_oxide::inflate::decompress_to_vec(&deflated).unwrap();
    let message = xml::read(&document, &Limits::default()).unwrap();
    (message, field("RelayState"))
}

#[test]
fn a_sign_out_is_told_to_the_others_and_confirmed() {
    let simulator = simulator();
    let (known, [_, of_wiki]) = both(&simulator);
    let state = [("RelayState", "state & more")];
    let page = redirected(&simulator, &logout(ENTITY), &state, &known);
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let set = page.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(set.contains("Max-Age=0"), "{set}");

    let [frame] = <[String; 1]>::try_from(frames(&page)).unwrap();
    assert!(
        frame.starts_with("https://wiki.example/out?a=b&SAMLRequest="),
        "{frame}"
    );
    let (message, _) = told(&simulator, &frame, "SAMLRequest");
    assert!(message.is(SAMLP, "LogoutRequest"));
    assert_eq!(at(&message, "NameID").text(), Some(UPN));
    assert_eq!(at(&message, "SessionIndex").text(), Some(of_wiki.as_str()));
    let policy = page.headers[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(
        policy.contains("frame-src 'self' https://wiki.example;"),
        "{policy}"
    );

    let back = page_link(&page.text, "to-app").unwrap();
    assert!(
        back.starts_with("https://app.example/out?SAMLResponse="),
        "{back}"
    );
    let (message, state) = told(&simulator, &back, "SAMLResponse");
    assert!(message.is(SAMLP, "LogoutResponse"));
    assert_eq!(message.attribute("InResponseTo"), Some("id-out"));
    assert_eq!(state.as_deref(), Some("state & more"));

    // Nobody is known any more, and who asks again hears the same.
    let hint = [("login_hint", EMAIL)];
    assert!(is_to_idp(&redirected(
        &simulator,
        &request(),
        &hint,
        &known
    )));
    let again = redirected(&simulator, &logout(ENTITY), &[], &known);
    assert!(frames(&again).is_empty());
    assert!(page_link(&again.text, "to-app").is_ok());
}

#[test]
fn an_application_is_told_once_and_only_of_whom_it_knows() {
    let simulator = simulator();
    let known = cookie(&sign_in(&simulator, &request()));
    for _ in 0..3 {
        posted(&redirected(&simulator, &from_wiki(request()), &[], &known));
    }
    let page = redirected(&simulator, &logout(ENTITY), &[], &known);
    assert_eq!(frames(&page).len(), 1);

    // Somebody else takes the browser over.
    let known = cookie(&sign_in(&simulator, &request()));
    let hint = [("login_hint", "alex@partners.contoso.com")];
    let hop = redirected(&simulator, &from_wiki(request()), &hint, &known);
    let page = vouch(&simulator, &hop, &known, |answer| {
        let assertion = answer.at("Assertion");
        "alex".clone_into(&mut assertion.at("Subject/NameID").text);
        let value = assertion.at("AttributeStatement/Attribute/AttributeValue");
        "alex@partners.contoso.com".clone_into(&mut value.text);
    });
    let page = redirected(
        &simulator,
        &logout("https://wiki.example/"),
        &[],
        &cookie(&page),
    );
    assert!(frames(&page).is_empty(), "{}", page.text);
    assert!(page_link(&page.text, "to-app").is_ok());
}

#[test]
fn a_session_is_its_tenants() {
    let simulator = simulator();
    let known = cookie(&sign_in(&simulator, &request()));
    let shop = simulator.tenants().first().applications()[0].clone();
    let fabrikam = Tenant::build(TenantParts {
        applications: vec![shop],
        ..fixture::fabrikam().parts()
    });
    let tenants = simulator.tenants().with(fabrikam.unwrap()).unwrap();
    simulator.replace_tenants(tenants);
    let query = query("SAMLRequest", &request().to_xml(), &[]);
    let at = |tenant: &str| open(&simulator, &format!("/{tenant}/saml2?{query}"), &known);
    posted(&at("contoso.com"));
    assert!(PageForm::find(&at("fabrikam.com").text, Some("to-app")).is_err());
}

#[test]
fn the_other_ways_out_tell_applications_too() {
    let simulator = simulator();
    let mut parts = simulator.tenants().first().parts();
    for domain in &mut parts.domains {
        if let Authentication::Federated(federation) = &mut domain.authentication {
            federation.sign_out_uri = Some("https://idp.contoso.com/out".to_owned());
        }
    }
    for application in &mut parts.applications {
        if application.display_name == "Wiki" {
            application.web.logout_url = None;
        }
    }
    simulator.replace_tenants(Tenant::build(parts).unwrap());
    let (known, _) = both(&simulator);
    let page = open(&simulator, "/contoso.com/oauth2/v2.0/logout", &known);
    let [frame] = <[String; 1]>::try_from(frames(&page)).unwrap();
    assert!(
        frame.starts_with("https://app.example/out?SAMLRequest="),
        "{frame}"
    );
    assert_eq!(
        page_link(&page.text, "to-idp").unwrap(),
        "https://idp.contoso.com/out"
    );

    // An application that waits is not kept waiting; one that does not is left behind.
    let (known, _) = both(&simulator);
    let page = redirected(&simulator, &logout(ENTITY), &[], &known);
    assert_eq!(frames(&page), ["https://idp.contoso.com/out"]);
    assert!(page_link(&page.text, "to-idp").is_err());
    let (known, _) = both(&simulator);
    let page = redirected(&simulator, &logout("https://wiki.example/"), &[], &known);
    assert_eq!(frames(&page).len(), 1);
    assert_eq!(
        page_link(&page.text, "to-idp").unwrap(),
        "https://idp.contoso.com/out"
    );
    assert!(page_link(&page.text, "to-app").is_err());
}

#[test]
fn requests_to_sign_out_are_checked() {
    let simulator = simulator();
    let known = cookie(&sign_in(&simulator, &request()));
    let refused = |code: u32, change: &dyn Fn(&mut Node)| {
        let mut asked = logout(ENTITY);
        change(&mut asked);
        refuses(&redirected(&simulator, &asked, &[], &known), code);
    };
    refused(50068, &|it| {
        it.at("Issuer").text = "https://wiki.example/".to_owned();
    });
    refused(700_016, &|it| {
        it.at("Issuer").text = "https://stranger.example/".to_owned();
    });
    refused(75005, &|it| it.set("Version", "1.1"));
    refused(7_500_529, &|it| it.set("ID", "1"));
    refused(75008, &|it| {
        it.set("Destination", "https://login.example/out");
    });
    let before =
        |minutes: i64| to_milliseconds(OffsetDateTime::now_utc() - Duration::minutes(minutes));
    refused(76026, &|it| it.set("IssueInstant", before(16)));
    refused(50071, &|it| it.set("NotOnOrAfter", before(6)));
    refused(75005, &|it| it.set("NotOnOrAfter", "later"));
    let posted = STANDARD.encode(logout(ENTITY).to_xml());
    let page = post(
        &simulator,
        "/contoso.com/saml2",
        &[("SAMLRequest", posted.as_str())],
    );
    refuses(&page, 75003);
    // The session is there all the same.
    posted_again(&simulator, &known);
    let mut good = logout(ENTITY);
    good.set("NotOnOrAfter", before(4));
    assert_eq!(
        redirected(&simulator, &good, &[], &known).status,
        StatusCode::OK
    );
}

fn posted_again(simulator: &Simulator, known: &str) {
    posted(&redirected(simulator, &request(), &[], known));
}

#[test]
fn what_applications_say_of_a_sign_out_is_taken() {
    let simulator = simulator();
    let answer = samlp("LogoutResponse").with("ID", "a");
    let query = query("SAMLResponse", &answer.to_xml(), &[]);
    let page = open(&simulator, &format!("/contoso.com/saml2?{query}"), "");
    assert_eq!(page.status, StatusCode::OK);
}
