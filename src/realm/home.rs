use std::{fmt, sync::Arc};

use crate::directory::Directory;

use super::{FederatedDomain, Mapping, SignInName, sign_in_name::Form};

/// One home of accounts: a directory (of a forest, say) and the rules by which its accounts sign
/// in.
#[derive(Clone)]
pub struct Home {
    pub(super) name: String,
    pub(super) directory: Directory,
    pub(super) mapping: Mapping,
    pub(super) domains: Vec<Arc<FederatedDomain>>,
}

impl Home {
    /// Makes one; the name stands in logs and traces.
    pub fn new(name: impl Into<String>, directory: Directory, mapping: Mapping) -> Self {
        let domains = mapping.federated_domains.iter().cloned().map(Arc::new);
        Self {
            name: name.into(),
            directory,
            domains: domains.collect(),
            mapping,
        }
    }

    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The directory.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The rules.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Whether accounts of this name would be here, so that its directory must be asked. A name
    /// without a domain may be anywhere.
    pub(super) fn is_responsible_for(&self, name: &SignInName) -> bool {
        match (&self.mapping.email_domains, name.form()) {
            (Some(domains), Form::Address(address)) => domains.contains(address.domain()),
            _ => true,
        }
    }
}

impl fmt::Debug for Home {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Home")
            .field("name", &self.name)
            .field("directory", &self.directory)
            .field("mapping", &self.mapping)
            .finish_non_exhaustive()
    }
}
