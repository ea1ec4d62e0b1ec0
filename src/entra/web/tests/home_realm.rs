use super::*;
use crate::entra::{Tenant, TenantParts, Tenants, fixture::FABRIKAMS_ISSUER};

/// Contoso, changed, and Fabrikam.
fn two_tenants(resolve: bool, change: impl FnOnce(&mut TenantParts)) -> Simulator {
    let mut parts = fixture::contoso().parts();
    change(&mut parts);
    let tenants = Tenants::from(Tenant::build(parts).unwrap());
    let mut settings = Settings::at("https://login.example");
    settings.resolve_foreign_email = resolve;
    Simulator::new(tenants.with(fixture::fabrikam()).unwrap(), settings)
}

const CONTOSOS: &str = "https://idp.contoso.com/saml2/sso";
const FABRIKAMS: &str = "https://sts.fabrikam.com/adfs/ls/";

/// Where a page sends the browser, without the hints.
fn sent_to(page: &Page) -> Option<String> {
    let form = PageForm::find(&page.text, Some("to-idp")).ok()?;
    form.action.split('?').next().map(str::to_owned)
}

/// What the original document teaches: the same email at two addresses.
#[test]
fn an_address_decides_whose_an_email_is() {
    for (address, resolve, home) in [
        (TENANT, true, CONTOSOS),
        ("partners.contoso.com", true, CONTOSOS),
        (TENANT, false, FABRIKAMS),
        ("common", true, FABRIKAMS),
        ("organizations", true, FABRIKAMS),
        ("fabrikam.com", true, FABRIKAMS),
    ] {
        let simulator = two_tenants(resolve, |_| ());
        let page = type_name(&simulator, address, "wmoran@fabrikam.com");
        assert_eq!(
            sent_to(&page).as_deref(),
            Some(home),
            "{address}, {resolve}"
        );
        let id = simulator.tenants().first().id().to_string();
        let by_id = type_name(&simulator, &id, "wmoran@partners.contoso.com");
        assert_eq!(sent_to(&by_id).as_deref(), Some(CONTOSOS));
    }
    let nowhere = two_tenants(true, |_| ());
    let page = type_name(&nowhere, "common", "reception@adatum.com");
    assert!(page.text.contains("AADSTS90019"), "{}", page.text);
    let shown = type_name(&nowhere, "common", "wmoran@fabrikam.com").text;
    assert!(
        shown.contains("<dd id=\"home\">fabrikam.onmicrosoft.com</dd>"),
        "{shown}"
    );
}

/// Fabrikam's identity provider answers for its own Wendy.
fn answer_of_fabrikam(page: &Page) -> [(&'static str, String); 2] {
    let form = page.form();
    let request = STANDARD.decode(form.field("SAMLRequest").unwrap()).unwrap();
    let request = xml::read(&request, &Limits::default()).unwrap();
    let id = request.attribute("ID").unwrap();
    let mut response = response_to(id, OffsetDateTime::now_utc());
    FABRIKAMS_ISSUER.clone_into(&mut response.at("Issuer").text);
    let assertion = assertion_of(&mut response);
    FABRIKAMS_ISSUER.clone_into(&mut assertion.at("Issuer").text);
    "wendy-at-home".clone_into(&mut assertion.at("Subject/NameID").text);
    let email = "AttributeStatement/Attribute/AttributeValue";
    "wmoran@fabrikam.com".clone_into(&mut assertion.at(email).text);
    let state = form.field("RelayState").unwrap().to_owned();
    [
        ("SAMLResponse", STANDARD.encode(response.to_xml())),
        ("RelayState", state),
    ]
}

fn bring(simulator: &Simulator, fields: &[(&'static str, String); 2]) -> Page {
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    post(simulator, "/login.srf", &fields)
}

#[test]
fn whoever_signed_in_at_home_is_nobody_in_another_tenant() {
    let simulator = two_tenants(false, |_| ());
    let at_common = type_name(&simulator, "common", "wmoran@fabrikam.com");
    let done = bring(&simulator, &answer_of_fabrikam(&at_common));
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert!(done.text.contains("wmoran@fabrikam.com"));

    let at_contoso = type_name(&simulator, TENANT, "wmoran@fabrikam.com");
    let refused = bring(&simulator, &answer_of_fabrikam(&at_contoso));
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    for shown in [
        "AADSTS50020",
        "https:&#x2f;&#x2f;sts.windows.net",
        "external user in the tenant",
    ] {
        let plain = shown.replace("&#x2f;", "/");
        let there = refused.text.contains(shown) || refused.text.contains(&plain);
        assert!(there, "{shown}: {}", refused.text);
    }
}

/// The issuer is registered, but with another tenant than the one that was asked.
#[test]
fn another_tenants_identity_provider_may_not_answer() {
    let simulator = two_tenants(true, |_| ());
    let page = type_name(&simulator, TENANT, "wmoran@fabrikam.com");
    assert_eq!(sent_to(&page).as_deref(), Some(CONTOSOS));
    let refused = bring(&simulator, &answer_of_fabrikam(&page));
    assert!(refused.text.contains("AADSTS50107"), "{}", refused.text);
    assert!(
        refused.text.contains("in another tenant"),
        "{}",
        refused.text
    );
}

#[test]
fn a_domain_hint_goes_past_the_form() {
    let simulator = two_tenants(false, |_| ());
    for parameter in ["domain_hint", "whr"] {
        let target = format!("/{TENANT}/login?{parameter}=partners.contoso.com");
        let page = get(&simulator, &target);
        assert_eq!(sent_to(&page).as_deref(), Some(CONTOSOS), "{parameter}");
        assert!(page.text.contains("the domain hint"));
        // Nobody was named, so that whoever the identity provider names is welcome.
        let (id, saml_response) = sign_in::answer(&page.form());
        let state = page.form().field("RelayState").unwrap().to_owned();
        let fields = [("SAMLResponse", saml_response), ("RelayState", state)];
        let done = bring(&simulator, &fields);
        assert_eq!(done.status, StatusCode::OK, "{}", done.text);
        assert_eq!(simulator.outcome(&id).unwrap().typed, None);
    }
    // The email goes along as it is, and is not resolved; a UPN is one.
    let with_name = |name: &str| {
        let hint = "domain_hint=partners.contoso.com";
        get(
            &simulator,
            &format!("/{TENANT}/login?{hint}&login_hint={name}"),
        )
    };
    let email = with_name("wmoran@fabrikam.com");
    assert!(
        email
            .form()
            .action
            .ends_with("?login_hint=wmoran%40fabrikam.com")
    );
    let alex = with_name("alex@partners.contoso.com");
    let (_, wendys) = sign_in::answer(&alex.form());
    let state = alex.form().field("RelayState").unwrap().to_owned();
    let refused = bring(
        &simulator,
        &[("SAMLResponse", wendys), ("RelayState", state)],
    );
    assert!(refused.text.contains("AADSTS81012"), "{}", refused.text);

    for ignored in ["contoso.com", "fabrikam.com", "adatum.com", "organizations"] {
        let page = get(
            &simulator,
            &format!("/{TENANT}/login?domain_hint={ignored}"),
        );
        assert_eq!(page.form().action, format!("/{TENANT}/login"), "{ignored}");
    }
    let at_common = get(&simulator, "/common/login?domain_hint=fabrikam.com");
    assert_eq!(sent_to(&at_common).as_deref(), Some(FABRIKAMS));
    let twice = get(&simulator, "/common/login?whr=fabrikam.com&whr=contoso.com");
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
}

#[test]
fn a_policy_decides_about_hints_and_doors() {
    let ignoring = two_tenants(true, |parts| {
        let policy = &mut parts.home_realm_discovery.domain_hint_policy;
        policy.ignore_domain_hint_for_domains = vec!["all_domains".to_owned()];
        policy.respect_domain_hint_for_apps = vec!["portal".to_owned()];
    });
    let hinted = |more: &str| {
        get(
            &ignoring,
            &format!("/{TENANT}/login?domain_hint=partners.contoso.com{more}"),
        )
    };
    assert_eq!(sent_to(&hinted("")), None);
    assert_eq!(sent_to(&hinted("&client_id=mail")), None);
    assert_eq!(
        sent_to(&hinted("&client_id=portal")).as_deref(),
        Some(CONTOSOS)
    );

    let accelerating = two_tenants(true, |parts| {
        parts.home_realm_discovery.accelerate_to_federated_domain = true;
        parts.home_realm_discovery.preferred_domain = Some(fixture::domain("partners.contoso.com"));
    });
    let door = get(&accelerating, &format!("/{TENANT}/"));
    assert_eq!(sent_to(&door).as_deref(), Some(CONTOSOS));
    assert!(door.text.contains("AccelerateToFederatedDomain"));
    assert_eq!(sent_to(&get(&accelerating, "/common/")), None);
    assert_eq!(sent_to(&get(&accelerating, "/fabrikam.com/")), None);
}
