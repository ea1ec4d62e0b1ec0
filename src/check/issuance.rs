//! What a relying party would be told about somebody, and why; and whether the groups that its rules
//! name are there.

use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    realm::{Home, MappedAccount, Realm},
    signin::{Surroundings, password_expiry_of, subject_of},
    trust::{Circumstances, ClaimExplanation, Needs, Trusts},
};

use super::Finding;

/// What a relying party would be told about a person. Nobody has signed in, and nothing is issued.
#[derive(Debug, Serialize)]
pub struct Issuance {
    /// The relying party's entity ID.
    pub relying_party: String,
    /// Whether she may sign in there.
    pub permitted: bool,
    /// Why, by its rules of access.
    pub access: String,
    /// The name under which she would be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_id: Option<IssuedName>,
    /// What each rule issues, in their order.
    pub claims: Vec<IssuedClaim>,
}

/// The name under which a relying party would know a person.
#[derive(Debug, Serialize)]
pub struct IssuedName {
    /// Its format, as an assertion says it.
    pub format: &'static str,
    /// The name.
    pub value: String,
}

/// What one rule issues.
#[derive(Debug, Serialize)]
pub struct IssuedClaim {
    /// The claim's name.
    pub name: String,
    /// Where its values come from.
    pub from: String,
    /// The values; none where it is not issued.
    pub values: Vec<String>,
    /// Why it is not issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_issued: Option<String>,
}

impl From<ClaimExplanation> for IssuedClaim {
    fn from(claim: ClaimExplanation) -> Self {
        let (values, not_issued) = match claim.outcome {
            Ok(values) => (values, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        Self {
            name: claim.name,
            from: claim.source,
            values,
            not_issued,
        }
    }
}

impl Issuance {
    fn refused(relying_party: &str, why: impl Into<String>) -> Self {
        Self {
            relying_party: relying_party.to_owned(),
            permitted: false,
            access: why.into(),
            name_id: None,
            claims: Vec::new(),
        }
    }
}

/// What the relying party with this entity ID would be told about the person behind an account.
pub(super) async fn look(
    trusts: &Trusts,
    realm: &Realm,
    account: Option<&MappedAccount>,
    surroundings: &Surroundings,
    relying_party: &str,
) -> Issuance {
    let Some(party) = trusts.relying_party(relying_party) else {
        let parties = trusts.relying_parties();
        let known: Vec<_> = parties.iter().map(|party| party.entity_id()).collect();
        let why = format!(
            "there is no such relying party; there are {}",
            known.join(", ")
        );
        return Issuance::refused(relying_party, why);
    };
    let Some(account) = account else {
        return Issuance::refused(relying_party, "there is no account to say anything about");
    };
    let mut subject = match subject_of(realm, trusts.needs(), account).await {
        Ok(subject) => subject,
        Err(error) => return Issuance::refused(relying_party, error.to_string()),
    };
    subject.note_password_expiry(password_expiry_of(realm, account));
    let circumstances = Circumstances {
        // There is no request that came from anywhere.
        inside_corporate_network: None,
        ..surroundings.circumstances(&subject, None, OffsetDateTime::now_utc())
    };
    let explained = party.explain(&subject, &circumstances);
    let permitted = party.permits(&subject);
    let name_id = explained.name_id.ok().map(|(format, value)| IssuedName {
        format: format.uri(),
        value,
    });
    Issuance {
        relying_party: relying_party.to_owned(),
        permitted: permitted.is_ok(),
        access: match permitted {
            Ok(()) => explained.access.unwrap_or_else(|why| why),
            Err(why) => why.to_string(),
        },
        name_id,
        claims: explained
            .claims
            .into_iter()
            .map(IssuedClaim::from)
            .collect(),
    }
}

/// Whether each group that rules name is in one of the directories: nobody is in one that is not.
pub(super) async fn groups(homes: &[Home], needs: &Needs, findings: &mut Vec<Finding>) {
    const NAME: &str = "claim-groups";
    const MEND: &str = "correct the name in the claim or access rules, and see that the service \
        account may read the group and its members";
    for group in &needs.groups {
        let mut is_there = false;
        for home in homes {
            match home.directory().has_group(group).await {
                Ok(found) => is_there |= found,
                Err(error) => findings.push(Finding::fail(NAME, format!("{group}: {error}"), MEND)),
            }
        }
        findings.push(if is_there {
            Finding::ok(NAME, format!("{group} is there"))
        } else {
            Finding::fail(
                NAME,
                format!("{group} is not there, so that nobody is in it"),
                MEND,
            )
        });
    }
}
