//! What an application asks for, and what it gets.

use super::*;

const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const ADDRESS: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

#[test]
fn a_guest_signs_in_to_an_application() {
    let simulator = simulator();
    // The name is typed on the way.
    let state = [("RelayState", "a state & <more>")];
    let door = redirected(&simulator, &request(), &state, "");
    let form = PageForm::find(&door.text, None).unwrap();
    let typed = [("ctx", form.field("ctx").unwrap()), ("login_hint", EMAIL)];
    let page = vouch(
        &simulator,
        &post(&simulator, &form.action, &typed),
        "",
        |_| {},
    );
    let (form, response) = posted(&page);
    assert_eq!(form.action, REPLY);
    assert_eq!(form.field("RelayState"), Some("a state & <more>"));
    assert_eq!(response.attribute("Destination"), Some(REPLY));
    let id = "id6c1c178c166d486687be4aaf5e482730";
    assert_eq!(response.attribute("InResponseTo"), Some(id));
    let tenants = simulator.tenants();
    let contoso = tenants.first();
    let issuer = format!("https://sts.windows.net/{}/", contoso.id());
    assert_eq!(at(&response, "Issuer").text(), Some(issuer.as_str()));
    let assertion = assertion(&simulator, &response);
    assert_eq!(at(&assertion, "Issuer").text(), Some(issuer.as_str()));
    let audience = at(&assertion, "Conditions/AudienceRestriction/Audience");
    assert_eq!(audience.text(), Some(ENTITY));
    let name_id = at(&assertion, "Subject/NameID");
    assert_eq!(
        (name_id.text(), name_id.attribute("Format")),
        (Some(UPN), Some(ADDRESS))
    );
    let data = at(
        &assertion,
        "Subject/SubjectConfirmation/SubjectConfirmationData",
    );
    assert_eq!(data.attribute("Recipient"), Some(REPLY));
    assert_eq!(data.attribute("InResponseTo"), Some(id));
    let (tenant, wendy) = (contoso.id().to_string(), contoso.users()[0].id.to_string());
    let method = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    assert_eq!(
        claims(&assertion),
        [
            ("tenantid", tenant.as_str()),
            ("objectidentifier", &wendy),
            ("displayname", "Wendy Moran"),
            ("identityprovider", &issuer),
            ("authnmethodsreferences", method),
            ("givenname", "Wendy"),
            ("emailaddress", EMAIL),
            ("name", UPN),
        ]
    );
    let statement = at(&assertion, "AuthnStatement");
    assert_eq!(
        statement.attribute("SessionIndex"),
        assertion.attribute("ID")
    );
    let class = at(statement, "AuthnContext/AuthnContextClassRef");
    assert_eq!(class.text(), Some(method));
    // The sign-in has ended.
    refuses_another_round(&simulator, &typed);
}

fn refuses_another_round(simulator: &Simulator, typed: &[(&str, &str)]) {
    let again = post(simulator, "/contoso.com/login", typed);
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(again.text.contains("AADSTS90014"));
}

#[test]
fn requests_come_in_forms_too_and_by_each_name_of_the_application() {
    let simulator = simulator();
    let wanted = [
        (ENTITY, ENTITY),
        ("shop", "spn:shop"),
        (APP, "spn:00112233-4455-6677-8899-aabbccddeeff"),
    ];
    for (issuer, audience) in wanted {
        let mut asked = request();
        asked.at("Issuer").text = issuer.to_owned();
        // Lines, as forms may have them.
        let encoded = STANDARD.encode(asked.to_xml());
        let (one, two) = encoded.split_at(76);
        let lines = format!("{one}\r\n{two}");
        let target = "/contoso.com/saml2?login_hint=wmoran%40fabrikam.com";
        let hop = post(&simulator, target, &[("SAMLRequest", lines.as_str())]);
        let (_, response) = posted(&vouch(&simulator, &hop, "", |_| {}));
        let assertion = assertion(&simulator, &response);
        let told = at(&assertion, "Conditions/AudienceRestriction/Audience");
        assert_eq!(told.text(), Some(audience));
    }
}

#[test]
fn an_answer_goes_to_the_registered_address_that_is_named() {
    let simulator = simulator();
    let mut asked = request();
    asked.set("AssertionConsumerServiceURL", SECOND_REPLY);
    asked.set(
        "Destination",
        "https://LOGIN.example/contoso.onmicrosoft.com/saml2",
    );
    asked.set(
        "ProtocolBinding",
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
    );
    let (form, response) = posted(&sign_in(&simulator, &asked));
    assert_eq!(form.action, SECOND_REPLY);
    assert_eq!(response.attribute("Destination"), Some(SECOND_REPLY));
}

#[test]
fn names_are_of_the_kind_that_is_asked_for() {
    let simulator = simulator();
    let name = |issuer: &str, format: &str| {
        let mut asked = request();
        asked.at("Issuer").text = issuer.to_owned();
        asked.at("NameIDPolicy").set("Format", format);
        asked.at("NameIDPolicy").set("SPNameQualifier", "q");
        let (_, response) = posted(&sign_in(&simulator, &asked));
        let assertion = assertion(&simulator, &response);
        let name_id = at(&assertion, "Subject/NameID");
        assert_eq!(name_id.attribute("Format"), Some(format));
        assert_eq!(name_id.attribute("SPNameQualifier"), Some("q"));
        name_id.text().unwrap().to_owned()
    };
    assert_eq!(name(ENTITY, ADDRESS), UPN);
    assert_eq!(name(ENTITY, UNSPECIFIED), UPN);
    let pairwise = name(ENTITY, PERSISTENT);
    assert_eq!(pairwise.len(), 43);
    assert_eq!(name(ENTITY, PERSISTENT), pairwise);
    assert_ne!(name("https://wiki.example/", PERSISTENT), pairwise);
    assert_ne!(name(ENTITY, TRANSIENT), name(ENTITY, TRANSIENT));
}

/// An application that asks for one of these ways to sign in.
fn asking_for(contexts: &[&str]) -> Node {
    let classes = contexts
        .iter()
        .map(|class| fixture::document::saml("AuthnContextClassRef").saying(class));
    let requested = fixture::document::samlp("RequestedAuthnContext").with("Comparison", "exact");
    request().holding([requested.holding(classes)])
}

#[test]
fn the_way_somebody_has_signed_in_is_one_that_is_asked_for() {
    let class = |name: &str| format!("urn:oasis:names:tc:SAML:2.0:ac:classes:{name}");
    let x509 = class("X509");
    for good in ["PasswordProtectedTransport", "Password", "unspecified"] {
        let simulator = simulator();
        posted(&sign_in(&simulator, &asking_for(&[&x509, &class(good)])));
    }
    let simulator = simulator();
    let page = sign_in(&simulator, &asking_for(&[&x509]));
    refuses(&page, 75011);
    // She is signed in all the same.
    let known = cookie(&page);
    posted(&redirected(&simulator, &request(), &[], &known));
    refuses(
        &redirected(&simulator, &asking_for(&[&x509]), &[], &known),
        75011,
    );
}

#[test]
fn passwords_and_windows_have_the_names_that_were_captured() {
    let method = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod";
    let password = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    for (said, class, reference) in [
        (password, password, format!("{method}/password")),
        (
            "urn:federation:authentication:windows",
            "urn:federation:authentication:windows",
            format!("{method}/windows"),
        ),
        (
            "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
            "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
            "urn:oasis:names:tc:SAML:2.0:ac:classes:X509".to_owned(),
        ),
    ] {
        let simulator = simulator();
        let hop = redirected(&simulator, &request(), &[("login_hint", EMAIL)], "");
        let page = vouch(&simulator, &hop, "", |answer| {
            let statement = answer.at("Assertion/AuthnStatement/AuthnContext");
            said.clone_into(&mut statement.at("AuthnContextClassRef").text);
        });
        let (_, response) = posted(&page);
        let assertion = assertion(&simulator, &response);
        let told = at(
            &assertion,
            "AuthnStatement/AuthnContext/AuthnContextClassRef",
        );
        assert_eq!(told.text(), Some(class));
        let claim = ("authnmethodsreferences", reference.as_str());
        assert!(claims(&assertion).contains(&claim), "{said}");
    }
    let by_ws_federation = subject::Method::of("urn:oasis:names:tc:SAML:1.0:am:password");
    assert_eq!(by_ws_federation, subject::Method::of(password));
    assert_eq!(
        subject::Method::of(&format!("{method}/password")),
        by_ws_federation
    );
    assert_eq!(
        subject::Method::of(&format!("{method}/windows")),
        subject::Method::of("urn:federation:authentication:windows")
    );
}

#[test]
fn the_user_access_url_needs_no_request() {
    let simulator = simulator();
    let target = format!("/api/signin/{APP}?tenantId=contoso.com&login_hint=wmoran%40fabrikam.com");
    let page = vouch(&simulator, &open(&simulator, &target, ""), "", |_| {});
    let (form, response) = posted(&page);
    assert_eq!(form.action, REPLY);
    assert_eq!(form.field("RelayState"), None);
    assert_eq!(response.attribute("InResponseTo"), None);
    let assertion = assertion(&simulator, &response);
    let data = at(
        &assertion,
        "Subject/SubjectConfirmation/SubjectConfirmationData",
    );
    assert_eq!(data.attribute("InResponseTo"), None);
    let audience = at(&assertion, "Conditions/AudienceRestriction/Audience");
    assert_eq!(audience.text(), Some(ENTITY));
    for (target, code) in [
        (format!("/api/signin/{APP}?tenantId=adatum.com"), 90002),
        ("/api/signin/shop?tenantId=contoso.com".to_owned(), 700_016),
        (
            format!("/api/signin/{NOWHERE}?tenantId=contoso.com"),
            500_113,
        ),
        (format!("/api/signin/{APP}?tenantId=a&tenantId=b"), 90014),
    ] {
        refuses(&open(&simulator, &target, ""), code);
    }
}
