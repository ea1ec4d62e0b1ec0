//! The strict reader.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    mem::take,
    sync::{Arc, LazyLock},
};

use super::{
    chars::{forbidden, is_space, split_name},
    ids::is_id,
    piece::Piece,
    read_error::{ReadCause, ReadError},
    scope::{Bindings, Declaration, Scope, XML, XMLNS},
    tag::{RawAttribute, attributes, split_tag},
    token::{Token, Tokens},
    tree::{Attribute, Element, Node},
    unescape,
};

/// How large a document may be. What goes beyond is refused as soon as it is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Length in bytes.
    pub bytes: usize,
    /// Elements inside each other, the root counted. More than [`Limits::MAX_DEPTH`] is taken for
    /// that, since trees are walked recursively.
    pub depth: usize,
    /// Attributes of one element, namespace declarations counted.
    pub attributes: usize,
    /// Elements in the document.
    pub elements: usize,
}

impl Limits {
    /// The depth that no limit can lift.
    pub const MAX_DEPTH: usize = 128;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 256 * 1024,
            depth: 32,
            attributes: 64,
            elements: 4096,
        }
    }
}

/// Reads a document and gives its root element.
///
/// Accepted is what an honest SAML peer sends: XML 1.0 with namespaces in UTF-8, with elements,
/// attributes, text and references to characters. All else is refused, as is what goes beyond
/// `limits`. Time and memory grow in proportion to the input.
///
/// # Errors
/// [`ReadError`] with the place and the cause.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Element, ReadError> {
    read_as(bytes, limits, Comments::Refused)
}

/// As [`read`], for documents that people write: comments may stand between elements, and are
/// dropped as if they had not been there. Beside text they are refused here, too.
///
/// # Errors
/// [`ReadError`] with the place and the cause.
pub fn read_commented(bytes: &[u8], limits: &Limits) -> Result<Element, ReadError> {
    read_as(bytes, limits, Comments::BetweenElements)
}

/// Where comments may stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comments {
    Refused,
    BetweenElements,
}

fn read_as(bytes: &[u8], limits: &Limits, comments: Comments) -> Result<Element, ReadError> {
    if bytes.len() > limits.bytes {
        return Err(ReadError::new(limits.bytes, ReadCause::TooLong));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| ReadError::new(error.valid_up_to(), ReadCause::NotUtf8))?;
    if let Some(at) = forbidden(text) {
        return Err(ReadError::new(at, ReadCause::Character));
    }
    // What the tree is made of.
    let document: Arc<str> = Arc::from(text);
    let text = &*document;
    let body = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let skipped = text.len() - body.len();
    // The tokenizer would swallow another one.
    if body.starts_with(BYTE_ORDER_MARK) {
        return Err(ReadError::new(skipped, ReadCause::OutsideRoot));
    }

    let mut tokens = Tokens::new(body, skipped);
    let mut reading = Reading::new(&document, limits);
    while let Some((at, token)) = tokens.next()? {
        match token {
            Token::Declaration(content) => {
                declaration(content).map_err(|cause| ReadError::new(at, cause))?;
            }
            Token::Start { tag, empty } => {
                reading.start(tag, at + 1)?;
                if empty {
                    reading.end()?;
                }
            }
            Token::End => reading.end()?,
            Token::Text(raw) => reading.text(raw, at)?,
            Token::Reference(name) => reading.reference(name, at)?,
            Token::Comment(text) if comments == Comments::BetweenElements => {
                reading.comment(text, at)?;
            }
            Token::Comment(_) => return Err(ReadError::new(at, ReadCause::Comment)),
        }
    }
    reading.finish(bytes.len())
}

const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// That of elements around which nothing is declared.
static NO_SCOPE: LazyLock<Arc<Scope>> = LazyLock::new(Arc::default);

struct Reading<'a> {
    document: &'a Arc<str>,
    limits: Limits,
    open: Vec<Open>,
    root: Option<Element>,
    bindings: Bindings<'a>,
    ids: BTreeSet<Piece>,
    elements: usize,
    no_scope: Arc<Scope>,
    // Kept for their memory only.
    raw: Vec<RawAttribute<'a>>,
    plain: Vec<Unresolved<'a>>,
}

/// An attribute that is no declaration.
struct Unresolved<'a> {
    /// Where it stands.
    at: usize,
    prefix: &'a str,
    local: &'a str,
    value: Piece,
}

/// An element whose end tag has not come yet, and how many bindings end with it.
struct Open {
    element: Element,
    bindings: usize,
    /// Where its first comment stands.
    comment: Option<usize>,
}

impl<'a> Reading<'a> {
    fn new(document: &'a Arc<str>, limits: &Limits) -> Self {
        Self {
            document,
            limits: *limits,
            open: Vec::new(),
            root: None,
            bindings: Bindings::new(Piece::of(document, 0, 0)),
            ids: BTreeSet::new(),
            elements: 0,
            no_scope: Arc::clone(&NO_SCOPE),
            raw: Vec::with_capacity(8),
            plain: Vec::new(),
        }
    }

    fn start(&mut self, tag: &'a str, at: usize) -> Result<(), ReadError> {
        let refused = |cause| ReadError::new(at, cause);
        if self.open.is_empty() && self.root.is_some() {
            return Err(refused(ReadCause::OutsideRoot));
        }
        if self.open.len() >= self.limits.depth.min(Limits::MAX_DEPTH) {
            return Err(refused(ReadCause::TooDeep));
        }
        if self.elements == self.limits.elements {
            return Err(refused(ReadCause::TooManyElements));
        }
        self.elements += 1;

        let (name, rest) = split_tag(tag);
        let (prefix, local) = split_name(name).ok_or(refused(ReadCause::Name))?;
        let (mut raw, mut plain) = (take(&mut self.raw), take(&mut self.plain));
        attributes(rest, at + name.len(), self.limits.attributes, &mut raw)
            .map_err(|(at, cause)| ReadError::new(at, cause))?;
        let mut declared = Vec::new();
        for (index, attribute) in raw.iter().enumerate() {
            let refused = |cause| ReadError::new(attribute.at, cause);
            // At most `limits.attributes` times itself.
            if raw
                .iter()
                .take(index)
                .any(|other| other.name == attribute.name)
            {
                return Err(refused(ReadCause::DuplicateAttribute));
            }
            let name = split_name(attribute.name).ok_or(refused(ReadCause::Name))?;
            let value = self.value(attribute)?;
            let (at, namespace) = (attribute.at, &value);
            match name {
                ("", "xmlns") => {
                    declared.push(self.declare("", at, namespace).map_err(refused)?);
                }
                ("xmlns", prefix) => {
                    let at = at + "xmlns:".len();
                    declared.push(self.declare(prefix, at, namespace).map_err(refused)?);
                }
                (prefix, local) => plain.push(Unresolved {
                    at,
                    prefix,
                    local,
                    value,
                }),
            }
        }

        let bindings = declared.len();
        let namespace = self.resolve(prefix).map_err(refused)?;
        let mut attributes: Vec<Attribute> = Vec::with_capacity(plain.len());
        for unresolved in plain.drain(..) {
            let at = unresolved.at;
            let attribute = self
                .attribute(unresolved, &attributes)
                .map_err(|cause| ReadError::new(at, cause))?;
            attributes.push(attribute);
        }
        (self.raw, self.plain) = (raw, plain);
        let outer = self
            .open
            .last()
            .map_or(&self.no_scope, |open| &open.element.scope);
        let own_scope = !declared.is_empty();
        let scope = if own_scope {
            Arc::new(Scope {
                parent: Some(Arc::clone(outer)),
                declared,
            })
        } else {
            Arc::clone(outer)
        };
        let (prefix, local) = self.name(at, prefix, local);
        let element = Element {
            prefix,
            namespace,
            local,
            attributes,
            scope,
            declares: own_scope,
            children: Vec::new(),
        };
        self.open.push(Open {
            element,
            bindings,
            comment: None,
        });
        Ok(())
    }

    /// Namespaces in XML 1.0, 3 and 5.
    fn declare(
        &mut self,
        prefix: &'a str,
        at: usize,
        namespace: &Piece,
    ) -> Result<Declaration, ReadCause> {
        if matches!(prefix, "xml" | "xmlns") || matches!(&**namespace, XML | XMLNS) {
            return Err(ReadCause::ReservedNamespace);
        }
        let takes_back = prefix.is_empty() && namespace.is_empty();
        if !takes_back && !is_absolute_uri(namespace) {
            return Err(ReadCause::NamespaceUri);
        }
        self.bindings.bind(prefix, namespace.clone());
        Ok(Declaration {
            prefix: Piece::of(self.document, at, prefix.len()),
            namespace: namespace.clone(),
        })
    }

    fn resolve(&self, prefix: &str) -> Result<Piece, ReadCause> {
        self.bindings
            .resolve(prefix)
            .ok_or(ReadCause::UndeclaredPrefix)
    }

    fn attribute(
        &mut self,
        unresolved: Unresolved<'_>,
        before: &[Attribute],
    ) -> Result<Attribute, ReadCause> {
        let Unresolved {
            at,
            prefix,
            local,
            value,
        } = unresolved;
        let namespace = if prefix.is_empty() {
            self.bindings.none()
        } else {
            self.resolve(prefix)?
        };
        if before
            .iter()
            .any(|other| *other.local == *local && other.namespace == namespace)
        {
            return Err(ReadCause::DuplicateAttribute);
        }
        if is_id(&namespace, local) && !self.ids.insert(value.clone()) {
            return Err(ReadCause::DuplicateId);
        }
        let (prefix, local) = self.name(at, prefix, local);
        Ok(Attribute {
            prefix,
            namespace,
            local,
            value,
        })
    }

    /// The two parts of a name that stands at `at`.
    fn name(&self, at: usize, prefix: &str, local: &str) -> (Piece, Piece) {
        let behind_colon = match prefix.len() {
            0 => at,
            length => at + length + 1,
        };
        (
            Piece::of(self.document, at, prefix.len()),
            Piece::of(self.document, behind_colon, local.len()),
        )
    }

    fn value(&self, attribute: &RawAttribute<'_>) -> Result<Piece, ReadError> {
        let at = attribute.value_at;
        match unescape::attribute(attribute.value) {
            Ok(Cow::Borrowed(plain)) => Ok(Piece::of(self.document, at, plain.len())),
            Ok(Cow::Owned(value)) => Ok(Piece::alone(&value)),
            Err(offset) => Err(ReadError::new(at + offset, ReadCause::Reference)),
        }
    }

    /// Ends the innermost open element; the tokenizer has compared the names.
    fn end(&mut self) -> Result<(), ReadError> {
        let Some(Open {
            element,
            bindings,
            comment,
        }) = self.open.pop()
        else {
            return Ok(());
        };
        if let Some(at) = comment.filter(|_| !element.has_element_content()) {
            return Err(ReadError::new(at, ReadCause::Comment));
        }
        self.bindings.unbind(bindings);
        match self.open.last_mut() {
            Some(parent) => parent.element.children.push(Node::Element(element)),
            None => self.root = Some(element),
        }
        Ok(())
    }

    /// XML 1.0, production 15. Whether there is text beside it is known when its parent ends.
    fn comment(&mut self, text: &str, at: usize) -> Result<(), ReadError> {
        if text.contains("--") || text.ends_with('-') {
            return Err(ReadError::new(at, ReadCause::Comment));
        }
        if let Some(parent) = self.open.last_mut() {
            parent.comment.get_or_insert(at);
        }
        Ok(())
    }

    fn text(&mut self, raw: &str, at: usize) -> Result<(), ReadError> {
        if let Some(end) = raw.find("]]>") {
            return Err(ReadError::new(at + end, ReadCause::CDataEnd));
        }
        match self.open.last_mut() {
            Some(Open { element, .. }) if raw.contains('\r') => {
                element.push_text(|text| unescape::push_text(text, raw));
            }
            Some(Open { element, .. }) => {
                element.push_plain_text(Piece::of(self.document, at, raw.len()));
            }
            None if raw.chars().all(is_space) => {}
            None => return Err(ReadError::new(at, ReadCause::OutsideRoot)),
        }
        Ok(())
    }

    fn reference(&mut self, name: &str, at: usize) -> Result<(), ReadError> {
        let refused = |cause| ReadError::new(at, cause);
        let c = unescape::reference(name).ok_or(refused(ReadCause::Reference))?;
        let parent = self
            .open
            .last_mut()
            .ok_or(refused(ReadCause::OutsideRoot))?;
        parent.element.push_text(|text| text.push(c));
        Ok(())
    }

    fn finish(self, length: usize) -> Result<Element, ReadError> {
        self.root
            .filter(|_| self.open.is_empty())
            .ok_or(ReadError::new(length, ReadCause::Incomplete))
    }
}

/// A scheme, a colon, and the characters of a URI (RFC 3986) but `&`. Canonical XML (1.3) has no
/// answer for relative names, parsers differ about what is no URI at all, and libxml2 forgets to
/// escape `&` in the canonical form of a declaration.
fn is_absolute_uri(namespace: &str) -> bool {
    namespace.split_once(':').is_some_and(|(scheme, rest)| {
        let mut bytes = scheme.bytes();
        bytes
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic())
            && bytes.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && !rest.is_empty()
            && rest.bytes().all(|b| {
                b.is_ascii_alphanumeric()
                    || matches!(b, b'#'..=b'%' | b'\''..=b';' | b'=' | b'?' | b'@')
                    || matches!(b, b'!' | b'[' | b']' | b'_' | b'~')
            })
    })
}

/// Only version 1.0, and UTF-8 if an encoding is named (XML 1.0, production 23).
fn declaration(content: &str) -> Result<(), ReadCause> {
    let mut found = Vec::new();
    attributes(content, 0, 3, &mut found).map_err(|_| ReadCause::Declaration)?;
    let mut rest = found.iter();
    let mut next = rest.next();
    let mut named = |name: &str| {
        let value = next.filter(|a| a.name == name).map(|a| a.value);
        if value.is_some() {
            next = rest.next();
        }
        value
    };
    let version = named("version");
    let encoding = named("encoding");
    let standalone = named("standalone");
    let permitted = version == Some("1.0")
        && encoding.is_none_or(|name| name.eq_ignore_ascii_case("utf-8"))
        && standalone.is_none_or(|value| matches!(value, "yes" | "no"))
        && next.is_none();
    permitted.then_some(()).ok_or(ReadCause::Declaration)
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
