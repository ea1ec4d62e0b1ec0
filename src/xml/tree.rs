//! The tree that the strict reader makes: what values are read from, and what canonical form and
//! digests are computed from. There is no second one.

use std::{ops::Deref, sync::Arc};

use super::{
    piece::Piece,
    scope::{Declaration, Scope},
};

/// An element with its resolved name, its attributes and its content. Only [`super::read`] makes
/// one, so it always stands for a document that the strict reader accepted.
#[derive(Clone)]
pub struct Element {
    pub(super) prefix: Piece,
    pub(super) namespace: Piece,
    pub(super) local: Piece,
    pub(super) attributes: Vec<Attribute>,
    /// The bindings in scope here, by which prefixes of an `InclusiveNamespaces` list are resolved.
    pub(super) scope: Arc<Scope>,
    /// Whether `scope` is this element's own, that is, whether it declares anything.
    pub(super) declares: bool,
    pub(super) children: Vec<Node>,
}

/// An attribute other than a namespace declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub(super) prefix: Piece,
    pub(super) namespace: Piece,
    pub(super) local: Piece,
    pub(super) value: Piece,
}

#[derive(Clone)]
pub(super) enum Node {
    Element(Element),
    /// Never empty, and never beside another text.
    Text(Text),
}

/// Character data, its references resolved.
#[derive(Clone)]
pub(super) enum Text {
    /// As it stands in the document.
    Plain(Piece),
    /// Put together: there are references or line endings in it.
    Composed(String),
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Plain(piece) => piece,
            Self::Composed(text) => text,
        }
    }
}

/// What stands in an element.
#[derive(Clone, Copy, Debug)]
pub enum Content<'e> {
    /// A child element.
    Element(&'e Element),
    /// Text, its entities and CDATA sections resolved; never empty, and never beside another text.
    Text(&'e str),
}

/// An element's children are not what its schema says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StructureError {
    /// A child that must not be repeated is there more than once.
    #[error("the element {0} occurs more than once")]
    Repeated(&'static str),
    /// A child that must be there is missing.
    #[error("the element {0} is missing")]
    Missing(&'static str),
}

impl Element {
    /// Whether this is the element `local` of `namespace`. Prefixes play no part.
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        *self.local == *local && *self.namespace == *namespace
    }

    /// The namespace name; empty for none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name without its prefix.
    pub fn local_name(&self) -> &str {
        &self.local
    }

    /// The name as it was written, with its prefix: for people. What it means is said by
    /// [`Self::namespace`] and [`Self::local_name`].
    pub fn written_name(&self) -> String {
        written_name(&self.prefix, &self.local)
    }

    /// The namespace declarations on this element, prefix and name, in document order: for people.
    pub fn declared_namespaces(&self) -> impl Iterator<Item = (&str, &str)> {
        self.declarations()
            .iter()
            .map(|it| (&*it.prefix, &*it.namespace))
    }

    /// The child elements and the texts between them, in document order.
    pub fn content(&self) -> impl Iterator<Item = Content<'_>> {
        self.children.iter().map(|node| match node {
            Node::Element(element) => Content::Element(element),
            Node::Text(text) => Content::Text(text),
        })
    }

    /// The value of the attribute `local` in no namespace.
    pub fn attribute(&self, local: &str) -> Option<&str> {
        self.attribute_ns("", local)
    }

    /// The value of the attribute `local` in `namespace`.
    pub fn attribute_ns(&self, namespace: &str, local: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|a| *a.local == *local && *a.namespace == *namespace)
            .map(Attribute::value)
    }

    /// All attributes, without namespace declarations, in document order.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter()
    }

    /// The child elements, in document order.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The child `local` of `namespace`, which may be there once or not at all.
    ///
    /// # Errors
    /// [`StructureError::Repeated`] when there are several: taking the first one, or the last, is
    /// how two readers of one message come to differ.
    pub fn only_child(
        &self,
        namespace: &str,
        local: &'static str,
    ) -> Result<Option<&Element>, StructureError> {
        let mut found = self.elements().filter(|child| child.is(namespace, local));
        let first = found.next();
        if found.next().is_some() {
            return Err(StructureError::Repeated(local));
        }
        Ok(first)
    }

    /// The child `local` of `namespace`, which must be there exactly once.
    ///
    /// # Errors
    /// [`StructureError`] when it is missing or repeated.
    pub fn required_child(
        &self,
        namespace: &str,
        local: &'static str,
    ) -> Result<&Element, StructureError> {
        self.only_child(namespace, local)?
            .ok_or(StructureError::Missing(local))
    }

    /// The whole text of an element without child elements, white space included; empty for an
    /// empty element, and `None` when there are child elements.
    pub fn text(&self) -> Option<&str> {
        match self.children.as_slice() {
            [] => Some(""),
            [Node::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether there is nothing but child elements and white space in here.
    pub fn has_element_content(&self) -> bool {
        self.children.iter().all(|node| match node {
            Node::Element(_) => true,
            Node::Text(text) => text.chars().all(super::chars::is_space),
        })
    }

    /// The namespace declarations that stand on this very element.
    pub(super) fn declarations(&self) -> &[Declaration] {
        if self.declares {
            &self.scope.declared
        } else {
            &[]
        }
    }

    /// A copy without the child elements of this name; never something to trust.
    #[must_use]
    pub fn without_children(&self, namespace: &str, local: &str) -> Self {
        let mut copy = self.clone();
        copy.children
            .retain(|node| !matches!(node, Node::Element(child) if child.is(namespace, local)));
        copy
    }

    /// This element as it stands, without its content.
    pub(super) fn without_content(&self) -> Self {
        Self {
            prefix: self.prefix.clone(),
            namespace: self.namespace.clone(),
            local: self.local.clone(),
            attributes: self.attributes.clone(),
            scope: Arc::clone(&self.scope),
            declares: self.declares,
            children: Vec::new(),
        }
    }

    /// Adds text as it stands in the document.
    pub(super) fn push_plain_text(&mut self, piece: Piece) {
        match self.children.last_mut() {
            Some(Node::Text(_)) => self.push_text(|text| text.push_str(&piece)),
            _ if piece.is_empty() => {}
            _ => self.children.push(Node::Text(Text::Plain(piece))),
        }
    }

    /// Adds text that is put together.
    pub(super) fn push_text(&mut self, append: impl FnOnce(&mut String)) {
        match self.children.last_mut() {
            Some(Node::Text(Text::Composed(text))) => append(text),
            Some(Node::Text(plain)) => {
                let mut text = String::from(&**plain);
                append(&mut text);
                *plain = Text::Composed(text);
            }
            _ => {
                let mut text = String::new();
                append(&mut text);
                if !text.is_empty() {
                    self.children.push(Node::Text(Text::Composed(text)));
                }
            }
        }
    }
}

/// Shows the name and the number of children: the content may be somebody's.
impl std::fmt::Debug for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Element")
            .field("namespace", &self.namespace)
            .field("local", &self.local)
            .field("children", &self.children.len())
            .finish_non_exhaustive()
    }
}

fn written_name(prefix: &str, local: &str) -> String {
    match prefix {
        "" => local.to_owned(),
        prefix => format!("{prefix}:{local}"),
    }
}

impl Attribute {
    /// The name as it was written, with its prefix: for people.
    pub fn written_name(&self) -> String {
        written_name(&self.prefix, &self.local)
    }

    /// The namespace name; empty for none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name without its prefix.
    pub fn local_name(&self) -> &str {
        &self.local
    }

    /// The value, normalised (XML 1.0, 3.3.3).
    pub fn value(&self) -> &str {
        &self.value
    }
}
