use super::*;
use crate::entra::fixture::document::{attribute, saml};
use crate::xml::Name;
use Aadsts::{AssertionNotValidNow, InvalidSamlToken, UnknownRealm};

fn code_of(change: impl FnOnce(&mut Node)) -> Aadsts {
    refused_assertion(change).code
}

/// The verdict with one instant of the assertion moved to `now` and an offset.
fn with_instant(path: &str, name: &'static str, offset: Duration) -> Result<SignedIn, Refusal> {
    let mut case = Case::new();
    let value = instant::to_milliseconds(case.now + offset);
    let node = case.assertion();
    match path {
        "" => node.set(name, value),
        path => node.at(path).set(name, value),
    }
    case.judge().result
}

const MOMENT: Duration = Duration::milliseconds(1);
const DATA: &str = "Subject/SubjectConfirmation/SubjectConfirmationData";

#[test]
fn instants_hold_within_the_skew_and_not_a_moment_longer() {
    for (path, name) in [
        ("", "IssueInstant"),
        ("Conditions", "NotBefore"),
        ("AuthnStatement", "AuthnInstant"),
    ] {
        assert!(with_instant(path, name, SKEW).is_ok(), "{path} {name}");
        let refusal = with_instant(path, name, SKEW + MOMENT).unwrap_err();
        assert_eq!(refusal.code, AssertionNotValidNow, "{path} {name}");
        assert!(refusal.detail.contains("future"), "{}", refusal.detail);
    }
    for (path, name) in [
        (DATA, "NotOnOrAfter"),
        ("AuthnStatement", "SessionNotOnOrAfter"),
    ] {
        assert!(
            with_instant(path, name, MOMENT - SKEW).is_ok(),
            "{path} {name}"
        );
        let refusal = with_instant(path, name, Duration::ZERO - SKEW).unwrap_err();
        assert_eq!(refusal.code, AssertionNotValidNow, "{path} {name}");
        assert!(refusal.detail.contains("past"), "{}", refusal.detail);
    }
}

#[test]
fn conditions_end_like_everything_else() {
    let ending = |offset: Duration| {
        let mut case = Case::new();
        let now = case.now;
        let conditions = case.assertion().at("Conditions");
        conditions.set(
            "NotBefore",
            instant::to_milliseconds(now - Duration::hours(1)),
        );
        conditions.set("NotOnOrAfter", instant::to_milliseconds(now + offset));
        case.judge().result
    };
    assert!(ending(MOMENT - SKEW).is_ok());
    assert_eq!(
        ending(Duration::ZERO - SKEW).unwrap_err().code,
        AssertionNotValidNow
    );
    let backwards = code_of(|assertion| {
        let conditions = assertion.at("Conditions");
        conditions.set("NotBefore", "2024-01-01T00:00:01Z");
        conditions.set("NotOnOrAfter", "2024-01-01T00:00:00Z");
    });
    assert_eq!(backwards, InvalidSamlToken);
}

#[test]
fn the_ends_of_time_break_nothing() {
    let last = "9999-12-31T23:59:59.999Z";
    accepted(|case| {
        case.assertion().at("Conditions").set("NotOnOrAfter", last);
        case.assertion().at(DATA).set("NotOnOrAfter", last);
        case.assertion()
            .at("AuthnStatement")
            .set("AuthnInstant", "0001-01-01T00:00:00Z");
    });
    let from_the_future = code_of(|assertion| assertion.set("IssueInstant", last));
    assert_eq!(from_the_future, AssertionNotValidNow);
}

#[test]
fn what_is_no_instant_in_utc_is_refused() {
    for (path, name) in [
        ("Conditions", "NotBefore"),
        ("Conditions", "NotOnOrAfter"),
        (DATA, "NotOnOrAfter"),
        ("AuthnStatement", "AuthnInstant"),
        ("AuthnStatement", "SessionNotOnOrAfter"),
    ] {
        for bad in ["", "tomorrow", "2099-01-01T00:00:00+00:00"] {
            let code = code_of(|assertion| assertion.at(path).set(name, bad));
            assert_eq!(code, InvalidSamlToken, "{path} {name} {bad:?}");
        }
    }
    for (path, name) in [
        ("Conditions", "NotOnOrAfter"),
        (DATA, "NotOnOrAfter"),
        ("AuthnStatement", "AuthnInstant"),
    ] {
        let code = code_of(|assertion| assertion.at(path).unset(name));
        assert_eq!(code, InvalidSamlToken, "{path} {name}");
    }
    assert_eq!(
        code_of(|assertion| assertion.unset("IssueInstant")),
        InvalidSamlToken
    );
    accepted(|case| case.assertion().at("Conditions").unset("NotBefore"));
}

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
        let refusal =
            refused_assertion(|assertion| assertion.at("Issuer").text.clone_from(&issuer));
        assert_eq!(refusal.code, UnknownRealm, "{issuer:?}");
        assert!(refusal.message.contains(&issuer));
        assert!(
            refusal.detail.contains(said),
            "{issuer:?}: {}",
            refusal.detail
        );
    }
    let formatted = |format: &'static str| {
        code_of(move |assertion| assertion.at("Issuer").set("Format", format))
    };
    assert_eq!(
        formatted("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
        InvalidSamlToken
    );
    accepted(|case| {
        let entity = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
        case.assertion().at("Issuer").set("Format", entity);
    });
}

#[test]
fn the_outline_is_the_schemas() {
    assert_eq!(
        code_of(|assertion| assertion.set("Version", "1.1")),
        InvalidSamlToken
    );
    for local in [
        "Subject",
        "Conditions",
        "AuthnStatement",
        "AttributeStatement",
    ] {
        assert_eq!(
            code_of(|assertion| assertion.remove(local)),
            InvalidSamlToken,
            "{local}"
        );
    }
    for local in ["Issuer", "Subject", "Conditions", "AuthnStatement"] {
        assert_eq!(
            code_of(|assertion| assertion.repeat(local)),
            InvalidSamlToken,
            "{local}"
        );
    }
    for stranger in ["Statement", "AuthzDecisionStatement"] {
        let code = code_of(|assertion| assertion.children.push(saml(stranger)));
        assert_eq!(code, InvalidSamlToken, "{stranger}");
    }
    let foreign = Name::new("x", "urn:example", "AuthnStatement");
    let code = code_of(|assertion| assertion.children.push(Node::new(foreign)));
    assert_eq!(code, InvalidSamlToken);
    assert_eq!(
        code_of(|assertion| assertion.children.swap(1, 2)),
        InvalidSamlToken
    );
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
        let code = code_of(|assertion| assertion.at("Subject/NameID").set("Format", format));
        assert_eq!(code, InvalidSamlToken, "{format}");
    }
    let none = code_of(|assertion| assertion.at("Subject/NameID").unset("Format"));
    assert_eq!(none, InvalidSamlToken);
    for value in [String::new(), "a".repeat(65)] {
        let refusal = refused_assertion(|it| it.at("Subject/NameID").text.clone_from(&value));
        assert_eq!(refusal.code, InvalidSamlToken);
        assert!(refusal.detail.contains("characters"), "{}", refusal.detail);
    }
    assert_eq!(
        code_of(|assertion| assertion.at("Subject").repeat("NameID")),
        InvalidSamlToken
    );
    assert_eq!(
        code_of(|assertion| assertion.at("Subject").remove("NameID")),
        InvalidSamlToken
    );
    let encrypted = |assertion: &mut Node| {
        assertion.at("Subject/NameID").name = saml("EncryptedID").name;
    };
    assert_eq!(code_of(encrypted), InvalidSamlToken);
    let nested = |assertion: &mut Node| {
        assertion.at("Subject/NameID").children.push(saml("NameID"));
    };
    assert_eq!(code_of(nested), InvalidSamlToken);
}

#[test]
fn the_bearer_presents_it_here_and_for_this_request() {
    let says = |change: &dyn Fn(&mut Node), said: &str| {
        let refusal = refused_assertion(|assertion| change(assertion));
        assert_eq!(refusal.code, InvalidSamlToken, "{said}");
        assert!(refusal.detail.contains(said), "{}", refusal.detail);
    };
    says(
        &|it| it.at(DATA).set("Recipient", "https://elsewhere.example/"),
        "Recipient",
    );
    says(
        &|it| {
            it.at(DATA)
                .set("Recipient", "https://login.example/login.srf/")
        },
        "Recipient",
    );
    says(&|it| it.at(DATA).unset("Recipient"), "Recipient");
    says(&|it| it.at(DATA).set("InResponseTo", "_other"), "_other");
    says(&|it| it.at(DATA).unset("InResponseTo"), "InResponseTo");
    says(
        &|it| it.at(DATA).set("NotBefore", "2024-01-01T00:00:00Z"),
        "NotBefore",
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
    says(&|it| it.at(confirmation).unset("Method"), "Method");
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
        let code = code_of(|assertion| other.clone_into(&mut assertion.at(audience).text));
        assert_eq!(code, InvalidSamlToken, "{other:?}");
    }
    let none = code_of(|assertion| assertion.at("Conditions").remove("AudienceRestriction"));
    assert_eq!(none, InvalidSamlToken);
    // Restrictions add up; audiences within one are alternatives (SAML core 2.5.1.4).
    let second = |text: &str| saml("AudienceRestriction").holding([saml("Audience").saying(text)]);
    let both = code_of(|it| {
        it.at("Conditions")
            .children
            .push(second("https://sp.example/"))
    });
    assert_eq!(both, InvalidSamlToken);
    accepted(|case| {
        let restriction = case.assertion().at("Conditions/AudienceRestriction");
        restriction
            .children
            .insert(0, saml("Audience").saying("https://sp.example/"));
    });
}

#[test]
fn conditions_that_are_not_understood_make_it_invalid() {
    accepted(|case| {
        case.assertion()
            .at("Conditions")
            .children
            .push(saml("OneTimeUse"))
    });
    let code = code_of(|it| it.at("Conditions").children.push(saml("Condition")));
    assert_eq!(code, InvalidSamlToken);
}

#[test]
fn the_authentication_has_exactly_one_class() {
    let path = "AuthnStatement/AuthnContext";
    let code = |change: &dyn Fn(&mut Node)| code_of(|it| change(it.at(path)));
    assert_eq!(
        code(&|context| context.repeat("AuthnContextClassRef")),
        InvalidSamlToken
    );
    assert_eq!(
        code(&|context| context.remove("AuthnContextClassRef")),
        InvalidSamlToken
    );
    let empty = |context: &mut Node| context.at("AuthnContextClassRef").text.clear();
    assert_eq!(code(&empty), InvalidSamlToken);
    let declared = |context: &mut Node| context.children.push(saml("AuthnContextDecl"));
    assert_eq!(code(&declared), InvalidSamlToken);
    assert_eq!(
        code_of(|it| it.at("AuthnStatement").repeat("AuthnContext")),
        InvalidSamlToken
    );
    let no_index = accepted(|case| case.assertion().at("AuthnStatement").unset("SessionIndex"));
    assert_eq!(no_index.session_index, None);
}

#[test]
fn encrypted_attributes_are_refused() {
    let code = code_of(|it| {
        it.at("AttributeStatement")
            .children
            .push(saml("EncryptedAttribute"))
    });
    assert_eq!(code, InvalidSamlToken);
    accepted(|case| {
        let statement = case.assertion().at("AttributeStatement");
        statement
            .children
            .push(attribute("displayName", "Wendy Moran"));
    });
}
