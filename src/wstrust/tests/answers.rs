//! Tokens and faults, as each library reads them.

use super::{
    clients::{dotnet_sends_again, dotnet_token, python_fault, python_token, tree},
    *,
};
use crate::{
    keys::{Signer, create_signing_key},
    saml1::{Assertion, Attribute, AuthenticationMethod, ClaimType, NAME_IDENTIFIER_UNSPECIFIED},
    xml::{self, Element, Limits, SignaturePolicy},
};

const SAML: &str = "urn:oasis:names:tc:SAML:1.0:assertion";

fn answer(version: Version, signer: &Signer, context: Option<&str>) -> String {
    let now = at("2026-11-23T12:00:01Z");
    let attributes = [
        Attribute {
            claim_type: ClaimType::parse("http://schemas.xmlsoap.org/claims/UPN").unwrap(),
            values: &["wmörän<TokenType>@partners.contoso.com".into()],
        },
        Attribute {
            claim_type: ClaimType::parse(
                "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID",
            )
            .unwrap(),
            values: &["1TIu064jGEmmf+hnI+F0Jg==".into()],
        },
    ];
    TokenResponse {
        version,
        relates_to: MESSAGE_ID,
        context,
        applies_to: "urn:federation:MicrosoftOnline",
        assertion: Assertion {
            id: "_a",
            issuer: "https://idp.test/partners",
            issue_instant: now,
            name_identifier: "1TIu064jGEmmf+hnI+F0Jg==",
            name_identifier_format: NAME_IDENTIFIER_UNSPECIFIED,
            audience: "urn:federation:MicrosoftOnline",
            not_before: now - time::Duration::MINUTE,
            not_on_or_after: now + time::Duration::HOUR,
            attributes: &attributes,
            authentication_method: AuthenticationMethod::Password,
            authentication_instant: now,
        },
    }
    .to_signed_xml(signer)
    .unwrap()
}

fn signer() -> Signer {
    create_signing_key("idp", 1).unwrap().signer
}

#[test]
fn answers_are_the_golden_ones() {
    let signer = signer();
    for (version, context, golden) in [
        (
            Version::Feb2005,
            Some("<context>"),
            include_str!("../golden/response_2005.xml"),
        ),
        (
            Version::V13,
            None,
            include_str!("../golden/response_13.xml"),
        ),
    ] {
        let document = answer(version, &signer, context);
        let (before, rest) = document.split_once("<ds:Signature").unwrap();
        let (_, after) = rest.split_once("</ds:Signature>").unwrap();
        assert_eq!(format!("{before}[signature]{after}"), golden.trim_end());
    }
}

fn verifies(assertion: &str, signer: &Signer) -> bool {
    let key = signer.certificate().public_key();
    let root = xml::read(assertion.as_bytes(), &Limits::default());
    root.is_ok_and(|root| {
        root.is(SAML, "Assertion")
            && xml::verify_enveloped(&root, &[key], &SignaturePolicy::SHA2).is_ok()
    })
}

/// MSAL for Python cuts the assertion out of the text, and Entra sees nothing of what stood around
/// it: each namespace must be declared within.
#[test]
fn python_cuts_out_a_token_that_stands_for_itself() {
    let signer = signer();
    for version in Version::ALL {
        let document = answer(version, &signer, None);
        let (token, kind) = python_token(&document).unwrap();
        assert_eq!(kind, SAML);
        assert!(token.starts_with("<saml:Assertion ") && token.ends_with("</saml:Assertion>"));
        assert!(verifies(token, &signer), "{token}");

        // How it dies, to see that this test would.
        let no_type = document.replace("t:TokenType>", "t:Other>");
        assert_eq!(python_token(&no_type), None);
        let no_word = document.replace("<t:", "<t-t:").replace("</t:", "</t-t:");
        assert_eq!(python_token(&no_word), None);
        let repeated = document.replace(
            "<t:RequestedAttachedReference>",
            "<t:RequestedSecurityToken></t:RequestedSecurityToken><t:RequestedAttachedReference>",
        );
        assert_ne!(python_token(&repeated).unwrap().0, token);
        let inherited = token.replace(&format!(" xmlns:saml=\"{SAML}\""), "");
        assert!(!verifies(&inherited, &signer));
    }
}

/// MSAL for .NET writes the assertion anew from its tree: empty elements and quotes may change.
#[test]
fn dotnet_finds_a_token_that_may_be_written_anew() {
    let signer = signer();
    for version in Version::ALL {
        let document = answer(version, &signer, None);
        let root = tree(&document);
        let (token, kind) = dotnet_token(&root, version).unwrap().unwrap();
        assert_eq!(kind, SAML);
        let names: Vec<_> = token.elements().map(Element::local_name).collect();
        assert_eq!(names, ["Assertion"]);
        let (text, _) = python_token(&document).unwrap();
        let anew = text
            .replace("></ds:CanonicalizationMethod>", " />")
            .replace("></ds:Transform>", "/>")
            .replace(
                " MajorVersion=\"1\" MinorVersion=\"1\"",
                "\n MinorVersion='1' MajorVersion='1'",
            );
        assert_ne!(anew, text);
        assert!(verifies(&anew, &signer));

        // How it dies.
        let other = if version == Version::V13 {
            Version::Feb2005
        } else {
            Version::V13
        };
        assert!(matches!(dotnet_token(&root, other), Ok(None)));
        let bare = document.replace("RequestSecurityTokenResponseCollection", "Other");
        let bare = tree(&bare);
        let found = dotnet_token(&bare, version).unwrap();
        assert_eq!(found.is_some(), version == Version::Feb2005);
        let start = document.find("<t:RequestSecurityTokenResponse").unwrap();
        let end = document.rfind("</s:Body>").unwrap();
        let response = &document[start..end];
        let twice = document.replace(
            "</s:Body>",
            &format!("{}</s:Body>", response.replace("\"_a\"", "\"_b\"")),
        );
        let death = dotnet_token(&tree(&twice), version).unwrap_err();
        assert_eq!(death, "two tokens of one type");
    }
}

const CODES: [FaultCode; 18] = [
    FaultCode::InvalidRequest,
    FaultCode::TooLarge,
    FaultCode::MediaType,
    FaultCode::VersionMismatch,
    FaultCode::MustUnderstand,
    FaultCode::AddressingHeaderRequired,
    FaultCode::InvalidAddressingHeader,
    FaultCode::OnlyAnonymousAddress,
    FaultCode::ActionNotSupported,
    FaultCode::DestinationUnreachable,
    FaultCode::InvalidSecurity,
    FaultCode::UnsupportedSecurityToken,
    FaultCode::MessageExpired,
    FaultCode::InvalidScope,
    FaultCode::FailedAuthentication,
    FaultCode::RequestFailed,
    FaultCode::TooManyFailures,
    FaultCode::Unavailable,
];

#[test]
fn every_fault_can_be_read_and_is_not_sent_again() {
    for version in Version::ALL {
        for code in CODES {
            let document = Fault {
                code,
                reason: "What <happened> & what to do.",
                relates_to: Some(MESSAGE_ID),
                version,
            }
            .to_xml()
            .unwrap();
            let root = tree(&document);
            let (reason, subcode) = python_fault(&root).unwrap();
            assert!(
                reason.ends_with("What <happened> & what to do."),
                "{reason}"
            );
            assert!(subcode.starts_with("a:"), "{subcode}");
            assert!(document.contains(&format!(">{subcode}</s:Value>")));
            assert!(document.contains(" xmlns:a=\""));
            assert_eq!(python_token(&document), None);

            let status = code.http_status();
            assert_ne!(
                status, 200,
                "MSAL for .NET takes a fault for a broken token"
            );
            let waits = code.retry_after_seconds().is_some();
            assert!(!dotnet_sends_again(status, waits), "{code:?}");
            // MSAL for Python makes every person of its process wait then.
            let is_about_everybody =
                matches!(code, FaultCode::Unavailable | FaultCode::TooManyFailures);
            assert_eq!(waits || status == 429 || status >= 500, is_about_everybody);
        }
    }
    assert!(dotnet_sends_again(500, false), "how AD FS does it");
    // How MSAL for Python dies.
    let document = Fault {
        code: FaultCode::FailedAuthentication,
        reason: "x",
        relates_to: None,
        version: Version::V13,
    }
    .to_xml()
    .unwrap();
    for part in ["s:Subcode", "s:Text"] {
        assert!(python_fault(&tree(&document.replace(part, "s:Other"))).is_err());
    }
}

#[test]
fn faults_are_the_golden_ones() {
    for (version, code, relates_to, golden) in [
        (
            Version::Feb2005,
            FaultCode::FailedAuthentication,
            Some(MESSAGE_ID),
            include_str!("../golden/fault_failed_authentication_2005.xml"),
        ),
        (
            Version::V13,
            FaultCode::InvalidScope,
            Some(MESSAGE_ID),
            include_str!("../golden/fault_invalid_scope_13.xml"),
        ),
        (
            Version::V13,
            FaultCode::MessageExpired,
            None,
            include_str!("../golden/fault_message_expired_13.xml"),
        ),
    ] {
        let document = Fault {
            code,
            reason: "What happened & what to do.",
            relates_to,
            version,
        }
        .to_xml()
        .unwrap();
        assert_eq!(document, golden.trim_end());
    }
}
