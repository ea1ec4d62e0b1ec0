use super::*;
use crate::entra::fixture::OTHER_ISSUER;
use Aadsts::{AnotherUserThanTyped, ImmutableIdNotFound, TokenValidationPolicy};

fn claims(it: &mut Node) -> (&mut Node, &mut Node) {
    let [_, upn, anchor, ..] = it.at("AttributeStatement").children.as_mut_slice() else {
        panic!("no claims");
    };
    (upn.at("AttributeValue"), anchor.at("AttributeValue"))
}

/// Makes the assertion about somebody else.
fn about(case: &mut Case, upn: &str, anchor: &str) {
    let assertion = case.assertion();
    for statement in ["AttributeStatement", "AuthenticationStatement"] {
        let path = format!("{statement}/Subject/NameIdentifier");
        anchor.clone_into(&mut assertion.at(&path).text);
    }
    let (upn_claim, anchor_claim) = claims(assertion);
    upn.clone_into(&mut upn_claim.text);
    anchor.clone_into(&mut anchor_claim.text);
}

fn typed(case: &mut Case, upn: &str) {
    case.request.whom = Whom::User {
        typed: fixture::name(upn),
        user_principal_name: fixture::name(upn),
    };
}

#[test]
fn the_immutable_id_is_somebodys() {
    for (anchor, said) in [
        ("bm9ib2R5", "No user's"),
        ("ABEiM0RVZneImaq7zN3u/w==", "order of LDAP"),
        ("myirafved2aimaq7zn3u/w==", "lower case"),
    ] {
        let change = |case: &mut Case| about(case, "wmoran@partners.contoso.com", anchor);
        refused_with(ImmutableIdNotFound, change, said);
    }
}

#[test]
fn the_user_is_the_one_that_was_typed() {
    let alex = |case: &mut Case| about(case, "alex@partners.contoso.com", "alex");
    refused_with(AnotherUserThanTyped, alex, "alex@partners.contoso.com");
    accepted(|case| {
        alex(case);
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
    let of_vendors = |case: &mut Case| case.assertion().set("Issuer", OTHER_ISSUER);
    refused_with(TokenValidationPolicy, of_vendors, "vendors.example");
    for (upn, anchor) in [
        ("vera@vendors.example", "vera"),
        ("mia@contoso.com", "mia"),
        ("fallen@contoso.onmicrosoft.com", "fallen"),
    ] {
        let change = |case: &mut Case| {
            about(case, upn, anchor);
            typed(case, upn);
        };
        refused_with(TokenValidationPolicy, change, upn);
    }
    let signed_in = accepted(|case| {
        about(case, "emil@emea.partners.contoso.com", "emil");
        typed(case, "emil@emea.partners.contoso.com");
    });
    assert_eq!(signed_in.domain, "partners.contoso.com");
}

#[test]
fn the_claim_upn_is_the_cloud_upn_once() {
    let says = |value: &str, said: &str| {
        let change = |it: &mut Node| value.clone_into(&mut claims(it).0.text);
        misconfigured(change, said);
    };
    says("wmoran@fabrikam.com", "not the cloud UPN");
    for bad in [
        "",
        "wmoran",
        " wmoran@partners.contoso.com",
        "alex@partners.contoso.com",
    ] {
        says(bad, "The claim UPN is");
    }
    let statement = "AttributeStatement";
    misconfigured(
        |it| drop(it.at(statement).children.remove(1)),
        "no claim UPN",
    );
    let wrong_namespace = |it: &mut Node| {
        let upn = it.at("AttributeStatement/Attribute");
        upn.set("AttributeNamespace", ANCHOR_NAMESPACE);
    };
    misconfigured(wrong_namespace, "no claim UPN");
    misconfigured(
        |it| it.at(statement).repeat("Attribute"),
        "UPN is there more than once",
    );
    accepted(|case| {
        let (upn, _) = claims(case.assertion());
        "WMoran@Partners.Contoso.com".clone_into(&mut upn.text);
    });
}

/// A federation has one preferredAuthenticationProtocol.
#[test]
fn a_federation_by_saml_takes_nothing_else() {
    let mut case = Case::new();
    case.tenant = fixture::contoso();
    let refusal = case.judge().result.unwrap_err();
    assert_eq!(refusal.code, Aadsts::WsFederationNotSupported);
    assert!(refusal.detail.contains("is saml"), "{}", refusal.detail);
}
