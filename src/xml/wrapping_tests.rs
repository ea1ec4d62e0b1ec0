//! Signature wrapping: the eight permutations of "On Breaking SAML" (2012), by the names that SAML
//! Raider gave them, on signed Responses, Assertions and requests.

use super::{
    Element, Limits, ReadCause, SignatureError, SignaturePolicy, read, samples,
    samples::{all, canonical, key, parsed},
    verify_enveloped,
};

/// A document around one signed element, in pieces of text, and what a forger would have it say.
struct Victim {
    before: String,
    signed: String,
    after: String,
    honest: String,
    forged: String,
}

/// All eight, on the first element `name` of a signed document, by their names: with an identifier of
/// the forged element's own, and with none. The forged element says `forged` instead of `honest`.
pub(crate) fn wrapped(
    document: &str,
    name: &str,
    honest: &str,
    forged: &str,
) -> Vec<(&'static str, String)> {
    let mut victim = Victim::new(document, name);
    assert!(victim.signed.contains(honest), "{honest}");
    (victim.honest, victim.forged) = (honest.to_owned(), forged.to_owned());
    PERMUTATIONS
        .into_iter()
        .flat_map(|(name, wrap, _)| [" ID=\"_evil\"", ""].map(|id| (name, wrap(&victim, id))))
        .collect()
}

impl Victim {
    /// The document whose signed element is the first of this name.
    fn new(document: &str, name: &str) -> Self {
        let start = document.find(&format!("<{name} ")).unwrap();
        let tail = format!("</{name}>");
        let end = document.rfind(&tail).unwrap() + tail.len();
        let (mut before, mut after) = (document[..start].to_owned(), document[end..].to_owned());
        if before.is_empty() {
            // Wrapping beside the root needs something around both.
            before = "<w:around xmlns:w=\"urn:w\">".to_owned();
            after = "</w:around>".to_owned();
        }
        Self {
            before,
            signed: document[start..end].to_owned(),
            after,
            honest: "https://idp.example/".to_owned(),
            forged: "https://evil.example/".to_owned(),
        }
    }

    fn signature(&self) -> &str {
        let start = self.signed.find("<ds:Signature ").unwrap();
        let tail = "</ds:Signature>";
        &self.signed[start..self.signed.find(tail).unwrap() + tail.len()]
    }

    fn unsigned(&self) -> String {
        self.signed.replacen(self.signature(), "", 1)
    }

    /// The signed element with another identifier and other content, and with `inside` where its
    /// signature was.
    fn evil(&self, id: &str, inside: &str) -> String {
        let at = self.signed.find(self.signature()).unwrap();
        let (head, tail) = self.signed.split_at(at);
        // What is inside it must not share identifiers with the original either.
        let tail = tail
            .replacen(self.signature(), "", 1)
            .replace(" ID=\"", " ID=\"_evil");
        let (start, rest) = head.split_once(" ID=\"").unwrap();
        let (_, rest) = rest.split_once('"').unwrap();
        let [rest, tail] = [rest, &tail].map(|text| text.replace(&self.honest, &self.forged));
        format!("{start} Evil=\"yes\"{id}{rest}{inside}{tail}")
    }

    fn id(&self) -> String {
        let (_, rest) = self.signed.split_once(" ID=\"").unwrap();
        format!(" ID=\"{}\"", rest.split_once('"').unwrap().0)
    }

    fn around(&self, content: &str) -> String {
        format!("{}{content}{}", self.before, self.after)
    }

    fn signature_with(&self, last: &str) -> String {
        let tail = "</ds:Signature>";
        self.signature().replacen(tail, &format!("{last}{tail}"), 1)
    }
}

type Wrap = fn(&Victim, &str) -> String;

/// Name, construction, and why the forged element is refused.
const PERMUTATIONS: [(&str, Wrap, SignatureError); 8] = [
    (
        "XSW1: forged element with the signature, which holds the original",
        |v, id| v.evil(id, &v.signature_with(&v.unsigned())),
        SignatureError::Malformed("Signature"),
    ),
    (
        "XSW2: forged element with the original and then the signature",
        |v, id| v.evil(id, &format!("{}{}", v.unsigned(), v.signature())),
        SignatureError::Reference,
    ),
    (
        "XSW3: forged element before the original",
        |v, id| v.around(&format!("{}{}", v.evil(id, ""), v.signed)),
        SignatureError::Missing,
    ),
    (
        "XSW4: forged element around the original",
        |v, id| v.around(&v.evil(id, &v.signed)),
        SignatureError::Missing,
    ),
    (
        "XSW5: forged element with the signature, the original at the end",
        |v, id| v.around(&format!("{}{}", v.evil(id, v.signature()), v.unsigned())),
        SignatureError::Reference,
    ),
    (
        "XSW6: forged element with the signature, the original within that, wrapped",
        |v, id| v.around(&v.evil(id, &v.signature_with(&v.unsigned()))),
        SignatureError::Malformed("Signature"),
    ),
    (
        "XSW7: forged element in Extensions before the original",
        |v, id| {
            let extensions = format!(
                "<e:Extensions xmlns:e=\"urn:e\">{}</e:Extensions>",
                v.evil(id, "")
            );
            v.around(&format!("{extensions}{}", v.signed))
        },
        SignatureError::Missing,
    ),
    (
        "XSW8: forged element with the signature, the original in its Object",
        |v, id| {
            let object = format!("<ds:Object>{}</ds:Object>", v.unsigned());
            v.around(&v.evil(id, &v.signature_with(&object)))
        },
        SignatureError::Malformed("Signature"),
    ),
];

fn victims() -> [(&'static str, Victim); 4] {
    [
        (
            "Response",
            Victim::new(&samples::response(true, false), "samlp:Response"),
        ),
        (
            "Assertion",
            Victim::new(&samples::response(false, true), "saml:Assertion"),
        ),
        (
            "both signed",
            Victim::new(&samples::response(true, true), "samlp:Response"),
        ),
        (
            "AuthnRequest",
            Victim::new(&samples::authn_request(), "samlp:AuthnRequest"),
        ),
    ]
}

#[test]
fn nothing_but_the_original_is_verified_in_a_wrapped_document() {
    for (what, victim) in victims() {
        let genuine = parsed(&victim.around(&victim.signed));
        let verified = |root: &Element| {
            let results = all(root).into_iter().map(|element| {
                verify_enveloped(element, &[key()], &SignaturePolicy::SHA2).map(|v| canonical(&v))
            });
            results.filter_map(Result::ok).collect::<Vec<_>>()
        };
        let originals = verified(&genuine);
        assert!(!originals.is_empty(), "{what}");

        for (name, wrap, expected) in PERMUTATIONS {
            for id in [" ID=\"_evil\"", ""] {
                let root = parsed(&wrap(&victim, id));
                let elements = all(&root);
                let mut forged = elements.iter().filter(|e| e.attribute("Evil").is_some());
                let result =
                    verify_enveloped(forged.next().unwrap(), &[key()], &SignaturePolicy::SHA2);
                assert_eq!(result.unwrap_err(), expected, "{what}, {name}, {id:?}");
                for element in verified(&root) {
                    assert!(originals.contains(&element), "{what}, {name}: {element}");
                }
            }
            let same_id = wrap(&victim, &victim.id());
            let refused = read(same_id.as_bytes(), &Limits::default()).unwrap_err();
            assert_eq!(refused.cause(), ReadCause::DuplicateId, "{what}, {name}");
        }
    }
}
