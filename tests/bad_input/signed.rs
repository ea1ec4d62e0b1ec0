//! Requests that must be signed, and are signed by nobody who may, or around what was not signed.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use homerealm::{
    keys::{Signer, create_signing_key},
    xml::{CanonicalWriter, Name},
};

use crate::{
    provider::{Provider, SP, redirect_parameter},
    raw::{Raw, must_be_refused},
};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SIGNATURE: &str = "is refused";

const fn samlp(local: &'static str) -> Name {
    Name {
        prefix: "samlp",
        namespace: PROTOCOL,
        local,
    }
}

/// A request as the relying party signs it.
fn signed(signer: &Signer, id: &str) -> String {
    let now = homerealm::saml2::format_timestamp(time::OffsetDateTime::now_utc());
    let mut writer = CanonicalWriter::new();
    let plain = |local| Name {
        prefix: "",
        namespace: "",
        local,
    };
    writer.open_signed(
        samlp("AuthnRequest"),
        "ID",
        id,
        &[(plain("IssueInstant"), &now), (plain("Version"), "2.0")],
    );
    let issuer = Name {
        prefix: "saml",
        namespace: ASSERTION,
        local: "Issuer",
    };
    writer.leaf(issuer, &[], SP);
    writer.signature_here();
    writer.close_signed(signer);
    writer.finish().expect("a document")
}

fn post(message: &str) -> Raw {
    Raw::form("/saml2/sso", &[("SAMLRequest", STANDARD.encode(message))])
}

/// A document in its parts: everything before the signature, the signature, everything behind.
fn parts(document: &str) -> (&str, &str, &str) {
    let start = document.find("<ds:Signature").expect("a signature");
    let end = document.find("</ds:Signature>").expect("its end") + "</ds:Signature>".len();
    (&document[..start], &document[start..end], &document[end..])
}

/// A root that asks for somebody else's benefit, with what is given inside it.
fn evil(id: &str, inside: &str, behind: &str) -> String {
    let now = homerealm::saml2::format_timestamp(time::OffsetDateTime::now_utc());
    format!(
        "<samlp:AuthnRequest xmlns:samlp=\"{PROTOCOL}\" ForceAuthn=\"true\" ID=\"{id}\" \
         IssueInstant=\"{now}\" Version=\"2.0\"><saml:Issuer xmlns:saml=\"{ASSERTION}\">{SP}\
         </saml:Issuer>{inside}{behind}</samlp:AuthnRequest>"
    )
}

pub(crate) async fn wrapped_requests(provider: &Provider, signer: &Signer) {
    let good = signed(signer, "_good");
    assert!(post(&good).send(provider).await.is_sign_in_page());

    let (before, signature, behind) = parts(&good);
    let unsigned = format!("{before}{behind}");
    let extended = |what: &str| format!("<samlp:Extensions>{what}</samlp:Extensions>");
    // The signature with the signed element as its ds:Object.
    let with_object = |what: &str| {
        signature.replace(
            "</ds:Signature>",
            &format!("<ds:Object>{what}</ds:Object></ds:Signature>"),
        )
    };
    let in_root = |more: &str| format!("{before}{signature}{more}{behind}");
    let subject = format!(
        "<saml:Subject xmlns:saml=\"{ASSERTION}\"><saml:NameID>evil</saml:NameID></saml:Subject>"
    );
    for (case, document, cause) in [
        (
            "1: the signed one inside",
            evil("_evil", &extended(&good), ""),
            "not signed",
        ),
        (
            "2: signature outside, signed one inside",
            evil("_evil", signature, &extended(&unsigned)),
            SIGNATURE,
        ),
        (
            "3: signed one in the signature",
            evil("_evil", &with_object(&unsigned), ""),
            SIGNATURE,
        ),
        (
            "4: the same ID twice",
            evil("_good", signature, &extended(&unsigned)),
            "cannot be read",
        ),
        (
            "5: the same ID, signed one whole",
            evil("_good", signature, &extended(&good)),
            "cannot be read",
        ),
        (
            "6: the same ID alone",
            evil("_good", signature, ""),
            SIGNATURE,
        ),
        ("7: two signatures", in_root(signature), SIGNATURE),
        ("8: a child more", in_root(&subject), SIGNATURE),
        (
            "9: a child in front",
            good.replacen("<saml:Issuer", &format!("{subject}<saml:Issuer"), 1),
            SIGNATURE,
        ),
        (
            "10: an attribute more",
            good.replacen(" ID=", " ForceAuthn=\"true\" ID=", 1),
            SIGNATURE,
        ),
        (
            "11: the ID of another",
            good.replacen("ID=\"_good\"", "ID=\"_evil\"", 1),
            SIGNATURE,
        ),
        (
            "12: reference to the document",
            good.replace("URI=\"#_good\"", "URI=\"\""),
            SIGNATURE,
        ),
        (
            "13: reference to nothing",
            good.replace("URI=\"#_good\"", "URI=\"#_none\""),
            SIGNATURE,
        ),
        (
            "14: reference elsewhere",
            good.replace("URI=\"#_good\"", "URI=\"https://evil.test/\""),
            SIGNATURE,
        ),
        (
            "15: xpointer",
            good.replace("URI=\"#_good\"", "URI=\"#xpointer(id('_good'))\""),
            SIGNATURE,
        ),
        (
            "16: signature in Extensions",
            format!("{before}{}{behind}", extended(signature)),
            "not signed",
        ),
        ("17: signature stripped", unsigned.clone(), "not signed"),
        (
            "18: emptied value",
            good.replacen(&value(&good), "", 1),
            SIGNATURE,
        ),
        (
            "19: signature in another namespace",
            good.replace(
                "http://www.w3.org/2000/09/xmldsig#\"",
                "http://www.w3.org/2000/09/xmldsig\"",
            ),
            "not signed",
        ),
        (
            "20: an XSLT transform",
            good.replacen(
                "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
                "http://www.w3.org/TR/1999/REC-xslt-19991116",
                1,
            ),
            SIGNATURE,
        ),
    ] {
        let answer = post(&document).send(provider).await;
        must_be_refused(provider, &answer, 400, cause, case).await;
        // By the other binding, where nothing but the query's signature counts or the message's.
        let query = format!("/saml2/sso?SAMLRequest={}", redirect_parameter(&document));
        let answer = Raw::get(query).send(provider).await;
        must_be_refused(provider, &answer, 400, cause, case).await;
    }
    assert!(post(&good).send(provider).await.is_sign_in_page());
}

fn value(document: &str) -> String {
    let (_, rest) = document.split_once("<ds:SignatureValue>").expect("a value");
    rest.split('<').next().expect("an end").to_owned()
}

pub(crate) async fn confused_algorithms(provider: &Provider, signer: &Signer) {
    const RSA: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let good = signed(signer, "_good");
    assert!(good.contains(RSA));
    let public_key = signer.certificate();
    // HMAC under what everybody knows: the relying party's public key and certificate.
    for (algorithm, kind) in [
        (
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
            hmac::HMAC_SHA256,
        ),
        (
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        ),
    ] {
        let confused = good.replace(RSA, algorithm);
        let start = confused.find("<ds:SignedInfo>").expect("SignedInfo");
        let end = confused.find("</ds:SignedInfo>").expect("its end") + "</ds:SignedInfo>".len();
        let canonical = confused[start..end].replacen(
            "<ds:SignedInfo>",
            "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
            1,
        );
        let pem = public_key.to_pem();
        let der = STANDARD.decode(public_key.base64()).expect("base64");
        for secret in [pem.as_bytes(), der.as_slice(), b""] {
            let tag = hmac::sign(&hmac::Key::new(kind, secret), canonical.as_bytes());
            let document = confused.replace(&value(&good), &STANDARD.encode(tag));
            let answer = post(&document).send(provider).await;
            must_be_refused(provider, &answer, 400, SIGNATURE, algorithm).await;
        }
    }
    for weaker in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "none",
        "",
    ] {
        let answer = post(&good.replace(RSA, weaker)).send(provider).await;
        must_be_refused(provider, &answer, 400, SIGNATURE, weaker).await;
    }
    let sha1 = good.replace(
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2000/09/xmldsig#sha1",
    );
    let answer = post(&sha1).send(provider).await;
    must_be_refused(provider, &answer, 400, SIGNATURE, "a SHA-1 digest").await;

    // The attacker's own key, with its certificate in KeyInfo; and the right certificate shown
    // beside it.
    let attacker = create_signing_key("sp.test", 30).expect("a key").signer;
    let theirs = signed(&attacker, "_good");
    assert!(theirs.contains(attacker.certificate().base64()));
    let dressed = theirs.replace(attacker.certificate().base64(), public_key.base64());
    let bare = {
        let start = theirs.find("<ds:KeyInfo>").expect("KeyInfo");
        let end = theirs.find("</ds:KeyInfo>").expect("its end") + "</ds:KeyInfo>".len();
        format!("{}{}", &theirs[..start], &theirs[end..])
    };
    for document in [theirs, dressed, bare] {
        let answer = post(&document).send(provider).await;
        must_be_refused(provider, &answer, 400, SIGNATURE, "another's key").await;
    }
}

/// Games with the octets that a query's signature is over.
pub(crate) async fn signed_queries(provider: &Provider, signer: &Signer) {
    const SHA256: &str = "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256";
    const SHA1: &str = "http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1";
    let message = crate::provider::Asked::new().to_xml();
    let request = format!("SAMLRequest={}", redirect_parameter(&message));
    let sign = |octets: &str, key: &Signer| {
        let signature = STANDARD.encode(key.sign_rsa_sha256(octets.as_bytes()).expect("signed"));
        let signature: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
        format!("{octets}&Signature={signature}")
    };
    let with_state = sign(
        &format!("{request}&RelayState=a%20b&SigAlg={SHA256}"),
        signer,
    );
    let without = sign(&format!("{request}&SigAlg={SHA256}"), signer);
    let open = |query: String| Raw::get(format!("/saml2/sso?{query}"));
    for good in [&with_state, &without] {
        assert!(open(good.clone()).send(provider).await.is_sign_in_page());
    }
    let attacker = create_signing_key("sp.test", 30).expect("a key").signer;
    let other = redirect_parameter(&crate::provider::Asked::new().to_xml());
    let holds_not = "does not hold";
    for (query, cause) in [
        (request.clone(), "not signed"),
        (
            sign(&format!("{request}&SigAlg={SHA256}"), &attacker),
            holds_not,
        ),
        (with_state.replace("a%20b", "a+b"), holds_not),
        (with_state.replace("a%20b", "evil"), holds_not),
        (with_state.replace("&RelayState=a%20b", ""), holds_not),
        (
            with_state.replace(&request, &format!("SAMLRequest={other}")),
            holds_not,
        ),
        (format!("{without}&RelayState=evil"), holds_not),
        (format!("{without}&%52elayState=evil"), "parameters"),
        (format!("{without}&RelayState"), "parameters"),
        (format!("SAMLRequest={other}&{without}"), "more than once"),
        (format!("%53AMLRequest={other}&{without}"), "more than once"),
        (format!("{without}&Signature=evil"), "more than once"),
        (format!("{without}&SigAlg=evil"), "more than once"),
        (without.replace(SHA256, SHA1), "SigAlg"),
        (without.replace(SHA256, ""), "SigAlg"),
        (without.replace("rsa-sha256", "hmac-sha256"), "SigAlg"),
        (without.replace("rsa-sha256", "rsa-sha512"), holds_not),
        (
            without.replace(&format!("&SigAlg={SHA256}"), ""),
            "parameters",
        ),
        (format!("{request}&SigAlg={SHA256}&Signature="), holds_not),
        (
            format!("{request}&SigAlg={SHA256}&Signature=%21"),
            "parameters",
        ),
    ] {
        let answer = open(query).send(provider).await;
        must_be_refused(provider, &answer, 400, cause, cause).await;
    }
}
