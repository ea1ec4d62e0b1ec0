//! Files as Windows PowerShell and PowerShell 7 write them, and files that are none of theirs.

use super::*;
use crate::adfs::ExportedCertificate;

const CLIXML: &str = include_str!("../../../tests/adfs/trusts.xml");
const JSON: &str = include_str!("../../../tests/adfs/trusts.json");

fn trusts(octets: &[u8]) -> Vec<RelyingPartyTrust> {
    read_export(octets).unwrap()
}

fn objects(inside: &str) -> String {
    format!(
        "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">{inside}</Objs>"
    )
}

#[test]
fn both_forms_say_the_same() {
    let read = trusts(CLIXML.as_bytes());
    assert_eq!(read, trusts(JSON.as_bytes()));
    let wiki = &read[0];
    assert_eq!(wiki.name, "The wiki");
    assert_eq!(wiki.identifiers.len(), 2);
    assert_eq!(wiki.saml_endpoints.len(), 4);
    assert_eq!(
        (wiki.token_lifetime_minutes, wiki.not_before_skew_minutes),
        (90, 2)
    );
    assert!(
        wiki.rules
            .issuance_transform
            .contains("\"LdapClaims\"\r\n@RuleName")
    );
    assert!(matches!(
        wiki.request_signing_certificates.as_slice(),
        [ExportedCertificate::Der(der)] if der.starts_with(&[0x30, 0x82])
    ));
    let portal = &read[1];
    assert_eq!(
        portal.access_control_policy.as_ref().unwrap().name,
        "Permit everyone"
    );
    assert!(read[2].is_entra() && !wiki.is_entra());
    assert!(!read[3].enabled);
}

#[test]
fn the_encodings_of_powershell_are_read() {
    let expected = trusts(CLIXML.as_bytes());
    let mut little = vec![0xFF, 0xFE];
    let mut big = vec![0xFE, 0xFF];
    for unit in CLIXML.encode_utf16() {
        little.extend(unit.to_le_bytes());
        big.extend(unit.to_be_bytes());
    }
    let marked = ["\u{FEFF}".as_bytes(), CLIXML.as_bytes()].concat();
    for octets in [little.clone(), big, marked] {
        assert_eq!(trusts(&octets), expected);
    }
    little.pop();
    for octets in [little, vec![0xFF, 0xFE, 0x00, 0xD8], vec![b'<', 0xFF]] {
        assert!(
            matches!(read_export(&octets), Err(ExportError::Encoding)),
            "{octets:?}"
        );
    }
}

#[test]
fn objects_that_occur_again_are_followed() {
    let text = objects(
        "<Obj RefId=\"0\"><MS><S N=\"Name\">a_x000A_b_x0041_</S><Obj N=\"Identifier\" RefId=\"1\"><LST>\
         <S>urn:a</S></LST></Obj><Ref N=\"ClaimsProviderName\" RefId=\"1\"/></MS></Obj>",
    );
    let [trust] = trusts(text.as_bytes()).try_into().unwrap();
    assert_eq!(
        (trust.name.as_str(), trust.claims_provider_names),
        ("a\nbA", vec!["urn:a".to_owned()])
    );
}

#[test]
fn what_is_no_export_is_said_to_be_none() {
    let trust = |inside: &str| {
        objects(&format!(
            "<Obj RefId=\"0\"><Props><S N=\"Name\">a</S><S N=\"Identifier\">urn:a</S>{inside}</Props></Obj>"
        ))
    };
    let cases = [
        ("hello".to_owned(), "neither CLIXML"),
        ("<html/>".to_owned(), "its root is not Objs"),
        ("<Objs".to_owned(), "cannot be read"),
        ("{".to_owned(), "cannot be read"),
        ("[]".to_owned(), "no relying party trust in the file"),
        (objects(""), "no relying party trust in the file"),
        ("{\"Name\": \"x\"}".to_owned(), "it has no Identifier"),
        (
            objects("<Obj RefId=\"0\"><Ref RefId=\"9\"/></Obj>"),
            "it has no Name",
        ),
        (trust("<Ref N=\"Notes\" RefId=\"9\"/>"), "refers to nothing"),
        (
            trust("<S N=\"Enabled\">yes</S>"),
            "Enabled of the trust \"a\" is not true or false",
        ),
        (
            trust("<I32 N=\"TokenLifetime\">-1</I32>"),
            "TokenLifetime of the trust \"a\" is not minutes",
        ),
        (
            trust("<I32 N=\"TokenLifetime\">many</I32>"),
            "a number is none",
        ),
        (trust("<BA N=\"Notes\">*</BA>"), "no base64"),
        (
            trust(
                "<Obj N=\"SamlEndpoints\" RefId=\"1\"><LST><S>Microsoft.IdentityServer.SamlEndpoint</S></LST></Obj>",
            ),
            "-Depth 5",
        ),
    ];
    for (text, expected) in cases {
        let error = read_export(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
