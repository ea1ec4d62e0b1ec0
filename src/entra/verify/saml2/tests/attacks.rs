//! Answers that somebody has put together out of a good one. Alexandra has signed in; Alex is whom the
//! attacker would be. Whoever reads the forged part signs Alex in, since nothing else is wrong with it.

use super::*;
use crate::{
    entra::fixture::document::{attribute, saml, samlp},
    xml::wrapping_tests::wrapped,
};
use Aadsts::{InvalidSamlToken, InvalidXml};

const HONEST: &str = "alexandra";
const FORGED: &str = "alex";

/// An answer about somebody, to a request that anybody may answer.
fn about(who: &str) -> Case {
    let mut case = Case::new();
    case.request.whom = Whom::AnybodyOf {
        domain: fixture::domain("partners.contoso.com"),
        hinted: None,
    };
    let email = format!("{who}@partners.contoso.com");
    who.clone_into(&mut case.assertion().at("Subject/NameID").text);
    let value = "AttributeStatement/Attribute/AttributeValue";
    case.assertion().at(value).text = email;
    case
}

/// The refusal of a document in place of Alexandra's.
fn refused_document(document: &str) -> Refusal {
    let verdict = about(HONEST).judge_document(document);
    verdict.result.expect_err(document)
}

#[test]
fn the_forged_parts_are_good_but_for_the_signature() {
    for who in [HONEST, FORGED] {
        let signed_in = about(who).judge().result.unwrap();
        assert_eq!(signed_in.immutable_id, who);
    }
}

/// "On Breaking SAML", by the names of SAML Raider.
#[test]
fn xsw_1_to_8_on_assertions_and_on_responses() {
    let mut case = about(HONEST);
    let assertion_signed = case.response.to_xml();
    case.response.signer = Some(&CURRENT);
    let both_signed = case.response.to_xml();
    case.assertion().signer = None;
    let response_signed = case.response.to_xml();
    for (document, name) in [
        (&assertion_signed, "saml:Assertion"),
        (&both_signed, "saml:Assertion"),
        (&both_signed, "samlp:Response"),
        (&response_signed, "samlp:Response"),
    ] {
        let attacks = wrapped(document, name, HONEST, FORGED);
        assert_eq!(attacks.len(), 16);
        for (attack, forged) in attacks {
            let verdict = case.judge_document(&forged);
            assert!(verdict.result.is_err(), "{attack} on {name}: {forged}");
        }
    }
}

/// The signature covers neither of them, and a careless reader takes the text in front of them for all.
#[test]
fn no_comment_and_no_instruction_cuts_a_value_short() {
    let document = about(HONEST).response.to_xml();
    let places = [
        // NameID and IDPEmail: "alex" is somebody, and so is "alex@partners.contoso.com".
        (">alexandra<", ">alex|andra<"),
        (">alexandra@", ">alex@partners.contoso.com|alexandra@"),
        (ISSUER, "https://idp.contoso.com|/partners"),
        (AUDIENCE, "urn:federation|:MicrosoftOnline"),
    ];
    for inserted in ["<!-- -->", "<!---->", "<?x y?>", "<?x?>"] {
        for (whole, cut) in places {
            let changed = document.replace(whole, &cut.replace('|', inserted));
            assert_ne!(changed, document, "{whole} is not there");
            let refusal = refused_document(&changed);
            assert_eq!(refusal.code, InvalidXml, "{inserted} in {whole}");
        }
    }
}

/// Character data in brackets would be text to some readers and nothing to others.
#[test]
fn character_data_in_brackets_hides_nothing() {
    let document = about(HONEST).response.to_xml();
    for (whole, marked) in [
        (">alexandra<", "><![CDATA[alexandra]]><"),
        (">alexandra<", ">alex<![CDATA[andra]]><"),
        (">alexandra@", "><![CDATA[alexandra]]>@"),
        (
            "</saml:Subject>",
            "<![CDATA[<saml:NameID>alex</saml:NameID>]]></saml:Subject>",
        ),
    ] {
        let changed = document.replace(whole, marked);
        assert_ne!(changed, document);
        assert_eq!(refused_document(&changed).code, InvalidXml, "{marked}");
    }
}

#[test]
fn nothing_is_there_twice() {
    let document = about(HONEST).response.to_xml();
    for (once, twice) in [
        ("ID=\"_r\"", "ID=\"_a\""),
        (" ID=\"_a\"", " ID=\"_a\" ID=\"_b\""),
        (
            "Destination=",
            "Destination=\"https://evil.example/\" Destination=",
        ),
        (
            "NotOnOrAfter=",
            "NotOnOrAfter=\"2999-01-01T00:00:00Z\" NotOnOrAfter=",
        ),
    ] {
        let changed = document.replacen(once, twice, 1);
        assert_ne!(changed, document, "{once} is not there");
        assert_eq!(refused_document(&changed).code, InvalidXml, "{twice}");
    }
}

/// Each of them would be good alone.
#[test]
fn two_signed_assertions_are_one_too_many() {
    let mut case = about(HONEST);
    let mut second = case.assertion().clone();
    second.set("ID", "_b");
    FORGED.clone_into(&mut second.at("Subject/NameID").text);
    let email = "AttributeStatement/Attribute/AttributeValue";
    second.at(email).text = format!("{FORGED}@partners.contoso.com");
    case.response.children.push(second);
    let refusal = case.judge().result.unwrap_err();
    assert_eq!(refusal.code, InvalidSamlToken);
    assert!(
        refusal.detail.contains("2 assertions"),
        "{}",
        refusal.detail
    );
}

/// What stands round the signed assertion is nobody's word.
#[test]
fn nothing_is_read_from_beside_the_assertion() {
    let statement =
        || saml("AttributeStatement").holding([attribute("IDPEmail", "alex@partners.contoso.com")]);
    for stranger in [statement(), saml("Subject"), saml("AuthnStatement")] {
        let mut case = about(HONEST);
        case.response.children.push(stranger);
        let refusal = case.judge().result.unwrap_err();
        assert_eq!(refusal.code, InvalidSamlToken);
        assert!(
            refusal.detail.contains("not understood"),
            "{}",
            refusal.detail
        );
    }
    // Where anything may stand, it says nothing.
    let mut case = about(HONEST);
    let extensions = samlp("Extensions").holding([statement()]);
    case.response.children.insert(1, extensions);
    let signed_in = case.judge().result.unwrap();
    assert_eq!(signed_in.immutable_id, HONEST);
}
