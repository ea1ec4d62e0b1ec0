use std::time::Duration;

use time::OffsetDateTime;

use crate::{
    http::{Form, FormError},
    saml2::parse_timestamp,
};

use super::{
    RequestedAuthentication,
    names::{ACTION_CLEAN_UP, ACTION_SIGN_IN, ACTION_SIGN_OUT},
};

/// Octets of `wctx`. Entra's has about a thousand.
pub const MAX_CONTEXT: usize = 8 * 1024;

/// Octets of an address or a name.
const MAX_URI: usize = 2 * 1024;

/// What a browser brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `wsignin1.0`: somebody is to be signed in.
    SignIn(Box<SignIn>),
    /// `wsignout1.0`, `wsignoutcleanup1.0`, or nothing at all: the session is to end. Entra sends
    /// the browser to the registered `signOutUri` as it stands, which need not have a query.
    SignOut(SignOut),
}

/// A request to sign somebody in (MS-MWBF 2.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// `wtrealm`: who asks.
    pub realm: String,
    /// `wctx`: comes back with the answer as it is, decoded from the query once and no more.
    pub context: Option<String>,
    /// `wreply`: where the answer is wanted.
    pub reply: Option<String>,
    /// `wfresh`, to the minute: how long ago the person may have proven who she is. Zero asks her
    /// again, and so does `prompt=login`, which Entra sends where it was told that we understand it.
    pub max_age: Option<Duration>,
    /// `wauth`: how she is to prove it.
    pub authentication: Option<RequestedAuthentication>,
    /// `whr`: her home, for those that know several. Here names lead home.
    pub home_realm: Option<String>,
    /// `wct`: when it was sent, by the sender's clock.
    pub sent: Option<OffsetDateTime>,
    /// `client-request-id`: Entra's name of this sign-in, a GUID.
    pub client_request_id: Option<String>,
}

/// A request to end the session (MS-MWBF 2.2.5 and 2.2.6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignOut {
    /// `wreply`: where the browser is wanted afterwards.
    pub reply: Option<String>,
}

/// Why parameters are no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// One that must be single came more than once, in the query, the form, or both.
    #[error(transparent)]
    Form(#[from] FormError),
    /// There is something to do, but no `wa` that says what.
    #[error("there is no wa")]
    NoAction,
    /// `wa` is none of those that are served.
    #[error("wa names an action that is not served")]
    UnknownAction,
    /// A request to sign somebody in that does not say for whom.
    #[error("there is no wtrealm")]
    NoRealm,
    /// More octets than any honest sender uses.
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// A control character: a form could not bring it back as it was, and no name has one.
    #[error("{0} has control characters")]
    ControlCharacter(&'static str),
    /// `wfresh` is no number of minutes.
    #[error("wfresh is not a number of minutes")]
    Freshness,
    /// `wct` is no instant with a time zone.
    #[error("wct is not an instant")]
    SentAt,
    /// `wauth` asks for what is not done here.
    #[error("wauth asks for an authentication that is not offered: {0:?}")]
    Authentication(String),
}

impl Request {
    /// Reads a request from the parameters of a query and of a form: GET and POST mean the same, and
    /// Entra may put some of them into the address of a POST.
    ///
    /// What is not known is left alone, since Entra adds parameters as it grows (`cbcxt`, `mkt`,
    /// `lc`, `popupui`). An empty value is none, but for `wctx`.
    pub fn parse(query: &Form, form: &Form) -> Result<Self, RequestError> {
        let parameters = Parameters([query, form]);
        match parameters.present("wa")? {
            Some(ACTION_SIGN_IN) => SignIn::parse(parameters).map(|it| Self::SignIn(Box::new(it))),
            Some(ACTION_SIGN_OUT | ACTION_CLEAN_UP) => Ok(Self::SignOut(SignOut {
                reply: parameters.text("wreply", MAX_URI)?,
            })),
            Some(_) => Err(RequestError::UnknownAction),
            None if parameters.ask_for_something() => Err(RequestError::NoAction),
            None => Ok(Self::SignOut(SignOut::default())),
        }
    }
}

impl SignIn {
    fn parse(parameters: Parameters<'_>) -> Result<Self, RequestError> {
        let realm = parameters.text("wtrealm", MAX_URI)?;
        let context = parameters.bounded("wctx", MAX_CONTEXT)?.map(str::to_owned);
        Ok(Self {
            realm: realm.ok_or(RequestError::NoRealm)?,
            context,
            reply: parameters.text("wreply", MAX_URI)?,
            max_age: parameters.max_age()?,
            authentication: parameters.authentication()?,
            home_realm: parameters.text("whr", MAX_URI)?,
            sent: parameters
                .present("wct")?
                .map(|text| parse_timestamp(text).ok_or(RequestError::SentAt))
                .transpose()?,
            client_request_id: parameters.client_request_id(),
        })
    }
}

/// The parameters of a query and of a form, as if they were one list.
#[derive(Clone, Copy)]
struct Parameters<'a>([&'a Form; 2]);

impl<'a> Parameters<'a> {
    fn all(self, name: &'static str) -> impl Iterator<Item = &'a str> {
        self.0.into_iter().flat_map(move |form| form.all(name))
    }

    fn single(self, name: &'static str) -> Result<Option<&'a str>, RequestError> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(FormError::Repeated(name).into()),
            (value, None) => Ok(value),
        }
    }

    fn present(self, name: &'static str) -> Result<Option<&'a str>, RequestError> {
        Ok(self.single(name)?.filter(|value| !value.is_empty()))
    }

    fn bounded(self, name: &'static str, most: usize) -> Result<Option<&'a str>, RequestError> {
        match self.single(name)? {
            Some(value) if value.len() > most => Err(RequestError::TooLong(name)),
            Some(value) if value.contains(char::is_control) => {
                Err(RequestError::ControlCharacter(name))
            }
            value => Ok(value),
        }
    }

    fn text(self, name: &'static str, most: usize) -> Result<Option<String>, RequestError> {
        let value = self.bounded(name, most)?.filter(|value| !value.is_empty());
        Ok(value.map(str::to_owned))
    }

    /// Whether somebody wants something else than the session's end, and forgot to say what.
    fn ask_for_something(self) -> bool {
        [
            "wtrealm",
            "wctx",
            "wreply",
            "wresult",
            "SAMLRequest",
            "SAMLResponse",
        ]
        .into_iter()
        .any(|name| self.all(name).next().is_some())
    }

    fn max_age(self) -> Result<Option<Duration>, RequestError> {
        if self
            .all("prompt")
            .flat_map(str::split_ascii_whitespace)
            .any(|it| it == "login")
        {
            return Ok(Some(Duration::ZERO));
        }
        let Some(text) = self.present("wfresh")? else {
            return Ok(None);
        };
        // .NET keeps it as a decimal. What is cut off makes it stricter.
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        // Digits alone: what Rust takes for a number besides ("+5") is none to others.
        let minutes: u32 = whole
            .parse()
            .ok()
            .filter(|_| [whole, part].into_iter().all(is_digits))
            .ok_or(RequestError::Freshness)?;
        Ok(Some(Duration::from_secs(u64::from(minutes) * 60)))
    }

    fn authentication(self) -> Result<Option<RequestedAuthentication>, RequestError> {
        let Some(uri) = self.text("wauth", MAX_URI)? else {
            return Ok(None);
        };
        match RequestedAuthentication::parse(&uri) {
            Some(known) => Ok(Some(known)),
            // As much of a stranger's text as an audit line should carry; URIs are ASCII.
            None => Err(RequestError::Authentication(
                uri.chars().filter(char::is_ascii).take(200).collect(),
            )),
        }
    }

    /// A name for logs, so that what is none is no reason to refuse anything.
    fn client_request_id(self) -> Option<String> {
        let is_guid = |text: &&str| {
            text.len() == 36
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        };
        self.all("client-request-id")
            .find(is_guid)
            .map(str::to_owned)
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
