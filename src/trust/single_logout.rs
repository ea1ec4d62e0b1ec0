/// What a relying party and we say to each other by SAML when a session ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SingleLogout {
    /// Where it hears of the end; without it, it cannot be told by SAML.
    pub told_at: Option<LogoutAddress>,
    /// Where its own requests are answered; without it, they are not.
    pub answered_at: Option<LogoutAddress>,
    /// Whether its own requests to end a session may be unsigned. A session ends by them only in the
    /// browser that brings them.
    pub permit_unsigned: bool,
}

/// Where messages about the end of a session go, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutAddress {
    /// The absolute https address.
    pub url: String,
    /// How they get there.
    pub binding: LogoutBinding,
}

/// How messages about the end of a session travel, by way of the browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogoutBinding {
    /// HTTP-Redirect (SAML bindings 3.4).
    #[default]
    Redirect,
    /// HTTP-POST (SAML bindings 3.5).
    Post,
}

/// A relying party's single logout service as its metadata describes it (SAML metadata 2.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutService {
    /// `Location`.
    pub address: String,
    /// `ResponseLocation`: where answers go, if not there.
    pub response_address: Option<String>,
    /// `Binding`.
    pub binding: LogoutBinding,
}

impl LogoutService {
    /// Where answers go.
    pub fn response_address(&self) -> &str {
        self.response_address.as_deref().unwrap_or(&self.address)
    }
}

impl SingleLogout {
    /// Has messages go to this service.
    pub fn use_service(&mut self, service: &LogoutService) {
        let at = |url: &str| LogoutAddress {
            url: url.to_owned(),
            binding: service.binding,
        };
        self.told_at = Some(at(&service.address));
        self.answered_at = Some(at(service.response_address()));
    }

    /// Whether nothing is known of where messages go.
    pub fn is_unknown(&self) -> bool {
        self.told_at.is_none() && self.answered_at.is_none()
    }
}
