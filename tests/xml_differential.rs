//! Homerealm's XML against what others make of it: `xmlsec1` (libxml2 and OpenSSL), `lxml`
//! (libxml2's canonical form from Python) and `signxml`.

// The helpers of a test may panic like the test, and documents that are generated need no haste.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(clippy::format_collect, clippy::format_push_string)]

mod strangers;

#[path = "xml_differential/arbitrary.rs"]
mod arbitrary;
#[path = "xml_differential/documents.rs"]
mod documents;
#[path = "xml_differential/mutation.rs"]
mod mutation;
#[path = "xml_differential/random.rs"]
mod random;
#[path = "xml_differential/workplace.rs"]
mod workplace;

use std::{fs, process::Command};

use aws_lc_rs::digest;
use documents::{ASSERTION, REQUEST, Sample, samples};
use homerealm::{
    keys::SignatureAlgorithm,
    xml::{
        Element, InclusivePrefixes, Limits, SignatureError, SignaturePolicy, exclusive_c14n, read,
        verify_enveloped,
    },
};
use random::Random;
use workplace::Workplace;

fn canonical(element: &Element, list: &str) -> String {
    exclusive_c14n(element, &InclusivePrefixes::parse(list).unwrap()).unwrap()
}

fn parsed(text: &str) -> Element {
    read(text.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn canonical_forms_are_those_of_libxml2() {
    let place = Workplace::new("canonical");
    let mut random = Random::new(20_021_018);
    let cases: Vec<_> = (0..400)
        .map(|_| arbitrary::arbitrary(&mut random))
        .collect();
    let forms: Vec<String> = cases
        .iter()
        .map(|case| {
            let root = parsed(&case.document);
            let apex = case
                .apex
                .iter()
                .fold(&root, |at, &child| at.elements().nth(child).unwrap());
            canonical(apex, &case.list)
        })
        .collect();
    for (index, case) in cases.iter().enumerate() {
        let apex: Vec<String> = case.apex.iter().map(ToString::to_string).collect();
        place.write(&format!("{index}.xml"), &case.document);
        place.write(&format!("{index}.apex"), &apex.join("\n"));
        place.write(&format!("{index}.list"), &case.list);
    }
    strangers::run(
        Command::new(strangers::python())
            .arg(workplace::helper("canonical.py"))
            .arg(place.path("")),
    );
    for (index, (case, ours)) in cases.iter().zip(&forms).enumerate() {
        let theirs = fs::read_to_string(place.path(&format!("{index}.lxml"))).unwrap();
        assert_eq!(
            *ours, theirs,
            "{index}: PrefixList {:?} of {}",
            case.list, case.document
        );
    }
    // The corpus is only as good as what it makes happen.
    for telling in [
        " xmlns=\"\"",
        " xmlns:p=\"",
        " xml:lang=\"",
        "&#xD;",
        "&#x9;",
        "&gt;",
        " xmlns=\"urn:",
    ] {
        let count = forms.iter().filter(|form| form.contains(telling)).count();
        assert!(count > 20, "{telling} occurs in {count} forms only");
    }
    let kept = cases.iter().zip(&forms);
    let kept = kept.filter(|(case, form)| {
        let root = parsed(&case.document);
        let apex = case
            .apex
            .iter()
            .fold(&root, |at, &child| at.elements().nth(child).unwrap());
        canonical(apex, "") != **form
    });
    assert!(kept.count() > 50, "PrefixList rarely makes a difference");
}

#[test]
fn what_homerealm_signs_verifies_elsewhere_and_tampered_it_does_not() {
    let place = Workplace::new("ours");
    for sample in samples(&place.signer) {
        let genuine = place.write(&format!("{}.xml", sample.name), &sample.text);
        let tampered = sample.text.replacen("wendy", "mandy", 1);
        assert_ne!(tampered, sample.text);
        let tampered = place.write(&format!("{}-tampered.xml", sample.name), &tampered);

        for signed in &sample.signed {
            let xpath = signed.signature_xpath();
            assert!(
                place.xmlsec1_trusts(&genuine, signed, &xpath),
                "{}: {signed:?}",
                sample.name
            );
            assert!(
                !place.xmlsec1_trusts(&tampered, signed, &xpath),
                "{}",
                sample.name
            );

            let answers = strangers::run(
                Command::new(strangers::python())
                    .arg(workplace::helper("verify.py"))
                    .arg(place.certificate())
                    .arg(signed.clark_name())
                    .args([&genuine, &tampered]),
            );
            let answers = String::from_utf8(answers.stdout).unwrap();
            let [good, bad] = answers.lines().collect::<Vec<_>>()[..] else {
                panic!("{answers}");
            };
            // And both hand out the same thing.
            let root = parsed(&sample.text);
            let element = signed.find(&root).unwrap();
            let keys = [place.signer.certificate().public_key()];
            let ours = verify_enveloped(element, &keys, &SignaturePolicy::SHA2).unwrap();
            let digest = digest::digest(&digest::SHA256, canonical(&ours, "").as_bytes());
            let hex: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(good, format!("ok {hex}"), "{}", sample.name);
            assert!(bad.starts_with("refused "), "{}: {bad}", sample.name);
        }
    }
}

#[test]
fn what_signxml_signs_verifies_here() {
    let place = Workplace::new("signxml");
    let document = place.write("request.xml", documents::UNTIDY_REQUEST);
    strangers::run(
        Command::new(strangers::python())
            .arg(workplace::helper("sign.py"))
            .args([
                &place.key(),
                &place.certificate(),
                &document,
                &place.path(""),
            ]),
    );
    for (variant, algorithm) in [
        ("sha256", SignatureAlgorithm::RsaSha256),
        ("sha384", SignatureAlgorithm::RsaSha384),
        ("sha512", SignatureAlgorithm::RsaSha512),
        ("sha1", SignatureAlgorithm::RsaSha1),
    ] {
        for list in ["", "-list"] {
            let text = fs::read_to_string(place.path(&format!("{variant}{list}.xml"))).unwrap();
            assert_eq!(text.contains("PrefixList"), !list.is_empty());
            expect_genuine(&place, &text, algorithm);
        }
    }
}

#[test]
fn what_xmlsec1_signs_verifies_here() {
    let place = Workplace::new("xmlsec1");
    for (algorithm, method, digest) in [
        (
            SignatureAlgorithm::RsaSha256,
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "http://www.w3.org/2001/04/xmlenc#sha256",
        ),
        (
            SignatureAlgorithm::RsaSha512,
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
            "http://www.w3.org/2001/04/xmldsig-more#sha384",
        ),
        (
            SignatureAlgorithm::RsaSha1,
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            "http://www.w3.org/2000/09/xmldsig#sha1",
        ),
    ] {
        for (info_list, content_list) in [("", ""), ("xs", "xs #default xsi"), ("#default", "")] {
            let template = documents::template(method, digest, info_list, content_list);
            let text = place.xmlsec1_signs(&template, &REQUEST);
            expect_genuine(&place, &text, algorithm);
        }
    }
}

/// xmlsec1's canonical form, asked for by its digest, since lxml knows no `#default`.
#[test]
fn canonical_forms_are_those_of_xmlsec1_with_any_list() {
    let place = Workplace::new("lists");
    let mut random = Random::new(20_080_502);
    let prefixes = ["#default", "p", "q", "xs", "absent"];
    let mut with_default = 0;
    for _ in 0..60 {
        let content = arbitrary::arbitrary(&mut random).document;
        let (info, list) = (
            arbitrary::prefix_list(&mut random, &prefixes),
            arbitrary::prefix_list(&mut random, &prefixes),
        );
        with_default += usize::from(list.contains("#default"));
        let template = documents::template(
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "http://www.w3.org/2001/04/xmlenc#sha256",
            &info,
            &list,
        );
        let template = template.replacen("<e xmlns=''/>", &content, 1);
        let text = place.xmlsec1_signs(&template, &REQUEST);
        expect_genuine(&place, &text, SignatureAlgorithm::RsaSha256);
    }
    assert!(with_default > 20, "{with_default}");
}

/// Verified by its own policy, refused without SHA-1 if it has it, and refused when altered.
fn expect_genuine(place: &Workplace, text: &str, algorithm: SignatureAlgorithm) {
    let keys = [place.signer.certificate().public_key()];
    let root = parsed(text);
    let verified = verify_enveloped(&root, &keys, &SignaturePolicy::SHA1_TOO)
        .unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(verified.algorithm(), algorithm);
    let strict = verify_enveloped(&root, &keys, &SignaturePolicy::SHA2);
    match algorithm {
        SignatureAlgorithm::RsaSha1 => {
            assert_eq!(strict.unwrap_err(), SignatureError::SignatureAlgorithm);
        }
        _ => assert!(strict.is_ok()),
    }
    let altered = parsed(&text.replacen("wendy", "mandy", 1));
    let altered = verify_enveloped(&altered, &keys, &SignaturePolicy::SHA1_TOO);
    assert_eq!(altered.unwrap_err(), SignatureError::Altered);
}

#[test]
fn nothing_is_accepted_here_that_xmlsec1_refuses() {
    let place = Workplace::new("mutations");
    let mut random = Random::new(20_240_910);
    let template = documents::template(
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "",
        "xs",
    );
    let ours = samples(&place.signer);
    let assertion = ours
        .iter()
        .find(|sample| sample.name == "assertion")
        .map(Sample::text);
    let seeds = [
        (ASSERTION, assertion.unwrap().to_owned()),
        (REQUEST, place.xmlsec1_signs(&template, &REQUEST)),
    ];
    let keys = [place.signer.certificate().public_key()];
    let (mut both, mut neither, mut stricter) = (0, 0, 0);
    for (signed, text) in &seeds {
        for round in 0..250 {
            let (name, mutant) = mutation::mutate(text, &mut random);
            let here = read(mutant.as_bytes(), &Limits::default()).ok();
            let here =
                here.and_then(|root| verify_enveloped(&root, &keys, &SignaturePolicy::SHA2).ok());
            let file = place.write("mutant.xml", &mutant);
            let there = place.xmlsec1_knows(&file, signed, "/*/*[local-name()='Signature']");
            match (here.is_some(), there) {
                (true, true) => both += 1,
                (false, false) => neither += 1,
                (false, true) => stricter += 1,
                (true, false) => panic!("{name}, round {round}, accepted here only: {mutant}"),
            }
        }
    }
    println!("both {both}, neither {neither}, xmlsec1 only {stricter}");
    // Otherwise the mutations are too tame, or too wild, to tell anything.
    assert!(
        both >= 50 && neither >= 150,
        "both {both}, neither {neither}, xmlsec1 {stricter}"
    );
}
