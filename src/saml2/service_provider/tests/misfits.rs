//! Answers that the identity provider itself has signed, and that do not fit.

use super::{answers::signed, *};

fn refused(changes: &[(&str, &str)], expected: &ExpectedAnswer<'_>) -> String {
    let (document, keys) = signed(changes);
    judged(&document, &keys, expected).unwrap_err().to_string()
}

/// What is changed, and what is then wrong.
type Case = (&'static [(&'static str, &'static str)], &'static str);

const CASES: &[Case] = &[
    (
        &[(
            "<saml:Issuer>https://idp.fabrikam.test/metadata</saml:Issuer><samlp:Status>",
            "<saml:Issuer>https://other.test</saml:Issuer><samlp:Status>",
        )],
        "the Response is issued by \"https://other.test\", not by the identity provider that was asked",
    ),
    (
        &[(
            "<saml:Issuer>https://idp.fabrikam.test/metadata</saml:Issuer><saml:Subject>",
            "<saml:Issuer>https://other.test</saml:Issuer><saml:Subject>",
        )],
        "the assertion is issued by \"https://other.test\", not by the identity provider that was asked",
    ),
    (
        &[(
            "<saml:Issuer>https://idp.fabrikam.test/metadata</saml:Issuer><saml:Subject>",
            "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\">\
                https://idp.fabrikam.test/metadata</saml:Issuer><saml:Subject>",
        )],
        "the assertion is issued by \"https://idp.fabrikam.test/metadata\", not by the identity \
             provider that was asked",
    ),
    (
        &[(
            "Destination=\"https://login.contoso.test/upstream/saml2/acs\"",
            "Destination=\"https://other.test\"",
        )],
        "the Response is for the address \"https://other.test\", not for ours",
    ),
    (
        &[(
            "Recipient=\"https://login.contoso.test/upstream/saml2/acs\"",
            "Recipient=\"https://other.test\"",
        )],
        "the assertion is for the address \"https://other.test\", not for ours",
    ),
    (
        &[(
            "Recipient=\"https://login.contoso.test/upstream/saml2/acs\"",
            "",
        )],
        "the assertion is for the address \"\", not for ours",
    ),
    (
        &[(
            "<saml:Audience>https://login.contoso.test/upstream/saml2/metadata</saml:Audience>",
            "<saml:Audience>https://other.test</saml:Audience>",
        )],
        "the assertion is for the audience \"https://other.test\", not for us",
    ),
    (
        &[(
            "</saml:AudienceRestriction>",
            "</saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>https://other.test\
                </saml:Audience></saml:AudienceRestriction>",
        )],
        "the assertion is for the audience \"https://other.test\", not for us",
    ),
    (
        &[(
            "<saml:AudienceRestriction><saml:Audience>\
                https://login.contoso.test/upstream/saml2/metadata</saml:Audience>\
                </saml:AudienceRestriction>",
            "",
        )],
        "the assertion is for the audience \"\", not for us",
    ),
    (
        &[("InResponseTo=\"_question\">", "InResponseTo=\"_other\">")],
        "the Response does not answer the request that was sent from this browser",
    ),
    (
        &[(" InResponseTo=\"_question\">", ">")],
        "the Response does not answer the request that was sent from this browser",
    ),
    (
        &[(
            "InResponseTo=\"_question\" NotOn",
            "InResponseTo=\"_other\" NotOn",
        )],
        "the assertion does not answer the request that was sent from this browser",
    ),
    (
        &[("InResponseTo=\"_question\" NotOn", "NotOn")],
        "the assertion does not answer the request that was sent from this browser",
    ),
    (
        &[(
            "urn:oasis:names:tc:SAML:2.0:cm:bearer",
            "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key",
        )],
        "the assertion's subject is not confirmed by bearer",
    ),
    (
        &[(
            "<saml:SubjectConfirmationData ",
            "<saml:SubjectConfirmationData NotBefore=\"2026-11-18T11:00:00Z\" ",
        )],
        "SubjectConfirmationData is missing, repeated or out of shape",
    ),
    (
        &[(
            "NotOnOrAfter=\"2026-11-18T11:11:40.000Z\" Recipient",
            "Recipient",
        )],
        "SubjectConfirmationData is missing, repeated or out of shape",
    ),
    (
        &[(
            "<saml:AuthnStatement ",
            "<saml:AuthnStatement/><saml:AuthnStatement ",
        )],
        "AuthnStatement is missing, repeated or out of shape",
    ),
    (
        &[("<saml:Subject>", "<saml:Subject/><saml:Subject>")],
        "Subject is missing, repeated or out of shape",
    ),
    (
        &[(
            "<saml:NameID ",
            "<saml:NameID>nobody</saml:NameID><saml:NameID ",
        )],
        "NameID is missing, repeated or out of shape",
    ),
    (
        &[("<saml:Conditions ", "<saml:Conditions/><saml:Conditions ")],
        "Conditions is missing, repeated or out of shape",
    ),
    (
        &[("</saml:Conditions>", "<saml:Condition/></saml:Conditions>")],
        "the assertion holds under the condition \"Condition\", which is not known here",
    ),
    (
        &[(
            "</saml:Conditions>",
            "<saml:ProxyRestriction Count=\"0\"/></saml:Conditions>",
        )],
        "the assertion must not be relied on to assert anything further (ProxyRestriction)",
    ),
    (
        &[(
            "</saml:Conditions>",
            "<saml:ProxyRestriction><saml:Audience>urn:a</saml:Audience></saml:ProxyRestriction>\
                </saml:Conditions>",
        )],
        "the assertion must not be relied on to assert anything further (ProxyRestriction)",
    ),
    (
        &[("<saml:NameID ", "<saml:EncryptedID/><saml:NameID ")],
        "the name is encrypted, and nothing is decrypted here: send it signed, over TLS",
    ),
    (
        &[(
            "<saml:AttributeStatement>",
            "<saml:AttributeStatement><saml:EncryptedAttribute/>",
        )],
        "the attribute is encrypted, and nothing is decrypted here: send it signed, over TLS",
    ),
    (
        &[(
            "<saml:Assertion ",
            "<saml:EncryptedAssertion/><saml:Assertion ",
        )],
        "the assertion is encrypted, and nothing is decrypted here: send it signed, over TLS",
    ),
    (
        &[("<saml:Assertion ", "<saml:Assertion/><saml:Assertion ")],
        "there are 2 assertions, not one",
    ),
    (
        &[(
            "ID=\"_answer\" Version=\"2.0\"",
            "ID=\"_answer\" Version=\"1.1\"",
        )],
        "the version is not 2.0",
    ),
    (
        &[(
            "ID=\"_assertion\" Version=\"2.0\"",
            "ID=\"_assertion\" Version=\"1.1\"",
        )],
        "the version is not 2.0",
    ),
    (
        &[("samlp:Response", "samlp:LogoutResponse")],
        "the message is not a SAML 2.0 Response",
    ),
    (
        &[("</samlp:Status>", "</samlp:Status><samlp:Status/>")],
        "Status is missing, repeated or out of shape",
    ),
    (
        &[(
            "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>",
            "",
        )],
        "StatusCode is missing, repeated or out of shape",
    ),
    (
        &[(
            "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>",
            "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\">\
                <samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext\"/>\
                </samlp:StatusCode><samlp:StatusMessage>no\nphone</samlp:StatusMessage>",
        )],
        "the identity provider answers: \"Responder\" / \"NoAuthnContext\", \"no\\nphone\"",
    ),
];

#[test]
fn an_answer_that_does_not_fit_is_refused() {
    for (changes, problem) in CASES {
        assert_eq!(refused(changes, &expected()), *problem, "{changes:?}");
    }
}
