/// What a relying party and we say to each other by SAML when a session ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SingleLogout {
    /// Where it hears of the end; without it, it cannot be told.
    pub service: Option<LogoutService>,
    /// Whether its own requests to end a session may be unsigned. A session ends by them only in the
    /// browser that brings them.
    pub permit_unsigned: bool,
}

/// A relying party's single logout service (SAML metadata 2.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutService {
    /// The absolute https address.
    pub address: String,
    /// Where answers go, if not there (`ResponseLocation`).
    pub response_address: Option<String>,
    /// How messages get there.
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

impl LogoutService {
    /// Where answers go.
    pub fn response_address(&self) -> &str {
        self.response_address.as_deref().unwrap_or(&self.address)
    }
}
