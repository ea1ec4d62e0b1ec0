/// An address at Entra, or one that leads there, to which it is added who is coming.
///
/// It names the tenant: where it does not, Entra resolves no partner's email (AADSTS90019).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantedLink {
    /// Up to the mark or sign at which parameters are added.
    before: String,
    /// The fragment, with its sign.
    fragment: String,
}

/// Why a link cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TenantedLinkError {
    /// It says itself what is to be added.
    #[error("the link has a {0} already, which is added for each person")]
    Said(&'static str),
    /// It leads to no tenant.
    #[error(
        "the link leads to {0:?}, where Entra does not resolve a partner's email (AADSTS90019): name \
         the tenant"
    )]
    NoTenant(String),
}

/// Where Entra's own addresses begin, in each of its clouds.
const ENTRAS_HOSTS: [&str; 4] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.windows.net",
];

/// In place of a tenant: whoever comes.
const NO_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

/// By which parameters Entra is told who is coming.
const HINTS: [&str; 3] = ["login_hint", "domain_hint", "whr"];

impl TenantedLink {
    /// Reads `link`, an absolute https URL.
    ///
    /// # Errors
    /// [`TenantedLinkError`]. That it is https with a plain host is for the caller to have seen.
    pub fn parse(link: &str) -> Result<Self, TenantedLinkError> {
        let at = link.find('#').unwrap_or(link.len());
        let (before, fragment) = link.split_at_checked(at).unwrap_or((link, ""));
        let query = before.split_once('?').map_or("", |(_, query)| query);
        let said =
            |hint: &&str| form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == **hint);
        if let Some(hint) = HINTS.into_iter().find(said) {
            return Err(TenantedLinkError::Said(hint));
        }
        let mut parts = before.split(['/', '?']).skip(2);
        let host = parts.next().unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default();
        let tenant = parts.next().unwrap_or_default();
        let is_one_of =
            |known: &[&str], text: &str| known.iter().any(|known| known.eq_ignore_ascii_case(text));
        if is_one_of(&ENTRAS_HOSTS, host) && is_one_of(&NO_TENANTS, tenant) {
            return Err(TenantedLinkError::NoTenant(tenant.to_owned()));
        }
        Ok(Self {
            before: before.to_owned(),
            fragment: fragment.to_owned(),
        })
    }

    /// The link with these parameters more.
    pub fn with<'a>(&self, added: impl Iterator<Item = (&'a str, &'a str)>) -> String {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        let added = pairs.extend_pairs(added).finish();
        let (before, fragment) = (&self.before, &self.fragment);
        let mark = match before.split_once('?') {
            _ if added.is_empty() => "",
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{before}{mark}{added}{fragment}")
    }
}
