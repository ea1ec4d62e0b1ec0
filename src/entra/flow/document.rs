//! A document that somebody sent: decoded, and laid out line by line, with what Entra reads of it.

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use serde::Serialize;

use super::{Field, HttpRequest, Value, marks, visible::visible};
use crate::{
    entra::instant,
    keys::Certificate,
    xml::{self, Content, Element, Limits},
};

/// An XML document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Document {
    /// The field that brought it.
    pub brought_by: &'static str,
    /// What it says.
    #[serde(flatten)]
    pub text: Text,
}

/// The text of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Text {
    /// As it came.
    Xml(String),
    /// Why it is not here.
    NotKept(String),
}

/// A line of a document that is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// How deep it stands; no deeper than the page has room.
    pub(super) depth: usize,
    /// Whether it belongs to something signed, or to a signature.
    pub(super) zone: Zone,
    /// What begins with it.
    pub(super) begins: Option<&'static str>,
    /// What stands in it.
    pub(super) pieces: Vec<Piece>,
    /// What is read of it.
    pub(super) notes: Vec<Note>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    None,
    Signed,
    Signature,
}

impl Zone {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::None => "z0",
            Self::Signed => "z-signed",
            Self::Signature => "z-signature",
        }
    }
}

/// A part of a line in one colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The class of its colour.
    pub(super) class: &'static str,
    /// Its text, with nothing invisible in it.
    pub(super) text: String,
}

/// What is read of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// The check that reads it, where one does.
    pub(super) check: Option<&'static str>,
    /// What it is.
    pub(super) says: String,
}

/// How deep lines are set in.
const DEEPEST: usize = 12;
/// A start tag no longer than this stands in one line, in characters.
const ONE_LINE: usize = 96;
/// Of a text no more than this is shown in its line, in characters.
const LONGEST_TEXT: usize = 600;
/// Of octets in base64 no more than this.
const LONGEST_OCTETS: usize = 64;

const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

impl Document {
    /// The document that a request brings, in whichever field.
    pub fn brought_by(request: &HttpRequest) -> Option<Self> {
        let query = request.query();
        let value = |fields: &[Field], wanted: &str| {
            let field = fields.iter().find(|field| field.name == wanted)?;
            match &field.value {
                Value::Value(value) => Some(value.clone()),
                Value::NotKept(_) => None,
            }
        };
        for name in ["SAMLRequest", "SAMLResponse"] {
            if let Some(posted) = value(&request.fields, name) {
                return Some(Self::new(name, from_base64(&posted)));
            }
            if let Some(in_query) = value(&query, name) {
                return Some(Self::new(name, inflated(&in_query)));
            }
        }
        if let Some(wresult) = value(&request.fields, "wresult") {
            return Some(Self::new("wresult", Ok(wresult)));
        }
        let assertion = value(&request.fields, "assertion")?;
        Some(Self::new("assertion", from_base64(&assertion)))
    }

    /// A document that came otherwise. What could be a password in it is not kept.
    pub fn new(brought_by: &'static str, text: Result<String, String>) -> Self {
        let text = text.and_then(|text| {
            if text.len() > Limits::default().bytes {
                return Err(format!("It has {} octets and is not kept.", text.len()));
            }
            if holds_secret(&text) {
                return Err("It may hold a password and is not kept.".to_owned());
            }
            Ok(text)
        });
        let text = text.map_or_else(Text::NotKept, Text::Xml);
        Self { brought_by, text }
    }

    /// Whether its text is here.
    pub fn is_kept(&self) -> bool {
        matches!(self.text, Text::Xml(_))
    }

    /// The text as it came, with nothing invisible in it.
    pub(super) fn as_it_came(&self) -> String {
        match &self.text {
            Text::Xml(text) => visible(text, true),
            Text::NotKept(_) => String::new(),
        }
    }

    /// The document line by line.
    ///
    /// # Errors
    /// Why it cannot be read: then there is the text only.
    pub(super) fn lines(&self) -> Result<Vec<Line>, String> {
        let text = match &self.text {
            Text::Xml(text) => text,
            Text::NotKept(why) => return Err(why.clone()),
        };
        let root = xml::read(text.as_bytes(), &Limits::default())
            .map_err(|error| format!("It cannot be laid out: {error}."))?;
        let mut layout = Layout::default();
        layout.element(&mut vec![], &root, Zone::None);
        Ok(layout.lines)
    }
}

/// Whether there is an element for a secret, by its name alone: this looks at what need not be XML.
fn holds_secret(text: &str) -> bool {
    text.split('<').skip(1).any(|tag| {
        let name = tag.split(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/'));
        let name = name.into_iter().next().unwrap_or_default();
        let local = name.rsplit(':').next().unwrap_or_default();
        ["Password", "BinarySecret", "CipherValue"]
            .iter()
            .any(|secret| secret.eq_ignore_ascii_case(local))
    })
}

fn from_base64(text: &str) -> Result<String, String> {
    let octets = octets(text)?;
    String::from_utf8(octets).map_err(|_| "It is not UTF-8.".to_owned())
}

/// As the HTTP-Redirect binding has it (SAML bindings 3.4.4.1).
fn inflated(text: &str) -> Result<String, String> {
    let octets = decompress_to_vec_with_limit(&octets(text)?, Limits::default().bytes)
        .map_err(|_| "It is not deflated as it must be.".to_owned())?;
    String::from_utf8(octets).map_err(|_| "It is not UTF-8.".to_owned())
}

fn octets(text: &str) -> Result<Vec<u8>, String> {
    const ANY_PADDING: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const FOR_URLS: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, ANY_PADDING);
    let compact: String = text.split_ascii_whitespace().collect();
    STANDARD
        .decode(&compact)
        .or_else(|_| FOR_URLS.decode(&compact))
        .map_err(|error| format!("It is not base64: {error}."))
}

#[derive(Default)]
struct Layout {
    lines: Vec<Line>,
}

impl Layout {
    fn element<'e>(&mut self, above: &mut Vec<&'e Element>, element: &'e Element, around: Zone) {
        let depth = above.len();
        let is_signature = element.is(DS, "Signature");
        let is_signed = element.elements().any(|child| child.is(DS, "Signature"));
        let zone = if is_signature || around == Zone::Signature {
            Zone::Signature
        } else if is_signed {
            Zone::Signed
        } else {
            around
        };
        above.push(element);
        let first = self.lines.len();
        self.start_tag(above, depth, zone);
        if let Some(line) = self.lines.get_mut(first) {
            line.begins = if is_signature {
                Some("the signature")
            } else if is_signed {
                Some("signed from here")
            } else {
                None
            };
        }
        match element.text() {
            Some("") => self.append("m", "/>"),
            Some(text) => {
                self.append("m", ">");
                self.text(above, text);
                self.end_tag(element);
            }
            None => {
                self.append("m", ">");
                for content in element.content() {
                    match content {
                        Content::Element(child) => self.element(above, child, zone),
                        Content::Text(text) if text.trim().is_empty() => {}
                        Content::Text(text) => {
                            self.line(depth + 1, zone);
                            self.append("t", &shortened(text.trim(), LONGEST_TEXT));
                        }
                    }
                }
                self.line(depth, zone);
                self.end_tag(element);
            }
        }
        above.pop();
    }

    /// Everything but its last angle bracket.
    fn start_tag(&mut self, above: &[&Element], depth: usize, zone: Zone) {
        let Some(element) = above.last() else { return };
        self.line(depth, zone);
        self.append("m", "<");
        self.append("n", &element.written_name());
        let declared = element.declared_namespaces().map(|(prefix, namespace)| {
            let name = match prefix {
                "" => "xmlns".to_owned(),
                prefix => format!("xmlns:{prefix}"),
            };
            (name, namespace.to_owned(), None)
        });
        let attributes = element.attributes().map(|attribute| {
            let mark = match attribute.namespace() {
                "" => marks::of_attribute(above, attribute.local_name()),
                _ => None,
            };
            (attribute.written_name(), attribute.value().to_owned(), mark)
        });
        let all: Vec<_> = attributes.chain(declared).collect();
        let length: usize = all
            .iter()
            .map(|(name, value, _)| name.len() + value.len() + 4)
            .sum();
        let marked = all.iter().filter(|(_, _, mark)| mark.is_some()).count();
        let broken = all.len() > 1 && (length > ONE_LINE || marked > 1);
        for (name, value, mark) in all {
            if broken {
                self.line(depth + 2, zone);
            } else {
                self.append("m", " ");
            }
            let is_declaration = name == "xmlns" || name.starts_with("xmlns:");
            self.append(if is_declaration { "m" } else { "a" }, &name);
            self.append("m", "=\"");
            let class = match (&mark, is_declaration) {
                (Some(_), _) => "r",
                (None, true) => "m",
                (None, false) => "v",
            };
            self.append(class, &shortened(&value, LONGEST_TEXT));
            self.append("m", "\"");
            self.note(mark);
        }
    }

    fn text(&mut self, above: &[&Element], text: &str) {
        let mark = marks::of_text(above);
        let Some(element) = above.last() else { return };
        if element.is(DS, "X509Certificate") {
            self.append("c", &shortened(text.trim(), LONGEST_OCTETS));
            self.note(mark);
            self.note(Some(Note {
                check: None,
                says: describe(text),
            }));
            return;
        }
        let is_octets = element.is(DS, "SignatureValue") || element.is(DS, "DigestValue");
        let (class, most) = match (&mark, is_octets) {
            (_, true) => ("t", LONGEST_OCTETS),
            (Some(_), _) => ("r", LONGEST_TEXT),
            (None, _) => ("t", LONGEST_TEXT),
        };
        self.append(class, &shortened(text, most));
        self.note(mark);
    }

    fn end_tag(&mut self, element: &Element) {
        self.append("m", "</");
        self.append("n", &element.written_name());
        self.append("m", ">");
    }

    fn line(&mut self, depth: usize, zone: Zone) {
        self.lines.push(Line {
            depth: depth.min(DEEPEST),
            zone,
            begins: None,
            pieces: Vec::new(),
            notes: Vec::new(),
        });
    }

    fn append(&mut self, class: &'static str, text: &str) {
        let text = visible(text, false);
        let Some(line) = self.lines.last_mut() else {
            return;
        };
        match line.pieces.last_mut() {
            Some(piece) if piece.class == class => piece.text.push_str(&text),
            _ => line.pieces.push(Piece { class, text }),
        }
    }

    fn note(&mut self, note: Option<Note>) {
        if let (Some(line), Some(note)) = (self.lines.last_mut(), note) {
            line.notes.push(note);
        }
    }
}

/// The beginning of a text, and how long it is.
fn shortened(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(most).collect();
    format!("{beginning}\u{2026} ({length} characters)")
}

fn describe(certificate: &str) -> String {
    match Certificate::from_base64(certificate) {
        Ok(certificate) => format!(
            "certificate of {}, valid until {}",
            visible(certificate.subject(), false),
            instant::to_seconds(certificate.not_after())
        ),
        Err(_) => "no certificate that can be read".to_owned(),
    }
}
