//! Whether hints agree with somebody who is known.

use crate::{
    realm::{DomainName, SignInName},
    trust::Subject,
};

use super::{Session, SignInRequest};

/// A hint that names somebody else than the live session, or another home, asks instead of assuming, so
/// that a shared computer never signs the wrong person in.
pub(super) fn hints_agree(request: &SignInRequest, session: &Session) -> bool {
    hint_agrees(request.hint.as_deref(), session)
        && request
            .home_realm_hint
            .as_ref()
            .is_none_or(|home| is_at_home(home, session))
}

pub(super) fn hint_agrees(hint: Option<&str>, session: &Session) -> bool {
    let subject = &session.subject;
    hint.is_none_or(|hint| names(hint, &subject.sign_in_name, &subject.cloud_upn))
}

/// Whether the domain is that of one of her two names.
fn is_at_home(home: &DomainName, session: &Session) -> bool {
    let subject = &session.subject;
    if home.as_ascii() == subject.suffix {
        return true;
    }
    let domain = subject.sign_in_name.rsplit_once('@');
    domain.is_some_and(|(_, domain)| DomainName::parse(domain).as_ref() == Ok(home))
}

/// Whether this is one of the names that people know `subject` by.
pub fn is_called(subject: &Subject, name: &str) -> bool {
    names(name, &subject.sign_in_name, &subject.cloud_upn)
}

/// Whether a hint names somebody who has these names.
pub(super) fn names(hint: &str, sign_in_name: &str, cloud_upn: &str) -> bool {
    // Nearly always it is one of the two to the letter.
    if hint == sign_in_name || hint == cloud_upn {
        return true;
    }
    let Ok(hint) = SignInName::parse(hint) else {
        return false;
    };
    [sign_in_name, cloud_upn]
        .into_iter()
        .any(|name| SignInName::parse(name).is_ok_and(|name| name == hint))
}
