//! What an application asks for, read out of the address that it sends a browser to.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};

use super::{Version, application, scope::Scope};
use crate::{
    entra::{Aadsts, Address, ApplicationCode, ObjectId, Platform, Refusal, Tenants},
    http::{Form, FormError},
};

/// A request that can be answered once somebody has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authorization {
    pub(super) version: Version,
    pub(super) client: ObjectId,
    pub(super) platform: Platform,
    pub(super) scope: Scope,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<Challenge>,
    pub(super) back: Back,
    pub(super) prompt: Prompt,
}

/// `prompt`: what a person may be asked, and what she has to be (`OpenID` Connect Core 3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prompt {
    /// Without it, and with `consent`, which everybody has given here: what is needed.
    AsNeeded,
    /// `none`: nothing.
    Nothing,
    /// `login`: who she is, again.
    Login,
    /// `select_account`: as whom.
    SelectAccount,
}

/// Who gets the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Back {
    /// An application, by the browser.
    To(Reply),
    /// The device with this code, when it asks.
    Device(String),
}

/// Where an answer goes, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) redirect_uri: String,
    pub(super) mode: ResponseMode,
    pub(super) state: Option<String>,
}

/// `response_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResponseMode {
    Query,
    Fragment,
    FormPost,
}

/// What a verifier has to match (RFC 7636 4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Plain(String),
    S256(String),
}

impl Challenge {
    pub(super) fn is_met_by(&self, verifier: &str) -> bool {
        match self {
            Self::Plain(challenge) => challenge == verifier,
            Self::S256(challenge) => {
                *challenge == BASE64.encode(digest(&SHA256, verifier.as_bytes()))
            }
        }
    }
}

/// Why a request is not granted, and who is told.
#[derive(Debug)]
pub(super) enum Rejected {
    /// The person: the application, or its address, is not to be trusted with an answer.
    Here(Refusal),
    /// The application.
    There(Reply, Refusal),
}

impl From<FormError> for Rejected {
    fn from(error: FormError) -> Self {
        Self::Here(unreadable(error))
    }
}

impl From<Refusal> for Rejected {
    fn from(refusal: Refusal) -> Self {
        Self::Here(refusal)
    }
}

impl Authorization {
    /// Reads the parameters that came to an authorization endpoint (RFC 6749 4.1.1).
    pub(super) fn read(
        form: &Form,
        tenants: &Tenants,
        address: Address<'_>,
        version: Version,
    ) -> Result<Self, Rejected> {
        let client_id = form
            .single("client_id")?
            .ok_or_else(|| missing("client_id"))?;
        let application = application(tenants, address, client_id)?;
        let redirect_uri = form.single("redirect_uri")?;
        let redirect_uri = redirect_uri.ok_or_else(|| {
            ApplicationCode::ReplyAddress.refuse("There is no redirect_uri in the request.")
        })?;
        let platform = application.platform_of(redirect_uri).ok_or_else(|| {
            let shown: String = redirect_uri.chars().take(200).collect();
            ApplicationCode::ReplyAddress.refuse(format!(
                "The redirect_uri is {shown:?}, which {} has not registered.",
                application.display_name
            ))
        })?;
        let mode = match form.single("response_mode")? {
            None | Some("query") => Some(ResponseMode::Query),
            Some("fragment") => Some(ResponseMode::Fragment),
            Some("form_post") if redirect_uri.starts_with("http") => Some(ResponseMode::FormPost),
            Some(_) => None,
        };
        let reply = Reply {
            redirect_uri: redirect_uri.to_owned(),
            mode: mode.unwrap_or(ResponseMode::Query),
            state: form.single("state")?.map(str::to_owned),
        };
        let there = |refusal| Rejected::There(reply.clone(), refusal);
        if mode.is_none() {
            let known = "response_mode has to be query, fragment, or form_post to a web address.";
            return Err(there(ApplicationCode::ResponseMode.refuse(known)));
        }
        match form.single("response_type")? {
            Some("code") => {}
            None => return Err(there(missing("response_type"))),
            Some(other) => {
                let other: String = other.chars().take(100).collect();
                let refusal = ApplicationCode::ResponseType
                    .refuse(format!("The response_type is {other:?}, and not \"code\"."));
                return Err(there(refusal));
            }
        }
        let scope = Scope::parse(version, form.single("scope")?, form.single("resource")?)
            .map_err(there)?;
        let challenge = challenge(form)?.map_err(there)?;
        let prompt = prompt(form.single("prompt")?).map_err(there)?;
        Ok(Self {
            version,
            client: application.app_id.clone(),
            platform,
            scope,
            nonce: form.single("nonce")?.map(str::to_owned),
            challenge,
            prompt,
            back: Back::To(reply),
        })
    }
}

fn challenge(form: &Form) -> Result<Result<Option<Challenge>, Refusal>, FormError> {
    let method = form.single("code_challenge_method")?;
    let Some(challenge) = form.single("code_challenge")? else {
        return Ok(match method {
            None => Ok(None),
            Some(_) => Err(ApplicationCode::NoChallenge.refuse("There is no code_challenge.")),
        });
    };
    // RFC 7636 4.2.
    let well_formed = (43..=128).contains(&challenge.len())
        && challenge
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    Ok(match method {
        _ if !well_formed => Err(ApplicationCode::ChallengeSize
            .refuse("The code_challenge is not 43 to 128 characters of base64url.")),
        None | Some("plain") => Ok(Some(Challenge::Plain(challenge.to_owned()))),
        Some("S256") if challenge.len() != S256_LENGTH => Err(ApplicationCode::ChallengeSize
            .refuse("No SHA-256 is of that length: in base64url without padding it has 43.")),
        Some("S256") => Ok(Some(Challenge::S256(challenge.to_owned()))),
        Some(_) => Err(ApplicationCode::ChallengeMethod
            .refuse("The code_challenge_method is not S256 or plain.")),
    })
}

/// Of a SHA-256 in base64url without padding.
const S256_LENGTH: usize = 43;

fn prompt(asked: Option<&str>) -> Result<Prompt, Refusal> {
    match asked {
        None | Some("" | "consent") => Ok(Prompt::AsNeeded),
        Some("none") => Ok(Prompt::Nothing),
        Some("login") => Ok(Prompt::Login),
        Some("select_account") => Ok(Prompt::SelectAccount),
        Some(other) => {
            let other: String = other.chars().take(100).collect();
            Err(
                Aadsts::Application(ApplicationCode::InvalidRequest).refuse_saying(
                    "Unsupported 'prompt' value.",
                    format!(
                        "The prompt is {other:?}, and not one of none, login, select_account and \
                         consent."
                    ),
                ),
            )
        }
    }
}

pub(super) fn missing(field: &str) -> Refusal {
    ApplicationCode::missing(field)
}

/// Parameters that are not as they must be, whichever they are.
pub(super) fn unreadable(error: FormError) -> Refusal {
    ApplicationCode::RepeatedParameter.refuse(format!("{error}."))
}
