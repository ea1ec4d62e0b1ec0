//! The name that a person wants filled in on this device. It decides nothing, and proves nothing: it
//! spares her the typing.
//!
//! It is kept only where she asks for it, in a cookie that has nothing but the name.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::http::{Cookie, Request, Response, SameSite};

use super::{MAX_NAME, refusal::Refused};

const NAME: &str = "homerealm-name";
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The name, if there is one.
pub(super) fn name(request: &Request) -> Option<String> {
    let value = request.host_cookie(NAME)?;
    let name = String::from_utf8(URL_SAFE_NO_PAD.decode(value).ok()?).ok()?;
    let is_usable = !name.is_empty() && name.len() <= MAX_NAME && !name.contains(char::is_control);
    is_usable.then_some(name)
}

/// Keeps the name, in place of any other. Entra's request is a POST from another site, and must find
/// it.
pub(super) fn keep(name: &str, answer: &mut Response) -> Result<(), Refused> {
    let value = URL_SAFE_NO_PAD.encode(name);
    Cookie::new(NAME, value, SameSite::None)?
        .max_age(KEPT)
        .set_on(answer)?;
    Ok(())
}

/// Forgets it.
pub(super) fn forget(answer: &mut Response) -> Result<(), Refused> {
    Cookie::removal(NAME, SameSite::None)?.set_on(answer)?;
    Ok(())
}
