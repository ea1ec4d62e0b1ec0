//! Namespace bindings: those of a finished tree, and those of a document being read.

use std::{collections::BTreeMap, sync::Arc};

use super::piece::Piece;

/// The namespace that the prefix `xml` is bound to, always and by itself.
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of declarations themselves; nothing may be bound to it.
pub(super) const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// One `xmlns` or `xmlns:prefix` attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declaration {
    /// Empty for the default namespace.
    pub(super) prefix: Piece,
    /// Empty only where `xmlns=""` takes the default namespace back.
    pub(super) namespace: Piece,
}

/// The declarations of one element on top of those of its ancestors.
///
/// Elements that declare nothing share their parent's scope, so that a tree costs memory in
/// proportion to the document however its namespaces are nested.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) parent: Option<Arc<Scope>>,
    pub(super) declared: Vec<Declaration>,
}

impl Scope {
    /// The namespace that `prefix` is bound to here. Walks up at most the depth of the document.
    pub(super) fn lookup(&self, prefix: &str) -> Option<&str> {
        let mut scope = Some(self);
        while let Some(here) = scope {
            if let Some(found) = here.declared.iter().find(|d| &*d.prefix == prefix) {
                return Some(&found.namespace);
            }
            scope = here.parent.as_deref();
        }
        None
    }
}

/// What each prefix means at the point that the reader has reached.
///
/// A map with a way back, since walking scopes for each name would let many declarations multiply
/// with many names. One by order, not by hash: there are few prefixes, and no choice of them is
/// bad for it.
pub(super) struct Bindings<'a> {
    current: BTreeMap<&'a str, Piece>,
    /// The way back: a prefix, and what it was bound to before.
    undo: Vec<(&'a str, Option<Piece>)>,
    none: Piece,
}

impl<'a> Bindings<'a> {
    /// None yet. `none` is the empty name.
    pub(super) fn new(none: Piece) -> Self {
        Self {
            current: BTreeMap::new(),
            undo: Vec::new(),
            none,
        }
    }

    /// No namespace: what names without a prefix are in until something else is declared.
    pub(super) fn none(&self) -> Piece {
        self.none.clone()
    }

    pub(super) fn bind(&mut self, prefix: &'a str, namespace: Piece) {
        let before = self.current.insert(prefix, namespace);
        self.undo.push((prefix, before));
    }

    /// Takes back the last `count` bindings.
    pub(super) fn unbind(&mut self, count: usize) {
        for _ in 0..count {
            match self.undo.pop() {
                Some((prefix, Some(before))) => self.current.insert(prefix, before),
                Some((prefix, None)) => self.current.remove(prefix),
                None => None,
            };
        }
    }

    pub(super) fn resolve(&self, prefix: &str) -> Option<Piece> {
        match (self.current.get(prefix), prefix) {
            (Some(namespace), _) => Some(namespace.clone()),
            (None, "") => Some(self.none()),
            (None, "xml") => Some(Piece::alone(XML)),
            (None, _) => None,
        }
    }
}
