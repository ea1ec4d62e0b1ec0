//! The documents of the comparison.

use homerealm::{
    keys::Signer,
    xml::{CanonicalWriter, Element, Name},
};

pub(crate) const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub(crate) const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub(crate) const SAML1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";

/// An element that carries a signature, as the tools have to be told about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed {
    pub(crate) id: &'static str,
    pub(crate) namespace: &'static str,
    pub(crate) local: &'static str,
}

pub(crate) const ASSERTION: Signed = Signed {
    id: "ID",
    namespace: SAML,
    local: "Assertion",
};
pub(crate) const RESPONSE: Signed = Signed {
    id: "ID",
    namespace: SAMLP,
    local: "Response",
};
pub(crate) const REQUEST: Signed = Signed {
    id: "ID",
    namespace: SAMLP,
    local: "AuthnRequest",
};
pub(crate) const ASSERTION1: Signed = Signed {
    id: "AssertionID",
    namespace: SAML1,
    local: "Assertion",
};

impl Signed {
    pub(crate) fn id_option(&self) -> [String; 2] {
        [
            format!("--id-attr:{}", self.id),
            format!("{}:{}", self.namespace, self.local),
        ]
    }

    pub(crate) fn find<'a>(&self, root: &'a Element) -> Option<&'a Element> {
        if root.is(self.namespace, self.local) {
            return Some(root);
        }
        root.elements().find_map(|child| self.find(child))
    }

    pub(crate) fn signature_xpath(&self) -> String {
        format!(
            "//*[local-name()='{}']/*[local-name()='Signature']",
            self.local
        )
    }

    pub(crate) fn clark_name(&self) -> String {
        format!("{{{}}}{}", self.namespace, self.local)
    }
}

/// A message that Homerealm signed.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    pub(crate) signed: Vec<Signed>,
}

impl Sample {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

const HARD: &str = "wendy & < > \" ' \t \r \n \r\n é 漢 😀 ]]> &amp; \u{85}\u{2028}\u{FFFD}";

const fn saml(local: &'static str) -> Name {
    Name::new("saml", SAML, local)
}

const fn saml1(local: &'static str) -> Name {
    Name::new("saml", SAML1, local)
}

const fn samlp(local: &'static str) -> Name {
    Name::new("samlp", SAMLP, local)
}

fn write_assertion(w: &mut CanonicalWriter, signer: &Signer) {
    let attributes = [
        (Name::plain("Version"), "2.0"),
        (Name::plain("IssueInstant"), "2026-01-01T00:00:00Z"),
    ];
    w.open_signed(saml("Assertion"), "ID", "_a1", &attributes);
    w.leaf(saml("Issuer"), &[], "https://idp.example/");
    w.signature_here();
    w.open(saml("Subject"), &[]);
    w.leaf(
        saml("NameID"),
        &[(Name::plain("SPNameQualifier"), HARD)],
        HARD,
    );
    w.close();
    w.leaf(
        Name::new("x", "urn:x?a;b='c'", "Advice"),
        &[
            (
                Name::new("xml", "http://www.w3.org/XML/1998/namespace", "lang"),
                "de",
            ),
            (Name::new("y", SAML, "b"), "1"),
            (Name::new("a", "urn:z", "a"), "2"),
        ],
        "",
    );
    w.close_signed(signer);
}

fn written(write: impl FnOnce(&mut CanonicalWriter)) -> String {
    let mut writer = CanonicalWriter::new();
    write(&mut writer);
    writer.finish().unwrap()
}

/// Each kind of message that is signed, by itself and inside others.
pub(crate) fn samples(signer: &Signer) -> Vec<Sample> {
    let assertion = written(|w| write_assertion(w, signer));
    let in_response = written(|w| {
        w.open(samlp("Response"), &[(Name::plain("ID"), "_r1")]);
        write_assertion(w, signer);
        w.close();
    });
    let both = written(|w| {
        w.open_signed(samlp("Response"), "ID", "_r1", &[]);
        w.leaf(saml("Issuer"), &[], "https://idp.example/");
        w.signature_here();
        write_assertion(w, signer);
        w.close_signed(signer);
    });
    let in_token = written(|w| {
        // The namespace of the assertion stands around it as well.
        w.open(
            Name::new(
                "t",
                "http://schemas.xmlsoap.org/ws/2005/02/trust",
                "Response",
            ),
            &[],
        );
        w.open(saml1("Around"), &[]);
        w.open_signed(
            saml1("Assertion"),
            "AssertionID",
            "_s1",
            &[
                (Name::plain("MinorVersion"), "1"),
                (Name::plain("Issuer"), "urn:idp"),
            ],
        );
        w.leaf(
            saml1("NameIdentifier"),
            &[(Name::plain("Format"), HARD)],
            HARD,
        );
        w.signature_here();
        w.close_signed(signer);
        w.close();
        w.close();
    });
    vec![
        Sample {
            name: "assertion",
            text: assertion,
            signed: vec![ASSERTION],
        },
        Sample {
            name: "response",
            text: in_response,
            signed: vec![ASSERTION],
        },
        Sample {
            name: "both",
            text: both,
            signed: vec![RESPONSE, ASSERTION],
        },
        Sample {
            name: "saml1",
            text: in_token,
            signed: vec![ASSERTION1],
        },
    ]
}

/// As nobody writes it who writes canonical form, with what only a `PrefixList` keeps.
pub(crate) const UNTIDY_REQUEST: &str = "<samlp:AuthnRequest  Version = '2.0'\r\n  ID=\"_q1\" \
xmlns='urn:default' xmlns:xs='http://www.w3.org/2001/XMLSchema' \
xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:unused='urn:unused' \
xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol' xml:lang='en' >\r\n\
\t<Issuer xmlns='urn:oasis:names:tc:SAML:2.0:assertion'>urn:federation:MicrosoftOnline</Issuer>\n\
  <samlp:NameIDPolicy AllowCreate='1'\tFormat='a\nb&#10;c&quot;\"'/>&#13;\n\
  <samlp:Extensions><v xsi:type='xs:string' xs:a='>'>wendy &gt; &lt;&amp; \"x\"</v ><e xmlns=''/>\
</samlp:Extensions>\n</samlp:AuthnRequest>\n";

/// [`UNTIDY_REQUEST`] with an empty signature for xmlsec1 to fill.
pub(crate) fn template(method: &str, digest: &str, info_list: &str, content_list: &str) -> String {
    const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
    let listed = |list: &str| match list {
        "" => String::new(),
        list => format!("<c:InclusiveNamespaces xmlns:c='{EXCLUSIVE}' PrefixList='{list}'/>"),
    };
    let signature = format!(
        "<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'>\n <SignedInfo>\n  \
         <CanonicalizationMethod Algorithm='{EXCLUSIVE}'>{}</CanonicalizationMethod>\n  \
         <SignatureMethod Algorithm='{method}'/>\n  <Reference URI='#_q1'>\n   <Transforms>\
         <Transform Algorithm='http://www.w3.org/2000/09/xmldsig#enveloped-signature'/>\
         <Transform Algorithm='{EXCLUSIVE}'>{}</Transform></Transforms>\
         <DigestMethod Algorithm='{digest}'/>\n<DigestValue/></Reference></SignedInfo>\
         <SignatureValue/><KeyInfo><X509Data><X509SKI/></X509Data>\
         <KeyName>MicrosoftOnline</KeyName></KeyInfo></Signature>",
        listed(info_list),
        listed(content_list),
    );
    UNTIDY_REQUEST.replacen("</Issuer>", &format!("</Issuer>{signature}"), 1)
}
