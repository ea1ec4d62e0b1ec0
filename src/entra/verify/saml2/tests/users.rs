use super::*;
use crate::entra::fixture::document::{attribute, saml};
use crate::entra::{ValidatingDomains, fixture::OTHER_ISSUER};
use Aadsts::{AnotherUserThanTyped, ImmutableIdNotFound, InvalidSamlToken, TokenValidationPolicy};

const UPN_CLAIM: &str = "http://schemas.xmlsoap.org/claims/UPN";
const ANCHOR_CLAIM: &str = "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID";

/// Makes the assertion about somebody else.
fn about(case: &mut Case, upn: &str, anchor: &str) {
    anchor.clone_into(&mut case.assertion().at("Subject/NameID").text);
    email(case.assertion(), upn);
}

fn email(assertion: &mut Node, value: &str) {
    let path = "AttributeStatement/Attribute/AttributeValue";
    value.clone_into(&mut assertion.at(path).text);
}

fn typed(case: &mut Case, upn: &str) {
    case.request.whom = Whom::User {
        typed: fixture::name(upn),
        user_principal_name: fixture::name(upn),
    };
}

#[test]
fn the_name_id_is_somebodys_immutable_id() {
    let refusal =
        refused(|case| "bm9ib2R5".clone_into(&mut case.assertion().at("Subject/NameID").text));
    assert_eq!(refusal.code, ImmutableIdNotFound);
    assert!(refusal.message.contains("bm9ib2R5") && refusal.message.contains("contoso"));
    let other_case = fixture::WENDYS_ANCHOR.to_lowercase();
    let refusal = refused(|case| case.assertion().at("Subject/NameID").text = other_case);
    assert_eq!(refusal.code, ImmutableIdNotFound);
    let big_endian = "ABEiM0RVZneImaq7zN3u/w==";
    let refusal =
        refused(|case| big_endian.clone_into(&mut case.assertion().at("Subject/NameID").text));
    assert!(
        refusal.detail.contains("order of LDAP"),
        "{}",
        refusal.detail
    );
}

#[test]
fn the_user_is_the_one_that_was_typed() {
    let refusal = refused(|case| about(case, "alex@partners.contoso.com", "alex"));
    assert_eq!(refusal.code, AnotherUserThanTyped);
    accepted(|case| {
        about(case, "alex@partners.contoso.com", "alex");
        typed(case, "alex@partners.contoso.com");
    });
}

/// Where a link named the domain, and nobody was looked up.
#[test]
fn anybody_of_the_domain_that_was_asked_may_answer() {
    let asked = |case: &mut Case, domain: &str| {
        case.request.whom = Whom::AnybodyOf {
            domain: fixture::domain(domain),
            hinted: None,
        };
    };
    accepted(|case| asked(case, "partners.contoso.com"));
    accepted(|case| {
        about(case, "alex@partners.contoso.com", "alex");
        asked(case, "partners.contoso.com");
    });
    let refusal = refused(|case| asked(case, "vendors.example"));
    assert_eq!(refusal.code, Aadsts::InvalidSamlToken);
    let said = "The federation of vendors.example was asked";
    assert!(refusal.detail.contains(said), "{}", refusal.detail);
}

#[test]
fn an_issuer_speaks_for_its_own_domain_only() {
    let of_vendors = refused(|case| {
        OTHER_ISSUER.clone_into(&mut case.assertion().at("Issuer").text);
        OTHER_ISSUER.clone_into(&mut case.response.at("Issuer").text);
    });
    assert_eq!(of_vendors.code, TokenValidationPolicy);
    for (upn, anchor) in [
        ("vera@vendors.example", "vera"),
        ("mia@contoso.com", "mia"),
        ("fallen@contoso.onmicrosoft.com", "fallen"),
    ] {
        let refusal = refused(|case| {
            about(case, upn, anchor);
            typed(case, upn);
        });
        assert_eq!(refusal.code, TokenValidationPolicy, "{upn}");
    }
}

/// The examples of facts 4.7: partners' and vendors' domains are federated, contoso.com is managed.
#[test]
fn the_token_validation_policy_says_for_whom_that_counts() {
    use ValidatingDomains::{
        All, AllFederated, AllManaged, AllManagedAndEnumeratedFederated, Enumerated, None,
    };
    let names = |names: &[&str]| names.iter().map(|name| fixture::domain(name)).collect();
    // Whether the partners' issuer may speak for a vendor, and for Mia of contoso.com.
    let table = [
        (None, true, true),
        (All, false, false),
        (AllFederated, false, true),
        (AllManaged, true, false),
        (
            Enumerated {
                domain_names: names(&["vendors.example"]),
            },
            false,
            true,
        ),
        (
            Enumerated {
                domain_names: names(&["contoso.com", "partners.contoso.com"]),
            },
            true,
            false,
        ),
        (
            AllManagedAndEnumeratedFederated {
                domain_names: names(&["partners.contoso.com"]),
            },
            true,
            false,
        ),
        (
            AllManagedAndEnumeratedFederated {
                domain_names: names(&["vendors.example"]),
            },
            false,
            false,
        ),
    ];
    for (policy, vendor, managed) in table {
        for (upn, anchor, accepted) in [
            ("vera@vendors.example", "vera", vendor),
            ("mia@contoso.com", "mia", managed),
            ("wmoran@partners.contoso.com", fixture::WENDYS_ANCHOR, true),
            ("emil@emea.partners.contoso.com", "emil", true),
        ] {
            let mut case = Case::new();
            let mut parts = case.tenant.parts();
            parts.validating_domains = policy.clone();
            case.tenant = Tenant::build(parts).unwrap();
            about(&mut case, upn, anchor);
            typed(&mut case, upn);
            let refused = case.judge().result.err().map(|refusal| refusal.code);
            let expected = (!accepted).then_some(TokenValidationPolicy);
            assert_eq!(refused, expected, "{policy:?} for {upn}");
        }
    }
}

#[test]
fn a_subdomain_that_was_not_promoted_belongs_to_its_root() {
    let signed_in = accepted(|case| {
        about(case, "emil@emea.partners.contoso.com", "emil");
        typed(case, "emil@emea.partners.contoso.com");
    });
    assert_eq!(signed_in.domain, "partners.contoso.com");
}

#[test]
fn idp_email_is_the_cloud_upn_once() {
    let says = |change: &dyn Fn(&mut Node), said: &str| {
        misconfigured_assertion(|it| change(it), said);
    };
    says(&|it| email(it, "wmoran@fabrikam.com"), "not the cloud UPN");
    for bad in [
        "",
        "wmoran",
        " wmoran@partners.contoso.com",
        "alex@partners.contoso.com",
    ] {
        says(&|it| email(it, bad), "IDPEmail is");
    }
    let only = "AttributeStatement/Attribute";
    says(
        &|it| it.at("AttributeStatement").remove("Attribute"),
        "no attribute IDPEmail",
    );
    says(
        &|it| it.remove("AttributeStatement"),
        "no attribute IDPEmail",
    );
    says(
        &|it| it.at(only).set("Name", "idpemail"),
        "no attribute IDPEmail",
    );
    says(
        &|it| it.at("AttributeStatement").repeat("Attribute"),
        "IDPEmail is there more than once",
    );
    says(
        &|it| it.repeat("AttributeStatement"),
        "IDPEmail is there more than once",
    );
    says(
        &|it| it.at(only).repeat("AttributeValue"),
        "AttributeValue occurs more than once",
    );
    says(&|it| it.at(only).remove("AttributeValue"), "has no value");
    says(&|it| it.at(only).unset("Name"), "no Name");
    let value = "AttributeStatement/Attribute/AttributeValue";
    says(
        &|it| it.at(value).children.push(saml("NameID")),
        "where text belongs",
    );
    accepted(|case| email(case.assertion(), "WMoran@Partners.Contoso.com"));
}

#[test]
fn claims_that_say_the_same_must_say_the_same() {
    let with = |name: &'static str, value: &'static str| {
        let mut case = Case::new();
        case.assertion()
            .at("AttributeStatement")
            .children
            .push(attribute(name, value));
        case.judge().result
    };
    assert!(with(UPN_CLAIM, "wmoran@partners.contoso.com").is_ok());
    assert!(with(ANCHOR_CLAIM, fixture::WENDYS_ANCHOR).is_ok());
    assert_eq!(
        with(UPN_CLAIM, "alex@partners.contoso.com")
            .unwrap_err()
            .code,
        InvalidSamlToken
    );
    assert_eq!(
        with(ANCHOR_CLAIM, "alex").unwrap_err().code,
        InvalidSamlToken
    );
}

/// Practitioners report this code where the protocol was not set to saml.
#[test]
fn a_federation_by_ws_federation_takes_no_saml_response() {
    let refusal = refused(|case| case.tenant = fixture::contoso_by_ws_federation());
    assert_eq!(refusal.code, Aadsts::UnknownRealm);
    assert!(refusal.detail.contains("is wsFed"), "{}", refusal.detail);
}
