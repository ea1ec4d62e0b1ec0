//! Names to write with.

/// The name of an element or attribute that Homerealm writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// The prefix to write; empty for the default namespace, and for attributes in no namespace.
    pub prefix: &'static str,
    /// The namespace; empty for none.
    pub namespace: &'static str,
    /// The local name.
    pub local: &'static str,
}

impl Name {
    /// The name `prefix:local` with the namespace that the prefix stands for.
    pub const fn new(prefix: &'static str, namespace: &'static str, local: &'static str) -> Self {
        Self {
            prefix,
            namespace,
            local,
        }
    }

    /// The name of an attribute in no namespace, or of an element in none.
    pub const fn plain(local: &'static str) -> Self {
        Self::new("", "", local)
    }
}
