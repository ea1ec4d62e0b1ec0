//! The addresses to give to partners.
//!
//! A partner who begins at an address for everybody is asked by Entra who she is, and Entra takes her
//! email for her own organisation's. So she is given addresses that lead here first, or that name the
//! tenant; this room says which those are, looks at those that are handed around already, and makes a
//! page of them that can be printed.

mod guide;
mod tenanted;
#[cfg(test)]
mod tests;

pub use guide::Guide;
pub use tenanted::{Looked, look_at};

use serde::Serialize;

use crate::{
    config::Config,
    realm::DomainName,
    web::{APPLICATIONS_PATH, SIGN_OUT_PATH, START_PATH},
};

/// The addresses of one Homerealm and one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Links {
    /// Where a partner begins: the front door of each application that has one.
    pub front_doors: Vec<Link>,
    /// Our page of all that somebody may open, where there is one.
    pub applications: Option<Link>,
    /// Where people sign out.
    pub sign_out: Link,
    /// Where people go who have forgotten their password.
    pub password_reset: Option<Link>,
    /// Microsoft's pages that every tenant has, where the tenant is named.
    pub tenant: Vec<Link>,
}

/// An address, and what is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// What is there.
    pub name: String,
    /// The address.
    pub address: String,
}

impl Links {
    /// The addresses of a configuration, and those of `tenant`: one of its verified domains, best the
    /// one that it was born with (`contoso.onmicrosoft.com`), from which that of `SharePoint` is made.
    pub fn of(config: &Config, tenant: Option<&DomainName>) -> Self {
        let link = |name: &str, path: &str| Link {
            name: name.to_owned(),
            address: format!("{}{path}", config.edge.base_url),
        };
        let applications = &config.applications;
        let front_doors = applications.iter().filter_map(|application| {
            let path = format!("{START_PATH}/{}", application.id.as_ref()?.as_str());
            Some(link(&application.name, &path))
        });
        let reset = &config.edge.password_reset_url;
        Self {
            front_doors: front_doors.collect(),
            applications: (!applications.is_empty())
                .then(|| link("Everything that you may open", APPLICATIONS_PATH)),
            sign_out: link("Sign out", SIGN_OUT_PATH),
            password_reset: reset.as_ref().map(|url| Link {
                name: "A forgotten password".to_owned(),
                address: url.clone(),
            }),
            tenant: tenant.map(tenanted::of).unwrap_or_default(),
        }
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Link> {
        self.beginnings()
            .chain([&self.sign_out])
            .chain(&self.password_reset)
    }

    /// Those at which a partner may begin.
    pub fn beginnings(&self) -> impl Iterator<Item = &Link> {
        let ours = self.front_doors.iter().chain(&self.applications);
        ours.chain(&self.tenant)
    }
}
