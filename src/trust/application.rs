use super::{Access, Subject};

/// An application that people open from our own page, and that has its people signed in elsewhere: at
/// Entra, which sends them back to us.
///
/// Entra resolves what a person types to an account of one tenant. A link that says who she is by the
/// name that the tenant knows leaves nothing to resolve.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its name, for people.
    pub name: String,
    /// Its name in the address that leads straight to it. `None`: it is opened from the list alone.
    pub id: Option<ApplicationId>,
    /// Whom it is shown to. Who may use it is for Entra to say.
    pub access: Access,
    /// Up to the mark or sign at which parameters are added.
    before: String,
    /// The fragment, with its sign.
    fragment: String,
    hints: Vec<Hint>,
}

/// What an application is called in an address: letters a to z, digits and `-`, at most 64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationId(String);

/// What a link tells Entra about the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// `login_hint`: her cloud UPN. Read by `OpenID` Connect and SAML alike.
    Login,
    /// `domain_hint`: her federated suffix, so that Entra sends her here at once. For `OpenID` Connect
    /// and SAML.
    Domain,
    /// `whr`: the same for WS-Federation.
    HomeRealm,
}

/// Why a link cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplicationError {
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

impl ApplicationId {
    /// The name, if it is one that stands in an address as it is.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        ((1..=64).contains(&text.len()) && text.bytes().all(is_plain))
            .then(|| Self(text.to_owned()))
    }

    /// As it stands in the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Hint {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Login, Self::Domain, Self::HomeRealm];

    /// The parameter's name.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Login => "login_hint",
            Self::Domain => "domain_hint",
            Self::HomeRealm => "whr",
        }
    }

    fn value(self, subject: &Subject) -> &str {
        match self {
            Self::Login => &subject.cloud_upn,
            Self::Domain | Self::HomeRealm => &subject.suffix,
        }
    }
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

impl Application {
    /// An application at `link`, an absolute https URL, to which `hints` are added.
    ///
    /// # Errors
    /// [`ApplicationError`]. That it is https with a plain host is for the caller to have seen.
    pub fn new(
        name: String,
        link: &str,
        hints: Vec<Hint>,
        access: Access,
    ) -> Result<Self, ApplicationError> {
        let at = link.find('#').unwrap_or(link.len());
        let (before, fragment) = link.split_at_checked(at).unwrap_or((link, ""));
        let query = before.split_once('?').map_or("", |(_, query)| query);
        let said = |hint: &Hint| {
            form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == hint.parameter())
        };
        if let Some(hint) = Hint::ALL.into_iter().find(said) {
            return Err(ApplicationError::Said(hint.parameter()));
        }
        let mut parts = before.split(['/', '?']).skip(2);
        let host = parts.next().unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default();
        let tenant = parts.next().unwrap_or_default();
        let is_one_of =
            |known: &[&str], text: &str| known.iter().any(|known| known.eq_ignore_ascii_case(text));
        if is_one_of(&ENTRAS_HOSTS, host) && is_one_of(&NO_TENANTS, tenant) {
            return Err(ApplicationError::NoTenant(tenant.to_owned()));
        }
        Ok(Self {
            name,
            id: None,
            access,
            before: before.to_owned(),
            fragment: fragment.to_owned(),
            hints,
        })
    }

    /// The link for a person.
    pub fn address(&self, subject: &Subject) -> String {
        let mut hints = form_urlencoded::Serializer::new(String::new());
        for hint in &self.hints {
            hints.append_pair(hint.parameter(), hint.value(subject));
        }
        let (before, hints, fragment) = (&self.before, hints.finish(), &self.fragment);
        let mark = match before.split_once('?') {
            _ if hints.is_empty() => "",
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{before}{mark}{hints}{fragment}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wendy() -> Subject {
        Subject {
            cloud_upn: "w+m&o\u{e4}@partners.contoso.com".into(),
            suffix: "partners.contoso.com".into(),
            ..Subject::default()
        }
    }

    fn application(link: &str, hints: &[Hint]) -> Result<Application, ApplicationError> {
        Application::new("Mail".into(), link, hints.to_vec(), Access::Everyone)
    }

    #[test]
    fn a_link_says_who_she_is_in_the_form_that_entra_reads() {
        use Hint::{Domain, HomeRealm, Login};
        const UPN: &str = "w%2Bm%26o%C3%A4%40partners.contoso.com";
        for (link, hints, expected) in [
            ("https://a.test/", &[][..], "https://a.test/".to_owned()),
            (
                "https://a.test/",
                &[Login, Domain],
                format!("https://a.test/?login_hint={UPN}&domain_hint=partners.contoso.com"),
            ),
            (
                "https://a.test/?x=1#there",
                &[HomeRealm],
                "https://a.test/?x=1&whr=partners.contoso.com#there".to_owned(),
            ),
            (
                "https://a.test?",
                &[Login],
                format!("https://a.test?login_hint={UPN}"),
            ),
            (
                "https://a.test/?x=1&",
                &[Login],
                format!("https://a.test/?x=1&login_hint={UPN}"),
            ),
            (
                "https://a.test/#?x",
                &[HomeRealm],
                "https://a.test/?whr=partners.contoso.com#?x".to_owned(),
            ),
        ] {
            let application = application(link, hints).unwrap();
            assert_eq!(application.address(&wendy()), expected, "{link} {hints:?}");
        }
    }

    #[test]
    fn an_id_stands_in_an_address_as_it_is() {
        let longest = "a".repeat(64);
        for good in ["a", "portal-2", "0", "-", &longest] {
            let id = ApplicationId::parse(good).unwrap();
            assert_eq!(id.as_str(), good);
        }
        for bad in [
            "",
            "A",
            "a b",
            "a/b",
            ".",
            "..",
            "a%20",
            "\u{e4}",
            "a_b",
            &"a".repeat(65),
        ] {
            assert_eq!(ApplicationId::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_link_leads_to_a_tenant_and_says_nothing_about_the_person_itself() {
        let refused = |link: &str| application(link, &[]).unwrap_err();
        for tenant in ["common", "Organizations", "consumers"] {
            for link in [
                format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize"),
                format!("https://LOGIN.microsoftonline.us/{tenant}"),
                format!("https://login.microsoftonline.com/{tenant}?x=1"),
                format!("https://login.microsoftonline.com:443/{tenant}/"),
            ] {
                assert_eq!(refused(&link), ApplicationError::NoTenant(tenant.into()));
            }
        }
        for name in ["login_hint", "domain_hint", "whr"] {
            let link = format!("https://a.test/?x=1&{name}=y");
            assert_eq!(refused(&link), ApplicationError::Said(name));
        }
        for good in [
            "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/authorize?client_id=1",
            "https://a.test/common?x=login_hint",
            "https://a.test/#login_hint=x",
        ] {
            assert!(application(good, &[]).is_ok(), "{good}");
        }
    }
}
