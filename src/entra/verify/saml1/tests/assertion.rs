use super::*;
use crate::{
    entra::{fixture::saml1::claim, verify::Context},
    xml::{self, Limits, Name},
};

const NAME: &str = "AttributeStatement/Subject/NameIdentifier";

#[test]
fn the_issuer_is_registered_to_the_character() {
    let table = [
        (format!("{ISSUER}/"), "slash"),
        (ISSUER.to_uppercase(), "case"),
        (ISSUER.replace("https", "http"), "http and https"),
        (format!(" {ISSUER}"), "white space"),
        ("https://nobody.example/".to_owned(), "registered are"),
        (String::new(), "registered are"),
    ];
    for (issuer, said) in table {
        let refusal = refused(|case| case.assertion().set("Issuer", issuer.clone()));
        assert_eq!(refusal.code, Aadsts::UnknownRealm, "{issuer:?}");
        assert!(refusal.message.contains(&issuer));
        assert!(
            refusal.detail.contains(said),
            "{issuer:?}: {}",
            refusal.detail
        );
    }
    misconfigured(|it| it.unset("Issuer"), "Assertion has no Issuer");
}

/// The certificate was chosen by the issuer before the signature was checked.
#[test]
fn the_signed_issuer_is_the_one_that_was_looked_up() {
    let mut case = Case::new();
    let document = case.assertion().to_xml();
    let assertion = xml::read(document.as_bytes(), &Limits::default()).unwrap();
    let context = Context {
        expectations: &case.expectations,
        protocol: Protocol::WsFederation,
        now: case.now,
    };
    let check = |issuer| outline::check(&assertion, issuer, &context).map_err(|no| no.code);
    // The signature is there still.
    assert_eq!(check(ISSUER), Err(Aadsts::InvalidSamlToken));
    let (bare, _) = document.split_once("<ds:Signature ").unwrap();
    let bare = format!("{bare}</saml:Assertion>");
    let assertion = xml::read(bare.as_bytes(), &Limits::default()).unwrap();
    let check = |issuer| outline::check(&assertion, issuer, &context).map_err(|no| no.code);
    assert_eq!(check(ISSUER), Ok(()));
    assert_eq!(check(fixture::OTHER_ISSUER), Err(Aadsts::UnknownRealm));
}

#[test]
fn only_saml_1_1_is_read() {
    for version in ["MajorVersion", "MinorVersion"] {
        for other in ["0", "2", ""] {
            misconfigured(|it| it.set(version, other), version);
        }
        misconfigured(|it| it.unset(version), &format!("no {version}"));
    }
    // In the very words that Entra was seen to use.
    let saml2 = Name::new("saml", "urn:oasis:names:tc:SAML:2.0:assertion", "Assertion");
    let refusal = refused(|case| {
        case.assertion().signer = None;
        case.assertion().name = saml2;
    });
    assert_eq!(refusal.code, Aadsts::InvalidSamlToken);
    assert_eq!(
        refusal.message,
        "Cannot read SecurityToken. Expected element is (Assertion, \
         urn:oasis:names:tc:SAML:1.0:assertion) the actual element is (Assertion, \
         urn:oasis:names:tc:SAML:2.0:assertion)."
    );
    assert!(refusal.detail.contains("SAML 2.0"), "{}", refusal.detail);
    let other = saml1("Evidence").name;
    misconfigured(
        |it| {
            it.signer = None;
            it.name = other;
        },
        "not a SAML 1.1 assertion",
    );
}

#[test]
fn the_outline_is_the_schemas() {
    for (local, said) in [
        ("Conditions", "Conditions is missing"),
        (
            "AuthenticationStatement",
            "AuthenticationStatement is missing",
        ),
    ] {
        misconfigured(|it| it.remove(local), said);
        let repeated = format!("{local} occurs more than once");
        misconfigured(|it| it.repeat(local), &repeated);
    }
    for stranger in [
        "Statement",
        "SubjectStatement",
        "AuthorizationDecisionStatement",
    ] {
        misconfigured(|it| it.children.push(saml1(stranger)), "not understood");
    }
    let foreign = Node::new(Name::new("x", "urn:example", "AttributeStatement"));
    misconfigured(|it| it.children.push(foreign), "not understood");
    misconfigured(|it| it.children.swap(0, 1), "out of its order");
    accepted(|case| {
        case.assertion().children.insert(1, saml1("Advice"));
        // The statements come in any order.
        case.assertion().children.swap(2, 3);
    });
}

#[test]
fn the_audience_is_entra() {
    let audience = "Conditions/AudienceRestrictionCondition/Audience";
    for other in ["https://sp.example/", "urn:federation:microsoftonline", ""] {
        let change = |it: &mut Node| other.clone_into(&mut it.at(audience).text);
        misconfigured(change, "The Audience is");
    }
    let none = |it: &mut Node| it.at("Conditions").remove("AudienceRestrictionCondition");
    misconfigured(none, "no AudienceRestrictionCondition");
    // Restrictions add up; audiences within one are alternatives (SAML core 1.1, 2.3.2.1.3).
    let other = || saml1("Audience").saying("https://sp.example/");
    let second = saml1("AudienceRestrictionCondition").holding([other()]);
    let both = |it: &mut Node| it.at("Conditions").children.push(second);
    misconfigured(both, "The Audience is \"https://sp.example/\"");
    let stranger = |it: &mut Node| {
        let restriction = it.at("Conditions/AudienceRestrictionCondition");
        restriction.children.push(saml1("NameIdentifier"));
    };
    misconfigured(stranger, "not understood");
    accepted(|case| {
        let restriction = case
            .assertion()
            .at("Conditions/AudienceRestrictionCondition");
        restriction.children.insert(0, other());
    });
}

#[test]
fn conditions_that_are_not_understood_make_it_invalid() {
    accepted(|case| {
        let conditions = case.assertion().at("Conditions");
        conditions.children.push(saml1("DoNotCacheCondition"));
    });
    let unknown = |it: &mut Node| it.at("Conditions").children.push(saml1("Condition"));
    misconfigured(unknown, "not understood");
}

#[test]
fn the_name_identifier_is_the_immutable_id() {
    for format in [
        "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    ] {
        misconfigured(|it| it.at(NAME).set("Format", format), format);
    }
    accepted(|case| case.assertion().at(NAME).unset("Format"));
    let qualified = |it: &mut Node| it.at(NAME).set("NameQualifier", "contoso");
    misconfigured(qualified, "qualified by");
    let both = |it: &mut Node, name: &str| {
        for statement in ["AttributeStatement", "AuthenticationStatement"] {
            let path = format!("{statement}/Subject/NameIdentifier");
            name.clone_into(&mut it.at(&path).text);
        }
    };
    for name in [String::new(), "a".repeat(65)] {
        let said = format!("{} characters", name.len());
        misconfigured(|it| both(it, &name), &said);
    }
    misconfigured(
        |it| both(it, "alex"),
        "The NameIdentifier is \"alex\", the claim",
    );
}

#[test]
fn all_statements_are_about_one_bearer() {
    for statement in ["AttributeStatement", "AuthenticationStatement"] {
        let says = |change: &dyn Fn(&mut Node), said: &str| {
            misconfigured(|it| change(it.at(statement)), said);
        };
        says(
            &|it| "alex".clone_into(&mut it.at("Subject/NameIdentifier").text),
            "The statements are about",
        );
        says(&|it| it.remove("Subject"), "Subject is missing");
        says(&|it| it.repeat("Subject"), "Subject occurs more than once");
        says(
            &|it| it.at("Subject").remove("NameIdentifier"),
            "NameIdentifier is missing",
        );
        says(
            &|it| it.at("Subject").repeat("NameIdentifier"),
            "NameIdentifier occurs more than once",
        );
        let nested = |it: &mut Node| {
            let name = it.at("Subject/NameIdentifier");
            name.children.push(saml1("NameIdentifier"));
        };
        says(&nested, "where text belongs");
        says(
            &|it| it.at("Subject").remove("SubjectConfirmation"),
            "SubjectConfirmation is missing",
        );
        says(
            &|it| it.at("Subject").repeat("SubjectConfirmation"),
            "more than once",
        );
        let method = "Subject/SubjectConfirmation/ConfirmationMethod";
        for other in ["urn:oasis:names:tc:SAML:1.0:cm:holder-of-key", ""] {
            says(
                &|it| other.clone_into(&mut it.at(method).text),
                "not bearer",
            );
        }
        says(
            &|it| {
                it.at("Subject/SubjectConfirmation")
                    .repeat("ConfirmationMethod");
            },
            "more than once",
        );
        says(
            &|it| {
                it.at("Subject/SubjectConfirmation")
                    .remove("ConfirmationMethod");
            },
            "is missing",
        );
        let data = |it: &mut Node| {
            let confirmation = it.at("Subject/SubjectConfirmation");
            confirmation.children.push(saml1("SubjectConfirmationData"));
        };
        says(&data, "not understood");
        says(
            &|it| it.at("Subject").children.push(saml1("Evidence")),
            "not understood",
        );
        says(
            &|it| it.at("Subject").children.swap(0, 1),
            "out of its order",
        );
    }
}

#[test]
fn how_she_authenticated_is_said_once() {
    let statement = "AuthenticationStatement";
    misconfigured(
        |it| it.at(statement).unset("AuthenticationMethod"),
        "no AuthenticationMethod",
    );
    misconfigured(
        |it| it.at(statement).set("AuthenticationMethod", ""),
        "AuthenticationMethod is empty",
    );
    let stranger = |it: &mut Node| it.at(statement).children.push(saml1("Attribute"));
    misconfigured(stranger, "not understood");
    let signed_in = accepted(|case| {
        let statement = case.assertion().at(statement);
        statement.children.push(saml1("SubjectLocality"));
        let method = "urn:oasis:names:tc:SAML:1.0:am:X509-PKI";
        statement.set("AuthenticationMethod", method);
    });
    assert!(signed_in.authn_context.ends_with("X509-PKI"));
}

#[test]
fn the_claim_immutable_id_is_there_once() {
    fn attributes(it: &mut Node) -> &mut Vec<Node> {
        &mut it.at("AttributeStatement").children
    }
    fn anchor(it: &mut Node) -> &mut Node {
        &mut attributes(it)[2]
    }
    type Change = fn(&mut Node);
    let missing: [(Change, &str); 6] = [
        (|it| drop(attributes(it).pop()), "UPN"),
        (|it| it.remove("AttributeStatement"), "no other claim"),
        (
            |it| anchor(it).set("AttributeName", "ImmutableId"),
            "ImmutableId",
        ),
        (
            |it| anchor(it).set("AttributeNamespace", "http://schemas.xmlsoap.org/claims"),
            "ImmutableID of http://schemas.xmlsoap.org/claims",
        ),
        (
            |it| {
                let whole = format!("{ANCHOR_NAMESPACE}/ImmutableID");
                anchor(it).set("AttributeName", whole);
            },
            "05/ImmutableID",
        ),
        (|it| anchor(it).at("AttributeValue").text.clear(), ""),
    ];
    for (change, said) in missing {
        refused_with(
            Aadsts::ImmutableIdMissing,
            |case| change(case.assertion()),
            said,
        );
    }
    let twice = |it: &mut Node| {
        let copy = attributes(it)[2].clone();
        attributes(it).push(copy);
    };
    misconfigured(twice, "ImmutableID is there more than once");
    misconfigured(
        |it| it.repeat("AttributeStatement"),
        "ImmutableID is there more than once",
    );
    misconfigured(
        |it| anchor(it).repeat("AttributeValue"),
        "AttributeValue occurs more than once",
    );
    misconfigured(|it| anchor(it).remove("AttributeValue"), "has no value");
    misconfigured(|it| anchor(it).unset("AttributeName"), "no AttributeName");
    misconfigured(
        |it| anchor(it).unset("AttributeNamespace"),
        "no AttributeNamespace",
    );
    let stranger = |it: &mut Node| anchor(it).children.push(saml1("NameIdentifier"));
    misconfigured(stranger, "not understood");
    let stranger = |it: &mut Node| attributes(it).push(saml1("Evidence"));
    misconfigured(stranger, "not understood");
    accepted(|case| {
        let other = claim("http://schemas.example/claims", "Group", "partners");
        attributes(case.assertion()).push(other);
    });
}
