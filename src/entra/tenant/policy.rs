use serde::{Deserialize, Serialize};

use super::{Authentication, Domain};
use crate::entra::DomainName;

/// The definition of Graph's `homeRealmDiscoveryPolicy` that is the organisation's default, by its
/// own names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub struct HomeRealmDiscoveryPolicy {
    /// Whether browsers go to the identity provider before anybody types a name.
    pub accelerate_to_federated_domain: bool,
    /// To which domain's. Without it, the policy works in a tenant with one federated domain only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_domain: Option<DomainName>,
    /// Whether applications may bring a federated user's password to Entra itself.
    pub allow_cloud_password_validation: bool,
    /// Email as an alternate login ID.
    pub alternate_id_login: AlternateIdLogin,
    /// Whose domain hints are not followed.
    pub domain_hint_policy: DomainHintPolicy,
}

/// Whether `proxyAddresses` of users in managed domains are sign-in names (facts 5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub struct AlternateIdLogin {
    /// Whether they are.
    pub enabled: bool,
}

/// Which domain hints are ignored, and which of those are not. An entry may be `all_domains` or
/// `all_apps`, or `*`, by which Microsoft's examples say the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub struct DomainHintPolicy {
    /// Hints that name these domains are ignored.
    pub ignore_domain_hint_for_domains: Vec<String>,
    /// They are followed after all.
    pub respect_domain_hint_for_domains: Vec<String>,
    /// Hints of these applications are ignored.
    pub ignore_domain_hint_for_apps: Vec<String>,
    /// They are followed after all.
    pub respect_domain_hint_for_apps: Vec<String>,
}

impl DomainHintPolicy {
    /// Whether a hint is ignored that names `domain` in a request of `application` (a client ID).
    /// "Respect" wins over "ignore".
    pub fn ignores(&self, domain: &DomainName, application: Option<&str>) -> bool {
        let domain_is_in = |list: &[String]| is_in(list, "all_domains", domain.as_str());
        let app_is_in = |list: &[String]| {
            application.is_some_and(|id| is_in(list, "all_apps", id)) || has_all(list, "all_apps")
        };
        let respected = domain_is_in(&self.respect_domain_hint_for_domains)
            || app_is_in(&self.respect_domain_hint_for_apps);
        let ignored = domain_is_in(&self.ignore_domain_hint_for_domains)
            || app_is_in(&self.ignore_domain_hint_for_apps);
        ignored && !respected
    }
}

fn has_all(list: &[String], all: &str) -> bool {
    list.iter().any(|entry| entry == "*" || entry == all)
}

fn is_in(list: &[String], all: &str, one: &str) -> bool {
    has_all(list, all) || list.iter().any(|entry| entry.eq_ignore_ascii_case(one))
}

/// `validatingDomains` of Graph's `federatedTokenValidationPolicy`: for users of which root domains
/// the token has to come from that domain's federation (facts 4.7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rootDomains", rename_all = "camelCase", try_from = "Written")]
pub enum ValidatingDomains {
    /// For nobody's: each federation of the tenant may speak for each of its users.
    None,
    /// For all.
    #[default]
    All,
    /// For those that are federated.
    AllFederated,
    /// For those that are managed.
    AllManaged,
    /// For those that are named.
    Enumerated {
        /// The names.
        #[serde(rename = "domainNames")]
        domain_names: Vec<DomainName>,
    },
    /// For those that are managed, and for federated ones that are named.
    AllManagedAndEnumeratedFederated {
        /// The names.
        #[serde(rename = "domainNames")]
        domain_names: Vec<DomainName>,
    },
}

/// The same as it may be written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    root_domains: RootDomains,
    domain_names: Option<Vec<DomainName>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum RootDomains {
    None,
    All,
    AllFederated,
    AllManaged,
    Enumerated,
    AllManagedAndEnumeratedFederated,
}

impl TryFrom<Written> for ValidatingDomains {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, &'static str> {
        Ok(match (written.root_domains, written.domain_names) {
            (RootDomains::None, None) => Self::None,
            (RootDomains::All, None) => Self::All,
            (RootDomains::AllFederated, None) => Self::AllFederated,
            (RootDomains::AllManaged, None) => Self::AllManaged,
            (RootDomains::Enumerated, Some(domain_names)) => Self::Enumerated { domain_names },
            (RootDomains::AllManagedAndEnumeratedFederated, Some(domain_names)) => {
                Self::AllManagedAndEnumeratedFederated { domain_names }
            }
            (_, Some(_)) => return Err("domainNames goes with rootDomains that enumerate"),
            (_, None) => return Err("these rootDomains need domainNames"),
        })
    }
}

impl ValidatingDomains {
    /// Whether tokens about users of this root domain are held to it.
    pub fn include(&self, root: &Domain) -> bool {
        let is_federated = matches!(root.authentication, Authentication::Federated(_));
        match self {
            Self::None => false,
            Self::All => true,
            Self::AllFederated => is_federated,
            Self::AllManaged => !is_federated,
            Self::Enumerated { domain_names } => domain_names.contains(&root.name),
            Self::AllManagedAndEnumeratedFederated { domain_names } => {
                !is_federated || domain_names.contains(&root.name)
            }
        }
    }

    /// The domains that are named.
    pub fn names(&self) -> &[DomainName] {
        match self {
            Self::Enumerated { domain_names }
            | Self::AllManagedAndEnumeratedFederated { domain_names } => domain_names,
            Self::None | Self::All | Self::AllFederated | Self::AllManaged => &[],
        }
    }
}
