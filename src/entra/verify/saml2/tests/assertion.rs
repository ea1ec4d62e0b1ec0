use super::*;
use crate::{
    entra::{
        fixture::document::{attribute, saml},
        verify::Context,
    },
    xml::{self, Limits, Name},
};

const DATA: &str = "Subject/SubjectConfirmation/SubjectConfirmationData";

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
        let refusal = refused(|case| case.assertion().at("Issuer").text.clone_from(&issuer));
        assert_eq!(refusal.code, Aadsts::UnknownRealm, "{issuer:?}");
        assert!(refusal.message.contains(&issuer));
        assert!(
            refusal.detail.contains(said),
            "{issuer:?}: {}",
            refusal.detail
        );
    }
    let persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    misconfigured_assertion(|it| it.at("Issuer").set("Format", persistent), "not entity");
    accepted(|case| {
        let entity = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
        case.assertion().at("Issuer").set("Format", entity);
    });
}

/// The certificate was chosen by the issuer before the signature was checked.
#[test]
fn the_signed_issuer_is_the_one_that_was_looked_up() {
    let mut case = Case::new();
    case.assertion().signer = None;
    let document = case.assertion().to_xml();
    let assertion = xml::read(document.as_bytes(), &Limits::default()).unwrap();
    let context = Context {
        expectations: &case.expectations,
        protocol: Protocol::Saml,
        now: case.now,
    };
    let check = |issuer| outline::check(&assertion, issuer, &context);
    assert_eq!(check(ISSUER), Ok(()));
    let refusal = check(fixture::OTHER_ISSUER).unwrap_err();
    assert_eq!(refusal.code, Aadsts::UnknownRealm);
}

#[test]
fn the_outline_is_the_schemas() {
    misconfigured_assertion(|it| it.set("Version", "1.1"), "Assertion's Version");
    for local in ["Subject", "Conditions", "AuthnStatement"] {
        let missing = format!("{local} is missing");
        misconfigured_assertion(|it| it.remove(local), &missing);
    }
    for local in ["Issuer", "Subject", "Conditions", "AuthnStatement"] {
        let repeated = format!("{local} occurs more than once");
        misconfigured_assertion(|it| it.repeat(local), &repeated);
    }
    for stranger in ["Statement", "AuthzDecisionStatement"] {
        misconfigured_assertion(|it| it.children.push(saml(stranger)), "not understood");
    }
    let foreign = Node::new(Name::new("x", "urn:example", "AuthnStatement"));
    misconfigured_assertion(|it| it.children.push(foreign), "not understood");
    misconfigured_assertion(|it| it.children.swap(1, 2), "out of its order");
    accepted(|case| {
        case.assertion().children.insert(3, saml("Advice"));
        // The statements come in any order.
        case.assertion().children.swap(4, 5);
    });
}

#[test]
fn the_name_id_is_persistent_and_short() {
    for format in [
        "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
    ] {
        misconfigured_assertion(|it| it.at("Subject/NameID").set("Format", format), format);
    }
    misconfigured_assertion(|it| it.at("Subject/NameID").unset("Format"), "no Format");
    for value in [String::new(), "a".repeat(65)] {
        let said = format!("{} characters", value.len());
        misconfigured_assertion(|it| it.at("Subject/NameID").text.clone_from(&value), &said);
    }
    misconfigured_assertion(
        |it| it.at("Subject").repeat("NameID"),
        "NameID occurs more than once",
    );
    misconfigured_assertion(|it| it.at("Subject").remove("NameID"), "NameID is missing");
    let encrypted = saml("EncryptedID").name;
    misconfigured_assertion(
        |it| it.at("Subject/NameID").name = encrypted,
        "not understood",
    );
    let nested = |it: &mut Node| it.at("Subject/NameID").children.push(saml("NameID"));
    misconfigured_assertion(nested, "where text belongs");
}

#[test]
fn the_bearer_presents_it_here_and_for_this_request() {
    let says = |change: &dyn Fn(&mut Node), said: &str| {
        misconfigured_assertion(|it| change(it), said);
    };
    says(
        &|it| it.at(DATA).set("Recipient", "https://elsewhere.example/"),
        "Recipient is",
    );
    says(
        &|it| it.at(DATA).set("Recipient", format!("{ACS}/")),
        "Recipient is",
    );
    says(&|it| it.at(DATA).unset("Recipient"), "no Recipient");
    says(
        &|it| it.at(DATA).set("InResponseTo", "_other"),
        "answers the request \"_other\"",
    );
    says(&|it| it.at(DATA).unset("InResponseTo"), "no InResponseTo");
    says(
        &|it| it.at(DATA).set("NotBefore", "2024-01-01T00:00:00Z"),
        "must not have NotBefore",
    );
    says(
        &|it| it.at(DATA).children.push(saml("NameID")),
        "not understood",
    );
    let confirmation = "Subject/SubjectConfirmation";
    let holder = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key";
    says(
        &|it| it.at(confirmation).set("Method", holder),
        "holder-of-key",
    );
    says(&|it| it.at(confirmation).unset("Method"), "no Method");
    says(
        &|it| it.at(confirmation).remove("SubjectConfirmationData"),
        "is missing",
    );
    says(
        &|it| it.at(confirmation).repeat("SubjectConfirmationData"),
        "more than once",
    );
    says(
        &|it| it.at(confirmation).children.insert(0, saml("NameID")),
        "not understood",
    );
    says(
        &|it| it.at("Subject").repeat("SubjectConfirmation"),
        "more than once",
    );
    says(
        &|it| it.at("Subject").remove("SubjectConfirmation"),
        "is missing",
    );
}

#[test]
fn the_audience_is_entra() {
    let audience = "Conditions/AudienceRestriction/Audience";
    for other in ["https://sp.example/", "urn:federation:microsoftonline", ""] {
        let change = |it: &mut Node| other.clone_into(&mut it.at(audience).text);
        misconfigured_assertion(change, "The Audience is");
    }
    let none = |it: &mut Node| it.at("Conditions").remove("AudienceRestriction");
    misconfigured_assertion(none, "no AudienceRestriction");
    // Restrictions add up; audiences within one are alternatives (SAML core 2.5.1.4).
    let other = || saml("Audience").saying("https://sp.example/");
    let second = saml("AudienceRestriction").holding([other()]);
    let both = |it: &mut Node| it.at("Conditions").children.push(second);
    misconfigured_assertion(both, "The Audience is \"https://sp.example/\"");
    let stranger = saml("Other").saying(AUDIENCE);
    let beside = |it: &mut Node| {
        let restriction = it.at("Conditions/AudienceRestriction");
        restriction.children.push(stranger);
    };
    misconfigured_assertion(beside, "not understood");
    accepted(|case| {
        let restriction = case.assertion().at("Conditions/AudienceRestriction");
        restriction.children.insert(0, other());
    });
}

#[test]
fn conditions_that_are_not_understood_make_it_invalid() {
    accepted(|case| {
        let conditions = case.assertion().at("Conditions");
        conditions.children.push(saml("OneTimeUse"));
    });
    let unknown = |it: &mut Node| it.at("Conditions").children.push(saml("Condition"));
    misconfigured_assertion(unknown, "not understood");
}

#[test]
fn the_authentication_has_exactly_one_class() {
    let says = |change: &dyn Fn(&mut Node), said: &str| {
        misconfigured_assertion(|it| change(it.at("AuthnStatement/AuthnContext")), said);
    };
    says(
        &|context| context.repeat("AuthnContextClassRef"),
        "more than once",
    );
    says(
        &|context| context.remove("AuthnContextClassRef"),
        "is missing",
    );
    says(
        &|context| context.at("AuthnContextClassRef").text.clear(),
        "is empty",
    );
    says(
        &|context| context.children.push(saml("AuthnContextDecl")),
        "not understood",
    );
    let stranger = |it: &mut Node| it.at("AuthnStatement").children.push(saml("Subject"));
    misconfigured_assertion(stranger, "not understood");
    let two = |it: &mut Node| it.at("AuthnStatement").repeat("AuthnContext");
    misconfigured_assertion(two, "AuthnContext occurs more than once");
    let no_index = accepted(|case| case.assertion().at("AuthnStatement").unset("SessionIndex"));
    assert_eq!(no_index.session_index, None);
}

#[test]
fn encrypted_attributes_are_refused() {
    let statement = "AttributeStatement";
    let encrypted = |it: &mut Node| it.at(statement).children.push(saml("EncryptedAttribute"));
    misconfigured_assertion(encrypted, "not understood");
    let beside = |it: &mut Node| {
        let email = it.at(statement).at("Attribute");
        email.children.push(saml("EncryptedAttribute"));
    };
    misconfigured_assertion(beside, "not understood");
    accepted(|case| {
        let plain = attribute("displayName", "Wendy Moran");
        case.assertion().at(statement).children.push(plain);
    });
}
