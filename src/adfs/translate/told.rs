//! What the rules issue, as claims of the trust and as its name for people.

use super::{
    Claim, ClaimSource, Condition, Domain, NameId, Source, Sourced, Translation, expression::known,
    pattern,
};

const NAME_IDENTIFIER: &str =
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";

/// An issued claim as a claim of the trust, or as its name.
pub(super) fn tell(claim: Sourced, domain: &Domain, translation: &mut Translation) {
    if claim.claim_type.eq_ignore_ascii_case(NAME_IDENTIFIER) {
        match name_id(&claim) {
            Ok(name_id)
                if translation
                    .name_id
                    .as_ref()
                    .is_none_or(|known| *known == name_id) =>
            {
                translation.name_id = Some(name_id);
            }
            Ok(_) => translation.cannot("NameID", None, "several rules make a NameID"),
            Err(reason) => translation.cannot("NameID", None, reason),
        }
        return;
    }
    let name = claim.claim_type.clone();
    match told(claim, domain) {
        Ok(claim) if translation.claims.contains(&claim) => {}
        Ok(claim) => translation.claims.push(claim),
        Err(reason) => translation.cannot(name, None, reason),
    }
}

fn told(claim: Sourced, domain: &Domain) -> Result<Claim, String> {
    let (source, replace) = match claim.source {
        Source::Untold(reason) => return Err(reason.to_owned()),
        Source::Pairwise | Source::Transient => {
            return Err("a name of AD FS's own is a NameID here, and no claim".to_owned());
        }
        Source::AccountName => {
            let netbios_name = known(domain.netbios_name.as_deref())?;
            let whole = pattern::between(&format!("{netbios_name}\\"), "");
            (
                ClaimSource::Attribute("sAMAccountName".to_owned()),
                Some(whole),
            )
        }
        Source::Told(source) => (source, claim.replace),
    };
    sayable(&claim.conditions)?;
    Ok(Claim {
        name: claim.claim_type,
        source,
        replace,
        conditions: claim.conditions,
    })
}

/// Within a condition of Homerealm one item of a list is enough, so there is one of each kind.
pub(super) fn sayable(conditions: &[Condition]) -> Result<(), String> {
    let groups = conditions
        .iter()
        .filter(|condition| matches!(condition, Condition::Group(_)));
    let groups = groups.count();
    if groups > 1 || conditions.len() - groups > 1 {
        return Err("it needs several groups, or several attributes, at the same time".to_owned());
    }
    Ok(())
}

fn name_id(claim: &Sourced) -> Result<NameId, String> {
    if !claim.conditions.is_empty() || claim.replace.is_some() {
        return Err(
            "it depends on conditions, or is changed; a NameID is an attribute as it is".to_owned(),
        );
    }
    let format = claim.format.as_deref().unwrap_or_default();
    let format = format.rsplit(':').next().unwrap_or_default();
    match (&claim.source, format) {
        (Source::Pairwise, _) => Ok(NameId::Pairwise),
        (Source::Told(ClaimSource::ImmutableId), _) => Ok(NameId::ImmutableId),
        (Source::Told(ClaimSource::Attribute(name)), "emailAddress") => {
            Ok(NameId::EmailAddress(name.clone()))
        }
        (Source::Told(ClaimSource::Attribute(name)), "" | "unspecified") => {
            Ok(NameId::Unspecified(name.clone()))
        }
        (Source::Transient, _) | (_, "transient") => Ok(NameId::Transient),
        (_, format) => Err(format!(
            "a NameID of the format {format:?} from this source cannot be said; see name_id"
        )),
    }
}
