//! Namespace bindings: those of a finished tree, and those of a document being read.

use std::{collections::BTreeMap, sync::Arc};

/// The namespace that the prefix `xml` is bound to, always and by itself.
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of declarations themselves; nothing may be bound to it.
pub(super) const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// One `xmlns` or `xmlns:prefix` attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declaration {
    /// Empty for the default namespace.
    pub(super) prefix: Box<str>,
    /// Empty only where `xmlns=""` takes the default namespace back.
    pub(super) namespace: Arc<str>,
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
    /// The bindings that each prefix has here, the innermost one last.
    current: BTreeMap<&'a str, Vec<Arc<str>>>,
    undo: Vec<&'a str>,
    none: Arc<str>,
}

impl<'a> Bindings<'a> {
    pub(super) fn new() -> Self {
        Self {
            current: BTreeMap::new(),
            undo: Vec::new(),
            none: Arc::from(""),
        }
    }

    /// No namespace: what names without a prefix are in until something else is declared.
    pub(super) fn none(&self) -> Arc<str> {
        Arc::clone(&self.none)
    }

    pub(super) fn bind(&mut self, prefix: &'a str, namespace: Arc<str>) {
        self.current.entry(prefix).or_default().push(namespace);
        self.undo.push(prefix);
    }

    /// Takes back the last `count` bindings.
    pub(super) fn unbind(&mut self, count: usize) {
        for _ in 0..count {
            if let Some(prefix) = self.undo.pop()
                && let Some(meanings) = self.current.get_mut(prefix)
            {
                meanings.pop();
            }
        }
    }

    pub(super) fn resolve(&self, prefix: &str) -> Option<Arc<str>> {
        let bound = self.current.get(prefix).and_then(|bound| bound.last());
        match (bound, prefix) {
            (Some(namespace), _) => Some(Arc::clone(namespace)),
            (None, "") => Some(self.none()),
            (None, "xml") => Some(Arc::from(XML)),
            (None, _) => None,
        }
    }
}
