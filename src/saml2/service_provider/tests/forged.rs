//! Answers that the identity provider has not signed as they are.

use super::*;
use crate::xml::wrapping_tests::wrapped;

const HONEST: &str = "wmoran@fabrikam.com";
const FORGED: &str = "administrator@fabrikam.com";

fn problem(document: &str, keys: &[VerifyingKey]) -> String {
    let judged = judged(document, keys, &expected());
    judged.map_or_else(|error| error.to_string(), |proven| panic!("{proven:?}"))
}

#[test]
fn what_is_not_signed_by_a_known_key_proves_nothing() {
    let provider = TestIdentityProvider::new();
    let keys = [provider.key()];
    let plain = answer(now(), &[]);
    assert_eq!(
        problem(&plain, &keys),
        "neither the Response nor its assertion is signed"
    );
    let signed = provider.sign(&plain, "_assertion");
    assert_eq!(
        problem(&signed, &[]),
        "the signature of the assertion is refused: the signature holds with none of the keys known \
         for the sender"
    );
    let stranger = TestIdentityProvider::new();
    // Another upstream answers what this one was asked.
    assert_eq!(
        problem(&stranger.sign(&plain, "_assertion"), &keys),
        problem(&signed, &[])
    );
    assert_eq!(
        problem(&signed.replace(HONEST, FORGED), &keys),
        "the signature of the assertion is refused: the content was altered after it was signed"
    );
}

/// A good one does not make up for a bad one, whichever of the two it is.
#[test]
fn each_signature_that_is_there_must_hold() {
    let (provider, stranger) = (TestIdentityProvider::new(), TestIdentityProvider::new());
    let keys = [provider.key()];
    let plain = answer(now(), &[]);
    let inner = stranger.sign(&plain, "_assertion");
    let inner_bad = provider.sign(&inner, "_answer");
    assert!(problem(&inner_bad, &keys).starts_with("the signature of the assertion is refused"));
    let outer_bad = stranger.sign(&provider.sign(&plain, "_assertion"), "_answer");
    assert!(problem(&outer_bad, &keys).starts_with("the signature of the Response is refused"));
}

#[test]
fn a_signed_response_says_where_it_goes() {
    let provider = TestIdentityProvider::new();
    let bare = answer(now(), &[(&format!("Destination=\"{RECIPIENT}\" "), "")]);
    assert_eq!(
        problem(&provider.sign(&bare, "_answer"), &[provider.key()]),
        "the Response is for the address \"\", not for ours"
    );
}

#[test]
fn a_wrapped_forgery_is_never_read() {
    let provider = TestIdentityProvider::new();
    let keys = [provider.key()];
    let plain = answer(now(), &[]);
    let assertion = provider.sign(&plain, "_assertion");
    let victims = [
        (assertion.clone(), "saml:Assertion"),
        (provider.sign(&plain, "_answer"), "samlp:Response"),
        (provider.sign(&assertion, "_answer"), "samlp:Response"),
        (provider.sign(&assertion, "_answer"), "saml:Assertion"),
    ];
    let mut refused = 0;
    for (document, name) in &victims {
        for (attack, forgery) in wrapped(document, name, HONEST, FORGED) {
            assert!(forgery.contains(FORGED), "{attack}");
            match judged(&forgery, &keys, &expected()) {
                Err(_) => refused += 1,
                // The forged one stands where nobody looks.
                Ok(proven) => assert_eq!(proven.name_id.unwrap().name, HONEST, "{attack}, {name}"),
            }
        }
    }
    // Of 4 victims, 8 attacks and 2 ways each, all but XSW7 on a lone assertion, where the forged one
    // hides in Extensions.
    assert_eq!(refused, 62);
}

#[test]
fn what_parsers_disagree_about_is_not_read_at_all() {
    let provider = TestIdentityProvider::new();
    let keys = [provider.key()];
    let signed = provider.sign(&answer(now(), &[]), "_assertion");
    // Canonical form has no comments, so that the signature would hold.
    let commented = signed.replace(HONEST, "administrator@fabrikam.com<!---->.evil.test");
    assert!(
        problem(&commented, &keys).contains("comment"),
        "{}",
        problem(&commented, &keys)
    );
    let twice = signed.replacen("ID=\"_answer\"", "ID=\"_assertion\"", 1);
    assert!(
        problem(&twice, &keys).contains("identifier"),
        "{}",
        problem(&twice, &keys)
    );
    let entity = format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{signed}");
    assert!(problem(&entity, &keys).starts_with("the message cannot be read"));
    let long = "x".repeat(400_000);
    assert!(matches!(
        ReceivedResponse::from_encoded(&long),
        Err(crate::saml2::BindingError::TooLarge)
    ));
}
