//! Addresses at Microsoft that name a tenant, and those that do not.

use hyper::Uri;
use serde::Serialize;

use super::Link;
use crate::realm::{DomainName, TenantedLink, TenantedLinkError};

/// What an address that is handed to partners is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Looked {
    /// It names a tenant, or lives where no tenant need be named.
    Good,
    /// It names none; this one does.
    Mended {
        /// The address to hand around instead.
        instead: String,
    },
    /// It names none, and cannot be mended.
    Untenanted {
        /// Why, and what to do.
        why: String,
    },
}

/// Microsoft's pages for everybody whose first segment may be a tenant: there Entra is asked with it.
const WITH_TENANT_IN_PATH: [&str; 3] = [
    "myapps.microsoft.com",
    "portal.azure.com",
    "entra.microsoft.com",
];

/// Microsoft's pages for everybody that have no form with a tenant.
const FOR_EVERYBODY: [&str; 7] = [
    "office.com",
    "www.office.com",
    "microsoft365.com",
    "www.microsoft365.com",
    "m365.cloud.microsoft",
    "outlook.office.com",
    "login.live.com",
];

/// The pages that every tenant has.
pub(super) fn of(tenant: &DomainName) -> Vec<Link> {
    let link = |name: &str, address: String| Link {
        name: name.to_owned(),
        address,
    };
    let mut links = vec![link(
        "My Apps",
        format!("https://myapps.microsoft.com/{tenant}"),
    )];
    // SharePoint lives under the name that the tenant was born with.
    let tenant = tenant.to_string();
    let born = tenant.strip_suffix(".onmicrosoft.com");
    if let Some(name) = born.filter(|name| !name.contains('.')) {
        links.push(link(
            "SharePoint",
            format!("https://{name}.sharepoint.com/"),
        ));
    }
    links
}

/// Looks at an address; `tenant` is put into it where it names none.
///
/// An address that is not known here is taken to be the application's own: whether it asks Entra with a
/// tenant cannot be seen from outside.
pub fn look_at(address: &str, tenant: Option<&DomainName>) -> Looked {
    let untenanted = |why: &str| Looked::Untenanted {
        why: why.to_owned(),
    };
    let parsed = address.parse::<Uri>().ok();
    let Some((parsed, host)) = parsed.as_ref().and_then(|uri| Some((uri, uri.host()?))) else {
        return untenanted("it is no address with a host");
    };
    if parsed.scheme_str() != Some("https") {
        return untenanted("it is not https");
    }
    let host = host.to_ascii_lowercase();
    let is_one_of = |known: &[&str]| known.contains(&host.as_str());
    if is_one_of(&FOR_EVERYBODY) {
        return untenanted("it is for everybody; give the application's own address instead");
    }
    if is_one_of(&WITH_TENANT_IN_PATH) {
        let names_tenant = parsed.path().trim_matches('/').contains('.')
            || parsed
                .query()
                .is_some_and(|query| query.to_ascii_lowercase().contains("tenantid="));
        return match tenant {
            _ if names_tenant => Looked::Good,
            Some(tenant) => Looked::Mended {
                instead: format!("https://{host}/{tenant}"),
            },
            None => untenanted("it names no tenant; say yours with --tenant"),
        };
    }
    match TenantedLink::parse(address) {
        Err(TenantedLinkError::NoTenant(segment)) => match tenant {
            Some(tenant) => Looked::Mended {
                instead: address.replacen(&format!("/{segment}"), &format!("/{tenant}"), 1),
            },
            None => untenanted("it names no tenant (AADSTS90019); say yours with --tenant"),
        },
        // A hint in it does no harm where it is the reader's own.
        Ok(_) | Err(_) => Looked::Good,
    }
}
