//! Why an `ImmutableID` belongs to nobody: the usual ways to get a GUID's octets wrong.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::entra::{Aadsts, Refusal, Tenant};

use super::shown;

/// Refuses a `NameID` that no user has as source anchor, with what it was perhaps meant to be.
pub(super) fn not_found(tenant: &Tenant, name_id: &str) -> Refusal {
    let mistake = MISTAKES.iter().find_map(|(mend, said)| {
        let meant = mend(name_id)?;
        let known = |anchor: &str| anchor == meant && anchor != name_id;
        let user = tenant.users().iter().find(|user| {
            user.on_premises_immutable_id
                .as_ref()
                .is_some_and(|id| known(id.as_str()))
        })?;
        Some(format!("{said}: {} has {meant}.", user.user_principal_name))
    });
    let other_case = tenant.users().iter().find_map(|user| {
        let id = user.on_premises_immutable_id.as_ref()?;
        id.as_str().eq_ignore_ascii_case(name_id).then(|| {
            format!(
                "Upper and lower case differ: {} has {id}.",
                user.user_principal_name
            )
        })
    });
    Aadsts::ImmutableIdNotFound.refuse_saying(
        format!(
            "The user account {name_id} does not exist in the {} directory. To sign into this \
             application, the account must be added to the directory.",
            tenant.name()
        ),
        mistake
            .or(other_case)
            .unwrap_or_else(|| format!("No user's ImmutableID is {}.", shown(name_id))),
    )
}

type Mend = fn(&str) -> Option<String>;

const MISTAKES: &[(Mend, &str)] = &[
    (
        swapped,
        "The GUID's octets are in the order of its text, not in the order of LDAP",
    ),
    (
        from_guid_text,
        "The GUID's text was sent, not the base64 of its octets",
    ),
    (percent_decoded, "The base64 was encoded once more"),
    (trimmed, "White space stands round the value"),
    (padded, "The base64 has lost its padding or alphabet"),
];

/// The first three fields of a GUID turned round, in either direction.
fn swap(mut guid: [u8; 16]) -> [u8; 16] {
    let (fields, _) = guid.split_at_mut(8);
    let (first, rest) = fields.split_at_mut(4);
    let (second, third) = rest.split_at_mut(2);
    first.reverse();
    second.reverse();
    third.reverse();
    guid
}

fn swapped(name_id: &str) -> Option<String> {
    let octets: [u8; 16] = STANDARD.decode(name_id).ok()?.try_into().ok()?;
    Some(STANDARD.encode(swap(octets)))
}

fn from_guid_text(name_id: &str) -> Option<String> {
    let bare = name_id.trim_start_matches('{').trim_end_matches('}');
    let digits: String = bare.split('-').collect();
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let number = u128::from_str_radix(&digits, 16).ok()?;
    Some(STANDARD.encode(swap(number.to_be_bytes())))
}

fn percent_decoded(name_id: &str) -> Option<String> {
    let decode = |mark: &str| {
        [
            ("2B", "+"),
            ("2b", "+"),
            ("2F", "/"),
            ("2f", "/"),
            ("3D", "="),
            ("3d", "="),
        ]
        .into_iter()
        .fold(name_id.to_owned(), |text, (hex, plain)| {
            text.replace(&format!("{mark}{hex}"), plain)
        })
    };
    [decode("%"), decode(".")]
        .into_iter()
        .find(|decoded| decoded != name_id)
}

#[allow(clippy::unnecessary_wraps)] // the shape of a Mend
fn trimmed(name_id: &str) -> Option<String> {
    Some(name_id.trim().to_owned())
}

fn padded(name_id: &str) -> Option<String> {
    let mut text = name_id.replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    STANDARD.decode(&text).ok().map(|_| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::fixture::contoso;

    #[test]
    fn the_mistake_is_called_by_its_name() {
        let table = [
            ("ABEiM0RVZneImaq7zN3u/w==", "order of LDAP"),
            ("00112233-4455-6677-8899-aabbccddeeff", "text was sent"),
            ("{00112233-4455-6677-8899-AABBCCDDEEFF}", "text was sent"),
            ("MyIRAFVEd2aImaq7zN3u%2Fw%3D%3D", "once more"),
            ("MyIRAFVEd2aImaq7zN3u.2Fw.3D.3D", "once more"),
            (" MyIRAFVEd2aImaq7zN3u/w==", "White space"),
            ("MyIRAFVEd2aImaq7zN3u_w", "padding"),
            ("myirafved2aimaq7zn3u/w==", "lower case"),
            ("AAAAAAAAAAAAAAAAAAAAAA==", "No user's"),
            // The same number, but no GUID.
            ("112233-4455-6677-8899-aabbccddeeff", "No user's"),
            ("+0112233-4455-6677-8899-aabbccddeeff", "No user's"),
        ];
        for (name_id, said) in table {
            let refusal = not_found(&contoso(), name_id);
            assert_eq!(refusal.code, Aadsts::ImmutableIdNotFound);
            assert!(
                refusal.detail.contains(said),
                "{name_id}: {}",
                refusal.detail
            );
        }
    }
}
