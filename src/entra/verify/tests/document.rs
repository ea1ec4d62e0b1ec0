//! A Response as a tree that tests can change before it is written and signed.

use time::{Duration, OffsetDateTime};

use super::{ACS, AUDIENCE, CURRENT, ISSUER};
use crate::{
    entra::{fixture::WENDYS_ANCHOR, instant::to_milliseconds},
    keys::Signer,
    xml::{CanonicalWriter, Name},
};

/// An element; `signer` signs it, with the signature behind its first child.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) name: Name,
    attributes: Vec<(&'static str, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Node>,
    pub(super) signer: Option<&'static Signer>,
}

pub(super) fn saml(local: &'static str) -> Node {
    Node::new(Name::new("saml", super::SAML, local))
}

pub(super) fn samlp(local: &'static str) -> Node {
    Node::new(Name::new("samlp", super::SAMLP, local))
}

impl Node {
    pub(super) fn new(name: Name) -> Self {
        Self {
            name,
            attributes: vec![],
            text: String::new(),
            children: vec![],
            signer: None,
        }
    }

    pub(super) fn with(mut self, attribute: &'static str, value: impl Into<String>) -> Self {
        self.set(attribute, value);
        self
    }

    pub(super) fn holding(mut self, children: impl IntoIterator<Item = Node>) -> Self {
        self.children.extend(children);
        self
    }

    pub(super) fn saying(mut self, text: &str) -> Self {
        text.clone_into(&mut self.text);
        self
    }

    pub(super) fn set(&mut self, attribute: &'static str, value: impl Into<String>) {
        self.unset(attribute);
        self.attributes.push((attribute, value.into()));
    }

    pub(super) fn unset(&mut self, attribute: &str) {
        self.attributes.retain(|(name, _)| *name != attribute);
    }

    pub(super) fn remove(&mut self, local: &str) {
        let before = self.children.len();
        self.children.retain(|child| child.name.local != local);
        assert_ne!(before, self.children.len(), "there is no {local} to remove");
    }

    /// The first child of each name on a path such as `Subject/NameID`.
    pub(super) fn at(&mut self, path: &str) -> &mut Node {
        path.split('/').fold(self, |node, local| {
            node.children
                .iter_mut()
                .find(|child| child.name.local == local)
                .unwrap_or_else(|| panic!("there is no {local}"))
        })
    }

    /// Doubles a child.
    pub(super) fn repeat(&mut self, local: &str) {
        let place = self
            .children
            .iter()
            .position(|child| child.name.local == local)
            .unwrap();
        let copy = self.children[place].clone();
        self.children.insert(place, copy);
    }

    pub(super) fn to_xml(&self) -> String {
        let mut writer = CanonicalWriter::new();
        self.write(&mut writer);
        writer.finish().unwrap()
    }

    fn write(&self, writer: &mut CanonicalWriter) {
        let is_id = |name: &str| self.signer.is_some() && name == "ID";
        let attributes: Vec<(Name, &str)> = self
            .attributes
            .iter()
            .filter(|(name, _)| !is_id(name))
            .map(|(name, value)| (Name::plain(name), value.as_str()))
            .collect();
        match self.signer {
            Some(_) => {
                let id = self
                    .attributes
                    .iter()
                    .find(|(name, _)| is_id(name))
                    .unwrap();
                writer.open_signed(self.name, "ID", &id.1, &attributes);
            }
            None => writer.open(self.name, &attributes),
        }
        writer.text(&self.text);
        for (index, child) in self.children.iter().enumerate() {
            child.write(writer);
            if index == 0 && self.signer.is_some() {
                writer.signature_here();
            }
        }
        match self.signer {
            Some(signer) => writer.close_signed(signer),
            None => writer.close(),
        }
    }
}

pub(super) fn assertion_of(response: &mut Node) -> &mut Node {
    response.at("Assertion")
}

/// Facts 1.4, filled for Wendy.
pub(super) fn response_to(request_id: &str, now: OffsetDateTime) -> Node {
    let instant = |minutes| to_milliseconds(now + Duration::minutes(minutes));
    let success = "urn:oasis:names:tc:SAML:2.0:status:Success";
    samlp("Response")
        .with("ID", "_r")
        .with("Version", "2.0")
        .with("IssueInstant", instant(0))
        .with("InResponseTo", request_id)
        .with("Destination", ACS)
        .holding([
            saml("Issuer").saying(ISSUER),
            samlp("Status").holding([samlp("StatusCode").with("Value", success)]),
            assertion(request_id, instant),
        ])
}

fn assertion(request_id: &str, instant: impl Fn(i64) -> String) -> Node {
    let persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    let password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    let data = saml("SubjectConfirmationData")
        .with("InResponseTo", request_id)
        .with("NotOnOrAfter", instant(5))
        .with("Recipient", ACS);
    let mut assertion = saml("Assertion")
        .with("ID", "_a")
        .with("Version", "2.0")
        .with("IssueInstant", instant(0))
        .holding([
            saml("Issuer").saying(ISSUER),
            saml("Subject").holding([
                saml("NameID")
                    .with("Format", persistent)
                    .saying(WENDYS_ANCHOR),
                saml("SubjectConfirmation")
                    .with("Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer")
                    .holding([data]),
            ]),
            saml("Conditions")
                .with("NotBefore", instant(-5))
                .with("NotOnOrAfter", instant(60))
                .holding(
                    [saml("AudienceRestriction").holding([saml("Audience").saying(AUDIENCE)])],
                ),
            saml("AttributeStatement")
                .holding([attribute("IDPEmail", "wmoran@partners.contoso.com")]),
            saml("AuthnStatement")
                .with("AuthnInstant", instant(-1))
                .with("SessionIndex", "_a")
                .holding([
                    saml("AuthnContext").holding([saml("AuthnContextClassRef").saying(password)])
                ]),
        ]);
    assertion.signer = Some(&CURRENT);
    assertion
}

pub(super) fn attribute(name: &str, value: &str) -> Node {
    saml("Attribute")
        .with("Name", name)
        .holding([saml("AttributeValue").saying(value)])
}
