use std::fmt;

use super::{
    super::{DomainName, SignInName},
    TenantedLink,
};

/// Where a person proves who she is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HomeRealm {
    /// By password, at the directories.
    Directories,
    /// By password, at the directory of this name alone.
    Directory(String),
    /// At the upstream identity provider of this name.
    Upstream(String),
    /// At Entra: she has come to the wrong door.
    Entra(EntraDoor),
    /// Nowhere: what she is told.
    Refused(String),
}

/// Which directories are asked for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directories<'a> {
    /// Each that may know it: exactly one account in all of them together must have it.
    All,
    /// The one of this name, whoever else may know it.
    Only(&'a str),
}

/// The way back to Entra for those who belong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntraDoor {
    /// Where to.
    pub link: TenantedLink,
    /// What is said as `domain_hint`: not one of our own domains, for which Entra would send her here
    /// again.
    pub domain_hint: Option<DomainName>,
}

impl HomeRealm {
    /// The directories that check the password; `None` where no password is asked for here.
    pub fn directories(&self) -> Option<Directories<'_>> {
        match self {
            Self::Directories => Some(Directories::All),
            Self::Directory(name) => Some(Directories::Only(name)),
            Self::Upstream(_) | Self::Entra(_) | Self::Refused(_) => None,
        }
    }

    /// Whether somebody proves here who she is, or at an upstream that tells us.
    pub fn is_by_proof(&self) -> bool {
        !matches!(self, Self::Entra(_) | Self::Refused(_))
    }
}

impl fmt::Display for HomeRealm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directories => formatter.write_str("the directories"),
            Self::Directory(name) => write!(formatter, "the directory {name:?}"),
            Self::Upstream(name) => write!(formatter, "the upstream {name:?}"),
            Self::Entra(_) => formatter.write_str("Entra"),
            Self::Refused(_) => formatter.write_str("a refusal"),
        }
    }
}

impl EntraDoor {
    /// Where the browser goes, with the name, where one is known, as `login_hint`.
    pub fn address(&self, name: Option<&SignInName>) -> String {
        let name = name
            .and_then(SignInName::as_address)
            .map(ToString::to_string);
        let hint = self.domain_hint.as_ref().map(DomainName::as_ascii);
        let added = [("login_hint", name.as_deref()), ("domain_hint", hint)];
        let added = added.into_iter();
        self.link
            .with(added.filter_map(|(name, value)| Some((name, value?))))
    }
}
