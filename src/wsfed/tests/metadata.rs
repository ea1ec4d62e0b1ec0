//! FederationMetadata.xml as it leaves.

use super::*;

fn metadata(keys: &KeyRing) -> String {
    let active = ["https://idp.test/adfs/services/trust/2005/usernamemixed"];
    metadata_with(keys, &active, &["https://idp.test/partners"])
}

fn metadata_with(keys: &KeyRing, active: &[&str], issuers: &[&str]) -> String {
    let endpoints = Endpoints {
        passive: "https://idp.test/adfs/ls/",
        active,
        issuers,
        claim_types: &["http://schemas.xmlsoap.org/claims/UPN"],
        saml2: saml2::Endpoints {
            entity_id: "https://idp.test/partners",
            single_sign_on: "https://idp.test/saml2/sso",
            single_logout: "https://idp.test/saml2/slo",
            name_id_formats: &[NameIdFormat::Persistent],
        },
    };
    federation_metadata(&endpoints, keys).unwrap()
}

#[test]
fn the_metadata_is_the_golden_one() {
    let keys = KeyRing::new(create_signing_key("idp", 1).unwrap().signer, None);
    let document = metadata(&keys);
    let certificate = keys.current().certificate().base64();
    let id = document.split_once(" ID=\"").unwrap().1;
    let id = id.split_once('"').unwrap().0;
    let fixed = without_signature(&document)
        .replace(certificate, "[certificate]")
        .replace(id, "_id");
    assert_eq!(fixed, include_str!("../golden/metadata.xml").trim_end());
}

#[test]
fn each_address_and_each_issuer_is_named() {
    let keys = KeyRing::new(create_signing_key("idp", 1).unwrap().signer, None);
    let told = |active: &[&str], issuers: &[&str]| {
        let document = metadata_with(&keys, active, issuers);
        let root = xml::read(document.as_bytes(), &Limits::default()).unwrap();
        let role = descendant(&root, "RoleDescriptor").unwrap();
        let of_kind = |kind: &str| {
            let found = role.elements().filter(|it| it.local_name() == kind);
            found
                .map(|it| {
                    descendant(it, "Address")
                        .unwrap()
                        .text()
                        .unwrap()
                        .to_owned()
                })
                .collect::<Vec<_>>()
        };
        let names = descendant(role, "LogicalServiceNamesOffered");
        let names = names.map(|names| {
            let uris = names.elements().map(|name| name.attribute("Uri").unwrap());
            uris.map(str::to_owned).collect::<Vec<_>>()
        });
        let passive = of_kind("PassiveRequestorEndpoint");
        assert_eq!(passive, ["https://idp.test/adfs/ls/"]);
        (of_kind("SecurityTokenServiceEndpoint"), names)
    };
    let passive = "https://idp.test/adfs/ls/";
    assert_eq!(told(&[], &["urn:a"]), (vec![passive.to_owned()], None));
    let (active, names) = told(&["https://a.test/", "https://b.test/"], &["urn:a", "urn:b"]);
    assert_eq!(active, ["https://a.test/", "https://b.test/"]);
    assert_eq!(names.unwrap(), ["urn:a", "urn:b"]);
}

/// Entra learns of the next certificate from here; whoever could change one would be its issuer.
#[test]
fn each_role_has_both_certificates_and_the_whole_is_signed() {
    let current = create_signing_key("current", 30).unwrap().signer;
    let next = create_signing_key("next", 60).unwrap().signer;
    let expected = [current.certificate(), next.certificate()]
        .map(|certificate| certificate.base64().to_owned());
    let keys = KeyRing::new(current, Some(next.certificate().clone()));
    let document = metadata(&keys);
    let root = xml::read(document.as_bytes(), &Limits::default()).unwrap();
    let key = keys.current().certificate().public_key();
    let verified = xml::verify_enveloped(&root, &[key], &SignaturePolicy::SHA2).unwrap();
    let roles: Vec<_> = verified
        .element()
        .elements()
        .filter(|child| child.local_name() != "Signature")
        .collect();
    let names: Vec<_> = roles.iter().map(|role| role.local_name()).collect();
    assert_eq!(names, ["RoleDescriptor", "IDPSSODescriptor"]);
    for role in roles {
        let announced: Vec<_> = role
            .elements()
            .filter(|child| child.local_name() == "KeyDescriptor")
            .map(|child| {
                descendant(child, "X509Certificate")
                    .unwrap()
                    .text()
                    .unwrap()
            })
            .collect();
        assert_eq!(announced, expected);
    }
    for (from, to) in [
        ("/adfs/ls/", "/adfs/lt/"),
        ("fed:SecurityTokenServiceType", "fed:ApplicationServiceType"),
        ("wsfed/federation/200706\"", "wsfed/federation/200707\""),
    ] {
        let forged = document.replacen(from, to, 1);
        assert_ne!(forged, document, "{from}");
        let root = xml::read(forged.as_bytes(), &Limits::default()).unwrap();
        assert!(
            xml::verify_enveloped(&root, &[key], &SignaturePolicy::SHA2).is_err(),
            "{from}"
        );
    }
}
