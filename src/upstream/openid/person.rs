//! From claims to an address.

use serde_json::Value;

use crate::openid::{JsonError, Object};

use super::{
    super::UpstreamError,
    settings::{SeveralFactors, Verified},
};

/// The address in claims, if there is one: verified, as the settings say it must be.
pub(super) fn address(
    claims: &Object,
    claim: &str,
    verified: &Verified,
) -> Result<Option<String>, UpstreamError> {
    let no = |why: String| Err(UpstreamError::NoAddress(why));
    let text = match claims.get(claim) {
        None => return Ok(None),
        Some(Value::String(text)) => text,
        Some(_) => return no(format!("the claim {claim:?} is no text")),
    };
    if let Verified::IfClaimed(by) = verified {
        // Some write truth as text.
        let is_verified = match claims.get(by) {
            Some(Value::Bool(truth)) => *truth,
            Some(Value::String(truth)) => truth == "true",
            _ => false,
        };
        if !is_verified {
            return no(format!(
                "the claim {by:?} does not say that the address is verified"
            ));
        }
    }
    Ok(Some(text.clone()))
}

/// Whether the claims tell of several factors.
pub(super) fn used_several_factors(
    claims: &Object,
    several: &SeveralFactors,
) -> Result<bool, JsonError> {
    let context = claims.text("acr")?;
    let methods = claims.texts("amr")?.unwrap_or_default();
    let by_context = context.is_some_and(|acr| several.acr.iter().any(|known| known == acr));
    let by_method = several
        .amr
        .iter()
        .any(|known| methods.contains(&known.as_str()));
    Ok(by_context || by_method)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> Object {
        Object::read(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn an_address_counts_when_it_is_verified() {
        let by = Verified::IfClaimed("email_verified".to_owned());
        let read = |claims: Value| address(&object(&claims), "email", &by);
        for truth in [json!(true), json!("true")] {
            let claims = json!({"email": "WMoran@Fabrikam.com", "email_verified": truth});
            let found = read(claims).unwrap();
            assert_eq!(found.as_deref(), Some("WMoran@Fabrikam.com"));
        }
        for doubt in [
            json!(false),
            json!("false"),
            json!(1),
            json!(null),
            json!("TRUE"),
        ] {
            let claims = json!({"email": "wmoran@fabrikam.com", "email_verified": doubt});
            assert!(matches!(read(claims), Err(UpstreamError::NoAddress(_))));
        }
        let unsaid = json!({"email": "wmoran@fabrikam.com"});
        assert!(read(unsaid.clone()).is_err());
        let always = address(&object(&unsaid), "email", &Verified::Always);
        assert!(always.unwrap().is_some());
        assert!(read(json!({})).unwrap().is_none());
    }

    #[test]
    fn what_is_no_text_is_no_address() {
        for bad in [
            json!(["wmoran@fabrikam.com"]),
            json!({"address": "a"}),
            json!(7),
        ] {
            let claims = object(&json!({ "email": bad }));
            let found = address(&claims, "email", &Verified::Always);
            assert!(matches!(found, Err(UpstreamError::NoAddress(_))), "{bad}");
        }
    }

    #[test]
    fn several_factors_are_said_by_configured_words_alone() {
        let several = SeveralFactors::default();
        let judge = |claims: Value| used_several_factors(&object(&claims), &several);
        for yes in [
            json!({"amr": ["pwd", "mfa"]}),
            json!({"acr": "https://refeds.org/profile/mfa"}),
        ] {
            assert_eq!(judge(yes), Ok(true));
        }
        for no in [
            json!({}),
            json!({"amr": ["pwd", "otp"]}),
            json!({"amr": ["MFA"]}),
            json!({"acr": "urn:mace:incommon:iap:silver", "amr": []}),
        ] {
            assert_eq!(judge(no), Ok(false));
        }
        assert!(judge(json!({"amr": "mfa"})).is_err());
    }
}
