//! Exclusive canonical XML 1.0 without comments, of an element of the tree.
//!
//! <https://www.w3.org/TR/2002/REC-xml-exc-c14n-20020718/>. The tree holds no comments and no
//! processing instructions, its values are normalised, and there is no DTD with default
//! attributes, so what is left is namespaces, order and escapes.

use std::collections::HashMap;

use super::{
    chars::{is_nc_name, is_space},
    escape::{ForbiddenCharacter, push_attribute, push_text},
    tree::{Attribute, Element, Node},
};

/// An element has no canonical form here. No caller may go on as if it were empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum C14nError {
    /// An `InclusiveNamespaces` list that is no list of prefixes, or longer than
    /// [`InclusivePrefixes::LIMIT`].
    #[error("the list of inclusive prefixes is malformed or too long")]
    PrefixList,
    /// The form would be longer than 2 MiB: a document within the reader's limits grows that much
    /// only when it is made to, by one long namespace that many elements declare again.
    #[error("the canonical form is too long")]
    TooLong,
    /// A character that XML does not permit; the reader lets none in.
    #[error("a character that XML does not permit")]
    Character,
}

impl From<ForbiddenCharacter> for C14nError {
    fn from(_: ForbiddenCharacter) -> Self {
        Self::Character
    }
}

/// Prefixes whose declarations are kept whether they are visibly used or not, as the `PrefixList`
/// of `ec:InclusiveNamespaces` gives them (section 3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InclusivePrefixes {
    /// The default namespace is the empty prefix.
    prefixes: Vec<Box<str>>,
}

impl InclusivePrefixes {
    /// How many prefixes a list may hold.
    pub const LIMIT: usize = 64;

    /// Reads a list of prefixes between white space, `#default` among them.
    ///
    /// # Errors
    /// [`C14nError::PrefixList`].
    pub fn parse(list: &str) -> Result<Self, C14nError> {
        let mut prefixes = Vec::new();
        for token in list.split(is_space).filter(|token| !token.is_empty()) {
            let prefix = if token == "#default" { "" } else { token };
            if prefixes.len() == Self::LIMIT || !(prefix.is_empty() || is_nc_name(prefix)) {
                return Err(C14nError::PrefixList);
            }
            prefixes.push(prefix.into());
        }
        Ok(Self { prefixes })
    }

    fn contains(&self, prefix: &str) -> bool {
        self.prefixes.iter().any(|listed| **listed == *prefix)
    }
}

/// The canonical form of `element` as the apex of a document subset.
///
/// # Errors
/// [`C14nError::TooLong`] only, for an element that was read.
pub fn exclusive_c14n(
    element: &Element,
    inclusive: &InclusivePrefixes,
) -> Result<String, C14nError> {
    without_child(element, None, inclusive)
}

/// The canonical form of `element` without the child node at the index `omitted`: what the
/// enveloped signature transform leaves.
pub(super) fn without_child(
    element: &Element,
    omitted: Option<usize>,
    inclusive: &InclusivePrefixes,
) -> Result<String, C14nError> {
    let mut form = Form {
        out: String::new(),
        rendered: HashMap::new(),
        undo: Vec::new(),
        inclusive,
    };
    // In scope at the apex by declarations around it.
    let inherited = inclusive
        .prefixes
        .iter()
        .filter_map(|prefix| Some((&**prefix, element.scope.lookup(prefix)?)));
    form.element(element, omitted, inherited.collect())?;
    Ok(form.out)
}

const MAX_LENGTH: usize = 2 * 1024 * 1024;

struct Form<'a> {
    out: String,
    /// What each prefix was last declared as in the output around the current element.
    rendered: HashMap<&'a str, &'a str>,
    /// The way back, for end tags: a prefix and what it was before.
    undo: Vec<(&'a str, Option<&'a str>)>,
    inclusive: &'a InclusivePrefixes,
}

impl<'a> Form<'a> {
    /// Recursive: the reader bounds the depth.
    fn element(
        &mut self,
        element: &'a Element,
        omitted: Option<usize>,
        inclusive: Vec<(&'a str, &'a str)>,
    ) -> Result<(), C14nError> {
        let undo = self.undo.len();
        self.out.push('<');
        self.name(&element.prefix, &element.local);
        self.namespaces(element, inclusive)?;
        self.attributes(element)?;
        self.out.push('>');
        for (index, child) in element.children.iter().enumerate() {
            match child {
                _ if omitted == Some(index) => {}
                Node::Text(text) => push_text(&mut self.out, text)?,
                Node::Element(child) => self.element(child, None, self.redeclared(child))?,
            }
        }
        self.out.push_str("</");
        self.name(&element.prefix, &element.local);
        self.out.push('>');
        for (prefix, before) in self.undo.drain(undo..).rev() {
            match before {
                Some(namespace) => self.rendered.insert(prefix, namespace),
                None => self.rendered.remove(prefix),
            };
        }
        if self.out.len() > MAX_LENGTH {
            return Err(C14nError::TooLong);
        }
        Ok(())
    }

    /// The prefixes to treat inclusively that may mean something else from `child` on.
    fn redeclared(&self, child: &'a Element) -> Vec<(&'a str, &'a str)> {
        child
            .declarations()
            .iter()
            .filter(|declaration| self.inclusive.contains(&declaration.prefix))
            .map(|declaration| (&*declaration.prefix, &*declaration.namespace))
            .collect()
    }

    fn name(&mut self, prefix: &str, local: &str) {
        if !prefix.is_empty() {
            self.out.push_str(prefix);
            self.out.push(':');
        }
        self.out.push_str(local);
    }

    /// Declares what is visibly used, or listed, and not yet rendered with the same value.
    fn namespaces(
        &mut self,
        element: &'a Element,
        inclusive: Vec<(&'a str, &'a str)>,
    ) -> Result<(), C14nError> {
        let mut wanted = inclusive;
        wanted.push((&element.prefix, &element.namespace));
        let prefixed = element.attributes.iter().filter(|a| !a.prefix.is_empty());
        wanted.extend(prefixed.map(|a| (&*a.prefix, &*a.namespace)));
        // By prefix, the default namespace first.
        wanted.sort_unstable();
        for (prefix, namespace) in wanted {
            let before = self.rendered.get(prefix).copied();
            if prefix == "xml" || before.unwrap_or_default() == namespace {
                continue;
            }
            self.rendered.insert(prefix, namespace);
            self.undo.push((prefix, before));
            self.out.push_str(" xmlns");
            if !prefix.is_empty() {
                self.out.push(':');
                self.out.push_str(prefix);
            }
            self.out.push_str("=\"");
            push_attribute(&mut self.out, namespace)?;
            self.out.push('"');
        }
        if self.out.len() > MAX_LENGTH {
            return Err(C14nError::TooLong);
        }
        Ok(())
    }

    /// By namespace, those in none first, then by local name.
    fn attributes(&mut self, element: &'a Element) -> Result<(), C14nError> {
        let mut sorted: Vec<&Attribute> = element.attributes.iter().collect();
        sorted.sort_unstable_by_key(|a| (&*a.namespace, &*a.local));
        for attribute in sorted {
            self.out.push(' ');
            self.name(&attribute.prefix, &attribute.local);
            self.out.push_str("=\"");
            push_attribute(&mut self.out, &attribute.value)?;
            self.out.push('"');
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, read};

    fn canonical(text: &str, list: &str) -> String {
        let root = read(text.as_bytes(), &Limits::default()).unwrap();
        exclusive_c14n(&root, &InclusivePrefixes::parse(list).unwrap()).unwrap()
    }

    #[test]
    fn only_what_is_visibly_used_is_declared() {
        assert_eq!(
            canonical(
                "<n1:a xmlns:n0='a:b' xmlns:n1='urn:1' xmlns='urn:d'\n z='1' n1:y='&lt;' a='\"'>\
                 <n0:b xmlns:n0='urn:0'/><c xmlns=''><d/></c> &#13;</n1:a>",
                ""
            ),
            "<n1:a xmlns:n1=\"urn:1\" a=\"&quot;\" z=\"1\" n1:y=\"&lt;\">\
             <n0:b xmlns:n0=\"urn:0\"></n0:b><c><d></d></c> &#xD;</n1:a>"
        );
    }

    #[test]
    fn the_specifications_example_comes_out_alike_in_both_contexts() {
        // Section 2.2: the same subset, enveloped differently.
        let wanted = "<n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\">\
                      <n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff></n1:elem2>";
        let inner = "<n1:elem2 xmlns:n1='http://example.net' xml:lang='en'>\
                     <n3:stuff xmlns:n3='ftp://example.org'/></n1:elem2>";
        for around in [
            "<n0:local xmlns:n0='foo:bar' xmlns:n3='ftp://example.org'>",
            "<n0:local xmlns:n0='a:b' xmlns:n2='http://example.org' xml:lang='fr'>",
        ] {
            let document = format!("{around}{inner}</n0:local>");
            let root = read(document.as_bytes(), &Limits::default()).unwrap();
            let apex = root.elements().next().unwrap();
            let form = exclusive_c14n(apex, &InclusivePrefixes::default()).unwrap();
            assert_eq!(form, wanted);
        }
    }

    #[test]
    fn listed_prefixes_are_kept_where_they_are_in_scope() {
        let document = "<o xmlns:p='urn:p' xmlns='urn:d'><p:a><b xmlns='' xmlns:p='urn:q'/>\
                        <b/></p:a></o>";
        let root = read(document.as_bytes(), &Limits::default()).unwrap();
        let apex = root.elements().next().unwrap();
        let form = |list| exclusive_c14n(apex, &InclusivePrefixes::parse(list).unwrap()).unwrap();
        assert_eq!(
            form("#default p nowhere"),
            "<p:a xmlns=\"urn:d\" xmlns:p=\"urn:p\"><b xmlns=\"\" xmlns:p=\"urn:q\"></b>\
             <b></b></p:a>"
        );
        assert_eq!(
            form(""),
            "<p:a xmlns:p=\"urn:p\"><b></b><b xmlns=\"urn:d\"></b></p:a>"
        );
    }

    #[test]
    fn a_list_that_is_no_list_of_prefixes_is_refused() {
        for bad in ["a:b", "1", "#Default", "a,b", "\u{A0}"] {
            assert_eq!(InclusivePrefixes::parse(bad), Err(C14nError::PrefixList));
        }
        let long = "p ".repeat(InclusivePrefixes::LIMIT + 1);
        assert_eq!(InclusivePrefixes::parse(&long), Err(C14nError::PrefixList));
        assert_eq!(
            InclusivePrefixes::parse(" \r\n\ta\n#default\t")
                .unwrap()
                .prefixes,
            [Box::from("a"), Box::from("")]
        );
    }

    #[test]
    fn a_form_that_was_made_to_grow_is_refused() {
        let document = format!(
            "<a xmlns:p='urn:{}'>{}</a>",
            "x".repeat(100_000),
            "<p:b/>".repeat(4000)
        );
        let root = read(document.as_bytes(), &Limits::default()).unwrap();
        let form = exclusive_c14n(&root, &InclusivePrefixes::default());
        assert_eq!(form, Err(C14nError::TooLong));
    }
}
