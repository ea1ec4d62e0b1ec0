//! The canonical writer: what it writes is exclusive canonical XML as it is written, so that a
//! digest is taken over the very bytes that are sent.
//!
//! A document of ours has one serialisation and no parser ever stands between us and what we sign.

use aws_lc_rs::digest::Digest;

use super::{
    chars::is_nc_name,
    dsig::{self, Sealed},
    escape::{push_attribute, push_text},
    name::Name,
    scope::XML,
    write_error::WriteError,
};
use crate::keys::Signer;

/// Writes one document.
///
/// Errors stick: after the first one nothing more is written, and [`CanonicalWriter::finish`] gives
/// it back. So a template reads as the document it makes.
///
/// Elements may be signed inside each other. What is written is canonical for each signed element
/// alone, and where none is signed, for the document.
#[derive(Default)]
pub struct CanonicalWriter {
    out: String,
    open: Vec<Open>,
    /// Declarations in scope, the innermost last.
    declared: Vec<Declared>,
    /// Where the declarations of the innermost signed element begin: older ones do not exist for it.
    horizon: usize,
    last_digest: Option<Digest>,
    rooted: bool,
    error: Option<WriteError>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Declared {
    prefix: &'static str,
    namespace: &'static str,
}

struct Open {
    name: Name,
    /// How many declarations were in scope before this element's own.
    outer: usize,
    signed: Option<Signed>,
}

struct Signed {
    /// Where the element starts.
    start: usize,
    id: String,
    /// The prefixes that its canonical form declares although no name uses them.
    inclusive: Vec<&'static str>,
    /// Where its signature will stand.
    place: Option<usize>,
    /// The horizon outside.
    horizon: usize,
}

impl CanonicalWriter {
    /// An empty document, with memory for a signed Response.
    pub fn new() -> Self {
        Self {
            out: String::with_capacity(8 * 1024),
            open: Vec::with_capacity(16),
            declared: Vec::with_capacity(16),
            ..Self::default()
        }
    }

    /// Opens an element. The order of `attributes` does not matter.
    pub fn open(&mut self, name: Name, attributes: &[(Name, &str)]) {
        self.attempt(|writer| writer.start(name, None, attributes, None, &[]));
    }

    /// Writes text.
    pub fn text(&mut self, text: &str) {
        self.attempt(|writer| {
            if writer.open.is_empty() {
                return Err(WriteError::Unbalanced);
            }
            Ok(push_text(&mut writer.out, text)?)
        });
    }

    /// Closes the innermost element, which must not be a signed one.
    pub fn close(&mut self) {
        self.attempt(|writer| match writer.end()? {
            None => Ok(()),
            Some(_) => Err(WriteError::SignaturePlace),
        });
    }

    /// Writes an element with nothing but text in it.
    pub fn leaf(&mut self, name: Name, attributes: &[(Name, &str)], text: &str) {
        self.open(name, attributes);
        self.text(text);
        self.close();
    }

    /// Writes an element whose whole text is a qualified name (`s:Subcode/s:Value`), and declares the
    /// name's prefix there, which canonical form would not do: not for signed elements.
    pub fn leaf_naming(&mut self, name: Name, value: Name) {
        self.attempt(|writer| {
            if writer.open.iter().any(|open| open.signed.is_some()) {
                return Err(WriteError::NamespaceAcrossSignatures);
            }
            writer.start(name, None, &[], None, &[value])?;
            writer.push_name(value);
            Ok(())
        });
        self.close();
    }

    /// Opens an element that will carry an enveloped signature. `id` is the name of its identifier
    /// attribute, `ID` or `AssertionID`, which `attributes` must not hold as well.
    pub fn open_signed(
        &mut self,
        name: Name,
        id: &'static str,
        id_value: &str,
        attributes: &[(Name, &str)],
    ) {
        self.open_signed_with_names_in_values(name, id, id_value, attributes, &[]);
    }

    /// As [`CanonicalWriter::open_signed`], for an element in which `values` stand as the values of
    /// attributes (`xsi:type`). Their prefixes are declared here, which no canonical form would do by
    /// itself, and the signature says so by a `PrefixList` (exclusive canonicalization 1.0, 3). Not
    /// for an element inside another signed one.
    pub fn open_signed_with_names_in_values(
        &mut self,
        name: Name,
        id: &'static str,
        id_value: &str,
        attributes: &[(Name, &str)],
        values: &[Name],
    ) {
        self.attempt(|writer| {
            if !is_nc_name(id_value) {
                return Err(WriteError::BadId);
            }
            let is_enclosed = writer.open.iter().any(|open| open.signed.is_some());
            if is_enclosed && !values.is_empty() {
                return Err(WriteError::NamespaceAcrossSignatures);
            }
            let signed = Signed {
                start: writer.out.len(),
                id: id_value.to_owned(),
                inclusive: values.iter().map(|value| value.prefix).collect(),
                place: None,
                horizon: writer.horizon,
            };
            writer.horizon = writer.declared.len();
            writer.start(
                name,
                Some((Name::plain(id), id_value)),
                attributes,
                Some(signed),
                values,
            )
        });
    }

    /// Marks where the signature of the innermost element, which must be a signed one, will stand.
    pub fn signature_here(&mut self) {
        self.attempt(|writer| {
            let here = writer.out.len();
            let declared = writer.declared.iter().skip(writer.horizon);
            let prefix_taken = declared.into_iter().any(|d| d.prefix == dsig::PREFIX);
            match writer.open.last_mut().and_then(|open| open.signed.as_mut()) {
                Some(signed) if signed.place.is_none() && !prefix_taken => {
                    signed.place = Some(here);
                    Ok(())
                }
                _ => Err(WriteError::SignaturePlace),
            }
        });
    }

    /// Closes the innermost element, which must be a signed one: digests it, signs, and puts the
    /// signature where [`CanonicalWriter::signature_here`] was called.
    pub fn close_signed(&mut self, signer: &Signer) {
        self.attempt(|writer| {
            let end = writer.end()?.ok_or(WriteError::SignaturePlace)?;
            let place = end.place.ok_or(WriteError::SignaturePlace)?;
            let element = writer.out.get(end.start..).unwrap_or_default();
            let Sealed { signature, digest } =
                dsig::seal(&end.id, element.as_bytes(), &end.inclusive, signer)?;
            writer.out.insert_str(place, &signature);
            writer.last_digest = Some(digest);
            Ok(())
        });
    }

    /// The SHA-256 digest over the element that was signed last, as its signature states it: what
    /// a ledger of issued assertions would record.
    pub fn last_digest(&self) -> Option<&[u8]> {
        self.last_digest.as_ref().map(Digest::as_ref)
    }

    /// The document.
    ///
    /// # Errors
    /// The first error of all that was done.
    pub fn finish(self) -> Result<String, WriteError> {
        match self.error {
            Some(error) => Err(error),
            None if self.open.is_empty() && self.rooted => Ok(self.out),
            None => Err(WriteError::Unbalanced),
        }
    }

    fn attempt(&mut self, step: impl FnOnce(&mut Self) -> Result<(), WriteError>) {
        if self.error.is_none() {
            self.error = step(self).err();
        }
    }

    fn start(
        &mut self,
        name: Name,
        id: Option<(Name, &str)>,
        attributes: &[(Name, &str)],
        signed: Option<Signed>,
        values: &[Name],
    ) -> Result<(), WriteError> {
        if self.open.is_empty() && std::mem::replace(&mut self.rooted, true) {
            return Err(WriteError::Unbalanced);
        }
        let outer = self.declared.len();
        self.open.push(Open {
            name,
            outer,
            signed,
        });
        self.out.push('<');
        self.push_name(name);
        self.push_declarations(name, attributes, values)?;
        self.push_attributes(id, attributes)?;
        self.out.push('>');
        Ok(())
    }

    fn end(&mut self) -> Result<Option<Signed>, WriteError> {
        let Open {
            name,
            outer,
            signed,
        } = self.open.pop().ok_or(WriteError::Unbalanced)?;
        self.out.push_str("</");
        self.push_name(name);
        self.out.push('>');
        self.declared.truncate(outer);
        if let Some(signed) = &signed {
            self.horizon = signed.horizon;
        }
        Ok(signed)
    }

    fn push_name(&mut self, name: Name) {
        if !name.prefix.is_empty() {
            self.out.push_str(name.prefix);
            self.out.push(':');
        }
        self.out.push_str(name.local);
    }

    /// Declares what this element, its attributes and `values` use and no ancestor has declared.
    fn push_declarations(
        &mut self,
        name: Name,
        attributes: &[(Name, &str)],
        values: &[Name],
    ) -> Result<(), WriteError> {
        let own = self.declared.len();
        self.want(name)?;
        for &value in values {
            // A PrefixList has another word for the default namespace, which is not needed here.
            if value.prefix.is_empty() {
                return Err(WriteError::Name);
            }
            self.want(value)?;
        }
        for &(attribute, _) in attributes {
            match (attribute.prefix, attribute.namespace) {
                ("", "") | ("xml", XML) => {}
                ("", _) => return Err(WriteError::Name),
                _ => self.want(attribute)?,
            }
        }
        let declared = self.declared.get_mut(own..).unwrap_or_default();
        declared.sort_unstable();
        // Sorted, so equal prefixes are neighbours; one cannot mean two things.
        if declared
            .windows(2)
            .any(|pair| matches!(pair, [one, other] if one.prefix == other.prefix))
        {
            return Err(WriteError::Name);
        }
        for wanted in declared {
            self.out.push_str(" xmlns");
            if !wanted.prefix.is_empty() {
                self.out.push(':');
                self.out.push_str(wanted.prefix);
            }
            self.out.push_str("=\"");
            push_attribute(&mut self.out, wanted.namespace)?;
            self.out.push('"');
        }
        Ok(())
    }

    /// Adds the declaration that `name` needs, where none in scope says the same.
    fn want(&mut self, name: Name) -> Result<(), WriteError> {
        let wanted = Declared {
            prefix: name.prefix,
            namespace: name.namespace,
        };
        let reserved = matches!(wanted.prefix, "xml" | "xmlns");
        if reserved || (wanted.namespace.is_empty() && !wanted.prefix.is_empty()) {
            return Err(WriteError::Name);
        }
        let same_prefix = |declared: &&Declared| same(declared.prefix, wanted.prefix);
        let (hidden, seen) = self
            .declared
            .split_at_checked(self.horizon)
            .unwrap_or_default();
        // Nothing declared is the same as the default namespace declared to be none.
        let means = |declared: Option<&Declared>| {
            declared.map_or(
                wanted.prefix.is_empty() && wanted.namespace.is_empty(),
                |declared| same(declared.namespace, wanted.namespace),
            )
        };
        let inside = seen.iter().rev().find(same_prefix);
        let around = hidden.iter().rev().find(same_prefix);
        let needed = !means(inside);
        // Bytes cannot be canonical for two signed elements of which one sees the declaration and
        // the other does not; and a default namespace cannot be taken back by writing nothing.
        let contested = inside.is_none() && around.is_some() && means(around) == needed;
        if contested && (!needed || self.enclosed()) {
            return Err(WriteError::NamespaceAcrossSignatures);
        }
        if needed {
            self.declared.push(wanted);
        }
        Ok(())
    }

    /// Whether the innermost signed element stands in another signed element.
    fn enclosed(&self) -> bool {
        self.open
            .iter()
            .filter(|open| open.signed.is_some())
            .count()
            > 1
    }

    fn push_attributes(
        &mut self,
        id: Option<(Name, &str)>,
        attributes: &[(Name, &str)],
    ) -> Result<(), WriteError> {
        // The identifier first, since that is its place among those that messages have.
        let all = || id.into_iter().chain(attributes.iter().copied());
        let key = |(name, _): &(Name, &str)| (name.namespace, name.local);
        let ascends = |one: &_, other: &_| key(one) < key(other);
        // Templates mostly name attributes in their canonical order.
        if all().is_sorted_by(ascends) {
            return all().try_for_each(|attribute| self.push_attribute(attribute));
        }
        let mut sorted: Vec<_> = all().collect();
        sorted.sort_unstable_by_key(key);
        // Sorted, and still not each above the one before: two are the same.
        if !sorted.is_sorted_by(ascends) {
            return Err(WriteError::Name);
        }
        let mut sorted = sorted.into_iter();
        sorted.try_for_each(|attribute| self.push_attribute(attribute))
    }

    fn push_attribute(&mut self, (name, value): (Name, &str)) -> Result<(), WriteError> {
        self.out.push(' ');
        self.push_name(name);
        self.out.push_str("=\"");
        push_attribute(&mut self.out, value)?;
        self.out.push('"');
        Ok(())
    }
}

/// Whether two constants say the same. Mostly they are one, which their addresses tell at once.
fn same(one: &'static str, other: &'static str) -> bool {
    std::ptr::eq(one, other) || one == other
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
